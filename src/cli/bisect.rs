//! `retort bisect`: which version of a prompt broke it, with the evidence of each step.

use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::BisectArgs, experiment, experiment::ExperimentWork, prompts},
    engine::{
        Engine, Workspace,
        bisect::{BisectStep, Bisected, bisect, cells},
        experiment::{Experiment, rows_of},
    },
    eval::{bisect::steps, experiment::ExperimentSpent, improve::FlipCounts},
    model::{Prompt, VersionId},
    present::{evidence::chance, improve::cost},
    text::{clean_line, format::counted, json},
};

/// The last line of `--json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BisectedLine<'a> {
    event: &'static str,
    /// The bad end against the good one.
    ends: FlipCounts,
    p: f64,
    steps: &'a [BisectStep],
    /// The last version that is good and the first that is bad.
    good: Option<&'a VersionId>,
    bad: Option<&'a VersionId>,
    spent: &'a ExperimentSpent,
}

/// Searches the versions between a good one and a bad one.
pub(crate) async fn run(args: BisectArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let BisectArgs { common: args, good, bad } = args;
    let mut work = ExperimentWork::open(&args, io).await?;
    let ExperimentWork { setup, store, subject, interrupts, .. } = &mut work;
    let (setup, store, subject) = (&*setup, &*store, &*subject);
    let found = prompts::between(store, &subject.name, &good, &bad).await?;
    // One judges all, or a version could be good by its own rules.
    let asked = |version: Prompt| Prompt { checks: subject.prompt.checks.clone(), ..version };
    let versions: Vec<(VersionId, Prompt)> = found.into_iter().map(|(id, version)| (id, asked(version))).collect();
    let limits = experiment::limits(&args, &subject.planned, [])?;
    let rows = rows_of(&subject.planned)?;
    let (usual, most) = cells(versions.len(), rows.len());
    let words = format!(
        "{} from {good} to {bad}, about {}; {}",
        counted(versions.len() as u64, "version"),
        counted(u64::from(steps(versions.len()).0), "step"),
        experiment::estimated(&subject.planned, usual, most)
    );
    if args.dry_run {
        writeln!(io.out, "{}", clean_line(&words))?;
        return Ok(Exit::Done);
    }
    let _ = writeln!(io.err, "{}", clean_line(&words));
    let engine = Engine::start(setup, store);
    experiment::read_keys(setup, &engine, &subject.planned, [], io).await?;
    let ids: Vec<&str> = versions.iter().map(|(id, _)| id.0.as_str()).collect();
    let (planned, key) = (subject.planned.clone(), format!("{} {}", args.seed, ids.join(" ")));
    let (parts, searched) = ((&engine, store), versions.clone());
    let asks = async |line| {
        let about = ("bisect", key.as_str(), "");
        let lab = Experiment::begin(parts, planned, rows, about, (limits, args.new), line).await?;
        bisect(lab, searched, args.seed).await
    };
    let ended = experiment::watched(asks, args.json, io, interrupts).await?;
    let exit = match ended {
        Ok(bisected) => finish(setup, &versions, &bisected, args.json, io).map(|()| Exit::Done),
        Err(stop) => experiment::not_ended(stop, io),
    };
    work.close(io);
    exit
}

fn finish(
    setup: &Workspace,
    versions: &[(VersionId, Prompt)],
    bisected: &Bisected,
    as_json: bool,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let Bisected { ends, p, steps, between, spent } = bisected;
    let at = |place: usize| versions.get(place);
    let (good, bad) = between.map(|(good, bad)| (at(good), at(bad))).unwrap_or_default();
    if as_json {
        let id = |end: Option<&'_ (VersionId, Prompt)>| end.map(|(id, _)| id.clone());
        let (good, bad) = (id(good), id(bad));
        let (ends, p) = (*ends, *p);
        let line = BisectedLine { event: "bisected", ends, p, steps, good: good.as_ref(), bad: bad.as_ref(), spent };
        writeln!(io.out, "{}", json::to_line(&line)?)?;
        return Ok(());
    }
    let cost = cost(spent);
    let Some(((good, old), (bad, new))) = good.zip(bad) else {
        writeln!(
            io.out,
            "the bad end is not shown to be worse than the good one: {} broken, {} fixed, {}; {cost}",
            ends.broken,
            ends.fixed,
            chance(*p)
        )?;
        return Ok(());
    };
    let left = between.map_or(0, |(good, bad)| bad - good);
    let words = match left {
        1 => format!("version {} broke it", bad.short()),
        more => format!(
            "it broke in one of {more} edits from {} to {}: the versions between are undecided",
            good.short(),
            bad.short()
        ),
    };
    writeln!(io.out, "{words}; the ends: {} broken, {} fixed, {}; {cost}\n", ends.broken, ends.fixed, chance(*p))?;
    for BisectStep { version: _, id, verdict, rows, standing, p } in steps {
        writeln!(
            io.out,
            "{}  {}: {} broken, {} fixed of {rows} rows against the good end, {}",
            id.short(),
            verdict.word(),
            standing.broken,
            standing.fixed,
            chance(*p)
        )?;
    }
    writeln!(io.out)?;
    prompts::print_diff((old, new), (&good.short(), &bad.short()), setup, io)
}
