//! The pipeline's invariants, each with the tests that hold it.

use std::{fs, path::Path};

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

/// Tells whether a function of a name has the attribute of a test right above it, among others.
fn is_a_test(sources: &str, name: &str) -> bool {
    let signs = [format!("fn {name}("), format!("async fn {name}(")];
    let mut attributes: Vec<&str> = Vec::new();
    for line in sources.lines().map(str::trim) {
        if signs.iter().any(|sign| line.starts_with(sign.as_str())) {
            return attributes.iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        }
        if line.starts_with("#[") || line.starts_with("//") {
            attributes.push(line);
        } else {
            attributes.clear();
        }
    }
    false
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
    assert_eq!(rows.iter().map(|row| row[0].parse().unwrap()).collect::<Vec<u32>>(), (1..=25).collect::<Vec<_>>());
    for row in &rows {
        let names: Vec<&str> = row[2].split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{}: no test", row[0]);
        for name in names {
            assert!(is_a_test(&all, name), "{}: there is no test {name}", row[0]);
        }
    }
}
