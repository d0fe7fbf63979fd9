//! The JSON Schema of the answer as text: where it is wrong, what fields it has, which answers pass it, what each model is
//! sent of it, and one that is offered in its place.

pub(crate) mod source;

use std::ops::Range;

use ratatui::{
    buffer::Buffer,
    layout::{Constraint, Layout as Split, Rect},
    text::Line,
};

use crate::{
    app::{
        action::{OverlayAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent, OverlayIntent},
        notices::Tone,
        overlay::{After, Hint, OverlayCx, OverlayPart, hint},
        overlays::schema::source::SchemaSource,
    },
    eval::{
        CheckSuite, again_at_once,
        schema_infer::{self, AnswerShape, InferredSchema, SchemaLanguage},
        schema_report::{self, SchemaReport},
        schema_text,
    },
    model::{Format, Input, Outcome, Response, RunStatus, Status, schema_rules},
    store::api::{Scored, ScoredRun},
    text::{clean_line, json, truncate, wrap::wrapped_lines},
    widgets::{frame::truncated, key::Chord, line_input::LineInput, table::left, text_editor::search, theme::Role},
};

/// The width from which the fields stand beside the text.
const BESIDE: u16 = 96;

/// Points of what a model is sent that are told, at most.
const POINTS: usize = 4;

/// What the stored answers of the prompt come to by the schema.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredAnswers {
    pub passed: u64,
    pub answers: u64,
    /// Whether more of them are being read.
    pub is_reading: bool,
}

/// How the answer of a lane stands to the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LaneVerdict {
    target: String,
    /// Whether it passes; none where that cannot be said at once.
    passed: Option<bool>,
    why: String,
}

/// A schema being edited, and how the answers on the bench and on record stand to it.
#[derive(Debug, Clone)]
pub struct SchemaPane {
    prompt_name: Option<String>,
    pub source: SchemaSource,
    lanes: Vec<LaneVerdict>,
    /// What the models of the lanes are sent of it, each with the first lane of which that holds, counted from 1.
    sent_parts: Vec<(usize, SchemaReport)>,
    /// The revision of the text and the runs that the lanes were looked at with.
    looked: Option<(u64, usize)>,
    /// A schema that can be taken in place of the one there is.
    offer: Option<SchemaOffer>,
    /// What the record says; none where it was not asked.
    pub stored: Option<StoredAnswers>,
    /// The revision that is on the bench.
    sent: u64,
    /// What is searched.
    find: Option<SchemaFind>,
}

/// A schema that is shown before it is taken.
#[derive(Debug, Clone)]
struct SchemaOffer {
    source: SchemaSource,
    /// What it is made of, in words.
    from: String,
    notes: Vec<String>,
}

/// A text that is searched in the schema.
#[derive(Debug, Clone)]
struct SchemaFind {
    line: LineInput,
    /// Where the cursor was when the search began, in characters.
    from: usize,
    /// Where the text stands, in characters.
    hits: Vec<Range<usize>>,
}

impl SchemaPane {
    /// Begins with the text of a schema.
    #[must_use]
    pub fn new(prompt_name: Option<String>, text: &str) -> Self {
        let source = SchemaSource::new(text);
        Self {
            prompt_name,
            sent: source.editor.revision(),
            source,
            lanes: Vec::new(),
            sent_parts: Vec::new(),
            looked: None,
            offer: None,
            stored: None,
            find: None,
        }
    }

    /// Begins to search, or goes to the next place where a search is under way.
    fn begin_find(&mut self) {
        if self.find.is_some() {
            return self.next_found();
        }
        self.find =
            Some(SchemaFind { line: LineInput::default(), from: self.source.editor.cursor(), hits: Vec::new() });
    }

    /// Shows where the searched text is: the first place after where the search began.
    fn look_for(&mut self) {
        let Some(find) = &mut self.find else { return };
        find.hits = search::find(self.source.editor.rope(), &find.line.text());
        let first = find.hits.iter().find(|hit| hit.start >= find.from).or(find.hits.first());
        let to = first.map_or(find.from, |hit| hit.start);
        self.source.editor.put_cursor(to);
    }

    /// Goes to the next place of the searched text, round the end.
    fn next_found(&mut self) {
        let Some(find) = &self.find else { return };
        let here = self.source.editor.cursor();
        if let Some(hit) = find.hits.iter().find(|hit| hit.start > here).or(find.hits.first()) {
            self.source.editor.put_cursor(hit.start);
        }
    }

