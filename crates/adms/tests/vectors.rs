//! The vectors and real lines of the protocol reference (adms 14), and the replies and requests of real terminals that it
//! quotes (adms 4), byte by byte.
#![allow(clippy::unwrap_used, clippy::panic)]

use adms::handshake::{LineEnd, NoEncryption, Stamp, StampNames, Transfer};
use adms::operlog::{ErrorLine, Operation};
use adms::security::{self, Record, Settings};
use adms::{
    Call, Command, CommandLine, DataTable, Dialect, HandshakeReply, Info, Method, OperLine, PackedTime, Request,
    TransFlag, UserRecord, Zone, attlog, operlog, options, reply, results, text,
};

/// Vector 1 field by field.
fn vendor_block() -> HandshakeReply<'static> {
    HandshakeReply {
        attlog_stamp: Stamp::At("9999".into()),
        operlog_stamp: Stamp::At("9999".into()),
        attphoto_stamp: Some(Stamp::Unknown),
        stamp_names: StampNames::New,
        error_delay_s: 30,
        delay_s: 10,
        trans_times: "00:00;14:05",
        trans_interval_min: 1,
        trans_flag: TransFlag::Digits("1111000000".into()),
        time_zone: Some(Zone::Hours(0)),
        is_realtime: true,
        wants_options: false,
        ..HandshakeReply::new("0316144680030")
    }
}

#[test]
fn vector_1_the_block_that_live_terminals_accepted() {
    let text = vendor_block().to_string();
    assert_eq!(
        text,
        "GET OPTION FROM: 0316144680030\nATTLOGStamp=9999\nOPERLOGStamp=9999\nATTPHOTOStamp=None\nErrorDelay=30\nDelay=10\n\
         TransTimes=00:00;14:05\nTransInterval=1\nTransFlag=1111000000\nTimeZone=0\nRealtime=1\nEncrypt=None"
    );
    assert_eq!(text.len(), 202);
}

#[test]
fn vector_2_the_same_with_named_tables_is_265_bytes() {
    use Transfer::{AttLog, AttPhoto, ChgFp, ChgUser, EnrollFp, EnrollUser, OpLog, UserPic};
    let names = vec![AttLog, OpLog, AttPhoto, EnrollUser, ChgUser, EnrollFp, ChgFp, UserPic];
    let block =
        HandshakeReply { trans_flag: TransFlag::Names(names), time_zone: Some(Zone::Hours(8)), ..vendor_block() };
    let text = block.to_string();
    assert!(text.contains(
        "\nTransFlag=TransData AttLog\tOpLog\tAttPhoto\tEnrollUser\tChgUser\tEnrollFP\tChgFP\tUserPic\nTimeZone=8\n"
    ));
    assert_eq!(text.len(), 265);
}

/// Reply (1) of adms 4: the old names alone, as the 2.4.1 terminal was captured with.
#[test]
fn the_block_of_the_2_4_1_capture() {
    let block = HandshakeReply {
        stamp_names: StampNames::Old,
        attphoto_stamp: None,
        time_zone: Some(Zone::Hours(8)),
        no_encryption: NoEncryption::Zero,
        ..vendor_block()
    };
    assert_eq!(
        block.to_string(),
        "GET OPTION FROM: 0316144680030\nStamp=9999\nOpStamp=9999\nErrorDelay=30\nDelay=10\nTransTimes=00:00;14:05\n\
         TransInterval=1\nTransFlag=1111000000\nTimeZone=8\nRealtime=1\nEncrypt=0"
    );
}

/// Reply (3) of adms 4: lines end with CR LF and the zone is left out.
#[test]
fn a_block_with_cr_lf_reads_like_one_with_lf() {
    let block = HandshakeReply { time_zone: None, line_end: LineEnd::CrLf, ..vendor_block() };
    let text = block.to_string();
    assert!(
        text.starts_with("GET OPTION FROM: 0316144680030\r\nATTLOGStamp=9999\r\n")
            && text.ends_with("\r\nEncrypt=None")
    );
    let lf = HandshakeReply { time_zone: None, ..vendor_block() }.to_string();
    assert_eq!(
        adms::handshake::settings(&text).collect::<Vec<_>>(),
        adms::handshake::settings(&lf).collect::<Vec<_>>()
    );
}

