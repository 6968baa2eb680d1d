//! An Odoo that is read by itself: public holidays and approved leave, as they come, change, go and come back.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use attendance::{Leave, Part};
use hub::jobs::built_in;
use hub::view::DayFilter;
use hub::{
    Decision, Hub, LeaveKind, LegacyTable, Locking, MssqlSettings, OdooRead, OdooSourceSettings, ReadSource,
    SourceSettings, SourceState, Stated, Whom,
};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use testkit::{FakeOdoo, OdooFault, OdooVersion};

use self::house::{House, clerk, house, log, now};

const KEY: &str = "api-key-5ecret";

/// A company with a month of punches of 12 and 0012, and the Odoo that it shares them with.
struct Office {
    house: House,
    odoo: FakeOdoo,
    /// The id of 12 in Odoo.
    twelve: i64,
    _folder: tempfile::TempDir,
}

fn settings(odoo: &FakeOdoo) -> OdooSourceSettings {
    OdooSourceSettings {
        url: odoo.url(),
        database: "db".to_owned(),
        user: "sync".to_owned(),
        employee_field: "barcode".to_owned(),
        holidays: true,
        leave: true,
        employees: false,
        leave_types: [
            ("Paid Time Off".to_owned(), LeaveKind::Paid),
            ("Unpaid".to_owned(), LeaveKind::Unpaid),
            ("Remote".to_owned(), LeaveKind::Offsite),
            ("Jury".to_owned(), LeaveKind::Ignored),
        ]
        .into(),
        first: date(2026, 1, 1),
        allow_private: true,
    }
}

fn office(version: OdooVersion) -> Office {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let mut house = house();
    house.hub = house.hub.with_key_file(folder.path().join("key"));
    house.import(&log(), true);
    house.derive();
    let odoo = FakeOdoo::start(version, KEY).unwrap();
    let twelve = odoo.employs("12");
    let other = odoo.employs("0012");
    // By PINs, which may be shared, as badges may not.
    odoo.pins(twelve, "12");
    odoo.pins(other, "0012");
    let office = Office { house, odoo, twelve, _folder: folder };
    office.add(&settings(&office.odoo));
    office
}

impl Office {
    fn add(&self, settings: &OdooSourceSettings) {
        let settings = SourceSettings::Odoo(Box::new(settings.clone()));
        self.hub().add_source(&clerk(), "odoo", &settings, Some(KEY), now()).unwrap();
    }

    fn hub(&self) -> &Hub {
        &self.house.hub
    }

    fn read_at(&self, at: Timestamp) -> OdooRead {
        self.hub().read_odoo("odoo", Some(Duration::from_millis(500)), &|| at).unwrap()
    }

    fn read(&self) -> OdooRead {
        self.read_at(now())
    }

    /// Enters a day off of everybody, in Manila.
    fn everybody_off(&self, name: &str, day: &str) -> i64 {
        let day: Date = day.parse().unwrap();
        let from = format!("{} 16:00:00", day.yesterday().unwrap());
        let row = json!({"name": name, "date_from": from, "date_to": format!("{day} 15:59:59"), "time_type": "leave"});
        self.odoo.puts("resource.calendar.leaves", &row)
    }

    /// Approves leave of an employee.
    fn leave(&self, employee: i64, (from, to): (&str, &str), kind: &str, more: &Value) -> i64 {
        let mut row = json!({"state": "validate", "employee_id": [employee, "Somebody"], "holiday_status_id": [1, kind],
            "request_date_from": from, "request_date_to": to});
        for (name, value) in more.as_object().unwrap() {
            row[name.as_str()] = value.clone();
        }
        self.odoo.puts("hr.leave", &row)
    }

    /// What is stated of a kind, and by whom.
    fn stated(&self, kind: &str) -> Vec<String> {
        let stated = self.hub().in_force(kind, Date::MIN, Date::MAX).unwrap().into_iter();
        let words = stated.map(|one| match one.stated {
            Stated::Holiday(holiday) => format!("{} {} by {}", holiday.date, holiday.name, one.actor),
            Stated::Unavailable(prefix) => format!("{prefix} by {}", one.actor),
            Stated::Leave(leave) => {
                let hours = leave.from.zip(leave.to).map_or_else(String::new, |(from, to)| format!(" {from}-{to}"));
                let paid = if leave.paid { "" } else { " unpaid" };
                format!("{} {:?}{hours}{paid} of {} by {}", leave.date, leave.part, one.whom, one.actor)
            }
            Stated::Offsite(away) => format!("{} {:?} of {} by {}", away.date, away.part, one.whom, one.actor),
            other => format!("{other:?}"),
        });
        words.collect()
    }

