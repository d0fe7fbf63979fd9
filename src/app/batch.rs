//! The batch screen: a prompt over a data set, set up, watched and looked through.

pub mod baseline;
pub mod cell;
pub mod cell_reading;
pub(crate) mod compare;
pub mod ending;
pub(crate) mod experiments;
pub mod figures;
pub(crate) mod figures_in_work;
pub mod grid;
pub mod grid_view;
pub mod layout;
pub mod moved_batch;
pub(crate) mod reading;
pub(crate) mod refusal;
pub mod report;
pub(crate) mod review_changes;
pub mod run_state;
pub mod setup;
pub mod start;
pub mod text_search;

pub(crate) mod update;
pub(crate) mod view;
pub(crate) mod whatif;

use ratatui::buffer::Buffer;

use crate::{
    app::{
        action::{Action, BatchAction, GlobalAction, Verb},
        ask,
        batch::{
            layout::{DetailAreas, TableAreas, columns_in, detail_areas},
            moved_batch::BatchWhatIf,
            run_state::ShownBatch,
            start::BatchSetup,
            update::LISTED,
        },
        context::{Cx, Scene, Shared},
        event::Ticket,
        intent::{BatchIntent, BatchStep, Intent},
        layout::WIDE,
        overlays::batch_ending::BatchEnding,
        refusal::Need,
        screen::{Footer, Pointer, Screen},
        screen_id::ScreenId,
        snippet::{Snippet, SnippetForm},
    },
    model::BatchId,
    present::tool_calls,
    store::api::BatchEntry,
    widgets::{frame::FlowItem, interactive::Interactive, key::Chord, motion::Motion, pick_list::PickList},
};

/// What the screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    /// The batches on record, or what to press where there is none.
    #[default]
    List,
    /// The form a batch is set up with.
    Form,
    /// The table of a batch, or one of its cells.
    Table,
}

/// What the list of batches is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListPurpose {
    /// One of them is opened.
    #[default]
    Opening,
    /// The batch on the screen is compared with one of them.
    Comparing,
}

/// The screen's state.
#[derive(Debug, Clone)]
pub struct Batches {
    /// What it shows.
    pub page: Page,
    /// The batches on record.
    pub list: PickList<usize>,
    /// The entries behind them.
    pub entries: Vec<BatchEntry>,
    /// Whether the record was not heard of yet.
    pub loading: bool,
    /// Whether it was heard of at all.
    listed: bool,
    pub list_for: ListPurpose,
    /// The batch that is being set up.
    pub setup: BatchSetup,
    /// The batch on the screen.
    pub shown: Option<ShownBatch>,
    /// Whether the texts of rows are being read.
    asks_rows: bool,
    /// The text that the record is looking for.
    looking_for: Option<String>,
    /// Counts what is read a page at a time, and names it.
    readings: u64,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            page: Page::List,
            list: PickList::new(Vec::new()),
            entries: Vec::new(),
            loading: false,
            listed: false,
            list_for: ListPurpose::Opening,
            setup: BatchSetup::default(),
            shown: None,
            asks_rows: false,
            looking_for: None,
            readings: 0,
        }
    }
}

impl Batches {
    fn go_in_list(&mut self, motion: Motion) {
        match motion {
            Motion::Up => self.list.step(-1),
            Motion::Down => self.list.step(1),
            Motion::HalfUp | Motion::PageUp => self.list.step(-10),
            Motion::HalfDown | Motion::PageDown => self.list.step(10),
            Motion::Top => self.list.choose(0),
            Motion::Bottom => self.list.choose(usize::MAX),
            Motion::Left | Motion::Right => {}
        }
    }

