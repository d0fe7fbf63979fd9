//! Experiments behind the screen: looked at, begun, stopped, each answering under its ticket.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::{mpsc, watch};

use crate::{
    app::{
        Event, Ticket,
        event::{ExperimentEnd, ExperimentKind, ExperimentNews, ExperimentPlan, ExperimentReach, ExperimentRequest},
    },
    engine::{
        Workspace, ablate,
        batch::{BatchPreview, preview},
        experiment,
        experiment::{ExperimentLine, ExperimentStop, request_of},
        improve,
        improve::{ImproveOptions, forecast},
    },
    eval::ablate::{fewest_rows, units},
    model::{DatasetRow, Prompt, error::StoreError},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    terminal::{
        batch_tasks::Previews,
        ready::{Ready, ready},
    },
};

/// The seed of the order of rows, as at the command line.
const SEED: u64 = 1;

/// Events that wait to be told, at most.
const WAITING: usize = 64;

/// The experiments under way, each with the way to stop it.
#[derive(Default)]
pub(crate) struct ExperimentTasks {
    under_way: BTreeMap<Ticket, watch::Sender<bool>>,
    pub(crate) previews: Previews,
}

impl ExperimentTasks {
    /// Notes one that is about to begin; the receiver hears when it is to stop.
    pub(crate) fn note(&mut self, ticket: Ticket) -> watch::Receiver<bool> {
        self.under_way.retain(|_, stop| !stop.is_closed());
        let (stop, stopped) = watch::channel(false);
        self.under_way.insert(ticket, stop);
        stopped
    }

    pub(crate) fn stop(&self, ticket: Ticket) {
        if let Some(stop) = self.under_way.get(&ticket) {
            stop.send_replace(true);
        }
    }

    pub(crate) fn stop_all(&self) {
        for stop in self.under_way.values() {
            stop.send_replace(true);
        }
    }
}

/// What every experiment is begun with.
#[derive(Clone)]
pub(crate) struct ExperimentDesk {
    pub(crate) setup: Arc<Workspace>,
    pub(crate) store: Arc<Store>,
    pub(crate) engine: Ready,
    pub(crate) inbox: mpsc::Sender<Event>,
    pub(crate) previews: Previews,
}

/// An experiment with everything that it takes.
struct Prepared {
    plan: ExperimentPlan,
    planned: BatchPreview,
    rows: Vec<Arc<DatasetRow>>,
    /// How it is improved; none where it is ablated.
    options: Option<ImproveOptions>,
}

impl ExperimentDesk {
    /// Finds out what an experiment can show and will take, and reports it, unless another one is asked for meanwhile.
    pub(crate) async fn plan(self, ticket: Ticket, request: ExperimentRequest) {
        let Some(_turn) = self.previews.turn(ticket).await else {
            return;
        };
        let planned = self.prepare(&request).await.map(|prepared| Box::new(prepared.plan));
        let planned = planned.map_err(|error| error.message);
        let _ = self.inbox.send(Event::ExperimentPlanned(ticket, planned)).await;
    }

    /// Reads the prompt as its file has it now; that of the batch where there is none.
    async fn prompt(
        &self,
        request: &ExperimentRequest,
    ) -> Result<(Prompt, Option<String>, Option<String>), StoreError> {
        let Some((name, asked)) = request.batch.spec.prompts.first() else {
            return Err(StoreError::wrong("the batch has no prompt"));
        };
        Ok(match self.store.ask(StoreRequest::OpenPrompt(name.clone())).await {
            Ok(StoreReply::Prompt { prompt, file, .. }) => {
                // The batch names the format that the file may leave open.
                let settled = |prompt: &Prompt| {
                    let mut prompt = prompt.version();
                    prompt.response.format = prompt.format().0;
                    prompt
                };
                let is_other = settled(&prompt) != settled(asked);
                let note = is_other.then(|| format!("{name} was edited since the batch: it is taken as it is now"));
                (*prompt, file, note)
            }
            Ok(_) | Err(_) => {
                (asked.clone(), None, Some(format!("{name} has no file: it is taken as the batch has asked it")))
            }
        })
    }

