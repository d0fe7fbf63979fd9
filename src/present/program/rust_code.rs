//! The code of messages in Rust, and the functions that it stands on. A value is an `Option<Value>`: none is what is not
//! given.

use std::fmt::Write as _;

use crate::{
    present::program::{
        CodeNames, Helper,
        code::{CodeLoop, CodeStep, MessageCode, NumberCode, TextCode, TruthCode, ValueCode},
    },
    template::expression::{ValueComparison, ValueTest},
};

/// The functions that the code may need, each after those that it needs itself.
pub(super) const HELPERS: &[Helper] = &[
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

/// Writes a function that writes a message.
pub(super) fn function(code: &MessageCode, names: &CodeNames, name: &str, about: &str) -> String {
    let printer = Printer { names };
    let parameters: Vec<String> =
        code.takes.iter().map(|place| format!("{}: &Option<Value>", names.parameter(*place))).collect();
    let mut out = format!("/// Writes {about}.\nfn {name}({}) -> Result<String, String> {{\n", parameters.join(", "));
    for (place, field) in &code.fields {
        let _ = writeln!(out, "    need_fields({}, {field:?})?;", names.parameter(*place));
    }
    for place in &code.reads {
        let _ = writeln!(out, "    let {} = read({});", names.read(*place), names.parameter(*place));
    }
    out.push_str("    let mut out = String::new();\n");
    printer.steps(&code.steps, 1, &mut out);
    out.push_str("    Ok(out)\n}\n");
    out
}

struct Printer<'a> {
    names: &'a CodeNames,
}

