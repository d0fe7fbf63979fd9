//! What the lanes' answers are compared with, and what differs.
//!
//! Each lane against the baseline, over all inputs that the record has of both.

use std::sync::Arc;

use crate::{
    app::{
        action::Verb,
        ask,
        context::Cx,
        intent::{CompareBase, Intent, OverlayIntent},
        notices::Tone,
        overlays::compare_with::{CompareWith, OnTheBench, earlier},
        workbench::{
            Focus, Workbench,
            lane::{Lane, LaneRun, RunPhase},
        },
    },
    model::{RunId, error::StoreError},
    pipeline::ports::RunRecord,
    present::evidence::{RunConfig, queries},
    store::api::PairedComparison,
    widgets::diff_view::{DiffSide, DiffView},
};

/// What the lanes are compared with.
#[derive(Debug, Clone, Default)]
pub enum Against {
    /// The lane that is the baseline; the first where none was made it.
    #[default]
    Lane,
    /// Each lane's answer before the present one.
    Previous,
    /// An answer that was kept or taken from the record.
    Answer {
        /// What it is, in words.
        label: String,
        /// The answer.
        side: Arc<DiffSide>,
    },
}

/// Whether and with what the lanes are compared.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Whether the lanes show what differs in place of their answers.
    pub on: bool,
    /// What they are compared with.
    pub against: Against,
}

/// What a run is compared by.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// The present answer, once it is whole and was asked for.
    present: Option<Arc<DiffSide>>,
    /// The last whole answer before the present run.
    previous: Option<Arc<DiffSide>>,
    /// What differs, where there are two whole answers to compare.
    difference: Option<Box<DiffView>>,
    shown: bool,
}

impl Compared {
    /// Returns what a run that begins knows of the one before.
    #[must_use]
    pub fn next(self, answer: Option<Arc<DiffSide>>) -> Self {
        Self { previous: answer.or(self.previous), ..Self::default() }
    }

    /// Returns the present answer, made once.
    pub fn present(&mut self, make: impl FnOnce() -> DiffSide) -> Arc<DiffSide> {
        Arc::clone(self.present.get_or_insert_with(|| Arc::new(make())))
    }

    /// Returns what differs, if that is shown in place of the answer.
    #[must_use]
    pub fn shown(&self) -> Option<&DiffView> {
        self.difference.as_deref().filter(|_| self.shown)
    }

    /// The same, to be fitted and scrolled.
    pub fn shown_mut(&mut self) -> Option<&mut DiffView> {
        self.difference.as_deref_mut().filter(|_| self.shown)
    }

    /// Compares anew, if either side is another than before.
    fn compare(&mut self, old: Option<&Arc<DiffSide>>, new: Option<&Arc<DiffSide>>, shown: bool) {
        self.shown = shown;
        let Some((old, new)) = old.zip(new) else {
            self.difference = None;
            return;
        };
        if !self.difference.as_ref().is_some_and(|known| known.is_of(old, new)) {
            self.difference = Some(Box::new(DiffView::new(old, new)));
        }
    }
}

