//! The floors, enforced: who may name whom, who may touch the world, how long a file may be.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Every floor with the floors it may name, the lowest first; where only a part of one may be named, its path.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("text", &["model"]),
    ("template", &["model", "text"]),
    ("eval", &["model", "text", "template"]),
    ("provider", &["model"]),
    ("pipeline", &["model", "template", "eval", "provider"]),
    ("config", &["model", "text", "template"]),
    ("dataset", &["model", "text", "eval", "config"]),
    ("promptfoo", &["model", "text", "template", "eval", "config", "dataset"]),
    ("traces", &["model", "text"]),
    (
        "store",
        &[
            "model",
            "text",
            "template",
            "eval",
            "config",
            "dataset",
            "pipeline::TimedEvent",
            "pipeline::event",
            "pipeline::ports",
        ],
    ),
    (
        "present",
        &[
            "model",
            "text",
            "template",
            "eval",
            "pipeline::PlainRequest",
            "pipeline::TimedEvent",
            "pipeline::event",
            "store::api",
        ],
    ),
    (
        "engine",
        &["model", "text", "template", "eval", "provider", "pipeline", "config", "dataset", "promptfoo", "store"],
    ),
    ("widgets", &["model", "text", "eval", "present"]),
    (
        "app",
        &[
            "model",
            "text",
            "template",
            "eval",
            "pipeline::AccountState",
            "pipeline::KeyState",
            "pipeline::PlainRequest",
            "pipeline::Readiness",
            "pipeline::RequestPreview",
            "pipeline::TimedEvent",
            "pipeline::batch",
            "pipeline::event",
            "pipeline::meter",
            "pipeline::RequestPreview",
            "pipeline::plain_request",
            "pipeline::preview_of",
            "pipeline::sent_params",
            "pipeline::sent_request",
            "pipeline::ports",
            "config::names",
            "store::api",
            "present",
            "widgets",
        ],
    ),
    ("serve", &["model", "text", "template", "eval", "provider", "pipeline", "config", "store", "engine"]),
    ("log", &["text"]),
    (
        "terminal",
        &[
            "model",
            "text",
            "template",
            "eval",
            "provider",
            "pipeline",
            "config",
            "dataset",
            "promptfoo",
            "store",
            "present",
            "engine",
            "widgets",
            "app",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "text",
            "template",
            "eval",
            "provider",
            "pipeline",
            "config",
            "dataset",
            "promptfoo",
            "traces",
            "store",
            "present",
            "engine",
            "serve",
            "app::action",
            "app::keymap",
        ],
    ),
];

/// What still names a floor above its own, by file and path. The list only shrinks: an entry that is not needed fails.
const EXCEPTIONS: &[(&str, &str)] = &[("eval/quality/tests.rs", "present::quality_report")];

/// Words that touch the world, each with the files or floors that may write it.
const WORLD: &[(&str, &[&str])] = &[
    ("reqwest", &["provider/http.rs", "provider/client.rs", "provider/proxy.rs"]),
    ("rustls", &["provider/http.rs", "provider/client.rs"]),
    ("hyper", &["provider/http.rs", "provider/client.rs", "provider/proxy.rs", "serve"]),
    ("std::fs", &["config", "dataset", "promptfoo", "store", "log", "terminal", "cli"]),
    ("tokio::fs", &[]),
    // A setting and an option are addresses as well.
    (
        "std::net",
        &[
            "model/address.rs",
            "model/target.rs",
            "provider/http.rs",
            "config/file.rs",
            "cli/args/serve.rs",
            "cli/serve.rs",
            "serve",
        ],
    ),
    ("tokio::net", &["serve"]),
    ("TcpStream", &["serve"]),
    ("TcpListener", &["serve"]),
    ("TcpSocket", &[]),
    ("UdpSocket", &[]),
    ("UnixStream", &[]),
    ("UnixDatagram", &[]),
    ("ToSocketAddrs", &[]),
    ("lookup_host", &[]),
    ("process::", &["provider/programs.rs", "config/api_keys.rs", "config/trust/folder.rs", "terminal", "cli"]),
    ("std::env", &["engine", "terminal", "cli", "present/program/rust.rs"]),
    ("std::thread", &["dataset", "store", "engine/telemetry.rs", "terminal", "cli/output/tests.rs"]),
    ("keyring::", &["config/api_keys.rs", "config/api_keys/keyring.rs"]),
    ("rusqlite", &["store"]),
    ("ratatui::", &["widgets", "app", "terminal"]),
    ("crossterm", &["widgets", "app", "terminal"]),
    ("tokio::", &["provider", "pipeline", "dataset", "store", "engine", "serve", "terminal", "cli"]),
    ("println!", &[]),
];

