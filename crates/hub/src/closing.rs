//! Is everything here that a terminal holds of a day? Decisions, pure.
//!
//! Invariants:
//! * A day is closed only when a reading after its end was seen to be held here, punch by punch or by the digest of the set,
//!   and nothing has come since: what comes late opens it again.
//! * What is stored stays, so that a proof stays true of the set for which it was made. A reading from which the terminal
//!   has dropped old records takes nothing back.

use jiff::Timestamp;
use link::Closeout;
use link::closeout::Digest;

/// Where the proof of a terminal's day stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseoutState {
    /// The terminal has records that are not here.
    Broken,
    /// The terminal has not been heard since the day ended.
    Deferred,
    /// The day is not over, or was not compared since it ended, or since something came late.
    Open,
    /// Everything that the terminal holds of the day is here.
    Closed,
}

impl CloseoutState {
    /// All states, the worst first.
    pub const ALL: [Self; 4] = [Self::Broken, Self::Deferred, Self::Open, Self::Closed];

    /// The word in tables and exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Deferred => "deferred",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Why a day is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// At least so many punches of the terminal are not here.
    Missing(u64),
    /// So many records name a place in the terminal's user table that nobody has had.
    Nameless(u64),
    /// No contact since the day ended.
    Silent,
    /// The day is not over.
    NotOver,
    /// The log is never read, and the terminal did not tell how many punches it has of the day: there is nothing to compare with.
    OnlyPushes,
    /// It was not read to its end since the day ended.
    Unread,
    /// Its log does not reach back to this day any more.
    Unreached,
    /// Punches came since it was compared.
    CameLater,
    /// Proven.
    Complete,
}

impl Standing {
    /// The state.
    pub const fn state(self) -> CloseoutState {
        match self {
            Self::Missing(_) | Self::Nameless(_) => CloseoutState::Broken,
            Self::Silent => CloseoutState::Deferred,
            Self::NotOver | Self::OnlyPushes | Self::Unread | Self::Unreached | Self::CameLater => CloseoutState::Open,
            Self::Complete => CloseoutState::Closed,
        }
    }
}

/// In words: what happened, and what happens next or has to be done.
impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(1) => {
                f.write_str("1 punch of the terminal is missing here; the edge sends the day once more")
            }
            Self::Missing(count) => {
                write!(f, "{count} punches of the terminal are missing here; the edge sends the day once more")
            }
            Self::Nameless(count) => write!(
                f,
                "{count} records name a place in the terminal's user table that is empty; they count when somebody has it"
            ),
            Self::Silent => f.write_str("not heard since the day ended; check its power and line"),
            Self::NotOver => f.write_str("the day is not over"),
            Self::OnlyPushes => {
                f.write_str("it only pushes, and has not told how many punches it has of the day; give it an address and poll it as well")
            }
            Self::Unread => f.write_str("its log was not read since the day ended"),
            Self::Unreached => f.write_str("its log does not reach back to this day, so it can't be compared"),
            Self::CameLater => f.write_str("punches came after it was compared; the next reading compares again"),
            Self::Complete => f.write_str("everything that the terminal holds is here"),
        }
    }
}

/// What is known of a terminal and a printed date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// What readings told of the date.
    pub(crate) told: Option<Told>,
    /// What is here.
    pub(crate) here: Closeout,
    /// When the date ends in the terminal's zone.
    pub(crate) ends: Timestamp,
    /// Up to when its log was read last.
    pub(crate) read: Option<Timestamp>,
    /// That reading tells of the date, also when it has no punches then.
    pub(crate) is_within: bool,
    /// Its log is read regularly.
    pub(crate) is_polled: bool,
    /// Nothing was heard of it for longer than it usually keeps quiet.
    pub(crate) is_silent: bool,
}

/// What readings told of a date.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// Digest of the set that was here when all of it was.
    pub(crate) proven: Option<Digest>,
    /// Punches that are not here.
    pub(crate) missing: u64,
    /// Records without a user number.
    pub(crate) nameless: u64,
}

/// Where a day stands at `now`.
pub(crate) fn standing(known: &Known, now: Timestamp) -> Standing {
    if let Some(told) = known.told {
        if told.missing > 0 {
            return Standing::Missing(told.missing);
        }
        if told.nameless > 0 {
            return Standing::Nameless(told.nameless);
        }
    }
    if now < known.ends {
        return Standing::NotOver;
    }
    if known.read.is_none_or(|read| read < known.ends) {
        return match known {
            Known { is_silent: true, .. } => Standing::Silent,
            Known { read: None, is_polled: false, .. } => Standing::OnlyPushes,
            _ => Standing::Unread,
        };
    }
    match known.told {
        Some(told) if told.proven == Some(known.here.digest) => Standing::Complete,
        Some(_) => Standing::CameLater,
        None if !known.is_within && !known.is_polled => Standing::OnlyPushes,
        None if !known.is_within => Standing::Unreached,
        None if known.here.punches == 0 => Standing::Complete,
        None => Standing::CameLater,
    }
}

/// What a reading shows of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Everything that it told is here.
    All,
    /// At least so many punches are not.
    Missing(u64),
    /// More is here than was told, or something else: only a list can tell.
    Unclear,
}

/// Compares what a reading told with what is here. `lacking`: how many of the listed punches are not here, when they were
/// listed.
pub(crate) fn compare(told: Closeout, here: Closeout, lacking: Option<u64>) -> Shown {
    match lacking {
        Some(0) => Shown::All,
        Some(count) => Shown::Missing(count),
        None if told == here || told.punches == 0 => Shown::All,
        None if told.punches > here.punches => Shown::Missing(told.punches - here.punches),
        None => Shown::Unclear,
    }
}

