//! The workbench in a terminal: it starts, works, lends the terminal, and leaves it as it was.

mod experiments;
mod input;
mod kept;
mod local;
mod pictures;

use std::{fs, time::Duration};

use portable_pty::ExitStatus;
use rustix::process::Signal;

use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

const F5: &str = "\x1b[15~";
const F4: &str = "\x1bOS";
const ESC: &str = "\x1b";
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

/// Starts the workbench and waits until it shows the bench.
fn bench(home: &Home) -> Pty {
    let mut pty = Pty::workbench(home);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty
}

fn quit(pty: &mut Pty) -> ExitStatus {
    if pty.text().contains("TYPING") {
        leave_field(pty);
    }
    pty.send("qq");
    pty.wait_for_exit()
}

/// Goes from the answers to the pane before them, the input, in which one types at once.
const TO_INPUT: &str = "\x1b[Z";

/// Goes from the answers to the input, types, and leaves the field.
fn type_into_input(pty: &mut Pty, text: &str) {
    pty.send(TO_INPUT);
    pty.send(text);
    pty.wait_for(text);
    leave_field(pty);
}

/// Leaves the field. What follows an escape at once would be one key with it.
fn leave_field(pty: &mut Pty) {
    pty.wait_for("TYPING");
    pty.send(ESC);
    pty.wait_for("NORMAL");
}

/// Runs the prompt and waits for the whole answer.
fn answer(pty: &mut Pty) {
    pty.send(F5);
    pty.wait_for("\"confidence_score\"");
    pty.wait_for("✓ 5/5");
}

/// The saved session's text; empty before there is one.
fn session(home: &Home) -> String {
    fs::read_to_string(home.dir("config").join("sessions/default.toml")).unwrap_or_default()
}

/// A script that is an editor.
fn editor(home: &Home, script: &str) -> String {
    format!("sh {}", home.file("work/editor.sh", script).display())
}

#[test]
fn f5_streams_an_answer_and_quitting_leaves_the_terminal_as_it_was() {
    let home = Home::new();
    let mut pty = bench(&home);
    assert!(pty.screen().alternate_screen() && pty.screen().bracketed_paste());
    answer(&mut pty);
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn an_idle_bench_draws_nothing() {
    let home = Home::new();
    let mut pty = bench(&home);
    pty.settle(Duration::from_millis(700));
    let drawn = pty.raw().len();
    pty.settle(Duration::from_secs(2));
    assert_eq!(pty.raw().len(), drawn, "{}", String::from_utf8_lossy(&pty.raw()[drawn..]));
}

#[test]
fn every_frame_is_one_synchronised_update() {
    let home = Home::new();
    let mut pty = bench(&home);
    answer(&mut pty);
    assert!(quit(&mut pty).success());
    let text = String::from_utf8_lossy(pty.raw()).into_owned();
    let mut open = false;
    for piece in text.split_inclusive(['h', 'l']) {
        if piece.ends_with("\x1b[?2026h") {
            assert!(!open, "a frame inside a frame");
            open = true;
        } else if piece.ends_with("\x1b[?2026l") {
            open = false;
        }
    }
    assert!(!open);
}

#[test]
fn a_paste_is_text_and_no_keys() {
    let home = Home::new();
    let mut pty = bench(&home);
    pty.send(TO_INPUT);
    pty.send("\x1b[200~q quits nothing here\x1b[201~");
    pty.wait_for("q quits nothing here");
    leave_field(&mut pty);
    assert!(quit(&mut pty).success());
}

#[test]
fn another_size_is_another_picture() {
    let home = Home::new();
    let mut pty = bench(&home);
    pty.resize(80, 24);
    pty.wait_until("80 columns", |pty| {
        pty.text().lines().all(|line| line.chars().count() <= 80) && pty.text().contains("retort")
    });
    pty.resize(40, 10);
    pty.wait_for("60");
    pty.resize(160, 50);
    pty.wait_for("sentiment");
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_brings_the_bench_back() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &["sh", "-i"], &[("PS1", "ready> "), ("ENV", "")], 120, 40);
    pty.wait_for("ready> ");
    pty.send(&format!("{PROGRAM}\n"));
    pty.wait_for("session ");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send(CTRL_Z);
    pty.wait_until("the shell", |pty| !pty.screen().alternate_screen() && !pty.is_raw());
    pty.send("echo still $((40 + 2))\n");
    pty.wait_for("still 42");
    pty.send("fg\n");
    pty.wait_until("the bench", |pty| pty.screen().alternate_screen() && pty.text().contains("session "));
    type_into_input(&mut pty, "back again");
    pty.send("qq");
    pty.wait_until("the shell", |pty| !pty.screen().alternate_screen() && !pty.is_raw());
    pty.send("exit\n");
    pty.wait_for_exit();
}

