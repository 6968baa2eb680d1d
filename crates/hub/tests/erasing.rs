//! A person and a closed month are erased on record: what must go is gone, pay records stay, the chain holds.
#![allow(clippy::unwrap_used)]

mod house;

use attendance::Change;
use attendance::punch::{Fingerprint, attlog};
use house::{House, clerk, house, log, now};
use hub::view::{CommandFilter, DayFilter, PunchFilter};
use hub::{
    AuditEntry, Cure, Decision, DryRun, EntryState, Locking, Mode, NewSink, NewTerminal, Queued, Sink, SinkSettings,
    USUAL_EXPIRY, Which,
};
use jiff::civil::{Date, date};
use link::command::TerminalPerson;
use link::{Closeout, CommandReport, CommandState, Heartbeat, TerminalCommand};
use roads::sink::{Answer, Fields, Letter};
use serde_json::{Value, json};
use store::closeouts::StoredCloseout;
use store::users::{DismissedUser, TerminalUser};

const SEED: [u8; 32] = [3; 32];
const CODE: &str = "ZQ-77";
const DOUBLE: &str = "ZX-78";
const NAME: &str = "Zebedee Quux";
const NUMBER: &str = "987654";
/// As terminals called them once.
const OLD: &str = "Zeb Former";
const SAID: &str = "his knee was operated on";

/// Weeks of somebody beside the two people of the log.
fn lines() -> Vec<String> {
    let days = (2..=27).filter(|day| !matches!(day % 7, 0 | 1));
    days.flat_map(|day| ["08:00:00", "17:30:00"].map(|time| format!("{NUMBER}\t2026-02-{day:02} {time}\t1\t0\t1\t0")))
        .collect()
}

fn named(house: &House) {
    let assign =
        Cure::Assign { user: NUMBER.to_owned(), employee: CODE.to_owned(), create: true, from: None, to: None };
    house.hub.cure(&clerk(), &assign, now()).unwrap();
    let list = format!("code,name\n{CODE},{NAME}\n{DOUBLE},{NAME}\n");
    house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    house.hub.merge_employees(&clerk(), (DOUBLE, CODE), "twice on the list", now()).unwrap();
}

fn lock(house: &House, first: Date, last: Date) {
    house.derive();
    assert_eq!(house.hub.lock(&clerk(), (first, last), Some("in time"), now()).unwrap(), Locking::Locked);
    house.derive();
}

/// The chain holds and everything is sealed; how many rows were erased.
fn erased(house: &House) -> u64 {
    house.hub.seal(now(), &SEED).unwrap();
    let found = house.hub.verify(&[1; 32], None, |_, _| {}).unwrap();
    assert_eq!((found.fault, found.verified.waiting), (None, 0));
    assert_eq!(found.erased.iter().map(|one| one.rows).sum::<u64>(), found.verified.erased);
    found.verified.erased
}

fn days(house: &House, employee: Option<&str>) -> Vec<String> {
    let filter = DayFilter { employee: employee.map(str::to_owned), ..DayFilter::default() };
    house.hub.days(&filter).unwrap().rows.iter().map(|row| format!("{} {:?}", row.code, row.record)).collect()
}

