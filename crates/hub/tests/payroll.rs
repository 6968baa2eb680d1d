//! What payroll lives on: corrections, locked periods and what comes too late for them, the time-off bank, another policy tried.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use attendance::bank::{Event, Preset};
use attendance::{Change, Excusable, Policy};
use house::{House, clerk, house, log, now};
use hub::view::DayFilter;
use hub::{Company, Hub, Locking};
use jiff::civil::Date;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

const FEBRUARY: (Date, Date) = (Date::constant(2026, 2, 1), Date::constant(2026, 2, 28));

/// Four weeks of two people; on the last day one of them forgot to clock out.
fn workplace() -> House {
    let house = house();
    let mut lines = log();
    lines.push("       12\t2026-02-28 08:00:00\t1\t0\t1\t0".to_owned());
    house.import(&lines, true);
    house.derive();
    house
}

fn add_out(at: &str) -> Change {
    let at = at.parse::<jiff::Timestamp>().unwrap().as_second();
    Change::AddPunch { at, state: attendance::PunchState::Out, work_date: None }
}

/// Forgotten departures are added, so that February can be locked.
fn complete(house: &House) {
    for (employee, day) in house.hub.open_days(FEBRUARY).unwrap() {
        house.hub.correct(&clerk(), &employee, &add_out(&format!("{day}T18:00:00+08:00")), "forgot", now()).unwrap();
    }
    house.derive();
}

fn days(hub: &Hub) -> Vec<(String, i64)> {
    let rows = hub.days(&DayFilter::default()).unwrap().rows;
    rows.into_iter().map(|row| (format!("{} {}", row.code, row.record.date), row.record.worked_minutes)).collect()
}

#[test]
fn a_period_with_an_incomplete_day_is_not_locked_and_names_it() {
    let house = workplace();
    let open = house.hub.open_days(FEBRUARY).unwrap();
    assert_eq!(open, [("12".to_owned(), date("2026-02-28"))]);
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap(), Locking::Refused(open));
    assert!(house.hub.locked_periods().unwrap().is_empty());
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, Some("the owner wants it"), now()).unwrap(), Locking::Locked);
    assert_eq!(house.hub.locked_periods().unwrap()[0].reason, "the owner wants it");
}

#[test]
fn what_comes_too_late_is_a_delta_that_is_posted_once_and_an_unlocked_day_is_written() {
    let house = workplace();
    complete(&house);
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap(), Locking::Locked);
    let frozen = days(&house.hub);

    house.hub.correct(&clerk(), "12", &add_out("2026-02-11T20:00:00+08:00"), "stayed late", now()).unwrap();
    assert_eq!(house.derive(), 0);
    assert_eq!(days(&house.hub), frozen, "a locked day is not written");
    let deltas = house.hub.deltas(FEBRUARY).unwrap();
    assert_eq!((deltas.len(), deltas[0].code.as_str(), deltas[0].date), (1, "12", date("2026-02-11")));
    let worked = deltas[0].delta.worked_minutes;
    assert!(worked > 0);

    assert!(house.hub.post_deltas(&clerk(), date("2026-02-20"), now()).is_err(), "not into a locked period");
    assert_eq!(house.hub.post_deltas(&clerk(), date("2026-03-02"), now()).unwrap(), 1);
    assert_eq!(
        house.hub.posted_deltas((date("2026-03-01"), date("2026-03-31"))).unwrap()[0].delta.worked_minutes,
        worked
    );
    house.hub.mark_scope(&hub::Scope::default(), now()).unwrap();
    house.derive();
    assert!(house.hub.deltas(FEBRUARY).unwrap().is_empty(), "what is posted is not found again");

    house.hub.unlock(&clerk(), FEBRUARY, "an audit", now()).unwrap();
    assert_eq!(house.derive(), 1);
    assert_ne!(days(&house.hub), frozen);

    // The day itself now has what was paid in March: locked again, it owes that.
    house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap();
    house.derive();
    assert_eq!(house.hub.deltas(FEBRUARY).unwrap()[0].delta.worked_minutes, -worked);
    house.hub.unlock(&clerk(), FEBRUARY, "another audit", now()).unwrap();
    assert!(house.hub.deltas(FEBRUARY).unwrap().is_empty(), "an open period lacks nothing");
}

