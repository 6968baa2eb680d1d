//! Both engines give the same: made-up sequences of what people, edges, jobs and receivers do are played on an SQLite file and on
//! PostgreSQL; what was answered and what is stored are compared. Moved from one into the other, it is still the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../house/mod.rs"]
mod house;
mod play;

use std::collections::BTreeMap;

use house::{House, house_on};
use hub::moving;
use hub::moving::Moved;
use play::Play;
use testkit::{Database, how_many};

const STEPS: usize = 150;
/// Tables that nothing fills here, and why.
const EMPTY: [(&str, &str); 4] = [
    ("dirty_week", "all is derived before it is looked at"),
    ("erasing", "a row lives within one transaction"),
    ("replay", "as `erasing`"),
    ("source_page", "holidays are read from the network"),
];

/// The stores of both engines, and two more to move into.
fn stores() -> Option<([House; 2], [House; 2])> {
    let database = || Database::create().unwrap().map(|database| house_on(house::on_postgres(database)));
    let file = || house_on(house::on_sqlite());
    Some(([file(), database()?], [file(), database()?]))
}

/// What is stored, but for what is sealed with chance.
fn comparable(house: &House) -> Vec<Moved> {
    let mut held = moving::summaries(&house.store).unwrap();
    held.iter_mut().filter(|table| table.table == "secret").for_each(|table| table.digest = 0);
    held
}

#[test]
fn sqlite_and_postgres_answer_and_store_the_same_and_are_moved_into_each_other() {
    let mut filled: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..how_many("PUNCHCLOCK_ENGINE_SEEDS", 2) {
        let Some((houses, empty)) = stores() else { return };
        let mut plays = houses.map(|house| Play::new(house, seed as u64));
        for step in 0..STEPS {
            let [here, there] = plays.each_mut().map(Play::act);
            assert_eq!(here, there, "seed {seed}, step {step}");
        }
        let houses = plays.each_ref().map(|play| &play.house);
        let files = houses[0].files();
        assert_eq!(files, houses[1].files(), "seed {seed}");
        let held = comparable(houses[0]);
        assert_eq!(held, comparable(houses[1]), "seed {seed}");
        held.iter().for_each(|table| *filled.entry(table.table).or_default() += table.rows);
        // From each into the other engine.
        for (from, to) in [(houses[0], &empty[1]), (houses[1], &empty[0])] {
            let copied = moving::copy(&from.store, &to.store).unwrap();
            assert_eq!(copied, moving::summaries(&from.store).unwrap(), "seed {seed}");
            assert_eq!(to.files(), files, "seed {seed}");
            let [here, there] = [from, to].map(|house| house.hub.verify(&[1; 32], None, |_, _| {}).unwrap());
            assert_eq!((here.fault.as_ref(), here.verified.seals > 0), (None, true), "seed {seed}");
            assert_eq!(here, there, "seed {seed}");
            let again = moving::copy(&from.store, &to.store).unwrap_err().to_string();
            assert!(again.contains("name an empty one"), "{again}");
        }
    }
    let empty: Vec<&str> = filled.into_iter().filter(|(_, rows)| *rows == 0).map(|(table, _)| table).collect();
    assert_eq!(empty, EMPTY.map(|(table, _)| table), "tables that were compared empty");
}