    async fn prepare(&self, request: &ExperimentRequest) -> Result<Prepared, StoreError> {
        let (prompt, file, note) = self.prompt(request).await?;
        let resolve =
            |name: &str| self.setup.catalog.resolve(name).map_err(|error| StoreError::wrong(error.to_string()));
        resolve(&request.model)?;
        let options = match &request.kind {
            ExperimentKind::Improve { by, candidates } => {
                Some(ImproveOptions { by: resolve(by)?, candidates: *candidates, seed: SEED })
            }
            ExperimentKind::Ablate => None,
        };
        let name = request.prompt_name().to_owned();
        let asked = request_of((*request.batch).clone(), name, prompt.clone(), Some(request.model.clone()));
        let planned = preview(&self.setup, &self.store, asked).await?;
        if let Some(missing) = planned.missing.first() {
            return Err(StoreError::wrong(format!("{{{{ {} }}}} has no value in the data set", missing.variable)));
        }
        let reading = planned.clone();
        let rows = tokio::task::spawn_blocking(move || experiment::rows_of(&reading)).await;
        let rows = rows.unwrap_or_else(|_| Err(StoreError::new("reading the data set stopped; please report this")))?;
        let (reach, cells, on_record) = if let Some(options) = &options {
            let forecast = forecast(&rows, options.candidates)?;
            let on_record = improve::on_record(&self.store, &planned, &rows, options, &forecast).await?;
            let cells = (forecast.cells, forecast.most);
            (ExperimentReach::Improve(Box::new(forecast)), cells, on_record)
        } else {
            let units = units(&prompt).len();
            let (fewest, count) = (fewest_rows(units.max(1)), rows.len());
            if (count as u64) < fewest {
                let words = format!("{count} rows can show nothing of {units} parts: at least {fewest} are needed");
                return Err(StoreError::wrong(words));
            }
            let on_record = ablate::on_record(&self.store, &planned, &rows, SEED).await?;
            (ExperimentReach::Ablate { units, fewest }, ablate::cells(&prompt, count), on_record)
        };
        let by = options.as_ref().map(|options| &options.by);
        let plan = ExperimentPlan {
            prompt: Box::new(prompt),
            file,
            rows: rows.len() as u64,
            reach,
            cells,
            estimate: planned.estimate_of(cells.0),
            unpriced: experiment::unpriced(&planned, by),
            refused: experiment::missing_key(&self.setup, &experiment::asked(&planned, by)),
            on_record,
            notes: note.into_iter().chain(planned.notes.iter().cloned()).collect(),
        };
        Ok(Prepared { plan, planned, rows, options })
    }

    /// Runs an experiment to its end, or until it is stopped.
    pub(crate) async fn run(self, ticket: Ticket, request: ExperimentRequest, stop: watch::Receiver<bool>) {
        let last = match self.drive(ticket, &request, stop).await {
            Ok(news) => news,
            Err(ExperimentStop::Stopped) => ExperimentNews::Ended(ExperimentEnd::Stopped),
            Err(ExperimentStop::Capped(why)) => ExperimentNews::Ended(ExperimentEnd::Capped(why)),
            Err(ExperimentStop::Wrong(why)) => ExperimentNews::Ended(ExperimentEnd::Failed(why)),
            Err(ExperimentStop::Store(error)) => ExperimentNews::Ended(ExperimentEnd::Failed(error.message)),
        };
        self.tell(ticket, vec![last]).await;
    }

    async fn tell(&self, ticket: Ticket, news: Vec<ExperimentNews>) {
        let _ = self.inbox.send(Event::Experiment(ticket, news)).await;
    }

    async fn drive(
        &self,
        ticket: Ticket,
        request: &ExperimentRequest,
        stop: watch::Receiver<bool>,
    ) -> Result<ExperimentNews, ExperimentStop> {
        let Prepared { plan, planned, rows, options } = self.prepare(request).await?;
        let by = options.as_ref().map(|options| &options.by);
        let asked = experiment::asked(&planned, by);
        if request.limits.cost.is_some() && !plan.unpriced.is_empty() {
            let names = plan.unpriced.join(", ");
            return Err(ExperimentStop::Wrong(format!("a limit on cost cannot hold: price unknown for {names}")));
        }
        if let Some(words) = &plan.refused {
            return Err(ExperimentStop::Wrong(words.clone()));
        }
        let Some(engine) = ready(self.engine.clone()).await else {
            return Err(ExperimentStop::Wrong("starting failed; start retort again".to_owned()));
        };
        engine.read_keys(asked).await;
        let prompt = (*plan.prompt).clone();
        self.tell(ticket, vec![ExperimentNews::Begins(Box::new(plan))]).await;
        let (events, mut told) = mpsc::channel(WAITING);
        let line = ExperimentLine { events, stop };
        let (parts, bounds) = ((&*engine, &*self.store), (request.limits, request.anew));
        let work = async {
            match &options {
                Some(options) => improve::run(parts, (planned.clone(), rows), &prompt, options, bounds, line)
                    .await
                    .map(|improved| ExperimentNews::Improved(Box::new(improved))),
                None => ablate::run(parts, (planned.clone(), rows), SEED, bounds, line)
                    .await
                    .map(|ablated| ExperimentNews::Ablated(Box::new(ablated))),
            }
        };
        let pass_on = async {
            let mut some = Vec::new();
            while told.recv_many(&mut some, WAITING).await > 0 {
                self.tell(ticket, some.drain(..).map(ExperimentNews::Told).collect()).await;
            }
        };
        // The sender of the events is gone once the work is done.
        let (ended, ()) = tokio::join!(work, pass_on);
        ended
    }
}