#[test]
fn what_is_posted_again_of_a_day_at_the_same_instant_or_by_a_clock_that_was_set_back_is_kept_beside_it() {
    let house = workplace();
    complete(&house);
    house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap();
    let (march, mut owed) = ((date("2026-03-01"), date("2026-03-31")), Vec::new());
    let earlier = now() - jiff::SignedDuration::from_mins(5);
    for (out, at) in [("20:00:00", now()), ("21:00:00", now()), ("22:00:00", earlier)] {
        let late = add_out(&format!("2026-02-11T{out}+08:00"));
        house.hub.correct(&clerk(), "12", &late, "stayed late", now()).unwrap();
        house.derive();
        owed.push(house.hub.deltas(FEBRUARY).unwrap()[0].delta.worked_minutes);
        assert_eq!(house.hub.post_deltas(&clerk(), date("2026-03-02"), at).unwrap(), 1);
    }
    let posted = house.hub.posted_deltas(march).unwrap();
    assert_eq!(posted.iter().map(|row| row.delta.worked_minutes).collect::<Vec<_>>(), owed, "in their order");
    assert!(posted.is_sorted_by(|one, next| one.at < next.at));
    house.hub.mark_scope(&hub::Scope::default(), now()).unwrap();
    house.derive();
    assert!(house.hub.deltas(FEBRUARY).unwrap().is_empty(), "all of it is paid");
}

/// The cell of an employee's row in a file.
fn cell(file: &[u8], employee: &str, column: &str) -> i64 {
    let text = std::str::from_utf8(file).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let at = lines.next().unwrap().iter().position(|name| *name == column).unwrap();
    lines.find(|row| row[0] == employee).map_or(0, |row| row[at].parse().unwrap())
}

#[test]
fn what_is_posted_is_paid_with_the_period_it_is_posted_into() {
    let house = workplace();
    complete(&house);
    house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap();
    let payroll = |(from, to)| {
        let mut file = Vec::new();
        house.hub.payroll_csv(from, to, &mut file).unwrap();
        file
    };
    let march = (date("2026-03-01"), date("2026-03-31"));
    let (february_before, march_before) = (payroll(FEBRUARY), payroll(march));
    house.hub.correct(&clerk(), "12", &add_out("2026-02-11T20:00:00+08:00"), "stayed late", now()).unwrap();
    house.derive();
    let owed = house.hub.deltas(FEBRUARY).unwrap()[0].delta.paid_minutes;
    house.hub.post_deltas(&clerk(), date("2026-03-02"), now()).unwrap();
    let paid = |file: &[u8]| cell(file, "12", "paid_minutes");
    assert_eq!(payroll(FEBRUARY), february_before, "what was paid stays");
    assert_eq!(paid(&payroll(march)), paid(&march_before) + owed);
    assert_eq!(cell(&payroll(march), "12", "posted_paid_minutes"), owed);

    let mut file = Vec::new();
    house.hub.deltas_csv(FEBRUARY.0, FEBRUARY.1, &mut file).unwrap();
    assert_eq!(cell(&file, "12", "paid_minutes"), owed);
    assert!(String::from_utf8(file).unwrap().contains("12,12,2026-02-11,2026-03-02,"));
}

#[test]
fn days_behind_their_facts_are_not_locked_even_by_force() {
    let house = workplace();
    complete(&house);
    house.hub.correct(&clerk(), "12", &add_out("2026-02-11T20:00:00+08:00"), "stayed late", now()).unwrap();
    let error = house.hub.lock(&clerk(), FEBRUARY, Some("now"), now()).unwrap_err().to_string();
    assert!(error.contains("behind their facts"), "{error}");
    house.derive();
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap(), Locking::Locked);
}

#[test]
fn a_correction_that_no_day_would_show_is_refused() {
    let house = workplace();
    let refused =
        |change: &Change| house.hub.correct(&clerk(), "12", change, "why not", now()).unwrap_err().to_string();
    assert!(refused(&add_out("2026-03-04T18:00:00+08:00")).contains("still to come"));
    assert!(refused(&add_out("2025-06-04T18:00:00+08:00")).contains("is not judged"));
    let credit = |minutes, code: &str| Change::Credit { date: date("2026-02-05"), minutes, code: code.into() };
    assert!(refused(&credit(0, "REG")).contains("1 to 1440"));
    assert!(refused(&credit(60, "reg")).contains("it has"));
    let at = "2026-02-11T20:00:00+08:00".parse::<jiff::Timestamp>().unwrap().as_second();
    let far = Change::AddPunch { at, state: attendance::PunchState::Out, work_date: Some(date("2026-02-20")) };
    assert!(refused(&far).contains("one date away at most"));
    assert!(house.hub.corrections(None).unwrap().is_empty());
}

