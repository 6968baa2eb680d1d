//! Request lines as firmware writes them, made such as an HTTP server takes them: blanks and whatever else may not stand in a
//! target are percent-encoded (adms 2, "inconsistently"). What they say stays the same.
//!
//! To know which line is the first of a request, the heads and bodies before it are followed. They are passed on as they
//! came. What can't be followed is passed on untouched to the end, and the server says what is wrong with it.

use std::borrow::Cow;

/// A longer first line is not held back to be repaired.
const MAX_LINE_BYTES: usize = 16 << 10;
/// Enough of a header to tell a length or a coding.
const HEADER_BYTES: usize = 128;

/// Follows the requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Framing {
    part: Part,
    /// The line that has begun; of a header and the like only its beginning.
    line: Vec<u8>,
    /// What the head has said about the body.
    body: BodyForm,
}

/// Where in a request the next byte is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The first line, which is held back until it is whole.
    #[default]
    FirstLine,
    Header,
    /// So many bytes of a body, or of a chunk with its line end.
    Body {
        left: u64,
        is_chunk: bool,
    },
    ChunkSize,
    Trailer,
    /// Not followed any more.
    Lost,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum BodyForm {
    #[default]
    None,
    Length(u64),
    Chunks,
}

impl Framing {
    /// Takes what came, and puts what is to go on behind `out`.
    pub(super) fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        while !input.is_empty() {
            let count = match self.part {
                Part::Lost => input.len(),
                Part::Body { left, .. } => usize::try_from(left).map_or(input.len(), |left| left.min(input.len())),
                _ => input.iter().position(|byte| *byte == b'\n').map_or(input.len(), |at| at + 1),
            };
            let (piece, rest) = input.split_at(count);
            input = rest;
            match self.part {
                Part::Lost => out.extend_from_slice(piece),
                Part::Body { .. } => {
                    out.extend_from_slice(piece);
                    self.pass(piece.len());
                }
                _ => self.take_piece(piece, out),
            }
        }
    }

    /// Bytes of a body that may go straight through.
    pub(super) fn body_left(&self) -> u64 {
        match self.part {
            Part::Body { left, .. } => left,
            Part::Lost => u64::MAX,
            _ => 0,
        }
    }

    /// So many of them went.
    pub(super) fn pass(&mut self, count: usize) {
        if let Part::Body { left, is_chunk } = self.part {
            let left = left.saturating_sub(count as u64);
            self.part = match (left, is_chunk) {
                (1.., _) => Part::Body { left, is_chunk },
                (0, true) => Part::ChunkSize,
                (0, false) => Part::FirstLine,
            };
        }
    }

    /// Nothing comes any more: what was held back goes on as it is.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if self.part == Part::FirstLine {
            out.append(&mut self.line);
        }
    }

    /// A line or a part of one.
    fn take_piece(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let is_first = self.part == Part::FirstLine;
        let limit = if is_first { MAX_LINE_BYTES } else { HEADER_BYTES };
        let room = limit.saturating_sub(self.line.len());
        if is_first && piece.len() > room {
            out.append(&mut self.line);
            out.extend_from_slice(piece);
            self.part = Part::Lost;
            return;
        }
        self.line.extend(piece.iter().take(room));
        if !is_first {
            out.extend_from_slice(piece);
        }
        if piece.ends_with(b"\n") {
            let line = std::mem::take(&mut self.line);
            self.part = self.after(&line, out);
            // Its memory serves the next line.
            self.line = line;
            self.line.clear();
        }
    }

    /// What follows a whole line.
    fn after(&mut self, line: &[u8], out: &mut Vec<u8>) -> Part {
        let text = line.trim_ascii();
        match self.part {
            Part::FirstLine => {
                out.extend_from_slice(&repaired(line));
                self.body = BodyForm::None;
                // Some clients send an empty line after a body.
                if text.is_empty() { Part::FirstLine } else { Part::Header }
            }
            Part::Header if text.is_empty() => match self.body {
                BodyForm::None | BodyForm::Length(0) => Part::FirstLine,
                BodyForm::Length(left) => Part::Body { left, is_chunk: false },
                BodyForm::Chunks => Part::ChunkSize,
            },
            Part::Header => self.header(text),
            Part::ChunkSize => match chunk_size(text) {
                Some(0) => Part::Trailer,
                // With the line end behind it.
                Some(size) => Part::Body { left: size.saturating_add(2), is_chunk: true },
                None => Part::Lost,
            },
            Part::Trailer if text.is_empty() => Part::FirstLine,
            Part::Trailer => Part::Trailer,
            Part::Body { .. } | Part::Lost => self.part,
        }
    }

    fn header(&mut self, text: &[u8]) -> Part {
        let at = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
        let (name, value) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default().trim_ascii());
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.body = BodyForm::Chunks;
        } else if name.eq_ignore_ascii_case(b"content-length") && self.body != BodyForm::Chunks {
            match std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()) {
                Some(length) => self.body = BodyForm::Length(length),
                None => return Part::Lost,
            }
        }
        Part::Header
    }
}

