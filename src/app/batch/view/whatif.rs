//! What a threshold that is moved over a batch comes to: where it stands, what would change, and what the grades say.

use ratatui::text::{Line, Span};

use crate::{
    app::{
        action::{BatchAction, Verb},
        batch::{moved_batch::MovedOverBatch, run_state::ShownBatch},
        context::Scene,
    },
    eval::whatif::PassingSide,
    model::StatusCounts,
    present::what_if::{change, grade_rows},
    text::format::{thousands, whole_percent},
    widgets::theme::Role,
};

/// Says it in lines, as many as the layout has rows for.
pub(crate) fn lines(scene: Scene<'_>, shown: &ShownBatch, tall: bool) -> Vec<Line<'static>> {
    let Some(what_if) = &shown.what_if else { return Vec::new() };
    let Some(moving) = &what_if.moving else {
        let text = match what_if.reading.read {
            (0, _) => "What if: reading the stored answers …".to_owned(),
            (read, of) => {
                let (read, of) = (thousands(read), thousands(of.max(read)));
                format!("What if: reading the stored answers … {read} of {of}")
            }
        };
        return vec![Line::from(scene.span(text, Role::Quiet))];
    };
    let mut all = vec![threshold(scene, moving), passed(scene, shown, (&what_if.counts, moving))];
    all.extend(grades(scene, moving, tall));
    all
}

/// The present threshold and the one that was moved to.
fn threshold(scene: Scene<'_>, moving: &MovedOverBatch) -> Line<'static> {
    let (knob, chosen) = (&moving.moved.knob, moving.moved.chosen);
    let side = if knob.side == PassingSide::AtLeast { " at least " } else { " at most " };
    let mut line = Line::from(vec![
        scene.span("What if  ", Role::Title),
        scene.foreign(&knob.rule, Role::Title),
        scene.span(side, Role::Quiet),
        scene.span(knob.shown_present(), Role::Number),
    ]);
    if knob.present != Some(chosen) {
        line.push_span(scene.span(" → ", Role::Quiet));
        line.push_span(scene.span(knob.shown(chosen), Role::Selected));
        line.push_span(scene.span("  ", Role::Quiet));
        line.spans.extend(scene.hint(BatchAction::WriteBatchThreshold, "write"));
    }
    let key = |keys: &str, does: &str| {
        [scene.span(format!("  {keys}"), Role::Key), scene.span(format!(" {does}"), Role::Quiet)]
    };
    line.spans.extend(key("← →", "move"));
    let changes = [Verb::PreviousSample, Verb::NextSample].map(|verb| scene.key(verb)).join(" ");
    line.spans.extend(key(&changes, "change"));
    if moving.rules.len() > 1 {
        line.spans.extend(key(&scene.key(Verb::NextPane), "next threshold"));
    }
    line
}

fn rate(counts: &StatusCounts) -> String {
    if counts.rated() == 0 { "–".to_owned() } else { whole_percent(counts.passed as f64 / counts.rated() as f64) }
}

/// How many cells pass now and would, and what becomes of the others.
fn passed(scene: Scene<'_>, shown: &ShownBatch, (before, moving): (&StatusCounts, &MovedOverBatch)) -> Line<'static> {
    let after = shown.grid.counts().by;
    let (passes, fails) = moving.changes;
    let role = |count: u64, role| if count > 0 { role } else { Role::Quiet };
    let mut spans: Vec<Span<'static>> = vec![
        scene.span("passed   ", Role::Quiet),
        scene.span(format!("{} → {}", rate(before), rate(&after)), Role::Number),
        scene.span(
            format!("  {} → {} of {}", thousands(before.passed), thousands(after.passed), thousands(after.rated())),
            Role::Text,
        ),
        scene.span(format!("   {} would fail", thousands(fails)), role(fails, Role::Fail)),
        scene.span(format!("   {} would pass", thousands(passes)), role(passes, Role::Pass)),
    ];
    if !moving.is_tried() {
        spans.push(scene.span("   …", Role::Busy));
    }
    if moving.moved.measured() == 0 {
        spans = vec![scene.span("! nothing was measured by it", Role::Wait)];
    }
    Line::from(spans)
}

/// What people found of the answers against what the threshold says.
fn grades(scene: Scene<'_>, moving: &MovedOverBatch, tall: bool) -> Vec<Line<'static>> {
    let Some((before, after)) = moving.moved.grades() else { return Vec::new() };
    let best = moving.moved.best().map(|best| format!("best for the grades: {}", moving.moved.knob.shown(best)));
    if tall {
        let mut all: Vec<Line<'static>> =
            grade_rows(before, after).into_iter().map(|row| Line::from(scene.span(row, Role::Text))).collect();
        all.push(Line::from(scene.span(best.unwrap_or_else(|| "no grade depends on it".to_owned()), Role::Quiet)));
        return all;
    }
    let best = best.map(|best| format!("  {best}")).unwrap_or_default();
    let text = format!(
        "grades {}: right {} pass {} fail · wrong {} pass {} fail{best}",
        after.graded(),
        change(before.pass_right, after.pass_right),
        change(before.fail_right, after.fail_right),
        change(before.pass_wrong, after.pass_wrong),
        change(before.fail_wrong, after.fail_wrong),
    );
    vec![Line::from(scene.span(text, Role::Text))]
}
