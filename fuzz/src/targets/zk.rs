//! Bytes of the terminal protocol: frames, packets, records, options.

use zk::record::event::{Alarm, Enrolment, EventLayout};
use zk::record::template::{TemplateHeader, TemplateKey};
use zk::transfer::{self, ChunkRequest, Table};
use zk::{
    AttendanceLayout, AttendanceLog, CivilTime, Code, EventTime, Framer, InvalidTime, MAX_FRAME_BYTES, OperationRecord,
    PackedTime, Packet, RealtimeEvent, Sizes, User, UserLayout, UserTable, comm_key, decode_operations, option,
};

use super::{Kind, Target, few, kind};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "zk/frames", check: frames, words: &["PP\u{2}}"] },
    Target { name: "zk/packets", check: packets, words: &[] },
    Target { name: "zk/attendance", check: attendance, words: &[] },
    Target { name: "zk/records", check: records, words: &[] },
    Target { name: "zk/users", check: users, words: &[] },
    Target { name: "zk/events", check: events, words: &[] },
    Target { name: "zk/operations", check: operations, words: &[] },
    Target { name: "zk/templates", check: templates, words: &[] },
    Target { name: "zk/options", check: options, words: &["~SerialNumber=", "=", "\0"] },
    Target { name: "zk/sizes", check: sizes, words: &[] },
    Target { name: "zk/times", check: times, words: &[] },
    Target { name: "zk/requests", check: requests, words: &[] },
    Target { name: "zk/subnets", check: subnets, words: &["/24", "10.0.0.0", "255", "/0", "/32"] },
];

/// The stream that `pieces` make: its packets, and bytes skipped, pending, and packets with a wrong checksum.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Packet>, u64, usize, u64) {
    let (mut framer, mut packets) = (Framer::new(), Vec::new());
    for piece in pieces {
        framer.push(piece);
        packets.extend(std::iter::from_fn(|| framer.next_packet()));
    }
    (packets, framer.skipped_bytes(), framer.pending_bytes(), framer.bad_checksums())
}

/// However the stream is cut, the same comes out, and each byte is in a packet, skipped or pending.
fn frames(bytes: &[u8]) -> Kind {
    let whole = read(std::iter::once(bytes));
    let width = 1 + bytes.len() % 29;
    assert_eq!(read(bytes.chunks(width)), whole, "cut every {width} bytes");
    let (packets, skipped, pending, bad) = whole;
    let framed: usize = packets.iter().map(|packet| packet.to_frame().len()).sum();
    assert_eq!(framed + skipped as usize + pending, bytes.len());
    assert!(pending < MAX_FRAME_BYTES + 8);
    for packet in &packets {
        assert_eq!(read(std::iter::once(packet.to_frame().as_slice())), (vec![packet.clone()], 0, 0, 0));
    }
    kind((few(packets.len()), skipped > 0, pending > 0, bad > 0))
}

/// A packet is written as it was read, but for a checksum that did not fit.
fn packets(bytes: &[u8]) -> Kind {
    let Some((packet, is_sound)) = Packet::parse(bytes) else {
        assert!(bytes.len() < zk::HEADER_BYTES);
        return kind(0);
    };
    let again = packet.to_payload();
    assert_eq!((&again[..2], &again[4..]), (&bytes[..2], &bytes[4..]));
    // In a sum modulo 65535 zero has two forms.
    let sum = |payload: &[u8]| u16::from_le_bytes([payload[2], payload[3]]) % 0xFFFF;
    assert_eq!(sum(&again) == sum(bytes), is_sound);
    assert_eq!(Packet::parse(&again), Some((packet.clone(), true)));
    kind((1, is_sound, packet.code.meaning(), few(packet.data.len())))
}

/// The first byte is how many records the terminal told, 0 for none; a data set follows.
fn told(bytes: &[u8]) -> (Option<u32>, &[u8]) {
    let Some((told, dataset)) = bytes.split_first() else { return (None, bytes) };
    (told.checked_sub(1).map(u32::from), dataset)
}

/// A log is all of its records, each with its own bytes, and is refused else.
fn attendance(bytes: &[u8]) -> Kind {
    let (told, dataset) = told(bytes);
    let log = match AttendanceLog::decode(dataset, told) {
        Ok(log) => log,
        Err(error) => {
            assert!(error.to_string().contains("report the model"));
            return kind((0, transfer::records(dataset).is_ok()));
        }
    };
    let counted = transfer::records(dataset).expect("a log has the records that it counts");
    assert_eq!(log.raw(), counted);
    assert_eq!(log.records.len() * log.layout.width(), counted.len());
    assert_eq!(log.iter().len(), log.records.len());
    for (record, raw) in log.iter() {
        assert_eq!(log.layout.decode(raw), Some(*record));
        assert_eq!(log.layout.decode(&log.layout.encode(record)), Some(*record));
    }
    kind((1, log.layout, few(log.records.len()), log.is_complete()))
}

