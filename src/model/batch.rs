//! A batch: rows × prompts × targets × samples, its cells and what came of them.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::model::{
    attachment::PartRoot,
    cost::{CacheSaving, Cost},
    dataset::RowSource,
    expected::Expected,
    id::{BatchId, CellIndex, RunId, hex},
    outcome::{Judging, Outcome, Provenance},
    request::CacheMode,
    run_end::RunEnd,
    tool::answer_in_brief,
    usage::{ModalityTokens, Spent, Usage},
    verdict::{Quality, RunStatus},
};

/// What came of a cell, without its texts: what a table shows and a report counts.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub place: CellIndex,
    /// The run that answered it, or failed to.
    pub run: RunId,
    /// The end of that run in one word: `done`, `failed`, `interrupted`, `cancelled`.
    pub end: String,
    /// How it came out.
    pub status: RunStatus,
    /// Whether the answer ended before it was whole, as [`Outcome::cut_off`] says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_off: bool,
    /// The score of the answer, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The class of the error it ended with, in words, if it ended with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Whether the answer came from the cache; its time and tokens are the original's then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// Whether it was asked in a job of the provider's batch API: how long it took is not known then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batched: bool,
    /// Tokens in and out of all its attempts, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// True when they are our own estimate, or hold one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tokens_estimated: bool,
    /// True when it may have taken more tokens than are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tokens_partial: bool,
    /// What it cost, its judges left out.
    pub cost: Cost,
    /// What a provider's cache of prompts saved of that; none where it was not used, or its prices are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_saving: Option<CacheSaving>,
    /// What each target took where it was not the asked one alone; all of it is part of its tokens and its cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_target: Vec<(String, Spent)>,
    /// How many of its tokens are of pictures and recordings.
    #[serde(default, skip_serializing_if = "ModalityTokens::is_none")]
    pub modalities: ModalityTokens,
    /// What its judges took, if any was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judging: Option<Judging>,
    /// How long its answer took, as [`Timing::took`](crate::model::outcome::Timing::took) says.
    pub took: Duration,
    /// Time retort itself waited.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub waited: Duration,
    /// The beginning of the answer, or of the error, on one line.
    pub summary: String,
    /// The rules that failed, each once, in the order of the checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// Why the first of them failed, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The characters of an answer that a cell's summary holds.
pub const SUMMARY: usize = 80;

/// The failed rules that a cell names, at most.
const FAILED: usize = 8;

/// Writes the beginning of a text on one line, which ends in `…` where there is more of it.
fn one_line(text: &str) -> String {
    let mut chars = text.split_whitespace().flat_map(|word| word.chars().chain([' ']));
    let line = chars.by_ref().take(SUMMARY).collect::<String>();
    // The blank after the last word is no more of it.
    let more = chars.any(|char| char != ' ');
    if more { line.chars().take(SUMMARY - 1).chain(['…']).collect() } else { line.trim_end().to_owned() }
}

/// Names the rules that an answer fails, each once, as many as a cell names, and says why it fails the first of them.
pub(crate) fn failures(quality: &Quality) -> (Vec<String>, Option<String>) {
    let mut failed: Vec<String> = Vec::new();
    for rule in quality.failures().map(|verdict| verdict.rule.to_string()) {
        if failed.len() < FAILED && !failed.contains(&rule) {
            failed.push(rule);
        }
    }
    (failed, quality.failures().next().map(|verdict| one_line(&verdict.reason)))
}

impl Cell {
    /// Sums a run's outcome up.
    #[must_use]
    pub fn of(place: CellIndex, outcome: &Outcome) -> Self {
        let quality = outcome.quality.as_ref();
        let class = outcome.end.class().map(|class| class.to_string());
        let text = if outcome.end == RunEnd::Done {
            answer_in_brief(&outcome.text, &outcome.calls)
        } else {
            outcome.end.to_string()
        };
        let by_target: Vec<(String, Spent)> =
            outcome.by_target().into_iter().map(|(attempt, spent)| (attempt.target.clone(), spent)).collect();
        let (failed, reason) = quality.map(failures).unwrap_or_default();
        Self {
            place,
            run: outcome.run,
            end: outcome.end.word().to_owned(),
            status: outcome.status(),
            cut_off: outcome.cut_off(),
            score: quality.and_then(Quality::score),
            class,
            cached: matches!(outcome.provenance, Provenance::Cached { .. }),
            batched: !outcome.provenance.is_timed(),
            tokens: outcome.usage.total(),
            tokens_estimated: outcome.usage.estimated,
            tokens_partial: outcome.usage.partial,
            cost: outcome.cost,
            // An answer from the cache took nothing, and saved nothing of it.
            cache_saving: outcome.cache_saving.filter(|_| outcome.provenance == Provenance::Live),
            by_target: if by_target.iter().all(|(target, _)| *target == outcome.requested) {
                Vec::new()
            } else {
                by_target
            },
            modalities: ModalityTokens::of(&outcome.usage),
            judging: outcome.judging,
            took: outcome.timing.took(),
            waited: outcome.timing.waited,
            summary: one_line(&text),
            failed,
            reason,
        }
    }

