//! A judge that goes and its successor, both today, on the answers that the baseline of a prompt holds; and the edit of the
//! prompt's checks.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::DriftArgs,
        drift::{
            data::{Untried, data_of, request, spec_of},
            edit::{accepted, edit},
        },
        interrupts::Interrupts,
        prompts,
        rows::capped_calls::{CappedCalls, answered},
        run::check_keys,
    },
    engine::{Engine, Workspace, baselines::inbox, batch as common, drift::LeavingUse},
    eval::{
        Answer, Baseline, CheckSuite, PendingCheck, Rubric,
        baseline::{inbox::Inbox, row_name},
        judge_change::{JudgeChange, JudgeConclusion},
        rubric::JUDGE,
        stats::{Coefficient, Interval, holm},
        tool_calls::ToolTrace,
    },
    model::{Check, Cost, Input, Message, Prompt, Status, Target, dataset::RowSource},
    pipeline::{batch::BatchEnd, prepare},
    present::quality_report::coefficient,
    store::{Store, baselines},
    text::{clean_line, format::counted, json},
};

/// What came of a prompt's judge and its successor as a line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct JudgeTrialLine<'a> {
    event: &'static str,
    prompt: &'a str,
    old: &'a str,
    new: &'a str,
    /// Verdicts that pass by both.
    both: u64,
    /// Those that pass by the successor alone.
    new_alone: u64,
    /// Those that pass by the judge that goes alone.
    old_alone: u64,
    /// Those that fail by both.
    neither: u64,
    /// Those that the successor could not give.
    undecided: u64,
    /// Those that the judge that goes could not give; they are compared with nothing.
    unknown: u64,
    /// The share of verdicts that are the same; null without any.
    agreed: Option<f64>,
    agreed_interval: Option<Interval>,
    kappa: Option<Coefficient>,
    ac1: Option<Coefficient>,
    /// Of the exact sign test, adjusted for all judges that were tried (Holm).
    p: f64,
    shown: JudgeConclusion,
    /// What was not tried, and why.
    left_out: &'a [String],
}

/// A judge that was tried.
pub(crate) struct JudgeTried {
    prompt: String,
    old: String,
    new: String,
    change: JudgeChange,
    left_out: Vec<String>,
}

/// An answer on record that a judge is asked about.
struct RecordedCase {
    rubric: Rubric,
    answer: String,
    input: Input,
    messages: Vec<Message>,
}

/// Tries the judge of a prompt and its successor. Tells how it ended, and what it cost in US dollars.
pub(crate) async fn one(
    (args, own, next): (&DriftArgs, &LeavingUse, &str),
    (setup, store): (&Workspace, &Store),
    left: Option<f64>,
    (interrupts, io): (&mut Interrupts, &mut Io<'_>),
) -> Result<(JudgeTried, BatchEnd, f64), Untried> {
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, &own.place)?;
    let resolve = |name: &str| setup.catalog.resolve(name).map_err(|error| Stopped::Usage(error.to_string()));
    let targets: [Target; 2] = [resolve(&own.leaving.target)?, resolve(next)?];
    if targets.iter().any(|target| target.is_retired_on(&setup.today())) {
        let test = "`retort prompts judge llm-rubric --test -m MODEL` tries another one by itself";
        return Err(Untried::NoRows(format!("{} and can be asked nothing; {test}", own.leaving)));
    }
    let file = prompts::file(&setup.places, &io.cwd, &own.place)?;
    let path = baselines::path(&setup.places, &name, file.as_deref());
    let baseline = baselines::read(&setup.places, &path)?.unwrap_or_default();
    let found = inbox(&setup.places, store, (&name, path), None).await?;
    let answers = answers((args, &name, &prompt), (&baseline, found.as_ref()), (setup, store), io)
        .await
        .map_err(Untried::from)?;
    if answers.is_empty() {
        return Err(Untried::NoRows(format!(
            "no answer of a baseline is at hand for its judge; `retort review {name} --pin` keeps rows with what they ask, \
             --data DATA names the rows"
        )));
    }
    let mut left_out = Vec::new();
    let checks = prompt.checks.iter().filter(|check| check.judge_name() == Some(own.leaving.target.as_str()));
    let groups: Vec<Vec<RecordedCase>> =
        checks.map(|check| cases(&prompt, check, &answers, &mut left_out)).filter(|cases| !cases.is_empty()).collect();
    if groups.is_empty() {
        return Err(Untried::NoRows(left_out.join("; ")));
    }
    let engine = Engine::start(setup, store);
    let named = engine.read_keys(targets.iter()).await;
    check_keys(&named, io)?;
    let all = groups.iter().map(Vec::len).sum::<usize>() as u64;
    let [old, new] = targets.map(|target| (target.name.clone(), target));
    let words = format!("{name}: {} by {} and {}", counted(all, "recorded answer"), old.0, new.0);
    writeln!(io.err, "{}", clean_line(&words)).map_err(Stopped::from)?;
    let (mut change, mut spent, mut end) = (JudgeChange::default(), 0.0, BatchEnd::Complete);
    let mut said: Vec<Vec<Option<bool>>> = Vec::new();
    for target in [old.1, new.1] {
        let mut calls = CappedCalls::new(&engine, target, (left.map(|left| left - spent), u64::MAX))?;
        let mut passes = Vec::new();
        for group in &groups {
            if matches!(end, BatchEnd::Complete) {
                end = judged(group, &mut calls, interrupts, &mut passes).await?;
            }
        }
        spent += calls.used.cost.dollars();
        said.push(passes);
    }
    if let [by_old, by_new] = said.as_slice() {
        by_old.iter().zip(by_new).for_each(|(old, new)| change.take(*old, *new));
    }
    Ok((JudgeTried { prompt: name, old: own.leaving.target.clone(), new: new.0, change, left_out }, end, spent))
}

