//! The pictures of the bench in the README and in docs/workbench.md, drawn by the program itself and kept up to date.
//!
//! `RETORT_REWRITE=1 cargo nextest run pictures` draws it anew.

use std::{fs, path::Path, time::Duration};

use retort::{
    app::Event,
    config::builtin::SUPPORT_SAMPLE,
    model::{
        Attachment, Cost, MediaKind, Message, Outcome, Params, Part, Prompt, Role, RunId, Status, ToolCall, Usage,
        outcome::{AttemptUsage, Timing},
        tool::ToolReply,
        verdict::{Quality, Rule},
    },
    pipeline::event::{Lookup, RunEvent},
    store::api::{StoreReply, StoreRequest},
};

use crate::support::{
    picture::svg,
    stage::{Stage, answered, judged, rate_limited, retry_in, verdict},
};

fn label(sentiment: &str, confidence: f64) -> String {
    format!("{{\n  \"sentiment\": \"{sentiment}\",\n  \"confidence_score\": {confidence}\n}}")
}

/// Three models on one prompt: one is done, one was retried and is less sure than asked for, one streams.
fn scene() -> Stage {
    let (fast, careful, local) = ("gpt-4o-mini", "claude-haiku-4-5", "local");
    let mut stage = Stage::open(&[fast, careful, local]);
    stage.run().wait(20).begins(fast).begins(careful);
    stage.wait(180).tell(careful, retry_in(1, rate_limited(4), 4));
    stage.wait(560);
    let done = Outcome { quality: Some(judged(0.92)), ..answered(fast, &label("negative", 0.92), 760, 214, (148, 21)) };
    stage.ends(fast, done);
    stage.wait(3460).attempt(careful, 2, careful);
    let took = answered(careful, &label("negative", 0.61), 1090, 402, (156, 24)).timing;
    let unsure = Outcome {
        quality: Some(judged(0.61)),
        attempts: 2,
        timing: Timing { total: Duration::from_millis(5310), ..took },
        ..answered(careful, &label("negative", 0.61), 5310, 402, (156, 24))
    };
    stage.wait(1090).ends(careful, unsure);
    stage.begins(local).wait(190);
    for piece in ["{\n", "  \"", "sent", "iment", "\":", " \"", "neg", "ative", "\",\n", "  \"", "conf", "idence"] {
        stage.wait(16).says(local, 1, piece);
    }
    let usage = Usage { input: Some(151), output: Some(14), ..Usage::default() };
    stage.tell(local, RunEvent::Usage { attempt: 1, usage });
    stage.keys("answers l");
    stage
}

fn longer(sentiment: &str, confidence: f64, reason: &str) -> String {
    format!(
        "{{\n  \"sentiment\": \"{sentiment}\",\n  \"confidence_score\": {confidence},\n  \"reason\": \"{reason}\",\n  \
         \"tags\": [\"delivery\", \"refund\"]\n}}"
    )
}

/// Four models against the first: the same in another order, less sure and in other words, and one
/// that streams.
fn four() -> Stage {
    let (fast, careful, local, old) = ("gpt-4o-mini", "claude-haiku-4-5", "local", "gpt-4");
    let mut stage = Stage::open(&[fast, careful, local, old]);
    stage.run().wait(20).begins(fast).begins(careful).begins(local).begins(old);
    let ends = |stage: &mut Stage, target: &str, text: &str, confidence: f64, millis: u64, tokens: (u64, u64)| {
        let quality = Some(judged(confidence));
        stage.ends(target, Outcome { quality, ..answered(target, text, millis, 210, tokens) });
    };
    let base = longer("negative", 0.92, "the parcel never came and nobody answers");
    stage.wait(760);
    ends(&mut stage, fast, &base, 0.92, 760, (148, 41));
    let other = "{\n  \"confidence_score\": 0.92,\n  \"sentiment\": \"negative\",\n  \"tags\": [\"delivery\", \"refund\"],\n  \
                 \"reason\": \"the parcel never came and nobody answers\"\n}";
    stage.wait(330);
    ends(&mut stage, careful, other, 0.92, 1090, (156, 44));
    stage.wait(700);
    ends(&mut stage, local, &longer("neutral", 0.61, "the parcel is late and nobody answers"), 0.61, 1790, (151, 39));
    for piece in
        ["{\n", "  \"sentiment\": ", "\"negative\",\n", "  \"confidence_score\": 0.9,\n", "  \"reason\": \"no par"]
    {
        stage.wait(40).says(old, 1, piece);
    }
    stage.keys("answers d");
    stage
}

