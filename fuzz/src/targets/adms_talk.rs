//! What else a terminal says in the push protocol, and that what it says can't put words into our answers.

use adms::handshake::{DigitOrder, HandshakeReply, TransFlag, Version};
use adms::text::Charset;
use adms::verify::VerifyType;
use adms::{
    Call, CivilTime, Command, CommandLine, Dialect, Info, Method, PackedTime, PhotoName, Pin, Request, UserRecord,
    Zone, command, handshake, options, query, security, text,
};

use super::{Kind, Target, few, kind};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "adms/request",
        check: request,
        words: &[
            "GET ",
            "POST ",
            "/iclock/",
            "/s3cret/iclock",
            "cdata",
            "?SN=",
            "&table=",
            "ATTLOG",
            "OPERLOG",
            "options",
            "rtlog",
            "tabledata",
            "&tablename=transaction",
            "&Stamp=",
            "&pushver=3.1.2",
            "&DeviceType=acc",
            "&INFO=",
            "%0a",
            "%00",
            "%d5%c5",
            "getrequest",
            "devicecmd",
            "querydata",
            "&type=count",
            "&cmdid=1&packcnt=2&packidx=1",
            "&ContentType=tgz",
            "registry",
            "&language=83",
        ],
    },
    Target { name: "adms/query", check: query, words: &["%", "%41", "&", "=", "+", "%d5%c5", "%e5%bc%a0", "%ff"] },
    Target { name: "adms/options", check: options, words: &[",~", ",MAC=", "=", "\0", "~DeviceName=", ", "] },
    Target {
        name: "adms/commands",
        check: commands,
        words: &["C:1:", "\nC:", "\r\n", "DATA UPDATE USERINFO PIN=", "~", ",", "\u{85}"],
    },
    Target {
        name: "adms/handshake",
        check: handshake,
        words: &[
            "TransFlag=",
            "TransData ",
            "AttLog\t",
            "EnrollFP",
            "1111000000",
            "TimeZone=",
            "+05:30",
            "-11",
            "Ver 2.0.33S",
            "\r\n",
            "=",
        ],
    },
    Target {
        name: "adms/values",
        check: values,
        words: &["0000001000000010", "20240707012901-7.jpg", "[15CD5B07]", ",", "192.168.1.201"],
    },
    Target { name: "adms/text", check: text, words: &["张三", "\u{fffd}", "\0", "Peña"] },
    Target { name: "adms/times", check: times, words: &["2024-02-29 12:34:56", "-", " ", ":", "0000", "9999"] },
];

/// A request line: method, path and query. A serial puts no settings into the block that answers it.
fn request(bytes: &[u8]) -> Kind {
    let line = text::decode(bytes);
    let (method, target) = line.split_once(' ').unwrap_or(("", &line));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        _ => Method::Other,
    };
    let Request { serial, shown, call } = Request::read(method, path, query);
    for word in [&serial, &shown.com_key, &shown.push_comm_key].into_iter().flatten() {
        assert!(!word.is_empty() && text::trim(word.as_bytes()) == word.as_bytes());
    }
    let before = adms::request::before_iclock(path);
    assert!(before.is_none_or(|before| before.trim_matches('/') == before && path.contains(before)));
    let upper = path.to_ascii_uppercase();
    assert_eq!(Request::read(method, &upper, "").call, Request::read(method, path, "").call, "paths have any case");
    let detail = match &call {
        Call::Handshake(opening) => {
            let block = |serial| {
                let reply = HandshakeReply::answering(serial, opening).setting_the_clock(330, opening).to_string();
                reply.split_once('\n').map(|(_, settings)| settings.to_owned())
            };
            assert_eq!(block(serial.as_deref().unwrap_or_default()), block("A1"));
            (opening.charset() == Charset::Gb2312, opening.version().map_or(0, |Version(major, ..)| few(major.into())))
        }
        Call::Upload(upload) => (upload.is_tgz, kind(std::mem::discriminant(&upload.table)).0 as usize),
        Call::GetRequest { info } => (info.as_deref().is_some_and(|info| Info::read(info).users.is_some()), 0),
        Call::QueryData(data) => (data.packet.is_some(), few(data.command_id.as_deref().map_or(0, str::len))),
        _ => (false, 0),
    };
    let dialect = call.dialect().map(|dialect| dialect == Dialect::Security);
    kind((serial.is_some(), shown.com_key.is_some(), std::mem::discriminant(&call), dialect, detail))
}

