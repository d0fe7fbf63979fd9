//! Keys read from where the settings say they are, by label and never shown.

#[cfg(feature = "keyring")]
pub(crate) mod keyring;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use secrecy::SecretString;

use crate::model::{Key, KeySource};

/// What to do about `keyring:` in a build that lacks the feature.
pub const NO_KEYRING: &str = "keyring: is read by the system's own command: \
    write cmd:secret-tool lookup service SERVICE username USER, \
    or on macOS cmd:security find-generic-password -s SERVICE -a USER -w; \
    a build with `--features keyring` reads it itself";

/// How long a `cmd:` or the keyring may take.
const LIMIT: Duration = Duration::from_secs(10);

/// How often a command is asked whether it has ended.
const POLL: Duration = Duration::from_millis(10);

/// What is read from a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A key: one word.
    Key,
    /// The value of a request header, which may be several, such as `Bearer KEY`.
    Header,
    /// The address of a proxy.
    Proxy,
}

impl Holds {
    /// The longest that is taken, in bytes.
    fn longest(self) -> usize {
        match self {
            // A token of an identity service holds many claims; what a server takes of headers is its own to say.
            Self::Key | Self::Header | Self::Proxy => 16 * 1024,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Header => "header",
            Self::Proxy => "address of a proxy",
        }
    }

    /// Checks what was read; white space around it is left out, and of a key what is not its own.
    fn checked(self, text: &str) -> Result<(SecretString, Option<&'static str>), String> {
        let (bare, left_out) = match self {
            Self::Key => bare(text),
            Self::Header | Self::Proxy => (text.trim().to_owned(), None),
        };
        let (trimmed, word) = (bare.as_str(), self.word());
        let blank = |c: char| c.is_control() || (self != Self::Header && c.is_whitespace());
        if trimmed.is_empty() {
            Err("it is empty".to_owned())
        } else if trimmed.len() > self.longest() {
            Err(format!("what is there is longer than {} characters and so no {word}", self.longest()))
        } else if trimmed.chars().any(blank) {
            Err(format!("what is there holds blanks or control characters and so is no {word}"))
        } else if !trimmed.is_ascii() {
            Err(format!("what is there holds characters that no request header can carry and so is no {word}"))
        } else {
            Ok((SecretString::from(trimmed), left_out))
        }
    }
}

/// Signs that are seen nowhere, and come along where a key is copied from a page.
const UNSEEN: [char; 6] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}'];

/// The quotes that a key is pasted in.
const QUOTES: [(char, char); 5] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];

/// Leaves out of a key what was copied with it: signs that are not seen, quotes, and the scheme of the header that it
/// is sent in. Says in words which of them.
fn bare(text: &str) -> (String, Option<&'static str>) {
    let seen: String = text.chars().filter(|c| !UNSEEN.contains(c)).collect();
    let mut left_out = (seen.len() < text.len()).then_some("what cannot be seen");
    let mut bare = seen.trim();
    for (open, close) in QUOTES {
        if let Some(inside) = bare.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            (bare, left_out) = (inside.trim(), Some("a pair of quotes"));
        }
    }
    let scheme = bare.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("bearer "));
    if scheme.is_some() {
        (bare, left_out) = (bare.get(7..).unwrap_or_default().trim(), Some("the word Bearer"));
    }
    (bare.to_owned(), left_out)
}

/// A key that could not be read, and what to do. It never holds any part of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {label}: {message}")]
pub struct KeyReadError {
    /// The key's label.
    pub label: String,
    /// What happened and the next step.
    pub message: String,
    /// Whether there is nothing where it should be: a variable that is not set.
    pub absent: bool,
}

