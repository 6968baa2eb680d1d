//! The chain of hashes: whatever is changed behind the hub's back is found and named; what is erased on record is not.
#![allow(clippy::panic, missing_docs, clippy::unwrap_used)]

use std::collections::HashSet;

use attendance::punch::{Channel, Fingerprint, PrintedTime, RawPunch};
use store::chain::{Erasing, Fault, Head, Id, Kind, Place, Verified};
use store::facts::{NewFact, Subject};
use store::held::Statement;
use store::punches::NewPunch;
use store::{Error, Store, audit};

/// A store, and somebody with access to what it stands on.
struct Ground {
    store: Store,
    intruder: Intruder,
    /// Gone with the value.
    _database: Database,
}

/// What a store stands on.
enum Database {
    Sqlite { _folder: tempfile::TempDir },
    Postgres { _database: testkit::Database },
}

enum Intruder {
    Sqlite(rusqlite::Connection),
    Postgres(Box<postgres::Client>),
}

/// A column with its type, as both engines call it.
struct Column {
    name: String,
    is_bytes: bool,
    is_text: bool,
}

impl Intruder {
    fn does(&mut self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch(sql).unwrap(),
            Self::Postgres(client) => client.batch_execute(sql).unwrap(),
        }
    }

    fn texts(&mut self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).unwrap();
                statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
            }
            Self::Postgres(client) => client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect(),
        }
    }

    fn bytes(&mut self, sql: &str) -> Vec<u8> {
        match self {
            Self::Sqlite(connection) => connection.query_row(sql, [], |row| row.get(0)).unwrap(),
            Self::Postgres(client) => client.query(sql, &[]).unwrap()[0].get(0),
        }
    }

    fn literal(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self {
            Self::Sqlite(_) => format!("X'{hex}'"),
            Self::Postgres(_) => format!("'\\x{hex}'::bytea"),
        }
    }

    fn columns(&mut self, table: &str) -> Vec<Column> {
        let listed = match self {
            Self::Sqlite(_) => format!("SELECT name || ' ' || type FROM pragma_table_info('{table}') ORDER BY name"),
            Self::Postgres(_) => format!(
                "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_name = '{table}' ORDER BY 1"
            ),
        };
        let column = |text: String| {
            let (name, of) = text.split_once(' ').unwrap();
            Column {
                name: name.to_owned(),
                is_bytes: matches!(of, "BLOB" | "bytea"),
                is_text: matches!(of, "TEXT" | "text"),
            }
        };
        self.texts(&listed).into_iter().map(column).collect()
    }

    /// Takes the guards of the tables away.
    fn opens_the_tables(&mut self) {
        match self {
            Self::Sqlite(_) => {
                for name in self.texts("SELECT name FROM sqlite_master WHERE type = 'trigger'") {
                    self.does(&format!("DROP TRIGGER {name}"));
                }
            }
            Self::Postgres(_) => {
                for table in TABLES {
                    self.does(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"));
                }
            }
        }
    }
}

/// What is chained, and the chain itself, with what begins the key.
const TABLES: [&str; 8] =
    ["punch", "differing_copy", "doubted_receipt", "punch_statement", "fact", "audit", "erasure", "seal"];
const SEED: [u8; 32] = [7; 32];
const CHANCE: [u8; 32] = [8; 32];

fn lead(table: &str) -> &'static str {
    match table {
        "fact" | "audit" | "erasure" | "seal" => "number",
        _ => "fingerprint",
    }
}

