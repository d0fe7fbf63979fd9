//! Answers on record judged again from the history: asked about, a page at a time, stopped, gone on with.

use retort::{
    app::{Event, ScreenId, Ticket, action::Verb, overlays::Overlay},
    model::{
        Check, CheckKind, Prompt, Quality, Rule, RunId, RunStatus, Status, Verdict,
        error::StoreError,
        query::{Filter, What},
    },
    store::api::{Answers, PageStart, Scored, ScoredRun, StoreReply, StoreRequest, ToScore},
};

use super::{
    checks,
    history::{asked, is_page, listed},
};
use crate::support::{
    bench::{Bench, outcome},
    history::{id, record},
    quality::report,
};

fn lot(prompt: Option<&str>, answers: u64) -> Answers {
    Answers { prompt: prompt.map(str::to_owned), answers }
}

/// Answers the question which prompts there are answers to.
fn counted(bench: &mut Bench, lots: &[Answers]) {
    let (ticket, _) = asked(bench, |job| matches!(job, StoreRequest::CountAnswers(_)));
    bench.answer(ticket, Ok(StoreReply::Answers(lots.to_vec())));
}

/// Gives the prompts that are asked for; those that begin with `gone` are not there.
fn opened(bench: &mut Bench) {
    for (ticket, job) in bench.jobs() {
        let StoreRequest::OpenPrompt(name) = job else { panic!("{job:?}") };
        let prompt = Box::new(Prompt { system: name.clone(), ..Prompt::default() });
        let gone = name.starts_with("gone");
        let reply = StoreReply::Prompt { name, prompt, file: None };
        bench.answer(ticket, if gone { Err(StoreError::new("no such prompt")) } else { Ok(reply) });
    }
    // A question that comes by itself takes no key at first.
    bench.pass(std::time::Duration::from_millis(300));
}

/// The screen with the question: 5 answers to one prompt, 1 to another, 3 left out.
fn questioned() -> Bench {
    let mut bench = listed();
    bench.keys("J");
    counted(&mut bench, &[lot(Some("sentiment"), 5), lot(Some("gone"), 2), lot(None, 1), lot(Some("triage"), 1)]);
    opened(&mut bench);
    bench
}

fn question(bench: &Bench) -> String {
    match bench.app.overlay() {
        Some(Overlay::Confirm(confirm)) => confirm.text.clone(),
        other => panic!("no question: {other:?}"),
    }
}

fn next(bench: &mut Bench) -> (Ticket, ToScore) {
    let (ticket, job) = asked(bench, |job| matches!(job, StoreRequest::ScoreRuns(_)));
    let StoreRequest::ScoreRuns(page) = job else { unreachable!() };
    (ticket, *page)
}

fn judged(numbers: std::ops::RangeInclusive<u64>, before: bool, now: bool, more: bool) -> StoreReply {
    let mark = if now { Status::Passed } else { Status::Failed };
    let quality = Quality::of(vec![Verdict::new(Rule::Format, mark, "")]);
    let before = if before { RunStatus::Passed } else { RunStatus::Failed };
    let run = |number| ScoredRun { run: id(number), before: Some(before), quality: quality.clone() };
    let last = PageStart { seq: (*numbers.start()).cast_signed(), value: None };
    StoreReply::Scored(Box::new(Scored { after: more.then_some(last), runs: numbers.map(run).collect(), unread: 0 }))
}

#[test]
fn the_question_names_how_many_answers_and_whose_and_a_no_does_nothing() {
    let mut bench = questioned();
    let text = question(&bench);
    for part in [
        "Judge 5 answers to sentiment, 1 answer to triage by the checks of today?",
        "No call is made",
        "verdicts before are kept",
        "3 others are left out: their prompts have no file",
    ] {
        assert!(text.contains(part), "{text}");
    }
    bench.keys("<esc>");
    assert!(bench.jobs().is_empty() && bench.app.overlay().is_none());
    bench.keys("J");
    counted(
        &mut bench,
        &[lot(Some("a"), 4), lot(Some("b"), 3), lot(Some("c"), 2), lot(Some("d"), 1), lot(Some("e"), 1)],
    );
    opened(&mut bench);
    assert!(question(&bench).contains("2 answers to c, 2 answers to 2 other prompts by"), "{}", question(&bench));
}

