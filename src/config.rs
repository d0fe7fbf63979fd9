//! The settings: `config.toml` read, checked, and joined with the providers that their environment variables set up.
//!
//! No message repeats a value that may be secret.

pub mod api_keys;
pub mod atomic_file;
pub mod builtin;
pub mod favourites;
pub mod names;
pub mod paths;
pub mod price_list;
pub mod project;
pub mod recordings;
pub mod schemas;
pub mod serve_address;
pub mod serve_token;
pub mod setting_table;
pub mod target_table;
pub mod time_zone;
pub mod transport;
pub mod trust;

pub(crate) mod durations;
pub(crate) mod file;
pub(crate) mod key_file;
pub(crate) mod toml_error;

use std::path::Path;

use crate::{
    model::{
        KeySource, Settings,
        error::StoreError,
        header,
        header::SecretSign,
        settings::{Places, ProviderSettings},
        target_settings::TargetSettings,
        vendor::Vendor,
        wire::{Transport, Wire},
    },
    text::suggest::{quoted, slip},
};

/// The settings file's name in the config directory.
pub const CONFIG_FILE: &str = "config.toml";

/// The variable that says how many times as fast the demonstration models answer.
const DEMO_SPEED: &str = "RETORT_DEMO_SPEED";

/// An environment variable's value by its name.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads the settings; without a file they are the defaults. The built-in providers `openai`,
/// `anthropic`, `ollama` and `demo` are there unless the file says otherwise of them, with the
/// addresses and keys their usual environment variables name.
pub fn load(places: &Places, env: Env<'_>) -> Result<Settings, StoreError> {
    let file = places.config.join(CONFIG_FILE);
    let text = atomic_file::read(&file)?.unwrap_or_default();
    parse(&text, &file, env)
}

/// Tells of mistakes in the values of a table of the settings file, found by whoever reads their
/// meaning: the key, and what is wrong with it.
#[must_use]
pub fn mistaken(places: &Places, table: &str, wrong: &[(String, String)]) -> StoreError {
    let file = places.config.join(CONFIG_FILE);
    let text = atomic_file::read(&file).ok().flatten().unwrap_or_default();
    let label = file.display().to_string();
    let words = wrong.iter().map(|(key, wrong)| {
        toml_error::at(&text, &label, &[table, key], &format!("{} in [{table}]: {wrong}", quoted(key))).message
    });
    StoreError::new(words.collect::<Vec<_>>().join("\n"))
}

/// Reads settings from a text, and lays what their environment variables say over it; `file` names it in the error.
pub fn parse(text: &str, file: &Path, env: Env<'_>) -> Result<Settings, StoreError> {
    let label = file.display().to_string();
    let mut read: file::ConfigFile = toml_error::parse(text, &label)?;
    read.take_variables(env)?;
    let of_variable = |path: &[&str]| setting_table::variable_of(path).filter(|variable| set(variable, env).is_some());
    let mut settings = read.into_settings(|path, message| match of_variable(path) {
        Some(variable) => file::unusable(&variable, message),
        None => toml_error::at(text, &label, path, message),
    })?;
    join(&mut settings, env)?;
    settings.demo_speed = demo_speed(env)?;
    models(&settings).map_err(|(path, message)| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        toml_error::at(text, &label, &path, &message)
    })?;
    Ok(settings)
}

/// Checks a provider's name, which stands before the `/` or `:` of a target's.
pub(crate) fn provider_name(name: &str) -> Result<(), String> {
    let fits = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if fits { Ok(()) } else { Err(format!("provider {} must be named in letters, digits, - _ .", quoted(name))) }
}

/// Reads where a key is kept. A key written into the file itself is refused unseen.
pub(crate) fn key_source(text: &str) -> Result<KeySource, String> {
    let source: KeySource = text.parse().map_err(|error| format!("{error}"))?;
    match &source {
        KeySource::Env(name) if !header::is_variable(name) => {
            return Err("what follows env: is not a variable's name; write the name and export the key".to_owned());
        }
        KeySource::Command(line) if shell_words::split(line).is_err() => {
            return Err("what follows cmd: has a quote that is not closed".to_owned());
        }
        KeySource::Keyring { .. } if cfg!(not(feature = "keyring")) => return Err(api_keys::NO_KEYRING.to_owned()),
        KeySource::Env(_) | KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => {}
    }
    Ok(source)
}

