//! Held punches and unapproved terminals, cured from their pages.

use attendance::punch::{Channel, attlog};
use axum::http::StatusCode;

use super::house::{House, clerk, now};

#[tokio::test]
async fn assigning_a_number_releases_what_waited_for_it() {
    let house = House::with_accounts();
    house.import("A1", "41\t2026-01-05 08:00:00\t1\t0\t1\t0\n41\t2026-01-05 18:00:00\t1\t1\t1\t0\n", false);
    let hr = house.sign_in("hr").await;
    let page = house.get(&hr, "/held").await.text;
    assert!(page.contains("2 punches") && page.contains("The user number belongs to nobody"), "{page}");

    let refused = house.post(&hr, "/held/assign", "user=41&origin=A1&employee=E41").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("There is no employee with code E41"), "{}", refused.text);
    assert!(refused.text.contains("value=\"E41\""), "what was typed is kept in the form of this group");

    let cured = house.post(&hr, "/held/assign", "user=41&origin=A1&employee=&provisional=yes").await;
    assert_eq!(cured.header("location"), "/held?released=2&still_held=0");
    let page = house.get(&hr, cured.header("location")).await.text;
    assert!(page.contains("Done: 2 punches were released.") && page.contains("Nothing is held"), "{page}");
    assert!(house.get(&hr, "/employees").await.text.contains("provisional"));
}

