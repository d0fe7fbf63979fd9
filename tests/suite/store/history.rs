//! The history: words and filters find exactly the runs that have them, a page at a time; runs are kept,
//! removed, and copied.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use retort::{
    model::{
        CallError, Cost, ErrorKind, Grade, Input, PicoDollars, Prompt, Provenance, Quality, Rule, RunEnd, RunId,
        RunStatus, Status, Thumb, Verdict,
        batch::{BatchSpec, ResumeMode},
        error::StoreErrorKind,
        query::{Query, Vocabulary},
        run_end::Reason,
    },
    pipeline::ports::{RunRecord, RunStart},
    store::{
        Store,
        api::{HistoryEntry, HistoryPage, Lineage, Pruned, StoreReply, StoreRequest},
    },
};

use super::{at, record_of, run_id, start_of, store_in};

pub(crate) fn now() -> jiff::Timestamp {
    at(1000)
}

pub(crate) fn query(line: &str) -> Query {
    Query::parse(line, &now().to_zoned(TimeZone::UTC)).unwrap()
}

async fn page(store: &Store, line: &str, limit: usize) -> HistoryPage {
    let job = StoreRequest::History { query: Box::new(query(line)), after: None, limit };
    match store.ask(job).await.unwrap() {
        StoreReply::History(page) => page,
        other => panic!("{other:?}"),
    }
}

/// Reads all pages, each of `limit` runs.
async fn all(store: &Store, line: &str, limit: usize) -> Vec<HistoryEntry> {
    let query = query(line);
    let (mut runs, mut after) = (Vec::<HistoryEntry>::new(), None);
    loop {
        let job = StoreRequest::History { query: Box::new(query.clone()), after, limit };
        let StoreReply::History(page) = store.ask(job).await.unwrap() else { panic!("no page") };
        assert!(page.runs.len() <= limit && (!page.more || page.runs.len() == limit));
        after = page.runs.last().map(|run| run.place(&query));
        runs.extend(page.runs);
        if !page.more {
            return runs;
        }
    }
}

/// The numbers of the runs a line finds, the newest first.
pub(crate) async fn found(store: &Store, line: &str) -> Vec<u128> {
    all(store, line, 3).await.iter().map(|entry| entry.run.0.as_u128()).collect()
}

async fn counted(store: &Store, line: &str) -> (u64, bool) {
    match store.ask(StoreRequest::CountRuns(Box::new(query(line)))).await.unwrap() {
        StoreReply::Counted { runs, more } => (runs, more),
        other => panic!("{other:?}"),
    }
}

/// Records a run as another changes it.
pub(crate) fn put(
    store: &Store,
    number: u128,
    input: &str,
    answer: &str,
    change: impl FnOnce(&mut RunRecord),
) -> RunId {
    let mut record = RunRecord { input: Input::of(input), ..record_of(number, answer) };
    change(&mut record);
    let start = RunStart {
        prompt: Arc::new(record.prompt.clone()),
        prompt_name: record.prompt_name.clone(),
        session: record.session.clone(),
        ..start_of(number)
    };
    let run = record.run;
    store.recorder().started(&start);
    store.recorder().ended(record);
    run
}

fn prompt(system: &str) -> Prompt {
    Prompt { system: system.to_owned(), ..Prompt::default() }
}

pub(crate) fn failed_check(rule: &str) -> Quality {
    Quality::of(vec![
        Verdict::new(Rule::Format, Status::Passed, "JSON"),
        Verdict::new(Rule::Check(rule.to_owned()), Status::Failed, "no"),
    ])
}

/// A store with runs of many kinds, numbered from 1 in the order they came.
pub(crate) fn filled(dir: &tempfile::TempDir) -> Store {
    let store = store_in(dir.path());
    put(&store, 1, "My parcel never came", "{\"sentiment\": \"negative\"}", |_| {});
    put(&store, 2, "Ça va très bien", "Größe 42 passt", |run| run.prompt_name = Some("french".to_owned()));
    put(&store, 3, "日本語のテキストです", "感情は肯定的", |run| {
        run.session = Some("tokyo".to_owned());
    });
    put(&store, 4, "배송이 늦었어요", "parcels, all of them", |run| {
        run.prompt = prompt("You answer in Korean about parcels.");
    });
    put(&store, 5, "Where is it?", "It never came back to me", |run| {
        run.outcome.quality = Some(failed_check("latency"));
        run.outcome.cost = Cost::Known(PicoDollars(20_000_000_000));
        run.outcome.timing.total = Duration::from_millis(300);
    });
    put(&store, 6, "100%_sure", "a\\b \"quoted\"", |run| {
        run.outcome.provenance = Provenance::Cached { stored: at(1) };
        run.outcome.quality = Some(Quality::default());
        run.outcome.cost = Cost::Known(PicoDollars(5_000_000_000));
    });
    put(&store, 7, "Hello", "", |run| {
        let error = CallError::new(ErrorKind::RateLimited, "slow down");
        run.outcome.end = RunEnd::Failed { reasons: vec![Reason { target: "gpt-4".to_owned(), error }] };
        for name in [&mut run.outcome.model, &mut run.outcome.target] {
            "gpt-4".clone_into(name);
        }
        run.outcome.attempts = 3;
        run.outcome.usage.output = None;
    });
    store.recorder().started(&start_of(8));
    store
}

