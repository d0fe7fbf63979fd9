//! The what-if of the quality screen: keys in, state and effects out.

use retort::{
    app::{
        Effect, Event, ScreenId, Ticket,
        overlays::Overlay,
        quality::whatif::{View, WhatIfView},
    },
    eval::whatif::Threshold,
    model::{Prompt, Quality, error::StoreError, query::What},
    store::api::{Answers, FoundPrompt, NewThreshold, Points, PromptFile, Scored, ScoredRun, StoreReply, StoreRequest},
};

use crate::support::{
    bench::Bench,
    points::{ANSWERS, file, path, points, prompt, rows},
    quality::report,
};

fn asked(bench: &mut Bench, which: impl Fn(&StoreRequest) -> bool) -> (Ticket, StoreRequest) {
    let mut jobs: Vec<(Ticket, StoreRequest)> = bench.jobs().into_iter().filter(|(_, job)| which(job)).collect();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

/// The quality screen with a week of runs.
pub(crate) fn quality() -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-4>");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Report(_)));
    bench.answer(ticket, Ok(StoreReply::Report(Box::new(report()))));
    bench
}

/// Answers what is asked of the store until the threshold can be moved.
pub(crate) fn answer(bench: &mut Bench, graded: bool, prompt_file: StoreReply) {
    let (ticket, job) = asked(bench, |job| matches!(job, StoreRequest::Points { .. }));
    let StoreRequest::Points { rule, .. } = job else { panic!("{job:?}") };
    bench.answer(ticket, Ok(StoreReply::Points(Box::new(points(&rule, graded)))));
    let (ticket, job) = asked(bench, |job| matches!(job, StoreRequest::PromptFile(_)));
    assert_eq!(job, StoreRequest::PromptFile("sentiment".to_owned()));
    bench.answer(ticket, Ok(prompt_file));
    read(bench);
}

/// Reads the rows in sight, if any are lacking.
fn read(bench: &mut Bench) -> usize {
    let mut count = 0;
    for (ticket, job) in bench.jobs() {
        if let StoreRequest::Entries(runs) = job {
            count += runs.len();
            let now = bench.app.shared.now.time;
            bench.answer(ticket, Ok(StoreReply::Entries(rows(&runs, now))));
        }
    }
    count
}

fn opened(graded: bool) -> Bench {
    let mut bench = quality();
    bench.keys("w");
    answer(&mut bench, graded, file());
    bench
}

fn view(bench: &Bench) -> &View {
    bench.app.quality.what_if.as_deref().unwrap()
}

/// The threshold that was moved to, as it is shown.
fn chosen(bench: &Bench) -> String {
    knob(bench).shown(view(bench).chosen)
}

fn knob(bench: &Bench) -> &Threshold {
    &view(bench).read().unwrap().knob
}

/// The what-if of runs of several prompts.
fn of_several() -> Bench {
    let mut several = quality();
    several.keys("w");
    let (ticket, _) = asked(&mut several, |job| matches!(job, StoreRequest::Points { .. }));
    several.answer(ticket, Ok(StoreReply::Points(Box::new(two()))));
    several
}

fn two() -> Points {
    let prompts = vec![(Some("triage".to_owned()), 9), (None, 3)];
    Points { prompts, judged: Vec::new(), ..points("confidence", false) }
}

#[test]
fn arrows_go_to_round_values_and_brackets_to_where_an_answer_flips() {
    let mut bench = opened(true);
    assert_eq!((view(&bench).chosen, knob(&bench).present), (0.7, Some(0.7)));
    bench.keys("<right>");
    assert_eq!(chosen(&bench), "0.72");
    bench.keys("<left><left>h");
    assert_eq!(chosen(&bench), "0.66");
    let (before, after) = view(&bench).before_and_after().unwrap();
    assert_eq!(after.broken, 0);
    assert_eq!(before.passes.unwrap().part + after.fixed, after.passes.unwrap().part);
    assert!(after.precision.unwrap().whole > before.precision.unwrap().whole);
    let flips = after.fixed as usize;
    let row = |bench: &Bench, at: usize| {
        let (measured, flip, _) = view(bench).row(at).unwrap();
        (measured.value.unwrap(), flip.before, flip.after)
    };
    assert!((0..flips).all(|at| matches!(row(&bench, at), (value, false, true) if (0.66..0.7).contains(&value))));
    assert_eq!(row(&bench, flips).1, row(&bench, flips).2, "the others come after those that flip");
    bench.keys(".");
    assert_eq!(chosen(&bench), "0.67");
    for _ in 0..99 {
        bench.keys(".");
    }
    assert_eq!(chosen(&bench), "1.00", "above the highest value there is nothing to go to");
    assert!(said(&bench).contains("no answer changes further up"), "{}", said(&bench));
}

