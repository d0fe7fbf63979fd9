//! The code of messages in Rust, and the functions that it stands on. A value is an `Option<Value>`: none is what is not
//! given.

use crate::{
    present::program::{
        Helper,
        code_language::{Binding, CodeForm, CodeLanguage, CodeLine, ListItem, LoopHead, Written},
    },
    template::expression::{ValueComparison, ValueTest},
};

/// The functions that the code may need, each after those that it needs itself.
const HELPERS: &[Helper] = &[
    Helper {
        name: "read",
        code: "/// Returns what a text is the JSON of, if that is a list or an object.\nfn read(value: &Option<Value>) -> Option<Value> {\n    match value {\n        \
               Some(Value::String(text)) if text.trim_start().starts_with(['[', '{']) => {\n            \
               serde_json::from_str(text).ok().or_else(|| value.clone())\n        }\n        value => value.clone(),\n    }\n}\n",
    },
    Helper {
        name: "spelled",
        code: "fn spelled(value: &Option<Value>) -> Result<String, String> {\n    match value {\n        None => Err(\"what is read here has no value\".to_owned()),\n        \
               Some(Value::Null) => Ok(\"None\".to_owned()),\n        Some(Value::String(text)) => Ok(text.clone()),\n        Some(value) => Ok(value.to_string()),\n    }\n}\n",
    },
    Helper {
        name: "text",
        code: "/// Returns what stands in a prompt for a value: nothing for null.\nfn text(value: &Option<Value>) -> Result<String, String> {\n    \
               if matches!(value, Some(Value::Null)) { Ok(String::new()) } else { spelled(value) }\n}\n",
    },
    Helper {
        name: "as_json",
        code: "fn as_json(value: &Option<Value>) -> Result<String, String> {\n    \
               value.as_ref().map(Value::to_string).ok_or_else(|| \"what is read here has no value\".to_owned())\n}\n",
    },
    Helper {
        name: "need_fields",
        code: "fn need_fields(value: &Option<Value>, name: &str) -> Result<(), String> {\n    \
               let has_fields = spelled(value)?.trim_start().starts_with(['[', '{']);\n    \
               if has_fields { Ok(()) } else { Err(format!(\"no value for {name}\")) }\n}\n",
    },
    Helper {
        name: "number",
        code: "/// Returns what a number, or a text that writes one, is worth.\nfn number(value: &Option<Value>) -> Option<f64> {\n    match value {\n        \
               Some(Value::Number(number)) => number.as_f64(),\n        Some(Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),\n        \
               Some(Value::String(text)) => serde_json::from_str::<serde_json::Number>(text.trim()).ok()?.as_f64(),\n        _ => None,\n    }\n}\n",
    },
    Helper {
        name: "given",
        code: "fn given(value: &Option<Value>) -> Result<Option<Value>, String> {\n    \
               if value.is_some() { Ok(value.clone()) } else { Err(\"what is compared here has no value\".to_owned()) }\n}\n",
    },
    Helper {
        name: "holds",
        code: "fn holds(value: &Option<Value>) -> bool {\n    match value {\n        None | Some(Value::Null) => false,\n        Some(Value::String(text)) => !text.is_empty(),\n        \
               Some(Value::Array(items)) => !items.is_empty(),\n        Some(Value::Object(fields)) => !fields.is_empty(),\n        \
               Some(Value::Bool(_) | Value::Number(_)) => number(value) != Some(0.0),\n    }\n}\n",
    },
    Helper {
        name: "same",
        code: "fn same(one: &Option<Value>, other: &Option<Value>) -> bool {\n    let same = |one: &Value, other: &Value| same(&Some(one.clone()), &Some(other.clone()));\n    \
               match (one, other) {\n        (Some(Value::Array(one)), Some(Value::Array(other))) => {\n            \
               one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))\n        }\n        \
               (Some(Value::Object(one)), Some(Value::Object(other))) => {\n            \
               let found = |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| same(value, other));\n            \
               one.len() == other.len() && one.iter().all(found)\n        }\n        \
               (Some(Value::Number(_) | Value::Bool(_)), Some(Value::Number(_) | Value::Bool(_))) => number(one) == number(other),\n        \
               _ => one == other,\n    }\n}\n",
    },
    Helper {
        name: "order",
        code: "/// Compares a value with a number.\nfn order(value: &Option<Value>, other: f64) -> Result<std::cmp::Ordering, String> {\n    match (number(value), value) {\n        \
               (Some(own), _) => Ok(own.total_cmp(&other)),\n        (None, Some(Value::String(text))) if !text.trim().is_empty() => {\n            \
               Err(format!(\"a text that is no number cannot be compared with one: {text}\"))\n        }\n        \
               (None, Some(Value::Array(_) | Value::Object(_))) => Ok(std::cmp::Ordering::Greater),\n        (None, _) => Ok(std::cmp::Ordering::Less),\n    }\n}\n",
    },
    Helper {
        name: "contains",
        code: "fn contains(value: &Option<Value>, other: &Option<Value>) -> Result<bool, String> {\n    let (Some(value), Some(known)) = (value, other) else {\n        \
               return Err(\"what is looked for or looked into has no value\".to_owned());\n    };\n    Ok(match value {\n        \
               Value::String(text) => text.contains(&spelled(other)?),\n        \
               Value::Array(items) => {\n            items.iter().any(|item| item.is_boolean() == known.is_boolean() && same(&Some(item.clone()), other))\n        }\n        \
               Value::Object(fields) => known.as_str().is_some_and(|name| fields.contains_key(name)),\n        Value::Bool(_) => false,\n        \
               Value::Null | Value::Number(_) => return Err(\"this holds nothing\".to_owned()),\n    })\n}\n",
    },
    Helper {
        name: "item",
        code: "/// Returns a field or an item of a value.\nfn item(value: &Option<Value>, key: &Option<Value>) -> Result<Option<Value>, String> {\n    \
               let place = |length: usize| {\n        let place = key.as_ref().and_then(Value::as_i64)?;\n        \
               let length = i64::try_from(length).ok()?;\n        usize::try_from(if place < 0 { length + place } else { place }).ok()\n    };\n    match value {\n        \
               None => Err(\"something is read of what has no value\".to_owned()),\n        \
               Some(Value::Object(fields)) => Ok(key.as_ref().and_then(Value::as_str).and_then(|name| fields.get(name).cloned())),\n        \
               Some(Value::Array(items)) => Ok(place(items.len()).and_then(|place| items.get(place).cloned())),\n        \
               Some(Value::String(text)) => {\n            let place = place(text.chars().count());\n            \
               Ok(place.and_then(|place| text.chars().nth(place)).map(|c| c.to_string().into()))\n        }\n        \
               Some(Value::Null | Value::Bool(_) | Value::Number(_)) => Ok(None),\n    }\n}\n",
    },
    Helper {
        name: "parts",
        code: "fn parts(value: &Option<Value>) -> Result<Vec<Option<Value>>, String> {\n    match value {\n        \
               Some(Value::String(text)) => Ok(text.chars().map(|c| Some(c.to_string().into())).collect()),\n        \
               Some(Value::Array(items)) => Ok(items.iter().cloned().map(Some).collect()),\n        \
               Some(Value::Object(fields)) => Ok(fields.keys().map(|name| Some(name.as_str().into())).collect()),\n        \
               None | Some(Value::Null | Value::Bool(_) | Value::Number(_)) => Err(\"this has no items\".to_owned()),\n    }\n}\n",
    },
    Helper {
        name: "items",
        code: "/// Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank.\n\
               fn items(value: &Option<Value>) -> Result<Vec<Option<Value>>, String> {\n    match value {\n        \
               Some(Value::String(text)) => {\n            Ok(text.lines().filter(|line| !line.trim().is_empty()).map(|line| Some(line.into())).collect())\n        }\n        \
               Some(Value::Null) => Ok(Vec::new()),\n        value => parts(value),\n    }\n}\n",
    },
    Helper {
        name: "pairs",
        code: "fn pairs(value: &Option<Value>) -> Result<Vec<(Option<Value>, Option<Value>)>, String> {\n    if let Some(Value::Object(fields)) = value {\n        \
               return Ok(fields.iter().map(|(name, value)| (Some(name.as_str().into()), Some(value.clone()))).collect());\n    }\n    \
               let pair = |pair: &Option<Value>| -> Result<(Option<Value>, Option<Value>), String> {\n        match (pair, parts(pair)?.as_slice()) {\n            \
               (Some(Value::Array(_) | Value::Object(_)), [one, other]) => Ok((one.clone(), other.clone())),\n            \
               _ => Err(\"a loop with two names runs over what is no pairs\".to_owned()),\n        }\n    };\n    items(value)?.iter().map(pair).collect()\n}\n",
    },
    Helper {
        name: "first",
        code: "fn first(value: &Option<Value>) -> Result<Option<Value>, String> {\n    Ok(parts(value)?.first().cloned().flatten())\n}\n",
    },
    Helper {
        name: "last",
        code: "fn last(value: &Option<Value>) -> Result<Option<Value>, String> {\n    Ok(parts(value)?.last().cloned().flatten())\n}\n",
    },
    Helper {
        name: "length",
        code: "fn length(value: &Option<Value>) -> Result<usize, String> {\n    Ok(parts(value)?.len())\n}\n",
    },
    Helper {
        name: "joined",
        code: "fn joined(value: &Option<Value>, between: &str) -> Result<String, String> {\n    if matches!(value, Some(Value::Null)) {\n        return Ok(String::new());\n    }\n    \
               let all: Vec<String> = parts(value)?.iter().map(spelled).collect::<Result<_, _>>()?;\n    Ok(all.join(between))\n}\n",
    },
];

