//! `retort doctor`: what is set up, what is missing, what is broken, and what to do about it.

use std::{
    io,
    io::{IsTerminal as _, Write},
    path::Path,
};

use jiff::Timestamp;

use crate::{
    cli::{Exit, Io, Stopped, quirks},
    config::{atomic_file, paths},
    engine::{Environment, Workspace, drift},
    model::{
        CallError, ErrorKind, Settings, Target, Transport,
        settings::{AccountLimits, Project, ProviderSettings},
        target_settings::SecretPlace,
    },
    provider::response_reader::RequestSecret,
    store::{Store, api::StoreRequest, key_memory::KeyFile, prompts},
    text::clean_line,
};

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FindingState {
    /// As it should be.
    Good,
    /// Not there, and not needed.
    Absent,
    Broken,
}

struct Findings<'a> {
    out: &'a mut dyn Write,
    broken: bool,
}

impl Findings<'_> {
    fn note(&mut self, state: FindingState, what: &str, words: &str) -> io::Result<()> {
        let mark = match state {
            FindingState::Good => "ok  ",
            FindingState::Absent => "-   ",
            FindingState::Broken => "FAIL",
        };
        self.broken |= state == FindingState::Broken;
        writeln!(self.out, "{mark}  {what:<12} {}", clean_line(words))
    }
}

/// Checks everything and prints a line for each; fails if something is broken.
pub(crate) async fn doctor(io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let (environment, cwd) = (io.environment.clone(), io.cwd.clone());
    let mut findings = Findings { out: &mut *io.out, broken: false };
    findings.note(FindingState::Good, "version", env!("CARGO_PKG_VERSION"))?;
    terminal(&mut findings, &environment, io.out_is_terminal)?;
    match paths::places(&|name| environment.value(name), &cwd) {
        Ok(places) => {
            for (what, dir) in
                [("config", &places.config), ("data", &places.data), ("cache", &places.cache), ("state", &places.state)]
            {
                match writable(dir) {
                    Ok(()) => findings.note(FindingState::Good, what, &dir.display().to_string())?,
                    Err(error) => {
                        let words = format!("{} cannot be written: {error}", dir.display());
                        findings.note(FindingState::Broken, what, &words)?;
                    }
                }
            }
            match &places.project {
                Project::Absent => {}
                Project::Found { prompts, .. } => {
                    findings.note(FindingState::Good, "project", &format!("prompts in {}", prompts.display()))?;
                }
                Project::Ignored(why) => findings.note(FindingState::Absent, "project", why)?,
                Project::Broken(why) => findings.note(FindingState::Broken, "project", why)?,
            }
        }
        Err(error) => findings.note(FindingState::Broken, "directories", &error.to_string())?,
    }
    match Workspace::read(environment, &cwd, Timestamp::now()) {
        Ok(setup) => {
            findings.note(
                FindingState::Good,
                "settings",
                &format!("default model {}", setup.settings.default_model),
            )?;
            if let Err(error) = crate::cli::keymap(&setup) {
                findings.note(FindingState::Broken, "settings", &error.to_string())?;
            }
            providers(&mut findings, &setup).await?;
            let store = setup.store();
            databases(&mut findings, &setup, &store).await?;
            for line in drift::sentences(&setup) {
                findings.note(FindingState::Absent, "drift", &line)?;
            }
        }
        Err(error) => findings.note(FindingState::Broken, "settings", &error.to_string())?,
    }
    Ok(if findings.broken { Exit::Failed } else { Exit::Done })
}

fn terminal(findings: &mut Findings<'_>, environment: &Environment, is_terminal: bool) -> io::Result<()> {
    let both = is_terminal && io::stdin().is_terminal();
    let size = terminal_size();
    let look = environment.look(&Settings::default());
    let term = environment.value("TERM").unwrap_or_else(|| "not set".to_owned());
    let words = format!(
        "TERM {term}, {}, {}, {}",
        size.map_or_else(|| "size unknown".to_owned(), |(columns, rows)| format!("{columns}×{rows}")),
        if look.colour { "colours" } else { "no colours" },
        if look.unicode { "Unicode" } else { "ASCII" },
    );
    if both {
        findings.note(FindingState::Good, "terminal", &words)
    } else {
        findings.note(FindingState::Absent, "terminal", &format!("not a terminal here, so no workbench; {words}"))
    }
}

#[cfg(unix)]
fn terminal_size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some((size.ws_col, size.ws_row))
}

#[cfg(not(unix))]
fn terminal_size() -> Option<(u16, u16)> {
    None
}

/// Makes the directory if need be, and a file in it.
fn writable(dir: &Path) -> io::Result<()> {
    atomic_file::make_dir(dir).map_err(io::Error::other)?;
    tempfile::tempfile_in(dir).map(drop)
}

