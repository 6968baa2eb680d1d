//! Bodies of replies. All are `text/plain` with status 200; any other status makes the terminal keep its data (adms 2).

/// "Understood", and the answer to everything unknown.
pub const OK: &str = "OK";

/// "`count` record lines received and stored": bad lines count too, or the terminal would send them for ever (adms 5).
pub fn ok_count(count: usize) -> String {
    format!("OK: {count}")
}

/// The answer to [`Call::Time`](crate::Call::Time): `printed` is RFC 3339 with offset, `2011-05-05T17:40:20-05:00`.
pub fn time(printed: &str) -> String {
    format!("Time={printed}")
}
