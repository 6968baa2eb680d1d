//! What the spool promises.

use std::path::Path;
use std::time::Duration;

use attendance::punch::{Channel, PrintedTime, RawPunch};
use edge::spool::room::Bounds;
use edge::spool::terminals::SAMPLE_LINES;
use edge::spool::unknown_slots::SlotPunch;
use edge::spool::{Appended, Entry, Options, Spool, SpoolError, Stretch};
use link::{TerminalUser, What};

use crate::workplace::Workplace;

const DAY_US: i64 = 86_400_000_000;
const DAY: Duration = Duration::from_secs(86_400);

fn raw(user: &str, second: i64) -> RawPunch {
    RawPunch {
        origin: "A1".to_owned(),
        user: user.to_owned(),
        time: PrintedTime::Seconds(1_700_000_000 + second),
        state: Some(0),
        verify: Some(1),
        work_code: None,
        original: format!("{user}\t{second}").into_bytes(),
    }
}

fn punches(seconds: std::ops::Range<i64>, received_us: i64) -> Vec<Entry> {
    seconds.map(|second| Entry::punch(Channel::Push, &raw("7", second), received_us)).collect()
}

async fn held(spool: &Spool) -> Vec<link::Item> {
    spool.after(0, usize::MAX, usize::MAX).await.unwrap().items
}

/// The files as a kill at this moment leaves them: the copy has no index of the log, which SQLite builds anew.
fn files_after_kill(spool: &Path, copy: &Path) {
    for end in ["", "-wal"] {
        let with_end = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(with_end(spool), with_end(copy)).unwrap();
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_kill() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    for batch in 0..20 {
        spool.append(punches(batch * 10..batch * 10 + 10, 1)).await.unwrap();
        let copy = place.spool().with_file_name(format!("after-{batch}.db"));
        files_after_kill(&place.spool(), &copy);
        let reopened = Spool::open(&copy).unwrap();
        assert_eq!(held(&reopened).await.len(), (batch as usize + 1) * 10);
        reopened.close().await;
    }
}

#[tokio::test]
async fn the_same_punch_by_push_and_by_poll_is_one() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let said = raw("7", 0);
    let polled = RawPunch { original: vec![1, 2, 3], ..said.clone() };
    let with_other_state = RawPunch { state: Some(1), ..polled.clone() };
    let first = spool.append(vec![Entry::punch(Channel::Push, &said, 1)]).await.unwrap();
    assert_eq!(first, Appended { new: 1, known: 0, differing: 0 });
    let again = vec![Entry::punch(Channel::Poll, &polled, 2), Entry::punch(Channel::Poll, &with_other_state, 2)];
    assert_eq!(spool.append(again).await.unwrap(), Appended { new: 0, known: 2, differing: 1 });
    let items = held(&spool).await;
    assert_eq!(items.len(), 1);
    assert!(matches!(&items[0].what, What::Punch(punch) if punch.channel == Channel::Push && punch.state == Some(0)));
}

#[tokio::test]
async fn callers_at_the_same_time_share_a_commit_and_each_has_its_own_answer() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..200_i64 {
        let spool = spool.clone();
        // Two callers each bring the same punch.
        callers.spawn(async move { spool.append(punches(caller / 2..caller / 2 + 1, 1)).await.unwrap().new });
    }
    let new: usize = callers.join_all().await.into_iter().sum();
    assert_eq!(new, 100);
    let seqs: Vec<_> = held(&spool).await.iter().map(|item| item.seq).collect();
    assert_eq!(seqs, (1..=100).collect::<Vec<i64>>());
}

#[tokio::test]
async fn nothing_above_the_acknowledgement_is_trimmed() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..3000, DAY_US)).await.unwrap();
    assert_eq!(trim(&spool, 2).await, 0, "nothing is acknowledged");
    spool.acknowledge(2500).await.unwrap();
    assert_eq!(trim(&spool, 3).await, 0);
    assert_eq!(trim(&spool, 33).await, 2500);
    assert_eq!(held(&spool).await.first().map(|item| item.seq), Some(2501));
}

