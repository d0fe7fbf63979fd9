//! The quality screen: what the runs on record come to, asked for by a line, what got worse first.
//!
//! Where the parts of the quality screen are: all in sight where there is room, else one at a time under tabs.

pub mod groups;
pub mod trend;
pub mod update;
pub mod whatif;

pub(crate) mod view;

use jiff::tz::TimeZone;
use ratatui::layout::{Position, Rect};

pub use crate::app::quality::{
    groups::{GroupEntry, Grouping, Lines},
    update::text as copied,
};
use crate::{
    app::{
        Action, App, ScreenId,
        action::{GlobalAction, QualityAction, Verb},
        input::edit_query,
        quality::{trend::Cursor, update::Baseline, whatif::update::FlipStep},
        store_request::Pending,
    },
    eval::quality::{Point, Report},
    model::query::Query,
    store::api::{StoreReply, StoreRequest},
    widgets::{key::Chord, motion::Motion, query_bar::QueryBar, table::Table},
};

/// The screen's state.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    /// The line the runs are asked by.
    pub asking: QueryBar,
    /// What the runs come to that were asked for last, as far as it was read.
    pub report: Option<Box<Report>>,
    /// Why there is no report of them.
    pub fault: Option<String>,
    /// The part that has the keys; where not all are in sight, the one that is shown.
    pub part: QualityPane,
    /// The window on what changed since the last versions.
    pub changes: Table,
    /// The lines of a grouping.
    pub lines: Lines,
    /// The line that the others are weighed against.
    baseline: Baseline,
    /// The cursor on the trend.
    pub cursor: Cursor,
    /// The what-if, where it is looked at.
    pub what_if: Option<Box<whatif::View>>,
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

/// Names what was asked under a ticket for the quality screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QualityQuestion {
    /// A report, by the number of its question.
    Report(u64),
    /// A line against the baseline, by the number of that question.
    Baseline(u64),
    /// Something for the what-if.
    WhatIf(whatif::WhatIfQuestion),
}

impl Quality {
    /// Tells whether letters go into the query line.
    #[must_use]
    pub fn typing(&self) -> bool {
        self.asking.typing
    }

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
    pub fn point(&self) -> Option<&Point> {
        let places = trend::places(self.report.as_deref()?);
        places.get(self.cursor.at(places.len())?).copied().flatten()
    }

    /// Shares the body among the parts.
    #[must_use]
    pub fn areas(&self, body: Rect) -> Areas {
        areas(body, self.part, self.changes.len())
    }

    /// Tells whether the line says something that is asked for only once it is kept.
    #[must_use]
    pub fn waits_for_enter(&self) -> bool {
        self.asking.mistake.is_none() && self.asking.is_unfinished() && self.wanted != self.asking.query
    }

    /// Tells whether an action is worth its place in the footer just now.
    #[must_use]
    pub fn is_useful(&self, action: Action) -> bool {
        if self.asking.typing {
            return matches!(
                action,
                Action::Verb(Verb::Accept)
                    | Action::Verb(Verb::NextPane)
                    | Action::Global(GlobalAction::Palette)
                    | Action::Global(GlobalAction::Help)
            );
        }
        if let Some(view) = &self.what_if {
            return view.is_useful(action);
        }
        if matches!(action, Action::Quality(QualityAction::NextFlip) | Action::Quality(QualityAction::WriteThreshold)) {
            return false;
        }
        let any = self.report.as_deref().is_some_and(|report| report.runs > 0);
        match action {
            Action::Verb(Verb::Accept) => self.filters(&TimeZone::UTC).is_some(),
            Action::Verb(Verb::NextPane) | Action::Motion(Motion::Right) | Action::Verb(Verb::Copy) => any,
            Action::Verb(Verb::Sort) => any && self.part == QualityPane::Lines,
            Action::Verb(Verb::Baseline) => {
                any && self.part == QualityPane::Lines && matches!(self.lines.kind, Grouping::Runs(_))
            }
            _ => true,
        }
    }

