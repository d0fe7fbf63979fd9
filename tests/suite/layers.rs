//! The floors, enforced: who may name whom, who may touch the world, how long a file may be.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every floor with the floors it may name, the lowest first.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("text", &[]),
    ("eval", &["model", "text"]),
    ("provider", &["model"]),
    ("pipeline", &["model", "eval", "provider"]),
    ("store", &["model", "text", "eval", "pipeline"]),
    ("app", &["model", "text", "eval", "pipeline", "store"]),
    ("ui", &["model", "text", "eval", "app"]),
    ("log", &["text"]),
    ("setup", &["model", "eval", "provider", "pipeline", "store"]),
    ("tui", &["model", "text", "eval", "provider", "pipeline", "store", "setup", "app", "ui"]),
    ("cli", &["model", "text", "eval", "provider", "pipeline", "store", "setup", "app"]),
];

/// Words that touch the world, each with the files or floors that may write it.
const WORLD: &[(&str, &[&str])] = &[
    ("reqwest", &["provider/http.rs"]),
    ("rustls", &["provider/http.rs"]),
    ("hyper", &["provider/http.rs"]),
    ("std::fs", &["store", "log", "tui", "cli"]),
    ("tokio::fs", &[]),
    ("std::net", &["model/address.rs", "model/target.rs", "provider/http.rs"]),
    ("tokio::net", &[]),
    ("TcpStream", &[]),
    ("TcpListener", &[]),
    ("TcpSocket", &[]),
    ("UdpSocket", &[]),
    ("UnixStream", &[]),
    ("UnixDatagram", &[]),
    ("ToSocketAddrs", &[]),
    ("lookup_host", &[]),
    ("process::", &["provider/command.rs", "store/keys.rs", "store/trust/ownership.rs", "tui", "cli"]),
    ("std::env", &["setup", "tui", "cli"]),
    ("std::thread", &["store", "tui"]),
    ("keyring::", &["store/keys.rs", "store/keys/keyring.rs"]),
    ("rusqlite", &["store"]),
    ("ratatui::", &["app", "ui", "tui"]),
    ("crossterm", &["app", "tui"]),
    ("tokio::", &["provider", "pipeline", "store", "setup", "tui", "cli"]),
    ("println!", &[]),
];

/// The hosts that the program knows by itself, each with the files that may name it.
const HOSTS: &[(&str, &[&str])] = &[
    ("api.openai.com", &["model/target.rs"]),
    ("api.anthropic.com", &["model/target.rs"]),
    // The name of a draft, shown in the words of a mistake.
    ("json-schema.org", &["eval/schema/draft.rs"]),
    // An address shown in the words of a mistake, and the servers looked for on this machine.
    ("127.0.0.1", &["model/target.rs", "provider/listing.rs", "store/settings/check.rs"]),
];

/// A file this long has met its second sentence.
const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

/// The lines that are code: without comments, and without the unit tests at a file's end.
fn code(text: &str) -> String {
    let body = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The floors a piece of code names through `crate::`, also inside braces.
fn named(code: &str) -> Vec<String> {
    let mut floors = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            for part in list.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    let floor: String = part.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    floors.push(floor);
                }
                match part.chars().last() {
                    Some('{') => depth += 1,
                    Some('}') if depth == 0 => break,
                    Some('}') => depth -= 1,
                    _ => {}
                }
            }
        } else {
            floors.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    floors.retain(|floor| !floor.is_empty());
    floors
}

fn complaints() -> Vec<String> {
    let root = root().join("src");
    let (mut files, mut bad) = (Vec::new(), Vec::new());
    sources(&root, &mut files);
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let floor = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        if lines > MAX_LINES {
            bad.push(format!("{name}: {lines} lines, over {MAX_LINES}"));
        }
        if !text.starts_with("//!") {
            bad.push(format!("{name}: no sentence says what it is for"));
        }
        if name.ends_with("mod.rs") {
            bad.push(format!("{name}: write foo.rs beside foo/"));
        }
        if floor == "main" || floor == "lib" {
            continue;
        }
        let Some((_, allowed)) = MAY_NAME.iter().find(|(known, _)| *known == floor) else {
            bad.push(format!("{name}: `{floor}` is no floor; give it a place in MAY_NAME"));
            continue;
        };
        let code = code(&text);
        for other in named(&code) {
            if MAY_NAME.iter().any(|(known, _)| *known == other) && other != floor && !allowed.contains(&other.as_str())
            {
                bad.push(format!("{name}: `{floor}` may not name `{other}`"));
            }
        }
        for (word, places) in WORLD {
            let allowed = places.iter().any(|place| *place == floor || *place == name);
            if code.contains(word) && !allowed {
                bad.push(format!("{name}: `{word}` is not for this floor"));
            }
        }
    }
    bad
}

#[test]
fn floors_hold() {
    let bad = complaints();
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

#[test]
fn a_floor_named_inside_braces_is_seen() {
    assert_eq!(named("use crate::{model::{Fault, Key}, ui::draw};"), ["model", "ui"]);
    assert_eq!(named("crate::tui::run()"), ["tui"]);
}

/// The hosts in the addresses that a text writes out.
fn hosts(text: &str) -> Vec<&str> {
    let host = |rest: &'_ str| rest.find(|c: char| !(c.is_alphanumeric() || ".-_[]".contains(c))).unwrap_or(rest.len());
    text.split("://").skip(1).map(|rest| &rest[..host(rest)]).filter(|host| !host.is_empty()).collect()
}

#[test]
fn no_host_is_written_down_but_the_vendors_own() {
    let (root, mut files) = (root().join("src"), Vec::new());
    sources(&root, &mut files);
    let mut bad = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if name.split('/').any(|part| part == "tests.rs" || part == "tests") {
            continue;
        }
        let code = code(&fs::read_to_string(&file).unwrap());
        for host in hosts(&code) {
            if !HOSTS.iter().any(|(known, places)| *known == host && places.contains(&name.as_str())) {
                bad.push(format!("{name}: {host}"));
            }
        }
    }
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

#[test]
fn what_is_compiled_in_or_shown_leads_nowhere() {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, out) } else { out.push(path) }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("assets"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // The name of a format, not an address.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        assert_eq!(hosts(&text), Vec::<&str>::new(), "{}", file.display());
    }
}

#[test]
fn every_test_file_is_in_the_suite() {
    let list = fs::read_to_string(root().join("tests/suite.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests/suite")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(list.contains(&format!("mod {name};")), "tests/suite/{name}.rs is not in tests/suite.rs");
        }
    }
}

#[test]
fn nothing_is_left_lying_about() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    sources(&root().join("tests"), &mut files);
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME"];
    let left_out = "#[ig".to_owned() + "nore";
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{}: {mark}", file.display());
        }
        for reason in text.split(&left_out).skip(1).filter_map(|rest| rest.lines().next()) {
            let mut words = reason.split([' ', '"']);
            let script = words.find(|word| word.starts_with("tests/")).map(|script| root().join(script));
            assert!(
                script.is_some_and(|script| script.is_file()),
                "{}: a test that is not run names the script that runs it: {reason}",
                file.display()
            );
        }
    }
}