#[tokio::test]
async fn the_tail_counts_from_the_acknowledgement_however_long_the_outage_was() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..10, DAY_US)).await.unwrap();
    for day in 1..=40 {
        assert_eq!(trim(&spool, day).await, 0, "the hub is away");
    }
    spool.acknowledge(6).await.unwrap();
    assert_eq!(trim(&spool, 41).await, 0, "it has them since today");
    spool.acknowledge(10).await.unwrap();
    assert_eq!((trim(&spool, 42).await, trim(&spool, 70).await), (0, 0));
    // A restart forgets nothing of it.
    spool.close().await;
    let spool = Spool::open(&place.spool()).unwrap();
    assert_eq!(trim(&spool, 71).await, 6);
    assert_eq!((trim(&spool, 71).await, trim(&spool, 72).await), (0, 4));
}

#[tokio::test]
async fn what_a_restored_hub_asks_for_again_is_held_by_it_only_from_then_on() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..10, DAY_US)).await.unwrap();
    spool.acknowledge(10).await.unwrap();
    assert_eq!(trim(&spool, 2).await, 0);
    spool.acknowledge(4).await.unwrap();
    spool.acknowledge(10).await.unwrap();
    assert_eq!(trim(&spool, 31).await, 0);
    assert_eq!(trim(&spool, 60).await, 0, "it has 5 to 10 since day 31");
    assert_eq!(trim(&spool, 61).await, 10);
}

/// Trims on a day, with a tail of 30 days.
async fn trim(spool: &Spool, day: i64) -> usize {
    spool.trim(day * DAY_US, 30 * DAY).await.unwrap()
}

#[tokio::test]
async fn sequence_numbers_are_never_given_twice() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..5, DAY_US)).await.unwrap();
    spool.acknowledge(5).await.unwrap();
    assert_eq!(spool.trim(2 * DAY_US, Duration::ZERO).await.unwrap(), 5);
    spool.close().await;

    let spool = Spool::open(&place.spool()).unwrap();
    assert_eq!(spool.depth().await.unwrap().acked, 5);
    spool.append(punches(100..101, DAY_US)).await.unwrap();
    assert_eq!(held(&spool).await[0].seq, 6);
    let depth = spool.depth().await.unwrap();
    assert_eq!((depth.last, depth.unsent, depth.oldest_unsent_us), (6, 1, Some(DAY_US)));
}

