//! Live sessions: a terminal whose punches are heard as they happen, between two readings of its log (zk 10).
//!
//! Invariants:
//! * Events are told once. So a session begins with the registration and then a reading of the log, in this order: what happens in
//!   between comes by both ways, and nothing by none. What happens while no session stands is found by the next reading.
//! * A terminal serves one client, and the reading goes first: the poller takes the session back for each reading ([`Live::take`]),
//!   and hands it over again afterwards ([`Live::keep`]). There is never a second connection.
//! * A punch that is told has the identity of its record in the log, so that it counts once. What is told and not understood for
//!   certain (a slot of the user table instead of a number, a body of unknown length) is taken from the log, by a reading soon.
//! * What can't be stored now is not lost: the log has it. A session never waits for room, and delays no other terminal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use attendance::punch::{Channel, RawPunch};
use link::Terminal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};
use zk::record::event::{AttendanceEvent, EventLayout};
use zk::{Error, EventMask, RealtimeEvent, UserRef};

use crate::Visit;
use crate::counters::Counters;
use crate::reading::punch;
use crate::spool::{Entry, Spool};
use crate::terminals::Terminals;
use crate::timekeeper::Timekeeper;

/// The sessions that stand now.
pub(crate) struct Live {
    ear: Ear,
    sessions: Mutex<HashMap<String, Session>>,
}

/// A terminal that is listened to.
struct Session {
    /// As it was when the session began.
    terminal: Terminal,
    give_back: oneshot::Sender<()>,
    /// The visit, unless its line was lost.
    task: JoinHandle<Option<Visit>>,
}

/// What a session does with what it hears.
#[derive(Clone)]
struct Ear {
    spool: Spool,
    terminals: Arc<Terminals>,
    counters: Arc<Counters>,
    time: Arc<Timekeeper>,
    /// Serials of terminals whose log should be read soon.
    wishes: mpsc::UnboundedSender<String>,
}

impl Live {
    /// No session stands. The other end hears of terminals whose log should be read soon.
    pub(crate) fn new(
        spool: Spool,
        terminals: Arc<Terminals>,
        counters: Arc<Counters>,
        time: Arc<Timekeeper>,
    ) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (wishes, wished) = mpsc::unbounded_channel();
        (Self { ear: Ear { spool, terminals, counters, time, wishes }, sessions: Mutex::default() }, wished)
    }

    /// Listens on a visit that has registered for events and has read the log.
    pub(crate) fn keep(&self, terminal: &Terminal, visit: Visit) {
        let (give_back, given_back) = oneshot::channel();
        let task = tokio::spawn(self.ear.clone().listen(terminal.serial.clone(), visit, given_back));
        let session = Session { terminal: terminal.clone(), give_back, task };
        // There was none: the poller reads a terminal once at a time, and takes the session before.
        self.lock().insert(terminal.serial.clone(), session);
    }

    /// The session of a terminal for its next reading, if one stands that leads to where the terminal is registered now.
    pub(crate) async fn take(&self, terminal: &Terminal) -> Option<Visit> {
        let session = self.lock().remove(&terminal.serial)?;
        let leads_there =
            (&session.terminal.address, session.terminal.comm_key) == (&terminal.address, terminal.comm_key);
        let visit = session.back().await?;
        if leads_there {
            return Some(visit);
        }
        visit.end().await;
        None
    }

    /// Ends the sessions of terminals that are not to be listened to any more.
    pub(crate) fn retain(&self, wanted: &[Terminal]) {
        let mut sessions = self.lock();
        let gone: Vec<String> = sessions
            .keys()
            .filter(|serial| wanted.iter().all(|one| one.serial != **serial || !one.live))
            .cloned()
            .collect();
        for session in gone.iter().filter_map(|serial| sessions.remove(serial)) {
            tokio::spawn(session.end());
        }
    }

    /// Ends all sessions, and waits until each has said goodbye.
    pub(crate) async fn end(&self) {
        let sessions: Vec<Session> = self.lock().drain().map(|(_, session)| session).collect();
        let mut endings: JoinSet<()> = sessions.into_iter().map(Session::end).collect();
        while endings.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// The visit, as soon as what it heard last is stored; `None` when its line was lost.
    async fn back(self) -> Option<Visit> {
        // Fails when the line was lost, and then the task has ended.
        let _ = self.give_back.send(());
        self.task.await.ok().flatten()
    }

    async fn end(self) {
        if let Some(visit) = self.back().await {
            visit.end().await;
        }
    }
}

