//! Five working days of a company, half hour by half hour, at the default times of the jobs: terminals that were away tell late,
//! people use two of them, and the receiver answers 500, is silent, away, or takes a record and loses its reply. In the end it has of
//! every person-day what the hub has.
#![allow(clippy::unwrap_used)]

mod house;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use house::{House, clerk, house};
use hub::jobs::{DERIVE, KINDS, RETRY, SEND, Schedule, Schedules, Works, built_in};
use hub::view::DayFilter;
use hub::{Cure, Deliver, EntryState, Hub, NewSink, Sink, SinkSettings};
use jiff::civil::{Date, DateTime, date};
use jiff::{Timestamp, ToSpan as _};
use roads::crm::{Crm, CrmConfig};
use roads::template::Template;
use serde_json::{Value, json};
use testkit::{Chance, CrmFault, FakeCrm};

const ZONE: &str = "Asia/Manila";
const TOKEN: &str = "t0ken";
const SINK: &str = "crm";
const MONDAY: Date = date(2026, 3, 2);
const DAYS: i64 = 5;
/// Days of people whose number begins with 9 are refused for good: a hundred records.
const TAKEN: usize = 60;
const REFUSED: usize = 20;
const FRONT: &str = "A1";
const GATE: &str = "B2";
/// The gate is off the network from the first of these until the other.
const GATE_AWAY: (DateTime, DateTime) = (date(2026, 3, 3).at(10, 0, 0, 0), date(2026, 3, 5).at(9, 10, 0, 0));

/// A punch, and when its terminal tells of it.
struct Heard {
    by: DateTime,
    terminal: &'static str,
    line: String,
}

/// What people do on a day: some come late, forget to clock out, go for lunch, stay past midnight, or leave by the other door.
fn workday(chance: &mut Chance, user: &str, on: Date) -> Vec<DateTime> {
    let mut minutes = |hour: i8, within: u64| {
        let minutes = i64::try_from(chance.below(within)).unwrap();
        on.at(hour, 0, 10, 0).checked_add(minutes.minutes()).unwrap()
    };
    let (comes, lunch, back, leaves) = (minutes(7, 90), minutes(12, 10), minutes(12, 59), minutes(17, 150));
    match (chance.below(20), user.starts_with('9')) {
        (0, false) => vec![],
        (1, _) => vec![comes],
        (2, _) => vec![comes, on.tomorrow().unwrap().at(0, 40, 0, 0)],
        (3..=8, _) => vec![comes, lunch, back, leaves],
        _ => vec![comes, leaves],
    }
}

fn week(people: &[String]) -> Vec<Heard> {
    let mut chance = Chance::new(7);
    let mut heard = Vec::new();
    for day in 0..DAYS {
        let on = MONDAY.checked_add(day.days()).unwrap();
        for user in people {
            for at in workday(&mut chance, user, on) {
                let terminal = if chance.below(3) == 0 { GATE } else { FRONT };
                let is_away = terminal == GATE && (GATE_AWAY.0..GATE_AWAY.1).contains(&at);
                // A few are told on the next day only, who knows why.
                let by = match chance.below(40) {
                    _ if is_away => GATE_AWAY.1,
                    0 => at.checked_add(26.hours()).unwrap(),
                    _ => at,
                };
                heard.push(Heard { by, terminal, line: format!("{user}\t{}\t1\t0\t1\t0", at.strftime("%F %T")) });
            }
        }
    }
    heard.sort_by_key(|heard| heard.by);
    heard
}

/// What the receiver does to the runs of this time. No two retries in a row meet trouble, so nothing but the refused fails three times.
fn trouble(at: DateTime) -> Vec<CrmFault> {
    let many = |fault: CrmFault, count| vec![fault; count];
    match (at.date().day(), at.hour(), at.minute()) {
        (3, 0..=2, _) => many(CrmFault::Status(500), 200),
        (3, 5, _) => many(CrmFault::LosesReply, 15),
        (3 | 5, 12, 30) => many(CrmFault::Status(503), 30),
        (4, 1, _) => [many(CrmFault::Silent, 3), many(CrmFault::LosesReply, 10)].concat(),
        (4, 8, _) => many(CrmFault::Busy(0), 5),
        (5, 9, _) => [many(CrmFault::LosesReply, 12), many(CrmFault::Status(500), 6)].concat(),
        (6, 1, _) => many(CrmFault::Status(502), 200),
        _ => Vec::new(),
    }
}

