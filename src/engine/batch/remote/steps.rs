//! The steps of a job: each part is sent, made a batch, asked after and fetched, and each step is noted before it is taken.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    engine::{
        Engine, Workspace,
        batch::remote::{JobEnd, RemoteBatch, client},
    },
    model::{
        CallError, ErrorKind, Target,
        error::StoreError,
        remote_job::{BatchWay, RemoteJob, RemotePart, RemotePartStep, ReportedStatus},
    },
    pipeline::ports::World as _,
    provider::batch_api::{BatchClient, BatchFile, BatchLines, RemoteAnswer, RemotePhase, RemoteStatus},
    store::{
        remote_answers::each_line,
        remote_jobs::{JobFolder, LineFile, copy_new, length, reader},
    },
    text::format,
};

/// How far clocks may be apart.
const SKEW: Duration = Duration::from_secs(600);

/// How often a part may be refused for want of room while nothing else of its model waits, before it is halved.
const CROWDED: u32 = 2;

/// The code of a part that is too many tokens at once.
const TOO_MANY_TOKENS: &str = "token_limit_exceeded";

/// How much longer the wait may become than the first.
const SLOWEST: u32 = 10;

/// An answer as a job's folder keeps it.
#[derive(Serialize)]
struct KeptAnswer<'a> {
    again: bool,
    #[serde(flatten)]
    answer: &'a RemoteAnswer,
}

/// What came of a question.
enum Step {
    /// The job has come further, or the provider has said something new.
    Changed,
    Unchanged,
}

/// Tells whether a failure passes by itself, so that the same is asked again later.
fn passes(error: &CallError) -> bool {
    matches!(error.class, ErrorKind::Transient | ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::Timeout(_))
}

/// Tells whether the provider may have done what it was asked: it did not say that it has not.
fn may_have_done(error: &CallError) -> bool {
    match error.status {
        Some(status) => status >= 500 || (200..300).contains(&status),
        None => {
            error.unanswered
                || matches!(error.class, ErrorKind::NotAnApi | ErrorKind::Transient | ErrorKind::Timeout(_))
        }
    }
}

/// Says what keeps a job from going on.
fn stuck(job: &RemoteJob, part: &RemotePart, error: &CallError) -> StoreError {
    let RemotePart { number, provider, .. } = part;
    let words = match (part.step.id(), error.status) {
        (Some(id), Some(404)) => {
            let key = part.key.as_ref().map_or_else(|| "no key".to_owned(), |label| format!("the key {label}"));
            format!(
                "{provider} knows no batch {id}: it was made with {key}, and a key of another account or project does \
                 not find it"
            )
        }
        _ => error.to_string(),
    };
    StoreError::new(format!(
        "part {number} of the job {}: {words}; the job is kept, and the same command goes on",
        job.id
    ))
}

