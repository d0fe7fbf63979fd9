//! The way from the X-ray of a run to those of its judges.
//!
//! The judges of a run in its X-ray: which were asked, and what one of them was asked and said.
//!
//! The overlays that are read from top to bottom: the X-ray of a run, and the help.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        App,
        context::{Scene, key_name},
        overlay::{Help, Overlay},
        overlays::help,
        status_bar::Tone,
        store_request::Pending,
    },
    model::{RunEnd, RunId, error::StoreError},
    pipeline::{event::RunEvent, ports::RunRecord},
    present::xray::{Xray, XrayStep, end},
    store::api::StoreRequest,
    text::{clean_line, format::duration},
    widgets::{
        table::{left, right},
        theme::Role,
    },
};

impl App {
    /// Asks for the record of the next judge of the run whose X-ray is open.
    pub(crate) fn next_judge(&mut self) {
        let Some(Overlay::Xray(xray)) = self.overlays.last_mut() else {
            return;
        };
        match xray.judges.step() {
            Some(run) => self.ask_store(StoreRequest::OpenRun(run), Pending::Judge(run)),
            None if xray.judges.is_shown() => self.say(Tone::Info, "no other judge was asked"),
            None => self.say(Tone::Info, "no judge was asked of this run"),
        }
    }

    /// Shows a judge's run: over the run it judged, or in the place of the judge before.
    pub(crate) fn judge_read(&mut self, record: &RunRecord) {
        let Some(Overlay::Xray(xray)) = self.overlays.last_mut() else {
            return;
        };
        let Some(judge) = xray.judges.take(record) else {
            return;
        };
        if xray.judges.is_shown() {
            *xray = judge;
        } else {
            self.overlays.push(Overlay::Xray(judge));
        }
    }

    /// Says why a judge's run cannot be shown.
    pub(crate) fn judge_fault(&mut self, run: RunId, fault: &StoreError) {
        self.say(Tone::Error, &format!("the judge's run {}: {}", run.short(), fault.message));
    }
}

/// A judge's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judge {
    /// The run, which has a record of its own.
    pub run: RunId,
    /// The check it was asked for.
    pub rule: String,
}

/// The judges of a run, in the order in which their verdicts were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judges {
    all: Vec<Judge>,
    /// The one whose run is shown, counted from 0; none where it is the run that was judged.
    shown: Option<usize>,
    /// The one whose record was asked for last and has not come.
    asked: Option<usize>,
}

impl Judges {
    /// Adds judges that were asked.
    pub(crate) fn add(&mut self, judges: impl Iterator<Item = Judge>) {
        self.all.extend(judges);
    }

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
        let next = self.asked.or(self.shown).map_or(0, |at| (at + 1) % self.all.len());
        self.asked = Some(next);
        self.all.get(next).map(|judge| judge.run)
    }

    /// Takes the record that was asked for last, as the X-ray of the judge's run; none where it is another.
    pub fn take(&mut self, record: &RunRecord) -> Option<Xray> {
        let at = self.asked?;
        let judge = self.all.get(at).filter(|judge| judge.run == record.run)?;
        let mut xray = Xray::of_run(&record.outcome.requested, &[]);
        let mut put = |what: &'static str, tone: Tone, detail: &str| {
            xray.rows.push(XrayStep { at: None, what, detail: clean_line(detail), tone });
        };
        let which = format!("{} of {}, run {}: {}", at + 1, self.all.len(), judge.run.short(), judge.rule);
        put("judge", Tone::Info, &which);
        let messages = record.timeline.iter().find_map(|told| match &told.event {
            RunEvent::Prepared { messages, .. } => Some(messages),
            _ => None,
        });
        for message in messages.into_iter().flatten() {
            for (what, line) in lines(message.role.name(), &message.content) {
                put(what, Tone::Info, line);
            }
        }
        for (what, line) in lines("answer", &record.outcome.text) {
            put(what, Tone::Info, line);
        }
        put("", Tone::Info, "");
        xray.hear(&record.timeline);
        let tone = if record.outcome.end == RunEnd::Done { Tone::Info } else { Tone::Error };
        let row = XrayStep {
            at: Some(record.outcome.timing.total),
            what: "ended",
            detail: clean_line(&end(&record.outcome)),
            tone,
        };
        xray.rows.push(row);
        xray.judges = Self { all: self.all.clone(), shown: Some(at), asked: None };
        self.asked = None;
        Some(xray)
    }
}

/// Lists the lines of a text, a blank one before them, what it is beside the first.
fn lines<'a>(what: &'static str, text: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
    let mut text = text.trim_end().lines();
    let first = text.next().unwrap_or("nothing");
    [("", ""), (what, first)].into_iter().chain(text.map(|line| ("", line)))
}

/// Draws a run's timeline: when, what, and what it says.
pub(crate) fn xray(scene: Scene<'_>, xray: &Xray, area: Rect, buffer: &mut Buffer) {
    if xray.rows.is_empty() {
        let line = Line::from(scene.span("Nothing has run in this lane yet.", Role::Quiet));
        buffer.set_line(area.x, area.y, &line, area.width);
        return;
    }
    for (row, place) in xray.seen().zip(area.rows()) {
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

fn named(keys: &str) -> String {
    keys.split(' ').map(key_name).collect::<Vec<_>>().join(" ")
}

/// Draws the help.
pub(crate) fn help(scene: Scene<'_>, help: &Help, area: Rect, buffer: &mut Buffer) {
    for (row, place) in help.seen().zip(area.rows()) {
        let line = match row {
            help::HelpRow::Title(title) => Line::from(scene.span(title.clone(), Role::Title)),
            help::HelpRow::Key { keys, doc } => Line::from(vec![
                scene.span(format!("  {} ", left(&named(keys), 22)), Role::Key),
                scene.span(doc.clone(), Role::Text),
            ]),
            help::HelpRow::Note(note) => Line::from(scene.span(format!("  {note}"), Role::Quiet)),
        };
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}
