//! Who may sign in, and until when.
#![allow(missing_docs, clippy::unwrap_used)]

mod house;

use house::{House, clerk, house, now};
use hub::{Role, TokenKind};
use jiff::ToSpan as _;

const PASSWORD: &str = "correct horse";

fn with_ann() -> House {
    let house = house();
    house.hub.account_add(&clerk(), "ann", PASSWORD, Role::Hr, [7; 16], now()).unwrap();
    house
}

#[test]
fn a_session_ends_by_itself_by_signing_out_and_with_the_account() {
    let house = with_ann();
    let hub = &house.hub;
    let signed_in = |token: u8| hub.sign_in("ann", PASSWORD, None, now(), [token; 32]).unwrap();
    let lives = |token: u8, at| hub.session(&[token; 32], at).unwrap().is_some();
    let office = Some("203.0.113.9".parse().unwrap());
    hub.sign_in("ann", PASSWORD, office, now(), [9; 32]).unwrap().unwrap();
    let entry = hub.audit(1).unwrap().remove(0);
    assert_eq!((&*entry.actor, &*entry.action, &*entry.detail), ("ann", "session.open", "from 203.0.113.9"));
    assert_eq!(signed_in(1).map(|who| who.role), Some(Role::Hr));
    assert!(lives(1, now()) && !lives(2, now()));
    assert!(!lives(1, now() + 13.hours()), "twelve hours are a session");
    hub.sign_out(&[1; 32]).unwrap();
    assert!(!lives(1, now()));

    signed_in(3);
    hub.set_password(&clerk(), "ann", "another horse", [8; 16], now()).unwrap();
    assert!(!lives(3, now()), "a new password ends sessions");
    assert!(signed_in(4).is_none(), "the old password opens nothing");
    hub.sign_in("ann", "another horse", None, now(), [5; 32]).unwrap().unwrap();
    hub.disable_account(&clerk(), "ann", now()).unwrap();
    assert!(!lives(5, now()));
    assert!(hub.sign_in("ann", "another horse", None, now(), [6; 32]).unwrap().is_none());
}

#[test]
fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let house = with_ann();
    assert!(house.hub.sign_in("ann", "guess", None, now(), [1; 32]).unwrap().is_none());
    assert!(house.hub.sign_in("nobody", "guess", None, now(), [1; 32]).unwrap().is_none());
}

#[test]
fn a_short_password_and_a_taken_name_are_refused_with_a_cure() {
    let house = with_ann();
    let add = |name, password| house.hub.account_add(&clerk(), name, password, Role::Viewer, [9; 16], now());
    assert!(add("ben", "short").unwrap_err().to_string().contains("10 to 200 characters"));
    assert!(add("ann", PASSWORD).unwrap_err().to_string().contains("taken"));
}

#[test]
fn a_token_is_known_by_its_text_until_it_is_revoked() {
    let house = house();
    let text = house.hub.token_create(&clerk(), "branch", TokenKind::Edge, [3; 32], now()).unwrap();
    let bearer = house.hub.bearer(&text, now()).unwrap().unwrap();
    assert_eq!((bearer.name.as_str(), bearer.kind), ("branch", TokenKind::Edge));
    assert!(house.hub.bearer("pc_00", now()).unwrap().is_none());
    house.hub.token_revoke(&clerk(), "branch", now()).unwrap();
    assert!(house.hub.bearer(&text, now()).unwrap().is_none());
}
