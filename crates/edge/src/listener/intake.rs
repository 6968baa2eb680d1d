//! From the lines of an upload to entries of the spool.

use adms::{AttLogLine, BadLine, OperLine};
use attendance::punch::{Channel, PrintedTime, RawPunch};
use link::TerminalUser;

use crate::counters::Counters;
use crate::names;
use crate::plan::drift;
use crate::spool::{Entry, Spool, SpoolError};

/// Entries that go to the spool together; a long body is stored in steps, so that it does not fill the memory.
const STEP_ENTRIES: usize = 2000;
/// Of a longer line only its beginning is kept. Real lines are a hundred times shorter.
const MAX_LINE_BYTES: usize = 64 << 10;

/// What an ATTLOG body held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stored {
    /// Record lines, which are all committed.
    pub(super) lines: usize,
    /// The time on the terminal's face, in seconds since 1970, when the body tells it: a punch that came at once.
    pub(super) face_s: Option<i64>,
}

/// Stores the punches of an ATTLOG body.
///
/// # Errors
/// When a step was not stored. The steps before it are; the terminal sends everything again, which does no harm.
pub(super) async fn punches(
    spool: &Spool,
    counters: &Counters,
    serial: &str,
    body: &[u8],
    now_us: i64,
) -> Result<Stored, SpoolError> {
    let mut lines = adms::attlog::lines(body);
    let mut stored = Stored::default();
    loop {
        let step: Vec<RawPunch> = lines.by_ref().take(STEP_ENTRIES).map(|line| read(counters, serial, line)).collect();
        if step.is_empty() {
            return Ok(stored);
        }
        let entries = step.iter().map(|punch| Entry::punch(Channel::Push, punch, now_us)).collect();
        let appended = spool.append(entries).await?;
        let faces: Vec<Option<i64>> = step.iter().map(|punch| punch.time.seconds()).collect();
        stored.face_s = drift::face_at_once(&faces, appended.new).filter(|_| stored.lines == 0);
        stored.lines += step.len();
        counters.punches_new.add(appended.new);
        counters.punches_known.add(appended.known);
        counters.punches_differing.add(appended.differing);
    }
}

/// The first `room` lines of an unapproved terminal.
pub(super) fn sample(counters: &Counters, serial: &str, body: &[u8], now_us: i64, room: usize) -> Vec<Entry> {
    let punches = adms::attlog::lines(body).take(room).map(|line| read(counters, serial, line));
    punches.map(|punch| Entry::punch(Channel::Push, &punch, now_us)).collect()
}

/// Stores the users of an OPERLOG body and counts the rest. Returns the number of record lines.
///
/// # Errors
/// As [`punches`].
pub(super) async fn operations(
    spool: &Spool,
    counters: &Counters,
    serial: &str,
    body: &[u8],
    now_us: i64,
) -> Result<usize, SpoolError> {
    let mut users = Vec::new();
    let mut count = 0;
    for line in adms::operlog::lines(body) {
        count += 1;
        match line {
            Ok(OperLine::User(user)) => users.push(Entry::user(&sighting(serial, &user), now_us)),
            Ok(OperLine::Operation(_)) => counters.operations.add(1),
            Ok(OperLine::Biometric(_) | OperLine::IdCard | OperLine::Error(_)) => counters.records_not_kept.add(1),
            Ok(OperLine::Unknown { .. }) => counters.records_unknown.add(1),
            // Not kept: such a line may hold a password.
            Err(_) => counters.lines_unreadable.add(1),
        }
        if users.len() >= STEP_ENTRIES {
            spool.append(std::mem::take(&mut users)).await?;
        }
    }
    spool.append(users).await?;
    Ok(count)
}

fn read(counters: &Counters, serial: &str, line: Result<AttLogLine<'_>, BadLine<'_>>) -> RawPunch {
    match line {
        Ok(line) => punch(serial, &line),
        Err(bad) => {
            counters.lines_unreadable.add(1);
            RawPunch::unreadable(serial, head(bad.bytes))
        }
    }
}

fn punch(serial: &str, line: &AttLogLine<'_>) -> RawPunch {
    RawPunch {
        origin: serial.to_owned(),
        user: number(head(line.pin)),
        time: match std::str::from_utf8(line.time) {
            Ok(text) => PrintedTime::parse(text),
            Err(_) => PrintedTime::Raw(head(line.time).to_vec()),
        },
        state: line.status.map(i32::from),
        verify: line.verify.map(i32::from),
        work_code: Some(adms::text::decode(head(line.workcode)))
            .filter(|code| !matches!(&**code, "" | "0"))
            .map(Into::into),
        original: head(line.bytes).to_vec(),
    }
}

fn sighting(serial: &str, user: &adms::UserLine<'_>) -> TerminalUser {
    TerminalUser { origin: serial.to_owned(), user: number(head(user.pin)), name: names::decode(head(user.name)) }
}

/// A user number as text. Bytes that are no UTF-8 become one character each, as the poller reads them, so that two
/// people stay two and both roads give the same identity.
fn number(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAX_LINE_BYTES).unwrap_or(bytes)
}
