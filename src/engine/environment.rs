//! The environment, read once, and what of it the programs see that retort starts.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
};

use jiff::tz::TimeZone;

use crate::{
    config::{time_zone, usual_keys},
    model::{
        KeySource, Settings, TerminalCaps, header, picture::PictureProtocol, settings::ProviderSettings,
        transport::ProxySetting,
    },
    provider::wires::CommandEnvironment,
};

/// What every program sees: what finds programs, files and the desktop, and says whose they are, in which language
/// and on which terminal. No variable that is known to hold a key.
const SHARED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "TERM",
    "COLORTERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "SSH_AUTH_SOCK",
    "SSH_CONNECTION",
    "GNUPGHOME",
    "GPG_TTY",
    "TMUX",
    "TMUX_PANE",
];

/// How further ones of these begin.
const SHARED_BEGINNINGS: &[&str] = &["LC_", "XDG_"];

/// What programs on Windows do not start without, or do not find their files without.
const WINDOWS: &[&str] = &[
    "SystemRoot",
    "SystemDrive",
    "windir",
    "COMSPEC",
    "PATHEXT",
    "USERNAME",
    "USERDOMAIN",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "APPDATA",
    "LOCALAPPDATA",
    "ProgramData",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "ProgramW6432",
    "CommonProgramFiles",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "OS",
];

/// The variable that asks for output for a screen reader.
const ACCESSIBLE: &str = "RETORT_ACCESSIBLE";

