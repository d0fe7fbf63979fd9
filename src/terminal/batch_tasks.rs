//! Batches behind the screen: looked at, begun, told, each answering under its ticket.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::{
    app::{
        Event, Ticket,
        batch::{
            Control,
            setup::{BatchOrder, BatchPreviewView, Finished},
        },
    },
    dataset::Missing,
    engine::{
        Workspace, batch,
        batch::{Begun, look, start},
    },
    model::{batch::BatchSpec, error::StoreError},
    pipeline::batch::{BatchControl, BatchEnd, BatchEvent, BatchStream},
    store::{
        Store,
        api::{Begin, StoreReply, StoreRequest},
    },
    terminal::run_tasks::{Ready, ready},
};

/// Events that are taken together, at most.
const TOGETHER: usize = 512;

/// How long events wait for others to be taken together: cells that end faster than the screen is
/// drawn reach the loop in few pieces, so that it is free for the keys.
const GATHERED: Duration = Duration::from_millis(16);

/// Batches that are looked through for one that goes on.
const LISTED: usize = 200;

/// What was looked at last: a batch is begun with it without a second look.
type Looked = Arc<Mutex<Option<(BatchSpec, batch::BatchRequest, batch::BatchPreview)>>>;

/// Every batch that can be told something.
#[derive(Default)]
pub(crate) struct Batches(BTreeMap<Ticket, mpsc::UnboundedSender<Control>>);

impl Batches {
    /// Notes a batch that is about to begin; what it is told reaches the receiver.
    pub(crate) fn note(&mut self, ticket: Ticket) -> mpsc::UnboundedReceiver<Control> {
        self.0.retain(|_, told| !told.is_closed());
        let (tell, told) = mpsc::unbounded_channel();
        self.0.insert(ticket, tell);
        told
    }

    /// Tells whether none is under way.
    pub(crate) fn none(&self) -> bool {
        self.0.values().all(mpsc::UnboundedSender::is_closed)
    }

