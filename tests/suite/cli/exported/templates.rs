// The prompt table, version d68522d, for m. Written by `retort prompts export`.

use serde_json::Value;

/// Where the request goes, with POST.
pub const URL: &str = "http://127.0.0.1:9/v1/chat/completions";

/// Returns the headers of the request. Fails where an environment variable is missing.
pub fn headers() -> Result<Vec<(&'static str, String)>, std::env::VarError> {
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("authorization", ["Bearer ", &std::env::var("LAB_KEY")?].concat()),
    ])
}

const BODY: &str = r#"{
  "model": "some-model",
  "messages": [
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    },
    {
      "role": "user",
      "content": ""
    }
  ],
  "temperature": 0.3
}"#;

/// Returns what a text is the JSON of, if that is a list or an object.
fn read(value: &Option<Value>) -> Option<Value> {
    match value {
        Some(Value::String(text)) if text.trim_start().starts_with(['[', '{']) => {
            serde_json::from_str(text).ok().or_else(|| value.clone())
        }
        value => value.clone(),
    }
}

fn spelled(value: &Option<Value>) -> Result<String, String> {
    match value {
        None => Err("what is read here has no value".to_owned()),
        Some(Value::Null) => Ok("None".to_owned()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value) => Ok(value.to_string()),
    }
}

/// Returns what stands in a prompt for a value: nothing for null.
fn text(value: &Option<Value>) -> Result<String, String> {
    if matches!(value, Some(Value::Null)) { Ok(String::new()) } else { spelled(value) }
}

fn as_json(value: &Option<Value>) -> Result<String, String> {
    value.as_ref().map(Value::to_string).ok_or_else(|| "what is read here has no value".to_owned())
}

fn need_fields(value: &Option<Value>, name: &str) -> Result<(), String> {
    let has_fields = spelled(value)?.trim_start().starts_with(['[', '{']);
    if has_fields { Ok(()) } else { Err(format!("no value for {name}")) }
}

/// Returns what a number, or a text that writes one, is worth.
fn as_number(value: &Option<Value>) -> Option<f64> {
    match value {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),
        Some(Value::String(text)) => serde_json::from_str::<serde_json::Number>(text.trim()).ok()?.as_f64(),
        _ => None,
    }
}

fn given(value: &Option<Value>) -> Result<Option<Value>, String> {
    if value.is_some() { Ok(value.clone()) } else { Err("what is compared here has no value".to_owned()) }
}

fn holds(value: &Option<Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => as_number(value) != Some(0.0),
    }
}

fn same(one: &Option<Value>, other: &Option<Value>) -> bool {
    let same = |one: &Value, other: &Value| same(&Some(one.clone()), &Some(other.clone()));
    match (one, other) {
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let found = |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(found)
        }
        (Some(Value::Number(_) | Value::Bool(_)), Some(Value::Number(_) | Value::Bool(_))) => as_number(one) == as_number(other),
        _ => one == other,
    }
}

/// Compares a value with a number.
fn order_of(value: &Option<Value>, other: f64) -> Result<std::cmp::Ordering, String> {
    match (as_number(value), value) {
        (Some(own), _) => Ok(own.total_cmp(&other)),
        (None, Some(Value::String(text))) if !text.trim().is_empty() => {
            Err(format!("a text that is no number cannot be compared with one: {text}"))
        }
        (None, Some(Value::Array(_) | Value::Object(_))) => Ok(std::cmp::Ordering::Greater),
        (None, _) => Ok(std::cmp::Ordering::Less),
    }
}

fn contains(value: &Option<Value>, other: &Option<Value>) -> Result<bool, String> {
    let (Some(value), Some(known)) = (value, other) else {
        return Err("what is looked for or looked into has no value".to_owned());
    };
    Ok(match value {
        Value::String(text) => text.contains(&spelled(other)?),
        Value::Array(items) => {
            items.iter().any(|item| item.is_boolean() == known.is_boolean() && same(&Some(item.clone()), other))
        }
        Value::Object(fields) => known.as_str().is_some_and(|name| fields.contains_key(name)),
        Value::Bool(_) => false,
        Value::Null | Value::Number(_) => return Err("this holds nothing".to_owned()),
    })
}

/// Returns a field or an item of a value.
fn item_of(value: &Option<Value>, key: &Option<Value>) -> Result<Option<Value>, String> {
    let place = |length: usize| {
        let place = key.as_ref().and_then(Value::as_i64)?;
        let length = i64::try_from(length).ok()?;
        usize::try_from(if place < 0 { length + place } else { place }).ok()
    };
    match value {
        None => Err("something is read of what has no value".to_owned()),
        Some(Value::Object(fields)) => Ok(key.as_ref().and_then(Value::as_str).and_then(|name| fields.get(name).cloned())),
        Some(Value::Array(items)) => Ok(place(items.len()).and_then(|place| items.get(place).cloned())),
        Some(Value::String(text)) => {
            let place = place(text.chars().count());
            Ok(place.and_then(|place| text.chars().nth(place)).map(|c| c.to_string().into()))
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) => Ok(None),
    }
}

fn parts(value: &Option<Value>) -> Result<Vec<Option<Value>>, String> {
    match value {
        Some(Value::String(text)) => Ok(text.chars().map(|c| Some(c.to_string().into())).collect()),
        Some(Value::Array(items)) => Ok(items.iter().cloned().map(Some).collect()),
        Some(Value::Object(fields)) => Ok(fields.keys().map(|name| Some(name.as_str().into())).collect()),
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_)) => Err("this has no items".to_owned()),
    }
}

/// Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank.
fn loop_items(value: &Option<Value>) -> Result<Vec<Option<Value>>, String> {
    match value {
        Some(Value::String(text)) => {
            Ok(text.lines().filter(|line| !line.trim().is_empty()).map(|line| Some(line.into())).collect())
        }
        Some(Value::Null) => Ok(Vec::new()),
        value => parts(value),
    }
}

fn loop_pairs(value: &Option<Value>) -> Result<Vec<(Option<Value>, Option<Value>)>, String> {
    if let Some(Value::Object(fields)) = value {
        return Ok(fields.iter().map(|(name, value)| (Some(name.as_str().into()), Some(value.clone()))).collect());
    }
    let pair = |pair: &Option<Value>| -> Result<(Option<Value>, Option<Value>), String> {
        match (pair, parts(pair)?.as_slice()) {
            (Some(Value::Array(_) | Value::Object(_)), [one, other]) => Ok((one.clone(), other.clone())),
            _ => Err("a loop with two names runs over what is no pairs".to_owned()),
        }
    };
    loop_items(value)?.iter().map(pair).collect()
}

