//! What is refused or said before anything is sent: retired models, models about to go, prompts too long.

use jiff::civil::Date;

use crate::model::{Class, Fault, Message, Target, usage::estimate_tokens};

/// How many days before a model's end it is spoken of.
const WARN_DAYS: i32 = 60;

/// Tokens of a prompt from which on it is spoken of where nobody knows how many the model takes.
const MANY: u64 = 200_000;

/// Checks a target on a day; what a person should know, or why it is not asked.
///
/// A vendor's retirements do not bind somebody else's endpoint.
pub(super) fn check(
    target: &Target,
    messages: &[Message],
    today: Date,
    allow_retired: bool,
) -> Result<Vec<String>, Fault> {
    let card = &target.card;
    let mut notices = Vec::new();
    if let Some(day) = card.shutdown.as_deref().filter(|_| !target.custom_endpoint) {
        let instead = card.successor.as_ref().map_or_else(String::new, |name| format!("; its successor is {name}"));
        if card.retired_on(&today.to_string()) {
            let gone = format!("{} was shut down on {day}{instead}", target.model);
            if !allow_retired {
                return Err(Fault::new(Class::ModelGone, gone));
            }
            notices.push(gone);
        } else if day.parse::<Date>().is_ok_and(|day| (day - today).get_days() <= WARN_DAYS) {
            notices.push(format!("{} will be shut down on {day}{instead}", target.model));
        }
    }
    let estimate: u64 = messages.iter().map(|message| estimate_tokens(&message.content)).sum();
    match card.context {
        Some(context) if estimate > context => {
            return Err(Fault::new(
                Class::ContextTooLong,
                format!("the prompt has about {estimate} tokens, and {} takes {context}", target.model),
            ));
        }
        None if estimate >= MANY => notices.push(format!(
            "the prompt has about {estimate} tokens, and how many {} takes is not known; `context` in config.toml says it",
            target.model
        )),
        Some(_) | None => {}
    }
    Ok(notices)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;
    use crate::model::{ModelCard, ProviderKind, Role};

    fn target(shutdown: &str) -> Target {
        Target {
            name: "old".to_owned(),
            provider: "anthropic".to_owned(),
            kind: ProviderKind::Anthropic,
            base_url: None,
            custom_endpoint: false,
            model: "claude-2".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            card: ModelCard {
                shutdown: Some(shutdown.to_owned()),
                successor: Some("claude-next".to_owned()),
                context: Some(10),
                ..ModelCard::default()
            },
        }
    }

    #[test]
    fn a_retired_model_is_refused_with_its_date_and_successor_unless_asked_for() {
        let (old, today) = (target("2025-07-21"), date(2026, 11, 22));
        let fault = check(&old, &[], today, false).unwrap_err();
        assert_eq!(fault.class, Class::ModelGone);
        assert_eq!(fault.message, "claude-2 was shut down on 2025-07-21; its successor is claude-next");
        assert_eq!(check(&old, &[], today, true).unwrap().len(), 1);
        let elsewhere = Target { custom_endpoint: true, ..old };
        assert_eq!(check(&elsewhere, &[], today, false).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_end_within_sixty_days_is_told() {
        let today = date(2026, 11, 22);
        let told = |day: &str| check(&target(day), &[], today, false).unwrap();
        assert_eq!(told("2027-01-14"), ["claude-2 will be shut down on 2027-01-14; its successor is claude-next"]);
        assert_eq!(told("2027-01-21").len(), 1);
        assert_eq!(told("2027-01-22"), Vec::<String>::new());
    }

    #[test]
    fn a_prompt_beyond_the_context_is_not_sent() {
        let message = |content: String| [Message { role: Role::User, content }];
        let target = target("2030-01-01");
        assert!(check(&target, &message("x".repeat(40)), date(2026, 1, 1), false).is_ok());
        let fault = check(&target, &message("x".repeat(41)), date(2026, 1, 1), false).unwrap_err();
        assert_eq!(fault.class, Class::ContextTooLong);
        assert_eq!(fault.message, "the prompt has about 11 tokens, and claude-2 takes 10");
    }
}
