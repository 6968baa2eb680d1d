//! The text log that a terminal exports over USB (`1_attlog.dat`; real punch data, "Format facts").
//!
//! Six tab-separated columns: user number (padded with blanks), printed time, machine number, state, verify mode, work
//! code. Lines end with LF or CRLF; a half-written file has runs of NUL bytes in place of a line break. A line that
//! can't be read is yielded as such, and its neighbours pass.

use super::{PrintedTime, RawPunch, canonical_origin, canonical_user};

/// The punches of an exported log in file order (real punch data). Every line that is not blank yields one; a line that
/// could not be read yields [`RawPunch::unreadable`].
pub fn punches<'a>(serial: &'a str, file: &'a [u8]) -> impl Iterator<Item = RawPunch> + 'a {
    lines(file).map(move |line| punch(serial, line).unwrap_or_else(|| RawPunch::unreadable(serial, line)))
}

/// The lines of a log: split at line breaks and runs of NUL, blank ones left out (real punch data).
pub fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let without_mark = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    without_mark.split(|byte| matches!(byte, b'\n' | b'\r' | 0)).filter(|line| !line.trim_ascii().is_empty())
}

fn punch(serial: &str, line: &[u8]) -> Option<RawPunch> {
    let text = std::str::from_utf8(line).ok()?;
    let mut columns = text.split('\t');
    let user = canonical_user(columns.next()?);
    let time = columns.next()?;
    let mut number = || columns.next().map(str::trim).and_then(|text| text.parse::<i32>().ok());
    let (_machine, state, verify) = (number(), number(), number());
    let work_code = columns.next().map(str::trim).filter(|code| !code.is_empty() && *code != "0");
    (!user.is_empty()).then(|| RawPunch {
        origin: canonical_origin(serial).to_owned(),
        user: user.to_owned(),
        time: PrintedTime::parse(time),
        state,
        verify,
        work_code: work_code.map(str::to_owned),
        original: line.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> Vec<RawPunch> {
        punches("A1", file.as_bytes()).collect()
    }

    #[test]
    fn a_line_is_one_punch_whatever_ends_it() {
        let rows = read("     5349\t2023-01-03 10:34:08\t1\t0\t1\t0\r\n 1700\t2023-01-03 10:38:32\t1\t255\t15\t7");
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].user.as_str(), rows[0].state, rows[0].verify), ("5349", Some(0), Some(1)));
        assert_eq!((rows[1].state, rows[1].verify, rows[1].work_code.as_deref()), (Some(255), Some(15), Some("7")));
    }

    #[test]
    fn a_run_of_nul_bytes_separates_lines() {
        let rows = read("1\t2023-01-03 10:34:08\t1\t0\t1\t0\0\0\0\0 2\t2023-01-03 10:34:09\t1\t0\t1\t0\n");
        assert_eq!(rows.iter().map(|row| row.user.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn a_line_that_is_no_punch_is_kept_and_its_neighbours_pass() {
        let rows = read("1\t2023-01-03 10:34:08\t1\t0\t1\t0\nwhat is this\n2\t2023-99-03 10:34:08\t1\t0\t1\t0\n");
        assert_eq!(rows.len(), 3);
        assert!(rows[1].is_unreadable());
        assert_eq!(rows[1].original, b"what is this");
        assert_eq!(rows[2].time, PrintedTime::Raw(b"2023-99-03 10:34:08".to_vec()));
    }
}
