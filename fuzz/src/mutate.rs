//! Inputs that are nearly right: what is wrong with them is what wire and disk, firmware and attackers do to bytes.

use std::ops::Range;

use crate::random::Random;

/// Longest input. Promises about size hold for longer ones by reasoning: no parser looks at a length of its own but limits.
pub(crate) const MAX_BYTES: usize = 4096;

/// Numbers where arithmetic and limits go wrong, as binary fields hold them.
const EDGES: [u32; 16] = [
    0,
    1,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x1_0000,
    0x10_0001,
    0x3FF_FFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
];

/// The same as text has them, and some that are no numbers.
const NUMBERS: [&str; 18] = [
    "",
    "0",
    "-1",
    "1",
    "00",
    "31",
    "60",
    "255",
    "256",
    "65535",
    "65536",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775808",
    "1e9",
    "NaN",
    "99999999999999999999999",
];

/// Bytes that mean something to one parser or another.
const MARKS: &[u8] = b"\0\t\n\r =&,;:%+-/\"'{}[]~.09AZaz\x7f\x80\xaa\xbf\xc3\xff";

/// Writes an input to `out`: one of `pool`, changed a little, or seldom just noise.
pub(crate) fn input(random: &mut Random, pool: &[Vec<u8>], words: &[&str], out: &mut Vec<u8>) {
    out.clear();
    let base = random.below(pool.len() + 1 + pool.len() / 50);
    match pool.get(base) {
        Some(base) => out.extend_from_slice(base),
        None => noise(random, 64, out),
    }
    // Mostly few changes: many together are noise to a parser that stops at the first.
    let changes = 1 + random.below(3) + random.below(2) * random.below(6);
    for _ in 0..changes {
        change(random, pool, words, out);
    }
    out.truncate(MAX_BYTES);
}

fn noise(random: &mut Random, most: usize, out: &mut Vec<u8>) {
    let count = random.below(most + 1);
    out.extend((0..count).map(|_| random.next() as u8));
}

fn change(random: &mut Random, pool: &[Vec<u8>], words: &[&str], out: &mut Vec<u8>) {
    let at = random.below(out.len());
    match random.below(14) {
        0 => set(out, at, |byte| byte ^ (1 << random.below(8))),
        1 => set(out, at, |_| random.next() as u8),
        2 => set(out, at, |_| random.pick(MARKS)),
        3 => set(out, at, |byte| byte.wrapping_add(random.pick(&[1, 255, 16, 240]))),
        4 => insert_noise(random, out),
        5 => drop(out.drain(range(random, out.len(), 16))),
        6 => out.truncate(at),
        7 => repeat(random, out),
        8 => splice(random, pool, out),
        9 => overwrite(out, at, &random.pick(&EDGES).to_le_bytes()[..random.pick(&[1, 2, 4, 4])]),
        10 => length(random, out, at),
        11 => number(random, out, at),
        12 => insert(out, at, random.pick(words).as_bytes()),
        _ => insert(out, at, &[random.pick(MARKS)]),
    }
}

fn set(out: &mut [u8], at: usize, to: impl FnOnce(u8) -> u8) {
    if let Some(byte) = out.get_mut(at) {
        *byte = to(*byte);
    }
}

fn insert(out: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    out.splice(at..at, bytes.iter().copied());
}

fn overwrite(out: &mut [u8], at: usize, bytes: &[u8]) {
    out.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
}

/// A range of at most `most` bytes, now and then a long one.
fn range(random: &mut Random, length: usize, most: usize) -> Range<usize> {
    let start = random.below(length);
    let most = if random.below(8) == 0 { length } else { most };
    start..start + random.below((length - start).min(most) + 1)
}

fn insert_noise(random: &mut Random, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    noise(random, 8, &mut bytes);
    insert(out, random.below(out.len()), &bytes);
}

/// The same again, once or very often.
fn repeat(random: &mut Random, out: &mut Vec<u8>) {
    let range = range(random, out.len(), 32);
    let times = random.pick(&[1, 1, 2, 7, 60]).min(MAX_BYTES / (range.len() + 1));
    let end = range.end;
    let bytes = out[range].repeat(times);
    insert(out, end, &bytes);
}

/// A part of another input, put in or over.
fn splice(random: &mut Random, pool: &[Vec<u8>], out: &mut Vec<u8>) {
    let Some(other) = pool.get(random.below(pool.len())) else { return };
    let part = &other[range(random, other.len(), 64)];
    let at = random.below(out.len());
    if random.below(2) == 0 { insert(out, at, part) } else { overwrite(out, at, part) }
}

/// A length that lies: that of the rest, or near it.
fn length(random: &mut Random, out: &mut [u8], at: usize) {
    let rest = (out.len() - at) as u32;
    let claimed = rest.wrapping_add(random.pick(&[
        0,
        1,
        4,
        8,
        0_u32.wrapping_sub(1),
        0_u32.wrapping_sub(4),
        0_u32.wrapping_sub(8),
    ]));
    overwrite(out, at, &claimed.to_le_bytes()[..random.pick(&[1, 2, 4])]);
}

/// Another number in place of one that is written out.
fn number(random: &mut Random, out: &mut Vec<u8>, at: usize) {
    let Some(start) = (at..out.len()).find(|at| out[*at].is_ascii_digit()) else { return };
    let digits = out[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    out.splice(start..start + digits, random.pick(&NUMBERS).bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(seed: u64, count: usize) -> Vec<Vec<u8>> {
        let (mut random, mut out) = (Random(seed), Vec::new());
        let pool = [b"size=12\n".to_vec(), vec![0; 40], Vec::new()];
        (0..count)
            .map(|_| {
                input(&mut random, &pool, &["word"], &mut out);
                out.clone()
            })
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_inputs() {
        assert_eq!(inputs(1, 200), inputs(1, 200));
        assert_ne!(inputs(1, 200), inputs(2, 200));
    }

    #[test]
    fn inputs_are_bounded_different_and_reach_every_sort_of_change() {
        let inputs = inputs(7, 20_000);
        assert!(inputs.iter().all(|input| input.len() <= MAX_BYTES));
        let different: std::collections::BTreeSet<_> = inputs.iter().collect();
        assert!(different.len() > 10_000, "{} different inputs", different.len());
        let some = |wanted: fn(&[u8]) -> bool| inputs.iter().any(|input| wanted(input));
        assert!(some(|input| input.is_empty()));
        assert!(some(|input| input == b"size=4294967296\n"));
        assert!(some(|input| input.windows(4).any(|part| part == b"word")));
        assert!(some(|input| input.ends_with(&[0xFF; 4]) || input.windows(4).any(|part| part == [0xFF; 4])));
        assert!(some(|input| input.len() > 1000));
    }
}