/// The language as the code of messages is written in it.
pub(super) struct RustCode;

impl CodeLanguage for RustCode {
    fn indent(&self) -> &'static str {
        "    "
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn form(&self, form: &CodeForm) -> Written {
        let choice = |condition: &Written, one: &Written, other: &Written| {
            let text = format!("if {} {{ {} }} else {{ {} }}", condition.text, one.text, other.text);
            Written::new(text, Binding::Choice)
        };
        let either = |one: &Written, sign: &str, other: &Written| {
            let (one, other) = (one.at(Binding::Negation), other.at(Binding::Negation));
            Written::new(format!("{one} {sign} {other}"), Binding::Either)
        };
        let comparison = |text: String| Written::new(text, Binding::Comparison);
        let unit = |text: String| Written::unit(text);
        match form {
            CodeForm::Quoted(text) => {
                let quoted = format!("{text:?}");
                Written { borrowed: Some(quoted.clone()), ..Written::unit(quoted + ".to_owned()") }
            }
            CodeForm::ParameterText(name) => unit(format!("text({name})?")),
            CodeForm::TextOf(value) => unit(format!("text({})?", value.lent())),
            CodeForm::Spelled(value) => unit(format!("spelled({})?", value.lent())),
            CodeForm::TextOfTruth(of) | CodeForm::TextOfNumber(of) => unit(format!("({}).to_string()", of.text)),
            CodeForm::Upper(text) => unit(format!("{}.to_uppercase()", text.owner())),
            CodeForm::Lower(text) => unit(format!("{}.to_lowercase()", text.owner())),
            CodeForm::Trim(text) => unit(format!("{}.trim().to_owned()", text.owner())),
            CodeForm::Replace(text, one, other) => {
                unit(format!("{}.replace({}, {})", text.owner(), one.lent(), other.lent()))
            }
            CodeForm::Join(value, between) => unit(format!("joined({}, {})?", value.lent(), between.lent())),
            CodeForm::Json(value) => unit(format!("as_json({})?", value.lent())),
            CodeForm::Joined(parts) => {
                let gaps = "{}".repeat(parts.len());
                let parts: Vec<String> = parts.iter().map(Written::lent).collect();
                unit(format!("format!(\"{gaps}\", {})", parts.join(", ")))
            }
            CodeForm::ChosenText(condition, one, other) | CodeForm::ChosenValue(condition, one, other) => {
                choice(condition, one, other)
            }
            CodeForm::Constant(truth) => unit(truth.to_string()),
            CodeForm::Not(truth) => unit(format!("!{}", truth.at(Binding::Unit))),
            CodeForm::And(one, other) => either(one, "&&", other),
            CodeForm::Or(one, other) => either(one, "||", other),
            CodeForm::Holds(value) => unit(format!("holds({})", value.lent())),
            CodeForm::Filled(text) => unit(format!("!{}.is_empty()", text.owner())),
            CodeForm::Same(one, other) => unit(format!("same({}, {})", one.lent(), other.lent())),
            CodeForm::SameText(one, other) => comparison(format!("{} == {}", one.owner(), other.owner())),
            CodeForm::Worth(value, number) => {
                comparison(format!("number({}) == Some({})", value.lent(), number.fraction()))
            }
            CodeForm::Ordered(value, how, number) => {
                let asks = match how {
                    ValueComparison::Equal => "is_eq",
                    ValueComparison::Unequal => "is_ne",
                    ValueComparison::Less => "is_lt",
                    ValueComparison::AtMost => "is_le",
                    ValueComparison::Greater => "is_gt",
                    ValueComparison::AtLeast => "is_ge",
                };
                unit(format!("order({}, {})?.{asks}()", value.lent(), number.fraction()))
            }
            CodeForm::Numbers(one, how, other) => {
                comparison(format!("{} {} {}", one.fraction(), how.sign(), other.fraction()))
            }
            CodeForm::Contains(value, other) => unit(format!("contains({}, {})?", value.lent(), other.lent())),
            CodeForm::Is(value, test) => {
                let lent = value.lent();
                unit(match test {
                    ValueTest::Defined => format!("({lent}).is_some()"),
                    ValueTest::Undefined => format!("({lent}).is_none()"),
                    ValueTest::Null => format!("matches!({lent}, Some(Value::Null))"),
                    ValueTest::Text => format!("matches!({lent}, Some(Value::String(_)))"),
                    ValueTest::Number => format!("matches!({lent}, Some(Value::Number(_) | Value::Bool(_)))"),
                    ValueTest::List => format!("matches!({lent}, None | Some(Value::Array(_)))"),
                    ValueTest::Object => format!("matches!({lent}, Some(Value::Object(_)))"),
                })
            }
            CodeForm::AtFirst(index) => comparison(format!("{index} == 0")),
            CodeForm::AtLast(index, items) => comparison(format!("{index} + 1 == {items}.len()")),
            CodeForm::Digits(digits) => {
                let fraction = if digits.contains('.') { digits.clone() } else { format!("{digits}.0") };
                Written { digits: Some(fraction), ..Written::unit(digits) }
            }
            CodeForm::Index(index, 0) => Written::unit(index),
            CodeForm::Index(index, from) => Written::new(format!("{index} + {from}"), Binding::Sum),
            CodeForm::LoopLength(items) => unit(format!("{items}.len()")),
            CodeForm::Length(value) => unit(format!("length({})?", value.lent())),
            CodeForm::Null => Written::unit("Some(Value::Null)"),
            CodeForm::Missing => Written::unit("None"),
            CodeForm::ValueOfText(text) => unit(format!("Some(Value::from({}))", text.owner())),
            CodeForm::ValueOfTruth(of) | CodeForm::ValueOfNumber(of) => unit(format!("Some(Value::from({}))", of.text)),
            CodeForm::List(items) => {
                let item = |item: &ListItem| match item {
                    ListItem::Text(text) => format!("Value::from({})", text.owner()),
                    ListItem::Number(number) => format!("Value::from({})", number.text),
                    ListItem::Value(value) => format!("({}).unwrap_or_default()", value.text),
                };
                let items: Vec<String> = items.iter().map(item).collect();
                unit(format!("Some(Value::Array(vec![{}]))", items.join(", ")))
            }
            CodeForm::Parameter(name) => {
                Written { borrowed: Some(name.clone()), ..Written::unit(format!("{name}.clone()")) }
            }
            CodeForm::Read(name) | CodeForm::Local(name) => {
                Written { borrowed: Some(format!("&{name}")), ..Written::unit(format!("{name}.clone()")) }
            }
            CodeForm::ReadLocal(name) => unit(format!("read(&{name})")),
            CodeForm::Item(value, key) => unit(format!("item({}, {})?", value.lent(), key.lent())),
            CodeForm::FirstOf(value) => unit(format!("first({})?", value.lent())),
            CodeForm::LastOf(value) => unit(format!("last({})?", value.lent())),
            CodeForm::Given(value) => unit(format!("given({})?", value.lent())),
        }
    }

