//! The client of Odoo against one on loopback that behaves as real ones were seen to, by both roads, errors included: no attendance is
//! lost and none is there twice.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::disallowed_methods)]

use std::time::Duration;

use roads::odoo::{Odoo, OdooConfig, USUAL_FIELD};
use roads::sink::{Answer, Letter, Sink as _};
use serde_json::{Value, json};
use testkit::{FakeOdoo, OdooFault, OdooVersion};

const KEY: &str = "api-key-5ecret";
const VERSIONS: [OdooVersion; 4] = [OdooVersion::V17, OdooVersion::V18, OdooVersion::V19, OdooVersion::V19Json2];
const DATE: &str = "2026-03-04";

fn config(url: &str) -> OdooConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    OdooConfig {
        url: url.to_owned(),
        database: "db".to_owned(),
        user: "sync".to_owned(),
        key: KEY.to_owned(),
        employee_field: USUAL_FIELD.to_owned(),
        allow_private: true,
        per_second: 0,
        timeout: Some(Duration::from_millis(500)),
    }
}

fn odoo(fake: &FakeOdoo) -> Odoo {
    Odoo::new(config(&fake.url())).unwrap()
}

fn at(time: &str) -> i64 {
    let civil: jiff::civil::DateTime = time.parse().unwrap();
    civil.in_tz("UTC").unwrap().timestamp().as_second()
}

/// A day of an employee: pairs as `08:00-12:00`, lone punches as `20:00`, UTC.
fn letter(employee: i64, date: &str, times: &str) -> Letter {
    let (mut pairs, mut lone) = (Vec::new(), Vec::new());
    for word in times.split_whitespace() {
        let instant = |time: &str| at(&format!("{date}T{time}:00"));
        match word.split_once('-') {
            Some((from, to)) => pairs.push(json!([instant(from), instant(to)])),
            None => lone.push(json!(instant(word))),
        }
    }
    let fields = json!({"user_id": format!("{employee}"), "date": date, "pairs": pairs, "lone": lone});
    Letter {
        tenant: 1,
        id: format!("odoo/{employee}/{date}"),
        revision: 1,
        attempts: 0,
        fields: fields.as_object().unwrap().clone(),
    }
}

fn one(odoo: &Odoo, times: &str) -> Answer {
    odoo.deliver(&[letter(7, DATE, times)]).remove(0)
}

/// What it has: badge, from, to of each attendance.
fn has(fake: &FakeOdoo) -> Vec<String> {
    let short = |time: &str| time.replace("2026-03-04 ", "").get(..5).unwrap_or_default().to_owned();
    let rows = fake.attendances().into_iter();
    rows.map(|row| format!("{} {}-{}", row.barcode, short(&row.check_in), short(&row.check_out))).collect()
}

fn says(answer: &Answer) -> &str {
    match answer {
        Answer::Taken(says)
        | Answer::NotNow(says)
        | Answer::Unsent(says)
        | Answer::Refused(says)
        | Answer::Barred(says)
        | Answer::Closed(says) => says,
    }
}

fn taken(answer: &Answer) -> &str {
    let Answer::Taken(says) = answer else { panic!("{answer:?}") };
    says
}

fn refused(answer: &Answer) -> &str {
    let Answer::Refused(says) = answer else { panic!("{answer:?}") };
    says
}

fn closed(answer: &Answer) -> &str {
    let Answer::Closed(says) = answer else { panic!("{answer:?}") };
    says
}

#[test]
fn a_days_pairs_become_attendances_and_whatever_it_becomes_later_so_do_they() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        let odoo = odoo(&fake);
        taken(&one(&odoo, "08:00-12:00 13:00-17:00 20:00"));
        assert_eq!(has(&fake), ["7 08:00-12:00", "7 13:00-17:00", "7 20:00-20:00"], "{version:?}");
        let rows = fake.attendances();
        assert_eq!(rows[0].external_id, "punchclock.1_7_20260304_1");
        // Nothing changed: nothing is written.
        let _ = fake.calls();
        taken(&one(&odoo, "08:00-12:00 13:00-17:00 20:00"));
        assert_eq!(
            fake.calls(),
            ["hr.employee.search_read", "hr.attendance.search_read", "hr.attendance.get_external_id"]
        );
        // A pair before, a pair that became longer, a lone punch that found its partner, and one that is no more.
        for times in
            ["05:00-07:00 08:00-12:00 13:00-18:00 20:00-21:00", "06:00-09:00 09:00-13:00", "09:00-13:00", "10:00", ""]
        {
            taken(&one(&odoo, times));
            let wanted = times.split_whitespace().map(|word| match word.contains('-') {
                true => format!("7 {word}"),
                false => format!("7 {word}-{word}"),
            });
            assert_eq!(has(&fake), wanted.collect::<Vec<_>>(), "{version:?}");
        }
        assert_eq!(fake.doubled(), 0);
    }
}

