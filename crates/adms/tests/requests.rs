//! Requests of terminals in the forms that occur, and replies that suit their firmware (adms 2 to 4).
#![allow(clippy::unwrap_used, clippy::panic)]

use adms::request::before_iclock;
use adms::{Call, DataTable, Dialect, Found, HandshakeReply, HandshakeRequest, Method, Request, Shown, Table, reply};

fn call(method: Method, target: &'static str) -> Call<'static> {
    let (path, query) = target.split_once('?').unwrap();
    Request::read(method, path, query).call
}

fn opening(target: &'static str) -> HandshakeRequest<'static> {
    match call(Method::Get, target) {
        Call::Handshake(request) => request,
        other => panic!("a handshake, not {other:?}"),
    }
}

fn setting(block: &str, name: &str) -> Option<String> {
    adms::handshake::settings(block).find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

#[test]
fn our_own_block_asks_for_no_templates_and_leaves_the_clock_alone() {
    let text = HandshakeReply::new("A1").to_string();
    assert_eq!(setting(&text, "TransFlag").as_deref(), Some("TransData AttLog\tOpLog\tEnrollUser\tChgUser"));
    assert_eq!(setting(&text, "TimeZone"), None);
    assert_eq!(setting(&text, "SyncTime"), None);
    assert_eq!(setting(&text, "Realtime").as_deref(), Some("1"));
    let again = HandshakeReply::new("A1").sending_everything_again().to_string();
    assert!(again.contains("\nATTLOGStamp=0\nOPERLOGStamp=0\n") && again.contains("\nStamp=0\nOpStamp=0\n"));
}

#[test]
fn encryption_is_never_offered() {
    for target in ["/iclock/cdata?SN=1&pushver=2.4.1", "/iclock/cdata?SN=1&pushver=3.2.0&DeviceType=att"] {
        let text = HandshakeReply::answering("1", &opening(target)).to_string();
        assert_eq!(setting(&text, "Encrypt").as_deref(), Some("None"), "{target}");
        assert_eq!(setting(&text, "PushProtVer"), None, "absent means 2.2.14: {target}");
    }
    let offered = HandshakeReply {
        push_version: Some(adms::handshake::OfferedVersion::V2_3_0),
        server_version: Some("2.4.1"),
        ..HandshakeReply::new("1")
    };
    assert_eq!(setting(&offered.to_string(), "PushProtVer").as_deref(), Some("2.3.0"));
}

#[test]
fn each_firmware_gets_its_form_of_flag_and_zone() {
    let block = |target, offset| {
        let request = opening(target);
        HandshakeReply::answering("1", &request).setting_the_clock(offset, &request).to_string()
    };
    let old = block("/iclock/cdata?SN=1&pushver=2.2.14", 330);
    assert_eq!(setting(&old, "TimeZone").as_deref(), Some("330"));
    assert!(setting(&old, "TransFlag").unwrap().starts_with("TransData AttLog\t"));
    let new = block("/iclock/cdata?SN=1&pushver=3.2.0", -300);
    assert_eq!(setting(&new, "TimeZone").as_deref(), Some("-05:00"));
    assert!(setting(&new, "TransFlag").unwrap().starts_with("AttLog\t"));
    assert_eq!(setting(&block("/iclock/cdata?SN=1", 30), "TimeZone"), None, "2.x can't say +00:30");
}

#[test]
fn a_block_can_carry_what_other_firmware_knows() {
    let block = HandshakeReply {
        biodata_stamp: Some(adms::handshake::Stamp::Unknown),
        idcard_stamp: Some(adms::handshake::Stamp::At("7".into())),
        errorlog_stamp: Some(adms::handshake::Stamp::FromTheStart),
        push_options: &["FingerFunOn", "FaceFunOn"],
        has_ping: true,
        timeout_s: Some(60),
        sync_time_s: Some(3600),
        ..HandshakeReply::new("1")
    };
    let text = block.to_string();
    for (name, value) in [
        ("BIODATAStamp", "None"),
        ("IDCARDStamp", "7"),
        ("ERRORLOGStamp", "0"),
        ("PushOptions", "FingerFunOn,FaceFunOn"),
        ("SupportPing", "1"),
        ("Timeout", "60"),
        ("SyncTime", "3600"),
    ] {
        assert_eq!(setting(&text, name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn a_serial_with_a_line_break_adds_no_setting() {
    let text = HandshakeReply::new("A1\nRealtime=0").to_string();
    assert!(text.starts_with("GET OPTION FROM: A1Realtime=0\nATTLOGStamp="), "{text}");
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
fn every_endpoint_of_the_attendance_dialect_has_its_call() {
    let table = |target| match call(Method::Post, target) {
        Call::Upload(upload) => Some((upload.table, upload.is_tgz)),
        _ => None,
    };
    assert_eq!(table("/iclock/cdata?SN=1&table=OPERLOG&OpStamp=9"), Some((Table::OperLog, false)));
    assert_eq!(table("/iclock/cdata?SN=1&table=OPERLOG&ContentType=tgz"), Some((Table::OperLog, true)));
    assert_eq!(table("/iclock/cdata?SN=1&table=USERINFO"), Some((Table::OperLog, false)));
    assert_eq!(table("/iclock/cdata?SN=1&table=options"), Some((Table::Options, false)));
    assert_eq!(table("/iclock/fdata?SN=1&table=ATTPHOTO&PhotoStamp=1"), Some((Table::Photo, false)));
    for name in ["BIODATA", "FINGERTMP", "IDCARD", "ERRORLOG"] {
        let target: &'static str = format!("/iclock/cdata?SN=1&table={name}").leak();
        assert_eq!(table(target), Some((Table::Tagged(name), false)));
    }
    assert_eq!(table("/iclock/cdata?SN=1&table=MOOD"), Some((Table::Other("MOOD".into()), false)));
    assert_eq!(call(Method::Get, "/iclock/getrequest?SN=1"), Call::GetRequest { info: None });
    assert_eq!(call(Method::Post, "/iclock/devicecmd?SN=1"), Call::DeviceCmd);
    assert_eq!(call(Method::Get, "/iclock/ping?SN=1"), Call::Ping);
    assert_eq!(call(Method::Get, "/iclock/cdata?SN=1&type=time"), Call::Time);
    let question = Call::Question { pin: Some("3".into()) };
    assert_eq!(call(Method::Get, "/iclock/cdata?SN=1&table=RemoteAtt&PIN=3"), question);
    assert_eq!(call(Method::Get, "/iclock/cdata?SN=1&type=LastPunch&PIN=3"), question);
    assert_eq!(call(Method::Get, "/iclock/cdata?SN=1&table=SELFSERVICEDATA&PIN=3&ServiceNum=1"), question);
    assert_eq!(call(Method::Post, "/iclock/cdata?SN=1&type=PostVerifyData"), Call::Verify);
    assert_eq!(call(Method::Post, "/iclock/exchange?SN=1&type=publickey"), Call::Exchange);
    assert_eq!(call(Method::Get, "/iclock/FileName=x.tgz?SN=1"), Call::Other);
    assert_eq!(call(Method::Other, "/iclock/cdata?SN=1"), Call::Other);
    assert_eq!(Request::read(Method::Get, "/iclock/ping", "SN=").serial, None);
}

#[test]
fn every_endpoint_of_the_security_dialect_has_its_call() {
    assert_eq!(call(Method::Post, "/iclock/registry?SN=1"), Call::Registry);
    assert_eq!(call(Method::Post, "/iclock/push?SN=1"), Call::Push);
    assert_eq!(call(Method::Get, "/iclock/rtdata?SN=1&type=time"), Call::RtData);
    assert_eq!(call(Method::Get, "/iclock/file?SN=1"), Call::File);
    assert_eq!(call(Method::Post, "/iclock/cdata?SN=1&AuthType=device"), Call::Verify);
    let table = |target| match call(Method::Post, target) {
        Call::Upload(upload) => upload.table,
        other => panic!("an upload, not {other:?}"),
    };
    assert_eq!(table("/iclock/cdata?SN=1&table=rtlog"), Table::RtLog);
    assert_eq!(table("/iclock/cdata?SN=1&table=rtstate"), Table::RtState);
    assert_eq!(table("/iclock/cdata?SN=1&table=tabledata&tablename=user&count=1"), Table::TableData(DataTable::User));
    for name in ["biodata", "biophoto", "templatev10", "identitycard", "errorlog"] {
        let target: &'static str = format!("/iclock/cdata?SN=1&table=tabledata&tablename={name}").leak();
        assert_eq!(table(target), Table::TableData(DataTable::NotKept(name)));
        assert_eq!(reply::table_count(&DataTable::NotKept(name), 3), format!("{name}=3"));
    }
    assert_eq!(
        table("/iclock/cdata?SN=1&table=tabledata&tablename=mood"),
        Table::TableData(DataTable::Other("mood".into()))
    );
    let Call::QueryData(answer) = call(
        Method::Post,
        "/iclock/querydata?SN=1&type=tabledata&cmdid=8&tablename=transaction&count=2&packcnt=3&packidx=1",
    ) else {
        panic!("an answer")
    };
    assert_eq!(answer.found, Found::Records(DataTable::Transaction));
    assert_eq!((answer.command_id.as_deref(), answer.packet), (Some("8"), Some((1, 3))));
    let found = |target| match call(Method::Post, target) {
        Call::QueryData(answer) => answer.found,
        other => panic!("an answer, not {other:?}"),
    };
    assert_eq!(found("/iclock/querydata?SN=1&type=options"), Found::Options);
    assert_eq!(found("/iclock/querydata?SN=1&type=count&tablename=user"), Found::Count(DataTable::User));
    assert_eq!(found("/iclock/querydata?SN=1&type=mood"), Found::Other("mood".into()));
}

#[test]
fn what_a_terminal_calls_tells_its_dialect() {
    let dialect = |method, target| call(method, target).dialect();
    assert_eq!(dialect(Method::Post, "/iclock/registry?SN=1"), Some(Dialect::Security));
    assert_eq!(dialect(Method::Post, "/iclock/cdata?SN=1&table=rtlog"), Some(Dialect::Security));
    assert_eq!(dialect(Method::Get, "/iclock/cdata?SN=1&DeviceType=acc"), Some(Dialect::Security));
    assert_eq!(dialect(Method::Get, "/iclock/cdata?SN=1&pushver=3.1.2"), Some(Dialect::Attendance));
    assert_eq!(dialect(Method::Post, "/iclock/cdata?SN=1&table=ATTLOG"), Some(Dialect::Attendance));
    assert_eq!(dialect(Method::Get, "/iclock/getrequest?SN=1"), None);
}

#[test]
fn a_secret_comes_in_the_handshake_with_every_request_or_in_the_path() {
    let shown = |path, query| Request::read(Method::Get, path, query).shown;
    let nothing = Shown::default();
    let key = |key: &'static str| Some(key.into());
    let plain = "/iclock/getrequest";
    assert_eq!(shown(plain, "SN=1&ComKey=88888888"), Shown { com_key: key("88888888"), ..nothing.clone() });
    assert_eq!(shown(plain, "SN=1&pushcommkey=4a%209f"), Shown { push_comm_key: key("4a 9f"), ..nothing.clone() });
    assert_eq!(shown(plain, "SN=1&comkey="), nothing);
    for (path, before) in
        [("/s3cret/iclock/cdata", "s3cret"), ("//s3%2Fcret/ICLOCK/x/", "s3/cret"), ("/a/b/iclock", "a/b")]
    {
        assert_eq!(shown(path, "SN=1"), Shown { path: key(before), ..nothing.clone() }, "{path}");
    }
    for path in ["/iclock/iclock/x", "iclock", "/elsewhere/cdata"] {
        assert_eq!(shown(path, "SN=1"), nothing, "{path}");
    }
    assert_eq!(before_iclock("/iclockwork/cdata"), None);
    assert!(!format!("{:?}", shown("/s3cret/iclock", "ComKey=8888")).contains("cret"));
}

#[test]
fn a_table_name_from_the_network_stays_in_its_line() {
    assert_eq!(reply::table_count(&DataTable::Other("a\nb".into()), 0), "ab=0");
}
