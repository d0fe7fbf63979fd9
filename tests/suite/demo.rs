//! The demonstration as a provider: what it answers, when, and how it misbehaves.

use std::time::Duration;

use futures_util::StreamExt;
use retort::{
    config::builtin::starters,
    model::{
        CallError, Catalog, ErrorKind, Finish, Format, Input, Message, Params, Prompt, Role, Settings, Target, Wire,
        model_list::DEMO_MODELS, settings::ProviderSettings,
    },
    provider::{Backend, Call, WireEvent, WireFormat, wires::demo},
    template,
    template::FillBudget,
};
use tokio::time::Instant;

fn target(name: &str) -> Target {
    let mut settings = Settings::default();
    settings.providers.insert("demo".to_owned(), ProviderSettings::of(Wire::Demo));
    Catalog::new(Vec::new(), &settings).resolve(name).unwrap()
}

fn call(name: &str, system: &str, user: &str, format: WireFormat) -> Call {
    let say = |role, content: &str| Message::of(role, content);
    Call {
        target: target(name),
        key: None,
        messages: vec![say(Role::System, system), say(Role::User, user)],
        params: Params::default(),
        format,
        tools: retort::model::ToolSet::default(),
        connect: Duration::from_secs(5),
        forward: None,
    }
}

fn format_of(prompt: &Prompt) -> WireFormat {
    match prompt.format().0 {
        Format::Text => WireFormat::Text,
        Format::Auto | Format::Json => WireFormat::JsonObject,
        Format::Schema => WireFormat::JsonSchema(prompt.response.schema.clone().unwrap()),
    }
}

/// A starter's call on its own sample input.
fn starter(name: &str, model: &str) -> Call {
    let (_, prompt, text) = starters().into_iter().find(|(known, ..)| *known == name).unwrap();
    let input = Input::of(text);
    let user = template::fill(&prompt.user, &input, &mut FillBudget::new(0, &input)).unwrap();
    call(model, &prompt.system, &user, format_of(&prompt))
}

/// What a call told.
struct Answered {
    text: String,
    pieces: usize,
    first_token: Option<Duration>,
    whole: Duration,
    finish: Option<Finish>,
    output: Option<u64>,
    estimated: bool,
    models: Vec<String>,
    ended: bool,
    error: Option<CallError>,
}

async fn told(demo: &demo::Demo, call: Call) -> Answered {
    let start = Instant::now();
    let mut stream = demo.call(call);
    let mut answer = Answered {
        text: String::new(),
        pieces: 0,
        first_token: None,
        whole: Duration::ZERO,
        finish: None,
        output: None,
        estimated: false,
        models: Vec::new(),
        ended: false,
        error: None,
    };
    while let Some(item) = stream.next().await {
        assert!(!answer.ended && answer.error.is_none(), "something followed the end");
        match item {
            Ok(WireEvent::Text(text)) => {
                answer.first_token.get_or_insert(start.elapsed());
                answer.pieces += 1;
                answer.text.push_str(&text);
            }
            Ok(WireEvent::Finish(finish)) => answer.finish = Some(finish),
            Ok(WireEvent::Usage(usage)) => (answer.output, answer.estimated) = (usage.output, usage.estimated),
            Ok(WireEvent::Model(model)) => answer.models.push(model),
            Ok(WireEvent::End) => answer.ended = true,
            Ok(_) => {}
            Err(error) => answer.error = Some(error),
        }
    }
    answer.whole = start.elapsed();
    answer
}

async fn answer(call: Call) -> Answered {
    told(&demo::Demo::default(), call).await
}

fn json(answer: &Answered) -> serde_json::Value {
    serde_json::from_str(&answer.text).unwrap_or_else(|error| panic!("{error}: {}", answer.text))
}

