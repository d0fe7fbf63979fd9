//! An ablation of a prompt, a screen over the others: how far it is, and the prompt's text with each part marked by what its
//! loss has shown, in the margin and by its hue.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{GlobalAction, Verb},
        context::{Scene, Shared},
        intent::{Intent, LabIntent},
        lab::{LabState, LabWork},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::improvement::head,
    },
    eval::ablate::{PromptUnit, UnitEffect, UnitResult, units},
    present::ablation::{LEGEND, PromptStretch, margin, rest, sentence, stretches, sums},
    text::wrapped_lines,
    widgets::{
        frame::{Hold, pane},
        key::Chord,
        table::left,
        theme::Role,
    },
};

/// Columns of the margin, with the blank behind it.
const MARGIN: usize = 21;

/// Blocks of the bar of a part whose loss changes every row.
const BLOCKS: u64 = 5;

/// A row of the prompt's text.
#[derive(Debug, Clone, PartialEq)]
struct HeatRow {
    /// What stands in the margin; the first row of a part has it.
    margin: String,
    text: String,
    role: Role,
    unit: Option<usize>,
}

/// The screen: which part is looked at.
#[derive(Debug, Clone, Default)]
pub struct AblationPane {
    /// The parts, as of the last frame.
    units: Vec<PromptUnit>,
    /// The one under the cursor, by its place in the text.
    at: usize,
    rows: Vec<HeatRow>,
    /// The first row that is seen.
    top: usize,
}

/// Draws the bar of what a part's loss did.
fn bar(result: &UnitResult) -> String {
    let rows = result.rows.max(1) as u64;
    let net = result.standing.net().unsigned_abs();
    let blocks = (net * BLOCKS).div_ceil(rows).min(BLOCKS);
    "█".repeat(usize::try_from(blocks).unwrap_or_default())
}

fn role(effect: UnitEffect) -> Role {
    match effect {
        UnitEffect::Helps => Role::Pass,
        UnitEffect::Harms => Role::Fail,
        UnitEffect::NotShown => Role::Quiet,
    }
}

/// Cuts the prompt into rows of a width, each part with its mark.
fn heat_rows(work: &LabWork, units: &[PromptUnit], wide: u16) -> Vec<HeatRow> {
    let results = work.ablated.as_ref().map(|ablated| ablated.units.as_slice()).unwrap_or_default();
    let room = wide.saturating_sub(u16::try_from(MARGIN + 2).unwrap_or(wide)).max(1);
    let mut rows = Vec::new();
    for PromptStretch { text, unit, is_heading } in stretches(&work.plan.prompt, units) {
        let result = unit.and_then(|at| results.get(at));
        let role = match (result, is_heading) {
            (Some(result), _) => role(result.effect),
            (None, true) => Role::Title,
            (None, false) => Role::Text,
        };
        let mut margin = match (result, unit) {
            (Some(result), _) => format!("{} {}", margin(result), bar(result)),
            (None, Some(_)) => "·".to_owned(),
            (None, None) => String::new(),
        };
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        for text in lines.flat_map(|line| wrapped_lines(line.trim_end(), room)) {
            rows.push(HeatRow { margin: std::mem::take(&mut margin), text, role, unit });
        }
    }
    rows
}

/// How a body is shared out: what is said, the prompt, and what is said of the part under the cursor.
fn areas(body: Rect, above: usize, below: usize) -> [Rect; 3] {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let head = Rect { height: rows(above).min(body.height), ..body };
    let foot = rows(below).min(body.height.saturating_sub(head.height + 1) / 2);
    let text = Rect {
        y: head.bottom().saturating_add(1),
        height: body.height.saturating_sub(head.height + 1 + foot + u16::from(foot > 0)),
        ..body
    };
    [head, text, Rect { y: body.bottom().saturating_sub(foot), height: foot, ..body }]
}

impl AblationPane {
    fn above(work: &LabWork, shared: &Shared, wide: u16) -> Vec<(String, Role)> {
        let lines = |text: &str, role: Role| -> Vec<(String, Role)> {
            wrapped_lines(text, wide).into_iter().map(|row| (row, role)).collect()
        };
        let mut rows = Vec::new();
        if let Some(ablated) = &work.ablated {
            rows.extend(lines(&sums(ablated), Role::Title));
            if let Some(all) = &ablated.rest {
                rows.extend(lines(&rest(all), Role::Text));
            }
        }
        rows.extend(head(work, shared, wide));
        rows
    }

