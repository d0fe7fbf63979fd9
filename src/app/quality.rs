//! The quality screen: what the runs on record come to, asked for by a line, what got worse first.

use ratatui::layout::Rect;

use super::{Action, App, Screen, asking::Asking, chord::Chord, stored::Asked};
use crate::{
    eval::review::Report,
    model::query::Query,
    store::job::{Job, Reply},
};

/// The screen's state.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    /// The line the runs are asked by.
    pub asking: Asking,
    /// What the runs come to that were asked for last, as far as it was read.
    pub report: Option<Box<Report>>,
    /// Why there is no report of them.
    pub fault: Option<String>,
    /// Counts the questions so far: an answer to an earlier one is late.
    round: u64,
    /// The question whose answer was read.
    read: u64,
    /// Whether an answer is waited for.
    waits: bool,
}

/// Names what was asked under a ticket for the quality screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedFor {
    /// A report, by the number of its question.
    Report(u64),
}

impl Quality {
    /// Tells whether letters go into the query line.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.asking.typing
    }

    /// Tells whether the answer to the present question is still to come.
    #[must_use]
    pub fn loading(&self) -> bool {
        self.read != self.round
    }

    /// Tells whether an action is worth its place in the footer just now.
    #[must_use]
    pub fn is_useful(&self, action: Action) -> bool {
        if self.asking.typing {
            return matches!(action, Action::Accept | Action::NextPane | Action::Palette | Action::Help);
        }
        true
    }

    /// Says in a word what an action does just now, where that is not what it is called.
    #[must_use]
    pub fn said(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Accept if self.asking.typing => Some("keeps it"),
            Action::Accept => Some("its runs"),
            Action::Filter => Some("search"),
            _ => None,
        }
    }
}

impl App {
    /// Asks for the report of what is on record now, and for the names that filters can have.
    pub(super) fn enter_quality(&mut self) {
        self.refresh_quality();
        self.ask_vocabulary();
    }

    /// Asks the same question again.
    fn refresh_quality(&mut self) {
        self.quality.asking.read(self.now.time);
        self.quality.round += 1;
    }

    /// Asks for the report that the screen lacks, one at a time.
    pub(super) fn settle_quality(&mut self) {
        let quality = &mut self.quality;
        if self.screen != Screen::Quality || quality.waits || !quality.loading() {
            return;
        }
        quality.waits = true;
        let (query, round) = (Box::new(quality.asking.query.clone()), quality.round);
        self.ask_store(Job::Review(query), Asked::Quality(AskedFor::Report(round)));
    }

    /// Takes an answer of the store for the screen in; a late one is dropped.
    pub(super) fn quality_stored(&mut self, asked: AskedFor, reply: Reply) {
        let AskedFor::Report(round) = asked;
        self.quality.waits = false;
        if let Reply::Review(review) = reply
            && round == self.quality.round
        {
            self.quality.read = round;
            self.quality.fault = None;
            self.quality.report = Some(Box::new(review.report()));
        }
    }

    /// Says why there is no report.
    pub(super) fn quality_fault(&mut self, asked: AskedFor, why: &str) {
        let AskedFor::Report(round) = asked;
        self.quality.waits = false;
        if round == self.quality.round {
            self.quality.read = round;
            self.quality.report = None;
            self.quality.fault = Some(why.to_owned());
        }
    }

    /// Does an action on the quality screen.
    pub(super) fn on_quality(&mut self, action: Action) {
        match action {
            Action::Stop => self.stop(),
            Action::Leave => self.leave_quality(),
            action if self.quality.asking.typing => {
                let before = self.quality.asking.query.clone();
                if let Some((tone, says)) = self.quality.asking.act(action, self.now.time) {
                    self.say(tone, &says);
                }
                self.quality_asked(&before);
            }
            Action::Filter => self.quality.asking.typing = true,
            Action::Refresh => self.enter_quality(),
            _ => {}
        }
    }

    /// Goes one step back: out of the query line, the query, and at last to the bench.
    fn leave_quality(&mut self) {
        let asking = &mut self.quality.asking;
        if asking.typing {
            asking.typing = false;
        } else if asking.line.is_empty() {
            self.go_to(Screen::Bench);
        } else {
            let before = asking.query.clone();
            asking.put("", self.now.time);
            self.quality_asked(&before);
        }
    }

    /// Takes a key into the query line. Tells whether it meant anything to it.
    pub(super) fn quality_key(&mut self, chord: Chord) -> bool {
        let before = self.quality.asking.query.clone();
        let taken = self.quality.asking.key(chord, self.now.time);
        self.quality_asked(&before);
        taken
    }

    /// Takes a paste into the query line; it begins to be typed with it.
    pub(super) fn quality_paste(&mut self, text: &str) {
        let before = self.quality.asking.query.clone();
        self.quality.asking.typing = true;
        self.quality.asking.paste(text, self.now.time);
        self.quality_asked(&before);
    }

    /// Asks anew where the line means something else by now.
    fn quality_asked(&mut self, before: &Query) {
        if self.quality.asking.query != *before {
            self.quality.round += 1;
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(super) fn quality_mouse(&mut self, _column: u16, _row: u16, _wheel: Option<isize>) {
        self.quality.asking.typing = true;
    }

    /// Computes what is in sight.
    pub(super) fn prepare_quality(&mut self, _body: Rect) {}
}
