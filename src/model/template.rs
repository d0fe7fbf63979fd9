//! Templates: `{{ name }}` stands for a variable, everything else for itself.
//!
//! Values are inserted as they are: not escaped, and not read as templates again. Braces that do
//! not enclose a plain name are text, so JSON examples need no escaping. `{{{{` writes `{{`.

/// A template with its variables filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filled {
    /// The text; a missing variable stands in it as it was written.
    pub text: String,
    /// Names without a value, in order, each once.
    pub missing: Vec<String>,
}

/// Fills a template from a lookup of values by name.
pub fn fill<'a>(template: &str, value: impl Fn(&str) -> Option<&'a str>) -> Filled {
    let mut filled = Filled::default();
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => filled.text.push_str(text),
            Piece::Variable { name, written } => {
                if let Some(value) = value(name) {
                    filled.text.push_str(value);
                } else {
                    filled.text.push_str(written);
                    if !filled.missing.iter().any(|known| known == name) {
                        filled.missing.push(name.to_owned());
                    }
                }
            }
        }
    }
    filled
}

/// Lists the names a template asks for, in order, each once.
#[must_use]
pub fn variables(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in pieces(template) {
        if let Piece::Variable { name, .. } = piece
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, written: &'a str },
}

fn pieces(template: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(open) = rest.find("{{") else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        let (before, at) = rest.split_at(open);
        if !before.is_empty() {
            rest = at;
            return Some(Piece::Text(before));
        }
        if let Some(after) = at.strip_prefix("{{{{") {
            rest = after;
            return Some(Piece::Text("{{"));
        }
        let inside = at.strip_prefix("{{").unwrap_or(at);
        if let Some((name, after)) = inside.split_once("}}")
            && is_name(name.trim())
        {
            let (written, _) = at.split_at(at.len() - after.len());
            rest = after;
            return Some(Piece::Variable { name: name.trim(), written });
        }
        let (brace, after) = at.split_at(1);
        rest = after;
        Some(Piece::Text(brace))
    })
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(name: &str) -> Option<&'a str> {
        (name == "input").then_some("<{{ other }} & {\"a\":1}>")
    }

    #[test]
    fn values_stand_as_they_are_and_are_not_read_again() {
        let filled = fill("Say: {{ input }}{{input}}.", one);
        assert_eq!(filled.text, "Say: <{{ other }} & {\"a\":1}><{{ other }} & {\"a\":1}>.");
        assert!(filled.missing.is_empty());
    }

    #[test]
    fn braces_of_json_and_of_other_languages_are_text() {
        for text in
            ["{\"a\": {\"b\": {}}}", "{{\"a\":1}}", "{% if x %}", "{# note #}", "}} {{", "{{ a b }}", "{{{", "{{}}"]
        {
            let filled = fill(text, one);
            assert_eq!((filled.text.as_str(), filled.missing.len()), (text, 0));
        }
        assert_eq!(fill("{{{{ input }}", one).text, "{{ input }}");
    }

    #[test]
    fn a_missing_variable_is_named_once_and_stands_as_written() {
        let filled = fill("{{ who }} and {{who}} met {{ input.kind }}", one);
        assert_eq!(filled.text, "{{ who }} and {{who}} met {{ input.kind }}");
        assert_eq!(filled.missing, ["who", "input.kind"]);
        assert_eq!(variables("{{ b }}{{ a }}{{ b }}"), ["b", "a"]);
    }
}
