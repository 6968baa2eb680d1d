//! The vectors and real lines of the protocol reference (adms 14).

use adms::handshake::Stamp;
use adms::operlog::{NotKept, Operation};
use adms::{
    AttLogLine, BadLineReason, Call, CivilTime, Command, CommandLine, Dialect, HandshakeReply, Info, Method, OperLine,
    Request, Table, TransFlag, UserRecord, Zone, attlog, command, operlog, options, reply, results,
};

fn time(text: &str) -> CivilTime {
    text.parse().unwrap()
}

/// Vector 1 field by field.
fn vendor_block() -> HandshakeReply<'static> {
    HandshakeReply {
        attlog_stamp: Stamp::At("9999".into()),
        operlog_stamp: Stamp::At("9999".into()),
        attphoto_stamp: Stamp::Unknown,
        with_old_stamp_names: false,
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
    let names = vec!["AttLog", "OpLog", "AttPhoto", "EnrollUser", "ChgUser", "EnrollFP", "ChgFP", "UserPic"];
    let block =
        HandshakeReply { trans_flag: TransFlag::Names(names), time_zone: Some(Zone::Hours(8)), ..vendor_block() };
    assert_eq!(block.to_string().len(), 265);
}

#[test]
fn our_own_block_asks_for_no_templates_and_leaves_the_clock_alone() {
    let text = HandshakeReply::new("A1").to_string();
    let setting = |name: &str| adms::handshake::settings(&text).find(|(key, _)| *key == name).map(|(_, value)| value);
    assert_eq!(setting("TransFlag"), Some("TransData AttLog\tOpLog\tEnrollUser\tChgUser"));
    assert_eq!(setting("TimeZone"), None);
    assert_eq!(setting("Realtime"), Some("1"));
    let again = HandshakeReply::new("A1").sending_everything_again().to_string();
    assert!(again.contains("\nATTLOGStamp=0\nOPERLOGStamp=0\n") && again.contains("\nStamp=0\nOpStamp=0\n"));
}

#[test]
fn a_serial_with_a_line_break_adds_no_setting() {
    let text = HandshakeReply::new("A1\nRealtime=0").to_string();
    assert!(text.starts_with("GET OPTION FROM: A1Realtime=0\nATTLOGStamp="), "{text}");
}

#[test]
fn zones_are_said_in_the_form_that_every_terminal_reads_alike() {
    let said = |minutes| Zone::from_offset_minutes(minutes).map(|zone| zone.to_string());
    assert_eq!(said(330).as_deref(), Some("330"));
    assert_eq!(said(-210).as_deref(), Some("-210"));
    assert_eq!(said(720).as_deref(), Some("720"));
    assert_eq!(said(60).as_deref(), Some("1"));
    assert_eq!(said(0).as_deref(), Some("0"));
    assert_eq!(said(30), None);
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
    assert_eq!(reply::ok_count(lines.len()), "OK: 9");
}

#[test]
fn vector_4_options_end_with_a_line_feed() {
    let body = "FingerFunOn=1,FaceFunOn=1\n";
    assert_eq!(body.len(), 26);
    assert_eq!(options::pairs(body).collect::<Vec<_>>(), [("FingerFunOn", "1"), ("FaceFunOn", "1")]);
}

#[test]
fn vector_5_an_error_log_line_is_an_unknown_tag() {
    let body = b"ERRORLOG ErrCode=D01E0001\tErrMsg=\tDataOrigin=cmd\tCmdId=123\tAdditional=\n";
    assert_eq!(body.len(), 71);
    let lines: Vec<_> = operlog::lines(body).collect();
    assert_eq!(lines, [Ok(OperLine::Unknown { tag: b"ERRORLOG" })]);
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
    assert_eq!(operlog::card(b""), None);
    assert_eq!(operlog::card(b"0"), None);
    assert_eq!(operlog::card(b"[xyz]"), None);
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
}

