//! The quality screen: what the runs on record come to, asked for by a line, what got worse first.
//!
//! Where the parts of the quality screen are: all in sight where there is room, else one at a time under tabs.

pub mod groups;
pub(crate) mod refusal;
pub mod trend;
pub mod update;
pub mod whatif;

pub(crate) mod view;

use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::{buffer::Buffer, layout::Rect};

pub use crate::app::quality::groups::{GroupEntry, Grouping, Lines};
use crate::{
    app::{
        action::{Action, GlobalAction, QualityAction, Verb},
        ask,
        context::{Cx, Scene, Shared},
        intent::{Intent, OverlayIntent, QualityIntent},
        quality::{trend::Cursor, update::ReportBaseline, whatif::update::FlipStep},
        query_line::{ask_vocabulary, edit_query},
        refusal::Need,
        screen::{Footer, Pointer, Screen},
        screen_id::ScreenId,
        snippet::Snippet,
    },
    eval::quality::{QualityReport, TrendPoint},
    model::{
        error::StoreError,
        query::{Query, Vocabulary},
    },
    widgets::{
        frame::{FlowItem, text_area},
        key::Chord,
        motion::Motion,
        query_bar::QueryBar,
        table::Table,
    },
};

/// The screen's state.
#[derive(Debug, Clone, Default)]
pub struct QualityScreen {
    /// The line the runs are asked by.
    pub asking: QueryBar,
    /// What the runs come to that were asked for last, as far as it was read.
    pub report: Option<Box<QualityReport>>,
    /// Why there is no report of them.
    pub error: Option<String>,
    /// The part that has the keys; where not all are in sight, the one that is shown.
    pub part: QualityPane,
    /// The window on what changed since the last versions.
    pub changes: Table,
    /// The lines of a grouping.
    pub lines: Lines,
    /// The line that the others are compared with.
    baseline: ReportBaseline,
    /// The cursor on the trend.
    pub cursor: Cursor,
    /// The what-if, where it is looked at.
    pub what_if: Option<Box<whatif::View>>,
    /// The line before the what-if of a batch took its place: closing that leads back to the batch.
    line_before: Option<String>,
    body: Rect,
    /// What the report is wanted of: the query, but for a part that is still being typed.
    pub wanted: Query,
    /// Counts the questions so far: an answer to an earlier one is late.
    round: u64,
    /// The question whose answer was read.
    read: u64,
    /// Whether an answer is waited for.
    waits: bool,
}

impl QualityScreen {
    /// Tells whether the answer to the present question is still to come.
    #[must_use]
    pub fn loading(&self) -> bool {
        self.read != self.round
    }

    /// Counts the stretches of the trend, those without a run among them.
    #[must_use]
    pub fn stretches(&self) -> usize {
        self.report.as_deref().map_or(0, |report| trend::places(report).len())
    }

    /// Returns the stretch under the cursor, if there was a run in it.
    #[must_use]
    pub fn point(&self) -> Option<&TrendPoint> {
        let places = trend::places(self.report.as_deref()?);
        places.get(self.cursor.at(places.len())?).copied().flatten()
    }

    /// Shares the body among the parts.
    #[must_use]
    pub fn areas(&self, body: Rect) -> QualityAreas {
        areas(body, self.part, self.changes.len())
    }

    /// Tells whether the line says something that is asked for only once it is kept.
    #[must_use]
    pub fn waits_for_enter(&self, names: &Vocabulary) -> bool {
        self.asking.mistake.is_none() && self.asking.is_unfinished(names) && self.wanted != self.asking.query
    }

    /// Asks the same question again.
    pub(crate) fn refresh(&mut self, cx: &Cx<'_, Self>) {
        self.asking.read(&cx.shared.local_now());
        self.wanted = self.asking.query.clone();
        self.ask_anew();
    }

    /// Has all be asked anew that is shown.
    fn ask_anew(&mut self) {
        self.round += 1;
        if let Some(view) = &mut self.what_if {
            view.ask();
        }
    }

