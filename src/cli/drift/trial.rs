//! A prompt on the model that goes and on its successor, over the same rows on the same day; and the edit of its file.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

use jiff::Timestamp;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::DriftArgs,
        batch::followed::followed,
        drift::{
            data::{Untried, data_of, request, spec_of},
            edit::{accepted, edit},
            judges,
        },
        interrupts,
        interrupts::Interrupts,
        prompts,
        run::check_keys,
    },
    engine::{
        Engine, Workspace,
        baselines::inbox,
        batch as common,
        batch::Begun,
        drift::{LeavingUse, ModelRole},
    },
    eval::{
        Baseline, Evidence, RowPair, Tally,
        baseline::{inbox::Inbox, row_name},
        evidence::{Basis, Conclusion, LEVEL, Lanes, SEED},
        stats::holm,
    },
    model::{
        DatasetRow, Prompt, Target,
        batch::BatchSpec,
        dataset::{DatasetFormat, RowRanges, RowSource},
        prompt::Param,
    },
    pipeline::batch::BatchEnd,
    promptfoo,
    store::{Store, api::StoreRequest, baselines},
    text::{clean_line, format, format::counted, json},
};

/// A prompt that was tried.
struct Tried {
    prompt: String,
    old: String,
    new: String,
    evidence: Evidence,
    /// Whether the old model is gone, so that its baseline stands for it.
    witness: bool,
    sides: Vec<(String, Tally)>,
    /// Parameters that the successor does not take, and why.
    dropped: Vec<String>,
}

/// What came of a prompt as a line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TrialLine<'a> {
    event: &'static str,
    prompt: &'a str,
    old: &'a str,
    new: &'a str,
    /// Adjusted for all prompts that were tried (Holm).
    p: f64,
    shown: Conclusion,
    witness: bool,
    dropped: &'a [String],
    evidence: &'a Evidence,
}

/// The rows that are asked, and the copy of them where they are in no file.
struct Rows {
    source: RowSource,
    spec: BatchSpec,
    _copy: Option<NamedTempFile>,
}

/// Tries each prompt whose model goes on the successor, and writes the successor into its file where that is wanted.
pub(crate) async fn trial(
    args: &DriftArgs,
    uses: &[LeavingUse],
    setup: &Workspace,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let mut interrupts = interrupts::interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let (mut tried, mut judges_tried, mut exit, mut left) = (Vec::new(), Vec::new(), Exit::Done, args.max_cost);
    let mut ended = Ok(());
    for own in uses.iter().filter(|own| matches!(own.role, ModelRole::Target | ModelRole::Judge)) {
        let Some(next) = args.to.clone().or_else(|| own.leaving.successor.clone()) else {
            writeln!(io.err, "{}: {}; it is not tried, --to MODEL names one", clean_line(&own.place), own.leaving)?;
            exit = exit.worse(Exit::CheckFailed);
            continue;
        };
        if left.is_some_and(|left| left <= 0.0) {
            writeln!(io.err, "{} is not tried: the cap on the cost is used up", clean_line(&own.place))?;
            exit = exit.worse(Exit::Failed);
            continue;
        }
        let asked = ((args, own, next.as_str()), (setup, &store), left);
        let done = if own.role == ModelRole::Judge {
            let done = judges::one(asked.0, asked.1, asked.2, (&mut interrupts, io)).await;
            done.map(|(found, end, spent)| (Found::Judge(found), end, spent))
        } else {
            let done = one(asked.0, asked.1, asked.2, (&mut interrupts, io)).await;
            done.map(|(found, end, spent)| (Found::Model(found), end, spent))
        };
        match done {
            Ok((found, end, spent)) => {
                left = left.map(|left| left - spent);
                match end {
                    BatchEnd::Complete => match found {
                        Found::Model(found) => tried.push(found),
                        Found::Judge(found) => judges_tried.push(found),
                    },
                    BatchEnd::Stopped => {
                        ended = Ok(());
                        exit = Exit::Cancelled;
                        break;
                    }
                    BatchEnd::Capped { why, .. } | BatchEnd::Failed { why } => {
                        let place = clean_line(&own.place);
                        writeln!(io.err, "{place} was not tried to its end: {}", clean_line(&why))?;
                        exit = exit.worse(Exit::Failed);
                    }
                }
            }
            Err(Untried::NoRows(why)) => {
                writeln!(io.err, "{} is not tried: {}", clean_line(&own.place), clean_line(&why))?;
                exit = exit.worse(Exit::CheckFailed);
            }
            Err(Untried::Stopped(error)) => {
                ended = Err(error);
                break;
            }
        }
    }
    interrupts::close(&store, &mut errors, io);
    ended?;
    if tried.is_empty() && judges_tried.is_empty() {
        if exit == Exit::Done {
            writeln!(
                io.out,
                "no prompt is on a model, or judged by one, that goes within {}",
                counted(args.within.unsigned_abs(), "day")
            )?;
        }
        return Ok(exit);
    }
    let p: Vec<f64> = tried.iter().map(Tried::p).collect();
    for (own, p) in tried.iter().zip(holm(&p)) {
        let shown = if p < LEVEL { own.evidence.shown } else { Conclusion::NoDifference };
        if args.json {
            writeln!(io.out, "{}", json::to_line(&own.line(p, shown))?)?;
        } else {
            own.tell((p, shown, tried.len()), io)?;
        }
        let known = own.evidence.rows() > 0;
        if shown == Conclusion::Worse || !known {
            exit = exit.worse(Exit::CheckFailed);
        } else if accepted(args, &format!("write {} into the prompt {}?", own.new, own.prompt), io)? {
            edit(&own.prompt, (&own.old, &own.new), setup, io, |prompt| {
                for list in [&mut prompt.targets, &mut prompt.fallback] {
                    let mut seen = BTreeSet::new();
                    for name in list.iter_mut().filter(|name| **name == own.old) {
                        own.new.clone_into(name);
                    }
                    list.retain(|name| seen.insert(name.clone()));
                }
            })?;
        }
    }
    Ok(exit.worse(judges::conclude(args, &judges_tried, setup, io)?))
}

