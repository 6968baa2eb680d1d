//! Who said the rows: terminals by serial, and readers of a source, each registered like a terminal.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use attendance::punch::{canonical_origin, canonical_user, source_origin};
use jiff::Timestamp;
use roads::outside::{OutsidePunch, OutsideRow, Puncher, RowTime};
use store::Write;

use super::{Origin, Outside};
use crate::numbers::{Number, assign, check_group};
use crate::registry::{NewSource, approve_source};
use crate::resolve::provisional;
use crate::{Actor, Error};

/// Readers and terminals that one import may name: more of them come from a column that is something else.
const MOST_ORIGINS: usize = 1000;
const UTC: &str = "UTC";

/// What is known of who said the rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    /// Each origin, and whether its clock shows UTC.
    origins: HashMap<String, bool>,
    /// Origins that count, those that a dry run took back among them.
    met: HashSet<String>,
    /// Codes that were looked up.
    codes: HashSet<String>,
}

/// The origin of a punch. One by code is its source's own, for a terminal knows numbers only.
pub(super) fn origin(of: Origin<'_>, punch: &OutsidePunch) -> String {
    let serial = punch.serial.as_deref().map(canonical_origin).filter(|serial| !serial.is_empty());
    match (of, serial, &punch.puncher) {
        (Origin::Source(name), Some(serial), Puncher::Code(_)) => source_origin(name, serial),
        (_, Some(serial), _) => serial.to_owned(),
        (Origin::Terminal(serial), None, _) => canonical_origin(serial).to_owned(),
        (Origin::Source(name), None, _) => source_origin(name, &punch.reader),
    }
}

/// The origins of punches one after another, of which many come from one reader.
#[derive(Default)]
pub(super) struct Origins<'r> {
    last: Option<(Option<&'r str>, &'r str, bool, String)>,
}

impl<'r> Origins<'r> {
    /// That of a punch.
    pub(super) fn of(&mut self, of: Origin<'_>, punch: &'r OutsidePunch) -> &str {
        let is_code = matches!(punch.puncher, Puncher::Code(_));
        let (serial, reader) = (punch.serial.as_deref(), punch.reader.as_str());
        let last = self.last.take().filter(|(known, at, code, _)| (*known, *at, *code) == (serial, reader, is_code));
        let last = last.unwrap_or_else(|| (serial, reader, is_code, origin(of, punch)));
        &self.last.insert(last).3
    }
}

/// The origin of what names none.
pub(super) fn own(of: Origin<'_>) -> String {
    match of {
        Origin::Terminal(serial) => canonical_origin(serial).to_owned(),
        Origin::Source(name) => source_origin(name, ""),
    }
}

/// Refuses a name that can't stand before readers and numbers.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::invalid("the source has no name", "name it, as `--source commute-log`"));
    }
    check_group(name).map_err(|_| {
        let cure = "write up to 40 letters, without blanks and without `/`, `;`, `|` and `,`";
        Error::invalid(format!("`{name}` can't be the name of a source"), cure)
    })
}

impl Sources {
    pub(super) fn is_registered(&self, origin: &str) -> bool {
        self.origins.contains_key(origin)
    }

    pub(super) fn shows_utc(&self, origin: &str) -> bool {
        self.origins.get(origin).copied().unwrap_or_default()
    }

    /// As before a part that was taken back, but for how many were met: the bound is that of the import.
    pub(super) fn take_back(&mut self, before: Self) {
        self.origins = before.origins;
        self.codes = before.codes;
    }

    /// Registers and approves who was not met before, and looks up new codes; how many employees were made of them.
    pub(super) fn meet(
        &mut self,
        write: &Write<'_>,
        (how, actor, now): (&Outside<'_>, &Actor, Timestamp),
        rows: &[OutsideRow],
    ) -> Result<u64, Error> {
        let (mut new, mut codes) = (BTreeMap::new(), BTreeSet::new());
        let mut origins = Origins::default();
        for row in rows {
            let Ok(punch) = &row.said else {
                let own = own(how.origin);
                if !self.origins.contains_key(&own) {
                    new.entry(own).or_insert(NewSource { zone: how.zone, corrects_zone: false, group: None });
                }
                continue;
            };
            if how.refuses(punch).is_some() {
                continue;
            }
            let origin = origins.of(how.origin, punch);
            let group = match (&punch.puncher, how.origin) {
                (Puncher::Code(code), Origin::Source(source)) => {
                    let code = canonical_user(code);
                    if !code.is_empty() && !self.codes.contains(code) {
                        codes.insert(code);
                    }
                    Some(source)
                }
                _ => None,
            };
            if !self.origins.contains_key(origin) && !new.contains_key(origin) {
                let is_printed = matches!(punch.time, RowTime::Printed(_));
                let zone = if is_printed { how.zone } else { Some(UTC) };
                let corrects_zone = is_printed && punch.serial.is_none();
                new.insert(origin.to_owned(), NewSource { zone, corrects_zone, group });
            }
        }
        for (origin, source) in new {
            if self.met.len() < MOST_ORIGINS || self.met.contains(&origin) {
                let terminal = approve_source(write, actor, &origin, source, now)?;
                self.met.insert(origin.clone());
                self.origins.insert(origin, terminal.zone.as_deref() == Some(UTC));
            }
        }
        let mut made = 0;
        if let Origin::Source(source) = how.origin {
            for code in codes {
                made += u64::from(meet_code(write, source, code, how.create_employees)?);
                self.codes.insert(code.to_owned());
            }
        }
        Ok(made)
    }
}

/// Where a source says codes, each code is the number of its employee at that source; whether the employee was made.
fn meet_code(write: &Write<'_>, source: &str, code: &str, creates: bool) -> Result<bool, Error> {
    let number = Number::at(source, code);
    if !write.validities(&number.group, &number.number)?.is_empty() {
        return Ok(false);
    }
    let (employee, is_made) = match write.employee_by_code(code)? {
        Some(employee) => (employee.id, false),
        None if creates => (write.add_employee(&provisional(code))?, true),
        None => return Ok(false),
    };
    assign(write, &number, employee, (None, None))?;
    Ok(is_made)
}
