//! The edge in its branch: the real steps over a real spool, killed, restarted and driven by events.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use attendance::punch::Fingerprint;
use edge::spool::room::Bounds;
use edge::{BeganReading, EdgeConfig, Pause, Steps, Tables, Time, Trouble};
use jiff::civil::DateTime;
use link::closeout::Closeouts;
use link::{Reading, What};
use tokio::sync::watch::Receiver;

use crate::bug::Bug;
use crate::disk::{self, Disk};
use crate::plan::{DAY, SECOND};
use crate::story::{Span, Violation};
use crate::terminal::{Record, Request};
use crate::wire::{Call, Doing, Line, drive};
use crate::world::{Event, Held, World, micros};

/// Where terminals call from.
const FROM: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
/// After this a call is given up.
const ANSWER_TIMEOUT: i64 = 60 * SECOND;

/// The edge and what goes with it.
pub(crate) struct Branch {
    pub(crate) disk: Disk,
    time: Time,
    /// What its clock shows too much.
    pub(crate) clock_by: i64,
    running: Option<Running>,
    starts: u32,
    /// It dies while it does the next thing, or takes the next push, for so long.
    doomed: Option<Doom>,
    /// Calls that wait for an answer.
    open_calls: BTreeMap<u64, OpenCall>,
    /// What terminals were answered OK for.
    promised: BTreeSet<Fingerprint>,
    /// For the broken variants: what is known here, the newest time of each terminal, readings that are told too early, ends
    /// of commits.
    known: BTreeSet<Fingerprint>,
    newest: BTreeMap<String, DateTime>,
    pub(crate) premature: Vec<Reading>,
    commits: Vec<u64>,
}

struct Running {
    steps: Arc<Steps<Line>>,
    sending: Option<Doing<Pause>>,
    beating: Option<Doing<Duration>>,
    /// What the sender looks at while it has nothing to send.
    grown: Receiver<i64>,
    is_waiting: bool,
}

#[derive(Debug, Clone, Copy)]
struct Doom {
    away: i64,
    in_push: bool,
}

#[derive(Debug, Clone, Copy)]
struct OpenCall {
    is_beat: bool,
    up_to: i64,
}

/// How something that an edge does went.
enum Done<T> {
    Ended(T),
    /// It waits for the hub.
    Waits,
    /// The edge was killed, and nobody heard of it.
    Killed,
}

impl Branch {
    pub(crate) fn new(disk: Disk, time: Time) -> Self {
        Self {
            disk,
            time,
            clock_by: 0,
            running: None,
            starts: 0,
            doomed: None,
            open_calls: BTreeMap::new(),
            promised: BTreeSet::new(),
            known: BTreeSet::new(),
            newest: BTreeMap::new(),
            premature: Vec::new(),
            commits: Vec::new(),
        }
    }

    /// Its clock is set by the true time, and its fault.
    pub(crate) fn tell_time(&self, now: i64) {
        self.time.set(now + self.clock_by);
    }

    /// Somebody sets its clock, by so much.
    pub(crate) fn move_clock(&mut self, now: i64, by: i64) {
        self.clock_by += by;
        self.time.move_to(now + self.clock_by);
    }

    pub(crate) fn doom(&mut self, away: i64, in_push: bool) {
        self.doomed = Some(Doom { away, in_push });
    }

    /// True when it is still the process of that start.
    pub(crate) fn is_at(&self, start: u32) -> bool {
        self.running.is_some() && self.starts == start
    }

    /// The disk is replaced by an empty one.
    pub(crate) fn lose_spool(&mut self) {
        disk::remove(&self.disk.file());
        self.disk.replace();
        self.promised.clear();
        self.known.clear();
        self.newest.clear();
    }

    pub(crate) fn steps(&self) -> Option<Arc<Steps<Line>>> {
        self.running.as_ref().map(|running| running.steps.clone())
    }
}

/// Notes where the last commit ends.
pub(crate) fn note_commit(commits: &mut Vec<u64>, end: u64) {
    if commits.last() != Some(&end) {
        commits.push(end);
    }
}