    /// Asks anew where the line means something else by now.
    pub(crate) fn ask_if_changed(&mut self, names: &Vocabulary) {
        let asking = &self.asking;
        // A line with a mistake means what it meant a letter ago, which nobody asked for.
        if asking.mistake.is_none() && !asking.is_unfinished(names) && self.wanted != asking.query {
            self.wanted = self.asking.query.clone();
            self.ask_anew();
        }
    }

    /// Asks for the report that the screen lacks, one at a time.
    fn ask_report(&mut self, cx: &mut Cx<'_, Self>) {
        if self.what_if.is_none() && !self.waits && self.loading() {
            self.waits = true;
            cx.ask(ask::report(self.wanted.clone()), self.round, Self::report_read);
        }
    }

    /// Takes a report in; a late one is dropped. Why there is none is said in its place.
    fn report_read(&mut self, round: u64, report: Result<Box<QualityReport>, StoreError>, cx: &mut Cx<'_, Self>) {
        self.waits = false;
        if round != self.round {
            return;
        }
        self.read = round;
        match report {
            Ok(report) => self.put_report(report, cx.shared.now.at),
            Err(error) => (self.report, self.error) = (None, Some(error.message)),
        }
    }

    /// Puts a report in the place of the one before; each cursor stays where it was, as far as that is there.
    fn put_report(&mut self, report: Box<QualityReport>, now: Instant) {
        let before = self.report.replace(report);
        let name = before.and_then(|before| self.lines.chosen(&before).map(GroupEntry::name));
        self.error = None;
        if let Some(report) = self.report.as_deref() {
            self.changes.grow(report.changes.len());
            self.lines.arrange(report, name.as_deref(), now);
        }
    }

    /// Puts the lines in order anew; the cursor goes to the first of another grouping.
    pub(crate) fn arrange(&mut self, now: Instant) {
        if let Some(report) = self.report.as_deref() {
            self.lines.arrange(report, None, now);
        }
    }

    /// Goes one step back: out of the query line, the query, and at last to the bench.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        if self.asking.typing {
            self.asking.typing = false;
        } else if self.asking.line.is_empty() {
            cx.send(Intent::Show(ScreenId::Bench));
        } else {
            self.asking.put("", &cx.shared.local_now());
        }
        self.ask_if_changed(&cx.shared.vocabulary);
    }

    /// Weighs what the answers that are counted state of themselves.
    fn calibrate(&self, cx: &mut Cx<'_, Self>) {
        let checks = self.report.as_deref().map(|report| report.checks.as_slice()).unwrap_or_default();
        let (query, truths) = (Box::new(self.wanted.clone()), checks.iter().map(|check| check.name.clone()).collect());
        cx.send(Intent::Overlay(OverlayIntent::OpenCalibration { query, truths }));
    }

    fn is_in_what_if(&self) -> bool {
        self.what_if.is_some()
    }
}

impl Screen for QualityScreen {
    type Own = QualityAction;
    type Request = QualityIntent;

    const ID: ScreenId = ScreenId::Quality;

    const NEEDS: &'static [Need<Self>] = refusal::NEEDS;

    fn enter(&mut self, cx: &mut Cx<'_, Self>) {
        self.refresh(cx);
        ask_vocabulary(cx);
    }

    fn act(&mut self, action: QualityAction, cx: &mut Cx<'_, Self>) {
        if self.asking.typing {
            return;
        }
        match action {
            QualityAction::WhatIf if self.is_in_what_if() => self.close_what_if(cx),
            QualityAction::WhatIf => self.open_what_if(),
            QualityAction::NextFlip if self.is_in_what_if() => self.move_threshold(true, FlipStep::Flip, cx),
            QualityAction::PreviousFlip if self.is_in_what_if() => self.move_threshold(false, FlipStep::Flip, cx),
            QualityAction::WriteThreshold if self.is_in_what_if() => self.ask_write(cx),
            QualityAction::Calibrate if !self.is_in_what_if() => self.calibrate(cx),
            QualityAction::NextFlip
            | QualityAction::PreviousFlip
            | QualityAction::WriteThreshold
            | QualityAction::Calibrate => {}
        }
    }

