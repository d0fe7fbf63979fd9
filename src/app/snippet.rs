//! What a screen offers to copy: forms of an answer, its request, a report, each with its text.

use crate::{
    model::{KeySource, Settings, Target},
    pipeline::PlainRequest,
    present::snippets,
    text::Pasted,
};

/// A form to copy in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnippetForm {
    /// The answer as the model sent it.
    Answer,
    /// The same with its control characters, which do something where they are pasted.
    RawAnswer,
    /// The JSON value under the cursor, as the model wrote it.
    Value,
    /// The JSON found in the answer, indented.
    Json,
    /// The lanes side by side, or a report, in Markdown.
    Markdown,
    /// The command line that does the same.
    CommandLine,
    /// The request as a `curl` command line.
    Curl,
    /// The request as a Python program.
    Python,
    /// The prompt's rules on this input as a test case of promptfoo.
    Promptfoo,
    /// The id of a run on record.
    RunId,
    /// All that is on record of it.
    Record,
    /// The line that asks for runs.
    Query,
}

/// Something that can be copied.
#[derive(Debug, Clone)]
pub struct Snippet {
    pub form: SnippetForm,
    /// Its name, in a word.
    pub label: &'static str,
    /// What it holds.
    pub detail: String,
    pub text: Pasted,
}

impl Snippet {
    /// Makes a snippet of a text that is the program's own or is cleaned of what a terminal obeys.
    #[must_use]
    pub fn new(form: SnippetForm, label: &'static str, detail: impl Into<String>, text: String) -> Self {
        Self { form, label, detail: detail.into(), text: Pasted::new(text) }
    }

    /// Makes the snippets of an answer: as it is, and where that leaves something of it out, with all of it.
    #[must_use]
    pub fn of_answer(text: &str) -> Vec<Self> {
        if text.is_empty() {
            return Vec::new();
        }
        let raw = raw_answer(text);
        let detail = if raw.is_some() { "without its control characters" } else { "as the model sent it" };
        let answer = Self::new(SnippetForm::Answer, "answer", detail, text.to_owned());
        let raw = raw.map(|text| Self {
            form: SnippetForm::RawAnswer,
            label: "raw answer",
            detail: "with its control characters, which a terminal obeys when they are pasted".to_owned(),
            text,
        });
        [answer].into_iter().chain(raw).collect()
    }
}

/// Returns an answer with its control characters, where it has any.
fn raw_answer(text: &str) -> Option<Pasted> {
    (Pasted::new(text.to_owned()).as_str() != text).then(|| Pasted::raw(text.to_owned()))
}

/// Says what is copied, and what of it is not.
pub(crate) fn what(label: &str, text: &Pasted) -> String {
    let left_out = match text.left_out() {
        0 => String::new(),
        1 => ", 1 control character left out".to_owned(),
        count => format!(", {count} control characters left out"),
    };
    format!("{label}, {} characters{left_out}", text.as_str().chars().count())
}

/// Writes a target's request as a `curl` command line.
pub(crate) fn curl(plain: &PlainRequest, target: &Target, settings: &Settings) -> String {
    snippets::curl(plain, snippets::key_variable(target, settings).as_deref(), &snippets::transport(target, settings))
}

/// Names the source of the key that a target is asked with first; none where its provider has no keys.
pub(crate) fn key_label(target: &Target, settings: &Settings) -> Option<String> {
    let provider = settings.providers.get(&target.provider);
    let source = provider.and_then(|provider| provider.api_keys.first()).map(KeySource::label);
    source.or_else(|| snippets::key_variable(target, settings).map(|name| format!("env:{name}")))
}
