//! The request of a call, whatever its wire: its address, its headers, and its body as the target's options have it.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::{Map, Value};

use crate::{
    model::{
        CallError, ErrorKind, Message, Params, Role, Target,
        prompt::Param,
        target_settings::{Auth, SecretPlace, SystemRole},
    },
    provider::{
        Call, ProviderTransport, WireFormat,
        address_hints::{RequestDestination, endpoints},
        wires::HttpWire,
    },
};

/// Writes the body of a call: what the wire writes of it, as the target's options have it.
pub(crate) fn body(wire: &dyn HttpWire, call: &Call) -> Value {
    let options = &call.target.options;
    let mut body = wire.body(&changed(call));
    if let Value::Object(fields) = &mut body {
        if options.whole && fields.contains_key("stream") {
            fields.insert("stream".to_owned(), false.into());
            fields.remove("stream_options");
        }
        for name in &options.drop {
            take(fields, name);
        }
        for (name, other) in &options.rename {
            if let Some(value) = take(fields, name) {
                put(fields, other, value);
            }
        }
    }
    body
}

/// Takes out of a call what its target is not to be sent, by the names that all wires share.
fn changed(call: &Call) -> Cow<'_, Call> {
    let options = &call.target.options;
    if options.drop.is_empty() && options.system == SystemRole::Keep {
        return Cow::Borrowed(call);
    }
    let mut call = call.clone();
    for name in &call.target.options.drop {
        drop_param(&mut call.params, &mut call.format, name);
    }
    if options.system == SystemRole::Fold {
        call.messages = folded(call.messages);
    }
    Cow::Owned(call)
}

fn drop_param(params: &mut Params, format: &mut WireFormat, name: &str) {
    match Param::named(name) {
        Some(known) => known.clear(params),
        None if name == "response_format" => *format = WireFormat::Text,
        None => drop(params.extra.shift_remove(name)),
    }
}

/// Puts the text of system messages in front of the first user message, or makes one of it.
fn folded(messages: Vec<Message>) -> Vec<Message> {
    let (system, mut rest): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| message.role == Role::System);
    if system.is_empty() {
        return rest;
    }
    let mut texts: Vec<String> = system.into_iter().map(|message| message.content).collect();
    match rest.iter_mut().find(|message| message.role == Role::User) {
        Some(first) => {
            texts.push(std::mem::take(&mut first.content));
            first.content = texts.join("\n\n");
        }
        None => rest.insert(0, Message::of(Role::User, texts.join("\n\n"))),
    }
    rest
}

/// Takes a field out: one of this name, else what a path of names between dots leads to.
fn take(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    if let Some(value) = fields.shift_remove(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    take(fields.get_mut(first)?.as_object_mut()?, rest)
}

/// Sets the field that a path of names between dots leads to, or one of this name where the path leads nowhere.
fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        Some((first, rest)) if fields.get(first).is_some_and(Value::is_object) => {
            if let Some(Value::Object(inner)) = fields.get_mut(first) {
                put(inner, rest, value);
            }
        }
        Some(_) | None => drop(fields.insert(name.to_owned(), value)),
    }
}

/// Joins the address of a call's target and the path that its options or its wire have.
pub(crate) fn call_url(wire: &dyn HttpWire, call: &Call) -> Result<String, CallError> {
    let (target, options) = (&call.target, &call.target.options);
    let path = match (&options.path, &options.prefix) {
        (Some(path), _) => filled(path, &target.model),
        (None, Some(prefix)) => format!("{}{}", filled(prefix, &target.model), wire.path(call)),
        (None, None) => wire.path(call).into_owned(),
    };
    Ok(join(base(target)?, &path))
}

/// Joins the address of what lists the models of a target's provider.
pub(crate) fn models_url(wire: &dyn HttpWire, target: &Target) -> Result<String, CallError> {
    let prefix = target.options.models_prefix.as_deref().unwrap_or_default();
    let base = base(target)?.trim_end_matches('/');
    // An address that was pasted with the path of calls leads to them as it is; the list is beside them.
    let bare = endpoints(target.kind).iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base);
    Ok(join(bare, &format!("{prefix}{}", wire.models_path())))
}

/// Joins the address of a target's provider and a path of its API beside that of calls.
pub(crate) fn beside_url(target: &Target, path: &str) -> Result<String, CallError> {
    let base = base(target)?.trim_end_matches('/');
    let bare = endpoints(target.kind).iter().find_map(|end| base.strip_suffix(end)).unwrap_or(base);
    let prefix = target.options.prefix.as_deref().map(|prefix| filled(prefix, &target.model)).unwrap_or_default();
    Ok(join(bare, &format!("{prefix}{path}")))
}

/// Describes where a target's requests go, as far as hints need it.
pub(crate) fn destination(target: &Target, transport: Option<&ProviderTransport>) -> Option<RequestDestination> {
    Some(RequestDestination {
        provider: target.provider.clone(),
        wire: target.kind,
        base_url: base(target).ok()?.to_owned(),
        own_path: target.options.path.is_some(),
        ca_file: transport.is_some_and(ProviderTransport::has_authorities),
        client_cert: transport.is_some_and(ProviderTransport::has_identity),
    })
}

