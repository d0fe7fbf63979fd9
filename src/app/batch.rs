//! The batch screen: a prompt over a data set, set up, watched and looked through.

pub mod cell;
pub mod grid;
pub mod run_state;
pub mod setup;

pub(crate) mod update;
pub(crate) mod view;

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        action::{Action, BatchAction, GlobalAction, Verb},
        batch::{run_state::ShownBatch, setup::BatchSetup},
        context::{Cx, Scene, Shared},
        event::Ticket,
        intent::{BatchIntent, BatchStep, Intent},
        screen::{Footer, Pointer, Screen},
        screen_id::ScreenId,
    },
    model::BatchId,
    store::api::BatchEntry,
    widgets::{form::Form, frame::FlowItem, interactive::Interactive, key::Chord, motion::Motion, pick_list::PickList},
};

/// What the screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    /// The batches on record, or what to press where there is none.
    #[default]
    List,
    /// The form a batch is set up with.
    Form,
    /// Which column is which variable.
    Map,
    /// What it will take.
    Estimate,
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
    pub list_for: ListPurpose,
    /// The batch that is being set up.
    pub setup: BatchSetup,
    /// The batch on the screen.
    pub shown: Option<ShownBatch>,
    /// Whether the texts of rows are being read.
    asks_rows: bool,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            page: Page::List,
            list: PickList::new(Vec::new()),
            entries: Vec::new(),
            loading: false,
            list_for: ListPurpose::Opening,
            setup: BatchSetup::default(),
            shown: None,
            asks_rows: false,
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
        }
    }

    /// Tells whether a batch is under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.shown.as_ref().is_some_and(ShownBatch::is_busy)
    }

    /// Returns the form being filled in.
    #[must_use]
    pub fn form(&self) -> Option<&Form> {
        match self.page {
            Page::Form => self.setup.form.as_ref(),
            Page::Map => self.setup.map.as_ref(),
            Page::List | Page::Estimate | Page::Table => None,
        }
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        match self.page {
            Page::Form => self.setup.form.as_mut(),
            Page::Map => self.setup.map.as_mut(),
            Page::List | Page::Estimate | Page::Table => None,
        }
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

    /// Shows the batch that is there, or the batches on record.
    fn enter(&mut self, cx: &mut Cx<'_, Self>) {
        match (self.page, &self.shown) {
            (Page::List, Some(_)) => self.page = Page::Table,
            (Page::List, None) => self.list_batches(ListPurpose::Opening, cx),
            (Page::Form | Page::Map | Page::Estimate | Page::Table, _) => {}
        }
    }

    fn act(&mut self, action: BatchAction, cx: &mut Cx<'_, Self>) {
        match (action, self.page) {
            (BatchAction::NewBatch, _) => self.new_batch(cx),
            (BatchAction::OpenBatch, _) => self.list_batches(ListPurpose::Opening, cx),
            (action, Page::Table) => self.act_in_table(action, cx),
            (
                BatchAction::Pause
                | BatchAction::Limits
                | BatchAction::AskAgain
                | BatchAction::AskFailed
                | BatchAction::OnlyFailed
                | BatchAction::OnlyErrors
                | BatchAction::OnlyChanged
                | BatchAction::BatchBaseline,
                Page::List | Page::Form | Page::Map | Page::Estimate,
            ) => {}
        }
    }

    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match (self.page, verb) {
            (_, Verb::Leave) => self.leave(cx),
            (Page::Table, verb) => self.in_table(verb, cx),
            (Page::List, Verb::Accept) if self.list.is_empty() => self.new_batch(cx),
            (Page::List, Verb::Accept) => cx.send(Intent::TellBatch(BatchStep::Open)),
            (Page::Estimate, Verb::Accept) => self.start_batch(cx),
            (Page::Map, Verb::Accept) => self.take_map(cx),
            (Page::Form, Verb::Accept) => cx.send(Intent::TellBatch(BatchStep::Plan)),
            (Page::Form | Page::Map, Verb::NextPane) => self.next_field(cx),
            (Page::Form | Page::Map, Verb::PreviousPane) => self.step_in_form(-1),
            // What the table does that these have none of.
            (Page::List | Page::Estimate, Verb::NextPane | Verb::PreviousPane)
            | (
                Page::List | Page::Estimate | Page::Form | Page::Map,
                Verb::Run
                | Verb::NextSample
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
                | Verb::ScoreRuns,
            ) => {}
        }
    }

    fn go(&mut self, motion: Motion, cx: &mut Cx<'_, Self>) {
        match self.page {
            Page::List => self.go_in_list(motion),
            Page::Form | Page::Map => self.go_in_form(motion),
            Page::Estimate => {}
            Page::Table => self.go_in_table(motion, cx),
        }
    }

    fn receive(&mut self, request: BatchIntent, cx: &mut Cx<'_, Self>) {
        match request {
            BatchIntent::GoOn(BatchStep::SetUp, bench) => self.set_up(&bench, cx),
            BatchIntent::GoOn(BatchStep::Plan, bench) => self.take_form(*bench, cx),
            BatchIntent::GoOn(BatchStep::Open, bench) => self.pick_batch(&bench.session, cx),
            BatchIntent::SetLimits(limits) => self.set_limits(limits, cx),
        }
    }

    fn typing(&self) -> bool {
        match self.page {
            Page::Form | Page::Map => true,
            Page::Table => self.shown.as_ref().is_some_and(|shown| shown.look.typing),
            Page::List | Page::Estimate => false,
        }
    }

    fn key(&mut self, chord: Chord, _cx: &mut Cx<'_, Self>) -> bool {
        if self.page == Page::Map && matches!(chord.code(), KeyCode::Left | KeyCode::Right) {
            // They walk through the columns.
            return false;
        }
        if let Some(form) = self.form_mut() {
            let words = form.rows.get(form.at).is_some_and(|row| !row.words.is_empty());
            let turns = words && matches!(chord.code(), KeyCode::Left | KeyCode::Right | KeyCode::Char(' '));
            let handled = form.key(chord) || turns;
            return handled || chord.text().is_some();
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

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_, Self>) {
        if let Some(form) = self.form_mut() {
            form.paste(text);
        } else if let Some(shown) = self.shown.as_mut().filter(|shown| shown.look.typing) {
            shown.look.query.paste(text);
            shown.table.hurry();
        }
    }

    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>) {
        let body = cx.shared.body;
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else {
            return;
        };
        let head = head(shown, body);
        match (pointer.wheel, &mut shown.detail) {
            (Some(by), Some(detail)) => detail.view_mut().scroll(by),
            (Some(by), None) => shown.table.step(by),
            (None, Some(_)) => {}
            (None, None) => {
                let line = pointer.at.y.checked_sub(body.y.saturating_add(head + 1));
                if line.is_some_and(|line| shown.table.click(usize::from(line))) {
                    shown.table.fit(usize::from(body.height.saturating_sub(head + 1)));
                }
            }
        }
    }

    fn settle(&mut self, _is_shown: bool, cx: &mut Cx<'_, Self>) {
        self.ask_rows(cx);
        if let Some(shown) = &mut self.shown {
            shown.compare_columns();
        }
    }

    fn prepare(&mut self, shared: &Shared) {
        let (body, now) = (shared.body, shared.now.at);
        self.list.fit(usize::from(body.height.saturating_sub(3)));
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else {
            return;
        };
        let wide = body.width.saturating_sub(ROW + TEXT + 4);
        shown.fit_columns(usize::from((wide / (CELL + 1)).max(1)));
        let head = head(shown, body);
        shown.fit(usize::from(body.height.saturating_sub(head + 1)), now);
        if let Some(detail) = &mut shown.detail {
            let area = detail_areas(body)[1];
            detail.view_mut().fit(area.width, area.height);
        }
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        view::draw(scene, self, buffer);
    }

    fn under_way(&self, scene: Scene<'_>) -> Option<FlowItem> {
        view::chip(scene, self)
    }

    fn footer(&self, action: Action) -> Footer {
        let shown = self.shown.as_ref();
        let table = self.page == Page::Table;
        let detail = table && shown.is_some_and(|shown| shown.detail.is_some());
        let busy = self.busy();
        let can_go_on = shown.is_some_and(ShownBatch::can_go_on);
        if table && shown.is_some_and(|shown| shown.look.typing) {
            return match action {
                Action::Verb(Verb::Accept) => Footer::As("keeps it"),
                action => Footer::of(matches!(action, Action::Global(GlobalAction::Palette | GlobalAction::Help))),
            };
        }
        match action {
            Action::Verb(verb) => match verb {
                Verb::Accept if detail || self.nothing_listed() => Footer::Hidden,
                Verb::Accept => match self.page {
                    Page::Form | Page::Map => Footer::As("goes on"),
                    Page::Estimate => Footer::As("starts it"),
                    Page::List | Page::Table => Footer::Shown,
                },
                Verb::Xray => Footer::of(table),
                Verb::Filter | Verb::Sort => Footer::of(table && !detail),
                Verb::Diff if detail && shown.and_then(|shown| shown.detail.as_ref()?.difference()).is_some() => {
                    Footer::As("answer")
                }
                Verb::Diff => Footer::of(detail),
                Verb::NextSample => Footer::of(detail && shown.is_some_and(|shown| shown.grid.samples() > 1)),
                Verb::Run
                | Verb::PreviousSample
                | Verb::Copy
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
                BatchAction::OpenBatch => Footer::of(table && !busy && !detail),
                BatchAction::Pause if !table || !(busy || can_go_on) => Footer::Hidden,
                BatchAction::Pause if shown.is_some_and(ShownBatch::is_paused) || can_go_on => Footer::As("go on"),
                BatchAction::Limits => Footer::of(table && !detail && (busy || can_go_on)),
                BatchAction::AskAgain => Footer::of(table),
                BatchAction::AskFailed => {
                    Footer::of(table && !busy && shown.is_some_and(|shown| shown.grid.counts().by.error > 0))
                }
                BatchAction::OnlyFailed
                    if table && !detail && shown.is_some_and(|shown| shown.look.only == grid::Only::Failed) =>
                {
                    Footer::As("all")
                }
                BatchAction::OnlyFailed => Footer::of(table && !detail),
                BatchAction::Pause
                | BatchAction::OnlyErrors
                | BatchAction::OnlyChanged
                | BatchAction::BatchBaseline => Footer::Shown,
            },
            Action::Global(_) | Action::Motion(_) => Footer::Shown,
            Action::Overlay(_) | Action::Bench(_) | Action::History(_) | Action::Quality(_) => Footer::Hidden,
        }
    }
}

