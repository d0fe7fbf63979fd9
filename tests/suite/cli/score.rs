//! `retort score`: today's checks on stored answers, tried dry and then for good.

use super::PLAIN;
use crate::support::home::Home;

#[test]
fn answers_are_judged_by_the_checks_of_today() {
    let home = Home::new();
    home.file("work/prompts/brief.toml", PLAIN);
    home.file("work/retort.toml", "");
    let none = home.run(&["score", "brief"]);
    assert!(none.code == Some(1) && none.err.contains("no answer to `brief` is stored yet"), "{none:?}");
    for text in ["one", "two", "three"] {
        assert_eq!(home.run_on(&["run", "brief", "-m", "demo", "--no-cache"], text).code, Some(0));
    }
    home.file("work/prompts/brief.toml", &format!("{PLAIN}\n[[check]]\ntype = \"contains\"\nvalue = \"zebra\"\n"));
    let dry = home.run(&["score", "brief", "--dry-run"]);
    assert_eq!(dry.code, Some(100), "{dry:?}");
    assert!(dry.err.contains("3 judged again: 0 pass") && dry.err.contains("nothing was written"), "{}", dry.err);
    assert_eq!(home.run(&["history", "verdict:failed", "--json"]).lines().len(), 0);
    let answer = home.run(&["score", "brief", "--json", "two"]);
    let lines = answer.lines();
    assert_eq!(lines.len(), 2, "{answer:?}");
    assert_eq!((&lines[0]["status"], &lines[1]["summary"]["counts"]["failed"]), (&"failed".into(), &1.into()));
    assert_eq!(home.run(&["score", "brief"]).code, Some(100));
    assert_eq!(home.run(&["history", "verdict:failed", "--json"]).lines().len(), 3);
}
