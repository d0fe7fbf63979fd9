//! `retort quality`: the report of the runs of a query, of one query against another's, and of another threshold.

use std::{fmt::Write as _, io, io::Write, path::PathBuf};

use serde::Serialize;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::{GroupingArg, QualityArgs},
        interrupts::CLOSING,
        text_table,
    },
    eval::{
        Evidence, WhatIf,
        evidence::{Conclusion, FEWEST},
        quality::{GroupBy, NOT_COMPARABLE, QualityReport, Rate, VersionChange, VersionComparison},
        whatif::{At, Measured, PassingSide, Share, Threshold},
    },
    model::{CheckKind, Prompt, catalog::nearest, query::Query},
    present::{quality_report, sheet::Sheet},
    store::{
        Store,
        api::{FoundPrompt, PairedComparison, Points, SideRuns, StoreReply, StoreRequest, Turned},
    },
    text::{clean_line, format, format::counted, json, truncate},
};

/// Writes the report of the runs a query asks for.
pub(crate) async fn quality(args: QualityArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let now = io.local_now();
    let query_of = |line: &str| -> Result<(String, Query), Stopped> {
        let mut line = line.trim().to_owned();
        for (key, value) in [("since", &args.since), ("until", &args.until)] {
            if let Some(value) = value {
                let _ = write!(line, " {key}:{value}");
            }
        }
        let query = Query::parse(&line, &now).map_err(|bad| Stopped::Usage(bad.to_string()))?;
        Ok((line, query))
    };
    let (line, query) = query_of(&args.query.join(" "))?;
    if let Some(base) = &args.against {
        let sides = Sides { a: query_of(base)?, b: (line, query) };
        let form = match (args.json, args.md) {
            (true, _) => QualityFormat::Json,
            (false, true) => QualityFormat::Markdown,
            (false, false) => QualityFormat::Words,
        };
        let store = io.setup()?.store();
        let ended = against(&store, sides, form, args.fail_if_worse, io).await;
        store.close(CLOSING)?;
        return ended;
    }
    let store = io.setup()?.store();
    if let Some(rule) = args.what_if {
        let wish = WhatIfRequest { query, rule, at: args.at, json: args.json };
        let ended = what_if(&store, wish, io).await;
        store.close(CLOSING)?;
        return ended;
    }
    let answer = store.ask(StoreRequest::Report(Box::new(query))).await;
    store.close(CLOSING)?;
    let StoreReply::Report(report) = answer? else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let by = match args.by {
        GroupingArg::Model => GroupBy::Model,
        GroupingArg::Provider => GroupBy::Provider,
        GroupingArg::Prompt => GroupBy::Prompt,
        GroupingArg::Version => GroupBy::Version,
        GroupingArg::Params => GroupBy::Params,
    };
    if args.json {
        writeln!(io.out, "{}", json::to_line(&*report)?)?;
    } else if args.md {
        write!(io.out, "{}", quality_report::markdown(&report, by))?;
    } else if args.prometheus {
        write!(io.out, "{}", quality_report::prometheus(&report))?;
    } else if report.runs == 0 {
        writeln!(io.err, "no runs match; `retort run PROMPT` makes one, `retort history` lists them")?;
    } else {
        written(&report, by, io)?;
    }
    Ok(Exit::Done)
}

