//! A batch that has ended: why, whether its gates are reached, and how it comes out by other rules.

use retort::{
    app::{
        Effect, Event,
        batch::{
            Page,
            setup::{AGAINST, NOT_WORSE, PASS_RATE},
        },
        overlays::Overlay,
    },
    eval::{Gate, whatif::Measured},
    model::{
        BatchId, Check, CheckKind, Prompt, Quality, Rule, Status, Verdict,
        batch::{BatchSpec, Cap},
    },
    pipeline::batch::{BatchEnd, BatchEvent},
    store::api::{Answers, BatchEntry, CellRow, FoundPrompt, Points, PromptFile, StoreReply, StoreRequest},
};

use super::batch::{done, form, line, on_record, plans, running, shown};
use crate::support::{
    batch::{filled, place, planned, spec},
    bench::{Bench, outcome},
};

#[test]
fn the_gate_not_worse_is_kept_with_the_set_up_and_goes_with_the_batch_from_the_record() {
    let mut bench = form();
    let (before, name) = (BatchId(uuid::Uuid::from_u128(9)), "rows.csv of yesterday".to_owned());
    let setup = bench.app.batch.setup.form.as_mut().unwrap();
    setup.set_against(Some((before, name.clone())));
    setup.put(NOT_WORSE, "yes");
    let at = setup.form.rows.iter().position(|row| row.label == PASS_RATE).unwrap();
    setup.form.go(at);
    bench.send(Event::Paste("50%".to_owned()));
    let (ticket, _) = plans(&mut bench).pop().unwrap();
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 5)))));
    bench.keys("<f5>");
    let cells = |effect: Effect| match effect {
        Effect::Store(ticket, StoreRequest::Cells { batch, .. }) => Some((ticket, batch)),
        _ => None,
    };
    let read: Vec<BatchId> = bench.take().into_iter().filter_map(cells).map(|(_, batch)| batch).collect();
    assert_eq!(read, [before], "what it is compared with is read as it begins");
    assert!(shown(&bench).gates.not_worse);

    let session = bench.app.bench.session(bench.app.shared.now);
    let mut again = crate::support::bench::start();
    again.session = Some(toml::from_str(&toml::to_string(&session).unwrap()).unwrap());
    let mut back = Bench::with(again);
    back.keys("2n").send(Event::Paste("rows.csv".to_owned()));
    assert_eq!((line(&back, NOT_WORSE).value(), line(&back, AGAINST).value()), ("yes".to_owned(), name));

    // The same batch from the record, after the restart.
    let spec = BatchSpec {
        prompts: vec![("sentiment".to_owned(), Prompt::default())],
        data: "rows.csv".to_owned(),
        ..spec(&["demo"])
    };
    back.keys("<esc>");
    back.take();
    back.keys("O");
    let (list, _) = back.jobs().into_iter().rfind(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap();
    back.answer(list, Ok(StoreReply::Batches(vec![BatchEntry { spec, ..on_record() }])));
    back.keys("<enter>");
    let asked: Vec<_> = back.take().into_iter().filter_map(cells).collect();
    assert_eq!(asked.iter().map(|(_, batch)| *batch).collect::<Vec<_>>(), [on_record().id, before]);
    let row = |quality: bool| {
        let mark = if quality { Status::Passed } else { Status::Failed };
        let event = filled(place(1, 0), outcome("fine"), Some(Quality::of(vec![Verdict::new(Rule::Format, mark, "")])));
        let BatchEvent::Cell { cell, .. } = event else { panic!("{event:?}") };
        vec![CellRow { cell: *cell, fingerprint: 0, seq: 1 }]
    };
    for ((ticket, _), passed) in asked.into_iter().zip([true, false]) {
        back.answer(ticket, Ok(StoreReply::Cells(row(passed))));
    }
    let gates = shown(&back).judged_gates();
    assert_eq!(gates.iter().map(|gate| gate.reached).collect::<Vec<_>>(), [true, true]);
    assert_eq!(gates[1].words, "not worse than the batch it is compared with");
}

