//! The quality screen: keys in, state and effects out.

use retort::{
    app::{
        Effect, Event, ScreenId, Ticket,
        overlays::Overlay,
        quality::{GroupEntry, Grouping, QualityPane, groups::GroupOrder, update::BaselineRelation},
    },
    eval::{
        evidence::Conclusion,
        quality::{GroupBy, QualityReport},
        stats::StatedAnswer,
    },
    model::{
        RunStatus, Status,
        error::StoreError,
        query::{Query, Vocabulary, What},
    },
    store::api::{HistoryPage, StatedAnswers, StoreReply, StoreRequest},
};

use crate::support::{
    bench::{Bench, outcome},
    history::{id, page, paired, record},
    quality::{folded, report},
};

/// Takes the one report that was asked for.
fn asked(bench: &mut Bench) -> (Ticket, Query) {
    let mut all = bench.jobs().into_iter().filter_map(|(ticket, job)| match job {
        StoreRequest::Report(query) => Some((ticket, *query)),
        _ => None,
    });
    let first = all.next().unwrap();
    assert_eq!(all.next(), None);
    first
}

fn answer(bench: &mut Bench, report: QualityReport) {
    let (ticket, _) = asked(bench);
    bench.answer(ticket, Ok(StoreReply::Report(Box::new(report))));
    bench.see();
}

/// The screen with a week of runs.
fn shown() -> Bench {
    opened(report())
}

fn opened(report: QualityReport) -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-4>");
    answer(&mut bench, report);
    bench
}

/// The name of the line under the cursor.
fn chosen(bench: &Bench) -> String {
    let quality = &bench.app.quality;
    quality.lines.chosen(quality.report.as_deref().unwrap()).unwrap().name()
}

/// The line the history is asked by.
fn asks_history(bench: &Bench) -> String {
    assert_eq!(bench.app.screen, ScreenId::History);
    bench.app.history.asking.line.text()
}

#[test]
fn the_report_is_asked_for_when_the_screen_is_entered_and_again_the_next_time() {
    let mut bench = shown();
    assert_eq!(bench.app.quality.report.as_deref().map(|report| report.runs), Some(600));
    bench.keys("<a-1><a-4>");
    assert!(bench.app.quality.loading() && bench.app.quality.report.is_some(), "the old one stays in sight");
    answer(&mut bench, folded(0..10, |_| {}));
    assert_eq!(bench.app.quality.report.as_deref().map(|report| report.runs), Some(10));
    bench.keys("r");
    answer(&mut bench, folded(0..11, |_| {}));
    assert!(!bench.app.quality.loading());
}

#[test]
fn one_question_at_a_time_and_a_late_answer_is_ignored() {
    let mut bench = shown();
    bench.keys("/mod");
    assert!(bench.jobs().is_empty(), "it may become a filter");
    bench.keys("el:x");
    let (ticket, query) = asked(&mut bench);
    assert_eq!(query.filters[0].what, What::Model("x".into()));
    bench.keys("y<enter>");
    assert!(bench.jobs().is_empty(), "the first answer is still waited for");
    bench.answer(ticket, Ok(StoreReply::Report(Box::new(folded(0..1, |_| {})))));
    assert_eq!(bench.app.quality.report.as_deref().map(|report| report.runs), Some(600), "that was of `x`");
    let (ticket, query) = asked(&mut bench);
    assert_eq!(query.filters[0].what, What::Model("xy".into()));
    bench.answer(ticket, Ok(StoreReply::Report(Box::new(folded(0..2, |_| {})))));
    assert_eq!(bench.app.quality.report.as_deref().map(|report| report.runs), Some(2));
    bench.keys("<esc>");
    assert!(asked(&mut bench).1.is_everything(), "a step back takes the query off");
}

#[test]
fn nothing_is_asked_while_the_screen_is_out_of_sight() {
    let mut bench = shown();
    bench.keys("r<a-1>");
    answer(&mut bench, folded(0..1, |_| {}));
    bench.keys("<a-2><a-1>");
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::Report(_))));
}

#[test]
fn a_word_that_begins_like_a_filter_is_asked_for_once_it_is_kept() {
    for end in ["<enter>", " ", "<esc>"] {
        let mut bench = shown();
        bench.keys("/cost");
        assert!(bench.jobs().is_empty());
        bench.keys(end);
        assert_eq!(asked(&mut bench).1.words[0], "cost", "{end}");
    }
}

