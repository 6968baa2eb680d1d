//! A client's session against scripted terminals: bytes and times are values here, nothing waits (zk 4, 6, 12).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use zk::session::{Event, Session, Settings};
use zk::transfer::{self, Table};
use zk::{Code, Error, Framer, Packet, comm_key};

const SESSION: u16 = 0x45CF;
const START: Duration = Duration::ZERO;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A session and the requests that it wrote.
struct Client {
    session: Session,
    written: Framer,
}

impl Client {
    fn connecting(key: u32) -> Client {
        let settings = Settings {
            opening: seconds(10),
            idle: seconds(10),
            total: seconds(100),
            grace: seconds(1),
            chunk_bytes: 100,
            ..Settings::default()
        };
        let mut session = Session::new(settings);
        session.connect(key, START);
        Client { session, written: Framer::new() }
    }

    fn open() -> Client {
        let mut client = Client::connecting(0);
        let request = client.request();
        client.answer(&request, Code::ACK_OK, []);
        assert!(matches!(client.event(), Event::Connected));
        client
    }

    fn requests(&mut self) -> Vec<Packet> {
        while let Some(bytes) = self.session.take_outgoing() {
            self.written.push(&bytes);
        }
        std::iter::from_fn(|| self.written.next_packet()).collect()
    }

    fn request(&mut self) -> Packet {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "one request at a time: {requests:?}");
        requests.remove(0)
    }

    fn answer(&mut self, request: &Packet, code: Code, data: impl Into<Vec<u8>>) {
        self.receive(&reply(request, code, data));
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.session.receive(bytes, START);
    }

    fn event(&mut self) -> Event {
        self.session.next_event().expect("something happened")
    }

    fn failure(&mut self) -> Error {
        match self.event() {
            Event::Failed(error) => error,
            other => panic!("expected a failure, got {other:?}"),
        }
    }
}

fn reply(request: &Packet, code: Code, data: impl Into<Vec<u8>>) -> Vec<u8> {
    Packet::new(code, SESSION, request.number, data).to_frame()
}

fn set_of(len: usize) -> Vec<u8> {
    transfer::dataset(&(0..len).map(|index| index as u8).collect::<Vec<u8>>())
}

/// How a terminal of some make gives its data set.
#[derive(Debug, Clone, Copy)]
struct Manner {
    announces_chunks: bool,
    data_frame_bytes: usize,
    ends_with_empty_frame: bool,
    closes_with_ack: bool,
    /// Largest piece in which its bytes arrive.
    segment_bytes: usize,
}

const PLAIN: Manner = Manner {
    announces_chunks: true,
    data_frame_bytes: 1008,
    ends_with_empty_frame: false,
    closes_with_ack: true,
    segment_bytes: usize::MAX,
};

/// Plays a terminal until the read has ended.
fn read_in_chunks(client: &mut Client, dataset: &[u8], manner: Manner) -> Event {
    client.session.read(Table::Attendance, START);
    let mut now = START;
    loop {
        for request in client.requests() {
            let frames = match request.code {
                Code::PREPARE_BUFFER => reply(&request, Code::ACK_OK, transfer::buffered_answer(dataset.len() as u32)),
                Code::READ_BUFFER => chunk_frames(&request, dataset, manner),
                Code::FREE_DATA => reply(&request, Code::ACK_OK, []),
                other => panic!("unexpected request {other}"),
            };
            for piece in frames.chunks(manner.segment_bytes) {
                client.session.receive(piece, now);
            }
        }
        if let Some(event) = client.session.next_event() {
            return event;
        }
        now += seconds(2);
        client.session.expire(now);
    }
}

fn chunk_frames(request: &Packet, dataset: &[u8], manner: Manner) -> Vec<u8> {
    let chunk = transfer::ChunkRequest::parse(&request.data).unwrap();
    let part = &dataset[chunk.offset as usize..(chunk.offset + chunk.length) as usize];
    let mut frames = Vec::new();
    if manner.announces_chunks {
        frames.extend(reply(request, Code::PREPARE_DATA, transfer::announcement(chunk.length, 1008)));
    }
    for (index, data) in part.chunks(manner.data_frame_bytes).enumerate() {
        // The session field holds a running index.
        frames.extend(Packet::new(Code::DATA, index as u16, request.number, data).to_frame());
    }
    if manner.ends_with_empty_frame {
        frames.extend(Packet::new(Code::DATA, 5, request.number, []).to_frame());
    }
    if manner.closes_with_ack {
        frames.extend(Packet::new(Code::ACK_OK, 0x7c, request.number, []).to_frame());
    }
    frames
}

