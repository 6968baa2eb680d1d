//! From the lines of a request to entries of the spool.

use std::collections::BTreeMap;

use adms::security::{self, Event, EventKind, Record, TransactionRecord};
use adms::verify::VerifyType;
use adms::{AttLogLine, BadLine, BadLineReason, OperLine};
use attendance::punch::{Channel, PrintedTime, RawPunch};
use link::TerminalUser;

use crate::counters::Counters;
use crate::names;
use crate::plan::drift;
use crate::spool::{Entry, Spool, SpoolError};

/// Lines that go to the spool together; a long body is stored in steps, so that it does not fill the memory.
const STEP_LINES: usize = 2000;
/// Of a longer line only its beginning is kept. Real lines are a hundred times shorter.
const MAX_LINE_BYTES: usize = 64 << 10;

/// Takes what one request of a terminal says. An error means that a step was not stored; the steps before it are. The
/// terminal sends everything again then, which does no harm.
#[derive(Clone, Copy)]
pub(super) struct Intake<'a> {
    pub(super) spool: &'a Spool,
    pub(super) counters: &'a Counters,
    pub(super) serial: &'a str,
    /// When it came, microseconds since the epoch, UTC.
    pub(super) now_us: i64,
}

/// What a body of punches held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// Record lines, which are all dealt with.
    pub(super) lines: usize,
    /// The time on the terminal's face, in seconds since 1970, when the body tells it: a punch that came at once.
    pub(super) face_s: Option<i64>,
    /// Punches by the date on the terminal's face, in days since 1970.
    pub(super) days: BTreeMap<i64, u64>,
}

impl<'a> Intake<'a> {
    /// Stores the punches of an ATTLOG body (adms 6.1).
    pub(super) async fn attlog(self, body: &[u8]) -> Result<Stored, SpoolError> {
        self.store(self.attlog_lines(body).map(Some)).await
    }

    /// Stores the punches among the events of an rtlog body (adms 9).
    pub(super) async fn events(self, body: &[u8]) -> Result<Stored, SpoolError> {
        self.store(self.event_lines(body)).await
    }

    /// The first `room` punches of an unapproved terminal.
    pub(super) fn attlog_sample(self, body: &[u8], room: usize) -> Vec<Entry> {
        self.attlog_lines(body).take(room).map(|punch| self.entry(&punch)).collect()
    }

    /// The same, among its events.
    pub(super) fn event_sample(self, body: &[u8], room: usize) -> Vec<Entry> {
        self.event_lines(body).flatten().take(room).map(|punch| self.entry(&punch)).collect()
    }

    fn attlog_lines(self, body: &'a [u8]) -> impl Iterator<Item = RawPunch> + Send {
        adms::attlog::lines(body).map(move |line| match line {
            Ok(line) => punch(self.serial, &line),
            Err(bad) => self.unreadable(bad),
        })
    }

    /// A punch for each line that is one.
    fn event_lines(self, body: &'a [u8]) -> impl Iterator<Item = Option<RawPunch>> + Send {
        security::events(body).map(move |event| match event {
            Ok(event) if event.is_punch() => Some(event_punch(self.serial, &event)),
            Ok(event) => {
                self.count_event(event.kind());
                None
            }
            Err(bad) => Some(self.unreadable(bad)),
        })
    }

    async fn store(self, mut lines: impl Iterator<Item = Option<RawPunch>> + Send) -> Result<Stored, SpoolError> {
        let mut stored = Stored::default();
        loop {
            let step: Vec<Option<RawPunch>> = lines.by_ref().take(STEP_LINES).collect();
            if step.is_empty() {
                return Ok(stored);
            }
            let punches: Vec<&RawPunch> = step.iter().flatten().collect();
            let new = self.append(punches.iter().map(|punch| self.entry(punch)).collect()).await?;
            let faces: Vec<Option<i64>> = punches.iter().map(|punch| punch.time.seconds()).collect();
            for day in faces.iter().flatten().map(|face_s| face_s.div_euclid(86_400)) {
                *stored.days.entry(day).or_default() += 1;
            }
            stored.face_s = drift::face_at_once(&faces, new).filter(|_| stored.lines == 0);
            stored.lines += step.len();
        }
    }

