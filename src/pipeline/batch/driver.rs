//! The batch as it goes: which cell is next, which are under way, when no further one is started, and what follows when
//! one has ended: it is counted, waited for until it is durable, reported, or asked again.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::{FutureExt as _, Stream, StreamExt as _, stream::FuturesUnordered};
use serde_json::Value;
use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

use crate::{
    model::{
        CellIndex, DatasetRow, ErrorKind, Outcome, RunEnd, Target,
        batch::{Cap, Cell},
    },
    pipeline::{
        Pipeline, PipelineState, RunControl, RunEvent,
        batch::{
            BatchControl, BatchEnd, BatchEvent, BatchPlan, Wanted,
            budget::BatchBudget,
            comparisons::Comparisons,
            conversations::Conversations,
            known_cells::{CellReader, ReadCell},
        },
        rate_limiter::{Adapted, ShutAccount, ShutCause},
        retry_policy,
        spending::{Amount, Purse, Refusal, Spending},
        timeouts::after,
    },
    template::conversation::exchange,
};

/// Cells that may be open, for each that may be under way: one that waits before it is asked again, as its account was
/// asked too much, keeps no other from being asked.
const OPEN: usize = 4;

/// Cells that may lie between the oldest one that has not ended and the newest one, for each that may be
/// under way: what is read ahead, and what a watcher has to put in order, is bounded by it.
const AHEAD: usize = 16;

/// Cells that may lie there however few may be under way: as many as are written together.
const FEWEST_AHEAD: usize = 256;

/// A cell that has ended.
pub(crate) struct Finished {
    place: CellIndex,
    row: Arc<DatasetRow>,
    outcome: Option<Box<Outcome>>,
    /// What was asked and answered, if it was answered.
    exchange: Option<Value>,
}

type Rows = Pin<Box<dyn Stream<Item = Result<DatasetRow, String>> + Send>>;
type UnderWay = Pin<Box<dyn Future<Output = Finished> + Send>>;
type Settling = Pin<Box<dyn Future<Output = (Finished, Result<(), String>)> + Send>>;
type Room = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// A row whose cells are asked, and the next of them.
struct Current {
    row: Arc<DatasetRow>,
    fingerprint: u64,
    next: usize,
}

/// A batch under way.
pub(crate) struct Driver {
    pipeline: Pipeline,
    plan: BatchPlan,
    rows: Rows,
    read: u64,
    all_read: bool,
    current: Option<Current>,
    /// Cells that were cut off or refused by a cap: they are asked first when it goes on.
    again: VecDeque<(CellIndex, Arc<DatasetRow>)>,
    under_way: FuturesUnordered<UnderWay>,
    /// Cells that have ended and are not durable yet: they take no room from those that are asked.
    settling: FuturesUnordered<Settling>,
    /// Waits until the record can take a further cell; none while it is not behind.
    room: Option<Room>,
    /// The cells under way, by their places.
    open: BTreeMap<CellIndex, RunControl>,
    /// The conversations that go on from row to row.
    conversations: Conversations,
    /// The rows whose answers are compared with each other.
    comparisons: Comparisons,
    /// The cells that ended before.
    earlier: CellReader,
    /// Cells that were started or kept, counted.
    begun: u64,
    /// For each open place, how many were begun before it.
    order: BTreeMap<CellIndex, u64>,
    budget: BatchBudget,
    /// What the calls under way may take together.
    spending: Spending,
    wanted: watch::Receiver<Wanted>,
    adapted: Adapted,
    /// Changes whenever an account is shut or opened.
    shuts: watch::Receiver<u64>,
    /// Cells that wait after their account was asked too much, and what tells of a change.
    resting: Arc<RestingCells>,
    /// The concurrency the accounts were given.
    concurrency: usize,
    queue: VecDeque<BatchEvent>,
    /// Why nothing further is started, if a person or a cap said so.
    paused: Option<Pause>,
    resumed: u64,
    ending: Ending,
    /// Cells that stopping it has cut off.
    cut: u64,
    failed: Option<String>,
    ended: bool,
}

/// Whether somebody wants it to end before its last cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nobody does.
    Unasked,
    /// It starts no further cell.
    Drains,
    /// What was under way is cut off, too.
    Stops,
}

struct Pause {
    why: String,
    cap: Option<Cap>,
    /// The account that lets nothing through, if that is the reason.
    shut: Option<ShutAccount>,
}

