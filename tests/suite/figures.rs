//! Every figure again: what scripted providers gave away, what the record's own rows add up to, and what is shown.
//!
//! Nothing here adds up with the code under test: [`sum`] has its own arithmetic, [`ledger`] knows what every call
//! gave away because it played it, and [`raw`] reads the tables by plain SQL.

/// What the providers gave away, and how they played it.
mod ledger;
/// The record of many random runs of every kind and end, made through the whole pipeline.
mod lived;
/// The rows of the record, as plain SQL reads them.
mod raw;
/// Tokens and money added up by hand, with how sure they are.
mod sum;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use retort::{
    eval::Tally,
    model::{Outcome, RunStatus},
    present::{
        comparison::{ComparedLane as Lane, ComparisonTable},
        report::{ReportCell, ReportFormat, ReportLane, Whole},
    },
    text::format,
};
use serde_json::Value;

use self::{
    lived::{Lived, PROMPTS, TARGETS},
    raw::{Raw, Run, percentile},
    sum::Sum,
};

/// How the clock of the person stands who asks.
const ZONE: &str = "Asia/Kathmandu";

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

/// Asserts that an object of JSON says what was added up by hand.
fn says(object: &Value, sum: Sum, what: &str) {
    let shown = (number(&object["tokens"]), &object["tokens_is"], &object["cost_is"]);
    let (tokens, cost) = (Value::from(sum.tokens_is()), Value::from(sum.cost_is()));
    assert_eq!(shown, (sum.tokens, &tokens, &cost), "{what}: {sum:?}");
    assert_eq!(object["cost"].as_f64(), sum.dollars(), "{what}: {sum:?}");
}

