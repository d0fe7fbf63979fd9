//! Conditions, loops and filters in programs: what a program writes is what retort writes, or both refuse.

use std::{fmt::Write as _, fs};

use proptest::{
    prelude::*,
    strategy::{BoxedStrategy, ValueTree as _},
    test_runner::TestRunner,
};
use retort::{
    model::{Input, VarValue},
    template::{self, FillBudget, TemplatePart, Unfilled},
};
use serde_json::{Map, Value, json};

use super::exported::{home_at, javascript, ran, unstreamed, wires};
use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, json as whole},
};

/// Templates that a program writes as retort does; the first are compiled in Rust, too.
const TEMPLATES: &[&str] = &[
    "{% if t %}Be {{ t }}.{% elif a %}A{% else %}nobody{% endif %}",
    "{% if t == 'warm' %}1{% endif %}{% if t != \"warm\" and not (a or o is defined) %}2{% endif %}{% if 'a' in t %}3{% endif %}",
    "{{ o | default('none') }}/{{ o | d }}/{{ o | default(t, true) }}{% if o is defined %}[{{ o }}]{% endif %}",
    "{% for x in a %}\n- {{ loop.index }}{{ ',' if not loop.last }} {{ x }}\n{% else %}\nnothing\n{% endfor %}\nend",
    "{% for x in a if x %}{{ loop.index0 }}/{{ loop.length }}:{{ x }}{% if loop.first %}!{% endif %};{% endfor %}",
    "{% for key, value in a %}{{ key }}={{ value }} {% endfor %}",
    "{% for x in a %}{% for y in x.tags %}{{ loop.index }}{{ y }}{% else %}-{% endfor %}{% endfor %}",
    "{{ t | upper }}{{ t | lower }}{{ t | trim }}|{{ t | replace('a', 'b') }}|{{ t ~ '-' ~ t|upper }}",
    "{{ a | length }}",
    "{{ a | join(', ') }}",
    "{{ a | first }}|{{ a | last }}",
    "{{ a | tojson }}",
    "{% if n > 3 %}>{% elif n < 0 %}<{% endif %}{% if n == 5 %}five{% endif %}{% if n != 1.5 %}not{% endif %}",
    "{{ o.name }}",
    "{% if a.name %}{{ a.name }}{% endif %}{{ a.name is defined }}{{ a['name'] == t }}",
    "{{ a[0] }}|{{ a[-1] }}|{{ a[n] }}",
    "{% set who = t | trim %}{% if a %}{% set who = who ~ '!' %}{% endif %}{{ who }}",
    "{% set t = t | default('x') %}{{ t }}{% if t %}+{% endif %}",
    "  {%- if t -%}  \n x {{- t -}} y \n {%- endif %}  z",
    "{# a comment #}{% raw %}{{ t }} {% if %}{% endraw %}{{ a }}",
    "{% if n is number %}n{% endif %}{% if a is none %}null{% endif %}{% if a is mapping %}m{% endif %}{% if a is sequence %}s{% endif %}{% if a is string %}t{% endif %}{% if o is not defined %}u{% endif %}",
    "{% if t in a %}in{% endif %}{% if n in a %}num{% endif %}{% if t not in ['warm', 'x'] %}out{% endif %}",
    "{{ n + 1 }} {{ n - 1 }} {{ 2 * n }} {{ n / 4 }} {{ n // 4 }} {{ n % 4 }}",
    "{{ (n + 1) * 2 - n % 3 }} {{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 1.5 + 2 }} {{ n * 0.5 }}",
    "{% for x in a %}{% if loop.index % 2 == 0 %}even {% endif %}{{ loop.index + 10 }}/{{ loop.length - loop.index }} {% endfor %}{{ a|length * 2 }}",
    "{{ t + '!' }}{{ '<' + t + '>' }}",
    "{{ n + n }} {{ t + t }}",
    "{% if n + 1 > 3 %}more{% endif %}{% if n % 2 %}odd{% endif %}{% if n * 2 == 6 %}six{% endif %}{% if (n + n) >= 6 %}twice{% endif %}",
    "{% set half = n / 2 %}{{ half }}|{{ half * 2 }}|{% if half > 1 %}big{% endif %}{% set more = n + 1 %}{{ more }}|{{ more + 1 }}",
    "{{ n|round }} {{ n|round(1) }} {{ (n / 3)|round(2) }} {{ n|abs }}",
    "{{ t|int(7) }} {{ a|int(-1) }} {{ n|int + 1 }} {{ t|float(0.5) }} {{ n|float / 2 }}",
    "{{ n|int }}|{{ n|float }}|{{ t|int }}",
    "{{ t|title }}|{{ t|capitalize }}|{{ t|string }}{{ n|string|upper }}",
    "{{ t|indent(2) }}|{{ t|indent(width=3, first=true) }}|{{ t|indent(1, true, true) }}",
    "{{ a|tojson(2) }}{{ a|tojson(indent=3) }}",
    "{{ a|sort|join(',') }}|{{ a|sort(reverse=true)|join(',') }}|{{ a|unique|join(',') }}",
    "{% for x in a|sort(attribute='name') %}{{ x.name }};{% endfor %}{{ a|map(attribute='name')|join(', ') }}",
    "{{ a|min }} {{ a|max }} {{ a|sum }}",
    "{% for x in a|reverse %}{{ x }};{% endfor %}{{ a|list|length }}{{ a|list|tojson }}",
    "{% for key, value in a|items %}{{ key }}={{ value }};{% endfor %}",
    "{% for row in a|batch(2) %}[{% for x in row %}{{ x }},{% endfor %}]{% endfor %}",
    "{% set note %}\n  {% if t %}({{ t }}){% endif %}{% endset %}{{ note }}|{{ note|trim|length }}{% set loud | upper | trim %} {{ note }} {% endset %}{{ loud }}",
    "{% filter upper %}a{% if t %}{{ t }}{% endif %}{% filter replace('A', 'b') %}A{{ t }}{% endfilter %}{% endfilter %}",
    "{% with x = t, y = x ~ '!' %}{{ x }}{{ y }}{% set z = y %}{{ z }}{% endwith %}{{ x is defined }}{{ z is defined }}{% with t = t|upper %}{{ t }}{% endwith %}{{ t }}",
    "{% for x in a %}{% with last = loop.last %}{{ x }}{{ '.' if last else ', ' }}{% endwith %}{% set seen %}<{{ x }}>{% endset %}{{ seen }}{% endfor %}",
    "{% if n is odd %}odd{% endif %}{% if n is even %}even{% endif %}{% if a is boolean %}truth{% endif %}",
    "{% if t %}{% set pick = 1 %}{% else %}{% set pick = 2 %}{% endif %}{{ pick }}{% set again = 1 %}{% set again = 2 %}{{ again }}{% set unread = t %}{% set empty %}{% endset %}{{ empty }}",
    "{% for x in a if x %}-{% endfor %}{% for key, value in labels|items %}{{ value }}{% endfor %}{% if t %}{% endif %}",
    "{% set x %}{{ x|default('none') }}{{ t }}{% endset %}{{ x }}{% set z = x %}{% set z %}<{{ z }}>{% endset %}{{ z }}",
    "{{ a + a + n }} {{ n + (a + a) }} {{ (a + n + n)|string }}",
    "{{ a|select|join(',') }}/{{ a|reject('string')|list|length }}/{{ a|select('defined')|join }}/{{ a|reject('equalto', 'x')|join('|') }}",
    "{% for x in a|selectattr('name') %}{{ x.name }}{% endfor %}{% for x in a|rejectattr('name', 'eq', 'B') %}<{{ x }}>{% endfor %}{{ a|selectattr('tags', 'sequence')|list|length }}",
    "{% for x in t|split(',') %}[{{ x }}]{% endfor %}{{ t|split|join('+') }}{{ (t|split('a'))[0] }}",
    "{% for row in a|slice(3) %}[{% for x in row %}{{ x }},{% endfor %}]{% endfor %}{% for row in a|batch(2)|batch(2) %}{{ row|length }}{% for pair in row %}{{ pair|length }}{% endfor %}{% endfor %}",
    "{% for key, value in a|dictsort %}{{ key }}={{ value }};{% endfor %}{% for key, value in labels|dictsort(by='value', reverse=true) %}{{ key }}={{ value }};{% endfor %}",
    "{% for name, own in a|groupby('name') %}{{ name }}:{{ own|length }}{% for x in own %}{{ x.name }}{% endfor %};{% endfor %}{% for x in a|sort(attribute='name, k') %}{{ x.name }}{{ x.k }};{% endfor %}",
    // From here on in Python and in TypeScript alone.
    "{{ a|select('eq', 0)|join(',') }}/{{ a|reject('ne', 1)|join(',') }}/{{ a|select('odd')|join(',') }}/{{ a|select('number')|join(',') }}",
    "a{b} {{{{ c }}\n{% if t %}\\ \"quotes\" 'single' {{ '}}' }}\t{% endif %}\n{\"json\": {\"a\": 1}}",
    "{% if a %}\n  {% for x in a %}\n    {% if loop.last %}\nlast\n    {% endif %}\n  {% endfor %}\n{% endif %}\ntail\n",
    "{{ t or 'nobody' }} {{ (t and 'some') or 'none' }} {{ 'a' if a else 'b' }} {{ 'c' if a }}",
    "{% for x in a %}{% set last = x %}{{ last }}{% endfor %}{{ last is defined }}",
    "{% set seen = false %}{% if t == 'warm' %}{% set seen = true %}{% endif %}{{ seen }}{% if seen %}!{% endif %}",
    "{% if a == n %}same{% endif %}{% if a == none %}none{% endif %}{% if a == true %}true{% endif %}{% if not a == false %}!{% endif %}",
    "{% for line in t %}> {{ line }}\n{% endfor %}",
    "{% for x in ['a', 'b', 3] %}{{ x }}{% if x == t %}!{% endif %}{% endfor %}",
    "{{ t|first|upper }}{{ t|last }}{{ t|length }}{{ t|trim|length > 3 }}",
    "{{ a|first|default('empty') }}",
    "{{ a ~ '' }}",
    "{{ n ~ n|upper }}",
    "{% if a|length > 1 and a|first == 'x' %}x{% endif %}",
    "{% for x in a %}{{ x|tojson }}{% endfor %}{{ t|tojson }}",
    "{{ a|join }}{{ t|join('.') }}",
    "{% if 3 < n %}more{% endif %}{% if 2.50 >= n %}less{% endif %}{% if -1 == n %}minus{% endif %}",
    "{% for x in a %}{% if x is string %}{{ x|upper }}{% elif x is number %}#{{ x }}{% else %}?{% endif %}{% endfor %}",
    "{% for x in a %}{{ x.name|default('anon') }}: {{ x.tags|join(', ') }}\n{% endfor %}",
    "{{ a.b.c }}",
    "{{ a.0 }}{{ a.1.0 }}",
    "{% for x in a.tags %}{{ x }}{% endfor %}",
    "{{ t | replace('', '-') }}|{{ t | replace('$', '$&') }}|{{ t|replace('\\n', ' ') }}",
    "{{ '\\\\d \\'\\\"' }}{{ \"it's\" }}",
    "{{ not t }} {{ t == 'x' }} {{ a is defined and t }}",
    "{% if t %}{% if a %}{% if n %}deep{% endif %}{% endif %}{% endif %}",
    "{% for x in a %}{% for y in a %}{{ x == y }}{{ loop.index }} {% endfor %}{{ loop.index }}\n{% endfor %}",
    "{{ n ~ '%' ~ n * 2 }} {{ 'a' ~ 6 // 2 }}",
    "{{ a|join('-')|title }} {{ (a|join(' '))|capitalize }}",
    "{% set xs = ['b', 'a', 'C'] %}{{ xs|sort|join }}{% for x in xs|reverse %}{{ x }}{% endfor %}{{ xs|length + n }}",
    "{% set total = 0 %}{% set total = total + n %}{{ total }}",
    "{% for x in a %}{{ x + 1 }}{% endfor %}",
    "{% for x in a %}{% if x is odd %}{{ x * 2 }}{% else %}{{ x }}{% endif %}{% endfor %}",
    "{{ (t|length / 3)|round(1) }} {{ (t|length / 3)|int }} {{ 10 - t|length }}",
    "{{ 2.50 }} {{ 1.0 + n }} {{ n / 0 }}",
    "{% if 'x' + t == 'xwarm' %}yes{% endif %}{% if n // 2 in a %}in{% endif %}{% if not n % 2 %}even{% endif %}",
    "{% with a = a|first %}{{ a }}{% endwith %}{% with n = n + 1 %}{{ n }}{% with n = n / 2 %}{{ n }}{% endwith %}{% endwith %}",
    "{% filter indent(2, true) %}x\n{{ t }}\n\ny{% endfilter %}{% filter trim|upper %}  {{ a }} {% endfilter %}",
    "{% set x %}{{ x|default('none') }}{{ t }}{% endset %}{{ x }}",
    "{% for x in a|list %}{{ x }}{% endfor %}{{ a|unique|first }}{{ a|sort|last|default('none') }}",
    "{{ t|replace('a', t + 'b') }}{{ (t + 'a')|upper }}{{ t|join('+') }}",
    "{{ labels|items|length }}{% for k, v in labels|items %}{{ k|title }}: {{ v|lower }}{% endfor %}",
    "{% if false %}never{% endif %}{% if true and n %}always{% endif %}",
    "{% set out = 'out' %}{% set text = out %}{{ out }}{{ text }}{% for item in a %}{{ item }}{% endfor %}",
    "{%- for x in a -%}\n  {{- x }},\n{%- endfor -%}",
    "{% if loop %}{{ loop.index }}{% endif %}",
    "{{ labels[t] }}{{ labels.warm }}",
    "{{ o | default(a) }}",
    "{% set x = a or t %}{{ x }}{% for y in x %}{{ y }}{% endfor %}",
];

