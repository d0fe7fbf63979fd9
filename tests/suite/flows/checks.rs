//! The checks in the interface: added, filled in, tried on the answers there are, turned off, removed, saved.

use retort::{
    app::{
        App, Effect, Event, ScreenId,
        overlays::{
            Overlay,
            checks::{ChecksEditor, ChecksMode, trial::RuleCounts},
        },
        workbench::{Focus, document::Section, freshness::JudgedBy},
    },
    eval::rules::RulePlace,
    model::{
        Check, CheckKind, Format, Freshness, Input, Prompt, Response, ResponseRule, RunId, RunStatus, Status,
        error::StoreError,
    },
    store::api::{StoreReply, StoreRequest},
};

use crate::support::{
    bench::{Bench, ended, outcome, prepared},
    checks::{Stored, judged},
};

fn run_id(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

/// A prompt that asks for a label with a confidence.
fn triage() -> Prompt {
    Prompt {
        system: "Label it as JSON.".to_owned(),
        user: "{{ input }}".to_owned(),
        response: Response {
            format: Format::Json,
            required: vec!["label".to_owned()],
            confidence: Some("/c".to_owned()),
            min_confidence: Some(0.5),
            ..Response::default()
        },
        checks: vec![Check::of(CheckKind::Contains).with("label")],
        ..Prompt::default()
    }
}

/// Ten stored answers of confidence 0.0, 0.1, … 0.9; the even ones say `late`.
pub(crate) fn stored() -> Vec<Stored> {
    let answer = |number: u32| {
        let label = if number.is_multiple_of(2) { "late" } else { "broken" };
        let text = format!("{{\"label\":\"{label}\",\"c\":0.{number}}}");
        (run_id(u128::from(number) + 100), outcome(&text), Input::of("It never came"))
    };
    (0..10).map(answer).collect()
}

/// Answers what the checks ask of the record, until they ask no more.
pub(crate) fn settle(bench: &mut Bench, stored: &[Stored]) {
    loop {
        let (asked, others): (Vec<_>, Vec<_>) = bench.take().into_iter().partition(|effect| match effect {
            Effect::Store(_, job) => judged(job, stored).is_some(),
            _ => false,
        });
        bench.effects.extend(others);
        if asked.is_empty() {
            return;
        }
        for effect in asked {
            let Effect::Store(ticket, job) = effect else { unreachable!() };
            bench.answer(ticket, judged(&job, stored).unwrap());
        }
    }
}

/// A bench with the prompt and an answer to it, before its checks are opened.
fn answered() -> Bench {
    let mut bench = Bench::new();
    bench.app.bench.put(Some("triage".to_owned()), &triage());
    bench.app.bench.input.set("It never came");
    bench.send(Event::Tick);
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id(1)));
    bench.tell(ticket, ended(outcome("{\"label\":\"late\",\"c\":0.8}")));
    bench.take();
    bench
}

/// The same with its checks open and tried.
pub(crate) fn opened() -> Bench {
    let mut bench = answered();
    bench.keys("C");
    settle(&mut bench, &stored());
    bench
}

fn editor(app: &App) -> &ChecksEditor {
    match app.overlay() {
        Some(Overlay::Checks(editor)) => editor,
        other => panic!("the checks are not open: {other:?}"),
    }
}

fn names(bench: &Bench) -> Vec<String> {
    editor(&bench.app).rows.iter().map(|row| format!("{} {}", row.name, row.rule).trim().to_owned()).collect()
}

fn counts<'a>(bench: &'a Bench, name: &str) -> &'a RuleCounts {
    let editor = editor(&bench.app);
    let row = editor.rows.iter().find(|row| row.name == name).unwrap();
    &editor.trial.sums().rules[&row.id]
}

fn on_bench(bench: &Bench, name: &str) -> (Status, String) {
    let editor = editor(&bench.app);
    let row = editor.rows.iter().find(|row| row.name == name).unwrap();
    let (status, reason) = editor.trial.on_bench(row.place, 0).unwrap();
    (status, reason.to_owned())
}

/// Moves to the rule of a name.
pub(crate) fn go_to(bench: &mut Bench, name: &str) {
    let at = editor(&bench.app).rows.iter().position(|row| row.name == name).unwrap();
    bench.keys("g");
    for _ in 0..at {
        bench.keys("j");
    }
    assert_eq!(editor(&bench.app).chosen().unwrap().name, name);
}