impl RemoteBatch<'_> {
    fn part(&self, at: usize) -> Result<RemotePart, StoreError> {
        let part = self.folder.job.parts.get(at);
        part.cloned().ok_or_else(|| StoreError::new("the job has no such part; please report this"))
    }

    /// Notes what is to be of a part, and makes that last.
    fn note(&mut self, at: usize, change: impl FnOnce(&mut RemotePart)) -> Result<(), StoreError> {
        if let Some(part) = self.folder.job.parts.get_mut(at) {
            change(part);
        }
        self.folder.save()
    }

    fn target(&self, part: &RemotePart) -> Result<&Target, StoreError> {
        let mut heads = self.planned.targets.iter().flatten().filter_map(|lane| lane.first());
        let missing = || StoreError::new(format!("the job has a part for {}, which is not asked now", part.target));
        heads.find(|target| target.name == part.target).ok_or_else(missing)
    }

    fn client(&self, part: &RemotePart) -> Result<BatchClient, StoreError> {
        client(self.engine, self.how.way, self.target(part)?, part.key.as_deref())
    }

    /// Hands all parts over and waits for them; false where they are only handed over.
    pub(crate) async fn wait(&mut self, tell: &mut dyn FnMut(String)) -> Result<bool, StoreError> {
        let chance = crate::engine::Machine::default();
        let (first, mut pause) = (self.how.poll, self.how.poll);
        loop {
            let mut changed = false;
            for at in self.open_parts() {
                if matches!(self.part(at)?.step, RemotePartStep::Running { .. }) {
                    changed |= matches!(self.look(at, tell).await?, Step::Changed);
                }
            }
            for at in self.open_parts() {
                if !matches!(self.part(at)?.step, RemotePartStep::Running { .. }) {
                    changed |= matches!(self.send(at, tell).await?, Step::Changed);
                }
            }
            if self.folder.job.is_over() {
                return Ok(true);
            }
            if self.how.submit_only {
                return Ok(false);
            }
            pause = if changed { first } else { (pause * 3 / 2).min(first * SLOWEST) };
            tokio::time::sleep(pause.mul_f64(0.9 + 0.2 * chance.chance())).await;
        }
    }

    fn open_parts(&self) -> Vec<usize> {
        let parts = self.folder.job.parts.iter().enumerate();
        parts.filter(|(_, part)| !part.step.is_over()).map(|(at, _)| at).collect()
    }

    /// Tells whether another part of the same model is at the provider.
    fn has_company(&self, part: &RemotePart) -> bool {
        let others = self.folder.job.parts.iter().filter(|other| other.number != part.number);
        others
            .filter(|other| other.model == part.model && other.provider == part.provider)
            .any(|other| matches!(other.step, RemotePartStep::Running { .. } | RemotePartStep::Creating { .. }))
    }

    /// Brings a part that is not at the provider yet a step further.
    async fn send(&mut self, at: usize, tell: &mut dyn FnMut(String)) -> Result<Step, StoreError> {
        let part = self.part(at)?;
        let number = part.number;
        if let RemotePartStep::Creating { file, at: when } = part.step.clone() {
            return self.find_out(at, (file, when), tell).await;
        }
        if self.folder.job.cancelled.is_some() {
            let why = "it was cancelled before it was sent".to_owned();
            self.note(at, |part| part.step = RemotePartStep::Refused { why })?;
            return Ok(Step::Changed);
        }
        if part.refused > 0 && self.has_company(&part) {
            return Ok(Step::Unchanged);
        }
        let client = self.client(&part)?;
        let path = self.folder.requests(number);
        let bytes = length(&path).ok_or_else(|| {
            StoreError::new(format!(
                "the requests of part {number} are gone ({}); begin anew with --new",
                path.display()
            ))
        })?;
        let name = format!("retort-{}-{number}.jsonl", self.folder.job.id);
        let file = BatchFile { name, bytes, open: Arc::new(reader(path)) };
        let uploaded = if let RemotePartStep::Uploaded { file } = &part.step {
            Some(file.clone())
        } else {
            let label = client.key.as_ref().map(|key| key.label.clone());
            self.note(at, |part| (part.key, part.step) = (label, RemotePartStep::Uploading))?;
            match client.upload(&file).await {
                Ok(Some(name)) => {
                    self.note(at, |part| part.step = RemotePartStep::Uploaded { file: name.clone() })?;
                    Some(name)
                }
                Ok(None) => None,
                Err(error) if passes(&error) => {
                    tell(format!("part {number} could not be sent: {error}; it is sent again"));
                    return Ok(Step::Unchanged);
                }
                Err(error) => return Err(stuck(&self.folder.job, &part, &error)),
            }
        };
        let begun = RemotePartStep::Creating { file: uploaded.clone(), at: Timestamp::now() };
        self.note(at, |part| part.step = begun)?;
        match client.create(uploaded.as_deref(), &file, &tag(&self.folder.job, &part)).await {
            Ok(status) => self.accepted(at, &status, tell),
            Err(error) if may_have_done(&error) => {
                tell(format!("part {number}: {error}; whether a batch was made is looked up in the provider's list"));
                Ok(Step::Unchanged)
            }
            Err(error) => {
                let before = uploaded.map_or(RemotePartStep::Built, |file| RemotePartStep::Uploaded { file });
                let full = matches!(error.class, ErrorKind::RateLimited | ErrorKind::Overloaded);
                self.note(at, |part| {
                    part.step = before;
                    part.refused += u32::from(full);
                })?;
                if full {
                    tell(format!("part {number} waits for room: {error}"));
                    return Ok(Step::Unchanged);
                }
                Err(stuck(&self.folder.job, &part, &error))
            }
        }
    }

    /// Takes in that a batch was made of a part.
    fn accepted(&mut self, at: usize, status: &RemoteStatus, tell: &mut dyn FnMut(String)) -> Result<Step, StoreError> {
        let (id, reported) = (status.id.clone(), reported(status));
        self.note(at, |part| {
            part.step = RemotePartStep::Running { id: id.clone(), sure: true };
            part.reported = Some(reported);
        })?;
        tell(format!("part {}: sent as {id}", self.part(at)?.number));
        if status.phase == RemotePhase::Refused {
            return self.turned_down(at, status, tell);
        }
        Ok(Step::Changed)
    }

    /// Finds out whether a batch was made of a part whose making was begun and not answered.
    async fn find_out(
        &mut self,
        at: usize,
        (file, when): (Option<String>, Timestamp),
        tell: &mut dyn FnMut(String),
    ) -> Result<Step, StoreError> {
        // It may be on its way still, and the list a little behind.
        if when.saturating_add(self.how.poll).is_ok_and(|due| due > Timestamp::now()) {
            return Ok(Step::Unchanged);
        }
        let part = self.part(at)?;
        let client = self.client(&part)?;
        match found(&client, &self.folder.job, &part, when).await {
            Ok(Some((id, sure))) => {
                self.note(at, |part| part.step = RemotePartStep::Running { id: id.clone(), sure })?;
                tell(format!("part {}: found as {id} in the provider's list", part.number));
                // By its size alone nothing is cancelled that may be somebody else's.
                if sure
                    && self.folder.job.cancelled.is_some()
                    && let Err(error) = client.cancel(&id).await
                {
                    tell(format!("part {} could not be cancelled: {error}", part.number));
                }
            }
            Ok(None) => {
                let before = file.map_or(RemotePartStep::Built, |file| RemotePartStep::Uploaded { file });
                self.note(at, |part| part.step = before)?;
                tell(format!("part {}: the provider lists no batch of it; it is sent", part.number));
            }
            Err(error) if passes(&error) => {
                tell(format!("the provider's list cannot be read: {error}; it is asked again"));
                return Ok(Step::Unchanged);
            }
            Err(error) => return Err(stuck(&self.folder.job, &part, &error)),
        }
        Ok(Step::Changed)
    }

    /// Asks how a part stands, and fetches it once it has ended.
    async fn look(&mut self, at: usize, tell: &mut dyn FnMut(String)) -> Result<Step, StoreError> {
        let part = self.part(at)?;
        let Some(id) = part.step.id().map(str::to_owned) else { return Ok(Step::Unchanged) };
        let client = self.client(&part)?;
        let status = match client.status(&id).await {
            Ok(status) => status,
            Err(error) if passes(&error) => {
                tell(format!("part {}: {error}; it is asked again", part.number));
                return Ok(Step::Unchanged);
            }
            Err(error) => return Err(stuck(&self.folder.job, &part, &error)),
        };
        let now = reported(&status);
        let new = part.reported.as_ref().is_none_or(|before| (&before.word, before.counts) != (&now.word, now.counts));
        if new {
            tell(format!("part {}: {}", part.number, format::reported(&now)));
            self.note(at, |part| part.reported = Some(now))?;
        }
        match status.phase {
            RemotePhase::Waiting if new => Ok(Step::Changed),
            RemotePhase::Waiting => Ok(Step::Unchanged),
            RemotePhase::Refused => self.turned_down(at, &status, tell),
            RemotePhase::Ended => self.fetch(at, (&client, &status), tell).await,
        }
    }

    /// Takes in that a part was refused as a whole: for want of room it is sent again, by halves if need be.
    fn turned_down(
        &mut self,
        at: usize,
        status: &RemoteStatus,
        tell: &mut dyn FnMut(String),
    ) -> Result<Step, StoreError> {
        let part = self.part(at)?;
        let (number, why) = (part.number, status.complaint());
        if !status.is_full() {
            tell(format!("part {number} was refused: {why}"));
            self.note(at, |part| part.step = RemotePartStep::Refused { why })?;
            return Ok(Step::Changed);
        }
        let tokens = status.problems.iter().any(|(code, _)| code == TOO_MANY_TOKENS);
        self.note(at, |part| {
            part.refused += 1;
            part.step = RemotePartStep::Built;
        })?;
        if tokens && part.refused + 1 >= CROWDED && part.lines > 1 && !self.has_company(&part) {
            tell(format!("part {number} is too much at once ({why}); it is sent in halves"));
            self.halve(at)?;
            return Ok(Step::Changed);
        }
        tell(format!("part {number} waits for room: {why}"));
        Ok(Step::Unchanged)
    }

    /// Makes two parts of one.
    fn halve(&mut self, at: usize) -> Result<(), StoreError> {
        let whole = self.part(at)?;
        let before = self.folder.job.parts.iter().map(|part| part.number).max().unwrap_or(0);
        let lines = BatchLines(self.how.way);
        let numbers = [before + 1, before + 2];
        let [mut first, mut second] = numbers.map(|number| {
            let framing = lines.framing(&self.folder.job.tag(number));
            LineFile::begin(self.folder.requests(number), &framing.open, framing.between)
                .map(|file| (file, framing.close))
        });
        let half = whole.lines.div_ceil(2);
        let mut read = 0;
        each_line(&self.folder.requests(whole.number), |line| {
            read += 1;
            match if read <= half { &mut first } else { &mut second } {
                Ok((file, _)) => file.push(line),
                Err(error) => Err(error.clone()),
            }
        })?;
        let mut halves = Vec::new();
        for (number, half) in numbers.into_iter().zip([first, second]) {
            let (file, close) = half?;
            let (lines, bytes) = (file.lines, file.bytes + close.len() as u64);
            file.finish(close)?;
            let tokens = whole.tokens / 2;
            halves.push(RemotePart { number, lines, bytes, tokens, reported: None, refused: 1, ..whole.clone() });
        }
        let parts = &mut self.folder.job.parts;
        if at < parts.len() {
            parts.remove(at);
        }
        for half in &mut halves {
            half.step = RemotePartStep::Built;
        }
        parts.extend(halves);
        self.folder.save()?;
        self.folder.drop_requests(whole.number);
        Ok(())
    }

    /// Fetches the answers of a part that has ended.
    async fn fetch(
        &mut self,
        at: usize,
        (client, status): (&BatchClient, &RemoteStatus),
        tell: &mut dyn FnMut(String),
    ) -> Result<Step, StoreError> {
        let part = self.part(at)?;
        let number = part.number;
        let mut file = LineFile::begin(self.folder.answers(number), "", "\n")?;
        let (mut ours, mut failed, mut unread) = (0_u64, 0_u64, 0);
        let own = format!("{}-", self.folder.job.id);
        for source in &status.sources {
            let mut take = |answer: RemoteAnswer| {
                ours += u64::from(answer.id.starts_with(&own));
                failed += u64::from(answer.status != Some(200));
                let kept = KeptAnswer { again: answer.is_worth_another(), answer: &answer };
                file.push(&serde_json::to_string(&kept)?).map_err(|error| std::io::Error::other(error.to_string()))
            };
            match client.results(source, &mut take).await {
                Ok(lost) => unread += lost,
                Err(error) if passes(&error) => {
                    tell(format!("the answers of part {number} could not be fetched: {error}; they are asked again"));
                    return Ok(Step::Unchanged);
                }
                Err(error) => return Err(stuck(&self.folder.job, &part, &error)),
            }
        }
        let answers = file.lines;
        if matches!(part.step, RemotePartStep::Running { sure: false, .. }) && answers > 0 && ours == 0 {
            tell(format!("part {number}: {} is somebody else's", status.id));
            self.folder.job.foreign.push(status.id.clone());
            let (file, at_first) = (None, self.folder.job.made);
            self.note(at, |part| part.step = RemotePartStep::Creating { file, at: at_first })?;
            return Ok(Step::Changed);
        }
        file.finish("\n")?;
        let id = status.id.clone();
        self.note(at, |part| part.step = RemotePartStep::Fetched { id, answers: ours })?;
        self.folder.drop_requests(number);
        let lost = part.lines.saturating_sub(ours);
        let mut said = vec![format!("part {number}: {} of {} answered", ours.saturating_sub(failed), part.lines)];
        said.extend((failed > 0).then(|| format!("{failed} failed or were not come to")));
        said.extend((lost > 0).then(|| format!("{lost} are in no file of results")));
        said.extend((unread > 0).then(|| format!("{unread} lines cannot be read")));
        tell(said.join(", "));
        Ok(Step::Changed)
    }

    /// Lays the requests where a cluster of one's own reads them, or takes its answers in; none where this is not the way.
    pub(crate) fn files_of_ones_own(&mut self, tell: &mut dyn FnMut(String)) -> Result<Option<JobEnd>, StoreError> {
        let Some((requests, out)) = self.how.files.clone() else { return Ok(None) };
        let Some(at) = self.open_parts().into_iter().next() else { return Ok(None) };
        let part = self.part(at)?;
        let is_written = matches!(part.step, RemotePartStep::Uploaded { .. });
        if is_written && length(&out).is_some_and(|bytes| bytes > 0) {
            return self.take_in(at, &out, tell).map(|()| None);
        }
        if !is_written || length(&requests).is_none() {
            copy_new(&self.folder.requests(part.number), &requests)?;
            let file = requests.display().to_string();
            self.note(at, |part| part.step = RemotePartStep::Uploaded { file })?;
        }
        Ok(Some(JobEnd::Written { requests: part.lines, out }))
    }

    fn take_in(&mut self, at: usize, out: &Path, tell: &mut dyn FnMut(String)) -> Result<(), StoreError> {
        let part = self.part(at)?;
        let lines = BatchLines(BatchWay::Vllm);
        let own = format!("{}-", self.folder.job.id);
        let mut file = LineFile::begin(self.folder.answers(part.number), "", "\n")?;
        each_line(out, |line| match lines.result(line).filter(|answer| answer.id.starts_with(&own)) {
            Some(answer) => {
                // A cluster of one's own is asked again by its owner.
                let kept = KeptAnswer { again: false, answer: &answer };
                let written = serde_json::to_string(&kept).map_err(|error| StoreError::new(error.to_string()))?;
                file.push(&written)
            }
            None => Ok(()),
        })?;
        let answers = file.lines;
        if answers == 0 {
            return Err(StoreError::wrong(format!(
                "{} holds no answer to the requests of the job {}: move it away, and have the cluster answer them",
                out.display(),
                self.folder.job.id
            )));
        }
        file.finish("\n")?;
        let id = out.display().to_string();
        self.note(at, |part| part.step = RemotePartStep::Fetched { id, answers })?;
        tell(format!("{} of {} requests are answered", format::thousands(answers), format::thousands(part.lines)));
        Ok(())
    }
}

