//! Experiments on the prompt of a batch: the form, what is told while one goes on, and what becomes of its winner.

use std::time::Duration;

use retort::{
    app::{
        Effect, Event, ScreenId, Ticket,
        event::{ExperimentEnd, ExperimentKind, ExperimentNews, ExperimentPlan, ExperimentReach, ExperimentRequest},
        overlays::Overlay,
    },
    eval::{
        Evidence, Improvement, RowPair,
        ablate::{Ablated, RestResult, UnitEffect, UnitResult, units},
        experiment::{ExperimentEvent, ExperimentSpent, RungResult},
        improve::{Candidate, CandidateEdit, Contender, FlipCounts, ImproveForecast, Improved},
        split::RowSplit,
    },
    model::{PicoDollars, Prompt, VersionId, batch::BatchSpec, error::StoreError},
    pipeline::batch::{
        BatchEnd, BatchEvent,
        budget::{Estimate, Span},
    },
    store::api::{BatchEntry, Over, StoreReply, StoreRequest},
};

use super::batch::{done, on_record, running};
use crate::{suite::screens::snapshot_rows, support::bench::Bench};

const SYSTEM: &str =
    "Label the message. Answer as a JSON object with the field\n\"sentiment\" (positive, neutral or negative).";

fn prompt() -> Prompt {
    Prompt { system: SYSTEM.to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() }
}

/// A batch that has ended, in whose table an action is called by its name.
fn called(title: &str) -> Bench {
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(1, 1), done(2, 0)]));
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Complete }]));
    bench.take();
    call(&mut bench, title);
    bench
}

fn call(bench: &mut Bench, title: &str) {
    bench.keys("<c-p>");
    bench.keys(title);
    bench.keys("<enter>");
}

fn planned(bench: &mut Bench) -> (Ticket, ExperimentRequest) {
    let plan = |effect| match effect {
        Effect::PlanExperiment(ticket, request) => Some((ticket, *request)),
        Effect::StartExperiment(..) => panic!("nothing is sent yet"),
        _ => None,
    };
    bench.take().into_iter().filter_map(plan).last().expect("it is looked at")
}

fn started(bench: &mut Bench) -> Option<(Ticket, ExperimentRequest)> {
    bench.take().into_iter().find_map(|effect| match effect {
        Effect::StartExperiment(ticket, request) => Some((ticket, *request)),
        _ => None,
    })
}

fn forecast() -> ImproveForecast {
    let split = RowSplit {
        share: 0.5,
        tune: (0..105).collect(),
        held_out: (105..210).collect(),
        digest: "of the held-out rows".to_owned(),
    };
    ImproveForecast { split, gain: Some(0.17), cells: 549, most: 945 }
}

fn plan(reach: ExperimentReach, unpriced: &[&str]) -> ExperimentPlan {
    let cost = |thousandths: u64| PicoDollars(thousandths * 1_000_000_000);
    let estimate = Estimate {
        cells: 549,
        input: 41_000,
        output: Span { low: 6_000, expected: 12_000, high: 30_000 },
        cost: Span { low: cost(20), expected: cost(41), high: cost(90) },
        unpriced: 0,
        from: 210,
    };
    ExperimentPlan {
        prompt: Box::new(prompt()),
        file: Some("the digest".to_owned()),
        rows: 210,
        reach,
        cells: (549, 945),
        estimate,
        unpriced: unpriced.iter().map(|name| (*name).to_owned()).collect(),
        refused: None,
        on_record: None,
        notes: Vec::new(),
    }
}

fn improve_plan() -> ExperimentPlan {
    plan(ExperimentReach::Improve(Box::new(forecast())), &[])
}

/// The form of an improvement, what it will take known.
fn form() -> Bench {
    let mut bench = called("Improve the");
    let (ticket, _) = planned(&mut bench);
    bench.send(Event::ExperimentPlanned(ticket, Ok(Box::new(improve_plan()))));
    bench
}

