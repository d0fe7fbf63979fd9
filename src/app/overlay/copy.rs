//! The forms in which an answer can be copied.

use crate::app::{
    choice::{Choice, Item},
    lane::Lane,
    workbench::Workbench,
};

/// A form to copy in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyAs {
    /// The answer as the model sent it.
    Answer,
    /// The JSON found in the answer, indented.
    Json,
    /// The command line that makes the same run.
    CommandLine,
}

/// Lists the forms a lane can be copied in.
#[must_use]
pub fn forms(lane: &Lane, bench: &Workbench) -> Choice<CopyAs> {
    let mut items = Vec::new();
    if !lane.shown().raw().is_empty() {
        items.push(Item::new(CopyAs::Answer, "answer", "as the model sent it"));
    }
    if lane.shown().outcome.as_ref().is_some_and(|outcome| outcome.json.is_some()) {
        items.push(Item::new(CopyAs::Json, "JSON", "the JSON of the answer, indented"));
    }
    let saved = bench.prompt_name.is_some() && !bench.dirty();
    let detail =
        if saved { "the same run as `retort run …`" } else { "as `retort run …`, which takes the prompt as saved" };
    items.push(Item::new(CopyAs::CommandLine, "command line", detail));
    Choice::new(items)
}

/// Writes a lane in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, lane: &Lane, bench: &Workbench) -> Option<String> {
    match form {
        CopyAs::Answer => Some(lane.shown().raw().to_owned()).filter(|raw| !raw.is_empty()),
        CopyAs::Json => {
            lane.shown().outcome.as_ref()?.json.as_ref().and_then(|json| serde_json::to_string_pretty(json).ok())
        }
        CopyAs::CommandLine => Some(command_line(lane, bench)),
    }
}

/// The input goes in by standard input, so that no length or character of it matters to the shell.
fn command_line(lane: &Lane, bench: &Workbench) -> String {
    let name = bench.prompt_name.as_deref().unwrap_or("PROMPT");
    let mut words = vec!["retort".to_owned(), "run".to_owned(), name.to_owned()];
    words.extend(["-m".to_owned(), lane.spec.target.clone()]);
    for (name, value) in &bench.vars {
        words.extend(["--var".to_owned(), format!("{name}={value}")]);
    }
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("printf %s {} | {} -i -", quoted_text(&bench.input.text()), quoted.join(" "))
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',');
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { quoted_text(word) }
}

fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