#[test]
fn a_terminal_without_key_lets_the_client_in() {
    let mut client = Client::connecting(0);
    assert_eq!(client.request(), Packet::new(Code::CONNECT, 0, 0, []));
    client.receive(&Packet::new(Code::ACK_OK, SESSION, 0x10, [9]).to_frame());
    assert!(matches!(client.event(), Event::Connected), "although the number and a stray byte are odd");
    client.session.command(Code::GET_TIME, Vec::new(), START);
    assert_eq!(client.request(), Packet::new(Code::GET_TIME, SESSION, 1, []));
}

#[test]
fn a_terminal_that_asks_for_the_key_gets_it_scrambled() {
    let mut client = Client::connecting(12345);
    let connect = client.request();
    client.answer(&connect, Code::ACK_UNAUTH, []);
    let auth = client.request();
    assert_eq!(auth, Packet::new(Code::AUTH, SESSION, 1, comm_key::scramble(12345, SESSION, comm_key::TICK)));
    client.answer(&auth, Code::ACK_OK, []);
    assert!(matches!(client.event(), Event::Connected));
}

#[test]
fn a_wrong_key_is_told_as_such() {
    let mut client = Client::connecting(1);
    let connect = client.request();
    client.answer(&connect, Code::ACK_UNAUTH, []);
    let auth = client.request();
    client.answer(&auth, Code::ACK_UNAUTH, []);
    let error = client.failure();
    assert!(matches!(error, Error::WrongKey) && error.ends_connection());
    client.session.farewell();
    let said: Vec<Code> = client.requests().iter().map(|packet| packet.code).collect();
    assert_eq!(said, [Code::EXIT], "it keeps a place for the session");
}

#[test]
fn locked_firmware_is_told_to_use_push() {
    let mut client = Client::connecting(0);
    let connect = client.request();
    client.answer(&connect, Code::LOCKED, []);
    assert!(client.failure().to_string().contains("use push"));

    let mut client = Client::open();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::SESSION_MEMORY, []);
    assert!(client.failure().to_string().contains("use push"));
}

#[test]
fn a_web_server_is_not_taken_for_a_terminal() {
    let mut client = Client::connecting(0);
    client.receive(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n");
    let text = client.failure().to_string();
    assert!(text.starts_with("a web server answered; enter the terminal's own port"), "{text}");
    assert!(text.contains("HTTP/1.1 400"), "{text}");
}

#[test]
fn a_door_controller_of_the_pull_protocol_is_told_at_once() {
    let mut client = Client::connecting(0);
    client.receive(&[0xAA]);
    assert!(client.session.next_event().is_none(), "that can be noise yet");
    client.receive(&[0x01, 0xC8, 0x04, 0x00, 0x55]);
    let text = client.failure().to_string();
    assert!(text.starts_with("a door controller of the pull protocol (C3, InBio, ProBio) answered"), "{text}");
}

#[test]
fn whatever_else_answers_is_shown_by_its_first_bytes() {
    let mut client = Client::connecting(0);
    client.receive(b"SSH-2.0-OpenSSH_9.6\r\n");
    client.session.closed();
    let text = client.failure().to_string();
    assert!(text.starts_with("what answered is not a terminal of this protocol; check address and port"), "{text}");
    assert!(text.contains("SSH-2.0-OpenSSH"), "{text}");
}

#[test]
fn a_wrong_checksum_on_a_stream_is_counted_and_forgiven() {
    let mut client = Client::open();
    client.session.command(Code::GET_TIME, Vec::new(), START);
    let request = client.request();
    let mut frame = reply(&request, Code::ACK_OK, [1, 2, 3, 4]);
    frame[10] ^= 1;
    client.receive(&frame);
    assert!(matches!(client.event(), Event::Replied(packet) if packet.data == [1, 2, 3, 4]));
    assert_eq!(client.session.bad_checksums(), 1);
}

#[test]
fn a_terminal_that_sends_empty_packets_for_ever_is_given_up() {
    let mut client = Client::open();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, transfer::buffered_answer(400));
    let request = client.request();
    for _ in 0..64 {
        client.answer(&request, Code::DATA, []);
    }
    assert!(client.session.next_event().is_none(), "patience");
    client.answer(&request, Code::DATA, []);
    assert!(matches!(client.failure(), Error::Corrupt { .. }));
}

#[test]
fn a_set_that_is_cut_short_is_refused_with_all_its_bytes() {
    let mut client = Client::open();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, [0, 1, 2]);
    assert!(matches!(client.failure(), Error::Corrupt { raw, .. } if *raw == [0, 1, 2]));
}

