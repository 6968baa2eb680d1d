//! What is fuzzed, by room.

mod adms_lines;
mod adms_talk;
mod attendance;
mod link;
mod roads;
mod zk;
mod zk_session;

use std::hash::{DefaultHasher, Hash, Hasher};

/// One parser.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Room and parser, such as `adms/attlog`; also its folder in the corpus.
    pub name: &'static str,
    /// Hands it the bytes. Panics when a promise is broken.
    pub check: fn(&[u8]) -> Kind,
    /// Words of its language, which chance would not hit.
    pub words: &'static [&'static str],
}

/// What tells one sort of answer from another: accepted or refused and why, which parts are there. Not the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub u64);

/// The kind of an answer.
pub fn kind(answer: impl Hash) -> Kind {
    // Its keys are fixed, so that a run can be repeated.
    let mut hasher = DefaultHasher::new();
    answer.hash(&mut hasher);
    Kind(hasher.finish())
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Target> {
    [
        zk::TARGETS,
        zk_session::TARGETS,
        adms_lines::TARGETS,
        adms_talk::TARGETS,
        link::TARGETS,
        attendance::TARGETS,
        roads::TARGETS,
    ]
    .into_iter()
    .flatten()
}

/// A number of things, as far as a kind tells them apart.
fn few(count: usize) -> usize {
    count.min(3)
}

/// Where `part` lies in `whole`. Panics when it is no part of it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    let at = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize).expect("a part lies behind the beginning");
    assert!(at + part.len() <= whole.len(), "a part ends before the end");
    at
}