#[test]
fn two_columns_are_enough_and_twelve_are_kept() {
    let line = AttLogLine::read(b" 0012 \t2024-01-01 08:00:00").unwrap();
    assert_eq!(
        (line.pin, line.time, line.status, line.rest),
        (&b"0012"[..], &b"2024-01-01 08:00:00"[..], None, &b""[..])
    );
    let line = AttLogLine::read(b"1\t2024-01-01 08:00:00\t0\t1\tW7\t0\t0\t1\t36.5\t36.5\t+28800\teyJ9").unwrap();
    assert_eq!(line.workcode, b"W7");
    assert_eq!(line.rest, b"0\t0\t1\t36.5\t36.5\t+28800\teyJ9");
}

#[test]
fn a_bad_line_does_not_reject_its_neighbours() {
    let body = b"1\t2024-01-01 08:00:00\t0\ngarbage\n2\t2026-13-45 25:61:00\t0\r\n3\t2024-01-01 08:00:02";
    let lines: Vec<_> = attlog::lines(body).collect();
    assert_eq!(lines.len(), 4);
    let bad = lines[1].unwrap_err();
    assert_eq!((bad.bytes, bad.reason), (&b"garbage"[..], BadLineReason::TooFewColumns));
    assert_eq!(lines[2].unwrap().time, b"2026-13-45 25:61:00");
    assert_eq!(lines[3].unwrap().pin, b"3");
}

#[test]
fn real_operations_and_a_real_user() {
    let body = b"OPLOG 0\t0\t2024-07-07 01:42:53\t0\t0\t0\t0\nOPLOG 3\t0\t2024-07-07 01:43:07\t54\t0\t0\t0\n\
        USER PIN=6\tName=Wmjt\tPri=0\tPasswd=12345\tCard=\tGrp=1\tTZ=0000000100000000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0\n";
    let lines: Vec<_> = operlog::lines(body).collect::<Result<_, _>>().unwrap();
    assert_eq!(
        lines[1],
        OperLine::Operation(Operation {
            kind: 3,
            operator: b"0",
            time: b"2024-07-07 01:43:07",
            objects: b"54\t0\t0\t0"
        })
    );
    let OperLine::User(user) = lines[2] else { panic!("a user, not {:?}", lines[2]) };
    assert_eq!((user.pin, user.name, user.privilege), (&b"6"[..], &b"Wmjt"[..], Some(0)));
    assert_eq!((user.password, user.card, user.group), (&b"12345"[..], None, Some(1)));
    assert_eq!(user.time_zones, b"0000000100000000");
    assert!(!format!("{user:?}").contains("12345"), "a password must not reach a log");
}

#[test]
fn templates_are_recognised_and_not_kept() {
    let body = b"FP PIN=1\tFID=0\tSize=4\tValid=1\tTMP=AAAA\nFACE PIN=1\tFID=0\tSIZE=4\tVALID=1\tTMP=BBBB\n\
        BIOPHOTO PIN=1\tFileName=1.jpg\tType=9\tSize=4\tContent=CCCC\nuser pin=2\tname=Li\nUSER Name=Nobody\nNEWTAG a=b\n";
    let lines: Vec<_> = operlog::lines(body).collect();
    assert_eq!(lines[0], Ok(OperLine::NotKept(NotKept::Finger)));
    assert_eq!(lines[1], Ok(OperLine::NotKept(NotKept::Face)));
    assert_eq!(lines[2], Ok(OperLine::NotKept(NotKept::Picture)));
    assert!(matches!(lines[3], Ok(OperLine::User(user)) if user.pin == b"2" && user.name == b"Li"));
    assert!(matches!(lines[4], Err(bad) if bad.reason == BadLineReason::NoUserNumber));
    assert_eq!(lines[5], Ok(OperLine::Unknown { tag: b"NEWTAG" }));
}

#[test]
fn the_real_opening_request() {
    let query = "SN=0316144680030&options=all&pushver=2.2.14&language=83&pushcommkey=4a9594af164f2b9779b59e8554b5df26";
    let request = Request::read(Method::Get, "/iclock/cdata", query);
    assert_eq!(request.serial.as_deref(), Some("0316144680030"));
    let Call::Handshake(handshake) = request.call else { panic!("a handshake, not {:?}", request.call) };
    assert_eq!(handshake.push_version.as_deref(), Some("2.2.14"));
    assert_eq!(handshake.language.as_deref(), Some("83"));
    assert_eq!(handshake.comm_key.as_deref(), Some("4a9594af164f2b9779b59e8554b5df26"));
}

