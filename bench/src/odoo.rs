//! Days to an Odoo on loopback that takes 20 ms for each call: from the outbox, each pair an attendance, marked when it is there.
//!
//! The reference hands the same days to the same client, which batches its calls alike, and keeps no books.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use hub::{Actor, Hub, NewSink, ODOO, OdooSettings, Sink, SinkSettings, Store, Which};
use link::Batch;
use roads::odoo::{Odoo, OdooConfig, USUAL_FIELD};
use roads::sink::{Answer, Fields, Letter};
use serde_json::Value;
use testkit::{FakeOdoo, OdooVersion};

use crate::{
    figure::{self, Aim, Contender, Figure, Plan},
    ingest::{AFTERWARDS, PEOPLE, batches, ingest, with_people},
};

const KEY: &str = "k3y";
const ANSWERS_AFTER: Duration = Duration::from_millis(20);

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    // Every client needs one, also where it meets no TLS.
    drop(rustls::crypto::ring::default_provider().install_default());
    let batches = batches(plan.pick(8, 1));
    let letters = letters(&batches)?;
    let ours = Contender::new("hub", || {
        let (odoo, folder) = (odoo()?, tempfile::tempdir()?);
        let (hub, client) = (hub_with_days(&folder, &batches)?, client(&odoo)?);
        let start = Instant::now();
        let done = hub.deliver(ODOO, &client, Which::New, 0, &|| AFTERWARDS, &|| false)?;
        let rate = done.sent as f64 / start.elapsed().as_secs_f64();
        ensure!(done.sent == letters.len() as u64, "not every day is there: {}", done.words());
        Ok(rate)
    });
    let bare = Contender::new("bare batched calls", || {
        let odoo = odoo()?;
        let client = client(&odoo)?;
        let start = Instant::now();
        let answers = client.deliver(&letters);
        let rate = answers.len() as f64 / start.elapsed().as_secs_f64();
        ensure!(answers.iter().all(|answer| matches!(answer, Answer::Taken(_))), "a day was not taken");
        Ok(rate)
    });
    let name = "days to an Odoo that answers after 20 ms".to_owned();
    Ok(vec![figure::measure(plan, name, "days/s", Some(Aim::RatioAtLeast(0.9)), ours, vec![bare])?])
}

/// One that employs everybody.
fn odoo() -> Result<FakeOdoo> {
    let odoo = FakeOdoo::start(OdooVersion::V18, KEY)?;
    for user in 1..=PEOPLE {
        odoo.employs(&user.to_string());
    }
    odoo.take_time(ANSWERS_AFTER);
    Ok(odoo)
}

fn client(odoo: &FakeOdoo) -> Result<Odoo> {
    let config = OdooConfig {
        url: odoo.url(),
        database: "db".to_owned(),
        user: "sync".to_owned(),
        key: KEY.to_owned(),
        employee_field: USUAL_FIELD.to_owned(),
        allow_private: true,
        per_second: 0,
        timeout: None,
    };
    Odoo::new(config).map_err(|why| anyhow!(why))
}

/// A hub whose days all wait for an Odoo.
fn hub_with_days(folder: &tempfile::TempDir, batches: &[Batch]) -> Result<Hub> {
    let hub = with_people(Store::open(&folder.path().join("hub.db"))?)?.with_key_file(folder.path().join("hub.key"));
    let odoo =
        OdooSettings { database: "db".to_owned(), user: "sync".to_owned(), employee_field: USUAL_FIELD.to_owned() };
    let settings = SinkSettings { odoo: Some(odoo), ..SinkSettings::new(ODOO, "https://odoo.example") };
    let sink = NewSink { name: ODOO.to_owned(), settings, token: KEY.to_owned(), signing_secret: None };
    hub.add_sink(&Actor::new("bench"), &sink, AFTERWARDS)?;
    batches.iter().try_for_each(|batch| ingest(&hub, batch))?;
    hub.derive_all(AFTERWARDS, |_| {})?;
    Ok(hub)
}

/// What the hub sends, in its order.
fn letters(batches: &[Batch]) -> Result<Vec<Letter>> {
    let (folder, taker) = (tempfile::tempdir()?, Taker::default());
    hub_with_days(&folder, batches)?.deliver(ODOO, &taker, Which::New, 0, &|| AFTERWARDS, &|| false)?;
    Ok(taker.0.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Takes all.
#[derive(Default)]
struct Taker(Mutex<Vec<Letter>>);

impl Sink for Taker {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(letters);
        letters.iter().map(|_| Answer::Taken(String::new())).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        Value::Object(fields.clone())
    }

    fn test(&self) -> Result<String, String> {
        Ok(String::new())
    }
}
