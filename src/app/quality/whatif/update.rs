//! What actions do in the what-if: moving the threshold, going to a run, writing the value to the prompt.
//!
//! What the what-if asks of the store, and what it makes of the answers.

use crate::{
    app::{
        action::Verb,
        ask,
        context::Cx,
        intent::{BenchIntent, Intent, QualityIntent, WrittenThreshold},
        notices::Tone,
        overlays::confirm::threshold_question,
        quality,
        quality::{
            GroupEntry, Grouping, QualityPane, QualityScreen,
            update::narrow_history,
            whatif,
            whatif::{ANSWERS, KEPT, Read, ReadInWork, STOPS, View, WhatIfView, same},
        },
        query_line::offer_rescore,
        screen::Screen,
        screen_id::ScreenId,
    },
    eval::whatif::{Measured, PassingSide, SortedInWork, Threshold, WhatIfInWork},
    model::{Prompt, error::StoreError, query::with_filter},
    store::api::{FoundPrompt, HistoryEntry, Points, PromptFile},
    widgets::table::Table,
};

impl QualityScreen {
    /// Opens the what-if on the check under the cursor, else on the confidence.
    pub(crate) fn open_what_if(&mut self) {
        let check =
            self.report.as_deref().filter(|_| self.part == QualityPane::Lines && self.lines.kind == Grouping::Check);
        let check = check.and_then(|report| self.lines.chosen(report)).map(GroupEntry::name);
        self.what_if = Some(Box::new(View::new(check)));
    }

    /// Closes the what-if; that of a batch leads back there, and the report is asked for as before.
    pub(crate) fn close_what_if(&mut self, cx: &mut Cx<'_, Self>) {
        self.what_if = None;
        if let Some(line) = self.line_before.take() {
            self.asking.put(&line, &cx.shared.local_now());
            self.ask_if_changed(&cx.shared.vocabulary);
            cx.send(Intent::Show(ScreenId::Batch));
        }
    }

    /// Does something in the what-if.
    pub(crate) fn in_what_if(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match verb {
            Verb::Leave => self.close_what_if(cx),
            Verb::Filter => self.asking.typing = true,
            Verb::Refresh => self.enter(cx),
            Verb::Accept => self.accept_in_what_if(cx),
            Verb::ScoreRuns => offer_rescore(&self.asking, cx),
            Verb::ToBench => {
                if let Some(run) = self.what_if.as_ref().and_then(|view| view.run()).map(|entry| entry.run) {
                    Self::run_to_bench(run, cx);
                }
            }
            Verb::NextPane | Verb::PreviousPane => {
                if let Some(view) = &mut self.what_if {
                    view.turn(verb == Verb::NextPane);
                }
            }
            Verb::Run
            | Verb::NextSample
            | Verb::PreviousSample
            | Verb::Xray
            | Verb::Copy
            | Verb::Diff
            | Verb::Baseline
            | Verb::Next
            | Verb::Previous
            | Verb::Grade
            | Verb::MoreCalls
            | Verb::FewerCalls
            | Verb::Sort
            | Verb::TurnSort
            | Verb::OnlyFailed
            | Verb::OnlyErrors
            | Verb::ExportRuns => {}
        }
    }

    pub(crate) fn move_threshold(&mut self, up: bool, by: FlipStep, cx: &mut Cx<'_, Self>) {
        let Some(view) = &mut self.what_if else {
            return;
        };
        if view.read().is_some() && !view.step(up, by) {
            let says = match (by, up) {
                (FlipStep::Round, true) => "nothing was measured above",
                (FlipStep::Round, false) => "nothing was measured below",
                (FlipStep::Flip, true) => "no answer changes further up",
                (FlipStep::Flip, false) => "no answer changes further down",
            };
            cx.say(Tone::Info, says);
        }
    }

