//! What a program does with terminals: `POST /api/v1/terminals`, `GET /api/v1/terminals/{serial}/info`,
//! `POST /api/v1/terminals/{serial}/poll`, `POST /api/v1/terminals/poll`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use hub::view::{CommandFilter, CommandRow, TerminalRow};
use hub::{Actor, Bearer, Hub, NewTerminal, USUAL_EXPIRY};
use jiff::{SignedDuration, Timestamp};
use link::{CommandState, TerminalCommand, Via};
use serde::{Deserialize, Serialize};

use super::terminals::Terminal;
use super::{Problem, actor, body_of};
use crate::app::App;
use crate::failure::Failure;
use crate::show;

/// Hours of punches that are asked for when nobody says.
const USUAL_HOURS: u32 = 24;
/// Most hours of punches that are asked for at once.
const MOST_HOURS: u32 = 24 * 31;

/// What is said of a terminal; what is left out stays as it is. Keys are files of the hub's machine, and given there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    serial: String,
    name: Option<String>,
    address: Option<String>,
    zone: Option<String>,
    via: Option<Via>,
    poll_minutes: Option<u32>,
    live: Option<bool>,
    edge: Option<String>,
    number_group: Option<String>,
}

impl From<Said> for NewTerminal {
    fn from(said: Said) -> Self {
        Self {
            serial: said.serial,
            name: said.name,
            address: said.address,
            zone: said.zone,
            via: said.via,
            poll_minutes: said.poll_minutes,
            live: said.live,
            edge: said.edge,
            group: said.number_group,
            ..Self::default()
        }
    }
}

fn terminal(hub: &Hub, serial: &str) -> Result<TerminalRow, hub::Error> {
    let serial = attendance::punch::canonical_origin(serial);
    let found = hub.terminals()?.into_iter().find(|row| row.serial == serial);
    found.ok_or_else(|| hub::Error::NotFound(format!("terminal {serial}")))
}

/// `POST /api/v1/terminals`
pub(crate) async fn add(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<Json<Terminal>, Problem> {
    let said: Said = body_of(&body, r#"{"serial": "CJ1", "name": "Gate", "address": "192.168.1.201", "via": "poll"}"#)?;
    let add = move |hub: &Hub| {
        let new = NewTerminal::from(said);
        hub.add_terminal(&actor(&program), &new, Timestamp::now())?;
        terminal(hub, &new.serial)
    };
    Ok(Json(app.ask(add).await?.into()))
}

/// A terminal, and what it told of itself when it was asked last.
#[derive(Serialize)]
pub(crate) struct Info {
    #[serde(flatten)]
    terminal: Terminal,
    told_at: Option<String>,
    told: Option<String>,
}

/// `GET /api/v1/terminals/{serial}/info`
pub(crate) async fn info(State(app): State<App>, Path(serial): Path<String>) -> Result<Json<Info>, Problem> {
    let look = move |hub: &Hub| {
        let (row, now) = (terminal(hub, &serial)?, Timestamp::now());
        let filter = CommandFilter { serial: Some(row.serial.clone()), state: Some(CommandState::Done) };
        let is_info = |command: &CommandRow| command.command == TerminalCommand::Info;
        let told = hub.commands(&filter, now)?.into_iter().find(is_info);
        let at = told.as_ref().map(|told| show::rfc3339(told.changed, row.zones.at(now)));
        Ok(Info { terminal: row.into(), told_at: at, told: told.map(|told| told.result) })
    };
    Ok(Json(app.ask(look).await?))
}

/// How far back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    since_hours: Option<u32>,
}

impl Since {
    fn read(body: &[u8]) -> Result<u32, Problem> {
        let like = r#"{"since_hours": 24}, or {}"#;
        let since = if body.is_empty() { None } else { body_of::<Self>(body, like)?.since_hours };
        let hours = since.unwrap_or(USUAL_HOURS);
        if !(1..=MOST_HOURS).contains(&hours) {
            return Err(Failure::invalid(format!("{hours} hours can\u{2019}t be asked for."), "Use 1 to 744.").into());
        }
        Ok(hours)
    }
}

/// A terminal that was asked for its punches; or why it was not, with the cure.
#[derive(Serialize)]
pub(crate) struct Polled {
    serial: String,
    command: Option<i64>,
    says: String,
}

/// Asks a terminal for the punches of the last hours, by its own clock.
fn ask(hub: &Hub, actor: &Actor, row: &TerminalRow, hours: u32) -> Result<Polled, hub::Error> {
    let now = Timestamp::now();
    if row.via == Via::Poll {
        let what =
            format!("terminal {} is only polled, which its edge does by itself; nobody can ask it between", row.serial);
        let cure = "read it with `punchclock terminal poll` where it can be reached, or let it push and register it with via both";
        return Err(hub::Error::Invalid { what, cure: cure.to_owned() });
    }
    let face = row.zones.at(now).to_datetime(now);
    let from = face.saturating_sub(SignedDuration::from_hours(i64::from(hours)));
    // Its clock may be ahead.
    let to = face.saturating_add(SignedDuration::from_hours(1));
    let command = TerminalCommand::SendPunches { from, to };
    let id = hub.ask_terminal(actor, &row.serial, &command, USUAL_EXPIRY, now)?;
    let says = format!("it is asked for its punches of the last {hours} hours when it calls next");
    Ok(Polled { serial: row.serial.clone(), command: Some(id), says })
}

/// `POST /api/v1/terminals/{serial}/poll`
pub(crate) async fn poll(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    Path(serial): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Polled>), Problem> {
    let hours = Since::read(&body)?;
    let asked = app.ask(move |hub| ask(hub, &actor(&program), &terminal(hub, &serial)?, hours)).await?;
    Ok((StatusCode::ACCEPTED, Json(asked)))
}

/// The terminals that were asked, and why others were not.
#[derive(Serialize)]
pub(crate) struct AllPolled {
    items: Vec<Polled>,
}

/// `POST /api/v1/terminals/poll`
pub(crate) async fn poll_all(
    State(app): State<App>,
    Extension(program): Extension<Bearer>,
    body: Bytes,
) -> Result<(StatusCode, Json<AllPolled>), Problem> {
    let hours = Since::read(&body)?;
    let ask_all = move |hub: &Hub| {
        let of = |row: TerminalRow| match ask(hub, &actor(&program), &row, hours) {
            Err(hub::Error::Invalid { what, cure }) => {
                Ok(Polled { serial: row.serial, command: None, says: format!("{what}; {cure}") })
            }
            asked => asked,
        };
        Ok(AllPolled {
            items: hub.terminals()?.into_iter().filter(|row| row.approved).map(of).collect::<Result<_, _>>()?,
        })
    };
    Ok((StatusCode::ACCEPTED, Json(app.ask(ask_all).await?)))
}
