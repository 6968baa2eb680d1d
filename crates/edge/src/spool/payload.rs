//! The bytes of one entry: compact, because the disk is what ingest waits for.
//!
//! A tag, then the fields in order; texts and bytes are led by their length as u32, optional ones by a byte that says
//! whether they are there. The tag names the layout: a new layout gets a new tag, old ones stay readable.

use attendance::punch::{Channel, PrintedTime, RawPunch};
use link::{Punch, TerminalUser, What};

const PUNCH: u8 = 1;
const USER: u8 = 2;
/// What the payload of a punch begins with; the byte of its road comes next.
pub(super) const PUNCH_TAG: [u8; 1] = [PUNCH];

/// One thing to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(crate) fingerprint: [u8; 16],
    pub(crate) received_us: i64,
    pub(crate) payload: Vec<u8>,
}

impl Entry {
    /// A punch, or a line that could not be read as one. `received_us`: microseconds since the epoch, UTC.
    pub fn punch(channel: Channel, punch: &RawPunch, received_us: i64) -> Self {
        Self { fingerprint: punch.fingerprint().0, received_us, payload: encode_punch(channel, punch) }
    }

    /// A user as a terminal lists it. Its identity is terminal and number; another name replaces the sighting before.
    pub fn user(user: &TerminalUser, received_us: i64) -> Self {
        let mut payload = vec![USER];
        put(&mut payload, user.origin.as_bytes());
        put(&mut payload, user.user.as_bytes());
        put(&mut payload, user.name.as_bytes());
        Self { fingerprint: user_key(&user.origin, &user.user), received_us, payload }
    }
}

/// The identity of a user as one terminal lists it.
pub(super) fn user_key(origin: &str, user: &str) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"user/1\x1f").update(origin.as_bytes()).update(b"\x1f").update(user.as_bytes());
    let mut key = [0; 16];
    hash.finalize_xof().fill(&mut key);
    key
}

/// The payload of a punch.
pub(crate) fn encode_punch(channel: Channel, punch: &RawPunch) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48 + punch.origin.len() + punch.user.len() + punch.original.len());
    bytes.push(PUNCH);
    bytes.push(match channel {
        Channel::Push => 1,
        Channel::Poll => 2,
        Channel::File => 3,
        Channel::Sql => 4,
        Channel::Api => 5,
    });
    put(&mut bytes, punch.origin.as_bytes());
    put(&mut bytes, &punch.original);
    // What follows is what two copies are compared by.
    put(&mut bytes, punch.user.as_bytes());
    match &punch.time {
        PrintedTime::Seconds(seconds) => {
            bytes.push(1);
            bytes.extend_from_slice(&seconds.to_le_bytes());
        }
        PrintedTime::Raw(raw) => {
            bytes.push(0);
            put(&mut bytes, raw);
        }
    }
    put_number(&mut bytes, punch.state);
    put_number(&mut bytes, punch.verify);
    match &punch.work_code {
        Some(code) => {
            bytes.push(1);
            put(&mut bytes, code.as_bytes());
        }
        None => bytes.push(0),
    }
    bytes
}

/// The field that holds a punch's origin, behind tag and road.
pub(super) fn origin_field(origin: &str) -> Vec<u8> {
    let mut field = Vec::with_capacity(4 + origin.len());
    put(&mut field, origin.as_bytes());
    field
}

/// `None` when the bytes are no entry.
pub(super) fn decode(payload: &[u8]) -> Option<What> {
    let mut rest = payload;
    match take_byte(&mut rest)? {
        PUNCH => decode_punch(rest).map(|(channel, punch)| What::Punch(Punch::of(channel, &punch))),
        USER => Some(What::User(TerminalUser {
            origin: take_text(&mut rest)?,
            user: take_text(&mut rest)?,
            name: take_text(&mut rest)?,
        })),
        _ => None,
    }
}

/// The punch of a payload; `None` when the bytes are none.
pub(super) fn punch(payload: &[u8]) -> Option<RawPunch> {
    let mut rest = payload;
    if take_byte(&mut rest)? != PUNCH {
        return None;
    }
    decode_punch(rest).map(|(_, punch)| punch)
}

/// The punch of a payload whose tag was taken off.
fn decode_punch(mut rest: &[u8]) -> Option<(Channel, RawPunch)> {
    let rest = &mut rest;
    let channel = match take_byte(rest)? {
        1 => Channel::Push,
        2 => Channel::Poll,
        3 => Channel::File,
        4 => Channel::Sql,
        5 => Channel::Api,
        _ => return None,
    };
    let origin = take_text(rest)?;
    let original = take(rest)?.to_vec();
    let user = take_text(rest)?;
    let time = match take_byte(rest)? {
        1 => PrintedTime::Seconds(i64::from_le_bytes(take_array(rest)?)),
        _ => PrintedTime::Raw(take(rest)?.to_vec()),
    };
    let (state, verify) = (take_number(rest)?, take_number(rest)?);
    let work_code = if take_byte(rest)? == 1 { Some(take_text(rest)?) } else { None };
    Some((channel, RawPunch { origin, user, time, state, verify, work_code, original }))
}

