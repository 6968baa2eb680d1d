//! Faults of push in how requests and bodies are written. Each reads the same to a server that reads as it should.

use simulator::Terminal;
use zk::User;

use crate::common::adms_server::{AdmsServer, Arrival, Seen};
use crate::common::company_log;
use crate::common::push::{printed, reporting_to, run_to_the_end, until};

/// What arrived of a terminal with these faults and a log of 60, and what its server took of it.
async fn arrivals(faults: &str) -> (Vec<Arrival>, Seen) {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001").faults(faults.parse().unwrap()).log(company_log(60)).build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    let seen = server.look(std::mem::take);
    let said: Vec<String> =
        printed(&terminal).iter().map(|line| line.splitn(5, '\t').take(4).collect::<Vec<_>>().join("\t")).collect();
    let taken: Vec<String> =
        seen.punches().iter().map(|line| line.splitn(5, '\t').take(4).collect::<Vec<_>>().join("\t")).collect();
    assert_eq!(taken, said, "{faults}");
    (seen.arrivals.clone(), seen)
}

fn punches(arrivals: &[Arrival]) -> Vec<&Arrival> {
    arrivals.iter().filter(|arrival| arrival.is_of("ATTLOG")).collect()
}

#[tokio::test]
async fn without_a_serial_nothing_is_taken_and_everything_kept() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001").faults("no-sn".parse().unwrap()).log(company_log(60)).build();
    let options = reporting_to(&server.url);
    let run = simulator::run(terminal.clone(), options, async {
        terminal.progress().wait_for(|now| now.failures >= 3).await.unwrap();
    });
    run.await.unwrap();
    server.look(|seen| {
        assert!(seen.arrivals.iter().all(|arrival| !arrival.line.to_ascii_lowercase().contains("sn=")));
        assert!(seen.uploads.is_empty());
    });
    assert_eq!(terminal.progress().borrow().acknowledged, 0);
}

#[tokio::test]
async fn the_serials_key_and_the_paths_are_spelled_in_other_ways() {
    let (arrived, _) = arrivals("lower-sn aspx").await;
    for arrival in &arrived {
        let target = arrival.line.split(' ').nth(1).unwrap();
        assert!(target.contains(".aspx?sn=SIM0001"), "{target}");
    }
}

#[tokio::test]
async fn blanks_in_queries_may_stay_blanks() {
    for (faults, report) in [("raw-blanks", "INFO=Ver 8.0"), ("", "INFO=Ver%208.0")] {
        let server = AdmsServer::start(Seen::default()).await;
        let terminal = Terminal::builder("SIM0001").faults(faults.parse().unwrap()).log(company_log(60)).build();
        let polls = |seen: &Seen| seen.arrivals.iter().any(|arrival| arrival.line.contains(report));
        until(&terminal, reporting_to(&server.url), &server, polls).await;
    }
}

#[tokio::test]
async fn bodies_are_called_a_form_and_come_in_chunks() {
    let (arrived, _) = arrivals("form-type").await;
    assert!(punches(&arrived)[0].has_header("Content-Type: application/x-www-form-urlencoded"));
    let (arrived, _) = arrivals("chunked-body").await;
    assert!(punches(&arrived)[0].has_header("Transfer-Encoding: chunked"));
    assert!(punches(&arrived)[0].head.iter().all(|line| !line.starts_with("Content-Length")));
}

#[tokio::test]
async fn each_request_may_have_a_connection_of_its_own() {
    let (arrived, seen) = arrivals("one-request").await;
    assert!(arrived.iter().all(|arrival| arrival.has_header("Connection: close")));
    assert!(seen.connections >= arrived.len());
    let (arrived, seen) = arrivals("").await;
    assert!(seen.connections < arrived.len(), "usually the line is kept");
}

#[tokio::test]
async fn a_terminal_may_send_a_key_and_ask_for_encryption() {
    let (arrived, _) = arrivals("push-key=88888888 asks-encryption").await;
    assert!(arrived[0].line.starts_with("POST /iclock/exchange?SN=SIM0001&type=publickey"), "{}", arrived[0].line);
    assert!(arrived[1].line.contains("&pushcommkey=88888888"), "{}", arrived[1].line);
    assert!(arrived.iter().all(|arrival| arrival.line.contains("ComKey=88888888")));
}

