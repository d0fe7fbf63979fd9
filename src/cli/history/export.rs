//! Runs written out: JSON lines, CSV, Markdown.

use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{Exit, Io, Stopped, history::Pages},
    model::{Cost, PicoDollars, query::Query},
    pipeline::ports::RunRecord,
    present::sheet::Sheet,
    store::{
        Store,
        api::{HistoryEntry, StoreReply, StoreRequest},
    },
    text::{format, json},
};

/// The columns of a sheet.
const HEADS: &[&str] = &[
    "run",
    "started",
    "session",
    "prompt",
    "version",
    "requested",
    "target",
    "model",
    "provider",
    "end",
    "class",
    "status",
    "failed",
    "cached",
    "demo",
    "attempts",
    "tokens_in",
    "tokens_out",
    "tokens_state",
    "cost_usd",
    "cost_state",
    "judges_tokens",
    "judges_cost_usd",
    "judges_cost_state",
    "took_ms",
    "waited_ms",
    "first_token_ms",
    "stars",
    "thumb",
    "comment",
    "pinned",
    "input",
    "answer",
];

/// A run as a line of JSON: what the list shows, and the texts whole.
#[derive(Serialize)]
struct RunRecordLine<'a> {
    #[serde(flatten)]
    entry: &'a HistoryEntry,
    variables: serde_json::Value,
    reasoning: &'a str,
    json: Option<&'a serde_json::Value>,
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
        sheet.head(io.out, HEADS)?;
    }
    while let Some(runs) = pages.next().await? {
        for mut entry in runs {
            let record = texts(store, &mut entry).await?;
            if let Some(sheet) = sheet {
                sheet.row(io.out, &cells(&entry))?;
                continue;
            }
            let record = record.as_ref();
            let outcome = record.map(|record| &record.outcome);
            let line = RunRecordLine {
                variables: record.map_or_else(|| json!({}), |record| json!(record.input.texts())),
                reasoning: outcome.map_or("", |outcome| &outcome.reasoning),
                json: outcome.and_then(|outcome| outcome.json.as_deref()),
                verdicts: outcome
                    .and_then(|outcome| outcome.quality.as_ref())
                    .map_or_else(|| json!([]), |quality| json!(quality.verdicts)),
                entry: &entry,
            };
            writeln!(io.out, "{}", json::to_line(&line)?)?;
        }
    }
    Ok(Exit::Done)
}

/// Puts the whole input and the whole answer in place of their beginnings; none where a run has left no texts.
async fn texts(store: &Store, entry: &mut HistoryEntry) -> Result<Option<RunRecord>, Stopped> {
    let Ok(StoreReply::Run(record)) = store.ask(StoreRequest::OpenRun(entry.run)).await else {
        return Ok(None);
    };
    entry.input.clone_from(&record.input.text);
    entry.answer.clone_from(&record.outcome.text);
    Ok(Some(*record))
}

fn cells(run: &HistoryEntry) -> Vec<String> {
    fn shown<T: ToString>(value: Option<T>) -> String {
        value.map_or_else(String::new, |value| value.to_string())
    }
    let millis = |time: Option<std::time::Duration>| shown(time.map(format::millis));
    let dollars = |cost: Cost| shown(cost.amount().map(PicoDollars::dollars));
    let grade = run.grade.clone().unwrap_or_default();
    vec![
        run.run.to_string(),
        run.started.to_string(),
        shown(run.session.as_ref()),
        shown(run.prompt_name.as_ref()),
        shown(run.version.as_ref()),
        run.requested.clone(),
        run.target.clone(),
        run.model.clone(),
        run.provider.clone(),
        run.end.clone(),
        shown(run.class.as_ref()),
        shown(run.status),
        run.failed.join(" "),
        run.cached.to_string(),
        run.demo.to_string(),
        run.attempts.to_string(),
        shown(run.tokens_in),
        shown(run.tokens_out),
        run.tokens_is.clone(),
        dollars(run.cost),
        run.cost.sureness().to_owned(),
        shown(run.judging.map(|judging| judging.tokens)),
        run.judging.map_or_else(String::new, |judging| dollars(judging.cost)),
        run.judging.map_or_else(String::new, |judging| judging.cost.sureness().to_owned()),
        millis(run.took),
        millis(Some(run.waited)),
        millis(run.first_token),
        shown(grade.stars),
        shown(grade.thumb.map(|thumb| if thumb == crate::model::Thumb::Up { "up" } else { "down" })),
        grade.comment,
        run.pinned.to_string(),
        run.input.clone(),
        run.answer.clone(),
    ]
}