#[tokio::test]
async fn words_are_found_wherever_they_are_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    for (line, runs) in [
        ("", vec![8, 7, 6, 5, 4, 3, 2, 1]),
        // Parts of words, from the beginning, the middle and the end; upper and lower case alike.
        ("parcel", vec![4, 1]),
        ("arce", vec![4, 1]),
        ("PARCEL", vec![4, 1]),
        ("cels", vec![4]),
        ("pa", vec![4, 2, 1]),
        ("zebra", vec![]),
        // Each word somewhere.
        ("never came", vec![5, 1]),
        ("came never back", vec![5]),
        ("\"came never\"", vec![]),
        ("\"never came\"", vec![5, 1]),
        ("\"never ca\"", vec![5, 1]),
        ("\"ever came\"", vec![5, 1]),
        ("\"never  came\"", vec![]),
        // Marks on letters make no difference, in either direction.
        ("tres", vec![2]),
        ("größe", vec![2]),
        ("grosse", vec![]),
        // Scripts without blanks: any part.
        ("テキスト", vec![3]),
        ("本語", vec![3]),
        ("語", vec![3]),
        ("語本", vec![]),
        ("늦었", vec![4]),
        // The prompt, and one word here and another there.
        ("Korean", vec![4]),
        ("korean 늦었어요", vec![4]),
        ("label negative", vec![1]),
        ("label zebra", vec![]),
        // What would be a pattern, an operator or a quote.
        ("100%", vec![6]),
        ("%", vec![6]),
        ("100x", vec![]),
        ("\\", vec![6]),
        ("quoted", vec![6]),
        ("never AND came", vec![]),
        ("NEAR(never", vec![]),
        ("text:never", vec![]),
    ] {
        if line.starts_with("text:") {
            assert!(Query::parse(line, &now().to_zoned(TimeZone::UTC)).is_err());
            continue;
        }
        assert_eq!(found(&store, line).await, runs, "{line}");
        assert_eq!(counted(&store, line).await, (runs.len() as u64, false), "{line}");
    }
}

#[tokio::test]
async fn filters_hold_alone_together_and_turned_round() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let grade = |stars| Grade { stars: Some(stars), ..Grade::default() };
    for (number, stars) in [(2, 2), (2, 5), (5, 1)] {
        store.ask(StoreRequest::GradeRun { run: run_id(number), grade: grade(stars), at: now() }).await.unwrap();
    }
    store.ask(StoreRequest::GradeRun { run: run_id(6), grade: Grade::default(), at: now() }).await.unwrap();
    store.ask(StoreRequest::PinRuns { runs: vec![run_id(3)], pinned: true }).await.unwrap();
    for (line, runs) in [
        ("model:gpt-4", vec![7]),
        ("model:gpt-4o-mini end:done", vec![6, 5, 4, 3, 2, 1]),
        ("-model:gpt-4", vec![8, 6, 5, 4, 3, 2, 1]),
        ("provider:openai prompt:french", vec![2]),
        ("provider:nobody", vec![]),
        ("session:tokyo", vec![3]),
        ("end:running", vec![8]),
        ("end:failed", vec![7]),
        ("error:any", vec![7]),
        ("error:\"rate limited\"", vec![7]),
        ("retried:yes", vec![7]),
        ("verdict:failed", vec![5]),
        ("verdict:passed", vec![]),
        ("verdict:unchecked", vec![6, 4, 3, 2, 1]),
        ("verdict:error", vec![7]),
        ("failed:latency", vec![5]),
        ("failed:format", vec![]),
        ("cached:yes", vec![6]),
        ("cached:no end:done", vec![5, 4, 3, 2, 1]),
        ("cost:>0.01", vec![5]),
        ("cost:>=0.005", vec![6, 5]),
        ("took:<1s", vec![5]),
        ("tokens:>=15 end:done -cached:yes", vec![5, 4, 3, 2, 1]),
        ("grade:5", vec![2]),
        ("grade:<=2", vec![5]),
        ("grade:yes", vec![5, 2]),
        ("grade:none end:done", vec![6, 4, 3, 1]),
        ("pinned:yes", vec![3]),
        ("-pinned:yes parcel", vec![4, 1]),
        ("fallback:yes", vec![7]),
        ("never cost:>0.001 verdict:failed", vec![5]),
        ("run:0007", vec![7]),
    ] {
        assert_eq!(found(&store, line).await, runs, "{line}");
    }
    let version = all(&store, "Korean", 1).await[0].version.clone().unwrap();
    assert_eq!(found(&store, &format!("version:{}", version.short())).await, [4]);
    store.ask(StoreRequest::NameVersion { version, name: "korean one".to_owned(), at: now() }).await.unwrap();
    assert_eq!(found(&store, "version:\"korean one\"").await, [4]);
    let since = format!("since:{} until:{}", at(3), at(5));
    assert_eq!(found(&store, &since).await, [4, 3]);
}

