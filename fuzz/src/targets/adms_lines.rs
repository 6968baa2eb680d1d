//! Bodies of push uploads: lines, archives, photos.

use adms::operlog::OperLine;
use adms::security::{self, Record};
use adms::{AttLogLine, BadLine, Dialect, Photo, archive, attlog, line, operlog, results, text};
use flate2::Crc;

use super::{Kind, Target, few, kind, offset};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "adms/attlog",
        check: attlog,
        words: &["\t", "\n", "\r\n", "\0\t", "\t\t\t0\t36.6\t97.9\t+28800\teyJ9\t"],
    },
    Target {
        name: "adms/operlog",
        check: operlog,
        words: &[
            "OPLOG ",
            "USER PIN=",
            "\tName=",
            "\tCard=[15CD5B07]",
            "\tTZ=0001000200030004",
            "FP PIN=",
            "BIODATA Pin=",
            "USERPIC ",
            "ERRORLOG ErrCode=D01E0001",
            "IDCARD ",
            "\tTMP=",
            "\tSize=",
        ],
    },
    Target {
        name: "adms/security_events",
        check: security_events,
        words: &[
            "time=",
            "\tpin=",
            "\tevent=",
            "\tverifytype=",
            "\tinoutstatus=",
            "\tmaskflag=1",
            "0000001000000010",
            "\tindex=",
        ],
    },
    Target {
        name: "adms/security_states",
        check: security_states,
        words: &["time=", "\tsensor=", "\trelay=", "\talarm=", "ff"],
    },
    Target {
        name: "adms/security_records",
        check: security_records,
        words: &[
            "user ",
            "transaction ",
            "\tpin=",
            "\ttime_second=",
            "\tcardno=[15CD5B07]",
            "\tendtime=",
            "\teventtype=",
            "\tverified=",
        ],
    },
    Target {
        name: "adms/results",
        check: results,
        words: &["ID=", "&Return=", "&CMD=", "Content=", "\n", "AttLogSum=", "Return=-"],
    },
    Target {
        name: "adms/photo",
        check: photo,
        words: &["PIN=20240707012901-7.jpg\n", "size=", "CMD=realupload", "\0", "SN="],
    },
    Target { name: "adms/archive", check: packed, words: &["\u{1f}"] },
    Target { name: "adms/tar", check: tar, words: &["ustar\0", "0000644\0", "path=", "GNU.sparse", "77777777777"] },
];

/// The bytes of a line, read or not.
fn bytes_of<'a, T>(line: &Result<T, BadLine<'a>>, bytes: impl Fn(&T) -> &'a [u8]) -> &'a [u8] {
    line.as_ref().map_or_else(|bad| bad.bytes, bytes)
}

/// Lines follow one another, and between them lies nothing but what separates and pads them.
fn nothing_is_lost(body: &[u8], lines: &[&[u8]]) {
    let is_filler = |part: &[u8]| part.iter().all(|byte| matches!(byte, b'\n' | b'\r' | 0 | b' ' | b'\t'));
    let mut end = 0;
    for line in lines {
        let start = offset(body, line);
        assert!(start >= end && is_filler(&body[end..start]), "bytes {end} to {start} are in no line");
        assert!(!line.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "a line has no line break in it");
        end = start + line.len();
    }
    assert!(is_filler(&body[end..]), "what follows byte {end} is in no line");
}

/// A body cut at a line break gives the lines of its two parts.
fn cuts_do_not_matter(body: &[u8]) {
    if let Some(cut) = body.iter().skip(body.len() / 2).position(|byte| *byte == b'\n') {
        let (before, after) = body.split_at(body.len() / 2 + cut);
        assert!(line::lines(before).chain(line::lines(after)).eq(line::lines(body)));
    }
}

/// Reads each line of a body by itself; they must be the reader's own.
fn each_alone<'a, T: PartialEq + std::fmt::Debug>(
    body: &'a [u8],
    read: impl Fn(&'a [u8]) -> Result<T, BadLine<'a>>,
    all: impl Iterator<Item = Result<T, BadLine<'a>>>,
) -> Vec<Result<T, BadLine<'a>>> {
    let plain: Vec<&[u8]> = line::lines(body).collect();
    nothing_is_lost(body, &plain);
    cuts_do_not_matter(body);
    let all: Vec<_> = all.collect();
    assert_eq!(all.len(), plain.len());
    for (line, plain) in all.iter().zip(plain) {
        assert_eq!(*line, read(plain));
        if let Err(bad) = line {
            assert_eq!(bad.bytes, plain);
        }
    }
    all
}