/// What a layout reads it writes, and reads again.
fn records(bytes: &[u8]) -> Kind {
    use AttendanceLayout::{EightA, EightB, Forty, Sixteen, Wide};
    let read = [EightA, EightB, Sixteen, Forty, Wide { width: 49 }, Wide { width: 128 }].map(|layout| {
        let record = layout.decode(bytes)?;
        let raw = layout.encode(&record);
        assert_eq!((raw.len(), layout.decode(&raw)), (layout.width(), Some(record)));
        assert!(layout.width() > 8 || raw == bytes[..8], "eight bytes are all known");
        let time = record.time.civil().unwrap_or_else(InvalidTime::printed);
        assert_eq!(PackedTime::from_civil(time), Some(record.time));
        Some(record.time.civil().is_ok())
    });
    kind(read)
}

fn survives(layout: UserLayout, user: &User) -> bool {
    let fits = layout.fits(user);
    match &fits {
        Ok(()) => assert_eq!(layout.decode(&layout.encode(user)).as_ref(), Some(user)),
        Err(unfit) => assert!(!unfit.to_string().is_empty()),
    }
    fits.is_ok()
}

/// A table is whole records of one layout; what fits a layout survives it; a free slot is free.
fn users(bytes: &[u8]) -> Kind {
    let (told, dataset) = told(bytes);
    for layout in [UserLayout::Short, UserLayout::Long] {
        let user = layout.decode(dataset);
        assert_eq!(user.is_some(), dataset.len() >= layout.width());
        if let Some(user) = user {
            assert_eq!(user.name().trim(), user.name());
            survives(UserLayout::Short, &user);
            survives(UserLayout::Long, &user);
        }
    }
    let Ok(table) = UserTable::decode(dataset, told) else { return kind((0, transfer::records(dataset).is_ok())) };
    let Some(layout) = table.layout else { return kind(1) };
    assert_eq!(table.users.len() * layout.width(), transfer::records(dataset).map_or(0, <[u8]>::len));
    let free = table.free_slot();
    assert!(free.is_none_or(|free| free > 0 && table.users.iter().all(|user| user.slot != free)));
    let slots: Vec<_> = table.users.iter().map(|user| table.slot_of(&user.number)).collect();
    assert!(slots.iter().all(Option::is_some));
    kind((2, layout, few(slots.len()), table.users.iter().all(|user| survives(layout, user))))
}

/// Two bytes of kind and a body: every event is a value, and its known form is written as it was read.
fn events(bytes: &[u8]) -> Kind {
    let Some((event_kind, body)) = bytes.split_first_chunk() else { return kind(0) };
    let session = u16::from_le_bytes(*event_kind);
    let packet = |body: Vec<u8>| Packet::new(Code::EVENT, session, 0, body);
    let event = RealtimeEvent::decode(&packet(body.to_vec()));
    let form = match &event {
        RealtimeEvent::Attendance(punch) => {
            let layout = match body.len() {
                10 | 14 => EventLayout::Slot,
                12 => EventLayout::Integer,
                _ => EventLayout::Text,
            };
            assert_eq!(RealtimeEvent::decode(&packet(punch.encode(layout))), event);
            let record = punch.record();
            assert!(
                record.is_some() || punch.time.civil().is_err() || punch.time.0[0] >= 66,
                "packed times end in 2066"
            );
            (1, u64::from(record.is_some()))
        }
        RealtimeEvent::Alarm(alarm) => {
            assert_eq!(Alarm::decode(&alarm.encode()), Some(*alarm));
            (2, body.len() as u64)
        }
        RealtimeEvent::FingerEnrolled(end) => {
            assert_eq!(Enrolment::decode(&end.encode()), Some(*end));
            (3, u64::from(matches!(end, Enrolment::Done { .. })))
        }
        RealtimeEvent::Unknown { raw, .. } => {
            assert_eq!(raw, body);
            (4, 0)
        }
        RealtimeEvent::Verified { slot } => (5, u64::from(slot.is_some())),
        RealtimeEvent::FingerScore { .. } => (6, 0),
    };
    kind((form, session.is_power_of_two()))
}

/// A log of operations is whole records, written as they were read.
fn operations(bytes: &[u8]) -> Kind {
    let Ok(operations) = decode_operations(bytes) else { return kind((0, transfer::records(bytes).is_ok())) };
    let records = transfer::records(bytes).expect("a log has the records that it counts");
    assert_eq!(operations.len() * 16, records.len());
    for (operation, raw) in operations.iter().zip(records.chunks(16)) {
        let again = operation.encode();
        // The byte that terminals pad with is forgotten.
        assert_eq!((&again[..3], &again[4..]), (&raw[..3], &raw[4..]));
        assert_eq!(OperationRecord::decode(&again), Some(*operation));
    }
    kind((1, few(operations.len()), operations.first().map(|first| first.operation.meaning())))
}