#[test]
fn of_an_erased_person_nothing_is_left_but_pay_records_without_a_name() {
    let house = house();
    house.import(&log(), true);
    house.import(&lines(), false);
    named(&house);
    let void = Change::Excuse { date: date(2026, 2, 3), what: vec![attendance::Excusable::Tardy] };
    house.hub.correct(&clerk(), CODE, &void, SAID, now()).unwrap();
    house.hub.seal(now(), &SEED).unwrap();
    lock(&house, date(2026, 2, 1), date(2026, 2, 14));
    let (theirs, others) = (days(&house, Some(CODE)), days(&house, Some("12")));
    let locked = theirs.iter().filter(|day| day.contains("2026-02-0") || day.contains("2026-02-1")).count();
    assert!(theirs.len() > 15 && locked > 5, "{theirs:?}");
    let stored = house.hub.person_json(&clerk(), CODE, now()).unwrap();
    assert_eq!(stored["employee"][0]["name"], NAME);
    assert_eq!(stored["punch"].as_array().unwrap().len(), lines().len());
    assert!(stored["fact"].as_array().unwrap().iter().any(|fact| fact["reason"] == SAID), "{}", stored["fact"]);
    assert_eq!(stored["merged"][0]["employee"][0]["code"], DOUBLE);
    let double =
        house.hub.erase_person(&clerk(), DOUBLE, "asked for", now(), &SEED, |_, _| {}).unwrap_err().to_string();
    assert!(double.contains("ZX-78 counts as ZQ-77"), "{double}");
    assert!(stored["audit"].as_array().unwrap().len() >= 3 && stored["day"].as_array().unwrap().len() == theirs.len());
    assert!(holds(&house, NAME) && holds(&house, NUMBER) && holds(&house, CODE) && holds(&house, SAID));

    let refused = house.hub.erase_person(&clerk(), CODE, " ", now(), &SEED, |_, _| {}).unwrap_err().to_string();
    assert!(refused.contains("without a reason"), "{refused}");
    let done = house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, |_, _| {}).unwrap();
    assert!(done.rows >= lines().len() as u64 + 4, "{done:?}");
    assert_eq!(erased(&house), done.rows);
    for gone in [NAME, NUMBER, CODE, DOUBLE, SAID] {
        assert!(!holds(&house, gone), "{gone}");
    }
    let kept = days(&house, Some(&done.object));
    assert!(kept.len() as u64 == done.days_kept && done.days_kept > 5 && kept.len() < theirs.len(), "{done:?}");
    assert!(
        kept.iter()
            .zip(&theirs)
            .all(|(kept, before)| kept.split_once(' ').unwrap().1 == before.split_once(' ').unwrap().1)
    );
    assert_eq!(days(&house, Some("12")), others);
    let told = house.hub.audit(1).unwrap().remove(0);
    assert_eq!((told.action.as_str(), told.object.as_str()), ("person.erase", done.object.as_str()));
    assert!(told.detail.starts_with("asked for; "), "{}", told.detail);

    // Nothing that is derived or locked later touches what is left.
    lock(&house, date(2026, 2, 15), date(2026, 2, 28));
    assert_eq!(days(&house, Some(&done.object)), kept);
    assert_eq!(house.hub.all_deltas((date(2026, 1, 1), date(2026, 12, 31))).unwrap(), []);
    // A terminal that still has their records sends them again: they are given to what is left, and go with it.
    house.import(&lines()[..4], false);
    let again =
        Cure::Assign { user: NUMBER.to_owned(), employee: done.object.clone(), create: false, from: None, to: None };
    house.hub.cure(&clerk(), &again, now()).unwrap();
    assert_eq!(house.derive(), 0);
    house.hub.erase_person(&clerk(), &done.object, "came again", now(), &SEED, |_, _| {}).unwrap();
    assert!(!holds(&house, NUMBER));
    assert!(
        erased(&house) >= done.rows + 4
            && !house.hub.punches(&PunchFilter::default()).unwrap().rows.iter().any(|row| row.user == NUMBER)
    );
}

/// A receiver that takes all.
struct Taker;

