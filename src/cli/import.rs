//! `retort import`: what other programs logged of their calls, as runs on record or as rows of a data set.

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, BufRead as _, BufReader, BufWriter, IsTerminal as _, Read as _, Write as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use uuid::{Builder, Uuid};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::ImportArgs,
        interrupts::{self, Interrupts},
        sanitize::StatusLine,
    },
    engine::Workspace,
    model::{
        Cost, Format, Input, Outcome, Prompt, Provenance, Role, RunEnd, RunId, TraceFormat,
        error::{CallError, ErrorKind},
        outcome::Timing,
        run_end::Reason,
    },
    pipeline::ports::RunRecord,
    provider::redaction::Redact,
    store::{
        Store,
        api::{StoreReply, StoreRequest},
        llm_log::LlmLog,
    },
    template,
    text::{clean_line, format, json as text_json},
    traces::{self, EvalArchive, JsonRecord, RecordScanner, TraceError, TraceLayout, TraceRecord, Traced},
};

/// How much of a file tells what it is.
const BEGINNING: u64 = 256 * 1024;

/// How many calls the preview shows.
const SHOWN: usize = 3;

/// How many kinds of losses are listed.
const LISTED: usize = 40;

/// Calls that are looked for and put on record together, and bytes of their texts, at most but for the last of them.
const TOGETHER: usize = 256;
const TEXTS: usize = 16 << 20;

/// How many characters of a text the preview shows.
const EXCERPT: usize = 60;

/// What a file has in it.
#[derive(Debug, Default)]
struct Preview {
    formats: BTreeMap<TraceFormat, u64>,
    calls: u64,
    untimed: u64,
    /// Steps that are no calls of a model.
    steps: u64,
    /// Calls without a word of what was asked or answered.
    bare: u64,
    /// Records that nobody is known to write, and the line of the first.
    unknown: (u64, u64),
    first: Vec<String>,
    lost: BTreeMap<String, u64>,
}

/// What a file is.
#[derive(Debug, Clone, Copy)]
enum SourceKind {
    /// JSON, laid out like this.
    Json(TraceLayout),
    /// The archive in which inspect logs an eval.
    Archive,
    /// The database in which `llm` logs its calls.
    Database,
}

/// A file, and what it is.
struct Source {
    path: PathBuf,
    size: u64,
    kind: SourceKind,
}

/// The records of a file, while they are read.
enum Records {
    Json(TraceLayout, RecordScanner<BufReader<File>>, u64),
    Archive(EvalArchive<BufReader<File>>),
    Database(Box<LlmLog>, u64),
}

impl Records {
    /// Reads the next one, and what wrote it.
    fn next(&mut self, shown: &str) -> Option<Result<(JsonRecord, Option<TraceFormat>), Stopped>> {
        let wrong = |error: TraceError| match error {
            TraceError::Broken { line, what } => Stopped::Usage(format!("{shown}:{line}: {what}")),
            TraceError::Io(error) => Stopped::Other(format!("{shown}: {error}")),
        };
        Some(match self {
            Self::Json(layout, records, _) => records.next()?.map_err(wrong).map(|record| {
                let format = layout.format(&record.value);
                (record, format)
            }),
            Self::Archive(records) => records.next()?.map_err(wrong).map(|record| (record, Some(TraceFormat::Inspect))),
            Self::Database(records, line) => records.next()?.map_err(Stopped::from).map(|value| {
                *line += 1;
                (JsonRecord { line: *line, left_out: Vec::new(), value }, Some(TraceFormat::Llm))
            }),
        })
    }

    /// Returns how much of the file was read, in hundredths.
    fn share(&self) -> u64 {
        match self {
            Self::Json(_, records, size) => records.bytes() * 100 / (*size).max(1),
            Self::Archive(records) => {
                let (whole, read) = records.progress();
                read as u64 * 100 / whole.max(1) as u64
            }
            Self::Database(records, _) => {
                let (whole, read) = records.progress();
                read * 100 / whole.max(1)
            }
        }
    }
}

/// What reading a record ends with.
enum Walk {
    /// The end of the file.
    Over,
    /// Ctrl-c.
    Stopped,
}

