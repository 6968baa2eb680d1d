//! The world: virtual time, the loop of events, and what goes wrong in it. Edge, hub and terminals are in modules of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use attendance::punch::Fingerprint;
use edge::{BeganReading, Tables, Time, UplinkError};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::branch::Branch;
use crate::bug::Bug;
use crate::centre::Centre;
use crate::chance::Chance;
use crate::disk::{self, Disk};
use crate::plan::{FaultKind, HOUR, MINUTE, Plan, SECOND};
use crate::story::{Span, Story, Violation, when};
use crate::terminal::{Record, Request, Terminal};
use crate::wire::{Answer, Call, Line};

/// How often the edge looks which terminals are to be read.
const POLL_LOOK_EVERY: i64 = 10 * MINUTE;
/// How often the edge trims.
const TRIM_EVERY: i64 = HOUR;
/// How often the hub derives.
const DERIVE_EVERY: i64 = 6 * HOUR;

/// How often the hub is backed up.
const BACKUP_EVERY: i64 = 8 * HOUR;

/// A promise holds, or is broken.
pub(crate) type Held<T = ()> = Result<T, Violation>;

/// What happens next.
pub(crate) enum Event {
    Made(usize),
    /// A terminal has time to ask something.
    TerminalTurn(usize),
    RequestArrives {
        terminal: usize,
        number: u64,
        request: Request,
    },
    ReplyArrives {
        terminal: usize,
        number: u64,
        reply: Option<(u16, String)>,
    },
    EdgeStarts,
    SendTurn {
        start: u32,
    },
    BeatTurn {
        start: u32,
    },
    ReadTurn {
        start: u32,
    },
    TrimTurn {
        start: u32,
    },
    TableRead {
        start: u32,
        terminal: usize,
        began_us: i64,
        began: BeganReading,
    },
    ReadEnds {
        start: u32,
        terminal: usize,
        began_us: i64,
        read: Option<(BeganReading, Tables, Vec<Record>)>,
    },
    CallArrives {
        number: u64,
        call: Call,
        is_first: bool,
    },
    CallEnds {
        number: u64,
        answer: Result<Answer, UplinkError>,
    },
    HubStarts,
    HubTurn,
    Backup,
    State,
    Fault(usize),
    Over(FaultKind),
}

/// A fact that a person states at the hub.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    Register { terminal: usize, zone: &'static str },
    Assign { person: usize },
}

