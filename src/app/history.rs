//! The history screen: the runs on record, asked for by a line, looked at, compared, graded, opened again.

pub mod detail;
pub mod run_list;

pub(crate) mod update;
pub(crate) mod view;

use ratatui::layout::{Margin, Rect};

pub(crate) use crate::app::history::update::{HistoryQuestion, put as put_run};
pub use crate::app::history::update::{answered_by, text as copied};
use crate::{
    app::{
        Action, App, ScreenId,
        action::{GlobalAction, HistoryAction, Verb},
        history::{
            detail::{Detail, Pair},
            run_list::Runs,
            update::Want,
        },
        input::edit_query,
    },
    present::run_columns::RunColumn,
    store::api::HistoryEntry,
    widgets::{key::Chord, motion::Motion, query_bar::QueryBar},
};

/// Rows above the table: the query line, and what is said of it.
pub const HEAD: u16 = 2;

/// The width from which on the list and the run under the cursor are shown together.
const WIDE: u16 = 110;

/// The height from which on they are.
const TALL: u16 = 24;

/// The screen's state.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The line the runs are asked by.
    pub asking: QueryBar,
    /// The runs that are listed.
    pub runs: Runs,
    /// The columns that were chosen; the usual ones of the screen's width where none were.
    pub columns: Option<Vec<RunColumn>>,
    /// The run under the cursor, as far as it was read.
    pub detail: Option<Box<Detail>>,
    /// Why the run under the cursor cannot be read.
    pub fault: Option<(crate::model::RunId, String)>,
    /// Whether the keys move in the run, and not in the list.
    pub reading: bool,
    /// The line it was asked by from the quality screen: a step back leads there.
    pub came_by: Option<String>,
    /// Two runs that are compared.
    pub pair: Option<Box<Pair>>,
    /// Whether the list and the run are both in sight.
    both: bool,
    width: u16,
}

impl History {
    /// Tells whether letters go into the query line.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.asking.typing
    }

    /// Tells whether a step back leads to the quality screen, whose line is asked by.
    #[must_use]
    pub fn leads_back(&self) -> bool {
        self.came_by.as_ref().is_some_and(|line| *line == self.asking.line.text())
    }

    /// Asks by a line that the quality screen made.
    pub(crate) fn narrow(&mut self, line: &str, now: &jiff::Zoned) {
        self.asking.put(line, now);
        self.asking.typing = false;
        self.came_by = Some(line.to_owned());
        (self.reading, self.pair) = (false, None);
        self.runs.ask();
    }

    /// Lists the columns that are shown.
    #[must_use]
    pub fn shown_columns(&self) -> Vec<RunColumn> {
        self.columns.clone().unwrap_or_else(|| RunColumn::usual(self.width))
    }

    /// Returns the run under the cursor.
    #[must_use]
    pub fn chosen(&self) -> Option<&HistoryEntry> {
        self.runs.chosen()
    }

    /// Returns the record of the run under the cursor, if it was read.
    #[must_use]
    pub fn shown(&self) -> Option<&Detail> {
        let run = self.chosen()?.run;
        self.detail.as_deref().filter(|detail| detail.run() == run)
    }

    /// Tells whether an action is worth its place in the footer just now.
    #[must_use]
    pub fn is_useful(&self, action: Action) -> bool {
        if self.asking.typing {
            return matches!(
                action,
                Action::Verb(Verb::Accept | Verb::NextPane)
                    | Action::Global(GlobalAction::Palette | GlobalAction::Help)
            );
        }
        if self.pair.is_some() {
            return matches!(
                action,
                Action::Verb(Verb::NextDifference | Verb::Leave)
                    | Action::Global(GlobalAction::Palette | GlobalAction::Help)
            );
        }
        match action {
            Action::Verb(Verb::Accept) => !self.reading && self.chosen().is_some(),
            Action::Verb(Verb::Run | Verb::Grade | Verb::Copy | Verb::Xray | Verb::Sort)
            | Action::History(HistoryAction::ToBench | HistoryAction::MarkRun) => self.chosen().is_some(),
            Action::Verb(Verb::Diff) => !self.runs.marked.is_empty(),
            Action::Verb(Verb::NextDifference) => false,
            _ => true,
        }
    }

    /// Says in a word what an action does just now, where that is not what it is called.
    #[must_use]
    pub fn said(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Verb(Verb::Accept) if self.asking.typing => Some("keeps it"),
            Action::Verb(Verb::Accept) => Some("read"),
            Action::Verb(Verb::Filter) => Some("search"),
            Action::Verb(Verb::Run) => Some("run again"),
            Action::Verb(Verb::Diff) => Some("compare"),
            Action::History(HistoryAction::PinRun) if self.chosen().is_some_and(|entry| entry.pinned) => Some("unpin"),
            _ => None,
        }
    }
}

/// Where the parts of the screen are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// The query line and what is said of it.
    pub head: Rect,
    /// The table, its head included; empty where it is out of sight.
    pub table: Rect,
    /// The run, its frame included; empty where it is out of sight.
    pub detail: Rect,
}

/// Shares the body among its parts.
#[must_use]
pub fn areas(body: Rect, reading: bool) -> Areas {
    let head = Rect { height: HEAD.min(body.height), ..body };
    let rest = Rect { y: body.y + head.height, height: body.height - head.height, ..body };
    let none = Rect { height: 0, ..rest };
    if is_wide(body) {
        let rows = (rest.height * 2 / 5).max(8);
        let table = Rect { height: rows, ..rest };
        Areas { head, table, detail: Rect { y: rest.y + rows, height: rest.height - rows, ..rest } }
    } else if reading {
        Areas { head, table: none, detail: rest }
    } else {
        Areas { head, table: rest, detail: none }
    }
}