#[test]
fn pages_follow_each_other_over_all_prompts_and_the_list_is_read_anew() {
    let mut bench = questioned();
    bench.keys("<enter>");
    let (ticket, page_of) = next(&mut bench);
    assert_eq!((page_of.prompt.system.as_str(), page_of.after, page_of.write), ("sentiment", None, true));
    let only = |what: What| Filter { not: false, what };
    assert_eq!(page_of.query.filters, [only(What::Prompt("sentiment".into())), only(What::End("done".into()))]);
    assert!(bench.says().starts_with("0 of 6 answers are judged"), "{}", bench.says());
    bench.answer(ticket, Ok(judged(7..=9, false, true, true)));
    let (ticket, page_of) = next(&mut bench);
    assert_eq!(page_of.after.map(|after| after.seq), Some(7));
    assert!(bench.says().starts_with("3 of 6 answers are judged"), "{}", bench.says());
    bench.answer(ticket, Ok(judged(5..=6, true, false, false)));
    let (ticket, page_of) = next(&mut bench);
    assert_eq!((page_of.prompt.system.as_str(), page_of.after), ("triage", None));
    bench.answer(ticket, Ok(judged(4..=4, true, true, false)));
    let says = "6 judged again: 4 pass (3 new), 2 fail (2 new); the verdicts before are kept";
    assert_eq!(bench.says(), says);
    assert!(bench.app.rescorer.current().is_none());
    let jobs = bench.jobs();
    assert!(jobs.iter().any(|(_, job)| is_page(job)), "the list is read anew: {jobs:?}");
    assert!(jobs.iter().any(|(_, job)| *job == StoreRequest::OpenRun(id(9))), "and the run under the cursor: {jobs:?}");
}

#[test]
fn it_is_stopped_after_the_page_under_way_and_gone_on_with_from_there() {
    let mut bench = questioned();
    bench.keys("<enter>");
    let (ticket, _) = next(&mut bench);
    bench.keys("J");
    assert!(bench.says().contains("ctrl-c stops") && bench.app.overlay().is_none(), "{}", bench.says());
    bench.keys("<c-c>");
    assert!(bench.says().contains("stops"), "{}", bench.says());
    bench.answer(ticket, Ok(judged(7..=9, false, true, true)));
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::ScoreRuns(_))));
    assert_eq!(bench.says(), "stopped: 3 of 6 answers are judged; J goes on");
    bench.keys("J");
    assert_eq!(question(&bench), "3 of 6 answers are judged. Go on with the others?");
    bench.keys("<enter>");
    let (_, page_of) = next(&mut bench);
    assert_eq!(page_of.after.map(|after| after.seq), Some(7));
    bench.keys("<c-c>");
    assert_eq!(bench.app.screen, ScreenId::History, "a second stop stops, and quits nothing");
}

#[test]
fn another_line_begins_anew() {
    let mut bench = questioned();
    bench.keys("<enter>");
    let (ticket, _) = next(&mut bench);
    bench.keys("<c-c>");
    bench.answer(ticket, Ok(judged(7..=9, false, true, true)));
    bench.take();
    bench.keys("/parcel<enter>");
    bench.take();
    bench.keys("J");
    let (_, job) = asked(&mut bench, |job| matches!(job, StoreRequest::CountAnswers(_)));
    assert!(matches!(job, StoreRequest::CountAnswers(query) if query.words[0] == "parcel"));
}

#[test]
fn where_nothing_can_be_judged_that_is_said() {
    for (lots, says) in [
        (vec![], "no run here has an answer to be judged"),
        (vec![lot(None, 3)], "none of these answers is to a prompt with a file, so there are no checks of today"),
        (
            vec![lot(Some("gone"), 3)],
            "none of these answers is to a prompt with a file, so there are no checks of today",
        ),
    ] {
        let mut bench = listed();
        bench.keys("J");
        counted(&mut bench, &lots);
        opened(&mut bench);
        assert!(bench.app.overlay().is_none() && bench.app.rescorer.current().is_none());
        assert_eq!(bench.says(), says);
    }
    let mut bench = listed();
    bench.keys("/cost:dear<enter><esc>J");
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::CountAnswers(_))));
}

