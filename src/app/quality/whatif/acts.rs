//! What actions do in the what-if: moving the threshold, going to a run, writing the value to the prompt.

use super::{STOPS, Shown, View, same};
use crate::{
    app::{
        Action, App,
        notice::Tone,
        overlay::Then,
        quality::{Entry, Kind, Part},
    },
    eval::whatif::Knob,
    model::query::with_filter,
    store::job::{FoundPrompt, Job, NewThreshold, PromptFile},
};

use super::AskedFor;

impl App {
    /// Opens the what-if on the check under the cursor, else on the confidence.
    pub(in crate::app) fn open_what_if(&mut self) {
        let quality = &self.quality;
        let check =
            quality.report.as_deref().filter(|_| quality.part == Part::Lines && quality.lines.kind == Kind::Check);
        let check = check.and_then(|report| quality.lines.chosen(report)).map(Entry::name);
        self.quality.what_if = Some(Box::new(View::new(check)));
    }

    /// Does an action in the what-if.
    pub(in crate::app) fn in_what_if(&mut self, action: Action) {
        match action {
            Action::Leave | Action::WhatIf => self.quality.what_if = None,
            Action::Filter => self.quality.asking.typing = true,
            Action::Refresh => self.enter_quality(),
            Action::Accept => self.accept_in_what_if(),
            Action::WriteThreshold => self.ask_write(),
            Action::ScoreRuns => self.score_asked(&self.quality.asking.clone()),
            Action::Left | Action::Right => self.move_threshold(action == Action::Right, Step::Round),
            Action::NextFlip | Action::PreviousFlip => self.move_threshold(action == Action::NextFlip, Step::Flip),
            action => {
                if let Some(view) = &mut self.quality.what_if {
                    view.go(action);
                }
            }
        }
    }

    fn move_threshold(&mut self, up: bool, by: Step) {
        let Some(view) = &mut self.quality.what_if else {
            return;
        };
        if view.read().is_some() && !view.step(up, by) {
            let says = match (by, up) {
                (Step::Round, true) => "nothing was measured above",
                (Step::Round, false) => "nothing was measured below",
                (Step::Flip, true) => "no answer flips further up",
                (Step::Flip, false) => "no answer flips further down",
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
        self.ask(&text, "writes it", Then::SetThreshold(Box::new(new)));
    }

    /// Writes a threshold.
    pub(in crate::app) fn set_threshold(&mut self, new: Box<NewThreshold>) {
        self.ask_what_if(Job::SetThreshold(new), AskedFor::Set);
    }

    /// Takes in that a threshold was written: it is the present one, on the bench too where the prompt there is
    /// as its file was.
    pub(super) fn threshold_set(&mut self, file: PromptFile) {
        let PromptFile { name, found } = file;
        let Some(FoundPrompt { path, prompt, digest }) = found else {
            return;
        };
        let rule = self.quality.what_if.as_ref().map(|view| view.rule.clone()).unwrap_or_default();
        let knob = Knob::find(&prompt, &rule).ok();
        let shown = knob.as_ref().map(Knob::shown_present).unwrap_or_default();
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
enum Step {
    /// To the next round value.
    Round,
    /// To the next value at which an answer flips.
    Flip,
}

impl View {
    /// Moves the threshold. Tells whether there was a way.
    fn step(&mut self, up: bool, by: Step) -> bool {
        let chosen = self.chosen;
        let to = self.read().and_then(|read| match by {
            Step::Flip => {
                let (first, last) = (read.stops.first()?, read.stops.last()?);
                Some(read.what.tidy(read.what.step(chosen, up)?, (last - first) / STOPS as f64))
            }
            Step::Round if up => read.stops.iter().find(|stop| **stop > chosen).copied(),
            Step::Round => read.stops.iter().rfind(|stop| **stop < chosen).copied(),
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
