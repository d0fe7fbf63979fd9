//! The table of actions: each with its name, where its keys work, its place in the footer and what it does.

use crate::{
    app::{
        action::{ActionInfo, When},
        screen_id::ScreenId,
    },
    widgets::motion::Motion,
};

/// Declares the actions of a group.
macro_rules! group {
    ($(#[$about:meta])* $group:ident [$({ $($name:ident = $text:literal $(as $label:literal)?, $when:expr, $footer:literal, $doc:literal $(, also $also:expr)?;)* })*]) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $group {
            $($(#[doc = $doc] $name,)*)*
        }
    };
}

/// Declares all actions from their table.
///
/// The sections stand in the order in which help and palette list the actions. Those of one group are gathered into
/// its enum first, as an enum is written in one piece; then everything is written.
macro_rules! actions {
    (@sort [$($all:tt)*] [$($own:tt)*] $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt; Global $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Global GlobalAction $rows}] [$($own)* $rows] $v $o $be $ba $h $q; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt [$($own:tt)*] $o:tt $be:tt $ba:tt $h:tt $q:tt; Verb $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Verb Verb $rows}] $g [$($own)* $rows] $o $be $ba $h $q; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt [$($own:tt)*] $be:tt $ba:tt $h:tt $q:tt; Overlay $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Overlay OverlayAction $rows}] $g $v [$($own)* $rows] $be $ba $h $q; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt [$($own:tt)*] $ba:tt $h:tt $q:tt; Bench $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Bench BenchAction $rows}] $g $v $o [$($own)* $rows] $ba $h $q; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt [$($own:tt)*] $h:tt $q:tt; Batch $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Batch BatchAction $rows}] $g $v $o $be [$($own)* $rows] $h $q; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt [$($own:tt)*] $q:tt; History $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {History HistoryAction $rows}] $g $v $o $be $ba [$($own)* $rows] $q; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt [$($own:tt)*]; Quality $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Quality QualityAction $rows}] $g $v $o $be $ba $h [$($own)* $rows]; $($rest)* }
    };
    // The enum is the widgets' own: they move by it. That each of its variants has a row, the match below asks.
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt; Motion $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Motion Motion $rows}] $g $v $o $be $ba $h $q; $($rest)* }
    };
    (@sort $all:tt $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt;) => {
        group! {
            /// What works on every screen, whatever is open.
            GlobalAction $g
        }
        group! {
            /// What more than one screen or overlay answers to, each in its way.
            Verb $v
        }
        group! {
            /// What one overlay alone answers to.
            OverlayAction $o
        }
        group! {
            /// What the workbench alone answers to.
            BenchAction $be
        }
        group! {
            /// What the batch screen alone answers to.
            BatchAction $ba
        }
        group! {
            /// What the history alone answers to.
            HistoryAction $h
        }
        group! {
            /// What the quality screen alone answers to.
            QualityAction $q
        }
        actions! { @write $all }
    };
    (@write [$({ $group:ident $kind:ident { $($name:ident = $text:literal $(as $label:literal)?, $when:expr, $footer:literal, $doc:literal $(, also $also:expr)?;)* } })*]) => {
        impl Action {
            /// Returns the action's row.
            #[must_use]
            pub const fn entry(self) -> &'static ActionInfo {
                use When::{Always, Bench, Focus, Moving, Normal, On, Overlay};
                match self {
                    $($(Self::$group($kind::$name) => {
                        const ROW: ActionInfo = ActionInfo {
                            action: Action::$group($kind::$name),
                            name: $text,
                            label: actions!(@or $text; $($label)?),
                            doc: $doc,
                            when: $when,
                            footer: $footer,
                            also: &actions!(@or []; $($also)?),
                        };
                        &ROW
                    })*)*
                }
            }
        }

        /// Every action, in the order in which help and palette list them.
        pub const ACTIONS: &[ActionInfo] = &[$($(*Action::$group($kind::$name).entry(),)*)*];
    };
    (@or $usual:expr;) => { $usual };
    (@or $usual:expr; $own:expr) => { $own };
    ($($section:ident $rows:tt)*) => {
        actions! { @sort [] [] [] [] [] [] [] []; $($section $rows)* }
    };
}

