//! Days to an Odoo: from the outbox, each pair an attendance, marked when it is there.
//!
//! The Odoo is one on loopback that takes 20 ms for each call, or a real one where `PUNCHCLOCK_ODOO_URL` names it, as for the test of a
//! real one. The reference enters the same attendances by plain `load` calls: it knows the ids of the employees, looks for nothing
//! before, plans nothing and keeps no books. Both log in within the time that is measured.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use hub::{Actor, FileImport, Hub, NewSink, ODOO, OdooSettings, Sink, SinkSettings, Store, Which};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use roads::odoo::{Odoo, OdooConfig, USUAL_FIELD};
use roads::sink::{Answer, Fields, Letter};
use serde_json::{Value, json};
use testkit::{FakeOdoo, OdooVersion};
use tokio::runtime::Runtime;

use crate::{
    figure::{self, Aim, Contender, Figure, Plan},
    ingest::{AFTERWARDS, PEOPLE},
};

const KEY: &str = "k3y";
const ANSWERS_AFTER: Duration = Duration::from_millis(20);
/// Long ago, where nobody has an attendance; before 2005 a punch is held.
const FIRST: Date = date(2005, 2, 7);
/// Rows of one bare call, as many as the client's.
const PER_CALL: usize = 100;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<Figure>> {
    // Every client needs one, also where it meets no TLS.
    drop(rustls::crypto::ring::default_provider().install_default());
    let named = Named::of_environment()?;
    let people = named
        .as_ref()
        .map_or_else(|| (1..=PEOPLE).map(|user| user.to_string()).collect(), |named| named.badges.clone());
    let log = log(&people, plan.pick(10, 1));
    let letters = letters(&log)?;
    let ours = Contender::new("hub", || {
        let (odoo, folder) = (Place::new(named.as_ref(), &people)?, tempfile::tempdir()?);
        let client = Odoo::new(odoo.config.clone()).map_err(|why| anyhow!(why))?;
        let hub = hub_with_days(&folder, &log)?;
        let start = Instant::now();
        let done = hub.deliver(ODOO, &client, Which::New, 0, &|| AFTERWARDS, &|| false)?;
        let rate = done.sent as f64 / start.elapsed().as_secs_f64();
        ensure!(done.sent == letters.len() as u64, "not every day is there: {}", done.words());
        Ok(rate)
    });
    let bare = Contender::new("bare batched calls", || {
        let odoo = Place::new(named.as_ref(), &people)?;
        let ids = Bare::log_in(&odoo.config)?.employees(&people)?;
        let rows = rows(&letters, &ids)?;
        let start = Instant::now();
        let bare = Bare::log_in(&odoo.config)?;
        for rows in rows.chunks(PER_CALL) {
            bare.load(rows)?;
        }
        Ok(letters.len() as f64 / start.elapsed().as_secs_f64())
    });
    let name = match &named {
        Some(_) => "days to the Odoo that PUNCHCLOCK_ODOO_URL names".to_owned(),
        None => "days to an Odoo that answers after 20 ms".to_owned(),
    };
    // A stand-in works no time on what it loads, so that calls beside it count for more than they do.
    let aim = named.as_ref().map(|_| Aim::RatioAtLeast(0.9));
    let figures = vec![figure::measure(plan, name, "days/s", aim, ours, vec![bare])?];
    if let Some(named) = &named {
        Bare::log_in(&named.config)?.clear(&people)?;
    }
    Ok(figures)
}

/// A real server, and employees there.
struct Named {
    config: OdooConfig,
    badges: Vec<String>,
}

impl Named {
    fn of_environment() -> Result<Option<Self>> {
        let Ok(url) = std::env::var("PUNCHCLOCK_ODOO_URL") else { return Ok(None) };
        let word = |name: &str| {
            let name = format!("PUNCHCLOCK_ODOO_{name}");
            std::env::var(&name).with_context(|| format!("{name} is to be given with PUNCHCLOCK_ODOO_URL"))
        };
        let key = std::fs::read_to_string(word("KEY_FILE")?).context("PUNCHCLOCK_ODOO_KEY_FILE can't be read")?;
        let badges = word("BADGE")?.split(',').map(|badge| badge.trim().to_owned()).collect();
        Ok(Some(Self { config: config(url, word("DB")?, word("USER")?, key.trim().to_owned()), badges }))
    }
}

