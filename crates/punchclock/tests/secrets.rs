//! Secrets stay where they were put: in files, or hashed.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{Process, wait_until};

const COMM_KEY: &str = "918273";
const PUSH_KEY: &str = "Pu5h-s3same";
const PASSWORD: &str = "correct horse battery 55";
const HOOK: &str = "h00k-s3same";
const CRM_TOKEN: &str = "crm-t0ken-5esame";
/// Base64, as Standard Webhooks wants it.
const SIGNING: &str = "c2lnbmluZy1zM2NyZXQtMTIz";

/// Every byte of the files in a folder and below, but for those of these names.
fn bytes_of(folder: &Path, but_for: &[&str], all: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            bytes_of(&entry.path(), but_for, all);
        } else if !but_for.contains(&entry.file_name().to_str().unwrap()) {
            all.extend(std::fs::read(entry.path()).unwrap());
        }
    }
}

fn answer(stage: &Stage, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(stage.pages).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
        stage.pages
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    answer
}

#[test]
fn no_secret_is_in_the_database_a_copy_of_it_the_log_an_answer_or_the_audit_trail() {
    let stage = stage();
    let file = |name: &str, text: &str| {
        let path = stage.folder.path().join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let (comm_key, push_key, password) = (file("comm", COMM_KEY), file("push", PUSH_KEY), file("password", PASSWORD));
    let log = stage.data().join("log").join("hub.log");
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    let mut command = stage.serve_command();
    command.env("PUNCHCLOCK__LOG__LEVEL", "trace").env("PUNCHCLOCK__LOG__FILE", &log);
    command.env("PUNCHCLOCK__HUB__SILENCE_WEBHOOK", format!("http://127.0.0.1:1/?key={HOOK}"));
    let mut serving = Process::spawn(&mut command).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let zone = ["--zone", "Asia/Manila"];
    stage.prints(
        &[
            &["terminal", "add", "Gate", "--serial", "P1", "--address", "127.0.0.1:1", "--comm-key-file", &comm_key],
            &zone[..],
        ]
        .concat(),
    );
    stage.prints(&[&["terminal", "add", "Door", "--serial", "S1", "--push-key-file", &push_key], &zone[..]].concat());
    stage.prints(&["user", "add", "ann", "--role", "admin", "--password-file", &password]);
    let (crm_token, signing) = (file("crm", CRM_TOKEN), file("signing", SIGNING));
    let sink = ["sink", "add", "crm", "--url", "http://127.0.0.1:1/x", "--allow-private", "--token-file", &crm_token];
    stage.prints(&[&sink[..], &["--signing-secret-file", &signing]].concat());
    let token = stage.prints(&["token", "create", "reports", "--kind", "api"]).trim().to_owned();
    let edge_token = stage.prints(&["token", "create", "cebu", "--kind", "edge"]).trim().to_owned();
    // Edge, terminal and sink use their keys; the hub's work goes on.
    let records = log_file(&stage, 3, "2026-01-05", "2026-01-11");
    stage.prints(&[
        "import",
        "attlog",
        records.to_str().unwrap(),
        "--serial",
        "S1",
        "--zone",
        "Asia/Manila",
        "--create-employees",
    ]);
    stage.run(&["sync", "crm", "--from", "2026-01-01"]);
    let audit = || stage.prints(&["--json", "audit", "verify"]);
    wait_until("everything to be sealed", PATIENCE, || audit().contains("\"waiting\": 0")).unwrap();

    let mut told = Vec::new();
    for path in ["terminals", "edges", "completeness", "punches", "days", "held", "employees"] {
        told.extend(answer(&stage, &format!("/api/v1/{path}"), &token).into_bytes());
    }
    for arguments in [
        &["audit", "list"][..],
        &["terminal", "list"],
        &["token", "list"],
        &["user", "list"],
        &["sink", "list"],
        &["sync", "status", "--state", "waiting"],
        &["job", "list"],
        &["doctor"],
    ] {
        told.extend(stage.run(arguments).stdout);
    }
    let copy = stage.data().join("copy.sqlite");
    let hub = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    hub.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
    bytes_of(&stage.data(), &[], &mut told);
    let holds = |text: &str| told.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        holds("terminal.register") && holds("token.create") && holds("account.add") && holds("sink.add"),
        "it was looked at the right places"
    );
    for secret in [COMM_KEY, PUSH_KEY, PASSWORD, HOOK, CRM_TOKEN, SIGNING, &token, &edge_token] {
        assert!(!holds(secret), "{secret} is told");
    }
}
