//! No old answer looks like a current one: whatever changes what is asked makes it old, undoing that makes it current,
//! and walking brings the stored ones.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use retort::{
    app::{
        Effect, Event, Ticket,
        action::{Action, BenchAction},
        workbench::{Focus, freshness::JudgedBy, lane::RunPhase},
    },
    eval::Review,
    model::{
        AnswerSource, Check, CheckKind, Format, Freshness, Grade, Input, LaneSpec, NamedInput, Outcome, Params, Prompt,
        Quality, Role, Rule, RunId, Session, Status, Turn, Verdict, VersionId,
        error::StoreError,
        freshness::Change,
        query::What,
        quirk::{KnownQuirks, ModelPlace, ModelQuirk},
        run_facts::RunFacts,
    },
    pipeline::{TimedEvent, event::RunEvent, ports::RunRecord},
    store::api::{AnswerQuestion, Results, StoreReply, StoreRequest, StoredAnswer, VersionEntry},
};

use crate::support::bench::{Bench, attempt, ended, outcome, prepared, start};

fn prompt(system: &str) -> Prompt {
    let mut prompt = Prompt { system: system.to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() };
    prompt.messages = vec![Turn::of(Role::User, "late"), Turn::of(Role::Assistant, "negative")];
    prompt
}

fn run_id(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

fn passed() -> Quality {
    Quality::of(vec![Verdict::new(Rule::Finish, Status::Passed, "stop")])
}

fn answer(text: &str, run: RunId) -> Outcome {
    Outcome { run, quality: Some(passed()), ..outcome(text) }
}

/// Runs what is on the bench and ends the run with an answer.
fn answers(bench: &mut Bench, text: &str, run: RunId) {
    let ticket = bench.run();
    bench.tell(ticket, prepared(run));
    bench.tell(ticket, ended(answer(text, run)));
    bench.take();
    bench.recalls.clear();
}

/// A bench with a prompt of four messages and its answer.
fn answered() -> Bench {
    let mut bench = Bench::new();
    bench.app.bench.put(Some("triage".to_owned()), &prompt("Label it."));
    bench.app.bench.input.set("It never came");
    bench.send(Event::Tick);
    answers(&mut bench, "negative", run_id(1));
    assert_eq!(stands(&bench), Freshness::Current);
    bench
}

fn stands(bench: &Bench) -> Freshness {
    bench.shown(0).answer_state.freshness.clone()
}

fn stale(change: Change) -> Freshness {
    Freshness::Stale(vec![change])
}

/// What the lane says its answer is from, three minutes after it was given.
fn from(bench: &Bench) -> String {
    let now: Timestamp = "2026-03-01T12:03:00Z".parse().unwrap();
    let words = bench.app.bench.stale_words(bench.shown(0), now);
    words.map_or_else(String::new, |words| format!("{} · {}. {}", words.from, words.since, words.changed))
}

fn act(bench: &mut Bench, action: BenchAction) {
    bench.send(Event::Do(Action::Bench(action)));
}

fn on(bench: &mut Bench, focus: Focus, keys: &str) {
    bench.app.bench.focus_on(focus);
    bench.keys(keys);
}

/// The questions that were asked of the record last, with the ticket.
fn asked(bench: &mut Bench) -> Option<(Ticket, Vec<AnswerQuestion>)> {
    let recalls = std::mem::take(&mut bench.recalls);
    recalls.into_iter().rev().find_map(|(ticket, request)| match request {
        StoreRequest::StoredAnswers(questions) => Some((ticket, questions)),
        _ => None,
    })
}

/// A run on record that is the answer to a question.
pub(crate) fn stored(question: &AnswerQuestion, text: &str, run: RunId) -> StoredAnswer {
    let AnswerSource { prompt, input, target, .. } = &*question.source;
    let outcome = Outcome { requested: target.clone(), target: target.clone(), ..answer(text, run) };
    let record = RunRecord {
        run,
        started: "2026-03-01T11:51:00Z".parse().unwrap(),
        session: Some("default".to_owned()),
        prompt_name: Some("triage".to_owned()),
        prompt: (**prompt).clone(),
        sample: question.sample,
        provider: "demo".to_owned(),
        input: (**input).clone(),
        outcome: Outcome { model: question.source.model.clone(), ..outcome },
        pace: None,
        timeline: vec![TimedEvent { at: Duration::ZERO, event: prepared(run) }],
        cell: None,
        trace: None,
    };
    StoredAnswer { record, grade: Grade { stars: Some(4), ..Grade::default() } }
}

/// Answers the questions asked last with what the record has.
fn recalls(bench: &mut Bench, text: &str, run: RunId) -> Vec<AnswerQuestion> {
    let (ticket, questions) = asked(bench).unwrap();
    let found = questions.iter().map(|question| Some(stored(question, text, run))).collect();
    bench.answer(ticket, Ok(StoreReply::StoredAnswers(found)));
    questions
}

#[test]
fn typing_into_any_message_makes_the_answer_old_at_the_first_letter_and_undo_makes_it_current() {
    for at in 0..4 {
        let mut bench = answered();
        on(&mut bench, Focus::Message(at), "ix");
        assert_eq!(stands(&bench), stale(Change::Prompt), "message {at}");
        assert!(bench.recalls.iter().all(|(_, ask)| matches!(ask, StoreRequest::VersionOrder(_))), "not while typing");
        bench.keys("<esc>u");
        assert_eq!(stands(&bench), Freshness::Current, "message {at}");
        assert_eq!(bench.answer_of(0), "negative");
    }
}

#[test]
fn the_version_that_an_old_answer_is_from_has_its_number() {
    let mut bench = answered();
    on(&mut bench, Focus::Message(0), "ix<esc>");
    assert_eq!(from(&bench), "another version · 3 min ago. The prompt has changed.");
    let order = |(ticket, request): &(Ticket, StoreRequest)| {
        matches!(request, StoreRequest::VersionOrder(_)).then_some(*ticket)
    };
    let ticket = bench.recalls.iter().find_map(order).unwrap();
    let versions = vec![VersionId("0".to_owned()), VersionId::of(&prompt("Label it."))];
    bench.answer(ticket, Ok(StoreReply::VersionOrder(versions)));
    assert_eq!(from(&bench), "version 2 · 3 min ago. The prompt has changed.");
    bench.recalls.clear();
    bench.keys("iy<esc>");
    assert!(bench.recalls.iter().all(|recall| order(recall).is_none()), "it is asked for once");
}

#[test]
fn a_message_added_muted_or_moved_makes_the_answer_old() {
    let mut bench = answered();
    on(&mut bench, Focus::Message(2), "");
    act(&mut bench, BenchAction::AddMessage);
    assert_eq!(stands(&bench), Freshness::Current, "an empty message is not sent");
    bench.keys("ix<esc>");
    assert_eq!(stands(&bench), stale(Change::Prompt), "one with a text is");

    let mut bench = answered();
    on(&mut bench, Focus::Message(1), "");
    act(&mut bench, BenchAction::MuteMessage);
    assert_eq!(stands(&bench), stale(Change::Prompt));
    act(&mut bench, BenchAction::MuteMessage);
    assert_eq!(stands(&bench), Freshness::Current);

    act(&mut bench, BenchAction::MessageDown);
    assert_eq!(stands(&bench), stale(Change::Prompt));
    act(&mut bench, BenchAction::MessageUp);
    assert_eq!(stands(&bench), Freshness::Current);

    act(&mut bench, BenchAction::RemoveMessage);
    assert_eq!(stands(&bench), stale(Change::Prompt));
    bench.keys("u");
    assert_eq!(stands(&bench), Freshness::Current);
}

#[test]
fn another_form_of_answer_or_another_schema_makes_the_answer_old() {
    let mut bench = answered();
    bench.app.bench.response.format = Format::Json;
    bench.app.bench.touch();
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), stale(Change::Prompt));
    answers(&mut bench, "{}", run_id(2));
    assert_eq!(stands(&bench), Freshness::Current);
    bench.app.bench.response.schema = Some(serde_json::json!({"type": "object"}));
    bench.app.bench.touch();
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), stale(Change::Prompt));
}