fn sample(path: &str) -> &'static [u8] {
    SUPPORT_SAMPLE.iter().find(|(name, _)| *name == path).unwrap().1
}

/// The first row of the sample project, run with its tools called in an order.
fn support(order: [&str; 2]) -> Stage {
    let demo = "demo";
    let mut stage = Stage::open(&[demo]);
    let mut prompt: Prompt = toml::from_str(std::str::from_utf8(sample("prompts/support.toml")).unwrap()).unwrap();
    if order[0] == "find_order" {
        prompt.system = prompt.system.replace(
            "Open a ticket for the warehouse with open_ticket. Look the order up with find_order.",
            "Look the order up with find_order. Then open a ticket for the warehouse with open_ticket.",
        );
    }
    stage.app.bench.put(Some("support".to_owned()), &prompt);
    let rows = csv::Reader::from_reader(sample("messages.csv")).into_deserialize().next().unwrap().unwrap();
    let [input, number, found, photo]: [String; 4] = rows;
    stage.app.bench.input.set(&input);
    for (name, value) in [("number", &number), ("order", &found), ("photo", &photo)] {
        stage.app.bench.vars.insert(name.to_owned(), value.clone().into());
    }
    stage.app.bench.touch();
    let call = |(at, name): (usize, &str)| ToolCall {
        id: format!("demo_{}", at + 1),
        name: name.to_owned(),
        arguments: match name {
            "find_order" => format!("{{\"number\":\"{number}\"}}"),
            _ => format!("{{\"number\":\"{number}\",\"subject\":\"kettle order\"}}"),
        },
        ..ToolCall::default()
    };
    let calls: Vec<ToolCall> = order.into_iter().enumerate().map(call).collect();
    let result = |call: &ToolCall| match call.name.as_str() {
        "find_order" => found.clone(),
        _ => format!("Ticket opened for order {number}."),
    };
    let reply = |call: &ToolCall| ToolReply { id: call.id.clone(), name: call.name.clone(), failed: false };
    let part = Part { name: Some("torn.png".to_owned()), ..Part::of(MediaKind::Image, photo.as_str()) };
    let sent = Attachment::of_bytes(&part, "torn.png".to_owned(), sample(&photo).into()).unwrap();
    stage.send(Event::Tick).answer(
        |job| matches!(job, StoreRequest::LookAtPart(_)),
        StoreReply::Part(Box::new((part, Some(sent.clone())))),
    );
    let attempt = |number| RunEvent::Attempt {
        number,
        target: demo.to_owned(),
        provider: demo.to_owned(),
        model: demo.to_owned(),
        key: None,
        params: Params::default(),
        cache_key: None,
        notices: Vec::new(),
    };
    stage.run().wait(20);
    let started = stage.now().time;
    let messages = vec![Message { attachments: vec![sent], ..Message::of(Role::User, input.as_str()) }];
    let (run, key, params) = (RunId(uuid::Uuid::from_u128(7)), "71792e0194396b5c".to_owned(), Params::default());
    stage.tell(demo, RunEvent::Prepared { run, started, key, messages, params, notices: Vec::new() });
    stage.tell(demo, RunEvent::Cache { lookup: Lookup::Miss }).tell(demo, attempt(1));
    for (number, call) in (1..).zip(&calls) {
        stage.wait(460).tell(demo, RunEvent::Called { attempt: number, call: call.clone() });
        let took = Duration::from_millis(1);
        stage.tell(demo, RunEvent::Replied { attempt: number, reply: reply(call), content: result(call), took });
        stage.tell(demo, attempt(number + 1));
    }
    let text = format!("{found} {input}");
    stage.wait(220).says(demo, 3, &text).wait(380);
    let rounds = calls.iter().flat_map(|call| {
        let asked = Message { tool_calls: vec![call.clone()], ..Message::of(Role::Assistant, "") };
        [asked, Message::reply(reply(call), result(call))]
    });
    let right = order[0] == "find_order";
    let (mark, says) = if right {
        (Status::Passed, "called `find_order`, `open_ticket`")
    } else {
        (Status::Failed, "`open_ticket` was not called in its turn; called `open_ticket`, `find_order`")
    };
    let whole = Outcome { cost: Cost::NOTHING, ..answered(demo, &text, 1540, 220, (239, 57)) };
    let by_attempt = [(1, 460), (2, 460), (3, 600)].map(|(attempt, millis)| AttemptUsage {
        attempt,
        target: demo.to_owned(),
        provider: demo.to_owned(),
        model: demo.to_owned(),
        spent: retort::model::Spent { usage: whole.usage, cost: whole.cost },
        took: Duration::from_millis(millis),
        answered: attempt == 3,
    });
    let quality = Quality::of(vec![
        verdict(Rule::Format, Status::Passed, "a text", None),
        verdict(Rule::Finish, Status::Passed, "the model was done", None),
        verdict(Rule::Check("tool-order".to_owned()), mark, says, None),
        verdict(Rule::Check("tool-args".to_owned()), Status::Passed, "`find_order` was called with the number", None),
    ]);
    stage.ends(
        demo,
        Outcome {
            rounds: rounds.collect(),
            attempts: 3,
            by_attempt: by_attempt.into(),
            quality: Some(quality),
            ..whole
        },
    );
    stage.keys("answers");
    stage
}

