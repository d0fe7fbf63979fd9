//! API keys: where they come from, and how they are named without being shown.

use std::{fmt, path::Path, str::FromStr};

use secrecy::SecretString;

/// Where a key is read from. This, never the key, is what the settings hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeySource {
    /// An environment variable: `env:NAME`.
    Env(String),
    /// The first line of a file that only its owner can read: `file:PATH`.
    File(String),
    /// What a command prints: `cmd:PROGRAM ARGUMENT…`.
    Command(String),
    /// An entry of the system's keyring: `keyring:SERVICE` or `keyring:SERVICE/USER`. The last `/`
    /// divides the two.
    Keyring {
        /// What the key is for.
        service: String,
        /// Whose it is; without one, whoever is logged in.
        user: Option<String>,
    },
}

impl KeySource {
    /// Names the source on screens and in records: for a command its program alone, since its arguments may be
    /// secret.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Env(_) | Self::File(_) | Self::Keyring { .. } => self.to_string(),
            Self::Command(line) => {
                let words = shell_words::split(line).unwrap_or_default();
                let program = words.first().map_or("?", String::as_str);
                let name = Path::new(program).file_name().map_or_else(|| program.into(), |name| name.to_string_lossy());
                format!("cmd:{name}")
            }
        }
    }

    /// Tells whether a text is meant as a source, though what follows may not be one.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.split_once(':').is_some_and(|(kind, _)| matches!(kind, "env" | "file" | "cmd" | "keyring"))
    }
}

/// A key source that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySource {
    /// It is none of the known forms.
    #[error("a key is named by env:NAME, file:PATH or cmd:COMMAND, and never written into the settings itself")]
    Unknown,
    /// An entry of the keyring with an empty half.
    #[error("what follows keyring: is SERVICE or SERVICE/USER")]
    Keyring,
}

impl FromStr for KeySource {
    type Err = BadKeySource;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, rest) = text.split_once(':').ok_or(BadKeySource::Unknown)?;
        let rest = rest.trim();
        if rest.is_empty() {
            return Err(BadKeySource::Unknown);
        }
        match kind {
            "env" => Ok(Self::Env(rest.to_owned())),
            "file" => Ok(Self::File(rest.to_owned())),
            "cmd" => Ok(Self::Command(rest.to_owned())),
            "keyring" => match rest.rsplit_once('/') {
                None => Ok(Self::Keyring { service: rest.to_owned(), user: None }),
                Some((service, user)) if !service.is_empty() && !user.is_empty() => {
                    Ok(Self::Keyring { service: service.to_owned(), user: Some(user.to_owned()) })
                }
                Some(_) => Err(BadKeySource::Keyring),
            },
            _ => Err(BadKeySource::Unknown),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Command(line) => write!(f, "cmd:{line}"),
            Self::Keyring { service, user: None } => write!(f, "keyring:{service}"),
            Self::Keyring { service, user: Some(user) } => write!(f, "keyring:{service}/{user}"),
        }
    }
}

/// A key that was read. Its label stands for it everywhere; the value is never shown.
#[derive(Debug, Clone)]
pub struct Key {
    /// What it is called on screens, in records and in errors: its source.
    pub label: String,
    /// Whose limits it counts against; keys of one account cool together.
    pub account: String,
    /// The value.
    pub secret: SecretString,
    /// What was left out of the text it was read from, in words, if anything was.
    pub left_out: Option<&'static str>,
}

/// How well-known providers begin their keys.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_",
    "gsk_",
    "xai-",
    "hf_",
    "ghp_",
    "github_pat_",
    "glpat-",
    "pplx-",
    "nvapi-",
    "r8_",
    "AIza",
    "AKIA",
    "ya29.",
    "eyJ",
];

/// Tells whether a word begins like a key of a well-known provider and is long enough for one, or partly hidden.
#[must_use]
pub fn looks_like_key(word: &str) -> bool {
    let least = if word.starts_with("sk-") { 8 } else { 16 };
    PREFIXES.iter().any(|prefix| word.starts_with(prefix)) && (word.len() >= least || word.contains('*'))
}
