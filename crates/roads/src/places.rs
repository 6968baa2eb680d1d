//! Sites and departments as CSV: `code`, `name`, the zones of a site (`Asia/Manila Asia/Tokyo@2026-03-16`: from that date on) and its
//! terminals (`A1`, `B2@2026-03-01`, `C3@2026-03-01..2026-05-31`), or the department that one is a part of (`parent`). Only `code` is required.

use crate::table::{self, BadRow, Kind, NotATable};

/// One site of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteLine {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Code.
    pub code: String,
    /// Name; empty when not given.
    pub name: String,
    /// Its IANA zones, all of them, each with the date from which it holds, if it has not always; empty when not given.
    pub zones: Vec<String>,
    /// Serials of its terminals, each with the dates on which it is there, if it has not always been.
    pub terminals: Vec<String>,
}

/// One department of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DepartmentLine {
    /// Line number in the file, from 1.
    pub line: u64,
    /// Code.
    pub code: String,
    /// Name; empty when not given.
    pub name: String,
    /// Code of the department that it is a part of; empty for none.
    pub parent: String,
}

const SITES: Kind = Kind { name: "list of sites", columns: &["code", "name", "zones", "terminals"], needs: &["code"] };
const DEPARTMENTS: Kind = Kind { name: "list of departments", columns: &["code", "name", "parent"], needs: &["code"] };

/// Reads a list of sites. Rows come in file order.
///
/// # Errors
/// [`NotATable`] when the header is missing, or names a column that this list doesn't have.
pub fn sites(file: &[u8]) -> Result<Vec<Result<SiteLine, BadRow>>, NotATable> {
    table::rows(file, &SITES, |row| {
        let listed = |column| {
            let texts = row.cell(column).split([';', ' ']).filter(|text| !text.is_empty());
            texts.map(str::to_owned).collect()
        };
        Ok(SiteLine {
            line: row.line,
            code: code(row)?,
            name: row.cell("name").to_owned(),
            zones: listed("zones"),
            terminals: listed("terminals"),
        })
    })
}

/// Reads a list of departments. Rows come in file order.
///
/// # Errors
/// As [`sites`].
pub fn departments(file: &[u8]) -> Result<Vec<Result<DepartmentLine, BadRow>>, NotATable> {
    table::rows(file, &DEPARTMENTS, |row| {
        let (name, parent) = (row.cell("name").to_owned(), row.cell("parent").to_owned());
        Ok(DepartmentLine { line: row.line, code: code(row)?, name, parent })
    })
}

fn code(row: &table::Row<'_>) -> Result<String, BadRow> {
    match row.cell("code") {
        "" => Err(row.bad("column code is empty; write a code like CEBU")),
        code if !is_code(code) => {
            Err(row.bad(format!("`{code}` in column code can't be a code; leave out blanks and `:`, `@`, `;`")))
        }
        code => Ok(code.to_owned()),
    }
}

/// Whether a text can be the code of a site or a department: places are written with it, several in a cell, as in
/// `CEBU:HR@2026-03-01`.
pub fn is_code(text: &str) -> bool {
    !text.is_empty() && !text.contains([':', '@', ' ', ';', '|'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_have_terminals_and_departments_a_parent() {
        let file = b"code,name,zones,terminals\nCEBU,Cebu City,Asia/Manila UTC@2026-03-16,A1 B2@2026-03-01\nA:B,,,\n";
        let sites = sites(file).unwrap();
        assert_eq!(sites[0].as_ref().unwrap().zones, ["Asia/Manila", "UTC@2026-03-16"]);
        assert_eq!(sites[0].as_ref().unwrap().terminals, ["A1", "B2@2026-03-01"]);
        assert!(sites[1].as_ref().unwrap_err().to_string().contains("line 3: `A:B` in column code"));
        let departments = departments(b"code;name;parent\nHR;People;\nPAY;Payroll;HR\n").unwrap();
        assert_eq!(departments[1].as_ref().unwrap().parent, "HR");
    }
}
