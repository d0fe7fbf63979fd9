//! What actions do in the what-if: moving the threshold, going to a run, writing the value to the prompt.
//!
//! What the what-if asks of the store, and what it makes of the answers.

use crate::{
    app::{
        Action, App, Screen,
        intent::{Intent, QualityIntent},
        quality,
        quality::{
            GroupEntry, Grouping, QualityPane, whatif,
            whatif::{KEPT, Read, STOPS, Shown, View, same},
        },
        status_bar::Tone,
        store_request::Pending,
    },
    eval::{
        WhatIf,
        whatif::{Measured, Side, Sorted, Threshold},
    },
    model::{Prompt, query::with_filter},
    store::api::{FoundPrompt, HistoryEntry, NewThreshold, Points, PromptFile, StoreReply, StoreRequest},
    widgets::table::Table,
};

impl App {
    /// Opens the what-if on the check under the cursor, else on the confidence.
    pub(crate) fn open_what_if(&mut self) {
        let quality = &self.quality;
        let check = quality
            .report
            .as_deref()
            .filter(|_| quality.part == QualityPane::Lines && quality.lines.kind == Grouping::Check);
        let check = check.and_then(|report| quality.lines.chosen(report)).map(GroupEntry::name);
        self.quality.what_if = Some(Box::new(View::new(check)));
    }

    /// Does an action in the what-if.
    pub(crate) fn in_what_if(&mut self, action: Action) {
        match action {
            Action::Leave | Action::WhatIf => self.quality.what_if = None,
            Action::Filter => self.quality.asking.typing = true,
            Action::Refresh => self.enter_quality(),
            Action::Accept => self.accept_in_what_if(),
            Action::WriteThreshold => self.ask_write(),
            Action::ScoreRuns => self.score_asked(&self.quality.asking.clone()),
            Action::Left | Action::Right => self.move_threshold(action == Action::Right, FlipStep::Round),
            Action::NextFlip | Action::PreviousFlip => self.move_threshold(action == Action::NextFlip, FlipStep::Flip),
            action => {
                if let Some(view) = &mut self.quality.what_if {
                    view.go(action);
                }
            }
        }
    }

    fn move_threshold(&mut self, up: bool, by: FlipStep) {
        let Some(view) = &mut self.quality.what_if else {
            return;
        };
        if view.read().is_some() && !view.step(up, by) {
            let says = match (by, up) {
                (FlipStep::Round, true) => "nothing was measured above",
                (FlipStep::Round, false) => "nothing was measured below",
                (FlipStep::Flip, true) => "no answer flips further up",
                (FlipStep::Flip, false) => "no answer flips further down",
            };
            self.say(Tone::Info, says);
        }
    }

    /// Goes to the run under the cursor, or takes the prompt under it.
    fn accept_in_what_if(&mut self) {
        let Some(view) = &self.quality.what_if else {
            return;
        };
        if let Shown::Several(prompts) = &view.shown {
            let name = view.table.chosen().and_then(|at| prompts.get(at)).and_then(|(name, _)| name.clone());
            let line = name.and_then(|name| with_filter(&self.quality.asking.line.text(), "prompt", &name));
            let Some(line) = line else {
                let says = "no filter finds the runs of a prompt without a name; session: or version: narrows them";
                self.say(Tone::Info, says);
                return;
            };
            let now = self.local_now();
            self.quality.asking.put(&line, &now);
            self.quality_asked();
        } else if let Some(run) = view.run().map(|entry| entry.run) {
            self.narrow_history(&format!("run:{}", run.short()));
        }
    }

    /// Asks whether the threshold is to be written to the prompt's file.
    fn ask_write(&mut self) {
        let Some(view) = &self.quality.what_if else {
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
            return self.say(Tone::Info, &says);
        }
        let (Some(name), Some(file)) = (read.prompt.clone(), &read.file) else {
            return;
        };
        let knob = &read.knob;
        let key = knob.key.last().map(String::as_str).unwrap_or_default();
        let of = if knob.is_of_response() { String::new() } else { format!(" of the check {}", knob.rule) };
        let weight = if knob.weightless { " The check has weight 0 and goes on failing nothing." } else { "" };
        let text = format!(
            "Write {key} = {}{of} to {}? It is {} now.{weight}",
            view.chosen,
            file.display(),
            knob.shown_present()
        );
        let new = NewThreshold { name, rule: knob.rule.clone(), before: knob.present, value: view.chosen };
        self.ask(&text, "writes it", Intent::Quality(QualityIntent::SetThreshold(Box::new(new))));
    }