#[test]
fn other_parameters_of_the_prompt_or_of_the_lane_make_the_answer_old() {
    let mut bench = answered();
    bench.keys("p<c-u>0.9<enter>");
    assert_eq!(bench.app.bench.params.temperature, Some(0.9));
    assert_eq!(stands(&bench), stale(Change::Params));
    assert_eq!(from(&bench), "other parameters · 3 min ago. The parameters have changed.");
    bench.app.bench.params.temperature = None;
    bench.app.bench.touch();
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), Freshness::Current);

    let own = Params { seed: Some(7), ..Params::default() };
    bench.app.bench.put_lane(0, LaneSpec { params: own, ..LaneSpec::from("demo") });
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), stale(Change::Params));
    bench.app.bench.put_lane(0, LaneSpec::from("demo"));
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), Freshness::Current);
}

#[test]
fn another_input_or_value_of_a_variable_makes_the_answer_old() {
    let mut bench = answered();
    on(&mut bench, Focus::Input, "ix");
    assert_eq!(stands(&bench), stale(Change::Input));
    assert_eq!(from(&bench), "another input · 3 min ago. The input has changed.");
    bench.keys("<esc>u");
    assert_eq!(stands(&bench), Freshness::Current);
    let mut bench = asked_for_real(&prompt("Be {{ tone }}."));
    let tone = |bench: &mut Bench, tone: &str| {
        bench.app.bench.vars.insert("tone".to_owned(), tone.into());
        bench.app.bench.touch();
        bench.send(Event::Tick);
    };
    tone(&mut bench, "kind");
    answers(&mut bench, "negative", run_id(1));
    tone(&mut bench, "stern");
    assert_eq!(stands(&bench), stale(Change::Input));
    tone(&mut bench, "kind");
    assert_eq!(stands(&bench), Freshness::Current);
}

