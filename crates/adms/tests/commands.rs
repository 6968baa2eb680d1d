//! Commands and their results (adms 7, 8).
#![allow(clippy::unwrap_used)]

use adms::{CivilTime, Command, CommandLine, Dialect, UserRecord, command, results};

fn time(text: &str) -> CivilTime {
    text.parse().unwrap()
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
