//! The X-ray of a run, read from top to bottom, and the way from it to the runs of its judges.

use std::time::Instant;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        intent::{Intent, OverlayIntent},
        overlay::{After, Hint, LiveRun, OverlayCx, OverlayPart, arrows, framed, hint},
    },
    model::{Outcome, RunId},
    pipeline::{TimedEvent, ports::RunRecord},
    present::{
        Tone, xray,
        xray::{Judge, XrayStep},
    },
    text::{clean_line, format::duration, wrapped_lines},
    widgets::{
        table::{left, right},
        theme::Role,
    },
};

/// Columns before what a step says.
const BESIDE: u16 = 21;

/// A run step by step, and the line it is scrolled to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xray {
    /// Which lane, where it is a lane's.
    pub lane: Option<usize>,
    /// The target that was asked.
    pub target: String,
    /// The steps so far; of a judge's run what was said comes before them.
    pub rows: Vec<XrayStep>,
    /// The judges that were asked, of which one may be what is shown.
    pub judges: Judges,
    /// The first line that is seen.
    pub top: usize,
    /// The steps as lines of the present width.
    lines: Vec<XrayStep>,
    follow: bool,
    height: usize,
    /// The width the lines were made for, and of how many rows.
    fitted: (u16, usize),
    taken: usize,
    run: Option<Instant>,
}

impl Xray {
    /// Begins with a lane's steps so far.
    #[must_use]
    pub fn of_lane(at: usize, target: &str, run: LiveRun<'_>) -> Self {
        let mut xray = Self { lane: Some(at), run: run.started, ..Self::of_run(target, &[]) };
        xray.refresh(run);
        xray
    }

    /// Shows the steps of a run that is over.
    #[must_use]
    pub fn of_run(target: &str, events: &[TimedEvent]) -> Self {
        let mut xray = Self {
            lane: None,
            target: target.to_owned(),
            rows: Vec::new(),
            judges: Judges::default(),
            top: 0,
            lines: Vec::new(),
            follow: false,
            height: 0,
            fitted: (0, 0),
            taken: 0,
            run: None,
        };
        xray.add(events);
        xray
    }

    /// Shows the steps of a run that is over, with what came of it.
    #[must_use]
    pub fn of_outcome(outcome: &Outcome, events: &[TimedEvent]) -> Self {
        let rows = xray::steps(outcome, events);
        Self { rows, ..Self::of_run(&outcome.requested, events) }
    }

    /// Takes further steps in.
    fn add(&mut self, events: &[TimedEvent]) {
        for event in events {
            xray::add_steps(event, &mut self.rows);
            self.judges.all.extend(xray::judges(event));
        }
    }

    /// Takes in what has happened since in the lane's run.
    fn refresh(&mut self, run: LiveRun<'_>) {
        if self.run != run.started {
            self.run = run.started;
            self.rows.clear();
            self.judges = Judges::default();
            self.fitted = (0, 0);
            self.taken = 0;
        }
        self.add(run.events.get(self.taken..).unwrap_or_default());
        self.taken = run.events.len();
    }

    /// Counts the lines the steps take.
    fn lines(&self) -> usize {
        self.lines.len().max(self.rows.len())
    }
}

/// Breaks a row into lines of a width.
fn broken(row: &XrayStep, width: u16) -> Vec<XrayStep> {
    let parts = wrapped_lines(row.detail.as_str(), width.saturating_sub(BESIDE));
    let mut lines: Vec<XrayStep> = parts
        .into_iter()
        .map(|part| XrayStep { at: None, what: "", detail: clean_line(&part), tone: Tone::Info })
        .collect();
    match lines.first_mut() {
        Some(first) => (first.at, first.what, first.tone) = (row.at, row.what, row.tone),
        None => lines.push(row.clone()),
    }
    lines
}