async fn providers(findings: &mut Findings<'_>, setup: &Workspace) -> io::Result<()> {
    let (http, now) = (setup.providers(), Timestamp::now());
    let memory = KeyFile::of(&setup.places);
    for (variable, proxy) in http.proxies().list() {
        let (state, words) = match proxy {
            Ok(label) => (FindingState::Good, label),
            Err(message) => (FindingState::Broken, format!("cannot be used: {message}")),
        };
        findings.note(state, "proxy", &format!("{variable}: {words}"))?;
    }
    for (name, settings) in setup.catalog.providers() {
        let mut keys = setup.keys(name, settings);
        for error in &keys.secret_errors {
            findings.note(FindingState::Broken, "header", error)?;
        }
        for error in &keys.transport_errors {
            findings.note(FindingState::Broken, "transport", &format!("{name}: {error}"))?;
        }
        if let Some(transport) = &keys.transport {
            findings.note(FindingState::Good, "transport", &format!("{name}: {}", transport.describe()))?;
        }
        for RequestSecret { place, name: of, secret } in &keys.secrets {
            let what = if *place == SecretPlace::Header { "header" } else { "query" };
            findings.note(FindingState::Good, what, &format!("{name}: {of} found ({})", secret.label))?;
        }
        let reachable = keys.obstacles().is_empty();
        keys.hand_over(name, &http);
        for (label, rest) in memory.resting(name, now) {
            let seconds = rest.until.as_second().saturating_sub(now.as_second());
            let words = format!("{name}: {label} rests {seconds} s: {}; without another it is tried at once", rest.why);
            findings.note(FindingState::Absent, "key", &words)?;
        }
        // A key that the user has named is missed; one that is looked for by itself is not.
        let missed = keys.errors.iter().map(|error| (FindingState::Broken, error));
        for (state, error) in missed.chain(keys.unset.iter().map(|error| (FindingState::Absent, error))) {
            findings.note(state, "key", &format!("{name}: {error}"))?;
        }
        let Ok(target) = setup.catalog.resolve(&format!("{name}/list")) else {
            continue;
        };
        for (at, key) in keys.usable.iter().enumerate() {
            let account = if key.account == key.label { String::new() } else { format!(" (account {})", key.account) };
            // The first key is tried with the provider itself, below.
            let (state, words) = match at {
                0 => {
                    let left_out = key.left_out.map_or_else(String::new, |what| format!(", {what} was left out"));
                    (FindingState::Good, format!("found{left_out}"))
                }
                _ if !reachable => (FindingState::Good, "found".to_owned()),
                _ => match http.models(&target, Some(key)).await {
                    Ok(_) => (FindingState::Good, "found, accepted".to_owned()),
                    Err(error) => (FindingState::Broken, error.to_string()),
                },
            };
            findings.note(state, "key", &format!("{name}: {}{account} {words}", key.label))?;
        }
        let (state, words) = match settings.kind.info().transport {
            Transport::BuiltIn => (FindingState::Good, "answers without a key or a network".to_owned()),
            Transport::Process => command(settings),
            Transport::Http if !keys.secret_errors.is_empty() => {
                (FindingState::Absent, "not asked without its headers".to_owned())
            }
            Transport::Http if !reachable => {
                (FindingState::Absent, "not asked without its certificates and its proxy".to_owned())
            }
            Transport::Http if keys.usable.is_empty() && target.needs_key() => {
                (FindingState::Absent, "API key missing".to_owned())
            }
            Transport::Http => match http.models(&target, keys.usable.first()).await {
                Ok(list) => (FindingState::Good, format!("serves {} models", list.len())),
                Err(error) if target.is_local() => (FindingState::Absent, not_there(&target, &error)),
                Err(error) => (FindingState::Broken, error.to_string()),
            },
        };
        findings.note(state, "provider", &format!("{name}: {words}"))?;
        if let Some(words) = limits(&settings.limits) {
            findings.note(FindingState::Good, "limits", &format!("{name}: {words}, for each account"))?;
        }
    }
    for line in quirks::lines(setup, now) {
        findings.note(FindingState::Good, "learnt", &line)?;
    }
    for server in setup.local_servers(&http).await {
        findings.note(FindingState::Good, "server", &server)?;
    }
    Ok(())
}

/// Says what is configured of the calls that may be made; nothing where nothing is.
fn limits(limits: &AccountLimits) -> Option<String> {
    let AccountLimits { concurrency, requests_per_minute, tokens_per_minute } = limits;
    let words = [
        concurrency.map(|most| format!("{most} calls at once")),
        requests_per_minute.map(|most| format!("{most} requests a minute")),
        tokens_per_minute.map(|most| format!("{most} tokens a minute")),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Says that a server on this machine does not answer; what else it said, if it is there.
fn not_there(target: &Target, error: &CallError) -> String {
    match error.class {
        ErrorKind::Transient | ErrorKind::Timeout(_) => {
            let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
            format!("does not run at {}{hint}", target.base_url.as_deref().unwrap_or_default())
        }
        _ => error.to_string(),
    }
}

fn command(settings: &ProviderSettings) -> (FindingState, String) {
    match settings.command.first() {
        Some(program) => (FindingState::Good, format!("runs {program}")),
        None => (FindingState::Broken, "no command is set; add command = [\"PROGRAM\", …]".to_owned()),
    }
}

async fn databases(findings: &mut Findings<'_>, setup: &Workspace, store: &Store) -> io::Result<()> {
    match store.ask(StoreRequest::CountRuns(Box::default())).await {
        Ok(_) => {
            findings.note(FindingState::Good, "runs", &setup.places.data.join("retort.db").display().to_string())?;
        }
        Err(error) => findings.note(FindingState::Broken, "runs", &error.to_string())?,
    }
    match store.cache_stats().await {
        Ok(stats) => {
            findings.note(FindingState::Good, "cache", &format!("{} of {} answers", stats.entries, stats.capacity))?;
        }
        Err(error) => findings.note(FindingState::Broken, "cache", &error.to_string())?,
    }
    let broken: Vec<String> = match prompts::list(&setup.places) {
        Ok(list) => list.into_iter().filter(|entry| !entry.valid).map(|entry| entry.description).collect(),
        Err(error) => vec![error.to_string()],
    };
    for words in &broken {
        findings.note(FindingState::Broken, "prompt", words)?;
    }
    if broken.is_empty() {
        findings.note(FindingState::Good, "prompts", "all can be read")?;
    }
    Ok(())
}
