//! The text file: placeholders, quotes, encodings, line ends.

use jiff::civil::Date;

use super::layout::{Encoding, Layout, LineEnd, Quote};
use super::rows::{Cell, PayTable};
use super::{PayrollError, Period};
use crate::sheet::neutral;

/// What placeholders stand for.
pub(super) struct Told<'a> {
    pub(super) layout: &'a Layout,
    pub(super) period: Period,
    /// How dates are written.
    pub(super) date: &'a str,
    /// Rows of the file, and what its figures add up to; where they are known.
    pub(super) counts: Option<(usize, String)>,
}

/// A text with its placeholders filled: `{from}`, `{to}`, both also as `{from:%m/%Y}`, `{rows}`, `{total}` and the layout's values.
///
/// # Errors
/// For a placeholder that is unknown, or whose value is empty.
pub(super) fn filled(text: &str, told: &Told<'_>) -> Result<String, PayrollError> {
    let mut out = String::new();
    for part in parts(text) {
        match part {
            Part::Plain(plain) => out += plain,
            Part::Name(name) => match value(name, told)? {
                value if value.is_empty() => {
                    return Err(PayrollError::new(
                        format!("the layout's value `{name}` is empty"),
                        format!("say it with --set {name}=..., or in a layout of your own"),
                    ));
                }
                value => out += &value,
            },
        }
    }
    Ok(out)
}

/// Looks for a placeholder that is unknown.
///
/// # Errors
/// Names it.
pub(super) fn check(text: &str, told: &Told<'_>) -> Result<(), PayrollError> {
    parts(text).into_iter().try_for_each(|part| match part {
        Part::Plain(_) => Ok(()),
        Part::Name(name) => value(name, told).map(drop),
    })
}

enum Part<'a> {
    Plain(&'a str),
    Name(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, name, after)) = rest.split_once('{').and_then(|(before, tail)| {
        let (name, after) = tail.split_once('}')?;
        Some((before, name, after))
    }) {
        parts.extend([Part::Plain(before), Part::Name(name)]);
        rest = after;
    }
    parts.push(Part::Plain(rest));
    parts
}

fn value(name: &str, told: &Told<'_>) -> Result<String, PayrollError> {
    let (word, format) = name.split_once(':').unwrap_or((name, told.date));
    let date = |date: Date| {
        jiff::fmt::strtime::format(format, date)
            .map_err(|error| PayrollError::new(format!("`{{{name}}}`: {error}"), "write a form like {from:%Y-%m-%d}"))
    };
    match (word, &told.counts) {
        ("from", _) => date(told.period.from),
        ("to", _) => date(told.period.to),
        ("rows", Some((rows, _))) => Ok(rows.to_string()),
        // A file without rows has a sum of nothing.
        ("total", Some((_, total))) => Ok(if total.is_empty() { "0".to_owned() } else { total.clone() }),
        _ => told.layout.values.get(name).cloned().ok_or_else(|| {
            PayrollError::new(
                format!("`{{{name}}}` stands for nothing here"),
                "use {from}, {to}, a name of [values], and in lines after the rows {rows} and {total}",
            )
        }),
    }
}

impl Encoding {
    /// The text of bytes that were written in it.
    pub fn decode(self, bytes: &[u8]) -> String {
        let encoding = match self {
            Self::Utf8 | Self::Utf8Bom => encoding_rs::UTF_8,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
            Self::Utf16 => encoding_rs::UTF_16LE,
        };
        encoding.decode(bytes).0.into_owned()
    }
}

impl Cell {
    /// As the file of a layout says it, before quotes.
    pub fn written(&self, layout: &Layout) -> String {
        match self {
            Self::Text(text) if layout.text.guard_formulas => neutral(text).into_owned(),
            Self::Number(text) => text.replace('.', &layout.text.decimal_mark),
            Self::Text(text) | Self::Date(text) | Self::Clock(text) => text.clone(),
        }
    }
}

impl PayTable {
    /// The file, as a layout writes it.
    ///
    /// # Errors
    /// For a value that is missing, or a cell that the encoding can't write: with the employee's row.
    pub fn text(&self, layout: &Layout, period: Period) -> Result<Vec<u8>, PayrollError> {
        let form = &layout.text;
        let counts = Some((self.rows.len(), self.total.clone()));
        let told = Told { layout, period, date: &form.date, counts };
        let mut out = Out::new(form.encoding, form.line_end);
        for line in &form.before {
            out.line(&filled(line, &told)?, || format!("line `{line}`"))?;
        }
        if form.header {
            let titles = layout.columns.iter().map(|column| quoted(&column.title, true, layout));
            out.line(&joined(titles, layout), || "the titles".to_owned())?;
        }
        for row in &self.rows {
            let cells = row.iter().map(|cell| quoted(&cell.written(layout), matches!(cell, Cell::Text(_)), layout));
            let who = || row.iter().map(Cell::text).collect::<Vec<_>>().join(" ");
            out.line(&joined(cells, layout), who)?;
        }
        for line in &form.after {
            out.line(&filled(line, &told)?, || format!("line `{line}`"))?;
        }
        Ok(out.bytes)
    }
}

fn joined(cells: impl Iterator<Item = String>, layout: &Layout) -> String {
    let mut line = cells.collect::<Vec<_>>().join(&layout.text.separator);
    if layout.text.closing_separator {
        line += &layout.text.separator;
    }
    line
}

fn quoted(cell: &str, is_text: bool, layout: &Layout) -> String {
    let separator = &layout.text.separator;
    let is_odd = cell.contains(separator.as_str()) || cell.contains(['"', '\n', '\r']);
    match layout.text.quote {
        Quote::Never => cell.replace(separator.as_str(), " ").replace(['\n', '\r'], " "),
        Quote::Needed if !is_odd => cell.to_owned(),
        Quote::Always if !is_text && !is_odd => cell.to_owned(),
        Quote::Needed | Quote::Always => format!("\"{}\"", cell.replace('"', "\"\"")),
    }
}

/// Lines as bytes.
struct Out {
    bytes: Vec<u8>,
    encoding: Encoding,
    line_end: &'static str,
}

impl Out {
    fn new(encoding: Encoding, line_end: LineEnd) -> Self {
        let bytes = match encoding {
            Encoding::Utf8Bom => b"\xef\xbb\xbf".to_vec(),
            Encoding::Utf16 => b"\xff\xfe".to_vec(),
            Encoding::Utf8 | Encoding::Windows1252 => Vec::new(),
        };
        let line_end = match line_end {
            LineEnd::Crlf => "\r\n",
            LineEnd::Lf => "\n",
        };
        Self { bytes, encoding, line_end }
    }

    fn line(&mut self, line: &str, whose: impl Fn() -> String) -> Result<(), PayrollError> {
        for text in [line, self.line_end] {
            match self.encoding {
                Encoding::Utf8 | Encoding::Utf8Bom => self.bytes.extend_from_slice(text.as_bytes()),
                Encoding::Utf16 => self.bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
                Encoding::Windows1252 => {
                    let (bytes, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(text);
                    if is_lossy {
                        return Err(PayrollError::new(
                            format!("{}: not every character can be written in Windows-1252", whose()),
                            "change that name, or the layout's encoding",
                        ));
                    }
                    self.bytes.extend_from_slice(&bytes);
                }
            }
        }
        Ok(())
    }
}
