//! The history screen: keys in, state and effects out.

use jiff::Timestamp;
use retort::{
    app::{
        Effect, Event, ScreenId, Ticket,
        history::run_list::PAGE,
        overlays::{Overlay, xray::XrayTab},
    },
    model::{
        Grade, RunStatus,
        error::StoreError,
        query::{SortBy, Vocabulary, What},
    },
    pipeline::ports::RunRecord,
    store::api::{HistoryPage, Pruned, StoreReply, StoreRequest},
};

use crate::support::{
    bench::{Bench, outcome},
    history::{id, page, record},
    quality::review,
};

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn run(number: u64) -> RunRecord {
    record(number, now(), outcome(&format!("{{\"answer\": {number}}}")))
}

/// Takes the one job of a kind that was asked for.
pub(crate) fn asked(bench: &mut Bench, which: impl Fn(&StoreRequest) -> bool) -> (Ticket, StoreRequest) {
    let mut jobs: Vec<(Ticket, StoreRequest)> = bench.jobs().into_iter().filter(|(_, job)| which(job)).collect();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

pub(crate) fn is_page(job: &StoreRequest) -> bool {
    matches!(job, StoreRequest::History { .. })
}

fn is_run(job: &StoreRequest) -> bool {
    matches!(job, StoreRequest::OpenRun(_))
}

fn answer(bench: &mut Bench, page: HistoryPage) {
    let (ticket, _) = asked(bench, is_page);
    bench.answer(ticket, Ok(StoreReply::History(page)));
}

/// Reads the record that is asked for.
fn read(bench: &mut Bench) -> u64 {
    let (ticket, job) = asked(bench, is_run);
    let StoreRequest::OpenRun(run_id) = job else { panic!("{job:?}") };
    let number = (run_id.0.as_u128() & 0xffff) as u64;
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(run(number)))));
    let (ticket, _) = asked(bench, |job| matches!(job, StoreRequest::Judgements(_)));
    bench.answer(ticket, Ok(StoreReply::Judgements(Vec::new())));
    number
}

/// The screen with a few runs, the newest under the cursor and read.
pub(crate) fn listed() -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    answer(&mut bench, page(now(), 1..=9, false));
    assert_eq!(read(&mut bench), 9);
    bench
}

fn chosen(bench: &Bench) -> u64 {
    (bench.app.history.chosen().unwrap().run.0.as_u128() & 0xffff) as u64
}

#[test]
fn the_newest_runs_are_read_when_the_screen_is_entered_and_again_the_next_time() {
    let mut bench = listed();
    let history = &bench.app.history;
    assert_eq!((history.runs.entries.len(), chosen(&bench)), (9, 9));
    assert_eq!(history.runs.count.map(|count| (count.runs, count.more)), Some((9, false)));
    bench.keys("<a-1><a-3>");
    answer(&mut bench, page(now(), 1..=10, false));
    assert_eq!(chosen(&bench), 10, "the cursor was on the newest and still is");
    bench.keys("jjr");
    answer(&mut bench, page(now(), 1..=12, false));
    assert_eq!(chosen(&bench), 8, "the cursor stays on its run");
}

#[test]
fn further_pages_come_as_the_cursor_nears_the_end() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    answer(&mut bench, page(now(), 301..=500, true));
    let everything = |job: &StoreRequest| matches!(job, StoreRequest::CountRuns(query) if query.is_everything());
    let (ticket, _) = asked(&mut bench, everything);
    bench.answer(ticket, Ok(StoreReply::Counted { runs: 10_000, more: true }));
    assert!(bench.jobs().iter().all(|(_, job)| !is_page(job)), "the end is far");
    bench.keys("G");
    let (ticket, job) = asked(&mut bench, is_page);
    let StoreRequest::History { after, limit, .. } = job else { panic!("{job:?}") };
    assert_eq!((after.map(|after| after.seq), limit), (Some(301), PAGE));
    bench.keys("kk");
    assert!(bench.jobs().iter().all(|(_, job)| !is_page(job)), "one page at a time");
    bench.answer(ticket, Ok(StoreReply::History(page(now(), 101..=300, false))));
    assert_eq!(bench.app.history.runs.entries.len(), 400);
    assert_eq!(chosen(&bench), 303);
    bench.keys("G");
    assert!(bench.jobs().iter().all(|(_, job)| !is_page(job)), "nothing follows");
    assert_eq!(chosen(&bench), 101);
}

