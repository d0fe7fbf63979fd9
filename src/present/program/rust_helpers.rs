//! The functions that the code of messages stands on in Rust. A value is an `Option<Value>`: none is what is not given.

use crate::present::program::Helper;

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
        name: "as_number",
        code: "/// Returns what a number, or a text that writes one, is worth.\nfn as_number(value: &Option<Value>) -> Option<f64> {\n    match value {\n        \
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
               Some(Value::Bool(_) | Value::Number(_)) => as_number(value) != Some(0.0),\n    }\n}\n",
    },
    Helper {
        name: "same",
        code: "fn same(one: &Option<Value>, other: &Option<Value>) -> bool {\n    let same = |one: &Value, other: &Value| same(&Some(one.clone()), &Some(other.clone()));\n    \
               match (one, other) {\n        (Some(Value::Array(one)), Some(Value::Array(other))) => {\n            \
               one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))\n        }\n        \
               (Some(Value::Object(one)), Some(Value::Object(other))) => {\n            \
               let found = |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| same(value, other));\n            \
               one.len() == other.len() && one.iter().all(found)\n        }\n        \
               (Some(Value::Number(_) | Value::Bool(_)), Some(Value::Number(_) | Value::Bool(_))) => as_number(one) == as_number(other),\n        \
               _ => one == other,\n    }\n}\n",
    },
    Helper {
        name: "order_of",
        code: "/// Compares a value with a number.\nfn order_of(value: &Option<Value>, other: f64) -> Result<std::cmp::Ordering, String> {\n    match (as_number(value), value) {\n        \
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
        name: "item_of",
        code: "/// Returns a field or an item of a value.\nfn item_of(value: &Option<Value>, key: &Option<Value>) -> Result<Option<Value>, String> {\n    \
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
        name: "loop_items",
        code: "/// Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank.\n\
               fn loop_items(value: &Option<Value>) -> Result<Vec<Option<Value>>, String> {\n    match value {\n        \
               Some(Value::String(text)) => {\n            Ok(text.lines().filter(|line| !line.trim().is_empty()).map(|line| Some(line.into())).collect())\n        }\n        \
               Some(Value::Null) => Ok(Vec::new()),\n        value => parts(value),\n    }\n}\n",
    },
    Helper {
        name: "loop_pairs",
        code: "fn loop_pairs(value: &Option<Value>) -> Result<Vec<(Option<Value>, Option<Value>)>, String> {\n    if let Some(Value::Object(fields)) = value {\n        \
               return Ok(fields.iter().map(|(name, value)| (Some(name.as_str().into()), Some(value.clone()))).collect());\n    }\n    \
               let pair = |pair: &Option<Value>| -> Result<(Option<Value>, Option<Value>), String> {\n        match (pair, parts(pair)?.as_slice()) {\n            \
               (Some(Value::Array(_) | Value::Object(_)), [one, other]) => Ok((one.clone(), other.clone())),\n            \
               _ => Err(\"a loop with two names runs over what is no pairs\".to_owned()),\n        }\n    };\n    loop_items(value)?.iter().map(pair).collect()\n}\n",
    },
    Helper {
        name: "first_of",
        code: "fn first_of(value: &Option<Value>) -> Result<Option<Value>, String> {\n    Ok(parts(value)?.first().cloned().flatten())\n}\n",
    },
    Helper {
        name: "last_of",
        code: "fn last_of(value: &Option<Value>) -> Result<Option<Value>, String> {\n    Ok(parts(value)?.last().cloned().flatten())\n}\n",
    },
    Helper {
        name: "length_of",
        code: "fn length_of(value: &Option<Value>) -> Result<usize, String> {\n    Ok(parts(value)?.len())\n}\n",
    },
    Helper {
        name: "joined",
        code: "fn joined(value: &Option<Value>, between: &str) -> Result<String, String> {\n    if matches!(value, Some(Value::Null)) {\n        return Ok(String::new());\n    }\n    \
               let all: Vec<String> = parts(value)?.iter().map(spelled).collect::<Result<_, _>>()?;\n    Ok(all.join(between))\n}\n",
    },
    Helper {
        name: "counted",
        code: r#"/// Makes sure that there is a number to count with.
fn counted(value: &Option<Value>) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Number(_)) => Ok(value.clone()),
        Some(Value::Bool(truth)) => Ok(Some(Value::from(u8::from(*truth)))),
        _ => Err("a program does not count with what is no number".to_owned()),
    }
}
"#,
    },
    Helper {
        name: "numeral",
        code: r"/// Returns the number that a text writes, and everything else as it is.
fn numeral(value: &Option<Value>) -> Option<Value> {
    let text = value.as_ref().and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str::<serde_json::Number>(text.trim()).map_or_else(|_| value.clone(), |number| Some(Value::Number(number)))
}
",
    },
    Helper {
        name: "worth",
        code: r#"fn worth(value: &Option<Value>) -> Result<f64, String> {
    as_number(&counted(value)?).ok_or_else(|| "a program does not count with what is no number".to_owned())
}
"#,
    },
    Helper {
        name: "written",
        code: r#"/// Writes a number that was counted.
fn written(value: &Option<Value>) -> Result<String, String> {
    let text = spelled(value)?;
    if text.contains('e') { Err(format!("a program does not write the number {text}")) } else { Ok(text) }
}
"#,
    },
    Helper {
        name: "calculated",
        code: r#"/// Counts as templates do: whole numbers stay whole unless they are divided by `/`.
fn calculated(one: &Option<Value>, sign: &str, other: &Option<Value>) -> Result<Option<Value>, String> {
    let wrong = || format!("{} {sign} {} is no number that a program has", spelled(one).unwrap_or_default(), spelled(other).unwrap_or_default());
    let whole = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
    if let (Some(one), Some(other), true) = (whole(one), whole(other), sign != "/") {
        let is_between = |rest: i64| rest != 0 && (rest < 0) != (other < 0);
        let result = match sign {
            "+" => one.checked_add(other),
            "-" => one.checked_sub(other),
            "*" => one.checked_mul(other),
            "%" => one.checked_rem(other).map(|rest| if is_between(rest) { rest + other } else { rest }),
            _ => one.checked_div(other).map(|down| if is_between(one % other) { down - 1 } else { down }),
        };
        return result.map(|result| Some(Value::from(result))).ok_or_else(wrong);
    }
    let is_large = |value: &Option<Value>| matches!(value, Some(Value::Number(number)) if !number.is_f64() && number.as_i64().is_none());
    if is_large(one) || is_large(other) {
        return Err(wrong());
    }
    let (one, other) = (worth(one)?, worth(other)?);
    if other == 0.0 && matches!(sign, "/" | "//" | "%") {
        return Err(wrong());
    }
    let mut rest = one % other;
    let mut down = (one - rest) / other;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(other);
    } else if (rest < 0.0) != (other < 0.0) {
        rest += other;
        down -= 1.0;
    }
    let down = if down == 0.0 { 0.0_f64.copysign(one / other) } else { down.round() };
    let result = match sign {
        "+" => one + other,
        "-" => one - other,
        "*" => one * other,
        "/" => one / other,
        "%" => rest,
        _ => down,
    };
    if result.is_finite() { Ok(Some(Value::from(result))) } else { Err(wrong()) }
}
"#,
    },
    Helper {
        name: "added",
        code: r#"/// Adds two numbers, or puts a text behind another.
fn added(one: &Option<Value>, other: &Option<Value>) -> Result<Option<Value>, String> {
    match (one, other) {
        (Some(Value::String(one)), Some(Value::String(other))) => Ok(Some(Value::from(format!("{one}{other}")))),
        _ => calculated(&counted(one)?, "+", &counted(other)?),
    }
}
"#,
    },
    Helper {
        name: "absolute",
        code: r#"fn absolute(value: &Option<Value>) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Number(number)) => Ok(match number.as_i64() {
            Some(whole) => whole.checked_abs().map(Value::from),
            None => number.as_f64().map(|number| Value::from(number.abs())),
        }),
        _ => Err("a program does not count with what is no number".to_owned()),
    }
}
"#,
    },
    Helper {
        name: "rounded",
        code: r#"/// Rounds a number; what lies in the middle becomes even.
fn rounded(value: &Option<Value>, digits: usize) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Number(number)) if !number.is_f64() => Ok(value.clone()),
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            Ok(format!("{number:.digits$}").parse::<f64>().ok().map(Value::from))
        }
        _ => Err("what is rounded is no number".to_owned()),
    }
}
"#,
    },
    Helper {
        name: "worth_of",
        code: r"/// Returns a number, or the one that a text writes; none where there is none.
fn worth_of(value: &Option<Value>) -> Option<Value> {
    match value {
        Some(Value::Number(_)) => value.clone(),
        Some(Value::Bool(truth)) => Some(Value::from(u8::from(*truth))),
        Some(Value::String(text)) => match text.parse::<i64>() {
            Ok(whole) => Some(Value::from(whole)),
            Err(_) => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from),
        },
        _ => None,
    }
}
",
    },
    Helper {
        name: "made_number",
        code: r#"fn made_number(value: &Option<Value>, otherwise: &Option<Value>) -> Result<Option<Value>, String> {
    if matches!(value, Some(Value::Null)) && otherwise.is_none() {
        return Ok(Some(Value::from(0)));
    }
    let text = spelled(value)?;
    worth_of(value).or_else(|| otherwise.clone()).map(Some).ok_or_else(|| format!("this is no number: {text}"))
}
"#,
    },
    Helper {
        name: "whole_of",
        code: r"/// Returns a number without its fraction, or what stands there where there is none.
fn whole_of(value: &Option<Value>, otherwise: &Option<Value>) -> Result<Option<Value>, String> {
    let made = made_number(value, otherwise)?;
    let whole = made.as_ref().is_some_and(|made| made.is_i64() || made.is_u64());
    Ok(if whole { made } else { made.and_then(|made| made.as_f64()).map(|made| Value::from(made as i64)) })
}
",
    },
    Helper {
        name: "fraction_of",
        code: r"/// Returns a number with a fraction, or what stands there where there is none.
fn fraction_of(value: &Option<Value>, otherwise: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(made_number(value, otherwise)?.and_then(|made| made.as_f64()).map(Value::from))
}
",
    },
    Helper {
        name: "title_case",
        code: r"fn title_case(value: &str) -> String {
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
    let word = |word: &str| {
        let initial: String = word.chars().take(1).collect();
        let lower = word.to_lowercase();
        initial.to_uppercase() + lower.get(initial.to_lowercase().len()..).unwrap_or_default()
    };
    value.split_inclusive(is_gap).map(|part| match part.strip_suffix(is_gap) {
        Some(text) => word(text) + &part[text.len()..],
        None => word(part),
    }).collect()
}
",
    },
    Helper {
        name: "capitalized",
        code: r#"fn capitalized(value: &str) -> Result<String, String> {
    let initial: String = value.chars().take(1).collect();
    let is_odd = |c: char| matches!(c, '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}' | '\u{10d0}'..='\u{10ff}');
    if initial.to_uppercase().chars().count() > 1 || initial.contains(is_odd) {
        return Err(format!("a program does not capitalize {initial}"));
    }
    Ok(initial.to_uppercase() + value.to_lowercase().get(initial.to_lowercase().len()..).unwrap_or_default())
}
"#,
    },
    Helper {
        name: "indented",
        code: r#"/// Puts white space before the lines of a text, before the first and before blank ones if that is asked for.
fn indented(value: &str, width: usize, first: bool, blank: bool) -> String {
    let value = value.strip_suffix('\n').unwrap_or(value);
    let value = value.strip_suffix('\r').unwrap_or(value);
    let line = |(at, line): (usize, &str)| {
        let moves = (first || at > 0) && (blank || !matches!(line, "" | "\r"));
        " ".repeat(if moves { width } else { 0 }) + line
    };
    let lines: Vec<String> = value.split('\n').enumerate().map(line).collect();
    let text = lines.join("\n");
    text.strip_suffix('\r').unwrap_or(&text).to_owned()
}
"#,
    },
    Helper {
        name: "pretty_json",
        code: r#"fn pretty_json(value: &Option<Value>, width: usize) -> Result<String, String> {
    let value = value.as_ref().ok_or_else(|| "what is read here has no value".to_owned())?;
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    // It puts two blanks before what lies one level deeper.
    let line = |line: &str| {
        let text = line.trim_start_matches(' ');
        " ".repeat((line.len() - text.len()) / 2 * width) + text
    };
    Ok(text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}
"#,
    },
    Helper {
        name: "items_of",
        code: r"/// Returns the items of a list, the names of an object's fields, or the characters of a text.
fn items_of(value: &Option<Value>) -> Result<Vec<Value>, String> {
    let found = if matches!(value, Some(Value::Null)) { Vec::new() } else { parts(value)? };
    Ok(found.into_iter().flatten().collect())
}
",
    },
    Helper {
        name: "list_of",
        code: r"fn list_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(Some(Value::Array(items_of(value)?)))
}
",
    },
    Helper {
        name: "total_of",
        code: r#"fn total_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    let found = items_of(value)?;
    found.into_iter().try_fold(Some(Value::from(0)), |total, part| calculated(&total, "+", &counted(&Some(part))?))
}
"#,
    },
    Helper {
        name: "order_key",
        code: r#"/// Returns what texts and numbers are sorted by: the case of A to Z does not count.
fn order_key(value: Option<Value>) -> Result<Value, String> {
    match value {
        Some(Value::String(text)) => Ok(Value::from(text.to_ascii_lowercase())),
        Some(Value::Number(number)) => Ok(Value::Number(number)),
        _ => Err("a program does not sort what is neither a text nor a number".to_owned()),
    }
}
"#,
    },
    Helper {
        name: "compare_keys",
        code: r"fn compare_keys(one: &Value, other: &Value) -> std::cmp::Ordering {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one.cmp(other),
        _ => one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default()),
    }
}
",
    },
    Helper {
        name: "in_order",
        code: r#"/// Sorts items by the keys of each.
fn in_order(mut keyed: Vec<(Vec<Value>, Value)>, backwards: bool) -> Result<Option<Value>, String> {
    let kinds = |keys: &[Value]| keys.iter().map(Value::is_string).collect::<Vec<_>>();
    if keyed.windows(2).any(|pair| kinds(&pair[0].0) != kinds(&pair[1].0)) {
        return Err("a program does not sort texts and numbers together".to_owned());
    }
    keyed.sort_by(|(one, _), (other, _)| {
        let orders = one.iter().zip(other).map(|(one, other)| compare_keys(one, other));
        let order = orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        if backwards { order.reverse() } else { order }
    });
    Ok(Some(keyed.into_iter().map(|(_, part)| part).collect()))
}
"#,
    },
    Helper {
        name: "sorted_by",
        code: r"/// Sorts items, by fields if they have names.
fn sorted_by(value: &Option<Value>, fields: &str, backwards: bool) -> Result<Option<Value>, String> {
    let keys = |part: &Value| -> Result<Vec<Value>, String> {
        let part = Some(part.clone());
        if fields.is_empty() {
            return Ok(vec![order_key(part)?]);
        }
        fields.split(',').map(|field| order_key(item_of(&part, &Some(Value::from(field)))?)).collect()
    };
    let keyed = items_of(value)?.into_iter().map(|part| Ok((keys(&part)?, part))).collect::<Result<_, String>>()?;
    in_order(keyed, backwards)
}
",
    },
    Helper {
        name: "smallest_of",
        code: r#"fn smallest_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    first_of(&sorted_by(value, "", false)?)
}
"#,
    },
    Helper {
        name: "largest_of",
        code: r#"fn largest_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    first_of(&sorted_by(value, "", true)?)
}
"#,
    },
    Helper {
        name: "unique_of",
        code: r#"/// Returns each item once; the case of texts does not count.
fn unique_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    let mut keys = Vec::new();
    let mut found = Vec::new();
    for part in items_of(value)? {
        let key = match &part {
            Value::String(text) => Some(Value::from(text.to_lowercase())),
            Value::Number(_) => Some(part.clone()),
            _ => return Err("a program does not sort what is neither a text nor a number".to_owned()),
        };
        if !keys.iter().any(|known| same(known, &key)) {
            keys.push(key);
            found.push(part);
        }
    }
    Ok(Some(Value::Array(found)))
}
"#,
    },
    Helper {
        name: "reversed_of",
        code: r"fn reversed_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    if let Some(Value::String(text)) = value {
        return Ok(Some(text.chars().rev().collect::<String>().into()));
    }
    let found = parts(value)?;
    Ok(Some(found.into_iter().rev().flatten().collect()))
}
",
    },
    Helper {
        name: "field_pairs",
        code: r#"fn field_pairs(value: &Option<Value>) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Object(fields)) => {
            Ok(Some(fields.iter().map(|(name, value)| Value::from(vec![Value::from(name.as_str()), value.clone()])).collect()))
        }
        _ => Err("this has no fields".to_owned()),
    }
}
"#,
    },
    Helper {
        name: "sorted_pairs",
        code: r"fn sorted_pairs(value: &Option<Value>, by_value: bool, backwards: bool) -> Result<Option<Value>, String> {
    let key = |pair: &Value| order_key(pair.get(usize::from(by_value)).cloned());
    let keyed = items_of(&field_pairs(value)?)?.into_iter().map(|pair| Ok((vec![key(&pair)?], pair)));
    in_order(keyed.collect::<Result<_, String>>()?, backwards)
}
",
    },
    Helper {
        name: "grouped_by",
        code: r"/// Returns each value of a field, with the items that have it.
fn grouped_by(value: &Option<Value>, field: &str) -> Result<Option<Value>, String> {
    let mut groups: Vec<(Option<Value>, Vec<Value>)> = Vec::new();
    for part in items_of(&sorted_by(value, field, false)?)? {
        let name = item_of(&Some(part.clone()), &Some(Value::from(field)))?;
        match groups.last_mut() {
            Some((known, own)) if compare_keys(&order_key(known.clone())?, &order_key(name.clone())?).is_eq() => own.push(part),
            _ => groups.push((name, vec![part])),
        }
    }
    Ok(Some(groups.into_iter().map(|(name, own)| Value::from(vec![name.unwrap_or_default(), Value::from(own)])).collect()))
}
",
    },
    Helper {
        name: "picked",
        code: r"/// Returns the items for which something holds.
fn picked(value: &Option<Value>, holds: impl Fn(Option<Value>) -> Result<bool, String>) -> Result<Option<Value>, String> {
    let mut found = Vec::new();
    for part in items_of(value)? {
        if holds(Some(part.clone()))? {
            found.push(part);
        }
    }
    Ok(Some(Value::from(found)))
}
",
    },
    Helper {
        name: "field_of_each",
        code: r#"fn field_of_each(value: &Option<Value>, field: &str) -> Result<Option<Value>, String> {
    let read = |part: Value| {
        let found = part.as_object().and_then(|fields| fields.get(field).cloned());
        found.ok_or_else(|| format!("a program does not read what an item has not: {field}"))
    };
    items_of(value)?.into_iter().map(read).collect::<Result<Value, String>>().map(Some)
}
"#,
    },
    Helper {
        name: "batches_of",
        code: r"fn batches_of(value: &Option<Value>, count: usize) -> Result<Option<Value>, String> {
    Ok(Some(items_of(value)?.chunks(count).map(|list| Value::from(list.to_vec())).collect()))
}
",
    },
    Helper {
        name: "slices_of",
        code: r"/// Cuts a list into so many, the first of which have one item more if that does not come out even.
fn slices_of(value: &Option<Value>, count: usize) -> Result<Option<Value>, String> {
    let found = items_of(value)?;
    let (size, more) = (found.len() / count, found.len() % count);
    let start = |at: usize| at * size + at.min(more);
    Ok(Some((0..count).map(|at| Value::from(found[start(at)..start(at + 1)].to_vec())).collect()))
}
",
    },
    Helper {
        name: "text_to_split",
        code: r#"fn text_to_split(value: &Option<Value>) -> Result<&str, String> {
    value.as_ref().and_then(Value::as_str).ok_or_else(|| "what is split is no text".to_owned())
}
"#,
    },
    Helper {
        name: "split_at",
        code: r"fn split_at(value: &Option<Value>, between: &str) -> Result<Option<Value>, String> {
    Ok(Some(text_to_split(value)?.split(between).collect()))
}
",
    },
    Helper {
        name: "words_of",
        code: r"fn words_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(Some(text_to_split(value)?.split_whitespace().collect()))
}
",
    },
    Helper {
        name: "is_odd",
        code: r"fn is_odd(value: &Option<Value>) -> bool {
    !matches!(value, Some(Value::String(_))) && as_number(value).is_some_and(|number| number % 2.0 != 0.0 && number.fract() == 0.0)
}
",
    },
    Helper {
        name: "is_even",
        code: r"fn is_even(value: &Option<Value>) -> bool {
    !matches!(value, Some(Value::String(_))) && as_number(value).is_some_and(|number| number % 2.0 == 0.0)
}
",
    },
];
