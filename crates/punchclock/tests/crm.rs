//! Terminals to CRM: what is pushed becomes days, and days reach a receiver that fails, by the jobs of a real server.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde_json::Value;
use simulator::push::PushOptions;
use simulator::{LogFile, RunOptions, Terminal};
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{CrmFault, FakeCrm, wait_until};

const TOKEN: &str = "crm-t0ken-5ecret";

/// What the receiver has: of each person-day what it took last.
fn received(crm: &FakeCrm) -> BTreeMap<(String, String), Value> {
    let mut latest: BTreeMap<String, (i64, Value)> = BTreeMap::new();
    for (key, record) in crm.taken() {
        let (id, revision) = key.rsplit_once('/').unwrap();
        let revision: i64 = revision.parse().unwrap();
        if latest.get(id).is_none_or(|(known, _)| *known < revision) {
            latest.insert(id.to_owned(), (revision, serde_json::from_str(&record.body).unwrap()));
        }
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    latest.into_values().map(|(_, body)| ((text(&body["user_id"]), text(&body["date"])), body)).collect()
}

/// The days with punches that the hub has: whose, when, from and to.
fn days(stage: &Stage) -> BTreeMap<(String, String), (String, String)> {
    let table = stage.prints(&["export", "days"]);
    let mut lines = table.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let place = |name: &str| header.iter().position(|column| column == name).unwrap();
    let [code, date, first, last] = ["employee", "date", "first_in", "last_out"].map(place);
    let rows = lines.map(|row| ((row[code].clone(), row[date].clone()), (row[first].clone(), row[last].clone())));
    rows.filter(|(_, (first, last))| !first.is_empty() || !last.is_empty()).collect()
}

fn sink(stage: &Stage) -> Value {
    let shown: Vec<Value> = serde_json::from_str(&stage.prints(&["--json", "sink", "list"])).unwrap();
    shown[0].clone()
}

/// Asks for a job that asks for deliveries, and waits until the delivery has ended.
fn run(stage: &Stage, kind: &str) {
    let done = || {
        let shown = stage.prints(&["--json", "job", "list", "--kind", "deliver", "--state", "done"]);
        serde_json::from_str::<Vec<Value>>(&shown).unwrap().len()
    };
    let before = done();
    stage.prints(&["job", "run", kind]);
    wait_until("the delivery to end", PATIENCE, || done() > before).unwrap();
}

fn metrics(stage: &Stage) -> String {
    let mut stream = std::net::TcpStream::connect(stage.pages).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", stage.pages).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn days_of_terminals_reach_a_crm_that_fails_in_every_way_once_each_and_change_with_the_hubs() {
    let stage = stage();
    let crm = FakeCrm::start(TOKEN).unwrap();
    let token = stage.folder.path().join("crm.token");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let log = log_file(&stage, 6, "2026-01-05", "2026-01-18");
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    let count = file.records.len();
    let terminal = Terminal::builder("T1").log(file.records).build();
    let mut command = stage.serve_command();
    // The test says when.
    command.env("PUNCHCLOCK__JOBS__SEND", "off").env("PUNCHCLOCK__JOBS__RETRY", "off");
    let mut serving = testkit::Process::spawn(&mut command).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    stage.prints(&["terminal", "add", "Door", "--serial", "T1", "--zone", "Asia/Manila"]);
    let add = ["sink", "add", "crm", "--url", &crm.url(), "--token-file", token.to_str().unwrap()];
    assert!(stage.fails(&add, 1).contains("--allow-private"));
    assert!(stage.prints(&[&add[..], &["--allow-private"]].concat()).contains("sink crm is told of days"));
    assert!(stage.prints(&["sink", "test"]).contains("the receiver answers"));

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let push = PushOptions {
        error_delay: Some(Duration::from_millis(50)),
        ..PushOptions::new(format!("http://{}", stage.terminals).parse().unwrap())
    };
    let options = RunOptions { push: Some(push), ..RunOptions::default() };
    let running = runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    wait_until("every punch to reach the hub", PATIENCE, || stage.punches() == count).unwrap();
    running.abort();
    stage.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
    let wanted = days(&stage);
    assert!(wanted.len() > 40, "{}", wanted.len());
    wait_until("every day to wait", PATIENCE, || sink(&stage)["waiting"] == wanted.len()).unwrap();
    assert!(crm.taken().is_empty(), "nothing is sent before its time");
    // A second receiver that never heard of them: what it would be told is shown, and it is not told.
    let other = ["sink", "add", "crm", "--name", "other", "--url", &crm.url(), "--token-file", token.to_str().unwrap()];
    stage.prints(&[&other[..], &["--allow-private"]].concat());
    let history = ["--json", "sync", "crm", "--sink", "other", "--from", "2026-01-01", "--dry-run"];
    let shown: Vec<Value> = serde_json::from_str(&stage.prints(&history)).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told: BTreeSet<_> =
        shown.iter().map(|row| (text(&row["body"]["user_id"]), text(&row["body"]["date"]))).collect();
    assert!(told.iter().eq(wanted.keys()), "{told:?}");
    assert_eq!((shown.len(), crm.taken().len()), (wanted.len(), 0));
    let sinks: Vec<Value> = serde_json::from_str(&stage.prints(&["--json", "sink", "list"])).unwrap();
    assert_eq!((&sinks[1]["name"], &sinks[1]["waiting"]), (&"other".into(), &0.into()));
    stage.prints(&["sink", "remove", "other", "--yes"]);

    // One person's days are refused for good; others meet trouble of each kind.
    let refused = wanted.keys().next().unwrap().0.clone();
    crm.refuse(Some(&format!("\"user_id\":\"{refused}\"")));
    crm.will([CrmFault::Status(500), CrmFault::LosesReply, CrmFault::Busy(0)]);
    run(&stage, "send");
    assert!(sink(&stage)["tried"].as_i64().unwrap() > 0, "{}", sink(&stage));
    run(&stage, "send");
    run(&stage, "retry");
    run(&stage, "retry");
    let of_refused = wanted.keys().filter(|(code, _)| *code == refused).count();
    let state = sink(&stage);
    assert_eq!((&state["failed"], &state["waiting"]), (&of_refused.into(), &0.into()), "{state}");
    assert_eq!(state["sent"], wanted.len() - of_refused, "{state}");
    let failed = stage.prints(&["sync", "status", "--state", "failed"]);
    assert!(failed.contains("refused: 422"), "{failed}");
    let doctor = String::from_utf8(stage.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("days failed for good"), "{doctor}");
    crm.refuse(None);
    stage.prints(&["sync", "crm", "--retry-failed"]);
    assert!(stage.prints(&["audit", "list"]).contains("sink.send"), "who asked for it");

    let check = || {
        let (has, wanted) = (received(&crm), days(&stage));
        assert_eq!(has.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>());
        for (key, (first, last)) in &wanted {
            let body = &has[key];
            for (name, time) in [("clock_in", first), ("clock_out", last)] {
                let told = body[name].as_str().map(|told| told.get(..16).unwrap().replace('T', " "));
                assert_eq!(told.unwrap_or_default(), time.get(..16).unwrap_or_default().replace('T', " "), "{key:?}");
            }
            assert_eq!(body["device_name"], "Door", "{body}");
        }
    };
    check();
    assert_eq!(crm.taken().len(), wanted.len(), "each day had one effect");

    // A correction changes a day: it is sent again with a higher revision, also when the server was killed meanwhile.
    let ((code, date), _) = wanted.last_key_value().unwrap();
    let late = format!("{date}T23:10:00+08:00");
    stage.prints(&["correct", "add-punch", code, &late, "--reason", "forgotten"]);
    wait_until("the day to wait", PATIENCE, || sink(&stage)["waiting"] == 1).unwrap();
    serving.kill_9().unwrap();
    let mut serving = testkit::Process::spawn(&mut command).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    // A token that is not taken any more pauses the sink.
    crm.want("another");
    run(&stage, "send");
    assert!(sink(&stage)["paused"].as_str().unwrap().contains("look at the token"));
    assert!(stage.fails(&["doctor"], 1).contains("bad"));
    crm.want(TOKEN);
    stage.prints(&["sink", "resume"]);
    run(&stage, "send");
    check();
    assert_eq!(crm.taken().len(), wanted.len() + 1);
    let metrics = metrics(&stage);
    for line in ["punchclock_sink_sent_total{sink=\"crm\"} 1", "punchclock_sink_waiting{sink=\"crm\"} 0"] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }

    // The token is nowhere in plain text but in the file that it came from.
    let database = std::fs::read(stage.data().join("hub.sqlite")).unwrap();
    assert!(!database.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes()));
    assert!(stage.prints(&["--json", "audit", "list"]).contains("sink.add"));
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}

