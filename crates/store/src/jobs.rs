//! Jobs: work that is to be done once, who does it, and what became of it.
//!
//! Invariants:
//! * A job is claimed in one transaction, which counts its fence up. What its worker writes is checked against that number in the
//!   transaction of the writing: of several who hold the same job, only the last to claim it changes anything.
//! * A due time of a schedule is one row at most, whoever inserts it and how often.
//! * Of a lane, nothing is claimed while an earlier job of it has not ended, or a later one runs. A due time to come holds up nobody.
//! * `due_us` says when a job may be claimed: when it is due, or, once it runs, when the lease of its worker ends. So a claim is one
//!   range of one index.

use crate::engine::{Param, Row, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

macro_rules! columns {
    () => {
        "id, kind, lane, body, state, due_us, slot_us, attempts, fence, owner, created_us, started_us, ended_us, outcome, is_taken_over"
    };
}

/// What may be claimed, the longest due first. With the `OR`, PostgreSQL looks at the lane of one job after another, as few as it needs;
/// without, it joins all that wait with all that wait. With the `CAST`, SQLite does not look at the value of the limit while it plans,
/// and so does not plan again for each claim.
macro_rules! claimable {
    () => {
        "SELECT j.id FROM job j WHERE j.tenant = $1 AND j.ended_us IS NULL AND j.due_us <= $2 AND $3 LIKE '%,' || j.kind || ',%'
          AND (j.lane IS NULL OR NOT EXISTS (SELECT 1 FROM job e WHERE e.tenant = j.tenant AND e.lane = j.lane AND e.ended_us IS NULL
          AND ((e.id < j.id AND (e.slot_us IS NULL OR e.slot_us <= $4)) OR (e.id > j.id AND e.state = 'running' AND e.due_us > $5))))
          ORDER BY j.due_us, j.id LIMIT CAST($6 AS BIGINT)"
    };
}

/// The first of a lane, for somebody who has a place in it and waits for no second attempt; the place of somebody else is left to them.
macro_rules! first_of_lane {
    () => {
        "SELECT j.id FROM job j WHERE j.tenant = $1 AND j.ended_us IS NULL AND (j.due_us <= $2 OR (j.state = 'waiting' AND (j.attempts > 0 OR j.id = $3)))
          AND j.lane = $4
          AND NOT EXISTS (SELECT 1 FROM job e WHERE e.tenant = j.tenant AND e.lane = j.lane AND e.ended_us IS NULL
          AND ((e.id < j.id AND (e.slot_us IS NULL OR e.slot_us <= $5)) OR (e.id > j.id AND e.state = 'running' AND e.due_us > $6)))
          ORDER BY j.id LIMIT 1"
    };
}

/// The claim of what a query finds. No row is locked for it: writers of a tenant take turns, on PostgreSQL by a lock of their own.
macro_rules! claim {
    ($found:expr) => {
        concat!(
            "WITH next AS MATERIALIZED (",
            $found,
            ") UPDATE job SET state = 'running', owner = $7, started_us = $8, due_us = $9, fence = fence + 1, attempts = attempts + 1,
             is_taken_over = CASE state WHEN 'running' THEN 1 ELSE 0 END
             WHERE tenant = $10 AND id IN (SELECT id FROM next) RETURNING ",
            columns!()
        )
    };
}

statements! {
    NEXT_ID = "INSERT INTO counter (tenant, name, value) VALUES ($1, 'job', 1)
        ON CONFLICT (tenant, name) DO UPDATE SET value = counter.value + 1 RETURNING value";
    HAS_SLOT = "SELECT COUNT(*) FROM job WHERE tenant = $1 AND kind = $2 AND slot_us = $3";
    ADD = "INSERT INTO job (tenant, id, kind, lane, body, state, due_us, slot_us, attempts, fence, owner, created_us, outcome)
        VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, 0, 0, '', $8, '')";
    CLAIMABLE = claimable!();
    CLAIM = claim!(claimable!());
    CLAIM_IN_LANE = claim!(first_of_lane!());
    RENEW = "UPDATE job SET due_us = $1 WHERE tenant = $2 AND id = $3 AND fence = $4 AND state = 'running'";
    KEEP_PLACE = "UPDATE job SET due_us = $1 WHERE tenant = $2 AND id = $3 AND state = 'waiting' AND attempts = 0";
    HASTEN = "UPDATE job SET due_us = $1 WHERE tenant = $2 AND id = $3 AND state = 'waiting'";
    MOVE_SLOT = "UPDATE job SET slot_us = $1 WHERE tenant = $2 AND id = $3 AND state = 'waiting'";
    HELD = "SELECT COUNT(*) FROM job WHERE tenant = $1 AND id = $2 AND fence = $3 AND state = 'running'";
    END = "UPDATE job SET state = $1, ended_us = $2, outcome = $3, due_us = $4
        WHERE tenant = $5 AND id = $6 AND fence = $7 AND state = 'running'";
    AGAIN = "UPDATE job SET state = 'waiting', due_us = $1, outcome = $2 WHERE tenant = $3 AND id = $4 AND fence = $5 AND state = 'running'";
    RETRY = "UPDATE job SET state = 'waiting', due_us = $1, attempts = 0, ended_us = NULL WHERE tenant = $2 AND id = $3 AND state = 'dead'";
    DEAD = "SELECT id FROM job WHERE tenant = $1 AND state = 'dead' ORDER BY id LIMIT $2";
    GET = concat!("SELECT ", columns!(), " FROM job WHERE tenant = $1 AND id = $2");
    WAITING = concat!("SELECT ", columns!(), " FROM job WHERE tenant = $1 AND ended_us IS NULL AND kind = $2 AND state = 'waiting' ORDER BY id");
    LAST_SLOT = "SELECT MAX(slot_us) FROM job WHERE tenant = $1 AND kind = $2 AND slot_us IS NOT NULL AND (slot_us <= $3 OR state <> 'waiting')";
    LAST_ENDED = concat!("SELECT ", columns!(), " FROM job WHERE tenant = $1 AND kind = $2 AND ended_us IS NOT NULL ORDER BY ended_us DESC, id DESC LIMIT 1");
    LAST_DONE = "SELECT ended_us FROM job WHERE tenant = $1 AND kind = $2 AND ended_us IS NOT NULL AND state = 'done'
        ORDER BY ended_us DESC, id DESC LIMIT 1";
    DROP = "DELETE FROM job WHERE tenant = $1 AND id = $2 AND state = 'waiting'";
    SAY = "UPDATE job SET outcome = $1 WHERE tenant = $2 AND id = $3 AND fence = $4 AND state = 'running'";
    OPEN_OF_KIND = "SELECT kind, state, COUNT(*), MIN(due_us), COUNT(CASE WHEN due_us <= $1 THEN 1 END) FROM job
        WHERE tenant = $2 AND ended_us IS NULL GROUP BY kind, state";
    DEAD_OF_KIND = "SELECT kind, state, COUNT(*), MIN(due_us), COUNT(CASE WHEN due_us <= $1 THEN 1 END) FROM job
        WHERE tenant = $2 AND state = 'dead' GROUP BY kind, state";
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What is to be done: the name of its kind.
    pub kind: String,
    /// Jobs of one lane run one after another, in the order of their numbers; `None` for any time.
    pub lane: Option<String>,
    /// With what; its kind can read it.
    pub body: String,
    /// Word of the state: `waiting`, `running`, `done`, `dead`.
    pub state: String,
    /// When it may be claimed, microseconds UTC: its due time, or the end of the lease of who runs it.
    pub due_us: i64,
    /// The due time of its schedule, microseconds UTC; `None` for what was asked for.
    pub slot_us: Option<i64>,
    /// How often it was claimed since it was asked for, or since somebody asked for it again.
    pub attempts: u32,
    /// Counts its claims.
    pub fence: i64,
    /// Who claimed it last; empty for nobody.
    pub owner: String,
    /// When it was asked for, microseconds UTC.
    pub created_us: i64,
    /// When it was claimed last, microseconds UTC.
    pub started_us: Option<i64>,
    /// When it ended, microseconds UTC; `None` while it waits or runs.
    pub ended_us: Option<i64>,
    /// What it did; or why the last attempt failed.
    pub outcome: String,
    /// Whether it was claimed last from a worker whose lease had ended.
    pub is_taken_over: bool,
}

