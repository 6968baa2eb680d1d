//! Days to a CRM on loopback that takes 20 ms for each answer: from the outbox, marked when they are there.
//!
//! The reference sends the same bodies with the same client, and keeps no books.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use hub::{Actor, Hub, NewSink, Sink, SinkSettings, Store, Which};
use link::{Batch, MAX_ITEMS};
use roads::crm::{Crm, CrmConfig};
use roads::sink::{Answer, Letter};
use roads::template::Template;
use serde_json::json;
use testkit::FakeCrm;

use crate::{
    figure::{self, Aim, Contender, Figure, Plan},
    ingest::{AFTERWARDS, ROUTINE, batches, ingest, with_people},
};

const NAME: &str = "crm";
const TOKEN: &str = "t0ken";
const ANSWERS_AFTER: Duration = Duration::from_millis(20);

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    // Every client needs one, also where it meets no TLS.
    drop(rustls::crypto::ring::default_provider().install_default());
    let receiver = FakeCrm::start(TOKEN)?;
    receiver.take_time(ANSWERS_AFTER);
    let batches = batches(plan.pick(8, 1));
    let ours = Contender::new("hub", || {
        let folder = tempfile::tempdir()?;
        let hub = hub_with_days(&folder, &receiver, &batches)?;
        let client = client(&receiver)?;
        receiver.forget();
        let start = Instant::now();
        let done = hub.deliver(NAME, &client, Which::New, 0, &|| AFTERWARDS, &|| false)?;
        let rate = done.sent as f64 / start.elapsed().as_secs_f64();
        ensure!(
            done.sent > 0 && done.sent == receiver.taken().len() as u64,
            "not every day is there: {}",
            done.words()
        );
        Ok(rate)
    });
    let bare = Contender::new("bare calls", || {
        let (client, letters) = (client(&receiver)?, letters(batches.len()));
        receiver.forget();
        let start = Instant::now();
        let answers = client.deliver(&letters);
        let rate = answers.len() as f64 / start.elapsed().as_secs_f64();
        ensure!(answers.iter().all(|answer| matches!(answer, Answer::Taken(_))), "a record was not taken");
        Ok(rate)
    });
    let name = "days to a CRM that answers after 20 ms".to_owned();
    Ok(vec![figure::measure(plan, name, "records/s", Some(Aim::AtLeast(500.0)), ours, vec![bare])?])
}

fn client(receiver: &FakeCrm) -> Result<Crm> {
    let config = CrmConfig {
        url: receiver.url(),
        token: TOKEN.to_owned(),
        signing_secret: None,
        template: Template::usual(),
        allow_private: true,
        per_second: 0,
        batch: 0,
        timeout: None,
    };
    Crm::new(config).map_err(|why| anyhow!(why))
}

/// As many as the days of so many batches.
fn letters(batches: usize) -> Vec<Letter> {
    let count = batches * MAX_ITEMS / ROUTINE.len();
    let body = json!({"user_id": "117", "date": "2026-03-04", "clock_in": "2026-03-04T07:52:00+08:00",
        "clock_out": "2026-03-04T18:04:00+08:00", "is_outlier": false, "device_name": "Door", "device_ip": "10.1.0.5"});
    let fields = body.as_object().cloned().unwrap_or_default();
    (0..count)
        .map(|number| Letter {
            tenant: 1,
            id: format!("bench/{number}"),
            revision: 1,
            attempts: 0,
            fields: fields.clone(),
        })
        .collect()
}

/// A hub whose days all wait for the receiver.
fn hub_with_days(folder: &tempfile::TempDir, receiver: &FakeCrm, batches: &[Batch]) -> Result<Hub> {
    let hub = with_people(Store::open(&folder.path().join("hub.db"))?)?.with_key_file(folder.path().join("hub.key"));
    let settings = SinkSettings { allow_private: true, ..SinkSettings::new("crm", &receiver.url()) };
    let sink = NewSink { name: NAME.to_owned(), settings, token: TOKEN.to_owned(), signing_secret: None };
    hub.add_sink(&Actor::new("bench"), &sink, AFTERWARDS)?;
    batches.iter().try_for_each(|batch| ingest(&hub, batch))?;
    hub.derive_all(AFTERWARDS, |_| {})?;
    Ok(hub)
}
