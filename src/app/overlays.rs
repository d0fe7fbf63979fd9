//! Opening overlays, what actions do in them, and what follows from what is picked.

pub mod answer_groups;
pub mod compare_with;
pub mod confirm;
pub mod copy;
pub mod grade;
pub mod help;
pub mod models;
pub mod params;
pub mod versions;
pub mod xray;

pub(crate) mod batch_limits;

use crate::{
    app::{
        Action, App, Effect,
        action::{ACTIONS, ActionInfo, GlobalAction, OverlayAction, Verb, When},
        intent::{HistoryIntent, Intent, QualityIntent},
        overlay::{Confirm, List, Models, Name, NameFor, Overlay, Then},
        overlays::models::For,
        status_bar::Tone,
        store_request::Pending,
        workbench::lane::Lane,
    },
    model::{LaneSpec, VarValue},
    pipeline::AccountState,
    present::run_columns::RunColumn,
    store::api::{Over, StoreRequest},
    widgets::{
        form::{Form, FormField},
        motion::Motion,
        pick_list::{PickItem, PickList},
    },
};

impl App {
    /// Does an action while an overlay is open; one that belongs to a screen means nothing to it.
    pub(crate) fn in_overlay(&mut self, action: Action) {
        match action {
            Action::Global(action) => self.global_in_overlay(action),
            Action::Motion(motion) => match motion {
                Motion::Up => self.step(-1),
                Motion::Down => self.step(1),
                Motion::HalfUp => self.step(-8),
                Motion::HalfDown => self.step(8),
                Motion::PageUp => self.page(-16),
                Motion::PageDown => self.page(16),
                Motion::Top => self.step(isize::MIN),
                Motion::Bottom => self.step(isize::MAX),
                Motion::Left | Motion::Right => {}
            },
            Action::Verb(verb) => match verb {
                Verb::Leave => self.close_overlay(),
                Verb::Accept => self.accept(),
                Verb::MoreCalls => self.change_calls(1),
                Verb::FewerCalls => self.change_calls(-1),
                Verb::PreviousPane => self.step(-1),
                Verb::NextPane => self.step(1),
                Verb::Run
                | Verb::NextSample
                | Verb::PreviousSample
                | Verb::Xray
                | Verb::Copy
                | Verb::Diff
                | Verb::Baseline
                | Verb::NextDifference
                | Verb::PreviousDifference
                | Verb::Grade
                | Verb::Filter
                | Verb::Sort
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns => {}
            },
            Action::Overlay(action) => match action {
                OverlayAction::NameVersion => self.open_version_name(NameFor::Version),
                OverlayAction::ForkVersion => self.open_version_name(NameFor::Fork),
                OverlayAction::VersionLane => self.version_to_lane(),
                OverlayAction::Judge => self.next_judge(),
            },
            Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Quality(_) => {}
        }
    }

    /// Does what works on every screen while an overlay is open: it goes with the screen, and the key that opened
    /// help or palette closes it.
    fn global_in_overlay(&mut self, action: GlobalAction) {
        match (action, self.overlays.last()) {
            (GlobalAction::Quit, _)
            | (GlobalAction::Help, Some(Overlay::Help(_)))
            | (GlobalAction::Palette, Some(Overlay::Palette(_))) => self.close_overlay(),
            (
                GlobalAction::ScreenBench
                | GlobalAction::ScreenBatch
                | GlobalAction::ScreenHistory
                | GlobalAction::ScreenQuality
                | GlobalAction::ScreenHelp,
                _,
            ) => {
                self.overlays.clear();
                self.global(action);
            }
            (
                GlobalAction::Stop
                | GlobalAction::Help
                | GlobalAction::Palette
                | GlobalAction::Redraw
                | GlobalAction::Suspend,
                _,
            ) => self.global(action),
        }
    }