fn config(url: String, database: String, user: String, key: String) -> OdooConfig {
    let employee_field = USUAL_FIELD.to_owned();
    OdooConfig { url, database, user, key, employee_field, allow_private: true, per_second: 0, timeout: None }
}

/// An Odoo for one round, without what another round entered.
struct Place {
    config: OdooConfig,
    /// It listens as long as this is there.
    _fake: Option<FakeOdoo>,
}

impl Place {
    fn new(named: Option<&Named>, people: &[String]) -> Result<Self> {
        if let Some(Named { config, .. }) = named {
            Bare::log_in(config)?.clear(people)?;
            return Ok(Self { config: config.clone(), _fake: None });
        }
        let fake = FakeOdoo::start(OdooVersion::V18, KEY)?;
        for user in people {
            fake.employs(user);
        }
        fake.take_time(ANSWERS_AFTER);
        let config = config(fake.url(), "db".to_owned(), "sync".to_owned(), KEY.to_owned());
        Ok(Self { config, _fake: Some(fake) })
    }
}

/// Calls by JSON-RPC, and nothing around them.
struct Bare<'a> {
    client: reqwest::Client,
    runtime: Runtime,
    config: &'a OdooConfig,
    uid: Value,
}

impl<'a> Bare<'a> {
    fn log_in(config: &'a OdooConfig) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut bare =
            Self { client: reqwest::Client::builder().no_proxy().build()?, runtime, config, uid: Value::Null };
        let who = json!([config.database, config.user, config.key, {}]);
        bare.uid = bare.post("common", "authenticate", &who)?;
        ensure!(bare.uid.is_number(), "Odoo does not let {} in by JSON-RPC", config.user);
        Ok(bare)
    }

    fn post(&self, service: &str, method: &str, args: &Value) -> Result<Value> {
        let params = json!({"service": service, "method": method, "args": args});
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params});
        let url = format!("{}/jsonrpc", self.config.url.trim_end_matches('/'));
        let request = self.client.post(url).json(&body);
        let mut answer: Value = self.runtime.block_on(async { request.send().await?.json().await })?;
        ensure!(answer.get("error").is_none(), "Odoo refuses it: {}", answer["error"]["data"]["message"]);
        Ok(answer["result"].take())
    }

    fn call(&self, model: &str, method: &str, args: &Value, named: &Value) -> Result<Value> {
        let OdooConfig { database, key, .. } = self.config;
        self.post("object", "execute_kw", &json!([database, self.uid, key, model, method, args, named]))
    }

    /// The ids of employees, by badge.
    fn employees(&self, badges: &[String]) -> Result<BTreeMap<String, i64>> {
        let named = json!({"domain": [[USUAL_FIELD, "in", badges]], "fields": [USUAL_FIELD]});
        let rows = self.call("hr.employee", "search_read", &json!([]), &named)?;
        let id = |row: &Value| Some((row[USUAL_FIELD].as_str()?.to_owned(), row["id"].as_i64()?));
        Ok(rows.as_array().into_iter().flatten().filter_map(id).collect())
    }

    fn load(&self, rows: &[Value]) -> Result<()> {
        let fields = ["id", "employee_id/.id", "check_in", "check_out"];
        let named = json!({"context": {"tz": "UTC"}});
        let answer = self.call("hr.attendance", "load", &json!([fields, rows]), &named)?;
        ensure!(answer["ids"].is_array(), "Odoo refuses it: {}", answer["messages"]);
        Ok(())
    }

    /// Deletes what rounds entered, known by its external id.
    fn clear(&self, badges: &[String]) -> Result<()> {
        let ids: Vec<i64> = self.employees(badges)?.into_values().collect();
        ensure!(
            ids.len() == badges.len(),
            "PUNCHCLOCK_ODOO_BADGE names {} employees of which {} are there",
            badges.len(),
            ids.len()
        );
        let (from, to) = (utc(FIRST.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp()), "2006-01-01 00:00:00");
        let domain = json!([["employee_id", "in", ids], ["check_in", ">=", from], ["check_in", "<", to]]);
        let named = json!({"domain": domain, "fields": ["id"]});
        let found = self.call("hr.attendance", "search_read", &json!([]), &named)?;
        let found: Vec<i64> = found.as_array().into_iter().flatten().filter_map(|row| row["id"].as_i64()).collect();
        if found.is_empty() {
            return Ok(());
        }
        let names = self.call("hr.attendance", "get_external_id", &json!([found]), &json!({}))?;
        let is_ours = |name: &Value| {
            name.as_str().is_some_and(|name| name.starts_with("punchclock.") || name.starts_with("punchclock_bench."))
        };
        let ours = names.as_object().into_iter().flatten().filter(|(_, name)| is_ours(name));
        let ours: Vec<i64> = ours.filter_map(|(id, _)| id.parse().ok()).collect();
        for some in ours.chunks(PER_CALL) {
            self.call("hr.attendance", "unlink", &json!([some]), &json!({}))?;
        }
        Ok(())
    }
}

