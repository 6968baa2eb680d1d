//! The file of a locked period goes by itself: into a folder, by SFTP to a real server, by PUT and POST.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod house;

use std::sync::atomic::AtomicBool;

use house::{House, clerk, house, log, now};
use hub::delivery::{SftpPlace, Verb, host_key};
use hub::jobs::{Ended, JobFilter, JobState, built_in};
use hub::{Hub, Locking, PayTarget, PayWay, PayrollAsk, layouts};
use jiff::Timestamp;
use jiff::civil::Date;
use testkit::{FakeInbox, InboxFault, Sshd, TempDir};

const FEBRUARY: (Date, Date) = (Date::constant(2026, 2, 1), Date::constant(2026, 2, 28));
const NAME: &str = "payroll_2026-02-01_2026-02-28.csv";

/// Four weeks of two people, and a key file for secrets.
fn workplace() -> (House, TempDir) {
    workplace_of(&log())
}

fn workplace_of(log: &[String]) -> (House, TempDir) {
    let (mut house, key) = (house(), TempDir::new().unwrap());
    house.import(log, true);
    house.derive();
    house.hub = house.hub.with_key_file(key.path().join("hub.key"));
    (house, key)
}

fn lock(house: &House) {
    assert_eq!(house.hub.lock(&clerk(), FEBRUARY, Some("as it is"), now()).unwrap(), Locking::Locked);
}

fn target(way: PayWay) -> PayTarget {
    PayTarget { name: "bureau".to_owned(), way, layout: layouts::preset("csv").unwrap(), since_us: 0 }
}

/// Does the jobs that are due.
fn work_off_at(hub: &Hub, at: Timestamp) -> Vec<Ended> {
    let works = built_in().only("payroll");
    let claimed = hub.claim_jobs(&works, "worker", 10, at).unwrap();
    let is_over = AtomicBool::new(false);
    claimed.iter().map(|job| hub.perform(&works, job, || at, 1.0, &is_over).unwrap()).collect()
}

fn work_off(hub: &Hub) -> Vec<Ended> {
    work_off_at(hub, now())
}

/// The file that the target is to get.
fn file(house: &House) -> hub::PayrollFile {
    let ask = PayrollAsk { dates: FEBRUARY, layout: layouts::preset("csv").unwrap(), deltas: false };
    house.hub.payroll_file(&ask, None).unwrap()
}

/// The one receipt that there is names the file, and says this.
fn assert_receipt(house: &House, says: &str) {
    assert_receipt_of(house, &file(house), says);
}

fn assert_receipt_of(house: &House, file: &hub::PayrollFile, says: &str) {
    let receipts = house.hub.pay_receipts().unwrap();
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    let one = &receipts[0];
    assert_eq!((one.target.as_str(), one.dates, one.file.as_str()), ("bureau", FEBRUARY, NAME));
    assert_eq!((&one.digest, one.rows), (&file.digest, file.rows));
    assert!(one.says.contains(says), "{}", one.says);
    let audit = house.hub.audit(20).unwrap();
    let entry = audit.iter().find(|entry| entry.action == "payroll.deliver").unwrap();
    assert!(entry.detail.contains(&file.digest) && entry.detail.contains(says), "{entry:?}");
}

/// Nothing that a person can read has this secret in it.
fn assert_told_to_nobody(house: &House, secret: &str) {
    let audit = house.hub.audit(100).unwrap();
    let jobs = house.hub.jobs(&JobFilter::default()).unwrap().rows;
    let (targets, receipts) = (house.hub.pay_targets().unwrap(), house.hub.pay_receipts().unwrap());
    let told = format!("{audit:?} {jobs:?} {targets:?} {receipts:?}");
    assert!(!told.contains(secret), "{told}");
}

/// Lets the job fail until it is dead: the number of attempts, and the reason.
fn until_dead(house: &House) -> (usize, String, Timestamp) {
    let (mut at, mut attempts) = (now(), 0);
    loop {
        attempts += 1;
        let ended = work_off_at(&house.hub, at).pop().unwrap();
        if let Ended::Dead(reason) = ended {
            return (attempts, reason, at);
        }
        let next = if let Ended::Failed(_, due) = ended { Some(due) } else { None };
        at = next.unwrap();
    }
}

