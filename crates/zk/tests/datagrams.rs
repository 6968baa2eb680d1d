//! A session over UDP, against terminals behind a network that loses, repeats, delays and garbles datagrams (zk 1, 6, 12). Time is
//! a value here: nothing waits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use zk::session::{Carrier, Event, Session, Settings};
use zk::transfer::{self, ChunkRequest, Table};
use zk::{Code, Error, Packet};

const SESSION: u16 = 0x45CF;

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What becomes of one datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    IsLost,
    ArrivesTwice,
    /// Behind those that were sent in the next milliseconds.
    IsLate(u64),
    IsGarbled,
}

/// How a terminal numbers the datagrams of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbering {
    FromZero,
    /// On and on, from one reply to the next.
    Running,
    /// Not at all: the session id stands in the field.
    Without,
}

/// A terminal that only speaks in datagrams.
#[derive(Debug, Clone)]
struct Terminal {
    dataset: Vec<u8>,
    numbering: Numbering,
    /// Answers 1503 with 0xFFFF and gives the set on its own command.
    is_old: bool,
    next_index: u16,
    asked: Vec<Packet>,
}

impl Terminal {
    fn with(records: usize, numbering: Numbering) -> Terminal {
        let records: Vec<u8> =
            (0..records as u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let dataset = transfer::dataset(&records);
        Terminal { dataset, numbering, is_old: false, next_index: 0, asked: Vec::new() }
    }

    fn answer(&mut self, request: &Packet) -> Vec<Packet> {
        self.asked.push(request.clone());
        let reply = |code, data: Vec<u8>| vec![Packet::new(code, SESSION, request.number, data)];
        match request.code {
            Code::PREPARE_BUFFER if self.is_old => reply(Code::UNKNOWN_COMMAND, Vec::new()),
            Code::PREPARE_BUFFER if self.dataset.len() <= 1000 => reply(Code::DATA, self.dataset.clone()),
            Code::PREPARE_BUFFER => reply(Code::ACK_OK, transfer::buffered_answer(self.dataset.len() as u32)),
            Code::READ_BUFFER => {
                let chunk = ChunkRequest::parse(&request.data).unwrap();
                let part = self.dataset[chunk.offset as usize..(chunk.offset + chunk.length) as usize].to_vec();
                self.run(request, &part)
            }
            Code::ATTENDANCE_READ => {
                let whole = self.dataset.clone();
                self.run(request, &whole)
            }
            _ => reply(Code::ACK_OK, Vec::new()),
        }
    }

    fn run(&mut self, request: &Packet, part: &[u8]) -> Vec<Packet> {
        let packet = |code, session, data: &[u8]| Packet::new(code, session, request.number, data);
        let announcement = transfer::announcement(part.len() as u32, 1024);
        let mut packets = vec![packet(Code::PREPARE_DATA, SESSION, &announcement)];
        if self.numbering == Numbering::FromZero {
            self.next_index = 0;
        }
        for data in part.chunks(1024) {
            let index = if self.numbering == Numbering::Without { SESSION } else { self.next_index };
            self.next_index = self.next_index.wrapping_add(1);
            packets.push(packet(Code::DATA, index, data));
        }
        packets.push(packet(Code::ACK_OK, 0x7c, &[]));
        packets
    }
}

/// The network between a session and a terminal: each datagram meets the next fate, round and round.
struct Network {
    fates: Vec<Fate>,
    sent: usize,
    /// On their way, by the time of arrival and the order of sending; true towards the terminal.
    flying: BTreeMap<(Duration, usize), (bool, Vec<u8>)>,
}

impl Network {
    fn of(fates: &[Fate]) -> Network {
        Network { fates: fates.to_vec(), sent: 0, flying: BTreeMap::new() }
    }

    fn send(&mut self, to_terminal: bool, mut datagram: Vec<u8>, now: Duration) {
        let fate = self.fates.get(self.sent % self.fates.len().max(1)).copied().unwrap_or(Fate::Arrives);
        self.sent += 1;
        let arrives = now + milliseconds(1);
        match fate {
            Fate::Arrives => self.fly(to_terminal, datagram, arrives),
            Fate::IsLost => {}
            Fate::ArrivesTwice => {
                self.fly(to_terminal, datagram.clone(), arrives);
                self.fly(to_terminal, datagram, arrives + milliseconds(7));
            }
            Fate::IsLate(by) => self.fly(to_terminal, datagram, arrives + milliseconds(by)),
            Fate::IsGarbled => {
                let at = self.sent % datagram.len();
                datagram[at] ^= 0x10;
                self.fly(to_terminal, datagram, arrives);
            }
        }
    }

