//! What actions do in the list of runs, in the run under the cursor, and in two that are compared.

use super::{column::Column, record::Want};
use crate::{
    app::{
        Action, App, Effect,
        choice::{Choice, Item},
        notice::Tone,
        overlay::{Overlay, Then},
    },
    store::job::HistoryEntry,
    text::Pasted,
};

impl App {
    /// Does an action in the list, or in the run that is looked at.
    pub(super) fn in_history(&mut self, action: Action) {
        match action {
            Action::Filter => self.history.asking.typing = true,
            Action::Sort | Action::TurnSort => self.sort_history(action == Action::TurnSort),
            Action::Refresh => {
                self.refresh_history();
                self.ask_vocabulary();
            }
            Action::Columns => self.open_columns(),
            Action::ToBench => self.with_record(Want::Bench { run: false }),
            Action::Run => self.with_record(Want::Bench { run: true }),
            Action::Xray => self.with_record(Want::Xray),
            Action::Copy => self.with_record(Want::Copy),
            Action::Grade => self.grade_run(),
            Action::PinRun => self.pin_run(),
            Action::RemoveRun => self.ask_remove(),
            Action::ExportRuns => self.export_runs(),
            Action::ScoreRuns => self.score_asked(&self.history.asking.clone()),
            Action::Diff => self.compare_runs(),
            Action::MarkRun => {
                self.history.runs.mark();
                self.history.runs.table.step(1);
            }
            Action::Accept => {
                if self.history.chosen().is_some() {
                    self.history.reading = true;
                }
            }
            Action::NextPane | Action::PreviousPane => {
                self.history.reading = !self.history.reading && self.history.chosen().is_some();
            }
            action if self.history.reading => self.go_in_run(action),
            action => self.history.runs.go(action),
        }
    }

    /// Moves in the run; sideways to the run before or after it in the list.
    fn go_in_run(&mut self, action: Action) {
        if matches!(action, Action::Left | Action::Right) {
            self.history.runs.table.step(if action == Action::Right { 1 } else { -1 });
            return;
        }
        let Some(detail) = &mut self.history.detail else {
            return;
        };
        match action {
            Action::Up | Action::Down => detail.scroll(if action == Action::Down { 1 } else { -1 }),
            Action::HalfUp | Action::HalfDown => detail.page(action == Action::HalfDown, 2),
            Action::PageUp | Action::PageDown => detail.page(action == Action::PageDown, 1),
            Action::Top => detail.scroll(isize::MIN),
            Action::Bottom => detail.scroll(isize::MAX),
            _ => {}
        }
    }

    /// Does an action where two runs are compared.
    pub(super) fn in_pair(&mut self, action: Action) {
        let Some(difference) = self.history.pair.as_mut().and_then(|pair| pair.difference_mut()) else {
            return;
        };
        if matches!(action, Action::NextDifference | Action::PreviousDifference) {
            difference.step(action == Action::NextDifference);
            let (here, all) = difference.count();
            let says = match all {
                0 => "nothing differs".to_owned(),
                all => format!("difference {} of {all}", here.unwrap_or_default()),
            };
            self.say(Tone::Info, &says);
            return;
        }
        match action {
            Action::Diff => self.history.pair = None,
            action => difference.view_mut().go(action),
        }
    }

    fn sort_history(&mut self, turn: bool) {
        if let Some(bad) = &self.history.asking.mistake {
            let says = bad.to_string();
            self.say(Tone::Warning, &says);
            return;
        }
        let (before, now) = (self.history.asking.query.clone(), self.local_now());
        self.history.asking.sort(turn, &now);
        self.asked_anew(&before);
    }

    fn ask_remove(&mut self) {
        let Some(entry) = self.history.chosen() else {
            return;
        };
        let pinned = if entry.pinned { ", which is pinned," } else { "" };
        let run = entry.run;
        let text = format!("Remove run {}{pinned} with its answer, verdicts and grade, for good?", run.short());
        self.ask(&text, "removes it", Then::RemoveRun(run));
    }

    /// Says which command line writes the runs the line asks for, and copies it.
    fn export_runs(&mut self) {
        let command = self.history.command();
        self.effects.push(Effect::Copy { what: command.clone(), text: Pasted::new(command) });
    }

    fn open_columns(&mut self) {
        let choice = Choice::new(columns(&self.history.shown_columns()));
        self.overlays.push(Overlay::Columns(choice));
    }

    /// Shows a column, or hides it; the usual ones where none is chosen. The overlay stays.
    pub(in crate::app) fn take_column(&mut self, mut choice: Choice<Option<Column>>) {
        let Some(value) = choice.chosen().map(|item| item.value) else {
            self.overlays.push(Overlay::Columns(choice));
            return;
        };
        match value {
            None => self.history.columns = None,
            Some(column) => {
                let shown = self.history.shown_columns();
                let wanted = |known: &&Column| shown.contains(known) != (**known == column);
                let columns: Vec<Column> = Column::ALL.iter().filter(wanted).copied().collect();
                if columns.is_empty() {
                    self.say(Tone::Info, "one column stays");
                } else {
                    self.history.columns = Some(columns);
                }
            }
        }
        let at = choice.at();
        choice.refill(columns(&self.history.shown_columns()));
        choice.choose(at);
        self.overlays.push(Overlay::Columns(choice));
    }
}

/// Lists the columns, each with whether it is shown.
fn columns(shown: &[Column]) -> Vec<Item<Option<Column>>> {
    let all = Column::ALL.iter().map(|column| {
        let mark = if shown.contains(column) { "✓" } else { " " };
        Item::new(Some(*column), format!("{mark} {}", column.head()), column.says())
    });
    all.chain([Item::new(None, "  usual", "those that suit the width of the screen")]).collect()
}

/// Says which target answered a run, after the one that was asked where it is another.
#[must_use]
pub fn answered_by(entry: &HistoryEntry) -> String {
    if entry.requested == entry.target {
        entry.target.clone()
    } else {
        format!("{} → {}", entry.requested, entry.target)
    }
}