    /// Notes what a batch that has begun is called on record.
    pub(crate) fn begun(&mut self, ticket: Ticket, id: BatchId) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.ticket == Some(ticket)) {
            shown.id = Some(id);
            shown.grid.put_on_record();
        }
    }

    /// Tells whether a batch is under way that asks a prompt.
    #[must_use]
    pub fn asks(&self, prompt: &str) -> bool {
        let asks = |shown: &ShownBatch| shown.request.spec.prompts.iter().any(|(name, _)| name == prompt);
        self.shown.as_ref().is_some_and(|shown| (shown.is_busy() || !shown.again.is_empty()) && asks(shown))
    }

    /// Names a prompt as it is called by now, in what is shown, listed and set up.
    fn rename_prompt(&mut self, from: &str, to: &str) {
        let shown = self.shown.iter_mut().map(|shown| &mut shown.request.spec);
        for spec in shown.chain(self.entries.iter_mut().map(|entry| &mut entry.spec)) {
            spec.rename_prompt(from, to);
        }
        self.setup.rename_prompt(from, to);
    }

    /// Tells whether a batch is under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.shown.as_ref().is_some_and(ShownBatch::is_busy)
    }

    /// Tells whether there is work to go on with at once, between keys.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.shown.as_ref().is_some_and(ShownBatch::has_work)
    }

    /// Tells whether rows in sight have texts on record that were not asked for.
    #[must_use]
    pub fn lacks_rows(&self) -> bool {
        let shown =
            self.shown.as_ref().filter(|shown| self.page == Page::Table && !self.asks_rows && shown.id.is_some());
        shown.is_some_and(|shown| shown.table.seen().any(|(at, _)| shown.grid.lacks_text(at)))
    }

    /// Tells whether the list is shown and has nothing to choose.
    #[must_use]
    pub fn nothing_listed(&self) -> bool {
        self.page == Page::List && self.list.is_empty()
    }
}

impl Screen for Batches {
    type Own = BatchAction;
    type Request = BatchIntent;

    const ID: ScreenId = ScreenId::Batch;

    const NEEDS: &'static [Need<Self>] = refusal::NEEDS;

    /// Shows the batch that is there, or the batches on record.
    fn enter(&mut self, cx: &mut Cx<'_, Self>) {
        match (self.page, &self.shown) {
            (Page::List, Some(_)) => self.page = Page::Table,
            (Page::List, None) => self.list_batches(ListPurpose::Opening, cx),
            (Page::Form, _) => cx.send(Intent::TellBatch(BatchStep::SetUp)),
            (Page::Table, _) => {}
        }
    }