    fn derive(&self) {
        self.hub().derive_all(now().checked_add(12.hours()).unwrap(), |_| {}).unwrap();
    }

    /// Kind of day and minutes of leave of 12.
    fn day(&self, date: &str) -> (String, i64) {
        self.derive();
        let date = date.parse().ok();
        let filter = DayFilter { from: date, to: date, employee: Some("12".to_owned()), ..DayFilter::default() };
        let record = self.hub().days(&filter).unwrap().rows.remove(0).record;
        (record.day_kind.to_string(), record.leave_minutes)
    }

    fn marked(&self) -> usize {
        self.derive();
        let filter = DayFilter { exception: Some("holiday_data_missing".to_owned()), ..DayFilter::default() };
        self.hub().days(&filter).unwrap().rows.len()
    }

    fn state(&self) -> SourceState {
        self.hub().source("odoo").unwrap().state
    }
}

fn no_table(_: &MssqlSettings, _: &str) -> Result<Box<dyn LegacyTable>, String> {
    Err("there is no table here".to_owned())
}

fn later(hours: i64) -> Timestamp {
    now().checked_add(hours.hours()).unwrap()
}

#[test]
fn holidays_of_an_odoo_that_is_down_are_marked_until_it_is_back_and_those_that_vanish_there_are_withdrawn() {
    let office = office(OdooVersion::V19Json2);
    let new_year = office.everybody_off("New Year", "2026-01-01");
    office.everybody_off("Chinese New Year", "2026-02-17");
    office.odoo.will([("web/version", OdooFault::Html(502))]);
    let read = office.read();
    assert_eq!(read.holidays.unwrap().missing, [2026]);
    assert!(read.trouble[0].contains("502"), "{:?}", read.trouble);
    assert_eq!(office.stated("unavailable"), ["2026 by source odoo"]);
    assert!(office.marked() > 30);
    let down = office.hub().source("odoo").unwrap();
    assert_eq!((down.state, down.down), (SourceState::Down, Some(now())));
    assert_eq!(office.day("2026-02-17").0, "workday");

    let read = office.read_at(later(1));
    assert_eq!((read.holidays.unwrap().stated, office.state()), (2, SourceState::Well));
    assert_eq!(
        office.stated("holiday"),
        ["2026-01-01 New Year by source odoo", "2026-02-17 Chinese New Year by source odoo"]
    );
    assert_eq!((office.marked(), office.day("2026-02-17").0.as_str()), (0, "public_holiday"));
    // Down again: what was heard stays.
    office.odoo.will([("search_read", OdooFault::Killed)]);
    let read = office.read_at(later(2));
    assert!(!read.trouble.is_empty(), "{read:?}");
    let down = office.hub().source("odoo").unwrap();
    assert_eq!((down.down, office.marked(), office.stated("holiday").len()), (Some(later(2)), 0, 2));
    // Deleted there, it is a workday; what a person stated stays.
    office.odoo.deletes("resource.calendar.leaves", new_year);
    assert_eq!(office.read_at(later(3)).holidays.unwrap().withdrawn, 1);
    assert_eq!(office.stated("holiday"), ["2026-02-17 Chinese New Year by source odoo"]);
}