/// Everything that there is.
pub(crate) struct World<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) bug: Option<Bug>,
    pub(crate) tz: TimeZone,
    pub(crate) now: i64,
    queue: BTreeMap<(i64, u64), Event>,
    order: u64,
    pub(crate) story: Story,
    /// The network's chance, the disks', and everything else's.
    pub(crate) net: Chance,
    pub(crate) tears: Chance,
    pub(crate) chance: Chance,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) branch: Branch,
    pub(crate) centre: Centre,
    pub(crate) line: Line,
    /// Cuts of the line that it is behind.
    line_cuts: u32,
    requests: u64,
    pub(crate) facts: Vec<(i64, Fact)>,
    /// Who made what, by identity: what must be at the hub in the end.
    pub(crate) truth: BTreeMap<Fingerprint, (usize, Record)>,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &'a Plan, bug: Option<Bug>) -> Held<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let tz = plan.tz();
        let terminals = plan.terminals.iter().map(|terminal| Terminal::new(terminal.clone(), tz.clone())).collect();
        let mut world = Self {
            plan,
            bug,
            now: plan.start,
            queue: BTreeMap::new(),
            order: 0,
            story: Story::default(),
            net: Chance::of(plan.seed, "network"),
            tears: Chance::of(plan.seed, "disks"),
            chance: Chance::of(plan.seed, "else"),
            runtime,
            terminals,
            branch: Branch::new(Disk::new("spool")?, Time::standing(plan.start)),
            centre: Centre::new(Disk::new("hub")?),
            line: Line::default(),
            line_cuts: 0,
            requests: 0,
            facts: facts(plan),
            truth: BTreeMap::new(),
            tz,
        };
        world.begin()?;
        Ok(world)
    }

    fn begin(&mut self) -> Held {
        self.open_company()?;
        let plan = self.plan;
        for (place, making) in plan.punches.iter().enumerate() {
            self.at(making.at, Event::Made(place));
        }
        for (place, fault) in plan.faults.iter().enumerate() {
            self.at(fault.at, Event::Fault(place));
        }
        for (at, _) in self.facts.clone() {
            self.at(at, Event::State);
        }
        for terminal in 0..self.terminals.len() {
            self.after(SECOND, Event::TerminalTurn(terminal));
        }
        self.after(0, Event::EdgeStarts);
        self.after(HOUR, Event::HubTurn);
        self.after(BACKUP_EVERY, Event::Backup);
        Ok(())
    }

    /// Lives through all of it, to the judgement at the end.
    pub(crate) fn run(&mut self) -> Held {
        while let Some(((at, _), event)) = self.queue.pop_first() {
            if at > self.plan.end {
                break;
            }
            self.now = at;
            self.branch.tell_time(at);
            self.happen(event)?;
        }
        self.now = self.plan.end;
        self.branch.tell_time(self.now);
        self.judge()
    }

    pub(crate) fn at(&mut self, at: i64, event: Event) {
        self.order += 1;
        self.queue.insert((at.max(self.now), self.order), event);
    }

    pub(crate) fn after(&mut self, span: i64, event: Event) {
        self.at(self.now + span, event);
    }

    pub(crate) fn timestamp(&self) -> Timestamp {
        Timestamp::from_microsecond(self.now).unwrap_or_default()
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.now >= self.plan.quiet
    }

    pub(crate) fn turn(&mut self, text: impl Into<String>) {
        self.story.turn(self.now, text);
    }

    fn happen(&mut self, event: Event) -> Held {
        match event {
            Event::Made(place) => self.made(place),
            Event::TerminalTurn(terminal) => self.terminal_turn(terminal),
            Event::RequestArrives { terminal, number, request } => self.request_arrives(terminal, number, &request)?,
            Event::ReplyArrives { terminal, number, reply } => self.reply_arrives(terminal, number, reply),
            Event::EdgeStarts => self.edge_starts()?,
            Event::SendTurn { start } if self.branch.is_at(start) => self.send_turn()?,
            Event::BeatTurn { start } if self.branch.is_at(start) => self.beat_turn()?,
            Event::ReadTurn { start } if self.branch.is_at(start) => self.read_turn(),
            Event::TrimTurn { start } if self.branch.is_at(start) => self.trim_turn()?,
            Event::TableRead { start, terminal, began_us, began } if self.branch.is_at(start) => {
                self.table_read(terminal, began_us, began)?;
            }
            Event::ReadEnds { start, terminal, began_us, read } if self.branch.is_at(start) => {
                self.read_ends(terminal, began_us, read)?;
            }
            Event::SendTurn { .. }
            | Event::BeatTurn { .. }
            | Event::ReadTurn { .. }
            | Event::TrimTurn { .. }
            | Event::TableRead { .. }
            | Event::ReadEnds { .. } => {}
            Event::CallArrives { number, call, is_first } => self.call_arrives(number, call, is_first)?,
            Event::CallEnds { number, answer } => self.call_ends(number, answer)?,
            Event::HubStarts => self.hub_starts()?,
            Event::HubTurn => {
                self.hub_turn()?;
                self.after(DERIVE_EVERY, Event::HubTurn);
            }
            Event::Backup => {
                self.back_up()?;
                self.after(BACKUP_EVERY, Event::Backup);
            }
            Event::State => self.state()?,
            Event::Fault(place) => self.fault(place)?,
            Event::Over(kind) => self.over(kind),
        }
        Ok(())
    }

    fn made(&mut self, place: usize) {
        let Some(making) = self.plan.punches.get(place) else { return };
        let (Some(person), Some(terminal)) =
            (self.plan.people.get(making.person), self.terminals.get_mut(making.terminal))
        else {
            return;
        };
        let Some(record) = terminal.punch(&person.number, self.now) else { return };
        let (serial, fingerprint) = (terminal.serial().to_owned(), record.fingerprint);
        let prompt = terminal.plan.is_prompt && terminal.pushes();
        self.story.event(
            self.now,
            vec![fingerprint],
            format!("{} (number {}) punches at {serial}, which prints {}", person.code, person.number, record.printed),
        );
        self.truth.insert(fingerprint, (making.terminal, record));
        if prompt {
            self.after(SECOND, Event::TerminalTurn(making.terminal));
        }
    }

    fn terminal_turn(&mut self, place: usize) {
        let Some(terminal) = self.terminals.get_mut(place) else { return };
        if !terminal.pushes() || terminal.waiting.is_some() {
            return;
        }
        let request = terminal.next_request();
        self.requests += 1;
        let number = self.requests;
        terminal.waiting = Some(crate::terminal::Waiting { number, request: request.clone() });
        self.after(30 * SECOND, Event::ReplyArrives { terminal: place, number, reply: None });
        let noise = self.plan.to_edge;
        if self.is_cut_off(place) || (!self.is_quiet() && self.net.permille(noise.lost / 2)) {
            return;
        }
        let mut travel = self.net.between(20, 400) * 1000;
        if !self.is_quiet() && self.net.permille(noise.late) {
            // Its terminal sends it again meanwhile: the older one arrives last.
            travel = self.net.between(25, 900) * SECOND;
        }
        if !self.is_quiet() && self.net.permille(noise.repeated) {
            let again = travel + self.net.between(1, 600) * SECOND;
            self.after(again, Event::RequestArrives { terminal: place, number, request: request.clone() });
        }
        self.after(travel, Event::RequestArrives { terminal: place, number, request });
    }

    /// The answer of the edge is on its way to the terminal.
    pub(crate) fn reply_leaves(&mut self, terminal: usize, number: u64, reply: (u16, String)) {
        let is_lost = !self.is_quiet() && self.net.permille(self.plan.to_edge.lost / 2);
        if !is_lost && !self.is_cut_off(terminal) {
            let travel = self.net.between(20, 400) * 1000;
            self.after(travel, Event::ReplyArrives { terminal, number, reply: Some(reply) });
        }
    }

    fn reply_arrives(&mut self, place: usize, number: u64, reply: Option<(u16, String)>) {
        let Some(terminal) = self.terminals.get_mut(place) else { return };
        // An answer to a request that it has given up is for nobody.
        let Some(waiting) = terminal.waiting.take_if(|waiting| waiting.number == number) else { return };
        let has_more = match reply {
            Some((status, text)) => terminal.hear(&waiting.request, status, &text),
            None => {
                terminal.has_opened &= !self.chance.permille(300);
                false
            }
        };
        let is_behind = terminal.pushed < terminal.log.len();
        let pause = match (has_more, is_behind) {
            (true, _) => SECOND / 2,
            (false, true) => self.chance.between(60, 600) * SECOND,
            (false, false) => self.chance.between(30, 90) * MINUTE,
        };
        self.after(pause, Event::TerminalTurn(place));
    }

    pub(crate) fn is_cut_off(&self, terminal: usize) -> bool {
        self.terminals.get(terminal).is_some_and(|terminal| terminal.cuts > 0)
    }

    pub(crate) const fn is_line_cut(&self) -> bool {
        self.line_cuts > 0
    }

    fn fault(&mut self, place: usize) -> Held {
        let Some(fault) = self.plan.faults.get(place) else { return Ok(()) };
        let kind = fault.kind;
        match kind {
            FaultKind::KillEdge { away, in_push } => self.branch.doom(away, in_push),
            FaultKind::LoseSpool { away } => {
                self.kill_edge(None, away)?;
                self.branch.lose_spool();
                self.turn("the edge's disk is lost; it will start with an empty one");
            }
            FaultKind::EdgeClock { by, lasts } => {
                self.branch.move_clock(self.now, by);
                self.turn(format!("the edge's clock is off by {}", Span(by)));
                self.after(lasts, Event::Over(kind));
            }
            FaultKind::KillHub { away } => self.centre.doom(away),
            FaultKind::RestoreHub { away } => self.restore_hub(away)?,
            FaultKind::HubDiskFull { lasts } => {
                self.centre.full_disks += 1;
                self.turn("the hub's disk is full");
                self.after(lasts, Event::Over(kind));
            }
            FaultKind::CutLine { lasts } => {
                self.line_cuts += 1;
                self.turn(format!("the line between edge and hub is cut for {}", Span(lasts)));
                self.after(lasts, Event::Over(kind));
            }
            FaultKind::CutTerminal { terminal, lasts } => {
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    terminal.cuts += 1;
                    let text = format!("{} is out of reach for {}", terminal.serial(), Span(lasts));
                    self.turn(text);
                }
                self.after(lasts, Event::Over(kind));
            }
            FaultKind::Replay { terminal } => {
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    (terminal.pushed, terminal.has_opened) = (0, false);
                    let text = format!("{} restarts and uploads its whole log again", terminal.serial());
                    self.turn(text);
                }
            }
            FaultKind::TerminalClock { terminal, by, lasts } => {
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    terminal.clock_by += by;
                    let text = format!("the clock of {} is off by {}", terminal.serial(), Span(by));
                    self.turn(text);
                }
                self.after(lasts, Event::Over(kind));
            }
        }
        Ok(())
    }

    fn over(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::EdgeClock { by, .. } => {
                self.branch.move_clock(self.now, -by);
                self.turn("the edge's clock is set right again");
            }
            FaultKind::HubDiskFull { .. } => {
                self.centre.full_disks -= 1;
                self.turn("the hub's disk has room again");
            }
            FaultKind::CutLine { .. } => {
                self.line_cuts -= 1;
                self.turn("a cut of the line is mended");
            }
            FaultKind::CutTerminal { terminal, .. } => {
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    terminal.cuts -= 1;
                    let text = format!("{} is within reach again", terminal.serial());
                    self.turn(text);
                }
            }
            FaultKind::TerminalClock { terminal, by, .. } => {
                if let Some(terminal) = self.terminals.get_mut(terminal) {
                    terminal.clock_by -= by;
                    let text = format!("the clock of {} is set right again", terminal.serial());
                    self.turn(text);
                }
            }
            FaultKind::KillEdge { .. }
            | FaultKind::LoseSpool { .. }
            | FaultKind::KillHub { .. }
            | FaultKind::RestoreHub { .. }
            | FaultKind::Replay { .. } => {}
        }
    }

    /// Starts what an edge does regularly.
    pub(crate) fn begin_tasks(&mut self, start: u32) {
        self.after(0, Event::SendTurn { start });
        self.after(SECOND, Event::BeatTurn { start });
        self.after(2 * SECOND, Event::ReadTurn { start });
        self.after(3 * SECOND, Event::TrimTurn { start });
    }

    pub(crate) fn read_again_later(&mut self, start: u32) {
        self.after(POLL_LOOK_EVERY, Event::ReadTurn { start });
    }

    pub(crate) fn trim_again_later(&mut self, start: u32) {
        self.after(TRIM_EVERY, Event::TrimTurn { start });
    }

    /// A time in words, in the branch's zone.
    pub(crate) fn shown(&self, at: i64) -> String {
        when(at, &self.tz)
    }

    /// Copies the hub's files as they stand.
    pub(crate) fn copy_of_hub(&self, name: &str) -> Held<PathBuf> {
        let to = self.centre.disk.place(name);
        disk::copy(&self.centre.disk.file(), &to)?;
        Ok(to)
    }

    /// The serials that have a story of their own.
    pub(crate) fn serials(&self) -> BTreeSet<String> {
        self.terminals.iter().map(|terminal| terminal.serial().to_owned()).collect()
    }
}

/// Microseconds of a duration.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// What people will state, and when.
fn facts(plan: &Plan) -> Vec<(i64, Fact)> {
    let mut facts = Vec::new();
    for (place, terminal) in plan.terminals.iter().enumerate() {
        let first = terminal.wrong_zone.map_or(plan.zone, |(wrong, _)| wrong);
        facts.push((terminal.registered_at, Fact::Register { terminal: place, zone: first }));
        if let Some((_, corrected)) = terminal.wrong_zone {
            facts.push((corrected, Fact::Register { terminal: place, zone: plan.zone }));
        }
    }
    for (place, person) in plan.people.iter().enumerate() {
        facts.extend(person.assigned_at.map(|at| (at, Fact::Assign { person: place })));
    }
    facts.sort_by_key(|(at, _)| *at);
    facts
}