fn empty() -> Ground {
    if let Some(database) = testkit::Database::asked_for().unwrap() {
        return on_postgres(database);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.sqlite");
    let store = Store::open(&file).unwrap();
    let intruder = rusqlite::Connection::open(file).unwrap();
    intruder.pragma_update(None, "synchronous", "off").unwrap();
    let intruder = Intruder::Sqlite(intruder);
    Ground { store, intruder, _database: Database::Sqlite { _folder: folder } }
}

fn on_postgres(database: testkit::Database) -> Ground {
    let store = Store::connect(&database.url(), None).unwrap();
    let client = postgres::Client::connect(&database.superuser_url(), postgres::NoTls).unwrap();
    Ground {
        store,
        intruder: Intruder::Postgres(Box::new(client)),
        _database: Database::Postgres { _database: database },
    }
}

fn punch(minute: u32) -> RawPunch {
    RawPunch {
        origin: "A1".to_owned(),
        user: "12".to_owned(),
        time: PrintedTime::parse(&format!("2026-02-10 08:{minute:02}:00")),
        state: Some(0),
        verify: None,
        work_code: None,
        original: format!("12\t2026-02-10 08:{minute:02}:00").into_bytes(),
    }
}

fn entry(detail: &str) -> audit::Entry {
    let text = str::to_owned;
    audit::Entry { at_us: 1, actor: text("ann"), action: text("x"), object: text("y"), detail: text(detail) }
}

fn why() -> Erasing {
    let text = str::to_owned;
    Erasing { at_us: 9, actor: text("ann"), object: text("person 1"), reason: text("asked for") }
}

fn as_new(said: &RawPunch, channel: Channel, received_us: i64) -> NewPunch<'_> {
    NewPunch { fingerprint: said.fingerprint(), said, channel, received_us }
}

impl Ground {
    fn store_punch(&self, minute: u32) -> Fingerprint {
        let said = punch(minute);
        let insert = |write: &store::Write<'_>| write.insert_punches(&[as_new(&said, Channel::Push, 1)]);
        assert_eq!(self.store.write(insert).unwrap(), [true]);
        said.fingerprint()
    }

    fn seal(&self, now_us: i64) {
        while let Some(draft) = self.store.read(|read| read.draft_seal(now_us, &SEED)).unwrap() {
            assert!(self.store.write(|write| write.append_seal(&draft)).unwrap());
        }
    }

    fn verify(&self, head: Option<[u8; 32]>) -> (Verified, Option<Fault>) {
        self.store.read(|read| read.verify_chain(&CHANCE, head, |_, _| {})).unwrap()
    }

    fn head(&self) -> Head {
        self.store.read(|read| read.chain_head()).unwrap().unwrap()
    }

    fn erase(&self, rows: &[Id]) -> Result<u64, Error> {
        let rows: HashSet<Id> = rows.iter().copied().collect();
        let places = self.store.read(|read| read.places_of(&rows))?;
        self.store.write(|write| write.erase(&why(), &places))
    }