fn tell(bench: &mut Bench, ticket: Ticket, events: Vec<ExperimentEvent>) {
    bench.send(Event::Experiment(ticket, events.into_iter().map(ExperimentNews::Told).collect()));
}

fn progress(part: &str, done: u64, cells: u64, all: u64) -> ExperimentEvent {
    let spent =
        ExperimentSpent { cells: all, asked: all, tokens: all * 96, cost: PicoDollars(all * 75_000_000), unpriced: 0 };
    ExperimentEvent::Progress { part: part.to_owned(), done, cells, spent, calls: all }
}

const EDITS: [(&str, &str); 4] = [
    ("the answers were wrapped in text", "Label the message. Answer with nothing but the object."),
    ("irony was taken for praise", "Label the message, irony as what it means."),
    ("words were missed: read it twice", "Label the message. Read the text twice before you answer."),
    ("neutral reports were called negative", "Label the message. A report without a feeling is neutral."),
];

fn candidate(at: usize) -> (String, &'static str, Prompt) {
    let (reason, replace) = EDITS[at];
    let made = Prompt { system: SYSTEM.replace("Label the message.", replace), ..prompt() };
    (format!("improve-3fa2c1-{}", at + 1), reason, made)
}

fn flips(fixed: u64, broken: u64) -> FlipCounts {
    FlipCounts { fixed, broken }
}

/// How the candidates stand: what they fixed and broke of so many rows, and who is out.
const STANDINGS: [(u64, u64, usize, bool); 4] =
    [(2, 3, 12, true), (6, 4, 24, true), (22, 0, 105, false), (3, 1, 24, true)];

/// An improvement under way, in its race.
fn racing() -> (Bench, Ticket) {
    let mut bench = form();
    bench.keys("<f5>");
    let (ticket, _) = started(&mut bench).expect("it begins");
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Begins(Box::new(improve_plan()))]));
    let name = "improve-3fa2c1".to_owned();
    let mut events = vec![
        ExperimentEvent::Began { name, resumed: false },
        progress("baseline", 105, 105, 105),
        ExperimentEvent::Baseline { passed: 78, judged: 105 },
        progress("propose 1", 1, 1, 106),
    ];
    for at in 0..EDITS.len() {
        let (name, reason, prompt) = candidate(at);
        events.push(ExperimentEvent::Candidate {
            name,
            version: "0123abcd".to_owned(),
            parent: "4567".to_owned(),
            reason: reason.to_owned(),
            change: String::new(),
            prompt: Box::new(prompt),
        });
    }
    events.push(ExperimentEvent::Rejected { reason: String::new(), why: "it copies a row".to_owned() });
    let rung = |rows: usize, of: &[usize]| ExperimentEvent::Rung {
        rows,
        standings: of
            .iter()
            .map(|at| {
                let (fixed, broken, ..) = STANDINGS[*at];
                let dropped = STANDINGS[*at].2 <= rows && STANDINGS[*at].3;
                RungResult { name: candidate(*at).0, standing: flips(fixed.min(rows as u64 / 4), broken), dropped }
            })
            .collect(),
    };
    events.extend([rung(12, &[0, 1, 2, 3]), progress("race", 71, 84, 177)]);
    tell(&mut bench, ticket, events);
    bench.pass(Duration::from_secs(75));
    (bench, ticket)
}

