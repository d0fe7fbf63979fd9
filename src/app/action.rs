//! Everything a person can do, in one table that feeds the key map, footer, help, palette and docs/keys.md.

mod entry;
mod name;
mod table;

use entry::entry;
pub use entry::{Entry, When};
pub use name::UnknownAction;
pub use table::ACTIONS;

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
    pub fn entry(self) -> &'static Entry {
        // Every variant has a row (tested), so the fallback is never taken.
        ACTIONS.iter().find(|entry| entry.action == self).unwrap_or(&FALLBACK)
    }

    /// Returns the action's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }
}

const FALLBACK: Entry = entry(Action::Redraw, "redraw", When::Always, 0, "");
