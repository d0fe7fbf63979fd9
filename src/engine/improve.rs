//! An improvement of a prompt from its first call to its verdict: the baseline on the tune rows, edits that a model proposes
//! from what failed, the race, and one finalist with a fresh baseline on the rows that nobody has looked at.

pub(crate) mod material;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        Engine,
        batch::BatchPreview,
        experiment,
        experiment::{Experiment, ExperimentLine, ExperimentStop, PartCells, PartRequest},
        improve::material::{Material, TriedEdit},
    },
    eval::{
        Evidence, RowPair,
        evidence::{FEWEST, LEVEL, Lanes, SEED, least_gain, passed},
        experiment::{ExperimentEvent, ExperimentLimits, RungResult},
        improve::{
            Candidate, CandidateEdit, Contender, EditFault, EditRules, FlipCounts, ImproveForecast, Improved,
            Improvement, Race, is_hopeless, read_edits,
        },
        split::{FEWEST_HELD_OUT, RowSplit},
    },
    model::{CellIndex, DatasetRow, Input, Prompt, Target, batch::Cell, error::StoreError},
    store::Store,
    text::{LineChange, diff::TextDiff, format::counted},
};

/// What its experiments are called.
const KIND: &str = "improve";
/// The part of the baseline on the tune rows.
const BASELINE: &str = "baseline";
/// The part of the race.
const RACE: &str = "race";
/// The part of the held-out rows.
const HELD_OUT: &str = "held-out";

/// The calls of a proposer, at most.
const PROPOSALS: usize = 2;

/// The share of rows that is taken to go another way anyhow while nothing is known.
const RESTLESS: f64 = 0.2;

/// How an improvement is to be done.
#[derive(Debug, Clone)]
pub struct ImproveOptions {
    /// The model that proposes.
    pub by: Target,
    /// Edits that are wanted.
    pub candidates: usize,
    /// Draws the order of the tune rows, and the failures that are shown.
    pub seed: u64,
}

impl ImproveOptions {
    /// Writes what an improvement depends on beside its prompt, its rows and its models.
    #[must_use]
    pub fn key(&self) -> String {
        let Self { by, candidates, seed } = self;
        format!("{} {candidates} {seed} {}", by.digest(), material::version())
    }
}

/// Splits the rows and counts what an improvement asks; refuses a data set too small for a verdict.
pub fn forecast(rows: &[Arc<DatasetRow>], candidates: usize) -> Result<ImproveForecast, StoreError> {
    let split = RowSplit::of(rows.iter().map(|row| &row.input));
    let (tune, held_out) = (split.tune.len(), split.held_out.len());
    if held_out < FEWEST_HELD_OUT || tune == 0 {
        let share = split.share;
        return Err(StoreError::wrong(format!(
            "of {} {held_out} would be held out, and a verdict needs {FEWEST_HELD_OUT}: about {} rows are needed; the \
             split is by the hash of each row, so that adding rows moves none",
            counted(rows.len() as u64, "row"),
            (FEWEST_HELD_OUT as f64 / share).ceil() + 10.0
        )));
    }
    // The race as if each rung dropped half of those that ran.
    let (mut race, mut cells, mut asked) = (Race::new(tune, candidates, 0), 0, 0);
    while let Some(rung) = race.rows().map(<[usize]>::len) {
        cells += (rung - asked) * race.in_race().count();
        asked = rung;
        race.take(|candidate| FlipCounts { fixed: (candidates - candidate) as u64, broken: 0 });
    }
    let around = (tune + 2 * held_out) as u64;
    let gain = least_gain(held_out as u64, RESTLESS);
    Ok(ImproveForecast { gain, cells: around + cells as u64, most: around + (tune * candidates) as u64, split })
}

/// Improves the prompt of what is planned from where it stands on record to its end, within limits, or anew; `prompt` is it as it
/// is written.
pub async fn run(
    parts: (&Engine, &Store),
    (planned, rows): (BatchPreview, Vec<Arc<DatasetRow>>),
    prompt: &Prompt,
    options: &ImproveOptions,
    bounds: (ExperimentLimits, bool),
    line: ExperimentLine,
) -> Result<Improved, ExperimentStop> {
    let (key, digest) = (options.key(), forecast(&rows, options.candidates)?.split.digest);
    let lab = Experiment::begin(parts, planned, rows, (KIND, &key, &digest), bounds, line).await?;
    improve(lab, prompt, options).await
}

