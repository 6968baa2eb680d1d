//! What happens in a house by chance: the same for the same seed, whatever it stands on.

use std::fmt::{Debug, Display};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use attendance::bank::{Event, Preset};
use attendance::{Change, Excusable, PunchState};
use hub::jobs::{Works, built_in};
use hub::retention::{CleanUp, Keeps};
use hub::view::{DayFilter, DaySort, PunchFilter};
use hub::{
    Claim, Company, Counts, Cure, Decision, EntryState, Hire, KeptAnswer, KeyedWrite, ListKind, Mode, MssqlSettings,
    NewPlace, NewSink, Queued, Role, SinkSettings, SourceSettings, Stated, TableImport, TableReading, TokenKind, Which,
    Whom, Whose,
};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use link::closeout::Closeouts;
use link::{Contact, Heartbeat, Poll, PollOutcome, Reading, TerminalCommand, UserList};
use roads::mssql::{Cell, MemoryTable};
use roads::sink::{Answer, Fields, Letter, Sink};
use serde_json::{Value, json};
use testkit::{Chance, TempDir};

use crate::house::{House, clerk, log, now};

/// One hears how each day is, one hears of each change.
const SINKS: [&str; 2] = ["crm", "hook"];
const TABLE: &str = "commute";
const SERIALS: [&str; 3] = ["A1", "B2", "C3"];
const CODES: [&str; 6] = ["12", "0012", "ä", "Z", "E1", "E2"];
/// January and what is around it, so that the month can go.
const JANUARY: (Date, Date) = (date(2025, 12, 31), date(2026, 2, 14));

/// A house, and what befalls it.
pub(crate) struct Play {
    pub(crate) house: House,
    chance: Chance,
    receiver: Receiver,
    /// No two things happen at once.
    at: Timestamp,
    _keys: TempDir,
}

/// A receiver that fails now and then.
struct Receiver(Mutex<Chance>);

impl Sink for Receiver {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        let mut chance = self.0.lock().unwrap();
        let mut answer = |letter: &Letter| match chance.below(4) {
            0 => Answer::NotNow("the line broke".to_owned()),
            1 => Answer::Refused(format!("{} is not liked", letter.id)),
            _ => Answer::Taken(format!("has {}", letter.revision)),
        };
        letters.iter().map(&mut answer).collect()
    }

    fn render(&self, fields: &Fields) -> Value {
        Value::Object(fields.clone())
    }

    fn test(&self) -> Result<String, String> {
        Ok("it is here".to_owned())
    }
}

/// What was answered.
fn told<T: Debug, E: Display>(result: Result<T, E>) -> String {
    format!("{:?}", result.map_err(|error| error.to_string()))
}

fn works() -> Works {
    let keeps = Keeps { punches: "1095".parse().unwrap(), ..Keeps::default() };
    built_in().with(CleanUp::by(keeps))
}

impl Play {
    /// With a bank, a terminal, receivers of days and a table of another system.
    pub(crate) fn new(mut house: House, seed: u64) -> Self {
        let keys = tempfile::tempdir().unwrap();
        house.hub = house.hub.with_key_file(keys.path().join("hub.key"));
        let bank = Some(Preset::named("PH_CSC_DBM").unwrap().policy);
        let company = Company { bank, zone: Some("Asia/Manila".to_owned()), ..house.hub.company().unwrap() };
        house.hub.set_company(&clerk(), &company, now()).unwrap();
        house.register("A1", "Asia/Manila");
        for (name, mode) in SINKS.into_iter().zip([Mode::State, Mode::Event]) {
            let settings = SinkSettings { all_days: true, mode, ..SinkSettings::new("crm", "https://crm.example") };
            let sink = NewSink { name: name.to_owned(), settings, token: "t".to_owned(), signing_secret: None };
            house.hub.add_sink(&clerk(), &sink, now()).unwrap();
        }
        let table = SourceSettings::Mssql(Box::new(table()));
        house.hub.add_source(&clerk(), TABLE, &table, Some("pa55"), now()).unwrap();
        let receiver = Receiver(Mutex::new(Chance::new(seed)));
        Self { house, chance: Chance::new(seed), receiver, at: now(), _keys: keys }
    }

    /// Does something; what was answered.
    pub(crate) fn act(&mut self) -> String {
        self.at = self.at.checked_add(1.second()).unwrap();
        match self.below(9) {
            0 | 1 => self.arrives(),
            2 => self.is_cured(),
            3 => self.is_stated(),
            4 => self.is_closed(),
            5 => self.is_listed(),
            6 => self.is_sent(),
            7 => self.is_kept(),
            _ => self.is_looked_at(),
        }
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.chance.below(end as u64)).unwrap()
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn code(&mut self) -> String {
        self.one_of(&CODES).to_owned()
    }

