//! The start of a batch, the same for both shells: from names and paths to what is asked, what it will take, and the batch
//! under way.

pub(crate) mod footprint;
pub(crate) mod plan;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::time::Instant;

pub use crate::engine::batch::{
    footprint::{Footprint, SentVariable},
    plan::{BatchPreview, bare_note, look, note_of, unlimited, unpriced},
};
use crate::{
    config::trust::Consent,
    dataset,
    dataset::ReadOptions,
    engine::{Engine, Workspace},
    eval::{CheckSuite, check},
    model::{
        BatchId, CacheMode, Catalog, CellIndex, Check, CheckKind, DatasetRow, Expected, Format, Params, Prompt,
        Response, Target,
        batch::{BatchLimits, BatchSpec, Cell},
        error::StoreError,
        expected::EXPECTED,
    },
    pipeline::batch::{BatchPlan, BatchStream, Known, budget::Budget},
    store::{
        Store,
        api::{Begin, StoreReply, StoreRequest},
    },
};

/// A batch as it is wanted.
#[derive(Debug, Clone)]
pub struct BatchRequest {
    /// What is asked. Its mapping is taken over those columns that differ in name from their variables.
    pub spec: BatchSpec,
    /// Which form of answer stands for prompts that name none, and why.
    pub formats: Vec<String>,
    /// Where its rows are read: the data set's path, or that of a copy of the standard input.
    pub source: String,
    /// The files that are read for it beside the data set, for whoever wants to know.
    pub files: Vec<PathBuf>,
    /// How its rows are read.
    pub reading: ReadOptions,
    /// Whether the lines of its rows are those of the data set, and not of a copy of another form.
    pub lines: bool,
    /// Variables that every row has, whatever its columns say.
    pub vars: BTreeMap<String, String>,
    /// The model that judges by rubrics that name none; the default model where unset.
    pub judge: Option<String>,
    /// How the cache is used.
    pub cache: CacheMode,
    /// What may be used.
    pub caps: BatchLimits,
    /// Whether a cap on cost holds for the models whose price is known alone.
    pub allow_unpriced: bool,
    /// Cells under way at once, at most.
    pub concurrency: usize,
    /// Whether a batch that stopped goes on.
    pub begin: Begin,
    /// Asks these cells alone, whatever is known of them.
    pub again: Option<Vec<CellIndex>>,
    /// The session it belongs to.
    pub session: Option<String>,
}

impl BatchRequest {
    /// Makes the order of these prompts on these targets; each prompt's own, or the default model, where
    /// none are named. What is not said is the program's default.
    #[must_use]
    pub fn of(setup: &Workspace, mut prompts: Vec<(String, Prompt)>, data: &str, targets: &[String]) -> Self {
        let mut formats = Vec::new();
        for (name, prompt) in &mut prompts {
            if let (format, Some(why)) = prompt.format() {
                formats.push(format!("{name}: [response] names no format, so it is {why}"));
                prompt.response.format = format;
            }
            if !targets.is_empty() {
                prompt.targets = targets.to_vec();
            } else if prompt.targets.is_empty() {
                prompt.targets = vec![setup.settings.default_model.clone()];
            }
        }
        let first = prompts.first().map(|(_, prompt)| prompt.targets.clone()).unwrap_or_default();
        let same = prompts.iter().all(|(_, prompt)| prompt.targets == first);
        let name = data.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(data);
        let spec = BatchSpec {
            name: if data == "-" { "standard input".to_owned() } else { name.to_owned() },
            data: data.to_owned(),
            prompts,
            targets: if same { first } else { Vec::new() },
            samples: 1,
            mapping: BTreeMap::new(),
            behind: BTreeMap::new(),
            expected: Expected::Auto,
        };
        Self {
            spec,
            formats,
            source: data.to_owned(),
            files: Vec::new(),
            reading: ReadOptions {
                consent: Consent::of(&setup.places, false),
                intake: setup.settings.intake,
                ..ReadOptions::default()
            },
            lines: true,
            vars: BTreeMap::new(),
            judge: None,
            cache: CacheMode::On,
            caps: BatchLimits::default(),
            allow_unpriced: false,
            concurrency: setup.settings.batch.concurrency,
            begin: Begin::Resume,
            again: None,
            session: None,
        }
    }

    /// Lists the names of each prompt's targets, in the order of their places.
    #[must_use]
    pub fn target_names(spec: &BatchSpec) -> Vec<Vec<String>> {
        let own = |prompt: &Prompt| if spec.targets.is_empty() { &prompt.targets } else { &spec.targets }.clone();
        spec.prompts.iter().map(|(_, prompt)| own(prompt)).collect()
    }

    /// Counts the cells of a row.
    #[must_use]
    pub fn cells_of_a_row(&self) -> u64 {
        let lanes: usize = Self::target_names(&self.spec).iter().map(Vec::len).sum();
        lanes as u64 * u64::from(self.spec.samples.max(1))
    }

