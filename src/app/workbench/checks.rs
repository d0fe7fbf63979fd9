//! The prompt's checks opened over the bench, with the answers that are there to try them on.

use std::sync::Arc;

use crate::{
    app::{
        context::Cx,
        intent::{BenchAnswer, Intent, OverlayIntent},
        overlays::checks::ChecksEditor,
        workbench::{Workbench, lane::Lane},
    },
    eval::rules::RulePlace,
    model::Prompt,
};

impl Workbench {
    /// Opens the checks of the prompt, with a rule chosen if so.
    pub(crate) fn open_checks(&mut self, at: Option<RulePlace>, cx: &mut Cx<'_, Self>) {
        let prompt = self.prompt();
        // what is compared is the rules: a prompt whose file nobody knows is its own
        let saved = self.base().map_or_else(
            || prompt.clone(),
            |base| Prompt { response: base.response.clone(), checks: base.checks.clone(), ..prompt.clone() },
        );
        let mut editor = ChecksEditor::new(self.prompt_name.clone(), prompt, &saved, self.bench_answers());
        if let Some(place) = at {
            editor.choose(place);
        }
        cx.open(editor);
        cx.send(Intent::Overlay(OverlayIntent::TryChecks));
    }

    /// Has the checks that are edited tried on the answers that the lanes show now.
    pub(crate) fn try_new_answers(&mut self, cx: &mut Cx<'_, Self>) {
        self.settle_freshness(cx.shared);
        cx.send(Intent::Overlay(OverlayIntent::TryOn(self.bench_answers())));
    }

    fn bench_answers(&self) -> Vec<BenchAnswer> {
        self.lanes.iter().enumerate().filter_map(|(at, lane)| self.bench_answer(at, lane)).collect()
    }

    fn bench_answer(&self, at: usize, lane: &Lane) -> Option<BenchAnswer> {
        let run = lane.shown();
        let outcome = run.outcome.as_deref().filter(|outcome| !outcome.is_blank())?;
        let input = run.origin.as_ref().map_or_else(|| self.input(), |origin| (*origin.source.input).clone());
        Some(BenchAnswer {
            label: format!("lane {}", at + 1),
            old: run.is_stale(),
            answer: Arc::new((outcome.clone(), input)),
        })
    }
}