/// Writes a report for a person.
fn written(report: &QualityReport, by: GroupBy, io: &mut Io<'_>) -> Result<(), Stopped> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("answered", quality_report::rate(report.success.as_ref())),
        row("passed every check", quality_report::pass_rate(report.pass.as_ref(), &report.counts)),
        row("response time", quality_report::times(report.times.as_ref())),
        row("first token", quality_report::times(report.first_token.as_ref())),
        row("tokens", quality_report::tokens(report)),
        row("cost", quality_report::cost(report.spent.cost, report.unpriced)),
        row(
            "of them",
            format!(
                "{} retried, {} by a fallback, {} from the cache, {} demonstration",
                report.retried, report.fell_back, report.cached, report.demo
            ),
        ),
    ];
    rows.extend(report.cache_saving.map(|saved| row("provider's cache", saved.to_string())));
    rows.extend(quality_report::waits(&report.waits).map(|waits| row("waited", waits)));
    rows.extend(quality_report::judges(report).map(|judges| row("judges", judges)));
    if report.graded > 0 {
        rows.push(row("graded", format!("{} right of {}", report.right, report.graded)));
    }
    text_table::print_facts(io, ("RUNS", &report.runs.to_string()), &rows)?;
    if !report.changes.is_empty() {
        let rows: Vec<_> = report
            .changes
            .iter()
            .map(|VersionChange { prompt, before, last, compared }| {
                let versions = format!("{before} → {last}");
                let Some(VersionComparison { from, to, by, interval, shown }) = compared else {
                    return vec![prompt.clone(), versions, NOT_COMPARABLE.to_owned(), String::new()];
                };
                let points = |share: f64| format!("{:+.0}", share * 100.0);
                let (low, high) = (points(interval.low), points(interval.high));
                let word = if *shown == Conclusion::NoDifference { ", no difference shown" } else { "" };
                vec![
                    prompt.clone(),
                    versions,
                    format!("{} points ({low} to {high}){word}", points(*by)),
                    format!("{} → {} of {} common inputs", from.part, to.part, to.whole),
                ]
            })
            .collect();
        writeln!(io.out)?;
        text_table::print(io, &["SINCE THE LAST VERSION", "", "", ""], &rows)?;
    }
    let rows: Vec<_> = report
        .checks
        .iter()
        .map(|check| {
            vec![check.name.clone(), quality_report::rate(check.pass.as_ref()), check.inconclusive.to_string()]
        })
        .collect();
    if !rows.is_empty() {
        writeln!(io.out)?;
        text_table::print(io, &["CHECK", "PASSED", "INCONCLUSIVE"], &rows)?;
    }
    for unrun in &report.unrun {
        writeln!(io.out, "not run: {}", clean_line(&unrun.to_string()))?;
    }
    judges_agreement(report, io)?;
    let rows: Vec<_> = report
        .lines(by)
        .iter()
        .map(|line| {
            let name =
                line.prompt.as_ref().map_or_else(|| line.name.clone(), |prompt| format!("{prompt} {}", line.name));
            let (pass, times) = (
                quality_report::pass_rate(line.pass.as_ref(), &line.counts),
                quality_report::times(line.times.as_ref()),
            );
            vec![
                name,
                line.runs.to_string(),
                line.counts.error.to_string(),
                pass,
                format::all_tokens(&line.spent.usage),
                quality_report::cost(line.spent.cost, line.unpriced),
                times,
            ]
        })
        .collect();
    writeln!(io.out)?;
    let head = by.word().to_uppercase();
    text_table::print(io, &[&head, "RUNS", "ERRORS", "PASSED", "TOKENS", "COST", "TIMES"], &rows)?;
    if !report.classes.is_empty() {
        let rows: Vec<_> = report
            .classes
            .iter()
            .map(|line| {
                let [met, answered, pass] =
                    [&line.met, &line.answered, &line.pass].map(|rate| quality_report::rate(rate.as_ref()));
                vec![line.name.clone(), met, line.ended.to_string(), answered, pass]
            })
            .collect();
        writeln!(io.out)?;
        let head = ["ERROR", "RUNS THAT MET IT", "ENDED WITH IT", "ANSWERED ANYWAY", "PASSED"];
        text_table::print(io, &head, &rows)?;
    }
    Ok(())
}

/// Writes how far judges agree with the grades, and whether the order of what they compare sways them.
fn judges_agreement(report: &QualityReport, io: &mut Io<'_>) -> Result<(), Stopped> {
    let agreements: Vec<_> = quality_report::agreements(report).into_iter().map(Vec::from).collect();
    if !agreements.is_empty() {
        writeln!(io.out)?;
        text_table::print(io, &quality_report::AGREEMENT_HEAD, &agreements)?;
    }
    if let Some(orders) = quality_report::orders(report) {
        writeln!(io.out, "order: {orders}")?;
    }
    Ok(())
}

/// Characters of an input that a list shows.
const WIDE: usize = 60;

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QualityFormat {
    Words,
    Json,
    Markdown,
}

/// What is compared: the line of each side as it was typed, and what it asks for.
pub(crate) struct Sides {
    /// The baseline.
    pub(crate) a: (String, Query),
    /// What is compared with it.
    pub(crate) b: (String, Query),
}

/// The verdict as one line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ComparisonRecord<'a> {
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SideLine<'a> {
    query: &'a str,
    #[serde(flatten)]
    weight: SideRuns,
}

