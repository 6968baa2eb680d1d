//! What the hub decides, over the store: ingest, resolve, derive, held punches, access.
//!
//! Invariants:
//! * What terminals said is stored first, unchanged; whose punch it is and what the day was can be computed again.
//! * An answer to an edge is given after the commit, never before.
//! * A punch that can't be understood or matched is held with a reason; curing the cause replays all that waited.
//! * A change and the marks of what must be derived again are one transaction. A mark is cleared only if it is still the
//!   one that was read, so that a fact that arrives in the middle is never forgotten.
//! * Time comes in as a value, or from the caller's clock; this crate reads none and draws no random bytes (`safe` draws those that
//!   seal a secret).
//!
//! Calls block. A server runs them on threads that may.

mod about;
mod access;
mod addresses;
mod answers;
mod bank;
mod beside;
mod board;
mod clock_shift;
mod closing;
mod commands;
mod company;
mod completeness;
mod compliance;
mod correct;
mod cure;
mod derive;
mod due;
mod employee_change;
mod employee_list;
mod employment;
mod enrolment;
mod erasing;
mod error;
mod evidence;
mod export;
mod facts;
pub mod golden;
mod hiring;
mod import_mappings;
mod imports;
mod intake;
pub mod jobs;
mod keep;
mod key_ends;
mod likeness;
mod list_import;
mod lists;
mod marks;
mod matching;
mod merge;
mod numbers;
mod outbox;
mod outside;
mod packing;
mod pay_exports;
mod pay_layouts;
mod pay_parcels;
mod pay_preview;
mod pay_targets;
mod payroll;
mod periods;
mod places;
mod plan;
mod polls;
mod receiving;
mod registry;
mod removal;
mod replay;
mod resolve;
pub mod retention;
mod roster;
mod saved;
mod secrets;
mod sheets;
mod sources;
mod stated;
mod stating;
mod stays;
mod steps;
mod sync;
mod terminal_keys;
mod trial;
mod undone;
mod user_lists;
pub mod view;
mod watch;
mod whose;
mod zones;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use roads::shown_url;

pub use access::{Bearer, Role, SignedIn, TokenKind};
pub use answers::{Claim, Hold, KeptAnswer, KeyedWrite};
pub use bank::BankStatement;
pub use clock_shift::{ClockShift, ShiftPreview};
pub use closing::{CloseoutState, Standing};
pub use commands::USUAL_EXPIRY;
pub use company::Company;
pub use compliance::Compliance;
pub use correct::Correction;
pub use cure::{Cure, Cured};
pub use derive::{Derived, Scope};
pub use enrolment::{Farewell, TOKEN_DAYS};
pub use erasing::Erasure;
pub use error::Error;
pub use evidence::{Sealing, Verification};
pub use export::write_days;
pub use hiring::{Hire, NewPlace};
pub use imports::{ImportAsked, ImportFilter, ImportList, ImportRow};
pub use intake::Counts;
pub use likeness::Likeness;
pub use list_import::{ListImport, ListKind};
pub use lists::PunchList;
pub use matching::{Candidate, Decided, Decision, MatchRow, MatchState, Speaks};
pub use merge::Merge;
pub use numbers::Number;
pub use outbox::{
    Deliver, Delivered, DryLetter, DryRun, EntryRow, EntryState, Mode, NewSink, ODOO, OdooSettings, OpenSink, Queued,
    RecordFilter, RecordList, SinkGauge, SinkMeter, SinkRow, SinkSettings, Which,
};
pub use outside::{
    Became as RowBecame, FileImport, Origin, Outside, Reasons, Refusal, ReportRow, SentPunches, TableImport,
    TableImported, Told, WEB_SOURCE, Wanted,
};
pub use pay_exports::{Digesting, PayExport};
pub use pay_preview::{PayDoubts, PayPreview};
pub use pay_targets::{PayReceipt, PayTarget, PayWay};
pub use payroll::{PayrollAsk, PayrollFile};
pub use periods::{Dates, DeltaRow, LockedPeriod, Locking};
pub use places::{NewDepartment, NewSite};
pub use plan::{PlanReport, PlanRow, Tally, Whose};
pub use polls::{PollFilter, PollList, PollMeter, PollOrder, PollRow};
pub use receiving::Poll;
pub use registry::NewTerminal;
pub use roads::delivery;
pub use roads::mssql::LegacyTable;
pub use roads::outside as rows;
pub use roads::payroll as layouts;
pub use roads::punch_table::{DateOrder, Mapping};
pub use roads::sheet::{CsvTable, Format};
pub use roads::sink::{KeyEnd, Sink};
pub use saved::SavedText;
pub use sheets::{
    CalendarFeed, Form48Line, MOST_SHEETS, Mark, Month, OfficialHours, SheetDocument, SheetLine, SheetLock, SheetsOf,
    TimeSheet, Visit,
};
pub use sources::{
    Comparison, Difference, Differs, Heard, HolidaySettings, LeaveKind, MssqlSettings, OdooRead, OdooSourceSettings,
    OpenTable, ReadSource, SourceNotes, SourceRow, SourceSettings, SourceState, TableRead, TableReading, Written,
    table_csv,
};
pub use stated::{Became, InForce, Stated, Whom};
pub use store::chain::{Erased, Fault, Head, Verified};
pub use store::{Store, access::Account, access::Token, audit::Entry as AuditEntry};
pub use store::{backup, moving};
pub use sync::{Asked, SyncRow, SyncState, SyncWish};
pub use terminal_keys::{KeyFile, TerminalKey};
pub use trial::{Change, Trial};
pub use watch::{ClockRow, EdgeRow, EdgeState, SilenceChange, moved_in_words};

