//! Tables that are written from the program's own. `RETORT_PICTURES=write cargo nextest run -j1 docs` writes them anew.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use clap::CommandFactory as _;
use retort::{
    app::Keymap,
    cli::{Exit, args::Cli},
    eval::check,
    model::{Wire, query::FILTERS, wire::AddressVariable},
};

use super::{pages, read, root};

/// Holds what stands between the two marks of a name on a page against what the program says.
fn holds(page: &str, name: &str, table: &str) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let kept = read(Path::new(page));
    let (before, rest) = kept.split_once(&begin).unwrap_or_else(|| panic!("{page} has lost its {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has lost its {end}"));
    let written = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("RETORT_PICTURES").is_some_and(|word| word == "write") {
        fs::write(root().join(page), &written).unwrap();
        return;
    }
    assert!(kept == written, "{page}: its {name} are stale: RETORT_PICTURES=write cargo nextest run -j1 docs");
}

#[test]
fn every_action_is_listed_with_its_keys() {
    holds("docs/keys.md", "keys", &Keymap::default().table());
}

#[test]
fn every_exit_code_is_listed_with_its_meaning() {
    holds("docs/command-line.md", "exits", &Exit::table());
}

#[test]
fn every_filter_of_a_query_is_listed_with_what_it_takes() {
    let mut table = "| filter | takes |\n|---|---|\n".to_owned();
    for (key, takes) in FILTERS {
        writeln!(table, "| `{key}:` | {takes} |").unwrap();
    }
    holds("docs/history.md", "filters", &table);
    let mut cli = Cli::command();
    let help = cli.find_subcommand_mut("history").unwrap().render_long_help().to_string();
    for (key, takes) in FILTERS {
        assert!(help.contains(&format!("{key}:")), "retort history --help lacks {key}:");
        let words = takes.split([',', ' ', ';']).filter(|_| ["end", "verdict"].contains(key));
        for word in words.filter(|word| !["", "or"].contains(word)) {
            assert!(help.contains(word), "retort history --help lacks {key}:{word}");
        }
    }
}

#[test]
fn every_check_is_listed_with_what_it_asks_of_an_answer() {
    holds("docs/checks.md", "checks", &check::table());
}

#[test]
fn every_command_and_every_option_is_explained() {
    let page = read(Path::new("docs/command-line.md"));
    let all: String = pages().iter().map(|page| read(page)).collect();
    let mut missing = BTreeSet::new();
    for command in Cli::command().get_subcommands() {
        let name = command.get_name();
        assert!(page.contains(&format!("`retort {name}")), "docs/command-line.md lacks `retort {name}`");
        for command in command.get_subcommands().chain([command]) {
            for option in command.get_arguments() {
                let Some(long) = option.get_long() else { continue };
                let short = option.get_short().map(|short| format!("`-{short}"));
                if !all.contains(&format!("--{long}")) && !short.is_some_and(|short| all.contains(&short)) {
                    missing.insert(long.to_owned());
                }
            }
        }
    }
    assert!(missing.is_empty(), "no page explains {missing:?}");
}

#[test]
fn every_wire_is_explained_with_its_variables() {
    let (kinds, variables) = (read(Path::new("docs/concepts.md")), read(Path::new("docs/environment.md")));
    for wire in Wire::ALL {
        let info = wire.info();
        assert!(kinds.contains(&format!("`{}`", info.name)), "docs/concepts.md lacks `{}`", info.name);
        let address = info.address_variable.map(|variable| match variable {
            AddressVariable::Url(name) | AddressVariable::Server(name) => name,
        });
        for name in info.key_variable.into_iter().chain(address) {
            assert!(variables.contains(&format!("`{name}`")), "docs/environment.md lacks `{name}`");
        }
    }
}

#[test]
fn every_variable_of_the_program_is_explained() {
    fn walk(dir: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, names);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for at in text.match_indices("RETORT_").map(|(at, _)| at) {
                let name = text[at..].split(|c: char| !c.is_ascii_uppercase() && c != '_').next().unwrap();
                names.insert(name.to_owned());
            }
        }
    }
    let page = read(Path::new("docs/environment.md"));
    let mut names = BTreeSet::new();
    walk(&root().join("src"), &mut names);
    walk(&root().join("benches"), &mut names);
    assert!(names.len() > 5, "{names:?}");
    names.retain(|name| !page.contains(&format!("`{name}")));
    assert!(names.is_empty(), "docs/environment.md lacks {names:?}");
}
