//! The what-if: the threshold and what it does, how often which value was measured, the answers that flip.
//!
//! How often which value was measured, the threshold under it.
//!
//! The answers, those that flip first.
//!
//! What the threshold that was moved to does, beside the present one.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        action::{Action, QualityAction, Verb},
        context::Scene,
        quality::{
            view::{framed, with_interval},
            whatif::{Bin, Read, View, WhatIfView},
        },
    },
    eval::{
        quality::Rate,
        whatif::{At, Flip, Measured, PassingSide, Share},
    },
    present::what_if::grade_rows,
    text::{
        Wrapped, clean,
        format::{count, thousands},
        width,
    },
    widgets::{
        charts::upright,
        frame::{FlowItem, Hold, flow},
        motion::Motion,
        table::{RowCursor, TableColumn, Width, fitted, left, right, table},
        theme::Role,
    },
};

/// Draws the view below the query line.
pub(crate) fn draw(scene: Scene<'_>, view: &View, area: Rect, buffer: &mut Buffer) {
    match &view.shown {
        WhatIfView::Moving(read) => {
            let places = View::places(area);
            draw_numbers(scene, view, read, places.numbers, buffer);
            if !places.chart.is_empty() {
                draw_chart(scene, view, read, places.chart, buffer);
            }
            draw_list(scene, view, read, places.list, buffer);
        }
        WhatIfView::Several(prompts) => several(scene, view, prompts, area, buffer),
        WhatIfView::Loading => notice(scene, "", "Loading the stored answers …", area, buffer),
        WhatIfView::Nothing => notice(scene, "", "No answer that was judged is like that.", area, buffer),
        WhatIfView::Stuck(why) => notice(scene, "! ", why, area, buffer),
    }
}

/// Says how many answers are looked at.
pub(crate) fn found(view: &View) -> String {
    match &view.shown {
        WhatIfView::Loading => "reading …".to_owned(),
        WhatIfView::Moving(read) => format!("{} judged", thousands(read.what.answers())),
        WhatIfView::Several(prompts) => format!("{} prompts", prompts.len()),
        WhatIfView::Nothing | WhatIfView::Stuck(_) => String::new(),
    }
}

/// Says what the view is.
pub(crate) fn about(scene: Scene<'_>) -> Vec<FlowItem> {
    let says = "stored answers under another threshold";
    vec![vec![scene.span(says, Role::Quiet)]]
}

