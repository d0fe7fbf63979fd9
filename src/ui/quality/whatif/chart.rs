//! How often which value was measured, the threshold under it.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
};

use crate::{
    app::quality::whatif::{Bin, Read, View},
    eval::whatif::Side,
    text::width,
    ui::{part::bars::upright, quality::framed, scene::Scene, theme::Role},
};

/// Columns of one bar, at most.
const BAR: usize = 3;

/// Draws the chart.
pub(super) fn draw(scene: Scene<'_>, view: &View, read: &Read, area: Rect, buffer: &mut Buffer) {
    let graded = read.graded.0 > 0;
    let title = Line::from(scene.span("Measured", Role::Title));
    let inside = framed(scene, None, title, key(scene, graded), area, buffer).inner(Margin::new(1, 0));
    let bins = &read.bins;
    let mut rows: Vec<Rect> = inside.rows().collect();
    let (Some(axis), Some(marks)) = (rows.pop(), rows.pop()) else {
        return;
    };
    let grades = if graded && rows.len() > 2 { rows.pop() } else { None };
    if bins.is_empty() {
        buffer.set_span(inside.x, inside.y, &scene.span("nothing was measured", Role::Quiet), inside.width);
        return;
    }
    let each = (usize::from(inside.width) / bins.len()).clamp(1, BAR);
    let most = bins.iter().map(|(_, bin)| bin.all).max().unwrap_or(0).max(1) as f64;
    let passes = |edge: f64| match read.knob.side {
        Side::AtLeast => edge >= view.chosen,
        Side::AtMost => edge <= view.chosen,
    };
    let bars = bins.iter().map(|(edge, bin)| {
        let role = if passes(*edge) { Role::Pass } else { Role::Fail };
        (Some(bin.all as f64 / most), scene.theme.style(role))
    });
    let above = Rect { height: rows.len() as u16, ..inside };
    upright(bars, each as u16, above, buffer);
    if let Some(place) = grades {
        let blank = " ".repeat(each - 1);
        let said: String = bins.iter().flat_map(|(_, bin)| [judged(bin), &blank]).collect();
        buffer.set_span(place.x, place.y, &scene.span(said, Role::Text), place.width);
    }
    let mut mark = |threshold: f64, mark: &'static str, role: Role| {
        let at = bins.partition_point(|(edge, _)| *edge <= threshold);
        let last = ((bins.len() - 1) * each) as u16;
        let (x, mark) = match at.checked_sub(1) {
            // what is beyond either end is only pointed at
            None => (0, "←"),
            Some(_) if bins.last().is_some_and(|(edge, _)| threshold > *edge) => (last, "→"),
            Some(at) => ((at * each) as u16, mark),
        };
        let x = axis.x.saturating_add(x).min(inside.right().saturating_sub(1));
        buffer.set_span(x, marks.y, &scene.span(mark, role), 1);
    };
    if let Some(present) = read.knob.present.filter(|_| !read.knob.weightless) {
        mark(present, "○", Role::Quiet);
    }
    mark(view.chosen, "▲", Role::Key);
    ends(scene, read, bins, each, axis, buffer);
}

/// Says what the marks mean.
fn key(scene: Scene<'_>, graded: bool) -> Line<'static> {
    let grades = if graded { "+ right x wrong * both  " } else { "" };
    Line::from(vec![
        scene.span(grades, Role::Quiet),
        scene.span("○ present ", Role::Quiet),
        scene.span("▲", Role::Key),
        scene.span(" moved to", Role::Quiet),
    ])
}

/// Says what people found of the answers of a bin.
fn judged(bin: &Bin) -> &'static str {
    match (bin.right > 0, bin.wrong > 0) {
        (true, true) => "*",
        (true, false) => "+",
        (false, true) => "x",
        (false, false) => " ",
    }
}

/// Writes the lowest and the highest threshold under the bars, and between them how high the highest bar is.
fn ends(scene: Scene<'_>, read: &Read, bins: &[(f64, Bin)], each: usize, axis: Rect, buffer: &mut Buffer) {
    let (Some((low, _)), Some((high, _))) = (bins.first(), bins.last()) else {
        return;
    };
    let most = bins.iter().map(|(_, bin)| bin.all).max().unwrap_or(0);
    let (low, high) = (read.knob.shown(*low), read.knob.shown(*high));
    let said = format!("{most} at most");
    let wide = (bins.len() * each).max(width(&low) + width(&said) + width(&high) + 4);
    let blank = wide.saturating_sub(width(&low) + width(&said) + width(&high));
    let line = Line::from(vec![
        scene.span(low, Role::Number),
        scene.span(" ".repeat(blank / 2) + &said + &" ".repeat(blank - blank / 2), Role::Quiet),
        scene.span(high, Role::Number),
    ]);
    buffer.set_line(axis.x, axis.y, &line, axis.width);
}