fn times(object: &Value, mut millis: Vec<u64>, what: &str) {
    millis.sort_unstable();
    if millis.is_empty() {
        assert!(object.is_null(), "{what}: {object}");
        return;
    }
    assert_eq!(number(&object["n"]), millis.len() as u64, "{what}");
    for (name, per_cent) in [("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)] {
        assert_eq!(object[name].as_u64(), percentile(&millis, per_cent), "{name} of {what}: {millis:?}");
    }
}

fn counts(runs: &[&Run]) -> BTreeMap<String, u64> {
    let mut counts: BTreeMap<String, u64> = RunStatus::ALL.map(|status| (status.word().to_owned(), 0)).into();
    for run in runs {
        *counts.get_mut(&run.status).unwrap_or_else(|| panic!("{}", run.status)) += 1;
    }
    counts
}

fn rate(object: &Value, part: u64, whole: u64, what: &str) {
    assert_eq!((number(&object["part"]), number(&object["whole"])), (part, whole), "{what}");
}

/// Asserts that a part of a report says of its runs what their rows say.
fn group(line: &Value, runs: &[&Run], took: Sum, what: &str) {
    let own = counts(runs);
    assert_eq!(number(&line["runs"]), runs.len() as u64, "{what}");
    for (status, count) in &own {
        assert_eq!(number(&line["counts"][status]), *count, "{status} of {what}");
    }
    let rated = own["passed"] + own["failed"] + own["inconclusive"] + own["error"];
    if rated > 0 && !line["pass"].is_null() {
        rate(&line["pass"], own["passed"], rated, what);
    }
    says(line, took, what);
}

fn quality(raw: &Raw, report: &Value) {
    let answers: Vec<&Run> = raw.answers().collect();
    let own = counts(&answers);
    let all = answers.len() as u64;
    group(report, &answers, Sum::all(answers.iter().map(|run| run.took)), "the whole report");
    rate(&report["success"], all - own["error"] - own["cancelled"], all, "answered");
    let billed = || answers.iter().filter(|run| !run.cached && !run.demo);
    assert_eq!(number(&report["tokens_in"]), billed().map(|run| run.tokens_in).sum::<u64>());
    assert_eq!(number(&report["tokens_out"]), billed().map(|run| run.tokens_out).sum::<u64>());
    let unpriced = answers.iter().filter(|run| run.took.cost_is() == "unknown").count();
    assert_eq!(number(&report["unpriced"]), unpriced as u64);
    let counted = |of: fn(&Run) -> bool| answers.iter().filter(|run| of(run)).count() as u64;
    for (name, count) in [
        ("cached", counted(|run| run.cached)),
        ("demo", counted(|run| run.demo)),
        ("retried", counted(|run| run.attempts > 1)),
        ("fell_back", counted(|run| run.requested != run.target)),
        ("attempts", answers.iter().map(|run| u64::from(run.attempts)).sum()),
    ] {
        assert_eq!(number(&report[name]), count, "{name}");
    }
    let timed = || answers.iter().filter(|run| run.end == "done" && !run.cached && !run.demo);
    times(&report["times"], timed().map(|run| run.took_ms()).collect(), "all times");
    let first = |run: &&&Run| run.first_token_us.map(|time| (time + 500) / 1000);
    times(&report["first_token"], timed().filter_map(|run| first(&run)).collect(), "all first tokens");
    let waits: Vec<u64> = answers.iter().filter(|run| !run.cached).filter_map(|run| run.waited_ms()).collect();
    let wanted = (waits.len() as u64, waits.iter().sum::<u64>(), waits.iter().max().copied().unwrap_or(0));
    let shown = &report["waits"];
    assert_eq!((number(&shown["runs"]), number(&shown["total"]), number(&shown["longest"])), wanted);
    let judging = Sum::all(answers.iter().filter_map(|run| run.judging));
    says(&report["judges"], judging, "judges");

    for (list, of) in [("models", 0), ("providers", 1), ("prompts", 2)] {
        let name = |run: &&Run| [&run.model, &run.provider, &run.prompt][of].clone();
        let names: std::collections::BTreeSet<String> = answers
            .iter()
            .flat_map(|run| {
                let requests = run.calls.iter().map(|call| [&call.model, &call.provider, &run.prompt][of].clone());
                requests.chain([name(run)]).collect::<Vec<_>>()
            })
            .collect();
        let lines = report[list].as_array().unwrap();
        assert_eq!(lines.len(), names.len(), "{list}: {names:?}");
        for line in lines {
            let key = line["name"].as_str().unwrap();
            let what = format!("{list} {key}");
            let runs: Vec<&Run> = answers.iter().copied().filter(|run| name(run) == key).collect();
            let took = match of {
                2 => Sum::all(runs.iter().map(|run| run.took)),
                // What the calls to it took, whoever answered; and what nobody knows of runs without any.
                _ => Sum::all(answers.iter().flat_map(|run| {
                    let calls = run.calls.iter().filter(|call| [&call.model, &call.provider][of] == key);
                    let mut sums: Vec<Sum> = calls.map(|call| call.took).collect();
                    if run.calls.is_empty() && name(run) == key {
                        sums.push(run.took);
                    }
                    sums.retain(|_| !run.cached && !run.demo);
                    sums
                })),
            };
            group(line, &runs, took, &what);
            let timed = runs.iter().filter(|run| run.end == "done" && !run.cached && !run.demo);
            times(&line["times"], timed.map(|run| run.took_ms()).collect(), &what);
        }
    }

    let mut checks: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    for (rule, mark) in answers.iter().flat_map(|run| &run.verdicts) {
        let (passed, all, inconclusive) = checks.entry(rule).or_default();
        *all += 1;
        *passed += u64::from(mark == "pass");
        *inconclusive += u64::from(mark == "skipped");
    }
    let shown = report["checks"].as_array().unwrap();
    assert_eq!(shown.len(), checks.len());
    for check in shown {
        let name = check["name"].as_str().unwrap();
        let (passed, all, inconclusive) = checks[name];
        rate(&check["pass"], passed, all, name);
        assert_eq!(number(&check["inconclusive"]), inconclusive, "{name}");
    }

    let classes = report["classes"].as_array().unwrap();
    assert!(!classes.is_empty());
    for class in classes {
        let name = class["name"].as_str().unwrap();
        let met: Vec<&&Run> = answers.iter().filter(|run| run.classes.contains(name)).collect();
        rate(&class["met"], met.len() as u64, all, name);
        let ended = met.iter().filter(|run| run.class.as_deref() == Some(name)).count();
        assert_eq!(number(&class["ended"]), ended as u64, "{name}");
        let answered = met.iter().filter(|run| run.end == "done").count();
        rate(&class["answered"], answered as u64, met.len() as u64, name);
    }

    let points = report["trend"].as_array().unwrap();
    assert!(points.len() > 3);
    for point in points {
        let (from, to) = (point["from"].as_i64().unwrap(), point["to"].as_i64().unwrap());
        let within: Vec<&Run> = answers.iter().copied().filter(|run| (from..to).contains(&run.started)).collect();
        group(point, &within, Sum::all(within.iter().map(|run| run.took)), &format!("{from} to {to}"));
        if number(&report["stretch"]) == 24 * 3600 {
            let zone = jiff::tz::TimeZone::get(ZONE).unwrap();
            let midnight = Timestamp::from_second(from).unwrap().to_zoned(zone).time();
            assert_eq!(midnight, jiff::civil::Time::midnight(), "a day begins where it does for the person");
        }
    }
}

fn prometheus(raw: &Raw, text: &str) {
    let read = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}"))
    };
    let count = |name: &str| read(name).parse::<u64>().unwrap();
    let answers: Vec<&Run> = raw.answers().collect();
    for (status, runs) in counts(&answers) {
        assert_eq!(count(&format!("retort_runs_by_status{{status=\"{status}\"}}")), runs);
    }
    let (took, judging) =
        (Sum::all(answers.iter().map(|run| run.took)), Sum::all(answers.iter().filter_map(|run| run.judging)));
    assert_eq!(count("retort_tokens{direction=\"in\"}") + count("retort_tokens{direction=\"out\"}"), took.tokens);
    assert_eq!(count("retort_judge_tokens"), judging.tokens);
    for (prefix, sum) in [("", took), ("judge_", judging)] {
        assert_eq!(read(&format!("retort_{prefix}cost_dollars")).parse().ok(), sum.dollars());
        for word in ["known", "estimated", "at_least", "unknown"] {
            let state = |what: &str| count(&format!("retort_{prefix}{what}_state{{state=\"{word}\"}}"));
            assert_eq!(state("tokens"), u64::from(sum.tokens_is() == word), "{prefix}tokens {word}");
            assert_eq!(state("cost"), u64::from(sum.cost_is() == word), "{prefix}cost {word}");
        }
    }
}