    /// Says in a word what an action does just now, where that is not what it is called.
    #[must_use]
    pub fn said(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Verb(Verb::Accept) if self.asking.typing => Some("keeps it"),
            Action::Verb(Verb::NextPane) if self.asking.typing => Some("completes it"),
            action if self.what_if.is_some() && action != Action::Verb(Verb::Filter) => {
                self.what_if.as_ref()?.said(action)
            }
            Action::Verb(Verb::Accept) => Some("its runs"),
            Action::Verb(Verb::Filter) => Some("search"),
            Action::Verb(Verb::NextPane) => Some("next part"),
            Action::Motion(Motion::Right) if self.part == QualityPane::Trend => Some("later"),
            Action::Motion(Motion::Right) => Some("group by the next"),
            Action::Verb(Verb::ExportRuns) => Some("command line"),
            _ => None,
        }
    }
}

impl App {
    /// Asks for the report of what is on record now, and for the names that filters can have.
    pub(crate) fn enter_quality(&mut self) {
        self.refresh_quality();
        self.ask_vocabulary();
    }

    /// Asks the same question again.
    pub(crate) fn refresh_quality(&mut self) {
        let now = self.local_now();
        self.quality.asking.read(&now);
        self.quality.wanted = self.quality.asking.query.clone();
        self.ask_quality();
    }

    /// Has all be asked anew that is shown.
    fn ask_quality(&mut self) {
        self.quality.round += 1;
        if let Some(view) = &mut self.quality.what_if {
            view.ask();
        }
    }

    /// Asks for the report that the screen lacks, one at a time.
    pub(crate) fn settle_quality(&mut self) {
        self.settle_baseline();
        let quality = &mut self.quality;
        if self.screen != ScreenId::Quality || quality.what_if.is_some() || quality.waits || !quality.loading() {
            return;
        }
        quality.waits = true;
        let (query, round) = (Box::new(quality.wanted.clone()), quality.round);
        self.ask_store(StoreRequest::Report(query), Pending::Quality(QualityQuestion::Report(round)));
    }

    /// Takes an answer of the store for the screen in; a late one is dropped.
    pub(crate) fn quality_stored(&mut self, asked: QualityQuestion, reply: StoreReply) {
        let round = match asked {
            QualityQuestion::Report(round) => round,
            QualityQuestion::Baseline(number) => return self.quality.baseline.take(number, Ok(reply)),
            QualityQuestion::WhatIf(asked) => return self.what_if_stored(asked, reply),
        };
        self.quality.waits = false;
        if round != self.quality.round {
            return;
        }
        self.quality.read = round;
        if let StoreReply::Report(report) = reply {
            self.put_report(report);
        }
    }

    /// Puts a report in the place of the one before; each cursor stays where it was, as far as that is there.
    fn put_report(&mut self, report: Box<Report>) {
        let quality = &mut self.quality;
        let before = quality.report.replace(report);
        let name = before.and_then(|before| quality.lines.chosen(&before).map(GroupEntry::name));
        quality.fault = None;
        if let Some(report) = quality.report.as_deref() {
            quality.changes.grow(report.changes.len());
            quality.lines.arrange(report, name.as_deref(), self.now.at);
        }
    }

    /// Puts the lines in order anew; the cursor goes to the first of another grouping.
    fn arrange_quality(&mut self) {
        let quality = &mut self.quality;
        if let Some(report) = quality.report.as_deref() {
            quality.lines.arrange(report, None, self.now.at);
        }
    }

    /// Says why there is no report.
    pub(crate) fn quality_fault(&mut self, asked: QualityQuestion, why: &str) {
        let round = match asked {
            QualityQuestion::Report(round) => round,
            QualityQuestion::Baseline(number) => return self.quality.baseline.take(number, Err(why.to_owned())),
            QualityQuestion::WhatIf(asked) => return self.what_if_fault(asked, why),
        };
        self.quality.waits = false;
        if round == self.quality.round {
            self.quality.read = round;
            self.quality.report = None;
            self.quality.fault = Some(why.to_owned());
        }
    }

