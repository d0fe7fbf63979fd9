//! Copying, by whichever way is known to reach the person's own clipboard, and said as it was done.
//!
//! OSC 52 needs no library and works over SSH, but a terminal that does not take it says nothing, and tmux
//! keeps it to itself unless it is set up otherwise. So it comes first only where the terminal is known to
//! take it; elsewhere the programs that own a clipboard are tried first.

use std::{io, path::Path, process::Stdio, time::Duration};

use crossterm::clipboard::CopyToClipboard;
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

use crate::{
    config::atomic_file,
    engine::{Environment, environment::Child},
    provider::wires::CommandEnvironment,
};

/// The longest text terminals commonly take, in bytes: 100,000 as base64.
const MAX_BYTES: usize = 74_994;

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a copy came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    /// It is done, in words.
    Done(String),
    /// The terminal is to be sent the text; in words what that comes to.
    Send(String),
    /// It could not be done, in words.
    Failed(String),
}

/// A program that takes a text for a clipboard.
struct Program {
    argv: &'static [&'static str],
    /// What is said after it has taken the text.
    says: &'static str,
}

/// In the order in which they are tried.
const PROGRAMS: &[Program] = &[
    // From 3.2 on tmux hands it on to the terminal, too.
    Program { argv: &["tmux", "load-buffer", "-w", "-"], says: "copied into tmux's buffer (tmux load-buffer)" },
    Program { argv: &["tmux", "load-buffer", "-"], says: "copied into tmux's buffer (tmux load-buffer)" },
    Program { argv: &["wl-copy"], says: "copied with wl-copy" },
    Program { argv: &["xclip", "-selection", "clipboard"], says: "copied with xclip" },
    Program { argv: &["pbcopy"], says: "copied with pbcopy" },
];

/// Copies a text; `dir` takes it as a file where no clipboard does.
pub(crate) async fn copy(text: &str, environment: &Environment, dir: &Path) -> Copied {
    let value = |name: &str| environment.value(name).unwrap_or_default();
    let known = takes_osc52(&value("TERM"), &value("TERM_PROGRAM"), !value("TMUX").is_empty());
    let fits = text.len() <= MAX_BYTES;
    if known && fits {
        return Copied::Send("copied through the terminal (OSC 52)".to_owned());
    }
    let seen = environment.of(Child::Clipboard);
    for program in PROGRAMS.iter().filter(|program| is_here(program, &value)) {
        if matches!(timeout(PATIENCE, feed(program.argv, text, &seen)).await, Ok(Ok(()))) {
            return Copied::Done(program.says.to_owned());
        }
    }
    if fits {
        return Copied::Send("sent to the terminal (OSC 52), which may not take it".to_owned());
    }
    let path = dir.join(format!("copied-{}.txt", std::process::id()));
    match atomic_file::write(&path, text, true) {
        Ok(()) => Copied::Done(format!("too long for the terminal's clipboard; written to {}", path.display())),
        Err(error) => Copied::Failed(format!("not copied: too long for the terminal's clipboard, and {error}")),
    }
}

/// Makes the control sequence that copies a text.
pub(crate) fn sequence(text: &str) -> CopyToClipboard<&str> {
    CopyToClipboard::to_clipboard_from(text)
}

/// Tells whether what the terminal says of itself is enough to know that it takes OSC 52.
fn takes_osc52(term: &str, program: &str, tmux: bool) -> bool {
    let terms = ["xterm-kitty", "xterm-ghostty", "foot", "foot-extra", "alacritty", "rio", "wezterm", "contour"];
    let programs = ["WezTerm", "ghostty", "rio", "kitty"];
    !tmux && program != "tmux" && (terms.contains(&term) || programs.contains(&program))
}

/// Tells whether a program can reach a clipboard of the person's at all.
fn is_here(program: &Program, value: &impl Fn(&str) -> String) -> bool {
    match program.argv {
        ["tmux", ..] => !value("TMUX").is_empty(),
        // The clipboard of a Mac that is reached over SSH is not the one before the person.
        ["pbcopy", ..] => value("SSH_CONNECTION").is_empty(),
        _ => true,
    }
}

/// Runs a program in an environment, with a text on its standard input, and waits until it has taken it.
async fn feed(argv: &[&str], text: &str, seen: &CommandEnvironment) -> io::Result<()> {
    let (name, arguments) = argv.split_first().ok_or(io::ErrorKind::NotFound)?;
    let mut child = Command::new(name)
        .args(arguments)
        .env_clear()
        .envs(seen)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).await?;
    }
    if child.wait().await?.success() { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
}

#[cfg(test)]
mod tests {
    use crossterm::Command as _;

    use super::*;

    #[test]
    fn hostile_text_cannot_leave_the_sequence() {
        let mut ansi = String::new();
        sequence("a\x07\x1b[2J").write_ansi(&mut ansi).unwrap();
        assert_eq!(ansi, "\x1b]52;c;YQcbWzJK\x1b\\");
    }

    #[test]
    fn the_terminal_is_trusted_only_where_it_is_known_and_nothing_is_in_between() {
        assert!(takes_osc52("xterm-kitty", "", false) && takes_osc52("xterm-256color", "WezTerm", false));
        assert!(!takes_osc52("xterm-256color", "", false) && !takes_osc52("xterm-256color", "Apple_Terminal", false));
        assert!(!takes_osc52("xterm-kitty", "", true) && !takes_osc52("alacritty", "tmux", false));
    }

    #[tokio::test]
    async fn a_program_that_fails_or_is_not_there_has_taken_nothing() {
        let seen = [("PATH".into(), "/usr/bin:/bin".into())].into();
        assert!(feed(&["no-such-program-here"], "x", &seen).await.is_err());
        assert!(feed(&["false"], "x", &seen).await.is_err());
        assert!(feed(&["cat"], "x", &seen).await.is_ok());
    }

    #[tokio::test]
    async fn a_program_sees_its_environment_alone() {
        let dir = tempfile::tempdir().unwrap();
        let printed = dir.path().join("printed");
        let environment: Environment =
            [("PATH", "/usr/bin:/bin"), ("WAYLAND_DISPLAY", "w"), ("MY_KEY", "planted")].into_iter().collect();
        let seen = environment.of(Child::Clipboard);
        let script = format!("cat > {0}; env > {0}", printed.display());
        feed(&["sh", "-c", &script], "x", &seen).await.unwrap();
        let printed = std::fs::read_to_string(printed).unwrap();
        assert!(printed.contains("WAYLAND_DISPLAY=w\n") && !printed.contains("MY_KEY"), "{printed}");
        assert!(!printed.contains("CARGO"), "what the process itself has is not handed on: {printed}");
    }
}