    /// Stores the users of an OPERLOG body (adms 6.2) and counts the rest. Returns the number of record lines.
    pub(super) async fn operations(self, body: &[u8]) -> Result<usize, SpoolError> {
        let mut users = Vec::new();
        let mut count = 0;
        for line in adms::operlog::lines(body) {
            count += 1;
            match line {
                Ok(OperLine::User(user)) => users.push(self.user(user.pin, user.name)),
                Ok(OperLine::Operation(_)) => self.counters.operations.add(1),
                Ok(OperLine::Biometric(_) | OperLine::IdCard | OperLine::Error(_)) => {
                    self.counters.records_not_kept.add(1);
                }
                Ok(OperLine::Unknown { .. }) => self.counters.records_unknown.add(1),
                // Not kept: such a line may hold a password.
                Err(_) => self.counters.lines_unreadable.add(1),
            }
            if users.len() >= STEP_LINES {
                self.spool.append(std::mem::take(&mut users)).await?;
            }
        }
        self.spool.append(users).await?;
        Ok(count)
    }

    /// Stores the users and punches among the records of an access terminal's table (adms 9). Returns their number.
    pub(super) async fn records(self, body: &[u8]) -> Result<usize, SpoolError> {
        let (mut users, mut punches, mut count) = (Vec::new(), Vec::new(), 0);
        for record in security::records(body) {
            count += 1;
            match record {
                Ok(Record::User(user)) => users.push(self.user(user.pin, user.name)),
                Ok(Record::Transaction(event)) if event.is_punch() => {
                    punches.push(self.entry(&record_punch(self.serial, &event)));
                }
                Ok(Record::Transaction(event)) => {
                    self.count_event(event.code.map_or(EventKind::Unknown, EventKind::of));
                }
                Ok(Record::Other { .. }) => self.counters.records_unknown.add(1),
                Err(bad) if bad.reason == BadLineReason::NoTime => punches.push(self.entry(&self.unreadable(bad))),
                // Not kept: such a line may hold a password.
                Err(_) => self.counters.lines_unreadable.add(1),
            }
            if users.len() + punches.len() >= STEP_LINES {
                self.spool.append(std::mem::take(&mut users)).await?;
                self.append(std::mem::take(&mut punches)).await?;
            }
        }
        self.spool.append(users).await?;
        self.append(punches).await?;
        Ok(count)
    }

    /// Stores punches; how many are new.
    async fn append(self, punches: Vec<Entry>) -> Result<usize, SpoolError> {
        let appended = self.spool.append(punches).await?;
        self.counters.punches_new.add(appended.new);
        self.counters.punches_known.add(appended.known);
        self.counters.punches_differing.add(appended.differing);
        Ok(appended.new)
    }

    fn entry(self, punch: &RawPunch) -> Entry {
        Entry::punch(Channel::Push, punch, self.now_us)
    }

    fn user(self, pin: &[u8], name: &[u8]) -> Entry {
        let (user, name) = (number(head(pin)), names::decode(head(name)));
        Entry::user(&TerminalUser { origin: self.serial.to_owned(), user, name }, self.now_us)
    }

    fn unreadable(self, bad: BadLine<'_>) -> RawPunch {
        self.counters.lines_unreadable.add(1);
        RawPunch::unreadable(self.serial, head(bad.bytes))
    }

    fn count_event(self, kind: EventKind) {
        match kind {
            EventKind::Unknown => self.counters.records_unknown.add(1),
            _ => self.counters.events.add(1),
        }
    }
}

fn punch(serial: &str, line: &AttLogLine<'_>) -> RawPunch {
    RawPunch {
        origin: serial.to_owned(),
        user: number(head(line.pin)),
        time: printed(line.time),
        state: line.status.map(i32::from),
        verify: line.verify.map(i32::from),
        work_code: Some(adms::text::decode(head(line.workcode)))
            .filter(|code| !matches!(&**code, "" | "0"))
            .map(Into::into),
        original: head(line.bytes).to_vec(),
    }
}

