//! The answers of a row compared with each other by one judge, once all of them are there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt, future::join_all};
use retort::{
    eval::rubric::{JUDGE, unfenced},
    model::{
        CacheMode, Check, CheckKind, DatasetRow, ErrorKind, Outcome, PicoDollars, Price, Prompt, RunRequest, Status,
        batch::{BatchLimits, Cell},
    },
    pipeline::{BatchEvent, BatchPlan, KnownCells, compared_runs::compare_runs},
    provider::Call,
};

use super::batch::{plan, rest, row_of, rows};
use crate::support::script::{Bench, Step, answer, ended, fails, request, target};

fn best(number: usize) -> String {
    format!(r#"{{"reason": "the longer one", "best": {number}}}"#)
}

/// The answers that a judge is shown, in their order.
fn shown(call: &Call) -> Vec<String> {
    let case: serde_json::Value =
        serde_json::from_str(unfenced(&call.messages.last().unwrap().content).unwrap()).unwrap();
    case["answers"].as_array().unwrap().iter().map(|one| one["answer"].as_str().unwrap().to_owned()).collect()
}

/// A bench whose models say their names, and whose judge picks the answer that has this in it.
fn bench(wanted: &'static str) -> Bench {
    Bench::new(move |call, _| match call.target.name.as_str() {
        "j" => {
            let at = shown(call).iter().position(|answer| answer.contains(wanted)).unwrap();
            answer(&[&best(at + 1)])
        }
        "broken" => fails(ErrorKind::CallerFault),
        "slow" => {
            let wait = Step::After(Duration::from_secs(10));
            std::iter::once(wait).chain(answer(&["{\"from\": \"slow\"}"])).collect()
        }
        name => answer(&[&format!("{{\"from\": \"{name}\"}}")]),
    })
}

/// A batch of one prompt on these models, whose answers are compared.
fn compared(models: &[&str]) -> BatchPlan {
    let mut judge = target("j");
    judge.card.price = Some(Price { input: PicoDollars(1), output: PicoDollars(100), ..Price::default() });
    let prompt = Prompt {
        checks: vec![Check::of(CheckKind::SelectBest).with("the one of {{ input }}")],
        ..(*request(&["m"]).prompt).clone()
    };
    BatchPlan {
        prompts: vec![("test".to_owned(), Arc::new(prompt))],
        targets: vec![models.iter().map(|model| vec![target(model)]).collect()],
        judges: BTreeMap::from([(String::new(), judge)]),
        ..plan()
    }
}

/// What came of the cells that ended: the place of the target, the verdict of the comparison, and why.
async fn verdicts(bench: &Bench, plan: BatchPlan, rows: u64) -> Vec<(u32, Status, String)> {
    let events: Vec<BatchEvent> = bench.pipeline.batch(plan, self::rows(rows)).collect().await;
    let mut all = Vec::new();
    for event in events {
        if let BatchEvent::Cell { cell, outcome, .. } = event {
            all.extend(verdict(&outcome).map(|(status, reason)| (cell.place.target, status, reason)));
        }
    }
    all.sort_by_key(|one| one.0);
    all
}

fn verdict(outcome: &Outcome) -> Option<(Status, String)> {
    let verdict = outcome.quality.as_ref()?.verdicts.last()?;
    Some((verdict.status, verdict.reason.clone()))
}

fn judged(bench: &Bench) -> usize {
    bench.calls().iter().filter(|call| call.0 == "j").count()
}

#[tokio::test(start_paused = true)]
async fn one_answer_of_a_row_passes_and_one_judge_is_asked_for_all() {
    for concurrency in [1, 2, 8] {
        let bench = bench("b");
        let all = verdicts(&bench, BatchPlan { concurrency, ..compared(&["a", "b", "slow"]) }, 1).await;
        assert_eq!(all[1], (1, Status::Passed, "picked of 3 answers: the longer one".to_owned()));
        for other in [&all[0], &all[2]] {
            let why = "not picked of 3 answers, that of b was: the longer one";
            assert_eq!((other.1, other.2.as_str()), (Status::Failed, why));
        }
        assert_eq!(judged(&bench), 2, "in both orders, and once for the row");
        let ended = bench.record.ended.lock().unwrap();
        let judges = ended.iter().filter(|run| run.prompt_name.as_deref() == Some(JUDGE)).count();
        assert_eq!(judges, 2);
        let paid: Vec<u64> = ended.iter().filter_map(|run| Some(run.outcome.judging?.tokens)).collect();
        assert_eq!(paid, [22], "what the judge took is counted once");
    }
}

#[tokio::test(start_paused = true)]
async fn many_rows_go_on_beside_each_other_however_few_calls_there_may_be() {
    let bench = bench("\"c\"");
    let models = ["a", "b", "c", "d", "e", "f", "g"];
    let words = rest(bench.pipeline.batch(BatchPlan { concurrency: 1, ..compared(&models) }, rows(40))).await;
    assert_eq!(words.last().unwrap(), "Complete");
    assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 280);
    assert_eq!((judged(&bench), bench.most_open() <= 2), (80, true));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_is_not_waited_for_and_one_answer_is_the_best_of_nothing() {
    let bench = bench("b");
    let all = verdicts(&bench, compared(&["a", "broken", "b"]), 1).await;
    let marks: Vec<_> = all.iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(marks, [(0, Status::Failed), (2, Status::Passed)]);
    assert!(all[1].2.starts_with("picked of 2 answers"), "{all:?}");
    let bench = self::bench("a");
    let all = verdicts(&bench, compared(&["a", "broken"]), 1).await;
    assert_eq!((all[0].1, judged(&bench)), (Status::Inconclusive, 0));
    assert!(all[0].2.contains("no other answer of its row"), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_follows_the_order_decides_nothing() {
    let bench = Bench::new(|call, _| match call.target.name.as_str() {
        "j" => answer(&[&best(1)]),
        name => answer(&[&format!("{{\"from\": \"{name}\"}}")]),
    });
    let all = verdicts(&bench, compared(&["a", "b"]), 1).await;
    assert!(all.iter().all(|one| one.1 == Status::Inconclusive && one.2.contains("does not stand by one")), "{all:?}");
    let nobody = BatchPlan { judges: BTreeMap::new(), ..compared(&["a", "b"]) };
    let all = verdicts(&bench, nobody, 1).await;
    assert!(all.iter().all(|one| one.1 == Status::Inconclusive && one.2.contains("use --judge MODEL")), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_row_that_was_broken_off_is_compared_as_a_whole_and_answered_from_the_cache() {
    let bench = bench("b");
    let mut batch = bench.pipeline.batch(compared(&["a", "b", "slow"]), rows(1));
    let control = batch.control();
    let mut done = Vec::new();
    while let Some(event) = batch.next().await {
        match event {
            // The others are answered, and wait.
            BatchEvent::Started { place } if place.target == 2 => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                control.stop();
            }
            BatchEvent::Cell { cell, row, .. } => done.push((Cell::clone(&cell), row.fingerprint())),
            _other => {}
        }
    }
    assert!(done.iter().all(|(cell, _)| cell.end == "cancelled") && judged(&bench) == 0, "{done:?}");
    let before = bench.calls().len();
    let again = BatchPlan { known: KnownCells::of(done), ..compared(&["a", "b", "slow"]) };
    let all = verdicts(&bench, again, 1).await;
    assert_eq!(all.iter().map(|one| one.1).collect::<Vec<_>>(), [Status::Failed, Status::Passed, Status::Failed]);
    // The slow one, and the judge in both orders: what was answered is in the cache.
    assert_eq!(bench.calls().len() - before, 3);

    // A batch of which one cell is missing asks the row anew; one that is whole asks nothing.
    let of = |plan: BatchPlan| bench.pipeline.batch(plan, rows(1));
    let events: Vec<BatchEvent> = of(compared(&["a", "b", "slow"])).collect().await;
    let mut cells = Vec::new();
    for event in events {
        if let BatchEvent::Cell { cell, row, .. } = event {
            cells.push((*cell, row.fingerprint()));
        }
    }
    let whole = rest(of(BatchPlan { known: KnownCells::of(cells.clone()), ..compared(&["a", "b", "slow"]) })).await;
    assert_eq!(whole.iter().filter(|word| word.starts_with("kept")).count(), 3, "{whole:?}");
    cells.pop();
    let part = rest(of(BatchPlan { known: KnownCells::of(cells), ..compared(&["a", "b", "slow"]) })).await;
    assert_eq!(part.iter().filter(|word| word.starts_with("done")).count(), 3, "{part:?}");
}

#[tokio::test(start_paused = true)]
async fn draining_ends_though_the_rest_of_a_row_is_not_asked() {
    let bench = bench("b");
    let mut batch = bench.pipeline.batch(BatchPlan { concurrency: 1, ..compared(&["slow", "b", "c"]) }, rows(1));
    let control = batch.control();
    let mut words = Vec::new();
    while let Some(event) = batch.next().await {
        if matches!(event, BatchEvent::Started { .. }) {
            control.drain();
        }
        words.push(super::batch::word(&event));
    }
    assert!(words.contains(&"cancelled 1".to_owned()), "{words:?}");
    assert_eq!((words.last().unwrap().as_str(), judged(&bench)), ("Stopped", 0));
}

#[tokio::test(start_paused = true)]
async fn the_cap_binds_the_judge_of_a_row() {
    let bench = bench("b");
    // Each answer takes eleven tokens; what a judge may take at most is far more than is left.
    let caps = BatchLimits { tokens: Some(2000), ..BatchLimits::default() };
    let plan = BatchPlan { caps, cache: CacheMode::Off, ..compared(&["a", "b"]) };
    let all = verdicts(&bench, plan, 1).await;
    assert_eq!(judged(&bench), 0, "{all:?}");
    assert!(all.iter().all(|one| one.1 == Status::Inconclusive), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_row_of_its_own_checks_and_samples_are_compared_by_themselves() {
    let bench = bench("b");
    let row = DatasetRow { checks: vec![Check::of(CheckKind::SelectBest).with("the one")], ..row_of(1) };
    let mut plan = compared(&["a", "b"]);
    plan.prompts[0].1 = request(&["m"]).prompt;
    plan.samples = 2;
    let events: Vec<BatchEvent> =
        bench.pipeline.batch(plan, futures_util::stream::iter([Ok(row), Ok(row_of(2))])).collect().await;
    let mut marks = Vec::new();
    for event in events {
        if let BatchEvent::Cell { cell, outcome, .. } = event {
            let rule = outcome.quality.as_ref().unwrap().verdicts.last().unwrap();
            marks.push((cell.place.row, cell.place.sample, cell.place.target, rule.rule.to_string(), rule.status));
        }
    }
    marks.sort_by_key(|mark| (mark.0, mark.1, mark.2));
    let of_row: Vec<_> = marks.iter().filter(|mark| mark.0 == 1).map(|mark| (mark.1, mark.2, mark.4)).collect();
    let (passed, failed) = (Status::Passed, Status::Failed);
    assert_eq!(of_row, [(0, 0, failed), (0, 1, passed), (1, 0, failed), (1, 1, passed)]);
    assert!(marks.iter().filter(|mark| mark.0 == 2).all(|mark| mark.3 != "select-best"), "{marks:?}");
}

/// Runs these models together outside of a batch and returns the last verdict of each.
async fn beside_each_other(bench: &Bench, models: &[&str], checks: &[Check]) -> Vec<Option<(Status, String)>> {
    let judges = compared(&[]).judges;
    let requests: Vec<_> = models
        .iter()
        .map(|model| RunRequest { checks: checks.to_vec(), judges: judges.clone(), ..request(&[model]) })
        .collect();
    let beside = compare_runs(&requests.iter().collect::<Vec<_>>());
    let runs = requests.into_iter().zip(beside).map(|(request, beside)| {
        let events = bench.pipeline.run_compared(request, beside);
        async move { verdict(ended(&events.collect::<Vec<_>>().await)) }
    });
    join_all(runs).await
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_started_together_are_compared_and_one_that_is_let_go_is_not_waited_for() {
    let bench = bench("slow");
    let best = [Check::of(CheckKind::SelectBest).with("the best")];
    let highest = [Check::of(CheckKind::IsJson), Check::of(CheckKind::MaxScore)];
    let all = beside_each_other(&bench, &["a", "slow", "broken"], &best).await;
    assert_eq!(all[1], Some((Status::Passed, "picked of 2 answers: the longer one".to_owned())));
    assert_eq!(all[0].as_ref().unwrap().0, Status::Failed);
    assert_eq!(all[2], None, "it gave no answer");
    assert_eq!(judged(&bench), 2, "both orders, once for all");
    let alone = beside_each_other(&bench, &["a"], &best).await;
    let why = "not applied: it compares answers that are asked for together, and there is no other one";
    assert_eq!(alone, [Some((Status::Inconclusive, why.to_owned()))]);
    // Without a judge, by the scores; and a run that is dropped before its end.
    let by_score = beside_each_other(&bench, &["a", "b"], &highest).await;
    assert!(by_score.iter().flatten().any(|(status, _)| *status == Status::Passed), "{by_score:?}");
    let requests = ["a", "slow"].map(|model| RunRequest { checks: highest.to_vec(), ..request(&[model]) });
    let mut noted = compare_runs(&requests.iter().collect::<Vec<_>>()).into_iter();
    let [first, second] = requests;
    let kept = bench.pipeline.run_compared(first, noted.next().unwrap());
    drop(bench.pipeline.run_compared(second, noted.next().unwrap()));
    let events: Vec<_> = kept.collect().await;
    let (status, why) = verdict(ended(&events)).unwrap();
    assert!(status == Status::Inconclusive && why.contains("no other answer"), "{why}");
}