/// Reads every source, commands and the keyring side by side, in the order given. Blocks for 10 s
/// at most.
///
/// `env` looks a variable up; `~/` in a file's path stands for its `HOME`, a relative one is in `folder`, and the keyring's user
/// is its `USER` or `USERNAME` where the source names none, else `retort`. `seen` is the whole environment of the
/// commands.
pub fn read(
    sources: &[(Holds, KeySource)],
    env: &(dyn Fn(&str) -> Option<String> + Sync),
    seen: &BTreeMap<OsString, OsString>,
    folder: &Path,
) -> Vec<Result<Key, KeyReadError>> {
    thread::scope(|scope| {
        let under_way: Vec<_> = sources
            .iter()
            .map(|(_, source)| match source {
                KeySource::Command(line) => Err(scope.spawn(move || run(line, seen, LIMIT))),
                #[cfg(feature = "keyring")]
                KeySource::Keyring { service, user } => {
                    let user = user.clone().or_else(|| env("USER")).or_else(|| env("USERNAME"));
                    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "retort".to_owned());
                    Err(scope.spawn(move || keyring::read(service, &user, LIMIT)))
                }
                #[cfg(not(feature = "keyring"))]
                KeySource::Keyring { .. } => Ok(Err(NO_KEYRING.to_owned())),
                KeySource::Env(name) => Ok(variable(name, env)),
                KeySource::File(path) => Ok(first_line(path, env, folder)),
            })
            .collect();
        let texts = under_way.into_iter().map(|text| match text {
            Ok(text) => text,
            Err(thread) => thread.join().unwrap_or_else(|_| Err("reading it failed; try again".to_owned())),
        });
        texts.zip(sources).map(|(text, (holds, source))| key(*holds, source, text)).collect()
    })
}

fn key(holds: Holds, source: &KeySource, text: Result<String, String>) -> Result<Key, KeyReadError> {
    let label = source.label();
    let absent = matches!(source, KeySource::Env(_)) && text.is_err();
    match text.and_then(|text| holds.checked(&text)) {
        Ok((secret, left_out)) => Ok(Key { account: label.clone(), label, secret, left_out }),
        Err(message) => Err(KeyReadError { label, message, absent }),
    }
}

fn variable(name: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    match env(name) {
        None => Err(format!("the environment variable {name} is not set; export it and start again")),
        Some(value) if value.trim().is_empty() => {
            Err(format!("the environment variable {name} is empty; export it and start again"))
        }
        Some(value) => Ok(value),
    }
}

fn first_line(path: &str, env: &dyn Fn(&str) -> Option<String>, folder: &Path) -> Result<String, String> {
    let home = path.strip_prefix("~/").and_then(|rest| env("HOME").map(|home| Path::new(&home).join(rest)));
    let file = home.unwrap_or_else(|| folder.join(path));
    let about = fs::metadata(&file).map_err(|error| format!("the file cannot be read: {error}"))?;
    if !about.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    #[cfg(unix)]
    private(&file, &about)?;
    let file = File::open(&file).map_err(|error| format!("the file cannot be read: {error}"))?;
    line_of(file).map_err(|error| format!("the file cannot be read: {error}"))
}

/// Refuses a file that somebody else owns or can read.
#[cfg(unix)]
fn private(file: &Path, about: &fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err("the file belongs to another user; make a copy of your own with mode 0600".to_owned());
    }
    if about.permissions().mode() & 0o077 != 0 {
        return Err(format!("others can read the file; run `chmod 600 {}`", file.display()));
    }
    Ok(())
}

/// Reads the first line, or as much of it as a key could be.
fn line_of(from: impl Read) -> std::io::Result<String> {
    let mut line = Vec::new();
    BufReader::new(from.take(4 * Holds::Header.longest() as u64)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_start_matches('\u{feff}').to_owned())
}

/// Runs a command without a shell and returns the first line it prints.
fn run(line: &str, seen: &BTreeMap<OsString, OsString>, limit: Duration) -> Result<String, String> {
    let words = shell_words::split(line).map_err(|error| format!("the command cannot be read: {error}"))?;
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(seen);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // In a group of its own, so that a time-out ends whatever it has started as well.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| format!("the command cannot be started: {error}"))?;
    let Some(mut stdout) = child.stdout.take() else {
        return Err("the command has no output".to_owned());
    };
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        drop(sender.send(line_of(&mut stdout)));
        // Read on, so that a command that prints more can end.
        drop(std::io::copy(&mut stdout, &mut std::io::sink()));
    });
    let status = wait(&mut child, limit).map_err(|error| format!("the command was lost: {error}"))?;
    let Some(status) = status else {
        return Err(format!("the command took longer than {} s and was stopped", limit.as_secs()));
    };
    if !status.success() {
        return Err(format!("the command failed ({status}); run it in a shell to see why"));
    }
    match receiver.recv_timeout(POLL * 10) {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(_)) | Err(_) => Err("the command's output cannot be read".to_owned()),
    }
}

/// Waits for a command to end; past the limit kills it and all of its group and returns none.
fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    for _ in 0..limit.as_millis().div_ceil(POLL.as_millis()) {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL);
    }
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended in this very moment.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}
