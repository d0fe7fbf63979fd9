//! Templates of Nunjucks, which are read by our own language, and ours written as theirs.
//!
//! Both have `{{ … }}` with filters, the tags of Jinja, comments and `{% raw %}`. What only they have is a
//! mistake that is named, or a place that stays as text and is noted.

use crate::{model::header, template, template::TemplatePart};

/// What is wrong with a template, and how many lines below its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Odd {
    pub(crate) below: usize,
    pub(crate) what: String,
}

/// Reads a template of theirs.
pub(crate) fn ours(theirs: &str) -> Result<String, Odd> {
    let asks = template::asks(theirs);
    if let Some(mistake) = asks.mistake {
        return Err(Odd { below: mistake.line - 1, what: format!("column {}: {}", mistake.column, mistake.message) });
    }
    if let Some(name) = asks.names.iter().find(|name| name.starts_with("env.")) {
        let at = theirs.find(name.as_str()).unwrap_or_default();
        let below = theirs.get(..at).unwrap_or_default().matches('\n').count();
        return Err(Odd {
            below,
            what: format!("`{{{{ {name} }}}}`: the environment is not read into prompts; make it a variable"),
        });
    }
    Ok(theirs.to_owned())
}

/// Writes a template of ours.
pub(crate) fn theirs(ours: &str) -> String {
    let literal = |text: &str| {
        if is_template(text) { format!("{{% raw %}}{text}{{% endraw %}}") } else { text.to_owned() }
    };
    let (mut out, mut text) = (String::with_capacity(ours.len()), String::new());
    for part in template::parts(ours) {
        let code = match part {
            TemplatePart::Text(more) => {
                text.push_str(more);
                continue;
            }
            TemplatePart::Raw(raw) => format!("{{% raw %}}{raw}{{% endraw %}}"),
            TemplatePart::Code(code) => code.to_owned(),
        };
        out.push_str(&literal(&std::mem::take(&mut text)));
        // A brace before another would be read with it.
        if out.ends_with('{') {
            out.pop();
            out.push_str("{% raw %}{{% endraw %}");
        }
        out.push_str(&code);
    }
    out + &literal(&text)
}

/// Reads a text that is filled from the environment when it is sent: returns it with its places written
/// `{{env.NAME}}`, and the names. None where it has other templates.
pub(crate) fn environment(theirs: &str) -> Option<(String, Vec<String>)> {
    let (mut text, mut names) = (String::new(), Vec::new());
    let mut rest = theirs;
    while let Some((before, after)) = rest.split_once("{{") {
        let (code, behind) = after.split_once("}}")?;
        let name = code.trim().strip_prefix("env.").filter(|name| header::is_variable(name))?;
        text.push_str(before);
        text.extend(["{{env.", name, "}}"]);
        names.push(name.to_owned());
        rest = behind;
    }
    text.push_str(rest);
    (!["{%", "{#"].into_iter().any(|opening| text.contains(opening))).then_some((text, names))
}

/// Writes a header's value as promptfoo fills it, with `{{env.NAME}}` for every secret. None where a text of it is a
/// template to promptfoo.
#[must_use]
pub fn header(name: &str, value: &str) -> Option<String> {
    let mut out = String::new();
    for part in header::parts(value) {
        match part {
            header::HeaderPiece::Text(text) if is_template(text) => return None,
            header::HeaderPiece::Text(text) => out.push_str(text),
            header::HeaderPiece::Secret(source) => out.extend(["{{env.", &header::variable(name, &source), "}}"]),
        }
    }
    Some(out)
}

/// Tells whether a text would be filled once more by promptfoo, which reads values as templates too.
pub(crate) fn is_template(text: &str) -> bool {
    ["{{", "{%", "{#"].into_iter().any(|opening| text.contains(opening))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Input, template::FillBudget};

    #[test]
    fn what_both_understand_stays_and_the_rest_is_named_with_its_line() {
        for text in [
            "Hi {{name}}, {{ a.b }} {\"a\": {\"b\": 1}}",
            "{% if a %}x{% elif b %}{% endif %}",
            "{{ name | upper }}{# note #}{{ a + 1 }}{% set c = 1 %}{{ c }}",
        ] {
            assert_eq!(ours(text).unwrap(), text);
            assert_eq!(theirs(text), text);
        }
        for (text, below, part) in [
            ("one\n{{ name | shout }}", 1, "no filter `shout`"),
            ("{{ env.KEY }}", 0, "environment"),
            ("\n\n{% include 'a' %}", 2, "not supported"),
            ("{% raw %}x", 0, "not closed"),
        ] {
            let odd = ours(text).unwrap_err();
            assert!(odd.below == below && odd.what.contains(part), "{odd:?}");
        }
    }

    #[test]
    fn what_is_no_template_is_sent_as_it_was_written() {
        let filled = |text: &str| template::fill(text, &Input::default(), &mut FillBudget::new(0, &Input::default()));
        let plain = "{{\"a\":1}} {% verb %} {# x #} {{ a b }} {% if x";
        let raw = format!("{{% verbatim %}}{plain}{{% endverbatim %}}");
        assert_eq!(filled(&ours(&raw).unwrap()).unwrap(), plain);
        let again = theirs(&raw);
        assert_eq!(again, format!("{{% raw %}}{plain}{{% endraw %}}"));
        assert_eq!(filled(&again).unwrap(), plain);
        assert_eq!(theirs("{{{{ x }}{{{y}}"), "{% raw %}{{ x }}{{% endraw %}{{y}}");
    }
}
