//! Sinks and their records as people see them, and what they ask for.

use jiff::Timestamp;
use jiff::civil::Date;
use roads::sink::KeyEnd;
use store::people::Employee;
use store::{Read, Write};

use super::events::{self, Scribe};
use super::{Mode, RecordFilter, SinkSettings, Standing, Which, signing_place, token_place};
use crate::addresses;
use crate::erasing::is_erased;
use crate::jobs::{DELIVER, enqueue};
use crate::key_ends::{self, put_key_end};
use crate::registry::people;
use crate::resolve::instant;
use crate::{Actor, Error, Hub};

/// Days that one transaction puts into an outbox, or removes.
pub(super) const PER_WRITE: usize = 1_000;
/// Why a sink is paused that a person paused.
const BY_HAND: &str = "paused by hand";

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// It is to be sent; attempts may have failed.
    Waiting,
    /// The receiver has it.
    Sent,
    /// Its last attempt failed. It stays until its day changes, or somebody asks for it again.
    Failed,
    /// The day is not judged, or was gone before anybody was told; or another receiver was told, which the sink had before.
    Withheld,
}

impl EntryState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Withheld];

    /// The word for it in tables and addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Withheld => "withheld",
        }
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A sink to be.
#[derive(Clone, Debug)]
pub struct NewSink {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub settings: SinkSettings,
    /// What the hub shows to it.
    pub token: String,
    /// What records are signed with.
    pub signing_secret: Option<String>,
}

/// How it stands with a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkRow {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub settings: SinkSettings,
    /// Why nothing is sent to it now.
    pub paused: Option<String>,
    /// Records that wait.
    pub waiting: u64,
    /// Those of them that have failed once or twice.
    pub tried: u64,
    /// Records that the receiver has.
    pub sent: u64,
    /// Records that have failed for good.
    pub failed: u64,
    /// When the day of the record that waits longest changed.
    pub oldest: Option<Timestamp>,
    /// The first of the keys there that ends, as far as the receiver told.
    pub key_end: Option<KeyEnd>,
}

impl SinkRow {
    /// That a key ends within three weeks, with the cure.
    pub fn key_warning(&self, now: Timestamp) -> Option<String> {
        key_ends::warning(self.key_end.as_ref(), &format!("punchclock sink add {}", self.settings.kind), now)
    }
}

/// A record as tables show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// The employee's code.
    pub code: String,
    /// Work date.
    pub date: Date,
    /// Where it is.
    pub state: EntryState,
    /// Rises with each change that the sink is to hear of.
    pub revision: i64,
    /// Failed attempts.
    pub attempts: u32,
    /// When it was on its way last.
    pub tried: Option<Timestamp>,
    /// When it was taken last.
    pub sent: Option<Timestamp>,
    /// What the receiver said last.
    pub receipt: String,
}

/// Which days are put into an outbox.
#[derive(Clone, Debug, Default)]
pub struct Queued {
    /// First date.
    pub from: Option<Date>,
    /// Last date, inclusive.
    pub to: Option<Date>,
    /// Employee code; everybody when `None`.
    pub employee: Option<String>,
    /// Also what was sent, as if it had changed.
    pub force: bool,
}

pub(super) fn settings_of(read: &Read<'_>, name: &str) -> Result<SinkSettings, Error> {
    SinkSettings::read(&sink(read, name)?)
}

/// The settings of a sink; `None` when there is none of that name any more.
pub(super) fn known_settings(read: &Read<'_>, name: &str) -> Result<Option<SinkSettings>, Error> {
    let sink = read.sinks()?.into_iter().find(|sink| sink.name == name);
    sink.as_ref().map(SinkSettings::read).transpose()
}

pub(super) fn sink(read: &Read<'_>, name: &str) -> Result<store::outbox::Sink, Error> {
    read.sinks()?.into_iter().find(|sink| sink.name == name).ok_or_else(|| Error::NotFound(format!("sink {name}")))
}

impl Queued {
    fn dates(&self) -> (Date, Date) {
        (self.from.unwrap_or(Date::MIN), self.to.unwrap_or(Date::MAX))
    }
}

/// Whose days are put into an outbox. Not those of people who were erased: the days that stay are pay records, and no receiver knows whose.
pub(super) fn queued_people(read: &Read<'_>, which: &Queued) -> Result<Vec<Employee>, Error> {
    let mut people = people(read, which.employee.as_deref())?;
    people.retain(|person| !is_erased(person));
    Ok(people)
}