#[test]
fn the_road_is_chosen_by_the_version_and_by_what_the_key_opens() {
    let of = |version, key: &str| {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        Odoo::new(OdooConfig { key: key.to_owned(), ..config(&fake.url()) }).unwrap().test()
    };
    assert!(of(OdooVersion::V18, KEY).unwrap().contains("Odoo 18.0 by JSON-RPC: attendances may be added"));
    assert!(of(OdooVersion::V18, "pass").unwrap().contains("by JSON-RPC"));
    let told = of(OdooVersion::V19, KEY).unwrap();
    assert!(told.contains("Odoo 19.0 by JSON-2") && told.contains("`punchclock` ends first, at 2026-12-31"), "{told}");
    // A password is no bearer: JSON-RPC takes it, where it is.
    assert!(of(OdooVersion::V19, "pass").unwrap().contains("Odoo 19.0 by JSON-RPC"));
    assert!(of(OdooVersion::V19Json2, "pass").unwrap_err().contains("look at the user and the key"));
    for version in VERSIONS {
        assert!(of(version, "another").unwrap_err().contains("90 days"), "{version:?}");
    }
}

#[test]
fn the_session_is_kept_and_a_hundred_days_are_a_few_calls() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        for number in 1..=100 {
            fake.employs(&number.to_string());
        }
        let odoo = odoo(&fake);
        for date in ["2026-03-04", "2026-03-05"] {
            let letters: Vec<_> = (1..=100).map(|number| letter(number, date, "08:00-12:00")).collect();
            odoo.deliver(&letters).iter().for_each(|answer| drop(taken(answer).to_owned()));
        }
        let calls = fake.calls();
        assert_eq!(fake.attendances().len(), 200);
        assert_eq!(calls.iter().filter(|call| *call == "hr.attendance.load").count(), 2, "{calls:?}");
        assert!(calls.len() <= 8, "{calls:?}");
        assert!(calls.iter().filter(|call| *call == "common.authenticate").count() <= 1);
    }
}

#[test]
fn whatever_happens_to_a_call_on_its_way_the_row_is_there_once() {
    use OdooFault::{CutsReply, Html, Killed, Lingers, LosesReply, Raises, Silent};
    // One that lingers is done when the look is over that misses it.
    let faults =
        [Killed, Lingers, LosesReply, CutsReply, Silent, Html(502), Raises("psycopg2.errors.SerializationFailure")];
    let wanted = |times: &str| times.split_whitespace().map(|word| format!("7 {word}")).collect::<Vec<_>>();
    let stories = [("", "08:00-12:00", "load"), ("08:00-12:00", "08:00-13:00", "write"), ("08:00-12:00", "", "unlink")];
    for version in VERSIONS {
        for fault in &faults {
            for (before, after, method) in stories {
                let fake = FakeOdoo::start(version, KEY).unwrap();
                fake.employs("7");
                let odoo = odoo(&fake);
                taken(&one(&odoo, before));
                fake.will([(method, fault.clone())]);
                let first = one(&odoo, after);
                assert!(fake.has_failed_as_told(), "{version:?} {method} {fault:?}");
                // What was done is seen by the look that follows at once; the rest goes another time.
                assert!(*fault != Lingers || has(&fake) == wanted(after), "{version:?} {method}: it is done late");
                let is_done = matches!(fault, LosesReply | CutsReply | Silent);
                match is_done {
                    true => assert!(matches!(first, Answer::Taken(_)), "{version:?} {method} {fault:?}: {first:?}"),
                    false => assert!(matches!(first, Answer::NotNow(_)), "{version:?} {method} {fault:?}: {first:?}"),
                }
                taken(&one(&odoo, after));
                assert_eq!(has(&fake), wanted(after), "{version:?} {method} {fault:?}");
            }
        }
    }
}

#[test]
fn a_look_that_fails_sends_nothing() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        let odoo = odoo(&fake);
        taken(&one(&odoo, ""));
        for method in ["search_read", "get_external_id"] {
            if method == "get_external_id" {
                taken(&one(&odoo, "08:00-12:00"));
            }
            for fault in [OdooFault::Killed, OdooFault::Silent, OdooFault::Html(200), OdooFault::Html(503)] {
                fake.will([(method, fault)]);
                assert!(matches!(one(&odoo, "09:00-11:00"), Answer::NotNow(_)));
            }
        }
        assert_eq!(has(&fake), ["7 08:00-12:00"]);
    }
}