#[test]
fn why_an_old_batch_ended_is_read_whole_whatever_its_length() {
    let why = format!("row 17: {}; overandout", "the server says no, ".repeat(200));
    let gate = |reached, words: &str| Gate { reached, words: words.to_owned() };
    let entry = BatchEntry {
        end: Some("failed".to_owned()),
        ended: Some(jiff::Timestamp::UNIX_EPOCH),
        why: Some(why),
        gates: vec![gate(false, "pass rate 40.0% < 90.0%"), gate(true, "errors 0 ≤ 3")],
        ..on_record()
    };
    let mut bench = Bench::new();
    bench.take();
    bench.keys("2");
    let (list, _) = bench.jobs().remove(0);
    bench.answer(list, Ok(StoreReply::Batches(vec![entry])));
    let all_of_it = |bench: &mut Bench| {
        bench.see();
        let mut seen = bench.screen().join("\n");
        for _ in 0..200 {
            bench.keys("j");
            seen.push_str(&bench.screen().join("\n"));
        }
        bench.keys("<esc>");
        seen
    };
    let listed = bench.screen().join("\n");
    assert!(listed.contains("✗ could not go on") && listed.contains("row 17") && !listed.contains("overandout"));
    bench.keys("i");
    let whole = all_of_it(&mut bench);
    for part in ["row 17", "overandout", "✗ gate: pass rate 40.0% < 90.0%", "✓ gate: errors 0 ≤ 3"] {
        assert!(whole.contains(part), "{part}");
    }
    bench.keys("<enter>");
    let (opened, _) = bench.jobs().remove(0);
    bench.answer(opened, Ok(StoreReply::Cells(Vec::new())));
    assert_eq!(bench.app.batch.page, Page::Table);
    bench.keys("i");
    assert!(all_of_it(&mut bench).contains("overandout"));
}

#[test]
fn how_a_batch_ended_and_its_gates_are_noted_for_later() {
    let (mut bench, ticket) = running();
    bench.send(Event::BatchBegun(ticket, BatchId(uuid::Uuid::from_u128(3))));
    bench.app.batch.shown.as_mut().unwrap().gates.errors = Some(0);
    bench.take();
    bench.keys("i");
    assert_eq!((bench.says(), bench.app.overlay().is_none()), ("Why the batch ended: the batch has not ended", true));
    let why = "the cost limit of $0.50 is reached".to_owned();
    let end = BatchEnd::Capped { cap: Cap::Cost, why: why.clone() };
    bench.send(Event::Batch(ticket, vec![done(1, 0), BatchEvent::Ended { end }]));
    let noted = bench.jobs().into_iter().find_map(|(_, job)| match job {
        StoreRequest::NoteGates { gates, .. } => Some(gates),
        _ => None,
    });
    assert_eq!(noted, Some(vec![Gate { reached: true, words: "errors 0 ≤ 0".to_owned() }]));
    bench.keys("i");
    let seen = bench.screen().join("\n");
    assert!(seen.contains("■ limit reached") && seen.contains(&why) && seen.contains("✓ gate: errors 0 ≤ 0"), "{seen}");
}