    fn act(&mut self, action: BatchAction, cx: &mut Cx<'_, Self>) {
        match (action, self.page) {
            (BatchAction::NewBatch, _) => self.new_batch(cx),
            (BatchAction::OpenBatch, _) => self.list_batches(ListPurpose::Opening, cx),
            (BatchAction::BatchEnding, _) => self.open_ending(cx),
            (BatchAction::CompareBlind, _) => self.compare_blind(cx),
            (BatchAction::Improve, _) => self.experiment(true, cx),
            (BatchAction::Ablate, _) => self.experiment(false, cx),
            (BatchAction::ReviewChanges, _) => self.review_changes(cx),
            (action, Page::Table) => self.act_in_table(action, cx),
            (
                BatchAction::Pause
                | BatchAction::Limits
                | BatchAction::AskAgain
                | BatchAction::AskFailed
                | BatchAction::OnlyChanged
                | BatchAction::BatchBaseline
                | BatchAction::BatchWhatIf
                | BatchAction::WriteBatchThreshold,
                Page::List | Page::Form,
            ) => {}
        }
    }

    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match (self.page, verb) {
            (_, Verb::Leave) => self.leave(cx),
            (Page::Table, verb) => self.in_table(verb, cx),
            (Page::List, Verb::Accept) if self.list.is_empty() => self.new_batch(cx),
            (Page::List, Verb::Accept) => cx.send(Intent::TellBatch(BatchStep::Open)),
            (Page::Form, Verb::Accept) => self.choose_in_form(cx),
            (Page::Form, Verb::Run) => cx.send(Intent::TellBatch(BatchStep::Start)),
            (Page::Form, Verb::NextPane) => self.next_field(cx),
            (Page::Form, Verb::PreviousPane) => self.step_in_form(-1),
            // What the table does that these have none of.
            (Page::List, Verb::Run | Verb::NextPane | Verb::PreviousPane)
            | (
                Page::List | Page::Form,
                Verb::NextSample
                | Verb::PreviousSample
                | Verb::Xray
                | Verb::Copy
                | Verb::Diff
                | Verb::Baseline
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
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
                | Verb::ToBench,
            ) => {}
        }
    }

    fn go(&mut self, motion: Motion, cx: &mut Cx<'_, Self>) {
        match self.page {
            Page::List => self.go_in_list(motion),
            Page::Form => self.go_in_form(motion),
            Page::Table => self.go_in_table(motion, cx),
        }
    }

    fn receive(&mut self, request: BatchIntent, cx: &mut Cx<'_, Self>) {
        match request {
            BatchIntent::GoOn(BatchStep::SetUp, bench) => self.set_up(*bench, cx),
            BatchIntent::GoOn(BatchStep::Start, bench) => self.start_batch(*bench, cx),
            BatchIntent::GoOn(BatchStep::Open, bench) => self.pick_batch(&bench, cx),
            BatchIntent::GoOn(BatchStep::Experiment { improves }, bench) => {
                cx.ask(ask::batches(LISTED), (improves, bench), Self::experiment_of_bench);
            }
            BatchIntent::SetLimits(limits) => self.set_limits(limits, cx),
            BatchIntent::Choose(choice) => self.chosen_for_form(choice, cx),
            BatchIntent::WriteThreshold(new) => self.write_threshold(new, cx),
            BatchIntent::RenamePrompt { from, to } => self.rename_prompt(&from, &to),
        }
    }

    fn typing(&self) -> bool {
        match self.page {
            Page::Form => true,
            Page::Table => self.shown.as_ref().is_some_and(|shown| shown.look.typing),
            Page::List => false,
        }
    }

    fn key(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool {
        if self.page == Page::Form {
            // A character never does anything else here.
            return self.key_of_form(chord, cx) || chord.text().is_some();
        }
        match self.shown.as_mut().filter(|shown| shown.look.typing) {
            Some(shown) => {
                let changed = shown.look.query.key(chord);
                shown.table.hurry();
                changed.is_some()
            }
            None => false,
        }
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if self.page == Page::Form {
            self.paste_into_form(text, cx);
        } else if let Some(shown) = self.shown.as_mut().filter(|shown| shown.look.typing) {
            shown.look.query.paste(text);
            shown.table.hurry();
        }
    }

    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>) {
        let body = cx.shared.body;
        match self.page {
            Page::Form => {
                if let (None, Some(form)) = (pointer.wheel, &mut self.setup.form)
                    && let Some(at) = view::form::field_at(form, body, pointer.at)
                {
                    form.form.go(at);
                }
                return;
            }
            Page::List => return,
            Page::Table => {}
        }
        let Some(shown) = &mut self.shown else {
            return;
        };
        let areas = TableAreas::of(shown, body);
        match (pointer.wheel, &mut shown.detail) {
            (Some(by), Some(detail)) if shown.zoomed || areas.detail.contains(pointer.at) => {
                detail.view_mut().scroll(by);
            }
            (Some(by), _) => shown.table.step(by),
            (None, _) if shown.zoomed => {}
            (None, _) => {
                // The rule and the heads of the columns are above the rows.
                let line = pointer.at.y.checked_sub(areas.rows.y.saturating_add(2));
                if line.is_some_and(|line| shown.table.click(usize::from(line))) {
                    shown.table.fit(areas.table_rows());
                }
            }
        }
    }

    fn settle(&mut self, is_shown: bool, cx: &mut Cx<'_, Self>) {
        if is_shown {
            self.ask_rows(cx);
            self.search(cx);
        }
        self.preview_cell(cx);
        self.work_on(cx);
    }

    fn prepare(&mut self, shared: &Shared) {
        let (body, now) = (shared.body, shared.now.at);
        self.list.fit(usize::from(view::list_areas(body)[0].height));
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else {
            return;
        };
        let areas = TableAreas::of(shown, body);
        shown.fit_columns(columns_in(&shown.grid, areas.rows.width));
        shown.fit(areas.table_rows(), now);
        let (zoomed, expects) = (shown.zoomed, shown.grid.expects());
        if let Some(detail) = &mut shown.detail {
            let area = if zoomed { detail_areas(body)[1] } else { DetailAreas::of(areas.detail, expects).answer };
            detail.view_mut().fit(area.width, area.height);
        }
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        view::draw(scene, self, buffer);
    }

    fn has_totals(&self, rows: u16) -> bool {
        rows >= WIDE.1 && self.page != Page::Form
    }

    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        view::sums::totals(scene, self)
    }

    fn under_way(&self, scene: Scene<'_>) -> Option<FlowItem> {
        view::chip(scene, self)
    }

    fn snippets(&self, _shared: &Shared) -> Vec<Snippet> {
        let Some(shown) = self.shown.as_ref().filter(|_| self.page == Page::Table) else {
            return Vec::new();
        };
        let record = shown.detail.as_ref().and_then(|detail| detail.record.as_ref());
        let mut all = record.map(|record| Snippet::of_answer(&tool_calls::answer(&record.outcome))).unwrap_or_default();
        let what = "the verdict, the gates, each model, the rows that failed";
        // A report is of the batch as it is, and of all of it.
        if shown.what_if.is_none() && !shown.is_partial() {
            all.push(Snippet::new(SnippetForm::Markdown, "report", what, report::markdown(shown)));
        }
        all
    }

    fn is_asking(&self) -> bool {
        self.page == Page::Table && self.shown.as_ref().is_some_and(|shown| shown.look.typing)
    }

    fn footer(&self, action: Action) -> Footer {
        let shown = self.shown.as_ref();
        let table = self.page == Page::Table;
        let detail = table && shown.is_some_and(|shown| shown.zoomed);
        let form = self.page == Page::Form;
        let busy = self.busy();
        let can_go_on = shown.is_some_and(ShownBatch::can_go_on);
        if table && shown.is_some_and(|shown| shown.look.typing) {
            return match action {
                Action::Verb(Verb::Accept) => Footer::As("keep filter"),
                action => Footer::of(matches!(action, Action::Global(GlobalAction::Palette | GlobalAction::Help))),
            };
        }
        if let Some(what_if) = shown.filter(|_| table).and_then(|shown| shown.what_if.as_ref()) {
            return footer_of_what_if(what_if, action);
        }
        match action {
            Action::Verb(verb) => match verb {
                Verb::Accept if detail || self.nothing_listed() => Footer::Hidden,
                Verb::Accept => match self.page {
                    Page::Form => Footer::As("choose"),
                    Page::List | Page::Table => Footer::Shown,
                },
                Verb::Xray | Verb::Copy => Footer::of(table),
                Verb::Diff if detail && shown.and_then(|shown| shown.detail.as_ref()?.difference()).is_some() => {
                    Footer::As("answer")
                }
                Verb::Diff => Footer::of(detail),
                Verb::NextSample => Footer::of(detail && shown.is_some_and(|shown| shown.grid.samples() > 1)),
                Verb::Run if form => Footer::As("start"),
                Verb::Run => Footer::Hidden,
                Verb::OnlyFailed
                    if table && !detail && shown.is_some_and(|shown| shown.look.only == grid_view::Only::Failed) =>
                {
                    Footer::As("all")
                }
                Verb::Filter | Verb::Sort | Verb::OnlyFailed => Footer::of(table && !detail),
                Verb::OnlyErrors => {
                    Footer::of(table && !detail && shown.is_some_and(|shown| shown.grid.counts().by.error > 0))
                }
                Verb::ToBench => Footer::of(table && !busy && shown.is_some_and(|shown| shown.detail.is_some())),
                Verb::PreviousSample
                | Verb::Baseline
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
                | Verb::NextPane
                | Verb::PreviousPane
                | Verb::Leave
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns => Footer::Shown,
            },
            Action::Batch(action) => match action {
                BatchAction::NewBatch => Footer::of(matches!(self.page, Page::List | Page::Table) && !busy && !detail),
                BatchAction::Pause if !table || !(busy || can_go_on) => Footer::Hidden,
                BatchAction::Pause if shown.is_some_and(ShownBatch::is_paused) || can_go_on => Footer::As("continue"),
                BatchAction::Limits => Footer::of(table && !detail && (busy || can_go_on)),
                BatchAction::AskAgain => Footer::of(detail),
                BatchAction::AskFailed => {
                    Footer::of(table && !busy && shown.is_some_and(|shown| shown.grid.counts().by.error > 0))
                }
                BatchAction::BatchEnding => Footer::of(match self.page {
                    Page::List => !self.list.is_empty(),
                    Page::Table => !detail && shown.is_some_and(|shown| BatchEnding::of_shown(shown).is_some()),
                    Page::Form => false,
                }),
                BatchAction::OpenBatch
                | BatchAction::BatchBaseline
                | BatchAction::BatchWhatIf
                | BatchAction::CompareBlind => Footer::of(table && !busy && !detail),
                BatchAction::WriteBatchThreshold
                | BatchAction::Improve
                | BatchAction::Ablate
                | BatchAction::ReviewChanges => Footer::Hidden,
                BatchAction::Pause | BatchAction::OnlyChanged => Footer::Shown,
            },
            Action::Global(_) | Action::Motion(_) => Footer::Shown,
            Action::Overlay(_) | Action::Bench(_) | Action::History(_) | Action::Quality(_) | Action::Traffic(_) => {
                Footer::Hidden
            }
        }
    }
}

