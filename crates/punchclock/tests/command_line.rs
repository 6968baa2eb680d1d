//! The command line as scripts and people meet it: exit codes, errors with a cure, the same folder beside a server.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use stage::{PATIENCE, log_file, stage};
use testkit::wait_until;

#[test]
fn errors_say_what_happened_to_which_thing_and_what_to_do() {
    let stage = stage();
    let missing = stage.fails(&["export", "days"], 1);
    assert!(missing.starts_with("punchclock: there is no database") && missing.contains("--data"), "{missing}");
    assert!(stage.fails(&["export", "wages"], 2).contains("invalid value 'wages'"));
    let zone = stage.fails(&["import", "attlog", "Cargo.toml", "--serial", "A1", "--zone", "Manila"], 1);
    assert!(zone.contains("Cargo.toml can't be read"), "{zone}");
    std::fs::write(stage.folder.path().join("log.dat"), "1\t2026-01-05 08:00:00\t1\t0\t1\t0\n").unwrap();
    let zone = stage.fails(&["import", "attlog", "log.dat", "--serial", "A1", "--zone", "Manila"], 1);
    assert!(zone.contains("`Manila` is no time zone") && zone.contains("Asia/Manila"), "{zone}");
    let unknown = stage.fails(&["terminal", "approve", "X"], 1);
    assert!(unknown.contains("no terminal X") && unknown.contains("terminal list"), "{unknown}");
    let closed = stage.fails(&["terminal", "info", &stage::free_address().to_string()], 1);
    assert!(closed.contains("refused") || closed.contains("connect"), "{closed}");
}

