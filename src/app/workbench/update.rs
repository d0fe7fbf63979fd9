//! What each action does at the bench.
//!
//! What the keys do to an answer's JSON: which form is shown, what is folded, where a check failed.

use ratatui_textarea::CursorMove;

use crate::{
    app::{
        Action, App, Effect,
        action::{BenchAction, Verb},
        event::FieldId,
        intent::{BenchIntent, Intent},
        overlays::{
            copy::CopyMenu,
            help::Help,
            models::{For, Models},
            params::ParamsForm,
            prompts::PromptList,
            search::Search,
            sessions::SessionList,
            text_prompt::{TextFor, TextPrompt},
            variables::VariablesForm,
            xray::Xray,
        },
        screen::ScreenId,
        status_bar::Tone,
        store_request::Pending,
        workbench::{Focus, lane::Lane, layout::Shape},
    },
    model::{CacheMode, Format},
    store::api::StoreRequest,
    widgets::{
        answer_view::{AnswerView, JsonView},
        motion::Motion,
        text_editor::{PAGE, TextEditor},
    },
};

/// How far a pane can be made bigger or smaller, in steps.
const STEPS: i16 = 5;

impl App {
    /// Does an action, in the overlay if that is where it belongs.
    pub(crate) fn act(&mut self, action: Action) {
        if self.overlays.is_empty() {
            self.on_screen(action);
        } else {
            self.in_overlay(action);
        }
    }

    /// Does an action of the bench's own.
    pub(crate) fn bench_act(&mut self, action: BenchAction) {
        match action {
            BenchAction::RunFresh => self.run_fresh(),
            BenchAction::RunFailed => self.run_failed(),
            BenchAction::RetryNow => self.retry_now(),
            BenchAction::Models => self.open_models(For::Lane(self.bench.lane_at())),
            BenchAction::Params => self.open(ParamsForm::new(&self.bench)),
            BenchAction::Variables => self.open_variables(),
            BenchAction::AddMessage => self.add_message(),
            BenchAction::RemoveMessage => self.remove_message(),
            BenchAction::MessageUp => self.shift_message(false),
            BenchAction::MessageDown => self.shift_message(true),
            BenchAction::MuteMessage => self.mute_message(),
            BenchAction::MessageRole => self.turn_role(),
            BenchAction::NextInput => self.step_input(true),
            BenchAction::PreviousInput => self.step_input(false),
            BenchAction::AddInput => self.add_input(),
            BenchAction::RenameInput => self.ask_for(TextFor::Input, &self.bench.inputs.name.clone()),
            BenchAction::RemoveInput => self.remove_input(),
            BenchAction::LoadInput => self.ask_for(TextFor::InputFile, ""),
            BenchAction::AddLane => self.add_lane(),
            BenchAction::CloseLane => self.close_lane(),
            BenchAction::MoveLaneLeft => self.move_lane(false),
            BenchAction::MoveLaneRight => self.move_lane(true),
            BenchAction::Solo => self.toggle_solo(),
            BenchAction::LaneParams => self.open_lane_params(),
            BenchAction::Unpin => self.unpin(),
            BenchAction::Samples => self.open_samples(),
            BenchAction::NextModel => self.next_model(),
            BenchAction::Keep => self.keep(),
            BenchAction::NextLane => self.step_lane(true),
            BenchAction::PreviousLane => self.step_lane(false),
            BenchAction::Search => self.open_search(),
            BenchAction::SearchNext => self.next_hit(true),
            BenchAction::SearchPrevious => self.next_hit(false),
            BenchAction::ToggleReasoning => self.toggle_reasoning(),
            BenchAction::ToggleJson => self.toggle_json(),
            BenchAction::Fold => self.in_json(JsonView::toggle_fold),
            BenchAction::FoldAll => self.in_json(|json| json.fold_all(true)),
            BenchAction::UnfoldAll => self.in_json(|json| json.fold_all(false)),
            BenchAction::NextFailed => self.next_failed(),
            BenchAction::Together => self.toggle_together(),
            BenchAction::Against => self.open_against(),
            BenchAction::Edit => self.edit(),
            BenchAction::Editor => self.open_editor(),
            BenchAction::Undo => self.undo(true),
            BenchAction::Redo => self.undo(false),
            BenchAction::Save => self.save(),
            BenchAction::SaveAs => self.follow(Intent::Bench(BenchIntent::SavePromptAs)),
            BenchAction::OpenPrompt => self.open_prompts(),
            BenchAction::Versions => self.open_versions(),
            BenchAction::OlderVersion => self.walk(true),
            BenchAction::NewerVersion => self.walk(false),
            BenchAction::Groups => self.open_groups(),
            BenchAction::Sessions => self.open_sessions(),
            BenchAction::NewSession => self.open(TextPrompt::new(TextFor::NewSession, "")),
            BenchAction::RenameSession => self.open(TextPrompt::new(TextFor::RenameSession, &self.bench.session)),
            BenchAction::FocusPrompt => self.bench.focus_on(Focus::Message(self.bench.message_at())),
            BenchAction::FocusInput => self.bench.focus_on(Focus::Input),
            BenchAction::FocusOutput => self.bench.focus_on(Focus::Lane(self.bench.lane_at())),
            BenchAction::FocusMetrics => self.bench.focus_on(Focus::Metrics),
            BenchAction::Bigger => self.resize(1),
            BenchAction::Smaller => self.resize(-1),
            BenchAction::Zoom => self.bench.zoom = !self.bench.zoom,
            BenchAction::ToggleMouse => self.toggle_mouse(),
        }
    }

