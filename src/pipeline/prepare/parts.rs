//! The parts of messages: from templates to what is sent, and whether a target takes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    model::{
        Attachment, CallError, ErrorKind, Input, MediaKind, Message, Part, Prompt, Role, Target,
        attachment::PartOrigin, wire::Carries,
    },
    template,
    template::{FillBudget, Unfilled, conversation},
};

/// The names of models that take a part, at most, in the words of a refusal.
const NAMED: usize = 3;

/// Fills what the parts of a message name. The names of variables without a value go to `missing`.
pub(crate) fn fill(
    parts: &[Part],
    input: &Input,
    budget: &mut FillBudget,
    missing: &mut BTreeSet<String>,
) -> Result<Vec<Attachment>, CallError> {
    let mut filled = Vec::new();
    for part in parts {
        match template::fill(&part.source, input, budget) {
            Ok(source) => {
                let whose = if part.is_variable() { PartOrigin::Input } else { PartOrigin::Prompt };
                filled.push(part.filled(&source, whose).map_err(wrong)?);
            }
            Err(Unfilled::Missing(names)) => missing.extend(names),
            Err(Unfilled::Mistake(mistake)) => {
                return Err(wrong(format!("{} = {:?}, {mistake}", part.kind.name(), part.source)));
            }
        }
    }
    Ok(filled)
}

/// Finds the message that the parts of an input go with, by its place: the last one of the person's that has the input's text
/// in it. None where no message has it: they go with the last one then.
pub(crate) fn holder(prompt: &Prompt) -> Option<usize> {
    let has_input =
        |text: &str| template::asks(text).names.iter().any(|name| template::is_given(name, |part| part == "input"));
    let turns: Vec<_> = prompt.spoken().collect();
    turns.iter().rposition(|turn| {
        turn.role == Role::User
            && has_input(turn.content)
            && !(conversation::is_earlier(turn.content) && turn.parts.is_empty())
    })
}

/// Reads the parts of an input.
pub(crate) fn of_input(parts: &[Part]) -> Result<Vec<Attachment>, CallError> {
    parts.iter().map(|part| part.filled(&part.source, PartOrigin::Input).map_err(wrong)).collect()
}

/// Adds the parts of an input to the last message of the person's, or makes one of them.
pub(crate) fn add(parts: &[Part], messages: &mut Vec<Message>) -> Result<(), CallError> {
    let made = of_input(parts)?;
    if made.is_empty() {
        return Ok(());
    }
    match messages.iter_mut().rev().find(|message| message.role == Role::User) {
        Some(message) => message.attachments.extend(made),
        None => messages.push(Message { attachments: made, ..Message::of(Role::User, "") }),
    }
    Ok(())
}

/// Says that a part is not sent; nothing of the request is.
pub(crate) fn wrong(why: String) -> CallError {
    CallError::new(ErrorKind::InvalidPrompt, why)
}

/// Sees whether a target takes what goes with the messages: what a person should know, or why it is not asked. `takers`
/// names models that take a kind of part.
pub(crate) fn check(
    target: &Target,
    messages: &[Message],
    takers: &BTreeMap<MediaKind, Vec<String>>,
) -> Result<Vec<String>, CallError> {
    let (info, model) = (target.kind.info(), &target.model);
    let mut unknown = BTreeSet::new();
    let attachments = messages.iter().flat_map(|message| &message.attachments);
    for attachment in attachments {
        let (kind, name) = (attachment.kind, &attachment.name);
        let refused = |why: String| {
            let others = takers.get(&kind).into_iter().flatten().filter(|name| **name != target.name);
            let others: Vec<&str> = others.map(String::as_str).take(NAMED).collect();
            let instead = if others.is_empty() { String::new() } else { format!("; {} do", others.join(", ")) };
            let instead = if others.len() == 1 { format!("; {} does", others.concat()) } else { instead };
            CallError::new(ErrorKind::CallerFault, format!("{why}{instead}"))
        };
        if info.carries(kind) == Carries::Nothing {
            return Err(refused(format!("the API of {} takes no {}", target.provider, kind.plural())));
        }
        match target.card.takes(kind) {
            Some(false) => return Err(refused(format!("{model} takes no {}", kind.plural()))),
            None if target.kind.is_http() => drop(unknown.insert(kind)),
            Some(true) | None => {}
        }
        if let Some(media) = attachment.media_type.filter(|media| info.refused_media.contains(media)) {
            return Err(refused(format!("{name} is {media}, which the API of {} does not take", target.provider)));
        }
        if attachment.url().is_some() && info.carries(kind) == Carries::Bytes {
            let words = format!(
                "the API of {} fetches no {} from an address; save {name} and name the file",
                target.provider,
                kind.plural()
            );
            return Err(CallError::new(ErrorKind::CallerFault, words));
        }
        if let Some(why) = attachment.refused_address(target.is_local()) {
            return Err(CallError::new(ErrorKind::CallerFault, format!("{why}; save it and name the file")));
        }
    }
    let notice = |kind: MediaKind| format!("whether {model} takes {} is not known; it is sent", kind.plural());
    Ok(unknown.into_iter().map(notice).collect())
}