/// An operand: what can stand beside a sign without brackets.
fn operand() -> BoxedStrategy<String> {
    let leaf =
        prop::sample::select(vec!["t", "a", "n", "o", "a.name", "a['tags']", "a[0]", "labels.warm", "labels[t]"]);
    let filters = vec![
        "upper",
        "trim",
        "first",
        "last",
        "join('-')",
        "tojson",
        "replace('a', 'é')",
        "default('d')",
        "default('', true)",
        "title",
        "indent(1)",
        "string",
        "sort|join",
        "reverse|first",
        "int(3)",
        "list|last",
        "unique|length",
        "select|list|first",
        "reject('number')|join",
        "split|last",
        "split('a')|length",
    ];
    let filters = prop::collection::vec(prop::sample::select(filters), 0..3);
    (leaf, filters)
        .prop_map(|(leaf, filters)| filters.iter().fold(leaf.to_owned(), |text, filter| format!("{text}|{filter}")))
        .boxed()
}

fn condition() -> BoxedStrategy<String> {
    let leaf = (operand(), operand(), 0..14_usize).prop_map(|(one, other, how)| match how {
        11 => format!("{one} % 2 == 1"),
        12 => format!("{one} + 1 > 2"),
        0 => format!("{one} == 'warm'"),
        1 => format!("{one} != 3"),
        2 => format!("2 < {one}"),
        3 => format!("{one}|length >= 2"),
        4 => format!("'x' in {one}"),
        5 => format!("{one} in {other}"),
        6 => format!("{one} is defined"),
        7 => format!("{one} is not none"),
        8 => format!("{one} is mapping"),
        9 => format!("{one} == {other}"),
        _ => one,
    });
    leaf.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), inner, 0..3_usize)
            .prop_map(|(one, other, how)| match how {
                0 => format!("not ({one})"),
                1 => format!("{one} and ({other})"),
                _ => format!("{one} or {other}"),
            })
            .boxed()
    })
    .boxed()
}

