//! What each action does at the bench.
//!
//! What the keys do to an answer's JSON: which form is shown, what is folded, where a check failed.

use std::cell::Cell;

use crossterm::event::KeyCode;
use jiff::Timestamp;
use ratatui::buffer::Buffer;

use crate::{
    app::{
        action::{Action, BenchAction, GlobalAction, Pane, Verb},
        ask,
        context::{Cx, Scene, Shared},
        event::{Effect, FieldId, Listing},
        intent::{BatchStep, BenchIntent, Intent, ModelFor, OverlayIntent},
        keymap::{KeyContext, Keymap},
        layout::{Shape, WIDE},
        notices::Tone,
        overlay::{Below, LiveRun},
        overlays::{
            models::Models,
            prompts::PromptList,
            search::Search,
            sessions::SessionList,
            text_prompt::{TextFor, TextPrompt},
            xray::{Xray, XrayTab},
        },
        refusal::Need,
        screen::{Footer, Pointer, Screen},
        screen_id::ScreenId,
        snippet::Snippet,
        workbench::{
            Focus, Workbench,
            document::Section,
            find::Find,
            lane::{Lane, RunPhase},
            layout::{BenchLayout, DETAIL_FROM, METRICS_FROM, Wish},
            metrics, refusal,
            run::is_demo,
            snippets,
            versions::After,
            view,
        },
    },
    model::{CacheMode, Format, session::DetailSize},
    store::api::Over,
    text::{clean_line, format::ago},
    widgets::{
        answer_view::{AnswerView, JsonView},
        frame::FlowItem,
        key::Chord,
        motion::Motion,
        text_editor::{MOST_BYTES, TextEditor},
        theme::Role,
    },
};

/// How far a pane can be made bigger or smaller, in steps.
const STEPS: i16 = 5;

impl Screen for Workbench {
    type Own = BenchAction;
    type Request = BenchIntent;

    const ID: ScreenId = ScreenId::Bench;

    const NEEDS: &'static [Need<Self>] = refusal::NEEDS;