/// Draws a picture, and fails where the one that is kept is another.
fn kept_as(file: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(file);
    if std::env::var_os("RETORT_REWRITE").is_some() {
        fs::write(&path, drawn).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "assets/{file} is stale: RETORT_REWRITE=1 cargo nextest run pictures");
}

#[test]
fn the_readme_shows_the_bench_as_it_is() {
    kept_as("bench.svg", &svg(&scene().screen(120, 37), "retort — the same prompt on three models"));
}

#[test]
fn the_page_of_the_workbench_shows_four_lanes_and_what_differs() {
    kept_as("lanes.svg", &svg(&four().screen(200, 60), "retort — four models, and what differs from the first"));
}

#[test]
fn the_page_of_the_support_agent_shows_a_lane_and_an_xray() {
    let mut wrong = support(["open_ticket", "find_order"]);
    kept_as("support.svg", &svg(&wrong.screen(120, 37), "retort — two tools, called in the wrong order"));
    let mut right = support(["find_order", "open_ticket"]);
    kept_as("support-xray.svg", &svg(&right.keys("o").screen(120, 24), "retort — the rounds of a run"));
}

#[test]
fn the_sample_project_reads_and_its_photos_are_taken() {
    let prompt: Prompt = toml::from_str(std::str::from_utf8(sample("prompts/support.toml")).unwrap()).unwrap();
    assert_eq!((prompt.tools.len(), prompt.checks.len()), (2, 2));
    let page = include_str!("../../docs/support-agent.md");
    let (_, shown) = std::str::from_utf8(sample("prompts/support.toml")).unwrap().split_once('\n').unwrap();
    assert!(page.contains(&format!("# prompts/support.toml\n{shown}```")), "the page shows another prompt");
    let rows = csv::Reader::from_reader(sample("messages.csv")).into_records();
    let photos: Vec<String> = rows.map(|row| row.unwrap()[3].to_owned()).collect();
    assert_eq!(photos.len(), 30);
    for photo in photos {
        let bytes = sample(&photo).into();
        let taken = Attachment::of_bytes(&Part::of(MediaKind::Image, photo.as_str()), photo, bytes).unwrap();
        assert_eq!(taken.facts().unwrap().pixels, Some((160, 120)));
    }
}