    fn verb(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        match verb {
            Verb::Leave if self.asking.typing || !self.is_in_what_if() => self.leave(cx),
            verb if self.asking.typing => {
                edit_query(&mut self.asking, verb, cx);
                self.ask_if_changed(&cx.shared.vocabulary);
            }
            verb if self.is_in_what_if() => self.in_what_if(verb, cx),
            verb => self.in_report(verb, cx),
        }
    }

    fn go(&mut self, motion: Motion, cx: &mut Cx<'_, Self>) {
        match (motion, &mut self.what_if) {
            _ if self.asking.typing => {}
            (Motion::Left, Some(_)) => self.move_threshold(false, FlipStep::Round, cx),
            (Motion::Right, Some(_)) => self.move_threshold(true, FlipStep::Round, cx),
            (motion, Some(view)) => view.table.go(motion),
            (motion, None) => self.go_in_report(motion, cx),
        }
    }

    fn receive(&mut self, request: QualityIntent, cx: &mut Cx<'_, Self>) {
        match request {
            QualityIntent::WhatIf(line) => {
                let before = self.asking.line.text();
                self.line_before.get_or_insert(before);
                self.asking.put(&line, &cx.shared.local_now());
                self.ask_if_changed(&cx.shared.vocabulary);
                self.what_if = Some(Box::new(whatif::View::new(None)));
            }
            QualityIntent::SetThreshold(new) => {
                let rule = new.rule.clone();
                cx.ask(ask::set_threshold(new), rule, Self::threshold_set);
            }
        }
    }

    fn typing(&self) -> bool {
        self.asking.typing
    }

