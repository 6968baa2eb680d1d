//! What happened, in words: told when a seed fails.

use std::fmt;

use attendance::punch::Fingerprint;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Lines of a story that are told at most.
const MOST_LINES: usize = 60;

/// A promise that was broken.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which, and by what.
    pub says: String,
    /// The punches that it is about; empty when it is about none in particular.
    pub about: Vec<Fingerprint>,
}

impl Violation {
    pub(crate) fn new(says: impl Into<String>) -> Self {
        Self { says: says.into(), about: Vec::new() }
    }
}

/// What a real part could not do although nothing stood in its way.
impl<E: std::error::Error> From<E> for Violation {
    fn from(error: E) -> Self {
        Self::new(format!("something failed that must not: {error}"))
    }
}

#[derive(Debug, Clone)]
struct Line {
    at: i64,
    text: String,
    about: Vec<Fingerprint>,
    is_turn: bool,
}

/// The lines of a run, in the order of time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story {
    lines: Vec<Line>,
}

impl Story {
    /// A turn of the story: a fault, a start, what a person did.
    pub(crate) fn turn(&mut self, at: i64, text: impl Into<String>) {
        self.lines.push(Line { at, text: text.into(), about: Vec::new(), is_turn: true });
    }

    /// What happened to some punches.
    pub(crate) fn event(&mut self, at: i64, about: Vec<Fingerprint>, text: impl Into<String>) {
        self.lines.push(Line { at, text: text.into(), about, is_turn: false });
    }

    /// What concerns a violation: its punches and every turn; the last lines when there are too many.
    pub(crate) fn told(&self, violation: &Violation, tz: &TimeZone) -> Vec<String> {
        let concerns = |line: &&Line| {
            line.is_turn || violation.about.is_empty() || line.about.iter().any(|of| violation.about.contains(of))
        };
        let told: Vec<String> = self.lines.iter().filter(concerns).map(|line| line.shown(tz)).collect();
        match told.len().checked_sub(MOST_LINES) {
            Some(more) if more > 0 => {
                std::iter::once(format!("({more} lines before)")).chain(told.into_iter().skip(more)).collect()
            }
            _ => told,
        }
    }
}

impl Line {
    fn shown(&self, tz: &TimeZone) -> String {
        format!("{}  {}", when(self.at, tz), self.text)
    }
}

/// `Mon 2026-03-02 08:00:00+08`.
pub(crate) fn when(at: i64, tz: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(tz.clone());
    at.strftime("%a %Y-%m-%d %H:%M:%S%:::z").to_string()
}

/// A length of time in words.
pub(crate) struct Span(pub(crate) i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        match seconds.unsigned_abs() {
            0..=119 => write!(f, "{seconds} s"),
            120..=7199 => write!(f, "{} min", seconds / 60),
            7200..=172_799 => write!(f, "{:.1} h", seconds as f64 / 3600.0),
            _ => write!(f, "{:.1} days", seconds as f64 / 86_400.0),
        }
    }
}
