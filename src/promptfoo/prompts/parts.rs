//! The parts of a chat's message, as OpenAI, Anthropic and Gemini write them.

use serde_json::Value;

use crate::model::{MediaType, Part, PartKind, attachment::ImageDetail};

/// Reads the parts of a message: its texts, joined, and what goes with them. Fails, in words, on one that is neither.
pub(super) fn read(all: &[Value]) -> Result<(String, Vec<Part>), String> {
    let (mut text, mut parts) = (String::new(), Vec::new());
    for value in all {
        if let Some(more) = written(value) {
            text.push_str(more);
        } else {
            let part = openai(value).or_else(|| anthropic(value)).or_else(|| gemini(value));
            parts.push(part.ok_or("a message has a part that is no text, image, file or audio")?);
        }
    }
    Ok((text, parts))
}

fn field<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

fn kind(value: &Value) -> Option<&str> {
    field(value, "/type")
}

fn written(value: &Value) -> Option<&str> {
    let is_text = matches!(kind(value), None | Some("text" | "input_text"));
    is_text.then(|| value.get("text").and_then(Value::as_str)).flatten()
}

fn openai(value: &Value) -> Option<Part> {
    match kind(value)? {
        "image_url" | "input_image" => {
            let source = field(value, "/image_url/url").or_else(|| field(value, "/image_url"))?;
            let detail = field(value, "/image_url/detail").or_else(|| field(value, "/detail"));
            let detail = detail.and_then(|word| serde_json::from_value::<ImageDetail>(word.into()).ok());
            Some(Part { detail, ..Part::of(PartKind::Image, source) })
        }
        "input_audio" => {
            let format = field(value, "/input_audio/format").unwrap_or("wav");
            let media = if format == "mp3" { MediaType::Mp3 } else { MediaType::Wav };
            Some(Part::of(PartKind::Audio, in_base64(media.name(), field(value, "/input_audio/data")?)))
        }
        "file" | "input_file" => {
            let either =
                |name: &str| field(value, &format!("/file/{name}")).or_else(|| field(value, &format!("/{name}")));
            let source = either("file_data").or_else(|| either("file_url"))?;
            Some(Part { name: either("filename").map(str::to_owned), ..Part::of(PartKind::File, source) })
        }
        _ => None,
    }
}

fn anthropic(value: &Value) -> Option<Part> {
    let kind = match kind(value)? {
        "image" => PartKind::Image,
        "document" => PartKind::File,
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
    use serde_json::json;

    use super::*;

    #[test]
    fn each_vendors_parts_are_read() {
        for (value, kind, source) in [
            (
                json!({"type": "image_url", "image_url": {"url": "{{img}}", "detail": "low"}}),
                PartKind::Image,
                "{{img}}",
            ),
            (json!({"type": "input_image", "image_url": "https://a/b.png"}), PartKind::Image, "https://a/b.png"),
            (
                json!({"type": "input_audio", "input_audio": {"data": "{{a}}", "format": "mp3"}}),
                PartKind::Audio,
                "data:audio/mpeg;base64,{{a}}",
            ),
            (json!({"type": "file", "file": {"file_data": "data:x", "filename": "a.pdf"}}), PartKind::File, "data:x"),
            (
                json!({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "{{i}}"}}),
                PartKind::Image,
                "data:image/jpeg;base64,{{i}}",
            ),
            (
                json!({"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}}),
                PartKind::File,
                "https://a/b.pdf",
            ),
            (
                json!({"inlineData": {"mimeType": "image/png", "data": "QUJD"}}),
                PartKind::Image,
                "data:image/png;base64,QUJD",
            ),
            (
                json!({"file_data": {"mime_type": "application/pdf", "file_uri": "https://a/b"}}),
                PartKind::File,
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