#[test]
fn a_mistake_is_told_while_it_is_typed_and_the_report_stays() {
    let mut bench = shown();
    bench.keys("/cost:dear");
    assert!(bench.app.quality.asking.mistake.as_ref().unwrap().to_string().contains("US dollars"));
    bench.keys("<enter>");
    assert!(bench.app.typing() && bench.says().contains("US dollars"));
    bench.keys("<esc><c-p>export-runs<enter>");
    assert!(bench.says().contains("US dollars") && !bench.take().iter().any(|one| matches!(one, Effect::Copy { .. })));
}

#[test]
fn the_line_is_completed_with_what_is_on_record() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-4>");
    let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| *job == StoreRequest::Vocabulary).unwrap();
    let vocabulary = Vocabulary { providers: vec!["openai".into()], ..Vocabulary::default() };
    bench.answer(ticket, Ok(StoreReply::Vocabulary(Box::new(vocabulary))));
    bench.keys("/prov<tab><tab><enter>");
    assert_eq!(bench.app.quality.asking.line.text(), "provider:openai");
    assert!(!bench.app.typing());
    bench.send(Event::Paste(" demo:no".into()));
    assert_eq!(bench.app.quality.asking.query.filters.len(), 2);
}

#[test]
fn enter_on_what_got_worse_shows_the_runs_that_failed_and_a_step_back_returns() {
    let mut bench = shown();
    let quality = &bench.app.quality;
    let worst = &quality.report.as_deref().unwrap().changes[0];
    assert!(
        quality.part == QualityPane::Report && worst.compared.as_ref().unwrap().shown == Conclusion::Worse,
        "what got worse comes first"
    );
    bench.keys("<enter>");
    assert_eq!(asks_history(&bench), "prompt:sentiment version:0f9e8d7 verdict:failed");
    let mut pages = bench.jobs().into_iter().filter(|(_, job)| matches!(job, StoreRequest::History { .. }));
    let (ticket, job) = pages.next_back().unwrap();
    let StoreRequest::History { query, .. } = job else { panic!("{job:?}") };
    assert_eq!(query.filters.len(), 3);
    bench.answer(ticket, Ok(StoreReply::History(HistoryPage::default())));
    bench.keys("<esc>");
    assert_eq!(bench.app.screen, ScreenId::Quality);
    bench.keys("<a-3><esc>");
    assert_eq!((bench.app.screen, asks_history(&bench)), (ScreenId::History, String::new()), "but once");
}

#[test]
fn enter_on_a_line_narrows_the_history_by_it() {
    for (keys, kind, filter) in [
        ("", Grouping::Check, "failed:confidence"),
        ("l", Grouping::Runs(GroupBy::Model), "model:gpt-4.1"),
        ("ll", Grouping::Runs(GroupBy::Provider), "provider:openai"),
        ("lll", Grouping::Runs(GroupBy::Prompt), "prompt:sentiment"),
        ("llll", Grouping::Runs(GroupBy::Version), "prompt:sentiment version:0f9e8d7c6b5a4938"),
        ("h", Grouping::Fault, "error:\"rate limited\""),
        // Nobody's run ended with it: those that met it were answered by another call.
        ("hjj", Grouping::Fault, "retried:yes"),
    ] {
        let mut bench = shown();
        bench.keys("/since:7d<enter>");
        answer(&mut bench, report());
        bench.keys("<tab><tab>");
        bench.keys(keys);
        assert_eq!((bench.app.quality.part, bench.app.quality.lines.kind), (QualityPane::Lines, kind), "{keys}");
        if matches!(kind, Grouping::Runs(_)) {
            while !filter.ends_with(&chosen(&bench)) && !chosen(&bench).ends_with("0f9e8d7") {
                bench.keys("j");
            }
        }
        bench.keys("<enter>");
        assert_eq!(asks_history(&bench), format!("since:7d {filter}"), "{keys}");
        assert_eq!(bench.app.history.asking.mistake, None);
    }
}

#[test]
fn a_stretch_of_time_is_gone_through_and_its_runs_are_shown() {
    let mut bench = shown();
    bench.keys("<tab>");
    let last = bench.app.quality.point().unwrap().from;
    bench.keys("hh");
    let here = bench.app.quality.point().unwrap().clone();
    assert!(here.from < last);
    bench.keys("g");
    let first = bench.app.quality.report.as_deref().unwrap().trend[0].from;
    assert_eq!(bench.app.quality.point().unwrap().from, first);
    bench.keys("h<enter>");
    assert_eq!(asks_history(&bench), "since:2026-06-05T09:00 until:2026-06-05T12:00");
}

