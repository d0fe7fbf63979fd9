//! `retort traffic`: the calls that programs made through `retort serve`, the oldest of the newest first, and as they come.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::TrafficArgs,
        history::{Pages, export},
        interrupts::{CLOSING, interrupts},
        text_table,
    },
    model::{RunId, query::Query},
    present::run_columns::RunColumn,
    serve::SESSION,
    store::{Store, api::HistoryEntry},
    text::{clean_line, truncate},
};

/// The columns of a call.
const COLUMNS: &str = "run,age,target,end,verdict,tokens,cost,took,input,answer";

/// How often the record is asked for new calls.
const AGAIN: Duration = Duration::from_millis(500);

/// Characters of a text in a column.
const SHOWN: usize = 48;

/// Lists calls, and follows them where that is asked.
pub(crate) async fn traffic(args: TrafficArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let line = format!("session:{SESSION} {}", args.query.join(" "));
    let query = io.query(&line)?;
    let store = setup.store();
    let mut interrupts = interrupts()?;
    let listed = async {
        let mut shown = BTreeSet::new();
        let calls = newest(&store, &query, args.limit).await?;
        if calls.is_empty() && !args.follow {
            writeln!(io.err, "no calls yet: `retort serve` answers programs")?;
            return Ok(());
        }
        tell(&store, calls, &mut shown, (args.json, true), io).await?;
        if !args.follow {
            return Ok(());
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = interrupts.recv() => break,
            }
            let calls = newest(&store, &query, args.limit).await?;
            tell(&store, calls, &mut shown, (args.json, false), io).await?;
        }
        Ok(())
    };
    let listed: Result<(), Stopped> = listed.await;
    store.close(CLOSING)?;
    listed.map(|()| Exit::Done)
}

/// Reads the newest calls that are over, the oldest of them first.
async fn newest(store: &Store, query: &Query, most: usize) -> Result<Vec<HistoryEntry>, Stopped> {
    let mut pages = Pages::new(store, query.clone(), most);
    let mut calls = Vec::new();
    while let Some(page) = pages.next().await? {
        calls.extend(page);
    }
    calls.reverse();
    Ok(calls)
}

/// Tells the calls that were not told before.
async fn tell(
    store: &Store,
    calls: Vec<HistoryEntry>,
    shown: &mut BTreeSet<RunId>,
    (as_json, headed): (bool, bool),
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let known: BTreeSet<RunId> = calls.iter().map(|call| call.run).collect();
    let new: Vec<HistoryEntry> = calls.into_iter().filter(|call| !shown.contains(&call.run)).collect();
    // Of what is no longer among the newest nothing has to be known.
    *shown = known;
    if as_json {
        for call in new {
            export::line(store, call, io).await?;
        }
        io.out.flush()?;
        return Ok(());
    }
    if new.is_empty() {
        return Ok(());
    }
    let columns: Vec<RunColumn> = COLUMNS.split(',').filter_map(|name| RunColumn::named(name).ok()).collect();
    let now = Timestamp::now();
    let short = |text: String| {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        truncate(clean_line(&line).as_str(), SHOWN).into_owned()
    };
    let rows: Vec<Vec<String>> = new
        .iter()
        .map(|call| columns.iter().map(|column| short((column.spec().cell)(call, now).text)).collect())
        .collect();
    let heads: Vec<String> = columns.iter().map(|column| column.spec().name.to_uppercase()).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    if headed || io.plain {
        return text_table::print(io, &heads, &rows).map_err(Stopped::from);
    }
    for row in rows {
        writeln!(io.out, "{}", row.join("  "))?;
    }
    io.out.flush()?;
    Ok(())
}
