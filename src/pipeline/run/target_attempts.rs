//! What has been done on one target, and what is sent to it next.

use std::collections::BTreeSet;

use tokio::time::Instant;

use crate::{
    model::{CallError, Message, RunRequest, Target},
    pipeline::{
        cache_key,
        key_pool::KeyLease,
        prepare,
        prepare::PreparedRequest,
        quirks::{NewQuirk, quirk_of},
        spending,
        spending::{SpendingBound, Usages},
    },
};

/// What has been done on one target.
pub(crate) struct TargetAttempts {
    /// Its place among the request's targets.
    pub place: usize,
    pub target: Target,
    /// What is sent to it.
    pub prepared: PreparedRequest,
    /// The cache key of that; none until it is asked for again after a change.
    pub cache_key: Option<String>,
    /// The bytes of that.
    pub sent: u64,
    /// The key in use.
    pub lease: Option<KeyLease>,
    /// Tries made, free walks from key to key not counted.
    pub tries: u32,
    /// How often its account was asked too much with this request.
    pub refusals: u32,
    /// Whether the one retry of [`RetryRule::Once`](crate::pipeline::retry_policy::RetryRule::Once) is used up.
    pub once_used: bool,
    /// The places of the keys it was tried with.
    pub tried: BTreeSet<usize>,
    /// Whether the one further try for a better answer is used up.
    pub corrected: bool,
    /// What that try sends otherwise.
    pub corrections: CorrectedFields,
    /// What is to be said of the next try.
    pub notices: Vec<String>,
    /// What its refusals have taught, and what counts for later runs once it answers.
    pub new_quirks: Vec<NewQuirk>,
    /// Since when the server has been loading the model.
    pub loading: Option<Instant>,
}

impl TargetAttempts {
    /// Reads what a refusal teaches for the next try, if the request can be corrected.
    pub(crate) fn quirk_of(&self, error: &CallError) -> Option<NewQuirk> {
        quirk_of(error, &self.target, &self.prepared, &self.new_quirks)
    }

    /// Changes what is sent next by what a refusal has taught.
    pub(crate) fn correct(&mut self, new: NewQuirk, request: &RunRequest, messages: &[Message]) {
        self.notices.push(new.quirk.notice(&self.target.model));
        new.quirk.apply(&mut self.target);
        self.new_quirks.push(new);
        self.refit(request, messages);
    }

    /// Makes anew what is sent of a conversation, from all that is known by now.
    pub(crate) fn refit(&mut self, request: &RunRequest, messages: &[Message]) {
        self.prepared = prepare::fit(&request.prompt, &request.params, messages, &self.target);
        self.corrections.apply(&mut self.prepared);
        self.cache_key = None;
        self.sent = spending::sent(&self.prepared, &self.target);
    }

    /// Returns the cache key of what is sent.
    pub(crate) fn cache_key(&mut self, request: &RunRequest) -> String {
        let RunRequest { prompt, input, sample, .. } = request;
        let key = || cache_key::key(prompt, input, &self.target, &self.prepared, *sample);
        self.cache_key.get_or_insert_with(key).clone()
    }

    /// Bounds the next call, by all that is known by now of what calls take.
    pub(crate) fn bound(&self, usages: &Usages) -> SpendingBound {
        SpendingBound::of(&self.target, self.sent, self.prepared.params.max_tokens, usages).with_audio(&self.prepared)
    }
}

/// What is sent otherwise than the prompt has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CorrectedFields {
    /// Replaces the prompt's limit.
    pub max_tokens: Option<u64>,
    /// Follows the prompt's messages.
    pub messages: Vec<Message>,
}

impl CorrectedFields {
    /// Makes the changes in what is sent.
    pub(crate) fn apply(&self, prepared: &mut PreparedRequest) {
        prepared.params.max_tokens = self.max_tokens.or(prepared.params.max_tokens);
        prepared.messages.extend(self.messages.iter().cloned());
    }
}
