//! A branch to Odoo: punches that an edge hears twice, by push and by poll, go over a line that is cut, become days, and each pair of
//! them one attendance, whatever fails on the way there.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::DateTime;
use serde_json::Value;
use simulator::push::PushOptions;
use simulator::{LogFile, Pace, RunOptions, Terminal, ZkServer};
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{BadLine, FakeOdoo, OdooFault, OdooVersion, Process, wait_until};

const KEY: &str = "odoo-k3y-5ecret";
const ZONE: &str = "Asia/Manila";

fn json(stage: &Stage, arguments: &[&str]) -> Vec<Value> {
    serde_json::from_str(&stage.prints(&[&["--json"], arguments].concat())).unwrap()
}

fn sink(stage: &Stage, name: &str) -> Value {
    json(stage, &["sink", "list"]).into_iter().find(|row| row["name"] == name).unwrap()
}

/// The attendances that the hub's days are, naive UTC: whose, from and to.
fn wanted(stage: &Stage) -> BTreeSet<(String, String, String)> {
    let utc = |local: &str| {
        let text = local.get(..16)?.replace('T', " ");
        let civil = DateTime::strptime("%Y-%m-%d %H:%M", text).unwrap();
        Some(civil.in_tz(ZONE).unwrap().timestamp().strftime("%Y-%m-%d %H:%M:%S").to_string())
    };
    let table = stage.prints(&["export", "days"]);
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let [code, first, last] =
        ["employee", "first_in", "last_out"].map(|name| header.iter().position(|column| *column == name).unwrap());
    let row = |day: Vec<&str>| {
        let (from, to) = (utc(day[first]), utc(day[last]));
        Some((day[code].to_owned(), from.clone().or(to.clone())?, to.or(from)?))
    };
    lines.filter_map(row).collect()
}

fn has(odoo: &FakeOdoo) -> BTreeSet<(String, String, String)> {
    let rows = odoo.attendances();
    let set: BTreeSet<_> =
        rows.iter().map(|row| (row.barcode.clone(), row.check_in.clone(), row.check_out.clone())).collect();
    assert_eq!(set.len(), rows.len(), "no attendance is there twice");
    set
}

/// A hub, an edge apart from it behind a bad line, and a terminal that it hears by push and by poll, with a log.
struct Branch {
    office: Stage,
    site: Stage,
    hub: Process,
    edge: Process,
    line: BadLine,
}

fn hub_of(office: &Stage) -> Process {
    let mut command = office.command(&["hub", "--listen", &office.pages.to_string()]);
    // The test says when.
    command.env("PUNCHCLOCK__JOBS__SEND", "off").env("PUNCHCLOCK__JOBS__RETRY", "off");
    let mut hub = Process::spawn(&mut command).unwrap();
    hub.wait_for_line("pages: http://", PATIENCE).unwrap();
    hub
}

