//! Values of request headers: what in them stands for a secret, and what looks like one.

use crate::model::api_key::{KeySource, looks_like_key};

/// A part of a header's value as settings and records have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderPiece<'a> {
    /// Text that goes out as it is.
    Text(&'a str),
    /// Where the secret is read from that goes out in this place.
    Secret(KeySource),
}

/// Divides a header's value: one that names a source as a whole (`env:NAME`, `file:PATH`, `cmd:PROGRAM`,
/// `keyring:SERVICE`), and promptfoo's `{{env.NAME}}` within a text.
#[must_use]
pub fn parts(value: &str) -> Vec<HeaderPiece<'_>> {
    if let Ok(source) = value.parse() {
        return vec![HeaderPiece::Secret(source)];
    }
    let (mut parts, mut rest) = (Vec::new(), value);
    while let Some((before, name, after)) = place(rest) {
        parts.extend((!before.is_empty()).then_some(HeaderPiece::Text(before)));
        parts.push(HeaderPiece::Secret(KeySource::Env(name.to_owned())));
        rest = after;
    }
    parts.extend((!rest.is_empty()).then_some(HeaderPiece::Text(rest)));
    parts
}

/// Finds the first `{{env.NAME}}`: what is before it, the name, what is after it.
fn place(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{env.")?;
    let (name, after) = rest.split_once("}}")?;
    Some((before, name, after))
}

/// Lists the sources of the secrets in a header's value.
pub fn secrets(value: &str) -> impl Iterator<Item = KeySource> {
    parts(value).into_iter().filter_map(|part| match part {
        HeaderPiece::Text(_) => None,
        HeaderPiece::Secret(source) => Some(source),
    })
}

/// Names the environment variable that a person finds a header's secret in: the source's own, else one named like the
/// header.
#[must_use]
pub fn variable(header: &str, source: &KeySource) -> String {
    match source {
        KeySource::Env(name) if is_variable(name) => name.clone(),
        KeySource::Env(_) | KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => {
            let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            let name: String = header.chars().map(letter).collect();
            if is_variable(&name) { name } else { format!("HEADER_{name}") }
        }
    }
}

/// Tells whether a shell takes a name for that of a variable, and for nothing else.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What makes a header look like a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretSign {
    Name,
    Value,
}

/// Words of a header's name, between dashes, that say it carries a secret; as ends of longer words too.
const NAMES: &[&str] = &[
    "token",
    "tokens",
    "key",
    "keys",
    "secret",
    "secrets",
    "auth",
    "authentication",
    "authorization",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "credentials",
    "cookie",
    "cookies",
    "session",
    "sessionid",
    "bearer",
    "jwt",
];

/// Words that end like one of [`NAMES`] and say nothing of a secret.
const WORDS: &[&str] = &["monkey", "turkey", "hockey", "jockey", "donkey", "whiskey"];

/// What a value begins with that carries a secret: the schemes of `Authorization` (RFC 9110, 11.4).
const SCHEMES: &[&str] = &["bearer", "basic", "digest", "token", "negotiate"];

/// Headers whose values may be long runs of letters and digits, each with what such a value begins with.
const LONG: &[(&str, &str)] = &[
    ("anthropic-beta", ""),
    ("anthropic-version", ""),
    ("openai-beta", ""),
    ("openai-organization", "org-"),
    ("openai-project", "proj_"),
    ("user-agent", ""),
];

/// The length from which a run of letters and digits looks like a key.
const RUN: usize = 20;

/// Tells by what a header of plain text looks like a secret, if it does.
#[must_use]
pub fn looks_secret(name: &str, value: &str) -> Option<SecretSign> {
    let name = name.to_ascii_lowercase();
    if name.split(['-', '_', '.']).any(names_secret) {
        return Some(SecretSign::Name);
    }
    let mut words = value.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '=' | ':'));
    let scheme = value.split_whitespace().collect::<Vec<_>>();
    let scheme = matches!(scheme.as_slice(), [first, _, ..] if SCHEMES.contains(&first.to_ascii_lowercase().as_str()));
    let long = LONG.iter().any(|(known, begins)| *known == name && value.starts_with(begins));
    (scheme || words.any(looks_like_key) || (!long && has_run(value))).then_some(SecretSign::Value)
}

fn names_secret(word: &str) -> bool {
    !WORDS.contains(&word) && NAMES.iter().any(|name| word.ends_with(name))
}

