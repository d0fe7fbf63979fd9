//! A chat that a template writes as JSON: values that are written by `dump`, and the earlier turns of a conversation,
//! promptfoo's loop over `_conversation` that writes them as messages, which is a message `{{ _conversation }}` here.

use serde_json::{Value, json};

use crate::{
    model::Turn,
    promptfoo::{nunjucks, prompts::parts},
    template::{
        TemplatePart,
        conversation::{EARLIER, earlier_turn, is_earlier_turn},
        parts as pieces,
    },
};

/// What is said of a chat that a template writes in another way.
pub(super) const OTHERWISE: &str = "a chat that is not JSON before it is filled is read where its one loop is `{% for turn in _conversation %}`, which \
                         writes `turn.input` as a message of the user and `turn.output` as one of the assistant; write the messages \
                         as JSON, with `{{ name | dump }}` for a value";

/// Makes JSON of a chat that a template writes: the loop over the earlier turns becomes one message, a value that is written
/// by `dump` a text. None where no template writes it; fails, in words, where it is written in another way.
pub(super) fn plain(raw: &str) -> Result<Option<String>, String> {
    if !raw.contains("{{") && !raw.contains("{%") {
        return Ok(None);
    }
    let otherwise = || OTHERWISE.to_owned();
    let (mut out, mut sets): (String, Vec<(&str, String)>) = (String::new(), Vec::new());
    let mut parts = pieces(raw).into_iter();
    while let Some(part) = parts.next() {
        let code = match part {
            TemplatePart::Text(text) | TemplatePart::Raw(text) => {
                out.push_str(text);
                continue;
            }
            TemplatePart::Code(code) => code,
        };
        let words = inner(code);
        match words.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["for", name, "in", EARLIER] => {
                let mut body = String::new();
                loop {
                    match parts.next().ok_or_else(otherwise)? {
                        TemplatePart::Text(text) | TemplatePart::Raw(text) => body.push_str(text),
                        TemplatePart::Code(code) if inner(code) == "endfor" => break,
                        TemplatePart::Code(code) => body.push_str(turn_part(code, name, &body).ok_or_else(otherwise)?),
                    }
                }
                let turn = body.trim().trim_end_matches(',');
                let turn: Value = serde_json::from_str(&format!("[{turn}]")).map_err(|_other| otherwise())?;
                let message = |role: &str, content: &str| json!({ "role": role, "content": content });
                if turn != json!([message("user", INPUT), message("assistant", OUTPUT)]) {
                    return Err(otherwise());
                }
                let comma = body.trim_end().ends_with(',') || body.contains(COMMA);
                out.push_str(&json!({ "role": "user", "content": earlier_turn() }).to_string());
                out.push_str(if comma { "," } else { "" });
            }
            ["set", name] => {
                let mut value = String::new();
                loop {
                    match parts.next().ok_or_else(otherwise)? {
                        TemplatePart::Text(text) => value.push_str(text),
                        TemplatePart::Raw(raw) => value.extend(["{% raw %}", raw, "{% endraw %}"]),
                        TemplatePart::Code(code) if inner(code) == "endset" => break,
                        TemplatePart::Code(code) => value.push_str(code),
                    }
                }
                sets.push((name, value));
            }
            [name, "|", "dump" | "tojson"] if is_name(name) => {
                let set = sets.iter().find(|(known, _)| known == name);
                let value = set.map_or_else(|| format!("{{{{ {name} }}}}"), |(_, value)| value.clone());
                out.push_str(&Value::from(value).to_string());
            }
            _ => out.push_str(code),
        }
    }
    Ok(Some(out))
}

const INPUT: &str = "@input";
const OUTPUT: &str = "@output";
const COMMA: &str = "@comma";

/// Returns what stands for a part of the loop: the two texts of a turn, and the comma between turns, which comes to nothing.
fn turn_part(code: &str, name: &str, before: &str) -> Option<&'static str> {
    let words: String = inner(code).split_whitespace().collect();
    if matches!(words.as_str(), "ifnotloop.last" | "endif") {
        return Some("");
    }
    let quoted = before.ends_with('"');
    match turn_field(code, name)? {
        (TurnField::Input, false) if quoted => Some(INPUT),
        (TurnField::Output, false) if quoted => Some(OUTPUT),
        (TurnField::Input, true) if !quoted => Some("\"@input\""),
        (TurnField::Output, true) if !quoted => Some("\"@output\""),
        (TurnField::Input | TurnField::Output, _) => None,
    }
}

/// What of an earlier turn is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnField {
    Input,
    Output,
}

/// Tells what of an earlier turn a part of a template writes, and whether by `dump`. The input of a chat may be named as the
/// content of its last message.
pub(super) fn turn_field(code: &str, name: &str) -> Option<(TurnField, bool)> {
    let words: String = inner(code).split_whitespace().collect();
    let plain = words.strip_suffix("|dump").or_else(|| words.strip_suffix("|tojson"));
    let field = plain.unwrap_or(&words).strip_prefix(name)?.strip_prefix('.')?;
    let last = |of: &str| format!("{of}[{name}.{of}.length-1].content");
    let field = match field {
        "output" => TurnField::Output,
        "input" => TurnField::Input,
        field if field == last("input") || field == last("prompt") => TurnField::Input,
        _ => return None,
    };
    Some((field, plain.is_some()))
}