/// How a lane stands to what the lanes are compared with.
#[derive(Debug, Clone, Copy)]
pub enum LaneRelation<'a> {
    /// It is what they are compared with.
    Baseline,
    /// It was compared.
    Differs(&'a DiffView),
    /// It cannot be compared, or not yet: why.
    Waits(&'static str),
}

/// Tells whether a lane's answer can be set against the baseline's: both are to what is on the bench, or both are old
/// and to the same. What is compared with an answer of its own is not asked about the bench.
fn answers_alike(base: Option<&Lane>, lane: &Lane) -> bool {
    let Some(base) = base else {
        return true;
    };
    let (a, b) = (base.shown(), lane.shown());
    let is_held = base.spec.pinned.is_some() || lane.spec.pinned.is_some();
    match (&a.origin, &b.origin) {
        _ if a.is_stale() != b.is_stale() => false,
        (Some(a), Some(b)) if lane.shown().is_stale() => {
            a.source.input == b.source.input && (is_held || a.version == b.version)
        }
        (Some(_) | None, Some(_) | None) => true,
    }
}

impl Workbench {
    /// Tells whether anything is compared.
    fn compares(&self) -> bool {
        self.compare.on || !matches!(self.compare.against, Against::Lane) || self.lanes.iter().any(|lane| lane.baseline)
    }

    /// Returns the place of the lane the others are compared with, if it is a lane.
    #[must_use]
    pub fn baseline(&self) -> Option<usize> {
        let marked = self.lanes.iter().position(|lane| lane.baseline);
        let first = (self.compare.on && self.lanes.len() > 1).then_some(0);
        matches!(self.compare.against, Against::Lane).then(|| marked.or(first)).flatten()
    }

    /// Brings the comparison up to date with the answers: only what has changed is compared.
    pub fn settle_comparison(&mut self) {
        if !self.compares() {
            for run in self.lanes.iter_mut().map(Lane::shown_mut) {
                run.compared.difference = None;
            }
            return;
        }
        let at = self.baseline();
        let base = match &self.compare.against {
            Against::Lane => at.and_then(|at| self.lanes.get_mut(at)).and_then(|lane| lane.shown_mut().whole()),
            Against::Previous => None,
            Against::Answer { side, .. } => Some(Arc::clone(side)),
        };
        let previous = matches!(self.compare.against, Against::Previous);
        let base_lane = at.and_then(|at| self.lanes.get(at));
        let alike: Vec<bool> = self.lanes.iter().map(|lane| answers_alike(base_lane, lane)).collect();
        for ((place, lane), alike) in self.lanes.iter_mut().enumerate().zip(alike) {
            let run = lane.shown_mut();
            let new = run.whole().filter(|_| Some(place) != at && alike);
            let old = if previous { run.compared.previous.clone() } else { base.clone() };
            run.compared.compare(old.as_ref(), new.as_ref(), self.compare.on);
        }
    }

    /// Tells how a lane stands to what the lanes are compared with, if they are.
    #[must_use]
    pub fn relation<'a>(&self, lane: &'a Lane) -> Option<LaneRelation<'a>> {
        let base = self.baseline().and_then(|at| self.lanes.get(at));
        if !self.compares() {
            return None;
        }
        if base.is_some_and(|base| std::ptr::eq(base, lane)) {
            return Some(LaneRelation::Baseline);
        }
        let alike = answers_alike(base, lane);
        let (run, base) = (lane.shown(), base.map(Lane::shown));
        if let Some(difference) = &run.compared.difference {
            return Some(LaneRelation::Differs(difference));
        }
        if !alike && run.origin.is_some() && base.is_some_and(|base| base.origin.is_some()) {
            let why =
                if run.is_stale() { "old answer: not compared" } else { "the baseline's answer is old: not compared" };
            return Some(LaneRelation::Waits(why));
        }
        Some(LaneRelation::Waits(match (&run.state, base) {
            (RunPhase::Idle, _) => "nothing to compare yet",
            (state, _) if state.is_busy() => "compared when whole",
            (state, _) if state.is_unfinished() => "not whole: not compared",
            (_, Some(LaneRun { state, .. })) if state.is_busy() => "waits for the baseline",
            (_, Some(_)) => "the baseline has no whole answer",
            (_, None) if matches!(self.compare.against, Against::Previous) => "no answer before this one",
            (_, None) => "no baseline",
        }))
    }

    /// Says what the lanes are compared with.
    #[must_use]
    pub fn compared_with(&self) -> String {
        match (&self.compare.against, self.baseline().and_then(|at| self.lanes.get(at))) {
            (Against::Previous, _) => "each lane's answer before".to_owned(),
            (Against::Answer { label, .. }, _) => label.clone(),
            (Against::Lane, Some(lane)) => lane.spec.target.clone(),
            (Against::Lane, None) => "no lane yet".to_owned(),
        }
    }
}

impl Workbench {
    /// Shows what differs in place of the answers, or the answers again. A lane by itself is
    /// compared with its answer before, unless something else was chosen.
    pub(crate) fn toggle_diff(&mut self, cx: &mut Cx<'_, Self>) {
        let compare = &mut self.compare;
        compare.on = !compare.on;
        if !compare.on {
            cx.say(Tone::Info, "the answers as they are");
            return;
        }
        if matches!(compare.against, Against::Lane) && self.lanes.len() == 1 {
            compare.against = Against::Previous;
        }
        self.say_compared(cx);
    }

    fn say_compared(&self, cx: &mut Cx<'_, Self>) {
        let text = format!("what differs from {}", self.compared_with());
        cx.say(Tone::Info, &text);
    }

