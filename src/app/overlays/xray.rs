//! The X-ray of a run, a screen over the others: its timeline, what was sent, what came back, its checks and its judges.

pub(crate) mod rows;

mod judges;
mod request;

use std::{sync::Arc, time::Instant};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

pub use crate::app::overlays::xray::judges::Judges;
use crate::{
    app::{
        action::{Action, BenchAction, OverlayAction, Verb},
        context::Scene,
        intent::{HistoryIntent, Intent, OverlayIntent},
        notices::Tone,
        overlay::{After, Hint, LiveRun, OverlayCx, OverlayPart, arrows, hint},
        overlays::xray::rows::Row,
    },
    model::{
        AnswerSource, Outcome, Params, Quality,
        query::{Filter, Query, What},
    },
    pipeline::{TimedEvent, event::RunEvent, ports::RunRecord},
    present::{run_columns::mark, tool_calls, xray},
    text::{clean_line, format::ago},
    widgets::{frame::status_role, key::Chord, motion::Motion, theme::Role},
};

/// Columns from which on the tabs stand in the title and the timeline has bars.
const WIDE: u16 = 100;

/// Bytes of an answer that are shown.
const ANSWER: usize = 256 * 1024;

/// A part of the X-ray.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum XrayTab {
    #[default]
    Timeline,
    Request,
    Response,
    Checks,
    Judge,
}

impl XrayTab {
    const ALL: [Self; 5] = [Self::Timeline, Self::Request, Self::Response, Self::Checks, Self::Judge];

    fn name(self) -> &'static str {
        match self {
            Self::Timeline => "Timeline",
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Checks => "Checks",
            Self::Judge => "Judge",
        }
    }

    /// Returns the columns that its name takes, with the brackets or the blanks round it.
    fn columns(self) -> usize {
        self.name().len() + 2
    }
}

/// A run, looked at closely.
#[derive(Debug, Clone, Default)]
pub struct Xray {
    /// Which lane, where it is a lane's.
    pub lane: Option<usize>,
    /// The target that was asked, or would be.
    pub target: String,
    pub tab: XrayTab,
    /// The judges that were asked.
    pub judges: Judges,
    /// The name of the prompt, if it has one.
    prompt_name: Option<String>,
    /// What it was asked with; of a lane that has run nothing, what would be asked.
    source: Option<Arc<AnswerSource>>,
    /// What has happened, the end included.
    events: Vec<TimedEvent>,
    /// The verdicts that count now.
    quality: Option<Quality>,
    /// Whether its answer is an old one.
    is_old: bool,
    /// Whether it is one of a list of runs.
    is_listed: bool,
    /// What an old answer is from, or since when one is on record.
    note: String,
    /// The end of the answer so far, where it is still coming.
    coming: usize,
    /// When the run began, and whether it is under way.
    run: Option<Instant>,
    is_running: bool,
    /// Which attempt the request is shown of, counted from 0; none for the last.
    attempt: Option<usize>,
    /// What the tab shows, as rows of a width.
    rows: Vec<Row>,
    /// What the rows were made of.
    laid: Option<LaidOut>,
    /// The first row that is seen.
    top: usize,
    height: usize,
}

/// What the rows of a tab depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LaidOut {
    tab: XrayTab,
    width: u16,
    events: usize,
    attempt: Option<usize>,
    judge: Option<usize>,
    checked: bool,
    /// Whether it is known how far judges and people agree.
    agreed: bool,
}

impl Xray {
    /// Looks at what a lane shows; of one that has run nothing, at what would be sent.
    #[must_use]
    pub fn of_lane(at: usize, run: &LiveRun<'_>) -> Self {
        let tab = if run.started.is_some() { XrayTab::Timeline } else { XrayTab::Request };
        let mut xray = Self { lane: Some(at), tab, ..Self::default() };
        xray.refresh(run);
        xray
    }

    /// Looks at what would be sent for a source.
    #[must_use]
    pub fn of_request(source: &Arc<AnswerSource>) -> Self {
        let source = Arc::clone(source);
        Self { target: source.target.clone(), tab: XrayTab::Request, source: Some(source), ..Self::default() }
    }

    /// Looks at a run on record.
    #[must_use]
    pub fn of_record(record: &RunRecord, now: jiff::Timestamp) -> Self {
        let RunRecord { prompt, input, outcome, timeline, started, .. } = record;
        let source = AnswerSource {
            prompt: Arc::new(prompt.clone()),
            input: Arc::new(input.clone()),
            target: outcome.requested.clone(),
            model: outcome.model.clone(),
            own: Params::default(),
            sent: record.sent_params().cloned().unwrap_or_default(),
        };
        let mut xray = Self {
            target: outcome.requested.clone(),
            prompt_name: record.prompt_name.clone(),
            source: Some(Arc::new(source)),
            quality: outcome.quality.clone(),
            note: format!("from history, {}", ago(*started, now)),
            ..Self::default()
        };
        xray.add(timeline);
        let event = RunEvent::Ended { outcome: Box::new(outcome.clone()) };
        xray.add(&[TimedEvent { at: outcome.timing.total, event }]);
        xray
    }