    /// Expects the chain to be found broken by what the intruder does, and whole again when it is undone.
    fn catches(&mut self, table: &str, tampering: &str) -> Fault {
        self.intruder.does(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
        self.intruder.does(tampering);
        let (_, fault) = self.verify(None);
        self.intruder.does(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"));
        assert_eq!(self.verify(None).1, None, "undone: {tampering}");
        fault.unwrap_or_else(|| panic!("not caught: {tampering}"))
    }
}

/// Rows of every kind in three seals, one of them erased, and the tables open to an intruder.
fn ground() -> Ground {
    let ground = empty();
    fill(&ground);
    ground
}

fn fill(ground: &Ground) {
    let first = ground.store_punch(0);
    let erased = ground.store_punch(1);
    ground
        .store
        .write(|write| {
            let other = RawPunch { state: Some(1), original: b"differs".to_vec(), ..punch(0) };
            write.insert_copies(&[NewPunch { fingerprint: first, ..as_new(&other, Channel::Poll, 2) }])?;
            write.put_doubted_receipts(&[(first, 77)])?;
            let stated = Statement { user: Some("13".to_owned()), ..Statement::default() };
            write.state(first, &stated, 5, "ann", "misread")?;
            // In the same microsecond: both stay.
            write.state(first, &stated, 5, "ann", "once more")?;
            let number = write.add_fact(&fact("a"))?;
            write.add_fact(&fact("b"))?;
            write.withdraw_fact(number, 6, "ann")?;
            write.audit(&entry("one"))
        })
        .unwrap();
    ground.seal(1_000);
    ground.store_punch(2);
    ground.store.write(|write| write.audit(&entry("two"))).unwrap();
    ground.seal(2_000);
    assert_eq!(ground.erase(&[Id::punched(Kind::Punch, erased)]).unwrap(), 1);
    ground.seal(3_000);
}

#[test]
fn an_edit_of_any_column_of_a_chained_table_or_of_a_seal_is_caught_and_its_row_is_named() {
    let mut ground = ground();
    let (verified, fault) = ground.verify(None);
    assert_eq!(fault, None);
    assert_eq!((verified.seals, verified.rows, verified.erased, verified.waiting), (3, 12, 1, 0));
    ground.intruder.opens_the_tables();
    let bytes_apart = if matches!(ground.intruder, Intruder::Sqlite(_)) { 1 } else { 7 };
    for table in TABLES {
        for column in ground.intruder.columns(table) {
            let (name, lead) = (&column.name, lead(table));
            for which in ["MIN", "MAX"] {
                let row = format!(
                    "{lead} = (SELECT {lead} FROM {table} ORDER BY {lead} {} LIMIT 1)",
                    if which == "MIN" { "ASC" } else { "DESC" }
                );
                let mut edits = Vec::new();
                if column.is_text {
                    edits.push(format!("COALESCE({name}, '') || 'x'"));
                } else if column.is_bytes {
                    let of =
                        format!("SELECT COALESCE({name}, {}) FROM {table} WHERE {row}", ground.intruder.literal(b""));
                    let value = ground.intruder.bytes(&of);
                    for at in (0..value.len()).step_by(bytes_apart) {
                        let mut value = value.clone();
                        value[at] ^= 1;
                        edits.push(ground.intruder.literal(&value));
                    }
                    edits.push(ground.intruder.literal(&[&value[..], b"x"].concat()));
                } else {
                    edits.push(format!("COALESCE({name}, 0) + 1000"));
                }
                for edit in edits {
                    let one_of_them = if table == "punch_statement" && which == "MIN" { " AND at_us = 5" } else { "" };
                    let fault =
                        ground.catches(table, &format!("UPDATE {table} SET {name} = {edit} WHERE {row}{one_of_them}"));
                    let is_named = match fault {
                        Fault::Changed { .. } | Fault::Gone { .. } | Fault::Added { .. } => true,
                        _ => table == "seal",
                    };
                    assert!(is_named, "{table}.{name} to {edit}: {fault}");
                }
            }
        }
    }
}

#[test]
fn a_missing_row_an_added_row_and_another_order_are_caught_and_named() {
    let mut ground = ground();
    ground.intruder.opens_the_tables();
    for table in TABLES {
        let lead = lead(table);
        let fault = ground.catches(
            table,
            &format!("DELETE FROM {table} WHERE {lead} = (SELECT {lead} FROM {table} ORDER BY {lead} LIMIT 1)"),
        );
        let is_missing = matches!(fault, Fault::Gone { .. } | Fault::NoSeal { number: 1 });
        assert!(is_missing, "{table}: {fault}");
    }
    let fault = ground.catches(
        "audit",
        "INSERT INTO audit (tenant, number, at_us, actor, action, object, detail) VALUES (1, 99, 1, '', '', '', '')",
    );
    assert_eq!(fault, Fault::Added { row: Id::numbered(Kind::Audit, 99) });
    assert!(fault.to_string().contains("audit entry 99 was added"), "{fault}");
    let of = ground.intruder.literal(&[1; 16]);
    let added = format!(
        "INSERT INTO punch SELECT tenant, {of}, origin, user_number, printed_seconds, printed_raw, state, verify, work_code, channel,
         received_us, original FROM punch ORDER BY fingerprint LIMIT 1"
    );
    let fault = ground.catches("punch", &added);
    assert_eq!(fault, Fault::Added { row: Id::punched(Kind::Punch, Fingerprint([1; 16])) });
    // It is listed for the next seal and is not there, or stands in one already.
    for row in [vec![1; 16], punch(0).fingerprint().0.to_vec()] {
        let waits = ground.intruder.literal(&[&[1], &row[..]].concat());
        let fault =
            ground.catches("arrival", &format!("INSERT INTO arrival (tenant, number, entries) VALUES (1, 1, {waits})"));
        assert!(matches!(fault, Fault::Listed { .. }), "{fault}");
    }
    let fault =
        ground.catches("arrival", &format!("INSERT INTO arrival (tenant, number, entries) VALUES (1, 1, {of})"));
    assert_eq!(fault, Fault::Waiting);
    // Two punches change places in the list of their seal; two seals change places.
    let list = ground.intruder.bytes("SELECT entries FROM seal WHERE number = 2");
    let (punch, audit) = list.split_at(1 + 16 + 16 + 4);
    let turned = ground.intruder.literal(&[audit, punch].concat());
    let fault = ground.catches("seal", &format!("UPDATE seal SET entries = {turned} WHERE number = 2"));
    assert_eq!(fault, Fault::Seal { number: 2 });
    let fault = ground.catches(
        "seal",
        "UPDATE seal SET number = 9 WHERE number = 1; UPDATE seal SET number = 1 WHERE number = 2; UPDATE seal SET number = 2 WHERE number = 9",
    );
    assert_eq!(fault, Fault::Seal { number: 1 });
}

/// A server knows no `REPLACE`.
#[test]
fn a_row_that_another_program_replaces_in_a_file_is_caught_although_no_guard_is_asked() {
    let mut ground = ground();
    if matches!(ground.intruder, Intruder::Postgres(_)) {
        return;
    }
    for (table, column, value) in [
        ("punch", "user_number", "'13'"),
        ("differing_copy", "channel", "'file'"),
        ("doubted_receipt", "edge_us", "78"),
        ("punch_statement", "reason", "'told so'"),
        ("fact", "body", "'{\"part\":\"am\"}'"),
        ("audit", "actor", "'nobody'"),
        ("erasure", "reason", "'no reason'"),
        ("seal", "sealed_us", "1"),
    ] {
        ground.intruder.does(&format!(
            "CREATE TABLE kept AS SELECT * FROM {table}; CREATE TABLE edited AS SELECT * FROM {table};
             UPDATE edited SET {column} = {value}; INSERT OR REPLACE INTO {table} SELECT * FROM edited"
        ));
        assert!(ground.verify(None).1.is_some(), "not caught: {table}.{column}");
        ground
            .intruder
            .does(&format!("INSERT OR REPLACE INTO {table} SELECT * FROM kept; DROP TABLE kept; DROP TABLE edited"));
        assert_eq!(ground.verify(None).1, None, "undone: {table}");
    }
}

#[test]
fn a_chain_that_was_cut_off_or_computed_anew_is_told_by_a_head_that_was_kept() {
    let mut ground = ground();
    let (second, head) = (ground.intruder.bytes("SELECT digest FROM seal WHERE number = 2"), ground.head());
    let second: [u8; 32] = second.try_into().unwrap();
    assert_eq!(ground.verify(Some(second)).0.asked, Some(2));
    assert_eq!(ground.verify(Some(head.digest)).0.asked, Some(3));
    ground.intruder.opens_the_tables();
    ground.intruder.does("DELETE FROM erasure; DELETE FROM seal WHERE number = 3");
    // What the erasure blanked is still blank: only the end that holds nothing else can go unseen.
    assert!(matches!(ground.verify(None).1, Some(Fault::Blank { seal: 1, place: 2 })));
    // Everything computed anew, as whoever has the database and this program can.
    ground.intruder.does("DELETE FROM seal; UPDATE audit SET detail = 'nothing happened'");
    let everything = ground.intruder.literal(
        &[
            (0..3)
                .filter(|minute| *minute != 1)
                .flat_map(|minute| [&[1][..], &punch(minute).fingerprint().0].concat())
                .collect::<Vec<_>>(),
            [1, 2].into_iter().flat_map(|number: i64| [&[7][..], &number.to_be_bytes()].concat()).collect(),
        ]
        .concat(),
    );
    ground
        .intruder
        .does("DELETE FROM differing_copy; DELETE FROM doubted_receipt; DELETE FROM punch_statement; DELETE FROM fact");
    ground.intruder.does(&format!("INSERT INTO arrival (tenant, number, entries) VALUES (1, 1, {everything})"));
    ground.seal(4_000);
    assert_eq!(ground.verify(None).1, None);
    assert_eq!(ground.verify(Some(head.digest)).1, Some(Fault::OtherHead));
}

#[test]
fn what_is_erased_on_record_leaves_the_chain_whole_and_nothing_else_can_be_called_erased() {
    let mut ground = ground();
    let kept = ground.head();
    let gone = punch(1).fingerprint();
    assert_eq!(ground.store.read(|read| read.punch(gone)).unwrap(), None);
    let lists =
        [1, 2, 3].map(|number| ground.intruder.bytes(&format!("SELECT entries FROM seal WHERE number = {number}")));
    let holds = |bytes: &[u8]| lists.iter().any(|list| list.windows(bytes.len()).any(|window| window == bytes));
    assert!(!holds(&gone.0), "neither the row nor its key is left");
    assert!(holds(&punch(0).fingerprint().0));
    let erased = ground.store.read(|read| read.erasures()).unwrap();
    assert_eq!(
        erased.iter().map(|one| (one.why.object.as_str(), one.why.reason.as_str(), one.rows)).collect::<Vec<_>>(),
        [("person 1", "asked for", 1)]
    );
    // The evidence about a punch, and a fact with its end.
    let rows = ground.store.read(|read| read.evidence_of(punch(0).fingerprint())).unwrap();
    assert_eq!(rows.len(), 5);
    assert_eq!(ground.erase(&rows).unwrap(), 5);
    let fact = [Id::numbered(Kind::Fact, 1), Id::numbered(Kind::Withdrawal, 1)];
    assert_eq!(ground.erase(&fact).unwrap(), 2);
    assert_eq!(ground.erase(&fact).unwrap(), 0, "once more");
    let (verified, fault) = ground.verify(Some(kept.digest));
    assert_eq!((verified.rows, verified.erased, verified.waiting, fault), (5, 8, 2, None));
    ground.seal(4_000);
    assert_eq!(ground.verify(Some(kept.digest)).1, None, "the head from before still stands");

    ground.intruder.opens_the_tables();
    ground.intruder.does("UPDATE punch SET user_number = '99'");
    let edited = [Id::punched(Kind::Punch, punch(2).fingerprint())];
    let refused = ground.erase(&edited).unwrap_err().to_string();
    assert!(refused.contains("not as it was sealed") && refused.contains("audit verify"), "{refused}");
    ground.intruder.does("UPDATE punch SET user_number = '12'");
    assert_eq!(ground.verify(None).1, None, "nothing of it was erased");
    // By hand: the place is blanked with the very hash, and nothing tells why.
    let mut list = ground.intruder.bytes("SELECT entries FROM seal WHERE number = 3");
    assert_eq!(list[0], 8, "the first erasure");
    list.splice(.., [&[0][..], &[5; 32]].concat());
    let list = ground.intruder.literal(&list);
    assert_eq!(
        ground.catches("seal", &format!("UPDATE seal SET entries = {list} WHERE number = 3")),
        Fault::Seal { number: 3 }
    );
    let fault = ground.catches("erasure", "DELETE FROM erasure WHERE number = 2");
    assert_eq!(fault, Fault::Gone { row: Id::numbered(Kind::Erasure, 2), seal: 4 });
}

/// A fact as somebody states it of employee 1.
fn fact(key: &str) -> NewFact {
    NewFact {
        subject: Subject::Employee(1),
        kind: "leave",
        key: key.to_owned(),
        first: "2026-02-10".parse().unwrap(),
        last: "2026-02-11".parse().unwrap(),
        body: "{}".to_owned(),
        stated_us: 5,
        actor: "ann".to_owned(),
        reason: "ill".to_owned(),
    }
}

#[test]
fn what_came_since_the_places_were_looked_up_keeps_what_it_belongs_to() {
    for is_sealed in [false, true] {
        let ground = empty();
        let punched = ground.store_punch(0);
        let number = ground.store.write(|write| write.add_fact(&fact("a"))).unwrap();
        let told = Id::punched(Kind::Punch, punched);
        let stated = [Kind::Fact, Kind::Withdrawal].map(|kind| Id::numbered(kind, number));
        let places = |rows: &[Id]| {
            let rows: HashSet<Id> = rows.iter().copied().collect();
            ground.store.read(|read| read.places_of(&rows)).unwrap()
        };
        let erase = |places: &[Place]| ground.store.write(|write| write.erase(&why(), places));
        ground.seal(1_000);
        let (of_fact, of_punch) = (places(&stated), places(&[told]));
        let later = |write: &store::Write<'_>| {
            write.withdraw_fact(number, 6, "ben")?;
            write.state(punched, &Statement { is_dismissed: true, ..Statement::default() }, 7, "ben", "a test")
        };
        ground.store.write(later).unwrap();
        if is_sealed {
            ground.seal(2_000);
        }
        for (places, left) in [(of_fact, "withdrawal of fact 1 came while"), (of_punch, "statement about punch")] {
            let refused = erase(&places).unwrap_err().to_string();
            assert!(refused.contains(left), "{refused}");
        }
        ground.seal(3_000);
        assert_eq!(ground.verify(None).1, None, "nothing was erased");
        assert_eq!(erase(&places(&stated)).unwrap(), 2);
        let about = ground.store.read(|read| read.evidence_of(punched)).unwrap();
        assert_eq!(erase(&places(&about)).unwrap(), 2);
        ground.seal(4_000);
        let (verified, fault) = ground.verify(None);
        assert_eq!((verified.rows, verified.erased, verified.waiting, fault), (2, 4, 0, None));
    }
}

#[test]
fn one_erases_while_another_withdraws_and_states_and_the_chain_holds() {
    const MANY: u32 = 40;
    let ground = empty();
    let punches: Vec<Fingerprint> = (0..MANY).map(|minute| ground.store_punch(minute)).collect();
    let facts = |write: &store::Write<'_>| (0..MANY).map(|key| write.add_fact(&fact(&key.to_string()))).collect();
    let facts: Vec<i64> = ground.store.write::<_, Error>(facts).unwrap();
    // Both set off for each fact when the places of its rows were looked up: now this one comes first, now that one.
    let off = std::sync::Barrier::new(2);
    let each = || punches.iter().zip(&facts);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (punched, number) in each() {
                off.wait();
                let one = |write: &store::Write<'_>| {
                    write.withdraw_fact(*number, 6, "ben")?;
                    let is_there = write.punch(*punched)?.is_some();
                    if is_there { write.state(*punched, &Statement::default(), 7, "ben", "seen") } else { Ok(()) }
                };
                ground.store.write(one).unwrap();
            }
        });
        for (punched, number) in each() {
            for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
                ground.seal(1_000);
                let evidence = ground.store.read(|read| read.evidence_of(*punched)).unwrap();
                let stated = [Kind::Fact, Kind::Withdrawal].map(|kind| Id::numbered(kind, *number));
                let rows = evidence.into_iter().chain(stated).collect();
                let places = ground.store.read(|read| read.places_of(&rows)).unwrap();
                if is_first {
                    off.wait();
                }
                let erased = ground.store.write(|write| write.erase(&why(), &places));
                if !matches!(erased, Err(Error::LeftBehind(_))) {
                    assert!(erased.unwrap() >= 2);
                    break;
                }
            }
        }
    });
    ground.seal(2_000);
    let (verified, fault) = ground.verify(None);
    assert_eq!((fault, verified.waiting, verified.rows), (None, 0, u64::from(MANY)), "the erasures are left");
    assert!(verified.erased >= u64::from(2 * MANY), "{verified:?}");
}