#[test]
fn the_list_has_every_rule_with_what_it_makes_of_stored_answers() {
    let bench = opened();
    assert_eq!(
        names(&bench),
        ["format JSON", "required label", "completeness ≥ 1.00", "confidence /c ≥ 0.50", "contains \"label\""]
    );
    assert_eq!((counts(&bench, "confidence").passed, counts(&bench, "confidence").failed), (5, 5));
    let (run, reason) = counts(&bench, "confidence").first_failure.clone().unwrap();
    assert_eq!((run, reason.as_str()), (run_id(100), "0.00 < minimum 0.50 (the model's own number)"));
    assert_eq!(on_bench(&bench, "contains"), (Status::Passed, "the answer holds `label`".to_owned()));
    assert!(editor(&bench.app).trial.sums().changes.is_empty());
}

#[test]
fn a_check_is_added_and_judged_while_it_is_typed_and_is_the_benchs_once_it_is_kept() {
    let mut bench = opened();
    bench.keys("a");
    assert!(matches!(editor(&bench.app).mode, ChecksMode::Picking(_)));
    bench.keys("contains\nlate");
    settle(&mut bench, &stored());
    let editing = RulePlace::Check(1);
    let found = editor(&bench.app).trial.on_bench(editing, 0).map(|(status, _)| status);
    assert_eq!(found, Some(Status::Passed), "it is judged before enter");
    assert_eq!(bench.app.bench.checks.len(), 1, "and is not there yet");
    bench.keys("\n");
    settle(&mut bench, &stored());
    assert_eq!(bench.app.bench.checks[1], Check::of(CheckKind::Contains).with("late"));
    let rule = editor(&bench.app).chosen().unwrap().clone();
    assert_eq!((rule.name.as_str(), rule.rule.as_str()), ("contains", "\"late\""), "what was added is chosen");
    let new = &editor(&bench.app).trial.sums().rules[&rule.id];
    assert_eq!((new.passed, new.failed, new.known), (5, 5, false));
    let changes = &editor(&bench.app).trial.sums().changes;
    let broken: Vec<_> = changes.iter().map(|change| (change.run, change.before, change.now)).collect();
    let broke = |number| (run_id(number), RunStatus::Passed, RunStatus::Failed);
    assert_eq!(broken, [broke(105), broke(107), broke(109)]);
    bench.keys("<esc>");
    bench.send(Event::Tick);
    assert!(bench.app.overlay().is_none());
    assert_eq!(bench.shown(0).answer_state.freshness, Freshness::Current, "a check makes no answer old");
    let judged = bench.shown(0).quality.as_ref().unwrap();
    assert_eq!(judged.verdicts.last().unwrap().reason, "the answer holds `late`", "and the lane is judged by it");
    assert!(bench.app.bench.dirty(), "the prompt file has it once it is saved");
}

#[test]
fn a_threshold_is_filled_in_and_what_changes_is_listed() {
    let mut bench = opened();
    go_to(&mut bench, "confidence");
    bench.keys("\n<tab><c-u>0.75");
    settle(&mut bench, &stored());
    assert_eq!(counts(&bench, "confidence").passed, 2, "it is tried while it is typed");
    assert_eq!(bench.app.bench.response.min_confidence, Some(0.5));
    bench.keys("\n");
    settle(&mut bench, &stored());
    assert_eq!(bench.app.bench.response.min_confidence, Some(0.75));
    assert_eq!(counts(&bench, "confidence").changed, 3);
    bench.keys("t");
    assert!(matches!(editor(&bench.app).mode, ChecksMode::Changes(0)));
    let reasons: Vec<_> = editor(&bench.app).trial.sums().changes.iter().map(|change| change.reason.clone()).collect();
    assert_eq!(reasons[0], "confidence: 0.50 < minimum 0.75 (the model's own number)");
    bench.keys("<esc>");
    assert!(matches!(editor(&bench.app).mode, ChecksMode::List));
}

#[test]
fn a_form_that_is_left_changes_nothing() {
    let mut bench = opened();
    go_to(&mut bench, "confidence");
    bench.keys("\n<tab><c-u>0.95");
    settle(&mut bench, &stored());
    bench.keys("<esc>");
    settle(&mut bench, &stored());
    assert_eq!(bench.app.bench.response, triage().response);
    assert_eq!(counts(&bench, "confidence").passed, 5, "the answers stand as they did");
    bench.keys("acontains\n<esc>");
    assert_eq!((bench.app.bench.checks.len(), editor(&bench.app).rows.len()), (1, 5));
}

