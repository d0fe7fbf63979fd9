//! The parts of a message, written as OpenAI has them.

use serde_json::{Value, json};

use crate::{
    model::{MediaKind, MediaType, Part, PromptCaching},
    promptfoo::nunjucks,
};

/// Writes a text, what goes with it and the mark of what is kept; the sources stand as they are.
pub(crate) fn written(text: &str, parts: &[Part], cache: Option<PromptCaching>) -> Value {
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
    let mut all: Vec<Value> = text.into_iter().chain(parts.iter().map(part)).collect();
    if let (Some(mark), Some(Value::Object(last))) = (cache, all.last_mut()) {
        last.insert("cache_control".to_owned(), mark.cache_control());
    }
    all.into()
}