/// What was tried.
enum Found {
    Model(Tried),
    Judge(judges::JudgeTried),
}

async fn one(
    (args, own, next): (&DriftArgs, &LeavingUse, &str),
    (setup, store): (&Workspace, &Store),
    left: Option<f64>,
    (interrupts, io): (&mut Interrupts, &mut Io<'_>),
) -> Result<(Tried, BatchEnd, f64), Untried> {
    let (name, prompt) = prompts::find(&setup.places, &io.cwd, &own.place)?;
    let resolve = |name: &str| setup.catalog.resolve(name).map_err(|error| Stopped::Usage(error.to_string()));
    let (old, new) = (resolve(&own.leaving.target)?, resolve(next)?);
    let witness = old.is_retired_on(&setup.today());
    let file = prompts::file(&setup.places, &io.cwd, &own.place)?;
    let path = baselines::path(&setup.places, &name, file.as_deref());
    let baseline = baselines::read(&setup.places, &path)?.unwrap_or_default();
    let found = inbox(&setup.places, store, (&name, path), None).await?;
    let targets: Vec<String> = if witness { vec![new.name.clone()] } else { vec![old.name.clone(), new.name.clone()] };
    let rows =
        rows((args, &name, &old.name), (&baseline, found.as_ref()), (setup, store), (&prompt, &targets), io).await?;
    // A fallback would answer in the place of what is tried.
    let request = request(rows.spec.clone(), rows.source.clone(), left, setup.settings.batch.concurrency);
    let planned = common::preview(setup, store, request).await?;
    if let Some(words) = common::unpriced(&planned) {
        return Err(Untried::Stopped(Stopped::Usage(words)));
    }
    let engine = Engine::start(setup, store);
    let named = engine.read_keys(planned.targets.iter().flatten().filter_map(|lane| lane.first())).await;
    check_keys(&named, io)?;
    let shown = clean_line(&name);
    writeln!(
        io.err,
        "{shown}: {} on {}",
        counted(planned.count.unwrap_or_default(), "row"),
        clean_line(&targets.join(" and "))
    )
    .map_err(Stopped::from)?;
    let Begun { id, stream, mut budget, .. } = common::start(&engine, store, &planned, None).await?;
    let (mut lanes, mut tallies) = (Lanes::default(), BTreeMap::<u32, Tally>::new());
    let mut passed: Vec<RowPair> = Vec::new();
    let end = followed(stream, interrupts, |cell, outcome, row| {
        budget.take(&cell);
        lanes.take(&cell);
        tallies.entry(cell.place.target).or_default().take(&cell, outcome.quality.as_ref());
        let of_the_answer = outcome.end.class().is_some_and(crate::model::ErrorKind::is_of_the_answer);
        let before =
            baseline.line(&row_name(&row.input), &old.name).and_then(crate::eval::baseline::BaselineLine::passes);
        passed.push(RowPair { a: before, b: cell.status.compared(of_the_answer), ..RowPair::default() });
    })
    .await?;
    let why = end.why().map(str::to_owned);
    let note = StoreRequest::EndBatch { batch: id, end: end.word().to_owned(), why, at: Timestamp::now() };
    store.ask(note).await?;
    let pairs = if witness { passed } else { lanes.pairs((0, 1), &lanes, (0, 0)) };
    let sides = (0..).zip(&targets).map(|(at, name)| (name.clone(), tallies.remove(&at).unwrap_or_default())).collect();
    let tried = Tried {
        prompt: name,
        old: old.name.clone(),
        new: new.name.clone(),
        evidence: Evidence::of(pairs, SEED),
        witness,
        sides,
        dropped: dropped(&prompt, &old, &new),
    };
    Ok((tried, end, budget.cost.dollars()))
}

/// Names the parameters that the successor does not take and the model that goes does.
fn dropped(prompt: &Prompt, old: &Target, new: &Target) -> Vec<String> {
    let set = Param::ALL.into_iter().filter(|param| param.is_set(&prompt.params)).map(Param::name);
    let set = set.map(str::to_owned).chain(prompt.params.extra.keys().cloned());
    let gone = set.filter(|name| old.refusal(name).is_none());
    gone.filter_map(|name| new.refusal(&name).map(|why| format!("{name} is dropped: {why}"))).collect()
}

/// Finds the rows: those of the data set that the baseline knows, or else the pinned ones, which it holds itself.
async fn rows(
    (args, name, old): (&DriftArgs, &str, &str),
    (baseline, found): (&Baseline, Option<&Inbox>),
    (setup, store): (&Workspace, &Store),
    (prompt, targets): (&Prompt, &[String]),
    io: &Io<'_>,
) -> Result<Rows, Untried> {
    let known: BTreeSet<&str> =
        baseline.lines().filter(|line| line.target == old).map(|line| line.row.as_str()).collect();
    let spec = |data: String| spec_of((name, prompt, targets), found, data);
    if let Some(path) = data_of(args, found, io).filter(|path| path.exists()) {
        let shown = path.to_string_lossy().into_owned();
        let (spec, source) = (spec(shown.clone()), RowSource::of(&shown));
        let concurrency = setup.settings.batch.concurrency;
        let planned = common::preview(setup, store, request(spec.clone(), source.clone(), None, concurrency)).await?;
        if !planned.missing.is_empty() {
            return Err(Untried::Stopped(crate::cli::batch::request::unfit(&planned)));
        }
        // Without a baseline all rows of a data set that a person has named are as good as any.
        let all = args.data.is_some() && known.is_empty();
        let mut numbers = Vec::new();
        planned.rows(|row| {
            if all || known.contains(row_name(&row.input).as_str()) {
                numbers.push(row.number);
            }
            true
        })?;
        if !numbers.is_empty() {
            let source = RowSource { only: Some(RowRanges::of_numbers(numbers)), ..source };
            return Ok(Rows { source, spec, _copy: None });
        }
    }
    let pinned: Vec<DatasetRow> = baseline
        .lines()
        .filter(|line| line.target == old)
        .filter_map(|line| Some(DatasetRow { input: line.input.clone()?, ..DatasetRow::default() }))
        .collect();
    if pinned.is_empty() {
        return Err(Untried::NoRows(format!(
            "no row of a baseline of {old} is at hand; `retort review {name} --all` makes one of the newest batch, --data DATA \
             names the rows"
        )));
    }
    let failed = |error: std::io::Error| Stopped::Other(format!("cannot keep the pinned rows: {error}"));
    let mut copy = NamedTempFile::new().map_err(failed)?;
    for row in &pinned {
        writeln!(copy, "{}", promptfoo::line(row)).map_err(failed)?;
    }
    copy.flush().map_err(failed)?;
    let path = copy.path().to_string_lossy().into_owned();
    let source = RowSource { format: Some(DatasetFormat::Jsonl), has_lines: false, ..RowSource::of(&path) };
    Ok(Rows { source, spec: spec(path), _copy: Some(copy) })
}

impl Tried {
    /// Returns the p-value of what decides.
    fn p(&self) -> f64 {
        match self.evidence.basis {
            Basis::Passes => self.evidence.p,
            Basis::Scores => self.evidence.score_p.unwrap_or(1.0),
        }
    }

    fn line(&self, p: f64, shown: Conclusion) -> TrialLine<'_> {
        let Self { prompt, old, new, evidence, witness, dropped, .. } = self;
        TrialLine { event: "trial", prompt, old, new, p, shown, witness: *witness, dropped, evidence }
    }

    fn tell(&self, (p, shown, of): (f64, Conclusion, usize), io: &mut Io<'_>) -> Result<(), Stopped> {
        let Self { prompt, old, new, evidence, witness, sides, dropped } = self;
        let head = format!(
            "{prompt}: {old} → {new}: {}",
            evidence.sentence_within(("the successor is better", "the successor is worse"), usize::MAX)
        );
        writeln!(io.out, "{}", clean_line(&head))?;
        if shown != evidence.shown {
            writeln!(io.out, "  over {of} prompts that is no difference shown (Holm: p={p:.3})")?;
        }
        if *witness {
            writeln!(io.out, "  {} is gone: its baseline stands for it", clean_line(old))?;
        }
        for (name, tally) in sides {
            let spent = tally.own();
            let rate = tally.pass_rate().map_or_else(|| "not judged".to_owned(), format::percent);
            let time = tally.latency(0.5).map_or_else(|| "–".to_owned(), format::duration);
            let tokens = format::all_tokens(&spent.usage);
            writeln!(io.out, "  {}: {rate} passed, {}, {tokens} tokens, p50 {time}", clean_line(name), spent.cost)?;
        }
        for words in dropped {
            writeln!(io.out, "  {}", clean_line(words))?;
        }
        Ok(())
    }
}