#[test]
fn a_change_beside_a_running_server_acts_at_once() {
    let stage = stage();
    let log = log_file(&stage, 4, "2026-01-05", "2026-01-18");
    let mut serving = stage.serve();
    let log = log.to_str().unwrap();
    let counts = stage.prints(&["--json", "import", "attlog", log, "--serial", "S1", "--zone", "Asia/Manila"]);
    let counts: serde_json::Value = serde_json::from_str(&counts).unwrap();
    assert_eq!(counts["read"], counts["held"]);
    stage.prints(&["held", "cure", "--all-numbers", "--create-employees"]);
    assert_eq!(stage.prints(&["held", "list"]), "nothing is held\n");
    assert!(stage.prints(&["export", "days"]).lines().count() > 20);
    // The first administrator makes the set-up page go away, without a restart.
    let file = stage.folder.path().join("password");
    std::fs::write(&file, "correct horse battery\n").unwrap();
    stage.prints(&["user", "add", "ann", "--role", "admin", "--password-file", file.to_str().unwrap()]);
    assert!(stage.prints(&["user", "list"]).contains("ann"));
    let doctor = || {
        let output =
            stage.command(&["doctor"]).env("PUNCHCLOCK__HUB__LISTEN", stage.pages.to_string()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    wait_until("the doctor to find the edge's sign of life", PATIENCE, || doctor().contains("edge edge")).unwrap();
    stage.prints(&["job", "run", "clean-up"]);
    let told = doctor();
    assert!(told.contains(&format!("answers at http://{}", stage.pages)), "{told}");
    // The time of the look is that of a clock on the wall, with its zone.
    let twins = told.lines().find(|line| line.contains("0 twins among")).unwrap_or_default();
    assert!(twins.ends_with(" +08:00") && !twins.contains('.'), "{told}");
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}

#[test]
fn a_clock_that_was_wrong_is_shifted_shown_and_taken_back() {
    let stage = stage();
    let lines =
        "1\t2000-01-01 00:12:00\t1\t0\t1\t0\n1\t2000-01-01 09:12:00\t1\t1\t1\t0\n1\t2026-01-06 08:00:00\t1\t0\t1\t0\n";
    std::fs::write(stage.folder.path().join("log.dat"), lines).unwrap();
    let import = ["import", "attlog", "log.dat", "--serial", "A1", "--zone", "Asia/Manila", "--create-employees"];
    stage.prints(&import);
    assert!(stage.prints(&["held", "list"]).contains("punchclock terminal shift"));
    let days = stage.prints(&["export", "days"]);
    let shift = |more: &[&str]| {
        let from_to = ["--from", "2000-01-01 00:00:00", "--to", "2000-01-02 00:00:00"];
        let all = [&["terminal", "shift", "A1"][..], &from_to, &["--by", "26y 4d 7h 48m", "--reason", "battery"], more];
        stage.prints(&all.concat())
    };
    let told = shift(&["--dry-run"]);
    assert!(told.contains("+9501d 7h 48m: 2 punches would move, on 1 days; 0 of them would be held"), "{told}");
    assert_eq!(stage.prints(&["export", "days"]), days);
    let told = shift(&[]);
    assert!(told.contains("2 punches moved, 0 of them are held"), "{told}");
    assert!(shift(&[]).contains("that is in force already"));
    assert_eq!(stage.prints(&["held", "list"]), "nothing is held\n");
    assert!(stage.prints(&["export", "days"]).contains("2026-01-05"));
    let overlapping = ["terminal", "shift", "A1", "--from", "2000-01-01 09:00:00", "--to", "2000-01-03 00:00:00"];
    let refused = stage.fails(&[&overlapping[..], &["--by=-1h", "--reason", "again"]].concat(), 1);
    assert!(
        refused.contains("already: printed 2000-01-01 00:00:00 to") && refused.contains("fact withdraw 1"),
        "{refused}"
    );
    let facts = stage.prints(&["fact", "list", "clock-shift"]);
    assert!(facts.contains("terminal A1") && facts.contains("+9501d 7h 48m") && facts.contains("battery"), "{facts}");
    stage.prints(&["fact", "withdraw", "1", "--reason", "it was another one"]);
    assert_eq!(stage.prints(&["export", "days"]), days);
}

#[test]
fn a_site_is_removed_once_its_terminal_has_left_it() {
    let stage = stage();
    std::fs::write(stage.folder.path().join("log.dat"), "1\t2026-01-05 08:00:00\t1\t0\t1\t0\n").unwrap();
    stage.prints(&["import", "attlog", "log.dat", "--serial", "A1", "--zone", "Asia/Manila", "--create-employees"]);
    std::fs::write(stage.folder.path().join("sites.csv"), "code,terminals\nCEBU,A1\n").unwrap();
    std::fs::write(stage.folder.path().join("departments.csv"), "code\nHR\n").unwrap();
    stage.prints(&["import", "csv", "sites.csv", "--kind", "sites"]);
    stage.prints(&["import", "csv", "departments.csv", "--kind", "departments"]);
    let refused = stage.fails(&["site", "remove", "CEBU"], 1);
    assert!(refused.contains("has terminals A1") && refused.contains("punchclock site leave"), "{refused}");
    let left = stage.prints(&["site", "leave", "A1", "--from", "2026-01-05"]);
    assert_eq!(left, "terminal A1 is at no site from 2026-01-05 on\n");
    assert!(stage.prints(&["export", "sites"]).contains("CEBU,,,A1@..2026-01-04"));
    assert_eq!(stage.prints(&["site", "remove", "CEBU"]), "site CEBU is removed\n");
    assert_eq!(stage.prints(&["department", "remove", "HR"]), "department HR is removed\n");
    assert!(stage.prints(&["audit", "list"]).contains("site.remove"));
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let stage = stage();
    let mut serving = stage.serve();
    let second = stage.fails(&["serve", "--listen", "127.0.0.1:0", "--adms-listen", "127.0.0.1:0"], 1);
    assert!(second.contains("another punchclock serves the folder"), "{second}");
    serving.kill_9().unwrap();
    stage.serve();
}

#[test]
fn settings_tell_where_they_come_from() {
    let stage = stage();
    std::fs::create_dir(stage.data()).unwrap();
    std::fs::write(stage.data().join("punchclock.toml"), "[terminals]\npoll_minutes = 5\n").unwrap();
    let shown = stage.prints(&["config", "show", "--origin"]);
    let line = shown.lines().find(|line| line.contains("terminals.poll_minutes")).unwrap();
    assert!(line.contains('5') && line.contains("punchclock.toml"), "{line}");
    assert_eq!(stage.prints(&["config", "check"]), "the settings are valid\n");
    std::fs::write(stage.data().join("punchclock.toml"), "[terminals]\npoll_minutes = 0\n").unwrap();
    let wrong = stage.fails(&["config", "check"], 1);
    assert!(wrong.contains("terminals.poll_minutes is `0`") && wrong.contains("1 to 100000"), "{wrong}");
}

#[test]
fn a_policy_is_set_from_a_date_shown_and_withdrawn() {
    let stage = stage();
    let log = log_file(&stage, 3, "2026-01-05", "2026-01-18");
    let log = log.to_str().unwrap();
    stage.prints(&["import", "attlog", log, "--serial", "S1", "--zone", "Asia/Manila", "--create-employees"]);
    std::fs::write(stage.folder.path().join("strict.toml"), "[checks.max_day]\nmax = 600\n[grace]\nin = 1\n").unwrap();
    let tried = stage.prints(&["rules", "try", "strict.toml", "--from", "2026-01-12", "--to", "2026-01-18"]);
    assert!(tried.contains("nothing was changed"), "{tried}");
    let set = stage.prints(&["company", "set", "strict.toml", "--from", "2026-01-12"]);
    assert!(set.starts_with("the policy holds from 2026-01-12; "), "{set}");
    let shown: serde_json::Value = serde_json::from_str(&stage.prints(&["company", "show"])).unwrap();
    assert_eq!(shown["policies"][0]["from"], serde_json::Value::Null);
    assert_eq!(shown["policies"][1]["from"], "2026-01-12");
    assert_eq!(shown["policies"][1]["checks"]["max_day"]["max"], 600);
    // What is shown can be set.
    std::fs::write(stage.folder.path().join("company.json"), shown.to_string()).unwrap();
    stage.prints(&["company", "set", "company.json"]);
    std::fs::write(stage.folder.path().join("wrong.toml"), "[grace]\ninn = 1\n").unwrap();
    let wrong = stage.fails(&["company", "set", "wrong.toml", "--from", "2026-02-01"], 1);
    assert!(wrong.contains("wrong.toml") && wrong.contains("`grace.inn` is no setting"), "{wrong}");
    let withdrawn = stage.prints(&["company", "withdraw-policy", "2026-01-12"]);
    assert!(withdrawn.starts_with("the policy from 2026-01-12 is withdrawn"), "{withdrawn}");
    assert!(stage.fails(&["company", "withdraw-policy", "2026-01-12"], 1).contains("company show"));
}

#[test]
fn a_preset_is_printed_set_and_tried() {
    let stage = stage();
    let listed = stage.prints(&["rules", "preset"]);
    assert!(listed.contains("PH_PRIVATE") && listed.contains("PH_CSC_DBM"), "{listed}");
    std::fs::write(stage.folder.path().join("mine.toml"), stage.prints(&["rules", "preset", "PH_PRIVATE"])).unwrap();
    assert!(stage.fails(&["company", "set", "mine.toml"], 1).contains("--from beginning"));
    stage.prints(&["company", "set", "mine.toml", "--from", "beginning"]);
    let shown: serde_json::Value = serde_json::from_str(&stage.prints(&["company", "show"])).unwrap();
    assert_eq!(shown["policies"][0]["policy"]["pay_rules"][0]["code"], "RHOT");
    stage.prints(&["company", "set", "--bank", "EU_TOIL"]);
    let bank: serde_json::Value = serde_json::from_str(&stage.prints(&["rules", "preset", "EU_TOIL"])).unwrap();
    let company: serde_json::Value = serde_json::from_str(&stage.prints(&["company", "show"])).unwrap();
    assert_eq!(company["bank"], bank["policy"]);
    let schema: serde_json::Value = serde_json::from_str(&stage.prints(&["rules", "schema"])).unwrap();
    assert!(schema["properties"]["grace"].is_object());
    assert!(stage.fails(&["rules", "preset", "PH"], 1).contains("`punchclock rules preset` lists them"));
}

#[test]
fn a_plan_is_generated_twice_shown_and_compared_with_what_was_covered() {
    let stage = stage();
    let log = log_file(&stage, 3, "2026-01-05", "2026-01-18");
    let log = log.to_str().unwrap();
    stage.prints(&["import", "attlog", log, "--serial", "S1", "--zone", "Asia/Manila", "--create-employees"]);
    let dates = ["--from", "2026-01-05", "--to", "2026-01-11"];
    let with = |command: &[&str], options: &[&str]| stage.prints(&[command, &dates[..], options].concat());
    let generate = ["plan", "generate"];
    let first = with(&generate, &[]);
    assert!(first.ends_with("21 days of 3 employees: 21 new, 0 changed, 0 unchanged, 0 removed\n"), "{first}");
    let second = with(&generate, &[]);
    assert!(second.ends_with("0 new, 0 changed, 21 unchanged, 0 removed\n"), "{second}");
    let report: serde_json::Value = serde_json::from_str(&with(&["--json", "plan", "generate"], &[])).unwrap();
    assert_eq!((&report["total"]["planned"], &report["total"]["off"]), (&15.into(), &6.into()));
    let shown = with(&["plan", "show"], &["--csv"]);
    assert!(shown.starts_with("employee,name,date,kind,shift,start,end,scheduled_minutes,"), "{shown}");
    assert_eq!(shown.lines().count(), 1 + 21);
    assert!(
        shown.contains(",2026-01-05,workday,DEFAULT,2026-01-05 08:00 +08:00,2026-01-05 18:00 +08:00,540,0,0,540,"),
        "{shown}"
    );
    assert!(stage.prints(&["plan", "show", "--from", "2027-01-01"]).contains("plan generate"));

    std::fs::write(stage.folder.path().join("checks.toml"), "[checks.max_day]\nmax = 60\n").unwrap();
    stage.prints(&["company", "set", "checks.toml", "--from", "2026-01-06"]);
    let table = with(&["compliance"], &[]);
    assert!(table.contains("max_day") && table.contains(", limit 60"), "{table}");
    let days = with(&["compliance"], &["--days", "--csv"]);
    assert!(days.starts_with("employee,name,date,class,planned_minutes,covered_minutes,"), "{days}");
    assert!(
        days.lines().skip(1).filter(|line| line.contains("2026-01-05")).all(|line| !line.contains("max_day")),
        "{days}"
    );
    let people: serde_json::Value = serde_json::from_str(&with(&["--json", "compliance"], &["--days"])).unwrap();
    let planned: i64 =
        people[0]["days"].as_array().unwrap().iter().map(|day| day["planned_minutes"].as_i64().unwrap()).sum();
    assert_eq!(people[0]["period"]["planned_minutes"], planned);
    assert!(
        stage.fails(&["compliance", "--from", "2026-02-01", "--to", "2026-01-01"], 1).contains("turn the dates round")
    );
}

#[test]
fn the_log_is_text_or_json_and_goes_to_a_file_a_day_of_which_some_are_kept() {
    let stage = stage();
    let folder = stage.folder.path().join("log");
    std::fs::create_dir(&folder).unwrap();
    for day in 1..=5 {
        std::fs::write(folder.join(format!("punchclock.2020-01-0{day}.log")), "old").unwrap();
    }
    std::fs::write(folder.join("other.2020-01-01.log"), "not ours").unwrap();
    let mut command = stage.serve_command();
    command
        .env("PUNCHCLOCK__LOG__FORMAT", "json")
        .env("PUNCHCLOCK__LOG__FILE", folder.join("punchclock.log"))
        .env("PUNCHCLOCK__LOG__KEEP_DAYS", "3");
    let mut serving = testkit::Process::spawn(&mut command).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());

    let names = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    let [other, .., today] = names.as_slice() else { panic!("{names:?}") };
    assert_eq!((names.len(), other.as_str()), (4, "other.2020-01-01.log"), "{names:?}");
    let text = std::fs::read_to_string(folder.join(today)).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let started = lines.iter().find(|line| line["message"] == "the edge is running").unwrap();
    assert_eq!(
        (&started["level"], &started["target"], &started["edge"]),
        (&"INFO".into(), &"edge::edge".into(), &"edge".into())
    );
    assert!(started["timestamp"].as_str().unwrap().ends_with('Z'), "{started}");

    let wrong = stage.command(&["config", "check"]).env("PUNCHCLOCK__LOG__FORMAT", "xml").output().unwrap();
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("it must be `text` or `json`"));
}

