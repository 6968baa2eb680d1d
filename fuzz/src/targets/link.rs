//! What edge and hub say to each other: it comes back as it was said.

use link::command::MAX_RESULT_BYTES;
use link::enrol::{Invitation, NoCode};
use link::{Ack, Batch, Heartbeat, Orders, Punch, What};
use serde::{Serialize, de::DeserializeOwned};

use super::{Kind, Target, few, kind};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "link/batch",
        check: batch,
        words: &[
            "\"seq\":",
            "\"kind\":\"punch\"",
            "\"raw_time\":",
            "\"seconds\":",
            "null",
            "\"up_to\":",
            "\\u0000",
            "\"original\":\"\"",
            ",",
        ],
    },
    Target { name: "link/ack", check: ack, words: &["\"held\"", "\"known\"", "\"high_seq\":", "null", "[", ","] },
    Target {
        name: "link/heartbeat",
        check: heartbeat,
        words: &["\"clock\":", "\"offset_s\":", "\"state\":\"done\"", "null", "\"moved\":"],
    },
    Target {
        name: "link/orders",
        check: orders,
        words: &[
            "\"do\":\"",
            "put_user",
            "set_option",
            "send_punches",
            "\"via\":\"both\"",
            "null",
            "2026-01-05T00:00:00",
            "\\t",
            "\\n",
        ],
    },
    Target { name: "link/code", check: code, words: &["punch1.", "AAAA", "_-", "="] },
];

/// The message, after it has come back from the wire unchanged.
fn message<T: DeserializeOwned + Serialize + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Option<T> {
    let message: T = serde_json::from_slice(bytes).ok()?;
    let again = serde_json::to_vec(&message).expect("a message can be written");
    assert_eq!(serde_json::from_slice::<T>(&again).expect("what is written can be read"), message);
    Some(message)
}

fn batch(bytes: &[u8]) -> Kind {
    let Some(batch) = message::<Batch>(bytes) else { return kind(0) };
    let items = batch.items.iter().map(|item| match &item.what {
        What::User(user) => (1, user.name.is_empty(), false),
        What::Punch(punch) => match punch.raw() {
            Ok(raw) => {
                let again = Punch::of(punch.channel, &raw).raw().expect("what we write is base64");
                assert_eq!((&again, again.fingerprint()), (&raw, raw.fingerprint()));
                assert!(!raw.time.to_string().is_empty() || raw.time.seconds().is_none());
                (2, raw.is_unreadable(), raw.time.civil().is_some())
            }
            Err(field) => (3, field.field == "original", false),
        },
    });
    kind((1, few(batch.items.len()), items.take(2).collect::<Vec<_>>()))
}

fn ack(bytes: &[u8]) -> Kind {
    let Some(ack) = message::<Ack>(bytes) else { return kind(0) };
    kind((1, few(ack.outcomes.len()), ack.outcomes.first().map(std::mem::discriminant)))
}

fn heartbeat(bytes: &[u8]) -> Kind {
    let Some(heartbeat) = message::<Heartbeat>(bytes) else { return kind(0) };
    let contacts = heartbeat.terminals.iter().map(|contact| {
        let clock = contact.clock.map(|clock| {
            assert!(!clock.to_string().is_empty() && clock.cure().is_some() == (clock.is_off() || clock.is_reset()));
            (clock.is_off(), clock.is_reset())
        });
        (clock, contact.moved.is_some())
    });
    let reports = heartbeat.commands.iter().map(|report| (report.state.word(), report.text.len() > MAX_RESULT_BYTES));
    kind((1, contacts.take(2).collect::<Vec<_>>(), reports.take(2).collect::<Vec<_>>()))
}

fn orders(bytes: &[u8]) -> Kind {
    let Some(orders) = message::<Orders>(bytes) else { return kind(0) };
    let commands = orders.commands.iter().map(|order| {
        let refused = order.command.check().err();
        assert!(!order.command.to_string().is_empty());
        assert!(refused.as_ref().is_none_or(|refused| refused.to_string().contains(';')), "a refusal tells the cure");
        (order.command.word(), refused.map(|refused| std::mem::discriminant(&refused)))
    });
    let terminals = orders.terminals.iter().map(|terminal| (terminal.via.polls(), terminal.comm_key.is_some()));
    kind((1, commands.take(2).collect::<Vec<_>>(), terminals.take(2).collect::<Vec<_>>()))
}

fn code(bytes: &[u8]) -> Kind {
    match String::from_utf8_lossy(bytes).parse::<Invitation>() {
        Ok(invitation) => {
            assert_eq!(invitation.to_string().parse().as_ref(), Ok(&invitation));
            kind((1, invitation.pins.len().min(2), invitation.hubs.len().min(2)))
        }
        Err(no_code) => kind((0, no_code == NoCode::Damaged)),
    }
}
