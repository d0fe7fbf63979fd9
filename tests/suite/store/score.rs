//! Stored answers judged again: a page at a time, the new verdicts count, and the old ones are kept.

use retort::{
    model::{Check, CheckKind, Format, Prompt, Quality, Response, Rule, RunStatus, Status, Verdict},
    store::{
        Store,
        api::{Answers, PageStart, Scored, StoreReply, StoreRequest, ToScore},
    },
};

use super::{
    at,
    history::{failed_check, filled, found, now, put, query},
    run_id, store_in,
};

fn check(kind: CheckKind, value: &str) -> Check {
    Check { value: Some(value.into()), ..Check::of(kind) }
}

/// The prompt `sentiment` as it has become.
fn prompt(checks: Vec<Check>) -> Prompt {
    let response = Response { format: Format::Text, ..Response::default() };
    Prompt { system: "Label it.".to_owned(), checks, response, ..Prompt::default() }
}

fn page(prompt: &Prompt, line: &str, after: Option<PageStart>, write: bool) -> StoreRequest {
    let query = query(line).answers_to("sentiment");
    StoreRequest::ScoreRuns(Box::new(ToScore { prompt: prompt.clone(), query, after, limit: 2, write, at: now() }))
}

async fn score(store: &Store, prompt: &Prompt, line: &str, write: bool) -> Vec<Scored> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let StoreReply::Scored(scored) = store.ask(page(prompt, line, after, write)).await.unwrap() else { panic!() };
        after = scored.after;
        pages.push(*scored);
        if after.is_none() {
            return pages;
        }
    }
}

async fn judgements(store: &Store, run: u128) -> Vec<(jiff::Timestamp, Quality)> {
    let StoreReply::Judgements(all) = store.ask(StoreRequest::Judgements(run_id(run))).await.unwrap() else {
        panic!("no list")
    };
    all
}

#[tokio::test]
async fn answers_are_counted_by_their_prompts() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    put(&store, 9, "x", "parcel", |run| run.prompt_name = None);
    let lot = |prompt: Option<&str>, answers| Answers { prompt: prompt.map(str::to_owned), answers };
    for (line, want) in [
        ("", vec![lot(Some("sentiment"), 5), lot(None, 1), lot(Some("french"), 1)]),
        ("parcel", vec![lot(Some("sentiment"), 2), lot(None, 1)]),
        ("verdict:failed", vec![lot(Some("sentiment"), 1)]),
        ("model:gpt-4", vec![]),
    ] {
        let StoreReply::Answers(all) = store.ask(StoreRequest::CountAnswers(Box::new(query(line)))).await.unwrap()
        else {
            panic!()
        };
        assert_eq!(all, want, "{line}");
    }
    let none = store_in(tempfile::tempdir().unwrap().path());
    assert_eq!(none.ask(StoreRequest::CountAnswers(Box::default())).await.unwrap(), StoreReply::Answers(Vec::new()));
}

#[tokio::test]
async fn new_verdicts_count_and_the_old_ones_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let today = prompt(vec![check(CheckKind::Contains, "m")]);
    let dry = score(&store, &today, "", false).await;
    let answer = |pages: &[Scored]| -> Vec<(u128, Option<RunStatus>, RunStatus)> {
        let runs = pages.iter().flat_map(|page| &page.runs);
        runs.map(|run| (run.run.0.as_u128(), run.before, run.quality.status())).collect()
    };
    let (passed, failed, unchecked) = (RunStatus::Passed, RunStatus::Failed, RunStatus::Unchecked);
    let want = [
        (6, Some(unchecked), failed),
        (5, Some(failed), passed),
        (4, None, passed),
        (3, None, failed),
        (1, None, passed),
    ];
    assert_eq!(answer(&dry), want);
    assert_eq!(dry.iter().map(|page| page.runs.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(found(&store, "verdict:failed").await, [5], "a dry one writes nothing");
    assert!(judgements(&store, 5).await.is_empty());

    assert_eq!(answer(&score(&store, &today, "", true).await), want);
    assert_eq!(found(&store, "verdict:failed").await, [6, 3]);
    assert_eq!(found(&store, "failed:latency").await, [] as [u128; 0]);
    assert_eq!(found(&store, "failed:contains").await, [6, 3]);
    let StoreReply::Run(run) = store.ask(StoreRequest::OpenRun(run_id(5))).await.unwrap() else { panic!("no run") };
    let new = run.outcome.quality.unwrap();
    assert_eq!(judgements(&store, 5).await, [(at(5), failed_check("latency")), (now(), new.clone())]);

    // Judged by what they now are: the query is about the verdicts that count.
    let stricter = prompt(vec![check(CheckKind::Contains, "never")]);
    score(&store, &stricter, "verdict:passed", true).await;
    assert_eq!(found(&store, "verdict:passed").await, [5]);
    let all = judgements(&store, 5).await;
    assert_eq!(all.len(), 3);
    assert_eq!((&all[0].1, &all[1].1), (&failed_check("latency"), &new));
    assert_eq!(judgements(&store, 2).await, [], "the answer to another prompt is left alone");
}

#[tokio::test]
async fn what_a_judge_model_said_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let rubric = check(CheckKind::LlmRubric, "polite");
    let words = Verdict::new(Rule::Check("llm-rubric".to_owned()), Status::Passed, "it is polite");
    put(&store, 1, "x", "hello", |run| run.outcome.quality = Some(Quality::of(vec![words.clone()])));
    put(&store, 2, "x", "hello", |_| {});
    let today = prompt(vec![check(CheckKind::Contains, "hell"), rubric]);
    let pages = score(&store, &today, "", true).await;
    let last = |at: usize| pages[0].runs[at].quality.verdicts.last().unwrap().clone();
    assert_eq!(last(1), words);
    assert_eq!(last(0).status, Status::Inconclusive, "nobody was asked");
}

#[tokio::test]
async fn checks_that_cannot_be_applied_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let bad = prompt(vec![check(CheckKind::Regex, "(")]);
    let error = store.ask(page(&bad, "", None, true)).await.unwrap_err();
    assert!(error.message.contains("check[0]"), "{error}");
    assert_eq!(found(&store, "verdict:failed").await, [5]);
}
