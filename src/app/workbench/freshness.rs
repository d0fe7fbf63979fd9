//! Whether the answers on the bench are those to what is asked now, and the stored ones that take their place.
//!
//! [`Freshness::of`] alone decides. It is asked anew when the bench or an answer has changed, never for a token.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use crate::{
    app::{
        ask,
        context::{Cx, Shared},
        workbench::{
            Workbench,
            grading::groups,
            inputs::on_bench,
            lane::{Lane, LaneRun},
        },
    },
    eval::{CheckSuite, again_at_once},
    model::{
        AnswerSource, Freshness, Input, LaneSpec, Params, Prompt, Quality, RunId, VersionId,
        error::StoreError,
        freshness::Change,
        session::{LaneAnswer, LaneRequest},
    },
    pipeline::{
        ports::{RunRecord, corrected_params},
        sent_params,
    },
    store::api::{AnswerQuestion, StoredAnswer, ToJudge},
    template,
    text::format::ago,
};

/// Where an answer comes from.
#[derive(Debug, Clone)]
pub struct AnswerOrigin {
    /// What it was given to.
    pub source: Arc<AnswerSource>,
    /// The version that its prompt is.
    pub version: VersionId,
    /// The name of the prompt, if it had one.
    pub prompt_name: Option<String>,
    /// When its run started.
    pub started: Timestamp,
    /// Whether it was read from the record, and not made here since the start.
    pub stored: bool,
}

impl AnswerOrigin {
    /// Names the origin of a run that starts now.
    #[must_use]
    pub fn new(source: Arc<AnswerSource>, prompt_name: Option<String>, started: Timestamp) -> Self {
        Self { version: source.version(), source, prompt_name, started, stored: false }
    }

    /// Reads it from a run on record, and from what the lane asked for where that was something else.
    #[must_use]
    pub fn of_record(record: &RunRecord, instead_of: Option<&LaneRequest>) -> Self {
        let RunRecord { prompt, input, outcome, prompt_name, started, .. } = record;
        let is_own = outcome.target == outcome.requested && instead_of.is_none();
        let (target, sent) = match instead_of {
            Some(LaneRequest { target, params }) => (target.clone(), params.clone()),
            None => (outcome.requested.clone(), record.sent_params().cloned().unwrap_or_default()),
        };
        let source = AnswerSource {
            prompt: Arc::new(prompt.clone()),
            input: Arc::new(Input { vars: on_bench(input), ..input.clone() }),
            target,
            model: if is_own { outcome.model.clone() } else { String::new() },
            own: Params::default(),
            sent,
        };
        Self { stored: true, ..Self::new(Arc::new(source), prompt_name.clone(), *started) }
    }
}

/// By which checks the verdicts on an answer were given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JudgedBy {
    /// By those it was asked for with.
    #[default]
    Own,
    /// By those on the bench, once they were other ones.
    Bench,
    /// By other checks than those on the bench, which take too long to be applied in passing: they are applied in the
    /// background.
    Others,
}

/// A run on record that belongs into a lane.
#[derive(Debug, Clone)]
pub struct WantedRun {
    pub run: RunId,
    /// What the lane asked for, where the run was asked of a fallback.
    pub instead_of: Option<Box<LaneRequest>>,
}

/// How an answer stands to the bench: what was decided last, and against what.
#[derive(Debug, Clone, Default)]
pub struct AnswerState {
    pub freshness: Freshness,
    pub judged_by: JudgedBy,
    /// What it was compared with.
    against: Option<Arc<AnswerSource>>,
    /// What the record was asked for in its place.
    looked_up: Option<Arc<AnswerSource>>,
    /// The run that is to be read from the record into its place.
    wanted: Option<WantedRun>,
    /// By the checks of what it is judged in the background.
    judging: Option<Arc<AnswerSource>>,
}

impl AnswerState {
    /// Has a run on record be read into the place.
    #[must_use]
    pub fn of_wanted(run: WantedRun) -> Self {
        Self { wanted: Some(run), ..Self::default() }
    }

    /// Has everything be decided anew.
    pub fn reset(&mut self) {
        self.against = None;
    }
}

