//! The values of YAML: scalars by the JSON schema, or by their tag (YAML 1.2.2, sections 10.1 to 10.3).

use saphyr_parser::{ScalarStyle, Tag};

use crate::text::{json::ExactJson, suggest::quoted};

/// What the tags of YAML's own types begin with.
const CORE: &str = "tag:yaml.org,2002:";

/// Reads a scalar. Without a tag a quoted one is a text, and a plain one null, a truth value, a number if JSON
/// would write it so, and a text otherwise. The error is in words.
pub(crate) fn read(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<ExactJson, String> {
    let text_itself = || ExactJson::Text(text.to_owned());
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { plain(text) } else { text_itself() });
    };
    let odd = |what: &str| Err(format!("{} is not {what}, as its tag {} says", quoted(text), named(tag)));
    match core(tag) {
        Some("str" | "" | "timestamp") => Ok(text_itself()),
        Some("null") => match plain(text) {
            ExactJson::Null => Ok(ExactJson::Null),
            _ => odd("null"),
        },
        Some("bool") => match plain(text) {
            truth @ ExactJson::Bool(_) => Ok(truth),
            _ => odd("true or false"),
        },
        Some("int" | "float") => match plain(text) {
            number @ ExactJson::Number(_) => Ok(number),
            _ => odd("a number as JSON writes it"),
        },
        _ => Err(refused(tag)),
    }
}

/// Sees that a list (`seq`) or a mapping (`map`) has no tag that says something else.
pub(crate) fn collection(tag: Option<&Tag>, kind: &str) -> Result<(), String> {
    match tag {
        Some(tag) if !matches!(core(tag), Some(name) if name == kind || name.is_empty()) => Err(refused(tag)),
        _ => Ok(()),
    }
}

fn plain(text: &str) -> ExactJson {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => ExactJson::Null,
        "true" | "True" | "TRUE" => ExactJson::Bool(true),
        "false" | "False" | "FALSE" => ExactJson::Bool(false),
        other => ExactJson::number(other).unwrap_or_else(|| ExactJson::Text(other.to_owned())),
    }
}

/// The name of a type of YAML's own; empty for the tag `!`, which leaves it open.
fn core(tag: &Tag) -> Option<&str> {
    match (tag.handle.as_str(), tag.suffix.as_str()) {
        (CORE | "!!", name) => Some(name),
        ("", "!") | ("!", "") => Some(""),
        ("", whole) => whole.strip_prefix(CORE),
        _ => None,
    }
}

fn refused(tag: &Tag) -> String {
    format!("the tag {} is not read; leave it out, and quote what is to be a text", named(tag))
}

fn named(tag: &Tag) -> String {
    quoted(&core(tag).filter(|name| !name.is_empty()).map_or_else(|| tag.to_string(), |name| format!("!!{name}")))
}