    /// Does at the bench what other screens do, too.
    pub(crate) fn bench_verb(&mut self, verb: Verb) {
        match verb {
            Verb::Run => self.run_all(CacheMode::On),
            Verb::NextSample => self.step_sample(true),
            Verb::PreviousSample => self.step_sample(false),
            Verb::Xray => self.open_xray(),
            Verb::Copy => self.open_copy(),
            Verb::Diff => self.toggle_diff(),
            Verb::Baseline => self.mark_baseline(),
            Verb::NextDifference => self.step_difference(true),
            Verb::PreviousDifference => self.step_difference(false),
            Verb::Grade => self.open_grade(),
            Verb::Leave => self.leave(),
            Verb::NextPane => self.bench.focus_step(true),
            Verb::PreviousPane => self.bench.focus_step(false),
            Verb::Accept
            | Verb::MoreCalls
            | Verb::FewerCalls
            | Verb::Filter
            | Verb::Sort
            | Verb::TurnSort
            | Verb::Refresh
            | Verb::ExportRuns
            | Verb::ScoreRuns => {}
        }
    }

    /// Leaves the field, else clears the search, else the banner and the notices; quits never.
    fn leave(&mut self) {
        if self.bench.typing {
            self.bench.typing = false;
        } else if self.bench.lanes.iter().any(|lane| lane.takes().any(|take| take.view().found().is_some())) {
            for take in self.bench.lanes.iter_mut().flat_map(Lane::takes_mut) {
                take.view_mut().search("");
            }
        } else if self.bench.zoom {
            self.bench.zoom = false;
        } else {
            self.banner = None;
            self.shared.notices.clear();
        }
    }

    fn edit(&mut self) {
        match self.bench.field() {
            Some(field) if field.long().is_some() => self.too_long(),
            Some(_) => self.bench.typing = true,
            None => self.say(Tone::Info, "nothing to edit here; 1 and 2 go to the texts"),
        }
    }

    fn open_editor(&mut self) {
        let (field, text) = match self.bench.focus {
            Focus::Message(at) => (FieldId::Message(at), self.bench.field().map_or_else(String::new, TextEditor::text)),
            Focus::Input => (FieldId::Input, self.bench.input.text()),
            Focus::Lane(_) => {
                (FieldId::Answer, self.bench.lane().map_or_else(String::new, |lane| lane.shown().raw().to_owned()))
            }
            Focus::Metrics => {
                self.say(Tone::Info, "go to a text or an answer first");
                return;
            }
        };
        let json = field == FieldId::Answer && self.bench.format() != Format::Text;
        self.out.effects.push(Effect::Edit { field, text, suffix: if json { ".json" } else { ".md" } });
    }

