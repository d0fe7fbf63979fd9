//! A batch before its first call: whether its rows fit its prompts, what it will take, and whether its limits can hold.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    dataset,
    engine::{
        Workspace,
        batch::{
            Comparing, ExpectedRows, RowReader, completed,
            footprint::{Footprint, judgements},
            judged_by, targets,
        },
    },
    eval::{CheckSuite, check},
    model::{
        Check, CheckKind, DatasetRow, Expected, PicoDollars, Price, Prompt, Response, Target, Turn, VersionId,
        batch::{BatchLimits, BatchRequest},
        dataset::{DatasetPreview, MissingVariable, RowSource},
        error::StoreError,
        expected::EXPECTED,
        quirk::KnownQuirks,
    },
    pipeline::{
        batch::budget::{Estimate, Span},
        prepare::estimate::RunEstimate,
    },
    store::{
        Store,
        api::{StoreReply, StoreRequest},
        quirk_memory::QuirkFile,
    },
    template,
};

/// Rows whose filled prompts are measured; the others are taken to be as long.
const MEASURED: u64 = 200;

/// Steps after which no further row is measured, as filling prompts may be much work.
const MEASURED_STEPS: u64 = 50_000_000;

/// Rows of the preview.
const SHOWN: usize = 20;

/// The tokens of an answer where no past one is known. A guess: a short JSON object, a paragraph, a page.
const GUESSED: Span<u64> = Span { low: 30, expected: 150, high: 600 };

/// What is known of a batch before its first call.
#[derive(Debug, Clone)]
pub struct BatchPreview {
    /// What is asked, nothing of it left open.
    pub request: BatchRequest,
    /// The beginning of its data set.
    pub dataset: DatasetPreview,
    /// Variables that no column gives. Nothing else of the rows is known while there are any.
    pub missing: Vec<MissingVariable>,
    /// Its rows, as they were counted.
    pub count: Option<u64>,
    /// How they are read.
    pub(crate) rows: RowReader,
    /// What all its cells will take.
    pub estimate: Estimate,
    /// How long all its cells would take one after the other, in milliseconds, by past answers; none where a model has
    /// given none.
    pub busy: Option<Span<u64>>,
    /// For each prompt, for each of its targets: the target, then its fallbacks.
    pub targets: Vec<Vec<Vec<Target>>>,
    /// The models that judge by rubrics.
    pub judges: BTreeMap<String, Target>,
    /// What becomes of the values that rows expect.
    pub expected: ExpectedRows,
    /// How answers are best compared with what rows expect; none where the first rows expect nothing.
    pub suggested: Option<Expected>,
    /// What a person should know of the prompts and the rows before the first call.
    pub notes: Vec<String>,
    /// What all its cells use of the world.
    pub footprint: Footprint,
}

impl BatchPreview {
    /// Estimates what so many of all cells will take.
    #[must_use]
    pub fn estimate_of(&self, cells: u64) -> Estimate {
        scaled(&self.estimate, cells, self.estimate.cells)
    }

    /// Reads its rows and hands each to `take` until that says no. Blocks until it does, or all are read.
    pub fn rows(&self, mut take: impl FnMut(DatasetRow) -> bool) -> Result<(), StoreError> {
        let mut counts = ExpectedRows::default();
        for row in self.rows.open()? {
            if !take(self.rows.complete(row?, &mut counts)) {
                break;
            }
        }
        Ok(())
    }

    /// Counts all its cells; none where its rows were not counted.
    #[must_use]
    pub fn cells(&self) -> Option<u64> {
        self.count.map(|rows| self.request.spec.cells(rows))
    }

    /// Takes over how a batch is run from a request that [asks the same](BatchRequest::asks_the_same).
    #[must_use]
    pub fn run_as(mut self, request: BatchRequest) -> Self {
        let spec = self.request.spec;
        let only = self.request.rows.only;
        let rows = RowSource { only, ..request.rows };
        self.request = BatchRequest { spec, rows, ..request };
        self
    }
}