    fn step(&mut self, by: isize) {
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.step(by);
        }
    }

    /// Scrolls the window of an overlay by a page: of the versions what differs, of others the list.
    fn page(&mut self, by: isize) {
        match self.overlays.last_mut() {
            Some(Overlay::Versions(versions)) => versions.scroll(by / 2),
            Some(overlay) => overlay.step(by),
            None => {}
        }
    }

    fn close_overlay(&mut self) {
        if let Some(Overlay::Search(_)) = self.overlays.pop()
            && let Some(lane) = self.bench.lane_mut()
        {
            lane.shown_mut().view_mut().search("");
        }
    }

    fn accept(&mut self) {
        let Some(overlay) = self.overlays.pop() else {
            return;
        };
        match overlay {
            Overlay::Help(_) | Overlay::Xray(_) => {}
            Overlay::Palette(choice) => {
                if let Some(item) = choice.chosen() {
                    self.act_there(item.value);
                }
            }
            Overlay::Models(models) => self.take_model(&models),
            Overlay::Params(form) => self.take_params(form),
            Overlay::LaneParams(at, form) => self.take_lane_params(at, form),
            Overlay::Samples(form) => self.take_samples(form),
            Overlay::Limits(form) => self.take_limits(form),
            Overlay::Variables(form) => {
                for row in form.rows {
                    let text = row.line.text();
                    // What was not changed keeps its type.
                    if self.bench.vars.get(&row.label).is_none_or(|known| known.as_str() != text) {
                        self.bench.vars.insert(row.label, text.into());
                    }
                }
                self.bench.touch();
            }
            Overlay::Prompts(list) => self.pick_prompt(list),
            Overlay::Sessions(list) => self.pick_session(list),
            Overlay::Rows(list) => match list.choice.chosen().map(|item| item.value.clone()) {
                Some(row) => self.load_input(row),
                None => self.overlays.push(Overlay::Rows(list)),
            },
            Overlay::Against(bases) => self.pick_against(bases),
            Overlay::Name(name) => self.take_name(name),
            Overlay::Copy(choice) => self.copy(&choice),
            Overlay::Columns(choice) => self.take_column(choice),
            Overlay::Versions(versions) => self.take_version(&versions, None),
            Overlay::Grade(grading) => self.take_grade(grading),
            Overlay::Groups(alike) => self.take_group(&alike),
            Overlay::Search(line) => self.searched(&line.text()),
            Overlay::Confirm(confirm) => self.confirmed(confirm.then),
        }
    }

    /// Lists every action that is not an overlay's own, with its keys; those of the present screen first.
    pub(crate) fn open_palette(&mut self) {
        let listed = ACTIONS.iter().filter(|entry| {
            !matches!(entry.when, When::Overlay | When::Moving | When::Focus)
                && entry.action != Action::Global(GlobalAction::Palette)
        });
        let (here, elsewhere): (Vec<&ActionInfo>, Vec<&ActionInfo>) =
            listed.partition(|entry| entry.works_on(self.screen));
        let items = here.into_iter().chain(elsewhere).map(|entry| {
            let keys: Vec<String> = self.shared.keymap.chords(entry.action).iter().map(ToString::to_string).collect();
            let keys = if keys.is_empty() { String::new() } else { format!(" [{}]", keys.join(" ")) };
            PickItem::new(entry.action, entry.name, format!("{}{keys}", entry.doc))
        });
        let choice = PickList::new(items.collect());
        self.overlays.push(Overlay::Palette(choice));
    }

    pub(crate) fn open_models(&mut self, what: For) {
        let present = self.bench.lane().map_or_else(|| self.default_target.clone(), |lane| lane.spec.target.clone());
        let models = Models::new(what, &self.shared.catalog, &present, &self.today());
        self.overlays.push(Overlay::Models(models));
        self.out.effects.push(Effect::Keys);
    }

    /// Keeps what is shown of accounts fresh while the list of models is open.
    pub(crate) fn look_at_accounts(&mut self) {
        if matches!(self.overlays.last(), Some(Overlay::Models(_))) {
            self.out.effects.push(Effect::Keys);
        }
    }

    /// Changes how many calls the chosen model's provider may be sent at once, on each account.
    fn change_calls(&mut self, by: isize) {
        let Some(Overlay::Models(models)) = self.overlays.last() else {
            return;
        };
        let Some(target) = models.choice.chosen().and_then(|item| self.shared.catalog.resolve(&item.value).ok()) else {
            return;
        };
        let own: Vec<&mut AccountState> =
            self.shared.accounts.iter_mut().filter(|account| account.provider == target.provider).collect();
        let Some(most) = models::changed(&own, by) else {
            return;
        };
        for account in own {
            account.limits.concurrency = Some(most);
            account.concurrency = Some(most);
        }
        self.out.effects.push(Effect::Concurrency { provider: target.provider, most });
    }

    fn take_model(&mut self, models: &Models) {
        let Some(name) = models.taken() else {
            self.overlays.push(Overlay::Models(models.clone()));
            return;
        };
        if let Err(unknown) = self.shared.catalog.resolve(&name) {
            self.say(Tone::Error, &unknown.to_string());
            self.overlays.push(Overlay::Models(models.clone()));
            return;
        }
        match models.what {
            For::Lane(at) => {
                if let Some(lane) = self.bench.lanes.get(at).filter(|lane| lane.spec.target != name) {
                    let spec = LaneSpec { target: name.clone(), ..lane.spec.clone() };
                    self.out.effects.extend(self.bench.put_lane(at, spec).into_iter().map(Effect::Stop));
                }
            }
            For::NewLane => {
                self.bench.push_lane(name.clone());
            }
        }
        self.banner = None;
        self.bench.touch();
        if let Some((gone, warning)) = self.target_warning(&name) {
            self.say(if gone { Tone::Error } else { Tone::Warning }, &format!("{name}: {warning}"));
        }
    }

    pub(crate) fn open_params(&mut self) {
        let form = params::form(&self.bench.params, &self.bench.response, &self.bench.fallback);
        self.overlays.push(Overlay::Params(form));
    }

    fn take_params(&mut self, mut form: Form) {
        match params::read(&mut form, &self.bench.params, &self.bench.response) {
            Some((params, response, fallback)) => {
                (self.bench.params, self.bench.response, self.bench.fallback) = (params, response, fallback);
                self.bench.touch();
            }
            None => self.overlays.push(Overlay::Params(form)),
        }
    }

    /// Opens the form of the prompt's variables, at the first without a value.
    pub(crate) fn open_variables(&mut self) {
        let names: Vec<String> = self.bench.variables().map(str::to_owned).collect();
        if names.is_empty() {
            self.say(Tone::Info, "the prompt has no variables but {{ input }}");
            return;
        }
        let rows = names.iter().map(|name| {
            let value = self.bench.vars.get(name).map_or("", VarValue::as_str);
            FormField::new(name.clone(), value, format!("stands for {{{{ {name} }}}}"))
        });
        let mut form = Form::new(rows.collect());
        form.go(names.iter().position(|name| self.bench.missing().contains(name)).unwrap_or(0));
        self.overlays.push(Overlay::Variables(form));
    }

    pub(crate) fn open_prompts(&mut self) {
        self.overlays.push(Overlay::Prompts(List::default()));
        self.ask_store(StoreRequest::ListPrompts, Pending::Prompts);
    }

    fn pick_prompt(&mut self, list: List) {
        match list.choice.chosen() {
            None => self.overlays.push(Overlay::Prompts(list)),
            Some(item) if !item.usable => {
                self.say(Tone::Error, &item.detail.clone());
                self.overlays.push(Overlay::Prompts(list));
            }
            Some(item) if self.bench.dirty() => {
                let then = Then::OpenPrompt(item.value.clone());
                self.overlays.push(Overlay::Prompts(list));
                self.ask(
                    "The prompt on the bench has unsaved edits. Drop them?",
                    "drops them and opens the other",
                    then,
                );
            }
            Some(item) => self.open_prompt(item.value.clone()),
        }
    }

    pub(crate) fn open_sessions(&mut self) {
        self.overlays.push(Overlay::Sessions(List::default()));
        self.ask_store(StoreRequest::ListSessions, Pending::Sessions);
    }

    fn pick_session(&mut self, list: List) {
        match list.choice.chosen().map(|item| item.value.clone()) {
            None => self.overlays.push(Overlay::Sessions(list)),
            Some(name) if name == self.bench.session => {}
            Some(name) if self.bench.busy() => {
                self.ask("Runs are under way. Stop them?", "stops them and opens the session", Then::OpenSession(name));
            }
            Some(name) => self.open_session(name),
        }
    }

    fn take_name(&mut self, mut name: Name) {
        match name.checked() {
            Err(fault) => {
                name.fault = Some(fault);
                self.overlays.push(Overlay::Name(name));
            }
            Ok(text) => match name.what {
                NameFor::Prompt => {
                    let over = self.bench.known_file(&text);
                    self.save_prompt(text, over);
                }
                NameFor::Version => self.name_version(text),
                NameFor::Fork => self.fork_version(text),
                NameFor::Comment => self.take_comment(text),
                NameFor::Input => self.name_input(text),
                NameFor::InputFile => self.load_input(text),
                NameFor::RenameSession if text == self.bench.session => {}
                NameFor::RenameSession => self.rename_session(text),
                NameFor::NewSession if self.bench.busy() => {
                    self.ask(
                        "Runs are under way. Stop them?",
                        "stops them and begins the session",
                        Then::NewSession(text),
                    );
                }
                NameFor::NewSession => self.new_session(text),
            },
        }
    }

    fn copy(&mut self, choice: &PickList<copy::CopyAs>) {
        let Some(item) = choice.chosen() else {
            return;
        };
        if let Some(text) = copy::text(item.value, self) {
            let what = copy::what(&item.label, &text);
            self.out.effects.push(Effect::Copy { what, text });
        }
    }

    fn searched(&mut self, query: &str) {
        let Some(view) = self.bench.lane_mut().map(|lane| lane.shown_mut().view_mut()) else {
            return;
        };
        view.search(query);
        if view.found().is_some_and(|found| found.hits.is_empty()) {
            view.search("");
            self.say(Tone::Warning, &format!("`{query}` is not in this answer"));
        }
    }

    pub(crate) fn ask(&mut self, text: &str, yes: &'static str, then: Then) {
        self.overlays.push(Overlay::Confirm(Confirm::new(text, yes, then)));
    }

    /// Quits, or asks while something runs.
    pub(crate) fn ask_quit(&mut self) {
        let busy = self.bench.lanes.iter().flat_map(Lane::takes).filter(|take| take.ticket.is_some()).count();
        match busy {
            _ if self.batch.busy() => self.ask(
                "A batch is under way. Quit? What is finished is kept, and it can be gone on with.",
                "stops it and quits",
                Then::Quit,
            ),
            0 => self.quit(),
            1 => self.ask("A run is under way. Quit?", "stops it and quits", Then::Quit),
            _ => self.ask(&format!("{busy} runs are under way. Quit?"), "stops them and quits", Then::Quit),
        }
    }

    pub(crate) fn confirmed(&mut self, then: Then) {
        match then {
            Then::Quit => self.quit(),
            Then::LeaveBehind => self.leave_behind(),
            Then::SavePromptAs => self.open_name(NameFor::Prompt),
            Then::OpenPrompt(name) => self.open_prompt(name),
            Then::OpenSession(name) => self.open_session(name),
            Then::NewSession(name) => self.new_session(name),
            Then::ReplacePrompt(name) => self.save_prompt(name, Over::Anything),
            Then::CloseLane => self.drop_lane(),
            Then::RemoveRun(run) => self.send(Intent::History(HistoryIntent::RemoveRun(run))),
            Then::ScoreRuns => self.go_on_scoring(),
            Then::SetThreshold(new) => self.send(Intent::Quality(QualityIntent::SetThreshold(new))),
        }
    }

    /// Shows a column, or hides it; the usual ones where none is chosen. The overlay stays.
    pub(crate) fn take_column(&mut self, mut choice: PickList<Option<RunColumn>>) {
        let Some(value) = choice.chosen().map(|item| item.value) else {
            self.overlays.push(Overlay::Columns(choice));
            return;
        };
        match value {
            None => self.history.columns = None,
            Some(column) => {
                let shown = self.history.shown_columns();
                let wanted = |known: &&RunColumn| shown.contains(known) != (**known == column);
                let columns: Vec<RunColumn> = RunColumn::ALL.iter().filter(wanted).copied().collect();
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
pub(crate) fn columns(shown: &[RunColumn]) -> Vec<PickItem<Option<RunColumn>>> {
    let all = RunColumn::ALL.iter().map(|column| {
        let mark = if shown.contains(column) { "✓" } else { " " };
        PickItem::new(Some(*column), format!("{mark} {}", column.head()), column.says())
    });
    all.chain([PickItem::new(None, "  usual", "those that suit the width of the screen")]).collect()
}