/// Declares the groups of actions.
macro_rules! groups {
    ($($(#[$about:meta])* $group:ident($kind:ident),)*) => {
        /// Something a person can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[$about])* $group($kind),)*
        }

        $(impl From<$kind> for Action {
            fn from(action: $kind) -> Self {
                Self::$group(action)
            }
        })*
    };
}

groups! {
    /// On every screen, whatever is open.
    Global(GlobalAction),
    /// Moves the cursor or the window.
    Motion(Motion),
    /// On more than one screen or overlay, on each in its way.
    Verb(Verb),
    Overlay(OverlayAction),
    Bench(BenchAction),
    /// On the batch screen.
    Batch(BatchAction),
    History(HistoryAction),
    /// On the quality screen.
    Quality(QualityAction),
}

actions! {
    Verb {
        Run = "run", Bench, 1,
            "runs the prompt on the input, in every lane; in the history the chosen run again", also [(ScreenId::History, 4)];
    }
    Bench {
        RunFresh = "run-fresh", Bench, 0, "runs again and asks the models, whatever the cache holds";
        RunFailed = "run-failed", Bench, 0, "runs the lanes again that failed, broke off or were stopped";
    }
    Global {
        Stop = "stop", Always, 0, "stops what runs: this lane, or all; twice within 2 s quits";
    }
    Bench {
        RetryNow = "retry-now", Bench, 0, "ends the wait before the next attempt";
        Models = "models", Bench, 3, "chooses this lane's model";
        Params = "params", Bench, 5, "sets the parameters and the response that is expected";
        Checks = "checks", Bench, 0, "lists the checks of the prompt, to add, change and try them on the answers there are";
        Variables = "variables", Bench, 0, "sets the values of the prompt's variables";
        AddMessage = "add-message", Bench, 0, "adds a message after this one";
        RemoveMessage = "remove-message", Bench, 0, "removes this message; undo brings it back";
        MessageUp = "message-up", Bench, 0, "moves this message up";
        MessageDown = "message-down", Bench, 0, "moves this message down";
        MuteMessage = "mute-message", Bench, 0,
            "mutes this message (it is kept, but not sent), or sends it again";
        MessageRole = "message-role", Bench, 0, "changes this message's role: system, user, assistant";
        NextInput = "next-input", Bench, 0, "puts the next input on the bench";
        PreviousInput = "previous-input", Bench, 0, "puts the input before on the bench";
        AddInput = "add-input", Bench, 0, "adds an empty input";
        RenameInput = "rename-input", Bench, 0, "gives the input a name";
        RemoveInput = "remove-input", Bench, 0, "removes the input; undo brings it back";
        LoadInput = "load-input", Bench, 0, "loads an input from a file, or from a row of a data set";
        AddLane = "add-lane" as "add a model", Bench, 2, "adds a lane, to compare models side by side";
        CloseLane = "close-lane", Bench, 0, "closes this lane";
        MoveLaneLeft = "move-lane-left", Bench, 0, "moves this lane to the left";
        MoveLaneRight = "move-lane-right", Bench, 0, "moves this lane to the right";
        Solo = "solo", Bench, 0, "shows and runs this lane alone, or all of them again";
        LaneParams = "lane-params", Bench, 0, "sets parameters of this lane's own";
        Unpin = "unpin-lane", Bench, 0, "lets this lane run the prompt on the bench again";
        Samples = "samples", Bench, 0, "sets how often each lane runs the same request";
    }
    Verb {
        NextSample = "next-sample" as "next sample", Bench, 0,
            "shows the next sample of this lane, or of the cell", also [(ScreenId::Batch, 11)];
        PreviousSample = "previous-sample", Bench, 0,
            "shows the sample before, of this lane or cell", also [(ScreenId::Batch, 0)];
    }
    Bench {
        NextModel = "next-model", Bench, 0, "runs what this lane shows again on the next model";
        Keep = "keep", Bench, 0, "keeps the part of a broken answer that arrived";
        NextLane = "next-lane", Bench, 0, "goes to the next lane";
        PreviousLane = "previous-lane", Bench, 0, "goes to the lane before";
    }
    Verb {
        Xray = "xray" as "x-ray", Bench, 7,
            "shows the run of this lane, or of the chosen row, step by step", also [(ScreenId::Batch, 7), (ScreenId::History, 7)];
    }
    Overlay {
        Judge = "judge", Overlay, 0,
            "in the X-ray: shows what the judge of a rubric was asked and said, then the next judge";
    }
    Verb {
        Copy = "copy", Bench, 8,
            "copies the answer, its JSON, the request as curl or Python, a test, a table, or the report", also [(ScreenId::Batch, 0), (ScreenId::History, 9), (ScreenId::Quality, 7)];
    }
    Bench {
        Search = "search", Bench, 0, "searches this lane's answer";
        SearchNext = "search-next", Normal, 0, "goes to the next place found";
        SearchPrevious = "search-previous", Normal, 0, "goes to the place found before";
        ToggleReasoning = "toggle-reasoning", Bench, 0, "shows or hides the reasoning of this lane's model";
        ToggleJson = "toggle-json", Bench, 0, "shows this lane's answer as JSON, or as the text that was sent";
        Fold = "fold", Normal, 0, "folds or opens the JSON under the cursor";
        FoldAll = "fold-all", Normal, 0, "folds all of the JSON but its first level";
        UnfoldAll = "unfold-all", Normal, 0, "opens all of the JSON";
        NextFailed = "next-failed", Normal, 0, "goes to the next field that failed a check";
        Together = "scroll-together", Normal, 0, "scrolls all lanes together, or each by itself";
    }
    Verb {
        Diff = "diff", Bench, 4,
            "shows what differs from the baseline, or the answers as they are", also [(ScreenId::Batch, 10), (ScreenId::History, 5)];
        Baseline = "baseline", Bench, 0,
            "makes this lane the baseline; the only lane keeps its answer; of the report, makes this line the baseline", also [(ScreenId::Quality, 10)];
    }
    Bench {
        Against = "compare-with", Bench, 0,
            "chooses what the lanes are compared with: a lane, their answers before, an earlier run";
    }
    Verb {
        NextDifference = "next-difference" as "next difference", Bench, 0,
            "goes to the next difference", also [(ScreenId::History, 11)];
        PreviousDifference = "previous-difference", Bench, 0,
            "goes to the difference before", also [(ScreenId::History, 0)];
    }
    Bench {
        Edit = "edit", Normal, 0, "edits the text that has the focus";
        Editor = "editor", Bench, 0, "opens the text that has the focus in $VISUAL or $EDITOR";
        Undo = "undo", Bench, 0, "undoes the last edit of the text, or a removal";
        Redo = "redo", Bench, 0, "makes an edit again that was undone";
        Save = "save-prompt" as "save", Bench, 6, "saves the prompt";
        SaveAs = "save-prompt-as", Bench, 0, "saves the prompt under another name";
        OpenPrompt = "open-prompt", Bench, 0, "opens a prompt";
        Versions = "versions", Bench, 0, "lists the versions of the prompt, with what came of each";
        OlderVersion = "older-version", Normal, 0, "goes to the next older version of the prompt";
        NewerVersion = "newer-version", Normal, 0, "goes to the next newer version of the prompt";
    }
    Overlay {
        AddCheck = "add-check", Overlay, 0, "in the checks: adds one";
        ToggleCheck = "toggle-check", Overlay, 0, "in the checks: turns the chosen one off, or on again";
        RemoveCheck = "remove-check", Overlay, 0, "in the checks: removes the chosen one; undo brings it back";
        UndoCheck = "undo-check", Overlay, 0, "in the checks: undoes the last edit";
        RedoCheck = "redo-check", Overlay, 0, "in the checks: makes an edit again that was undone";
        ChangedAnswers = "changed-answers", Overlay, 0,
            "in the checks: lists the stored answers that come out otherwise than by the saved checks";
        MoveThreshold = "move-threshold", Overlay, 0,
            "in the checks: moves the threshold of the chosen one over the stored answers";
        SaveChecks = "save-checks", Overlay, 0, "in the checks: saves the prompt with them";
        Favourite = "favourite", Overlay, 0,
            "in the list of models: has the chosen model come first, or no longer";
        NameVersion = "name-version", Overlay, 0, "names the chosen version";
        ForkVersion = "fork-version", Overlay, 0, "begins a prompt of its own from the chosen version";
        VersionLane = "version-to-lane", Overlay, 0, "puts the chosen version into a lane of its own";
    }
    Verb {
        Grade = "grade", Bench, 0,
            "grades the answer that is shown in this lane, or the chosen run", also [(ScreenId::History, 6)];
    }
    Bench {
        Groups = "groups", Bench, 0, "shows this lane's samples in groups of equal answers";
        Sessions = "sessions", Bench, 0, "opens another session";
        NewSession = "new-session", Bench, 0, "begins a new session";
        RenameSession = "rename-session", Bench, 0, "gives the session another name";
    }
    Global {
        Palette = "palette" as "all actions", Always, 9, "lists all actions";
        Help = "help", Always, 10, "shows the keys for what has the focus";
    }
    Verb {
        Leave = "leave", Always, 0,
            "leaves the field, closes the overlay, clears the search, ends the zoom; never quits";
    }
    Bench {
        FocusPrompt = "focus-1", Normal, 0, "goes to the prompt";
        FocusInput = "focus-2", Normal, 0, "goes to the input";
        FocusOutput = "focus-3", Normal, 0, "goes to the lanes";
        FocusMetrics = "focus-4", Normal, 0, "goes to the metrics";
    }
    Verb {
        NextPane = "next-pane", Focus, 0, "goes to the next pane or field", also [(ScreenId::Quality, 3)];
        PreviousPane = "previous-pane", Focus, 0, "goes to the pane or field before";
    }
    Motion {
        Up = "up", Moving, 0, "moves up";
        Down = "down", Moving, 0, "moves down";
        Left = "left", Moving, 0, "moves left, to the lane before, or to the grouping or the time before";
        Right = "right", Moving, 0,
            "moves right, to the next lane, or to the next grouping or time", also [(ScreenId::Quality, 4)];
        HalfUp = "half-up", Moving, 0, "moves up half a page";
        HalfDown = "half-down", Moving, 0, "moves down half a page";
        PageUp = "page-up", Moving, 0, "moves up a page";
        PageDown = "page-down", Moving, 0, "moves down a page";
        Top = "top", Moving, 0, "goes to the first line";
        Bottom = "bottom", Moving, 0, "goes to the last line, and follows the answer as it comes";
    }
    Verb {
        Accept = "accept" as "open", Overlay, 0,
            "takes what is chosen or filled in, opens what is chosen; of the quality its runs", also [(ScreenId::Batch, 1), (ScreenId::History, 1), (ScreenId::Quality, 1)];
        MoreCalls = "more-calls", Overlay, 0,
            "in the list of models: one call more at once for each account of the provider; of a batch: more calls at once", also [(ScreenId::Batch, 0)];
        FewerCalls = "fewer-calls", Overlay, 0, "the same: fewer calls at once", also [(ScreenId::Batch, 0)];
    }
    Bench {
        Bigger = "bigger", Normal, 0, "makes the pane that has the focus bigger";
        Smaller = "smaller", Normal, 0, "makes the pane that has the focus smaller";
        Zoom = "zoom", Bench, 0, "gives the pane that has the focus the whole screen, or back";
        ToggleMouse = "toggle-mouse", Normal, 0, "captures the mouse, or leaves it to the terminal";
    }
    Global {
        ScreenBench = "screen-bench", Always, 0, "goes to the workbench";
        ScreenBatch = "screen-batch", Always, 0, "goes to the batch: a prompt over a data set";
        ScreenHistory = "screen-history", Always, 0, "goes to the history: every run on record";
        ScreenQuality = "screen-quality", Always, 0, "goes to the quality: what the runs on record come to";
        ScreenHelp = "screen-help", Always, 0, "goes to the help";
    }
    Batch {
        NewBatch = "new-batch" as "new", On(ScreenId::Batch), 2, "sets a batch up: prompts, a data set, models, limits";
        OpenBatch = "open-batch" as "batches", On(ScreenId::Batch), 12,
            "lists the batches on record, to go on with one or look at it";
        Pause = "pause", On(ScreenId::Batch), 3, "pauses the batch, or has it go on";
        Limits = "limits", On(ScreenId::Batch), 13, "changes what the batch may use, also while it runs";
        AskAgain = "ask-again" as "ask again", On(ScreenId::Batch), 8, "asks the chosen cell again";
        AskFailed = "ask-failed" as "ask failed", On(ScreenId::Batch), 9, "asks the cells again that got no answer";
    }
    Verb {
        Filter = "filter", On(ScreenId::Batch), 5,
            "narrows the table to the rows and answers with a text; history and quality by words and filters", also [(ScreenId::History, 2), (ScreenId::Quality, 2)];
    }
    Batch {
        OnlyFailed = "only-failed" as "failed only", On(ScreenId::Batch), 4, "shows the rows that failed, or all";
        OnlyErrors = "only-errors", On(ScreenId::Batch), 0, "shows the rows that got no answer, or all";
        OnlyChanged = "only-changed", On(ScreenId::Batch), 0,
            "shows the rows whose outcome differs from the baseline";
    }
    Verb {
        Sort = "sort", On(ScreenId::Batch), 6,
            "orders the rows by number, verdict, score, latency, cost; the history by time, cost, latency, tokens; the quality by failures, pass rate, runs, latency, cost", also [(ScreenId::History, 8), (ScreenId::Quality, 5)];
        TurnSort = "turn-sort", On(ScreenId::Batch), 0,
            "reverses the order of the rows", also [(ScreenId::History, 0), (ScreenId::Quality, 0)];
    }
    Batch {
        BatchBaseline = "batch-baseline", On(ScreenId::Batch), 0, "chooses the batch this one is compared with";
    }
    History {
        ToBench = "to-bench" as "to the bench", On(ScreenId::History), 3,
            "puts the chosen run on the bench: prompt, input and model";
        MarkRun = "mark-run" as "mark", On(ScreenId::History), 10,
            "marks the chosen run; two that are marked can be compared";
        PinRun = "pin-run" as "pin", On(ScreenId::History), 0,
            "keeps the chosen run when others are pruned, or no longer";
        RemoveRun = "remove-run", On(ScreenId::History), 0, "removes the chosen run from the record; asks first";
        Columns = "columns", On(ScreenId::History), 0, "chooses the columns of the list";
    }
    Verb {
        Refresh = "refresh", On(ScreenId::History), 0, "reads the list, or the report, anew", also [(ScreenId::Quality, 8)];
        ExportRuns = "export-runs", On(ScreenId::History), 0,
            "copies the command that writes the listed runs as JSON, or the report", also [(ScreenId::Quality, 9)];
        ScoreRuns = "score-runs", On(ScreenId::History), 0,
            "applies today's checks to the answers listed, without a call; asks first", also [(ScreenId::Quality, 0)];
    }
    Quality {
        WhatIf = "what-if", On(ScreenId::Quality), 6,
            "moves the least confidence, or this check's threshold, over stored answers";
        NextFlip = "next-flip", On(ScreenId::Quality), 12,
            "in the what-if: moves the threshold up to where an answer flips";
        PreviousFlip = "previous-flip", On(ScreenId::Quality), 0,
            "in the what-if: moves the threshold down to where an answer flips";
        WriteThreshold = "write-threshold", On(ScreenId::Quality), 11,
            "in the what-if: writes the threshold to the prompt's file; asks first";
    }
    Global {
        Redraw = "redraw", Always, 0, "redraws the screen";
        Suspend = "suspend", Always, 0, "suspends the program; `fg` brings it back";
        Quit = "quit", Always, 0, "goes back, or quits; asks while something runs";
    }
}