#[test]
fn leave_is_stated_changes_and_goes_as_it_does_in_odoo() {
    for version in [OdooVersion::V17, OdooVersion::V18, OdooVersion::V19, OdooVersion::V19Json2] {
        let office = office(version);
        office.everybody_off("New Year", "2026-01-01");
        let half = json!({"request_unit_half": true, "request_date_from_period": "pm", "request_date_to_period": "pm"});
        let id = office.leave(office.twelve, ("2026-02-10", "2026-02-10"), "Paid Time Off", &half);
        let hours = json!({"request_unit_hours": true, "request_hour_from": "8.5", "request_hour_to": "10"});
        office.leave(office.twelve, ("2026-02-12", "2026-02-12"), "Unpaid", &hours);
        office.leave(office.twelve, ("2026-02-24", "2026-02-25"), "Remote", &json!({}));
        office.leave(office.twelve, ("2026-02-26", "2026-02-26"), "Jury", &json!({}));
        office.leave(office.twelve, ("2026-02-27", "2026-02-27"), "Paid Time Off", &json!({"state": "confirm"}));
        let read = office.read();
        let leave = read.leave.unwrap();
        assert_eq!((leave.approved, leave.stated, leave.untaken.len()), (4, 4, 0), "{version:?}: {leave:?}");
        let of = "of employee 12 by source odoo";
        assert_eq!(
            office.stated("leave"),
            [format!("2026-02-10 Pm {of}"), format!("2026-02-12 Hours 08:30-10:00 unpaid {of}")]
        );
        assert_eq!(office.stated("offsite"), [format!("2026-02-24 Full {of}"), format!("2026-02-25 Full {of}")]);
        assert_eq!(office.day("2026-02-10").1, 270);
        // The same again changes nothing.
        let leave = office.read().leave.unwrap();
        assert_eq!((leave.stated, leave.withdrawn), (0, 0));
        // The other half; then two days; then another week.
        let am = json!({"request_date_from_period": "am", "request_date_to_period": "am"});
        office.odoo.changes("hr.leave", id, &am);
        assert_eq!(office.read().leave.unwrap().stated, 1);
        assert_eq!(
            (office.stated("leave")[0].clone(), office.day("2026-02-10").1),
            (format!("2026-02-10 Am {of}"), 270)
        );
        office.odoo.changes("hr.leave", id, &json!({"request_unit_half": false, "request_date_to": "2026-02-11"}));
        office.read();
        assert_eq!(office.stated("leave")[..2], [format!("2026-02-10 Full {of}"), format!("2026-02-11 Full {of}")]);
        let moved = json!({"request_date_from": "2026-02-18", "request_date_to": "2026-02-18"});
        office.odoo.changes("hr.leave", id, &moved);
        let leave = office.read().leave.unwrap();
        assert_eq!((leave.stated, leave.withdrawn), (1, 2));
        assert_eq!((office.day("2026-02-10").1, office.day("2026-02-18").1), (0, 540));
        // Refused, and deleted.
        office.odoo.changes("hr.leave", id, &json!({"state": "refuse"}));
        assert_eq!(office.read().leave.unwrap().withdrawn, 1);
        assert_eq!(office.day("2026-02-18").1, 0);
        office.odoo.changes("hr.leave", id, &json!({"state": "validate"}));
        assert_eq!(office.read().leave.unwrap().stated, 1, "what Odoo approves again is stated again");
        office.odoo.deletes("hr.leave", id);
        assert_eq!(office.read().leave.unwrap().withdrawn, 1);
        assert_eq!(office.stated("leave"), [format!("2026-02-12 Hours 08:30-10:00 unpaid {of}")]);
    }
}

#[test]
fn an_odoo_that_fails_in_the_middle_withdraws_nothing() {
    let office = office(OdooVersion::V18);
    office.everybody_off("New Year", "2026-01-01");
    office.leave(office.twelve, ("2026-02-10", "2026-02-10"), "Paid Time Off", &json!({}));
    office.read();
    for fault in
        [OdooFault::Killed, OdooFault::CutsReply, OdooFault::Html(500), OdooFault::Raises("psycopg2.OperationalError")]
    {
        office.odoo.will([("hr.leave", fault.clone())]);
        let read = office.read_at(later(1));
        assert!(read.leave.is_none() && read.trouble.len() == 1, "{fault:?}: {read:?}");
        assert_eq!((office.stated("leave").len(), office.state()), (1, SourceState::Down));
        assert_eq!(office.hub().source("odoo").unwrap().down, Some(later(1)), "since the first time");
    }
    // A right that is taken keeps the other parts from nothing.
    office.odoo.closes(&["hr.leave"]);
    office.everybody_off("Chinese New Year", "2026-02-17");
    let read = office.read_at(later(2));
    assert_eq!(read.holidays.unwrap().stated, 1);
    assert!(read.trouble[0].contains("Time Off / Officer"), "{:?}", read.trouble);
    office.odoo.closes(&[]);
    assert_eq!(office.read_at(later(3)).trouble, Vec::<String>::new());
    assert_eq!(office.state(), SourceState::Well);
}