/// Weighs B against A and writes the verdict.
pub(crate) async fn against(
    store: &Store,
    sides: Sides,
    form: QualityFormat,
    fail_if_worse: bool,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let Sides { a, b } = sides;
    let answer = store.ask(StoreRequest::ComparePaired { a: Box::new(a.1), b: Box::new(b.1) }).await?;
    let StoreReply::Compared(comparison) = answer else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let mut lacks = Vec::new();
    for (name, line, weight) in [("A", &a.0, comparison.a), ("B", &b.0, comparison.b)] {
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
        QualityFormat::Words => words(&comparison, lines, io)?,
        QualityFormat::Markdown => markdown(&comparison, lines, io.out)?,
        QualityFormat::Json => {
            let side = |query, weight| SideLine { query, weight };
            let line = ComparisonRecord {
                a: side(lines.0, comparison.a),
                b: side(lines.1, comparison.b),
                sentence: comparison.evidence.sentence(),
                evidence: &comparison.evidence,
                inputs: comparison.inputs,
                inputs_fixed: &comparison.fixed,
                inputs_broken: &comparison.broken,
            };
            writeln!(io.out, "{}", json::to_line(&line)?)?;
        }
    }
    if !fail_if_worse {
        return Ok(Exit::Done);
    }
    if comparison.evidence.shown == Conclusion::Worse {
        writeln!(io.err, "FAIL B is worse than A")?;
        return Ok(Exit::CheckFailed);
    }
    let rows = comparison.evidence.rows();
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

fn sides(comparison: &PairedComparison, (a, b): (&str, &str)) -> Vec<Vec<String>> {
    let row = |name: &str, line: &str, weight: SideRuns| {
        let line = if line.is_empty() { "every run" } else { line };
        let [runs, unjudged, alone] = [weight.runs, weight.unjudged, weight.alone].map(|count| count.to_string());
        vec![name.to_owned(), runs, unjudged, alone, line.to_owned()]
    };
    vec![row("A", a, comparison.a), row("B", b, comparison.b)]
}

/// What turned: its name, the heading and the rows of those that are listed, and how many more there are.
type Turns = (&'static str, [&'static str; 3], Vec<Vec<String>>, u64);