    /// Says that the run is one of a list, in which others can be gone to.
    #[must_use]
    pub fn listed(self) -> Self {
        Self { is_listed: true, ..self }
    }

    /// Shows another run of the list, on the same tab.
    pub(crate) fn show_record(&mut self, record: &RunRecord, now: jiff::Timestamp) {
        let height = self.height;
        *self = Self { height, ..Self::of_record(record, now).listed().at(self.tab) };
    }

    /// Shows a tab.
    #[must_use]
    pub fn at(self, tab: XrayTab) -> Self {
        Self { tab, ..self }
    }

    /// Takes further events in.
    fn add(&mut self, events: &[TimedEvent]) {
        self.judges.add(events.iter().flat_map(xray::judges));
        self.events.extend_from_slice(events);
    }

    /// Takes in what has happened since in the lane's run.
    fn refresh(&mut self, run: &LiveRun<'_>) {
        if self.run != run.started || self.events.len() > run.events.len() {
            let tab = self.tab;
            *self = Self { lane: self.lane, tab, run: run.started, height: self.height, ..Self::default() };
        }
        let new = run.events.get(self.events.len()..).unwrap_or_default().to_vec();
        self.add(&new);
        if self.source.as_ref().map(Arc::as_ptr) != run.source.map(Arc::as_ptr) {
            self.source = run.source.map(Arc::clone);
            self.laid = None;
        }
        if self.quality.as_ref() != run.quality {
            self.quality = run.quality.cloned();
            self.laid = None;
        }
        run.target.clone_into(&mut self.target);
        self.prompt_name = run.prompt_name.map(str::to_owned);
        if self.note != run.note {
            run.note.clone_into(&mut self.note);
            self.laid = None;
        }
        (self.is_running, self.is_old, self.coming) = (run.is_running, run.is_old, run.raw_len);
    }

    /// Returns the end of the run, once it has come.
    fn outcome(&self) -> Option<&Outcome> {
        self.events.iter().rev().find_map(|timed| match &timed.event {
            RunEvent::Ended { outcome } => Some(&**outcome),
            _ => None,
        })
    }

    /// Lists the attempts that were made, as their events.
    fn attempts(&self) -> Vec<&RunEvent> {
        let events = self.events.iter().map(|timed| &timed.event);
        events.filter(|event| matches!(event, RunEvent::Attempt { .. })).collect()
    }