fn improved(fixed: usize, broken: usize) -> Improved {
    let of = |a, b| RowPair { a: Some(a), b: Some(b), ..RowPair::default() };
    let same = 105 - fixed - broken;
    let pairs = [vec![of(false, true); fixed], vec![of(true, false); broken], vec![of(true, true); same]].concat();
    let candidates = (0..EDITS.len()).map(|at| {
        let (name, reason, prompt) = candidate(at);
        let (won, lost, rows, dropped) = STANDINGS[at];
        Candidate {
            name,
            edit: CandidateEdit {
                reason: reason.to_owned(),
                message: 1,
                find: "Label the message.".to_owned(),
                replace: EDITS[at].1.to_owned(),
            },
            version: VersionId::of(&prompt),
            prompt,
            contender: Contender { candidate: at, standing: flips(won, lost), rows, dropped },
        }
    });
    Improved {
        improvement: Improvement::judge(2, Evidence::of(pairs, 1), 1, 0),
        candidates: candidates.collect(),
        faults: Vec::new(),
        spent: ExperimentSpent {
            cells: 549,
            asked: 549,
            tokens: 52_700,
            cost: PicoDollars(41_000_000_000),
            unpriced: 0,
        },
        forecast: forecast(),
    }
}

/// An improvement that came to its end, with so many held-out rows fixed and broken.
fn finished(fixed: usize, broken: usize) -> Bench {
    let (mut bench, ticket) = racing();
    let look = ExperimentEvent::Look { name: candidate(2).0, rows: 105, look: 1 };
    tell(&mut bench, ticket, vec![look, progress("held-out", 60, 210, 399)]);
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Improved(Box::new(improved(fixed, broken)))]));
    bench
}

fn seen(bench: &Bench) -> String {
    bench.screen().join("\n")
}

fn snapshot(name: &str, bench: &mut Bench) {
    for size in [(120, 40), (80, 24)] {
        bench.resize(size.0, size.1);
        snapshot_rows(name, size, &bench.screen());
    }
    bench.resize(120, 40);
}

#[test]
fn the_screens_of_an_improvement() {
    snapshot("improve-form", &mut form());
    snapshot("improve-running", &mut racing().0);
    snapshot("improve-better", &mut finished(22, 2));
    snapshot("improve-no-difference", &mut finished(5, 3));
    let (mut bench, ticket) = racing();
    bench.keys("<c-c>");
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Ended(ExperimentEnd::Stopped)]));
    snapshot("improve-stopped", &mut bench);
}

