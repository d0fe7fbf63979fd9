//! The history screen: the query line, the runs it asks for, the run under the cursor, two compared.
//!
//! The query line of the history, how many runs it finds, and how they are looked at.
//!
//! Two runs compared: what either is, how much differs, and what.
//!
//! The list of runs: a row each, the columns that were chosen.

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        history::{
            History, HistoryAreas, areas,
            detail::{Kinds, Pair, RunDetail, SectionKind, area},
            run_list::Count,
        },
        query_line::{self, RunKind, kinds},
        totals,
    },
    model::query::{Sort, SortBy},
    pipeline::ports::RunRecord,
    present::{
        evidence,
        run_columns::{CellTone, RunCell, RunColumn},
    },
    store::api::HistoryEntry,
    text::format::{ago, duration, thousands},
    widgets::{
        diff_view::{difference, summary},
        frame,
        frame::{FlowItem, Hold, flow, pane, text_area},
        table,
        table::{RowCursor, Width, fitted, right, table},
        theme::Role,
        verdict_chips::evidence_role,
    },
};

/// Draws the screen.
pub(crate) fn draw(scene: Scene<'_>, history: &History, buffer: &mut Buffer) {
    let body = scene.shared.body.intersection(buffer.area);
    if let Some(shown) = &history.pair {
        draw_pair(scene, shown, body, buffer);
        return;
    }
    let HistoryAreas { head, table, detail } = areas(body, history.reading);
    draw_head(scene, history, head, buffer);
    if !table.is_empty() {
        draw_rows(scene, history, table, buffer);
    }
    if !detail.is_empty() && history.chosen().is_some() {
        run(scene, history, detail, buffer);
    }
}

/// Leaves a blank at either side.
fn inside(area: Rect) -> Rect {
    area.inner(Margin::new(1, 0))
}

/// Draws the run under the cursor in a frame.
fn run(scene: Scene<'_>, history: &History, area: Rect, buffer: &mut Buffer) {
    let Some(entry) = history.chosen() else {
        return;
    };
    let mut title = Line::from(scene.span(format!("run {}", entry.run.short()), Role::Title));
    for column in [RunColumn::Prompt, RunColumn::Target, RunColumn::Outcome] {
        title.push_span(scene.span("  ", Role::Text));
        title.spans.extend(cell(scene, entry, column, 40).spans);
    }
    let hold = if history.reading { Hold::Focused } else { Hold::Away };
    let shown = history.shown();
    let right = shown.filter(|detail| detail.rows() > usize::from(area.height.saturating_sub(1))).map(|detail| {
        let last = (detail.top() + usize::from(area.height.saturating_sub(1))).min(detail.rows());
        Line::from(scene.span(format!("{last}/{}", detail.rows()), Role::Quiet))
    });
    pane(area, hold, title, right.unwrap_or_default(), scene.theme, buffer);
    let inner = text_area(area).intersection(buffer.area);
    if let Some(detail) = shown {
        text(scene, detail, inner, buffer);
        return;
    }
    let words = match &history.error {
        Some((run, why)) if *run == entry.run => scene.foreign(why, Role::Fail),
        _ => scene.span("Loading the run …", Role::Quiet),
    };
    buffer.set_line(inner.x, inner.y, &Line::from(words), inner.width);
}

/// Draws what of a run is in sight.
fn text(scene: Scene<'_>, detail: &RunDetail, area: Rect, buffer: &mut Buffer) {
    for ((kind, row), place) in detail.seen().into_iter().zip(area.rows()) {
        let role = match kind {
            SectionKind::Head | SectionKind::Call => Role::Title,
            SectionKind::Text => Role::Text,
            SectionKind::Figure => Role::Number,
            SectionKind::Pass => Role::Pass,
            SectionKind::Fail => Role::Fail,
            SectionKind::Quiet => Role::Quiet,
        };
        buffer.set_line(place.x, place.y, &Line::from(scene.span(row, role)), place.width);
    }
}

/// Draws both lines.
pub(crate) fn draw_head(scene: Scene<'_>, history: &History, area: Rect, buffer: &mut Buffer) {
    let found = scene.span(found(history), Role::Number);
    query_line::draw(scene, &history.asking, &found, counts(scene, history), area, buffer);
}

