//! `retort history`: runs on record by query, pinned, removed, exported, backed up and restored.

pub(crate) mod export;
pub(crate) mod maintain;

use std::path::Path;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::{HistoryAction, HistoryArgs},
        interrupts::CLOSING,
        text_table,
    },
    model::{RunId, query::Query, settings::Places},
    present::sheet::Sheet,
    store::{
        Store,
        api::{HistoryEntry, StoreReply, StoreRequest},
        maintenance,
    },
    text::format::{bytes, counted},
};

/// Runs that are asked for together.
const PAGE: usize = 200;

/// Lists runs, or does what is asked with them.
pub(crate) async fn history(args: HistoryArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    if let Some(HistoryAction::Restore { file }) = &args.action {
        return restore(&setup.places, &io.cwd.join(file), io);
    }
    let store = setup.store();
    let ended = match args.action {
        None => list(&store, &args, io).await,
        Some(action) => maintain::upkeep(&store, &setup.places, action, io).await,
    };
    store.close(CLOSING)?;
    ended
}

async fn list(store: &Store, args: &HistoryArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let now = Timestamp::now();
    let line = args.query.join(" ");
    let query = io.query(&line)?;
    let most = if args.all { usize::MAX } else { args.limit };
    if args.json || args.csv || args.md {
        let sheet = if args.csv { Some(Sheet::Csv) } else { args.md.then_some(Sheet::Markdown) };
        return export::export(store, &query, most, sheet, io).await;
    }
    let mut rows = Vec::new();
    let mut pages = Pages::new(store, query.clone(), most);
    while let Some(runs) = pages.next().await? {
        rows.extend(runs.iter().map(|run| {
            args.columns.iter().map(|column| short(&(column.spec().cell)(run, now).text)).collect::<Vec<_>>()
        }));
    }
    if rows.is_empty() {
        let why = if query.is_everything() { "no runs yet: `retort run PROMPT` makes one" } else { "no runs match" };
        writeln!(io.err, "{why}")?;
        return Ok(Exit::Done);
    }
    let heads: Vec<String> = args.columns.iter().map(|column| column.spec().name.to_uppercase()).collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    text_table::print(io, &heads, &rows)?;
    if pages.more {
        let (runs, more) = count(store, &query).await?;
        let sign = if more { "more than " } else { "" };
        writeln!(io.err, "{} of {sign}{runs} runs; --limit N or --all shows further ones", rows.len())?;
    }
    Ok(Exit::Done)
}

/// The runs a query asks for, read in pages.
pub(crate) struct Pages<'a> {
    store: &'a Store,
    query: Query,
    after: Option<crate::store::api::PageStart>,
    left: usize,
    /// Whether further runs follow those that were read.
    pub(crate) more: bool,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(store: &'a Store, query: Query, most: usize) -> Self {
        Self { store, query, after: None, left: most, more: true }
    }

    /// Reads the next page; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<HistoryEntry>>, Stopped> {
        if self.left == 0 || !self.more {
            return Ok(None);
        }
        let limit = self.left.min(PAGE);
        let job = StoreRequest::History { query: Box::new(self.query.clone()), after: self.after, limit };
        let StoreReply::History(page) = self.store.ask(job).await? else {
            return Err(Stopped::Other("the record answered another question".to_owned()));
        };
        self.more = page.more;
        self.left -= page.runs.len().min(self.left);
        self.after = page.runs.last().map(|run| run.place(&self.query));
        Ok(Some(page.runs).filter(|runs| !runs.is_empty()))
    }
}

/// Counts the runs a query asks for; tells whether there may be more.
pub(crate) async fn count(store: &Store, query: &Query) -> Result<(u64, bool), Stopped> {
    match store.ask(StoreRequest::CountRuns(Box::new(query.clone()))).await? {
        StoreReply::Counted { runs, more } => Ok((runs, more)),
        _ => Err(Stopped::Other("the record answered another question".to_owned())),
    }
}

/// Finds the one run whose id is this, or ends so.
pub(crate) async fn find(store: &Store, id: &str) -> Result<RunId, Stopped> {
    if let Ok(run) = id.parse() {
        return Ok(run);
    }
    let digits = id.chars().filter(|c| *c != '-').all(|c| c.is_ascii_hexdigit());
    if !digits || id.len() < 4 {
        let words =
            format!("`{id}` is no run: give its id, or its last digits, at least four, as `retort history` lists");
        return Err(Stopped::Usage(words));
    }
    let query = Query::parse(&format!("run:{id}"), &Timestamp::now().to_zoned(TimeZone::UTC))
        .map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let mut pages = Pages::new(store, query, 2);
    let runs = pages.next().await?.unwrap_or_default();
    match runs.as_slice() {
        [] => Err(Stopped::Usage(format!("no stored run ends in {id}; `retort history` lists them"))),
        [one] => Ok(one.run),
        _ => Err(Stopped::Usage(format!("several runs end in {id}; give more digits"))),
    }
}

/// Characters of a text in a column.
const SHOWN: usize = 60;

fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::text::truncate(crate::text::clean_line(&line).as_str(), SHOWN).into_owned()
}

/// Puts a copy in the record's place; what was there is moved aside and told where.
pub(crate) fn restore(places: &Places, file: &Path, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let done = maintenance::restore(places, file, Timestamp::now())?;
    writeln!(
        io.err,
        "the record is that of {} again: {}, {}",
        file.display(),
        counted(done.runs, "run"),
        bytes(done.bytes)
    )?;
    if let Some(aside) = done.aside {
        writeln!(io.err, "what was there is in {}", aside.display())?;
    }
    Ok(Exit::Done)
}