fn first_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(parts(value)?.first().cloned().flatten())
}

fn last_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(parts(value)?.last().cloned().flatten())
}

fn length_of(value: &Option<Value>) -> Result<usize, String> {
    Ok(parts(value)?.len())
}

fn joined(value: &Option<Value>, between: &str) -> Result<String, String> {
    if matches!(value, Some(Value::Null)) {
        return Ok(String::new());
    }
    let all: Vec<String> = parts(value)?.iter().map(spelled).collect::<Result<_, _>>()?;
    Ok(all.join(between))
}

/// Makes sure that there is a number to count with.
fn counted(value: &Option<Value>) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Number(_)) => Ok(value.clone()),
        Some(Value::Bool(truth)) => Ok(Some(Value::from(u8::from(*truth)))),
        _ => Err("a program does not count with what is no number".to_owned()),
    }
}

/// Returns the number that a text writes, and everything else as it is.
fn numeral(value: &Option<Value>) -> Option<Value> {
    let text = value.as_ref().and_then(Value::as_str).unwrap_or_default();
    serde_json::from_str::<serde_json::Number>(text.trim()).map_or_else(|_| value.clone(), |number| Some(Value::Number(number)))
}

fn worth(value: &Option<Value>) -> Result<f64, String> {
    as_number(&counted(value)?).ok_or_else(|| "a program does not count with what is no number".to_owned())
}

/// Writes a number that was counted.
fn written(value: &Option<Value>) -> Result<String, String> {
    let text = spelled(value)?;
    if text.contains('e') { Err(format!("a program does not write the number {text}")) } else { Ok(text) }
}

/// Counts as templates do: whole numbers stay whole unless they are divided by `/`.
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

/// Adds two numbers, or puts a text behind another.
fn added(one: &Option<Value>, other: &Option<Value>) -> Result<Option<Value>, String> {
    match (one, other) {
        (Some(Value::String(one)), Some(Value::String(other))) => Ok(Some(Value::from(format!("{one}{other}")))),
        _ => calculated(&counted(one)?, "+", &counted(other)?),
    }
}

fn absolute(value: &Option<Value>) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Number(number)) => Ok(match number.as_i64() {
            Some(whole) => whole.checked_abs().map(Value::from),
            None => number.as_f64().map(|number| Value::from(number.abs())),
        }),
        _ => Err("a program does not count with what is no number".to_owned()),
    }
}

/// Rounds a number; what lies in the middle becomes even.
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

/// Returns a number, or the one that a text writes; none where there is none.
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

fn made_number(value: &Option<Value>, otherwise: &Option<Value>) -> Result<Option<Value>, String> {
    if matches!(value, Some(Value::Null)) && otherwise.is_none() {
        return Ok(Some(Value::from(0)));
    }
    let text = spelled(value)?;
    worth_of(value).or_else(|| otherwise.clone()).map(Some).ok_or_else(|| format!("this is no number: {text}"))
}

/// Returns a number without its fraction, or what stands there where there is none.
fn whole_of(value: &Option<Value>, otherwise: &Option<Value>) -> Result<Option<Value>, String> {
    let made = made_number(value, otherwise)?;
    let whole = made.as_ref().is_some_and(|made| made.is_i64() || made.is_u64());
    Ok(if whole { made } else { made.and_then(|made| made.as_f64()).map(|made| Value::from(made as i64)) })
}

/// Returns a number with a fraction, or what stands there where there is none.
fn fraction_of(value: &Option<Value>, otherwise: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(made_number(value, otherwise)?.and_then(|made| made.as_f64()).map(Value::from))
}

fn title_case(value: &str) -> String {
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

fn capitalized(value: &str) -> Result<String, String> {
    let initial: String = value.chars().take(1).collect();
    let is_odd = |c: char| matches!(c, '\u{1c4}'..='\u{1cc}' | '\u{1f1}'..='\u{1f3}' | '\u{10d0}'..='\u{10ff}');
    if initial.to_uppercase().chars().count() > 1 || initial.contains(is_odd) {
        return Err(format!("a program does not capitalize {initial}"));
    }
    Ok(initial.to_uppercase() + value.to_lowercase().get(initial.to_lowercase().len()..).unwrap_or_default())
}

/// Puts white space before the lines of a text, before the first and before blank ones if that is asked for.
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

fn pretty_json(value: &Option<Value>, width: usize) -> Result<String, String> {
    let value = value.as_ref().ok_or_else(|| "what is read here has no value".to_owned())?;
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    // It puts two blanks before what lies one level deeper.
    let line = |line: &str| {
        let text = line.trim_start_matches(' ');
        " ".repeat((line.len() - text.len()) / 2 * width) + text
    };
    Ok(text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

/// Returns the items of a list, the names of an object's fields, or the characters of a text.
fn items_of(value: &Option<Value>) -> Result<Vec<Value>, String> {
    let found = if matches!(value, Some(Value::Null)) { Vec::new() } else { parts(value)? };
    Ok(found.into_iter().flatten().collect())
}

fn list_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(Some(Value::Array(items_of(value)?)))
}

fn total_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    let found = items_of(value)?;
    found.into_iter().try_fold(Some(Value::from(0)), |total, part| calculated(&total, "+", &counted(&Some(part))?))
}

/// Returns what texts and numbers are sorted by: the case of A to Z does not count.
fn order_key(value: Option<Value>) -> Result<Value, String> {
    match value {
        Some(Value::String(text)) => Ok(Value::from(text.to_ascii_lowercase())),
        Some(Value::Number(number)) => Ok(Value::Number(number)),
        _ => Err("a program does not sort what is neither a text nor a number".to_owned()),
    }
}

fn compare_keys(one: &Value, other: &Value) -> std::cmp::Ordering {
    match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one.cmp(other),
        _ => one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default()),
    }
}

/// Sorts items by the keys of each.
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

/// Sorts items, by fields if they have names.
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

fn smallest_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    first_of(&sorted_by(value, "", false)?)
}

fn largest_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    first_of(&sorted_by(value, "", true)?)
}

/// Returns each item once; the case of texts does not count.
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

fn reversed_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    if let Some(Value::String(text)) = value {
        return Ok(Some(text.chars().rev().collect::<String>().into()));
    }
    let found = parts(value)?;
    Ok(Some(found.into_iter().rev().flatten().collect()))
}