#[tokio::test]
async fn a_full_queue_refuses_and_what_it_took_is_stored() {
    let place = Workplace::new();
    let spool = Spool::open_with(&place.spool(), Options { queue_batches: 1, ..Options::default() }).unwrap();
    // Somebody else holds the file, so the writer stands still.
    let other = rusqlite::Connection::open(place.spool()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    let mut is_refused = false;
    for second in 0..10_000 {
        let spool = spool.clone();
        let (first_poll, polled) = tokio::sync::oneshot::channel();
        waiting.spawn(async move {
            let append = spool.append(punches(second..second + 1, 1));
            let mut append = std::pin::pin!(append);
            // The first poll tells whether the queue had room.
            let now = std::future::poll_fn(|context| std::task::Poll::Ready(append.as_mut().poll(context))).await;
            let _ = first_poll.send(matches!(now, std::task::Poll::Ready(Err(SpoolError::Busy))));
            match now {
                std::task::Poll::Ready(outcome) => outcome,
                std::task::Poll::Pending => append.await,
            }
        });
        if polled.await.unwrap() {
            is_refused = true;
            break;
        }
    }
    assert!(is_refused, "a queue of one batch took ten thousand");
    other.execute_batch("ROLLBACK").unwrap();
    let outcomes = waiting.join_all().await;
    let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(outcomes.len() - taken, 1);
    assert_eq!(held(&spool).await.len(), taken);
}

const MIB: u64 = 1 << 20;

fn small_spool(place: &Workplace) -> Spool {
    let bounds = Bounds { max_bytes: MIB, disk_reserve_bytes: 0 };
    Spool::open_with(&place.spool(), Options { bounds, ..Options::default() }).unwrap()
}

/// Appends from this second on until the spool is full; the first second that it did not take.
async fn fill(spool: &Spool, from: i64) -> i64 {
    for second in (from..from + 100_000).step_by(100) {
        match spool.append(punches(second..second + 100, DAY_US)).await {
            Ok(appended) => assert_eq!(appended.new, 100),
            Err(SpoolError::Full(why)) => {
                assert!(why.contains("of the 1 MiB that edge.spool_mib allows"), "{why}");
                return second;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("a spool of 1 MiB took a hundred thousand punches");
}

#[tokio::test]
async fn a_spool_at_its_size_refuses_loses_nothing_and_takes_again_once_the_hub_has_some() {
    let place = Workplace::new();
    let spool = small_spool(&place);
    let taken = fill(&spool, 0).await;
    assert!(taken >= 4000, "its design says how much fits: {taken}");
    assert_eq!(held(&spool).await.len() as i64, taken, "what was taken is there, and nothing of what was not");
    assert_eq!(spool.trim(i64::MAX, Duration::ZERO).await.unwrap(), 0, "nothing of it is acknowledged");

    // The rest goes on: an acknowledgement is written, and then the tail gives way, oldest first.
    spool.acknowledge(1500).await.unwrap();
    let refilled = fill(&spool, taken).await;
    assert!(refilled - taken >= 500, "1500 entries had the room of {}", refilled - taken);
    let left = held(&spool).await;
    assert!(left.iter().map(|item| item.seq).eq(left[0].seq..=refilled), "what goes is the oldest");
    assert!(left[0].seq <= 1501, "never what the hub has not: {}", left[0].seq);
    spool.close().await;
    let file_bytes = std::fs::metadata(place.spool()).unwrap().len();
    assert!(file_bytes <= MIB, "{file_bytes}");
}

#[tokio::test]
async fn what_is_known_needs_no_room_and_drives_nothing_out() {
    let place = Workplace::new();
    let spool = small_spool(&place);
    let taken = fill(&spool, 0).await;
    spool.acknowledge(1500).await.unwrap();
    let again = spool.append(punches(0..taken, DAY_US)).await.unwrap();
    assert_eq!(again, Appended { new: 0, known: taken as usize, differing: 0 });
    assert_eq!(held(&spool).await.len() as i64, taken, "also what the hub has is still there");
    let with_news = spool.append(punches(1500..taken + 3000, DAY_US)).await;
    assert!(matches!(with_news, Err(SpoolError::Full(_))), "{with_news:?}");
}

#[tokio::test]
async fn what_is_no_entry_is_bounded_by_sqlite_itself() {
    let place = Workplace::new();
    let spool = small_spool(&place);
    // Records that wait for the owner of their slot are no entries; each is as long as a line may be.
    let waiting = |slot: u16| {
        let punch = RawPunch { original: vec![7; 60_000], ..raw("", i64::from(slot)) };
        vec![SlotPunch { slot, punch }]
    };
    let mut refused = None;
    for slot in 0..100 {
        if let Err(error) = spool.keep_unknown_slots("A1".into(), waiting(slot)).await {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(SpoolError::NotStored(_))), "{refused:?}");
    assert!(matches!(spool.append(punches(0..1, 1)).await, Err(SpoolError::Full(_))));
    assert_eq!(spool.depth().await.unwrap().last, 0, "it can still be read");
    spool.close().await;
    assert!(std::fs::metadata(place.spool()).unwrap().len() <= MIB);
}

#[tokio::test]
async fn closing_writes_what_waits() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    // All are handed over before the close, and none has been answered yet.
    let (one, two, three, ()) = tokio::join!(
        spool.append(punches(0..100, 1)),
        spool.append(punches(100..200, 1)),
        spool.append(punches(200..300, 1)),
        spool.close(),
    );
    assert_eq!([one, two, three].map(|appended| appended.unwrap().new), [100, 100, 100]);
    assert!(matches!(spool.append(punches(0..1, 1)).await, Err(SpoolError::Closed)));
    assert_eq!(held(&Spool::open(&place.spool()).unwrap()).await.len(), 300);
}

#[tokio::test]
async fn a_user_is_news_only_with_another_name() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let seen = |name: &str| {
        let user = TerminalUser { origin: "A1".into(), user: "7".into(), name: name.into() };
        vec![Entry::user(&user, 1)]
    };
    assert_eq!(spool.append(seen("Ann")).await.unwrap().new, 1);
    assert_eq!(spool.append(seen("Ann")).await.unwrap().new, 0);
    assert_eq!(spool.append(seen("Ann Lee")).await.unwrap().new, 1);
    assert_eq!(spool.append(seen("Ann")).await.unwrap().new, 1, "the name was changed back");
    let items = held(&spool).await;
    assert!(matches!(&items[..], [item] if matches!(&item.what, What::User(user) if user.name == "Ann")), "{items:?}");
}

#[tokio::test]
async fn a_batch_ends_at_its_limits() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..100, 1)).await.unwrap();
    let seqs = |stretch: Stretch| stretch.items.iter().map(|item| item.seq).collect::<Vec<_>>();
    assert_eq!(seqs(spool.after(10, 3, usize::MAX).await.unwrap()), [11, 12, 13]);
    assert_eq!(seqs(spool.after(10, 100, 1).await.unwrap()), [11], "one item always fits");
    assert_eq!(seqs(spool.after(100, 100, usize::MAX).await.unwrap()), Vec::<i64>::new());
}