fn open(access: &NewSink) -> Result<Box<dyn Sink>, String> {
    let config = CrmConfig {
        url: access.settings.url.clone(),
        token: access.token.clone(),
        signing_secret: None,
        template: Template::usual(),
        allow_private: true,
        per_second: 0,
        batch: 0,
        timeout: Some(Duration::from_secs(2)),
    };
    Ok(Box::new(Crm::new(config)?))
}

struct Replay {
    house: House,
    hub: Hub,
    works: Works,
    schedules: Schedules,
    seq: i64,
    _key: tempfile::TempDir,
}

impl Replay {
    fn new(people: &[String], crm: &FakeCrm) -> Self {
        // The process has one, whoever made it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let (house, key) = (house(), tempfile::tempdir().unwrap());
        let hub = house.another_hub().with_key_file(key.path().join("hub.key"));
        let company = hub::Company { zone: Some(ZONE.to_owned()), ..hub.company().unwrap() };
        let now = instant(MONDAY.at(0, 0, 0, 0));
        hub.set_company(&clerk(), &company, now).unwrap();
        [FRONT, GATE].iter().for_each(|serial| house.register(serial, ZONE));
        for user in people {
            let (user, employee) = (user.clone(), user.clone());
            let assign = Cure::Assign { user, employee, create: true, from: None, to: None };
            hub.cure(&clerk(), &assign, now).unwrap();
        }
        let settings = SinkSettings { allow_private: true, ..SinkSettings::new("crm", &crm.url()) };
        let sink = NewSink { name: SINK.to_owned(), settings, token: TOKEN.to_owned(), signing_secret: None };
        hub.add_sink(&clerk(), &sink, now).unwrap();
        let of_kind = |kind: &&&hub::jobs::Kind| [&DERIVE, &SEND, &RETRY].contains(*kind);
        let schedules = KINDS.iter().filter(of_kind);
        let schedules = schedules.map(|kind| (kind.name, Schedule::parse(kind.schedule.unwrap()).unwrap())).collect();
        Self { house, hub, works: built_in().with(Deliver::by(open)), schedules, seq: 1, _key: key }
    }

    /// Both roads bring the same punches now and then.
    fn hears(&mut self, punches: &[Heard], twice: bool, at: Timestamp) {
        for terminal in [FRONT, GATE] {
            let lines: Vec<&str> =
                punches.iter().filter(|heard| heard.terminal == terminal).map(|heard| heard.line.as_str()).collect();
            if lines.is_empty() {
                continue;
            }
            for _ in 0..if twice { 2 } else { 1 } {
                let mut batch = self.house.batch(terminal, &lines, self.seq);
                batch.items.iter_mut().for_each(|item| item.received_us = at.as_microsecond());
                self.hub.ingest(&batch, at).unwrap();
                self.seq += i64::try_from(lines.len()).unwrap();
            }
        }
    }

    /// As a server does: what changed is derived, what is due is done.
    fn works(&self, at: Timestamp) {
        self.hub.derive_all(at, |_| {}).unwrap();
        self.hub.plan_jobs(&self.schedules, false, at).unwrap();
        loop {
            let claimed = self.hub.claim_jobs(&self.works, "worker", 4, at).unwrap();
            if claimed.is_empty() {
                return;
            }
            for job in claimed {
                self.hub.perform(&self.works, &job, || at, 1.0, &AtomicBool::new(false)).unwrap();
            }
            self.hub.derive_all(at, |_| {}).unwrap();
        }
    }

    fn count(&self, state: EntryState) -> usize {
        self.hub.sink_entries(SINK, state, 10_000).unwrap().len()
    }

    fn untried(&self) -> Vec<String> {
        let waiting = self.hub.sink_entries(SINK, EntryState::Waiting, 10_000).unwrap().into_iter();
        waiting.filter(|row| row.attempts == 0).map(|row| format!("{} {}", row.code, row.date)).collect()
    }

    /// The judged days with punches, as the receiver is told of them.
    fn days(&self) -> BTreeMap<(String, String), Value> {
        let days = self.hub.days(&DayFilter { limit: 10_000, ..DayFilter::default() }).unwrap().rows.into_iter();
        let days = days.filter(|row| row.record.status != attendance::Status::Deferred);
        let told = days.filter(|row| row.record.first_in.is_some() || row.record.last_out.is_some());
        let body = |row: hub::view::DayRow| {
            let at = |seconds: Option<i64>| {
                let at = seconds.map(|seconds| Timestamp::from_second(seconds).unwrap().in_tz(ZONE).unwrap());
                at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
            };
            let record = &row.record;
            let body = json!([at(record.first_in), at(record.last_out), record.is_outlier]);
            ((row.code, record.date.to_string()), body)
        };
        told.map(body).collect()
    }
}