/// How many runs there are.
fn found(history: &History) -> String {
    let runs = &history.runs;
    match runs.count {
        _ if runs.loading() => "reading …".to_owned(),
        Some(Count { runs: 1, more: false }) => "1 run".to_owned(),
        Some(Count { runs, more }) => format!("{}{} runs", thousands(runs), if more { "+" } else { "" }),
        None => format!("{}+ runs", thousands(runs.entries.len() as u64)),
    }
}

/// How the runs are looked at.
fn counts(scene: Scene<'_>, history: &History) -> Vec<FlowItem> {
    let Sort { by, ascending } = history.asking.query.sort;
    let shown = RunKind::of(&history.asking.query);
    let order = match (by, ascending) {
        (SortBy::Time, false) => "newest first",
        (SortBy::Time, true) => "oldest first",
        (SortBy::Cost, false) => "dearest first",
        (SortBy::Cost, true) => "cheapest first",
        (SortBy::Took, false) => "slowest first",
        (SortBy::Took, true) => "fastest first",
        (SortBy::Tokens, false) => "most tokens first",
        (SortBy::Tokens, true) => "fewest tokens first",
        (SortBy::Verdict, false) => "worst first",
        (SortBy::Verdict, true) => "best first",
        (SortBy::Grade, false) => "best grade first",
        (SortBy::Grade, true) => "worst grade first",
    };
    let counted = |kind: RunKind| {
        let count = if kind == shown { history.runs.count } else { None };
        let Count { runs, more } = count.or_else(|| history.kinds.of(kind))?;
        Some(format!("{}{}", thousands(runs), if more { "+" } else { "" }))
    };
    let mut items = kinds(scene, shown, counted);
    items.push(vec![scene.span(order, Role::Quiet)]);
    if history.leads_back() && !history.reading {
        items.push(scene.hint(Verb::Leave, "back to the quality screen"));
    }
    match history.runs.marked.as_slice() {
        [] => {}
        [one] => items.push(vec![scene.span(format!("● {} is marked", one.short()), Role::Wait)]),
        [one, other, ..] => {
            items.push(vec![scene.span(format!("● {} and {} are marked", one.short(), other.short()), Role::Wait)]);
        }
    }
    items
}

/// Says what the runs come to that are listed, those that were not read among them.
pub(crate) fn totals(scene: Scene<'_>, history: &History) -> Vec<FlowItem> {
    if history.pair.is_some() || history.runs.entries.is_empty() {
        return Vec::new();
    }
    match history.sums.of(history.runs.round()) {
        Some((figures, of_judges)) => totals::of_list(scene, figures, *of_judges),
        // What is still being typed is not added up.
        None if history.asking.typing => Vec::new(),
        None => totals::summing(scene),
    }
}

/// Draws the comparison.
pub(crate) fn draw_pair(scene: Scene<'_>, pair: &Pair, body: Rect, buffer: &mut Buffer) {
    let head = inside(body);
    let wide = usize::from(head.width);
    let names = [("− ", Role::Removed), ("+ ", Role::Added)];
    let mut lines: Vec<Line<'static>> = Vec::new();
    for ((record, run), (sign, role)) in pair.records.iter().zip(pair.runs).zip(names) {
        let mut items: Vec<FlowItem> =
            vec![vec![scene.span(sign, role), scene.span(format!("run {}", run.short()), Role::Title)]];
        match record {
            Some(record) => items.extend(side_label(scene, record)),
            None => items.push(vec![scene.span("Loading the run …", Role::Quiet)]),
        }
        lines.extend(flow(items, wide, 1).into_iter().next());
    }
    if let Some(shown) = pair.difference() {
        lines.extend(flow(summary(shown, scene.theme), wide, 1).into_iter().next());
        lines.push(evidence(scene, &pair.kinds, wide));
        let text = area(body).intersection(buffer.area);
        difference(shown, scene.theme.style(Role::Text), text, scene.theme, buffer);
    }
    for (line, place) in lines.into_iter().zip(head.rows()) {
        buffer.set_line(place.x, place.y, &line, place.width);
    }
}