/// Templates of the parts that a program has.
fn whole_template() -> BoxedStrategy<String> {
    let output = (operand(), operand(), condition(), 0..9_usize).prop_map(|(one, other, when, how)| match how {
        3 => format!("{{{{ {one} + 1 }}}}"),
        4 => format!("{{{{ ({one} - {other}) % 3 }}}}"),
        5 => format!("{{{{ {one} * 2 / 3 }}}}"),
        6 => format!("{{{{ {one} ~ {other}|length // 2 }}}}"),
        0 => format!("{{{{ {one} ~ ({other} or 'none') }}}}"),
        1 => format!("{{{{ {one} if {when} else {other} }}}}"),
        2 => format!("{{{{- ({one} ~ '!')|lower -}}}}"),
        _ => format!("{{{{ {one} }}}}"),
    });
    let text = prop::sample::select(vec!["a ", "\n", " \n  ", "{", "{\"k\": 1}", "{# c #}", "é\\", "{{{{"])
        .prop_map(str::to_owned);
    prop_oneof![output, text].prop_recursive(3, 12, 3, |inner| {
        let names = prop::sample::select(vec!["x", "t", "row"]);
        let dashes = prop::sample::select(vec![("", ""), ("-", ""), ("", "-"), ("-", "-")]);
        (prop::collection::vec(inner.clone(), 1..3), inner, condition(), operand(), names, dashes, 0..8_usize)
            .prop_map(|(inside, other, when, over, name, (left, right), how)| {
                let inside = inside.concat();
                match how {
                    0 => format!("{{%{left} if {when} {right}%}}{inside}{{%{left} else {right}%}}{other}{{% endif {right}%}}"),
                    1 => format!("\n  {{% if {when} %}}\n{inside}\n{{% endif %}}\n{other}"),
                    2 => format!("{{%{left} for {name} in {over} {right}%}}{inside}{{{{ loop.index }}}}{{{{ {name} }}}}{{% endfor %}}"),
                    3 => format!("{{% for {name} in {over} if {when} %}}{inside}{{{{ ',' if not loop.last }}}}{{% else %}}{other}{{% endfor %}}"),
                    4 => format!("{{% set {name} %}}{inside}{{% endset %}}{{{{ {name} }}}}{other}"),
                    5 => format!("{{% filter lower %}}{inside}{{% endfilter %}}{other}"),
                    6 => format!("{{% with {name} = {over} %}}{inside}{{{{ {name} }}}}{{% endwith %}}{other}"),
                    _ => format!("{inside}{other}"),
                }
            })
            .boxed()
    })
    .boxed()
}

