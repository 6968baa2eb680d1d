//! Job claims beside the bare statement that claims the same rows.
//!
//! The hub claims as its runner does: it looks whether there is anything, then takes up to four jobs, minding lanes and kinds. The
//! reference takes the four that are longest due and the first of their lanes, one transaction each: on SQLite with bare rusqlite, on
//! PostgreSQL with bare tokio-postgres and `SKIP LOCKED`, behind the same row-level security, whose cost `--only fence` measures.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use hub::jobs::{DERIVE, built_in};
use hub::{Hub, Store};
use jiff::Timestamp;
use rusqlite::Connection;
use store::jobs::NewJob;
use testkit::Postgres;
use tokio::runtime::Runtime;

use crate::{
    bare_rows,
    figure::{self, Aim, Contender, Figure, Plan},
    ingest::{AFTERWARDS, Databases},
};

/// Jobs that one claim takes: those of a hub at a time.
const AT_A_TIME: u32 = 4;
const LEASE_US: i64 = 60_000_000;
/// Jobs that one transaction adds.
const PER_WRITE: i64 = 1_000;
const AIM: Option<Aim> = Some(Aim::RatioAtLeast(0.8));
const UNIT: &str = "claims/s";

const NEXT: &str = "SELECT j.id FROM job j WHERE j.tenant = 1 AND j.ended_us IS NULL AND j.due_us <= $1
    AND (j.lane IS NULL OR NOT EXISTS (SELECT 1 FROM job e WHERE e.tenant = 1 AND e.lane = j.lane AND e.ended_us IS NULL AND e.id < j.id))
    ORDER BY j.due_us, j.id LIMIT 4";
/// Materialized, because PostgreSQL may otherwise look for the next four once for each row that it compares.
const CLAIM: &str = "WITH next AS MATERIALIZED (NEXT)
    UPDATE job SET state = 'running', owner = 'bare', started_us = $1, due_us = $2, fence = fence + 1,
    attempts = attempts + 1 WHERE tenant = 1 AND id IN (SELECT id FROM next)
    RETURNING id, kind, lane, body, state, due_us, slot_us, attempts, fence, owner, created_us, started_us, ended_us, outcome";

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let jobs = plan.pick(4_000, 40);
    let ours = Contender::new("hub", || {
        let folder = tempfile::tempdir()?;
        by_hub(|| Ok(Store::open(&folder.path().join("hub.db"))?), jobs)
    });
    let bare = Contender::new("bare rusqlite", || {
        let folder = tempfile::tempdir()?;
        on_sqlite(&folder.path().join("hub.db"), jobs)
    });
    let mut figures = vec![figure::measure(plan, "job claims".to_owned(), UNIT, AIM, ours, vec![bare])?];
    let Some(server) = Postgres::start_durable()? else { return Ok(figures) };
    let [ours, bare] = ["ours", "bare"].map(|name| Databases::new(&server, name));
    let ours = Contender::new("hub on PostgreSQL", || {
        let url = ours.make()?;
        by_hub(|| Ok(Store::connect(&url, None)?), jobs)
    });
    let bare = Contender::new("bare SKIP LOCKED", || on_postgres(&bare, jobs));
    let name = "job claims on PostgreSQL".to_owned();
    figures.push(figure::measure(plan, name, UNIT, AIM, ours, vec![bare])?);
    Ok(figures)
}

/// Jobs that are due, each in a lane of its own, as those of terminals and sinks are.
fn fill(store: &Store, jobs: i64) -> Result<()> {
    let due_us = AFTERWARDS.as_microsecond();
    let per_write = PER_WRITE.min(jobs);
    for part in 0..jobs / per_write {
        let lanes: Vec<String> = (0..per_write).map(|one| format!("lane {}", part * per_write + one)).collect();
        store.write(|write| {
            let (kind, created_us) = (DERIVE.name, due_us);
            let new = |lane| NewJob { kind, lane: Some(lane), body: "", due_us, slot_us: None, created_us };
            lanes.iter().try_for_each(|lane| write.add_job(&new(lane)).map(drop))
        })?;
    }
    Ok(())
}

/// The database is opened anew for the claims, as the reference does.
fn by_hub(open: impl Fn() -> Result<Store>, jobs: i64) -> Result<f64> {
    fill(&open()?, jobs)?;
    let (hub, works) = (Hub::new(open()?), built_in());
    let start = Instant::now();
    for _ in 0..jobs / i64::from(AT_A_TIME) {
        let claimed = hub.claim_jobs(&works, "hub", AT_A_TIME, AFTERWARDS)?;
        ensure!(claimed.len() == AT_A_TIME as usize, "there were more jobs");
    }
    Ok(per_second(jobs, start))
}

fn on_sqlite(path: &Path, jobs: i64) -> Result<f64> {
    fill(&Store::open(path)?, jobs)?;
    let connection: Connection = bare_rows::database(path)?;
    let mut claim = connection.prepare(&CLAIM.replace("NEXT", NEXT))?;
    let (now_us, lease_us) = times(AFTERWARDS);
    let start = Instant::now();
    for _ in 0..jobs / i64::from(AT_A_TIME) {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let claimed: Vec<i64> =
            claim.query_map([now_us, lease_us], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        connection.execute_batch("COMMIT")?;
        ensure!(claimed.len() == AT_A_TIME as usize, "there were more jobs");
    }
    Ok(per_second(jobs, start))
}

fn on_postgres(databases: &Databases<'_>, jobs: i64) -> Result<f64> {
    let url = databases.make()?;
    fill(&Store::connect(&url, None)?, jobs)?;
    let (now_us, lease_us) = times(AFTERWARDS);
    Runtime::new()?.block_on(async {
        let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute("SET punchclock.tenant = '1'").await?;
        let sql = CLAIM.replace("NEXT", &format!("{NEXT} FOR UPDATE OF j SKIP LOCKED"));
        let claim = client.prepare(&sql).await?;
        let start = Instant::now();
        for _ in 0..jobs / i64::from(AT_A_TIME) {
            let transaction = client.transaction().await?;
            let claimed = transaction.query(&claim, &[&now_us, &lease_us]).await?;
            transaction.commit().await?;
            ensure!(claimed.len() == AT_A_TIME as usize, "there were more jobs");
        }
        Ok(per_second(jobs, start))
    })
}

/// Now, and the end of a lease.
fn times(now: Timestamp) -> (i64, i64) {
    let now_us = now.as_microsecond();
    (now_us, now_us + LEASE_US)
}

fn per_second(jobs: i64, start: Instant) -> f64 {
    jobs as f64 / start.elapsed().as_secs_f64()
}
