//! `retort show`: a run on record, its texts and its X-ray.

use std::fmt::Write as _;

use crate::{
    cli::{Exit, Io, Stopped, history, interrupts::CLOSING},
    eval::quality::CheckFigures,
    model::query::{Filter, Query, What},
    pipeline::ports::RunRecord,
    present::{attachments, quality_report, run_columns, tool_calls::transcript, xray},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    text::{format, format::duration, json},
};

/// Shows a run.
pub(crate) async fn show(id: &str, json: bool, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let store = io.setup()?.store();
    let run = history::find(&store, id).await?;
    let (opened, graded) =
        (store.ask(StoreRequest::OpenRun(run)).await?, store.ask(StoreRequest::Grades(vec![run])).await?);
    let agreements = match &opened {
        StoreReply::Run(record) if !json => agreements(&store, record).await?,
        _ => Vec::new(),
    };
    store.close(CLOSING)?;
    let (StoreReply::Run(record), StoreReply::Grades(grades)) = (opened, graded) else {
        return Err(Stopped::Other("the record answered another question".to_owned()));
    };
    if json {
        let mut whole = record.shown().map_err(|error| Stopped::Other(error.to_string()))?;
        if let (Some(fields), Some((_, grade))) = (whole.as_object_mut(), grades.first()) {
            fields.insert("grade".to_owned(), serde_json::json!(grade));
        }
        writeln!(io.out, "{}", json::to_line(&whole)?)?;
        return Ok(Exit::Done);
    }
    let grade = grades.first().map(|(_, grade)| run_columns::grade(grade));
    let text = written(&record, grade.as_deref());
    write!(io.out, "{text}")?;
    if !agreements.is_empty() {
        writeln!(io.out, "\n── judges and people, over all answers to this prompt")?;
        agreements.iter().try_for_each(|line| writeln!(io.out, "{line}"))?;
    }
    Ok(Exit::Done)
}

/// Says how far the judges of a run and people agree, over all graded answers to its prompt.
async fn agreements(store: &Store, record: &RunRecord) -> Result<Vec<String>, Stopped> {
    let verdicts = record.outcome.quality.as_ref().map(|quality| quality.verdicts.as_slice()).unwrap_or_default();
    let judged: Vec<String> =
        verdicts.iter().filter(|verdict| verdict.judge.is_some()).map(|verdict| verdict.rule.to_string()).collect();
    let Some(name) = record.prompt_name.clone().filter(|_| !judged.is_empty()) else { return Ok(Vec::new()) };
    let query = Query { filters: vec![Filter { not: false, what: What::Prompt(name) }], ..Query::default() };
    let StoreReply::Report(report) = store.ask(StoreRequest::Report(Box::new(query))).await? else {
        return Ok(Vec::new());
    };
    let line = |check: &CheckFigures| {
        let agreement = check.agreement.filter(|_| judged.contains(&check.name))?;
        Some(format!("{}: {}", check.name, quality_report::agreement(&agreement)))
    };
    Ok(report.checks.iter().filter_map(line).collect())
}

/// Writes a run for a person: what it was, what was sent and came, and each step.
fn written(record: &RunRecord, grade: Option<&str>) -> String {
    let RunRecord {
        run,
        started,
        session,
        prompt_name,
        prompt,
        sample,
        provider,
        input,
        outcome,
        timeline,
        cell,
        pace: _,
        trace: _,
    } = record;
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<10} {value}");
    };
    line("run", &run.to_string());
    line("started", &started.to_string());
    line("prompt", prompt_name.as_deref().unwrap_or("–"));
    line("version", &crate::model::VersionId::of(prompt).short());
    line("target", &format!("{} ({} at {provider})", outcome.target, outcome.model));
    for reason in &outcome.given_up {
        line("given up", &reason.to_string());
    }
    if let Some(session) = session {
        line("session", session);
    }
    if let Some(cell) = cell {
        let place = cell.place;
        line("batch", &format!("{}, row {}, sample {}", cell.batch.short(), place.row, place.sample + 1));
    } else if *sample > 0 {
        line("sample", &(sample + 1).to_string());
    }
    line("end", &outcome.end.to_string());
    line("tokens", &format::tokens(&outcome.usage));
    line("cost", &outcome.cost.to_string());
    if let Some(judging) = outcome.judging {
        line("judges", &format::spent(&judging.spent()));
    }
    line("took", &outcome.took().map_or_else(|| "in a provider's batch".to_owned(), duration));
    if let Some(waited) = format::waited(outcome.timing.waited) {
        line("", &waited);
    }
    if let Some(grade) = grade {
        line("grade", grade);
    }
    let mut part = |name: &str, text: &str| {
        let _ = write!(out, "\n── {name}\n{}\n", text.trim_end_matches('\n'));
    };
    part("input", &input.text);
    for (name, value) in &input.vars {
        part(&format!("variable {name}"), value);
    }
    let attached = record.attachments().map(|attachment| {
        let hash = attachment.facts().map(|facts| facts.sha256.chars().take(7).collect::<String>());
        let hash = hash.map_or_else(String::new, |hash| format!("  sha256 {hash}"));
        format!("{}{hash}", attachments::chip(attachment, true))
    });
    let attached: Vec<String> = attached.collect();
    if !attached.is_empty() {
        part("sent with it", &attached.join("\n"));
    }
    if !outcome.reasoning.is_empty() {
        part("reasoning", &outcome.reasoning);
    }
    part("answer", &transcript(outcome));
    out.push_str("\n── steps\n");
    for row in xray::steps(outcome, timeline) {
        let at = row.at.map(duration).unwrap_or_default();
        let _ = writeln!(out, "{at:>8}  {:<9} {}", row.what, row.detail.as_str());
    }
    out
}