#[test]
fn nothing_is_sent_before_it_is_started_and_what_it_will_take_is_said_first() {
    let mut bench = called("Improve the");
    let (ticket, request) = planned(&mut bench);
    assert_eq!(request.kind, ExperimentKind::Improve { by: "demo".to_owned(), candidates: 6 });
    assert_eq!((request.prompt_name(), request.batch.spec.data.as_str()), ("sentiment", "rows.csv"));
    assert!(seen(&bench).contains("Looking at the data"));
    bench.send(Event::ExperimentPlanned(ticket, Ok(Box::new(improve_plan()))));
    let screen = seen(&bench);
    for words in ["105 tune rows, 105 held out", "a gain of 17 points or more", "about 549 answers, at most 945"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    // Another number of edits is looked at anew; a limit is not.
    bench.keys("<down><down><c-u>3");
    let (ticket, request) = planned(&mut bench);
    assert_eq!(request.kind, ExperimentKind::Improve { by: "demo".to_owned(), candidates: 3 });
    bench.keys("<down><down>40");
    assert!(!bench.take().iter().any(|effect| matches!(effect, Effect::PlanExperiment(..))));
    // It begins as soon as what it will take is known.
    bench.keys("<f5>");
    assert!(started(&mut bench).is_none());
    bench.send(Event::ExperimentPlanned(ticket, Ok(Box::new(improve_plan()))));
    let (_, request) = started(&mut bench).expect("it begins");
    assert_eq!((request.limits.calls, request.limits.cost, request.anew), (Some(40), None, false));
    assert!(matches!(bench.app.overlay(), Some(Overlay::Improvement(_))));
}

#[test]
fn what_cannot_be_done_is_said_at_its_line_and_does_not_begin() {
    let mut bench = called("Improve the");
    let (ticket, _) = planned(&mut bench);
    bench.send(Event::ExperimentPlanned(ticket, Err("of 24 rows 9 would be held out".to_owned())));
    bench.keys("<f5>");
    assert!(started(&mut bench).is_none() && seen(&bench).contains("of 24 rows 9"), "{}", seen(&bench));

    let mut bench = called("Improve the");
    let (ticket, _) = planned(&mut bench);
    let reach = ExperimentReach::Improve(Box::new(forecast()));
    bench.send(Event::ExperimentPlanned(ticket, Ok(Box::new(plan(reach, &["dear"])))));
    bench.keys("<down><down><down>2<f5>");
    assert!(started(&mut bench).is_none() && seen(&bench).contains("price unknown for dear"), "{}", seen(&bench));
    bench.keys("<c-u>");
    let mut keyless = improve_plan();
    keyless.refused = Some("gpt-4o-mini: API key missing: set OPENAI_API_KEY".to_owned());
    bench.keys("<up><c-u>4");
    let (ticket, _) = planned(&mut bench);
    bench.send(Event::ExperimentPlanned(ticket, Ok(Box::new(keyless))));
    bench.keys("<f5>");
    assert!(started(&mut bench).is_none() && bench.says().contains("API key missing"), "{}", bench.says());
    bench.keys("<down><down>x<enter>");
    assert!(started(&mut bench).is_none() && seen(&bench).contains("a whole number above 0"), "{}", seen(&bench));
    bench.keys("<c-u>9<up><up><up><c-u>nobody<enter>");
    assert!(started(&mut bench).is_none());
}

#[test]
fn the_work_goes_on_when_its_screen_is_left_and_the_action_leads_back() {
    let (mut bench, ticket) = racing();
    bench.keys("<esc>");
    assert!(bench.app.overlay().is_none());
    assert!(seen(&bench).contains("improvement of sentiment: race 71 of 84"), "{}", seen(&bench));
    bench.keys("1");
    assert!(seen(&bench).contains("improvement of sentiment: race 71 of 84"));
    bench.keys("2");
    call(&mut bench, "Improve the");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Improvement(_))) && started(&mut bench).is_none());
    // What comes late, of another one, changes nothing.
    bench.send(Event::Experiment(Ticket(9999), vec![ExperimentNews::Ended(ExperimentEnd::Stopped)]));
    assert!(bench.app.shared.lab.busy().is_some());
    bench.keys("<esc>");
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Improved(Box::new(improved(22, 2)))]));
    assert!(bench.says().contains("improve-3fa2c1-3 is better on 105 held-out rows"), "{}", bench.says());
}

#[test]
fn it_is_stopped_and_goes_on_by_a_key_each() {
    let (mut bench, ticket) = racing();
    bench.keys("<c-c>");
    let stops = bench.take().into_iter().any(|effect| matches!(effect, Effect::StopExperiment(own) if own == ticket));
    assert!(stops && bench.says().contains("the improvement stops"), "{}", bench.says());
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Ended(ExperimentEnd::Stopped)]));
    assert!(seen(&bench).contains("stopped: what was answered is kept"), "{}", seen(&bench));
    bench.keys("<f5>");
    let (again, request) = started(&mut bench).expect("it goes on");
    assert!(again != ticket && !request.anew);
    // Quitting asks while it is under way.
    bench.keys("<esc>1qq");
    assert!(seen(&bench).contains("improvement of sentiment is under way. Quit?"), "{}", seen(&bench));
}

