//! Reading an Odoo that behaves as the reference says: by both roads, page by page, with rights that are missing and fields that a version
//! lacks; nothing is changed there.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use roads::odoo::{NotRead, Odoo, OdooConfig, USUAL_FIELD};
use serde_json::{Value, json};
use testkit::{FakeOdoo, OdooFault, OdooVersion};

const KEY: &str = "api-key-5ecret";
const VERSIONS: [OdooVersion; 4] = [OdooVersion::V17, OdooVersion::V18, OdooVersion::V19, OdooVersion::V19Json2];
const FIRST: Date = date(2026, 1, 1);

fn odoo_with(fake: &FakeOdoo, key: &str) -> Odoo {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = OdooConfig {
        url: fake.url(),
        database: "db".to_owned(),
        user: "sync".to_owned(),
        key: key.to_owned(),
        employee_field: USUAL_FIELD.to_owned(),
        allow_private: true,
        per_second: 0,
        timeout: Some(Duration::from_millis(500)),
    };
    Odoo::new(config).unwrap()
}

fn odoo(fake: &FakeOdoo) -> Odoo {
    odoo_with(fake, KEY)
}

/// Puts an entry of everybody's time off.
fn holiday(fake: &FakeOdoo, name: &str, (from, to): (&str, &str), more: &Value) -> i64 {
    let mut row = json!({"name": name, "date_from": from, "date_to": to, "time_type": "leave"});
    for (name, value) in more.as_object().into_iter().flatten() {
        row[name.as_str()] = value.clone();
    }
    fake.puts("resource.calendar.leaves", &row)
}

fn holidays(fake: &FakeOdoo) -> (Vec<String>, Vec<String>) {
    let found = odoo(fake).public_holidays(FIRST, &TimeZone::get("Asia/Manila").unwrap()).unwrap();
    (found.holidays.iter().map(|one| format!("{} {}", one.date, one.name)).collect(), found.left_out)
}

/// Puts approved leave of an employee on one date.
fn leave(fake: &FakeOdoo, employee: i64, date: &str, more: &Value) -> i64 {
    let mut row = json!({"state": "validate", "employee_id": [employee, "Somebody"], "holiday_status_id": [1, "Paid Time Off"],
        "request_date_from": date, "request_date_to": date});
    for (name, value) in more.as_object().into_iter().flatten() {
        row[name.as_str()] = value.clone();
    }
    fake.puts("hr.leave", &row)
}

#[test]
fn the_zone_of_a_holiday_is_that_of_its_schedule_or_of_its_companys_or_the_usual_one() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        // Nobody told a zone: it is Manila's.
        holiday(&fake, "New Year", ("2025-12-31 16:00:00", "2026-01-01 15:59:59"), &json!({}));
        assert_eq!(holidays(&fake).0, ["2026-01-01 New Year"], "{version:?}");
        let berlin = fake.puts("resource.calendar", &json!({"name": "Standard", "tz": "Europe/Berlin"}));
        let night = fake.puts("resource.calendar", &json!({"name": "Night", "tz": "Europe/Berlin", "active": false}));
        let company = fake.puts("res.company", &json!({"name": "We", "resource_calendar_id": [berlin, "Standard"]}));
        let ours = json!({"company_id": [company, "We"]});
        holiday(&fake, "Unity", ("2026-10-02 22:00:00", "2026-10-03 21:59:59"), &ours);
        let standard = json!({"company_id": [company, "We"], "calendar_id": [berlin, "Standard"]});
        holiday(&fake, "Easter", ("2026-04-04 22:00:00", "2026-04-06 21:59:59"), &standard);
        // None of everybody: of one schedule, of half a day, of a person, of working time.
        let night = json!({"company_id": [company, "We"], "calendar_id": [night, "Night"]});
        holiday(&fake, "Night off", ("2026-05-04 22:00:00", "2026-05-05 21:59:59"), &night);
        holiday(&fake, "Christmas Eve", ("2026-12-24 11:00:00", "2026-12-24 22:59:59"), &ours);
        let person = json!({"resource_id": [9, "Ann"]});
        holiday(&fake, "Ann", ("2026-06-01 22:00:00", "2026-06-02 21:59:59"), &person);
        holiday(&fake, "Training", ("2026-06-01 22:00:00", "2026-06-02 21:59:59"), &json!({"time_type": "other"}));
        let (dates, left_out) = holidays(&fake);
        // Without a company it is of the first one's zone: nearly the same hours, the same date.
        assert_eq!(
            dates,
            ["2026-01-01 New Year", "2026-04-05 Easter", "2026-04-06 Easter", "2026-10-03 Unity"],
            "{version:?}"
        );
        assert!(
            left_out[0].contains("`Night off`") && left_out[0].contains("one working schedule only"),
            "{left_out:?}"
        );
        assert!(left_out[1].contains("`Christmas Eve`") && left_out[1].contains("no whole day"), "{left_out:?}");
        let calls = fake.calls();
        assert!(calls.iter().all(|call| {
            ["search_read", "authenticate", "context_get"].iter().any(|method| call.ends_with(method))
        }));
    }
}

