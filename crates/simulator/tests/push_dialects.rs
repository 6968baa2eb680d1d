//! What a terminal makes of its server's settings and commands, in both dialects (adms 4, 7, 9).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use adms::handshake::Transfer;
use adms::security::{Event, Record};
use common::adms_server::{AdmsServer, Seen};
use common::company_log;
use common::push::{printed, reporting_to, run_to_the_end, until};
use jiff::civil::date;
use simulator::push::PushOptions;
use simulator::{RunOptions, Terminal, TerminalBuilder};
use zk::record::template::TemplateKey;
use zk::{Privilege, User};

fn of_make(profile: &str) -> TerminalBuilder {
    Terminal::builder("SIM0001").profile(profile.parse().unwrap())
}

/// The first lines of all results.
fn firsts(seen: &Seen) -> Vec<String> {
    seen.results.iter().filter_map(|result| result.lines().next().map(str::to_owned)).collect()
}

#[tokio::test]
async fn users_are_written_and_deleted_by_command_and_reported_with_what_was_done() {
    let commands = "C:1:DATA UPDATE USERINFO PIN=1001\tName=John Doe\tPri=14\tPasswd=12\tCard=12345678\tGrp=2\tTZ=0001000200010000\n\
                    C:2:DATA QUERY USERINFO PIN=1001\nC:3:DATA DELETE USERINFO PIN=1001\nC:4:DATA DELETE USERINFO PIN=1001\n\
                    C:5:DATA QUERY USERINFO PIN=1001\n";
    let server = AdmsServer::start(Seen { commands: commands.to_owned(), ..Seen::default() }).await;
    let terminal = of_make("x903").build();
    let is_over =
        |seen: &Seen| seen.results.len() == 5 && seen.operations.iter().any(|line| line.starts_with("OPLOG 9\t"));
    until(&terminal, reporting_to(&server.url), &server, is_over).await;
    server.look(|seen| {
        assert_eq!(
            firsts(seen),
            [
                "ID=1&Return=0&CMD=DATA",
                "ID=2&Return=0&CMD=DATA",
                "ID=3&Return=0&CMD=DATA",
                "ID=4&Return=-10&CMD=DATA",
                "ID=5&Return=-1&CMD=DATA",
            ]
        );
        assert_eq!(
            seen.users,
            ["USER PIN=1001\tName=John Doe\tPri=14\tPasswd=12\tCard=12345678\tGrp=2\tTZ=0001000200010000\tVerify=0\tViceCard=\tStartDatetime=0\tEndDatetime=0"]
        );
        let kinds: Vec<_> = seen.operations.iter().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(kinds, ["OPLOG 0", "OPLOG 30", "OPLOG 9"], "power on, new user, user deleted");
        assert!(seen.operations[1].ends_with("\t1001\t0\t0\t0"), "{}", seen.operations[1]);
    });
    assert!(terminal.users().is_empty());
}

#[tokio::test]
async fn options_and_the_clock_are_set_and_asked_for() {
    let commands = "C:1:SET OPTION AlarmReRec=5\nC:2:GET OPTION FROM AlarmReRec\nC:3:SET OPTION ~SerialNumber=X\n\
                    C:4:GET OPTION FROM NoSuch\nC:5:RELOAD OPTIONS\nC:6:SET OPTION DateTime=2026-11-20 10:12:00\nC:7:SHELL ls\n";
    let server = AdmsServer::start(Seen { commands: commands.to_owned(), ..Seen::default() }).await;
    let terminal = of_make("uface800").build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.results.len() == 7).await;
    server.look(|seen| {
        assert_eq!(
            firsts(seen),
            [
                "ID=1&Return=0&CMD=SET OPTION",
                "ID=2&Return=0&CMD=GET OPTION",
                "ID=3&Return=-1002&CMD=SET OPTION",
                "ID=4&Return=-1&CMD=GET OPTION",
                "ID=5&Return=0&CMD=RELOAD OPTIONS",
                "ID=6&Return=0&CMD=SET OPTION",
                "ID=7&Return=-1002&CMD=SHELL",
            ]
        );
        assert!(seen.results[1].ends_with("\nAlarmReRec=5\n"), "{}", seen.results[1]);
    });
    assert_eq!(terminal.option("AlarmReRec").as_deref(), Some("5"));
    let set = date(2026, 11, 20).at(10, 12, 0, 0);
    assert!((0..60).contains(&set.duration_until(terminal.now()).as_secs()));
}

