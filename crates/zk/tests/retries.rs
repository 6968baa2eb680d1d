//! Chunks that fail on a stream are asked for again, and what can't be trusted is refused whole with its bytes (zk 6, 12).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use zk::session::{Event, Session, Settings};
use zk::transfer::{self, ChunkRequest, Table};
use zk::{AttendanceLog, Code, Error, Framer, PackedTime, Packet};

const SESSION: u16 = 0x45CF;
const START: Duration = Duration::ZERO;

/// How a terminal answers one 1504.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Gives,
    /// Announces and gives so many bytes at most.
    GivesLess(usize),
    /// ACK_OK after so many bytes.
    EndsAfter(usize),
    /// ACK_ERROR after so many bytes.
    RefusesAfter(usize),
    /// A packet that means nothing after so many bytes; then it goes on as if nothing had been.
    StumblesAfter(usize),
}

struct Terminal {
    dataset: Vec<u8>,
    /// Longer chunks are refused.
    longest_chunk: usize,
    moods: Vec<Mood>,
    chunks: Vec<(usize, usize)>,
}

impl Terminal {
    fn with(dataset: Vec<u8>, moods: &[Mood]) -> Terminal {
        Terminal { dataset, longest_chunk: usize::MAX, moods: moods.to_vec(), chunks: Vec::new() }
    }

    fn answer(&mut self, request: &Packet) -> Vec<u8> {
        let frame = |code, data: &[u8]| Packet::new(code, SESSION, request.number, data).to_frame();
        match request.code {
            Code::PREPARE_BUFFER => frame(Code::ACK_OK, &transfer::buffered_answer(self.dataset.len() as u32)),
            Code::READ_BUFFER => self.chunk(request),
            _ => frame(Code::ACK_OK, &[]),
        }
    }

    fn chunk(&mut self, request: &Packet) -> Vec<u8> {
        let frame = |code, data: &[u8]| Packet::new(code, SESSION, request.number, data).to_frame();
        let ChunkRequest { offset, length } = ChunkRequest::parse(&request.data).unwrap();
        let (offset, length) = (offset as usize, length as usize);
        let mood = self.moods.get(self.chunks.len()).copied().unwrap_or(Mood::Gives);
        self.chunks.push((offset, length));
        if length > self.longest_chunk {
            return frame(Code::ACK_ERROR, &[]);
        }
        let length = if let Mood::GivesLess(most) = mood { length.min(most) } else { length };
        let data = |from: usize, to: usize| {
            let part = self.dataset.get(offset + from..offset + to).unwrap_or_default();
            part.chunks(100).flat_map(|part| frame(Code::DATA, part)).collect::<Vec<u8>>()
        };
        let announcement = frame(Code::PREPARE_DATA, &transfer::announcement(length as u32, 100));
        let (cut, end) = match mood {
            Mood::Gives | Mood::GivesLess(_) => (length, frame(Code::ACK_OK, &[])),
            Mood::EndsAfter(count) => (count.min(length - 1), frame(Code::ACK_OK, &[])),
            Mood::RefusesAfter(count) => (count.min(length), frame(Code::ACK_ERROR, &[])),
            Mood::StumblesAfter(count) => {
                let at = count.min(length);
                (at, [frame(Code(4711), &[]), data(at, length), frame(Code::ACK_OK, &[])].concat())
            }
        };
        [announcement, data(0, cut), end].concat()
    }
}

fn open(chunk_bytes: u32) -> Session {
    let mut session = Session::new(Settings { chunk_bytes, ..Settings::default() });
    session.connect(0, START);
    session.take_outgoing().unwrap();
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 0, []).to_frame(), START);
    assert!(matches!(session.next_event(), Some(Event::Connected)));
    session
}

/// Reads the log; the terminal's bytes arrive in pieces of the given lengths, round and round.
fn read(session: &mut Session, terminal: &mut Terminal, cuts: &[usize]) -> Event {
    session.read(Table::Attendance, START);
    let (mut asked, mut now, mut cuts) = (Framer::new(), START, cuts.iter().cycle());
    loop {
        while let Some(frame) = session.take_outgoing() {
            asked.push(&frame);
            let answer = terminal.answer(&asked.next_packet().unwrap());
            let mut rest = answer.as_slice();
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                session.receive(piece, now);
                rest = behind;
            }
        }
        if let Some(event) = session.next_event() {
            return event;
        }
        now = session.deadline().unwrap();
        session.expire(now);
    }
}