#[test]
fn who_refuses_a_row_in_a_batch_is_found_and_its_neighbours_go() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ids: Vec<i64> = (1..=40).map(|number| fake.employs(&number.to_string())).collect();
        let odoo = odoo(&fake);
        // Somebody enters these between the look and the call.
        let overtaken = |place: usize| {
            let (from, to) = ("2026-03-04 09:00:00", "2026-03-04 10:00:00");
            ("load", OdooFault::Overtaken(ids[place], from, to))
        };
        fake.will([overtaken(2), overtaken(30)]);
        let letters: Vec<_> = (1..=40).map(|number| letter(number, DATE, "08:00-12:00 13:00-17:00")).collect();
        let answers = odoo.deliver(&letters);
        assert!(fake.has_failed_as_told());
        for (place, answer) in answers.iter().enumerate() {
            match place {
                2 | 30 => {
                    let says = refused(answer);
                    assert!(says.contains("09:00:00 to 2026-03-04 10:00:00 UTC) is not ours"), "{says}");
                }
                _ => drop(taken(answer).to_owned()),
            }
        }
        assert_eq!(fake.attendances().len(), 38 * 2 + 2, "{version:?}");
        assert_eq!(fake.doubled(), 0);
    }
}

/// How many were taken, put off, and not sent.
fn counts(answers: &[Answer]) -> [usize; 3] {
    let count = |is_it: fn(&Answer) -> bool| answers.iter().filter(|answer| is_it(answer)).count();
    [
        count(|answer| matches!(answer, Answer::Taken(_))),
        count(|answer| matches!(answer, Answer::NotNow(_))),
        count(|answer| matches!(answer, Answer::Unsent(_))),
    ]
}

#[test]
fn one_at_whom_odoo_breaks_is_looked_up_and_found_and_a_server_that_is_broken_hears_of_a_few() {
    let days = |attempts| -> Vec<Letter> {
        (1..=100).map(|number| Letter { attempts, ..letter(number, DATE, "08:00-12:00") }).collect()
    };
    for version in VERSIONS {
        for fault in [OdooFault::Html(500), OdooFault::Raises("some.Thing"), OdooFault::Killed] {
            let is_silent = fault == OdooFault::Killed;
            let fake = FakeOdoo::start(version, KEY).unwrap();
            let ids: Vec<i64> = (1..=100).map(|number| fake.employs(&number.to_string())).collect();
            let odoo = odoo(&fake);
            let of = |what: &str| fake.calls().iter().filter(|call| call.ends_with(what)).count();
            // All of them: after a few by themselves it is the server, and a line that breaks ends it at once.
            fake.poisons(&ids, fault.clone());
            assert_eq!(counts(&odoo.deliver(&days(0))), if is_silent { [0, 100, 0] } else { [0, 5, 95] }, "{fault:?}");
            let loads = of(".load");
            assert!(if is_silent { loads == 1 } else { (8..20).contains(&loads) }, "{fault:?}: {loads}");
            // One of them, by itself once it had failed, and last of those that failed less often.
            fake.poisons(&ids[36..37], fault);
            let mut tried = days(1);
            let answers = odoo.deliver(&tried);
            assert_eq!(counts(&answers), if is_silent { [36, 1, 63] } else { [99, 1, 0] });
            assert!(matches!(answers[36], Answer::NotNow(_)), "{:?}", answers[36]);
            tried[36].attempts = 2;
            assert_eq!(counts(&odoo.deliver(&tried)), [99, 1, 0]);
            assert_eq!((fake.attendances().len(), fake.doubled()), (99, 0));
            // Of a hundred that never failed it is found in a few steps, with a look before each.
            let _ = fake.calls();
            let others: Vec<_> = (1..=100).map(|number| letter(number, "2026-03-05", "08:00-12:00")).collect();
            let wanted = if is_silent { [0, 100, 0] } else { [99, 1, 0] };
            assert_eq!(counts(&odoo.deliver(&others)), wanted, "{version:?}");
            let calls = fake.calls();
            assert!(calls.len() <= 48, "{calls:?}");
        }
    }
}