/// Lists the answers of a baseline with what was asked: those of its pinned rows, and of the rows of the data set that it
/// knows, each once.
async fn answers(
    (args, name, prompt): (&DriftArgs, &str, &Prompt),
    (baseline, found): (&Baseline, Option<&Inbox>),
    (setup, store): (&Workspace, &Store),
    io: &Io<'_>,
) -> Result<Vec<(Input, String)>, Stopped> {
    let mut answers: Vec<(Input, String)> = Vec::new();
    let mut take = |input: &Input, answer: Option<&str>| {
        let new = answer.map(|answer| (input.clone(), answer.to_owned()));
        if let Some(new) = new.filter(|new| !answers.contains(new)) {
            answers.push(new);
        }
    };
    for line in baseline.lines() {
        if let Some(input) = &line.input {
            take(input, line.answer.text());
        }
    }
    if let Some(path) = data_of(args, found, io).filter(|path| path.exists()) {
        let shown = path.to_string_lossy().into_owned();
        let spec = spec_of((name, prompt, &prompt.targets), found, shown.clone());
        let concurrency = setup.settings.batch.concurrency;
        let planned = common::preview(setup, store, request(spec, RowSource::of(&shown), None, concurrency)).await?;
        planned.rows(|row| {
            let known = row_name(&row.input);
            for line in baseline.lines().filter(|line| line.row == known && line.input.is_none()) {
                take(&row.input, line.answer.text());
            }
            true
        })?;
    }
    Ok(answers)
}

/// Makes the questions of a check about each answer. What cannot be asked is left out, with why.
fn cases(prompt: &Prompt, check: &Check, answers: &[(Input, String)], left_out: &mut Vec<String>) -> Vec<RecordedCase> {
    let mut note = |why: String| {
        let words = format!("{}: {why}", check.kind);
        if !left_out.contains(&words) {
            left_out.push(words);
        }
    };
    // One of weight 0 passes whatever its judge says.
    let alone = Check { weight: None, ..check.clone() };
    let suite = match CheckSuite::new(&prompt.response, std::slice::from_ref(&alone)) {
        Ok(suite) => suite,
        Err(bad) => {
            note(bad.to_string());
            return Vec::new();
        }
    };
    let mut cases = Vec::new();
    for (input, text) in answers {
        let answer = Answer {
            text,
            finish: None,
            latency: None,
            cost: Cost::Unknown,
            tools: ToolTrace { rounds: &[], calls: &[] },
        };
        let mut judgement = suite.judge_on(&answer, input);
        match judgement.pending.pop().map(|(_, pending)| pending) {
            Some(PendingCheck::Judge(rubric)) if rubric.context.is_none() => match prepare::fill(prompt, input) {
                Ok(messages) => {
                    cases.push(RecordedCase { rubric, answer: text.clone(), input: input.clone(), messages });
                }
                Err(error) => note(error.to_string()),
            },
            Some(PendingCheck::Judge(_)) => note("a program takes its context out of the answer".to_owned()),
            Some(PendingCheck::Best(_)) => note("it compares the answers of a row, of which one is kept".to_owned()),
            Some(PendingCheck::Service(_) | PendingCheck::Program(_)) => note("no judge decides it".to_owned()),
            None => {
                let why = judgement.quality.verdicts.last().map(|verdict| verdict.reason.clone());
                note(why.unwrap_or_else(|| "it waits for no judge".to_owned()));
            }
        }
    }
    cases
}