/// Cells that wait before they are asked again.
#[derive(Debug, Default)]
struct RestingCells {
    count: AtomicUsize,
    changed: Notify,
}

/// A cell's place among those; dropping it leaves it.
struct RestingCell(Arc<RestingCells>);

impl RestingCell {
    fn new(resting: &Arc<RestingCells>) -> Self {
        resting.count.fetch_add(1, Ordering::Relaxed);
        resting.changed.notify_one();
        Self(Arc::clone(resting))
    }
}

impl Drop for RestingCell {
    fn drop(&mut self) {
        self.0.count.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pause {
    /// Tells whether it is over, as somebody has `resumed` the batch, or an account lets calls through again.
    fn goes_on(&self, resumed: bool, shut: Option<&ShutAccount>) -> bool {
        match &self.shut {
            Some(_) => resumed || shut.is_none(),
            None => resumed || self.cap.is_none(),
        }
    }
}

impl Driver {
    /// Makes it ready. Where several batches may use an amount together, `spending` is what they use of it.
    pub(crate) fn new(
        pipeline: Pipeline,
        mut plan: BatchPlan,
        rows: Rows,
        (control, spending): (&BatchControl, Option<Spending>),
    ) -> Self {
        plan.samples = plan.samples.max(1);
        if let Some(again) = &mut plan.again {
            again.sort_unstable();
            again.dedup();
        }
        let wanted = control.wanted();
        let concurrency = wanted.borrow().concurrency;
        let targets = plan.targets.iter().flatten().flatten().chain(plan.judges.values());
        let providers = targets.map(|target| target.provider.clone()).collect();
        let adapted = pipeline.shared.gate.adapt(providers, concurrency);
        let shuts = pipeline.shared.gate.shuts();
        let total = plan.again.as_ref().map(|again| again.len() as u64).or(plan.total);
        let mut budget = BatchBudget::new(plan.caps, total, Instant::now());
        if plan.again.is_none() {
            budget = plan.known.budget(plan.caps, total, Instant::now());
            budget.expect(plan.known.settled(plan.retry_failed));
        }
        let conversations = Conversations::of(&plan.prompts);
        let before = Amount { tokens: budget.tokens, cost: budget.cost, ..Amount::default() };
        let spending = spending.unwrap_or_else(|| Spending::new(plan.caps, before));
        Self {
            pipeline,
            earlier: plan.known.reader(),
            plan,
            rows,
            read: 0,
            all_read: false,
            current: None,
            again: VecDeque::new(),
            under_way: FuturesUnordered::new(),
            settling: FuturesUnordered::new(),
            room: None,
            open: BTreeMap::new(),
            conversations,
            comparisons: Comparisons::default(),
            begun: 0,
            order: BTreeMap::new(),
            budget,
            spending,
            wanted,
            adapted,
            shuts,
            resting: Arc::default(),
            concurrency,
            queue: VecDeque::new(),
            paused: None,
            resumed: 0,
            ending: Ending::Unasked,
            cut: 0,
            failed: None,
            ended: false,
        }
    }

    /// Goes on until there is something to tell; none at the end.
    pub(crate) async fn next(&mut self) -> Option<BatchEvent> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            self.listen();
            self.start_cells();
            self.release();
            if !self.queue.is_empty() {
                continue;
            }
            if let Some(end) = self.end() {
                self.ended = true;
                return Some(BatchEvent::Ended { end });
            }
            self.wait().await;
        }
    }