/// Tells whether a value has letters and digits mixed in one long run, as random bytes have in hexadecimal digits or
/// base64.
fn has_run(value: &str) -> bool {
    value.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '_'))).any(|run| {
        let plain = run.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part.len() >= RUN && mixed(part));
        let has = |of: fn(&u8) -> bool| run.bytes().any(|byte| of(&byte));
        plain || (run.len() >= RUN && mixed(run) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
    })
}

fn mixed(run: &str) -> bool {
    run.bytes().any(|byte| byte.is_ascii_digit()) && run.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_secret_is_told_from_text() {
        let variable = |name: &str| HeaderPiece::Secret(KeySource::Env(name.to_owned()));
        for (value, want) in [
            ("env:TEAM", vec![variable("TEAM")]),
            ("cmd:pass", vec![HeaderPiece::Secret(KeySource::Command("pass".to_owned()))]),
            ("Bearer {{env.A}}", vec![HeaderPiece::Text("Bearer "), variable("A")]),
            (
                "{{env.A}}:{{env.B}}.",
                vec![variable("A"), HeaderPiece::Text(":"), variable("B"), HeaderPiece::Text(".")],
            ),
            ("bench", vec![HeaderPiece::Text("bench")]),
            ("env:", vec![HeaderPiece::Text("env:")]),
            ("https://host/a", vec![HeaderPiece::Text("https://host/a")]),
            ("", vec![]),
        ] {
            assert_eq!(parts(value), want, "{value}");
        }
    }

    #[test]
    fn a_secret_has_a_variable_that_a_shell_takes_for_one() {
        for (header, source, want) in [
            ("x-team", "env:TEAM", "TEAM"),
            ("x-team", "env:A B", "X_TEAM"),
            ("x-$(id)`!", "file:/k", "X___ID___"),
            ("1st", "cmd:pass show", "HEADER_1ST"),
        ] {
            // A header's name has no brackets; here they stand for whatever may be in it.
            assert_eq!(variable(header, &source.parse().unwrap()), want);
        }
    }

    #[test]
    fn headers_look_secret_by_their_name_or_their_value() {
        for name in [
            "Authorization",
            "proxy-authorization",
            "Cookie",
            "x-api-key",
            "api-key",
            "ApiKey",
            "X-Auth-Token",
            "x-amz-security-token",
            "x_client_secret",
            "x-password",
            "x-credentials",
            "x-session-id",
            "x-accesstoken",
            "ocp-apim-subscription-key",
        ] {
            assert_eq!(looks_secret(name, "x"), Some(SecretSign::Name), "{name}");
        }
        for (name, value) in [
            ("x-team", "sk-proj-12345678"),
            ("x-team", "ghp_0123456789abcdef0123"),
            ("x-team", "team=sk-proj-12345678"),
            ("x-team", "Bearer hunter2"),
            ("x-team", "basic aHVudGVyMg=="),
            ("x-team", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
            ("x-team", "0123456789abcdef0123"),
            ("x-team", "id a1b2c3d4e5f6a7b8c9d0 x"),
            ("x-team", "aB3_dE6/gH9+jK2_mN5/"),
            ("user-agent", "Bearer hunter2"),
            ("anthropic-beta", "sk-ant-0123456789"),
            ("openai-organization", "0123456789abcdef0123"),
        ] {
            assert_eq!(looks_secret(name, value), Some(SecretSign::Value), "{name}: {value}");
        }
        for (name, value) in [
            ("x-team", "bench"),
            ("x-monkey", "1"),
            ("x-author", "me"),
            ("x-keyboard", "qwertz"),
            ("x-title", "Everything that our team has to say about it, 2026"),
            ("http-referer", "https://example.com/teams/evaluation/2026-11-29"),
            ("x-request-source", "deployment-2024-gpt-4o-mini-eu-central-1"),
            ("x-tenant", "123e4567-e89b-12d3-a456-426614174000"),
            ("x-number", "123456789012345678901234"),
            ("x-word", "abcdefghijklmnopqrstuvwxyz"),
            ("x-basic", "basic"),
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "promptcaching20240731x,files-api-2025-04-14"),
            ("OpenAI-Organization", "org-0123456789abcdefABCDEF01"),
            ("openai-project", "proj_0123456789abcdefABCDEF01"),
            ("User-Agent", "retort/0123456789abcdef0123"),
        ] {
            assert_eq!(looks_secret(name, value), None, "{name}: {value}");
        }
    }
}
