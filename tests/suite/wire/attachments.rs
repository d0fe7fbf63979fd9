//! What goes with a message: how each wire carries it, and what a text alone looks like beside it.

use retort::{
    model::{
        Attachment, MediaKind, Message, Part, Role, Wire,
        Wire::{Anthropic, Gemini, Ollama, OpenAi, Responses},
        attachment::{ImageDetail, PartOrigin},
    },
    provider::{Call, PlainRequest},
};
use serde_json::{Value, json};

use super::{call, requests::sent, target};

/// The beginning of a PNG of 4×2 pixels, as base64 writes it.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAC";

fn image() -> Attachment {
    let part =
        Part { detail: Some(ImageDetail::Low), name: Some("a.png".to_owned()), ..Part::of(MediaKind::Image, "x") };
    part.filled(&format!("data:image/png;base64,{PNG}"), PartOrigin::Prompt).unwrap()
}

fn pdf() -> Attachment {
    let part = Part { name: Some("b.pdf".to_owned()), ..Part::of(MediaKind::File, "x") };
    part.filled("data:application/pdf;base64,JVBERi0xLjc=", PartOrigin::Prompt).unwrap()
}

fn sound() -> Attachment {
    let part = Part::of(MediaKind::Audio, "x");
    part.filled("data:audio/mpeg;base64,SUQzBA==", PartOrigin::Prompt).unwrap()
}

fn at(kind: MediaKind, url: &str) -> Attachment {
    Part::of(kind, url).filled(url, PartOrigin::Prompt).unwrap()
}

async fn body(kind: Wire, text: &str, attachments: Vec<Attachment>) -> Value {
    let asks = |call: &mut Call| {
        call.messages = vec![Message { attachments, ..Message::of(Role::User, text) }];
    };
    sent(kind, "", asks).await.json()
}

#[tokio::test]
async fn chat_completions_take_parts_in_the_content() {
    let url = at(MediaKind::Image, "https://example.com/c.jpg");
    let body = body(OpenAi, "What?", vec![image(), url, pdf(), sound()]).await;
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"type": "text", "text": "What?"},
            {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}"), "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/c.jpg"}},
            {"type": "file", "file": {"filename": "b.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjc="}},
            {"type": "input_audio", "input_audio": {"data": "SUQzBA==", "format": "mp3"}},
        ])
    );
}

#[tokio::test]
async fn responses_take_input_parts() {
    let url = at(MediaKind::File, "https://example.com/d.pdf");
    let body = body(Responses, "What?", vec![image(), pdf(), url]).await;
    assert_eq!(
        body["input"][0]["content"],
        json!([
            {"type": "input_text", "text": "What?"},
            {"type": "input_image", "image_url": format!("data:image/png;base64,{PNG}"), "detail": "low"},
            {"type": "input_file", "filename": "b.pdf", "file_data": "data:application/pdf;base64,JVBERi0xLjc="},
            {"type": "input_file", "file_url": "https://example.com/d.pdf"},
        ])
    );
}

#[tokio::test]
async fn anthropic_takes_blocks_before_the_text() {
    let url = at(MediaKind::Image, "https://example.com/c.jpg");
    let body = body(Anthropic, "What?", vec![image(), url, pdf()]).await;
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            {"type": "image", "source": {"type": "url", "url": "https://example.com/c.jpg"}},
            {"type": "document", "title": "b.pdf",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjc="}},
            {"type": "text", "text": "What?"},
        ])
    );
}

#[tokio::test]
async fn gemini_takes_inline_data_and_addresses() {
    let url = at(MediaKind::File, "https://example.com/d.pdf");
    let body = body(Gemini, "What?", vec![image(), url, sound()]).await;
    assert_eq!(
        body["contents"][0]["parts"],
        json!([
            {"inlineData": {"mimeType": "image/png", "data": PNG}},
            {"fileData": {"fileUri": "https://example.com/d.pdf", "mimeType": "application/pdf"}},
            {"inlineData": {"mimeType": "audio/mpeg", "data": "SUQzBA=="}},
            {"text": "What?"},
        ])
    );
}

#[tokio::test]
async fn ollama_takes_bare_base64_beside_the_text() {
    let body = body(Ollama, "What?", vec![image()]).await;
    assert_eq!(body["messages"], json!([{"role": "user", "content": "What?", "images": [PNG]}]));
}

#[tokio::test]
async fn a_picture_alone_is_a_message() {
    let only = |kind| body(kind, "", vec![image()]);
    assert_eq!(only(OpenAi).await["messages"][0]["content"].as_array().map(Vec::len), Some(1));
    assert_eq!(only(Anthropic).await["messages"][0]["content"].as_array().map(Vec::len), Some(1));
    assert_eq!(only(Gemini).await["contents"][0]["parts"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_request_that_is_shown_names_the_file_in_the_place_of_its_bytes() {
    for kind in [OpenAi, Responses, Anthropic, Gemini, Ollama] {
        let mut call = call(target(kind, "http://127.0.0.1:1"));
        call.messages = vec![Message { attachments: vec![image()], ..Message::of(Role::User, "What?") }];
        let shown = PlainRequest::of(&call).unwrap();
        let text = shown.body.to_string();
        assert!(text.contains("… a.png 24 B") && !text.contains(PNG), "{kind}: {text}");
        assert_eq!(shown.attachments.len(), 1);
    }
}

#[tokio::test]
async fn a_vendor_may_call_a_document_otherwise() {
    let asks = |call: &mut Call| {
        call.target.options.rename.insert("file".to_owned(), "document_url".to_owned());
        call.messages = vec![Message { attachments: vec![pdf()], ..Message::of(Role::User, "What?") }];
    };
    let body = sent(OpenAi, "", asks).await.json();
    let document = json!({"type": "document_url", "document_url": "data:application/pdf;base64,JVBERi0xLjc="});
    assert_eq!(body["messages"][0]["content"][1], document);
    let mistral = retort::model::Vendor::named("mistral").unwrap();
    assert_eq!(mistral.rename.get("file").map(String::as_str), Some("document_url"));
}