/// Reads all rows of a batch once, so that whatever is wrong with one is known before the first call.
///
/// What the request leaves open is filled in. A target nobody knows, a prompt that is no template and a row that cannot
/// be read or lacks a variable are errors.
pub async fn preview(
    workspace: &Workspace,
    store: &Store,
    mut request: BatchRequest,
) -> Result<BatchPreview, StoreError> {
    let formats;
    (request.spec, formats) =
        completed(request.spec, &workspace.settings.default_model, workspace.default_note.as_deref());
    let targets = targets(&workspace.catalog, &request.spec).map_err(StoreError::wrong)?;
    let asks = asked(&request)?;
    let checked = checked(&request);
    let rows = RowReader::of(&request, workspace);
    let picking = request.rows.pick.clone();
    let (dataset, picked) = blocking(move || {
        let dataset = rows.preview(SHOWN)?;
        Ok((dataset, picking.map(|pick| rows.picked(&pick)).transpose()?))
    })
    .await?;
    if picked.is_some() {
        request.rows.only = picked;
    }
    let columns: Vec<String> = dataset.columns.iter().map(|column| column.name.clone()).collect();
    let named = asks.iter().chain(&checked);
    let open =
        named.filter(|name| !template::is_given(name, |name| request.vars.contains_key(name))).cloned().collect();
    let fit = dataset::fit(&columns, &open, &request.spec.mapping);
    request.spec.mapping = fit.mapping;
    let mut planned = BatchPreview {
        rows: RowReader::of(&request, workspace),
        dataset,
        missing: fit.missing,
        count: None,
        estimate: Estimate::default(),
        busy: None,
        targets,
        judges: BTreeMap::new(),
        expected: ExpectedRows::default(),
        suggested: None,
        notes: formats.into_iter().chain(template_notes(&request)).collect(),
        footprint: Footprint::default(),
        request,
    };
    let expects = |row: &DatasetRow| row.input.vars.get(EXPECTED).filter(|value| !value.is_empty()).cloned();
    let value = planned.dataset.rows.iter().find_map(expects);
    planned.suggested = value.map(|value| Comparing::of(&planned.request).suggested(&value));
    if !planned.missing.is_empty() {
        return Ok(planned);
    }
    let lengths = lengths(store, &planned.request, &planned.targets).await?;
    let answers = lengths.iter().flatten().map(|past| past.runs).sum();
    let each = lengths.iter().flatten().try_fold(Span::default(), |all: Span<u64>, past| {
        let took = past.took?;
        Some(Span { low: all.low + took.low, expected: all.expected + took.expected, high: all.high + took.high })
    });
    let quirks: KnownQuirks = QuirkFile::of(&workspace.places).list(workspace.started).into_iter().collect();
    let correct = |lane: &Vec<Target>| lane.iter().map(|target| quirks.corrected(target.clone())).collect();
    let lanes: Vec<Vec<Vec<Target>>> =
        planned.targets.iter().map(|lanes| lanes.iter().map(correct).collect()).collect();
    let rows = planned.rows.clone();
    let own = planned.request.clone();
    let read = blocking(move || read(&own, &rows, &asks, &lanes, &lengths)).await?;
    if read.rows == 0 {
        let which = if planned.request.rows.only.is_some() {
            "no row is among those that are wanted"
        } else {
            "there is no row"
        };
        return Err(StoreError::wrong(format!("{which} in {}", planned.request.spec.data)));
    }
    planned.count = Some(read.rows);
    let calls = read.rows.saturating_mul(u64::from(planned.request.spec.samples.max(1)));
    planned.busy = each.map(|Span { low, expected, high }| {
        let all = |one: u64| one.saturating_mul(calls);
        Span { low: all(low), expected: all(expected), high: all(high) }
    });
    planned.expected = read.expected;
    planned.notes.extend(read.notes);
    planned.notes.extend(unused(&planned.request, &planned.dataset));
    planned.notes.extend(read.expected.note(planned.request.spec.expected));
    planned.estimate = Estimate { from: answers, ..read.estimate };
    let judges = workspace.catalog.judges(read.judges.iter().map(String::as_str), workspace.settings.judge_model());
    let judges = judges.collect::<Result<_, _>>();
    planned.judges = judges.map_err(|error| StoreError::wrong(format!("the judge cannot be asked: {error}")))?;
    let targets = planned.targets.iter().flatten().flatten().chain(planned.judges.values());
    let requests = planned.cells().unwrap_or_default().saturating_add(read.judgements);
    planned.footprint = Footprint::of(workspace, &planned.request, targets, requests);
    // A cell that is asked again stays in its batch, whatever stands behind the names by now.
    if planned.request.only.is_none() || planned.request.spec.behind.is_empty() {
        planned.request.spec.behind = behind(&planned);
    }
    Ok(planned)
}