fn history(raw: &Raw, lines: &[Value]) {
    assert_eq!(lines.len(), raw.runs.len());
    for line in lines {
        let id = line["run"].as_str().unwrap().replace('-', "");
        let run = raw.runs.iter().find(|run| run.id == id).unwrap();
        let what = format!("run {id}: {run:?}");
        assert_eq!((&line["end"], &line["cached"]), (&Value::from(run.end.as_str()), &Value::from(run.cached)));
        assert_eq!(line["status"].as_str(), Some(run.status.as_str()), "{what}");
        assert_eq!(number(&line["sample"]), run.sample + 1, "{what}");
        assert_eq!(line["judge"], run.judge, "{what}");
        assert_eq!(line["cost"]["state"], run.cost_shown(), "{what}");
        let amount = line["cost"]["amount"].as_u64();
        assert_eq!(amount, (run.cost_shown() != "unknown").then_some(run.took.pico), "{what}");
        if run.cached {
            assert_eq!((amount, &line["cost"]["state"]), (Some(0), &Value::from("known")), "{what}");
        } else if !run.calls.is_empty() {
            let all = line["tokens_in"].as_u64().unwrap_or(0) + line["tokens_out"].as_u64().unwrap_or(0);
            let own = Sum::all(run.calls.iter().map(|call| call.took));
            assert_eq!((all, &line["tokens_is"]), (own.tokens, &Value::from(own.tokens_is())), "{what}");
        }
    }
}