fn sftp(server: &Sshd, host_key: &str, has_password: bool) -> PayTarget {
    let place = SftpPlace::parse(&server.url()).unwrap();
    target(PayWay::Sftp { place, host_key: host_key.to_owned(), has_password })
}

fn shown_key(server: &Sshd) -> String {
    host_key(&SftpPlace::parse(&server.url()).unwrap(), None).unwrap()
}

fn address(inbox: &FakeInbox, verb: Verb) -> PayTarget {
    let _ = rustls::crypto::ring::default_provider().install_default();
    target(PayWay::Address { url: inbox.url(), verb, allow_private: true })
}

#[test]
fn the_file_of_a_locked_period_goes_by_itself_and_its_receipt_is_kept() {
    let (house, _key) = workplace();
    let folder = tempfile::tempdir().unwrap();
    house.hub.add_pay_target(&clerk(), &target(PayWay::Folder(folder.path().to_owned())), None, now()).unwrap();
    lock(&house);
    assert!(house.hub.pay_receipts().unwrap().is_empty(), "nothing is written by whoever locks");
    assert_eq!(work_off(&house.hub), [Ended::Done]);
    let file = file(&house);
    assert_eq!(file.name, NAME);
    assert!(file.rows > 20);
    assert_eq!(std::fs::read(folder.path().join(&file.name)).unwrap(), file.bytes);
    let receipts = house.hub.pay_receipts().unwrap();
    assert_eq!((receipts.len(), &receipts[0].digest, receipts[0].rows), (1, &file.digest, file.rows));
    assert!(receipts[0].says.ends_with("was written"));
    let audit = house.hub.audit(20).unwrap();
    let entry = audit.iter().find(|entry| entry.action == "payroll.deliver").unwrap();
    assert!(entry.detail.contains(&file.digest), "{entry:?}");

    // Locked again without a change, the same file is found.
    house.hub.unlock(&clerk(), FEBRUARY, "a look", now()).unwrap();
    house.derive();
    lock(&house);
    assert_eq!(work_off(&house.hub), [Ended::Done]);
    assert!(house.hub.pay_receipts().unwrap()[1].says.ends_with("is there"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn what_was_unlocked_meanwhile_is_not_sent_and_what_fails_comes_again() {
    let (house, _key) = workplace();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("later");
    house.hub.add_pay_target(&clerk(), &target(PayWay::Folder(place.clone())), None, now()).unwrap();
    lock(&house);
    assert!(matches!(&work_off(&house.hub)[..], [Ended::Failed(why, _)] if why.contains("can't be written")));
    std::fs::create_dir(&place).unwrap();
    house.hub.unlock(&clerk(), FEBRUARY, "wait", now()).unwrap();
    let later = now() + jiff::SignedDuration::from_hours(2);
    assert_eq!(work_off_at(&house.hub, later), [Ended::Done]);
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
    assert!(house.hub.pay_receipts().unwrap().is_empty());
}

#[test]
fn a_target_that_cannot_be_reached_safely_is_refused_and_its_token_is_told_to_nobody() {
    let (house, _key) = workplace();
    let add = |way: PayWay, token: Option<&str>| {
        house.hub.add_pay_target(&clerk(), &target(way), token, now()).map_err(|error| error.to_string())
    };
    let address = |url: &str| PayWay::Address { url: url.to_owned(), verb: Verb::Put, allow_private: false };
    assert!(add(PayWay::Folder("pay".into()), None).unwrap_err().contains("whole path"));
    assert!(add(address("http://pay.example"), Some("t0ken")).unwrap_err().contains("--allow-private"));
    assert!(add(address("https://pay.example"), None).unwrap_err().contains("--token-file"));
    let shown = address("https://pay.example/in?key=s3cret").words();
    assert_eq!(shown, "https://pay.example/in?key=***", "lists do not show what may open a door");
    assert!(add(address(&shown), Some("t0ken")).unwrap_err().contains("***"));
    add(address("https://pay.example/in?key=s3cret"), Some("t0ken")).unwrap();
    let audit = house.hub.audit(20).unwrap();
    assert!(audit.iter().any(|entry| entry.detail.contains("https://pay.example/in?key=***")), "{audit:?}");
    assert!(!audit.iter().any(|entry| entry.detail.contains("s3cret")), "{audit:?}");
    let place = SftpPlace::parse("sftp://pay@files.example/in").unwrap();
    let sftp =
        |host_key: &str| PayWay::Sftp { place: place.clone(), host_key: host_key.to_owned(), has_password: false };
    assert!(add(sftp(""), Some("k3y")).unwrap_err().contains("is no host key"));
    assert!(add(sftp("ssh-ed25519 AAAA"), None).unwrap_err().contains("--key-file"));
    house.hub.add_pay_target(&clerk(), &target(PayWay::Folder("/pay".into())), None, now()).unwrap();
    house.hub.remove_pay_target(&clerk(), "bureau", now()).unwrap();
    assert!(house.hub.remove_pay_target(&clerk(), "bureau", now()).is_err());
    assert!(house.hub.pay_targets().unwrap().is_empty());
}

#[test]
fn a_locked_period_goes_by_sftp_with_the_sealed_key_and_once() {
    let Some(server) = Sshd::start().unwrap() else { return };
    let (house, _key) = workplace();
    let key = server.key().unwrap();
    house.hub.add_pay_target(&clerk(), &sftp(&server, &shown_key(&server), false), Some(&key), now()).unwrap();
    lock(&house);
    assert_eq!(work_off(&house.hub), [Ended::Done]);
    let bytes = file(&house).bytes;
    assert_receipt(&house, &format!("{NAME} was written, {} bytes", bytes.len()));
    assert_eq!(server.files().unwrap(), [(NAME.to_owned(), bytes)]);
    assert_told_to_nobody(&house, key.lines().nth(1).unwrap());

    // Locked again without a change, the same file is found there.
    house.hub.unlock(&clerk(), FEBRUARY, "a look", now()).unwrap();
    house.derive();
    lock(&house);
    assert_eq!(work_off(&house.hub), [Ended::Done]);
    assert!(house.hub.pay_receipts().unwrap()[1].says.contains("is there"));
    assert_eq!(server.files().unwrap().len(), 1);
}

#[test]
fn a_server_with_another_host_key_gets_nothing_until_its_keeper_vouches_for_it() {
    let Some(server) = Sshd::start().unwrap() else { return };
    let (house, _key) = workplace();
    let (key, (_, another)) = (server.key().unwrap(), server.stranger().unwrap());
    house.hub.add_pay_target(&clerk(), &sftp(&server, &another, false), Some(&key), now()).unwrap();
    lock(&house);
    let ended = work_off(&house.hub);
    let [Ended::Failed(why, due)] = &ended[..] else { panic!("{ended:?}") };
    assert!(why.contains("shows another host key than the one that is trusted"), "{why}");
    assert!(server.files().unwrap().is_empty() && house.hub.pay_receipts().unwrap().is_empty());

    house.hub.add_pay_target(&clerk(), &sftp(&server, &shown_key(&server), false), Some(&key), now()).unwrap();
    assert_eq!(work_off_at(&house.hub, *due), [Ended::Done], "the next attempt trusts the key that it was given");
    assert_receipt(&house, "was written");
}

#[test]
fn a_wrong_password_is_told_at_each_attempt_until_the_right_one_is_given() {
    let Some(server) = Sshd::with_password().unwrap() else { return };
    let (house, _key) = workplace();
    let bureau = sftp(&server, &shown_key(&server), true);
    house.hub.add_pay_target(&clerk(), &bureau, Some("wr0ng"), now()).unwrap();
    lock(&house);
    let mut at = now();
    for _ in 0..3 {
        let ended = work_off_at(&house.hub, at);
        let [Ended::Failed(why, due)] = &ended[..] else { panic!("{ended:?}") };
        assert!(why.contains("Permission denied"), "{why}");
        at = *due;
    }
    assert!(server.files().unwrap().is_empty() && house.hub.pay_receipts().unwrap().is_empty());
    assert_told_to_nobody(&house, "wr0ng");

    house.hub.add_pay_target(&clerk(), &bureau, Some(server.password()), now()).unwrap();
    assert_eq!(work_off_at(&house.hub, at), [Ended::Done]);
    assert_receipt(&house, "was written");
    assert_told_to_nobody(&house, server.password());
}

#[test]
fn a_locked_period_goes_to_an_address_and_a_reply_that_was_lost_has_no_second_effect_whoever_is_renamed_meanwhile() {
    for verb in [Verb::Put, Verb::Post] {
        let ((house, _key), inbox) = (workplace(), FakeInbox::start("t0ken").unwrap());
        house.hub.add_pay_target(&clerk(), &address(&inbox, verb), Some("t0ken"), now()).unwrap();
        lock(&house);
        let file = file(&house);
        inbox.will([InboxFault::LosesReply]);
        let ended = work_off(&house.hub);
        let [Ended::Failed(_, due)] = &ended[..] else { panic!("{ended:?}") };
        assert!(house.hub.pay_receipts().unwrap().is_empty(), "nobody knows that it was taken");
        house.hub.import_employees(&clerk(), b"code,name\n12,Ann Reyes\n", false, now()).unwrap();
        assert!(self::file(&house).bytes != file.bytes);
        assert_eq!(work_off_at(&house.hub, *due), [Ended::Done]);
        assert_receipt_of(&house, &file, "200 OK");

        let sent: Vec<_> = inbox.requests();
        let key = |at: usize| sent[at].headers["idempotency-key"].clone();
        assert_eq!((sent.len(), &sent[0].path, key(0)), (2, &sent[1].path, key(1)));
        assert_eq!(sent[0].body, sent[1].body);
        let place = if verb == Verb::Put { format!("/in/{NAME}") } else { key(0) };
        assert_eq!(inbox.files().into_iter().collect::<Vec<_>>(), [(place, String::from_utf8(file.bytes).unwrap())]);
        assert_told_to_nobody(&house, "t0ken");

        // Locked again, it is another errand.
        house.hub.unlock(&clerk(), FEBRUARY, "a look", now()).unwrap();
        house.derive();
        let later = now() + jiff::SignedDuration::from_hours(3);
        assert_eq!(house.hub.lock(&clerk(), FEBRUARY, Some("as it is"), later).unwrap(), Locking::Locked);
        assert_eq!(work_off_at(&house.hub, later), [Ended::Done]);
        let third = inbox.requests().remove(2);
        assert_ne!(third.headers["idempotency-key"], key(0));
        assert!(third.body.contains("Ann Reyes"));
    }
}

/// Keys and bodies of what came, in order.
fn came(inbox: &FakeInbox) -> Vec<(String, String)> {
    inbox.requests().into_iter().map(|sent| (sent.headers["idempotency-key"].clone(), sent.body)).collect()
}

#[test]
fn a_file_that_the_receiver_refused_is_made_anew_under_another_key_and_one_that_it_may_have_is_not() {
    let ((house, _key), inbox) = (workplace(), FakeInbox::start("t0ken").unwrap());
    house.hub.add_pay_target(&clerk(), &address(&inbox, Verb::Post), Some("t0ken"), now()).unwrap();
    lock(&house);
    let rename = |name: &str| {
        let list = format!("code,name\n12,{name}\n");
        house.hub.import_employees(&clerk(), list.as_bytes(), false, now()).unwrap();
    };
    let mut at = now();
    let mut fails = |fault: InboxFault| {
        inbox.will([fault]);
        let ended = work_off_at(&house.hub, at);
        let [Ended::Failed(_, due)] = &ended[..] else { panic!("{ended:?}") };
        at = *due;
    };
    // Refused twice: the same file has the same key, another one another.
    fails(InboxFault::Status(422));
    fails(InboxFault::Status(422));
    rename("Ann Reyes");
    // It takes this one, and nobody hears of it; what is refused after that says nothing of it.
    fails(InboxFault::LosesReply);
    rename("Ann Santos");
    fails(InboxFault::Status(401));
    rename("Ann Cruz");
    assert_eq!(work_off_at(&house.hub, at), [Ended::Done]);
    let sent = came(&inbox);
    assert_eq!((sent.len(), &sent[0]), (5, &sent[1]));
    assert!(sent[2].1.contains("Ann Reyes") && sent[2].0 != sent[0].0);
    assert_eq!((&sent[3], &sent[4]), (&sent[2], &sent[2]));
    assert_eq!(inbox.files().len(), 1, "one effect");
    assert_eq!(house.hub.pay_receipts().unwrap()[0].digest, blake3::hash(sent[2].1.as_bytes()).to_hex().to_string());
}

#[test]
fn a_file_on_its_way_goes_with_whoever_is_erased_and_with_the_layout_of_its_target_and_keeps_its_key() {
    let ((house, _key), inbox) = (workplace(), FakeInbox::start("t0ken").unwrap());
    let bureau = address(&inbox, Verb::Post);
    house.hub.add_pay_target(&clerk(), &bureau, Some("t0ken"), now()).unwrap();
    house.hub.import_employees(&clerk(), b"code,name\n12,Ann Reyes\n", false, now()).unwrap();
    lock(&house);
    let mut at = now();
    let mut loses_reply = || {
        inbox.will([InboxFault::LosesReply]);
        let ended = work_off_at(&house.hub, at);
        let [Ended::Failed(_, due)] = &ended[..] else { panic!("{ended:?}") };
        at = *due;
    };
    loses_reply();
    house.hub.erase_person(&clerk(), "12", "asked", now(), &[0; 32], |_, _| {}).unwrap();
    let kept = house.store.read(|read| read.setting("payroll_parcels")).unwrap().unwrap();
    assert!(kept.contains("\"packed\":null"), "{kept}");
    loses_reply();
    let other = PayTarget { layout: layouts::preset("biotime").unwrap(), ..bureau };
    house.hub.add_pay_target(&clerk(), &other, Some("t0ken"), now()).unwrap();
    loses_reply();
    let sent = came(&inbox);
    assert!(sent[0].1.contains("Ann Reyes") && !sent[1].1.contains("Ann Reyes"));
    assert!(sent[2].1 != sent[1].1 && sent.iter().all(|(key, _)| *key == sent[0].0));

    // Nothing stays of a lock that is undone.
    house.hub.unlock(&clerk(), FEBRUARY, "a look", now()).unwrap();
    assert_eq!(house.store.read(|read| read.setting("payroll_parcels")).unwrap().unwrap(), "[]");
}

#[test]
fn what_a_receiver_refuses_is_dead_after_its_attempts_with_the_reason_and_goes_when_it_is_asked_for_again() {
    let ((house, _key), inbox) = (workplace_of(&log()[..7]), FakeInbox::start("t0ken").unwrap());
    house.hub.add_pay_target(&clerk(), &address(&inbox, Verb::Put), Some("0ld"), now()).unwrap();
    lock(&house);
    let (attempts, reason, at) = until_dead(&house);
    assert_eq!((attempts, inbox.requests().len()), (200, 200));
    assert!(reason.contains("the receiver refuses it: 401"), "{reason}");
    let dead = house.hub.jobs(&JobFilter { state: Some(JobState::Dead), ..JobFilter::default() }).unwrap().rows;
    assert_eq!((dead.len(), dead[0].kind.as_str(), dead[0].outcome.as_str()), (1, "payroll", reason.as_str()));
    assert!(house.hub.pay_receipts().unwrap().is_empty());

    inbox.want("0ld");
    assert!(work_off_at(&house.hub, at).is_empty(), "it waits for a person");
    house.hub.retry_job(&clerk(), dead[0].id, at).unwrap();
    assert_eq!(work_off_at(&house.hub, at), [Ended::Done]);
    assert_receipt(&house, "201 Created: run 42");
    assert_eq!(inbox.files().len(), 1);
}
