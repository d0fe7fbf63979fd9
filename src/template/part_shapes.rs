//! The content of a message as other programs write it: a text, or parts as OpenAI, Anthropic and Gemini have them, with
//! Anthropic's mark of what is kept.

use serde_json::Value;

use crate::model::{MediaKind, MediaType, Part, PromptCaching, attachment::ImageDetail};

/// What a message holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct MessageContent {
    /// Its texts, joined.
    pub(crate) text: String,
    /// What goes with them.
    pub(crate) parts: Vec<Part>,
    /// How long the provider is asked to keep the request up to its end; the longest of its parts' marks.
    pub(crate) cache: Option<PromptCaching>,
}

/// Reads the content of a message and its own mark. Fails, in words, on a part that is neither a text nor a picture, a
/// file or a recording, and on a mark that nobody knows.
pub(crate) fn read(message: &Value) -> Result<MessageContent, String> {
    let mut content = MessageContent { cache: PromptCaching::of_json(message)?, ..MessageContent::default() };
    match message.get("content") {
        Some(Value::String(text)) => text.clone_into(&mut content.text),
        Some(Value::Array(all)) => {
            for value in all {
                content.cache = content.cache.max(PromptCaching::of_json(value)?);
                if let Some(more) = text_of(value) {
                    content.text.push_str(more);
                } else {
                    let part = openai(value).or_else(|| anthropic(value)).or_else(|| gemini(value));
                    content.parts.push(part.ok_or_else(|| {
                        let name = kind(value).map_or_else(String::new, |kind| format!(" ({kind})"));
                        format!("a message has a part that is no text, image, file or audio{name}")
                    })?);
                }
            }
        }
        Some(Value::Null) | None => {}
        Some(_) => return Err("the content of a message is a text or a list of parts".to_owned()),
    }
    Ok(content)
}

fn field<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

fn kind(value: &Value) -> Option<&str> {
    field(value, "/type")
}

fn text_of(value: &Value) -> Option<&str> {
    let is_text = matches!(kind(value), None | Some("text" | "input_text" | "output_text"));
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
    use serde_json::json;

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
            let found = read(&json!({"content": [{"type": "text", "text": "What?"}, value]})).unwrap();
            let part = &found.parts[0];
            assert_eq!((found.text.as_str(), part.kind, part.source.as_str()), ("What?", kind, source));
        }
        for value in [json!({"type": "video"}), json!({"type": "image", "source": {"type": "file", "file_id": "x"}})] {
            assert!(read(&json!({"content": [value]})).is_err());
        }
    }

    #[test]
    fn a_mark_of_what_is_kept_is_the_messages() {
        let part =
            |ttl: Value| json!({"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": ttl}});
        for (message, cache) in [
            (json!({"content": "a"}), None),
            (json!({"content": "a", "cache_control": {"type": "ephemeral"}}), Some(PromptCaching::FiveMinutes)),
            (json!({"content": [part("5m".into()), part("1h".into())]}), Some(PromptCaching::OneHour)),
            (json!({"content": [part(Value::Null)]}), Some(PromptCaching::FiveMinutes)),
        ] {
            assert_eq!(read(&message).unwrap().cache, cache, "{message}");
        }
        assert!(read(&json!({"content": [part("2h".into())]})).unwrap_err().contains("5m or 1h"));
    }
}
