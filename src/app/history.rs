//! The history screen: the runs on record, asked for by a line, looked at, compared, graded, opened again.

pub mod detail;
pub mod run_list;

pub(crate) mod refusal;
pub(crate) mod update;
pub(crate) mod view;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{
        action::{Action, GlobalAction, HistoryAction, Verb},
        ask,
        context::{Cx, Scene, Shared},
        history::{
            detail::{Pair, RunDetail},
            run_list::{KindCounts, ListedFigures, Runs},
            update::Want,
        },
        intent::{HistoryIntent, Intent},
        query_line::{RunKind, ask_vocabulary, edit_query},
        refusal::Need,
        screen::{Footer, Pointer, Screen},
        screen_id::ScreenId,
        snippet::Snippet,
    },
    model::query::Query,
    present::run_columns::RunColumn,
    store::api::HistoryEntry,
    widgets::{
        frame::{FlowItem, text_area},
        key::Chord,
        motion::Motion,
        query_bar::QueryBar,
    },
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
    pub detail: Option<Box<RunDetail>>,
    /// Why the run under the cursor cannot be read.
    pub error: Option<(crate::model::RunId, String)>,
    /// Whether the keys move in the run, and not in the list.
    pub reading: bool,
    /// The line it was asked by from the quality screen: a step back leads there.
    pub came_by: Option<String>,
    /// Two runs that are compared.
    pub pair: Option<Box<Pair>>,
    /// How many runs of each kind the line asks for.
    pub kinds: KindCounts,
    /// What those that are listed come to.
    pub sums: ListedFigures,
    /// Whether the list and the run are both in sight.
    both: bool,
    /// Whether the run under the cursor is being read.
    looks: bool,
    width: u16,
}

impl History {
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
    pub fn shown(&self) -> Option<&RunDetail> {
        let run = self.chosen()?.run;
        self.detail.as_deref().filter(|detail| detail.run() == run)
    }
}

/// Where the parts of the screen are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryAreas {
    /// The query line and what is said of it.
    pub head: Rect,
    /// The table, its head included; empty where it is out of sight.
    pub table: Rect,
    /// The run, its frame included; empty where it is out of sight.
    pub detail: Rect,
}

/// Shares the body among its parts.
#[must_use]
pub fn areas(body: Rect, reading: bool) -> HistoryAreas {
    let head = Rect { height: HEAD.min(body.height), ..body };
    let rest = Rect { y: body.y + head.height, height: body.height - head.height, ..body };
    let none = Rect { height: 0, ..rest };
    if is_wide(body) {
        let rows = (rest.height * 2 / 5).max(8);
        let table = Rect { height: rows, ..rest };
        HistoryAreas { head, table, detail: Rect { y: rest.y + rows, height: rest.height - rows, ..rest } }
    } else if reading {
        HistoryAreas { head, table: none, detail: rest }
    } else {
        HistoryAreas { head, table: rest, detail: none }
    }
}

fn is_wide(body: Rect) -> bool {
    body.width >= WIDE && body.height >= TALL
}

impl Screen for History {
    type Own = HistoryAction;
    type Request = HistoryIntent;

    const ID: ScreenId = ScreenId::History;

    const NEEDS: &'static [Need<Self>] = refusal::NEEDS;

    fn enter(&mut self, cx: &mut Cx<'_, Self>) {
        self.refresh(cx);
        ask_vocabulary(cx);
    }