/// The size before a chunk; what follows a semicolon does not matter.
fn chunk_size(text: &[u8]) -> Option<u64> {
    let digits = text.split(|byte| *byte == b';').next()?.trim_ascii();
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// A first line that a server takes. A line that is right already, and one that is none, stays as it is.
pub(super) fn repaired(line: &[u8]) -> Cow<'_, [u8]> {
    let text = line.trim_ascii();
    let parts = || {
        let method_end = text.iter().position(|byte| *byte == b' ')?;
        let version_at = text.iter().rposition(|byte| *byte == b' ')? + 1;
        let target = text.get(method_end + 1..version_at.checked_sub(1)?)?;
        Some((text.get(..method_end)?, target, text.get(version_at..)?))
    };
    let Some((method, target, version)) = parts().filter(|(_, _, version)| version.starts_with(b"HTTP/")) else {
        return Cow::Borrowed(line);
    };
    if target.iter().all(|byte| may_stand(*byte)) {
        return Cow::Borrowed(line);
    }
    let mut whole = [method, b" "].concat();
    for byte in target.trim_ascii() {
        match byte {
            byte if may_stand(*byte) => whole.push(*byte),
            byte => whole.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    whole.extend_from_slice(&[b" ", version, b"\r\n"].concat());
    Cow::Owned(whole)
}

/// What a server takes in a target. `#` it would take for the end of the query.
const fn may_stand(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'#' | b'<' | b'>' | b'`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        String::from_utf8(repaired(text.as_bytes()).into_owned()).unwrap()
    }

    /// What goes on when the input comes in pieces of this size.
    fn passed(input: &[u8], size: usize) -> Vec<u8> {
        let (mut framing, mut out) = (Framing::default(), Vec::new());
        input.chunks(size).for_each(|piece| framing.feed(piece, &mut out));
        framing.end(&mut out);
        out
    }

    #[test]
    fn what_may_not_stand_in_a_target_is_encoded() {
        assert_eq!(
            line("GET /iclock/getrequest?SN=1&INFO=Ver 6.60 Oct 12 2011,5 HTTP/1.1\r\n"),
            "GET /iclock/getrequest?SN=1&INFO=Ver%206.60%20Oct%2012%202011,5 HTTP/1.1\r\n"
        );
        assert_eq!(
            line("GET /iclock/cdata?SN=1&DeviceType=middle east HTTP/1.0\n"),
            "GET /iclock/cdata?SN=1&DeviceType=middle%20east HTTP/1.0\r\n"
        );
        assert_eq!(line("GET  /x?a=\"<#>`\t张  HTTP/1.1\r\n"), "GET /x?a=%22%3C%23%3E%60%09%E5%BC%A0 HTTP/1.1\r\n");
    }

    #[test]
    fn what_is_right_or_no_first_line_stays_as_it_is() {
        for text in [
            "GET /iclock/cdata?SN=1&options=all HTTP/1.1\r\n",
            "GET /iclock/cdata?a=100%&b=%20+&c={|}\\^[~] HTTP/1.1\n",
            "GET /a b\r\n",
            "hello\r\n",
            " HTTP/1.1\r\n",
            "\r\n",
            "",
        ] {
            assert!(matches!(repaired(text.as_bytes()), Cow::Borrowed(same) if same == text.as_bytes()), "{text:?}");
        }
    }

    /// Each request of a connection is repaired, and nothing but first lines, however it is cut into pieces.
    #[test]
    fn bodies_and_headers_pass_untouched_whatever_stands_in_them() {
        let fake = "POST /a b HTTP/1.1\r\n";
        let requests = |target: &str| {
            [
                format!("POST {target} HTTP/1.1\r\nHost: x y\r\nContent-Length: {}\r\n\r\n{fake}", fake.len()),
                format!("GET {target} HTTP/1.1\r\n{fake}X: {}\r\n\r\n", "x".repeat(300)),
                format!(
                    "POST {target} HTTP/1.1\r\ntransfer-encoding: Chunked\r\nContent-Length: 3\r\n\r\n{:x};a=b\r\n{fake}\r\n1\r\n\n\r\n0\r\nT: {fake}\r\n",
                    fake.len()
                ),
                format!("\r\nPOST {target} HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET {target} HTTP/1.1\r\n\r\n"),
            ]
            .concat()
        };
        let (came, expected) = (requests("/x?a=b c"), requests("/x?a=b%20c"));
        for size in 1..came.len() + 1 {
            assert_eq!(String::from_utf8(passed(came.as_bytes(), size)).unwrap(), expected, "in pieces of {size}");
        }
    }

    /// Any bytes: no panic, nothing is lost, and it does not matter how they were cut.
    #[test]
    fn whatever_comes_goes_on_and_how_it_is_cut_does_not_matter() {
        let marks: [&[u8]; 8] = [
            b"\r\n",
            b"\n",
            b" ",
            b"GET / HTTP/1.1\r\n",
            b"Content-Length: 7\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"5\r\n",
            b" HTTP/1.1\r\n",
        ];
        for seed in 0..300_u32 {
            let mut random = [0; 64];
            blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut random);
            let piece = |byte: &u8| marks.get(usize::from(*byte)).map_or_else(|| vec![*byte], |mark| mark.to_vec());
            // Half of the pieces are marks.
            let came: Vec<u8> = random
                .iter()
                .map(|byte| if *byte < 128 { byte % 8 } else { *byte })
                .flat_map(|byte| piece(&byte))
                .collect();
            let whole = passed(&came, came.len());
            assert!(
                whole.len() >= came.len() - came.iter().filter(|byte| byte.is_ascii_whitespace()).count(),
                "seed {seed}"
            );
            for size in [1, 2, 3, 11] {
                assert_eq!(passed(&came, size), whole, "seed {seed} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_cant_be_followed_is_passed_on_untouched() {
        let long = format!("GET /{} a HTTP/1.1\r\n", "x".repeat(MAX_LINE_BYTES));
        for came in [
            "POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\nGET /a b HTTP/1.1\r\n",
            "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nsome\r\nGET /a b HTTP/1.1\r\n",
            "GET /a b HTT",
            "POST /x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
            &long,
        ] {
            for size in [1, 7, 100_000] {
                assert_eq!(passed(came.as_bytes(), size), came.as_bytes(), "{came:?}");
            }
        }
    }
}