fn event_punch(serial: &str, event: &Event<'_>) -> RawPunch {
    RawPunch {
        origin: serial.to_owned(),
        user: number(head(event.pin)),
        time: printed(event.time),
        state: state(event.direction),
        verify: event.verify.and_then(method),
        work_code: None,
        original: head(event.bytes).to_vec(),
    }
}

/// The record as the terminal prints it, so that its identity is that of the event that came at once.
fn record_punch(serial: &str, event: &TransactionRecord<'_>) -> RawPunch {
    RawPunch {
        origin: serial.to_owned(),
        user: number(head(event.pin)),
        time: PrintedTime::parse(&event.time.civil().to_string()),
        state: state(event.direction),
        verify: event.verify.and_then(method),
        work_code: None,
        original: head(event.bytes).to_vec(),
    }
}

/// 0 in, 1 out. 2 says "none" at a door, and break-out in an attendance log: it must not become one.
fn state(direction: Option<u8>) -> Option<i32> {
    direction.filter(|direction| *direction < 2).map(i32::from)
}

/// A set of methods has no number among those of attendance terminals; the original line keeps it.
fn method(verify: VerifyType) -> Option<i32> {
    match verify {
        VerifyType::Code(code) => Some(i32::from(code)),
        VerifyType::Bits(_) => None,
    }
}

fn printed(time: &[u8]) -> PrintedTime {
    match std::str::from_utf8(time) {
        Ok(text) => PrintedTime::parse(text),
        Err(_) => PrintedTime::Raw(head(time).to_vec()),
    }
}

/// A user number as text. Bytes that are no UTF-8 become one character each, as the poller reads them, so that two
/// people stay two and both roads give the same identity.
fn number(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAX_LINE_BYTES).unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(line: &str) -> RawPunch {
        event_punch("A1", &Event::read(line.as_bytes()).unwrap())
    }

    #[test]
    fn an_event_has_the_identity_of_the_pushed_and_the_polled_punch() {
        let said = event("time=2023-01-03 10:34:08\tpin=5349\tevent=0\tinoutstatus=0\tverifytype=15\tindex=21");
        assert_eq!(said.fingerprint().to_string(), "8007170ae7e93271f5158c7e3b92ea86", "the reference's vector");
        assert_eq!((said.state, said.verify), (Some(0), Some(15)));
        let line = AttLogLine::read(b"5349\t2023-01-03 10:34:08\t255\t15").unwrap();
        assert_eq!(punch("A1", &line).fingerprint(), said.fingerprint());
    }

    #[test]
    fn an_event_that_comes_again_from_the_log_is_the_same() {
        for (printed, packed) in [
            ("2017-01-19 15:14:48", 548_003_688),
            ("1970-01-01 00:00:07", -964_223_993),
            ("2026-02-31 00:00:00", 840_931_200),
        ] {
            let now = event(&format!("time={printed}\tpin=0012\tevent=3\tinoutstatus=1\tverifytype=4"));
            let line = format!("transaction pin=0012\tverified=4\teventtype=3\tinoutstate=1\ttime_second={packed}");
            let Ok(Record::Transaction(found)) = Record::read(line.as_bytes()) else { panic!("{line}") };
            let later = record_punch("A1", &found);
            assert_eq!(RawPunch { original: now.original.clone(), ..later }, now);
        }
    }

    #[test]
    fn a_door_without_direction_says_no_state() {
        assert_eq!([Some(0), Some(1), Some(2), Some(255), None].map(state), [Some(0), Some(1), None, None, None]);
        let said = event("time=2023-01-03 10:34:08\tpin=7\tevent=0\tinoutstatus=2\tverifytype=0000000000000010");
        assert_eq!((said.state, said.verify), (None, None));
        assert!(said.original.ends_with(b"0000000000000010"));
    }
}
