//! What went wrong on a terminal: `ERRORLOG` lines (adms 6.5).

use crate::line;
use crate::text;

/// One error. All fields may be empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErrorLine<'a> {
    /// For example `D01E0001`; see [`ErrorLine::name`].
    pub code: &'a [u8],
    /// The terminal's own text.
    pub message: &'a [u8],
    /// What it was about: `cmd` for a command.
    pub origin: &'a [u8],
    /// The id of the command that caused it.
    pub command_id: &'a [u8],
    /// More of it.
    pub additional: &'a [u8],
}

impl<'a> ErrorLine<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Self {
        let mut error = Self::default();
        for (key, value) in line::pairs(payload) {
            let is = |name: &str| key.eq_ignore_ascii_case(name.as_bytes());
            let value = text::trim(value);
            if is("ErrCode") {
                error.code = value;
            } else if is("ErrMsg") {
                error.message = value;
            } else if is("DataOrigin") {
                error.origin = value;
            } else if is("CmdId") {
                error.command_id = value;
            } else if is("Additional") {
                error.additional = value;
            }
        }
        error
    }

    /// The error in words; `None` for a code that is not documented.
    pub fn name(&self) -> Option<&'static str> {
        Some(match self.code {
            b"D01E0001" => "no face found",
            b"D01E0002" => "the face is covered",
            b"D01E0003" => "the picture is blurred",
            b"D01E0004" => "the face is turned too far",
            b"D01E0005" => "the face is not alive",
            b"D01E0006" => "no template could be made",
            _ => return None,
        })
    }
}