/// Says what the record says of the newer run's kind against the older one's.
fn evidence(scene: Scene<'_>, kinds: &Kinds, wide: usize) -> Line<'static> {
    let quiet = |text: &str| Line::from(scene.span(text, Role::Quiet));
    match kinds {
        Kinds::Waits => Line::default(),
        Kinds::Unknown => quiet("one of them was not sent: there is nothing to weigh"),
        Kinds::Alike => quiet("the same version, model and parameters: two samples of one"),
        Kinds::Asked(apart) => quiet(&format!("{}: comparing …", apart.join(", "))),
        Kinds::Failed(why) => Line::from(scene.foreign(why, Role::Fail)),
        Kinds::Told(apart, comparison) => {
            let before = format!("{}: ", apart.join(", "));
            let words =
                evidence::comparison_sentence(comparison, ("+ better", "+ worse"), wide.saturating_sub(before.len()));
            Line::from(vec![
                scene.span(before, Role::Quiet),
                scene.span(words, evidence_role(comparison.evidence.shown)),
            ])
        }
    }
}

/// What there is to say of one of them.
fn side_label(scene: Scene<'_>, record: &RunRecord) -> Vec<FlowItem> {
    let outcome = &record.outcome;
    let mut items: Vec<FlowItem> = vec![
        vec![scene.foreign(record.prompt_name.as_deref().unwrap_or("no name"), Role::Text)],
        vec![scene.foreign(&outcome.target, Role::Text)],
    ];
    let came = outcome.status();
    items.push(vec![scene.span(format!("{} {came}", frame::mark(came)), frame::status_role(came))]);
    items.extend(outcome.took().map(|took| vec![scene.span(duration(took), Role::Number)]));
    items.push(vec![scene.span(outcome.cost.to_string(), Role::Number)]);
    items.push(vec![scene.span(ago(record.started, scene.now().time), Role::Quiet)]);
    items
}

/// Draws the rows in sight.
pub(crate) fn draw_rows(scene: Scene<'_>, history: &History, area: Rect, buffer: &mut Buffer) {
    if history.runs.entries.is_empty() {
        let place = inside(area);
        buffer.set_line(place.x, place.y + 1, &nothing(scene, history), place.width);
        return;
    }
    let shown = history.shown_columns();
    let mut columns = vec![table::TableColumn::new("", Width::Fixed(1))];
    columns.extend(shown.iter().map(|column| {
        let spec = column.spec();
        table::TableColumn { title: spec.heading.to_owned(), width: spec.width, right: spec.right }
    }));
    table(&history.runs.table, &columns, RowCursor::Row, area, scene.theme, buffer, |row, column, wide| {
        let Some(entry) = history.runs.entries.get(row) else {
            return Line::default();
        };
        match column.checked_sub(1).and_then(|at| shown.get(at)) {
            Some(column) => cell(scene, entry, *column, wide),
            None => Line::from(mark(scene, history, entry)),
        }
    });
}

/// Says why no run is there, and what to press.
fn nothing(scene: Scene<'_>, history: &History) -> Line<'static> {
    if history.runs.loading() {
        return Line::from(scene.span("Loading the runs …", Role::Quiet));
    }
    if !history.asking.query.is_everything() {
        return Line::from(vec![
            scene.span("No run is like that. ", Role::Quiet),
            scene.span(scene.key(Verb::Leave), Role::Key),
            scene.span(" clears the query", Role::Text),
        ]);
    }
    Line::from(vec![
        scene.span("No runs yet. ", Role::Quiet),
        scene.span(scene.key_where(Verb::Run, false), Role::Key),
        scene.span(" on the bench runs the prompt; every run lands here.", Role::Text),
    ])
}

fn mark(scene: Scene<'_>, history: &History, entry: &HistoryEntry) -> Span<'static> {
    if history.runs.marked.contains(&entry.run) {
        scene.span("●", Role::Wait)
    } else if entry.pinned {
        scene.span("◆", Role::Origin)
    } else {
        scene.span(" ", Role::Text)
    }
}

/// Writes a run's cell of a column.
pub(crate) fn cell(scene: Scene<'_>, run: &HistoryEntry, column: RunColumn, wide: usize) -> Line<'static> {
    let spec = column.spec();
    let RunCell { text, tone } = (spec.cell)(run, scene.now().time);
    let text = if spec.right { right(&text, wide) } else { fitted(&line(&text), wide) };
    Line::from(scene.span(text, role(tone)))
}

fn role(tone: CellTone) -> Role {
    match tone {
        CellTone::Plain => Role::Text,
        CellTone::Quiet => Role::Quiet,
        CellTone::Number => Role::Number,
        CellTone::Origin => Role::Origin,
        CellTone::Demo => Role::Demo,
        CellTone::Running => Role::Busy,
        CellTone::Status(status) => frame::status_role(status),
    }
}

/// Puts a text on one line.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
