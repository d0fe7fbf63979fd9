//! What the lanes can be compared with: a lane, their answers before, an answer kept, an earlier run.

use jiff::Timestamp;

use crate::{
    app::workbench::{
        Workbench,
        lane::{Lane, LaneRun},
    },
    model::RunId,
    store::api::HistoryEntry,
    text::format::age,
    widgets::pick_list::{PickItem, PickList},
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
    pub choice: PickList<Base>,
    /// True until the store has answered.
    pub loading: bool,
}

/// How many runs are looked through for those of the prompt on the bench.
pub const RUNS: usize = 500;

impl Bases {
    /// Lists what is on the bench.
    #[must_use]
    pub fn new(bench: &Workbench) -> Self {
        Self { choice: PickList::new(here(bench)), loading: true }
    }

    /// Adds the runs of its prompt that gave a whole answer, the newest first, but those still on the bench.
    pub fn fill(&mut self, bench: &Workbench, runs: &[HistoryEntry], now: Timestamp) {
        let present: Vec<RunId> = bench.lanes.iter().flat_map(Lane::takes).filter_map(LaneRun::run).collect();
        let earlier_own = |run: &&HistoryEntry| {
            run.prompt_name == bench.prompt_name && run.end == "done" && !present.contains(&run.run)
        };
        let runs = runs.iter().filter(earlier_own).map(|run| {
            let checks = run.status.map_or_else(String::new, |status| format!(" · {status}"));
            let detail = format!("{}{checks}", earlier(run.run, run.started, now));
            PickItem::new(Base::Run(run.run), &run.target, detail)
        });
        let mut items = here(bench);
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

fn here(bench: &Workbench) -> Vec<PickItem<Base>> {
    let mut items = vec![
        PickItem::new(Base::Previous, "the answer before", "each lane against its own last answer"),
        PickItem::new(Base::Keep, "this answer", "kept to compare later answers with"),
    ];
    if bench.lanes.len() > 1 {
        let lanes = bench.lanes.iter().enumerate().map(|(at, lane)| {
            PickItem::new(Base::Lane(at), &lane.spec.target, format!("lane {}, as it answers", at + 1))
        });
        items.splice(0..0, lanes);
    }
    items
}