/// Templates that are made up, the same each time. Those that a loop would run over its own name in are left out.
fn made_up() -> Vec<String> {
    let (mut runner, strategy) = (TestRunner::deterministic(), whole_template());
    let all = (0..300).filter_map(|_| strategy.new_tree(&mut runner).ok()).map(|tree| tree.current());
    let fit = |text: &String| {
        !text.contains("{% set t %}")
            && !text.contains("for t in t")
            && !text.contains("for t in labels[t]")
            && template::asks(text).mistake.is_none()
    };
    let is_code = |part: &TemplatePart<'_>| matches!(part, TemplatePart::Code(code) if !code.starts_with("{#"));
    all.filter(fit).filter(|text| template::parts(text).iter().any(is_code)).collect()
}

/// How many of the templates are compiled in Rust.
const COMPILED: usize = 56;

fn value_sets() -> Vec<Map<String, Value>> {
    let texts = [
        "warm",
        "",
        "x",
        " Ünï\u{3a3} ß\u{a0}",
        "a\r\n\n b \r\nlast\r",
        "[]",
        "{\"name\": \"Al\", \"tags\": [1, \"é\"]}",
        "{{ t }} \"q\" \\ {%",
        "0",
        "\u{feff}a\u{85}",
        "[1",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(5),
        json!(1.5),
        json!(-1),
        json!([]),
        json!({}),
        json!(["x", "y"]),
        json!(["", "a\nb", null, true, 0, 1.5, [1], {"k": "v"}]),
        json!([["a", 1], ["b", [2]]]),
        json!({"name": "Zoë", "tags": ["t1", "t2"], "b": {"c": "deep"}, "none": null}),
        json!([{"name": "A", "tags": []}, {"name": "B", "tags": ["q\"", "\u{1f600}"]}, {"tags": [null]}]),
        json!([{"name": "b", "k": 2}, {"name": "a", "k": "x"}, {"name": "B", "k": 1}, {"name": "c", "k": 0}, {"name": "b", "k": 1}]),
        json!([{"name": "b", "k": 2}, {"name": "a", "k": 5.5}, {"name": "B", "k": 1}, {"name": "a", "k": 0}, {"name": "b", "k": 1}]),
        json!({"b": 2, "C": 10, "a": -1.5, "d": 2}),
        json!("text"),
        json!("[\"json\",\"text\"]"),
        json!("7"),
        json!(" 4.5 "),
    ];
    let mut sets = Vec::new();
    let mut add = |entries: &[(&str, Value)]| {
        let mut set: Map<String, Value> =
            entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        for (name, value) in
            [("t", json!("warm")), ("a", json!(["x"])), ("n", json!(3)), ("labels", json!({"warm": "W"}))]
        {
            set.entry(name).or_insert(value);
        }
        sets.push(set);
    };
    for text in texts {
        add(&[("t", json!(text))]);
        add(&[("t", json!(text)), ("a", json!(text)), ("o", json!(text)), ("n", json!(text))]);
    }
    for value in &values {
        add(&[("a", value.clone())]);
        add(&[("a", value.clone()), ("n", value.clone()), ("o", value.clone())]);
    }
    sets
}

