//! Punches that a program sends as JSON: what each one says; the hub judges it.
//!
//! The clock of a program's source shows UTC: a time on the wall is read in its zone here, so that both ways to say an instant are the same
//! punch. The time of a terminal's own punch stays as that printed it.

use attendance::punch::{PrintedTime, canonical_origin};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use serde::Deserialize;
use serde_json::Value;

use crate::outside::{OutsidePunch, OutsideRow, Puncher, RowKey, RowTime, work_code};
use crate::punch_table::clock;
use crate::punch_table::usual_state;

/// A punch as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    id: Option<String>,
    employee: Option<String>,
    user: Option<String>,
    terminal: Option<String>,
    #[serde(default)]
    reader: String,
    at: Option<String>,
    time: Option<String>,
    state: Option<State>,
    work_code: Option<String>,
    r#type: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum State {
    Code(i32),
    Word(String),
}

/// What a program sent as one punch, the `place`-th of a call, from 1. `zone` is that of times on the wall.
pub fn row(place: usize, value: &Value, zone: Option<&TimeZone>) -> OutsideRow {
    let sent = Sent::deserialize(value);
    let id = sent.as_ref().ok().and_then(|sent| sent.id.clone()).filter(|id| !id.is_empty());
    OutsideRow {
        key: RowKey::Row(id.unwrap_or_else(|| place.to_string())),
        original: value.to_string().into_bytes(),
        said: sent.map_err(|error| format!("it is no punch: {error}")).and_then(|sent| punch(sent, zone)),
    }
}

fn punch(sent: Sent, zone: Option<&TimeZone>) -> Result<OutsidePunch, String> {
    let puncher = match (sent.employee, sent.user) {
        (Some(code), None) => Puncher::Code(code),
        (None, Some(number)) => Puncher::Number(number),
        _ => return Err("it must say who: send either employee (a code) or user (a number)".to_owned()),
    };
    // A serial of blanks names none.
    let terminal = sent.terminal.filter(|terminal| !canonical_origin(terminal).is_empty());
    let is_of_terminal = terminal.is_some() && matches!(puncher, Puncher::Number(_));
    let time = match (sent.at, sent.time) {
        (Some(at), None) => RowTime::At(instant(&at)?),
        (None, Some(text)) if is_of_terminal => RowTime::Printed(PrintedTime::parse(&text)),
        (None, Some(text)) => RowTime::At(on_the_wall(&text, zone)?),
        _ => return Err("it must say when: send either at (with its offset) or time (on the wall)".to_owned()),
    };
    let state = match sent.state {
        Some(State::Code(code)) => Some(code),
        Some(State::Word(word)) => {
            Some(usual_state(&word).ok_or_else(|| format!("`{word}` is no state; send in, out, or its number"))?)
        }
        None => None,
    };
    Ok(OutsidePunch {
        serial: terminal,
        reader: sent.reader,
        puncher,
        time,
        state,
        verify: None,
        work_code: sent.work_code.as_deref().and_then(work_code),
        row_type: sent.r#type,
    })
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let at: Timestamp =
        text.parse().map_err(|_| format!("`{text}` is no instant; write it as 2026-03-02T08:00:00+08:00"))?;
    Ok(at.round(Unit::Second).unwrap_or(at))
}

/// A repeated hour is its first pass, as at terminals.
fn on_the_wall(text: &str, zone: Option<&TimeZone>) -> Result<Timestamp, String> {
    let no_time = || format!("`{text}` is no time; write it as 2026-03-02 08:00:00");
    match clock::time(text, None) {
        RowTime::At(at) => Ok(at),
        RowTime::Printed(printed) => {
            let seconds = printed.seconds().ok_or_else(no_time)?;
            let face = TimeZone::UTC.to_datetime(Timestamp::from_second(seconds).map_err(|_| no_time())?);
            let zone = zone.ok_or("nobody has said in which zone the time is; send zone, or at with its offset")?;
            zone.to_timestamp(face).map_err(|_| no_time())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(value: &Value) -> Result<OutsidePunch, String> {
        row(1, value, TimeZone::get("Asia/Manila").ok().as_ref()).said
    }

    #[test]
    fn an_instant_and_a_time_on_the_wall_are_the_same_punch() {
        let at = said(&json!({"employee": "1001", "at": "2026-03-02T08:00:00+08:00", "state": "in"}));
        let wall = said(&json!({"employee": "1001", "time": "2026-03-02 08:00:00", "state": 0}));
        assert_eq!(at, wall);
        let fraction = said(&json!({"employee": "1001", "at": "2026-03-02T07:59:59.500+08:00", "state": "in"}));
        assert_eq!(at, fraction, "to the second, as from everywhere");
        assert_eq!(at.map(|punch| punch.time), Ok(RowTime::At("2026-03-02T00:00:00Z".parse().unwrap())));
    }

    #[test]
    fn the_punch_of_a_terminal_keeps_the_time_that_it_printed() {
        let punch = said(&json!({"user": "0012", "terminal": "A1", "time": "2026-03-02 08:00:00"})).unwrap();
        assert_eq!(punch.time, RowTime::Printed(PrintedTime::parse("2026-03-02 08:00:00")));
        assert_eq!((punch.serial.as_deref(), punch.puncher), (Some("A1"), Puncher::Number("0012".to_owned())));
    }

    #[test]
    fn a_terminal_without_a_serial_is_none_so_that_a_time_on_the_wall_is_read_in_its_zone() {
        let wall = said(&json!({"user": "7", "time": "2026-03-02 08:00:00"})).unwrap();
        for none in ["", " ", "\0\t"] {
            let punch = said(&json!({"user": "7", "terminal": none, "time": "2026-03-02 08:00:00"})).unwrap();
            assert_eq!(punch, wall, "{none:?}");
        }
        assert_eq!(wall.time, RowTime::At("2026-03-02T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_row_goes_by_its_own_id_or_its_place_and_is_kept_as_it_was_sent() {
        let sent = json!({"id": "k-7", "user": "7", "at": "2026-03-02T08:00:00Z"});
        let own = row(3, &sent, None);
        assert_eq!((own.key, own.original), (RowKey::Row("k-7".to_owned()), sent.to_string().into_bytes()));
        assert_eq!(row(3, &json!({"user": "7"}), None).key, RowKey::Row("3".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_told_with_the_cure() {
        for (value, says) in [
            (json!({"at": "2026-03-02T08:00:00Z"}), "send either employee"),
            (json!({"user": "7", "employee": "7", "at": "2026-03-02T08:00:00Z"}), "send either employee"),
            (json!({"user": "7"}), "send either at"),
            (json!({"user": "7", "at": "2026-03-02 08:00"}), "write it as 2026-03-02T08:00:00+08:00"),
            (json!({"user": "7", "time": "yesterday"}), "write it as 2026-03-02 08:00:00"),
            (json!({"user": "7", "at": "2026-03-02T08:00:00Z", "state": "dancing"}), "send in, out"),
            (json!({"user": 7, "at": "2026-03-02T08:00:00Z"}), "expected a string"),
            (json!({"user": "7", "when": "now"}), "unknown field `when`"),
            (json!("7"), "it is no punch"),
        ] {
            let error = said(&value).unwrap_err();
            assert!(error.contains(says), "{value}: {error}");
        }
        let error = row(1, &json!({"user": "7", "time": "2026-03-02 08:00:00"}), None).said.unwrap_err();
        assert!(error.contains("in which zone"), "{error}");
    }
}
