//! The tests that the map names must exist: a promise without its test is none.

/// A test as the map names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NamedTest {
    file: String,
    function: String,
}

/// Finds the tests in a text: a word in backquotes that is a Rust file below `crates/` or `fuzz/`, then on the same line the
/// names of its tests, in backquotes too.
pub(crate) fn named_tests(text: &str) -> Vec<NamedTest> {
    text.lines().flat_map(tests_of_line).collect()
}

fn tests_of_line(line: &str) -> Vec<NamedTest> {
    let mut file = None;
    let mut tests = Vec::new();
    // What stands in backquotes is every second piece.
    for word in line.split('`').skip(1).step_by(2) {
        if (word.starts_with("crates/") || word.starts_with("fuzz/")) && word.ends_with(".rs") {
            file = Some(word);
        } else if let Some(file) = file {
            tests.push(NamedTest { file: file.to_owned(), function: word.to_owned() });
        }
    }
    tests
}

/// One sentence per test that is missing. `read` yields the text of a file.
pub(crate) fn faults(tests: &[NamedTest], read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    tests.iter().filter_map(|test| fault(test, read(&test.file))).collect()
}

fn fault(NamedTest { file, function }: &NamedTest, text: Option<String>) -> Option<String> {
    match text {
        None => Some(format!("there is no file {file}")),
        Some(text) if !text.contains(&format!("fn {function}(")) => {
            Some(format!("{file} has no test `{function}`: name the one that holds the promise now"))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{NamedTest, faults, named_tests};

    fn test(file: &str, function: &str) -> NamedTest {
        NamedTest { file: file.to_owned(), function: function.to_owned() }
    }

    #[test]
    fn tests_are_found_behind_their_file() {
        let line = "| `kill -9` | kept | `crates/a/tests/x.rs`: `one`, `two`; `crates/b/tests/y.rs`: `three` |";
        let expected = [
            test("crates/a/tests/x.rs", "one"),
            test("crates/a/tests/x.rs", "two"),
            test("crates/b/tests/y.rs", "three"),
        ];
        assert_eq!(named_tests(line), expected);
    }

    #[test]
    fn a_missing_file_and_a_missing_test_are_told() {
        let named = [test("crates/a.rs", "one"), test("crates/a.rs", "on"), test("crates/b.rs", "one")];
        let found = faults(&named, |file| (file == "crates/a.rs").then(|| "fn one() {}".to_owned()));
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("crates/a.rs has no test `on`"), "{found:?}");
        assert!(found[1].contains("there is no file crates/b.rs"), "{found:?}");
    }
}
