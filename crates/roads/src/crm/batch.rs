//! Several records in one POST: an array, and what its answer means for each of them. Functions of their arguments.
//!
//! Invariants:
//! * Each record has its key inside, the same as when it goes alone; the key of a batch is derived from those of its records, so the same
//!   records always go under the same key.
//! * A receiver that refuses a batch is asked with halves, until what it refuses is one record.
//! * Of a receiver that answers for each record nothing is taken that it does not say so of.

use std::fmt::Write as _;
use std::ops::Range;

use reqwest::StatusCode;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{RECEIPT_CHARS, answer_of};
use crate::secrets::Secrets;
use crate::sink::{Answer, Fields, Letter};
use crate::template::Template;

/// The field of a record in a batch that holds its key.
const KEY: &str = "idempotency_key";

/// A record as it goes within a batch.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) key: String,
    body: Value,
}

impl Record {
    pub(super) fn new(letter: &Letter, template: &Template) -> Self {
        let key = letter.key();
        let mut body = template.render(&letter.fields);
        if let Value::Object(fields) = &mut body {
            for (name, value) in [(KEY, json!(key)), ("revision", json!(letter.revision))] {
                fields.entry(name).or_insert(value);
            }
        }
        Self { key, body }
    }
}

/// Whether the bodies of a template can hold a key.
pub(super) fn fits(template: &Template) -> bool {
    template.render(&Fields::new()).is_object()
}

/// The body of a batch.
pub(super) fn body_of(records: &[Record]) -> String {
    Value::Array(records.iter().map(|record| record.body.clone()).collect()).to_string()
}

/// The key of a batch.
pub(super) fn key_of(records: &[Record]) -> String {
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    let hash = digest(&SHA256, keys.join("\n").as_bytes());
    hash.as_ref().iter().take(16).fold(String::from("batch/"), |mut key, byte| {
        let _ = write!(key, "{byte:02x}");
        key
    })
}

/// What an answer means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This for each of the records.
    Each(Vec<Answer>),
    /// Something in it is refused.
    Halves,
}

/// What an answer to a batch means.
pub(super) fn meaning(status: StatusCode, text: &str, records: &[Record], secrets: &Secrets) -> Meaning {
    let each = statuses(text, records, secrets);
    match (status.as_u16(), each) {
        (200 | 201 | 207, Some(answers)) => Meaning::Each(answers),
        (207, None) => {
            let why =
                "207 without a status of each record: [{\"idempotency_key\": ..., \"status\": 201}, ...] is understood";
            Meaning::Each(vec![Answer::NotNow(why.to_owned()); records.len()])
        }
        _ => match answer_of(status, text, secrets) {
            Answer::Refused(_) | Answer::Barred(_) if records.len() > 1 => Meaning::Halves,
            answer => Meaning::Each(vec![answer; records.len()]),
        },
    }
}

/// The two halves of a range.
pub(super) fn halves(range: &Range<usize>) -> [Range<usize>; 2] {
    let middle = range.start + range.len() / 2;
    [range.start..middle, middle..range.end]
}

/// What is said of each record, by its key or, where no keys are named, in their order; `None` when the text is nothing of the kind.
fn statuses(text: &str, records: &[Record], secrets: &Secrets) -> Option<Vec<Answer>> {
    let items: Vec<Value> = serde_json::from_str(text).ok()?;
    let said = |item: &Value| {
        let status = item.get("status")?.as_u64().and_then(|status| u16::try_from(status).ok())?;
        let words = ["message", "error"].into_iter().find_map(|name| item.get(name)?.as_str());
        Some(answer_for_one(StatusCode::from_u16(status).ok()?, words.unwrap_or_default(), secrets))
    };
    let answers: Vec<Answer> = items.iter().map(said).collect::<Option<_>>()?;
    let key_of = |item: &Value| Some(item.get(KEY)?.as_str()?.to_owned());
    let keys: Vec<Option<String>> = items.iter().map(key_of).collect();
    if keys.iter().all(Option::is_none) {
        return (answers.len() == records.len()).then_some(answers);
    }
    let of = |record: &Record| {
        let place = keys.iter().position(|key| key.as_deref() == Some(&record.key));
        let unsaid = || Answer::NotNow("the receiver said nothing of this record".to_owned());
        place.and_then(|place| answers.get(place).cloned()).unwrap_or_else(unsaid)
    };
    Some(records.iter().map(of).collect())
}