#[test]
fn payroll_is_written_in_a_providers_layout_and_stands_in_the_audit_trail_with_its_digest() {
    let stage = stage();
    let log = log_file(&stage, 3, "2026-01-05", "2026-01-18");
    let log = log.to_str().unwrap();
    stage.prints(&["import", "attlog", log, "--serial", "S1", "--zone", "Asia/Manila", "--create-employees"]);
    let range = ["--from", "2026-01-05", "--to", "2026-01-16"];
    let payroll = |more: &[&str]| stage.prints(&[&["export", "payroll"], &range[..], more].concat());
    let lines = payroll(&["--preset", "csv"]);
    assert!(lines.starts_with("employee,name,department,date,corrects,code,hours,minutes\n"), "{lines}");
    assert_eq!(lines, payroll(&["--preset", "csv"]), "the same days give the same bytes");
    let adp = stage.fails(&[&["export", "payroll", "--preset", "adp"], &range[..]].concat(), 1);
    assert!(adp.contains("`company` is empty") && adp.contains("--set company="), "{adp}");
    let adp = payroll(&["--preset", "adp", "--set", "company=ABC"]);
    assert!(adp.starts_with("Co Code,Batch ID,File #,") && adp.contains("\r\nABC,PUNCHCLK,"), "{adp}");
    let json: serde_json::Value = serde_json::from_str(&payroll(&["--preset", "csv", "--format", "json"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), lines.lines().count() - 1);
    assert!(json[0]["minutes"].is_number());
    let days = stage.prints(&["export", "days", "--format", "json"]);
    let days: serde_json::Value = serde_json::from_str(&days).unwrap();
    assert_eq!(days.as_array().unwrap().len(), stage.prints(&["export", "days"]).lines().count() - 1);
    let book = stage.folder.path().join("payroll.xlsx");
    payroll(&["--format", "xlsx", "--out", book.to_str().unwrap()]);
    assert!(std::fs::read(&book).unwrap().starts_with(b"PK"));

    // A layout of one's own is a file; what it has no place for is named.
    let own = stage.folder.path().join("own.toml");
    let column =
        "[[columns]]\ntitle = \"Person\"\nfield = \"employee\"\n[[columns]]\ntitle = \"H\"\nfield = \"hours\"\n";
    std::fs::write(&own, column).unwrap();
    let own = own.to_str().unwrap();
    let error = stage.fails(&[&["export", "payroll", "--preset", own], &range[..]].concat(), 1);
    assert!(error.contains("no place for pay codes") && error.contains("REG"), "{error}");

    let sample = stage.folder.path().join("sample.csv");
    std::fs::write(&sample, &adp).unwrap();
    let sample = sample.to_str().unwrap();
    assert!(stage.prints(&["payroll", "check", sample, "--preset", "adp"]).contains("is as `adp` writes it"));
    let other = stage.command(&["payroll", "check", sample, "--preset", "paychex"]).output().unwrap();
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stdout).contains("column `Worker ID` of the layout is not in the sample"));
    assert!(stage.prints(&["payroll", "preset", "show", "gusto"]).contains("regular_hours"));

    let digest = "blake3 ";
    let audit = stage.prints(&["audit", "list"]);
    let exports: Vec<&str> = audit.lines().filter(|line| line.contains("payroll.export")).collect();
    assert_eq!(exports.len(), 5, "{audit}");
    assert!(exports.iter().all(|line| line.contains(digest)), "{audit}");
}

