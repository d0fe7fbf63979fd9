//! What the lanes can be compared with: a lane, their answers before, an answer kept, an earlier run.

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, CompareBase, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::lists,
    },
    model::RunId,
    store::api::HistoryEntry,
    text::format::age,
    widgets::{
        interactive::Interactive,
        line_input::LineInput,
        pick_list::{PickItem, PickList},
        theme::Role,
    },
};

/// What is on the bench that can be compared with.
#[derive(Debug, Clone)]
pub struct OnTheBench {
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// The targets of the lanes.
    pub lanes: Vec<String>,
    /// The runs that the lanes show or have shown.
    pub runs: Vec<RunId>,
}

/// The list of them. The runs are asked of the store.
#[derive(Debug, Clone)]
pub struct CompareWith {
    /// What can be chosen.
    pub choice: PickList<CompareBase>,
    /// True until the store has answered.
    pub loading: bool,
    bench: OnTheBench,
}

/// How many runs are looked through for those of the prompt on the bench.
pub(crate) const RUNS: usize = 500;

impl CompareWith {
    /// Lists what is on the bench.
    #[must_use]
    pub fn new(bench: OnTheBench) -> Self {
        Self { choice: PickList::new(here(&bench)), loading: true, bench }
    }

    /// Adds the runs of its prompt that gave a whole answer, the newest first, but those still on the bench.
    pub fn fill(&mut self, runs: &[HistoryEntry], now: Timestamp) {
        let bench = &self.bench;
        let earlier_own = |run: &&HistoryEntry| {
            run.prompt_name == bench.prompt_name && run.end == "done" && !bench.runs.contains(&run.run)
        };
        let runs = runs.iter().filter(earlier_own).map(|run| {
            let checks = run.status.map_or_else(String::new, |status| format!(" · {status}"));
            let detail = format!("{}{checks}", earlier(run.run, run.started, now));
            PickItem::new(CompareBase::Run(run.run), &run.target, detail)
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

fn here(bench: &OnTheBench) -> Vec<PickItem<CompareBase>> {
    let mut items = vec![
        PickItem::new(CompareBase::Previous, "the answer before", "each lane against its own last answer"),
        PickItem::new(CompareBase::Keep, "this answer", "kept to compare later answers with"),
    ];
    if bench.lanes.len() > 1 {
        let lanes = bench.lanes.iter().enumerate().map(|(at, target)| {
            PickItem::new(CompareBase::Lane(at), target, format!("lane {}, as it answers", at + 1))
        });
        items.splice(0..0, lanes);
    }
    items
}

impl OverlayPart for CompareWith {
    fn title(&self) -> &'static str {
        "Compare with"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(lists::SIZE)
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Compare"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.choice.chosen() {
            Some(item) => After::CloseAnd(Intent::Bench(BenchIntent::CompareWith(item.value))),
            None => After::Stay,
        }
    }

    /// Draws what can be compared with, the runs on record last.
    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        lists::draw_choices(&self.choice, 3, scene, body, buffer);
        let below = body.rows().nth(self.choice.len() + 1);
        if let Some(row) = below.filter(|_| self.loading) {
            buffer.set_line(row.x, row.y, &Line::from(scene.span("Loading the runs …", Role::Quiet)), row.width);
        }
    }
}