#[test]
fn of_two_sealers_one_wins_and_nothing_is_sealed_twice_or_left_out() {
    let ground = empty();
    ground.store_punch(0);
    let draft = |now_us| ground.store.read(|read| read.draft_seal(now_us, &SEED)).unwrap();
    let (one, other) = (draft(1).unwrap(), draft(2).unwrap());
    ground.store_punch(1);
    assert!(ground.store.write(|write| write.append_seal(&one)).unwrap());
    assert!(!ground.store.write(|write| write.append_seal(&other)).unwrap());
    ground.seal(3);
    assert!(draft(4).is_none());
    let (verified, fault) = ground.verify(None);
    assert_eq!((verified.seals, verified.rows, fault), (2, 2, None));
}

#[test]
fn rows_of_a_failed_step_or_transaction_wait_for_no_seal() {
    let ground = empty();
    let said = punch(0);
    let fails = ground.store.write(|write| {
        write.insert_punches(&[as_new(&said, Channel::Push, 1)])?;
        Err::<(), _>(Error::DiskFull)
    });
    assert!(fails.is_err());
    ground
        .store
        .write(|write| {
            write.audit(&entry("kept"))?;
            let step = write.step(|| {
                write.insert_punches(&[as_new(&said, Channel::Push, 1)])?;
                write.audit(&entry("taken back"))?;
                Err::<(), _>(Error::DiskFull)
            });
            assert!(step.is_err());
            write.audit(&entry("kept, too"))
        })
        .unwrap();
    assert_eq!(ground.store.read(|read| read.unsealed_count()).unwrap(), 2);
    ground.seal(1);
    let (verified, fault) = ground.verify(None);
    assert_eq!((verified.rows, fault), (2, None));
}

