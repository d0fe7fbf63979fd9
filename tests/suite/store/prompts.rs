//! Prompts: exact round trips, and every mistake by line and column.

use std::{fs, path::Path};

use proptest::{collection::vec, option, prelude::*};
use retort::{
    model::{
        Check, CheckKind, Format, Params, Prompt, PromptCaching, Response, Role, Turn, check::JsonComparison,
        error::StoreErrorKind, prompt_toml, settings::Project,
    },
    store::{
        api::{Over, StoreReply, StoreRequest},
        prompts,
    },
};
use serde_json::{Value, json};

use super::{places_in, store_in, without};

/// Text as it is pasted: line ends of every kind, escapes, quotes, wide characters.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z ]{0,12}",
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("\r".to_owned()),
        Just("\"\"\"".to_owned()),
        Just("'''".to_owned()),
        Just("\\".to_owned()),
        Just("\u{1b}[31m\u{0}\u{7f}".to_owned()),
        Just("{{ input }} 👨‍👩‍👧‍👦 \u{202e}".to_owned()),
        Just("\t ".to_owned()),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(|number: f64| Value::from(number.round() / 8.0)),
        nasty().prop_map(Value::from),
        Just(Value::Null),
        Just(Value::from(u64::MAX)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((nasty(), inner), 0..3).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A check that can be applied, with each of its fields filled now and then.
fn check() -> impl Strategy<Value = Check> {
    use CheckKind::{
        Completeness, Confidence, Contains, ContainsAny, ContainsJson, Cost, Equals, Format, IsJson, IsRefusal,
        JsonPath, Latency, Levenshtein, LlmRubric, Regex, Required, RougeN, Unsupported, WordCount,
    };
    let filled = || nasty().prop_map(|text| format!("a{}", text.replace("{%", "").replace("{{", "")));
    let with = |kinds: &[CheckKind], value: BoxedStrategy<Value>| {
        (prop::sample::select(kinds.to_vec()), value).prop_map(|(kind, value)| Check::of(kind).with(value))
    };
    let texts = vec(filled(), 1..3).prop_map(Value::from).boxed();
    let object = fit().prop_map(|value| json!({ "a": value, "{{ b }}": "{{ b }}" })).boxed();
    let schema = prop_oneof![schema(), Just(json!("{{ schema }}")), Just(json!(" "))].boxed();
    let path = || prop_oneof![Just("/a"), Just("/a~1b/0"), Just("/")].prop_map(|path| Some(path.to_owned()));
    let plain = prop_oneof![
        (prop::sample::select(vec![Latency, Cost]), 0.0..1e9).prop_map(|(kind, limit)| Check::of(kind).within(limit)),
        with(&[Equals, Contains, Levenshtein, RougeN, LlmRubric], filled().prop_map(Value::from).boxed()),
        with(&[ContainsAny, Required, Completeness], texts),
        with(&[IsJson, ContainsJson], schema),
        with(&[Equals, Unsupported], object),
        with(&[WordCount], prop_oneof![Just(json!(5)), Just(json!({"min": 1, "max": 9})), Just(json!("2-9"))].boxed()),
        with(&[Regex], Just(json!("^\\d{4}\\s\"'")).boxed()),
        prop::sample::select(vec![IsRefusal, Format, IsJson]).prop_map(Check::of),
        (path(), 0.0..=1.0).prop_map(|(path, least)| Check { path, ..Check::of(Confidence).within(least) }),
        (
            path(),
            prop::sample::select(vec![JsonComparison::Less, JsonComparison::Unequal, JsonComparison::AtLeast]),
            any::<i32>()
        )
            .prop_map(|(path, sign, value)| Check {
                path,
                comparison: Some(sign),
                ..Check::of(JsonPath).with(value)
            }),
        (filled(), 1..20_u32).prop_map(|(judge, times)| {
            Check { judge: Some(judge), repeat: Some(times), ..Check::of(LlmRubric).within(0.5).with("Is it kind?") }
        }),
    ];
    (plain, any::<bool>(), option::of(0.0..9.0), option::of(filled())).prop_map(|(check, not, weight, metric)| {
        let check = Check { weight, metric, ..check };
        if not { check.negated() } else { check }
    })
}

/// A value that TOML can hold.
fn fit() -> impl Strategy<Value = Value> {
    value().prop_filter("TOML has it", |value| {
        let text = value.to_string();
        !text.contains("null") && !text.contains(&u64::MAX.to_string()) && !text.contains("{{") && !text.contains("{%")
    })
}

/// A JSON Schema, with what TOML cannot hold now and then.
fn schema() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        value().prop_map(|value| json!({ "const": value })),
        nasty().prop_map(|name| json!({ "type": "object", "required": [name] })),
        Just(json!({ "enum": [null, u64::MAX, "{{ x }}"] })),
    ]
}