#[test]
fn vector_3_nine_punches_in_315_bytes() {
    let seconds = [("1452", [28, 29, 30, 31, 33, 34, 35].as_slice()), ("8965", &[36, 37])];
    let body: String = seconds
        .iter()
        .flat_map(|(pin, seconds)| seconds.iter().map(move |s| format!("{pin}\t2015-07-30 15:16:{s}\t0\t1\t0\t0\t0\n")))
        .collect();
    assert_eq!(body.len(), 315);
    let lines: Vec<_> = attlog::lines(body.as_bytes()).collect::<Result<_, _>>().unwrap();
    assert_eq!(lines.len(), 9);
    assert_eq!(lines[8].pin, b"8965");
    assert_eq!(lines[8].time, b"2015-07-30 15:16:37");
    assert_eq!((lines[8].status, lines[8].verify, lines[8].workcode), (Some(0), Some(1), &b"0"[..]));
    let answer = reply::ok_count(lines.len());
    assert_eq!((answer.as_str(), answer.len()), ("OK:9", 4));
}

#[test]
fn vector_4_options_end_with_a_line_feed() {
    let body = "FingerFunOn=1,FaceFunOn=1\n";
    assert_eq!(body.len(), 26);
    assert_eq!(options::pairs(body).collect::<Vec<_>>(), [("FingerFunOn", "1"), ("FaceFunOn", "1")]);
}

#[test]
fn vector_5_an_error_of_a_terminal() {
    let body = b"ERRORLOG ErrCode=D01E0001\tErrMsg=\tDataOrigin=cmd\tCmdId=123\tAdditional=\n";
    assert_eq!(body.len(), 71);
    let lines: Vec<_> = operlog::lines(body).collect();
    let error = ErrorLine { code: b"D01E0001", origin: b"cmd", command_id: b"123", ..ErrorLine::default() };
    assert_eq!(lines, [Ok(OperLine::Error(error))]);
    assert_eq!(error.name(), Some("no face found"));
}

#[test]
fn vector_6_a_registry_code() {
    let answer = security::registry_code("Uy47fxftP3").unwrap();
    assert_eq!((answer.as_str(), answer.len()), ("RegistryCode=Uy47fxftP3", 23));
}

#[test]
fn vector_7_one_user_was_taken() {
    let answer = reply::table_count(&DataTable::User, 1);
    assert_eq!((answer.as_str(), answer.len()), ("user=1", 6));
}

#[test]
fn vector_8_the_settings_of_an_access_terminal_in_218_bytes() {
    let settings = Settings { request_delay_s: 2, ..Settings::new("30BFB04B2C8AECC72C01C03BFD549D15") };
    let block = settings.push_block();
    assert_eq!(
        block,
        "ServerVersion=3.0.1\nServerName=ADMS\nPushVersion=3.0.1\nErrorDelay=60\nRequestDelay=2\nTransTimes=00:00\t14:00\n\
         TransInterval=1\nTransTables=User Transaction\nRealtime=1\nSessionID=30BFB04B2C8AECC72C01C03BFD549D15\nTimeoutSec=10"
    );
    assert_eq!(block.len(), 218);
}

/// The documents print three bytes more than are visible, and do not say which: whatever pads a line is trimmed.
#[test]
fn vector_9_an_event_a_state_and_a_user_of_an_access_terminal() {
    let rtlog =
        "time=2017-01-10 11:49:32\tpin=0\tcardno=0\teventaddr=1\tevent=27\tinoutstatus=1\tverifytype=0\tindex=21";
    let rtstate = "time=2017-01-10 11:49:32\tsensor=00\trelay=00\talarm=0200000000000000";
    assert_eq!((rtlog.len(), rtstate.len()), (96, 66));
    for padding in ["", "\r\n\0", "\n", " \r\n", "\0\0\0"] {
        let body = format!("{rtlog}{padding}");
        let events: Vec<_> = security::events(body.as_bytes()).collect::<Result<_, _>>().unwrap();
        let [event] = events[..] else { panic!("one event, not {events:?}") };
        assert_eq!(
            (event.time, event.pin, event.code, event.index),
            (&b"2017-01-10 11:49:32"[..], &b"0"[..], Some(27), Some(21))
        );
        assert_eq!((event.name(), event.is_punch()), (Some("refused: not registered"), false));
        let body = format!("{rtstate}{padding}");
        let states: Vec<_> = security::states(body.as_bytes()).collect::<Result<_, _>>().unwrap();
        assert_eq!((states.len(), states[0].alarm.whole_byte(0)), (1, Some(2)));
        let body = format!(
            "user uid=1\tcardno=\tpin=7\tpassword=\tgroup=1\tstarttime=0\tendtime=0\tname=Li\tprivilege=0{padding}"
        );
        let users: Vec<_> = security::records(body.as_bytes()).collect::<Result<_, _>>().unwrap();
        assert!(
            matches!(users[..], [Record::User(user)] if user.pin == b"7" && user.privilege == Some(0)),
            "{users:?}"
        );
    }
}