/// Returns what stands between the signs of a part of a template.
pub(super) fn inner(code: &str) -> &str {
    let inner = code.trim_start_matches(['{', '%', '-']).trim_end_matches(['}', '%', '-']);
    inner.trim()
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) && !text.is_empty()
}

/// Writes messages as a chat. One that stands for the earlier turns makes a template of it, whose other texts are written by
/// `dump`, so that it is JSON whatever is filled in.
pub(crate) fn chat(turns: &[&Turn]) -> String {
    let content = |turn: &Turn| {
        if turn.parts.is_empty() && turn.cache.is_none() {
            return nunjucks::theirs(&turn.content).into();
        }
        parts::written(&nunjucks::theirs(&turn.content), &turn.parts, turn.cache)
    };
    let message = |turn: &&Turn| json!({ "role": turn.role.name(), "content": content(turn) });
    if !turns.iter().any(|turn| is_earlier_turn(turn)) {
        return turns.iter().map(message).collect::<Value>().to_string();
    }
    let mut all = Vec::new();
    let mut sets = String::new();
    for (place, turn) in turns.iter().enumerate() {
        if is_earlier_turn(turn) {
            let said = |role: &str, field: &str| {
                format!("{{\"role\": \"{role}\", \"content\": {{{{ turn.{field} | dump }}}}}}")
            };
            let (asked, answered) = (said("user", "input"), said("assistant", "output"));
            let last = place + 1 == turns.len();
            let between = if last { "{% if not loop.last %},{% endif %}" } else { "," };
            all.push(format!("{{% for turn in {EARLIER} %}}{asked}, {answered}{between}{{% endfor %}}"));
        } else if turn.is_plain() && turn.cache.is_none() {
            let name = format!("message_{}", place + 1);
            let text = nunjucks::theirs(&turn.content);
            sets.extend(["{% set ", &name, " %}", &text, "{% endset %}"]);
            all.push(format!("{{\"role\": \"{}\", \"content\": {{{{ {name} | dump }}}}}}", turn.role.name()));
        } else {
            all.push(message(turn).to_string());
        }
    }
    // The loop brings the comma behind it.
    let mut out = format!("[{sets}");
    for (place, text) in all.iter().enumerate() {
        out.push_str(text);
        let loops = turns.get(place).is_some_and(|turn| is_earlier_turn(turn));
        out.push_str(if loops || place + 1 == all.len() { "" } else { "," });
    }
    out + "]"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Role;

    const DOCUMENTED: &str = "[\n  {% for completion in _conversation %}\n    {\n      \"role\": \"user\",\n      \"content\": \
                              \"{{ completion.input }}\"\n    },\n    {\n      \"role\": \"assistant\",\n      \"content\": \
                              \"{{ completion.output }}\"\n    },\n  {% endfor %}\n  {\n    \"role\": \"user\",\n    \"content\": \
                              \"{{ question }}\"\n  }\n]";

    fn read(raw: &str) -> Value {
        serde_json::from_str(&plain(raw).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn the_loop_over_earlier_turns_is_one_message() {
        let earlier = json!({ "role": "user", "content": "{{ _conversation }}" });
        let question = json!({ "role": "user", "content": "{{ question }}" });
        assert_eq!(read(DOCUMENTED), json!([earlier, question]));
        let dumped = DOCUMENTED
            .replace("\"{{ completion.input }}\"", "{{completion.input|dump}}")
            .replace("\"{{ completion.output }}\"", "{{ completion.output | tojson }}")
            .replace("\"{{ question }}\"", "{{ question | dump }}");
        assert_eq!(read(&dumped), json!([earlier, question]));
        for last in ["input", "prompt"] {
            let shown = format!("completion.{last}[completion.{last}.length - 1].content");
            assert_eq!(read(&DOCUMENTED.replace("completion.input", &shown)), json!([earlier, question]), "{shown}");
        }
        assert_eq!(plain("[{\"role\": \"user\"}]"), Ok(None));
        let other = DOCUMENTED.replace("completion.output }}", "completion.output | upper }}");
        assert!(plain(&other).unwrap_err().contains("turn.output"));
    }

    #[test]
    fn a_value_that_is_written_by_dump_is_a_text_of_the_message() {
        let raw = "[{\"role\": \"user\", \"content\": {{ question | dump }}}]";
        assert_eq!(read(raw), json!([{ "role": "user", "content": "{{ question }}" }]));
    }

    #[test]
    fn a_chat_that_is_written_is_read_as_the_same_messages() {
        let turns = [
            Turn::of(Role::System, "Be \"brief\", {{ name }}.\n{% if a %}x{% endif %}"),
            Turn::of(Role::User, earlier_turn()),
            Turn::of(Role::User, "{{ question }}"),
        ];
        let all: Vec<&Turn> = turns.iter().collect();
        let read = read(&chat(&all));
        let texts: Vec<&str> = read.as_array().unwrap().iter().map(|row| row["content"].as_str().unwrap()).collect();
        assert_eq!(texts, turns.each_ref().map(|turn| turn.content.as_str()));
    }
}
