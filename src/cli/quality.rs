//! `retort quality`: what the runs on record come to.

mod against;
mod what_if;

use std::fmt::Write as _;

use jiff::Zoned;

use super::{
    Exit, Io, Stopped,
    args::{Grouping, QualityArgs},
    run::CLOSING,
    table,
};
use against::{Form, Sides};
use what_if::Wish;

use crate::{
    eval::{
        evidence::Shown,
        figures,
        review::{self, By, Change, Compared, NOT_COMPARABLE, Report, markdown, prometheus},
    },
    model::query::Query,
    store::job::{Job, Reply},
    text::{clean_line, json},
};

/// Writes the report of the runs a query asks for.
pub(super) async fn quality(args: QualityArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let now = Zoned::now();
    let asked = |line: &str| -> Result<(String, Query), Stopped> {
        let mut line = line.trim().to_owned();
        for (key, value) in [("since", &args.since), ("until", &args.until)] {
            if let Some(value) = value {
                let _ = write!(line, " {key}:{value}");
            }
        }
        let query = Query::parse(&line, &now).map_err(|bad| Stopped::Usage(bad.to_string()))?;
        Ok((line, query))
    };
    let (line, query) = asked(&args.query.join(" "))?;
    if let Some(base) = &args.against {
        let sides = Sides { a: asked(base)?, b: (line, query) };
        let form = match (args.json, args.md) {
            (true, _) => Form::Json,
            (false, true) => Form::Markdown,
            (false, false) => Form::Words,
        };
        let store = io.setup()?.store();
        let ended = against::against(&store, sides, form, args.fail_if_worse, io).await;
        store.close(CLOSING)?;
        return ended;
    }
    let store = io.setup()?.store();
    if let Some(rule) = args.what_if {
        let wish = Wish { query, rule, at: args.at, json: args.json };
        let ended = what_if::what_if(&store, wish, io).await;
        store.close(CLOSING)?;
        return ended;
    }
    let answer = store.ask(Job::Report(Box::new(query))).await;
    store.close(CLOSING)?;
    let Reply::Report(report) = answer? else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    let by = match args.by {
        Grouping::Model => By::Model,
        Grouping::Provider => By::Provider,
        Grouping::Prompt => By::Prompt,
        Grouping::Version => By::Version,
        Grouping::Params => By::Params,
    };
    if args.json {
        writeln!(io.out, "{}", json::to_line(&*report)?)?;
    } else if args.md {
        write!(io.out, "{}", markdown(&report, by))?;
    } else if args.prometheus {
        write!(io.out, "{}", prometheus(&report))?;
    } else if report.runs == 0 {
        writeln!(io.err, "no run on record is like that; `retort run PROMPT` makes one, `retort history` lists them")?;
    } else {
        written(&report, by, io)?;
    }
    Ok(Exit::Done)
}

/// Writes a report for a person.
fn written(report: &Report, by: By, io: &mut Io<'_>) -> Result<(), Stopped> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = vec![
        row("answered", review::rate(report.success.as_ref())),
        row("passed every check", review::pass_rate(report.pass.as_ref(), &report.counts)),
        row("response time", review::times(report.times.as_ref())),
        row("first token", review::times(report.first_token.as_ref())),
        row("tokens", review::tokens(report)),
        row("cost", review::cost(report.spent.cost, report.unpriced)),
        row(
            "of them",
            format!(
                "{} retried, {} by a fallback, {} from the cache, {} demonstration",
                report.retried, report.fell_back, report.cached, report.demo
            ),
        ),
    ];
    rows.extend(review::waits(&report.waits).map(|waits| row("waited", waits)));
    rows.extend(review::judges(report).map(|judges| row("judges", judges)));
    if report.graded > 0 {
        rows.push(row("graded", format!("{} right of {}", report.right, report.graded)));
    }
    table::write(io.out, &["RUNS", &report.runs.to_string()], &rows)?;
    if !report.changes.is_empty() {
        let rows: Vec<_> = report
            .changes
            .iter()
            .map(|Change { prompt, before, last, compared }| {
                let versions = format!("{before} → {last}");
                let Some(Compared { from, to, by, interval, shown }) = compared else {
                    return vec![prompt.clone(), versions, NOT_COMPARABLE.to_owned(), String::new()];
                };
                let points = |share: f64| format!("{:+.0}", share * 100.0);
                let (low, high) = (points(interval.low), points(interval.high));
                let word = if *shown == Shown::NoDifference { ", no difference shown" } else { "" };
                vec![
                    prompt.clone(),
                    versions,
                    format!("{} points ({low} to {high}){word}", points(*by)),
                    format!("{} → {} of {} common inputs", from.part, to.part, to.whole),
                ]
            })
            .collect();
        writeln!(io.out)?;
        table::write(io.out, &["SINCE THE LAST VERSION", "", "", ""], &rows)?;
    }
    let rows: Vec<_> = report
        .checks
        .iter()
        .map(|check| vec![check.name.clone(), review::rate(check.pass.as_ref()), check.inconclusive.to_string()])
        .collect();
    if !rows.is_empty() {
        writeln!(io.out)?;
        table::write(io.out, &["CHECK", "PASSED", "INCONCLUSIVE"], &rows)?;
    }
    for unrun in &report.unrun {
        writeln!(io.out, "not run: {}", clean_line(&unrun.to_string()))?;
    }
    let rows: Vec<_> = report
        .lines(by)
        .iter()
        .map(|line| {
            let name =
                line.prompt.as_ref().map_or_else(|| line.name.clone(), |prompt| format!("{prompt} {}", line.name));
            let (pass, times) =
                (review::pass_rate(line.pass.as_ref(), &line.counts), review::times(line.times.as_ref()));
            vec![
                name,
                line.runs.to_string(),
                line.counts.error.to_string(),
                pass,
                figures::all_tokens(&line.spent.usage),
                review::cost(line.spent.cost, line.unpriced),
                times,
            ]
        })
        .collect();
    writeln!(io.out)?;
    let head = by.word().to_uppercase();
    table::write(io.out, &[&head, "RUNS", "ERRORS", "PASSED", "TOKENS", "COST", "TIMES"], &rows)?;
    if !report.classes.is_empty() {
        let rows: Vec<_> = report
            .classes
            .iter()
            .map(|line| {
                let [met, answered, pass] =
                    [&line.met, &line.answered, &line.pass].map(|rate| review::rate(rate.as_ref()));
                vec![line.name.clone(), met, line.ended.to_string(), answered, pass]
            })
            .collect();
        writeln!(io.out)?;
        let head = ["ERROR", "RUNS THAT MET IT", "ENDED WITH IT", "ANSWERED ALL THE SAME", "PASSED"];
        table::write(io.out, &head, &rows)?;
    }
    Ok(())
}