#[test]
fn vector_10_five_results_of_commands() {
    let body = ["info8487", "info8488", "info8489", "info7464", "fp7464"]
        .map(|id| format!("ID={id}&Return=0&CMD=DATA"))
        .join("\n");
    assert_eq!(body.len(), 147);
    let results = results::read(body.as_bytes());
    assert_eq!(results.len(), 5);
    assert_eq!((results[4].id, results[4].code, results[4].command), (&b"fp7464"[..], Some(0), &b"DATA"[..]));
}

#[test]
fn vector_11_a_card_in_brackets_is_little_endian() {
    assert_eq!(operlog::card(b"[15CD5B07]"), Some(123_456_789));
    assert_eq!(operlog::card(b"12345678"), Some(12_345_678));
    for none in [&b""[..], b"0", b"[xyz]", b"[00000000]", b"[+5CD5B07]"] {
        assert_eq!(operlog::card(none), None, "{}", text::decode(none));
    }
}

#[test]
fn vector_12_packed_times() {
    for (packed, printed) in [
        (548_003_688, "2017-01-19 15:14:48"),
        (583_512_660, "2018-02-27 14:51:00"),
        (583_080_894, "2018-02-22 14:54:54"),
        (583_050_990, "2018-02-22 06:36:30"),
    ] {
        assert_eq!(PackedTime(packed).civil().to_string(), printed);
        assert_eq!(PackedTime::from_civil(printed.parse().unwrap()), Some(PackedTime(packed)));
    }
    let answer = security::time("2018-02-22 06:36:30".parse().unwrap(), 480).unwrap();
    assert_eq!((answer.as_str(), answer.len()), ("DateTime=583050990,ServerTZ=+0800", 33));
}