#[test]
fn late_pages_are_dropped_and_the_present_question_is_asked() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    let (first, _) = asked(&mut bench, is_page);
    bench.keys("/parcel");
    assert!(bench.jobs().iter().all(|(_, job)| !is_page(job)), "one question at a time");
    bench.answer(first, Ok(StoreReply::History(page(now(), 1..=9, true))));
    assert!(bench.app.history.runs.entries.is_empty() && bench.app.history.runs.loading());
    let (second, job) = asked(&mut bench, is_page);
    let StoreRequest::History { query, after: None, .. } = job else { panic!("{job:?}") };
    assert_eq!(query.words[0], "parcel");
    bench.answer(first, Ok(StoreReply::History(page(now(), 1..=9, false))));
    assert!(bench.app.history.runs.loading(), "an answer nobody waits for");
    bench.answer(second, Ok(StoreReply::History(page(now(), 2..=3, false))));
    assert_eq!((bench.app.history.runs.entries.len(), bench.app.history.runs.loading()), (2, false));
}

#[test]
fn a_mistake_is_told_while_it_is_typed_and_the_list_stays() {
    let mut bench = listed();
    bench.keys("/");
    bench.send(Event::Paste("cost:dear".to_owned()));
    let bad = bench.app.history.asking.mistake.clone().unwrap();
    assert_eq!((bad.at, bad.part.as_str()), (0, "cost:dear"));
    assert!(bench.jobs().iter().all(|(_, job)| !is_page(job)));
    assert_eq!(bench.app.history.runs.entries.len(), 9);
    bench.keys("<enter>");
    assert!(bench.app.history.asking.typing && bench.says().contains("cost:dear"), "{}", bench.says());
    bench.keys("<c-u>");
    bench.send(Event::Paste("cost:>0.01".to_owned()));
    assert!(bench.app.history.asking.mistake.is_none());
    let (_, job) = asked(&mut bench, is_page);
    assert!(matches!(job, StoreRequest::History { query, .. } if matches!(query.filters[0].what, What::Cost(_))));
    bench.keys("<enter>");
    assert!(!bench.app.history.asking.typing);
    bench.keys("<esc>");
    assert!(bench.app.history.asking.line.is_empty() && bench.app.history.asking.query.is_everything());
    bench.keys("<esc>");
    assert_eq!(bench.app.screen, ScreenId::Bench);
}

#[test]
fn the_line_is_completed_with_what_is_on_record() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Vocabulary));
    let vocabulary = Vocabulary { models: vec!["gpt-4".into(), "gpt-4o-mini".into()], ..Vocabulary::default() };
    bench.answer(ticket, Ok(StoreReply::Vocabulary(Box::new(vocabulary))));
    let line = |bench: &Bench| bench.app.history.asking.line.text();
    bench.keys("/late mo<tab>");
    assert_eq!(line(&bench), "late model:");
    bench.keys("gp<tab>");
    assert_eq!(line(&bench), "late model:gpt-4");
    bench.keys("<tab>");
    assert_eq!(line(&bench), "late model:gpt-4o-mini");
    bench.keys("<tab>");
    assert_eq!(line(&bench), "late model:gpt-4", "round the end");
    bench.keys("<s-tab>");
    assert_eq!(line(&bench), "late model:gpt-4o-mini");
    bench.keys(" zzz<tab>");
    assert_eq!(bench.says(), "nothing to complete here");
}