    /// Takes what an editor left.
    pub(crate) fn set(&mut self, text: &str) {
        self.source.editor.set(text);
    }

    /// Has the bench have the text, if it is another one.
    pub(crate) fn changed(&mut self) -> After {
        if self.sent == self.source.editor.revision() {
            self.source.complete();
            return After::Stay;
        }
        self.source.settle();
        self.sent = self.source.editor.revision();
        After::StayAnd(Intent::Bench(BenchIntent::SetSchema(self.source.editor.text())))
    }

    /// Offers a schema that the answers of the lanes are valid against.
    fn infer(&mut self, cx: OverlayCx<'_>) -> After {
        let mut shape = AnswerShape::default();
        let outcomes = cx.below.outcomes.iter();
        outcomes.filter_map(|(_, outcome)| (*outcome)?.json.as_deref()).for_each(|answer| shape.take(answer));
        let from = match shape.answers() {
            0 => {
                let says = "no lane has an answer in JSON yet".to_owned();
                return After::StayAnd(Intent::Say(Tone::Info, says));
            }
            1 => "the answer on the bench".to_owned(),
            answers => format!("the {answers} answers on the bench"),
        };
        self.offer(from, shape.inferred());
        After::Stay
    }

    /// Shows a schema that can be taken, and what it is made of.
    pub(crate) fn offer(&mut self, from: String, inferred: InferredSchema) {
        let InferredSchema { schema, notes } = inferred;
        let pretty = json::to_pretty(&schema).unwrap_or_default();
        let mut source = SchemaSource::new(&pretty);
        source.editor.put_cursor(0);
        self.offer = Some(SchemaOffer { source, from, notes });
    }

    /// Asks the record for a schema that its answers to the prompt are valid against.
    fn infer_from_record(&self) -> After {
        let Some(name) = self.prompt_name.clone() else {
            let says = "the prompt has no name yet, so the record has no answers to it".to_owned();
            return After::StayAnd(Intent::Say(Tone::Info, says));
        };
        After::StayAnd(Intent::Overlay(OverlayIntent::InferSchema(name)))
    }

    /// Offers the schema as OpenAI's strict mode takes it.
    fn make_strict(&mut self) -> After {
        let Ok(Some(schema)) = &self.source.state else {
            return After::StayAnd(Intent::Say(Tone::Info, "there is no valid schema to be made strict".to_owned()));
        };
        let (strict, points) = schema_rules::made_strict(schema);
        if points.is_empty() {
            return After::StayAnd(Intent::Say(Tone::Info, "the schema is strict already".to_owned()));
        }
        let notes = points.iter().map(schema_rules::SchemaPoint::words).collect();
        self.offer("the schema, made strict".to_owned(), InferredSchema { schema: strict, notes });
        After::Stay
    }

    /// Reads a paste as a type, or where nothing is written yet as an example; none where it is neither.
    fn read_paste(&self, text: &str) -> Option<(String, InferredSchema)> {
        let source = SchemaLanguage::of(text)?;
        if source == SchemaLanguage::Json {
            let empty = self.source.editor.text().trim().is_empty();
            if !empty || schema_text::is_schema(text) {
                return None;
            }
        }
        let inferred = schema_infer::of_text(text, source).ok()?;
        Some((format!("{} that was pasted", source.words()), inferred))
    }

    /// Looks at the answers on the bench anew where they or the schema are other ones.
    fn look_at_lanes(&mut self, cx: OverlayCx<'_>) {
        let runs = cx.below.outcomes.iter().filter(|(_, outcome)| outcome.is_some()).count();
        let key = (self.source.editor.revision(), runs + cx.below.outcomes.len());
        if self.looked == Some(key) {
            return;
        }
        self.looked = Some(key);
        self.lanes.clear();
        self.sent_parts.clear();
        let Ok(Some(schema)) = &self.source.state else {
            return;
        };
        for (lane, (target, _)) in cx.below.outcomes.iter().enumerate() {
            let Ok(target) = cx.shared.catalog.resolve(target) else { continue };
            let report = schema_report::report(&target, schema);
            if self.sent_parts.iter().all(|(_, known)| *known != report) {
                self.sent_parts.push((lane + 1, report));
            }
        }
        let response = Response { format: Format::Schema, schema: Some(schema.clone()), ..Response::default() };
        let suite = CheckSuite::compiles_at_once(&response, &[]).then(|| CheckSuite::new(&response, &[]));
        let suite = suite.and_then(Result::ok);
        for (target, outcome) in &cx.below.outcomes {
            let Some(outcome) = outcome else { continue };
            self.lanes.push(lane_verdict(target, suite.as_ref(), &response, outcome));
        }
    }