#[test]
fn locks_do_not_overlap_and_an_unlock_names_its_period() {
    let house = workplace();
    complete(&house);
    house.hub.lock(&clerk(), FEBRUARY, None, now()).unwrap();
    let error =
        house.hub.lock(&clerk(), (date("2026-02-28"), date("2026-03-01")), None, now()).unwrap_err().to_string();
    assert!(error.contains("2026-02-01 to 2026-02-28 is locked already"), "{error}");
    assert!(house.hub.unlock(&clerk(), (date("2026-02-01"), date("2026-02-27")), "", now()).is_err());
    let today = (date("2026-03-01"), date("2026-03-04"));
    assert!(house.hub.lock(&clerk(), today, None, now()).unwrap_err().to_string().contains("is not over"));
}

#[test]
fn a_correction_needs_a_reason_and_is_listed_until_it_is_revoked() {
    let house = workplace();
    let excuse = Change::Excuse { date: date("2026-02-05"), what: vec![Excusable::Tardy] };
    assert!(house.hub.correct(&clerk(), "12", &excuse, " ", now()).is_err());
    let key = house.hub.correct(&clerk(), "12", &excuse, "the bus was late", now()).unwrap();
    let again = house.hub.correct(&clerk(), "12", &excuse, "the bus was late", now()).unwrap();
    assert_ne!(key, again, "each has its own key");
    house.hub.correct(&clerk(), "12", &Change::Revoke { target: key.clone() }, "a mistake", now()).unwrap();
    let listed = house.hub.corrections(Some("12")).unwrap();
    let revoked: Vec<&str> = listed.iter().filter(|one| one.is_revoked).map(|one| one.key.as_str()).collect();
    assert_eq!((listed.len(), revoked), (3, vec![key.as_str()]));
    assert!(house.hub.correct(&clerk(), "99", &excuse, "who?", now()).unwrap_err().to_string().contains("99"));
}

#[test]
fn a_bank_is_made_of_what_days_earned_and_refuses_what_it_does_not_hold() {
    let house = workplace();
    let until = date("2026-03-04");
    assert!(house.hub.bank("12", until, now()).unwrap_err().to_string().contains("no time-off bank"));
    let bank = Preset::named("PH_CSC_DBM").unwrap().policy;
    let company = Company { bank: Some(bank), ..house.hub.company().unwrap() };
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    house.derive();
    let before = house.hub.bank("0012", until, now()).unwrap();
    let balance = before.statement.balance_minutes;
    assert!(balance > 240, "{before:?}");

    let on = date("2026-03-03");
    let use_of = |id: &str, minutes| Event::Use { date: on, id: id.to_owned(), minutes };
    let refused = house.hub.use_bank(&clerk(), "0012", &use_of("a", balance / 240 * 240 + 240), "", now()).unwrap_err();
    assert!(refused.to_string().contains(&format!("the balance was {balance} minutes")), "{refused}");
    house.hub.use_bank(&clerk(), "0012", &use_of("b", 240), "a long weekend", now()).unwrap();
    house.hub.use_bank(&clerk(), "0012", &use_of("b", 240), "sent twice", now()).unwrap();
    assert_eq!(house.hub.bank("0012", until, now()).unwrap().statement.balance_minutes, balance - 240);
    let earlier = Event::Use { date: date("2026-03-02"), id: "c".to_owned(), minutes: balance / 240 * 240 };
    let refused = house.hub.use_bank(&clerk(), "0012", &earlier, "", now()).unwrap_err().to_string();
    assert!(refused.contains("would lack the minutes of the use of 2026-03-03"), "{refused}");
    let cancelled = Event::CancelUse { date: until, id: "b".to_owned() };
    house.hub.use_bank(&clerk(), "0012", &cancelled, "stayed", now()).unwrap();
    assert_eq!(house.hub.bank("0012", until, now()).unwrap().statement.balance_minutes, balance);
}

#[test]
fn another_policy_is_tried_without_changing_anything() {
    let house = workplace();
    let before = house.files();
    let mut policy = Policy::default();
    assert_eq!(house.hub.try_policy(&policy, FEBRUARY, now(), |_, _| {}).unwrap().total.days, 0);
    policy.grace.arrival = 15;
    let trial = house.hub.try_policy(&policy, FEBRUARY, now(), |_, _| {}).unwrap();
    assert!(
        trial.total.days > 0 && trial.total.delta.tardy_minutes < 0 && trial.total.tardy_logs < 0,
        "{:?}",
        trial.total
    );
    let sum: i64 = trial.people.iter().map(|(_, change)| change.delta.tardy_minutes).sum();
    assert_eq!(sum, trial.total.delta.tardy_minutes);
    assert_eq!(house.files(), before);

    // What was tried comes true.
    let tardy = |hub: &Hub| -> i64 {
        let rows =
            hub.days(&DayFilter { from: Some(FEBRUARY.0), to: Some(FEBRUARY.1), ..DayFilter::default() }).unwrap().rows;
        rows.iter().map(|row| row.record.tardy_minutes).sum()
    };
    let (now_tardy, company) = (tardy(&house.hub), Company { policies: policy.into(), ..house.hub.company().unwrap() });
    house.hub.set_company(&clerk(), &company, now()).unwrap();
    house.derive();
    assert_eq!(tardy(&house.hub) - now_tardy, trial.total.delta.tardy_minutes);
}