#[test]
fn the_order_is_part_of_the_line() {
    let mut bench = listed();
    bench.send(Event::Paste("parcel".to_owned()));
    bench.keys("<enter>");
    answer(&mut bench, page(now(), 1..=9, false));
    for (key, line, by, ascending) in [
        ("s", "parcel sort:cost", SortBy::Cost, false),
        ("S", "parcel sort:-cost", SortBy::Cost, true),
        ("s", "parcel sort:took", SortBy::Took, false),
        ("s", "parcel sort:tokens", SortBy::Tokens, false),
        ("s", "parcel sort:verdict", SortBy::Verdict, false),
        ("s", "parcel sort:grade", SortBy::Grade, false),
        ("s", "parcel", SortBy::Time, false),
    ] {
        bench.keys(key);
        assert_eq!(bench.app.history.asking.line.text(), line);
        let (ticket, job) = asked(&mut bench, is_page);
        let StoreRequest::History { query, .. } = job else { panic!("{job:?}") };
        assert_eq!((query.sort.by, query.sort.ascending), (by, ascending));
        bench.answer(ticket, Ok(StoreReply::History(page(now(), 1..=9, false))));
    }
}

#[test]
fn the_run_under_the_cursor_is_read_one_at_a_time() {
    let mut bench = listed();
    bench.keys("j");
    let (ticket, job) = asked(&mut bench, is_run);
    assert_eq!(job, StoreRequest::OpenRun(id(8)));
    bench.keys("jjj");
    assert!(bench.jobs().is_empty(), "the next one is asked for when this one is read");
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(run(8)))));
    assert_eq!(read(&mut bench), 5);
    assert_eq!(bench.app.history.shown().unwrap().run(), id(5));
    bench.keys("j");
    let (ticket, _) = asked(&mut bench, is_run);
    bench.answer(ticket, Err(StoreError::new("the run is not on record")));
    assert!(bench.app.history.error.as_ref().is_some_and(|(run, why)| *run == id(4) && why.contains("not on record")));
    assert!(bench.jobs().is_empty(), "it is not asked for again and again");
}

#[test]
fn a_small_screen_reads_a_run_on_enter() {
    let mut bench = Bench::new();
    bench.resize(80, 24);
    bench.take();
    bench.keys("<a-3>");
    answer(&mut bench, page(now(), 1..=9, false));
    bench.keys("j");
    assert!(bench.jobs().iter().all(|(_, job)| !is_run(job)));
    bench.keys("<enter>");
    assert_eq!(read(&mut bench), 8);
    bench.keys("<right>");
    assert_eq!(read(&mut bench), 7);
    bench.keys("<esc>");
    assert!(!bench.app.history.reading && bench.app.screen == ScreenId::History);
}

#[test]
fn a_run_is_put_on_the_bench_as_it_was_run_and_run_again() {
    let mut bench = listed();
    bench.keys("E");
    let (keep, job) = asked(&mut bench, |job| matches!(job, StoreRequest::KeepVersion { .. }));
    assert!(matches!(job, StoreRequest::KeepVersion { .. }), "what was on the bench is kept first");
    bench.answer(keep, Ok(StoreReply::VersionKept(retort::model::VersionId(String::new()))));
    let stage = &bench.app.bench;
    assert_eq!((bench.app.screen, stage.prompt().user.as_str()), (ScreenId::Bench, "Message: {{ input }}"));
    assert_eq!(stage.input().text, "My parcel never came and nobody answers");
    assert_eq!(stage.lane().map(|lane| lane.spec.target.as_str()), Some("demo"));
    assert!(bench.started().is_empty());
    let mut bench = listed();
    bench.keys("<f5>");
    let (keep, _) = asked(&mut bench, |job| matches!(job, StoreRequest::KeepVersion { .. }));
    bench.answer(keep, Ok(StoreReply::VersionKept(retort::model::VersionId(String::new()))));
    let started = bench.started();
    let [(_, request)] = started.as_slice() else { panic!("{} runs", started.len()) };
    assert_eq!(request.prompt.user, "Message: {{ input }}");
    assert_eq!(request.cache, retort::model::CacheMode::Refresh);
}

