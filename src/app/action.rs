//! Everything a person can do, in one table that feeds the key map, footer, help, palette and docs/keys.md.
//!
//! One row of the table of actions, and where its keys work.
//!
//! Actions by their names, as `[keys]` and the palette have them.

pub(crate) mod table;

use std::{fmt, str::FromStr};

pub use crate::app::action::table::ACTIONS;
use crate::{app::screen::Screen, model::catalog::nearest};

/// Something a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Runs the prompt on the input, in every lane.
    Run,
    /// Runs again and asks the models, whatever the cache holds.
    RunFresh,
    /// Runs the lanes again that failed, broke off or were stopped.
    RunFailed,
    /// Stops what runs: this lane, or all; twice within 2 s quits.
    Stop,
    /// Ends the wait before the next attempt.
    RetryNow,
    /// Chooses this lane's model.
    Models,
    /// Sets the parameters and the response that is expected.
    Params,
    /// Sets the values of the prompt's variables.
    Variables,
    /// Adds a message after this one.
    AddMessage,
    /// Removes this message; undo brings it back.
    RemoveMessage,
    /// Moves this message up.
    MessageUp,
    /// Moves this message down.
    MessageDown,
    /// Mutes this message, so that it is kept and not sent, or has it sent again.
    MuteMessage,
    /// Has this message said by the next role: system, user, assistant.
    MessageRole,
    /// Puts the next input on the bench.
    NextInput,
    /// Puts the input before on the bench.
    PreviousInput,
    /// Adds an empty input.
    AddInput,
    /// Gives the input a name.
    RenameInput,
    /// Removes the input; undo brings it back.
    RemoveInput,
    /// Loads an input from a file, or from a row of a data set.
    LoadInput,
    /// Adds a lane, to compare models side by side.
    AddLane,
    /// Closes this lane.
    CloseLane,
    /// Has this lane and the one at its left change places.
    MoveLaneLeft,
    /// Has this lane and the one at its right change places.
    MoveLaneRight,
    /// Shows and runs this lane alone, or all of them again.
    Solo,
    /// Sets parameters of this lane's own.
    LaneParams,
    /// Lets this lane run the prompt on the bench again.
    Unpin,
    /// Sets how often each lane runs the same request.
    Samples,
    /// Shows this lane's next sample.
    NextSample,
    /// Shows this lane's sample before.
    PreviousSample,
    /// Runs what this lane shows again on the next model.
    NextModel,
    /// Keeps the part that came of a broken answer.
    Keep,
    /// Goes to the next lane.
    NextLane,
    /// Goes to the lane before.
    PreviousLane,
    /// Shows this lane's run step by step.
    Xray,
    /// Shows the run of the judge that was asked of a rubric.
    Judge,
    /// Copies the answer, its JSON, or the command line of the run.
    Copy,
    /// Searches this lane's answer.
    Search,
    /// Goes to the next place found.
    SearchNext,
    /// Goes to the place found before.
    SearchPrevious,
    /// Shows or hides the reasoning of this lane's model.
    ToggleReasoning,
    /// Shows this lane's answer as JSON, or as the text that was sent.
    ToggleJson,
    /// Folds or opens the JSON under the cursor.
    Fold,
    /// Folds all of the JSON but its first level.
    FoldAll,
    /// Opens all of the JSON.
    UnfoldAll,
    /// Goes to the next field that failed a check.
    NextFailed,
    /// Scrolls all lanes together, or each by itself.
    Together,
    /// Shows what differs from the baseline, or the answers as they are.
    Diff,
    /// Makes this lane the baseline, or takes that back; a lane by itself keeps its answer as one.
    Baseline,
    /// Chooses what the lanes are compared with: a lane, their answers before, an earlier run.
    Against,
    /// Goes to the next difference.
    NextDifference,
    /// Goes to the difference before.
    PreviousDifference,
    /// Edits the text that has the focus.
    Edit,
    /// Opens the text that has the focus in $VISUAL or $EDITOR.
    Editor,
    /// Takes the last edit back.
    Undo,
    /// Makes an edit again that was taken back.
    Redo,
    /// Saves the prompt.
    Save,
    /// Saves the prompt under another name.
    SaveAs,
    /// Opens a prompt.
    OpenPrompt,
    /// Lists the versions of the prompt, with what came of each.
    Versions,
    /// Goes to the next older version of the prompt.
    OlderVersion,
    /// Goes to the next newer version of the prompt.
    NewerVersion,
    /// Names the chosen version.
    NameVersion,
    /// Begins a prompt of its own from the chosen version.
    ForkVersion,
    /// Puts the chosen version into a lane of its own.
    VersionLane,
    /// Grades the answer that is shown in this lane.
    Grade,
    /// Shows this lane's samples in groups of equal answers.
    Groups,
    /// Opens another session.
    Sessions,
    /// Begins a new session.
    NewSession,
    /// Gives the session another name.
    RenameSession,
    /// Lists all actions.
    Palette,
    /// Shows the keys for what has the focus.
    Help,
    /// Leaves the field, closes the overlay, clears the search, ends the zoom; never quits.
    Leave,
    /// Goes to the prompt.
    FocusPrompt,
    /// Goes to the input.
    FocusInput,
    /// Goes to the lanes.
    FocusOutput,
    /// Goes to the metrics.
    FocusMetrics,
    /// Goes to the next pane or field.
    NextPane,
    /// Goes to the pane or field before.
    PreviousPane,
    /// Moves up.
    Up,
    /// Moves down.
    Down,
    /// Moves left, or to the lane before.
    Left,
    /// Moves right, or to the next lane.
    Right,
    /// Moves up half a page.
    HalfUp,
    /// Moves down half a page.
    HalfDown,
    /// Moves up a page.
    PageUp,
    /// Moves down a page.
    PageDown,
    /// Goes to the first line.
    Top,
    /// Goes to the last line, and follows the answer as it comes.
    Bottom,
    /// Takes what is chosen or filled in.
    Accept,
    /// Lets the chosen model's provider be sent one call more at once.
    MoreCalls,
    /// Lets the chosen model's provider be sent one call fewer at once.
    FewerCalls,
    /// Makes the pane that has the focus bigger.
    Bigger,
    /// Makes the pane that has the focus smaller.
    Smaller,
    /// Gives the pane that has the focus the whole screen, or back.
    Zoom,
    /// Captures the mouse, or leaves it to the terminal.
    ToggleMouse,
    /// Goes to the workbench.
    ScreenBench,
    /// Goes to the batch.
    ScreenBatch,
    /// Goes to the history.
    ScreenHistory,
    /// Goes to what the runs on record come to.
    ScreenQuality,
    /// Moves a threshold over stored answers.
    WhatIf,
    /// Moves the threshold up to where an answer flips.
    NextFlip,
    /// Moves the threshold down to where an answer flips.
    PreviousFlip,
    /// Writes the threshold to the prompt's file.
    WriteThreshold,
    /// Goes to the help.
    ScreenHelp,
    /// Sets a batch up.
    NewBatch,
    /// Lists the batches on record.
    OpenBatch,
    /// Holds the batch, or has it go on.
    Pause,
    /// Changes what the batch may use.
    Limits,
    /// Asks the chosen cell again.
    AskAgain,
    /// Asks the cells without an answer again.
    AskFailed,
    /// Narrows the table to rows with a text.
    Filter,
    /// Shows the rows that failed, or all.
    OnlyFailed,
    /// Shows the rows without an answer, or all.
    OnlyErrors,
    /// Shows the rows that came out otherwise than in the baseline, or all.
    OnlyChanged,
    /// Orders the rows by the next thing.
    Sort,
    /// Turns the order of the rows round.
    TurnSort,
    /// Chooses the batch this one is compared with.
    BatchBaseline,
    /// Puts the chosen run on the bench.
    ToBench,
    /// Marks the chosen run, to be compared.
    MarkRun,
    /// Keeps the chosen run when others are pruned.
    PinRun,
    /// Removes the chosen run.
    RemoveRun,
    /// Chooses the columns of the list.
    Columns,
    /// Reads the list anew.
    Refresh,
    /// Tells the command line that writes what is listed.
    ExportRuns,
    /// Judges the answers again that are asked for, by the checks of today.
    ScoreRuns,
    /// Draws the screen afresh.
    Redraw,
    /// Suspends the program; `fg` brings it back.
    Suspend,
    /// Goes back, or quits; asks while something runs.
    Quit,
}