#[test]
fn a_check_that_is_off_stays_and_fails_nothing() {
    let mut bench = opened();
    go_to(&mut bench, "contains");
    bench.keys("\n<c-u>nowhere\n");
    settle(&mut bench, &stored());
    assert_eq!(bench.shown(0).quality.as_ref().unwrap().status(), RunStatus::Failed);
    bench.keys(" ");
    settle(&mut bench, &stored());
    assert!(!bench.app.bench.checks[0].enabled);
    assert_eq!(bench.shown(0).quality.as_ref().unwrap().status(), RunStatus::Passed);
    assert_eq!(counts(&bench, "contains").failed, 10, "what it would do is still shown");
    assert_eq!(editor(&bench.app).trial.sums().passed, 5);
    go_to(&mut bench, "required");
    bench.keys(" ");
    assert_eq!(bench.app.bench.response.off, [ResponseRule::Required]);
    go_to(&mut bench, "format");
    bench.keys(" ");
    assert!(bench.says().contains("always checked"), "{}", bench.says());
}

#[test]
fn what_is_removed_comes_back_with_undo() {
    let mut bench = opened();
    go_to(&mut bench, "required");
    bench.keys("x");
    settle(&mut bench, &stored());
    assert!(bench.app.bench.response.required.is_empty());
    assert_eq!(names(&bench).len(), 3, "completeness goes with the fields");
    go_to(&mut bench, "contains");
    bench.keys("x");
    assert!(bench.app.bench.checks.is_empty());
    bench.keys("uu");
    settle(&mut bench, &stored());
    assert_eq!((&bench.app.bench.response, &bench.app.bench.checks), (&triage().response, &triage().checks));
    assert!(!bench.app.bench.dirty());
    bench.keys("u");
    assert_eq!(bench.says(), "Nothing to undo");
    bench.keys("U");
    assert!(bench.app.bench.response.required.is_empty());
}

#[test]
fn a_wrong_rule_is_told_at_its_field_and_kept_out() {
    let mut bench = opened();
    let error = |bench: &Bench| match &editor(&bench.app).mode {
        ChecksMode::Editing(editing) => {
            let row = &editing.form.rows[editing.form.at];
            (row.label.clone(), row.error.clone().unwrap_or_default())
        }
        other => panic!("no form: {other:?}"),
    };
    bench.keys("aregex\n(\n");
    let (label, why) = error(&bench);
    assert!(label == "pattern" && why.contains("a regular expression without look-around"), "{label}: {why}");
    bench.keys("<c-u>\\d+<tab><tab>-1\n");
    assert_eq!(error(&bench), ("weight".to_owned(), "a number, 0 or more, is expected".to_owned()));
    assert_eq!(bench.app.bench.checks.len(), 1);
    bench.keys("<c-u>2\n");
    assert_eq!(bench.app.bench.checks[1], Check { weight: Some(2.0), ..Check::of(CheckKind::Regex).with("\\d+") });
    bench.keys("alatency\nsoon\n");
    assert_eq!(error(&bench).1, "a number of milliseconds, 0 or more is expected");
}

#[test]
fn a_threshold_is_moved_over_the_stored_answers_and_kept() {
    let mut bench = opened();
    go_to(&mut bench, "contains");
    bench.keys("w");
    assert!(bench.says().contains("no threshold"), "{}", bench.says());
    go_to(&mut bench, "confidence");
    bench.keys("w.");
    settle(&mut bench, &stored());
    let ChecksMode::Moving(moved) = &editor(&bench.app).mode else { panic!("nothing is moved") };
    let (now, then) = moved.before_and_after();
    assert_eq!((now.passes.unwrap().part, then.passes.unwrap().part, then.broken), (5, 4, 1));
    assert_eq!(counts(&bench, "confidence").passed, 4, "they are judged by it at once");
    let chosen = moved.chosen;
    bench.keys("\n");
    assert_eq!(bench.app.bench.response.min_confidence, Some(chosen));
    bench.keys("u");
    assert_eq!(bench.app.bench.response.min_confidence, Some(0.5));
}

#[test]
fn a_pattern_judges_the_lane_too_in_the_background() {
    let mut bench = opened();
    bench.keys("aregex\n^nothing$\n<esc>");
    bench.send(Event::Tick);
    settle(&mut bench, &stored());
    assert_eq!(bench.shown(0).answer_state.judged_by, JudgedBy::Bench);
    assert_eq!(bench.shown(0).quality.as_ref().unwrap().status(), RunStatus::Failed);
    bench.send(Event::Tick);
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::JudgeAnswers(_))), "it is asked once");
}

#[test]
fn what_is_typed_last_is_what_counts() {
    let mut bench = opened();
    go_to(&mut bench, "contains");
    bench.keys("\n<c-u>l");
    let late = bench.jobs();
    bench.keys("z");
    for (ticket, job) in late {
        bench.answer(ticket, judged(&job, &stored()).unwrap());
    }
    settle(&mut bench, &stored());
    assert_eq!(counts(&bench, "contains").passed, 0, "an answer to the letter before is late");
    assert_eq!(on_bench(&bench, "contains").0, Status::Failed);
}