    /// Takes in what is wanted now.
    fn listen(&mut self) {
        let wanted = *self.wanted.borrow_and_update();
        if wanted.concurrency != self.concurrency {
            self.concurrency = wanted.concurrency;
            self.adapted.set(wanted.concurrency);
        }
        let resumed = wanted.resumed != self.resumed;
        self.resumed = wanted.resumed;
        if resumed {
            self.budget.caps = wanted.caps;
            self.spending.set_caps(wanted.caps);
        }
        match self.ending {
            Ending::Stops => return,
            Ending::Unasked | Ending::Drains if wanted.stop => {
                self.ending = Ending::Stops;
                self.cut_off();
                return;
            }
            Ending::Unasked if wanted.drain => self.ending = Ending::Drains,
            Ending::Unasked | Ending::Drains => {}
        }
        if resumed {
            let PipelineState { gate, pool, .. } = &*self.pipeline.shared;
            self.providers().for_each(|provider| {
                gate.open(provider);
                pool.wake(provider);
            });
        }
        self.shuts.mark_unchanged();
        let shut = self.shut();
        match &self.paused {
            None if wanted.paused => self.pause("paused".to_owned(), None, None),
            Some(pause) if wanted.paused && pause.shut.is_some() => {
                self.paused = Some(Pause { why: "paused".to_owned(), cap: None, shut: None });
                self.queue.push_back(BatchEvent::Paused { why: "paused".to_owned(), cap: None });
            }
            Some(pause) if !wanted.paused && pause.goes_on(resumed, shut.as_ref()) => {
                if self.ending != Ending::Unasked {
                    return;
                }
                self.paused = None;
                self.budget.resume(Instant::now());
                self.queue.push_back(BatchEvent::Resumed);
            }
            _ => {}
        }
        if self.paused.is_none() {
            self.hold_to_the_caps();
        }
        // A pause for an account is told anew where it became a longer one.
        let is_held = match &self.paused {
            None => self.asks_next() || !self.open.is_empty(),
            Some(pause) => pause.shut.is_some() && pause.shut != shut,
        };
        if let Some(shut) = shut.filter(|_| is_held && self.ending == Ending::Unasked) {
            self.hold_to_the_account(shut);
        }
    }

    fn providers(&self) -> impl Iterator<Item = &str> {
        self.plan.targets.iter().flatten().flatten().map(|target| target.provider.as_str())
    }

    /// Returns the account that keeps a lane from being asked, as it lets nothing through and no other is left.
    fn shut(&self) -> Option<ShutAccount> {
        let PipelineState { gate, pool, .. } = &*self.pipeline.shared;
        let provider = |target: &Target| {
            let accounts = pool.accounts_of(&target.provider);
            let none = accounts.is_empty().then(String::new);
            gate.is_shut(&target.provider, &accounts.into_iter().chain(none).collect::<Vec<_>>())
        };
        let lane = |targets: &Vec<Target>| {
            let shut: Option<Vec<ShutAccount>> = targets.iter().map(provider).collect();
            shut?.into_iter().min_by_key(|account| (account.until.is_none(), account.until))
        };
        self.plan.targets.iter().flatten().find_map(lane)
    }

    /// Pauses it while an account lets nothing through: until it does, where that is soon; else what waits for it is cut
    /// off, to be asked once it goes on.
    fn hold_to_the_account(&mut self, shut: ShutAccount) {
        let PipelineState { rules, ports, .. } = &*self.pipeline.shared;
        let now = Instant::now();
        let wait = shut.until.map(|until| until.saturating_duration_since(now));
        let is_soon = wait.is_some_and(|wait| wait <= retry_policy::longest(&rules.retry));
        let is_hopeless = match shut.cause {
            ShutCause::Silent { since } => now.saturating_duration_since(since) >= rules.timeouts.total,
            ShutCause::Limited => false,
            ShutCause::UsedUp => true,
        };
        let at = wait.and_then(|wait| ports.world.timestamp().checked_add(wait).ok());
        let at = at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
        let (name, goes_on) = (&shut.name, is_soon && !is_hopeless);
        let why = match (shut.cause, at) {
            (ShutCause::UsedUp, Some(at)) => format!("{name} is out of credit or quota until {at}"),
            (ShutCause::UsedUp, None) => {
                format!("{name} is out of credit or quota, and the provider does not say until when")
            }
            (ShutCause::Limited, Some(at)) if goes_on => format!("{name} is rate limited until {at}, and goes on then"),
            (ShutCause::Limited, Some(at)) => format!("{name} is rate limited until {at}"),
            (ShutCause::Silent { since }, Some(at)) => {
                let time = Duration::from_secs(now.saturating_duration_since(since).as_secs().max(1));
                format!("{name} is rate limited and has answered nothing for {time:?}; it is asked again at {at}")
            }
            (ShutCause::Limited | ShutCause::Silent { .. }, None) => format!("{name} is rate limited"),
        };
        self.pause(why, (!goes_on).then_some(Cap::Account), Some(shut));
        if !goes_on {
            self.cut_off();
        }
    }

    /// Pauses it at a cap. One on money or tokens is asked of a cell that is there to be asked: one that the last
    /// cell reaches stops nothing, and a cell that is kept costs nothing. That on time cuts off what is under way.
    fn hold_to_the_caps(&mut self) {
        let asks = self.asks_next();
        if let Some((cap, why)) = self.budget.time_is_up(Instant::now()).filter(|_| asks || !self.open.is_empty()) {
            self.pause(why, Some(cap), None);
            self.cut_off();
        } else if asks {
            let refused = self.spending.refused().and_then(|Refusal { cap, why }| Some((cap?, why)));
            if let Some((cap, why)) = refused.or_else(|| self.budget.passed()) {
                self.pause(why, Some(cap), None);
            }
        }
    }