    /// Does an action of the quality screen's own.
    pub(crate) fn quality_act(&mut self, action: QualityAction) {
        if self.quality.asking.typing {
            return self.quality_asked();
        }
        let in_what_if = self.quality.what_if.is_some();
        match action {
            QualityAction::WhatIf if in_what_if => self.quality.what_if = None,
            QualityAction::WhatIf => self.open_what_if(),
            QualityAction::NextFlip if in_what_if => self.move_threshold(true, FlipStep::Flip),
            QualityAction::PreviousFlip if in_what_if => self.move_threshold(false, FlipStep::Flip),
            QualityAction::WriteThreshold if in_what_if => self.ask_write(),
            QualityAction::NextFlip | QualityAction::PreviousFlip | QualityAction::WriteThreshold => {}
        }
    }

    /// Does on the quality screen what other screens do, too.
    pub(crate) fn quality_verb(&mut self, verb: Verb) {
        match verb {
            Verb::Leave if self.quality.asking.typing || self.quality.what_if.is_none() => self.leave_quality(),
            verb if self.quality.asking.typing => {
                let now = self.local_now();
                if let Some((tone, says)) = edit_query(&mut self.quality.asking, verb, &now) {
                    self.say(tone, &says);
                }
                self.quality_asked();
            }
            verb if self.quality.what_if.is_some() => self.in_what_if(verb),
            verb => self.in_report(verb),
        }
    }

    /// Moves in the what-if, or in the part of the report that has the keys.
    pub(crate) fn quality_go(&mut self, motion: Motion) {
        if self.quality.asking.typing {
            return self.quality_asked();
        }
        match motion {
            Motion::Left if self.quality.what_if.is_some() => self.move_threshold(false, FlipStep::Round),
            Motion::Right if self.quality.what_if.is_some() => self.move_threshold(true, FlipStep::Round),
            motion => match &mut self.quality.what_if {
                Some(view) => view.table.go(motion),
                None => self.go_in_report(motion),
            },
        }
    }

    /// Goes one step back: out of the query line, the query, and at last to the bench.
    fn leave_quality(&mut self) {
        let now = self.local_now();
        let asking = &mut self.quality.asking;
        if asking.typing {
            asking.typing = false;
        } else if asking.line.is_empty() {
            self.go_to(ScreenId::Bench);
        } else {
            asking.put("", &now);
        }
        self.quality_asked();
    }

    /// Takes a key into the query line. Tells whether it meant anything to it.
    pub(crate) fn quality_key(&mut self, chord: Chord) -> bool {
        let now = self.local_now();
        let taken = self.quality.asking.key(chord, &now);
        self.quality_asked();
        taken
    }

    /// Takes a paste into the query line; it begins to be typed with it.
    pub(crate) fn quality_paste(&mut self, text: &str) {
        self.quality.asking.typing = true;
        let now = self.local_now();
        self.quality.asking.paste(text, &now);
        self.quality_asked();
    }

    /// Asks anew where the line means something else by now.
    fn quality_asked(&mut self) {
        let quality = &mut self.quality;
        let asking = &quality.asking;
        // A line with a mistake means what it meant a letter ago, which nobody asked for.
        if asking.mistake.is_none() && !asking.is_unfinished() && quality.wanted != asking.query {
            quality.wanted = quality.asking.query.clone();
            self.ask_quality();
        }
    }

