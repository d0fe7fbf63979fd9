//! Templates filled, asked what they need, and broken.

use proptest::prelude::*;

use crate::{model::VarValue, template::*};

fn fill_alone(template: &str, input: &Input) -> Result<String, Unfilled> {
    fill(template, input, &mut FillBudget::new(template.len(), input))
}

fn input(text: &str, vars: &[(&str, &str)]) -> Input {
    let vars = vars.iter().map(|&(name, value)| (name.into(), value.into())).collect();
    Input { text: text.to_owned(), vars, ..Input::default() }
}

fn filled(template: &str, vars: &[(&str, &str)]) -> String {
    fill_alone(template, &input("<{{ other }} & {\"a\":1}>", vars)).unwrap()
}

fn mistake(template: &str, vars: &[(&str, &str)]) -> String {
    match fill_alone(template, &input("x", vars)) {
        Err(Unfilled::Mistake(mistake)) => mistake.to_string(),
        other => format!("{other:?}"),
    }
}

fn by_library(template: &str, input: &Input) -> Result<String, Unfilled> {
    let pieces = pieces(template).map_err(Unfilled::Mistake)?.all;
    fill_by_library(template, &pieces, input, &mut FillBudget::new(template.len(), input))
}

#[test]
fn a_text_written_as_a_template_stands_for_itself() {
    for text in [
        "plain",
        "{{ x }}",
        "{% if a %}",
        "{# c #}",
        "{% endraw %} {{ y }}",
        "{% raw %}{{ z }}{% endraw %}",
        "{{{{ {%{% if",
        "a\n{% if x %}\nb {% endraw",
    ] {
        let input = Input::default();
        let mut budget = FillBudget::new(text.len(), &input);
        assert_eq!(fill(&literal(text), &input, &mut budget).as_deref(), Ok(text), "{}", literal(text));
    }
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
    let missing = |template: &str| fill_alone(template, &input("x", &[])).unwrap_err();
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
    assert_eq!((asks.names, asks.optional), (vec!["note".into(), "lang".into()], vec!["note".into(), "lang".into()]));
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
        ("{% if x > 3 %}{% endif %}", "line 1, column 7: the text `y` is no number and cannot be compared with one"),
        ("{% for a in x %}{{ a.b }}{% endfor %}", "line 1, column 20: `a.b` has no value"),
        ("{% for a in 3 %}{% endfor %}", "line 1, column 13: number is not iterable"),
    ];
    for (template, says) in rows {
        assert_eq!(mistake(template, &[("x", "y")]), says, "{template}");
    }
    assert_eq!(asks("{{ a }}{% if %}").mistake.unwrap().column, 8);
}

