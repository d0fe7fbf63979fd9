//! What lies over the bench.

use retort::{
    app::Event,
    eval::{
        quality::{CheckFigures, JudgeAgreement, QualityReport},
        stats::Confusion,
    },
    model::{
        Message, Params, PicoDollars, Role, Rule, RunId,
        model_list::{ModelFacts, ServedModel},
        settings::AccountLimits,
    },
    pipeline::{AccountState, KeyState, Readiness, TimedEvent, event::Lookup},
    store::api::{StoreReply, StoreRequest},
};

use super::*;
use crate::support::history;

#[test]
fn overlays() {
    let open = |keys: &str| {
        let mut stage = done();
        stage.screen(120, 40);
        stage.keys(keys);
        stage
    };
    snapshot("overlay-help", &mut open("f1"));
    snapshot("overlay-palette", open("ctrl-p").types("sa"));
    snapshot("overlay-models", &mut open("m"));
    snapshot_at("overlay-help", &mut open("f1"), &[(200, 50)]);
    snapshot_at("overlay-models", &mut open("m"), &[(200, 50)]);
    snapshot("overlay-models-typed", open("m").types("here/other"));
    snapshot("overlay-params", open("p").keys("down down"));
    snapshot("overlay-prompts", open("ctrl-o").lists_prompts());
    snapshot("overlay-prompts-loading", &mut open("ctrl-o"));
    snapshot("overlay-sessions", open("s").lists_sessions());
    snapshot("overlay-save-as", open("W").types("bad name").keys("enter"));
    snapshot("overlay-copy", &mut open("y"));
    let mut stage = streaming();
    snapshot("overlay-confirm", stage.keys("q"));
}

const SYSTEM: &str = "You judge one answer by one rubric.\n\nRead the case, weigh only what the rubric names, and say whether the answer satisfies it.";

const CASE: &str = r#"{
  "rubric": "The sentiment fits the message, and the confidence is not higher than the message warrants.",
  "input": "My parcel never came and nobody answers",
  "answer": "negative, 0.92"
}"#;

const VERDICT: &str = r#"{"pass": true, "score": 0.9, "reason": "The message is plainly a complaint."}"#;

#[test]
fn what_a_judge_was_asked_and_said() {
    let judge = RunId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0021));
    let other = RunId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0022));
    let rule = Rule::Check("llm-rubric".to_owned());
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.run().wait(30).begins("gpt-4o-mini").wait(900);
    let runs = vec![judge, other];
    stage.tell("gpt-4o-mini", RunEvent::Judged { verdict: 4, rule, runs, cost: Cost::Known(PicoDollars(90_000_000)) });
    stage.ends("gpt-4o-mini", answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18)));
    snapshot("xray-judged", stage.keys("answers o"));
    let mut record =
        history::record(0x21, stage.now().time, answered("claude-haiku-4-5", VERDICT, 1300, 400, (305, 41)));
    record.run = judge;
    let message = |role, content: &str| Message::of(role, content);
    let prepared = RunEvent::Prepared {
        run: judge,
        started: stage.now().time,
        key: "51c07be4d2a98f3361aa".to_owned(),
        messages: vec![message(Role::System, SYSTEM), message(Role::User, CASE)],
        params: Params { temperature: Some(0.0), ..Params::default() },
        notices: Vec::new(),
    };
    let steps = [prepared, RunEvent::Cache { lookup: Lookup::Miss }];
    record.timeline = steps.map(|event| TimedEvent { at: std::time::Duration::from_millis(2), event }).into();
    stage.keys("J").answer(|job| matches!(job, StoreRequest::OpenRun(_)), StoreReply::Run(Box::new(record)));
    snapshot("xray-judge-run", &mut stage);
}