#[tokio::test]
async fn the_sample_of_an_unapproved_terminal_ends_at_its_limit() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let serial = || "X9".to_owned();
    assert_eq!(spool.keep_sample(serial(), punches(0..60, 1)).await.unwrap(), 60);
    assert_eq!(spool.keep_sample(serial(), punches(0..60, 1)).await.unwrap(), 60, "the same lines again");
    assert_eq!(spool.keep_sample(serial(), punches(60..300, 1)).await.unwrap(), SAMPLE_LINES);
    assert_eq!(held(&spool).await.len(), 100);
}

#[tokio::test]
async fn a_slot_that_nobody_has_waits_for_the_table() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let waiting = vec![SlotPunch { slot: 3, punch: raw("", 0) }, SlotPunch { slot: 4, punch: raw("", 1) }];
    assert_eq!(spool.keep_unknown_slots("A1".into(), waiting.clone()).await.unwrap(), 2);
    assert_eq!(spool.keep_unknown_slots("A1".into(), waiting).await.unwrap(), 2, "read again");
    let table = |slot| (slot == 3).then(|| "0012".to_owned());
    assert_eq!(spool.resolve_slots("A1".into(), 5, table).await.unwrap(), 1);
    let items = held(&spool).await;
    assert!(matches!(&items[..], [item] if matches!(&item.what, What::Punch(punch) if punch.user == "0012")));
}

#[test]
fn a_file_that_is_no_spool_says_so() {
    let place = Workplace::new();
    std::fs::write(place.spool(), "this is a shopping list, not a database, and quite a long one").unwrap();
    let error = Spool::open(&place.spool()).err().unwrap().to_string();
    assert!(error.contains("spool.db can't be used: file is not a database"), "{error}");
}

#[tokio::test]
async fn a_file_of_the_version_before_keeps_its_entries_and_its_commands() {
    let place = Workplace::new();
    let old = rusqlite::Connection::open(place.spool()).unwrap();
    old.execute_batch(include_str!("../../src/spool/schema/0001_spool.sql")).unwrap();
    old.execute_batch(
        "PRAGMA user_version = 1;
         INSERT INTO command (serial, word, sent_us) VALUES ('A1', 'SING', NULL), ('A1', 'CHECK', 5), ('A1', 'QUERY USERS', NULL);
         DELETE FROM command WHERE word = 'SING';
         INSERT INTO terminal (serial, registered, owes_upload, sample_lines) VALUES ('A1', NULL, 1, 7)",
    )
    .unwrap();
    let spool = Spool::open(&place.spool()).unwrap();
    assert_eq!(spool.terminals().await.unwrap()[0].sample_lines, 7);
    let hand_out = async |now_us| {
        let patience = Duration::from_secs(60);
        spool.hand_out("A1".into(), adms::Dialect::Attendance, link::Via::Push, now_us, patience).await.unwrap().reply
    };
    assert_eq!(hand_out(1_000_000).await, "C:3:DATA QUERY USERINFO\n", "the other one was sent already");
    assert_eq!(hand_out(60_000_005).await, "C:2:CHECK\n");
    spool.close().await;

    old.execute_batch("PRAGMA user_version = 99").unwrap();
    let error = Spool::open(&place.spool()).err().unwrap().to_string();
    assert!(error.contains("a newer punchclock wrote it"), "{error}");
}

