//! What a bank credits, how much it holds and how long (rules 15). Minutes, unless a name says otherwise.

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize};

use crate::vocabulary::within;
use crate::{Code, PolicyError};

/// The policy of a bank (rules 15). Complete: only `on_expiry` has a default, so that no cap is forgotten; null is "no
/// cap".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankPolicy {
    /// What a minute of a pay code is worth; other codes earn nothing.
    pub rates: Vec<Rate>,
    /// Credit of a date and code is rounded down to a multiple of this.
    pub unit: i64,
    /// The most that is granted in a calendar month.
    #[serde(deserialize_with = "present")]
    pub monthly_cap: Option<i64>,
    /// The most that the bank holds.
    #[serde(deserialize_with = "present")]
    pub balance_cap: Option<i64>,
    /// What becomes of credit beyond the caps.
    pub overflow: Unusable,
    /// How long credit can be used.
    pub expiry: Expiry,
    /// What becomes of credit that was not used in time.
    #[serde(default)]
    pub on_expiry: Unusable,
    /// Time off is taken in multiples of this.
    pub use_block: i64,
}

/// What a minute of a pay code is worth (rules 15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Pay codes of the day records.
    pub codes: Vec<Code>,
    /// Minutes of credit for 100 minutes.
    pub percent: i64,
}

/// What becomes of credit that cannot be used (rules 15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unusable {
    /// It is lost.
    #[default]
    Forfeit,
    /// It is paid.
    Pay,
}

/// Through which date credit can be used (rules 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
// With braces throughout, because only then a field too many is refused.
pub enum Expiry {
    /// For ever.
    None {},
    /// 31 December of the year after it was earned.
    EndOfNextYear {},
    /// The same day some months later; in a shorter month its last day.
    Months {
        /// Number of *months*.
        months: i64,
    },
    /// Some days later.
    Days {
        /// Number of *days*.
        days: i64,
    },
}

impl Expiry {
    /// The last date on which credit of a date can be used; `None`: it never expires (rules 15). Beyond the calendar's
    /// end it is the last date there is.
    pub fn of(self, earned: Date) -> Option<Date> {
        let later =
            |span: Result<Span, jiff::Error>| span.and_then(|span| earned.checked_add(span)).unwrap_or(Date::MAX);
        match self {
            Self::None {} => None,
            Self::EndOfNextYear {} => Some(Date::new(earned.year().saturating_add(1), 12, 31).unwrap_or(Date::MAX)),
            Self::Months { months } => Some(later(Span::new().try_months(months))),
            Self::Days { days } => Some(later(Span::new().try_days(days))),
        }
    }
}

/// Ten years of minutes, more than any setting or event can mean. Keeps all sums far from overflow.
pub(super) const MOST: i64 = 10 * 366 * 1440;

impl BankPolicy {
    /// Percent of a code; `None` if it earns nothing.
    pub fn percent(&self, code: &Code) -> Option<i64> {
        self.rates.iter().find(|rate| rate.codes.contains(code)).map(|rate| rate.percent)
    }

    /// Checks every setting (rules 15). The first one out of range is named, with its value and what is allowed.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.check_rates()?;
        within("unit", self.unit, 1, 1440)?;
        within("monthly_cap", self.monthly_cap.unwrap_or(1), 1, MOST)?;
        within("balance_cap", self.balance_cap.unwrap_or(1), 1, MOST)?;
        within("use_block", self.use_block, 1, 10 * 1440)?;
        match self.expiry {
            Expiry::None {} | Expiry::EndOfNextYear {} => Ok(()),
            Expiry::Months { months } => within("expiry.months", months, 1, 1200),
            Expiry::Days { days } => within("expiry.days", days, 1, 36_600),
        }
    }

    fn check_rates(&self) -> Result<(), PolicyError> {
        if self.rates.is_empty() {
            return Err(PolicyError::new("rates", "empty", "at least one rate; without it nothing is ever earned"));
        }
        let mut seen: Vec<&Code> = Vec::new();
        for (index, rate) in self.rates.iter().enumerate() {
            within(&format!("rates[{index}].percent"), rate.percent, 0, 1000)?;
            for code in &rate.codes {
                let refused = |allowed: &str| {
                    Err(PolicyError::new(format!("rates[{index}].codes"), format!("`{code}`"), allowed))
                };
                if code.as_str().is_empty() {
                    return refused("the name of a pay code");
                }
                if seen.contains(&code) {
                    return refused("each pay code once, because it has one percent");
                }
                seen.push(code);
            }
        }
        Ok(())
    }
}

/// Reads a value that must be there, if only as null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(deserializer)
}
