//! Thousands of batches with a judge that fails at random: what no judge decided is nowhere a pass.
//!
//! Every form of report is read back, and must say of each row what the judge is known to have done.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use retort::{
    eval::{Review, Tally, quality::GroupBy, stats::SplitMix},
    model::{
        BatchId, Check, CheckKind, DatasetRow, ErrorKind, Input, Outcome, RunStatus, StatusCounts, Target,
        run_facts::{Names, RunFacts},
    },
    pipeline::{BatchEvent, BatchPlan},
    present::{
        quality_report::{markdown, prometheus},
        report::{ReportCell, ReportFormat, ReportLane, Whole},
    },
};
use uuid::Uuid;

use super::batch::plan;
use crate::support::script::{Bench, Step, answer, cut, fails, target};

/// Batches that are simulated: 2,000 with `cargo test --release`, fewer in a build that is slow.
const BATCHES: u64 = if cfg!(debug_assertions) { 200 } else { 2000 };
const ROWS: u64 = 3;

/// What the judge does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Passes,
    Fails,
    /// It is down.
    Down,
    /// It says something that is no verdict.
    Babbles,
    /// Its answer breaks off.
    BreaksOff,
    /// It says no pass.
    Evades,
}

impl Does {
    const ALL: [Self; 6] = [Self::Passes, Self::Fails, Self::Down, Self::Babbles, Self::BreaksOff, Self::Evades];

