//! Pictures in the terminal: what is sent to show one, what takes it away, and that nothing else is done meanwhile.

use std::fs;

use super::{ESC, leave_field, quit};
use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

/// A photo of the sample project.
const PHOTO: &[u8] = include_bytes!("../../../assets/support/torn.png");

/// Starts the workbench in a terminal of a kind, with a photo that goes with the input; its list is open.
fn attached(home: &Home, environment: &[(&str, &str)], told: impl FnOnce(&mut Pty)) -> Pty {
    fs::write(home.dir("work").join("photo.png"), PHOTO).unwrap();
    let mut pty = Pty::start(home, &[PROGRAM], environment, 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    told(&mut pty);
    pty.send("\x1b[Z");
    leave_field(&mut pty);
    pty.send("f");
    pty.wait_for("Attachments");
    pty.send("photo.png\r");
    pty.wait_for("look at it");
    pty
}

fn is_sent(pty: &Pty, from: usize, sequence: &str) -> bool {
    pty.raw().get(from..).is_some_and(|raw| String::from_utf8_lossy(raw).contains(sequence))
}

/// Looks at the photo, and goes back by a key that means something in the list.
fn look_and_go_back(pty: &mut Pty, begins: &str, ends: &str, takes_away: &str) {
    let from = pty.raw().len();
    pty.send("p");
    pty.wait_until("the picture", |pty| is_sent(pty, from, begins) && is_sent(pty, from, ends));
    pty.wait_for("any key: back");
    assert!(!pty.text().contains("Attachments"), "the picture has the screen: {}", pty.text());
    let shown = pty.raw().len();
    // In the list it would turn the picture into a file.
    pty.send(" ");
    pty.wait_for("Attachments");
    assert!(is_sent(pty, shown, takes_away), "{:?}", String::from_utf8_lossy(&pty.raw()[shown..]));
    // The key did nothing else.
    pty.wait_for("▣ photo.png");
}

#[test]
fn kitty_is_sent_the_file_and_told_to_take_it_away() {
    let home = Home::new();
    let mut pty = attached(&home, &[("TERM", "xterm-kitty")], |_| ());
    look_and_go_back(&mut pty, "\x1b_Ga=T,f=100,q=2,C=1,c=", "\x1b\\", "\x1b_Ga=d,d=A,q=2\x1b\\");
    assert!(!is_sent(&pty, 0, "\x1b[c"), "what is known is not asked");
    pty.send(ESC);
    pty.wait_until("the bench", |pty| !pty.text().contains("Attachments"));
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn a_terminal_that_answers_that_it_takes_sixels_is_sent_them() {
    let home = Home::new();
    let mut pty = attached(&home, &[], |pty| {
        pty.wait_until("the question", |pty| is_sent(pty, 0, "\x1b[c"));
        pty.send("\x1b[?62;4;22c");
    });
    look_and_go_back(&mut pty, "\x1bP0;1q\"1;1;", "-\x1b\\", "\x1b[2J");
    pty.send(ESC);
    pty.wait_until("the bench", |pty| !pty.text().contains("Attachments"));
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn a_picture_that_is_gone_is_said_and_the_bench_stays() {
    let home = Home::new();
    let mut pty = attached(&home, &[("TERM", "xterm-kitty")], |_| ());
    fs::remove_file(home.dir("work").join("photo.png")).unwrap();
    pty.send("p");
    pty.wait_for("is not on record, and its file is gone");
    assert!(pty.text().contains("Attachments"));
    pty.send(ESC);
    pty.wait_until("the bench", |pty| !pty.text().contains("Attachments"));
    assert!(quit(&mut pty).success());
}

/// Another photo of the sample project.
const OTHER: &[u8] = include_bytes!("../../../assets/support/whole.png");

#[test]
fn a_picture_that_has_changed_is_sent_again_and_the_form_of_a_batch_counts_it() {
    let home = Home::new();
    let parts = "parts = [{ image = \"{{ photo }}\" }]";
    let prompt = format!("user = \"\"\n[[message]]\nrole = \"user\"\ncontent = \"What is it?\"\n{parts}\n");
    home.file("config/prompts/look.toml", &prompt);
    home.file("work/rows.csv", "photo\na.png\nb.png\n");
    let put = |name: &str, bytes: &[u8]| fs::write(home.dir("work").join(name), bytes).unwrap();
    put("a.png", PHOTO);
    put("b.png", PHOTO);
    let ran = home.run(&["batch", "look", "rows.csv", "-m", "demo"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    put("b.png", OTHER);

    let mut pty = Pty::start(&home, &[PROGRAM], &[], 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send("\x0f");
    pty.wait_for("Prompts");
    pty.send("look");
    pty.wait_for("› look");
    pty.wait_for("▌   look");
    pty.send("\r");
    pty.wait_for("What is it?");
    pty.send(ESC);
    pty.send("2");
    pty.wait_for("rows.csv");
    pty.send("n");
    pty.wait_for("= 2 calls");
    // To the line that says what becomes of answers on record: failed ones are asked again.
    pty.send(&"\x1b[B".repeat(8));
    pty.send("\x1b[C");
    pty.wait_for("2 calls, 1 stored already: 1 to send");
    pty.send(ESC);
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}
