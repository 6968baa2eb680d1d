//! Tables of punches in files: CSV in whatever separators and letters, and sheets. What they say, row by row; the hub judges it.
//!
//! Invariants:
//! * A file is read a row at a time; a sheet is held whole.
//! * A row that can't be read is told as such, with its cells: its neighbours pass.
//! * The same cells make the same rows, whether they came as CSV, UTF-16, or a sheet.
//! * A date that can be read in two ways is never guessed: the file as a whole decides, or the person.

pub(crate) mod clock;
mod lines;
mod mapping;
mod sheet;
mod text;

use std::io::Read;

use csv::StringRecord;
use jiff::ToSpan as _;

pub use clock::DateOrder;
use clock::Hint;
use lines::{IsRow, Lines};
pub use mapping::Mapping;
use mapping::Places;
pub(crate) use mapping::usual_state;

use crate::NotATable;
use crate::outside::{OutsidePunch, OutsideRow, Puncher, RowKey, RowTime, work_code};
use crate::sheet::plain;

const KIND: &str = "table of punches";
/// Rows that are looked at before any is taken: if none of them is a punch, the mapping is another table's.
const PROBE_ROWS: usize = 100;
/// The letters of a cell that a message repeats.
const MOST_SHOWN: usize = 40;
/// Why a row of a copy is no punch: it was none where it was copied.
const UNREADABLE: &str = "it could not be read where it was copied; correct it there, or dismiss it";
/// Bytes that tell encoding and separator.
const HEAD_BYTES: usize = 8 * 1024;

/// A table of punches that was looked through, and is ready to be read.
#[derive(Clone, Debug)]
pub struct PunchTable {
    mapping: Mapping,
    places: Places,
    width: usize,
    order: Option<DateOrder>,
    has_offsets: bool,
    zone: Option<String>,
}