#[test]
fn both_engines_have_the_same_chain() {
    let Some(database) = testkit::Database::create().unwrap() else { return };
    let [here, there] = [empty(), on_postgres(database)];
    fill(&here);
    fill(&there);
    assert_eq!(here.head(), there.head());
}

#[test]
fn a_seal_takes_so_many_rows_that_its_transaction_stays_short() {
    let ground = empty();
    for many in [1_500, 1_500, 10] {
        let rows = |write: &store::Write<'_>| (0..many).try_for_each(|_| write.audit(&entry("")));
        ground.store.write(rows).unwrap();
    }
    ground.seal(1);
    let (verified, fault) = ground.verify(None);
    assert_eq!((verified.seals, verified.rows, fault), (2, 3_010, None));
}

#[test]
fn the_rows_of_an_older_file_are_sealed_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../migrations/sqlite/0001_spine.sql")).unwrap();
    old.execute_batch(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500)
           INSERT INTO punch (tenant, fingerprint, origin, user_number, channel, received_us, original)
           SELECT 1, CAST(printf('%016d', i) AS BLOB), 'A1', '12', 'push', 7, X'00' FROM n;
         INSERT INTO differing_copy (tenant, fingerprint, original, channel, received_us)
           SELECT 1, MIN(fingerprint), X'01', 'poll', 8 FROM punch;
         INSERT INTO audit (tenant, number, at_us, actor, action, object, detail) VALUES (1, 1, 7, 'ann', 'x', 'y', '');
         PRAGMA user_version = 1",
    )
    .unwrap();
    let store = Store::open(&path).unwrap();
    assert_eq!(store.read(|read| read.unsealed_count()).unwrap(), 4_502);
    let intruder = Intruder::Sqlite(old);
    let ground = Ground { store, intruder, _database: Database::Sqlite { _folder: folder } };
    ground.seal(1);
    let (verified, fault) = ground.verify(None);
    assert_eq!((verified.seals, verified.rows, verified.waiting, fault), (3, 4_502, 0, None));
}