#[test]
fn small_sets_come_inline() {
    for split in [usize::MAX, 50] {
        let mut client = Client::open();
        client.session.read(Table::Users, START);
        let request = client.request();
        assert_eq!(request.data, Table::Users.request());
        for piece in set_of(80).chunks(split) {
            client.answer(&request, Code::DATA, piece);
        }
        assert!(matches!(client.event(), Event::Dataset(dataset) if dataset == set_of(80)));
        assert!(client.requests().is_empty(), "there is no buffer to free");
    }
}

#[test]
fn large_sets_come_in_chunks_in_every_manner_of_terminal() {
    for size in [96, 97, 250, 1000] {
        for segment_bytes in [1, 7, usize::MAX] {
            for data_frame_bytes in [30, 1008] {
                for announces_chunks in [true, false] {
                    for closes_with_ack in [true, false] {
                        let ends_with_empty_frame = data_frame_bytes == 30;
                        let manner = Manner {
                            announces_chunks,
                            data_frame_bytes,
                            ends_with_empty_frame,
                            closes_with_ack,
                            segment_bytes,
                        };
                        let event = read_in_chunks(&mut Client::open(), &set_of(size), manner);
                        assert!(
                            matches!(event, Event::Dataset(got) if got == set_of(size)),
                            "{size} bytes, {manner:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn old_units_send_the_whole_set_without_being_asked_for_chunks() {
    for (asks_directly, closes_with_ack) in [(false, true), (true, true), (true, false)] {
        let mut client = Client::open();
        if asks_directly {
            client.session.read_directly(Table::Attendance, START);
        } else {
            client.session.read(Table::Attendance, START);
        }
        let request = client.request();
        let dataset = set_of(500);
        client.answer(&request, Code::PREPARE_DATA, transfer::announcement(dataset.len() as u32, 1008));
        for piece in dataset.chunks(200) {
            client.answer(&request, Code::DATA, piece);
        }
        if closes_with_ack {
            client.answer(&request, Code::ACK_OK, []);
        } else {
            client.session.expire(seconds(2));
        }
        assert!(matches!(client.event(), Event::Dataset(got) if got == dataset));
    }
}

#[test]
fn a_terminal_without_records_has_an_empty_set() {
    for (code, data) in [(Code::ACK_OK, Vec::new()), (Code::NO_DATA, Vec::new()), (Code::DATA, vec![0; 4])] {
        let mut client = Client::open();
        client.session.read(Table::Attendance, START);
        let request = client.request();
        client.answer(&request, code, data);
        assert!(matches!(client.event(), Event::Dataset(set) if transfer::records(&set).unwrap().is_empty()));
    }
}

#[test]
fn an_event_in_the_middle_of_a_read_is_acknowledged_and_disturbs_nothing() {
    let mut client = Client::open();
    client.session.read(Table::Users, START);
    let request = client.request();
    let event = Packet::new(Code::EVENT, 1, 0, vec![7, 0, 1, 0, 0x1a, 0x0b, 0x14, 0x0a, 0x0c, 0]);
    client.receive(&[event.to_frame(), reply(&request, Code::DATA, set_of(80))].concat());
    assert!(matches!(client.event(), Event::Happened(packet) if packet == event));
    assert!(matches!(client.event(), Event::Dataset(_)));
    assert_eq!(client.request(), Packet::new(Code::ACK_OK, SESSION, 0, []));
}

#[test]
fn a_late_reply_to_an_earlier_request_is_not_taken_for_the_answer() {
    let mut client = Client::open();
    client.session.command(Code::GET_TIME, Vec::new(), START);
    let request = client.request();
    client.receive(&Packet::new(Code::ACK_ERROR, SESSION, request.number - 1, []).to_frame());
    client.answer(&request, Code::ACK_OK, [1, 2, 3, 4]);
    assert!(matches!(client.event(), Event::Replied(packet) if packet.data == [1, 2, 3, 4]));
}

#[test]
fn a_refusal_leaves_the_session_usable_and_a_lost_session_does_not() {
    let mut client = Client::open();
    client.session.command(Code::OPTION_READ, zk::option::request("~OS"), START);
    let request = client.request();
    client.answer(&request, Code::ACK_ERROR, []);
    assert!(matches!(client.failure(), Error::Refused { command: Code::OPTION_READ, code: Code::ACK_ERROR }));

    client.session.command(Code::GET_TIME, Vec::new(), START);
    let request = client.request();
    client.answer(&request, Code::ACK_UNAUTH, []);
    assert!(matches!(client.failure(), Error::SessionLost { command: Code::GET_TIME }));
    assert!(client.session.is_broken());
}

#[test]
fn silence_ends_a_task_and_progress_prolongs_it() {
    let mut client = Client::open();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    assert_eq!(client.session.deadline(), Some(seconds(10)));
    client.session.receive(&reply(&request, Code::ACK_OK, transfer::buffered_answer(400)), seconds(9));
    assert_eq!(client.session.deadline(), Some(seconds(19)));

    let request = client.request();
    let frame = reply(&request, Code::DATA, vec![0; 100]);
    client.session.receive(&frame[..50], seconds(18));
    assert_eq!(client.session.deadline(), Some(seconds(28)), "half a frame is progress");
    client.session.receive(&Packet::new(Code::EVENT, 1, 0, []).to_frame()[..0], seconds(20));
    client.session.expire(seconds(27));
    assert!(client.session.next_event().is_none(), "not yet due");
    client.session.expire(seconds(31));
    let error = client.failure();
    assert_eq!(
        error.to_string(),
        "the terminal fell silent while reading the attendance log; check that it is switched on and reachable, then try again"
    );
}

#[test]
fn events_and_noise_do_not_keep_a_silent_terminal_alive() {
    let mut client = Client::open();
    client.session.command(Code::GET_TIME, Vec::new(), START);
    for second in 1..10 {
        client.session.receive(&Packet::new(Code::EVENT, 1, 0, []).to_frame(), seconds(second));
        client.session.receive(b"noise", seconds(second));
    }
    assert_eq!(client.session.deadline(), Some(seconds(10)));
}

#[test]
fn a_task_that_dribbles_on_is_given_up_in_the_end() {
    let mut client = Client::open();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, transfer::buffered_answer(400));
    let frame = reply(&client.request(), Code::DATA, vec![0; 100]);
    for (step, byte) in frame.iter().enumerate().take(90) {
        client.session.receive(&[*byte], seconds(step as u64 + 5));
    }
    assert_eq!(client.session.deadline(), Some(seconds(100)));
    client.session.expire(seconds(100));
    assert!(matches!(client.failure(), Error::TimedOut { .. }));
}

#[test]
fn sizes_that_cannot_be_true_are_refused() {
    for size in [u32::MAX, 65 << 20] {
        let mut client = Client::open();
        client.session.read(Table::Attendance, START);
        let request = client.request();
        client.answer(&request, Code::ACK_OK, transfer::buffered_answer(size));
        assert!(matches!(client.failure(), Error::Corrupt { .. }));
    }
    let mut client = Client::open();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, transfer::buffered_answer(50));
    let request = client.request();
    client.answer(&request, Code::DATA, vec![0; 51]);
    assert!(matches!(client.failure(), Error::Corrupt { .. }), "more than announced");
}

#[test]
fn the_farewell_undoes_what_was_begun() {
    let mut client = Client::open();
    client.session.command(Code::DISABLE_DEVICE, Vec::new(), START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, []);
    client.event();
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, transfer::buffered_answer(400));
    client.requests();
    client.session.closed();

    client.session.farewell();
    let said: Vec<Code> = client.requests().iter().map(|packet| packet.code).collect();
    assert_eq!(said, [Code::FREE_DATA, Code::ENABLE_DEVICE, Code::EXIT]);
    client.session.farewell();
    assert!(client.requests().is_empty(), "once is enough");
}

#[test]
fn a_task_begun_on_top_of_an_unfinished_one_is_refused() {
    let mut client = Client::open();
    client.session.command(Code::GET_TIME, Vec::new(), START);
    client.session.command(Code::GET_TIME, Vec::new(), START);
    assert!(matches!(client.failure(), Error::Interrupted));
}

#[test]
fn after_a_read_without_closing_ack_later_chunks_do_not_wait_for_it() {
    let mut client = Client::open();
    let manner = Manner { closes_with_ack: false, ..PLAIN };
    read_in_chunks(&mut client, &set_of(250), manner);
    client.session.read(Table::Attendance, START);
    let request = client.request();
    client.answer(&request, Code::ACK_OK, transfer::buffered_answer(254));
    for _ in 0..3 {
        let request = client.request();
        let frames = chunk_frames(&request, &set_of(250), manner);
        client.receive(&frames);
    }
    assert_eq!(client.request().code, Code::FREE_DATA, "three chunks in no time");
}

#[test]
fn a_printed_session_shows_no_key() {
    let printed = format!("{:?}", Client::connecting(123_456).session);
    assert_eq!(printed, r#"Session { doing: "connecting", is_broken: false, .. }"#);
}
