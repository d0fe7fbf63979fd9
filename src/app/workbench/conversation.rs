//! Conversations at the bench: an answer becomes a message of the prompt, and the user's turns are said again to every lane.

use std::sync::Arc;

use crate::{
    app::{
        context::Cx,
        notices::Tone,
        workbench::{Focus, Workbench, lane::Lane},
    },
    model::{CacheMode, RunEnd, RunRequest, VarValue},
    template::conversation::{TURNS, replayed, with_answer},
};

impl Workbench {
    /// Makes the answer of the lane with the focus the last message of the prompt, and begins the user's next turn.
    pub(crate) fn continue_conversation(&mut self, cx: &mut Cx<'_, Self>) {
        let outcome = self.lane().map(Lane::shown).and_then(|run| run.outcome.clone());
        let Some(outcome) = outcome.filter(|outcome| outcome.end == RunEnd::Done) else {
            cx.say(Tone::Warning, "no answer to go on from");
            return;
        };
        self.begin_change();
        self.messages.put(&with_answer(&self.prompt(), &outcome));
        let to = self.messages.add_after(self.messages.count() - 1);
        self.end_change();
        self.focus_on(Focus::Message(to));
        self.typing = true;
    }

    /// Says the user's turns again, one after the other, in every lane in play: each lane's own answers stand between
    /// them.
    pub(crate) fn replay_conversation(&mut self, cx: &mut Cx<'_, Self>) {
        if !self.ready(cx) {
            return;
        }
        let whole = Arc::new(self.prompt());
        let Some((prompt, turns)) = replayed(&whole, &self.input()) else {
            cx.say(Tone::Warning, "the prompt has no further turn of the user to say again");
            return;
        };
        cx.shared.notices.clear();
        let parent = self.ran(&whole);
        let prompt = Arc::new(prompt);
        let turns = serde_json::to_string(&turns).unwrap_or_default();
        for at in self.in_play() {
            let Some(spec) = self.lanes.get(at).map(|lane| lane.spec.clone()) else { continue };
            let targets = match Self::resolve_targets(&spec.target, &prompt.fallback, cx) {
                Ok(targets) => targets,
                Err(card) => {
                    cx.say(Tone::Warning, card.what.as_str());
                    continue;
                }
            };
            let origin = self.origin(&spec, &whole, cx.shared);
            let mut request = RunRequest {
                targets,
                parent: parent.clone(),
                ..self.request(&spec, &prompt, CacheMode::On, cx.shared)
            };
            request.input.vars.insert(TURNS.to_owned(), VarValue::Json(turns.clone()));
            self.start((at, 0), request, origin, cx);
        }
    }
}
