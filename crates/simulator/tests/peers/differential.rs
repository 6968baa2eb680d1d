//! The same terminals read by our client and by pyzk: random ones, on which both must agree, and those on which the reference says that
//! pyzk is wrong.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use simulator::{Profile, Terminal};
use zk::client::{Client, Options, Transport};
use zk::{AttendanceLayout, AttendanceRecord, CivilTime, PackedTime, User, UserRef};

use crate::common::serve;
use crate::peer::Peer;
use crate::pyzk::request;

/// How many random terminals; `PUNCHCLOCK_DIFFERENTIAL` asks for another number.
const TERMINALS: usize = 60;

/// A made-up terminal.
#[derive(Debug, Clone)]
struct Made {
    profile: &'static str,
    key: u32,
    is_udp: bool,
    inline_bytes: usize,
    frame_bytes: usize,
    people: Vec<(String, String, u32)>,
    /// Whose punch, packed time, verify, state.
    punches: Vec<(prop::sample::Index, i32, u8, u8)>,
}

fn made() -> impl Strategy<Value = Made> {
    let profile = prop::sample::select(vec!["uface800", "mb20-16", "mb20-8", "f18"]);
    // Numbers that an integer holds too: 16-byte records have no other.
    let person = ("[1-9][0-9]{0,8}", "[A-Za-z][A-Za-z ]{0,10}[a-z]", any::<u32>());
    let people = prop::collection::btree_map("[1-9][0-9]{0,8}", person, 1..20)
        .prop_map(|people| people.into_iter().map(|(number, (_, name, card))| (number, name, card)).collect());
    let time = (2015..2050_i32, 1..=12_u8, 1..=28_u8, 0..24_u8, 0..60_u8, 0..60_u8);
    let time = time.prop_map(|(year, month, day, hour, minute, second)| {
        PackedTime::from_civil(CivilTime { year, month, day, hour, minute, second }).unwrap().0
    });
    let punch = (any::<prop::sample::Index>(), time, 0..16_u8, prop::sample::select(vec![0, 1, 2, 3, 4, 5, 255]));
    let count = prop_oneof![0..4_usize, 4..60_usize, 300..2500_usize];
    let punches = count.prop_flat_map(move |count| prop::collection::vec(punch.clone(), count));
    let frames =
        (prop::sample::select(vec![0_usize, 1024, 100_000]), prop::sample::select(vec![65_536_usize, 1 << 17]));
    (profile, 0..1_000_000_u32, any::<bool>(), frames, people, punches).prop_map(
        |(profile, key, is_udp, (inline_bytes, frame_bytes), people, punches)| Made {
            profile,
            // Half of all terminals have no key.
            key: if key % 2 == 0 { 0 } else { key },
            is_udp,
            inline_bytes,
            frame_bytes,
            people,
            punches,
        },
    )
}

impl Made {
    fn build(&self) -> Terminal {
        let mut profile: Profile = self.profile.parse().unwrap();
        // One DATA frame per chunk: pyzk takes one read of the socket for one frame (zk 15).
        profile.binary.frame_pause = std::time::Duration::ZERO;
        profile.binary.data_frame_bytes = self.frame_bytes;
        // A datagram holds no more (zk 1).
        profile.binary.inline_bytes = if self.is_udp { self.inline_bytes.min(1000) } else { self.inline_bytes };
        let users: Vec<User> = self
            .people
            .iter()
            .zip(1..)
            .map(|((number, name, card), slot)| User { slot, card: *card, ..User::new(number.as_str(), name) })
            .collect();
        let records: Vec<AttendanceRecord> = self
            .punches
            .iter()
            .map(|(who, time, verify, state)| {
                let user = who.get(&users);
                let number = user.number.as_str().into();
                let record = AttendanceRecord::of_number(number, PackedTime(*time));
                AttendanceRecord { slot: Some(user.slot), verify: *verify, state: *state, ..record }
            })
            .collect();
        Terminal::builder("SIM0001").profile(profile).comm_key(self.key).users(users).log(records).build()
    }
}

/// What our client reads, as pyzk says it.
async fn ours(address: &str, key: u32, is_udp: bool) -> Value {
    let transport = if is_udp { Transport::Udp } else { Transport::Tcp };
    let mut client =
        Client::connect(address, Options { comm_key: key, transport, ..Options::default() }).await.unwrap();
    let users = client.users().await.unwrap();
    let log = client.attendance().await.unwrap();
    client.close().await;
    let punches: Vec<Value> = log
        .records
        .iter()
        .map(|record| {
            let number = match record.user {
                UserRef::Number(number) => number.to_string(),
                UserRef::Slot(slot) => users.iter().find(|user| user.slot == slot).unwrap().number.clone(),
            };
            let time = record.time.civil().unwrap().to_string();
            json!({ "user": number, "time": time, "state": record.state, "verify": record.verify })
        })
        .collect();
    let users: Vec<Value> = users
        .iter()
        .map(|user| json!({ "user": user.number, "name": user.name(), "slot": user.slot, "card": user.card }))
        .collect();
    json!({ "users": users, "punches": punches })
}

