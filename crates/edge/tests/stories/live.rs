//! Terminals whose punches are heard as they happen, over real sockets.

use std::sync::Arc;
use std::time::Duration;

use edge::{Edge, EdgeConfig, EdgeHandle};
use jiff::civil::{DateTime, date};
use simulator::{Faults, Terminal, Transports, ZkServer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use zk::client::{Client, Options, Transport};

use crate::fake_hub::{FakeHub, Held};
use crate::poller::{polled, records, serve};
use crate::workplace::Workplace;

/// Longer than any test: what comes earlier was not brought by the schedule.
const HOUR: Duration = Duration::from_secs(3600);

fn heard(serial: &str, address: &str) -> link::Terminal {
    link::Terminal { live: true, ..polled(serial, address) }
}

async fn start(place: &Workplace, hub: &FakeHub, poll_every: Duration) -> EdgeHandle {
    let config = EdgeConfig { poll_every, live_rest: Duration::from_millis(50), ..place.config() };
    Edge::start(config, hub.clone()).await.unwrap()
}

fn at(minute: i8) -> DateTime {
    date(2025, 12, 1).at(8, minute, 0, 0)
}

fn faulty(fault: &str) -> Terminal {
    Terminal::builder("SIM1").faults(Faults::default().with(fault).unwrap()).log(records(20)).build()
}

/// Waits until a log of so many records was read; by then its terminal is listened to.
async fn is_read(hub: &FakeHub, serial: &str, records: i64) {
    let is_read = |held: &Held| held.contact(serial).is_some_and(|one| one.records_on_terminal == Some(records));
    hub.until(&format!("a reading of {records} records of {serial}"), is_read).await;
}

/// Somebody else calls the terminal.
async fn call(address: &str) -> Result<Client, zk::Error> {
    Client::connect(address, Options { transport: Transport::Tcp, ..Options::default() }).await
}

async fn arrive(hub: &FakeHub, punches: usize) {
    hub.until(&format!("{punches} punches"), |held| held.punches.len() == punches).await;
}

#[tokio::test]
async fn a_punch_arrives_at_once_and_counts_once_by_whichever_road() {
    for transports in [Transports::Tcp, Transports::Udp] {
        let sim = Terminal::builder("SIM1").log(records(300)).build();
        let server = ZkServer::bind_over(sim.clone(), "127.0.0.1:0", transports).await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        tokio::spawn(server.serve());
        let (place, hub) = (Workplace::new(), FakeHub::default());
        hub.with(|held| held.terminals.push(heard("SIM1", &address)));
        let edge = start(&place, &hub, HOUR).await;
        is_read(&hub, "SIM1", 300).await;
        assert!(sim.punch("5", at(0), 0, 1));
        arrive(&hub, 301).await;

        // A changed schedule has it read at once, on the connection that stands.
        hub.with(|held| held.terminals[0].poll_every_s = Some(7200));
        is_read(&hub, "SIM1", 301).await;
        assert!(sim.punch("6", at(1), 0, 1));
        arrive(&hub, 302).await;
        let arrivals = hub.with(|held| held.punches.values().map(|(_, arrivals)| *arrivals).max());
        assert_eq!(arrivals, Some(1), "the log holds what was told, and it is the same punch");
        edge.shutdown().await;
    }
}

#[tokio::test]
async fn the_readings_go_on_beside_it_with_one_connection() {
    let sim = faulty("refuse-second");
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(heard("SIM1", &address)));
    let edge = start(&place, &hub, Duration::from_millis(50)).await;
    is_read(&hub, "SIM1", 20).await;
    for more in 1..=5 {
        assert!(sim.punch("5", at(more), 0, 1));
        is_read(&hub, "SIM1", 20 + i64::from(more)).await;
    }
    arrive(&hub, 25).await;
    let troubles = hub.with(|held| {
        let contacts = held.heartbeats.iter().flat_map(|beat| beat.terminals.clone());
        contacts.filter_map(|contact| contact.trouble).collect::<Vec<_>>()
    });
    assert!(troubles.is_empty(), "{troubles:?}");
    edge.shutdown().await;
    call(&address).await.expect("the edge has said goodbye").close().await;
}

