//! What goes to other systems over real TLS: it reaches who proves to be there by an authority that the system trusts, and nobody else.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod stage;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use stage::{PATIENCE, Stage, log_file, stage};
use testkit::{Authority, FakeCrm, FakeInbox, FakeOdoo, InboxFault, OdooVersion, Process, wait_until};

const TOKEN: &str = "pay-t0ken-5ecret";
const FROM: &str = "2026-01-05";
const TO: &str = "2026-01-11";
/// What a person reads of a server whose authority is not known here.
const NOT_TRUSTED: &str = "nothing was sent: nobody whom this machine trusts has signed the certificate there";

/// What they read where an authority has the name of a trusted one, and another key.
const DOES_NOT_FIT: &str = "nothing was sent: the signature there does not fit; somebody may be in between, or an authority of your own has a new key";
/// How an authority becomes one that is trusted.
const TRUST_IT: &str = "put its certificate into /usr/local/share/ca-certificates as a .crt file and run update-ca-certificates, or name its file \
                        with SSL_CERT_FILE";

/// A week of a few people, and a file with the token.
fn workplace() -> (Stage, PathBuf) {
    let stage = stage();
    let log = log_file(&stage, 3, FROM, TO);
    let import = ["import", "attlog", log.to_str().unwrap(), "--serial", "A1", "--zone", "Asia/Manila"];
    stage.prints(&[&import[..], &["--create-employees"]].concat());
    stage.prints(&["derive"]);
    let token = written(&stage, "token", TOKEN);
    (stage, token)
}

fn written(stage: &Stage, name: &str, text: &str) -> PathBuf {
    std::fs::write(stage.path(name), text).unwrap();
    stage.path(name)
}

/// These authorities are all that the system trusts.
fn trusts<'a>(command: &'a mut Command, authorities: &Path) -> &'a mut Command {
    command.env("SSL_CERT_FILE", authorities).env_remove("SSL_CERT_DIR")
}

fn trusting(stage: &Stage, authorities: &Path, arguments: &[&str]) -> Output {
    trusts(&mut stage.command(arguments), authorities).output().unwrap()
}

fn serve_trusting(stage: &Stage, authorities: &Path) -> Process {
    let mut serving = Process::spawn(trusts(&mut stage.serve_command(), authorities)).unwrap();
    serving.wait_for_line("pages: http://", PATIENCE).unwrap();
    serving
}

fn stop(mut serving: Process) {
    serving.terminate().unwrap();
    assert!(serving.wait(PATIENCE).unwrap().success());
}

fn add_target(stage: &Stage, token: &Path, name: &str, inbox: &FakeInbox, more: &[&str]) {
    let (url, token) = (inbox.url(), token.to_str().unwrap());
    assert!(url.starts_with("https://"), "{url}");
    let add = ["payroll", "target", "add", name, "--url", &url, "--token-file", token, "--preset", "csv"];
    stage.prints(&[&add[..], &["--allow-private"], more].concat());
}

