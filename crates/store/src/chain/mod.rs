//! The chain: evidence and audit are sealed by hash, so that a change behind the hub's back is seen.
//!
//! Rows are appended plainly. Each write transaction notes which rows it appended, in one row of `arrival`; the sealer takes what
//! waits there, in its order, hashes the rows and appends a seal to the chain, within about a second. A seal has a number, the time,
//! the list of its rows, and a digest over the digest before it, number, time, and the rows' hashes in their order. A row's hash is
//! taken over a random salt of its own and every column. The digest of the last seal, the head, stands for all that was ever sealed.
//!
//! Erasing removes a row, its key and its salt; the bare hash takes their place in the list, so the seal still holds, and says
//! nothing of what was there: without the salt nobody can try what it was. That it was erased, by whom, when and why is a row of
//! `erasure`, which names the places and is sealed like any other.
//!
//! Invariants:
//! * Every row of a chained table stands in exactly one seal, or waits for the next one. What is new or gone is seen by that.
//! * What was sealed is as it was, byte by byte, and in its order: a seal's digest is that of its rows.
//! * A blank place is named by exactly one erasure: nothing is erased in silence, and what was edited can't be called erased, for its
//!   hash is not that of the seal.
//! * Seals are numbered without a gap; each is appended to the one that it was computed for, in a transaction of the tenant. Of
//!   several sealers one wins, the others find that the head has moved, and look again.
//! * The lists, hashes and digests are the same on both engines, and are moved like every other row.
//!
//! What it proves. Somebody with access to the database can change, add, remove or reorder rows only by computing the chain anew
//! from there on. That gives another head: it is seen by whoever kept an earlier one elsewhere, which is why heads are published (in
//! the log, at `/readyz`, by `audit verify`) and can be given back to `audit verify --head`. Without a head that was kept, a chain
//! proves only that nobody changed the rows without also recomputing the seals; and the end of a chain can be cut off together with
//! its rows. What still waits for the sealer is not protected yet. That a row was true when it came is not proved by any of this.
//!
//! A punch costs 17 bytes until it is sealed, and 37 in its seal.

mod account;
mod entry;
mod erase;
mod sealing;
mod verify;

use attendance::punch::Fingerprint;

use crate::Error;
use crate::engine::{Params, Row, Session, params};
use crate::statement::statements;

pub(crate) use entry::Arrivals;
pub use erase::{Erased, Erasing, Place};
pub use sealing::{Draft, Head};
pub use verify::{Fault, Verified};

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;
/// Rows of one seal: it fits into a short transaction.
const ROWS_PER_SEAL: usize = 2_000;
/// Keys of one look-up of rows.
const KEYS_PER_LOOKUP: usize = 50;

/// As many parameters as [`KEYS_PER_LOOKUP`], after the tenant.
macro_rules! keys {
    () => {
        "($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, \
         $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51)"
    };
}

/// The rows of some keys, and how the keys of a whole table are walked: `$2` and what follows is the last key before.
macro_rules! of_keys {
    ($columns:literal, $table:literal, $lead:literal) => {
        concat!("SELECT ", $columns, " FROM ", $table, " WHERE tenant = $1 AND ", $lead, " IN ", keys!())
    };
}

