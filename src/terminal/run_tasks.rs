//! Work behind the screen: runs and store jobs, each a task that answers under its ticket.

use std::{collections::BTreeMap, future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

use crate::{
    app::{
        Effect, Event, Ticket,
        event::{BatchCommand, ExperimentRequest, InboxWanted, Listing, TrafficCommand},
    },
    config::{favourites, key_file},
    engine::{
        Engine, Workspace,
        model_lists::{ListAnswer, ListScope, recent_targets},
    },
    model::{RunId, RunRequest, batch::BatchRequest},
    pipeline::{
        TimedEvent,
        compared_runs::{ComparedRun, compare_runs},
        event::RunEvent,
    },
    store::{Store, api::StoreRequest},
    terminal::{
        TerminalError,
        batch_tasks::{BatchTasks, Desk},
        clipboard,
        clipboard::Copied,
        crash,
        experiment_tasks::{ExperimentDesk, ExperimentTasks},
        path_completion,
        ready::{Ready, ready},
        traffic_tasks,
        traffic_tasks::TrafficWatch,
    },
    text::Pasted,
};

/// How many messages may wait for the loop; whoever sends more waits.
const INBOX: usize = 1024;

/// How many events of a run that have come already are taken together: text that streams faster
/// than the screen is drawn reaches the loop in few pieces, so that it is free for the keys.
const TOGETHER: usize = 64;

/// How long runs that are stopped at the end may take to be recorded.
const ENDING: Duration = Duration::from_secs(2);

/// How long the disk may take at the end.
const CLOSING: Duration = Duration::from_secs(6);

/// Everything under way. Runs handed over before the engine is up wait for it.
pub(crate) struct RunTasks {
    inbox: mpsc::Sender<Event>,
    setup: Arc<Workspace>,
    engine: Ready,
    store: Arc<Store>,
    runs: BTreeMap<Ticket, mpsc::Sender<Hurry>>,
    /// Runs about to be started whose answers are compared with each other.
    beside: BTreeMap<Ticket, ComparedRun>,
    desk: Desk,
    batches: BatchTasks,
    experiments: ExperimentTasks,
    tasks: JoinSet<()>,
    traffic: TrafficWatch,
    /// Those who wait for an answer, of the disk, a program or a server; at the end nobody wants it any more.
    waiting: JoinSet<()>,
}

/// The engine did not come up.
struct NotUp;

/// Cuts a run's wait short. A run whose sender of these is gone is stopped.
struct Hurry;

impl RunTasks {
    /// Begins: `open` is called aside, because the HTTP client takes longer than a frame.
    /// What comes of the work arrives in the inbox.
    pub(crate) fn begin(
        store: Arc<Store>,
        setup: Arc<Workspace>,
        open: impl FnOnce() -> Engine + Send + 'static,
    ) -> (Self, mpsc::Receiver<Event>) {
        let (inbox, messages) = mpsc::channel(INBOX);
        let (up, engine) = watch::channel(None);
        let mut tasks = JoinSet::new();
        let opening = inbox.clone();
        tasks.spawn(async move {
            match tokio::task::spawn_blocking(open).await {
                Ok(engine) => {
                    let engine = Arc::new(engine);
                    engine.people.attend();
                    up.send_replace(Some(Arc::clone(&engine)));
                    let quirks = engine.pipeline.read_quirks().await;
                    let _ = opening.send(Event::Quirks(Box::new(quirks))).await;
                }
                Err(_) => error(&opening, "starting failed by a defect in retort; see `retort paths`".to_owned()).await,
            }
        });
        let (mut errors, reporting) = (store.errors(), inbox.clone());
        tokio::spawn(async move {
            while let Some(found) = errors.recv().await {
                error(&reporting, found.to_string()).await;
            }
        });
        let desk = Desk::new(Arc::clone(&setup), Arc::clone(&store), engine.clone(), inbox.clone());
        (
            Self {
                inbox,
                setup,
                engine,
                store,
                runs: BTreeMap::new(),
                beside: BTreeMap::new(),
                desk,
                batches: BatchTasks::default(),
                experiments: ExperimentTasks::default(),
                tasks,
                traffic: TrafficWatch::default(),
                waiting: JoinSet::new(),
            },
            messages,
        )
    }

    /// Notes which of the runs that one step starts are compared with each other, where their prompts ask for it.
    pub(crate) fn note_compared(&mut self, effects: &[Effect]) {
        let started = effects.iter().filter_map(|effect| {
            let Effect::Start(ticket, request) = effect else { return None };
            Some((*ticket, &**request))
        });
        let (tickets, requests): (Vec<Ticket>, Vec<&RunRequest>) = started.unzip();
        let noted = tickets.into_iter().zip(compare_runs(&requests));
        self.beside = noted.filter_map(|(ticket, beside)| Some((ticket, beside?))).collect();
    }

    pub(crate) fn start(&mut self, ticket: Ticket, request: RunRequest) {
        self.runs.retain(|_, hurry| !hurry.is_closed());
        let (hurry, hurried) = mpsc::channel(1);
        self.runs.insert(ticket, hurry);
        let inbox = self.inbox.clone();
        let asked = (request.clone(), self.beside.remove(&ticket));
        let run = tokio::spawn(run(self.engine.clone(), ticket, asked, hurried, self.inbox.clone()));
        self.spawn(async move {
            let failed = match run.await {
                Ok(Ok(())) => return,
                Ok(Err(NotUp)) => "nothing can be run: starting failed; start retort again",
                Err(_) => "a defect in retort ended the run; `retort paths` says where the report is",
            };
            let _ = inbox.send(Event::Run(ticket, crash::ended(&request, failed))).await;
        });
    }

    /// Stops a run; what came of it is recorded.
    pub(crate) fn stop(&mut self, ticket: Ticket) {
        self.runs.remove(&ticket);
    }

    /// Cuts the wait short that a run is in.
    pub(crate) fn retry_now(&self, ticket: Ticket) {
        if let Some(hurry) = self.runs.get(&ticket) {
            // One that has not been heard yet does as well as two.
            let _ = hurry.try_send(Hurry);
        }
    }

    /// Gives a call of a run its result; says so where nobody waits for it any more.
    pub(crate) fn answer_call(&mut self, run: RunId, call: String, result: String) {
        let (engine, inbox) = (self.engine.clone(), self.inbox.clone());
        self.spawn(async move {
            let Some(engine) = ready(engine).await else { return };
            if !engine.people.answer(run, &call, result) {
                error(&inbox, "the run does not wait for this result any more".to_owned()).await;
            }
        });
    }

    /// Looks at a batch.
    pub(crate) fn plan_batch(&mut self, ticket: Ticket, request: BatchRequest) {
        self.spawn(self.desk.clone().plan(ticket, request));
    }

    pub(crate) fn start_batch(&mut self, ticket: Ticket, request: BatchRequest) {
        let alone = self.batches.none();
        let commands = self.batches.note(ticket);
        self.spawn(self.desk.clone().run(ticket, request, commands, alone));
    }

    /// Reads a prompt's baseline and what a batch came to.
    pub(crate) fn read_inbox(&mut self, ticket: Ticket, wanted: InboxWanted) {
        self.spawn(self.desk.clone().read_inbox(ticket, wanted));
    }

    /// Tells a batch something.
    pub(crate) fn tell_batch(&self, ticket: Ticket, control: BatchCommand) {
        self.batches.send(ticket, control);
    }

    /// Looks at an experiment.
    pub(crate) fn plan_experiment(&mut self, ticket: Ticket, request: ExperimentRequest) {
        self.spawn(self.experiment_desk().plan(ticket, request));
    }

    pub(crate) fn start_experiment(&mut self, ticket: Ticket, request: ExperimentRequest) {
        let stop = self.experiments.note(ticket);
        self.spawn(self.experiment_desk().run(ticket, request, stop));
    }

    pub(crate) fn stop_experiment(&mut self, ticket: Ticket) {
        self.experiments.stop(ticket);
    }

    fn experiment_desk(&self) -> ExperimentDesk {
        ExperimentDesk {
            setup: Arc::clone(&self.setup),
            store: Arc::clone(&self.store),
            engine: self.engine.clone(),
            inbox: self.inbox.clone(),
            previews: self.experiments.previews.clone(),
        }
    }

    /// Hands the store a job; jobs are done in the order they come.
    pub(crate) fn store(&mut self, ticket: Ticket, job: StoreRequest) {
        let answer = self.store.ask(job);
        self.wait(async move { Event::Stored(ticket, answer.await) });
    }

    /// Completes a path, if its disk answers.
    pub(crate) fn complete(&mut self, ticket: Ticket, path: String) {
        let begun = path.clone();
        let looked = tokio::task::spawn_blocking(move || path_completion::complete(&path));
        self.wait(async move {
            let (path, choices) = looked.await.unwrap_or_else(|_| (begun, Vec::new()));
            Event::Completed(ticket, path, choices)
        });
    }

    /// Copies a text.
    pub(crate) fn copy(&mut self, what: String, text: Pasted) {
        let setup = Arc::clone(&self.setup);
        self.wait(async move {
            match clipboard::copy(text.as_str(), &setup.environment, &setup.places.state).await {
                Copied::Done(way) => Event::Copied { what, way, send: None },
                Copied::Send(way) => Event::Copied { what, way, send: Some(text) },
                Copied::Failed(why) => Event::Fault(why),
            }
        });
    }

    /// Reports what comes of waiting for the disk or a program.
    fn wait(&mut self, answer: impl Future<Output = Event> + Send + 'static) {
        while self.waiting.try_join_next().is_some() {}
        let inbox = self.inbox.clone();
        self.waiting.spawn(async move {
            let _ = inbox.send(answer.await).await;
        });
    }

    /// Asks the engine something once it is up, and reports what it says.
    pub(crate) fn ask<F>(&mut self, question: impl FnOnce(Arc<Engine>) -> F + Send + 'static)
    where
        F: Future<Output = Event> + Send + 'static,
    {
        let (engine, inbox) = (self.engine.clone(), self.inbox.clone());
        while self.waiting.try_join_next().is_some() {}
        self.waiting.spawn(async move {
            if let Some(engine) = ready(engine).await {
                let _ = inbox.send(question(engine).await).await;
            }
        });
    }

    /// Reports who can be asked as far as that is known at once, and then what each provider says that it serves; where
    /// all are asked again, at last who did.
    pub(crate) fn list_models(&mut self, listing: Listing) {
        while self.waiting.try_join_next().is_some() {}
        let (engine, inbox) = (self.engine.clone(), self.inbox.clone());
        let (setup, store) = (Arc::clone(&self.setup), Arc::clone(&self.store));
        self.waiting.spawn(async move {
            let reading = Arc::clone(&setup);
            let Ok((mut facts, unread)) = tokio::task::spawn_blocking(move || reading.model_facts()).await else {
                return;
            };
            facts.recent = recent_targets(&store).await;
            let _ = inbox.send(Event::Models(Box::new(facts))).await;
            if let Some(unread) = unread {
                error(&inbox, unread.to_string()).await;
            }
            let Some(engine) = ready(engine).await else { return };
            let scope = match listing {
                Listing::Old => ListScope::Stale,
                Listing::Again => ListScope::Quiet,
            };
            let mut answered = Vec::new();
            let mut answers = pin!(setup.ask_model_lists(&engine.providers, scope, Timestamp::now()));
            while let Some(ListAnswer { provider, list }) = answers.next().await {
                // Who does not answer is no trouble of the person who looks at the list.
                if let Ok(models) = list {
                    answered.push((provider.clone(), models.len()));
                    let _ = inbox.send(Event::Served(provider, models)).await;
                }
            }
            if listing == Listing::Again {
                let _ = inbox.send(Event::LookedAgain(answered)).await;
            }
        });
    }

    /// Has a model come first in the list of models, or no longer.
    pub(crate) fn set_favourite(&mut self, model: String, favourite: bool) {
        let setup = Arc::clone(&self.setup);
        let set = tokio::task::spawn_blocking(move || favourites::set(&setup.places, &model, favourite));
        self.wait(async move {
            match set.await {
                Ok(Ok(favourites)) => Event::Favourites(favourites),
                Ok(Err(error)) => Event::Fault(error.to_string()),
                Err(_) => Event::Fault("the favourites were not written by a defect in retort".to_owned()),
            }
        });
    }

    /// Writes the keys of an action to the settings; says so where that cannot be done.
    pub(crate) fn set_keys(&mut self, action: String, chords: Vec<String>) {
        let (setup, inbox) = (Arc::clone(&self.setup), self.inbox.clone());
        self.spawn(async move {
            let set = tokio::task::spawn_blocking(move || key_file::set(&setup.places, &action, &chords)).await;
            match set {
                Ok(Ok(())) => {}
                Ok(Err(failed)) => error(&inbox, failed.to_string()).await,
                Err(_) => error(&inbox, "the keys were not written by a defect in retort".to_owned()).await,
            }
        });
    }

    /// Has the endpoint for programs asked for its calls, or no longer.
    pub(crate) fn watch_traffic(&mut self, watches: bool) {
        self.traffic.watch(watches, &self.setup, &self.inbox);
    }

    /// Tells the endpoint for programs something.
    pub(crate) fn tell_endpoint(&mut self, command: TrafficCommand) {
        while self.waiting.try_join_next().is_some() {}
        let (setup, inbox) = (Arc::clone(&self.setup), self.inbox.clone());
        self.waiting.spawn(async move {
            if let Some(event) = traffic_tasks::command(setup, command).await {
                let _ = inbox.send(event).await;
            }
        });
    }

    /// Adds rows of runs to a data set. What was begun is written, even at the end.
    pub(crate) fn write_rows(&mut self, runs: Vec<RunId>, file: String) {
        let (setup, store, inbox) = (Arc::clone(&self.setup), Arc::clone(&self.store), self.inbox.clone());
        self.spawn(async move {
            let _ = inbox.send(traffic_tasks::write_rows(&setup, &store, runs, file).await).await;
        });
    }

    fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(task);
    }

    /// Stops every run, waits until they are recorded and every job is done, and closes the store.
    pub(crate) async fn end(mut self, messages: mpsc::Receiver<Event>) -> Result<(), TerminalError> {
        // Nobody reads any more: senders must not wait for room.
        drop(messages);
        self.runs.clear();
        self.batches.stop();
        self.experiments.stop_all();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(ENDING, all).await.is_err() {
            tracing::warn!("work was still under way at the end");
        }
        let store = Arc::clone(&self.store);
        match tokio::task::spawn_blocking(move || store.close(CLOSING)).await {
            Ok(closed) => Ok(closed?),
            Err(_) => Err(TerminalError::Words("closing the files failed by a defect in retort".to_owned())),
        }
    }
}

async fn error(inbox: &mpsc::Sender<Event>, words: String) {
    let _ = inbox.send(Event::Fault(words)).await;
}

async fn run(
    engine: Ready,
    ticket: Ticket,
    (request, beside): (RunRequest, Option<ComparedRun>),
    mut hurried: mpsc::Receiver<Hurry>,
    inbox: mpsc::Sender<Event>,
) -> Result<(), NotUp> {
    let engine = ready(engine).await.ok_or(NotUp)?;
    engine.read_keys(request.targets.iter().chain(request.judges.values())).await;
    let events = engine.pipeline.run_compared(request, beside);
    let control = events.control();
    let mut events = events.ready_chunks(TOGETHER);
    let mut watched = true;
    loop {
        tokio::select! {
            biased;
            hurry = hurried.recv(), if watched => if hurry.is_some() {
                control.retry_now();
            } else {
                watched = false;
                control.stop();
            },
            chunk = events.next() => {
                let Some(timed) = chunk else { return Ok(()) };
                // At the end nobody listens, but the run must still be driven to its record.
                for timed in joined(timed) {
                    // What the run has taught is known before its answer is held against what would be sent.
                    if matches!(timed.event, RunEvent::Ended { .. }) {
                        let _ = inbox.send(Event::Quirks(Box::new(engine.pipeline.quirks()))).await;
                    }
                    let _ = inbox.send(Event::Run(ticket, timed)).await;
                }
            }
        }
    }
}

/// Joins texts that follow each other in the same part of an answer; each keeps the time of its
/// first piece.
fn joined(timed: Vec<TimedEvent>) -> Vec<TimedEvent> {
    let mut all: Vec<TimedEvent> = Vec::with_capacity(1);
    for next in timed {
        if let (
            Some(TimedEvent { event: RunEvent::Delta { attempt, part, text }, .. }),
            RunEvent::Delta { attempt: same, part: own, text: more },
        ) = (all.last_mut(), &next.event)
            && *attempt == *same
            && *part == *own
        {
            text.push_str(more);
        } else {
            all.push(next);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::event::DeltaPart;

    fn delta(at: u64, attempt: u32, part: DeltaPart, text: &str) -> TimedEvent {
        let event = RunEvent::Delta { attempt, part, text: text.to_owned() };
        TimedEvent { at: Duration::from_millis(at), event }
    }

    #[test]
    fn texts_are_joined_but_not_across_parts_attempts_and_other_events() {
        let served =
            TimedEvent { at: Duration::from_millis(5), event: RunEvent::Served { attempt: 1, model: "m".to_owned() } };
        let commands = vec![
            delta(1, 1, DeltaPart::Reasoning, "hm"),
            delta(2, 1, DeltaPart::Text, "a"),
            delta(3, 1, DeltaPart::Text, "b"),
            delta(4, 1, DeltaPart::Text, "c"),
            served.clone(),
            delta(6, 1, DeltaPart::Text, "d"),
            delta(7, 2, DeltaPart::Text, "e"),
        ];
        let few = vec![
            delta(1, 1, DeltaPart::Reasoning, "hm"),
            delta(2, 1, DeltaPart::Text, "abc"),
            served,
            delta(6, 1, DeltaPart::Text, "d"),
            delta(7, 2, DeltaPart::Text, "e"),
        ];
        assert_eq!(joined(commands), few);
    }
}
