//! What the page of payroll lists: files that were taken out, deliveries with their receipts, and how it stands with each target.

use hub::{Dates, Hub, LockedPeriod, PayExport, PayReceipt, PayTarget};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::page::terminals::Moment;
use crate::{show, words};

/// Rows of each list.
const MOST_LISTED: usize = 20;

/// The lists.
#[derive(Default)]
pub(crate) struct Records {
    pub(crate) exports: Vec<ExportRow>,
    pub(crate) deliveries: Vec<DeliveryRow>,
    pub(crate) targets: Vec<TargetRow>,
}

/// A file that somebody took out.
pub(crate) struct ExportRow {
    pub(crate) at: Option<Moment>,
    pub(crate) who: String,
    pub(crate) dates: String,
    pub(crate) what: String,
    pub(crate) rows: usize,
    pub(crate) digest: String,
}

/// A file that a target has.
pub(crate) struct DeliveryRow {
    pub(crate) at: Option<Moment>,
    pub(crate) target: String,
    pub(crate) dates: String,
    pub(crate) file: String,
    pub(crate) rows: usize,
    pub(crate) digest: String,
    pub(crate) says: String,
}

/// A target.
pub(crate) struct TargetRow {
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) layout: String,
    /// Periods whose file it does not have yet.
    pub(crate) awaits: Vec<String>,
    pub(crate) last: Option<Moment>,
}

/// A range as people read it.
pub(crate) fn range((from, to): Dates) -> String {
    format!("{} to {}", show::date(from), show::date(to))
}

impl Records {
    /// Reads them; and the locked periods, which they are compared with.
    pub(crate) fn read(hub: &Hub, now: Timestamp, zone: &TimeZone) -> Result<(Self, Vec<LockedPeriod>), hub::Error> {
        let (locked, receipts) = (hub.locked_periods()?, hub.pay_receipts()?);
        let moment = |at: Timestamp| Some(Moment::new(at, now, zone));
        let export = |one: PayExport| ExportRow {
            at: moment(one.at()),
            dates: range(one.dates),
            who: one.actor,
            what: one.what,
            rows: one.rows,
            digest: one.digest,
        };
        let delivery = |one: &PayReceipt| DeliveryRow {
            at: moment(one.at()),
            target: one.target.clone(),
            dates: range(one.dates),
            file: one.file.clone(),
            rows: one.rows,
            digest: one.digest.clone(),
            says: words::sentence(&one.says),
        };
        let target = |one: PayTarget| TargetRow {
            place: one.way.words(),
            layout: one.layout.title.clone(),
            awaits: one.awaits(&locked, &receipts).into_iter().map(range).collect(),
            last: receipts.iter().rev().find(|receipt| receipt.target == one.name).and_then(|last| moment(last.at())),
            name: one.name,
        };
        let records = Self {
            exports: hub.pay_exports()?.into_iter().rev().take(MOST_LISTED).map(export).collect(),
            deliveries: receipts.iter().rev().take(MOST_LISTED).map(delivery).collect(),
            targets: hub.pay_targets()?.into_iter().map(target).collect(),
        };
        Ok((records, locked))
    }
}