fn is_trimmed(value: &[u8]) -> bool {
    text::trim(value) == value
}

fn attlog(body: &[u8]) -> Kind {
    let lines = each_alone(body, AttLogLine::read, attlog::lines(body));
    let parts = lines.iter().map(|line| {
        let line = match line {
            Ok(line) => line,
            Err(bad) => return (bad.reason.to_string().len(), 0, false, false),
        };
        assert_eq!(offset(line.bytes, line.bytes), 0);
        for part in [line.pin, line.time, line.workcode] {
            assert!(part.is_empty() || offset(line.bytes, part) + part.len() <= line.bytes.len());
            assert!(is_trimmed(part));
        }
        let extras = [
            line.mask().is_some(),
            line.temperature().is_some_and(f64::is_finite),
            line.converted_temperature().is_some_and(f64::is_finite),
            line.utc_offset_s().is_some(),
            line.extend_data().is_some(),
        ];
        let has_extras = extras.iter().fold(0, |bits, has| bits << 1 | usize::from(*has));
        (100 + has_extras, usize::from(line.status.is_some()), line.verify.is_some(), line.identity_check().is_some())
    });
    kind((few(lines.len()), parts.take(1).collect::<Vec<_>>()))
}

fn operlog(body: &[u8]) -> Kind {
    let lines = each_alone(body, OperLine::read, operlog::lines(body));
    let parts = lines.iter().map(|line| match line {
        Ok(OperLine::Operation(operation)) => {
            assert!(is_trimmed(operation.operator) && is_trimmed(operation.time));
            assert_eq!(operation.object(0), None);
            let object = operation.object(4).map_or(0, <[u8]>::len);
            (1, operation.name().map_or(0, str::len), few(object), operation.alarm_reason().is_some())
        }
        Ok(OperLine::User(user)) => {
            assert!(!user.pin.is_empty() && is_trimmed(user.pin) && is_trimmed(user.name));
            (2, usize::from(user.is_privileged()), usize::from(user.card.is_some()), user.own_time_zones().is_some())
        }
        Ok(OperLine::Biometric(biometric)) => {
            assert!(is_trimmed(biometric.content) && !format!("{biometric:?}").is_empty());
            (3, biometric.kind as usize, usize::from(biometric.biometric_type.is_some()), biometric.size.is_some())
        }
        Ok(OperLine::IdCard) => (4, 0, 0, false),
        Ok(OperLine::Error(error)) => (5, error.name().map_or(0, str::len), 0, false),
        Ok(OperLine::Unknown { tag }) => (6, few(tag.len()), 0, false),
        Err(bad) => (7, bad.reason.to_string().len(), 0, false),
    });
    kind((few(lines.len()), parts.take(2).collect::<Vec<_>>()))
}

fn security_events(body: &[u8]) -> Kind {
    let lines = each_alone(body, security::Event::read, security::events(body));
    let plain: Vec<&[u8]> = lines.iter().map(|line| bytes_of(line, |event| event.bytes)).collect();
    nothing_is_lost(body, &plain);
    let parts = lines.iter().flatten().map(|event| {
        assert!(!event.time.is_empty() && is_trimmed(event.time) && is_trimmed(event.pin));
        assert!(!event.is_punch() || (!event.pin.is_empty() && event.pin != b"0"));
        let methods = event.verify.map_or(0, |verify| verify.methods().count());
        (event.kind(), event.is_punch(), few(methods), event.mask, event.index.is_some())
    });
    kind((few(lines.len()), parts.take(1).collect::<Vec<_>>()))
}

fn security_states(body: &[u8]) -> Kind {
    let lines = each_alone(body, security::DoorState::read, security::states(body));
    let parts = lines.iter().flatten().map(|state| {
        for doors in [state.sensor, state.relay, state.alarm] {
            for door in 0..9 {
                assert!(doors.two_bits(door).is_none_or(|bits| bits < 4));
                assert_eq!(doors.whole_byte(door).is_some(), doors.two_bits(door * 4).is_some());
            }
        }
        (state.sensor.two_bits(0), state.alarm.whole_byte(7).is_some())
    });
    kind((few(lines.len()), parts.take(2).collect::<Vec<_>>()))
}

