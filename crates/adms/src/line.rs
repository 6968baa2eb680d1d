//! Record lines of an upload body, and lines that are none.

use crate::text;

/// A line that is no record. It is stored as it came and shown to people; its neighbours are not concerned (adms 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine<'a> {
    /// The original bytes, without the line end.
    pub bytes: &'a [u8],
    /// Why it could not be read.
    pub reason: BadLineReason,
}

/// Why a line could not be read as a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLineReason {
    /// An ATTLOG line has at least user number and time; an OPLOG line at least type, operator and time.
    #[error("too few columns")]
    TooFewColumns,
    /// A USER line without `PIN=`.
    #[error("no user number")]
    NoUserNumber,
    /// An event of the security dialect without a time.
    #[error("no time")]
    NoTime,
}

/// The record lines of a body: split at LF, CR, CR LF and runs of NUL (half-written files have them in place of a line
/// break); empty lines are left out, the last line needs no end.
///
/// A run of NUL directly before a tab is padding of the field, not a line break.
pub fn lines(body: &[u8]) -> Lines<'_> {
    Lines { body, at: 0 }
}

/// Iterator of [`lines`].
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line and where it starts in the body.
    pub(crate) fn next_with_start(&mut self) -> Option<(usize, &'a [u8])> {
        loop {
            let start = self.at;
            let rest = self.body.get(start..).filter(|rest| !rest.is_empty())?;
            let (end, mark) = line_end(rest);
            self.at = start + end + mark;
            let line = rest.get(..end)?;
            if line.iter().any(|byte| !matches!(byte, b' ' | b'\t' | 0)) {
                return Some((start, line));
            }
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.next_with_start().map(|(_, line)| line)
    }
}

/// Length of the first line of `rest`, and length of the mark that ends it (a whole run of NUL is one mark).
fn line_end(rest: &[u8]) -> (usize, usize) {
    let mut from = 0;
    loop {
        let tail = rest.get(from..).unwrap_or_default();
        let Some(at) = tail.iter().position(|byte| matches!(byte, b'\n' | b'\r' | 0)) else { return (rest.len(), 0) };
        let end = from + at;
        let run = rest.get(end..).unwrap_or_default().iter().take_while(|byte| **byte == 0).count();
        if run == 0 {
            return (end, 1);
        }
        if rest.get(end + run) != Some(&b'\t') {
            return (end, run);
        }
        from = end + run;
    }
}

/// The `key=value` pairs of a tagged line, separated by tabs; keys are compared without case (adms 6.2).
pub(crate) fn pairs(payload: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    payload.split(|byte| *byte == b'\t').filter_map(|pair| {
        let (key, value) = text::split_once(pair, b'=')?;
        Some((text::trim(key), value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(body: &[u8]) -> Vec<&[u8]> {
        lines(body).collect()
    }

    #[test]
    fn any_line_end_separates_and_the_last_needs_none() {
        assert_eq!(split(b"a\nb\r\nc\rd"), [b"a", b"b", b"c", b"d"]);
        assert_eq!(split(b"\n\r\n a \n\n"), [b" a "]);
        assert_eq!(split(b""), Vec::<&[u8]>::new());
    }

    #[test]
    fn a_run_of_nul_stands_for_a_line_break() {
        assert_eq!(split(b"1\tx\0\0\0\x002\ty\n"), [b"1\tx", b"2\ty"]);
        assert_eq!(split(b"\0\0\0"), Vec::<&[u8]>::new());
    }

    #[test]
    fn nul_before_a_tab_pads_the_field() {
        assert_eq!(split(b"12\0\0\t2024-07-07 01:29:01\n"), [b"12\0\0\t2024-07-07 01:29:01"]);
    }
}