    /// Makes the lane with the focus what the others are compared with, or takes that back. A lane
    /// by itself keeps its present answer as the baseline of those to come.
    pub(crate) fn mark_baseline(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.lane_at();
        let alone = self.lanes.len() == 1;
        let has_answer = matches!(self.compare.against, Against::Answer { .. });
        let marked = self.lanes.get(at).is_some_and(|lane| lane.baseline);
        self.lanes.iter_mut().for_each(|lane| lane.baseline = false);
        self.compare.against = Against::Lane;
        if marked || (alone && has_answer) {
            self.compare.on = false;
            cx.say(Tone::Info, "no baseline");
        } else if alone {
            self.keep_answer(at, cx);
        } else if let Some(lane) = self.lanes.get_mut(at) {
            lane.baseline = true;
            let target = lane.spec.target.clone();
            let says = format!("{target} is the baseline{}", self.diff_hint(cx));
            cx.say(Tone::Info, &says);
        }
    }

    /// Keeps a lane's present answer to compare later ones with.
    pub(crate) fn keep_answer(&mut self, at: usize, cx: &mut Cx<'_, Self>) {
        let Some(lane) = self.lanes.get_mut(at) else {
            return;
        };
        let target = lane.spec.target.clone();
        let Some(side) = lane.shown_mut().whole() else {
            cx.say(Tone::Info, "a baseline is a whole answer; run the prompt first");
            return;
        };
        let time: String = cx.shared.now.time.to_string().chars().skip(11).take(5).collect();
        let old = self.lanes.get(at).and_then(|lane| self.stale_words(lane.shown(), cx.shared.now.time));
        let old = old.map_or_else(String::new, |words| format!(", from {}", words.from));
        self.compare.against = Against::Answer { label: format!("{target}'s answer kept at {time} UTC{old}"), side };
        let says = format!("this answer is the baseline{}", self.diff_hint(cx));
        cx.say(Tone::Info, &says);
    }

    /// Lists what the lanes can be compared with.
    pub(crate) fn open_against(&mut self, cx: &mut Cx<'_, Self>) {
        cx.open(CompareWith::new(OnTheBench {
            prompt_name: self.prompt_name.clone(),
            lanes: self.targets(),
            runs: self.lanes.iter().flat_map(Lane::runs).filter_map(LaneRun::run).collect(),
        }));
        cx.send(Intent::Overlay(OverlayIntent::ListRuns));
    }

    /// Compares with what was chosen, and shows what differs.
    pub(crate) fn compare_with_base(&mut self, base: CompareBase, cx: &mut Cx<'_, Self>) {
        match base {
            CompareBase::Run(run) => cx.ask(ask::open_run(run), (), Self::compare_with_run),
            CompareBase::Keep => self.keep_answer(self.lane_at(), cx),
            CompareBase::Previous => self.compare_with(Against::Previous, cx),
            CompareBase::Lane(at) => {
                self.compare_with(Against::Lane, cx);
                if let Some(lane) = self.lanes.get_mut(at) {
                    lane.baseline = true;
                }
                self.say_compared(cx);
            }
        }
    }

    fn compare_with_run(&mut self, (): (), record: Result<Box<RunRecord>, StoreError>, cx: &mut Cx<'_, Self>) {
        let record = match record {
            Ok(record) => record,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let which = earlier(record.run, record.started, cx.shared.now.time);
        let side = Arc::new(DiffSide::of_outcome(&record.outcome));
        self.compare_with(Against::Answer { label: format!("{} ({which})", record.outcome.requested), side }, cx);
    }

    fn compare_with(&mut self, against: Against, cx: &mut Cx<'_, Self>) {
        self.lanes.iter_mut().for_each(|lane| lane.baseline = false);
        self.compare = Comparison { on: true, against };
        self.say_compared(cx);
    }

    fn diff_hint(&self, cx: &Cx<'_, Self>) -> String {
        let key = cx.shared.keymap.shown(Verb::Diff, false).filter(|_| !self.compare.on);
        key.map_or_else(String::new, |key| format!("; {key} shows what differs"))
    }

    /// Goes to the next difference or the one before, in the lane with the focus, else in the first that has some.
    pub(crate) fn step_difference(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        if !self.compare.on {
            self.toggle_diff(cx);
            self.settle_comparison();
        }
        let own = self.lane_at();
        let differs = |at: &usize| {
            let shown = self.lanes.get(*at).and_then(|lane| lane.shown().compared.shown());
            shown.is_some_and(|difference| difference.count().1 > 0)
        };
        let Some(at) = std::iter::once(own).chain(0..self.lanes.len()).find(differs) else {
            cx.say(Tone::Info, "no lane in which anything differs");
            return;
        };
        if at != own || !matches!(self.focus, Focus::Lane(_)) {
            self.focus_on(Focus::Lane(at));
        }
        let lane = self.lanes.get_mut(at);
        let Some(difference) = lane.and_then(|lane| lane.shown_mut().compared.shown_mut()) else {
            return;
        };
        difference.step(forward);
        let (here, all) = difference.count();
        let says = format!("difference {} of {all}", here.unwrap_or_default());
        cx.say(Tone::Info, &says);
        if self.together {
            self.align_to(at);
        }
    }
}

/// Answers that are remembered, at most.
const REMEMBERED: usize = 16;

/// Which setups were to be compared, and what the record was to know by then.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    a: RunConfig,
    b: RunConfig,
    /// The runs of both lanes that have ended.
    runs: Vec<RunId>,
}