/// The input that stands for a set of values in retort.
fn input_of(values: &Map<String, Value>) -> Input {
    let value = |value: &Value| match value {
        Value::String(text) => VarValue::Text(text.clone()),
        other => VarValue::Json(other.to_string()),
    };
    let vars = values.iter().map(|(name, given)| (name.clone(), value(given))).collect();
    Input { vars, ..Input::default() }
}

/// A home with a prompt of a message for each template, each behind a line of text, so that none may be empty.
fn home_with(templates: &[&str]) -> Home {
    let home = Home::new();
    home.file(
        "config/config.toml",
        "[providers.lab]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\napi_keys = [\"env:LAB_KEY\"]\n\
         [models.m]\nprovider = \"lab\"\nmodel = \"some-model\"\n",
    );
    let message = |template: &&str| {
        format!("[[message]]\nrole = \"user\"\ncontent = {}\n", Value::from(format!(".\n{template}")))
    };
    let messages: String = templates.iter().map(message).collect();
    home.file("config/prompts/table.toml", &format!("user = \"\"\ntargets = [\"m\"]\n{messages}"));
    home
}

fn exported(home: &Home, form: &str) -> String {
    let ran = home.run(&["prompts", "export", "table", "--as", form]);
    assert_eq!(ran.code, Some(0), "{form}: {}", ran.err);
    ran.out
}

/// What retort makes of a template with values.
enum Rendering {
    Text(String),
    Refused,
    /// A value is missing that a program takes for granted.
    Missing,
}

