//! Faults of push commands: results out of order, twice, never, in one body, and a restart before them.

use simulator::Terminal;

use crate::common::adms_server::{AdmsServer, Seen};
use crate::common::company_log;
use crate::common::push::{reporting_to, until};

const COMMANDS: &str = "C:1:DATA UPDATE USERINFO PIN=7\tName=Ana\nC:2:LOG\nC:3:INFO\n";

/// The results that come of three commands, as the bodies they come in, when as many bodies as these have come.
async fn results(faults: &str, bodies: usize) -> Vec<String> {
    let server = AdmsServer::start(Seen { commands: COMMANDS.to_owned(), ..Seen::default() }).await;
    let terminal = Terminal::builder("SIM0001").faults(faults.parse().unwrap()).log(company_log(5)).build();
    let is_over = |seen: &Seen| {
        // Two polls later nothing more can come.
        let commands_at = seen.arrivals.iter().position(|arrival| arrival.line.contains("devicecmd"));
        let polls =
            |from: usize| seen.arrivals.iter().skip(from).filter(|arrival| arrival.line.contains("getrequest")).count();
        seen.results.len() >= bodies && polls(commands_at.unwrap_or(0)) >= 3
    };
    until(&terminal, reporting_to(&server.url), &server, is_over).await;
    assert!(terminal.slot_of("7").is_some(), "the commands are done in any case");
    server.look(|seen| seen.results.clone())
}

fn ids(bodies: &[String]) -> Vec<String> {
    let results = bodies.iter().flat_map(|body| body.lines().filter(|line| line.starts_with("ID=")));
    results.map(|line| line[3..4].to_owned()).collect()
}

#[tokio::test]
async fn results_come_in_order_or_reversed_twice_or_in_one_body() {
    assert_eq!(ids(&results("", 3).await), ["1", "2", "3"]);
    assert_eq!(ids(&results("results-reversed", 3).await), ["3", "2", "1"]);
    assert_eq!(ids(&results("results-twice", 6).await), ["1", "1", "2", "2", "3", "3"]);
    let joined = results("results-joined", 1).await;
    assert_eq!((joined.len(), ids(&joined)), (1, vec!["1".to_owned(), "2".to_owned(), "3".to_owned()]));
    assert_eq!(adms::results::read(joined[0].as_bytes()).len(), 3);
}

#[tokio::test]
async fn results_may_never_come() {
    assert_eq!(results("results-never", 0).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_terminal_that_restarts_before_its_result_has_done_nothing_and_comes_back() {
    let server = AdmsServer::start(Seen { commands: COMMANDS.to_owned(), ..Seen::default() }).await;
    let terminal =
        Terminal::builder("SIM0001").faults("reboot-before-result=2".parse().unwrap()).log(company_log(5)).build();
    let is_over = |seen: &Seen| seen.results.len() >= 3 && seen.handshakes == 2;
    let again = async {
        terminal.progress().wait_for(|now| now.commands == 3).await.map(drop).unwrap();
        server.look(|seen| seen.commands = "C:4:DATA UPDATE USERINFO PIN=8\tName=Ben\n".to_owned());
    };
    tokio::join!(again, until(&terminal, reporting_to(&server.url), &server, is_over));
    server.look(|seen| assert_eq!(ids(&seen.results), ["1", "2", "3"], "the fourth is lost with the power"));
    assert_eq!((terminal.slot_of("8"), terminal.progress().borrow().restarts), (None, 1));
}
