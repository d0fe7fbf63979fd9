//! `retort batch --via`: the batch goes to a provider as a job, which is waited for, listed or cancelled here.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::BatchArgs,
        interrupts::{self, Interrupts},
        text_table,
    },
    engine::{
        Engine, Workspace,
        batch::{
            BatchPreview,
            remote::{JobEnd, RemoteBatch, RemoteWay, ask_after, cancel, refusal},
        },
    },
    model::remote_job::{BatchWay, RemoteJob, RemotePart},
    present::remote_job,
    store::{Store, remote_jobs::RemoteJobs},
    text::{clean_line, format},
};

/// What was handed over, or how the command ends where there is nothing to go on with.
pub(crate) enum Handed<'a> {
    Here(Box<RemoteBatch<'a>>),
    Ended(Exit),
}

/// Reads which way the batch goes; none where it goes call by call.
pub(crate) fn way(args: &BatchArgs, setup: &Workspace, cwd: &Path) -> Result<Option<RemoteWay>, Stopped> {
    let [name, more @ ..] = args.via.as_slice() else { return Ok(None) };
    let way: BatchWay = name.parse().map_err(|words| Stopped::Usage(format!("--via {name}: {words}")))?;
    let files = match (way, more) {
        (BatchWay::Vllm, [file]) => {
            let requests = cwd.join(file);
            let out = requests.with_extension("answers.jsonl");
            Some((requests, out))
        }
        (BatchWay::Vllm, _) => {
            let words = "--via vllm names the file that the requests go to: `--via vllm requests.jsonl`";
            return Err(Stopped::Usage(words.to_owned()));
        }
        (_, []) => None,
        (_, [word, ..]) => {
            return Err(Stopped::Usage(format!("--via {name} takes no `{word}`: write --via={name}, or name it last")));
        }
    };
    let poll = setup.settings.batch.poll;
    Ok(Some(RemoteWay { way, rest: args.rest.unwrap_or_default(), poll, submit_only: args.no_wait, files }))
}

/// Says what a job will take, at the price of one.
pub(crate) fn priced(mut planned: BatchPreview, way: BatchWay) -> BatchPreview {
    if way.is_half_price() {
        planned.estimate = planned.estimate.at_half_price();
        planned.notes.push(format!(
            "the cost is half that of live calls, which is what the batch APIs ask for; no table has {way} prices of its own"
        ));
    }
    planned
}

/// Hands the batch over and waits for its answers. Ctrl-c leaves the job to the provider.
pub(crate) async fn handed<'a>(
    (engine, store, setup): (&'a Engine, &'a Store, &Workspace),
    planned: &BatchPreview,
    how: RemoteWay,
    interrupts: &mut Interrupts,
    io: &mut Io<'_>,
) -> Result<Handed<'a>, Stopped> {
    let files = how.files.clone();
    let mut job = RemoteBatch::open((engine, store, setup), planned, how).await?;
    let id = job.job().id.clone();
    let end = {
        let err = &mut *io.err;
        let mut tell = |words: String| {
            let _ = writeln!(err, "{}", clean_line(&words));
        };
        tokio::select! {
            end = job.advance(&mut tell) => Some(end),
            _ = interrupts.recv() => None,
        }
    };
    let open = job.job().parts.iter().any(|part| !part.step.is_over());
    match end {
        None => {
            let _ = writeln!(
                io.err,
                "stopped: the job {id} goes on at the provider; the same command takes it up, `retort batch --cancel \
                 {id}` cancels it"
            );
            Ok(Handed::Ended(Exit::Cancelled))
        }
        Some(Err(error)) => {
            // Nothing of a job that has no part is anywhere.
            if job.job().parts.is_empty() {
                job.close()?;
            }
            Err(error.into())
        }
        Some(Ok(JobEnd::HandedOver)) => {
            let _ = writeln!(io.err, "handed over as job {id}: the same command without --no-wait takes it up");
            Ok(Handed::Ended(if open { Exit::Done } else { Exit::Failed }))
        }
        Some(Ok(JobEnd::Refused(why))) => {
            job.close()?;
            Err(Stopped::Other(why))
        }
        Some(Ok(JobEnd::Written { requests, out })) => {
            let file = files.map(|(file, _)| file).unwrap_or_default();
            written(requests, &file, &out, &job.job().parts, io);
            Ok(Handed::Ended(Exit::Done))
        }
        Some(Ok(JobEnd::Fetched | JobEnd::Nothing)) => Ok(Handed::Here(Box::new(job))),
    }
}