    /// Writes a threshold.
    pub(crate) fn set_threshold(&mut self, new: Box<NewThreshold>) {
        self.ask_what_if(StoreRequest::SetThreshold(new), WhatIfQuestion::Set);
    }

    /// Takes in that a threshold was written: it is the present one, on the bench too where the prompt there is
    /// as its file was.
    pub(crate) fn threshold_set(&mut self, file: PromptFile) {
        let PromptFile { name, found } = file;
        let Some(FoundPrompt { path, prompt, digest }) = found else {
            return;
        };
        let rule = self.quality.what_if.as_ref().map(|view| view.rule.clone()).unwrap_or_default();
        let knob = Threshold::find(&prompt, &rule).ok();
        let shown = knob.as_ref().map(Threshold::shown_present).unwrap_or_default();
        let bench = match &knob {
            Some(knob) if self.bench.prompt_name.as_deref() == Some(name.as_str()) => {
                if self.bench.take_threshold(knob, digest) {
                    "; so it is on the bench"
                } else {
                    "; the prompt on the bench is edited and keeps its own"
                }
            }
            _ => "",
        };
        if let Some(view) = &mut self.quality.what_if
            && let Shown::Moving(read) = &mut view.shown
            && let Some(knob) = knob
            && read.knob.rule == knob.rule
        {
            read.knob = knob;
        }
        let path = path.display();
        let key = self.keymap.shown(Action::ScoreRuns, false).map_or_else(String::new, |key| format!("{key} or "));
        let says =
            format!("{rule} is {shown}{bench}; {key}`retort score {name}` judges stored answers by it; in {path}");
        self.say(Tone::Info, &says);
    }
}

/// How far a threshold is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FlipStep {
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

    /// Moves in the list, or to the next threshold of the prompt.
    fn go(&mut self, action: Action) {
        match action {
            Action::NextPane | Action::PreviousPane => self.turn(action == Action::NextPane),
            action => self.table.go(action),
        }
    }

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

/// Names what was asked under a ticket for the what-if.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhatIfQuestion {
    /// What the threshold sees, by the number of the question.
    Points(u64),
    /// The prompt's file, likewise.
    File(u64),
    /// The rows in sight, likewise.
    Rows(u64),
    /// A value to be written.
    Set,
}

impl App {
    /// Asks for what the what-if lacks.
    pub(crate) fn settle_what_if(&mut self) {
        let body = self.layout.body;
        let quality = &mut self.quality;
        if self.screen != Screen::Quality {
            return;
        }
        let Some(view) = &mut quality.what_if else {
            return;
        };
        if view.asked != view.round {
            view.asked = view.round;
            view.held = None;
            view.wanted.clear();
            view.gone.clear();
            let job = StoreRequest::Points { query: Box::new(quality.wanted.clone()), rule: view.rule.clone() };
            let round = view.round;
            return self.ask_what_if(job, WhatIfQuestion::Points(round));
        }
        view.fit(quality::below(body));
        if view.wanted.is_empty() {
            view.wanted = view.lacks();
            let (round, wanted) = (view.round, view.wanted.clone());
            if !wanted.is_empty() {
                self.ask_what_if(StoreRequest::Entries(wanted), WhatIfQuestion::Rows(round));
            }
        }
    }

    /// Tells whether rows have come in sight that are still to be asked for, as with a larger screen.
    pub(crate) fn what_if_lacks(&self) -> bool {
        let view = self.quality.what_if.as_ref().filter(|_| self.screen == Screen::Quality);
        view.is_some_and(|view| view.wanted.is_empty() && !view.lacks().is_empty())
    }

    pub(crate) fn ask_what_if(&mut self, job: StoreRequest, asked: WhatIfQuestion) {
        self.ask_store(job, Pending::Quality(quality::QualityQuestion::WhatIf(asked)));
    }