impl Action {
    /// Returns the action's row.
    #[must_use]
    pub fn entry(self) -> &'static ActionInfo {
        // Every variant has a row (tested), so the fallback is never taken.
        ACTIONS.iter().find(|entry| entry.action == self).unwrap_or(&FALLBACK)
    }

    /// Returns the action's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

const FALLBACK: ActionInfo = entry(Action::Redraw, "redraw", When::Always, 0, "");

/// Where an action can be called by its keys. The palette calls any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// Everywhere; a plain character only where it is not text.
    Always,
    /// At the bench, also while typing.
    Bench,
    /// At the bench while not typing.
    Normal,
    /// In an overlay.
    Overlay,
    /// On every screen while not typing, and in an overlay.
    Moving,
    /// On every screen, also while typing, and in an overlay.
    Focus,
    /// On a screen beside the bench; a plain character only where it is not text.
    On(Screen),
}

impl When {
    /// Tells whether the action can be called at the bench.
    #[must_use]
    pub fn at_bench(self) -> bool {
        !matches!(self, Self::Overlay | Self::On(_))
    }

    /// Tells whether the action can be called in a field of the bench that is being edited.
    #[must_use]
    pub fn while_typing(self) -> bool {
        matches!(self, Self::Always | Self::Bench | Self::Focus)
    }

