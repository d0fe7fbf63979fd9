//! Templates: `{{ name }}` stands for a variable, everything else stands for itself, but for the expressions,
//! tags and comments of Jinja, as `MiniJinja` has them.
//!
//! Values are inserted as they are: not escaped, and not read as templates again. They keep their types:
//! numbers, truth values, null (which is written as nothing), lists and objects, whose fields and items are
//! read by `{{ a.b }}` and `{{ l[0] }}`; a text that is a JSON array or object can be read so, too. Numbers are
//! written as the data has them, and a text that writes a number can be compared with one. Braces that
//! enclose no expression and `{%` that begins no tag are texts, so JSON examples and other languages need no
//! escaping; [`Asks::notes`] has each such place. `{{{{` writes `{{`, `{%{%` before the word of a tag writes
//! `{%`, and between `{% raw %}` and `{% endraw %}` everything is text.
//!
//! The tags are `if`, `elif`, `else`, `for`, `set`, `with` and `filter`, with their ends. A loop runs over the
//! items of a list, the keys of an object (`for key, value in object` over both), or the lines of a text that
//! are not blank. A line that holds nothing but a tag or a comment is left out.

mod compose;
mod library;
mod pieces;
mod tokens;
mod values;
mod words;

use std::fmt;

use self::{
    compose::Composed,
    pieces::{Piece, pieces},
};
use crate::model::{Input, Turn};

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// What is wrong, in words.
    pub message: String,
}

impl Mistake {
    fn at(template: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = template.get(..byte).unwrap_or(template);
        let line = before.rsplit('\n').next().unwrap_or(before);
        Self { line: 1 + before.matches('\n').count(), column: 1 + line.chars().count(), message: message.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, message } = self;
        write!(f, "line {line}, column {column}: {message}")
    }
}

/// A place of a template that looks like an expression, a tag or a comment and is text, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note(pub Mistake);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a template was not filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfilled {
    /// Variables without a value, in order, each once.
    Missing(Vec<String>),
    /// A template that makes no sense, or that came to no end.
    Mistake(Mistake),
}

/// What a template asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// The names of its variables, in order, each once.
    pub names: Vec<String>,
    /// Those of them it can do without: it asks whether they are there.
    pub optional: Vec<String>,
    /// What is wrong with it.
    pub mistake: Option<Mistake>,
    /// Places that look like templates and are texts.
    pub notes: Vec<Note>,
}

impl Asks {
    /// Lists the names that need a value and have none, in order.
    #[must_use]
    pub fn missing(&self, has_value: impl Fn(&str) -> bool) -> Vec<String> {
        let needed = |name: &&String| !self.optional.contains(name) && !is_given(name, &has_value);
        self.names.iter().filter(needed).cloned().collect()
    }

    /// Adds what another template of the same prompt asks for. What one of them needs is needed; of
    /// the mistakes the first is kept.
    pub fn add(&mut self, other: Self) {
        let optional = |asks: &Self, name: &String| asks.optional.contains(name) || !asks.names.contains(name);
        let both =
            self.optional.iter().chain(&other.optional).filter(|name| optional(self, name) && optional(&other, name));
        self.optional = both.cloned().collect();
        other.names.iter().for_each(|name| push_new(&mut self.names, name));
        self.mistake = self.mistake.take().or(other.mistake);
        self.notes.extend(other.notes);
    }
}

/// Tells whether a name has a value: `a.b` can be a variable, or a field of the variable `a`.
pub fn is_given(name: &str, has_value: impl Fn(&str) -> bool) -> bool {
    library::prefixes(name).any(has_value)
}

/// Lists what a template asks for; of one that makes no sense, nothing is known.
#[must_use]
pub fn asks(template: &str) -> Asks {
    let asked = pieces(template).and_then(|pieces| {
        let asks = asks_of_pieces(template, &pieces.all)?;
        Ok(Asks { notes: pieces.notes, ..asks })
    });
    asked.unwrap_or_else(|mistake| Asks { mistake: Some(mistake), ..Asks::default() })
}