#[test]
fn vector_13_a_position_in_the_extended_data() {
    let line = b"1\t2026-05-01 08:00:00\t0\t15\t0\t0\t0\t0\t36.5\t97.7\t+28800\t\
        eyJHUFNJbmZvIjp7ImxvbmdpdHVkZSI6IjExNC4wODAwMjEiLCJsYXRpdHVkZSI6IjIyLjc2MzQ1NiJ9fQ==";
    let line = attlog::AttLogLine::read(line).unwrap();
    assert_eq!(line.extend_data().as_deref(), Some(r#"{"GPSInfo":{"longitude":"114.080021","latitude":"22.763456"}}"#));
    assert_eq!((line.mask(), line.temperature(), line.converted_temperature()), (Some(false), Some(36.5), Some(97.7)));
    assert_eq!(line.utc_offset_s(), Some(28_800));
}

#[test]
fn real_punches_have_ten_columns_and_a_trailing_tab() {
    let body = b"1\t2026-08-20 11:27:27\t255\t15\t0\t0\t0\t0\t0\t0\t\n\
                 7\t2024-07-07 01:29:01\t0\t1\t0\t0\t0\t0\t0\t0\t\n\
                 11\t2025-08-27 10:57:49\t0\t25\t0\t0\t0\t0\t0\t0\n";
    let lines: Vec<_> = attlog::lines(body).collect::<Result<_, _>>().unwrap();
    let read: Vec<_> = lines.iter().map(|line| (line.pin, line.status, line.verify)).collect();
    assert_eq!(
        read,
        [(&b"1"[..], Some(255), Some(15)), (&b"7"[..], Some(0), Some(1)), (&b"11"[..], Some(0), Some(25))]
    );
    assert_eq!(lines[0].rest, b"0\t0\t0\t0\t0\t");
    assert_eq!(lines[2].rest, b"0\t0\t0\t0\t0");
    assert_eq!(lines[0].bytes, b"1\t2026-08-20 11:27:27\t255\t15\t0\t0\t0\t0\t0\t0\t");
    for line in lines {
        assert_eq!((line.mask(), line.temperature(), line.extend_data()), (Some(false), None, None));
    }
}

#[test]
fn real_operations_and_a_real_user() {
    let body = b"OPLOG 0\t0\t2024-07-07 01:42:53\t0\t0\t0\t0\nOPLOG 3\t0\t2024-07-07 01:43:07\t54\t0\t0\t0\n\
        OPLOG 4\t0\t2024-07-07 01:44:19\t1\t0\t0\t0\nOPLOG 70\t0\t2024-07-11 10:26:27\t10\t0\t0\t0\n\
        USER PIN=6\tName=Wmjt\tPri=0\tPasswd=12345\tCard=\tGrp=1\tTZ=0000000100000000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0\n";
    let lines: Vec<_> = operlog::lines(body).collect::<Result<_, _>>().unwrap();
    let forced = Operation { kind: 3, operator: b"0", time: b"2024-07-07 01:43:07", objects: b"54\t0\t0\t0" };
    assert_eq!(lines[1], OperLine::Operation(forced));
    let names: Vec<_> = lines
        .iter()
        .filter_map(|line| match line {
            OperLine::Operation(operation) => Some((operation.name(), operation.alarm_reason())),
            _ => None,
        })
        .collect();
    assert_eq!(
        names,
        [
            (Some("powered on"), None),
            (Some("alarm"), Some("door forced")),
            (Some("menu entered"), None),
            (Some("name changed"), None)
        ]
    );
    let OperLine::User(user) = lines[4] else { panic!("a user, not {:?}", lines[4]) };
    assert_eq!((user.pin, user.name, user.privilege), (&b"6"[..], &b"Wmjt"[..], Some(0)));
    assert_eq!((user.password, user.card, user.group), (&b"12345"[..], None, Some(1)));
    assert_eq!((user.time_zones, user.own_time_zones()), (&b"0000000100000000"[..], None));
    assert_eq!((user.valid_from, user.valid_until, user.second_card), (&b"0"[..], &b"0"[..], &b""[..]));
    assert!(!format!("{user:?}").contains("12345"), "a password must not reach a log");
}

#[test]
fn the_real_options_of_an_x903() {
    let body = "~DeviceName=X903,MAC=00:17:61:12:ba:c5,TransactionCount=71,~MaxAttLogCount=5,UserCount=8,~MaxPvCount=,\
        PvCount=0,Language=73,IPAddress=192.168.131.150,~Platform=ZMM510_TFT,~OEMVendor=Solution,\
        FWVersion=ZMM510-NF-Ver1.0.19,PushVersion=Ver 2.0.33S-20211012,RegDeviceType=,MultiBioDataSupport=0:1:0:0:0:0:0:0:0:1\n";
    let value = |name: &str| options::pairs(body).find(|(key, _)| *key == name).map(|(_, value)| value);
    assert_eq!(options::pairs(body).count(), 15);
    assert_eq!(value("~DeviceName"), Some("X903"));
    assert_eq!(value("MAC"), Some("00:17:61:12:ba:c5"));
    assert_eq!((value("~MaxPvCount"), value("RegDeviceType")), (Some(""), Some("")));
    assert_eq!(value("PushVersion"), Some("Ver 2.0.33S-20211012"));
    assert_eq!(value("MultiBioDataSupport"), Some("0:1:0:0:0:0:0:0:0:1"));
}

#[test]
fn real_round_trips_of_commands() {
    let reboot = CommandLine::new("12", &Command::Reboot, Dialect::Attendance).unwrap();
    assert_eq!(reboot.to_string(), "C:12:REBOOT");
    let result = &results::read(b"ID=12&Return=0&CMD=REBOOT")[0];
    assert_eq!((result.id, result.code, result.command), (&b"12"[..], Some(0), &b"REBOOT"[..]));

    let user = UserRecord { card: Some(12_345_678), ..UserRecord::new("1001".parse().unwrap(), "John Doe") };
    let upsert = CommandLine::new("101", &Command::UpdateUser(user), Dialect::Attendance).unwrap();
    assert_eq!(
        upsert.to_string(),
        "C:101:DATA UPDATE USERINFO PIN=1001\tName=John Doe\tPri=0\tPasswd=\tCard=12345678\tGrp=1\tTZ=0000000000000000"
    );

    // Commands that this crate never sends, and whose results it reads all the same.
    let shell = &results::read(b"ID=32\nReturn=0\nCMD=Shell\nContent=Tue Mar 24 16:12:26 GMT 2026")[0];
    assert_eq!((shell.id, shell.command), (&b"32"[..], &b"Shell"[..]));
    assert_eq!(shell.content, Some(&b"Tue Mar 24 16:12:26 GMT 2026"[..]));
    let door = &results::read(b"ID=221&Return=0&CMD=CONTROL DEVICE")[0];
    assert_eq!((door.id, door.code, door.command), (&b"221"[..], Some(0), &b"CONTROL DEVICE"[..]));
}

#[test]
fn the_real_opening_requests() {
    let query = "SN=0316144680030&options=all&pushver=2.2.14&language=83&pushcommkey=4a9594af164f2b9779b59e8554b5df26";
    let request = Request::read(Method::Get, "/iclock/cdata", query);
    assert_eq!(request.serial.as_deref(), Some("0316144680030"));
    assert_eq!(request.shown.push_comm_key.as_deref(), Some("4a9594af164f2b9779b59e8554b5df26"));
    let Call::Handshake(handshake) = request.call else { panic!("a handshake, not {:?}", request.call) };
    assert_eq!(handshake.push_version.as_deref(), Some("2.2.14"));
    assert_eq!(handshake.language.as_deref(), Some("83"));
    assert_eq!((handshake.charset(), handshake.dialect()), (text::Charset::Gb2312, Dialect::Attendance));

    let query = "SN=0316144680030&options=all&pushver=2.4.1&language=69&DeviceType=att&PushOptionsFlag=1";
    let Call::Handshake(handshake) = Request::read(Method::Get, "/iclock/cdata", query).call else {
        panic!("a handshake")
    };
    assert!(handshake.can_post_options);
    assert_eq!(handshake.version(), Some(adms::handshake::Version(2, 4, 1)));
}

#[test]
fn real_state_reports() {
    let report = |query| match Request::read(Method::Get, "/iclock/getrequest", query).call {
        Call::GetRequest { info: Some(info) } => info.into_owned(),
        other => panic!("a poll with INFO, not {other:?}"),
    };
    let text = report("SN=1&INFO=Ver%206.60%20Oct%2012%202011,5,3,71,192.168.1.201,10");
    let info = Info::read(&text);
    assert_eq!(
        (&*info.firmware, info.users, info.punches, info.finger_algorithm, info.faces),
        ("Ver 6.60 Oct 12 2011", Some(5), Some(71), Some(10), None)
    );
    let text = report("SN=1&INFO=Ver%208.0.4.4-20190617,2,2,18,192.168.1.201,10,-1,0,0,101");
    let info = Info::read(&text);
    assert_eq!((info.face_algorithm, info.face_pictures, info.faces, info.cards), (None, Some(0), Some(0), None));
    let features = info.features.unwrap();
    assert_eq!(
        (features.finger, features.face, features.user_picture, features.visible_face),
        (true, false, true, false)
    );
    let text = report("SN=1&INFO=Ver%208.0.4.2-I113-02,143,1,109,172.16.12.182,10,7,12,141,111");
    let info = Info::read(&text);
    assert_eq!((info.fingers, &*info.address, info.faces), (Some(1), "172.16.12.182", Some(141)));
    let info = Info::read("Ver 9,1,2,3,10.0.0.1,12,58,12,4,11111,5,6,7");
    assert_eq!((info.cards, info.user_pictures, info.photos), (Some(5), Some(6), Some(7)));
}
