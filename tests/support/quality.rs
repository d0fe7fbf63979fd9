//! A report of runs made up here: three prompts, four models, a week.

use std::time::Duration;

use jiff::tz::TimeZone;
use retort::{
    eval::{Review, quality::QualityReport},
    model::{
        Cost, PicoDollars, RunStatus, Spent, Status, Usage,
        run_facts::{EndingWord, Names, RunFacts},
    },
};

/// When the first run started: 2026-06-05, 10:00 UTC.
const FIRST: i64 = 1_780_653_600;

/// Runs that are told of.
const RUNS: i64 = 600;

/// The facts of a run by its number. Every number has the same in every test.
fn facts(number: i64, names: &mut Names) -> RunFacts {
    // A number that jumps about, so that nothing falls into step.
    let dice = |salt: i64| ((number * 7919 + salt * 104_729) % 1009).rem_euclid(100);
    let prompts = ["sentiment", "triage", "reply in <b>\u{202e}HTML\u{1b}[31m"];
    let prompt = prompts[usize::try_from(number % 3).unwrap()];
    let (version, wrong) = match (prompt, number < 400) {
        ("sentiment", true) => ("a1b2c3d4e5f60718", 8),
        ("sentiment", false) => ("0f9e8d7c6b5a4938", 55),
        ("triage", true) => ("77aa00bb11cc22dd", 30),
        ("triage", false) => ("88bb11cc22dd33ee", 28),
        (_, true) => ("1234567890abcdef", 40),
        (_, false) => ("abcdef1234567890", 15),
    };
    let (provider, model) = [
        ("openai", "gpt-4o-mini"),
        ("anthropic", "claude-haiku-4-5"),
        ("here", "qwen2.5-0.5b-instruct"),
        ("openai", "gpt-4.1"),
    ][usize::try_from(number % 4).unwrap()];
    let passed = dice(1) >= wrong;
    let confidence = if passed { 0.7 + 0.003 * dice(2) as f64 } else { 0.3 + 0.006 * dice(2) as f64 };
    let mut marks = vec![
        (names.of("format"), if dice(3) > 2 { Status::Passed } else { Status::Failed }, None),
        (names.of("confidence"), if passed { Status::Passed } else { Status::Failed }, Some(confidence)),
        (names.of("completeness"), Status::Passed, Some(0.9 + 0.001 * dice(4) as f64)),
    ];
    if prompt == "triage" {
        marks.push((names.of("llm-rubric"), if dice(5) < 10 { Status::Inconclusive } else { Status::Passed }, None));
    }
    let any = |status: Status| marks.iter().any(|(_, own, _)| *own == status);
    let status = match (any(Status::Failed), any(Status::Inconclusive)) {
        (true, _) => RunStatus::Failed,
        (false, true) => RunStatus::Inconclusive,
        (false, false) => RunStatus::Passed,
    };
    let slow = if model == "gpt-4.1" { 3 } else { 1 };
    let took = slow * u64::try_from(400 + 17 * dice(6)).unwrap();
    let mut run = RunFacts {
        // Seven days, and nothing at night.
        started: FIRST + number * 7 * 24 * 36 * 100 / RUNS / 12 * 12,
        prompt: Some(names.of(prompt)),
        version: Some(names.of(version)),
        params: Some(names.of(if number % 5 == 0 {
            "{\"temperature\":0.9}"
        } else {
            "{\"temperature\":0.3,\"max_tokens\":400}"
        })),
        model: Some(names.of(model)),
        provider: Some(names.of(provider)),
        status,
        compared: status.compared(false),
        target: Some(names.of(model)),
        input: Some(number % 120),
        marks,
        took: Some(Duration::from_millis(took)),
        first_token: Some(Duration::from_millis(took / 4)),
        spent: Spent {
            usage: Usage { input: Some(212), output: Some(38), ..Usage::default() },
            cost: if provider == "here" { Cost::Unknown } else { Cost::Known(PicoDollars(54_600_000 * slow)) },
        },
        attempts: 1,
        cached: dice(7) < 12,
        right: (number % 40 == 0).then_some(passed),
        ..RunFacts::default()
    };
    match dice(8) {
        0..3 => {
            let class = names.of(if number > 450 { "timeout" } else { "rate limited" });
            run.end = EndingWord::Failed;
            (run.class, run.errors) = (Some(class), vec![names.of("overloaded"), class]);
            (run.status, run.compared) = (RunStatus::Error, None);
            (run.took, run.first_token, run.spent) = (None, None, Spent::default());
            (run.cached, run.right) = (false, None);
            run.marks.clear();
            run.attempts = 3;
        }
        3 => {
            (run.status, run.compared) = (RunStatus::Cancelled, None);
            (run.end, run.right) = (EndingWord::Cancelled, None);
        }
        4..8 => (run.attempts, run.errors, run.fell_back) = (2, vec![names.of("overloaded")], number % 2 == 0),
        _ => {}
    }
    run.demo = number % 50 == 7;
    if run.cached {
        run.spent = Spent::default();
    }
    run
}

/// What runs come to, each changed beforehand.
pub(crate) fn folded(numbers: impl Iterator<Item = i64>, change: impl Fn(&mut RunFacts)) -> QualityReport {
    review(numbers, change).report(&TimeZone::UTC)
}

/// The same, to be taken further.
pub(crate) fn review(numbers: impl Iterator<Item = i64>, change: impl Fn(&mut RunFacts)) -> Review {
    let (mut review, mut names) = (Review::default(), Names::default());
    for number in numbers {
        let mut run = facts(number, &mut names);
        change(&mut run);
        review.take(&run);
    }
    review.named(names)
}

/// A week of six hundred runs, three prompts of which have two versions each.
pub(crate) fn report() -> QualityReport {
    folded(0..RUNS, |_| {})
}
