//! From the cells of a batch to the files of a job: each request once, split by model, lines and bytes.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use crate::{
    engine::batch::{
        ExpectedRows,
        earlier::EarlierRuns,
        planned_as,
        remote::{RemoteBatch, stopped_on_record},
    },
    model::{
        CellRef, RunRequest, Target,
        error::StoreError,
        remote_job::{BatchWay, RemotePart, RemotePartStep},
    },
    pipeline::UnsentCall,
    provider::batch_api::{BatchLines, PartFraming},
    store::{
        remote_answers::{RemoteAnswers, request_id},
        remote_jobs::LineFile,
    },
    text::format,
};

/// Requests that are prepared at once.
const AT_ONCE: usize = 64;

/// A part that is being written.
struct Open {
    file: LineFile,
    close: &'static str,
    number: u32,
    tokens: u64,
    target: Target,
}

impl RemoteBatch<'_> {
    /// Makes the parts of this round: of every cell that is asked and has no answer that stands.
    #[allow(clippy::too_many_lines, reason = "its steps in their order")]
    pub(crate) async fn build(&mut self, tell: &mut dyn FnMut(String)) -> Result<(), StoreError> {
        let job = &mut self.folder.job;
        // What an earlier start had begun to write.
        job.parts.retain(|part| part.round != job.round);
        let state = stopped_on_record(self.store, &self.planned.request).await?;
        let EarlierRuns { known, changed, unanswered: _ } = EarlierRuns::of(self.store, state.id).await?;
        for file in &changed {
            tell(file.note());
        }
        let answers = self.answers()?;
        let plan = planned_as(&self.planned, self.batch, known);
        let (rows, mut counts) = (self.planned.rows.clone(), ExpectedRows::default());
        let stream = rows.open()?.into_stream();
        let cells = stream.flat_map(move |row| {
            let cells: Vec<Result<(CellRef, RunRequest), StoreError>> = match row {
                Ok(row) => plan.requests_of(&rows.complete(row, &mut counts)).into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            };
            futures_util::stream::iter(cells)
        });
        let pipeline = self.engine.pipeline.clone();
        let stands = |cell: &CellRef, answers: &RemoteAnswers| answers.knows(cell) == Some(false);
        let wanted = cells.filter(|cell| {
            let wanted = cell.as_ref().map_or(true, |(cell, _)| !stands(cell, &answers));
            std::future::ready(wanted)
        });
        let calls = wanted.map(|cell| {
            let pipeline = pipeline.clone();
            async move {
                let (cell, request) = cell?;
                // What keeps a cell from being asked is told when the batch itself comes to it.
                Ok::<_, StoreError>(Some(cell).zip(pipeline.unsent(request).await.unwrap_or(None)))
            }
        });
        let mut calls = std::pin::pin!(calls.buffered(AT_ONCE));
        let mut open: BTreeMap<String, Open> = BTreeMap::new();
        let mut made = Vec::new();
        while let Some(found) = calls.next().await {
            let Some((cell, UnsentCall { call, goes_on, tokens })) = found? else { continue };
            if goes_on {
                return Err(StoreError::wrong(format!(
                    "row {} has further turns after the answer, so it takes several calls, and a job at a provider \
                     makes one of each; leave --via out",
                    cell.place.row
                )));
            }
            let lines = BatchLines(self.how.way);
            let id = request_id(&self.folder.job.id, &cell);
            let Some(line) = lines.line(&id, &call) else { continue };
            let limits = lines.limits();
            let size = line.len() as u64;
            if self.how.way != BatchWay::Vllm && size + 1024 > limits.bytes {
                return Err(StoreError::wrong(format!(
                    "the request of row {} has {} bytes, and one batch of {} takes {}",
                    cell.place.row,
                    format::thousands(size),
                    self.how.way,
                    format::thousands(limits.bytes)
                )));
            }
            let target = &call.target;
            let full = |open: &Open| {
                self.how.way != BatchWay::Vllm
                    && (open.file.lines >= limits.lines || open.file.bytes + size + 16 > limits.bytes)
            };
            if open.get(&target.name).is_some_and(full)
                && let Some(full) = open.remove(&target.name)
            {
                made.push(finished(full, self.folder.job.round)?);
            }
            if !open.contains_key(&target.name) {
                let before = self.folder.job.parts.iter().map(|part| part.number).max().unwrap_or(0);
                let number = before + u32::try_from(made.len() + open.len()).unwrap_or(u32::MAX - before) + 1;
                if self.how.way == BatchWay::Vllm && number > 1 {
                    return Err(StoreError::wrong(
                        "a file for a cluster holds the requests of one model: name one with -m, or run the prompts \
                         one by one",
                    ));
                }
                let PartFraming { open: before, between, close } = lines.framing(&self.folder.job.tag(number));
                let file = LineFile::begin(self.folder.requests(number), &before, between)?;
                open.insert(target.name.clone(), Open { file, close, number, tokens: 0, target: target.clone() });
            }
            if let Some(part) = open.get_mut(&target.name) {
                part.file.push(&line)?;
                part.tokens += tokens;
            }
        }
        for (_, part) in open {
            made.push(finished(part, self.folder.job.round)?);
        }
        made.sort_by_key(|part| part.number);
        let (count, lines) = (made.len(), made.iter().map(|part| part.lines).sum::<u64>());
        let job = &mut self.folder.job;
        job.parts.extend(made);
        job.built = true;
        self.folder.save()?;
        if count > 0 {
            let bytes = self.folder.job.parts.iter().filter(|part| part.round == self.folder.job.round);
            let bytes: u64 = bytes.map(|part| part.bytes).sum();
            let parts = if count == 1 { "1 part".to_owned() } else { format!("{count} parts") };
            let (id, lines) = (&self.folder.job.id, format::thousands(lines));
            tell(format!("job {id}: {lines} requests in {parts}, {} bytes", format::thousands(bytes)));
        }
        Ok(())
    }
}

fn finished(part: Open, round: u32) -> Result<RemotePart, StoreError> {
    let Open { file, close, number, tokens, target } = part;
    let (lines, bytes) = (file.lines, file.bytes + close.len() as u64);
    file.finish(close)?;
    Ok(RemotePart {
        number,
        round,
        target: target.name,
        provider: target.provider,
        model: target.model,
        key: None,
        lines,
        bytes,
        tokens,
        step: RemotePartStep::Built,
        reported: None,
        refused: 0,
    })
}
