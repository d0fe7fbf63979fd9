//! The next step after an address that does not lead to the API: what was seen, and which line to change.
//!
//! One table ([`hint`]) of what a request met; it looks at the address alone and asks nobody.

use url::Url;

use crate::model::{Vendor, Wire, address::is_loopback};

/// Where a request went, as far as hints need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestDestination {
    /// The provider, by its name in the settings.
    pub(crate) provider: String,
    pub(crate) wire: Wire,
    /// Its address, as it is set.
    pub(crate) base_url: String,
    /// Whether `path` is set, so that the path is the user's own.
    pub(crate) own_path: bool,
    /// Whether `ca_file` is set.
    pub(crate) ca_file: bool,
    /// Whether `client_cert` is set.
    pub(crate) client_cert: bool,
}

/// What a request met that an address can be the cause of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Symptom {
    /// Nothing listens at the port.
    PortClosed,
    /// The name has no address.
    HostUnknown,
    /// A handshake of TLS was answered by something else.
    NotTls,
    /// A request in plain HTTP was answered by a server that speaks TLS.
    WantsTls,
    /// The server knows no such path, or answered with a web page.
    NoSuchPath,
    /// The server's certificate is signed by nobody who is trusted.
    UnknownAuthority,
    /// The server's certificate is over, or not valid yet.
    OutOfDate,
    /// The server's certificate is another host's.
    OtherHost,
    /// The server's certificate is an authority's own.
    OwnAuthority,
    /// The server wants a certificate, or another one.
    ClientCertificate,
    /// The proxy wants a name and a password.
    ProxyCredentials,
    /// The proxy cannot be reached.
    ProxyUnreachable,
    /// The proxy did not connect to the server.
    ProxyRefused,
    /// The name has no address here, where it is looked up for the proxy.
    LookedUpHere,
}

/// How the usual servers are started.
const STARTS: &[(&str, &str)] = &[
    ("llamacpp", "llama-server -m MODEL.gguf"),
    ("docker", "docker desktop enable model-runner --tcp 12434"),
    ("lmstudio", "lms server start"),
    ("ollama", "ollama serve"),
    ("vllm", "vllm serve MODEL"),
    ("sglang", "python3 -m sglang.launch_server --model-path MODEL"),
    ("litellm", "litellm --config config.yaml"),
];

/// The paths that calls of a wire are posted to. People paste them with the address.
pub(crate) fn endpoints(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::OpenAi => &["/chat/completions"],
        Wire::Responses => &["/responses"],
        Wire::Anthropic => &["/v1/messages", "/messages"],
        Wire::Ollama => &["/api/chat", "/api/generate"],
        Wire::Gemini | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => &[],
    }
}

/// The most edits between the name of a host and the one that is meant.
const SLIP: usize = 2;

/// Finds the next step; none where there is none to name.
pub(crate) fn hint(symptom: Symptom, to: &RequestDestination) -> Option<String> {
    let url = Url::parse(&to.base_url).ok()?;
    let table = format!("[providers.{}]", to.provider);
    let try_instead = |base_url: &str| format!("try `base_url = \"{base_url}\"` in {table}");
    Some(match symptom {
        Symptom::PortClosed => port_closed(&url, to),
        Symptom::HostUnknown => match similar_host(&url) {
            Some(base_url) => format!("is {} meant? {}", host_of(&base_url), try_instead(&base_url)),
            None => "is its name in base_url right, is there a network?".to_owned(),
        },
        Symptom::NotTls => format!("is it meant to be asked over http? {}", try_instead(&with_scheme(to, "http")?)),
        Symptom::WantsTls => format!("it speaks TLS: {}", try_instead(&with_scheme(to, "https")?)),
        Symptom::NoSuchPath => no_such_path(&url, to, &try_instead)?,
        Symptom::UnknownAuthority if to.ca_file => {
            format!("the file in `ca_file` of {table} does not hold the authority that signed it")
        }
        Symptom::UnknownAuthority => format!(
            "this machine does not know who signed it: name the authority's PEM file in `ca_file` in {table}, as your \
             company or lab gives it out"
        ),
        Symptom::OutOfDate => {
            "it has to be renewed on the server, unless the clock of this machine is wrong".to_owned()
        }
        Symptom::OtherHost => {
            format!("ask it by a name that its certificate has, in `base_url` of {table}, not by another or a number")
        }
        Symptom::OwnAuthority => "the server shows the certificate of an authority itself; have it sign one for the \
             server (`basicConstraints = CA:FALSE`) and keep the authority's in `ca_file`"
            .to_owned(),
        Symptom::ClientCertificate if to.client_cert => {
            format!("the server does not take the certificate in `client_cert` of {table}")
        }
        Symptom::ClientCertificate => {
            format!("the server wants a certificate: name its PEM file in `client_cert` in {table}")
        }
        Symptom::ProxyCredentials => {
            "it wants a name and a password: http://NAME:PASSWORD@HOST:PORT, for the setting by `env:NAME`".to_owned()
        }
        Symptom::ProxyUnreachable => {
            format!("is the proxy running, is its address right? `proxy = \"none\"` in {table} goes without one")
        }
        Symptom::ProxyRefused => {
            format!("may it connect to there? `proxy = \"none\"` in {table} goes without one")
        }
        Symptom::LookedUpHere => {
            "socks5:// looks names up on this machine; socks5h:// has the proxy look them up".to_owned()
        }
    })
}

