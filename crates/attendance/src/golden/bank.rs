//! Cases of kind `cto`: events of a time-off bank, and its statement.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Fields, GoldenError, Reader};
use crate::bank::{Bank, BankPolicy, BankTotals, Event, Lot, Outcome};

pub(super) fn check(reader: &Reader<'_>, input: &Fields, expect: &Fields) -> Result<Vec<String>, GoldenError> {
    let policy: BankPolicy = reader.required(input, "input", "policy")?;
    let bank = Bank::new(policy).map_err(|error| reader.error("input.policy", &error.to_string()))?;
    let events: Vec<Event> = reader.list(input, "input", "events")?;
    let until: Date = reader.required(input, "input", "until")?;
    let statement = bank.statement(&events, until);

    let balance: i64 = reader.required(expect, "expect", "balance_minutes")?;
    let totals: BankTotals = reader.required(expect, "expect", "totals")?;
    let lots: Vec<Lot> = reader.required(expect, "expect", "lots")?;
    let results: Vec<Value> = reader.required(expect, "expect", "results")?;
    let actual: Vec<Value> = statement.results.iter().map(result).collect();
    let fields = [
        ("balance_minutes", json!(balance), json!(statement.balance_minutes)),
        ("totals", json!(totals), json!(statement.totals)),
        ("lots", json!(lots), json!(statement.lots)),
        ("results", json!(results), json!(actual)),
    ];
    let differs = fields.into_iter().filter(|(_, expected, actual)| expected != actual);
    Ok(differs.map(|(name, expected, actual)| format!("{name}: expected {expected}, got {actual}")).collect())
}

/// An outcome as the file writes it.
fn result(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Earned { credited, overflow } => json!({"credited": credited, "overflow": overflow}),
        Outcome::Accepted => json!({"accepted": true}),
        Outcome::Refused(_) => json!({"accepted": false}),
        Outcome::Later => Value::Null,
    }
}
