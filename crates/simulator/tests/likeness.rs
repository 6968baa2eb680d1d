//! Made-up logs have the statistics of the real ones (real punch data), table by table; and our statistics of the real logs are those
//! that the tables print, when the logs are here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, date};
use simulator::LogFile;
use simulator::people::{Punch, Workplace, export};

/// A row as the statistics need it.
struct Row {
    user: String,
    terminal: usize,
    time: DateTime,
    state: u8,
    verify: u8,
}

/// What the tables tell of a log; shares are of a hundred.
#[derive(Debug)]
struct Statistics {
    /// Person-days with 1, 2, ... 7 and 8 or more punches.
    counts: [f64; 8],
    /// Rows within 5 s, 60 s and 5 min of the same person's row before on the same terminal.
    close: [f64; 3],
    odd: f64,
    /// Days of two and more punches whose states alternate.
    alternating: f64,
    /// Rows by verify code 0, 1, 15.
    verify: [f64; 3],
    early: f64,
    night: f64,
    /// Rows of a clock that fell back to 2000.
    fallen: f64,
    /// Person-days on two terminals.
    across: f64,
    peak_per_minute: usize,
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

impl Statistics {
    fn of(rows: &[Row]) -> Statistics {
        let sound: Vec<&Row> = rows.iter().filter(|row| row.time.year() > 2000).collect();
        let mut days: BTreeMap<(&str, Date), Vec<&Row>> = BTreeMap::new();
        for row in &sound {
            days.entry((&row.user, row.time.date())).or_default().push(row);
        }
        days.values_mut().for_each(|day| day.sort_by_key(|row| row.time));
        let mut counts = [0; 8];
        days.values().for_each(|day| counts[day.len().min(8) - 1] += 1);
        let several: Vec<&Vec<&Row>> = days.values().filter(|day| day.len() > 1).collect();
        let alternates = |day: &Vec<&Row>| day.windows(2).all(|pair| pair[0].state != pair[1].state);
        let mut minutes: BTreeMap<(usize, DateTime), usize> = BTreeMap::new();
        for row in &sound {
            *minutes.entry((row.terminal, row.time.with().second(0).build().unwrap())).or_default() += 1;
        }
        let share = |is: &dyn Fn(&Row) -> bool| percent(sound.iter().filter(|row| is(row)).count(), sound.len());
        Statistics {
            counts: counts.map(|count| percent(count, days.len())),
            close: [5, 60, 300].map(|seconds| percent(close(&sound, seconds), sound.len())),
            odd: percent(days.values().filter(|day| day.len() % 2 == 1).count(), days.len()),
            alternating: percent(several.iter().filter(|day| alternates(day)).count(), several.len()),
            verify: [0, 1, 15].map(|code| share(&|row| row.verify == code)),
            early: share(&|row| row.time.hour() < 6),
            night: share(&|row| row.time.hour() >= 22 || row.time.hour() < 4),
            fallen: percent(rows.len() - sound.len(), rows.len()),
            across: percent(
                days.values()
                    .filter(|day| day.iter().map(|row| row.terminal).collect::<BTreeSet<_>>().len() > 1)
                    .count(),
                days.len(),
            ),
            peak_per_minute: minutes.values().copied().max().unwrap_or(0),
        }
    }
}

/// Rows at most so many seconds after the same person's row before on the same terminal.
fn close(rows: &[&Row], seconds: i64) -> usize {
    let mut times: BTreeMap<(&str, usize), Vec<DateTime>> = BTreeMap::new();
    for row in rows {
        times.entry((&row.user, row.terminal)).or_default().push(row.time);
    }
    let pairs = times.values_mut().map(|times| {
        times.sort();
        times.windows(2).filter(|pair| pair[1].duration_since(pair[0]).as_secs() <= seconds).count()
    });
    pairs.sum()
}

fn made_up(name: &str, days: i64) -> Vec<Punch> {
    let from = date(2026, 1, 1);
    Workplace::named(name).unwrap().log(42, from, from.saturating_add(jiff::Span::new().days(days)))
}

fn statistics(name: &str, days: i64) -> Statistics {
    let rows: Vec<Row> = made_up(name, days)
        .into_iter()
        .map(|punch| Row {
            user: punch.user,
            terminal: punch.terminal,
            time: punch.time,
            state: punch.state,
            verify: punch.verify,
        })
        .collect();
    Statistics::of(&rows)
}

fn near(name: &str, what: &str, is: f64, should: f64, tolerance: f64) {
    assert!((is - should).abs() <= tolerance, "{name}, {what}: {is:.1} %, real {should:.1} % (within {tolerance})");
}

/// The tables of real punch data: "Punches per person-day" with its odd share, "Duplicates and double taps", "Is the punch state usable?",
/// verify modes of "Format facts", "Night, midnight and order", "Impossible times", "Two terminals, one staff".
struct Real {
    name: &'static str,
    counts: [f64; 8],
    odd: f64,
    close: [f64; 3],
    alternating: f64,
    verify: [f64; 3],
    early: f64,
    night: f64,
    fallen: f64,
    across: f64,
}

const REAL: [Real; 6] = [
    Real {
        name: "A",
        counts: [4.2, 8.0, 10.7, 65.2, 8.3, 2.1, 0.8, 0.6],
        odd: 24.1,
        close: [3.8, 5.8, 14.7],
        alternating: 81.2,
        verify: [19.8, 80.2, 0.0],
        early: 0.9,
        night: 0.0,
        fallen: 0.0,
        across: 0.0,
    },
    Real {
        name: "B",
        counts: [19.2, 75.0, 5.5, 0.3, 0.0, 0.0, 0.0, 0.0],
        odd: 24.7,
        close: [2.0, 2.5, 2.9],
        alternating: 1.0,
        verify: [0.0, 100.0, 0.0],
        early: 0.1,
        night: 0.9,
        fallen: 0.0,
        across: 0.0,
    },
    Real {
        name: "C",
        counts: [28.6, 67.3, 3.8, 0.2, 0.0, 0.0, 0.0, 0.0],
        odd: 32.4,
        close: [0.6, 1.3, 2.0],
        alternating: 0.0,
        verify: [0.0, 100.0, 0.0],
        early: 5.4,
        night: 1.4,
        fallen: 0.65,
        across: 0.0,
    },
    Real {
        name: "D",
        counts: [73.0, 24.0, 1.2, 0.3, 0.6, 0.2, 0.2, 0.6],
        odd: 75.0,
        close: [6.8, 10.1, 10.4],
        alternating: 51.3,
        verify: [67.4, 29.0, 3.6],
        early: 0.1,
        night: 1.5,
        fallen: 0.34,
        across: 0.0,
    },
    // E1 and E2 together: shares weighted by their rows or person-days.
    Real {
        name: "E",
        counts: [15.6, 35.2, 12.1, 32.2, 4.2, 0.6, 0.1, 0.0],
        odd: 32.0,
        close: [1.5, 3.6, 5.4],
        alternating: 84.8,
        verify: [100.0, 0.0, 0.0],
        early: 1.2,
        night: 0.3,
        fallen: 0.0,
        across: 13.7,
    },
    Real {
        name: "F",
        counts: [9.8, 76.6, 3.9, 5.0, 0.6, 1.1, 0.2, 2.8],
        odd: 15.7,
        close: [1.4, 2.2, 2.7],
        alternating: 0.0,
        verify: [7.6, 92.4, 0.0],
        early: 7.5,
        night: 7.5,
        fallen: 0.0,
        across: 0.0,
    },
];

#[test]
fn every_made_up_log_has_the_statistics_of_its_real_one() {
    for real in REAL {
        let made = statistics(real.name, 400);
        let distance: f64 =
            made.counts.iter().zip(real.counts).map(|(made, real)| (made - real).abs()).sum::<f64>() / 2.0;
        assert!(distance < 4.0, "{}, punches per person-day: {distance:.1} % of days differ: {made:?}", real.name);
        near(real.name, "odd days", made.odd, real.odd, 4.0);
        for (place, within) in ["5 s", "60 s", "5 min"].into_iter().enumerate() {
            near(real.name, within, made.close[place], real.close[place], 1.0);
        }
        near(real.name, "alternating states", made.alternating, real.alternating, 4.0);
        for (place, code) in ["verify 0", "verify 1", "verify 15"].into_iter().enumerate() {
            near(real.name, code, made.verify[place], real.verify[place], 2.0);
        }
        near(real.name, "00:00-05:59", made.early, real.early, 1.0);
        near(real.name, "22:00-03:59", made.night, real.night, 1.0);
        near(real.name, "clock faults", made.fallen, real.fallen, 0.3);
        near(real.name, "two terminals", made.across, real.across, 2.0);
        assert!(made.peak_per_minute <= 20, "{}: {} punches in a minute", real.name, made.peak_per_minute);
    }
}

#[test]
fn some_rows_stand_before_older_ones_and_no_two_people_share_a_second() {
    let log = made_up("A", 600);
    let backwards = log.windows(2).filter(|pair| pair[1].time < pair[0].time).count();
    assert!((20..200).contains(&backwards), "{backwards} of {} rows", log.len());
    let seconds: BTreeSet<(usize, DateTime)> = log.iter().map(|punch| (punch.terminal, punch.time)).collect();
    assert_eq!(seconds.len(), log.len());
}

#[test]
fn an_exported_log_is_read_back_row_by_row() {
    let log = made_up("C", 200);
    let file = LogFile::parse(export(&log, 0).as_bytes());
    assert_eq!((file.records.len(), file.unfit_lines), (log.len(), 0));
    assert!(file.records.iter().zip(&log).all(|(record, punch)| Some(*record) == punch.record()));
}

/// Sites A and B of the tables are here as files.
#[test]
fn the_real_logs_measure_as_the_tables_say() {
    for (file, name) in [("site-a", "A"), ("site-b", "B")] {
        let Some(path) = testkit::shared(&format!("data/attlog/{file}_attlog.dat")) else { return };
        let log = LogFile::parse(&std::fs::read(path).unwrap());
        let rows: Vec<Row> = log
            .records
            .iter()
            .map(|record| {
                let zk::UserRef::Number(number) = record.user else { panic!("a file names numbers") };
                let civil = record.time.civil().unwrap();
                let day = date(civil.year as i16, civil.month as i8, civil.day as i8);
                let time = day.at(civil.hour as i8, civil.minute as i8, civil.second as i8, 0);
                Row { user: number.to_string(), terminal: 0, time, state: record.state, verify: record.verify }
            })
            .collect();
        let (measured, table) = (Statistics::of(&rows), REAL.iter().find(|real| real.name == name).unwrap());
        for (place, count) in table.counts.iter().enumerate() {
            near(name, &format!("{} punches a day", place + 1), measured.counts[place], *count, 0.3);
        }
        for (place, close) in table.close.iter().enumerate() {
            near(name, "close punches", measured.close[place], *close, 0.3);
        }
        near(name, "odd days", measured.odd, table.odd, 0.3);
        near(name, "alternating states", measured.alternating, table.alternating, 0.5);
        near(name, "00:00-05:59", measured.early, table.early, 0.1);
    }
}
