//! What the lanes can be compared with: a lane, their answers before, an answer kept, an earlier run.

use jiff::Timestamp;

use crate::{
    app::{
        choice::{Choice, Item},
        workbench::Workbench,
    },
    eval::figures::age,
    model::RunId,
    store::job::RunEntry,
};

/// Something to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// A lane, by its place.
    Lane(usize),
    /// Each lane's answer before the present one.
    Previous,
    /// The present answer of the lane with the focus.
    Keep,
    /// A run on record.
    Run(RunId),
}

/// The list of them. The runs are asked of the store.
#[derive(Debug, Clone)]
pub struct Bases {
    /// What can be chosen.
    pub choice: Choice<Base>,
    /// True until the store has answered.
    pub loading: bool,
}

/// How many runs are looked through for those of the prompt on the bench.
pub const RUNS: usize = 500;

impl Bases {
    /// Lists what is on the bench.
    #[must_use]
    pub fn new(bench: &Workbench) -> Self {
        Self { choice: Choice::new(present(bench)), loading: true }
    }

    /// Adds the runs of the prompt on the bench that gave a whole answer, the newest first.
    pub fn fill(&mut self, bench: &Workbench, runs: &[RunEntry], now: Timestamp) {
        let own = |run: &&RunEntry| run.prompt_name == bench.prompt_name && run.end == "done";
        let runs = runs.iter().filter(own).map(|run| {
            let checks = match run.passed {
                Some(true) => " · checks passed",
                Some(false) => " · a check failed",
                None => "",
            };
            let detail = format!("{}{checks}", earlier(run.run, run.started, now));
            Item::new(Base::Run(run.run), &run.target, detail)
        });
        let mut items = present(bench);
        items.extend(runs);
        self.loading = false;
        self.choice.refill(items);
    }
}

/// Says which run on record it is.
#[must_use]
pub fn earlier(run: RunId, started: Timestamp, now: Timestamp) -> String {
    match age(started, now).as_str() {
        "now" => format!("run {}, just now", run.short()),
        age => format!("run {}, {age} ago", run.short()),
    }
}

fn present(bench: &Workbench) -> Vec<Item<Base>> {
    let mut items = vec![
        Item::new(Base::Previous, "the answer before", "each lane against its own last answer"),
        Item::new(Base::Keep, "this answer", "kept to compare later answers with"),
    ];
    if bench.lanes.len() > 1 {
        let lanes =
            bench.lanes.iter().enumerate().map(|(at, lane)| {
                Item::new(Base::Lane(at), &lane.spec.target, format!("lane {}, as it answers", at + 1))
            });
        items.splice(0..0, lanes);
    }
    items
}
