//! What a person reads of a batch: what it will take, what failed, and the figures.

use std::{collections::BTreeSet, fmt, io, io::Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    cli::{Io, text_table},
    engine::batch::Footprint,
    eval::{Evidence, Gate, Tally, tally::TallyFigures},
    model::{PicoDollars, Spent, StatusCounts},
    pipeline::{
        KeyState, Pipeline, Readiness,
        batch::budget::{Estimate, Span},
    },
    present::{
        baseline,
        baseline::{BaselineFigures, ChangeRecord, PromptReview},
        report::{ReportCell, ReportLane, Whole},
    },
    text::{format, json, truncate},
};

/// Cells that did not pass that are listed, at most; the reports have all.
pub(crate) const LISTED: usize = 20;

/// The columns of a reason where no terminal limits it.
const WHY: usize = 100;

/// Says what cells will take: every number with where it comes from.
pub(crate) fn estimate(estimate: &Estimate) -> String {
    let Estimate { cells, input, output, cost, unpriced, from } = estimate;
    let Span { low, expected, high } = *output;
    let basis = match from {
        0 => "guessed".to_owned(),
        1 => "from 1 past answer".to_owned(),
        many => format!("from {} past answers", format::thousands(*many)),
    };
    let count = format::count;
    let tokens = format!(
        "~{} tokens in (estimated), ~{} out ({}–{}, {basis})",
        count(*input),
        count(expected),
        count(low),
        count(high)
    );
    let cost = match unpriced {
        0 if cost.high == PicoDollars::default() => "free".to_owned(),
        0 => format!("~{} ({}–{})", cost.expected.rough(), cost.low.rough(), cost.high.rough()),
        _ if !estimate.is_priced() => "price unknown".to_owned(),
        unpriced => {
            let (unpriced, Span { low, expected, high }) = (format::thousands(*unpriced), cost);
            let [low, expected, high] = [*low, *expected, *high].map(PicoDollars::rough);
            format!("≥~{expected} ({low}–{high}, {unpriced} cells without a known price left out)")
        }
    };
    format!("{} cell{}: {tokens}, {cost}", format::thousands(*cells), if *cells == 1 { "" } else { "s" })
}

/// An estimate as a line of JSON.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EstimateLine<'a> {
    event: &'static str,
    cells: u64,
    input_tokens: u64,
    output_tokens: Span<u64>,
    output_from: u64,
    /// US dollars; null where no price is known.
    cost: Option<Span<f64>>,
    unpriced: u64,
    /// Requests, hosts, variables and files.
    #[serde(flatten)]
    footprint: &'a Footprint,
}

/// Writes an estimate as a line of JSON.
pub(crate) fn estimate_line(out: &mut dyn Write, estimate: &Estimate, footprint: &Footprint) -> io::Result<()> {
    let Estimate { cells, input, output, cost, unpriced, from } = *estimate;
    let dollars = Span { low: cost.low.dollars(), expected: cost.expected.dollars(), high: cost.high.dollars() };
    let cost = estimate.is_priced().then_some(dollars);
    let line = EstimateLine {
        event: "estimate",
        cells,
        input_tokens: input,
        output_tokens: output,
        output_from: from,
        cost,
        unpriced,
        footprint,
    };
    writeln!(out, "{}", json::to_line(&line)?)
}

/// A key that was put aside and has not been of use since.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RestingKey {
    provider: String,
    /// What it is called.
    key: String,
    why: String,
    /// Until it is tried again.
    seconds: i64,
}

impl fmt::Display for RestingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, key, why, seconds } = self;
        write!(f, "key {key} of {provider} rests: {why}; ")?;
        if *seconds > 0 { write!(f, "it is tried again in {seconds} s") } else { f.write_str("it is tried again") }
    }
}

/// Lists the keys that were put aside in a batch and have not been of use since.
pub(crate) fn resting(pipeline: &Pipeline, now: Timestamp) -> Vec<RestingKey> {
    let each = |KeyState { provider, label, state, .. }| match state {
        Readiness::Retired { until, why } => {
            let seconds = until.as_second().saturating_sub(now.as_second()).max(0);
            Some(RestingKey { provider, key: label, why, seconds })
        }
        Readiness::Ready | Readiness::Cooling { .. } => None,
    };
    pipeline.keys().into_iter().filter_map(each).collect()
}