    /// Writes what is said of the part under the cursor.
    fn below(&self, work: &LabWork, wide: u16) -> Vec<(String, Role)> {
        let lines = |text: &str, role: Role| -> Vec<(String, Role)> {
            wrapped_lines(text, wide).into_iter().map(|row| (row, role)).collect()
        };
        let Some(ablated) = &work.ablated else { return Vec::new() };
        let place = self.order().get(self.at).copied();
        let Some(result) = place.and_then(|at| ablated.units.get(at)) else { return lines(LEGEND, Role::Quiet) };
        let mut rows = lines(&sentence(result, ablated.units.len()), role(result.effect));
        rows.extend(lines(LEGEND, Role::Quiet));
        rows
    }

    /// Lists the parts in the order in which they stand in the text.
    fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = Vec::new();
        for unit in self.rows.iter().filter_map(|row| row.unit) {
            if order.last() != Some(&unit) {
                order.push(unit);
            }
        }
        order
    }
}

impl OverlayPart for AblationPane {
    fn title(&self) -> &'static str {
        "Parts of the prompt"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let words = scene.shared.lab.work.as_ref().map(|work| work.subject()).unwrap_or_default();
        Line::from(scene.foreign(&words, Role::Quiet))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let Some(work) = &scene.shared.lab.work else { return Vec::new() };
        let mut hints = Vec::new();
        if work.can_go_on() {
            hints.push(hint(scene, Verb::Run, "go on"));
        }
        if work.state == LabState::Running {
            hints.push(hint(scene, GlobalAction::Stop, "stop"));
        }
        if !work.is_busy() {
            hints.push(("n".to_owned(), "another one".to_owned()));
        }
        hints.push(arrows("part"));
        hints
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        let work = cx.shared.lab.work.as_ref()?;
        let after = |intent| Some(After::StayAnd(Intent::Lab(intent)));
        if cx.shared.keymap.chords(Verb::Run).contains(&chord) {
            return if work.can_go_on() { after(LabIntent::GoOn) } else { Some(After::Stay) };
        }
        if chord.text() == Some('n') && !work.is_busy() {
            return after(LabIntent::SetUp(Box::new(work.request.clone())));
        }
        None
    }

    fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.order().len().saturating_sub(1));
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        match &cx.shared.lab.work {
            Some(work) if work.can_go_on() => After::StayAnd(Intent::Lab(LabIntent::GoOn)),
            Some(_) => After::Stay,
            None => After::Close,
        }
    }

    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        let Some(work) = &cx.shared.lab.work else { return };
        if self.units.is_empty() {
            self.units = units(&work.plan.prompt);
        }
        self.rows = heat_rows(work, &self.units, body.width);
        let order = self.order();
        self.at = self.at.min(order.len().saturating_sub(1));
        let [_, area, _] =
            areas(body, Self::above(work, cx.shared, body.width).len(), self.below(work, body.width).len());
        let own = |row: &HeatRow| order.get(self.at).is_some_and(|unit| row.unit == Some(*unit));
        let (first, last) = (self.rows.iter().position(own), self.rows.iter().rposition(own));
        let height = usize::from(area.height);
        if let Some((first, last)) = first.zip(last) {
            // The first part has what stands before it in sight, too.
            let first = if self.at == 0 { 0 } else { first };
            self.top = self.top.max((last + 1).saturating_sub(height)).min(first);
        }
        self.top = self.top.min(self.rows.len().saturating_sub(height));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let Some(work) = &scene.shared.lab.work else { return };
        let (above, below) = (Self::above(work, scene.shared, body.width), self.below(work, body.width));
        let [head, text, foot] = areas(body, above.len(), below.len());
        for ((line, role), place) in above.iter().zip(head.rows()).chain(below.iter().zip(foot.rows())) {
            buffer.set_line(place.x, place.y, &Line::from(scene.foreign(line, *role)), place.width);
        }
        let rule = |y: u16, title: &str, buffer: &mut Buffer| {
            let place = Rect { x: body.x.saturating_sub(1), y, width: body.width.saturating_add(2), height: 1 };
            let title = Line::from(scene.span(title.to_owned(), Role::Title));
            pane(place.intersection(buffer.area), Hold::Away, title, Line::default(), scene.theme, buffer);
        };
        if text.y > body.y {
            rule(text.y - 1, if work.state == LabState::Done { "What their loss did" } else { "Parts" }, buffer);
        }
        if foot.height > 0 {
            rule(foot.y.saturating_sub(1), "The part under the cursor", buffer);
        }
        let chosen = self.order().get(self.at).copied();
        for (row, place) in self.rows.iter().skip(self.top).zip(text.rows()) {
            let is_chosen = row.unit.is_some() && row.unit == chosen;
            let bar = if is_chosen { scene.theme.bar() } else { " " };
            let line = Line::from(vec![
                scene.span(bar, Role::Focus),
                Span::raw(" "),
                scene.span(left(&row.margin, MARGIN), row.role),
                scene.foreign(&row.text, row.role),
            ]);
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}
