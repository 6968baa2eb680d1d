//! Two tenants in one database: whoever is signed in at one asks for what is the other's, at every route.

use attendance::punch::attlog;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures_util::StreamExt as _;
use hub::{NewTerminal, PayTarget, PayWay, Role, TokenKind, moving};
use jiff::SignedDuration;
use link::closeout::Closeouts;
use link::{Batch, Contact, Health, Heartbeat, Item, Poll, PollOutcome, Reading, TerminalCommand, What};

use super::house::{House, PASSWORD, Visitor, clerk, now};
use crate::access::Access;
use crate::routes::{Route, table};

/// What is in the owner's answers and nobody else sends: names, notes, when somebody punched.
const SECRETS: [&str; 9] = [
    "Quetzal",
    "Zeppelin",
    "Ghost-9",
    "alpha-reason",
    "alpha-error",
    "Alpha on A",
    "2026-01-05 08:20",
    "2026-01-05T08:20",
    // The sum of the days.
    "\"worked_minutes\":520",
];
/// Requests that neither show nor change anything of anybody, and why.
const NOBODYS: [(&str, &str); 8] = [
    ("GET /setup", "it is closed once there is an account"),
    ("POST /setup", "as the form"),
    ("GET /sign-in", "a form"),
    ("GET /static/{file}", "a part of the program"),
    ("GET /healthz", "a word"),
    ("GET /readyz", "a word"),
    ("GET /api/v1/openapi.json", "a part of the program"),
    ("GET /api/v1/payroll/presets", "they come with the program"),
];
/// Two lines whose times can't be read or believed.
const HELD: [&str; 2] = ["41\t2026-13-45 25:61:00\t1\t0\t1\t0", "41\t1999-01-01 08:00:00\t1\t0\t1\t0"];
/// What the address of the owner's calendar is made of.
const CALENDAR: [u8; 32] = [0x5a; 32];
/// What the code of an invited edge is made of.
const INVITATION: [u8; 32] = [0xa5; 32];
/// The owner's keys, under every name that a page or a program sends a key by.
const KEYS: &str = "code=EA7&employee=EA7&serial=TA1&terminal=TA1&origin=TA1&user=41&number=41&id=1&job=1&edge=edgealpha\
    &name=alpha&site=HQ&department=D1&account=alpha&from=2026-01-01&to=2026-01-31&into=EA8&key=EA7&pick=TA1&date=2026-01-05";