    fn fly(&mut self, to_terminal: bool, datagram: Vec<u8>, arrives: Duration) {
        let order = self.sent * 2 + usize::from(self.flying.contains_key(&(arrives, self.sent * 2)));
        self.flying.insert((arrives, order), (to_terminal, datagram));
    }
}

/// Lets the session's task run to its end.
fn play(session: &mut Session, terminal: &mut Terminal, network: &mut Network, now: &mut Duration) -> Event {
    for _ in 0..1_000_000 {
        while let Some(datagram) = session.take_outgoing() {
            network.send(true, datagram, *now);
        }
        if let Some(event) = session.next_event() {
            return event;
        }
        let deadline = session.deadline().expect("a task that has not ended has a deadline");
        let arrival = network.flying.first_key_value().map(|((at, _), _)| *at);
        if arrival.is_none_or(|at| at > deadline) {
            *now = deadline.max(*now);
            session.expire(*now);
            continue;
        }
        let ((at, _), (to_terminal, datagram)) = network.flying.pop_first().unwrap();
        *now = at.max(*now);
        if !to_terminal {
            session.receive(&datagram, *now);
        } else if let Some((request, true)) = Packet::parse(&datagram) {
            for packet in terminal.answer(&request) {
                network.send(false, packet.to_payload(), *now);
            }
        }
    }
    panic!("the task never ended");
}

fn open(settings: Settings) -> Session {
    let mut session = Session::new(settings);
    session.connect(0, Duration::ZERO);
    session.take_outgoing().unwrap();
    session.receive(&Packet::new(Code::ACK_OK, SESSION, 0, []).to_payload(), Duration::ZERO);
    assert!(matches!(session.next_event(), Some(Event::Connected)));
    session
}

/// Reads the log of a terminal, in the direct form if it is old.
fn read(terminal: &mut Terminal, fates: &[Fate]) -> Event {
    let mut session = open(Settings::over(Carrier::Datagrams));
    if terminal.is_old {
        session.read_directly(Table::Attendance, Duration::ZERO);
    } else {
        session.read(Table::Attendance, Duration::ZERO);
    }
    play(&mut session, terminal, &mut Network::of(fates), &mut Duration::ZERO.clone())
}

fn chunks(terminal: &Terminal) -> Vec<ChunkRequest> {
    let requests = terminal.asked.iter().filter(|packet| packet.code == Code::READ_BUFFER);
    requests.map(|packet| ChunkRequest::parse(&packet.data).unwrap()).collect()
}

#[track_caller]
fn assert_whole(event: &Event, terminal: &Terminal) {
    assert!(matches!(event, Event::Dataset(dataset) if *dataset == terminal.dataset), "{event:?}");
}

#[test]
fn one_payload_is_one_datagram() {
    let mut session = Session::new(Settings::over(Carrier::Datagrams));
    session.connect(0, Duration::ZERO);
    assert_eq!(session.take_outgoing().unwrap(), [0xe8, 0x03, 0x17, 0xfc, 0, 0, 0, 0], "the vector of the reference");
    assert!(session.take_outgoing().is_none());
}

#[test]
fn a_quiet_network_brings_the_set_in_chunks_of_16_kilobytes() {
    let mut terminal = Terminal::with(10_000, Numbering::FromZero);
    let event = read(&mut terminal, &[Fate::Arrives]);
    assert_whole(&event, &terminal);
    let lengths: Vec<u32> = chunks(&terminal).iter().map(|chunk| chunk.length).collect();
    assert_eq!(lengths, [16384, 16384, 7236]);
    assert_eq!(terminal.asked.last().unwrap().code, Code::FREE_DATA);
}

#[test]
fn a_request_that_nothing_answers_is_sent_once_more_with_its_number() {
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.command(Code::GET_TIME, Vec::new(), Duration::ZERO);
    let first = session.take_outgoing().unwrap();
    assert_eq!(session.deadline(), Some(milliseconds(2000)));
    session.expire(milliseconds(2000));
    assert_eq!(session.take_outgoing(), Some(first), "byte by byte the same");
    assert_eq!(session.deadline(), Some(milliseconds(15_000)), "and no third time");
    session.expire(milliseconds(15_000));
    assert!(matches!(session.next_event(), Some(Event::Failed(Error::TimedOut { .. }))));
}

#[test]
fn an_answer_to_the_repetition_counts_and_a_second_one_does_not() {
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.command(Code::GET_TIME, Vec::new(), Duration::ZERO);
    session.expire(milliseconds(2000));
    let answer = Packet::new(Code::ACK_OK, SESSION, 1, [1, 2, 3, 4]).to_payload();
    session.receive(&answer, milliseconds(2001));
    assert!(matches!(session.next_event(), Some(Event::Replied(packet)) if packet.data == [1, 2, 3, 4]));
    session.command(Code::GET_VERSION, Vec::new(), milliseconds(2002));
    session.receive(&answer, milliseconds(2003));
    assert!(session.next_event().is_none(), "the late answer is not that of the next request");
}

#[test]
fn what_could_do_harm_twice_is_never_repeated() {
    for code in [Code::CLEAR_ATTENDANCE, Code::RESTART, Code::DELETE_USER, Code::DATA, Code::SET_TIME, Code::UNLOCK] {
        let mut session = open(Settings::over(Carrier::Datagrams));
        session.command(code, Vec::new(), Duration::ZERO);
        session.take_outgoing().unwrap();
        assert_eq!(session.deadline(), Some(milliseconds(15_000)), "{code}");
        session.expire(milliseconds(2000));
        assert!(session.take_outgoing().is_none(), "{code}");
    }
}

#[test]
fn a_terminal_that_asks_to_repeat_gets_the_same_request_again() {
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.command(Code::GET_TIME, Vec::new(), Duration::ZERO);
    let first = session.take_outgoing().unwrap();
    let repeat = Packet::new(Code::ACK_REPEAT, SESSION, 1, []).to_payload();
    for _ in 0..3 {
        session.receive(&repeat, Duration::ZERO);
        assert_eq!(session.take_outgoing().as_ref(), Some(&first));
    }
    session.receive(&repeat, Duration::ZERO);
    assert!(matches!(session.next_event(), Some(Event::Failed(Error::Refused { code: Code::ACK_REPEAT, .. }))));
}

#[test]
fn a_datagram_with_a_wrong_checksum_is_dropped() {
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.command(Code::GET_TIME, Vec::new(), Duration::ZERO);
    let mut answer = Packet::new(Code::ACK_OK, SESSION, 1, [1, 2, 3, 4]).to_payload();
    answer[8] ^= 1;
    session.receive(&answer, Duration::ZERO);
    assert!(session.next_event().is_none());
    assert_eq!(session.bad_checksums(), 1);
}

#[test]
fn a_lost_datagram_costs_the_rest_of_its_chunk_and_no_more() {
    let mut terminal = Terminal::with(10_000, Numbering::FromZero);
    // 1503, its answer, 1504, PREPARE_DATA, then DATA: the sixth of them is lost.
    let mut fates = vec![Fate::Arrives; 1000];
    fates[4 + 5] = Fate::IsLost;
    let event = read(&mut terminal, &fates);
    assert_whole(&event, &terminal);
    let asked: Vec<(u32, u32)> = chunks(&terminal).iter().map(|chunk| (chunk.offset, chunk.length)).collect();
    assert_eq!(asked, [(0, 16384), (5120, 16384), (21504, 16384), (37888, 2116)]);
}

#[test]
fn chunks_that_never_come_through_whole_are_asked_for_smaller() {
    let mut terminal = Terminal::with(10_000, Numbering::FromZero);
    // Of a run of datagrams only the last few survive, as behind a small buffer.
    struct Gate(usize);
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.read(Table::Attendance, Duration::ZERO);
    let mut now = Duration::ZERO;
    let mut gate = Gate(0);
    let event = loop {
        while let Some(datagram) = session.take_outgoing() {
            let answers = terminal.answer(&Packet::parse(&datagram).unwrap().0);
            let dropped = answers.len().saturating_sub(4);
            gate.0 += dropped;
            answers.iter().skip(dropped).for_each(|packet| session.receive(&packet.to_payload(), now));
        }
        if let Some(event) = session.next_event() {
            break event;
        }
        now = session.deadline().unwrap();
        session.expire(now);
    };
    assert_whole(&event, &terminal);
    assert!(gate.0 > 0);
    assert_eq!(chunks(&terminal).last().map(|chunk| chunk.length <= 1024), Some(true));
}

#[test]
fn terminals_that_number_otherwise_are_read_one_datagram_at_a_time() {
    for numbering in [Numbering::Running, Numbering::Without] {
        for fates in [vec![Fate::Arrives], [vec![Fate::Arrives; 6], vec![Fate::IsLate(3), Fate::ArrivesTwice]].concat()]
        {
            let mut terminal = Terminal::with(10_000, numbering);
            let event = read(&mut terminal, &fates);
            assert_whole(&event, &terminal);
            assert_eq!(chunks(&terminal).last().map(|chunk| chunk.length <= 1024), Some(true), "{numbering:?}");
        }
    }
}

#[test]
fn old_units_give_their_set_in_one_run() {
    for numbering in [Numbering::FromZero, Numbering::Without] {
        let mut terminal = Terminal { is_old: true, ..Terminal::with(5_000, numbering) };
        let event = read(&mut terminal, &[Fate::Arrives]);
        assert_whole(&event, &terminal);
        // Without numbers: once to see that there are none, and twice to compare.
        let readings = if numbering == Numbering::FromZero { 1 } else { 3 };
        assert_eq!(terminal.asked.len(), readings, "{numbering:?}");
    }
}

#[test]
fn a_set_without_numbers_whose_readings_never_agree_is_refused() {
    let mut terminal = Terminal { is_old: true, ..Terminal::with(5_000, Numbering::Without) };
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.read_directly(Table::Attendance, Duration::ZERO);
    let mut round = 0;
    let event = loop {
        while let Some(datagram) = session.take_outgoing() {
            let mut answers = terminal.answer(&Packet::parse(&datagram).unwrap().0);
            round += 1;
            answers.swap(round, round + 1);
            answers.iter().for_each(|packet| session.receive(&packet.to_payload(), Duration::ZERO));
        }
        if let Some(event) = session.next_event() {
            break event;
        }
        let deadline = session.deadline().unwrap();
        session.expire(deadline);
    };
    assert!(matches!(&event, Event::Failed(Error::Corrupt { .. })), "{event:?}");
}

#[test]
fn datagrams_of_an_earlier_attempt_get_nowhere() {
    let mut terminal = Terminal::with(2_000, Numbering::FromZero);
    let mut session = open(Settings { chunk_bytes: 4096, ..Settings::over(Carrier::Datagrams) });
    session.read(Table::Attendance, Duration::ZERO);
    let mut held_back = Vec::new();
    let mut now = Duration::ZERO;
    let event = loop {
        while let Some(datagram) = session.take_outgoing() {
            let request = Packet::parse(&datagram).unwrap().0;
            let answers = terminal.answer(&request);
            let is_first_chunk = request.code == Code::READ_BUFFER && held_back.is_empty();
            for packet in answers {
                if is_first_chunk && packet.code == Code::DATA {
                    held_back.push(packet.to_payload());
                } else {
                    // The earlier attempt arrives in the middle of every later reply.
                    held_back.iter().for_each(|late| session.receive(late, now));
                    session.receive(&packet.to_payload(), now);
                }
            }
        }
        if let Some(event) = session.next_event() {
            break event;
        }
        now = session.deadline().unwrap();
        session.expire(now);
    };
    assert_whole(&event, &terminal);
}

/// A session that has asked for a chunk, and the number of that request.
fn asking_for_a_chunk(bytes: u32) -> (Session, u16) {
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.read(Table::Attendance, Duration::ZERO);
    session
        .receive(&Packet::new(Code::ACK_OK, SESSION, 1, transfer::buffered_answer(bytes)).to_payload(), Duration::ZERO);
    session.take_outgoing().unwrap();
    let request = Packet::parse(&session.take_outgoing().unwrap()).unwrap().0;
    assert_eq!(request.code, Code::READ_BUFFER);
    (session, request.number)
}

#[test]
fn data_with_any_other_number_than_that_of_the_request_is_dropped() {
    let (mut session, number) = asking_for_a_chunk(500);
    for stray in [number - 1, number + 1, number + 1000, 0] {
        session.receive(&Packet::new(Code::DATA, 0, stray, [9; 500]).to_payload(), Duration::ZERO);
    }
    session.receive(&Packet::new(Code::DATA, 0, number, [1; 500]).to_payload(), Duration::ZERO);
    session.receive(&Packet::new(Code::ACK_OK, 0, number + 1, []).to_payload(), Duration::ZERO);
    assert!(matches!(session.next_event(), Some(Event::Dataset(set)) if set == [1; 500]));
}

#[test]
fn a_later_datagram_is_not_taken_for_a_chunk_that_was_announced_shorter() {
    let (mut session, number) = asking_for_a_chunk(4096);
    let announcement = transfer::announcement(1024, 1024);
    session.receive(&Packet::new(Code::PREPARE_DATA, SESSION, number, announcement).to_payload(), Duration::ZERO);
    session.receive(&Packet::new(Code::DATA, 3, number, [9; 1024]).to_payload(), Duration::ZERO);
    assert!(session.take_outgoing().is_none(), "nothing is known to be whole");
    session.receive(&Packet::new(Code::ACK_OK, SESSION, number, []).to_payload(), Duration::ZERO);
    session.expire(milliseconds(50));
    let again = Packet::parse(&session.take_outgoing().unwrap()).unwrap().0;
    assert_eq!(ChunkRequest::parse(&again.data).map(|chunk| chunk.offset), Some(0));
}

#[test]
fn a_terminal_that_dies_in_the_middle_is_given_up() {
    let mut terminal = Terminal::with(10_000, Numbering::FromZero);
    let mut fates = vec![Fate::Arrives; 30];
    fates.extend(vec![Fate::IsLost; 100_000]);
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.read(Table::Attendance, Duration::ZERO);
    let mut now = Duration::ZERO;
    let event = play(&mut session, &mut terminal, &mut Network::of(&fates), &mut now);
    assert!(matches!(event, Event::Failed(Error::TimedOut { doing: "reading the attendance log" })), "{event:?}");
    assert!(now < milliseconds(20_000), "{now:?}");
}

#[test]
fn events_between_the_datagrams_of_a_set_are_acknowledged_and_disturb_nothing() {
    let mut terminal = Terminal::with(1_000, Numbering::FromZero);
    let mut session = open(Settings::over(Carrier::Datagrams));
    session.read(Table::Attendance, Duration::ZERO);
    let mut happened = 0;
    let event = loop {
        while let Some(datagram) = session.take_outgoing() {
            let request = Packet::parse(&datagram).unwrap().0;
            if request.code == Code::ACK_OK {
                assert_eq!((request.session, request.number), (SESSION, 0));
                continue;
            }
            for packet in terminal.answer(&request) {
                session.receive(&Packet::new(Code::EVENT, 1, 0, [0; 32]).to_payload(), Duration::ZERO);
                session.receive(&packet.to_payload(), Duration::ZERO);
            }
        }
        match session.next_event().expect("it goes on by itself") {
            Event::Happened(_) => happened += 1,
            event => break event,
        }
    };
    assert_whole(&event, &terminal);
    assert!(happened >= 7);
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        20 => Just(Fate::Arrives),
        2 => Just(Fate::IsLost),
        1 => Just(Fate::ArrivesTwice),
        2 => (1..40_u64).prop_map(Fate::IsLate),
        1 => (1000..4000_u64).prop_map(Fate::IsLate),
        1 => Just(Fate::IsGarbled),
    ]
}

