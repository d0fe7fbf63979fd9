//! What a person makes of answers: grades, and groups of equal ones.

use crate::{
    app::{
        context::Cx,
        notices::Tone,
        overlays::{answer_groups::AnswerGroups, grade::GradeMenu},
        workbench::{
            Workbench,
            lane::{Lane, LaneRun, RunPhase},
        },
    },
    eval::{AnswerCounts, groups::Sample},
    model::{Grade, RunId},
};

impl Workbench {
    /// Asks for the grade of the answer that is shown in the lane with the focus.
    pub(crate) fn open_grade(&mut self, cx: &mut Cx<'_, Self>) {
        match self.lane().map(Lane::shown).and_then(|lane_run| Some((lane_run.run()?, &lane_run.grade))) {
            Some((run, grade)) => {
                let menu = GradeMenu::new(run, grade);
                let old = self.lane().and_then(|lane| self.stale_words(lane.shown(), cx.shared.now.time));
                cx.open(menu);
                if let Some(words) = old {
                    cx.say(
                        Tone::Warning,
                        &format!("this grades the old answer, from {} · {}", words.from, words.since),
                    );
                }
            }
            None => cx.say(Tone::Info, "nothing was run in this lane yet"),
        }
    }

    /// Shows a grade where its run is shown, and returns the one it takes the place of.
    pub(crate) fn put_grade(&mut self, run: RunId, grade: &Grade) -> Option<Grade> {
        let mut runs = self.lanes.iter_mut().flat_map(Lane::runs_mut);
        let lane_run = runs.find(|lane_run| lane_run.run() == Some(run))?;
        Some(std::mem::replace(&mut lane_run.grade, grade.clone()))
    }

    /// Opens the groups of the lane with the focus.
    pub(crate) fn open_groups(&mut self, cx: &mut Cx<'_, Self>) {
        let at = self.lane_at();
        match self.lanes.get(at) {
            Some(lane) if lane.samples() > 1 && !lane.groups.is_empty() => {
                let answers: Vec<String> = lane.runs().map(|run| run.raw().to_owned()).collect();
                cx.open(AnswerGroups::new(at, lane.groups.clone(), &answers, lane.shown_at()));
            }
            _ => cx.say(Tone::Info, "groups need more than one sample of an answer"),
        }
    }
}

/// Puts a lane's takes into groups: those whose run has ended.
#[must_use]
pub fn groups(lane: &Lane) -> AnswerCounts {
    let samples: Vec<Sample<'_>> = lane.runs().map(sample).collect();
    AnswerCounts::of(&samples)
}

fn sample(run: &LaneRun) -> Sample<'_> {
    match &run.outcome {
        Some(outcome) => Sample::of(outcome),
        None if run.ticket.is_some() || run.state == RunPhase::Idle => Sample::Absent,
        None => Sample::Failed,
    }
}
