//! A payroll file by PUT and POST to a receiver on loopback.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::TcpListener;

use roads::delivery::{NotTaken, Parcel, Verb, to_address};
use testkit::{FakeInbox, InboxFault, InboxRequest};

const TEXT: &str = "a,b\r\n1,2\r\n";
const FILE: Parcel<'static> = Parcel { name: "march 1.csv", bytes: TEXT.as_bytes(), key: "k3y" };

fn send(verb: Verb, url: &str) -> Result<String, NotTaken> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    to_address((verb, url), "t0ken", true, FILE)
}

fn header<'a>(request: &'a InboxRequest, name: &str) -> &'a str {
    request.headers.get(name).map_or("", String::as_str)
}

#[test]
fn the_file_arrives_whole_with_its_name_token_and_key_and_the_answer_is_the_receipt() {
    let inbox = FakeInbox::start("t0ken").unwrap();
    assert_eq!(send(Verb::Put, &inbox.url()).unwrap(), "201 Created: run 42");
    let request = inbox.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("PUT", "/in/march%201.csv"));
    assert_eq!((header(&request, "authorization"), header(&request, "idempotency-key")), ("Bearer t0ken", "k3y"));
    assert_eq!(request.body, TEXT);
}

#[test]
fn by_post_it_goes_to_the_address_itself_with_its_name_in_the_head() {
    let inbox = FakeInbox::start("t0ken").unwrap();
    assert_eq!(send(Verb::Post, &inbox.url()).unwrap(), "201 Created: run 42");
    let request = inbox.requests().remove(0);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/in/"));
    assert_eq!(header(&request, "content-disposition"), "attachment; filename=\"march 1.csv\"");
    assert_eq!(header(&request, "idempotency-key"), "k3y");
    assert_eq!(request.body, TEXT);
}

#[test]
fn a_receiver_that_refuses_moves_or_is_away_is_no_delivery() {
    let inbox = FakeInbox::start("t0ken").unwrap();
    inbox.will([InboxFault::Status(422), InboxFault::Moved("http://1.1.1.1/".to_owned())]);
    assert!(send(Verb::Put, &inbox.url()).unwrap_err().why().contains("refuses it: 422"));
    assert!(send(Verb::Put, &inbox.url()).unwrap_err().why().contains("has moved (302 Found)"));
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(send(Verb::Put, &format!("http://{gone}/")).is_err());
}

#[test]
fn what_a_receiver_repeats_of_its_address_and_the_token_is_in_no_receipt() {
    let inbox = FakeInbox::start("t0ken").unwrap();
    inbox.repeat();
    let url = format!("{}550e8400-e29b-41d4-a716-446655440000?key=5ecret", inbox.url());
    let shown = "`Bearer ***` may not PUT /in/***/march%201.csv?key=***";
    assert_eq!(send(Verb::Put, &url).unwrap(), format!("201 Created: {shown}"));
    for status in [302, 404, 500] {
        inbox.will([InboxFault::Status(status)]);
        let refused = send(Verb::Put, &url).unwrap_err();
        assert!(refused.why().contains(shown), "{status}: {refused}");
    }
}

#[test]
fn plain_http_and_the_own_network_need_a_word() {
    for url in ["http://pay.example/in", "https://127.0.0.1/in"] {
        let refused = to_address((Verb::Put, url), "t0ken", false, FILE).unwrap_err();
        assert!(refused.why().contains("--allow-private"), "{url}");
    }
}

#[test]
fn what_a_receiver_certainly_does_not_have_is_told_apart_from_what_it_may_have() {
    let inbox = FakeInbox::start("t0ken").unwrap();
    let is_certain = |fault: InboxFault| {
        inbox.will([fault]);
        matches!(send(Verb::Post, &inbox.url()).unwrap_err(), NotTaken::Certainly(_))
    };
    for status in [400, 401, 404, 413, 422] {
        assert!(is_certain(InboxFault::Status(status)), "{status}");
    }
    for status in [408, 409, 429, 500, 502, 503] {
        assert!(!is_certain(InboxFault::Status(status)), "{status}");
    }
    assert!(!is_certain(InboxFault::LosesReply));
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nothing = send(Verb::Post, &format!("http://{gone}/")).unwrap_err();
    assert!(matches!(nothing, NotTaken::Certainly(_)), "nothing was said to it: {nothing}");
}
