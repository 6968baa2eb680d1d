//! What each preset writes, byte by byte: the files in `tests/payroll/` are what a person reads over when a preset changes.
//!
//! `PUNCHCLOCK_WRITE_GOLDEN=1 cargo test -p roads --test payroll` writes them anew.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use jiff::civil::Date;
use roads::payroll::{self, PAID_LEAVE, PRESETS, PayDay, PayPerson, Period, differences, preset, table};

const MARCH: Period = Period { from: Date::constant(2026, 3, 1), to: Date::constant(2026, 3, 15) };

fn day(day: i8, pay: &[(&str, i64)]) -> PayDay {
    let pay: Vec<_> = pay.iter().map(|(code, minutes)| ((*code).to_owned(), *minutes)).collect();
    let worked_minutes = pay.iter().filter(|(code, _)| code.as_str() != PAID_LEAVE).map(|(_, minutes)| minutes).sum();
    let paid_minutes = pay.iter().map(|(_, minutes)| minutes).sum();
    let date = Date::constant(2026, 3, day);
    PayDay { date, pay, worked_minutes, paid_minutes, tardy_minutes: i64::from(day), ..PayDay::default() }
}

fn person(code: &str, name: &str, days: Vec<PayDay>) -> PayPerson {
    let department = "D;1".to_owned();
    PayPerson { code: code.to_owned(), name: name.to_owned(), department, days, ..PayPerson::default() }
}

/// Umlauts, a comma, a quote, a name that is a formula, thirds of hours, leave, overtime of two kinds, and a correction that takes away.
fn people() -> Vec<PayPerson> {
    let correction = PayDay {
        corrects: Some(Date::constant(2026, 2, 27)),
        tardy_minutes: 0,
        ..day(2, &[("REG", -20), ("OT", -65)])
    };
    vec![
        person("1001", "\u{c4}nne \u{d6}zil", vec![day(2, &[("REG", 460), ("OT", 50)]), day(3, &[("REG", 460)])]),
        person("1002", "Doe, Ann \"Buzz\"", vec![day(2, &[("REG", 480), ("RH", 100)]), correction]),
        person("1003", "=cmd()|A0 Smith", vec![day(4, &[(PAID_LEAVE, 480)]), day(5, &[("REG", 475)])]),
    ]
}

/// What the customer has to say.
fn filled(name: &str) -> payroll::Layout {
    let mut layout = preset(name).unwrap();
    let empty: Vec<String> =
        layout.values.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| name.clone()).collect();
    empty.iter().for_each(|name| layout.set(name, "ABC").unwrap());
    layout
}

#[test]
fn every_preset_writes_the_file_that_people_read_over() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payroll");
    for (name, _) in PRESETS {
        let layout = filled(name);
        let made = table(&layout, MARCH, &people()).unwrap();
        let bytes = made.text(&layout, MARCH).unwrap();
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("PUNCHCLOCK_WRITE_GOLDEN").is_some() {
            std::fs::write(&file, &bytes).unwrap();
        }
        let golden = std::fs::read(&file).unwrap_or_default();
        assert!(golden == bytes, "{name}:\n{}\ninstead of\n{}", lossy(&bytes), lossy(&golden));
        assert_eq!(differences(&bytes, &layout), Vec::<String>::new(), "{name} is as its own layout says");
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_minute_is_in_the_file_or_told_as_left_out() {
    let people = people();
    let all: i64 =
        people.iter().flat_map(|person| &person.days).flat_map(|day| &day.pay).map(|(_, minutes)| minutes).sum();
    for (name, _) in PRESETS {
        let made = table(&filled(name), MARCH, &people).unwrap();
        assert_eq!(made.minutes + made.left_out.values().sum::<i64>(), all, "{name}");
    }
}

#[test]
fn a_preset_without_the_customers_own_values_asks_for_them() {
    let layout = preset("adp").unwrap();
    let error = table(&layout, MARCH, &people()).unwrap_err().to_string();
    assert!(error.contains("`company` is empty") && error.contains("--set company="), "{error}");
    assert!(layout.file_name(MARCH).unwrap_err().to_string().contains("`company`"));
    assert_eq!(filled("adp").file_name(MARCH).unwrap(), "PRABCEPI.csv");
}

#[test]
fn a_name_that_the_encoding_cannot_write_is_refused_and_not_garbled() {
    let layout = filled("quickbooks-iif");
    let people = [person("7", "\u{738b} Fang", vec![day(2, &[("REG", 60)])])];
    let made = table(&layout, MARCH, &people).unwrap();
    let error = made.text(&layout, MARCH).unwrap_err().to_string();
    assert!(error.contains("Windows-1252") && error.contains("\u{738b}"), "{error}");
}
