//! Writing: variables as fields of the input, finding and replacing, the schema as text, the request before it is sent.

use retort::{
    app::{
        Effect, Event, FieldId,
        overlays::{Overlay, xray::XrayTab},
        workbench::{Focus, document::Section},
    },
    eval::{schema_infer, schema_text},
    model::{Format, Prompt, error::StoreError},
    store::api::{Scored, StoreReply, StoreRequest},
};
use serde_json::json;

use crate::support::bench::Bench;

fn bench(system: &str, user: &str) -> Bench {
    let mut bench = Bench::new();
    let prompt = Prompt { system: system.to_owned(), user: user.to_owned(), ..Prompt::default() };
    bench.app.bench.put(Some("triage".to_owned()), &prompt);
    bench.app.bench.focus_on(Focus::Message(0));
    bench.send(Event::Resized);
    bench.take();
    bench
}

fn text(bench: &Bench, at: usize) -> String {
    bench.app.bench.messages.get(at).unwrap().field.text()
}

#[test]
fn variables_are_fields_of_the_input() {
    let mut bench = bench("For {{ product }} in {{ tone }}.", "{{ input }}");
    assert_eq!(bench.app.bench.missing(), ["product", "tone"]);
    bench.keys("<f5>");
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Variable(0), true));
    bench.keys("Parcelo<enter>dry<esc>");
    assert!(bench.app.bench.missing().is_empty());
    assert_eq!(bench.app.bench.input().value("product"), Some("Parcelo"));
    bench.keys("u");
    assert_eq!(bench.app.bench.missing(), ["tone"], "a value that was never there is none again");
    bench.keys("U");
    assert_eq!(bench.app.bench.input().value("tone"), Some("dry"));
    bench.take();
    bench.keys("<f4>");
    assert!(
        matches!(bench.take().as_slice(), [Effect::Edit { field: FieldId::Variable(1), text, .. }] if text == "dry")
    );
    bench.send(Event::Edited(FieldId::Variable(1), Ok("kind\nand warm\n".to_owned())));
    assert_eq!(bench.app.bench.input().value("tone"), Some("kind\nand warm"));
    bench.take();
    bench.keys("<f5>");
    assert_eq!(bench.started().remove(0).1.input.value("product"), Some("Parcelo"));
}

#[test]
fn a_value_that_is_not_edited_keeps_its_type() {
    let mut bench = bench("{{ count }}", "{{ input }}");
    let count: retort::model::VarValue = serde_json::from_value(json!({ "json": "3" })).unwrap();
    bench.app.bench.vars.insert("count".to_owned(), count.clone());
    bench.app.bench.touch();
    bench.send(Event::Resized);
    bench.app.bench.focus_on(Focus::Variable(0));
    bench.keys("i<end><left><esc>");
    assert_eq!(bench.app.bench.vars.get("count"), Some(&count));
}

#[test]
fn a_text_is_found_and_walked_to_in_all_messages() {
    let mut bench = bench("one two\none", "two ONE");
    bench.keys("/one");
    assert_eq!(bench.app.bench.focus, Focus::Message(0));
    bench.keys("<enter>n");
    assert!(bench.says().contains("2/3"), "{}", bench.says());
    bench.keys("n");
    assert_eq!(bench.app.bench.focus, Focus::Message(1));
    assert_eq!(bench.app.bench.field().unwrap().cursor(), 4);
    bench.keys("nN");
    assert_eq!(bench.app.bench.focus, Focus::Message(1), "round the end and back");
    bench.keys("<esc>n");
    assert!(bench.says().contains("nothing was searched"), "{}", bench.says());
    bench.keys("/nowhere<enter>");
    assert!(bench.says().contains("nowhere"));
}

#[test]
fn what_is_found_is_replaced_once_or_everywhere_and_comes_back() {
    let mut bench = bench("one two one", "one");
    bench.keys("/one<tab>three<enter><esc>");
    assert_eq!((text(&bench, 0).as_str(), text(&bench, 1).as_str()), ("three two one", "one"));
    bench.keys("<esc>u");
    assert_eq!(text(&bench, 0), "one two one");
    bench.keys("/one<tab>x<a-a>");
    assert_eq!((text(&bench, 0).as_str(), text(&bench, 1).as_str()), ("x two x", "x"));
    assert!(bench.says().contains("replaced 3"), "{}", bench.says());
    bench.keys("u");
    assert_eq!((text(&bench, 0).as_str(), text(&bench, 1).as_str()), ("one two one", "one"), "all in one step");
}

#[test]
fn the_input_is_searched_where_it_has_the_focus_also_while_it_is_typed() {
    let mut bench = bench("needle", "{{ input }}");
    bench.app.bench.input.set("hay\nneedle");
    bench.keys("<input>i<c-f>needle<enter>");
    assert_eq!((bench.app.bench.focus, bench.app.bench.input.line()), (Focus::Input, 1));
}