/// A job to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewJob<'a> {
    /// Name of its kind.
    pub kind: &'a str,
    /// Its lane, if it has one.
    pub lane: Option<&'a str>,
    /// What its kind can read.
    pub body: &'a str,
    /// From when on it may be claimed, microseconds UTC.
    pub due_us: i64,
    /// The due time of the schedule that it comes from, microseconds UTC.
    pub slot_us: Option<i64>,
    /// Now, microseconds UTC.
    pub created_us: i64,
}

/// Who claims jobs, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimant<'a> {
    /// Name of the worker.
    pub owner: &'a str,
    /// Names of the kinds that it can run, each between commas: `,derive,notice,`.
    pub kinds: &'a str,
    /// Most jobs.
    pub most: u32,
    /// Until when it holds them, microseconds UTC.
    pub lease_us: i64,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCount {
    /// Name of the kind.
    pub kind: String,
    /// Word of the state.
    pub state: String,
    /// How many.
    pub count: u64,
    /// The earliest due time among them, microseconds UTC.
    pub first_due_us: i64,
    /// How many of them are due.
    pub due: u64,
}

fn job(row: &Row<'_>) -> Result<Job, Error> {
    Ok(Job {
        id: row.get(0)?,
        kind: row.get(1)?,
        lane: row.get(2)?,
        body: row.get(3)?,
        state: row.get(4)?,
        due_us: row.get(5)?,
        slot_us: row.get(6)?,
        attempts: row.get(7)?,
        fence: row.get(8)?,
        owner: row.get(9)?,
        created_us: row.get(10)?,
        started_us: row.get(11)?,
        ended_us: row.get(12)?,
        outcome: row.get(13)?,
        is_taken_over: row.get(14)?,
    })
}