/// Fills each template with each set of values.
fn expected(templates: &[&str], sets: &[Map<String, Value>]) -> Vec<Vec<Rendering>> {
    let fill = |template: &&str, values: &Map<String, Value>| {
        let (template, input) = (format!(".\n{template}"), input_of(values));
        match template::fill(&template, &input, &mut FillBudget::new(template.len(), &input)) {
            Ok(text) => Rendering::Text(text),
            Err(Unfilled::Mistake(_)) => Rendering::Refused,
            Err(Unfilled::Missing(_)) => Rendering::Missing,
        }
    };
    templates.iter().map(|template| sets.iter().map(|values| fill(template, values)).collect()).collect()
}

#[track_caller]
fn compare(language: &str, templates: &[&str], sets: &[Map<String, Value>], written: &Value) {
    let mut odd = Vec::new();
    for (at, (template, row)) in templates.iter().zip(expected(templates, sets)).enumerate() {
        for (set, wanted) in row.iter().enumerate() {
            let wanted = match wanted {
                Rendering::Text(text) => Some(text.as_str()),
                Rendering::Refused => None,
                Rendering::Missing => continue,
            };
            let own = written[at][set].as_str();
            // What a program does not do is said when it runs.
            let refused = written[at][set]["refused"].as_str().unwrap_or_default();
            if own.is_none() && refused.contains("a program does not") {
                continue;
            }
            // Of each template a few are enough.
            if own != wanted && odd.iter().filter(|text: &&String| text.starts_with(template)).count() < 2 {
                odd.push(format!(
                    "{template}\n  {}\n  retort: {wanted:?}\n  program: {}",
                    Value::from(sets[set].clone()),
                    written[at][set]
                ));
            }
        }
    }
    assert!(
        odd.is_empty(),
        "{language}, {} differ:\n{}",
        odd.len(),
        odd.iter().take(40).cloned().collect::<Vec<_>>().join("\n")
    );
}

const IN_PYTHON: &str = r#"
import inspect, sys
def one(function, values):
    try:
        return function(*[values.get(name, MISSING) for name in inspect.signature(function).parameters])
    except (ValueError, TypeError, ArithmeticError) as error:
        return {"refused": str(error)}
sets = json.load(open(sys.argv[1]))
functions = [value for name, value in list(globals().items()) if name.startswith("write_message_")]
functions.sort(key=lambda function: int(function.__name__.rsplit("_", 1)[1]))
print(json.dumps([[one(function, values) for values in sets] for function in functions]))
"#;

const IN_NODE: &str = r#"
import { readFileSync } from "node:fs";
const sets = JSON.parse(readFileSync(process.argv[2], "utf8"));
const one = (made, values) => {
  const names = /\(([^)]*)\)/.exec(String(made))[1].split(", ").filter(Boolean);
  try { return made(...names.map((name) => values[name])); } catch (error) { return { refused: String(error) }; }
};
console.log(JSON.stringify(functions.map((made) => sets.map((values) => one(made, values)))));
"#;

#[test]
fn a_template_is_written_by_a_program_as_retort_writes_it() {
    let made_up = made_up();
    let templates: Vec<&str> = TEMPLATES.iter().copied().chain(made_up.iter().map(String::as_str)).collect();
    let home = home_with(&templates);
    let sets = value_sets();
    let values = home.file("work/sets.json", &serde_json::to_string(&sets).unwrap());
    let values = values.to_str().unwrap();
    let script = home.file("work/table.py", &(exported(&home, "python") + IN_PYTHON));
    if let Some(output) = ran("python3", &[script.to_str().unwrap(), values]) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        compare("Python", &templates, &sets, &serde_json::from_slice(&output.stdout).unwrap());
    }
    let names: Vec<String> = (1..=templates.len()).map(|number| format!("write_message_{number}")).collect();
    let functions = format!("const functions = [{}];\n", names.join(", "));
    let script = javascript(&exported(&home, "typescript")) + "\n" + &functions + IN_NODE;
    let module = home.file("work/table.mjs", &script);
    if let Some(output) = ran("node", &[module.to_str().unwrap(), values]) {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        compare("TypeScript", &templates, &sets, &serde_json::from_slice(&output.stdout).unwrap());
    }
}

/// The program in Rust for the first of the templates as it was written, compiled with the tests, and a way to call each of
/// its functions.
#[deny(warnings)]
#[allow(
    unreachable_pub,
    dead_code,
    clippy::all,
    clippy::pedantic,
    clippy::redundant_clone,
    reason = "it is written for a program, which uses all of it"
)]
mod compiled {
    include!("exported/templates.rs");
    include!("exported/template_calls.rs");
}

