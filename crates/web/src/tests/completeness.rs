//! Completeness as the page, the file and REST show it.

use hub::view::CloseoutFilter;
use hub::{NewTerminal, TokenKind};
use jiff::civil::Date;
use link::closeout::Closeouts;
use link::{Contact, Heartbeat, Reading, Via};

use super::house::{House, clerk, now};

/// Yesterday in Manila.
fn yesterday() -> Date {
    now().in_tz("Asia/Manila").unwrap().date().yesterday().unwrap()
}

/// A house in which the terminal holds two punches of yesterday and the hub lacks one, listed.
fn house() -> House {
    let house = House::with_accounts();
    let line = |user: &str| format!("{user}\t{} 08:00:00\t1\t0\t1\t0\n", yesterday());
    house.import("A1", &line("12"), true);
    let door = NewTerminal {
        serial: "A1".into(),
        name: Some("Door".into()),
        address: Some("10.0.0.9".into()),
        via: Some(Via::Poll),
        ..NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &door, now()).unwrap();
    let mut closeouts = Closeouts::default();
    let both = line("12") + &line("<b>7</b>");
    let punches: Vec<_> = attendance::punch::attlog::punches("A1", both.as_bytes()).collect();
    for said in &punches {
        closeouts.add(said);
    }
    let now_us = now().as_microsecond();
    let mut reading = Reading::of("A1", now_us, closeouts);
    reading.days[0].listed =
        Some(punches.iter().map(|said| (said.user.clone(), said.time.seconds().unwrap())).collect());
    let contact = Contact { serial: "A1".into(), last_contact_us: Some(now_us), ..Contact::default() };
    let beat = Heartbeat {
        edge: "e".into(),
        now_us,
        terminals: vec![contact],
        readings: vec![reading],
        ..Heartbeat::default()
    };
    house.hub.heartbeat(&beat, now()).unwrap();
    house
}

#[tokio::test]
async fn a_gap_is_shown_with_what_is_missing() {
    let house = house();
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, "/terminals/completeness").await.text;
    assert!(page.contains("Broken") && page.contains("1 punch of the terminal is missing here"), "{page}");
    assert!(page.contains(&format!("&#60;b&#62;7&#60;/b&#62; at {} 08:00:00", yesterday())), "shown as text: {page}");
    let rows = house.hub.closeouts(&CloseoutFilter::default(), now()).unwrap();
    let read = rows[0].read.unwrap().in_tz("Asia/Manila").unwrap().strftime("%Y-%m-%d %H:%M +08:00").to_string();
    assert!(page.contains(&format!("<span class=\"sub\">{read}</span>")), "the log was read at {read}: {page}");
    assert!(house.get(&viewer, "/terminals").await.text.contains("href=\"/terminals/completeness\""));
    let narrowed = house.get(&viewer, "/terminals/completeness?state=closed&terminal=A1").await.text;
    assert!(narrowed.contains("No day matches"), "{narrowed}");
    let refused = house.get(&viewer, "/terminals/completeness?state=done").await;
    assert!(
        refused.status.is_client_error() && refused.text.contains("Use broken, deferred, open or closed"),
        "{}",
        refused.text
    );
    let dates = async |sort: &str| {
        let csv = house.get(&viewer, &format!("/terminals/completeness.csv?{sort}")).await.text;
        csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().to_owned()).collect::<Vec<String>>()
    };
    let latest_first = dates("").await;
    let earliest_first = dates("sort=date").await;
    assert!(latest_first.len() > 1 && latest_first.is_sorted_by(|a, b| a > b), "{latest_first:?}");
    assert!(earliest_first.is_sorted() && earliest_first.len() == latest_first.len(), "{earliest_first:?}");
    for sort in ["sort=state", "sort=missing&order=desc"] {
        assert_eq!(dates(sort).await[0], yesterday().to_string(), "what is broken comes first by {sort}");
    }
    assert!(page.contains("/terminals/completeness?sort=missing"), "{page}");
    let csv = house.get(&viewer, "/terminals/completeness.csv?state=broken").await.text;
    let row = csv.lines().nth(1).unwrap();
    assert!(row.starts_with(&format!("Door,A1,{},broken,2,,1,", yesterday())), "{csv}");
}

#[tokio::test]
async fn a_program_reads_the_same() {
    let house = house();
    let program = house.token(TokenKind::Api);
    let page = house.get(&program, "/api/v1/completeness?state=broken").await.json();
    let (total, item) = (&page["total"], &page["items"][0]);
    assert_eq!(
        (total, &item["on_terminal"], &item["at_hub"], &item["missing"]),
        (&1.into(), &2.into(), &1.into(), &1.into())
    );
    assert_ne!(item["digest_terminal"], item["digest_hub"]);
}

#[tokio::test]
async fn what_the_look_for_twins_found_is_on_the_page_and_in_the_metrics() {
    let house = house();
    let viewer = house.sign_in("viewer").await;
    let program = house.token(TokenKind::Api);
    let shown = || async {
        let page = house.get(&viewer, "/terminals/completeness").await.text;
        (page, house.get(&program, "/metrics").await.text)
    };
    let (page, metrics) = shown().await;
    assert!(!page.contains("twins") && !metrics.contains("twins"), "nobody has looked: {page}{metrics}");
    house.hub.ask_for_job(&clerk(), "clean-up", now()).unwrap();
    let works = hub::jobs::built_in();
    for job in house.hub.claim_jobs(&works, "one", 9, now()).unwrap() {
        house.hub.perform(&works, &job, now, 1.0, &std::sync::atomic::AtomicBool::new(false)).unwrap();
    }
    let (page, metrics) = shown().await;
    let (at, zone) = (house.hub.census().unwrap().unwrap().at, house.hub.company().unwrap().time_zone().unwrap());
    let looked = at.to_zoned(zone).strftime("%Y-%m-%d %H:%M %:z").to_string();
    let says = format!("Each punch is here once: 0 twins among 1 punches, looked at on {looked}");
    assert!(page.contains(&says), "{says}: {page}");
    for line in ["punchclock_twins 0", "punchclock_misfiled_punches 0", "punchclock_census_punches 1"] {
        assert!(metrics.lines().any(|one| one == line), "{line} is missing in\n{metrics}");
    }
}
