//! Terminals: they keep every punch, push what was not answered with OK, upload everything again when they are asked to, and
//! can be read.

use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch};
use edge::Tables;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use zk::{AttendanceLog, AttendanceRecord, CivilTime, PackedTime, UserNumber};

use crate::chance::Chance;
use crate::plan::TerminalPlan;
use crate::story::Violation;

/// One punch as its terminal keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) number: String,
    pub(crate) printed: DateTime,
    /// When it was made in truth, microseconds since the epoch, UTC.
    pub(crate) made: i64,
    pub(crate) fingerprint: Fingerprint,
}

/// What a terminal asks of its edge.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// It opens.
    Handshake,
    /// Records up to this one, from the one that was answered last.
    Push { lines: Vec<Record>, up_to: usize },
    /// Are there commands?
    AskCommands,
    /// What became of commands.
    Results(String),
}

impl Request {
    /// Method, path with query, body.
    pub(crate) fn written(&self, serial: &str) -> (&'static str, String, Vec<u8>) {
        match self {
            Self::Handshake => ("GET", format!("/iclock/cdata?SN={serial}&options=all&pushver=2.4.1"), Vec::new()),
            Self::Push { lines, .. } => {
                let body: String = lines.iter().map(Record::line).collect();
                ("POST", format!("/iclock/cdata?SN={serial}&table=ATTLOG&Stamp=9999"), body.into_bytes())
            }
            Self::AskCommands => ("GET", format!("/iclock/getrequest?SN={serial}"), Vec::new()),
            Self::Results(body) => ("POST", format!("/iclock/devicecmd?SN={serial}"), body.clone().into_bytes()),
        }
    }
}

impl Record {
    /// As it is pushed.
    fn line(&self) -> String {
        format!("{}\t{}\t0\t1\t0\t0\n", self.number, self.printed.strftime("%Y-%m-%d %H:%M:%S"))
    }

    /// As edge and hub understand it.
    pub(crate) fn raw(&self, serial: &str) -> RawPunch {
        raw(serial, &self.number, self.printed)
    }
}

fn raw(serial: &str, number: &str, printed: DateTime) -> RawPunch {
    RawPunch {
        origin: serial.to_owned(),
        user: number.to_owned(),
        time: PrintedTime::from_civil(printed),
        state: Some(0),
        verify: Some(1),
        work_code: None,
        original: Vec::new(),
    }
}

/// A record as an edge sends it to the hub.
pub(crate) fn wire(record: &Record, serial: &str) -> link::Punch {
    link::Punch::of(Channel::Push, &record.raw(serial))
}

/// A request that waits for its answer.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) number: u64,
    pub(crate) request: Request,
}

/// A terminal and its state.
#[derive(Debug)]
pub(crate) struct Terminal {
    pub(crate) plan: TerminalPlan,
    pub(crate) zone: TimeZone,
    pub(crate) log: Vec<Record>,
    /// Records of the log that were answered with OK since it last began from the start.
    pub(crate) pushed: usize,
    pub(crate) waiting: Option<Waiting>,
    /// It opened, and nothing has failed since.
    pub(crate) has_opened: bool,
    /// Results that it has to tell.
    pub(crate) results: Option<String>,
    /// Cuts that it is behind.
    pub(crate) cuts: u32,
    /// What its clock shows too much.
    pub(crate) clock_by: i64,
    /// How its last reading went, and how many records it brought: the story tells what is new.
    pub(crate) last_read: (bool, usize),
    /// What its last push was answered with, for the same reason.
    pub(crate) last_status: u16,
}

impl Terminal {
    pub(crate) fn new(plan: TerminalPlan, zone: TimeZone) -> Self {
        Self {
            plan,
            zone,
            log: Vec::new(),
            pushed: 0,
            waiting: None,
            has_opened: false,
            results: None,
            cuts: 0,
            clock_by: 0,
            last_read: (true, 0),
            last_status: 0,
        }
    }

    pub(crate) fn serial(&self) -> &str {
        &self.plan.serial
    }

    pub(crate) fn pushes(&self) -> bool {
        self.plan.via != link::Via::Poll
    }

