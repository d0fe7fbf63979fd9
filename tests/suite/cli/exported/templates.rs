// The prompt table, version 9a7f131, for m. Written by `retort prompts export`.

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
fn number(value: &Option<Value>) -> Option<f64> {
    match value {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::Bool(truth)) => Some(f64::from(u8::from(*truth))),
        Some(Value::String(text)) => serde_json::from_str::<serde_json::Number>(text.trim()).ok()?.as_f64(),
        _ => None,
    }
}

fn holds(value: &Option<Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => number(value) != Some(0.0),
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
        (Some(Value::Number(_) | Value::Bool(_)), Some(Value::Number(_) | Value::Bool(_))) => number(one) == number(other),
        _ => one == other,
    }
}

/// Compares a value with a number.
fn order(value: &Option<Value>, other: f64) -> Result<std::cmp::Ordering, String> {
    match (number(value), value) {
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
fn item(value: &Option<Value>, key: &Option<Value>) -> Result<Option<Value>, String> {
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
fn items(value: &Option<Value>) -> Result<Vec<Option<Value>>, String> {
    match value {
        Some(Value::String(text)) => {
            Ok(text.lines().filter(|line| !line.trim().is_empty()).map(|line| Some(line.into())).collect())
        }
        Some(Value::Null) => Ok(Vec::new()),
        value => parts(value),
    }
}

fn pairs(value: &Option<Value>) -> Result<Vec<(Option<Value>, Option<Value>)>, String> {
    if let Some(Value::Object(fields)) = value {
        return Ok(fields.iter().map(|(name, value)| (Some(name.as_str().into()), Some(value.clone()))).collect());
    }
    let pair = |pair: &Option<Value>| -> Result<(Option<Value>, Option<Value>), String> {
        match (pair, parts(pair)?.as_slice()) {
            (Some(Value::Array(_) | Value::Object(_)), [one, other]) => Ok((one.clone(), other.clone())),
            _ => Err("a loop with two names runs over what is no pairs".to_owned()),
        }
    };
    items(value)?.iter().map(pair).collect()
}

fn first(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(parts(value)?.first().cloned().flatten())
}

fn last(value: &Option<Value>) -> Result<Option<Value>, String> {
    Ok(parts(value)?.last().cloned().flatten())
}

fn length(value: &Option<Value>) -> Result<usize, String> {
    Ok(parts(value)?.len())
}

fn joined(value: &Option<Value>, between: &str) -> Result<String, String> {
    if matches!(value, Some(Value::Null)) {
        return Ok(String::new());
    }
    let all: Vec<String> = parts(value)?.iter().map(spelled).collect::<Result<_, _>>()?;
    Ok(all.join(between))
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
    if !same(&t_value, &Some(Value::from("warm"))) && !(holds(&a_value) || (o).is_some()) {
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
    out.push_str(&(if (o).is_some() { text(o)? } else { "none".to_owned() }));
    out.push_str("/");
    out.push_str(&(if (o).is_some() { text(o)? } else { "".to_owned() }));
    out.push_str("/");
    out.push_str(&(if holds(&o_value) { text(o)? } else { text(t)? }));
    if (o).is_some() {
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
    let loop_1 = items(&a_value)?;
    for (index_1, x) in loop_1.iter().cloned().enumerate() {
        out.push_str("- ");
        out.push_str(&(index_1 + 1).to_string());
        out.push_str(&(if !(index_1 + 1 == loop_1.len()) { ",".to_owned() } else { "".to_owned() }));
        out.push_str(" ");
        out.push_str(&text(&x)?);
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
    for x in items(&a_value)? {
        if holds(&x) {
            loop_1.push(x);
        }
    }
    for (index_1, x) in loop_1.iter().cloned().enumerate() {
        out.push_str(&(index_1).to_string());
        out.push_str("/");
        out.push_str(&(loop_1.len()).to_string());
        out.push_str(":");
        out.push_str(&text(&x)?);
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
    for (key, value_) in pairs(&a_value)? {
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
    for x in items(&a_value)? {
        let loop_2 = items(&item(&x, &Some(Value::from("tags")))?)?;
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
    out.push_str(&format!("{}{}{}", &spelled(t)?, "-", &spelled(t)?.to_uppercase()));
    Ok(out)
}

/// Writes message 9, of the role user.
fn write_message_9(a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&(length(&a_value)?).to_string());
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
    out.push_str(&text(&first(&a_value)?)?);
    out.push_str("|");
    out.push_str(&text(&last(&a_value)?)?);
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
    if order(&n_value, 3.0)?.is_gt() {
        out.push_str(">");
    } else if order(&n_value, 0.0)?.is_lt() {
        out.push_str("<");
    }
    if number(&n_value) == Some(5.0) {
        out.push_str("five");
    }
    if number(&n_value) != Some(1.5) {
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
    out.push_str(&text(&item(&o_value, &Some(Value::from("name")))?)?);
    Ok(out)
}

/// Writes message 15, of the role user.
fn write_message_15(t: &Option<Value>, a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let t_value = read(t);
    let mut out = String::new();
    out.push_str(".\n");
    if holds(&item(&a_value, &Some(Value::from("name")))?) {
        out.push_str(&text(&item(&a_value, &Some(Value::from("name")))?)?);
    }
    out.push_str(&((&item(&a_value, &Some(Value::from("name")))?).is_some()).to_string());
    out.push_str(&(same(&item(&a_value, &Some(Value::from("name")))?, &t_value)).to_string());
    Ok(out)
}

/// Writes message 16, of the role user.
fn write_message_16(a: &Option<Value>, n: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let n_value = read(n);
    let mut out = String::new();
    out.push_str(".\n");
    out.push_str(&text(&item(&a_value, &Some(Value::from(0)))?)?);
    out.push_str("|");
    out.push_str(&text(&item(&a_value, &Some(Value::from(-1)))?)?);
    out.push_str("|");
    out.push_str(&text(&item(&a_value, &n_value)?)?);
    Ok(out)
}

/// Writes message 17, of the role user.
fn write_message_17(t: &Option<Value>, a: &Option<Value>) -> Result<String, String> {
    let a_value = read(a);
    let mut out = String::new();
    let mut who: Option<Value> = None;
    out.push_str(".\n");
    who = Some(Value::from(spelled(t)?.trim().to_owned()));
    if holds(&a_value) {
        who = Some(Value::from(format!("{}{}", &spelled(&who)?, "!")));
    }
    out.push_str(&text(&who)?);
    Ok(out)
}

/// Writes message 18, of the role user.
fn write_message_18(t: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut t_: Option<Value> = t.clone();
    out.push_str(".\n");
    t_ = if (t).is_some() { t.clone() } else { Some(Value::from("x")) };
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
    if (o).is_none() {
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

/// Returns the body of the request. Fails where a value is missing or of another kind than a message needs.
pub fn request(t: &Value, a: &Value, n: &Value, o: Option<&Value>) -> Result<Value, String> {
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
    Ok(body)
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["choices"][0]["finish_reason"] == "length" {
        return None;
    }
    response["choices"][0]["message"]["content"].as_str().map(str::to_owned)
}