/// Says what stands behind the names of the models that are asked, and of those that judge.
fn behind(planned: &BatchPreview) -> BTreeMap<String, String> {
    let targets = planned.targets.iter().flatten().flatten();
    let targets = targets.map(|target| (target.name.clone(), target.digest()));
    let judges = planned.judges.iter().map(|(name, target)| (format!("judge {name}"), target.digest()));
    targets.chain(judges).collect()
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(StoreError::new("reading the data set stopped; please report this")))
}

/// Lists the variables that some prompt cannot do without.
fn asked(request: &BatchRequest) -> Result<BTreeSet<String>, StoreError> {
    let mut digests = BTreeSet::new();
    for (name, prompt) in &request.spec.prompts {
        let turns = prompt.turns();
        let (asks, mistakes) = template::asks_of(&turns);
        if let Some((place, mistake)) = mistakes.first() {
            let role = turns.get(*place).map_or("", |turn| turn.role.name());
            return Err(StoreError::wrong(format!("message {} ({role}) of {name}, {mistake}", place + 1)));
        }
        digests.extend(asks.missing(|_| false));
        CheckSuite::new(&prompt.response, &prompt.checks)
            .map_err(|bad| StoreError::wrong(format!("the rules of {name}: {bad}")))?;
    }
    Ok(digests)
}

/// Lists the variables that the prompts' checks name. A row may lack one, and its check is skipped then; a
/// data set without the column is a mistake.
fn checked(request: &BatchRequest) -> BTreeSet<String> {
    fn texts(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => names.extend(template::asks(text).missing(|_| false)),
            Value::Array(list) => list.iter().for_each(|value| texts(value, names)),
            Value::Object(object) => object.values().for_each(|value| texts(value, names)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut names = BTreeSet::new();
    let checks = request.spec.prompts.iter().flat_map(|(_, prompt)| &prompt.checks);
    for check in checks.filter(|check| check.kind.kind != CheckKind::Unsupported) {
        check.value.iter().for_each(|value| texts(value, &mut names));
    }
    names
}

/// What past answers of one prompt's target tell.
struct PastAnswers {
    /// The tokens that a run of this very prompt sent, all its requests together: half of them fewer. None where there is
    /// none.
    input: Option<u64>,
    /// Their lengths in tokens; guessed where there is none.
    output: Span<u64>,
    /// How many they are.
    runs: u64,
    /// The milliseconds they took.
    took: Option<Span<u64>>,
}

/// What past answers tell, for each prompt, for each of its targets.
type Lengths = Vec<Vec<PastAnswers>>;

async fn lengths(store: &Store, request: &BatchRequest, targets: &[Vec<Vec<Target>>]) -> Result<Lengths, StoreError> {
    let mut all = Vec::new();
    for ((_, prompt), lanes) in request.spec.prompts.iter().zip(targets) {
        let version = VersionId::of(prompt);
        let mut of_prompt = Vec::new();
        for target in lanes.iter().filter_map(|lane| lane.first()) {
            let job = StoreRequest::PastLengths {
                version: version.clone(),
                model: target.model.clone(),
                demo: target.is_demo(),
            };
            let known = match store.ask(job).await? {
                StoreReply::PastLengths(past) if past.runs > 0 => {
                    let span = |[low, expected, high]: [u64; 3]| Span { low, expected, high };
                    let input = past.same_prompt.then_some(past.input);
                    PastAnswers {
                        input: input.map(|[_, half, _]| half),
                        output: span(past.output),
                        runs: past.runs,
                        took: Some(span(past.took)),
                    }
                }
                _ => PastAnswers { input: None, output: GUESSED, runs: 0, took: None },
            };
            of_prompt.push(known);
        }
        all.push(of_prompt);
    }
    Ok(all)
}

/// What all rows come to.
#[derive(Default)]
struct Read {
    rows: u64,
    measured: u64,
    estimate: Estimate,
    judges: BTreeSet<String>,
    judgements: u64,
    expected: ExpectedRows,
    notes: Vec<String>,
}

/// Says which places of the prompts look like templates and are texts.
fn template_notes(request: &BatchRequest) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, prompt) in &request.spec.prompts {
        let turns = prompt.turns();
        notes.extend(bare_note(name, prompt));
        notes.extend(template::asks_of(&turns).0.notes.iter().map(|note| note_of(name, &turns, note)));
    }
    notes
}

