//! The start of a batch, the same for both shells: from names and paths to what is asked, what it will take, and the batch
//! under way.

pub(crate) mod earlier;
pub(crate) mod footprint;
pub(crate) mod plan;

pub mod remote;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

pub use crate::engine::batch::{
    footprint::{Footprint, SentVariable},
    plan::{BatchPreview, bare_note, note_of, preview, unlimited, unpriced},
};
use crate::{
    config::trust::Consent,
    dataset,
    dataset::ReadOptions,
    engine::{Engine, Workspace, batch::earlier::EarlierRuns},
    eval::{CheckSuite, check, evidence::SEED, stats::SplitMix},
    model::{
        BatchId, Catalog, CellIndex, Check, DatasetRow, Expected, Format, Params, PartRoot, Prompt, Response, RunEnd,
        Target,
        attachment::folder_of,
        batch::PartRoots,
        batch::{BatchRequest, BatchSpec, Cell, ResumeMode},
        dataset::{DatasetPreview, RowPick, RowRanges, RowSource, RowTest},
        error::StoreError,
        expected::EXPECTED,
    },
    pipeline::{
        batch::{BatchAnswers, BatchPlan, BatchStream, KnownCells, budget::BatchBudget},
        event::RunEvent,
    },
    store::{
        Store,
        api::{ChangedFile, StoreReply, StoreRequest, StoredBatch},
    },
    template::conversation,
    text,
};

/// The rows of a batch, as its request has them read.
#[derive(Debug, Clone)]
pub(crate) struct RowReader {
    path: String,
    reading: ReadOptions,
    has_lines: bool,
    vars: BTreeMap<String, String>,
    judge: Option<String>,
    comparing: Comparing,
}

impl RowReader {
    fn of(request: &BatchRequest, workspace: &Workspace) -> Self {
        let RowSource { path, format, only, pick: _, short, keep_going, has_lines, agreed } = request.rows.clone();
        let reading = ReadOptions {
            mapping: request.spec.mapping.clone(),
            form: format,
            only,
            short,
            keep_going,
            intake: workspace.settings.intake,
            consent: Consent::of(&workspace.places, request.trust),
            programs: agreed || request.trust,
        };
        let (vars, judge, comparing) = (request.vars.clone(), request.judge.clone(), Comparing::of(request));
        Self { path, reading, has_lines, vars, judge, comparing }
    }

    /// Opens the data set.
    fn open(&self) -> Result<dataset::Dataset, StoreError> {
        dataset::open(&self.path, &self.reading)
    }

    /// Reads the beginning of the data set: its columns and so many rows.
    fn preview(&self, rows: usize) -> Result<DatasetPreview, StoreError> {
        dataset::preview(&self.path, &self.reading, rows)
    }