/// Who makes a change; it stands in the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Account name, or `console` for the command line.
    pub name: String,
}

impl Actor {
    /// Somebody by name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    fn entry(&self, now: jiff::Timestamp, action: &str, object: &str, detail: impl Into<String>) -> AuditEntry {
        AuditEntry {
            at_us: now.as_microsecond(),
            actor: self.name.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail: detail.into(),
        }
    }
}

/// The hub of one company. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    store: Store,
    /// How many edges there were when they were looked at last; 0 before that.
    edges_seen: Arc<AtomicUsize>,
    /// Rings when somebody asks for a job.
    bell: Arc<jobs::Bell>,
    /// What this process ran.
    meters: Arc<jobs::Meters>,
    /// What this process sent to sinks.
    sent: Arc<outbox::SinkMeters>,
    /// What this process was told of readings of terminals.
    polls: Arc<polls::PollMeters>,
    /// Where the key lies that seals secrets.
    key_file: Option<Arc<PathBuf>>,
}

impl Hub {
    /// A hub over a store.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            edges_seen: Arc::default(),
            bell: Arc::default(),
            meters: Arc::default(),
            sent: Arc::default(),
            polls: Arc::default(),
            key_file: None,
        }
    }

    /// With the file of the key that seals its secrets, which is made when the first one is.
    #[must_use]
    pub fn with_key_file(self, file: PathBuf) -> Self {
        Self { key_file: Some(Arc::new(file)), ..self }
    }

    /// A number that changes whenever anybody commits, in this process or another.
    ///
    /// # Errors
    /// Of the store.
    pub fn data_version(&self) -> Result<i64, Error> {
        Ok(self.store.data_version()?)
    }

    /// Whether PostgreSQL keeps tenants apart by row-level security, too; `None` where the store is a file.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_fenced(&self) -> Result<Option<bool>, Error> {
        Ok(self.store.is_fenced()?)
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Of the store.
    pub fn is_ready(&self) -> Result<(), Error> {
        self.store.read(|read| read.setting(company::SETTING).map(drop)).map_err(Error::from)
    }

    /// Waits until the store's writer has taken a turn; blocks. Nothing is written.
    ///
    /// # Errors
    /// Of the store: the writer is at work, and says what is in its way.
    pub fn pulse(&self) -> Result<(), Error> {
        self.store.write(|_| Ok(()))
    }

    /// How many punches are stored.
    ///
    /// # Errors
    /// Of the store.
    pub fn punch_count(&self) -> Result<u64, Error> {
        Ok(self.store.read(|read| read.punch_count())?)
    }

    /// Writes down what somebody did to a terminal itself: its clock, its log, its users.
    ///
    /// # Errors
    /// Of the store.
    pub fn note_deed(
        &self,
        actor: &Actor,
        serial: &str,
        deed: &str,
        detail: &str,
        now: jiff::Timestamp,
    ) -> Result<(), Error> {
        Ok(self.store.write(|write| write.audit(&actor.entry(now, deed, serial, detail)))?)
    }

    /// The newest entries of the audit trail.
    ///
    /// # Errors
    /// Of the store.
    pub fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.store.read(|read| read.audit_entries(limit))?)
    }
}
