//! Jobs: work of the hub that is done once, by whichever hub takes it, and survives every one of them.
//!
//! Invariants:
//! * A job is asked for in the transaction of what makes it necessary ([`enqueue`]), so that neither is without the other.
//! * What a job changes is written in a transaction that checks its fence ([`Run::step`], [`Run::finish`]); the last of them also ends it.
//!   So a worker that was thought dead changes nothing any more, and a job whose worker died is done once, by the next. What has a guard of
//!   its own is written without it: the revision and the attempts of a record of a sink, how far a source was read, the end of the chain.
//! * Whoever plans a schedule inserts the same due times; each is there once. Those that were missed are one run, of the latest.
//! * A failed attempt (error, panic, or a worker that never told) is followed by the next after a random part of a wait that
//!   doubles. After so many the job is dead: it stays, with the reason, until somebody lets it be tried again.
//! * Jobs of one lane run one after another; a due time to come holds up nobody. Each kind with a schedule is a lane of its own.
//!
//! What is dirty is derived at once by every hub that sees it, without a job ([`crate::Hub::derive_marked`]): a mark is cleared in the
//! transaction that writes its days, and only if it is still there as it was read. Of several hubs that judge the same week one
//! writes it, whichever that is; to wait for each other's leases would cost more than the double look.
//!
//! To add a kind: a line in [`KINDS`], a [`Work`] that does it, given to the runner in [`Works`], and, if it has a schedule, its
//! setting `jobs.NAME`.

mod backups;
mod bell;
mod desk;
mod kinds;
mod meters;
mod plan;
mod schedule;
mod slots;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use store::Write;
use store::jobs::NewJob;

use crate::Error;

pub use backups::Backups;
pub(crate) use bell::Bell;
pub use desk::{JobFilter, JobList, JobRow, JobSort, JobState, KindRow};
pub use kinds::built_in;
pub use meters::Meter;
pub(crate) use meters::Meters;
pub use schedule::{NotASchedule, Schedule};
pub use work::{Claimed, Ended, Finished, Run, Work, Works};

/// How long a worker holds a job without a word. Whoever runs it says one every third of this.
pub const LEASE: Duration = Duration::from_secs(60);

/// What there is to be done, by kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name: letters and `-`.
    pub name: &'static str,
    /// What it does, for a list.
    pub says: &'static str,
    /// Its usual schedule, as [`Schedule`] reads it; `None` for what is only asked for.
    pub schedule: Option<&'static str>,
    /// Attempts before it is dead.
    pub tries: u32,
    /// The longest wait between two attempts.
    pub longest_wait: Duration,
}

/// The hourly derivation.
pub const DERIVE: Kind = Kind {
    name: "derive",
    says: "marks yesterday and today to be derived",
    schedule: Some(":05"),
    tries: 5,
    longest_wait: Duration::from_secs(600),
};

/// The daily clean-up.
pub const CLEAN_UP: Kind = Kind {
    name: "clean-up",
    says: "removes what has been kept long enough, and looks for twins",
    schedule: Some("02:00"),
    tries: 5,
    longest_wait: Duration::from_secs(3600),
};

/// The daily backup, where a folder is set.
pub const BACKUP: Kind = Kind {
    name: "backup",
    says: "writes a backup into its folder, and removes the oldest beyond those that are kept",
    schedule: Some("03:00"),
    tries: 5,
    longest_wait: Duration::from_secs(3600),
};

/// The hourly look at the seals.
pub const SEAL: Kind = Kind {
    name: "seal",
    says: "seals what waits, and notes the head of the chain",
    schedule: Some(":00"),
    tries: 5,
    longest_wait: Duration::from_secs(600),
};

/// A post that an edge is silent, or back. A receiver may be away over a weekend.
pub const NOTICE: Kind = Kind {
    name: "notice",
    says: "posts that an edge is silent or back",
    schedule: None,
    tries: 600,
    longest_wait: Duration::from_secs(15 * 60),
};