#[test]
fn the_winner_is_written_on_a_yes_over_the_file_as_it_was() {
    let mut bench = finished(22, 2);
    bench.take();
    bench.keys("a");
    assert!(seen(&bench).contains("Write improve-3fa2c1-3 to the prompt sentiment?") && bench.jobs().is_empty());
    assert!(seen(&bench).contains("is better on 105 held-out rows"), "what is asked about is still seen");
    bench.keys("<enter>");
    let (ticket, job) = bench.jobs().remove(0);
    let StoreRequest::SavePrompt { name, prompt, over } = job else { panic!("{job:?}") };
    assert_eq!((name.as_str(), over), ("sentiment", Over::Known("the digest".to_owned())));
    assert!(prompt.system.contains("Read the text twice"));
    bench.answer(
        ticket,
        Ok(StoreReply::PromptSaved { name, path: "prompts/sentiment.toml".into(), file: "another digest".to_owned() }),
    );
    assert!(seen(&bench).contains("written to prompts/sentiment.toml"), "{}", seen(&bench));
    assert!(bench.app.bench.prompt().system.contains("Read the text twice"), "it is on the bench, too");
    bench.keys("a");
    assert!(bench.jobs().is_empty(), "once");

    let mut bench = finished(22, 2);
    bench.take();
    bench.keys("a<enter>");
    let (ticket, _) = bench.jobs().remove(0);
    let changed = StoreError { kind: retort::model::error::StoreErrorKind::Changed, ..StoreError::new("changed") };
    bench.answer(ticket, Err(changed));
    assert!(bench.says().contains("another one by now; nothing is written"), "{}", bench.says());
}

#[test]
fn a_winner_is_rejected_and_what_is_not_shown_to_be_better_cannot_be_written() {
    let mut bench = finished(22, 2);
    bench.take();
    bench.keys("r");
    assert!(seen(&bench).contains("nothing is written"), "{}", seen(&bench));
    bench.keys("a");
    assert!(bench.jobs().is_empty());
    let mut bench = finished(5, 3);
    bench.take();
    bench.keys("a<enter>");
    assert!(bench.jobs().is_empty() && seen(&bench).contains("no difference shown on 105 held-out rows"));
    assert!(seen(&bench).contains("held-out rows more"), "{}", seen(&bench));
}

#[test]
fn a_candidate_is_taken_to_the_bench_to_be_edited_by_hand() {
    let mut bench = finished(5, 3);
    // The cursor stands on the finalist; two above it is the first.
    bench.keys("<up><up>e");
    for effect in bench.take() {
        if let Effect::Store(ticket, StoreRequest::KeepVersion { prompt, .. }) = effect {
            bench.answer(ticket, Ok(StoreReply::VersionKept(VersionId::of(&prompt))));
        }
    }
    assert_eq!(bench.app.screen, ScreenId::Bench);
    let system = bench.app.bench.prompt().system;
    assert!(system.contains("Answer with nothing but the object."), "{system}");
    assert!(bench.app.overlay().is_none());
}

/// An ablation that came to its end.
fn ablated() -> Ablated {
    let found = units(&prompt());
    let of = |(at, unit): (usize, _)| {
        let (standing, p, effect, rows) = match at {
            0 => (flips(0, 48), 0.0001, UnitEffect::Helps, 210),
            1 => (flips(31, 2), 0.0004, UnitEffect::Harms, 210),
            _ => (flips(1, 1), 1.0, UnitEffect::NotShown, 24),
        };
        UnitResult { unit, rows, standing, p, effect }
    };
    Ablated {
        units: found.into_iter().enumerate().map(of).collect(),
        rest: Some(RestResult { units: 2, standing: flips(2, 3), p: 1.0, effect: UnitEffect::NotShown }),
        passed: (156, 210),
        spent: ExperimentSpent {
            cells: 700,
            asked: 700,
            tokens: 67_000,
            cost: PicoDollars(50_000_000_000),
            unpriced: 0,
        },
    }
}

fn ablation() -> (Bench, Ticket) {
    let mut bench = called("Leave out parts");
    let (ticket, request) = planned(&mut bench);
    assert_eq!(request.kind, ExperimentKind::Ablate);
    let reach = ExperimentReach::Ablate { units: units(&prompt()).len(), fewest: 8 };
    bench.send(Event::ExperimentPlanned(ticket, Ok(Box::new(plan(reach, &[])))));
    (bench, ticket)
}