/// What the owner has: people, terminals, punches held and resolved, an edge, commands, a merge, an account, tokens.
fn fill(owner: &House) {
    super::imports::try_file(owner, "Quetzal.csv", "user,time\nZeppelin,2026-01-08 08:00:00\n");
    let door = NewTerminal {
        serial: "TA1".into(),
        name: Some("Zeppelin gate".into()),
        zone: Some("Asia/Manila".into()),
        ..NewTerminal::default()
    };
    owner.hub.add_terminal(&clerk(), &door, now()).unwrap();
    let list = b"code,name,numbers\nEA7,Quetzal One,7\nEA8,Quetzal Two,42\nEA9,Quetzal Three,\nEA10,Quetzal Four,\n";
    owner.hub.import_employees(&clerk(), list, false, now()).unwrap();
    owner
        .hub
        .import_sites(
            &clerk(),
            b"code,name,terminals\nSA1,Quetzal site,TA1\nSA2,Quetzal hall,\nSA3,Quetzal yard,\n",
            false,
            now(),
        )
        .unwrap();
    owner
        .hub
        .import_departments(
            &clerk(),
            b"code,name\nDA1,Quetzal people\nDA2,Quetzal staff\nDA3,Quetzal crew\n",
            false,
            now(),
        )
        .unwrap();
    // Somebody is in today.
    let today = now().in_tz("Asia/Manila").unwrap().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let lines = format!(
        "7\t2026-01-05 08:20:00\t1\t0\t1\t0\n7\t2026-01-05 18:00:00\t1\t1\t1\t0\n41\t2026-01-05 08:00:00\t1\t0\t1\t0\n\
         43\t2026-01-05 08:20:00\t1\t0\t1\t0\n{}\n{}\n7\t{today}\t1\t0\t1\t0\n",
        HELD[0], HELD[1]
    );
    owner.import("TA1", &lines, false);
    // A terminal that nobody approved: what it says is held.
    owner.hub.ingest(&batch("edgebeta", "Ghost-9"), now()).unwrap();
    owner.hub.take_users("TA1", &[("41".into(), "Alpha on A1".into())], now()).unwrap();
    owner.hub.merge_employees(&clerk(), ("EA9", "EA8"), "alpha-reason", now()).unwrap();
    owner.hub.account_add(&clerk(), "alpha", PASSWORD, Role::Admin, [4; 16], now()).unwrap();
    let health = Health { silent_terminals: vec!["Ghost-9".into()], ..Health::default() };
    let contact =
        |serial: &str| Contact { serial: serial.into(), trouble: Some("alpha-error".into()), ..Contact::default() };
    let poll = Poll {
        serial: "TA1".into(),
        began_us: 1,
        took_ms: 1,
        outcome: PollOutcome::Failed,
        says: "alpha-error".into(),
        records: None,
        new: None,
    };
    let mut closeouts = Closeouts::default();
    for said in attlog::punches("TA1", lines.as_bytes()) {
        closeouts.add(&said);
    }
    let beat = Heartbeat {
        edge: "edgealpha".into(),
        terminals: vec![contact("TA1"), contact("TA2")],
        readings: vec![Reading::of("TA1", now().as_microsecond(), closeouts)],
        polls: vec![poll],
        health: Some(health),
        ..Heartbeat::default()
    };
    owner.hub.heartbeat(&beat, now()).unwrap();
    let an_hour = SignedDuration::from_hours(1);
    owner.hub.ask_terminal(&clerk(), "TA1", &TerminalCommand::Check, an_hour, now()).unwrap();
    owner.hub.seal(now(), &[1; 32]).unwrap();
    super::sinks::add(owner, "alpha", "https://alpha-reason.example/days");
    super::sinks::refuse(owner, "alpha", "it said alpha-error");
    super::sources::add(owner, "alpha", "https://alpha-reason.example/{year}");
    let layout = format!("title = \"Zeppelin payers\"\n{}", super::payroll::PLAIN);
    owner.hub.save_layout(&clerk(), "alpha", &layout, now()).unwrap();
    let mapping = "about = \"Zeppelin doors\"\n[columns]\nuser = \"who\"\ntime = \"at\"\n";
    owner.hub.save_mapping(&clerk(), "alpha", mapping, now()).unwrap();
    let way = PayWay::Folder("/srv/Quetzal".into());
    let target = PayTarget { name: "alpha".into(), way, layout: owner.hub.pay_layout("csv").unwrap(), since_us: 0 };
    owner.hub.add_pay_target(&clerk(), &target, None, now()).unwrap();
    let week = (jiff::civil::date(2025, 1, 6), jiff::civil::date(2025, 1, 12));
    owner.hub.note_export(&clerk(), week, "Quetzal payers", 1, "d1gest", now()).unwrap();
    owner.hub.open_calendar(&clerk(), "EA7", CALENDAR, now()).unwrap();
    // One for each way to let it be tried again.
    assert_eq!([1, 2].map(|_| super::jobs::fail(owner, "it said alpha-error")), [1, 2]);
}

/// An edge's first batch: a punch of a terminal.
fn batch(edge: &str, serial: &str) -> Batch {
    let said = attlog::punches(serial, b"7\t2026-01-06 08:00:00\t1\t0\t1\t0").next().unwrap();
    let what = What::Punch(link::Punch::of(attendance::punch::Channel::Push, &said));
    let item = Item { seq: 1, received_us: 1, is_time_doubted: false, what };
    Batch { edge: edge.into(), up_to: 1, items: vec![item], ..Batch::default() }
}

fn fingerprint(line: &str) -> String {
    attlog::punches("TA1", line.as_bytes()).next().unwrap().fingerprint().to_string()
}