    /// Cuts off the cells that wait for others of their rows which nobody asks any more; they are asked again later.
    fn release(&self) {
        if self.ending == Ending::Unasked && self.failed.is_none() {
            return;
        }
        for place in self.comparisons.stuck(|place| self.open.contains_key(place)) {
            if let Some(cell) = self.open.get(&place) {
                cell.stop();
            }
        }
    }

    fn cut_off(&self) {
        self.open.values().for_each(RunControl::stop);
    }

    fn pause(&mut self, why: String, cap: Option<Cap>, shut: Option<ShutAccount>) {
        self.budget.pause(Instant::now());
        self.queue.push_back(BatchEvent::Paused { why: why.clone(), cap });
        self.paused = Some(Pause { why, cap, shut });
    }

    /// Tells whether there is, or may be, a further cell to start.
    fn goes_on(&self) -> bool {
        let left = self.current.is_some() || !self.again.is_empty() || !self.all_read;
        self.failed.is_none() && self.ending == Ending::Unasked && left
    }

    /// Tells whether the next cell is known, and a model is to be asked for it.
    fn asks_next(&self) -> bool {
        let is_done = |current: &Current| {
            let place = self.plan.place(current.row.number, current.next);
            place.is_some_and(|place| self.plan.keeps(place, &current.row, current.fingerprint))
        };
        let next = self.current.as_ref().is_some_and(|current| !is_done(current));
        self.goes_on() && (next || !self.again.is_empty())
    }

    fn has_room(&self) -> bool {
        let ahead = self.order.values().next().map_or(0, |first| self.begun.saturating_sub(*first));
        let resting = self.resting.count.load(Ordering::Relaxed);
        let most = self.concurrency.saturating_mul(OPEN);
        // Those that are answered, and wait for others of their rows, keep none of these from being asked.
        let under_way = self.under_way.len().saturating_sub(self.comparisons.waiting());
        under_way < most
            && under_way.saturating_sub(resting) < self.concurrency
            && ahead < self.concurrency.saturating_mul(AHEAD).max(FEWEST_AHEAD).max(self.plan.cells_of_a_row()) as u64
    }

    /// Starts cells, as many as there is room for: those that are asked again, then those of the row that was
    /// read last.
    fn start_cells(&mut self) {
        while self.paused.is_none() && self.goes_on() && self.has_room() {
            if (self.again.is_empty() && self.current.is_none()) || !self.can_be_recorded() {
                return;
            }
            if let Some((place, row)) = self.again.pop_front() {
                let fingerprint = row.fingerprint();
                self.start(place, row, fingerprint);
                continue;
            }
            let Some(current) = &mut self.current else {
                return;
            };
            let (row, fingerprint) = (Arc::clone(&current.row), current.fingerprint);
            let Some(place) = self.plan.place(row.number, current.next) else {
                return;
            };
            if self.conversations.waits(place, &row) {
                return;
            }
            let kept = self.plan.keeps(place, &row, fingerprint) && self.conversations.still_answers(place, &row);
            let kept = if kept { self.earlier.take(place) } else { ReadCell::Gone };
            if matches!(kept, ReadCell::Unread) {
                return;
            }
            current.next += 1;
            self.pass_over();
            self.begun += 1;
            if let ReadCell::Read(cell) = kept {
                self.conversations.pass(place, &row, self.plan.known.exchange(place));
                self.budget.keep();
                self.queue.push_back(BatchEvent::Reused { cell, row });
                // The queue is told before more is kept, so that it stays short.
                return;
            }
            self.start(place, row, fingerprint);
        }
    }

    /// Moves on to the next cell of the row that is wanted; past the row if there is none.
    fn pass_over(&mut self) {
        let Some(current) = &mut self.current else { return };
        let number = current.row.number;
        let wanted =
            |place: &CellIndex| self.plan.again.as_ref().is_none_or(|again| again.binary_search(place).is_ok());
        while let Some(place) = self.plan.place(number, current.next) {
            if wanted(&place) {
                return;
            }
            self.conversations.pass(place, &current.row, self.plan.known.exchange(place));
            current.next += 1;
        }
        self.current = None;
        // Nothing is wanted of any later row: they need not be read.
        let last = self.plan.again.as_ref().map(|again| again.last().map_or(0, |place| place.row));
        self.all_read |= last.is_some_and(|last| last <= number);
    }