/// Returns what an improvement would go on as; none where nothing of it is on record.
pub async fn on_record(
    store: &Store,
    planned: &BatchPreview,
    rows: &[Arc<DatasetRow>],
    options: &ImproveOptions,
    forecast: &ImproveForecast,
) -> Result<Option<String>, StoreError> {
    experiment::on_record(store, planned, rows, (KIND, &options.key(), &forecast.split.digest)).await
}

/// Improves the prompt of an experiment: `prompt` as it is written, whose messages the edits change.
async fn improve(
    mut lab: Experiment<'_>,
    prompt: &Prompt,
    options: &ImproveOptions,
) -> Result<Improved, ExperimentStop> {
    let forecast = forecast(&lab.rows, options.candidates)?;
    let rows = |places: &[usize]| places.iter().filter_map(|at| lab.rows.get(*at).cloned()).collect::<Vec<_>>();
    let (tune, held_out) = (rows(&forecast.split.tune), rows(&forecast.split.held_out));
    let (name, asked) = lab.prompt();
    let base = lab.keep(&asked, None, None).await?;
    let end = |lab: &Experiment<'_>, improvement, candidates, faults, forecast| {
        Ok(Improved { improvement, candidates, faults, spent: lab.spent(), forecast })
    };

    let before = ask(&mut lab, (BASELINE, &name, ""), vec![asked.clone()], tune.clone(), &[0]).await?;
    let judged: Vec<bool> = before.cells.values().filter_map(passed).collect();
    let passes = judged.iter().filter(|passed| **passed).count() as u64;
    lab.tell(ExperimentEvent::Baseline { passed: passes, judged: judged.len() as u64 }).await;
    if judged.is_empty() {
        return Err(ExperimentStop::Wrong(
            "no answer was judged: give the prompt checks, or the rows an `expected` column".to_owned(),
        ));
    }
    let material = Material::gather(&lab, prompt, &before, &forecast.split, options.seed).await?;
    if material.is_empty() {
        return end(&lab, Improvement::NothingToFix, Vec::new(), Vec::new(), forecast);
    }

    let inputs: Vec<Input> = tune.iter().map(|row| row.input.clone()).chain(material.graded_inputs()).collect();
    let (edits, faults) = propose(&mut lab, prompt, &inputs, material, options).await?;
    let is_new = !lab.has(RACE);
    let mut candidates = Vec::new();
    for (number, (edit, made)) in edits.into_iter().enumerate() {
        let candidate_name = format!("{}-{}", lab.part.name, number + 1);
        let run = asked_as(&asked, &made);
        // Of one that goes on the versions are there, and have their names.
        let version = lab.keep(&run, Some(&base), is_new.then_some(candidate_name.as_str())).await?;
        lab.tell(ExperimentEvent::Candidate {
            name: candidate_name.clone(),
            version: version.short(),
            parent: base.short(),
            reason: edit.reason.clone(),
            change: change(&edit),
            prompt: Box::new(made.clone()),
        })
        .await;
        let contender = Contender { candidate: number, standing: FlipCounts::default(), rows: 0, dropped: false };
        candidates.push(Candidate { name: candidate_name, edit, prompt: made, version, contender });
    }
    if candidates.is_empty() {
        return end(&lab, Improvement::NoCandidate, candidates, faults, forecast);
    }

    let race = run_race(&mut lab, (&name, &asked), &candidates, (&tune, &before), options.seed).await?;
    for (candidate, contender) in candidates.iter_mut().zip(race.contenders()) {
        candidate.contender = *contender;
    }
    let Some(finalist) = race.finalist() else {
        return end(&lab, Improvement::NoFinalist, candidates, faults, forecast);
    };
    let improvement =
        test(&mut lab, (&name, &asked), (finalist, &candidates), held_out, &forecast.split.digest).await?;
    end(&lab, improvement, candidates, faults, forecast)
}

/// Returns a candidate as it is asked: with the targets and the form of answers of the prompt that was planned.
fn asked_as(asked: &Prompt, made: &Prompt) -> Prompt {
    Prompt { targets: asked.targets.clone(), response: asked.response.clone(), ..made.clone() }
}

