//! Sends what waits: waves of records, each offered, on its way, marked. The network is in nobody's transaction.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use roads::sink::{Answer, Sink};
use store::{Read, Write};

use super::letter::{Ready, ready};
use super::plan::{MISSES, Round, Went, Which};
use super::{EntryState, Mode, NewSink, Queued, SinkSettings, TRIES, desk, token_place};
use crate::derive::derive_within;
use crate::resolve::instant;
use crate::undone::Undone;
use crate::{Error, Hub};

/// Records that one run looks at; what is left waits for the next.
const PER_RUN: u32 = 50_000;
/// So many records that were barred and nothing else, and the run ends: nobody may be there who wants them.
const MOST_BARRED: usize = 200;
/// So long a record that nobody tried before waits for a run in which more is heard than that it is barred. Then that counts as an attempt,
/// and what failed is tried each sixth hour: within a day it is taken, or somebody sees that it failed.
const BARRED_WAIT: SignedDuration = SignedDuration::from_hours(6);

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Records that the receiver took.
    pub sent: u64,
    /// Records of which nothing changed for the receiver: they were not sent.
    pub in_step: u64,
    /// Attempts that failed for a time.
    pub failed: u64,
    /// Records that the receiver refused.
    pub refused: u64,
    /// Why the sink is paused now.
    pub paused: Option<String>,
    /// The last failure, in words.
    pub says: Option<String>,
}

impl Delivered {
    /// In words, for the list of jobs.
    pub fn words(&self) -> String {
        let mut words = format!("{} sent, {} failed, {} refused", self.sent, self.failed, self.refused);
        if self.in_step > 0 {
            words += &format!(", {} unchanged for the receiver", self.in_step);
        }
        if let Some(why) = &self.paused {
            words += &format!("; paused: {why}");
        } else if let Some(says) = &self.says {
            words += &format!("; {says}");
        }
        words
    }
}

/// What is looked at before it is sent.
#[derive(Clone, Debug, Default)]
pub struct DryRun {
    /// Days that would be put into the outbox before; none when `None`.
    pub queued: Option<Queued>,
    /// Also what failed, for good as well, as if it had not been tried.
    pub retries_failed: bool,
    /// Most records; 0 is no limit.
    pub limit: u32,
}

/// A record that would be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct DryLetter {
    /// Work date.
    pub date: Date,
    /// Its revision.
    pub revision: i64,
    /// The body.
    pub body: serde_json::Value,
}

