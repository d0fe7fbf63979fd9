//! Runs written out: JSON lines, CSV, Markdown.

use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{Exit, Io, Stopped, history::Pages},
    model::{Cost, PicoDollars, Thumb, query::Query},
    pipeline::ports::RunRecord,
    present::{sheet::Sheet, tool_calls},
    store::{
        Store,
        api::{HistoryEntry, StoreReply, StoreRequest},
    },
    text::{format, json},
};

/// Writes one cell of a sheet.
type SheetCell = fn(&HistoryEntry) -> String;

/// The columns of a sheet: the head of each, and what stands below it.
const COLUMNS: &[(&str, SheetCell)] = &[
    ("run", |run| run.run.to_string()),
    ("started", |run| run.started.to_string()),
    ("session", |run| shown(run.session.as_ref())),
    ("prompt", |run| shown(run.prompt_name.as_ref())),
    ("version", |run| shown(run.version.as_ref())),
    ("requested", |run| run.requested.clone()),
    ("target", |run| run.target.clone()),
    ("model", |run| run.model.clone()),
    ("provider", |run| run.provider.clone()),
    ("end", |run| run.end.clone()),
    ("class", |run| shown(run.class.as_ref())),
    ("status", |run| shown(run.status)),
    ("failed", |run| run.failed.join(" ")),
    ("cached", |run| run.cached.to_string()),
    ("demo", |run| run.demo.to_string()),
    ("attempts", |run| run.attempts.to_string()),
    ("tokens_in", |run| shown(run.tokens_in)),
    ("tokens_out", |run| shown(run.tokens_out)),
    ("tokens_state", |run| run.tokens_is.clone()),
    ("cost_usd", |run| dollars(run.cost)),
    ("cost_state", |run| run.cost.sureness().to_owned()),
    ("judges_tokens", |run| shown(run.judging.map(|judging| judging.tokens))),
    ("judges_cost_usd", |run| shown(run.judging.map(|judging| dollars(judging.cost)))),
    ("judges_cost_state", |run| shown(run.judging.map(|judging| judging.cost.sureness()))),
    ("took_ms", |run| shown(run.took.map(format::millis))),
    ("waited_ms", |run| format::millis(run.waited).to_string()),
    ("first_token_ms", |run| shown(run.first_token.map(format::millis))),
    ("stars", |run| shown(run.grade.as_ref().and_then(|grade| grade.stars))),
    ("thumb", |run| {
        shown(
            run.grade
                .as_ref()
                .and_then(|grade| grade.thumb)
                .map(|thumb| if thumb == Thumb::Up { "up" } else { "down" }),
        )
    }),
    ("comment", |run| shown(run.grade.as_ref().map(|grade| &grade.comment))),
    ("pinned", |run| run.pinned.to_string()),
    ("input", |run| run.input.clone()),
    ("answer", |run| run.answer.clone()),
];

/// A run as a line of JSON: what the list shows, and the texts whole.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RunRecordLine<'a> {
    #[serde(flatten)]
    entry: &'a HistoryEntry,
    /// The values of its variables, by their names.
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    variables: serde_json::Value,
    /// What a reasoning model showed of its thoughts.
    reasoning: &'a str,
    /// The JSON in the answer; null where there is none, or none was asked for.
    json: Option<&'a serde_json::Value>,
    /// What its checks found; none where nothing was judged.
    #[cfg_attr(test, schemars(with = "Vec<crate::model::Verdict>"))]
    verdicts: serde_json::Value,
}

/// Writes the runs a query asks for: as a sheet, or else as lines of JSON.
pub(crate) async fn export(
    store: &Store,
    query: &Query,
    most: usize,
    sheet: Option<Sheet>,
    io: &mut Io<'_>,
) -> Result<Exit, Stopped> {
    let mut pages = Pages::new(store, query.clone(), most);
    if let Some(sheet) = sheet {
        sheet.head(io.out, &COLUMNS.iter().map(|(head, _)| *head).collect::<Vec<_>>())?;
    }
    while let Some(runs) = pages.next().await? {
        for mut entry in runs {
            let record = texts(store, &mut entry).await?;
            if let Some(sheet) = sheet {
                sheet.row(io.out, &COLUMNS.iter().map(|(_, cell)| cell(&entry)).collect::<Vec<_>>())?;
                continue;
            }
            write_line(&entry, record.as_ref(), io)?;
        }
    }
    Ok(Exit::Done)
}

/// Writes a run as a line of JSON, its texts whole.
pub(crate) async fn line(store: &Store, mut entry: HistoryEntry, io: &mut Io<'_>) -> Result<(), Stopped> {
    let record = texts(store, &mut entry).await?;
    write_line(&entry, record.as_ref(), io)
}

fn write_line(entry: &HistoryEntry, record: Option<&RunRecord>, io: &mut Io<'_>) -> Result<(), Stopped> {
    let outcome = record.map(|record| &record.outcome);
    let line = RunRecordLine {
        variables: record.map_or_else(|| json!({}), |record| json!(record.input.texts())),
        reasoning: outcome.map_or("", |outcome| &outcome.reasoning),
        json: outcome.and_then(|outcome| outcome.json.as_deref()),
        verdicts: outcome
            .and_then(|outcome| outcome.quality.as_ref())
            .map_or_else(|| json!([]), |quality| json!(quality.verdicts)),
        entry,
    };
    writeln!(io.out, "{}", json::to_line(&line)?)?;
    Ok(())
}

/// Puts the whole input and the whole answer in place of their beginnings; none where a run has left no texts.
async fn texts(store: &Store, entry: &mut HistoryEntry) -> Result<Option<RunRecord>, Stopped> {
    let Ok(StoreReply::Run(record)) = store.ask(StoreRequest::OpenRun(entry.run)).await else {
        return Ok(None);
    };
    entry.input.clone_from(&record.input.text);
    entry.answer = tool_calls::answer(&record.outcome).into_owned();
    Ok(Some(*record))
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn dollars(cost: Cost) -> String {
    shown(cost.amount().map(PicoDollars::dollars))
}