/// Asserts that the ways a batch is told by say what the rows of its cells say.
fn batch(raw: &Raw, lived: &Lived) {
    let cells: Vec<(ReportCell, &Outcome)> = lived
        .cells
        .iter()
        .map(|(cell, outcome, row)| (ReportCell::of((**cell).clone(), row, outcome), &**outcome))
        .collect();
    let runs: BTreeMap<(u64, u32, u32, u32), &Run> =
        raw.runs.iter().filter_map(|run| run.cell.map(|place| (place, run))).collect();
    assert_eq!(runs.len(), cells.len());
    let mut lanes = Vec::new();
    for prompt in 0..PROMPTS.len() as u32 {
        for target in 0..TARGETS.len() as u32 {
            let mut tally = Tally::default();
            let mut lane: Vec<&Run> = Vec::new();
            let own = cells
                .iter()
                .filter(|(entry, _)| (entry.cell.place.prompt, entry.cell.place.target) == (prompt, target));
            let mut outcomes: Vec<&Outcome> = Vec::new();
            for (entry, outcome) in own {
                tally.take(&entry.cell, entry.quality.as_ref());
                let place = entry.cell.place;
                lane.push(runs[&(place.row, place.prompt, place.target, place.sample)]);
                outcomes.push(outcome);
            }
            let what = format!("{} on {}", PROMPTS[prompt as usize], TARGETS[target as usize][0]);
            let took = |of: &dyn Fn(&str) -> bool| {
                Sum::all(
                    lane.iter().flat_map(|run| run.calls.iter().filter(|call| of(&call.target)).map(|call| call.took)),
                )
            };
            let requests = TARGETS[target as usize][0];
            let shown = serde_json::to_value(tally.figures(tally.own())).unwrap();
            says(&shown, took(&|name| name == requests), &what);
            tallied(&shown, &lane, &what);
            for fallback in &TARGETS[target as usize][1..] {
                match &shown["fallbacks"][fallback] {
                    Value::Null => assert_eq!(took(&|name| name == *fallback), Sum::default(), "{what}"),
                    own => says(own, took(&|name| name == *fallback), &format!("{fallback} of {what}")),
                }
            }
            compared(&outcomes, &lane, &what);
            lanes.push(ReportLane {
                prompt,
                target,
                prompt_name: PROMPTS[prompt as usize].to_owned(),
                target_name: requests.to_owned(),
                tally,
            });
        }
    }
    let whole = Whole {
        batch: lived.batch,
        name: "b".to_owned(),
        data: "d".to_owned(),
        samples: 2,
        end: "stopped".to_owned(),
        made: Timestamp::UNIX_EPOCH,
        variables: Vec::new(),
        lanes,
        baselines: Vec::new(),
    };
    let total = whole.total();
    let all: Vec<&Run> = runs.values().copied().collect();
    let took = Sum::all(all.iter().map(|run| run.took));
    let shown = serde_json::to_value(total.figures(total.answers())).unwrap();
    says(&shown, took, "the whole batch");
    tallied(&shown, &all, "the whole batch");

    let entries: Vec<ReportCell> = cells.into_iter().map(|(entry, _)| entry).collect();
    reported(raw, &whole, &entries, took);
}

