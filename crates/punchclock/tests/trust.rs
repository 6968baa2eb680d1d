//! How an edge and a hub come to trust each other, and what it takes to shut one out.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use stage::{PATIENCE, Stage, stage};
use testkit::{Process, wait_until};

/// An office whose hub has a certificate of its own making.
fn office() -> Stage {
    let office = stage();
    let told = office.prints(&["hub", "certificate", "--name", "127.0.0.1"]);
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("tls_")).collect();
    assert_eq!(lines.len(), 2, "{told}");
    let settings = format!("[hub]\nlisten = \"{}\"\n{}\n", office.pages, lines.join("\n"));
    std::fs::write(office.data().join("punchclock.toml"), settings).unwrap();
    office
}

fn hub(office: &Stage) -> Process {
    let mut process = Process::spawn(&mut office.command(&["hub"])).unwrap();
    process.wait_for_line("pages: https://127.0.0.1:", PATIENCE).unwrap();
    process
}

/// `edge run` without a word about its hub.
fn edge(branch: &Stage) -> Process {
    let terminals = branch.terminals.to_string();
    let arguments = ["edge", "run", "--adms-listen", &terminals, "--status-listen", "127.0.0.1:0"];
    let mut process = Process::spawn(&mut branch.command(&arguments)).unwrap();
    process.wait_for_line("board and health: http://", PATIENCE).unwrap();
    process
}

/// The code of an invitation: all that is printed on standard output.
fn invite(office: &Stage, name: &str) -> String {
    office.prints(&["edge", "invite", name]).trim().to_owned()
}

fn has_audited(office: &Stage, action: &str) -> bool {
    office.prints(&["audit", "list"]).contains(action)
}

#[test]
fn one_code_joins_an_edge_to_a_hub_and_one_word_shuts_it_out() {
    let (branch, office) = (stage(), office());
    let mut hub_process = hub(&office);
    // Somebody who connects and says nothing is in nobody's way.
    let _silent = TcpStream::connect(office.pages).unwrap();
    let code = invite(&office, "cebu");
    let joined = branch.prints(&["edge", "enroll", &code]);
    assert!(joined.contains(&format!("this edge is cebu of the hub at https://{}", office.pages)), "{joined}");
    let again = branch.fails(&["edge", "enroll", &code], 1);
    assert!(again.contains("does not take this code: it was used"), "{again}");

    for secret in ["edge.token", "edge.key"] {
        let file = branch.data().join(secret);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{secret}");
    }
    let token = || std::fs::read_to_string(branch.data().join("edge.token")).unwrap();
    let first = token();
    assert!(first.starts_with("sealed:"), "{first}");
    let shown = branch.prints(&["config", "show", "--origin"]);
    assert!(shown.contains("cebu") && shown.contains("sha256//") && shown.contains("enrolled.toml"), "{shown}");

    // A month later the token changes by itself.
    let database = rusqlite::Connection::open(office.data().join("hub.sqlite")).unwrap();
    let a_month_us = 31_i64 * 86_400 * 1_000_000;
    database.execute("UPDATE token SET created_us = created_us - ?1", [a_month_us]).unwrap();
    let mut edge_process = edge(&branch);
    wait_until("a new token", PATIENCE, || token() != first).unwrap();
    let takes = || office.prints(&["audit", "list"]).matches("token.take").count();
    wait_until("the new token to be shown", PATIENCE, || takes() == 2).unwrap();

    office.prints(&["token", "revoke", "cebu"]);
    let said = edge_process.wait_for_line("refused the token in", PATIENCE).unwrap();
    assert!(said.contains("it was revoked there") && said.contains("edge invite"), "{said}");
    edge_process.terminate().unwrap();
    assert!(edge_process.wait(PATIENCE).unwrap().success());

    // Found again: it comes in with a new code.
    branch.prints(&["edge", "enroll", &invite(&office, "cebu")]);
    assert!(has_audited(&office, "token.revoke"));
    hub_process.terminate().unwrap();
    assert!(hub_process.wait(PATIENCE).unwrap().success());
}

#[test]
fn something_else_at_the_hubs_address_gets_nothing() {
    let (branch, office) = (stage(), office());
    let code = invite(&office, "cebu");
    for file in ["hub-certificate.pem", "hub-key.pem"] {
        std::fs::remove_file(office.data().join(file)).unwrap();
    }
    office.prints(&["hub", "certificate", "--name", "127.0.0.1"]);
    let _impostor = hub(&office);
    let said = branch.fails(&["edge", "enroll", &code], 1);
    assert!(said.contains("and the pinned one is sha256//"), "{said}");
    assert!(!branch.data().join("edge.token").exists() && !has_audited(&office, "token.take"));
}

#[test]
fn what_stands_in_the_way_is_named_with_its_cure() {
    let office = office();
    let kept = office.fails(&["hub", "certificate", "--name", "127.0.0.1"], 1);
    assert!(kept.contains("is there already, and edges may know it by its key"), "{kept}");
    std::fs::write(office.data().join("hub-key.pem"), "nothing").unwrap();
    let refused = office.fails(&["hub"], 1);
    assert!(refused.contains("the key ") && refused.contains("must be a PEM file"), "{refused}");

    let plain = stage();
    let exposed = plain.fails(&["edge", "invite", "cebu", "--hub", "http://203.0.113.9:8080"], 1);
    assert!(exposed.contains("is on the internet and has no TLS"), "{exposed}");
    let told = plain.run(&["edge", "invite", "cebu", "--hub", "http://10.0.0.7:8080"]);
    assert!(String::from_utf8_lossy(&told.stderr).contains("there is no TLS: whoever listens on the way"));
    let cut = plain.fails(
        &["edge", "enroll", String::from_utf8_lossy(&told.stdout).trim_end().trim_end_matches(char::is_alphanumeric)],
        1,
    );
    assert!(cut.contains("the code is not whole") || cut.contains("no code of"), "{cut}");
    let alone = plain.fails(&["edge", "run", "--adms-listen", "127.0.0.1:0", "--status-listen", "127.0.0.1:0"], 1);
    assert!(alone.contains("this edge belongs to no hub; enrol it with the code"), "{alone}");
}
