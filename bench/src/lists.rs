//! The list of days and a month's payroll of a large company: ten million punches, 10,000 employees, 24 months.
//!
//! A part of the company is made by the hub itself, import to derivation; the rest are copies of its rows under other names.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use hub::{
    Hub, Store,
    view::{DayFilter, DayRow, DaySort},
};
use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use rusqlite::Connection;
use tempfile::TempDir;
use testkit::Chance;

use crate::{
    days::{Company, DATABASE},
    figure::{self, Aim, Contender, Figure, Plan},
};

const FIRST: Date = date(2024, 3, 4);
const LAST: Date = date(2026, 3, 1);
/// The copies of each of the hub's own people, and what makes a copy's keys: ids, codes and fingerprints of its own. A punch in 256 has
/// the byte already that tells copies apart: it is left out.
const COPIES: u64 = 19;
const COPY: &str = "
    INSERT INTO employee SELECT tenant, id + ?1 * 100000, code || '-' || ?1, name, is_confirmed, zone, employed_from, employed_to,
        first_punch, last_punch, group_name, merged_into FROM employee WHERE id < 100000;
    INSERT INTO user_number SELECT tenant, number_group, number || '-' || ?1, valid_from, valid_to, employee + ?1 * 100000
        FROM user_number WHERE employee < 100000;
    INSERT INTO day SELECT tenant, employee + ?1 * 100000, date, status, exceptions, worked_minutes, tardy_minutes,
        left_early_minutes, is_outlier, record, inputs, engine, revision, derived_us FROM day WHERE employee < 100000;
    INSERT INTO day_exception SELECT tenant, exception, date, employee + ?1 * 100000, status, worked_minutes, tardy_minutes
        FROM day_exception WHERE employee < 100000;
    INSERT INTO lateness SELECT tenant, employee + ?1 * 100000, kind, date, minutes FROM lateness WHERE employee < 100000;
    INSERT OR IGNORE INTO punch SELECT tenant, unhex(substr(hex(fingerprint), 1, 30) || printf('%02X', ?1)), origin, user_number || '-' || ?1,
        printed_seconds, printed_raw, state, verify, work_code, channel, received_us, original FROM punch
        WHERE user_number NOT LIKE '%-%';
    INSERT INTO resolved_punch SELECT tenant, employee + ?1 * 100000, at_us, unhex(substr(hex(fingerprint), 1, 30) || printf('%02X', ?1)),
        state, received_us, origin FROM resolved_punch WHERE employee < 100000";
const LISTS: usize = 2_000;
const ROWS: u32 = 50;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let (path, _folder) = large(plan)?;
    let hub = Hub::new(Store::open(&path)?);
    Ok(vec![lists(plan, &hub, &path)?, payroll(plan, &hub, &path)?])
}

/// The company's database: the one that is kept, or a new one.
fn large(plan: &Plan) -> Result<(PathBuf, Option<TempDir>)> {
    let Some(folder) = &plan.kept else {
        let made = make(plan)?;
        return Ok((made.path().join(DATABASE), Some(made)));
    };
    let kept = folder.join(plan.pick("large.db", "quick.db"));
    if !kept.exists() {
        fs::create_dir_all(folder)?;
        let made = make(plan)?;
        // Made whole before it is kept.
        let half = folder.join("half-made.db");
        fs::copy(made.path().join(DATABASE), &half)?;
        fs::rename(half, &kept)?;
    }
    Ok((kept, None))
}

/// A new company; five hundred people of it are the hub's work.
fn make(plan: &Plan) -> Result<TempDir> {
    let (folder, _) = Company::new(plan.pick(500, 10), FIRST, LAST)?.derived(|_| Ok(()))?;
    let connection = Connection::open(folder.path().join(DATABASE))?;
    // Nobody misses what a power cut would take, and copies of all hours go between each other.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1500000; PRAGMA temp_store = MEMORY")?;
    for copy in 1..=plan.pick(COPIES, 1) {
        connection.execute_batch("BEGIN")?;
        for statement in COPY.split(';') {
            connection.execute(statement, [copy]).with_context(|| statement.to_owned())?;
        }
        connection.execute_batch("COMMIT")?;
    }
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(folder)
}