fn asks_of_pieces(template: &str, pieces: &[Piece<'_>]) -> Result<Asks, Mistake> {
    if !pieces.iter().any(Piece::is_code) {
        return Ok(plain_asks(pieces));
    }
    let composed = Composed::of(template, pieces, &|_| false)?;
    library::asks(template, &composed)
}

/// Lists what the messages of a prompt ask for together, and each mistake with the place of its
/// message. A muted one asks for nothing.
#[must_use]
pub fn asks_of(turns: &[Turn]) -> (Asks, Vec<(usize, Mistake)>) {
    let (mut all, mut mistakes) = (Asks::default(), Vec::new());
    for (place, turn) in turns.iter().enumerate().filter(|(_, turn)| !turn.muted) {
        let asks = asks(&turn.content);
        mistakes.extend(asks.mistake.clone().map(|mistake| (place, mistake)));
        all.add(asks);
    }
    (all, mistakes)
}

/// Fills a template from an input.
pub fn fill(template: &str, input: &Input) -> Result<String, Unfilled> {
    let pieces = pieces(template).map_err(Unfilled::Mistake)?.all;
    match fill_plain(&pieces, input) {
        Some(text) => Ok(text),
        None => fill_by_library(template, &pieces, input),
    }
}

/// Fills a template of texts and variables; none if it has anything else, or a variable has no value.
fn fill_plain(pieces: &[Piece<'_>], input: &Input) -> Option<String> {
    pieces.iter().try_fold(String::new(), |mut filled, piece| {
        filled.push_str(match piece {
            Piece::Text { text, .. } => text,
            Piece::Variable { name, .. } => input.value(name)?,
            Piece::Output { .. } | Piece::Tag { .. } | Piece::Silent { .. } => return None,
        });
        Some(filled)
    })
}

fn fill_by_library(template: &str, pieces: &[Piece<'_>], input: &Input) -> Result<String, Unfilled> {
    let asks = asks_of_pieces(template, pieces).map_err(Unfilled::Mistake)?;
    // A field is there only if what it is read of has fields.
    let has_fields = |name: &str| {
        let text = input.value(name).unwrap_or_default().trim_start();
        text.starts_with(['[', '{'])
    };
    let missing = asks
        .missing(|_| false)
        .into_iter()
        .filter(|name| input.value(name).is_none() && !library::prefixes(name).skip(1).any(has_fields));
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        return Err(Unfilled::Missing(missing));
    }
    let composed = Composed::of(template, pieces, &|name| input.value(name).is_some()).map_err(Unfilled::Mistake)?;
    library::fill(template, &composed, &asks, input)
}

/// A stretch of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// What stands for itself.
    Text(&'a str),
    /// What stands between `{% raw %}` and `{% endraw %}`.
    Raw(&'a str),
    /// A variable, an expression, a tag or a comment, as it was written.
    Code(&'a str),
}

/// Cuts a template into texts and what is none; one that makes no sense is left whole.
#[must_use]
pub fn parts(template: &str) -> Vec<Part<'_>> {
    let Ok(pieces) = pieces(template) else { return vec![Part::Code(template)] };
    let mut raw = false;
    let part = |piece: Piece<'_>| match piece {
        Piece::Variable { at, .. } => {
            let start = template.get(..at)?.rfind("{{")?;
            let end = at + template.get(at..)?.find("}}")? + 2;
            template.get(start..end).map(Part::Code)
        }
        Piece::Text { at, text } if raw => template.get(at..at + text.len()).map(Part::Raw),
        Piece::Text { at, text } => template.get(at..at + text.len()).map(Part::Text),
        Piece::Output { at, written } | Piece::Tag { at, written, .. } => {
            template.get(at..at + written.len()).map(Part::Code)
        }
        Piece::Silent { written, .. } if !written.starts_with("{#") => {
            raw = !raw;
            None
        }
        Piece::Silent { at, written } => template.get(at..at + written.len()).map(Part::Code),
    };
    pieces.all.into_iter().filter_map(part).collect()
}

fn plain_asks(pieces: &[Piece<'_>]) -> Asks {
    let mut asks = Asks::default();
    for piece in pieces {
        if let Piece::Variable { name, .. } = piece {
            push_new(&mut asks.names, name);
        }
    }
    asks
}

fn push_new(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::VarValue;

    fn input(text: &str, vars: &[(&str, &str)]) -> Input {
        Input { text: text.to_owned(), vars: vars.iter().map(|&(name, value)| (name.into(), value.into())).collect() }
    }

    fn filled(template: &str, vars: &[(&str, &str)]) -> String {
        fill(template, &input("<{{ other }} & {\"a\":1}>", vars)).unwrap()
    }

    fn mistake(template: &str, vars: &[(&str, &str)]) -> String {
        match fill(template, &input("x", vars)) {
            Err(Unfilled::Mistake(mistake)) => mistake.to_string(),
            other => format!("{other:?}"),
        }
    }

    fn by_library(template: &str, input: &Input) -> Result<String, Unfilled> {
        let pieces = pieces(template).map_err(Unfilled::Mistake)?.all;
        fill_by_library(template, &pieces, input)
    }

    #[test]
    fn values_stand_as_they_are_and_are_not_read_again() {
        let value = "<{{ other }} & {\"a\":1}>";
        assert_eq!(filled("Say: {{ input }}{{input}}.", &[]), format!("Say: {value}{value}."));
    }

    #[test]
    fn braces_of_json_and_of_other_languages_are_text() {
        for text in [
            "{\"a\": {\"b\": {}}}",
            "{{\"a\":1}}",
            "}} {{",
            "{{ a b }}",
            "{{{",
            "{{}}",
            "\\textbf{%\nif",
            "{%",
            "{% iffy %}",
            "%}",
        ] {
            assert_eq!(filled(text, &[]), text);
            assert_eq!(filled(&format!("{{% if input %}}{text} {{% endif %}}"), &[]), format!("{text} "));
        }
        assert_eq!(filled("{{{{ input }}", &[]), "{{ input }}");
        assert_eq!(filled("{%{% if x %}{%{%", &[]), "{% if x %}{%{%");
    }

    #[test]
    fn a_missing_variable_is_named_once_in_order() {
        let missing = |template: &str| fill(template, &input("x", &[])).unwrap_err();
        let both = Unfilled::Missing(vec!["who".to_owned(), "input.kind".to_owned()]);
        assert_eq!(missing("{{ who }} and {{who}} met {{ input.kind }}"), both);
        assert_eq!(missing("{% if who %}and {{who}} met {{ input.kind }}{% endif %}"), both);
        assert_eq!(asks("{{ b }}{{ a }}{{ b }}").names, ["b", "a"]);
    }

    #[test]
    fn a_condition_decides_and_may_ask_whether_a_variable_is_there() {
        let by_tone = "{% if tone == \"warm\" %}Dear{% elif tone %}Hello{% else %}To{% endif %} {{ input }}";
        for (tone, greeting) in [("warm", "Dear"), ("cold", "Hello"), ("", "To")] {
            assert!(filled(by_tone, &[("tone", tone)]).starts_with(&format!("{greeting} <")));
        }
        let careful = "{% if note is defined %}{{ note }}{% endif %}{% if lang|default('en') == 'en' %}!{% endif %}";
        assert_eq!(filled(careful, &[]), "!");
        assert_eq!(filled(careful, &[("note", "n"), ("lang", "de")]), "n");
        let asks = asks(careful);
        assert_eq!(
            (asks.names, asks.optional),
            (vec!["note".into(), "lang".into()], vec!["note".into(), "lang".into()])
        );
    }

    #[test]
    fn a_loop_runs_over_an_array_the_lines_of_a_text_or_the_keys_of_an_object() {
        let list = "Examples:\n{% for e in examples %}\n- {{ e }}\n  {% endfor %}\nEnd {{ e }}\n";
        let with = |examples: &str| filled(list, &[("examples", examples), ("e", "!")]);
        assert_eq!(with("one\n\ntwo {{ e }}\n"), "Examples:\n- one\n- two {{ e }}\nEnd !\n");
        assert_eq!(
            with("[\"one\", 2.5, {\"b\": 1, \"a\": null}]"),
            "Examples:\n- one\n- 2.5\n- {\"b\":1,\"a\":null}\nEnd !\n"
        );
        assert_eq!(with("[]"), "Examples:\nEnd !\n");
        assert_eq!(with("{\"z\": 1, \"a\": 2}"), "Examples:\n- z\n- a\nEnd !\n");
    }

    #[test]
    fn items_have_fields_and_loops_lie_in_loops() {
        let nested = "{% for row in rows %}{{ loop.index }}. {{ row.first-name }}:{% for tag in row.tags if tag != 'x' %} {{ tag }}\
             {% else %} {{ tag }}{% endfor %}; {% endfor %}";
        let rows = r#"[{"first-name":"{{ tag }}","tags":["a","x","b"]},{"first-name":"{% endfor %}","tags":[]}]"#;
        assert_eq!(filled(nested, &[("rows", rows), ("tag", "none")]), "1. {{ tag }}: a b; 2. {% endfor %}: none; ");
    }

    #[test]
    fn a_mistake_is_told_by_line_and_column() {
        let rows = [
            ("a\n  {% if x %}b", "line 2, column 3: this `if` is not closed: `{% endif %}` is missing"),
            ("é{% endfor %}", "line 1, column 2: `endfor` closes nothing"),
            ("{% for a in x %}{% endif %}", "line 1, column 17: `endif` cannot close the `for` of line 1"),
            ("{% else %}", "line 1, column 1: `else` stands in no `if` and in no `for`"),
            ("\n{% if x", "line 2, column 1: this tag is not closed: `%}` is missing"),
            ("{}\n{{ x }}{% if x == %}{% endif %}", "line 2, column 19: unexpected end of block"),
            ("{} {% if x|nope %}{% endif %}", "line 1, column 12: there is no filter `nope`"),
            ("{{ x }}{% raw %}", "line 1, column 8: this `raw` is not closed: `{% endraw %}` is missing"),
            (
                "\n{% include 'a' %}",
                "line 2, column 1: the tag `include` is not supported; the tags are if, for, set, with, filter and raw (between `{% raw %}` and `{% endraw %}` everything is text)",
            ),
            (
                "{% if x > 3 %}{% endif %}",
                "line 1, column 9: the text `y` is no number and cannot be compared with one",
            ),
            ("{% for a in x %}{{ a.b }}{% endfor %}", "line 1, column 20: `a.b` has no value"),
            ("{% for a in 3 %}{% endfor %}", "line 1, column 15: number is not iterable"),
        ];
        for (template, says) in rows {
            assert_eq!(mistake(template, &[("x", "y")]), says, "{template}");
        }
        assert_eq!(asks("{{ a }}{% if %}").mistake.unwrap().column, 8);
    }

    /// Fills a template from values as JSON has them.
    fn typed(template: &str, vars: &[(&str, &str)]) -> String {
        let vars = vars.iter().map(|&(name, json)| (name.to_owned(), VarValue::Json(json.to_owned()))).collect();
        fill(template, &Input { text: "x".to_owned(), vars }).unwrap_or_else(|unfilled| format!("{unfilled:?}"))
    }

    #[test]
    fn values_keep_their_types_and_their_spelling() {
        let rows = [
            ("{% if v %}Y{% else %}N{% endif %}", "false", "N"),
            ("{% if v %}Y{% else %}N{% endif %}", "0", "N"),
            ("{% if v %}Y{% else %}N{% endif %}", "0.00", "N"),
            ("{% if v %}Y{% else %}N{% endif %}", "[]", "N"),
            ("{{ v }}{% if v > 5 or v == 0 %}!{% endif %}", "null", ""),
            ("{{ v }} {{ v > 1 }} {{ v == 1.1 }} {{ v + 1 }}", "1.10", "1.10 true true 2.1"),
            ("{{ v }} {{ v == 1000 }} {{ v is number }} {{ v|int }}", "1e3", "1e3 true true 1000"),
            ("{{ v }} {{ v > 9007199254740992 }}", "9007199254740993", "9007199254740993 true"),
            ("{{ v }}", "123456789012345678901234567890.10", "123456789012345678901234567890.10"),
            ("{{ v }} {{ v[1] }} {{ v.0 }} {{ v|join('|') }}", "[1.10, \"a\", 2]", "[1.10, \"a\", 2] a 1.10 1.10|a|2"),
            ("{{ v|sort|join(' ') }} {{ v|max }} {{ v|sum }}", "[2, 1.10, 1e1]", "1.10 2 1e1 1e1 13.1"),
            (
                "{{ v.a.b }} {{ v.a }} {{ v['a']['b']|upper }}",
                "{\"a\":{\"b\":\"x\",\"n\":1.0}}",
                "x {\"b\":\"x\",\"n\":1.0} X",
            ),
            ("{% for k, n in v %}{{ k }}={{ n }};{% endfor %}", "{\"z\":1.10,\"a\":null}", "z=1.10;a=;"),
            ("{% for x in v if x > 1 %}{{ x }},{% endfor %}", "[1.0, 1.50, 3]", "1.50,3,"),
            (
                "{{ v|tojson }} {{ v|dump(1) }}",
                "{\"a\":[1.10,\"é\\n\"]}",
                "{\"a\":[1.10,\"é\\n\"]} {\n \"a\": [\n  1.10,\n  \"é\\n\"\n ]\n}",
            ),
            ("{% if v.none %}Y{% else %}N{% endif %}{{ v.none|default('d') }}", "{}", "Nd"),
        ];
        for (template, value, expected) in rows {
            assert_eq!(typed(template, &[("v", value)]), expected, "{template} of {value}");
        }
        assert!(typed("{{ v.gone }}", &[("v", "{}")]).contains("`v.gone` has no value"));
    }

    #[test]
    fn a_text_that_writes_a_number_can_be_compared_with_one() {
        for (template, value, expected) in [
            ("{% if v > 9 %}big{% endif %}{{ v }}", "10", "big10"),
            ("{% if 9.5 < v and v != 3 %}big{% endif %}{{ v * 2 }}", " 010 ", "mistake"),
            ("{{ v * 2 }} {{ v == 10 }} {{ v == '10.0' }}", "10.0", "20.0 true true"),
            ("{{ v > 9 }} {{ v == 1 }}", "", "false false"),
            ("{{ v == 1 }}", "one", "false"),
        ] {
            let found = fill(template, &input("x", &[("v", value)])).unwrap_or_else(|_| "mistake".to_owned());
            assert_eq!(found, expected, "{template} of {value}");
        }
    }

    #[test]
    fn filters_comments_raw_and_white_space_are_those_of_jinja() {
        for (template, expected) in [
            ("{{ n | upper }} {{ n|title|replace('A', 'E') }} {{ gone|default('no one') }}", "ANN Enn no one"),
            ("{{ n|trim|length }} {{ [3, 1]|sort|join('-') }} {{ 2.567|round(1) }}", "3 1-3 2.6"),
            ("A{# note {{ #}B\n  {# alone\non lines #}\nC", "AB\nC"),
            ("{% raw %}{{ n }} {% if %}{# x #}{% endraw %}{{ n }}", "{{ n }} {% if %}{# x #}ann"),
            ("{% verbatim %}{{ n }}{% endverbatim %}", "{{ n }}"),
            ("a  {{- n -}}  b {%- if n %} c {%- endif -%} d {#- x #}e", "aannb cde"),
            ("{%- raw -%} { {%- endraw -%} x", "{x"),
            (
                "{% set m = n|upper %}{{ m }}{% with k = 2 %}{{ k }}{% endwith %}{% filter upper %}{{ n }}{% endfilter %}",
                "ANN2ANN",
            ),
            ("{% if n == 'x' %}1{% elseif n == 'ann' %}2{% endif %}", "2"),
            ("{{ 'a' if n else 'b' }} {{ {'a': {'b': 1}}.a.b }} {{ n ~ '}}' }} {{ true }}", "a 1 ann}} true"),
            ("{{ u.name|upper }}{{ u.name }}{% if u.name == 'Al' %}!{% endif %}", "ALAl!"),
        ] {
            assert_eq!(filled(template, &[("n", "ann"), ("u.name", "Al")]), expected, "{template}");
        }
        let asks = asks("{# {{ no }} #}{{ a.b|join(c) }}{% set d = e %}{{ d }}{% for f in g.h %}{{ f }}{% endfor %}");
        assert_eq!(asks.names, ["a.b", "c", "e", "g.h"]);
        assert_eq!(asks.missing(|name| matches!(name, "a" | "c" | "e" | "g.h")), Vec::<String>::new());
    }

    #[test]
    fn what_looks_like_a_template_and_is_none_is_noted_once_with_its_place() {
        let notes = |template: &str| asks(template).notes.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (template, expected) in [
            (
                "a\n {{ input }",
                "line 2, column 2: `{{ input }` lacks a brace and stays as text; write `{{ input }}` for the variable",
            ),
            (
                "{{ input",
                "line 1, column 1: `{{ input` is not closed by `}}` and stays as text; write `{{ input }}` for the variable",
            ),
            ("{{ a b }} {{ c }}", "line 1, column 1: `{{ a b }}` is no expression and stays as text"),
            ("{{\"a\":1}}", "line 1, column 1: `{{\"a\":1}}` is no expression and stays as text"),
            ("{% iffy %}", "line 1, column 1: `{% iffy %}` is no tag and stays as text"),
            ("x{# y", "line 1, column 2: `{#` begins no comment, since `#}` is missing; it stays as text"),
        ] {
            assert_eq!(notes(template), [expected], "{template}");
        }
        for plain in ["{\"a\": {\"b\": {}}}", "\\textbf{%\nif", "{{{{ x }}", "{{ x }}", "{{{x}}}", "{%{% if %}"] {
            assert_eq!(notes(plain), Vec::<String>::new(), "{plain}");
        }
    }

    #[test]
    fn a_runaway_template_is_stopped() {
        let lines = "line\n".repeat(2000);
        let bomb = "{% for a in x %}{% for b in x %}{% for c in x %}{{ x }}{% endfor %}{% endfor %}{% endfor %}";
        assert_eq!(
            mistake(bomb, &[("x", &lines)]).split(": ").last(),
            Some("the template repeats too much and was stopped")
        );
    }

    fn soup() -> impl Strategy<Value = String> {
        let bits = [
            "{",
            "}",
            "{{",
            "}}",
            "{{ a }}",
            "{{b.c}}",
            "{{ d-e }}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-",
            "\"",
            "\\",
            "\n",
            "\r\n",
            " ",
            "é",
            "a",
            "raw",
        ];
        prop::collection::vec(prop::sample::select(bits.to_vec()), 0..24).prop_map(|bits| bits.concat())
    }

    proptest! {
        #[test]
        fn a_plain_template_is_the_same_with_and_without_the_library(template in soup(), a in soup(), b in soup()) {
            let input = input("", &[("a", &a), ("b.c", &b), ("d-e", "{{ a }}")]);
            prop_assert_eq!(fill(&template, &input), by_library(&template, &input));
        }

        #[test]
        fn no_value_is_read_as_a_template(a in soup(), lines in prop::collection::vec(soup(), 0..4)) {
            let rows = serde_json::to_string(&lines).unwrap();
            let template = "{{ a }}{% for row in rows %}<{{ row }}|{{ a }}>{% endfor %}";
            let expected = lines.iter().fold(a.clone(), |text, line| format!("{text}<{line}|{a}>"));
            prop_assert_eq!(fill(template, &input("", &[("a", &a), ("rows", &rows)])), Ok(expected));
        }

        #[test]
        fn nothing_panics_and_what_is_asked_for_suffices(head in soup(), tail in soup(), inner in soup()) {
            let template = format!("{head}{{% for x in a %}}{inner}{{% endfor %}}{tail}{{% if {inner} %}}{{% endif %}}");
            let asks = asks(&template);
            let vars = asks.names.iter().map(|name| (name.clone(), "v".into())).collect();
            let filled = fill(&template, &Input { text: String::new(), vars });
            prop_assert!(!matches!(filled, Err(Unfilled::Missing(_))));
        }
    }
}
