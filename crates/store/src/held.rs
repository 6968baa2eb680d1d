//! Held punches, what people stated about single punches, and what was dismissed.

use attendance::punch::Fingerprint;

use crate::chain::Id;
use crate::engine::{Row, list, params};
use crate::statement::statements;
use crate::{Error, Read, Write};

statements! {
    HOLD = "INSERT INTO held_punch (tenant, reason, origin, user_number, fingerprint) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant, reason, origin, user_number, fingerprint) DO NOTHING";
    RELEASE = "DELETE FROM held_punch WHERE tenant = $1 AND fingerprint = $2";
    GROUPS = "SELECT h.reason, h.origin, h.user_number, COUNT(*), MIN(p.printed_seconds), MAX(p.printed_seconds),
        (SELECT x.fingerprint FROM held_punch x WHERE x.tenant = h.tenant AND x.reason = h.reason AND x.origin = h.origin
            AND x.user_number = h.user_number ORDER BY x.fingerprint LIMIT 1)
        FROM held_punch h JOIN punch p ON p.tenant = h.tenant AND p.fingerprint = h.fingerprint
        WHERE h.tenant = $1 GROUP BY h.tenant, h.reason, h.origin, h.user_number ORDER BY h.reason, h.origin, h.user_number";
    COUNT = "SELECT COUNT(*) FROM held_punch WHERE tenant = $1";
    OF_NUMBER = "SELECT fingerprint FROM held_punch WHERE tenant = $1 AND reason = 'unknown_user' AND user_number = $2
        AND fingerprint > $3 ORDER BY fingerprint LIMIT $4";
    OF_ORIGIN = "SELECT fingerprint FROM held_punch WHERE tenant = $1 AND origin = $2
        AND fingerprint > $3 ORDER BY fingerprint LIMIT $4";
    OF_REASON = "SELECT fingerprint FROM held_punch WHERE tenant = $1 AND reason = $2
        AND fingerprint > $3 ORDER BY fingerprint LIMIT $4";
    HELD_UNDER = "SELECT h.fingerprint, h.origin, h.user_number, COALESCE((SELECT s.printed_seconds FROM punch_statement s
            WHERE s.tenant = h.tenant AND s.fingerprint = h.fingerprint ORDER BY s.at_us DESC LIMIT 1), p.printed_seconds), p.received_us
        FROM held_punch h JOIN punch p ON p.tenant = h.tenant AND p.fingerprint = h.fingerprint
        WHERE h.tenant = $1 AND h.reason = $2 AND h.origin = $3 AND h.user_number = $4";
    DISMISSED = "SELECT d.fingerprint, p.origin, COALESCE((SELECT s.user_number FROM punch_statement s
            WHERE s.tenant = d.tenant AND s.fingerprint = d.fingerprint AND s.user_number IS NOT NULL ORDER BY s.at_us DESC LIMIT 1),
            p.user_number), p.printed_seconds, p.received_us
        FROM dismissed_punch d JOIN punch p ON p.tenant = d.tenant AND p.fingerprint = d.fingerprint
        WHERE d.tenant = $1 AND d.fingerprint > $2 ORDER BY d.fingerprint LIMIT 1000";
    REASON_OF = "SELECT reason FROM held_punch WHERE tenant = $1 AND fingerprint = $2";
    STATE = "INSERT INTO punch_statement (tenant, fingerprint, at_us, user_number, printed_seconds, is_dismissed, actor, reason)
        VALUES ($1, $2, (SELECT COALESCE(MAX(at_us) + 1, $3) FROM punch_statement WHERE tenant = $1 AND fingerprint = $2 AND at_us >= $3),
        $4, $5, $6, $7, $8) RETURNING at_us";
    STATED = "SELECT user_number, printed_seconds, is_dismissed FROM punch_statement
        WHERE tenant = $1 AND fingerprint = $2 ORDER BY at_us DESC LIMIT 1";
    DISMISS = "INSERT INTO dismissed_punch (tenant, fingerprint) VALUES ($1, $2) ON CONFLICT (tenant, fingerprint) DO NOTHING";
    RECALL = "DELETE FROM dismissed_punch WHERE tenant = $1 AND fingerprint = $2";
}

/// Held punches that share reason, terminal and user number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Reason word.
    pub reason: String,
    /// Serial.
    pub origin: String,
    /// User number; empty when unreadable.
    pub user: String,
    /// How many.
    pub count: u64,
    /// First printed second since 1970.
    pub first_seconds: Option<i64>,
    /// Last printed second since 1970.
    pub last_seconds: Option<i64>,
    /// One of them.
    pub example: Fingerprint,
}

/// A punch that counts for nobody: held or dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncounted {
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Serial.
    pub origin: String,
    /// User number, as said or stated.
    pub user: String,
    /// Printed seconds since 1970; those that somebody stated, of a held one.
    pub printed_seconds: Option<i64>,
    /// When the first copy was received, microseconds UTC.
    pub received_us: i64,
}

fn uncounted(row: &Row<'_>) -> Result<Uncounted, Error> {
    Ok(Uncounted {
        fingerprint: Fingerprint(row.get(0)?),
        origin: row.get(1)?,
        user: row.get(2)?,
        printed_seconds: row.get(3)?,
        received_us: row.get(4)?,
    })
}

/// A punch that is to be held.
#[derive(Clone, Copy, Debug)]
pub struct HeldPunch<'a> {
    /// Reason word.
    pub reason: &'a str,
    /// Serial.
    pub origin: &'a str,
    /// User number; empty when unreadable.
    pub user: &'a str,
    /// Its identity.
    pub fingerprint: Fingerprint,
}