    fn enter(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn act(&mut self, action: BenchAction, cx: &mut Cx<'_, Self>) {
        match action {
            BenchAction::RunFresh => self.run_fresh(cx),
            BenchAction::RunFailed => self.run_failed(cx),
            BenchAction::RetryNow => self.retry_now(cx),
            BenchAction::Models => self.open_models(ModelFor::Lane(self.lane_at()), cx),
            BenchAction::Params => self.open_section(Section::Parameters, cx),
            BenchAction::Schema => self.open_schema(cx),
            BenchAction::Tools => self.open_tools(cx),
            BenchAction::TypeResult => self.type_result(cx),
            BenchAction::AddMessage => self.add_message(),
            BenchAction::NextTurn => self.continue_conversation(cx),
            BenchAction::ReplayTurns => self.replay_conversation(cx),
            BenchAction::RemoveMessage => self.remove_message(cx),
            BenchAction::MessageUp => self.shift_message(false, cx),
            BenchAction::MessageDown => self.shift_message(true, cx),
            BenchAction::MuteMessage => self.mute_message(cx),
            BenchAction::Attach => self.open_attachments(cx),
            BenchAction::CacheMessage => self.cache_message(cx),
            BenchAction::MessageRole => self.turn_role(cx),
            BenchAction::NextInput => self.walk_inputs(true, cx),
            BenchAction::PreviousInput => self.walk_inputs(false, cx),
            BenchAction::AddInput => self.add_blank_input(cx),
            BenchAction::RenameInput => self.ask_for(TextFor::Input, &self.inputs.name.clone(), cx),
            BenchAction::RemoveInput => self.drop_input(cx),
            BenchAction::LoadInput => self.ask_for(TextFor::InputFile, "", cx),
            BenchAction::AddLane => self.add_lane(cx),
            BenchAction::CloseLane => self.close_lane(cx),
            BenchAction::MoveLaneLeft => self.shift_lane(false, cx),
            BenchAction::MoveLaneRight => self.shift_lane(true, cx),
            BenchAction::Solo => self.toggle_solo(cx),
            BenchAction::LaneParams => self.open_lane_params(cx),
            BenchAction::Unpin => self.unpin(cx),
            BenchAction::OpenChecks => self.open_xray(Some(XrayTab::Checks), cx),
            BenchAction::Samples => self.open_samples(cx),
            BenchAction::NextModel => self.next_model(cx),
            BenchAction::Keep => self.keep(cx),
            BenchAction::Search => self.open_search(cx),
            BenchAction::ToggleReasoning => self.toggle_reasoning(cx),
            BenchAction::ToggleJson => self.toggle_json(cx),
            BenchAction::Fold => self.in_json(JsonView::fold_or_all, cx),
            BenchAction::FoldAll => self.in_json(|json| json.fold_all(true), cx),
            BenchAction::UnfoldAll => self.in_json(|json| json.fold_all(false), cx),
            BenchAction::Together => self.toggle_together(cx),
            BenchAction::Against => self.open_against(cx),
            BenchAction::Edit => self.edit(cx),
            BenchAction::EditPrompt => {
                self.focus_on(Focus::Message(self.message_at()));
                self.edit(cx);
            }
            BenchAction::Editor => self.open_editor(cx),
            BenchAction::Undo => self.undo(true, cx),
            BenchAction::Redo => self.undo(false, cx),
            BenchAction::NewPrompt => self.new_prompt(cx),
            BenchAction::DuplicatePrompt => self.ask_duplicate(cx),
            BenchAction::RenamePrompt => self.ask_rename(cx),
            BenchAction::DeletePrompt => self.ask_delete(cx),
            BenchAction::Save => self.save(cx),
            BenchAction::SaveAs => self.save_prompt_as(cx),
            BenchAction::OpenPrompt => Self::open_prompts(cx),
            BenchAction::ImprovePrompt => cx.send(Intent::TellBatch(BatchStep::Experiment { improves: true })),
            BenchAction::AblatePrompt => cx.send(Intent::TellBatch(BatchStep::Experiment { improves: false })),
            BenchAction::Versions => self.open_versions(cx),
            BenchAction::OlderVersion => self.walk(true, cx),
            BenchAction::NewerVersion => self.walk(false, cx),
            BenchAction::Checks => self.open_checks(None, cx),
            BenchAction::Groups => self.open_groups(cx),
            BenchAction::Sessions => self.open_sessions(cx),
            BenchAction::NewSession => cx.open(TextPrompt::new(TextFor::NewSession, "")),
            BenchAction::RenameSession => cx.open(TextPrompt::new(TextFor::RenameSession, &self.session)),
            BenchAction::Bigger => self.resize(1, cx),
            BenchAction::Smaller => self.resize(-1, cx),
            BenchAction::Zoom => self.zoom = !self.zoom,
            BenchAction::DetailColumn => self.resize_detail(cx),
            BenchAction::ToggleMouse => Self::toggle_mouse(cx),
        }
    }

    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match verb {
            Verb::Run => self.run_all(CacheMode::On, cx),
            Verb::NextSample => self.step_sample(true, cx),
            Verb::PreviousSample => self.step_sample(false, cx),
            Verb::Xray => self.open_xray(None, cx),
            Verb::Copy => cx.send(Intent::OpenCopy),
            Verb::Diff => self.toggle_diff(cx),
            Verb::Baseline => self.mark_baseline(cx),
            Verb::Next => self.step_finding(true, cx),
            Verb::Previous => self.step_finding(false, cx),
            Verb::Grade => self.open_grade(cx),
            Verb::Leave => self.leave(cx),
            Verb::NextPane => self.focus_step(true),
            Verb::PreviousPane => self.focus_step(false),
            Verb::Accept
            | Verb::MoreCalls
            | Verb::FewerCalls
            | Verb::Filter
            | Verb::Sort
            | Verb::TurnSort
            | Verb::Refresh
            | Verb::ExportRuns
            | Verb::ScoreRuns
            | Verb::OnlyFailed
            | Verb::OnlyErrors
            | Verb::ToBench => {}
        }
    }