    fn date(&mut self) -> Date {
        date(2026, 1, 1) + i32::try_from(self.below(60)).unwrap().days()
    }

    fn seed(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| u8::try_from(self.below(256)).unwrap())
    }

    /// Some lines of two months, in any order, some of them again, some said in another way.
    fn lines(&mut self) -> Vec<String> {
        let log = log();
        let count = 1 + self.below(40);
        let mut line = || {
            let line = self.one_of(&log);
            match self.below(6) {
                0 | 1 => line.replace("2026-02", "2026-01"),
                2 => line.replace("\t1\t0\t1\t0", "\t1\t0\t15\t0"),
                3 => format!("{line} "),
                _ => line,
            }
        };
        (0..count).map(|_| line()).collect()
    }

    /// One of those that wait for a cure, if there are any.
    fn held(&mut self) -> Option<attendance::punch::Fingerprint> {
        let mut rows = self.house.hub.punches(&PunchFilter::default()).unwrap().rows;
        rows.retain(|row| row.held.is_some());
        (!rows.is_empty()).then(|| self.one_of(&rows).fingerprint)
    }

    fn arrives(&mut self) -> String {
        let lines = self.lines();
        match self.below(6) {
            0 => {
                let create = self.is();
                format!("{:?}", self.house.import(&lines, create))
            }
            1 | 2 => {
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let serial = self.one_of(&SERIALS);
                let next = self.house.store.read(|read| read.edge_high_seq("branch", "")).unwrap() + 1;
                let mut batch = self.house.batch(serial, &lines, next);
                batch.items.iter_mut().for_each(|item| item.is_time_doubted = self.below(4) == 0);
                told(self.house.hub.ingest(&batch, self.at))
            }
            3 => self.terminal_is_read(&lines),
            4 => {
                let rows =
                    lines.iter().map(|line| line.split('\t').take(2).map(str::trim).collect::<Vec<_>>().join(","));
                let file = format!("user,time\n{}\n12,some day\n", rows.collect::<Vec<_>>().join("\n"));
                let is_dry_run = self.below(4) == 0;
                let zone = Some("Asia/Manila");
                let how =
                    TableImport { name: "gate.csv", zone, is_dry_run, keeps_trial: true, ..TableImport::default() };
                told(self.house.hub.import_table(&clerk(), &how, || Ok(file.as_bytes()), self.at, |_, _| {}))
            }
            _ => {
                let day = self.date();
                let event = |id: i64, hour: i8| {
                    vec![
                        Cell::Number(day.to_string().replace('-', "").parse::<i64>().unwrap() * 10 + id),
                        Cell::Text("12".into()),
                        Cell::Civil(day.at(hour, 30, 0, 0)),
                        Cell::Text("gate".into()),
                        Cell::Text(if id == 0 { "I" } else { "O" }.into()),
                    ]
                };
                let mut table = MemoryTable { rows: vec![event(0, 8), event(1, 17)], ..MemoryTable::default() };
                let (at, mut none) = (self.at, |_: &[hub::Told<'_>], _: &Counts| {});
                let how = TableReading { clock: &|| at, is_over: &|| false, told: &mut none, is_dry_run: false };
                told(self.house.hub.read_table(TABLE, &mut table, how))
            }
        }
    }

    /// What an edge tells of a terminal whose log it has read.
    fn terminal_is_read(&mut self, lines: &[String]) -> String {
        let serial = self.one_of(&SERIALS);
        let mut closeouts = Closeouts::default();
        let log = lines.join("\n");
        for said in attendance::punch::attlog::punches(serial, log.as_bytes()) {
            closeouts.add(&said);
        }
        let now_us = self.at.as_microsecond();
        let contact = Contact { serial: serial.into(), last_contact_us: Some(now_us), ..Contact::default() };
        let poll = Poll {
            serial: serial.into(),
            began_us: now_us,
            took_ms: 40,
            outcome: PollOutcome::Whole,
            says: String::new(),
            records: Some(lines.len() as u64),
            new: None,
        };
        let beat = Heartbeat {
            edge: "branch".into(),
            now_us,
            polls: vec![poll],
            terminals: vec![contact],
            readings: vec![Reading::of(serial, now_us, closeouts)],
            ..Heartbeat::default()
        };
        let users = [("77", "Bo"), ("12", "Ann")].map(|(user, name)| (user.to_owned(), name.to_owned()));
        let users = &users[..self.below(3)];
        let list = UserList::of(serial, now_us, users.iter().cloned());
        let listing =
            Heartbeat { edge: "branch".into(), now_us, users: list.into_iter().collect(), ..Heartbeat::default() };
        let taken = match self.is() {
            true => told(self.house.hub.take_users(serial, users, self.at)),
            false => told(self.house.hub.heartbeat(&listing, self.at)),
        };
        format!("{} {taken}", told(self.house.hub.heartbeat(&beat, self.at)))
    }

    fn is_cured(&mut self) -> String {
        let user = self.one_of(&["12", "0012", "7"]).to_owned();
        let cure = match self.below(5) {
            0 => {
                let zone = self.one_of(&["Asia/Manila", "Europe/Berlin"]).to_owned();
                Cure::Approve { serial: self.one_of(&SERIALS).to_owned(), zone: Some(zone) }
            }
            1 => {
                let from = if self.is() { Some(self.date()) } else { None };
                Cure::Assign { user, employee: self.code(), create: true, from, to: None }
            }
            2 => {
                let Some(fingerprint) = self.held() else { return String::new() };
                Cure::State { fingerprint, user: Some(user), printed: Some("2026-02-11 08:00:00".to_owned()) }
            }
            3 => {
                let Some(fingerprint) = self.held() else { return String::new() };
                Cure::Dismiss { fingerprint, reason: "a test".to_owned() }
            }
            _ => {
                let cleaner = "77".to_owned();
                self.house.hub.take_users("A1", &[(cleaner.clone(), "Bo".to_owned())], self.at).unwrap();
                let decision = match self.below(4) {
                    0 | 1 => Decision::Dismiss { user: cleaner, reason: "only cleans".to_owned() },
                    2 => Decision::Recall { user: cleaner },
                    _ => Decision::Assign { user, employee: self.code(), from: None },
                };
                return told(self.house.hub.decide_matches(&clerk(), &[decision], self.at));
            }
        };
        told(self.house.hub.cure(&clerk(), &cure, self.at))
    }

    fn is_stated(&mut self) -> String {
        let (whom, date) = (Whom::Employee(self.code()), self.date());
        let part = self.one_of(&["am", "pm", "full"]);
        let (whom, stated) = match self.below(9) {
            0 | 1 => (whom, Stated::Leave(serde_json::from_value(json!({"date": date, "part": part})).unwrap())),
            2 => (whom, Stated::Offsite(serde_json::from_value(json!({"date": date, "part": part})).unwrap())),
            3 => {
                let day_off = json!({"date": date, "shift": "rest_day"});
                (whom, Stated::Override(serde_json::from_value(day_off).unwrap()))
            }
            4 => {
                let holiday = json!({"date": date, "name": "Founders' Day"});
                (Whom::Company, Stated::Holiday(serde_json::from_value(holiday).unwrap()))
            }
            5 => {
                let kind = self.one_of(&["leave", "offsite", "override", "holiday"]);
                let facts = self.house.hub.in_force(kind, Date::MIN, Date::MAX).unwrap();
                if facts.is_empty() {
                    return String::new();
                }
                let number = self.one_of(&facts).number;
                return format!(
                    "{facts:?} {}",
                    told(self.house.hub.withdraw(&clerk(), number, "came after all", self.at))
                );
            }
            _ => return self.is_corrected(date),
        };
        told(self.house.hub.state(&clerk(), &whom, &stated, "asked for by mail", self.at))
    }

    fn is_corrected(&mut self, date: Date) -> String {
        let change = match self.below(4) {
            0 => {
                let at = date.at(18, 30, 0, 0).in_tz("Asia/Manila").unwrap().timestamp().as_second();
                Change::AddPunch { at, state: PunchState::Out, work_date: None }
            }
            1 => Change::Excuse { date, what: vec![Excusable::Tardy, Excusable::Absence] },
            2 => {
                let rows = self.house.hub.punches(&PunchFilter::default()).unwrap().rows;
                let Some(first) = rows.first() else { return String::new() };
                Change::VoidPunch { target: first.fingerprint }
            }
            _ => {
                let made = self.house.hub.corrections(None).unwrap();
                let Some(first) = made.first() else { return String::new() };
                Change::Revoke { target: first.key.clone() }
            }
        };
        let code = self.code();
        told(self.house.hub.correct(&clerk(), &code, &change, "was there", self.at))
    }

    fn is_closed(&mut self) -> String {
        let hub = self.house.hub.clone();
        match self.below(9) {
            0 => {
                let first = self.date();
                let dates = (first, (first + 6.days()).min(date(2026, 3, 1)));
                told(hub.lock(&clerk(), dates, Some("in time"), self.at))
            }
            1 => {
                let locked = hub.locked_periods().unwrap();
                let Some(period) = locked.first() else { return String::new() };
                format!("{locked:?} {}", told(hub.unlock(&clerk(), period.dates, "an audit", self.at)))
            }
            2 | 8 => {
                let into = date(2026, 3, 2);
                self.house.derive();
                format!(
                    "{} {:?}",
                    told(hub.post_deltas(&clerk(), into, self.at)),
                    hub.posted_deltas((into, into)).unwrap()
                )
            }
            3 => format!("{:?}", hub.all_deltas((date(2026, 1, 1), date(2026, 12, 31))).unwrap()),
            4 | 5 => {
                let (code, on) = (self.code(), self.date());
                let taken = Event::Use { date: on, id: format!("u{}", self.below(3)), minutes: 60 };
                let used = told(hub.use_bank(&clerk(), &code, &taken, "a long weekend", self.at));
                format!("{used} {}", told(hub.bank(&code, date(2026, 3, 3), self.at)))
            }
            6 => {
                let lock = told(hub.lock(&clerk(), JANUARY, Some("long ago"), self.at));
                let seed = self.seed();
                format!(
                    "{lock} {}",
                    told(hub.erase_month(&clerk(), date(2026, 1, 1), "enough", self.at, &seed, |_, _| {}))
                )
            }
            _ => {
                let (code, seed) = (self.code(), self.seed());
                told(hub.erase_person(&clerk(), &code, "asked for", self.at, &seed, |_, _| {}))
            }
        }
    }

    fn is_listed(&mut self) -> String {
        let hub = self.house.hub.clone();
        let (code, other, from) = (self.code(), self.code(), self.date());
        match self.below(9) {
            0 => {
                let list =
                    format!("code,name,group,numbers\n{code},Ann,Nights,{}\n{other},Bo,,\n,nobody,,\n", self.below(3));
                told(hub.import_employees(&clerk(), list.as_bytes(), self.below(4) == 0, self.at))
            }
            1 => {
                let list = "code,name,zones,terminals\nMNL,Manila,Asia/Manila,A1\nBER,Berlin,Europe/Berlin,B2\n";
                told(hub.import_sites(&clerk(), list.as_bytes(), false, self.at))
            }
            2 => {
                let list = b"code,name,parent\nD1,Ops,\nD2,Night ops,D1\n";
                told(hub.import_departments(&clerk(), list, false, self.at))
            }
            3 => {
                let place = NewPlace { site: Some("MNL".to_owned()), department: Some("D2".to_owned()) };
                let hire = Hire { name: Some("Cy".to_owned()), from, to: None, place };
                told(hub.hire(&clerk(), &code, &hire, self.at))
            }
            4 => told(hub.leave(&clerk(), &code, from, self.at)),
            5 => told(hub.merge_employees(&clerk(), (&code, &other), "the same passport", self.at)),
            6 => told(hub.unmerge_employee(&clerk(), &code, "two people", self.at)),
            7 => {
                let (kind, list) = match self.below(3) {
                    0 => (ListKind::Roster, "group,mon,tue\nNights,rest_day,rest_day\n".to_owned()),
                    1 => (ListKind::Leave, format!("code,date,until,key\n{code},{from},{},trip\n", from + 2.days())),
                    _ => (ListKind::Holidays, format!("date,name\n{from},A day\n")),
                };
                told(hub.import_list(&clerk(), kind, ("list.csv", list.as_bytes()), false, self.at))
            }
            _ => {
                let dates = (date(2026, 3, 2), date(2026, 3, 15));
                told(hub.generate_plan(&clerk(), &Whose::default(), dates, self.at, |_, _| {}))
            }
        }
    }

    fn is_sent(&mut self) -> String {
        let (hub, sink) = (self.house.hub.clone(), self.one_of(&SINKS));
        match self.below(5) {
            0 => told(hub.requeue_failed(&clerk(), sink, self.at)),
            1 => {
                let queued = Queued { employee: Some(self.code()), force: self.is(), ..Queued::default() };
                told(hub.queue_days(&clerk(), sink, &queued, self.at))
            }
            2 => {
                let state = self.one_of(&EntryState::ALL);
                told(hub.sink_entries(sink, state, 20))
            }
            _ => {
                let which = self.one_of(&[Which::New, Which::Failed, Which::All]);
                told(hub.deliver(sink, &self.receiver, which, 0, &|| self.at, &|| false))
            }
        }
    }

    fn is_kept(&mut self) -> String {
        let hub = self.house.hub.clone();
        match self.below(8) {
            0 | 1 => {
                let kind = self.one_of(&["derive", "seal", "send", "retry", "pull"]);
                format!("{} {}", told(hub.ask_for_job(&clerk(), kind, self.at)), self.works_off(self.at))
            }
            // What is over its time goes; early on, so that something of each kind is there in the end.
            2 if self.at < now().checked_add(1.minute()).unwrap() => {
                let later = self.at.checked_add((3 * 366 * 24).hours()).unwrap();
                format!("{} {}", told(hub.ask_for_job(&clerk(), "clean-up", later)), self.works_off(later))
            }
            3 => {
                let seed = self.seed();
                format!("{:?} {:?}", hub.seal(self.at, &seed), hub.sealing())
            }
            4 => {
                let (seed, name) = (self.seed(), self.one_of(&["ann", "bo"]));
                let salt = *seed.first_chunk().unwrap();
                let added = told(hub.account_add(&clerk(), name, "a long enough password", Role::Hr, salt, self.at));
                format!(
                    "{added} {}",
                    told(hub.sign_in(name, "a long enough password", None, self.at, seed).map(|one| one.is_some()))
                )
            }
            5 => {
                let (seed, other, edge) = (self.seed(), self.seed(), self.one_of(&["branch", "cebu"]));
                let invited = told(hub.edge_invite(&clerk(), edge, seed, SignedDuration::from_hours(1), self.at));
                let token = told(hub.token_create(&clerk(), edge, TokenKind::Edge, seed, self.at));
                format!("{invited} {token} {}", told(hub.next_token(edge, other, self.at)))
            }
            6 => {
                let key = self.one_of(&["k1", "k2"]).to_owned();
                let write = KeyedWrite { caller: "api".to_owned(), key, asked: self.one_of(&["a", "b"]).to_owned() };
                let claim = hub.claim_write(&write, self.at);
                if let (Ok(Claim::Do(hold)), true) = (&claim, self.is()) {
                    let answer = KeptAnswer { status: 200, kind: "text/plain".to_owned(), body: b"done".to_vec() };
                    hub.keep_answer(&write, *hold, Some(answer)).unwrap();
                }
                told(claim)
            }
            _ => {
                let serial = self.one_of(&SERIALS);
                told(hub.ask_terminal(&clerk(), serial, &TerminalCommand::Info, SignedDuration::from_hours(1), self.at))
            }
        }
    }

    fn works_off(&self, at: Timestamp) -> String {
        let works = works();
        let jobs = self.house.hub.claim_jobs(&works, "one", 9, at).unwrap();
        let ended =
            jobs.iter().map(|job| told(self.house.hub.perform(&works, job, || at, 1.0, &AtomicBool::new(false))));
        ended.collect::<Vec<_>>().join(" ")
    }

    fn is_looked_at(&mut self) -> String {
        let hub = self.house.hub.clone();
        match self.below(6) {
            0 => format!("{:?}", hub.held().unwrap()),
            1 => {
                let sorts = [DaySort::Date, DaySort::Employee, DaySort::Worked, DaySort::Tardy];
                let filter = DayFilter {
                    sort: self.one_of(&sorts),
                    descending: self.is(),
                    exception: if self.is() { Some(self.one_of(&["any", "tardy", "TARDY"]).to_owned()) } else { None },
                    offset: u32::try_from(self.below(5)).unwrap(),
                    limit: u32::try_from(self.below(20)).unwrap(),
                    ..DayFilter::default()
                };
                format!("{:?}", hub.days(&filter).unwrap())
            }
            2 => {
                let user = self.is().then(|| String::from("12"));
                let limit = u32::try_from(self.below(20)).unwrap();
                format!("{:?}", hub.punches(&PunchFilter { user, limit, ..PunchFilter::default() }).unwrap())
            }
            3 => format!("{:?} {:?}", hub.matches(self.at).unwrap(), hub.employees(self.at).unwrap()),
            _ => format!("{:?} {:?}", self.house.derive(), hub.terminals().unwrap()),
        }
    }
}

/// How the other system's table is read.
fn table() -> MssqlSettings {
    MssqlSettings {
        address: "10.1.0.9:1433".into(),
        database: "hr".into(),
        user: "reader".into(),
        encryption: "required".into(),
        ca: None,
        trusts_any: false,
        allow_private: true,
        preset: "commute-log".into(),
        table: None,
        query: None,
        columns: Vec::new(),
        key_kind: None,
        codes: false,
        zone: Some("Asia/Manila".into()),
        row_types: Vec::new(),
        groups: Vec::new(),
        create_employees: true,
        first: None,
    }
}