    /// Lays over a row what holds for all of them, `comparing` what it expects.
    fn completed(&self, mut row: DatasetRow, comparing: Comparing, counts: &mut ExpectedRows) -> DatasetRow {
        row.input.vars.extend(self.vars.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
        row.input.take_text();
        comparing.apply(&mut row, counts);
        if self.reading.keep_going {
            unusable(&mut row.checks);
        }
        judged_by(&mut row.checks, self.judge.as_deref());
        row.line = row.line.filter(|_| self.lines);
        row
    }

    /// Opens its rows.
    fn rows(&self) -> Result<dataset::Dataset, StoreError> {
        dataset::open(&self.source, &self.reading())
    }

    fn reading(&self) -> ReadOptions {
        ReadOptions { mapping: self.spec.mapping.clone(), ..self.reading.clone() }
    }
}

/// Makes those checks that cannot be applied ones that do not run, and say why.
fn unusable(checks: &mut [Check]) {
    for check in checks {
        if let Err(bad) = CheckSuite::new(&Response::default(), std::slice::from_ref(check)) {
            *check = Check::unusable(&check.kind.to_string(), &bad.to_string());
        }
    }
}

/// Names the judge of rubrics that name none.
fn judged_by(checks: &mut [Check], judge: Option<&str>) {
    for check in checks.iter_mut().filter(|check| check.kind.kind == CheckKind::LlmRubric) {
        if check.judge.is_none() {
            check.judge = judge.map(str::to_owned);
        }
    }
}

/// Finds each prompt's targets: the target, then the prompt's fallbacks, none twice.
pub fn targets(catalog: &Catalog, spec: &BatchSpec) -> Result<Vec<Vec<Vec<Target>>>, String> {
    let resolve = |name: &str| catalog.resolve(name).map_err(|fault| fault.to_string());
    let lane = |prompt: &Prompt, name: &String| {
        let mut lane = vec![resolve(name)?];
        for fallback in &prompt.fallback {
            let target = resolve(fallback)?;
            if lane.iter().all(|known| known.name != target.name) {
                lane.push(target);
            }
        }
        Ok(lane)
    };
    let names = BatchRequest::target_names(spec);
    let prompts = spec.prompts.iter().zip(&names);
    prompts.map(|((_, prompt), names)| names.iter().map(|name| lane(prompt, name)).collect()).collect()
}

/// A batch that has begun.
pub struct Begun {
    /// The batch.
    pub id: BatchId,
    /// Whether it goes on where an earlier run stopped.
    pub resumed: bool,
    /// Cells of which something is known from before.
    pub cells: u64,
    /// Cells that are asked.
    pub left: u64,
    /// Cells that earlier runs of it asked and that have no answer yet, with what was used for them.
    pub unanswered: Vec<Cell>,
    /// Whether an earlier run was broken off with calls under way.
    pub crashed: bool,
    /// What was used before, for whoever follows what is used from now on.
    pub budget: Budget,
    /// What it tells.
    pub stream: BatchStream,
}

/// Counts the cells of a batch on record that need not be asked again: those whose rows are as they were.
pub async fn settled(store: &Store, order: &BatchRequest, batch: BatchId) -> Result<u64, StoreError> {
    let StoreReply::Cells(cells) = store.ask(StoreRequest::Cells { batch, after: None, limit: usize::MAX }).await?
    else {
        return Err(StoreError::new("the record does not say which cells have ended; please report this"));
    };
    let known = Known::of(cells.into_iter().map(|row| (row.cell, row.fingerprint)));
    let (own, retry_failed) = (order.clone(), order.begin == Begin::RetryFailed);
    plan::blocking(move || {
        let (comparing, mut counts) = (Comparing::of(&own), ExpectedRows::default());
        let count = |row: Result<DatasetRow, StoreError>| {
            Ok(known.settled_of(&own.completed(row?, comparing, &mut counts), retry_failed))
        };
        own.rows()?.map(count).sum()
    })
    .await
}

/// Begins a batch, or goes on with one, and asks its first cells once the stream is polled. Fails where it has a
/// cap that cannot hold.
///
/// Whoever takes the events in ends it with [`StoreRequest::EndBatch`].
pub async fn start(
    engine: &Engine,
    store: &Store,
    order: &BatchRequest,
    planned: &BatchPreview,
) -> Result<Begun, StoreError> {
    if let Some(words) = unpriced(order, planned) {
        return Err(StoreError::new(words));
    }
    let (spec, how) = (Box::new(order.spec.clone()), order.begin);
    let StoreReply::Batch(mut state) = store.ask(StoreRequest::BeginBatch { spec, how, at: Timestamp::now() }).await?
    else {
        return Err(StoreError::new("the record does not say which batch has begun; please report this"));
    };
    let prompts = order.spec.prompts.iter().map(|(name, prompt)| {
        let mut prompt = prompt.clone();
        judged_by(&mut prompt.checks, order.judge.as_deref());
        (name.clone(), Arc::new(prompt))
    });
    let total = planned.rows.map(|rows| rows * order.cells_of_a_row());
    let mut budget = Budget::new(order.caps, total, Instant::now());
    let unanswered = state.cells.iter().map(|row| &row.cell).filter(|cell| !cell.answered());
    let unanswered: Vec<Cell> = unanswered.cloned().collect();
    let answered = (state.cells.len() - unanswered.len()) as u64;
    budget.expect(answered);
    budget.before(state.cells.iter().map(|row| &row.cell));
    let (cells, known) = (state.cells.len() as u64, std::mem::take(&mut state.cells));
    let plan = BatchPlan {
        id: state.id,
        prompts: prompts.collect(),
        targets: planned.targets.clone(),
        params: Params::default(),
        samples: order.spec.samples,
        cache: order.cache,
        judges: planned.judges.clone(),
        caps: order.caps,
        concurrency: order.concurrency,
        total,
        session: order.session.clone(),
        known: Known::of(known.into_iter().map(|row| (row.cell, row.fingerprint))),
        retry_failed: order.begin == Begin::RetryFailed,
        again: order.again.clone(),
    };
    let (own, comparing) = (order.clone(), Comparing::of(order));
    let (left, plan) = if cells == 0 && plan.again.is_none() {
        (total.unwrap_or_default(), plan)
    } else {
        let counting = order.clone();
        plan::blocking(move || {
            let mut counts = ExpectedRows::default();
            let asked =
                |row: Result<DatasetRow, StoreError>| Ok(plan.asks(&counting.completed(row?, comparing, &mut counts)));
            let left = counting.rows()?.map(asked).sum::<Result<u64, StoreError>>()?;
            Ok((left, plan))
        })
        .await?
    };
    let asked = planned.targets.iter().flatten().flatten();
    engine.read_keys(asked.chain(planned.judges.values())).await;
    let rows = order.rows()?.into_stream();
    let mut counts = ExpectedRows::default();
    let rows = rows
        .map(move |row| row.map(|row| own.completed(row, comparing, &mut counts)).map_err(|fault| fault.to_string()));
    let stream = engine.pipeline.batch(plan, rows);
    let (id, resumed, crashed) = (state.id, state.resumed, state.crashed);
    Ok(Begun { id, resumed, cells, left, unanswered, crashed, budget, stream })
}

/// How the rows of one batch are compared with what they expect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparing {
    how: Expected,
    /// Whether every prompt asks for JSON.
    json: bool,
    /// Whether a prompt, or one of its checks, uses the value already.
    used: bool,
}

