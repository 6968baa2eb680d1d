//! One target, many inputs.

use std::any::Any;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::mutate;
use crate::random::Random;
use crate::shrink::shrink;
use crate::targets::{Kind, Target};

/// Most inputs that are mutated further; later kinds are counted and let go.
const MAX_POOL: usize = 4096;

/// What came of a run.
#[derive(Debug)]
pub struct Report {
    /// Inputs that were tried, kept ones included.
    pub inputs: u64,
    /// Kinds of answers that were seen.
    pub kinds: usize,
    /// Time for all of them.
    pub took: Duration,
    /// Longest time for one, and the bytes of that input: a parser that is slow for its size shows here.
    pub slowest: (Duration, usize),
    /// Inputs that gave a new kind of answer, each as short as that kind allows. Empty unless asked for.
    pub found: Vec<Vec<u8>>,
    /// The first input that broke a promise; the run ends with it.
    pub failure: Option<Failure>,
}

/// A broken promise.
#[derive(Debug)]
pub struct Failure {
    /// The input, as short as it still fails.
    pub input: Vec<u8>,
    /// What the panic said.
    pub message: String,
}

/// Tries the kept inputs and then mutated ones, `inputs` of these. `most_found` bounds [`Report::found`].
pub fn run(target: &Target, kept: &[Vec<u8>], inputs: u64, seed: u64, most_found: usize) -> Report {
    let begun = Instant::now();
    let mut runner = Runner { target, seen: HashSet::new(), pool: Vec::new(), tried: 0, slowest: (Duration::ZERO, 0) };
    let mut failure = kept.iter().find_map(|input| runner.try_one(input).err());
    // A target without kept inputs starts from nothing.
    runner.pool = if kept.is_empty() { vec![Vec::new()] } else { kept.to_vec() };
    let known = runner.pool.len();
    let (mut random, mut input) = (Random(seed), Vec::new());
    while failure.is_none() && runner.tried < inputs + kept.len() as u64 {
        mutate::input(&mut random, &runner.pool, target.words, &mut input);
        match runner.try_one(&input) {
            Ok(true) if runner.pool.len() < MAX_POOL => runner.pool.push(input.clone()),
            Ok(_) => {}
            Err(broken) => failure = Some(broken),
        }
    }
    let found = runner.pool.iter().skip(known).take(most_found).map(|input| shrink_kind(target, input)).collect();
    let Runner { seen, tried, slowest, .. } = runner;
    Report { inputs: tried, kinds: seen.len(), took: begun.elapsed(), slowest, found, failure }
}

struct Runner<'a> {
    target: &'a Target,
    seen: HashSet<Kind>,
    pool: Vec<Vec<u8>>,
    tried: u64,
    slowest: (Duration, usize),
}

impl Runner<'_> {
    /// Whether the answer is of a kind that was not seen before.
    fn try_one(&mut self, input: &[u8]) -> Result<bool, Failure> {
        let begun = Instant::now();
        let answer = ask(self.target, input);
        let took = begun.elapsed();
        self.tried += 1;
        if took > self.slowest.0 {
            self.slowest = (took, input.len());
        }
        answer.map(|kind| self.seen.insert(kind)).map_err(|_| {
            let input = shrink(input.to_vec(), |input| ask(self.target, input).is_err());
            let message = ask(self.target, &input).err().unwrap_or_default();
            Failure { input, message }
        })
    }
}

fn ask(target: &Target, input: &[u8]) -> Result<Kind, String> {
    catch_unwind(AssertUnwindSafe(|| (target.check)(input))).map_err(|payload| said(payload.as_ref()))
}

fn said(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

fn shrink_kind(target: &Target, input: &[u8]) -> Vec<u8> {
    let kind = ask(target, input);
    shrink(input.to_vec(), |shorter| ask(target, shorter) == kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::kind;

    /// Breaks its promise for a `#` in front of a `!`.
    fn fragile(input: &[u8]) -> Kind {
        let mark = input.iter().position(|byte| *byte == b'#');
        assert!(mark.is_none_or(|mark| !input[mark..].contains(&b'!')), "a mark in front of another");
        kind(mark.is_some())
    }

    const FRAGILE: Target = Target { name: "test/fragile", check: fragile, words: &["#", "!"] };

    #[test]
    fn a_broken_promise_is_found_and_shrunk() {
        let report = run(&FRAGILE, &[b"nothing wrong here".to_vec()], 100_000, 1, 0);
        let failure = report.failure.expect("it breaks");
        assert_eq!((failure.input.as_slice(), failure.message.as_str()), (&b"#!"[..], "a mark in front of another"));
        assert!(report.inputs < 100_000, "the run ends with it");
    }

    #[test]
    fn a_kept_input_that_fails_again_is_told_before_anything_else() {
        let report = run(&FRAGILE, &[b"fine".to_vec(), b"a#b!".to_vec()], 1000, 1, 0);
        assert_eq!((report.inputs, report.failure.expect("it breaks").input), (2, b"#!".to_vec()));
    }

    #[test]
    fn a_new_kind_of_answer_is_kept_as_short_as_it_can_be() {
        fn harmless(input: &[u8]) -> Kind {
            kind(input.contains(&b'#'))
        }
        let report = run(&Target { check: harmless, ..FRAGILE }, &[b"plain".to_vec()], 5000, 1, 10);
        assert_eq!((report.inputs, report.kinds, report.found), (5001, 2, vec![b"#".to_vec()]));
        assert!(report.failure.is_none());
    }
}
