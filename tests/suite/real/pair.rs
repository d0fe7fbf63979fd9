//! Two real models beside each other, as somebody at the bench compares them.
//!
//! `RETORT_REAL_PAIR="NAME=URL NAME=URL"` names them; the addresses are without `/v1`. With
//! `RETORT_REWRITE=1` the screen is kept as `assets/pair.svg`.

use std::{fs, path::Path, time::Duration};

use super::variable;
use crate::support::{
    home::{Home, PROGRAM},
    picture::{of_terminal, svg},
    pty::Pty,
};

/// The settings of two models at an address each.
fn settings(pair: &[(&str, &str)]) -> String {
    let models = pair.iter().enumerate().map(|(at, (name, url))| {
        format!(
            "[providers.server-{at}]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\n\
             [models.\"{name}\"]\nprovider = \"server-{at}\"\nmodel = \"{name}\"\n"
        )
    });
    format!("default_model = \"{}\"\n{}", pair[0].0, models.collect::<String>())
}

#[test]
#[ignore = "needs a real server: tests/real/run.sh starts one"]
fn two_real_models_answer_beside_each_other() {
    let pair = variable("RETORT_REAL_PAIR");
    let pair: Vec<(&str, &str)> = pair.split_whitespace().filter_map(|model| model.split_once('=')).collect();
    assert_eq!(pair.len(), 2, "RETORT_REAL_PAIR names two models");
    let home = Home::new();
    home.file("config/config.toml", &settings(&pair));
    let mut pty = Pty::start(&home, &[PROGRAM], &[], 120, 36);
    pty.wait_for(pair[0].0);
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send("c");
    pty.wait_for("Models for a new lane");
    pty.send(&format!("{}\r", pair[1].0));
    pty.wait_for(&format!("2 {}", pair[1].0));
    pty.send("\x1b[15~");
    pty.wait_until("two answers", |pty| pty.passed() == 2);
    pty.send("d");
    pty.wait_for("baseline");
    pty.settle(Duration::from_millis(300));
    let text = pty.text();
    assert!(text.matches("checks passed").count() + text.matches("✓ format").count() == 2, "{text}");
    assert!(text.contains("= same") || text.contains("fields") || text.contains("≈ same"), "{text}");
    if std::env::var_os("RETORT_REWRITE").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pair.svg");
        let title = format!("retort — {} and {} on llama.cpp servers", pair[0].0, pair[1].0);
        fs::write(file, svg(&of_terminal(pty.screen()), &title)).unwrap();
    }
    pty.send("qq");
    assert!(pty.wait_for_exit().success());
}
