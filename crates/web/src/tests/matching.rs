//! Users of terminals, matched on the review page.

use axum::http::StatusCode;
use hub::{OdooSourceSettings, SourceSettings};

use super::house::{House, clerk, now};

const PATH: &str = "/people/match";

fn workplace() -> House {
    let house = House::with_accounts();
    house.import("A1", "41\t2026-01-05 08:00:00\t1\t0\t1\t0\n41\t2026-01-05 18:00:00\t1\t1\t1\t0\n", false);
    let list = b"code,name\nE1,Ann Reyes\nE2,Ben Cruz\nE3,Ben Cruz\n";
    house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    let users = [("41", "Reyes, Ann"), ("42", "Ben Cruz"), ("43", "<b>Zed</b>")];
    let users: Vec<(String, String)> = users.map(|(number, name)| (number.to_owned(), name.to_owned())).into();
    house.hub.take_users("A1", &users, now()).unwrap();
    house
}

#[tokio::test]
async fn proposals_are_shown_with_what_speaks_for_them_and_decided_many_at_once() {
    let house = workplace();
    let hr = house.sign_in("hr").await;
    let page = house.get(&hr, PATH).await.text;
    for text in ["same words: Reyes, Ann", "2 punches", "since 2026-01-05 08:00:00", "ambiguous", "no proposal"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(
        page.contains("name=\"employee:41\" list=\"employees\" size=\"9\" value=\"E1\""),
        "the only proposal is filled in"
    );
    assert!(page.contains("name=\"employee:42\" list=\"employees\" size=\"9\" value=\"\""), "of two none is preferred");
    assert!(!page.contains("<b>Zed") && !page.contains(" checked"), "{page}");
    assert!(house.get(&hr, "/people/match?tick=all").await.text.matches(" checked").count() == 3);

    let form = "what=assign&from=&pick=41&pick=42&employee%3A41=E1&employee%3A42=&employee%3A43=";
    let refused = house.post(&hr, PATH, form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["1 number was decided.", "1 number could not be decided", "There is no employee with code"] {
        assert!(refused.text.contains(text), "{text}: {}", refused.text);
    }
    let done = house.post(&hr, "/people/match?state=open", "what=add&from=2026-01-01&pick=43").await;
    assert_eq!(done.header("location"), "/people/match?state=open&done=1&released=0&still_held=0");
    let done = house.post(&hr, PATH, "what=dismiss&pick=42&reason=test+finger").await;
    let page = house.get(&hr, done.header("location")).await.text;
    assert!(page.contains("1 number was decided.") && page.contains("Nothing is to be decided"), "{page}");
    let page = house.get(&hr, "/people/match?state=dismissed").await.text;
    assert!(page.contains("nobody: test finger (hr)") && page.contains("value=\"recall\""), "{page}");
}

#[tokio::test]
async fn what_is_not_ticked_or_makes_no_sense_changes_nothing() {
    let house = workplace();
    let hr = house.sign_in("hr").await;
    for (form, says) in [
        ("what=assign&employee%3A41=E1", "Nothing is ticked"),
        ("what=assign&from=soon&pick=41&employee%3A41=E1", "can't be read"),
        ("what=burn&pick=41", "does not say what to do"),
        ("what=dismiss&pick=41&reason=", "dismissed with a reason"),
    ] {
        let answer = house.post(&hr, PATH, form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        let text = answer.text.replace("&#39;", "'").replace("&#x27;", "'");
        assert!(text.contains(says), "{form}: {text}");
    }
    let viewer = house.sign_in("viewer").await;
    let page = house.get(&viewer, PATH).await.text;
    assert!(page.contains("same words") && !page.contains("name=\"pick\""), "{page}");
    assert!(house.hub.matches(now()).unwrap().iter().all(|row| row.state.is_open()));
}

#[tokio::test]
async fn the_list_filters_sorts_and_exports() {
    let house = workplace();
    let viewer = house.sign_in("viewer").await;
    let csv = async |query: &str| {
        let answer = house.get(&viewer, &format!("/people/match.csv{query}")).await;
        answer.text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(csv("").await, ["41", "42", "43"], "most waiting punches first");
    assert_eq!(csv("?sort=number&order=desc").await, ["43", "42", "41"]);
    assert_eq!(csv("?text=cruz").await, ["42"]);
    assert_eq!(csv("?state=proposed").await, ["41"]);
    assert_eq!(house.get(&viewer, "/people/match?state=odd").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let program = house.token(hub::TokenKind::Api);
    let list = house.get(&program, "/api/v1/matches?state=ambiguous").await.json();
    assert_eq!((list["total"].as_u64(), list["items"][0]["candidates"][1]["code"].as_str()), (Some(1), Some("E3")));
}

#[tokio::test]
async fn employees_are_merged_and_taken_apart_on_their_page() {
    let house = workplace();
    let hr = house.sign_in("hr").await;
    let refused = house.post(&hr, "/employees/merge", "from=E2&into=E9&reason=same+person").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("no employee with code E9") && refused.text.contains("value=\"same person\""));
    let done = house.post(&hr, "/employees/merge", "from=E2&into=E3&reason=same+person").await;
    assert_eq!(done.header("location"), "/employees?done=merged");
    let page = house.get(&hr, "/employees?done=merged").await.text;
    assert!(page.contains("they count as one employee") && page.contains("counts as E3"), "{page}");
    assert!(house.get(&hr, "/employees.csv?show=merged").await.text.contains("E2,Ben Cruz,true,,,,E3"));
    assert_eq!(house.get(&hr, PATH).await.text.matches("same name").count(), 1, "one Ben Cruz is left to be meant");
    let done = house.post(&hr, "/employees/unmerge", "from=E2").await;
    assert_eq!(done.header("location"), "/employees?done=unmerged");
    assert!(!house.get(&hr, "/employees").await.text.contains("counts as E3"));
}

#[tokio::test]
async fn employees_of_an_odoo_stand_beside_the_users_of_terminals_and_are_decided_with_them() {
    let house = workplace();
    let settings = OdooSourceSettings {
        url: "https://odoo.example".to_owned(),
        database: "prod".to_owned(),
        user: "reader".to_owned(),
        employee_field: "barcode".to_owned(),
        holidays: false,
        leave: false,
        employees: true,
        leave_types: std::collections::BTreeMap::new(),
        first: "2026-01-01".parse().unwrap(),
        allow_private: false,
    };
    house.hub.add_source(&clerk(), "odoo", &SourceSettings::Odoo(Box::new(settings)), None, now()).unwrap();
    let people = [("E1", "Somebody Else"), ("E9", "Zoe Lim")].map(|(badge, name)| (badge.to_owned(), name.to_owned()));
    house.hub.take_users("source:odoo/", &people, now()).unwrap();
    let hr = house.sign_in("hr").await;
    let page = house.get(&hr, PATH).await.text;
    for text in ["odoo/E1", "is E1 Ann Reyes", "odoo/E9", "Zoe Lim", "source odoo", "employees of other systems"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let done = house.post(&hr, PATH, "what=add&pick=odoo%2FE9").await;
    assert!(done.header("location").contains("done=1"), "{}", done.text);
    let added = house.hub.employees(now()).unwrap().into_iter().find(|one| one.code == "E9").unwrap();
    assert_eq!(added.name, "Zoe Lim");
    assert!(house.get(&hr, "/sources").await.text.contains("https://odoo.example, prod: employees"));
}
