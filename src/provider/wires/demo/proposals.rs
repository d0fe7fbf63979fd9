//! The demonstration as one who proposes edits of a prompt: it knows some advice that holds anywhere, and puts it after the first
//! sentence. It does not understand what failed. One of its pieces of advice helps `demo:weak`.

use serde_json::{Value, json};

/// What `demo:weak` does better with, where the prompt says it.
const HELPS: &str = "twice";

/// Advice that holds anywhere.
const ADVICE: &[&str] = &[
    "Be brief and plain.",
    "Mind every word that says how somebody feels.",
    "Read the text twice before you answer.",
    "Do not guess.",
    "Prefer the plainest reading.",
    "Think of what the writer wants.",
    "Weigh the whole text, not its first words alone.",
    "Look at each part by itself.",
];

/// Tells whether a prompt says what helps `demo:weak`.
pub(crate) fn helps(instruction: &str) -> bool {
    instruction.contains(HELPS)
}

/// Proposes edits, where a schema asks for some and the input holds a prompt.
pub(crate) fn edits(schema: &Value, input: &str) -> Option<Value> {
    let edit = schema.pointer("/properties/edits/items/properties")?;
    edit.get("find").and(edit.get("replace"))?;
    let asked: Value = serde_json::from_str(input).ok()?;
    let wanted = asked.get("edits").and_then(Value::as_u64).unwrap_or(3);
    let failed = asked.get("failures").and_then(Value::as_array).map_or(0, Vec::len);
    let tried = asked.get("tried").map(Value::to_string).unwrap_or_default();
    let (number, find) = asked.get("messages")?.as_array()?.iter().find_map(place)?;
    let advice = ADVICE.iter().filter(|advice| !tried.contains(**advice));
    let edits: Vec<Value> = advice
        .take(usize::try_from(wanted).unwrap_or(ADVICE.len()))
        .map(|advice| {
            json!({
                "reason": format!("{failed} answers failed; this holds in general: {advice}"),
                "message": number,
                "find": find,
                "replace": format!("{find} {advice}"),
            })
        })
        .collect();
    Some(json!({ "edits": edits }))
}

/// Finds where advice goes in a message: its number, and its first sentence, if that stands there once.
fn place(message: &Value) -> Option<(&Value, &str)> {
    let text = message.get("text")?.as_str()?;
    let end = text.find(". ").or_else(|| text.find(".\n")).map_or(text.trim_end().len(), |dot| dot + 1);
    let first = text.get(..end).filter(|first| !first.trim().is_empty() && text.matches(first).count() == 1)?;
    Some((message.get("number")?, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_goes_after_the_first_sentence_of_the_prompt() {
        let schema = json!({"properties": {"edits": {"items": {"properties": {"find": {}, "replace": {}}}}}});
        let input = json!({"edits": 3, "failures": [1, 2],
            "messages": [{"number": 1, "text": "Label it. Answer in JSON."}, {"number": 2, "text": "{{ input }}"}]});
        let found = edits(&schema, &input.to_string()).unwrap();
        let edits = found["edits"].as_array().unwrap();
        assert_eq!(edits.len(), 3);
        assert_eq!((&edits[2]["message"], &edits[2]["find"]), (&json!(1), &json!("Label it.")));
        assert!(edits[2]["replace"].as_str().is_some_and(helps), "{found}");
        assert_eq!(super::edits(&json!({}), &input.to_string()), None);
        assert_eq!(super::edits(&schema, "a text"), None);
    }
}