/// What the receiver has in the end: of each person-day what it took last, by revision.
fn received(crm: &FakeCrm) -> BTreeMap<(String, String), Value> {
    let mut latest: BTreeMap<String, (i64, Value)> = BTreeMap::new();
    for (key, record) in crm.taken() {
        let (id, revision) = key.rsplit_once('/').unwrap();
        let revision: i64 = revision.parse().unwrap();
        if latest.get(id).is_none_or(|(known, _)| *known < revision) {
            latest.insert(id.to_owned(), (revision, serde_json::from_str(&record.body).unwrap()));
        }
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |body: Value| {
        let has = json!([body["clock_in"], body["clock_out"], body["is_outlier"]]);
        ((text(&body["user_id"]), text(&body["date"])), has)
    };
    // A day that is gone was told with empty times.
    latest.into_values().map(|(_, body)| of(body)).filter(|(_, has)| *has != json!([null, null, false])).collect()
}

fn instant(at: DateTime) -> Timestamp {
    at.in_tz(ZONE).unwrap().timestamp()
}

#[test]
fn a_week_at_the_default_times_ends_with_the_receiver_at_one_with_the_hub() {
    let crm = FakeCrm::start(TOKEN).unwrap();
    let numbers = (0..TAKEN).map(|number| (1_000 + number).to_string());
    let people: Vec<String> = numbers.chain((0..REFUSED).map(|number| (9_000 + number).to_string())).collect();
    let mut replay = Replay::new(&people, &crm);
    // It does not know them, which must not look as if there were no receiver.
    crm.refuse_with(404, "\"user_id\":\"9");
    let heard = week(&people);
    let used: BTreeSet<_> = heard.iter().map(|heard| (&heard.line[..4], &heard.line[5..15], heard.terminal)).collect();
    let days: BTreeSet<_> = heard.iter().map(|heard| (&heard.line[..4], &heard.line[5..15])).collect();
    assert!(used.len() > days.len() + 100, "many use two terminals on a day");

    let mut rest = heard.as_slice();
    let mut at = MONDAY.at(0, 0, 0, 0);
    let end = MONDAY.checked_add(7.days()).unwrap().at(0, 0, 0, 0);
    while at < end {
        let (told, later) = rest.split_at(rest.partition_point(|heard| heard.by <= at));
        replay.hears(told, at.hour() == 9, instant(at));
        rest = later;
        let faults = trouble(at);
        let is_trouble = !faults.is_empty();
        crm.will(faults);
        replay.works(instant(at));
        // Of those that it does not know, a few that come alone wait until something else tells that it is there.
        let held_up: Vec<String> = replay.untried().into_iter().filter(|day| !day.starts_with('9')).collect();
        assert!(is_trouble || held_up.is_empty(), "{at}: held up: {held_up:?}");
        at = at.checked_add(30.minutes()).unwrap();
    }
    assert!(rest.is_empty());
    crm.will([]);

    let refused = |key: &(String, String)| key.0.starts_with('9');
    let mut wanted = replay.days();
    assert!(wanted.len() > 350, "{}", wanted.len());
    let of_refused = wanted.keys().filter(|key| refused(key)).count();
    assert_eq!(of_refused, REFUSED * 5);
    let (failed, alone) = (replay.count(EntryState::Failed), replay.count(EntryState::Waiting));
    assert!(failed + alone == of_refused && alone < 20, "{failed} failed, {alone} wait");
    wanted.retain(|key, _| !refused(key));
    assert_eq!(received(&crm), wanted);
    let revisions = crm.taken().len();
    assert!(revisions > wanted.len(), "days that changed after they were told came again: {revisions}");
    assert!(crm.calls() > revisions + 3 * failed, "records whose replies were lost came again under their keys");

    // The receiver minds them no more, and somebody asks for them again.
    crm.refuse(None);
    assert_eq!(replay.hub.requeue_failed(&clerk(), SINK, instant(at)).unwrap(), failed as u64);
    replay.works(instant(at));
    assert_eq!(received(&crm), replay.days());
    assert_eq!(replay.count(EntryState::Sent), replay.days().len());
}
