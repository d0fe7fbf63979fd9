//! Versions of a prompt at the command line: listed, compared, named and restored.

use std::fs;

use super::PLAIN;
use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

#[test]
fn versions_of_a_prompt_are_listed_compared_named_and_restored() {
    let home = Home::new();
    let file = home.file("work/prompts/brief.toml", PLAIN);
    home.file("work/retort.toml", "");
    assert_eq!(home.run_on(&["run", "brief", "-m", "demo"], "hello").code, Some(0));
    fs::write(&file, PLAIN.replace("briefly", "in full")).unwrap();
    assert_eq!(home.run_on(&["run", "brief", "-m", "demo"], "hello").code, Some(0));
    assert_eq!(home.run(&["prompts", "name", "brief", "1", "the short one"]).code, Some(0));
    let list = home.run(&["prompts", "versions", "brief"]).out;
    let rows: Vec<&str> = list.lines().collect();
    assert!(rows[1].starts_with("2 ") && rows[2].starts_with("1 ") && rows[2].ends_with("the short one"), "{list}");

    fs::write(&file, PLAIN.replace("briefly", "at length")).unwrap();
    let diff = home.run(&["prompts", "diff", "brief", "the short one"]).out;
    assert!(diff.contains("-system = \"You answer briefly.\"\n+system = \"You answer at length.\""), "{diff}");
    assert_eq!(home.run(&["prompts", "diff", "brief", "1", "1"]).out, "");

    let ran = home.run(&["prompts", "restore", "brief", "the short one"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(fs::read_to_string(&file).unwrap().contains("You answer briefly."));
    let list = home.run(&["prompts", "versions", "brief"]).out;
    assert!(list.lines().nth(1).unwrap().starts_with("3 "), "what the file had is a version: {list}");
    let missing = home.run(&["prompts", "restore", "brief", "nothing"]);
    assert_eq!(
        missing.err.trim(),
        "retort: `brief` has no version `nothing`; `retort prompts versions brief` lists them"
    );
}

#[test]
fn a_comparison_takes_the_width_of_the_terminal_and_hues_only_where_they_are_wanted() {
    let home = Home::new();
    let file = home.file("work/prompts/brief.toml", PLAIN);
    home.file("work/retort.toml", "");
    assert_eq!(home.run_on(&["run", "brief", "-m", "demo"], "hello").code, Some(0));
    fs::write(&file, PLAIN.replace("briefly", "at length, in whole sentences, without a list or a heading")).unwrap();
    let shown = |environment: &[(&str, &str)]| {
        let mut pty = Pty::start(&home, &[PROGRAM, "prompts", "diff", "brief", "1"], environment, 40, 30);
        assert!(pty.wait_for_exit().success());
        String::from_utf8(pty.raw().to_vec()).unwrap()
    };
    let (hued, plain) = (shown(&[]), shown(&[("NO_COLOR", "1")]));
    assert!(hued.contains("\u{1b}[31m[-briefly-]\u{1b}[0m"), "{hued:?}");
    assert!(plain.contains("[-briefly-]") && !plain.contains('\u{1b}'), "{plain:?}");
    assert_eq!(plain.lines().map(|line| line.chars().count()).filter(|count| *count > 40).count(), 0, "{plain}");
    assert!(plain.lines().count() >= 3, "{plain}");
}
