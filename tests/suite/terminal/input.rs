//! What comes from the terminal: pastes, replies, pieces of sequences, other layouts; and what is drawn of it.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use super::{CTRL_C, ESC, F5, TO_INPUT, bench, leave_field, quit, session};
use crate::support::{
    clusters::Widths,
    home::{Home, PROGRAM},
    pty::Pty,
};

/// A workbench in a terminal that speaks the kitty keyboard protocol.
fn kitty(home: &Home) -> Pty {
    let mut pty = Pty::start(home, &[PROGRAM], &[("TERM", "xterm-kitty")], 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty
}

#[test]
fn a_paste_without_its_end_is_kept_and_the_keyboard_goes_on() {
    let home = Home::new();
    let mut pty = bench(&home);
    pty.send("\x1b[Z\x1b[200~half a paste");
    pty.wait_for("half a paste");
    pty.send(" goes on");
    pty.wait_for("half a paste goes on");
    pty.send(CTRL_C);
    pty.send(CTRL_C);
    assert!(pty.wait_for_exit().success());
    assert!(session(&home).contains("half a paste goes on"));
}

#[test]
fn late_replies_of_the_terminal_are_neither_text_nor_commands() {
    let home = Home::new();
    let mut pty = bench(&home);
    // Letters in them that would run, open a model list, quit.
    for reply in ["\x1b]11;rgb:1e1e/2f2f/q\x1b\\", "\x1bP>|qrm(390)\x1b\\", "\x1b[?62;4c", "\x1b]10;rgb:q/q/q\x07"] {
        pty.send(reply);
    }
    pty.send(TO_INPUT);
    let (begun, rest) = "\x1b]11;rgb:abcd/ef01/qqqq\x1b\\".split_at(9);
    pty.send(begun);
    pty.settle(Duration::from_millis(300));
    pty.send(rest);
    pty.send("typed");
    pty.wait_for("typed");
    leave_field(&mut pty);
    let typed = pty.text();
    assert!(!typed.contains("rgb") && !typed.contains("abcd") && !typed.contains("390"), "{typed}");
    assert!(quit(&mut pty).success());
}

#[test]
fn a_sequence_in_two_pieces_is_one_key() {
    let home = Home::new();
    let mut pty = bench(&home);
    for (count, first, second) in [(1, "\x1b[1", "5~"), (2, "\x1b", "[15~")] {
        pty.send(first);
        pty.settle(Duration::from_millis(300));
        pty.send(second);
        pty.wait_for(&format!("Session  {count} run"));
        pty.wait_until("the answer", |pty| pty.passed() > 0 && !pty.text().contains("running"));
    }
    assert!(quit(&mut pty).success());
}

#[test]
fn alt_gr_types_and_a_control_key_of_another_layout_commands() {
    let home = Home::new();
    let mut pty = kitty(&home);
    pty.send(TO_INPUT);
    for c in "@€{}".chars() {
        pty.send(&format!("\x1b[{};7u", u32::from(c)));
    }
    pty.wait_for("@€{}");
    // ctrl and the key of r, where it types к
    pty.send("\x1b[1082::114;5u");
    pty.wait_until("an answer that passed", |pty| pty.passed() > 0);
    pty.send("\x1b[27u");
    pty.wait_for("NORMAL");
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn the_terminals_cursor_stands_at_the_caret_while_a_text_is_typed() {
    let home = Home::new();
    let mut pty = bench(&home);
    assert!(pty.screen().hide_cursor());
    pty.send("\x1b[Z日本a");
    pty.wait_for("日本a");
    pty.settle(Duration::from_millis(100));
    assert!(!pty.screen().hide_cursor());
    let (row, column) = pty.screen().cursor_position();
    let before: String = pty.screen().rows(0, column).nth(usize::from(row)).unwrap();
    assert!(before.ends_with("日本a"), "{before:?}");
    leave_field(&mut pty);
    pty.settle(Duration::from_millis(100));
    assert!(pty.screen().hide_cursor());
    // A line of an overlay has one, too.
    pty.send("m");
    pty.wait_until("the caret of the query", |pty| !pty.screen().hide_cursor());
    pty.send(ESC);
    pty.wait_until("the overlay is closed", |pty| pty.screen().hide_cursor());
    assert!(quit(&mut pty).success());
}

#[test]
fn clusters_whose_width_terminals_disagree_on_leave_no_debris() {
    let home = Home::new();
    let mut pty = bench(&home);
    let lines: Vec<String> = (0..60)
        .map(|n| match n % 4 {
            0 => format!("plain words {n} abcdefghijklmnop"),
            1 => format!("⚠️ note {n}: keep ✔️ this ❤️ ok"),
            2 => format!("- ☀️ item {n} 1️⃣ 🇩🇪 end"),
            _ => format!("👨‍👩‍👧 family {n} 👍🏽 🪿 end"),
        })
        .collect();
    pty.send(TO_INPUT);
    pty.send(&format!("\x1b[200~{}\x1b[201~", lines.join("\r")));
    pty.wait_for("family 59");
    pty.wait_for("My parcel");
    let plain = |line: &str| {
        line.chars().filter(char::is_ascii).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let known: Vec<String> = lines.iter().map(|line| plain(line)).collect();
    // Behind the last line stands the sample input, which is no line of these.
    pty.send("\x1b[5~");
    pty.wait_until("the end is out of sight", |pty| !pty.text().contains("My parcel"));
    for key in ["\x1b[A", "\x1b[A", "\x1b[5~", "\x1b[A", "\x1b[B", "\x1b[6~"] {
        pty.send(key);
        pty.settle(Duration::from_millis(150));
        for widths in [Widths::Whole, Widths::First, Widths::Sum] {
            let screen = pty.clusters(widths);
            let from = screen.iter().position(|line| line.contains("━ Input")).unwrap();
            let pane = screen[from + 1..].iter().map_while(|line| line.strip_prefix("  "));
            let shown: Vec<String> = pane.filter_map(|line| Some(plain(line.split('│').next()?))).collect();
            assert!(shown.len() > 5, "{widths:?}: {screen:#?}");
            for line in shown.iter().filter(|line| !line.is_empty()) {
                assert!(known.contains(line), "{widths:?}: {line:?} is no line of the text: {shown:#?}");
            }
        }
    }
    leave_field(&mut pty);
    assert!(quit(&mut pty).success());
}

/// Copies the answer with a `PATH` on which these programs are, and returns what the screen says.
fn copied(home: &Home, programs: &[(&str, &str)], environment: &[(&str, &str)]) -> (String, Vec<u8>) {
    for (name, script) in programs {
        let file = home.file(&format!("bin/{name}"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(file, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", home.dir("bin").display());
    let mut all = vec![("PATH", path.as_str())];
    all.extend(environment);
    let mut pty = Pty::start(home, &[PROGRAM], &all, 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send(F5);
    pty.wait_until("an answer that passed", |pty| pty.passed() > 0);
    pty.send("y");
    pty.wait_for("enter Copy");
    pty.send("\r");
    pty.wait_for(": answer, ");
    let words = pty.text().lines().find(|line| line.contains(": answer, ")).unwrap().trim().to_owned();
    assert!(quit(&mut pty).success());
    (words, pty.raw().to_vec())
}

#[test]
fn a_copy_says_which_way_it_went() {
    let has = |raw: &[u8]| raw.windows(5).any(|bytes| bytes == b"\x1b]52;");
    let fails = ["tmux", "wl-copy", "xclip", "pbcopy"].map(|name| (name, "exit 1"));
    let takes = |home: &Home| format!("cat > {}", home.dir("work").join("taken").display());
    let taken = |home: &Home| fs::read_to_string(home.dir("work").join("taken")).unwrap();

    let home = Home::new();
    let take = takes(&home);
    let (words, raw) = copied(&home, &[("tmux", &take), ("xclip", "exit 1")], &[("TMUX", "/tmp/tmux-1/default,1,0")]);
    assert!(words.contains("tmux load-buffer") && !has(&raw), "{words}");
    assert!(taken(&home).contains("confidence_score"));

    let home = Home::new();
    let take = takes(&home);
    let (words, raw) = copied(&home, &[("wl-copy", "exit 1"), ("xclip", &take), ("pbcopy", "exit 1")], &[]);
    assert!(words.contains("copied with xclip") && !has(&raw), "{words}");
    assert!(taken(&home).contains("confidence_score"));

    let (words, raw) = copied(&Home::new(), &fails, &[]);
    assert!(words.contains("may not take it") && has(&raw), "{words}");

    let home = Home::new();
    let (words, raw) = copied(&home, &[("xclip", &takes(&home))], &[("TERM", "xterm-kitty")]);
    assert!(words.contains("through the terminal (OSC 52)") && has(&raw), "{words}");
    assert!(!home.dir("work").join("taken").exists());
}

/// Starts the workbench with a theme that follows the background, in a terminal of so many colours.
fn following(home: &Home, environment: &[(&str, &str)]) -> Pty {
    home.file("config/config.toml", "theme = \"auto\"\n");
    let mut pty = Pty::start(home, &[PROGRAM], environment, 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty
}

fn asked(pty: &Pty) -> bool {
    pty.raw().windows(6).any(|bytes| bytes == b"\x1b]11;?")
}

#[test]
fn the_theme_follows_the_background_that_the_terminal_says_and_what_is_typed_meanwhile_is_typed() {
    let colours = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
    for (said, ground) in [
        ("rgb:ffff/ffff/ffff", vt100::Color::Rgb(0xfa, 0xfa, 0xf7)),
        ("rgb:10/10/10", vt100::Color::Rgb(0x16, 0x18, 0x1d)),
    ] {
        let home = Home::new();
        let mut pty = following(&home, &colours);
        pty.wait_until("the question", asked);
        pty.send(&format!("{TO_INPUT}ab\x1b]11;{said}\x1b\\cd"));
        pty.wait_for("abcd");
        pty.wait_until("the theme", |pty| pty.screen().cell(39, 60).map(vt100::Cell::bgcolor) == Some(ground));
        assert!(!pty.text().contains("rgb"), "{}", pty.text());
        // Asked once: what comes unasked changes nothing.
        pty.send("\x1b]11;rgb:8080/0000/0000\x07ef");
        pty.wait_for("abcdef");
        assert_eq!(pty.screen().cell(39, 60).map(vt100::Cell::bgcolor), Some(ground));
        leave_field(&mut pty);
        assert!(quit(&mut pty).success());
        pty.assert_sane();
    }
}

#[test]
fn a_terminal_that_says_no_background_keeps_its_own_colours_and_nobody_waits() {
    let home = Home::new();
    let mut pty = following(&home, &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
    pty.send(F5);
    pty.wait_for("1/1 passed");
    assert_eq!(pty.screen().cell(39, 60).map(vt100::Cell::bgcolor), Some(vt100::Color::Default));
    // Hostile, late, or of another form: none of it is a colour.
    pty.send("\x1b]11;rgb:zz/zz/zz\x07\x1b]11;rgb:ffff/ffff\x07");
    pty.settle(Duration::from_millis(200));
    assert_eq!(pty.screen().cell(39, 60).map(vt100::Cell::bgcolor), Some(vt100::Color::Default));
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn a_terminal_is_asked_for_its_background_only_where_the_theme_follows_it_and_it_shows_colours() {
    let home = Home::new();
    let mut usual = bench(&home);
    assert!(!asked(&usual));
    assert!(quit(&mut usual).success());
    for environment in [[("TERM", "linux"), ("NO_COLOR", "")], [("TERM", "xterm-256color"), ("NO_COLOR", "1")]] {
        let home = Home::new();
        let mut pty = following(&home, &environment);
        pty.send(F5);
        pty.wait_for("1/1 passed");
        assert!(!asked(&pty), "{environment:?}");
        assert!(quit(&mut pty).success());
    }
}