/// Names a part to the provider, each try by itself.
fn tag(job: &RemoteJob, part: &RemotePart) -> String {
    match part.refused {
        0 => job.tag(part.number),
        refused => format!("{}.{refused}", job.tag(part.number)),
    }
}

/// Looks for the batch of a part in the provider's list: by the name we gave it, else by when it was made and its size.
/// Returns its id, and whether that is sure.
async fn found(
    client: &BatchClient,
    job: &RemoteJob,
    part: &RemotePart,
    when: Timestamp,
) -> Result<Option<(String, bool)>, CallError> {
    let listed = client.list(when.saturating_sub(SKEW).unwrap_or(when)).await?;
    let tags = [job.tag(part.number), tag(job, part)];
    let mut alive = listed.into_iter().filter(|status| status.phase != RemotePhase::Refused).collect::<Vec<_>>();
    if client.way != BatchWay::Anthropic {
        let ours = alive.into_iter().find(|status| status.tag.as_ref().is_some_and(|tag| tags.contains(tag)));
        return Ok(ours.map(|status| (status.id, true)));
    }
    let known = |id: &String| job.foreign.contains(id) || job.parts.iter().any(|part| part.step.id() == Some(id));
    alive.retain(|status| status.total == Some(part.lines) && !known(&status.id));
    alive.sort_by_key(|status| status.created);
    Ok(alive.into_iter().next().map(|status| (status.id, false)))
}

