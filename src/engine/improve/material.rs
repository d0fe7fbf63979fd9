//! What a proposer is told: the prompt as it is written, answers that failed and why, answers that have to stay right, and what
//! was tried. Of the held-out rows it is told nothing, not even by way of a person's grade.

use std::sync::LazyLock;

use serde::Serialize;

use crate::{
    engine::experiment::{Experiment, ExperimentStop, PartCells},
    eval::{
        evidence::passed,
        improve::{CandidateEdit, EditFault},
        split::{RowSplit, is_held_out},
        stats::SplitMix,
    },
    model::{
        Grade, Input, Prompt, RunEnd, RunId, Turn,
        expected::EXPECTED,
        id::hex,
        prompt_toml,
        query::{Filter, Query, What},
        verdict::Thumb,
    },
    pipeline::ports::RunRecord,
    store::api::{StoreReply, StoreRequest},
    text::truncate,
};

/// Failures that are shown, at most.
const FAILURES: usize = 8;
/// Answers that passed and are shown, at most.
const PASSES: usize = 3;
/// Answers that a person found fault with and that are shown, at most.
const GRADED: usize = 4;
/// Graded runs that are looked through, the newest.
const LOOKED: usize = 200;
/// Columns of a text that are shown.
const SHOWN: usize = 2000;

const FILE: &str = include_str!("../../../assets/improve/propose.toml");

static PROPOSER: LazyLock<Prompt> = LazyLock::new(|| {
    let mut prompt: Prompt = toml::from_str(FILE).unwrap_or_default();
    if prompt_toml::restore(&mut prompt).is_err() {
        return Prompt::default();
    }
    prompt
});

/// Returns the prompt that proposes.
pub(crate) fn proposer() -> Prompt {
    PROPOSER.clone()
}

/// Names the prompt that proposes by what it says.
pub(crate) fn version() -> String {
    hex(FILE.as_bytes())
}

/// A message of the prompt as it is written.
#[derive(Debug, Clone, Serialize)]
struct ShownMessage {
    number: usize,
    role: &'static str,
    text: String,
}

/// An answer, and what is said of it.
#[derive(Debug, Clone, Serialize)]
struct ShownAnswer {
    asked: serde_json::Value,
    answer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    why: Vec<String>,
}

/// An edit that was proposed before, and what became of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TriedEdit {
    message: usize,
    find: String,
    replace: String,
    result: String,
}

impl TriedEdit {
    pub(crate) fn of(edit: &CandidateEdit, fault: Option<&EditFault>) -> Self {
        let CandidateEdit { reason: _, message, find, replace } = edit;
        let result = fault.map_or_else(|| "is tried".to_owned(), |fault| format!("rejected: {fault}"));
        Self { message: *message, find: shown(find), replace: shown(replace), result }
    }
}

/// What a proposer is told.
#[derive(Debug, Clone)]
pub(crate) struct Material {
    messages: Vec<ShownMessage>,
    failures: Vec<ShownAnswer>,
    passes: Vec<ShownAnswer>,
    graded: Vec<Input>,
}

impl Material {
    /// Gathers it from the answers to the tune rows and from what people have said of other answers to the prompt.
    pub(crate) async fn gather(
        lab: &Experiment<'_>,
        prompt: &Prompt,
        before: &PartCells,
        split: &RowSplit,
        seed: u64,
    ) -> Result<Self, ExperimentStop> {
        let turns = prompt.turns().into_iter().enumerate().filter(|(_, turn)| !turn.muted && !turn.is_empty());
        let message =
            |(at, turn): (usize, Turn)| ShownMessage { number: at + 1, role: turn.role.name(), text: turn.content };
        let messages = turns.map(message).collect();
        let of = |wanted: bool| {
            let cells = before.cells.values().filter(move |cell| passed(cell) == Some(wanted));
            cells.map(|cell| cell.run).collect::<Vec<RunId>>()
        };
        let mut rng = SplitMix::new(seed);
        let (mut failures, mut passes) = (Vec::new(), Vec::new());
        for run in drawn(of(false), FAILURES, &mut rng) {
            failures.push(shown_run(&lab.run(run).await?, None));
        }
        for run in drawn(of(true), PASSES, &mut rng) {
            passes.push(ShownAnswer { why: Vec::new(), ..shown_run(&lab.run(run).await?, None) });
        }
        let mut graded = Vec::new();
        for (run, grade) in faulted(lab).await? {
            let record = lab.run(run).await?;
            if !is_held_out(&record.input, split.share) && graded.len() < GRADED {
                failures.push(shown_run(&record, Some(&grade)));
                graded.push(record.input);
            }
        }
        Ok(Self { messages, failures, passes, graded })
    }

    /// Tells whether there is nothing to learn from.
    pub(crate) fn is_empty(&self) -> bool {
        self.failures.is_empty()
    }