#[test]
fn an_error_of_the_disk_stops_it_and_it_can_be_gone_on_with() {
    let mut bench = questioned();
    bench.keys("<enter>");
    let (ticket, _) = next(&mut bench);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!(bench.says(), "the disk is full");
    bench.take();
    bench.send(Event::Do(Verb::ScoreRuns.into()));
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(_))) || !bench.jobs().is_empty());
}

#[test]
fn the_verdicts_before_are_seen_in_the_run() {
    let mut bench = listed();
    bench.keys("j");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::OpenRun(_)));
    let now = bench.app.shared.now.time;
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(record(8, now, outcome("{}"))))));
    let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::Judgements(_)));
    assert_eq!(job, StoreRequest::Judgements(RunId(id(8).0)));
    let verdict = |why: &str| Quality::of(vec![Verdict::new(Rule::Confidence, Status::Failed, why)]);
    let hours = |hours| now - jiff::SignedDuration::from_hours(hours);
    let all = vec![(hours(3), verdict("0.1 < 0.2")), (hours(2), verdict("0.1 < 0.3")), (now, verdict("0.1 < 0.4"))];
    bench.answer(ticket, Ok(StoreReply::Judgements(all)));
    let seen: Vec<String> = bench.app.history.shown().unwrap().seen().into_iter().map(|(_, text)| text).collect();
    let text = seen.join("\n");
    let (first, second) = (text.find("0.1 < 0.2").unwrap(), text.find("0.1 < 0.3").unwrap());
    assert!(text.contains("Earlier verdicts, 2 h ago") && second < first, "{text}");
    assert!(!text.contains("0.1 < 0.4"), "those that count stand with the run: {text}");
    assert!(bench.jobs().iter().all(|(_, job)| !is_page(job)));
}

#[test]
fn it_is_reached_from_the_report_too_which_is_read_anew_after() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-4>");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Report(_)));
    bench.answer(ticket, Ok(StoreReply::Report(Box::new(report()))));
    bench.keys("J");
    counted(&mut bench, &[lot(Some("sentiment"), 3)]);
    opened(&mut bench);
    assert!(question(&bench).starts_with("Judge 3 answers to sentiment"), "{}", question(&bench));
    bench.keys("<enter>");
    let (ticket, _) = next(&mut bench);
    bench.answer(ticket, Ok(judged(7..=9, true, false, false)));
    assert!(bench.jobs().iter().any(|(_, job)| matches!(job, StoreRequest::Report(_))), "the report is read anew");
}

/// Answers that the prompt was saved.
fn saved(bench: &mut Bench) {
    let (ticket, job) = asked(bench, |job| matches!(job, StoreRequest::SavePrompt { .. }));
    let StoreRequest::SavePrompt { name, .. } = job else { unreachable!() };
    bench.answer(ticket, Ok(StoreReply::PromptSaved { name, path: "triage.toml".into(), file: "f".to_owned() }));
}

/// The checks of `triage` after `contains` was turned off and the prompt saved, its answers being looked for.
fn rules_saved() -> (Bench, Ticket) {
    let mut bench = checks::opened();
    checks::go_to(&mut bench, "contains");
    bench.keys(" ");
    checks::settle(&mut bench, &checks::stored());
    bench.keys("<c-s>");
    saved(&mut bench);
    let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::CountAnswers(_)));
    let only = |what: What| Filter { not: false, what };
    let StoreRequest::CountAnswers(query) = job else { unreachable!() };
    assert_eq!(query.filters, [only(What::Prompt("triage".into())), only(What::End("done".into()))]);
    (bench, ticket)
}

/// The next page that is judged and written; what the editor tries is none.
fn written(bench: &mut Bench) -> (Ticket, ToScore) {
    let (ticket, job) = asked(bench, |job| matches!(job, StoreRequest::ScoreRuns(page) if page.write));
    let StoreRequest::ScoreRuns(page) = job else { unreachable!() };
    (ticket, *page)
}

