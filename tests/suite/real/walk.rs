//! The screens of the walk-through, over the runs that `tests/real/walkthrough.sh` made.
//!
//! `RETORT_WALK` names its directory. With `RETORT_REWRITE=1` the screens are kept in `assets/walkthrough`.

use std::{fs, path::Path, time::Duration};

use super::variable;
use crate::support::{
    home::{Home, PROGRAM},
    picture::{of_terminal, svg},
    pty::Pty,
};

/// Keeps a picture of the screen, in which the test's own directory has the name of somebody's.
fn keep(pty: &mut Pty, home: &Home, name: &str, title: &str) {
    pty.settle(Duration::from_millis(300));
    if std::env::var_os("RETORT_REWRITE").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/walkthrough").join(name);
        let root = home.dir("config").parent().unwrap().to_string_lossy().into_owned();
        let picture = svg(&of_terminal(pty.screen()), title).replace(&root, "/home/developer");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, picture).unwrap();
    }
}

#[test]
#[ignore = "needs the runs of tests/real/walkthrough.sh"]
fn the_screens_show_what_the_walk_through_found() {
    let walk = variable("RETORT_WALK");
    let walk = Path::new(&walk);
    let read = |name: &str| fs::read_to_string(walk.join(name)).unwrap();
    let versions: Vec<String> = read("versions").lines().map(str::to_owned).collect();
    let [_, second, third] = versions.as_slice() else { panic!("three versions: {versions:?}") };
    let home = Home::new();
    home.file("config/config.toml", &read("config/config.toml"));
    home.file("config/prompts/reviews.toml", &read("config/prompts/reviews.toml"));
    for name in ["retort.db", "retort.db-wal"] {
        let from = walk.join("data").join(name);
        if from.exists() {
            fs::copy(from, home.dir("data").join(name)).unwrap();
        }
    }

    let mut pty = Pty::start(&home, &[PROGRAM], &[], 120, 40);
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send("\x1b4");
    pty.wait_for("All of these runs");
    pty.send("/prompt:reviews\r");
    pty.wait_for("180 runs");
    pty.wait_for(&format!("{second} → {third}"));
    keep(&mut pty, &home, "quality.svg", "retort — three versions of a prompt over sixty rows");

    // The lines by version: the second is the baseline of the third.
    pty.send("\t\tllll");
    pty.wait_for("[version]");
    for (version, key) in [(second, "b"), (third, "")] {
        pty.send("g");
        for _ in 0..3 {
            pty.settle(Duration::from_millis(100));
            if pty.text().lines().any(|line| line.starts_with('▌') && line.contains(&format!("reviews {version}"))) {
                break;
            }
            pty.send("j");
        }
        pty.send(key);
    }
    pty.wait_for("against ◆");
    pty.wait_for("better: ");
    keep(&mut pty, &home, "verdict.svg", "retort — the third version against the second, over the same rows");

    pty.send(&format!("/ version:{third}\r"));
    pty.wait_for("60 runs");
    pty.send("w");
    pty.wait_for("What if confidence of reviews");
    pty.wait_for("grades 10");
    pty.send("..");
    pty.wait_for("broken ✓→✗");
    keep(&mut pty, &home, "what-if.svg", "retort — another minimum confidence, from stored answers");
    pty.send("\x1b");
    pty.wait_for("Since the last version");
    pty.send("qq");
    pty.wait_for("F5 run");
    pty.send("qq");
    assert!(pty.wait_for_exit().success());
}
