//! Keys of terminals from the command line: what an older version left in files, and what `doctor` says.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use serde_json::Value;
use stage::{PATIENCE, Stage, stage};

/// What `doctor` says of a thing, if it speaks of it.
fn doctor(stage: &Stage, what: &str) -> Option<(String, String)> {
    let output = stage.run(&["--json", "doctor"]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let row = rows.into_iter().find(|row| row["what"] == what)?;
    Some((row["result"].as_str().unwrap().to_owned(), row["says"].as_str().unwrap().to_owned()))
}

#[test]
fn keys_that_an_older_version_left_in_files_are_sealed_when_the_hub_starts_and_doctor_tells_the_rest() {
    let stage = stage();
    let add = ["terminal", "add", "Gate", "--serial", "P1", "--zone", "Asia/Manila"];
    stage.prints(&add);
    let (comm_key, push_key) = (stage.folder.path().join("comm"), stage.folder.path().join("push"));
    std::fs::write(&comm_key, "918273\n").unwrap();
    let old = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    let files = [comm_key.to_str().unwrap(), push_key.to_str().unwrap()];
    old.execute("UPDATE terminal SET comm_key_file = ?1, push_key_file = ?2", files).unwrap();
    let (comm, push) = ("communication key of terminal Gate", "push key of terminal Gate");
    assert_eq!(doctor(&stage, comm).unwrap().0, "look");
    let (result, says) = doctor(&stage, push).unwrap();
    assert_eq!(result, "bad");
    assert!(says.contains("terminal add Gate --serial P1 --push-key-file F"), "{says}");

    let mut serving = stage.serve();
    assert_eq!(doctor(&stage, comm), None);
    assert!(doctor(&stage, "secrets").unwrap().1.starts_with("1 are sealed"));
    assert!(doctor(&stage, push).is_some(), "it stays where it is");
    std::fs::remove_file(&comm_key).unwrap();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());

    // Given again, it is sealed; taken away, it is gone.
    std::fs::write(&push_key, "Pu5h-s3same\n").unwrap();
    stage.prints(&[&add[..], &["--push-key-file", files[1]]].concat());
    std::fs::remove_file(&push_key).unwrap();
    assert_eq!(doctor(&stage, push), None);
    assert!(doctor(&stage, "secrets").unwrap().1.starts_with("2 are sealed"));
    stage.prints(&[&add[..], &["--push-key-file", ""]].concat());
    assert!(doctor(&stage, "secrets").unwrap().1.starts_with("1 are sealed"));

    // Without the hub's key file it is said, by what opens the key and by `doctor`.
    std::fs::rename(stage.data().join("hub.key"), stage.data().join("away")).unwrap();
    stage.prints(&[&add[..], &["--address", "127.0.0.1:1"]].concat());
    let says = stage.fails(&["terminal", "test", "Gate"], 1);
    assert!(says.contains("hub.key is not there") && says.contains("put back the key file"), "{says}");
    assert_eq!(doctor(&stage, "secrets").unwrap().0, "bad");
}
