//! Bodies of replies. All are `text/plain` with status 200; any other status makes the terminal keep its data (adms 2).

use crate::request::DataTable;

/// "Understood", and the answer to everything unknown.
pub const OK: &str = "OK";

/// "`count` record lines received and stored": bad lines count too, or the terminal would send them for ever (adms 5).
pub fn ok_count(count: usize) -> String {
    format!("OK:{count}")
}

/// The answer to [`Call::Time`](crate::Call::Time): `printed` is RFC 3339 with offset, `2011-05-05T17:40:20-05:00`.
pub fn time(printed: &str) -> String {
    format!("Time={printed}")
}

/// "`count` records of this table received and stored", in the security dialect (adms 9): `user=1`.
pub fn table_count(table: &DataTable<'_>, count: usize) -> String {
    // The name may come from the network: it must not end the line.
    let name: String = table.name().chars().filter(|c| !c.is_control()).collect();
    format!("{name}={count}")
}
