//! A prompt version: what in a prompt shapes an answer or judges it, named by its hash.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{id::hex, prompt::Prompt};

/// Names a version for ever: the SHA-256, in hex, of [`Prompt::version`] as JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct VersionId(pub String);

impl VersionId {
    /// Names the version a prompt is.
    #[must_use]
    pub fn of(prompt: &Prompt) -> Self {
        // A prompt has no keys that JSON could not hold, so this is never the empty text.
        Self(hex(&serde_json::to_vec(&prompt.version()).unwrap_or_default()))
    }

    /// Shows the first seven digits: enough to tell the versions of one prompt apart.
    #[must_use]
    pub fn short(&self) -> String {
        self.0.chars().take(7).collect()
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Prompt {
    /// Returns the prompt with nothing but what makes it another version: what is sent, and what
    /// its answers are judged by. The description, the targets and the fallbacks are left out.
    ///
    /// Every field is named here, so that a new one asks to be thought of. One that belongs in
    /// must not be written while it has its default, or every version known so far gets another
    /// name.
    #[must_use]
    pub fn version(&self) -> Self {
        let Self {
            description: _,
            targets: _,
            fallback: _,
            system,
            user,
            messages,
            tools,
            tool_choice,
            parallel_tool_calls,
            max_rounds,
            params,
            response: _,
            checks,
        } = self;
        Self {
            system: system.clone(),
            user: user.clone(),
            messages: messages.clone(),
            tools: tools.clone(),
            tool_choice: tool_choice.clone(),
            parallel_tool_calls: *parallel_tool_calls,
            max_rounds: *max_rounds,
            params: params.clone(),
            response: self.expected(),
            checks: checks.clone(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Check, CheckKind, Format, Response};

    #[test]
    fn what_shapes_or_judges_an_answer_makes_another_version_and_nothing_else_does() {
        let json = Response { format: Format::Json, ..Response::default() };
        let (system, user) = ("Label it.".to_owned(), "{{ input }}".to_owned());
        let prompt = Prompt { system, user, response: json, ..Prompt::default() };
        let changed = |change: fn(&mut Prompt)| {
            let mut other = prompt.clone();
            change(&mut other);
            VersionId::of(&other) != VersionId::of(&prompt)
        };
        assert!(changed(|prompt| prompt.system.push(' ')));
        assert!(changed(|prompt| prompt.user.push('!')));
        assert!(changed(|prompt| prompt.params.temperature = Some(0.0)));
        assert!(changed(|prompt| prompt.response.format = Format::Text));
        assert!(changed(|prompt| prompt.checks.push(Check::of(CheckKind::Latency).within(1.0))));
        assert!(!changed(|prompt| prompt.description = "for triage".to_owned()));
        assert!(!changed(|prompt| prompt.targets = vec!["demo".to_owned()]));
        assert!(!changed(|prompt| prompt.fallback = vec!["demo".to_owned()]));
    }

    #[test]
    fn a_version_keeps_its_name_for_ever() {
        let json = Response { format: Format::Json, ..Response::default() };
        let prompt = Prompt { system: "Label it.".to_owned(), response: json, ..Prompt::default() };
        assert_eq!(VersionId::of(&prompt).short(), "f59bede");
        let auto = Prompt { system: "As JSON.".to_owned(), ..Prompt::default() };
        let named = Prompt { response: auto.expected(), ..auto.clone() };
        assert_eq!(
            VersionId::of(&auto),
            VersionId::of(&named),
            "a form that is named by the prompt's words is the same"
        );
    }
}