/// What is known of the versions that answers come from.
#[derive(Debug, Clone, Default)]
pub struct VersionNumbers {
    /// The versions of the prompt, the oldest first.
    order: Vec<VersionId>,
    /// Versions whose number was asked for.
    asked: BTreeSet<VersionId>,
}

/// Tells whether two prompts judge answers by the same rules.
fn judge_alike(one: &Prompt, other: &Prompt) -> bool {
    one.checks == other.checks && one.expected() == other.expected()
}

/// Lists what the messages of a prompt ask for; nothing where one of them makes no sense.
fn asked_names(prompt: &Prompt) -> Option<BTreeSet<String>> {
    let (asks, mistakes) = template::asks_of(&prompt.turns());
    let known = mistakes.is_empty() && asks.mistake.is_none();
    // Of `user.name` the value may be that of `user`.
    known.then(|| asks.names.iter().flat_map(|name| template::render::prefixes(name)).map(str::to_owned).collect())
}

impl LaneRun {
    /// Notes what the target of a run that has ended has refused: that is not sent again, and the answer is to what it
    /// took.
    pub(crate) fn note_refused(&mut self) {
        let Some(origin) = &mut self.origin else { return };
        if let Some(sent) = corrected_params(&self.timeline, &origin.source.target) {
            origin.source = Arc::new(AnswerSource { sent: sent.clone(), ..(*origin.source).clone() });
            self.answer_state.reset();
        }
    }

    /// Brings up to date how the answer stands to what is asked now.
    fn settle_freshness(&mut self, now: &Arc<AnswerSource>) {
        if self.answer_state.against.as_ref().is_some_and(|known| Arc::ptr_eq(known, now)) {
            return;
        }
        self.answer_state.against = Some(Arc::clone(now));
        let Some(origin) = &self.origin else {
            return;
        };
        self.answer_state.freshness = Freshness::of(&origin.source, now, asked_names);
        // A check may look at a variable that is not sent.
        let judged_alike = judge_alike(&origin.source.prompt, &now.prompt) && origin.source.input == now.input;
        let stays = self.answer_state.freshness.is_stale() || judged_alike;
        let judged = if stays { None } else { self.judge_again(now) };
        let judged_by = match (stays, &judged) {
            (true, _) => JudgedBy::Own,
            (false, Some(_)) => JudgedBy::Bench,
            (false, None) => JudgedBy::Others,
        };
        let own = || self.outcome.as_ref().and_then(|outcome| outcome.quality.clone());
        if self.outcome.is_some() && (judged_by != JudgedBy::Own || self.answer_state.judged_by != JudgedBy::Own) {
            let quality = judged.or_else(own);
            self.put_quality(quality);
        }
        self.answer_state.judged_by = judged_by;
    }

    /// Judges the answer by the checks on the bench, where that is over at once.
    fn judge_again(&self, now: &AnswerSource) -> Option<Quality> {
        let (outcome, response) = (self.outcome.as_ref()?, now.prompt.expected());
        if !CheckSuite::compiles_at_once(&response, &now.prompt.checks) {
            return None;
        }
        let suite = CheckSuite::new(&response, &now.prompt.checks).ok()?;
        again_at_once(&suite, &response, outcome, &now.input)
    }

    /// Tells whether the answer is none to what is asked now.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.answer_state.freshness.is_stale()
    }

    /// Returns what the record is to be asked for in the run's place; nothing where it was asked, or the answer is
    /// there.
    fn question(&mut self, source: &Arc<AnswerSource>, sample: u32) -> Option<AnswerQuestion> {
        let was_asked = self.answer_state.looked_up.as_ref().is_some_and(|known| Arc::ptr_eq(known, source));
        let is_there = self.answer_state.wanted.is_none() && self.origin.is_some() && !self.is_stale();
        if self.ticket.is_some() || was_asked || is_there {
            return None;
        }
        self.answer_state.looked_up = Some(Arc::clone(source));
        let run = self.answer_state.wanted.as_ref().map(|wanted| wanted.run);
        Some(AnswerQuestion { run, source: Arc::clone(source), sample })
    }

    /// Tells whether an answer that was found for a question still belongs here.
    fn takes_stored(&self, asked: &Arc<AnswerSource>, now: Option<&Arc<AnswerSource>>) -> bool {
        let is_asked = self.answer_state.looked_up.as_ref().is_some_and(|known| Arc::ptr_eq(known, asked));
        let is_open = self.origin.is_none() || self.is_stale();
        let is_meant = self.answer_state.wanted.is_some() || now.is_some_and(|now| Arc::ptr_eq(now, asked));
        self.ticket.is_none() && is_asked && is_open && is_meant
    }
}