fn is_wide(body: Rect) -> bool {
    body.width >= WIDE && body.height >= TALL
}

impl App {
    /// Asks for the newest runs, and for the names that filters can have.
    pub(crate) fn enter_history(&mut self) {
        self.refresh_history();
        self.ask_vocabulary();
    }

    /// Does an action of the history's own.
    pub(crate) fn history_act(&mut self, action: HistoryAction) {
        if self.history.asking.typing || self.history.pair.is_some() {
            return;
        }
        match action {
            HistoryAction::ToBench => self.with_record(Want::Bench { run: false }),
            HistoryAction::MarkRun => {
                self.history.runs.mark();
                self.history.runs.table.step(1);
            }
            HistoryAction::PinRun => self.pin_run(),
            HistoryAction::RemoveRun => self.ask_remove(),
            HistoryAction::Columns => self.open_columns(),
        }
    }

    /// Does in the history what other screens do, too.
    pub(crate) fn history_verb(&mut self, verb: Verb) {
        match verb {
            Verb::Leave => self.leave_history(),
            verb if self.history.asking.typing => self.in_query(verb),
            verb if self.history.pair.is_some() => self.in_pair(verb),
            verb => self.in_history(verb),
        }
    }

    /// Moves: in the list while the query line is typed, else in what is shown.
    pub(crate) fn history_go(&mut self, motion: Motion) {
        let history = &mut self.history;
        if history.asking.typing {
            match motion {
                Motion::Up | Motion::Down | Motion::PageUp | Motion::PageDown => history.runs.table.go(motion),
                Motion::Left | Motion::Right | Motion::HalfUp | Motion::HalfDown | Motion::Top | Motion::Bottom => {}
            }
        } else if let Some(pair) = &mut history.pair {
            if let Some(difference) = pair.difference_mut() {
                difference.view_mut().go(motion);
            }
        } else if history.reading {
            history.go_in_run(motion);
        } else {
            history.runs.table.go(motion);
        }
    }

    /// Goes one step back: out of the query line, the comparison, the run, to the report it came from, out of
    /// the query, and at last to the bench.
    fn leave_history(&mut self) {
        let now = self.local_now();
        let history = &mut self.history;
        if history.asking.typing {
            history.asking.typing = false;
        } else if history.pair.take().is_some() {
        } else if history.reading {
            history.reading = false;
        } else if history.leads_back() {
            history.came_by = None;
            self.go_to(ScreenId::Quality);
        } else if !history.asking.line.is_empty() {
            history.asking.put("", &now);
            history.runs.ask();
        } else if !history.runs.marked.is_empty() {
            history.runs.marked.clear();
        } else {
            self.go_to(ScreenId::Bench);
        }
    }

    /// Does something while the query line is typed.
    fn in_query(&mut self, verb: Verb) {
        let before = self.history.asking.query.clone();
        let now = self.local_now();
        if let Some((tone, says)) = edit_query(&mut self.history.asking, verb, &now) {
            self.say(tone, &says);
        }
        self.asked_anew(&before);
    }

    /// Takes a key into the query line. Tells whether it meant anything to it.
    pub(crate) fn history_key(&mut self, chord: Chord) -> bool {
        let (before, now) = (self.history.asking.query.clone(), self.local_now());
        let taken = self.history.asking.key(chord, &now);
        self.asked_anew(&before);
        taken
    }

    /// Takes a paste into the query line; it begins to be typed with it.
    pub(crate) fn history_paste(&mut self, text: &str) {
        let (before, now) = (self.history.asking.query.clone(), self.local_now());
        if self.history.pair.is_none() {
            self.history.asking.typing = true;
            self.history.asking.paste(text, &now);
            self.asked_anew(&before);
        }
    }

    /// Asks for the runs anew where the line means something else by now.
    pub(crate) fn asked_anew(&mut self, before: &crate::model::query::Query) {
        if self.history.asking.query != *before {
            self.history.runs.ask();
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(crate) fn history_mouse(&mut self, _column: u16, row: u16, wheel: Option<isize>) {
        let body = self.layout.body;
        let history = &mut self.history;
        if let (Some(pair), Some(by)) = (&mut history.pair, wheel) {
            pair.scroll(by);
            return;
        }
        let areas = areas(body, history.reading);
        let at = body.y.saturating_add(row);
        let on = |area: Rect| at >= area.y && at < area.bottom();
        match wheel {
            Some(by) if on(areas.detail) => {
                if let Some(detail) = &mut history.detail {
                    detail.scroll(by);
                }
            }
            Some(by) => history.runs.table.step(by),
            None if on(areas.table) => {
                history.reading = false;
                if let Some(line) = usize::from(at).checked_sub(usize::from(areas.table.y) + 1) {
                    history.runs.table.click(line);
                }
            }
            None if on(areas.detail) => history.reading = true,
            None => history.asking.typing = history.pair.is_none(),
        }
    }

    /// Computes what is in sight.
    pub(crate) fn prepare_history(&mut self, body: Rect) {
        let history = &mut self.history;
        (history.both, history.width) = (is_wide(body), body.width);
        let areas = areas(body, history.reading);
        history.runs.table.fit(usize::from(areas.table.height.saturating_sub(1)));
        let inside = areas.detail.inner(Margin::new(2, 1));
        if let Some(detail) = &mut history.detail {
            detail.fit(inside.width, inside.height);
        }
        if let Some(pair) = &mut history.pair {
            let area = detail::area(body);
            pair.fit(area.width, area.height);
        }
    }
}