#[test]
fn a_time_sheet_is_written_as_a_page_that_prints_or_as_data() {
    let stage = stage();
    let log = log_file(&stage, 1, "2026-01-05", "2026-01-18");
    let log = log.to_str().unwrap();
    stage.prints(&["import", "attlog", log, "--serial", "S1", "--zone", "Asia/Manila", "--create-employees"]);
    let days = stage.prints(&["export", "days"]);
    let code = days.lines().nth(1).and_then(|line| line.split(',').next()).unwrap();
    let sheet = |more: &[&str]| stage.prints(&[&["export", "sheet", code, "--month", "2026-01"], more].concat());
    let page = sheet(&[]);
    assert!(page.starts_with("<!doctype html>") && page.contains("January 2026") && page.contains("@page"), "{page}");
    assert!(sheet(&["--layout", "form48"]).contains("Civil Service Form No. 48"));
    assert_eq!(sheet(&["--format", "csv"]).lines().count(), 32, "a title and 31 dates");
    let form = sheet(&["--layout", "form48", "--format", "csv"]);
    assert!(
        form.starts_with("employee,date,am_arrival,am_departure,pm_arrival,pm_departure,undertime_minutes,remark\n")
    );
    let json: serde_json::Value = serde_json::from_str(&sheet(&["--format", "json"])).unwrap();
    assert_eq!((json["employee"].as_str(), json["days"].as_array().unwrap().len()), (Some(code), 31));
    assert!(stage.fails(&["export", "sheet", code], 2).contains("--month"));
    assert!(stage.fails(&["export", "sheet", code, "--month", "2026-13"], 2).contains("2026-03"));
    let mixed = stage.fails(&["export", "days", "--format", "html"], 1);
    assert!(mixed.contains("html is there of `export sheet` only"), "{mixed}");
}

