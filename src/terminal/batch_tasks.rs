//! Batches behind the screen: previewed, begun, commanded, each answering under its ticket.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    app::{
        Event, Ticket,
        event::{BatchCommand, BatchPreviewView, InboxRead, InboxWanted},
    },
    engine::{
        Workspace, baselines, batch,
        batch::{BatchPreview, Begun},
    },
    model::{
        batch::{BatchRequest, ResumeMode},
        dataset::RowText,
        error::StoreError,
    },
    pipeline::batch::{BatchControl, BatchEnd, BatchEvent, BatchStream},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    terminal::ready::{Ready, ready},
};

/// Events that are taken together, at most.
const TOGETHER: usize = 512;

/// How long events wait for others to be taken together: cells that end faster than the screen is
/// drawn reach the loop in few pieces, so that it is free for the keys.
const GATHERED: Duration = Duration::from_millis(16);

/// How long a form that is being filled in has to rest before its batch is looked at.
const TYPING: Duration = Duration::from_millis(150);

/// Rows whose texts are shown before they are asked, at most, and how many are sent together.
const SHOWN: usize = 100_000;
const CHUNK: usize = 512;

/// Batches that are looked through for one that goes on.
const LISTED: usize = 200;

/// What was asked for last and is known of it: a batch is begun with it without its rows being read once more.
type LastPreview = Arc<Mutex<Option<(BatchRequest, BatchPreview)>>>;

/// The batches under way, each with the way to command it.
#[derive(Default)]
pub(crate) struct BatchTasks(BTreeMap<Ticket, mpsc::UnboundedSender<BatchCommand>>);

impl BatchTasks {
    /// Notes a batch that is about to begin; commands to it reach the receiver.
    pub(crate) fn note(&mut self, ticket: Ticket) -> mpsc::UnboundedReceiver<BatchCommand> {
        self.0.retain(|_, sender| !sender.is_closed());
        let (sender, commands) = mpsc::unbounded_channel();
        self.0.insert(ticket, sender);
        commands
    }

    /// Tells whether none is under way.
    pub(crate) fn none(&self) -> bool {
        self.0.values().all(mpsc::UnboundedSender::is_closed)
    }

    pub(crate) fn send(&self, ticket: Ticket, command: BatchCommand) {
        if let Some(sender) = self.0.get(&ticket) {
            // One that has ended needs none.
            let _ = sender.send(command);
        }
    }

    /// Stops every batch.
    pub(crate) fn stop(&mut self) {
        self.0.clear();
    }
}

/// What every batch is begun with.
#[derive(Clone)]
pub(crate) struct Desk {
    setup: Arc<Workspace>,
    store: Arc<Store>,
    engine: Ready,
    inbox: mpsc::Sender<Event>,
    last: LastPreview,
    previews: Previews,
}