    /// Returns what its attempts took, its judges left out: nothing where the answer came from the cache.
    #[must_use]
    pub fn spent(&self) -> Spent {
        if self.cached {
            return Spent::default();
        }
        let counted = self.counted();
        // What nobody counted was taken all the same where it may have cost something.
        let partial = counted.partial || (self.tokens.is_none() && self.cost != Cost::NOTHING);
        Spent { usage: Usage { partial, ..counted }, cost: self.cost }
    }

    /// Returns the tokens it shows, an answer's from the cache as well.
    #[must_use]
    pub fn counted(&self) -> Usage {
        let (estimated, partial) = (self.tokens_estimated, self.tokens_partial);
        self.modalities.within(Usage { input: self.tokens, estimated, partial, ..Usage::default() })
    }

    /// Returns how long it took; none where it was asked in a job of the provider's batch API.
    #[must_use]
    pub fn timed(&self) -> Option<Duration> {
        (!self.batched).then_some(self.took)
    }

    #[must_use]
    pub fn cost_with_judges(&self) -> Cost {
        self.judging.map_or(self.cost, |judging| self.cost.plus(judging.cost))
    }

    /// Tells whether the model answered; what it answered, its checks say.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.end == "done"
    }
}

/// What of a batch is limited: money, tokens or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cap {
    /// Money.
    Cost,
    Tokens,
    /// Calls of models.
    Calls,
    Time,
    /// What a provider lets an account use: nobody sets it here.
    Account,
}

/// What a batch may use; unset is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchLimits {
    /// US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Tokens, in and out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// From its start, pauses not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Duration>,
}

/// What of an experiment a batch is: the calls of an improvement, an ablation or a bisection are those of batches of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentPart {
    /// Names what the experiment asks: the same command goes on with it. SHA-256 in hex.
    pub experiment: String,
    /// Which one of the same it is, counted from 1.
    pub number: u32,
    /// What it is called: `improve-3fa2c1`.
    pub name: String,
    pub part: String,
    /// The held-out rows that are looked at, by their digest; empty where none are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub held_out: String,
}

/// Everything that makes up a batch, as its record keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchSpec {
    /// Its name: the data set's, unless it was given another.
    pub name: String,
    /// Where its rows come from, as a person wrote it: a path, or `-`.
    pub data: String,
    /// The prompts' names and prompts.
    pub prompts: Vec<(String, crate::model::prompt::Prompt)>,
    /// The targets' names.
    pub targets: Vec<String>,
    /// How often each request is made.
    pub samples: u32,
    /// Column to variable, where they differ in name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mapping: BTreeMap<String, String>,
    /// What stands behind the names of models, those of judges with `judge ` before them: for each the
    /// [`Target::digest`](crate::model::Target::digest). Empty before the names were looked up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub behind: BTreeMap<String, String>,
    /// How answers are compared with what their rows expect.
    #[serde(default, skip_serializing_if = "Expected::is_auto")]
    pub expected: Expected,
    /// The batch whose cells it asks again, to see whether they come out the same; none where it is a batch of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<BatchId>,
    /// The experiment that it is a part of; none where it stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<ExperimentPart>,
}

impl BatchSpec {
    /// Names a batch after the last part of its data set's path.
    #[must_use]
    pub fn name_of(data: &str) -> String {
        let end = data.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(data);
        match end {
            "-" => "standard input".to_owned(),
            "" => data.to_owned(),
            end => end.to_owned(),
        }
    }

    /// Gives a prompt its new name. Tells whether it is among those that are asked.
    pub fn rename_prompt(&mut self, from: &str, to: &str) -> bool {
        let mut found = false;
        for (name, _) in self.prompts.iter_mut().filter(|(name, _)| name == from) {
            to.clone_into(name);
            found = true;
        }
        found
    }

    /// Lists the prompts by name, each with the names of the targets it is sent to.
    #[must_use]
    pub fn lanes(&self) -> Vec<(&str, &[String])> {
        let targets = |own| if self.targets.is_empty() { own } else { &self.targets };
        self.prompts.iter().map(|(name, prompt)| (name.as_str(), targets(&prompt.targets).as_slice())).collect()
    }

    /// Lists the names of the models that are asked, or fallen back on.
    #[must_use]
    pub fn models(&self) -> Vec<String> {
        let targets = self.lanes().into_iter().flat_map(|(_, targets)| targets);
        targets.chain(self.prompts.iter().flat_map(|(_, prompt)| &prompt.fallback)).cloned().collect()
    }