#[test]
fn one_at_whom_odoo_breaks_when_looked_at_holds_up_nobody() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ids: Vec<i64> = (1..=100).map(|number| fake.employs(&number.to_string())).collect();
        let odoo = odoo(&fake);
        let days: Vec<_> = (1..=100).map(|number| letter(number, DATE, "08:00-12:00")).collect();
        fake.poisons_looks(&ids, OdooFault::Html(500));
        assert_eq!(counts(&odoo.deliver(&days)), [0, 5, 95], "{version:?}");
        assert!(fake.calls().len() < 40, "it is the server, after a few");
        fake.poisons_looks(&[ids[36], ids[70]], OdooFault::Raises("some.Thing"));
        let answers = odoo.deliver(&days);
        assert_eq!(counts(&answers), [98, 2, 0], "{version:?}");
        assert!([36, 70].iter().all(|place| matches!(answers[*place], Answer::NotNow(_))), "{answers:?}");
        assert_eq!((fake.attendances().len(), fake.doubled()), (98, 0));
        fake.poisons_looks(&[], OdooFault::Html(500));
        assert_eq!(counts(&odoo.deliver(&days)), [100, 0, 0]);
    }
}

#[test]
fn a_reply_that_is_lost_among_those_that_go_one_by_one_holds_up_nobody_and_a_second_one_ends_the_part() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        (1..=9).for_each(|number| _ = fake.employs(&number.to_string()));
        let odoo = odoo(&fake);
        let days = |date| (1..=9).map(move |number| Letter { attempts: 1, ..letter(number, date, "08:00-12:00") });
        fake.will([("load", OdooFault::LosesReply)]);
        let answers = odoo.deliver(&days(DATE).collect::<Vec<_>>());
        answers.iter().for_each(|answer| drop(taken(answer).to_owned()));
        fake.will([("load", OdooFault::LosesReply), ("load", OdooFault::CutsReply)]);
        let answers = odoo.deliver(&days("2026-03-05").collect::<Vec<_>>());
        assert!(answers[..2].iter().all(|answer| matches!(answer, Answer::Taken(_))), "{answers:?}");
        assert!(answers[2..].iter().all(|answer| matches!(answer, Answer::Unsent(_))), "{answers:?}");
        assert_eq!((fake.attendances().len(), fake.doubled()), (9 + 2, 0));
    }
}

#[test]
fn what_others_entered_is_never_touched_and_named_when_it_stands_in_the_way() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ann = fake.employs("7");
        let odoo = odoo(&fake);
        let theirs = fake.has(ann, "2026-03-04 08:00:00", "2026-03-04 12:00:00").unwrap();
        // As it is wanted: it is enough, and it stays somebody else's.
        assert!(taken(&one(&odoo, "08:00-12:00 13:00-17:00")).contains("which somebody else entered"));
        assert_eq!(has(&fake), ["7 08:00-12:00", "7 13:00-17:00"]);
        let says = one(&odoo, "08:30-12:00 13:00-17:30");
        assert!(refused(&says).contains(&format!("attendance {theirs} (2026-03-04 08:00:00")), "{says:?}");
        taken(&one(&odoo, ""));
        assert_eq!(has(&fake), ["7 08:00-12:00"], "what is not ours stays when the day is gone");
        // Whoever is checked in since yesterday blocks no pair, and is left alone.
        fake.has(ann, "2026-03-03 22:00:00", "").unwrap();
        taken(&one(&odoo, "13:00-17:00"));
        assert_eq!(fake.attendances().len(), 3);
        fake.loses(theirs);
        // Somebody moves and reopens ours: the day, when it is sent again, is as it was.
        let ours = fake.attendances().iter().find(|row| !row.external_id.is_empty()).unwrap().id;
        fake.edits(ours, "2026-03-04 15:00:00", "2026-03-04 16:00:00").unwrap();
        taken(&one(&odoo, "13:00-17:00"));
        assert!(has(&fake).contains(&"7 13:00-17:00".to_owned()));
        // Somebody deletes ours: it is there again.
        fake.loses(ours);
        taken(&one(&odoo, "13:00-17:00"));
        assert!(has(&fake).contains(&"7 13:00-17:00".to_owned()));
    }
}

#[test]
fn a_row_that_is_open_in_odoo_is_closed() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        let odoo = odoo(&fake);
        taken(&one(&odoo, "08:00-12:00"));
        fake.edits(fake.attendances()[0].id, "2026-03-04 08:00:00", "").unwrap();
        let preview = odoo.preview(&[letter(7, DATE, "08:00-12:00")]).unwrap().remove(0);
        assert!(preview["steps"][0].as_str().unwrap().starts_with("close attendance"), "{preview}");
        taken(&one(&odoo, "08:00-12:00"));
        assert_eq!(has(&fake), ["7 08:00-12:00"]);
    }
}

