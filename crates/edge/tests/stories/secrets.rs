//! The keys of terminals on the edge's disk.

use std::path::Path;

use edge::spool::{KEY_FILE, Options, Spool};
use link::Terminal;

use crate::fake_hub::{FakeHub, terminal};
use crate::forwarder::Nobody;
use crate::http::{get, post};
use crate::workplace::Workplace;

const COMM_KEY: u32 = 918_273_645;
const PUSH_KEY: &str = "4a9594af164f2b9779b59e8554b5df26";
const HANDSHAKE: &str = "/iclock/cdata?SN=X1&options=all&pushver=2.2.14&language=83";
const LINE: &[u8] = b"1\t2024-01-01 08:00:00\t0\t1\n";

/// A terminal with both keys.
fn with_keys() -> Terminal {
    Terminal { comm_key: Some(COMM_KEY), push_key: Some(PUSH_KEY.to_owned()), ..terminal("X1") }
}

/// Which of the keys stand in the spool's files, log included.
fn found_in(spool: &Path) -> Vec<String> {
    let files = ["", "-wal", "-shm"].map(|end| std::fs::read(format!("{}{end}", spool.display())).unwrap_or_default());
    assert!(!files[0].is_empty() || !files[1].is_empty());
    let holds =
        |needle: &String| files.iter().any(|file| file.windows(needle.len()).any(|part| part == needle.as_bytes()));
    [COMM_KEY.to_string(), PUSH_KEY.to_owned()].into_iter().filter(holds).collect()
}

async fn remembered(spool: &Spool) -> Terminal {
    spool.terminals().await.unwrap().remove(0).registered.unwrap()
}

#[tokio::test]
async fn a_stolen_spool_has_no_key_of_a_terminal() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals.push(with_keys()));
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    assert_eq!(remembered(edge.spool()).await, with_keys());
    assert_eq!(found_in(&place.spool()), [] as [&str; 0]);
    edge.shutdown().await;
    assert_eq!(found_in(&place.spool()), [] as [&str; 0]);

    let spool = Spool::open(&place.spool()).unwrap();
    assert_eq!(remembered(&spool).await, with_keys(), "the key file beside it opens them");
    spool.close().await;
    let options = Options { key_file: Some(place.spool().with_file_name("thief.key")), ..Options::default() };
    let stolen = Spool::open_with(&place.spool(), options).unwrap();
    let nobody_gets_in = Terminal { comm_key: None, push_key: Some(String::new()), ..with_keys() };
    assert_eq!(remembered(&stolen).await, nobody_gets_in);
}

#[tokio::test]
async fn keys_that_an_older_edge_left_in_plain_text_are_sealed_and_wiped() {
    let place = Workplace::new();
    let old = rusqlite::Connection::open(place.spool()).unwrap();
    old.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    for script in [
        include_str!("../../src/spool/schema/0001_spool.sql"),
        include_str!("../../src/spool/schema/0002_commands.sql"),
        include_str!("../../src/spool/schema/0003_slots.sql"),
        include_str!("../../src/spool/schema/0004_admissions.sql"),
        include_str!("../../src/spool/schema/0005_access.sql"),
        "PRAGMA user_version = 5",
    ] {
        old.execute_batch(script).unwrap();
    }
    let mut add = old.prepare("INSERT INTO terminal VALUES (?1, ?2, 0, 7)").unwrap();
    // Enough of them for pages that are split.
    for number in 1..=50 {
        let one = Terminal { serial: format!("X{number}"), ..with_keys() };
        add.execute((&one.serial, serde_json::to_string(&one).unwrap())).unwrap();
    }
    drop(add);
    drop(old);
    assert_eq!(found_in(&place.spool()), [COMM_KEY.to_string(), PUSH_KEY.to_owned()]);

    let spool = Spool::open(&place.spool()).unwrap();
    assert_eq!(found_in(&place.spool()), [] as [&str; 0]);
    let all = spool.terminals().await.unwrap();
    assert_eq!(all.len(), 50);
    for one in all {
        let keys = one.registered.map(|terminal| (terminal.comm_key, terminal.push_key));
        assert_eq!(keys, Some((Some(COMM_KEY), Some(PUSH_KEY.to_owned()))));
        assert_eq!((one.owes_upload, one.sample_lines), (false, 7), "the rest is as it was");
    }
    spool.close().await;
    assert_eq!(found_in(&place.spool()), [] as [&str; 0]);
}

#[tokio::test]
async fn without_its_key_file_an_edge_goes_on_and_the_hubs_list_cures_it() {
    let (place, hub) = (Workplace::new(), FakeHub::default());
    hub.with(|held| held.terminals = vec![with_keys(), terminal("X2")]);
    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    edge.shutdown().await;
    std::fs::remove_file(place.spool().with_file_name(KEY_FILE)).unwrap();

    let edge = place.start(Nobody).await;
    let to = edge.terminals_addr();
    let shows_it = format!("{HANDSHAKE}&pushcommkey={PUSH_KEY}");
    assert_eq!(get(to, HANDSHAKE).await.status, 403, "a pinned terminal does not become one without a pin");
    assert_eq!(get(to, &shows_it).await.status, 403, "it keeps what it has");
    assert_eq!(post(to, "/iclock/cdata?SN=X2&table=ATTLOG&Stamp=1", LINE).await.body, "OK:1", "others are served");
    edge.shutdown().await;

    let edge = place.start(hub.clone()).await;
    hub.is_followed().await;
    assert_eq!(get(edge.terminals_addr(), &shows_it).await.status, 200);
    assert_eq!(remembered(edge.spool()).await, with_keys());
    hub.until("the punch", |held| held.punches.len() == 1).await;
    edge.shutdown().await;
}
