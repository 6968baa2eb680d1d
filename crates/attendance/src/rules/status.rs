//! Step 16: the status, first matching line (rules 13.3). It never changes minutes.

use super::judge::Judgement;
use super::leave::Owed;
use super::pair::Pairs;
use crate::vocabulary::{Status, StatusThresholds};

pub(crate) fn status(
    limits: &StatusThresholds,
    owed: &Owed,
    pairs: &Pairs,
    judged: &Judgement,
    worked: i64,
    any_punch: bool,
) -> Status {
    if owed.is_freed() {
        return if owed.leave > 0 { Status::Leave } else { Status::Offsite };
    }
    if pairs.open_break || pairs.has_unresolved() {
        return Status::Incomplete;
    }
    if owed.required == 0 {
        return if any_punch { Status::Present } else { Status::Off };
    }
    let tardy_over = |limit: Option<i64>| limit.is_some_and(|limit| judged.tardy > limit);
    let undivided = owed.leave == 0 && owed.offsite == 0;
    if !any_punch {
        return if judged.absent > 0 { Status::Absent } else { Status::Present };
    }
    if judged.absent == owed.required
        || undivided && worked < limits.absent_below
        || tardy_over(limits.absent_if_tardy_over)
    {
        Status::Absent
    } else if undivided && worked < limits.half_day_below || tardy_over(limits.half_day_if_tardy_over) {
        Status::HalfDay
    } else {
        Status::Present
    }
}