/// What is new is sent to the sinks.
pub const SEND: Kind = Kind {
    name: "send",
    says: "asks for new and changed days to be sent to each sink",
    schedule: Some("every 30 min"),
    tries: 5,
    longest_wait: Duration::from_secs(600),
};

/// What failed is sent again.
pub const RETRY: Kind = Kind {
    name: "retry",
    says: "asks for days whose sending failed to be sent again",
    schedule: Some("every 6 h at :30"),
    tries: 5,
    longest_wait: Duration::from_secs(600),
};

/// A delivery to one sink. What a receiver refuses, or is away for, is no failure of the job.
pub const DELIVER: Kind = Kind {
    name: "deliver",
    says: "sends days to one sink",
    schedule: None,
    tries: 5,
    longest_wait: Duration::from_secs(600),
};

/// What other systems know is read.
pub const PULL: Kind = Kind {
    name: "pull",
    says: "asks for each source that is due to be read",
    schedule: Some("every 15 min"),
    tries: 5,
    longest_wait: Duration::from_secs(600),
};

/// The reading of one source. That it is away is no failure of the job.
pub const READ: Kind =
    Kind { name: "read", says: "reads one source", schedule: None, tries: 5, longest_wait: Duration::from_secs(600) };

/// The file of a locked period to a target. A receiver may be away for days: chance halves the waits, so it is tried for about four.
pub const PAYROLL: Kind = Kind {
    name: "payroll",
    says: "hands the file of a locked period to a payroll target",
    schedule: None,
    tries: 200,
    longest_wait: Duration::from_secs(3600),
};

/// Every kind that there is.
pub const KINDS: &[&Kind] =
    &[&DERIVE, &CLEAN_UP, &BACKUP, &SEAL, &SEND, &RETRY, &DELIVER, &PULL, &READ, &NOTICE, &PAYROLL];

/// The schedules that hold, by name of the kind; `None` is off.
pub type Schedules = BTreeMap<&'static str, Option<Schedule>>;

/// Asks for a job, in the transaction of what makes it necessary; its number. It may be claimed at once, unless one of its lane
/// is before it.
pub(crate) fn enqueue(
    write: &Write<'_>,
    kind: &Kind,
    lane: Option<&str>,
    body: &str,
    now: Timestamp,
) -> Result<i64, Error> {
    let now_us = now.as_microsecond();
    let new = NewJob { kind: kind.name, lane, body, due_us: now_us, slot_us: None, created_us: now_us };
    // Only a due time can be taken already.
    Ok(write.add_job(&new)?.unwrap_or_default())
}

/// As [`enqueue`], after what waits in a lane; no worker claims it before [`LEASE`] is over.
pub(crate) fn place(write: &Write<'_>, kind: &Kind, lane: &str, body: &str, now: Timestamp) -> Result<i64, Error> {
    let (due_us, created_us) = (plan::lease_until(now).as_microsecond(), now.as_microsecond());
    let new = NewJob { kind: kind.name, lane: Some(lane), body, due_us, slot_us: None, created_us };
    Ok(write.add_job(&new)?.unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use store::Store;
    use testkit::Database;

    use super::*;

    #[test]
    fn a_job_is_there_with_what_makes_it_necessary_or_not_at_all() {
        let (database, folder) = (Database::asked_for().unwrap(), tempfile::tempdir().unwrap());
        let store = match &database {
            Some(database) => Store::connect(&database.url(), None).unwrap(),
            None => Store::open(&folder.path().join("hub.sqlite")).unwrap(),
        };
        let change = |ends: Result<(), Error>| {
            store.write(|write| {
                write.put_setting("shift", "night")?;
                enqueue(write, &DERIVE, None, "", Timestamp::UNIX_EPOCH)?;
                ends
            })
        };
        let there = |read: &store::Read<'_>| {
            Ok::<_, Error>((read.setting("shift")?.is_some(), read.waiting_jobs(DERIVE.name)?.len()))
        };
        change(Err(Error::NotFound("luck".to_owned()))).unwrap_err();
        assert_eq!(store.read(there).unwrap(), (false, 0));
        change(Ok(())).unwrap();
        assert_eq!(store.read(there).unwrap(), (true, 1));
    }
}