    fn key(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool {
        let handled = self.asking.key(chord, &cx.shared.local_now());
        self.ask_if_changed(&cx.shared.vocabulary);
        handled
    }

    /// Takes a paste into the query line; it begins to be typed with it.
    fn paste(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        self.asking.typing = true;
        self.asking.paste(text, &cx.shared.local_now());
        self.ask_if_changed(&cx.shared.vocabulary);
    }

    fn mouse(&mut self, Pointer { at, wheel }: Pointer, cx: &mut Cx<'_, Self>) {
        let body = cx.shared.body;
        if let Some(view) = &mut self.what_if {
            view.click(at, body, wheel);
            return;
        }
        let areas = self.areas(body);
        let parts = [
            (QualityPane::Report, areas.changes),
            (QualityPane::Trend, areas.trend),
            (QualityPane::Lines, areas.lines),
        ];
        let Some((part, area)) = parts.into_iter().find(|(_, area)| area.contains(at)) else {
            self.asking.typing |= wheel.is_none() && areas.head.contains(at);
            return;
        };
        let table = match part {
            QualityPane::Report => &mut self.changes,
            QualityPane::Lines => &mut self.lines.table,
            QualityPane::Trend => {
                self.part = part;
                if let (None, Some(report)) = (wheel, self.report.as_deref()) {
                    let column = at.x.saturating_sub(text_area(area).x);
                    self.cursor.click(&trend::places(report), column, area.width.saturating_sub(4));
                }
                return;
            }
        };
        if let Some(by) = wheel {
            table.step(by);
            return;
        }
        self.part = part;
        // Below the frame and the heads.
        if let Some(line) = at.y.checked_sub(area.y + 2) {
            table.click(usize::from(line));
        }
    }

    fn settle(&mut self, is_shown: bool, cx: &mut Cx<'_, Self>) {
        if is_shown {
            self.ask_baseline(cx);
            self.ask_report(cx);
            self.ask_what_if(cx);
        }
    }

    fn prepare(&mut self, shared: &Shared) {
        let body = shared.body;
        self.body = body;
        if let Some(view) = &mut self.what_if {
            view.fit(below(body));
            return;
        }
        let has_runs = self.report.as_deref().is_some_and(|report| report.runs > 0);
        if has_runs && is_wide(body) && self.part == QualityPane::Report && self.changes.is_empty() {
            self.part = QualityPane::Lines;
        }
        let areas = self.areas(body);
        self.changes.fit(usize::from(areas.changes.height.saturating_sub(2)));
        let below = 2 + u16::from(self.baseline().is_some());
        self.lines.table.fit(usize::from(areas.lines.height.saturating_sub(below)));
    }

    fn draw(&self, scene: Scene<'_>, buffer: &mut Buffer) {
        view::draw(scene, self, buffer);
    }

    fn totals(&self, scene: Scene<'_>) -> Vec<FlowItem> {
        view::summary::of_lines(scene, self)
    }

    fn snippets(&self, _shared: &Shared) -> Vec<Snippet> {
        update::snippets(self)
    }

    fn is_asking(&self) -> bool {
        self.asking.typing
    }

    fn footer(&self, action: Action) -> Footer {
        if self.asking.typing {
            return match action {
                Action::Verb(Verb::Accept) => Footer::As("keep filter"),
                Action::Verb(Verb::NextPane) => Footer::As("complete"),
                action => Footer::of(matches!(action, Action::Global(GlobalAction::Palette | GlobalAction::Help))),
            };
        }
        if let Some(view) = &self.what_if {
            return view.footer(action);
        }
        let any = self.report.as_deref().is_some_and(|report| report.runs > 0);
        match action {
            Action::Verb(verb) => match verb {
                Verb::Accept if self.filters(&TimeZone::UTC).is_some() => Footer::As("list runs"),
                Verb::NextPane if any => Footer::As("next part"),
                Verb::Accept | Verb::NextPane | Verb::OnlyFailed | Verb::OnlyErrors => Footer::Hidden,
                Verb::Copy => Footer::of(any),
                Verb::Sort => Footer::of(any && self.part == QualityPane::Lines),
                Verb::Baseline => {
                    let is_of_runs = matches!(self.lines.kind, Grouping::Runs(_));
                    Footer::of(any && self.part == QualityPane::Lines && is_of_runs)
                }
                Verb::Filter => Footer::As("search"),
                // Their keys stand with the kinds of runs above the report.
                Verb::ToBench => Footer::of(self.filters(&TimeZone::UTC).is_some()),
                Verb::ExportRuns => Footer::As("command line"),
                Verb::Run
                | Verb::NextSample
                | Verb::PreviousSample
                | Verb::Xray
                | Verb::Diff
                | Verb::Next
                | Verb::Previous
                | Verb::Grade
                | Verb::PreviousPane
                | Verb::Leave
                | Verb::MoreCalls
                | Verb::FewerCalls
                | Verb::TurnSort
                | Verb::Refresh
                | Verb::ScoreRuns => Footer::Shown,
            },
            Action::Motion(motion) => match motion {
                Motion::Right if any && self.part == QualityPane::Trend => Footer::As("later"),
                Motion::Right if any => Footer::As("next grouping"),
                Motion::Right => Footer::Hidden,
                Motion::Left
                | Motion::Up
                | Motion::Down
                | Motion::HalfUp
                | Motion::HalfDown
                | Motion::PageUp
                | Motion::PageDown
                | Motion::Top
                | Motion::Bottom => Footer::Shown,
            },
            Action::Quality(action) => match action {
                QualityAction::NextFlip | QualityAction::WriteThreshold => Footer::Hidden,
                QualityAction::WhatIf | QualityAction::PreviousFlip => Footer::Shown,
                QualityAction::Calibrate => Footer::of(any),
            },
            Action::Global(_) => Footer::Shown,
            Action::Overlay(_) | Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Traffic(_) => {
                Footer::Hidden
            }
        }
    }
}

/// Returns the room below the query line.
#[must_use]
pub fn below(body: Rect) -> Rect {
    let head = HEAD.min(body.height);
    Rect { y: body.y + head, height: body.height - head, ..body }
}

/// Rows above the parts: the query line, and what is said of it.
pub(crate) const HEAD: u16 = 2;

/// The width from which on all parts are shown: the figures beside as many stretches as a trend has.
const WIDE: u16 = 118;

/// The height from which on they are.
const TALL: u16 = 33;

/// Columns of the trend with its frame, at least: it has some sixty stretches.
const TREND: u16 = 64;

/// Rows of the figures with their title.
const FIGURES: u16 = 16;

/// Changes that are in sight at once, at most.
const CHANGES: u16 = 4;

/// Rows of a frame: the rule with the title.
const FRAME: u16 = 1;

/// The height from which on totals and trend stay in sight whatever the part.
const SUMMED: u16 = 16;

/// Rows of the bars below the figures; on a small screen they stand beside them.
const BARS: u16 = 3;

/// A part of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QualityPane {
    /// What got worse since the last version, and the figures of all runs.
    #[default]
    Report,
    /// How they go over time.
    Trend,
    /// The lines of a grouping.
    Lines,
}