    /// Goes to the run under the cursor, or takes the prompt under it.
    fn accept_in_what_if(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(view) = &self.what_if else {
            return;
        };
        if let WhatIfView::Several(prompts) = &view.shown {
            let name = view.table.chosen().and_then(|at| prompts.get(at)).and_then(|(name, _)| name.clone());
            let line = name.and_then(|name| with_filter(&self.asking.line.text(), "prompt", &name));
            let Some(line) = line else {
                let says = "no filter finds the runs of a prompt without a name; session: or version: narrows them";
                cx.say(Tone::Info, says);
                return;
            };
            let now = cx.shared.local_now();
            self.asking.put(&line, &now);
            self.ask_if_changed(&cx.shared.vocabulary);
        } else if let Some(run) = view.run().map(|entry| entry.run) {
            narrow_history(format!("run:{}", run.short()), cx);
        }
    }

    /// Asks whether the threshold is to be written to the prompt's file.
    pub(crate) fn ask_write(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(view) = &self.what_if else {
            return;
        };
        let Some(read) = view.read() else {
            return;
        };
        let says = match (&read.prompt, &read.file) {
            _ if read.knob.present.is_some_and(|present| same(present, view.chosen)) => {
                Some("that is the present value; ← and → move it".to_owned())
            }
            (None, _) => Some(
                "the prompt of these runs has no name, and so no file: save it on the bench, then run it again"
                    .to_owned(),
            ),
            (Some(name), None) => Some(format!(
                "no file holds the prompt `{name}`, which is built in or gone: open a run of it on the bench and save it"
            )),
            _ => None,
        };
        if let Some(says) = says {
            return cx.say(Tone::Info, &says);
        }
        let (Some(name), Some(file)) = (read.prompt.clone(), &read.file) else {
            return;
        };
        let (text, new) = threshold_question(&name, &read.knob, view.chosen, file);
        cx.confirm(&text, "Write", Intent::Quality(QualityIntent::SetThreshold(Box::new(new))));
    }

    /// Takes in that a threshold was written: it is the present one, on the bench too where the prompt there is
    /// as its file was.
    pub(crate) fn threshold_set(
        &mut self,
        rule: String,
        file: Result<Box<PromptFile>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let PromptFile { name, found } = match file {
            Ok(file) => *file,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let Some(FoundPrompt { path, prompt, digest }) = found else {
            return;
        };
        let written = Threshold::find(&prompt, &rule).ok();
        if let Some(view) = &mut self.what_if
            && let WhatIfView::Moving(read) = &mut view.shown
            && let Some(knob) = written.clone()
            && read.knob.rule == knob.rule
        {
            read.knob = knob;
        }
        let written = WrittenThreshold { rule, written, name, prompt: Box::new(prompt), path, digest };
        cx.send(Intent::Bench(BenchIntent::TakeThreshold(Box::new(written))));
    }
}

/// How far a threshold is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlipStep {
    /// To the next round value.
    Round,
    /// To the next value at which an answer flips.
    Flip,
}

impl View {
    /// Moves the threshold. Tells whether there was a way.
    fn step(&mut self, up: bool, by: FlipStep) -> bool {
        let chosen = self.chosen;
        let to = self.read().and_then(|read| match by {
            FlipStep::Flip => {
                let (first, last) = (read.stops.first()?, read.stops.last()?);
                Some(read.what.tidy(read.what.step(chosen, up)?, (last - first) / STOPS as f64))
            }
            FlipStep::Round if up => read.stops.iter().find(|stop| **stop > chosen).copied(),
            FlipStep::Round => read.stops.iter().rfind(|stop| **stop < chosen).copied(),
        });
        let Some(to) = to else {
            return false;
        };
        self.chosen = to;
        // those that flip are at the top
        self.table.choose(0);
        true
    }

    /// Goes to the next threshold of the prompt, or the one before.
    fn turn(&mut self, forward: bool) {
        let Some(read) = self.read().filter(|read| read.rules.len() > 1) else {
            return;
        };
        let count = read.rules.len();
        let at = read.rules.iter().position(|rule| *rule == self.rule).unwrap_or(0);
        let next = if forward { at + 1 } else { at + count - 1 } % count;
        if let Some(rule) = read.rules.get(next) {
            self.rule = rule.clone();
            self.ask();
        }
    }
}

