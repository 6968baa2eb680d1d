//! A calendar of public holidays that is read by itself, answers, fails and comes back.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hub::jobs::{Works, built_in};
use hub::view::DayFilter;
use hub::{Error, Heard, HolidaySettings, ReadSource, SourceSettings, SourceState, Stated, Whom};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use testkit::{CalendarMood, FakeCalendar};

use self::house::{House, clerk, house, log, now};

const YEAR: &str = r#"[{"date": "2026-01-01", "localName": "New Year", "global": true},
    {"date": "2026-02-17", "localName": "Chinese New Year", "global": true}]"#;

/// A company with a month of punches that reads a calendar.
fn workplace() -> (House, FakeCalendar) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (house, calendar) = (house(), FakeCalendar::start().unwrap());
    house.import(&log(), true);
    house.derive();
    add(&house, &calendar);
    (house, calendar)
}

fn add(house: &House, calendar: &FakeCalendar) {
    let settings =
        HolidaySettings { url: calendar.url(), country: None, region: None, from_year: 2026, allow_private: true };
    house.hub.add_source(&clerk(), "holidays", &SourceSettings::Holidays(settings), None, now()).unwrap();
}

fn read_at(house: &House, at: Timestamp) -> Heard {
    house.hub.read_holidays("holidays", Some(Duration::from_millis(300)), &|| at).unwrap()
}

fn read(house: &House) -> Heard {
    read_at(house, now())
}

/// Derives with all that was stated on this day.
fn derive(house: &House) {
    house.hub.derive_all(now().checked_add(12.hours()).unwrap(), |_| {}).unwrap();
}

/// Days that say that holidays of their date are not known.
fn marked(house: &House) -> usize {
    derive(house);
    let filter = DayFilter { exception: Some("holiday_data_missing".to_owned()), ..DayFilter::default() };
    house.hub.days(&filter).unwrap().rows.len()
}

fn stated(house: &House, kind: &str) -> Vec<String> {
    let stated = house.hub.in_force(kind, Date::MIN, Date::MAX).unwrap().into_iter();
    let words = stated.map(|one| match one.stated {
        Stated::Holiday(holiday) => format!("{} {} by {}", holiday.date, holiday.name, one.actor),
        Stated::Unavailable(prefix) => format!("{prefix} by {}", one.actor),
        other => format!("{other:?}"),
    });
    words.collect()
}

fn kind_of(house: &House, date: &str) -> String {
    derive(house);
    let date = date.parse().ok();
    let filter = DayFilter { from: date, to: date, employee: Some("12".to_owned()), ..DayFilter::default() };
    house.hub.days(&filter).unwrap().rows[0].record.day_kind.to_string()
}

fn down_since(house: &House) -> Option<Timestamp> {
    house.hub.source("holidays").unwrap().down
}

#[test]
fn a_calendar_that_was_never_heard_leaves_its_years_marked_and_its_first_answer_judges_them_again() {
    let (house, calendar) = workplace();
    assert_eq!((marked(&house), down_since(&house)), (0, None));
    calendar.is(CalendarMood::Status(500));
    let heard = read(&house);
    assert_eq!((heard.years.as_slice(), heard.missing.as_slice()), (&[][..], &[2026][..]));
    assert!(heard.trouble.as_ref().unwrap().contains("500"), "{heard:?}");
    assert!(marked(&house) > 30);
    assert_eq!(stated(&house, "unavailable"), ["2026 by source holidays"]);
    assert_eq!(kind_of(&house, "2026-02-17"), "workday");

    // However it fails, it is down since the first time.
    let later = |minutes: i64| now().checked_add(minutes.minutes()).unwrap();
    for (minutes, mood, says) in [
        (60, CalendarMood::Silent, "no answer in time"),
        (120, CalendarMood::Says("<html>sorry</html>".into()), "neither a JSON list"),
        (180, CalendarMood::Says("[{\"date\": \"soon\"}]".into()), "has no date"),
        (240, CalendarMood::Says("[]".into()), "no holiday of 2026"),
        (300, CalendarMood::Well, "nothing at its address (404)"),
    ] {
        calendar.is(mood);
        let heard = read_at(&house, later(minutes));
        assert!(heard.trouble.as_ref().unwrap().contains(says), "{says}: {heard:?}");
        assert_eq!(down_since(&house), Some(now()));
        assert_eq!(stated(&house, "unavailable").len(), 1);
    }
    calendar.put(2026, YEAR);
    let heard = read_at(&house, later(360));
    assert_eq!((heard.years.as_slice(), heard.stated, &heard.trouble), (&[2026][..], 2, &None));
    assert_eq!((marked(&house), down_since(&house)), (0, None));
    assert!(stated(&house, "unavailable").is_empty());
    assert_eq!(kind_of(&house, "2026-02-17"), "public_holiday");
    assert_eq!(house.hub.source("holidays").unwrap().state, SourceState::Well);
}

