//! `GET /`: who is in now.

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use hub::view::{Board, Presence};
use jiff::Timestamp;

use crate::access::Visitor;
use crate::app::App;
use crate::failure::Failure;
use crate::page::{Frame, render};
use crate::{assets, forms, show, words};

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    frame: Frame,
    script: String,
    board: String,
}

/// The part that the live feed replaces.
#[derive(Template)]
#[template(path = "board_fragment.html")]
struct BoardFragment {
    in_now: usize,
    seen: String,
    held: Option<String>,
    unapproved: Option<String>,
    zone: String,
    drawn: String,
    present: Vec<Person>,
    left: Vec<Person>,
}

struct Person {
    code: String,
    name: String,
    day: String,
    clock: String,
    moment: String,
    terminal: String,
}

/// `GET /`
pub(crate) async fn page(State(app): State<App>, visitor: Visitor) -> Result<Html<String>, Failure> {
    let now = Timestamp::now();
    let board = app.ask(move |hub| hub.board(now)).await?;
    let board = fragment(&board, now)?;
    render(&BoardPage { frame: Frame::new("Who is in now", "/", &visitor), script: assets::LIVE.path(), board })
}

/// The board as HTML, the same for everybody who looks at it.
pub(crate) fn fragment(board: &Board, now: Timestamp) -> Result<String, Failure> {
    let (present, left): (Vec<_>, Vec<_>) = board.people.iter().partition(|person| person.is_in);
    let people = |people: Vec<&Presence>| people.into_iter().map(|person| Person::new(person, board)).collect();
    let fragment = BoardFragment {
        in_now: board.in_now,
        seen: words::plural(board.people.len() as u64, "person", "people"),
        held: (board.held > 0).then(|| words::plural(board.held, "punch is held", "punches are held")),
        unapproved: (board.unapproved_terminals > 0).then(|| {
            words::plural(board.unapproved_terminals, "terminal waits for approval", "terminals wait for approval")
        }),
        zone: show::zone(&board.zone, now),
        drawn: show::clock(now, &board.zone),
        present: people(present),
        left: people(left),
    };
    Ok(fragment.render()?)
}

impl Person {
    fn new(person: &Presence, board: &Board) -> Self {
        let date = person.last_punch.to_zoned(person.zone.clone()).date();
        let clock = show::clock(person.last_punch, &person.zone);
        let is_elsewhere =
            show::offset(&person.zone, person.last_punch) != show::offset(&board.zone, person.last_punch);
        let offset =
            if is_elsewhere { format!(" {}", show::offset(&person.zone, person.last_punch)) } else { String::new() };
        Self {
            code: person.code.clone(),
            name: person.name.clone(),
            day: format!("/days/{}/{date}", forms::encode(&person.code)),
            clock: format!("{clock}{offset}"),
            moment: show::rfc3339(person.last_punch, &person.zone),
            terminal: person.terminal.clone(),
        }
    }
}
