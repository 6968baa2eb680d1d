//! How a terminal writes: paths, the serial's key, headers, the form of its lines. Makes and faults differ in it, servers have to
//! read all of it (adms 2, 6, 13).

use crate::profile::Push;
use crate::terminal::Terminal;

/// The spelling of one terminal.
#[derive(Debug, Clone)]
pub(super) struct Style {
    /// Behind each path.
    suffix: &'static str,
    /// The key of the serial; `None` when it is left out.
    serial_key: Option<&'static str>,
    /// Blanks in queries stay blanks.
    has_raw_blanks: bool,
    pub(super) content_type: &'static str,
    pub(super) connection: &'static str,
    pub(super) is_chunked: bool,
    /// Bytes of a body that leave in a second.
    pub(super) bytes_per_second: Option<u32>,
    /// Between lines.
    line_end: &'static [u8],
    /// Whether the last line is ended, too.
    ends_last_line: bool,
    /// Columns of an ATTLOG line.
    pub(super) columns: usize,
    pub(super) has_trailing_tab: bool,
}

impl Style {
    pub(super) fn of(terminal: &Terminal, make: &Push) -> Style {
        let faults = terminal.faults();
        Style {
            suffix: if faults.aspx { ".aspx" } else { make.path_suffix },
            serial_key: match (faults.no_sn, faults.lower_sn) {
                (true, _) => None,
                (false, true) => Some("sn"),
                (false, false) => Some("SN"),
            },
            has_raw_blanks: faults.raw_blanks,
            content_type: if faults.form_type { "application/x-www-form-urlencoded" } else { "text/plain" },
            connection: if faults.one_request { "close" } else { "keep-alive" },
            is_chunked: faults.chunked_body,
            bytes_per_second: faults.slow_body.get(),
            line_end: if faults.crlf { b"\r\n" } else { b"\n" },
            ends_last_line: !faults.no_final_lf,
            columns: faults.columns.size().unwrap_or(make.columns.into()).clamp(2, 12),
            has_trailing_tab: make.has_trailing_tab || faults.trailing_tab,
        }
    }

    /// The path and query of a request.
    pub(super) fn target(&self, serial: &str, endpoint: &str, query: &str) -> String {
        let serial = self.serial_key.map(|key| format!("{key}={}", self.value(serial)));
        let query = [serial.as_deref().unwrap_or_default(), query];
        let query: Vec<&str> = query.into_iter().filter(|part| !part.is_empty()).collect();
        format!("/iclock/{endpoint}{}?{}", self.suffix, query.join("&"))
    }

    /// A value as it stands in a query.
    pub(super) fn value(&self, value: &str) -> String {
        let escaped = escaped(value);
        if self.has_raw_blanks { escaped.replace("%20", " ") } else { escaped }
    }

    /// The lines of a body.
    pub(super) fn body<L: AsRef<[u8]>>(&self, lines: &[L]) -> Vec<u8> {
        let mut body = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            body.extend_from_slice(line.as_ref());
            if self.ends_last_line || index + 1 < lines.len() {
                body.extend_from_slice(self.line_end);
            }
        }
        body
    }
}

/// Percent-encodes what may not stand in a query value.
fn escaped(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' | b':' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(profile: &str, faults: &str) -> Style {
        let terminal =
            Terminal::builder("SIM0001").profile(profile.parse().unwrap()).faults(faults.parse().unwrap()).build();
        Style::of(&terminal, &terminal.profile().push.unwrap())
    }

    #[test]
    fn targets_are_spelled_as_make_and_faults_have_it() {
        let target = |profile, faults| style(profile, faults).target("SIM 1", "cdata", "table=ATTLOG");
        assert_eq!(target("x903", ""), "/iclock/cdata?SN=SIM%201&table=ATTLOG");
        assert_eq!(target("essl", ""), "/iclock/cdata.aspx?SN=SIM%201&table=ATTLOG");
        assert_eq!(target("x903", "aspx lower-sn"), "/iclock/cdata.aspx?sn=SIM%201&table=ATTLOG");
        assert_eq!(target("x903", "no-sn"), "/iclock/cdata?table=ATTLOG");
        assert_eq!(target("x903", "raw-blanks"), "/iclock/cdata?SN=SIM 1&table=ATTLOG");
    }

    #[test]
    fn lines_end_as_make_and_faults_have_it() {
        let body = |faults| style("x903", faults).body(&["a", "b"]);
        assert_eq!(body(""), b"a\nb\n");
        assert_eq!(body("crlf"), b"a\r\nb\r\n");
        assert_eq!(body("no-final-lf"), b"a\nb");
    }

    #[test]
    fn blanks_and_separators_are_escaped_in_queries() {
        assert_eq!(escaped("Ver 6.60,5,3"), "Ver%206.60,5,3");
        assert_eq!(escaped("A&B=C"), "A%26B%3DC");
    }
}
