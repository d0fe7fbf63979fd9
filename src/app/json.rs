//! What the keys do to an answer's JSON: which form is shown, what is folded, where a check failed.

use super::{Action, App, lane::Lane, notice::Tone, view::JsonView};

impl App {
    /// Shows the answers of the lane with the focus as JSON, or as the text that was sent.
    pub(super) fn toggle_json(&mut self) {
        let Some(lane) = self.bench.lane_mut() else {
            return;
        };
        match lane.shown_mut().answer.toggle_json() {
            Some(shown) => lane.takes_mut().for_each(|take| take.answer.choose_json(shown)),
            None if lane.busy() => self.say(Tone::Info, "the JSON is shown once the answer is complete"),
            None => self.say(Tone::Info, "there is no JSON in this answer"),
        }
    }

    /// Does something to the JSON of the lane with the focus, or says how to get to it.
    pub(super) fn in_json(&mut self, act: impl Fn(&mut JsonView)) {
        if let Some(json) = self.bench.lane_mut().and_then(|lane| lane.shown_mut().view_mut().json_mut()) {
            act(json);
        } else {
            let key = self.keymap.shown(Action::ToggleJson, false);
            let how = key.map_or_else(String::new, |key| format!("; {key} shows it where there is some"));
            self.say(Tone::Info, &format!("no JSON is shown here{how}"));
        }
    }

    /// Goes to the next field that failed a check.
    pub(super) fn next_failed(&mut self) {
        let found = self.bench.lane_mut().map(Lane::shown_mut).is_some_and(|take| take.view_mut().next_failed());
        if !found {
            self.say(Tone::Info, "no field that is shown here failed a check");
        }
    }
}