/// Returns what would be asked in a lane now.
fn source_of(spec: &LaneSpec, prompt: &Arc<Prompt>, input: &Arc<Input>, shared: &Shared) -> AnswerSource {
    let prompt = spec.pinned.as_ref().map_or_else(|| Arc::clone(prompt), |pinned| Arc::new((*pinned.prompt).clone()));
    let target = shared.catalog.resolve(&spec.target).ok().map(|target| shared.quirks.corrected(target));
    let sent = target.as_ref().map(|target| sent_params(&prompt, &spec.params, target));
    let (name, model) =
        target.map_or_else(|| (spec.target.clone(), String::new()), |target| (target.name, target.model));
    AnswerSource {
        prompt,
        input: Arc::clone(input),
        target: name,
        model,
        own: spec.params.clone(),
        sent: sent.unwrap_or_else(|| spec.params.clone()),
    }
}

impl Workbench {
    /// Returns the origin of a run that starts in a lane now.
    pub(crate) fn origin(&self, spec: &LaneSpec, prompt: &Arc<Prompt>, shared: &Shared) -> AnswerOrigin {
        let source = source_of(spec, prompt, &Arc::new(self.input()), shared);
        AnswerOrigin::new(Arc::new(source), self.prompt_name.clone(), shared.now.time)
    }

    /// Notes that targets may be asked otherwise by now, though nothing on the bench has changed.
    pub(crate) fn ask_otherwise(&mut self) {
        self.sourced = None;
    }

    /// Brings up to date how the answers stand to what is on the bench, where either has changed.
    pub(crate) fn settle_freshness(&mut self, shared: &Shared) {
        let revision = self.revision();
        if self.sourced != Some(revision) || self.lanes.iter().any(|lane| lane.source.is_none()) {
            self.sourced = Some(revision);
            let (prompt, input) = (self.shared_prompt(), self.shared_input());
            let sources: Vec<AnswerSource> =
                self.lanes.iter().map(|lane| source_of(&lane.spec, &prompt, &input, shared)).collect();
            for (lane, source) in self.lanes.iter_mut().zip(sources) {
                if lane.source.as_deref() != Some(&source) {
                    lane.source = Some(Arc::new(source));
                }
            }
        }
        for lane in &mut self.lanes {
            if let Some(source) = lane.source.clone() {
                lane.runs_mut().for_each(|run| run.settle_freshness(&source));
            }
        }
    }

    /// Asks the record for the answers to what is on the bench where other ones, or none, are shown; not while
    /// somebody types.
    pub(crate) fn recall(&mut self, cx: &mut Cx<'_, Self>) {
        self.ask_version_numbers(cx);
        if self.typing {
            return;
        }
        self.judge_in_background(cx);
        let mut questions = Vec::new();
        for lane in &mut self.lanes {
            let Some(source) = lane.source.clone() else { continue };
            let samples = (0_u32..).zip(lane.runs_mut());
            questions.extend(samples.filter_map(|(sample, run)| run.question(&source, sample)));
        }
        if questions.is_empty() {
            return;
        }
        let asked = questions.iter().map(|question| (Arc::clone(&question.source), question.sample)).collect();
        cx.ask(ask::stored_answers(questions), asked, Self::take_stored);
    }