fn security_records(body: &[u8]) -> Kind {
    let lines = each_alone(body, Record::read, security::records(body));
    let parts = lines.iter().map(|line| match line {
        Ok(Record::User(user)) => {
            assert!(!user.pin.is_empty() && is_trimmed(user.pin) && is_trimmed(user.name));
            (1, user.card.is_some(), user.valid_until.is_some(), user.is_disabled)
        }
        Ok(Record::Transaction(event)) => {
            assert_eq!(adms::PackedTime::from_civil(event.time.civil()), Some(event.time));
            (2, event.is_punch(), event.verify.is_some(), event.direction.is_some())
        }
        Ok(Record::Other { table }) => (3, table.is_empty(), false, false),
        Err(bad) => (4, bad.reason.to_string().len() > 7, false, false),
    });
    kind((few(lines.len()), parts.take(2).collect::<Vec<_>>()))
}

/// Results of commands: every part is a part of the body, and a content is its end.
fn results(body: &[u8]) -> Kind {
    let results = results::read(body);
    let parts: Vec<_> = results
        .iter()
        .map(|result| {
            for part in [result.id, result.command].into_iter().filter(|part| !part.is_empty()) {
                assert!(is_trimmed(part) && offset(body, part) < body.len());
            }
            for (key, value) in &result.pairs {
                assert!(is_trimmed(key) && is_trimmed(value));
            }
            if let Some(content) = result.content {
                assert!(body.ends_with(content));
            }
            let verdicts = [Dialect::Attendance, Dialect::Security]
                .map(|dialect| results::meaning(result.code.unwrap_or_default(), result.command, dialect).verdict);
            (few(result.pairs.len()), result.content.is_some(), result.sum().is_some(), result.code.is_some(), verdicts)
        })
        .collect();
    assert!(results.iter().rev().skip(1).all(|result| result.content.is_none()), "only the last has a content");
    kind((few(results.len()), parts.into_iter().take(2).collect::<Vec<_>>()))
}

fn photo(body: &[u8]) -> Kind {
    let Some(photo) = Photo::read(body) else {
        assert!(!body.contains(&0));
        return kind(0);
    };
    assert!(body.ends_with(photo.data) && !format!("{photo:?}").is_empty());
    assert!(photo.decoded().is_none_or(|jpeg| jpeg.len() <= photo.data.len()));
    let name = std::str::from_utf8(photo.name).ok().and_then(adms::PhotoName::read);
    assert!(name.is_none_or(|name| name.time.exists() && name.pin.is_none_or(|pin| !pin.is_empty())));
    kind((name.map(|name| (name.pin.is_some(), name.kind.is_some())), photo.claimed_size.is_some(), photo.is_realtime))
}

/// What an unpacked archive may have here.
const LIMIT: usize = 1 << 14;

/// Whatever an archive claims, what comes out is bounded.
fn packed(body: &[u8]) -> Kind {
    match archive::unpack(body, LIMIT) {
        Ok(files) => {
            let unpacked: usize = files.iter().map(Vec::len).sum();
            assert!(unpacked <= LIMIT, "{unpacked} bytes");
            assert!(files.len() <= LIMIT / 512, "each has a header");
            kind((1, few(files.len()), unpacked > 0))
        }
        Err(archive::ArchiveError::TooLarge(limit)) => {
            assert_eq!(limit, LIMIT);
            kind(2)
        }
        Err(archive::ArchiveError::Damaged(why)) => kind((3, why.get(..9).unwrap_or_default())),
    }
}

/// The same, with a checksum of gzip that fits, and those of the headers in a tar: mutations come past both.
fn tar(bytes: &[u8]) -> Kind {
    let mut tar = bytes.to_vec();
    for header in tar.as_chunks_mut::<512>().0 {
        if header[257..262] == *b"ustar" {
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        }
    }
    packed(&stored(&tar))
}

/// The bytes in gzip as they are: one stored block, which a vector of [`u16::MAX`] bytes fits.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("inputs are short");
    let mut crc = Crc::new();
    crc.update(bytes);
    let header = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 1];
    let lengths = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    [&header[..], &lengths, bytes, &crc.sum().to_le_bytes(), &u32::from(length).to_le_bytes()].concat()
}
