//! How alike two names are: what a terminal calls somebody, beside the name in an employee list.
//!
//! Invariants:
//! * Capitals, accents, punctuation and blanks make no difference.
//! * It does not matter which of the two is which.
//! * A name without a letter or digit is no name, and like no other.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Letters that a cut name must have to tell anything.
const CUT_LETTERS: usize = 7;
/// Letters of a word that must be whole for initials to count beside it.
const WHOLE_LETTERS: usize = 3;
/// Letters from which on one letter may be wrong, and from which on two.
const ONE_WRONG: usize = 5;
const TWO_WRONG: usize = 12;
/// Letters of a word by which names that may be close are found.
const PART_LETTERS: usize = 3;

/// How alike two names are; the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same words in the same order.
    Same,
    /// The same words in another order.
    Words,
    /// One is cut off, abbreviated or mistyped, or lacks words of the other.
    Close,
}

/// A name as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    words: Vec<String>,
    in_order: Vec<String>,
}

impl Name {
    /// `None` for what is no name.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c) && !matches!(c, '\'' | '\u{2019}')).collect();
        let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(str::to_lowercase).collect();
        let mut in_order = words.clone();
        in_order.sort();
        (!words.is_empty()).then_some(Self { words, in_order })
    }

    /// The key under which names of the same words are found.
    pub(crate) fn same_words(&self) -> &[String] {
        &self.in_order
    }

    /// Keys, one of which a name that is close has as well, unless its very beginning is mistyped.
    pub(crate) fn parts(&self) -> BTreeSet<String> {
        self.words.iter().map(|word| word.chars().take(PART_LETTERS).collect()).collect()
    }

    /// How alike it is to another one; `None` when they have nothing to do with each other.
    pub(crate) fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.words == other.words {
            return Some(Likeness::Same);
        }
        if self.in_order == other.in_order {
            return Some(Likeness::Words);
        }
        let is_close = self.is_cut(other) || self.lacks_words(other) || self.is_mistyped(other);
        is_close.then_some(Likeness::Close)
    }

    /// One of them is the beginning of the other: terminals cut what is longer than their field.
    fn is_cut(&self, other: &Self) -> bool {
        let (one, two) = (self.words.join(" "), other.words.join(" "));
        let (short, long) = if one.len() < two.len() { (one, two) } else { (two, one) };
        long.starts_with(&short) && short.chars().filter(|c| *c != ' ').count() >= CUT_LETTERS
    }

    /// Each word of the shorter one is in the longer one, whole or as an initial; one at least is whole.
    fn lacks_words(&self, other: &Self) -> bool {
        let (short, long) = if self.words.len() <= other.words.len() { (self, other) } else { (other, self) };
        if short.words.len() < 2 {
            return false;
        }
        let mut left: Vec<&String> = long.words.iter().collect();
        let mut rest = Vec::new();
        let mut has_whole = false;
        for word in &short.words {
            match left.iter().position(|there| *there == word) {
                Some(place) => {
                    left.swap_remove(place);
                    has_whole |= word.chars().count() >= WHOLE_LETTERS;
                }
                None => rest.push(word),
            }
        }
        has_whole
            && rest.into_iter().all(|word| {
                let place = left.iter().position(|there| is_initial(there, word) || is_initial(word, there));
                place.map(|place| left.swap_remove(place)).is_some()
            })
    }

    /// A letter or two are wrong, missing, too many, or changed places.
    fn is_mistyped(&self, other: &Self) -> bool {
        let (one, two) = (self.in_order.join(" "), other.in_order.join(" "));
        let (a, b) = (one.chars().count(), two.chars().count());
        let allowed = match a.min(b) {
            TWO_WRONG.. => 2,
            ONE_WRONG.. => 1,
            _ => 0,
        };
        a.abs_diff(b) <= allowed && strsim::osa_distance(&one, &two) <= allowed
    }
}

/// Whether one is the first letter of the other.
fn is_initial(one: &str, of: &str) -> bool {
    one.chars().count() == 1 && of.starts_with(one)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn likeness(one: &str, two: &str) -> Option<Likeness> {
        Name::new(one)?.likeness(&Name::new(two)?)
    }

    #[test]
    fn capitals_accents_and_punctuation_make_no_difference() {
        assert_eq!(likeness("Peña, Ann-Marie", "PENA  ann marie"), Some(Likeness::Same));
        assert_eq!(likeness("O'Brien", "OBRIEN"), Some(Likeness::Same));
        assert_eq!(likeness("Pen\u{303}a", "Pe\u{f1}a"), Some(Likeness::Same), "however the accent is written");
        assert_eq!(likeness("Reyes, Ann", "Ann Reyes"), Some(Likeness::Words));
    }

    #[test]
    fn what_terminals_do_to_a_name_leaves_it_close() {
        for (there, list) in [
            ("Maria Clara de los Santo", "Maria Clara de los Santos-Reyes"),
            ("Maria Cl", "Maria Clara"),
            ("A Reyes", "Ann Reyes"),
            ("Reyes A.", "Ann Reyes"),
            ("Ann Reyes", "Ann Maria Reyes"),
            ("Ann Reyse", "Ann Reyes"),
            ("Benjamim Criz", "Benjamin Cruz"),
        ] {
            assert_eq!(likeness(there, list), Some(Likeness::Close), "{there} and {list}");
        }
    }

    #[test]
    fn what_two_people_may_share_is_not_close() {
        for (one, two) in [
            ("Ann", "Ann Reyes"),
            ("Ann Cruz", "Ann Reyes"),
            ("A R", "Ann Reyes"),
            ("Ben", "Ken"),
            ("Ann Reyes", "Reyes Cruz"),
            ("", "Ann"),
            ("...", "..."),
        ] {
            assert_eq!(likeness(one, two), None, "{one} and {two}");
        }
    }

    fn name() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[a-zñé]{1,9}", 1..5)
    }

    proptest! {
        #[test]
        fn it_does_not_matter_which_is_which(one in name(), two in name()) {
            let (one, two) = (one.join(" "), two.join("-"));
            prop_assert_eq!(likeness(&one, &two), likeness(&two, &one));
            prop_assert_eq!(likeness(&one, &one.to_uppercase()), Some(Likeness::Same));
        }

        #[test]
        fn the_order_of_words_is_worth_a_step_and_no_more(words in name(), seed in 0_usize..24) {
            let mut turned = words.clone();
            turned.rotate_left(seed % words.len());
            let found = likeness(&words.join(" "), &turned.join(" "));
            prop_assert!(matches!(found, Some(Likeness::Same | Likeness::Words)), "{found:?}");
        }

        #[test]
        fn whatever_is_close_by_a_letter_behind_the_beginning_shares_a_part(words in name(), place in 0_usize..40) {
            let text = words.join(" ");
            let letters: Vec<char> = text.chars().collect();
            let place = place % letters.len();
            let is_inner = letters[place] != ' ' && (place + 1).checked_sub(PART_LETTERS + 1)
                .is_some_and(|from| !letters[from..=place].contains(&' '));
            prop_assume!(is_inner);
            let mut wrong = letters;
            wrong[place] = 'x';
            let (right, wrong) = (Name::new(&text).unwrap(), Name::new(&wrong.into_iter().collect::<String>()).unwrap());
            prop_assert!(!right.parts().is_disjoint(&wrong.parts()));
        }
    }
}
