//! Cases of kind `compliance`: a derivation with checks, and what they find.

use super::input::DeriveCase;
use super::{Fields, GoldenError, Reader};
use crate::compliance::{Checks, Finding, findings};

pub(super) fn check(
    reader: &Reader<'_>,
    defaults: &Fields,
    input: &Fields,
    expect: &Fields,
) -> Result<Vec<String>, GoldenError> {
    let checks: Checks = reader.required(input, "input", "checks")?;
    checks.validate().map_err(|error| reader.error("input", &error.to_string()))?;
    let expected: Vec<Finding> = reader.required(expect, "expect", "violations")?;
    let mut input = input.clone();
    input.remove("checks");
    let case = DeriveCase::read(reader, defaults, &input)?;
    let actual = findings(&case.book, &case.person(), &checks, case.range, case.moment);
    let missed = expected.iter().filter(|finding| !actual.contains(finding));
    let surplus = actual.iter().filter(|finding| !expected.contains(finding));
    let mut lines: Vec<String> = missed.map(|finding| format!("not found: {}", show(finding))).collect();
    lines.extend(surplus.map(|finding| format!("not expected: {}", show(finding))));
    if lines.is_empty() && actual != expected {
        lines.push(format!("in another order: {}", actual.iter().map(show).collect::<Vec<_>>().join(", ")));
    }
    Ok(lines)
}

fn show(finding: &Finding) -> String {
    let Finding { date, code, actual, limit } = finding;
    format!("{code} {date} {actual}, limit {limit}")
}
