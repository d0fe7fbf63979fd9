//! How the checks are drawn: the list, the form with what came of the chosen rule, the kinds of a new one, and the answers
//! that change.

use std::fmt::Write as _;

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

use crate::{
    app::{
        action::OverlayAction,
        context::Scene,
        overlays::checks::{
            ChecksEditor, ChecksMode, RuleForm, RuleRow,
            trial::{ChangedAnswer, MOST, RuleCounts},
        },
    },
    eval::{rules::NewRule, whatif::MovedThreshold},
    model::{RunStatus, Status},
    text::{clean_line, format::thousands, truncate, width, wrapped_lines},
    widgets::{
        frame::{status_role, truncated},
        line_input,
        line_input::LineStyle,
        pick_list::{PickList, list},
        table::{fitted, left, right},
        theme::Role,
    },
};

/// The width from which on the form stands beside the list.
const WIDE: u16 = 92;

/// Columns of the name of a check.
const NAME: usize = 14;

/// Columns of the weight.
const WEIGHT: usize = 7;

/// Columns of what came of the stored answers.
const STORED: usize = 20;

/// Columns of the labels of a form.
const LABEL: u16 = 11;

/// The height under which what is of less use is left out.
const NARROW: u16 = 16;

/// Rows of a reason, at most.
const REASON: usize = 2;

/// Characters of a reason that are looked at.
const LOOKED_AT: usize = 400;

/// Where the parts are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Areas {
    /// The list with its heading.
    pub(super) list: Rect,
    /// The form and what came of the rule.
    detail: Rect,
    /// The line between them where they stand side by side.
    between: Option<Rect>,
}

impl Areas {
    pub(super) fn new(body: Rect, rows: usize) -> Self {
        if body.width >= WIDE {
            let wide = (body.width * 36 / 100).max(40);
            let [list, between, detail] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Length(3), Constraint::Length(wide)]).areas(body);
            return Self { list, detail, between: Some(Rect { x: between.x + 1, width: 1, ..between }) };
        }
        let rows = u16::try_from(rows + 1).unwrap_or(u16::MAX).clamp(2, (body.height * 2 / 5).max(2));
        let [list, _, detail] =
            Layout::vertical([Constraint::Length(rows), Constraint::Length(1), Constraint::Fill(1)]).areas(body);
        Self { list, detail, between: None }
    }
}

/// Returns where the kinds of a new rule stand: below the line that narrows them, above the sentences on the chosen one.
pub(super) fn kinds_area(body: Rect) -> Rect {
    Rect { y: body.y.saturating_add(2), height: body.height.saturating_sub(6), ..body }
}