    fn go(&mut self, motion: Motion, _cx: &mut Cx<'_, Self>) {
        match self.focus {
            Focus::Lane(at) => match motion {
                Motion::Left => self.step_lane(false),
                Motion::Right => self.step_lane(true),
                motion => self.scroll_lane(at, |view| view.go(motion)),
            },
            Focus::Metrics => {}
            Focus::Message(_) | Focus::Heading(_) | Focus::Section(_) | Focus::Input | Focus::Variable(_) => {
                self.go_in_document(motion);
            }
        }
    }

    fn receive(&mut self, request: BenchIntent, cx: &mut Cx<'_, Self>) {
        match request {
            BenchIntent::SetModel { of, target } => self.set_model(of, target, cx),
            BenchIntent::OpenModels { of, targets } => self.open_in_lanes(of, targets, cx),
            BenchIntent::SetParams { params, fallback } => {
                self.begin_change();
                (self.params, self.fallback) = (*params, fallback);
            }
            BenchIntent::SetRules { response, checks } => {
                (self.response, self.checks) = (*response, checks);
                self.touch();
                cx.send(Intent::Overlay(OverlayIntent::TryChecks));
            }
            BenchIntent::SetTools(set) => self.set_tools(*set),
            BenchIntent::Parts(of, step) => self.change_parts(of, step, cx),
            BenchIntent::AnswerCall(waiting, result) => self.answer_call(waiting, result, cx),
            BenchIntent::KeepSetup(setup) => {
                setup.put_first(&mut self.setups);
                self.touch();
            }
            BenchIntent::Save => self.save(cx),
            BenchIntent::SetLaneParams { lane, params } => self.set_lane_params(lane, *params, cx),
            BenchIntent::SetSamples(samples) => {
                let stopped = self.set_samples(samples);
                Self::stop_runs(stopped, cx);
            }
            BenchIntent::SetRole { message, role } => self.set_role(message, role, cx),
            BenchIntent::SetSchema(text) => self.set_schema(&text, cx),
            BenchIntent::EditSchema(text) => Self::edit_schema(text, cx),
            BenchIntent::Replace { with, all } => self.replace(&with, all, cx),
            BenchIntent::CloseLane => self.drop_lane(cx),
            BenchIntent::ChoosePrompt(name) => self.choose_prompt(name, cx),
            BenchIntent::OpenPrompt(name) => Self::open_prompt(name, cx),
            BenchIntent::SavePrompt(name) => {
                let over = self.known_file(&name);
                self.save_prompt(name, over, cx);
            }
            BenchIntent::SavePromptAs => self.save_prompt_as(cx),
            BenchIntent::ReplacePrompt(name) => self.save_prompt(name, Over::Anything, cx),
            BenchIntent::NewPrompt => self.new_prompt(cx),
            BenchIntent::MovePrompt(step) => Self::move_prompt(step, cx),
            BenchIntent::LoadInput(from) => cx.ask(ask::read_input(from), (), Self::input_read),
            BenchIntent::NameInput(name) => {
                self.inputs.name = name;
                self.touch();
            }
            BenchIntent::CompareWith(base) => self.compare_with_base(base, cx),
            BenchIntent::ShowSample { lane, sample } => {
                if let Some(lane) = self.lanes.get_mut(lane) {
                    lane.show(sample);
                }
            }
            BenchIntent::Search(text) => self.search(&text),
            BenchIntent::KeepSearch(text) => self.keep_search(&text, cx),
            BenchIntent::PutVersion { version, then } => {
                cx.send(Intent::Overlay(OverlayIntent::CloseVersions));
                self.keep_then(After::Put { version: *version, then }, cx);
            }
            BenchIntent::NameVersion { version, name } => Self::name_version(version, name, cx),
            BenchIntent::AddPinnedLane(pinned) => self.add_pinned_lane(pinned, cx),
            BenchIntent::Reopen { record, run } => self.reopen(record, run, cx),
            BenchIntent::TakeWritten { name, prompt, file } => self.take_written(&name, &prompt, file),
            BenchIntent::PutEdit(edit) => self.put_edit(*edit, cx),
            BenchIntent::TakeThreshold(new) => self.threshold_written(*new, cx),
        }
    }

