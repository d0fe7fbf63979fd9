//! `retort ablate`: which parts of a prompt matter, as a map of the prompt with what leaving each part out has shown.

use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::AblateArgs, experiment, experiment::ExperimentWork, plain},
    engine::{Engine, Workspace, ablate, ablate::cells, experiment::rows_of},
    eval::{
        ablate::{Ablated, PromptUnit, RestResult, UnitEffect, UnitResult, fewest_rows, units},
        experiment::ExperimentSpent,
    },
    model::Prompt,
    present::ablation::{LEGEND, PromptStretch, margin_with_chance, rest, stretches, sums},
    text::{clean, clean_line, format::counted, json},
};

/// Columns of the margin.
const MARGIN: usize = 26;

/// The last line of `--json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AblatedLine<'a> {
    event: &'static str,
    units: &'a [UnitResult],
    rest: Option<&'a RestResult>,
    passed: u64,
    judged: u64,
    spent: &'a ExperimentSpent,
}

/// Leaves out each part of a prompt in turn.
pub(crate) async fn run(args: AblateArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let args = args.common;
    let mut work = ExperimentWork::open(&args, io).await?;
    let ExperimentWork { setup, store, subject, interrupts, .. } = &mut work;
    let (setup, store, subject) = (&*setup, &*store, &*subject);
    let limits = experiment::limits(&args, &subject.planned, [])?;
    let rows = rows_of(&subject.planned)?;
    let (found, count) = (units(&subject.prompt).len(), rows.len());
    let (usual, most) = cells(&subject.prompt, count);
    let fewest = fewest_rows(found.max(1));
    let words = format!(
        "{} of {}: a part is shown to matter where at least {fewest} rows change one way; {}",
        counted(found as u64, "part"),
        clean_line(&subject.name),
        experiment::estimated(&subject.planned, usual, most)
    );
    if args.dry_run {
        writeln!(io.out, "{words}")?;
        return Ok(Exit::Done);
    }
    let _ = writeln!(io.err, "{words}");
    if (count as u64) < fewest {
        let words = format!(
            "{} can show nothing of {found} parts: at least {fewest} rows are needed",
            counted(count as u64, "row")
        );
        return Err(Stopped::Usage(words));
    }
    let engine = Engine::start(setup, store);
    experiment::read_keys(setup, &engine, &subject.planned, [], io).await?;
    let (planned, bounds) = (subject.planned.clone(), (limits, args.new));
    let asks = |line| ablate::run((&engine, store), (planned, rows), args.seed, bounds, line);
    let ended = experiment::watched(asks, args.json, io, interrupts).await?;
    let exit = match ended {
        Ok(ablated) => finish(setup, &subject.prompt, &ablated, args.json, io).map(|()| Exit::Done),
        Err(stop) => experiment::not_ended(stop, io),
    };
    work.close(io);
    exit
}

fn finish(
    setup: &Workspace,
    prompt: &Prompt,
    ablated: &Ablated,
    as_json: bool,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    if as_json {
        let Ablated { units, rest, passed: (passed, judged), spent } = ablated;
        let (passed, judged) = (*passed, *judged);
        let line = AblatedLine { event: "ablated", units, rest: rest.as_ref(), passed, judged, spent };
        writeln!(io.out, "{}", json::to_line(&line)?)?;
        return Ok(());
    }
    let hues = io.out_is_terminal && !io.plain && io.environment.look(&setup.settings).colour;
    let units: Vec<PromptUnit> = ablated.units.iter().map(|result| result.unit.clone()).collect();
    let longest =
        ablated.units.iter().map(|result| margin_with_chance(result).chars().count()).max().unwrap_or_default();
    let room = MARGIN.max(longest + 2);
    for PromptStretch { text, unit, is_heading: _ } in stretches(prompt, &units) {
        stretch(&text, (unit.and_then(|at| ablated.units.get(at)), room), hues, io)?;
    }
    writeln!(io.out, "\n{LEGEND}")?;
    writeln!(io.out, "{}", sums(ablated))?;
    if let Some(all) = &ablated.rest {
        writeln!(io.out, "{}", rest(all))?;
    }
    Ok(())
}

/// Prints a stretch of the prompt, what was shown of it in a margin of so many columns.
fn stretch(
    text: &str,
    (result, room): (Option<&UnitResult>, usize),
    hues: bool,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let mut margin = result.map(margin_with_chance).unwrap_or_default();
    let hue = match result.map(|result| result.effect).filter(|_| hues) {
        Some(UnitEffect::Helps) => Some(32),
        Some(UnitEffect::Harms) => Some(31),
        Some(UnitEffect::NotShown) => Some(2),
        None => None,
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line = clean(line.trim_end());
        let shown = std::mem::take(&mut margin);
        if io.plain {
            let label = if shown.is_empty() { String::new() } else { format!("{}: ", plain::words(shown.trim())) };
            writeln!(io.out, "{label}{}", line.as_str())?;
        } else if let Some(hue) = hue {
            writeln!(io.painted, "{shown:<room$}\u{1b}[{hue}m{}\u{1b}[0m", line.as_str())?;
        } else {
            writeln!(io.out, "{shown:<room$}{}", line.as_str())?;
        }
    }
    Ok(())
}