fn branch_with_punches() -> Branch {
    let (site, office) = (stage(), stage());
    let log = log_file(&site, 6, "2026-01-05", "2026-01-18");
    let file = LogFile::parse(&std::fs::read(&log).unwrap());
    let count = file.records.len();
    let terminal = Terminal::builder("SIM1").awaited(file.records).build();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(ZkServer::bind(terminal.clone(), "127.0.0.1:0")).unwrap();
    let address = server.local_addr().unwrap().to_string();
    let add = ["terminal", "add", "Door", "--serial", "SIM1", "--zone", ZONE, "--address", &address, "--via", "both"];
    office.prints(&add);
    let token = site.folder.path().join("token");
    std::fs::write(&token, office.prints(&["token", "create", "branch", "--kind", "edge"])).unwrap();

    let mut hub = hub_of(&office);
    let line = BadLine::to(office.pages, 3).unwrap();
    let (to, adms) = (format!("http://{}", line.address()), site.terminals.to_string());
    let mut arguments =
        vec!["edge", "run", "--hub", &to, "--token-file", token.to_str().unwrap(), "--adms-listen", &adms];
    arguments.extend(["--status-listen", "127.0.0.1:0"]);
    let mut edge = Process::spawn(&mut site.command(&arguments)).unwrap();
    edge.wait_for_line("board and health: http://", PATIENCE).unwrap();

    let push = PushOptions {
        batch_lines: 5,
        error_delay: Some(Duration::from_millis(20)),
        ..PushOptions::new(format!("http://{}", site.terminals).parse().unwrap())
    };
    let options =
        RunOptions { zk: Some(server), push: Some(push), pace: Pace::PerSecond(300.0), ..RunOptions::default() };
    runtime.spawn(simulator::run(terminal.clone(), options, std::future::pending()));
    // The line is gone for a while, and the edge goes on taking punches.
    let acknowledged = || terminal.progress().borrow().acknowledged;
    wait_until("the first uploads", PATIENCE, || acknowledged() > count / 4).unwrap();
    hub.kill_9().unwrap();
    let before = acknowledged();
    wait_until("uploads without a hub", PATIENCE, || acknowledged() > before + 10).unwrap();
    hub = hub_of(&office);
    wait_until("the terminal to be told OK for all", PATIENCE, || acknowledged() >= count).unwrap();
    wait_until("every punch to reach the hub", 2 * PATIENCE, || office.punches() >= count).unwrap();
    let again = office.prints(&["terminal", "poll", "Door"]);
    assert!(again.contains(&format!("read {count}, stored 0, known {count}, held 0")), "{again}");
    office.holds_each_once(&log);
    office.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
    runtime.shutdown_background();
    Branch { office, site, hub, edge, line }
}

#[test]
fn punches_that_come_twice_over_a_line_that_is_cut_are_in_odoo_once_whatever_fails() {
    let mut branch = branch_with_punches();
    let office = &branch.office;
    let days = wanted(office);
    assert!(days.len() > 40, "{}", days.len());
    let codes: BTreeSet<&str> = days.iter().map(|(code, ..)| code.as_str()).collect();
    for (name, version) in [("odoo", OdooVersion::V18), ("odoo-19", OdooVersion::V19Json2)] {
        story(office, name, version, &codes);
    }
    let database = std::fs::read(office.data().join("hub.sqlite")).unwrap();
    assert!(!database.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "the key is sealed");
    for process in [&mut branch.edge, &mut branch.hub] {
        process.terminate().unwrap();
        assert!(process.wait(PATIENCE).unwrap().success());
    }
    drop((branch.site, branch.line));
}