    /// Lays over a row what holds for all of them, and counts what becomes of the value it expects.
    fn complete(&self, mut row: DatasetRow, counts: &mut ExpectedRows) -> DatasetRow {
        row.input.vars.extend(self.vars.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
        row.input.take_text();
        self.comparing.apply(&mut row, counts);
        if self.reading.keep_going {
            unusable(&mut row.checks);
        }
        judged_by(&mut row.checks, self.judge.as_deref());
        row.line = row.line.filter(|_| self.has_lines);
        row
    }

    /// Finds the rows that are picked among those that are wanted, by their numbers. Blocks until all are read.
    pub(crate) fn picked(&self, pick: &RowPick) -> Result<RowRanges, StoreError> {
        // As the file has them: a filter names columns, and no variable.
        let plain = ReadOptions { mapping: BTreeMap::new(), ..self.reading.clone() };
        let rows = dataset::open(&self.path, &plain)?;
        let numbers = match pick {
            RowPick::Sample(most) => {
                let most = usize::try_from(*most).unwrap_or(usize::MAX);
                let (mut drawn, mut rng) = (Vec::new(), SplitMix::new(SEED));
                for (seen, row) in rows.enumerate() {
                    let number = row?.number;
                    if drawn.len() < most {
                        drawn.push(number);
                    } else if let Some(place) = drawn.get_mut(rng.below(seen + 1)) {
                        *place = number;
                    }
                }
                drawn
            }
            RowPick::Where { column, test, value } => {
                let wanted = text::lower(value);
                let (mut found, mut known) = (Vec::new(), false);
                for row in rows {
                    let row = row?;
                    let own = row.input.value(column).or_else(|| row.metadata.get(column).map(String::as_str));
                    known |= own.is_some();
                    let own = own.unwrap_or_default();
                    let fits = match test {
                        RowTest::Is => own == value,
                        RowTest::IsNot => own != value,
                        RowTest::Has => text::holds(own, &wanted),
                    };
                    if fits {
                        found.push(row.number);
                    }
                }
                if !known {
                    return Err(StoreError::wrong(format!("no row of {} has a column `{column}`", self.path)));
                }
                found
            }
        };
        if numbers.is_empty() {
            return Err(StoreError::wrong(format!("no row of {} is one with {pick}", self.path)));
        }
        Ok(RowRanges::of_numbers(numbers))
    }

    /// Sums what is counted of each row. Blocks until all are read.
    fn sum(&self, mut count: impl FnMut(&DatasetRow) -> u64) -> Result<u64, StoreError> {
        let mut counts = ExpectedRows::default();
        self.open()?.map(|row| Ok(count(&self.complete(row?, &mut counts)))).sum()
    }
}

/// Fills in what a request may leave open of what is asked: the format of each prompt's answers, and its targets, which
/// are those of the batch, else its own, else the default model. Notes the formats that no prompt names, and that the default
/// model is another one by now.
///
/// One that comes from the record is complete already.
fn completed(mut spec: BatchSpec, default_model: &str, default_note: Option<&str>) -> (BatchSpec, Vec<String>) {
    if !spec.behind.is_empty() {
        return (spec, Vec::new());
    }
    let mut notes = Vec::new();
    for (name, prompt) in &mut spec.prompts {
        if let (format, Some(why)) = prompt.format() {
            notes.push(format!("{name}: [response] names no format, so it is {why}"));
            prompt.response.format = format;
        }
        if !spec.targets.is_empty() {
            prompt.targets.clone_from(&spec.targets);
        } else if prompt.targets.is_empty() {
            prompt.targets = vec![default_model.to_owned()];
            if let Some(note) = default_note.filter(|note| !notes.iter().any(|known| known == note)) {
                notes.push(note.to_owned());
            }
        }
    }
    let mut targets = spec.prompts.iter().map(|(_, prompt)| &prompt.targets);
    let first = targets.next().cloned().unwrap_or_default();
    spec.targets = if targets.all(|other| *other == first) { first } else { Vec::new() };
    (spec, notes)
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
pub(crate) fn judged_by(checks: &mut [Check], judge: Option<&str>) {
    for check in checks.iter_mut().filter(|check| check.kind.kind.is_judged()) {
        if check.judge.is_none() {
            check.judge = judge.map(str::to_owned);
        }
    }
}

/// Finds each prompt's targets: the target, then the prompt's fallbacks, none twice.
pub fn targets(catalog: &Catalog, spec: &BatchSpec) -> Result<Vec<Vec<Vec<Target>>>, String> {
    let resolve = |name: &str| catalog.resolve(name).map_err(|error| error.to_string());
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
    let prompts = spec.prompts.iter().zip(spec.lanes());
    prompts.map(|((_, prompt), (_, names))| names.iter().map(|name| lane(prompt, name)).collect()).collect()
}

/// A batch that has begun.
pub struct Begun {
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
    /// The files that hold other bytes by now than an earlier run has sent of them.
    pub changed: Vec<ChangedFile>,
    /// What was used before, for whoever follows what is used from now on.
    pub budget: BatchBudget,
    pub stream: BatchStream,
}

/// Counts the cells of a batch on record that need not be asked again: those whose rows are as they were, and the files
/// that went with them.
pub async fn settled(store: &Store, planned: &BatchPreview, batch: BatchId) -> Result<u64, StoreError> {
    let EarlierRuns { known, .. } = EarlierRuns::of(store, batch).await?;
    let (rows, retry_failed) = (planned.rows.clone(), planned.request.resume == ResumeMode::RetryFailed);
    plan::blocking(move || rows.sum(|row| known.settled_of(row, retry_failed))).await
}

/// Begins a batch, or goes on with one, and asks its first cells once the stream is polled; `answers` are those that
/// were asked for elsewhere. Fails where it has a cap that cannot hold.
///
/// Whoever takes the events in ends it with [`StoreRequest::EndBatch`].
pub async fn start(
    engine: &Engine,
    store: &Store,
    planned: &BatchPreview,
    answers: Option<BatchAnswers>,
) -> Result<Begun, StoreError> {
    if let Some(words) = unpriced(planned) {
        return Err(StoreError::new(words));
    }
    let request = &planned.request;
    let state = on_record(store, request).await?;
    if let Some(job) = state.job.as_ref().filter(|_| answers.is_none()) {
        // What it asks is asked there already, and is paid for.
        let end =
            StoreRequest::EndBatch { batch: state.id, end: "stopped".to_owned(), why: None, at: Timestamp::now() };
        store.ask(end).await?;
        let (id, way) = (&job.id, job.way);
        return Err(StoreError::wrong(format!(
            "this batch is the job {id} of `retort batch --via {way}`, which has what it asks: go on there, or begin anew"
        )));
    }
    let total = planned.cells();
    let EarlierRuns { known, unanswered, changed } = EarlierRuns::of(store, state.id).await?;
    let mut budget = known.budget(request.limits, total, Instant::now());
    budget.expect(known.answered());
    let cells = known.len();
    let goes_on = request.spec.prompts.iter().any(|(_, prompt)| conversation::goes_on(prompt));
    let exchanges = if goes_on && cells > 0 { exchanges(store, state.id).await? } else { BTreeMap::new() };
    let plan = BatchPlan { answers, ..planned_as(planned, state.id, known.with_exchanges(exchanges)) };
    let (left, plan) = if cells == 0 && plan.again.is_none() {
        (total.unwrap_or_default(), plan)
    } else {
        let rows = planned.rows.clone();
        plan::blocking(move || Ok((rows.sum(|row| plan.asks(row))?, plan))).await?
    };
    let targets = planned.targets.iter().flatten().flatten();
    engine.read_keys(targets.chain(planned.judges.values())).await;
    let (rows, mut counts) = (planned.rows.clone(), ExpectedRows::default());
    let stream = rows.open()?.into_stream();
    let stream =
        stream.map(move |row| row.map(|row| rows.complete(row, &mut counts)).map_err(|error| error.to_string()));
    let stream = engine.pipeline.batch(plan, stream);
    let (id, resumed, crashed) = (state.id, state.resumed, state.crashed);
    Ok(Begun { id, resumed, cells, left, unanswered, crashed, changed, budget, stream })
}

/// Reads what was asked and answered in the cells of a batch that were answered.
async fn exchanges(store: &Store, batch: BatchId) -> Result<BTreeMap<CellIndex, Value>, StoreError> {
    const PAGE: usize = 200;
    let (mut exchanges, mut after) = (BTreeMap::new(), None);
    loop {
        let StoreReply::CellRuns(runs) = store.ask(StoreRequest::CellRuns { batch, after, limit: PAGE }).await? else {
            return Err(StoreError::new("the record does not say what was answered; please report this"));
        };
        let is_last = runs.len() < PAGE;
        for run in runs {
            let Some(place) = run.cell.as_ref().map(|cell| cell.place) else { continue };
            after = Some(place);
            let sent = run.timeline.iter().find_map(|timed| match &timed.event {
                RunEvent::Prepared { messages, .. } => Some(messages.as_slice()),
                _ => None,
            });
            if let Some(sent) = sent.filter(|_| run.outcome.end == RunEnd::Done) {
                exchanges.insert(place, conversation::exchange(sent, &run.outcome));
            }
        }
        if is_last {
            return Ok(exchanges);
        }
    }
}

/// Has the record begin a batch, or go on with one.
async fn on_record(store: &Store, request: &BatchRequest) -> Result<StoredBatch, StoreError> {
    let (spec, how) = (Box::new(request.spec.clone()), request.resume);
    match store.ask(StoreRequest::BeginBatch { spec, how, at: Timestamp::now() }).await? {
        StoreReply::Batch(state) => Ok(*state),
        _ => Err(StoreError::new("the record does not say which batch has begun; please report this")),
    }
}

/// Writes what is planned as the pipeline takes it, with the cells that are known from before.
fn planned_as(planned: &BatchPreview, id: BatchId, known: KnownCells) -> BatchPlan {
    let request = &planned.request;
    let prompts = request.spec.prompts.iter().map(|(name, prompt)| {
        let mut prompt = prompt.clone();
        judged_by(&mut prompt.checks, request.judge.as_deref());
        (name.clone(), Arc::new(prompt))
    });
    BatchPlan {
        id,
        prompts: prompts.collect(),
        targets: planned.targets.clone(),
        params: Params::default(),
        samples: request.spec.samples,
        cache: request.cache,
        roots: roots(request),
        judges: planned.judges.clone(),
        caps: request.limits,
        concurrency: request.concurrency,
        total: planned.cells(),
        session: request.session.clone(),
        known,
        retry_failed: request.resume == ResumeMode::RetryFailed,
        again: request.only.clone(),
        answers: None,
    }
}

/// Returns where the files of a batch's parts are looked for: those that rows name lie beside the data set.
pub(crate) fn roots(request: &BatchRequest) -> PartRoots {
    let beside =
        || PartRoot { path: folder_of(Path::new(&request.spec.data)), fenced: !request.trust, ..PartRoot::default() };
    PartRoots { rows: request.roots.rows.clone().or_else(|| Some(beside())), ..request.roots.clone() }
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
    /// Returns the way that suits a value of the column, where a person has not chosen one: not at all where a check
    /// uses it already, by field where it is a JSON object, else as a text, which an answer in JSON only contains.
    pub(crate) fn suggested(self, value: &str) -> Expected {
        match serde_json::from_str::<Value>(value) {
            _ if self.used => Expected::Off,
            Ok(value) if self.json && value.is_object() => Expected::Fields,
            Ok(_) | Err(_) if self.json => Expected::Contains,
            Ok(_) | Err(_) => Expected::Equals,
        }
    }

    /// Reads off a request what its prompts make of the value.
    pub(crate) fn of(request: &BatchRequest) -> Self {
        let prompts = || request.spec.prompts.iter().map(|(_, prompt)| prompt);
        let asks = |text: &str| crate::template::asks(text).names.iter().any(|name| name == EXPECTED);
        let used = prompts().any(|prompt| {
            prompt.spoken_templates().any(asks) || prompt.checks.iter().any(|check| check::uses(check, EXPECTED))
        });
        Self { how: request.spec.expected, json: prompts().all(|prompt| prompt.format().0 != Format::Text), used }
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
                "{} an `{EXPECTED}` value that no check uses: compare the answers with it by equals, json, fields or contains, or \
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dataset::SAMPLE;

    fn spec(prompts: &[Prompt], targets: &[&str]) -> BatchSpec {
        BatchSpec {
            name: "rows".to_owned(),
            data: "rows.csv".to_owned(),
            prompts: prompts.iter().map(|prompt| ("p".to_owned(), prompt.clone())).collect(),
            targets: targets.iter().map(|name| (*name).to_owned()).collect(),
            samples: 1,
            mapping: BTreeMap::new(),
            behind: BTreeMap::new(),
            expected: Expected::Auto,
            again: None,
            part: None,
        }
    }

    fn of_model(name: &str) -> Prompt {
        Prompt { targets: vec![name.to_owned()], user: "Answer in JSON.".to_owned(), ..Prompt::default() }
    }

    #[test]
    fn what_a_request_leaves_open_is_filled_in_once() {
        for (prompts, named, of_batch, of_prompts) in [
            (vec![of_model("a"), of_model("b")], vec!["c", "d"], vec!["c", "d"], vec![vec!["c", "d"]; 2]),
            (vec![of_model("a"), of_model("b")], vec![], vec![], vec![vec!["a"], vec!["b"]]),
            (vec![of_model("a"), of_model("a")], vec![], vec!["a"], vec![vec!["a"]; 2]),
            (vec![Prompt::default()], vec![], vec!["usual"], vec![vec!["usual"]]),
        ] {
            let (full, notes) = completed(spec(&prompts, &named), "usual", None);
            assert_eq!(full.targets, of_batch);
            assert!(full.prompts.iter().map(|(_, prompt)| &prompt.targets).eq(&of_prompts));
            assert_eq!(notes.len(), prompts.len(), "no prompt names its format: {notes:?}");
            assert!(full.prompts.iter().all(|(_, prompt)| !prompt.response.format.is_auto()));
            let again = completed(full.clone(), "other", Some("replaced"));
            assert_eq!(again, (full, Vec::new()), "nothing is left to the default");
        }
    }

    #[test]
    fn that_the_default_model_is_another_one_is_noted_once_where_it_is_asked() {
        let open = [Prompt { user: "Answer.".to_owned(), ..Prompt::default() }, Prompt::default(), of_model("a")];
        let (_, notes) = completed(spec(&open, &[]), "next", Some("replaced"));
        assert_eq!(notes.iter().filter(|note| *note == "replaced").count(), 1, "{notes:?}");
        let (_, notes) = completed(spec(&open, &["b"]), "next", Some("replaced"));
        assert!(!notes.contains(&"replaced".to_owned()));
    }

    #[test]
    fn what_comes_from_the_record_keeps_its_fingerprint() {
        let recorded =
            BatchSpec { behind: [("a".to_owned(), "0".to_owned())].into(), ..spec(&[of_model("a")], &["b"]) };
        assert_eq!(completed(recorded.clone(), "usual", Some("replaced")), (recorded, Vec::new()));
    }

    #[test]
    fn rows_are_picked_by_a_value_or_by_chance_and_the_same_ones_each_time() {
        let comparing = Comparing { how: Expected::Off, json: false, used: false };
        let reader = RowReader {
            path: SAMPLE.to_owned(),
            reading: ReadOptions::default(),
            has_lines: true,
            vars: BTreeMap::new(),
            judge: None,
            comparing,
        };
        let picked = |pick: RowPick| reader.picked(&pick).map(|rows| (1..=24).filter(|row| rows.holds(*row)).count());
        let with = |column: &str, test, value: &str| {
            picked(RowPick::Where { column: column.to_owned(), test, value: value.to_owned() })
        };
        assert_eq!(picked(RowPick::Sample(5)).unwrap(), 5);
        assert_eq!(picked(RowPick::Sample(99)).unwrap(), 24);
        assert_eq!(reader.picked(&RowPick::Sample(5)).unwrap(), reader.picked(&RowPick::Sample(5)).unwrap());
        let good = with("expected", RowTest::Has, "POSITIVE").unwrap();
        assert!((1..24).contains(&good));
        assert_eq!(with("expected", RowTest::IsNot, "{\"sentiment\":\"positive\"}").unwrap(), 24 - good);
        assert!(with("mood", RowTest::Is, "x").unwrap_err().message.contains("has a column `mood`"));
        assert!(with("expected", RowTest::Is, "x").unwrap_err().message.contains("expected = x"));
    }

    #[test]
    fn a_way_of_comparing_is_suggested_by_the_value_and_the_prompts() {
        let of = |json, used| Comparing { how: Expected::Auto, json, used };
        assert_eq!(of(true, false).suggested(r#"{"a": 1}"#), Expected::Fields);
        assert_eq!(of(true, false).suggested("negative"), Expected::Contains);
        assert_eq!(of(false, false).suggested("negative"), Expected::Equals);
        assert_eq!(of(true, true).suggested(r#"{"a": 1}"#), Expected::Off, "a check uses it already");
    }
}