/// Says that a prompt says nothing itself, as one in an empty file does.
pub fn bare_note(name: &str, prompt: &Prompt) -> Option<String> {
    prompt.is_bare().then(|| format!("{name} has no words of its own: the input alone is sent"))
}

/// Names the message of a prompt that a note is about.
pub fn note_of(prompt: &str, turns: &[Turn], note: &template::TemplateNote) -> String {
    let role = turns.get(note.message).map_or("", |turn| turn.role.name());
    format!("message {} ({role}) of {prompt}, {note}", note.message + 1)
}

/// Says that the rows have nothing that the prompts use.
fn unused(request: &BatchRequest, dataset: &DatasetPreview) -> Option<String> {
    let prompts = || request.spec.prompts.iter().map(|(_, prompt)| prompt);
    let gives = |name: &str| dataset.columns.iter().any(|column| column.variable.as_deref() == Some(name));
    let used: BTreeSet<String> = prompts().flat_map(|prompt| template::asks_of(&prompt.turns()).0.names).collect();
    let checked = prompts().any(|prompt| prompt.checks.iter().any(|check| check::uses(check, "input")));
    if used.is_empty() {
        Some(format!(
            "no prompt uses a variable: each row of {} sends the same; {{{{ input }}}} stands for its text",
            request.spec.data
        ))
    } else if gives("input") && !used.contains("input") && !checked {
        Some(format!(
            "no prompt uses `{{{{ input }}}}`, which {} has: the text of its rows is not sent",
            request.spec.data
        ))
    } else {
        None
    }
}

fn read(
    request: &BatchRequest,
    reader: &RowReader,
    asks: &BTreeSet<String>,
    lanes: &[Vec<Vec<Target>>],
    lengths: &Lengths,
) -> Result<Read, StoreError> {
    let mut all = Read::default();
    for (_, prompt) in &request.spec.prompts {
        let mut checks = prompt.checks.clone();
        judged_by(&mut checks, request.judge.as_deref());
        all.judges.extend(judging(&checks));
    }
    let uses_input = asks.contains("input");
    let (mut rows, mut empty, mut compiled, mut steps) = (reader.open()?, 0_u64, Vec::new(), 0);
    for row in rows.by_ref() {
        let row = reader.complete(row?, &mut all.expected);
        let line = row.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        let number = row.number;
        let has = |name: &str| template::is_given(name, |name| row.input.value(name).is_some());
        if let Some(name) = asks.iter().find(|name| !has(name)) {
            return Err(StoreError::wrong(format!(
                "row {number}{line} of {} has no `{name}`, which a prompt asks for; --var {name}=VALUE gives it to \
                 every row",
                request.spec.data
            )));
        }
        if row.checks != compiled {
            CheckSuite::new(&Response::default(), &row.checks).map_err(|bad| {
                StoreError::wrong(format!(
                    "row {number}{line} of {}: {bad}\n  --keep-going makes that check one that does not run",
                    request.spec.data
                ))
            })?;
            compiled.clone_from(&row.checks);
        }
        empty += u64::from(uses_input && row.input.value("input").is_none_or(|text| text.trim().is_empty()));
        all.judges.extend(judging(&row.checks));
        let prompts = request.spec.prompts.iter().zip(lanes);
        let prompts = prompts.map(|((_, prompt), lanes)| (prompt.checks.as_slice(), lanes.len()));
        all.judgements = all.judgements.saturating_add(judgements(request, &row.checks, prompts));
        if all.rows < MEASURED && steps < MEASURED_STEPS {
            steps += measure(request, &row, (lanes, lengths), &mut all.estimate);
            all.measured += 1;
        }
        all.rows += 1;
    }
    all.estimate = scaled(&all.estimate, all.rows, all.measured);
    all.notes = rows.notes();
    match empty {
        0 => {}
        1 => all.notes.push("1 row has an empty `input`, which a prompt asks for".to_owned()),
        many => all.notes.push(format!("{many} rows have an empty `input`, which a prompt asks for")),
    }
    Ok(all)
}