pub(super) fn heading(editor: &ChecksEditor, scene: Scene<'_>) -> Line<'static> {
    let mut spans = vec![scene.span("Checks", Role::Title)];
    if let Some(name) = editor.trial.name() {
        spans.push(scene.foreign(&format!(" of {name}"), Role::Title));
    }
    let what = match &editor.mode {
        ChecksMode::List | ChecksMode::Editing(_) => "",
        ChecksMode::Picking(_) => ": add a check",
        ChecksMode::Changes(_) => ": answers that change",
        ChecksMode::Moving(_) => ": what if",
    };
    spans.push(scene.span(what, Role::Text));
    Line::from(spans)
}

pub(super) fn beside(editor: &ChecksEditor, scene: Scene<'_>) -> Line<'static> {
    let on = editor.rows.iter().filter(|row| row.on).count();
    let off = editor.rows.len() - on;
    let text = if off > 0 { format!("{on} on, {off} off") } else { format!("{on} on") };
    Line::from(scene.span(text, Role::Text))
}

/// Rows that are drawn one after the other.
struct Rows<'a> {
    scene: Scene<'a>,
    area: Rect,
    y: u16,
}

impl<'a> Rows<'a> {
    fn new(scene: Scene<'a>, area: Rect) -> Self {
        Self { scene, area, y: area.y }
    }

    /// Returns the next row; none where there is no room.
    fn next(&mut self) -> Option<Rect> {
        let row = (self.y < self.area.bottom()).then_some(Rect { y: self.y, height: 1, ..self.area });
        self.y = self.y.saturating_add(1);
        row
    }

    fn left(&self) -> u16 {
        self.area.bottom().saturating_sub(self.y)
    }

    fn line(&mut self, line: Line<'static>, buffer: &mut Buffer) {
        if let Some(row) = self.next() {
            buffer.set_line(row.x, row.y, &truncated(line, usize::from(row.width)), row.width);
        }
    }

    fn say(&mut self, text: &str, role: Role, buffer: &mut Buffer) {
        let line = Line::from(self.scene.span(text, role));
        self.line(line, buffer);
    }

    fn blank(&mut self) {
        self.y = self.y.saturating_add(1);
    }

    /// Draws a text from outside, wrapped behind what stands before it, on so many rows at most.
    fn wrapped(&mut self, lead: &[Span<'static>], text: &str, role: Role, most: usize, buffer: &mut Buffer) {
        let before = Line::from(lead.to_vec()).width();
        let room = self.area.width.saturating_sub(before as u16).max(1);
        let start: String = text.chars().take(LOOKED_AT).collect();
        let cleaned = clean_line(&start);
        let mut lines = wrapped_lines(cleaned.as_str(), room);
        let more = lines.len() > most || start.len() < text.len();
        lines.truncate(most.max(1));
        if let Some(last) = lines.last_mut().filter(|_| more) {
            *last = fitted(&format!("{}…", truncate(last, usize::from(room.saturating_sub(1)))), usize::from(room));
        }
        for (at, line) in lines.into_iter().enumerate() {
            let mut spans = if at == 0 { lead.to_vec() } else { vec![Span::raw(" ".repeat(before))] };
            spans.push(self.scene.span(line, role));
            self.line(Line::from(spans), buffer);
        }
    }
}

pub(super) fn draw(editor: &ChecksEditor, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    match &editor.mode {
        ChecksMode::Picking(kinds) => return draw_kinds(kinds, scene, body, buffer),
        ChecksMode::Changes(top) => return draw_changes(editor, *top, scene, body, buffer),
        ChecksMode::List | ChecksMode::Editing(_) | ChecksMode::Moving(_) => {}
    }
    let areas = Areas::new(body, editor.listed_rows());
    draw_list(editor, scene, areas.list, buffer);
    if let Some(between) = areas.between {
        for row in between.rows() {
            buffer.set_line(row.x, row.y, &Line::from(scene.span("│", Role::Frame)), 1);
        }
    }
    let mut rows = Rows::new(scene, areas.detail);
    match &editor.mode {
        ChecksMode::Editing(editing) => draw_form(editor, editing, &mut rows, buffer),
        ChecksMode::Moving(moved) => draw_moved(editor, moved, &mut rows, buffer),
        ChecksMode::List | ChecksMode::Picking(_) | ChecksMode::Changes(_) => draw_detail(editor, &mut rows, buffer),
    }
}

fn draw_list(editor: &ChecksEditor, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width);
    let columns = Columns::new(room.saturating_sub(2));
    let mut head =
        columns.line(scene, "on", ("check", Role::Quiet), "rule", "weight", ("stored answers".to_owned(), Role::Quiet));
    // the entries stand behind the mark of the chosen one
    head.spans.insert(0, Span::raw("  "));
    buffer.set_line(area.x, area.y, &head, area.width);
    let below = Rect { y: area.y.saturating_add(1), height: area.height.saturating_sub(1), ..area };
    list(&editor.list, below, scene.theme, buffer, |item, room| {
        let row = editor.rows.get(item.value);
        row.map_or_else(Line::default, |row| rule_line(editor, row, Columns::new(room), scene))
    });
    let used = u16::try_from(editor.rows.len()).unwrap_or(u16::MAX);
    let key = scene.key_where(OverlayAction::AddCheck, false);
    // the way to add one stands below the list where there is room
    let row = Rect { y: below.y.saturating_add(used).saturating_add(1), height: 1, ..below }.intersection(below);
    if row.is_empty() {
        return;
    }
    if editor.is_bare() {
        let says = format!("No checks. {key} add; start with \"contains\" or \"confidence ≥\"");
        let line = truncated(Line::from(scene.span(says, Role::Quiet)), usize::from(row.width));
        buffer.set_line(row.x, row.y, &line, row.width);
    } else {
        let line =
            Line::from(vec![scene.span(format!("    {key}  "), Role::Key), scene.span("add a check…", Role::Quiet)]);
        buffer.set_line(row.x, row.y, &line, row.width);
    }
}

/// The columns of the list in a room.
#[derive(Clone, Copy)]
struct Columns {
    rule: usize,
    weight: bool,
}

impl Columns {
    fn new(room: usize) -> Self {
        let weight = room >= 64;
        let used = 4 + NAME + STORED + if weight { WEIGHT } else { 0 };
        Self { rule: room.saturating_sub(used), weight }
    }

    fn line(
        self,
        scene: Scene<'_>,
        mark: &str,
        (name, role): (&str, Role),
        rule: &str,
        weight: &str,
        (stored, stored_role): (String, Role),
    ) -> Line<'static> {
        let mut spans = vec![
            scene.span(left(mark, 4), role),
            scene.foreign(&left(name, NAME), role),
            scene.foreign(&left(&fitted(rule, self.rule.saturating_sub(1)), self.rule), role),
        ];
        if self.weight {
            spans.push(scene.span(format!("{} ", right(weight, WEIGHT - 1)), role));
        }
        spans.push(scene.span(stored, stored_role));
        Line::from(spans)
    }
}

