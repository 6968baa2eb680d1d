//! Users that the hub wants written to terminals that are read over port 4370.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use edge::{Edge, EdgeConfig, EdgeHandle};
use link::command::TerminalPerson;
use link::{CommandOrder, CommandState, TerminalCommand, Via};
use simulator::{Faults, Terminal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zk::record::template::TemplateKey;
use zk::{Privilege, User};

use crate::fake_hub::FakeHub;
use crate::http::{get, post};
use crate::poller::{polled, serve};
use crate::workplace::Workplace;

fn put(user: &str, name: &str) -> TerminalCommand {
    TerminalCommand::PutUser(TerminalPerson {
        user: user.to_owned(),
        name: name.to_owned(),
        ..TerminalPerson::default()
    })
}

fn rename(user: &str, name: &str) -> TerminalCommand {
    TerminalCommand::RenameUser { user: user.to_owned(), name: name.to_owned() }
}

fn delete(user: &str) -> TerminalCommand {
    TerminalCommand::DeleteUser { user: user.to_owned() }
}

fn order(id: i64, command: TerminalCommand) -> CommandOrder {
    CommandOrder { id, serial: "SIM1".to_owned(), command, expires_in_s: 86_400 }
}

impl FakeHub {
    fn order(&self, id: i64, command: TerminalCommand) {
        self.with(|held| held.commands.push(order(id, command)));
    }

    /// Waits until a command has come so far, and returns how it is told.
    async fn told(&self, id: i64, state: CommandState) -> String {
        let reached = |held: &crate::fake_hub::Held| held.command(id).is_some_and(|report| report.state == state);
        self.until(&format!("command {id} to be {state:?}"), reached).await;
        self.with(|held| held.command(id).unwrap().text.clone())
    }

    async fn has_read(&self, serial: &str) {
        let is_read = |held: &crate::fake_hub::Held| {
            held.contact(serial).is_some_and(|contact| contact.last_complete_read_us.is_some())
        };
        self.until("a reading", is_read).await;
    }
}

/// Reads so rarely that only what hurries is read again soon.
async fn start(place: &Workplace, hub: &FakeHub, poll_every: Duration) -> EdgeHandle {
    let config = EdgeConfig { poll_every, terminal_silence: Duration::from_secs(2), ..place.config() };
    Edge::start(config, hub.clone()).await.unwrap()
}

const RARELY: Duration = Duration::from_secs(3600);
const OFTEN: Duration = Duration::from_millis(200);

fn user_of(terminal: &Terminal, number: &str) -> Option<User> {
    terminal.users().into_iter().find(|user| user.number == number)
}

#[tokio::test]
async fn users_are_sent_renamed_and_removed_on_a_visit_that_does_not_wait_for_its_turn() {
    for profile in ["k40", "ma300"] {
        let boss = User { privilege: Privilege::MANAGER, card: 77, ..User::new("12", "A. Reyes") };
        let boss = User { password: "4321".into(), slot: 3, ..boss };
        let gone = User { slot: 4, ..User::new("99", "Gone") };
        let sim = Terminal::builder("SIM1").profile(profile.parse().unwrap()).users([boss.clone(), gone]).build();
        let (kept, lost) = (TemplateKey { slot: 3, finger: 1 }, TemplateKey { slot: 4, finger: 1 });
        assert!(sim.enrol(kept) && sim.enrol(lost));
        let (place, hub) = (Workplace::new(), FakeHub::default());
        let address = serve(&sim).await;
        hub.with(|held| held.terminals.push(polled("SIM1", &address)));
        let edge = start(&place, &hub, RARELY).await;
        hub.has_read("SIM1").await;

        hub.order(1, put("13", "Ben Cruz"));
        hub.order(2, rename("12", "Ann Rey"));
        hub.order(3, delete("99"));
        hub.order(4, rename("77", "Nobody"));
        for id in [1, 2, 3] {
            assert_eq!(hub.told(id, CommandState::Done).await, "done", "{profile}");
        }
        assert_eq!(hub.told(4, CommandState::Failed).await, "the terminal has no user 77; send them instead");
        let users = sim.users();
        assert_eq!(
            user_of(&sim, "12"),
            Some(User { name_raw: b"Ann Rey".to_vec(), ..boss }),
            "{profile}: all else stays"
        );
        assert_eq!(user_of(&sim, "13").map(|user| user.name()), Some("Ben Cruz".to_owned()), "{profile}");
        assert_eq!(user_of(&sim, "99"), None, "{profile}");
        assert!(sim.template(kept).is_some() && sim.template(lost).is_none(), "{profile}");
        assert!(!sim.is_disabled(), "people can punch");

        // What is asked once more is so already, and nothing is written.
        hub.order(11, put("13", "Ben Cruz"));
        hub.order(12, rename("12", "Ann Rey"));
        hub.order(13, delete("99"));
        assert_eq!(hub.told(11, CommandState::Done).await, "the terminal had it so already");
        assert_eq!(hub.told(12, CommandState::Done).await, "the terminal had it so already");
        assert_eq!(hub.told(13, CommandState::Done).await, "the terminal did not list it any more");
        assert_eq!(sim.users(), users, "{profile}");
        edge.shutdown().await;
    }
}

#[tokio::test]
async fn who_does_not_fit_is_told_and_the_others_are_written() {
    let sim = Terminal::builder("SIM1").profile("ma300".parse().unwrap()).users([User::new("7", "Cora")]).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    hub.order(1, put("0012", "Ann"));
    hub.order(2, put("13", "Ben"));
    let edge = start(&place, &hub, RARELY).await;
    assert!(hub.told(1, CommandState::Failed).await.contains("without leading zeros"));
    hub.told(2, CommandState::Done).await;
    assert_eq!(user_of(&sim, "13").map(|user| user.name()), Some("Ben".to_owned()));
    edge.shutdown().await;
}

/// A record of an old unit names a place in the user table only.
#[tokio::test]
async fn the_punches_of_who_is_removed_are_stored_before() {
    let at = |hour| jiff::civil::date(2025, 12, 1).at(hour, 0, 0, 0);
    let user = User { slot: 7, ..User::new("101", "") };
    let sim = Terminal::builder("SIM1").profile("ma300".parse().unwrap()).users([user]).build();
    assert!(sim.punch("101", at(8), 0, 1));
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    hub.order(1, delete("101"));
    let edge = start(&place, &hub, RARELY).await;
    hub.told(1, CommandState::Done).await;
    assert!(sim.users().is_empty());
    hub.until("the punch", |held| held.punches.len() == 1).await;
    assert_eq!(hub.with(|held| held.said()), [("101".to_owned(), "2025-12-01 08:00:00".to_owned())]);
    edge.shutdown().await;
}

#[tokio::test]
async fn with_a_wrong_comm_key_it_waits_says_so_and_is_done_when_the_key_is_right() {
    let sim = Terminal::builder("SIM1").comm_key(1234).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    hub.order(1, put("13", "Ben Cruz"));
    let edge = start(&place, &hub, OFTEN).await;
    let waits = |held: &crate::fake_hub::Held| {
        let told = held.command(1).filter(|told| told.state == CommandState::HandedOver && told.sent_times > 1);
        told.is_some_and(|told| told.text.contains("refused the comm key; write the key"))
    };
    hub.until("word of what is in the way", waits).await;
    assert_eq!(user_of(&sim, "13"), None);
    hub.with(|held| held.terminals = vec![link::Terminal { comm_key: Some(1234), ..polled("SIM1", &address) }]);
    assert_eq!(hub.told(1, CommandState::Done).await, "done");
    assert_eq!(user_of(&sim, "13").map(|user| user.name()), Some("Ben Cruz".to_owned()));
    edge.shutdown().await;
}

#[tokio::test]
async fn what_expires_undone_says_what_was_in_its_way() {
    let sim = Terminal::builder("SIM1").comm_key(1234).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| {
        held.terminals.push(polled("SIM1", &address));
        held.commands.push(CommandOrder { expires_in_s: 3, ..order(1, put("13", "Ben Cruz")) });
    });
    let edge = start(&place, &hub, OFTEN).await;
    let says = hub.told(1, CommandState::Expired).await;
    assert!(says.starts_with("it could not be done in time: ") && says.contains("refused the comm key"), "{says}");
    edge.shutdown().await;
}

