//! An edge without its hub, from the command line: how it is, and what it holds for pay day.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::process::Command;

use serde_json::Value;
use stage::{PATIENCE, Stage, stage};
use testkit::{Process, wait_until};

fn json(stage: &Stage, arguments: &[&str]) -> Value {
    serde_json::from_str(&stage.prints(&[&["--json"], arguments].concat())).unwrap()
}

/// Pushes lines as a terminal does, until they are taken.
fn push(address: std::net::SocketAddr, lines: &str) {
    use std::io::{Read as _, Write as _};
    wait_until("the edge to take the lines", PATIENCE, || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /iclock/cdata?SN=SIM1&table=ATTLOG HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            lines.len()
        );
        stream.write_all(format!("{head}{lines}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.starts_with("HTTP/1.1 200")
    })
    .unwrap();
}

#[test]
fn status_and_export_work_while_the_hub_is_away_and_when_the_edge_is_not_running() {
    let (branch, office) = (stage(), stage());
    office.prints(&["terminal", "add", "Door", "--serial", "SIM1", "--zone", "Asia/Manila"]);
    let token = branch.folder.path().join("token");
    std::fs::write(&token, office.prints(&["token", "create", "branch", "--kind", "edge"])).unwrap();
    assert!(branch.fails(&["edge", "status"], 1).contains("no edge has run on this folder"));

    let listen = office.pages.to_string();
    let mut hub = Process::spawn(&mut office.command(&["hub", "--listen", &listen])).unwrap();
    hub.wait_for_line("pages: http://", PATIENCE).unwrap();
    let (url, adms, status) =
        (format!("http://{listen}"), branch.terminals.to_string(), stage::free_address().to_string());
    let run = ["edge", "run", "--hub", &url, "--token-file", token.to_str().unwrap()];
    let more = ["--adms-listen", adms.as_str(), "--status-listen", &status];
    let mut edge = Process::spawn(&mut branch.command(&[run.as_slice(), &more].concat())).unwrap();
    edge.wait_for_line("board and health: http://", PATIENCE).unwrap();
    let ask = ["edge", "status", "--status-listen", &status];
    let knows = || json(&branch, &ask)["terminals"][0]["is_approved"] == true;
    wait_until("the edge to learn of its terminal", PATIENCE, knows).unwrap();
    let listed = json(&office, &["edge", "list"]);
    assert_eq!((&listed[0]["edge"], &listed[0]["state"]), (&Value::from("branch"), &Value::from("in_order")));
    hub.kill_9().unwrap();

    let lines = "7\t2026-03-02 08:00:00\t0\t1\n7\t2026-03-02 17:00:00\t1\t1\nnonsense\n";
    push(branch.terminals, lines);
    let running = json(&branch, &ask);
    assert_eq!((&running["is_running"], &running["queued"]), (&Value::Bool(true), &Value::from(3)));
    let shown = branch.prints(&ask);
    assert!(shown.starts_with("edge edge runs\n3 entries wait for the hub"), "{shown}");
    assert!(shown.contains("Door") && shown.contains("nothing of it is judged"), "{shown}");

    let export = |arguments: &[&str]| branch.prints(&[&["edge", "export"], arguments].concat());
    let csv = export(&[]);
    assert_eq!(
        csv.lines().next().unwrap(),
        "fingerprint,terminal,user,name,printed_time,state,verify,work_code,received,clock_doubted,with_hub,road"
    );
    assert!(csv.lines().nth(3).unwrap().contains(",SIM1,7,,2026-03-02 17:00:00,1,1,"), "{csv}");
    let file = branch.folder.path().join("march.json");
    let range = ["--from", "2026-03-02", "--to", "2026-03-02", "--format", "json", "--out", file.to_str().unwrap()];
    let output = branch.run(&[&["edge", "export"], range.as_slice()].concat());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("2 punches, 2 of them not with the hub; this edge holds what it received from"), "{told}");
    assert!(told.contains("1 lines without a readable date are left out"), "{told}");
    let rows: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert_eq!((&rows[0]["user"], &rows[0]["with_hub"]), (&Value::from("7"), &Value::Bool(false)));
    assert!(
        branch.fails(&["edge", "export", "--from", "2026-03-02", "--to", "2026-03-01"], 1).contains("turn them round")
    );

    edge.kill_9().unwrap();
    let alone = json(&branch, &ask);
    assert_eq!((&alone["is_running"], &alone["queued"]), (&Value::Bool(false), &Value::from(3)));
    assert_eq!(alone["terminals"][0]["name"], "Door");
    assert!(branch.prints(&ask).contains("does not tell its state; this is what its spool holds"));
    assert_eq!(export(&[]), csv);
}

#[test]
fn an_edge_of_another_folder_does_not_speak_for_this_one() {
    let (here, there) = (stage(), stage());
    let run = |stage: &Stage, status: &str| -> Command {
        let adms = stage.terminals.to_string();
        stage.command(&[
            "edge",
            "run",
            "--hub",
            "http://127.0.0.1:9",
            "--adms-listen",
            &adms,
            "--status-listen",
            status,
        ])
    };
    let status = stage::free_address().to_string();
    for one in [&here, &there] {
        let mut edge = Process::spawn(&mut run(one, &status)).unwrap();
        edge.wait_for_line("board and health: http://", PATIENCE).unwrap();
        let ask = ["edge", "status", "--status-listen", &status];
        assert_eq!(json(one, &ask)["is_running"], true);
        if std::ptr::eq(one, &there) {
            assert_eq!(json(&here, &ask)["is_running"], false);
        }
        edge.terminate().unwrap();
        edge.wait(PATIENCE).unwrap();
    }
}
