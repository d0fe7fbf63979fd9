//! What a screen asks of the store: each request with the shape of its reply, and who waits for it.

use std::{collections::BTreeMap, fmt, fmt::Debug};

use jiff::Timestamp;

use crate::{
    app::{
        context::Cx,
        event::{Effect, Ticket},
    },
    eval::quality::QualityReport,
    model::{
        BatchId, CellIndex, Prompt, Quality, RunId,
        error::StoreError,
        query::{Query, Vocabulary},
    },
    pipeline::ports::RunRecord,
    store::api::{
        BatchEntry, CellRow, HistoryEntry, HistoryPage, NewThreshold, PageStart, PairedComparison, Points, PromptFile,
        StoreReply, StoreRequest,
    },
};

/// A request with the shape of its reply.
#[derive(Debug)]
pub(crate) struct Ask<R> {
    request: StoreRequest,
    read: fn(StoreReply) -> Option<R>,
}

/// Ties requests to their replies.
macro_rules! asks {
    ($($(#[$about:meta])* $name:ident($($field:ident: $kind:ty),*) -> $reply:ty {
        $request:expr; $answer:pat => $value:expr
    })*) => {
        $($(#[$about])*
        pub(crate) fn $name($($field: $kind),*) -> Ask<$reply> {
            Ask { request: $request, read: |reply| if let $answer = reply { Some($value) } else { None } }
        })*
    };
}

asks! {
    /// Reads a run's record.
    open_run(run: RunId) -> Box<RunRecord> {
        StoreRequest::OpenRun(run); StoreReply::Run(record) => record
    }
    /// Reads every verdict that was given on a run, the earliest first.
    judgements(run: RunId) -> Vec<(Timestamp, Quality)> {
        StoreRequest::Judgements(run); StoreReply::Judgements(all) => all
    }
    /// Reads a page of the runs that a query asks for.
    history(query: Query, after: Option<PageStart>, limit: usize) -> HistoryPage {
        StoreRequest::History { query: Box::new(query), after, limit }; StoreReply::History(page) => page
    }
    /// Counts the runs that a query asks for; returns how many, and whether there may be more.
    count_runs(query: Query) -> (u64, bool) {
        StoreRequest::CountRuns(Box::new(query)); StoreReply::Counted { runs, more } => (runs, more)
    }
    /// Lists the names that values of filters can have.
    vocabulary() -> Box<Vocabulary> {
        StoreRequest::Vocabulary; StoreReply::Vocabulary(names) => names
    }
    /// Keeps a run when others are pruned, or no longer.
    pin_run(run: RunId, pinned: bool) -> u64 {
        StoreRequest::PinRuns { runs: vec![run], pinned }; StoreReply::Pinned(runs) => runs
    }
    /// Removes a run with all that is known of it.
    remove_run(run: RunId) -> () {
        StoreRequest::RemoveRuns(vec![run]); StoreReply::Pruned(_) => ()
    }
    /// Compares the runs of two queries input by input.
    weigh(queries: [Box<Query>; 2]) -> Box<PairedComparison> {
        { let [a, b] = queries; StoreRequest::Weigh { a, b } }; StoreReply::Weighed(weighed) => weighed
    }
    /// Sums the runs up that a query asks for.
    report(query: Query) -> Box<QualityReport> {
        StoreRequest::Report(Box::new(query)); StoreReply::Report(report) => report
    }
    /// Reads what a threshold sees of the runs that a query asks for.
    points(query: Query, rule: String) -> Box<Points> {
        StoreRequest::Points { query: Box::new(query), rule }; StoreReply::Points(points) => points
    }
    /// Finds a prompt's own file.
    prompt_file(name: String) -> Box<PromptFile> {
        StoreRequest::PromptFile(name); StoreReply::PromptFile(file) => file
    }
    /// Reads the rows of some runs, by their numbers.
    entries(seqs: Vec<i64>) -> Vec<HistoryEntry> {
        StoreRequest::Entries(seqs); StoreReply::Entries(entries) => entries
    }
    /// Writes a threshold to a prompt's file, and reads the file again.
    set_threshold(new: Box<NewThreshold>) -> Box<PromptFile> {
        StoreRequest::SetThreshold(new); StoreReply::ThresholdSet(file) => file
    }
    /// Lists the batches on record, the newest first.
    batches(limit: usize) -> Vec<BatchEntry> {
        StoreRequest::Batches { limit }; StoreReply::Batches(entries) => entries
    }
    /// Reads the cells of a batch from the first on.
    cells(batch: BatchId, limit: usize) -> Vec<CellRow> {
        StoreRequest::Cells { batch, after: None, limit }; StoreReply::Cells(rows) => rows
    }
    /// Reads the runs of a batch's cells after one.
    cell_runs(batch: BatchId, after: CellIndex, limit: usize) -> Vec<RunRecord> {
        StoreRequest::CellRuns { batch, after: Some(after), limit }; StoreReply::CellRuns(records) => records
    }
    /// Reads a prompt; returns its name, too.
    open_prompt(name: String) -> (String, Box<Prompt>) {
        StoreRequest::OpenPrompt(name); StoreReply::Prompt { name, prompt, .. } => (name, prompt)
    }
}

/// What is done with an answer: the screen, what the answer is wanted for, the answer, and what the screen may do.
pub(crate) type Then<S, T, R> = fn(&mut S, T, Result<R, StoreError>, &mut Cx<'_, S>);

/// An answer that is waited for.
trait Waiting<S>: Debug {
    fn finish(self: Box<Self>, screen: &mut S, answer: Result<StoreReply, StoreError>, cx: &mut Cx<'_, S>);
}

struct Question<S, T, R> {
    token: T,
    read: fn(StoreReply) -> Option<R>,
    then: Then<S, T, R>,
}

impl<S, T: Debug, R> Debug for Question<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.token.fmt(f)
    }
}

impl<S, T: Debug, R> Waiting<S> for Question<S, T, R> {
    fn finish(self: Box<Self>, screen: &mut S, answer: Result<StoreReply, StoreError>, cx: &mut Cx<'_, S>) {
        let defect = || StoreError::new("the record answered something else than was asked");
        let answer = answer.and_then(|reply| (self.read)(reply).ok_or_else(defect));
        (self.then)(screen, self.token, answer, cx);
    }
}

/// The answers that a screen waits for.
pub(crate) struct PendingReplies<S>(BTreeMap<Ticket, Box<dyn Waiting<S>>>);

impl<S> Default for PendingReplies<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S> Debug for PendingReplies<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S> PendingReplies<S> {
    /// Tells whether an answer is waited for.
    pub(crate) fn has(&self, ticket: Ticket) -> bool {
        self.0.contains_key(&ticket)
    }
}

impl<S: 'static> Cx<'_, S> {
    /// Asks the store; `then` gets the answer, with the token as it was when it was asked.
    pub(crate) fn ask<T: Debug + 'static, R: 'static>(&mut self, ask: Ask<R>, token: T, then: Then<S, T, R>) {
        let ticket = self.out.ticket();
        let Ask { request, read } = ask;
        self.pending.0.insert(ticket, Box::new(Question { token, read, then }));
        self.out.effects.push(Effect::Store(ticket, request));
    }

    /// Hands an answer to where it is waited for.
    pub(crate) fn answer(&mut self, screen: &mut S, ticket: Ticket, answer: Result<StoreReply, StoreError>) {
        if let Some(waiting) = self.pending.0.remove(&ticket) {
            waiting.finish(screen, answer, self);
        }
    }
}
