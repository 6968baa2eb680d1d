//! Conversations with a terminal that answers whatever it likes.

use std::time::Duration;

use zk::session::{Carrier, Event, Session, Settings};
use zk::transfer::Table;
use zk::{Code, Error, Framer, Packet};

use super::{Kind, Target, few, kind};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "zk/session", check: conversation, words: &[] },
    Target { name: "zk/session_stream", check: stream, words: &[] },
];

/// The session id that the terminal gives.
const SESSION: u16 = 9;

/// What a terminal may answer; the first ones keep a read going.
const CODES: [Code; 14] = [
    Code::ACK_OK,
    Code::DATA,
    Code::PREPARE_DATA,
    Code::ACK_OK,
    Code::DATA,
    Code::ACK_DATA,
    Code::NO_DATA,
    Code::EVENT,
    Code::ACK_UNAUTH,
    Code::ACK_REPEAT,
    Code::ACK_ERROR,
    Code::LOCKED,
    Code::FREE_DATA,
    Code(0xFFFF),
];

/// An open session that was given one task; the first byte says which, and what carries it.
fn begin(choice: u8) -> Session {
    let carrier = if choice & 1 == 0 { Carrier::Stream } else { Carrier::Datagrams };
    let mut session = Session::new(Settings::over(carrier));
    session.connect(0, Duration::ZERO);
    session.receive(&carried(carrier, &Packet::new(Code::ACK_OK, SESSION, 0, [])), Duration::ZERO);
    assert!(matches!(session.next_event(), Some(Event::Connected)));
    let table = Table::ALL[usize::from(choice >> 1 & 3)];
    match choice >> 3 & 3 {
        0 | 1 => session.read(table, Duration::ZERO),
        2 => session.read_directly(table, Duration::ZERO),
        _ => session.read_object(Code::TEMPLATE_READ, vec![1, 0, 0], Duration::ZERO),
    }
    session
}

fn carried(carrier: Carrier, packet: &Packet) -> Vec<u8> {
    match carrier {
        Carrier::Stream => packet.to_frame(),
        Carrier::Datagrams => packet.to_payload(),
    }
}

/// Takes out what is to be written: each is a sound packet of this session. Returns the number of the last.
fn sent(session: &mut Session, carrier: Carrier) -> Option<u16> {
    let mut last = None;
    while let Some(bytes) = session.take_outgoing() {
        let packet = match carrier {
            Carrier::Stream => {
                let mut framer = Framer::new();
                framer.push(&bytes);
                framer.next_packet().map(|packet| (packet, framer.bad_checksums() == 0))
            }
            Carrier::Datagrams => Packet::parse(&bytes),
        };
        let (packet, is_sound) = packet.expect("what goes out is a packet");
        assert!(is_sound);
        last = if packet.code == Code::ACK_OK { last } else { Some(packet.number) };
    }
    last
}

/// A script of steps: a byte that chooses, three more, and data. The task ends once, with no more data than came.
fn conversation(bytes: &[u8]) -> Kind {
    let (choice, mut script) = bytes.split_first().unwrap_or((&0, &[]));
    let carrier = if choice & 1 == 0 { Carrier::Stream } else { Carrier::Datagrams };
    let mut session = begin(*choice);
    let (mut now, mut number, mut received) = (Duration::ZERO, 0, 0);
    while let [step, length, index, behind, rest @ ..] = script {
        let (data, after) = rest.split_at(usize::from(*length).min(rest.len()));
        script = after;
        now += Duration::from_millis(1);
        number = sent(&mut session, carrier).unwrap_or(number);
        match step {
            0..=223 => {
                let code = CODES[usize::from(*step) % CODES.len()];
                let packet = Packet::new(code, u16::from(*index), number.wrapping_sub(u16::from(behind % 4)), data);
                received += data.len();
                session.receive(&carried(carrier, &packet), now);
            }
            224..=239 => session.receive(data, now),
            240..=249 => {
                now = session.deadline().unwrap_or(now).max(now);
                session.expire(now);
            }
            250..=252 => session.closed(),
            _ => session.command(Code::GET_TIME, Vec::new(), now),
        }
    }
    finish(session, carrier, received, bytes)
}

fn finish(mut session: Session, carrier: Carrier, received: usize, input: &[u8]) -> Kind {
    // Everything must end by its limits, however often the session asks again until then.
    while let Some(deadline) = session.deadline() {
        assert!(deadline <= Duration::from_secs(31 * 60), "{deadline:?}");
        session.expire(deadline);
        sent(&mut session, carrier);
    }
    let mut ends = Vec::new();
    while let Some(event) = session.next_event() {
        if let Event::Dataset(dataset) = &event {
            assert!(dataset.len() <= received.max(input.len()), "{} bytes came", dataset.len());
        }
        match event {
            Event::Happened(_) => {}
            Event::Connected => panic!("connected twice"),
            end => ends.push(name(&end)),
        }
    }
    assert!(!ends.is_empty(), "the read has an end");
    session.farewell();
    sent(&mut session, carrier);
    assert!(session.is_broken() && session.deadline().is_none());
    kind((few(ends.len()), ends.first().copied(), input.first()))
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::Connected => "connected",
        Event::Replied(_) => "reply",
        Event::Dataset(_) => "data set",
        Event::Happened(_) => "event",
        Event::Failed(Error::Refused { .. }) => "refused",
        Event::Failed(Error::Locked { .. }) => "locked",
        Event::Failed(Error::SessionLost { .. }) => "lost",
        Event::Failed(Error::TimedOut { .. }) => "timed out",
        Event::Failed(Error::Closed { .. }) => "closed",
        Event::Failed(Error::Interrupted) => "interrupted",
        Event::Failed(Error::Corrupt { .. }) => "corrupt",
        Event::Failed(Error::NotATerminal { .. }) => "no terminal",
        Event::Failed(_) => "other",
    }
}

/// The bytes of a stream as they come: however they are cut, the same happens and the same is sent.
fn stream(bytes: &[u8]) -> Kind {
    let (choice, stream) = bytes.split_first().unwrap_or((&0, &[]));
    let choice = choice & !1;
    let hear = |width: usize| {
        let mut session = begin(choice);
        stream.chunks(width).for_each(|piece| session.receive(piece, Duration::ZERO));
        let outgoing: Vec<Vec<u8>> = std::iter::from_fn(|| session.take_outgoing()).collect();
        let events: Vec<Event> = std::iter::from_fn(|| session.next_event()).collect();
        (session, outgoing, events)
    };
    let (mut session, outgoing, events) = hear(stream.len().max(1));
    let width = 1 + stream.len() % 29;
    let (cut, outgoing_of_cut, events_of_cut) = hear(width);
    assert_eq!(outgoing_of_cut, outgoing, "cut every {width} bytes");
    assert_eq!(format!("{events_of_cut:?}"), format!("{events:?}"), "cut every {width} bytes");
    assert_eq!((cut.doing(), cut.bad_checksums()), (session.doing(), session.bad_checksums()));
    let names: Vec<_> = events.iter().map(name).take(2).collect();
    let answer = kind((names, few(outgoing.len()), session.doing(), session.bad_checksums() > 0, choice));
    session.closed();
    session.farewell();
    sent(&mut session, Carrier::Stream);
    assert!(session.deadline().is_none());
    answer
}