fn field_pairs(value: &Option<Value>) -> Result<Option<Value>, String> {
    match value {
        Some(Value::Object(fields)) => {
            Ok(Some(fields.iter().map(|(name, value)| Value::from(vec![Value::from(name.as_str()), value.clone()])).collect()))
        }
        _ => Err("this has no fields".to_owned()),
    }
}

fn sorted_pairs(value: &Option<Value>, by_value: bool, backwards: bool) -> Result<Option<Value>, String> {
    let key = |pair: &Value| order_key(pair.get(usize::from(by_value)).cloned());
    let keyed = items_of(&field_pairs(value)?)?.into_iter().map(|pair| Ok((vec![key(&pair)?], pair)));
    in_order(keyed.collect::<Result<_, String>>()?, backwards)
}

/// Returns each value of a field, with the items that have it.
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

/// Returns the items for which something holds.
fn picked(value: &Option<Value>, holds: impl Fn(Option<Value>) -> Result<bool, String>) -> Result<Option<Value>, String> {
    let mut found = Vec::new();
    for part in items_of(value)? {
        if holds(Some(part.clone()))? {
            found.push(part);
        }
    }
    Ok(Some(Value::from(found)))
}

fn field_of_each(value: &Option<Value>, field: &str) -> Result<Option<Value>, String> {
    let read = |part: Value| {
        let found = part.as_object().and_then(|fields| fields.get(field).cloned());
        found.ok_or_else(|| format!("a program does not read what an item has not: {field}"))
    };
    items_of(value)?.into_iter().map(read).collect::<Result<Value, String>>().map(Some)
}

fn batches_of(value: &Option<Value>, count: usize) -> Result<Option<Value>, String> {
    Ok(Some(items_of(value)?.chunks(count).map(|list| Value::from(list.to_vec())).collect()))
}

/// Cuts a list into so many, the first of which have one item more if that does not come out even.
fn slices_of(value: &Option<Value>, count: usize) -> Result<Option<Value>, String> {
    let found = items_of(value)?;
    let (size, more) = (found.len() / count, found.len() % count);
    let start = |at: usize| at * size + at.min(more);
    Ok(Some((0..count).map(|at| Value::from(found[start(at)..start(at + 1)].to_vec())).collect()))
}

fn text_to_split(value: &Option<Value>) -> Result<&str, String> {
    value.as_ref().and_then(Value::as_str).ok_or_else(|| "what is split is no text".to_owned())
}

fn split_at(value: &Option<Value>, between: &str) -> Result<Option<Value>, String> {
    Ok(Some(text_to_split(value)?.split(between).collect()))
}

fn words_of(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(Some(text_to_split(value)?.split_whitespace().collect()))
}

fn is_odd(value: &Option<Value>) -> bool {
    !matches!(value, Some(Value::String(_))) && as_number(value).is_some_and(|number| number % 2.0 != 0.0 && number.fract() == 0.0)
}

fn is_even(value: &Option<Value>) -> bool {
    !matches!(value, Some(Value::String(_))) && as_number(value).is_some_and(|number| number % 2.0 == 0.0)
}

/// Writes message 1, of the role user.
fn write_message_1(t: &Option<Value>, a: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    if holds(&t_value) {
        out.push_str("Be ");
        out.push_str(&text(t)?);
        out.push_str(".");
    } else if holds(&a_value) {
        out.push_str("A");
    } else {
        out.push_str("nobody");
    }
    Ok(out)
}

/// Writes message 2, of the role user.
fn write_message_2(t: &Option<Value>, a: &Option<Value>, o: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    if same(&t_value, &Some(Value::from("warm"))) {
        out.push_str("1");
    }
    if !same(&t_value, &Some(Value::from("warm"))) && !(holds(&a_value) || o.is_some()) {
        out.push_str("2");
    }
    if contains(&t_value, &Some(Value::from("a")))? {
        out.push_str("3");
    }
    Ok(out)
}

/// Writes message 3, of the role user.
fn write_message_3(t: &Option<Value>, o: &Option<Value>) -> Result<String, String> {
    let o_value = read(o);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&(if o.is_some() { text(o)? } else { "none".to_owned() }));
    out.push_str("/");
    out.push_str(&(if o.is_some() { text(o)? } else { "".to_owned() }));
    out.push_str("/");
    out.push_str(&(if holds(&o_value) { text(o)? } else { text(t)? }));
    if o.is_some() {
        out.push_str("[");
        out.push_str(&text(o)?);
        out.push_str("]");
    }
    Ok(out)
}

/// Writes message 4, of the role user.
fn write_message_4(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    let loop_1 = loop_items(&a_value)?;
    for (index_1, x_) in loop_1.iter().cloned().enumerate() {
        out.push_str("- ");
        out.push_str(&(index_1 + 1).to_string());
        out.push_str(&(if index_1 + 1 < loop_1.len() { ",".to_owned() } else { "".to_owned() }));
        out.push_str(" ");
        out.push_str(&text(&x_)?);
        out.push_str("\n");
    }
    if loop_1.is_empty() {
        out.push_str("nothing\n");
    }
    out.push_str("end");
    Ok(out)
}

/// Writes message 5, of the role user.
fn write_message_5(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    let mut loop_1 = Vec::new();
    for x_ in loop_items(&a_value)? {
        if holds(&x_) {
            loop_1.push(x_);
        }
    }
    for (index_1, x_) in loop_1.iter().cloned().enumerate() {
        out.push_str(&index_1.to_string());
        out.push_str("/");
        out.push_str(&loop_1.len().to_string());
        out.push_str(":");
        out.push_str(&text(&x_)?);
        if index_1 == 0 {
            out.push_str("!");
        }
        out.push_str(";");
    }
    Ok(out)
}

/// Writes message 6, of the role user.
fn write_message_6(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for (key, value_) in loop_pairs(&a_value)? {
        out.push_str(&text(&key)?);
        out.push_str("=");
        out.push_str(&text(&value_)?);
        out.push_str(" ");
    }
    Ok(out)
}

/// Writes message 7, of the role user.
fn write_message_7(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for x_ in loop_items(&a_value)? {
        let loop_2 = loop_items(&item_of(&x_, &Some(Value::from("tags")))?)?;
        for (index_2, y) in loop_2.iter().cloned().enumerate() {
            out.push_str(&(index_2 + 1).to_string());
            out.push_str(&text(&y)?);
        }
        if loop_2.is_empty() {
            out.push_str("-");
        }
    }
    Ok(out)
}

