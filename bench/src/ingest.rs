//! Batch ingest into the hub beside the bare statements that write the same rows.
//!
//! The hub takes the batches of an edge: it computes identities, resolves terminal, person and instant, and marks weeks.
//! The reference takes the rows that the hub has written and inserts them into an empty database of the same tables,
//! in the same order, with as many punches per transaction.

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};
use attendance::punch::{Channel, PrintedTime, RawPunch};
use hub::{Actor, FileImport, Hub, Store};
use jiff::{SignedDuration, Timestamp, civil::date};
use link::{Batch, Item, MAX_ITEMS, What};
use rusqlite::{Connection, params_from_iter, types::Value};

use crate::figure::{self, Aim, Contender, Figure, Plan};

const SERIAL: &str = "BENCH0001";
const ZONE: &str = "Asia/Manila";
const PEOPLE: usize = 200;
const FIRST_SECOND: i64 = 1_772_409_600; // 2026-03-02 00:00:00 on the terminal's face
/// Any time after the punches.
const AFTERWARDS: Timestamp = Timestamp::constant(FIRST_SECOND + 365 * 86_400, 0);
/// The minutes of a day at which everybody punches.
const ROUTINE: [i64; 4] = [472, 720, 778, 1_084];

/// What the hub writes, in the order of arrival; `?1` leaves out the punches that came with the people.
const TABLES: [(&str, &str); 3] = [
    ("punch", "SELECT p.* FROM punch p WHERE p.received_us < ?1 ORDER BY p.received_us"),
    (
        "resolved_punch",
        "SELECT r.* FROM resolved_punch r JOIN punch p ON p.tenant = r.tenant AND p.fingerprint = r.fingerprint
         WHERE p.received_us < ?1 ORDER BY p.received_us",
    ),
    ("dirty_week", "SELECT * FROM dirty_week WHERE ?1 > 0"),
];

type Row = Vec<Value>;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let batches = batches(plan.pick(50, 4));
    let rows = rows_of(&batches)?;
    let punches = (batches.len() * MAX_ITEMS) as f64;
    let ours = Contender::new("hub", || {
        let folder = tempfile::tempdir()?;
        let hub = hub_with_people(&folder.path().join("hub.db"))?;
        let start = Instant::now();
        ingest(&hub, &batches)?;
        Ok(punches / start.elapsed().as_secs_f64())
    });
    let bare = Contender::new("bare statements", || {
        let folder = tempfile::tempdir()?;
        let connection = empty_database(&folder.path().join("hub.db"))?;
        let start = Instant::now();
        insert(&connection, &rows)?;
        Ok(punches / start.elapsed().as_secs_f64())
    });
    let name = format!("hub ingest, batches of {MAX_ITEMS}");
    Ok(vec![figure::measure(plan, name, "punches/s", Some(Aim::RatioAtLeast(0.8)), ours, vec![bare])?])
}

fn ingest(hub: &Hub, batches: &[Batch]) -> Result<()> {
    for batch in batches {
        let ack = hub.ingest(batch, AFTERWARDS)?;
        ensure!(
            ack.outcomes.iter().all(|outcome| *outcome == link::Outcome::Stored),
            "a punch was not new or not matched"
        );
    }
    Ok(())
}

/// A hub that has approved the terminal and knows everybody.
fn hub_with_people(path: &Path) -> Result<Hub> {
    let hub = Hub::new(Store::open(path)?);
    let log: String = (1..=PEOPLE).map(|user| format!("{user}\t2026-02-27 08:00:00\t1\t0\t1\t0\n")).collect();
    let how = FileImport { serial: SERIAL, zone: ZONE, create_employees: true };
    hub.import_attlog(&Actor::new("bench"), log.as_bytes(), &how, AFTERWARDS, |_| {})?;
    Ok(hub)
}

/// The rows that the hub makes of these batches, table by table.
fn rows_of(batches: &[Batch]) -> Result<Vec<(String, Vec<Row>)>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.db");
    ingest(&hub_with_people(&path)?, batches)?;
    let connection = Connection::open(&path)?;
    TABLES.into_iter().map(|(table, select)| rows_of_table(&connection, table, select)).collect()
}

/// The statement that writes a row of the table, and its rows.
fn rows_of_table(connection: &Connection, table: &str, select: &str) -> Result<(String, Vec<Row>)> {
    let mut select = connection.prepare(select)?;
    let columns = select.column_count();
    let rows = select
        .query_map([AFTERWARDS.as_microsecond()], |row| (0..columns).map(|column| row.get(column)).collect())?
        .collect::<rusqlite::Result<_>>()?;
    let places: Vec<String> = (1..=columns).map(|place| format!("?{place}")).collect();
    Ok((format!("INSERT INTO {table} VALUES ({}) ON CONFLICT DO NOTHING", places.join(", ")), rows))
}

/// The hub's tables, without rows.
fn empty_database(path: &Path) -> Result<Connection> {
    drop(Store::open(path)?);
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY")?;
    Ok(connection)
}

fn insert(connection: &Connection, tables: &[(String, Vec<Row>)]) -> Result<()> {
    let transactions = tables.iter().map(|(_, rows)| rows.len().div_ceil(MAX_ITEMS)).max().unwrap_or(0);
    let mut statements = tables
        .iter()
        .map(|(statement, rows)| Ok((connection.prepare(statement)?, rows.chunks(MAX_ITEMS))))
        .collect::<Result<Vec<_>>>()?;
    for _ in 0..transactions {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for (statement, chunks) in &mut statements {
            for row in chunks.next().unwrap_or_default() {
                statement.execute(params_from_iter(row))?;
            }
        }
        connection.execute_batch("COMMIT")?;
    }
    Ok(())
}

/// Full batches as an edge sends them: everybody's punches in the order of time.
fn batches(number: usize) -> Vec<Batch> {
    let items: Vec<Item> = (0..number * MAX_ITEMS).map(item).collect();
    items.chunks(MAX_ITEMS).map(|items| Batch { edge: "bench".to_owned(), items: items.to_vec() }).collect()
}

fn item(place: usize) -> Item {
    let (user, turn) = (1 + place % PEOPLE, place / PEOPLE);
    let (day, minute) = ((turn / ROUTINE.len()) as i64, ROUTINE[turn % ROUTINE.len()]);
    let seconds = FIRST_SECOND + day * 86_400 + minute * 60 + user as i64;
    let printed = date(1970, 1, 1).at(0, 0, 0, 0).saturating_add(SignedDuration::from_secs(seconds));
    let punch = RawPunch {
        origin: SERIAL.to_owned(),
        user: user.to_string(),
        time: PrintedTime::Seconds(seconds),
        state: Some(255),
        verify: Some(1),
        work_code: None,
        original: format!("{user}\t{}\t255\t1\t0\t0\t0", printed.strftime("%Y-%m-%d %H:%M:%S")).into_bytes(),
    };
    Item {
        seq: 1 + place as i64,
        // A microsecond apart, so that the rows can be told in the order of their arrival.
        received_us: seconds * 1_000_000 + place as i64,
        what: What::Punch(link::Punch::of(Channel::Push, &punch)),
    }
}