fn not(what: impl Into<String>) -> NotATable {
    NotATable { kind: KIND, what: what.into() }
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BadLine {
    why: String,
    original: Vec<u8>,
}

impl BadLine {
    /// Where the line itself can't be kept.
    fn told(why: &str) -> Self {
        Self { why: why.to_owned(), original: why.into() }
    }
}

/// A record with its line; or why there is none there.
type Record = (u64, Result<StringRecord, BadLine>);

/// The records of a file, until it can't be read on.
type Records<'r> = Box<dyn Iterator<Item = Result<Record, NotATable>> + Send + 'r>;

impl PunchTable {
    /// Looks a file through: which mapping fits its header, unless one is given, and how its dates are to be read. `open` opens it anew
    /// each time.
    ///
    /// # Errors
    /// [`NotATable`] with the cure.
    pub fn survey<R: Read + Send>(
        open: impl Fn() -> std::io::Result<R>,
        mapping: Option<Mapping>,
    ) -> Result<Self, NotATable> {
        let opened = || open().map_err(|error| not(format!("it can't be read: {error}")));
        let mapping = mapping.map_or_else(|| Self::detect(opened()?), Ok)?;
        let mut records = records(opened()?, Some(&mapping), None)?;
        let (_, first) = records.next().ok_or_else(|| not("it is empty"))??;
        let first = first.map_err(|bad| not(bad.why))?;
        let cells: Vec<&str> = first.iter().collect();
        let places = mapping.places(&cells).map_err(not)?;
        drop(records);
        let (order, width) = (mapping.dates, cells.len());
        let mut table = Self { order, mapping, places, width, has_offsets: false, zone: None };
        let header = usize::from(table.mapping.header);
        let after = |file| table.records(file).map(|records| records.skip(header));
        let zone = table.places.zone.map(|place| zone(place, after(opened()?)?)).transpose()?.flatten();
        let order = match order {
            // A copy is read as the table itself is: what can be read in two ways is held.
            None if table.is_copy() => None,
            None => self::order(&table.places, &mut after(opened()?)?)?,
            given => given,
        };
        (table.order, table.zone) = (order, zone);
        table.probe(opened()?)?;
        Ok(table)
    }

    /// The preset that fits the first line of a file best.
    ///
    /// # Errors
    /// [`NotATable`] where none does.
    pub fn detect(file: impl Read + Send) -> Result<Mapping, NotATable> {
        let (_, first) = records(file, None, None)?.next().ok_or_else(|| not("it is empty"))??;
        let first = first.map_err(|bad| not(bad.why))?;
        let cells: Vec<&str> = first.iter().collect();
        Mapping::detect(&cells).or_else(|| headless(&cells)).ok_or_else(|| {
            let presets: Vec<&str> = Mapping::presets().map(|(name, _)| name).collect();
            not(format!(
                "its columns {} fit none of the mappings {}; write one of your own and name it (see docs/imports.md)",
                cells.join(", "),
                presets.join(", ")
            ))
        })
    }

    /// The mapping by which it is read.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Whether its times have offsets from UTC: then no zone is needed.
    pub const fn has_offsets(&self) -> bool {
        self.has_offsets
    }

    /// The IANA zone of its times, where its rows name one.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Whether it was copied from a table of a database: then its rows may be no punches, as those there.
    const fn is_copy(&self) -> bool {
        self.places.unreadable.is_some()
    }

    /// The rows of the file, in its order; a row per day with arrival and departure is two. The last one is an error where the file can't
    /// be read on.
    ///
    /// # Errors
    /// [`NotATable`] for a sheet that can't be read.
    pub fn rows<'r, R: Read + Send + 'r>(
        &'r self,
        file: R,
    ) -> Result<impl Iterator<Item = Result<OutsideRow, NotATable>> + 'r, NotATable> {
        let records = self.records(file)?.skip(usize::from(self.mapping.header));
        Ok(records.flat_map(move |record| match record {
            Ok((line, record)) => self.row(line, record).into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }))
    }

    fn records<'r>(&'r self, file: impl Read + Send + 'r) -> Result<Records<'r>, NotATable> {
        records(file, Some(&self.mapping), Some((&self.places, self.width)))
    }

    /// Refuses a mapping by which none of the first rows is a punch, and learns whether times have offsets.
    fn probe<R: Read + Send>(&mut self, file: R) -> Result<(), NotATable> {
        let (mut bad, mut good, mut offsets) = (None, 0, 0);
        for row in self.rows(file)?.take(PROBE_ROWS) {
            let row = row?;
            match &row.said {
                Ok(punch) => match &punch.time {
                    RowTime::At(_) => offsets += 1,
                    RowTime::Printed(time) if time.seconds().is_some() => good += 1,
                    RowTime::Printed(time) => {
                        bad.get_or_insert_with(|| format!("{}: {} is no time", row.key, shown(&time.to_string())));
                    }
                },
                Err(why) => {
                    bad.get_or_insert_with(|| format!("{}: {why}", row.key));
                }
            }
        }
        self.has_offsets = offsets > 0;
        match bad {
            Some(bad) if good + offsets == 0 && !self.is_copy() => Err(not(format!(
                "by the mapping {} none of its first rows is a punch ({bad}); name another mapping",
                self.mapping.name
            ))),
            _ if good > 0 && offsets > 0 => {
                Err(not("some of its times have an offset from UTC and some have none; split it in two"))
            }
            _ => Ok(()),
        }
    }

    /// What a record says: no row for a blank one, two for a day.
    fn row(&self, line: u64, record: Result<StringRecord, BadLine>) -> Vec<OutsideRow> {
        let key = RowKey::Line(line);
        let record = match record {
            Ok(record) => record,
            Err(bad) => return vec![OutsideRow { key, original: bad.original, said: Err(bad.why) }],
        };
        let filled = record.iter().zip(1..).filter(|(cell, _)| !cell.is_empty()).last().map_or(0, |(_, place)| place);
        if filled == 0 {
            return Vec::new();
        }
        let mut original = Vec::with_capacity(record.as_slice().len() + filled);
        for (place, cell) in record.iter().take(filled).enumerate() {
            if place > 0 {
                original.push(b'\t');
            }
            original.extend_from_slice(cell.as_bytes());
        }
        let bad = |why: String| vec![OutsideRow { key: key.clone(), original: original.clone(), said: Err(why) }];
        if filled > self.width {
            return bad(format!("it has {filled} cells, and the first line {}", self.width));
        }
        let cell = |place: Option<usize>| place.and_then(|place| record.get(place)).map(str::trim).unwrap_or_default();
        let unreadable = cell(self.places.unreadable);
        if !unreadable.is_empty() {
            // Under its own bytes it is the same row, read here or there.
            return vec![OutsideRow { key, original: unreadable.into(), said: Err(UNREADABLE.to_owned()) }];
        }
        let cell = |place: Option<usize>| plain(cell(place));
        let zone = cell(self.places.zone);
        if !zone.is_empty() && self.zone() != Some(zone) {
            return bad(format!("its time is of {zone}, and the rows before say another; split the file"));
        }
        let (user, code) = (cell(self.places.user), cell(self.places.code));
        if user.is_empty() && code.is_empty() {
            return bad("it says nobody's number or code".to_owned());
        }
        let state = cell(self.places.state);
        let some = |place: Option<usize>| Some(cell(place)).filter(|text| !text.is_empty()).map(str::to_owned);
        let punch = |time: RowTime, state: Option<i32>| OutsidePunch {
            serial: some(self.places.serial),
            reader: cell(self.places.reader).to_owned(),
            puncher: if self.places.user.is_some() {
                Puncher::Number(user.to_owned())
            } else {
                Puncher::Code(code.to_owned())
            },
            time,
            state,
            verify: cell(self.places.verify).parse().ok(),
            work_code: work_code(cell(self.places.work_code)),
            row_type: some(self.places.kind),
        };
        let said = self.times(cell);
        // A day without arrival and departure is one on which nobody came.
        if said.is_empty() && !self.is_by_day() {
            return bad("it says no time".to_owned());
        }
        let row = |(time, own): (RowTime, Option<i32>)| {
            let state = own.or_else(|| self.mapping.state(state));
            OutsideRow { key: key.clone(), original: original.clone(), said: Ok(punch(time, state)) }
        };
        said.into_iter().map(row).collect()
    }

    /// Whether a record is a day, with an arrival and a departure.
    const fn is_by_day(&self) -> bool {
        let Places { time, clock, in_time, out_time, .. } = &self.places;
        time.is_none() && clock.is_none() && (in_time.is_some() || out_time.is_some())
    }

    /// The times that a record says, with the states that their columns stand for.
    fn times<'c>(&self, cell: impl Fn(Option<usize>) -> &'c str) -> Vec<(RowTime, Option<i32>)> {
        let Places { time, date, clock, in_time, out_time, .. } = self.places;
        if time.is_some() {
            let text = cell(time);
            return if text.is_empty() { Vec::new() } else { vec![(clock::time(text, self.order), None)] };
        }
        let day = cell(date);
        if clock.is_some() {
            let of_day = cell(clock);
            let is_empty = day.is_empty() && of_day.is_empty();
            return if is_empty { Vec::new() } else { vec![(clock::joined(day, of_day, self.order), None)] };
        }
        let (arrival, departure) = (cell(in_time), cell(out_time));
        let mut times = Vec::new();
        if !arrival.is_empty() {
            times.push((clock::joined(day, arrival, self.order), Some(0)));
        }
        if !departure.is_empty() {
            let from = clock::civil(day, arrival, self.order);
            let to = clock::civil(day, departure, self.order);
            let next = from.zip(to).filter(|(from, to)| to < from).and_then(|(_, to)| to.checked_add(1.day()).ok());
            let time = match next {
                Some(next) => RowTime::Printed(attendance::punch::PrintedTime::from_civil(next)),
                None => clock::joined(day, departure, self.order),
            };
            times.push((time, Some(1)));
        }
        times
    }
}

