//! Templates of Nunjucks read as ours, and ours written as theirs.
//!
//! Both write `{{ name }}` and the tags of `if` and `for`. What only one of them understands is either
//! written another way or a mistake: filters, calculations, comments, `{% raw %}`.

/// The tags that both know.
const TAGS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];

/// What is wrong with a template, and how many lines below its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Odd {
    pub(super) below: usize,
    pub(super) what: String,
}

/// Reads a template of theirs.
pub(super) fn ours(theirs: &str) -> Result<String, Odd> {
    let mut out = String::with_capacity(theirs.len());
    let mut rest = theirs;
    while let Some(at) = rest.find('{') {
        let (plain, opened) = rest.split_at(at);
        out.push_str(plain);
        let odd = |what: String| {
            let before = theirs.get(..theirs.len() - opened.len()).unwrap_or(theirs);
            Odd { below: before.matches('\n').count(), what }
        };
        rest = if let Some(inside) = opened.strip_prefix("{{") {
            let (name, after) = inside.split_once("}}").ok_or_else(|| odd("`{{` is not closed by `}}`".to_owned()))?;
            if !is_name(name.trim()) {
                return Err(odd(format!(
                    "`{{{{{name}}}}}` is more than a variable; filters and calculations are not supported, \
                     write `{{{{ name }}}}` and put the value into a variable"
                )));
            }
            if name.trim().starts_with("env.") {
                return Err(odd(format!(
                    "`{{{{{name}}}}}`: the environment is not read into prompts; make it a variable"
                )));
            }
            out.push_str("{{");
            out.push_str(name);
            out.push_str("}}");
            after
        } else if let Some(inside) = opened.strip_prefix("{#") {
            inside.split_once("#}").ok_or_else(|| odd("`{#` is not closed by `#}`".to_owned()))?.1
        } else if let Some(inside) = opened.strip_prefix("{%") {
            let (tag, after) = inside.split_once("%}").ok_or_else(|| odd("`{%` is not closed by `%}`".to_owned()))?;
            match word(tag) {
                "raw" | "verbatim" => {
                    let (text, after) = until_end(after, word(tag))
                        .ok_or_else(|| odd(format!("`{{%{tag}%}}` is not closed by `{{% end{} %}}`", word(tag))))?;
                    out.push_str(&literal(text));
                    after
                }
                known if TAGS.contains(&known) => {
                    out.push_str(opened.get(..opened.len() - after.len()).unwrap_or_default());
                    after
                }
                _ => {
                    let known = TAGS.join(", ");
                    return Err(odd(format!("the tag `{{%{tag}%}}` is not supported; the tags are {known}")));
                }
            }
        } else {
            out.push('{');
            opened.get(1..).unwrap_or_default()
        };
    }
    out.push_str(rest);
    Ok(out)
}

/// Writes a template of ours.
pub(super) fn theirs(ours: &str) -> String {
    let mut out = String::with_capacity(ours.len());
    let mut rest = ours;
    while let Some(at) = rest.find('{') {
        let (plain, opened) = rest.split_at(at);
        out.push_str(plain);
        let raw = |text: &str| format!("{{% raw %}}{text}{{% endraw %}}");
        let (text, length) = if opened.starts_with("{{{{") {
            (raw("{{"), 4)
        } else if let Some(after) = opened.strip_prefix("{%")
            && TAGS.contains(&word_of(after))
            && let Some((_, rest)) = after.split_once(word_of(after))
        {
            let length = opened.len() - rest.len();
            (raw(opened.get(2..length).unwrap_or_default()), length)
        } else if let Some((name, after)) = opened.strip_prefix("{{").and_then(|inside| inside.split_once("}}"))
            && is_name(name.trim())
        {
            let length = opened.len() - after.len();
            (opened.get(..length).unwrap_or_default().to_owned(), length)
        } else if TAGS.contains(&word_of(opened)) {
            ("{%".to_owned(), 2)
        } else if let Some(pair) = ["{{", "{%", "{#"].into_iter().find(|pair| opened.starts_with(pair)) {
            (raw(pair), 2)
        } else {
            ("{".to_owned(), 1)
        };
        out.push_str(&text);
        rest = opened.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Tells whether a text would be filled once more by promptfoo, which reads values as templates too.
pub(super) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].into_iter().any(|opening| text.contains(opening))
}

/// Writes a text so that none of it is read as a template of ours.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (plain, opened) = rest.split_at(at);
        out.push_str(plain);
        let (written, length) = if opened.starts_with("{{") {
            ("{{{{", 2)
        } else if TAGS.contains(&word_of(opened)) {
            ("{%{%", 2)
        } else {
            ("{", 1)
        };
        out.push_str(written);
        rest = opened.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

fn until_end<'a>(text: &'a str, word_: &str) -> Option<(&'a str, &'a str)> {
    let end = format!("end{word_}");
    text.match_indices("{%").find_map(|(at, _)| {
        let (before, opened) = text.split_at(at);
        let (tag, after) = opened.strip_prefix("{%")?.split_once("%}")?;
        (word(tag) == end).then_some((before, after))
    })
}

fn word_of(opened: &str) -> &str {
    opened.strip_prefix("{%").map_or("", word)
}

fn word(tag: &str) -> &str {
    let inside = tag.strip_prefix(['-', '+']).unwrap_or(tag).trim_start();
    inside.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn is_name(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    !text.is_empty() && text.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{eval::template, model::Input};

    #[test]
    fn what_both_understand_stays_and_the_rest_is_named_with_its_line() {
        for text in ["Hi {{name}}, {{ a.b }} {\"a\": {\"b\": 1}}", "{% if a %}x{% elif b %}{% endif %}"] {
            assert_eq!(ours(text).unwrap(), text);
            assert_eq!(theirs(text), text);
        }
        assert_eq!(ours("a{# note\n#}b").unwrap(), "ab");
        for (text, below, part) in [
            ("one\n{{ name | upper }}", 1, "more than a variable"),
            ("{{ a + 1 }}", 0, "more than a variable"),
            ("{{ env.KEY }}", 0, "environment"),
            ("\n\n{% set a = 1 %}", 2, "not supported"),
            ("{{ open", 0, "not closed"),
            ("{% raw %}x", 0, "not closed"),
        ] {
            let odd = ours(text).unwrap_err();
            assert!(odd.below == below && odd.what.contains(part), "{odd:?}");
        }
    }

    #[test]
    fn what_is_no_template_is_sent_as_it_was_written() {
        let plain = "{{\"a\":1}} {% raw %} {# x #} {{ a b }} {% if x";
        let escaped = ours(&format!("{{% verbatim %}}{plain}{{% endverbatim %}}")).unwrap();
        assert_eq!(template::fill(&escaped, &Input::default()).unwrap(), plain);
        assert_eq!(ours(&theirs(&escaped)).unwrap(), escaped);
    }
}