/// What a route is asked with that names what is the owner's; where this does not know it, with every key.
fn asked(route: &Route) -> String {
    let held = HELD.map(fingerprint);
    let own = match (route.method.as_str(), route.path) {
        ("POST", "/employees/merge") => "from=EA10&into=EA8&reason=x",
        ("POST", "/employees/unmerge") => "from=EA9",
        ("POST", "/people/match") => "what=assign&from=&pick=41&employee%3A41=EA7",
        ("POST", "/terminals/approve") => "serial=TA2",
        ("POST", "/terminals/users") => "what=send&pick=TA1%0942",
        ("POST", "/terminals/commands") => "terminal=TA1&what=info",
        ("POST", "/jobs/run") => "kind=derive",
        ("POST", "/sources/pull" | "/sources/pause" | "/sinks/pause") => "name=alpha&is_paused=true",
        ("POST", "/sinks/requeue") => "sink=alpha",
        ("POST", "/api/v1/sinks/{name}/requeue") => return "{}".to_owned(),
        ("POST", "/api/v1/days/sync") => return r#"{"sink": "alpha"}"#.to_owned(),
        ("POST", "/api/v1/punches") => {
            return r#"{"punches":[{"user":"7","terminal":"TA1","time":"2026-01-09 08:00:00"}],"zone":"Asia/Manila"}"#
                .to_owned();
        }
        ("POST", "/api/v1/terminals") => r#"{"serial":"TA1","name":"Renamed"}"#,
        ("POST", "/api/v1/terminals/poll" | "/api/v1/terminals/{serial}/poll") => "{}",
        ("POST", "/api/v1/days/derive") => r#"{"employee":"EA7"}"#,
        ("GET", "/api/v1/days/stats") => "from=2026-01-05&to=2026-01-09&employee=EA7",
        ("POST", "/api/v1/sites") => r#"{"code":"SA1","name":"Renamed"}"#,
        ("POST", "/sites/change") => "code=SA1&name=Renamed+here&zone=Asia%2FTokyo",
        ("POST", "/sites/remove") => "code=SA3",
        ("POST", "/departments/change") => "code=DA1&name=Renamed+here",
        ("POST", "/departments/remove") => "code=DA3",
        ("POST", "/api/v1/employees/{code}/hire") => r#"{"from":"2026-01-01"}"#,
        ("POST", "/api/v1/employees/{code}/leave") => r#"{"to":"2026-12-31"}"#,
        ("POST", "/api/v1/employees/{code}/place") => r#"{"from":"2026-01-01","department":"DA1"}"#,
        ("POST", "/api/v1/employees/{code}/numbers") => r#"{"number":"99"}"#,
        ("POST", "/api/v1/employees/{code}/numbers/end") => r#"{"number":"7","to":"2026-12-31"}"#,
        ("POST", "/api/v1/terminals/{serial}/leave") => r#"{"from":"2026-01-08"}"#,
        ("POST", "/api/v1/departments") => r#"{"code":"DA1","name":"Renamed"}"#,
        ("PUT", "/api/v1/imports/mappings/{name}") => {
            return r#"{"toml": "[columns]\nuser = \"u\"\ntime = \"t\"\n"}"#.to_owned();
        }
        ("GET", "/api/v1/imports/mappings") => "",
        ("PUT", "/api/v1/payroll/layouts/{name}") => return r#"{"from": "csv"}"#.to_owned(),
        ("POST", "/api/v1/jobs") => r#"{"kind": "seal"}"#,
        ("POST", "/payroll/layouts/remove") => "name=alpha",
        ("POST", "/payroll/layout") => {
            let text = format!("title = \"Other payers\"\n{}", super::payroll::PLAIN);
            return crate::forms::query(&[("as", "text"), ("what", "save"), ("name", "alpha"), ("toml", &text)]);
        }
        ("GET", "/payroll/layout") => "start=alpha",
        ("GET", "/api/v1/payroll" | "/payroll" | "/payroll/file") => "from=2026-01-05&to=2026-01-09&layout=csv",
        (
            "GET",
            "/api/v1/payroll/layouts" | "/api/v1/payroll/records" | "/payroll/records" | "/payroll/records.csv",
        ) => "",
        ("POST", "/held/assign") => "user=43&origin=TA1&employee=EA7",
        ("POST", "/held/state") => return format!("fingerprint={}&printed=2026-01-05+18%3A00%3A00", held[0]),
        ("POST", "/held/dismiss") => return format!("fingerprint={}&why=x", held[1]),
        ("POST", "/sign-in") => return format!("name=alpha&password={}", PASSWORD.replace(' ', "+")),
        ("GET", "/held/punches" | "/held/punches.csv") => "reason=unknown_user&origin=TA1&user=43",
        (
            "GET",
            "/people/match" | "/people/match.csv" | "/api/v1/matches" | "/terminals/users" | "/terminals/users.csv",
        ) => "state=all",
        ("GET", "/api/v1/terminal-users") => "state=all&terminal=TA1",
        (
            "GET",
            "/" | "/imports" | "/imports.csv" | "/edges" | "/edges.csv" | "/sources" | "/sources.csv" | "/sinks"
            | "/sinks.csv" | "/held" | "/held.csv" | "/terminals" | "/terminals.csv" | "/employees" | "/employees.csv"
            | "/sites" | "/sites.csv" | "/departments" | "/departments.csv",
        ) => "",
        (
            "GET",
            "/api/v1/imports"
            | "/api/v1/imports/{id}"
            | "/api/v1/edges"
            | "/api/v1/sources"
            | "/api/v1/sinks"
            | "/api/v1/sinks/{name}/records"
            | "/api/v1/held"
            | "/api/v1/terminals"
            | "/api/v1/employees"
            | "/api/v1/sites"
            | "/api/v1/departments",
        ) => "",
        (
            "GET",
            "/terminals/commands"
            | "/terminals/commands.csv"
            | "/terminals/readings"
            | "/terminals/readings.csv"
            | "/api/v1/terminals/{serial}/readings"
            | "/terminals/completeness"
            | "/terminals/completeness.csv",
        ) => "terminal=TA1",
        ("GET", path) if path.contains("punches") => "terminal=TA1",
        ("GET", path) if path.contains("days") => "employee=EA7",
        _ => return format!("{KEYS}&fingerprint={}", held[0]),
    };
    own.to_owned()
}