#[test]
fn paths_come_in_any_case_with_aspx_and_slashes() {
    for path in ["/iclock/cdata", "/ICLOCK/CData.aspx", "/iclock/cdata/", "/iclock/cdata.ASPX/"] {
        let request = Request::read(Method::Post, path, "sn=%20A1&table=attlog&Stamp=9999");
        assert_eq!(request.serial.as_deref(), Some("A1"), "{path}");
        let Call::Upload(upload) = request.call else { panic!("an upload: {path}") };
        assert_eq!((upload.table, upload.stamp.as_deref(), upload.is_tgz), (Table::AttLog, Some("9999"), false));
    }
}

#[test]
fn every_endpoint_of_the_table_has_its_call() {
    let call = |method, target: &'static str| {
        let (path, query) = target.split_once('?').unwrap();
        Request::read(method, path, query).call
    };
    let table = |target| match call(Method::Post, target) {
        Call::Upload(upload) => Some(upload.table),
        _ => None,
    };
    assert_eq!(table("/iclock/cdata?SN=1&table=OPERLOG&OpStamp=9"), Some(Table::OperLog));
    assert_eq!(table("/iclock/cdata?SN=1&table=options"), Some(Table::Options));
    assert_eq!(table("/iclock/fdata?SN=1&table=ATTPHOTO"), Some(Table::NotKept));
    assert_eq!(table("/iclock/cdata?SN=1&table=ERRORLOG"), Some(Table::Other("ERRORLOG".into())));
    assert_eq!(call(Method::Get, "/iclock/getrequest?SN=1"), Call::GetRequest { info: None });
    assert_eq!(call(Method::Post, "/iclock/devicecmd?SN=1"), Call::DeviceCmd);
    assert_eq!(call(Method::Get, "/iclock/ping?SN=1"), Call::Ping);
    assert_eq!(call(Method::Get, "/iclock/cdata?SN=1&type=time"), Call::Time);
    assert_eq!(call(Method::Get, "/iclock/cdata?SN=1&table=RemoteAtt&PIN=3"), Call::Other);
    assert_eq!(call(Method::Post, "/iclock/cdata?SN=1&type=PostVerifyData"), Call::Other);
    assert_eq!(call(Method::Post, "/iclock/exchange?SN=1&type=publickey"), Call::Other);
    assert_eq!(Request::read(Method::Get, "/iclock/ping", "SN=").serial, None);
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
        (&*info.firmware, info.users, info.punches, info.faces),
        ("Ver 6.60 Oct 12 2011", Some(5), Some(71), None)
    );
    let text = report("SN=1&INFO=Ver%208.0.4.2-I113-02,143,1,109,172.16.12.182,10,7,12,141,111");
    let info = Info::read(&text);
    assert_eq!((info.fingers, &*info.address, info.faces), (Some(1), "172.16.12.182", Some(141)));
    let text = report("SN=1&INFO=Ver%208.0.4.4-20190617,2,2,18,192.168.1.201,10,-1,0,-1,101");
    assert_eq!(Info::read(&text).faces, None);
}

#[test]
fn commands_make_the_round_trip() {
    let line = |id: &str, command| CommandLine::new(id, &command, Dialect::Attendance).unwrap();
    let query = Command::QueryAttLog { from: time("2015-07-29 00:00:00"), to: time("2015-07-30 00:00:00") };
    let queue = [line("12", Command::Reboot), line("13", Command::Check), line("14", query)];
    let (text, sent) = command::reply(&queue);
    assert_eq!(
        text,
        "C:13:CHECK\nC:14:DATA QUERY ATTLOG StartTime=2015-07-29 00:00:00\tEndTime=2015-07-30 00:00:00\nC:12:REBOOT\n"
    );
    assert_eq!(sent, ["13", "14", "12"]);
    assert_eq!(command::read(&text).next(), Some(("13", "CHECK")));
    assert_eq!(command::reply(&[]), ("OK".to_owned(), vec![]));
}