impl QualityScreen {
    /// Asks for what the what-if lacks.
    pub(crate) fn ask_what_if(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(view) = &mut self.what_if else {
            return;
        };
        if view.requested != view.round {
            view.requested = view.round;
            (view.held, view.in_work) = (None, None);
            view.wanted.clear();
            view.gone.clear();
            cx.ask(ask::points(self.wanted.clone(), view.rule.clone(), false), view.round, Self::points_read);
            return;
        }
        view.work_on();
        view.fit(quality::below(cx.shared.body));
        if view.wanted.is_empty() {
            view.wanted = view.lacks();
            if !view.wanted.is_empty() {
                cx.ask(ask::entries(view.wanted.clone()), view.round, Self::rows_read);
            }
        }
    }

    /// Tells whether there is work to go on with at once: answers to be put in order, or rows that have come in sight and are
    /// still to be asked for, as with a larger screen.
    pub(crate) fn has_work(&self) -> bool {
        let has_work = |view: &View| view.in_work.is_some() || (view.wanted.is_empty() && !view.lacks().is_empty());
        self.what_if.as_deref().is_some_and(has_work)
    }

    /// Returns the what-if if an answer is to its present question; a late one is dropped.
    fn view_of(&mut self, round: u64) -> Option<&mut View> {
        self.what_if.as_deref_mut().filter(|view| view.round == round)
    }

    fn points_read(&mut self, round: u64, points: Result<Box<Points>, StoreError>, cx: &mut Cx<'_, Self>) {
        let points = match points {
            Ok(points) => points,
            Err(error) => return self.stuck(round, error.message, cx),
        };
        let Some(view) = self.view_of(round) else {
            return;
        };
        if let [(Some(name), _)] = points.prompts.as_slice() {
            let name = name.clone();
            view.held = Some(points);
            cx.ask(ask::prompt_file(name), round, Self::file_read);
        } else if let Some(says) = view.take(*points, None) {
            cx.say(Tone::Info, &says);
        }
    }

    fn file_read(&mut self, round: u64, file: Result<Box<PromptFile>, StoreError>, cx: &mut Cx<'_, Self>) {
        let file = match file {
            Ok(file) => file,
            Err(error) => return self.stuck(round, error.message, cx),
        };
        let Some(view) = self.view_of(round) else {
            return;
        };
        let says = view.held.take().and_then(|points| view.take(*points, Some(*file)));
        if let Some(says) = says {
            cx.say(Tone::Info, &says);
        }
    }

    /// Says why there is nothing to move: in its place, or on the status line where something else is asked by now.
    fn stuck(&mut self, round: u64, why: String, cx: &mut Cx<'_, Self>) {
        match self.view_of(round) {
            Some(view) => view.shown = WhatIfView::Stuck(why),
            None => cx.say(Tone::Error, &why),
        }
    }

    /// Takes rows in; those that cannot be read are as good as gone.
    fn rows_read(&mut self, round: u64, rows: Result<Vec<HistoryEntry>, StoreError>, _cx: &mut Cx<'_, Self>) {
        if let Some(view) = self.view_of(round) {
            view.put_rows(rows.unwrap_or_default());
        }
    }
}

impl View {
    /// Takes the answers in, with the prompt's file where it has one. Returns what there is to say.
    fn take(&mut self, points: Points, file: Option<PromptFile>) -> Option<String> {
        let Points { prompts, prompt: last, judged, .. } = points;
        self.runs.clear();
        let name = match prompts.as_slice() {
            [] => {
                self.shown = WhatIfView::Nothing;
                return None;
            }
            [(name, _)] => name.clone(),
            _ => {
                self.table = Table::default();
                self.table.grow(prompts.len());
                self.shown = WhatIfView::Several(prompts);
                return None;
            }
        };
        let found = file.and_then(|file| file.found);
        let (path, prompt) = found.map_or((None, last), |found| (Some(found.path), Some(found.prompt)));
        let Some(prompt) = prompt else {
            self.shown =
                WhatIfView::Stuck("the prompt of these runs cannot be read; `retort doctor` says more".to_owned());
            return None;
        };
        let knob = match Threshold::find(&prompt, &self.rule) {
            Ok(knob) => knob,
            Err(why) => {
                let Some(other) = Threshold::all(&prompt).into_iter().next() else {
                    self.shown = WhatIfView::Stuck(why.to_string());
                    return None;
                };
                // what there is to move instead
                self.rule = other.rule;
                self.ask();
                return Some(why.to_string());
            }
        };
        let is_known = self.read().is_some_and(|read| read.knob.rule == knob.rule && read.prompt == name);
        let is_small = judged.len() <= ANSWERS;
        self.in_work = Some(Box::new(ReadInWork::new(name, path, knob, &prompt, judged, is_known)));
        if !is_small {
            // A million of them are not held twice.
            self.shown = WhatIfView::Loading;
        }
        while is_small && self.in_work.is_some() {
            self.work_on();
        }
        None
    }

