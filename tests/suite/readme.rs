//! The README's tables that are written from the program: keys from the one table of actions, exit codes from theirs.
//!
//! `RETORT_PICTURES=write cargo nextest run readme` writes them anew.

use std::{fs, path::Path};

use retort::{app::Keymap, cli::Exit};

/// Holds what stands between the two marks of a name against what the program says.
fn holds(name: &str, table: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let kept = fs::read_to_string(&file).unwrap();
    let (before, rest) = kept.split_once(&begin).unwrap_or_else(|| panic!("README.md has lost its {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("README.md has lost its {end}"));
    let written = format!("{before}{begin}{table}{end}{after}");
    if std::env::var_os("RETORT_PICTURES").is_some_and(|word| word == "write") {
        fs::write(&file, &written).unwrap();
        return;
    }
    assert!(kept == written, "README.md's {name} are stale: RETORT_PICTURES=write cargo nextest run -j1 readme");
}

#[test]
fn the_readme_lists_every_action_with_its_keys() {
    holds("keys", &Keymap::default().table());
}

#[test]
fn the_readme_lists_every_exit_code_with_its_meaning() {
    holds("exits", &Exit::table());
}
