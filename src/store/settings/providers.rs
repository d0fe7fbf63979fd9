//! The providers that need no configuration, as their usual environment variables set them.

use super::{super::job::StoreFault, Env, check};
use crate::model::{KeySource, Settings, settings::ProviderSettings, target::ProviderKind};

/// A provider that is there by itself: its name, kind, and the variables of its key and address.
const BUILT_IN: &[(&str, ProviderKind, Option<&str>, Option<&str>)] = &[
    ("openai", ProviderKind::OpenAi, Some("OPENAI_API_KEY"), Some("OPENAI_BASE_URL")),
    ("anthropic", ProviderKind::Anthropic, Some("ANTHROPIC_API_KEY"), Some("ANTHROPIC_BASE_URL")),
    ("ollama", ProviderKind::Ollama, None, Some("OLLAMA_HOST")),
    ("demo", ProviderKind::Demo, None, None),
];

/// Adds the built-in providers, and to those the file configures under the same name and kind
/// what it leaves open. An address in the file stands alone: the environment's key is never sent
/// to it unless the file says so.
pub(super) fn join(settings: &mut Settings, env: Env<'_>) -> Result<(), StoreFault> {
    for (name, kind, key, address) in BUILT_IN {
        let provider = settings.providers.entry((*name).to_owned()).or_insert_with(|| ProviderSettings::of(*kind));
        if provider.kind != *kind || provider.base_url.is_some() {
            continue;
        }
        if let Some((variable, value)) = address.and_then(|name| Some((name, set(name, env)?))) {
            let url = if *kind == ProviderKind::Ollama { ollama(&value) } else { value };
            check::base_url(&url).map_err(|message| {
                let message = message.replace("`base_url`", variable);
                StoreFault::new(format!("the environment variable {variable} cannot be used: {message}"))
            })?;
            provider.base_url = Some(url);
        }
        if let (Some(variable), true) = (key, provider.api_keys.is_empty()) {
            provider.api_keys.push(KeySource::Env((*variable).to_owned()));
            provider.usual_key = true;
        }
    }
    Ok(())
}

/// Names the variable in which a vendor's key usually is.
#[must_use]
pub fn usual_key(kind: ProviderKind) -> Option<&'static str> {
    BUILT_IN.iter().find(|(_, known, ..)| *known == kind).and_then(|(_, _, key, _)| *key)
}

/// Lists the variables in which the vendors' keys usually are.
pub fn usual_keys() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().filter_map(|(_, _, key, _)| *key)
}

fn set(name: &str, env: Env<'_>) -> Option<String> {
    env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Makes an address of `OLLAMA_HOST`, which is written for the server: the scheme, the host or
/// the port may be missing, and "every address" means this machine.
fn ollama(host: &str) -> String {
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
    use super::ollama;

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
            assert_eq!(ollama(host), url);
        }
    }
}