#[test]
fn the_batch_on_the_screen_is_read_anew_once_its_answers_are_judged_again() {
    let (mut bench, ticket) = running();
    let id = BatchId(uuid::Uuid::from_u128(3));
    bench.send(Event::BatchBegun(ticket, id));
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(2, 0), BatchEvent::Ended { end: BatchEnd::Complete }]));
    bench.take();
    let checks = vec![Check::of(CheckKind::Contains).with("fine")];
    let prompt = Prompt { user: "{{ input }}".to_owned(), checks, ..Prompt::default() };
    bench.app.bench.put(Some("triage".to_owned()), &prompt);
    bench.keys("1CG <c-s>");
    let (saved, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::SavePrompt { .. })).unwrap();
    let reply = StoreReply::PromptSaved { name: "triage".into(), path: "triage.toml".into(), file: "f".to_owned() };
    bench.answer(saved, Ok(reply));
    let answers = Answers { prompt: Some("triage".to_owned()), answers: 2 };
    let (count, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::CountAnswers(_))).unwrap();
    bench.answer(count, Ok(StoreReply::Answers(vec![answers])));
    let writes = |job: &StoreRequest| matches!(job, StoreRequest::ScoreRuns(page) if page.write);
    let (page, _) = bench.jobs().into_iter().find(|(_, job)| writes(job)).unwrap();
    bench.answer(page, Ok(StoreReply::Scored(Box::default())));
    let (cells, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::Cells { .. })).unwrap();
    let failed = Quality::of(vec![Verdict::new(Rule::Confidence, Status::Failed, "0.4 < 0.9")]);
    let BatchEvent::Cell { cell, .. } = filled(place(1, 0), outcome("fine"), Some(failed)) else { panic!() };
    bench.answer(cells, Ok(StoreReply::Cells(vec![CellRow { cell: *cell, fingerprint: 0, seq: 1 }])));
    let cell = shown(&bench).grid.cell(place(1, 0)).unwrap();
    assert_eq!((cell.status.word(), cell.failed.as_slice()), ("failed", ["confidence".to_owned()].as_slice()));
    assert_eq!(shown(&bench).grid.counts().by.failed, 1);
}

/// A finished batch of ten rows of confidence 0.1, 0.2, … 1.0, five of which pass at 0.60; its threshold is moved. The grade
/// of every row is that from 0.8 on it is right.
fn moved() -> Bench {
    let (mut bench, ticket) = running();
    let id = BatchId(uuid::Uuid::from_u128(3));
    bench.send(Event::BatchBegun(ticket, id));
    bench.app.batch.shown.as_mut().unwrap().gates.pass_rate = Some(0.5);
    let cell = |number: u64| {
        let mark = if number >= 6 { Status::Passed } else { Status::Failed };
        filled(place(number, 0), outcome("fine"), Some(Quality::of(vec![Verdict::new(Rule::Confidence, mark, "")])))
    };
    let mut events: Vec<BatchEvent> = (1..=10).map(cell).collect();
    events.push(BatchEvent::Ended { end: BatchEnd::Complete });
    bench.send(Event::Batch(ticket, events));
    bench.take();
    bench.keys("w");
    let asked = |bench: &mut Bench, which: fn(&StoreRequest) -> bool| {
        bench.jobs().into_iter().find(|(_, job)| which(job)).unwrap()
    };
    let (cells, _) = asked(&mut bench, |job| matches!(job, StoreRequest::Cells { .. }));
    let row = |number: u64| {
        let BatchEvent::Cell { cell, .. } = cell(number) else { panic!() };
        CellRow { cell: *cell, fingerprint: 0, seq: number.cast_signed() }
    };
    bench.answer(cells, Ok(StoreReply::Cells((1..=10).map(row).collect())));
    let (points, job) = asked(&mut bench, |job| matches!(job, StoreRequest::Points { .. }));
    assert!(matches!(job, StoreRequest::Points { rule, .. } if rule == "confidence"));
    let mut prompt = crate::support::points::prompt();
    prompt.response.min_confidence = Some(0.6);
    let measured = |seq: i64| Measured {
        seq,
        value: Some(seq as f64 / 10.0),
        decides: true,
        rest: true,
        right: Some(seq >= 8),
        scores: Some([0.5, 1.0]),
    };
    let reply = Points {
        rule: "confidence".to_owned(),
        prompts: vec![(Some("sentiment".to_owned()), 10)],
        version: None,
        prompt: Some(prompt.clone()),
        judged: (1..=10).map(measured).collect(),
    };
    bench.answer(points, Ok(StoreReply::Points(Box::new(reply))));
    let (file, _) = asked(&mut bench, |job| matches!(job, StoreRequest::PromptFile(_)));
    let found = Some(FoundPrompt { path: "/prompts/sentiment.toml".into(), prompt, digest: "d1".to_owned() });
    let found = PromptFile { name: "sentiment".to_owned(), found };
    bench.answer(file, Ok(StoreReply::PromptFile(Box::new(found))));
    bench
}