#[tokio::test]
async fn each_file_is_a_spool_of_its_own_and_one_of_an_older_version_stays_without_a_word() {
    let (place, elsewhere) = (Workplace::new(), Workplace::new());
    let id = async |place: &Workplace| {
        let spool = Spool::open(&place.spool()).unwrap();
        let id = spool.id().to_owned();
        spool.close().await;
        id
    };
    let first = id(&place).await;
    assert_eq!((first.len(), id(&place).await), (32, first.clone()), "a restart is no other spool");
    assert_ne!(id(&elsewhere).await, first);

    let place = Workplace::new();
    let old = rusqlite::Connection::open(place.spool()).unwrap();
    old.execute_batch(include_str!("../../src/spool/schema/0001_spool.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);
    assert_eq!(id(&place).await, "", "the hub knows its sequences already");
}

#[tokio::test]
async fn a_refused_write_is_told_to_its_callers_and_the_next_one_works() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    let other = rusqlite::Connection::open(place.spool()).unwrap();
    // No disk refuses on demand; a table that is not there does.
    other.execute_batch("ALTER TABLE entry RENAME TO hidden").unwrap();
    let (one, two) = tokio::join!(spool.append(punches(0..5, 1)), spool.append(punches(5..9, 1)));
    for refused in [one, two] {
        assert!(matches!(refused, Err(SpoolError::NotStored(_))), "{refused:?}");
    }
    other.execute_batch("ALTER TABLE hidden RENAME TO entry").unwrap();
    assert_eq!(spool.append(punches(0..9, 1)).await.unwrap().new, 9);
    assert_eq!(held(&spool).await.len(), 9);
}

#[cfg(unix)]
#[test]
fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Workplace::new();
    let _spool = Spool::open(&place.spool()).unwrap();
    for end in ["", "-wal", "-shm"] {
        let file = format!("{}{end}", place.spool().display());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn what_is_sent_again_gets_new_numbers_and_loses_nothing() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..6, 1)).await.unwrap();
    spool.acknowledge(4).await.unwrap();
    let before = held(&spool).await;
    // The first four were acknowledged; the fifth waits to be sent anyway; the last one was never here.
    let again = [punches(2..5, 9), punches(7..8, 9)].concat();
    spool.send_again(again).await.unwrap();
    let after = held(&spool).await;
    let told = |items: &[link::Item]| items.iter().map(|item| item.seq).collect::<Vec<_>>();
    assert_eq!((told(&before), told(&after)), (vec![1, 2, 3, 4, 5, 6], vec![1, 2, 5, 6, 7, 8, 9]));
    let (moved, stored) = (&after[4], &after[6]);
    assert_eq!((&moved.what, moved.received_us), (&before[2].what, 1), "it says what it said, and when it came");
    assert_eq!(stored.received_us, 9);
    assert_eq!(spool.depth().await.unwrap().last, 9, "no number is given twice");
    let date = jiff::civil::date(2023, 11, 14);
    assert_eq!(spool.count_of("A1".to_owned(), date).await.unwrap(), 7);
    assert_eq!(spool.count_of("A".to_owned(), date).await.unwrap(), 0, "of another terminal");
    spool.close().await;
}

#[tokio::test]
async fn a_pulse_is_a_turn_of_the_writer_that_writes_nothing() {
    let place = Workplace::new();
    let spool = Spool::open(&place.spool()).unwrap();
    spool.append(punches(0..10, 1)).await.unwrap();
    let log = format!("{}-wal", place.spool().display());
    let size = || std::fs::metadata(&log).unwrap().len();
    let before = size();
    for _ in 0..100 {
        spool.pulse().await.unwrap();
    }
    assert_eq!(size(), before, "cards wear out");
    spool.close().await;
    assert!(matches!(spool.pulse().await, Err(SpoolError::Closed)));
}