    /// Returns what the tab shows, a row a text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().map(|(text, _)| text.as_str()).collect::<String>()).collect()
    }

    /// Goes to a tab, and asks for the first judge where that is the judges'.
    fn show(&mut self, tab: XrayTab) -> After {
        (self.tab, self.top, self.laid) = (tab, 0, None);
        if tab == XrayTab::Judge && !self.judges.is_shown() && self.judges.has_next() {
            self.step_judge()
        } else {
            After::Stay
        }
    }

    fn turn(&mut self, forward: bool) -> After {
        let count = XrayTab::ALL.len();
        let at = XrayTab::ALL.iter().position(|tab| *tab == self.tab).unwrap_or_default();
        let to = (at + if forward { 1 } else { count - 1 }) % count;
        XrayTab::ALL.get(to).map_or(After::Stay, |tab| self.show(*tab))
    }

    fn step_judge(&mut self) -> After {
        After::StayAnd(self.judges.step().map_or_else(
            || {
                let shown = self.judges.is_shown();
                let says = if shown { "No other judge was asked" } else { "No judge was asked of this run" };
                Intent::Say(Tone::Info, says.to_owned())
            },
            |run| Intent::Overlay(OverlayIntent::ShowJudge(run)),
        ))
    }

    /// Goes to the attempt, the judge or the lane beside the one that is shown.
    fn beside_it(&mut self, forward: bool, cx: OverlayCx<'_>) -> After {
        match (self.tab, self.lane) {
            (XrayTab::Judge, _) => self.step_judge(),
            (XrayTab::Request, _) if self.attempts().len() > 1 || !self.is_listed => {
                let last = self.attempts().len().saturating_sub(1);
                let at = self.attempt.unwrap_or(last);
                let to = if forward { (at + 1).min(last) } else { at.saturating_sub(1) };
                (self.attempt, self.top, self.laid) = (Some(to), 0, None);
                After::Stay
            }
            (_, None) if self.is_listed => After::StayAnd(Intent::History(HistoryIntent::XrayBeside { forward })),
            (XrayTab::Timeline | XrayTab::Request | XrayTab::Response | XrayTab::Checks, Some(lane)) => {
                let count = cx.below.runs.len().max(1);
                let to = (lane + if forward { 1 } else { count - 1 }) % count;
                if let Some(run) = cx.below.runs.get(to) {
                    *self = Self { tab: self.tab, ..Self::of_lane(to, run) };
                }
                After::Stay
            }
            (XrayTab::Timeline | XrayTab::Request | XrayTab::Response | XrayTab::Checks, None) => After::Stay,
        }
    }

    /// Copies what the tab shows; the request as a command line.
    fn copy(&self, cx: OverlayCx<'_>) -> After {
        let (what, text) = match self.tab {
            XrayTab::Request => match request::curl(self, cx.shared) {
                Some(text) => ("curl", text),
                None => ("request", self.lines().join("\n")),
            },
            XrayTab::Response => match self.outcome() {
                Some(outcome) => ("response", tool_calls::answer(outcome).into_owned()),
                None => ("response", self.lines().join("\n")),
            },
            XrayTab::Timeline | XrayTab::Checks | XrayTab::Judge => ("X-ray", self.lines().join("\n")),
        };
        After::StayAnd(Intent::CopyText { what, text })
    }

    /// Takes the record of a judge in, where it is that of the one asked for last.
    pub(crate) fn take_judge(&mut self, record: &RunRecord) {
        if self.judges.take(record) {
            (self.tab, self.top, self.laid) = (XrayTab::Judge, 0, None);
        }
    }

    /// Returns the query for all answers to the prompt, where it is not known yet how far their judges and people agree.
    pub(crate) fn asks_agreement(&mut self) -> Option<Query> {
        let name = self.prompt_name.clone().filter(|_| self.judges.asks_agreement())?;
        Some(Query { filters: vec![Filter { not: false, what: What::Prompt(name) }], ..Query::default() })
    }

    /// Names the tabs, the one that is shown in brackets.
    fn tabs(&self, scene: Scene<'_>) -> Vec<Span<'static>> {
        let named = |tab: &XrayTab| {
            let here = *tab == self.tab;
            let text = if here { format!("[{}]", tab.name()) } else { format!(" {} ", tab.name()) };
            scene.span(text, if here { Role::Title } else { Role::Text })
        };
        XrayTab::ALL.iter().map(named).collect()
    }

    /// Goes to the tab whose name stands at a column of [`Xray::tabs`], if one does.
    fn press_tab(&mut self, column: usize) -> After {
        let mut to = 0;
        let tab = XrayTab::ALL.into_iter().find(|tab| {
            to += tab.columns();
            column < to
        });
        tab.map_or(After::Stay, |tab| self.show(tab))
    }
}