pub(crate) fn prompt() -> impl Strategy<Value = Prompt> {
    let texts = (nasty(), nasty(), nasty(), vec(nasty(), 0..3), vec(nasty(), 0..2));
    let params =
        (option::of(0.0..2.0), option::of(1..u64::from(u32::MAX)), vec(nasty(), 0..2), option::of(any::<i64>()))
            .prop_map(|(temperature, max_tokens, stop, seed)| Params {
                temperature,
                max_tokens,
                stop,
                seed,
                ..Params::default()
            });
    let required = vec(nasty().prop_map(|name| format!("a{name}")), 0..3);
    let response = (option::of(schema()), required, option::of(0.0..=1.0), option::of(0.0..=1.0)).prop_map(
        |(schema, required, min_confidence, min_score)| Response {
            format: if schema.is_some() { Format::Schema } else { Format::Json },
            schema,
            required,
            confidence: min_confidence.map(|_| "/sure".to_owned()),
            min_confidence,
            min_score,
            ..Response::default()
        },
    );
    (texts, params, response, vec(check(), 0..3), vec(turn(), 0..4)).prop_map(
        |((description, system, user, targets, fallback), params, response, checks, messages)| {
            let mut prompt = Prompt {
                description,
                system,
                user,
                targets,
                fallback,
                messages,
                params,
                response,
                checks,
                ..Prompt::default()
            };
            prompt.set_turns(prompt.turns());
            prompt
        },
    )
}

fn turn() -> impl Strategy<Value = Turn> {
    let role = prop::sample::select(Role::WRITTEN.to_vec());
    (role, nasty(), any::<bool>(), any::<bool>()).prop_map(|(role, content, muted, cached)| Turn {
        muted,
        // One that is not sent may be marked anywhere.
        cache: (muted && cached).then_some(PromptCaching::OneHour),
        ..Turn::of(role, content)
    })
}

#[test]
fn messages_are_read_in_order_and_a_leading_system_message_is_the_system() {
    let file = "user = \"\"\n[[message]]\nrole = \"system\"\ncontent = \"s\"\n[[message]]\nrole = \"assistant\"\ncontent = \"a\"\nmuted = true\n";
    let prompt = prompts::parse(file, Path::new("p.toml")).unwrap();
    assert_eq!((prompt.system.as_str(), prompt.user.as_str(), prompt.messages.len()), ("s", "", 1));
    let slip = prompts::parse("[[message]]\nrole = \"usr\"\ncontent = \"\"", Path::new("p.toml")).unwrap_err();
    assert!(slip.message.contains("p.toml:2:8: `usr` is none of system, user, assistant"), "{slip}");
    let slip = prompts::parse("[[message]]\nrole = \"user\"\ncontnt = \"\"", Path::new("p.toml")).unwrap_err();
    assert!(slip.message.contains("unknown key `contnt` in [[message]]; did you mean `content`?"), "{slip}");
}

#[test]
fn a_mark_to_cache_stays_with_its_message_and_one_too_many_is_refused_where_it_stands() {
    let message = |cache: &str| format!("[[message]]\nrole = \"system\"\ncontent = \"s\"\ncache = \"{cache}\"\n");
    let prompt = prompts::parse(&message("1h"), Path::new("p.toml")).unwrap();
    assert_eq!((prompt.system.as_str(), prompt.user.as_str()), ("", "{{ input }}"), "it has the mark beside its text");
    assert_eq!(prompt.turns()[0].cache, Some(PromptCaching::OneHour));
    assert_eq!(prompts::parse(&prompt_toml::write(&prompt).unwrap(), Path::new("p.toml")).unwrap(), prompt);
    for (file, words) in [
        (message("5m").repeat(5), "p.toml:20:9: at most 4 messages and tools may have it"),
        (message("5m") + &message("1h"), "p.toml:8:9: what is kept for 1h comes before what is kept for 5m"),
        (message("2h"), "p.toml:4:9: `2h` is none of 5m, 1h"),
    ] {
        let slip = prompts::parse(&file, Path::new("p.toml")).unwrap_err();
        assert!(slip.message.contains(words), "{slip}");
    }
    let muted = message("5m") + "muted = true\n" + &message("5m").repeat(4);
    assert!(prompts::parse(&muted, Path::new("p.toml")).is_ok(), "a muted one is not sent");
}