impl Printer<'_> {
    fn steps(&self, steps: &[CodeStep], depth: usize, out: &mut String) {
        let indent = "    ".repeat(depth);
        for step in steps {
            match step {
                CodeStep::Write(TextCode::Quoted(text)) => {
                    for line in text.split_inclusive('\n') {
                        let _ = writeln!(out, "{indent}out.push_str({line:?});");
                    }
                }
                CodeStep::Write(text) => {
                    let _ = writeln!(out, "{indent}out.push_str({});", self.lent(text));
                }
                CodeStep::If { branches, otherwise } => {
                    for (place, (condition, body)) in branches.iter().enumerate() {
                        let begin = if place == 0 { indent.clone() } else { format!("{indent}}} else ") };
                        let _ = writeln!(out, "{begin}if {} {{", self.truth(condition));
                        self.steps(body, depth + 1, out);
                    }
                    if !otherwise.is_empty() {
                        let _ = writeln!(out, "{indent}}} else {{");
                        self.steps(otherwise, depth + 1, out);
                    }
                    let _ = writeln!(out, "{indent}}}");
                }
                CodeStep::Loop(whole) => self.whole_loop(whole, depth, out),
                CodeStep::Begin(place, value) => {
                    let name = self.names.local(*place);
                    let _ = writeln!(out, "{indent}let mut {name}: Option<Value> = {};", self.value(value));
                }
                CodeStep::Set(place, value) => {
                    let _ = writeln!(out, "{indent}{} = {};", self.names.local(*place), self.value(value));
                }
            }
        }
    }

    fn whole_loop(&self, whole: &CodeLoop, depth: usize, out: &mut String) {
        let indent = "    ".repeat(depth);
        let names: Vec<&str> = whole.names.iter().map(|place| self.names.local(*place)).collect();
        let function = if names.len() > 1 { "pairs" } else { "items" };
        let mut over = format!("{function}({})?", self.lent_value(&whole.over));
        let (items, index) = (self.names.items(whole.number), self.names.index(whole.number));
        let target = if names.len() > 1 { format!("({})", names.join(", ")) } else { names.concat() };
        if whole.is_kept {
            let _ = match &whole.only {
                Some(only) => writeln!(
                    out,
                    "{indent}let mut {items} = Vec::new();\n{indent}for {target} in {over} {{\n{indent}    if {} {{\n\
                     {indent}        {items}.push({target});\n{indent}    }}\n{indent}}}",
                    self.truth(only)
                ),
                None => writeln!(out, "{indent}let {items} = {over};"),
            };
            over = format!("{items}.iter().cloned()");
        }
        let _ = match (whole.is_counted, whole.is_kept) {
            (true, true) => writeln!(out, "{indent}for ({index}, {target}) in {over}.enumerate() {{"),
            (true, false) => writeln!(out, "{indent}for ({index}, {target}) in {over}.into_iter().enumerate() {{"),
            (false, _) => writeln!(out, "{indent}for {target} in {over} {{"),
        };
        self.steps(&whole.body, depth + 1, out);
        let _ = writeln!(out, "{indent}}}");
        if !whole.otherwise.is_empty() {
            let _ = writeln!(out, "{indent}if {items}.is_empty() {{");
            self.steps(&whole.otherwise, depth + 1, out);
            let _ = writeln!(out, "{indent}}}");
        }
    }

    /// Writes a text as a `&str`.
    fn lent(&self, text: &TextCode) -> String {
        match text {
            TextCode::Quoted(text) => format!("{text:?}"),
            _ => format!("&{}", self.owner(text)),
        }
    }

    /// Writes a text that something is read of.
    fn owner(&self, text: &TextCode) -> String {
        match text {
            TextCode::Choice(..) => format!("({})", self.text(text)),
            TextCode::Quoted(text) => format!("{text:?}"),
            _ => self.text(text),
        }
    }

    /// Writes a text as a `String`.
    fn text(&self, text: &TextCode) -> String {
        match text {
            TextCode::Quoted(text) => format!("{text:?}.to_owned()"),
            TextCode::Parameter(place) => format!("text({})?", self.names.parameter(*place)),
            TextCode::Of(value) => format!("text({})?", self.lent_value(value)),
            TextCode::Spelled(value) => format!("spelled({})?", self.lent_value(value)),
            TextCode::OfTruth(truth) => format!("({}).to_string()", self.truth(truth)),
            TextCode::OfNumber(number) => format!("({}).to_string()", self.number(number)),
            TextCode::Upper(text) => format!("{}.to_uppercase()", self.owner(text)),
            TextCode::Lower(text) => format!("{}.to_lowercase()", self.owner(text)),
            TextCode::Trim(text) => format!("{}.trim().to_owned()", self.owner(text)),
            TextCode::Replace(text, one, other) => {
                format!("{}.replace({}, {})", self.owner(text), self.lent(one), self.lent(other))
            }
            TextCode::Join(value, between) => format!("joined({}, {})?", self.lent_value(value), self.lent(between)),
            TextCode::Json(value) => format!("as_json({})?", self.lent_value(value)),
            TextCode::Joined(parts) => {
                let gaps = "{}".repeat(parts.len());
                let parts: Vec<String> = parts.iter().map(|part| self.lent(part)).collect();
                format!("format!(\"{gaps}\", {})", parts.join(", "))
            }
            TextCode::Choice(condition, one, other) => {
                format!("if {} {{ {} }} else {{ {} }}", self.truth(condition), self.text(one), self.text(other))
            }
        }
    }

    /// Writes a truth that stands beside `&&`, `||` or `!`.
    fn part(&self, truth: &TruthCode, negated: bool) -> String {
        match truth {
            TruthCode::And(..) | TruthCode::Or(..) => format!("({})", self.truth(truth)),
            TruthCode::Worth(..)
            | TruthCode::Numbers(..)
            | TruthCode::SameText(..)
            | TruthCode::Last(_)
            | TruthCode::First(_)
                if negated =>
            {
                format!("({})", self.truth(truth))
            }
            _ => self.truth(truth),
        }
    }

    fn truth(&self, truth: &TruthCode) -> String {
        match truth {
            TruthCode::Constant(truth) => truth.to_string(),
            TruthCode::Not(of) => match &**of {
                TruthCode::Worth(value, number) => {
                    format!("number({}) != Some({})", self.lent_value(value), self.fraction(number))
                }
                TruthCode::Filled(text) => format!("{}.is_empty()", self.owner(text)),
                TruthCode::Is(value, ValueTest::Defined) => {
                    self.truth(&TruthCode::Is(value.clone(), ValueTest::Undefined))
                }
                of => format!("!{}", self.part(of, true)),
            },
            TruthCode::And(one, other) => format!("{} && {}", self.part(one, false), self.part(other, false)),
            TruthCode::Or(one, other) => format!("{} || {}", self.part(one, false), self.part(other, false)),
            TruthCode::Holds(value) => format!("holds({})", self.lent_value(value)),
            TruthCode::Filled(text) => format!("!{}.is_empty()", self.owner(text)),
            TruthCode::Same(one, other) => format!("same({}, {})", self.lent_value(one), self.lent_value(other)),
            TruthCode::SameText(one, other) => format!("{} == {}", self.owner(one), self.owner(other)),
            TruthCode::Worth(value, number) => {
                format!("number({}) == Some({})", self.lent_value(value), self.fraction(number))
            }
            TruthCode::Ordered(value, how, number) => {
                let asks = match how {
                    ValueComparison::Equal => "is_eq",
                    ValueComparison::Unequal => "is_ne",
                    ValueComparison::Less => "is_lt",
                    ValueComparison::AtMost => "is_le",
                    ValueComparison::Greater => "is_gt",
                    ValueComparison::AtLeast => "is_ge",
                };
                format!("order({}, {})?.{asks}()", self.lent_value(value), self.fraction(number))
            }
            TruthCode::Numbers(one, how, other) => {
                format!("{} {} {}", self.fraction(one), how.sign(), self.fraction(other))
            }
            TruthCode::Contains(value, other) => {
                format!("contains({}, {})?", self.lent_value(value), self.lent_value(other))
            }
            TruthCode::Is(value, test) => {
                let lent = self.lent_value(value);
                match test {
                    ValueTest::Defined => format!("({lent}).is_some()"),
                    ValueTest::Undefined => format!("({lent}).is_none()"),
                    ValueTest::Null => format!("matches!({lent}, Some(Value::Null))"),
                    ValueTest::Text => format!("matches!({lent}, Some(Value::String(_)))"),
                    ValueTest::Number => format!("matches!({lent}, Some(Value::Number(_) | Value::Bool(_)))"),
                    ValueTest::List => format!("matches!({lent}, None | Some(Value::Array(_)))"),
                    ValueTest::Object => format!("matches!({lent}, Some(Value::Object(_)))"),
                }
            }
            TruthCode::First(number) => format!("{} == 0", self.names.index(*number)),
            TruthCode::Last(number) => {
                format!("{} + 1 == {}.len()", self.names.index(*number), self.names.items(*number))
            }
        }
    }

    /// Writes a number as a `usize`, or as it was written.
    fn number(&self, number: &NumberCode) -> String {
        match number {
            NumberCode::Literal(digits) => digits.clone(),
            NumberCode::Index(number, 0) => self.names.index(*number),
            NumberCode::Index(number, from) => format!("{} + {from}", self.names.index(*number)),
            NumberCode::LoopLength(number) => format!("{}.len()", self.names.items(*number)),
            NumberCode::Length(value) => format!("length({})?", self.lent_value(value)),
        }
    }

    /// Writes a number as an `f64`.
    fn fraction(&self, number: &NumberCode) -> String {
        match number {
            NumberCode::Literal(digits) if digits.contains('.') => digits.clone(),
            NumberCode::Literal(digits) => format!("{digits}.0"),
            NumberCode::Index(_, from) if *from > 0 => format!("(({}) as f64)", self.number(number)),
            NumberCode::Index(..) | NumberCode::LoopLength(_) | NumberCode::Length(_) => {
                format!("({} as f64)", self.number(number))
            }
        }
    }

    /// Writes a value as a `&Option<Value>`.
    fn lent_value(&self, value: &ValueCode) -> String {
        match value {
            ValueCode::Parameter(place) => self.names.parameter(*place).to_owned(),
            ValueCode::Read(place) => format!("&{}", self.names.read(*place)),
            ValueCode::Local(place) => format!("&{}", self.names.local(*place)),
            ValueCode::Choice(..) => format!("&({})", self.value(value)),
            _ => format!("&{}", self.value(value)),
        }
    }

    /// Writes a value as an `Option<Value>`.
    fn value(&self, value: &ValueCode) -> String {
        match value {
            ValueCode::Null => "Some(Value::Null)".to_owned(),
            ValueCode::OfText(text) => format!("Some(Value::from({}))", self.owner(text)),
            ValueCode::OfTruth(truth) => format!("Some(Value::from({}))", self.truth(truth)),
            ValueCode::OfNumber(number) => format!("Some(Value::from({}))", self.number(number)),
            ValueCode::List(items) => {
                let item = |item: &ValueCode| match item {
                    ValueCode::OfText(text) => format!("Value::from({})", self.owner(text)),
                    ValueCode::OfNumber(number) => format!("Value::from({})", self.number(number)),
                    item => format!("({}).unwrap_or_default()", self.value(item)),
                };
                format!("Some(Value::Array(vec![{}]))", items.iter().map(item).collect::<Vec<_>>().join(", "))
            }
            ValueCode::Parameter(place) => format!("{}.clone()", self.names.parameter(*place)),
            ValueCode::Read(place) => format!("{}.clone()", self.names.read(*place)),
            ValueCode::Local(place) => format!("{}.clone()", self.names.local(*place)),
            ValueCode::ReadLocal(place) => format!("read(&{})", self.names.local(*place)),
            ValueCode::Item(value, key) => format!("item({}, {})?", self.lent_value(value), self.lent_value(key)),
            ValueCode::First(value) => format!("first({})?", self.lent_value(value)),
            ValueCode::Last(value) => format!("last({})?", self.lent_value(value)),
            ValueCode::Choice(condition, one, other) => {
                format!("if {} {{ {} }} else {{ {} }}", self.truth(condition), self.value(one), self.value(other))
            }
            ValueCode::Missing => "None".to_owned(),
            ValueCode::Given(value) => format!("given({})?", self.lent_value(value)),
        }
    }
}