impl Comparing {
    /// Reads off an order what its prompts make of the value.
    pub(crate) fn of(order: &BatchRequest) -> Self {
        let prompts = || order.spec.prompts.iter().map(|(_, prompt)| prompt);
        let asks = |text: &str| crate::template::asks(text).names.iter().any(|name| name == EXPECTED);
        let used = prompts().any(|prompt| {
            prompt.spoken().any(|(_, text)| asks(text))
                || prompt.checks.iter().any(|check| check::uses(check, EXPECTED))
        });
        Self { how: order.spec.expected, json: prompts().all(|prompt| prompt.format().0 != Format::Text), used }
    }

    /// Adds the check of the answers to a row against what it expects, where they are compared, and counts it.
    pub(crate) fn apply(self, row: &mut DatasetRow, counts: &mut ExpectedRows) {
        let Some(value) = row.input.vars.get(EXPECTED).filter(|value| !value.is_empty()) else {
            return;
        };
        let used = self.used || row.checks.iter().any(|check| check::uses(check, EXPECTED));
        let how = if self.how == Expected::Auto && used { Expected::Off } else { self.how };
        match how.check(value, self.json) {
            Some(check) => {
                row.checks.push(check);
                counts.compared += 1;
            }
            None if how == Expected::Auto => counts.left_out += 1,
            None => {}
        }
    }
}

/// How many rows expect a value, by what becomes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpectedRows {
    /// The answers to them are compared with it by a check that no prompt and no row names.
    pub compared: u64,
    /// Nothing looks at it.
    pub left_out: u64,
}

impl ExpectedRows {
    /// Says what a person should know of it before the first call.
    #[must_use]
    pub fn note(&self, how: Expected) -> Option<String> {
        let rows = |count: u64| if count == 1 { "1 row has".to_owned() } else { format!("{count} rows have") };
        if self.left_out > 0 {
            Some(format!(
                "{} an `{EXPECTED}` value that no check uses: compare the answers with it by equals, json or fields, or \
                 turn it off (--expected)",
                rows(self.left_out)
            ))
        } else if self.compared > 0 && how == Expected::Auto {
            Some(format!(
                "{} an `{EXPECTED}` value in JSON: its fields are compared with the answers' (--expected off does not)",
                rows(self.compared)
            ))
        } else {
            None
        }
    }
}
