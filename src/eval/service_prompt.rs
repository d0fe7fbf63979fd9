//! What a model is asked with that makes no answers: the text itself. Its runs are told from a person's by the prompt's description.

use std::sync::{Arc, LazyLock};

use crate::model::{Format, Prompt, Response, TextService};

static EMBEDDING: LazyLock<Arc<Prompt>> = LazyLock::new(|| described("Makes the embedding of a text"));
static MODERATION: LazyLock<Arc<Prompt>> = LazyLock::new(|| described("Has a text looked at for harm"));
static CLASSIFICATION: LazyLock<Arc<Prompt>> = LazyLock::new(|| described("Has a text classified"));

fn described(description: &str) -> Arc<Prompt> {
    Arc::new(Prompt {
        description: description.to_owned(),
        user: "{{ input }}".to_owned(),
        response: Response { format: Format::Text, finish: false, ..Response::default() },
        ..Prompt::default()
    })
}

/// Returns the prompt that a service is asked with.
pub(crate) fn service_prompt(service: TextService) -> &'static Arc<Prompt> {
    match service {
        TextService::Embedding => &EMBEDDING,
        TextService::Moderation => &MODERATION,
        TextService::Classification => &CLASSIFICATION,
    }
}

/// Tells the runs that ask a service from those of a person's own prompt that has their name.
pub(crate) fn asks_service(prompt_name: Option<&str>, prompt: &Prompt) -> bool {
    TextService::ALL.into_iter().any(|service| {
        let own = service_prompt(service);
        prompt_name == Some(service.name()) && prompt.description == own.description && prompt.user == own.user
    })
}
