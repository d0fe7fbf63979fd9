//! A value written as YAML that reads back as it was.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Writes a value as YAML in lines: mappings and lists open, texts as JSON writes them, or as a block
/// where they have several lines and a block gives them back exactly.
pub(crate) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => write_fields(fields, 0, &mut out),
        Value::Array(items) if !items.is_empty() => write_items(items, 0, &mut out),
        other => {
            out.push_str(&flow(other));
            out.push('\n');
        }
    }
    out
}

fn write_fields(fields: &Map<String, Value>, depth: usize, out: &mut String) {
    for (at, (key, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push_str(&"  ".repeat(depth));
        }
        let plain =
            !matches!(key.to_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "null" | "true" | "false")
                && key.starts_with(|c: char| c.is_ascii_alphabetic())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(&if plain { key.clone() } else { text(key) });
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                out.push_str(&"  ".repeat(depth + 1));
                write_fields(inner, depth + 1, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                out.push_str(&"  ".repeat(depth + 1));
                write_items(items, depth + 1, out);
            }
            other => {
                out.push(' ');
                write_one(other, depth + 1, out);
            }
        }
    }
}

fn write_items(items: &[Value], depth: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => write_fields(inner, depth + 1, out),
            Value::Array(inner) if !inner.is_empty() => write_items(inner, depth + 1, out),
            other => write_one(other, depth + 1, out),
        }
    }
}

fn write_one(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(text) if blocks(text) => {
            out.push_str("|-\n");
            for line in text.split('\n') {
                if !line.is_empty() {
                    out.push_str(&"  ".repeat(depth));
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        other => {
            out.push_str(&flow(other));
            out.push('\n');
        }
    }
}

/// Tells whether a literal block gives a text back exactly.
fn blocks(text: &str) -> bool {
    let odd = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with('\n')
        && !text.split('\n').any(|line| line.ends_with([' ', '\t']))
        && !text.chars().any(odd)
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(inner) => text(inner),
        other => other.to_string(),
    }
}

/// Writes a text as JSON does, with an escape for what YAML does not print.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in Value::from(text).to_string().chars() {
        let code = u32::from(c);
        if (0x7f..=0x9f).contains(&code) || matches!(code, 0x2028 | 0x2029 | 0xfeff | 0xfffe | 0xffff) {
            let _ = write!(out, "\\u{code:04x}");
        } else {
            out.push(c);
        }
    }
    out
}