fn story(office: &Stage, name: &str, version: OdooVersion, codes: &BTreeSet<&str>) {
    let odoo = FakeOdoo::start(version, KEY).unwrap();
    let missing = *codes.first().unwrap();
    let ids: BTreeMap<&str, i64> = codes.iter().skip(1).map(|code| (*code, odoo.employs(code))).collect();
    let key = office.folder.path().join("odoo.key");
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    let (url, key) = (odoo.url(), key.to_str().unwrap().to_owned());
    let add =
        ["sink", "add", "odoo", "--name", name, "--url", &url, "--db-name", "db", "--user", "sync", "--key-file", &key];
    assert!(office.fails(&add, 1).contains("--allow-private"));
    let added = office.prints(&[&add[..], &["--allow-private"]].concat());
    assert!(added.contains(&format!("`punchclock sync odoo --from DATE --sink {name}`")), "{added}");
    let told = office.prints(&["sink", "test", name]);
    assert!(told.contains("attendances may be added"), "{told}");

    let sync = |more: &[&str]| office.run(&[&["sync", "odoo", "--sink", name], more].concat());
    // `doctor` reads the clock.
    #[allow(clippy::disallowed_methods)]
    let soon = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(10 * 24 - 1)).unwrap();
    odoo.ends_keys(&soon.strftime("%Y-%m-%d %H:%M:%S").to_string());
    // Somebody has entered one by hand that a day is about to overlap; one employee is not in Odoo; replies are lost.
    let (code, from, to) = wanted(office).into_iter().rfind(|(_, from, to)| from < to).unwrap();
    let by_hand = odoo.has(ids[code.as_str()], &from, &to.replace(":00", ":30")).unwrap();
    // What a dry run shows of days that nobody was told of yet is what is entered later, and nothing comes of the look itself.
    let shown = json(office, &["sync", "odoo", "--sink", name, "--from", "2026-01-01", "--dry-run"]);
    let steps = |row: &Value| (row["body"]["employee"].as_str().unwrap().to_owned(), row["body"]["steps"].to_string());
    let shown_steps: BTreeSet<_> = shown.iter().map(steps).collect();
    for day in wanted(office).iter().filter(|day| day.0 != missing && **day != (code.clone(), from.clone(), to.clone()))
    {
        let step = (day.0.clone(), format!("[\"create {} to {} UTC\"]", day.1, day.2));
        assert!(shown_steps.contains(&step), "{step:?}: {shown_steps:?}");
    }
    let in_the_way = |words: &str| shown.iter().any(|row| row["body"]["in the way"].as_str().unwrap().contains(words));
    assert!(in_the_way("is not ours") && in_the_way(&format!("no employee in Odoo has `{missing}`")));
    assert_eq!((odoo.attendances().len(), sink(office, name)["waiting"].as_i64()), (1, Some(0)));
    odoo.will([("load", OdooFault::LosesReply), ("load", OdooFault::Killed), ("load", OdooFault::CutsReply)]);
    let first = sync(&["--from", "2026-01-01"]);
    assert_eq!(first.status.code(), Some(1), "some were refused");
    sync(&["--retry-failed"]);
    assert!(odoo.has_failed_as_told());
    let doctor = String::from_utf8(office.run(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("API key `punchclock` of its user ends in 9 days"), "{doctor}");
    let state = sink(office, name);
    let of_missing = wanted(office).iter().filter(|(code, ..)| code == missing).count();
    assert_eq!(state["sent"], wanted(office).len() - of_missing - 1, "{state}");
    let rows = json(office, &["sync", "status", "--sink", name, "--state", "waiting"]);
    let parked: Vec<&str> = rows.iter().map(|row| row["receipt"].as_str().unwrap()).collect();
    assert_eq!(parked.len(), of_missing + 1, "{parked:?}");
    assert!(parked.iter().any(|says| says.contains(&format!("attendance {by_hand} ")) && says.contains("is not ours")));
    assert!(parked.iter().any(|says| says.contains(&format!("no employee in Odoo has `{missing}`"))));

    // A dry run shows what would be done; cured, it is.
    let plan = office.prints(&["sync", "odoo", "--sink", name, "--retry-failed", "--dry-run"]);
    assert!(plan.contains("is not ours"), "{plan}");
    odoo.loses(by_hand);
    odoo.employs(missing);
    let plan = office.prints(&["sync", "odoo", "--sink", name, "--retry-failed", "--dry-run"]);
    assert!(plan.contains(&format!("create {from} to {to} UTC")), "{plan}");
    assert!(sync(&["--retry-failed"]).status.success());
    assert_eq!(has(&odoo), wanted(office));

    // A correction moves a row, and its withdrawal moves it back; a day that only seems to have changed is not sent.
    let ours = odoo.attendances().into_iter().find(|row| row.check_in == from && row.barcode == code).unwrap();
    let at = DateTime::strptime("%Y-%m-%d %H:%M:%S", &to).unwrap().in_tz("UTC").unwrap();
    let later = at.checked_add(jiff::Span::new().minutes(20)).unwrap().timestamp().to_string();
    let said = office.prints(&["correct", "add-punch", &code, &later, "--reason", "left later"]);
    assert!(sync(&[]).status.success(), "{said}");
    let moved = odoo.attendances().into_iter().find(|row| row.id == ours.id).unwrap();
    assert!(moved.check_out > ours.check_out, "{moved:?}");
    assert_eq!(has(&odoo), wanted(office));
    let _ = odoo.calls();
    assert!(sync(&["--from", "2026-01-01"]).status.success());
    assert!(!odoo.calls().iter().any(|call| call.contains("load") || call.contains("write")));

    // An API key that ended pauses the sink; with a new one it goes on with what waits.
    odoo.expires_key();
    let later = at.checked_add(jiff::Span::new().minutes(40)).unwrap().timestamp().to_string();
    office.prints(&["correct", "add-punch", &code, &later, "--reason", "left even later"]);
    let ended = String::from_utf8(sync(&[]).stderr).unwrap();
    assert!(ended.contains("make a new one") && !ended.contains(KEY), "{ended}");
    assert!(sink(office, name)["paused"].as_str().unwrap().contains("make a new one"));
    odoo.gives_key("another-key");
    std::fs::write(&key, "another-key").unwrap();
    office.prints(&[&add[..], &["--allow-private"]].concat());
    assert!(sync(&[]).status.success());
    assert_eq!(has(&odoo), wanted(office));
    assert_eq!((sink(office, name)["waiting"].as_i64(), odoo.doubled()), (Some(0), 0));
    office.prints(&["sink", "remove", name, "--yes"]);
}