/// Imports a file.
pub(crate) async fn import(args: ImportArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let source = Source::open(io.cwd.join(&args.file))?;
    let mut stop = interrupts::interrupts()?;
    let mut preview = Preview::default();
    let walked = source.walk("reading", io, &mut stop, async |line, format, traced| {
        preview.take(line, format, traced);
        Ok(())
    });
    if let Walk::Stopped = Box::pin(walked).await? {
        return Ok(Exit::Cancelled);
    }
    preview.print(&source, io)?;
    if preview.calls == 0 {
        return Err(Stopped::Other(format!("{}: no call of a model is in it", source.shown())));
    }
    if args.preview {
        return Ok(Exit::Done);
    }
    if !args.yes && args.rows.is_none() && !agreed(preview.calls, io)? {
        return Ok(Exit::Cancelled);
    }
    match &args.rows {
        Some(rows) => {
            let to = io.cwd.join(rows);
            Box::pin(source.to_rows(&to, io, &mut stop)).await
        }
        None => Box::pin(source.to_record(&setup, io, &mut stop)).await,
    }
}

/// Asks whether to go on.
fn agreed(calls: u64, io: &mut Io<'_>) -> Result<bool, Stopped> {
    if !io::stdin().is_terminal() || !io.err_is_terminal {
        return Err(Stopped::Usage(
            "nothing was imported: without a terminal to ask at, --yes imports, and --preview only looks".to_owned(),
        ));
    }
    write!(io.err, "put {} on record? [y/N] ", format::counted(calls, "run"))?;
    io.err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

impl Source {
    fn open(path: PathBuf) -> Result<Self, Stopped> {
        let wrong = |what: String| Stopped::Usage(format!("{}: {what}", clean_line(&path.display().to_string())));
        let told = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?;
        if !told.is_file() {
            return Err(wrong("this is no file, and a log is read twice".to_owned()));
        }
        let file = File::open(&path).map_err(|error| wrong(error.to_string()))?;
        let mut beginning = Vec::new();
        file.take(BEGINNING).read_to_end(&mut beginning).map_err(|error| wrong(error.to_string()))?;
        let kind = if beginning.starts_with(b"SQLite format 3\0") {
            SourceKind::Database
        } else if beginning.starts_with(b"PK\x03\x04") {
            SourceKind::Archive
        } else {
            SourceKind::Json(TraceLayout::of_beginning(&beginning).map_err(wrong)?)
        };
        Ok(Self { size: told.len(), kind, path })
    }

    /// Returns its path, for the screen.
    fn shown(&self) -> String {
        clean_line(&self.path.display().to_string()).as_str().to_owned()
    }

    /// Begins to read it.
    fn records(&self) -> Result<Records, Stopped> {
        let failed = |error: TraceError| match error {
            TraceError::Broken { what, .. } => Stopped::Usage(format!("{}: {what}", self.shown())),
            TraceError::Io(error) => Stopped::Other(format!("{}: {error}", self.shown())),
        };
        let file = || File::open(&self.path).map(BufReader::new).map_err(|error| failed(error.into()));
        Ok(match self.kind {
            SourceKind::Json(layout) => Records::Json(layout, layout.scan(file()?), self.size),
            SourceKind::Archive => Records::Archive(EvalArchive::open(file()?).map_err(failed)?),
            SourceKind::Database => Records::Database(Box::new(LlmLog::open(&self.path)?), 0),
        })
    }

    /// Reads every record and hands it on, with its line and what wrote it; shows how far it is.
    async fn walk(
        &self,
        doing: &str,
        io: &mut Io<'_>,
        stop: &mut Interrupts,
        mut take: impl AsyncFnMut(u64, Option<TraceFormat>, Traced) -> Result<(), Stopped>,
    ) -> Result<Walk, Stopped> {
        let (mut records, shown) = (self.records()?, self.shown());
        let (mut line, mut count) = (StatusLine::default(), 0_u64);
        let walked = loop {
            let (record, format) = match records.next(&shown) {
                None => break Ok(Walk::Over),
                Some(Err(error)) => break Err(error),
                Some(Ok(record)) => record,
            };
            let at = record.line;
            let traced = format.map_or(Traced::Bare, |format| traces::read(format, record));
            if let Err(error) = take(at, format, traced).await {
                break Err(error);
            }
            count += 1;
            if count.is_multiple_of(64) {
                if io.err_is_terminal {
                    let share = records.share();
                    line.show(&format!("{doing} {share} %, {} records", format::thousands(count)), io);
                }
                // Whoever waits for ctrl-c has a turn.
                tokio::task::yield_now().await;
                if futures_util::FutureExt::now_or_never(stop.recv()).is_some() {
                    break Ok(Walk::Stopped);
                }
            }
        };
        line.clear(io);
        walked
    }

    /// Puts the calls on record that are not there yet.
    async fn to_record(&self, setup: &Workspace, io: &mut Io<'_>, stop: &mut Interrupts) -> Result<Exit, Stopped> {
        let store = setup.store();
        let mut errors = store.errors();
        let (mut counts, mut seen) = (ImportCounts::default(), HashSet::new());
        let (mut group, mut texts) = (Vec::new(), 0);
        let walked = self.walk("importing", io, stop, async |_, _, traced| {
            let Traced::Call(call) = traced else { return Ok(()) };
            let run = run_id(&call);
            if !seen.insert(run) {
                counts.known += 1;
                return Ok(());
            }
            texts += call.text_bytes();
            group.push((run, call));
            if group.len() < TOGETHER && texts < TEXTS {
                return Ok(());
            }
            texts = 0;
            put_on_record(&store, std::mem::take(&mut group), setup.started, &mut counts).await
        });
        let mut walked = Box::pin(walked).await;
        if walked.is_ok()
            && let Err(error) = put_on_record(&store, group, setup.started, &mut counts).await
        {
            walked = Err(error);
        }
        interrupts::close(&store, &mut errors, io);
        let walked = walked?;
        let ImportCounts { added, known } = counts;
        let again = if known > 0 { format!("; {} on record already", format::thousands(known)) } else { String::new() };
        writeln!(io.err, "imported {}{again}", format::counted(added, "run"))?;
        match walked {
            Walk::Over => Ok(Exit::Done),
            Walk::Stopped => {
                writeln!(io.err, "stopped: the same command goes on")?;
                Ok(Exit::Cancelled)
            }
        }
    }

    /// Writes the calls as rows to a new file, which is there when it is whole.
    async fn to_rows(&self, to: &Path, io: &mut Io<'_>, stop: &mut Interrupts) -> Result<Exit, Stopped> {
        let shown = clean_line(&to.display().to_string()).as_str().to_owned();
        let failed = |error: io::Error| Stopped::Other(format!("{shown}: {error}"));
        if to.try_exists().map_err(failed)? {
            return Err(Stopped::Usage(format!("{shown} is there already; name a new file")));
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut out = BufWriter::new(NamedTempFile::new_in(folder).map_err(failed)?);
        let (mut rows, mut seen) = (0_u64, HashSet::new());
        let walked = self.walk("writing", io, stop, async |_, _, traced| {
            let Traced::Call(call) = traced else { return Ok(()) };
            if seen.insert(run_id(&call)) {
                writeln!(out, "{}", text_json::to_line(&row(*call))?).map_err(failed)?;
                rows += 1;
            }
            Ok(())
        });
        match Box::pin(walked).await? {
            Walk::Stopped => {
                writeln!(io.err, "stopped: nothing was written")?;
                Ok(Exit::Cancelled)
            }
            Walk::Over => {
                let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
                file.persist_noclobber(to).map_err(|error| failed(error.error))?;
                writeln!(io.err, "wrote {} to {shown}", format::counted(rows, "row"))?;
                Ok(Exit::Done)
            }
        }
    }
}

/// Calls that were put on record, and those that were there.
#[derive(Debug, Default)]
struct ImportCounts {
    added: u64,
    known: u64,
}

/// Puts those of some calls on record that are not there yet, and waits until they are on the disk.
async fn put_on_record(
    store: &Store,
    group: Vec<(RunId, Box<TraceRecord>)>,
    now: Timestamp,
    counts: &mut ImportCounts,
) -> Result<(), Stopped> {
    let runs = group.iter().map(|(run, _)| *run).collect();
    let StoreReply::KnownRuns(known) = store.ask(StoreRequest::KnownRuns(runs)).await? else {
        return Err(Stopped::Other("the record does not say which runs it has; please report this".to_owned()));
    };
    let (recorder, mut last) = (store.recorder(), None);
    for (run, call) in group {
        if known.contains(&run) {
            counts.known += 1;
            continue;
        }
        recorder.room().await.map_err(Stopped::Other)?;
        recorder.ended(record(run, *call, now));
        counts.added += 1;
        last = Some(run);
    }
    match last {
        Some(run) => recorder.settled(run).await.map_err(Stopped::Other),
        None => Ok(()),
    }
}

/// The id of an imported run: the same whenever the same call is imported.
fn run_id(call: &TraceRecord) -> RunId {
    let mut hasher = Sha256::new();
    hasher.update(call.format.name());
    hasher.update([0]);
    hasher.update(&call.identity);
    let digest = hasher.finalize();
    let mut random = [0; 10];
    random.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    let at = call.started.map_or(0, Timestamp::as_millisecond).max(0).unsigned_abs();
    let id: Uuid = Builder::from_unix_timestamp_millis(at, &random).into_uuid();
    RunId(id)
}

/// Puts a call as it was logged into the form of the record, with what nobody logged left empty.
fn record(run: RunId, call: TraceRecord, now: Timestamp) -> RunRecord {
    let TraceRecord { format, started, turns, input, vars, answer, reasoning, calls, finish, model, .. } = call;
    let mut prompt = Prompt { user: "{{ input }}".to_owned(), params: call.params, ..Prompt::default() };
    if call.is_json {
        prompt.response.format = Format::Json;
    }
    let mut turns = turns.into_iter().peekable();
    if let Some(first) = turns.next_if(|turn| turn.role == Role::System) {
        prompt.system = literal(&first.content);
    }
    prompt.messages = turns.map(|turn| crate::model::Turn::of(turn.role, literal(&turn.content))).collect();
    if input.is_empty() {
        prompt.user.clear();
    }
    let failed = answer.is_empty() && calls.is_empty();
    let end = match call.error.filter(|_| failed) {
        Some(error) => {
            let error = CallError::new(ErrorKind::Unknown, Redact::new(None, "").text(&error));
            RunEnd::Failed { reasons: vec![Reason { target: model.clone(), error }] }
        }
        None => RunEnd::Done,
    };
    let timing = Timing {
        total: call.took.unwrap_or_default(),
        response: call.took,
        first_token: call.first_token,
        ..Timing::default()
    };
    let outcome = Outcome {
        run,
        end,
        text: answer,
        reasoning,
        calls,
        rounds: Vec::new(),
        json: None,
        requested: model.clone(),
        target: model.clone(),
        model,
        served: call.served,
        provenance: Provenance::Imported { source: format, timed: call.took.is_some() },
        demo: false,
        attempts: 1,
        finish,
        usage: call.usage,
        cost: call.cost.map_or(Cost::Unknown, Cost::Known),
        cache_saving: None,
        by_attempt: Vec::new(),
        timing,
        quality: None,
        judging: None,
        given_up: Vec::new(),
    };
    RunRecord {
        run,
        started: started.unwrap_or(now),
        session: call.session.map(|session| format!("{format}:{}", masked(&session))),
        prompt_name: None,
        prompt,
        sample: 0,
        provider: format.name().to_owned(),
        input: Input { text: input, vars, parts: Vec::new() },
        outcome,
        timeline: Vec::new(),
        pace: None,
        cell: None,
        trace: None,
    }
}

/// Writes a text as a template that says it, as it is where nothing in it means anything to one.
fn literal(text: &str) -> String {
    if text.contains("{{") || text.contains("{%") || text.contains("{#") {
        template::literal(text)
    } else {
        text.to_owned()
    }
}

/// Cleans what another program wrote for a name, and takes out what is shaped like a key.
fn masked(text: &str) -> String {
    clean_line(&Redact::new(None, "").text(text)).as_str().to_owned()
}

/// Makes a row of a call: variables, and beside them what was answered.
fn row(call: TraceRecord) -> Value {
    let mut row = Map::new();
    row.insert("input".to_owned(), call.input.into());
    for (name, value) in call.vars {
        row.entry(name).or_insert_with(|| value.as_str().into());
    }
    let mut add = |name: &str, value: Value| _ = row.entry(name).or_insert(value);
    if !call.turns.is_empty() {
        let turns = call.turns.iter().map(|turn| json!({ "role": turn.role, "content": turn.content }));
        add("messages_before", turns.collect());
    }
    add("answer", call.answer.into());
    if let Some(expected) = call.expected {
        add("expected", expected.into());
    }
    add("model", call.model.into());
    Value::Object(row)
}

impl Preview {
    fn take(&mut self, line: u64, format: Option<TraceFormat>, traced: Traced) {
        let Some(format) = format else {
            self.unknown = if self.unknown.0 == 0 { (1, line) } else { (self.unknown.0 + 1, self.unknown.1) };
            return;
        };
        match traced {
            Traced::Step => self.steps += 1,
            Traced::Bare => self.bare += 1,
            Traced::Call(call) => {
                *self.formats.entry(format).or_default() += 1;
                self.calls += 1;
                self.untimed += u64::from(call.took.is_none());
                if self.first.len() < SHOWN {
                    self.first.push(line_of(&call));
                }
                for name in &call.lost {
                    let name = masked(name);
                    if self.lost.len() < LISTED || self.lost.contains_key(&name) {
                        *self.lost.entry(name).or_default() += 1;
                    } else {
                        *self.lost.entry("further fields".to_owned()).or_default() += 1;
                    }
                }
            }
        }
    }

    fn print(&self, source: &Source, io: &mut Io<'_>) -> Result<(), Stopped> {
        let calls =
            self.formats.iter().map(|(format, calls)| format!("{} of {format}", format::counted(*calls, "call")));
        let calls: Vec<String> = calls.collect();
        writeln!(
            io.out,
            "{}: {}",
            source.shown(),
            if calls.is_empty() { "no calls".to_owned() } else { calls.join(", ") }
        )?;
        for call in &self.first {
            writeln!(io.out, "  {call}")?;
        }
        if self.untimed > 0 {
            writeln!(io.out, "without times, and left out of latency: {}", format::thousands(self.untimed))?;
        }
        if self.steps > 0 {
            writeln!(io.out, "left out, no calls of a model: {}", format::counted(self.steps, "step"))?;
        }
        if self.bare > 0 {
            writeln!(io.out, "left out, neither asked nor answered anything: {}", format::counted(self.bare, "call"))?;
        }
        if let (unknown @ 1.., line) = self.unknown {
            writeln!(
                io.out,
                "left out, of no known format: {}, the first on line {line}",
                format::counted(unknown, "record")
            )?;
        }
        if !self.lost.is_empty() {
            let mut lost: Vec<_> = self.lost.iter().collect();
            lost.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
            let lost: Vec<String> =
                lost.iter().map(|(name, count)| format!("{name} ({})", format::thousands(**count))).collect();
            writeln!(io.out, "not kept: {}", lost.join(", "))?;
        }
        Ok(())
    }
}

/// Writes a call on one line.
fn line_of(call: &TraceRecord) -> String {
    let excerpt = |text: &str| {
        let short: String = text.chars().take(EXCERPT).collect();
        clean_line(&short).as_str().to_owned()
    };
    let model = if call.model.is_empty() { "?" } else { &call.model };
    let answer = match &call.error {
        Some(error) if call.answer.is_empty() => format!("failed: {}", masked(&excerpt(error))),
        _ if call.answer.is_empty() && !call.calls.is_empty() => "calls tools".to_owned(),
        _ => excerpt(&call.answer),
    };
    format!("{}: {} -> {answer}", excerpt(model), excerpt(&call.input))
}