#[test]
fn rules_that_are_saved_judge_the_answers_on_record_at_once_and_say_how_far_they_are() {
    let (mut bench, ticket) = rules_saved();
    bench.answer(ticket, Ok(StoreReply::Answers(vec![lot(Some("triage"), 60)])));
    let (ticket, page) = written(&mut bench);
    assert!(!page.prompt.checks[0].enabled && page.limit < 200, "by the rules as they were written: {page:?}");
    assert_eq!(bench.says(), "saved as triage.toml; 0 of 60 answers are judged; ctrl-c stops");
    bench.answer(ticket, Ok(judged(11..=60, true, false, true)));
    let (ticket, page) = written(&mut bench);
    assert_eq!(page.after.map(|after| after.seq), Some(11));
    assert_eq!(bench.says(), "saved as triage.toml; 50 of 60 answers are judged; ctrl-c stops");
    bench.answer(ticket, Ok(judged(1..=10, false, true, false)));
    assert_eq!(bench.says(), "saved as triage.toml; 60 judged again: 10 pass (10 new), 50 fail (50 new)");
    assert!(bench.app.rescorer.current().is_none());
}

#[test]
fn what_judge_models_said_stays_and_it_is_said_how_they_are_asked_anew() {
    let mut bench = Bench::new();
    let checks = vec![Check::of(CheckKind::LlmRubric).with("Is it kind?"), Check::of(CheckKind::Contains).with("fine")];
    let prompt = Prompt { user: "{{ input }}".to_owned(), checks, ..Prompt::default() };
    bench.app.bench.put(Some("triage".to_owned()), &prompt);
    bench.keys("1CG <c-s>");
    saved(&mut bench);
    counted(&mut bench, &[lot(Some("triage"), 3)]);
    let (ticket, _) = written(&mut bench);
    bench.answer(ticket, Ok(judged(7..=9, false, true, false)));
    let says = "saved as triage.toml; 3 judged again: 3 pass (3 new), 0 fail (0 new); what judge models said stays, as asking them \
                costs calls: r at the bench asks anew";
    assert_eq!(bench.says(), says);
}

#[test]
fn what_is_judged_at_once_is_stopped_by_the_key_that_stops_and_gone_on_with_in_the_history() {
    let (mut bench, ticket) = rules_saved();
    bench.answer(ticket, Ok(StoreReply::Answers(vec![lot(Some("triage"), 60)])));
    let (ticket, _) = written(&mut bench);
    bench.keys("<c-c>");
    bench.answer(ticket, Ok(judged(11..=60, true, false, true)));
    assert_eq!(bench.says(), "saved as triage.toml; stopped: 50 of 60 answers are judged; J in the history goes on");
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::ScoreRuns(page) if page.write)));
    bench.keys("<esc><esc>3/prompt:triage<enter>");
    bench.take();
    bench.keys("J");
    bench.pass(std::time::Duration::from_millis(300));
    assert_eq!(question(&bench), "50 of 60 answers are judged. Go on with the others?");
}

#[test]
fn only_the_newest_are_judged_unasked_where_there_are_very_many() {
    let (mut bench, ticket) = rules_saved();
    bench.answer(ticket, Ok(StoreReply::Answers(vec![lot(Some("triage"), 40_000)])));
    let mut pages = 0;
    while let Some((ticket, _)) =
        bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::ScoreRuns(page) if page.write))
    {
        pages += 1;
        bench.answer(ticket, Ok(judged(1001..=1500, true, true, true)));
    }
    assert_eq!(pages, 10);
    let says = "saved as triage.toml; the newest: 5,000 of 40,000 answers are judged; J in the history goes on";
    assert_eq!(bench.says(), says);
}

#[test]
fn a_save_that_judges_nothing_otherwise_judges_nothing_and_no_answers_are_no_news() {
    let (mut bench, ticket) = rules_saved();
    bench.answer(ticket, Ok(StoreReply::Answers(Vec::new())));
    assert_eq!(bench.says(), "saved as triage.toml");
    bench.keys("<c-s>");
    saved(&mut bench);
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::CountAnswers(_))));
}