/// The jobs that take the file somewhere: state and outcome of each.
fn deliveries(stage: &Stage) -> Vec<(String, String)> {
    let shown = stage.prints(&["--json", "job", "list", "--kind", "payroll"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let jobs: Vec<Value> = serde_json::from_str(&shown).unwrap();
    jobs.iter().map(|job| (text(&job["state"]), text(&job["outcome"]))).collect()
}

/// Whose each day is that has a punch.
fn days_with_punches(stage: &Stage) -> Vec<String> {
    let table = stage.prints(&["export", "days"]);
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let [code, first, last] =
        ["employee", "first_in", "last_out"].map(|name| header.iter().position(|column| *column == name).unwrap());
    lines.filter(|row| !row[first].is_empty() || !row[last].is_empty()).map(|row| row[code].to_owned()).collect()
}

#[test]
fn the_file_of_a_locked_period_goes_by_tls_and_only_to_who_proves_to_be_there() {
    let (stage, token) = workplace();
    let (ours, strange) = (Authority::new("ours").unwrap(), Authority::new("strange").unwrap());
    let at = |authority: &Authority, name: &str| {
        FakeInbox::start_encrypted(TOKEN, &authority.identity(name).unwrap()).unwrap()
    };
    let (by_put, by_post) = (at(&ours, "localhost"), at(&ours, "localhost"));
    let (of_strangers, of_another_name) = (at(&strange, "localhost"), at(&ours, "pay.example"));
    // One has moved to where everybody on the line reads what comes.
    let (moved, in_clear) = (at(&ours, "localhost"), FakeInbox::start(TOKEN).unwrap());
    moved.will(std::iter::repeat_n(InboxFault::Moved(in_clear.url()), 1_000));
    add_target(&stage, &token, "by-put", &by_put, &[]);
    add_target(&stage, &token, "by-post", &by_post, &["--post"]);
    add_target(&stage, &token, "strangers", &of_strangers, &[]);
    add_target(&stage, &token, "another-name", &of_another_name, &[]);
    add_target(&stage, &token, "moved", &moved, &["--post"]);

    let trusted = written(&stage, "ours.pem", &ours.certificate());
    let serving = serve_trusting(&stage, &trusted);
    stage.prints(&["period", "lock", "--from", FROM, "--to", TO, "--force", "the test"]);
    let are_tried = || deliveries(&stage).iter().filter(|(_, outcome)| !outcome.is_empty()).count() == 5;
    wait_until("each target to be tried", PATIENCE, are_tried).unwrap();
    stop(serving);

    let file = stage.prints(&["export", "payroll", "--from", FROM, "--to", TO, "--preset", "csv"]);
    assert!(file.lines().count() > 10, "{file}");
    for inbox in [&by_put, &by_post] {
        assert_eq!(inbox.files().into_values().collect::<Vec<_>>(), [file.as_str()], "its bytes");
    }
    let shown = stage.prints(&["--json", "payroll", "target", "list"]);
    for target in serde_json::from_str::<Vec<Value>>(&shown).unwrap() {
        let has_it = ["by-put", "by-post"].iter().any(|name| target["name"] == *name);
        assert_eq!(target["receipt"], if has_it { "201 Created: run 42".into() } else { Value::Null }, "{target}");
    }

    let jobs = deliveries(&stage);
    let waits = |says: &str| jobs.iter().any(|(state, outcome)| state == "waiting" && outcome.contains(says));
    assert!(waits(&format!("strangers: {NOT_TRUSTED}")) && waits("name its file with SSL_CERT_FILE"), "{jobs:?}");
    let is_for = "another-name: nothing was sent: the certificate there is for pay.example, not for localhost; write the address with a name \
                  that the certificate has";
    assert!(waits(is_for), "{jobs:?}");
    assert!(waits("moved: the receiver has moved (302 Found): give its new address"), "{jobs:?}");
    assert!(of_strangers.requests().is_empty() && of_another_name.requests().is_empty(), "nothing was said there");
    assert!(!moved.requests().is_empty() && in_clear.requests().is_empty(), "a redirect is not followed");

    // Cured, it goes by itself, and without another start.
    let serving = serve_trusting(&stage, &trusted);
    std::fs::write(&trusted, [ours.certificate(), strange.certificate()].concat()).unwrap();
    // As if the wait for the next attempt was over.
    let database = rusqlite::Connection::open(stage.data().join("hub.sqlite")).unwrap();
    database.busy_timeout(PATIENCE).unwrap();
    database.execute("UPDATE job SET due_us = 0 WHERE kind = 'payroll' AND state = 'waiting'", []).unwrap();
    wait_until("the file to arrive", PATIENCE, || of_strangers.files().len() == 1).unwrap();
    assert_eq!(of_strangers.files().into_values().collect::<Vec<_>>(), [file]);
    stop(serving);
    assert!(of_another_name.requests().is_empty() && in_clear.requests().is_empty());
}

#[test]
fn days_reach_a_crm_and_an_odoo_by_tls_and_only_who_proves_to_be_there() {
    let (stage, token) = workplace();
    let ours = Authority::new("ours").unwrap();
    // Whoever says to be the same authority, and has another key.
    let strange = Authority::new("ours").unwrap();
    let crm = FakeCrm::start_encrypted(TOKEN, &ours.identity("localhost").unwrap()).unwrap();
    let odoo = FakeOdoo::start_encrypted(OdooVersion::V18, TOKEN, &ours.identity("localhost").unwrap()).unwrap();
    let (crm_url, odoo_url, token) = (crm.url(), odoo.url(), token.to_str().unwrap().to_owned());
    let add = ["sink", "add", "crm", "--url", &crm_url, "--token-file", &token];
    stage.prints(&[&add[..], &["--allow-private"]].concat());
    let add = ["sink", "add", "odoo", "--url", &odoo_url, "--db-name", "db", "--user", "sync", "--key-file", &token];
    stage.prints(&[&add[..], &["--allow-private"]].concat());
    let whose = days_with_punches(&stage);
    assert!(whose.len() > 10, "{whose:?}");
    for code in whose.iter().collect::<BTreeSet<_>>() {
        odoo.employs(code);
    }

    let theirs = written(&stage, "theirs.pem", &strange.certificate());
    let empty = written(&stage, "empty.pem", "");
    for sink in ["crm", "odoo"] {
        let test = ["sink", "test", sink];
        let refused = trusting(&stage, &theirs, &test);
        let says = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && says.contains(DOES_NOT_FIT), "{sink}: {says}");
        let says = String::from_utf8(trusting(&stage, &empty, &test).stderr).unwrap();
        assert!(says.contains("if SSL_CERT_FILE is set, look at that file"), "{sink}: {says}");
        assert!(!trusting(&stage, &theirs, &["sync", sink, "--from", FROM]).status.success());
        let waiting = stage.prints(&["sync", "status", "--sink", sink, "--state", "waiting"]);
        assert!(waiting.contains(DOES_NOT_FIT), "{waiting}");
    }
    assert_eq!((crm.calls(), odoo.calls().len()), (0, 0), "nothing was said there");

    let trusted = written(&stage, "ours.pem", &ours.certificate());
    for sink in ["crm", "odoo"] {
        let test = trusting(&stage, &trusted, &["sink", "test", sink]);
        assert!(test.status.success(), "{}", String::from_utf8_lossy(&test.stderr));
        let sent = trusting(&stage, &trusted, &["sync", sink, "--retry-failed"]);
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    }
    assert_eq!((crm.taken().len(), odoo.attendances().len()), (whose.len(), whose.len()), "each day once");
}

#[test]
fn a_certificate_that_proves_nothing_is_told_in_a_sentence_with_its_cure() {
    let (stage, token) = (stage(), TOKEN);
    let token = written(&stage, "token", token);
    let (ours, unknown) = (Authority::new("ours").unwrap(), Authority::new("unknown").unwrap());
    let same_name = Authority::new("ours").unwrap();
    let trusted = written(&stage, "ours.pem", &ours.certificate());
    let of = |names: &[&str]| ours.identity_of(names).unwrap();
    let cases = [
        (of(&["pay.example"]), "the certificate there is for pay.example, not for localhost; write the address with a name that the certificate has".to_owned()),
        (
            of(&["127.0.0.1", "*.example", "a.example", "b.example", "c.example"]),
            "the certificate there is for 127.0.0.1, *.example, a.example and 2 more, not for localhost; write the address with a name that the \
             certificate has".to_owned(),
        ),
        (of(&[]), "the certificate there names no host (only a common name, which counts no more); it has to be made again with a subjectAltName".to_owned()),
        (ours.itself().unwrap(), "the certificate there is the certificate of an authority itself; make one for the server that is signed by it".to_owned()),
        (
            unknown.identity("localhost").unwrap(),
            format!("nobody whom this machine trusts has signed the certificate there; where an authority of your own has, {TRUST_IT}"),
        ),
        (
            same_name.identity("localhost").unwrap(),
            format!("the signature there does not fit; somebody may be in between, or an authority of your own has a new key: ask whoever keeps that server, \
                     and if it has, {TRUST_IT}"),
        ),
    ];
    for (identity, sentence) in cases {
        let crm = FakeCrm::start_encrypted(TOKEN, &identity).unwrap();
        let add =
            ["sink", "add", "crm", "--url", &crm.url(), "--token-file", token.to_str().unwrap(), "--allow-private"];
        stage.prints(&add);
        let refused = trusting(&stage, &trusted, &["sink", "test", "crm"]);
        let says = String::from_utf8(refused.stderr).unwrap();
        assert!(
            !refused.status.success() && says.contains(&format!("nothing was sent: {sentence}\n")),
            "{sentence}\n{says}"
        );
        stage.prints(&["sink", "remove", "crm", "--yes"]);
        assert_eq!(crm.calls(), 0, "nothing was said there");
    }
}

#[test]
fn a_hub_that_is_to_tell_of_silence_and_finds_no_authorities_names_the_cure_and_ends() {
    let stage = stage();
    let empty = written(&stage, "empty.pem", "");
    let mut serve = stage.serve_command();
    let ended =
        trusts(serve.env("PUNCHCLOCK__HUB__SILENCE_WEBHOOK", "https://localhost/hook"), &empty).output().unwrap();
    let says = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && says.contains("hub.silence_webhook: no client can be made"), "{says}");
    assert!(says.contains("if SSL_CERT_FILE is set, look at that file"), "{says}");
}
