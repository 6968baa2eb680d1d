//! What a sink that wants pairs is told of a day.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use attendance::{Change, PolicyFile, PolicyVersion, PunchState};
use house::{House, clerk, house, log, now};
use hub::view::{DayFilter, PunchFilter};
use hub::{DryRun, NewSink, ODOO, OdooSettings, Queued, Sink, SinkSettings, Which};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use roads::sink::{Answer, Fields, Letter};
use serde_json::{Value, json};

/// A day with a break in its middle.
const ON: Date = Date::constant(2026, 2, 9);

/// A receiver whose bodies are the fields themselves.
struct Plain;

impl Sink for Plain {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        letters.iter().map(|_| Answer::Taken(String::new())).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        Value::Object(fields.clone())
    }

    fn test(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// Two people through February 2026, derived, all of whose days wait; with the folder of the key.
fn place(policy: &str) -> (House, tempfile::TempDir) {
    let key = tempfile::tempdir().unwrap();
    let mut house = house();
    house.import(&log(), true);
    let policy = PolicyVersion::of_file(PolicyFile::from_toml(policy).unwrap(), None);
    house.hub.set_policy(&clerk(), &policy, now()).unwrap();
    house.derive();
    house.hub = house.another_hub().with_key_file(key.path().join("hub.key"));
    let odoo = OdooSettings { database: "db".to_owned(), user: "u".to_owned(), employee_field: "barcode".to_owned() };
    let settings = SinkSettings { odoo: Some(odoo), ..SinkSettings::new(ODOO, "https://odoo.example") };
    let new = NewSink { name: ODOO.to_owned(), settings, token: "t".to_owned(), signing_secret: None };
    house.hub.add_sink(&clerk(), &new, now()).unwrap();
    house.hub.queue_days(&clerk(), ODOO, &Queued::default(), now()).unwrap();
    (house, key)
}

/// The pairs and lone punches of employee 12 on a date, in Manila.
fn told(house: &House, date: &str) -> (Vec<(String, String)>, Vec<String>) {
    let letters = house.hub.would_deliver(ODOO, &Plain, &DryRun::default(), now()).unwrap();
    let is_it = |body: &Value| body["user_id"] == "12" && body["date"] == date;
    let body = letters.into_iter().map(|letter| letter.body).find(is_it).unwrap();
    let local = |at: &Value| {
        let at = jiff::Timestamp::from_second(at.as_i64().unwrap()).unwrap();
        let local: DateTime = at.in_tz("Asia/Manila").unwrap().datetime();
        local.strftime("%H:%M").to_string()
    };
    let pairs = body["pairs"].as_array().unwrap().iter().map(|pair| (local(&pair[0]), local(&pair[1]))).collect();
    (pairs, body["lone"].as_array().unwrap().iter().map(local).collect())
}

fn pair(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[test]
fn pairs_are_those_of_the_policy_and_a_punch_without_a_partner_is_told_as_such() {
    let (house, _key) = place("[punch]\npairing = \"alternate\"");
    assert_eq!(told(&house, "2026-02-09").0, [pair("07:59", "12:01"), pair("12:55", "18:09")]);
    assert_eq!(told(&house, "2026-02-10"), (vec![pair("07:50", "12:01")], vec!["12:55".to_owned()]));
    let (house, _key) = place("[punch]\npairing = \"first_last\"");
    assert_eq!(told(&house, "2026-02-09"), (vec![pair("07:59", "18:09")], Vec::new()));
}

#[test]
fn of_a_locked_day_the_frozen_ends_count_whatever_came_since() {
    let (house, _key) = place("[punch]\npairing = \"alternate\"");
    let (from, to) = ("2026-02-01".parse().unwrap(), "2026-02-15".parse().unwrap());
    house.hub.lock(&clerk(), (from, to), Some("it is pay day"), now()).unwrap();
    house.import(&["       12\t2026-02-09 20:00:00\t1\t0\t1\t0".to_owned()], true);
    house.derive();
    assert_eq!(told(&house, "2026-02-09"), (vec![pair("07:59", "18:09")], Vec::new()));
    assert_eq!(json!(told(&house, "2026-02-10").1), json!(["12:55"]), "what did not change is told by its pairs");
}

#[test]
fn a_locked_day_is_told_by_its_pairs_when_only_its_rules_have_changed() {
    let (house, _key) = place("[punch]\npairing = \"alternate\"");
    let (from, to) = ("2026-02-01".parse().unwrap(), "2026-02-15".parse().unwrap());
    house.hub.lock(&clerk(), (from, to), Some("it is pay day"), now()).unwrap();
    let stricter = "[punch]\npairing = \"alternate\"\n[[break_rules]]\nafter = 60\ndeduct = 240";
    let stricter = PolicyVersion::of_file(PolicyFile::from_toml(stricter).unwrap(), None);
    house.hub.set_policy(&clerk(), &stricter, now()).unwrap();
    house.derive();
    let deltas = house.hub.all_deltas((from, to)).unwrap();
    assert!(deltas.iter().any(|delta| delta.date == ON), "it would be judged otherwise: {deltas:?}");
    assert_eq!(told(&house, "2026-02-09"), (vec![pair("07:59", "12:01"), pair("12:55", "18:09")], Vec::new()));
    assert_eq!(told(&house, "2026-02-10"), (vec![pair("07:50", "12:01")], vec!["12:55".to_owned()]));
}

#[test]
fn a_punch_in_the_middle_that_moves_and_leaves_the_day_as_it_was_is_told_to_who_is_told_of_pairs() {
    let (house, _key) = place("[punch]\npairing = \"alternate\"");
    let deliver = || house.hub.deliver(ODOO, &Plain, Which::All, 0, &now, &|| false).unwrap();
    assert!(deliver().sent > 0);
    let day = || {
        let filter = DayFilter { employee: Some("12".into()), from: Some(ON), to: Some(ON), ..DayFilter::default() };
        house.hub.days(&filter).unwrap().rows.remove(0).record
    };
    let before = day();
    let filter = PunchFilter { employee: Some("12".into()), from: Some(ON), to: Some(ON), ..PunchFilter::default() };
    let punches = house.hub.punches(&filter).unwrap().rows;
    // The way out at noon moves by five minutes, and so does the way back.
    for (was, is, state) in [("12:01", "12:06", PunchState::Out), ("12:55", "13:00", PunchState::In)] {
        let target = punches.iter().find(|punch| punch.printed.contains(was)).unwrap().fingerprint;
        house.hub.correct(&clerk(), "12", &Change::VoidPunch { target }, "wrong clock", now()).unwrap();
        let at = format!("2026-02-09T{is}:00+08:00").parse::<Timestamp>().unwrap().as_second();
        let add = Change::AddPunch { at, state, work_date: None };
        house.hub.correct(&clerk(), "12", &add, "by the camera", now()).unwrap();
    }
    house.derive();
    assert_eq!(day(), before);
    assert_eq!(told(&house, "2026-02-09").0, [pair("07:59", "12:06"), pair("13:00", "18:09")]);
    assert_eq!((deliver().sent, deliver()), (1, hub::Delivered::default()));
    // Made of something else, and nothing changed for the receiver.
    house.derive();
    assert_eq!(deliver(), hub::Delivered::default());
}