#[tokio::test]
async fn runs_come_in_the_order_asked_for_each_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    for (line, runs) in [
        ("sort:-time", vec![1, 2, 3, 4, 5, 6, 7, 8]),
        ("sort:cost", vec![5, 6, 8, 7, 4, 3, 2, 1]),
        ("sort:-cost", vec![6, 5, 1, 2, 3, 4, 7, 8]),
        ("sort:-took end:done", vec![5, 1, 2, 3, 4, 6]),
        ("sort:cost never", vec![5, 1]),
    ] {
        assert_eq!(found(&store, line).await, runs, "{line}");
    }
}

#[tokio::test]
async fn a_list_shows_what_is_known_of_a_run() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let page = page(&store, "run:0005", 10).await;
    let entry = &page.runs[0];
    assert_eq!((entry.status, entry.failed.as_slice()), (Some(RunStatus::Failed), ["latency".to_owned()].as_slice()));
    assert_eq!(entry.cost, Cost::Known(PicoDollars(20_000_000_000)));
    assert_eq!((entry.took, entry.tokens_in, entry.tokens_out), (Some(Duration::from_millis(300)), Some(10), Some(5)));
    assert!(entry.input.contains("Where is it?") && entry.answer.contains("back to me"));
}

#[tokio::test]
async fn filters_are_completed_with_the_names_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let StoreReply::Vocabulary(names) = store.ask(StoreRequest::Vocabulary).await.unwrap() else { panic!("no names") };
    let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        *names,
        Vocabulary {
            models: text(&["gpt-4", "gpt-4o-mini"]),
            providers: text(&["openai"]),
            prompts: text(&["french", "sentiment"]),
            sessions: text(&["tokyo", "triage"]),
            versions: Vec::new(),
            checks: text(&["latency"]),
            classes: text(&["rate limited"]),
        }
    );
}

async fn prune(store: &Store, before: i64, keep_pinned: bool, dry: bool) -> Pruned {
    match store.ask(StoreRequest::PruneRuns { before: at(before), keep_pinned, dry }).await.unwrap() {
        StoreReply::Pruned(pruned) => pruned,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn pruning_is_told_first_and_keeps_what_is_pinned_or_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    for number in 20..60 {
        put(&store, number, "much", &"text to be removed ".repeat(500), |_| {});
    }
    store.ask(StoreRequest::PinRuns { runs: vec![run_id(1)], pinned: true }).await.unwrap();
    let answer = prune(&store, 100, true, true).await;
    assert!(answer.runs == 46 && answer.texts > 300_000 && answer.before == answer.after, "{answer:?}");
    assert_eq!(counted(&store, "").await.0, 48);
    let done = prune(&store, 100, true, false).await;
    assert!(done.runs == 46 && done.after < done.before / 2, "{done:?}");
    assert_eq!(found(&store, "").await, [8, 1]);
    assert_eq!(found(&store, "removed").await, [] as [u128; 0]);
    assert_eq!(found(&store, "parcel").await, [1]);
    assert_eq!(prune(&store, 100, false, false).await.runs, 1);
    let removed = store.ask(StoreRequest::RemoveRuns(vec![run_id(8), run_id(99)])).await.unwrap();
    assert!(matches!(removed, StoreReply::Pruned(Pruned { runs: 0, .. })), "a run under way stays: {removed:?}");
}

#[tokio::test]
async fn a_copy_holds_everything_and_never_replaces_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(&dir);
    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    let file = copy.join("retort.db");
    let StoreReply::BackedUp(bytes) = store.ask(StoreRequest::Backup(file.clone())).await.unwrap() else {
        panic!("no copy")
    };
    assert_eq!(bytes, std::fs::metadata(&file).unwrap().len());
    let refused = store.ask(StoreRequest::Backup(file.clone())).await.unwrap_err();
    assert!(refused.kind == StoreErrorKind::Exists && refused.message.contains("is there already"), "{refused}");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let runs: i64 = connection.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
    assert_eq!(runs, 8);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the texts and the word, a search finds what a plain reading of the texts finds.
    #[test]
    fn a_search_finds_what_reading_finds(
        texts in prop::collection::vec("[abé ]{0,12}[日本ab]{0,4}", 1..8),
        word in "[abé]{3,5}|[日本]{1,2}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = store_in(dir.path());
        let folded = |text: &str| text.to_lowercase().replace('é', "e");
        let mut wanted = BTreeSet::new();
        for (number, text) in (1_u128..).zip(&texts) {
            put(&store, number, text, "", |run| run.prompt = prompt("x"));
            if folded(text).contains(&folded(&word)) {
                wanted.insert(number);
            }
        }
        let got: BTreeSet<u128> = runtime.block_on(found(&store, &word)).into_iter().collect();
        prop_assert_eq!(got, wanted);
    }
}

