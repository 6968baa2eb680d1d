//! Keys of terminals: sealed, told to their edges by every hub that has the key file, and taken over from the files of an older version.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod house;

use std::path::Path;

use house::{House, clerk, house, now};
use hub::{Hub, NewTerminal, TerminalKey};
use link::{Contact, Heartbeat};

/// What an edge is told that has heard the terminal.
fn told(hub: &Hub) -> Result<link::Terminal, hub::Error> {
    let heard = Contact { serial: "A1".into(), last_contact_us: Some(now().as_microsecond()), ..Contact::default() };
    let beat = Heartbeat { edge: "branch".into(), terminals: vec![heard], ..Heartbeat::default() };
    let orders = hub.heartbeat(&beat, now())?;
    Ok(orders.terminals.into_iter().find(|terminal| terminal.serial == "A1").unwrap())
}

fn keys(hub: &Hub) -> (Option<u32>, Option<String>) {
    let terminal = told(hub).unwrap();
    (terminal.comm_key, terminal.push_key)
}

fn both() -> (Option<u32>, Option<String>) {
    (Some(918_273), Some("Pu5h-s3same".to_owned()))
}

fn new(comm_key: &str, push_key: &str) -> NewTerminal {
    NewTerminal {
        serial: "A1".into(),
        zone: Some("Asia/Manila".into()),
        comm_key: Some(comm_key.to_owned()),
        push_key: Some(push_key.to_owned()),
        ..NewTerminal::default()
    }
}

fn hub_with(house: &House, key_file: &Path) -> Hub {
    house.another_hub().with_key_file(key_file.to_owned())
}

/// As an older version left it.
fn remember_files(house: &House, comm_key: &Path, push_key: &Path) {
    house.register("A1", "Asia/Manila");
    let mut terminal = house.store.read(|read| read.terminal("A1")).unwrap().unwrap();
    terminal.comm_key_file = Some(comm_key.display().to_string());
    terminal.push_key_file = Some(push_key.display().to_string());
    house.store.write(|write| write.put_terminal(&terminal)).unwrap();
}

#[test]
fn every_hub_with_the_key_file_tells_the_keys_that_were_given_to_one_of_them() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let key_file = folder.path().join("hub.key");
    let [one, other] = [hub_with(&house, &key_file), hub_with(&house, &key_file)];
    one.add_terminal(&clerk(), &new("918273", "Pu5h-s3same"), now()).unwrap();
    assert_eq!((keys(&other), other.comm_key("A1").unwrap()), (both(), Some(918_273)));
    assert!(other.terminals().unwrap()[0].has_push_key);
    assert_eq!(other.check_secrets().unwrap(), 2);

    // What is not given stays; what is given anew counts at once, and what is taken away is gone.
    let moved = NewTerminal { serial: "A1".into(), address: Some("10.0.0.9".into()), ..NewTerminal::default() };
    other.add_terminal(&clerk(), &moved, now()).unwrap();
    assert_eq!(keys(&one), both());
    other.add_terminal(&clerk(), &new("5", ""), now()).unwrap();
    assert_eq!((keys(&one), one.terminals().unwrap()[0].has_push_key), ((Some(5), None), false));
    other.add_terminal(&clerk(), &new("", ""), now()).unwrap();
    assert_eq!((keys(&one), one.check_secrets().unwrap()), ((None, None), 0));

    let audit = one.audit(50).unwrap();
    let deeds: Vec<_> =
        audit.iter().filter(|entry| entry.action == "terminal.key").map(|entry| &entry.detail).collect();
    assert_eq!(
        deeds,
        [
            "communication key taken away",
            "push key taken away",
            "communication key sealed",
            "push key sealed",
            "communication key sealed"
        ]
    );
    assert!(!format!("{audit:?}").contains("918273") && !format!("{audit:?}").contains("Pu5h"), "{audit:?}");
}

