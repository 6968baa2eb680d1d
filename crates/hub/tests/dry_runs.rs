//! What would be sent to a sink is looked at before it is, and nothing remains of the look.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use std::sync::Mutex;

use house::{House, clerk, house, log, now};
use hub::view::DayFilter;
use hub::{DryRun, NewSink, ODOO, OdooSettings, Queued, Sink, SinkSettings, Which};
use jiff::civil::{Date, date};
use roads::sink::{Answer, Fields, Letter};
use serde_json::Value;

const CRM: &str = "crm";

/// A receiver whose bodies are the fields themselves, and which takes all or refuses all.
#[derive(Default)]
struct Plain {
    refuses: bool,
    came: Mutex<Vec<(i64, String)>>,
}

impl Sink for Plain {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        let one = |letter: &Letter| (letter.revision, self.render(&letter.fields).to_string());
        self.came.lock().unwrap().extend(letters.iter().map(one));
        let answer = if self.refuses { Answer::Refused("422".into()) } else { Answer::Taken("201".into()) };
        vec![answer; letters.len()]
    }

    fn render(&self, fields: &Fields) -> Value {
        Value::Object(fields.clone())
    }

    fn test(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// Four weeks of two people, derived before anybody was told of them.
fn place() -> (House, tempfile::TempDir) {
    let key = tempfile::tempdir().unwrap();
    let mut house = house();
    house.import(&log(), true);
    house.derive();
    house.hub = house.another_hub().with_key_file(key.path().join("hub.key"));
    for kind in [CRM, ODOO] {
        let odoo = || OdooSettings { database: "db".into(), user: "u".into(), employee_field: "barcode".into() };
        let odoo = (kind == ODOO).then(odoo);
        let settings = SinkSettings { odoo, ..SinkSettings::new(kind, "https://x.example") };
        let new = NewSink { name: kind.to_owned(), settings, token: "t".to_owned(), signing_secret: None };
        house.hub.add_sink(&clerk(), &new, now()).unwrap();
    }
    (house, key)
}

impl House {
    /// What would be sent: revisions and bodies.
    fn would_send(&self, kind: &str, dry_run: &DryRun) -> Vec<(i64, String)> {
        let before = self.all();
        let letters = self.hub.would_deliver(kind, &Plain::default(), dry_run, now()).unwrap();
        assert_eq!(self.all(), before, "nothing remains of the look");
        sorted(letters.into_iter().map(|letter| (letter.revision, letter.body.to_string())).collect())
    }

    /// What is sent.
    fn sends(&self, kind: &str, which: Which) -> Vec<(i64, String)> {
        let plain = Plain::default();
        self.hub.deliver(kind, &plain, which, 0, &now, &|| false).unwrap();
        sorted(plain.came.into_inner().unwrap())
    }

    /// All that a look could change.
    fn all(&self) -> String {
        let days = self.hub.days(&DayFilter::default()).unwrap();
        format!("{days:?} {:?} {:?}", self.hub.sinks().unwrap(), self.hub.audit(500).unwrap())
    }
}

fn sorted(mut letters: Vec<(i64, String)>) -> Vec<(i64, String)> {
    letters.sort();
    letters
}

fn range(from: Date, to: Date) -> Queued {
    Queued { from: Some(from), to: Some(to), ..Queued::default() }
}

#[test]
fn of_a_sink_that_never_heard_of_days_those_of_a_range_are_shown_as_they_are_sent_then() {
    for kind in [CRM, ODOO] {
        let (house, _key) = place();
        assert!(house.would_send(kind, &DryRun::default()).is_empty(), "nothing waits");
        let which = range(date(2026, 2, 9), date(2026, 2, 13));
        let dry_run = DryRun { queued: Some(which.clone()), ..DryRun::default() };
        assert_eq!(house.would_send(kind, &dry_run).len(), 10, "five days of two people");
        let one = Queued { employee: Some("12".to_owned()), ..which.clone() };
        assert_eq!(house.would_send(kind, &DryRun { queued: Some(one), ..DryRun::default() }).len(), 5);
        assert_eq!(house.would_send(kind, &DryRun { limit: 3, ..dry_run.clone() }).len(), 3);
        // A punch came since: its day is derived first, and told beside those of the range.
        house.import(&["       12\t2026-02-23 20:30:00\t1\t0\t1\t0".to_owned()], true);
        let shown = house.would_send(kind, &dry_run);
        assert_eq!(shown.len(), 11);
        assert!(house.derive() > 0, "it is still to be derived");
        house.hub.queue_days(&clerk(), kind, &which, now()).unwrap();
        assert_eq!(house.sends(kind, Which::New), shown);
        assert!(house.would_send(kind, &dry_run).is_empty(), "all of it is there");
        let force = Queued { force: true, ..which };
        let force = DryRun { queued: Some(force), ..DryRun::default() };
        assert_eq!(house.would_send(kind, &force).len(), 10, "by force they go again");
    }
}

#[test]
fn what_failed_for_good_is_shown_when_it_is_asked_for_and_stays_failed() {
    for kind in [CRM, ODOO] {
        let (house, _key) = place();
        house.hub.queue_days(&clerk(), kind, &range(date(2026, 2, 9), date(2026, 2, 9)), now()).unwrap();
        let refuses = Plain { refuses: true, ..Plain::default() };
        let again = DryRun { retries_failed: true, ..DryRun::default() };
        for which in [Which::New, Which::Failed, Which::Failed] {
            let done = house.hub.deliver(kind, &refuses, which, 0, &now, &|| false).unwrap();
            assert_eq!(done.refused, 2);
            assert!(house.would_send(kind, &DryRun::default()).is_empty(), "what was tried waits for its retry");
            assert_eq!(house.would_send(kind, &again).len(), 2);
        }
        let shown = house.would_send(kind, &again);
        house.hub.requeue_failed(&clerk(), kind, now()).unwrap();
        assert_eq!(house.sends(kind, Which::New), shown);
    }
}

#[test]
fn the_first_few_that_are_shown_are_those_that_are_sent_first() {
    for kind in [CRM, ODOO] {
        let (house, _key) = place();
        let week = range(date(2026, 2, 9), date(2026, 2, 13));
        let last = house.store.read(|read| read.employees()).unwrap().into_iter().max_by_key(|one| one.id).unwrap();
        let of_last = Queued { employee: Some(last.code), ..week.clone() };
        house.hub.queue_days(&clerk(), kind, &of_last, now()).unwrap();
        let shown = house.would_send(kind, &DryRun { queued: Some(week.clone()), limit: 3, ..DryRun::default() });
        house.hub.queue_days(&clerk(), kind, &week, now()).unwrap();
        let plain = Plain::default();
        house.hub.deliver(kind, &plain, Which::New, 3, &now, &|| false).unwrap();
        assert_eq!((sorted(plain.came.into_inner().unwrap()), shown.len()), (shown, 3));
    }
}
