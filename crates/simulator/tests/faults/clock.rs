//! Clocks that are wrong, drift, fall back and jump.

use jiff::civil::{DateTime, date};
use jiff::{Timestamp, ToSpan};
use simulator::Terminal;
use zk::{AttendanceRecord, CivilTime};

use crate::common::wire::{connect, faulty};
use crate::common::{company_log, serve};

fn datetime(time: CivilTime) -> DateTime {
    let text = time.to_string().replace(' ', "T");
    text.parse().unwrap()
}

/// What the terminal's clock shows minus the truth, in seconds, as our client reads it.
async fn error_of_clock(terminal: &Terminal) -> f64 {
    let mut client = connect(&serve(terminal).await).await;
    let shown = datetime(client.time().await.unwrap().civil().unwrap());
    client.close().await;
    let truth = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    truth.duration_until(shown).as_secs_f64()
}

fn times(records: &[AttendanceRecord]) -> Vec<DateTime> {
    records.iter().map(|record| datetime(record.time.civil().unwrap())).collect()
}

#[tokio::test]
async fn a_clock_that_is_an_hour_fast_says_so_until_it_is_set() {
    let terminal = faulty("clock-skew").build();
    let error = error_of_clock(&terminal).await;
    assert!((3595.0..=3600.0).contains(&error), "{error}");

    let mut client = connect(&serve(&terminal).await).await;
    let now = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let civil = |time: DateTime| CivilTime {
        year: time.year().into(),
        month: time.month() as u8,
        day: time.day() as u8,
        hour: time.hour() as u8,
        minute: time.minute() as u8,
        second: time.second() as u8,
    };
    client.set_time(civil(now)).await.unwrap();
    client.close().await;
    let error = error_of_clock(&terminal).await;
    assert!((-5.0..=1.0).contains(&error), "{error}");
    assert!(terminal.punch_now("101", 0, 1));
    let punched = times(&terminal.log(300..301))[0];
    assert!(now.duration_until(punched).as_secs() < 5, "punches are stamped with the terminal's own clock");
}

#[tokio::test]
async fn a_clock_gains_or_loses() {
    let gaining = faulty("clock-drift=86400").build();
    let begun = gaining.now();
    // At twice the pace a tenth of a second is seen soon.
    while begun.duration_until(gaining.now()).as_millis() < 100 {
        tokio::task::yield_now().await;
    }
    let truth = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let gained = truth.duration_until(gaining.now()).as_millis();
    assert!(gained >= 45, "{gained} ms");
}

#[tokio::test]
async fn an_empty_battery_sets_the_clock_to_2000_or_to_the_epoch_at_each_start() {
    for (faults, year) in [("clock-reset", 2000), ("clock-reset=1970", 1970)] {
        let terminal = faulty(faults).build();
        let mut client = connect(&serve(&terminal).await).await;
        let shown = client.time().await.unwrap().civil().unwrap();
        assert_eq!((shown.year, shown.month, shown.day, shown.hour), (year, 1, 1, 0));
        client.close().await;
        assert!(terminal.punch_now("101", 0, 1));
        terminal.set_clock(date(2026, 11, 20).at(10, 12, 0, 0));
        terminal.restart();
        assert_eq!(terminal.now().year(), year as i16, "and again after a restart");
        let mut client = connect(&serve(&terminal).await).await;
        let log = client.attendance().await.unwrap();
        assert_eq!(log.records[300].time.civil().unwrap().year, year, "the packed time is signed");
        client.close().await;
    }
}

#[tokio::test]
async fn a_log_that_is_played_begins_where_the_clock_does() {
    let terminal = Terminal::builder("SIM0001").faults("clock-reset".parse().unwrap()).awaited(company_log(10)).build();
    simulator::run(terminal.clone(), Default::default(), all_punched(&terminal, 10)).await.unwrap();
    let (said, played) = (times(&company_log(10)), times(&terminal.log(0..10)));
    let begin = date(2000, 1, 1).at(0, 0, 0, 0);
    let shifted: Vec<_> = said.iter().map(|time| begin + said[0].duration_until(*time)).collect();
    assert_eq!(played, shifted);
}

#[tokio::test]
async fn a_clock_jumps_half_way_and_the_log_goes_back_in_time() {
    let terminal =
        Terminal::builder("SIM0001").faults("clock-jump=-7200".parse().unwrap()).awaited(company_log(10)).build();
    simulator::run(terminal.clone(), Default::default(), all_punched(&terminal, 10)).await.unwrap();
    let (said, played) = (times(&company_log(10)), times(&terminal.log(0..10)));
    assert_eq!(played[..5], said[..5]);
    let earlier: Vec<_> = said[5..].iter().map(|time| *time - 2.hours()).collect();
    assert_eq!(played[5..], earlier);
}

async fn all_punched(terminal: &Terminal, count: usize) {
    terminal.progress().wait_for(|now| now.punched == count).await.unwrap();
}