#[tokio::test(start_paused = true)]
async fn every_starter_plays_a_recording_in_the_models_own_time() {
    for (name, prompt, _) in starters() {
        let shown = answer(starter(name, "demo")).await;
        assert!(shown.ended && shown.finish == Some(Finish::Stop), "{name}");
        assert!(!shown.estimated, "{name} is composed and not played");
        assert!(shown.models.is_empty(), "a demonstration poses as no model: {:?}", shown.models);
        let first = shown.first_token.unwrap();
        assert!(first < Duration::from_secs(1) && shown.whole > first, "{name}: {first:?} of {:?}", shown.whole);
        for field in &prompt.response.required {
            assert!(!json(&shown)[field].is_null(), "{name}: {field}");
        }
        if let (Some(least), Some(pointer)) = (prompt.response.min_confidence, &prompt.response.confidence) {
            assert!(json(&shown).pointer(pointer).unwrap().as_f64().unwrap() >= least, "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_input_or_another_format_brings_another_answer() {
    let played = answer(starter("sentiment", "demo")).await;
    let mut glad = starter("sentiment", "demo");
    glad.messages[1].content = "Thank you, it came early and it is lovely!".to_owned();
    let glad = answer(glad).await;
    assert_eq!((&json(&played)["sentiment"], &json(&glad)["sentiment"]), (&"negative".into(), &"positive".into()));
    assert!(glad.estimated && glad.output == Some(glad.pieces as u64));

    let mut wider = starter("sentiment", "demo");
    let schema = r#"{"type":"object","properties":{"mood":{"enum":["calm","angry"]},"tags":{"type":"array"}}}"#;
    wider.format = WireFormat::JsonSchema(serde_json::from_str(schema).unwrap());
    let wider = json(&answer(wider).await);
    assert_eq!(wider.as_object().unwrap().keys().collect::<Vec<_>>(), ["mood", "tags"]);
    assert_eq!(wider["mood"], "angry");

    let mut prose = starter("sentiment", "demo");
    prose.format = WireFormat::Text;
    assert!(!answer(prose).await.text.starts_with('{'));
}

#[tokio::test(start_paused = true)]
async fn json_without_a_schema_has_the_fields_the_prompt_names() {
    let system = "Answer as JSON with \"team\" (billing or delivery) and \"urgent\" (true or false).";
    let shown = answer(call("demo", system, "My parcel never came.", WireFormat::JsonObject)).await;
    assert_eq!(json(&shown)["team"], "delivery");
    assert!(json(&shown)["urgent"].is_boolean());
    let bare = answer(call("demo", "Answer as JSON.", "My parcel never came.", WireFormat::JsonObject)).await;
    assert_eq!(json(&bare)["answer"], "My parcel never came.");
}

#[tokio::test(start_paused = true)]
async fn the_same_call_brings_the_same_answer() {
    let ask = || call("demo", "Sum it up.", "The pier has a crack. Buses go round. It takes weeks.", WireFormat::Text);
    let (one, two) = (answer(ask()).await, answer(ask()).await);
    assert_eq!((&one.text, one.pieces, one.whole), (&two.text, two.pieces, two.whole));
    assert!((150..320).contains(&one.first_token.unwrap().as_millis()), "{:?}", one.first_token);
}

#[tokio::test(start_paused = true)]
async fn the_output_limit_and_stop_texts_are_kept() {
    let mut short = starter("summary", "demo");
    short.params.max_tokens = Some(5);
    let short = answer(short).await;
    assert_eq!((short.pieces, short.finish, short.output), (5, Some(Finish::Length), Some(5)));
    let mut stopped = starter("sentiment", "demo");
    stopped.params.stop = vec!["\",".to_owned()];
    let stopped = answer(stopped).await;
    assert!(stopped.text.ends_with("\"negative") && stopped.finish == Some(Finish::Stop), "{}", stopped.text);
}

#[tokio::test(start_paused = true)]
async fn slow_is_slow() {
    let shown = answer(starter("sentiment", "demo:slow")).await;
    assert!(shown.first_token.unwrap() >= Duration::from_secs(4) && shown.ended);
    let generation = shown.whole.as_secs_f64() - shown.first_token.unwrap().as_secs_f64();
    let rate = (shown.pieces - 1) as f64 / generation;
    assert!((2.5..3.5).contains(&rate), "{rate} tokens a second");
}

#[tokio::test(start_paused = true)]
async fn flaky_fails_twice_of_three_calls_and_says_how_long_to_wait() {
    let demo = demo::Demo::default();
    for _ in 0..2 {
        let first = told(&demo, starter("sentiment", "demo:flaky")).await.error.unwrap();
        assert_eq!((first.class, first.status), (ErrorKind::RateLimited, Some(429)));
        assert!(first.retry_after.is_some());
        let second = told(&demo, starter("sentiment", "demo:flaky")).await.error.unwrap();
        assert_eq!((second.class, second.status), (ErrorKind::Overloaded, Some(503)));
        assert!(told(&demo, starter("sentiment", "demo:flaky")).await.ended);
    }
    drop(demo.call(starter("sentiment", "demo:flaky")));
    assert!(
        told(&demo, starter("sentiment", "demo:flaky")).await.error.unwrap().status == Some(429),
        "an unpolled call counted"
    );
}

#[tokio::test(start_paused = true)]
async fn weak_is_limited_once_for_a_second() {
    let weak = demo::Demo::default();
    let mut limited = Vec::new();
    for _ in 0..5 {
        let error = told(&weak, starter("sentiment", "demo:weak")).await.error;
        limited.push(error.map(|error| (error.class, error.retry_after)));
    }
    let once = Some((ErrorKind::RateLimited, Some(Duration::from_secs(1))));
    assert_eq!(limited, [None, once, None, None, None]);
}

#[tokio::test(start_paused = true)]
async fn weak_labels_the_sample_input_as_the_demo_does_and_is_less_sure_of_it() {
    let able = json(&answer(starter("sentiment", "demo")).await);
    let weak = json(&answer(starter("sentiment", "demo:weak")).await);
    assert_eq!(able["sentiment"], weak["sentiment"]);
    let sure = |answer: &serde_json::Value| answer["confidence_score"].as_f64().unwrap();
    assert!(sure(&able) >= 0.7 && sure(&weak) < 0.7, "{able} {weak}");
}

#[tokio::test(start_paused = true)]
async fn cut_ends_within_the_answer_without_an_end_mark() {
    let whole = answer(starter("sentiment", "demo")).await;
    let shown = answer(starter("sentiment", "demo:cut")).await;
    assert!(!shown.text.is_empty() && whole.text.starts_with(&shown.text) && shown.text.len() < whole.text.len());
    assert!(!shown.ended && shown.finish.is_none() && shown.error.is_none());
}

#[tokio::test(start_paused = true)]
async fn bad_json_ends_well_and_does_not_parse() {
    for name in ["sentiment", "summary"] {
        let shown = answer(starter(name, "demo:bad-json")).await;
        assert!(shown.ended && shown.finish == Some(Finish::Stop));
        assert!(shown.text.starts_with('{'), "{}", shown.text);
        assert!(serde_json::from_str::<serde_json::Value>(&shown.text).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn down_and_unheard_of_models_fail_each_in_its_class() {
    let error = answer(starter("sentiment", "demo:down")).await.error.unwrap();
    assert_eq!((error.class, error.status), (ErrorKind::Overloaded, Some(503)));
    let error = answer(starter("sentiment", "demo:nonesuch")).await.error.unwrap();
    assert_eq!(error.class, ErrorKind::ModelGone);
    assert!(error.message.contains("nonesuch") && error.message.contains("demo:flaky"));
}

#[tokio::test(start_paused = true)]
async fn echo_gives_back_the_prompt_whole() {
    let mut alone = call("demo:echo", "", "Say  {\"a\": 1}\nand more.", WireFormat::Text);
    alone.messages.retain(|message| message.role == Role::User);
    alone.params.max_tokens = Some(1);
    alone.params.stop = vec!["and".to_owned()];
    let shown = answer(alone).await;
    assert_eq!((shown.text.as_str(), shown.finish), ("Say  {\"a\": 1}\nand more.", Some(Finish::Stop)));
    let shown = answer(call("demo:echo", "Be kind.", "Hi", WireFormat::JsonObject)).await;
    let wanted = serde_json::json!([{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown.text).unwrap(), wanted);
}

#[tokio::test(start_paused = true)]
async fn every_listed_model_can_be_named() {
    for (name, about) in DEMO_MODELS {
        assert!(!about.is_empty());
        let shown = answer(starter("sentiment", name)).await;
        assert!(shown.error.is_none_or(|error| error.class != ErrorKind::ModelGone), "{name}");
    }
}
