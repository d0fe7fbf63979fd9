//! When the program itself fails: the terminal is given back first, then the failure is reported.
//!
//! The end of a run that a defect in the program itself has ended: a lane must not wait for ever.

use std::{
    backtrace::Backtrace,
    fs, io,
    io::Write as _,
    panic,
    panic::PanicHookInfo,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use crate::{
    config::atomic_file,
    engine::Machine,
    model::{
        CallError, Cost, ErrorKind, Outcome, Provenance, RunEnd, RunRequest, Usage, outcome::Timing, run_end::Reason,
    },
    pipeline::{RunEvent, TimedEvent, ports::World as _},
    terminal::terminal_guard,
};

/// Installs the hook. A panic of the thread that calls this gives the terminal back and speaks on
/// standard error; one of another thread only leaves a report, because the screen is still in use
/// and whoever waits for that thread hears of it. Reports go into `dir`.
pub(crate) fn install(dir: PathBuf) {
    let screens_thread = thread::current().id();
    panic::set_hook(Box::new(move |info| {
        let ours = thread::current().id() == screens_thread;
        if ours {
            terminal_guard::restore();
        }
        let report = write(&dir, &describe(info));
        let what = summary(info);
        tracing::error!(what, "panic");
        if ours {
            let mut err = io::stderr();
            let _ = writeln!(err, "retort: this is a defect in retort itself: {what}");
            match report {
                Ok(path) => {
                    let _ = writeln!(err, "retort: the report is in {}; please attach it to an issue", path.display());
                }
                Err(error) => {
                    let _ = writeln!(err, "retort: no report could be written: {error}");
                }
            }
        }
    }));
}

fn summary(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    format!("{} at {place}", redact(message))
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    format!(
        "retort {}\n{} {}\n{}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        summary(info),
        Backtrace::force_capture()
    )
}

/// Blanks everything that could be a key and shortens the rest: panics quote what they failed on.
fn redact(message: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=');
    let mut clean = String::new();
    let mut word = String::new();
    for c in message.chars().take(400).chain(['\n']) {
        if is_word(c) {
            word.push(c);
            continue;
        }
        let secret = word.len() >= 20 && !word.contains("::") || word.starts_with("sk-");
        clean.push_str(if secret { "…" } else { &word });
        word.clear();
        clean.push(if c.is_control() { ' ' } else { c });
    }
    clean.trim_end().to_owned()
}

fn write(dir: &Path, text: &str) -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    atomic_file::make_dir(dir).map_err(io::Error::other)?;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = dir.join(format!("crash-{}-{count}.txt", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}

/// Makes the last event of a run that can tell none itself.
pub(crate) fn ended(request: &RunRequest, words: &str) -> TimedEvent {
    let target = request.targets.first();
    let name = target.map(|target| target.name.clone()).unwrap_or_default();
    let outcome = Outcome {
        run: Machine::default().run_id(),
        end: RunEnd::Failed {
            reasons: vec![Reason { target: name.clone(), error: CallError::new(ErrorKind::Unknown, words) }],
        },
        text: String::new(),
        reasoning: String::new(),
        json: None,
        requested: name.clone(),
        target: name,
        model: target.map(|target| target.model.clone()).unwrap_or_default(),
        served: None,
        provenance: Provenance::Live,
        demo: false,
        attempts: 0,
        finish: None,
        usage: Usage::default(),
        cost: Cost::Unknown,
        cache_saving: None,
        by_attempt: Vec::new(),
        timing: Timing::default(),
        quality: None,
        judging: None,
        given_up: Vec::new(),
        calls: Vec::new(),
        rounds: Vec::new(),
    };
    TimedEvent { at: Duration::ZERO, event: RunEvent::Ended { outcome: Box::new(outcome) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_key_is_blanked() {
        let text = redact("header \"Bearer sk-live-1234\" and abcdefghijklmnopqrstuvwxyz0123 in x");
        assert_eq!(text, "header \"Bearer …\" and … in x");
    }

    #[cfg(unix)]
    #[test]
    fn a_report_is_its_owners() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(&dir.path().join("state"), "text").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
