//! What the settings' values must look like. No message here repeats a value that may be secret.

use super::super::mistake::{quoted, slip};
use crate::{
    model::{
        KeySource, Settings,
        header::{self, Sign},
    },
    store::keys,
};

/// Checks a provider's name, which stands before the `/` or `:` of a target's.
pub(super) fn provider_name(name: &str) -> Result<(), String> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if fits { Ok(()) } else { Err(format!("provider {} must be named in letters, digits, - _ .", quoted(name))) }
}

/// Reads where a key is kept. A key written into the file itself is refused unseen.
pub(super) fn key_source(text: &str) -> Result<KeySource, String> {
    let source: KeySource = text.parse().map_err(|error| format!("{error}"))?;
    match &source {
        KeySource::Env(name) if !header::is_variable(name) => {
            return Err("what follows env: is not a variable's name; write the name and export the key".to_owned());
        }
        KeySource::Command(line) if shell_words::split(line).is_err() => {
            return Err("what follows cmd: has a quote that is not closed".to_owned());
        }
        KeySource::Keyring { .. } if cfg!(not(feature = "keyring")) => return Err(keys::NO_KEYRING.to_owned()),
        KeySource::Env(_) | KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => {}
    }
    Ok(source)
}

/// Checks a base URL: `http://` or `https://`, a host, and no password.
pub(super) fn base_url(url: &str) -> Result<(), String> {
    let lower = url.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let Some(rest) = rest else {
        return Err("`base_url` must begin with http:// or https://".to_owned());
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err("`base_url` must hold no user name or password; name the key in `api_keys`".to_owned());
    }
    if host.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("`base_url` must be an address such as http://127.0.0.1:8080/v1".to_owned());
    }
    if rest.contains(['?', '#']) {
        return Err("`base_url` must end with its path, without ? or #".to_owned());
    }
    Ok(())
}

/// Checks a request header and reads where its value is kept, if it is a secret. One that looks like a secret and
/// is written into the file itself is refused unseen.
pub(super) fn header(name: &str, value: &str) -> Result<Option<KeySource>, String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(format!("{} is not a header's name", quoted(name)));
    }
    if KeySource::is_meant_by(value.trim()) {
        let source = key_source(value.trim());
        return source.map(Some).map_err(|message| format!("the header {}: {message}", quoted(name)));
    }
    let way_out = "write `env:NAME` and export NAME, or file:PATH, cmd:COMMAND";
    if value.contains("{{env.") {
        return Err(format!("the header {} is no template; {way_out}", quoted(name)));
    }
    match header::looks_secret(name, value) {
        None => {}
        Some(Sign::Name) => return Err(format!("the header {} carries a secret by its name; {way_out}", quoted(name))),
        Some(Sign::Value) => {
            return Err(format!("the header {} has a value that looks like a secret; {way_out}", quoted(name)));
        }
    }
    if value.chars().any(|c| c.is_control() && c != '\t') || !value.is_ascii() {
        return Err(format!("the header {} has a value that no request can carry", quoted(name)));
    }
    Ok(None)
}

/// Checks the name of a variable that a provider's commands may see.
pub(super) fn variable(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err("`env` lists names of environment variables, without their values".to_owned());
    }
    Ok(())
}

/// Checks that every model is at a provider that is there. The mistake comes with its path.
pub(super) fn models(settings: &Settings) -> Result<(), (Vec<String>, String)> {
    for (name, model) in &settings.models {
        if !settings.providers.contains_key(&model.provider) {
            let known = settings.providers.keys().map(String::as_str);
            let message = format!(
                "there is no provider {}{}\nadd [providers.{}], or name one of {}",
                quoted(&model.provider),
                slip(&model.provider, known.clone()),
                quoted(&model.provider).trim_matches('`'),
                known.collect::<Vec<_>>().join(", "),
            );
            return Err((vec!["models".to_owned(), name.clone(), "provider".to_owned()], message));
        }
    }
    Ok(())
}