/// Puts judged days of an employee into a sink's outbox; how many wait because of it.
pub(super) fn queue(
    write: &Write<'_>,
    (name, settings): (&str, &SinkSettings),
    person: i64,
    which: &Queued,
    now: Timestamp,
) -> Result<u64, Error> {
    let (from, to) = which.dates();
    let (mut seq, mut some, mut scribe) = (None, 0, Scribe::default());
    for day in write.days_of(person, from, to)? {
        let key = (person, day.date);
        if Standing::of(Some(&day), settings)? != Standing::Told {
            continue;
        }
        // What is withheld, though the day is to be told, the receiver was not told: another was.
        let known = write.outbox_entries(name, &[key])?.pop().flatten().map(|entry| entry.state);
        let is_news = known.as_deref() == Some(EntryState::Withheld.word());
        let known = known.is_some() && !is_news;
        if known && !which.force {
            continue;
        }
        if is_news && settings.mode == Mode::Event {
            write.last_event(name, key, None)?;
        }
        if settings.mode == Mode::Event {
            scribe.note(write, name, key, (Standing::Told, Some(&day)), &mut seq, now)?;
        } else if known {
            write.tell_anew(name, key, now.as_microsecond())?;
        } else {
            let number = seq.map_or_else(|| write.next_outbox_seq(), Ok)?;
            seq = Some(number);
            write.tell(name, key, number, now.as_microsecond())?;
        }
        some += 1;
    }
    Ok(some)
}

/// Lets failed records of a sink wait again, as many as one transaction takes; how many there were.
pub(super) fn requeue_some(write: &Write<'_>, name: &str) -> Result<usize, Error> {
    let failed = write.outbox_in_state(name, EntryState::Failed.word(), PER_WRITE as u32)?;
    for entry in &failed {
        write.requeue(name, (entry.employee, entry.date))?;
    }
    Ok(failed.len())
}