#[test]
fn a_user_who_sees_only_its_own_leave_withdraws_nobodys() {
    for version in [OdooVersion::V17, OdooVersion::V18, OdooVersion::V19, OdooVersion::V19Json2] {
        let office = office(version);
        office.everybody_off("New Year", "2026-01-01");
        let other = office.odoo.employs("99");
        let gone = office.leave(office.twelve, ("2026-02-10", "2026-02-10"), "Paid Time Off", &json!({}));
        office.leave(office.twelve, ("2026-02-12", "2026-02-12"), "Paid Time Off", &json!({}));
        assert_eq!(office.read().leave.unwrap().stated, 2, "{version:?}");
        // The right is lost, and what Odoo names then is no answer to what is approved.
        office.odoo.sees_only_leave_of(Some(other));
        office.odoo.deletes("hr.leave", gone);
        let read = office.read_at(later(1));
        assert!(read.leave.is_none() && read.holidays.is_some(), "{read:?}");
        assert!(read.trouble[0].contains("everybody's leave: give it the group Time Off / Officer"), "{read:?}");
        let down = office.hub().source("odoo").unwrap();
        assert_eq!((down.state, down.down, office.stated("leave").len()), (SourceState::Down, Some(later(1)), 2));
        let why = office.hub().test_source("odoo", no_table, now()).unwrap_err().to_string();
        assert!(why.contains("Time Off / Officer"), "{why}");
        // It is back: what was deleted meanwhile is withdrawn.
        office.odoo.sees_only_leave_of(None);
        let read = office.read_at(later(2));
        assert_eq!((read.leave.unwrap().withdrawn, office.state()), (1, SourceState::Well));
        assert_eq!(office.stated("leave"), ["2026-02-12 Full of employee 12 by source odoo"]);
    }
}

#[test]
fn what_people_say_goes_before_and_what_they_take_back_does_not_come_again() {
    let office = office(OdooVersion::V19);
    office.everybody_off("New Year", "2026-01-01");
    let typed = Stated::Leave(Leave {
        date: date(2026, 2, 10),
        part: Part::Full,
        from: None,
        to: None,
        paid: false,
        reason: None,
        id: None,
        recorded_at: None,
    });
    let twelve = Whom::Employee("12".to_owned());
    office.hub().state(&clerk(), &twelve, &typed, "", now()).unwrap();
    office.leave(office.twelve, ("2026-02-10", "2026-02-11"), "Paid Time Off", &json!({}));
    let leave = office.read().leave.unwrap();
    assert_eq!((leave.stated, leave.untaken.len()), (1, 1), "{leave:?}");
    assert!(leave.untaken[0].contains("2026-02-10 of 12") && leave.words().contains("not taken"), "{leave:?}");
    assert_eq!(
        office.stated("leave"),
        ["2026-02-10 Full unpaid of employee 12 by clerk", "2026-02-11 Full of employee 12 by source odoo"]
    );
    // The person withdraws their own: Odoo's comes; then takes that back: it stays away, also when it changes there.
    let number = |place: usize| office.hub().in_force("leave", Date::MIN, Date::MAX).unwrap()[place].number;
    office.hub().withdraw(&clerk(), number(0), "a slip", now()).unwrap();
    assert_eq!(office.read().leave.unwrap().stated, 1);
    office.hub().withdraw(&clerk(), number(0), "she came", now()).unwrap();
    let leave = office.read().leave.unwrap();
    assert_eq!((leave.stated, leave.taken_back), (0, 1));
    assert_eq!(office.stated("leave"), ["2026-02-11 Full of employee 12 by source odoo"]);
}