    /// Takes a click or a turn of the wheel.
    pub(crate) fn quality_mouse(&mut self, column: u16, row: u16, wheel: Option<isize>) {
        let body = self.layout.body;
        let quality = &mut self.quality;
        let at = Position::new(body.x.saturating_add(column), body.y.saturating_add(row));
        if let Some(view) = &mut quality.what_if {
            view.click(at, body, wheel);
            return;
        }
        let areas = quality.areas(body);
        let parts = [
            (QualityPane::Report, areas.changes),
            (QualityPane::Trend, areas.trend),
            (QualityPane::Lines, areas.lines),
        ];
        let Some((part, area)) = parts.into_iter().find(|(_, area)| area.contains(at)) else {
            quality.asking.typing |= wheel.is_none() && areas.head.contains(at);
            return;
        };
        let table = match part {
            QualityPane::Report => &mut quality.changes,
            QualityPane::Lines => &mut quality.lines.table,
            QualityPane::Trend => {
                quality.part = part;
                if let (None, Some(report)) = (wheel, quality.report.as_deref()) {
                    let column = at.x.saturating_sub(area.x + 2);
                    quality.cursor.click(&trend::places(report), column, area.width.saturating_sub(4));
                }
                return;
            }
        };
        if let Some(by) = wheel {
            table.step(by);
            return;
        }
        quality.part = part;
        // Below the frame and the heads.
        if let Some(line) = at.y.checked_sub(area.y + 2) {
            table.click(usize::from(line));
        }
    }

    /// Computes what is in sight.
    pub(crate) fn prepare_quality(&mut self, body: Rect) {
        let quality = &mut self.quality;
        quality.body = body;
        if let Some(view) = &mut quality.what_if {
            view.fit(below(body));
            return;
        }
        let told = quality.report.as_deref().is_some_and(|report| report.runs > 0);
        if told && is_wide(body) && quality.part == QualityPane::Report && quality.changes.is_empty() {
            quality.part = QualityPane::Lines;
        }
        let areas = quality.areas(body);
        quality.changes.fit(usize::from(areas.changes.height.saturating_sub(3)));
        let below = 3 + u16::from(quality.baseline().is_some());
        quality.lines.table.fit(usize::from(areas.lines.height.saturating_sub(below)));
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

/// Rows of the figures with their frame.
const FIGURES: u16 = 17;

/// Changes that are in sight at once, at most.
const CHANGES: u16 = 4;

/// Rows of a frame.
const FRAME: u16 = 2;

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
pub struct Areas {
    /// The query line and what is said of it.
    pub head: Rect,
    /// The tabs.
    pub tabs: Rect,
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
pub fn areas(body: Rect, part: QualityPane, changes: usize) -> Areas {
    let (head, rest) = cut(body, HEAD);
    let none = Rect { height: 0, ..rest };
    // A frame, and the heads above what changed; where nothing did, a sentence.
    let told = |most: u16| 3 + u16::try_from(changes).unwrap_or(most).min(most);
    if is_wide(body) {
        let (above, rest) = cut(rest, told(CHANGES));
        let (middle, lines) = cut(rest, FIGURES);
        let wide = TREND.max(body.width / 2);
        let figures = Rect { width: middle.width.saturating_sub(wide), ..middle };
        let trend = Rect { x: middle.x + figures.width, width: middle.width - figures.width, ..middle };
        return Areas { head, tabs: none, changes: above, figures, trend, lines };
    }
    let (tabs, rest) = cut(rest, 1);
    let shown = Areas { head, tabs, changes: none, figures: none, trend: none, lines: none };
    match part {
        QualityPane::Report => {
            // Without their frame the figures take as many rows as there are of them, if there is room.
            let most = rest.height.saturating_sub(FIGURES + 3 - BARS - FRAME).clamp(1, CHANGES);
            let (changes, figures) = cut(rest, told(most));
            Areas { changes, figures, ..shown }
        }
        QualityPane::Trend => Areas { trend: rest, ..shown },
        QualityPane::Lines => Areas { lines: rest, ..shown },
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
                let Areas { head, tabs, changes, figures, trend, lines } = areas(body, part, changes);
                let all = [head, tabs, changes, figures, trend, lines];
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