#[test]
fn text_that_would_start_another_command_is_refused() {
    let injected = Command::UpdateUser(UserRecord::new("7".parse().unwrap(), "x\nC:9:REBOOT"));
    let error = CommandLine::new("1", &injected, Dialect::Attendance).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`x\\nC:9:REBOOT` has a tab, line break or other control character in it: a terminal would read it as another command"
    );
    for id in ["", "a b", "12345678901234567", "1:2"] {
        assert!(CommandLine::new(id, &Command::Check, Dialect::Attendance).is_err(), "{id}");
    }
}

#[test]
fn results_of_one_and_of_several_lines() {
    let results = results::read(b"ID=12&Return=0&CMD=REBOOT");
    assert_eq!((results[0].id, results[0].code, results[0].command), (&b"12"[..], Some(0), &b"REBOOT"[..]));
    let results = results::read(b"ID=221&return=-1002&CMD=CONTROL DEVICE&SN=X\n");
    assert_eq!((results[0].code, results[0].command), (Some(-1002), &b"CONTROL DEVICE"[..]));

    let info = b"ID=5&Return=0&CMD=INFO\n~DeviceName=X903\nReturn=0\nName=a&b\n";
    let results = results::read(info);
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].pairs, [(&b"~DeviceName"[..], &b"X903"[..]), (b"Name", b"a&b")]);

    let shell = b"ID=32\nReturn=0\nCMD=Shell\nContent=Tue Mar 24\nID=33 2026";
    let results = results::read(shell);
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].command, b"Shell");
    assert_eq!(results[0].content, Some(&b"Tue Mar 24\nID=33 2026"[..]));
}

/// Every command in both dialects, as the documents and public examples write it (adms 7, 9).
#[test]
fn each_dialect_has_its_own_words_for_a_command() {
    let pin = || "1001".parse().unwrap();
    let (from, to) = (time("2015-07-29 00:00:00"), time("2015-07-30 23:59:59"));
    let option = |name: &str, value: &str| Command::SetOption { name: name.into(), value: value.into() };
    let user = UserRecord { card: Some(12_345_678), ..UserRecord::new(pin(), "John Doe") };
    let words = [
        (Command::Check, Some("CHECK"), None),
        (Command::UploadAgain, Some("CHECK"), Some("DATA QUERY tablename=transaction,fielddesc=*,filter=*")),
        (Command::Info, Some("INFO"), None),
        (Command::Log, Some("LOG"), None),
        (
            Command::QueryAttLog { from, to },
            Some("DATA QUERY ATTLOG StartTime=2015-07-29 00:00:00\tEndTime=2015-07-30 23:59:59"),
            None,
        ),
        (
            Command::VerifyAttLog { from, to },
            Some("VERIFY SUM ATTLOG StartTime=2015-07-29 00:00:00\tEndTime=2015-07-30 23:59:59"),
            None,
        ),
        (Command::QueryUsers, Some("DATA QUERY USERINFO"), Some("DATA QUERY tablename=user,fielddesc=*,filter=*")),
        (
            Command::QueryUser(pin()),
            Some("DATA QUERY USERINFO PIN=1001"),
            Some("DATA QUERY tablename=user,fielddesc=*,filter=pin=1001"),
        ),
        (
            Command::UpdateUser(user),
            Some(
                "DATA UPDATE USERINFO PIN=1001\tName=John Doe\tPri=0\tPasswd=\tCard=12345678\tGrp=1\tTZ=0000000000000000",
            ),
            Some(
                "DATA UPDATE user CardNo=12345678\tPin=1001\tPassword=\tGroup=1\tStartTime=0\tEndTime=0\tName=John Doe\tPrivilege=0",
            ),
        ),
        (Command::DeleteUser(pin()), Some("DATA DELETE USERINFO PIN=1001"), Some("DATA DELETE user Pin=1001")),
        (
            Command::GetOption { name: "~MaxUserCount".into() },
            Some("GET OPTION FROM ~MaxUserCount"),
            Some("GET OPTIONS ~MaxUserCount"),
        ),
        (option("VOLUME", "40"), Some("SET OPTION VOLUME=40"), Some("SET OPTIONS VOLUME=40")),
        (option("Banner", "a,b"), Some("SET OPTION Banner=a,b"), None),
        (Command::ReloadOptions, Some("RELOAD OPTIONS"), None),
        (Command::Reboot, Some("REBOOT"), Some("CONTROL DEVICE 03000000")),
    ];
    for (command, attendance, security) in words {
        let said = |dialect| CommandLine::new("101", &command, dialect).ok().map(|line| line.to_string());
        assert_eq!(said(Dialect::Attendance), attendance.map(|text| format!("C:101:{text}")));
        assert_eq!(said(Dialect::Security), security.map(|text| format!("C:101:{text}")));
    }
    let refused = CommandLine::new("1", &Command::Check, Dialect::Security).unwrap_err();
    assert_eq!(refused.to_string(), "an access terminal has no command to read its settings again; restart it instead");
}