/// As of a record that goes alone, but what closes the door for that closes it for this one record only: the receiver is there.
fn answer_for_one(status: StatusCode, words: &str, secrets: &Secrets) -> Answer {
    match answer_of(status, words, secrets) {
        Answer::Closed(_) | Answer::Barred(_) => match secrets.said(words, RECEIPT_CHARS) {
            says if says.is_empty() => Answer::Refused(format!("refused: {status}")),
            says => Answer::Refused(format!("refused: {status}: {says}")),
        },
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: i64) -> Vec<Record> {
        let letter =
            |number| Letter { tenant: 1, id: format!("crm/{number}"), revision: 2, attempts: 0, fields: Fields::new() };
        (0..count).map(|number| Record::new(&letter(number), &Template::usual())).collect()
    }

    #[test]
    fn the_same_records_go_under_the_same_key_and_others_under_another() {
        let three = records(3);
        assert_eq!(key_of(&three), key_of(&records(3)));
        assert_ne!(key_of(&three), key_of(&three[..2]));
        let body: Value = serde_json::from_str(&body_of(&three)).unwrap_or_default();
        assert_eq!((&body[1][KEY], &body[1]["revision"]), (&json!("crm/1/2"), &json!(2)));
    }

    #[test]
    fn an_answer_is_for_all_or_for_each_by_key_or_in_order() {
        let (two, of) = (records(2), |status: u16| StatusCode::from_u16(status).unwrap_or_default());
        let taken = |says: &str| Answer::Taken(says.to_owned());
        let each = |status, text: &str| match meaning(of(status), text, &two, &Secrets::default()) {
            Meaning::Each(answers) => answers,
            Meaning::Halves => Vec::new(),
        };
        // For all, also where something else is answered.
        for text in ["", "{}", r#"[{"id": 1, "status": "present"}, {"id": 2, "status": "absent"}]"#] {
            assert!(each(201, text).iter().all(|answer| matches!(answer, Answer::Taken(_))), "{text}");
        }
        // In their order, and by their keys.
        let refused = Answer::Refused("refused: 422 Unprocessable Entity: no such person".to_owned());
        let text = r#"[{"status": 201}, {"status": 422, "message": "no such person"}]"#;
        assert_eq!(each(207, text), [taken("201 Created"), refused.clone()]);
        assert_eq!(each(200, text), [taken("201 Created"), refused.clone()]);
        let text = r#"[{"idempotency_key": "crm/1/2", "status": 200}, {"idempotency_key": "crm/0/2", "status": 404}]"#;
        assert_eq!(each(207, text), [Answer::Refused("refused: 404 Not Found".to_owned()), taken("200 OK")]);
        // What nothing is said of is not taken.
        let answers = each(207, r#"[{"idempotency_key": "crm/1/2", "status": 200}]"#);
        assert!(matches!(answers.as_slice(), [Answer::NotNow(_), Answer::Taken(_)]), "{answers:?}");
        for text in ["", "{}", r#"[{"status": 201}]"#, r#"[{"status": 99}, {}]"#] {
            assert!(each(207, text).iter().all(|answer| matches!(answer, Answer::NotNow(_))), "{text}");
        }
        let whole = |status, records: &[Record]| meaning(of(status), "", records, &Secrets::default());
        // What is refused is looked for, and a closed door is one for all.
        assert_eq!(whole(413, &two), Meaning::Halves);
        assert_eq!(whole(404, &two), Meaning::Halves);
        assert!(matches!(whole(422, &two[..1]), Meaning::Each(one) if matches!(one[..], [Answer::Refused(_)])));
        assert!(each(401, "").iter().all(|answer| matches!(answer, Answer::Closed(_))));
        assert!(each(503, "").iter().all(|answer| matches!(answer, Answer::NotNow(_))));
    }
}