#[test]
fn another_model_leaves_the_answer_in_the_lane_as_one_of_the_model_before() {
    let mut bench = answered();
    bench.app.bench.put_lane(0, LaneSpec::from("gpt-4o-mini"));
    bench.send(Event::Tick);
    assert_eq!((stands(&bench), bench.answer_of(0).as_str()), (stale(Change::Model), "negative"));
    assert_eq!(from(&bench), "demo · 3 min ago. The model has changed.");
    let (_, questions) = asked(&mut bench).unwrap();
    assert_eq!(questions[0].source.target, "gpt-4o-mini");
    bench.app.bench.put_lane(0, LaneSpec::from("demo"));
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), Freshness::Current);
}

#[test]
fn several_changes_are_all_named() {
    let mut bench = answered();
    bench.app.bench.put_lane(0, LaneSpec::from("gpt-4o-mini"));
    on(&mut bench, Focus::Input, "ix<esc>");
    let says = "another input, demo · 3 min ago. The input and the model have changed.";
    assert_eq!(from(&bench), says);
}

#[test]
fn an_edit_during_a_run_marks_what_streams_and_a_new_run_is_current() {
    let mut bench = answered();
    let ticket = bench.run();
    on(&mut bench, Focus::Message(0), "ix<esc>");
    assert_eq!(stands(&bench), stale(Change::Prompt));
    bench.tell(ticket, ended(answer("late", run_id(2))));
    assert_eq!((stands(&bench), bench.answer_of(0).as_str()), (stale(Change::Prompt), "late"));
    answers(&mut bench, "new", run_id(3));
    assert_eq!(stands(&bench), Freshness::Current);
}

#[test]
fn other_checks_leave_the_answer_current_and_judge_it_again() {
    let mut bench = answered();
    let longer = Check { value: Some(serde_json::json!("positive")), ..Check::of(CheckKind::Contains) };
    bench.app.bench.checks.push(longer);
    bench.app.bench.touch();
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), Freshness::Current);
    assert_eq!(bench.shown(0).answer_state.judged_by, JudgedBy::Bench);
    let status = |bench: &Bench| bench.shown(0).quality.as_ref().map(Quality::status);
    assert_eq!(status(&bench), Some(retort::model::RunStatus::Failed), "judged by the checks of now");
    bench.app.bench.checks.clear();
    bench.app.bench.touch();
    bench.send(Event::Tick);
    assert_eq!(bench.shown(0).answer_state.judged_by, JudgedBy::Own);
    assert_eq!(bench.shown(0).quality, Some(passed()), "the verdicts that came with it are there again");
    assert!(bench.started().is_empty(), "nothing was asked of a provider");
}