/// Of what pyzk says of users, the fields that we compare.
fn comparable(mut read: Value) -> Value {
    for user in read["users"].as_array_mut().unwrap() {
        let name = user["name"].as_str().unwrap().trim_end().to_owned();
        *user = json!({ "user": user["user"], "name": name, "slot": user["slot"], "card": user["card"] });
    }
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_reads_what_pyzk_reads_from_random_terminals() {
    let Some(pyzk) = Peer::pyzk() else { return };
    let wanted = std::env::var("PUNCHCLOCK_DIFFERENTIAL").map_or(TERMINALS, |count| count.parse().unwrap());
    let (strategy, mut runner) = (made(), TestRunner::deterministic());
    for number in 0..wanted {
        let made = strategy.new_tree(&mut runner).unwrap().current();
        let terminal = made.build();
        let address = serve(&terminal).await;
        let request = request("read", &address, json!({ "key": made.key, "udp": made.is_udp }));
        let theirs = comparable(pyzk.ask(request).await.unwrap_or_else(|error| panic!("{number}: {error}: {made:?}")));
        let ours = comparable(ours(&address, made.key, made.is_udp).await);
        assert!(ours == theirs, "terminal {number}: ours {ours}, theirs {theirs}, made {made:?}");
    }
    eprintln!("{wanted} random terminals were read alike");
}

fn one_punch(record: AttendanceRecord, profile: &str) -> Terminal {
    let ann = User { slot: record.slot.unwrap(), ..User::new("7", "Ann") };
    Terminal::builder("SIM0001").profile(profile.parse().unwrap()).users([ann]).log([record]).build()
}

fn punch_of_7(packed: i32, slot: u16) -> AttendanceRecord {
    AttendanceRecord { slot: Some(slot), ..AttendanceRecord::of_number("7".into(), PackedTime(packed)) }
}

/// zk 7.3: a clock that fell back to 1970 packs a negative value; read as unsigned it is a plausible year to come.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_fell_back_says_1970_to_us_and_2106_to_pyzk() {
    let terminal = one_punch(punch_of_7(-964_223_993, 1), "uface800");
    let address = serve(&terminal).await;
    assert_eq!(ours(&address, 0, false).await["punches"][0]["time"], json!("1970-01-01 00:00:07"));
    let Some(pyzk) = Peer::pyzk() else { return };
    let theirs = pyzk.ask(request("read", &address, json!({}))).await.unwrap();
    let year: i32 = theirs["punches"][0]["time"].as_str().unwrap()[..4].parse().unwrap();
    assert!(year > 2100, "{theirs}");
}

/// zk 5.1: a date that does not exist is a value to us; pyzk's read of the whole log fails.
#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_date_spoils_one_record_for_us_and_the_whole_log_for_pyzk() {
    let terminal = one_punch(punch_of_7(840_931_200, 1), "uface800");
    let address = serve(&terminal).await;
    let mut client = Client::connect(address.as_str(), Options::default()).await.unwrap();
    let log = client.attendance().await.unwrap();
    client.close().await;
    assert_eq!(log.records[0].time.civil().unwrap_err().to_string(), "2026-02-31 00:00:00");
    let Some(pyzk) = Peer::pyzk() else { return };
    let error = pyzk.ask(request("read", &address, json!({ "attempts": 1 }))).await.unwrap_err();
    assert!(error.contains("day is out of range"), "{error}");
}

/// zk 7.3, 11: records of 49 bytes, which pyzk reads as if they were 40.
#[tokio::test(flavor = "multi_thread")]
async fn wide_records_are_read_by_their_width() {
    let records: Vec<_> = (0..5).map(|day| punch_of_7(864_123_120 + day * 86_400, 1)).collect();
    let ann = User { slot: 1, ..User::new("7", "Ann") };
    let mut profile: Profile = "uface800".parse().unwrap();
    profile.binary.attendance = AttendanceLayout::Wide { width: 49 };
    let terminal = Terminal::builder("SIM0001").profile(profile).users([ann]).log(records).build();
    let address = serve(&terminal).await;
    let ours = ours(&address, 0, false).await;
    let times: Vec<&str> =
        ours["punches"].as_array().unwrap().iter().map(|one| one["time"].as_str().unwrap()).collect();
    assert_eq!((times.len(), times[0], times[4]), (5, "2026-11-20 10:12:00", "2026-11-24 10:12:00"));
    let Some(pyzk) = Peer::pyzk() else { return };
    let theirs = pyzk.ask(request("read", &address, json!({ "attempts": 1 }))).await;
    assert!(theirs.is_err() || theirs.unwrap()["punches"] != ours["punches"]);
}

/// zk 7.3: of the two layouts of 8 bytes pyzk knows one.
#[tokio::test(flavor = "multi_thread")]
async fn the_other_layout_of_eight_bytes_is_read_by_us_and_not_by_pyzk() {
    let terminal = one_punch(punch_of_7(864_123_120, 1), "ma300");
    let address = serve(&terminal).await;
    let right = json!([{ "user": "7", "time": "2026-11-20 10:12:00", "state": 0, "verify": 1 }]);
    assert_eq!(ours(&address, 0, false).await["punches"], right);
    let Some(pyzk) = Peer::pyzk() else { return };
    let theirs = pyzk.ask(request("read", &address, json!({ "attempts": 1 }))).await;
    assert!(theirs.is_err() || theirs.unwrap()["punches"] != right);
}

/// zk 7.2: a slot is unsigned; pyzk packs it signed and fails above 32767.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_in_a_high_slot_is_deleted_by_us_and_not_by_pyzk() {
    let terminal = one_punch(punch_of_7(864_123_120, 40_000), "uface800");
    let address = serve(&terminal).await;
    if let Some(pyzk) = Peer::pyzk() {
        let error =
            pyzk.ask(request("delete_user", &address, json!({ "slot": 40_000, "attempts": 1 }))).await.unwrap_err();
        assert!(error.contains("short format requires"), "{error}");
    }
    let mut client = Client::connect(address.as_str(), Options::default()).await.unwrap();
    client.delete_user(40_000).await.unwrap();
    client.close().await;
    assert!(terminal.users().is_empty());
}
