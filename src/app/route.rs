//! From actions and intents to the part of the workbench that answers to them.

use crate::{
    app::{
        App, ScreenId,
        action::{ACTIONS, Action, ActionInfo, GlobalAction},
        batch::Batches,
        context::{Cx, Outbox, Shared},
        event::{Effect, Listing, Ticket},
        history::History,
        intent::{BatchIntent, BenchIntent, Intent, OnBench},
        notices::Tone,
        overlays::{Overlays, confirm::Confirm, copy::CopyMenu, grade::GradeMenu, help::Help, palette::Palette},
        quality::QualityScreen,
        rescore::Rescorer,
        screen::{AnyScreen, Footer, Screen},
        snippet,
        tour::Tour,
        traffic::Traffic,
        workbench::Workbench,
    },
    model::{Grade, RunId, error::StoreError},
    store::api::{PromptMove, StoreReply},
    text::Pasted,
    widgets::key::Chord,
};

/// Rounds of intents that follow from one event, at most: a circle among them must end.
const ROUNDS: usize = 16;

impl App {
    /// Returns a screen with what it may use.
    fn screen_mut(&mut self, screen: ScreenId) -> (&mut dyn AnyScreen, &mut Shared, &mut Outbox) {
        let Self { bench, batch, history, quality, traffic, shared, out, .. } = self;
        let slot: &mut dyn AnyScreen = match screen {
            ScreenId::Bench => bench,
            ScreenId::Batch => batch,
            ScreenId::History => history,
            ScreenId::Quality => quality,
            ScreenId::Traffic => traffic,
        };
        (slot, shared, out)
    }

    /// Returns the screen that is shown with what it may use.
    pub(crate) fn shown_mut(&mut self) -> (&mut dyn AnyScreen, &mut Shared, &mut Outbox) {
        self.screen_mut(self.screen)
    }

    /// Returns a screen, to be read.
    pub(crate) fn screen_of(&self, screen: ScreenId) -> &dyn AnyScreen {
        match screen {
            ScreenId::Bench => &self.bench,
            ScreenId::Batch => &self.batch,
            ScreenId::History => &self.history,
            ScreenId::Quality => &self.quality,
            ScreenId::Traffic => &self.traffic,
        }
    }

    /// Returns the screen that is shown, to be read.
    pub(crate) fn shown_screen(&self) -> &dyn AnyScreen {
        self.screen_of(self.screen)
    }