fn entries(prompts: &[Prompt]) -> Vec<VersionEntry> {
    let entry = |prompt: &Prompt| VersionEntry {
        id: VersionId::of(prompt),
        made: "2026-03-01T11:00:00Z".parse().unwrap(),
        name: None,
        parent: None,
        prompt: prompt.version(),
        results: Results::default(),
    };
    prompts.iter().map(entry).collect()
}

#[test]
fn walking_versions_brings_the_stored_answer_of_each_without_a_call() {
    let mut bench = answered();
    on(&mut bench, Focus::Message(0), "ix<esc>");
    answers(&mut bench, "second", run_id(2));
    let all = entries(&[prompt("xLabel it."), prompt("Label it.")]);
    bench.keys("<prompt>,");
    let (ticket, request) = bench.jobs().pop().unwrap();
    assert!(matches!(request, StoreRequest::ListVersions { .. }), "{request:?}");
    bench.answer(ticket, Ok(StoreReply::Versions(all.clone())));
    assert_eq!(stands(&bench), stale(Change::Prompt), "until the record answers");
    let questions = recalls(&mut bench, "negative", run_id(1));
    assert_eq!((questions[0].source.prompt.system.as_str(), questions[0].run), ("Label it.", None));
    assert_eq!((stands(&bench), bench.answer_of(0).as_str()), (Freshness::Current, "negative"));
    let run = bench.shown(0);
    assert_eq!((run.state.clone(), run.grade.stars, run.run()), (RunPhase::Done, Some(4), Some(run_id(1))));
    assert!(run.origin.as_ref().is_some_and(|origin| origin.stored), "and is marked as stored");
    bench.keys("<prompt>.");
    let (ticket, _) = bench.jobs().pop().unwrap();
    bench.answer(ticket, Ok(StoreReply::Versions(all)));
    let (ticket, _) = asked(&mut bench).unwrap();
    bench.answer(ticket, Ok(StoreReply::StoredAnswers(vec![None])));
    assert_eq!(stands(&bench), stale(Change::Prompt), "what the record has not stays old");
    assert!(bench.effects.iter().all(|effect| !matches!(effect, Effect::Start(..))));
}

#[test]
fn walking_inputs_brings_the_stored_answer_of_each() {
    let mut bench = answered();
    bench.app.bench.add_input(&NamedInput { name: String::new(), input: Input::of("It came early") });
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), stale(Change::Input));
    let questions = recalls(&mut bench, "positive", run_id(2));
    assert_eq!(questions[0].source.input.text, "It came early");
    assert_eq!((stands(&bench), bench.answer_of(0).as_str()), (Freshness::Current, "positive"));
    act(&mut bench, BenchAction::PreviousInput);
    assert_eq!(stands(&bench), stale(Change::Input));
    let questions = recalls(&mut bench, "negative", run_id(1));
    assert_eq!(questions[0].source.input.text, "It never came");
    assert_eq!((stands(&bench), bench.answer_of(0).as_str()), (Freshness::Current, "negative"));
}

#[test]
fn a_prompt_that_is_opened_brings_its_answers_and_leaves_no_other_as_its_own() {
    let mut bench = answered();
    bench.app.bench.put(Some("other".to_owned()), &prompt("Translate it."));
    bench.send(Event::Tick);
    assert_eq!(stands(&bench), stale(Change::Prompt));
    assert_eq!(from(&bench), "prompt triage · 3 min ago. The prompt has changed.");
    recalls(&mut bench, "übersetzt", run_id(5));
    assert_eq!((stands(&bench), bench.answer_of(0).as_str()), (Freshness::Current, "übersetzt"));
}