    /// Tells whether the action can be called in an overlay.
    #[must_use]
    pub fn in_overlay(self) -> bool {
        matches!(self, Self::Always | Self::Overlay | Self::Moving | Self::Focus)
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionInfo {
    /// The action.
    pub action: Action,
    /// Its name in `[keys]` and in the palette.
    pub name: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Where its keys work.
    pub when: When,
    /// Its place in the footer of its screen, the lowest first; 0 keeps it out.
    pub footer: u8,
    /// Further screens on which its keys work, each with its place in the footer there.
    pub also: &'static [(Screen, u8)],
}

impl ActionInfo {
    /// The same on further screens, each with its place in the footer there.
    pub(crate) const fn also(self, also: &'static [(Screen, u8)]) -> Self {
        Self { also, ..self }
    }

    /// Tells whether the action can be called on a screen, no overlay being open.
    #[must_use]
    pub fn works_on(&self, screen: Screen) -> bool {
        if screen == Screen::Bench {
            return self.when.at_bench();
        }
        matches!(self.when, When::Always | When::Moving | When::Focus)
            || self.when == When::On(screen)
            || self.also.iter().any(|(also, _)| *also == screen)
    }

    /// Returns the screen to go to for the action where it does not work on the present one.
    #[must_use]
    pub fn home(&self) -> Screen {
        if let When::On(screen) = self.when { screen } else { Screen::Bench }
    }

    /// Returns its place in the footer of a screen; what works everywhere comes last on those beside
    /// the bench.
    #[must_use]
    pub fn footer_on(&self, screen: Screen) -> Option<u8> {
        let also = self.also.iter().find(|(also, _)| *also == screen).map(|(_, place)| *place);
        let own = match self.when {
            When::Always => true,
            When::On(own) => own == screen,
            _ => screen == Screen::Bench,
        };
        let place = also.or(own.then_some(self.footer)).unwrap_or(0);
        let last = if self.when == When::Always && screen != Screen::Bench { 100 } else { 0 };
        (place > 0).then_some(place.saturating_add(last))
    }

    /// Tells whether a key could mean either of two actions.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let both = |screen: &Screen| self.works_on(*screen) && other.works_on(*screen);
        Screen::ALL.iter().any(both) || (self.when.in_overlay() && other.when.in_overlay())
    }
}

pub(crate) const fn entry(action: Action, name: &'static str, when: When, footer: u8, doc: &'static str) -> ActionInfo {
    ActionInfo { action, name, doc, when, footer, also: &[] }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name no action has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no action is called `{name}`{}; `retort keys` lists them", .nearest.as_ref().map_or_else(String::new, |near| format!(" (did you mean `{near}`?)")))]
pub struct UnknownAction {
    /// The name.
    pub name: String,
    /// The nearest name, if one is near.
    pub nearest: Option<String>,
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        ACTIONS.iter().find(|entry| entry.name == name).map(|entry| entry.action).ok_or_else(|| UnknownAction {
            name: name.to_owned(),
            nearest: nearest(name, ACTIONS.iter().map(|entry| entry.name)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_stand_for_one_action_each() {
        for entry in ACTIONS {
            assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert_eq!(entry.name.parse(), Ok(entry.action));
            assert_eq!(entry.action.entry(), entry);
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_name() {
        let slip = "palete".parse::<Action>().unwrap_err().to_string();
        assert!(slip.contains("did you mean `palette`?"), "{slip}");
    }
}