#[test]
fn an_update_can_carry_everything_that_a_user_has() {
    let user = UserRecord {
        privilege: adms::Privilege::Manager,
        password: "4711".into(),
        verify: Some(-1),
        second_card: Some(String::new()),
        validity: Some((time("2026-01-01 00:00:00"), time("2026-12-31 23:59:59"))),
        ..UserRecord::new("0012".parse().unwrap(), "张三")
    };
    let shown = format!("{user:?}");
    let line = |dialect| CommandLine::new("7", &Command::UpdateUser(user.clone()), dialect).unwrap();
    assert_eq!(
        line(Dialect::Attendance).to_string(),
        "C:7:DATA UPDATE USERINFO PIN=0012\tName=张三\tPri=6\tPasswd=4711\tCard=\tGrp=1\tTZ=0000000000000000\tVerify=-1\t\
         ViceCard=\tStartDatetime=2026-01-01 00:00:00\tEndDatetime=2026-12-31 23:59:59"
    );
    assert_eq!(
        line(Dialect::Security).to_string(),
        "C:7:DATA UPDATE user CardNo=\tPin=0012\tPassword=4711\tGroup=1\tStartTime=835660800\tEndTime=867801599\tName=张三\tPrivilege=6"
    );
    assert!(!shown.contains("4711") && !format!("{:?}", line(Dialect::Attendance)).contains("4711"));
}

/// Some firmware reads a deletion without user number as "everybody" (adms 7).
#[test]
fn a_deletion_without_a_user_number_can_not_be_said() {
    for text in ["", " ", "0", "000", "*", "1\t2", "1,2", "1 2", "1=2", "1234567890123456789012345", "é"] {
        assert!(text.parse::<adms::Pin>().is_err(), "{text:?}");
    }
    for text in ["1", "0012", "E-20001", "a.b_c"] {
        assert_eq!(text.parse::<adms::Pin>().unwrap().as_str(), text);
    }
}

#[test]
fn a_reply_stays_within_what_terminals_take() {
    let pin = |n: usize| n.to_string().parse::<adms::Pin>().unwrap();
    let line = |n: usize, name: &str| {
        let command = Command::UpdateUser(UserRecord::new(pin(n), name));
        CommandLine::new(n.to_string(), &command, Dialect::Attendance)
    };
    let many: Vec<_> = (1..=300).map(|n| line(n, "x").unwrap()).collect();
    assert_eq!(command::reply(&many).1.len(), 200);
    let long: Vec<_> = (1..=30).map(|n| line(n, &"x".repeat(4000)).unwrap()).collect();
    let (text, sent) = command::reply(&long);
    assert!(text.len() <= command::MAX_REPLY_BYTES && sent.len() == 10, "{} bytes, {}", text.len(), sent.len());
    assert!(line(1, &"x".repeat(50_000)).unwrap_err().to_string().contains("is too long"));
}

#[test]
fn a_count_of_punches_is_read_whatever_its_spelling() {
    for text in ["AttlogSum=71", "ATTLOGSUM=71", "AttLogCount=71"] {
        let body = format!("ID=3&Return=0&CMD=VERIFY SUM&StartTime=2015-07-29 00:00:00&{text}\n");
        assert_eq!(results::read(body.as_bytes())[0].sum(), Some(71), "{text}");
    }
    assert_eq!(results::read(b"ID=3&Return=-1&CMD=VERIFY SUM")[0].sum(), None);
}
