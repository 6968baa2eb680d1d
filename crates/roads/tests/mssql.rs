//! A real server, where one is given: `PUNCHCLOCK_MSSQL=HOST:PORT/DATABASE/LOGIN/PASSWORD`, with a table `dbo.commute_log` that has rows.
#![cfg(feature = "mssql")]
#![allow(missing_docs, clippy::unwrap_used)]

use jiff::civil::Date;
use roads::mssql::{Access, Encryption, LegacyTable as _, Reading, SqlServer, Table, Trouble};
use roads::outside::RowKey;

const VARIABLE: &str = "PUNCHCLOCK_MSSQL";

fn access() -> Option<Access> {
    let Ok(given) = std::env::var(VARIABLE) else {
        testkit::skipped(&format!("{VARIABLE}: a server that speaks TDS"));
        return None;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let [address, database, user, password] = <[&str; 4]>::try_from(given.splitn(4, '/').collect::<Vec<_>>()).unwrap();
    Some(Access {
        address: address.to_owned(),
        database: database.to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
        encryption: Encryption::None,
        ca: None,
        trusts_any: false,
        allow_private: true,
    })
}

#[test]
fn a_servers_table_is_read_page_by_page_in_the_order_of_its_key() {
    let Some(access) = access() else { return };
    let table = Table::new("commute-log", None, None, &[], (None, false)).unwrap();
    let mut server = SqlServer::new(access).unwrap();
    let mut reading = Reading::since(&table, None, None, Date::MAX, 100);
    let (mut keys, mut punches) = (Vec::new(), 0);
    while let Some(select) = reading.next() {
        let page = server.page(&select).unwrap();
        let told = reading.rows(&page);
        punches += told.iter().filter(|row| row.said.is_ok()).count();
        keys.extend(told.into_iter().filter_map(|row| match row.key {
            RowKey::Row(key) => key.parse::<i64>().ok(),
            RowKey::Line(_) => None,
        }));
        reading.stored(&page).unwrap();
    }
    assert!(punches > 0 && keys.is_sorted_by(|a, b| a < b), "{punches} punches of {} rows", keys.len());
    server.may_write(&table).unwrap();
}

#[test]
fn a_wrong_password_and_a_table_that_is_not_there_are_told_apart() {
    let Some(access) = access() else { return };
    let table = Table::new("commute-log", Some("dbo.no_such_table"), None, &[], (None, false)).unwrap();
    let select = Reading::since(&table, None, None, Date::MAX, 10).next().unwrap();
    let wrong = Access { password: "not this one".to_owned(), ..access.clone() };
    assert!(matches!(SqlServer::new(wrong).unwrap().page(&select), Err(Trouble::Connect(_))));
    assert!(matches!(SqlServer::new(access).unwrap().page(&select), Err(Trouble::Read(_))));
}