fn rule_line(editor: &ChecksEditor, row: &RuleRow, columns: Columns, scene: Scene<'_>) -> Line<'static> {
    let (mark, role) = if row.on { ("✓", Role::Text) } else { ("○", Role::Quiet) };
    columns.line(scene, mark, (&row.name, role), &row.rule, &row.weight.to_string(), stored(editor, row))
}

/// Says what came of a rule on the stored answers, in a word or two.
fn stored(editor: &ChecksEditor, row: &RuleRow) -> (String, Role) {
    let trial = &editor.trial;
    let counts = trial.sums().rules.get(&row.id).filter(|counts| counts.all() > 0);
    let Some(counts) = counts else {
        let none = if trial.is_running() { "…" } else { "–" };
        return (none.to_owned(), Role::Quiet);
    };
    let word = if row.on { "passed" } else { "would pass" };
    let mut text = format!("{}/{} {word}", thousands(counts.passed), thousands(counts.all()));
    if !counts.known {
        text = format!("{}/{} new", thousands(counts.passed), thousands(counts.all()));
    } else if counts.changed > 0 {
        text =
            format!("{}/{} {} changed", thousands(counts.passed), thousands(counts.all()), thousands(counts.changed));
    }
    let role = match counts {
        _ if !row.on => Role::Quiet,
        RuleCounts { failed: 1.., .. } => Role::Fail,
        RuleCounts { passed: 0, .. } => Role::Quiet,
        RuleCounts { .. } => Role::Pass,
    };
    (text, role)
}

fn draw_detail(editor: &ChecksEditor, rows: &mut Rows<'_>, buffer: &mut Buffer) {
    let scene = rows.scene;
    let Some(row) = editor.chosen() else { return };
    rows.line(rule_title(row, scene), buffer);
    // fields that say nothing are left out where there is little room
    let narrow = rows.area.height < NARROW;
    for field in &editor.fields {
        let says_nothing = field.text.is_empty() || field.text == "no";
        if narrow && says_nothing {
            continue;
        }
        let start: String = field.text.chars().take(LOOKED_AT).collect();
        let line = Line::from(vec![
            scene.span(left(field.label, usize::from(LABEL)), Role::Quiet),
            if field.text.is_empty() { scene.span("–", Role::Quiet) } else { scene.foreign(&start, Role::Text) },
        ]);
        rows.line(line, buffer);
    }
    draw_results(editor, row, rows, buffer);
}

fn rule_title(row: &RuleRow, scene: Scene<'_>) -> Line<'static> {
    let (word, role) = if row.on { ("on", Role::Pass) } else { ("off", Role::Quiet) };
    Line::from(vec![scene.foreign(&row.name, Role::Title), scene.span(format!("  {word}"), role)])
}

/// Draws what came of a rule: on the bench, then on the stored answers.
fn draw_results(editor: &ChecksEditor, row: &RuleRow, rows: &mut Rows<'_>, buffer: &mut Buffer) {
    let (scene, trial) = (rows.scene, &editor.trial);
    let narrow = rows.area.height < NARROW;
    if !narrow {
        rows.blank();
    }
    if let Some(error) = &trial.error {
        rows.wrapped(&[scene.span("! ", Role::Wait)], error, Role::Wait, 3, buffer);
        return;
    }
    rows.say("On the bench", Role::Title, buffer);
    if trial.answers.is_empty() {
        rows.say("No answer yet", Role::Quiet, buffer);
    }
    for (at, answer) in trial.answers.iter().enumerate() {
        let label = if answer.old { format!("{} (old answer)", answer.label) } else { answer.label.clone() };
        let (mark, role, reason) = match trial.on_bench(row.place, at) {
            Some((Status::Passed, reason)) => ("✓", Role::Pass, reason),
            Some((Status::Failed, reason)) => ("✗", Role::Fail, reason),
            Some((Status::Inconclusive, reason)) => ("○", Role::Quiet, reason),
            None => ("·", Role::Quiet, ""),
        };
        let lead = vec![scene.span(format!("{mark} "), role), scene.span(format!("{label}  "), Role::Text)];
        rows.wrapped(&lead, reason, Role::Text, if narrow { 1 } else { REASON }, buffer);
    }
    if !narrow {
        rows.blank();
    }
    draw_stored(editor, row, rows, buffer);
}

fn draw_stored(editor: &ChecksEditor, row: &RuleRow, rows: &mut Rows<'_>, buffer: &mut Buffer) {
    let (scene, trial) = (rows.scene, &editor.trial);
    let Some(name) = trial.name() else {
        let key = scene.key_where(OverlayAction::SaveChecks, false);
        rows.say("Stored answers", Role::Title, buffer);
        return rows.say(&format!("None: the prompt has no name. {key} saves it"), Role::Quiet, buffer);
    };
    let sums = trial.sums();
    let mut title = vec![scene.span("Stored answers of ", Role::Title), scene.foreign(name, Role::Title)];
    let judged = thousands(sums.judged as u64);
    if trial.is_running() {
        title.push(scene.span(format!("  {judged} judged …"), Role::Busy));
    } else if trial.is_cut() {
        title.push(scene.span(format!("  the newest {}", thousands(MOST as u64)), Role::Quiet));
    }
    rows.line(Line::from(title), buffer);
    let Some(counts) = sums.rules.get(&row.id).filter(|counts| counts.all() > 0) else {
        let none = match (sums.judged, trial.is_running()) {
            (_, true) => "…",
            (0, false) => "None yet. F5 runs the prompt",
            (_, false) => "It has no verdict on them",
        };
        return rows.say(none, Role::Quiet, buffer);
    };
    let would = if row.on && counts.known { "" } else { "would " };
    let mut line = vec![
        scene.span(format!("✓ {} {would}pass", thousands(counts.passed)), Role::Pass),
        scene.span(format!("   ✗ {} {would}fail", thousands(counts.failed)), Role::Fail),
    ];
    if counts.inconclusive > 0 {
        line.push(scene.span(format!("   ○ {} inconclusive", thousands(counts.inconclusive)), Role::Quiet));
    }
    rows.line(Line::from(line), buffer);
    let narrow = rows.area.height < NARROW;
    if !narrow {
        rows.line(bar(counts, rows.area.width, scene), buffer);
    }
    if let Some((run, reason)) = counts.first_failure.as_ref().filter(|_| narrow) {
        let lead = vec![scene.span(format!("First failure: run {}  ", run.short()), Role::Text)];
        rows.wrapped(&lead, reason, Role::Fail, 1, buffer);
    } else if let Some((run, reason)) = &counts.first_failure {
        rows.say(&format!("First failure: run {}", run.short()), Role::Text, buffer);
        rows.wrapped(&[Span::raw("  ")], reason, Role::Fail, REASON, buffer);
    }
    if sums.passed + sums.failed == 0 {
        return;
    }
    let mut all = format!("All checks: {}/{judged} passed", thousands(sums.passed));
    let (fixed, broken) = changes(&sums.changes);
    if fixed + broken > 0 {
        let _ = write!(all, ", {fixed} fixed, {broken} broken");
    } else if !sums.changes.is_empty() {
        let _ = write!(all, ", {} changed", sums.changes.len());
    }
    rows.say(&all, Role::Text, buffer);
}

/// Counts the answers that pass now and did not, and those that did and do not.
fn changes(all: &[ChangedAnswer]) -> (usize, usize) {
    let passes = |status: RunStatus| status == RunStatus::Passed;
    let fixed = all.iter().filter(|change| passes(change.now)).count();
    let broken = all.iter().filter(|change| passes(change.before)).count();
    (fixed, broken)
}

fn bar(counts: &RuleCounts, room: u16, scene: Scene<'_>) -> Line<'static> {
    let wide = usize::from(room.min(30));
    let part = |count: u64| usize::try_from(count * wide as u64 / counts.all().max(1)).unwrap_or(0);
    let (mut passed, mut failed) = (part(counts.passed), part(counts.failed));
    // what is there is seen
    failed = failed.max(usize::from(counts.failed > 0));
    passed = passed.min(wide - failed.min(wide));
    let rest = if counts.inconclusive == 0 { 0 } else { wide - passed - failed };
    if rest == 0 {
        passed = wide - failed;
    }
    Line::from(vec![
        scene.span("█".repeat(passed), Role::Pass),
        scene.span("▒".repeat(failed), Role::Fail),
        scene.span("·".repeat(rest), Role::Quiet),
    ])
}

fn draw_form(editor: &ChecksEditor, editing: &RuleForm, rows: &mut Rows<'_>, buffer: &mut Buffer) {
    let scene = rows.scene;
    let new = editing.new_row();
    let title = match (&new, editor.rows.iter().find(|row| row.place == editing.place)) {
        (Some(row), _) => Line::from(vec![scene.foreign(&row.name, Role::Title), scene.span("  new", Role::Origin)]),
        (None, Some(row)) => rule_title(row, scene),
        (None, None) => Line::default(),
    };
    rows.line(title, buffer);
    let form = &editing.form;
    // the line that is filled in, what is said of it, and one line of results stay in sight
    let top = (form.at + 5).saturating_sub(usize::from(rows.area.height));
    for (at, field) in form.rows.iter().enumerate().skip(top) {
        let here = at == form.at;
        let Some(row) = rows.next() else { return };
        let mark = if field.error.is_some() {
            "✗"
        } else if here {
            "▸"
        } else {
            " "
        };
        let role = if field.error.is_some() { Role::Fail } else { Role::Focus };
        let label = Line::from(vec![
            scene.span(format!("{mark} "), role),
            scene.span(left(&field.label, usize::from(LABEL) - 2), if here { Role::Title } else { Role::Quiet }),
        ]);
        buffer.set_line(row.x, row.y, &label, row.width);
        let value = Rect { x: row.x.saturating_add(LABEL), width: row.width.saturating_sub(LABEL), ..row };
        let text = field.line.text();
        if !field.words.is_empty() {
            let words = field.words.iter().flat_map(|word| {
                let chosen = *word == text;
                let shown = if chosen { format!("[{word}]") } else { format!(" {word} ") };
                [scene.span(shown, if chosen { Role::Title } else { Role::Quiet })]
            });
            buffer.set_line(value.x, value.y, &truncated(words.collect(), usize::from(value.width)), value.width);
        } else if here {
            let style = LineStyle { lead: "", empty: "", theme: scene.theme };
            line_input::draw(&field.line, style, value, scene.caret, buffer);
        } else if text.is_empty() {
            buffer.set_line(value.x, value.y, &Line::from(scene.span("–", Role::Quiet)), value.width);
        } else {
            let start: String = text.chars().take(LOOKED_AT).collect();
            let line = truncated(Line::from(scene.foreign(&start, Role::Text)), usize::from(value.width));
            buffer.set_line(value.x, value.y, &line, value.width);
        }
        let lead = vec![Span::raw("  ")];
        match &field.error {
            Some(error) => rows.wrapped(&lead, error, Role::Fail, 3, buffer),
            None if here => rows.wrapped(&lead, &field.hint, Role::Quiet, 2, buffer),
            None => {}
        }
    }
    let row = new.or_else(|| editor.rows.iter().find(|row| row.place == editing.place).cloned());
    if let Some(row) = row {
        draw_results(editor, &row, rows, buffer);
    }
}

fn draw_moved(editor: &ChecksEditor, moved: &MovedThreshold, rows: &mut Rows<'_>, buffer: &mut Buffer) {
    let scene = rows.scene;
    let Some(row) = editor.chosen() else { return };
    rows.line(rule_title(row, scene), buffer);
    let knob = &moved.knob;
    rows.line(
        Line::from(vec![
            scene.span(left("threshold", usize::from(LABEL)), Role::Quiet),
            scene.span(knob.shown_present(), Role::Text),
            scene.span(" → ", Role::Quiet),
            scene.span(knob.shown(moved.chosen), Role::Title),
        ]),
        buffer,
    );
    let (now, then) = moved.before_and_after();
    let passes = |at: &crate::eval::whatif::At| {
        at.passes.map_or_else(|| "–".to_owned(), |share| format!("{}/{}", share.part, share.whole))
    };
    rows.line(
        Line::from(vec![
            scene.span(left("passed", usize::from(LABEL)), Role::Quiet),
            scene.span(passes(&now), Role::Text),
            scene.span(" → ", Role::Quiet),
            scene.span(passes(&then), Role::Title),
            scene.span(format!("  {} fixed, {} broken", then.fixed, then.broken), Role::Text),
        ]),
        buffer,
    );
    draw_results(editor, row, rows, buffer);
}

fn draw_kinds(kinds: &PickList<NewRule>, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    scene.line(&kinds.query, "Find: ", "type a word of a name or of what it does", Rect { height: 1, ..body }, buffer);
    let area = kinds_area(body);
    if kinds.is_empty() {
        let says = "No check is called so. Backspace widens, esc cancels.";
        buffer.set_line(area.x, area.y, &Line::from(scene.span(says, Role::Quiet)), area.width);
        return;
    }
    let name = kinds.shown().map(|item| width(&item.label)).max().unwrap_or(0) + 2;
    list(kinds, area, scene.theme, buffer, |item, room| {
        Line::from(vec![
            scene.span(left(&item.label, name), Role::Text),
            scene.span(fitted(&item.detail, room.saturating_sub(name)), Role::Quiet),
        ])
    });
    if let Some(chosen) = kinds.chosen() {
        let below = Rect { y: area.bottom().saturating_add(1), height: 3, ..body }.intersection(body);
        let lead = vec![scene.span(format!("{}  ", chosen.label), Role::Title)];
        Rows::new(scene, below).wrapped(&lead, &chosen.detail, Role::Text, 3, buffer);
    }
}

fn draw_changes(editor: &ChecksEditor, top: usize, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
    let all = &editor.trial.sums().changes;
    let (fixed, broken) = changes(all);
    let mut rows = Rows::new(scene, body);
    rows.say(
        &format!(
            "{} of {} stored answers change: {fixed} fixed, {broken} broken",
            all.len(),
            editor.trial.sums().judged
        ),
        Role::Title,
        buffer,
    );
    rows.say(&format!("{}{}why", left("run", 12), left("saved → edited", 28)), Role::Quiet, buffer);
    for change in all.iter().skip(top).take(usize::from(rows.left())) {
        let words = vec![
            scene.span(left(&change.run.short(), 12), Role::Text),
            scene.span(change.before.word(), status_role(change.before)),
            scene.span(" → ", Role::Quiet),
            scene.span(change.now.word(), status_role(change.now)),
        ];
        let used = Line::from(words.clone()).width();
        let mut spans = words;
        spans.push(Span::raw(" ".repeat(40_usize.saturating_sub(used).max(1))));
        let start: String = change.reason.chars().take(LOOKED_AT).collect();
        spans.push(scene.foreign(&start, Role::Text));
        rows.line(Line::from(spans), buffer);
    }
}