/// The forms around templates are written as they were read.
fn templates(bytes: &[u8]) -> Kind {
    let key = TemplateKey::parse(bytes);
    assert!(key.is_none_or(|key| key.encode() == bytes[..3]));
    let write = TemplateHeader::parse_write(bytes);
    assert!(write.is_none_or(|header| header.encode_write() == bytes[..6]));
    let in_set = TemplateHeader::parse_in_set(bytes);
    assert!(in_set.is_none_or(|header| header.encode_in_set().is_some_and(|again| again == bytes[..6])));
    kind((key.is_some(), write.is_some(), in_set.is_some()))
}

/// Texts come without blanks and NULs, and what is answered is read.
fn options(bytes: &[u8]) -> Kind {
    let is_plain = |text: &str| text.trim() == text && !text.contains('\0');
    let (value, text, name) = (option::value(bytes), option::text(bytes), option::requested_name(bytes));
    assert!(is_plain(&name));
    assert_eq!(option::requested_name(&option::request(&name)), name);
    if let Some(value) = &value {
        assert!(is_plain(value) && !value.is_empty());
        assert_eq!(option::value(&option::answer("Name", value)).as_ref(), Some(value));
    }
    if let Some(text) = &text {
        assert!(is_plain(text) && !text.is_empty());
        assert_eq!(option::text(&option::request(text)).as_ref(), Some(text));
    }
    kind((value.is_some(), text.is_some(), bytes.contains(&0), text.is_some_and(|text| text.contains('\u{fffd}'))))
}

/// A full answer is written as it was read; what a short one lacks is unknown.
fn sizes(bytes: &[u8]) -> Kind {
    let sizes = Sizes::parse(bytes);
    let again = Sizes::parse(&sizes.encode());
    if bytes.len() >= 80 {
        assert_eq!(again, sizes);
    }
    let known =
        [sizes.users, sizes.fingers, sizes.attendance, sizes.operations, sizes.attendance_capacity, sizes.faces];
    kind(known.map(|known| known.is_some()))
}

/// Any four bytes are a packed time, and any six that of an event; each prints, and is written as it was read.
fn times(bytes: &[u8]) -> Kind {
    let mut field = [0; 6];
    field.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let packed = PackedTime(i32::from_le_bytes([field[0], field[1], field[2], field[3]]));
    let fields: CivilTime = packed.civil().unwrap_or_else(InvalidTime::printed);
    assert_eq!(PackedTime::from_civil(fields), Some(packed));
    assert_eq!(packed.to_bytes(), field[..4]);
    assert_eq!(fields.to_string().len(), 19, "{fields}");
    let event = EventTime(field);
    let fields = event.civil().unwrap_or_else(InvalidTime::printed);
    assert_eq!(EventTime::from_civil(fields), Some(event));
    assert!(fields.to_string().len() >= 19, "{fields}");
    kind((packed.civil().is_ok(), event.civil().is_ok(), few(bytes.len())))
}

/// The terminal's side of bulk reads, and of the comm key.
fn requests(bytes: &[u8]) -> Kind {
    let table = Table::parse_request(bytes);
    assert!(table.is_none_or(|table| Table::parse_request(&table.request()) == Some(table)));
    let chunk = ChunkRequest::parse(bytes);
    assert!(chunk.is_none_or(|chunk| chunk.encode() == bytes[..8]));
    assert_eq!(transfer::announced_bytes(bytes).is_some(), bytes.len() >= 4);
    let counted = transfer::records(bytes);
    if let Ok(counted) = &counted {
        assert!(counted.len() + 4 <= bytes.len().max(4));
    }
    assert_eq!(transfer::records(&transfer::dataset(bytes)).ok(), Some(bytes));
    let key = transfer::announced_bytes(bytes).unwrap_or(0);
    let session = bytes.len() as u16;
    assert!(comm_key::verify(key, session, &comm_key::scramble(key, session, bytes.first().copied().unwrap_or(0))));
    kind((table, chunk.is_some(), counted.is_ok(), comm_key::verify(key, session, bytes)))
}

/// A subnet prints as it is read, and has the hosts that it counts.
fn subnets(bytes: &[u8]) -> Kind {
    let text = String::from_utf8_lossy(bytes);
    let Ok(subnet) = text.parse::<zk::discover::Subnet>() else { return kind(0) };
    assert_eq!(subnet.to_string().parse(), Ok(subnet));
    let count = subnet.host_count();
    assert!((1..1 << 32).contains(&count));
    if count <= 64 {
        assert_eq!(subnet.hosts().count() as u64, count);
    }
    assert!(subnet.hosts().take(3).is_sorted());
    kind((1, count))
}