impl Question {
    fn is_of(&self, other: &Self) -> bool {
        self.a == other.a && self.b == other.b
    }
}

/// What the record said of the lanes' setups against each other.
#[derive(Debug, Clone, Default)]
pub struct RecordedComparisons(Vec<(Question, Option<Box<PairedComparison>>)>);

impl RecordedComparisons {
    /// Notes that a question is asked. What was said of the same setups before stays until it is answered.
    fn ask(&mut self, question: Question) {
        let answer = self.0.iter().position(|(known, _)| known.is_of(&question)).and_then(|at| self.0.remove(at).1);
        self.0.push((question, answer));
        let over = self.0.len().saturating_sub(REMEMBERED);
        self.0.drain(..over);
    }

    fn is_asked(&self, question: &Question) -> bool {
        self.0.iter().any(|(known, _)| known == question)
    }

    /// Takes an answer in; one to a question that was asked anew since is late.
    pub(crate) fn take(&mut self, question: &Question, comparison: Box<PairedComparison>) {
        if let Some((_, answer)) = self.0.iter_mut().find(|(known, _)| known == question) {
            *answer = Some(comparison);
        }
    }
}

impl Workbench {
    /// Makes the question of a lane against the baseline, if both have run something and the one is no further
    /// sample of the other.
    fn question(&self, lane: &Lane) -> Option<Question> {
        let base = self.baseline().and_then(|at| self.lanes.get(at))?;
        let (a, b) = (base.shown().setup()?, lane.shown().setup()?);
        // What the record says of what the lanes ran before says nothing of what they run now.
        let is_old = base.shown().is_stale() || lane.shown().is_stale();
        if !matches!(self.compare.against, Against::Lane) || a == b || is_old {
            return None;
        }
        let ended = [base, lane].into_iter().flat_map(Lane::runs).filter_map(|lane_run| lane_run.outcome.as_ref());
        Some(Question { a: a.clone(), b: b.clone(), runs: ended.map(|outcome| outcome.run).collect() })
    }

    /// Returns what the record says of a lane against the baseline, once it has.
    #[must_use]
    pub fn comparison(&self, lane: &Lane) -> Option<&PairedComparison> {
        let question = self.question(lane)?;
        let known = self.recorded.0.iter().find(|(known, _)| known.is_of(&question));
        known.and_then(|(_, answer)| answer.as_deref())
    }
}

impl Workbench {
    /// Asks the record for each lane against the baseline, once after each run of either has ended.
    pub(crate) fn settle_recorded(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(base) = self.baseline().and_then(|at| self.lanes.get(at)).filter(|base| !base.busy()) else {
            return;
        };
        let others = self.lanes.iter().filter(|lane| !std::ptr::eq(*lane, base) && !lane.busy());
        let open: Vec<Question> = others
            .filter_map(|lane| self.question(lane))
            .filter(|question| !self.recorded.is_asked(question))
            .collect();
        for question in open {
            let queries = queries(&question.a, &question.b);
            cx.ask(ask::compare_paired(queries), question.clone(), |bench, question, comparison, _| {
                // Without an answer the lanes go without it.
                if let Ok(comparison) = comparison {
                    bench.recorded.take(&question, comparison);
                }
            });
            self.recorded.ask(question);
        }
    }
}
