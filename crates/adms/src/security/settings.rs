//! Replies to the opening of an access terminal (adms 9).

use std::fmt::Write as _;

/// Why a code can't be given to a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no registry code: use 1 to 32 letters and digits")]
pub struct BadCode(String);

/// The reply to a registration: `RegistryCode=Uy47fxftP3`. The code is the server's choice and opaque to the terminal.
///
/// # Errors
/// [`BadCode`] when it is not 1 to 32 ASCII letters and digits.
pub fn registry_code(code: &str) -> Result<String, BadCode> {
    if !matches!(code.len(), 1..=32) || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(BadCode(code.escape_debug().to_string()));
    }
    Ok(format!("RegistryCode={code}"))
}

/// The settings of an access terminal. Lines are joined by LF, without a final one.
///
/// The versions are fixed below 3.1.1, from where on a terminal may ask for encryption. `MultiBioDataSupport`,
/// `MultiBioPhotoSupport`, `BioPhotoFun` and `BioDataFun` are left out: templates and photos are not wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings<'a> {
    /// The server's name, shown nowhere that matters.
    pub server_name: &'a str,
    /// Seconds until the terminal tries again after a failure.
    pub error_delay_s: u32,
    /// Seconds between polls for commands.
    pub request_delay_s: u32,
    /// Up to ten `HH:MM` for scheduled uploads.
    pub trans_times: &'a [&'a str],
    /// Minutes between checks for new data.
    pub trans_interval_min: u32,
    /// The tables that are uploaded.
    pub trans_tables: &'a [&'a str],
    /// Upload at once.
    pub is_realtime: bool,
    /// An opaque word of the server, 32 hex digits in the documents.
    pub session_id: &'a str,
    /// Seconds that the terminal waits for an answer.
    pub timeout_s: u32,
}

/// The highest version that has no encryption in it.
const VERSION: &str = "3.0.1";

impl<'a> Settings<'a> {
    /// The house's settings: events and users at once.
    pub fn new(session_id: &'a str) -> Self {
        Self {
            server_name: "ADMS",
            error_delay_s: 60,
            request_delay_s: 10,
            trans_times: &["00:00", "14:00"],
            trans_interval_min: 1,
            trans_tables: &["User", "Transaction"],
            is_realtime: true,
            session_id,
            timeout_s: 10,
        }
    }

    /// The reply to `push`.
    pub fn push_block(&self) -> String {
        self.block("PushVersion")
    }

    /// The reply to the opening request of a terminal that is registered.
    ///
    /// # Errors
    /// As [`registry_code`].
    pub fn registered_block(&self, code: &str) -> Result<String, BadCode> {
        Ok(format!("registry=ok\n{}\n{}", registry_code(code)?, self.block("PushProtVer")))
    }

    fn block(&self, version_key: &str) -> String {
        let mut text = format!("ServerVersion={VERSION}\nServerName={}\n{version_key}={VERSION}", self.server_name);
        let mut add = |key: &str, value: &dyn std::fmt::Display| {
            // Writing to a String can't fail.
            let _ = write!(text, "\n{key}={value}");
        };
        add("ErrorDelay", &self.error_delay_s);
        add("RequestDelay", &self.request_delay_s);
        add("TransTimes", &self.trans_times.join("\t"));
        add("TransInterval", &self.trans_interval_min);
        add("TransTables", &self.trans_tables.join(" "));
        add("Realtime", &u8::from(self.is_realtime));
        add("SessionID", &self.session_id);
        add("TimeoutSec", &self.timeout_s);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_terminal_hears_so_and_gets_its_settings() {
        assert_eq!(registry_code("Uy47fxftP3").unwrap().len(), 23);
        let block = Settings::new("30BF").registered_block("Uy47fxftP3").unwrap();
        assert!(block.starts_with("registry=ok\nRegistryCode=Uy47fxftP3\nServerVersion=3.0.1\n"), "{block}");
        assert!(block.contains("\nPushProtVer=3.0.1\n"), "{block}");
        for code in ["", "a b", "a\nb", "123456789012345678901234567890123"] {
            assert!(registry_code(code).is_err(), "{code:?}");
        }
    }
}