/// The hosts that the program knows by itself, each with the files that may name it.
const HOSTS: &[(&str, &[&str])] = &[
    // The name of a draft: shown in the words of a mistake, and at the head of the published schemas.
    ("json-schema.org", &["eval/schema/draft.rs", "config/schemas.rs", "cli/schema/published.rs"]),
    // An address shown in the words of a mistake, and as an example.
    ("127.0.0.1", &["config.rs", "config/file.rs", "config/setting_table.rs"]),
    // What stands for one in the words of a mistake, and where any will do.
    ("HOST", &["model/transport.rs", "provider/client.rs", "provider/proxy.rs"]),
    ("NAME", &["provider/address_hints.rs"]),
    // A host that is nobody's, in the examples of settings.
    ("gateway.example.com", &["config/target_table.rs"]),
];

/// A file this long has met its second sentence.
const MAX_LINES: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Collects the Rust files under a folder.
pub(super) fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
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

/// The paths a piece of code names through `crate::`, those inside braces written out.
fn named(code: &str) -> Vec<String> {
    fn tree(before: &str, rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut Vec<String>) {
        let mut path = before.to_owned();
        while let Some(c) = rest.peek().copied() {
            match c {
                '{' => {
                    rest.next();
                    loop {
                        tree(&path, rest, out);
                        match rest.next() {
                            Some(',') => {}
                            _ => return,
                        }
                    }
                }
                ':' | '_' => path.push(c),
                c if c.is_alphanumeric() => path.push(c),
                c if c.is_whitespace() && path == before => {}
                _ => break,
            }
            rest.next();
        }
        // an alias, a glob
        while before != "crate::" && rest.peek().is_some_and(|c| !",}".contains(*c)) {
            rest.next();
        }
        if path != before {
            out.push(path);
        }
    }
    let mut paths = Vec::new();
    for rest in code.split("crate::").skip(1) {
        tree("crate::", &mut rest.chars().peekable(), &mut paths);
    }
    paths.into_iter().map(|path| path.trim_start_matches("crate::").trim_end_matches(':').to_owned()).collect()
}

fn complaints() -> Vec<String> {
    let root = root().join("src");
    let (mut files, mut bad, mut needed) = (Vec::new(), Vec::new(), BTreeSet::new());
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
        for path in named(&code) {
            let other = path.split("::").next().unwrap_or_default();
            let within =
                |part: &str| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
            if other == floor
                || !MAY_NAME.iter().any(|(known, _)| *known == other)
                || allowed.iter().any(|part| within(part))
            {
                continue;
            }
            match EXCEPTIONS.iter().position(|(file, part)| *file == name && within(part)) {
                Some(at) => drop(needed.insert(at)),
                None => bad.push(format!("{name}: `{floor}` may not name `{path}`")),
            }
        }
        for (word, places) in WORLD {
            let allowed = places.iter().any(|place| *place == floor || *place == name);
            if code.contains(word) && !allowed {
                bad.push(format!("{name}: `{word}` is not for this floor"));
            }
        }
    }
    for (at, (file, path)) in EXCEPTIONS.iter().enumerate().filter(|(at, _)| !needed.contains(at)) {
        bad.push(format!("exception {at}: {file} does not name `{path}` any more; take it off the list"));
    }
    bad
}