fn set_of(bytes: usize) -> Vec<u8> {
    transfer::dataset(&(0..bytes).map(|index| (index * 7 + index / 256) as u8).collect::<Vec<u8>>())
}

fn corruption(event: Event) -> (String, Vec<u8>, String) {
    match event {
        Event::Failed(Error::Corrupt { what, raw }) => {
            let error = Error::Corrupt { what: what.clone(), raw: raw.clone() };
            (what, raw.into_bytes(), format!("{error} {error:?}"))
        }
        other => panic!("expected corruption, got {other:?}"),
    }
}

#[test]
fn a_chunk_that_ends_early_is_asked_for_from_where_it_stands() {
    let moods = [Mood::Gives, Mood::EndsAfter(300), Mood::EndsAfter(100), Mood::Gives];
    let mut terminal = Terminal::with(set_of(2496), &moods);
    let event = read(&mut open(1000), &mut terminal, &[usize::MAX]);
    assert!(matches!(event, Event::Dataset(set) if set == terminal.dataset));
    assert_eq!(terminal.chunks, [(0, 1000), (1000, 1000), (1300, 1000), (1400, 1000), (2400, 100)]);
}

#[test]
fn a_terminal_may_give_less_than_was_asked() {
    let mut terminal = Terminal::with(set_of(2496), &[Mood::GivesLess(700), Mood::GivesLess(1)]);
    let event = read(&mut open(1000), &mut terminal, &[usize::MAX]);
    assert!(matches!(event, Event::Dataset(set) if set == terminal.dataset));
    assert_eq!(terminal.chunks, [(0, 1000), (700, 1000), (701, 1000), (1701, 799)]);
}

#[test]
fn a_terminal_that_refuses_long_chunks_is_asked_for_shorter_ones_from_then_on() {
    let mut terminal = Terminal { longest_chunk: 16 << 10, ..Terminal::with(set_of(70_000), &[]) };
    let mut session = open(transfer::CHUNK_BYTES);
    let event = read(&mut session, &mut terminal, &[usize::MAX]);
    assert!(matches!(event, Event::Dataset(set) if set == terminal.dataset));
    assert_eq!(terminal.chunks[..2], [(0, 65472), (0, 16368)]);

    terminal.chunks.clear();
    read(&mut session, &mut terminal, &[usize::MAX]);
    assert_eq!(terminal.chunks[0], (0, 16368), "it is remembered");
}

#[test]
fn a_refusal_in_the_middle_of_a_chunk_is_got_over() {
    let mut terminal = Terminal::with(set_of(2496), &[Mood::RefusesAfter(400), Mood::RefusesAfter(0)]);
    let event = read(&mut open(1000), &mut terminal, &[usize::MAX]);
    assert!(matches!(event, Event::Dataset(set) if set == terminal.dataset));
    assert_eq!(terminal.chunks[..3], [(0, 1000), (400, 1000), (400, 256)]);
}

#[test]
fn what_a_given_up_chunk_still_sends_is_not_taken_for_the_next_one() {
    for at in [0, 100, 400] {
        let mut terminal = Terminal::with(set_of(2496), &[Mood::StumblesAfter(at)]);
        let event = read(&mut open(1000), &mut terminal, &[usize::MAX]);
        assert!(matches!(event, Event::Dataset(set) if set == terminal.dataset), "stumbled after {at}");
    }
}

#[test]
fn once_a_chunk_was_asked_for_again_only_the_number_of_the_request_counts() {
    let mut session = open(1000);
    session.read(Table::Attendance, START);
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 1, transfer::buffered_answer(500)).to_frame(), START);
    session.receive(&Packet::new(Code::ACK_ERROR, SESSION, 2, []).to_frame(), START);
    // Before, a number ahead would have been forgiven; now it can be what is left of the first reply.
    session.receive(&Packet::new(Code::DATA, 0, 1000, [9; 256]).to_frame(), START);
    session.receive(&Packet::new(Code::DATA, 0, 3, [1; 256]).to_frame(), START);
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 3, []).to_frame(), START);
    session.receive(&Packet::new(Code::DATA, 0, 4, [2; 244]).to_frame(), START);
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 4, []).to_frame(), START);
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 5, []).to_frame(), START);
    let whole = [vec![1; 256], vec![2; 244]].concat();
    assert!(matches!(session.next_event(), Some(Event::Dataset(set)) if set == whole));
}