/// The instant up to which a person's punches are complete (rules 10): the earliest up to which one of their terminals has
/// delivered. It is waited for no longer than to `patient_from`: a terminal that never comes back must not hold up payroll.
/// `None` when none of them is read regularly, as then nothing is known.
pub(crate) fn watermark(delivered: impl Iterator<Item = Timestamp>, patient_from: Timestamp) -> Option<Timestamp> {
    delivered.min().map(|earliest| earliest.max(patient_from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-03-{text}:00Z").parse().unwrap()
    }

    fn set(punches: u64) -> Closeout {
        Closeout { punches, digest: Digest(u128::from(punches) * 1000) }
    }

    /// Monday the 2nd in Manila, of a polled terminal: five punches that were proven on Tuesday.
    fn proven() -> Known {
        let told = Told { proven: Some(set(5).digest), missing: 0, nameless: 0 };
        Known {
            told: Some(told),
            here: set(5),
            ends: at("02T16:00"),
            read: Some(at("02T16:10")),
            is_within: true,
            is_polled: true,
            is_silent: false,
        }
    }

    #[test]
    fn every_state_has_its_story() {
        let told = |missing, nameless, proven: Option<Digest>| Some(Told { proven, missing, nameless });
        let later = at("03T09:00");
        let stories = [
            ("proven after its end", proven(), later, Standing::Complete),
            ("proven, and silent since", Known { is_silent: true, ..proven() }, later, Standing::Complete),
            ("the day goes on", proven(), at("02T15:59"), Standing::NotOver),
            ("read before it ended", Known { read: Some(at("02T15:50")), ..proven() }, later, Standing::Unread),
            (
                "read before it ended, then offline",
                Known { read: Some(at("02T15:50")), is_silent: true, ..proven() },
                later,
                Standing::Silent,
            ),
            ("never read, in contact", Known { told: None, read: None, ..proven() }, later, Standing::Unread),
            (
                "it only pushes",
                Known { told: None, read: None, is_polled: false, ..proven() },
                later,
                Standing::OnlyPushes,
            ),
            (
                "it only pushes and is silent",
                Known { told: None, read: None, is_polled: false, is_silent: true, ..proven() },
                later,
                Standing::Silent,
            ),
            ("a punch came late", Known { here: set(6), ..proven() }, later, Standing::CameLater),
            ("not proven yet", Known { told: told(0, 0, None), ..proven() }, later, Standing::CameLater),
            ("the hub lacks two", Known { told: told(2, 0, None), ..proven() }, later, Standing::Missing(2)),
            (
                "the hub lacks two today",
                Known { told: told(2, 0, None), ..proven() },
                at("02T09:00"),
                Standing::Missing(2),
            ),
            (
                "the hub lacks two, terminal offline",
                Known { told: told(2, 0, None), is_silent: true, ..proven() },
                later,
                Standing::Missing(2),
            ),
            (
                "a record names an empty slot",
                Known { told: told(0, 1, Some(set(5).digest)), ..proven() },
                later,
                Standing::Nameless(1),
            ),
            ("nobody came", Known { told: None, here: set(0), ..proven() }, later, Standing::Complete),
            ("pushed, and not in the log", Known { told: None, ..proven() }, later, Standing::CameLater),
            (
                "the log was erased before it was read",
                Known { told: None, is_within: false, ..proven() },
                later,
                Standing::Unreached,
            ),
        ];
        for (story, known, now, expected) in stories {
            assert_eq!(standing(&known, now), expected, "{story}");
        }
    }

    #[test]
    fn each_state_is_told_with_what_comes_next() {
        for (standing, state) in [
            (Standing::Missing(2), "broken"),
            (Standing::Nameless(1), "broken"),
            (Standing::Silent, "deferred"),
            (Standing::OnlyPushes, "open"),
            (Standing::CameLater, "open"),
            (Standing::Complete, "closed"),
        ] {
            assert_eq!(standing.state().word(), state);
            assert_eq!(CloseoutState::from_word(state), Some(standing.state()));
            assert!(!standing.to_string().is_empty());
        }
    }

    #[test]
    fn a_reading_is_compared_by_digest_and_where_that_is_unclear_by_its_list() {
        let other = Closeout { punches: 5, digest: Digest(7) };
        let cases = [
            (set(5), set(5), None, Shown::All),
            (set(0), set(5), None, Shown::All),
            (set(5), set(3), None, Shown::Missing(2)),
            (set(5), set(9), None, Shown::Unclear),
            (set(5), other, None, Shown::Unclear),
            (set(5), set(9), Some(0), Shown::All),
            (set(5), other, Some(1), Shown::Missing(1)),
            (set(5), set(9), Some(3), Shown::Missing(3)),
        ];
        for (told, here, lacking, expected) in cases {
            assert_eq!(compare(told, here, lacking), expected, "{told:?} {here:?} {lacking:?}");
        }
    }

    #[test]
    fn the_watermark_is_the_slowest_terminals_and_patience_ends() {
        let (fast, slow) = (at("03T08:00"), at("02T12:00"));
        assert_eq!(watermark([fast, slow].into_iter(), at("01T00:00")), Some(slow));
        assert_eq!(watermark([fast, slow].into_iter(), at("02T18:00")), Some(at("02T18:00")), "no longer than that");
        assert_eq!(watermark(std::iter::empty(), at("02T18:00")), None, "nothing is known");
    }
}