/// Checks a base URL: `http://` or `https://`, a host, and no password.
pub(crate) fn base_url(url: &str) -> Result<(), String> {
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

/// Checks a header's name.
pub(crate) fn header_name(name: &str) -> Result<(), String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(format!("{} is not a header's name", quoted(name)));
    }
    Ok(())
}

/// Checks a request header and reads where its value is kept, if it is a secret. One that looks like a secret and
/// is written into the file itself is refused unseen.
pub(crate) fn header(name: &str, value: &str) -> Result<Option<KeySource>, String> {
    header_name(name)?;
    let source = secret_value("header", name, value)?;
    if source.is_none() && (value.chars().any(|c| c.is_control() && c != '\t') || !value.is_ascii()) {
        return Err(format!("the header {} has a value that no request can carry", quoted(name)));
    }
    Ok(source)
}

/// Checks what follows the `?` of an address, likewise.
pub(crate) fn query(name: &str, value: &str) -> Result<Option<KeySource>, String> {
    if name.is_empty() {
        return Err("`query` has an empty name".to_owned());
    }
    secret_value("query value", name, value)
}

/// Reads where a value is kept, if it is a secret. One that looks like a secret is refused unseen.
fn secret_value(what: &str, name: &str, value: &str) -> Result<Option<KeySource>, String> {
    if KeySource::is_meant_by(value.trim()) {
        let source = key_source(value.trim());
        return source.map(Some).map_err(|message| format!("the {what} {}: {message}", quoted(name)));
    }
    let way_out = "write `env:NAME` and export NAME, or file:PATH, cmd:COMMAND";
    if value.contains("{{env.") {
        return Err(format!("the {what} {} is no template; {way_out}", quoted(name)));
    }
    match header::looks_secret(name, value) {
        None => Ok(None),
        Some(SecretSign::Name) => Err(format!("the {what} {} carries a secret by its name; {way_out}", quoted(name))),
        Some(SecretSign::Value) => {
            Err(format!("the {what} {} has a value that looks like a secret; {way_out}", quoted(name)))
        }
    }
}

/// Checks the name of a variable that a provider's commands may see.
pub(crate) fn variable(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err("`env` lists names of environment variables, without their values".to_owned());
    }
    Ok(())
}