/// What a column shows of a run, for its order: the greater comes first, and what is not known last.
fn shown(run: &HistoryEntry, by: &str) -> Option<u128> {
    let order = ["cancelled", "passed", "unchecked", "inconclusive", "failed", "error"];
    match by {
        "cost" => run.cost.amount().map(|amount| u128::from(amount.0)),
        "took" => run.took.map(|took| took.as_micros()),
        "tokens" => match (run.tokens_in, run.tokens_out) {
            (None, None) => None,
            (input, output) => Some(u128::from(input.unwrap_or(0) + output.unwrap_or(0))),
        },
        "verdict" => run.status.map(|status| order.iter().position(|word| *word == status.word()).unwrap() as u128),
        "grade" => run.grade.as_ref().and_then(|grade| {
            grade.stars.map(u128::from).or(grade.thumb.map(|thumb| if thumb == Thumb::Up { 4 } else { 2 }))
        }),
        _ => panic!("{by}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is known of runs, a list is in the order of the column that it is sorted by, unknown last.
    #[test]
    fn a_list_is_in_the_order_of_what_its_column_shows(
        runs in prop::collection::vec((0..5_u64, 0..4_u64, 0..6_usize, 0..7_u8, 0..3_u64), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = store_in(dir.path());
        let few = |number: u64| (number > 0).then_some(number * 7 % 5 + 1);
        for (number, (tokens, cost, status, grade, took)) in (1_u128..).zip(&runs) {
            let run = put(&store, number, "x", "y", |run| {
                let outcome = &mut run.outcome;
                (outcome.usage.input, outcome.usage.output) = (few(*tokens), few(*cost));
                outcome.cost = few(*cost).map_or(Cost::Unknown, |cost| Cost::Estimated(PicoDollars(cost)));
                outcome.timing.total = Duration::from_millis(9 - took);
                outcome.timing.response = (*took > 0).then(|| Duration::from_millis(3 - took));
                match status {
                    0 => outcome.quality = Some(failed_check("latency")),
                    1 => outcome.quality = Some(Quality::of(vec![Verdict::new(Rule::Format, Status::Passed, "")])),
                    2 => outcome.quality = Some(Quality::of(vec![Verdict::new(Rule::Format, Status::Inconclusive, "")])),
                    3 => outcome.end = RunEnd::Cancelled,
                    4 => outcome.end = RunEnd::Failed { reasons: Vec::new() },
                    _ => {}
                }
            });
            let thumb = [Some(Thumb::Up), Some(Thumb::Down)].get(usize::from(*grade)).copied().flatten();
            let stars = (2..6).contains(grade).then_some(*grade);
            if thumb.is_some() || stars.is_some() {
                let grade = Grade { stars, thumb, ..Grade::default() };
                runtime.block_on(store.ask(StoreRequest::GradeRun { run, grade, at: now() })).unwrap();
            }
        }
        for by in ["cost", "took", "tokens", "verdict", "grade"] {
            for (line, least_first) in [(format!("sort:{by}"), false), (format!("sort:-{by}"), true)] {
                let listed = runtime.block_on(all(&store, &line, 3));
                prop_assert_eq!(listed.len(), runs.len(), "{}", line);
                let order: Vec<_> = listed.iter().map(|run| shown(run, by)).collect();
                let known: Vec<u128> = order.iter().copied().flatten().collect();
                let first = order.iter().take_while(|value| value.is_some()).count();
                prop_assert_eq!(first, known.len(), "what is not known comes last: {}: {:?}", line, order);
                let sorted = known.windows(2).all(|pair| if least_first { pair[0] <= pair[1] } else { pair[0] >= pair[1] });
                prop_assert!(sorted, "{}: {:?}", line, order);
            }
        }
    }
}

/// Renames the runs of a prompt.
async fn rename(store: &Store, from: &str, to: &str) -> u64 {
    let job = StoreRequest::RenameRuns { from: from.to_owned(), to: to.to_owned() };
    match store.ask(job).await.unwrap() {
        StoreReply::RunsRenamed(runs) => runs,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn runs_versions_and_report_follow_a_renamed_prompt_and_come_back_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    for (number, name) in [(1, "triage"), (2, "triage"), (3, "sorting"), (4, "other")] {
        put(&store, number, "x", "y", |record| {
            record.prompt_name = Some(name.to_owned());
            record.prompt.system = format!("of {name} {number}");
        });
    }
    assert_eq!(rename(&store, "triage", "sorting").await, 2);
    assert_eq!(found(&store, "prompt:sorting").await, [3, 2, 1], "with those that had the name before");
    assert!(found(&store, "prompt:triage").await.is_empty());
    let versions = async |name: &str| {
        let of = Lineage::Prompt(name.to_owned());
        match store.ask(StoreRequest::ListVersions { of, limit: 9 }).await.unwrap() {
            StoreReply::Versions(all) => all.len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((versions("sorting").await, versions("triage").await), (3, 0));
    let prompts = async || match store.ask(StoreRequest::Report(Box::default())).await.unwrap() {
        StoreReply::Report(report) => report.prompts.iter().map(|row| (row.name.clone(), row.runs)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let mut now = prompts().await;
    now.sort();
    assert_eq!(now, [("other".to_owned(), 1), ("sorting".to_owned(), 3)]);
    put(&store, 5, "x", "y", |record| record.prompt_name = Some("sorting".to_owned()));
    assert_eq!(rename(&store, "sorting", "triage").await, 3, "undone, with what was run in between");
    assert_eq!(found(&store, "prompt:triage").await, [5, 2, 1]);
    assert_eq!(found(&store, "prompt:sorting").await, [3], "but not those that had the name before");
    assert_eq!((versions("sorting").await, versions("triage").await >= 2), (1, true));
    assert_eq!(rename(&store, "nobody", "else").await, 0);
}

#[tokio::test]
async fn a_run_that_is_under_way_ends_under_its_prompts_new_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    store.recorder().started(&RunStart { prompt_name: Some("triage".to_owned()), ..start_of(7) });
    rename(&store, "triage", "sorting").await;
    store.recorder().ended(RunRecord { prompt_name: Some("triage".to_owned()), ..record_of(7, "x") });
    assert_eq!(found(&store, "prompt:sorting").await, [7]);
}

#[tokio::test]
async fn a_batch_goes_on_under_its_prompts_new_name_and_under_the_old_one_when_that_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_in(dir.path());
    let spec = |name: &str| BatchSpec {
        prompts: vec![(name.to_owned(), Prompt::default())],
        ..super::batch::spec("mail.csv")
    };
    let begin = async |name: &str, how: ResumeMode| {
        let spec = Box::new(spec(name));
        match store.ask(StoreRequest::BeginBatch { spec, how, at: at(0) }).await.unwrap() {
            StoreReply::Batch(begun) => (begun.id, begun.resumed),
            other => panic!("{other:?}"),
        }
    };
    let (old, _) = begin("triage", ResumeMode::Anew).await;
    let (kept, _) = begin("sorting", ResumeMode::Anew).await;
    rename(&store, "triage", "sorting").await;
    let names = async || match store.ask(StoreRequest::Batches { limit: 9 }).await.unwrap() {
        StoreReply::Batches(all) => all.iter().map(|entry| entry.spec.prompts[0].0.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(names().await, ["sorting", "sorting"]);
    rename(&store, "sorting", "triage").await;
    assert_eq!(names().await, ["sorting", "triage"], "but for what had the name before");
    assert_eq!(begin("triage", ResumeMode::Resume).await, (old, true));
    rename(&store, "triage", "label").await;
    assert_eq!(begin("label", ResumeMode::Resume).await, (old, true), "it goes on where it stopped");
    assert_eq!(begin("sorting", ResumeMode::Resume).await, (kept, true));
}
