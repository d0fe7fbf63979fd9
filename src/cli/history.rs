//! `retort history`: runs on record by query, pinned, removed, exported, backed up and restored.

pub(crate) mod export;
pub(crate) mod maintain;

use std::path::Path;

use jiff::{Timestamp, Zoned};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::{HistoryAction, HistoryArgs},
        history::maintain::{many, size},
        run::CLOSING,
        text_table,
    },
    model::{RunId, RunStatus, query::Query, settings::Places},
    present::sheet::Sheet,
    store::{
        Store,
        api::{HistoryEntry, StoreReply, StoreRequest},
        maintenance,
    },
    text::format,
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
    let query = Query::parse(&line, &Zoned::now()).map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let most = if args.all { usize::MAX } else { args.limit };
    if args.json || args.csv || args.md {
        let sheet = if args.csv { Some(Sheet::Csv) } else { args.md.then_some(Sheet::Markdown) };
        return export::export(store, &query, most, sheet, io).await;
    }
    let mut rows = Vec::new();
    let mut pages = Pages::new(store, query.clone(), most);
    while let Some(runs) = pages.next().await? {
        rows.extend(runs.iter().map(|run| args.columns.iter().map(|column| column.cell(run, now)).collect::<Vec<_>>()));
    }
    if rows.is_empty() {
        let why = if query.is_everything() {
            "no run is on record yet: `retort run PROMPT` makes one"
        } else {
            "no run on record is like that"
        };
        writeln!(io.err, "{why}")?;
        return Ok(Exit::Done);
    }
    let heads: Vec<&str> = args.columns.iter().map(|column| column.head()).collect();
    text_table::write(io.out, &heads, &rows)?;
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
    after: Option<crate::store::api::After>,
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
    let query = Query::parse(&format!("run:{id}"), &Zoned::now()).map_err(|bad| Stopped::Usage(bad.to_string()))?;
    let mut pages = Pages::new(store, query, 2);
    let runs = pages.next().await?.unwrap_or_default();
    match runs.as_slice() {
        [] => Err(Stopped::Usage(format!("no run on record ends in {id}; `retort history` lists them"))),
        [one] => Ok(one.run),
        _ => Err(Stopped::Usage(format!("several runs end in {id}; give more digits"))),
    }
}

/// A column of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum RunColumnArg {
    /// The last digits of the run's id.
    Run,
    /// How long ago it started.
    Age,
    /// When it started.
    Started,
    /// The prompt.
    Prompt,
    /// The prompt version.
    Version,
    /// The target; what was asked for before it where another answered.
    Target,
    /// The provider.
    Provider,
    /// The session.
    Session,
    /// How it ended.
    End,
    /// The verdict, and the checks that failed.
    Verdict,
    /// Tokens in and out.
    Tokens,
    /// What it cost.
    Cost,
    /// What its judges took.
    Judges,
    /// How long its answer took.
    Took,
    /// How long retort itself waited.
    Waited,
    /// The time to the first token.
    First,
    /// Attempts.
    Attempts,
    /// The grade.
    Grade,
    /// The beginning of the input.
    Input,
    /// The beginning of the answer.
    Answer,
}

/// The columns that are shown where none are chosen.
pub const USUAL: &str = "run,age,prompt,target,end,verdict,tokens,cost,took,grade,answer";

/// Characters of a text in a column.
const SHOWN: usize = 60;

impl RunColumnArg {
    fn head(self) -> &'static str {
        match self {
            Self::Run => "RUN",
            Self::Age => "AGE",
            Self::Started => "STARTED",
            Self::Prompt => "PROMPT",
            Self::Version => "VERSION",
            Self::Target => "TARGET",
            Self::Provider => "PROVIDER",
            Self::Session => "SESSION",
            Self::End => "END",
            Self::Verdict => "VERDICT",
            Self::Tokens => "TOKENS",
            Self::Cost => "COST",
            Self::Judges => "JUDGES",
            Self::Took => "TOOK",
            Self::Waited => "WAITED",
            Self::First => "FIRST",
            Self::Attempts => "TRIES",
            Self::Grade => "GRADE",
            Self::Input => "INPUT",
            Self::Answer => "ANSWER",
        }
    }

    fn cell(self, run: &HistoryEntry, now: Timestamp) -> String {
        let time = |time: Option<std::time::Duration>| time.map_or_else(|| "–".to_owned(), format::duration);
        match self {
            Self::Run => run.run.short(),
            Self::Age => format::age(run.started, now),
            Self::Started => run.started.to_string(),
            Self::Prompt => run.prompt_name.clone().unwrap_or_else(|| "–".to_owned()),
            Self::Version => run.version.as_ref().map_or_else(|| "–".to_owned(), crate::model::VersionId::short),
            Self::Target if run.requested == run.target => run.target.clone(),
            Self::Target => format!("{} → {}", run.requested, run.target),
            Self::Provider => run.provider.clone(),
            Self::Session => run.session.clone().unwrap_or_else(|| "–".to_owned()),
            Self::End => match &run.class {
                Some(class) => format!("{}: {class}", run.end),
                None if run.cached => "cached".to_owned(),
                None => run.end.clone(),
            },
            Self::Verdict => match run.status {
                None => "–".to_owned(),
                Some(RunStatus::Failed) => format!("✗ {}", run.failed.join(", ")),
                Some(RunStatus::Passed) => "✓".to_owned(),
                Some(status) => status.word().to_owned(),
            },
            Self::Tokens => format::tokens(&run.tokens()),
            Self::Cost => run.cost.to_string(),
            Self::Judges => run.judging.map_or_else(|| "–".to_owned(), |judging| format::spent(&judging.spent())),
            Self::Took => time(run.took),
            Self::Waited => time(Some(run.waited)),
            Self::First => time(run.first_token),
            Self::Attempts => run.attempts.to_string(),
            Self::Grade => run.grade.as_ref().map_or_else(|| "–".to_owned(), grade),
            Self::Input => short(&run.input),
            Self::Answer => short(&run.answer),
        }
    }
}

/// Writes a grade: stars, a thumb, and whether there is a comment.
pub(crate) fn grade(grade: &crate::model::Grade) -> String {
    use crate::model::Thumb;
    let stars = grade.stars.map(|stars| format!("{stars}/{}", crate::model::verdict::MAX_STARS));
    let thumb = grade.thumb.map(|thumb| if thumb == Thumb::Up { "up" } else { "down" }.to_owned());
    let comment = (!grade.comment.is_empty()).then(|| "…".to_owned());
    stars.into_iter().chain(thumb).chain(comment).collect::<Vec<_>>().join(" ")
}

fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::text::truncate(crate::text::clean_line(&line).as_str(), SHOWN).into_owned()
}

/// Puts a copy in the record's place; what was there is moved aside and told where.
pub(crate) fn restore(places: &Places, file: &Path, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let done = maintenance::restore(places, file, Timestamp::now())?;
    writeln!(io.err, "the record is that of {} again: {}, {}", file.display(), many(done.runs), size(done.bytes))?;
    if let Some(aside) = done.aside {
        writeln!(io.err, "what was there is in {}", aside.display())?;
    }
    Ok(Exit::Done)
}