#[test]
fn floors_hold() {
    let bad = complaints();
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

/// Names that two exported types still share. The list only shrinks: an entry that is not needed fails.
const SHARED_NAMES: &[&str] = &["After", "Message", "Role"];

/// The types that a piece of code exports. One that is there for two platforms is one.
fn exported(code: &str) -> BTreeSet<&str> {
    code.lines().filter_map(exported_by).collect()
}

/// The type that a line exports.
fn exported_by(line: &str) -> Option<&str> {
    let line = line.trim_start().strip_prefix("pub")?;
    let line = line.strip_prefix("(crate)").unwrap_or(line).strip_prefix(' ')?;
    let rest = ["struct ", "enum ", "trait ", "type "].iter().find_map(|kind| line.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
}

#[test]
fn an_exported_type_has_a_name_of_its_own() {
    let (root, mut files, mut places) = (root().join("src"), Vec::new(), BTreeMap::<String, Vec<String>>::new());
    sources(&root, &mut files);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for name in exported(&code(&text)) {
            places.entry(name.to_owned()).or_default().push(file.strip_prefix(&root).unwrap().display().to_string());
        }
    }
    assert!(places.len() > 500, "the types were not found: {}", places.len());
    let shared: BTreeSet<&str> =
        places.iter().filter(|(_, files)| files.len() > 1).map(|(name, _)| name.as_str()).collect();
    let known: BTreeSet<&str> = SHARED_NAMES.iter().copied().collect();
    let wrong: Vec<String> =
        shared.symmetric_difference(&known).map(|name| format!("{name}: {:?}", places.get(*name))).collect();
    assert!(wrong.is_empty(), "one name for several types, or an entry to be taken off:\n{}", wrong.join("\n"));
}

/// The screens of the app, each a file and a folder of its own.
const SCREENS: &[&str] = &["batch", "history", "quality", "traffic", "workbench"];

#[test]
fn no_screen_names_another() {
    let (root, mut files, mut bad) = (root().join("src/app"), Vec::new(), Vec::new());
    sources(&root, &mut files);
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let own = name.split('/').next().unwrap().trim_end_matches(".rs");
        if !SCREENS.contains(&own) {
            continue;
        }
        let named = named(&code(&fs::read_to_string(&file).unwrap()));
        let other = |path: &&String| {
            let part = path.strip_prefix("app::").and_then(|rest| rest.split("::").next()).unwrap_or_default();
            part != own && SCREENS.contains(&part)
        };
        bad.extend(named.iter().filter(other).map(|path| format!("{name}: {path}; send an Intent instead")));
    }
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

/// The folder that a module is in: its own where it has one, else that of its parent.
fn folder(module: &[String], folders: &BTreeSet<Vec<String>>) -> Vec<String> {
    let lengths = (0..=module.len()).rev();
    lengths.map(|length| module[..length].to_vec()).find(|part| folders.contains(part)).unwrap_or_default()
}

/// The code of every module, by its path; tests are left out.
fn modules() -> BTreeMap<Vec<String>, String> {
    let root = root().join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut code_of: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().with_extension("").to_string_lossy().replace('\\', "/");
        let module: Vec<String> = name.split('/').map(str::to_owned).collect();
        if !module.iter().any(|part| part == "tests") && !["lib", "main"].contains(&name.as_str()) {
            code_of.insert(module, code(&fs::read_to_string(&file).unwrap()));
        }
    }
    code_of
}

/// Which folders below `src` name which, each with a file and a path that does; tests left out. What stands in a folder
/// may name the folder's own file, and that its parts: only folders of which neither is in the other count, by the
/// folders beside each other that they are in.
fn folders_named() -> BTreeMap<(Vec<String>, Vec<String>), String> {
    let code_of = modules();
    let folders: BTreeSet<Vec<String>> =
        code_of.keys().filter_map(|module| Some(module.split_last()?.1.to_vec())).collect();
    let mut edges = BTreeMap::new();
    for (module, code) in &code_of {
        for path in named(code) {
            let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
            let known = (1..=parts.len()).rev().find(|length| code_of.contains_key(&parts[..*length]));
            let Some(length) = known else {
                continue;
            };
            let (from, to) = (folder(module, &folders), folder(&parts[..length], &folders));
            let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
            if same < from.len() && same < to.len() {
                let edge = (from[..=same].to_vec(), to[..=same].to_vec());
                edges.entry(edge).or_insert_with(|| format!("{} names {path}", module.join("/")));
            }
        }
    }
    edges
}