#[test]
fn many_answers_are_put_in_order_in_steps_and_come_out_as_few_do() {
    let few = opened(true);
    let mut many = quality();
    many.keys("w");
    let (ticket, job) = asked(&mut many, |job| matches!(job, StoreRequest::Points { .. }));
    let StoreRequest::Points { rule, .. } = job else { panic!("{job:?}") };
    let few_points = points(&rule, true);
    let (count, times) = (few_points.judged.len(), 40_000 / few_points.judged.len() + 1);
    let judged = few_points.judged.iter().cycle().take(count * times).copied().collect();
    many.answer(ticket, Ok(StoreReply::Points(Box::new(Points { judged, ..few_points }))));
    let (ticket, _) = asked(&mut many, |job| matches!(job, StoreRequest::PromptFile(_)));
    many.answer(ticket, Ok(file()));
    let mut steps = 0;
    while view(&many).read().is_none() {
        assert!(many.wakes(), "nothing goes on with it");
        many.send(Event::Tick);
        steps += 1;
    }
    assert!(steps > 3, "{steps} steps");
    let (one, all) = (view(&few).before_and_after().unwrap(), view(&many).before_and_after().unwrap());
    let passes = |at: retort::eval::whatif::At| at.passes.unwrap().part as usize;
    assert_eq!((passes(all.0), passes(all.1)), (passes(one.0) * times, passes(one.1) * times));
    many.keys("<right>");
    assert_eq!(chosen(&many), "0.72");
}

#[test]
fn only_rows_in_sight_are_read_and_a_larger_screen_reads_more() {
    let mut bench = quality();
    bench.resize(80, 24);
    bench.keys("w");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    bench.answer(ticket, Ok(StoreReply::Points(Box::new(points("confidence", false)))));
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::PromptFile(_)));
    bench.answer(ticket, Ok(file()));
    let few = read(&mut bench);
    assert!((1..10).contains(&few), "{few}");
    bench.resize(120, 40);
    bench.pass(std::time::Duration::from_millis(1));
    assert!(read(&mut bench) > few);
    bench.keys("G");
    assert!(read(&mut bench) > 0);
    bench.keys("g");
    assert_eq!(read(&mut bench), 0, "those are known");
    assert_eq!(view(&bench).table.len() as u64, ANSWERS.unsigned_abs());
}

#[test]
fn a_run_that_is_gone_is_asked_for_once() {
    let mut bench = quality();
    bench.keys("w");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    bench.answer(ticket, Ok(StoreReply::Points(Box::new(points("confidence", false)))));
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::PromptFile(_)));
    bench.answer(ticket, Ok(file()));
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Entries(_)));
    bench.answer(ticket, Ok(StoreReply::Entries(Vec::new())));
    bench.keys("j");
    assert!(bench.jobs().is_empty());
    assert_eq!(bench.app.wake_at(bench.app.shared.now).filter(|at| *at <= bench.app.shared.now.at), None);
}

#[test]
fn enter_opens_the_run_in_the_history_and_a_step_back_returns() {
    let mut bench = opened(false);
    let run = view(&bench).run().unwrap().run;
    bench.keys("<enter>");
    assert_eq!(bench.app.screen, ScreenId::History);
    assert_eq!(bench.app.history.asking.query.filters[0].what, What::Run(run.short()));
    bench.keys("<esc>");
    assert_eq!(bench.app.screen, ScreenId::Quality);
    assert!(bench.app.quality.what_if.is_some());
    bench.keys("<esc>");
    assert!(bench.app.quality.what_if.is_none());
    assert_eq!(bench.app.screen, ScreenId::Quality);
}

#[test]
fn the_next_threshold_of_the_prompt_and_back() {
    let mut bench = opened(false);
    assert_eq!(view(&bench).read().unwrap().rules, ["confidence", "completeness", "latency"]);
    bench.keys("<tab><s-tab><s-tab>");
    let asks: Vec<String> = bench
        .take()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Store(_, StoreRequest::Points { rule, .. }) => Some(rule),
            _ => None,
        })
        .collect();
    assert_eq!(asks, ["completeness", "confidence", "latency"]);
    let mut bench = opened(false);
    bench.keys("<s-tab>");
    answer(&mut bench, false, file());
    assert_eq!((knob(&bench).rule.as_str(), view(&bench).chosen), ("latency", 2000.0));
    bench.keys("<left>");
    let (_, after) = view(&bench).before_and_after().unwrap();
    assert!(after.broken > 0 && after.fixed == 0, "a shorter time is stricter");
}