/// What a person stated about one punch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The user number that it should carry.
    pub user: Option<String>,
    /// The time that it should carry, seconds since 1970 on the terminal's face.
    pub printed_seconds: Option<i64>,
    /// It is no punch.
    pub is_dismissed: bool,
}

/// The lowest identity: start of a walk over held punches.
pub const START: Fingerprint = Fingerprint([0; 16]);

impl Read<'_> {
    /// All held punches in groups.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_groups(&self) -> Result<Vec<Group>, Error> {
        self.all(GROUPS, params![self.tenant], |row| {
            Ok(Group {
                reason: row.get(0)?,
                origin: row.get(1)?,
                user: row.get(2)?,
                count: row.get(3)?,
                first_seconds: row.get(4)?,
                last_seconds: row.get(5)?,
                example: Fingerprint(row.get(6)?),
            })
        })
    }

    /// How many punches are held.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_count(&self) -> Result<u64, Error> {
        Ok(self.one(COUNT, params![self.tenant], |row| row.get(0))?.unwrap_or(0))
    }

    /// Held punches of a user number that nobody has, after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_of_number(&self, user: &str, after: Fingerprint, limit: u32) -> Result<Vec<Fingerprint>, Error> {
        self.keys(OF_NUMBER, user, after, limit)
    }

    /// Held punches of a terminal after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_of_origin(&self, origin: &str, after: Fingerprint, limit: u32) -> Result<Vec<Fingerprint>, Error> {
        self.keys(OF_ORIGIN, origin, after, limit)
    }

    /// Held punches of a reason after `after`, in key order.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_of_reason(&self, reason: &str, after: Fingerprint, limit: u32) -> Result<Vec<Fingerprint>, Error> {
        self.keys(OF_REASON, reason, after, limit)
    }

    /// The held punches of some groups, each of a reason, a serial and a user number.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_under(&self, groups: &[(&str, &str, &str)]) -> Result<Vec<Uncounted>, Error> {
        let lists = groups.iter().map(|(reason, origin, user)| list![self.tenant, *reason, *origin, *user]);
        let mut found = Vec::new();
        self.session.rows_of_each(HELD_UNDER, lists, |_, row| {
            found.push(uncounted(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Every dismissed punch.
    ///
    /// # Errors
    /// Of the store.
    pub fn dismissed_punches(&self) -> Result<Vec<Uncounted>, Error> {
        let mut found: Vec<Uncounted> = Vec::new();
        loop {
            let after = found.last().map_or(START, |punch| punch.fingerprint);
            let page = self.all(DISMISSED, params![self.tenant, after.0], uncounted)?;
            if page.is_empty() {
                return Ok(found);
            }
            found.extend(page);
        }
    }

    /// Identities that a statement over tenant, subject, last key and limit yields.
    pub(crate) fn keys(
        &self,
        sql: &str,
        subject: &str,
        after: Fingerprint,
        limit: u32,
    ) -> Result<Vec<Fingerprint>, Error> {
        self.all(sql, params![self.tenant, subject, after.0, limit], |row| row.get(0).map(Fingerprint))
    }

    /// Why each punch is held; `None` for one that is not.
    ///
    /// # Errors
    /// Of the store.
    pub fn held_reasons(&self, of: &[Fingerprint]) -> Result<Vec<Option<String>>, Error> {
        self.one_each(REASON_OF, self.each_key(of), |row| row.get(0))
    }

    /// The last statement about each punch.
    ///
    /// # Errors
    /// Of the store.
    pub fn statements(&self, about: &[Fingerprint]) -> Result<Vec<Option<Statement>>, Error> {
        self.one_each(STATED, self.each_key(about), |row| {
            let is_dismissed = row.get::<i64>(2)? != 0;
            Ok(Statement { user: row.get(0)?, printed_seconds: row.get(1)?, is_dismissed })
        })
    }
}

impl Write<'_> {
    /// Holds punches.
    ///
    /// # Errors
    /// Of the store.
    pub fn hold(&self, held: &[HeldPunch<'_>]) -> Result<(), Error> {
        let lists = held.iter().map(|HeldPunch { reason, origin, user, fingerprint }| {
            list![self.tenant, *reason, *origin, *user, fingerprint.0.as_slice()]
        });
        self.run_each(HOLD, lists)
    }

    /// Takes punches out of the held and dismissed ones.
    ///
    /// # Errors
    /// Of the store.
    pub fn release(&self, of: &[Fingerprint]) -> Result<(), Error> {
        self.run_each(RECALL, self.each_key(of))?;
        self.run_each(RELEASE, self.each_key(of))
    }

    /// Marks punches as dismissed.
    ///
    /// # Errors
    /// Of the store.
    pub fn dismiss(&self, of: &[Fingerprint]) -> Result<(), Error> {
        self.run_each(DISMISS, self.each_key(of))
    }

    /// Appends a statement about a punch: a microsecond after the last one, when that is not before `at_us`.
    ///
    /// # Errors
    /// Of the store.
    pub fn state(
        &self,
        about: Fingerprint,
        statement: &Statement,
        at_us: i64,
        actor: &str,
        reason: &str,
    ) -> Result<(), Error> {
        let Statement { user, printed_seconds, is_dismissed } = statement;
        let dismissed = i64::from(*is_dismissed);
        let values = params![self.tenant, about.0, at_us, user, printed_seconds, dismissed, actor, reason];
        let at_us: Option<i64> = self.one(STATE, values, |row| row.get(0))?;
        self.arrived(Id::statement(about, at_us.unwrap_or_default()));
        Ok(())
    }
}