impl QualityPane {
    /// Every part, in the order of the keys.
    pub const ALL: &[Self] = &[Self::Report, Self::Trend, Self::Lines];
}

/// Where the parts are; a part that is out of sight is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityAreas {
    /// The query line and what is said of it.
    pub head: Rect,
    pub tabs: Rect,
    /// The totals in a row and the trend in a row, but for what the part in sight tells in full; where not all parts are
    /// in sight.
    pub summary: Rect,
    /// What got worse, with its frame.
    pub changes: Rect,
    /// The figures, with their frame where all parts are in sight.
    pub figures: Rect,
    /// The trend, with its frame.
    pub trend: Rect,
    /// The lines, with their frame.
    pub lines: Rect,
}

/// Tells whether all parts are shown.
#[must_use]
pub fn is_wide(body: Rect) -> bool {
    body.width >= WIDE && body.height >= TALL
}

/// Shares the body among its parts, given how many changes there are.
#[must_use]
pub fn areas(body: Rect, part: QualityPane, changes: usize) -> QualityAreas {
    let (head, rest) = cut(body, HEAD);
    let none = Rect { height: 0, ..rest };
    // A title, and the heads above what changed; where nothing did, a sentence.
    let height = |most: u16| 2 + u16::try_from(changes).unwrap_or(most).min(most);
    if is_wide(body) {
        let (above, rest) = cut(rest, height(CHANGES));
        let (middle, lines) = cut(rest, FIGURES);
        let wide = TREND.max(body.width / 2);
        let figures = Rect { width: middle.width.saturating_sub(wide), ..middle };
        let trend = Rect { x: middle.x + figures.width, width: middle.width - figures.width, ..middle };
        return QualityAreas { head, tabs: none, summary: none, changes: above, figures, trend, lines };
    }
    let rows = match part {
        QualityPane::Report | QualityPane::Trend => 1,
        QualityPane::Lines => 2,
    };
    let (summary, rest) = cut(rest, if body.height >= SUMMED { rows } else { 0 });
    let (tabs, rest) = cut(rest, 1);
    let shown = QualityAreas { head, tabs, summary, changes: none, figures: none, trend: none, lines: none };
    match part {
        QualityPane::Report => {
            // Without their frame the figures take as many rows as there are of them, if there is room.
            let most = rest.height.saturating_sub(FIGURES + 2 - BARS - FRAME).clamp(1, CHANGES);
            let (changes, figures) = cut(rest, height(most));
            QualityAreas { changes, figures, ..shown }
        }
        QualityPane::Trend => QualityAreas { trend: rest, ..shown },
        QualityPane::Lines => QualityAreas { lines: rest, ..shown },
    }
}

fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_lies_over_another_whatever_the_size() {
        for (width, height) in [(120, 37), (200, 60), (80, 21), (60, 13), (118, 33), (117, 33), (0, 0), (9, 2)] {
            let body = Rect::new(0, 1, width, height);
            for (part, changes) in QualityPane::ALL.iter().flat_map(|part| [(*part, 0), (*part, 2), (*part, 90)]) {
                let QualityAreas { head, tabs, summary, changes, figures, trend, lines } = areas(body, part, changes);
                let all = [head, tabs, summary, changes, figures, trend, lines];
                for (at, one) in all.iter().enumerate() {
                    assert!(body.union(*one) == body || one.is_empty(), "{one} in {body}");
                    for other in all.iter().skip(at + 1) {
                        assert!(one.intersection(*other).is_empty(), "{one} {other}");
                    }
                }
            }
        }
    }
}