fn pane(bench: &Bench) -> &retort::app::overlays::schema::SchemaPane {
    match bench.app.overlay() {
        Some(Overlay::Schema(pane)) => pane,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_schema_is_typed_with_completion_kept_as_a_draft_while_wrong_and_sent_when_valid() {
    let mut bench = bench("label", "{{ input }}");
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.keys("<enter>{\"ty<tab>\"ob<tab>, }");
    assert_eq!(pane(&bench).source.editor.text(), "{\"type\": \"object\", }");
    let error = pane(&bench).source.state.clone().unwrap_err();
    assert_eq!((error.line, error.column), (1, 20));
    assert_eq!(bench.app.bench.response.schema, None, "what is wrong is not sent");
    bench.keys("<esc>");
    assert_eq!(bench.app.bench.schema_draft.as_deref(), Some("{\"type\": \"object\", }"));
    bench.keys("<enter>");
    assert_eq!(pane(&bench).source.editor.text(), "{\"type\": \"object\", }", "and nothing is lost");
    bench.keys("<end><left><backspace><backspace><esc>");
    assert_eq!(bench.app.bench.response.schema, Some(json!({ "type": "object" })));
    bench.keys("<enter>");
    assert_eq!(pane(&bench).source.editor.text(), "{\n  \"type\": \"object\"\n}", "valid JSON is formatted on leaving");
    bench.keys("<esc>u");
    assert_eq!(bench.app.bench.schema_draft.as_deref(), Some("{\"type\": \"object\", }"));
    bench.keys("u");
    assert_eq!((bench.app.bench.response.schema.clone(), bench.app.bench.schema_draft.clone()), (None, None));
}

#[test]
fn a_draft_of_a_schema_outlives_the_program() {
    let mut bench = bench("label", "{{ input }}");
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.keys("<enter>{\"<esc>");
    let session = bench.app.bench.session(bench.app.shared.now);
    let back = retort::app::workbench::Workbench::restored(&session, "demo");
    assert_eq!(back.schema_draft.as_deref(), Some("{\""));
}

#[test]
fn a_schema_is_tried_on_the_stored_answers_of_the_prompt() {
    let mut bench = bench("label", "{{ input }}");
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.take();
    bench.keys("<enter>{}");
    let asked: Vec<_> = bench
        .jobs()
        .into_iter()
        .filter_map(|(ticket, job)| match job {
            StoreRequest::ScoreRuns(page) => Some((ticket, page)),
            _ => None,
        })
        .collect();
    let (ticket, page) = asked.last().unwrap();
    assert!(!page.write && page.prompt.response.format == Format::Schema);
    bench.answer(*ticket, Ok(StoreReply::Scored(Box::<Scored>::default())));
    assert_eq!(pane(&bench).stored.map(|stored| (stored.answers, stored.is_reading)), Some((0, false)));
    bench.keys("<esc><enter>");
    let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::ScoreRuns(_))).unwrap();
    bench.answer(ticket, Err(StoreError::new("the record cannot be read")));
    assert_eq!(pane(&bench).stored, None);
}

#[test]
fn a_schema_is_inferred_formatted_undone_and_edited_outside() {
    let mut bench = bench("label as JSON", "{{ input }}");
    let ticket = bench.run();
    let mut outcome = crate::support::bench::outcome("{\"label\": \"x\", \"n\": 1}");
    outcome.json = Some(std::sync::Arc::new(json!({ "label": "x", "n": 1 })));
    bench.tell(ticket, crate::support::bench::ended(outcome));
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.keys("<enter><a-i>");
    assert_eq!((pane(&bench).source.editor.text(), bench.app.bench.response.schema.clone()), (String::new(), None));
    bench.keys("<esc>");
    assert_eq!(bench.app.bench.response.schema, None, "what was left changes nothing");
    bench.keys("<a-i><enter>");
    let inferred = schema_text::read(&pane(&bench).source.editor.text()).unwrap().unwrap();
    assert_eq!(schema_text::fields(&inferred).len(), 2);
    assert_eq!(bench.app.bench.response.schema, Some(inferred));
    bench.keys("<a-u>");
    assert_eq!(pane(&bench).source.editor.text(), "");
    bench.send(Event::Paste("{\"type\":\"object\"}".to_owned()));
    bench.keys("<a-f>");
    assert_eq!(pane(&bench).source.editor.text(), "{\n  \"type\": \"object\"\n}");
    bench.take();
    bench.keys("<f4>");
    assert!(bench.take().iter().any(|effect| matches!(effect, Effect::Edit { field: FieldId::Schema, .. })));
    bench.send(Event::Edited(FieldId::Schema, Ok("true\n".to_owned())));
    assert_eq!(bench.app.bench.response.schema, Some(json!(true)));
}

fn drawn(bench: &mut Bench, width: u16, height: u16) -> String {
    bench.resize(width, height);
    bench.screen().join("\n")
}

