//! The pipeline's invariants, each with the tests that hold it.

use std::{collections::BTreeSet, fs, path::Path};

fn sources(dir: &Path, out: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// Lists the functions that have the attribute of a test right above them, among others.
fn tests(sources: &str) -> BTreeSet<&str> {
    let (mut tests, mut is_test) = (BTreeSet::new(), false);
    for line in sources.lines().map(str::trim) {
        let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        if let Some(name) = function.and_then(|rest| rest.split('(').next()).filter(|_| is_test) {
            tests.insert(name);
        }
        let is_above = line.starts_with("#[") || line.starts_with("//");
        is_test = is_above && (is_test || line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
    }
    tests
}

#[test]
fn every_invariant_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    let table = fs::read_to_string(root.join("tests/invariants.md")).unwrap();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| #"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.iter().map(|row| row[0].parse().unwrap()).collect::<Vec<u32>>(), (1..=26).collect::<Vec<_>>());
    let known = tests(&all);
    for row in &rows {
        let names: Vec<&str> = row[2].split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{}: no test", row[0]);
        for name in names {
            assert!(known.contains(name), "{}: there is no test {name}", row[0]);
        }
    }
}