fn judging(checks: &[Check]) -> impl Iterator<Item = String> {
    checks.iter().filter_map(Check::judge_name).map(str::to_owned)
}

/// Adds the cells of a row to an estimate. Returns the steps of filling its prompts. What refusals have taught of the
/// models is not heeded.
fn measure(
    request: &BatchRequest,
    row: &DatasetRow,
    (lanes, lengths): (&[Vec<Vec<Target>>], &Lengths),
    estimate: &mut Estimate,
) -> u64 {
    let mut steps = 0;
    for (((_, prompt), lanes), lengths) in request.spec.prompts.iter().zip(lanes).zip(lengths) {
        let sent = RunEstimate::of(prompt, &row.input);
        steps += sent.steps;
        for (target, past) in lanes.iter().filter_map(|lane| lane.first()).zip(lengths) {
            let output = capped(past.output, prompt);
            let input = sent.tokens(target, output.expected);
            // How often a run goes on, its past ones know best.
            let input = past.input.filter(|_| sent.goes_on()).unwrap_or(input);
            for _ in 0..request.spec.samples.max(1) {
                let free = target.is_demo().then(Price::default);
                estimate.add(input, output, target.card.price.as_ref().or(free.as_ref()));
            }
        }
    }
    steps
}

/// An answer is not longer than the prompt lets it be.
fn capped(span: Span<u64>, prompt: &Prompt) -> Span<u64> {
    let most = prompt.params.max_tokens.unwrap_or(u64::MAX);
    Span { low: span.low.min(most), expected: span.expected.min(most), high: span.high.min(most) }
}

fn scaled(estimate: &Estimate, to: u64, from: u64) -> Estimate {
    let of = |number: u64| {
        let scaled = u128::from(number) * u128::from(to) / u128::from(from.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    };
    let Estimate { cells, input, output, cost, unpriced, from: answers } = estimate;
    let money = |amount: PicoDollars| PicoDollars(of(amount.0));
    Estimate {
        cells: of(*cells),
        input: of(*input),
        output: Span { low: of(output.low), expected: of(output.expected), high: of(output.high) },
        cost: Span { low: money(cost.low), expected: money(cost.expected), high: money(cost.high) },
        unpriced: of(*unpriced),
        from: *answers,
    }
}

/// Says why a cap on cost cannot hold and what helps: the models that are asked, fallen back on or judge, and
/// whose price nobody knows. None where it can, or where it is to hold for the others alone.
#[must_use]
pub fn unpriced(planned: &BatchPreview) -> Option<String> {
    if planned.request.limits.cost.is_none() || planned.request.allow_unpriced {
        return None;
    }
    let targets = planned.targets.iter().flatten().flatten().chain(planned.judges.values());
    let names: BTreeSet<&str> =
        targets.filter(|target| !target.is_priced()).map(|target| target.name.as_str()).collect();
    let first = names.first()?;
    let all = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Some(format!(
        "the cap on cost (--max-cost) cannot hold: price unknown for {all}. Set input_price and output_price (US \
         dollars per million tokens, 0 for free) under [models.{}] in config.toml, or use --allow-unpriced to cap the \
         cost of the other models alone",
        key(first)
    ))
}

/// Lists the models that are asked, and whose answers nothing limits while there is a cap that depends on it.
#[must_use]
pub fn unlimited(planned: &BatchPreview) -> BTreeSet<String> {
    let BatchLimits { cost, tokens, time: _ } = planned.request.limits;
    if cost.is_none() && tokens.is_none() {
        return BTreeSet::new();
    }
    let open = |prompt: &Prompt, target: &Target| {
        let card = &target.card;
        prompt.params.max_tokens.is_none() && card.max_output.is_none() && card.context.is_none()
    };
    let prompts = planned.request.spec.prompts.iter().zip(&planned.targets);
    let pairs = prompts.flat_map(|((_, prompt), lanes)| lanes.iter().flatten().map(move |target| (prompt, target)));
    pairs.filter(|(prompt, target)| open(prompt, target)).map(|(_, target)| target.name.clone()).collect()
}

/// Writes a name as a key of TOML.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")) }
}
