//! A chat that promptfoo fills as a template before it reads it as YAML: what is filled in stands for a word until it is read.

use serde_json::{Value, json};

use crate::{
    dataset::yaml::document,
    promptfoo::prompts::earlier::{TurnField, inner, turn_field},
    template::{
        TemplatePart,
        conversation::{EARLIER, earlier_turn},
        parts as pieces,
    },
};

/// What is said of a chat that is no YAML before it is filled.
const OTHERWISE: &str = "a chat in YAML that a template writes is read where the messages stand as they are, what is filled in \
                         stands in them, and its one loop around messages is `{% for turn in _conversation %}`, which writes \
                         `turn.input` as a message of the user and `turn.output` as one of the assistant";

/// Stands for the texts of an earlier turn while a loop over them is read.
const INPUT: &str = "retort-turn-input";
const OUTPUT: &str = "retort-turn-output";

/// Tells whether a text is a chat in YAML.
pub(super) fn is_chat(text: &str) -> bool {
    text.trim_start().starts_with("- role:")
}

/// Reads the messages of a chat; a loop over the earlier turns becomes one message. Fails with a line, counted from 0, and
/// what is wrong there.
pub(super) fn read(raw: &str) -> Result<Value, (usize, String)> {
    let (mut out, mut codes): (String, Vec<String>) = (String::new(), Vec::new());
    let mut parts = pieces(raw).into_iter();
    while let Some(part) = parts.next() {
        let code = match part {
            TemplatePart::Text(text) => {
                out.push_str(text);
                continue;
            }
            TemplatePart::Raw(text) => format!("{{% raw %}}{text}{{% endraw %}}"),
            TemplatePart::Code(code) if code.starts_with("{#") => continue,
            TemplatePart::Code(code) => match inner(code).split_whitespace().collect::<Vec<_>>().as_slice() {
                ["for", name, "in", EARLIER] => {
                    let line = out.matches('\n').count();
                    let body = turn_of(name, &mut parts).ok_or_else(|| (line, OTHERWISE.to_owned()))?;
                    earlier_message(&body, &mut out).ok_or_else(|| (line, OTHERWISE.to_owned()))?;
                    continue;
                }
                _ => code.to_owned(),
            },
        };
        out.push_str(&word(codes.len()));
        codes.push(code);
    }
    let has_statements = codes.iter().any(|code| code.starts_with("{%"));
    let mut value = document::parse(&out)
        .map_err(|error| {
            let what = if has_statements { format!("{}; {OTHERWISE}", error.what) } else { error.what };
            (error.line.saturating_sub(1), what)
        })?
        .value();
    put_back(&mut value, &codes);
    Ok(value)
}

/// The word that stands for a part of the template.
fn word(number: usize) -> String {
    format!("retort-part-{number}-")
}

/// Puts the parts of the template back into the texts.
fn put_back(value: &mut Value, codes: &[String]) {
    match value {
        Value::String(text) => {
            // From the last on: the word of the first is no beginning of another one's.
            for (number, code) in codes.iter().enumerate().rev() {
                if text.contains("retort-part-") {
                    *text = text.replace(&word(number), code);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_back(item, codes)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put_back(field, codes)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Reads on to the end of a loop, and writes its body for one turn; none where it fills anything else in.
fn turn_of<'r>(name: &str, parts: &mut impl Iterator<Item = TemplatePart<'r>>) -> Option<String> {
    let mut body = String::new();
    loop {
        match parts.next()? {
            TemplatePart::Text(text) => body.push_str(text),
            TemplatePart::Raw(_) => return None,
            TemplatePart::Code(code) if inner(code) == "endfor" => return Some(body),
            TemplatePart::Code(code) => {
                body.push_str(match turn_field(code, name)?.0 {
                    TurnField::Input => INPUT,
                    TurnField::Output => OUTPUT,
                });
            }
        }
    }
}

/// Writes the message that stands for the earlier turns, where that is what the body of a loop writes.
fn earlier_message(body: &str, out: &mut String) -> Option<()> {
    let mut turn = document::parse(body).ok()?.value();
    for message in turn.as_array_mut()? {
        // A text of several lines ends with one.
        if let Some(Value::String(content)) = message.get_mut("content") {
            content.truncate(content.trim_end().len());
        }
    }
    let message = |role: &str, content: &str| json!({ "role": role, "content": content });
    if turn != json!([message("user", INPUT), message("assistant", OUTPUT)]) {
        return None;
    }
    let first = body.lines().find(|line| !line.trim().is_empty())?;
    let indent = first.get(..first.len() - first.trim_start().len())?;
    if !out.is_empty() && !out.ends_with('\n') {
        let begun = out.rfind('\n').map_or(0, |at| at + 1);
        // A loop may be indented as the messages are not.
        if out.get(begun..)?.trim().is_empty() { out.truncate(begun) } else { out.push('\n') }
    }
    let content = earlier_turn();
    out.extend([indent, "- role: user\n", indent, "  content: \"", &content, "\"\n"]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_read_with_what_is_filled_in() {
        let raw = "- role: system\n  content: {{ tone }}, {{ \"a: b\" }}\n{% for turn in _conversation %}\n- role: user\n  \
                   content: {{ turn.input | dump }}\n- role: assistant\n  content: |\n    {{ turn.output }}\n{% endfor -%}\n\
                   - role: user\n  content: |\n    {% if vip %}Dear {{ name }}{% endif %}\n    {{ question }}\n";
        let content = "{% if vip %}Dear {{ name }}{% endif %}\n{{ question }}\n";
        let read = read(raw).unwrap();
        assert_eq!(
            read,
            json!([
                {"role": "system", "content": "{{ tone }}, {{ \"a: b\" }}"},
                {"role": "user", "content": "{{ _conversation }}"},
                {"role": "user", "content": content},
            ])
        );
        let many = (0..12).map(|number| format!("{{{{ v{number} }}}}")).collect::<Vec<_>>().join(" ");
        let read = super::read(&format!("- role: user\n  content: {many}\n")).unwrap();
        assert_eq!(read[0]["content"], many);
    }

    #[test]
    fn what_writes_other_messages_is_refused_in_words() {
        for raw in [
            "- role: user\n  content: a\n{% for m in more %}\n- role: user\n  content: {{ m }}\n{% endfor %}\n",
            "- role: user\n  content: a\n{% for t in _conversation %}\n- role: user\n  content: {{ t.output }}\n{% endfor %}\n",
            "- role: user\n  content: a\n{% for t in _conversation %}\n- role: user\n  content: {{ t.input }}\n",
        ] {
            let (_, what) = read(raw).unwrap_err();
            assert!(what.contains("turn.output"), "{what}");
        }
        assert!(read("- role: user\n  content: [a\n").unwrap_err().1.len() > 3);
    }
}