    fn act(&mut self, action: HistoryAction, cx: &mut Cx<'_, Self>) {
        if self.asking.typing || self.pair.is_some() {
            return;
        }
        match action {
            HistoryAction::MarkRun => {
                self.runs.mark();
                self.runs.table.step(1);
            }
            HistoryAction::PinRun => self.pin_run(cx),
            HistoryAction::RemoveRun => self.ask_remove(cx),
            HistoryAction::ShowPictures => self.with_record(Want::Pictures, cx),
            HistoryAction::Columns => self.open_columns(cx),
        }
    }

    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match verb {
            Verb::Leave => self.leave(cx),
            verb if self.asking.typing => {
                let before = self.asking.query.clone();
                edit_query(&mut self.asking, verb, cx);
                self.asked_anew(&before);
            }
            verb if self.pair.is_some() => self.in_pair(verb, cx),
            verb => self.in_list(verb, cx),
        }
    }

    fn go(&mut self, motion: Motion, _cx: &mut Cx<'_, Self>) {
        if self.asking.typing {
            match motion {
                Motion::Up | Motion::Down | Motion::PageUp | Motion::PageDown => self.runs.table.go(motion),
                Motion::Left | Motion::Right | Motion::HalfUp | Motion::HalfDown | Motion::Top | Motion::Bottom => {}
            }
        } else if let Some(pair) = &mut self.pair {
            if let Some(difference) = pair.difference_mut() {
                difference.view_mut().go(motion);
            }
        } else if self.reading {
            self.go_in_run(motion);
        } else {
            self.runs.table.go(motion);
        }
    }

    fn receive(&mut self, request: HistoryIntent, cx: &mut Cx<'_, Self>) {
        match request {
            HistoryIntent::Narrow(line) => self.narrow(&line, &cx.shared.local_now()),
            HistoryIntent::SetColumns(columns) => self.columns = columns,
            HistoryIntent::XrayBeside { forward } => self.xray_beside(forward, cx),
            HistoryIntent::RemoveRun(run) => cx.ask(ask::remove_run(run), run, Self::run_removed),
        }
    }

    fn typing(&self) -> bool {
        self.asking.typing
    }

    fn key(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool {
        let before = self.asking.query.clone();
        let handled = self.asking.key(chord, &cx.shared.local_now());
        self.asked_anew(&before);
        handled
    }

    /// Takes a paste into the query line; it begins to be typed with it.
    fn paste(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if self.pair.is_none() {
            let before = self.asking.query.clone();
            self.asking.typing = true;
            self.asking.paste(text, &cx.shared.local_now());
            self.asked_anew(&before);
        }
    }

    fn mouse(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>) {
        if let (Some(pair), Some(by)) = (&mut self.pair, pointer.wheel) {
            pair.scroll(by);
            return;
        }
        let areas = areas(cx.shared.body, self.reading);
        let at = pointer.at.y;
        let on = |area: Rect| at >= area.y && at < area.bottom();
        match pointer.wheel {
            Some(by) if on(areas.detail) => {
                if let Some(detail) = &mut self.detail {
                    detail.scroll(by);
                }
            }
            Some(by) => self.runs.table.step(by),
            None if on(areas.table) => {
                self.reading = false;
                if let Some(line) = usize::from(at).checked_sub(usize::from(areas.table.y) + 1) {
                    self.runs.table.click(line);
                }
            }
            None if on(areas.detail) => self.reading = true,
            None => self.asking.typing = self.pair.is_none(),
        }
    }

    fn settle(&mut self, is_shown: bool, cx: &mut Cx<'_, Self>) {
        if is_shown {
            self.ask_page(cx);
            self.ask_kinds(cx);
            self.ask_run(cx);
            self.ask_sums(cx);
        }
    }

    fn prepare(&mut self, shared: &Shared) {
        let body = shared.body;
        (self.both, self.width) = (is_wide(body), body.width);
        let areas = areas(body, self.reading);
        self.runs.table.fit(usize::from(areas.table.height.saturating_sub(1)));
        let inside = text_area(areas.detail);
        if let Some(detail) = &mut self.detail {
            detail.fit(inside.width, inside.height);
        }
        if let Some(pair) = &mut self.pair {
            let area = detail::area(body);
            pair.fit(area.width, area.height);
        }
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        view::draw(scene, self, buffer);
    }

    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        view::totals(scene, self)
    }

    fn snippets(&self, _shared: &Shared) -> Vec<Snippet> {
        update::snippets(self)
    }

    fn is_asking(&self) -> bool {
        self.asking.typing
    }

    fn footer(&self, action: Action) -> Footer {
        let leads_on = matches!(action, Action::Global(GlobalAction::Palette | GlobalAction::Help));
        if self.asking.typing {
            return match action {
                Action::Verb(Verb::Accept) => Footer::As("keep filter"),
                action => Footer::of(action == Action::Verb(Verb::NextPane) || leads_on),
            };
        }
        if self.pair.is_some() {
            return Footer::of(matches!(action, Action::Verb(Verb::Next | Verb::Leave)) || leads_on);
        }
        let chosen = self.chosen();
        match action {
            Action::Verb(verb) => match verb {
                Verb::Accept if !self.reading && chosen.is_some() => Footer::As("read"),
                Verb::Run if chosen.is_some() => Footer::As("run again"),
                Verb::Diff if !self.runs.marked.is_empty() => Footer::As("compare"),
                Verb::Accept | Verb::Next | Verb::Diff | Verb::OnlyFailed | Verb::OnlyErrors => Footer::Hidden,
                Verb::Run | Verb::Grade | Verb::Copy | Verb::Xray | Verb::Sort | Verb::ToBench => {
                    Footer::of(chosen.is_some())
                }
                Verb::Filter => Footer::As("search"),
                Verb::NextSample
                | Verb::PreviousSample
                | Verb::Baseline
                | Verb::Previous
                | Verb::NextPane
                | Verb::PreviousPane
                | Verb::Leave
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ExportRuns
                | Verb::ScoreRuns => Footer::Shown,
                // Their keys stand with the kinds of runs above the list.
            },
            Action::History(action) => match action {
                HistoryAction::MarkRun => Footer::of(chosen.is_some()),
                HistoryAction::PinRun if chosen.is_some_and(|entry| entry.pinned) => Footer::As("unpin"),
                HistoryAction::ShowPictures => Footer::of(self.shown().is_some_and(RunDetail::has_pictures)),
                HistoryAction::PinRun | HistoryAction::RemoveRun | HistoryAction::Columns => Footer::Shown,
            },
            Action::Global(_) | Action::Motion(_) => Footer::Shown,
            Action::Overlay(_) | Action::Bench(_) | Action::Batch(_) | Action::Quality(_) | Action::Traffic(_) => {
                Footer::Hidden
            }
        }
    }
}