/// Writes the function that calls those of a program by their numbers.
fn calls(program: &str) -> String {
    let mut out = "/// Calls the function of a number with the values of names.\npub(super) fn write_message(number: usize, value: &dyn Fn(&str) -> \
                   Option<Value>) -> Result<String, String> {\n    match number {\n"
        .to_owned();
    for line in program.lines() {
        let Some((number, rest)) = line.strip_prefix("fn write_message_").and_then(|rest| rest.split_once('(')) else {
            continue;
        };
        let names = rest.split_once(')').unwrap().0.split(", ").filter_map(|one| one.split_once(':'));
        let given: Vec<String> = names.map(|(name, _)| format!("&value({name:?})")).collect();
        let _ = writeln!(out, "        {number} => write_message_{number}({}),", given.join(", "));
    }
    out + "        _ => Err(String::new()),\n    }\n}\n"
}

#[test]
fn a_template_is_written_in_rust_as_retort_writes_it() {
    let templates = &TEMPLATES[..COMPILED];
    let home = home_with(templates);
    let program = exported(&home, "rust");
    for (name, text) in [("templates", &program), ("template_calls", &calls(&program))] {
        let golden = format!("{}/tests/suite/cli/exported/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("RETORT_REWRITE").is_some() {
            fs::write(&golden, text).unwrap();
        }
        assert_eq!(*text, fs::read_to_string(golden).unwrap(), "RETORT_REWRITE=1 writes it anew");
    }
    let sets = value_sets();
    let one = |number: usize, values: &Map<String, Value>| match compiled::write_message(number, &|name| {
        values.get(name).cloned()
    }) {
        Ok(text) => Value::from(text),
        Err(why) => json!({ "refused": why }),
    };
    let rows = (1..=templates.len()).map(|number| sets.iter().map(|values| one(number, values)).collect::<Value>());
    compare("Rust", templates, &sets, &rows.collect());
}

const WITH_CONDITIONS: &str = "system = \"\"\"{% if tone %}Be {{ tone }}.{% endif %}\"\"\"\nuser = \"{{ input }}\"\ntargets = [\"m\"]\n\
    [[message]]\nrole = \"user\"\ncontent = \"\"\"\n{% for example in examples %}\n- {{ example }}\n{% endfor %}\n\"\"\"\n\
    [[message]]\nrole = \"assistant\"\ncontent = \"{% if examples %}Fine, {{ note | default('as ever') }}.{% endif %}\"\n";