    fn start(&mut self, place: CellIndex, row: Arc<DatasetRow>, fingerprint: u64) {
        let Some(mut request) = self.plan.request(place, &row, fingerprint) else {
            self.failed.get_or_insert(format!("there is no prompt {} in the batch", place.prompt + 1));
            return;
        };
        self.conversations.begin(place, &row, &mut request);
        let answers = self.plan.answers.clone();
        let compared = self.plan.is_compared(place, &row).then(|| {
            let plan = &self.plan;
            let is_asked = |other: &CellIndex| *other == place || !plan.keeps(*other, &row, fingerprint);
            // What is kept is not waited for, though a conversation may have this one asked anew.
            self.comparisons.join(place, || plan.compared(place, &row).into_iter().filter(is_asked).collect())
        });
        let purse = Purse::new(self.spending.clone());
        let mut events = self.pipeline.run_within(request, purse, (answers, compared));
        self.open.insert(place, events.control());
        self.order.insert(place, self.begun);
        self.queue.push_back(BatchEvent::Started { place });
        let resting = Arc::clone(&self.resting);
        self.under_way.push(Box::pin(async move {
            let (mut ended, mut rests): (Option<Box<Outcome>>, Option<RestingCell>) = (None, None);
            let mut sent = Vec::new();
            while let Some(timed) = events.next().await {
                match timed.event {
                    RunEvent::Ended { outcome } => ended = Some(outcome),
                    RunEvent::Prepared { messages, .. } => sent = messages,
                    RunEvent::AttemptFailed { error, .. } if error.class == ErrorKind::RateLimited => {
                        rests.get_or_insert_with(|| RestingCell::new(&resting));
                    }
                    RunEvent::Attempt { .. } => rests = None,
                    _other => {}
                }
            }
            drop(rests);
            let answered = ended.as_ref().filter(|outcome| outcome.end == RunEnd::Done);
            let exchange = answered.map(|outcome| exchange(&sent, outcome));
            Finished { place, row, outcome: ended, exchange }
        }));
    }

    /// Waits until something has changed: a cell ended, a row came, something else is wanted, time is up.
    async fn wait(&mut self) {
        // One row is read ahead, so that it is known whether there is anything left to pause.
        let reads = self.goes_on() && self.current.is_none();
        let timed =
            self.paused.is_none() && self.ending != Ending::Stops && (self.asks_next() || !self.open.is_empty());
        let time_up = if timed { self.budget.deadline(Instant::now()) } else { None };
        // An account that is open again is asked again.
        let opens = self.paused.as_ref().and_then(|pause| pause.shut.as_ref()?.until);
        let opens = opens.filter(|_| self.ending == Ending::Unasked);
        tokio::select! {
            biased;
            changed = self.wanted.changed() => if changed.is_err() {
                // Nobody can want anything any more.
                std::future::pending::<()>().await;
            },
            _ = self.shuts.changed() => {}
            () = self.resting.changed.notified() => {}
            () = self.comparisons.changed.notified() => {}
            () = tokio::time::sleep_until(opens.unwrap_or_else(Instant::now)), if opens.is_some() => {}
            Some((finished, kept)) = self.settling.next(), if !self.settling.is_empty() => self.finish(finished, kept),
            Some(finished) = self.under_way.next(), if !self.under_way.is_empty() => self.settle(finished),
            Some(room) = async { Some(self.room.as_mut()?.await) }, if self.room.is_some() => {
                self.room = None;
                self.is_recorded(room);
            }
            read = self.earlier.read_on(), if self.earlier.is_reading() => if let Err(why) = read {
                self.failed.get_or_insert(why);
            },
            row = self.rows.next(), if reads && !self.all_read => self.take_row(row),
            () = tokio::time::sleep_until(after(Instant::now(), time_up.unwrap_or_default())), if time_up.is_some() => {}
        }
    }

