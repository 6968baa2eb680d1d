//! The employees of an Odoo, as proposals: they stand beside the users of terminals (`crate::matching`), each with whom it could be, and
//! a person decides.
//!
//! Invariants:
//! * Reading them adds nobody, changes nobody and gives no number.
//! * Each is a number of the group that has the source's name: the badge there, or `id` and the id there where the badge is missing or
//!   shared. Giving that number to an employee says whom it is; where nobody said so, it is the employee whose code the badge is.

use std::collections::{BTreeMap, HashMap, HashSet};

use attendance::punch::source_origin;
use jiff::civil::Date;
use roads::odoo::OdooPerson;
use store::Read;

use super::leave_plan::Who;
use super::{OdooSourceSettings, Reading};
use crate::Error;
use crate::numbers::Number;
use crate::sources::SourceSettings;

/// The origin of the people of a source, where a terminal has its serial.
pub(crate) fn origin(source: &str) -> String {
    source_origin(source, "")
}

/// The sources whose employees are proposals: their names, by origin.
pub(crate) fn listing(read: &Read<'_>) -> Result<HashMap<String, String>, Error> {
    let mut listing = HashMap::new();
    for source in read.sources()? {
        let settings = SourceSettings::of(&source)?;
        if matches!(settings, SourceSettings::Odoo(settings) if settings.employees) {
            listing.insert(origin(&source.name), source.name);
        }
    }
    Ok(listing)
}

/// The number of each employee, by the id there.
pub(super) fn numbers(people: &[OdooPerson]) -> BTreeMap<i64, String> {
    let mut holders = HashMap::<&str, usize>::new();
    people.iter().for_each(|one| *holders.entry(&one.code).or_default() += 1);
    let number = |one: &OdooPerson| match (one.code.as_str(), holders.get(one.code.as_str())) {
        ("", _) | (_, Some(2..)) => (one.id, format!("id{}", one.id)),
        (code, _) => (one.id, code.to_owned()),
    };
    people.iter().map(number).collect()
}

impl Reading<'_> {
    /// Lists those who are not archived for matching; how many.
    pub(super) fn take_people(&self, people: &[OdooPerson]) -> Result<usize, Error> {
        let numbers = numbers(people);
        let listed = people.iter().filter(|one| one.is_active);
        let users: Vec<(String, String)> =
            listed.filter_map(|one| Some((numbers.get(&one.id)?.clone(), named(one)))).collect();
        self.hub.take_users(&origin(self.name), &users, self.now)?;
        Ok(users.len())
    }
}

/// The name that is compared with those here.
fn named(one: &OdooPerson) -> String {
    one.name.trim().to_owned()
}

/// Whom each employee of Odoo is here on a date: by what a person decided, else by the field that holds the code, as the sink finds them.
pub(super) fn who(
    read: &Read<'_>,
    (source, settings): (&str, &OdooSourceSettings),
    people: &[OdooPerson],
    on: Date,
) -> Result<HashMap<i64, Who>, Error> {
    let (field, numbers) = (&settings.employee_field, numbers(people));
    let listed = origin(source);
    let dismissed: HashSet<(String, String)> = {
        let dismissed = read.dismissed_users()?.into_iter().filter(|one| one.origin == listed);
        dismissed.map(|one| (one.user, one.name)).collect()
    };
    let mut all = HashMap::new();
    for one in people {
        let number = numbers.get(&one.id).map_or("", String::as_str);
        let of = |why: &str| Who::Unknown(format!("{} {why}", one.name));
        let decided = read.validities(source, Number::at(source, number).number.as_str())?;
        let decided = decided.iter().find(|span| span.valid_from <= on && on <= span.valid_to);
        let is_dismissed = dismissed.contains(&(number.to_owned(), named(one)));
        let found = match decided {
            _ if is_dismissed => None,
            Some(span) => read.employee(span.employee)?,
            None => read.employee_by_code(&one.code)?.filter(|_| number == one.code),
        };
        let who = match found {
            Some(found) => {
                // Who counts as another one is the other one.
                let into = found.merged_into.map(|into| read.employee(into)).transpose()?.flatten();
                let found = into.unwrap_or(found);
                Who::Employee(found.id, found.code)
            }
            None if is_dismissed => Who::Dismissed(format!("{} is none of the employees, as somebody said", one.name)),
            None if one.code.is_empty() => of(&format!("has no `{field}` in Odoo")),
            None if number != one.code => of(&format!("shares `{field}` {} with somebody in Odoo", one.code)),
            None => of(&format!("has `{field}` {} in Odoo, which is no employee's code here", one.code)),
        };
        all.insert(one.id, who);
    }
    Ok(all)
}
