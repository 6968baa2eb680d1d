//! Tables for people, JSON for programs.

use std::io::{self, Write};

use serde_json::{Map, Value};

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A table for people.
    Table,
    /// CSV, safe to open in a spreadsheet.
    Csv,
    /// A list of objects with the header's names.
    Json,
}

impl Form {
    /// What the options `--json` and `--csv` ask for.
    pub(crate) const fn of(is_json: bool, is_csv: bool) -> Self {
        match (is_json, is_csv) {
            (true, _) => Self::Json,
            (false, true) => Self::Csv,
            (false, false) => Self::Table,
        }
    }
}

/// Prints rows as a table, or with `--json` as a list of objects with the header's names.
pub(crate) fn rows(is_json: bool, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    rows_as(Form::of(is_json, false), header, rows)
}

/// Prints rows in a form. The names of CSV columns and of JSON fields have underscores for spaces.
pub(crate) fn rows_as(form: Form, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    let out = io::stdout().lock();
    match form {
        Form::Table => table(out, header, rows),
        Form::Csv => csv_rows(out, header, rows),
        Form::Json => json_rows(out, header, rows),
    }
}

/// Prints one value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a line.
pub(crate) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

fn json_rows(mut out: impl Write, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    let object = |row: &Vec<Value>| -> Map<String, Value> {
        header.iter().map(|name| name.replace(' ', "_")).zip(row.iter().cloned()).collect()
    };
    let objects: Vec<Map<String, Value>> = rows.iter().map(object).collect();
    serde_json::to_writer_pretty(&mut out, &objects)?;
    writeln!(out)
}

fn csv_rows(out: impl Write, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    let mut table = hub::CsvTable::new(out, header.iter().map(|name| name.replace(' ', "_")))?;
    for row in rows {
        table.row(row.iter().map(cell))?;
    }
    table.finish()
}

fn table(mut out: impl Write, header: &[&str], rows: &[Vec<Value>]) -> io::Result<()> {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What terminals said may hold control characters: they are shown, not obeyed.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// The text of a cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => printable(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// An instant in a zone, with its offset.
pub(crate) fn instant(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// What differs, in words: `worked +70, tardy -10, OT +60, REG +10`.
pub(crate) fn delta(delta: &attendance::lock::Delta) -> String {
    let figures = delta.named().into_iter().map(|(name, minutes)| (name.replace('_', " "), minutes));
    let pay = delta.pay.iter().map(|(code, minutes)| (code.to_string(), minutes));
    let differing = figures.chain(pay).filter(|(_, minutes)| *minutes != 0);
    differing.map(|(name, minutes)| format!("{name} {minutes:+}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_terminals_control_characters_are_not_obeyed() {
        let mut out = Vec::new();
        table(&mut out, &["name"], &[vec![json!("\u{1b}[31mred")]]).unwrap();
        assert!(!String::from_utf8(out).unwrap().contains('\u{1b}'));
    }

    #[test]
    fn csv_names_columns_as_json_does_and_runs_no_formula() {
        let mut out = Vec::new();
        csv_rows(
            &mut out,
            &["name", "worked minutes"],
            &[vec![json!("=1+1"), json!(540)], vec![Value::Null, json!(0)]],
        )
        .unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "name,worked_minutes\n'=1+1,540\n,0\n");
    }

    #[test]
    fn json_keeps_numbers() {
        let mut out = Vec::new();
        json_rows(&mut out, &["worked minutes"], &[vec![json!(540)]]).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value, json!([{"worked_minutes": 540}]));
    }
}