#[test]
fn a_preview_shows_the_steps_and_does_none() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ann = fake.employs("7");
        fake.has(ann, "2026-03-05 09:00:00", "2026-03-05 10:00:00").unwrap();
        let odoo = odoo(&fake);
        let letters =
            [letter(7, DATE, "08:00-12:00"), letter(7, "2026-03-05", "08:00-12:00"), letter(8, DATE, "08:00-12:00")];
        let shown = odoo.preview(&letters).unwrap();
        assert_eq!(shown[0]["steps"], json!(["create 2026-03-04 08:00:00 to 2026-03-04 12:00:00 UTC"]));
        let in_the_way = |place: usize| shown[place]["in the way"].as_str().unwrap();
        assert!(in_the_way(1).contains("is not ours") && in_the_way(2).contains("no employee in Odoo has `8`"));
        assert_eq!(fake.attendances().len(), 1);
    }
}

#[test]
fn employees_are_found_by_their_badge_archived_ones_too_and_a_missing_one_holds_up_nobody() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let (gone, _) = (fake.employs("7"), fake.employs("8"));
        fake.archives(gone);
        let letters: Vec<_> = [7, 9, 8].map(|number| letter(number, DATE, "08:00-12:00")).into();
        let answers = odoo(&fake).deliver(&letters);
        assert!(refused(&answers[1]).contains("no employee in Odoo has `9` as their barcode: enter it there"));
        assert_eq!(has(&fake), ["7 08:00-12:00", "8 08:00-12:00"]);
    }
}

#[test]
fn of_a_field_that_several_may_have_one_who_shares_it_is_refused_with_the_cure() {
    let fake = FakeOdoo::start(OdooVersion::V18, KEY).unwrap();
    let (ann, bea, cora) = (fake.employs("7"), fake.employs("8"), fake.employs("9"));
    assert!(fake.badges(bea, "7").unwrap_err().to_string().contains("must be unique"));
    [(ann, "70"), (bea, "70"), (cora, "90")].into_iter().for_each(|(id, pin)| fake.pins(id, pin));
    let by_pin = Odoo::new(OdooConfig { employee_field: "pin".to_owned(), ..config(&fake.url()) }).unwrap();
    let answers = by_pin.deliver(&[letter(70, DATE, "08:00-12:00"), letter(90, DATE, "08:00-12:00")]);
    assert!(refused(&answers[0]).contains("several employees in Odoo have `70` as their pin"), "{answers:?}");
    assert_eq!((taken(&answers[1]).is_empty(), has(&fake)), (false, vec!["9 08:00-12:00".to_owned()]));
}

#[test]
fn two_days_of_one_employee_in_one_call_of_the_port_go_one_after_the_other() {
    let fake = FakeOdoo::start(OdooVersion::V19, KEY).unwrap();
    fake.employs("7");
    // The night moves from one date to the other: first it is given up, then taken.
    let odoo = odoo(&fake);
    taken(&one(&odoo, "22:00-23:00"));
    let answers = odoo.deliver(&[letter(7, "2026-03-04", ""), letter(7, "2026-03-05", "08:00-12:00")]);
    answers.iter().for_each(|answer| drop(taken(answer).to_owned()));
    assert_eq!(fake.attendances().len(), 1);
    let loads = fake.calls().iter().filter(|call| *call == "hr.attendance.unlink").count();
    assert_eq!(loads, 1);
}

#[test]
fn a_row_of_another_day_in_the_way_is_named_as_ours_and_not_deleted() {
    let fake = FakeOdoo::start(OdooVersion::V18, KEY).unwrap();
    fake.employs("7");
    let odoo = odoo(&fake);
    taken(&one(&odoo, "22:00-23:00"));
    let mut other = letter(7, "2026-03-05", "");
    other.fields.insert("pairs".to_owned(), json!([[at("2026-03-04T22:00:00"), at("2026-03-04T23:00:00")]]));
    let answer = odoo.deliver(&[other.clone()]).remove(0);
    assert!(refused(&answer).contains("of another day (punchclock.1_7_20260304_1) is still there"), "{answer:?}");
    taken(&one(&odoo, ""));
    taken(&odoo.deliver(&[other]).remove(0));
    assert_eq!(fake.attendances()[0].external_id, "punchclock.1_7_20260305_1");
}

#[test]
fn rights_that_are_missing_close_the_door_and_are_named_with_their_groups() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        fake.allows(false, Some(true));
        assert!(closed(&one(&odoo(&fake), "08:00-12:00")).contains("Employees / Officer"));
        assert!(odoo(&fake).test().unwrap_err().contains("Employees / Officer"));
        fake.allows(true, None);
        assert!(closed(&one(&odoo(&fake), "08:00-12:00")).contains("Attendances / Administrator"));
        assert!(odoo(&fake).test().unwrap_err().contains("Attendances / Administrator"));
        // The model says yes, a rule about employees says no: that is seen when it is sent.
        fake.allows(true, Some(false));
        assert!(odoo(&fake).test().is_ok());
        assert!(refused(&one(&odoo(&fake), "08:00-12:00")).contains("You are not allowed"));
        assert!(fake.attendances().is_empty());
    }
}