    fn typing(&self) -> bool {
        self.typing
    }

    fn key_context(&self) -> KeyContext {
        if self.typing { KeyContext::Typing(self.pane()) } else { KeyContext::Bench(self.pane()) }
    }

    fn text_keys(&self) -> Option<fn(Chord) -> bool> {
        self.typing.then_some(Chord::is_for_fields)
    }

    /// A field takes every key that means nothing else while it is edited; a heading, a section and a lane that waits for
    /// a tool's result the one that opens it.
    fn takes_first(&self, chord: Chord, keymap: &Keymap) -> bool {
        if self.typing {
            return keymap.action(chord, self.key_context()).is_none();
        }
        if self.waits_in_focus() && chord.code() == KeyCode::Enter {
            return true;
        }
        matches!(self.focus, Focus::Heading(_) | Focus::Section(_))
            && chord.code() == KeyCode::Enter
            && keymap.action(chord, self.key_context()) == Some(Action::Bench(BenchAction::Edit))
    }

    fn key(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool {
        if self.typing {
            self.type_key(chord);
        } else {
            self.open_part(cx);
        }
        true
    }

    /// Takes a paste into the text with the focus; it begins to be edited with it.
    fn paste(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if let Focus::Heading(at) = self.focus {
            self.focus_on(Focus::Message(at));
        }
        let Some(field) = self.field_mut() else {
            return cx.say(Tone::Info, "Nothing to paste into: tab goes to the texts");
        };
        if field.paste(text) {
            self.typing = true;
        } else {
            too_long(cx);
        }
    }

    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>) {
        self.point(pointer, cx);
    }

    fn settle(&mut self, _is_shown: bool, cx: &mut Cx<'_, Self>) {
        self.settle_texts();
        self.settle_parts(cx);
        self.settle_freshness(cx.shared);
        self.settle_comparison();
        self.settle_recorded(cx);
        self.recall(cx);
        self.save_in_passing(cx);
    }

    fn prepare(&mut self, shared: &Shared) {
        let wish = Wish {
            lanes: self.lanes.len(),
            lane: self.lane_at(),
            solo: self.solo.is_some(),
            focus: self.focus,
            zoom: self.zoom,
            sizes: self.sizes,
            banner: self.banner.is_some() && !self.is_first_screen(),
            typing: self.typing && !shared.covered,
            input: self.input_last,
            metrics: shared.rows >= METRICS_FROM,
        };
        self.layout = BenchLayout::new(shared.body, shared.shape, &wish);
        self.fit(shared);
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        view::draw(scene, self, buffer);
    }

    fn header(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        view::header(scene, self)
    }

    fn has_totals(&self, rows: u16) -> bool {
        (WIDE.1..METRICS_FROM).contains(&rows)
    }

    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        metrics::totals(scene)
    }

    fn under_way(&self, scene: Scene<'_>) -> Option<FlowItem> {
        let busy = self.lanes.iter().flat_map(Lane::runs).filter(|run| run.state.is_busy()).count();
        (busy > 0).then(|| vec![scene.span(format!("▸ {busy} running"), Role::Busy)])
    }

    fn status(&self, scene: Scene<'_>, noticed: bool) -> Vec<FlowItem> {
        if noticed && !self.busy() {
            return Vec::new();
        }
        let mut items = view::status_items(scene, self);
        // With few rows the sums have no row of their own.
        if scene.shared.rows < WIDE.1 {
            items.extend(metrics::brief(scene));
        }
        items
    }

    fn urgent(&self) -> Vec<(Action, &'static str)> {
        let waits = self.lanes.iter().flat_map(Lane::runs).any(|run| matches!(run.state, RunPhase::Waiting { .. }));
        let all = [
            (self.awaited().is_some(), Action::Bench(BenchAction::TypeResult), "type the result"),
            (waits, Action::Bench(BenchAction::RetryNow), "retry now"),
            (self.busy(), Action::Global(GlobalAction::Stop), "stop"),
        ];
        all.into_iter().filter(|(now, ..)| *now).map(|(_, action, label)| (action, label)).collect()
    }

    fn footer(&self, action: Action) -> Footer {
        Footer::of(self.lanes.len() > 1 || action != Action::Verb(Verb::Diff))
    }

    fn snippets(&self, shared: &Shared) -> Vec<Snippet> {
        snippets::of_lane(self, shared)
    }
}

