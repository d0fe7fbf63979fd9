//! `retort ablate`: which parts of a prompt matter, as a map of the prompt with what leaving each part out has shown.

use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, args::AblateArgs, experiment, interrupts, plain},
    engine::{
        Engine, Workspace,
        ablate::{Ablated, RestResult, UnitResult, ablate, cells},
        experiment::{Experiment, ExperimentSpent, rows_of},
    },
    eval::ablate::{UnitEffect, UnitKind, fewest_rows, units},
    model::Prompt,
    present::evidence::chance,
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
    let mut setup = io.setup()?;
    if args.trust {
        setup.places.project.trust();
    }
    let mut interrupts = interrupts::interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let subject = experiment::subject(&setup, &store, &args, io).await?;
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
    let engine = Engine::start(&setup, &store);
    experiment::read_keys(&setup, &engine, &subject.planned, [], io).await?;
    let (planned, key) = (subject.planned.clone(), args.seed.to_string());
    let parts = (&engine, &store);
    let work = async |line| {
        let about = ("ablate", key.as_str(), "");
        let lab = Experiment::begin(parts, planned, rows, about, (limits, args.new), line).await?;
        ablate(lab, args.seed).await
    };
    let ended = experiment::watched(work, args.json, io, &mut interrupts).await?;
    let exit = match ended {
        Ok(ablated) => finish(&setup, &subject.prompt, &ablated, args.json, io).map(|()| Exit::Done),
        Err(stop) => experiment::not_ended(stop, io),
    };
    interrupts::close(&store, &mut errors, io);
    exit
}

fn finish(
    setup: &Workspace,
    prompt: &Prompt,
    ablated: &Ablated,
    as_json: bool,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let Ablated { units, rest, passed, spent } = ablated;
    if as_json {
        let (passed, judged) = *passed;
        let line = AblatedLine { event: "ablated", units, rest: rest.as_ref(), passed, judged, spent };
        writeln!(io.out, "{}", json::to_line(&line)?)?;
        return Ok(());
    }
    let hues = io.out_is_terminal && !io.plain && io.environment.look(&setup.settings).colour;
    for (at, turn) in prompt.turns().iter().enumerate() {
        let role = turn.role.name();
        let of_message = |unit: &&UnitResult| unit.unit.message == at + 1;
        let whole = units.iter().filter(of_message).find(|unit| unit.unit.kind == UnitKind::Message);
        stretch(&format!("message {} ({role})", at + 1), whole, hues, io)?;
        let own: Vec<&UnitResult> =
            units.iter().filter(of_message).filter(|unit| unit.unit.kind != UnitKind::Message).collect();
        let (mut from, text) = (0, turn.content.as_str());
        for result in own {
            let bytes = result.unit.bytes.clone();
            stretch(text.get(from..bytes.start).unwrap_or_default(), None, hues, io)?;
            stretch(text.get(bytes.clone()).unwrap_or_default(), Some(result), hues, io)?;
            from = bytes.end;
        }
        stretch(text.get(from..).unwrap_or_default(), None, hues, io)?;
    }
    for (kind, name) in [(UnitKind::Tool, "tools"), (UnitKind::Parameter, "parameters")] {
        let mut own = units.iter().filter(|unit| unit.unit.kind == kind).peekable();
        if own.peek().is_some() {
            stretch(name, None, hues, io)?;
        }
        own.try_for_each(|unit| stretch(&unit.unit.text, Some(unit), hues, io))?;
    }
    writeln!(
        io.out,
        "\nhelps: worse without it · harms: better without it · ?: not shown · -rows broken +rows fixed without it"
    )?;
    let shown = units.iter().filter(|unit| unit.effect != UnitEffect::NotShown).count();
    writeln!(
        io.out,
        "{shown} of {} shown to matter (p adjusted for all of them, Holm); {}",
        counted(units.len() as u64, "part"),
        experiment::cost(spent)
    )?;
    if let Some(RestResult { units, standing, p, effect }) = rest {
        let words = match effect {
            UnitEffect::Helps => "together they help: some say the same, so keep one of each",
            UnitEffect::Harms => "the prompt is better without them",
            UnitEffect::NotShown => "no difference shown",
        };
        writeln!(
            io.out,
            "without all {units} that are not: {} broken, {} fixed, {}: {words}",
            standing.broken,
            standing.fixed,
            chance(*p)
        )?;
    }
    Ok(())
}

/// Prints a stretch of the prompt, what was shown of it in the margin.
fn stretch(text: &str, result: Option<&UnitResult>, hues: bool, io: &mut Io<'_>) -> Result<(), Stopped> {
    let mut margin = result.map(margin).unwrap_or_default();
    let hue = match result.map(|result| result.effect).filter(|_| hues) {
        Some(UnitEffect::Helps) => Some(32),
        Some(UnitEffect::Harms) => Some(31),
        Some(UnitEffect::NotShown) => Some(2),
        None => None,
    };
    for line in text.trim_matches('\n').lines().filter(|line| !line.trim().is_empty()) {
        let line = clean(line.trim_end());
        let shown = std::mem::take(&mut margin);
        if io.plain {
            let label = if shown.is_empty() { String::new() } else { format!("{}: ", plain::words(shown.trim())) };
            writeln!(io.out, "{label}{}", line.as_str())?;
        } else if let Some(hue) = hue {
            writeln!(io.painted, "{shown:<MARGIN$}\u{1b}[{hue}m{}\u{1b}[0m", line.as_str())?;
        } else {
            writeln!(io.out, "{shown:<MARGIN$}{}", line.as_str())?;
        }
    }
    Ok(())
}

/// Says what was shown of a part: `helps -9 +1 p=0.021`.
fn margin(result: &UnitResult) -> String {
    let word = match result.effect {
        UnitEffect::Helps => "helps",
        UnitEffect::Harms => "harms",
        UnitEffect::NotShown => "?",
    };
    format!("{word} -{} +{} {}", result.standing.broken, result.standing.fixed, chance(result.p))
}