/// What `load` takes of days, with external ids of their own.
fn rows(letters: &[Letter], ids: &BTreeMap<String, i64>) -> Result<Vec<Value>> {
    let mut rows = Vec::new();
    for letter in letters {
        let field = |name: &str| letter.fields.get(name).unwrap_or(&Value::Null);
        let code = field("user_id").as_str().unwrap_or_default();
        let id = ids.get(code).with_context(|| format!("no employee in Odoo has the badge {code}"))?;
        let at = |seconds: &Value| {
            Ok::<_, anyhow::Error>(utc(Timestamp::from_second(seconds.as_i64().unwrap_or_default())?))
        };
        for pair in field("pairs").as_array().into_iter().flatten() {
            let name = format!("punchclock_bench.{}", rows.len());
            rows.push(json!([name, id.to_string(), at(&pair[0])?, at(&pair[1])?]));
        }
    }
    Ok(rows)
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The log of a terminal on which everybody punches in and out on so many dates.
fn log(people: &[String], dates: usize) -> String {
    let times = ["08:00", "12:00", "13:00", "18:00"];
    let on = FIRST.series(1.day()).take(dates);
    let punch = |on: Date, user: &str, time: &str| format!("{user}\t{on} {time}:00\t255\t1\t0\t0\n");
    on.flat_map(|on| times.map(|time| people.iter().map(|user| punch(on, user, time)).collect::<String>())).collect()
}

/// A hub whose days all wait for an Odoo.
fn hub_with_days(folder: &tempfile::TempDir, log: &str) -> Result<Hub> {
    let hub = Hub::new(Store::open(&folder.path().join("hub.db"))?).with_key_file(folder.path().join("hub.key"));
    let odoo =
        OdooSettings { database: "db".to_owned(), user: "sync".to_owned(), employee_field: USUAL_FIELD.to_owned() };
    let settings = SinkSettings { odoo: Some(odoo), ..SinkSettings::new(ODOO, "https://odoo.example") };
    let sink = NewSink { name: ODOO.to_owned(), settings, token: KEY.to_owned(), signing_secret: None };
    hub.add_sink(&Actor::new("bench"), &sink, AFTERWARDS)?;
    let (name, zone) = ("1_attlog.dat", "Asia/Manila");
    let how = FileImport { serial: "BENCH0001", name, zone, groups: &[], create_employees: true, is_dry_run: false };
    hub.import_attlog(&Actor::new("bench"), log.as_bytes(), &how, AFTERWARDS, |_, _| {})?;
    hub.derive_all(AFTERWARDS, |_| {})?;
    Ok(hub)
}

/// What the hub sends, in its order.
fn letters(log: &str) -> Result<Vec<Letter>> {
    let (folder, taker) = (tempfile::tempdir()?, Taker::default());
    hub_with_days(&folder, log)?.deliver(ODOO, &taker, Which::New, 0, &|| AFTERWARDS, &|| false)?;
    let letters = taker.0.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(!letters.is_empty(), "no day is to be told of");
    Ok(letters)
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