#[test]
fn what_is_of_no_kind_or_of_nobody_here_is_told_and_not_guessed() {
    let office = office(OdooVersion::V17);
    office.everybody_off("New Year", "2026-01-01");
    let dates = ("2026-02-10", "2026-02-10");
    office.leave(office.twelve, dates, "Study", &json!({}));
    let stranger = office.odoo.employs("77");
    office.odoo.names(stranger, "Zoe", "", "");
    office.leave(stranger, dates, "Paid Time Off", &json!({}));
    let nameless = office.odoo.employs("");
    office.leave(nameless, dates, "Paid Time Off", &json!({}));
    office.leave(office.twelve, dates, "Paid Time Off", &json!({"employee_id": false}));
    let leave = office.read().leave.unwrap();
    assert_eq!((leave.stated, leave.untaken.len()), (0, 3));
    let words = leave.words();
    for told in ["1 of `Study`", "Zoe has `barcode` 77 in Odoo", "has no `barcode`", "no single employee"] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert_eq!(office.state(), SourceState::Well, "told on the page, and no failure");
    // A kind is given: the leave is stated. Another kind: it is that. None again: it stays as it is, and goes once
    // somebody says that it is to be ignored.
    let mut settings = settings(&office.odoo);
    settings.leave_types.insert("Study".to_owned(), LeaveKind::Paid);
    office.add(&settings);
    assert_eq!(office.read().leave.unwrap().stated, 1);
    settings.leave_types.insert("Study".to_owned(), LeaveKind::Offsite);
    office.add(&settings);
    office.read();
    assert_eq!((office.stated("leave").len(), office.stated("offsite").len()), (0, 1));
    settings.leave_types.remove("Study");
    office.add(&settings);
    let leave = office.read().leave.unwrap();
    assert_eq!((leave.withdrawn, leave.kept, leave.unmapped["Study"]), (0, 1, 1));
    settings.leave_types.insert("Study".to_owned(), LeaveKind::Ignored);
    office.add(&settings);
    assert_eq!(office.read().leave.unwrap().withdrawn, 1);
}

#[test]
fn leave_that_is_approved_still_stays_when_its_type_is_renamed_or_a_badge_is_cleared_or_shared() {
    for version in [OdooVersion::V17, OdooVersion::V18, OdooVersion::V19, OdooVersion::V19Json2] {
        let office = office(version);
        office.add(&OdooSourceSettings { employee_field: "pin".to_owned(), ..settings(&office.odoo) });
        office.everybody_off("New Year", "2026-01-01");
        let named = |id: i64, name: &str| office.odoo.changes("hr.leave", id, &json!({"holiday_status_id": [1, name]}));
        let ids = [("2026-02-10", "2026-02-11"), ("2026-02-12", "2026-02-12")]
            .map(|dates| office.leave(office.twelve, dates, "Paid Time Off", &json!({})));
        assert_eq!(office.read().leave.unwrap().stated, 3, "{version:?}");
        let before = office.stated("leave");
        let kept = |told: &str| {
            let leave = office.read().leave.unwrap();
            assert_eq!((leave.stated, leave.withdrawn, leave.kept), (0, 0, 3), "{version:?}, {told}: {leave:?}");
            let says = office.hub().source("odoo").unwrap().says;
            assert!(says.contains("3 dates stay as they were stated") && says.contains(told), "{says}");
            assert_eq!(office.stated("leave"), before);
        };
        ids.into_iter().for_each(|id| named(id, "Vacaciones"));
        kept("2 of `Vacaciones`");
        ids.into_iter().for_each(|id| named(id, "Paid Time Off"));
        office.odoo.pins(office.twelve, "");
        kept("has no `pin` in Odoo");
        office.odoo.pins(office.twelve, "0012");
        kept("shares `pin` 0012");
        // What is refused or deleted meanwhile goes all the same.
        office.odoo.changes("hr.leave", ids[0], &json!({"state": "refuse"}));
        let leave = office.read().leave.unwrap();
        assert_eq!((leave.withdrawn, leave.kept), (2, 1));
        // It can be taken again, and has moved: it follows.
        office.odoo.pins(office.twelve, "12");
        let moved = json!({"request_date_from": "2026-02-13", "request_date_to": "2026-02-13"});
        office.odoo.changes("hr.leave", ids[1], &moved);
        let leave = office.read().leave.unwrap();
        assert_eq!((leave.stated, leave.withdrawn, leave.kept), (1, 1, 0));
        assert_eq!(office.stated("leave"), ["2026-02-13 Full of employee 12 by source odoo"]);
    }
}

#[test]
fn leave_of_a_locked_day_is_a_delta() {
    let office = office(OdooVersion::V18);
    office.everybody_off("New Year", "2026-01-01");
    office.read();
    office.derive();
    let february = (date(2026, 2, 1), date(2026, 2, 28));
    assert_eq!(office.hub().lock(&clerk(), february, Some("the owner wants it"), now()).unwrap(), Locking::Locked);
    office.leave(office.twelve, ("2026-02-10", "2026-02-10"), "Paid Time Off", &json!({}));
    assert_eq!(office.read().leave.unwrap().stated, 1);
    assert_eq!(office.day("2026-02-10").1, 0, "a locked day is not written");
    let deltas = office.hub().deltas(february).unwrap();
    assert_eq!((deltas.len(), deltas[0].code.as_str(), deltas[0].date), (1, "12", date(2026, 2, 10)));
}

