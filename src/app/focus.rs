//! What has the focus at the bench, and the text that goes with it.

use super::{field::Field, workbench::Workbench};

/// What has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Focus {
    /// A message of the prompt, counted from 0.
    Message(usize),
    /// The input.
    Input,
    /// A lane, counted from 0.
    Lane(usize),
    /// The metrics.
    Metrics,
}

impl Workbench {
    /// Returns the text with the focus, if a text has it.
    #[must_use]
    pub fn field(&self) -> Option<&Field> {
        match self.focus {
            Focus::Message(at) => self.messages.get(at).map(|message| &message.field),
            Focus::Input => Some(&self.input),
            Focus::Lane(_) | Focus::Metrics => None,
        }
    }

    /// The same, to be edited.
    pub fn field_mut(&mut self) -> Option<&mut Field> {
        self.field_of(self.focus)
    }

    /// Returns the text of anything that can have the focus, if it is one, to be edited.
    pub fn field_of(&mut self, focus: Focus) -> Option<&mut Field> {
        match focus {
            Focus::Message(at) => self.messages.field_mut(at),
            Focus::Input => Some(&mut self.input),
            Focus::Lane(_) | Focus::Metrics => None,
        }
    }

    /// Returns the place of the message with the focus, or of the one that had it last.
    #[must_use]
    pub fn message_at(&self) -> usize {
        self.message.min(self.messages.count() - 1)
    }

    /// Lists everything that can have the focus, in the order in which it is walked.
    #[must_use]
    pub fn stops(&self) -> Vec<Focus> {
        let mut stops: Vec<Focus> = (0..self.messages.count()).map(Focus::Message).collect();
        stops.push(Focus::Input);
        stops.extend((0..self.lanes.len()).map(Focus::Lane));
        stops.push(Focus::Metrics);
        stops
    }

    /// Gives something the focus. A field keeps being edited only if another field follows.
    pub fn focus_on(&mut self, focus: Focus) {
        self.focus = focus;
        match focus {
            Focus::Message(at) => self.message = at,
            Focus::Lane(at) => self.keep_to(at),
            Focus::Input | Focus::Metrics => {}
        }
        self.typing &= self.field().is_some();
    }

    /// Gives the next or the former stop the focus, round the end.
    pub fn focus_step(&mut self, forward: bool) {
        let stops = self.stops();
        let at = stops.iter().position(|stop| *stop == self.focus).unwrap_or(0);
        let to = (at + if forward { 1 } else { stops.len() - 1 }) % stops.len();
        if let Some(stop) = stops.get(to) {
            self.focus_on(*stop);
        }
    }
}