fn shown(text: &str) -> String {
    format!("`{}`", text.chars().take(MOST_SHOWN).collect::<String>())
}

/// A terminal's log has no header: a number, and a time.
fn headless(cells: &[&str]) -> Option<Mapping> {
    let time = cells.get(1)?;
    let is_log = cells.len() >= 2
        && !cells.first()?.is_empty()
        && matches!(clock::time(time, None), RowTime::Printed(time) if time.seconds().is_some());
    Mapping::preset("attlog").filter(|_| is_log)
}

/// The zone that the first row with one names.
fn zone(place: usize, records: impl Iterator<Item = Result<Record, NotATable>>) -> Result<Option<String>, NotATable> {
    for record in records {
        let (_, Ok(record)) = record? else { continue };
        if let Some(zone) = record.get(place).map(str::trim).filter(|zone| !zone.is_empty()) {
            return Ok(Some(zone.to_owned()));
        }
    }
    Ok(None)
}

/// How the dates of all rows are to be read.
fn order(
    places: &Places,
    records: &mut dyn Iterator<Item = Result<Record, NotATable>>,
) -> Result<Option<DateOrder>, NotATable> {
    let place = places.time.or(places.date);
    // The orders that all dates so far allow, and the line that allowed the last one fewer.
    let (mut orders, mut narrowed) = (DateOrder::ALL.to_vec(), 0);
    let (mut doubtful, mut has_year_first) = (None, false);
    for (row, record) in records.enumerate() {
        let (line, Ok(record)) = record? else { continue };
        let text = place.and_then(|place| record.get(place)).unwrap_or_default();
        match clock::hint(text) {
            Hint::None => {}
            Hint::YearFirst => has_year_first = true,
            Hint::Orders(allowed) => {
                doubtful.get_or_insert_with(|| shown(text));
                let left: Vec<DateOrder> = orders.iter().copied().filter(|order| allowed.contains(order)).collect();
                if left.is_empty() {
                    let first = orders.into_iter().map(DateOrder::first).collect::<Vec<_>>().join(" or ");
                    return Err(not(format!(
                        "line {narrowed} has the {first} first and line {line} the other way round; mend them"
                    )));
                }
                if left.len() < orders.len() {
                    narrowed = line;
                }
                orders = left;
            }
        }
        if row + 1 >= PROBE_ROWS && has_year_first && doubtful.is_none() {
            return Ok(None);
        }
    }
    match (orders.as_slice(), doubtful) {
        ([order], _) => Ok(Some(*order)),
        (orders, Some(text)) => {
            let named: Vec<String> = orders.iter().map(|order| format!("`--dates {}`", order.word())).collect();
            let named = named.join(" or ");
            Err(not(format!("{text} and all its dates can be read in more than one way; say which with {named}")))
        }
        (_, None) => Ok(None),
    }
}