#[test]
fn lines_are_ordered_and_the_cursor_stays_on_its_line_when_they_are_read_again() {
    let mut bench = shown();
    bench.keys("l");
    assert_eq!((bench.app.quality.lines.order, chosen(&bench).as_str()), (GroupOrder::Wrong, "gpt-4o-mini"));
    bench.keys("sss");
    assert_eq!((bench.app.quality.lines.order, chosen(&bench).as_str()), (GroupOrder::Took, "gpt-4.1"));
    bench.keys("S");
    assert!(bench.app.quality.lines.turned && chosen(&bench) != "gpt-4.1", "the fastest comes first");
    bench.keys("G");
    assert_eq!(chosen(&bench), "gpt-4.1");
    bench.keys("r");
    answer(&mut bench, folded(0..300, |_| {}));
    assert_eq!(chosen(&bench), "gpt-4.1");
    bench.keys("h");
    assert_eq!(bench.app.quality.lines.order, GroupOrder::Wrong, "a check has no time to be ordered by");
}

#[test]
fn parts_without_anything_in_them_are_passed_over_where_all_are_in_sight() {
    let mut bench = opened(folded(0..100, |_| {}));
    assert_eq!(bench.app.quality.part, QualityPane::Lines, "nothing has changed yet");
    for part in [QualityPane::Trend, QualityPane::Lines] {
        bench.keys("<tab>");
        bench.see();
        assert_eq!(bench.app.quality.part, part);
    }
    bench.resize(80, 24);
    bench.keys("<tab>");
    bench.see();
    assert_eq!(bench.app.quality.part, QualityPane::Report, "the figures are a tab of their own");
}

#[test]
fn the_command_line_the_report_and_the_query_can_be_copied() {
    let mut bench = shown();
    bench.keys("l<c-p>export-runs<enter>");
    bench.keys("l/model:gpt-4o failed:\"my check\"<enter><c-p>export-runs<enter>");
    let copies = bench.take().into_iter().filter_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    });
    let copies: Vec<String> = copies.collect();
    assert_eq!(copies[0], "retort quality");
    assert_eq!(copies[1], "retort quality --by provider -- 'model:gpt-4o failed:\"my check\"'");
    bench.keys("y");
    let Some(Overlay::Copy(menu)) = bench.app.overlay() else { panic!("no overlay") };
    let labels: Vec<&str> = menu.choice.shown().map(|item| item.label.as_str()).collect();
    assert_eq!(labels, ["Markdown", "command line", "query"]);
    bench.keys("<enter>");
    let copied = bench.take().into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(copied.starts_with("# Quality\n") && copied.contains("## By provider"), "{copied}");
}

#[test]
fn why_there_is_no_report_is_shown_and_it_can_be_asked_for_again() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-4>");
    let (ticket, _) = asked(&mut bench);
    bench.answer(ticket, Err(StoreError::new("the disk is full")));
    assert_eq!(bench.app.quality.error.as_deref(), Some("the disk is full"));
    assert!(
        bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::Report(_))),
        "it is not asked over and over"
    );
    bench.keys("r");
    answer(&mut bench, report());
    assert_eq!(bench.app.quality.error, None);
}

#[test]
fn one_key_leaves_the_lines_with_failures_another_those_with_errors_and_the_rest_of_the_report_stays() {
    let mut bench = shown();
    let names = |bench: &Bench| {
        let quality = &bench.app.quality;
        let lines = quality.lines.table.seen().filter_map(|(row, _)| {
            GroupEntry::of(quality.report.as_deref()?, quality.lines.kind, row).map(GroupEntry::name)
        });
        lines.collect::<Vec<_>>()
    };
    let all = names(&bench);
    bench.keys("f");
    assert_eq!(names(&bench), ["confidence", "format"], "of {all:?}");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("[f Failed 167]") && screen.contains("405 of 593 checked"), "{screen}");
    bench.keys("e");
    assert_eq!(names(&bench), ["llm-rubric"], "what could not be run");
    bench.keys("<enter>");
    assert_eq!(asks_history(&bench), "verdict:inconclusive");
    bench.keys("<esc>");
    answer(&mut bench, report());
    bench.keys("e");
    assert_eq!(names(&bench), all, "the same key shows all again");
    bench.keys("lf");
    let model = chosen(&bench);
    bench.keys("<enter>");
    assert_eq!(asks_history(&bench), format!("model:{model} verdict:failed"));
}

