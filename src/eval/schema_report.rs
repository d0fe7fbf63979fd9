//! What a model is sent of a prompt's JSON Schema, and why it is not all of it.

use serde_json::Value;

use crate::{
    eval::JsonTypes,
    model::{
        Format, Response, Target, Wire,
        model_card::JsonSupport,
        schema_rules::{SchemaPoint, for_anthropic, for_gemini, outside_strict},
    },
};

/// What a model is sent of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaReport {
    /// In a few words, the vendor's name first: `OpenAI strict: no`.
    pub says: String,
    /// Whether the answer is held to all of it while it is written.
    pub is_whole: bool,
    /// What stands in the way, or was changed.
    pub points: Vec<SchemaPoint>,
}

impl SchemaReport {
    /// Says it in a line, with the first of its points.
    #[must_use]
    pub fn line(&self) -> String {
        match self.points.as_slice() {
            [] => self.says.clone(),
            [only] => format!("{}, {}", self.says, only.words()),
            [first, more @ ..] => format!("{}, {}; and {} more", self.says, first.words(), more.len()),
        }
    }
}

/// Finds out what a target is sent of a schema, where a prompt's format is `schema`.
#[must_use]
pub fn report(target: &Target, schema: &Value) -> SchemaReport {
    let in_words = |why: &str| SchemaReport {
        says: format!("{}: not sent as a schema: {why}", target.name),
        is_whole: false,
        points: Vec::new(),
    };
    if target.is_demo() {
        return in_words("the demonstration makes its answers up");
    }
    match target.card.json {
        JsonSupport::None | JsonSupport::Object => {
            return in_words("the model takes none, so it stands in the system message");
        }
        JsonSupport::Schema | JsonSupport::SchemaOnly => {}
    }
    let response = Response { format: Format::Schema, schema: Some(schema.clone()), ..Response::default() };
    let objects_only = target.kind.info().object_schemas_only && !target.custom_endpoint;
    if objects_only && JsonTypes::of(&response) != JsonTypes::OBJECT {
        return in_words("the model takes that of an object alone, so it stands in the system message");
    }
    let changed = |vendor: &str, (_, points): (Value, Vec<SchemaPoint>)| SchemaReport {
        says: if points.is_empty() { format!("{vendor}: sent whole") } else { format!("{vendor}: sent in part") },
        is_whole: points.is_empty(),
        points,
    };
    match target.kind {
        Wire::OpenAi | Wire::Responses => {
            let points = outside_strict(schema);
            let word = if points.is_empty() { "yes" } else { "no" };
            SchemaReport { says: format!("OpenAI strict: {word}"), is_whole: points.is_empty(), points }
        }
        Wire::Anthropic => changed("Anthropic", for_anthropic(schema)),
        Wire::Gemini => changed("Gemini", for_gemini(schema)),
        Wire::Ollama => changed("Ollama", (Value::Null, Vec::new())),
        Wire::Inference | Wire::Replicate => changed("what makes no answers", (Value::Null, Vec::new())),
        Wire::Command => changed("the command", (Value::Null, Vec::new())),
        Wire::Demo => in_words("the demonstration makes its answers up"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Catalog, Settings};

    #[test]
    fn each_vendor_says_what_it_is_sent_of_a_schema_and_why_not_all() {
        let catalog = Catalog::new(Vec::new(), &Settings::default());
        let schema = json!({"type": "object", "additionalProperties": false, "properties": {"a": {"type": "number",
            "minimum": 0, "multipleOf": 2}}});
        let line = |name: &str, schema: &Value| report(&catalog.resolve(name).unwrap(), schema).line();
        for (name, says) in [
            ("openai/m", "OpenAI strict: no, /properties/a is not required"),
            ("anthropic/m", "Anthropic: sent in part, /properties/a/minimum is left out; and 1 more"),
            ("gemini/m", "Gemini: sent in part, /properties/a/multipleOf is left out"),
            ("ollama/m", "Ollama: sent whole"),
        ] {
            assert_eq!(line(name, &schema), says);
        }
        let strict = crate::model::schema_rules::made_strict(&schema).0;
        assert_eq!(line("openai/m", &strict), "OpenAI strict: yes");
        let list = json!({"type": "array", "items": {"type": "string"}});
        assert!(line("openai/m", &list).contains("of an object alone"), "{}", line("openai/m", &list));
    }
}