statements! {
    PUNCHES = of_keys!("fingerprint, origin, user_number, printed_seconds, printed_raw, state, verify, work_code, channel, received_us,
        original", "punch", "fingerprint");
    COPIES = of_keys!("fingerprint, original, channel, received_us", "differing_copy", "fingerprint");
    RECEIPTS = of_keys!("fingerprint, edge_us", "doubted_receipt", "fingerprint");
    PUNCH_STATEMENTS = of_keys!("fingerprint, at_us, user_number, printed_seconds, is_dismissed, actor, reason", "punch_statement",
        "fingerprint");
    FACTS = of_keys!("number, subject, kind, key, first_date, last_date, body, stated_us, actor, reason", "fact", "number");
    WITHDRAWALS = concat!(of_keys!("number, withdrawn_us, withdrawn_by", "fact", "number"),
        " AND (withdrawn_us IS NOT NULL OR withdrawn_by IS NOT NULL)");
    AUDITS = of_keys!("number, at_us, actor, action, object, detail", "audit", "number");
    ERASURES = of_keys!("number, at_us, actor, object, reason, places", "erasure", "number");
    EVERY_PUNCH = "SELECT fingerprint FROM punch WHERE tenant = $1 AND fingerprint > $2 ORDER BY fingerprint LIMIT $3";
    EVERY_COPY = "SELECT fingerprint, original FROM differing_copy WHERE tenant = $1 AND (fingerprint, original) > ($2, $3)
        ORDER BY fingerprint, original LIMIT $4";
    EVERY_RECEIPT = "SELECT fingerprint FROM doubted_receipt WHERE tenant = $1 AND fingerprint > $2 ORDER BY fingerprint LIMIT $3";
    EVERY_STATEMENT = "SELECT fingerprint, at_us FROM punch_statement WHERE tenant = $1 AND (fingerprint, at_us) > ($2, $3)
        ORDER BY fingerprint, at_us LIMIT $4";
    EVERY_FACT = "SELECT number FROM fact WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";
    EVERY_WITHDRAWAL = "SELECT number FROM fact WHERE tenant = $1 AND number > $2
        AND (withdrawn_us IS NOT NULL OR withdrawn_by IS NOT NULL) ORDER BY number LIMIT $3";
    EVERY_AUDIT = "SELECT number FROM audit WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";
    EVERY_ERASURE = "SELECT number FROM erasure WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3";
}

/// Every statement of the chain.
pub(crate) fn every_statement() -> Vec<(&'static str, &'static str)> {
    [STATEMENTS, sealing::STATEMENTS, verify::STATEMENTS, account::STATEMENTS, erase::STATEMENTS].concat()
}

/// What is chained: rows of a table, or a part of them that is appended on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A punch.
    Punch = 1,
    /// A copy of a punch that differs from it.
    Copy = 2,
    /// What the clock of an edge showed that was not believed.
    Receipt = 3,
    /// What a person stated about one punch.
    Statement = 4,
    /// A fact, without its end.
    Fact = 5,
    /// The end of a fact.
    Withdrawal = 6,
    /// An entry of the audit trail.
    Audit = 7,
    /// An erasure.
    Erasure = 8,
}

/// What begins the key of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Fingerprint,
    Number,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Punch,
        Self::Copy,
        Self::Receipt,
        Self::Statement,
        Self::Fact,
        Self::Withdrawal,
        Self::Audit,
        Self::Erasure,
    ];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    const fn lead(self) -> Lead {
        match self {
            Self::Punch | Self::Copy | Self::Receipt | Self::Statement => Lead::Fingerprint,
            Self::Fact | Self::Withdrawal | Self::Audit | Self::Erasure => Lead::Number,
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Punch | Self::Receipt => 16,
            Self::Copy => 32,
            Self::Statement => 24,
            Self::Fact | Self::Withdrawal | Self::Audit | Self::Erasure => 8,
        }
    }

    /// The rows of some keys, with all their columns, the key's first.
    const fn of_keys(self) -> &'static str {
        match self {
            Self::Punch => PUNCHES,
            Self::Copy => COPIES,
            Self::Receipt => RECEIPTS,
            Self::Statement => PUNCH_STATEMENTS,
            Self::Fact => FACTS,
            Self::Withdrawal => WITHDRAWALS,
            Self::Audit => AUDITS,
            Self::Erasure => ERASURES,
        }
    }

    /// How many columns [`Kind::of_keys`] yields.
    const fn columns(self) -> usize {
        match self {
            Self::Punch => 11,
            Self::Copy => 4,
            Self::Receipt => 2,
            Self::Statement => 7,
            Self::Fact => 10,
            Self::Withdrawal => 3,
            Self::Audit | Self::Erasure => 6,
        }
    }

    const fn every(self) -> &'static str {
        match self {
            Self::Punch => EVERY_PUNCH,
            Self::Copy => EVERY_COPY,
            Self::Receipt => EVERY_RECEIPT,
            Self::Statement => EVERY_STATEMENT,
            Self::Fact => EVERY_FACT,
            Self::Withdrawal => EVERY_WITHDRAWAL,
            Self::Audit => EVERY_AUDIT,
            Self::Erasure => EVERY_ERASURE,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Punch => "punch",
            Self::Copy => "differing copy of punch",
            Self::Receipt => "receipt of punch",
            Self::Statement => "statement about punch",
            Self::Fact => "fact",
            Self::Withdrawal => "withdrawal of fact",
            Self::Audit => "audit entry",
            Self::Erasure => "erasure",
        }
    }

    /// The key of a row whose first columns are those of its key.
    fn id(self, row: &Row<'_>) -> Result<Id, Error> {
        match (self.lead(), self) {
            (Lead::Number, _) => Ok(Id::numbered(self, row.get(0)?)),
            (_, Self::Copy) => Ok(Id::copy(Fingerprint(row.get(0)?), row.get(1)?)),
            (_, Self::Statement) => Ok(Id::statement(Fingerprint(row.get(0)?), row.get(1)?)),
            _ => Ok(Id::punched(self, Fingerprint(row.get(0)?))),
        }
    }
}

/// Which row: its kind and its key, filled up with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    kind: Kind,
    key: [u8; 32],
}