#[test]
fn days_that_are_sent_by_hand_beside_a_server_that_sends_go_once_and_in_order() {
    let stage = stage();
    let crm = FakeCrm::start(TOKEN).unwrap();
    let token = stage.folder.path().join("crm.token");
    std::fs::write(&token, TOKEN).unwrap();
    let mut command = stage.serve_command();
    command.env("PUNCHCLOCK__JOBS__SEND", "off").env("PUNCHCLOCK__JOBS__RETRY", "off");
    let mut serving = testkit::Process::spawn(&mut command).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let add = ["sink", "add", "crm", "--url", &crm.url(), "--token-file", token.to_str().unwrap(), "--allow-private"];
    stage.prints(&add);
    let log = log_file(&stage, 3, "2026-01-05", "2026-01-30");
    let import = ["import", "attlog", log.to_str().unwrap(), "--serial", "A1", "--zone", "Asia/Manila"];
    stage.prints(&[&import[..], &["--create-employees"]].concat());
    let wanted = days(&stage).len();
    wait_until("every day to wait", PATIENCE, || sink(&stage)["waiting"] == wanted).unwrap();

    // The server is in the middle of it when two people send by hand as well, and then it is asked again.
    crm.take_time(Duration::from_millis(60));
    stage.prints(&["job", "run", "send"]);
    wait_until("the server to send", PATIENCE, || crm.calls() > 0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| stage.prints(&["sync", "crm"]));
        }
        scope.spawn(|| stage.prints(&["job", "run", "send"]));
    });
    assert!(crm.calls() >= wanted, "who sends by hand has waited for the server");
    // What the server was asked for last finds nothing, or has not begun.
    let is_idle = || {
        let shown = stage.prints(&["--json", "job", "list", "--kind", "deliver"]);
        serde_json::from_str::<Vec<Value>>(&shown).unwrap().iter().all(|job| job["state"] == "done")
    };
    wait_until("every delivery to end", PATIENCE, is_idle).unwrap();
    let state = sink(&stage);
    assert_eq!((&state["waiting"], &state["sent"]), (&0.into(), &wanted.into()), "{state}");
    assert_eq!((crm.calls(), crm.overtaken()), (wanted, 0), "no day went twice, and of nobody two at a time");
    // All the way round: by hand first, and the server waits.
    stage.prints(&["sync", "crm", "--from", "2026-01-01", "--force", "--limit", "1"]);
    let by_hand = std::thread::scope(|scope| {
        let by_hand = scope.spawn(|| stage.prints(&["--json", "sync", "crm"]));
        wait_until("the delivery by hand", PATIENCE, || crm.calls() > wanted + 1).unwrap();
        run(&stage, "send");
        by_hand.join().unwrap()
    });
    assert_eq!(serde_json::from_str::<Value>(&by_hand).unwrap()["sent"], wanted - 1, "{by_hand}");
    assert_eq!((crm.calls(), crm.overtaken()), (2 * wanted, 0));
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}