#[tokio::test]
async fn lines_end_in_their_own_ways() {
    let body = |arrivals: &[Arrival]| punches(arrivals)[0].text();
    let (arrived, _) = arrivals("crlf").await;
    assert!(body(&arrived).ends_with("\r\n") && body(&arrived).matches("\r\n").count() == 50);
    let (arrived, _) = arrivals("no-final-lf").await;
    assert!(!body(&arrived).ends_with('\n') && body(&arrived).lines().count() == 50);
    let (arrived, _) = arrivals("trailing-tab columns=10").await;
    assert!(body(&arrived).lines().all(|line| line.split('\t').count() == 11 && line.ends_with('\t')));
    for columns in [4, 12] {
        let (arrived, _) = arrivals(&format!("columns={columns}")).await;
        assert!(body(&arrived).lines().all(|line| line.split('\t').count() == columns));
    }
}

#[tokio::test]
async fn operations_and_users_may_come_in_an_archive() {
    let (arrived, _) = arrivals("archives").await;
    let archive = arrived.iter().find(|arrival| arrival.is_of("OPERLOG")).unwrap();
    assert!(archive.line.contains("&ContentType=tgz"), "{}", archive.line);
    let files = adms::archive::unpack(&archive.body, 1 << 20).unwrap();
    let text = String::from_utf8(files.concat()).unwrap();
    assert!(text.starts_with("OPLOG 0\t") && text.contains("\nUSER PIN="), "{text}");
}

#[tokio::test]
async fn stamps_may_be_nonsense() {
    let (arrived, _) = arrivals("wrong-stamp").await;
    let stamps: Vec<&str> =
        punches(&arrived).iter().map(|arrival| arrival.line.split("Stamp=").nth(1).unwrap()).collect();
    assert!(stamps.iter().all(|stamp| !stamp.starts_with("9999 ")), "{stamps:?}");
    let (arrived, _) = arrivals("").await;
    assert!(punches(&arrived)[0].line.contains("&Stamp=9999 "), "usually it is what the server gave");
}

#[tokio::test]
async fn a_table_that_nobody_knows_is_uploaded_and_what_follows_it_comes_through() {
    let (arrived, _) = arrivals("unknown-table").await;
    let mystery = arrived.iter().position(|arrival| arrival.is_of("MYSTERY")).unwrap();
    let first_punch = arrived.iter().position(|arrival| arrival.is_of("ATTLOG")).unwrap();
    assert!(mystery < first_punch);
}

#[tokio::test]
async fn each_punch_may_come_with_a_photo_of_another_size_than_it_says() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001").faults("wrong-photo-size".parse().unwrap()).log(company_log(3)).build();
    until(&terminal, reporting_to(&server.url), &server, |seen| seen.of("ATTPHOTO").len() == 3).await;
    server.look(|seen| {
        for arrival in seen.of("ATTPHOTO") {
            let photo = adms::Photo::read(&arrival.body).unwrap();
            assert_eq!(photo.claimed_size, Some(photo.data.len() as u64 + 999));
        }
    });
}

#[tokio::test]
async fn face_templates_may_come_unasked() {
    let (arrived, seen) = arrivals("biodata").await;
    let bodies: Vec<_> = arrived.iter().filter(|arrival| arrival.is_of("BIODATA")).collect();
    let lines = bodies[0].text();
    assert!(lines.lines().all(|line| line.starts_with("BIODATA Pin=") && line.contains("\tType=9\t")), "{lines}");
    assert_eq!(lines.lines().count(), seen.users.len());
}

#[tokio::test]
async fn names_are_sent_in_the_terminals_character_set() {
    let server = AdmsServer::start(Seen::default()).await;
    let terminal = Terminal::builder("SIM0001")
        .faults("gb2312-names".parse().unwrap())
        .users([User::new("7", "张三")])
        .log(company_log(1))
        .build();
    run_to_the_end(&terminal, reporting_to(&server.url)).await;
    server.look(|seen| {
        let body = &seen.of("OPERLOG")[0].body;
        let name = b"USER PIN=7\tName=\xd5\xc5\xc8\xfd\tPri=0";
        assert!(body.windows(name.len()).any(|window| window == name));
    });
}