#[test]
fn a_run_is_graded_where_it_is_listed() {
    let mut bench = listed();
    bench.keys("v");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Grade(grading)) if grading.run == id(9)));
    bench.keys("4");
    let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::GradeRun { .. }));
    assert!(matches!(job, StoreRequest::GradeRun { run, grade, .. } if run == id(9) && grade.stars == Some(4)));
    let grade = |bench: &Bench| bench.app.history.chosen().unwrap().grade.clone();
    assert_eq!(grade(&bench), Some(Grade { stars: Some(4), ..Grade::default() }));
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!((grade(&bench), bench.says()), (None, "the disk is full"));
}

#[test]
fn a_run_is_pinned_and_let_go() {
    let mut bench = listed();
    for pinned in [true, false] {
        bench.keys("p");
        let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::PinRuns { .. }));
        assert_eq!(job, StoreRequest::PinRuns { runs: vec![id(9)], pinned });
        bench.answer(ticket, Ok(StoreReply::Pinned(1)));
        assert_eq!(bench.app.history.chosen().unwrap().pinned, pinned);
    }
}

#[test]
fn removing_a_run_asks_first() {
    let mut bench = listed();
    bench.keys("D<esc>");
    assert!(bench.jobs().is_empty() && bench.app.overlay().is_none());
    bench.keys("D<enter>");
    let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::RemoveRuns(_)));
    assert_eq!(job, StoreRequest::RemoveRuns(vec![id(9)]));
    bench.answer(ticket, Ok(StoreReply::Pruned(Pruned::default())));
    assert_eq!((chosen(&bench), bench.app.history.runs.entries.len()), (8, 8));
    assert_eq!(bench.app.history.runs.count.map(|count| count.runs), Some(8));
}

#[test]
fn two_marked_runs_are_compared_the_older_first() {
    let mut bench = listed();
    bench.keys("d");
    assert!(bench.says().contains("mark two runs first"), "{}", bench.says());
    bench.take();
    bench.keys(" ");
    read(&mut bench);
    bench.keys(" d");
    let jobs: Vec<(Ticket, StoreRequest)> = bench.jobs().into_iter().filter(|(_, job)| is_run(job)).collect();
    let runs: Vec<&StoreRequest> = jobs.iter().map(|(_, job)| job).collect();
    assert!(runs.contains(&&StoreRequest::OpenRun(id(8))) && runs.contains(&&StoreRequest::OpenRun(id(9))), "{runs:?}");
    for (ticket, job) in jobs.clone() {
        let StoreRequest::OpenRun(run_id) = job else { continue };
        bench.answer(ticket, Ok(StoreReply::Run(Box::new(run((run_id.0.as_u128() & 0xffff) as u64)))));
    }
    let pair = bench.app.history.pair.as_ref().unwrap();
    assert_eq!(pair.runs, [id(8), id(9)]);
    let seen: Vec<String> = pair.difference().unwrap().view().seen().map(|(_, row)| row.text.into_owned()).collect();
    assert!(seen.join("\n").contains("[-8-]{+9+}"), "{seen:?}");
    bench.keys("n");
    assert_eq!(bench.says(), "difference 1 of 1");
    bench.keys("<esc>");
    assert!(bench.app.history.pair.is_none());
}

#[test]
fn of_three_marks_the_first_goes() {
    let mut bench = listed();
    bench.keys("   ");
    assert_eq!(bench.app.history.runs.marked, [id(8), id(7)]);
    bench.keys("k ");
    assert_eq!(bench.app.history.runs.marked, [id(8)]);
}

#[test]
fn the_run_its_id_and_the_query_can_be_copied() {
    let mut bench = listed();
    bench.keys("y");
    let Some(Overlay::Copy(forms)) = bench.app.overlay() else { panic!("no menu") };
    let labels: Vec<&str> = forms.choice.shown().map(|item| item.label.as_str()).collect();
    assert_eq!(labels, ["answer", "JSON", "id", "record", "export"]);
    bench.keys("jj<enter>");
    let copied = bench.take().into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    });
    assert_eq!(copied, Some(id(9).to_string()));
}