    fn negated(&self, form: &CodeForm) -> Option<Written> {
        if let CodeForm::Filled(text) = form {
            return Some(Written::unit(format!("{}.is_empty()", text.owner())));
        }
        if let CodeForm::Is(value, ValueTest::Defined) = form {
            return Some(self.form(&CodeForm::Is(value.clone(), ValueTest::Undefined)));
        }
        let CodeForm::Worth(value, number) = form else { return None };
        let unequal = format!("number({}) != Some({})", value.lent(), number.fraction());
        Some(Written::new(unequal, Binding::Comparison))
    }

    fn line(&self, line: &CodeLine<'_>) -> Option<String> {
        Some(match line {
            CodeLine::NeedFields(parameter, field) => format!("need_fields({parameter}, {field:?})?;"),
            CodeLine::ReadParameter(read, parameter) => format!("let {read} = read({parameter});"),
            CodeLine::BeginText(name) => format!("let mut {name} = String::new();"),
            CodeLine::Write(name, text) => format!("{name}.push_str({});", text.lent()),
            CodeLine::Return(name) => format!("Ok({name})"),
            CodeLine::If(condition) => format!("if {} {{", condition.text),
            CodeLine::ElseIf(condition) => format!("}} else if {} {{", condition.text),
            CodeLine::Else => "} else {".to_owned(),
            CodeLine::Loop(head) => loop_lines(head),
            CodeLine::IfNone(items) => format!("if {items}.is_empty() {{"),
            CodeLine::End => "}".to_owned(),
            CodeLine::Nothing => return None,
            CodeLine::Begin(name, value) => format!("let mut {name}: Option<Value> = {};", value.text),
            CodeLine::Set(name, value) => format!("{name} = {};", value.text),
        })
    }