/// The last line of `--json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SummaryLine<'a> {
    event: &'static str,
    batch: String,
    name: &'a str,
    end: &'a str,
    #[serde(flatten)]
    figures: TallyFigures,
    lanes: Vec<LaneLine<'a>>,
    /// Each lane but the first against the first.
    evidence: Vec<EvidenceLine<'a>>,
    gates: Vec<GateLine<'a>>,
    /// The baselines that it was held against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    baselines: Vec<BaselineFigures<'a>>,
    resting_keys: &'a [RestingKey],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EvidenceLine<'a> {
    a: &'a str,
    b: &'a str,
    sentence: String,
    #[serde(flatten)]
    evidence: &'a Evidence,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LaneLine<'a> {
    prompt: &'a str,
    target: &'a str,
    #[serde(flatten)]
    figures: TallyFigures,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct GateLine<'a> {
    reached: bool,
    words: &'a str,
}

/// Writes the rows that are not as the baselines have them, each as a line of JSON, and the figures as the last one.
pub(crate) fn summary_line(
    out: &mut dyn Write,
    whole: &Whole,
    evidence: &[(String, String, Evidence)],
    (gates, resting_keys): (&[Gate], &[RestingKey]),
) -> io::Result<()> {
    let lane = |lane: &ReportLane| lane.tally.figures(lane.tally.own());
    for own in &whole.baselines {
        for change in &own.review.changes {
            writeln!(out, "{}", json::to_line(&ChangeRecord::of(&own.prompt, change))?)?;
        }
    }
    let total = whole.total();
    let line = SummaryLine {
        event: "summary",
        batch: whole.batch.to_string(),
        name: &whole.name,
        end: &whole.end,
        figures: total.figures(total.answers()),
        lanes: whole
            .lanes
            .iter()
            .map(|own| LaneLine { prompt: &own.prompt_name, target: &own.target_name, figures: lane(own) })
            .collect(),
        evidence: evidence
            .iter()
            .map(|(a, b, evidence)| EvidenceLine { a, b, sentence: evidence.sentence(), evidence })
            .collect(),
        gates: gates.iter().map(|Gate { reached, words }| GateLine { reached: *reached, words }).collect(),
        baselines: whole.baselines.iter().map(BaselineFigures::of).collect(),
        resting_keys,
    };
    writeln!(out, "{}", json::to_line(&line)?)?;
    out.flush()
}

/// A cell that did not pass, as it is listed.
pub(crate) fn listed(whole: &Whole, entry: &ReportCell, hints: &BTreeSet<String>) -> Vec<String> {
    let (prompt, target) = whole.names(entry.cell.place);
    // The next steps are said once, below all cells.
    let why = hints.iter().fold(entry.why(), |why, hint| why.replace(&format!("; {hint}"), ""));
    vec![whole.title(entry), prompt.to_owned(), target.to_owned(), entry.cell.status.word().to_owned(), why]
}

/// Writes the cells that did not pass, as many as are listed, and then the figures.
pub(crate) fn summary(
    io: &mut Io<'_>,
    whole: &Whole,
    (mut failures, more): (Vec<Vec<String>>, u64),
    evidence: &[(String, String, Evidence)],
) -> io::Result<()> {
    if !failures.is_empty() {
        let room = if io.out_is_terminal { io.columns.saturating_sub(60).max(30) } else { WHY };
        for why in failures.iter_mut().filter_map(|row| row.last_mut()) {
            *why = truncate(&why.split_whitespace().collect::<Vec<_>>().join(" "), room).into_owned();
        }
        text_table::print(io, &["CELL", "PROMPT", "TARGET", "VERDICT", "WHY"], &failures)?;
        if more > 0 {
            writeln!(io.out, "and {} more; --out report.html shows all", format::thousands(more))?;
        }
        writeln!(io.out)?;
    }
    let total = whole.total();
    let names: Vec<&str> = total.metrics().map(|(name, _)| name).collect();
    let mut heading =
        vec!["PROMPT", "TARGET", "CELLS", "PASSED", "FAILED", "INCONCLUSIVE", "UNCHECKED", "ERRORS", "RATE", "SCORE"];
    heading.extend(&names);
    heading.extend(["TOKENS", "COST", "P50", "P95"]);
    let row = |prompt: &str, target: &str, tally: &Tally, spent: Spent| {
        let mut row = vec![prompt.to_owned(), target.to_owned()];
        row.extend(figures_of(tally, spent, &names));
        row
    };
    let of = |lane: &ReportLane| row(&lane.prompt_name, &lane.target_name, &lane.tally, lane.tally.own());
    let mut rows: Vec<Vec<String>> = whole.lanes.iter().map(of).collect();
    if rows.len() > 1 {
        rows.push(row("all", "", &total, total.answers()));
    }
    text_table::print(io, &heading, &rows)?;
    for (a, b, evidence) in evidence {
        let names = crate::text::clean_line(&format!("A {a}, B {b}"));
        writeln!(io.out, "{names}: {}", evidence.sentence())?;
    }
    for (class, count) in &total.errors {
        let class = crate::text::clean_line(class);
        writeln!(io.out, "{} × {class}", format::thousands(*count))?;
    }
    for line in total.apart() {
        writeln!(io.out, "{}", crate::text::clean_line(&line))?;
    }
    if total.cached > 0 {
        let (cached, cells) = (format::thousands(total.cached), format::thousands(total.cells()));
        writeln!(io.out, "{cached} of {cells} from the cache, at no cost; their times are left out")?;
    }
    whole.baselines.iter().try_for_each(|own| against(io, own))?;
    io.out.flush()
}

/// Writes what is another way than a baseline has it, as many rows as are listed.
fn against(io: &mut Io<'_>, own: &PromptReview) -> io::Result<()> {
    writeln!(io.out, "\n{}", crate::text::clean_line(&own.sentence()))?;
    let changes = &own.review.changes;
    if changes.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = changes.iter().take(LISTED).map(baseline::row).collect();
    text_table::print(io, &baseline::HEADING, &rows)?;
    let more = changes.len().saturating_sub(LISTED);
    if more > 0 {
        writeln!(io.out, "and {} more", format::thousands(more as u64))?;
    }
    writeln!(io.err, "review them: {}", crate::text::clean_line(&own.command()))
}

fn figures_of(tally: &Tally, spent: Spent, names: &[&str]) -> Vec<String> {
    let unknown = || "–".to_owned();
    let unit = |score: Option<f64>| score.map_or_else(unknown, |score| format!("{score:.2}"));
    let time = |share| tally.latency(share).map_or_else(unknown, format::duration);
    let StatusCounts { passed, failed, inconclusive, unchecked, error, cancelled: _ } = tally.counts;
    let counts = [tally.cells(), passed, failed, inconclusive, unchecked, error];
    let mut row: Vec<String> = counts.map(format::thousands).into();
    row.push(tally.pass_rate().map_or_else(unknown, format::percent));
    row.push(unit(tally.score()));
    let means: std::collections::BTreeMap<&str, f64> = tally.metrics().collect();
    row.extend(names.iter().map(|name| unit(means.get(name).copied())));
    row.push(format::all_tokens(&spent.usage));
    row.extend([spent.cost.to_string(), time(0.5), time(0.95)]);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PicoDollars;

    #[test]
    fn an_estimate_says_where_its_numbers_come_from() {
        let span = |low, expected, high| Span { low, expected, high };
        let mut known =
            Estimate { cells: 1000, input: 212_000, output: span(30_000, 150_000, 600_000), ..Estimate::default() };
        known.unpriced = 1000;
        let words = estimate(&known);
        assert!(
            words.contains("guessed") && words.contains("(estimated)") && words.contains("price unknown"),
            "{words}"
        );
        assert!(!words.contains('$'), "an unknown price is never $0: {words}");
        let money = |dollars| PicoDollars::per_million(dollars * 1e6);
        known.cost = Span { low: money(0.04), expected: money(0.12), high: money(0.4) };
        (known.unpriced, known.from) = (10, 41);
        let words = estimate(&known);
        assert!(words.contains("from 41 past answers") && words.contains("10 cells without a known price"), "{words}");
        assert!(words.contains("$0.12 ($0.040–$0.40"), "{words}");
    }
}