/// Writes message 8, of the role user.
fn write_message_8(t: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&spelled(t)?.to_uppercase());
    out.push_str(&spelled(t)?.to_lowercase());
    out.push_str(&spelled(t)?.trim().to_owned());
    out.push_str("|");
    out.push_str(&spelled(t)?.replace("a", "b"));
    out.push_str("|");
    out.push_str(&format!("{}-{}", spelled(t)?, spelled(t)?.to_uppercase()));
    Ok(out)
}

/// Writes message 9, of the role user.
fn write_message_9(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&length_of(&a_value)?.to_string());
    Ok(out)
}

/// Writes message 10, of the role user.
fn write_message_10(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&joined(&a_value, ", ")?);
    Ok(out)
}

/// Writes message 11, of the role user.
fn write_message_11(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&first_of(&a_value)?)?);
    out.push_str("|");
    out.push_str(&text(&last_of(&a_value)?)?);
    Ok(out)
}

/// Writes message 12, of the role user.
fn write_message_12(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&as_json(&a_value)?);
    Ok(out)
}

/// Writes message 13, of the role user.
fn write_message_13(n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    if order_of(&n_value, 3.0)?.is_gt() {
        out.push_str(">");
    } else if order_of(&n_value, 0.0)?.is_lt() {
        out.push_str("<");
    }
    if as_number(&n_value) == Some(5.0) {
        out.push_str("five");
    }
    if as_number(&n_value) != Some(1.5) {
        out.push_str("not");
    }
    Ok(out)
}

/// Writes message 14, of the role user.
fn write_message_14(o: &Option<Value>) -> Result<String, String> {
    need_fields(o, "o.name")?;
    let o_value = read(o);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&item_of(&o_value, &Some(Value::from("name")))?)?);
    Ok(out)
}

/// Writes message 15, of the role user.
fn write_message_15(t: &Option<Value>, a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    if holds(&item_of(&a_value, &Some(Value::from("name")))?) {
        out.push_str(&text(&item_of(&a_value, &Some(Value::from("name")))?)?);
    }
    out.push_str(&item_of(&a_value, &Some(Value::from("name")))?.is_some().to_string());
    out.push_str(&same(&given(&item_of(&a_value, &Some(Value::from("name")))?)?, &t_value).to_string());
    Ok(out)
}

/// Writes message 16, of the role user.
fn write_message_16(a: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&item_of(&a_value, &Some(Value::from(0)))?)?);
    out.push_str("|");
    out.push_str(&text(&item_of(&a_value, &Some(Value::from(-1)))?)?);
    out.push_str("|");
    out.push_str(&text(&item_of(&a_value, &n_value)?)?);
    Ok(out)
}

/// Writes message 17, of the role user.
#[allow(unused_assignments, reason = "the template may set a name again before it is read")]
fn write_message_17(t: &Option<Value>, a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    let mut who: Option<Value> = Some(Value::from(spelled(t)?.trim().to_owned()));
    if holds(&a_value) {
        who = Some(Value::from(format!("{}!", spelled(&who)?)));
    }
    out.push_str(&text(&who)?);
    Ok(out)
}

/// Writes message 18, of the role user.
fn write_message_18(t: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(".\n");
    let t_: Option<Value> = if t.is_some() { t.clone() } else { Some(Value::from("x")) };
    out.push_str(&text(&t_)?);
    if holds(&read(&t_)) {
        out.push_str("+");
    }
    Ok(out)
}

/// Writes message 19, of the role user.
fn write_message_19(t: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".");
    if holds(&t_value) {
        out.push_str("x");
        out.push_str(&text(t)?);
        out.push_str("y");
    }
    out.push_str("  z");
    Ok(out)
}

/// Writes message 20, of the role user.
fn write_message_20(a: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str("{{ t }} {% if %}");
    out.push_str(&text(a)?);
    Ok(out)
}

/// Writes message 21, of the role user.
fn write_message_21(a: &Option<Value>, n: &Option<Value>, o: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    if matches!(&n_value, Some(Value::Number(_) | Value::Bool(_))) {
        out.push_str("n");
    }
    if matches!(&a_value, Some(Value::Null)) {
        out.push_str("null");
    }
    if matches!(&a_value, Some(Value::Object(_))) {
        out.push_str("m");
    }
    if matches!(&a_value, None | Some(Value::Array(_))) {
        out.push_str("s");
    }
    if matches!(&a_value, Some(Value::String(_))) {
        out.push_str("t");
    }
    if o.is_none() {
        out.push_str("u");
    }
    Ok(out)
}

/// Writes message 22, of the role user.
fn write_message_22(t: &Option<Value>, a: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let t_value = read(t);
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    if contains(&a_value, &t_value)? {
        out.push_str("in");
    }
    if contains(&a_value, &n_value)? {
        out.push_str("num");
    }
    if !contains(&Some(Value::Array(vec![Value::from("warm"), Value::from("x")])), &t_value)? {
        out.push_str("out");
    }
    Ok(out)
}

/// Writes message 23, of the role user.
fn write_message_23(n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&written(&calculated(&counted(&numeral(&n_value))?, "+", &Some(Value::from(1)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&counted(&numeral(&n_value))?, "-", &Some(Value::from(1)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(2)), "*", &counted(&numeral(&n_value))?)?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&counted(&numeral(&n_value))?, "/", &Some(Value::from(4)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&counted(&numeral(&n_value))?, "//", &Some(Value::from(4)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&counted(&numeral(&n_value))?, "%", &Some(Value::from(4)))?)?);
    Ok(out)
}

/// Writes message 24, of the role user.
fn write_message_24(n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&written(&calculated(&calculated(&calculated(&counted(&numeral(&n_value))?, "+", &Some(Value::from(1)))?, "*", &Some(Value::from(2)))?, "-", &calculated(&counted(&numeral(&n_value))?, "%", &Some(Value::from(3)))?)?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(7)), "/", &Some(Value::from(2)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(7)), "//", &Some(Value::from(2)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(-7)), "//", &Some(Value::from(2)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(-7)), "%", &Some(Value::from(3)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(7)), "%", &Some(Value::from(-3)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&Some(Value::from(1.5)), "+", &Some(Value::from(2)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&counted(&numeral(&n_value))?, "*", &Some(Value::from(0.5)))?)?);
    Ok(out)
}

