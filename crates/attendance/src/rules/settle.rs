//! Step 7: today is never judged, nor is a date whose departure zone is open (rules 10).

use super::Moment;
use crate::vocabulary::DeferReason;

/// Why a date is not judged yet; `midnight` is 00:00 of the next date, `zone_end` the end of the contested zone after the
/// date, both instants in minutes.
pub(crate) fn deferral(moment: Moment, midnight: i64, zone_end: i64, settle_delay: i64) -> Option<DeferReason> {
    let settles = (midnight.max(zone_end) + settle_delay) * 60;
    if moment.as_of < midnight * 60 || moment.as_of < settles {
        Some(DeferReason::InProgress)
    } else if moment.watermark.is_some_and(|complete| complete < settles) {
        Some(DeferReason::AwaitingData)
    } else {
        None
    }
}
