//! What each action does at the bench.
//!
//! What the keys do to an answer's JSON: which form is shown, what is folded, where a check failed.

use ratatui_textarea::CursorMove;

use crate::{
    app::{
        Action, App, Effect,
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
        screen::Screen,
        status_bar::Tone,
        store_request::Pending,
        workbench::{Focus, lane::Lane, layout::Shape},
    },
    model::{CacheMode, Format},
    store::api::StoreRequest,
    widgets::{
        answer_view::{AnswerView, JsonView},
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

    /// Does an action at the bench.
    pub(crate) fn at_bench(&mut self, action: Action) {
        match action {
            Action::Run => self.run_all(CacheMode::On),
            Action::RunFresh => self.run_fresh(),
            Action::RunFailed => self.run_failed(),
            Action::Stop => self.stop(),
            Action::RetryNow => self.retry_now(),
            Action::Models => self.open_models(For::Lane(self.bench.lane_at())),
            Action::AddLane => self.add_lane(),
            Action::CloseLane => self.close_lane(),
            Action::MoveLaneLeft | Action::MoveLaneRight => self.move_lane(action == Action::MoveLaneRight),
            Action::Solo => self.toggle_solo(),
            Action::LaneParams => self.open_lane_params(),
            Action::Unpin => self.unpin(),
            Action::Samples => self.open_samples(),
            Action::NextSample | Action::PreviousSample => self.step_sample(action == Action::NextSample),
            Action::NextModel => self.next_model(),
            Action::Keep => self.keep(),
            Action::NextLane => self.step_lane(true),
            Action::PreviousLane => self.step_lane(false),
            Action::Params => self.open(ParamsForm::new(&self.bench)),
            Action::Variables => self.open_variables(),
            Action::AddMessage
            | Action::RemoveMessage
            | Action::MessageUp
            | Action::MessageDown
            | Action::MuteMessage
            | Action::MessageRole => self.on_message(action),
            Action::NextInput
            | Action::PreviousInput
            | Action::AddInput
            | Action::RenameInput
            | Action::RemoveInput
            | Action::LoadInput => self.on_input(action),
            Action::Xray => self.open_xray(),
            Action::Copy => self.open_copy(),
            Action::Search => self.open_search(),
            Action::SearchNext | Action::SearchPrevious => self.next_hit(action == Action::SearchNext),
            Action::ToggleReasoning => self.toggle_reasoning(),
            Action::ToggleJson => self.toggle_json(),
            Action::Fold => self.in_json(JsonView::toggle_fold),
            Action::FoldAll => self.in_json(|json| json.fold_all(true)),
            Action::UnfoldAll => self.in_json(|json| json.fold_all(false)),
            Action::NextFailed => self.next_failed(),
            Action::Together => self.toggle_together(),
            Action::Diff => self.toggle_diff(),
            Action::Baseline => self.mark_baseline(),
            Action::Against => self.open_against(),
            Action::NextDifference | Action::PreviousDifference => {
                self.step_difference(action == Action::NextDifference);
            }
            Action::Edit => self.edit(),
            Action::Editor => self.open_editor(),
            Action::Undo | Action::Redo => self.undo(action == Action::Undo),
            Action::Save => self.save(),
            Action::SaveAs => self.follow(Intent::Bench(BenchIntent::SavePromptAs)),
            Action::OpenPrompt => self.open_prompts(),
            Action::Versions => self.open_versions(),
            Action::OlderVersion | Action::NewerVersion => self.walk(action == Action::OlderVersion),
            Action::Grade => self.open_grade(),
            Action::Groups => self.open_groups(),
            Action::Sessions => self.open_sessions(),
            Action::NewSession => self.open(TextPrompt::new(TextFor::NewSession, "")),
            Action::RenameSession => self.open(TextPrompt::new(TextFor::RenameSession, &self.bench.session)),
            Action::Leave => self.leave(),
            Action::FocusPrompt => self.bench.focus_on(Focus::Message(self.bench.message_at())),
            Action::FocusInput => self.bench.focus_on(Focus::Input),
            Action::FocusOutput => self.bench.focus_on(Focus::Lane(self.bench.lane_at())),
            Action::FocusMetrics => self.bench.focus_on(Focus::Metrics),
            Action::NextPane => self.bench.focus_step(true),
            Action::PreviousPane => self.bench.focus_step(false),
            Action::Up
            | Action::Down
            | Action::Left
            | Action::Right
            | Action::HalfUp
            | Action::HalfDown
            | Action::PageUp
            | Action::PageDown
            | Action::Top
            | Action::Bottom => self.go(action),
            Action::Bigger => self.resize(1),
            Action::Smaller => self.resize(-1),
            Action::Zoom => self.bench.zoom = !self.bench.zoom,
            Action::ToggleMouse => self.toggle_mouse(),
            _ => {}
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
            self.notices.clear();
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
        self.effects.push(Effect::Edit { field, text, suffix: if json { ".json" } else { ".md" } });
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

    fn go(&mut self, action: Action) {
        match self.bench.focus {
            Focus::Lane(at) => match action {
                Action::Up | Action::Down => self.scroll_lane(at, |view| view.step(action == Action::Down)),
                Action::HalfUp | Action::HalfDown => {
                    self.scroll_lane(at, |view| view.page(action == Action::HalfDown, 2));
                }
                Action::PageUp | Action::PageDown => {
                    self.scroll_lane(at, |view| view.page(action == Action::PageDown, 1));
                }
                Action::Top => self.scroll_lane(at, AnswerView::to_top),
                Action::Bottom => self.scroll_lane(at, AnswerView::to_end),
                Action::Left | Action::Right => self.step_lane(action == Action::Right),
                _ => {}
            },
            Focus::Metrics => {}
            Focus::Message(_) | Focus::Input => self.go_in_field(action),
        }
    }

    fn go_in_field(&mut self, action: Action) {
        let Some(field) = self.bench.field_mut() else {
            return;
        };
        match action {
            Action::Up => field.by_lines(-1),
            Action::Down => field.by_lines(1),
            Action::HalfUp => field.by_lines(-PAGE / 2),
            Action::HalfDown => field.by_lines(PAGE / 2),
            Action::PageUp => field.by_lines(-PAGE),
            Action::PageDown => field.by_lines(PAGE),
            Action::Left => field.go(CursorMove::Back),
            Action::Right => field.go(CursorMove::Forward),
            Action::Top => field.go(CursorMove::Top),
            Action::Bottom => field.go(CursorMove::Bottom),
            _ => {}
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
        self.effects.push(Effect::SetMouse(self.mouse));
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
        self.open(Models::new(of, &self.catalog, &present, &self.today()));
        self.effects.push(Effect::Keys);
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
        let help = if self.screen == Screen::Bench {
            Help::new(&self.keymap, self.bench.focus, self.bench.typing)
        } else {
            Help::of_screen(&self.keymap, self.screen)
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
            let key = self.keymap.shown(Action::ToggleJson, false);
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
