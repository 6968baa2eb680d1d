//! Users of terminals, compared with the employees' numbers and sent from their page.

use axum::http::StatusCode;

use super::house::{House, clerk, now};

const PATH: &str = "/terminals/users";

fn workplace() -> House {
    let house = House::with_accounts();
    house.import("A1", "41\t2026-01-05 08:00:00\t1\t0\t1\t0\n", false);
    let list = b"code,name,numbers\nE1,Ann Reyes,41\nE2,Ben Cruz,42\n";
    house.hub.import_employees(&clerk(), list, false, now()).unwrap();
    let users = [("41", "Ann Reyes"), ("43", "<b>Zed</b>")];
    let users: Vec<(String, String)> = users.map(|(number, name)| (number.to_owned(), name.to_owned())).into();
    house.hub.take_users("A1", &users, now()).unwrap();
    house
}

#[tokio::test]
async fn who_is_missing_is_sent_and_nobody_is_removed_without_a_word() {
    let house = workplace();
    let admin = house.sign_in("admin").await;
    let page = house.get(&admin, PATH).await.text;
    for text in ["to send", "to remove", "The number is nobody&#39;s.", "Ben Cruz"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("in step</span>") && !page.contains("<b>Zed"), "{page}");
    let refused = house.post(&admin, PATH, "what=remove&pick=A1%0943").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("tick that you are sure"), "{}", refused.text);
    let refused = house.post(&admin, PATH, "what=send").await;
    assert!(refused.text.contains("Nothing is ticked"), "{}", refused.text);
    assert!(house.hub.commands(&hub::view::CommandFilter::default(), now()).unwrap().is_empty());

    let done = house.post(&admin, "/terminals/users?state=to_send", "what=send&pick=A1%0942").await;
    assert_eq!(done.header("location"), "/terminals/users?state=to_send&queued=1");
    let page = house.get(&admin, done.header("location")).await.text;
    assert!(page.contains("1 command is queued.") && page.contains("is under way"), "{page}");
    let done = house.post(&admin, PATH, "what=remove&sure=yes&pick=A1%0943&pick=A1%0941").await;
    assert_eq!(done.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in ["1 command is queued", "1 user was not asked for", "User 41 of terminal A1 is in step"] {
        assert!(done.text.contains(text), "{text}: {}", done.text);
    }
    assert_eq!(house.hub.commands(&hub::view::CommandFilter::default(), now()).unwrap().len(), 2);
}

#[tokio::test]
async fn a_polled_terminal_is_asked_by_the_buttons_too() {
    let house = workplace();
    let polled = hub::NewTerminal {
        serial: "A1".to_owned(),
        via: Some(link::Via::Poll),
        address: Some("10.0.0.9".to_owned()),
        ..hub::NewTerminal::default()
    };
    house.hub.add_terminal(&clerk(), &polled, now()).unwrap();
    let users = [("41", "A. Reyes"), ("43", "Zed")].map(|(number, name)| (number.to_owned(), name.to_owned()));
    house.hub.take_users("A1", &users, now()).unwrap();
    let admin = house.sign_in("admin").await;
    for (what, number) in [("send", 42), ("rename", 41), ("remove&sure=yes", 43)] {
        let done = house.post(&admin, PATH, &format!("what={what}&pick=A1%09{number}")).await;
        assert_eq!(done.header("location"), "/terminals/users?queued=1", "{what}: {}", done.text);
    }
    let page = house.get(&admin, "/terminals/commands?terminal=A1").await.text;
    for text in
        ["Write user 42 (Ben Cruz)", "Rename user 41 to Ann Reyes", "Delete user 43", "No terminal can be asked here"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[tokio::test]
async fn the_list_is_seen_by_terminal_and_by_employee_sorted_and_exported() {
    let house = workplace();
    let viewer = house.sign_in("viewer").await;
    let csv = async |query: &str| {
        let answer = house.get(&viewer, &format!("/terminals/users.csv{query}")).await;
        answer.text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(csv("").await, ["42", "43"], "what is to be done");
    assert_eq!(csv("?state=all&sort=number").await, ["41", "42", "43"]);
    assert_eq!(csv("?state=all&text=E1").await, ["41"]);
    assert_eq!(csv("?state=all&terminal=B2").await, [""; 0]);
    assert_eq!(house.get(&viewer, "/terminals/users?state=odd").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = house.get(&viewer, PATH).await.text;
    assert!(!page.contains("name=\"pick\""), "{page}");
    assert!(house.get(&viewer, "/employees").await.text.contains("/terminals/users?text=E1"));
}