/// The sort orders of the list of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobOrder {
    /// By number: as they were asked for.
    #[default]
    Number,
    /// By the time at which they may be claimed, or could be last.
    Due,
    /// By kind.
    Kind,
    /// By the time that the last attempt took; those that run or wait come first.
    Duration,
}

impl JobOrder {
    const ALL: [Self; 4] = [Self::Number, Self::Due, Self::Kind, Self::Duration];

    fn sql(self, descending: bool) -> String {
        let turn = if descending { " DESC" } else { "" };
        match self {
            Self::Number => format!(" ORDER BY j.id{turn}"),
            Self::Due => format!(" ORDER BY j.due_us{turn}, j.id{turn}"),
            Self::Kind => format!(" ORDER BY j.kind{turn}, j.id{turn}"),
            Self::Duration => format!(" ORDER BY COALESCE(j.ended_us - j.started_us, -1){turn}, j.id{turn}"),
        }
    }
}

/// Which jobs to list. Empty fields do not filter.
#[derive(Clone, Debug, Default)]
pub struct JobQuery {
    /// Word of a state.
    pub state: Option<String>,
    /// Name of a kind.
    pub kind: Option<String>,
    /// Sort order.
    pub order: JobOrder,
    /// The other way round.
    pub descending: bool,
    /// Rows left out at the start.
    pub offset: u32,
    /// Most rows; 0 is no limit.
    pub limit: u32,
}

impl JobQuery {
    fn conditions(&self, tenant: i64) -> (String, Vec<Box<dyn Param>>) {
        let mut values: Vec<Box<dyn Param>> = vec![Box::new(tenant)];
        let mut sql = String::from(" FROM job j WHERE j.tenant = $1");
        for (column, value) in [("state", &self.state), ("kind", &self.kind)] {
            if let Some(value) = value {
                values.push(Box::new(value.clone()));
                sql.push_str(&format!(" AND j.{column} = ${}", values.len()));
            }
        }
        (sql, values)
    }

    /// The list under conditions with so many values; limit and offset follow them.
    fn list(&self, conditions: &str, values: usize) -> String {
        let (order, limit, offset) = (self.order.sql(self.descending), values + 1, values + 2);
        format!(concat!("SELECT ", columns!(), "{}{} LIMIT ${} OFFSET ${}"), conditions, order, limit, offset)
    }
}

/// Every form that the list of jobs takes, for the catalogue test.
pub(crate) fn list_variants() -> Vec<(&'static str, String)> {
    let text = |on: bool| on.then(|| String::from("x"));
    let mut variants = Vec::new();
    for bits in 0..8u32 {
        let on = |bit: u32| bits & (1 << bit) != 0;
        for order in JobOrder::ALL {
            let query =
                JobQuery { state: text(on(0)), kind: text(on(1)), descending: on(2), order, ..JobQuery::default() };
            let (conditions, values) = query.conditions(1);
            variants.push(("store::jobs::list", query.list(&conditions, values.len())));
        }
    }
    variants
}