impl Id {
    fn new(kind: Kind, parts: [&[u8]; 2]) -> Self {
        let mut key = [0; 32];
        for (place, byte) in key.iter_mut().zip(parts.concat()) {
            *place = byte;
        }
        Self { kind, key }
    }

    /// A row with the key of a punch alone.
    pub fn punched(kind: Kind, of: Fingerprint) -> Self {
        Self::new(kind, [&of.0, &[]])
    }

    /// A row with a number.
    pub fn numbered(kind: Kind, number: i64) -> Self {
        Self::new(kind, [&number.to_be_bytes(), &[]])
    }

    /// A copy of a punch. Of its bytes a digest is enough to tell it from others.
    pub(crate) fn copy(of: Fingerprint, original: &[u8]) -> Self {
        Self::new(Kind::Copy, [&of.0, &blake3::hash(original).as_bytes()[..16]])
    }

    /// A statement about a punch.
    pub(crate) fn statement(about: Fingerprint, at_us: i64) -> Self {
        Self::new(Kind::Statement, [&about.0, &at_us.to_be_bytes()])
    }

    /// Which kind of row it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    fn key(&self) -> &[u8] {
        self.key.get(..self.kind.key_bytes()).unwrap_or_default()
    }

    /// The punch that it is, or is about; of no meaning for a row with a number.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.key.first_chunk().copied().unwrap_or_default())
    }

    fn number(&self) -> i64 {
        i64::from_be_bytes(self.key.first_chunk().copied().unwrap_or_default())
    }

    fn at_us(&self) -> i64 {
        i64::from_be_bytes(self.key[16..].first_chunk().copied().unwrap_or_default())
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind.lead() {
            Lead::Fingerprint => write!(f, "{} {}", self.kind.word(), self.fingerprint()),
            Lead::Number => write!(f, "{} {}", self.kind.word(), self.number()),
        }
    }
}

/// A salted hash of a row.
type Hash = [u8; HASH_BYTES];
/// What makes a row's hash one that nobody can try.
type Salt = [u8; 16];