fn written(requests: u64, file: &Path, out: &Path, parts: &[RemotePart], io: &mut Io<'_>) {
    let model = parts.first().map_or("MODEL", |part| part.model.as_str());
    let (file, out) = (file.display().to_string(), out.display().to_string());
    let _ = writeln!(
        io.err,
        "wrote {} requests to {}; have your cluster answer them, and the same command reads {}:\n  vllm run-batch -i {} \
         -o {} --model {}",
        format::thousands(requests),
        clean_line(&file),
        clean_line(&out),
        clean_line(&file),
        clean_line(&out),
        clean_line(model)
    );
}

/// Shows the jobs, or one of them, as their providers say they stand.
pub(crate) async fn status(setup: &Workspace, wanted: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let jobs = RemoteJobs::of(&setup.places);
    let (listed, wrong) = jobs.list();
    for error in wrong {
        let _ = writeln!(io.err, "note: {}", clean_line(&error.to_string()));
    }
    let listed: Vec<RemoteJob> = listed.into_iter().filter(|job| job.id.starts_with(wanted)).collect();
    if listed.is_empty() {
        if !wanted.is_empty() {
            return Err(no_job(wanted));
        }
        writeln!(io.out, "no job is at a provider")?;
        return Ok(Exit::Done);
    }
    let store = setup.store();
    let engine = Engine::start(setup, &store);
    let mut rows = Vec::new();
    for job in listed {
        let shown = match jobs.open(&job.id) {
            Ok(Some(mut folder)) => {
                let err = &mut *io.err;
                let mut tell = |words: String| drop(writeln!(err, "note: {}", clean_line(&words)));
                if let Err(error) = ask_after((&engine, setup), &mut folder, &mut tell).await {
                    tell(error.to_string());
                }
                folder.job.clone()
            }
            // Another start of the program is at it, and asks itself.
            Ok(None) | Err(_) => job,
        };
        rows.extend(shown.parts.iter().map(|part| row(&shown, part)));
    }
    text_table::write(io.out, &["JOB", "WAY", "BATCH", "PART", "REQUESTS", "STATE"], &rows)?;
    Ok(Exit::Done)
}

fn row(job: &RemoteJob, part: &RemotePart) -> Vec<String> {
    vec![
        job.id.clone(),
        job.way.to_string(),
        clean_line(&job.name).to_string(),
        part.number.to_string(),
        format::thousands(part.lines),
        clean_line(&remote_job::state(job, part)).to_string(),
    ]
}

/// Cancels a job.
pub(crate) async fn cancelled(setup: &Workspace, wanted: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let jobs = RemoteJobs::of(&setup.places);
    let found: Vec<RemoteJob> = jobs.list().0.into_iter().filter(|job| job.id.starts_with(wanted)).collect();
    let [job] = found.as_slice() else {
        return Err(if found.is_empty() || wanted.is_empty() {
            no_job(wanted)
        } else {
            Stopped::Usage(format!("several jobs begin with {wanted}: write more of the name"))
        });
    };
    let mut folder = jobs.open(&job.id)?.ok_or_else(|| no_job(wanted))?;
    let store = setup.store();
    let engine = Engine::start(setup, &store);
    let mut interrupts = interrupts::interrupts()?;
    {
        let err = &mut *io.err;
        let mut tell = |words: String| drop(writeln!(err, "{}", clean_line(&words)));
        tokio::select! {
            done = cancel((&engine, setup), &mut folder, &mut tell) => done?,
            _ = interrupts.recv() => return Ok(Exit::Cancelled),
        }
    }
    let at = folder.job.cancelled.unwrap_or_else(Timestamp::now);
    let (id, way) = (&folder.job.id, folder.job.way);
    let _ = writeln!(
        io.err,
        "job {id} is cancelled since {}; what was answered by then is paid for: the command that began it fetches it, \
         with --via {way}",
        at.strftime("%Y-%m-%d %H:%M UTC")
    );
    Ok(Exit::Done)
}

fn no_job(wanted: &str) -> Stopped {
    Stopped::Usage(format!("there is no job {wanted}; `retort batch --status` lists them"))
}

/// Refuses what cannot go this way, before anything is sent.
pub(crate) fn check(planned: &BatchPreview, way: BatchWay) -> Result<(), Stopped> {
    refusal(planned, way).map_or(Ok(()), |words| Err(Stopped::Usage(words)))
}