#[test]
fn a_check_without_a_threshold_is_told_and_what_there_is_is_shown() {
    let mut bench = quality();
    bench.keys("<tab><tab>");
    let chosen = |bench: &Bench| {
        let quality = &bench.app.quality;
        quality.lines.chosen(quality.report.as_deref().unwrap()).unwrap().name()
    };
    for _ in 0..9 {
        if chosen(&bench) == "format" {
            break;
        }
        bench.keys("j");
    }
    assert_eq!(chosen(&bench), "format");
    bench.keys("w");
    let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    assert!(matches!(job, StoreRequest::Points { rule, .. } if rule == "format"));
    bench.answer(ticket, Ok(StoreReply::Points(Box::new(points("format", false)))));
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::PromptFile(_)));
    bench.answer(ticket, Ok(file()));
    assert!(said(&bench).contains("no threshold `format`"), "{}", said(&bench));
    answer(&mut bench, false, file());
    assert_eq!(knob(&bench).rule, "confidence");
}

fn said(bench: &Bench) -> String {
    bench.app.shared.notices.shown().map(|notice| notice.text.as_str().to_owned()).unwrap_or_default()
}

#[test]
fn of_several_prompts_one_is_chosen_and_the_query_says_so() {
    let mut bench = of_several();
    assert!(matches!(&view(&bench).shown, WhatIfView::Several(prompts) if prompts.len() == 2));
    bench.keys("j<enter>");
    assert!(said(&bench).contains("without a name"), "{}", said(&bench));
    bench.keys("k<enter>");
    let (_, job) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    let StoreRequest::Points { query, rule, .. } = job else { panic!("{job:?}") };
    assert_eq!((query.filters[0].what.clone(), rule.as_str()), (What::Prompt("triage".to_owned()), "confidence"));
    assert_eq!(bench.app.quality.asking.line.text(), "prompt:triage");
}

#[test]
fn another_query_is_asked_at_once_and_a_late_answer_is_ignored() {
    let mut bench = opened(false);
    bench.keys("/model:x");
    let jobs: Vec<_> = bench.jobs().into_iter().filter(|(_, job)| matches!(job, StoreRequest::Points { .. })).collect();
    let (ticket, _) = jobs.last().unwrap().clone();
    bench.keys("y<enter>");
    bench.answer(ticket, Ok(StoreReply::Points(Box::default())));
    assert!(view(&bench).read().is_some(), "that was of `x`");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    bench.answer(ticket, Ok(StoreReply::Points(Box::default())));
    assert!(matches!(view(&bench).shown, WhatIfView::Nothing));
    bench.keys("<esc>");
    assert!(
        bench.jobs().iter().any(|(_, job)| matches!(job, StoreRequest::Report(_))),
        "the report is of that query now"
    );
}

pub(crate) fn written(bench: &mut Bench) -> (Ticket, NewThreshold) {
    let (ticket, job) = asked(bench, |job| matches!(job, StoreRequest::SetThreshold(_)));
    let StoreRequest::SetThreshold(new) = job else { panic!("{job:?}") };
    (ticket, *new)
}

/// What the store answers when the value was written.
pub(crate) fn set(new: &NewThreshold) -> StoreReply {
    let mut prompt = prompt();
    assert!(Threshold::find(&prompt, &new.rule).unwrap().put(&mut prompt, new.value));
    StoreReply::ThresholdSet(Box::new(PromptFile {
        name: new.name.clone(),
        found: Some(FoundPrompt { path: path(), prompt, digest: "d1".to_owned() }),
    }))
}