impl World<'_> {
    pub(crate) fn edge_starts(&mut self) -> Held {
        if self.branch.running.is_some() {
            return Ok(());
        }
        if self.bug == Some(Bug::SequenceReused) {
            self.begin_sequence_anew()?;
        }
        let mut config = EdgeConfig::new("branch", self.branch.disk.file());
        let duration = |us: i64| Duration::from_micros(us.unsigned_abs());
        config.poll_every = duration(self.plan.poll_every);
        config.heartbeat_every = duration(self.plan.beat_every);
        config.keep = duration(self.plan.keep);
        // It would look at the real clock.
        config.requests_per_second = None;
        // What the machine's own disk has left must not matter.
        config.spool_bounds = Bounds { disk_reserve_bytes: 0, ..Bounds::default() };
        if let Some(bytes) = self.plan.spool_bytes {
            config.spool_bounds.max_bytes = bytes;
        }
        let opened = self.runtime.block_on(Steps::open(config, self.line.clone(), self.branch.time.clone()))?;
        self.branch.starts += 1;
        self.branch.commits = vec![self.branch.disk.committed_bytes()];
        let grown = opened.spool().watch_last_seq();
        let steps = Arc::new(opened);
        self.branch.running = Some(Running { steps, sending: None, beating: None, grown, is_waiting: false });
        self.turn("the edge starts");
        self.begin_tasks(self.branch.starts);
        self.promises_hold()
    }

    /// What a terminal was answered OK for is in the spool, or the hub has acknowledged it.
    fn promises_hold(&self) -> Held {
        let held = self.spooled()?;
        let lost: Vec<Fingerprint> = self
            .branch
            .promised
            .iter()
            .filter(|of| !held.contains(of) && !self.centre.acked.contains(of))
            .copied()
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let says = format!("{} punches are gone for which the edge had answered OK", lost.len());
        Err(Violation { says, about: lost })
    }

    fn spooled(&self) -> Held<BTreeSet<Fingerprint>> {
        let Some(steps) = self.branch.steps() else { return Ok(BTreeSet::new()) };
        let stretch = self.runtime.block_on(steps.spool().after(0, 1 << 20, 1 << 30))?;
        let of = |what: &What| match what {
            What::Punch(punch) => punch.raw().ok().map(|said| said.fingerprint()),
            What::User(_) => None,
        };
        Ok(stretch.items.iter().filter_map(|item| of(&item.what)).collect())
    }

    fn begin_sequence_anew(&self) -> Held {
        let file = self.branch.disk.file();
        if file.exists() {
            let connection = rusqlite::Connection::open(file)?;
            connection.execute("UPDATE position SET last = (SELECT coalesce(max(seq), 0) FROM entry)", [])?;
        }
        Ok(())
    }

    /// The process is gone; its files stay, with the log cut at `cut`.
    pub(crate) fn kill_edge(&mut self, cut: Option<u64>, away: i64) -> Held {
        let Some(Running { steps, sending, beating, .. }) = self.branch.running.take() else { return Ok(()) };
        let cut = match (self.bug, self.branch.commits.len()) {
            (Some(Bug::SpoolNotFlushed), commits @ 1..) => {
                let back = self.tears.below(commits.min(6));
                self.branch.commits.get(commits - 1 - back).copied()
            }
            _ => cut,
        };
        let litter: Vec<u8> = (0..self.tears.below(9000)).map(|_| self.tears.below(256) as u8).collect();
        let from = self.branch.disk.file();
        self.branch.disk.begin_from(&from, cut, &litter)?;
        drop((sending, beating));
        self.runtime.block_on(steps.spool().close());
        disk::remove(&from);
        self.branch.open_calls.clear();
        self.branch.premature.clear();
        self.turn(format!("the edge is killed, and away for {}", Span(away)));
        self.after(away, Event::EdgeStarts);
        Ok(())
    }

    /// Goes on with something that the edge does. A doomed edge dies of it: its last commits are on the disk, or a part of
    /// them, and the world hears of it only when all are.
    fn edge_does<T>(&mut self, doing: &mut Doing<T>, is_push: bool) -> Held<Done<T>> {
        let doom = self.branch.doomed.take_if(|doom| is_push || !doom.in_push);
        let before = if doom.is_some() { self.branch.disk.committed_bytes() } else { 0 };
        let ended = drive(&self.runtime, &self.line, doing);
        if let Some(Doom { away, .. }) = doom {
            let after = self.branch.disk.committed_bytes();
            let written = usize::try_from(after.saturating_sub(before)).unwrap_or(0);
            let cut = before.min(after) + self.tears.below(written + 1) as u64;
            let is_heard = cut == after && self.tears.permille(500);
            match is_heard {
                true => self.calls_leave(),
                false => drop(self.line.take_sent()),
            }
            self.kill_edge(Some(cut), away)?;
            return Ok(match ended.filter(|_| is_heard) {
                Some(value) => Done::Ended(value),
                None => Done::Killed,
            });
        }
        if self.bug == Some(Bug::SpoolNotFlushed) {
            note_commit(&mut self.branch.commits, self.branch.disk.committed_bytes());
        }
        self.calls_leave();
        self.wake_sender();
        Ok(ended.map_or(Done::Waits, Done::Ended))
    }

    fn wake_sender(&mut self) {
        let start = self.branch.starts;
        let Some(running) = &mut self.branch.running else { return };
        if running.is_waiting && running.grown.has_changed().unwrap_or(false) {
            running.is_waiting = false;
            self.after(SECOND / 100, Event::SendTurn { start });
        }
    }

    pub(crate) fn request_arrives(&mut self, place: usize, number: u64, request: &Request) -> Held {
        let Some(steps) = self.branch.steps() else { return Ok(()) };
        let Some(terminal) = self.terminals.get(place) else { return Ok(()) };
        let serial = terminal.serial().to_owned();
        let mut given = request.clone();
        if let (Request::Push { lines, .. }, Some(Bug::CursorByNewestTime)) = (&mut given, self.bug) {
            self.only_later(&serial, lines);
        }
        let (method, target, body) = given.written(&serial);
        let is_push = matches!(request, Request::Push { .. });
        let mut doing: Doing<(u16, String)> = Box::pin(async move { steps.answer(FROM, method, &target, body).await });
        let mut reply = match (self.edge_does(&mut doing, is_push)?, self.bug, request) {
            (Done::Ended(reply), ..) => reply,
            (Done::Killed, Some(Bug::AckBeforeCommit), Request::Push { lines, .. }) => {
                (200, format!("OK: {}", lines.len()))
            }
            _ => return Ok(()),
        };
        if let (503, Some(Bug::RefusalReadsOk), Request::Push { lines, .. }) = (reply.0, self.bug, request) {
            let is_approved = !reply.1.contains("approval");
            if is_approved {
                reply = (200, format!("OK: {}", lines.len()));
            }
        }
        if let Request::Push { lines, .. } = request {
            let about: Vec<Fingerprint> = lines.iter().map(|line| line.fingerprint).collect();
            if reply.0 == 200 {
                self.branch.promised.extend(about.iter().copied());
                self.branch.known.extend(about.iter().copied());
            }
            let before =
                self.terminals.get_mut(place).map(|terminal| std::mem::replace(&mut terminal.last_status, reply.0));
            if reply.0 == 200 || before != Some(reply.0) {
                let text = format!("{serial} pushes {} punches, and the edge answers {}", lines.len(), reply.0);
                self.story.event(self.now, about, text);
            }
        }
        self.reply_leaves(place, number, reply);
        Ok(())
    }

    pub(crate) fn send_turn(&mut self) -> Held {
        let chance = self.chance.part();
        let Some(running) = self.branch.running.as_mut().filter(|running| running.sending.is_none()) else {
            return Ok(());
        };
        let steps = running.steps.clone();
        running.is_waiting = false;
        running.grown.mark_unchanged();
        self.go_on_sending(Box::pin(async move { steps.send_some(chance).await }))
    }

    fn go_on_sending(&mut self, mut doing: Doing<Pause>) -> Held {
        let done = self.edge_does(&mut doing, false)?;
        let start = self.branch.starts;
        let Some(running) = &mut self.branch.running else { return Ok(()) };
        match done {
            Done::Ended(Pause::No) => self.after(SECOND / 100, Event::SendTurn { start }),
            Done::Ended(Pause::UntilGrown) => {
                running.is_waiting = true;
                self.wake_sender();
            }
            Done::Ended(Pause::For(pause)) => self.after(micros(pause).max(1000), Event::SendTurn { start }),
            Done::Waits => running.sending = Some(doing),
            Done::Killed => {}
        }
        Ok(())
    }

    pub(crate) fn beat_turn(&mut self) -> Held {
        let chance = self.chance.part();
        let Some(running) = self.branch.running.as_ref().filter(|running| running.beating.is_none()) else {
            return Ok(());
        };
        let steps = running.steps.clone();
        self.go_on_beating(Box::pin(async move { steps.beat(chance).await }))
    }

    fn go_on_beating(&mut self, mut doing: Doing<Duration>) -> Held {
        let done = self.edge_does(&mut doing, false)?;
        let start = self.branch.starts;
        let Some(running) = &mut self.branch.running else { return Ok(()) };
        match done {
            Done::Ended(pause) => self.after(micros(pause), Event::BeatTurn { start }),
            Done::Waits => running.beating = Some(doing),
            Done::Killed => {}
        }
        Ok(())
    }

    /// What the edge calls goes on its way.
    fn calls_leave(&mut self) {
        for (number, call) in self.line.take_sent() {
            let (is_beat, up_to) = match &call {
                Call::Punches(batch) => (false, batch.up_to),
                Call::Beat(_) => (true, 0),
            };
            self.branch.open_calls.insert(number, OpenCall { is_beat, up_to });
            if self.is_line_cut() {
                let unreachable = Err(edge::UplinkError::new("the hub can't be reached"));
                let takes = self.net.between(1, 10) * SECOND;
                self.after(takes, Event::CallEnds { number, answer: unreachable });
                continue;
            }
            let no_answer = Err(edge::UplinkError::new("the hub did not answer in time"));
            self.after(ANSWER_TIMEOUT, Event::CallEnds { number, answer: no_answer });
            let (noise, is_quiet) = (self.plan.to_hub, self.is_quiet());
            if !is_quiet && self.net.permille(noise.lost) {
                continue;
            }
            let mut travel = self.net.between(10, 2000) * 1000;
            if !is_quiet && self.net.permille(noise.late) {
                // A call whose caller has given it up may still arrive; a heartbeat is not kept for long by anybody.
                let longest = if is_beat { ANSWER_TIMEOUT } else { DAY };
                travel = self.net.between(2 * SECOND, longest);
            }
            if !is_quiet && self.net.permille(noise.repeated) {
                let again =
                    if is_beat { self.net.between(travel, ANSWER_TIMEOUT) } else { self.net.between(travel, DAY) };
                self.after(again, Event::CallArrives { number, call: call.clone(), is_first: false });
            }
            self.after(travel, Event::CallArrives { number, call, is_first: true });
        }
    }

    pub(crate) fn call_ends(
        &mut self,
        number: u64,
        mut answer: Result<crate::wire::Answer, edge::UplinkError>,
    ) -> Held {
        let Some(call) = self.branch.open_calls.remove(&number) else { return Ok(()) };
        if self.bug == Some(Bug::FailedSendCounts) && answer.is_err() && !call.is_beat {
            answer = Ok(crate::wire::Answer::Punches(link::Ack { high_seq: call.up_to, ..link::Ack::default() }));
        }
        let claimed = match &answer {
            Ok(crate::wire::Answer::Punches(ack)) => ack.high_seq,
            _ => 0,
        };
        self.line.answer(number, answer);
        let Some(running) = &mut self.branch.running else { return Ok(()) };
        if call.is_beat {
            return match running.beating.take() {
                Some(doing) => self.go_on_beating(doing),
                None => Ok(()),
            };
        }
        if let Some(doing) = running.sending.take() {
            self.go_on_sending(doing)?;
        }
        if self.bug == Some(Bug::UnclampedPosition)
            && claimed > call.up_to
            && let Some(steps) = self.branch.steps()
        {
            self.runtime.block_on(steps.spool().acknowledge(claimed))?;
        }
        Ok(())
    }

    pub(crate) fn read_turn(&mut self) {
        let start = self.branch.starts;
        self.read_again_later(start);
        let Some(steps) = self.branch.steps() else { return };
        let (chance, began_us) = (self.chance.part(), self.now);
        for wanted in steps.terminals_to_read(|| chance) {
            let place = self.terminals.iter().position(|terminal| terminal.serial() == wanted.serial);
            let Some(terminal) = place else { continue };
            if self.is_cut_off(terminal) {
                self.after(10 * SECOND, Event::ReadEnds { start, terminal, began_us, read: None });
                continue;
            }
            let began = steps.begin_reading(&wanted.serial);
            let travel = self.net.between(0, 5 * SECOND);
            self.after(travel, Event::TableRead { start, terminal, began_us, began });
        }
    }

    /// The terminal tells what it holds at this moment; the transfer takes a while.
    pub(crate) fn table_read(&mut self, place: usize, began_us: i64, began: BeganReading) -> Held {
        let start = self.branch.starts;
        let Some(terminal) = self.terminals.get(place) else { return Ok(()) };
        let (serial, mut records) = (terminal.serial().to_owned(), terminal.log.clone());
        match self.bug {
            Some(Bug::CursorByNewestTime) => self.only_later(&serial, &mut records),
            Some(Bug::PollStopsAtKnown) => {
                let known = records.iter().rposition(|record| self.branch.known.contains(&record.fingerprint));
                records.drain(..known.map_or(0, |known| known + 1));
            }
            _ => {}
        }
        let Some(terminal) = self.terminals.get(place) else { return Ok(()) };
        let breaks_off = self.is_cut_off(place) || (!self.is_quiet() && self.net.permille(self.plan.to_edge.lost));
        let read = match breaks_off {
            true => None,
            false => {
                let is_bug = self.bug == Some(Bug::PartCountsAsWhole);
                let breaks_off = match (is_bug, self.is_quiet()) {
                    (true, _) => 300,
                    (false, false) => 30,
                    (false, true) => 0,
                };
                let mut tables = terminal.tables(&records, breaks_off, &mut self.net)?;
                if is_bug {
                    tables.log.told = None;
                }
                Some((began, tables, records))
            }
        };
        let takes = self.net.between(SECOND, 120 * SECOND);
        self.after(takes, Event::ReadEnds { start, terminal: place, began_us, read });
        Ok(())
    }

    pub(crate) fn read_ends(
        &mut self,
        place: usize,
        began_us: i64,
        read: Option<(BeganReading, Tables, Vec<Record>)>,
    ) -> Held {
        let Some(steps) = self.branch.steps() else { return Ok(()) };
        let Some(terminal) = self.terminals.get(place) else { return Ok(()) };
        let (serial, chance) = (terminal.serial().to_owned(), self.chance.part());
        let (read, records) = match read {
            Some((began, tables, records)) => (Ok((began, tables)), records),
            None => (Err(Trouble::TimedOut { address: serial.clone() }), Vec::new()),
        };
        let of = serial.clone();
        let mut doing: Doing<bool> = Box::pin(async move { steps.end_reading(&of, began_us, read, chance).await });
        if let Done::Ended(is_whole) = self.edge_does(&mut doing, false)? {
            let about: Vec<Fingerprint> = records.iter().map(|record| record.fingerprint).collect();
            if is_whole {
                self.branch.known.extend(about.iter().copied());
                self.tell_too_early(&serial, &records, began_us);
            }
            let read = (is_whole, records.len());
            let before = self.terminals.get_mut(place).map(|terminal| std::mem::replace(&mut terminal.last_read, read));
            if before != Some(read) {
                let how = if is_whole { "reads" } else { "can't read" };
                self.story.event(self.now, about, format!("the edge {how} {serial}: {} records", records.len()));
            }
        }
        Ok(())
    }

    /// For the broken variant: the closeouts of a log, whether or not the hub has it.
    fn tell_too_early(&mut self, serial: &str, records: &[Record], read_us: i64) {
        if self.bug == Some(Bug::ToldBeforeHeld) {
            let mut closeouts = Closeouts::default();
            for record in records {
                closeouts.add(&record.raw(serial));
            }
            self.branch.premature.push(Reading::of(serial, read_us + self.branch.clock_by, closeouts));
            self.after(0, Event::BeatTurn { start: self.branch.starts });
        }
    }

    /// For the broken variant: takes away what is not later than the newest that was seen.
    fn only_later(&mut self, serial: &str, records: &mut Vec<Record>) {
        let newest = self.branch.newest.entry(serial.to_owned()).or_insert(DateTime::MIN);
        records.retain(|record| record.printed > *newest);
        *newest = records.iter().map(|record| record.printed).fold(*newest, DateTime::max);
    }

    pub(crate) fn trim_turn(&mut self) -> Held {
        self.trim_again_later(self.branch.starts);
        let Some(steps) = self.branch.steps() else { return Ok(()) };
        if self.bug == Some(Bug::TrimTooFar) {
            let (spool, now) = (steps.spool().clone(), self.now);
            return Ok(self.runtime.block_on(async move {
                let depth = spool.depth().await?;
                spool.acknowledge(depth.last).await?;
                spool.trim(now, Duration::ZERO).await?;
                spool.acknowledge(depth.acked).await
            })?);
        }
        let mut doing: Doing<()> = Box::pin(async move { steps.trim().await });
        self.edge_does(&mut doing, false).map(drop)
    }
}