#[test]
fn the_screens_of_an_ablation() {
    let (mut bench, _) = ablation();
    snapshot("ablate-form", &mut bench);
    bench.keys("<f5>");
    let (ticket, _) = started(&mut bench).expect("it begins");
    let began = ExperimentEvent::Began { name: "ablate-77ab01".to_owned(), resumed: false };
    let base = ExperimentEvent::Baseline { passed: 156, judged: 210 };
    tell(&mut bench, ticket, vec![began, progress("baseline", 210, 210, 210), base, progress("units", 30, 72, 240)]);
    snapshot("ablate-running", &mut bench);
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Ablated(Box::new(ablated()))]));
    snapshot("ablate-done", &mut bench);
}

#[test]
fn each_part_has_its_mark_and_its_verdict_without_colours() {
    let (mut bench, _) = ablation();
    bench.keys("<f5>");
    let (ticket, _) = started(&mut bench).expect("it begins");
    bench.send(Event::Experiment(ticket, vec![ExperimentNews::Ablated(Box::new(ablated()))]));
    let line = |words: &str| bench.screen().into_iter().find(|line| line.contains(words)).expect("it is shown");
    assert!(line("Label the message.").contains("helps -48 +0"), "{}", line("Label the message."));
    assert!(line("Answer as a JSON").contains("harms -2 +31"), "{}", line("Answer as a JSON"));
    assert!(seen(&bench).contains("the prompt is worse without it") || seen(&bench).contains("no difference shown"));
    bench.keys("<pageup><down>");
    let screen = seen(&bench);
    assert!(screen.contains("Holm"), "{screen}");
}

/// A bench on which an action is called by its name, once the batches on record are known.
fn called_on_the_bench(title: &str, entries: Vec<BatchEntry>) -> Bench {
    let mut bench = Bench::new();
    bench.take();
    call(&mut bench, title);
    let (list, job) = bench.jobs().remove(0);
    assert!(matches!(job, StoreRequest::Batches { .. }), "{job:?}");
    bench.answer(list, Ok(StoreReply::Batches(entries)));
    bench
}

#[test]
fn at_the_bench_the_prompt_as_it_stands_there_goes_over_the_rows_of_its_newest_batch() {
    let asked = |name: &str, data: &str| {
        let entry = on_record();
        let spec = BatchSpec { prompts: vec![(name.to_owned(), prompt())], data: data.to_owned(), ..entry.spec };
        BatchEntry { spec, ..entry }
    };
    for (title, improves) in [("Improve this", true), ("Leave out parts of this", false)] {
        let entries = ["-", "new.csv", "old.csv"].map(|data| asked("sentiment", data));
        let entries = [asked("other", "other.csv")].into_iter().chain(entries).collect();
        let mut bench = called_on_the_bench(title, entries);
        let (_, request) = planned(&mut bench);
        assert_eq!(matches!(request.kind, ExperimentKind::Improve { .. }), improves, "{title}");
        assert_eq!((request.prompt_name(), request.batch.spec.data.as_str()), ("sentiment", "new.csv"));
        assert_eq!(request.batch.spec.prompts[0].1, bench.app.bench.prompt(), "not that of the batch");
        assert_eq!(request.model, bench.app.bench.targets()[0]);

        let bench = called_on_the_bench(title, vec![asked("other", "other.csv")]);
        assert!(bench.says().contains("sentiment was asked over no data set yet: set a batch up"), "{}", bench.says());
        assert!(bench.app.overlay().is_none());
    }
}

#[test]
fn a_prompt_without_a_name_says_at_the_bench_what_its_experiments_lack() {
    let mut bench = Bench::new();
    bench.app.bench.prompt_name = None;
    bench.take();
    call(&mut bench, "Leave out parts of this");
    assert!(bench.says().contains("not saved yet: save the prompt"), "{}", bench.says());
    assert!(bench.jobs().is_empty());
}
