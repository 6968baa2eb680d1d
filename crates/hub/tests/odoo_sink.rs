//! Days to an Odoo that answers 500 to what it will never take: attempts count, and then it is left alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use house::{clerk, house, log, now};
use hub::{Delivered, EntryState, NewSink, ODOO, OdooSettings, Queued, SinkSettings, Which};
use jiff::civil::date;
use roads::odoo::{Odoo, OdooConfig};
use testkit::{FakeOdoo, OdooFault, OdooVersion};

const KEY: &str = "api-key-5ecret";

#[test]
fn what_is_answered_500_each_time_is_failed_after_three_attempts_and_holds_up_nobody() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mistake = OdooFault::Raises("builtins.ValueError");
    for (fault, says) in [(&mistake, "mend that in Odoo"), (&OdooFault::Html(500), "can't be read (500")] {
        let key = tempfile::tempdir().unwrap();
        let mut house = house();
        house.import(&log(), true);
        house.derive();
        house.hub = house.another_hub().with_key_file(key.path().join("hub.key"));
        let hub = &house.hub;
        let fake = FakeOdoo::start(OdooVersion::V19Json2, KEY).unwrap();
        ["12", "0012"].map(|badge| fake.employs(badge));
        let odoo = OdooSettings { database: "db".into(), user: "sync".into(), employee_field: "barcode".into() };
        let settings = SinkSettings { odoo: Some(odoo), ..SinkSettings::new(ODOO, &fake.url()) };
        let new = NewSink { name: ODOO.to_owned(), settings, token: KEY.to_owned(), signing_secret: None };
        hub.add_sink(&clerk(), &new, now()).unwrap();
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
        let deliver = |which| hub.deliver(ODOO, &client, which, 0, &now, &|| false).unwrap();
        let on = Some(date(2026, 2, 9));
        hub.queue_days(&clerk(), ODOO, &Queued { from: on, to: on, ..Queued::default() }, now()).unwrap();
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
            assert!(of(EntryState::Waiting).iter().all(|row| row.attempts == attempt - 1 && row.receipt.contains(says)));
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