#[test]
fn an_answer_from_the_record_takes_no_place_that_has_moved_on() {
    let mut bench = answered();
    on(&mut bench, Focus::Input, "ix<esc>");
    let (ticket, questions) = asked(&mut bench).unwrap();
    bench.keys("u");
    assert_eq!(stands(&bench), Freshness::Current);
    let late = vec![Some(stored(&questions[0], "late", run_id(9)))];
    bench.answer(ticket, Ok(StoreReply::StoredAnswers(late)));
    assert_eq!(bench.answer_of(0), "negative", "the answer that is current stays");
    on(&mut bench, Focus::Input, "ixy<esc>");
    let (ticket, questions) = asked(&mut bench).unwrap();
    bench.run();
    let late = vec![Some(stored(&questions[0], "late", run_id(9)))];
    bench.answer(ticket, Ok(StoreReply::StoredAnswers(late)));
    assert!(bench.shown(0).ticket.is_some(), "and so does a run under way");
}

fn saved(bench: &mut Bench) -> Session {
    bench.pass(Duration::from_secs(2));
    let session = |(_, job)| match job {
        StoreRequest::SaveSession(session) => Some(*session),
        _ => None,
    };
    bench.jobs().into_iter().rev().find_map(session).unwrap()
}

/// Starts again with a session as its file has it.
fn restarted(session: &Session) -> Bench {
    let mut again = start();
    again.session = Some(toml::from_str(&toml::to_string(session).unwrap()).unwrap());
    Bench::with(again)
}

#[test]
fn a_restart_brings_the_last_answer_with_its_xray_and_grade_as_one_from_the_record() {
    let mut bench = answered();
    bench.app.bench.touch();
    bench.send(Event::Tick);
    let session = saved(&mut bench);
    assert_eq!(session.answers.first().map(|answer| answer.run), Some(run_id(1)));
    let mut back = restarted(&session);
    let questions = recalls(&mut back, "negative", run_id(1));
    assert_eq!(questions[0].run, Some(run_id(1)));
    assert_eq!((stands(&back), back.answer_of(0).as_str()), (Freshness::Current, "negative"));
    assert_eq!((back.shown(0).grade.stars, back.shown(0).quality.clone()), (Some(4), Some(passed())));
    assert_eq!(back.shown(0).timeline.len(), 2, "its X-ray");
    assert!(back.started().is_empty());
}

#[test]
fn a_restart_after_an_edit_brings_the_answer_as_an_old_one() {
    let mut bench = answered();
    on(&mut bench, Focus::Message(0), "ix<esc>");
    let session = saved(&mut bench);
    let mut back = restarted(&session);
    let (ticket, questions) = asked(&mut back).unwrap();
    let source = AnswerSource { prompt: Arc::new(prompt("Label it.")), ..(*questions[0].source).clone() };
    let question = AnswerQuestion { source: Arc::new(source), ..questions[0].clone() };
    // The first letter comes before the record has answered.
    on(&mut back, Focus::Message(0), "iy");
    let found = vec![Some(stored(&question, "negative", run_id(1)))];
    back.answer(ticket, Ok(StoreReply::StoredAnswers(found)));
    assert_eq!((stands(&back), back.answer_of(0).as_str()), (stale(Change::Prompt), "negative"));
    assert_eq!(back.app.bench.session(back.app.shared.now).answers, session.answers, "and the next start, too");
}

#[test]
fn a_restart_brings_the_figures_of_the_session() {
    let mut bench = Bench::new();
    let jobs = bench.jobs();
    let of_session = |request: &StoreRequest| match request {
        StoreRequest::Review(query) => {
            query.filters.iter().any(|filter| filter.what == What::Session("default".to_owned()))
        }
        _ => false,
    };
    let ticket = jobs.iter().find(|(_, request)| of_session(request)).unwrap().0;
    let run = bench.run();
    bench.tell(run, ended(outcome("early")));
    let mut review = Review::default();
    (0..12).for_each(|_| review.take(&RunFacts::default()));
    bench.answer(ticket, Ok(StoreReply::Review(Box::new(review))));
    assert_eq!((bench.figures().runs, bench.app.shared.metrics.before), (13, 12));
    let run = bench.run();
    bench.tell(run, ended(outcome("late")));
    assert_eq!((bench.figures().runs, bench.app.shared.metrics.before), (14, 12));
}

