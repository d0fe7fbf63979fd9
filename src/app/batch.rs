//! The batch screen: a prompt over a data set, set up, watched and looked through.

pub mod cell;
pub mod grid;
pub mod run_state;
pub mod setup;

pub(crate) mod update;
pub(crate) mod view;

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use crate::{
    app::{
        Action, App, Screen,
        batch::{
            run_state::Shown,
            setup::{BatchOrder, BatchSetup},
        },
        event::Ticket,
    },
    model::{BatchId, CellIndex, batch::BatchLimits},
    store::api::BatchEntry,
    widgets::{form::Form, interactive::Interactive, key::Chord, pick_list::PickList},
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

/// What a running batch is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Control {
    /// Ends, those under way unanswered.
    Stop,
    /// Begins no further cell for now.
    Pause,
    /// Goes on.
    Resume,
    /// Has so many calls under way at once.
    Concurrency(usize),
    /// Has it use no more than this.
    Caps(BatchLimits),
}

/// What the list of batches is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum For {
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
    /// What the list is for.
    pub list_for: For,
    /// The batch that is being set up.
    pub setup: BatchSetup,
    /// The batch on the screen.
    pub shown: Option<Shown>,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            page: Page::List,
            list: PickList::new(Vec::new()),
            entries: Vec::new(),
            loading: false,
            list_for: For::Opening,
            setup: BatchSetup::default(),
            shown: None,
        }
    }
}

impl Batches {
    /// Tells whether letters go into a text.
    #[must_use]
    pub fn typing(&self) -> bool {
        match self.page {
            Page::Form | Page::Map => true,
            Page::Table => self.shown.as_ref().is_some_and(|shown| shown.look.typing),
            Page::List | Page::Estimate => false,
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
        self.shown.as_ref().is_some_and(Shown::is_busy)
    }

    /// Returns the form being filled in.
    #[must_use]
    pub fn form(&self) -> Option<&Form> {
        match self.page {
            Page::Form => self.setup.form.as_ref(),
            Page::Map => self.setup.map.as_ref(),
            _ => None,
        }
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        match self.page {
            Page::Form => self.setup.form.as_mut(),
            Page::Map => self.setup.map.as_mut(),
            _ => None,
        }
    }

    /// Tells whether an action is worth its place in the footer just now.
    #[must_use]
    pub fn is_useful(&self, action: Action) -> bool {
        let shown = self.shown.as_ref();
        let table = self.page == Page::Table;
        let detail = table && shown.is_some_and(|shown| shown.detail.is_some());
        let busy = self.busy();
        if table && shown.is_some_and(|shown| shown.look.typing) {
            return matches!(action, Action::Accept | Action::Palette | Action::Help);
        }
        match action {
            Action::Accept => !detail && !self.nothing_listed(),
            Action::NewBatch => matches!(self.page, Page::List | Page::Table) && !busy && !detail,
            Action::OpenBatch => table && !busy && !detail,
            Action::Pause => table && (busy || shown.is_some_and(Shown::can_go_on)),
            Action::Limits => table && !detail && (busy || shown.is_some_and(Shown::can_go_on)),
            Action::AskAgain | Action::Xray => table,
            Action::AskFailed => table && !busy && shown.is_some_and(|shown| shown.grid.counts().by.error > 0),
            Action::Filter | Action::OnlyFailed | Action::Sort => table && !detail,
            Action::Diff => detail,
            Action::NextSample => detail && shown.is_some_and(|shown| shown.grid.samples() > 1),
            _ => true,
        }
    }

    /// Says in a word what an action does just now, where that is not what it is called.
    #[must_use]
    pub fn said(&self, action: Action) -> Option<&'static str> {
        let shown = self.shown.as_ref();
        match (action, self.page) {
            (Action::Accept, Page::Form | Page::Map) => Some("goes on"),
            (Action::Accept, Page::Estimate) => Some("starts it"),
            (Action::Accept, Page::Table) if shown.is_some_and(|shown| shown.look.typing) => Some("keeps it"),
            (Action::Pause, _) if shown.is_some_and(|shown| shown.is_paused() || shown.can_go_on()) => Some("go on"),
            (Action::OnlyFailed, _) if shown.is_some_and(|shown| shown.look.only == grid::Only::Failed) => Some("all"),
            (Action::Diff, _) if shown.and_then(|shown| shown.detail.as_ref()?.difference()).is_some() => {
                Some("answer")
            }
            _ => None,
        }
    }

    /// Tells whether the list is shown and has nothing to choose.
    #[must_use]
    pub fn nothing_listed(&self) -> bool {
        self.page == Page::List && self.list.is_empty()
    }
}

impl App {
    /// Shows the batch that is there, or the batches on record.
    pub(crate) fn enter_batch(&mut self) {
        match (self.batch.page, &self.batch.shown) {
            (Page::List, Some(_)) => self.batch.page = Page::Table,
            (Page::List, None) => self.list_batches(For::Opening),
            _ => {}
        }
    }

