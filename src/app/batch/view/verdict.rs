//! What a batch came to: which model is better, the gates, and the figures of each model.

use std::fmt::Write as _;

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        batch::{
            layout::{TALL, wrapped},
            run_state::ShownBatch,
            view::{below, head, inside, lines, rule, whatif},
        },
        context::Scene,
    },
    text::format::{all_tokens, duration},
    widgets::{
        frame::{FlowItem, flow},
        table::{left, right},
        theme::Role,
    },
};

/// Columns of a model's name, of its pass rate, of what failed, of a time, and of tokens and cost.
const NAME: usize = 22;
const RATE: usize = 13;
const TIME: usize = 8;
const SPENT: usize = 10;

/// Draws the verdict, the gates and the figures of each model, as far as there is room.
pub(crate) fn draw(scene: Scene<'_>, shown: &ShownBatch, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let figures = &shown.figures;
    let tall = scene.shared.body.height >= TALL;
    let sentences = sentences(scene, shown, usize::from(area.width.saturating_sub(4)));
    let sentences = [whatif::lines(scene, shown, tall), sentences].concat();
    let gates = gates(scene, shown, usize::from(area.width.saturating_sub(4)));
    let body = if usize::from(area.height) > sentences.len() + gates.len() {
        rule(scene, (vec![scene.span("Verdict", Role::Title)], Vec::new()), false, area, buffer);
        below(area, 1)
    } else {
        area
    };
    let mut all = sentences;
    all.extend(gates);
    let room = usize::from(body.height).saturating_sub(all.len());
    if room > figures.columns.len() {
        all.extend(models(scene, shown, usize::from(body.width.saturating_sub(4))));
    }
    lines(all, inside(inside(body)), buffer);
}

/// Says which is better, each comparison in a sentence or two.
fn sentences(scene: Scene<'_>, shown: &ShownBatch, wide: usize) -> Vec<Line<'static>> {
    let mut all = Vec::new();
    for sentence in &shown.figures.verdict {
        let first = sentence.contains(": ");
        for row in wrapped(sentence, wide) {
            all.push(Line::from(scene.span(row, if first { Role::Title } else { Role::Text })));
        }
    }
    all
}

/// Says which gates are reached.
fn gates(scene: Scene<'_>, shown: &ShownBatch, wide: usize) -> Vec<Line<'static>> {
    let gates = shown.judged_gates();
    if gates.is_empty() {
        return Vec::new();
    }
    let mut items: Vec<FlowItem> = vec![vec![scene.span("Gates", Role::Quiet)]];
    // While a threshold is moved a gate says what it was before.
    let before = shown.what_if.as_ref().filter(|what_if| what_if.moving.is_some()).map(|what_if| &what_if.gates);
    items.extend(gates.into_iter().enumerate().map(|(at, gate)| {
        let mark = |reached| if reached { "✓ " } else { "✗ " };
        let role = if gate.reached { Role::Pass } else { Role::Fail };
        let other = before.and_then(|before| before.get(at)).filter(|before| before.reached != gate.reached);
        let was = other.map(|other| format!("{}→ ", mark(other.reached))).unwrap_or_default();
        vec![scene.span(format!("{was}{}{}", mark(gate.reached), gate.words), role)]
    }));
    flow(items, wide, 1)
}

/// The figures of each model.
fn models(scene: Scene<'_>, shown: &ShownBatch, wide: usize) -> Vec<Line<'static>> {
    let fixed = NAME + RATE + 2 * TIME + 2 * SPENT + 6;
    let failed = wide.saturating_sub(fixed);
    let short = failed < 12;
    let mut heads = format!("{} {} ", left("", NAME), left("passed", RATE));
    if !short {
        let _ = write!(heads, "{} ", left("failed by", failed));
    }
    let own = [("p50", TIME), ("p95", TIME), ("tokens", SPENT), ("cost", SPENT)];
    heads.push_str(&own.map(|(name, wide)| right(name, wide)).join(" "));
    let mut all = vec![Line::from(scene.span(heads, Role::Quiet))];
    for (column, own) in shown.figures.columns.iter().enumerate() {
        let tally = &own.tally;
        let unknown = || "–".to_owned();
        let rate = head::rate(tally.counts.passed, tally.counts.rated()).unwrap_or_else(unknown);
        let time = |time: Option<_>| time.map_or_else(unknown, duration);
        let mut line = Line::from(vec![
            scene.span(left(&shown.column_name(column), NAME), Role::Title),
            scene.span(format!(" {} ", left(&rate, RATE)), Role::Number),
        ]);
        if !short {
            let named = flow(head::failures(scene, &own.failures()), failed, 1).into_iter().next().unwrap_or_default();
            let blank = failed.saturating_sub(named.width());
            line.spans.extend(named.spans);
            line.push_span(scene.span(" ".repeat(blank + 1), Role::Text));
        }
        let spent = tally.own();
        let numbers = [
            (time(own.p50), TIME),
            (time(own.p95), TIME),
            (all_tokens(&spent.usage), SPENT),
            (spent.cost.to_string(), SPENT),
        ];
        let numbers: Vec<String> = numbers.into_iter().map(|(number, columns)| right(&number, columns)).collect();
        line.push_span(scene.span(numbers.join(" "), Role::Text));
        all.push(line);
    }
    all
}