#[tokio::test]
async fn a_punch_with_an_impossible_time_is_stated_or_dismissed() {
    let house = House::with_accounts();
    house.import("A1", "5\t2026-01-05 08:00:00\t1\t0\t1\t0\n", true);
    house.import("A1", "5\t2026-13-45 25:61:00\t1\t0\t1\t0\n5\t1999-01-01 08:00:00\t1\t0\t1\t0\n", false);
    let hr = house.sign_in("hr").await;
    let group = house.get(&hr, "/held/punches?reason=unreadable_time&origin=A1&user=5").await.text;
    assert!(group.contains("2026-13-45 25:61:00"), "{group}");
    let fingerprint = |page: &str| {
        let after = page.split("name=\"fingerprint\" value=\"").nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    let form = format!("fingerprint={}&printed=2026-01-05+18%3A00%3A00", fingerprint(&group));
    let stated = house.post(&hr, "/held/state", &form).await;
    assert_eq!(stated.header("location"), "/held?released=1&still_held=0");

    let group = house.get(&hr, "/held/punches?reason=implausible_time&origin=A1&user=5").await.text;
    let form = format!("fingerprint={}&why=battery+was+empty", fingerprint(&group));
    let dismissed = house.post(&hr, "/held/dismiss", &form).await;
    assert_eq!(dismissed.header("location"), "/held?released=1&still_held=0");
    assert!(house.hub.held().unwrap().is_empty());
    let deeds: Vec<String> = house.hub.audit(10).unwrap().into_iter().map(|entry| entry.action).collect();
    assert_eq!(deeds.iter().filter(|deed| deed.starts_with("punch.")).count(), 2, "{deeds:?}");

    let nonsense = house.post(&hr, "/held/state", "fingerprint=zz&printed=2026-01-05").await;
    assert_eq!(nonsense.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_large_group_is_paged_ordered_and_taken_as_a_file() {
    let house = House::with_accounts();
    let line = |n: u32| format!("99\t2026-01-05 08:{:02}:{:02}\t1\t0\t1\t0\n", n / 60, n % 60);
    house.import("A1", &(0..120).map(line).collect::<String>(), false);
    let viewer = house.sign_in("viewer").await;
    let group = "reason=unknown_user&origin=A1&user=99";
    let page = async |more: &str| house.get(&viewer, &format!("/held/punches?{group}{more}")).await.text;
    let first = page("").await;
    assert!(first.contains("120 punches held") && first.contains("Page 1 of 3"), "{first}");
    assert!(first.contains("2026-01-05 08:00:00") && !first.contains("2026-01-05 08:01:59"), "{first}");
    let last = page("&page=3").await;
    assert!(last.contains("2026-01-05 08:01:59") && !last.contains("2026-01-05 08:00:00"), "{last}");
    let latest = page("&order=desc").await;
    assert!(latest.contains("2026-01-05 08:01:59") && latest.contains("order=desc&#38;page=2"), "{latest}");
    let csv = house.get(&viewer, &format!("/held/punches.csv?{group}&order=desc")).await.text;
    let rows: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(rows.len(), 120);
    assert!(rows[0].contains(",A1,99,2026-01-05 08:01:59,") && rows[0].contains(",unknown_user,"), "{}", rows[0]);
    assert_eq!(house.get(&viewer, "/held/punches.csv?reason=x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn impossible_times_of_a_terminal_are_cured_by_one_shift_that_its_page_shows() {
    let house = House::with_accounts();
    house.import("A1", "5\t2026-01-05 08:00:00\t1\t0\t1\t0\n", true);
    house.import("A1", "5\t2000-01-01 00:12:00\t1\t0\t1\t0\n5\t2000-01-01 09:10:00\t1\t0\t1\t0\n", false);
    let hr = house.sign_in("hr").await;
    let page = house.get(&hr, "/held").await.text;
    let command = r#"punchclock terminal shift A1 --from "2000-01-01 00:12:00" --to "2000-01-01 09:10:00" --by"#;
    assert!(page.contains(command), "{page}");
    let (from, to) = ("2000-01-01T00:12:00".parse().unwrap(), "2000-01-01T09:10:00".parse().unwrap());
    let by = jiff::Span::new().years(26).days(5).hours(8);
    let shift = hub::ClockShift::of_span(from, to, by).unwrap();
    house.hub.shift_clock(&clerk(), "A1", shift, "the battery <b>was</b> empty", now()).unwrap();
    assert!(house.get(&hr, "/held").await.text.contains("Nothing is held"));
    let page = house.get(&hr, "/terminals").await.text;
    assert!(page.contains("Statement 1: printed 2000-01-01 00:12:00 to 2000-01-01 09:10:00: +9502d 8h<"), "{page}");
    assert!(page.contains("empty (console)") && !page.contains("<b>"), "{page}");
}

#[tokio::test]
async fn a_receive_time_that_is_not_the_edges_is_shown_as_such() {
    let house = House::with_accounts();
    house.import("A1", "5\t2026-01-05 08:00:00\t1\t0\t1\t0\n", true);
    let hr = house.sign_in("hr").await;
    assert!(!house.get(&hr, "/punches").await.text.contains("doubted"));
    let said = attlog::punches("A1", b"5\t2026-01-05 18:00:00\t1\t0\t1\t0").next().unwrap();
    let what = link::What::Punch(link::Punch::of(Channel::Push, &said));
    let item = link::Item { seq: 1, received_us: 10_000_000, is_time_doubted: true, what };
    let batch = link::Batch { edge: "e".to_owned(), items: vec![item], ..link::Batch::default() };
    house.hub.ingest(&batch, now()).unwrap();
    let page = house.get(&hr, "/punches").await.text;
    assert_eq!(page.matches("edge's clock doubted").count(), 1, "{page}");
    assert!(page.contains("and showed 1970-01-01T08:00:10+08:00."), "{page}");
}

#[tokio::test]
async fn an_administrator_approves_a_terminal() {
    let house = House::with_accounts();
    let contact = link::Contact { serial: "NEW 1".to_owned(), ..link::Contact::default() };
    let beat = link::Heartbeat { edge: "e".to_owned(), terminals: vec![contact], ..link::Heartbeat::default() };
    house.hub.heartbeat(&beat, now()).unwrap();
    let hr = house.sign_in("hr").await;
    let seen = house.get(&hr, "/terminals").await.text;
    assert!(seen.contains("waits for approval") && !seen.contains("/terminals/approve"), "{seen}");
    let admin = house.sign_in("admin").await;
    assert!(house.get(&admin, "/").await.text.contains("1 terminal waits for approval"));
    assert!(house.get(&admin, "/terminals?show=unapproved").await.text.contains("aria-label=\"Approve NEW 1\""));
    let done = house.post(&admin, "/terminals/approve", "serial=NEW+1").await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(house.hub.terminals().unwrap()[0].approved);
}