#[test]
fn leave_that_began_before_what_is_looked_at_ends_when_odoo_cuts_it_short() {
    let office = office(OdooVersion::V19);
    office.everybody_off("New Year", "2026-01-01");
    let long = office.leave(office.twelve, ("2025-12-29", "2026-01-09"), "Paid Time Off", &json!({}));
    assert_eq!(office.read().leave.unwrap().stated, 12);
    // What ended before the first date is no business of this source.
    office.leave(office.twelve, ("2025-12-01", "2025-12-02"), "Paid Time Off", &json!({}));
    office.odoo.changes("hr.leave", long, &json!({"request_date_to": "2025-12-30"}));
    assert_eq!(office.read().leave.unwrap().withdrawn, 10);
    assert_eq!(office.stated("leave").len(), 2);
}

#[test]
fn the_test_tells_what_may_be_read_and_what_is_missing_and_jobs_read_it() {
    let office = office(OdooVersion::V17);
    office.everybody_off("New Year", "2026-01-01");
    office.leave(office.twelve, ("2026-02-10", "2026-02-10"), "Paid Time Off", &json!({}));
    for name in ["Paid Time Off", "Study"] {
        office.odoo.puts("hr.leave.type", &json!({"name": name}));
    }
    let test = || office.hub().test_source("odoo", no_table, now());
    let says = test().unwrap();
    for told in [
        "Odoo 17.0 by JSON-RPC",
        "1 public holidays from 2026-01-01 on",
        "2 of 2 employees have `barcode`",
        "1 approved leaves from 2026-01-01 on",
        "gives no kind: `Study`",
    ] {
        assert!(says.contains(told), "{told}: {says}");
    }
    office.odoo.closes(&["hr.leave", "hr.leave.type"]);
    let why = test().unwrap_err().to_string();
    assert!(why.contains("Time Off / Officer") && why.contains("it may be read: Odoo 17.0"), "{why}");
    assert!(!why.contains(KEY));
    office.odoo.closes(&[]);

    let works = built_in().with(ReadSource(no_table));
    office.hub().ask_for_job(&clerk(), "pull", now()).unwrap();
    loop {
        let claimed = office.hub().claim_jobs(&works, "hub", 9, now()).unwrap();
        if claimed.is_empty() {
            break;
        }
        for job in claimed {
            office.hub().perform(&works, &job, now, 1.0, &AtomicBool::new(false)).unwrap();
        }
    }
    assert_eq!((office.stated("leave").len(), office.state()), (1, SourceState::Well));
    let warning = || office.hub().source("odoo").unwrap().key_warning(now());
    assert_eq!(warning(), None);
    office.odoo.ends_keys("2026-03-10 00:00:00");
    office.read();
    let says = warning().unwrap();
    assert!(says.contains("2026-03-10 00:00 UTC") && says.contains("`punchclock source add odoo`"), "{says}");
    // The key ends: it is told since when, and a new one is given by the same command.
    office.odoo.expires_key();
    office.odoo.gives_key("another");
    let read = office.read_at(later(5));
    assert!(read.trouble[0].contains("make a new one"), "{:?}", read.trouble);
    assert_eq!((office.stated("leave").len(), office.marked()), (1, 0));
}

/// The employees of Odoo, as the page of matching shows them.
fn proposals(office: &Office) -> Vec<String> {
    let rows = office.hub().matches(now()).unwrap().into_iter().filter(|row| row.user.starts_with("odoo/"));
    let words = rows.map(|row| {
        let owner = row.owner.map_or_else(String::new, |(code, _)| format!(" is {code}"));
        let could = row.candidates.iter().map(|one| format!(" {} ({})", one.code, one.says())).collect::<String>();
        format!("{} {}: {}{owner}{could}", row.user, row.names.join(", "), row.state.word())
    });
    words.collect()
}