    fn head(&self, name: &str, parameters: &[&str], about: &str) -> String {
        let parameters: Vec<String> =
            parameters.iter().map(|parameter| format!("{parameter}: &Option<Value>")).collect();
        format!("/// Writes {about}.\nfn {name}({}) -> Result<String, String> {{\n", parameters.join(", "))
    }
}

fn loop_lines(head: &LoopHead<'_>) -> String {
    let (function, target) = if head.names.len() > 1 {
        ("pairs", format!("({})", head.names.join(", ")))
    } else {
        ("items", head.names.concat())
    };
    let over = format!("{function}({})?", head.over.lent());
    let (listed, over, counts) = match (head.items, &head.only) {
        (Some(items), Some(only)) => {
            let listed = format!(
                "let mut {items} = Vec::new();\nfor {target} in {over} {{\n    if {} {{\n        {items}.push({target});\n    }}\n}}\n",
                only.text
            );
            (listed, format!("{items}.iter().cloned()"), ".enumerate()")
        }
        (Some(items), None) => (format!("let {items} = {over};\n"), format!("{items}.iter().cloned()"), ".enumerate()"),
        (None, _) => (String::new(), over, ".into_iter().enumerate()"),
    };
    listed
        + &match head.index {
            Some(index) => format!("for ({index}, {target}) in {over}{counts} {{"),
            None => format!("for {target} in {over} {{"),
        }
}