#[test]
fn where_nothing_failed_the_key_that_shows_all_is_told() {
    let mut bench = opened(folded(0..9, |run| {
        run.marks.iter_mut().for_each(|mark| mark.1 = Status::Passed);
        (run.status, run.compared) = (RunStatus::Passed, RunStatus::Passed.compared(false));
    }));
    bench.keys("f");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("Nothing failed here. f shows all"), "{screen}");
}

#[test]
fn the_newest_run_of_a_line_goes_on_the_bench() {
    let mut bench = shown();
    bench.keys("<tab><tab>E");
    let (ticket, job) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::History { .. })).unwrap();
    let StoreRequest::History { query, limit, .. } = job else { panic!("{job:?}") };
    assert_eq!((whats(&query), limit), (vec![&What::Failed("confidence".into())], 1));
    let now = bench.app.shared.now.time;
    bench.answer(ticket, Ok(StoreReply::History(page(now, 7..=7, true))));
    let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| *job == StoreRequest::OpenRun(id(7))).unwrap();
    let run = record(7, now, outcome("{\"answer\": 7}"));
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(run))));
    assert_eq!(bench.app.screen, ScreenId::Bench);
}

#[test]
fn a_key_that_cannot_act_says_why() {
    let mut bench = opened(folded(0..0, |_| {}));
    for (key, says) in [
        ("f", "Failed only: no run is counted here"),
        ("E", "Put on the bench: no run is counted here"),
        (".", "Next change: open the what-if first"),
        ("c", "c adds a lane: go to the bench first"),
    ] {
        bench.keys(key);
        assert_eq!(bench.says(), says, "{key}");
    }
    bench.keys("<c-p>copy");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("no run is counted here"), "the list of actions says it too:\n{screen}");
}

#[test]
fn a_click_goes_to_the_part_and_to_what_is_there() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut bench = shown();
    bench.keys("M");
    let mut mouse = |kind, column, row| {
        bench.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        bench.see();
        let quality = &bench.app.quality;
        (quality.part, quality.changes.at(), quality.lines.table.at(), quality.point().map(|point| point.from))
    };
    let press = MouseEventKind::Down(MouseButton::Left);
    let first = report().trend[0].from;
    let (_, _, _, last) = mouse(press, 5, 6);
    // The header, the query line with what is said of it, then titles and heads.
    assert_eq!(mouse(press, 5, 6), (QualityPane::Report, 1, 0, last));
    assert_eq!(mouse(press, 59, 12), (QualityPane::Trend, 1, 0, Some(first)));
    assert_eq!(mouse(press, 5, 27), (QualityPane::Lines, 1, 1, Some(first)));
    assert_eq!(mouse(MouseEventKind::ScrollDown, 5, 28).0, QualityPane::Lines);
    mouse(press, 5, 1);
    assert!(bench.app.typing());
}

/// Takes the questions about a line against the baseline that were asked.
fn recorded(bench: &mut Bench) -> Vec<(Ticket, Query, Query)> {
    let of = |(ticket, job)| match job {
        StoreRequest::ComparePaired { a, b } => Some((ticket, *a, *b)),
        _ => None,
    };
    bench.jobs().into_iter().filter_map(of).collect()
}

fn whats(query: &Query) -> Vec<&What> {
    query.filters.iter().map(|filter| &filter.what).collect()
}