fn query(bytes: &[u8]) -> Kind {
    let query = String::from_utf8_lossy(bytes);
    let pairs: Vec<_> = query::pairs(&query).collect();
    for (key, value) in &pairs {
        assert!(!key.contains(['&', '=']));
        // U+FFFD stands for a byte.
        assert!(value.len() <= 3 * query.len());
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(query::decode(&encoded), *value, "what is encoded is read back");
    }
    kind((few(pairs.len()), query.contains('%'), pairs.iter().any(|(_, value)| value.contains('\u{fffd}'))))
}

fn options(bytes: &[u8]) -> Kind {
    let body = text::decode(bytes);
    let pairs: Vec<_> = options::pairs(&body).collect();
    for (key, value) in &pairs {
        assert!(key.trim() == *key && !key.contains(['=', '\n', '\r']), "{key:?}");
        assert!(!value.contains(['\n', '\r']) && text::trim(value.as_bytes()) == value.as_bytes(), "{value:?}");
        // A pair by itself is the same pair.
        if !key.contains(',') && !key.is_empty() && !key.starts_with('\0') {
            let alone = format!("{key}={value}");
            assert_eq!(options::pairs(&alone).collect::<Vec<_>>(), [(*key, *value)]);
        }
    }
    let said: usize = pairs.iter().map(|(key, value)| key.len() + value.len()).sum();
    assert!(said <= body.len());
    kind((
        few(pairs.len()),
        pairs.iter().any(|(_, value)| value.contains(',')),
        pairs.iter().any(|(_, value)| value.is_empty()),
    ))
}

/// Whatever text goes into a command, a terminal reads one command: the one that was meant.
fn commands(bytes: &[u8]) -> Kind {
    let all = text::decode(bytes);
    assert!(command::read(&all).all(|(id, _)| !id.contains(':')));
    let mut texts = all.split('\u{1}');
    let mut next = || texts.next().unwrap_or_default().to_owned();
    let (id, name, value, pin) = (next(), next(), next(), next());
    let pin = pin.parse::<Pin>().ok();
    let user = pin.clone().map(|pin| UserRecord { password: value.clone(), ..UserRecord::new(pin, name.clone()) });
    let asked = [
        Some(Command::GetOption { name: name.clone() }),
        Some(Command::SetOption { name, value }),
        user.map(Command::UpdateUser),
        pin.map(Command::DeleteUser),
    ];
    let dialect = if bytes.len().is_multiple_of(2) { Dialect::Attendance } else { Dialect::Security };
    let mut lines = Vec::new();
    for command in asked.iter().flatten() {
        match CommandLine::new(id.clone(), command, dialect) {
            Ok(line) => lines.push(line),
            Err(error) => assert!(!error.to_string().chars().any(char::is_control), "an error prints: {error}"),
        }
    }
    let (reply, sent) = command::reply(&lines);
    assert!(reply.len() <= command::MAX_REPLY_BYTES);
    let read: Vec<_> = command::read(&reply).collect();
    assert_eq!(read.len(), sent.len(), "each is one line: {reply:?}");
    for ((read_id, text), line) in read.iter().zip(&lines) {
        assert_eq!(*read_id, id);
        assert_eq!(format!("C:{id}:{text}"), line.to_string());
        assert!(!text.chars().any(|c| c.is_control() && c != '\t'), "{text:?}");
    }
    kind((lines.len(), few(all.len())))
}

