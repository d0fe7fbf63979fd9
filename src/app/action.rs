//! Everything a person can do, in one table that feeds the key map, footer, help, palette and README.

mod entry;
mod name;

use entry::entry;
pub use entry::{Entry, When};
pub use name::UnknownAction;

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
    /// Goes to the help.
    ScreenHelp,
    /// Draws the screen afresh.
    Redraw,
    /// Suspends the program; `fg` brings it back.
    Suspend,
    /// Goes back, or quits; asks while something runs.
    Quit,
}

/// Every action, in the order in which help and palette list them.
pub const ACTIONS: &[Entry] = &[
    entry(Action::Run, "run", When::Bench, 1, "runs the prompt on the input, in every lane"),
    entry(Action::RunFresh, "run-fresh", When::Bench, 0, "runs again and asks the models, whatever the cache holds"),
    entry(
        Action::RunFailed,
        "run-failed",
        When::Bench,
        0,
        "runs the lanes again that failed, broke off or were stopped",
    ),
    entry(Action::Stop, "stop", When::Always, 0, "stops what runs: this lane, or all; twice within 2 s quits"),
    entry(Action::RetryNow, "retry-now", When::Bench, 0, "ends the wait before the next attempt"),
    entry(Action::Models, "models", When::Bench, 3, "chooses this lane's model"),
    entry(Action::Params, "params", When::Bench, 5, "sets the parameters and the response that is expected"),
    entry(Action::Variables, "variables", When::Bench, 0, "sets the values of the prompt's variables"),
    entry(Action::AddMessage, "add-message", When::Bench, 0, "adds a message after this one"),
    entry(Action::RemoveMessage, "remove-message", When::Bench, 0, "removes this message; undo brings it back"),
    entry(Action::MessageUp, "message-up", When::Bench, 0, "moves this message up"),
    entry(Action::MessageDown, "message-down", When::Bench, 0, "moves this message down"),
    entry(
        Action::MuteMessage,
        "mute-message",
        When::Bench,
        0,
        "mutes this message, so that it is kept and not sent, or has it sent again",
    ),
    entry(
        Action::MessageRole,
        "message-role",
        When::Bench,
        0,
        "has this message said by the next role: system, user, assistant",
    ),
    entry(Action::NextInput, "next-input", When::Bench, 0, "puts the next input on the bench"),
    entry(Action::PreviousInput, "previous-input", When::Bench, 0, "puts the input before on the bench"),
    entry(Action::AddInput, "add-input", When::Bench, 0, "adds an empty input"),
    entry(Action::RenameInput, "rename-input", When::Bench, 0, "gives the input a name"),
    entry(Action::RemoveInput, "remove-input", When::Bench, 0, "removes the input; undo brings it back"),
    entry(Action::LoadInput, "load-input", When::Bench, 0, "loads an input from a file, or from a row of a data set"),
    entry(Action::AddLane, "add-lane", When::Bench, 2, "adds a lane, to compare models side by side"),
    entry(Action::CloseLane, "close-lane", When::Bench, 0, "closes this lane"),
    entry(Action::MoveLaneLeft, "move-lane-left", When::Bench, 0, "moves this lane to the left"),
    entry(Action::MoveLaneRight, "move-lane-right", When::Bench, 0, "moves this lane to the right"),
    entry(Action::Solo, "solo", When::Bench, 0, "shows and runs this lane alone, or all of them again"),
    entry(Action::LaneParams, "lane-params", When::Bench, 0, "sets parameters of this lane's own"),
    entry(Action::Unpin, "unpin-lane", When::Bench, 0, "lets this lane run the prompt on the bench again"),
    entry(Action::Samples, "samples", When::Bench, 0, "sets how often each lane runs the same request"),
    entry(Action::NextSample, "next-sample", When::Bench, 0, "shows this lane's next sample"),
    entry(Action::PreviousSample, "previous-sample", When::Bench, 0, "shows this lane's sample before"),
    entry(Action::NextModel, "next-model", When::Bench, 0, "runs what this lane shows again on the next model"),
    entry(Action::Keep, "keep", When::Bench, 0, "keeps the part that came of a broken answer"),
    entry(Action::NextLane, "next-lane", When::Bench, 0, "goes to the next lane"),
    entry(Action::PreviousLane, "previous-lane", When::Bench, 0, "goes to the lane before"),
    entry(Action::Xray, "xray", When::Bench, 7, "shows this lane's run step by step"),
    entry(
        Action::Copy,
        "copy",
        When::Bench,
        8,
        "copies the answer, its JSON, the request as curl or Python, a test, or a table",
    ),
    entry(Action::Search, "search", When::Bench, 0, "searches this lane's answer"),
    entry(Action::SearchNext, "search-next", When::Normal, 0, "goes to the next place found"),
    entry(Action::SearchPrevious, "search-previous", When::Normal, 0, "goes to the place found before"),
    entry(
        Action::ToggleReasoning,
        "toggle-reasoning",
        When::Bench,
        0,
        "shows or hides the reasoning of this lane's model",
    ),
    entry(
        Action::ToggleJson,
        "toggle-json",
        When::Bench,
        0,
        "shows this lane's answer as JSON, or as the text that was sent",
    ),
    entry(Action::Fold, "fold", When::Normal, 0, "folds or opens the JSON under the cursor"),
    entry(Action::FoldAll, "fold-all", When::Normal, 0, "folds all of the JSON but its first level"),
    entry(Action::UnfoldAll, "unfold-all", When::Normal, 0, "opens all of the JSON"),
    entry(Action::NextFailed, "next-failed", When::Normal, 0, "goes to the next field that failed a check"),
    entry(Action::Together, "scroll-together", When::Normal, 0, "scrolls all lanes together, or each by itself"),
    entry(Action::Diff, "diff", When::Bench, 4, "shows what differs from the baseline, or the answers as they are"),
    entry(Action::Baseline, "baseline", When::Bench, 0, "makes this lane the baseline; the only lane keeps its answer"),
    entry(
        Action::Against,
        "compare-with",
        When::Bench,
        0,
        "chooses what the lanes are compared with: a lane, their answers before, an earlier run",
    ),
    entry(Action::NextDifference, "next-difference", When::Bench, 0, "goes to the next difference"),
    entry(Action::PreviousDifference, "previous-difference", When::Bench, 0, "goes to the difference before"),
    entry(Action::Edit, "edit", When::Normal, 0, "edits the text that has the focus"),
    entry(Action::Editor, "editor", When::Bench, 0, "opens the text that has the focus in $VISUAL or $EDITOR"),
    entry(Action::Undo, "undo", When::Bench, 0, "takes the last edit back"),
    entry(Action::Redo, "redo", When::Bench, 0, "makes an edit again that was taken back"),
    entry(Action::Save, "save-prompt", When::Bench, 6, "saves the prompt"),
    entry(Action::SaveAs, "save-prompt-as", When::Bench, 0, "saves the prompt under another name"),
    entry(Action::OpenPrompt, "open-prompt", When::Bench, 0, "opens a prompt"),
    entry(Action::Versions, "versions", When::Bench, 0, "lists the versions of the prompt, with what came of each"),
    entry(Action::OlderVersion, "older-version", When::Normal, 0, "goes to the next older version of the prompt"),
    entry(Action::NewerVersion, "newer-version", When::Normal, 0, "goes to the next newer version of the prompt"),
    entry(Action::NameVersion, "name-version", When::Overlay, 0, "names the chosen version"),
    entry(Action::ForkVersion, "fork-version", When::Overlay, 0, "begins a prompt of its own from the chosen version"),
    entry(Action::VersionLane, "version-to-lane", When::Overlay, 0, "puts the chosen version into a lane of its own"),
    entry(Action::Grade, "grade", When::Bench, 0, "grades the answer that is shown in this lane"),
    entry(Action::Groups, "groups", When::Bench, 0, "shows this lane's samples in groups of equal answers"),
    entry(Action::Sessions, "sessions", When::Bench, 0, "opens another session"),
    entry(Action::NewSession, "new-session", When::Bench, 0, "begins a new session"),
    entry(Action::RenameSession, "rename-session", When::Bench, 0, "gives the session another name"),
    entry(Action::Palette, "palette", When::Always, 9, "lists all actions"),
    entry(Action::Help, "help", When::Always, 10, "shows the keys for what has the focus"),
    entry(
        Action::Leave,
        "leave",
        When::Always,
        0,
        "leaves the field, closes the overlay, clears the search, ends the zoom; never quits",
    ),
    entry(Action::FocusPrompt, "focus-1", When::Normal, 0, "goes to the prompt"),
    entry(Action::FocusInput, "focus-2", When::Normal, 0, "goes to the input"),
    entry(Action::FocusOutput, "focus-3", When::Normal, 0, "goes to the lanes"),
    entry(Action::FocusMetrics, "focus-4", When::Normal, 0, "goes to the metrics"),
    entry(Action::NextPane, "next-pane", When::Focus, 0, "goes to the next pane or field"),
    entry(Action::PreviousPane, "previous-pane", When::Focus, 0, "goes to the pane or field before"),
    entry(Action::Up, "up", When::Moving, 0, "moves up"),
    entry(Action::Down, "down", When::Moving, 0, "moves down"),
    entry(Action::Left, "left", When::Moving, 0, "moves left, or to the lane before"),
    entry(Action::Right, "right", When::Moving, 0, "moves right, or to the next lane"),
    entry(Action::HalfUp, "half-up", When::Moving, 0, "moves up half a page"),
    entry(Action::HalfDown, "half-down", When::Moving, 0, "moves down half a page"),
    entry(Action::PageUp, "page-up", When::Moving, 0, "moves up a page"),
    entry(Action::PageDown, "page-down", When::Moving, 0, "moves down a page"),
    entry(Action::Top, "top", When::Moving, 0, "goes to the first line"),
    entry(Action::Bottom, "bottom", When::Moving, 0, "goes to the last line, and follows the answer as it comes"),
    entry(Action::Accept, "accept", When::Overlay, 0, "takes what is chosen or filled in"),
    entry(
        Action::MoreCalls,
        "more-calls",
        When::Overlay,
        0,
        "in the list of models: one call more at once for each account of the provider",
    ),
    entry(Action::FewerCalls, "fewer-calls", When::Overlay, 0, "in the list of models: one call fewer at once"),
    entry(Action::Bigger, "bigger", When::Normal, 0, "makes the pane that has the focus bigger"),
    entry(Action::Smaller, "smaller", When::Normal, 0, "makes the pane that has the focus smaller"),
    entry(Action::Zoom, "zoom", When::Bench, 0, "gives the pane that has the focus the whole screen, or back"),
    entry(Action::ToggleMouse, "toggle-mouse", When::Normal, 0, "captures the mouse, or leaves it to the terminal"),
    entry(Action::ScreenBench, "screen-bench", When::Always, 0, "goes to the workbench"),
    entry(Action::ScreenHelp, "screen-help", When::Always, 0, "goes to the help"),
    entry(Action::Redraw, "redraw", When::Always, 0, "draws the screen afresh"),
    entry(Action::Suspend, "suspend", When::Always, 0, "suspends the program; `fg` brings it back"),
    entry(Action::Quit, "quit", When::Always, 0, "goes back, or quits; asks while something runs"),
];

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
