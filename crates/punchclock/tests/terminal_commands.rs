//! The commands that talk to terminals on port 4370, as an operator runs them: the executable against simulated terminals,
//! healthy and otherwise.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::Value;
use simulator::{Faults, Terminal, TerminalBuilder, ZkServer};
use stage::{Stage, stage};

/// A stage with terminals that answer.
struct Site {
    stage: Stage,
    runtime: tokio::runtime::Runtime,
}

impl Site {
    fn new() -> Self {
        Self { stage: stage(), runtime: tokio::runtime::Runtime::new().unwrap() }
    }

    /// Serves the terminal for the rest of the test and returns its address.
    fn serve(&self, terminal: &Terminal) -> String {
        self.serve_at(terminal, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap()
    }

    fn serve_at(&self, terminal: &Terminal, at: SocketAddr) -> std::io::Result<String> {
        let server = self.runtime.block_on(ZkServer::bind(terminal.clone(), at))?;
        let address = server.local_addr().unwrap().to_string();
        self.runtime.spawn(server.serve());
        Ok(address)
    }

    /// Registers a terminal under a name.
    fn register(&self, name: &str, serial: &str, address: &str) {
        let add = ["terminal", "add", name, "--serial", serial, "--address", address, "--zone", "Asia/Manila"];
        self.stage.prints(&add);
    }

    /// A terminal that answers and is registered.
    fn registered(&self, name: &str, terminal: &Terminal) -> String {
        let address = self.serve(terminal);
        self.register(name, &terminal.serial(), &address);
        address
    }

    fn prints(&self, arguments: &[&str]) -> String {
        self.stage.prints(&[&["terminal"], arguments].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.stage.prints(&[&["--json", "terminal"], arguments].concat())).unwrap()
    }

    /// What a command that fails says, on one line.
    fn fails(&self, arguments: &[&str]) -> String {
        let said = self.stage.fails(&[&["terminal"], arguments].concat(), 1);
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        said
    }

    /// Deeds and details of the audit trail, newest first.
    fn audited(&self, deed: &str) -> Vec<String> {
        let entries = self.stage.prints(&["--json", "audit", "list"]);
        let entries: Vec<Value> = serde_json::from_str(&entries).unwrap();
        let of_deed = entries.iter().filter(|entry| entry["action"] == deed);
        of_deed.map(|entry| entry["detail"].as_str().unwrap().to_owned()).collect()
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.stage.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn of_make(serial: &str, make: &str) -> TerminalBuilder {
    Terminal::builder(serial).profile(make.parse().unwrap())
}

/// Punches of some people, a minute apart.
fn log(count: i32) -> Vec<zk::AttendanceRecord> {
    let record = |n: i32| {
        let number = zk::UserNumber::from((101 + n % 7).to_string().as_str());
        zk::AttendanceRecord::of_number(number, zk::PackedTime(800_000_000 + n * 60))
    };
    (0..count).map(record).collect()
}

/// Something else that listens: it answers whatever comes with a web server's complaint.
fn web_server() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 256]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    address
}

#[test]
fn what_is_in_the_way_is_named_with_its_cure_whatever_was_asked() {
    let site = Site::new();
    let closed = stage::free_address().to_string();
    let keyed = site.serve(&Terminal::builder("KEYED").comm_key(1234).build());
    let locked = site.serve(&Terminal::builder("LOCKED").faults(Faults::default().with("locked").unwrap()).build());
    let cases = [
        (closed, "refused the connection", "check the address, and that no other program is connected"),
        (web_server(), "a web server answered", "enter the terminal's own port (usually 4370)"),
        (keyed, "refused the comm key", "write the key that the terminal shows under Comm > Connection into a file"),
        (locked, "firmware keeps this protocol locked", "use push (ADMS): enter this server under Comm > Cloud server"),
    ];
    for (address, what, cure) in &cases {
        for command in [&["test"][..], &["info"], &["users"], &["time"], &["restart"], &["voice"]] {
            let said = site.fails(&[command, &[address.as_str()]].concat());
            assert!(said.starts_with(&format!("punchclock: {address}")), "{command:?}: {said}");
            assert!(said.contains(what) && said.contains(cure), "{command:?}: {said}");
        }
    }
    // Registered, it has a name that the message says too.
    for (place, (address, what, cure)) in cases.iter().enumerate() {
        let name = format!("Gate {place}");
        site.register(&name, &format!("S{place}"), address);
        for command in [["poll", &name], ["clear-log", &name], ["info", &name]] {
            let said = site.fails(&command);
            assert!(said.starts_with(&format!("punchclock: terminal {name}: {address}")), "{command:?}: {said}");
            assert!(said.contains(what) && said.contains(cure), "{command:?}: {said}");
        }
    }
    let all = site.stage.run(&["terminal", "test", "--all"]);
    assert_eq!(all.status.code(), Some(1));
    let (table, summary) = (String::from_utf8(all.stdout).unwrap(), String::from_utf8(all.stderr).unwrap());
    assert!(cases.iter().all(|(_, what, _)| table.contains(what)), "{table}");
    assert!(summary.contains("4 of 4 terminals can't be read; the table says why"), "{summary}");
}

#[test]
fn a_transfer_that_stops_in_the_middle_stores_nothing_and_says_so() {
    let site = Site::new();
    // A silent terminal is waited for, so that is asked once.
    let cases = [
        ("Dropped", "dropped-read", "closed the connection while", &["poll", "clear-log"][..]),
        ("Stalled", "stalled-read", "fell silent while", &["poll"]),
    ];
    for (name, fault, what, commands) in cases {
        let faults = Faults::default().with(fault).unwrap();
        let terminal = of_make(name, "k40").faults(faults).log(log(5000)).build();
        let address = site.registered(name, &terminal);
        for command in commands {
            let said = site.fails(&[command, name]);
            let expected = format!("punchclock: terminal {name}: {address}: the terminal {what}");
            assert!(said.starts_with(&expected) && said.contains("then try again"), "{said}");
        }
        assert_eq!((site.stage.punches(), terminal.log_len()), (0, 5000), "{name}");
        assert!(!terminal.is_disabled(), "{name}: people can punch");
    }
    let database = rusqlite::Connection::open(site.stage.data().join("hub.sqlite")).unwrap();
    let noted =
        "SELECT COUNT(*) FROM terminal_poll WHERE outcome = 'failed' AND edge IS NULL AND says LIKE '%then try again'";
    assert_eq!(
        database.query_row(noted, [], |row| row.get::<_, i64>(0)).unwrap(),
        2,
        "both are in the list of readings"
    );
}

#[test]
fn another_terminal_at_the_address_is_left_alone() {
    let site = Site::new();
    let other = Terminal::builder("B2").log(log(10)).build();
    let nameless = Faults::default().with("missing-option=~SerialNumber").unwrap();
    let nameless = Terminal::builder("X").faults(nameless).log(log(10)).build();
    site.register("Gate", "A1", &site.serve(&other));
    site.register("Yard", "A2", &site.serve(&nameless));
    for command in
        [&["poll", "Gate"][..], &["time", "Gate", "--set"], &["clear-log", "Gate", "--yes"], &["restart", "Gate"]]
    {
        let said = site.fails(command);
        assert!(said.contains("answers terminal B2, not A1; correct the address or the serial"), "{said}");
    }
    let said = site.fails(&["poll", "Yard"]);
    assert!(said.contains("does not tell its serial, so it may be another one than A2"), "{said}");
    assert_eq!((site.stage.punches(), other.log_len(), other.progress().borrow().restarts), (0, 10, 0));
}

#[test]
fn info_tells_what_a_terminal_is_how_full_it_is_and_how_far_its_clock_is_off() {
    let site = Site::new();
    let terminal = of_make("SIM1", "k40").capacity(40).log(log(38)).build();
    // It stands in Manila and shows UTC.
    let address = site.registered("Gate", &terminal);
    let shown = site.prints(&["info", "Gate"]);
    for part in ["SIM1", "K40", "JZ4725_TFT", "38 of 40 (95 %)", "8 h behind", "clear-log"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let told = site.json(&["info", &address]);
    assert_eq!((&told["serial"], &told["model"]), (&Value::from("SIM1"), &Value::from("K40")));
    assert_eq!(told["records"], serde_json::json!({ "used": 38, "capacity": 40, "percent": 95 }));
    let offset = told["clock"]["offset_s"].as_i64().unwrap();
    assert!((offset + 8 * 3600).abs() <= 2, "the company's zone is taken: {offset}");
    let tested = site.prints(&["test", "--all"]);
    assert!(tested.contains("serial SIM1, 38 records"), "{tested}");
}

#[test]
fn a_clock_is_set_only_when_that_is_asked_for() {
    let site = Site::new();
    let terminal = Terminal::builder("SIM1").build();
    site.registered("Gate", &terminal);
    let shown = site.prints(&["time", "Gate"]);
    assert!(shown.contains("8 h behind (Asia/Manila)") && shown.contains("--set sets it"), "{shown}");
    assert!(site.json(&["time", "Gate"])["before"]["offset_s"].as_i64().unwrap() < -28_000, "it was left alone");
    let set = site.prints(&["time", "Gate", "--set"]);
    let [before, after] = set.lines().collect::<Vec<_>>()[..] else { panic!("{set}") };
    assert!(before.starts_with("before: ") && before.contains("8 h behind"), "{set}");
    assert!(after.starts_with("after:  ") && (after.contains(", right") || after.contains("1 s ")), "{set}");
    assert!(site.json(&["time", "Gate"])["before"]["offset_s"].as_i64().unwrap().abs() <= 2);
    let audited = site.audited("terminal.set_time");
    assert!(matches!(&audited[..], [one] if one.starts_with("from 20") && one.contains(" to 20")), "{audited:?}");
}

#[test]
fn users_are_listed_taken_and_completed_and_nobody_is_overwritten_unasked() {
    let site = Site::new();
    let boss = zk::User { privilege: zk::Privilege::SUPER_ADMIN, card: 77, ..zk::User::new("101", "Ana Cruz") };
    let boss = zk::User { password: "4321".into(), ..boss };
    let terminal = Terminal::builder("SIM1").users([boss, zk::User::new("102", "B. Diaz")]).log(log(14)).build();
    let address = site.registered("Gate", &terminal);

    let listed = site.json(&["users", &address]);
    let first = &listed[0];
    assert_eq!(
        (&first["number"], &first["name"], &first["may"]),
        (&"101".into(), &"Ana Cruz".into(), &"administer".into())
    );
    assert_eq!(first["card"], 77);
    assert!(!site.prints(&["users", "Gate"]).contains("4321"), "no password");

    // As matching material, it names the numbers of held punches.
    site.prints(&["poll", "Gate", "--since", "1h"]);
    let took = site.prints(&["users", "Gate", "--pull"]);
    assert!(took.starts_with(&format!("took {} users of terminal Gate", terminal.users().len())), "{took}");

    let people =
        site.file("people.csv", "code,name,numbers\n1,Ana Cruz,101\n2,Ben Diaz,102\n3,Cora Evans,201\n4,Gone,202\n");
    site.stage.prints(&["import", "csv", &people, "--kind", "employees"]);
    let gone = site.file("gone.csv", "code,to\n4,2020-01-01\n");
    site.stage.prints(&["import", "csv", &gone, "--kind", "employees"]);
    let before = terminal.users();
    let dry = site.prints(&["users", "Gate", "--push", "--dry-run"]);
    assert!(dry.contains("Cora Evans") && dry.contains("would be added") && !dry.contains("Gone"), "{dry}");
    assert!(dry.contains("is called B. Diaz there; --overwrite replaces that"), "{dry}");
    assert_eq!(terminal.users(), before);

    let pushed = site.prints(&["users", "Gate", "--push"]);
    assert!(pushed.contains("1 added, 0 renamed, 1 left as they are, 1 the same"), "{pushed}");
    let again = site.prints(&["users", "Gate", "--push", "--overwrite"]);
    assert!(again.contains("0 added, 1 renamed, 0 left as they are, 2 the same"), "{again}");
    let after = terminal.users();
    assert_eq!(after.len(), before.len() + 1, "nobody was deleted");
    let named = |number: &str| after.iter().find(|user| user.number == number).unwrap();
    assert_eq!((named("201").name(), named("102").name()), ("Cora Evans".to_owned(), "Ben Diaz".to_owned()));
    assert_eq!(named("101"), &before[0], "untouched");
    assert_eq!(site.audited("terminal.users"), ["0 users added, 1 renamed", "1 users added, 0 renamed"]);
}

#[test]
fn whom_a_person_names_is_removed_from_a_terminal_and_no_employee_of_today() {
    let site = Site::new();
    let users = [("101", "Ana Cruz"), ("202", "Gone"), ("303", "Nobody"), ("404", "Installer")];
    let users = users.map(|(number, name)| zk::User::new(number, name));
    let terminal = Terminal::builder("SIM1").users(users).log(log(14)).build();
    site.registered("Gate", &terminal);
    let people = site.file("people.csv", "code,name,numbers,to\n1,Ana Cruz,101,\n2,Gone,202,2020-01-01\n");
    site.stage.prints(&["import", "csv", &people, "--kind", "employees"]);
    let before = terminal.users();
    let numbers = || terminal.users().into_iter().map(|user| user.number).collect::<Vec<_>>();

    let refused = site.fails(&["users", "Gate", "--remove", "303", "101"]);
    assert!(refused.contains("user 101 is an employee of today (Ana Cruz); nobody was removed"), "{refused}");
    assert_eq!(terminal.users(), before);

    let removed = site.prints(&["users", "Gate", "--remove", "202", "303"]);
    assert!(removed.contains("2 removed"), "{removed}");
    assert_eq!(
        numbers(),
        before
            .iter()
            .map(|user| &user.number)
            .filter(|number| !["202", "303"].contains(&number.as_str()))
            .cloned()
            .collect::<Vec<_>>()
    );
    assert_eq!(site.audited("terminal.users"), ["user 303 removed", "user 202 removed"]);
    let shown = site.prints(&["sync", "Gate", "--state", "to_remove"]);
    assert!(
        shown.contains("404") && !shown.contains("202") && !shown.contains("303"),
        "the hub knows who is left: {shown}"
    );

    // One that is not there is told, and the others are removed nevertheless.
    let missing = site.fails(&["users", "Gate", "--remove", "303", "404"]);
    assert!(missing.contains("the terminal does not list 303"), "{missing}");
    assert!(!numbers().contains(&"404".to_owned()) && numbers().contains(&"101".to_owned()));
}

#[test]
fn a_polled_terminal_is_brought_in_step_by_the_server_that_reads_it() {
    let site = Site::new();
    let users = [zk::User { card: 77, ..zk::User::new("101", "A. Cruz") }, zk::User::new("303", "Nobody")];
    let terminal = Terminal::builder("SIM1").users(users).build();
    let address = site.serve(&terminal);
    site.prints(&["add", "Gate", "--serial", "SIM1", "--address", &address, "--via", "poll", "--zone", "Asia/Manila"]);
    let people = site.file("people.csv", "code,name,numbers\n1,Ana Cruz,101\n2,Cora Evans,201\n");
    site.stage.prints(&["import", "csv", &people, "--kind", "employees"]);
    let _serving = site.stage.serve();
    let states = || {
        let rows = site.json(&["sync", "Gate", "--state", "all"]);
        let state = |row: &Value| format!("{} {}", row["user"].as_str().unwrap(), row["state"].as_str().unwrap());
        rows.as_array().unwrap().iter().map(state).collect::<Vec<_>>()
    };
    let reach = |what: &str, wanted: &[&str]| {
        testkit::wait_until(what, stage::PATIENCE, || states() == wanted)
            .unwrap_or_else(|_| panic!("{what}: {:?}", states()));
    };
    reach("its users are listed", &["101 differs", "201 to_send", "303 to_remove"]);
    let asked = site.prints(&["sync", "Gate", "--send", "--rename", "101", "--remove", "303"]);
    assert!(asked.contains("queued 3"), "{asked}");
    reach("all in step", &["101 in_step", "201 in_step"]);
    let there: Vec<_> =
        terminal.users().into_iter().map(|user| (user.number.clone(), user.name(), user.card)).collect();
    assert_eq!(there, [("101".into(), "Ana Cruz".into(), 77), ("201".into(), "Cora Evans".into(), 0)]);
    let told = site.prints(&["command", "Gate", "--wait", "1m", "put-user", "201", "--name", "Cora E."]);
    assert!(told.contains("write user 201 (Cora E.): done"), "{told}");

    // What is done in the terminal's own menu is seen with the next reading, which a command for it brings about.
    assert!(terminal.delete_user(terminal.slot_of("101").unwrap()).is_some());
    terminal.put_user(zk::User::new("303", "Nobody")).unwrap();
    site.prints(&["command", "Gate", "--wait", "1m", "put-user", "201", "--name", "Cora Evans"]);
    reach("the terminal's own changes", &["101 to_send", "201 in_step", "303 to_remove"]);
    let refused = site.fails(&["command", "Gate", "info"]);
    assert!(refused.contains("is only polled, which writes users and does nothing else there"), "{refused}");
}

#[test]
fn logs_of_every_layout_are_read_over_tcp_and_udp() {
    let site = Site::new();
    for (make, transport) in [("f18", "tcp"), ("f18", "udp"), ("u580", "auto"), ("mb20-8", "auto"), ("mb20-16", "udp")]
    {
        let serial = format!("{make}-{transport}").to_uppercase();
        let terminal = of_make(&serial, make).log(log(300)).build();
        site.registered(&serial, &terminal);
        let polled = site.prints(&["poll", &serial, "--transport", transport]);
        assert!(polled.contains("read 300, stored 0, known 0, held 300, refused 0"), "{serial}: {polled}");
        let again = site.prints(&["poll", &serial, "--transport", transport]);
        assert!(again.contains("read 300, stored 0, known 300"), "{serial}: {again}");
    }
    assert_eq!(site.stage.punches(), 5 * 300);
}

#[test]
fn a_terminal_is_restarted_and_made_to_speak() {
    let site = Site::new();
    let terminal = Terminal::builder("SIM1").build();
    let address = site.registered("Gate", &terminal);
    assert!(site.prints(&["voice", &address, "--message", "10"]).contains("was asked to say message 10"));
    assert!(site.prints(&["restart", "Gate"]).contains("terminal Gate restarts"));
    assert_eq!(terminal.progress().borrow().restarts, 1);
    assert_eq!(site.audited("terminal.restart").len(), 1);
}

#[test]
fn a_log_is_erased_only_when_all_of_it_is_stored_and_that_is_written_down() {
    let site = Site::new();
    let terminal = Terminal::builder("SIM1").log(log(1200)).build();
    site.registered("Gate", &terminal);
    let refused = site.fails(&["clear-log", "Gate", "--yes"]);
    assert!(refused.contains("1200 of 1200 records of the terminal are not stored here"), "{refused}");
    assert!(refused.contains("read it with `punchclock terminal poll`"), "{refused}");
    site.prints(&["poll", "Gate"]);
    assert!(terminal.punch("101", jiff::civil::date(2026, 1, 5).at(8, 0, 0, 0), 0, 1));
    let refused = site.fails(&["clear-log", "Gate", "--yes"]);
    assert!(refused.contains("1 of 1201 records"), "{refused}");
    site.prints(&["poll", "Gate"]);
    let told = site.prints(&["clear-log", "Gate"]);
    assert_eq!(told, "terminal Gate: all 1201 records are stored here; --yes erases them on the terminal\n");
    assert_eq!((terminal.log_len(), site.audited("terminal.clear_log").len()), (1201, 0));
    let told = site.prints(&["clear-log", "Gate", "--yes"]);
    assert_eq!(told, "terminal Gate: 1201 records were erased on the terminal; all of them are stored here\n");
    assert_eq!((terminal.log_len(), site.stage.punches()), (0, 1201));
    assert_eq!(site.audited("terminal.clear_log"), ["1201 records, all of which are stored here"]);
    assert!(site.prints(&["clear-log", "Gate", "--yes"]).contains("its log is empty"));
    assert!(site.fails(&["clear-log", "127.0.0.1:4370"]).contains("there is no terminal 127.0.0.1:4370"));
}

#[test]
fn fingers_are_copied_only_where_the_setting_allows_it_and_nothing_of_them_is_kept() {
    let site = Site::new();
    let people = || [zk::User::new("101", "Ana Cruz"), zk::User::new("102", "Ben Diaz")];
    let from = Terminal::builder("FROM").seed(1).users(people()).build();
    let to =
        Terminal::builder("TO").seed(2).users([zk::User::new("7", "Else"), zk::User::new("102", "Ben Diaz")]).build();
    site.registered("Door", &from);
    site.registered("Yard", &to);
    let finger = |terminal: &Terminal, number: &str| {
        let slot = terminal.slot_of(number).unwrap();
        terminal.template(zk::record::template::TemplateKey { slot, finger: 0 }).unwrap().bytes
    };
    let before = finger(&to, "102");
    let refused = site.fails(&["copy-templates", "Door", "Yard"]);
    assert!(refused.contains("switched off") && refused.contains("terminals.copy_templates = true"), "{refused}");
    assert_eq!(finger(&to, "102"), before);

    std::fs::write(site.stage.data().join("punchclock.toml"), "[terminals]\ncopy_templates = true\n").unwrap();
    let copied = site.prints(&["copy-templates", "Door", "Yard", "--user", "101", "102", "999"]);
    assert!(copied.starts_with("1 fingers were copied\n"), "{copied}");
    assert!(copied.contains("999 are not on the terminal to read from"), "{copied}");
    assert!(copied.contains("101 are not on the terminal to write to; `punchclock terminal users --push`"), "{copied}");
    assert!(finger(&to, "102") == finger(&from, "102") && finger(&to, "102") != before);
    let audited = site.audited("terminal.copy_templates");
    assert_eq!(audited, ["1 fingers from terminal FROM", "1 fingers to terminal TO"]);
    let database = std::fs::read(site.stage.data().join("hub.sqlite")).unwrap();
    let part = finger(&from, "102")[..16].to_vec();
    assert!(!database.windows(part.len()).any(|window| window == part), "no template is stored");
}

#[test]
fn terminals_are_found_on_the_subnets_that_are_named_and_one_that_moved_is_registered_anew() {
    let site = Site::new();
    let at = |host: u8, port: u16| SocketAddr::from((Ipv4Addr::new(127, 74, 1, host), port));
    let moved = Terminal::builder("MOVED").comm_key(77).build();
    let others = [(3, Terminal::builder("HERE").build()), (4, Terminal::builder("NEW").build())];
    let locked = Terminal::builder("LOCKED").faults(Faults::default().with("locked").unwrap()).build();
    // A port that is free at each address.
    let port = loop {
        let port = site.serve_at(&moved, at(2, 0)).unwrap().parse::<SocketAddr>().unwrap().port();
        let served = others.iter().map(|(host, terminal)| site.serve_at(terminal, at(*host, port)));
        if served.collect::<Result<Vec<_>, _>>().is_ok() && site.serve_at(&locked, at(5, port)).is_ok() {
            break port.to_string();
        }
    };
    let nowhere = stage::free_address().to_string();
    let key = site.file("key", "77\n");
    site.register("Gate", "MOVED", &nowhere);
    site.prints(&["add", "Gate", "--serial", "MOVED", "--comm-key-file", &key]);
    site.register("Door", "HERE", &format!("127.74.1.3:{port}"));

    let look = ["discover", "--port", &port, "--subnet", "127.74.1.0/29"];
    let found = site.json(&look);
    let row = |serial: &str| found.as_array().unwrap().iter().find(|row| row["serial"] == serial).unwrap().clone();
    assert_eq!(found.as_array().unwrap().len(), 4);
    assert_eq!((&row("HERE")["standing"], &row("NEW")["standing"]), (&"registered".into(), &"new".into()));
    assert!(row("NEW")["says"].as_str().unwrap().contains("terminal add NAME --serial NEW --address 127.74.1.4:"));
    assert_eq!(row("MOVED")["standing"], "moved");
    assert!(row("MOVED")["says"].as_str().unwrap().contains("--update registers the new one"));
    assert_eq!(found[3]["standing"], "locked");
    assert!(found[3]["says"].as_str().unwrap().contains("use push"));
    assert!(site.fails(&["test", "Gate"]).contains("refused"), "nothing has changed");

    let updated = site.prints(&[&look[..], &["--update"]].concat());
    assert!(updated.contains("the new one is registered"), "{updated}");
    assert!(site.prints(&["test", "Gate"]).contains("serial MOVED"));
    assert!(site.prints(&["list"]).contains(&format!("127.74.1.2:{port}")));
    let audited = site.audited("terminal.move");
    assert!(
        matches!(&audited[..], [one] if one.starts_with(&format!("from {nowhere} to 127.74.1.2:{port}"))),
        "{audited:?}"
    );

    let elsewhere = site.prints(&["discover", "--port", &port, "--subnet", "127.74.2.0/30", "127.74.3.0/30"]);
    assert_eq!(elsewhere, format!("nobody answers on port {port} of 127.74.2.0/30, 127.74.3.0/30\n"));
    let wide = site.fails(&["discover", "--subnet", "10.0.0.0/8"]);
    assert!(wide.contains("addresses are too many to ask in one go") && wide.contains("/20"), "{wide}");
    assert!(site.fails(&["discover"]).contains("name the subnets to ask, like --subnet 192.168.1.0/24"));
    let wrong = site.stage.fails(&["terminal", "discover", "--subnet", "here"], 2);
    assert!(wrong.contains("`here` is no IPv4 subnet"), "{wrong}");
}

/// The manual's table of messages and its examples.
#[test]
fn the_manual_knows_the_messages_and_the_commands() {
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/terminals.md")).unwrap();
    for message in [
        "refused the connection",
        "a web server answered",
        "refused the comm key",
        "firmware keeps this protocol locked",
        "answers terminal B2, not A1",
        "does not tell its serial",
        "closed the connection while ...",
        "fell silent while ...",
        "N of M records of the terminal are not stored here",
    ] {
        assert!(manual.contains(&format!("| `{message}` |")), "{message}");
    }
    let stage = stage();
    let examples: Vec<&str> = manual.lines().filter_map(|line| line.strip_prefix("    punchclock ")).collect();
    assert!(examples.len() > 10);
    for example in examples {
        let words: Vec<&str> = example.split(" #").next().unwrap().split_whitespace().collect();
        let help = stage.prints(&[&words[..], &["--help"]].concat());
        assert!(help.contains(&format!("Usage: punchclock {}", words[0])), "{example}: {help}");
    }
}