    fn take_stored(
        &mut self,
        asked: Vec<(Arc<AnswerSource>, u32)>,
        found: Result<Vec<Option<StoredAnswer>>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        // Without an answer the lanes go without it: that the record cannot be read the metrics say.
        let Ok(found) = found else {
            return;
        };
        let mut taken = false;
        for ((source, sample), answer) in asked.into_iter().zip(found) {
            for lane in &mut self.lanes {
                let (now, several) = (lane.source.clone(), lane.samples() > 1);
                let run = (0_u32..).zip(lane.runs_mut()).find(|(at, _)| *at == sample).map(|(_, run)| run);
                let Some(run) = run.filter(|run| run.takes_stored(&source, now.as_ref())) else { continue };
                let wanted = run.answer_state.wanted.take();
                if let Some(StoredAnswer { record, grade }) = answer.as_ref() {
                    let instead_of = wanted.filter(|wanted| wanted.run == record.run);
                    let instead_of = instead_of.and_then(|wanted| wanted.instead_of);
                    run.put_stored(record, instead_of.as_deref(), grade.clone(), cx.shared.now);
                    taken = true;
                    if several {
                        lane.groups = groups(lane);
                    }
                }
            }
        }
        if taken {
            self.touch();
            self.try_new_answers(cx);
        }
    }

    /// Has the answers judged in the background by the checks on the bench where that takes too long in passing.
    fn judge_in_background(&mut self, cx: &mut Cx<'_, Self>) {
        for lane in &mut self.lanes {
            let Some(source) = lane.source.clone() else { continue };
            for run in lane.runs_mut() {
                let is_asked = run.answer_state.judging.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, &source));
                let is_due = run.answer_state.judged_by == JudgedBy::Others && !is_asked;
                let Some(outcome) = run.outcome.as_deref().filter(|_| is_due) else { continue };
                run.answer_state.judging = Some(Arc::clone(&source));
                let answers = vec![Arc::new((outcome.clone(), (*source.input).clone()))];
                let asked = (outcome.run, Arc::clone(&source));
                let to = ToJudge { prompt: (*source.prompt).clone(), answers };
                cx.ask(ask::judge_answers(to), asked, |bench, (run, source), judged, _| {
                    // what cannot be judged keeps the verdicts it has, and says by what they are
                    if let Some(quality) = judged.ok().and_then(|mut judged| judged.pop()) {
                        bench.take_judged(run, &source, &quality);
                    }
                });
            }
        }
    }

    fn take_judged(&mut self, judged: RunId, source: &Arc<AnswerSource>, quality: &Quality) {
        let is_same =
            |known: &Option<Arc<AnswerSource>>| known.as_ref().is_some_and(|known| Arc::ptr_eq(known, source));
        for lane in &mut self.lanes {
            for run in lane.runs_mut().filter(|run| run.outcome.as_ref().is_some_and(|outcome| outcome.run == judged)) {
                let state = &run.answer_state;
                if state.judged_by == JudgedBy::Others && is_same(&state.against) && is_same(&state.judging) {
                    run.answer_state.judged_by = JudgedBy::Bench;
                    run.put_quality(Some(quality.clone()));
                }
            }
        }
    }

    /// Asks for the numbers of versions that old answers come from, once for each.
    fn ask_version_numbers(&mut self, cx: &mut Cx<'_, Self>) {
        let stale = self.lanes.iter().flat_map(Lane::runs).filter(|run| run.is_stale());
        let of_other_prompt = stale.filter_map(|run| run.origin.as_ref()).map(|origin| &origin.version);
        let unknown: Vec<VersionId> = of_other_prompt
            .filter(|version| !self.versions.order.contains(version) && !self.versions.asked.contains(version))
            .cloned()
            .collect();
        if unknown.is_empty() {
            return;
        }
        self.versions.asked.extend(unknown);
        cx.ask(ask::version_order(self.lineage()), (), |bench, (), order, _| {
            // Without their numbers the versions are called other ones.
            if let Ok(order) = order {
                bench.versions.order = order;
            }
        });
    }

    /// Forgets the numbers of versions: those of another prompt follow.
    pub(crate) fn forget_version_numbers(&mut self) {
        self.versions = VersionNumbers::default();
    }

    /// Lists the runs that the lanes show, as the session keeps them: by the places of lane and sample.
    #[must_use]
    pub(crate) fn shown_runs(&self) -> Vec<LaneAnswer> {
        let lanes = (0_u32..).zip(&self.lanes);
        lanes
            .flat_map(|(lane, of)| {
                let runs = (0_u32..).zip(of.runs());
                runs.filter_map(move |(sample, run)| match (run.run(), &run.answer_state.wanted) {
                    (Some(id), _) => {
                        let instead_of = run.instead_of().map(Box::new);
                        Some(LaneAnswer { lane, sample, run: id, instead_of })
                    }
                    (None, wanted) => {
                        let WantedRun { run, instead_of } = wanted.clone()?;
                        Some(LaneAnswer { lane, sample, run, instead_of })
                    }
                })
            })
            .collect()
    }
}

