//! The figures as a table for people and as JSON for programs.

use std::fs;

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use crate::figure::{Aim, Figure, Measured, Plan};

/// One line per contender; those of a figure follow each other, ours first.
pub(crate) fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["figure", "measured", "median", "min - max", "unit", "ours : this", "aim", "load"]);
    for figure in figures {
        table.add_row([
            figure.name.clone(),
            figure.ours.name.to_owned(),
            number(figure.ours.median),
            spread(&figure.ours),
            figure.unit.to_owned(),
            String::new(),
            aim(figure),
            format!("{:.2}", figure.load_average),
        ]);
        for reference in &figure.references {
            table.add_row([
                String::new(),
                reference.name.to_owned(),
                number(reference.median),
                spread(reference),
                figure.unit.to_owned(),
                reference.ours_to_this.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
                String::new(),
                String::new(),
            ]);
        }
    }
    for column in [2, 3, 5, 7] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The figures with every round, and the machine they were measured on.
pub(crate) fn json(figures: &[Figure], plan: &Plan) -> Result<String> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let report = json!({
        "measured_at": jiff::Timestamp::now().to_string(),
        "cores": cores,
        "plan": plan,
        "load_average": load_average(),
        "figures": figures,
    });
    Ok(serde_json::to_string_pretty(&report)?)
}

/// The load average of the last minute; not a number where the system does not tell it.
pub(crate) fn load_average() -> f64 {
    let told = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    told.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

fn spread(measured: &Measured) -> String {
    format!("{} - {}", number(measured.min), number(measured.max))
}

fn aim(figure: &Figure) -> String {
    let Some((aim, is_met)) = figure.aim.zip(figure.is_aim_met) else { return String::new() };
    let verdict = if is_met { "met" } else { "MISSED" };
    match aim {
        Aim::RatioAtLeast(least) => {
            let first = figure.references.first().map_or("nothing", |reference| reference.name);
            format!("at least {least} of {first}: {verdict}")
        }
        Aim::AtLeast(least) => format!("at least {}: {verdict}", number(least)),
        Aim::AtMost(most) => format!("at most {}: {verdict}", number(most)),
    }
}

/// Three significant digits where there are few, thousands apart where there are many.
fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        thousands(&format!("{value:.0}"))
    }
}

fn thousands(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0.826), "0.83");
        assert_eq!(number(42.19), "42.2");
        assert_eq!(number(999.6), "1,000");
        assert_eq!(number(1_234_567.0), "1,234,567");
    }
}