proptest! {
    #[test]
    fn a_prompt_comes_back_exactly(prompt in prompt()) {
        let text = prompt_toml::write(&prompt).unwrap();
        prop_assert_eq!(prompts::parse(&text, Path::new("p.toml")).unwrap(), prompt);
    }

    #[test]
    fn no_text_breaks_the_reader(text in nasty(), at in 0_usize..400) {
        let mut file = prompt_toml::write(&sentiment()).unwrap();
        let place = (0..=at.min(file.len())).rev().find(|place| file.is_char_boundary(*place)).unwrap_or(0);
        file.insert_str(place, &text);
        if let Err(error) = prompts::parse(&file, Path::new("p.toml")) {
            prop_assert!(error.message.starts_with("p.toml:"), "{}", error);
            prop_assert!(!error.message.contains('\u{1b}'), "{}", error);
        }
    }
}

fn sentiment() -> Prompt {
    Prompt {
        description: "Sentiment".to_owned(),
        system: "You label messages.\nAnswer as JSON.".to_owned(),
        user: "{{ input }}".to_owned(),
        ..Prompt::default()
    }
}

#[test]
fn a_prompt_is_written_to_be_read_by_people() {
    let mut prompt = sentiment();
    prompt.response.schema = Some(json!({"type": "object", "properties": {"z": {}, "a": {}}}));
    let text = prompt_toml::write(&prompt).unwrap();
    assert!(text.contains("system = \"\"\"\nYou label messages.\nAnswer as JSON.\"\"\"\n"), "{text}");
    let z = text.find("properties.z").unwrap();
    assert!(z < text.find("properties.a").unwrap(), "the order of a schema's fields is kept:\n{text}");
    let read = prompts::parse(&text, Path::new("p.toml")).unwrap();
    assert_eq!(read.response.schema.unwrap().to_string(), prompt.response.schema.unwrap().to_string());
}

#[test]
fn every_mistake_is_told_by_line_column_and_key() {
    for (text, words) in MISTAKES {
        assert_eq!(prompts::parse(text, Path::new("p.toml")).unwrap_err().message, *words, "{text}");
    }
}