    /// Takes what an editor left. An editor ends a file with a line break; the text had none.
    pub(crate) fn edited(&mut self, id: FieldId, text: Result<String, String>) {
        let field = match id {
            FieldId::Message(at) => self.bench.field_of(Focus::Message(at)),
            FieldId::Input => self.bench.field_of(Focus::Input),
            FieldId::Answer => None,
        };
        let Some(field) = field else {
            return;
        };
        match text {
            Ok(text) => {
                let added = text.strip_suffix('\n').filter(|_| !field.text().ends_with('\n'));
                field.set(added.unwrap_or(&text));
            }
            Err(why) => self.say(Tone::Error, &why),
        }
    }

    fn undo(&mut self, back: bool) {
        if back && let Some(at) = self.bench.messages.unremove() {
            self.bench.focus_on(Focus::Message(at));
            return;
        }
        if back && self.bench.unremove_input() {
            self.bench.focus_on(Focus::Input);
            return;
        }
        let Some(field) = self.bench.field_mut() else {
            return;
        };
        let did = if back { field.undo() } else { field.redo() };
        if !did {
            self.say(Tone::Info, if back { "nothing to take back" } else { "nothing to make again" });
        }
    }

    /// Moves in what has the focus.
    pub(crate) fn bench_go(&mut self, motion: Motion) {
        match self.bench.focus {
            Focus::Lane(at) => match motion {
                Motion::Left => self.step_lane(false),
                Motion::Right => self.step_lane(true),
                motion => self.scroll_lane(at, |view| view.go(motion)),
            },
            Focus::Metrics => {}
            Focus::Message(_) | Focus::Input => self.go_in_field(motion),
        }
    }

    fn go_in_field(&mut self, motion: Motion) {
        let Some(field) = self.bench.field_mut() else {
            return;
        };
        match motion {
            Motion::Up => field.by_lines(-1),
            Motion::Down => field.by_lines(1),
            Motion::HalfUp => field.by_lines(-PAGE / 2),
            Motion::HalfDown => field.by_lines(PAGE / 2),
            Motion::PageUp => field.by_lines(-PAGE),
            Motion::PageDown => field.by_lines(PAGE),
            Motion::Left => field.go(CursorMove::Back),
            Motion::Right => field.go(CursorMove::Forward),
            Motion::Top => field.go(CursorMove::Top),
            Motion::Bottom => field.go(CursorMove::Bottom),
        }
    }

    /// Scrolls a lane, and the others with it where they go together.
    pub(crate) fn scroll_lane(&mut self, at: usize, scroll: impl Fn(&mut AnswerView)) {
        let Some(lane) = self.bench.lanes.get_mut(at) else {
            return;
        };
        scroll(lane.shown_mut().view_mut());
        if self.bench.together {
            self.align_to(at);
        }
    }

    fn step_lane(&mut self, forward: bool) {
        let count = self.bench.lanes.len().max(1);
        let at = match self.bench.focus {
            Focus::Lane(at) => (at + if forward { 1 } else { count - 1 }) % count,
            _ => self.bench.lane_at(),
        };
        self.bench.focus_on(Focus::Lane(at));
    }

    fn resize(&mut self, by: i16) {
        let step = |value: i16, by: i16| (value + by).clamp(-STEPS, STEPS);
        if self.layout.shape != Shape::Wide {
            self.say(Tone::Info, "this screen shows one pane at a time");
            return;
        }
        match self.bench.focus {
            Focus::Message(_) => self.bigger.1 = step(self.bigger.1, by),
            Focus::Input => self.bigger.1 = step(self.bigger.1, -by),
            Focus::Lane(_) | Focus::Metrics => self.bigger.0 = step(self.bigger.0, -by),
        }
    }

    fn toggle_mouse(&mut self) {
        self.mouse = !self.mouse;
        self.out.effects.push(Effect::SetMouse(self.mouse));
        let says = if self.mouse { "the mouse is captured; shift selects text" } else { "the mouse is the terminal's" };
        self.say(Tone::Info, says);
    }

    fn toggle_reasoning(&mut self) {
        let Some(take) = self.bench.lane_mut().map(Lane::shown_mut) else {
            return;
        };
        if take.reasoning.is_empty() {
            self.say(Tone::Info, "this lane's model showed no reasoning");
        } else {
            take.show_reasoning = !take.show_reasoning;
        }
    }

    fn toggle_together(&mut self) {
        self.bench.together = !self.bench.together;
        let says = if self.bench.together { "lanes scroll together" } else { "each lane scrolls by itself" };
        self.say(Tone::Info, says);
    }

