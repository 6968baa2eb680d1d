//! The line to PostgreSQL is encrypted as its address asks for, with a real server and a certificate made for the test.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use store::{Error, Store};
use testkit::{Postgres, wait_until};

/// Certificate and key of a server that is called `localhost`.
fn certificate() -> (String, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn url(server: &Postgres, host: &str, options: &str) -> String {
    format!("postgres://postgres@{host}:{}/postgres{options}", server.port())
}

/// Whether the server sees a store's connections encrypted, all of them.
fn is_encrypted(server: &Postgres, url: &str) -> Result<bool, Error> {
    let _store = Store::connect(url, None)?;
    let seen =
        "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'punchclock'";
    Ok(server.connect().unwrap().query_one(seen, &[]).unwrap().get(0))
}

/// The connections of the store before have ended.
fn wait_for_the_end(server: &Postgres) {
    let there = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'punchclock'";
    let mut client = server.connect().unwrap();
    let is_over = || client.query_one(there, &[]).unwrap().get::<_, i64>(0) == 0;
    wait_until("the connections to end", Duration::from_secs(30), is_over).unwrap();
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, content).unwrap();
    file.display().to_string()
}

#[test]
fn the_line_to_postgres_is_encrypted_as_its_address_asks_for() {
    let (shown, key) = certificate();
    let Some(server) = Postgres::start_encrypted(&shown, &key).unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = write(folder.path(), "root.pem", &shown);
    let full = format!("?sslmode=verify-full&sslrootcert={root}");
    let cases = [
        ("", false),
        ("?sslmode=disable", false),
        ("?sslmode=prefer", true),
        ("?sslmode=require", true),
        (&full, true),
    ];
    for (options, wanted) in cases {
        assert_eq!(is_encrypted(&server, &url(&server, "localhost", options)).unwrap(), wanted, "{options}");
        wait_for_the_end(&server);
    }
}

#[test]
fn a_server_that_proves_nothing_gets_nothing_and_the_error_names_the_cure() {
    let (shown, key) = certificate();
    let Some(server) = Postgres::start_encrypted(&shown, &key).unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    let root = write(folder.path(), "root.pem", &shown);
    let other = write(folder.path(), "other.pem", &certificate().0);
    let empty = write(folder.path(), "empty.pem", "");
    let refused = |host: &str, options: &str| {
        let error = Store::connect(&url(&server, host, options), None).unwrap_err();
        assert!(matches!(error, Error::Tls(_)), "{options}: {error:?}");
        let told = error.to_string();
        assert!(told.contains("Check sslmode and sslrootcert"), "{told}");
        told
    };
    refused("localhost", &format!("?sslmode=verify-full&sslrootcert={other}"));
    refused("localhost", "?sslmode=verify-full");
    // The certificate is for another name than the one by which the server was asked for.
    refused("127.0.0.1", &format!("?sslmode=verify-full&sslrootcert={root}"));
    assert!(refused("localhost", &format!("?sslmode=verify-full&sslrootcert={empty}")).contains("empty.pem"));
    assert!(refused("localhost", "?sslmode=verify-full&sslrootcert=/none/such.pem").contains("/none/such.pem"));

    let mut client = server.connect().unwrap();
    client.batch_execute("ALTER SYSTEM SET ssl = off").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    let is_off = || client.query_one("SHOW ssl", &[]).unwrap().get::<_, &str>(0) == "off";
    wait_until("the server to stop encrypting", Duration::from_secs(30), is_off).unwrap();
    refused("localhost", "?sslmode=require");
    assert!(!is_encrypted(&server, &url(&server, "localhost", "?sslmode=prefer")).unwrap());
}
