//! The workbench streaming four lanes for minutes on end: its memory stays what it was.
//!
//! `RETORT_SOAK_MINUTES=30 cargo nextest run soak --no-capture` goes on for as long as that; without the
//! variable nothing is done.

use std::{
    fs,
    time::{Duration, Instant},
};

use super::flaky::{Fate, Flaky};
use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

const SESSION: &str = r#"version = 1
name = "default"
saved = "2026-11-22T12:00:00Z"
lanes = ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini"]
[input]
text = "1234567890123456789"
[prompt]
user = "{{ input }}"
[prompt.response]
format = "text"
"#;

fn resident(pty: &Pty) -> u64 {
    let path = format!("/proc/{}/statm", pty.pid().as_raw_nonzero());
    let pages: u64 = fs::read_to_string(path).unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[allow(clippy::print_stderr, reason = "the numbers of a soak")]
async fn a_soak_leaves_memory_as_it_was_after_the_first_minute() {
    let Ok(minutes) = std::env::var("RETORT_SOAK_MINUTES") else { return };
    let minutes: u64 = minutes.parse().expect("a number of minutes");
    let server = Flaky::start(|_, _| Fate::Well, Duration::from_millis(15)).await;
    let soaked = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        home.file("config/config.toml", "[cache]\nenabled = false\n");
        home.file("config/sessions/default.toml", SESSION);
        let url = format!("{}/v1", server.url);
        let keys = [("OPENAI_API_KEY", "k"), ("OPENAI_BASE_URL", url.as_str())];
        let mut pty = Pty::start(&home, &[PROGRAM], &keys, 200, 50);
        pty.wait_for("gpt-4.1-mini");
        pty.wait_until("raw keys", Pty::is_raw);
        let (begin, mut rounds, mut first) = (Instant::now(), 0, None);
        while begin.elapsed() < Duration::from_secs(60 * minutes) {
            rounds += 1;
            pty.send("\x1b[15~");
            pty.wait_until("four more runs", |_| server.requested().values().sum::<u64>() == 4 * rounds);
            pty.settle(Duration::from_millis(150));
            if begin.elapsed() > Duration::from_secs(60).min(Duration::from_secs(30 * minutes)) && first.is_none() {
                first = Some(resident(&pty));
            }
        }
        let (first, last) = (first.expect("a first minute"), resident(&pty));
        pty.send("qq");
        assert!(pty.wait_for_exit().success());
        (rounds, first, last)
    });
    let (rounds, first, last) = soaked.await.unwrap();
    eprintln!("{} runs in four lanes: {first} KiB after the first minute, {last} KiB at the end", 4 * rounds);
    assert!(last < first + first / 10, "memory grew from {first} KiB to {last} KiB");
}