/// Asks a judge about the answers of a check, and adds whether each passes; none where it cannot say.
async fn judged(
    cases: &[RecordedCase],
    calls: &mut CappedCalls<'_>,
    interrupts: &mut Interrupts,
    passes: &mut Vec<Option<bool>>,
) -> Result<BatchEnd, Stopped> {
    let mut rubrics: Vec<Rubric> = cases.iter().map(|case| case.rubric.clone()).collect();
    let (mut first, mut inputs, mut whose) = (None, Vec::new(), Vec::new());
    for (rubric, case) in rubrics.iter_mut().zip(cases) {
        match rubric.asks_first(&case.answer, &case.input, &case.messages) {
            None => {}
            Some(Err(why)) => rubric.take_list(Err(why)),
            Some(Ok((prompt, input))) => {
                first = Some(prompt);
                inputs.push(input);
                whose.push(rubric);
            }
        }
    }
    if let Some(prompt) = first {
        let asked = calls.ask((JUDGE, Arc::unwrap_or_clone(prompt)), inputs, interrupts).await?;
        if !matches!(asked.end, BatchEnd::Complete) {
            return Ok(asked.end);
        }
        for (rubric, outcome) in whose.into_iter().zip(&asked.outcomes) {
            rubric.take_list(outcome.as_deref().map_or_else(|| Err(UNASKED.to_owned()), answered));
        }
    }
    let (mut prompt, mut inputs, mut counts) = (None, Vec::new(), Vec::new());
    for (rubric, case) in rubrics.iter().zip(cases) {
        counts.push(rubric.asks(&case.answer, &case.input, &case.messages).map(|(own, orders)| {
            prompt = Some(own);
            inputs.extend((0..rubric.repeat).flat_map(|_| orders.clone()));
            orders.len()
        }));
    }
    let asked = match prompt {
        Some(prompt) => calls.ask((JUDGE, Arc::unwrap_or_clone(prompt)), inputs, interrupts).await?,
        None => calls.ask((JUDGE, Prompt::default()), Vec::new(), interrupts).await?,
    };
    if !matches!(asked.end, BatchEnd::Complete) {
        return Ok(asked.end);
    }
    let mut outcomes = asked.outcomes.iter().map(|outcome| match outcome.as_deref() {
        Some(outcome) => answered(outcome),
        None => Err(UNASKED.to_owned()),
    });
    for ((rubric, case), orders) in rubrics.iter().zip(cases).zip(counts) {
        let opinions = match orders {
            Err(why) => vec![Err(why)],
            Ok(orders) => (0..rubric.repeat)
                .map(|_| {
                    let said: Vec<Result<&str, String>> = outcomes.by_ref().take(orders).collect();
                    rubric.read(&said, &case.input)
                })
                .collect(),
        };
        passes.push(match rubric.verdict(&opinions, None).status {
            Status::Passed => Some(true),
            Status::Failed => Some(false),
            Status::Inconclusive => None,
        });
    }
    Ok(asked.end)
}

/// Why there is no answer of a judge where its calls came to their end.
const UNASKED: &str = "it was not asked";

/// Tells what came of the judges that were tried, and writes the successor into the checks of a prompt where that is wanted.
pub(crate) fn conclude(
    args: &DriftArgs,
    tried: &[JudgeTried],
    setup: &Workspace,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let mut exit = Exit::Done;
    let p: Vec<f64> = tried.iter().map(|own| own.change.p()).collect();
    for (own, p) in tried.iter().zip(holm(&p)) {
        let shown = own.change.conclusion(p);
        if args.json {
            writeln!(io.out, "{}", json::to_line(&own.line(p, shown))?)?;
        } else {
            own.tell(p, io)?;
        }
        let question = format!("write {} into the checks of {}?", own.new, own.prompt);
        // Where it is not shown a person may say so, who knows the answers.
        let allowed = shown == JudgeConclusion::Alike || !args.accept && shown == JudgeConclusion::NotShown;
        if shown == JudgeConclusion::Different {
            exit = exit.worse(Exit::CheckFailed);
        }
        if allowed && accepted(args, &question, io)? {
            edit(&own.prompt, (&own.old, &own.new), setup, io, |prompt| {
                for check in prompt.checks.iter_mut().filter(|check| check.judge.as_deref() == Some(&own.old)) {
                    check.judge = Some(own.new.clone());
                }
            })?;
        } else if args.accept {
            let why = "its checks stay as they are: that the successor judges alike is not shown";
            writeln!(io.err, "{}: {why}", clean_line(&own.prompt))?;
        }
    }
    Ok(exit)
}

impl JudgeTried {
    fn line(&self, p: f64, shown: JudgeConclusion) -> JudgeTrialLine<'_> {
        let Self { prompt, old, new, change, left_out } = self;
        let [both, new_alone, old_alone, neither] = change.counts();
        let agreed = change.agreed();
        JudgeTrialLine {
            event: "judge_trial",
            prompt,
            old,
            new,
            both,
            new_alone,
            old_alone,
            neither,
            undecided: change.undecided,
            unknown: change.unknown,
            agreed: agreed.map(|(share, _)| share),
            agreed_interval: agreed.map(|(_, interval)| interval),
            kappa: change.kappa(),
            ac1: change.ac1(),
            p,
            shown,
            left_out,
        }
    }

    fn tell(&self, p: f64, io: &mut Io<'_>) -> Result<(), Stopped> {
        let Self { prompt, old, new, change, left_out } = self;
        writeln!(io.out, "{}", clean_line(&format!("{prompt}: judge {old} → {new}: {}", change.sentence(p))))?;
        let coefficients = format!("{}, {}", coefficient("kappa", change.kappa()), coefficient("AC1", change.ac1()));
        writeln!(io.out, "  {coefficients}")?;
        if change.unknown > 0 {
            let unknown = counted(change.unknown, "answer");
            writeln!(io.out, "  {unknown} that {} could not judge: compared with nothing", clean_line(old))?;
        }
        for words in left_out {
            writeln!(io.out, "  not tried: {}", clean_line(words))?;
        }
        Ok(())
    }
}