#[test]
fn a_pasted_type_is_offered_as_a_schema_and_taken_with_enter() {
    let mut bench = bench("label as JSON", "{{ input }}");
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.keys("<enter>{}");
    bench.send(Event::Paste("interface Label { label: 'a' | 'b'; odd: Foo<string>; }".to_owned()));
    assert_eq!(pane(&bench).source.editor.text(), "{}", "it is shown before it is taken");
    let screen = drawn(&mut bench, 120, 40);
    for shown in ["From a TypeScript type that", "`Foo<…>` is not understood", "a draft, not taken yet"] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    bench.keys("<esc>");
    assert_eq!(bench.app.bench.response.schema, Some(json!({})), "it is as it was");
    bench.send(Event::Paste("struct Label { label: String, sure: Option<f64> }".to_owned()));
    bench.keys("<enter>");
    let taken = bench.app.bench.response.schema.clone().unwrap();
    assert_eq!(taken["required"], json!(["label"]));
    bench.keys("<a-u>");
    assert_eq!(pane(&bench).source.editor.text(), "{}");
    bench.keys("<esc>");
}

#[test]
fn a_schema_is_made_strict_and_each_lane_says_what_it_is_sent() {
    let mut bench = Bench::of(&["gpt-4o-mini", "claude-haiku-4-5"]);
    bench.app.bench.response.schema =
        Some(json!({"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}));
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.keys("<enter>");
    let screen = drawn(&mut bench, 160, 40);
    for shown in ["lane 1  OpenAI strict: no", "/properties/a is not required", "lane 2  Anthropic: sent in part"] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    bench.keys("<a-s>");
    assert!(drawn(&mut bench, 160, 40).contains("/properties/a is required now, and may be null"));
    bench.keys("<enter>");
    let strict = bench.app.bench.response.schema.clone().unwrap();
    assert_eq!(strict["properties"]["a"]["type"], json!(["string", "null"]));
    assert!(drawn(&mut bench, 160, 40).contains("lane 1  OpenAI strict: yes"));
}

#[test]
fn a_schema_is_made_of_the_answers_on_record() {
    let mut bench = bench("label", "{{ input }}");
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    bench.keys("<enter>");
    bench.take();
    bench.keys("<a-h>");
    let asked = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::InferSchema(_)));
    let (ticket, _) = asked.unwrap();
    let inferred = schema_infer::of_answer(&json!({"label": "x"}));
    bench.answer(ticket, Ok(StoreReply::Inferred { inferred: Box::new(inferred), answers: 12 }));
    assert!(drawn(&mut bench, 120, 40).contains("From 12 answers on record"));
    bench.keys("<enter>");
    assert_eq!(bench.app.bench.response.schema.clone().unwrap()["required"], json!(["label"]));
}

#[test]
fn the_request_is_shown_before_it_is_sent_and_copied() {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    bench.app.bench.focus_on(Focus::Message(0));
    bench.keys("o");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Xray(xray)) if xray.tab == XrayTab::Request));
    bench.take();
    bench.keys("y");
    assert!(bench.take().iter().any(|effect| matches!(effect, Effect::Copy { .. })), "curl is copied");
    bench.keys("<esc><answers>o");
    assert!(
        matches!(bench.app.overlay(), Some(Overlay::Xray(xray)) if xray.tab == XrayTab::Request),
        "a lane that was not run has no other"
    );
}

#[test]
fn each_text_of_the_input_has_an_undo_of_its_own_also_after_another_input() {
    let mut bench = bench("For {{ product }} in {{ tone }}.", "{{ input }}");
    bench.keys("<f5>Parcelo<enter>dry<enter>hello<esc>");
    let values = |bench: &Bench| {
        let input = bench.app.bench.input();
        (input.value("product").map(str::to_owned), input.value("tone").map(str::to_owned), input.text)
    };
    let typed = values(&bench);
    bench.app.bench.focus_on(Focus::Variable(0));
    bench.keys("u");
    assert_eq!(values(&bench), (None, typed.1.clone(), typed.2.clone()), "the field with the focus, and no other");
    bench.keys("U");
    assert_eq!(values(&bench), typed);
    bench.keys("<input>Ianother<esc>,");
    assert_eq!(values(&bench), typed);
    bench.app.bench.focus_on(Focus::Variable(1));
    bench.keys("u");
    assert_eq!(values(&bench), (typed.0, None, typed.2), "what was typed before can still be undone");
}

#[test]
fn the_schema_is_searched_in_its_pane_and_the_search_types_nothing_into_it() {
    let mut bench = bench("label", "{{ input }}");
    bench.app.bench.focus_on(Focus::Section(Section::Schema));
    let text = "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\"}}}";
    bench.keys("<enter>").send(Event::Paste(text.to_owned()));
    bench.keys("<c-f>type");
    assert_eq!(pane(&bench).source.editor.text(), text);
    let first = pane(&bench).source.editor.cursor();
    assert!(text[first..].starts_with("type\": \"object"), "{first}: from the end it goes on at the start");
    assert!(bench.screen().iter().any(|row| row.contains("1/2")), "{:?}", bench.screen());
    bench.keys("<enter>");
    assert!(text[pane(&bench).source.editor.cursor()..].starts_with("type\": \"string"));
    bench.keys("<c-f>");
    assert_eq!(pane(&bench).source.editor.cursor(), first, "the same key goes on, too");
    bench.keys("<esc>x");
    assert!(pane(&bench).source.editor.text().contains("xtype"), "after the search it is typed again");
    bench.keys("<c-f>nowhere");
    assert!(bench.screen().iter().any(|row| row.contains("not found")));
}
