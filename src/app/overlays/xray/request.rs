//! What was sent in an attempt, or would be: computed again from what is on record.

use crate::{
    app::{context::Shared, overlays::xray::Xray, snippet},
    model::{AnswerSource, Message, Params, Target, header, header::HeaderPiece},
    pipeline::{RequestPreview, event::RunEvent, preview_of, sent_request},
    present::attachments::chip,
    template,
    text::json,
};

/// A request as far as it is known.
#[derive(Debug, Default)]
pub(super) struct ShownRequest {
    /// Which attempt it is of, and where it comes from.
    pub heading: String,
    /// Method and address, and a row for each header.
    pub head: Vec<String>,
    /// The body, indented; of a target that is not asked over HTTP, the messages.
    pub body: String,
    /// What was filled in.
    pub filled: Vec<String>,
    /// What was left out or changed, and why.
    pub notices: Vec<String>,
    /// Why there is none.
    pub error: Option<String>,
}

/// What of an attempt is on record.
struct SentAttempt<'a> {
    target: &'a str,
    key: Option<&'a str>,
    params: &'a Params,
    notices: &'a [String],
    number: usize,
    of: usize,
}

fn attempt(xray: &Xray) -> Option<SentAttempt<'_>> {
    let all = xray.attempts();
    let at = xray.attempt.unwrap_or(all.len().saturating_sub(1));
    let RunEvent::Attempt { target, key, params, notices, .. } = all.get(at)? else {
        return None;
    };
    Some(SentAttempt { target, key: key.as_deref(), params, notices, number: at + 1, of: all.len() })
}

/// Returns the messages as they were sent to the first target, and what was said of them.
fn prepared(xray: &Xray) -> Option<(&[Message], &[String])> {
    xray.events.iter().find_map(|timed| match &timed.event {
        RunEvent::Prepared { messages, notices, .. } if !messages.is_empty() => {
            Some((messages.as_slice(), notices.as_slice()))
        }
        _ => None,
    })
}

/// Computes the request that is shown, with its target.
fn computed(xray: &Xray, shared: &Shared) -> Result<(Target, RequestPreview), String> {
    let source = xray.source.as_deref().ok_or("What was asked is not on record.")?;
    let AnswerSource { prompt, input, own, target: first, .. } = source;
    let sent = attempt(xray);
    let name = sent.as_ref().map_or(first.as_str(), |sent| sent.target);
    let target = shared.catalog.resolve(name).map_err(|unknown| unknown.to_string())?;
    match (sent, prepared(xray)) {
        (Some(sent), Some((messages, notices))) if sent.target == first => {
            let http = sent_request(prompt, messages, sent.params, &target);
            let notices = [notices, sent.notices].concat();
            Ok((target, RequestPreview { http, messages: messages.to_vec(), notices }))
        }
        (sent, _) => {
            let target = shared.quirks.corrected(target);
            let shown = preview_of(prompt, own, input, &target).map_err(|error| error.to_string())?;
            let Some(sent) = sent else {
                return Ok((target, shown));
            };
            let http = sent_request(prompt, &shown.messages, sent.params, &target);
            Ok((target, RequestPreview { http, notices: sent.notices.to_vec(), ..shown }))
        }
    }
}

/// Writes the request that is shown as a command line; none where the target is not asked over HTTP.
pub(super) fn curl(xray: &Xray, shared: &Shared) -> Option<String> {
    let (target, shown) = computed(xray, shared).ok()?;
    Some(snippet::curl(&shown.http?, &target, &shared.settings))
}

/// Describes the request that is shown.
pub(super) fn shown(xray: &Xray, shared: &Shared) -> ShownRequest {
    let sent = attempt(xray);
    let heading = match &sent {
        Some(sent) => format!(
            "Attempt {} of {} · computed again from the messages and parameters on record; the bytes are not kept",
            sent.number, sent.of
        ),
        None if xray.events.is_empty() => "Not sent yet · what a run would send now".to_owned(),
        None => "Nothing was sent · what a call would send".to_owned(),
    };
    let (target, RequestPreview { http, messages, mut notices }) = match computed(xray, shared) {
        Ok(computed) => computed,
        Err(error) => return ShownRequest { heading, error: Some(error), ..ShownRequest::default() },
    };
    notices.dedup();
    let filled = xray.source.as_deref().map(filled).unwrap_or_default();
    let Some(request) = http else {
        let written = |message: &Message| {
            let chips = message.attachments.iter().map(|attachment| format!("{}\n", chip(attachment, false)));
            format!("{}:\n{}{}\n", message.role.name(), chips.collect::<String>(), message.content)
        };
        let body = messages.iter().map(written);
        let head = vec![format!("{} is not asked over HTTP: the messages as they are handed over", target.name)];
        return ShownRequest { heading, head, body: body.collect(), filled, notices, error: None };
    };
    let key = sent.as_ref().and_then(|sent| sent.key.map(str::to_owned));
    let key = key.or_else(|| snippet::key_label(&target, &shared.settings));
    let query = request.query.iter().map(|(name, value)| (name.as_str(), masked(value)));
    let query: Vec<(&str, String)> = query.collect();
    let mut head = vec![
        format!("POST {}", request.url_with(query.iter().map(|(name, value)| (*name, value.as_str())))),
        "content-type: application/json".to_owned(),
    ];
    head.extend(request.headers.iter().map(|(name, value)| format!("{name}: {}", masked(value))));
    head.extend(key.map(|key| format!("{}: {}{MASK}  (key {key})", request.key.0, request.key.1)));
    let body = json::to_pretty(&request.body).unwrap_or_default();
    ShownRequest { heading, head, body, filled, notices, error: None }
}

/// What stands for a secret.
const MASK: &str = "••••••••";

/// Writes a header's value with every secret masked.
fn masked(value: &str) -> String {
    let part = |part| match part {
        HeaderPiece::Text(text) => text.to_owned(),
        HeaderPiece::Secret(_) => MASK.to_owned(),
    };
    header::parts(value).into_iter().map(part).collect()
}

/// Characters of a value that are shown.
const VALUE: usize = 60;

/// Says what the variables of the prompt were filled with.
fn filled(source: &AnswerSource) -> Vec<String> {
    let (asks, _) = template::asks_of(&source.prompt.turns());
    let mut names = asks.names;
    names.sort_unstable();
    let value = |name: String| {
        let value = source.input.value(&name)?;
        let cut: String = value.chars().take(VALUE).collect();
        let more = if cut.len() < value.len() { "…" } else { "" };
        Some(format!("{name} = {}{more}", cut.replace('\n', " ")))
    };
    names.into_iter().filter_map(value).collect()
}