impl Read<'_> {
    /// One job.
    ///
    /// # Errors
    /// Of the store.
    pub fn job(&self, id: i64) -> Result<Option<Job>, Error> {
        self.one(GET, params![self.tenant, id], job)
    }

    /// The jobs that a query asks for, and how many there are without its offset and limit.
    ///
    /// # Errors
    /// Of the store.
    pub fn list_jobs(&self, query: &JobQuery) -> Result<(Vec<Job>, u64), Error> {
        let (conditions, values) = query.conditions(self.tenant);
        let mut params: Vec<&dyn Param> = values.iter().map(AsRef::as_ref).collect();
        let total = self.one(&format!("SELECT COUNT(*){conditions}"), &params, |row| row.get(0))?;
        let list = query.list(&conditions, values.len());
        let limit = if query.limit == 0 { i64::MAX } else { query.limit.into() };
        params.extend([&limit as &dyn Param, &query.offset]);
        Ok((self.all(&list, &params, job)?, total.unwrap_or(0)))
    }

    /// The jobs of a kind that wait, by number.
    ///
    /// # Errors
    /// Of the store.
    pub fn waiting_jobs(&self, kind: &str) -> Result<Vec<Job>, Error> {
        self.all(WAITING, params![self.tenant, kind], job)
    }

    /// The latest due time of a kind's schedule that has a job which is due at an instant, or was claimed; microseconds UTC.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_slot(&self, kind: &str, now_us: i64) -> Result<Option<i64>, Error> {
        Ok(self.one(LAST_SLOT, params![self.tenant, kind, now_us], |row| row.get(0))?.flatten())
    }

    /// Of the jobs of a kind that have ended, the last that was asked for.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_ended_job(&self, kind: &str) -> Result<Option<Job>, Error> {
        self.one(LAST_ENDED, params![self.tenant, kind], job)
    }

    /// When the last job of a kind that is done ended, microseconds UTC.
    ///
    /// # Errors
    /// Of the store.
    pub fn last_done_job_us(&self, kind: &str) -> Result<Option<i64>, Error> {
        self.one(LAST_DONE, params![self.tenant, kind], |row| row.get(0))
    }

    /// Whether a claim would yield anything.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_job_claimable(&self, by: &Claimant<'_>, now_us: i64) -> Result<bool, Error> {
        Ok(self
            .one(CLAIMABLE, params![self.tenant, now_us, by.kinds, now_us, now_us, 1], |row| row.get::<i64>(0))?
            .is_some())
    }

    /// How many jobs wait, run and are dead, by kind. Those that are done are not counted.
    ///
    /// # Errors
    /// Of the store.
    pub fn job_counts(&self, now_us: i64) -> Result<Vec<JobCount>, Error> {
        let mut counts = Vec::new();
        for sql in [OPEN_OF_KIND, DEAD_OF_KIND] {
            counts.extend(self.all(sql, params![now_us, self.tenant], |row| {
                Ok(JobCount {
                    kind: row.get(0)?,
                    state: row.get(1)?,
                    count: row.get(2)?,
                    first_due_us: row.get(3)?,
                    due: row.get(4)?,
                })
            })?);
        }
        Ok(counts)
    }

    /// The numbers of dead jobs, the oldest first.
    ///
    /// # Errors
    /// Of the store.
    pub fn dead_jobs(&self, most: u32) -> Result<Vec<i64>, Error> {
        self.all(DEAD, params![self.tenant, most], |row| row.get(0))
    }
}