fn reported(status: &RemoteStatus) -> ReportedStatus {
    let RemoteStatus { word, counts, expires, .. } = status;
    ReportedStatus { word: word.clone(), counts: *counts, expires: *expires, at: Timestamp::now() }
}

/// Reads the keys that a job's parts need, and finds their targets.
async fn targets(engine: &Engine, setup: &Workspace, job: &RemoteJob) -> Result<Vec<Target>, StoreError> {
    let found = job.parts.iter().map(|part| setup.catalog.resolve(&part.target));
    let found: Vec<Target> = found.collect::<Result<_, _>>().map_err(|error| StoreError::wrong(error.to_string()))?;
    engine.read_keys(found.iter()).await;
    Ok(found)
}

/// Asks the provider once how each part of a job stands that is there. Tells what cannot be asked.
pub async fn ask_after(
    (engine, setup): (&Engine, &Workspace),
    folder: &mut JobFolder,
    tell: &mut dyn FnMut(String),
) -> Result<(), StoreError> {
    let targets = targets(engine, setup, &folder.job).await?;
    for (at, target) in targets.iter().enumerate() {
        let Some(part) = folder.job.parts.get(at).cloned() else { continue };
        let RemotePartStep::Running { id, .. } = &part.step else { continue };
        let asked = match client(engine, folder.job.way, target, part.key.as_deref()) {
            Ok(client) => client.status(id).await.map_err(|error| stuck(&folder.job, &part, &error).to_string()),
            Err(error) => Err(error.to_string()),
        };
        match asked {
            Ok(status) => {
                if let Some(part) = folder.job.parts.get_mut(at) {
                    part.reported = Some(reported(&status));
                }
            }
            Err(why) => tell(why),
        }
    }
    folder.save()
}

