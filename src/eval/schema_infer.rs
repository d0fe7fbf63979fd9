//! A JSON Schema made of what is there: of one answer, of many, or of a type as Rust, TypeScript or Python write it.
//!
//! What a schema is made of never says all: what could not be read is named in the notes, and may be anything.

pub(crate) mod answers;
mod declarations;
mod python;
mod rust_types;
mod tokens;
mod typescript;

use serde_json::Value;

pub use crate::eval::schema_infer::answers::AnswerShape;

/// A schema that was made, and what has to be known of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InferredSchema {
    pub schema: Value,
    /// What could not be taken over, each in a sentence.
    pub notes: Vec<String>,
}

/// What a text is that a schema is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaLanguage {
    Rust,
    TypeScript,
    Python,
    /// An answer, as an example.
    Json,
}

impl SchemaLanguage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rust, Self::TypeScript, Self::Python, Self::Json];

    /// Says what it is, in words for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Rust => "a Rust type",
            Self::TypeScript => "a TypeScript type",
            Self::Python => "a Python type",
            Self::Json => "an example",
        }
    }

    /// Finds out what a text is; none where it is none of these.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.starts_with(['{', '[']) && serde_json::from_str::<Value>(text).is_ok() {
            return Some(Self::Json);
        }
        text.lines().take(LOOKED_AT).find_map(|line| {
            let line = line.trim_start();
            let words: Vec<&str> = line.split_whitespace().take(4).collect();
            let begins = |with: &[&str]| words.first().is_some_and(|word| with.contains(word));
            let has = |word: &str| words.contains(&word);
            if line.starts_with("#[") || line.starts_with("pub ") || begins(&["struct"]) || line.starts_with("pub(") {
                Some(Self::Rust)
            } else if begins(&["@dataclass", "from"])
                || line.starts_with("@dataclass(")
                || begins(&["class"]) && line.trim_end().ends_with(':')
            {
                Some(Self::Python)
            } else if begins(&["interface", "export", "declare"]) || (begins(&["type"]) && has("=")) {
                Some(Self::TypeScript)
            } else if begins(&["enum"]) {
                let equals = text.contains('=') && !text.contains("::");
                Some(if equals { Self::TypeScript } else { Self::Rust })
            } else {
                None
            }
        })
    }
}

/// Lines of a text that are looked at to find out what it is.
const LOOKED_AT: usize = 60;

/// The longest text that is read, in bytes.
const LONGEST: usize = 512 * 1024;

/// Makes a schema of a text: of an example, or of the types that it has.
///
/// # Errors
///
/// Says in words why there is none: the text is too long, no type is in it, it is not JSON.
pub fn of_text(text: &str, source: SchemaLanguage) -> Result<InferredSchema, String> {
    if text.len() > LONGEST {
        return Err(format!("the text is too long: at most {} KiB are read", LONGEST / 1024));
    }
    let declared = match source {
        SchemaLanguage::Json => {
            let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
            return Ok(of_answer(&value));
        }
        SchemaLanguage::Rust => rust_types::read(text),
        SchemaLanguage::TypeScript => typescript::read(text),
        SchemaLanguage::Python => python::read(text),
    };
    declared.finish().ok_or_else(|| format!("{} is not in the text", source.words()))
}

/// Makes a schema that an answer is valid against, and no object with other fields.
#[must_use]
pub fn of_answer(value: &Value) -> InferredSchema {
    let mut shape = AnswerShape::default();
    shape.take(value);
    shape.inferred()
}

#[cfg(test)]
mod tests;