/// Prompts, each with a mistake, and what is said of it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "sytem = \"x\"",
        "p.toml:1:1: unknown key `sytem`; did you mean `system`?\n  1 | sytem = \"x\"\n  the file takes description, \
             system, user, targets, fallback, tool_choice, parallel_tool_calls, max_rounds, message, tool, params, response, check",
    ),
    (
        "[[check]]\ntype = \"latency\"\nthreshold = 1\n[[check]]\ntype = \"latncy\"",
        "p.toml:5:8: there is no check `latncy`; did you mean `latency`?\n  5 | type = \"latncy\"\n  the checks are \
             equals, contains, icontains, contains-any, contains-all, icontains-any, icontains-all, starts-with, regex, \
             is-json, contains-json, levenshtein, rouge-n, bleu, gleu, is-xml, contains-xml, is-html, contains-html, latency, cost, is-refusal, word-count, finish-reason, \
             llm-rubric, factuality, model-graded-closedqa, g-eval, relevance, faithfulness, context-recall, context-relevance, \
             instruction-following, style, pairwise, select-best, max-score, conversation-relevance, similar, moderation, classifier, exec, format, required, confidence, completeness, json-equals, json-fields, json-path, tool-called, tool-order, tool-args, tool-call-f1, is-valid-openai-tools-call, is-valid-function-call, each with \
             `not-` before it for its opposite",
    ),
    (
        "[[checks]]\ntype = \"latency\"",
        "p.toml:1:3: unknown key `checks`; did you mean `check`?\n  1 | [[checks]]\n  the file takes description, \
             system, user, targets, fallback, tool_choice, parallel_tool_calls, max_rounds, message, tool, params, response, check",
    ),
    (
        "[[check]]\ntype = \"json-path\"\npath = \"$.a[0]['b c']\"\nvalue = 1",
        "p.toml:3:8: `path`: expected a JSON pointer, such as `/a/0/b c`, found `$.a[0]['b c']`\n  3 | path = \
             \"$.a[0]['b c']\"",
    ),
    (
        "[response]\nschema = '{\"properties\": {\"a\": {\"type\": \"objct\"}}}'",
        "p.toml:2:10: `schema`: expected a valid JSON Schema, found \"objct\" as `/properties/a/type`: it takes array, \
             boolean, integer, null, number, object, string, or a list of these\n  2 | schema = '{\"properties\": {\"a\": \
             {\"type\": \"objct\"}}}'",
    ),
    (
        "[[check]]\ntype = \"latency\"\ntreshold = 1",
        "p.toml:3:1: unknown key `treshold` in [[check]]; did you mean `threshold`?\n  3 | treshold = 1\
             \n  [[check]] takes type, value, exact, threshold, weight, metric, path, op, transform, judge, judge_prompt, first_prompt, context, repeat, enabled",
    ),
    (
        "[[check]]\ntype = \"latency\"",
        "p.toml:1:1: `threshold`: expected a number of milliseconds, 0 or more, found nothing\n  1 | [[check]]",
    ),
    (
        "[[check]]\ntype = \"cost\"\nthreshold = 1\n[[check]]\ntype = \"equals\"\nthreshold = 1",
        "p.toml:6:13: `threshold`: expected `value` alone for `equals`, found `threshold`\n  6 | threshold = 1",
    ),
    (
        "[response]\nformat = \"jsn\"",
        "p.toml:2:10: `jsn` is none of text, json, schema; did you mean `json`?\n  2 | format = \"jsn\"",
    ),
    (
        "[response]\nformat = \"schema\"",
        "p.toml:1:2: `schema`: expected a JSON Schema, because the format is `schema`, found nothing\n  1 | [response]",
    ),
    (
        "[response]\nmin_confidence = 70",
        "p.toml:2:18: `min_confidence`: expected a number from 0 to 1, found 70\n  2 | min_confidence = 70",
    ),
    (
        "[response]\nconfidence = \"score\"",
        "p.toml:2:14: `confidence`: expected a JSON pointer, such as `/score`, found `score`\n  2 | confidence = \"score\"",
    ),
    (
        "[[check]]\ntype = \"regex\"\nvalue = 'a(?=b)'",
        "p.toml:3:9: `value`: expected a regular expression without look-around and backreferences, found `a(?=b)` \
             (look-around, including look-ahead and look-behind, is not supported)\n  3 | value = 'a(…'",
    ),
    (
        "[[check]]\ntype = \"contains-json\"\nvalue = \"{\"",
        "p.toml:3:9: `value` is a text, and not of JSON: EOF while parsing an object at line 1 column 1\
             \n  3 | value = \"{\"",
    ),
    (
        "[[check]]\ntype = \"equals\"\nvalue = 1979-05-27",
        "p.toml:3:9: a date is not compared; put it in quotes\n  3 | value = 1979-05-27",
    ),
    (
        "[[check]]\ntype = \"json-path\"\npath = \"/a\"\nop = \"gt\"\nvalue = 1",
        "p.toml:4:6: `gt` is none of ==, !=, <, <=, >, >=\n  4 | op = \"gt\"",
    ),
    (
        "[response]\nrequired = [\"a\", \"\"]",
        "p.toml:2:18: `required`: expected a field's name or a JSON pointer, found nothing\n  2 | required = [\"a\", \"\"]",
    ),
    (
        "[response]\nmin_score = 2",
        "p.toml:2:13: `min_score`: expected a number from 0 to 1, found 2\n  2 | min_score = 2",
    ),
    (
        "[response]\nschema = \"{\"",
        "p.toml:2:10: `schema` is a text, and not of JSON: EOF while parsing an object at line 1 column 1\
             \n  2 | schema = \"{\"",
    ),
    (
        "[params]\nextra = { day = 1979-05-27 }",
        "p.toml:2:9: a date is not a parameter; put it in quotes\n  2 | extra = { day = 1979-05-27 }",
    ),
    ("[params]\ntemperature = 3", "p.toml:2:15: `temperature` must be from 0 to 2\n  2 | temperature = 3"),
    (
        "targets = \"gpt-4o-mini\"",
        "p.toml:1:11: `targets`: expected a list in [ ], found a text\n  1 | targets = \"gpt-4o-mini\"",
    ),
];

