//! Both engines give the same: made-up sequences of what people and edges do are played on an SQLite file and on PostgreSQL; what was
//! answered and what is stored are compared. Moved from one into the other, it is still the same.
#![allow(clippy::unwrap_used)]

mod house;

use house::{House, clerk, house_on, log, now};
use hub::view::{DayFilter, DaySort, PunchFilter};
use hub::{Cure, moving};
use testkit::{Chance, Database, how_many};

/// The stores of both engines, and two more to move into.
fn stores() -> Option<([House; 2], [House; 2])> {
    let database = || Database::create().unwrap().map(|database| house_on(house::on_postgres(database)));
    let file = || house_on(house::on_sqlite());
    Some(([file(), database()?], [file(), database()?]))
}

/// Some lines of the log, in any order, some of them again.
fn some_lines(chance: &mut Chance) -> Vec<String> {
    let log = log();
    (0..1 + chance.below(40)).map(|_| log[usize::try_from(chance.below(log.len() as u64)).unwrap()].clone()).collect()
}

/// Does something, the same for the same chance; what was answered.
fn act(house: &House, chance: &mut Chance) -> String {
    let one_of =
        |chance: &mut Chance, words: &[&'static str]| words[usize::try_from(chance.below(words.len() as u64)).unwrap()];
    match chance.below(10) {
        0 => {
            let (lines, create) = (some_lines(chance), chance.below(2) == 0);
            format!("{:?}", house.import(&lines, create))
        }
        1 | 2 => {
            let lines = some_lines(chance);
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let serial = one_of(chance, &["A1", "B2", "C3"]);
            let next = house.store.read(|read| read.edge_high_seq("branch", "")).unwrap() + 1;
            format!("{:?}", house.hub.ingest(&house.batch(serial, &lines, next), now()))
        }
        3 => {
            let zone = one_of(chance, &["Asia/Manila", "Europe/Berlin"]).to_owned();
            let approve = Cure::Approve { serial: one_of(chance, &["A1", "B2", "C3"]).to_owned(), zone: Some(zone) };
            format!("{:?}", house.hub.cure(&clerk(), &approve, now()).map_err(|error| error.to_string()))
        }
        4 => {
            let (user, employee) = (one_of(chance, &["12", "0012", "7"]), one_of(chance, &["12", "ä", "Z"]));
            let assign = Cure::Assign {
                user: user.to_owned(),
                employee: employee.to_owned(),
                create: true,
                from: None,
                to: None,
            };
            format!("{:?}", house.hub.cure(&clerk(), &assign, now()).map_err(|error| error.to_string()))
        }
        5 => format!("{:?}", house.hub.held().unwrap()),
        6 => {
            let sorts = [DaySort::Date, DaySort::Employee, DaySort::Worked, DaySort::Tardy];
            let filter = DayFilter {
                sort: sorts[usize::try_from(chance.below(4)).unwrap()],
                descending: chance.below(2) == 0,
                exception: (chance.below(2) == 0).then(|| one_of(chance, &["any", "tardy", "TARDY"]).to_owned()),
                offset: u32::try_from(chance.below(5)).unwrap(),
                limit: u32::try_from(chance.below(20)).unwrap(),
                ..DayFilter::default()
            };
            format!("{:?}", house.hub.days(&filter).unwrap())
        }
        7 => {
            let filter = PunchFilter {
                user: (chance.below(2) == 0).then(|| String::from("12")),
                limit: u32::try_from(chance.below(20)).unwrap(),
                ..PunchFilter::default()
            };
            format!("{:?}", house.hub.punches(&filter).unwrap())
        }
        8 => {
            let seed = std::array::from_fn(|_| u8::try_from(chance.below(256)).unwrap());
            format!("{:?} {:?}", house.hub.seal(now(), &seed), house.hub.sealing())
        }
        _ => format!("{:?} {:?}", house.derive(), house.hub.terminals().unwrap()),
    }
}

#[test]
fn sqlite_and_postgres_answer_and_store_the_same_and_are_moved_into_each_other() {
    for seed in 0..how_many("PUNCHCLOCK_ENGINE_SEEDS", 3) {
        let Some((houses, empty)) = stores() else { return };
        let mut chances = [Chance::new(seed as u64), Chance::new(seed as u64)];
        for step in 0..60 {
            let [here, there] = [0, 1].map(|side| act(&houses[side], &mut chances[side]));
            assert_eq!(here, there, "seed {seed}, step {step}");
        }
        let files = houses[0].files();
        assert_eq!(files, houses[1].files(), "seed {seed}");
        let held = moving::summaries(&houses[0].store).unwrap();
        assert_eq!(held, moving::summaries(&houses[1].store).unwrap(), "seed {seed}");
        assert!(held.iter().any(|table| table.table == "punch" && table.rows > 0), "seed {seed}");
        // From each into the other engine.
        for (from, to) in [(&houses[0], &empty[1]), (&houses[1], &empty[0])] {
            assert_eq!(moving::copy(&from.store, &to.store).unwrap(), held, "seed {seed}");
            assert_eq!(to.files(), files, "seed {seed}");
            let [here, there] = [from, to].map(|house| house.hub.verify(&[1; 32], None, |_, _| {}).unwrap());
            assert_eq!((here.fault.as_ref(), here.verified.seals > 0), (None, true), "seed {seed}");
            assert_eq!(here, there, "seed {seed}");
            let again = moving::copy(&from.store, &to.store).unwrap_err().to_string();
            assert!(again.contains("name an empty one"), "{again}");
        }
    }
}