const OURS: &str = "# as the bureau wants it\ntitle = \"Our bureau\"\nunmapped = \"keep\"\n[[columns]]\ntitle = \"Who\"\nfield = \"employee\"\n\
    [[columns]]\ntitle = \"Hours\"\nfield = \"hours\"\n";

#[test]
fn a_saved_layout_is_used_by_its_name_and_each_version_stands_in_the_audit_trail() {
    let house = workplace();
    let hub = &house.hub;
    assert!(hub.pay_layout("bureau").unwrap_err().to_string().contains("there are csv, adp"));
    hub.save_layout(&clerk(), "bureau", OURS, now()).unwrap();
    let ask = hub::PayrollAsk { dates: FEBRUARY, layout: hub.pay_layout("bureau").unwrap(), deltas: false };
    let file = String::from_utf8(hub.payroll_file(&ask, None).unwrap().bytes).unwrap();
    assert!(file.starts_with("Who,Hours\r\n") && file.contains("\r\n12,"), "{file}");
    assert_eq!(hub.layout_text("bureau").unwrap(), OURS, "with its remarks");

    let other = OURS.replace("Hours", "Time");
    hub.save_layout(&clerk(), "bureau", &other, now()).unwrap();
    let saved = hub.saved_layouts().unwrap();
    assert_eq!((saved.len(), saved[0].text.as_str(), saved[0].by.as_str()), (1, other.as_str(), "clerk"));
    hub.remove_layout(&clerk(), "bureau", now()).unwrap();
    assert!(hub.pay_layout("bureau").is_err() && hub.saved_layouts().unwrap().is_empty());
    let audit = hub.audit(3).unwrap();
    let told: Vec<_> = audit.iter().map(|entry| (entry.action.as_str(), entry.detail.as_str())).collect();
    assert_eq!(
        told,
        [("payroll.layout.remove", ""), ("payroll.layout.save", other.as_str()), ("payroll.layout.save", OURS)]
    );
}

#[test]
fn a_file_names_where_people_belonged_on_the_last_date_of_its_period_whenever_it_is_made() {
    let house = workplace();
    let hub = &house.hub;
    hub.import_sites(&clerk(), b"code\nCEBU\nDAVAO\n", false, now()).unwrap();
    hub.import_departments(&clerk(), b"code\nSALES\nSTORES\n", false, now()).unwrap();
    let place = |from: &str, site: &str, department: &str| {
        let place = hub::NewPlace { site: Some(site.to_owned()), department: Some(department.to_owned()) };
        hub.place(&clerk(), "12", Some(date(from)), &place, now()).unwrap();
    };
    let field = |name: &str| format!("[[columns]]\ntitle = \"{name}\"\nfield = \"{name}\"\n");
    let layout = ["employee", "site", "department", "hours"].map(field).concat();
    hub.save_layout(&clerk(), "bureau", &format!("title = \"B\"\nunmapped = \"keep\"\n{layout}"), now()).unwrap();
    let file = || {
        let ask = hub::PayrollAsk { dates: FEBRUARY, layout: hub.pay_layout("bureau").unwrap(), deltas: false };
        hub.payroll_file(&ask, None).unwrap()
    };
    place("2026-02-01", "CEBU", "SALES");
    place("2026-02-28", "DAVAO", "STORES");
    let made = file();
    let text = String::from_utf8(made.bytes.clone()).unwrap();
    assert!(text.contains("\r\n12,DAVAO,STORES,") && text.contains("\r\n0012,,,"), "{text}");
    place("2026-03-01", "CEBU", "SALES");
    assert_eq!(file(), made, "where they belong in March is of March");
}

#[test]
fn what_is_no_layout_or_hides_one_is_not_saved() {
    let hub = &house().hub;
    let refused = |name: &str, text: &str| hub.save_layout(&clerk(), name, text, now()).unwrap_err().to_string();
    assert!(refused("adp", OURS).contains("comes along and stays as it is"));
    assert!(refused("our bureau", OURS).contains("use letters, digits and -"));
    assert!(refused("bureau", "colour = 1").contains("colour"));
    assert!(refused("bureau", "title = \"A\"").contains("no columns"));
    assert!(matches!(hub.remove_layout(&clerk(), "bureau", now()), Err(hub::Error::NotFound(_))));
    assert!(hub.saved_layouts().unwrap().is_empty());
}
