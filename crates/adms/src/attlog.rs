//! Punches: the lines of `table=ATTLOG` (adms 6.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::line::{self, BadLine, BadLineReason};
use crate::text;

/// One punch as the terminal printed it. Two to twelve columns occur; what follows the named ones is kept verbatim, and
/// read by the methods as far as the documents name it. The six job codes and three tip codes that 3.2.0 firmware may
/// append are in [`rest`](Self::rest).
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
    /// Verification method (adms appendix A, [`verify`](crate::verify)); `None` as above.
    pub verify: Option<u16>,
    /// Work code as text, trimmed; empty when the column is missing.
    pub workcode: &'a [u8],
    /// The columns after the work code, tabs included, verbatim (a trailing tab too).
    pub rest: &'a [u8],
}

/// What a terminal for identity cards (`DeviceType=pid`) appends to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityCheck<'a> {
    /// Number of the identity card: personal data of a special kind.
    pub card_number: &'a [u8],
    /// True for a verification, whose status is then 0 ok, 1 failed, 2 on the black list; false for attendance.
    pub is_verification: bool,
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

    /// Whether a mask was worn; `None` when the terminal has no such column.
    pub fn mask(&self) -> Option<bool> {
        match self.column(2)? {
            b"0" => Some(false),
            b"1" => Some(true),
            _ => None,
        }
    }

    /// Body temperature as measured, in the terminal's unit. `None` for none, which terminals write as 0 or empty.
    pub fn temperature(&self) -> Option<f64> {
        self.degrees(3)
    }

    /// Body temperature in the unit that the server asked for (`IRTempUnitTrans`); `None` as above.
    pub fn converted_temperature(&self) -> Option<f64> {
        self.degrees(4)
    }

    /// What the terminal's clock was ahead of UTC, in seconds (`+28800`); newer firmware only.
    pub fn utc_offset_s(&self) -> Option<i32> {
        text::number(self.column(5)?)
    }

    /// The extended data: JSON text, for example a position. `None` when there are none or they are not base64.
    pub fn extend_data(&self) -> Option<String> {
        let json = STANDARD.decode(self.column(6).filter(|value| !value.is_empty())?).ok()?;
        Some(text::decode(&json).into_owned())
    }

    /// The last two columns of a line from a terminal for identity cards. Only for such a terminal: other lines have
    /// other columns there.
    pub fn identity_check(&self) -> Option<IdentityCheck<'a>> {
        let mut from_end = text::trim(self.rest).rsplit(|byte| *byte == b'\t').map(text::trim);
        let kind = from_end.next()?;
        let card_number = from_end.next()?;
        matches!(kind, b"0" | b"1").then(|| IdentityCheck { card_number, is_verification: kind == b"1" })
    }

    /// A column after the work code, counted from 0.
    fn column(&self, number: usize) -> Option<&'a [u8]> {
        self.rest.split(|byte| *byte == b'\t').nth(number).map(text::trim)
    }

    fn degrees(&self, number: usize) -> Option<f64> {
        text::number(self.column(number)?).filter(|degrees: &f64| degrees.is_finite() && *degrees != 0.0)
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