/// A line that drops as soon as the first user is written; whether the terminal has it nobody knows.
async fn dropping(to: String) -> (String, Arc<AtomicUsize>) {
    const USER_WRITE: [u8; 2] = 8_u16.to_le_bytes();
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, drops) = (socket.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
    let counted = drops.clone();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = socket.accept().await {
            let (to, drops) = (to.clone(), counted.clone());
            tokio::spawn(async move {
                let mut far = tokio::net::TcpStream::connect(to).await.unwrap();
                let (mut asked, mut told) = (vec![0; 1 << 16], vec![0; 1 << 16]);
                loop {
                    tokio::select! {
                        read = near.read(&mut asked) => {
                            let Ok(bytes @ 1..) = read else { return };
                            far.write_all(&asked[..bytes]).await.unwrap();
                            // Behind eight bytes of frame comes the command.
                            if asked[8..10] == USER_WRITE && drops.fetch_add(1, Ordering::SeqCst) == 0 {
                                let _ = far.read(&mut told).await;
                                return;
                            }
                        }
                        read = far.read(&mut told) => {
                            let Ok(bytes @ 1..) = read else { return };
                            near.write_all(&told[..bytes]).await.unwrap();
                        }
                    }
                }
            });
        }
    });
    (address, drops)
}

#[tokio::test]
async fn a_line_that_drops_in_the_middle_is_said_and_the_next_visit_does_the_rest() {
    let sim = Terminal::builder("SIM1").users([User::new("7", "Cora")]).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let (address, drops) = dropping(serve(&sim).await).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    hub.order(1, put("13", "Ben Cruz"));
    hub.order(2, put("14", "Dan Lim"));
    let edge = start(&place, &hub, OFTEN).await;
    for id in [1, 2] {
        hub.told(id, CommandState::Done).await;
    }
    assert!(drops.load(Ordering::SeqCst) > 0, "the line did drop");
    let tried = hub.with(|held| held.reports.iter().find(|told| !told.text.is_empty()).cloned()).unwrap();
    assert_eq!((tried.state, tried.sent_times), (CommandState::HandedOver, 1), "{tried:?}");
    assert!(tried.text.contains("the terminal closed the connection while"), "{tried:?}");
    let names: Vec<(String, String)> = sim.users().iter().map(|user| (user.number.clone(), user.name())).collect();
    let expected = [("7", "Cora"), ("13", "Ben Cruz"), ("14", "Dan Lim")];
    assert_eq!(names, expected.map(|(number, name)| (number.to_owned(), name.to_owned())), "each once");
    edge.shutdown().await;
}