fn path(route: &Route) -> String {
    let code = match route.path {
        "/api/v1/sites/{code}" => "SA2",
        "/api/v1/departments/{code}" => "DA2",
        _ => "EA7",
    };
    let id = if route.path == "/api/v1/jobs/{id}/retry" { "2" } else { "1" };
    let calendar = format!("pc_{}.ics", "5a".repeat(CALENDAR.len()));
    let keys = [
        ("{code}", code),
        ("{date}", "2026-01-05"),
        ("{file}", "none"),
        ("{id}", id),
        ("{month}", "2026-01"),
        ("{token}", &calendar),
        ("{serial}", "TA1"),
        ("{name}", "alpha"),
    ];
    let path = keys.iter().fold(route.path.to_owned(), |path, (name, value)| path.replace(name, value));
    assert!(!path.contains('{'), "no key is known for {}", route.path);
    path
}

fn request(route: &Route) -> Request<Body> {
    let (path, asked) = (path(route), asked(route));
    if route.method == Method::PUT {
        return Request::put(path).body(Body::from(asked)).unwrap();
    }
    if route.method != Method::POST {
        return Request::builder()
            .method(route.method.clone())
            .uri(format!("{path}?{asked}"))
            .body(Body::empty())
            .unwrap();
    }
    if route.path == link::path::PUNCHES {
        let batch = batch("edgealpha", "TA1");
        return Request::post(path).body(Body::from(serde_json::to_string(&batch).unwrap())).unwrap();
    }
    if route.path == "/payroll/check" {
        return super::payroll::sample_form("csv", "a,b\n");
    }
    if matches!(route.path, "/api/v1/imports" | "/imports") {
        let file = "user,time,serial\n7,2026-01-07 08:00:00,TA1\n";
        return super::imports::form(route.path, file, &[("zone", "Asia/Manila")]);
    }
    if route.path == link::path::HEARTBEAT {
        let contact = Contact { serial: "TA1".into(), ..Contact::default() };
        let beat = Heartbeat { edge: "edgealpha".into(), terminals: vec![contact], ..Heartbeat::default() };
        return Request::post(path).body(Body::from(serde_json::to_string(&beat).unwrap())).unwrap();
    }
    let kind = "application/x-www-form-urlencoded";
    Request::post(path).header("content-type", kind).header("host", "hub.example").body(Body::from(asked)).unwrap()
}

/// Who is somebody at a house: a person, the two kinds of programs, and an edge that is about to be one.
struct Callers {
    admin: Visitor,
    api: Visitor,
    edge: Visitor,
    invited: Visitor,
}

impl Callers {
    async fn of(house: &House) -> Self {
        let an_hour = SignedDuration::from_hours(1);
        house.hub.edge_invite(&clerk(), "edgealpha", INVITATION, an_hour, now()).unwrap();
        let invitation = format!("Bearer {}", link::enrol::token(&INVITATION));
        Self {
            invited: Visitor::default().with("authorization", &invitation),
            admin: house.sign_in("admin").await,
            api: house.token(TokenKind::Api),
            edge: house.token(TokenKind::Edge),
        }
    }

