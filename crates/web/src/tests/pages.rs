//! What people see.

use axum::http::StatusCode;

use super::house::{House, Visitor, clerk, now};

/// Monday to Wednesday of two people: on time with overtime, late, and a lone punch.
const WEEK: &str = "7\t2026-01-05 07:58:00\t1\t0\t1\t0\n7\t2026-01-05 12:01:00\t1\t1\t1\t0\n7\t2026-01-05 19:30:00\t1\t1\t1\t0\n\
    7\t2026-01-06 08:20:00\t1\t0\t1\t0\n7\t2026-01-06 18:00:00\t1\t1\t1\t0\n8\t2026-01-07 08:00:00\t1\t0\t1\t0\n";

async fn house() -> (House, Visitor) {
    let house = House::with_accounts();
    house.import("A1", WEEK, true);
    let viewer = house.sign_in("viewer").await;
    (house, viewer)
}

#[tokio::test]
async fn a_day_shows_its_punches_and_the_reason_for_each_figure() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/days/7/2026-01-06").await.text;
    assert!(page.contains("20 minutes tardy: first arrival 08:20, plan starts 08:00"), "{page}");
    assert!(page.contains("Times in Asia/Manila (UTC+08:00)"), "{page}");
    assert!(page.contains("user 7 at 2026-01-06 08:20:00"), "what the terminal said");
    assert!(page.contains("<span class=\"tag good\">Arrival</span>"), "what was made of it");
    assert!(page.contains("href=\"/days/7/2026-01-05\"") && page.contains("href=\"/days/7/2026-01-07\""), "neighbours");
    assert!(page.contains("<title>Planned 08:00 to 12:00, 4 h</title>"), "the picture tells its times");
}

#[tokio::test]
async fn an_ignored_punch_says_why() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/days/7/2026-01-05").await.text;
    assert!(page.contains("Ignored: in between") && page.contains("<tr class=\"ignored\">"), "{page}");
    assert!(page.contains("overtime"), "the evening is paid by a pay code that is drawn apart");
}

#[tokio::test]
async fn a_missing_punch_is_an_exception_that_is_explained() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/days/8/2026-01-07").await.text;
    assert!(page.contains("<span class=\"tag alarm\">Departure missing</span>"), "{page}");
    assert!(page.contains("blocks payroll"), "{page}");
}

#[tokio::test]
async fn days_are_filtered_sorted_and_downloaded_with_the_same_filter() {
    let (house, viewer) = house().await;
    let page = house.get(&viewer, "/days?from=2026-01-05&to=2026-01-09&exception=tardy&sort=tardy").await.text;
    assert!(page.contains("href=\"/days/7/2026-01-06\"") && !page.contains("href=\"/days/7/2026-01-05\""), "{page}");
    assert!(page.contains("aria-sort=\"descending\""), "{page}");
    let link = page.split("href=\"").find_map(|part| part.strip_prefix("/days.csv?")).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let csv = house.get(&viewer, &format!("/days.csv?{link}")).await;
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"days.csv\"");
    let rows: Vec<&str> = csv.text.lines().skip(1).collect();
    assert!(rows.len() == 1 && rows[0].starts_with("7,7,2026-01-06,present,"), "{rows:?}");
}

#[tokio::test]
async fn the_usual_list_leaves_out_today_which_is_not_judged() {
    let house = House::with_accounts();
    let zone = jiff::tz::TimeZone::get("Asia/Manila").unwrap();
    let today = now().to_zoned(zone).date();
    let yesterday = today.yesterday().unwrap();
    house.import("A1", &format!("7\t{yesterday} 08:00:00\t1\t0\t1\t0\n7\t{today} 00:00:01\t1\t0\t1\t0\n"), true);
    let viewer = house.sign_in("viewer").await;
    let is_listed = |page: &str, date| page.contains(&format!("href=\"/days/7/{date}\""));
    let usual = house.get(&viewer, "/days").await.text;
    assert!(is_listed(&usual, yesterday) && !is_listed(&usual, today), "{usual}");
    assert!(usual.contains(&format!("name=\"to\" type=\"date\" value=\"{yesterday}\"")), "and says so in the filter");
    for path in ["/days?to=", "/days?employee=7"] {
        let page = house.get(&viewer, path).await.text;
        assert!(is_listed(&page, yesterday) && is_listed(&page, today), "{path}: {page}");
    }
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_told_what_to_do() {
    let (house, viewer) = house().await;
    for path in ["/nowhere", "/days/7/yesterday", "/days/7/1999-01-01", "/days/99/2026-01-05", "/held/punches?reason=x"]
    {
        let answer = house.get(&viewer, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text.contains("Check the address"), "{path}");
    }
    for path in ["/days?page=last", "/held?released=many"] {
        let answer = house.get(&viewer, path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.text.contains("Start again from the list"), "{path}: {}", answer.text);
    }
    let answer = house.get(&viewer, "/days?from=31.12.2025").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text.contains("Write it as 2026-03-31"), "{}", answer.text);
}

