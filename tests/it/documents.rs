//! What the documents name is there.

use crate::support::sources;

const TESTING: &str = include_str!("../../TESTING.md");

/// The paths of tests that a text names: modules and a function, all in small letters.
fn tests_named(text: &str) -> Vec<&str> {
    let is_path = |quoted: &&str| {
        let mut parts = quoted.split("::");
        let is_name = |part: &str| {
            let mut bytes = part.bytes();
            !part.is_empty() && bytes.all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        quoted.contains("::") && parts.all(is_name)
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

#[test]
fn every_test_that_testing_names_is_there() {
    let named = tests_named(TESTING);
    assert!(named.len() > 4, "{named:?}");
    let sources = [sources("src"), sources("tests")].concat();
    for path in named {
        let (_, name) = path.rsplit_once("::").unwrap();
        let function = format!("fn {name}(");
        let is_there = sources.iter().any(|text| text.contains(&function));
        assert!(is_there, "{path}");
    }
}
