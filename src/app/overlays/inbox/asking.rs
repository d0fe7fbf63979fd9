//! A row that is asked more often, to see whether it is flaky: what that takes is said first, and it can be stopped.

use crate::{
    app::{
        event::{BatchPreviewView, Ticket},
        intent::InboxStep,
        overlay::After,
        overlays::inbox::{InboxPane, step},
    },
    eval::baseline::{ASKED_OF_FLAKY, ObservedRow, ReviewDecision, inbox::InboxDecisions},
    model::{CellIndex, PicoDollars, batch::BatchRequest},
    template::conversation,
    text::format::counted,
};

/// How far a row is that is asked more often. The change it is of is known by its name.
#[derive(Debug, Clone)]
pub(crate) enum RowAsking {
    /// What it takes is being found out.
    Planning { id: String, request: Box<BatchRequest>, ticket: Option<Ticket> },
    /// What it takes is said.
    Offered { id: String, request: Box<BatchRequest>, words: String },
    /// It is asked.
    Running {
        id: String,
        ticket: Ticket,
        /// Answers so far.
        done: u64,
        of: u64,
        /// Those of them that passed.
        passed: u64,
        stopping: bool,
    },
    /// What came of it is being read.
    Reading { id: String, ticket: Ticket },
}

impl RowAsking {
    /// Tells whether what comes under a ticket is of it.
    pub(crate) fn waits_for(&self, other: Ticket) -> bool {
        match self {
            Self::Planning { ticket, .. } => *ticket == Some(other),
            Self::Running { ticket, .. } | Self::Reading { ticket, .. } => *ticket == other,
            Self::Offered { .. } => false,
        }
    }

    /// Says in a line how far it is.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Planning { .. } => "Looking at what it takes to ask the row more often …".to_owned(),
            Self::Offered { words, .. } => words.clone(),
            Self::Running { done, of, passed, stopping: false, .. } => {
                format!("▸ asking: {done} of {of} answered, {passed} passed")
            }
            Self::Running { done, of, stopping: true, .. } => format!("■ stopping: {done} of {of} answered"),
            Self::Reading { .. } => "Reading what came out …".to_owned(),
        }
    }
}

impl InboxPane {
    /// Marks the chosen row as flaky. Where all its answers came out alike, or there is but one, it is asked more often first.
    pub(super) fn flaky(&mut self) -> After {
        let Some((place, change)) = self.chosen() else { return After::Stay };
        let Some(now) = change.now.as_ref().filter(|now| !is_mixed(now) && now.judged > 0) else {
            return self.decide(vec![place], &ReviewDecision::Flaky);
        };
        let spec = &self.opening.request.spec;
        if spec.prompts.get(self.prompt).is_some_and(|(_, prompt)| conversation::goes_on(prompt)) {
            self.says = Some("A row that goes on from another is not asked by itself: run the batch again".to_owned());
            return After::Stay;
        }
        let more = match ASKED_OF_FLAKY.saturating_sub(now.judged) {
            0 => ASKED_OF_FLAKY,
            more => more,
        };
        let cells = (0..more).filter_map(|sample| Some(CellIndex { sample: u32::try_from(sample).ok()?, ..now.place }));
        let request = Box::new(self.opening.request.asked_again(self.opening.batch, cells.collect()));
        let id = change.id();
        self.says = None;
        self.asking = Some(RowAsking::Planning { id, request, ticket: None });
        step(InboxStep::Plan)
    }

    /// Takes in what asking takes, and offers it.
    pub(crate) fn planned(&mut self, planned: Result<Box<BatchPreviewView>, String>) {
        let Some(RowAsking::Planning { id, request, .. }) = self.asking.take() else { return };
        let calls = request.only.as_ref().map_or(0, Vec::len) as u64;
        match planned {
            Ok(view) => {
                let cost = cost(&view, calls);
                let calls = counted(calls, "call");
                let words = format!("{calls} past the cache, {cost}, to see whether the row is flaky?");
                self.asking = Some(RowAsking::Offered { id, request, words });
            }
            Err(why) => self.says = Some(format!("it cannot be asked: {why}")),
        }
    }

    /// Takes in what came out once the row was asked more often: it is flaky if some answers pass and some do not.
    pub(super) fn asked(&mut self, id: &str, observed: Vec<ObservedRow>) -> After {
        let Some(decisions) = &mut self.decisions else { return After::Stay };
        let of_row = |decisions: &InboxDecisions| {
            let place = decisions.place_of(id)?;
            Some((place, decisions.changes().get(place)?.now.clone()))
        };
        let before = of_row(decisions).and_then(|(_, now)| now).map_or(0, |now| now.judged);
        decisions.observe(observed);
        let Some((place, now)) = of_row(decisions) else { return After::Stay };
        if !self.listed().contains(&place) {
            self.filter = None;
        }
        self.fill(place);
        let Some(now) = now else { return After::Stay };
        let share = format!("{} of {} passed", now.passed, now.judged);
        if is_mixed(&now) {
            let after = self.decide(vec![place], &ReviewDecision::Flaky);
            self.says = Some(format!("{share}: it is flaky"));
            return after;
        }
        self.says = Some(if now.judged == before {
            "No further answer was judged: it is not known whether the row is flaky".to_owned()
        } else {
            format!("{share}: it is not flaky; decide otherwise")
        });
        After::Stay
    }
}

/// Tells whether some answers of a row pass and some do not.
fn is_mixed(now: &ObservedRow) -> bool {
    now.passed > 0 && now.passed < now.judged
}

/// Says what so many calls of a batch are likely to cost.
fn cost(view: &BatchPreviewView, calls: u64) -> String {
    let estimate = &view.estimate;
    if estimate.unpriced > 0 || estimate.cells == 0 {
        return "price unknown".to_owned();
    }
    let all = estimate.cost.expected.0;
    if all == 0 {
        return "free".to_owned();
    }
    // The estimate is that of the whole batch, whose rows may differ.
    let share = u128::from(all) * u128::from(calls) / u128::from(estimate.cells);
    format!("≈ {}", PicoDollars(u64::try_from(share).unwrap_or(u64::MAX)).rough())
}