/// Writes message 25, of the role user.
fn write_message_25(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    let loop_1 = loop_items(&a_value)?;
    for (index_1, _x_) in loop_1.iter().cloned().enumerate() {
        if worth(&calculated(&Some(Value::from(index_1 + 1)), "%", &Some(Value::from(2)))?)? == 0.0 {
            out.push_str("even ");
        }
        out.push_str(&written(&calculated(&Some(Value::from(index_1 + 1)), "+", &Some(Value::from(10)))?)?);
        out.push_str("/");
        out.push_str(&written(&calculated(&Some(Value::from(loop_1.len())), "-", &Some(Value::from(index_1 + 1)))?)?);
        out.push_str(" ");
    }
    out.push_str(&written(&calculated(&Some(Value::from(length_of(&a_value)?)), "*", &Some(Value::from(2)))?)?);
    Ok(out)
}

/// Writes message 26, of the role user.
fn write_message_26(t: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&added(&t_value, &Some(Value::from("!")))?)?);
    out.push_str(&text(&added(&added(&Some(Value::from("<")), &t_value)?, &Some(Value::from(">")))?)?);
    Ok(out)
}

/// Writes message 27, of the role user.
fn write_message_27(t: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&added(&n_value, &n_value)?)?);
    out.push_str(" ");
    out.push_str(&text(&added(&t_value, &t_value)?)?);
    Ok(out)
}

/// Writes message 28, of the role user.
fn write_message_28(n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    if worth(&calculated(&counted(&numeral(&n_value))?, "+", &Some(Value::from(1)))?)? > 3.0 {
        out.push_str("more");
    }
    if worth(&calculated(&counted(&numeral(&n_value))?, "%", &Some(Value::from(2)))?)? != 0.0 {
        out.push_str("odd");
    }
    if worth(&calculated(&counted(&numeral(&n_value))?, "*", &Some(Value::from(2)))?)? == 6.0 {
        out.push_str("six");
    }
    if order_of(&added(&n_value, &n_value)?, 6.0)?.is_ge() {
        out.push_str("twice");
    }
    Ok(out)
}

/// Writes message 29, of the role user.
fn write_message_29(n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    let half: Option<Value> = calculated(&counted(&numeral(&n_value))?, "/", &Some(Value::from(2)))?;
    out.push_str(&written(&half)?);
    out.push_str("|");
    out.push_str(&written(&calculated(&half, "*", &Some(Value::from(2)))?)?);
    out.push_str("|");
    if worth(&half)? > 1.0 {
        out.push_str("big");
    }
    let more: Option<Value> = calculated(&counted(&numeral(&n_value))?, "+", &Some(Value::from(1)))?;
    out.push_str(&written(&more)?);
    out.push_str("|");
    out.push_str(&written(&calculated(&more, "+", &Some(Value::from(1)))?)?);
    Ok(out)
}

/// Writes message 30, of the role user.
fn write_message_30(n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&written(&rounded(&n_value, 0)?)?);
    out.push_str(" ");
    out.push_str(&written(&rounded(&n_value, 1)?)?);
    out.push_str(" ");
    out.push_str(&written(&rounded(&calculated(&counted(&numeral(&n_value))?, "/", &Some(Value::from(3)))?, 2)?)?);
    out.push_str(" ");
    out.push_str(&written(&absolute(&n_value)?)?);
    Ok(out)
}

/// Writes message 31, of the role user.
fn write_message_31(t: &Option<Value>, a: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let a_value = read(a);
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&written(&whole_of(&t_value, &Some(Value::from(7)))?)?);
    out.push_str(" ");
    out.push_str(&written(&whole_of(&a_value, &Some(Value::from(-1)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&whole_of(&n_value, &None)?, "+", &Some(Value::from(1)))?)?);
    out.push_str(" ");
    out.push_str(&written(&fraction_of(&t_value, &Some(Value::from(0.5)))?)?);
    out.push_str(" ");
    out.push_str(&written(&calculated(&fraction_of(&n_value, &None)?, "/", &Some(Value::from(2)))?)?);
    Ok(out)
}

/// Writes message 32, of the role user.
fn write_message_32(t: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&written(&whole_of(&n_value, &None)?)?);
    out.push_str("|");
    out.push_str(&written(&fraction_of(&n_value, &None)?)?);
    out.push_str("|");
    out.push_str(&written(&whole_of(&t_value, &None)?)?);
    Ok(out)
}

/// Writes message 33, of the role user.
fn write_message_33(t: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&title_case(&spelled(t)?));
    out.push_str("|");
    out.push_str(&capitalized(&spelled(t)?)?);
    out.push_str("|");
    out.push_str(&spelled(t)?);
    out.push_str(&spelled(n)?.to_uppercase());
    Ok(out)
}

/// Writes message 34, of the role user.
fn write_message_34(t: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&indented(&spelled(t)?, 2, false, false));
    out.push_str("|");
    out.push_str(&indented(&spelled(t)?, 3, true, false));
    out.push_str("|");
    out.push_str(&indented(&spelled(t)?, 1, true, true));
    Ok(out)
}

/// Writes message 35, of the role user.
fn write_message_35(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&pretty_json(&a_value, 2)?);
    out.push_str(&pretty_json(&a_value, 3)?);
    Ok(out)
}

/// Writes message 36, of the role user.
fn write_message_36(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&joined(&sorted_by(&a_value, "", false)?, ",")?);
    out.push_str("|");
    out.push_str(&joined(&sorted_by(&a_value, "", true)?, ",")?);
    out.push_str("|");
    out.push_str(&joined(&unique_of(&a_value)?, ",")?);
    Ok(out)
}

/// Writes message 37, of the role user.
fn write_message_37(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for x_ in loop_items(&sorted_by(&a_value, "name", false)?)? {
        out.push_str(&text(&item_of(&x_, &Some(Value::from("name")))?)?);
        out.push_str(";");
    }
    out.push_str(&joined(&field_of_each(&a_value, "name")?, ", ")?);
    Ok(out)
}

/// Writes message 38, of the role user.
fn write_message_38(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&smallest_of(&a_value)?)?);
    out.push_str(" ");
    out.push_str(&text(&largest_of(&a_value)?)?);
    out.push_str(" ");
    out.push_str(&written(&total_of(&a_value)?)?);
    Ok(out)
}