/// The records of a file with their lines, each cell as text. `rows` says what a row is, where that is known: its places, and how wide.
fn records<'r, R: Read + Send + 'r>(
    mut file: R,
    mapping: Option<&Mapping>,
    rows: Option<(&'r Places, usize)>,
) -> Result<Records<'r>, NotATable> {
    let mut head = vec![0; HEAD_BYTES];
    let mut filled = 0;
    while filled < head.len() {
        let room = head.get_mut(filled..).unwrap_or_default();
        let read = file.read(room).map_err(|error| not(format!("it can't be read: {error}")))?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    head.truncate(filled);
    if sheet::is_one(&head) {
        return sheet::records(std::io::Cursor::new(head).chain(file));
    }
    let said = mapping.map_or(Ok(None), Mapping::encoding).map_err(not)?;
    let encoding = text::encoding(&head, said);
    let is_plain = encoding == encoding_rs::UTF_8 && said.is_none();
    let start = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let separator = mapping.and_then(Mapping::delimiter).unwrap_or_else(|| separator(&head, encoding));
    let bytes = std::io::Cursor::new(head.get(start..).unwrap_or_default().to_vec()).chain(file);
    let bytes: Box<dyn Read + Send + 'r> =
        if is_plain { Box::new(bytes) } else { Box::new(text::AsUtf8::new(bytes, encoding)) };
    let is_row: IsRow<'r> = match rows {
        Some((places, width)) => Box::new(move |cells| cells.len() <= width && places.is_row(cells)),
        None => Box::new(|_| false),
    };
    let mut lines = Lines::new(bytes, separator, is_row);
    let mut is_over = false;
    Ok(Box::new(std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        match lines.next_record() {
            Ok(record) => record.map(Ok),
            Err(error) => {
                is_over = true;
                Some(Err(not(format!("it can't be read on from line {}: {error}", lines.line()))))
            }
        }
    })))
}

/// What the first line has most of, outside of quotes.
fn separator(head: &[u8], encoding: &'static encoding_rs::Encoding) -> u8 {
    let (text, ..) = encoding.decode(head);
    let first = text.lines().next().unwrap_or_default();
    let mut is_quoted = false;
    let mut counts = [(b';', 0), (b'\t', 0), (b',', 0), (b'|', 0)];
    for byte in first.bytes() {
        is_quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += u32::from(*separator == byte && !is_quoted);
        }
    }
    // Of equal ones the last: a comma where there is none.
    counts.into_iter().filter(|(_, count)| *count > 0).max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| byte)
}

#[cfg(test)]
mod tests;
