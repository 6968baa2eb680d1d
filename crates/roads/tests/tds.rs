//! Servers of tables that are in trouble, as the reference of legacy tables saw them, and the words for it.
#![cfg(feature = "mssql")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use jiff::civil::Date;
use roads::mssql::{Access, Cell, Encryption, LegacyTable as _, Patience, Reading, SqlServer, Table, Trouble};
use testkit::{FakeTds, TdsAnswer, TdsMood};

const SHORT: Duration = Duration::from_millis(200);

fn access(fake: &FakeTds, encryption: Encryption) -> Access {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Access {
        address: fake.address().to_string(),
        database: "hr".to_owned(),
        user: "reader".to_owned(),
        password: "pa55".to_owned(),
        encryption,
        ca: None,
        trusts_any: false,
        allow_private: true,
    }
}

/// By its name, which stands in its certificate.
fn by_name(fake: &FakeTds, ca: Option<&str>) -> Access {
    let address = format!("localhost:{}", fake.address().port());
    Access { address, ca: ca.map(str::to_owned), ..access(fake, Encryption::Required) }
}

fn table() -> Table {
    Table::new("commute-log", None, None, &[], (None, false)).unwrap()
}

/// The first page that a new client is given.
fn page(access: Access) -> Result<Vec<Vec<Cell>>, Trouble> {
    let table = table();
    let select = Reading::since(&table, None, None, Date::MAX, 10).next().unwrap();
    SqlServer::new(access).unwrap().page(&select)
}