/// Writes message 39, of the role user.
fn write_message_39(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for x_ in loop_items(&reversed_of(&a_value)?)? {
        out.push_str(&text(&x_)?);
        out.push_str(";");
    }
    out.push_str(&length_of(&list_of(&a_value)?)?.to_string());
    out.push_str(&as_json(&list_of(&a_value)?)?);
    Ok(out)
}

/// Writes message 40, of the role user.
fn write_message_40(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for (key, value_) in loop_pairs(&field_pairs(&a_value)?)? {
        out.push_str(&text(&key)?);
        out.push_str("=");
        out.push_str(&text(&value_)?);
        out.push_str(";");
    }
    Ok(out)
}

/// Writes message 41, of the role user.
fn write_message_41(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for row in loop_items(&batches_of(&a_value, 2)?)? {
        out.push_str("[");
        for x_ in loop_items(&row)? {
            out.push_str(&text(&x_)?);
            out.push_str(",");
        }
        out.push_str("]");
    }
    Ok(out)
}

/// Writes message 42, of the role user.
fn write_message_42(t: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    let mut block_1 = String::new();
    block_1.push_str("  ");
    if holds(&t_value) {
        block_1.push_str("(");
        block_1.push_str(&text(t)?);
        block_1.push_str(")");
    }
    let note: Option<Value> = Some(Value::from(block_1.as_str()));
    out.push_str(&text(&note)?);
    out.push_str("|");
    out.push_str(&length_of(&Some(Value::from(spelled(&note)?.trim().to_owned())))?.to_string());
    let mut block_2 = String::new();
    block_2.push_str(" ");
    block_2.push_str(&text(&note)?);
    block_2.push_str(" ");
    let loud: Option<Value> = Some(Value::from(block_2.as_str().to_uppercase().trim().to_owned()));
    out.push_str(&text(&loud)?);
    Ok(out)
}

/// Writes message 43, of the role user.
fn write_message_43(t: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    let mut block_1 = String::new();
    block_1.push_str("a");
    if holds(&t_value) {
        block_1.push_str(&text(t)?);
    }
    let mut block_2 = String::new();
    block_2.push_str("A");
    block_2.push_str(&text(t)?);
    block_1.push_str(&block_2.as_str().replace("A", "b"));
    out.push_str(&block_1.as_str().to_uppercase());
    Ok(out)
}

/// Writes message 44, of the role user.
fn write_message_44(t: &Option<Value>, x: &Option<Value>, z: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(".\n");
    let x_: Option<Value> = t.clone();
    let y: Option<Value> = Some(Value::from(format!("{}!", spelled(&x_)?)));
    out.push_str(&text(&x_)?);
    out.push_str(&text(&y)?);
    let z_: Option<Value> = y.clone();
    out.push_str(&text(&z_)?);
    out.push_str(&x.is_some().to_string());
    out.push_str(&z.is_some().to_string());
    let t_: Option<Value> = Some(Value::from(spelled(t)?.to_uppercase()));
    out.push_str(&text(&t_)?);
    out.push_str(&text(t)?);
    Ok(out)
}

/// Writes message 45, of the role user.
fn write_message_45(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    let loop_1 = loop_items(&a_value)?;
    for (index_1, x_) in loop_1.iter().cloned().enumerate() {
        let last: Option<Value> = Some(Value::from(index_1 + 1 == loop_1.len()));
        out.push_str(&text(&x_)?);
        out.push_str(&(if holds(&last) { ".".to_owned() } else { ", ".to_owned() }));
        let mut block_1 = String::new();
        block_1.push_str("<");
        block_1.push_str(&text(&x_)?);
        block_1.push_str(">");
        let seen: Option<Value> = Some(Value::from(block_1.as_str()));
        out.push_str(&text(&seen)?);
    }
    Ok(out)
}

/// Writes message 46, of the role user.
fn write_message_46(a: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let n_value = read(n);
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    if is_odd(&n_value) {
        out.push_str("odd");
    }
    if is_even(&n_value) {
        out.push_str("even");
    }
    if matches!(&a_value, Some(Value::Bool(_))) {
        out.push_str("truth");
    }
    Ok(out)
}

/// Writes message 47, of the role user.
#[allow(unused_assignments, reason = "the template may set a name again before it is read")]
fn write_message_47(t: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let mut out = String::new();
    let mut pick: Option<Value> = None;
    out.push_str(".\n");
    if holds(&t_value) {
        pick = Some(Value::from(1));
    } else {
        pick = Some(Value::from(2));
    }
    out.push_str(&text(&pick)?);
    let mut again: Option<Value> = Some(Value::from(1));
    again = Some(Value::from(2));
    out.push_str(&text(&again)?);
    let _unread: Option<Value> = t.clone();
    let block_1 = String::new();
    let empty: Option<Value> = Some(Value::from(block_1.as_str()));
    out.push_str(&text(&empty)?);
    Ok(out)
}

/// Writes message 48, of the role user.
fn write_message_48(t: &Option<Value>, a: &Option<Value>, labels: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let labels_value = read(labels);
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    let mut loop_1 = Vec::new();
    for _x_ in loop_items(&a_value)? {
        if holds(&_x_) {
            loop_1.push(_x_);
        }
    }
    for _x_ in loop_1.iter().cloned() {
        out.push_str("-");
    }
    for (_key, value_) in loop_pairs(&field_pairs(&labels_value)?)? {
        out.push_str(&text(&value_)?);
    }
    if holds(&t_value) {
    }
    Ok(out)
}

/// Writes message 49, of the role user.
#[allow(unused_assignments, reason = "the template may set a name again before it is read")]
fn write_message_49(t: &Option<Value>, x: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut x_: Option<Value> = x.clone();
    out.push_str(".\n");
    let mut block_1 = String::new();
    block_1.push_str(&(if x_.is_some() { text(&x_)? } else { "none".to_owned() }));
    block_1.push_str(&text(t)?);
    x_ = Some(Value::from(block_1.as_str()));
    out.push_str(&text(&x_)?);
    let mut z_: Option<Value> = x_.clone();
    let mut block_2 = String::new();
    block_2.push_str("<");
    block_2.push_str(&text(&z_)?);
    block_2.push_str(">");
    z_ = Some(Value::from(block_2.as_str()));
    out.push_str(&text(&z_)?);
    Ok(out)
}

/// Writes message 50, of the role user.
fn write_message_50(a: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&added(&added(&a_value, &a_value)?, &n_value)?)?);
    out.push_str(" ");
    out.push_str(&text(&added(&n_value, &added(&a_value, &a_value)?)?)?);
    out.push_str(" ");
    out.push_str(&text(&added(&added(&a_value, &n_value)?, &n_value)?)?);
    Ok(out)
}

