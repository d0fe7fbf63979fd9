//! The prompt's pane: messages, templates, variables.

use retort::{
    app::{Event, workbench::Focus},
    model::{Input, NamedInput, Prompt, Role, Turn},
};

use super::snapshot;
use crate::support::stage::Stage;

fn with(prompt: &Prompt, focus: usize) -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.app.bench.put(Some("sentiment".to_owned()), prompt);
    stage.app.bench.focus_on(Focus::Message(focus));
    stage.send(Event::Resized);
    stage
}

fn shots() -> Prompt {
    let mut prompt = Prompt {
        system: "You label customer messages.\nAnswer as a JSON object with `sentiment` and `confidence_score`."
            .to_owned(),
        user: "{{ input }}".to_owned(),
        ..Prompt::default()
    };
    prompt.messages = vec![
        Turn::of(Role::User, "The parcel never came, and nobody answers the phone.\n\nI want my money back."),
        Turn::of(Role::Assistant, "{\n  \"sentiment\": \"negative\",\n  \"confidence_score\": 0.97\n}"),
        Turn { muted: true, ..Turn::of(Role::User, "Well, it works.") },
        Turn { muted: true, ..Turn::of(Role::Assistant, "{\"sentiment\": \"neutral\", \"confidence_score\": 0.6}") },
    ];
    prompt
}

#[test]
fn examples_with_a_muted_one() {
    snapshot("prompt-examples", &mut with(&shots(), 5));
    snapshot("prompt-examples-one", &mut with(&shots(), 2));
}

#[test]
fn a_template_with_a_loop_a_mistake_and_a_missing_variable() {
    let mut prompt = shots();
    prompt.messages.clear();
    prompt.system = "You label customer messages.\n{% for example in examples %}\n{{ example.text }}: {{ example.label }}\n{% endfor %}\n{% if tone == \"warm\" %}Be kind.{% endif %}".to_owned();
    prompt.user = "{{ language }}: {{ input }}".to_owned();
    let mut stage = with(&prompt, 0);
    stage.app.bench.vars.insert("examples".to_owned(), "[{\"text\": \"late\", \"label\": \"negative\"}]".into());
    stage.app.bench.vars.insert("tone".to_owned(), "warm".into());
    stage.app.bench.touch();
    stage.send(Event::Resized);
    snapshot("prompt-loop", &mut stage);
    prompt.system.push_str("\n{% endfor %}");
    snapshot("prompt-mistake", &mut with(&prompt, 0));
    prompt.system = "Label it.".to_owned();
    prompt.user = "The text: {{ input }".to_owned();
    snapshot("prompt-note", &mut with(&prompt, 0));
}

#[test]
fn several_inputs_and_the_rows_of_a_data_set() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    for name in ["", "late parcel", "set.csv:3"] {
        let mut named = NamedInput { name: name.to_owned(), input: Input::of(format!("The text of {name}.")) };
        named.input.vars.insert("label".to_owned(), "negative".into());
        stage.app.bench.add_input(&named);
    }
    stage.app.bench.step_input(false);
    stage.app.bench.focus_on(Focus::Input);
    stage.send(Event::Resized);
    snapshot("inputs", &mut stage);
    snapshot("overlay-load-input", stage.keys("D"));
}

#[test]
fn the_document_on_each_size_of_screen() {
    let mut stage = with(&shots(), 0);
    stage.app.bench.response.schema =
        Some(serde_json::json!({ "type": "object", "properties": { "sentiment": {}, "confidence_score": {} } }));
    stage.app.bench.touch();
    stage.send(Event::Resized);
    super::snapshot_at("document", stage.keys("i"), &[(120, 40), (80, 24), (200, 50)]);
}

#[test]
fn the_schema_on_each_size_of_screen() {
    let mut stage = with(&shots(), 0);
    stage.app.bench.focus_on(Focus::Section(retort::app::workbench::document::Section::Schema));
    stage.keys("enter");
    stage.send(Event::Paste("{\n  \"type\": \"object\",\n  \"required\": [\"a\"],\n}".to_owned()));
    super::snapshot_at("schema", &mut stage, &[(120, 40), (80, 24), (200, 50)]);
    snapshot("schema-valid", stage.keys("left backspace left backspace"));
}

#[test]
fn the_request_before_it_is_sent() {
    let mut stage = with(&shots(), 0);
    snapshot("request-preview", stage.keys("o"));
}