    fn of_route(&self, route: &Route) -> &Visitor {
        match route.access {
            Access::Link => &self.edge,
            Access::Invited => &self.invited,
            Access::Api | Access::Metrics => &self.api,
            _ => &self.admin,
        }
    }
}

/// Status and text. A feed has no end: the first it says is read.
async fn answer(house: &House, visitor: &Visitor, route: &Route) -> (StatusCode, String) {
    if route.path == "/live" {
        let response = house.open(visitor, request(route)).await;
        let (status, headers) = (response.status(), format!("{:?}", response.headers()));
        let said = response.into_body().into_data_stream().next().await.map(Result::unwrap).unwrap_or_default();
        return (status, String::from_utf8(said.to_vec()).unwrap() + &headers);
    }
    let answer = house.ask(visitor, request(route)).await;
    let headers = format!("{:?}", answer.headers);
    (answer.status, answer.text + &headers)
}

/// Every route; whoever signs out does it last.
fn routes() -> Vec<Route> {
    let mut routes = table();
    routes.sort_by_key(|route| (!route.method.is_safe(), route.method == Method::DELETE, route.path == "/sign-out"));
    routes
}

#[tokio::test]
async fn no_route_shows_or_changes_what_is_another_tenants() {
    let owner = House::with_accounts();
    fill(&owner);
    let stranger = owner.beside(2);
    let strangers = Callers::of(&stranger).await;
    // The same house where nobody else is.
    let alone = House::with_accounts();
    let alones = Callers::of(&alone).await;
    let before = moving::summaries(&owner.store).unwrap();
    for route in routes() {
        let told = format!("{} {}", route.method, route.path);
        let (status, text) = answer(&stranger, strangers.of_route(&route), &route).await;
        assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "{told} shows what is another's: {text}");
        let (as_alone, _) = answer(&alone, alones.of_route(&route), &route).await;
        assert_eq!(status, as_alone, "{told} is answered in another way because of what is another's: {text}");
        assert_eq!(moving::summaries(&owner.store).unwrap(), before, "{told} changed what is another's");
    }
}

#[tokio::test]
async fn who_is_somebody_at_one_tenant_is_nobody_at_another() {
    let owner = House::with_accounts();
    fill(&owner);
    let stranger = owner.beside(2);
    let owners = Callers::of(&owner).await;
    for route in routes().into_iter().filter(|route| route.access != Access::Open) {
        for caller in [&owners.admin, &owners.api, &owners.edge, &owners.invited] {
            let (status, text) = answer(&stranger, caller, &route).await;
            let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::SEE_OTHER);
            assert!(is_refused, "{} {} answers {status}: {text}", route.method, route.path);
            assert!(status != StatusCode::SEE_OTHER || text.contains("/sign-in"), "{}: {text}", route.path);
        }
    }
}

/// What the walk looks for is there to be seen, and there to be changed, at every route.
#[tokio::test]
async fn the_owner_sees_and_changes_by_the_same_requests() {
    let owner = House::with_accounts();
    fill(&owner);
    let owners = Callers::of(&owner).await;
    let mut proves_nothing = Vec::new();
    for route in routes() {
        if route.path == "/api/v1/sinks/{name}/requeue" {
            // The page has let everything wait again by now.
            super::sinks::refuse(&owner, "alpha", "it said alpha-error");
        }
        let before = moving::summaries(&owner.store).unwrap();
        let (status, text) = answer(&owner, owners.of_route(&route), &route).await;
        // A comparison is sent, and only read.
        let is_read = route.method.is_safe() || route.path == "/payroll/check";
        let is_proof = if is_read {
            SECRETS.iter().any(|secret| text.contains(secret))
        } else {
            moving::summaries(&owner.store).unwrap() != before
        };
        if !is_proof {
            proves_nothing.push((format!("{} {}", route.method, route.path), format!("{status} {text}")));
        }
    }
    let known = |told: &str| NOBODYS.iter().any(|(nobodys, _)| *nobodys == told);
    let unknown: Vec<_> = proves_nothing.iter().filter(|(told, _)| !known(told)).collect();
    assert!(unknown.is_empty(), "the owner sees and changes nothing by: {unknown:#?}");
    assert_eq!(proves_nothing.len(), NOBODYS.len(), "something of the owner is there to be seen: {proves_nothing:#?}");
}