/// Values of the prompt with conditions, as JSON.
fn cases() -> [Value; 4] {
    [
        json!({ "input": "Hi", "tone": "kind", "examples": ["one", "two {{ x }}"], "note": "so" }),
        json!({ "input": "Hi", "tone": "", "examples": ["one"] }),
        json!({ "input": "Hi", "tone": "kind", "examples": [] }),
        json!({ "input": "Hi", "tone": "", "examples": [] }),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_out_empty_is_not_sent_on_any_wire() {
    for (kind, answer) in wires() {
        let script = || Script::answer(whole("200 OK", &[("connection", "close")], &answer.to_string()));
        let server = Server::start((0..12).map(|_| script())).await;
        let home = home_at(kind, &server.url);
        home.file("config/prompts/triage.toml", WITH_CONDITIONS);
        for case in cases() {
            home.file("work/in.txt", case["input"].as_str().unwrap());
            let mut arguments = vec!["run".to_owned(), "triage".to_owned(), "-i".to_owned(), "in.txt".to_owned()];
            for (name, value) in case.as_object().unwrap().iter().filter(|(name, _)| *name != "input") {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                arguments.extend(["--var".to_owned(), format!("{name}={text}")]);
            }
            let mut command = home.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
            command.env("LAB_KEY", "sk-lab");
            let told = tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap();
            assert_eq!(told.code, Some(0), "{kind}: {}", told.err);
        }
        let export = |form: &str| home.run(&["prompts", "export", "triage", "--as", form]);
        let (python, typescript) = (export("python"), export("typescript"));
        assert_eq!((python.code, typescript.code), (Some(0), Some(0)), "{}", python.err);
        let cases = Value::from(cases().to_vec()).to_string();
        let python = format!(
            "{}\nimport sys\nfor case in json.loads({}):\n    triage(**case)\ntry:\n    request('', '', [])\nexcept ValueError as error:\n    print(error)\n",
            python.out,
            Value::from(cases.clone())
        );
        let node = format!(
            "{}\nfor (const one of {cases}) await triage(one);\ntry {{\n  request({{ input: \"\", tone: \"\", examples: [] }});\n}} catch (error) {{\n  console.log(error.message);\n}}\n",
            javascript(&typescript.out)
        );
        let (script, module) = (home.file("work/triage.py", &python), home.file("work/triage.mjs", &node));
        let outputs = tokio::task::spawn_blocking(move || {
            [ran("python3", &[script.to_str().unwrap()]), ran("node", &[module.to_str().unwrap()])]
        })
        .await
        .unwrap();
        let requests = server.requests();
        let (retorts, others) = requests.split_at(4);
        for (output, sent) in outputs.into_iter().flatten().zip(others.chunks(4)) {
            assert!(output.status.success(), "{kind}: {}", String::from_utf8_lossy(&output.stderr));
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("there is nothing to send"), "{kind}: {said}");
            for (own, retorts) in sent.iter().zip(retorts) {
                assert_eq!(unstreamed(own.json()), unstreamed(retorts.json()), "{kind}");
            }
            assert_eq!(sent.len(), 4, "{kind}");
        }
    }
}

#[test]
fn a_program_with_conditions_reads_as_it_did() {
    let home = home_at("openai", "http://127.0.0.1:9");
    home.file("config/prompts/triage.toml", WITH_CONDITIONS);
    for form in ["python", "typescript", "rust"] {
        let ran = home.run(&["prompts", "export", "triage", "--as", form]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        insta::assert_snapshot!(format!("templated_{form}"), ran.out);
    }
}

#[test]
fn what_a_program_could_do_otherwise_is_refused_by_its_name() {
    let home = home_at("openai", "http://127.0.0.1:9");
    let refusals = |content: &str, rest: &str| {
        let text = Value::from(content);
        home.file("config/prompts/triage.toml", &format!("user = {text}\ntargets = [\"m\"]\n{rest}"));
        home.run(&["prompts", "export", "triage", "--as", "python"])
    };
    for (content, why) in [
        ("a\n{{ x | zip(y) }}", "line 2: {{ x | zip(y) }} (a program has no filter `zip`)"),
        ("{{ x | groupby('a') | length }}", "`groupby` where a loop with two names runs over it"),
        ("{% for g in x | groupby('a') %}{{ g.grouper }}{% endfor %}", "`groupby` where a loop with two names"),
        ("{% for k, v in x | groupby('a') %}{{ v }}{% endfor %}", "does not write a list"),
        ("{{ x | select('gt', 3) | join }}", "no test `gt` in `select`"),
        ("{{ x | selectattr('a.b') | join }}", "gives `selectattr` the name of a field"),
        ("{{ x | select('eq', y) | join }}", "gives the test of `select` a text or a whole number"),
        ("{{ x | split(y) | join }}", "gives `split` a text"),
        ("{{ -x }}", "does not count: `-`"),
        ("{% if x is integer %}{% endif %}", "no test `integer`"),
        ("{{ x ** 2 }}", "does not count: `**`"),
        ("{{ x | sort }}", "does not write a list"),
        ("{% set y = x | round %}{{ y }}", "writes what `round` makes"),
        ("{% set y = x / 2 %}{{ [y] | join }}", "lists of texts and whole numbers"),
        ("{% set y = x / 2 %}{{ y | tojson }}", "counts with a number that has a fraction"),
        ("{{ x | batch(2) | first }}", "does not write a list"),
        ("{{ x | map('upper') | join }}", "no filter `map` of 1 values"),
        ("{{ x ~ y + z }}", "no `~` beside `+`"),
        ("{% if a %}{% set y = x + 1 %}{% endif %}{{ y }}", "`y` is counted under a condition alone"),
        ("{% if a %}{% set y = x | sort %}{% else %}{% set y = 1 %}{% endif %}{{ y }}", "`y` stands for"),
        ("{% if a < b %}{% endif %}", "`<` beside a number"),
        ("{{ range(3) }}", "no function `range`"),
        ("{{ (x + y) | tojson }}", "does not write a sum of two values as JSON"),
        ("{% set y = x | batch(2) | first %}{{ y }}", "does not write a list"),
        ("{% set x, y = z %}{{ x }}", "one name to one value"),
        ("{% for row in row.items %}{% endfor %}", "`row` is what the loop runs over and its item"),
        ("{{ (a == b) ~ 'x' }}", "nothing that is true or not"),
    ] {
        let ran = refusals(content, "");
        assert!(ran.code == Some(1) && ran.err.contains(why) && ran.out.is_empty(), "{content}: {}", ran.err);
        assert!(ran.err.contains("`prompt:triage`"), "{}", ran.err);
    }
    let ran = refusals("{{ input }}{% if strict %} Answer in JSON.{% endif %}", "[response]\nformat = \"json\"\n");
    assert!(ran.code == Some(1) && ran.err.contains("JSON that is named under a condition alone"), "{}", ran.err);
}