/// The punch that a payload holds, if it holds one.
pub(super) fn punch_of(payload: &[u8]) -> Option<RawPunch> {
    punch_and_road_of(payload).map(|(_, punch)| punch)
}

/// As [`punch_of`], with the road of this copy.
pub(super) fn punch_and_road_of(payload: &[u8]) -> Option<(Channel, RawPunch)> {
    let (tag, rest) = payload.split_first()?;
    (*tag == PUNCH).then(|| decode_punch(rest)).flatten()
}

/// The name that the entry of a user holds.
pub(super) fn name_of(payload: &[u8]) -> Option<String> {
    match decode(payload)? {
        What::User(user) => Some(user.name),
        What::Punch(_) => None,
    }
}

/// The terminal that said what an entry holds.
pub(super) fn origin_of(payload: &[u8]) -> Option<String> {
    let (tag, mut rest) = payload.split_first()?;
    if *tag == PUNCH {
        take_byte(&mut rest)?;
    }
    take_text(&mut rest)
}

pub(super) fn is_user(payload: &[u8]) -> bool {
    payload.first() == Some(&USER)
}

/// Whether two copies of one punch agree in everything but their road and their original bytes.
pub(super) fn say_the_same(first: &[u8], second: &[u8]) -> bool {
    said(first) == said(second)
}

/// The part after channel, origin and original bytes.
fn said(payload: &[u8]) -> Option<&[u8]> {
    let mut rest = payload.get(2..)?;
    take(&mut rest)?;
    take(&mut rest)?;
    Some(rest)
}

fn put(bytes: &mut Vec<u8>, field: &[u8]) {
    // A field is a part of a request body, whose limit is far below 4 GiB.
    bytes.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(field);
}

fn put_number(bytes: &mut Vec<u8>, number: Option<i32>) {
    bytes.push(u8::from(number.is_some()));
    bytes.extend_from_slice(&number.unwrap_or(0).to_le_bytes());
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

fn take_byte(rest: &mut &[u8]) -> Option<u8> {
    take_array(rest).map(|[byte]| byte)
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(take_array(rest)?) as usize;
    let (field, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(field)
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(take(rest)?.to_vec()).ok()
}

fn take_number(rest: &mut &[u8]) -> Option<Option<i32>> {
    let is_there = take_byte(rest)? == 1;
    let number = i32::from_le_bytes(take_array(rest)?);
    Some(is_there.then_some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn punch() -> RawPunch {
        RawPunch {
            origin: "A1".to_owned(),
            user: "0012".to_owned(),
            time: PrintedTime::Seconds(-5),
            state: Some(255),
            verify: None,
            work_code: Some("W".to_owned()),
            original: b"0012\t\xff".to_vec(),
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_said() {
        for time in [PrintedTime::Seconds(-5), PrintedTime::Raw(b"no \xff date".to_vec())] {
            let said = RawPunch { time, ..punch() };
            let entry = Entry::punch(Channel::Poll, &said, 7);
            let Some(What::Punch(read)) = decode(&entry.payload) else { panic!("a punch") };
            assert_eq!((read.channel, read.raw().unwrap()), (Channel::Poll, said.clone()));
            assert_eq!(punch_of(&entry.payload), Some(said));
        }
        let user = TerminalUser { origin: "A1".into(), user: "5".into(), name: "Ann".into() };
        assert_eq!(decode(&Entry::user(&user, 7).payload), Some(What::User(user)));
    }

    #[test]
    fn a_damaged_entry_is_refused_and_never_panics() {
        let entry = Entry::punch(Channel::Push, &punch(), 7).payload;
        for length in 0..entry.len() {
            assert_eq!(decode(&entry[..length]), None, "cut at {length}");
        }
        assert_eq!(decode(&[9, 0, 0]), None);
    }

    #[test]
    fn copies_differ_by_what_they_say_and_not_by_their_road() {
        let push = encode_punch(Channel::Push, &punch());
        let poll = encode_punch(Channel::Poll, &RawPunch { original: vec![1, 2], ..punch() });
        let other = encode_punch(Channel::Poll, &RawPunch { state: Some(0), ..punch() });
        assert!(say_the_same(&push, &poll));
        assert!(!say_the_same(&push, &other));
    }
}