#[test]
fn the_command_line_of_the_present_query_is_told() {
    let mut bench = listed();
    bench.keys("/-cached:yes it's<enter><c-p>export-runs<enter>");
    let command = "retort history --all --json -- '-cached:yes it'\\''s'";
    let effects = bench.take();
    let Some(Effect::Copy { what, text }) = effects.last() else { panic!("{effects:?}") };
    assert_eq!((what.as_str(), text.as_str()), (command, command));
    bench.send(Event::Copied { what: what.clone(), way: "copied with xclip".to_owned(), send: None });
    assert_eq!(bench.says(), format!("copied with xclip: {command}"));
}

#[test]
fn columns_are_shown_and_hidden() {
    let mut bench = listed();
    let usual = bench.app.history.shown_columns();
    bench.keys("C<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Columns(_))), "it stays open");
    assert_eq!(bench.app.history.shown_columns(), usual[1..]);
    bench.keys("G<enter>");
    assert_eq!(bench.app.history.shown_columns(), usual);
}

#[test]
fn the_x_ray_of_a_run_and_a_paste_into_the_line() {
    let mut bench = listed();
    bench.keys("o");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Xray(xray)) if xray.target == "demo"));
    bench.keys("<esc>");
    bench.send(Event::Paste("never\ncame".to_owned()));
    assert_eq!(bench.app.history.asking.line.text(), "never came");
    assert!(bench.app.history.asking.typing);
}

/// The line of kinds above the list.
fn kinds(bench: &Bench) -> String {
    bench.screen()[2].trim().to_owned()
}

#[test]
fn one_key_leaves_the_failed_runs_another_the_errors_and_each_takes_itself_back() {
    let mut bench = listed();
    assert!(kinds(&bench).starts_with("[All 9]  f Failed 3  e Errors 2  Graded 1"), "{}", kinds(&bench));
    bench.keys("/model:gpt-4o-mini \"two  words\"<enter>");
    bench.take();
    for (key, line) in [
        ("f", "model:gpt-4o-mini \"two  words\" verdict:failed"),
        ("e", "model:gpt-4o-mini \"two  words\" verdict:error"),
        ("e", "model:gpt-4o-mini \"two  words\""),
    ] {
        bench.keys(key);
        assert_eq!(bench.app.history.asking.line.text(), line);
        for (ticket, job) in bench.jobs() {
            if is_page(&job) {
                bench.answer(ticket, Ok(StoreReply::History(page(now(), 1..=9, false))));
            }
        }
    }
}

#[test]
fn the_kinds_of_runs_stay_counted_while_one_of_them_is_listed() {
    let mut bench = listed();
    bench.keys("f");
    answer_all(&mut bench, 3);
    let counted = kinds(&bench);
    assert!(counted.starts_with("All 40  [f Failed 3]  e Errors 8  Graded 2"), "{counted}");
    bench.keys("f");
    assert!(kinds(&bench).contains("[All") && kinds(&bench).contains("e Errors 8"), "{}", kinds(&bench));
}

/// Answers a page of failed runs, and the counts of the other kinds.
fn answer_all(bench: &mut Bench, failed: u64) {
    let (ticket, _) = asked(bench, is_page);
    bench.answer(ticket, Ok(StoreReply::History(page(now(), 1..=failed, false))));
    for (ticket, job) in bench.jobs() {
        let StoreRequest::CountRuns(query) = job else { continue };
        let runs = match query.filters.first().map(|filter| filter.what.clone()) {
            None => 40,
            Some(What::Status(status)) => {
                assert_eq!(status, RunStatus::Error, "what is listed is not counted twice");
                8
            }
            Some(What::Graded(true)) => 2,
            other => panic!("{other:?}"),
        };
        bench.answer(ticket, Ok(StoreReply::Counted { runs, more: false }));
    }
}

#[test]
fn from_the_quality_screen_a_narrower_list_still_leads_back() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-4>");
    let (ticket, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Report(_)));
    bench.answer(ticket, Ok(StoreReply::Report(Box::new(crate::support::quality::report()))));
    bench.keys("<tab><tab>lll<enter>");
    assert_eq!(bench.app.screen, ScreenId::History);
    let line = bench.app.history.asking.line.text();
    bench.keys("f");
    assert_eq!(bench.app.history.asking.line.text(), format!("{line} verdict:failed"));
    bench.keys("<esc>");
    assert_eq!(bench.app.screen, ScreenId::Quality);
}