#[tokio::test]
async fn what_happens_while_the_line_is_cut_is_in_the_next_reading() {
    let sim = Terminal::builder("SIM1").log(records(20)).build();
    let cable = Cable::to(serve(&sim).await).await;
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals.push(heard("SIM1", &cable.address)));
    let edge = start(&place, &hub, HOUR).await;
    is_read(&hub, "SIM1", 20).await;
    for round in 0..3 {
        let before = 20 + 2 * usize::from(round as u8);
        cable.cut();
        assert!(sim.punch("5", at(2 * round), 0, 1));
        hub.until("word that it can't be reached", |held| held.contact("SIM1").unwrap().trouble.is_some()).await;
        cable.mend();
        arrive(&hub, before + 1).await;
        is_read(&hub, "SIM1", before as i64 + 1).await;
        hub.until("word that all is well", |held| held.contact("SIM1").unwrap().trouble.is_none()).await;
        assert!(sim.punch("6", at(2 * round + 1), 0, 1));
        arrive(&hub, before + 2).await;
    }
    edge.shutdown().await;
}

#[tokio::test]
async fn a_terminal_that_refuses_is_polled_and_that_is_said() {
    let sim = faulty("no-events");
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(heard("SIM1", &address)));
    let edge = start(&place, &hub, Duration::from_millis(200)).await;
    is_read(&hub, "SIM1", 20).await;
    let trouble = hub.with(|held| held.contact("SIM1").unwrap().trouble.clone()).unwrap();
    assert!(trouble.contains("refused to tell its punches") && trouble.contains("--live=false"), "{trouble}");
    assert!(sim.punch("5", at(0), 0, 1));
    arrive(&hub, 21).await;
    hub.with(|held| held.terminals[0].live = false);
    hub.until("word that all is well", |held| held.contact("SIM1").unwrap().trouble.is_none()).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn what_is_told_and_not_understood_is_read_from_the_log() {
    // An old unit tells a place in its user table, and no number.
    let slots = Terminal::builder("SIM1").profile("ma300".parse().unwrap()).log(records(20)).build();
    for sim in [slots, faulty("odd-events")] {
        let (place, hub) = (Workplace::new(), FakeHub::default());
        let address = serve(&sim).await;
        hub.with(|held| held.terminals.push(heard("SIM1", &address)));
        let edge = start(&place, &hub, HOUR).await;
        is_read(&hub, "SIM1", 20).await;
        assert!(sim.punch("5", at(0), 0, 1));
        arrive(&hub, 21).await;
        assert!(hub.with(|held| held.said()).contains(&("5".to_owned(), "2025-12-01 08:00:00".to_owned())));
        edge.shutdown().await;
    }
}

#[tokio::test]
async fn whoever_wants_to_talk_to_it_is_let_in_and_nothing_is_missed() {
    let sim = faulty("refuse-second");
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(heard("SIM1", &address)));
    let edge = start(&place, &hub, HOUR).await;
    is_read(&hub, "SIM1", 20).await;
    assert!(call(&address).await.is_err(), "the edge is connected");

    hub.with(|held| held.terminals[0].live = false);
    hub.is_followed().await;
    let mut client = loop {
        // The edge may still say goodbye.
        if let Ok(client) = call(&address).await {
            break client;
        }
    };
    assert!(client.time().await.is_ok());
    assert!(sim.punch("5", at(0), 0, 1));
    client.close().await;
    hub.with(|held| held.terminals[0].live = true);
    arrive(&hub, 21).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn many_terminals_are_heard_at_once() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let mut sims = Vec::new();
    // More than are read at the same time.
    for place in 0..edge::plan::AT_ONCE + 4 {
        let sim = Terminal::builder(format!("SIM{place:02}")).log(records(5)).build();
        let address = serve(&sim).await;
        hub.with(|held| held.terminals.push(heard(&format!("SIM{place:02}"), &address)));
        sims.push(sim);
    }
    let edge = start(&place, &hub, HOUR).await;
    for place in 0..sims.len() {
        is_read(&hub, &format!("SIM{place:02}"), 5).await;
    }
    for sim in &sims {
        assert!(sim.punch("5", at(0), 0, 1));
    }
    arrive(&hub, 6 * sims.len()).await;
    edge.shutdown().await;
}

/// A line to a terminal that can be cut.
struct Cable {
    address: String,
    is_whole: Arc<watch::Sender<bool>>,
}

impl Cable {
    async fn to(target: String) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let is_whole = Arc::new(watch::Sender::new(true));
        let looks = is_whole.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = socket.accept().await {
                tokio::spawn(carry(near, target.clone(), looks.clone()));
            }
        });
        Self { address, is_whole }
    }

    fn cut(&self) {
        self.is_whole.send_replace(false);
    }

    fn mend(&self) {
        self.is_whole.send_replace(true);
    }
}

/// Carries bytes both ways until the line is cut; nothing at all when it is.
async fn carry(mut near: TcpStream, target: String, mut is_whole: watch::Receiver<bool>) {
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    tokio::select! {
        _ = is_whole.wait_for(|is_whole| !is_whole) => {}
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
    }
}