/// Writes message 51, of the role user.
fn write_message_51(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&joined(&picked(&a_value, |item| Ok(holds(&item)))?, ",")?);
    out.push_str("/");
    out.push_str(&length_of(&list_of(&picked(&a_value, |item| Ok(!matches!(&item, Some(Value::String(_)))))?)?)?.to_string());
    out.push_str("/");
    out.push_str(&joined(&picked(&a_value, |item| Ok(item.is_some()))?, "")?);
    out.push_str("/");
    out.push_str(&joined(&picked(&a_value, |item| Ok(!same(&item, &Some(Value::from("x")))))?, "|")?);
    Ok(out)
}

/// Writes message 52, of the role user.
fn write_message_52(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for x_ in loop_items(&picked(&a_value, |item| Ok(holds(&item_of(&item, &Some(Value::from("name")))?)))?)? {
        out.push_str(&text(&item_of(&x_, &Some(Value::from("name")))?)?);
    }
    for x__ in loop_items(&picked(&a_value, |item| Ok(!same(&item_of(&item, &Some(Value::from("name")))?, &Some(Value::from("B")))))?)? {
        out.push_str("<");
        out.push_str(&text(&x__)?);
        out.push_str(">");
    }
    out.push_str(&length_of(&list_of(&picked(&a_value, |item| Ok(matches!(&item_of(&item, &Some(Value::from("tags")))?, None | Some(Value::Array(_)))))?)?)?.to_string());
    Ok(out)
}

/// Writes message 53, of the role user.
fn write_message_53(t: &Option<Value>) -> Result<String, String> {
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    for x_ in loop_items(&split_at(&t_value, ",")?)? {
        out.push_str("[");
        out.push_str(&text(&x_)?);
        out.push_str("]");
    }
    out.push_str(&joined(&words_of(&t_value)?, "+")?);
    out.push_str(&text(&item_of(&split_at(&t_value, "a")?, &Some(Value::from(0)))?)?);
    Ok(out)
}

/// Writes message 54, of the role user.
fn write_message_54(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for row in loop_items(&slices_of(&a_value, 3)?)? {
        out.push_str("[");
        for x_ in loop_items(&row)? {
            out.push_str(&text(&x_)?);
            out.push_str(",");
        }
        out.push_str("]");
    }
    for row_ in loop_items(&batches_of(&batches_of(&a_value, 2)?, 2)?)? {
        out.push_str(&length_of(&row_)?.to_string());
        for pair in loop_items(&row_)? {
            out.push_str(&length_of(&pair)?.to_string());
        }
    }
    Ok(out)
}

/// Writes message 55, of the role user.
fn write_message_55(a: &Option<Value>, labels: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let labels_value = read(labels);
    let mut out = String::new();
    out.push_str(".\n");
    for (key, value_) in loop_pairs(&sorted_pairs(&a_value, false, false)?)? {
        out.push_str(&text(&key)?);
        out.push_str("=");
        out.push_str(&text(&value_)?);
        out.push_str(";");
    }
    for (key_, value__) in loop_pairs(&sorted_pairs(&labels_value, true, true)?)? {
        out.push_str(&text(&key_)?);
        out.push_str("=");
        out.push_str(&text(&value__)?);
        out.push_str(";");
    }
    Ok(out)
}

/// Writes message 56, of the role user.
fn write_message_56(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    for (name, own) in loop_pairs(&grouped_by(&a_value, "name")?)? {
        out.push_str(&text(&name)?);
        out.push_str(":");
        out.push_str(&length_of(&own)?.to_string());
        for x_ in loop_items(&own)? {
            out.push_str(&text(&item_of(&x_, &Some(Value::from("name")))?)?);
        }
        out.push_str(";");
    }
    for x__ in loop_items(&sorted_by(&a_value, "name,k", false)?)? {
        out.push_str(&text(&item_of(&x__, &Some(Value::from("name")))?)?);
        out.push_str(&text(&item_of(&x__, &Some(Value::from("k")))?)?);
        out.push_str(";");
    }
    Ok(out)
}