#[test]
fn a_hub_without_the_key_file_says_so_and_tells_an_edge_nothing_that_would_lock_terminals_out() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let ours = hub_with(&house, &folder.path().join("hub.key"));
    ours.add_terminal(&clerk(), &new("918273", "Pu5h-s3same"), now()).unwrap();
    let without = hub_with(&house, &folder.path().join("gone.key"));
    for error in [
        told(&without).unwrap_err(),
        without.comm_key("A1").unwrap_err(),
        without.check_secrets().unwrap_err(),
        without.add_terminal(&clerk(), &new("5", ""), now()).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("gone.key is not there") && text.contains("put back the key file"), "{text}");
    }
    assert!(!folder.path().join("gone.key").exists(), "no second key is made");
    // Taking a key away needs none: so a lost key file can be got over.
    without.add_terminal(&clerk(), &new("", ""), now()).unwrap();
    without.add_terminal(&clerk(), &new("5", ""), now()).unwrap();
    assert_eq!(keys(&without), (Some(5), None));
    let text = told(&ours).unwrap_err().to_string();
    assert!(text.contains("comm key of terminal A1 does not open") && text.contains("--comm-key-file"), "{text}");
}

#[test]
fn what_can_be_no_key_is_refused() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let hub = hub_with(&house, &folder.path().join("hub.key"));
    for (comm_key, push_key, says) in
        [("12a", "x", "no communication key"), ("1000000", "x", "from 0 to 999999"), ("1", "two words", "no push key")]
    {
        let text = hub.add_terminal(&clerk(), &new(comm_key, push_key), now()).unwrap_err().to_string();
        assert!(text.contains(says) && text.contains("A1"), "{text}");
        assert!(!text.contains(comm_key) || comm_key == "1", "a key is not repeated: {text}");
    }
    assert!(hub.terminals().unwrap().is_empty());
}

#[test]
fn keys_in_files_of_an_older_version_go_on_working_and_are_sealed_where_they_can_be_read() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let (comm_key, push_key) = (folder.path().join("comm"), folder.path().join("push"));
    std::fs::write(&comm_key, "918273\n").unwrap();
    std::fs::write(&push_key, " Pu5h-s3same \n").unwrap();
    remember_files(&house, &comm_key, &push_key);
    let hub = hub_with(&house, &folder.path().join("hub.key"));
    assert_eq!((keys(&hub), hub.comm_key("A1").unwrap()), (both(), Some(918_273)));

    // On a host without the file nobody is admitted, and it is told.
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&push_key, &elsewhere).unwrap();
    assert_eq!(keys(&hub), (Some(918_273), Some(String::new())));
    let sealed = hub.seal_key_files(&clerk(), now()).unwrap();
    assert_eq!(sealed.iter().map(|file| file.key).collect::<Vec<_>>(), [TerminalKey::Communication]);
    let left = hub.key_files().unwrap();
    let [file] = &left[..] else { panic!("{left:?}") };
    assert_eq!((file.key, file.is_readable), (TerminalKey::Push, false));
    assert!(file.cure.contains("terminal add A1 --serial A1 --push-key-file F"), "{}", file.cure);

    // Where it is there, it is sealed, too, and then the files are not needed.
    std::fs::rename(&elsewhere, &push_key).unwrap();
    assert_eq!(hub.seal_key_files(&clerk(), now()).unwrap().len(), 1);
    std::fs::remove_file(&comm_key).unwrap();
    std::fs::remove_file(&push_key).unwrap();
    let other = hub_with(&house, &folder.path().join("hub.key"));
    assert_eq!(keys(&other), both());
    assert!(other.key_files().unwrap().is_empty() && other.seal_key_files(&clerk(), now()).unwrap().is_empty());
    assert_eq!(other.check_secrets().unwrap(), 2);
}

#[test]
fn a_key_that_is_given_takes_the_place_of_a_file_of_an_older_version() {
    let (house, folder) = (house(), tempfile::tempdir().unwrap());
    let gone = folder.path().join("gone");
    remember_files(&house, &gone, &gone);
    let hub = hub_with(&house, &folder.path().join("hub.key"));
    let text = hub.comm_key("A1").unwrap_err().to_string();
    assert!(text.contains("gone") && text.contains("--comm-key-file F"), "{text}");
    hub.add_terminal(&clerk(), &new("918273", "Pu5h-s3same"), now()).unwrap();
    assert_eq!(keys(&hub), both());
    assert!(hub.key_files().unwrap().is_empty());
}