#[test]
fn a_line_is_the_baseline_and_the_one_under_the_cursor_is_weighed_against_it() {
    let mut bench = shown();
    bench.keys("b");
    assert!(bench.says().contains("a baseline is a line by model"), "{}", bench.says());
    bench.keys("l");
    let base = chosen(&bench);
    bench.keys("b");
    assert_eq!(bench.app.quality.baseline(), Some(base.as_str()));
    assert!(
        matches!(bench.app.quality.baseline_relation(), Some(BaselineRelation::Is)) && recorded(&mut bench).is_empty()
    );
    bench.keys("j");
    let other = chosen(&bench);
    let (first, a, b) = recorded(&mut bench).remove(0);
    assert_eq!((whats(&a), whats(&b)), (vec![&What::Model(base)], vec![&What::Model(other)]));
    bench.keys("j");
    assert!(
        recorded(&mut bench).is_empty()
            && matches!(bench.app.quality.baseline_relation(), Some(BaselineRelation::Waits))
    );
    bench.answer(first, Ok(StoreReply::Compared(Box::new(paired(9, 0, 20)))));
    let (second, ..) = recorded(&mut bench).remove(0);
    bench.answer(second, Err(StoreError::new("the record is locked")));
    assert!(matches!(bench.app.quality.baseline_relation(), Some(BaselineRelation::Failed("the record is locked"))));
    bench.keys("k");
    assert!(recorded(&mut bench).is_empty(), "it was asked already");
    assert!(
        matches!(bench.app.quality.baseline_relation(), Some(BaselineRelation::Told(report)) if report.evidence.fixed == 9)
    );
    bench.keys("l");
    assert!(bench.app.quality.baseline_relation().is_none() && recorded(&mut bench).is_empty(), "another grouping");
    bench.keys("hkb");
    assert_eq!((bench.says(), bench.app.quality.baseline()), ("no baseline", None));
}

#[test]
fn versions_and_parameters_are_weighed_within_the_query() {
    let mut bench = shown();
    bench.keys("/cached:no<enter>");
    answer(&mut bench, report());
    bench.keys("llllbj");
    let (ticket, a, b) = recorded(&mut bench).remove(0);
    for query in [&a, &b] {
        let found = whats(query);
        assert!(
            matches!(found[..], [What::Cached(false), What::Prompt(_), What::Version(hash)] if hash.len() == 16),
            "{found:?}"
        );
    }
    assert_ne!(a, b);
    // The same question of another report is asked anew.
    bench.keys("r");
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(9, 0, 20)))));
    bench.keys("k");
    assert!(matches!(bench.app.quality.baseline_relation(), Some(BaselineRelation::Is)));
    answer(&mut bench, folded(390..410, |_| {}));
    bench.keys("lb");
    bench.take();
    bench.keys("j");
    let (_, a, b) = recorded(&mut bench).remove(0);
    let params =
        |query: &Query| whats(query).last().map(|what| matches!(what, What::Params(all) if all.starts_with('{')));
    assert_eq!((params(&a), params(&b)), (Some(true), Some(true)));
}

/// The questions about what answers state.
fn stated(bench: &mut Bench) -> (Ticket, Option<String>) {
    let found = bench.jobs().into_iter().find_map(|(ticket, job)| match job {
        StoreRequest::StatedAnswers { stated, truth, .. } if stated == "confidence" => Some((ticket, truth)),
        _ => None,
    });
    found.expect("what answers state is asked for")
}

#[test]
fn calibration_is_shown_by_grade_and_by_each_check() {
    let mut bench = shown();
    bench.take();
    bench.keys("C");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Calibration(_))));
    let (ticket, truth) = stated(&mut bench);
    assert_eq!(truth, None, "by grade first");
    bench.answer(ticket, Ok(StoreReply::Stated(Box::new(StatedAnswers { unjudged: 7, ..StatedAnswers::default() }))));
    assert!(bench.screen().join("\n").contains("none of 7 answers that state it is graded"));
    bench.keys("t");
    let (ticket, truth) = stated(&mut bench);
    assert!(truth.is_some(), "then by a check");
    let answer = |at: u32| StatedAnswer { confidence: 0.9, right: at.is_multiple_of(2) };
    let found = StatedAnswers { answers: (0..40).map(answer).collect(), ..StatedAnswers::default() };
    // What comes for the truth before is dropped.
    bench.keys("t");
    bench.answer(ticket, Ok(StoreReply::Stated(Box::new(found.clone()))));
    assert!(bench.screen().join("\n").contains("Loading"));
    let (ticket, _) = stated(&mut bench);
    bench.answer(ticket, Ok(StoreReply::Stated(Box::new(found))));
    for (width, height) in [(120, 40), (80, 24)] {
        bench.resize(width, height);
        let screen = bench.screen().join("\n");
        assert!(screen.contains("40 answers, 20 right") && screen.contains("overconfident"), "{screen}");
    }
    bench.keys("<esc>");
    assert!(bench.app.overlay().is_none());
}