/// How long the slowest hundredth of many lists takes, each another one as pages and programs ask for it.
fn lists(plan: &Plan, hub: &Hub, path: &Path) -> Result<Figure> {
    let connection = Connection::open(path)?;
    let [days, punches, people] = ["day", "punch", "employee"].map(|table| count(&connection, table));
    let words = Words::read(&connection)?;
    let lists = plan.pick(LISTS, 50);
    let mut round = 0;
    let ours = Contender::new("hub", || {
        round += 1;
        let chance = &mut Chance::new(round);
        let mut shown = 0;
        let times = (0..lists).map(|_| {
            let filter = some_filter(chance, &words, hub)?;
            let start = Instant::now();
            shown += hub.days(&filter)?.rows.len();
            Ok(start.elapsed().as_secs_f64() * 1_000.0)
        });
        let times = times.collect::<Result<Vec<_>>>()?;
        ensure!(shown > 0, "no list showed a day");
        Ok(slowest_hundredth(times))
    });
    let mut round = 0;
    let bare = Contender::new("the same rows by key", || {
        round += 1;
        let chance = &mut Chance::new(round);
        let mut one = connection.prepare(
            "SELECT d.record FROM employee e JOIN day d ON d.tenant = e.tenant AND d.employee = e.id
             WHERE e.tenant = 1 AND e.code = ?1 AND d.date = ?2",
        )?;
        let times = (0..lists).map(|_| {
            let shown = hub.days(&some_filter(chance, &words, hub)?)?.rows;
            let start = Instant::now();
            for day in &shown {
                let mut rows = one.query((&day.code, day.record.date.to_string()))?;
                while let Some(row) = rows.next()? {
                    std::hint::black_box(row.get_ref(0)?.as_str()?);
                }
            }
            Ok(start.elapsed().as_secs_f64() * 1_000.0)
        });
        Ok(slowest_hundredth(times.collect::<Result<Vec<_>>>()?))
    });
    let name = format!("list of days, 99th percentile, {} punches, {} days, {} people", punches?, days?, people?);
    figure::measure(plan, name, "ms", Some(Aim::AtMost(50.0)), ours, vec![bare])
}

/// A month of everybody, as payroll gets it.
fn payroll(plan: &Plan, hub: &Hub, path: &Path) -> Result<Figure> {
    let (from, to) = (date(2026, 1, 1), date(2026, 1, 31));
    let connection = Connection::open(path)?;
    let ours = Contender::new("hub", || {
        let (start, mut file) = (Instant::now(), Vec::new());
        hub.payroll_csv(from, to, &mut file)?;
        let seconds = start.elapsed().as_secs_f64();
        ensure!(file.iter().filter(|byte| **byte == b'\n').count() > 1, "nobody was paid");
        Ok(seconds)
    });
    let bare = Contender::new("records, read only", || {
        let start = Instant::now();
        let mut select = connection.prepare(
            "SELECT d.record FROM employee e CROSS JOIN day d WHERE e.tenant = 1 AND d.tenant = 1 AND d.employee = e.id
             AND d.date BETWEEN ?1 AND ?2",
        )?;
        let mut rows = select.query((from.to_string(), to.to_string()))?;
        while let Some(row) = rows.next()? {
            std::hint::black_box(row.get_ref(0)?.as_str()?);
        }
        Ok(start.elapsed().as_secs_f64())
    });
    let name = format!("payroll of January, {} people", count(&connection, "employee")?);
    figure::measure(plan, name, "s", Some(Aim::AtMost(2.0)), ours, vec![bare])
}

/// What filters can name.
struct Words {
    codes: Vec<String>,
    statuses: Vec<String>,
    exceptions: Vec<String>,
}

impl Words {
    fn read(connection: &Connection) -> Result<Self> {
        let texts = |sql: &str| -> Result<Vec<String>> {
            let mut select = connection.prepare(sql)?;
            Ok(select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
        };
        Ok(Self {
            codes: texts("SELECT code FROM employee")?,
            statuses: texts("SELECT DISTINCT status FROM day")?,
            exceptions: texts("SELECT DISTINCT exception FROM day_exception")?,
        })
    }
}

/// A filter as people set it: a month, a day or no dates, sometimes an employee, a status, an exception; any order; the first pages, or
/// a program's next part.
fn some_filter(chance: &mut Chance, words: &Words, hub: &Hub) -> Result<DayFilter> {
    let from = some_date(chance);
    let (from, to) = match chance.below(4) {
        0 => (None, Some(LAST)),
        1 => (Some(from), Some(from)),
        _ => (Some(from.first_of_month()), Some(from.last_of_month())),
    };
    let mut word = |words: &[String], in_how_many: u64| {
        let word = words.get(chance.below(words.len() as u64) as usize);
        word.filter(|_| chance.below(in_how_many) == 0).cloned()
    };
    let (employee, status, exception) = (word(&words.codes, 4), word(&words.statuses, 4), word(&words.exceptions, 3));
    let sorts = [DaySort::Date, DaySort::Employee, DaySort::Worked, DaySort::Tardy];
    let sort = sorts[chance.below(4) as usize];
    let first = DayFilter {
        from,
        to,
        employee,
        status,
        exception,
        sort,
        descending: chance.below(2) == 0,
        limit: ROWS,
        ..DayFilter::default()
    };
    if chance.below(4) > 0 {
        return Ok(DayFilter { offset: ROWS * chance.below(20) as u32, ..first });
    }
    let after = hub.days(&first)?.rows.last().map(|last: &DayRow| last.place(sort));
    Ok(DayFilter { after, limit: 100, ..first })
}

fn some_date(chance: &mut Chance) -> Date {
    FIRST.saturating_add((chance.below(727) as i64).days())
}

/// The time that ninety-nine of a hundred stay below.
fn slowest_hundredth(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}

fn count(connection: &Connection, table: &str) -> Result<u64> {
    Ok(connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), [], |row| row.get(0))?)
}