/// Says that there is no room for a text.
fn too_long(cx: &mut Cx<'_, Workbench>) {
    cx.say(Tone::Warning, &format!("too long: a text may have {} MB", MOST_BYTES >> 20));
}

impl Workbench {
    /// Shares the panes out among what they show.
    fn fit(&mut self, shared: &Shared) {
        self.fit_documents();
        let caret = Cell::new(None);
        let scene = Scene::new(shared, None, &caret);
        let lanes = self.lanes.iter().zip(&self.layout.lanes);
        let feet: Vec<u16> =
            lanes.map(|(lane, place)| view::lane_status::foot_rows(scene, self, lane, place)).collect();
        for ((lane, place), foot) in self.lanes.iter_mut().zip(&mut self.layout.lanes).zip(feet) {
            if !place.text.is_empty() {
                place.make_foot(foot);
                place.make_tally(lane.samples() > 1);
                place.make_head(lane.head_rows(place.text.width));
                place.make_strip(lane.shown().is_stale());
                let run = lane.shown_mut();
                place.make_room(run.card.as_ref(), !run.view().is_empty());
                run.fit(place.text.width, place.text.height);
            }
        }
    }

    /// Returns what goes on below an overlay.
    pub(crate) fn below(&self, now: Timestamp) -> Below<'_> {
        let in_text = matches!(self.focus.pane(), Pane::Prompt | Pane::Input);
        let found = if in_text {
            self.find.as_ref().map(Find::count)
        } else {
            let found = self.lane().and_then(|lane| lane.shown().view().found());
            found.map(|found| (found.at + 1, found.hits.len()))
        };
        Below {
            runs: self.lanes.iter().map(|lane| self.live(lane, now)).collect(),
            found,
            replaceable: in_text,
            outcomes: self
                .lanes
                .iter()
                .map(|lane| (lane.spec.target.as_str(), lane.shown().outcome.as_deref()))
                .collect(),
        }
    }

    /// Returns what a lane shows as far as it came; of one that has run nothing, what would be asked.
    fn live<'a>(&'a self, lane: &'a Lane, now: Timestamp) -> LiveRun<'a> {
        let run = lane.shown();
        let origin = run.origin.as_ref();
        let stale = self.stale_words(run, now);
        let is_old = stale.is_some();
        let note = match (stale, origin.filter(|origin| origin.stored)) {
            (Some(words), _) => format!("Old answer, from {} · {}", words.from, words.since),
            (None, Some(origin)) => format!("from history, {}", ago(origin.started, now)),
            (None, None) => String::new(),
        };
        LiveRun {
            target: origin.map_or(&lane.spec.target, |origin| &origin.source.target),
            prompt_name: origin.map_or(self.prompt_name.as_deref(), |origin| origin.prompt_name.as_deref()),
            started: run.started,
            events: &run.timeline,
            source: origin.map(|origin| &origin.source).or(lane.source.as_ref()),
            quality: run.quality.as_ref(),
            is_running: run.state.is_busy(),
            raw_len: run.raw().len(),
            is_old,
            note,
        }
    }

    /// Counts the runs under way.
    pub(crate) fn under_way_count(&self) -> usize {
        self.lanes.iter().flat_map(Lane::runs).filter(|run| run.ticket.is_some()).count()
    }

    /// Tells which real providers were found: at the first start, and while there is none but the
    /// demonstration in the lanes.
    pub(crate) fn providers_found(&mut self, found: &[String], shared: &Shared) {
        let demo = self.lanes.iter().all(|lane| is_demo(shared, &lane.spec.target));
        if found.is_empty() || !(demo || self.first_start) {
            return;
        }
        let key = shared.keymap.shown(BenchAction::Models, false);
        let key = key.map_or_else(String::new, |key| format!(" ({key} choose one)"));
        self.banner = Some(clean_line(&format!("Real models found{key}: {}", found.join(", "))));
        self.found = found.iter().map(|found| clean_line(found)).collect();
    }

    /// Leaves the field, else clears the search, else the banner and the notices; quits never.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        if self.typing {
            self.typing = false;
        } else if self.find.take().is_some() {
        } else if self.lanes.iter().any(|lane| lane.runs().any(|run| run.view().found().is_some())) {
            for run in self.lanes.iter_mut().flat_map(Lane::runs_mut) {
                run.view_mut().search("");
            }
        } else if self.zoom {
            self.zoom = false;
        } else {
            self.banner = None;
            cx.shared.notices.clear();
            cx.shared.tour.end();
        }
    }

    /// Begins to type: on a heading into its message.
    fn edit(&mut self, cx: &mut Cx<'_, Self>) {
        if let Focus::Heading(at) = self.focus {
            self.focus_on(Focus::Message(at));
        }
        self.open_part(cx);
    }

    fn open_editor(&mut self, cx: &mut Cx<'_, Self>) {
        let (field, text) = match self.focus {
            Focus::Message(at) | Focus::Heading(at) => {
                let text = self.messages.get(at).map_or_else(String::new, |message| message.field.text());
                (FieldId::Message(at), text)
            }
            Focus::Input => (FieldId::Input, self.input.text()),
            Focus::Variable(at) => (FieldId::Variable(at), self.field().map_or_else(String::new, TextEditor::text)),
            Focus::Section(section) => return self.open_section(section, cx),
            Focus::Lane(_) => {
                (FieldId::Answer, self.lane().map_or_else(String::new, |lane| lane.shown().raw().to_owned()))
            }
            Focus::Metrics => {
                cx.say(Tone::Info, "go to a text or an answer first");
                return;
            }
        };
        let json = matches!(field, FieldId::Answer) && self.format() != Format::Text;
        cx.effect(Effect::Edit { field, text, suffix: if json { ".json" } else { ".md" } });
    }

    /// Takes what an editor left. An editor ends a file with a line break; the text had none.
    pub(crate) fn edited(&mut self, id: FieldId, text: Result<String, String>, cx: &mut Cx<'_, Self>) {
        let field = match id {
            FieldId::Message(at) => self.field_of(Focus::Message(at)),
            FieldId::Input => self.field_of(Focus::Input),
            FieldId::Variable(at) => self.field_of(Focus::Variable(at)),
            FieldId::Answer | FieldId::Call(_) => None,
            FieldId::Schema => {
                match text {
                    Ok(text) => cx.send(Intent::Overlay(OverlayIntent::SetSchemaText(text))),
                    Err(why) => cx.say(Tone::Error, &why),
                }
                return;
            }
        };
        let Some(field) = field else {
            return;
        };
        match text {
            Ok(text) => {
                let added = text.strip_suffix('\n').filter(|_| !field.text().ends_with('\n'));
                field.set(added.unwrap_or(&text));
            }
            Err(why) => cx.say(Tone::Error, &why),
        }
    }

    /// Scrolls a lane, and the others with it where they go together.
    pub(crate) fn scroll_lane(&mut self, at: usize, scroll: impl Fn(&mut AnswerView)) {
        let Some(lane) = self.lanes.get_mut(at) else {
            return;
        };
        scroll(lane.shown_mut().view_mut());
        if self.together {
            self.align_to(at);
        }
    }

    fn step_lane(&mut self, forward: bool) {
        let count = self.lanes.len().max(1);
        let at = match self.focus {
            Focus::Lane(at) => (at + if forward { 1 } else { count - 1 }) % count,
            Focus::Message(_)
            | Focus::Heading(_)
            | Focus::Section(_)
            | Focus::Input
            | Focus::Variable(_)
            | Focus::Metrics => self.lane_at(),
        };
        self.focus_on(Focus::Lane(at));
    }

    fn resize(&mut self, by: i16, cx: &mut Cx<'_, Self>) {
        let step = |value: i16, by: i16| (value + by).clamp(-STEPS, STEPS);
        match self.focus {
            Focus::Metrics => self.sizes.charts = by > 0,
            Focus::Message(_)
            | Focus::Heading(_)
            | Focus::Section(_)
            | Focus::Input
            | Focus::Variable(_)
            | Focus::Lane(_)
                if cx.shared.shape != Shape::Wide =>
            {
                return cx.say(Tone::Info, "on this screen the half that has the focus is the larger one");
            }
            Focus::Message(_) | Focus::Heading(_) | Focus::Section(_) => {
                self.sizes.prompt = step(self.sizes.prompt, by);
            }
            Focus::Input | Focus::Variable(_) => self.sizes.prompt = step(self.sizes.prompt, -by),
            Focus::Lane(_) => self.sizes.left = step(self.sizes.left, -by),
        }
        // What the session remembers has changed.
        self.touch();
    }

    /// Takes the next size of the detail column, where the screen is wide enough for one.
    fn resize_detail(&mut self, cx: &mut Cx<'_, Self>) {
        if cx.shared.body.width < DETAIL_FROM {
            return cx.say(Tone::Info, &format!("the detail column needs a screen of {DETAIL_FROM} columns"));
        }
        self.sizes.detail = self.sizes.detail.next();
        if self.sizes.detail == DetailSize::Hidden {
            let key = cx.shared.keymap.shown(BenchAction::DetailColumn, false);
            let back = key.map_or_else(String::new, |key| format!("; {key} brings it back"));
            cx.say(Tone::Info, &format!("the detail column is hidden{back}"));
        }
        self.touch();
    }

    fn toggle_mouse(cx: &mut Cx<'_, Self>) {
        cx.shared.mouse = !cx.shared.mouse;
        cx.effect(Effect::SetMouse(cx.shared.mouse));
        let says =
            if cx.shared.mouse { "the mouse is captured; shift selects text" } else { "the mouse is the terminal's" };
        cx.say(Tone::Info, says);
    }

    fn toggle_reasoning(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(run) = self.lane_mut().map(Lane::shown_mut) else {
            return;
        };
        if run.reasoning.is_empty() {
            cx.say(Tone::Info, "this lane's model showed no reasoning");
        } else {
            run.show_reasoning = !run.show_reasoning;
        }
    }

    fn toggle_together(&mut self, cx: &mut Cx<'_, Self>) {
        self.together = !self.together;
        let says = if self.together { "lanes scroll together" } else { "each lane scrolls by itself" };
        cx.say(Tone::Info, says);
    }

    /// Goes to the next match or the one before; where nothing is searched to a difference, where nothing is compared
    /// to a field that failed a check.
    fn step_finding(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        if matches!(self.pane(), Pane::Prompt | Pane::Input) {
            self.next_found(forward, cx);
            return;
        }
        let Some(view) = self.lane_mut().map(|lane| lane.shown_mut().view_mut()) else {
            return;
        };
        if view.found().is_some() {
            view.next_hit(forward);
        } else if self.compare.on {
            self.step_difference(forward, cx);
        } else {
            self.step_failed(forward, cx);
        }
    }

    fn save(&mut self, cx: &mut Cx<'_, Self>) {
        match self.prompt_name.clone() {
            Some(name) => {
                let over = self.known_file(&name);
                self.save_prompt(name, over, cx);
            }
            None => self.save_prompt_as(cx),
        }
    }

    /// Opens the list of models, for a lane.
    pub(crate) fn open_models(&mut self, of: ModelFor, cx: &mut Cx<'_, Self>) {
        let present = self.lane().map_or_else(|| cx.shared.default_target.clone(), |lane| lane.spec.target.clone());
        cx.open(Models::new(of, &present, cx.shared));
        cx.send(Intent::Overlay(OverlayIntent::ListModelRuns(self.prompt_name.clone())));
        cx.effect(Effect::Models(Listing::Old));
        cx.effect(Effect::Keys);
    }

    fn open_prompts(cx: &mut Cx<'_, Self>) {
        cx.open(PromptList::default());
        cx.send(Intent::Overlay(OverlayIntent::ListPrompts));
    }

    fn open_sessions(&mut self, cx: &mut Cx<'_, Self>) {
        cx.open(SessionList::new(&self.session));
        cx.send(Intent::Overlay(OverlayIntent::ListSessions));
    }

    /// Opens the X-ray of the lane, at a tab where one is meant; on a text, of what would be sent now.
    fn open_xray(&mut self, tab: Option<XrayTab>, cx: &mut Cx<'_, Self>) {
        let at = self.lane_at();
        let Some(lane) = self.lanes.get(at) else {
            return;
        };
        if let (Pane::Prompt | Pane::Input, None, Some(source)) = (self.focus.pane(), tab, &lane.source) {
            return cx.open(Xray::of_request(source));
        }
        let xray = Xray::of_lane(at, &self.live(lane, cx.shared.now.time));
        cx.open(match tab {
            Some(tab) => xray.at(tab),
            None => xray,
        });
    }

    fn open_search(&mut self, cx: &mut Cx<'_, Self>) {
        match self.focus.pane() {
            Pane::Prompt | Pane::Input => self.begin_find(),
            Pane::Answers => {}
            Pane::Metrics => self.focus_on(Focus::Lane(self.lane_at())),
        }
        cx.open(Search::default());
    }

    /// Shows where a text is in the answer of the lane with the focus; an empty one is nowhere.
    pub(crate) fn search(&mut self, text: &str) {
        if matches!(self.focus.pane(), Pane::Prompt | Pane::Input) {
            self.find_text(text);
            return;
        }
        if let Some(lane) = self.lane_mut() {
            lane.shown_mut().view_mut().search(text);
        }
    }

    /// The same, and says so where the text is not in the answer.
    pub(crate) fn keep_search(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if matches!(self.focus.pane(), Pane::Prompt | Pane::Input) {
            self.keep_find(text, cx);
            return;
        }
        let Some(view) = self.lane_mut().map(|lane| lane.shown_mut().view_mut()) else {
            return;
        };
        view.search(text);
        if view.found().is_some_and(|found| found.hits.is_empty()) {
            view.search("");
            cx.say(Tone::Warning, &format!("`{text}` is not in this answer"));
        }
    }
}