#[test]
fn a_key_that_ended_closes_the_door_and_a_new_one_opens_it() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        let odoo = odoo(&fake);
        taken(&one(&odoo, "08:00-12:00"));
        fake.expires_key();
        let answers = odoo.deliver(&[letter(7, DATE, "08:00-13:00"), letter(7, "2026-03-05", "08:00-12:00")]);
        for answer in &answers {
            let says = closed(answer);
            assert!(says.contains("make a new one") && !says.contains(KEY), "{says}");
        }
        fake.gives_key("new-key");
        let with = OdooConfig { key: "new-key".to_owned(), ..config(&fake.url()) };
        taken(&one(&Odoo::new(with).unwrap(), "08:00-13:00"));
        assert_eq!(has(&fake), ["7 08:00-13:00"]);
    }
}

#[test]
fn a_database_that_is_not_there_nobody_and_somebody_else_are_told_apart() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let other = |config: OdooConfig| Odoo::new(config).unwrap().test().unwrap_err();
        let told = other(OdooConfig { database: "nowhere".to_owned(), ..config(&fake.url()) });
        assert!(told.contains("database"), "{told}");
        let elsewhere = OdooConfig { database: "nowhere".to_owned(), ..config(&fake.url()) };
        let answer = one(&Odoo::new(elsewhere).unwrap(), "08:00-12:00");
        assert!(matches!(answer, Answer::Closed(_)), "no day is used up for it: {version:?}: {answer:?}");
        let told = other(config(&format!("{}/elsewhere", fake.url())));
        assert!(told.contains("there is no Odoo"), "{told}");
    }
    let gone = config("http://127.0.0.1:1");
    assert!(matches!(one(&Odoo::new(gone).unwrap(), "08:00-12:00"), Answer::NotNow(_)));
    let public = OdooConfig { allow_private: false, ..config("http://127.0.0.1:1") };
    assert!(Odoo::new(public).err().unwrap().contains("--allow-private"));
    let field = OdooConfig { employee_field: "Badge ID".to_owned(), ..config("https://odoo.example") };
    assert!(Odoo::new(field).err().unwrap().contains("no field of an employee"));
}

#[test]
fn a_row_that_somebody_deletes_before_it_is_changed_or_deleted_is_told_and_all_is_well_with_the_next_attempt() {
    for version in VERSIONS {
        for (before, after, method) in [
            ("08:00-12:00", "08:00-13:00", "write"),
            ("08:00-12:00 13:00-17:00", "08:00-12:00", "unlink"),
            ("08:00-12:00 13:00-17:00", "", "unlink"),
        ] {
            let fake = FakeOdoo::start(version, KEY).unwrap();
            ["7", "8"].iter().for_each(|badge| _ = fake.employs(badge));
            let odoo = odoo(&fake);
            let days = |times: &str| [letter(7, DATE, times), letter(8, DATE, times)];
            odoo.deliver(&days(before)).iter().for_each(|answer| drop(taken(answer).to_owned()));
            let doomed = fake.attendances().into_iter().rfind(|row| row.barcode == "7").unwrap().id;
            // One call for both days, and one for the first alone once that was refused: somebody deletes it before the first.
            fake.will([(method, OdooFault::Deleted(doomed))]);
            let answers = odoo.deliver(&days(after));
            assert!(fake.has_failed_as_told());
            taken(&answers[1]);
            match &answers[0] {
                // It was to go, and is gone.
                Answer::Taken(_) => assert_eq!((method, after), ("unlink", "08:00-12:00")),
                answer => {
                    let says = refused(answer);
                    assert!(says.contains("Record does not exist") && says.contains("with the next attempt"), "{says}");
                }
            }
            taken(&one(&odoo, after));
            let wanted = ["7", "8"].map(|badge| after.split_whitespace().map(move |word| format!("{badge} {word}")));
            assert_eq!(has(&fake), wanted.into_iter().flatten().collect::<Vec<_>>(), "{version:?} {method} {after}");
        }
    }
}

