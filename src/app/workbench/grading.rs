//! What a person makes of answers: grades, and groups of equal ones.

use crate::{
    app::{
        App,
        overlays::{answer_groups::AnswerGroups, grade::GradeMenu},
        status_bar::Tone,
        store_request::Pending,
        workbench::lane::{Lane, LaneRun, RunPhase},
    },
    eval::{AnswerCounts, groups::Sample},
    model::{Grade, RunId},
    store::api::StoreRequest,
};

impl App {
    /// Asks for the grade of the answer that is shown in the lane with the focus.
    pub(crate) fn open_grade(&mut self) {
        match self.bench.lane().map(Lane::shown).and_then(|take| Some((take.run()?, &take.grade))) {
            Some((run, grade)) => {
                let menu = GradeMenu::new(run, grade);
                self.open(menu);
            }
            None => self.say(Tone::Info, "nothing was run in this lane yet"),
        }
    }

    /// Gives a run a grade; the menu that it was chosen from closes.
    pub(crate) fn grade(&mut self, run: RunId, grade: Grade) {
        self.close_overlays::<GradeMenu>();
        let before = self.put_grade(run, grade.clone()).unwrap_or_default();
        if before != grade {
            self.ask_store(
                StoreRequest::GradeRun { run, grade, at: self.shared.now.time },
                Pending::Grade { run, before },
            );
        }
    }

    /// Shows a grade where its run is shown, and returns the one it takes the place of.
    pub(crate) fn put_grade(&mut self, run: RunId, grade: Grade) -> Option<Grade> {
        let listed = self.history.put_grade(run, &grade, self.shared.now.time);
        let mut takes = self.bench.lanes.iter_mut().flat_map(Lane::takes_mut);
        let take = takes.find(|take| take.run() == Some(run));
        take.map(|take| std::mem::replace(&mut take.grade, grade)).or(listed)
    }

    /// Opens the groups of the lane with the focus.
    pub(crate) fn open_groups(&mut self) {
        let at = self.bench.lane_at();
        match self.bench.lanes.get(at) {
            Some(lane) if lane.samples() > 1 && !lane.groups.is_empty() => {
                let groups = AnswerGroups::new(at, lane);
                self.open(groups);
            }
            _ => self.say(Tone::Info, "groups need more than one sample of an answer"),
        }
    }
}

/// Puts a lane's takes into groups: those whose run has ended.
#[must_use]
pub fn groups(lane: &Lane) -> AnswerCounts {
    let samples: Vec<Sample<'_>> = lane.takes().map(sample).collect();
    AnswerCounts::of(&samples)
}

fn sample(take: &LaneRun) -> Sample<'_> {
    match &take.outcome {
        Some(outcome) => Sample::of(outcome),
        None if take.ticket.is_some() || take.state == RunPhase::Idle => Sample::Absent,
        None => Sample::Failed,
    }
}