/// Draws a few words in the frame, and how to go back.
fn notice(scene: Scene<'_>, mark: &str, says: &str, area: Rect, buffer: &mut Buffer) {
    let title = Line::from(scene.span("What if", Role::Title));
    let inside = framed(scene, Hold::Away, title, Line::default(), area, buffer).text;
    let mut rows = Wrapped::new(usize::from(inside.width));
    rows.push(&clean(&format!("{mark}{says}")));
    let lines = (0..rows.rows()).map(|row| Line::from(scene.span(rows.row(row).text, Role::Text)));
    let back = Line::from(scene.hint(Verb::Leave, "back"));
    for (line, place) in lines.chain([back]).zip(inside.rows()) {
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

/// Draws the prompts to choose from.
fn several(scene: Scene<'_>, view: &View, prompts: &[(Option<String>, u64)], area: Rect, buffer: &mut Buffer) {
    let title = Line::from(scene.span("What if: of which prompt?", Role::Title));
    let mut keys = Line::from(scene.span(scene.key(Verb::Accept), Role::Key));
    keys.push_span(scene.span(" adds prompt: to the query", Role::Quiet));
    let inside = framed(scene, Hold::Away, title, keys, area, buffer).inside;
    let columns =
        [TableColumn::new("prompt", Width::Share(1, 16)), TableColumn::new("judged", Width::Fixed(12)).right()];
    table(&view.table, &columns, RowCursor::Row, inside, scene.theme, buffer, |row, column, wide| {
        let Some((name, judged)) = prompts.get(row) else {
            return Line::default();
        };
        Line::from(match (column, name) {
            (0, Some(name)) => scene.span(fitted(name, wide), Role::Text),
            (0, None) => scene.span(fitted("without a name", wide), Role::Quiet),
            _ => scene.span(right(&thousands(*judged), wide), Role::Number),
        })
    });
}

/// Columns of one bar, at most.
const BAR: usize = 3;

pub(crate) fn draw_chart(scene: Scene<'_>, view: &View, read: &Read, area: Rect, buffer: &mut Buffer) {
    let graded = read.graded.0 > 0;
    let title = Line::from(scene.span("Measured", Role::Title));
    let inside = framed(scene, Hold::Away, title, key(scene, graded), area, buffer).text;
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
        PassingSide::AtLeast => edge >= view.chosen,
        PassingSide::AtMost => edge <= view.chosen,
    };
    let bars = bins.iter().map(|(edge, bin)| {
        let role = if passes(*edge) { Role::Pass } else { Role::Fail };
        (Some(bin.all as f64 / most), scene.theme.style(role))
    });
    let above = Rect { height: rows.len() as u16, ..inside };
    upright(bars, each as u16, above, buffer);
    if let Some(place) = grades {
        let blank = " ".repeat(each - 1);
        let words: String = bins.iter().flat_map(|(_, bin)| [judged(bin), &blank]).collect();
        buffer.set_span(place.x, place.y, &scene.span(words, Role::Text), place.width);
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
    let words = format!("{most} at most");
    let wide = (bins.len() * each).max(width(&low) + width(&words) + width(&high) + 4);
    let blank = wide.saturating_sub(width(&low) + width(&words) + width(&high));
    let line = Line::from(vec![
        scene.span(low, Role::Number),
        scene.span(" ".repeat(blank / 2) + &words + &" ".repeat(blank - blank / 2), Role::Quiet),
        scene.span(high, Role::Number),
    ]);
    buffer.set_line(axis.x, axis.y, &line, axis.width);
}

pub(crate) fn draw_list(scene: Scene<'_>, view: &View, read: &Read, area: Rect, buffer: &mut Buffer) {
    let flips = read.sorted.flips(view.chosen, read.knob.counting());
    let all = count(read.sorted.len() as u64);
    let title = match flips {
        0 => format!("Answers  {all}, none change"),
        flips => format!("Answers  {all}, {} of them change", count(flips as u64)),
    };
    let mut keys = Line::default();
    for (action, says) in [
        (Action::Quality(QualityAction::PreviousFlip), " "),
        (Action::Quality(QualityAction::NextFlip), " next change"),
    ] {
        keys.push_span(scene.span(scene.key(action), Role::Key));
        keys.push_span(scene.span(says, Role::Quiet));
    }
    let title = Line::from(scene.span(title, Role::Title));
    let inside = framed(scene, Hold::Away, title, keys, area, buffer).inside;
    let columns = [
        TableColumn::new("what if", Width::Fixed(10)),
        TableColumn::new(read.knob.rule.as_str(), Width::Fixed(12)).right(),
        TableColumn::new("grade", Width::Fixed(7)),
        TableColumn::new("input", Width::Share(1, 12)),
        TableColumn::new("answer", Width::Share(1, 12)),
    ];
    table(&view.table, &columns, RowCursor::Row, inside, scene.theme, buffer, |row, column, wide| {
        let Some((measured, flip, run)) = view.row(row) else {
            return Line::default();
        };
        Line::from(match column {
            0 => {
                let (words, role) = out(flip);
                scene.span(words, role)
            }
            1 => {
                let value = measured.value.map_or_else(|| "–".to_owned(), |value| read.knob.shown_measured(value));
                scene.span(right(&value, wide), if measured.decides { Role::Number } else { Role::Quiet })
            }
            2 => {
                let (words, role) = grade(measured);
                scene.span(words, role)
            }
            _ => match run {
                None => scene.span("…", Role::Quiet),
                Some(run) if column == 3 => scene.span(fitted(&flat(&run.input), wide), Role::Text),
                Some(run) => {
                    let role = if run.demo { Role::Demo } else { Role::Text };
                    scene.span(fitted(&flat(&run.answer), wide), role)
                }
            },
        })
    });
}

/// How an answer comes out with the present threshold and with the one that was moved to.
fn out(flip: Flip) -> (&'static str, Role) {
    match (flip.before, flip.after) {
        (false, true) => ("✗→✓ fixed", Role::Pass),
        (true, false) => ("✓→✗ broken", Role::Fail),
        (true, true) => ("✓", Role::Pass),
        (false, false) => ("✗", Role::Quiet),
    }
}

/// What a person found.
fn grade(measured: &Measured) -> (&'static str, Role) {
    match measured.right {
        Some(true) => ("right", Role::Pass),
        Some(false) => ("wrong", Role::Fail),
        None => ("–", Role::Quiet),
    }
}

/// Puts a text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Columns of the names.
const NAMES: usize = 11;

pub(crate) fn draw_numbers(scene: Scene<'_>, view: &View, read: &Read, area: Rect, buffer: &mut Buffer) {
    let prompt = read.prompt.as_deref().unwrap_or("a prompt without a name");
    let mut title = Line::from(scene.span("What if ", Role::Title));
    title.push_span(scene.foreign(&read.knob.rule, Role::Title));
    title.push_span(scene.span(" of ", Role::Quiet));
    title.push_span(scene.foreign(prompt, Role::Text));
    let others: Vec<&str> = read.rules.iter().filter(|rule| **rule != read.knob.rule).map(String::as_str).collect();
    let mut keys = Line::default();
    if let Some(first) = others.first() {
        let more = if others.len() > 1 { ", …" } else { "" };
        keys.push_span(scene.span(scene.key(Verb::NextPane), Role::Key));
        keys.push_span(scene.foreign(&format!(" {first}{more}"), Role::Quiet));
    }
    let inside = framed(scene, Hold::Away, title, keys, area, buffer).text;
    let lines = lines(scene, view, read, usize::from(inside.width));
    for (line, place) in lines.iter().zip(inside.rows()) {
        buffer.set_line(place.x, place.y, line, place.width);
    }
}

fn named(scene: Scene<'_>, name: &str, spans: Vec<Span<'static>>) -> Line<'static> {
    let mut line = Line::from(scene.span(format!("{name:NAMES$}"), Role::Quiet));
    line.spans.extend(spans);
    line
}

fn lines(scene: Scene<'_>, view: &View, read: &Read, wide: usize) -> Vec<Line<'static>> {
    let Some((before, after)) = view.before_and_after() else {
        return Vec::new();
    };
    let mut lines =
        vec![threshold(scene, view, read), named(scene, "passed", rates(scene, before.passes, after.passes))];
    lines.push(named(scene, "changes", flips(scene, read, &after)));
    if read.graded.0 == 0 {
        let none = vec![
            scene.span("none; ", Role::Quiet),
            scene.span(scene.key(Verb::Grade), Role::Key),
            scene.span(" in the history gives one", Role::Quiet),
        ];
        lines.push(named(scene, "grades", none));
    } else {
        lines.extend(grades(scene, view, read, (before, after)));
    }
    lines.extend(flow(about_numbers(scene, read), wide, 2));
    lines
}

/// What people found of the answers against what the threshold says: precision beside what passes, recall beside what fails,
/// and the threshold that is most of one mind with them.
fn grades(scene: Scene<'_>, view: &View, read: &Read, (before, after): (At, At)) -> Vec<Line<'static>> {
    let matrices = read.what.grades(read.knob.counting()).zip(read.what.grades(view.chosen));
    let Some((present, chosen)) = matrices else { return Vec::new() };
    let best = read.what.best().map(|best| format!("best for them: {}", read.knob.shown(best)));
    let best = vec![scene.span(best.unwrap_or_else(|| "none depends on it".to_owned()), Role::Quiet)];
    let named = |name: &str, shares: Option<(Option<Share>, Option<Share>)>| match shares {
        Some((_, None)) => Vec::new(),
        Some((before, after)) => {
            let mut spans = vec![scene.span(format!("{name} "), Role::Quiet)];
            spans.extend(rates(scene, before, after));
            spans
        }
        None => best.clone(),
    };
    let beside = [
        named("", None),
        named("precision", Some((before.precision, after.precision))),
        named("recall", Some((before.recall, after.recall))),
    ];
    let rows = grade_rows(present, chosen).into_iter().zip(beside);
    rows.map(|(row, beside)| {
        let mut spans = vec![scene.span(left(&row, MATRIX), Role::Text)];
        spans.extend(beside);
        Line::from(spans)
    })
    .collect()
}

/// Columns of the matrix of grades.
const MATRIX: usize = 36;

/// The present threshold and the one that was moved to.
fn threshold(scene: Scene<'_>, view: &View, read: &Read) -> Line<'static> {
    let side = if read.knob.side == PassingSide::AtLeast { "at least " } else { "at most " };
    let mut spans = vec![scene.span(side, Role::Quiet), scene.span(read.knob.shown_present(), Role::Number)];
    if read.knob.present == Some(view.chosen) {
        spans.push(scene.span(format!("  {}", arrows(scene)), Role::Key));
        spans.push(scene.span(" move", Role::Quiet));
    } else {
        spans.push(scene.span(" → ", Role::Quiet));
        spans.push(scene.span(read.knob.shown(view.chosen), Role::Selected));
        if read.file.is_some() {
            spans.push(scene.span("  ", Role::Quiet));
            spans.extend(scene.hint(QualityAction::WriteThreshold, "write"));
        }
    }
    named(scene, "threshold", spans)
}

/// Writes the keys that move the threshold: the arrows, where they do.
fn arrows(scene: Scene<'_>) -> String {
    let arrow = |action, name: &str, arrow: &str| {
        let chords = scene.shared.keymap.chords(action);
        if chords.iter().any(|chord| chord.to_string() == name) { arrow.to_owned() } else { scene.key(action) }
    };
    format!(
        "{} {}",
        arrow(Action::Motion(Motion::Left), "left", "←"),
        arrow(Action::Motion(Motion::Right), "right", "→")
    )
}

/// Two rates: `34% (20 to 52) → 31% (18 to 49)  10 of 32`.
fn rates(scene: Scene<'_>, before: Option<Share>, after: Option<Share>) -> Vec<Span<'static>> {
    let mut spans = rate(scene, before);
    if before != after {
        spans.push(scene.span(" → ", Role::Quiet));
        spans.extend(rate(scene, after));
    }
    if let Some(share) = after {
        spans.push(scene.span(format!("  {} of {}", count(share.part), count(share.whole)), Role::Quiet));
    }
    spans
}

fn rate(scene: Scene<'_>, share: Option<Share>) -> Vec<Span<'static>> {
    let rate = share.and_then(|share| Rate::of(share.part, share.whole));
    let Some(rate) = rate.map(|rate| with_interval(&rate, " to ")) else {
        return vec![scene.span("–", Role::Quiet)];
    };
    let (share, interval) = rate.split_once(' ').unwrap_or((&rate, ""));
    vec![scene.span(share, Role::Number), scene.span(format!(" {interval}"), Role::Text)]
}

/// How many answers come out otherwise.
fn flips(scene: Scene<'_>, read: &Read, after: &At) -> Vec<Span<'static>> {
    let fixed = if after.fixed > 0 { Role::Pass } else { Role::Quiet };
    let broken = if after.broken > 0 { Role::Fail } else { Role::Quiet };
    let decided = format!("  of {} measured", count(read.what.measured() as u64));
    vec![
        scene.span(format!("{} fixed ✗→✓", count(after.fixed)), fixed),
        scene.span("  ", Role::Text),
        scene.span(format!("{} broken ✓→✗", count(after.broken)), broken),
        scene.span(decided, Role::Quiet),
    ]
}

/// Where the present value stands, and what can be done.
fn about_numbers(scene: Scene<'_>, read: &Read) -> Vec<FlowItem> {
    let mut items: Vec<FlowItem> = Vec::new();
    if read.what.measured() == 0 {
        items.push(vec![scene.span("! nothing was measured by it", Role::Wait)]);
    }
    match &read.file {
        Some(file) => items.push(vec![scene.foreign(&file.display().to_string(), Role::Quiet)]),
        None => items.push(vec![scene.span("of the version that was run last; it has no file", Role::Quiet)]),
    }
    items
}
