//! Whom a terminal lists is told with each reading, so that the hub follows what is done at the terminal itself.

use std::time::Duration;

use edge::{Edge, EdgeConfig, EdgeHandle};
use link::{CommandOrder, CommandState, TerminalCommand};
use simulator::Terminal;
use zk::User;

use crate::fake_hub::{FakeHub, Held};
use crate::poller::{polled, records, serve, start};
use crate::workplace::Workplace;

fn ann_and_test() -> [User; 2] {
    [User::new("12", "Ann Reyes"), User::new("99", "Test")]
}

fn delete_at(sim: &Terminal, number: &str) {
    assert!(sim.delete_user(sim.slot_of(number).unwrap()).is_some());
}

/// A polled terminal with both, and an edge that reads it for a hub that was prepared.
async fn branch(prepares: impl FnOnce(&mut Held)) -> (Terminal, Workplace, FakeHub, EdgeHandle) {
    let sim = Terminal::builder("SIM1").users(ann_and_test()).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    hub.with(prepares);
    let edge = start(&place, &hub).await;
    (sim, place, hub, edge)
}

/// How often a list was told, and not only its digest.
fn lists(held: &Held) -> usize {
    held.heartbeats.iter().flat_map(|beat| &beat.users).filter(|told| told.users.is_some()).count()
}

/// How often the digest was.
fn digests(held: &Held) -> usize {
    held.heartbeats.iter().flat_map(|beat| &beat.users).filter(|told| told.users.is_none()).count()
}

impl FakeHub {
    async fn lists(&self, expected: &[(&str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect();
        self.until("the users of the terminal", |held| held.listed.get("SIM1") == Some(&expected)).await;
    }

    /// Waits until so many more readings were told.
    async fn hears_digests(&self, more: usize) {
        let wanted = self.with(|held| digests(held)) + more;
        self.until("more readings", |held| digests(held) >= wanted).await;
    }
}

#[tokio::test]
async fn who_is_deleted_renamed_or_enrolled_at_the_terminal_itself_is_told_with_the_next_reading() {
    let (sim, _place, hub, edge) = branch(|_| {}).await;
    hub.lists(&[("12", "Ann Reyes"), ("99", "Test")]).await;

    let command = TerminalCommand::DeleteUser { user: "99".to_owned() };
    let order = CommandOrder { id: 1, serial: "SIM1".to_owned(), command, expires_in_s: 86_400 };
    hub.with(|held| held.commands.push(order));
    hub.until("99 to be deleted", |held| held.command(1).is_some_and(|told| told.state == CommandState::Done)).await;
    hub.lists(&[("12", "Ann Reyes")]).await;

    // Enrolled again, called as before.
    sim.put_user(User::new("99", "Test")).unwrap();
    hub.lists(&[("12", "Ann Reyes"), ("99", "Test")]).await;
    let of_99 = |item: &&link::Item| matches!(&item.what, link::What::User(user) if user.user == "99");
    assert_eq!(hub.with(|held| held.items.iter().filter(of_99).count()), 2, "that is news after a deletion");

    delete_at(&sim, "12");
    sim.put_user(User::new("99", "Tess Lim")).unwrap();
    hub.lists(&[("99", "Tess Lim")]).await;
    delete_at(&sim, "99");
    hub.lists(&[]).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_list_is_told_once_it_is_asked_for_and_not_again_while_nobody_changes() {
    let (_sim, place, hub, edge) = branch(|_| {}).await;
    hub.lists(&[("12", "Ann Reyes"), ("99", "Test")]).await;
    hub.hears_digests(1).await;
    let told = hub.with(|held| lists(held));
    hub.hears_digests(3).await;
    assert_eq!(hub.with(|held| lists(held)), told);
    edge.shutdown().await;

    // Another start remembers nothing, and need not; a hub that has lost them gets them.
    hub.with(|held| held.listed.clear());
    let edge = start(&place, &hub).await;
    hub.lists(&[("12", "Ann Reyes"), ("99", "Test")]).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn a_list_that_did_not_arrive_is_asked_for_again() {
    let (_sim, _place, hub, edge) = branch(|held| held.loses_lists = 2).await;
    hub.lists(&[("12", "Ann Reyes"), ("99", "Test")]).await;
    let told: Vec<bool> = hub.with(|held| {
        held.heartbeats.iter().flat_map(|beat| &beat.users).map(|told| told.users.is_some()).take(6).collect()
    });
    assert_eq!(told, [false, true, false, true, false, true], "a heartbeat without it comes in between");
    edge.shutdown().await;
}

#[tokio::test]
async fn a_hub_of_the_version_before_asks_for_no_list_and_gets_none() {
    let (_sim, _place, hub, edge) = branch(|held| held.wants_no_users = true).await;
    hub.hears_digests(3).await;
    assert_eq!(hub.with(|held| (lists(held), held.users.len())), (0, 2), "it hears of each by itself");
    edge.shutdown().await;
}

#[tokio::test]
async fn a_table_that_lacks_somebody_or_breaks_off_says_nothing_of_who_is_gone() {
    for fault in ["short-users", "short-set", "dropped-read=1"] {
        let sim = Terminal::builder("SIM1").users(ann_and_test()).log(records(3000));
        let sim = sim.faults(fault.parse().unwrap()).build();
        let (place, hub) = (Workplace::new(), FakeHub::default());
        let address = serve(&sim).await;
        hub.with(|held| held.terminals.push(polled("SIM1", &address)));
        let (poll_every, terminal_silence) = (Duration::from_millis(200), Duration::from_millis(500));
        let config = EdgeConfig { poll_every, terminal_silence, ..place.config() };
        let edge = Edge::start(config, hub.clone()).await.unwrap();
        let ended = |held: &Held| held.heartbeats.iter().map(|beat| beat.polls.len()).sum::<usize>();
        hub.until("three readings", |held| ended(held) >= 3).await;
        hub.is_followed().await;
        assert_eq!(hub.with(|held| lists(held) + digests(held)), 0, "{fault}");
        edge.shutdown().await;
    }
}