    /// Has something done at the bench.
    pub(crate) fn with_bench<T>(&mut self, act: impl FnOnce(&mut Workbench, &mut Cx<'_, Workbench>) -> T) -> T {
        let Self { bench, shared, out, .. } = self;
        bench.with(shared, out, act)
    }

    /// Has something done on the batch screen.
    pub(crate) fn with_batch<T>(&mut self, act: impl FnOnce(&mut Batches, &mut Cx<'_, Batches>) -> T) -> T {
        let Self { batch, shared, out, .. } = self;
        batch.with(shared, out, act)
    }

    fn with_history<T>(&mut self, act: impl FnOnce(&mut History, &mut Cx<'_, History>) -> T) -> T {
        let Self { history, shared, out, .. } = self;
        history.with(shared, out, act)
    }

    fn with_quality<T>(&mut self, act: impl FnOnce(&mut QualityScreen, &mut Cx<'_, QualityScreen>) -> T) -> T {
        let Self { quality, shared, out, .. } = self;
        quality.with(shared, out, act)
    }

    /// Has something done on the traffic screen.
    pub(crate) fn with_traffic<T>(&mut self, act: impl FnOnce(&mut Traffic, &mut Cx<'_, Traffic>) -> T) -> T {
        let Self { traffic, shared, out, .. } = self;
        traffic.with(shared, out, act)
    }

    /// Has something done with the answers that are judged again.
    pub(crate) fn with_rescorer<T>(&mut self, act: impl FnOnce(&mut Rescorer, &mut Cx<'_, Rescorer>) -> T) -> T {
        let Self { rescorer, shared, out, .. } = self;
        rescorer.with(shared, out, act)
    }

    pub(crate) fn with_overlays<T>(&mut self, act: impl FnOnce(&mut Overlays, &mut Cx<'_, Overlays>) -> T) -> T {
        let Self { overlays, shared, out, .. } = self;
        overlays.with(shared, out, act)
    }

    /// Goes to a screen; overlays close.
    pub(crate) fn go_to(&mut self, screen: ScreenId) {
        self.overlays.clear();
        if self.screen == screen {
            return;
        }
        self.screen = screen;
        let (slot, shared, out) = self.shown_mut();
        slot.enter(shared, out);
    }

    /// Does an action, in the overlay if that is where it belongs.
    pub(crate) fn act(&mut self, action: Action) {
        if self.overlays.is_empty() {
            self.on_screen(action);
        } else {
            self.in_overlay(action);
        }
    }

    /// Does an action where no overlay is open; one that belongs to another screen means nothing here.
    fn on_screen(&mut self, action: Action) {
        self.shared.tour.note(action);
        if self.refuses(action) {
            return;
        }
        match (action, self.screen) {
            (Action::Global(action), _) => self.global(action),
            (Action::Motion(motion), _) => {
                let (slot, shared, out) = self.shown_mut();
                slot.go(motion, shared, out);
            }
            (Action::Verb(verb), _) => {
                let (slot, shared, out) = self.shown_mut();
                slot.verb(verb, shared, out);
            }
            (Action::Bench(action), ScreenId::Bench) => self.with_bench(|it, cx| it.act(action, cx)),
            (Action::Batch(action), ScreenId::Batch) => self.with_batch(|it, cx| it.act(action, cx)),
            (Action::History(action), ScreenId::History) => self.with_history(|it, cx| it.act(action, cx)),
            (Action::Quality(action), ScreenId::Quality) => self.with_quality(|it, cx| it.act(action, cx)),
            (Action::Traffic(action), ScreenId::Traffic) => self.with_traffic(|it, cx| it.act(action, cx)),
            (
                Action::Overlay(_)
                | Action::Bench(_)
                | Action::Batch(_)
                | Action::History(_)
                | Action::Quality(_)
                | Action::Traffic(_),
                _,
            ) => {}
        }
    }

    /// Says why a screen beside the bench cannot do an action now, where that is known; the bench says it where it is
    /// done, as there the words depend on the pane.
    fn refuses(&mut self, action: Action) -> bool {
        let why = if self.screen == ScreenId::Bench { None } else { self.shown_screen().refusal(action) };
        let refused = why.is_some();
        if let Some(why) = why {
            let title = action.entry().title.trim_end_matches('…');
            self.shared.say(Tone::Info, &format!("{title}: {why}"));
        }
        refused
    }

    /// Does what works on every screen.
    pub(crate) fn global(&mut self, action: GlobalAction) {
        match action {
            GlobalAction::Stop => self.stop(),
            GlobalAction::ScreenBench => self.go_to(ScreenId::Bench),
            GlobalAction::ScreenBatch => self.go_to(ScreenId::Batch),
            GlobalAction::ScreenHistory => self.go_to(ScreenId::History),
            GlobalAction::ScreenQuality => self.go_to(ScreenId::Quality),
            GlobalAction::ScreenTraffic => self.go_to(ScreenId::Traffic),
            GlobalAction::Palette => self.open_palette(),
            GlobalAction::Help => {
                let place = self.shown_screen().key_context();
                self.open(Help::new(&self.shared.keymap, self.screen, place));
            }
            GlobalAction::StartTour => {
                self.go_to(ScreenId::Bench);
                self.shared.tour = Tour::new();
            }
            GlobalAction::NextTheme => self.shared.next_theme(),
            GlobalAction::Redraw => self.out.effects.push(Effect::Redraw),
            GlobalAction::Suspend => self.out.effects.push(Effect::Suspend),
            GlobalAction::Quit if self.screen != ScreenId::Bench => self.go_to(ScreenId::Bench),
            GlobalAction::Quit => self.ask_quit(),
        }
    }

    fn open_palette(&mut self) {
        let shown = self.shown_screen();
        let used = self.bench.used_actions();
        let palette = Palette::new(used, self.screen, shown.key_context(), |action| shown.refusal(action));
        self.open(palette);
    }

    /// Gives an action other keys, and has them written to the settings.
    fn rebind(&mut self, action: Action, chords: Vec<Chord>) {
        let names: Vec<String> = chords.iter().map(ToString::to_string).collect();
        let says = format!("{}: {}", action.entry().title, names.join(" "));
        self.shared.keymap.bind(action, chords);
        self.out.effects.push(Effect::SetKeys { action: action.name().to_owned(), chords: names });
        self.shared.say(Tone::Info, &says);
    }

    /// Does an action that was chosen from a list, on the screen it belongs to.
    fn act_there(&mut self, action: Action) {
        let entry = action.entry();
        self.bench.note_used(action);
        if !entry.works_on(self.screen) {
            self.go_to(entry.home());
        }
        self.act(action);
    }

    /// Has every screen ask for what it lacks.
    pub(crate) fn settle_screens(&mut self) {
        let shown = self.screen;
        for screen in ScreenId::ALL {
            let (slot, shared, out) = self.screen_mut(*screen);
            slot.settle(*screen == shown, shared, out);
        }
    }

    /// Hands an answer of the store to the part that waits for it; one nobody waits for is dropped.
    pub(crate) fn stored(&mut self, ticket: Ticket, answer: Result<StoreReply, StoreError>) {
        for screen in ScreenId::ALL {
            let (slot, shared, out) = self.screen_mut(*screen);
            if slot.waits_for(ticket) {
                return slot.answer(ticket, answer, shared, out);
            }
        }
        if self.overlays.waits_for(ticket) {
            self.with_overlays(|it, cx| cx.answer(it, ticket, answer));
        } else {
            self.with_rescorer(|it, cx| cx.answer(it, ticket, answer));
        }
    }

    /// Tells whether letters go into a text.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.shown_screen().typing()
    }

    /// Lists the actions for the footer of the present screen, each with its label, the most useful first.
    #[must_use]
    pub fn footer(&self) -> Vec<(&'static ActionInfo, &'static str)> {
        let mut usual: Vec<(u8, &ActionInfo)> =
            ACTIONS.iter().filter_map(|entry| Some((entry.footer_on(self.screen)?, entry))).collect();
        usual.sort_by_key(|(place, _)| *place);
        let labelled = |(_, entry): (u8, &'static ActionInfo)| match self.shown_screen().footer(entry.action) {
            Footer::Hidden => None,
            Footer::Shown => Some((entry, entry.label)),
            Footer::As(label) => Some((entry, label)),
        };
        usual.into_iter().filter_map(labelled).collect()
    }

    /// Does what the parts of the workbench want of each other, and what follows from that.
    pub(crate) fn follow_all(&mut self) {
        for _ in 0..ROUNDS {
            if self.out.intents.is_empty() {
                return;
            }
            for intent in std::mem::take(&mut self.out.intents) {
                self.follow(intent);
            }
        }
    }

    /// Does what is wanted.
    pub(crate) fn follow(&mut self, intent: Intent) {
        match intent {
            Intent::Show(screen) => self.go_to(screen),
            Intent::Say(tone, text) => self.shared.say(tone, &text),
            Intent::Open(overlay) => self.overlays.push(*overlay),
            Intent::Do(action) => self.act_there(action),
            Intent::OpenCopy => {
                let menu = CopyMenu::new(self.shown_screen().snippets(&self.shared));
                self.open(menu);
            }
            Intent::Copy(form) => {
                let all = self.shown_screen().snippets(&self.shared);
                if let Some(chosen) = all.into_iter().find(|snippet| snippet.form == form) {
                    let what = snippet::what(chosen.label, &chosen.text);
                    self.out.effects.push(Effect::Copy { what, text: chosen.text });
                }
            }
            Intent::CopyText { what, text } => {
                let text = Pasted::new(text);
                self.out.effects.push(Effect::Copy { what: snippet::what(what, &text), text });
            }
            Intent::Grade { run, grade } => self.grade(run, grade),
            Intent::ShowGrade { run, grade } => drop(self.put_grade(run, &grade)),
            Intent::SetFavourite { model, favourite } => {
                self.out.effects.push(Effect::SetFavourite { model, favourite });
            }
            Intent::LookForServers => {
                self.shared.say(Tone::Info, "Looking for servers …");
                self.out.effects.push(Effect::Models(Listing::Again));
            }
            Intent::SetConcurrency { provider, most } => self.set_concurrency(provider, most),
            Intent::OfferRescore { line, query } => self.with_rescorer(|it, cx| it.offer(line, query, cx)),
            Intent::AskRescore(text) => self.ask_rescore(&text),
            Intent::Rebind { action, chords } => self.rebind(action, chords),
            Intent::Rescore => self.with_rescorer(Rescorer::go_on),
            Intent::JudgeAnew(rules) => self.with_rescorer(|it, cx| it.judge_anew(*rules, cx)),
            Intent::RefreshRuns => self.refresh_runs(),
            Intent::Quit => self.quit(),
            Intent::QuitUnsaved => self.with_bench(Workbench::quit_unsaved),
            Intent::TellBatch(step) => {
                let bench = Box::new(OnBench {
                    prompt_name: self.bench.prompt_name.clone(),
                    prompt: self.bench.prompt(),
                    input: self.bench.input(),
                    targets: self.bench.targets(),
                    session: self.bench.session.clone(),
                    setups: self.bench.setups.clone(),
                });
                self.with_batch(|it, cx| it.receive(BatchIntent::GoOn(step, bench), cx));
            }
            Intent::Session(intent) => self.with_bench(|it, cx| it.with_sessions(intent, cx)),
            Intent::Lab(intent) => self.in_lab(intent),
            Intent::Overlay(intent) => self.with_overlays(|it, cx| it.receive(intent, cx)),
            Intent::Bench(BenchIntent::MovePrompt(PromptMove::Rename { from, .. })) if self.batch.asks(&from) => {
                let says = format!("a batch of {from} is under way; rename it when that has ended");
                self.shared.say(Tone::Info, &says);
            }
            Intent::Bench(intent) => self.with_bench(|it, cx| it.receive(intent, cx)),
            Intent::Batch(intent) => self.with_batch(|it, cx| it.receive(intent, cx)),
            Intent::History(intent) => self.with_history(|it, cx| it.receive(intent, cx)),
            Intent::Quality(intent) => self.with_quality(|it, cx| it.receive(intent, cx)),
            Intent::Traffic(intent) => self.with_traffic(|it, cx| it.receive(intent, cx)),
        }
    }

    /// Gives a run a grade; the menu that it was chosen from closes.
    fn grade(&mut self, run: RunId, grade: Grade) {
        self.overlays.close::<GradeMenu>();
        let before = self.put_grade(run, &grade).unwrap_or_default();
        if before != grade {
            self.with_history(|_, cx| History::store_grade(run, grade, before, cx));
        }
    }

    /// Shows a grade where its run is shown, and returns the one it takes the place of.
    fn put_grade(&mut self, run: RunId, grade: &Grade) -> Option<Grade> {
        let listed = self.history.put_grade(run, grade, self.shared.now.time);
        self.bench.put_grade(run, grade).or(listed)
    }

    /// Sets how many calls each account of a provider may have under way.
    fn set_concurrency(&mut self, provider: String, most: usize) {
        for account in self.shared.accounts.iter_mut().filter(|account| account.provider == provider) {
            account.limits.concurrency = Some(most);
            account.concurrency = Some(most);
        }
        self.out.effects.push(Effect::Concurrency { provider, most });
    }

    /// Asks whether answers are judged again, where runs are looked at and nothing else is asked; else leaves it.
    fn ask_rescore(&mut self, text: &str) {
        if self.overlays.is_empty() && matches!(self.screen, ScreenId::History | ScreenId::Quality) {
            let since = Some(self.shared.now.at);
            self.open(Confirm { since, ..Confirm::new(text, "Judge", Intent::Rescore) });
        } else {
            self.with_rescorer(|it, _| it.drop_question());
        }
    }

    /// Has what is shown of the runs read anew.
    fn refresh_runs(&mut self) {
        self.history.detail = None;
        self.with_batch(Batches::read_cells_anew);
        match self.screen {
            ScreenId::History => self.with_history(|it, cx| it.refresh(cx)),
            ScreenId::Quality => self.with_quality(|it, cx| it.refresh(cx)),
            // They are read when they are entered.
            ScreenId::Bench | ScreenId::Batch | ScreenId::Traffic => {}
        }
    }
}