#[test]
fn an_old_answer_is_not_compared_with_a_current_one() {
    let mut bench = Bench::of(&["demo", "demo"]);
    bench.send(Event::Tick);
    bench.take();
    bench.keys("<f5>");
    for (ticket, _) in bench.started() {
        bench.tell(ticket, ended(answer("same", run_id(1))));
    }
    bench.keys("<answers>");
    bench.keys("d");
    let differs = |bench: &Bench| match bench.app.bench.relation(bench.lane(1)) {
        Some(retort::app::workbench::compare::LaneRelation::Differs(_)) => "compared".to_owned(),
        Some(retort::app::workbench::compare::LaneRelation::Waits(why)) => why.to_owned(),
        other => format!("{other:?}"),
    };
    assert_eq!(differs(&bench), "compared");
    bench.app.bench.put_lane(1, LaneSpec::from("gpt-4o-mini"));
    bench.send(Event::Tick);
    assert_eq!(differs(&bench), "old answer: not compared");
    bench.app.bench.put_lane(1, LaneSpec::from("demo"));
    on(&mut bench, Focus::Input, "ix<esc>");
    assert_eq!(differs(&bench), "compared", "two old answers to the same are");
}

#[test]
fn what_is_copied_or_graded_of_an_old_answer_says_so() {
    let mut bench = answered();
    on(&mut bench, Focus::Input, "ix<esc>");
    on(&mut bench, Focus::Lane(0), "v");
    assert_eq!(bench.says(), "this grades the old answer, from another input · just now");
}

/// A bench whose lane asks a real model, with a fallback, and its answer.
fn asked_for_real(prompt: &Prompt) -> Bench {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    bench.app.bench.put(Some("triage".to_owned()), prompt);
    bench.app.bench.input.set("It never came");
    bench.send(Event::Tick);
    bench
}

#[test]
fn a_fallback_s_answer_that_a_person_asked_for_is_current_after_a_restart_too() {
    let with_fallback = Prompt { fallback: vec!["demo".to_owned()], ..prompt("Label it.") };
    let mut bench = asked_for_real(&with_fallback);
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id(1)));
    bench.tell(ticket, attempt(1, "gpt-4o-mini"));
    let name = || "gpt-4o-mini".to_owned();
    let stopped = Outcome { requested: name(), target: name(), ..answer("", run_id(1)) };
    bench.tell(ticket, ended(Outcome { end: retort::model::RunEnd::Cancelled, ..stopped }));
    bench.take();
    on(&mut bench, Focus::Lane(0), "F");
    let (ticket, request) = bench.started().pop().unwrap();
    assert_eq!(request.targets[0].name, "demo");
    bench.tell(ticket, prepared(run_id(2)));
    bench.tell(ticket, ended(Outcome { requested: "demo".to_owned(), ..answer("negative", run_id(2)) }));
    assert_eq!(stands(&bench), Freshness::Current);
    let mut back = restarted(&saved(&mut bench));
    let (ticket, questions) = asked(&mut back).unwrap();
    assert_eq!(questions[0].run, Some(run_id(2)));
    let mut found = stored(&questions[0], "negative", run_id(2));
    found.record.outcome.requested = "demo".to_owned();
    found.record.outcome.target = "demo".to_owned();
    back.answer(ticket, Ok(StoreReply::StoredAnswers(vec![Some(found)])));
    assert_eq!((stands(&back), back.answer_of(0).as_str()), (Freshness::Current, "negative"));
    let session = saved(&mut back);
    assert!(session.answers[0].instead_of.is_some(), "and after the next one");
    back.app.bench.put_lane(0, LaneSpec::from("gpt-4o"));
    back.send(Event::Tick);
    assert_eq!(stands(&back), stale(Change::Model), "another model is another one all the same");
}

#[test]
fn a_variable_that_is_not_sent_leaves_the_answer_current_and_the_checks_see_it() {
    let mut bench = answered();
    let says = Check { value: Some(serde_json::json!("{{ word }}")), ..Check::of(CheckKind::Contains) };
    bench.app.bench.vars.insert("word".to_owned(), "negative".into());
    bench.app.bench.checks.push(says);
    bench.app.bench.touch();
    bench.send(Event::Tick);
    let status = |bench: &Bench| bench.shown(0).quality.as_ref().map(Quality::status);
    assert_eq!((stands(&bench), status(&bench)), (Freshness::Current, Some(retort::model::RunStatus::Passed)));
    bench.app.bench.vars.insert("word".to_owned(), "positive".into());
    bench.app.bench.touch();
    bench.send(Event::Tick);
    assert_eq!((stands(&bench), status(&bench)), (Freshness::Current, Some(retort::model::RunStatus::Failed)));
    on(&mut bench, Focus::Message(0), "i{{ word }}<esc>");
    assert_eq!(stands(&bench), Freshness::Stale(vec![Change::Prompt, Change::Input]), "asked for, it counts");
}