#[test]
fn a_change_that_is_refused_is_told_with_what_stands_in_the_way_or_what_to_do() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let ann = fake.employs("7");
        let odoo = odoo(&fake);
        taken(&one(&odoo, "08:00-12:00"));
        // Somebody enters one between the look and the call: it is named, and once it is gone the day goes.
        fake.will([("write", OdooFault::Overtaken(ann, "2026-03-04 12:30:00", "2026-03-04 12:45:00"))]);
        let answer = one(&odoo, "08:00-13:00");
        let theirs = fake.attendances()[1].id;
        assert!(refused(&answer).contains(&format!("attendance {theirs} (2026-03-04 12:30:00")), "{answer:?}");
        assert!(refused(&answer).contains("correct or delete it in Odoo"), "{answer:?}");
        assert_eq!(has(&fake), ["7 08:00-12:00", "7 12:30-12:45"]);
        fake.loses(theirs);
        taken(&one(&odoo, "08:00-13:00"));
        // Refused for what can't be seen.
        for (name, cure) in [
            ("odoo.exceptions.ValidationError", "mend that in Odoo, or correct the day here"),
            ("odoo.exceptions.AccessError", "Attendances / Administrator"),
        ] {
            fake.will([("write", OdooFault::Raises(name))]);
            let answer = one(&odoo, "08:00-14:00");
            assert!(refused(&answer).contains("Odoo refuses it: something of the server; "), "{answer:?}");
            assert!(refused(&answer).contains(cure), "{answer:?}");
            assert_eq!(has(&fake), ["7 08:00-13:00"], "{version:?}");
        }
    }
}

#[test]
fn two_that_enter_the_same_days_at_once_leave_each_there_once() {
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        let letters: Vec<_> = (1..=9).map(|number| letter(number, DATE, "08:00-12:00 13:00-17:00 20:00")).collect();
        (1..=9).for_each(|number| _ = fake.employs(&number.to_string()));
        // Each loads once the other does, too: both have seen nothing of it before.
        for days in [&letters[..1], &letters[1..]] {
            fake.will([("load", OdooFault::Races), ("load", OdooFault::Races)]);
            let enter = || Odoo::new(OdooConfig { timeout: None, ..config(&fake.url()) }).unwrap().deliver(days);
            let answers = std::thread::scope(|scope| {
                let both = [scope.spawn(enter), scope.spawn(enter)];
                both.map(|one| one.join().unwrap())
            });
            assert!(fake.has_failed_as_told());
            answers.iter().flatten().for_each(|answer| drop(taken(answer).to_owned()));
        }
        assert_eq!((fake.attendances().len(), fake.doubled()), (9 * 3, 0), "{version:?}");
        odoo(&fake).deliver(&letters).iter().for_each(|answer| drop(taken(answer).to_owned()));
        assert!(!fake.calls().iter().rev().take(3).any(|call| call == "hr.attendance.load"), "nothing is left to do");
    }
}

#[test]
fn what_an_exception_means_is_told_without_traceback_and_key() {
    const OFFICER: &str = "the user may not read `barcode` of employees: give it the group Employees / Officer (Odoo refuses it: something of the server)";
    const LACKS: &str = "Odoo lacks what is asked for (something of the server): is the app installed that has it";
    const REFUSED: &str = "Odoo refuses it: something of the server; mend that in Odoo";
    const DATABASE: &str = "Odoo has trouble with database `db` (psycopg2.OperationalError): is that its name";
    const TROUBLE: &str = "Odoo is in trouble (some.Thing: something of the server); look there";
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        let odoo = odoo(&fake);
        let is_json2 = matches!(version, OdooVersion::V19 | OdooVersion::V19Json2);
        for (name, of_look, of_load) in [
            // Over JSON-2 a 500, and no reason to try for ever.
            ("builtins.ValueError", OFFICER, REFUSED),
            (
                "odoo.exceptions.UserError",
                if is_json2 { LACKS } else { OFFICER },
                if is_json2 { LACKS } else { REFUSED },
            ),
            ("psycopg2.OperationalError", DATABASE, DATABASE),
            ("some.Thing", TROUBLE, TROUBLE),
        ] {
            for (method, wanted) in [("search_read", of_look), ("load", of_load)] {
                fake.will([(method, OdooFault::Raises(name))]);
                let answer = one(&odoo, "08:00-12:00");
                assert!(fake.has_failed_as_told());
                let is_as_wanted = match wanted {
                    OFFICER | LACKS => matches!(answer, Answer::Closed(_)),
                    REFUSED => matches!(answer, Answer::Refused(_)),
                    _ => matches!(answer, Answer::NotNow(_)),
                };
                assert!(is_as_wanted && says(&answer).starts_with(wanted), "{version:?} {name} {method}: {answer:?}");
                for secret in ["Traceback", "secret-path", KEY] {
                    assert!(!says(&answer).contains(secret), "{answer:?}");
                }
            }
        }
    }
}

