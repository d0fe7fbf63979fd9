//! Runs written out: JSON lines, CSV, Markdown.

use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{Exit, Io, Stopped, history::Pages},
    model::{Cost, PicoDollars, RunId, Thumb, query::Query},
    present::{sheet::Sheet, tool_calls},
    store::{
        Store,
        api::{HistoryEntry, RunTexts, StoreReply, StoreRequest},
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
        let mut runs = runs.into_iter();
        while !runs.as_slice().is_empty() {
            let ids = runs.as_slice().iter().map(|entry| entry.run).collect();
            for (texts, entry) in texts(store, ids).await?.into_iter().zip(runs.by_ref()) {
                let entry = with_texts(entry, texts.as_ref());
                if let Some(sheet) = sheet {
                    sheet.row(io.out, &COLUMNS.iter().map(|(_, cell)| cell(&entry)).collect::<Vec<_>>())?;
                    continue;
                }
                write_line(&entry, texts.as_ref(), io)?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Writes a run as a line of JSON, its texts whole.
pub(crate) async fn line(store: &Store, entry: HistoryEntry, io: &mut Io<'_>) -> Result<(), Stopped> {
    let texts = texts(store, vec![entry.run]).await?.pop().flatten();
    write_line(&with_texts(entry, texts.as_ref()), texts.as_ref(), io)
}

fn write_line(entry: &HistoryEntry, texts: Option<&RunTexts>, io: &mut Io<'_>) -> Result<(), Stopped> {
    let outcome = texts.map(|texts| &texts.outcome);
    let line = RunRecordLine {
        variables: texts.map_or_else(|| json!({}), |texts| json!(texts.input.texts())),
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

/// Reads what was said in runs, in as many of the first as are read at once; none where one has left no texts.
async fn texts(store: &Store, runs: Vec<RunId>) -> Result<Vec<Option<RunTexts>>, Stopped> {
    match store.ask(StoreRequest::RunTexts(runs)).await? {
        StoreReply::RunTexts(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(Stopped::Other("the record answered another question".to_owned())),
    }
}

/// Puts the whole input and the whole answer in place of their beginnings.
fn with_texts(entry: HistoryEntry, texts: Option<&RunTexts>) -> HistoryEntry {
    let Some(RunTexts { input, outcome }) = texts else { return entry };
    HistoryEntry { input: input.text.clone(), answer: tool_calls::answer(outcome).into_owned(), ..entry }
}

fn shown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn dollars(cost: Cost) -> String {
    shown(cost.amount().map(PicoDollars::dollars))
}