/// What passes of the batch as it is shown, and whether its gate is reached.
fn stands(bench: &Bench) -> (u64, bool) {
    (shown(bench).grid.counts().by.passed, shown(bench).judged_gates()[0].reached)
}

#[test]
fn a_threshold_is_moved_over_a_finished_batch_and_cells_gates_and_grades_follow() {
    let mut bench = moved();
    assert_eq!(stands(&bench), (5, true), "as it is");
    bench.keys(".");
    assert_eq!(stands(&bench), (4, false), "one more fails, and with it the gate");
    let screen = bench.screen().join("\n");
    for part in [
        "confidence at least 0.60 → 0.70",
        "50% → 40%  5 → 4 of 10",
        "1 would fail",
        "✓ → ✗ pass rate 40.0% < 50.0%",
        "best for the grades: 0.80",
    ] {
        assert!(screen.contains(part), "{part}:\n{screen}");
    }
    let cell = shown(&bench).grid.cell(place(6, 0)).unwrap();
    assert_eq!((cell.status.word(), cell.failed.as_slice()), ("failed", ["confidence".to_owned()].as_slice()));
    assert_eq!(cell.score, Some(0.5), "the score is what it is with the check broken");
    bench.keys(",,");
    assert_eq!(stands(&bench), (6, true), "looser: one more passes");
    bench.keys("<left><left><left><left><left><left><left><left><left><left><left><left><left><left><left><left>");
    assert_eq!(stands(&bench).0, 10);
    bench.keys("<esc>");
    assert!(shown(&bench).what_if.is_none());
    assert_eq!(stands(&bench), (5, true), "and nothing has changed");
}

#[test]
fn what_is_copied_while_a_threshold_is_moved_is_how_the_batch_came_out() {
    let mut bench = moved();
    bench.keys(".");
    assert_eq!(stands(&bench), (4, false));
    bench.keys("y");
    assert!(shown(&bench).what_if.is_none() && bench.app.overlay().is_some());
    assert_eq!(stands(&bench), (5, true));
}

#[test]
fn the_threshold_that_was_moved_over_a_batch_is_written_after_a_yes_and_its_answers_are_judged_by_it() {
    let mut bench = moved();
    bench.keys("W");
    assert_eq!(bench.says(), "that is the present value; ← and → move it");
    bench.keys(".W");
    let Some(Overlay::Confirm(confirm)) = bench.app.overlay() else { panic!("no question") };
    assert_eq!(confirm.text, "Write min_confidence = 0.7 to /prompts/sentiment.toml? It is 0.60 now.");
    bench.keys("<esc>");
    assert!(bench.jobs().iter().all(|(_, job)| !matches!(job, StoreRequest::SetThreshold(_))));
    bench.keys("W<enter>");
    assert_eq!(stands(&bench), (5, true), "it stands as it is until its answers are judged");
    let (set, job) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::SetThreshold(_))).unwrap();
    let StoreRequest::SetThreshold(new) = job else { unreachable!() };
    assert_eq!((new.rule.as_str(), new.before, new.value), ("confidence", Some(0.6), 0.7));
    let mut prompt = crate::support::points::prompt();
    prompt.response.min_confidence = Some(0.7);
    let found = Some(FoundPrompt { path: "/prompts/sentiment.toml".into(), prompt, digest: "d2".to_owned() });
    let file = PromptFile { name: "sentiment".to_owned(), found };
    bench.answer(set, Ok(StoreReply::ThresholdSet(Box::new(file))));
    assert_eq!(bench.says(), "confidence is 0.70; so it is on the bench; in /prompts/sentiment.toml");
    assert!(bench.jobs().iter().any(|(_, job)| matches!(job, StoreRequest::CountAnswers(_))), "judged at once");
}