impl Write<'_> {
    /// Adds a job; its number. `None` when the due time of its schedule has one already.
    ///
    /// # Errors
    /// Of the store.
    pub fn add_job(&self, new: &NewJob<'_>) -> Result<Option<i64>, Error> {
        if let Some(slot_us) = new.slot_us
            && self.one(HAS_SLOT, params![self.tenant, new.kind, slot_us], |row| row.get(0))? != Some(0)
        {
            return Ok(None);
        }
        let id: i64 = self.one(NEXT_ID, params![self.tenant], |row| row.get(0))?.unwrap_or_default();
        let values = params![self.tenant, id, new.kind, new.lane, new.body, new.due_us, new.slot_us, new.created_us];
        self.run(ADD, values)?;
        Ok(Some(id))
    }

    /// Claims what may be claimed at an instant, of the kinds that the claimant can run: the longest due first.
    ///
    /// # Errors
    /// Of the store.
    pub fn claim_jobs(&self, by: &Claimant<'_>, now_us: i64) -> Result<Vec<Job>, Error> {
        let values =
            params![self.tenant, now_us, by.kinds, now_us, now_us, by.most, by.owner, now_us, by.lease_us, self.tenant];
        let mut claimed = self.all(CLAIM, values, job)?;
        claimed.sort_by_key(|job| job.id);
        Ok(claimed)
    }

    /// Claims the first job of a lane, unless one of the lane runs: that of a number also before its due time, as what was tried before; the
    /// place that somebody else keeps is theirs.
    ///
    /// # Errors
    /// Of the store.
    pub fn claim_in_lane(
        &self,
        (lane, id): (&str, i64),
        owner: &str,
        lease_us: i64,
        now_us: i64,
    ) -> Result<Option<Job>, Error> {
        let values = params![self.tenant, now_us, id, lane, now_us, now_us, owner, now_us, lease_us, self.tenant];
        self.one(CLAIM_IN_LANE, values, job)
    }

    /// Keeps the place of a job that nobody has claimed yet: nobody else claims it before an instant; false when somebody has.
    ///
    /// # Errors
    /// Of the store.
    pub fn keep_job_place(&self, id: i64, until_us: i64) -> Result<bool, Error> {
        Ok(self.run(KEEP_PLACE, params![until_us, self.tenant, id])? == 1)
    }

    /// Holds a claimed job until later; false when it is held no more.
    ///
    /// # Errors
    /// Of the store.
    pub fn renew_job(&self, id: i64, fence: i64, lease_us: i64) -> Result<bool, Error> {
        Ok(self.run(RENEW, params![lease_us, self.tenant, id, fence])? == 1)
    }

    /// Whether a claimed job is still held under the same fence.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_job_held(&self, id: i64, fence: i64) -> Result<bool, Error> {
        Ok(self.one(HELD, params![self.tenant, id, fence], |row| row.get(0))? == Some(1))
    }

    /// Ends a claimed job in a state, `done` or `dead`; false when it is held no more.
    ///
    /// # Errors
    /// Of the store.
    pub fn end_job(&self, id: i64, fence: i64, state: &str, outcome: &str, now_us: i64) -> Result<bool, Error> {
        Ok(self.run(END, params![state, now_us, outcome, now_us, self.tenant, id, fence])? == 1)
    }

    /// Gives a claimed job back, to be claimed again from an instant on; false when it is held no more.
    ///
    /// # Errors
    /// Of the store.
    pub fn delay_job(&self, id: i64, fence: i64, due_us: i64, why: &str) -> Result<bool, Error> {
        Ok(self.run(AGAIN, params![due_us, why, self.tenant, id, fence])? == 1)
    }

    /// Lets a dead job be claimed again, its attempts counted from 0; false when it is not dead.
    ///
    /// # Errors
    /// Of the store.
    pub fn retry_job(&self, id: i64, now_us: i64) -> Result<bool, Error> {
        Ok(self.run(RETRY, params![now_us, self.tenant, id])? == 1)
    }

    /// Lets a job that waits be claimed from an instant on; false when it does not wait.
    ///
    /// # Errors
    /// Of the store.
    pub fn hasten_job(&self, id: i64, due_us: i64) -> Result<bool, Error> {
        Ok(self.run(HASTEN, params![due_us, self.tenant, id])? == 1)
    }

    /// Lets a job that waits stand for a later due time of its schedule, which has none yet; it keeps its place. False when it does not
    /// wait.
    ///
    /// # Errors
    /// Of the store.
    pub fn move_job_slot(&self, id: i64, slot_us: i64) -> Result<bool, Error> {
        Ok(self.run(MOVE_SLOT, params![slot_us, self.tenant, id])? == 1)
    }

    /// Removes a job that waits; false when it does not.
    ///
    /// # Errors
    /// Of the store.
    pub fn drop_job(&self, id: i64) -> Result<bool, Error> {
        Ok(self.run(DROP, params![self.tenant, id])? == 1)
    }

    /// Says how far a claimed job is; false when it is held no more.
    ///
    /// # Errors
    /// Of the store.
    pub fn say_job(&self, id: i64, fence: i64, words: &str) -> Result<bool, Error> {
        Ok(self.run(SAY, params![words, self.tenant, id, fence])? == 1)
    }
}
