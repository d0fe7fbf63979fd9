//! `retort quality QUERY --against QUERY`: the runs of one query weighed against those of another.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    cli::{Exit, Io, Stopped, sheet::Sheet, table},
    eval::{
        Evidence,
        evidence::{FEWEST, Shown},
    },
    model::query::Query,
    store::{
        Store,
        job::{Job, Reply, Turned, Weighed, Weighted},
    },
    text::{clean_line, json, truncate},
};

/// Characters of an input that a list shows.
const WIDE: usize = 60;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Words,
    Json,
    Markdown,
}

/// What is weighed: the line of each side as it was typed, and what it asks for.
pub(super) struct Sides {
    /// The baseline.
    pub(super) a: (String, Query),
    /// What is weighed against it.
    pub(super) b: (String, Query),
}

/// The verdict as one line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    a: SideLine<'a>,
    b: SideLine<'a>,
    sentence: String,
    #[serde(flatten)]
    evidence: &'a Evidence,
    inputs: u64,
    inputs_fixed: &'a [Turned],
    inputs_broken: &'a [Turned],
}

#[derive(Serialize)]
struct SideLine<'a> {
    query: &'a str,
    #[serde(flatten)]
    weight: Weighted,
}

/// Weighs B against A and writes the verdict.
pub(super) async fn against(
    store: &Store,
    sides: Sides,
    form: Form,
    fail_if_worse: bool,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let Sides { a, b } = sides;
    let answer = store.ask(Job::Weigh { a: Box::new(a.1), b: Box::new(b.1) }).await?;
    let Reply::Weighed(weighed) = answer else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let mut lacks = Vec::new();
    for (name, line, weight) in [("A", &a.0, weighed.a), ("B", &b.0, weighed.b)] {
        if weight.runs == 0 {
            let why = if weight.unjudged == 0 {
                "finds no run; `retort history QUERY` lists what a query finds"
            } else {
                "finds runs, and no check decided on any of them; `retort score PROMPT` applies the checks of today"
            };
            lacks.push(format!("{name}, `{}`, {why}", clean_line(line).as_str()));
        }
    }
    for lack in &lacks {
        writeln!(io.err, "{lack}")?;
    }
    let lines = (a.0.as_str(), b.0.as_str());
    match form {
        Form::Words => words(&weighed, lines, io)?,
        Form::Markdown => markdown(&weighed, lines, io.out)?,
        Form::Json => {
            let side = |query, weight| SideLine { query, weight };
            let line = Line {
                a: side(lines.0, weighed.a),
                b: side(lines.1, weighed.b),
                sentence: weighed.evidence.sentence(),
                evidence: &weighed.evidence,
                inputs: weighed.inputs,
                inputs_fixed: &weighed.fixed,
                inputs_broken: &weighed.broken,
            };
            writeln!(io.out, "{}", json::to_line(&line)?)?;
        }
    }
    if !fail_if_worse {
        return Ok(Exit::Done);
    }
    if weighed.evidence.shown == Shown::Worse {
        writeln!(io.err, "FAIL B is worse than A")?;
        return Ok(Exit::CheckFailed);
    }
    let rows = weighed.evidence.rows();
    if rows < FEWEST {
        let inputs = if rows == 1 { "input" } else { "inputs" };
        return Err(Stopped::Other(format!(
            "the gate says nothing: both sides have {rows} comparable {inputs} in common, and fewer than {FEWEST} can \
             show no difference; run both on the same data set"
        )));
    }
    Ok(Exit::Done)
}

/// The heading of what each side has.
const SIDES: [&str; 5] = ["SIDE", "RUNS", "NOT JUDGED", "INPUTS OF ITS OWN", "QUERY"];

fn sides(weighed: &Weighed, (a, b): (&str, &str)) -> Vec<Vec<String>> {
    let row = |name: &str, line: &str, weight: Weighted| {
        let line = if line.is_empty() { "every run" } else { line };
        let [runs, unjudged, alone] = [weight.runs, weight.unjudged, weight.alone].map(|count| count.to_string());
        vec![name.to_owned(), runs, unjudged, alone, line.to_owned()]
    };
    vec![row("A", a, weighed.a), row("B", b, weighed.b)]
}

/// What turned: its name, the heading and the rows of those that are listed, and how many more there are.
type Turns = (&'static str, [&'static str; 3], Vec<Vec<String>>, u64);

fn turns(weighed: &Weighed) -> Vec<Turns> {
    let Weighed { evidence, fixed, broken, .. } = weighed;
    let rows = |turned: &[Turned]| {
        let short = |text: &str| {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            truncate(clean_line(&line).as_str(), WIDE).into_owned()
        };
        turned.iter().map(|one| vec![one.a.short(), one.b.short(), short(&one.input)]).collect::<Vec<_>>()
    };
    let more = |count: u64, turned: &[Turned]| count.saturating_sub(turned.len() as u64);
    let all = [
        ("fixed", ["FAILED WITH A", "PASSED WITH B", "FIXED"], rows(fixed), more(evidence.fixed, fixed)),
        ("broken", ["PASSED WITH A", "FAILED WITH B", "BROKEN"], rows(broken), more(evidence.broken, broken)),
    ];
    all.into_iter().filter(|(_, _, rows, _)| !rows.is_empty()).collect()
}

/// Says over what the verdict is.
fn over(weighed: &Weighed) -> String {
    let inputs = if weighed.inputs == 1 { "input" } else { "inputs" };
    format!("over {} {inputs} that both were run with", weighed.inputs)
}

fn words(weighed: &Weighed, lines: (&str, &str), io: &mut Io<'_>) -> io::Result<()> {
    writeln!(io.out, "{}\n{}\n", weighed.evidence.sentence(), over(weighed))?;
    table::write(io.out, &SIDES, &sides(weighed, lines))?;
    let turns = turns(weighed);
    for (name, head, rows, more) in &turns {
        writeln!(io.out)?;
        table::write(io.out, head, rows)?;
        if *more > 0 {
            writeln!(io.out, "and {more} more {name}")?;
        }
    }
    if !turns.is_empty() {
        writeln!(io.err, "`retort show RUN` shows a run whole")?;
    }
    Ok(())
}

fn markdown(weighed: &Weighed, lines: (&str, &str), out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# B against A\n\n{}, {}\n", weighed.evidence.sentence(), over(weighed))?;
    sheet(out, &SIDES, &sides(weighed, lines))?;
    for (name, head, rows, more) in turns(weighed) {
        writeln!(out)?;
        sheet(out, &head, &rows)?;
        if more > 0 {
            writeln!(out, "\nand {more} more {name}")?;
        }
    }
    Ok(())
}

fn sheet(out: &mut dyn Write, head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    Sheet::Markdown.head(out, head)?;
    rows.iter().try_for_each(|row| Sheet::Markdown.row(out, row))
}