    /// Somebody punches. `None` when it is a second punch in the same printed second, which nobody can tell from the first.
    pub(crate) fn punch(&mut self, number: &str, now: i64) -> Option<Record> {
        let shown = Timestamp::from_microsecond(now + self.clock_by).unwrap_or_default();
        let printed = shown.to_zoned(self.zone.clone()).datetime();
        let printed = printed.saturating_sub(i64::from(printed.subsec_nanosecond()).nanoseconds());
        let fingerprint = raw(&self.plan.serial, number, printed).fingerprint();
        if self.log.iter().any(|record| record.fingerprint == fingerprint) {
            return None;
        }
        let record = Record { number: number.to_owned(), printed, made: now, fingerprint };
        self.log.push(record.clone());
        Some(record)
    }

    /// What it asks next.
    pub(crate) fn next_request(&mut self) -> Request {
        if !self.has_opened {
            return Request::Handshake;
        }
        if let Some(results) = self.results.clone() {
            return Request::Results(results);
        }
        let up_to = self.log.len().min(self.pushed + self.plan.lines_per_push);
        match self.log.get(self.pushed..up_to) {
            Some(lines) if !lines.is_empty() => Request::Push { lines: lines.to_vec(), up_to },
            _ => Request::AskCommands,
        }
    }

    /// It hears an answer. True when it has more to say.
    pub(crate) fn hear(&mut self, request: &Request, status: u16, text: &str) -> bool {
        if status != 200 {
            self.has_opened = false;
            return false;
        }
        match request {
            Request::Handshake => {
                self.has_opened = true;
                if text.lines().any(|line| line.trim() == "ATTLOGStamp=0" || line.trim() == "ATTLOGStamp=None") {
                    self.pushed = 0;
                }
                true
            }
            Request::Push { up_to, .. } => {
                self.pushed = self.pushed.max(*up_to).min(self.log.len());
                self.pushed < self.log.len()
            }
            Request::AskCommands => {
                let mut results = String::new();
                // As the command line reads: `C:1:CHECK`.
                for line in text.lines().filter_map(|line| line.strip_prefix("C:")) {
                    let Some((id, command)) = line.split_once(':') else { continue };
                    let word = command.split_whitespace().next().unwrap_or_default();
                    if word == "CHECK" {
                        self.has_opened = false;
                    }
                    results.push_str(&format!("ID={id}&Return=0&CMD={word}\n"));
                }
                let has_some = !results.is_empty();
                self.results = has_some.then_some(results);
                has_some
            }
            Request::Results(_) => {
                self.results = None;
                true
            }
        }
    }

    /// Its tables, as they are read over the network. In so many of a thousand times the transfer ends early, which its count
    /// tells.
    pub(crate) fn tables(
        &self,
        records: &[Record],
        breaks_off: usize,
        chance: &mut Chance,
    ) -> Result<Tables, Violation> {
        let told = u32::try_from(records.len()).unwrap_or(u32::MAX);
        // Of the short layouts a part could be taken for another layout.
        let breaks = chance.permille(breaks_off) && self.plan.layout == zk::AttendanceLayout::Forty;
        let sent = if breaks { chance.below(records.len()) } else { records.len() };
        let mut bytes = Vec::new();
        for record in records.iter().take(sent) {
            let time = packed(record.printed).ok_or_else(|| Violation::new("a printed time can't be packed"))?;
            let number = UserNumber::from_field(record.number.as_bytes());
            bytes.extend(self.plan.layout.encode(&AttendanceRecord::of_number(number, time)));
        }
        let log = AttendanceLog::from_dataset(zk::transfer::dataset(&bytes), Some(told))
            .map_err(|error| Violation::new(format!("a made-up log does not read: {error}")))?;
        Ok(Tables { users: Vec::new(), has_all_users: false, log, clock: None })
    }
}

fn packed(printed: DateTime) -> Option<PackedTime> {
    let small = |part: i8| u8::try_from(part).ok();
    PackedTime::from_civil(CivilTime {
        year: i32::from(printed.year()),
        month: small(printed.month())?,
        day: small(printed.day())?,
        hour: small(printed.hour())?,
        minute: small(printed.minute())?,
        second: small(printed.second())?,
    })
}