/// Tells how the footer has an action while a threshold is moved.
fn footer_of_what_if(what_if: &BatchWhatIf, action: Action) -> Footer {
    let moves = what_if.moving.as_ref().is_some_and(|moving| moving.moved.measured() > 0);
    let several = what_if.moving.as_ref().is_some_and(|moving| moving.rules.len() > 1);
    let shown = |useful: bool, label: &'static str| if useful { Footer::As(label) } else { Footer::Hidden };
    match action {
        Action::Motion(Motion::Right) => shown(moves, "move"),
        Action::Verb(Verb::NextSample) => shown(moves, "next change"),
        Action::Verb(Verb::NextPane) => shown(several, "next threshold"),
        Action::Batch(BatchAction::WriteBatchThreshold) => shown(moves, "write"),
        Action::Verb(Verb::Leave) | Action::Global(GlobalAction::Palette | GlobalAction::Help) => Footer::Shown,
        Action::Global(_)
        | Action::Motion(_)
        | Action::Verb(_)
        | Action::Overlay(_)
        | Action::Bench(_)
        | Action::Batch(_)
        | Action::History(_)
        | Action::Quality(_)
        | Action::Traffic(_) => Footer::Hidden,
    }
}

impl Batches {
    /// Goes one step back: out of the filter, the cell, the form, and at last to the bench.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        let there = self.shown.is_some();
        match self.page {
            Page::Form => self.page = if there { Page::Table } else { Page::List },
            Page::List if there => self.page = Page::Table,
            Page::List => cx.send(Intent::Show(ScreenId::Bench)),
            Page::Table => {
                if !self.shown.as_mut().is_some_and(update::leave) {
                    cx.send(Intent::Show(ScreenId::Bench));
                }
            }
        }
    }
}

/// Tells whether a ticket is the one that is waited for.
pub(crate) fn is_waited_for(waited: Option<Ticket>, ticket: Ticket) -> bool {
    waited == Some(ticket)
}