#[tokio::test]
async fn the_projects_prompts_come_before_the_users_before_the_built_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut places = places_in(dir.path());
    let project = dir.path().join("project/prompts");
    places.project = Project::Found { root: dir.path().join("project"), prompts: project.clone(), trusted: false };
    let user = places.config.join("prompts");
    fs::create_dir_all(&project).unwrap();
    fs::create_dir_all(&user).unwrap();
    fs::write(project.join("shared.toml"), "description = \"project's\"").unwrap();
    fs::write(user.join("shared.toml"), "description = \"user's\"").unwrap();
    fs::write(user.join("broken.toml"), "sytem = 1").unwrap();
    fs::write(user.join(".hidden.toml"), "").unwrap();
    fs::write(user.join("notes.txt"), "").unwrap();
    let store = retort::store::Store::open(places, 10);

    let Ok(StoreReply::Prompts(list)) = store.ask(StoreRequest::ListPrompts).await else { panic!("no list") };
    let names: Vec<&str> = list.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names[..2], ["shared", "broken"]);
    assert!(list[0].project && list[0].description == "project's");
    assert!(!list[1].valid && list[1].description.contains("broken.toml:1:1: unknown key `sytem`"));
    assert!(
        names.contains(&"sentiment")
            && list.iter().all(|entry| entry.built_in
                == (entry.name == "sentiment" || !["shared", "broken"].contains(&entry.name.as_str())))
    );

    // A project's prompt is saved in the project, any other among the user's.
    let save =
        |name: &str, over| StoreRequest::SavePrompt { name: name.to_owned(), prompt: Box::new(sentiment()), over };
    let Ok(StoreReply::PromptSaved { path, .. }) = store.ask(save("shared", Over::Anything)).await else {
        panic!("not saved")
    };
    assert_eq!(path, project.join("shared.toml"));
    let Ok(StoreReply::PromptSaved { path, .. }) = store.ask(save("sentiment", Over::Nothing)).await else {
        panic!("not saved")
    };
    assert_eq!(path, user.join("sentiment.toml"));
    let Ok(StoreReply::Prompt { prompt, .. }) = store.ask(StoreRequest::OpenPrompt("sentiment".to_owned())).await
    else {
        panic!("not opened")
    };
    assert_eq!(*prompt, sentiment());
    let error = store.ask(save("sentiment", Over::Nothing)).await.unwrap_err();
    assert!(
        error.kind == StoreErrorKind::Exists && error.message.starts_with("there is a prompt `sentiment` already"),
        "{error}"
    );
}

#[tokio::test]
async fn a_name_is_no_path() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for name in ["", "../x", "a/b", ".x", "-x", "a\\b", "a b", "ä", "x\u{1b}[2J", &"x".repeat(65)] {
        let save = StoreRequest::SavePrompt { name: name.to_owned(), prompt: Box::default(), over: Over::Anything };
        let error = store.ask(save).await.unwrap_err().message;
        assert!(error.contains("cannot be a prompt's name"), "{error}");
        assert!(store.ask(StoreRequest::OpenPrompt(name.to_owned())).await.is_err());
    }
    let error = store.ask(StoreRequest::OpenPrompt("sentimnt".to_owned())).await.unwrap_err().message;
    assert_eq!(error, "no prompt is called `sentimnt`; did you mean `sentiment`?; `retort prompts` lists them");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was created");
}

#[tokio::test]
async fn what_no_run_could_use_is_not_saved() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let mut prompt = sentiment();
    prompt.response.format = Format::Schema;
    let save = |prompt: &Prompt| StoreRequest::SavePrompt {
        name: "x".to_owned(),
        prompt: Box::new(prompt.clone()),
        over: Over::Anything,
    };
    let error = store.ask(save(&prompt)).await.unwrap_err().message;
    assert_eq!(
        error,
        "prompt `x` is not saved: response.schema: `schema`: expected a JSON Schema, because the format is `schema`, found nothing"
    );
    let mut prompt = sentiment();
    prompt.params.extra.insert("logit_bias".to_owned(), Value::Null);
    let error = store.ask(save(&prompt)).await.unwrap_err().message;
    assert!(error.contains("params.extra.logit_bias holds a null"), "{error}");
    let prompt = Prompt { checks: vec![Check::of(CheckKind::Equals).with(json!({"a": null}))], ..sentiment() };
    let error = store.ask(save(&prompt)).await.unwrap_err().message;
    assert!(error.contains("check[0].value holds a null"), "{error}");
    fs::create_dir_all(dir.path().join("config")).unwrap();
    fs::write(dir.path().join("config/prompts"), "").unwrap();
    let error = store.ask(save(&sentiment())).await.unwrap_err();
    assert!(without(dir.path(), &error.message).contains("is a file, not a directory"), "{error}");
}