#[test]
fn no_folders_name_each_other_in_a_circle() {
    let edges = folders_named();
    assert!(edges.len() > 50, "the tree is read");
    let next = |from: &Vec<String>| edges.keys().filter(|(a, _)| a == from).map(|(_, b)| b.clone()).collect::<Vec<_>>();
    let mut bad = Vec::new();
    for ((from, to), why) in &edges {
        let (mut seen, mut open) = (BTreeSet::from([to.clone()]), vec![to.clone()]);
        while let Some(folder) = open.pop() {
            open.extend(next(&folder).into_iter().filter(|folder| seen.insert(folder.clone())));
        }
        if seen.contains(from) {
            bad.push(format!("{} -> {}: {why}", from.join("/"), to.join("/")));
        }
    }
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

/// The parts of the app, the lowest first. A part may name those of its own row and of the rows above it here; a screen
/// no other screen.
const APP: &[&[&str]] = &[
    // What overlays and screens are made of.
    &[
        "action",
        "ask",
        "context",
        "event",
        "intent",
        "keymap",
        "lab",
        "layout",
        "metrics",
        "notices",
        "overlay",
        "prompt_version",
        "query_line",
        "refusal",
        "screen_id",
        "snippet",
        "totals",
        "tour",
    ],
    &["overlays"],
    // What is asked of a screen, by the app alone.
    &["screen"],
    &["batch", "history", "quality", "rescore", "traffic", "workbench"],
    // What puts them together; `App` itself stands in `app.rs`.
    &["input", "lab_steps", "overlay_input", "quit", "route", "status_bar"],
];

/// Files beside each other that name each other because they are one machine, which the first one's doc says.
const ONE_MACHINE: &[&[&str]] = &[
    &["app/intent", "app/ask", "app/context", "app/overlay", "app/overlays"],
    &[
        "app/workbench/lane",
        "app/workbench/compare",
        "app/workbench/freshness",
        "app/workbench/grading",
        "app/workbench/lane_run",
        "app/workbench/run",
        "app/workbench/undo",
    ],
    &[
        "provider/wires",
        "provider/batch_api",
        "provider/http",
        "provider/request",
        "provider/response_reader",
        "provider/unpack",
    ],
    &[
        "eval/check",
        "eval/best_choice",
        "eval/classification",
        "eval/embedding",
        "eval/moderation",
        "eval/pending",
        "eval/program_check",
        "eval/rubric",
        "eval/service_check",
    ],
];

/// Which module each one names, past what is handed on by `pub use`; a module and those inside it do not count.
fn modules_named(code_of: &BTreeMap<Vec<String>, String>) -> BTreeMap<&[String], BTreeSet<&[String]>> {
    let parts = |path: &str| path.split("::").map(str::to_owned).collect::<Vec<_>>();
    let mut handed_on: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (module, code) in code_of {
        let uses = code.split(';').filter_map(|item| {
            let item = item.trim_start();
            let rest = item.strip_prefix("pub use ").or_else(|| item.strip_prefix("pub(crate) use "));
            rest.or_else(|| item.split_once("\npub use ").map(|(_, rest)| rest))
        });
        for path in uses.flat_map(named).map(|path| parts(&path)) {
            handed_on.insert([&module[..], &path[path.len() - 1..]].concat(), path);
        }
    }
    let mut edges: BTreeMap<&[String], BTreeSet<&[String]>> = BTreeMap::new();
    for (module, code) in code_of {
        for path in named(code) {
            let mut path = parts(&path);
            let is_handed_on = |length: &usize| handed_on.contains_key(&path[..*length]);
            let is_module = |length: &usize| code_of.contains_key(&path[..*length]);
            let lengths = || (1..=path.len()).rev();
            // A module is found before what bears its name.
            if lengths().find(is_module) < lengths().find(is_handed_on) {
                let length = lengths().find(is_handed_on).unwrap();
                path = [&handed_on[&path[..length]][..], &path[length..]].concat();
            }
            let Some(length) = (1..=path.len()).rev().find(|length| code_of.contains_key(&path[..*length])) else {
                continue;
            };
            let (to, _) = code_of.get_key_value(&path[..length]).unwrap();
            if !to.starts_with(module) && !module.starts_with(to) {
                edges.entry(module).or_default().insert(to);
            }
        }
    }
    edges
}

#[test]
fn no_files_name_each_other_in_a_circle_but_those_that_are_one_machine() {
    let code_of = modules();
    let edges = modules_named(&code_of);
    assert!(edges.len() > 200, "the tree is read");
    let reach = |from: &[String]| {
        let (mut seen, mut open): (BTreeSet<&[String]>, _) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            let next = edges.get(module).into_iter().flatten().copied();
            open.extend(next.filter(|next| seen.insert(next)));
        }
        seen.into_iter().map(<[String]>::to_vec).collect::<BTreeSet<_>>()
    };
    let reached: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> =
        edges.keys().map(|module| (module.to_vec(), reach(module))).collect();
    let mut circles: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (module, all) in reached.iter().filter(|(module, all)| all.contains(*module)) {
        let back = all.iter().filter(|other| reached.get(*other).is_some_and(|all| all.contains(module)));
        circles.insert(back.map(|module| module.join("/")).collect());
    }
    let known: BTreeSet<BTreeSet<String>> =
        ONE_MACHINE.iter().map(|circle| circle.iter().map(|file| (*file).to_owned()).collect()).collect();
    assert_eq!(circles, known, "left: the circles there are; right: those that are one machine");
    for circle in ONE_MACHINE {
        let doc = fs::read_to_string(root().join(format!("src/{}.rs", circle[0]))).unwrap();
        let doc: String = doc.lines().take_while(|line| line.starts_with("//!")).collect();
        for file in &circle[1..] {
            let name = file.rsplit('/').next().unwrap();
            assert!(doc.contains(&format!("`{name}`")), "the doc of {} does not name `{name}`", circle[0]);
        }
    }
}

