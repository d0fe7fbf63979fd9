//! The parts of a chat's message, as OpenAI, Anthropic and Gemini write them.

use serde_json::{Value, json};

use crate::{
    model::{MediaKind, MediaType, Part, attachment::ImageDetail},
    promptfoo::nunjucks,
};

/// Reads the parts of a message: its texts, joined, and what goes with them. Fails, in words, on one that is neither.
pub(super) fn read(all: &[Value]) -> Result<(String, Vec<Part>), String> {
    let (mut text, mut parts) = (String::new(), Vec::new());
    for value in all {
        if let Some(more) = text_of(value) {
            text.push_str(more);
        } else {
            let part = openai(value).or_else(|| anthropic(value)).or_else(|| gemini(value));
            parts.push(part.ok_or("a message has a part that is no text, image, file or audio")?);
        }
    }
    Ok((text, parts))
}

/// Writes a text and what goes with it, as OpenAI has them; their sources stand as they are.
pub(crate) fn written(text: &str, parts: &[Part]) -> Value {
    let part = |part: &Part| {
        let source = nunjucks::theirs(&part.source);
        match part.kind {
            MediaKind::Image => {
                let mut image = json!({ "url": source });
                if let (Some(detail), Some(fields)) = (part.detail, image.as_object_mut()) {
                    fields.insert("detail".to_owned(), detail.word().into());
                }
                json!({ "type": "image_url", "image_url": image })
            }
            MediaKind::File => {
                let name = part.name.as_deref().unwrap_or("file.pdf");
                json!({ "type": "file", "file": { "filename": name, "file_data": source } })
            }
            MediaKind::Audio => {
                let format = part.media_type.unwrap_or(MediaType::Wav).short();
                json!({ "type": "input_audio", "input_audio": { "data": source, "format": format } })
            }
        }
    };
    let text = (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }));
    text.into_iter().chain(parts.iter().map(part)).collect()
}

fn field<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

fn kind(value: &Value) -> Option<&str> {
    field(value, "/type")
}

fn text_of(value: &Value) -> Option<&str> {
    let is_text = matches!(kind(value), None | Some("text" | "input_text"));
    is_text.then(|| value.get("text").and_then(Value::as_str)).flatten()
}

fn openai(value: &Value) -> Option<Part> {
    match kind(value)? {
        "image_url" | "input_image" => {
            let source = field(value, "/image_url/url").or_else(|| field(value, "/image_url"))?;
            let detail = field(value, "/image_url/detail").or_else(|| field(value, "/detail"));
            let detail = detail.and_then(|word| serde_json::from_value::<ImageDetail>(word.into()).ok());
            Some(Part { detail, ..Part::of(MediaKind::Image, source) })
        }
        "input_audio" => {
            let format = field(value, "/input_audio/format").unwrap_or("wav");
            let media = if format == "mp3" { MediaType::Mp3 } else { MediaType::Wav };
            Some(Part::of(MediaKind::Audio, in_base64(media.name(), field(value, "/input_audio/data")?)))
        }
        "file" | "input_file" => {
            let either =
                |name: &str| field(value, &format!("/file/{name}")).or_else(|| field(value, &format!("/{name}")));
            let source = either("file_data").or_else(|| either("file_url"))?;
            Some(Part { name: either("filename").map(str::to_owned), ..Part::of(MediaKind::File, source) })
        }
        _ => None,
    }
}

fn anthropic(value: &Value) -> Option<Part> {
    let kind = match kind(value)? {
        "image" => MediaKind::Image,
        "document" => MediaKind::File,
        _ => return None,
    };
    let source = match field(value, "/source/type")? {
        "url" => field(value, "/source/url")?.to_owned(),
        "base64" => in_base64(field(value, "/source/media_type")?, field(value, "/source/data")?),
        _ => return None,
    };
    Some(Part { name: field(value, "/title").map(str::to_owned), ..Part::of(kind, source) })
}

fn gemini(value: &Value) -> Option<Part> {
    let either = |one: &str, other: &str| field(value, one).or_else(|| field(value, other));
    let media = either("/inlineData/mimeType", "/inline_data/mime_type");
    if let Some((media, data)) = media.zip(either("/inlineData/data", "/inline_data/data")) {
        return Some(Part::of(MediaType::named(media)?.kind(), in_base64(media, data)));
    }
    let media = either("/fileData/mimeType", "/file_data/mime_type").and_then(MediaType::named)?;
    let source = either("/fileData/fileUri", "/file_data/file_uri")?;
    Some(Part { media_type: Some(media), ..Part::of(media.kind(), source) })
}

/// Writes bytes in base64 as a source. What names a file in their place stays a name: a variable may stand for one.
fn in_base64(media: &str, data: &str) -> String {
    if data.starts_with("data:") || data.starts_with("file://") {
        return data.to_owned();
    }
    format!("data:{media};base64,{data}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_vendors_parts_are_read() {
        for (value, kind, source) in [
            (
                json!({"type": "image_url", "image_url": {"url": "{{img}}", "detail": "low"}}),
                MediaKind::Image,
                "{{img}}",
            ),
            (json!({"type": "input_image", "image_url": "https://a/b.png"}), MediaKind::Image, "https://a/b.png"),
            (
                json!({"type": "input_audio", "input_audio": {"data": "{{a}}", "format": "mp3"}}),
                MediaKind::Audio,
                "data:audio/mpeg;base64,{{a}}",
            ),
            (json!({"type": "file", "file": {"file_data": "data:x", "filename": "a.pdf"}}), MediaKind::File, "data:x"),
            (
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "{{i}}"}}),
                MediaKind::Image,
                "data:image/jpeg;base64,{{i}}",
            ),
            (
                json!({"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}}),
                MediaKind::File,
                "https://a/b.pdf",
            ),
            (
                json!({"inlineData": {"mimeType": "image/png", "data": "QUJD"}}),
                MediaKind::Image,
                "data:image/png;base64,QUJD",
            ),
            (
                json!({"file_data": {"mime_type": "application/pdf", "file_uri": "https://a/b"}}),
                MediaKind::File,
                "https://a/b",
            ),
        ] {
            let (text, parts) = read(&[json!({"type": "text", "text": "What?"}), value]).unwrap();
            assert_eq!((text.as_str(), parts[0].kind, parts[0].source.as_str()), ("What?", kind, source));
        }
        for value in [json!({"type": "video"}), json!({"type": "image", "source": {"type": "file", "file_id": "x"}})] {
            assert!(read(&[value]).is_err());
        }
    }
}