impl Hub {
    /// Sends what waits for a sink, until nothing does or the receiver is away. `limit` is the most records; 0 is no limit.
    /// `is_over` is asked between waves.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink, or of the store. What was sent stays marked.
    pub fn deliver(
        &self,
        name: &str,
        sink: &dyn Sink,
        which: Which,
        limit: u32,
        clock: &dyn Fn() -> Timestamp,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Delivered, Error> {
        let (settings, paused) = self.sink_to_send_to(name)?;
        match paused {
            None => self.deliver_to((name, &settings), sink, (which, limit), clock, is_over),
            paused => Ok(Delivered { paused, ..Delivered::default() }),
        }
    }

    /// As [`Hub::deliver`], by a client that was made of `access`. `None`, and nothing is sent, when the sink was given anew since: its secret
    /// may be another.
    pub(super) fn deliver_by(
        &self,
        access: &NewSink,
        sink: &dyn Sink,
        of: (Which, u32),
        clock: &dyn Fn() -> Timestamp,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<Delivered>, Error> {
        let (settings, paused) = self.sink_to_send_to(&access.name)?;
        match paused {
            _ if settings.given_us != access.settings.given_us => Ok(None),
            None => self.deliver_to((&access.name, &settings), sink, of, clock, is_over).map(Some),
            paused => Ok(Some(Delivered { paused, ..Delivered::default() })),
        }
    }

    fn deliver_to(
        &self,
        (name, settings): (&str, &SinkSettings),
        sink: &dyn Sink,
        (which, limit): (Which, u32),
        clock: &dyn Fn() -> Timestamp,
        is_over: &dyn Fn() -> bool,
    ) -> Result<Delivered, Error> {
        let mut done = Delivered::default();
        let most = if limit == 0 { PER_RUN } else { limit.min(PER_RUN) };
        let waiting = self.store.read(|read| waiting(read, name, settings, which, most))?;
        let mut round = Round::new(&waiting);
        let mut barred: Vec<(Ready, String)> = Vec::new();
        let mut is_asked = false;
        let takes_nothing = |done: &Delivered, barred: &[_]| done.heard() == 0 && barred.len() >= MOST_BARRED;
        while done.paused.is_none() && !is_over() && !takes_nothing(&done, &barred) {
            let wave = round.wave();
            if wave.is_empty() {
                break;
            }
            let Some(taken) = self.take(name, settings, &wave, sink, clock())? else { break };
            done.in_step += wave.len().saturating_sub(taken.len()) as u64;
            let letters: Vec<_> = taken.iter().map(|ready| ready.letter.clone()).collect();
            let answers = sink.deliver(&letters);
            is_asked |= !letters.is_empty();
            self.mark(name, settings, &taken, &answers, clock())?;
            for (ready, answer) in taken.iter().zip(&answers) {
                round.hear((ready.entry.employee, ready.entry.date), done.count(answer));
                if let Answer::Barred(why) = answer {
                    barred.push((ready.clone(), why.clone()));
                }
            }
        }
        self.end_barred(name, settings, barred, &mut done, clock())?;
        if is_asked && done.paused.is_none() {
            self.note_key_ends(&token_place(name), sink.key_ends(), clock())?;
        }
        // Where it was given anew meanwhile, what is said to the key of before pauses nothing.
        if done.paused.is_some() && !self.is_sink_paused(name)? {
            done.says = done.paused.take();
        }
        self.sent.count(name, &done);
        if let Some(why) = &done.paused {
            tracing::error!(
                sink = name,
                "nothing is sent to a sink any more: {why}; cure that, then `punchclock sink resume {name}`"
            );
        }
        Ok(done)
    }

    /// What would be sent to a sink now, if days were derived and put into its outbox before. Nothing is stored: the transaction that does
    /// it is taken back, before the sink is asked.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink or employee, [`Error::Invalid`] when the sink has to be asked and can't be, or of the store.
    pub fn would_deliver(
        &self,
        name: &str,
        sink: &dyn Sink,
        dry_run: &DryRun,
        now: Timestamp,
    ) -> Result<Vec<DryLetter>, Error> {
        let mut ready = Vec::new();
        let done = self.store.write(|write| {
            ready = would_be_ready(write, name, sink, dry_run, now)?;
            Err::<(), _>(Undone::DryRun)
        });
        if let Err(Undone::Failed(error)) = done {
            return Err(error);
        }
        let letters: Vec<_> = ready.iter().map(|ready| ready.letter.clone()).collect();
        let bodies =
            sink.preview(&letters).map_err(|why| Error::invalid(format!("sink {name}: {why}"), "try again then"))?;
        let letter = |(ready, body): (&Ready, serde_json::Value)| DryLetter {
            date: ready.entry.date,
            revision: ready.letter.revision,
            body,
        };
        Ok(ready.iter().zip(bodies).map(letter).collect())
    }

    /// Notes that the records of a wave are about to be on their way. Those of which nothing changed for the receiver, since it took
    /// what was sent last, are marked and left out; events always go. `None` when the sink was paused, or changed, meanwhile.
    pub(super) fn take(
        &self,
        name: &str,
        settings: &SinkSettings,
        wave: &[(i64, Date)],
        sink: &dyn Sink,
        now: Timestamp,
    ) -> Result<Option<Vec<Ready>>, Error> {
        let now_us = now.as_microsecond();
        self.store.write(|write| {
            let place = desk::sink(write, name)?;
            if place.paused.is_some() || SinkSettings::read(&place)? != *settings {
                return Ok(None);
            }
            if settings.mode == Mode::Event {
                let events = ready(write, name, settings, wave, now)?;
                let entries: Vec<_> = events.iter().map(|ready| ready.entry.clone()).collect();
                write.offer_events(name, &entries, now_us)?;
                return Ok(Some(events));
            }
            let (same, mut changed): (Vec<_>, Vec<_>) =
                ready(write, name, settings, wave, now)?.into_iter().partition(|ready| is_in_step(sink, ready));
            for ready in &same {
                write.mark_sent(name, &ready.entry, "nothing changed for the receiver", now_us)?;
            }
            for ready in &mut changed {
                let digest = Some(digest(sink, ready).to_vec());
                let entry = &mut ready.entry;
                // Names and addresses may have changed since the last attempt: a key is not that of two contents.
                if entry.offered == entry.revision && entry.digest != digest {
                    entry.revision = write.renew(name, entry, now_us)?;
                    ready.letter.revision = entry.revision;
                }
                entry.digest = digest;
            }
            let entries: Vec<_> = changed.iter().map(|ready| ready.entry.clone()).collect();
            write.offer(name, &entries, now_us)?;
            Ok(Some(changed))
        })
    }

    /// What the run that ends now tells of the records that were barred. Of a receiver that takes or judges others each is refused. One
    /// that barred all of them, and never took any or bars so many, takes nothing: the sink is paused, and no attempt counts. If they are few,
    /// nobody knows yet: those that nobody tried before wait for what a later run tells, uncounted, for a while ([`BARRED_WAIT`]).
    fn end_barred(
        &self,
        name: &str,
        settings: &SinkSettings,
        mut barred: Vec<(Ready, String)>,
        done: &mut Delivered,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some((_, why)) = barred.last() else { return Ok(()) };
        if done.heard() == 0 {
            let untried = barred.iter().filter(|(ready, _)| ready.entry.attempts == 0).count();
            let sent = self.store.read(|read| read.outbox_in_state(name, EntryState::Sent.word(), 1))?;
            if sent.is_empty() || untried >= MISSES as usize {
                let why = format!("the receiver takes none of the records ({why}): look at its URL and the token");
                if self.store.write(|write| pause(write, name, settings, &why))? {
                    done.paused = Some(why);
                }
                return Ok(());
            }
            done.says = Some(format!("the receiver took none of {} records ({why})", barred.len()));
            let has_waited = |changed_us| now.duration_since(instant(changed_us)) >= BARRED_WAIT;
            barred.retain(|(ready, _)| ready.entry.attempts > 0 || has_waited(ready.entry.changed_us));
        }
        for part in barred.chunks(MOST_BARRED) {
            let taken: Vec<_> = part.iter().map(|(ready, _)| ready.clone()).collect();
            let answers: Vec<_> = part.iter().map(|(_, why)| Answer::Refused(format!("refused: {why}"))).collect();
            self.mark(name, settings, &taken, &answers, now)?;
            for answer in &answers {
                done.count(answer);
            }
        }
        Ok(())
    }

    /// Notes what became of the records of a wave. Of those that were barred it is what the receiver said; whether that is a failed attempt
    /// [`Hub::end_barred`] tells.
    pub(super) fn mark(
        &self,
        name: &str,
        settings: &SinkSettings,
        taken: &[Ready],
        answers: &[Answer],
        now: Timestamp,
    ) -> Result<(), Error> {
        self.store.write(|write| {
            // What another receiver said, which the sink had before, is nothing that the one now has.
            if desk::known_settings(write, name)?.as_ref().map(SinkSettings::receiver) != Some(settings.receiver()) {
                return Ok(());
            }
            for (ready, answer) in taken.iter().zip(answers) {
                match (answer, settings.mode) {
                    (Answer::Taken(receipt), Mode::Event) => {
                        write.mark_event_sent(name, &ready.entry, receipt, now.as_microsecond())?;
                    }
                    (Answer::Taken(receipt), Mode::State) => {
                        write.mark_sent(name, &ready.entry, receipt, now.as_microsecond())?;
                    }
                    (Answer::NotNow(why) | Answer::Refused(why), Mode::Event) => {
                        write.mark_event_failed(
                            name,
                            &ready.entry,
                            (matches!(answer, Answer::Refused(_)), why),
                            TRIES,
                        )?;
                    }
                    (Answer::NotNow(why) | Answer::Refused(why), Mode::State) => {
                        write.mark_failed(name, &ready.entry, why, TRIES)?;
                    }
                    (Answer::Closed(why), _) => {
                        write.note_receipt(name, &ready.entry, why)?;
                        pause(write, name, settings, why)?;
                    }
                    (Answer::Barred(why) | Answer::Unsent(why), _) => write.note_receipt(name, &ready.entry, why)?,
                }
            }
            Ok(())
        })
    }
}

/// Pauses a sink that was delivered to with these settings; whether it did. Who paused or changed it meanwhile knows more.
fn pause(write: &Write<'_>, name: &str, settings: &SinkSettings, why: &str) -> Result<bool, Error> {
    let place = desk::sink(write, name)?;
    if place.paused.is_some() || SinkSettings::read(&place)? != *settings {
        return Ok(false);
    }
    Ok(write.pause_sink(name, Some(why))?)
}

impl Delivered {
    /// Of how many records the receiver said something of their own. A time-out, or trouble on its side, is nothing of the kind: what
    /// stands before a receiver that has gone says so, too.
    const fn heard(&self) -> u64 {
        self.sent + self.refused
    }

    fn count(&mut self, answer: &Answer) -> Went {
        match answer {
            Answer::Taken(_) => {
                self.sent += 1;
                Went::Well
            }
            Answer::NotNow(why) => {
                self.failed += 1;
                self.says = Some(why.clone());
                Went::NotNow
            }
            Answer::Unsent(why) => {
                self.says = Some(why.clone());
                Went::NotNow
            }
            Answer::Refused(why) => {
                self.refused += 1;
                self.says = Some(why.clone());
                Went::Refused
            }
            // Whether it is, the whole run tells.
            Answer::Barred(_) => Went::Refused,
            Answer::Closed(why) => {
                self.paused = Some(why.clone());
                Went::NotNow
            }
        }
    }
}

/// What waits, in the order in which it is to be sent.
pub(super) fn waiting(
    read: &Read<'_>,
    name: &str,
    settings: &SinkSettings,
    which: Which,
    most: u32,
) -> Result<Vec<(i64, Date)>, Error> {
    Ok(match settings.mode {
        Mode::State => read.waiting_in_outbox(name, which.attempts(), most)?,
        Mode::Event => read.waiting_events(name, which.attempts(), most)?,
    })
}

/// What would be ready to be sent, in a transaction that is taken back.
fn would_be_ready(
    write: &Write<'_>,
    name: &str,
    sink: &dyn Sink,
    dry_run: &DryRun,
    now: Timestamp,
) -> Result<Vec<Ready>, Error> {
    let settings = desk::settings_of(write, name)?;
    derive_within(write, now)?;
    let most = if dry_run.limit == 0 { PER_RUN } else { dry_run.limit.min(PER_RUN) };
    if let Some(which) = &dry_run.queued {
        queue_first(write, (name, &settings), which, most, now)?;
    }
    if dry_run.retries_failed {
        while desk::requeue_some(write, name)? == desk::PER_WRITE {}
    }
    let which = if dry_run.retries_failed { Which::All } else { Which::New };
    let waiting = waiting(write, name, &settings, which, most)?;
    let mut ready = ready(write, name, &settings, &waiting, now)?;
    ready.retain(|one| settings.mode == Mode::Event || !is_in_step(sink, one));
    Ok(ready)
}

/// Puts days into the outbox as [`desk::queue`], as far as the first so many that wait can be among them: those wait by employee. How many
/// wait because of it.
pub(super) fn queue_first(
    write: &Write<'_>,
    sink: (&str, &SinkSettings),
    which: &Queued,
    most: u32,
    now: Timestamp,
) -> Result<u64, Error> {
    let mut people = desk::queued_people(write, which)?;
    people.sort_by_key(|person| person.id);
    let mut queued = 0;
    for person in people {
        if queued >= u64::from(most) {
            break;
        }
        queued += desk::queue(write, sink, person.id, which, now)?;
    }
    Ok(queued)
}

/// Whether nothing of a day has changed for the receiver since it took what was sent last.
fn is_in_step(sink: &dyn Sink, ready: &Ready) -> bool {
    let entry = &ready.entry;
    entry.sent > 0 && entry.offered <= entry.sent && entry.digest.as_deref() == Some(&digest(sink, ready)[..])
}

fn digest(sink: &dyn Sink, ready: &Ready) -> [u8; 32] {
    blake3::hash(sink.render(&ready.letter.fields).to_string().as_bytes()).into()
}