/// Asserts that each form of a batch's report says of its cells what their rows say, `took` in all.
fn reported(raw: &Raw, whole: &Whole, entries: &Vec<ReportCell>, took: Sum) {
    let text = |form: ReportFormat| {
        let mut out = Vec::new();
        form.write(&mut out, whole, entries).unwrap();
        String::from_utf8(out).unwrap()
    };
    for line in text(ReportFormat::Lines).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let run = raw.run(line["run"].as_str().unwrap());
        assert_eq!(number(&line["sample"]), run.sample + 1);
        assert_eq!(line["standing"], run.status.as_str());
        assert_eq!((line["cost"].as_f64(), &line["cost_is"]), (run.took.dollars(), &run.cost_shown().into()));
        if !run.cached {
            assert_eq!(line["tokens"].as_u64().unwrap_or(0), run.took.tokens, "{run:?}");
            assert_eq!(line["tokens_is"], run.took.tokens_is(), "{run:?}");
        }
        match run.judging {
            Some(judging) => says(&line["judges"], judging, "judges of a cell"),
            None => assert!(line["judges"].is_null()),
        }
    }
    let sheet = text(ReportFormat::Csv);
    let mut sheet = csv::Reader::from_reader(sheet.as_bytes());
    let heads = sheet.headers().unwrap().clone();
    for row in sheet.records() {
        let row = row.unwrap();
        let cell = |name: &str| &row[heads.iter().position(|head| head == name).unwrap()];
        let run = raw.run(cell("run"));
        assert_eq!(cell("sample"), (run.sample + 1).to_string());
        assert_eq!((cell("cost").parse().ok(), cell("cost_is")), (run.took.dollars(), run.cost_shown()));
        assert_eq!(cell("judges_tokens").parse().ok(), run.judging.map(|judging| judging.tokens));
        if !run.cached {
            assert_eq!(
                (cell("tokens").parse().unwrap_or(0), cell("tokens_is")),
                (run.took.tokens, run.took.tokens_is())
            );
        }
    }
    let markdown = text(ReportFormat::Markdown);
    let line = markdown.lines().find(|line| line.starts_with("| **all**")).unwrap();
    let cells: Vec<&str> = line.split(" | ").collect();
    let [.., tokens, cost, _, _] = cells.as_slice() else { panic!("{line}") };
    assert_eq!((*tokens, *cost), (took.tokens_shown().as_str(), took.cost_shown().as_str()), "{line}");
}

/// Asserts that the figures of a tally other than what was taken are those of the rows.
fn tallied(shown: &Value, runs: &[&Run], what: &str) {
    let own = counts(runs);
    for (name, count) in [
        ("passed", own["passed"]),
        ("failed", own["failed"]),
        ("inconclusive", own["inconclusive"]),
        ("unchecked", own["unchecked"]),
        ("errors", own["error"]),
        ("cells", runs.len() as u64 - own["cancelled"]),
        ("cached", runs.iter().filter(|run| run.cached && run.status != "cancelled").count() as u64),
    ] {
        assert_eq!(number(&shown[name]), count, "{name} of {what}");
    }
    let judging: Vec<Sum> = runs.iter().filter_map(|run| run.judging).collect();
    match &shown["judges"] {
        Value::Null => assert_eq!(Sum::all(judging), Sum::default()),
        judges => says(judges, Sum::all(judging), what),
    }
    let mut millis: Vec<u64> =
        runs.iter().filter(|run| run.end == "done" && !run.cached).map(|run| run.took_ms()).collect();
    millis.sort_unstable();
    for (name, per_cent) in [("latency_p50", 50), ("latency_p95", 95)] {
        let wanted = percentile(&millis, per_cent).map(|millis| Duration::from_millis(millis).as_secs_f64());
        assert_eq!(shown[name].as_f64(), wanted, "{name} of {what}");
    }
}

/// Asserts that the table in which lanes are compared says what the rows say.
fn compared(outcomes: &[&Outcome], runs: &[&Run], what: &str) {
    let lane = Lane { name: "a".to_owned(), outcomes: outcomes.to_vec() };
    let table = ComparisonTable::of(&[lane], Timestamp::UNIX_EPOCH);
    let row = |label: &str| table.rows.iter().find(|row| row.label == label).map(|row| row.cells[0].text.clone());
    let took = Sum::all(runs.iter().map(|run| run.took));
    assert_eq!(row("cost").unwrap().split([',', ';']).next().unwrap(), took.cost_shown(), "{what}");
    let judging: Vec<Sum> = runs.iter().filter_map(|run| run.judging).collect();
    let wanted = (!judging.is_empty()).then(|| {
        let sum = Sum::all(judging);
        format!("{} tokens, {}", sum.tokens_shown(), sum.cost_shown())
    });
    assert_eq!(row("judges"), wanted, "{what}");
    let waited: u64 = runs.iter().filter(|run| !run.cached).map(|run| run.waited_us).sum();
    let wanted = (waited >= 100_000).then(|| format::duration(Duration::from_micros(waited)));
    assert_eq!(row("waited"), wanted, "{what}");
}