#[test]
fn the_editor_gets_the_terminal_and_its_file_counts() {
    let home = Home::new();
    let seen = home.dir("work").join("seen");
    // It takes what is typed while it runs, and fails after saving, as editors do.
    let script = format!(
        "stat -c %a \"$1\" > {seen}\nstty -a > {seen}.stty\nread word\nprintf 'edited with %s' \"$word\" > \"$1\"\nexit 1\n",
        seen = seen.display()
    );
    let visual = editor(&home, &script);
    let mut pty = Pty::start(&home, &[PROGRAM], &[("VISUAL", &visual), ("EDITOR", "false")], 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send(TO_INPUT);
    pty.send(F4);
    pty.wait_until("the editor, on the terminal's own screen", |pty| {
        let runs = fs::metadata(seen.with_extension("stty")).is_ok_and(|file| file.len() > 0);
        runs && !pty.screen().alternate_screen()
    });
    pty.send("care\n");
    pty.wait_for("edited with care");
    assert!(pty.screen().alternate_screen());
    leave_field(&mut pty);
    assert_eq!(fs::read_to_string(&seen).unwrap().trim(), "600");
    assert!(fs::read_to_string(seen.with_extension("stty")).unwrap().contains(" icanon"));
    let left: Vec<_> = home.files().into_iter().filter(|path| path.to_string_lossy().contains("retort-")).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(quit(&mut pty).success());
    pty.assert_sane();
}

#[test]
fn a_signal_while_the_editor_is_open_keeps_its_text_and_says_where() {
    let home = Home::new();
    let visual = editor(
        &home,
        "trap 'printf \" at the last moment\" >> \"$1\"; exit' HUP\nprintf ' and edited' >> \"$1\"\necho at-work\nwhile :; do sleep 0.01; done\n",
    );
    let mut pty = Pty::start(&home, &[PROGRAM], &[("VISUAL", &visual)], 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send(TO_INPUT);
    pty.send(F4);
    pty.wait_for("at-work");
    pty.signal(Signal::TERM);
    assert!(!pty.wait_for_exit().success());
    pty.assert_sane();
    let kept: Vec<_> =
        home.files().into_iter().filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(fs::read_to_string(&kept[0]).unwrap().ends_with(" and edited at the last moment"));
    let name = kept[0].file_name().unwrap().to_str().unwrap();
    assert!(pty.text().replace('\n', "").contains(name), "{}", pty.text());
}

#[test]
fn a_missing_editor_is_named_and_nothing_is_lost() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &[PROGRAM], &[("VISUAL", "no-such-editor")], 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send(TO_INPUT);
    pty.send(F4);
    pty.wait_for("no-such-editor");
    assert!(pty.screen().alternate_screen());
    assert!(quit(&mut pty).success());
}

#[test]
fn a_run_goes_on_while_the_editor_has_the_terminal() {
    let home = Home::new();
    let done = home.dir("work").join("opened");
    let visual = editor(&home, &format!("touch {}\nread word\n", done.display()));
    let mut pty = Pty::start(&home, &[PROGRAM], &[("VISUAL", &visual)], 120, 40);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send(F5);
    pty.send(TO_INPUT);
    pty.send(F4);
    pty.wait_until("the editor", |_| done.exists());
    // The answer is complete when it is in the cache.
    let stored = |_: &Pty| home.run(&["cache", "stats"]).out.starts_with("1 of");
    pty.wait_until("the answer", stored);
    pty.send("\n");
    pty.wait_for("✓ 5/5");
    leave_field(&mut pty);
    assert!(quit(&mut pty).success());
}

#[test]
fn signals_end_it_with_the_session_saved_and_the_terminal_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let home = Home::new();
        let mut pty = bench(&home);
        type_into_input(&mut pty, "before the signal");
        pty.signal(signal);
        pty.wait_for_exit();
        pty.assert_sane();
        assert!(session(&home).contains("before the signal"), "{signal:?}");
    }
}

