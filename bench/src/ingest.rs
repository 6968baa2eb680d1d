//! Batch ingest into the hub beside the bare statements that write the same rows.
//!
//! The hub takes the batches of an edge: it computes identities, resolves terminal, person and instant, and marks weeks.
//! The reference only writes what the hub has written, batch by batch.

use std::{path::Path, time::Instant};

use anyhow::{Result, ensure};
use attendance::punch::{Channel, PrintedTime, RawPunch};
use hub::{Actor, FileImport, Hub, Store};
use jiff::{SignedDuration, Timestamp, civil::date};
use link::{Batch, Item, MAX_ITEMS, What};

use testkit::Postgres;

use crate::{
    bare_arrays::Bare,
    bare_rows::{self, Recorder, Written},
    figure::{self, Aim, Contender, Figure, Plan},
};

const SERIAL: &str = "BENCH0001";
const ZONE: &str = "Asia/Manila";
pub(crate) const PEOPLE: usize = 200;
const FIRST_SECOND: i64 = 1_772_409_600; // 2026-03-02 00:00:00 on the terminal's face
/// Any time after the punches.
pub(crate) const AFTERWARDS: Timestamp = Timestamp::constant(FIRST_SECOND + 365 * 86_400, 0);
/// The minutes of a day at which everybody punches.
pub(crate) const ROUTINE: [i64; 4] = [472, 720, 778, 1_084];

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let batches = batches(plan.pick(50, 4));
    let written = written_by_hub(&batches)?;
    let punches = (batches.len() * MAX_ITEMS) as f64;
    let ours = Contender::new("hub", || {
        let folder = tempfile::tempdir()?;
        let hub = hub_with_people(&folder.path().join("hub.db"))?;
        let start = Instant::now();
        for batch in &batches {
            ingest(&hub, batch)?;
        }
        Ok(punches / start.elapsed().as_secs_f64())
    });
    let bare = Contender::new("bare statements", || {
        let folder = tempfile::tempdir()?;
        let connection = bare_rows::database(&folder.path().join("hub.db"))?;
        let start = Instant::now();
        bare_rows::write(&connection, &written)?;
        Ok(punches / start.elapsed().as_secs_f64())
    });
    let name = format!("hub ingest, batches of {MAX_ITEMS}");
    let mut figures = vec![figure::measure(plan, name, "punches/s", Some(Aim::RatioAtLeast(0.8)), ours, vec![bare])?];
    figures.extend(measure_on_postgres(plan, &batches, &written)?);
    Ok(figures)
}

/// The same on PostgreSQL, beside one statement per table and batch that takes the same rows as arrays. `None` where there is no
/// server.
fn measure_on_postgres(plan: &Plan, batches: &[Batch], written: &[Written]) -> Result<Option<Figure>> {
    let Some(server) = Postgres::start_durable()? else { return Ok(None) };
    let punches = (batches.len() * MAX_ITEMS) as f64;
    let (ours, bare) = (Databases::new(&server, "ours"), Databases::new(&server, "bare"));
    let ours = Contender::new("hub on PostgreSQL", || {
        let hub = with_people(Store::connect(&ours.make()?, None)?)?;
        // As the server does by itself within a minute after the first people have come.
        postgres::Client::connect(&ours.superuser_url(), postgres::NoTls)?.batch_execute("ANALYZE")?;
        let start = Instant::now();
        for batch in batches {
            ingest(&hub, batch)?;
        }
        Ok(punches / start.elapsed().as_secs_f64())
    });
    let bare = Contender::new("bare UNNEST", || {
        drop(Store::connect(&bare.make()?, None)?);
        let mut bare = Bare::connect(&bare.superuser_url())?;
        let arrays = bare.arrays(written)?;
        let start = Instant::now();
        bare.write(&arrays)?;
        Ok(punches / start.elapsed().as_secs_f64())
    });
    let name = format!("hub ingest on PostgreSQL, batches of {MAX_ITEMS}");
    figure::measure(plan, name, "punches/s", Some(Aim::RatioAtLeast(0.8)), ours, vec![bare]).map(Some)
}

/// Databases of a server, one per round; the one before is dropped.
pub(crate) struct Databases<'a> {
    server: &'a Postgres,
    name: &'static str,
}

impl<'a> Databases<'a> {
    pub(crate) const fn new(server: &'a Postgres, name: &'static str) -> Self {
        Self { server, name }
    }

    /// The address of a new one for its owner.
    pub(crate) fn make(&self) -> Result<String> {
        let mut client = self.server.connect()?;
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))?;
        let url = self.server.make(self.name)?;
        // What came before is not written while the round is measured.
        client.batch_execute("CHECKPOINT")?;
        Ok(url)
    }

    /// The address of the last one for whom there is no row-level security.
    pub(crate) fn superuser_url(&self) -> String {
        self.server.url_of(self.name)
    }
}

pub(crate) fn ingest(hub: &Hub, batch: &Batch) -> Result<()> {
    let ack = hub.ingest(batch, AFTERWARDS)?;
    ensure!(ack.outcomes.iter().all(|outcome| *outcome == link::Outcome::Stored), "a punch was not new or not matched");
    Ok(())
}

/// A hub that has approved the terminal and knows everybody.
pub(crate) fn hub_with_people(path: &Path) -> Result<Hub> {
    with_people(Store::open(path)?)
}

pub(crate) fn with_people(store: Store) -> Result<Hub> {
    let hub = Hub::new(store);
    let log: String = (1..=PEOPLE).map(|user| format!("{user}\t2026-02-27 08:00:00\t1\t0\t1\t0\n")).collect();
    let how = FileImport {
        serial: SERIAL,
        name: "1_attlog.dat",
        zone: ZONE,
        groups: &[],
        create_employees: true,
        is_dry_run: false,
    };
    hub.import_attlog(&Actor::new("bench"), log.as_bytes(), &how, AFTERWARDS, |_, _| {})?;
    Ok(hub)
}

pub(crate) fn written_by_hub(batches: &[Batch]) -> Result<Vec<Written>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hub.db");
    let hub = hub_with_people(&path)?;
    let mut recorder = Recorder::open(&path)?;
    let record = |batch: &Batch| {
        ingest(&hub, batch)?;
        let received_us = |item: Option<&Item>| item.map_or(0, |item| item.received_us);
        recorder.written(received_us(batch.items.first()), received_us(batch.items.last()))
    };
    batches.iter().map(record).collect()
}

/// Full batches as an edge sends them: everybody's punches in the order of time.
pub(crate) fn batches(number: usize) -> Vec<Batch> {
    let items: Vec<Item> = (0..number * MAX_ITEMS).map(item).collect();
    let batch = |items: &[Item]| Batch {
        edge: "bench".to_owned(),
        follows: items.first().map_or(0, |item| item.seq - 1),
        up_to: items.last().map_or(0, |item| item.seq),
        items: items.to_vec(),
        ..Batch::default()
    };
    items.chunks(MAX_ITEMS).map(batch).collect()
}

/// The printed second of the punch at a place in the order of time.
pub(crate) fn second(place: usize) -> i64 {
    let (user, turn) = (1 + place % PEOPLE, place / PEOPLE);
    let (day, minute) = ((turn / ROUTINE.len()) as i64, ROUTINE[turn % ROUTINE.len()]);
    FIRST_SECOND + day * 86_400 + minute * 60 + user as i64
}

fn item(place: usize) -> Item {
    let (user, seconds) = (1 + place % PEOPLE, second(place));
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
        is_time_doubted: false,
        what: What::Punch(link::Punch::of(Channel::Push, &punch)),
    }
}