#[test]
fn a_terminal_that_refuses_for_good_ends_the_read_and_all_that_came_is_kept() {
    let mut moods = vec![Mood::Gives];
    moods.extend([Mood::RefusesAfter(0); 20]);
    let mut terminal = Terminal::with(set_of(2496), &moods);
    let (what, raw, printed) = corruption(read(&mut open(1000), &mut terminal, &[usize::MAX]));
    assert_eq!(what, "reading the attendance log: the terminal refused to go on (2001 (refused))");
    assert_eq!(raw, terminal.dataset[..1000]);
    assert_eq!(terminal.chunks.len(), 1 + 6, "a bounded number of attempts");
    assert!(printed.len() < 400, "{printed}");
}

#[test]
fn bytes_behind_the_end_of_a_chunk_make_the_set_untrustworthy() {
    let mut session = open(1000);
    session.read(Table::Attendance, START);
    let set = set_of(496);
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 1, transfer::buffered_answer(500)).to_frame(), START);
    session.receive(&Packet::new(Code::DATA, 0, 2, set.as_slice()).to_frame(), START);
    session.receive(&Packet::new(Code::DATA, 1, 2, [7]).to_frame(), START);
    let (what, raw, _) = corruption(session.next_event().unwrap());
    assert!(what.contains("more came than was announced"), "{what}");
    assert_eq!(raw, set);
}

#[test]
fn an_error_about_users_or_templates_keeps_no_bytes() {
    for table in [Table::Users, Table::Templates] {
        let mut session = open(1000);
        session.read(table, START);
        session.receive(&Packet::new(Code::ACK_OK, SESSION, 1, transfer::buffered_answer(10)).to_frame(), START);
        session.receive(&Packet::new(Code::DATA, 0, 2, [1; 11]).to_frame(), START);
        assert_eq!(corruption(session.next_event().unwrap()).1, [0; 0], "passwords and fingers are in these");
    }
}

#[test]
fn a_punch_between_count_and_read_makes_the_set_longer_and_is_kept() {
    let record = |slot: u8| {
        let mut record = [0; 40];
        record[0] = slot;
        record[2] = b'0' + slot;
        record[26] = 1;
        record[27..31].copy_from_slice(&PackedTime(864_123_120 + i32::from(slot)).to_bytes());
        record
    };
    let set = transfer::dataset(&(1..=6).flat_map(record).collect::<Vec<u8>>());
    let mut terminal = Terminal::with(set, &[]);
    let Event::Dataset(set) = read(&mut open(100), &mut terminal, &[13]) else { panic!("no set") };
    let log = AttendanceLog::decode(&set, Some(5)).unwrap();
    assert_eq!((log.records.len(), log.told, log.is_complete()), (6, Some(5), Some(true)));
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        Just(Mood::Gives),
        (1..1200_usize).prop_map(Mood::GivesLess),
        (0..1200_usize).prop_map(Mood::EndsAfter),
        (0..1200_usize).prop_map(Mood::RefusesAfter),
        (0..1200_usize).prop_map(Mood::StumblesAfter),
    ]
}

proptest! {
    #[test]
    fn whatever_mood_a_terminal_is_in_a_set_is_right_or_refused_however_its_bytes_are_cut(
        moods in vec(mood(), 0..12),
        bytes in 0..6_000_usize,
        chunk_bytes in 300..2000_u32,
        cuts in vec(prop_oneof![1..20_usize, 20..3000_usize], 1..20),
    ) {
        let mut terminal = Terminal::with(set_of(bytes), &moods);
        let whole = read(&mut open(chunk_bytes), &mut terminal, &[usize::MAX]);
        match &whole {
            Event::Dataset(set) => prop_assert!(*set == terminal.dataset, "garbage of {} bytes", set.len()),
            Event::Failed(Error::TimedOut { .. } | Error::Corrupt { .. }) => {}
            other => prop_assert!(false, "{other:?}"),
        }
        let mut again = Terminal::with(set_of(bytes), &moods);
        let cut = read(&mut open(chunk_bytes), &mut again, &cuts);
        prop_assert_eq!(format!("{whole:?}"), format!("{cut:?}"));
        prop_assert_eq!(terminal.chunks, again.chunks);
    }
}