/// A bench whose answer has come and is being judged, which is seen by what it takes of the processor.
#[cfg(target_os = "linux")]
fn judging(home: &Home) -> Pty {
    let (answer, sent) = ("y".repeat(7000), home.dir("work").join("sent"));
    let script = home.file("work/answer.sh", &format!("cat > /dev/null; echo {answer}; exec > {}\n", sent.display()));
    home.file(
        "config/config.toml",
        &format!(
            "default_model = \"own/m\"\n[providers.own]\nkind = \"command\"\ncommand = [\"sh\", \"{}\"]\n",
            script.display()
        ),
    );
    // As much work as is done for one answer.
    let far = format!("[[check]]\ntype = \"levenshtein\"\nthreshold = 6500\nvalue = \"{}\"\n", "x".repeat(7000));
    let text = format!("user = \"go\"\n[response]\nformat = \"text\"\n{}", far.repeat(4));
    home.file("config/prompts/aaa.toml", &text);
    let mut pty = bench(home);
    pty.send("\x0f");
    pty.wait_for("aaa");
    pty.send("\r");
    pty.wait_for("aaa is on the bench");
    pty.send(F5);
    pty.wait_until("the whole answer", |_| sent.exists());
    let before = ticks(&pty);
    pty.wait_until("judging", |pty| ticks(pty) >= before + 10);
    pty
}

/// The processor time of the program, in hundredths of a second.
#[cfg(target_os = "linux")]
fn ticks(pty: &Pty) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pty.pid().as_raw_nonzero())).unwrap();
    let after = stat.rsplit(')').next().unwrap();
    after.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn it_can_be_left_while_an_answer_is_judged() {
    type Leave = fn(&mut Pty);
    let leave: [(&str, Leave); 4] = [
        ("ctrl-c twice", |pty| {
            pty.send(CTRL_C);
            pty.send(CTRL_C);
        }),
        ("q", |pty| {
            pty.send("qq");
            pty.wait_for("A run is under way. Quit?");
            pty.send("\r");
        }),
        ("SIGTERM", |pty| pty.signal(Signal::TERM)),
        ("SIGHUP", |pty| pty.signal(Signal::HUP)),
    ];
    for (how, leave) in leave {
        let home = Home::new();
        let mut pty = judging(&home);
        leave(&mut pty);
        pty.wait_for_exit();
        pty.assert_sane();
        let runs = home.run(&["history", "--json"]).lines();
        assert_eq!(runs[0]["end"], "cancelled", "{how} did not wait for the verdicts: {runs:?}");
    }
}

#[test]
fn a_restart_brings_unsaved_edits_back() {
    let home = Home::new();
    let mut pty = bench(&home);
    type_into_input(&mut pty, "unsaved words ");
    assert!(quit(&mut pty).success());
    let mut again = bench(&home);
    again.wait_for("unsaved words");
    assert!(quit(&mut again).success());
}

#[test]
fn a_session_is_opened_by_its_name() {
    let home = Home::new();
    let start = |home: &Home| {
        let mut pty = Pty::start(home, &[PROGRAM, "--session", "triage"], &[], 120, 40);
        pty.wait_for("session triage");
        pty.wait_until("raw keys", Pty::is_raw);
        pty
    };
    let mut pty = start(&home);
    type_into_input(&mut pty, "of the triage");
    assert!(quit(&mut pty).success());
    let mut other = Pty::start(&home, &[PROGRAM, "--session", "other"], &[], 120, 40);
    other.wait_for("session other");
    assert!(!other.text().contains("of the triage"));
    drop(other);
    let mut again = start(&home);
    again.wait_for("of the triage");
    assert!(quit(&mut again).success());
}

#[test]
fn kill_9_loses_nothing_that_is_older_than_a_second_or_so() {
    let home = Home::new();
    let mut pty = bench(&home);
    type_into_input(&mut pty, "typed and then killed ");
    pty.wait_until("the autosave", |_| session(&home).contains("typed and then killed"));
    pty.signal(Signal::KILL);
    pty.wait_for_exit();
    let mut again = bench(&home);
    again.wait_for("typed and then killed");
    assert!(quit(&mut again).success());
}