/// Why no connection comes about.
fn refused(access: Access) -> String {
    match page(access) {
        Err(Trouble::Connect(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Two rows, by their keys.
fn rows(keys: [i64; 2]) -> Vec<Vec<Option<String>>> {
    let row = |key: i64| {
        let time = format!("2026-03-02 08:00:{key:02}");
        [&key.to_string(), "12", &time, "gate", "I"].map(|cell| Some(cell.to_owned())).to_vec()
    };
    keys.map(row).to_vec()
}

#[test]
fn a_server_without_encryption_is_read_in_clear_and_only_when_somebody_says_so() {
    let fake = FakeTds::start().unwrap();
    let why = refused(access(&fake, Encryption::Required));
    assert!(why.contains("the server has no encryption") && why.contains("--encryption none"), "{why}");
    // It waits for a login in clear, and the client for TLS.
    let patience = Patience { login: SHORT, ..Patience::default() };
    let mut server = SqlServer::new(access(&fake, Encryption::Login)).unwrap().with_patience(patience);
    let table = table();
    let select = Reading::since(&table, None, None, Date::MAX, 10).next().unwrap();
    let Err(Trouble::Connect(why)) = server.page(&select) else { panic!("it knows no encryption") };
    assert!(why.contains("does not go on with the login") && why.contains("--encryption none"), "{why}");
    fake.answers([TdsAnswer::Rows(rows([1, 2]))]);
    let page = page(access(&fake, Encryption::None)).unwrap();
    assert_eq!((page.len(), &page[1][0], &page[1][3]), (2, &Cell::Number(2), &Cell::Text("gate".to_owned())));
}

#[test]
fn a_server_that_is_encrypted_shows_who_it_is() {
    let fake = FakeTds::start().unwrap();
    fake.is(TdsMood::Encrypted);
    let why = refused(by_name(&fake, None));
    assert!(why.contains("UnknownIssuer") && why.contains("--ca-file"), "{why}");
    assert!(!why.contains("trust_cert"), "nobody who reads this writes a program: {why}");
    let certificate = fake.certificate().to_owned();
    let by_address = access(&fake, Encryption::Required);
    let why = refused(Access { ca: Some(certificate.clone()), ..by_address.clone() });
    assert!(why.contains("not valid for name") && why.contains("--address"), "{why}");
    fake.answers([TdsAnswer::Rows(rows([1, 2])), TdsAnswer::Rows(rows([3, 4]))]);
    assert_eq!(page(by_name(&fake, Some(&certificate))).unwrap().len(), 2);
    assert_eq!(page(Access { trusts_any: true, ..by_address }).unwrap().len(), 2);
}

#[test]
fn old_tls_and_what_is_none_are_refused_with_words() {
    let fake = FakeTds::start().unwrap();
    for encryption in [Encryption::Required, Encryption::Login] {
        fake.is(TdsMood::OldTls);
        let why = refused(access(&fake, encryption));
        assert!(why.contains("the server knows no TLS 1.2"), "{why}");
        fake.is(TdsMood::Garbage);
        refused(access(&fake, encryption));
    }
}

#[test]
fn a_login_that_comes_to_nothing_is_told_with_what_to_look_at() {
    let fake = FakeTds::start().unwrap();
    for (code, says, cure) in [
        (18456, "Login failed for user 'reader'.", "look at user and password"),
        (911, "database \"hr\" does not exist", "look at --db-name"),
        (4060, "Cannot open database \"hr\" requested by the login.", "look at --db-name"),
    ] {
        fake.is(TdsMood::Refuses(code, says));
        let why = refused(access(&fake, Encryption::None));
        assert!(why.contains(says) && why.contains(&format!("error {code}")) && why.ends_with(cure), "{why}");
    }
    fake.is(TdsMood::HangsUp);
    let why = refused(access(&fake, Encryption::None));
    assert!(why.contains("the connection broke off"), "{why}");
    fake.is(TdsMood::Silent);
    let patience = Patience { login: SHORT, ..Patience::default() };
    let mut server = SqlServer::new(access(&fake, Encryption::None)).unwrap().with_patience(patience);
    assert!(matches!(server.may_write(&table()), Err(Trouble::Connect(why)) if why.contains("does not go on")));
}

#[test]
fn after_whatever_breaks_a_page_a_new_connection_asks_for_it_again() {
    let (fake, table) = (FakeTds::start().unwrap(), table());
    let patience = Patience { answer: SHORT, ..Patience::default() };
    let mut server = SqlServer::new(access(&fake, Encryption::None)).unwrap().with_patience(patience);
    let mut reading = Reading::since(&table, None, None, Date::MAX, 2);
    fake.answers([
        TdsAnswer::Rows(rows([1, 2])),
        TdsAnswer::Breaks(rows([3, 4])),
        TdsAnswer::Stalls(rows([3, 4])),
        TdsAnswer::Error(229, "The SELECT permission was denied on the object 'commute_log'."),
        TdsAnswer::Error(208, "Invalid object name 'dbo.commute_log'."),
        TdsAnswer::Error(241, "Conversion failed when converting date and/or time from character string."),
        TdsAnswer::Rows(rows([3, 4])),
    ]);
    let (mut keys, mut troubles) = (Vec::new(), Vec::new());
    while let Some(select) = reading.next() {
        match server.page(&select) {
            Ok(page) => {
                keys.extend(page.iter().map(|row| row[0].to_string()));
                reading.stored(&page).unwrap();
            }
            Err(Trouble::Read(why)) => troubles.push(why),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(keys, ["1", "2", "3", "4"]);
    let words = [
        "the connection broke off",
        "did not go on with its answer in time",
        "needs SELECT on it",
        "look at --table",
        "holds text that is none: convert it",
    ];
    assert_eq!(troubles.len(), words.len());
    for (trouble, words) in troubles.iter().zip(words) {
        assert!(trouble.contains(words), "{trouble}");
    }
    // One from the beginning, and one after each trouble.
    assert_eq!(fake.calls(), 6);
}

#[test]
fn what_a_login_may_do_is_told_by_table() {
    let fake = FakeTds::start().unwrap();
    let table = Table::new("checkinout", None, None, &[], (None, false)).unwrap();
    let rights = |fake: &FakeTds| SqlServer::new(access(fake, Encryption::None)).unwrap().may_write(&table).unwrap();
    assert!(rights(&fake).is_empty());
    fake.grants(&["UPDATE"]);
    assert_eq!(rights(&fake), ["dbo.CHECKINOUT: UPDATE", "dbo.USERINFO: UPDATE"]);
}