#[test]
fn employees_of_an_odoo_are_proposals_and_nobody_is_added_or_changed_but_by_a_persons_word() {
    let office = office(OdooVersion::V18);
    let list = "code,name\n12,Ann Reyes\n0012,Ben Cruz\n1003,Cora Diaz\n";
    office.hub().import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    office.everybody_off("New Year", "2026-01-01");
    office.odoo.names(office.twelve, "REYES, Ann", "ann@example.org", "Sales");
    let cora = office.odoo.employs("");
    office.odoo.names(cora, "Cora Diaz", "", "");
    for (badge, name) in [("0077", "Zoe Lim"), ("88", "Xavi Tan"), ("99", "Gone Away")] {
        let id = office.odoo.employs(badge);
        office.odoo.names(id, name, "", "");
        if badge == "99" {
            office.odoo.archives(id);
        }
    }
    office.leave(cora, ("2026-02-10", "2026-02-10"), "Paid Time Off", &json!({}));
    let wanted = OdooSourceSettings { employees: true, ..settings(&office.odoo) };
    office.add(&wanted);
    // Who the employees are, and what was changed of them or their numbers.
    let of_people = || {
        let changes = office.hub().audit(500).unwrap().into_iter().map(|entry| entry.action);
        let changes = changes.filter(|action| !["fact.", "source."].iter().any(|other| action.starts_with(other)));
        let list = office.hub().employees(now()).unwrap().into_iter().map(|one| format!("{one:?}"));
        list.chain(changes).collect::<Vec<_>>()
    };
    let before = of_people();
    let read = office.read();
    assert_eq!((read.people, read.leave.unwrap().untaken.len()), (Some(5), 1));
    let named = |id: i64| format!("odoo/id{id}");
    assert_eq!(
        proposals(&office),
        [
            "odoo/0012 Employee 0012: differs is 0012".to_owned(),
            "odoo/0077 Zoe Lim: unknown".to_owned(),
            "odoo/12 REYES, Ann: matched is 12".to_owned(),
            "odoo/88 Xavi Tan: unknown".to_owned(),
            format!("{} Cora Diaz: proposed 1003 (same name)", named(cora)),
        ],
        "the badge is the code, and who is archived is no proposal"
    );
    assert_eq!(of_people(), before);

    // Several at once: who is whom, who is new, who is none.
    let decided = office.hub().decide_matches(
        &clerk(),
        &[
            Decision::Assign { user: named(cora), employee: "1003".to_owned(), from: None },
            Decision::Add { user: "odoo/0077".to_owned(), code: None, from: None },
            Decision::Dismiss { user: "odoo/88".to_owned(), reason: "a contractor".to_owned() },
            Decision::Assign { user: "odoo/99".to_owned(), employee: "12".to_owned(), from: None },
        ],
        now(),
    );
    let decided = decided.unwrap();
    assert_eq!((decided.done, decided.refused.len()), (3, 1), "{decided:?}");
    let actions: Vec<String> = office.hub().audit(4).unwrap().into_iter().map(|entry| entry.action).collect();
    for action in ["number.assign", "employee.add", "match.dismiss"] {
        assert!(actions.iter().any(|one| one == action), "{action}: {actions:?}");
    }
    let zoe = office.hub().employees(now()).unwrap().into_iter().find(|one| one.code == "0077").unwrap();
    assert_eq!(zoe.name, "Zoe Lim");
    let read = office.read();
    assert_eq!(read.leave.unwrap().stated, 1, "leave is of whom a person said");
    assert_eq!(office.stated("leave"), ["2026-02-10 Full of employee 1003 by source odoo"]);
    let states = proposals(&office);
    assert!(states.contains(&"odoo/0077 Zoe Lim: matched is 0077".to_owned()), "{states:?}");
    assert!(states.contains(&"odoo/88 Xavi Tan: dismissed".to_owned()), "{states:?}");
    // Who is dismissed afterwards has no leave here any more.
    let none = Decision::Dismiss { user: named(cora), reason: "a contractor".to_owned() };
    office.hub().decide_matches(&clerk(), &[none], now()).unwrap();
    let leave = office.read().leave.unwrap();
    assert_eq!((leave.withdrawn, leave.kept, leave.untaken.len()), (1, 0, 1));
    // With the source its proposals go, and what was decided stays.
    office.hub().remove_source(&clerk(), "odoo", now()).unwrap();
    assert!(proposals(&office).is_empty());
    assert!(office.hub().employees(now()).unwrap().iter().any(|one| one.code == "0077"));
}
