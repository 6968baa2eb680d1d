//! Terminals that are not at their address: DHCP gave them another one, or gave theirs to another unit.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use edge::{Edge, EdgeConfig, EdgeHandle};
use link::Moved;
use simulator::{Terminal, ZkServer};

use crate::fake_hub::{FakeHub, Held};
use crate::poller::{polled, records};
use crate::workplace::Workplace;

/// A network of loopback addresses: all of 127.0.0.0/8 is this machine, so each test has a net of its own.
struct Net {
    third: u8,
    port: u16,
}

impl Net {
    /// A port that is free at each address.
    fn new(third: u8) -> Net {
        loop {
            let first = std::net::TcpListener::bind((Ipv4Addr::new(127, 73, third, 1), 0)).unwrap();
            let net = Net { third, port: first.local_addr().unwrap().port() };
            if (2..7).map(|host| std::net::TcpListener::bind(net.at(host))).all(|bound| bound.is_ok()) {
                return net;
            }
        }
    }

    fn at(&self, host: u8) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::new(127, 73, self.third, host), self.port))
    }

    async fn terminal(&self, host: u8, terminal: &Terminal) {
        let server = ZkServer::bind(terminal.clone(), self.at(host)).await.unwrap();
        tokio::spawn(server.serve());
    }

    /// An edge that searches this net.
    async fn edge(&self, place: &Workplace, hub: &FakeHub) -> EdgeHandle {
        let discover = vec![format!("127.73.{}.0/29", self.third).parse().unwrap()];
        let config = EdgeConfig { poll_every: Duration::from_millis(200), discover, ..place.config() };
        Edge::start(config, hub.clone()).await.unwrap()
    }
}

fn registered(serial: &str, address: SocketAddr) -> link::Terminal {
    polled(serial, &address.to_string())
}

fn said_by(serial: &str) -> impl Fn(&Held) -> usize {
    move |held| held.punches.values().filter(|(punch, _)| punch.origin == serial).count()
}

fn moved(serial: &str) -> impl Fn(&Held) -> Option<Moved> {
    move |held| held.contact(serial)?.moved.clone()
}

#[tokio::test]
async fn a_terminal_with_a_new_address_is_found_by_its_serial_and_the_hub_is_told() {
    let net = Net::new(1);
    net.terminal(2, &Terminal::builder("ELSE").build()).await;
    net.terminal(5, &Terminal::builder("SIM1").comm_key(77).log(records(20)).build()).await;
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let at = |address| link::Terminal { comm_key: Some(77), ..registered("SIM1", address) };
    hub.with(|held| held.terminals = vec![at(net.at(3))]);
    let edge = net.edge(&place, &hub).await;

    hub.until("the log", |held| said_by("SIM1")(held) == 20).await;
    let expected = Moved { from: net.at(3).to_string(), to: net.at(5) };
    hub.until("word of the move", |held| moved("SIM1")(held).as_ref() == Some(&expected)).await;
    assert_eq!(hub.with(|held| held.contact("SIM1").unwrap().trouble.clone()), None);

    hub.with(|held| held.terminals = vec![at(net.at(5))]);
    hub.until("the end of it", |held| held.contact("SIM1").is_some() && moved("SIM1")(held).is_none()).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn terminals_that_changed_places_are_never_read_for_each_other() {
    let net = Net::new(2);
    net.terminal(3, &Terminal::builder("B").log(records(9)).build()).await;
    net.terminal(4, &Terminal::builder("A").log(records(30)).build()).await;
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals = vec![registered("A", net.at(3)), registered("B", net.at(4))]);
    let edge = net.edge(&place, &hub).await;
    hub.until("both logs", |held| (said_by("A")(held), said_by("B")(held)) == (30, 9)).await;
    hub.until("both moves", |held| moved("A")(held).is_some() && moved("B")(held).is_some()).await;
    // The move is told before the reading has ended.
    let records = |held: &Held, serial| held.contact(serial).and_then(|contact| contact.records_on_terminal);
    hub.until("both counts", |held| (records(held, "A"), records(held, "B")) == (Some(30), Some(9))).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn without_subnets_nothing_is_searched_and_with_them_what_is_nowhere_is_told_so() {
    let net = Net::new(3);
    net.terminal(3, &Terminal::builder("B").log(records(9)).build()).await;
    net.terminal(5, &Terminal::builder("A").log(records(9)).build()).await;
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals = vec![registered("A", net.at(3)), registered("GONE", net.at(4))]);
    let trouble = |serial: &'static str, words: &'static str| {
        move |held: &Held| {
            let trouble = held.contact(serial).and_then(|contact| contact.trouble.as_deref());
            trouble.is_some_and(|trouble| trouble.contains(words))
        }
    };
    let edge = crate::poller::start(&place, &hub).await;
    hub.until("a refusal to read B for A", trouble("A", "answers terminal B, not A")).await;
    hub.until("word of who is gone", trouble("GONE", "refused the connection")).await;
    edge.shutdown().await;
    assert_eq!(hub.with(|held| held.punches.len()), 0);

    let edge = net.edge(&place, &hub).await;
    hub.until("A's log", |held| said_by("A")(held) == 9).await;
    let words = "refused the connection; check the address, and that no other program is connected to the terminal; a search of the network did not find terminal GONE either";
    hub.until("word of the search", trouble("GONE", words)).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_second_address_is_tried_when_nobody_answers_at_the_first() {
    let (place, hub, net) = (Workplace::new(), FakeHub::default(), Net::new(9));
    let terminal = Terminal::builder("SIM1").log(records(3)).build();
    net.terminal(3, &terminal).await;
    let both = format!("{}, {}", net.at(2), net.at(3));
    hub.with(|held| held.terminals = vec![polled("SIM1", &both)]);
    let edge = Edge::start(place.config(), hub.clone()).await.unwrap();
    hub.until("its log", |held| said_by("SIM1")(held) == 3).await;
    hub.with(|held| assert_eq!(moved("SIM1")(held), None, "it is where it is registered"));
    edge.shutdown().await;
}
