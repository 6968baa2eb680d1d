//! What row-level security costs on PostgreSQL: the same hub on the same rows with it and without it.

use std::time::Instant;

use anyhow::Result;
use hub::Store;
use hub::view::PunchFilter;
use jiff::civil::Date;
use link::{Batch, MAX_ITEMS};
use testkit::Postgres;

use crate::{
    figure::{self, Aim, Contender, Figure, Plan},
    ingest::{AFTERWARDS, Databases, batches, ingest, with_people},
};

/// Of the punches that are stored, and how many days are looked at.
const FIRST: Date = Date::constant(2026, 3, 2);
const DAYS: usize = 5;
/// Lets everybody past the fences of a database.
const OPEN: &str = "DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relrowsecurity LOOP
      EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t);
    END LOOP; END $$";

/// What is measured of a hub; per second.
type Measure = fn(&Store, &[Batch], usize) -> Result<f64>;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    let Some(server) = Postgres::start_durable()? else { return Ok(Vec::new()) };
    let batches = batches(plan.pick(50, 4));
    let lists = plan.pick(1_000, 20);
    let figures: [(&str, &'static str, Measure); 3] = [
        ("hub ingest behind row-level security", "punches/s", take_in),
        ("derivation behind row-level security", "person-days/s", derive),
        ("lists of a day's punches behind row-level security", "lists/s", list),
    ];
    let one = |(name, unit, measure): (&str, &'static str, Measure)| {
        let [fenced, open] = ["fenced", "open"].map(|name| Databases::new(&server, name));
        let ours =
            Contender::new("with policies", || measure(&Store::connect(&fenced.make()?, None)?, &batches, lists));
        let bare = Contender::new("without policies", || {
            let store = Store::connect(&open.make()?, None)?;
            postgres::Client::connect(&open.superuser_url(), postgres::NoTls)?.batch_execute(OPEN)?;
            measure(&store, &batches, lists)
        });
        figure::measure(plan, name.to_owned(), unit, Some(Aim::RatioAtLeast(0.95)), ours, vec![bare])
    };
    figures.into_iter().map(one).collect()
}

fn take_in(store: &Store, batches: &[Batch], _: usize) -> Result<f64> {
    let hub = with_people(store.clone())?;
    let start = Instant::now();
    for batch in batches {
        ingest(&hub, batch)?;
    }
    Ok((batches.len() * MAX_ITEMS) as f64 / start.elapsed().as_secs_f64())
}

fn derive(store: &Store, batches: &[Batch], _: usize) -> Result<f64> {
    let hub = with_people(store.clone())?;
    for batch in batches {
        ingest(&hub, batch)?;
    }
    let start = Instant::now();
    let derived = hub.derive_all(AFTERWARDS, |_| {})?;
    Ok(derived.written as f64 / start.elapsed().as_secs_f64())
}

fn list(store: &Store, batches: &[Batch], lists: usize) -> Result<f64> {
    let hub = with_people(store.clone())?;
    for batch in batches {
        ingest(&hub, batch)?;
    }
    let start = Instant::now();
    for turn in 0..lists {
        let day = Some(FIRST.saturating_add(jiff::Span::new().days((turn % DAYS) as i64)));
        hub.punches(&PunchFilter { from: day, to: day, limit: 50, ..PunchFilter::default() })?;
    }
    Ok(lists as f64 / start.elapsed().as_secs_f64())
}