    fn next_hit(&mut self, forward: bool) {
        let Some(view) = self.bench.lane_mut().map(|lane| lane.shown_mut().view_mut()) else {
            return;
        };
        view.next_hit(forward);
        if view.found().is_none() {
            self.say(Tone::Info, "nothing was searched yet");
        }
    }

    fn save(&mut self) {
        match self.bench.prompt_name.clone() {
            Some(name) => {
                let over = self.bench.known_file(&name);
                self.save_prompt(name, over);
            }
            None => self.follow(Intent::Bench(BenchIntent::SavePromptAs)),
        }
    }

    /// Opens the list of models, for a lane.
    pub(crate) fn open_models(&mut self, of: For) {
        let present = self.bench.lane().map_or_else(|| self.default_target.clone(), |lane| lane.spec.target.clone());
        self.open(Models::new(of, &self.shared.catalog, &present, &self.today()));
        self.out.effects.push(Effect::Keys);
    }

    /// Opens the form of the prompt's variables, at the first without a value.
    pub(crate) fn open_variables(&mut self) {
        match VariablesForm::new(&self.bench) {
            Some(form) => self.open(form),
            None => self.say(Tone::Info, "the prompt has no variables but {{ input }}"),
        }
    }

    fn open_prompts(&mut self) {
        self.open(PromptList::default());
        self.ask_store(StoreRequest::ListPrompts, Pending::Prompts);
    }

    fn open_sessions(&mut self) {
        self.open(SessionList::default());
        self.ask_store(StoreRequest::ListSessions, Pending::Sessions);
    }

    fn open_xray(&mut self) {
        let at = self.bench.lane_at();
        match self.bench.lanes.get(at) {
            Some(lane) if lane.shown().started.is_some() => {
                self.open(Xray::of_lane(at, &lane.spec.target, lane.shown()));
            }
            _ => self.say(Tone::Info, "nothing was run in this lane yet"),
        }
    }

    fn open_copy(&mut self) {
        self.open(CopyMenu::new(self));
    }

    fn open_search(&mut self) {
        if !matches!(self.bench.focus, Focus::Lane(_)) {
            self.bench.focus_on(Focus::Lane(self.bench.lane_at()));
        }
        self.open(Search::default());
    }

    /// Shows where a text is in the answer of the lane with the focus; an empty one is nowhere.
    pub(crate) fn search(&mut self, text: &str) {
        if let Some(lane) = self.bench.lane_mut() {
            lane.shown_mut().view_mut().search(text);
        }
    }

    /// The same, and says so where the text is not in the answer.
    pub(crate) fn keep_search(&mut self, text: &str) {
        let Some(view) = self.bench.lane_mut().map(|lane| lane.shown_mut().view_mut()) else {
            return;
        };
        view.search(text);
        if view.found().is_some_and(|found| found.hits.is_empty()) {
            view.search("");
            self.say(Tone::Warning, &format!("`{text}` is not in this answer"));
        }
    }

    /// Opens the help for what has the focus.
    pub(crate) fn open_help(&mut self) {
        let help = if self.screen == ScreenId::Bench {
            Help::new(&self.shared.keymap, self.bench.focus, self.bench.typing)
        } else {
            Help::of_screen(&self.shared.keymap, self.screen)
        };
        self.open(help);
    }
}

impl App {
    /// Shows the answers of the lane with the focus as JSON, or as the text that was sent.
    pub(crate) fn toggle_json(&mut self) {
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
    pub(crate) fn in_json(&mut self, act: impl Fn(&mut JsonView)) {
        if let Some(json) = self.bench.lane_mut().and_then(|lane| lane.shown_mut().view_mut().json_mut()) {
            act(json);
        } else {
            let key = self.shared.keymap.shown(BenchAction::ToggleJson, false);
            let how = key.map_or_else(String::new, |key| format!("; {key} shows it where there is some"));
            self.say(Tone::Info, &format!("no JSON is shown here{how}"));
        }
    }

    /// Goes to the next field that failed a check.
    pub(crate) fn next_failed(&mut self) {
        let found = self.bench.lane_mut().map(Lane::shown_mut).is_some_and(|take| take.view_mut().next_failed());
        if !found {
            self.say(Tone::Info, "no field that is shown here failed a check");
        }
    }
}