    /// Does a step of what there is to work out of the answers, if there is anything.
    fn work_on(&mut self) {
        let Some(mut work) = self.in_work.take() else { return };
        if !work.step() {
            self.in_work = Some(work);
            return;
        }
        let (read, is_known) = work.done();
        if !is_known {
            self.chosen = read.start();
        }
        self.table = Table::default();
        self.table.grow(read.sorted.len());
        self.shown = WhatIfView::Moving(Box::new(read));
    }

    /// Lists the runs in sight that are still to be read.
    fn lacks(&self) -> Vec<i64> {
        let seen = self.table.seen().filter_map(|(row, _)| self.row(row));
        let lacks = seen.filter(|(measured, _, run)| run.is_none() && !self.gone.contains(&measured.seq));
        lacks.map(|(measured, ..)| measured.seq).collect()
    }

    fn put_rows(&mut self, entries: Vec<HistoryEntry>) {
        if self.runs.len() > KEPT {
            self.runs.clear();
        }
        self.runs.extend(entries.into_iter().map(|entry| (entry.seq, entry)));
        let wanted = std::mem::take(&mut self.wanted);
        self.gone.extend(wanted.into_iter().filter(|seq| !self.runs.contains_key(seq)));
    }
}

impl ReadInWork {
    fn new(
        prompt: Option<String>,
        file: Option<std::path::PathBuf>,
        knob: Threshold,
        whole: &Prompt,
        judged: Vec<Measured>,
        is_known: bool,
    ) -> Self {
        let rules = Threshold::all(whole).into_iter().map(|knob| knob.rule).collect();
        let (what, sorted) = (WhatIfInWork::new(knob.side, judged.len()), SortedInWork::new(knob.side, judged.len()));
        Self { prompt, file, knob, rules, judged, taken: 0, what, sorted, is_known }
    }

    /// Does some answers. Tells whether all is done.
    fn step(&mut self) -> bool {
        let end = self.taken.saturating_add(ANSWERS).min(self.judged.len());
        if let Some(some) = self.judged.get(self.taken..end).filter(|some| !some.is_empty()) {
            self.what.take(some.iter().map(Measured::point));
            self.sorted.take(some);
            self.taken = end;
            return false;
        }
        self.what.step(ANSWERS) && self.sorted.step(ANSWERS)
    }

    /// Returns what came of it, and whether the threshold stays where it is.
    fn done(self) -> (Read, bool) {
        let Self { prompt, file, knob, rules, judged, taken: _, what, sorted, is_known } = self;
        let what = what.done();
        let graded = judged.iter().filter_map(|measured| measured.right);
        let stops = what.steps(STOPS);
        let read = Read {
            prompt,
            file,
            rules,
            sorted: sorted.done(),
            bins: whatif::bins(&stops, &judged),
            stops,
            graded: (graded.clone().count() as u64, graded.filter(|right| *right).count() as u64),
            judged,
            what,
            knob,
        };
        (read, is_known)
    }
}

impl Read {
    /// Returns the threshold to begin with: the present one, else one that everything passes.
    fn start(&self) -> f64 {
        let present = self.knob.counting();
        let loosest = match self.knob.side {
            PassingSide::AtLeast => self.stops.first(),
            PassingSide::AtMost => self.stops.last(),
        };
        if present.is_finite() { present } else { loosest.copied().unwrap_or_default() }
    }
}