#[test]
fn a_layout_of_ones_own_is_saved_and_used_by_its_name_wherever_a_preset_is() {
    let stage = stage();
    let log = log_file(&stage, 3, "2026-01-05", "2026-01-18");
    let log = log.to_str().unwrap();
    stage.prints(&["import", "attlog", log, "--serial", "S1", "--zone", "Asia/Manila", "--create-employees"]);
    assert!(stage.prints(&["payroll", "layout", "list"]).contains("no layout is saved"));
    assert!(stage.prints(&["payroll", "layout", "save", "ours", "--from-preset", "csv"]).contains("`--preset ours`"));
    let range = ["--from", "2026-01-05", "--to", "2026-01-16"];
    let payroll = |preset: &str| stage.prints(&[&["export", "payroll", "--preset", preset], &range[..]].concat());
    assert_eq!(payroll("ours"), payroll("csv"));

    let own = stage.folder.path().join("own.toml");
    let text = stage.prints(&["payroll", "layout", "show", "ours"]).replace("title = \"hours\"", "title = \"time\"");
    std::fs::write(&own, &text).unwrap();
    stage.prints(&["payroll", "layout", "save", "ours", own.to_str().unwrap()]);
    let file = payroll("ours");
    assert!(file.starts_with("employee,name,department,date,corrects,code,time,minutes\n"), "{file}");
    let sample = stage.folder.path().join("sample.csv");
    std::fs::write(&sample, &file).unwrap();
    let check = stage.prints(&["payroll", "check", sample.to_str().unwrap(), "--preset", "ours"]);
    assert!(check.contains("is as `ours` writes it"), "{check}");
    let folder = stage.folder.path().to_str().unwrap();
    stage.prints(&["payroll", "target", "add", "bureau", "--folder", folder, "--preset", "ours"]);
    let listed = stage.prints(&["payroll", "layout", "list"]);
    assert!(listed.contains("ours") && listed.contains("console"), "{listed}");

    let taken = stage.fails(&["payroll", "layout", "save", "adp", own.to_str().unwrap()], 1);
    assert!(taken.contains("comes along and stays as it is; save yours under another name"), "{taken}");
    stage.prints(&["payroll", "layout", "remove", "ours"]);
    let gone = stage.fails(&[&["export", "payroll", "--preset", "ours"], &range[..]].concat(), 1);
    assert!(gone.contains("there is no layout `ours`") && gone.contains("adp"), "{gone}");
}