#[test]
fn the_judge_s_tab_says_how_far_it_agrees_with_people_or_that_nobody_knows() {
    let judge = RunId(uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0021));
    let rule = Rule::Check("llm-rubric".to_owned());
    let check = |table| CheckFigures {
        name: "llm-rubric".to_owned(),
        pass: None,
        inconclusive: 0,
        agreement: JudgeAgreement::of("llm-rubric", table),
    };
    for (name, table, words) in [
        (
            "graded",
            Confusion { both: 85, judge_alone: 5, person_alone: 5, neither: 5 },
            "agrees with people on 90% of 100",
        ),
        ("ungraded", Confusion::default(), "is graded, so nobody knows"),
    ] {
        let mut stage = Stage::open(&["gpt-4o-mini"]);
        stage.screen(120, 40);
        stage.run().wait(30).begins("gpt-4o-mini").wait(900);
        let (runs, cost) = (vec![judge], Cost::Known(PicoDollars(90_000_000)));
        stage.tell("gpt-4o-mini", RunEvent::Judged { verdict: 4, rule: rule.clone(), runs, cost });
        stage.ends("gpt-4o-mini", answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18)));
        let mut record =
            history::record(0x21, stage.now().time, answered("claude-haiku-4-5", VERDICT, 1300, 400, (305, 41)));
        record.run = judge;
        stage
            .keys("answers o J")
            .answer(|job| matches!(job, StoreRequest::OpenRun(_)), StoreReply::Run(Box::new(record)));
        let report = QualityReport { checks: vec![check(table)], ..crate::support::quality::report() };
        stage.answer(|job| matches!(job, StoreRequest::Report(_)), StoreReply::Report(Box::new(report)));
        let seen = text(&stage.screen(120, 40));
        assert!(seen.contains(words), "{name}: {seen}");
        if name == "graded" {
            assert!(seen.contains("kappa 0.44") && seen.contains("AC1 0.88"), "{seen}");
            assert!(seen.contains("5 of 10\n"), "{seen}");
            snapshot("xray-judge-people", &mut stage);
        }
    }
}

#[test]
fn the_list_of_models_says_how_keys_stand() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    let state = |label: &str, state| KeyState {
        provider: "openai".to_owned(),
        label: label.to_owned(),
        account: label.to_owned(),
        state,
    };
    let until = stage.now().time + jiff::SignedDuration::from_secs(42);
    let dead = Readiness::Retired { until, why: "API key rejected".to_owned() };
    let account = AccountState {
        provider: "openai".to_owned(),
        account: "env:A".to_owned(),
        under_way: 4,
        waiting: 2,
        concurrency: Some(4),
        requests: 12,
        tokens: 0,
        rests: None,
        limits: AccountLimits { concurrency: Some(8), requests_per_minute: Some(60), ..AccountLimits::default() },
    };
    let keys = vec![state("env:A", Readiness::Ready), state("env:B", dead)];
    stage.keys("m").send(Event::Keys(keys, vec![account]));
    snapshot("overlay-models-accounts", &mut stage);
    let screen = text(&stage.screen(80, 24));
    assert!(screen.contains("keys of openai: env:A ready · env:B rests 42 s: API key rejected"), "{screen}");
}

/// What is known of the stage's providers: Anthropic has no key, the local server serves two models, one is a favourite.
fn model_facts() -> ModelFacts {
    let served = |id: &str| ServedModel { id: id.to_owned(), shutdown: None };
    ModelFacts {
        missing_keys: [("anthropic".to_owned(), "ANTHROPIC_API_KEY".to_owned())].into(),
        served: [("here".to_owned(), vec![served("qwen2.5-0.5b-instruct"), served("smollm2-135m")])].into(),
        favourites: ["gpt-4".to_owned(), "claude-haiku-4-5".to_owned()].into(),
        recent: vec!["local".to_owned()],
    }
}

#[test]
fn the_list_of_models_has_what_can_be_asked_first_and_fills_in_as_answers_come() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(120, 40);
    stage.keys("m").send(Event::Models(Box::new(model_facts())));
    snapshot("overlay-models-facts", &mut stage);
    let screen = text(&stage.screen(120, 40));
    let at = |words: &str| screen.find(words).unwrap_or_else(|| panic!("{words}: {screen}"));
    assert!(at("* gpt-4 ") < at("local ") && at("local ") < at("here/smollm2-135m"));
    assert!(at("here/smollm2-135m") < at("set ANTHROPIC_API_KEY"));
    assert!(at("set ANTHROPIC_API_KEY") < at("no key, no network"));
    assert!(!screen.contains("claude-2 "), "what is gone is only there for who searches it: {screen}");
    stage.send(Event::Served("openai".to_owned(), vec![ServedModel { id: "gpt-new".to_owned(), shutdown: None }]));
    let screen = text(&stage.screen(120, 40));
    assert!(screen.contains("▌"), "{screen}");
    let screen = text(&stage.types("new").screen(120, 40));
    assert!(screen.contains("openai/gpt-new"), "{screen}");
    stage.keys("ctrl-u");
    snapshot("overlay-models-searched", stage.types("claude"));
    assert!(text(&stage.screen(120, 40)).contains("retired 2025-07-21"));
}