/// Asks prompts of all of these rows.
async fn ask(
    lab: &mut Experiment<'_>,
    (part, prompt_name, held_out): (&str, &str, &str),
    prompts: Vec<Prompt>,
    rows: Vec<Arc<DatasetRow>>,
    asks: &[u32],
) -> Result<PartCells, ExperimentStop> {
    let lane = lab.lane();
    let asks = asks.to_vec();
    lab.ask(PartRequest { part, prompt_name, prompts, lane, rows, asks, held_out, keeps: false }, |_| false).await
}

/// Has edits proposed, in one call or two, and sorts out those that cannot be tried.
async fn propose(
    lab: &mut Experiment<'_>,
    prompt: &Prompt,
    inputs: &[Input],
    material: Material,
    options: &ImproveOptions,
) -> Result<(Vec<(CandidateEdit, Prompt)>, Vec<EditFault>), ExperimentStop> {
    let mut rules = EditRules::new(prompt, inputs);
    let (mut edits, mut faults, mut tried) = (Vec::new(), Vec::new(), Vec::new());
    let mut unread = None;
    for call in 1..=PROPOSALS {
        let wanted = options.candidates.saturating_sub(edits.len());
        if wanted == 0 {
            break;
        }
        let input = Input::of(material.ask(wanted, &tried));
        let row = Arc::new(DatasetRow { number: 1, input, ..DatasetRow::default() });
        let part = format!("propose {call}");
        let request = PartRequest {
            part: &part,
            prompt_name: "improve",
            prompts: vec![material::proposer()],
            lane: vec![options.by.clone()],
            rows: vec![row],
            asks: vec![0],
            held_out: "",
            // What it was told may have grown since, by a grade; what it has proposed is paid for.
            keeps: true,
        };
        let came = lab.ask(request, |_| false).await?;
        let Some(cell) = came.cells.values().next() else { continue };
        let answer = lab.run(cell.run).await?.outcome.text;
        let read = match read_edits(&answer) {
            Ok(read) => read,
            Err(why) => {
                lab.tell(ExperimentEvent::Rejected { reason: String::new(), why: why.clone() }).await;
                unread = Some(why);
                faults.push(EditFault::Malformed);
                continue;
            }
        };
        for edit in read {
            let reason = edit.as_ref().map(|edit| edit.reason.clone()).unwrap_or_default();
            let made = edit.and_then(|edit| {
                let made = rules.apply(&edit);
                tried.push(TriedEdit::of(&edit, made.as_ref().err()));
                Ok((edit, made?))
            });
            match made {
                Ok(made) if edits.len() < options.candidates => edits.push(made),
                Ok(_more_than_wanted) => {}
                Err(fault) => {
                    lab.tell(ExperimentEvent::Rejected { reason, why: fault.to_string() }).await;
                    faults.push(fault);
                }
            }
        }
    }
    match unread {
        Some(why) if edits.is_empty() && faults.iter().all(|fault| *fault == EditFault::Malformed) => {
            Err(ExperimentStop::Wrong(format!("{} proposed nothing that can be read: {why}", options.by.name)))
        }
        _ => Ok((edits, faults)),
    }
}

/// Races candidates over the tune rows.
async fn run_race(
    lab: &mut Experiment<'_>,
    (name, asked): (&str, &Prompt),
    candidates: &[Candidate],
    (tune, before): (&[Arc<DatasetRow>], &PartCells),
    seed: u64,
) -> Result<Race, ExperimentStop> {
    let mut race = Race::new(tune.len(), candidates.len(), seed);
    let prompts: Vec<Prompt> = candidates.iter().map(|candidate| asked_as(asked, &candidate.prompt)).collect();
    while let Some(places) = race.rows().map(<[usize]>::to_vec) {
        let rows: Vec<Arc<DatasetRow>> = places.iter().filter_map(|at| tune.get(*at).cloned()).collect();
        let asks: Vec<u32> = race.in_race().filter_map(|at| u32::try_from(at).ok()).collect();
        let came = ask(lab, (RACE, name, ""), prompts.clone(), rows, &asks).await?;
        let running: Vec<usize> = race.in_race().collect();
        race.take(|candidate| count_flips(&came.cells, candidate, &before.cells, 0));
        let dropped = |at: usize| race.contenders().get(at).is_none_or(|contender| contender.dropped);
        let standings = running.iter().filter_map(|at| {
            let (candidate, contender) = (candidates.get(*at)?, race.contenders().get(*at)?);
            let dropped = dropped(*at);
            Some(RungResult { name: candidate.name.clone(), standing: contender.standing, dropped })
        });
        lab.tell(ExperimentEvent::Rung { rows: places.len(), standings: standings.collect() }).await;
    }
    Ok(race)
}