#[test]
fn the_x_ray_goes_from_run_to_run_and_keeps_its_tab() {
    let mut bench = listed();
    bench.keys("o<tab>");
    let run_of = |bench: &Bench| {
        let Some(Overlay::Xray(xray)) = bench.app.overlay() else { panic!("no X-ray") };
        (xray.tab, bench.screen().join("\n"))
    };
    let (tab, _) = run_of(&bench);
    assert_eq!(tab, XrayTab::Request);
    bench.take();
    bench.keys(",");
    read_all(&mut bench);
    assert_eq!(chosen(&bench), 8);
    let (tab, screen) = run_of(&bench);
    assert!(tab == XrayTab::Request && screen.contains(&format!("X-ray  run {}", id(8).short())), "{screen}");
    bench.keys(".");
    read_all(&mut bench);
    assert!(run_of(&bench).1.contains(&format!("run {}", id(9).short())));
    bench.keys(".");
    assert_eq!(bench.says(), "This is the first run listed");
    bench.keys("<esc>");
    assert!(bench.app.overlay().is_none() && bench.app.screen == ScreenId::History);
}

/// Reads every record that is asked for.
fn read_all(bench: &mut Bench) {
    for (ticket, job) in bench.jobs() {
        if let StoreRequest::OpenRun(run_id) = job {
            let number = (run_id.0.as_u128() & 0xffff) as u64;
            bench.answer(ticket, Ok(StoreReply::Run(Box::new(run(number)))));
        }
    }
}

#[test]
fn a_key_that_cannot_act_says_why() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    answer(&mut bench, HistoryPage::default());
    for (key, says) in [
        ("o", "X-ray: no run is listed"),
        ("E", "Put on the bench: no run is listed"),
        ("n", "Next: it goes through two runs that are compared"),
        ("D", "Delete run: no run is listed"),
    ] {
        bench.keys(key);
        assert!(bench.says().ends_with(says.split_once(": ").unwrap().1), "{key}: {}", bench.says());
    }
}

#[test]
fn the_row_of_sums_is_of_every_run_that_matches_whatever_was_read() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    answer(&mut bench, page(now(), 301..=500, true));
    let is_sum = |job: &StoreRequest| matches!(job, StoreRequest::Review(_));
    let row = |bench: &Bench| bench.screen().into_iter().find(|row| row.contains(" Listed ")).unwrap_or_default();
    let (ticket, job) = asked(&mut bench, is_sum);
    assert!(matches!(job, StoreRequest::Review(query) if query.is_everything()));
    assert!(row(&bench).contains("adding up"), "{}", row(&bench));
    // A judge's run is listed, and in no figure.
    let all = review(0..600, |run| run.judge = run.started % 50 == 0);
    let judges = 600 - all.clone().listed().0.runs;
    bench.answer(ticket, Ok(StoreReply::Review(Box::new(all))));
    let says = row(&bench);
    let apart = format!("{judges} of judges apart");
    assert!(
        judges > 0 && ["$", " passed", " tok", "p50 ", " errors", &apart].iter().all(|part| says.contains(part)),
        "{says}"
    );
    bench.keys("f");
    assert!(row(&bench).is_empty() || row(&bench).contains("adding up"), "none of another question: {}", row(&bench));
    answer(&mut bench, page(now(), 1..=9, false));
    let (ticket, job) = asked(&mut bench, is_sum);
    let StoreRequest::Review(query) = job else { panic!("{job:?}") };
    assert_eq!(query.filters[0].what, What::Status(RunStatus::Failed));
    bench.answer(ticket, Ok(StoreReply::Review(Box::new(review(0..9, |_| {})))));
    assert!(row(&bench).contains("Listed  9 runs"), "{}", row(&bench));
    bench.resize(80, 24);
    assert!(row(&bench).contains("NORMAL  Listed  9 runs"), "on the status line: {}", row(&bench));
}