#[test]
fn leave_and_employees_come_page_by_page_from_every_version() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ann = fake.employs("7");
        fake.names(ann, "Ann Reyes", "ann@example.org", "Sales");
        let gone = fake.employs("8");
        fake.archives(gone);
        fake.employs("");
        for number in 0..600 {
            let day = FIRST.saturating_add(jiff::Span::new().days(number % 300));
            leave(&fake, ann, &day.to_string(), &json!({}));
        }
        let refused = leave(&fake, ann, "2026-03-02", &json!({"state": "refuse"}));
        let early = leave(&fake, ann, "2025-12-01", &json!({}));
        let odoo = odoo(&fake);
        assert_eq!(odoo.approved_leave(FIRST, &[]).unwrap().len(), 600, "{version:?}");
        let pages = fake.calls().iter().filter(|call| *call == "hr.leave.search_read").count();
        // Before 19 it is asked once more, without the field that came then.
        let asked_in_vain = usize::from(matches!(version, OdooVersion::V17 | OdooVersion::V18));
        assert_eq!(pages, 2 + asked_in_vain, "{version:?}");
        let with_early = odoo.approved_leave(FIRST, &[refused, early]).unwrap();
        assert!(with_early.iter().any(|one| one.id == early) && with_early.iter().all(|one| one.id != refused));
        let people = odoo.people().unwrap();
        assert_eq!(people.len(), 3);
        let first = &people[0];
        assert_eq!((first.code.as_str(), first.name.as_str(), first.department.as_str()), ("7", "Ann Reyes", "Sales"));
        assert_eq!((people[1].is_active, people[2].code.as_str()), (false, ""));
    }
}

#[test]
fn what_the_user_may_not_read_is_named_with_its_cure() {
    let refused = |answer: NotRead| match answer {
        NotRead::Refused(why) => why,
        NotRead::Away(why) => format!("away: {why}"),
    };
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let odoo = odoo(&fake);
        fake.closes(&["hr.leave", "resource.calendar.leaves"]);
        fake.allows(false, None);
        let leave = refused(odoo.approved_leave(FIRST, &[]).unwrap_err());
        assert!(leave.contains("may not read leave (hr.leave)") && leave.contains("Time Off / Officer"), "{leave}");
        let holidays = refused(odoo.public_holidays(FIRST, &TimeZone::UTC).unwrap_err());
        assert!(holidays.contains("may not read public holidays (resource.calendar.leaves)"), "{holidays}");
        let people = refused(odoo.people().unwrap_err());
        assert!(people.contains("Employees / Officer"), "{people}");
        fake.lacks(&["hr.leave", "hr.leave.type"]);
        let leave = refused(odoo.approved_leave(FIRST, &[]).unwrap_err());
        assert!(leave.contains("Time Off"), "{version:?}: {leave}");
        assert!(refused(odoo_with(&fake, "another").people().unwrap_err()).contains("look at the user and the key"));
    }
}

#[test]
fn a_page_that_does_not_come_makes_the_whole_reading_none() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ann = fake.employs("7");
        for _ in 0..510 {
            leave(&fake, ann, "2026-03-02", &json!({}));
        }
        let odoo = odoo(&fake);
        assert_eq!(odoo.approved_leave(FIRST, &[]).unwrap().len(), 510);
        for fault in [OdooFault::Killed, OdooFault::CutsReply, OdooFault::Silent, OdooFault::Html(502)] {
            // By the road of 17 and 18 the first call is the one that asks for a field too many.
            fake.will([("search_read", fault.clone())]);
            assert!(matches!(odoo.approved_leave(FIRST, &[]), Err(NotRead::Away(_))), "{version:?} {fault:?}");
        }
        assert_eq!(odoo.approved_leave(FIRST, &[]).unwrap().len(), 510);
        leave(&fake, ann, "soon", &json!({"request_date_to": "2026-09-09"}));
        let why = odoo.approved_leave(FIRST, &[]).unwrap_err();
        assert!(why.says().contains("has no request_date_from that can be read"), "{why:?}");
    }
}
