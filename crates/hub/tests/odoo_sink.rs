//! Days to an Odoo: what it will never take is left alone after three attempts, and what it says of its keys is told.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{House, clerk, house, log, now};
use hub::{Delivered, EntryState, Hub, NewSink, ODOO, OdooSettings, Queued, SinkSettings, Which};
use jiff::civil::date;
use roads::odoo::{Odoo, OdooConfig};
use testkit::{FakeOdoo, OdooFault, OdooVersion};

const KEY: &str = "api-key-5ecret";

/// Two people with a day each in the outbox of an Odoo.
struct Office {
    house: House,
    fake: FakeOdoo,
    client: Odoo,
    _key: tempfile::TempDir,
}

fn office() -> Office {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = tempfile::tempdir().unwrap();
    let mut house = house();
    house.import(&log(), true);
    house.derive();
    house.hub = house.another_hub().with_key_file(key.path().join("hub.key"));
    let fake = FakeOdoo::start(OdooVersion::V19Json2, KEY).unwrap();
    ["12", "0012"].iter().for_each(|badge| _ = fake.employs(badge));
    let client = Odoo::new(OdooConfig {
        url: fake.url(),
        database: "db".to_owned(),
        user: "sync".to_owned(),
        key: KEY.to_owned(),
        employee_field: "barcode".to_owned(),
        allow_private: true,
        per_second: 0,
        timeout: None,
    })
    .unwrap();
    let office = Office { house, fake, client, _key: key };
    office.add();
    let on = Some(date(2026, 2, 9));
    office.hub().queue_days(&clerk(), ODOO, &Queued { from: on, to: on, ..Queued::default() }, now()).unwrap();
    office
}

impl Office {
    fn hub(&self) -> &Hub {
        &self.house.hub
    }

    fn add(&self) {
        let odoo = OdooSettings { database: "db".into(), user: "sync".into(), employee_field: "barcode".into() };
        let settings = SinkSettings { odoo: Some(odoo), ..SinkSettings::new(ODOO, &self.fake.url()) };
        let new = NewSink { name: ODOO.to_owned(), settings, token: KEY.to_owned(), signing_secret: None };
        self.hub().add_sink(&clerk(), &new, now()).unwrap();
    }

    fn deliver(&self, which: Which) -> Delivered {
        self.hub().deliver(ODOO, &self.client, which, 0, &now, &|| false).unwrap()
    }
}

#[test]
fn what_is_answered_500_each_time_is_failed_after_three_attempts_and_holds_up_nobody() {
    let mistake = OdooFault::Raises("builtins.ValueError");
    for (fault, says) in [(&mistake, "mend that in Odoo"), (&OdooFault::Html(500), "can't be read (500")] {
        let office = office();
        let (hub, fake) = (office.hub(), &office.fake);
        let deliver = |which| office.deliver(which);
        // Both days in one call, and then the one that can't be taken by itself.
        if *fault == mistake {
            fake.will([("load", fault.clone()), ("load", fault.clone())]);
            let done = deliver(Which::New);
            assert_eq!((done.sent, done.refused, fake.has_failed_as_told()), (1, 1, true), "{done:?}");
        } else {
            fake.will([("load", fault.clone())]);
            let done = deliver(Which::New);
            assert_eq!((done.sent, done.failed, fake.has_failed_as_told()), (0, 2, true), "{done:?}");
        }
        let of = |state| hub.sink_entries(ODOO, state, 9).unwrap();
        for attempt in 2..=3 {
            assert!(
                of(EntryState::Waiting).iter().all(|row| row.attempts == attempt - 1 && row.receipt.contains(says))
            );
            fake.will([("load", fault.clone())]);
            deliver(Which::Failed);
            assert!(fake.has_failed_as_told());
        }
        let failed = of(EntryState::Failed);
        assert!(!failed.is_empty() && of(EntryState::Waiting).is_empty());
        assert!(failed.iter().all(|row| row.receipt.contains(says) && row.attempts == 3), "{failed:?}");
        let _ = fake.calls();
        assert_eq!((deliver(Which::All), fake.calls()), (Delivered::default(), Vec::new()), "nobody is asked any more");
        hub.requeue_failed(&clerk(), ODOO, now()).unwrap();
        assert_eq!(deliver(Which::New).sent, failed.len() as u64);
        assert_eq!(of(EntryState::Sent).len(), 2);
    }
}

#[test]
fn a_key_that_ends_is_told_three_weeks_before_until_another_one_is_given() {
    let office = office();
    let told = || office.hub().sinks().unwrap().remove(0).key_warning(now());
    office.fake.ends_keys("2026-03-20 10:00:00");
    assert_eq!(told(), None, "nobody has asked yet");
    assert_eq!(office.deliver(Which::New).sent, 2);
    let says = told().unwrap();
    assert!(says.contains("API key `punchclock`") && says.contains("in 16 days, on 2026-03-20 10:00 UTC"), "{says}");
    assert!(says.contains("`punchclock sink add odoo`") && !says.contains(KEY), "{says}");
    // Another key: what was known is of the old one.
    office.add();
    assert_eq!(told(), None);
    let force = Queued { force: true, ..Queued::default() };
    for (ends, is_told) in
        [("2026-03-20 10:00:00", true), ("2026-12-31 00:00:00", false), ("2026-03-05 00:00:00", true), ("", false)]
    {
        office.fake.ends_keys(ends);
        office.hub().queue_days(&clerk(), ODOO, &force, now()).unwrap();
        assert!(office.deliver(Which::New).sent > 0);
        assert_eq!(told().is_some(), is_told, "{ends}");
    }
}
