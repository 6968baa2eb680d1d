//! Makes the readers of tables from what the hub knows of them.

use hub::{LegacyTable, MssqlSettings};

/// The reader of a table. Not within a runtime.
///
/// # Errors
/// What is wrong with its settings, with the cure.
#[cfg(feature = "mssql")]
pub(crate) fn open(settings: &MssqlSettings, password: &str) -> Result<Box<dyn LegacyTable>, String> {
    let access = roads::mssql::Access {
        address: settings.address.clone(),
        database: settings.database.clone(),
        user: settings.user.clone(),
        password: password.to_owned(),
        encryption: settings.encryption().map_err(|error| error.to_string())?,
        ca: settings.ca.clone(),
        trusts_any: settings.trusts_any,
        allow_private: settings.allow_private,
    };
    Ok(Box::new(roads::mssql::SqlServer::new(access)?))
}

/// This executable was made without the client.
///
/// # Errors
/// Always.
#[cfg(not(feature = "mssql"))]
pub(crate) fn open(_: &MssqlSettings, _: &str) -> Result<Box<dyn LegacyTable>, String> {
    Err("this punchclock was made without the feature mssql; take another one".to_owned())
}
