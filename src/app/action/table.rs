//! The table of actions: each with its name, where its keys work, its place in the footer and what it does.

use crate::{
    app::{
        action::{ActionInfo, Pane, When},
        screen_id::ScreenId,
    },
    widgets::motion::Motion,
};

const PROMPT: &[Pane] = &[Pane::Prompt];
const INPUT: &[Pane] = &[Pane::Input];
const ANSWERS: &[Pane] = &[Pane::Answers];
const TEXT: &[Pane] = &[Pane::Prompt, Pane::Input];
/// Where a letter that is meant for a text cannot call the action.
const NOT_TEXT: &[Pane] = &[Pane::Answers, Pane::Metrics];
const NOT_PROMPT: &[Pane] = &[Pane::Input, Pane::Answers, Pane::Metrics];

/// Declares the actions of a group.
macro_rules! group {
    ($(#[$about:meta])* $group:ident [$({ $($name:ident = $text:literal $title:literal $group_name:literal $(as $label:literal)?, $when:expr, $footer:literal, $doc:literal $(, at $panes:ident)? $(, also $also:expr)?;)* })*]) => {
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
    (@sort [$($all:tt)*] [$($own:tt)*] $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt $t:tt; Global $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Global GlobalAction $rows}] [$($own)* $rows] $v $o $be $ba $h $q $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt [$($own:tt)*] $o:tt $be:tt $ba:tt $h:tt $q:tt $t:tt; Verb $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Verb Verb $rows}] $g [$($own)* $rows] $o $be $ba $h $q $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt [$($own:tt)*] $be:tt $ba:tt $h:tt $q:tt $t:tt; Overlay $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Overlay OverlayAction $rows}] $g $v [$($own)* $rows] $be $ba $h $q $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt [$($own:tt)*] $ba:tt $h:tt $q:tt $t:tt; Bench $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Bench BenchAction $rows}] $g $v $o [$($own)* $rows] $ba $h $q $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt [$($own:tt)*] $h:tt $q:tt $t:tt; Batch $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Batch BatchAction $rows}] $g $v $o $be [$($own)* $rows] $h $q $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt [$($own:tt)*] $q:tt $t:tt; History $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {History HistoryAction $rows}] $g $v $o $be $ba [$($own)* $rows] $q $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt [$($own:tt)*] $t:tt; Quality $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Quality QualityAction $rows}] $g $v $o $be $ba $h [$($own)* $rows] $t; $($rest)* }
    };
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt [$($own:tt)*]; Traffic $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Traffic TrafficAction $rows}] $g $v $o $be $ba $h $q [$($own)* $rows]; $($rest)* }
    };
    // The enum is the widgets' own: they move by it. That each of its variants has a row, the match below asks.
    (@sort [$($all:tt)*] $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt $t:tt; Motion $rows:tt $($rest:tt)*) => {
        actions! { @sort [$($all)* {Motion Motion $rows}] $g $v $o $be $ba $h $q $t; $($rest)* }
    };
    (@sort $all:tt $g:tt $v:tt $o:tt $be:tt $ba:tt $h:tt $q:tt $t:tt;) => {
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
        group! {
            /// What the traffic screen alone answers to.
            TrafficAction $t
        }
        actions! { @write $all }
    };
    (@write [$({ $group:ident $kind:ident { $($name:ident = $text:literal $title:literal $group_name:literal $(as $label:literal)?, $when:expr, $footer:literal, $doc:literal $(, at $panes:ident)? $(, also $also:expr)?;)* } })*]) => {
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
                            title: $title,
                            group: $group_name,
                            label: actions!(@or $text; $($label)?),
                            doc: $doc,
                            when: $when,
                            footer: $footer,
                            panes: actions!(@or &[]; $($panes)?),
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
        actions! { @sort [] [] [] [] [] [] [] [] []; $($section $rows)* }
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
    /// On the traffic screen.
    Traffic(TrafficAction),
}

