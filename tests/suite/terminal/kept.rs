//! What was typed is kept: where a session or a prompt cannot be saved, where a file blocks, where the terminal
//! is gone.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    time::{Duration, Instant},
};

use super::{ESC, bench, leave_field, quit, session, type_into_input};
use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

/// Files of a home that hold a text.
fn holding(home: &Home, text: &str) -> Vec<std::path::PathBuf> {
    home.files()
        .into_iter()
        .filter(|file| fs::read(file).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text)))
        .collect()
}

fn crashes(home: &Home) -> usize {
    home.files().iter().filter(|file| file.to_string_lossy().contains("crash-")).count()
}

#[test]
fn a_session_that_cannot_be_saved_asks_at_quit_and_names_a_copy() {
    let home = Home::new();
    home.file("config/sessions", "a file where the folder should be");
    let mut pty = bench(&home);
    type_into_input(&mut pty, "precious words ");
    pty.wait_for("not saved");
    pty.send("qq");
    pty.wait_for("Quit?");
    assert_eq!(holding(&home, "precious words").len(), 1);
    pty.settle(Duration::from_millis(400));
    pty.send(ESC);
    pty.wait_until("the question is gone", |pty| !pty.text().contains("Quit?"));
    pty.send("qq");
    pty.wait_for("Quit?");
    pty.settle(Duration::from_millis(400));
    pty.send("\r");
    assert!(!pty.wait_for_exit().success());
    pty.assert_sane();
    assert!(pty.text().replace('\n', "").contains("rescued-default-"), "{}", pty.text());
}

#[test]
fn a_session_name_that_cannot_be_saved_is_refused_before_the_bench_opens() {
    for name in ["team/api", "..", "", &"x".repeat(65)] {
        let home = Home::new();
        let mut pty = Pty::start(&home, &[PROGRAM, "--session", name], &[], 120, 40);
        assert!(!pty.wait_for_exit().success());
        assert!(pty.text().contains("cannot be a session's name"), "{}", pty.text());
        assert!(!String::from_utf8_lossy(pty.raw()).contains("\x1b[?1049h"));
    }
}

const PROMPT: &str =
    "# why: note 4711\nuser = \"\"\"v1 {{ input }}\"\"\"  # do not touch\n\n[response]\nformat = \"text\"\n";

/// Opens the prompt of a file and types a letter into it.
fn edited(home: &Home) -> Pty {
    let file = home.file("config/prompts/aaa.toml", PROMPT);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let mut pty = bench(home);
    pty.send("\x0f");
    pty.wait_for("aaa");
    pty.send("\r");
    pty.wait_for("aaa is on the bench");
    pty.send("iZ");
    pty.wait_for("Zv1");
    leave_field(&mut pty);
    pty
}

#[test]
fn saving_a_prompt_keeps_its_files_comments_order_and_mode() {
    let home = Home::new();
    let mut pty = edited(&home);
    pty.send("\x13");
    pty.wait_for("saved as");
    let file = home.dir("config").join("prompts/aaa.toml");
    assert_eq!(fs::read_to_string(&file).unwrap(), PROMPT.replace("\"\"\"v1 {{ input }}\"\"\"", "\"Zv1 {{ input }}\""));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(quit(&mut pty).success());
}

#[test]
fn a_prompt_file_that_another_program_changed_is_not_overwritten_unseen() {
    let home = Home::new();
    let mut pty = edited(&home);
    let outside = PROMPT.replace("v1", "OUTSIDE");
    let file = home.file("config/prompts/aaa.toml", &outside);
    pty.send("\x13");
    pty.wait_for("was changed by");
    assert_eq!(fs::read_to_string(&file).unwrap(), outside);
    pty.settle(Duration::from_millis(400));
    pty.send("r");
    pty.wait_for("OUTSIDE");
    pty.send("iZ");
    pty.wait_for("ZOUTSIDE");
    leave_field(&mut pty);
    pty.send("\x13");
    pty.wait_for("saved as");
    assert!(fs::read_to_string(&file).unwrap().contains("ZOUTSIDE"));
    assert!(quit(&mut pty).success());
}

#[test]
fn a_pipe_is_refused_as_an_input_and_blocks_nothing() {
    let home = Home::new();
    let pipe = home.dir("work").join("a-pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut pty = bench(&home);
    pty.send("D");
    pty.wait_for("Load input");
    pty.send(&pipe.display().to_string());
    pty.send("\r");
    pty.wait_for("it is a pipe");
    // The input has the focus.
    pty.send("igoes on ");
    pty.wait_until("the autosave", |_| session(&home).contains("goes on"));
    assert!(quit(&mut pty).success());
}

#[test]
fn a_terminal_that_is_gone_ends_it_with_everything_saved_and_no_crash() {
    // By itself; where it was told to ignore that the line is hung up; and under a shell that dies first.
    for (script, is_shell) in [("exec {}", false), ("trap '' HUP; exec {}", false), ("{}; true", true)] {
        let home = Home::new();
        let mut pty = Pty::start(&home, &["sh", "-c", &script.replace("{}", PROGRAM)], &[], 120, 40);
        pty.wait_for("sentiment");
        pty.wait_until("raw keys", Pty::is_raw);
        pty.send("\x1b[Zprecious");
        pty.wait_for("precious");
        let mut lost = pty.hang_up();
        assert!(lost.ends_within(Duration::from_secs(3)), "{script}");
        if is_shell {
            let deadline = Instant::now() + Duration::from_secs(3);
            while !session(&home).contains("precious") && Instant::now() < deadline {
                std::thread::park_timeout(Duration::from_millis(10));
            }
        }
        assert!(session(&home).contains("precious"), "{script}");
        assert_eq!(crashes(&home), 0, "{script}");
    }
}