/// Returns the address with another scheme.
fn with_scheme(to: &RequestDestination, scheme: &str) -> Option<String> {
    let (_, rest) = to.base_url.split_once("://")?;
    Some(format!("{scheme}://{rest}"))
}

/// Returns host and port of an address as they are written.
fn host_of(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn port_of(base_url: &str) -> Option<u16> {
    Url::parse(base_url).ok()?.port_or_known_default()
}

fn port_closed(url: &Url, to: &RequestDestination) -> String {
    let own = Vendor::named(&to.provider).filter(|vendor| vendor.local);
    let local = || Vendor::all().iter().filter(|vendor| vendor.local);
    let at_port = || local().find(|vendor| vendor.base_url.as_deref().and_then(port_of) == url.port_or_known_default());
    let vendor = own.or_else(at_port);
    if !is_loopback(url.as_str()) {
        return "is the server started, is the port right, and does it listen for other machines (`--host 0.0.0.0`)?"
            .to_owned();
    }
    let start = vendor.and_then(|vendor| {
        let (_, start) = STARTS.iter().find(|(name, _)| *name == vendor.name)?;
        Some(format!(" ({}: `{start}`)", vendor.title))
    });
    format!("is the server started?{}", start.unwrap_or_default())
}

/// Finds the vendor whose host a name is a slip of; returns its address.
fn similar_host(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let known = Vendor::all().iter().filter(|vendor| !vendor.local).filter_map(|vendor| vendor.base_url.as_deref());
    let near = known.filter_map(|base_url| {
        let edits = strsim::damerau_levenshtein(host, host_of(base_url));
        (1..=SLIP).contains(&edits).then_some((edits, base_url))
    });
    near.min().map(|(_, base_url)| base_url.to_owned())
}

fn no_such_path(url: &Url, to: &RequestDestination, try_instead: &dyn Fn(&str) -> String) -> Option<String> {
    if to.own_path {
        return Some(format!("is `path` in [providers.{}] right?", to.provider));
    }
    let base = to.base_url.trim_end_matches('/');
    let path = url.path().trim_end_matches('/');
    let origin = base.strip_suffix(path).unwrap_or(base);
    let port = url.port_or_known_default();
    let same = |vendor: &&Vendor| {
        vendor.base_url.as_deref().is_some_and(|own| {
            if is_loopback(base) { vendor.local && port_of(own) == port } else { host_of(own) == host_of(base) }
        })
    };
    let other_wire = Wire::ALL.iter().copied().filter(|wire| *wire != to.wire);
    let pasted = other_wire.flat_map(|wire| endpoints(wire).iter().map(move |end| (wire, *end)));
    let pasted = pasted.into_iter().find(|(_, end)| path.ends_with(end));
    let doubled = path.split('/').zip(path.split('/').skip(1)).find(|(one, next)| one == next && is_version(one));
    let here: Vec<&Vendor> = Vendor::all().iter().filter(same).collect();
    if let Some((wire, _)) = pasted {
        return Some(format!(
            "base_url has the path of another API: `wire = \"{wire}\"` in [providers.{}] speaks it",
            to.provider
        ));
    }
    if let Some((version, _)) = doubled {
        let once = path.replace(&format!("/{version}/{version}"), &format!("/{version}"));
        return Some(format!("/{version} stands twice in it: {}", try_instead(&format!("{origin}{once}"))));
    }
    if let Some(vendor) = here.iter().find(|vendor| vendor.takes(to.wire)) {
        let own = vendor.base_url.as_deref()?.trim_end_matches('/');
        // Ollama's address has no version on its own wire, and one on the others.
        let own = if vendor.wire == to.wire || is_versioned(own) { own.to_owned() } else { versioned(own, to.wire)? };
        let own = if vendor.local { own.replacen(host_of(&own), host_of(base), 1) } else { own };
        if own != base {
            return Some(format!("the address of {} is another: {}", vendor.title, try_instead(&own)));
        }
        if !vendor.local {
            return None;
        }
    } else if let Some(vendor) = here.first() {
        let (wire, own) = (vendor.wire, vendor.base_url.as_deref()?);
        let title = if vendor.local { format!("{}, if it runs there,", vendor.title) } else { vendor.title.clone() };
        return Some(format!(
            "{title} speaks `wire = \"{wire}\"`: set it in [providers.{}], with base_url {own}",
            to.provider
        ));
    }
    match to.wire {
        Wire::OpenAi | Wire::Responses | Wire::Gemini if !path.split('/').any(is_version) => {
            let whole = versioned(base, to.wire)?;
            Some(format!("is the API under {}? {}", whole.strip_prefix(origin).unwrap_or(&whole), try_instead(&whole)))
        }
        Wire::Ollama => Some(format!(
            "does an Ollama answer there? A server that speaks as OpenAI does is asked by `wire = \"openai\"` and {}",
            versioned(base, Wire::OpenAi)?
        )),
        Wire::Anthropic | Wire::OpenAi | Wire::Responses | Wire::Gemini | Wire::Inference | Wire::Replicate => {
            Some(format!("are `base_url` and `wire = \"{}\"` in [providers.{}] right?", to.wire, to.provider))
        }
        Wire::Command | Wire::Demo => None,
    }
}

/// Tells whether a part of a path names a version of an API: `v1`, `v1beta`.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_versioned(base_url: &str) -> bool {
    base_url.split('/').skip(3).any(is_version)
}

