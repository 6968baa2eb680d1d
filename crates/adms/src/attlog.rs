//! Punches: the lines of `table=ATTLOG` (adms 6.1).

use crate::line::{self, BadLine, BadLineReason};
use crate::text;

/// One punch as the terminal printed it. Two to twelve columns occur; what follows the named ones is kept verbatim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttLogLine<'a> {
    /// The original bytes, without the line end.
    pub bytes: &'a [u8],
    /// User number, trimmed of NUL and blanks; empty or `0` for an unknown person.
    pub pin: &'a [u8],
    /// The printed time on the terminal's face, trimmed; its form is not checked here.
    pub time: &'a [u8],
    /// State key: 0 in, 1 out, 2 break-out, 3 break-in, 4 overtime-in, 5 overtime-out, 255 no key used. `None` when the
    /// column is missing, empty or no number.
    pub status: Option<u8>,
    /// Verification method (adms appendix A); `None` as above.
    pub verify: Option<u16>,
    /// Work code as text, trimmed; empty when the column is missing.
    pub workcode: &'a [u8],
    /// The columns after the work code, tabs included, verbatim (a trailing tab too).
    pub rest: &'a [u8],
}

impl<'a> AttLogLine<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// [`BadLineReason::TooFewColumns`] when there is no second column. The line itself is in the error.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadLine<'a>> {
        let Some((pin, after_pin)) = text::split_once(bytes, b'\t') else {
            return Err(BadLine { bytes, reason: BadLineReason::TooFewColumns });
        };
        let (time, rest) = column(after_pin);
        let (status, rest) = column(rest);
        let (verify, rest) = column(rest);
        let (workcode, rest) = column(rest);
        Ok(Self {
            bytes,
            pin: text::trim(pin),
            time: text::trim(time),
            status: text::number(status),
            verify: text::number(verify),
            workcode: text::trim(workcode),
            rest,
        })
    }
}

/// The first column of `rest` and what follows its tab; both empty at the end.
fn column(rest: &[u8]) -> (&[u8], &[u8]) {
    text::split_once(rest, b'\t').unwrap_or((rest, &[]))
}

/// The punches of an upload body in the order of the body. The number of items is the number of record lines received,
/// which is what [`reply::ok_count`](crate::reply::ok_count) reports.
pub fn lines(body: &[u8]) -> impl Iterator<Item = Result<AttLogLine<'_>, BadLine<'_>>> {
    line::lines(body).map(AttLogLine::read)
}