#[tokio::test]
async fn what_was_ordered_before_a_restart_of_the_edge_is_done_after_it() {
    let sim = Terminal::builder("SIM1").build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    // Nobody listens there for now.
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    hub.with(|held| held.terminals.push(polled("SIM1", &nowhere)));
    hub.order(1, put("13", "Ben Cruz"));
    let edge = start(&place, &hub, OFTEN).await;
    hub.until("a try", |held| held.command(1).is_some_and(|told| told.sent_times > 0)).await;
    edge.shutdown().await;

    let address = serve(&sim).await;
    hub.with(|held| held.terminals = vec![polled("SIM1", &address)]);
    let edge = start(&place, &hub, OFTEN).await;
    assert_eq!(hub.told(1, CommandState::Done).await, "done");
    assert_eq!(user_of(&sim, "13").map(|user| user.name()), Some("Ben Cruz".to_owned()));
    edge.shutdown().await;
}

#[tokio::test]
async fn a_log_that_breaks_off_is_read_first_and_users_are_written_after_it() {
    let faults = Faults::default().with("dropped-read=1").unwrap();
    let sim = Terminal::builder("SIM1").log(crate::poller::records(3000)).faults(faults).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(polled("SIM1", &address)));
    hub.order(1, put("13", "Ben Cruz"));
    let edge = start(&place, &hub, OFTEN).await;
    let waits =
        |held: &crate::fake_hub::Held| held.command(1).is_some_and(|told| told.text.contains("closed the connection"));
    hub.until("word of what is in the way", waits).await;
    assert_eq!((user_of(&sim, "13"), hub.with(|held| held.punches.len())), (None, 0));
    edge.shutdown().await;
}

