//! The file of an errand to a payroll target, from its first attempt until it is taken: people are renamed while a period is locked, and a
//! file that is made anew has other bytes.
//!
//! Invariants:
//! * Once a receiver may have a file, each further attempt hands on the same bytes under the same key, so that one that keeps keys, or looks
//!   at bytes, has it once.
//! * What a receiver certainly does not have is made anew for the next attempt. If it is another file then, it has another key: a receiver
//!   may remember what it refused.
//! * A file that somebody who was erased may stand in, or that has a layout that its target has no more, is withdrawn: it is made anew, under
//!   the key of before, and what a receiver that has the first one then answers is what it answered to that.
//! * Nothing stays of a lock that is undone or a target that is removed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use store::{Read, Write};

use crate::packing::{opened, pack};
use crate::pay_targets::Errand;
use crate::payroll::PayrollFile;
use crate::{Dates, Error};

const PARCELS: &str = "payroll_parcels";

/// What is known of the file of an errand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Parcel {
    errand: Errand,
    key: String,
    name: String,
    rows: usize,
    digest: String,
    /// Its bytes, packed, in Base64; `None` when it is to be made anew.
    packed: Option<String>,
    /// Whether the receiver certainly does not have it.
    is_refused: bool,
}

/// A file that is about to be on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) digest: String,
    pub(crate) bytes: Vec<u8>,
    /// Whether nobody can have got anything under the key before.
    is_first: bool,
}

fn read_all(read: &Read<'_>) -> Result<Vec<Parcel>, Error> {
    let Some(text) = read.setting(PARCELS)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|error| damaged(&error))
}

fn put_all(write: &Write<'_>, parcels: &[Parcel]) -> Result<(), Error> {
    Ok(write.put_setting(PARCELS, &serde_json::to_string(parcels).map_err(|error| damaged(&error))?)?)
}

fn damaged(error: &dyn std::error::Error) -> Error {
    Error::Damaged { what: "payroll file on its way", detail: error.to_string() }
}

/// The file that an errand handed on before, and that the receiver may have.
pub(crate) fn on_its_way(read: &Read<'_>, errand: &Errand) -> Result<Option<Leaving>, Error> {
    let Some(parcel) = read_all(read)?.into_iter().find(|parcel| parcel.errand == *errand) else { return Ok(None) };
    let Parcel { key, name, rows, digest, packed: Some(packed), .. } = parcel else { return Ok(None) };
    let bytes = opened(&STANDARD.decode(packed).map_err(|error| damaged(&error))?)?;
    Ok(Some(Leaving { key, name, rows, digest, bytes, is_first: false }))
}

/// Keeps the file of an errand before it is handed on.
pub(crate) fn keep(write: &Write<'_>, errand: &Errand, file: PayrollFile) -> Result<Leaving, Error> {
    let mut parcels = read_all(write)?;
    let before = parcels.extract_if(.., |parcel| parcel.errand == *errand).next();
    let is_first = before.as_ref().is_none_or(|before| before.is_refused);
    let key = match before {
        None => errand.key(),
        Some(before) if before.is_refused && before.digest != file.digest => {
            blake3::hash(format!("{} {}", errand.key(), file.digest).as_bytes()).to_hex().to_string()
        }
        Some(before) => before.key,
    };
    let PayrollFile { name, rows, digest, bytes, .. } = file;
    let leaving = Leaving { key, name, rows, digest, bytes, is_first };
    let Leaving { key, name, rows, digest, bytes, .. } = leaving.clone();
    let packed = Some(STANDARD.encode(pack(&bytes)?));
    parcels.push(Parcel { errand: errand.clone(), key, name, rows, digest, packed, is_refused: false });
    put_all(write, &parcels)?;
    Ok(leaving)
}

/// Notes that the receiver does not have the file of this attempt. One before it may have reached it all the same.
pub(crate) fn is_refused(write: &Write<'_>, errand: &Errand, leaving: &Leaving) -> Result<(), Error> {
    if !leaving.is_first {
        return Ok(());
    }
    change(write, |parcel| {
        if parcel.errand == *errand {
            (parcel.packed, parcel.is_refused) = (None, true);
        }
        true
    })
}

/// Forgets the file of an errand that is over.
pub(crate) fn forget(write: &Write<'_>, errand: &Errand) -> Result<(), Error> {
    change(write, |parcel| parcel.errand != *errand)
}

/// Forgets the files of a lock that is undone.
pub(crate) fn forget_lock(write: &Write<'_>, dates: Dates) -> Result<(), Error> {
    change(write, |parcel| parcel.errand.dates != dates)
}

/// Forgets the files of a target that is removed.
pub(crate) fn forget_target(write: &Write<'_>, target: &str) -> Result<(), Error> {
    change(write, |parcel| parcel.errand.target != target)
}

/// Withdraws the files of a target whose layout is another one now; of every target when `None`.
pub(crate) fn withdraw(write: &Write<'_>, target: Option<&str>) -> Result<(), Error> {
    change(write, |parcel| {
        if target.is_none_or(|target| parcel.errand.target == target) {
            parcel.packed = None;
        }
        true
    })
}

/// Changes what is known of each file, and keeps those that this says.
fn change(write: &Write<'_>, keeps: impl FnMut(&mut Parcel) -> bool) -> Result<(), Error> {
    let before = read_all(write)?;
    let mut parcels = before.clone();
    parcels.retain_mut(keeps);
    if parcels == before { Ok(()) } else { put_all(write, &parcels) }
}
