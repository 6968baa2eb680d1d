//! Employee lists as CSV: `code`, `name`, `confirmed`, `numbers`, `from`, `to` or `employment`, `zone`, `group`, `places`. Only `code`
//! is required. Lists within a cell are separated by blanks or semicolons.

use crate::table::{self, BadRow, Kind, NotATable};

/// One employee of a list. Dates and zone are text here; the hub checks them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Employee code.
    pub code: String,
    /// Name; empty when not given.
    pub name: String,
    /// Whether somebody has confirmed who it is: `no` for a provisional employee.
    pub confirmed: String,
    /// User numbers, each with its group and dates where it has any: `12`, `cebu/12@2026-01-01..2026-03-31`.
    pub numbers: Vec<String>,
    /// Employments: `2020-01-01..2022-05-31`, `2024-02-01..`; none when not given.
    pub employment: Vec<String>,
    /// Where they belong, as site and department from a date on: `CEBU:HR@2024-01-01`; none when not given.
    pub places: Vec<String>,
    /// First date of employment, ISO; empty when not given.
    pub from: String,
    /// Last date of employment, ISO; empty when not given.
    pub to: String,
    /// IANA zone; empty when not given.
    pub zone: String,
    /// Group whose assignments apply; empty when not given.
    pub group: String,
}

const EMPLOYEES: Kind = Kind {
    name: "employee list",
    columns: &["code", "name", "confirmed", "numbers", "from", "to", "employment", "zone", "group", "places"],
    needs: &["code"],
};

/// Reads a list. Rows come in file order.
///
/// # Errors
/// [`NotATable`] when the header is missing, or names a column that this list doesn't have.
pub fn read(file: &[u8]) -> Result<Vec<Result<Line, BadRow>>, NotATable> {
    table::rows(file, &EMPLOYEES, |row| {
        let cell = |name: &str| row.cell(name).to_owned();
        let list = |name: &str| {
            let parts = row.cell(name).split([';', ' ', '|']).filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect::<Vec<String>>()
        };
        if row.cell("code").is_empty() {
            return Err(row.bad("it has no code"));
        }
        Ok(Line {
            line: row.line,
            code: cell("code"),
            name: cell("name"),
            confirmed: cell("confirmed"),
            numbers: list("numbers"),
            employment: list("employment"),
            places: list("places"),
            from: cell("from"),
            to: cell("to"),
            zone: cell("zone"),
            group: cell("group"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_in_any_order_and_a_bad_row_leaves_its_neighbours() {
        let rows = read(b"name;code;numbers\nAnn;7;12 0012\n;;\nBob;8;\n").unwrap();
        assert_eq!(rows.len(), 3);
        let ann = rows[0].as_ref().unwrap();
        assert_eq!((ann.code.as_str(), ann.numbers.len()), ("7", 2));
        assert_eq!(rows[1].as_ref().unwrap_err().to_string(), "line 3: it has no code");
        assert!(rows[2].is_ok());
    }

    #[test]
    fn an_unknown_column_is_named() {
        let error = read(b"code,salary\n7,9\n").unwrap_err().to_string();
        assert!(error.contains("`salary`"), "{error}");
    }
}