#[test]
fn what_a_refusal_has_taught_leaves_the_answer_it_led_to_current() {
    let mut asks = prompt("Label it.");
    asks.params = Params { max_tokens: Some(9000), top_p: Some(0.5), ..Params::default() };
    let mut bench = asked_for_real(&asks);
    let ticket = bench.run();
    let before = Params { temperature: Some(0.3), max_tokens: Some(9000), top_p: Some(0.5), ..Params::default() };
    let after = Params { max_tokens: Some(4096), top_p: None, ..before.clone() };
    let with = |event: RunEvent, sent: &Params| match event {
        RunEvent::Attempt { number, target, provider, model, key, cache_key, notices, .. } => {
            RunEvent::Attempt { number, target, provider, model, key, params: sent.clone(), cache_key, notices }
        }
        RunEvent::Prepared { run, started, key, messages, notices, .. } => {
            RunEvent::Prepared { run, started, key, messages, params: sent.clone(), notices }
        }
        event => event,
    };
    let timeline = [
        with(prepared(run_id(1)), &before),
        with(attempt(1, "gpt-4o-mini"), &before),
        with(attempt(2, "gpt-4o-mini"), &after),
    ];
    for event in &timeline {
        bench.tell(ticket, event.clone());
    }
    let target = bench.app.shared.catalog.resolve("gpt-4o-mini").unwrap();
    let mut quirks = KnownQuirks::default();
    quirks.add(ModelPlace::of(&target), ModelQuirk::NoParam("top_p".to_owned()));
    quirks.add(ModelPlace::of(&target), ModelQuirk::MaxTokens(4096));
    bench.send(Event::Quirks(Box::new(quirks.clone())));
    let outcome = Outcome { requested: "gpt-4o-mini".to_owned(), ..answer("negative", run_id(1)) };
    bench.tell(ticket, ended(Outcome { target: "gpt-4o-mini".to_owned(), ..outcome }));
    assert_eq!(stands(&bench), Freshness::Current);
    bench.keys("<prompt>ix<esc>u");
    assert_eq!(stands(&bench), Freshness::Current, "after an edit that was undone, too");

    let mut back = restarted(&saved(&mut bench));
    let (ticket, questions) = asked(&mut back).unwrap();
    let mut found = stored(&questions[0], "negative", run_id(1));
    found.record.timeline = timeline.map(|event| TimedEvent { at: Duration::ZERO, event }).into();
    back.answer(ticket, Ok(StoreReply::StoredAnswers(vec![Some(found)])));
    back.send(Event::Quirks(Box::new(quirks)));
    assert_eq!((stands(&back), back.answer_of(0).as_str()), (Freshness::Current, "negative"));
}

#[test]
fn a_session_that_is_renamed_takes_its_runs_and_figures_along() {
    let mut bench = answered();
    act(&mut bench, BenchAction::RenameSession);
    bench.take();
    bench.keys("<c-u>mine<enter>");
    let renames =
        |(ticket, job): (Ticket, StoreRequest)| matches!(job, StoreRequest::RenameSession { .. }).then_some(ticket);
    let ticket = bench.jobs().into_iter().find_map(renames).unwrap();
    bench.answer(ticket, Ok(StoreReply::SessionRenamed("mine".to_owned())));
    let moves = StoreRequest::MoveRuns { from: "default".to_owned(), to: "mine".to_owned() };
    let jobs = bench.jobs();
    let (ticket, _) = jobs.iter().find(|(_, job)| *job == moves).unwrap();
    bench.answer(*ticket, Err(StoreError::new("the record is busy")));
    assert_eq!(bench.says(), "the record is busy", "and says so where that fails");
}