/// Counts how a prompt of some cells stands against one of others, over the rows that both have.
pub(crate) fn count_flips(
    cells: &BTreeMap<CellIndex, Cell>,
    prompt: usize,
    base: &BTreeMap<CellIndex, Cell>,
    base_prompt: u32,
) -> FlipCounts {
    let own = cells.iter().filter(|(place, _)| place.prompt as usize == prompt);
    FlipCounts::of(own.filter_map(|(place, cell)| {
        let before = base.get(&CellIndex { prompt: base_prompt, ..*place })?;
        Some((passed(before), passed(cell)))
    }))
}

/// Asks the finalist and a fresh baseline the held-out rows, once, and says what that shows.
async fn test(
    lab: &mut Experiment<'_>,
    (name, asked): (&str, &Prompt),
    (finalist, candidates): (usize, &[Candidate]),
    rows: Vec<Arc<DatasetRow>>,
    digest: &str,
) -> Result<Improvement, ExperimentStop> {
    let Some(candidate) = candidates.get(finalist) else { return Ok(Improvement::NoFinalist) };
    // Each look of another improvement before this one was a test of these rows, too.
    let is_own = |number: u32, experiment: &str| (number, experiment) == (lab.part.number, &lab.part.experiment);
    let looked = lab.on_record.iter().filter(|(_, part)| part.held_out == digest && !digest.is_empty());
    let earlier = looked.take_while(|(_, part)| !is_own(part.number, &part.experiment)).count();
    let look = u32::try_from(earlier + 1).unwrap_or(u32::MAX);
    let all = rows.len();
    lab.tell(ExperimentEvent::Look { name: candidate.name.clone(), rows: all, look }).await;
    let (lane, prompts) = (lab.lane(), vec![asked.clone(), asked_as(asked, &candidate.prompt)]);
    let request = PartRequest {
        part: HELD_OUT,
        prompt_name: name,
        prompts,
        lane,
        rows,
        asks: vec![0, 1],
        held_out: digest,
        keeps: false,
    };
    let came = lab.ask(request, |cells| is_lost(cells, all as u64, LEVEL / f64::from(look))).await?;
    let mut lanes = Lanes::default();
    came.cells.values().for_each(|cell| lanes.take(cell));
    let pairs = lanes.pairs((1, 0), &lanes, (0, 0));
    let unasked = (all as u64).saturating_sub(pairs.len() as u64);
    Ok(Improvement::judge(finalist, Evidence::of(pairs, SEED), look, unasked))
}

/// Tells whether the held-out rows that are still to come can show no gain any more. Scores may where few rows were fixed or
/// broken: where any two differ, nothing is given up before passes decide.
fn is_lost(cells: &BTreeMap<CellIndex, Cell>, rows: u64, level: f64) -> bool {
    let mut lanes = Lanes::default();
    for cell in cells.values() {
        lanes.take(cell);
    }
    let pairs = lanes.pairs((1, 0), &lanes, (0, 0));
    let standing = FlipCounts::of(pairs.iter().map(|pair| (pair.a, pair.b)));
    let scored = pairs.iter().any(|RowPair { a, b, score_a, score_b }| a == b && score_a != score_b);
    let decided = standing.fixed + standing.broken >= FEWEST || !scored;
    decided && is_hopeless(standing, rows.saturating_sub(pairs.len() as u64), level)
}

/// Characters of an unchanged stretch that are shown beside a change.
const AROUND: usize = 30;

/// Shows the words that an edit changes: `[-gone-]`, `{+new+}`.
fn change(edit: &CandidateEdit) -> String {
    let diff = TextDiff::new(&edit.find, &edit.replace);
    let mut shown = String::new();
    for segment in diff.segments() {
        let text = match segment.change {
            LineChange::Removed => edit.find.get(segment.old.clone()),
            LineChange::Same | LineChange::Added => edit.replace.get(segment.new.clone()),
        };
        let text = text.unwrap_or_default();
        let count = text.chars().count();
        if segment.change == LineChange::Same && count > 2 * AROUND {
            let first: String = text.chars().take(AROUND).collect();
            let last: String = text.chars().skip(count - AROUND).collect();
            shown.extend([first.as_str(), " … ", last.as_str()]);
        } else {
            shown.push_str(&segment.change.marked(text));
        }
    }
    shown
}