actions! {
    Verb {
        Run = "run" "Run" "Bench", Bench, 1,
            "runs the prompt on the input, in every lane; starts a batch, or goes on with one; in the history the chosen run again", also [(ScreenId::Batch, 1), (ScreenId::History, 4)];
    }
    Bench {
        RunFresh = "run-fresh" "Run again, skip the cache" "Bench", Bench, 0, "runs again and asks the models, whatever the cache holds";
        RunFailed = "run-failed" "Run the failed again" "Bench", Bench, 0, "runs the lanes again that failed, broke off or were stopped";
    }
    Global {
        Stop = "stop" "Stop" "Everywhere", Always, 0, "stops what runs: this lane, or all; twice within 2 s quits";
    }
    Bench {
        RetryNow = "retry-now" "Retry now" "Answers", Bench, 0, "ends the wait before the next attempt", at NOT_TEXT;
        TypeResult = "type-result" "Type a tool's result" "Answers", Bench, 0, "types the result of a call that waits for a person", at NOT_TEXT;
        Models = "models" "Change model" "Bench", Bench, 3, "chooses this lane's model";
        Params = "params" "Edit parameters" "Prompt", Bench, 5, "sets the parameters and the models that are tried when one fails";
        Schema = "schema" "Edit the answer's schema" "Prompt", Bench, 0, "edits the JSON Schema of the answer";
        Tools = "tools" "Edit tools" "Prompt", Bench, 0, "lists the tools that the model may call, to add and change them";
        Checks = "checks" "Edit checks" "Prompt", Bench, 0, "lists the checks of the prompt, to add, change and try them on the answers there are";
        AddMessage = "add-message" "Add message" "Prompt", Bench, 0, "adds a message after this one", at PROMPT;
        RemoveMessage = "remove-message" "Remove message" "Prompt", Normal, 0, "removes this message; undo brings it back", at PROMPT;
        MessageUp = "message-up" "Move message up" "Prompt", Bench, 0, "moves this message up", at PROMPT;
        MessageDown = "message-down" "Move message down" "Prompt", Bench, 0, "moves this message down", at PROMPT;
        MuteMessage = "mute-message" "Mute or send message" "Prompt", Normal, 0,
            "mutes this message (it is kept, but not sent), or sends it again", at PROMPT;
        Attach = "attach" "Attach image, file or audio…" "Prompt" as "attach", Normal, 0,
            "lists the images, files and audio of this message or of the input, to add and remove them", at TEXT;
        CacheMessage = "cache-message" "Cache the prompt up to this message" "Prompt", Normal, 0,
            "asks the provider to keep what it has read up to this message for 5 minutes, an hour, or not at all", at PROMPT;
        MessageRole = "message-role" "Change message role" "Prompt", Normal, 0, "changes this message's role: system, user, assistant", at PROMPT;
        NextInput = "next-input" "Next input" "Input", Bench, 0, "puts the next input on the bench", at INPUT;
        PreviousInput = "previous-input" "Previous input" "Input", Bench, 0, "puts the input before on the bench", at INPUT;
        AddInput = "add-input" "Add input" "Input", Bench, 0, "adds an empty input", at NOT_PROMPT;
        RenameInput = "rename-input" "Rename input" "Input", Bench, 0, "gives the input a name";
        RemoveInput = "remove-input" "Remove input" "Input", Normal, 0, "removes the input; undo brings it back", at INPUT;
        LoadInput = "load-input" "Load input from a file…" "Input", Bench, 0, "loads an input from a file, or from a row of a data set", at NOT_PROMPT;
        AddLane = "add-lane" "Add lane" "Bench" as "add a model", Bench, 2, "adds a lane, to compare models side by side";
        NextTurn = "next-turn" "Next turn: answer becomes a message" "Answers" as "next turn", Bench, 0,
            "makes this lane's answer a message of the prompt and begins the user's next turn", at ANSWERS;
        ReplayTurns = "replay-turns" "Replay the conversation" "Answers", Normal, 0,
            "says the user's turns again one after the other, in every lane with its own answers between them", at ANSWERS;
        CloseLane = "close-lane" "Close lane" "Answers", Bench, 0, "closes this lane", at ANSWERS;
        MoveLaneLeft = "move-lane-left" "Move lane left" "Answers", Normal, 0, "moves this lane to the left", at NOT_TEXT;
        MoveLaneRight = "move-lane-right" "Move lane right" "Answers", Normal, 0, "moves this lane to the right", at NOT_TEXT;
        Solo = "solo" "Show and run this lane alone" "Answers", Normal, 0, "shows and runs this lane alone, or all of them again", at NOT_TEXT;
        LaneParams = "lane-params" "Edit this lane's parameters" "Answers", Normal, 0, "sets parameters of this lane's own", at NOT_TEXT;
        Unpin = "unpin-lane" "Release lane from its version" "Answers", Bench, 0, "lets this lane run the prompt on the bench again";
        Samples = "samples" "Set samples" "Answers", Normal, 0, "sets how often each lane runs the same request", at NOT_TEXT;
    }
    Verb {
        NextSample = "next-sample" "Next sample" "Answers" as "next sample", Normal, 0,
            "shows the next sample of this lane, or of the cell", at ANSWERS, also [(ScreenId::Batch, 16)];
        PreviousSample = "previous-sample" "Previous sample" "Answers", Normal, 0,
            "shows the sample before, of this lane or cell", at ANSWERS, also [(ScreenId::Batch, 0)];
    }
    Bench {
        NextModel = "next-model" "Use fallback" "Answers", Bench, 0, "runs what this lane shows again on the next model", at NOT_TEXT;
        Keep = "keep" "Keep partial answer" "Answers", Bench, 0, "keeps the part of a broken answer that arrived", at NOT_TEXT;
    }
    Verb {
        Xray = "xray" "X-ray" "Answers" as "x-ray", Bench, 7,
            "shows the run of this lane, or of the chosen row, step by step; on the prompt and the input the request as it would be sent", also [(ScreenId::Batch, 14), (ScreenId::History, 7), (ScreenId::Traffic, 8)];
    }
    Bench {
        OpenChecks = "open-checks" "Show all checks" "Answers", Normal, 0, "opens every check of this lane's answer, in the X-ray", at ANSWERS;
    }
    Overlay {
        Judge = "judge" "Show the judge's run" "X-ray", Overlay, 0,
            "in the X-ray: shows what the judge of a rubric was asked and said, then the next judge";
        InferSchema = "infer-schema" "Infer schema from the answer" "Schema", Overlay, 0, "in the schema: shows one that the answers of the lanes pass; enter takes it, esc leaves it";
        SchemaFromRecord = "schema-from-record" "Infer schema from the record" "Schema", Overlay, 0, "in the schema: shows one that the newest answers on record pass; enter takes it, esc leaves it";
        MakeStrict = "make-strict" "Make schema strict" "Schema", Overlay, 0, "in the schema: shows it as OpenAI's strict mode takes it, and what had to change; enter takes it, esc leaves it";
        FormatSchema = "format-schema" "Format schema" "Schema", Overlay, 0, "in a schema: writes it with its usual indentation";
        OutsideEditor = "editor-of-schema" "Open schema in external editor" "Schema", Overlay, 0, "in the schema: opens it in $VISUAL or $EDITOR";
        FindInSchema = "find-in-schema" "Find in schema" "Schema", Overlay, 0, "in the schema: searches it; enter goes to the next place, esc ends it";
        UndoText = "undo-text" "Undo" "Schema", Overlay, 0, "in a schema or a result: undoes the last edit";
        RedoText = "redo-text" "Redo" "Schema", Overlay, 0, "in a schema or a result: makes an edit again that was undone";
        ReplaceAll = "replace-all" "Replace all" "Find", Overlay, 0, "in the search: replaces all that was found";
    }
    Verb {
        Copy = "copy" "Copy…" "Answers", Bench, 8,
            "copies the answer, its JSON, the request as curl or Python, a test, a table, or the report", at NOT_TEXT, also [(ScreenId::Batch, 10), (ScreenId::History, 9), (ScreenId::Quality, 7)];
    }
    Bench {
        Search = "find" "Find" "Bench", Bench, 0, "searches the answer";
        ToggleReasoning = "toggle-reasoning" "Show or hide reasoning" "Answers", Bench, 0, "shows or hides the reasoning of this lane's model", at NOT_TEXT;
        ToggleJson = "toggle-json" "Switch JSON and raw text" "Answers", Bench, 0, "shows this lane's answer as JSON, or as the text that was sent", at NOT_TEXT;
        Fold = "fold" "Fold or unfold" "Answers", Normal, 0, "folds or opens the JSON under the cursor; on its first line, all of it", at ANSWERS;
        FoldAll = "fold-all" "Fold all" "Answers", Normal, 0, "folds all of the JSON but its first level";
        UnfoldAll = "unfold-all" "Unfold all" "Answers", Normal, 0, "opens all of the JSON";
        Together = "scroll-together" "Scroll lanes together" "Answers", Normal, 0, "scrolls all lanes together, or each by itself", at NOT_TEXT;
    }
    Verb {
        Diff = "diff" "Show differences" "Answers", Bench, 4,
            "shows what differs from the baseline, or the answers as they are", also [(ScreenId::Batch, 15), (ScreenId::History, 5)];
        Baseline = "baseline" "Set baseline" "Answers", Bench, 0,
            "makes this lane the baseline; the only lane keeps its answer; of the report, makes this line the baseline", at NOT_TEXT, also [(ScreenId::Quality, 10)];
    }
    Bench {
        Against = "compare-with" "Compare with…" "Answers", Bench, 0,
            "chooses what the lanes are compared with: a lane, their answers before, an earlier run", at NOT_TEXT;
    }
    Verb {
        Next = "next" "Next match, difference or failure" "Bench", Normal, 0,
            "goes to the next match; where nothing is searched, to the next difference, else to the next failed field", also [(ScreenId::History, 11)];
        Previous = "previous" "Previous match, difference or failure" "Bench", Normal, 0,
            "goes to the match before, else to the difference or the failed field before", also [(ScreenId::History, 0)];
    }
    Bench {
        EditPrompt = "edit-prompt" "Edit prompt" "Prompt", Normal, 0, "goes to the prompt and edits it", at NOT_TEXT;
        Edit = "edit" "Edit text" "Bench", Normal, 0, "edits the text that has the focus", at TEXT;
        Editor = "editor" "Open in external editor" "Bench", Bench, 0, "opens the text that has the focus in $VISUAL or $EDITOR";
        Undo = "undo" "Undo" "Bench", Bench, 0, "undoes the last edit of the text, or a removal";
        Redo = "redo" "Redo" "Bench", Bench, 0, "makes an edit again that was undone";
        NewPrompt = "new-prompt" "New prompt" "Prompt", Bench, 0, "puts an empty prompt on the bench; lanes and input stay, its name is asked when it is saved";
        DuplicatePrompt = "duplicate-prompt" "Duplicate prompt" "Prompt", Bench, 0, "saves a copy of the prompt under another name";
        RenamePrompt = "rename-prompt" "Rename prompt" "Prompt", Bench, 0, "gives the prompt's file another name";
        DeletePrompt = "delete-prompt" "Delete prompt" "Prompt", Bench, 0, "moves the prompt's file aside, its runs stay; asks first";
        Save = "save-prompt" "Save prompt" "Prompt" as "save", Bench, 6, "saves the prompt";
        SaveAs = "save-prompt-as" "Save prompt as…" "Prompt", Bench, 0, "saves the prompt under another name", at NOT_TEXT;
        OpenPrompt = "open-prompt" "Open prompt…" "Prompt", Bench, 0, "opens a prompt", at NOT_TEXT;
        ImprovePrompt = "improve-prompt" "Improve this prompt…" "Prompt", Bench, 0,
            "looks for a better prompt with the rows of the newest batch that asked it: says what it will take, tries edits, ends in a verdict";
        AblatePrompt = "ablate-prompt" "Leave out parts of this prompt…" "Prompt", Bench, 0,
            "shows which parts of the prompt matter, with the rows of the newest batch that asked it: asks it without each of them";
        Versions = "versions" "Versions" "Prompt", Bench, 0, "lists the versions of the prompt, with what came of each";
        OlderVersion = "older-version" "Older version" "Prompt", Bench, 0, "goes to the next older version of the prompt", at PROMPT;
        NewerVersion = "newer-version" "Newer version" "Prompt", Bench, 0, "goes to the next newer version of the prompt", at PROMPT;
    }
    Overlay {
        AddCheck = "add-check" "Add check, tool or file" "Checks", Overlay, 0, "in the checks, the tools and the attachments: adds one";
        RemoveCheck = "remove-check" "Remove check, tool or file" "Checks", Overlay, 0, "in the checks, the tools and the attachments: removes the chosen one; undo brings it back";
        UndoCheck = "undo-check" "Undo edit of checks or tools" "Checks", Overlay, 0, "in the checks and the tools: undoes the last edit";
        RedoCheck = "redo-check" "Redo edit of checks or tools" "Checks", Overlay, 0, "in the checks and the tools: makes an edit again that was undone";
        ChangedAnswers = "changed-answers" "List answers that change" "Checks", Overlay, 0,
            "in the checks: lists the stored answers that come out otherwise than by the saved checks";
        MoveThreshold = "move-threshold" "What if, for a check" "Checks", Overlay, 0,
            "in the checks: moves the threshold of the chosen one over the stored answers";
        SaveChecks = "save-checks" "Save prompt with its checks or tools" "Checks", Overlay, 0, "in the checks and the tools: saves the prompt with them";
        NewInList = "list-new" "New" "Prompts", Overlay, 0, "in the list of prompts: begins an empty one";
        DuplicateInList = "list-duplicate" "Duplicate" "Prompts", Overlay, 0, "in the list of prompts and in the tools: copies the chosen one";
        RenameInList = "list-rename" "Rename" "Prompts", Overlay, 0, "in the list of prompts: renames the chosen one";
        DeleteInList = "list-delete" "Delete" "Prompts", Overlay, 0, "in the list of prompts: deletes the chosen one; asks first";
        Mark = "mark" "Mark or switch" "Models", Overlay, 0, "in the list of models: marks the chosen model, enter opens the marked in lanes; in the checks: turns the chosen one off, or on again";
        LookAgain = "look-again" "Look for servers again" "Models", Overlay, 0,
            "in the list of models: asks again what every provider and every server on this machine serves";
        Rebind = "rebind" "Change key" "Palette", Overlay, 0, "in the list of actions: gives the chosen action another key";
        Favourite = "favourite" "Mark as favourite" "Models", Overlay, 0,
            "in the list of models: has the chosen model come first, or no longer";
        NameVersion = "name-version" "Name version" "Versions", Overlay, 0, "names the chosen version";
        ForkVersion = "fork-version" "Fork version" "Versions", Overlay, 0, "begins a prompt of its own from the chosen version";
        RunVersion = "run-version" "Run version" "Versions", Overlay, 0, "in the versions: puts the chosen version on the bench and runs it";
        VersionBaseline = "version-baseline" "Version as baseline" "Versions", Overlay, 0, "in the versions: compares all others with the chosen one, or each with the one before again";
        VersionLane = "version-to-lane" "Open version in a lane" "Versions", Overlay, 0, "puts the chosen version into a lane of its own";
    }
    Verb {
        Grade = "grade" "Grade answer" "Answers", Bench, 0,
            "grades the answer that is shown in this lane, or the chosen run", at NOT_TEXT, also [(ScreenId::History, 6)];
    }
    Bench {
        Groups = "groups" "Group equal answers" "Answers", Normal, 0, "shows this lane's samples in groups of equal answers", at NOT_TEXT;
        Sessions = "sessions" "Open session…" "Session", Normal, 0, "opens another session", at NOT_TEXT;
        NewSession = "new-session" "New session" "Session", Bench, 0, "begins a new session";
        RenameSession = "rename-session" "Rename session" "Session", Bench, 0, "gives the session another name";
    }
    Global {
        Palette = "palette" "All actions" "Everywhere" as "all actions", Always, 9, "lists all actions";
        Help = "help" "Help" "Everywhere", Always, 10, "shows the keys for what has the focus";
    }
    Verb {
        Leave = "leave" "Back" "Everywhere", Always, 0,
            "leaves the field, closes the overlay, clears the search, ends the zoom; never quits";
        NextPane = "next-pane" "Next pane or field" "Moving", Focus, 0, "goes to the next pane or field", also [(ScreenId::Quality, 3)];
        PreviousPane = "previous-pane" "Previous pane or field" "Moving", Focus, 0, "goes to the pane or field before";
    }
    Motion {
        Up = "up" "Up" "Moving", Moving, 0, "moves up";
        Down = "down" "Down" "Moving", Moving, 0, "moves down";
        Left = "left" "Left" "Moving", Moving, 0, "moves left, to the lane before, or to the grouping or the time before";
        Right = "right" "Right" "Moving", Moving, 0,
            "moves right, to the next lane, or to the next grouping or time", also [(ScreenId::Quality, 4)];
        HalfUp = "half-up" "Half a page up" "Moving", Moving, 0, "moves up half a page";
        HalfDown = "half-down" "Half a page down" "Moving", Moving, 0, "moves down half a page";
        PageUp = "page-up" "Page up" "Moving", Moving, 0, "moves up a page";
        PageDown = "page-down" "Page down" "Moving", Moving, 0, "moves down a page";
        Top = "top" "First line" "Moving", Moving, 0, "goes to the first line";
        Bottom = "bottom" "Last line" "Moving", Moving, 0, "goes to the last line, and follows the answer as it comes";
    }
    Verb {
        Accept = "accept" "Open or use" "Lists" as "open", Overlay, 0,
            "takes what is chosen or filled in, opens what is chosen; of the quality its runs", also [(ScreenId::Batch, 2), (ScreenId::History, 1), (ScreenId::Quality, 1), (ScreenId::Traffic, 1)];
        MoreCalls = "more-calls" "More calls at once" "Models", Overlay, 0,
            "in the list of models: one call more at once for each account of the provider; of a batch: more calls at once", also [(ScreenId::Batch, 0)];
        FewerCalls = "fewer-calls" "Fewer calls at once" "Models", Overlay, 0, "the same: fewer calls at once", also [(ScreenId::Batch, 0)];
    }
    Bench {
        Bigger = "bigger" "Make pane bigger" "Bench", Normal, 0, "makes the pane that has the focus bigger";
        Smaller = "smaller" "Make pane smaller" "Bench", Normal, 0, "makes the pane that has the focus smaller";
        Zoom = "zoom" "Zoom pane" "Bench", Bench, 0, "gives the pane that has the focus the whole screen, or back";
        DetailColumn = "detail-column" "Widen or hide detail column" "Bench", Normal, 0,
            "makes the column at the right of a screen of 180 columns wider, hides it, and brings it back", at NOT_TEXT;
        ToggleMouse = "toggle-mouse" "Switch mouse" "Bench", Normal, 0, "captures the mouse, or leaves it to the terminal", at NOT_TEXT;
    }
    Global {
        ScreenBench = "screen-bench" "Go to bench" "Everywhere", Always, 0, "goes to the workbench";
        ScreenBatch = "screen-batch" "Go to batch" "Everywhere", Always, 0, "goes to the batch: a prompt over a data set";
        ScreenHistory = "screen-history" "Go to history" "Everywhere", Always, 0, "goes to the history: every run on record";
        ScreenQuality = "screen-quality" "Go to quality" "Everywhere", Always, 0, "goes to the quality: what the runs on record come to";
        ScreenTraffic = "screen-traffic" "Go to traffic" "Everywhere", Always, 0, "goes to the traffic: calls of programs, as they come";
    }
    Batch {
        NewBatch = "new-batch" "New batch…" "Batch" as "new", On(ScreenId::Batch), 3, "sets a batch up: prompts, a data set, models, limits";
        OpenBatch = "open-batch" "Open batch…" "Batch" as "batches", On(ScreenId::Batch), 17,
            "lists the batches on record, to go on with one or look at it";
        Pause = "pause" "Pause or continue batch" "Batch", On(ScreenId::Batch), 4, "pauses the batch, or has it go on";
        Limits = "limits" "Change batch limits" "Batch", On(ScreenId::Batch), 18, "changes what the batch may use, also while it runs";
        AskAgain = "ask-again" "Ask cell again" "Batch" as "ask again", On(ScreenId::Batch), 13, "asks the chosen cell again";
        BatchEnding = "batch-ending" "Why the batch ended" "Batch" as "why", On(ScreenId::Batch), 20,
            "shows how a batch ended and why, whole, with its gates; in the list of batches that of the chosen one";
        AskFailed = "ask-failed" "Ask failed cells again" "Batch" as "ask failed", On(ScreenId::Batch), 6, "asks the cells again that got no answer";
    }
    Verb {
        Filter = "filter" "Filter" "Lists", On(ScreenId::Batch), 11,
            "narrows the table to the rows and answers with a text; history and quality by words and filters", also [(ScreenId::History, 2), (ScreenId::Quality, 2), (ScreenId::Traffic, 2)];
    }
    Verb {
        OnlyFailed = "only-failed" "Failed only" "Lists" as "failed only", On(ScreenId::Batch), 5,
            "shows the rows that failed, or all; likewise runs in the history and lines in the quality", also [(ScreenId::History, 0), (ScreenId::Quality, 0)];
        OnlyErrors = "only-errors" "Errors only" "Lists" as "errors only", On(ScreenId::Batch), 0,
            "shows the rows that got no answer, or all; likewise runs in the history and lines in the quality", also [(ScreenId::History, 0), (ScreenId::Quality, 0)];
        ToBench = "to-bench" "Put on the bench" "Lists" as "to bench", On(ScreenId::Batch), 7,
            "puts the chosen cell or run on the bench: its prompt, input and model; in the quality the newest run of the line", also [(ScreenId::History, 3), (ScreenId::Quality, 8), (ScreenId::Traffic, 3)];
    }
    Batch {
        OnlyChanged = "only-changed" "Changed only" "Batch", On(ScreenId::Batch), 0,
            "shows the rows whose outcome differs from the baseline";
    }
    Verb {
        Sort = "sort" "Sort" "Lists", On(ScreenId::Batch), 12,
            "orders the rows by number, verdict, score, latency, cost; the history by time, cost, latency, tokens; the quality by failures, pass rate, runs, latency, cost", also [(ScreenId::History, 8), (ScreenId::Quality, 5)];
        TurnSort = "turn-sort" "Reverse order" "Lists", On(ScreenId::Batch), 0,
            "reverses the order of the rows", also [(ScreenId::History, 0), (ScreenId::Quality, 0)];
    }
    Batch {
        BatchBaseline = "batch-baseline" "Compare batch with…" "Batch" as "compare with", On(ScreenId::Batch), 8,
            "chooses the batch this one is compared with";
        CompareBlind = "compare-blind" "Compare blind…" "Batch" as "blind", On(ScreenId::Batch), 21,
            "shows the answers of the batch two by two without the names of who gave them; one key for each vote";
        Improve = "improve" "Improve the prompt…" "Batch", On(ScreenId::Batch), 0,
            "looks for a better prompt with the rows of the batch: says what it will take, tries edits, ends in a verdict";
        Ablate = "ablate" "Leave out parts of the prompt…" "Batch", On(ScreenId::Batch), 0,
            "shows which parts of the prompt matter, with the rows of the batch: asks it without each of them";
        ReviewChanges = "review-changes" "Review what changed…" "Batch", On(ScreenId::Batch), 0,
            "goes through what came out otherwise than in the baseline of the prompt: accept, reject, pin, mark flaky";
        BatchWhatIf = "batch-what-if" "What if a threshold were another" "Batch" as "what-if", On(ScreenId::Batch), 9,
            "moves a threshold over the answers of this batch, without a call: cells, gates and verdict as they would come out";
        WriteBatchThreshold = "write-batch-threshold" "Write batch threshold" "Batch" as "write", On(ScreenId::Batch), 19,
            "writes the threshold that was moved over this batch to the prompt's file; asks first";
    }
    History {
        MarkRun = "mark-run" "Mark run" "History" as "mark", On(ScreenId::History), 10,
            "marks the chosen run; two that are marked can be compared";
        PinRun = "pin-run" "Pin run" "History" as "pin", On(ScreenId::History), 0,
            "keeps the chosen run when others are pruned, or no longer";
        RemoveRun = "remove-run" "Delete run" "History", On(ScreenId::History), 0, "removes the chosen run from the record; asks first";
        ShowPictures = "show-pictures" "Show its pictures" "History" as "pictures", On(ScreenId::History), 12,
            "shows the pictures that the chosen run was given, where the terminal takes pictures";
        Columns = "columns" "Choose columns" "History", On(ScreenId::History), 0, "chooses the columns of the list";
    }
    Verb {
        Refresh = "refresh" "Refresh" "Lists", On(ScreenId::History), 0, "reads the list, or the report, anew", also [(ScreenId::Quality, 13), (ScreenId::Traffic, 0)];
        ExportRuns = "export-runs" "Copy export command" "Lists", On(ScreenId::History), 0,
            "copies the command that writes the listed runs as JSON, or the report", also [(ScreenId::Quality, 9)];
        ScoreRuns = "score-runs" "Judge stored answers again" "Lists", On(ScreenId::History), 0,
            "applies today's checks to the answers listed, without a call; asks first", also [(ScreenId::Quality, 0)];
    }
    Traffic {
        HoldCalls = "hold-calls" "Hold calls that match…" "Traffic" as "hold", On(ScreenId::Traffic), 4,
            "holds each call whose request has a text, until it is let go; again: holds none";
        LetGo = "let-go" "Let call go" "Traffic" as "let go", On(ScreenId::Traffic), 5, "lets the held call go on as it is";
        EditCall = "edit-call" "Change call in the editor" "Traffic" as "change and send", On(ScreenId::Traffic), 6,
            "opens the request in the editor: a held call goes on with what was written, another is sent as a new one";
        FailCall = "fail-call" "Fail call" "Traffic" as "fail", On(ScreenId::Traffic), 7,
            "answers the held call with 503 and asks no provider, to see what the program does then";
        FailCalls = "fail-calls" "Fail calls by a rule…" "Traffic" as "fail by rule", On(ScreenId::Traffic), 12,
            "fails calls as they come, with a status, the next few or all, that have a text; again: fails none";
        ResendCall = "resend-call" "Send call again" "Traffic" as "send again", On(ScreenId::Traffic), 9, "sends the same request again, as a new call";
        MarkCall = "mark-call" "Mark call" "Traffic" as "mark", On(ScreenId::Traffic), 10, "marks the chosen call";
        RowsOfCalls = "rows-of-calls" "Write rows of calls…" "Traffic" as "rows", On(ScreenId::Traffic), 11,
            "adds rows of the marked calls, or of the chosen one, to a data set";
    }
    Quality {
        WhatIf = "what-if" "What if" "Quality", On(ScreenId::Quality), 6,
            "moves the least confidence, or this check's threshold, over stored answers";
        Calibrate = "calibrate" "Calibrate confidence…" "Quality" as "calibrate", On(ScreenId::Quality), 14,
            "compares the confidence that the answers counted here state with what is right of them, by grade or by a check";
        NextFlip = "next-flip" "Next change" "Quality", On(ScreenId::Quality), 12,
            "in the what-if: moves the threshold up to where an answer changes";
        PreviousFlip = "previous-flip" "Previous change" "Quality", On(ScreenId::Quality), 0,
            "in the what-if: moves the threshold down to where an answer changes";
        WriteThreshold = "write-threshold" "Write threshold" "Quality", On(ScreenId::Quality), 11,
            "in the what-if: writes the threshold to the prompt's file; asks first";
    }
    Global {
        StartTour = "start-tour" "Start the tour" "Everywhere", Always, 0, "says what to try next, step by step; esc ends it";
        NextTheme = "next-theme" "Next theme" "Everywhere" as "next theme", Always, 0,
            "takes the next theme: terminal, dark, light, high contrast";
        Redraw = "redraw" "Redraw" "Everywhere", Always, 0, "redraws the screen";
        Suspend = "suspend" "Suspend" "Everywhere", Always, 0, "suspends the program; `fg` brings it back";
        Quit = "quit" "Back or quit" "Everywhere", Always, 0, "goes back, or quits; asks while something runs";
    }
}