#[test]
fn what_was_heard_once_stays_known_while_the_calendar_is_away_and_is_not_sent_again() {
    let (house, calendar) = workplace();
    calendar.put(2026, YEAR);
    assert_eq!(read(&house).stated, 2);
    assert_eq!(calendar.answers(), [("/2026".to_owned(), 200), ("/2027".to_owned(), 404)]);
    // Nothing new: the same holidays, from what was kept.
    assert_eq!((read(&house).years, read(&house).stated), (vec![2026], 0));
    assert_eq!(calendar.answers()[..2], [("/2026".to_owned(), 304), ("/2027".to_owned(), 404)]);
    calendar.is(CalendarMood::Status(503));
    let heard = read(&house);
    assert_eq!((heard.years.as_slice(), heard.missing.as_slice()), (&[2026][..], &[][..]));
    assert_eq!((marked(&house), down_since(&house)), (0, Some(now())));
    // The next year comes, and one holiday of this one goes.
    calendar.is(CalendarMood::Well);
    calendar.put(2026, r#"[{"date": "2026-02-17", "localName": "Chinese New Year"}]"#);
    calendar.put(2027, r#"[{"date": "2027-01-01", "localName": "New Year"}]"#);
    let heard = read(&house);
    assert_eq!((heard.years, heard.stated, heard.withdrawn), (vec![2026, 2027], 1, 1));
    assert_eq!(
        stated(&house, "holiday"),
        ["2026-02-17 Chinese New Year by source holidays", "2027-01-01 New Year by source holidays"]
    );
}

#[test]
fn what_people_say_of_a_date_counts_whatever_the_calendar_says() {
    let (house, calendar) = workplace();
    let ours = Stated::Holiday(attendance::Holiday {
        date: "2026-01-01".parse().unwrap(),
        name: "Our day".into(),
        substitute_for: None,
        recorded_at: None,
    });
    house.hub.state(&clerk(), &Whom::Company, &ours, "", now()).unwrap();
    calendar.put(2026, YEAR);
    assert_eq!(read(&house).stated, 1);
    let number = house.hub.in_force("holiday", Date::MIN, Date::MAX).unwrap()[1].number;
    house.hub.withdraw(&clerk(), number, "we work", now()).unwrap();
    assert_eq!(read(&house).stated, 0);
    assert_eq!(stated(&house, "holiday"), ["2026-01-01 Our day by clerk"]);
    assert_eq!(kind_of(&house, "2026-02-17"), "workday");
}

#[test]
fn a_holiday_over_which_a_person_stated_another_comes_again_once_that_is_withdrawn() {
    let (house, calendar) = workplace();
    calendar.put(2026, YEAR);
    assert_eq!(read(&house).stated, 2);
    let later = |hours: i64| now().checked_add(hours.hours()).unwrap();
    let number = |name: &str| {
        let stated = house.hub.in_force("holiday", Date::MIN, Date::MAX).unwrap().into_iter();
        let named = |stated: &Stated| matches!(stated, Stated::Holiday(holiday) if &*holiday.name == name);
        stated.filter(|one| named(&one.stated)).map(|one| one.number).next().unwrap()
    };
    let ours = Stated::Holiday(attendance::Holiday {
        date: "2026-02-17".parse().unwrap(),
        name: "Our day".into(),
        substitute_for: None,
        recorded_at: None,
    });
    house.hub.state(&clerk(), &Whom::Company, &ours, "", later(1)).unwrap();
    assert_eq!(read_at(&house, later(2)).stated, 0, "what a person says counts");
    house.hub.withdraw(&clerk(), number("Our day"), "not after all", later(3)).unwrap();
    assert_eq!(read_at(&house, later(4)).stated, 1);
    house.hub.withdraw(&clerk(), number("Chinese New Year"), "we work", later(5)).unwrap();
    assert_eq!(read_at(&house, later(6)).stated, 0, "what a person took back does not come again");
}

#[test]
fn a_source_that_is_removed_leaves_its_holidays_and_takes_its_marks() {
    let (house, calendar) = workplace();
    calendar.put(2026, YEAR);
    let settings =
        HolidaySettings { url: calendar.url(), country: None, region: None, from_year: 2025, allow_private: true };
    house.hub.add_source(&clerk(), "holidays", &SourceSettings::Holidays(settings), None, now()).unwrap();
    assert_eq!(read(&house).missing, [2025]);
    house.hub.remove_source(&clerk(), "holidays", now()).unwrap();
    assert!(stated(&house, "unavailable").is_empty());
    assert_eq!(stated(&house, "holiday").len(), 2);
    assert!(matches!(house.hub.source("holidays"), Err(Error::NotFound(_))));
    let actions: Vec<String> = house.hub.audit(99).unwrap().into_iter().map(|entry| entry.action).collect();
    for action in ["source.add", "source.remove", "fact.state"] {
        assert!(actions.iter().any(|one| one == action), "{action}");
    }
}

#[test]
fn jobs_read_what_is_due_and_leave_what_is_paused_or_gone() {
    let (house, calendar) = workplace();
    calendar.put(2026, YEAR);
    let works = built_in().with(ReadSource(|_, _| Err("there is no table here".to_owned())));
    let round = |works: &Works, at: Timestamp| {
        house.hub.ask_for_job(&clerk(), "pull", at).unwrap();
        loop {
            let claimed = house.hub.claim_jobs(works, "hub", 9, at).unwrap();
            if claimed.is_empty() {
                break;
            }
            for job in claimed {
                house.hub.perform(works, &job, || at, 1.0, &AtomicBool::new(false)).unwrap();
            }
        }
        calendar.answers().len()
    };
    let later = |hours: i64| now().checked_add(hours.hours()).unwrap();
    assert_eq!(round(&works, now()), 2);
    assert_eq!(stated(&house, "holiday").len(), 2);
    assert_eq!(round(&works, later(1)), 0, "once a day is enough");
    assert_eq!(round(&works, later(25)), 2);
    calendar.is(CalendarMood::Status(500));
    assert_eq!(round(&works, later(50)), 2);
    assert_eq!(round(&works, later(51)), 2, "one that is down is asked hourly");
    house.hub.pause_source(&clerk(), "holidays", true, later(52)).unwrap();
    assert_eq!(round(&works, later(80)), 0);
    assert!(house.hub.ask_to_read(&clerk(), "holidays", later(80)).is_err());
    house.hub.pause_source(&clerk(), "holidays", false, later(81)).unwrap();
    house.hub.ask_to_read(&clerk(), "holidays", later(81)).unwrap();
    house.hub.remove_source(&clerk(), "holidays", later(81)).unwrap();
    assert_eq!(round(&works, later(82)), 0);
}