    fn words_of_stored(&self) -> Option<(Role, String)> {
        let stored = self.stored?;
        let StoredAnswers { passed, answers, is_reading } = stored;
        let more = if is_reading { " …" } else { "" };
        Some(match (answers, passed == answers) {
            (0, _) => (Role::Quiet, format!("no stored answers of this prompt{more}")),
            (_, true) => (Role::Pass, format!("✓ {passed} of {answers} would pass{more}")),
            (_, false) => (Role::Wait, format!("✗ {passed} of {answers} would pass{more}")),
        })
    }
}

fn lane_verdict(target: &str, suite: Option<&CheckSuite>, response: &Response, outcome: &Outcome) -> LaneVerdict {
    let target = target.to_owned();
    let quality = suite.and_then(|suite| again_at_once(suite, response, outcome, &Input::default()));
    let Some(quality) = quality else {
        return LaneVerdict { target, passed: None, why: "too large to try at once".to_owned() };
    };
    let failed = quality.verdicts.iter().find(|verdict| verdict.status == Status::Failed);
    let why = failed.map_or_else(String::new, |verdict| {
        let at = verdict.at.as_ref().map_or_else(String::new, |at| format!("{at}: "));
        format!("{at}{}", verdict.reason)
    });
    LaneVerdict { target, passed: Some(failed.is_none()), why }
}

impl StoredAnswers {
    /// Adds a page of stored answers that were tried.
    pub(crate) fn add(&mut self, page: &Scored) {
        self.answers += page.runs.len() as u64;
        let passes = |run: &&ScoredRun| run.quality.status() == RunStatus::Passed;
        self.passed += page.runs.iter().filter(passes).count() as u64;
        self.is_reading = page.after.is_some();
    }
}

impl OverlayPart for SchemaPane {
    fn title(&self) -> &'static str {
        "Response schema"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let (role, words) = match self.offer {
            Some(_) => (Role::Wait, "a draft, not taken yet".to_owned()),
            None => self.source.words_of_state(),
        };
        let mut line = Line::from(scene.span(words, role));
        if let Some(name) = &self.prompt_name {
            line.push_span(scene.foreign(&format!("  {name}"), Role::Quiet));
        }
        line
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn way_out(&self) -> &'static str {
        match (&self.offer, &self.find) {
            (Some(_), _) => "leave the schema as it was",
            (None, Some(_)) => "end the search",
            (None, None) => "close",
        }
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        if self.offer.is_some() {
            return vec![hint(scene, Verb::Accept, "Use")];
        }
        if self.find.is_some() {
            return vec![hint(scene, Verb::Accept, "Next")];
        }
        let mut hints = vec![
            hint(scene, OverlayAction::InferSchema, "infer from the answer"),
            hint(scene, OverlayAction::SchemaFromRecord, "from the record"),
            hint(scene, OverlayAction::MakeStrict, "make strict"),
            hint(scene, OverlayAction::FormatSchema, "format"),
            hint(scene, OverlayAction::OutsideEditor, "external editor"),
            hint(scene, OverlayAction::FindInSchema, "find"),
            hint(scene, OverlayAction::UndoText, "undo"),
        ];
        if self.source.has_words() {
            hints.insert(0, ("tab".to_owned(), "complete".to_owned()));
        }
        hints
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        if self.offer.is_some() {
            return None;
        }
        if let Some(find) = &mut self.find {
            let changed = find.line.key(chord)?;
            if changed {
                self.look_for();
            }
            return Some(After::Stay);
        }
        if self.source.key(chord) { Some(self.changed()) } else { None }
    }

    fn paste(&mut self, text: &str) -> After {
        if let Some(find) = &mut self.find {
            find.line.paste(text);
            self.look_for();
            return After::Stay;
        }
        if let Some((from, inferred)) = self.read_paste(text) {
            self.offer(from, inferred);
            return After::Stay;
        }
        self.source.editor.paste(text);
        self.changed()
    }

    fn step(&mut self, by: isize) {
        self.offer.as_mut().map_or(&mut self.source, |offer| &mut offer.source).step(by);
    }

    fn act(&mut self, action: OverlayAction, cx: OverlayCx<'_>) -> After {
        match action {
            OverlayAction::InferSchema => return self.infer(cx),
            OverlayAction::SchemaFromRecord => return self.infer_from_record(),
            // What is offered is taken or left first.
            _ if self.offer.is_some() => return After::Stay,
            OverlayAction::MakeStrict => return self.make_strict(),
            OverlayAction::FormatSchema => self.source.format(),
            OverlayAction::FindInSchema => {
                self.begin_find();
                return After::Stay;
            }
            OverlayAction::UndoText => drop(self.source.editor.undo()),
            OverlayAction::RedoText => drop(self.source.editor.redo()),
            OverlayAction::OutsideEditor => {
                return After::StayAnd(Intent::Bench(BenchIntent::EditSchema(self.source.editor.text())));
            }
            _ => return After::Stay,
        }
        self.changed()
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        if let Some(offer) = self.offer.take() {
            self.source.editor.set(&offer.source.editor.text());
            return self.changed();
        }
        self.next_found();
        After::Stay
    }

    fn leave(&mut self) -> After {
        if self.offer.take().is_some() {
            return After::Stay;
        }
        if self.find.take().is_some() { After::Stay } else { After::Close }
    }

    fn fit(&mut self, body: Rect, cx: OverlayCx<'_>) {
        self.look_at_lanes(cx);
        let [text, _] = divided(body);
        let height = text.height.saturating_sub(u16::from(self.find.is_some()));
        let source = self.offer.as_mut().map_or(&mut self.source, |offer| &mut offer.source);
        source.fit(Rect { height, ..text });
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let [text, side] = divided(body);
        let text = match &self.find {
            Some(find) => {
                let [line, text] = Split::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(text);
                self.draw_find(scene, find, line, buffer);
                text
            }
            None => text,
        };
        let source = self.offer.as_ref().map_or(&self.source, |offer| &offer.source);
        source.draw(scene, self.find.as_ref().map(|find| find.hits.as_slice()), text, buffer);
        if let Some(offer) = &self.offer {
            draw_offer(scene, offer, side, buffer);
        } else if side.height > 2 {
            self.draw_side(scene, side, buffer);
        } else {
            self.draw_lines(scene, side, buffer);
        }
    }
}