    /// Lists the inputs of other runs that are shown.
    pub(crate) fn graded_inputs(&self) -> Vec<Input> {
        self.graded.clone()
    }

    /// Writes what a proposer is asked.
    pub(crate) fn ask(&self, edits: usize, tried: &[TriedEdit]) -> String {
        #[derive(Serialize)]
        struct Asked<'a> {
            edits: usize,
            messages: &'a [ShownMessage],
            failures: &'a [ShownAnswer],
            passes: &'a [ShownAnswer],
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            tried: &'a [TriedEdit],
        }
        let Self { messages, failures, passes, graded: _ } = self;
        serde_json::to_string(&Asked { edits, messages, failures, passes, tried }).unwrap_or_default()
    }
}

/// Draws so many, each as likely as any other.
fn drawn(mut from: Vec<RunId>, most: usize, rng: &mut SplitMix) -> Vec<RunId> {
    let all = from.len();
    for at in 0..most.min(all) {
        from.swap(at, at + rng.below(all - at));
    }
    from.truncate(most);
    from
}

/// Finds the graded answers to the prompt with which a person found fault, the newest first.
async fn faulted(lab: &Experiment<'_>) -> Result<Vec<(RunId, Grade)>, ExperimentStop> {
    let filter = |what| Filter { not: false, what };
    let filters = vec![filter(What::Prompt(lab.prompt().0)), filter(What::Graded(true))];
    let query = Box::new(Query { filters, ..Query::default() });
    let StoreReply::History(page) = lab.store.ask(StoreRequest::History { query, after: None, limit: LOOKED }).await?
    else {
        return Ok(Vec::new());
    };
    let runs: Vec<RunId> = page.runs.into_iter().map(|entry| entry.run).collect();
    let StoreReply::Grades(grades) = lab.store.ask(StoreRequest::Grades(runs.clone())).await? else {
        return Ok(Vec::new());
    };
    let is_faulted =
        |grade: &Grade| grade.right() == Some(false) || (grade.right().is_none() && !grade.comment.is_empty());
    let of = |run: RunId| grades.iter().find(|(graded, grade)| *graded == run && is_faulted(grade)).cloned();
    Ok(runs.into_iter().filter_map(of).collect())
}

fn shown(text: &str) -> String {
    truncate(text, SHOWN).into_owned()
}

fn shown_run(record: &RunRecord, grade: Option<&Grade>) -> ShownAnswer {
    let vars = record.input.vars.iter().filter(|(name, _)| name.as_str() != EXPECTED);
    let mut asked: serde_json::Map<String, serde_json::Value> =
        vars.map(|(name, value)| (name.clone(), shown(value.as_str()).into())).collect();
    if !record.input.text.is_empty() {
        asked.insert("input".to_owned(), shown(&record.input.text).into());
    }
    let failures = record.outcome.quality.iter().flat_map(crate::model::Quality::failures);
    let mut why: Vec<String> =
        failures.map(|verdict| shown(&format!("{}: {}", verdict.rule, verdict.reason))).collect();
    if record.outcome.end != RunEnd::Done {
        why.push(shown(&record.outcome.end.to_string()));
    }
    if let Some(grade) = grade {
        let thumb = match grade.thumb {
            Some(Thumb::Down) => "a person found it wrong",
            Some(Thumb::Up) | None => "a person",
        };
        why.push(if grade.comment.is_empty() {
            thumb.to_owned()
        } else {
            format!("{thumb}: {}", shown(&grade.comment))
        });
    }
    ShownAnswer {
        asked: asked.into(),
        answer: shown(&record.outcome.text),
        expected: record.input.vars.get(EXPECTED).map(|value| shown(value.as_str())),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Format;

    #[test]
    fn the_proposer_is_a_prompt_like_any_other_and_is_known_by_its_words() {
        let prompt = proposer();
        assert_eq!(prompt.response.format, Format::Schema);
        let edit = &prompt.response.schema.unwrap()["properties"]["edits"]["items"];
        let keys: Vec<&str> = edit["required"].as_array().unwrap().iter().filter_map(|key| key.as_str()).collect();
        assert_eq!(keys, ["reason", "message", "find", "replace"], "the reason comes before the edit");
        assert_eq!(version().len(), 64);
    }

    #[test]
    fn as_many_are_drawn_as_there_are_and_none_twice() {
        let ids: Vec<RunId> = (0..20).map(|at| RunId(uuid::Uuid::from_u128(at))).collect();
        let mut some = drawn(ids.clone(), 8, &mut SplitMix::new(1));
        assert_eq!(some, drawn(ids.clone(), 8, &mut SplitMix::new(1)));
        some.sort_unstable();
        some.dedup();
        assert_eq!((some.len(), drawn(ids, 99, &mut SplitMix::new(1)).len()), (8, 20));
    }
}