    fn take_row(&mut self, row: Option<Result<DatasetRow, String>>) {
        match row {
            Some(Ok(row)) => {
                self.read += 1;
                self.current = Some(Current { fingerprint: row.fingerprint(), row: Arc::new(row), next: 0 });
                self.pass_over();
                // Told now and then: a row is soon seen by its cells.
                if self.read.is_multiple_of(1000) {
                    self.queue.push_back(BatchEvent::Rows { read: self.read, all: false });
                }
            }
            Some(Err(why)) => {
                self.failed.get_or_insert(why);
            }
            None => {
                self.all_read = true;
                self.budget.expect(0);
                if self.plan.again.is_none() {
                    self.budget.total = Some(self.read * self.plan.cells_of_a_row() as u64);
                }
                self.queue.push_back(BatchEvent::Rows { read: self.read, all: true });
            }
        }
    }
}

impl Driver {
    /// Tells whether the record can take a further cell: a slow disk slows a batch down, and one that is full
    /// ends it before anything more is paid for.
    pub(crate) fn can_be_recorded(&mut self) -> bool {
        let recorder = &self.pipeline.shared.ports.recorder;
        let mut room = self.room.take().unwrap_or_else(|| {
            let recorder = Arc::clone(recorder);
            Box::pin(async move { recorder.room().await })
        });
        if let Some(room) = (&mut room).now_or_never() {
            return self.is_recorded(room);
        }
        self.room = Some(room);
        false
    }

    /// Notes that nothing can be recorded any more, if so; tells whether something can. What is under way is paid
    /// for and goes on to its end, but no further call is made for it.
    pub(crate) fn is_recorded(&mut self, done: Result<(), String>) -> bool {
        let Err(why) = done else { return true };
        self.spending.close(&why);
        self.failed.get_or_insert(why);
        false
    }

    /// Waits for what came of a cell to be durable, while others are asked in its place.
    pub(crate) fn settle(&mut self, finished: Finished) {
        self.open.remove(&finished.place);
        let is_cut = finished.outcome.as_ref().is_some_and(|outcome| outcome.end == RunEnd::Cancelled);
        self.comparisons.ended(finished.place, is_cut);
        if let Some(outcome) = &finished.outcome {
            // What it took is spent, whether it can be kept or not.
            let cell = Cell::of(finished.place, outcome);
            match outcome.end {
                RunEnd::Cancelled => self.budget.before([&cell]),
                RunEnd::Done | RunEnd::Failed { .. } | RunEnd::Interrupted { .. } => self.budget.take(&cell),
            }
        }
        let recorder = Arc::clone(&self.pipeline.shared.ports.recorder);
        let mut settling: Settling = Box::pin(async move {
            // Of a cell that was never asked there is nothing to keep.
            let asked =
                finished.outcome.as_ref().filter(|outcome| outcome.end != RunEnd::Cancelled || outcome.attempts > 0);
            let kept = match asked {
                Some(outcome) => recorder.settled(outcome.run).await,
                None => Ok(()),
            };
            (finished, kept)
        });
        match (&mut settling).now_or_never() {
            Some((finished, kept)) => self.finish(finished, kept),
            None => self.settling.push(settling),
        }
    }

    pub(crate) fn finish(&mut self, finished: Finished, kept: Result<(), String>) {
        let Finished { place, row, outcome, exchange } = finished;
        self.order.remove(&place);
        let Some(outcome) = outcome else { return };
        if outcome.end != RunEnd::Cancelled {
            self.conversations.end(place, &row, exchange);
        }
        let cell = Box::new(Cell::of(place, &outcome));
        if !self.is_recorded(kept) {
            self.queue.push_back(BatchEvent::Unrecorded { cell, outcome, row });
            return;
        }
        if outcome.end == RunEnd::Cancelled {
            if self.ending == Ending::Stops {
                self.cut += 1;
            } else {
                self.again.push_back((place, Arc::clone(&row)));
                if outcome.attempts == 0 {
                    return;
                }
            }
        }
        self.queue.push_back(BatchEvent::Cell { cell, outcome, row });
    }

    /// Says how it ended, once nothing is under way and nothing further is to be.
    pub(crate) fn end(&mut self) -> Option<BatchEnd> {
        if !self.under_way.is_empty() || !self.settling.is_empty() {
            return None;
        }
        if let Some(why) = self.failed.take() {
            return Some(BatchEnd::Failed { why });
        }
        let complete = self.current.is_none() && self.again.is_empty() && self.all_read && self.cut == 0;
        if self.ending != Ending::Unasked && !complete {
            return Some(match self.paused.take() {
                Some(Pause { why, cap: Some(cap), .. }) => BatchEnd::Capped { cap, why },
                _ => BatchEnd::Stopped,
            });
        }
        complete.then_some(BatchEnd::Complete)
    }
}
