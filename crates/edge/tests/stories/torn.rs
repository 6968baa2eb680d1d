//! A power cut in the middle of a write: whatever part of the log reached the disk after the last answer, the spool opens and holds
//! what was answered.

use std::fs;
use std::path::{Path, PathBuf};

use attendance::punch::{Channel, PrintedTime, RawPunch};
use edge::spool::{Entry, Spool};
use testkit::{Chance, how_many};

use crate::workplace::Workplace;

/// `PUNCHCLOCK_CUTS=10000` makes it a long run.
const CUTS: usize = 60;
const BATCHES: usize = 12;
const SEED: u64 = 3;

fn batch(number: usize) -> Vec<Entry> {
    let second = |place: usize| i64::try_from(number * 100 + place).unwrap();
    let said = |place: usize| RawPunch {
        time: PrintedTime::Seconds(1_700_000_000 + second(place)),
        user: "7".to_owned(),
        ..RawPunch::unreadable("A1", b"7")
    };
    (0..1 + number % 7).map(|place| Entry::punch(Channel::Push, &said(place), 1)).collect()
}

/// The spool's files after each answer, and how many entries were answered by then.
async fn history(place: &Workplace) -> Vec<(Vec<u8>, Vec<u8>, usize)> {
    let spool = Spool::open(&place.spool()).unwrap();
    let (mut states, mut answered) = (Vec::new(), 0);
    for number in 0..BATCHES {
        answered += spool.append(batch(number)).await.unwrap().new;
        states.push((fs::read(place.spool()).unwrap(), fs::read(log_of(&place.spool())).unwrap(), answered));
    }
    states
}

fn log_of(spool: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", spool.display()))
}

#[tokio::test]
async fn whatever_part_of_the_next_write_reached_the_disk_what_was_answered_is_there() {
    let place = Workplace::new();
    let states = history(&place).await;
    let mut chance = Chance::new(SEED);
    let mut below = |end: usize| usize::try_from(chance.below(end as u64)).unwrap();
    for cut in 0..how_many("PUNCHCLOCK_CUTS", CUTS) {
        let last = below(states.len() - 1);
        let ((database, before, answered), (_, after, answered_next)) = (&states[last], &states[last + 1]);
        assert!(after.starts_with(before), "the log only grew");
        // Blocks reach the disk in any order: what is missing is zeros, old bytes, or the end.
        let end = before.len() + below(after.len() - before.len() + 1);
        let mut torn = after[..end].to_vec();
        if below(2) == 0 && end > before.len() {
            let from = before.len() + below(end - before.len());
            let to = from + below(end - from + 1);
            torn[from..to].fill(if below(2) == 0 { 0 } else { 0xA5 });
        }
        let file = place.spool().with_file_name(format!("cut-{cut}.db"));
        fs::write(&file, database).unwrap();
        fs::write(log_of(&file), &torn).unwrap();
        let spool = Spool::open(&file).unwrap();
        let held = spool.after(0, usize::MAX, usize::MAX).await.unwrap().items.len();
        assert!((*answered..=*answered_next).contains(&held), "cut {cut}: {held} of {answered} that were answered");
        // It takes punches again, under new numbers.
        let depth = spool.depth().await.unwrap();
        assert_eq!(depth.last, i64::try_from(held).unwrap());
        spool.append(batch(BATCHES + 1)).await.unwrap();
        assert!(spool.depth().await.unwrap().last > depth.last);
        spool.close().await;
        fs::remove_file(&file).unwrap();
    }
}
