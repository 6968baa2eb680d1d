//! What only PostgreSQL can do to the store: several hubs, connections that end, and its own ways of failing.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::thread;

use store::{Error, Store};
use testkit::Database;

/// A database, and two hubs' stores on it.
fn stores() -> Option<(Database, Store, Store)> {
    let database = Database::create().unwrap()?;
    let open = || Store::connect(&database.url(), None).unwrap();
    let (one, other) = (open(), open());
    Some((database, one, other))
}

fn other(database: &Database) -> postgres::Client {
    postgres::Client::connect(&database.superuser_url(), postgres::NoTls).unwrap()
}

/// Ends every connection to the database but the one that asks.
const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

fn count_up(store: &Store) -> Result<(), Error> {
    store.write(|write| {
        let count: u32 = write.setting("count")?.map_or(0, |count| count.parse().unwrap());
        write.put_setting("count", &(count + 1).to_string())
    })
}

fn count(store: &Store) -> Option<String> {
    store.read(|read| read.setting("count")).unwrap()
}

#[test]
fn postgres_lets_the_writers_of_several_hubs_take_turns() {
    let Some((_database, one, other)) = stores() else { return };
    thread::scope(|scope| {
        for store in [&one, &other, &one, &other] {
            scope.spawn(move || (0..50).for_each(|_| count_up(store).unwrap()));
        }
    });
    assert_eq!(count(&one).as_deref(), Some("200"), "each saw what the one before had committed");
}

#[test]
fn postgres_tables_are_made_once_however_many_hubs_start() {
    let Some(database) = Database::create().unwrap() else { return };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| count_up(&Store::connect(&database.url(), None).unwrap()).unwrap());
        }
    });
    assert_eq!(count(&Store::connect(&database.url(), None).unwrap()).as_deref(), Some("4"));
    other(&database).batch_execute("UPDATE schema_version SET version = version + 1").unwrap();
    let refused = Store::connect(&database.url(), None).unwrap_err();
    assert!(matches!(refused, Error::NewerSchema { .. }), "{refused}");
}

#[test]
fn postgres_gives_a_reader_one_snapshot() {
    let Some((_database, one, other)) = stores() else { return };
    count_up(&one).unwrap();
    one.read(|read| {
        let before = read.setting("count")?;
        count_up(&other)?;
        assert_eq!(read.setting("count")?, before);
        Ok::<_, Error>(())
    })
    .unwrap();
    assert_eq!(count(&one).as_deref(), Some("2"));
}

#[test]
fn postgres_connections_that_ended_are_made_anew() {
    let Some((database, one, _)) = stores() else { return };
    count_up(&one).unwrap();
    count(&one);
    other(&database).batch_execute(END_OTHERS).unwrap();
    count_up(&one).unwrap();
    assert_eq!(count(&one).as_deref(), Some("2"));
}

#[test]
fn a_transaction_whose_connection_to_postgres_ends_leaves_nothing_behind() {
    let Some((database, one, _)) = stores() else { return };
    let broken = one.write(|write| {
        write.put_setting("count", "7")?;
        other(&database).batch_execute(END_OTHERS).unwrap();
        Ok::<_, Error>(())
    });
    assert!(matches!(broken, Err(Error::Away(_))), "{broken:?}");
    assert_eq!(count(&one), None);
    count_up(&one).unwrap();
    assert_eq!(count(&one).as_deref(), Some("1"));
}

#[test]
fn a_failure_that_nobody_looked_at_is_not_committed_to_postgres_as_if_nothing_had_been() {
    let Some((_database, one, _)) = stores() else { return };
    let committed = one.write(|write| {
        write.put_setting("count", "7")?;
        write.add_session(&[7; 32], "ann", 1, 2)?;
        assert!(write.add_session(&[7; 32], "ann", 1, 2).is_err());
        Ok::<_, Error>(())
    });
    assert!(committed.is_err());
    assert_eq!(count(&one), None);
    count_up(&one).unwrap();
}

#[test]
fn the_store_on_postgres_is_called_and_dropped_within_a_runtime() {
    let Some((_database, one, other)) = stores() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async move {
        count_up(&one).unwrap();
        drop(one);
        assert_eq!(count(&other).as_deref(), Some("1"));
        drop(other);
    });
}

#[test]
fn errors_of_postgres_name_the_cure_and_no_password() {
    let Some((database, _, _)) = stores() else { return };
    let missing = database.url().replace("/test_", "/none_");
    let cases = [
        ("postgres://ann@127.0.0.1:1/hub", "Check that it runs"),
        ("postgres://ann:sesame@h/hub", "hub.database_password_file"),
        ("postgres://ann@h", "like postgres://user@host/name"),
        (missing.as_str(), "Check user, password and database"),
        ("postgres://ann:sesame@h:x/hub", "like postgres://user@host/name"),
    ];
    for (url, cure) in cases {
        let error = Store::connect(url, Some("tortoise")).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(cure), "{url}: {shown}");
        assert!(!shown.contains("sesame") && !shown.contains("tortoise"), "{url}: {shown}");
    }
}