/// Divides the pane into its text and what is known of it: beside it, or two lines below.
fn divided(body: Rect) -> [Rect; 2] {
    if body.width >= BESIDE {
        Split::horizontal([Constraint::Percentage(66), Constraint::Fill(1)]).spacing(2).areas(body)
    } else {
        Split::vertical([Constraint::Fill(1), Constraint::Length(2)]).areas(body)
    }
}

impl SchemaPane {
    /// Draws the line of the search, with how many places there are.
    fn draw_find(&self, scene: Scene<'_>, find: &SchemaFind, area: Rect, buffer: &mut Buffer) {
        let here = find.hits.iter().position(|hit| hit.start == self.source.editor.cursor());
        let found = match (find.line.text().is_empty(), here) {
            (true, _) => String::new(),
            (false, Some(at)) => format!("{}/{}", at + 1, find.hits.len()),
            (false, None) => "not found".to_owned(),
        };
        let wide = u16::try_from(found.len()).unwrap_or_default().min(area.width);
        let [line, count] = Split::horizontal([Constraint::Fill(1), Constraint::Length(wide)]).spacing(1).areas(area);
        scene.line(&find.line, "Find: ", "a text in the schema", line, buffer);
        buffer.set_line(count.x, count.y, &Line::from(scene.span(found, Role::Quiet)), count.width);
    }

