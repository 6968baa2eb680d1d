//! Secrets stay where they were put: in files, hashed, or sealed. On both engines they are given to everything that keeps one, used, and
//! then looked for in whatever the program leaves behind or tells.
#![allow(missing_docs, clippy::unwrap_used)]

mod stage;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use rusqlite::types::ValueRef;
use stage::{PATIENCE, Stage, log_file, stage, stage_on_postgres};
use testkit::{CalendarMood, FakeCalendar, FakeCrm, FakeInbox, Process, Sshd, wait_until};

const COMM_KEY: &str = "918273";
/// Base64, as Standard Webhooks wants it.
const SIGNING: &str = "c2lnbmluZy1zM2NyZXQtMTIz";
const PASSWORD: &str = "correct horse battery 55";
const HOOK: &str = "h00k-s3same";
/// What is given in a file, by what it is for.
const GIVEN: [(&str, &str); 10] = [
    ("comm key", COMM_KEY),
    ("push key", "Pu5h-s3same"),
    ("password of an account", PASSWORD),
    ("token of a CRM", "crm-t0ken-5esame"),
    ("signing secret of a CRM", SIGNING),
    ("key of an Odoo that is sent to", "0doo-s1nk-5esame"),
    ("key of an Odoo that is read", "0doo-s0urce-5esame"),
    ("password of a table", "m5sql-s3same"),
    ("token of a payroll target", "p4yroll-5esame"),
    ("password of a payroll target", "sFtp-p4ss-5esame"),
];
/// What opens a door in an address, behind which somebody listens: a piece of its path, the value of its query.
const DOORS: [(&str, &str); 7] = [
    ("token in the path of a CRM", "cRm5esame0fThePath1"),
    ("key in the query of a CRM", "crm-qu3ry-5esame"),
    ("token in the path of a payroll target", "p4yRoll5esame0fThePath"),
    ("key in the query of a payroll target", "p4y-qu3ry-5esame"),
    ("token in the path of a calendar", "d4ys5esame0fThePath2"),
    ("key in the query of a calendar", "d4ys-qu3ry-5esame"),
    ("user before the host", "us3r-1nfo-5esame"),
];
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1/x";

/// Every byte of the files in a folder and below.
fn bytes_of(folder: &Path, all: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            bytes_of(&entry.path(), all);
        } else {
            all.extend(std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Every value of every table: in the file one may be split by the end of a page.
fn values_of(file: &Path, all: &mut Vec<u8>) -> usize {
    let database = rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in &tables {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                match row.get_ref(column).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => all.extend(bytes),
                    ValueRef::Integer(number) => all.extend(number.to_string().as_bytes()),
                    ValueRef::Real(_) | ValueRef::Null => {}
                }
                all.push(b'\n');
            }
        }
    }
    tables.len()
}

/// Who listens behind the addresses: a CRM and an inbox that refuse the token that they are shown and repeat it, a calendar, and a server of
/// SFTP.
struct Others {
    crm: FakeCrm,
    inbox: FakeInbox,
    calendar: FakeCalendar,
    /// Where there is one to start.
    server: Option<Sshd>,
}