/// Checks that every model is at a provider that is there. The mistake comes with its path.
pub(crate) fn models(settings: &Settings) -> Result<(), (Vec<String>, String)> {
    for (name, model) in &settings.models {
        if !settings.providers.contains_key(&model.provider) && Vendor::named(&model.provider).is_none() {
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

/// Adds the built-in providers, the vendors of models, and those that the environment has a key or an address for; and to those the file
/// configures what it leaves open. An address in the file stands alone: the environment's key is never sent to it unless
/// the file says so, or names a vendor that has no address of its own.
pub(crate) fn join(settings: &mut Settings, env: Env<'_>) -> Result<(), StoreError> {
    for wire in Wire::ALL.iter().copied().filter(|wire| wire.info().transport == Transport::BuiltIn) {
        settings.providers.entry(wire.info().name.to_owned()).or_insert_with(|| ProviderSettings::of(wire));
    }
    for vendor in Vendor::all() {
        let named = |name: &String| set(name, env).is_some();
        let of_model = settings.models.values().any(|model| vendor.is_named(&model.provider));
        if vendor.builtin || of_model || vendor.key_env.iter().any(named) || address(vendor, env).is_some() {
            settings.providers.entry(vendor.name.clone()).or_insert_with(|| ProviderSettings::of_vendor(vendor));
        }
    }
    for (name, provider) in &mut settings.providers {
        let Some(vendor) = provider.vendor().filter(|vendor| provider.vendor.is_some() || vendor.is_named(name)) else {
            continue;
        };
        if provider.base_url.is_none() {
            if let Some((variable, url)) = address(vendor, env) {
                base_url(&url).map_err(|message| {
                    let message = message.replace("`base_url`", &variable);
                    file::unusable(&variable, &message)
                })?;
                provider.base_url = Some(url);
            }
        } else if vendor.base_url.is_some() {
            continue;
        }
        // An address that names the vendor's API as a whole is asked by it.
        let whole =
            |url: &String| vendor.prefix.as_ref().is_some_and(|prefix| url.trim_end_matches('/').ends_with(prefix));
        for (name, variables) in vendor.query_env.iter().filter(|_| !provider.base_url.as_ref().is_some_and(whole)) {
            let TargetSettings { query, secret_query, .. } = &mut provider.requests;
            if let Some(value) = variables.iter().find_map(|variable| set(variable, env))
                && !secret_query.contains_key(name)
            {
                query.entry(name.clone()).or_insert(value);
            }
        }
        let there = vendor.key_env.iter().find(|name| set(name, env).is_some());
        let usual = there.or_else(|| vendor.key_env.first().filter(|_| vendor.needs_key()));
        if let Some(variable) = usual.filter(|_| provider.api_keys.is_empty()) {
            provider.api_keys.push(KeySource::Env(variable.clone()));
            provider.usual_key = true;
        }
    }
    Ok(())
}

/// Finds the address that the environment has for a vendor: the variable and the URL.
fn address(vendor: &Vendor, env: Env<'_>) -> Option<(String, String)> {
    let own = vendor.url_variable();
    let mut urls = [&own].into_iter().chain(&vendor.url_env).filter_map(|name| Some((name.clone(), set(name, env)?)));
    let host = || vendor.host_env.as_ref().and_then(|name| Some((name.clone(), server_url(&set(name, env)?))));
    urls.next().or_else(host)
}

/// Reads how many times as fast the demonstration models answer.
fn demo_speed(env: Env<'_>) -> Result<u32, StoreError> {
    let Some(value) = set(DEMO_SPEED, env) else {
        return Ok(1);
    };
    value.parse().ok().filter(|speed| (1..=1000).contains(speed)).ok_or_else(|| {
        let message = format!("{DEMO_SPEED} is {}; it is a whole number from 1 to 1000", quoted(&value));
        StoreError::new(message)
    })
}

/// Lists the variables in which the vendors' keys usually are.
pub fn usual_keys() -> impl Iterator<Item = &'static str> {
    Vendor::all().iter().flat_map(|vendor| vendor.key_env.iter().map(String::as_str))
}

fn set(name: &str, env: Env<'_>) -> Option<String> {
    env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Makes an address of `OLLAMA_HOST`, which is written for the server: the scheme, the host or
/// the port may be missing, and "every address" means this machine.
fn server_url(host: &str) -> String {
    let (scheme, rest) = host.split_once("://").unwrap_or(("http", host));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let port_at = authority.rfind(':').filter(|colon| authority.rfind(']').is_none_or(|bracket| bracket < *colon));
    let (name, port) = port_at.map_or((authority, ""), |colon| authority.split_at(colon));
    let name = match name {
        "" | "0.0.0.0" => "127.0.0.1",
        "[::]" => "[::1]",
        name => name,
    };
    let port = match (port, scheme) {
        ("" | ":", "http") => ":11434",
        (":", _) => "",
        (port, _) => port,
    };
    format!("{scheme}://{name}{port}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::server_url;

    #[test]
    fn ollamas_host_becomes_an_address() {
        for (host, url) in [
            ("127.0.0.1", "http://127.0.0.1:11434"),
            ("0.0.0.0:8000", "http://127.0.0.1:8000"),
            (":8000", "http://127.0.0.1:8000"),
            ("[::]", "http://[::1]:11434"),
            ("box.lan:80/", "http://box.lan:80"),
            ("https://box.lan", "https://box.lan"),
            ("http://box.lan:1234/ollama/", "http://box.lan:1234/ollama"),
        ] {
            assert_eq!(server_url(host), url);
        }
    }
}