#[tokio::test]
async fn what_a_terminal_or_a_list_says_never_becomes_markup_or_a_formula() {
    let house = House::with_accounts();
    let evil = "<script>alert(1)</script>";
    house.import("A1", WEEK, true);
    let list = format!("code,name,numbers\n7,{evil},7\n8,=cmd()|A0,8\n");
    house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    let trouble = Some(format!("{evil}\"'"));
    let contact = link::Contact { serial: evil.to_owned(), trouble, ..link::Contact::default() };
    let seen = link::Contact { serial: "=1+1".to_owned(), ..link::Contact::default() };
    let beat = link::Heartbeat { edge: "e".to_owned(), terminals: vec![contact, seen], ..link::Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    let door = house.hub.ask_terminal(&clerk(), "A1", &link::TerminalCommand::Info, hub::USUAL_EXPIRY, now()).unwrap();
    let told = link::CommandReport {
        id: door,
        state: link::CommandState::Done,
        at_us: 0,
        sent_times: 1,
        code: Some(0),
        text: format!("{evil}\n{evil}={evil}"),
    };
    let beat = link::Heartbeat { edge: "e".to_owned(), commands: vec![told], ..link::Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    let admin = house.sign_in("admin").await;
    let hostile = "%3Cscript%3Ealert(1)%3C/script%3E";
    for path in [
        "/".to_owned(),
        "/days".to_owned(),
        "/days/7/2026-01-05".to_owned(),
        "/punches".to_owned(),
        "/employees".to_owned(),
        "/terminals".to_owned(),
        "/terminals/commands".to_owned(),
        "/terminals/completeness".to_owned(),
        "/held".to_owned(),
        format!("/days?employee={hostile}"),
        format!("/punches?terminal={hostile}&user={hostile}"),
        format!("/days/{hostile}/2026-01-05"),
        format!("/held/punches?reason=unknown_user&origin={hostile}&user={hostile}"),
        format!("/sign-in?next=/{hostile}"),
    ] {
        let text = house.get(&admin, &path).await.text;
        assert!(!text.contains("<script>"), "{path}");
        assert!(!text.contains("style=\"") && !text.contains("onclick"), "inline style or script in {path}");
    }
    assert!(house.get(&admin, "/employees").await.text.contains("&#60;script&#62;alert(1)"), "shown as text");
    let days = house.get(&admin, "/days.csv").await.text;
    assert!(days.contains("8,'=cmd()|A0,"), "{days}");
    let terminals = house.get(&admin, "/terminals.csv").await.text;
    assert!(terminals.contains("\n'=1+1,'=1+1,false"), "{terminals}");
}

#[tokio::test]
async fn an_empty_list_teaches_how_it_fills() {
    let house = House::with_accounts();
    let viewer = house.sign_in("viewer").await;
    for (path, lesson) in [
        ("/", "Nobody has punched today"),
        ("/days", "punchclock import attlog"),
        ("/punches", "punchclock import attlog"),
        ("/employees", "punchclock import csv FILE --kind employees"),
        ("/terminals", "port 8081"),
        ("/terminals/commands", "approve it under"),
        ("/terminals/completeness", "--via both"),
        ("/held", "nothing is ever dropped"),
    ] {
        let text = house.get(&viewer, path).await.text;
        assert!(text.contains(lesson), "{path}: {text}");
    }
}

#[tokio::test]
async fn thousands_of_terminals_are_shown_page_by_page() {
    let house = House::with_accounts();
    let contact = |place: usize| link::Contact { serial: format!("T{place:04}"), ..link::Contact::default() };
    let terminals = (1..=120).map(contact).collect();
    let beat = link::Heartbeat { edge: "e".to_owned(), terminals, ..link::Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    let viewer = house.sign_in("viewer").await;
    let first = house.get(&viewer, "/terminals?show=unapproved").await.text;
    assert!(first.contains("120 terminals") && first.contains("Page 1 of 3"), "{first}");
    assert!(first.contains("T0050") && !first.contains("T0051"), "{first}");
    let last = house.get(&viewer, "/terminals?show=unapproved&page=3").await.text;
    assert!(last.contains("T0101") && last.contains("T0120") && !last.contains("T0100"), "{last}");
    assert!(last.contains("show=unapproved&#38;page=2") || last.contains("show=unapproved&amp;page=2"), "{last}");
}

#[tokio::test]
async fn a_schedule_of_its_own_is_shown_wherever_the_terminal_is() {
    let house = House::with_accounts();
    let new = hub::NewTerminal {
        serial: "A1".to_owned(),
        via: Some(link::Via::Poll),
        poll_minutes: Some(90),
        live: Some(true),
        ..hub::NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &new, now()).unwrap();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/terminals").await.text;
    assert!(page.contains("poll, live") && page.contains("read every 1 h 30 min"), "{page}");
    let file = house.get(&viewer, "/terminals.csv").await.text;
    let mut lines = file.lines();
    assert!(
        lines.next().unwrap().ends_with(",poll_minutes,edge,live,number_group,site")
            && lines.next().unwrap().ends_with(",90,,true,,"),
        "{file}"
    );
    let list = house.get(&viewer, "/api/v1/terminals").await.json();
    assert_eq!((&list["items"][0]["poll_minutes"], &list["items"][0]["is_live"]), (&90.into(), &true.into()));
}