/// Returns the address of a target, or says how to name one.
pub(crate) fn base(target: &Target) -> Result<&str, CallError> {
    let vendor = target.vendor();
    let own = vendor.and_then(|vendor| vendor.base_url.as_deref());
    let address = target.base_url.as_deref().or(own);
    if let Some(hostless) =
        address.filter(|url| url.split_once("://").is_some_and(|(_, rest)| rest.starts_with('/') || rest.is_empty()))
    {
        return Err(CallError::new(ErrorKind::NotAnApi, format!("base_url has no host: {hostless}")));
    }
    address.ok_or_else(|| {
        let variable = vendor.map(|vendor| vendor.url_env.first().cloned().unwrap_or_else(|| vendor.url_variable()));
        let set = variable.map_or_else(String::new, |variable| format!("set {variable} or "));
        let provider = &target.provider;
        let text = format!("no address for {provider}: {set}add base_url to [providers.{provider}]");
        CallError::new(ErrorKind::NotAnApi, text)
    })
}

/// Fills the model's name into a path, as a part of one.
fn filled(path: &str, model: &str) -> String {
    path.replace("{model}", &escaped(model, b"/:"))
}

/// Joins a base URL and a path. What the one ends with and the other begins with stands once: base URLs are written
/// with and without the version that is in a path.
pub(crate) fn join(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    let starts = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
    // The host is no part of a path.
    let host = base.find("://").map_or(0, |scheme| scheme + "://".len());
    let own = base.get(host..).unwrap_or_default();
    let shared = starts.filter_map(|end| path.get(..end)).filter(|start| own.ends_with(start)).last();
    format!("{}{path}", shared.and_then(|shared| base.strip_suffix(shared)).unwrap_or(base))
}

/// Writes a query after an address.
pub(crate) fn with_query<'a>(url: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut url = url.to_owned();
    for (name, value) in query {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&escaped(name, b""));
        url.push('=');
        url.push_str(&escaped(value, b""));
    }
    url
}

/// Escapes what has no place of its own in a path or a query, but those bytes that are `kept`.
pub(crate) fn escaped(text: &str, kept: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Lists the named values of a request that settings have: where each stands, its name, its value.
pub(crate) fn named_values(wire: &dyn HttpWire, target: &Target) -> Vec<(SecretPlace, String, String)> {
    let own = wire.headers().iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let headers = own.chain(target.headers.clone()).map(|(name, value)| (SecretPlace::Header, name, value));
    let query = target.options.query.clone().into_iter().map(|(name, value)| (SecretPlace::Query, name, value));
    headers.chain(query).collect()
}

/// Returns the header that carries the key, and what stands in it before the key.
pub(crate) fn key_header(wire: &dyn HttpWire, target: &Target) -> (String, String) {
    let (name, before) = wire.key_header();
    let own = target.options.auth.as_ref().map(|auth: &Auth| (auth.header.to_ascii_lowercase(), auth.before()));
    own.unwrap_or_else(|| (name.to_owned(), before.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_address_and_a_path_share_stands_once() {
        for (base, path, whole) in [
            ("https://a/v1", "/chat/completions", "https://a/v1/chat/completions"),
            ("https://a", "/v1/messages", "https://a/v1/messages"),
            ("https://a/v1/", "/v1/messages", "https://a/v1/messages"),
            ("https://a/x", "/openai/v1/models", "https://a/x/openai/v1/models"),
            ("https://a/openai", "/openai/v1/models", "https://a/openai/v1/models"),
            ("https://a/openai/v1", "/openai/v1/models", "https://a/openai/v1/models"),
            ("https://v1", "/v1/messages", "https://v1/v1/messages"),
        ] {
            assert_eq!(join(base, path), whole);
        }
        assert_eq!(filled("/d/{model}/c", "a b/é:1"), "/d/a%20b/%C3%A9:1/c");
        assert_eq!(
            with_query("https://a/b", [("v", "2024-10-21"), ("k", "a&b=c d")]),
            "https://a/b?v=2024-10-21&k=a%26b%3Dc%20d"
        );
    }

    #[test]
    fn system_messages_go_in_front_of_the_first_user_message() {
        let message = |role, content: &str| Message::of(role, content);
        let all = vec![
            message(Role::System, "a"),
            message(Role::Assistant, "b"),
            message(Role::User, "c"),
            message(Role::System, "d"),
        ];
        assert_eq!(folded(all), [message(Role::Assistant, "b"), message(Role::User, "a\n\nd\n\nc")]);
        assert_eq!(folded(vec![message(Role::System, "a")]), [message(Role::User, "a")]);
        assert_eq!(folded(vec![message(Role::User, "a")]), [message(Role::User, "a")]);
    }

    #[test]
    fn fields_are_taken_and_put_at_any_depth() {
        let mut body = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e.f": 4 });
        let fields = body.as_object_mut().unwrap();
        assert_eq!(take(fields, "b.c"), Some(json!(2)));
        assert_eq!(take(fields, "e.f"), Some(json!(4)));
        assert_eq!((take(fields, "b.x"), take(fields, "x.y"), take(fields, "a.b")), (None, None, None));
        put(fields, "b.z", json!(5));
        put(fields, "x.y", json!(6));
        assert_eq!(body, json!({ "a": 1, "b": { "d": 3, "z": 5 }, "x.y": 6 }));
    }
}