#[tokio::test]
async fn the_punches_of_a_span_are_counted() {
    let log = company_log(40);
    let at = |index: usize| log[index].time.civil().unwrap().to_string();
    let commands = format!("C:1:VERIFY SUM ATTLOG StartTime={}\tEndTime={}\n", at(10), at(19));
    let server = AdmsServer::start(Seen { commands, ..Seen::default() }).await;
    let terminal = of_make("uface800").log(log.clone()).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.results.len() == 1).await;
    server.look(|seen| {
        let results = adms::results::read(seen.results[0].as_bytes());
        assert_eq!((results[0].sum(), results[0].code), (Some(10), Some(0)));
    });
}

#[tokio::test]
async fn only_what_the_server_wants_is_uploaded_and_photos_and_templates_when_it_does() {
    let server = AdmsServer::start(Seen { settings: "TransFlag=TransData AttLog", ..Seen::default() }).await;
    let terminal = of_make("speedface-v5l").log(company_log(20)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        assert_eq!(seen.punches().len(), 20);
        assert!(seen.of("OPERLOG").is_empty() && seen.of("ATTPHOTO").is_empty());
    });

    let wants = vec![Transfer::AttPhoto, Transfer::EnrollFp];
    let server = AdmsServer::start(Seen { wants, ..Seen::default() }).await;
    let terminal = of_make("speedface-v5l").users([User::new("7", "Ana Cruz")]).log(company_log(20)).build();
    terminal.enrol(TemplateKey { slot: 1, finger: 6 });
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.of("ATTPHOTO").len() == 20).await;
    server.look(|seen| {
        let fingers: Vec<_> = seen.operations.iter().filter(|line| line.starts_with("FP ")).collect();
        assert_eq!(fingers.len(), 1);
        assert!(fingers[0].starts_with("FP PIN=7\tFID=6\tSize="), "{}", fingers[0]);
        assert!(seen.operations.iter().any(|line| line.starts_with("OPLOG 6\t0\t") && line.contains("\t7\t6\t")));
    });
}

#[tokio::test]
async fn a_template_is_uploaded_when_it_is_asked_for() {
    let commands =
        "C:1:DATA QUERY FINGERTMP PIN=7\nC:2:DATA QUERY FINGERTMP PIN=7\tFID=5\nC:3:DATA QUERY FINGERTMP PIN=9\n";
    let server = AdmsServer::start(Seen { commands: commands.to_owned(), ..Seen::default() }).await;
    let terminal = of_make("f18").users([User::new("7", "Ana Cruz")]).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.results.len() == 3).await;
    server.look(|seen| {
        let codes: Vec<_> = firsts(seen).iter().map(|line| line.split('&').nth(1).unwrap().to_owned()).collect();
        assert_eq!(codes, ["Return=0", "Return=-1", "Return=-10"]);
        assert_eq!(seen.operations.iter().filter(|line| line.starts_with("FP PIN=7\tFID=0\t")).count(), 1);
    });
}

#[tokio::test]
async fn the_clock_follows_the_servers_date_and_zone_if_a_zone_is_given() {
    let date_header = Some("Fri, 20 Nov 2026 02:12:00 GMT");
    let shows_with = async |profile: &str, settings: &'static str, faults: &str| {
        let server = AdmsServer::start(Seen { settings, date: date_header, ..Seen::default() }).await;
        let terminal = of_make(profile).faults(faults.parse().unwrap()).build();
        until(&terminal, reporting_to(&server.url), &server, |seen| !seen.infos.is_empty()).await;
        terminal.now()
    };
    let shows = async |profile: &str, settings: &'static str| shows_with(profile, settings, "").await;
    let minute = |shown: jiff::civil::DateTime| shown.strftime("%d %H:%M").to_string();
    assert_eq!(minute(shows("uface800", "TimeZone=8").await), "20 10:12");
    assert_eq!(minute(shows("uface800", "TimeZone=-210").await), "19 22:42");
    assert_eq!(minute(shows("k40", "TimeZone=480").await), "20 10:12");
    assert_eq!(minute(shows("k40", "TimeZone=8").await), "20 02:20", "it reads minutes");
    assert_eq!(minute(shows_with("uface800", "TimeZone=8", "zone-error").await), "20 11:12");
    let untouched = shows("uface800", "").await;
    assert!(untouched.duration_until(Terminal::builder("TRUE").build().now()).as_secs().abs() < 60, "{untouched}");
}