/// A program that retort starts, by what it may see.
#[derive(Debug, Clone, Copy)]
pub enum Child<'a> {
    /// A command of a provider's: the provider itself, or one that prints its keys and headers. It sees the list
    /// and what the provider's `env` names.
    Command(&'a ProviderSettings),
    /// A program that owns a clipboard. It sees the list.
    Clipboard,
    /// A program that answers calls of tools, or an MCP server. It sees the list and what these settings name.
    Tool(&'a Settings),
    /// The user's editor. It sees everything but the variables that hold keys by these settings, or usually do.
    Editor(&'a Settings),
}

/// The environment, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment(CommandEnvironment);

impl Environment {
    /// Reads this process's own.
    #[must_use]
    pub fn read() -> Self {
        std::env::vars_os().collect()
    }

    /// Returns the local time zone: the one `TZ` names, else the machine's, else UTC.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        let names_one = self.0.contains_key(OsStr::new("TZ"));
        let of_machine = if names_one { None } else { time_zone::of_machine() };
        of_machine.unwrap_or_else(TimeZone::system)
    }

    /// Looks a variable up; none where it is not Unicode.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.0.get(OsStr::new(name))?.to_str().map(str::to_owned)
    }

    /// Looks a variable up; what of it is not Unicode is replaced.
    #[must_use]
    pub fn value_lossy(&self, name: &str) -> Option<String> {
        Some(self.0.get(OsStr::new(name))?.to_string_lossy().into_owned())
    }

    /// Chooses what the terminal can show, and how, from the settings and the environment.
    #[must_use]
    pub fn look(&self, settings: &Settings) -> TerminalCaps {
        let set = |name: &str| self.value(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let terminal = ["TERM", "COLORTERM"].map(|name| set(name).unwrap_or_default());
        let [term, colorterm] = &terminal;
        let theme = settings.theme.base();
        let caps = TerminalCaps::choose(theme, set("NO_COLOR").is_some(), (term, colorterm), &locale);
        let pictures = PictureProtocol::choose(settings.pictures, |name| set(name).unwrap_or_default());
        let caps = TerminalCaps { pictures, ..caps };
        if self.accessible(settings) { TerminalCaps { unicode: false, accessible: true, ..caps } } else { caps }
    }

    /// Takes over that the command line asks for output for a screen reader.
    #[must_use]
    pub fn with_accessible(self, asked: bool) -> Self {
        if !asked {
            return self;
        }
        self.0.into_iter().chain([(ACCESSIBLE.into(), "1".into())]).collect()
    }

    /// Tells whether output is for a screen reader: by `RETORT_ACCESSIBLE`, else by the settings.
    #[must_use]
    pub fn accessible(&self, settings: &Settings) -> bool {
        match self.value(ACCESSIBLE).as_deref() {
            None | Some("") => settings.accessible,
            Some("0" | "false" | "no" | "off") => false,
            Some(_) => true,
        }
    }

    /// Returns the whole environment of a program that retort starts.
    #[must_use]
    pub fn of(&self, child: Child<'_>) -> CommandEnvironment {
        let sees: Box<dyn Fn(&str) -> bool> = match child {
            Child::Command(provider) => {
                Box::new(|name| is_shared(name) || provider.env.iter().any(|named| same(named, name)))
            }
            Child::Clipboard => Box::new(is_shared),
            Child::Tool(settings) => {
                Box::new(|name| is_shared(name) || settings.tool_env.iter().any(|named| same(named, name)))
            }
            Child::Editor(settings) => {
                let secret = holding_keys(settings);
                Box::new(move |name| !secret.iter().any(|secret| same(secret, name)))
            }
        };
        let seen = self.0.iter().filter(|(name, _)| sees(&name.to_string_lossy()));
        seen.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

fn is_shared(name: &str) -> bool {
    let begins = |beginning: &&str| name.get(..beginning.len()).is_some_and(|start| same(start, beginning));
    SHARED.iter().any(|shared| same(shared, name))
        || SHARED_BEGINNINGS.iter().any(begins)
        || (cfg!(windows) && WINDOWS.iter().any(|needed| same(needed, name)))
}

/// Compares names of variables, whose case does not matter on Windows.
fn same(a: &str, b: &str) -> bool {
    if cfg!(windows) { a.eq_ignore_ascii_case(b) } else { a == b }
}

/// Lists the variables that hold keys: those that the settings name for keys and headers, and the vendors' usual ones.
fn holding_keys(settings: &Settings) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = usual_keys().map(str::to_owned).collect();
    let of_models = settings.models.values().flat_map(|model| model.requests.secrets());
    names.extend(of_models.filter_map(|(_, _, source)| variable_of(source.clone())));
    for provider in settings.providers.values() {
        let in_headers = provider.requests.headers.values().flat_map(|value| header::secrets(value));
        let secrets = provider.requests.secrets().map(|(_, _, source)| source);
        let proxy = match &provider.transport.proxy {
            Some(ProxySetting::Source(source)) => Some(source),
            None | Some(ProxySetting::Direct | ProxySetting::At(_)) => None,
        };
        let sources = provider.api_keys.iter().chain(secrets).chain(proxy).cloned().chain(in_headers);
        names.extend(sources.filter_map(variable_of));
    }
    names
}

fn variable_of(source: KeySource) -> Option<String> {
    match source {
        KeySource::Env(name) => Some(name),
        KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Wire, target_settings::TargetSettings};

    /// Settings in which every kind of variable is named.
    fn settings() -> Settings {
        let provider = ProviderSettings {
            api_keys: vec![KeySource::Env("MY_KEY".to_owned()), KeySource::File("/k".to_owned())],
            requests: TargetSettings {
                secret_headers: [("x-team".to_owned(), KeySource::Env("MY_TEAM".to_owned()))].into(),
                secret_query: [("code".to_owned(), KeySource::Env("MY_CODE".to_owned()))].into(),
                headers: [("x-a".to_owned(), "Bearer {{env.MY_HEADER}}".to_owned())].into(),
                ..TargetSettings::default()
            },
            env: vec!["VAULT_ADDR".to_owned(), "NOT_SET".to_owned()],
            ..ProviderSettings::of(Wire::Command)
        };
        Settings { providers: [("p".to_owned(), provider)].into(), ..Settings::default() }
    }

    #[test]
    fn each_kind_of_program_sees_what_is_named_for_it_and_no_more() {
        let settings = settings();
        let command = Child::Command(&settings.providers["p"]);
        let children = [command, Child::Clipboard, Child::Editor(&settings)];
        // A variable, and whether a command, a clipboard program and the editor see it.
        let table: &[(&str, [bool; 3])] = &[
            ("PATH", [true; 3]),
            ("HOME", [true; 3]),
            ("LC_ALL", [true; 3]),
            ("XDG_RUNTIME_DIR", [true; 3]),
            ("SSH_AUTH_SOCK", [true; 3]),
            ("WAYLAND_DISPLAY", [true; 3]),
            ("TMUX", [true; 3]),
            ("VAULT_ADDR", [true, false, true]),
            ("EDITOR_SETTING", [false, false, true]),
            ("LC", [false, false, true]),
            ("PATHS", [false, false, true]),
            ("MY_KEY", [false; 3]),
            ("MY_TEAM", [false; 3]),
            ("MY_HEADER", [false; 3]),
            ("MY_CODE", [false; 3]),
            ("GROQ_API_KEY", [false; 3]),
            ("OPENAI_API_KEY", [false; 3]),
            ("ANTHROPIC_API_KEY", [false; 3]),
        ];
        let environment: Environment = table.iter().map(|(name, _)| (*name, "x")).collect();
        for (at, child) in children.into_iter().enumerate() {
            let seen = environment.of(child);
            for (name, sees) in table {
                assert_eq!(seen.contains_key(OsStr::new(name)), sees[at], "{child:?}: {name}");
            }
        }
    }
}
