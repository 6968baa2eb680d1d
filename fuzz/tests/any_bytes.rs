//! Whatever comes, each parser answers and keeps its promises: the kept inputs, and a moment of fuzzing. `cargo xtask fuzz` goes
//! on for as long as wanted.
#![allow(clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;

use fuzz::{corpus, targets};

/// Mutated inputs of each target.
const INPUTS: u64 = 1000;

fn each_answers(room: &str) {
    let mut count = 0;
    for target in targets::all().filter(|target| target.name.split('/').next() == Some(room)) {
        let kept = corpus::read(&corpus::folder(), target.name).expect("the corpus can be read");
        let report = fuzz::run(target, &kept, INPUTS, 1, 0);
        if let Some(failure) = report.failure {
            panic!("{}: {}\n  input: {}", target.name, failure.message, failure.input.escape_ascii());
        }
        assert_eq!(report.inputs, INPUTS + kept.len() as u64);
        assert!(report.kinds > 1, "{} gives one answer to everything", target.name);
        count += 1;
    }
    assert!(count > 0, "{room} has targets");
}

#[test]
fn zk_answers_any_bytes() {
    each_answers("zk");
}

#[test]
fn adms_answers_any_bytes() {
    each_answers("adms");
}

#[test]
fn link_answers_any_bytes() {
    each_answers("link");
}

#[test]
fn attendance_answers_any_bytes() {
    each_answers("attendance");
}

#[test]
fn roads_answer_any_bytes() {
    each_answers("roads");
}

#[test]
fn every_target_has_kept_inputs_and_every_kept_input_a_target() {
    let named: BTreeSet<String> = targets::all().map(|target| target.name.to_owned()).collect();
    assert_eq!(named.len(), targets::all().count(), "names are different");
    let mut kept = BTreeSet::new();
    for room in fs::read_dir(corpus::folder()).expect("there is a corpus") {
        let room = room.expect("it can be listed").path();
        for parser in fs::read_dir(&room).expect("a folder for each room").map(|parser| parser.expect("listed").path())
        {
            let name = |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            assert!(fs::read_dir(&parser).expect("a folder for each parser").next().is_some(), "{parser:?} is empty");
            kept.insert(format!("{}/{}", name(&room), name(&parser)));
        }
    }
    assert_eq!(kept, named);
}