#[test]
fn the_value_is_written_after_a_yes_and_is_the_present_one_then() {
    let mut bench = opened(false);
    bench.keys("W");
    assert!(said(&bench).contains("that is the present value"), "{}", said(&bench));
    bench.keys("<right>W");
    let Some(Overlay::Confirm(confirm)) = bench.app.overlay() else { panic!("no question") };
    assert_eq!(confirm.text, format!("Write min_confidence = 0.72 to {}? It is 0.70 now.", path().display()));
    bench.keys("<esc>");
    assert!(!bench.jobs().iter().any(|(_, job)| matches!(job, StoreRequest::SetThreshold(_))), "esc writes nothing");
    bench.keys("W<enter>");
    let (ticket, new) = written(&mut bench);
    assert_eq!(
        (new.name.as_str(), new.rule.as_str(), new.before, new.value),
        ("sentiment", "confidence", Some(0.7), 0.72)
    );
    bench.answer(ticket, Ok(set(&new)));
    assert_eq!(knob(&bench).present, Some(0.72));
    let says = said(&bench);
    assert!(says.contains("confidence is 0.72") && says.contains("; in /home/ada"), "{says}");
    // The answers on record are judged by it at once.
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::CountAnswers(_)));
    bench.answer(ticket, Ok(StoreReply::Answers(vec![Answers { prompt: Some("sentiment".to_owned()), answers: 3 }])));
    let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::ScoreRuns(_)));
    let StoreRequest::ScoreRuns(page) = job else { unreachable!() };
    assert_eq!((page.write, page.prompt.response.min_confidence), (true, Some(0.72)));
    let run = ScoredRun { run: retort::model::RunId(uuid::Uuid::nil()), before: None, quality: Quality::default() };
    bench.answer(ticket, Ok(StoreReply::Scored(Box::new(Scored { runs: vec![run; 3], ..Scored::default() }))));
    assert!(said(&bench).contains("; in /home/ada") && said(&bench).contains("3 judged again"), "{}", said(&bench));
    assert!(
        bench.jobs().iter().any(|(_, job)| matches!(job, StoreRequest::Report(_) | StoreRequest::Points { .. })),
        "what is shown of them is read anew"
    );
    bench.keys("<right>W<enter>");
    let (ticket, _) = written(&mut bench);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!((said(&bench).as_str(), knob(&bench).present), ("the disk is full", Some(0.72)));
}

#[test]
fn the_bench_takes_the_value_over_where_its_prompt_is_as_the_file_was() {
    for (edit, taken) in [("", true), ("1ix<esc>", false)] {
        let mut bench = Bench::new();
        bench.app.bench.put(Some("sentiment".to_owned()), &prompt());
        bench.keys(edit).keys("<a-4>w");
        bench.see();
        let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::Points { .. })).unwrap();
        bench.answer(ticket, Ok(StoreReply::Points(Box::new(points("confidence", false)))));
        let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::PromptFile(_)));
        bench.answer(ticket, Ok(file()));
        bench.keys("<right>W<enter>");
        let (ticket, new) = written(&mut bench);
        bench.answer(ticket, Ok(set(&new)));
        let want = if taken { Some(0.72) } else { Some(0.7) };
        assert_eq!((bench.app.bench.response.min_confidence, bench.app.bench.dirty()), (want, !taken));
        assert_eq!(said(&bench).contains("keeps its own"), !taken);
    }
}

#[test]
fn a_prompt_without_a_file_says_what_to_do() {
    let none = StoreReply::PromptFile(Box::new(PromptFile { name: "sentiment".to_owned(), found: None }));
    let mut bench = quality();
    bench.keys("w");
    answer(&mut bench, false, none);
    bench.keys("<right>W");
    assert!(bench.app.overlay().is_none());
    assert!(
        said(&bench).starts_with("no file holds the prompt `sentiment`, which is built in or gone"),
        "{}",
        said(&bench)
    );
    let mut bench = quality();
    bench.keys("w");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    let unnamed = Points { prompts: vec![(None, 200)], ..points("confidence", false) };
    bench.answer(ticket, Ok(StoreReply::Points(Box::new(unnamed))));
    bench.keys("<right>W");
    assert!(said(&bench).contains("has no name, and so no file"), "{}", said(&bench));
}

#[test]
fn what_cannot_be_moved_or_read_is_told() {
    let ask = |reply: Result<StoreReply, StoreError>| {
        let mut bench = quality();
        bench.keys("w");
        let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
        bench.answer(ticket, reply);
        bench
    };
    let unnamed = |prompt: Option<Prompt>| {
        let points = Points { prompts: vec![(None, 1)], prompt, ..points("confidence", false) };
        Ok(StoreReply::Points(Box::new(points)))
    };
    for (reply, says) in [
        (Err(StoreError::new("the record is damaged")), "the record is damaged"),
        (unnamed(None), "the prompt of these runs cannot be read"),
        (unnamed(Some(Prompt::default())), "the prompt has no threshold `confidence`; it has none"),
    ] {
        let bench = ask(reply);
        let WhatIfView::Stuck(why) = &view(&bench).shown else { panic!("{says}") };
        assert!(why.starts_with(says), "{why}");
    }
}