#[tokio::test]
async fn a_terminal_that_is_heard_live_is_written_to_on_its_session_and_heard_on() {
    let sim = Terminal::builder("SIM1").build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(link::Terminal { live: true, ..polled("SIM1", &address) }));
    let edge = start(&place, &hub, RARELY).await;
    hub.has_read("SIM1").await;
    hub.order(1, put("13", "Ben Cruz"));
    hub.told(1, CommandState::Done).await;
    assert!(sim.punch("13", jiff::civil::date(2026, 1, 5).at(8, 0, 0, 0), 0, 1));
    hub.until("the punch", |held| held.punches.len() == 1).await;
    edge.shutdown().await;
}

#[tokio::test]
async fn who_pushes_too_is_renamed_on_a_visit_and_fetches_everything_else() {
    let sim = Terminal::builder("SIM1").users([User { card: 77, ..User::new("12", "A. Reyes") }]).build();
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let address = serve(&sim).await;
    hub.with(|held| held.terminals.push(link::Terminal { via: Via::Both, ..polled("SIM1", &address) }));
    let edge = start(&place, &hub, RARELY).await;
    hub.has_read("SIM1").await;
    let poll = async || get(edge.terminals_addr(), "/iclock/getrequest?SN=SIM1").await.body;
    assert!(poll().await.contains("DATA QUERY USERINFO"));
    hub.order(1, put("13", "Ben Cruz"));
    hub.order(2, rename("12", "Ann Reyes"));
    hub.told(2, CommandState::Done).await;
    assert_eq!(user_of(&sim, "12").map(|user| (user.name(), user.card)), Some(("Ann Reyes".to_owned(), 77)));
    let fetched = poll().await;
    assert!(fetched.contains("PIN=13") && !fetched.contains("PIN=12"), "{fetched}");
    assert_eq!(user_of(&sim, "13"), None, "it was handed out, and not done on the visit");
    edge.shutdown().await;
}

#[tokio::test]
async fn what_waits_for_a_visit_is_not_fetched_before_the_terminal_pushes() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    hub.with(|held| held.terminals.push(polled("SIM1", &nowhere)));
    hub.order(1, put("13", "Ben Cruz"));
    let edge = start(&place, &hub, RARELY).await;
    hub.told(1, CommandState::HandedOver).await;
    let poll = async || get(edge.terminals_addr(), "/iclock/getrequest?SN=SIM1").await.body;
    let fetched = poll().await;
    assert!(fetched.contains("DATA QUERY USERINFO") && !fetched.contains("PIN=13"), "{fetched}");
    let ids = fetched.lines().filter_map(|line| line.split(':').nth(1));
    let results: String = ids.map(|id| format!("ID={id}&Return=0&CMD=DATA\n")).collect();
    post(edge.terminals_addr(), "/iclock/devicecmd?SN=SIM1", results.as_bytes()).await;
    assert_eq!(poll().await, "OK");

    hub.with(|held| {
        held.terminals = vec![link::Terminal { via: Via::Push, ..polled("SIM1", &nowhere) }];
        held.commands.push(CommandOrder { serial: "OTHER".to_owned(), ..order(2, TerminalCommand::Info) });
    });
    hub.told(2, CommandState::HandedOver).await;
    let fetched = poll().await;
    assert!(fetched.contains("PIN=13"), "{fetched}");
    edge.shutdown().await;
}