#[test]
fn a_break_that_moves_and_leaves_the_day_as_it_was_moves_the_attendances() {
    let office = stage();
    std::fs::write(office.folder.path().join("alternate.toml"), "[punch]\npairing = \"alternate\"").unwrap();
    office.prints(&["company", "set", "alternate.toml", "--from", "beginning"]);
    let lines = ["08:00", "12:01", "12:55", "18:00"].map(|time| format!("7\t2026-01-05 {time}:00\t1\t0\t1\t0\n"));
    let log = office.folder.path().join("1_attlog.dat");
    std::fs::write(&log, lines.concat()).unwrap();
    let import = ["import", "attlog", log.to_str().unwrap(), "--serial", "A1", "--zone", ZONE, "--create-employees"];
    office.prints(&import);
    let odoo = FakeOdoo::start(OdooVersion::V18, KEY).unwrap();
    odoo.employs("7");
    let key = office.folder.path().join("odoo.key");
    std::fs::write(&key, KEY).unwrap();
    let (url, key) = (odoo.url(), key.to_str().unwrap().to_owned());
    let add = ["sink", "add", "odoo", "--url", &url, "--db-name", "db", "--user", "sync", "--key-file", &key];
    office.prints(&[&add[..], &["--allow-private"]].concat());
    office.prints(&["sync", "odoo", "--from", "2026-01-05", "--to", "2026-01-05"]);
    let times = |from: &str, to: &str| ("7".to_owned(), format!("2026-01-05 {from}"), format!("2026-01-05 {to}"));
    assert_eq!(has(&odoo), BTreeSet::from([times("00:00:00", "04:01:00"), times("04:55:00", "10:00:00")]));

    // They went five minutes later, and came back five minutes later.
    let day = office.prints(&["export", "days"]);
    for (was, is) in [("12:01", "12:06"), ("12:55", "13:00")] {
        let punches = office.prints(&["export", "punches"]);
        let place = punches.lines().next().unwrap().split(',').position(|name| name == "fingerprint").unwrap();
        let line = punches.lines().find(|line| line.contains(&format!("2026-01-05 {was}:00"))).unwrap();
        let punch = line.split(',').nth(place).unwrap();
        let at = format!("2026-01-05T{is}:00+08:00");
        office.prints(&["correct", "void", "7", punch, "--reason", "wrong clock"]);
        office.prints(&["correct", "add-punch", "7", &at, "--reason", "by the camera"]);
    }
    assert!(office.prints(&["sync", "odoo"]).starts_with("1 sent"));
    assert_eq!(office.prints(&["export", "days"]), day, "the day is as it was");
    assert_eq!(has(&odoo), BTreeSet::from([times("00:00:00", "04:06:00"), times("05:00:00", "10:00:00")]));
    assert!(office.prints(&["sync", "odoo"]).starts_with("0 sent"));
}
