//! Terminals are found on the subnets that are asked, whoever else listens there.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use simulator::{Faults, Profile, Terminal, TerminalBuilder, ZkServer};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use zk::client::Transport;
use zk::discover::{Discovery, Found, Options, Subnet, Visit};
use zk::{Code, Error};

/// A street of loopback addresses: all of 127.0.0.0/8 is this machine, so each test has a street of its own.
struct Street {
    net: [u8; 3],
    port: u16,
}

impl Street {
    /// A port that is free at each house.
    async fn new(net: [u8; 3]) -> Street {
        loop {
            let first = TcpListener::bind((Street { net, port: 0 }.house(1), 0)).await.unwrap();
            let street = Street { net, port: first.local_addr().unwrap().port() };
            let others = (2..15).map(|number| std::net::TcpListener::bind(street.at(number)));
            if others.collect::<Result<Vec<_>, _>>().is_ok() {
                return street;
            }
        }
    }

    fn house(&self, number: u8) -> Ipv4Addr {
        let [a, b, c] = self.net;
        Ipv4Addr::new(a, b, c, number)
    }

    fn at(&self, number: u8) -> SocketAddr {
        SocketAddr::from((self.house(number), self.port))
    }

    async fn terminal(&self, number: u8, terminal: TerminalBuilder) {
        let server = ZkServer::bind(terminal.build(), self.at(number)).await.unwrap();
        tokio::spawn(server.serve());
    }

    fn subnet(&self, prefix: u8) -> Subnet {
        format!("{}/{prefix}", self.house(0)).parse().unwrap()
    }

    fn options(&self) -> Options {
        Options { port: self.port, idle_timeout: Duration::from_millis(500), ..Options::default() }
    }
}

async fn visits(mut discovery: Discovery) -> Vec<Visit> {
    let mut visits = Vec::new();
    while let Some(visit) = discovery.next().await {
        visits.push(visit);
    }
    visits
}

/// Who was found, by the last number of the address.
async fn found(street: &Street, options: Options) -> BTreeMap<u8, Found> {
    let discovery = Discovery::new(&[street.subnet(28)], options).unwrap();
    let all = visits(discovery).await;
    all.into_iter().filter_map(|visit| Some((visit.host.octets()[3], visit.found?))).collect()
}

fn serial(found: &Found) -> Option<&str> {
    found.answer.as_ref().ok()?.serial.as_deref()
}

fn of_make(serial: &str, make: &str) -> TerminalBuilder {
    Terminal::builder(serial).profile(make.parse::<Profile>().unwrap())
}

#[tokio::test]
async fn terminals_are_found_by_serial_and_everybody_else_is_told_apart() {
    let street = Street::new([127, 71, 1]).await;
    street.terminal(2, of_make("COLOUR", "f18")).await;
    street.terminal(3, of_make("ONLY-UDP", "u580")).await;
    street.terminal(4, Terminal::builder("KEYED").comm_key(1234)).await;
    street.terminal(5, Terminal::builder("LOCKED").faults(Faults::default().with("locked").unwrap())).await;
    street.terminal(6, Terminal::builder("ASKS").faults(Faults::default().with("always-auth").unwrap())).await;
    let web = TcpListener::bind(street.at(7)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = web.accept().await {
            // The visitor may be gone already.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    // The system accepts for it, and nobody ever answers.
    let _silent = TcpListener::bind(street.at(8)).await.unwrap();

    let found = found(&street, street.options()).await;

    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((serial(&found[&2]), found[&2].transport), (Some("COLOUR"), Transport::Tcp));
    assert_eq!(found[&2].answer.as_ref().unwrap().model.as_deref(), Some("F18"));
    assert_eq!((serial(&found[&3]), found[&3].transport), (Some("ONLY-UDP"), Transport::Udp));
    assert!(matches!(found[&4].answer, Err(Error::WrongKey)));
    assert!(matches!(found[&5].answer, Err(Error::Locked { code: Code::LOCKED })));
    assert_eq!(serial(&found[&6]), Some("ASKS"), "key 0 is presented when it is asked for");
    assert!(matches!(&found[&7].answer, Err(Error::NotATerminal { seen }) if seen.starts_with(b"HTTP")));
    assert!(matches!(found[&8].answer, Err(Error::TimedOut { .. })));
}

/// A terminal serves one client: one that was not told EXIT would be silent to the second search.
#[tokio::test]
async fn each_visit_ends_with_a_goodbye_also_where_the_key_is_refused() {
    let street = Street::new([127, 71, 2]).await;
    street.terminal(2, of_make("OPEN", "u580")).await;
    street.terminal(3, of_make("KEYED", "u580").comm_key(77)).await;
    let with_keys = |comm_keys: &[u32]| Options { comm_keys: comm_keys.to_vec(), ..street.options() };

    let first = found(&street, with_keys(&[5, 6])).await;
    assert_eq!(serial(&first[&2]), Some("OPEN"));
    assert!(matches!(first[&3].answer, Err(Error::WrongKey)));

    let second = found(&street, with_keys(&[5, 77])).await;
    assert_eq!((serial(&second[&2]), serial(&second[&3])), (Some("OPEN"), Some("KEYED")));
}

#[tokio::test]
async fn only_the_subnets_asked_for_are_asked_and_each_address_once() {
    let street = Street::new([127, 71, 3]).await;
    street.terminal(1, Terminal::builder("INSIDE")).await;
    street.terminal(9, Terminal::builder("OUTSIDE")).await;

    let twice = [street.subnet(29), street.subnet(30)];
    let discovery = Discovery::new(&twice, Options { at_once: 2, ..street.options() }).unwrap();
    assert_eq!(discovery.total(), 6);
    let visits_of_all = visits(discovery).await;

    let mut hosts: Vec<u8> = visits_of_all.iter().map(|visit| visit.host.octets()[3]).collect();
    hosts.sort_unstable();
    assert_eq!(hosts, [1, 2, 3, 4, 5, 6]);
    let found: Vec<&str> = visits_of_all.iter().filter_map(|visit| serial(visit.found.as_ref()?)).collect();
    assert_eq!(found, ["INSIDE"]);

    let except = [street.house(1), street.house(2)].into();
    let discovery = Discovery::new(&[street.subnet(29)], Options { except, ..street.options() }).unwrap();
    assert_eq!(discovery.total(), 4);
    assert!(visits(discovery).await.iter().all(|visit| visit.found.is_none()), "who is left in peace is not found");
}

#[test]
fn more_than_a_slash_20_is_refused_with_the_number_of_addresses() {
    let subnet = |text: &str| text.parse::<Subnet>().unwrap();
    assert_eq!(Discovery::new(&[subnet("10.0.0.0/20")], Options::default()).unwrap().total(), 4094);
    for too_many in [vec![subnet("10.0.0.0/19")], vec![subnet("10.0.0.0/20"), subnet("10.1.0.0/24")]] {
        let error = Discovery::new(&too_many, Options::default()).unwrap_err().to_string();
        assert!(error.contains("too many") && error.contains("/20"), "{error}");
    }
    let everything = Discovery::new(&[subnet("0.0.0.0/0")], Options::default()).unwrap_err();
    assert_eq!(everything.hosts, 4_294_967_294);
}
