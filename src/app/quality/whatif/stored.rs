//! What the what-if asks of the store, and what it makes of the answers.

use super::{KEPT, Read, STOPS, Shown, View, bins};
use crate::{
    app::{App, Screen, notice::Tone, quality, stored::Asked, table::Table},
    eval::{
        WhatIf,
        whatif::{Knob, Measured, Side, Sorted},
    },
    model::Prompt,
    store::job::{HistoryEntry, Job, Points, PromptFile, Reply},
};

/// Names what was asked under a ticket for the what-if.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum AskedFor {
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
    pub(in crate::app) fn settle_what_if(&mut self) {
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
            let job = Job::Points { query: Box::new(quality.wanted.clone()), rule: view.rule.clone() };
            let round = view.round;
            return self.ask_what_if(job, AskedFor::Points(round));
        }
        view.fit(quality::below(body));
        if view.wanted.is_empty() {
            view.wanted = view.lacks();
            let (round, wanted) = (view.round, view.wanted.clone());
            if !wanted.is_empty() {
                self.ask_what_if(Job::Entries(wanted), AskedFor::Rows(round));
            }
        }
    }

    /// Tells whether rows have come in sight that are still to be asked for, as with a larger screen.
    pub(in crate::app) fn what_if_lacks(&self) -> bool {
        let view = self.quality.what_if.as_ref().filter(|_| self.screen == Screen::Quality);
        view.is_some_and(|view| view.wanted.is_empty() && !view.lacks().is_empty())
    }

    pub(super) fn ask_what_if(&mut self, job: Job, asked: AskedFor) {
        self.ask_store(job, Asked::Quality(quality::AskedFor::WhatIf(asked)));
    }

    /// Takes an answer of the store in; a late one is dropped.
    pub(in crate::app) fn what_if_stored(&mut self, asked: AskedFor, reply: Reply) {
        if let Reply::ThresholdSet(file) = reply {
            return self.threshold_set(*file);
        }
        let Some(view) = &mut self.quality.what_if else {
            return;
        };
        let aside = match (asked, reply) {
            (AskedFor::Points(round), Reply::Points(points)) if round == view.round => {
                if let [(Some(name), _)] = points.prompts.as_slice() {
                    let name = name.clone();
                    view.held = Some(points);
                    return self.ask_what_if(Job::PromptFile(name), AskedFor::File(round));
                }
                view.take(*points, None)
            }
            (AskedFor::File(round), Reply::PromptFile(file)) if round == view.round => {
                view.held.take().and_then(|points| view.take(*points, Some(*file)))
            }
            (AskedFor::Rows(round), Reply::Entries(entries)) if round == view.round => {
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
    pub(in crate::app) fn what_if_fault(&mut self, asked: AskedFor, why: &str) {
        let view = self.quality.what_if.as_mut();
        match (asked, view) {
            (AskedFor::Points(round) | AskedFor::File(round), Some(view)) if round == view.round => {
                view.shown = Shown::Stuck(why.to_owned());
            }
            (AskedFor::Rows(round), Some(view)) if round == view.round => view.put_rows(Vec::new()),
            (AskedFor::Rows(_), _) => {}
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
        let knob = match Knob::find(&prompt, &self.rule) {
            Ok(knob) => knob,
            Err(why) => {
                let Some(other) = Knob::all(&prompt).into_iter().next() else {
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
        knob: Knob,
        whole: &Prompt,
        judged: Vec<Measured>,
    ) -> Self {
        let what = WhatIf::of(knob.side, judged.iter().map(Measured::point));
        let graded = judged.iter().filter_map(|measured| measured.right);
        let stops = what.steps(STOPS);
        Self {
            prompt,
            file,
            rules: Knob::all(whole).into_iter().map(|knob| knob.rule).collect(),
            sorted: Sorted::of(knob.side, &judged),
            bins: bins::bins(&stops, &judged),
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