impl Sink for Taker {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        letters.iter().map(|_| Answer::Taken("201".into())).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        Value::Object(fields.clone())
    }

    fn test(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

#[test]
fn it_is_said_which_sinks_were_told_of_whom_is_erased_and_none_is_told_of_what_stays() {
    let key = tempfile::tempdir().unwrap();
    let mut house = house();
    house.import(&log(), true);
    house.import(&lines(), false);
    named(&house);
    lock(&house, date(2026, 2, 1), date(2026, 2, 14));
    house.hub = house.another_hub().with_key_file(key.path().join("hub.key"));
    for (name, mode) in [("crm", Mode::State), ("events", Mode::Event), ("new", Mode::State)] {
        let settings = SinkSettings { mode, ..SinkSettings::new("crm", "https://crm.example") };
        let new = NewSink { name: name.to_owned(), settings, token: "t".to_owned(), signing_secret: None };
        house.hub.add_sink(&clerk(), &new, now()).unwrap();
        let theirs = Queued { employee: Some(CODE.to_owned()), ..Queued::default() };
        assert!(house.hub.queue_days(&clerk(), name, &theirs, now()).unwrap() > 5);
    }
    // One sink was told of all of their days, one of three, and one of none.
    let deliver = |name: &str, limit| house.hub.deliver(name, &Taker, Which::All, limit, &now, &|| false).unwrap().sent;
    let (all, three) = (deliver("crm", 0), deliver("events", 3));
    let done = house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, |_, _| {}).unwrap();
    let told: Vec<_> = done.told.iter().map(|(sink, days)| (sink.as_str(), *days)).collect();
    assert_eq!(told, [("crm", all), ("events", three)]);
    assert_eq!((days(&house, Some(&done.object)).len() as u64, three), (done.days_kept, 3));
    let entry = house.hub.audit(1).unwrap().remove(0);
    assert_eq!(entry.action, "person.erase");
    let words = format!("; {all} days were told to crm; 3 days were told to events");
    assert!(entry.detail.starts_with("asked for; ") && entry.detail.ends_with(&words), "{}", entry.detail);
    // The days that stay are told to nobody, whoever asks, nor are they looked at.
    for which in [None, Some(done.object.clone())] {
        let which = Queued { force: true, employee: which.clone(), ..Queued::default() };
        for name in ["crm", "events", "new"] {
            let dry = DryRun { queued: Some(which.clone()), ..DryRun::default() };
            let bodies = house.hub.would_deliver(name, &Taker, &dry, now()).unwrap();
            assert!(bodies.iter().all(|letter| letter.body["user_id"] != json!(done.object)), "{name}");
            assert_eq!(bodies.is_empty(), which.employee.is_some(), "others are told, {name}");
        }
    }
    assert!(house.hub.queue_days(&clerk(), "new", &Queued::default(), now()).unwrap() > 0);
    let entries = house.hub.sink_entries("new", EntryState::Waiting, 0).unwrap();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry.code != done.object));
}

