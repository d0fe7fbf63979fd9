//! The README's table of keys, written from the one table of actions.
//!
//! `RETORT_PICTURES=write cargo nextest run readme` writes it anew.

use std::{fs, path::Path};

use retort::app::Keymap;

const BEGIN: &str = "<!-- keys -->\n";
const END: &str = "<!-- /keys -->";

#[test]
fn the_readme_lists_every_action_with_its_keys() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let kept = fs::read_to_string(&file).unwrap();
    let (before, rest) = kept.split_once(BEGIN).expect("README.md has lost its `<!-- keys -->`");
    let (_, after) = rest.split_once(END).expect("README.md has lost its `<!-- /keys -->`");
    let written = format!("{before}{BEGIN}{}{END}{after}", Keymap::default().table());
    if std::env::var_os("RETORT_PICTURES").is_some_and(|word| word == "write") {
        fs::write(&file, &written).unwrap();
        return;
    }
    assert!(kept == written, "README.md's keys are stale: RETORT_PICTURES=write cargo nextest run readme");
}
