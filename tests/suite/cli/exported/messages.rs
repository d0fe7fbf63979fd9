// The prompt triage, version 65b6791, for m. Written by `retort prompts export`.

use serde_json::{Value, json};

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
  "messages": [],
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

/// Returns what a number, or a text that writes one, is worth.
fn as_number(value: &Option<Value>) -> Option<f64> {
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
        Some(Value::Bool(_) | Value::Number(_)) => as_number(value) != Some(0.0),
    }
}

/// Writes message 1, of the role system.
fn write_message_1(tone: &Option<Value>) -> Result<String, String> {
    let tone_value = read(tone);
    let mut out = String::new();
    if holds(&tone_value) {
        out.push_str("Be ");
        out.push_str(&text(tone)?);
        out.push_str(".");
    }
    Ok(out)
}

/// Writes message 2, of the role system.
fn write_message_2(rules: &Option<Value>) -> Result<String, String> {
    let mut out = String::new();
    out.push_str(&(if rules.is_some() { text(rules)? } else { "".to_owned() }));
    Ok(out)
}

/// Writes message 3, of the role user.
fn write_message_3(e1: &Option<Value>) -> Result<String, String> {
    let e1_value = read(e1);
    let mut out = String::new();
    if holds(&e1_value) {
        out.push_str("Q ");
        out.push_str(&text(e1)?);
    }
    Ok(out)
}

/// Writes message 4, of the role assistant.
fn write_message_4(e1: &Option<Value>) -> Result<String, String> {
    let e1_value = read(e1);
    let mut out = String::new();
    if holds(&e1_value) {
        out.push_str(&text(e1)?.to_uppercase());
    }
    Ok(out)
}

/// Writes message 5, of the role user.
fn write_message_5(e2: &Option<Value>) -> Result<String, String> {
    let e2_value = read(e2);
    let mut out = String::new();
    if holds(&e2_value) {
        out.push_str("Q ");
        out.push_str(&text(e2)?);
    }
    Ok(out)
}

/// Writes message 6, of the role assistant.
fn write_message_6(e2: &Option<Value>) -> Result<String, String> {
    let e2_value = read(e2);
    let mut out = String::new();
    if holds(&e2_value) {
        out.push_str(&text(e2)?.to_uppercase());
    }
    Ok(out)
}

/// Writes message 7, of the role user.
fn write_message_7(e3: &Option<Value>) -> Result<String, String> {
    let e3_value = read(e3);
    let mut out = String::new();
    if holds(&e3_value) {
        out.push_str("Q ");
        out.push_str(&text(e3)?);
    }
    Ok(out)
}

/// Writes message 8, of the role assistant.
fn write_message_8(e3: &Option<Value>) -> Result<String, String> {
    let e3_value = read(e3);
    let mut out = String::new();
    if holds(&e3_value) {
        out.push_str(&text(e3)?.to_uppercase());
    }
    Ok(out)
}

/// Writes message 9, of the role user.
fn write_message_9(e4: &Option<Value>) -> Result<String, String> {
    let e4_value = read(e4);
    let mut out = String::new();
    if holds(&e4_value) {
        out.push_str("Q ");
        out.push_str(&text(e4)?);
    }
    Ok(out)
}

/// Writes message 10, of the role assistant.
fn write_message_10(e4: &Option<Value>) -> Result<String, String> {
    let e4_value = read(e4);
    let mut out = String::new();
    if holds(&e4_value) {
        out.push_str(&text(e4)?.to_uppercase());
    }
    Ok(out)
}

/// Writes message 11, of the role user.
fn write_message_11(e5: &Option<Value>) -> Result<String, String> {
    let e5_value = read(e5);
    let mut out = String::new();
    if holds(&e5_value) {
        out.push_str("Q ");
        out.push_str(&text(e5)?);
    }
    Ok(out)
}

/// Writes message 12, of the role assistant.
fn write_message_12(e5: &Option<Value>) -> Result<String, String> {
    let e5_value = read(e5);
    let mut out = String::new();
    if holds(&e5_value) {
        out.push_str(&text(e5)?.to_uppercase());
    }
    Ok(out)
}

/// Writes bytes in base64.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0, |word, byte| word << 8 | usize::from(*byte));
        for at in 0..4 {
            out.push(if at > chunk.len() { '=' } else { char::from(LETTERS[word >> (18 - 6 * at) & 63]) });
        }
    }
    out
}