/// Whether a text stands anywhere in a new copy of the database.
fn holds(house: &House, text: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let copy = hub::Store::open(&folder.path().join("copy")).unwrap();
    hub::moving::copy(&house.store, &copy).unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

fn assign(house: &House, user: &str, employee: &str, (from, to): (Option<Date>, Option<Date>)) {
    let (user, employee) = (user.to_owned(), employee.to_owned());
    house.hub.cure(&clerk(), &Cure::Assign { user, employee, create: true, from, to }, now()).unwrap();
}

/// What a terminal sends now.
fn sends(house: &House, serial: &str, line: &str) -> Fingerprint {
    let next = house.store.read(|read| read.edge_high_seq("branch", "")).unwrap() + 1;
    house.hub.ingest(&house.batch(serial, &[line], next), now()).unwrap();
    attlog::punches(serial, line.as_bytes()).next().unwrap().fingerprint()
}

/// A terminal lists a user.
fn lists(house: &House, serial: &str, user: &str, name: &str) {
    let [origin, user, name] = [serial, user, name].map(str::to_owned);
    let user = TerminalUser { origin, user, name, seen_us: now().as_microsecond() };
    house.store.write(|write| write.put_terminal_users(std::slice::from_ref(&user))).unwrap();
}

fn asks(house: &House, serial: &str, command: &TerminalCommand) -> i64 {
    house.hub.ask_terminal(&clerk(), serial, command, USUAL_EXPIRY, now()).unwrap()
}

fn put(user: &str, name: &str) -> TerminalCommand {
    TerminalCommand::PutUser(TerminalPerson {
        user: user.to_owned(),
        name: name.to_owned(),
        ..TerminalPerson::default()
    })
}

fn delete(user: &str) -> TerminalCommand {
    TerminalCommand::DeleteUser { user: user.to_owned() }
}

/// A terminal has a punch of each of these on 5 February, at 8:00, and the hub has none.
fn gap(house: &House, serial: &str, users: [&str; 2]) {
    let (seconds, date) = (1_770_278_400, date(2026, 2, 5));
    let named = users.map(|user| format!("{user} at 2026-02-05 08:00:00")).join(", ");
    let (actor, action) = ("branch".to_owned(), "terminal.gap".to_owned());
    let detail = format!("{date}: 2 punches are missing: {named}");
    let entry = AuditEntry { at_us: now().as_microsecond(), actor, action, object: serial.to_owned(), detail };
    let told = StoredCloseout {
        serial: serial.to_owned(),
        date,
        set: Closeout::default(),
        nameless: 0,
        in_spool: None,
        read_us: now().as_microsecond(),
        proven: None,
        missing: 2,
        missing_list: serde_json::to_string(&users.map(|user| (user, seconds))).unwrap(),
    };
    house.store.write(|write| write.audit(&entry).and_then(|()| write.put_closeout(&told))).unwrap();
}

/// What is stored of somebody, but for the audit trail, and how many rows of each table.
fn stored(house: &House, code: &str) -> (serde_json::Value, Vec<(String, usize)>) {
    let mut stored = house.hub.person_json(&clerk(), code, now()).unwrap();
    stored.as_object_mut().unwrap().remove("audit");
    (stored, house.hub.person_parts(code).unwrap())
}

#[test]
fn of_an_erased_person_nothing_is_left_where_a_punch_counted_for_nobody_and_where_others_are_told_of() {
    let house = house();
    house.import(&log(), true);
    house.register("T1", "Asia/Manila");
    // The number was said to be nobody's, before it was theirs.
    lists(&house, "T1", NUMBER, OLD);
    let (user, reason) = (NUMBER.to_owned(), SAID.to_owned());
    for decision in [Decision::Dismiss { user: user.clone(), reason }, Decision::Recall { user }] {
        assert_eq!(house.hub.decide_matches(&clerk(), &[decision], now()).unwrap().done, 1);
    }
    house.import(&lines(), false);
    named(&house);
    // Held for its time and for its terminal, and dismissed.
    sends(&house, "T1", &format!("{NUMBER}\t2031-02-03 08:00:00\t1\t0\t1\t0"));
    sends(&house, "N9", &format!("{NUMBER}\t2026-02-03 08:00:00\t1\t0\t1\t0"));
    let fingerprint = sends(&house, "T1", &format!("{NUMBER}\t2026-02-04 08:00:00\t1\t0\t1\t0"));
    house.hub.cure(&clerk(), &Cure::Dismiss { fingerprint, reason: SAID.to_owned() }, now()).unwrap();
    // Asked of terminals: one waits, one is done.
    asks(&house, "T1", &put(NUMBER, OLD));
    let id = asks(&house, "T1", &put(NUMBER, ""));
    let text = format!("user {NUMBER} is gone");
    let at_us = now().as_microsecond();
    let report = CommandReport { id, state: CommandState::Done, at_us, sent_times: 1, code: Some(0), text };
    let beat = Heartbeat { edge: "branch".to_owned(), commands: vec![report], ..Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    lists(&house, "T1", NUMBER, OLD);
    // Entries about others that tell of them: the next owner of a number, one who counted as them, a record of a sink.
    assign(&house, "445566", CODE, (None, None));
    assign(&house, "445566", "N1", (Some(date(2026, 2, 20)), None));
    house.hub.merge_employees(&clerk(), ("0012", CODE), "one person", now()).unwrap();
    house.hub.unmerge_employee(&clerk(), "0012", "they are two", now()).unwrap();
    let text = str::to_owned;
    let (action, detail) = (text("sink.requeue"), format!("{CODE} 2026-02-03"));
    let entry = AuditEntry { at_us, actor: text("clerk"), action, object: text("crm"), detail };
    house.store.write(|write| write.audit(&entry)).unwrap();
    gap(&house, "T1", [NUMBER, "0012"]);
    house.derive();

    let (export, parts) = stored(&house, CODE);
    let count = |table: &str| parts.iter().find(|(name, _)| name == table).unwrap().1;
    assert_eq!([count("held_punch"), count("dismissed_punch"), count("punch")], [2, 1, lines().len() + 3]);
    assert_eq!([count("terminal_user"), count("terminal_command")], [1, 2], "{}", export["terminal_command"]);
    assert!(holds(&house, OLD));
    let (others, commands) =
        (days(&house, Some("0012")), house.hub.commands(&CommandFilter::default(), now()).unwrap());
    let done = house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, |_, _| {}).unwrap();
    assert_eq!(erased(&house), done.rows);
    for gone in [NAME, OLD, NUMBER, CODE, DOUBLE, SAID] {
        assert!(!holds(&house, gone), "{gone}");
    }
    assert_eq!(days(&house, Some("0012")), others);
    let gap = house.store.read(|read| read.closeout("T1", date(2026, 2, 5))).unwrap().unwrap();
    assert_eq!((gap.missing, gap.missing_list.as_str()), (2, r#"[["0012",1770278400]]"#));
    let emptied = house.hub.commands(&CommandFilter::default(), now()).unwrap();
    assert_eq!(
        emptied.iter().map(|row| row.id).collect::<Vec<_>>(),
        commands.iter().map(|row| row.id).collect::<Vec<_>>()
    );
    assert!(emptied.iter().all(|row| row.command == TerminalCommand::Unknown && row.state >= CommandState::Expired));
}

#[test]
fn a_number_that_is_somebody_elses_at_other_terminals_or_on_other_dates_stays_theirs() {
    const OTHER: &str = "N-1";
    const HANDED: &str = "313233";
    let house = house();
    for (serial, group) in [("A1", ""), ("C1", "cebu")] {
        let new = NewTerminal {
            serial: serial.to_owned(),
            zone: Some("Asia/Manila".to_owned()),
            group: Some(group.to_owned()),
            ..NewTerminal::default()
        };
        house.hub.add_terminal(&clerk(), &new, now()).unwrap();
    }
    assign(&house, NUMBER, CODE, (None, None));
    assign(&house, &format!("cebu/{NUMBER}"), OTHER, (None, None));
    assign(&house, HANDED, CODE, (None, Some(date(2026, 1, 31))));
    assign(&house, HANDED, OTHER, (Some(date(2026, 2, 1)), None));
    // Who works there is not deleted from a terminal.
    let left = format!("code,to\n{CODE},2026-03-03\n{OTHER},2026-03-03\n");
    assert_eq!(house.hub.import_employees(&clerk(), left.as_bytes(), false, now()).unwrap().counts.stored, 2);
    for (serial, user) in [("A1", NUMBER), ("C1", NUMBER), ("A1", HANDED)] {
        lists(&house, serial, user, "somebody");
        let [origin, user] = [serial, user].map(str::to_owned);
        let at_us = now().as_microsecond();
        let (name, actor, reason) = (String::new(), "clerk".to_owned(), "a test".to_owned());
        let dismissed = DismissedUser { origin, user, name, at_us, actor, reason };
        house.store.write(|write| write.dismiss_user(&dismissed)).unwrap();
        for date in ["2026-01-20", "2026-02-03", "2031-02-03"] {
            sends(&house, serial, &format!("{}\t{date} 08:00:00\t1\t0\t1\t0", dismissed.user));
        }
        let fingerprint = sends(&house, serial, &format!("{}\t2026-02-04 08:00:00\t1\t0\t1\t0", dismissed.user));
        house.hub.cure(&clerk(), &Cure::Dismiss { fingerprint, reason: "a test".to_owned() }, now()).unwrap();
        asks(&house, serial, &put(&dismissed.user, "somebody"));
        asks(&house, serial, &delete(&dismissed.user));
    }
    house.derive();
    let others = stored(&house, OTHER);
    let count = |table: &str| others.1.iter().find(|(name, _)| name == table).unwrap().1;
    let tables = ["punch", "held_punch", "dismissed_punch", "terminal_user", "dismissed_user", "terminal_command"];
    assert_eq!(tables.map(count), [7, 2, 2, 2, 2, 4]);

    house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, |_, _| {}).unwrap();
    erased(&house);
    assert!(!holds(&house, CODE));
    let (stored, parts) = stored(&house, OTHER);
    assert_eq!(stored, others.0);
    assert_eq!(tables.map(|table| parts.iter().find(|(name, _)| name == table).unwrap().1), [7, 2, 2, 2, 2, 4]);
    let rows = house.hub.punches(&PunchFilter::default()).unwrap().rows;
    assert_eq!(rows.len(), 7, "what is left are those of the other");
    let commands = house.hub.commands(&CommandFilter::default(), now()).unwrap().into_iter().map(|row| row.command);
    let theirs: Vec<_> = commands.filter(|command| *command == TerminalCommand::Unknown).collect();
    assert_eq!(theirs.len(), 1, "that which is to delete them at the terminal waits");
}

#[test]
fn what_is_stated_of_a_person_while_they_are_erased_goes_with_them_and_the_chain_holds() {
    let house = house();
    house.import(&log(), true);
    house.import(&lines(), false);
    named(&house);
    let excuse = |day| Change::Excuse { date: date(2026, 2, day), what: vec![attendance::Excusable::Tardy] };
    house.hub.correct(&clerk(), CODE, &excuse(3), SAID, now()).unwrap();
    let stated = house.hub.in_force("adjustment", Date::MIN, Date::MAX).unwrap().remove(0).number;
    let mut has_come = false;
    let meanwhile = |_, rows| {
        // Of the double there are few. The entries of the audit trail go first: they are gone, the rest is not.
        if rows > lines().len() && !has_come {
            has_come = true;
            house.hub.withdraw(&clerk(), stated, SAID, now()).unwrap();
            house.hub.correct(&clerk(), CODE, &excuse(4), SAID, now()).unwrap();
            house.import(&[format!("{NUMBER}\t2026-02-28 08:00:00\t1\t0\t1\t0")], false);
        }
    };
    let done = house.hub.erase_person(&clerk(), CODE, "asked for", now(), &SEED, meanwhile).unwrap();
    assert_eq!(erased(&house), done.rows);
    for gone in [NAME, NUMBER, CODE, DOUBLE, SAID] {
        assert!(!holds(&house, gone), "{gone}");
    }
    assert!(has_come);
}

#[test]
fn a_person_of_whom_something_comes_each_time_keeps_the_code_until_it_ends() {
    let house = house();
    house.import(&log(), true);
    let mut day = 0;
    let each_time = |_, _| {
        day += 1;
        house.import(&[format!("12\t2026-02-{:02} 23:{:02}:30\t1\t0\t1\t0", 1 + day % 28, day % 60)], false);
    };
    let refused = house.hub.erase_person(&clerk(), "12", "asked for", now(), &SEED, each_time).unwrap_err().to_string();
    assert!(refused.contains("of 12 more came each time") && refused.contains("stays gone"), "{refused}");
    assert!(house.hub.punches(&PunchFilter::default()).unwrap().rows.iter().any(|row| row.user == "12"));
    let done = house.hub.erase_person(&clerk(), "12", "asked for", now(), &SEED, |_, _| {}).unwrap();
    assert!(erased(&house) > done.rows);
    assert!(!house.hub.punches(&PunchFilter::default()).unwrap().rows.iter().any(|row| row.user == "12"));
}

#[test]
fn a_closed_month_is_erased_and_its_days_stay() {
    let house = house();
    let january: Vec<String> = log().iter().map(|line| line.replace("2026-02", "2026-01")).collect();
    house.import(&[january.clone(), log()].concat(), true);
    house.hub.seal(now(), &SEED).unwrap();
    let month = date(2026, 1, 9);
    let erase = || house.hub.erase_month(&clerk(), month, "retention", now(), &SEED, |_, _| {});
    lock(&house, date(2025, 12, 31), date(2026, 1, 31));
    let refused = erase().unwrap_err().to_string();
    assert!(refused.contains("month 2026-01 can't be erased: 2026-02-01 is not locked"), "{refused}");
    lock(&house, date(2026, 2, 1), date(2026, 2, 15));
    let before = (days(&house, None), house.hub.punch_count().unwrap());
    let done = erase().unwrap();
    assert_eq!((erased(&house), done.rows), (done.rows, january.len() as u64));
    assert_eq!(house.hub.punch_count().unwrap(), before.1 - done.rows);
    // Whatever is derived again, the days of the month and those around it are what they were.
    house.hub.mark_scope(&hub::Scope::default(), now()).unwrap();
    house.derive();
    assert_eq!(days(&house, None), before.0);
    assert_eq!(house.hub.all_deltas((date(2025, 12, 1), date(2026, 12, 31))).unwrap(), []);
    // What comes again is taken, changes no day, and goes with the next erasure.
    house.import(&january[..6], false);
    house.derive();
    assert_eq!(days(&house, None), before.0);
    assert_eq!(erase().unwrap().rows, 6);
    assert_eq!(erase().unwrap().rows, 0);
    assert_eq!(erased(&house), done.rows + 6);
}
