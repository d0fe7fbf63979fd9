//! The judges of a run in its X-ray: which were asked, and what one of them was asked and said.

use super::xray::{Row, Xray, end};
use crate::{
    app::notice::Tone,
    model::{End, RunId},
    pipeline::{event::RunEvent, port::RunRecord},
    text::clean_line,
};

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
    pub(super) fn add(&mut self, judges: impl Iterator<Item = Judge>) {
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
            xray.rows.push(Row { at: None, what, detail: clean_line(detail), tone });
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
        let tone = if record.outcome.end == End::Done { Tone::Info } else { Tone::Error };
        let row = Row {
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
