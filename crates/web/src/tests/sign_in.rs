//! The first run, signing in and out.

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};

use super::house::{CODE, House, PASSWORD, Visitor};

#[tokio::test]
async fn the_first_run_leads_everybody_to_the_set_up() {
    let house = House::new();
    for path in ["/", "/days", "/held", "/sign-in"] {
        let answer = house.get(&Visitor::default(), path).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/setup"), "{path}");
    }
    let page = house.get(&Visitor::default(), "/setup").await;
    assert!(page.text.contains("Set-up code"), "{}", page.text);
}

#[tokio::test]
async fn only_who_reads_the_console_becomes_the_administrator() {
    let house = House::new();
    let nobody = Visitor::default();
    let guessed = house.post(&nobody, "/setup", "code=1234&name=eve&password=a+long+enough+password").await;
    assert_eq!(guessed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(guessed.text.contains("This is not the code"), "{}", guessed.text);
    assert!(!house.hub.has_account().unwrap());

    let weak = house.post(&nobody, "/setup", &format!("code={CODE}&name=ann&password=short")).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.text.contains("A password has 10 to 200 characters"), "{}", weak.text);
    assert!(weak.text.contains("value=\"ann\""), "what was typed is kept");

    let form = format!("code=+{CODE}+&name=ann&password={}", PASSWORD.replace(' ', "+"));
    let made = house.post(&nobody, "/setup", &form).await;
    assert_eq!((made.status, made.header("location")), (StatusCode::SEE_OTHER, "/"));
    let ann = Visitor::default().with("cookie", &made.cookie().unwrap());
    assert!(house.get(&ann, "/").await.text.contains("Who is in now"));

    let late = house.post(&nobody, "/setup", &form.replace("ann", "eve")).await;
    assert_eq!((late.status, late.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert_eq!(house.hub.accounts().unwrap().len(), 1);
}

#[tokio::test]
async fn guessing_the_code_is_slowed_down() {
    let house = House::new();
    for _ in 0..5 {
        house.post(&Visitor::default(), "/setup", "code=0&name=eve&password=a+long+enough+password").await;
    }
    let form = format!("code={CODE}&name=eve&password=a+long+enough+password");
    let answer = house.post(&Visitor::default(), "/setup", &form).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!house.hub.has_account().unwrap());
}

#[tokio::test]
async fn a_person_signs_in_where_they_wanted_to_go_and_out_again() {
    let house = House::with_accounts();
    let asked = house.get(&Visitor::default(), "/days?employee=7").await;
    assert_eq!(asked.header("location"), "/sign-in?next=%2Fdays%3Femployee%3D7");
    let page = house.get(&Visitor::default(), asked.header("location")).await;
    assert!(page.text.contains("name=\"next\" value=\"/days?employee=7\""), "{}", page.text);

    let form = format!("name=hr&next=/days?employee=7&password={}", PASSWORD.replace(' ', "+"));
    let entered = house.post(&Visitor::default(), "/sign-in", &form).await;
    assert_eq!(entered.header("location"), "/days?employee=7");
    let cookie = entered.header("set-cookie");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");

    let hr = Visitor::default().with("cookie", &entered.cookie().unwrap());
    assert!(house.get(&hr, "/days").await.text.contains("hr<span class=\"role\">, HR</span>"));
    house.post(&hr, "/sign-out", "").await;
    assert_eq!(
        house.get(&hr, "/days").await.status,
        StatusCode::SEE_OTHER,
        "the session has ended, not just the cookie"
    );
}

#[tokio::test]
async fn the_answer_does_not_tell_whether_a_name_exists() {
    let house = House::with_accounts();
    let mut answers = Vec::new();
    for name in ["admin", "nobody"] {
        let form = format!("name={name}&password=wrong+but+long");
        let answer = house.post(&Visitor::default(), "/sign-in", &form).await;
        assert_eq!((answer.status, answer.cookie()), (StatusCode::UNPROCESSABLE_ENTITY, None));
        answers.push(answer.text.replace(name, "NAME"));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down_for_that_name_only() {
    let house = House::with_accounts();
    for _ in 0..5 {
        house.post(&Visitor::default(), "/sign-in", "name=admin&password=guess").await;
    }
    let form = format!("name=admin&password={}", PASSWORD.replace(' ', "+"));
    let answer = house.post(&Visitor::default(), "/sign-in", &form).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "even with the right password");
    assert!(answer.text.contains("Too many attempts"), "{}", answer.text);
    house.sign_in("hr").await;
}

/// Tries to sign in, on a connection from `peer` that says to be forwarded for somebody.
async fn sign_in_from(house: &House, peer: &str, forwarded: &str, name: &str, password: &str) -> StatusCode {
    let form = format!("name={name}&password={}", password.replace(' ', "+"));
    let mut request = Request::post("/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", forwarded)
        .body(Body::from(form))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo::<std::net::SocketAddr>(peer.parse().unwrap()));
    house.ask(&Visitor::default(), request).await.status
}

#[tokio::test]
async fn where_somebody_signed_in_is_what_a_trusted_proxy_says_and_nobody_else() {
    let house = House::with_accounts();
    let told = || house.hub.audit(1).unwrap().remove(0).detail;
    sign_in_from(&house, "127.0.0.1:9", "10.0.0.1, 203.0.113.9", "hr", PASSWORD).await;
    assert_eq!(told(), "from 203.0.113.9");
    sign_in_from(&house, "198.51.100.7:9", "203.0.113.9", "hr", PASSWORD).await;
    assert_eq!(told(), "from 198.51.100.7", "a stranger may say what it likes");
}

#[tokio::test]
async fn trying_one_password_on_many_names_is_slowed_down_for_that_address_only() {
    let house = House::with_accounts();
    // Long passwords are refused before they are hashed, which would take seconds here.
    let guess = "x".repeat(201);
    let mut tried = 0;
    while sign_in_from(&house, "127.0.0.1:9", "203.0.113.9", &format!("n{tried}"), &guess).await
        != StatusCode::TOO_MANY_REQUESTS
    {
        tried += 1;
        assert!(tried < 60, "nobody was slowed down");
    }
    assert!(tried >= 50, "an office may share an address: {tried}");
    let elsewhere = sign_in_from(&house, "127.0.0.1:9", "203.0.113.10", "hr", PASSWORD).await;
    assert_eq!(elsewhere, StatusCode::SEE_OTHER);
}