impl Batches {
    /// Goes one step back: out of the filter, the cell, the form, and at last to the bench.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        let there = self.shown.is_some();
        match self.page {
            Page::Map | Page::Estimate => self.page = Page::Form,
            Page::Form => {
                self.setup.ticket = None;
                self.page = if there { Page::Table } else { Page::List };
            }
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

/// Rows above the table that are always there: how it goes, what was used, what is shown.
pub const HEAD: u16 = 3;

/// Counts the rows above the table, with those that say how the columns stand to each other.
#[must_use]
pub fn head(shown: &ShownBatch, body: Rect) -> u16 {
    HEAD + u16::try_from(shown.evidence(body.height).len()).unwrap_or_default()
}

/// Columns of the rows' numbers.
pub const ROW: u16 = 7;

/// Columns of the rows' texts, at least.
pub const TEXT: u16 = 18;

/// Columns of a cell, at least.
pub const CELL: u16 = 24;

/// Shares the body among what is said of a cell, its answer, and its checks.
#[must_use]
pub fn detail_areas(body: Rect) -> [Rect; 3] {
    use ratatui::layout::{Constraint, Layout};
    let [head, rest] = Layout::vertical([Constraint::Length(3), Constraint::Fill(1)]).areas(body);
    let [answer, checks] = if body.width >= 100 {
        Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).spacing(1).areas(rest)
    } else {
        let checks = (rest.height * 2 / 5).max(4);
        Layout::vertical([Constraint::Fill(1), Constraint::Length(checks)]).areas(rest)
    };
    let answer = Rect { y: answer.y + 1, height: answer.height.saturating_sub(1), ..answer };
    [head, answer.intersection(body), checks]
}

/// Tells whether a ticket is the one that is waited for.
pub(crate) fn is_waited_for(waited: Option<Ticket>, ticket: Ticket) -> bool {
    waited == Some(ticket)
}
