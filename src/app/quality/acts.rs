//! What actions do on the report: moving in its parts, going to the runs of what the cursor is on, copying.

use jiff::tz::TimeZone;

use super::{
    Kind, Part, Quality,
    areas::is_wide,
    trend::{minute, places, stretch},
};
use crate::{
    app::{
        Action, App, Effect, Screen,
        notice::Tone,
        overlay::{CopyAs, Overlay, copy},
    },
    eval::review::{By, markdown},
    model::query::{Query, with_filter},
    text::{Pasted, shell},
};

/// A filter: its key and its value.
type Filter = (&'static str, String);

impl App {
    /// Does an action on the report.
    pub(super) fn in_report(&mut self, action: Action) {
        match action {
            Action::Filter => self.quality.asking.typing = true,
            Action::Refresh => self.enter_quality(),
            Action::Sort | Action::TurnSort => {
                self.quality.lines.sort(action == Action::TurnSort);
                self.arrange_quality();
            }
            Action::NextPane | Action::PreviousPane => self.quality.focus(action == Action::NextPane),
            Action::Accept => self.show_runs(),
            Action::Baseline => self.mark_line(),
            Action::Copy if self.quality.report.is_some() => self.overlays.push(Overlay::Copy(copy::forms(self))),
            Action::ExportRuns => {
                if let Some(bad) = &self.quality.asking.mistake {
                    let says = bad.to_string();
                    self.say(Tone::Warning, &says);
                    return;
                }
                let command = self.quality.command();
                self.effects.push(Effect::Copy { what: command.clone(), text: Pasted::new(command) });
            }
            Action::ScoreRuns => self.score_asked(&self.quality.asking.clone()),
            Action::Left | Action::Right if self.quality.part == Part::Trend => {
                self.quality.step_in_trend(action == Action::Right);
            }
            Action::Left | Action::Right => {
                self.quality.part = Part::Lines;
                self.quality.lines.regroup(action == Action::Right);
                self.arrange_quality();
            }
            action => self.quality.go(action),
        }
    }

    /// Goes to the history with the runs of what the cursor is on.
    fn show_runs(&mut self) {
        let quality = &self.quality;
        let line = quality.filters(&self.zone).and_then(|filters| {
            let start = Some(quality.asking.line.text());
            filters.iter().fold(start, |line, (key, value)| with_filter(&line?, key, value))
        });
        match line {
            Some(line) if Query::parse(&line, &self.local_now()).is_ok() => self.narrow_history(&line),
            _ => self.say(Tone::Info, "no filter finds the runs of this"),
        }
    }

    /// Goes to the history with a line; a step back from there leads here.
    pub(super) fn narrow_history(&mut self, line: &str) {
        self.go_to(Screen::History);
        let now = self.local_now();
        self.history.narrow(line, &now);
    }
}

impl Quality {
    /// Lists the filters that find the runs of what the cursor is on, times as they are in a time zone; none where
    /// there is nothing to find.
    #[must_use]
    pub fn filters(&self, zone: &TimeZone) -> Option<Vec<Filter>> {
        let report = self.report.as_deref()?;
        match self.part {
            Part::Report => {
                let change = report.changes.get(self.changes.chosen()?)?;
                Some(vec![
                    ("prompt", change.prompt.clone()),
                    ("version", change.last.clone()),
                    ("verdict", "failed".to_owned()),
                ])
            }
            Part::Trend => {
                let (from, to) = stretch(self.point()?, zone)?;
                Some(vec![("since", minute(&from)), ("until", minute(&to))])
            }
            Part::Lines => self.lines.chosen(report)?.filters(self.lines.kind),
        }
    }

    /// Goes to the next part, or to the one before; what got worse is passed over where there is no change
    /// and all is in sight.
    fn focus(&mut self, forward: bool) {
        let none = is_wide(self.body) && self.changes.is_empty();
        let parts: Vec<Part> = Part::ALL.iter().filter(|part| !none || **part != Part::Report).copied().collect();
        let at = parts.iter().position(|part| *part == self.part);
        let next = match (at, forward) {
            (Some(at), true) => (at + 1) % parts.len(),
            (Some(at), false) => (at + parts.len() - 1) % parts.len(),
            (None, _) => 0,
        };
        self.part = parts.get(next).copied().unwrap_or_default();
    }

    fn step_in_trend(&mut self, forward: bool) {
        if let Some(report) = self.report.as_deref() {
            self.cursor.step(&places(report), forward);
        }
    }

    /// Moves the cursor of the part that has the keys.
    fn go(&mut self, action: Action) {
        let table = match self.part {
            Part::Report => &mut self.changes,
            Part::Lines => &mut self.lines.table,
            Part::Trend => {
                match action {
                    Action::Up | Action::Down => self.step_in_trend(action == Action::Down),
                    Action::Top => self.cursor.put(0, self.stretches()),
                    Action::Bottom => self.cursor.put(usize::MAX, self.stretches()),
                    _ => {}
                }
                return;
            }
        };
        table.go(action);
    }

    /// What the command line and the copy of the report group by.
    fn by(&self) -> By {
        if let Kind::Runs(by) = self.lines.kind { by } else { By::Model }
    }

    /// Returns the command line that writes the same report.
    #[must_use]
    pub fn command(&self) -> String {
        let by = match self.by() {
            By::Model => "",
            By::Provider => " --by provider",
            By::Prompt => " --by prompt",
            By::Version => " --by version",
            By::Params => " --by params",
        };
        let line = self.asking.line.text();
        match line.trim() {
            "" => format!("retort quality{by}"),
            line => format!("retort quality{by} -- {}", shell::word(line)),
        }
    }
}

/// Writes the report, or the question, in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, quality: &Quality) -> Option<Pasted> {
    let text = match form {
        CopyAs::Markdown => Some(markdown(quality.report.as_deref()?, quality.by())),
        CopyAs::CommandLine => Some(quality.command()),
        CopyAs::Query => Some(quality.asking.line.text()).filter(|line| !line.trim().is_empty()),
        CopyAs::Answer
        | CopyAs::RawAnswer
        | CopyAs::Value
        | CopyAs::Json
        | CopyAs::Curl
        | CopyAs::Python
        | CopyAs::Promptfoo
        | CopyAs::RunId
        | CopyAs::Record => None,
    };
    text.map(Pasted::new)
}