/// Returns the body of the request. Fails where a value is missing or of another kind than a message needs.
pub fn request(input: &str, tone: &str, e1: &str, e2: &str, e3: &str, e4: &str, e5: &str, rules: Option<&str>) -> Result<Value, String> {
    let message_1: &str = &write_message_1(&Some(Value::from(tone)))?;
    let message_2: &str = &write_message_2(&rules.map(Value::from))?;
    let message_3: &str = &write_message_3(&Some(Value::from(e1)))?;
    let message_4: &str = &write_message_4(&Some(Value::from(e1)))?;
    let message_5: &str = &write_message_5(&Some(Value::from(e2)))?;
    let message_6: &str = &write_message_6(&Some(Value::from(e2)))?;
    let message_7: &str = &write_message_7(&Some(Value::from(e3)))?;
    let message_8: &str = &write_message_8(&Some(Value::from(e3)))?;
    let message_9: &str = &write_message_9(&Some(Value::from(e4)))?;
    let message_10: &str = &write_message_10(&Some(Value::from(e4)))?;
    let message_11: &str = &write_message_11(&Some(Value::from(e5)))?;
    let message_12: &str = &write_message_12(&Some(Value::from(e5)))?;
    let dot_png: &str = &base64(include_bytes!("dot.png"));
    let paper_pdf: &str = &base64(include_bytes!("paper.pdf"));
    let mut body: Value = serde_json::from_str(BODY).unwrap_or_default();
    let mut messages: Vec<Value> = Vec::new();
    if !message_1.trim().is_empty() {
        messages.push(json!({
            "role": "system",
            "content": message_1,
        }));
    }
    if !message_2.trim().is_empty() {
        messages.push(json!({
            "role": "system",
            "content": message_2,
        }));
    }
    if !message_3.trim().is_empty() {
        messages.push(json!({
            "role": "user",
            "content": message_3,
        }));
    }
    if !message_4.trim().is_empty() {
        messages.push(json!({
            "role": "assistant",
            "content": message_4,
        }));
    }
    if !message_5.trim().is_empty() {
        messages.push(json!({
            "role": "user",
            "content": message_5,
        }));
    }
    if !message_6.trim().is_empty() {
        messages.push(json!({
            "role": "assistant",
            "content": message_6,
        }));
    }
    if !message_7.trim().is_empty() {
        messages.push(json!({
            "role": "user",
            "content": message_7,
        }));
    }
    if !message_8.trim().is_empty() {
        messages.push(json!({
            "role": "assistant",
            "content": message_8,
        }));
    }
    if !message_9.trim().is_empty() {
        messages.push(json!({
            "role": "user",
            "content": message_9,
        }));
    }
    if !message_10.trim().is_empty() {
        messages.push(json!({
            "role": "assistant",
            "content": message_10,
        }));
    }
    if !message_11.trim().is_empty() {
        messages.push(json!({
            "role": "user",
            "content": message_11,
        }));
    }
    if !message_12.trim().is_empty() {
        messages.push(json!({
            "role": "assistant",
            "content": message_12,
        }));
    }
    messages.push(json!({
        "role": "user",
        "content": [
            {
                "type": "text",
                "text": "This is a dot.",
            },
            {
                "type": "image_url",
                "image_url": {
                    "url": (["data:image/png;base64,", dot_png].concat()),
                },
            },
        ],
    }));
    messages.push(json!({
        "role": "assistant",
        "content": "I see.",
    }));
    messages.push(json!({
        "role": "user",
        "content": [
            {
                "type": "text",
                "text": "Again, with more.",
            },
            {
                "type": "image_url",
                "image_url": {
                    "url": (["data:image/png;base64,", dot_png].concat()),
                },
            },
            {
                "type": "file",
                "file": {
                    "filename": "paper.pdf",
                    "file_data": (["data:application/pdf;base64,", paper_pdf].concat()),
                },
            },
        ],
    }));
    messages.push(json!({
        "role": "assistant",
        "content": "I see that, too.",
    }));
    if !input.trim().is_empty() {
        messages.push(json!({
            "role": "user",
            "content": input,
        }));
    }
    body["messages"] = messages.into();
    Ok(body)
}

/// Finds the text of the answer in the response; none where there is none, or it was cut off at the token limit.
pub fn answer(response: &Value) -> Option<String> {
    if response["choices"][0]["finish_reason"] == "length" {
        return None;
    }
    response["choices"][0]["message"]["content"].as_str().map(str::to_owned)
}