#[test]
fn ctrl_c_stops_a_run_and_twice_quits() {
    let home = Home::new();
    home.file("config/config.toml", "default_model = \"demo:slow\"\n");
    let mut pty = bench(&home);
    pty.send(F5);
    pty.send(CTRL_C);
    pty.wait_for("stopped");
    pty.send(CTRL_C);
    pty.send(CTRL_C);
    assert!(pty.wait_for_exit().success());
    pty.assert_sane();
}

#[test]
fn wrong_settings_are_told_before_the_screen_is_taken() {
    let home = Home::new();
    home.file("config/config.toml", "[keys]\nrnu = [\"f5\"]\n");
    let mut pty = Pty::workbench(&home);
    assert!(!pty.wait_for_exit().success());
    assert!(pty.text().contains("config.toml:2:7") && pty.text().contains("`rnu`"), "{}", pty.text());
    assert!(!String::from_utf8_lossy(pty.raw()).contains("\x1b[?1049h"));
}

#[test]
fn the_log_is_its_owners_and_holds_nothing_of_a_good_day() {
    let home = Home::new();
    let mut pty = bench(&home);
    answer(&mut pty);
    assert!(quit(&mut pty).success());
    assert!(!home.dir("state").join("retort.log").exists());
}

/// The letters of the review, each with enter, as `git add -p` takes them.
#[test]
fn a_change_is_decided_at_the_terminal_and_taken_back() {
    let home = Home::new();
    home.file("config/prompts/p.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
    home.file("work/rows.txt", "row 1\nrow 2\n");
    let batch = ["batch", "p", "rows.txt", "--format", "lines", "-m", "demo:echo", "--no-cache", "--new"];
    home.run(&batch);
    let file = home.dir("config").join("prompts/p.baseline.jsonl");
    let lines = || fs::read_to_string(&file).unwrap_or_default().lines().count();
    let mut pty = Pty::start(&home, &[PROGRAM, "review", "p"], &[], 100, 30);
    pty.wait_for("1 of 2  new: row 1");
    pty.send("a\r");
    pty.wait_for("2 of 2  new: row 2");
    assert_eq!(lines(), 1);
    pty.send("u\r");
    pty.wait_until("the first one again", |pty| pty.text().matches("1 of 2").count() == 2);
    assert_eq!(lines(), 0);
    pty.send("z\r");
    pty.wait_for("type one of the letters");
    pty.send("p\r");
    pty.wait_until("the second one again", |pty| pty.text().matches("2 of 2").count() == 2);
    pty.send("A\r");
    pty.wait_for("0 worse, 2 as before");
    assert!(pty.wait_for_exit().success());
    assert_eq!(fs::read_to_string(&file).unwrap().matches("\"state\":\"pinned\"").count(), 1);
    pty.assert_sane();
}

#[test]
fn lanes_that_are_run_together_are_compared() {
    let home = Home::new();
    let model = |name: &str, answer: &str| {
        format!(
            "[providers.{name}]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", \"cat > /dev/null; printf {answer}\"]\n\
             [models.{name}]\nprovider = \"{name}\"\nmodel = \"{name}\"\n"
        )
    };
    home.file("config/config.toml", &(model("one", "hello") + &model("two", "farewell")));
    home.file(
        "config/prompts/aaa.toml",
        "user = \"{{ input }}\"\ntargets = [\"one\", \"two\"]\n[response]\nformat = \"text\"\n[[check]]\ntype = \"contains\"\nvalue = \
         \"hello\"\n[[check]]\ntype = \"max-score\"\n",
    );
    let mut pty = bench(&home);
    pty.send("\x0f");
    pty.wait_for("aaa");
    pty.send("\r");
    pty.wait_for("aaa is on the bench");
    pty.send(F5);
    pty.wait_for("farewell");
    let history = || home.run(&["history", "--json"]).out;
    let parts = ["1.00 is the highest score of 2 answers", "0.00; that of one has 1.00"];
    pty.wait_until("both verdicts on record", |_| parts.iter().all(|part| history().contains(part)));
}
