//! A check that asks a model which makes no answers, filled for one input: what it is asked, and the verdict on what it says.
//! What that says of the answer stands in a file for each service: `embedding`, `moderation`, `classification`.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    eval::{
        check,
        check::source::text_of,
        classification, embedding, extract, moderation,
        reason::{inconclusive, verdict},
        service_prompt::service_prompt,
    },
    model::{Check, Input, Prompt, TextService, Verdict},
};

/// What a service's words say of an answer, before `not-` turns it round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServiceFinding {
    pub(crate) holds: bool,
    /// Why, in words that are cleaned.
    pub(crate) words: String,
    /// What was measured.
    pub(crate) score: Option<f64>,
    /// What of it counts, from 0 to 1, where it is not all or nothing.
    pub(crate) credit: Option<f64>,
}

/// A check that asks a service, filled for one input.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceCheck {
    check: Check,
    service: TextService,
    /// The part of the answer that is looked at, where its check names one.
    pub(crate) part: Option<String>,
}

impl ServiceCheck {
    pub(crate) fn of(check: &Check, service: TextService) -> Self {
        Self { check: check.clone(), service, part: None }
    }

    /// What is asked for.
    #[must_use]
    pub fn service(&self) -> TextService {
        self.service
    }

    /// The name of the model that is asked; empty where none is named.
    #[must_use]
    pub fn model(&self) -> &str {
        self.check.judge_name().unwrap_or_default()
    }

    /// Makes the prompt and the inputs on which the model is run: the answer, then each text that it is compared with.
    #[must_use]
    pub fn asks(&self, answer: &str) -> (Arc<Prompt>, Vec<Input>) {
        let texts: Vec<String> = match (self.service, &self.check.value) {
            (TextService::Embedding, Some(Value::Array(items))) => items.iter().filter_map(text_of).collect(),
            (TextService::Embedding, Some(value)) => text_of(value).into_iter().collect(),
            (TextService::Embedding, None) | (TextService::Moderation | TextService::Classification, _) => Vec::new(),
        };
        let answer = self.part.clone().unwrap_or_else(|| extract::answer(answer).to_owned());
        (Arc::clone(service_prompt(self.service)), [answer].into_iter().chain(texts).map(Input::of).collect())
    }

    /// Makes the verdict of what the service said, in the order of [`Self::asks`]. An error says why it said nothing.
    #[must_use]
    pub fn verdict(&self, said: &[Result<&str, String>], model: Option<&str>) -> Verdict {
        let rule = check::rule(&self.check);
        let found = match self.service {
            TextService::Embedding => embedding::finding(&self.check, said),
            TextService::Moderation => one(said).and_then(|said| moderation::finding(&self.check, said)),
            TextService::Classification => one(said).and_then(|said| classification::finding(&self.check, said)),
        };
        let ServiceFinding { holds, words, score, credit } = match found {
            Ok(found) => found,
            Err(why) => return check::with_weight(&self.check, inconclusive(rule, &why)),
        };
        let not = self.check.kind.not;
        let credit = credit.map(|share| if not { 1.0 - share } else { share });
        let (bare, judge) = (verdict(rule, holds != not, words), model.map(str::to_owned));
        let credit = credit.or(bare.credit);
        check::with_weight(&self.check, Verdict { score, credit, judge, ..bare })
    }
}

/// Takes what a service said of the one text that it was asked about.
fn one<'a>(said: &[Result<&'a str, String>]) -> Result<&'a str, String> {
    match said {
        [said] => said.clone(),
        _ => Err("the service was asked about no text".to_owned()),
    }
}