/// A block of settings as a terminal reads it.
fn handshake(bytes: &[u8]) -> Kind {
    let block = text::decode(bytes);
    let mut kinds = Vec::new();
    for (key, value) in handshake::settings(&block) {
        assert!(!key.contains('=') && !value.contains('\n'));
        for order in [DigitOrder::V2, DigitOrder::V3] {
            let wish = TransFlag::read(value, order);
            for flag in [TransFlag::Names(wish.clone()), TransFlag::BareNames(wish.clone())] {
                assert_eq!(TransFlag::read(&flag.to_string(), order), wish);
            }
            let digits = TransFlag::digits(&wish, order).to_string();
            let again = TransFlag::digits(&TransFlag::read(&digits, order), order).to_string();
            assert!(again == digits || !digits.contains('1'), "all zero means photos only");
            kinds.push(few(wish.len()));
        }
        if let Some(minutes) = Zone::read(value) {
            for zone in [Zone::from_offset_minutes(minutes), Some(Zone::Offset(minutes))].into_iter().flatten() {
                assert_eq!(Zone::read(&zone.to_string()), Some(minutes), "{zone}");
            }
            kinds.push(10);
        }
        kinds.extend(Version::read(value).map(|Version(major, ..)| 20 + few(usize::from(major))));
    }
    kinds.truncate(6);
    kind(kinds)
}

/// Values with a form of their own.
fn values(bytes: &[u8]) -> Kind {
    let value = text::decode(bytes);
    let info = Info::read(&value);
    assert!(info.firmware.trim() == info.firmware && !info.address.contains(','));
    let verify = VerifyType::read(bytes);
    assert!(verify.is_none_or(|verify| verify.methods().count() <= 12));
    let card = adms::operlog::card(bytes);
    let photo = PhotoName::read(&value);
    assert!(photo.is_none_or(|photo| photo.time.exists()));
    let code = security::registry_code(&value);
    assert!(code.as_ref().is_ok_and(|code| code.len() <= 45 && !code.contains('\n')) || code.is_err());
    let pin = value.parse::<Pin>();
    assert!(pin.as_ref().is_ok_and(|pin| pin.as_str() == value) || pin.is_err());
    let span = value.parse().ok().and_then(security::day_span);
    kind((
        info.users.is_some(),
        info.features.is_some(),
        verify.map(|verify| few(verify.methods().count())),
        card.is_some(),
        photo.is_some(),
        code.is_ok(),
        pin.is_ok(),
        span.is_some(),
    ))
}

fn text(bytes: &[u8]) -> Kind {
    let trimmed = text::trim(bytes);
    assert_eq!(text::trim(trimmed), trimmed);
    let read = text::decode(bytes);
    assert!(read.len() <= 3 * bytes.len());
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    assert!(!is_utf8 || read.as_bytes() == bytes, "UTF-8 is read as it is");
    assert_eq!(text::decode(&Charset::Utf8.encode(&read)), read);
    kind((is_utf8, read.contains('\u{fffd}'), few(read.chars().filter(|c| !c.is_ascii()).count()), trimmed == bytes))
}

/// A printed time is the only form of its value; any packed number prints.
fn times(bytes: &[u8]) -> Kind {
    let printed = String::from_utf8_lossy(bytes).parse::<CivilTime>();
    if let Ok(time) = printed {
        assert!(time.exists() && time.to_string().as_bytes() == bytes);
        let packed = PackedTime::from_civil(time);
        assert!(packed.is_none_or(|packed| packed.civil() == time));
        let reply = security::time(time, i16::from(bytes[0]) - 60);
        assert_eq!(reply.is_some(), packed.is_some());
    }
    let mut field = [0; 4];
    field.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    let packed = PackedTime(i32::from_le_bytes(field));
    assert_eq!(PackedTime::from_civil(packed.civil()), Some(packed));
    kind((printed.is_ok(), printed.ok().and_then(PackedTime::from_civil).is_some(), packed.civil().exists()))
}