#[tokio::test]
async fn a_report_of_counts_comes_with_the_first_poll_and_after_each_change() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = of_make("k40").log(company_log(7)).build();
    let polls = |seen: &Seen| seen.arrivals.iter().filter(|arrival| arrival.line.contains("getrequest")).count();
    let punch = async {
        terminal.progress().wait_for(|now| now.command_polls >= 3).await.map(drop).unwrap();
        assert!(terminal.punch("101", date(2026, 11, 20).at(8, 0, 0, 0), 0, 1));
    };
    tokio::join!(
        punch,
        until(&terminal, reporting_to(&server.url), &server, |seen| { seen.infos.len() >= 2 && polls(seen) >= 6 })
    );
    server.look(|seen| {
        let counts: Vec<_> = seen.infos.iter().map(|info| info.split(',').nth(3).unwrap()).collect();
        assert_eq!(counts, ["7", "8"]);
    });
}

#[tokio::test]
async fn the_server_says_how_long_a_terminal_waits_between_polls_and_after_failures() {
    let eager = "Delay=0\nErrorDelay=0";
    let server = AdmsServer::start(Seen { settings: eager, refusals: 5, ..Seen::default() }).await;
    let terminal = of_make("uface800").log(company_log(10)).build();
    let push = PushOptions::new(server.url.parse().unwrap());
    let options = RunOptions { push: Some(push), ..RunOptions::default() };
    let polls = |seen: &Seen| seen.arrivals.iter().filter(|arrival| arrival.line.contains("getrequest")).count();
    // With delays of its own it would take minutes.
    until(&terminal, options, &server, |seen| seen.punches().len() == 10 && polls(seen) >= 20).await;
    server.look(|seen| assert_eq!(seen.refused.len(), 5));
}

#[tokio::test]
async fn planned_uploads_wait_and_the_command_log_brings_them_forward() {
    let settings = "Realtime=0\nTransTimes=\nTransInterval=60";
    let server = AdmsServer::start(Seen { settings, ..Seen::default() }).await;
    let terminal = of_make("uface800").log(company_log(7)).build();
    let order = async {
        terminal.progress().wait_for(|now| now.command_polls >= 3).await.map(drop).unwrap();
        server.look(|seen| {
            assert!(seen.uploads.is_empty(), "the hour is not over");
            seen.commands = "C:1:LOG\n".to_owned();
        });
    };
    tokio::join!(order, until(&terminal, reporting_to(&server.url), &server, |seen| seen.punches().len() == 7));
}