impl Others {
    fn start() -> Self {
        let calendar = FakeCalendar::start().unwrap();
        calendar.is(CalendarMood::Says(r#"[{"date": "2026-01-01", "localName": "New Year"}]"#.to_owned()));
        let (crm, inbox) = (FakeCrm::start("another").unwrap(), FakeInbox::start("another").unwrap());
        crm.repeat();
        inbox.repeat();
        Self { crm, inbox, calendar, server: Sshd::start().unwrap() }
    }

    /// The addresses, each with what opens its door.
    fn urls(&self) -> [String; 3] {
        let [crm_path, crm_key, pay_path, pay_key, days_path, days_key, _] = DOORS.map(|(_, text)| text);
        [
            format!("{}/{crm_path}?key={crm_key}", self.crm.url()),
            format!("{}{pay_path}/?key={pay_key}", self.inbox.url()),
            format!("{}/{days_path}?key={days_key}", self.calendar.url()),
        ]
    }

    /// Each was asked at its whole address.
    fn were_asked(&self) {
        let [crm, pay, days] = self.urls();
        let path = |url: &str| url.splitn(4, '/').last().unwrap().to_owned();
        assert!(self.crm.calls() > 0, "{crm}");
        let pay = path(&pay);
        let (folder, query) = pay.split_once('?').unwrap();
        let sent = self.inbox.requests();
        let is_whole = |path: &str| path.starts_with(&format!("/{folder}")) && path.ends_with(&format!("?{query}"));
        assert!(!sent.is_empty() && sent.iter().all(|request| is_whole(&request.path)), "{sent:?}");
        let days = format!("/{}", path(&days).replace("{year}", "2026"));
        assert!(self.calendar.answers().contains(&(days, 200)), "{:?}", self.calendar.answers());
        let files = self.server.as_ref().map(|server| server.files().unwrap().len());
        assert!(files.is_none_or(|files| files == 1), "the key opened the account: {files:?}");
    }
}

/// Sends a request; the whole answer.
fn asked(stage: &Stage, request: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(stage.pages).unwrap();
    let length = body.len();
    let request = format!(
        "{request} HTTP/1.1\r\nHost: {}\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
        stage.pages
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn answer(stage: &Stage, path: &str, header: &str) -> String {
    let answer = asked(stage, &format!("GET {path}"), header, "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    answer
}

/// The cookie of ann, who has signed in.
fn signed_in(stage: &Stage) -> String {
    let body = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let answer = asked(stage, "POST /sign-in", "Content-Type: application/x-www-form-urlencoded", &body);
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap_or(&answer);
    format!("Cookie: {}", cookie.split(';').next().unwrap())
}

/// Whether a text is told. A number of six digits stands by chance within longer ones, and behind the point of a second.
fn holds(told: &[u8], text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_more = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b'.');
    told.windows(text.len()).enumerate().any(|(at, window)| {
        let around = [at.checked_sub(1).and_then(|before| told.get(before)), told.get(at + text.len())];
        window == text.as_bytes() && !(is_number && around.into_iter().any(is_more))
    })
}

/// Gives each secret to what keeps it; what was given there besides: the tokens that the hub made, and the lines of a private key.
fn given(stage: &Stage, others: &Others) -> Vec<String> {
    let [comm_key, push_key, password, crm, signing, odoo_sink, odoo_source, mssql, payroll, sftp] =
        GIVEN.map(|(name, text)| {
            let path = stage.path(&format!("{name}.secret"));
            std::fs::write(&path, format!("{text}\n")).unwrap();
            path.into_os_string().into_string().unwrap()
        });
    let odoo = ["--url", NOWHERE, "--allow-private", "--db-name", "prod", "--user", "punchclock"];
    let add = |begin: &[&str], then: &[&str]| drop(stage.prints(&[begin, then].concat()));
    let gate = ["terminal", "add", "Gate", "--serial", "P1", "--address", "127.0.0.1:1", "--zone", "Asia/Manila"];
    add(&gate, &["--comm-key-file", &comm_key]);
    add(&["terminal", "add", "Door", "--serial", "S1"], &["--zone", "Asia/Manila", "--push-key-file", &push_key]);
    add(&["user", "add", "ann", "--role", "admin"], &["--password-file", &password]);
    let [crm_url, pay_url, days_url] = others.urls();
    let sink = ["sink", "add", "crm", "--url", &crm_url, "--allow-private", "--token-file", &crm];
    add(&sink, &["--signing-secret-file", &signing]);
    add(&[&["sink", "add", "odoo"], &odoo[..]].concat(), &["--key-file", &odoo_sink]);
    add(&[&["source", "add", "odoo", "--leave"], &odoo[..]].concat(), &["--key-file", &odoo_source]);
    let table = [
        "source",
        "add",
        "mssql",
        "--address",
        "127.0.0.1:1",
        "--allow-private",
        "--db-name",
        "hr",
        "--user",
        "reader",
    ];
    add(&table, &["--preset", "commute-log", "--password-file", &mssql]);
    let target = ["payroll", "target", "add", "bank", "--url", &pay_url, "--allow-private", "--preset", "csv"];
    add(&target, &["--token-file", &payroll]);
    add(&["source", "add", "holidays", "--from-year", "2026"], &["--url", &days_url, "--allow-private"]);
    // A user before the host is refused wherever one is given.
    let with_user = |url: &str| url.replacen("//", &format!("//{}@", DOORS[6].1), 1);
    for (command, url, file) in [
        (&["sink", "add", "crm"][..], with_user(&crm_url), &["--token-file", &crm][..]),
        (&["payroll", "target", "add", "bank", "--preset", "csv"], with_user(&pay_url), &["--token-file", &payroll]),
        (&["source", "add", "holidays", "--from-year", "2026"], with_user(&days_url), &[]),
    ] {
        let output = stage.run(&[command, &["--url", &url, "--allow-private"], file].concat());
        let says = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && says.contains("has a password in it"), "{command:?}: {says}");
    }
    let token = |name, kind| stage.prints(&["token", "create", name, "--kind", kind]).trim().to_owned();
    let mut besides = vec![token("reports", "api"), token("cebu", "edge")];
    // Two accounts of a server that takes the key, and no password.
    if let Some(server) = &others.server {
        let (file, key) = (stage.path("account.secret"), server.key().unwrap());
        std::fs::write(&file, &key).unwrap();
        for (name, option, file) in
            [("by-key", "--key-file", file.to_str().unwrap()), ("by-password", "--password-file", &sftp)]
        {
            let target = ["payroll", "target", "add", name, "--sftp", &server.url(), "--preset", "csv"];
            add(&target, &[option, file]);
        }
        // The last line may be of a few characters, which stand elsewhere by chance.
        let is_telling = |line: &&str| !line.starts_with("-----") && line.len() > 40;
        besides.extend(key.lines().filter(is_telling).map(str::to_owned));
    }
    besides
}

/// Has each of them used: terminals are talked to, days sent, sources read, a period is locked for payroll. Nobody is there to take it.
fn used(stage: &Stage, others: &Others) {
    let records = log_file(stage, 3, "2026-01-05", "2026-01-11");
    let import = ["import", "attlog", records.to_str().unwrap(), "--serial", "S1", "--zone", "Asia/Manila"];
    stage.prints(&[&import[..], &["--create-employees"]].concat());
    stage.prints(&["derive"]);
    for arguments in [
        &["sync", "crm", "--from", "2026-01-01"][..],
        &["sync", "odoo", "--from", "2026-01-01"],
        &["sink", "test", "odoo"],
        &["source", "test", "odoo"],
        &["source", "test", "mssql"],
        &["terminal", "test", "Gate"],
    ] {
        assert_eq!(stage.run(arguments).status.code(), Some(1), "{arguments:?}");
    }
    stage.prints(&["job", "run", "pull"]);
    stage.prints(&["period", "lock", "--from", "2026-01-05", "--to", "2026-01-11", "--force", "the test"]);
    let jobs = || stage.prints(&["--json", "job", "list", "--kind", "payroll"]);
    wait_until("the file to be tried", PATIENCE, || jobs().contains("the receiver refuses it: 401")).unwrap();
    if others.server.is_some() {
        wait_until("the password to be tried", PATIENCE, || jobs().contains("Permission denied")).unwrap();
        wait_until("the key to be used", PATIENCE, || jobs().contains("was written")).unwrap();
    }
    let heard = || stage.prints(&["source", "list"]).matches("down").count() >= 2;
    wait_until("the sources to be read", PATIENCE, heard).unwrap();
    let audit = || stage.prints(&["--json", "audit", "verify"]);
    wait_until("everything to be sealed", PATIENCE, || audit().contains("\"waiting\": 0")).unwrap();
}

/// What commands, REST and pages tell.
fn told(stage: &Stage, token: &str) -> Vec<u8> {
    let mut told = Vec::new();
    let bearer = format!("Authorization: Bearer {token}");
    for path in [
        "terminals",
        "terminal-users",
        "edges",
        "completeness",
        "punches",
        "days",
        "held",
        "employees",
        "matches",
        "sites",
        "departments",
        "sinks",
        "sinks/crm/records",
        "sinks/odoo/records",
        "sources",
        "jobs",
        "imports",
        "payroll?from=2026-01-05&to=2026-01-11&preset=csv",
        "payroll/presets",
        "payroll/layouts",
    ] {
        told.extend(answer(stage, &format!("/api/v1/{path}"), &bearer).into_bytes());
    }
    let cookie = signed_in(stage);
    for path in [
        "/",
        "/terminals",
        "/terminals.csv",
        "/terminals/commands",
        "/edges",
        "/sinks",
        "/sinks.csv",
        "/sources",
        "/sources.csv",
        "/payroll",
        "/payroll/layouts",
        "/jobs",
        "/jobs.csv",
    ] {
        told.extend(answer(stage, path, &cookie).into_bytes());
    }
    told.extend(answer(stage, "/metrics", &bearer).into_bytes());
    for arguments in [
        &["audit", "list"][..],
        &["--json", "audit", "list"],
        &["terminal", "list"],
        &["token", "list"],
        &["user", "list"],
        &["sink", "list"],
        &["source", "list"],
        &["source", "test", "holidays"],
        &["payroll", "target", "list"],
        &["period", "list"],
        &["sync", "status", "--state", "waiting"],
        &["job", "list"],
        &["config", "show", "--origin"],
        &["doctor"],
    ] {
        let output = stage.run(arguments);
        told.extend([output.stdout, output.stderr].concat());
    }
    told
}

fn nothing_is_told(stage: &Stage) {
    let log = stage.data().join("log").join("hub.log");
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    let mut command = stage.serve_command();
    // Where transfers have what they need for as long as they take.
    let passing = stage.path("passing");
    std::fs::create_dir(&passing).unwrap();
    command.env("TMPDIR", &passing);
    command.env("PUNCHCLOCK__LOG__LEVEL", "trace").env("PUNCHCLOCK__LOG__FILE", &log);
    command.env("PUNCHCLOCK__HUB__SILENCE_WEBHOOK", format!("http://127.0.0.1:1/?key={HOOK}"));
    let mut serving = Process::spawn(&mut command).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    let others = Others::start();
    let besides = given(stage, &others);
    used(stage, &others);
    others.were_asked();
    let mut told = told(stage, &besides[0]);
    let backup = stage.path("hub.backup");
    stage.prints(&["backup", backup.to_str().unwrap()]);
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
    bytes_of(&stage.data(), &mut told);
    bytes_of(&passing, &mut told);
    told.extend(std::fs::read(&backup).unwrap());
    assert!(values_of(&backup, &mut told) > 40, "the backup has the tables of the hub");
    for word in [
        "terminal.register",
        "terminal.key",
        "token.create",
        "account.add",
        "sink.add",
        "source.add",
        "payroll.target.add",
        "comm key of terminal P1",
        "push key of terminal S1",
        "`Token ***` may not POST /attendance/***?key=***",
        "`Bearer ***` may not PUT /in/***/payroll",
    ] {
        assert!(holds(&told, word), "{word}: it was looked at the right places");
    }
    assert!(!holds(&told, "no heartbeat"), "the keys of terminals reach the edge");
    for (name, secret) in GIVEN.into_iter().chain(DOORS).chain([("key of a webhook", HOOK)]) {
        assert!(!holds(&told, secret), "{name} is told");
    }
    for secret in besides {
        assert!(!holds(&told, &secret), "{secret} is told");
    }
}

#[test]
fn no_secret_is_in_the_database_a_backup_the_log_an_answer_a_page_or_the_audit_trail() {
    nothing_is_told(&stage());
}

#[test]
fn no_secret_is_told_by_a_hub_on_postgres_either() {
    if let Some(stage) = stage_on_postgres() {
        nothing_is_told(&stage);
    }
}

#[test]
fn a_number_is_looked_for_as_a_word_of_its_own() {
    assert!(holds(b"key=918273\n", COMM_KEY) && holds(b"918273", COMM_KEY) && holds(b"\"918273\"", COMM_KEY));
    assert!(!holds(b"1918273 0.918273 918273a", COMM_KEY));
}