/// In what words an answer is none to what is asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleWords {
    /// What it is from: `version 2, another input`.
    pub from: String,
    /// The same in few columns: `v2`; of several changes the first.
    pub brief: String,
    /// When its run started: `3 min ago`.
    pub since: String,
    /// What has changed since, a sentence.
    pub changed: String,
}

impl Workbench {
    /// Returns the number of the version on the bench, where it is known and nothing was edited since.
    #[must_use]
    pub fn version_number(&self) -> Option<usize> {
        self.version.as_ref().filter(|version| !version.edited)?.place.as_ref().map(|place| place.number)
    }

    /// Says what a stale answer is from; nothing of one that is current.
    #[must_use]
    pub fn stale_words(&self, run: &LaneRun, now: Timestamp) -> Option<StaleWords> {
        let Freshness::Stale(changes) = &run.answer_state.freshness else {
            return None;
        };
        let origin = run.origin.as_ref()?;
        let asked = run.answer_state.against.as_deref();
        let from: Vec<String> = changes.iter().map(|change| self.origin_words(*change, origin, asked)).collect();
        let brief =
            from.first().map(|from| from.strip_prefix("version ").map_or_else(|| from.clone(), |at| format!("v{at}")));
        let name = |change: &Change| match change {
            Change::Prompt => "prompt",
            Change::Input => "input",
            Change::Model => "model",
            Change::Params => "parameters",
        };
        let names: Vec<String> = changes.iter().map(|change| format!("the {}", name(change))).collect();
        let has = if names.len() > 1 || changes.contains(&Change::Params) { "have" } else { "has" };
        let listed = names.join(" and ");
        let capital = listed.strip_prefix('t').map_or_else(|| listed.clone(), |rest| format!("T{rest}"));
        Some(StaleWords {
            from: from.join(", "),
            brief: brief.unwrap_or_default(),
            since: ago(origin.started, now),
            changed: format!("{capital} {has} changed."),
        })
    }

    fn origin_words(&self, change: Change, origin: &AnswerOrigin, asked: Option<&AnswerSource>) -> String {
        match change {
            Change::Prompt => {
                let number = self.versions.order.iter().position(|version| *version == origin.version);
                match (number, &origin.prompt_name) {
                    (Some(at), _) => format!("version {}", at + 1),
                    (None, Some(name)) if origin.prompt_name != self.prompt_name => format!("prompt {name}"),
                    (None, _) => "another version".to_owned(),
                }
            }
            Change::Input => "another input".to_owned(),
            Change::Model => {
                let same_name = asked.is_some_and(|asked| asked.target == origin.source.target);
                if same_name { origin.source.model.clone() } else { origin.source.target.clone() }
            }
            Change::Params => "other parameters".to_owned(),
        }
    }
}

impl Workbench {
    /// Has the runs that a session's lanes showed be read from the record.
    pub(crate) fn want_runs(&mut self, answers: &[LaneAnswer]) {
        for answer in answers {
            let lane = usize::try_from(answer.lane).ok().and_then(|at| self.lanes.get_mut(at));
            let sample = usize::try_from(answer.sample).unwrap_or(usize::MAX);
            if let Some(run) = lane.and_then(|lane| lane.runs_mut().nth(sample)) {
                run.want(WantedRun { run: answer.run, instead_of: answer.instead_of.clone() });
            }
        }
    }
}