    /// Tells a batch something.
    pub(crate) fn tell(&self, ticket: Ticket, control: Control) {
        if let Some(told) = self.0.get(&ticket) {
            // One that has ended needs no telling.
            let _ = told.send(control);
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
    looked: Looked,
}

impl Desk {
    pub(crate) fn new(setup: Arc<Workspace>, store: Arc<Store>, engine: Ready, inbox: mpsc::Sender<Event>) -> Self {
        Self { setup, store, engine, inbox, looked: Looked::default() }
    }

    /// Looks at a batch and reports what it will take.
    pub(crate) async fn plan(self, ticket: Ticket, order: BatchOrder) {
        let planned = match self.look(&order).await {
            Ok((ready, planned)) => Ok(Box::new(self.planned(&order, &ready, planned).await)),
            Err(fault) => Err(fault.message),
        };
        let _ = self.inbox.send(Event::Planned(ticket, planned)).await;
    }

    async fn look(&self, order: &BatchOrder) -> Result<(batch::BatchRequest, batch::BatchPreview), StoreError> {
        let mut ready = self.order(order);
        let planned = look(&self.setup, &self.store, &mut ready).await?;
        let kept = (order.spec.clone(), ready.clone(), planned.clone());
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok((ready, planned))
    }

    fn order(&self, order: &BatchOrder) -> batch::BatchRequest {
        let begin = match order.finished {
            _ if !order.again.is_empty() => Begin::RetryFailed,
            Finished::Kept => Begin::Resume,
            Finished::FailedAgain => Begin::RetryFailed,
            Finished::Anew => Begin::Anew,
        };
        batch::BatchRequest {
            spec: order.spec.clone(),
            caps: order.caps,
            concurrency: order.concurrency,
            begin,
            again: (!order.again.is_empty()).then(|| order.again.clone()),
            session: Some(order.session.clone()),
            ..batch::BatchRequest::of(&self.setup, Vec::new(), &order.spec.data, &[])
        }
    }

    async fn planned(
        &self,
        order: &BatchOrder,
        ready: &batch::BatchRequest,
        planned: batch::BatchPreview,
    ) -> BatchPreviewView {
        let mut kept = 0;
        if order.finished != Finished::Anew
            && let Ok(StoreReply::Batches(entries)) = self.store.ask(StoreRequest::Batches { limit: LISTED }).await
        {
            let own = ready.spec.fingerprint();
            let goes_on = |end: Option<&str>| end != Some("complete") || order.finished == Finished::FailedAgain;
            let found = entries.iter().find(|entry| goes_on(entry.end.as_deref()) && entry.spec.fingerprint() == own);
            if let Some(entry) = found {
                kept = batch::settled(&self.store, ready, entry.id).await.unwrap_or_default();
            }
        }
        // The data set's path is in the form.
        let used = batch::Footprint { files: BTreeSet::new(), ..planned.footprint };
        let known = planned.missing.is_empty().then(|| used.to_string());
        let said: Vec<String> = planned.notes.iter().cloned().chain(known).collect();
        let note = Some(said.join("; ")).filter(|note| !note.is_empty());
        let missing = planned.missing.into_iter().map(|(variable, near)| Missing { variable, near });
        BatchPreviewView {
            preview: planned.preview,
            missing: missing.collect(),
            rows: planned.rows,
            kept,
            estimate: planned.estimate,
            note,
        }
    }

    /// Runs a batch to its end; `alone` where no other one is under way.
    pub(crate) async fn run(
        self,
        ticket: Ticket,
        order: BatchOrder,
        told: mpsc::UnboundedReceiver<Control>,
        alone: bool,
    ) {
        let known = self.looked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let begun = match known.filter(|(spec, ..)| *spec == order.spec) {
            Some((_, ready, planned)) => Ok((batch::BatchRequest { spec: ready.spec, ..self.order(&order) }, planned)),
            None => self.look(&order).await,
        };
        let Some(engine) = ready(self.engine.clone()).await else {
            return self.fail(ticket, "starting failed; start retort again".to_owned()).await;
        };
        let begun = match begun {
            Ok((ready, planned)) => start(&engine, &self.store, &ready, &planned).await.map(|begun| (begun, planned)),
            Err(fault) => Err(fault),
        };
        let (Begun { id, cells, stream, .. }, planned) = match begun {
            Ok(begun) => begun,
            Err(fault) => return self.fail(ticket, fault.message).await,
        };
        let _ = self.inbox.send(Event::BatchBegun(ticket, id)).await;
        let end = self.hear(ticket, stream, told).await;
        if order.again.is_empty() || alone {
            let all = planned.rows.map(|rows| order.cells(rows));
            let was_whole = all == Some(cells);
            let word = if order.again.is_empty() || was_whole { end.word() } else { BatchEnd::Stopped.word() };
            let job = StoreRequest::EndBatch { batch: id, end: word.to_owned(), at: Timestamp::now() };
            if let Err(fault) = self.store.ask(job).await {
                tracing::warn!(%fault, "the end of a batch could not be noted");
            }
        }
        let _ = self.inbox.send(Event::Batch(ticket, vec![BatchEvent::Ended { end }])).await;
    }

    async fn fail(self, ticket: Ticket, why: String) {
        let end = BatchEnd::Failed { why };
        let _ = self.inbox.send(Event::Batch(ticket, vec![BatchEvent::Ended { end }])).await;
    }

    /// Passes on what a batch tells, and to it what it is told; returns how it ended.
    async fn hear(&self, ticket: Ticket, events: BatchStream, mut told: mpsc::UnboundedReceiver<Control>) -> BatchEnd {
        let control = events.control();
        let mut events = events.ready_chunks(TOGETHER);
        let mut gathered = Vec::new();
        let mut beat = tokio::time::interval(GATHERED);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut watched = true;
        loop {
            tokio::select! {
                biased;
                asked = told.recv(), if watched => if let Some(asked) = asked {
                    obey(&control, asked);
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

fn obey(control: &BatchControl, asked: Control) {
    match asked {
        Control::Stop => control.stop(),
        Control::Pause => control.pause(),
        Control::Resume => control.resume(),
        Control::Concurrency(calls) => control.set_concurrency(calls),
        Control::Caps(caps) => control.set_caps(caps),
    }
}
