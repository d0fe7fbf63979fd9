//! `retort replay`: a run of the record, or a recording, played again; nobody is asked.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::Path,
};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::ReplayArgs,
        history,
        interrupts::{CLOSING, interrupts},
        prompts,
        run::one,
        run_output::OutputFormat,
    },
    engine::{
        Workspace,
        replay::{Replay, ReplayOptions, read_recording, recording},
    },
    model::{Commit, RunId},
    pipeline::{event::RunEvent, ports::RunRecord},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    text::{clean_line, format::counted},
};

/// The largest recording that is read, in bytes.
const MOST: u64 = 64 << 20;

/// Plays a run again, or writes it as a recording.
pub(crate) async fn replay(args: ReplayArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let store = setup.store();
    let done = play(args, (&setup, &store), io).await;
    store.close(CLOSING)?;
    done
}

async fn play(args: ReplayArgs, (setup, store): (&Workspace, &Store), io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let file = io.cwd.join(&args.run);
    let mut record = if file.is_file() { from_file(&file)? } else { from_record(&args.run, store).await? };
    if let Some(to) = &args.write {
        return write(&record, &io.cwd.join(to), io);
    }
    let mut judges = Vec::new();
    for run in judged_by(&record) {
        // A judge's run that is gone leaves its verdict inconclusive.
        if let Ok(StoreReply::Run(judge)) = store.ask(StoreRequest::OpenRun(run)).await {
            judges.push(*judge);
        }
    }
    if let Some(named) = &args.checks {
        let (_, prompt) = prompts::find(&setup.places, &io.cwd, named)?;
        (record.prompt.response, record.prompt.checks) = (prompt.response, prompt.checks);
    }
    let form = match (args.json, io.out_is_terminal) {
        (true, _) => OutputFormat::Json,
        (false, true) => OutputFormat::Terminal,
        (false, false) => OutputFormat::Bytes,
    };
    // What was shown cannot be taken back: with faults it is shown once it stands, unless it is wanted otherwise.
    let live = args.live || (args.faults.is_empty() && form == OutputFormat::Terminal);
    let options = ReplayOptions {
        speed: args.speed,
        faults: args.faults.clone(),
        commit: if live { Commit::Live } else { Commit::Buffered },
        models: args.models.clone(),
    };
    let Replay { pipeline, request, notes } = Replay::new(setup, &record, &judges, options)?;
    for note in &notes {
        writeln!(io.err, "note: {}", clean_line(note))?;
    }
    let mut interrupts = interrupts()?;
    one((&pipeline, store), request, (form, args.allow_inconclusive), io, &mut interrupts).await.map(|(exit, _)| exit)
}

/// Lists the runs of the judges of a run.
fn judged_by(record: &RunRecord) -> Vec<RunId> {
    let runs = record.timeline.iter().filter_map(|timed| match &timed.event {
        RunEvent::Judged { runs, .. } => Some(runs.as_slice()),
        _ => None,
    });
    runs.flatten().copied().collect()
}

async fn from_record(id: &str, store: &Store) -> Result<RunRecord, Stopped> {
    if Path::new(id).extension().is_some() {
        return Err(Stopped::Usage(format!("there is no file {}", clean_line(id))));
    }
    let run = history::find(store, id).await?;
    match store.ask(StoreRequest::OpenRun(run)).await? {
        StoreReply::Run(record) => Ok(*record),
        _ => Err(Stopped::Other("the record answered another question".to_owned())),
    }
}

fn from_file(file: &Path) -> Result<RunRecord, Stopped> {
    let shown = clean_line(&file.display().to_string());
    let failed = |error: std::io::Error| Stopped::Usage(format!("cannot read {shown}: {error}"));
    if fs::metadata(file).map_err(failed)?.len() > MOST {
        return Err(Stopped::Usage(format!("cannot read {shown}: it is larger than 64 MB")));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    read_recording(&text).map_err(|error| Stopped::Usage(format!("{shown}: {}", clean_line(&error.message))))
}

/// Writes a run to a new file as a recording.
fn write(record: &RunRecord, file: &Path, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let text = recording(record)?;
    let shown = clean_line(&file.display().to_string());
    let failed = |error: std::io::Error| Stopped::Usage(format!("cannot write {shown}: {error}"));
    let mut out = OpenOptions::new().write(true).create_new(true).open(file).map_err(failed)?;
    out.write_all(text.as_bytes()).map_err(failed)?;
    writeln!(io.err, "{} written to {shown}", counted(text.lines().count() as u64, "line"))?;
    Ok(Exit::Done)
}