#[test]
fn a_rate_is_kept() {
    let fake = FakeOdoo::start(OdooVersion::V19Json2, KEY).unwrap();
    let letters: Vec<_> = (1..=26).map(|number| letter(number, DATE, "08:00-12:00")).collect();
    (1..=26).for_each(|number| _ = fake.employs(&number.to_string()));
    let odoo = Odoo::new(OdooConfig { per_second: 50, ..config(&fake.url()) }).unwrap();
    let began = std::time::Instant::now();
    odoo.deliver(&letters);
    assert!(began.elapsed() >= Duration::from_millis(490), "{:?}", began.elapsed());
    assert_eq!(fake.attendances().len(), 26);
    // What was waited for does not go at once.
    let slow = Odoo::new(OdooConfig { per_second: 10, ..config(&fake.url()) }).unwrap();
    let _ = fake.calls();
    slow.deliver(&(1..=11).map(|number| letter(number, "2026-03-05", "08:00-12:00")).collect::<Vec<_>>());
    assert_eq!(fake.calls().iter().filter(|call| *call == "hr.attendance.load").count(), 2);
}

#[test]
fn what_is_compared_with_what_was_sent_is_the_rows() {
    let odoo = Odoo::new(config("http://127.0.0.1:1")).unwrap();
    let body = odoo.render(&letter(7, DATE, "13:00-17:00 08:00-12:00 20:00").fields);
    let rows = [("08:00", "12:00"), ("13:00", "17:00"), ("20:00", "20:00")];
    let row = |(from, to)| json!([format!("2026-03-04 {from}:00"), format!("2026-03-04 {to}:00")]);
    let rows: Vec<Value> = rows.into_iter().map(row).collect();
    assert_eq!(body, json!({"employee": "7", "attendances": rows}));
}

/// What an Odoo goes through with the days of one employee; what it has is asked by a preview, which has no step where all is as it
/// should be. It is left as it was.
fn story(patient: &Odoo, hasty: &Odoo, badge: &str) {
    let day = |date: &str, times: &str| {
        let mut letter = letter(990_007, date, times);
        letter.fields.insert("user_id".to_owned(), json!(badge));
        letter
    };
    // Long ago, where nobody has an attendance.
    let (one, other) = ("2001-02-05", "2001-02-06");
    let is_there = |letters: &[Letter]| {
        let nothing = |shown: &Value| shown["steps"] == json!([]) && shown["in the way"] == "";
        patient.preview(letters).unwrap().iter().all(nothing)
    };
    let becomes = |times: &str, by: &Odoo| {
        let letters = [day(one, times), day(other, times)];
        by.deliver(&letters);
        // Whatever became of the call of the hasty one: sent again, it is there, once.
        patient.deliver(&letters).iter().for_each(|answer| drop(taken(answer).to_owned()));
        assert!(is_there(&letters), "{times}: {:?}", patient.preview(&letters));
    };
    assert!(patient.test().unwrap().contains("attendances may be added"));
    assert!(
        is_there(&[day(one, ""), day(other, "")]),
        "the story needs an employee without attendances on these dates"
    );
    for (place, times) in [
        "08:00-12:00 13:00-17:00 20:00",
        "05:00-07:00 08:00-12:30 13:00-17:00 20:00-21:00",
        "09:00-13:00 13:00-18:00",
        "08:30-09:00",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        becomes(times, if place % 2 == 0 { hasty } else { patient });
    }
}

/// `PUNCHCLOCK_ODOO_URL`, `_DB`, `_USER`, `_KEY_FILE` and `_BADGE` name a real server, its user, and an employee of it, the first where several are named.
#[test]
fn one_employees_days_come_and_go_in_the_stand_in_and_in_a_real_odoo_where_one_is_named() {
    let of = |config: OdooConfig, timeout| Odoo::new(OdooConfig { timeout, ..config }).unwrap();
    let hurry = Some(Duration::from_millis(3));
    for version in VERSIONS {
        let fake = FakeOdoo::start(version, KEY).unwrap();
        fake.employs("7");
        let config = || config(&fake.url());
        story(&of(config(), None), &of(config(), hurry), "7");
        assert!(fake.attendances().is_empty() && fake.doubled() == 0);
    }
    let Ok(url) = std::env::var("PUNCHCLOCK_ODOO_URL") else {
        testkit::skipped("PUNCHCLOCK_ODOO_URL: a server of Odoo");
        return;
    };
    let named = |name: &str| std::env::var(format!("PUNCHCLOCK_ODOO_{name}")).unwrap();
    let key = std::fs::read_to_string(named("KEY_FILE")).unwrap().trim().to_owned();
    let config = || OdooConfig { database: named("DB"), user: named("USER"), key: key.clone(), ..config(&url) };
    story(
        &of(config(), None),
        &of(config(), Some(Duration::from_millis(30))),
        named("BADGE").split(',').next().unwrap(),
    );
}