    /// Does an action on the batch screen.
    pub(crate) fn on_batch(&mut self, action: Action) {
        match action {
            Action::NewBatch => self.new_batch(),
            Action::OpenBatch => self.list_batches(For::Opening),
            Action::Stop => self.stop(),
            Action::Leave => self.leave_batch(),
            action => match self.batch.page {
                Page::List => self.in_list(action),
                Page::Form | Page::Map => self.in_form(action),
                Page::Estimate => {
                    if action == Action::Accept {
                        self.start_batch();
                    }
                }
                Page::Table => self.in_table(action),
            },
        }
    }

    /// Goes one step back: out of the filter, the cell, the form, and at last to the bench.
    fn leave_batch(&mut self) {
        let there = self.batch.shown.is_some();
        match self.batch.page {
            Page::Map | Page::Estimate => self.batch.page = Page::Form,
            Page::Form => {
                self.batch.setup.ticket = None;
                self.batch.page = if there { Page::Table } else { Page::List };
            }
            Page::List if there => self.batch.page = Page::Table,
            Page::List => self.go_to(Screen::Bench),
            Page::Table => {
                if !self.batch.shown.as_mut().is_some_and(update::leave) {
                    self.go_to(Screen::Bench);
                }
            }
        }
    }

    fn in_list(&mut self, action: Action) {
        let list = &mut self.batch.list;
        match action {
            Action::Accept if list.is_empty() => self.new_batch(),
            Action::Accept => self.pick_batch(),
            Action::Up => list.step(-1),
            Action::Down => list.step(1),
            Action::HalfUp | Action::PageUp => list.step(-10),
            Action::HalfDown | Action::PageDown => list.step(10),
            Action::Top => list.choose(0),
            Action::Bottom => list.choose(usize::MAX),
            _ => {}
        }
    }

    /// Takes a key into the line that is being typed. Tells whether it meant anything to it.
    pub(crate) fn batch_key(&mut self, chord: Chord) -> bool {
        if self.batch.page == Page::Map && matches!(chord.code(), KeyCode::Left | KeyCode::Right) {
            // They walk through the columns.
            return false;
        }
        if let Some(form) = self.batch.form_mut() {
            let words = form.rows.get(form.at).is_some_and(|row| !row.words.is_empty());
            let turns = words && matches!(chord.code(), KeyCode::Left | KeyCode::Right | KeyCode::Char(' '));
            let taken = form.key(chord) || turns;
            return taken || chord.text().is_some();
        }
        match self.batch.shown.as_mut().filter(|shown| shown.look.typing) {
            Some(shown) => {
                let changed = shown.look.query.key(chord);
                shown.table.hurry();
                changed.is_some()
            }
            None => false,
        }
    }

    /// Takes a paste into the line that is being typed.
    pub(crate) fn batch_paste(&mut self, text: &str) {
        if let Some(form) = self.batch.form_mut() {
            form.paste(text);
        } else if let Some(shown) = self.batch.shown.as_mut().filter(|shown| shown.look.typing) {
            shown.look.query.paste(text);
            shown.table.hurry();
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(crate) fn batch_mouse(&mut self, _column: u16, row: u16, wheel: Option<isize>) {
        let Some(shown) = self.batch.shown.as_mut().filter(|_| self.batch.page == Page::Table) else {
            return;
        };
        let head = head(shown, self.layout.body);
        match (wheel, &mut shown.detail) {
            (Some(by), Some(detail)) => detail.view_mut().scroll(by),
            (Some(by), None) => shown.table.step(by),
            (None, Some(_)) => {}
            (None, None) => {
                let line = usize::from(row).checked_sub(usize::from(head) + 1);
                if line.is_some_and(|line| shown.table.click(line)) {
                    shown.table.fit(usize::from(self.layout.body.height.saturating_sub(head + 1)));
                }
            }
        }
    }

    /// Computes what is in sight.
    pub(crate) fn prepare_batch(&mut self, body: Rect) {
        let now = self.now.at;
        self.batch.list.fit(usize::from(body.height.saturating_sub(3)));
        let Some(shown) = self.batch.shown.as_mut().filter(|_| self.batch.page == Page::Table) else {
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
}

/// Rows above the table that are always there: how it goes, what was used, what is shown.
pub const HEAD: u16 = 3;

/// Counts the rows above the table, with those that say how the columns stand to each other.
#[must_use]
pub fn head(shown: &Shown, body: Rect) -> u16 {
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

/// Names what was asked under a ticket for the batch screen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BatchQuestion {
    /// The batches on record.
    List,
    /// A prompt of the batch that is being set up.
    Prompt,
    /// The cells of a batch that is opened.
    Open(Box<BatchOrder>, BatchId),
    /// What the rows in sight say.
    Rows,
    /// The cells of the baseline, by its name.
    Baseline(String),
    /// The run of a cell that is looked at.
    Run(CellIndex),
    /// The run of the same cell of the baseline.
    BaselineRun(CellIndex),
    /// The X-ray of a cell.
    Xray,
}

/// Tells whether a ticket is the one that is waited for.
pub(crate) fn is_waited_for(waited: Option<Ticket>, ticket: Ticket) -> bool {
    waited == Some(ticket)
}