fn turns(comparison: &PairedComparison) -> Vec<Turns> {
    let PairedComparison { evidence, fixed, broken, .. } = comparison;
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
fn over(comparison: &PairedComparison) -> String {
    format!("over {} that both were run with", counted(comparison.inputs, "input"))
}

fn words(comparison: &PairedComparison, lines: (&str, &str), io: &mut Io<'_>) -> io::Result<()> {
    writeln!(io.out, "{}\n{}\n", comparison.evidence.sentence(), over(comparison))?;
    text_table::print(io, &SIDES, &sides(comparison, lines))?;
    let turns = turns(comparison);
    for (name, head, rows, more) in &turns {
        writeln!(io.out)?;
        text_table::print(io, head, rows)?;
        if *more > 0 {
            writeln!(io.out, "and {more} more {name}")?;
        }
    }
    if !turns.is_empty() {
        writeln!(io.err, "`retort show RUN` shows a run whole")?;
    }
    Ok(())
}

fn markdown(comparison: &PairedComparison, lines: (&str, &str), out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# B against A\n\n{}, {}\n", comparison.evidence.sentence(), over(comparison))?;
    sheet(out, &SIDES, &sides(comparison, lines))?;
    for (name, head, rows, more) in turns(comparison) {
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

/// Thresholds that are tried where none is named, at most.
const TRIED: usize = 21;

/// What is asked: of which runs, of which rule, at which thresholds.
pub(crate) struct WhatIfRequest {
    /// The runs.
    pub(crate) query: Query,
    /// The rule, by its name as in verdicts.
    pub(crate) rule: String,
    /// The thresholds; round ones where there are none.
    pub(crate) at: Vec<f64>,
    /// Whether it is written as JSON.
    pub(crate) json: bool,
}

/// The table as one line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ThresholdTable<'a> {
    prompt: Option<&'a str>,
    rule: &'a str,
    side: PassingSide,
    present: Option<f64>,
    /// The file that the present value is in; none where it is the last version's.
    file: Option<&'a PathBuf>,
    answers: u64,
    measured: usize,
    graded: usize,
    right: usize,
    thresholds: &'a [At],
}

/// Writes a table of thresholds with what each would do.
pub(crate) async fn what_if(store: &Store, wish: WhatIfRequest, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let WhatIfRequest { query, rule, at, json } = wish;
    let known = || CheckKind::ALL.iter().map(|kind| kind.name()).chain(["finish", "schema"]);
    let plain = rule.strip_prefix("not-").unwrap_or(&rule);
    if known().all(|name| name != plain) {
        let near = nearest(plain, known()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(Stopped::Usage(format!("there is no check `{rule}`{near}")));
    }
    let StoreReply::Points(points) =
        store.ask(StoreRequest::Points { query: Box::new(query), rule: rule.clone(), scores: false }).await?
    else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let name = match points.prompts.as_slice() {
        [] => {
            let says = "no judged answer matches; `retort history` lists them";
            return Err(Stopped::Other(says.to_owned()));
        }
        [(name, _)] => name.clone(),
        several => return Err(Stopped::Usage(narrow(several))),
    };
    let (file, prompt) = present(store, name.as_deref(), &points).await?;
    let knob = Threshold::find(&prompt, &rule).map_err(|why| Stopped::Usage(why.to_string()))?;
    let what = WhatIf::of(knob.side, points.judged.iter().map(Measured::point));
    let present = knob.counting();
    let mut tried = if at.is_empty() { what.steps(TRIED) } else { at };
    tried.extend(knob.present.filter(|_| present.is_finite()));
    tried.sort_by(f64::total_cmp);
    tried.dedup();
    let all: Vec<At> = tried.into_iter().map(|threshold| what.at(threshold, present)).collect();
    let graded = points.judged.iter().filter_map(|measured| measured.right);
    let (graded, right) = (graded.clone().count(), graded.filter(|right| *right).count());
    if json {
        let table = ThresholdTable {
            prompt: name.as_deref(),
            rule: &knob.rule,
            side: knob.side,
            present: knob.present,
            file: file.as_ref(),
            answers: what.answers(),
            measured: what.measured(),
            graded,
            right,
            thresholds: &all,
        };
        writeln!(io.out, "{}", json::to_line(&table)?)?;
        return Ok(Exit::Done);
    }
    let side = if knob.side == PassingSide::AtLeast { "at least" } else { "at most" };
    let of = file.map_or_else(|| "the version that was run last".to_owned(), |file| file.display().to_string());
    let name = name.as_deref().unwrap_or("a prompt without a name");
    writeln!(io.out, "{} of {name}: {side}, now {} ({of})", knob.rule, knob.shown_present())?;
    let measured = what.measured();
    writeln!(io.out, "{} answers, {measured} the threshold decides on, {graded} graded\n", what.answers())?;
    let rows: Vec<Vec<String>> = all.iter().map(|at| row(&knob, at)).collect();
    text_table::print(io, &["THRESHOLD", "PASSED", "FIXED", "BROKEN", "PRECISION", "RECALL"], &rows)?;
    if knob.weightless {
        writeln!(io.err, "its weight is 0: it is measured, and decides on no answer whatever its threshold")?;
    } else if measured == 0 {
        writeln!(io.err, "nothing was measured by that rule; `retort score` judges stored answers by today's checks")?;
    } else if graded == 0 {
        let says = "no answer is graded, so there is no precision and no recall; `retort history grade RUN` grades one";
        writeln!(io.err, "{says}")?;
    }
    Ok(Exit::Done)
}

fn row(knob: &Threshold, at: &At) -> Vec<String> {
    let rate =
        |share: Option<Share>| quality_report::rate(share.and_then(|share| Rate::of(share.part, share.whole)).as_ref());
    let now = if knob.present == Some(at.threshold) { " now" } else { "" };
    vec![
        format!("{}{now}", knob.shown(at.threshold)),
        rate(at.passes),
        at.fixed.to_string(),
        at.broken.to_string(),
        rate(at.precision),
        rate(at.recall),
    ]
}

/// Says how one prompt is chosen.
fn narrow(prompts: &[(Option<String>, u64)]) -> String {
    let words: Vec<String> = prompts
        .iter()
        .take(8)
        .map(|(name, runs)| format!("{} ({runs})", name.as_deref().unwrap_or("without a name")))
        .collect();
    let more = if prompts.len() > 8 { ", …" } else { "" };
    format!("those runs are of several prompts, {}{more}; add prompt:NAME to the query", words.join(", "))
}

/// Finds the prompt whose threshold counts at present: the one in its file, else the version that was run last.
async fn present(store: &Store, name: Option<&str>, points: &Points) -> Result<(Option<PathBuf>, Prompt), Stopped> {
    if let Some(name) = name
        && let StoreReply::PromptFile(file) = store.ask(StoreRequest::PromptFile(name.to_owned())).await?
        && let Some(FoundPrompt { path, prompt, .. }) = file.found
    {
        return Ok((Some(path), prompt));
    }
    let unread = || Stopped::Other("the prompt of those runs cannot be read; `retort doctor` says more".to_owned());
    Ok((None, points.prompt.clone().ok_or_else(unread)?))
}