impl OverlayPart for Xray {
    fn title(&self) -> &'static str {
        if self.judges.is_shown() { "X-ray of the judge" } else { "X-ray" }
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.foreign(&self.target, Role::Text))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((110, framed(self.lines(), 12)))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let does = if self.judges.is_shown() { "the next judge" } else { "its judge" };
        let judge = self.judges.has_next().then(|| hint(scene, OverlayAction::Judge, does));
        [arrows("scroll")].into_iter().chain(judge).collect()
    }

    /// Moves by lines; the end is followed once it is reached.
    fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(last);
        self.follow = by > 0 && self.top == last;
    }

    fn act(&mut self, action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        match action {
            OverlayAction::Judge => After::StayAnd(self.judges.step().map_or_else(
                || {
                    let shown = self.judges.is_shown();
                    let says = if shown { "no other judge was asked" } else { "no judge was asked of this run" };
                    Intent::Say(Tone::Info, says.to_owned())
                },
                |run| Intent::Overlay(OverlayIntent::ShowJudge(run)),
            )),
            OverlayAction::NewInList
            | OverlayAction::DuplicateInList
            | OverlayAction::RenameInList
            | OverlayAction::DeleteInList
            | OverlayAction::Mark
            | OverlayAction::Rebind
            | OverlayAction::AddCheck
            | OverlayAction::RemoveCheck
            | OverlayAction::UndoCheck
            | OverlayAction::RedoCheck
            | OverlayAction::ChangedAnswers
            | OverlayAction::MoveThreshold
            | OverlayAction::SaveChecks
            | OverlayAction::Favourite
            | OverlayAction::NameVersion
            | OverlayAction::ForkVersion
            | OverlayAction::VersionLane => After::Stay,
        }
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Close
    }

    /// Takes in what has happened since in the lane's run, and breaks the steps into lines of the body's width.
    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        if let Some(run) = self.lane.and_then(|lane| cx.below.runs.get(lane)) {
            self.refresh(*run);
        }
        self.height = usize::from(body.height);
        if self.fitted != (body.width, self.rows.len()) {
            self.fitted = (body.width, self.rows.len());
            self.lines = self.rows.iter().flat_map(|row| broken(row, body.width)).collect();
        }
        let last = self.lines.len().saturating_sub(self.height);
        self.top = if self.follow { last } else { self.top.min(last) };
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        if self.rows.is_empty() {
            let line = Line::from(scene.span("Nothing has run in this lane yet.", Role::Quiet));
            buffer.set_line(body.x, body.y, &line, body.width);
            return;
        }
        for (row, place) in self.lines.iter().skip(self.top).zip(body.rows()) {
            let at = row.at.map(duration).unwrap_or_default();
            let (mark, role) = match row.tone {
                Tone::Info => (" ", Role::Text),
                Tone::Warning => ("!", Role::Wait),
                Tone::Error => ("✗", Role::Fail),
            };
            let line = Line::from(vec![
                scene.span(right(&at, 7), Role::Number),
                scene.span(format!("  {mark} "), role),
                scene.span(left(row.what, 10), Role::Title),
                scene.span(row.detail.as_str(), role),
            ]);
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}

/// The judges of a run, in the order in which their verdicts were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judges {
    all: Vec<Judge>,
    /// The one whose run is shown, counted from 0; none where it is the run that was judged.
    shown: Option<usize>,
    /// The one whose record was asked for last and has not come.
    loading: Option<usize>,
}

impl Judges {
    /// Tells whether what is shown is a judge's run.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.shown.is_some()
    }

    /// Tells whether there is one to go to.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.all.len() > usize::from(self.is_shown())
    }

    /// Goes to the next one, after the last the first, and returns its run, whose record is to be asked for.
    pub fn step(&mut self) -> Option<RunId> {
        if !self.has_next() {
            return None;
        }
        let next = self.loading.or(self.shown).map_or(0, |at| (at + 1) % self.all.len());
        self.loading = Some(next);
        self.all.get(next).map(|judge| judge.run)
    }

    /// Takes the record that was asked for last, as the X-ray of the judge's run; none where it is another.
    pub fn take(&mut self, record: &RunRecord) -> Option<Xray> {
        let at = self.loading?;
        let judge = self.all.get(at).filter(|judge| judge.run == record.run)?;
        let which = format!("{} of {}, run {}: {}", at + 1, self.all.len(), judge.run.short(), judge.rule);
        let rows = xray::judge_steps(&which, &record.timeline, &record.outcome);
        let judges = Self { all: self.all.clone(), shown: Some(at), loading: None };
        self.loading = None;
        Some(Xray { rows, judges, ..Xray::of_run(&record.outcome.requested, &[]) })
    }
}