/// The hash of a row as a statement of [`Kind::of_keys`] yields it.
fn hash(kind: Kind, salt: Salt, row: &Row<'_>) -> Result<Hash, Error> {
    let mut hasher = begin_hash(kind, salt);
    for column in 0..kind.columns() {
        match row.value(column) {
            Ok(value) => value.feed(|bytes| {
                hasher.update(bytes);
            }),
            // No value that this crate writes: no seal has it.
            Err(Error::Damaged { .. }) => {
                hasher.update(&[u8::MAX]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(*hasher.finalize().as_bytes())
}

/// The hash of a row that was gone before it was sealed: no row has it, so that the gap is found for ever.
fn hash_of_nothing(kind: Kind, salt: Salt) -> Hash {
    *begin_hash(kind, salt).finalize().as_bytes()
}

fn begin_hash(kind: Kind, salt: Salt) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&salt).update(&[kind as u8]);
    hasher
}

/// The hashes of rows, in their order; `None` for one that is not there.
fn hashes(session: Session<'_>, tenant: i64, wanted: &[(Id, Salt)]) -> Result<Vec<Option<Hash>>, Error> {
    let mut found = vec![None; wanted.len()];
    for kind in Kind::ALL {
        let of_kind: Vec<usize> = (0..wanted.len()).filter(|place| wanted[*place].0.kind == kind).collect();
        for places in of_kind.chunks(KEYS_PER_LOOKUP) {
            look_up(session, tenant, kind, wanted, places, &mut found)?;
        }
    }
    Ok(found)
}

/// [`hashes`] of as many rows of a kind as one statement takes.
fn look_up(
    session: Session<'_>,
    tenant: i64,
    kind: Kind,
    wanted: &[(Id, Salt)],
    places: &[usize],
    found: &mut [Option<Hash>],
) -> Result<(), Error> {
    let mut by_id: Vec<(Id, usize)> = places.iter().map(|place| (wanted[*place].0, *place)).collect();
    by_id.sort_unstable();
    // A list that is not full repeats its last key.
    let ids = by_id.iter().chain(std::iter::repeat(&by_id[by_id.len() - 1])).take(KEYS_PER_LOOKUP);
    let keys: Vec<KeyParam> = ids.map(|(id, _)| KeyParam::of(id)).collect();
    let mut values: Vec<&dyn crate::engine::Param> = vec![&tenant];
    values.extend(keys.iter().map(|key| key as &dyn crate::engine::Param));
    let values: Params<'_> = &values;
    session.prepare(kind.of_keys())?.all(values, |row| {
        let id = kind.id(row)?;
        let first = by_id.partition_point(|(other, _)| *other < id);
        for (_, place) in by_id.iter().skip(first).take_while(|(other, _)| *other == id) {
            found[*place] = Some(hash(kind, wanted[*place].1, row)?);
        }
        Ok(())
    })?;
    Ok(())
}

/// The lead of a key as a parameter.
enum KeyParam {
    Fingerprint(Fingerprint),
    Number(i64),
}

impl KeyParam {
    fn of(id: &Id) -> Self {
        match id.kind.lead() {
            Lead::Fingerprint => Self::Fingerprint(id.fingerprint()),
            Lead::Number => Self::Number(id.number()),
        }
    }
}

impl crate::engine::Param for KeyParam {
    fn value(&self) -> Result<crate::engine::Value<'_>, Error> {
        match self {
            Self::Fingerprint(Fingerprint(bytes)) => bytes.value(),
            Self::Number(number) => number.value(),
        }
    }
}

/// Notes the rows of a database from before there was a chain: the sealer begins with them.
pub(crate) fn await_sealing(session: Session<'_>) -> Result<(), Error> {
    for (kind, sql) in [
        (Kind::Punch, "SELECT fingerprint, tenant FROM punch ORDER BY tenant, fingerprint"),
        (Kind::Copy, "SELECT fingerprint, original, tenant FROM differing_copy ORDER BY tenant, fingerprint, original"),
        (Kind::Receipt, "SELECT fingerprint, tenant FROM doubted_receipt ORDER BY tenant, fingerprint"),
        (Kind::Statement, "SELECT fingerprint, at_us, tenant FROM punch_statement ORDER BY tenant, fingerprint, at_us"),
        (Kind::Fact, "SELECT number, tenant FROM fact ORDER BY tenant, number"),
        (Kind::Withdrawal, "SELECT number, tenant FROM fact WHERE withdrawn_us IS NOT NULL ORDER BY tenant, number"),
        (Kind::Audit, "SELECT number, tenant FROM audit ORDER BY tenant, number"),
    ] {
        let (mut arrivals, mut of) = (Arrivals::default(), None);
        let tenant_column = if matches!(kind, Kind::Copy | Kind::Statement) { 2 } else { 1 };
        session.each(sql, &[], |row| {
            let tenant: i64 = row.get(tenant_column)?;
            if of != Some(tenant) || arrivals.len() >= ROWS_PER_SEAL {
                arrivals.keep(session, of.unwrap_or(tenant))?;
                of = Some(tenant);
            }
            arrivals.add(kind.id(row)?);
            Ok::<_, Error>(())
        })?;
        arrivals.keep(session, of.unwrap_or_default())?;
    }
    Ok(())
}

/// Walks the keys of every chained row of a tenant, a page at a time.
fn each_row(session: Session<'_>, tenant: i64, mut each: impl FnMut(Id) -> Result<(), Error>) -> Result<(), Error> {
    const PAGE: u32 = 1_000;
    for kind in Kind::ALL {
        let mut statement = session.prepare(kind.every())?;
        let mut last = LastKey::default();
        loop {
            let mut page = Vec::new();
            let LastKey { fingerprint, number, original } = &last.clone();
            let mut keep = |row: &Row<'_>| {
                page.push(kind.id(row)?);
                last = LastKey::of(kind, row)?;
                Ok(())
            };
            match (kind.lead(), kind) {
                (Lead::Number, _) => statement.all(params![tenant, number, PAGE], &mut keep)?,
                (_, Kind::Copy) => statement.all(params![tenant, fingerprint, original, PAGE], &mut keep)?,
                (_, Kind::Statement) => statement.all(params![tenant, fingerprint, number, PAGE], &mut keep)?,
                _ => statement.all(params![tenant, fingerprint, PAGE], &mut keep)?,
            };
            for id in &page {
                each(*id)?;
            }
            if page.len() < PAGE as usize {
                break;
            }
        }
    }
    Ok(())
}

/// The last key of a page: before the first one, what is less than every key.
#[derive(Clone)]
struct LastKey {
    fingerprint: Vec<u8>,
    number: i64,
    original: Vec<u8>,
}

impl Default for LastKey {
    fn default() -> Self {
        Self { fingerprint: Vec::new(), number: i64::MIN, original: Vec::new() }
    }
}

impl LastKey {
    fn of(kind: Kind, row: &Row<'_>) -> Result<Self, Error> {
        let mut last = Self::default();
        match kind.lead() {
            Lead::Number => last.number = row.get(0)?,
            Lead::Fingerprint => last.fingerprint = row.get(0)?,
        }
        match kind {
            Kind::Copy => last.original = row.get(1)?,
            Kind::Statement => last.number = row.get(1)?,
            _ => {}
        }
        Ok(last)
    }
}
