//! An answer made up from the format that is asked for and from the input.

use serde_json::json;

use super::{fields, reading::Reading, schema, script};
use crate::{
    model::Role,
    provider::{Call, WireFormat},
};

/// Composes the answer to a call: the same for the same messages and format.
pub(super) fn answer(call: &Call) -> String {
    let input = Reading::of(script::input(call));
    match &call.format {
        WireFormat::Text => prose(&instruction(call), &input),
        WireFormat::JsonObject => {
            let asked = fields::named(&instruction(call)).or_else(|| fields::named_among_input(script::input(call)));
            let asked = asked.unwrap_or_else(|| json!({ "type": "object", "properties": { "answer": {} } }));
            pretty(&schema::fill(&asked, &input))
        }
        WireFormat::JsonSchema(asked) => pretty(&schema::fill(asked, &input)),
    }
}

/// Everything that is said in system messages.
fn instruction(call: &Call) -> String {
    let said =
        call.messages.iter().filter(|message| message.role == Role::System).map(|message| message.content.as_str());
    said.collect::<Vec<_>>().join("\n")
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}")
}

/// The weightiest sentences of the input: as many as asked for, as a list if a list is asked for.
fn prose(instruction: &str, input: &Reading<'_>) -> String {
    let asked = instruction.to_lowercase();
    let count = sentences_asked(&asked).unwrap_or(2);
    let gist = input.gist(count);
    match gist.as_slice() {
        [] => "There is no text to work on.".to_owned(),
        _ if input.asks() && input.sentences().len() <= count => schema::NO_ANSWERS.to_owned(),
        gist if asked.contains("bullet") || asked.contains("a list") => {
            gist.iter().map(|sentence| format!("- {sentence}")).collect::<Vec<_>>().join("\n")
        }
        gist => gist.join(" "),
    }
}

/// How many sentences, bullets or points an instruction asks for.
fn sentences_asked(instruction: &str) -> Option<usize> {
    const NUMBERS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven"];
    let mut number = None;
    for word in Reading::of(instruction).words() {
        let named = NUMBERS.iter().position(|name| name == word).map(|place| place + 1);
        let counted = named.or_else(|| word.parse().ok().filter(|count| (1..=20).contains(count)));
        number = counted.or(number);
        if ["sentence", "sentences", "bullet", "bullets", "points", "lines"].contains(&word.as_str())
            && number.is_some()
        {
            return number;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_as_many_sentences_as_asked_for() {
        let text = "The bridge is closed. A pier has a crack. Buses take the old bridge.";
        let input = Reading::of(text);
        assert_eq!(prose("Write one short, plain sentence.", &input).matches('.').count(), 1);
        assert_eq!(prose("Write 3 bullets.", &input).lines().filter(|line| line.starts_with("- ")).count(), 3);
        assert_eq!(prose("", &input).matches('.').count(), 2);
        assert_eq!(prose("", &Reading::of("")), "There is no text to work on.");
        assert_eq!(prose("", &Reading::of("What is the capital of France?")), schema::NO_ANSWERS);
    }
}