impl Hub {
    /// Adds a sink, or changes the one of that name. It is told of days that change from now on; [`Hub::queue_days`] tells it of others, also
    /// where another receiver is behind the name now, which has nothing of what the one before was told.
    /// Where its mode changes: how many days waited or had failed. Each of them waits as a record of the new mode, of how it is now.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name of other characters than letters, digits and `-`, or an address as lists show it that is not the one
    /// before; [`Error::Key`] when the token can't be sealed.
    pub fn add_sink(&self, actor: &Actor, new: &NewSink, now: Timestamp) -> Result<Option<u64>, Error> {
        let name = new.name.as_str();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(Error::invalid(format!("`{name}` is no name of a sink"), "use letters, digits and -"));
        }
        self.forget_what_is_left(name)?;
        self.store.write(|write| {
            let before = write.sinks()?.into_iter().find(|sink| sink.name == name);
            let before = before.as_ref().map(SinkSettings::read).transpose()?;
            let addresses = (before.as_ref().map(|before| before.url.as_str()), new.settings.url.as_str());
            let url = self.keep_address(write, &addresses::of_sink(name), addresses, now)?;
            let now_us = now.as_microsecond();
            let given_us = before.as_ref().map_or(now_us, |before| now_us.max(before.given_us + 1));
            let settings = SinkSettings { url, given_us, ..new.settings.clone() };
            write.put_sink(name, &settings.json()?)?;
            self.keep_secret(write, &token_place(name), &new.token, now)?;
            match &new.signing_secret {
                Some(secret) => self.keep_secret(write, &signing_place(name), secret, now)?,
                None => drop(write.drop_secret(&signing_place(name))?),
            }
            let was = before.as_ref().map_or_else(|| Ok("none".to_owned()), SinkSettings::audited)?;
            let detail = format!("{was} -> {}", settings.audited()?);
            write.audit(&actor.entry(now, "sink.add", name, detail))?;
            let Some(before) = before else { return Ok(None) };
            let is_turned = before.mode != settings.mode;
            let turned = is_turned.then(|| events::switch(write, name, (&before, &settings), now)).transpose()?;
            if before.receiver() != settings.receiver() {
                write.change_receiver(name, now_us)?;
            }
            Ok(turned)
        })
    }

    /// Removes a sink with its secrets and all that it knows of days.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn remove_sink(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            let before = sink(write, name)?;
            write.drop_sink(name)?;
            write.drop_secret(&token_place(name))?;
            write.drop_secret(&signing_place(name))?;
            write.drop_secret(&addresses::of_sink(name))?;
            put_key_end(write, &token_place(name), None)?;
            let was = SinkSettings::read(&before)?.audited()?;
            write.audit(&actor.entry(now, "sink.remove", name, was))?;
            Ok::<_, Error>(())
        })?;
        self.forget_what_is_left(name)
    }

    /// Forgets what a sink knew of days that is no more. Whoever removed it may have been stopped before that was done.
    fn forget_what_is_left(&self, name: &str) -> Result<(), Error> {
        let some = || {
            self.store.write(|write| match sink(write, name) {
                Err(Error::NotFound(_)) => Ok(write.forget_outbox(name, PER_WRITE as u32)?),
                // Somebody added it again.
                there => there.map(|_| 0),
            })
        };
        while some()? == PER_WRITE as u64 {}
        Ok(())
    }

    /// Pauses a sink, or lets it go on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub fn pause_sink(&self, actor: &Actor, name: &str, is_paused: bool, now: Timestamp) -> Result<(), Error> {
        self.store.write(|write| {
            if !write.pause_sink(name, is_paused.then_some(BY_HAND))? {
                return Err(Error::NotFound(format!("sink {name}")));
            }
            let action = if is_paused { "sink.pause" } else { "sink.resume" };
            Ok(write.audit(&actor.entry(now, action, name, ""))?)
        })
    }

    /// How it stands with each sink.
    ///
    /// # Errors
    /// Of the store.
    pub fn sinks(&self) -> Result<Vec<SinkRow>, Error> {
        self.store.read(|read| {
            let mut key_ends = key_ends::key_ends(read)?;
            let row = |sink: store::outbox::Sink| {
                let counts = read.outbox_counts(&sink.name)?;
                let of = |state: EntryState| counts.iter().find(|count| count.state == state.word());
                let number = |state| of(state).map_or(0, |count| count.count);
                let waiting = of(EntryState::Waiting);
                Ok(SinkRow {
                    settings: SinkSettings::read(&sink)?,
                    key_end: key_ends.remove(&token_place(&sink.name)),
                    name: sink.name,
                    paused: sink.paused,
                    waiting: number(EntryState::Waiting),
                    tried: waiting.map_or(0, |count| count.tried),
                    sent: number(EntryState::Sent),
                    failed: number(EntryState::Failed),
                    oldest: waiting.map(|count| instant(count.oldest_us)),
                })
            };
            read.sinks()?.into_iter().map(row).collect()
        })
    }

    /// The records of a sink in a state, by employee; `limit` at most.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink.
    pub fn sink_entries(&self, name: &str, state: EntryState, limit: u32) -> Result<Vec<EntryRow>, Error> {
        let filter = RecordFilter { sink: name.to_owned(), state: Some(state), limit, ..RecordFilter::default() };
        Ok(self.sink_records(&filter)?.rows)
    }

    /// Puts judged days into a sink's outbox of which its receiver was never told; with `force` also the others. How many wait because of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink or employee.
    pub fn queue_days(&self, actor: &Actor, name: &str, which: &Queued, now: Timestamp) -> Result<u64, Error> {
        let (settings, people) =
            self.store.read(|read| Ok::<_, Error>((settings_of(read, name)?, queued_people(read, which)?)))?;
        let mut queued = 0;
        for person in &people {
            queued += self.store.write(|write| queue(write, (name, &settings), person.id, which, now))?;
        }
        let (from, to) = which.dates();
        let detail = format!("{queued} days from {from} to {to}{}", if which.force { ", by force" } else { "" });
        self.store.write(|write| write.audit(&actor.entry(now, "sink.queue", name, detail)))?;
        Ok(queued)
    }

    /// Lets every failed record of a sink wait again, without attempts; how many there were.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown sink.
    pub fn requeue_failed(&self, actor: &Actor, name: &str, now: Timestamp) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let some = self.store.write(|write| {
                sink(write, name)?;
                let some = requeue_some(write, name)?;
                if some > 0 {
                    write.audit(&actor.entry(now, "sink.requeue", name, format!("{some} records")))?;
                }
                Ok::<_, Error>(some)
            })?;
            all += some as u64;
            if some < PER_WRITE {
                return Ok(all);
            }
        }
    }

    /// The settings of a sink, and why it is paused if it is.
    pub(super) fn sink_to_send_to(&self, name: &str) -> Result<(SinkSettings, Option<String>), Error> {
        self.store.read(|read| {
            let sink = sink(read, name)?;
            Ok((SinkSettings::read(&sink)?, sink.paused))
        })
    }

    /// Whether there is such a sink, and nothing is sent to it now.
    pub(super) fn is_sink_paused(&self, name: &str) -> Result<bool, Error> {
        let sinks = self.store.read(|read| read.sinks())?;
        Ok(sinks.iter().any(|sink| sink.name == name && sink.paused.is_some()))
    }

    /// What opens a sink: its settings with the whole address, its token and what records are signed with. For whoever makes the client.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] or [`Error::Key`] when its secrets can't be opened, with the cure.
    pub fn sink_access(&self, name: &str) -> Result<NewSink, Error> {
        self.store.read(|read| {
            let settings = settings_of(read, name)?;
            let url = self.whole_address(read, &addresses::of_sink(name), &settings.url)?;
            let token = self.secret(read, &token_place(name))?;
            let token = token
                .ok_or_else(|| Error::invalid(format!("sink {name} has no token"), "add it again with its token"))?;
            let signing_secret = self.secret(read, &signing_place(name))?;
            Ok(NewSink { name: name.to_owned(), settings: SinkSettings { url, ..settings }, token, signing_secret })
        })
    }

    /// Asks for the delivery to each sink that is not paused, as jobs of a lane each.
    pub(super) fn ask_for_deliveries(write: &Write<'_>, is_retry: bool, now: Timestamp) -> Result<usize, Error> {
        let sinks: Vec<_> = write.sinks()?.into_iter().filter(|sink| sink.paused.is_none()).collect();
        let waiting = write.waiting_jobs(DELIVER.name)?;
        for sink in &sinks {
            let which = if is_retry { Which::Failed } else { Which::New };
            let body = format!("{} {}", which.word(), sink.name);
            if !waiting.iter().any(|job| job.body == body) {
                enqueue(write, &DELIVER, Some(&token_place(&sink.name)), &body, now)?;
            }
        }
        Ok(sinks.len())
    }
}
