//! Each fault by name: what it does on the wire, and that our client and our server cope with it or say clearly what is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods)] // The clock of a terminal is compared with the true time.

#[path = "../common/mod.rs"]
mod common;

mod bulk;
mod clock;
mod data;
mod line;
mod push_commands;
mod push_form;
mod push_way;
mod session;

/// Where faults are tested.
const STORIES: [&str; 9] = [
    include_str!("bulk.rs"),
    include_str!("clock.rs"),
    include_str!("data.rs"),
    include_str!("line.rs"),
    include_str!("push_commands.rs"),
    include_str!("push_form.rs"),
    include_str!("push_way.rs"),
    include_str!("session.rs"),
    include_str!("../push_dialects.rs"),
];

#[test]
fn every_fault_has_a_story() {
    let is_word = |text: &str, at: usize| {
        let around = [text[..at].chars().next_back(), text[at..].chars().next()];
        !around.into_iter().flatten().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    for fault in simulator::Faults::table() {
        let is_told = STORIES.iter().any(|story| {
            story.match_indices(fault.name).any(|(at, name)| is_word(story, at) && is_word(story, at + name.len()))
        });
        assert!(is_told, "{} is in no test", fault.name);
    }
}