impl History {
    /// Goes one step back: out of the query line, the comparison, the run, to the report it came from, out of
    /// the query, and at last to the bench.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        if self.asking.typing {
            self.asking.typing = false;
        } else if self.pair.take().is_some() {
        } else if self.reading {
            self.reading = false;
        } else if self.leads_back() {
            self.came_by = None;
            cx.send(Intent::Show(ScreenId::Quality));
        } else if !self.asking.line.is_empty() {
            self.asking.put("", &cx.shared.local_now());
            self.runs.ask();
        } else if !self.runs.marked.is_empty() {
            self.runs.marked.clear();
        } else {
            cx.send(Intent::Show(ScreenId::Bench));
        }
    }

    /// Shows the runs of a kind in the place of another, or all again. A step back still leads where it led.
    pub(crate) fn show_kind(&mut self, kind: RunKind, cx: &mut Cx<'_, Self>) {
        let kind = if RunKind::of(&self.asking.query) == kind { RunKind::All } else { kind };
        let (line, back) = (kind.line(&self.asking.line.text()), self.leads_back());
        self.asking.put(&line, &cx.shared.local_now());
        if back {
            self.came_by = Some(line);
        }
        self.runs.ask();
    }

    /// Asks for the runs anew where the line means something else by now.
    pub(crate) fn asked_anew(&mut self, before: &Query) {
        if self.asking.query != *before {
            self.runs.ask();
        }
    }
}