    /// Takes an answer of the store in; a late one is dropped.
    pub(crate) fn what_if_stored(&mut self, asked: WhatIfQuestion, reply: StoreReply) {
        if let StoreReply::ThresholdSet(file) = reply {
            return self.threshold_set(*file);
        }
        let Some(view) = &mut self.quality.what_if else {
            return;
        };
        let aside = match (asked, reply) {
            (WhatIfQuestion::Points(round), StoreReply::Points(points)) if round == view.round => {
                if let [(Some(name), _)] = points.prompts.as_slice() {
                    let name = name.clone();
                    view.held = Some(points);
                    return self.ask_what_if(StoreRequest::PromptFile(name), WhatIfQuestion::File(round));
                }
                view.take(*points, None)
            }
            (WhatIfQuestion::File(round), StoreReply::PromptFile(file)) if round == view.round => {
                view.held.take().and_then(|points| view.take(*points, Some(*file)))
            }
            (WhatIfQuestion::Rows(round), StoreReply::Entries(entries)) if round == view.round => {
                view.put_rows(entries);
                None
            }
            _ => None,
        };
        if let Some(says) = aside {
            self.say(Tone::Info, &says);
        }
    }

    /// Says why something could not be read or written.
    pub(crate) fn what_if_fault(&mut self, asked: WhatIfQuestion, why: &str) {
        let view = self.quality.what_if.as_mut();
        match (asked, view) {
            (WhatIfQuestion::Points(round) | WhatIfQuestion::File(round), Some(view)) if round == view.round => {
                view.shown = Shown::Stuck(why.to_owned());
            }
            (WhatIfQuestion::Rows(round), Some(view)) if round == view.round => view.put_rows(Vec::new()),
            (WhatIfQuestion::Rows(_), _) => {}
            _ => self.say(Tone::Error, why),
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
                self.shown = Shown::Nothing;
                return None;
            }
            [(name, _)] => name.clone(),
            _ => {
                self.table = Table::default();
                self.table.grow(prompts.len());
                self.shown = Shown::Several(prompts);
                return None;
            }
        };
        let found = file.and_then(|file| file.found);
        let (path, prompt) = found.map_or((None, last), |found| (Some(found.path), Some(found.prompt)));
        let Some(prompt) = prompt else {
            self.shown = Shown::Stuck("the prompt of these runs cannot be read; `retort doctor` says more".to_owned());
            return None;
        };
        let knob = match Threshold::find(&prompt, &self.rule) {
            Ok(knob) => knob,
            Err(why) => {
                let Some(other) = Threshold::all(&prompt).into_iter().next() else {
                    self.shown = Shown::Stuck(why.to_string());
                    return None;
                };
                // what there is to move instead
                self.rule = other.rule;
                self.ask();
                return Some(why.to_string());
            }
        };
        let known = self.read().is_some_and(|read| read.knob.rule == knob.rule && read.prompt == name);
        let read = Read::of(name, path, knob, &prompt, judged);
        if !known {
            self.chosen = read.start();
        }
        self.table = Table::default();
        self.table.grow(read.sorted.len());
        self.shown = Shown::Moving(Box::new(read));
        None
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

impl Read {
    fn of(
        prompt: Option<String>,
        file: Option<std::path::PathBuf>,
        knob: Threshold,
        whole: &Prompt,
        judged: Vec<Measured>,
    ) -> Self {
        let what = WhatIf::of(knob.side, judged.iter().map(Measured::point));
        let graded = judged.iter().filter_map(|measured| measured.right);
        let stops = what.steps(STOPS);
        Self {
            prompt,
            file,
            rules: Threshold::all(whole).into_iter().map(|knob| knob.rule).collect(),
            sorted: Sorted::of(knob.side, &judged),
            bins: whatif::bins(&stops, &judged),
            stops,
            graded: (graded.clone().count() as u64, graded.filter(|right| *right).count() as u64),
            judged,
            what,
            knob,
        }
    }

    /// Returns the threshold to begin with: the present one, else one that everything passes.
    fn start(&self) -> f64 {
        let present = self.knob.counting();
        let loosest = match self.knob.side {
            Side::AtLeast => self.stops.first(),
            Side::AtMost => self.stops.last(),
        };
        if present.is_finite() { present } else { loosest.copied().unwrap_or_default() }
    }
}