fn numbering() -> impl Strategy<Value = Numbering> {
    prop::sample::select(vec![Numbering::FromZero, Numbering::Running, Numbering::Without])
}

proptest! {
    #[test]
    fn whatever_the_network_does_a_set_is_right_or_refused(
        fates in vec(fate(), 1..300),
        records in 0..6_000_usize,
        numbering in numbering(),
    ) {
        let mut terminal = Terminal::with(records, numbering);
        match read(&mut terminal, &fates) {
            Event::Dataset(dataset) => prop_assert!(dataset == terminal.dataset, "garbage of {} bytes", dataset.len()),
            Event::Failed(Error::TimedOut { .. } | Error::Corrupt { .. }) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn a_numbered_run_of_an_old_unit_is_right_or_refused(fates in vec(fate(), 1..300), records in 0..3_000_usize) {
        let mut terminal = Terminal { is_old: true, ..Terminal::with(records, Numbering::FromZero) };
        match read(&mut terminal, &fates) {
            Event::Dataset(dataset) => prop_assert!(dataset == terminal.dataset, "garbage of {} bytes", dataset.len()),
            Event::Failed(Error::TimedOut { .. } | Error::Corrupt { .. }) => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn a_network_that_loses_one_in_fifty_is_read_through(
        seed in any::<u64>(),
        records in 0..10_000_usize,
    ) {
        let mut state = seed | 1;
        let fates: Vec<Fate> = (0..4001).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            match state % 100 { 0 | 1 => Fate::IsLost, 2 => Fate::ArrivesTwice, 3..6 => Fate::IsLate(5), _ => Fate::Arrives }
        }).collect();
        let mut terminal = Terminal::with(records, Numbering::FromZero);
        let event = read(&mut terminal, &fates);
        prop_assert!(matches!(&event, Event::Dataset(dataset) if *dataset == terminal.dataset), "{event:?}");
    }
}