/// Returns the body of the request. Fails where a value is missing or of another kind than a message needs.
pub fn request(t: &Value, a: &Value, n: &Value, labels: &Value, o: Option<&Value>, x: Option<&str>, z: Option<&str>) -> Result<Value, String> {
    let message_1: &str = &write_message_1(&Some(t.clone()), &Some(a.clone()))?;
    let message_2: &str = &write_message_2(&Some(t.clone()), &Some(a.clone()), &o.cloned())?;
    let message_3: &str = &write_message_3(&Some(t.clone()), &o.cloned())?;
    let message_4: &str = &write_message_4(&Some(a.clone()))?;
    let message_5: &str = &write_message_5(&Some(a.clone()))?;
    let message_6: &str = &write_message_6(&Some(a.clone()))?;
    let message_7: &str = &write_message_7(&Some(a.clone()))?;
    let message_8: &str = &write_message_8(&Some(t.clone()))?;
    let message_9: &str = &write_message_9(&Some(a.clone()))?;
    let message_10: &str = &write_message_10(&Some(a.clone()))?;
    let message_11: &str = &write_message_11(&Some(a.clone()))?;
    let message_12: &str = &write_message_12(&Some(a.clone()))?;
    let message_13: &str = &write_message_13(&Some(n.clone()))?;
    let message_14: &str = &write_message_14(&o.cloned())?;
    let message_15: &str = &write_message_15(&Some(t.clone()), &Some(a.clone()))?;
    let message_16: &str = &write_message_16(&Some(a.clone()), &Some(n.clone()))?;
    let message_17: &str = &write_message_17(&Some(t.clone()), &Some(a.clone()))?;
    let message_18: &str = &write_message_18(&Some(t.clone()))?;
    let message_19: &str = &write_message_19(&Some(t.clone()))?;
    let message_20: &str = &write_message_20(&Some(a.clone()))?;
    let message_21: &str = &write_message_21(&Some(a.clone()), &Some(n.clone()), &o.cloned())?;
    let message_22: &str = &write_message_22(&Some(t.clone()), &Some(a.clone()), &Some(n.clone()))?;
    let message_23: &str = &write_message_23(&Some(n.clone()))?;
    let message_24: &str = &write_message_24(&Some(n.clone()))?;
    let message_25: &str = &write_message_25(&Some(a.clone()))?;
    let message_26: &str = &write_message_26(&Some(t.clone()))?;
    let message_27: &str = &write_message_27(&Some(t.clone()), &Some(n.clone()))?;
    let message_28: &str = &write_message_28(&Some(n.clone()))?;
    let message_29: &str = &write_message_29(&Some(n.clone()))?;
    let message_30: &str = &write_message_30(&Some(n.clone()))?;
    let message_31: &str = &write_message_31(&Some(t.clone()), &Some(a.clone()), &Some(n.clone()))?;
    let message_32: &str = &write_message_32(&Some(t.clone()), &Some(n.clone()))?;
    let message_33: &str = &write_message_33(&Some(t.clone()), &Some(n.clone()))?;
    let message_34: &str = &write_message_34(&Some(t.clone()))?;
    let message_35: &str = &write_message_35(&Some(a.clone()))?;
    let message_36: &str = &write_message_36(&Some(a.clone()))?;
    let message_37: &str = &write_message_37(&Some(a.clone()))?;
    let message_38: &str = &write_message_38(&Some(a.clone()))?;
    let message_39: &str = &write_message_39(&Some(a.clone()))?;
    let message_40: &str = &write_message_40(&Some(a.clone()))?;
    let message_41: &str = &write_message_41(&Some(a.clone()))?;
    let message_42: &str = &write_message_42(&Some(t.clone()))?;
    let message_43: &str = &write_message_43(&Some(t.clone()))?;
    let message_44: &str = &write_message_44(&Some(t.clone()), &x.map(Value::from), &z.map(Value::from))?;
    let message_45: &str = &write_message_45(&Some(a.clone()))?;
    let message_46: &str = &write_message_46(&Some(a.clone()), &Some(n.clone()))?;
    let message_47: &str = &write_message_47(&Some(t.clone()))?;
    let message_48: &str = &write_message_48(&Some(t.clone()), &Some(a.clone()), &Some(labels.clone()))?;
    let message_49: &str = &write_message_49(&Some(t.clone()), &x.map(Value::from))?;
    let message_50: &str = &write_message_50(&Some(a.clone()), &Some(n.clone()))?;
    let message_51: &str = &write_message_51(&Some(a.clone()))?;
    let message_52: &str = &write_message_52(&Some(a.clone()))?;
    let message_53: &str = &write_message_53(&Some(t.clone()))?;
    let message_54: &str = &write_message_54(&Some(a.clone()))?;
    let message_55: &str = &write_message_55(&Some(a.clone()), &Some(labels.clone()))?;
    let message_56: &str = &write_message_56(&Some(a.clone()))?;
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    body["messages"][0]["content"] = message_1.to_owned().into();
    body["messages"][1]["content"] = message_2.to_owned().into();
    body["messages"][2]["content"] = message_3.to_owned().into();
    body["messages"][3]["content"] = message_4.to_owned().into();
    body["messages"][4]["content"] = message_5.to_owned().into();
    body["messages"][5]["content"] = message_6.to_owned().into();
    body["messages"][6]["content"] = message_7.to_owned().into();
    body["messages"][7]["content"] = message_8.to_owned().into();
    body["messages"][8]["content"] = message_9.to_owned().into();
    body["messages"][9]["content"] = message_10.to_owned().into();
    body["messages"][10]["content"] = message_11.to_owned().into();
    body["messages"][11]["content"] = message_12.to_owned().into();
    body["messages"][12]["content"] = message_13.to_owned().into();
    body["messages"][13]["content"] = message_14.to_owned().into();
    body["messages"][14]["content"] = message_15.to_owned().into();
    body["messages"][15]["content"] = message_16.to_owned().into();
    body["messages"][16]["content"] = message_17.to_owned().into();
    body["messages"][17]["content"] = message_18.to_owned().into();
    body["messages"][18]["content"] = message_19.to_owned().into();
    body["messages"][19]["content"] = message_20.to_owned().into();
    body["messages"][20]["content"] = message_21.to_owned().into();
    body["messages"][21]["content"] = message_22.to_owned().into();
    body["messages"][22]["content"] = message_23.to_owned().into();
    body["messages"][23]["content"] = message_24.to_owned().into();
    body["messages"][24]["content"] = message_25.to_owned().into();
    body["messages"][25]["content"] = message_26.to_owned().into();
    body["messages"][26]["content"] = message_27.to_owned().into();
    body["messages"][27]["content"] = message_28.to_owned().into();
    body["messages"][28]["content"] = message_29.to_owned().into();
    body["messages"][29]["content"] = message_30.to_owned().into();
    body["messages"][30]["content"] = message_31.to_owned().into();
    body["messages"][31]["content"] = message_32.to_owned().into();
    body["messages"][32]["content"] = message_33.to_owned().into();
    body["messages"][33]["content"] = message_34.to_owned().into();
    body["messages"][34]["content"] = message_35.to_owned().into();
    body["messages"][35]["content"] = message_36.to_owned().into();
    body["messages"][36]["content"] = message_37.to_owned().into();
    body["messages"][37]["content"] = message_38.to_owned().into();
    body["messages"][38]["content"] = message_39.to_owned().into();
    body["messages"][39]["content"] = message_40.to_owned().into();
    body["messages"][40]["content"] = message_41.to_owned().into();
    body["messages"][41]["content"] = message_42.to_owned().into();
    body["messages"][42]["content"] = message_43.to_owned().into();
    body["messages"][43]["content"] = message_44.to_owned().into();
    body["messages"][44]["content"] = message_45.to_owned().into();
    body["messages"][45]["content"] = message_46.to_owned().into();
    body["messages"][46]["content"] = message_47.to_owned().into();
    body["messages"][47]["content"] = message_48.to_owned().into();
    body["messages"][48]["content"] = message_49.to_owned().into();
    body["messages"][49]["content"] = message_50.to_owned().into();
    body["messages"][50]["content"] = message_51.to_owned().into();
    body["messages"][51]["content"] = message_52.to_owned().into();
    body["messages"][52]["content"] = message_53.to_owned().into();
    body["messages"][53]["content"] = message_54.to_owned().into();
    body["messages"][54]["content"] = message_55.to_owned().into();
    body["messages"][55]["content"] = message_56.to_owned().into();
    Ok(body)
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["choices"][0]["finish_reason"] == "length" {
        return None;
    }
    response["choices"][0]["message"]["content"].as_str().map(str::to_owned)
}