/// Has a job cancelled, what of it is at the provider and what is not. What was answered by then is still to be fetched, and
/// is paid for.
pub async fn cancel(
    (engine, setup): (&Engine, &Workspace),
    folder: &mut JobFolder,
    tell: &mut dyn FnMut(String),
) -> Result<(), StoreError> {
    // Noted first: whoever takes the job up sends nothing more of it.
    folder.job.cancelled.get_or_insert_with(Timestamp::now);
    folder.save()?;
    let targets = targets(engine, setup, &folder.job).await?;
    for (at, target) in targets.iter().enumerate() {
        let Some(part) = folder.job.parts.get(at).cloned() else { continue };
        if part.step.is_over() || folder.job.way == BatchWay::Vllm {
            continue;
        }
        let client = client(engine, folder.job.way, target, part.key.as_deref())?;
        let id = match &part.step {
            RemotePartStep::Running { id, .. } => Some(id.clone()),
            RemotePartStep::Creating { at: when, .. } => match found(&client, &folder.job, &part, *when).await {
                Ok(Some((id, true))) => Some(id),
                // By its size alone nothing is cancelled that may be somebody else's.
                Ok(Some((_, false)) | None) => {
                    tell(format!(
                        "part {}: whether a batch was made is not known yet; the same command finds out",
                        part.number
                    ));
                    None
                }
                Err(error) => return Err(stuck(&folder.job, &part, &error)),
            },
            RemotePartStep::Built
            | RemotePartStep::Uploading
            | RemotePartStep::Uploaded { .. }
            | RemotePartStep::Fetched { .. }
            | RemotePartStep::Refused { .. } => None,
        };
        let Some(id) = id else { continue };
        if let Some(part) = folder.job.parts.get_mut(at) {
            part.step = RemotePartStep::Running { id: id.clone(), sure: true };
        }
        folder.save()?;
        match client.cancel(&id).await {
            Ok(()) => tell(format!("part {}: {id} is being cancelled", part.number)),
            Err(error) => return Err(stuck(&folder.job, &part, &error)),
        }
    }
    Ok(())
}