/// What still names a row below its own, by file and path: an intent can open an overlay, whose answers are intents.
const APP_EXCEPTIONS: &[(&str, &str)] = &[("intent.rs", "app::overlays::Overlay")];

#[test]
fn the_parts_of_the_app_name_what_stands_above_them() {
    let (root, mut files, mut bad, mut needed) = (root().join("src/app"), Vec::new(), Vec::new(), BTreeSet::new());
    sources(&root, &mut files);
    let row = |part: &str| APP.iter().position(|row| row.contains(&part));
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        let own = name.split('/').next().unwrap().trim_end_matches(".rs");
        let Some(own_row) = row(own) else {
            bad.push(format!("{name}: `{own}` has no place in APP"));
            continue;
        };
        for path in named(&code(&fs::read_to_string(&file).unwrap())) {
            let Some(part) = path.strip_prefix("app::").and_then(|rest| rest.split("::").next()) else {
                continue;
            };
            // What is re-exported by `app.rs`, and `App` itself, is for those who put the parts together.
            let allowed = row(part).map_or(own_row + 1 == APP.len(), |row| row <= own_row);
            match APP_EXCEPTIONS.iter().position(|(file, part)| *file == name && path.starts_with(part)) {
                Some(at) => drop(needed.insert(at)),
                None if allowed => {}
                None => bad.push(format!("{name}: `{own}` may not name `{path}`")),
            }
        }
    }
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
    assert_eq!(needed.len(), APP_EXCEPTIONS.len(), "an exception is not needed any more; take it off the list");
}

#[test]
fn a_floor_named_inside_braces_is_seen() {
    assert_eq!(
        named("use crate::{model::{CallError, key::{Key as K, self}}, app::draw};\nuse crate::cli::*;"),
        ["model::CallError", "model::key::Key", "model::key::self", "app::draw", "cli"]
    );
    assert_eq!(named("crate::terminal::run()"), ["terminal::run"]);
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
        // A picture is looked through as well.
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        if file.ends_with("assets/vendors.toml") {
            // The one table of addresses: those of the vendors, and where each was read.
            let addresses = text.lines().filter(|line| !hosts(line).is_empty());
            assert!(
                addresses.clone().count() > 40
                    && addresses.into_iter().all(|line| line.starts_with("# ") || line.starts_with("base_url = "))
            );
            continue;
        }
        // The names of formats, not addresses.
        let text = text.replace("http://www.w3.org/2000/svg", "");
        let text = text.replace("https://json-schema.org/draft/2020-12/schema", "");
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
