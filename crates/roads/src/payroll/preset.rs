//! The layouts that come along. Each says in its `source` where the form was looked up, and what could not be verified.

use super::{Layout, PayrollError};

/// Name and text of each.
pub const PRESETS: [(&str, &str); 11] = [
    ("csv", include_str!("../../presets/payroll/csv.toml")),
    ("adp", include_str!("../../presets/payroll/adp.toml")),
    ("biotime", include_str!("../../presets/payroll/biotime.toml")),
    ("datev-lodas", include_str!("../../presets/payroll/datev-lodas.toml")),
    ("erpnext", include_str!("../../presets/payroll/erpnext.toml")),
    ("gusto", include_str!("../../presets/payroll/gusto.toml")),
    ("odoo", include_str!("../../presets/payroll/odoo.toml")),
    ("odoo-18", include_str!("../../presets/payroll/odoo-18.toml")),
    ("paychex", include_str!("../../presets/payroll/paychex.toml")),
    ("quickbooks-iif", include_str!("../../presets/payroll/quickbooks-iif.toml")),
    ("xero", include_str!("../../presets/payroll/xero.toml")),
];

/// The preset of a name.
///
/// # Errors
/// Names those there are.
pub fn preset(name: &str) -> Result<Layout, PayrollError> {
    let text = PRESETS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let names = || PRESETS.map(|(name, _)| name).join(", ");
    let text = text
        .ok_or_else(|| PayrollError::new(format!("there is no preset `{name}`"), format!("there are {}", names())))?;
    Layout::from_toml(text)
}