impl Workbench {
    /// Shows the answers of the lane with the focus as JSON, or as the text that was sent.
    pub(crate) fn toggle_json(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(lane) = self.lane_mut() else {
            return;
        };
        match lane.shown_mut().answer.toggle_json() {
            Some(shown) => lane.runs_mut().for_each(|run| run.answer.choose_json(shown)),
            None if lane.busy() => cx.say(Tone::Info, "the JSON is shown once the answer is complete"),
            None => cx.say(Tone::Info, "there is no JSON in this answer"),
        }
    }

    /// Does something to the JSON of the lane with the focus, or says how to get to it.
    pub(crate) fn in_json(&mut self, act: impl Fn(&mut JsonView), cx: &mut Cx<'_, Self>) {
        if let Some(json) = self.lane_mut().and_then(|lane| lane.shown_mut().view_mut().json_mut()) {
            act(json);
        } else {
            let key = cx.shared.keymap.shown(BenchAction::ToggleJson, false);
            let how = key.map_or_else(String::new, |key| format!("; {key} shows it where there is some"));
            cx.say(Tone::Info, &format!("no JSON is shown here{how}"));
        }
    }

    /// Goes to the next field that failed a check, or the one before.
    pub(crate) fn step_failed(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        let found = self.lane_mut().map(Lane::shown_mut).is_some_and(|run| run.view_mut().step_failed(forward));
        if !found {
            cx.say(Tone::Info, "No match, difference or failed field here");
        }
    }
}