/// Returns the address with the version that a wire's paths usually have before them.
fn versioned(base: &str, wire: Wire) -> Option<String> {
    let version = match wire {
        Wire::OpenAi | Wire::Responses | Wire::Replicate => "v1",
        Wire::Gemini => "v1beta",
        Wire::Anthropic | Wire::Ollama | Wire::Inference => return Some(base.to_owned()),
        Wire::Command | Wire::Demo => return None,
    };
    Some(if is_versioned(base) { base.to_owned() } else { format!("{base}/{version}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(wire: Wire, base_url: &str) -> RequestDestination {
        RequestDestination {
            provider: "p".to_owned(),
            wire,
            base_url: base_url.to_owned(),
            own_path: false,
            ca_file: false,
            client_cert: false,
        }
    }

    fn words(symptom: Symptom, wire: Wire, base_url: &str) -> String {
        hint(symptom, &to(wire, base_url)).unwrap_or_default()
    }

    #[test]
    fn a_path_that_is_not_there_leads_to_the_address_that_may_be_meant() {
        for (wire, base_url, want) in [
            (
                Wire::OpenAi,
                "http://10.0.0.1:8080",
                "is the API under /v1? try `base_url = \"http://10.0.0.1:8080/v1\"`",
            ),
            (Wire::OpenAi, "https://h.example/proxy/", "try `base_url = \"https://h.example/proxy/v1\"`"),
            (Wire::Responses, "http://10.0.0.1", "try `base_url = \"http://10.0.0.1/v1\"`"),
            (Wire::Gemini, "https://h.example", "try `base_url = \"https://h.example/v1beta\"`"),
            (
                Wire::OpenAi,
                "https://h.example/v1/v1",
                "/v1 stands twice in it: try `base_url = \"https://h.example/v1\"`",
            ),
            (Wire::OpenAi, "https://api.openai.com/", "try `base_url = \"https://api.openai.com/v1\"`"),
            (
                Wire::OpenAi,
                "https://api.groq.com/v1",
                "the address of Groq is another: try `base_url = \"https://api.groq.com/openai/v1\"`",
            ),
            (
                Wire::OpenAi,
                "http://localhost:11434",
                "the address of Ollama is another: try `base_url = \"http://localhost:11434/v1\"`",
            ),
            (Wire::OpenAi, "https://api.anthropic.com/v1", "Anthropic speaks `wire = \"anthropic\"`"),
            (Wire::Ollama, "http://10.0.0.1:8080", "`wire = \"openai\"` and http://10.0.0.1:8080/v1"),
            (Wire::OpenAi, "https://h.example/v1/messages", "`wire = \"anthropic\"` in [providers.p] speaks it"),
            (Wire::Anthropic, "https://h.example/v1/chat/completions", "`wire = \"openai\"`"),
            (Wire::OpenAi, "https://h.example/v1", "are `base_url` and `wire = \"openai\"` in [providers.p] right?"),
        ] {
            let words = words(Symptom::NoSuchPath, wire, base_url);
            assert!(words.contains(want), "{wire} {base_url}: {words}");
        }
        let own = RequestDestination { own_path: true, ..to(Wire::OpenAi, "http://10.0.0.1") };
        assert!(hint(Symptom::NoSuchPath, &own).unwrap().contains("`path` in [providers.p]"));
        // At a vendor's own address the path is right.
        assert_eq!(words(Symptom::NoSuchPath, Wire::OpenAi, "https://api.openai.com/v1"), "");
    }

    #[test]
    fn a_closed_port_names_the_server_that_is_usually_there_and_how_it_is_started() {
        for (base_url, want) in [
            ("http://127.0.0.1:8080/v1", "llama.cpp: `llama-server -m MODEL.gguf`"),
            ("http://localhost:11434/v1", "Ollama: `ollama serve`"),
            ("http://127.0.0.1:1234/v1", "LM Studio: `lms server start`"),
            ("http://127.0.0.1:9999/v1", "is the server started?"),
            ("http://10.0.0.1:8080/v1", "`--host 0.0.0.0`"),
        ] {
            let words = words(Symptom::PortClosed, Wire::OpenAi, base_url);
            assert!(words.contains(want), "{base_url}: {words}");
        }
        let known: Vec<&str> =
            Vendor::all().iter().filter(|vendor| vendor.local).map(|own| own.name.as_str()).collect();
        for (name, _) in STARTS {
            assert!(known.contains(name), "{name}");
        }
        for name in known {
            assert!(STARTS.iter().any(|(own, _)| *own == name), "{name} has no command that starts it");
        }
    }

    #[test]
    fn a_slip_in_a_hosts_name_leads_to_the_vendor() {
        let unknown = |base_url| words(Symptom::HostUnknown, Wire::OpenAi, base_url);
        assert!(
            unknown("https://api.opnai.com/v1")
                .contains("is api.openai.com meant? try `base_url = \"https://api.openai.com/v1\"`")
        );
        assert!(unknown("https://api.gorq.com/openai/v1").contains("api.groq.com"));
        assert!(unknown("https://llm.my-company.example/v1").contains("is there a network?"));
    }

    #[test]
    fn the_scheme_that_is_meant_is_written_out() {
        assert!(
            words(Symptom::NotTls, Wire::OpenAi, "https://10.0.0.1:8080/v1").contains("\"http://10.0.0.1:8080/v1\"")
        );
        assert!(words(Symptom::WantsTls, Wire::OpenAi, "http://h.example/v1").contains("\"https://h.example/v1\""));
    }

    #[test]
    fn certificates_lead_to_the_setting_that_is_missing_or_wrong() {
        let plain = to(Wire::OpenAi, "https://h.example/v1");
        let own = RequestDestination { ca_file: true, client_cert: true, ..plain.clone() };
        for (symptom, first, second) in [
            (Symptom::UnknownAuthority, "name the authority's PEM file in `ca_file`", "does not hold the authority"),
            (Symptom::ClientCertificate, "name its PEM file in `client_cert`", "does not take the certificate"),
        ] {
            assert!(hint(symptom, &plain).unwrap().contains(first), "{symptom:?}");
            assert!(hint(symptom, &own).unwrap().contains(second), "{symptom:?}");
        }
    }
}