    /// Counts the cells of so many rows.
    #[must_use]
    pub fn cells(&self, rows: u64) -> u64 {
        let lanes: usize = self.lanes().iter().map(|(_, targets)| targets.len()).sum();
        rows.saturating_mul(lanes as u64).saturating_mul(u64::from(self.samples.max(1)))
    }

    /// Names what is asked: a batch with the same fingerprint goes on where this one stopped. The
    /// SHA-256, in hex, of all of it but its name.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        // How answers are compared is in the checks of the rows, and so in their fingerprints.
        let Self { name: _, data, prompts, targets, samples, mapping, behind, expected: _, again, part } = self;
        let asked = (data, prompts, targets, samples, mapping, behind);
        // A batch of its own keeps the name it had before there were others.
        let text = match (again, part) {
            (None, None) => serde_json::to_vec(&asked),
            (Some(again), None) => serde_json::to_vec(&(asked, again)),
            (None, Some(part)) => serde_json::to_vec(&(asked, part)),
            (Some(again), Some(part)) => serde_json::to_vec(&(asked, again, part)),
        };
        hex(&text.unwrap_or_default())
    }
}

/// What becomes of the cells that earlier runs of the same batch have asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResumeMode {
    /// The newest batch of the same fingerprint that is not complete goes on: what is missing is asked. A new one
    /// begins where there is none.
    #[default]
    Resume,
    /// The newest of the same fingerprint, complete or not, goes on, and the cells that failed are asked again.
    RetryFailed,
    /// A new batch asks every cell.
    Anew,
}

impl ResumeMode {
    /// Every mode, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Resume, Self::RetryFailed, Self::Anew];
}

/// A batch as it is wanted. Every way in, a form or arguments or a foreign config, fills one; the engine plans it.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchRequest {
    /// What is asked. Open in it may be the targets, the format of an answer and a mapping from columns that bear the
    /// names of variables.
    pub spec: BatchSpec,
    /// Where its rows are read.
    pub rows: RowSource,
    /// The files that are read for it beside the data set.
    pub files: Vec<PathBuf>,
    /// Whether all that its content asks for is agreed to; what was agreed to before is, where not.
    pub trust: bool,
    /// Where the files of parts are looked for, as far as that does not follow from its names.
    pub roots: PartRoots,
    /// Variables that every row has, whatever its columns say.
    pub vars: BTreeMap<String, String>,
    /// The model that judges by rubrics that name none; that of the settings where unset.
    pub judge: Option<String>,
    /// How the cache is used.
    pub cache: CacheMode,
    /// What may be used.
    pub limits: BatchLimits,
    /// Whether a limit on cost holds for the models whose price is known alone.
    pub allow_unpriced: bool,
    /// Cells under way at once, at most.
    pub concurrency: usize,
    /// Whether a batch that stopped goes on.
    pub resume: ResumeMode,
    /// Asks these cells alone, whatever is known of them; all where unset.
    pub only: Option<Vec<CellIndex>>,
    /// The session it belongs to.
    pub session: Option<String>,
}

/// Where the files of a batch's parts are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartRoots {
    /// For those that prompts name, by the prompt's name: those that are not found by it.
    pub prompts: BTreeMap<String, PartRoot>,
    /// For those that rows name; the folder of the data set where unset.
    pub rows: Option<PartRoot>,
}

impl BatchRequest {
    /// Makes the request that asks cells of a batch again, in a batch of their own and past the cache: an answer that is
    /// kept says the same again.
    #[must_use]
    pub fn asked_again(&self, batch: BatchId, cells: Vec<CellIndex>) -> Self {
        let samples = cells.iter().map(|place| place.sample + 1).max().unwrap_or(1);
        let name = format!("{}, asked again", self.spec.name);
        Self {
            spec: BatchSpec { name, samples, again: Some(batch), ..self.spec.clone() },
            only: Some(cells),
            cache: CacheMode::Off,
            resume: ResumeMode::Anew,
            ..self.clone()
        }
    }

    /// Tells whether some of its rows or cells are left out, so that its end is not that of the batch.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.rows.only.is_some() || self.rows.pick.is_some() || self.only.is_some()
    }

    /// Tells whether another request asks the same of the same rows, so that what was found out for one holds for the
    /// other. How it is run may differ: its limits, its concurrency, the cells it goes on with.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let Self {
            spec,
            rows,
            files,
            trust,
            roots,
            vars,
            judge,
            cache: _,
            limits: _,
            allow_unpriced: _,
            concurrency: _,
            resume: _,
            only: _,
            session: _,
        } = self;
        (spec, rows, files, trust) == (&other.spec, &other.rows, &other.files, &other.trust)
            && (roots, vars, judge) == (&other.roots, &other.vars, &other.judge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_called_by_the_last_part_of_its_path() {
        for (path, name) in [("a/b.csv", "b.csv"), ("texts/", "texts"), ("/", "/"), ("-", "standard input")] {
            assert_eq!(BatchSpec::name_of(path), name);
        }
    }
}