impl Ear {
    async fn listen(self, serial: String, mut visit: Visit, mut given_back: oneshot::Receiver<()>) -> Option<Visit> {
        loop {
            let event = tokio::select! {
                // Whoever wants the visit back, or has gone, ends the session.
                _ = &mut given_back => return Some(visit),
                event = visit.client.next_event() => event,
            };
            match event {
                Ok(RealtimeEvent::Attendance(event)) => self.hear(&serial, &event).await,
                Ok(RealtimeEvent::Unknown { kind: EventMask::ATTENDANCE, raw }) => {
                    tracing::warn!(
                        serial,
                        bytes = raw.len(),
                        "a terminal told a punch in an unknown form; its log is read"
                    );
                    self.wish(&serial);
                }
                Ok(other) => tracing::debug!(serial, ?other, "an event that is no punch"),
                Err(Error::EventsLost { count }) => {
                    tracing::warn!(serial, count, "events came too quickly; the log of the terminal is read");
                    self.wish(&serial);
                }
                Err(error) => {
                    tracing::info!(serial, %error, "a live session was lost; the log of the terminal is read");
                    self.wish(&serial);
                    return None;
                }
            }
        }
    }

    /// Stores a punch.
    async fn hear(&self, serial: &str, event: &AttendanceEvent) {
        let now_us = self.time.now_us();
        self.terminals.heard(serial, now_us);
        let Some(said) = said(serial, event) else {
            self.wish(serial);
            return;
        };
        if let Some(face_s) = said.time.seconds().filter(|_| self.time.is_believed()) {
            self.terminals.showed_face(serial, face_s, now_us);
        }
        match self.spool.append(vec![Entry::punch(Channel::Poll, &said, now_us)]).await {
            Ok(appended) => {
                self.counters.punches_heard.add(1);
                self.counters.punches_new.add(appended.new);
                self.counters.punches_known.add(appended.known);
                self.counters.punches_differing.add(appended.differing);
            }
            Err(error) => {
                tracing::warn!(serial, %error, "a punch that was told could not be stored; the terminal keeps it in its log");
                self.wish(serial);
            }
        }
    }

    fn wish(&self, serial: &str) {
        // Nobody listens any more when the edge ends.
        let _ = self.wishes.send(serial.to_owned());
    }
}

/// The punch as the record in the log says it; `None` when only the log can tell who it was, or when.
fn said(serial: &str, event: &AttendanceEvent) -> Option<RawPunch> {
    let record = event.record()?;
    let UserRef::Number(number) = record.user else { return None };
    Some(punch(serial, &number.text(), &record, &event.encode(EventLayout::Text)))
}

#[cfg(test)]
mod tests {
    use zk::EventTime;

    use super::*;

    fn event(user: UserRef, time: [u8; 6]) -> AttendanceEvent {
        AttendanceEvent { user, verify: 1, state: 0, time: EventTime(time), extra: vec![7; 4] }
    }

    #[test]
    fn a_punch_that_is_told_is_the_one_in_the_log() {
        let told = event(UserRef::Number("0012".into()), [26, 3, 2, 8, 0, 7]);
        let heard = said("A1", &told).unwrap();
        let record = told.record().unwrap();
        let read = punch("A1", "0012", &record, b"the bytes of the record");
        assert_eq!(heard.fingerprint(), read.fingerprint());
        assert_eq!((heard.state, heard.verify), (read.state, read.verify));
        let no_date = event(UserRef::Number("0012".into()), [26, 2, 31, 8, 0, 0]);
        let read = punch("A1", "0012", &no_date.record().unwrap(), b"");
        assert_eq!(said("A1", &no_date).unwrap().fingerprint(), read.fingerprint());
    }

    #[test]
    fn what_only_the_log_can_tell_is_left_to_it() {
        assert_eq!(said("A1", &event(UserRef::Slot(7), [26, 3, 2, 8, 0, 7])), None, "who has the slot?");
        assert_eq!(
            said("A1", &event(UserRef::Number("7".into()), [26, 13, 2, 8, 0, 7])),
            None,
            "no record has that month"
        );
    }
}
