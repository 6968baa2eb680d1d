//! Odoo 17 to 19: the rows of a day become `hr.attendance` rows, each once; and what is read of it (`read`), which changes nothing there.
//!
//! Invariants:
//! * Nothing is sent before looking: each attempt reads what Odoo has of the days, with external ids, and does what is missing. So it
//!   does not matter whether a lost reply was that of a call that was done, and a day that is there is not sent again.
//! * After a doubtful or a refused call it looks once more in the same attempt: what is there after all is taken, what stands in the way
//!   is named.
//! * One call is under way at a time, and in it an employee has one day at most: Odoo updates the employee's row with each attendance
//!   and makes parallel calls wait for each other.
//! * A day goes as a whole or is refused as a whole, and one that is refused leaves its neighbours in the same call alone. So does one that
//!   Odoo breaks at, by an exception that is none of its own or a page of status 500: its call is looked up, and halved until it stands
//!   alone. Where the line breaks nobody knows at which day: the days of that call failed, the others were not sent, and one that failed
//!   goes by itself and last at its next attempt.
//! * A server that is not there hears of one call; one that breaks at each of them, of a few ([`outcomes::MOST_STUMBLES`]).
//!
//! How rows are written, and why (figures: the reference's section 7):
//! * New rows by `load` with an external id, 100 at most: many in one call cost a third of one each, and the external id is unique in the
//!   database, so that even a call that is still on its way when the look misses it adds nothing twice. It reads times in the zone of the
//!   context, which is UTC here; it answers a refusal as a result, without saying whose row it was, so what is refused is halved until
//!   the row stands alone.
//! * Changed rows by `write`, one at a time: they are few; their order within a day matters; and `load` would need the employee in each
//!   row, which some users may add but not change.
//! * Rows that are wanted no more by `unlink`. Employees are only ever read.

// A shell: it owns connections.
#![allow(clippy::disallowed_methods)]

mod deliver;
mod entry;
mod look;
mod outcomes;
pub mod plan;
mod read;
mod test;
mod text;
mod wire;

use std::time::Duration;

use jiff::civil::Date;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use self::deliver::{Day, PER_CALL};
pub use self::entry::{ApprovedLeave, Covered};
use self::look::DayKey;
use self::plan::{Row, rows};
pub use self::read::{NotRead, OdooHolidays, OdooPerson};
use self::text::utc;
use self::wire::{Fault, Session, Wire};
use crate::network::checked_url;
use crate::pace::Pace;
use crate::sink::{Answer, Fields, KeyEnd, Letter, Sink};

/// The field of an employee in Odoo that holds the employee's code, unless something else is said.
pub const USUAL_FIELD: &str = "barcode";

/// How an Odoo is reached.
#[derive(Clone)]
pub struct OdooConfig {
    /// Its address.
    pub url: String,
    /// The database.
    pub database: String,
    /// The user's login.
    pub user: String,
    /// The user's API key, or password.
    pub key: String,
    /// The field of `hr.employee` that holds the employee's code.
    pub employee_field: String,
    /// Whether plain HTTP and addresses that are not public are allowed.
    pub allow_private: bool,
    /// Days a second at most that are entered; 0 is no limit.
    pub per_second: u32,
    /// Longest wait for an answer; `None` for a minute.
    pub timeout: Option<Duration>,
}

impl OdooConfig {
    /// Whether the address and the field can be what they are to be.
    ///
    /// # Errors
    /// What is wrong, with the cure.
    pub fn check(&self) -> Result<(), String> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.employee_field.is_empty() || !self.employee_field.chars().all(is_name) {
            return Err(format!(
                "`{}` is no field of an employee; write it as Odoo does, like {USUAL_FIELD}",
                self.employee_field
            ));
        }
        checked_url(&self.url, self.allow_private).map(drop)
    }
}

/// A client of an Odoo.
pub struct Odoo {
    wire: Wire,
    field: String,
    session: Mutex<Option<Session>>,
    pace: Pace,
    /// Days that are looked at and entered together: no more than those of a second, where these are limited.
    per_look: usize,
    runtime: Runtime,
}

impl Odoo {
    /// A client. TLS needs a process-wide rustls provider: the executable installs one before. Not within a runtime.
    ///
    /// # Errors
    /// What is wrong with the address, the key or a name, with the cure.
    pub fn new(config: OdooConfig) -> Result<Self, String> {
        config.check()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no client can be made: {error}"))?;
        let wire = Wire::new(&config)?;
        let pace = Pace::new(config.per_second, &runtime);
        let per_look = match config.per_second {
            0 => PER_CALL,
            rate => PER_CALL.min(rate as usize),
        };
        Ok(Self { wire, field: config.employee_field, session: Mutex::new(None), pace, per_look, runtime })
    }

    /// The session that is kept, or a new one: logging in takes Odoo half a second.
    async fn session(&self) -> Result<Session, Fault> {
        let mut kept = self.session.lock().await;
        if let Some(session) = &*kept {
            return Ok(session.clone());
        }
        let session = self.wire.open().await?;
        *kept = Some(session.clone());
        Ok(session)
    }

    /// The day of a record; `None` for one that is no day.
    fn day(letter: &Letter) -> Option<Day> {
        let mut parts = letter.id.rsplit('/');
        let date: Date = parts.next()?.parse().ok()?;
        let key = DayKey::new(letter.tenant, parts.next()?, date);
        let code = letter.fields.get("user_id")?.as_str()?.to_owned();
        Some(Day { key, code, attempts: letter.attempts, wanted: wanted(&letter.fields) })
    }
}

impl Sink for Odoo {
    fn deliver(&self, letters: &[Letter]) -> Vec<Answer> {
        let days: Vec<Option<Day>> = letters.iter().map(Self::day).collect();
        self.runtime.block_on(self.deliver_days(&days))
    }

    fn render(&self, fields: &Fields) -> Value {
        let rows: Vec<_> = wanted(fields).iter().map(|row| json!([utc(row.check_in), utc(row.check_out)])).collect();
        json!({"employee": fields.get("user_id"), "attendances": rows})
    }

    fn preview(&self, letters: &[Letter]) -> Result<Vec<Value>, String> {
        let days: Vec<Option<Day>> = letters.iter().map(Self::day).collect();
        self.runtime.block_on(self.preview_days(&days)).map_err(|fault| fault.says().to_owned())
    }

    fn test(&self) -> Result<String, String> {
        self.runtime.block_on(self.ask()).map_err(|fault| fault.says().to_owned())
    }

    fn key_ends(&self) -> Option<Vec<KeyEnd>> {
        self.runtime.block_on(async { self.ends(&self.session().await.ok()?).await })
    }
}

/// The rows of a record: its pairs, and its punches without a partner. Seconds UTC.
fn wanted(fields: &Fields) -> Vec<Row> {
    let list = |name: &str| fields.get(name).and_then(Value::as_array).into_iter().flatten();
    let pairs: Vec<_> =
        list("pairs").filter_map(|pair| Some((pair.get(0)?.as_i64()?, pair.get(1)?.as_i64()?))).collect();
    let lone: Vec<_> = list("lone").filter_map(Value::as_i64).collect();
    rows(&pairs, &lone)
}
