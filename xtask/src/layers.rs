//! The direction of dependencies between the rooms of the house.
//!
//! Invariants:
//! * a room depends only on the rooms that [`ALLOWED`] lists for it, so there is one place that says what may know what;
//! * tests may also use `testkit` and `simulator`, which know nothing that the rooms decide; those of a room that is fit to be
//!   published alone may not;
//! * a room that is not in the table is a fault: placing it is a decision.

use serde::Deserialize;

/// Each room and the rooms that it may use, lowest first. The reason stands in `ARCHITECTURE.md`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("attendance", &[]),
    ("zk", &[]),
    ("adms", &[]),
    ("safe", &[]),
    ("link", &["attendance"]),
    ("roads", &["attendance", "link"]),
    ("store", &["attendance", "link"]),
    ("edge", &["attendance", "link", "safe", "adms", "zk", "roads"]),
    ("hub", &["attendance", "link", "safe", "roads", "store"]),
    ("web", &["attendance", "link", "hub"]),
    ("simulator", &["attendance", "link", "adms", "zk"]),
    ("punchclock", &["attendance", "link", "adms", "zk", "roads", "store", "edge", "hub", "web", "simulator"]),
    ("testkit", &["attendance"]),
    ("simulation", &["attendance", "link", "adms", "zk", "store", "edge", "hub"]),
    ("bench", &["attendance", "link", "adms", "zk", "roads", "store", "edge", "hub", "web", "simulator", "testkit"]),
    ("fuzz", &["attendance", "link", "adms", "zk", "roads"]),
    ("xtask", &[]),
];

/// What tests of any room may use besides.
const FOR_TESTS: &[&str] = &["testkit", "simulator"];

/// Rooms that build, and test themselves, without the rest of the house.
const STAND_ALONE: &[&str] = &["zk", "adms"];

/// The part of `cargo metadata` that is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// `dev`, `build`, or nothing for an ordinary one.
    kind: Option<String>,
}

/// One sentence per dependency that points the wrong way, with what to do.
pub(crate) fn faults(workspace: &Workspace) -> Vec<String> {
    workspace.packages.iter().flat_map(|package| faults_of(package, workspace)).collect()
}

fn faults_of(package: &Package, workspace: &Workspace) -> Vec<String> {
    let Some(allowed) = allowed_for(&package.name) else {
        return vec![format!("`{}` has no place in the house: add it to ALLOWED in xtask/src/layers.rs", package.name)];
    };
    let is_room = |name: &str| workspace.packages.iter().any(|other| other.name == name);
    package
        .dependencies
        .iter()
        .filter(|dependency| is_room(&dependency.name) && !is_allowed(package, dependency, allowed))
        .map(|dependency| sentence(package, dependency, allowed))
        .collect()
}

fn allowed_for(name: &str) -> Option<&'static [&'static str]> {
    ALLOWED.iter().find(|(room, _)| *room == name).map(|(_, allowed)| *allowed)
}

fn is_allowed(package: &Package, dependency: &Dependency, allowed: &[&str]) -> bool {
    let name = dependency.name.as_str();
    let is_for_tests = dependency.kind.as_deref() == Some("dev") && FOR_TESTS.contains(&name);
    allowed.contains(&name) || (is_for_tests && !STAND_ALONE.contains(&package.name.as_str()))
}

fn sentence(package: &Package, dependency: &Dependency, allowed: &[&str]) -> String {
    let verb = match dependency.kind.as_deref() {
        Some("dev") => "uses in its tests",
        Some("build") => "uses in its build",
        _ => "uses",
    };
    let may = if allowed.is_empty() { "no other room".to_owned() } else { format!("only {}", allowed.join(", ")) };
    format!(
        "`{}` {verb} `{}`, but may use {may}: move the code down, or pass it in from above",
        package.name, dependency.name
    )
}

#[cfg(test)]
mod tests {
    use super::{ALLOWED, Workspace, faults};

    /// `(room, dependency, kind)`
    fn workspace(uses: &[(&str, &str, Option<&str>)]) -> Workspace {
        let mut names: Vec<&str> = uses.iter().flat_map(|(room, used, _)| [*room, *used]).collect();
        names.sort_unstable();
        names.dedup();
        let packages: Vec<_> = names
            .into_iter()
            .map(|name| {
                let dependencies: Vec<_> = uses
                    .iter()
                    .filter(|(room, ..)| *room == name)
                    .map(|(_, used, kind)| serde_json::json!({ "name": used, "kind": kind }))
                    .collect();
                serde_json::json!({ "name": name, "dependencies": dependencies })
            })
            .collect();
        serde_json::from_value(serde_json::json!({ "packages": packages })).unwrap()
    }

    #[test]
    fn a_room_may_use_what_lies_below_it() {
        let house = workspace(&[("hub", "store", None), ("store", "attendance", None), ("punchclock", "web", None)]);
        assert!(faults(&house).is_empty());
    }

    #[test]
    fn a_room_may_not_use_what_lies_above_or_beside_it() {
        let found = faults(&workspace(&[("store", "hub", None), ("zk", "adms", None)]));
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("`store` uses `hub`, but may use only attendance, link"), "{found:?}");
        assert!(found[1].contains("`zk` uses `adms`, but may use no other room"), "{found:?}");
    }

    #[test]
    fn tests_may_use_testkit_and_simulator_and_nothing_else() {
        assert!(
            faults(&workspace(&[("edge", "simulator", Some("dev")), ("store", "testkit", Some("dev"))])).is_empty()
        );
        assert_eq!(faults(&workspace(&[("edge", "simulator", None)])).len(), 1);
        assert_eq!(faults(&workspace(&[("edge", "hub", Some("dev"))])).len(), 1);
    }

    #[test]
    fn a_room_that_is_published_alone_uses_no_other_even_in_its_tests() {
        let found = faults(&workspace(&[("zk", "simulator", Some("dev")), ("adms", "testkit", Some("dev"))]));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].contains("`zk` uses in its tests `simulator`, but may use no other room"), "{found:?}");
    }

    #[test]
    fn a_room_without_a_place_is_a_fault() {
        let found = faults(&workspace(&[("attic", "attendance", None)]));
        assert!(found[0].contains("`attic` has no place in the house"), "{found:?}");
    }

    #[test]
    fn the_table_itself_has_no_circle() {
        for (place, (room, allowed)) in ALLOWED.iter().enumerate() {
            for used in *allowed {
                let used_place = ALLOWED.iter().position(|(name, _)| name == used).unwrap();
                assert!(used_place < place, "{room} may use {used}, which is listed after it");
            }
        }
    }
}