#[tokio::test]
async fn an_access_terminal_registers_and_reports_events_states_and_users() {
    let server = AdmsServer::start(Seen { date: None, ..Seen::default() }).await;
    let manager = User { privilege: Privilege::SUPER_ADMIN, ..User::new("0012", "Ana Cruz") };
    let terminal = of_make("access").users([manager]).log(company_log(70)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        let first: Vec<_> = seen.arrivals.iter().take(4).map(|arrival| arrival.line.as_str()).collect();
        let words = ["GET /iclock/cdata?", "POST /iclock/registry?", "POST /iclock/push?", "GET /iclock/rtdata?"];
        assert!(first.iter().zip(words).all(|(line, word)| line.starts_with(word)), "{first:?}");
        assert!(first[0].contains("&DeviceType=acc"));
        assert!(seen.arrivals[1].text().starts_with("DeviceType=acc,~DeviceName=ProFace X,"));
        assert_eq!(seen.of("rtstate").len(), 1);

        let users = seen.of("tabledata");
        assert!(users[0].line.contains("&tablename=user&count="), "{}", users[0].line);
        let text = users[0].text();
        let Ok(Record::User(user)) = Record::read(text.lines().next().unwrap().as_bytes()) else { panic!("{text}") };
        assert_eq!((user.pin, user.privilege), (&b"0012"[..], Some(14)));

        let text = seen.uploads.concat();
        let events: Vec<_> = text.lines().map(|line| Event::read(line.as_bytes()).unwrap()).collect();
        assert_eq!(events.iter().filter(|event| event.code == Some(206)).count(), 1, "it was started");
        let punches: Vec<_> = events.iter().filter(|event| event.is_punch()).collect();
        let printed = printed(&terminal);
        assert_eq!(punches.len(), 70);
        for (event, line) in punches.iter().zip(&printed) {
            let said = format!("{}\t{}", adms::text::decode(event.pin), adms::text::decode(event.time));
            assert!(line.starts_with(&said), "{line} {said}");
        }
    });
    let shown = terminal.now();
    assert!((0..60).contains(&date(2026, 11, 20).at(18, 12, 0, 0).duration_until(shown).as_secs()), "{shown}");
}

#[tokio::test]
async fn an_access_terminal_that_is_not_registered_asks_again_and_uploads_nothing() {
    let server = AdmsServer::start(Seen { registers_nobody: true, ..Seen::default() }).await;
    let terminal = of_make("access").log(company_log(7)).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| {
        seen.arrivals.iter().filter(|arrival| arrival.line.contains("/registry")).count() >= 3
    })
    .await;
    server.look(|seen| assert!(seen.uploads.is_empty()));
    assert_eq!(terminal.progress().borrow().acknowledged, 0);
}

#[tokio::test]
async fn an_access_terminal_answers_queries_in_packets_and_obeys() {
    let commands = "C:1:DATA QUERY tablename=transaction,fielddesc=*,filter=*\r\n\r\nC:2:DATA QUERY tablename=user,fielddesc=*,filter=pin=0012\r\n\r\n\
                    C:3:DATA UPDATE user CardNo=77\tPin=13\tPassword=\tGroup=1\tStartTime=0\tEndTime=0\tName=Ben\tPrivilege=0\r\n\r\n\
                    C:4:DATA DELETE user Pin=0012\r\n\r\nC:5:GET OPTIONS ~SerialNumber,~DeviceName\r\n\r\nC:6:SET OPTIONS LockOn=7\r\n\r\nC:7:CONTROL DEVICE 03000000\r\n";
    let server = AdmsServer::start(Seen { commands: commands.to_owned(), ..Seen::default() }).await;
    let terminal = of_make("access").users([User::new("0012", "Ana Cruz")]).log(company_log(70)).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.results.len() == 7 && seen.handshakes == 2).await;
    server.look(|seen| {
        let expected = [
            "ID=1&Return=70&CMD=DATA QUERY",
            "ID=2&Return=1&CMD=DATA QUERY",
            "ID=3&Return=0&CMD=DATA UPDATE",
            "ID=4&Return=0&CMD=DATA DELETE",
            "ID=5&Return=0&CMD=GET OPTIONS",
            "ID=6&Return=0&CMD=SET OPTIONS",
            "ID=7&Return=0&CMD=CONTROL DEVICE",
        ];
        assert_eq!(firsts(seen), expected);
        let found: Vec<_> = seen.arrivals.iter().filter(|arrival| arrival.line.contains("/querydata")).collect();
        assert!(found[0].line.contains("type=tabledata&cmdid=1&tablename=transaction&count=50&packcnt=2&packidx=1"));
        assert!(found[1].line.contains("count=20&packcnt=2&packidx=2"));
        assert!(found[2].text().starts_with("user uid=1\tcardno=0\tpin=0012\t"));
        assert_eq!(found[3].text().trim_end(), "~SerialNumber=SIM0001,~DeviceName=ProFace X");
    });
    assert_eq!((terminal.slot_of("0012"), terminal.slot_of("13").is_some()), (None, true));
    assert_eq!(terminal.option("LockOn").as_deref(), Some("7"));
    assert_eq!(terminal.progress().borrow().restarts, 1);
}