    /// Draws what is known of the schema in a column.
    fn draw_side(&self, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
        let mut lines = Vec::new();
        let wide = usize::from(area.width);
        if let Ok(Some(schema)) = &self.source.state {
            let fields = schema_text::fields(schema);
            lines.push(Line::from(scene.span(format!("Fields  {}", fields.len()), Role::Title)));
            let column = (wide / 2).clamp(8, 22);
            for field in &fields {
                let name = clean_line(&field.name);
                let name = truncate(name.as_str(), column - 2).into_owned();
                lines.push(Line::from(vec![
                    scene.span(format!("  {}", left(&name, column)), Role::Text),
                    scene.foreign(&left(&field.kind, 14), Role::Quiet),
                    scene.span(if field.required { "required" } else { "" }, Role::Quiet),
                ]));
            }
            lines.push(Line::default());
        }
        if !self.lanes.is_empty() {
            lines.push(Line::from(scene.span("Against the answers on the bench", Role::Title)));
        }
        for (at, lane) in self.lanes.iter().enumerate() {
            let (mark, role) = mark(lane.passed);
            lines.push(Line::from(vec![
                scene.span(format!("{mark} "), role),
                scene.foreign(&format!("lane {} {}", at + 1, lane.target), Role::Text),
            ]));
            if !lane.why.is_empty() {
                lines.push(Line::from(scene.foreign(&format!("    {}", lane.why), Role::Quiet)));
            }
        }
        if let Some((role, words)) = self.words_of_stored() {
            lines.push(Line::default());
            lines.push(Line::from(scene.span("Against the stored answers", Role::Title)));
            lines.push(Line::from(scene.span(words, role)));
        }
        if !self.sent_parts.is_empty() {
            lines.push(Line::default());
            lines.push(Line::from(scene.span("What is sent of it", Role::Title)));
        }
        for (lane, report) in &self.sent_parts {
            let role = if report.is_whole { Role::Pass } else { Role::Wait };
            lines.extend(lines_of(scene, &format!("lane {lane}  {}", report.says), 2, wide, role));
            for point in report.points.iter().take(POINTS) {
                lines.extend(lines_of(scene, &point.words(), 4, wide, Role::Quiet));
            }
            if report.points.len() > POINTS {
                let more = format!("    and {} more; retort schema check lists all", report.points.len() - POINTS);
                lines.push(Line::from(scene.span(more, Role::Quiet)));
            }
        }
        if self.source.state.is_err() {
            lines.push(Line::default());
            lines.push(Line::from(scene.span("Kept as a draft, not sent.", Role::Wait)));
        }
        lines.push(Line::default());
        lines.push(self.source.offered(scene));
        for (line, place) in lines.into_iter().zip(area.rows()) {
            buffer.set_line(place.x, place.y, &truncated(line, wide), place.width);
        }
    }

    /// Draws the same in two lines.
    fn draw_lines(&self, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
        let mut first = Line::default();
        match &self.source.state {
            Ok(Some(schema)) => {
                let count = schema_text::fields(schema).len();
                first.push_span(scene.span(format!("{count} fields  "), Role::Text));
            }
            Ok(None) => {}
            Err(_) => first.push_span(scene.span("Kept as a draft, not sent.  ", Role::Wait)),
        }
        for (at, lane) in self.lanes.iter().enumerate() {
            let (mark, role) = mark(lane.passed);
            first.push_span(scene.span(format!("lane {} {mark}  ", at + 1), role));
        }
        if let Some((role, words)) = self.words_of_stored() {
            first.push_span(scene.span(format!("stored: {words}  "), role));
        }
        if let Some((lane, report)) = self.sent_parts.iter().find(|(_, report)| !report.is_whole) {
            first.push_span(scene.foreign(&format!("lane {lane} {}", report.line()), Role::Wait));
        }
        for (line, place) in [first, self.source.offered(scene)].into_iter().zip(area.rows()) {
            buffer.set_line(place.x, place.y, &truncated(line, usize::from(place.width)), place.width);
        }
    }
}

/// Breaks what comes from elsewhere into lines that stand in so far.
fn lines_of(scene: Scene<'_>, text: &str, indent: usize, wide: usize, role: Role) -> Vec<Line<'static>> {
    let width = u16::try_from(wide.saturating_sub(indent)).unwrap_or(u16::MAX).max(8);
    let lines = wrapped_lines(clean_line(text).as_str(), width).into_iter();
    lines.map(|line| Line::from(scene.span(format!("{:indent$}{line}", ""), role))).collect()
}

/// Draws what an offered schema is made of, and what has to be known of it.
fn draw_offer(scene: Scene<'_>, offer: &SchemaOffer, area: Rect, buffer: &mut Buffer) {
    let wide = usize::from(area.width);
    let mut lines = lines_of(scene, &format!("From {}", offer.from), 0, wide, Role::Title);
    for note in &offer.notes {
        lines.extend(lines_of(scene, note, 2, wide, Role::Wait));
    }
    let more = lines.len().saturating_sub(usize::from(area.height));
    for (row, (line, place)) in lines.into_iter().zip(area.rows()).enumerate() {
        let is_last = row + 1 == usize::from(area.height);
        let line = if more > 0 && is_last {
            Line::from(scene.span(format!("  … {} more lines of notes", more + 1), Role::Quiet))
        } else {
            line
        };
        buffer.set_line(place.x, place.y, &truncated(line, wide), place.width);
    }
}

fn mark(passed: Option<bool>) -> (&'static str, Role) {
    match passed {
        Some(true) => ("✓", Role::Pass),
        Some(false) => ("✗", Role::Fail),
        None => ("○", Role::Quiet),
    }
}
