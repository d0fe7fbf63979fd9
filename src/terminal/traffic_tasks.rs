//! Behind the traffic screen: an endpoint for programs that is asked for its calls while the screen is shown, and told what
//! becomes of them; rows of calls are written.

use std::{path::Path, sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    app::{
        Event,
        event::{RowsWritten, TrafficCommand},
    },
    engine::{Workspace, rows_of_runs::RowsOfRuns, traffic::TrafficClient},
    model::{RunId, error::StoreError},
    promptfoo::rows_file::RowsFile,
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
};

/// How long it is waited where no endpoint answers, before it is looked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// The least time between two looks: an answer that streams is news with every piece.
const PAUSE: Duration = Duration::from_millis(100);

/// The task that watches, stopped when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct TrafficWatch(Option<JoinHandle<()>>);

impl Drop for TrafficWatch {
    fn drop(&mut self) {
        self.set(None);
    }
}

impl TrafficWatch {
    fn set(&mut self, task: Option<JoinHandle<()>>) {
        if let Some(before) = std::mem::replace(&mut self.0, task) {
            before.abort();
        }
    }

    /// Begins to watch, or ends.
    pub(crate) fn watch(&mut self, watches: bool, setup: &Arc<Workspace>, inbox: &mpsc::Sender<Event>) {
        let (setup, inbox) = (Arc::clone(setup), inbox.clone());
        self.set(watches.then(|| tokio::spawn(watch(setup, inbox))));
    }
}

fn client(setup: &Workspace) -> Result<TrafficClient, String> {
    TrafficClient::find(&setup.places, &|name| setup.environment.value(name))
}

/// Reports the calls of the endpoint, as often as there is news of them.
async fn watch(setup: Arc<Workspace>, inbox: mpsc::Sender<Event>) {
    let mut told: Option<String> = None;
    loop {
        let mut after = None;
        let failed = match client(&setup) {
            Err(failed) => failed,
            Ok(client) => loop {
                match client.list(after).await {
                    Ok(live) => {
                        told = None;
                        let is_news = after != Some(live.revision);
                        after = Some(live.revision);
                        if is_news && inbox.send(Event::Traffic(Ok(live))).await.is_err() {
                            return;
                        }
                        tokio::time::sleep(PAUSE).await;
                    }
                    Err(failed) => break failed,
                }
            },
        };
        if told.as_ref() != Some(&failed) {
            told = Some(failed.clone());
            if inbox.send(Event::Traffic(Err(failed))).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Tells the endpoint something, and reports what it says.
pub(crate) async fn command(setup: Arc<Workspace>, command: TrafficCommand) -> Option<Event> {
    let fault = |why: String| Some(Event::Fault(why));
    let client = match client(&setup) {
        Ok(client) => client,
        Err(why) => return fault(why),
    };
    let done = match command {
        // Of a call that is not kept any more nothing is said.
        TrafficCommand::Texts(id) => {
            return client.texts(id).await.ok().map(|texts| Event::TrafficTexts(id, texts));
        }
        TrafficCommand::Answer(id, answer) => client.answer(id, &answer).await,
        TrafficCommand::Hold(text) => client.hold(text.as_deref()).await,
        TrafficCommand::FailCalls(rule) => client.fail(rule.as_ref()).await,
        TrafficCommand::Ask { path, body } => client.ask(&path, &body).await,
    };
    done.err().and_then(fault)
}

/// Adds rows of runs to a data set, and reports how many.
pub(crate) async fn write_rows(setup: &Workspace, store: &Store, runs: Vec<RunId>, file: String) -> Event {
    match rows_written(setup, store, runs, file).await {
        Ok(written) => Event::RowsWritten(written),
        Err(error) => Event::Fault(error.message),
    }
}

async fn rows_written(
    setup: &Workspace,
    store: &Store,
    runs: Vec<RunId>,
    path: String,
) -> Result<RowsWritten, StoreError> {
    let defect = |_ended| StoreError::new("the rows were not written by a defect in retort");
    let limits = setup.settings.intake;
    let opened = tokio::task::spawn_blocking(move || RowsFile::open(Path::new(&path), limits));
    let file = opened.await.map_err(defect)??;
    let mut made = RowsOfRuns::default();
    file.know(&mut made.known);
    for run in runs {
        if let StoreReply::Run(run) = store.ask(StoreRequest::OpenRun(run)).await? {
            made.take(&run);
        }
    }
    let RowsOfRuns { rows, alike, empty, known: _ } = made;
    let written = RowsWritten { file: file.shown(), rows: rows.len() as u64, alike, empty };
    tokio::task::spawn_blocking(move || file.add(&rows)).await.map_err(defect)??;
    Ok(written)
}