/// The batches that are looked at before they begin: one at a time, and of several that wait the newest alone.
#[derive(Clone, Default)]
pub(crate) struct Previews {
    newest: Arc<AtomicU64>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Previews {
    /// Waits until nothing newer is asked for and none is under way; none where something newer is.
    pub(crate) async fn turn(&self, ticket: Ticket) -> Option<tokio::sync::OwnedMutexGuard<()>> {
        self.newest.fetch_max(ticket.0, Ordering::Relaxed);
        tokio::time::sleep(TYPING).await;
        let is_newest = || self.newest.load(Ordering::Relaxed) == ticket.0;
        if !is_newest() {
            return None;
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        is_newest().then_some(turn)
    }
}

impl Desk {
    pub(crate) fn new(setup: Arc<Workspace>, store: Arc<Store>, engine: Ready, inbox: mpsc::Sender<Event>) -> Self {
        let (last, previews) = (LastPreview::default(), Previews::default());
        Self { setup, store, engine, inbox, last, previews }
    }

    /// Finds out what a batch will take, and reports it, unless another one is asked for meanwhile.
    pub(crate) async fn plan(self, ticket: Ticket, request: BatchRequest) {
        let Some(_turn) = self.previews.turn(ticket).await else {
            return;
        };
        let planned = match self.preview(request).await {
            Ok(planned) => Ok(Box::new(self.view(planned).await)),
            Err(error) => Err(error.message),
        };
        let _ = self.inbox.send(Event::Planned(ticket, planned)).await;
    }

    async fn preview(&self, request: BatchRequest) -> Result<BatchPreview, StoreError> {
        let planned = batch::preview(&self.setup, &self.store, request.clone()).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((request, planned.clone()));
        Ok(planned)
    }

    /// Reads a prompt's baseline and what a batch came to, and reports it.
    pub(crate) async fn read_inbox(self, ticket: Ticket, wanted: InboxWanted) {
        let InboxWanted { prompt, batch } = wanted;
        let (setup, store, worker) = (Arc::clone(&self.setup), Arc::clone(&self.store), Handle::current());
        let name = prompt.clone();
        // Its files are read as well, which may take their time.
        let read = tokio::task::spawn_blocking(move || {
            worker.block_on(baselines::of_name(&setup.places, &store, &name, Some(batch)))
        });
        let read = match read.await {
            Ok(Ok(Some((inbox, stale)))) => Ok(Box::new(InboxRead { inbox, stale })),
            Ok(Ok(None)) => Err(format!("the batch has no answers of `{prompt}` on record")),
            Ok(Err(error)) => Err(error.message),
            Err(_) => Err("the baseline was not read by a defect in retort".to_owned()),
        };
        let _ = self.inbox.send(Event::Inbox(ticket, read)).await;
    }

    /// Counts the cells that an earlier run has finished, of the batch that a request goes on with.
    async fn finished(&self, planned: &BatchPreview) -> u64 {
        let request = &planned.request;
        let goes_on = |end: Option<&str>| match request.resume {
            ResumeMode::Resume => end != Some("complete"),
            ResumeMode::RetryFailed => true,
            ResumeMode::Anew => false,
        };
        let Ok(StoreReply::Batches(entries)) = self.store.ask(StoreRequest::Batches { limit: LISTED }).await else {
            return 0;
        };
        let own = request.spec.fingerprint();
        let found = entries.iter().find(|entry| goes_on(entry.end.as_deref()) && entry.spec.fingerprint() == own);
        match found {
            Some(entry) => batch::settled(&self.store, planned, entry.id).await.unwrap_or_default(),
            None => 0,
        }
    }

    async fn view(&self, planned: BatchPreview) -> BatchPreviewView {
        let kept = self.finished(&planned).await;
        // The data set's path is in the form.
        let used = batch::Footprint { files: BTreeSet::new(), ..planned.footprint };
        let known = planned.missing.is_empty().then(|| used.to_string());
        let notes: Vec<String> = planned.notes.into_iter().chain(known).collect();
        BatchPreviewView {
            preview: planned.dataset,
            missing: planned.missing,
            rows: planned.count,
            kept,
            estimate: planned.estimate,
            busy: planned.busy,
            suggested: planned.suggested,
            note: Some(notes.join("; ")).filter(|note| !note.is_empty()),
        }
    }

    /// Runs a batch to its end; `alone` where no other one is under way.
    pub(crate) async fn run(
        self,
        ticket: Ticket,
        request: BatchRequest,
        commands: mpsc::UnboundedReceiver<BatchCommand>,
        alone: bool,
    ) {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let planned = match last.filter(|(command, _)| command.asks_the_same(&request)) {
            Some((_, planned)) => Ok(planned.run_as(request)),
            None => self.preview(request).await,
        };
        let Some(engine) = ready(self.engine.clone()).await else {
            return self.fail(ticket, "starting failed; start retort again".to_owned()).await;
        };
        let begun = match planned {
            Ok(planned) => batch::start(&engine, &self.store, &planned, None).await.map(|begun| (begun, planned)),
            Err(error) => Err(error),
        };
        let (Begun { id, cells, changed, stream, .. }, planned) = match begun {
            Ok(begun) => begun,
            Err(error) => return self.fail(ticket, error.message).await,
        };
        let _ = self.inbox.send(Event::BatchBegun(ticket, id)).await;
        for file in &changed {
            let _ = self.inbox.send(Event::Fault(file.note())).await;
        }
        self.clone().show_rows(ticket, &planned);
        let end = self.forward(ticket, stream, commands).await;
        let is_whole = !planned.request.is_partial();
        if is_whole || alone {
            let was_whole = planned.cells() == Some(cells);
            let word = match (&end, planned.request.spec.again) {
                // One that asks cells of another again is a part of it.
                (BatchEnd::Complete, Some(_)) => "part",
                _ if is_whole || was_whole => end.word(),
                _ => BatchEnd::Stopped.word(),
            };
            let why = end.why().map(str::to_owned);
            let job = StoreRequest::EndBatch { batch: id, end: word.to_owned(), why, at: Timestamp::now() };
            if let Err(error) = self.store.ask(job).await {
                tracing::warn!(%error, "the end of a batch could not be noted");
            }
        }
        let _ = self.inbox.send(Event::Batch(ticket, vec![BatchEvent::Ended { end }])).await;
    }

    /// Has the texts of a batch's rows read and shown, before any of them is asked.
    fn show_rows(self, ticket: Ticket, planned: &BatchPreview) {
        if planned.request.only.is_some() {
            return;
        }
        let planned = planned.clone();
        tokio::task::spawn_blocking(move || {
            let (mut chunk, mut shown) = (Vec::with_capacity(CHUNK), 0);
            let send = |chunk: &mut Vec<RowText>| {
                self.inbox.blocking_send(Event::BatchRows(ticket, std::mem::take(chunk))).is_ok()
            };
            // A row that cannot be read ends the batch itself, which says why.
            let _ = planned.rows(|row| {
                chunk.push(RowText::of(&row));
                shown += 1;
                let goes_on = chunk.len() < CHUNK || send(&mut chunk);
                goes_on && shown < SHOWN
            });
            send(&mut chunk);
        });
    }

    async fn fail(self, ticket: Ticket, why: String) {
        let end = BatchEnd::Failed { why };
        let _ = self.inbox.send(Event::Batch(ticket, vec![BatchEvent::Ended { end }])).await;
    }

    /// Passes on the events of a batch, and commands to it; returns how it ended.
    async fn forward(
        &self,
        ticket: Ticket,
        events: BatchStream,
        mut commands: mpsc::UnboundedReceiver<BatchCommand>,
    ) -> BatchEnd {
        let control = events.control();
        let mut events = events.ready_chunks(TOGETHER);
        let mut gathered = Vec::new();
        let mut beat = tokio::time::interval(GATHERED);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut watched = true;
        loop {
            tokio::select! {
                biased;
                command = commands.recv(), if watched => if let Some(command) = command {
                    apply(&control, command);
                } else {
                    watched = false;
                    control.stop();
                },
                _ = beat.tick(), if !gathered.is_empty() => {
                    let _ = self.inbox.send(Event::Batch(ticket, std::mem::take(&mut gathered))).await;
                }
                some = events.next() => {
                    let Some(some) = some else {
                        return BatchEnd::Failed { why: "the batch ended without a word; please report this".to_owned() };
                    };
                    for event in some {
                        if let BatchEvent::Ended { end } = event {
                            let _ = self.inbox.send(Event::Batch(ticket, gathered)).await;
                            return end;
                        }
                        gathered.push(event);
                    }
                    if gathered.len() >= TOGETHER {
                        let _ = self.inbox.send(Event::Batch(ticket, std::mem::take(&mut gathered))).await;
                    }
                }
            }
        }
    }
}

fn apply(control: &BatchControl, command: BatchCommand) {
    match command {
        BatchCommand::Stop => control.stop(),
        BatchCommand::Pause => control.pause(),
        BatchCommand::Resume => control.resume(),
        BatchCommand::Concurrency(calls) => control.set_concurrency(calls),
        BatchCommand::Caps(caps) => control.set_caps(caps),
    }
}
