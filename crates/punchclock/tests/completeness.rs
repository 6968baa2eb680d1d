//! The completeness proof, end to end: a gap in the hub's own file is seen, named, filled and told.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

mod stage;

use jiff::civil::Date;
use rusqlite::params;
use simulator::{Terminal, ZkServer};
use stage::{PATIENCE, Stage, stage};
use testkit::wait_until;

/// Yesterday of the only terminal.
fn day(stage: &Stage, date: Date) -> serde_json::Value {
    let date = date.to_string();
    let printed = stage.prints(&["--json", "terminal", "completeness", "--from", &date, "--to", &date]);
    let mut rows: Vec<serde_json::Value> = serde_json::from_str(&printed).unwrap();
    rows.pop().unwrap_or_default()
}

/// Takes a punch out of the hub's file with all that was made of it, as an old backup would.
fn lose_a_punch(stage: &Stage, user: &str) {
    let mut file = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    let tx = file.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    tx.execute_batch("DROP TRIGGER punch_is_only_erased").unwrap();
    let of_user = "SELECT fingerprint FROM punch WHERE user_number = ?1 ORDER BY fingerprint LIMIT 1";
    let lost: [u8; 16] = tx.query_row(of_user, [user], |row| row.get(0)).unwrap();
    let digest: [u8; 16] = tx.query_row("SELECT digest FROM stored_day", [], |row| row.get(0)).unwrap();
    let left = u128::from_be_bytes(digest).wrapping_sub(u128::from_be_bytes(lost)).to_be_bytes();
    tx.execute("UPDATE stored_day SET punches = punches - 1, digest = ?1", params![left]).unwrap();
    for table in ["held_punch", "punch"] {
        assert_eq!(tx.execute(&format!("DELETE FROM {table} WHERE fingerprint = ?1"), params![lost]).unwrap(), 1);
    }
    tx.commit().unwrap();
}

#[test]
fn a_gap_is_seen_named_filled_and_told() {
    let place = stage();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let yesterday = jiff::Zoned::now().date().yesterday().unwrap();
    let users = ["7", "12"].map(|number| zk::User::new(number, ""));
    let terminal = Terminal::builder("SIM1").users(users).build();
    for (user, hour) in [("7", 8), ("12", 8), ("7", 17), ("12", 17)] {
        assert!(terminal.punch(user, yesterday.at(hour, 0, 0, 0), 0, 1));
    }
    let server = runtime.block_on(ZkServer::bind(terminal, "127.0.0.1:0")).unwrap();
    let address = server.local_addr().unwrap().to_string();
    let serving = runtime.spawn(server.serve());
    let mut process = place.serve();
    // A terminal that is new, or was changed, is read at once.
    let register = |name: &str| {
        place.prints(&["terminal", "add", name, "--serial", "SIM1", "--address", &address, "--via", "poll"]);
    };
    let wait_for = |state: &str| {
        wait_until(&format!("yesterday to be {state}"), PATIENCE, || day(&place, yesterday)["state"] == state).unwrap();
    };
    register("Door");
    wait_for("closed");
    let closed = day(&place, yesterday);
    assert_eq!((&closed["on_terminal"], &closed["in_spool"], &closed["at_hub"]), (&4.into(), &4.into(), &4.into()));

    lose_a_punch(&place, "7");
    assert_eq!(place.punches(), 3);
    assert_eq!(day(&place, yesterday)["state"], "open", "what is here is not what was proven");
    register("Gate");
    wait_until("the punch to come back", PATIENCE, || place.punches() == 4).unwrap();
    wait_for("closed");
    let told = place.prints(&["audit", "list"]);
    let named = format!("{yesterday}: 1 punches are missing: 7 at {yesterday} 08:00:00");
    assert!(told.contains(&named) && told.contains("terminal.gap_filled"), "{told}");
    let file = place.prints(&["export", "completeness"]);
    assert!(file.lines().any(|line| line.starts_with(&format!("Gate,SIM1,{yesterday},closed,4,"))), "{file}");
    serving.abort();
    process.terminate().unwrap();
    assert!(process.wait(PATIENCE).unwrap().success());
}