    fn steps(self) -> Vec<Step> {
        match self {
            Self::Passes => answer(&[r#"{"reason": "Kind.", "pass": true, "score": 1}"#]),
            Self::Fails => answer(&[r#"{"reason": "Cold.", "pass": false, "score": 0}"#]),
            Self::Down => fails(ErrorKind::ModelGone),
            Self::Babbles => answer(&["I would say it passes."]),
            Self::BreaksOff => cut(r#"{"reason": "Kind.", "pass": true"#),
            Self::Evades => answer(&[r#"{"reason": "Hard to say.", "pass": "maybe", "score": 1}"#]),
        }
    }

    /// How a row comes out whose other check passes.
    fn status(self) -> RunStatus {
        match self {
            Self::Passes => RunStatus::Passed,
            Self::Fails => RunStatus::Failed,
            Self::Down | Self::Babbles | Self::BreaksOff | Self::Evades => RunStatus::Inconclusive,
        }
    }
}

/// What the judge does in each row of a batch.
fn drawn(batch: u64) -> BTreeMap<u64, Does> {
    let mut rng = SplitMix::new(batch);
    let mut one = || Does::ALL[rng.below(Does::ALL.len())];
    (1..=ROWS).map(|row| (row, one())).collect()
}

async fn run(does: &BTreeMap<u64, Does>) -> Vec<(ReportCell, Outcome)> {
    let script = does.clone();
    let bench = Bench::new(move |call, _| {
        let words = &call.messages.last().unwrap().content;
        if call.target.name != "j" {
            return answer(&["{}"]);
        }
        let case: serde_json::Value = serde_json::from_str(retort::eval::rubric::unfenced(words).unwrap()).unwrap();
        script[&case["input"].as_str().unwrap().parse::<u64>().unwrap()].steps()
    });
    let checks = vec![Check::of(CheckKind::IsJson), Check::of(CheckKind::LlmRubric).with("Is it kind?")];
    let row = move |number: u64| DatasetRow {
        number,
        input: Input::of(number.to_string()),
        checks: checks.clone(),
        ..DatasetRow::default()
    };
    let judges: BTreeMap<String, Target> = BTreeMap::from([(String::new(), target("j"))]);
    let plan = BatchPlan { judges, concurrency: 3, ..plan() };
    let rows = stream::iter((1..=ROWS).map(move |number| Ok(row(number))));
    let events: Vec<BatchEvent> = bench.pipeline.batch(plan, rows).collect().await;
    let cells = events.into_iter().filter_map(|event| match event {
        BatchEvent::Cell { cell, outcome, row } => Some((ReportCell::of(*cell, &row, &outcome), *outcome)),
        _ => None,
    });
    let mut cells: Vec<_> = cells.collect();
    cells.sort_by_key(|(entry, _)| entry.cell.place);
    cells
}

/// Reads the row and the word of each case off a report.
fn read_back(form: ReportFormat, text: &str) -> BTreeMap<u64, String> {
    let row = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u64>().unwrap();
    match form {
        ReportFormat::Lines => text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|line| (line["row"].as_u64().unwrap(), line["standing"].as_str().unwrap().to_owned()))
            .collect(),
        ReportFormat::Csv => {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let at = reader.headers().unwrap().iter().position(|name| name == "standing").unwrap();
            reader.records().map(|line| line.unwrap()).map(|line| (row(&line[0]), line[at].to_owned())).collect()
        }
        // What passed is not listed.
        ReportFormat::Markdown => text
            .lines()
            .filter_map(|line| line.strip_prefix("| row "))
            .map(|line| (row(line), line.split(" | ").nth(3).unwrap().to_owned()))
            .collect(),
        ReportFormat::Html => text
            .split("<tr data-standing=\"")
            .skip(1)
            .map(|part| (part, part.split_once("class=\"row\"").unwrap().1.split_once("<span>").unwrap().1))
            .map(|(part, title)| (row(title), part.split_once('"').unwrap().0.to_owned()))
            .collect(),
        ReportFormat::Junit => text
            .split("<testcase name=\"row ")
            .skip(1)
            .map(|case| {
                let inside = case.split("</testcase>").next().unwrap();
                let inside = inside.split("<testcase").next().unwrap();
                let word = match inside {
                    inside if inside.contains("<skipped message=\"inconclusive") => "inconclusive",
                    inside if inside.contains("<failure") => "failed",
                    inside if inside.contains("<error") => "error",
                    _ => "passed",
                };
                (row(case), word.to_owned())
            })
            .collect(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_judge_decided_is_passed_in_no_report() {
    let (mut all, mut review, mut names) = (StatusCounts::default(), Review::default(), Names::default());
    for batch in 0..BATCHES {
        let does = drawn(batch);
        let wanted: BTreeMap<u64, String> =
            does.iter().map(|(row, does)| (*row, does.status().word().to_owned())).collect();
        let cells = run(&does).await;
        assert_eq!(cells.len(), does.len(), "batch {batch}");
        let mut tally = Tally::default();
        for (entry, outcome) in &cells {
            tally.take(&entry.cell, entry.quality.as_ref());
            review.take(&RunFacts::of(outcome, 0, &mut names));
            let open = entry.cell.status == RunStatus::Inconclusive;
            assert_eq!(open, entry.why().contains("llm-rubric: not applied"), "{}", entry.why());
        }
        let mut counts = StatusCounts::default();
        for does in does.values() {
            counts.add(does.status());
        }
        let why: Vec<String> = cells.iter().map(|(entry, _)| entry.why()).collect();
        assert_eq!(tally.counts, counts, "batch {batch}: {does:?} {why:?}");
        all.join(counts);
        let lane = ReportLane { prompt: 0, target: 0, prompt_name: "p".to_owned(), target_name: "m".to_owned(), tally };
        let whole = Whole {
            batch: BatchId(Uuid::nil()),
            name: "b".to_owned(),
            data: "d".to_owned(),
            samples: 1,
            end: "complete".to_owned(),
            made: Timestamp::UNIX_EPOCH,
            variables: Vec::new(),
            lanes: vec![lane],
            baselines: Vec::new(),
        };
        let entries: Vec<ReportCell> = cells.into_iter().map(|(entry, _)| entry).collect();
        for form in
            [ReportFormat::Lines, ReportFormat::Csv, ReportFormat::Markdown, ReportFormat::Html, ReportFormat::Junit]
        {
            let mut out = Vec::new();
            form.write(&mut out, &whole, &entries).unwrap();
            let mut read = read_back(form, &String::from_utf8(out).unwrap());
            if form == ReportFormat::Markdown {
                // The report in Markdown lists what did not pass.
                for (row, word) in wanted.iter().filter(|(_, word)| *word == "passed") {
                    read.entry(*row).or_insert_with(|| word.clone());
                }
            }
            assert_eq!(read, wanted, "batch {batch} as {form:?}");
        }
    }
    let report = review.named(names).report(&jiff::tz::TimeZone::UTC);
    assert_eq!(report.counts, all);
    assert_eq!(report.pass.map(|rate| (rate.part, rate.whole)), Some((all.passed, BATCHES * ROWS)));
    let words =
        format!("{} of {}; {} failed, {} inconclusive", all.passed, BATCHES * ROWS, all.failed, all.inconclusive);
    assert!(markdown(&report, GroupBy::Model).contains(&words), "{words}");
    let gauge = format!("retort_runs_by_status{{status=\"inconclusive\"}} {}", all.inconclusive);
    assert!(prometheus(&report).contains(&gauge), "{gauge}");
}