/// Fills a template from values as JSON has them.
fn typed(template: &str, vars: &[(&str, &str)]) -> String {
    let vars = vars.iter().map(|&(name, json)| (name.to_owned(), VarValue::Json(json.to_owned()))).collect();
    fill_alone(template, &Input { text: "x".to_owned(), vars, ..Input::default() })
        .unwrap_or_else(|unfilled| format!("{unfilled:?}"))
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
        ("{{ v|select|join(' ') }} {{ v|reject('gt', 2)|join(' ') }}", "[1.10, 0, 1e1]", "1.10 1e1 1.10 0"),
        (
            "{% for x in v|selectattr('n', 'eq', 1) %}{{ x.n ~ x.ok }}{% endfor %}{{ v|rejectattr('ok')|join }}",
            "[{\"n\":1.0,\"ok\":true},{\"n\":2,\"ok\":false}]",
            "1.0true{\"n\":2,\"ok\":false}",
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
        let found = fill_alone(template, &input("x", &[("v", value)])).unwrap_or_else(|_| "mistake".to_owned());
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
    let picked = "{% for a in x %}{{ x|select|length }}{% endfor %}";
    for template in [bomb, picked] {
        let words = mistake(template, &[("x", &lines)]);
        assert!(words.ends_with("too much work: the template repeats too much and was stopped"), "{template}: {words}");
    }
}

#[test]
fn what_is_done_with_large_values_again_and_again_is_work() {
    let numbers = format!("[{}1]", "1.10,".repeat(90_000));
    let long = "\n".repeat(1 << 20);
    let fields = format!("{{{}\"z\": 1}}", (0..40_000).fold(String::new(), |all, at| all + &format!("\"f{at}\": 1,")));
    for (once, value) in [
        ("{{ x < 1 }}", &numbers),
        ("{{ x|sort|length }}", &numbers),
        ("{{ x|max }}", &numbers),
        ("{{ x|tojson|length }}", &numbers),
        ("{{ x == x }}", &numbers),
        ("{{ x|select|length }}", &numbers),
        ("{{ x|dictsort|length }}", &fields),
        ("{% for name, of in x %}{% if name == 'z' %}{% endif %}{% endfor %}", &fields),
        ("{% for line in x %}{% endfor %}", &long),
        ("{{ x|tojson(indent=1000000000)|length }}", &"[1, [2]]".to_owned()),
    ] {
        let words = mistake(&format!("{{% for a in range(9999) %}}{once}{{% endfor %}}"), &[("x", value)]);
        assert!(words.ends_with("too much work: the template repeats too much and was stopped"), "{once}: {words}");
    }
}

#[test]
fn filling_is_bounded_in_text_and_by_the_templates_before() {
    let many = "{{ x }}".repeat(2000);
    let input = input("", &[("x", &"y".repeat(10_000))]);
    let Err(Unfilled::Mistake(much)) = fill_alone(&many, &input) else { panic!("20 MB were filled") };
    assert_eq!(much.message, "too much work: this fills more than 16 MB");
    // What is inserted once always fits, however long it is.
    let long = self::input("", &[("x", &"y".repeat(20 << 20))]);
    assert_eq!(fill_alone("{{ x }}", &long).unwrap().len(), 20 << 20);
    let mut budget = FillBudget::new(0, &input);
    let work = "{% for a in range(9999) %}{% for b in range(9) %}{% endfor %}{% endfor %}";
    let filled = (0..20).map(|_| fill(work, &input, &mut budget)).find_map(Result::err).unwrap();
    let Unfilled::Mistake(much) = filled else { panic!("{filled:?}") };
    assert_eq!(much.message, "too much work: the templates before this one took all there is");
    assert!(budget.steps() > 1_000_000);
}

#[test]
fn reading_a_template_is_bounded() {
    let variables = (0..6000).fold(String::new(), |all, at| all + &format!("{{{{ v{at} }}}}"));
    for (template, words) in [
        ("{% if x %}".repeat(20_000), "too much work: tags lie more than 100 deep in each other"),
        (variables, "too much work: there are more than 5000 variables"),
        ("{{ ( ".repeat(20_000) + "}}", "too much work: too many braces before this one open what is not closed"),
    ] {
        assert_eq!(asks(&template).mistake.map(|mistake| mistake.message).as_deref(), Some(words));
    }
    for odd in ["{{ ", "{% iffy %}", "{# "] {
        let asks = asks(&odd.repeat(50_000));
        assert_eq!((asks.notes.len(), asks.mistake), (100, None), "{odd}: the first are noted");
    }
    let deep = format!("{}{}{}", "[".repeat(100), serde_json::json!("x".repeat(1 << 20)), "]".repeat(100));
    let text = mistake("{{ v[0] }}", &[("v", &deep)]);
    assert!(text.ends_with("too much work: `v` holds long values too deep in each other"), "{text}");
    let wide = format!("[{}1]", "1,".repeat(100_000));
    let text = mistake("{{ v[0] }}", &[("v", &wide)]);
    assert!(text.ends_with("`v` may hold 100,002 JSON values, of which at most 100,000 are read"), "{text}");
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
        prop_assert_eq!(fill_alone(&template, &input), by_library(&template, &input));
    }

    #[test]
    fn no_value_is_read_as_a_template(a in soup(), lines in prop::collection::vec(soup(), 0..4)) {
        let rows = serde_json::to_string(&lines).unwrap();
        let template = "{{ a }}{% for row in rows %}<{{ row }}|{{ a }}>{% endfor %}";
        let expected = lines.iter().fold(a.clone(), |text, line| format!("{text}<{line}|{a}>"));
        prop_assert_eq!(fill_alone(template, &input("", &[("a", &a), ("rows", &rows)])), Ok(expected));
    }

    #[test]
    fn nothing_panics_and_what_is_asked_for_suffices(head in soup(), tail in soup(), inner in soup()) {
        let template = format!("{head}{{% for x in a %}}{inner}{{% endfor %}}{tail}{{% if {inner} %}}{{% endif %}}");
        let asks = asks(&template);
        let vars = asks.names.iter().map(|name| (name.clone(), "v".into())).collect();
        let filled = fill_alone(&template, &Input { text: String::new(), vars, ..Input::default() });
        prop_assert!(!matches!(filled, Err(Unfilled::Missing(_))));
    }
}

#[test]
fn a_variable_has_a_value_of_its_own_where_none_is_given() {
    for (template, own) in [
        ("{% set lang = lang | default('en') %}\n{{ lang }}, {{ lang }}", "en, en"),
        ("{% with lang = lang|default('en') %}{{ lang }}{% endwith %}", "en"),
        ("{% set lang = lang | default(\"a \\\"b\\\"\") %}\n{% if lang %}{{ lang }}{% endif %}", "a \"b\""),
    ] {
        assert_eq!(filled(template, &[]), own, "{template}");
        assert_eq!(filled(template, &[("lang", "nl")]), own.replace("en", "nl").replace("a \"b\"", "nl"), "{template}");
        let asked = asks(template);
        assert_eq!((asked.names, asked.optional), (vec!["lang".to_owned()], vec!["lang".to_owned()]), "{template}");
    }
    assert_eq!(
        asks("{% set a = 1 %}{{ a }}{% set a = a + 1 %}").names,
        Vec::<String>::new(),
        "it is the template's own"
    );
}