impl OverlayPart for Xray {
    fn title(&self) -> &'static str {
        "X-ray"
    }

    fn heading(&self, scene: Scene<'_>, width: u16) -> Line<'static> {
        let mut line = Line::from(scene.span("X-ray", Role::Title));
        let prepared = self.events.iter().find_map(|timed| match &timed.event {
            RunEvent::Prepared { run, .. } => Some(*run),
            _ => None,
        });
        if let Some(run) = prepared.or_else(|| self.outcome().map(|outcome| outcome.run)) {
            line.push_span(scene.span(format!("  run {}", run.short()), Role::Text));
        }
        line.push_span(scene.foreign(&format!("  {}", self.target), Role::Text));
        match self.outcome() {
            Some(outcome) => {
                let status = outcome.status();
                let (held, all) = self.quality.as_ref().map(Quality::held).unwrap_or_default();
                let counts = match outcome.end.class() {
                    Some(class) => format!(" {class}"),
                    None if all > 0 => format!(" {held}/{all}"),
                    None => format!(" {}", status.word()),
                };
                line.push_span(scene.span(format!("  {}{counts}", mark(status)), status_role(status)));
            }
            None if self.is_running => line.push_span(scene.span("  ▸ running", Role::Busy)),
            None => line.push_span(scene.span("  not run", Role::Quiet)),
        }
        if self.is_old {
            line.push_span(scene.span("  old answer", Role::Wait));
        }
        if width >= WIDE {
            line.push_span(Span::raw("   "));
            line.spans.extend(self.tabs(scene));
        }
        line
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let lane = self.lane.map(|lane| format!("lane {}", lane + 1));
        let note = (!self.note.is_empty() && !self.is_old).then(|| clean_line(&self.note).as_str().to_owned());
        let words: Vec<String> = note.into_iter().chain(lane).collect();
        Line::from(scene.span(words.join(" · "), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let pair =
            format!("{} {}", scene.key_where(Verb::PreviousSample, false), scene.key_where(Verb::NextSample, false));
        let others = match self.tab {
            XrayTab::Request if self.attempts().len() > 1 => Some((pair, "other attempts".to_owned())),
            XrayTab::Judge if self.judges.has_next() => Some((pair, "next judge".to_owned())),
            XrayTab::Timeline | XrayTab::Response | XrayTab::Checks if self.lane.is_some() => {
                Some((pair, "other lanes".to_owned()))
            }
            XrayTab::Timeline | XrayTab::Request | XrayTab::Response | XrayTab::Checks if self.is_listed => {
                Some((pair, "other runs".to_owned()))
            }
            _ => None,
        };
        let copies = if self.tab == XrayTab::Request { "copy as curl" } else { "copy" };
        let judge = self.judges.has_next().then(|| hint(scene, OverlayAction::Judge, "judge"));
        let again = self.lane.map(|_| hint(scene, BenchAction::RunFresh, "run again"));
        [hint(scene, Verb::NextPane, "next tab"), arrows("scroll")]
            .into_iter()
            .chain(others)
            .chain([hint(scene, Verb::Copy, copies)])
            .chain(again)
            .chain(judge)
            .collect()
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        let is = |action: Action| cx.shared.keymap.chords(action).contains(&chord);
        if is(Verb::NextPane.into()) || is(Motion::Right.into()) {
            Some(self.turn(true))
        } else if is(Verb::PreviousPane.into()) || is(Motion::Left.into()) {
            Some(self.turn(false))
        } else if is(Verb::NextSample.into()) {
            Some(self.beside_it(true, cx))
        } else if is(Verb::PreviousSample.into()) {
            Some(self.beside_it(false, cx))
        } else if is(Verb::Copy.into()) {
            Some(self.copy(cx))
        } else if self.lane.is_some() && is(BenchAction::RunFresh.into()) {
            Some(After::StayAnd(Intent::Do(BenchAction::RunFresh.into())))
        } else {
            None
        }
    }

    /// Goes to the tab that is clicked, where they stand in the first row.
    fn press(&mut self, row: usize, column: usize, _cx: OverlayCx<'_>) -> After {
        let tabs = self.laid.is_some_and(|laid| laid.width < WIDE);
        if tabs && row == 0 { self.press_tab(column) } else { After::Stay }
    }

    /// The tabs are the end of the heading where it has them.
    fn press_heading(&mut self, column: usize, width: usize) -> After {
        let tabs = XrayTab::ALL.into_iter().map(XrayTab::columns).sum();
        let wide = self.laid.is_some_and(|laid| laid.width + 2 >= WIDE);
        match width.checked_sub(tabs).and_then(|from| column.checked_sub(from)) {
            Some(column) if wide => self.press_tab(column),
            _ => After::Stay,
        }
    }

    /// Moves by rows.
    fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(last);
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match action {
            OverlayAction::Judge => {
                let elsewhere = self.tab != XrayTab::Judge;
                (self.tab, self.top, self.laid) = (XrayTab::Judge, 0, None);
                if elsewhere && self.judges.is_shown() { After::Stay } else { self.step_judge() }
            }
            _ => After::Stay,
        }
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Stay
    }

    /// Takes in what has happened since in the lane's run, and makes the rows of the tab where they are others by now.
    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        if let Some(run) = self.lane.and_then(|lane| cx.below.runs.get(lane)) {
            self.refresh(run);
        }
        self.height = usize::from(body.height.saturating_sub(u16::from(body.width < WIDE)));
        let laid = LaidOut {
            tab: self.tab,
            width: body.width,
            events: self.events.len(),
            attempt: self.attempt,
            judge: self.judges.shown(),
            checked: self.quality.is_some(),
            agreed: self.judges.has_agreement(),
        };
        // The bars of a run under way grow with the time.
        let moves = self.is_running && matches!(self.tab, XrayTab::Timeline | XrayTab::Response);
        if moves || self.laid != Some(laid) {
            self.rows = rows::rows(self, body.width, cx.shared);
            self.laid = Some(laid);
        }
        self.top = self.top.min(self.rows.len().saturating_sub(self.height));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let tabs = u16::from(body.width < WIDE);
        if tabs > 0 {
            buffer.set_line(body.x, body.y, &Line::from(self.tabs(scene)), body.width);
        }
        let place = Rect { y: body.y + tabs, height: body.height.saturating_sub(tabs), ..body };
        for (row, place) in self.rows.iter().skip(self.top).zip(place.rows()) {
            let line: Line<'static> = row.iter().map(|(text, role)| scene.span(text.as_str(), *role)).collect();
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}