/// Asserts that every call is on record with what its provider gave away, at the target that was asked.
fn given(raw: &Raw, lived: &Lived) {
    let mut rows: BTreeMap<(String, String), (usize, Sum)> = BTreeMap::new();
    let mut judges: (usize, Sum) = Default::default();
    for run in raw.runs.iter().filter(|run| !run.cached && !run.demo) {
        for call in &run.calls {
            let (calls, sum) =
                if run.judge { &mut judges } else { rows.entry((run.input.clone(), call.target.clone())).or_default() };
            *calls += 1;
            *sum = sum.plus(call.took);
        }
    }
    let played = lived.ledger.by_input();
    let stopped: Vec<&str> =
        raw.runs.iter().filter(|run| run.end == "cancelled" && run.cell.is_some()).map(|run| &*run.input).collect();
    let mut compared = 0;
    for (key, gave) in &played {
        if key.1 != "demo" && !stopped.contains(&key.0.as_str()) {
            assert_eq!(rows.get(key), Some(gave), "{key:?}");
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
    assert!(rows.keys().all(|key| played.contains_key(key)), "a call on record that nobody made");
    if stopped.is_empty() {
        assert_eq!(judges, lived.ledger.judges());
        let apart = Sum::all(raw.answers().filter_map(|run| run.judging));
        assert_eq!(apart, judges.1, "what judging took stands with the answers and in its own runs");
    }
}

fn all_kinds_are_there(raw: &Raw) {
    let all = |of: &dyn Fn(&Run) -> bool| raw.runs.iter().filter(|run| of(run)).count();
    for (what, count) in [
        ("done", all(&|run| run.end == "done")),
        ("failed", all(&|run| run.end == "failed")),
        ("interrupted", all(&|run| run.end == "interrupted")),
        ("cancelled", all(&|run| run.end == "cancelled")),
        ("crashed", all(&|run| run.end == "crashed")),
        ("cached", all(&|run| run.cached)),
        ("demo", all(&|run| run.demo)),
        ("judges", all(&|run| run.judge)),
        ("retried", all(&|run| run.attempts > 1)),
        ("fallbacks", all(&|run| run.requested != run.target)),
        ("unknown", all(&|run| run.took.cost_is() == "unknown")),
        ("at least", all(&|run| run.took.cost_is() == "at_least")),
        ("estimated", all(&|run| run.took.cost_is() == "estimated")),
        ("known", all(&|run| run.took.cost_is() == "known" && run.took.pico > 0)),
        ("inconclusive", all(&|run| run.status == "inconclusive")),
        ("unchecked", all(&|run| run.status == "unchecked")),
    ] {
        assert!(count > 0, "no run is {what}");
    }
}

async fn every_figure(seed: u64, stop: bool) {
    let lived = Lived::new(seed, stop).await;
    let home = Arc::clone(&lived.home);
    let retort = |arguments: &[&str]| {
        let ran = home.command(arguments).env("TZ", ZONE).output().unwrap();
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    };
    // The first look at the record finds that the process of some runs is gone.
    let lines: Vec<Value> =
        retort(&["history", "--json", "--all"]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let raw = Raw::read(&home);
    all_kinds_are_there(&raw);
    given(&raw, &lived);
    history(&raw, &lines);
    quality(&raw, &serde_json::from_str(&retort(&["quality", "--json"])).unwrap());
    prometheus(&raw, &retort(&["quality", "--prometheus"]));
    batch(&raw, &lived);
    let second = raw.runs.iter().find(|run| run.cell.is_some_and(|(.., sample)| sample == 1)).unwrap();
    let whole: Value = serde_json::from_str(&retort(&["show", &second.id, "--json"])).unwrap();
    assert_eq!((&whole["sample"], &whole["cell"]["place"]["sample"]), (&2.into(), &2.into()), "samples count from 1");
}

#[tokio::test(start_paused = true)]
async fn every_figure_is_what_the_rows_of_the_record_add_up_to() {
    every_figure(1, false).await;
}

#[tokio::test(start_paused = true)]
async fn every_figure_of_a_batch_that_was_stopped_is_too() {
    every_figure(2, true).await;
}