#[test]
fn many_stored_answers_are_judged_a_page_at_a_time_and_no_more_than_the_newest() {
    let mut bench = answered();
    bench.keys("C");
    let many: Vec<Stored> = (0..1500).map(|number| (run_id(number), stored()[3].1.clone(), Input::of(""))).collect();
    let page = |bench: &mut Bench| {
        let jobs = bench.jobs();
        assert!(jobs.len() <= 1, "one page at a time");
        for (ticket, job) in &jobs {
            bench.answer(*ticket, judged(job, &many).unwrap());
        }
        !jobs.is_empty()
    };
    assert!(page(&mut bench) && page(&mut bench), "the bench, then the first page");
    assert_eq!(editor(&bench.app).trial.sums().judged, 100);
    assert!(editor(&bench.app).trial.is_running());
    while page(&mut bench) {}
    let trial = &editor(&bench.app).trial;
    assert_eq!((trial.sums().judged, trial.is_running(), trial.is_cut()), (1000, false, true));
}

#[test]
fn an_error_of_the_record_is_shown_and_an_edit_tries_again() {
    let mut bench = answered();
    bench.keys("C");
    let (ticket, _) = bench.jobs().remove(0);
    bench.answer(ticket, Err(StoreError::new("the record is locked")));
    assert_eq!(editor(&bench.app).trial.error.as_deref(), Some("the record is locked"));
    assert!(bench.jobs().is_empty(), "it is not asked over and over");
    bench.keys("G ");
    settle(&mut bench, &stored());
    assert_eq!(editor(&bench.app).trial.error, None);
    assert_eq!(counts(&bench, "contains").passed, 10);
}

#[test]
fn the_prompt_is_saved_from_the_list_with_its_checks() {
    let mut bench = opened();
    go_to(&mut bench, "contains");
    bench.keys(" <c-s>");
    let saved = bench.jobs().into_iter().find_map(|(ticket, job)| match job {
        StoreRequest::SavePrompt { name, prompt, .. } => Some((ticket, name, prompt)),
        _ => None,
    });
    let (ticket, name, prompt) = saved.expect("the prompt is saved");
    assert_eq!((name.as_str(), prompt.checks[0].enabled), ("triage", false));
    bench.answer(ticket, Ok(StoreReply::PromptSaved { name, path: "triage.toml".into(), file: "f".to_owned() }));
    assert!(!bench.app.bench.dirty());
    editor(&bench.app);
}

#[test]
fn enter_on_the_prompts_line_of_checks_opens_them() {
    let mut bench = answered();
    bench.app.bench.focus_on(Focus::Section(Section::Checks));
    bench.keys("\n");
    editor(&bench.app);
}

#[test]
fn the_checks_are_opened_while_a_text_is_typed_too_and_only_over_the_bench() {
    let mut bench = answered();
    bench.keys("1i<a-C>");
    editor(&bench.app);
    bench.keys("<esc><esc><a-3>");
    assert_eq!(bench.app.screen, ScreenId::History);
    bench.keys("<a-C>");
    assert!(!matches!(bench.app.overlay(), Some(Overlay::Checks(_))));
}

#[test]
fn the_rules_are_tried_on_an_answer_that_comes_while_they_are_edited() {
    let mut bench = answered();
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id(2)));
    bench.keys("C");
    settle(&mut bench, &stored());
    assert!(editor(&bench.app).trial.answers.is_empty(), "the run is under way");
    bench.tell(ticket, ended(outcome("{\"label\":\"broken\",\"c\":0.1}")));
    settle(&mut bench, &stored());
    assert_eq!(on_bench(&bench, "confidence").0, Status::Failed);
    assert_eq!(on_bench(&bench, "contains").0, Status::Passed);
    assert_eq!((counts(&bench, "confidence").passed, counts(&bench, "confidence").failed), (5, 5), "those stored stay");
}

#[test]
fn the_key_that_saves_is_in_the_footer_of_a_narrow_terminal() {
    let mut bench = opened();
    bench.resize(80, 24);
    let footer = bench.screen().pop().unwrap();
    assert!(footer.contains("ctrl-s save") || footer.contains("Ctrl-s save"), "{footer}");
}

#[test]
fn the_schema_rule_leads_to_the_text_of_the_schema() {
    let mut bench = answered();
    bench.app.bench.response.schema = Some(serde_json::json!({"type": "object"}));
    bench.app.bench.response.format = Format::Schema;
    bench.app.bench.touch();
    bench.keys("C");
    settle(&mut bench, &stored());
    go_to(&mut bench, "schema");
    bench.keys("<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Schema(_))), "the one place where it is edited");
}
