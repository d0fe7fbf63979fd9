//! The overlays there are, each in a file of its own: its state, what is done in it, and how it is drawn.
//!
//! A new one is a file with a type that is an [`OverlayPart`], and a line in the list below.

pub mod ablation;
pub mod answer_groups;
pub mod attachments;
pub mod batch_choices;
pub mod batch_ending;
pub mod batch_limits;
pub mod blind;
pub mod calibration;
pub mod checks;
pub mod columns;
pub mod compare_with;
pub mod confirm;
pub mod copy;
pub mod experiment_form;
pub mod grade;
pub mod guessed_template;
pub mod help;
pub mod improvement;
pub mod inbox;
pub mod lane_params;
pub mod lists;
pub mod message_menu;
pub mod models;
pub mod palette;
pub mod params;
pub mod prompts;
pub mod rows;
pub mod samples;
pub mod schema;
pub mod search;
pub mod sessions;
pub mod text_prompt;
pub mod tool_result;
pub mod tools;
pub mod versions;
pub mod xray;

use std::ops::Deref;

use ratatui::{
    buffer::Buffer,
    layout::{Margin, Rect},
    text::Line,
    widgets::{Clear, Widget},
};

use crate::{
    app::{
        action::Verb,
        ask,
        context::{Cx, Scene},
        intent::{BlindStep, Intent, OverlayIntent},
        layout::Layout,
        notices::Tone,
        overlay::{After, OverlayPart, hint},
        overlays::checks::trial::{Trial, TrialRequest},
    },
    model::{
        Prompt,
        error::StoreError,
        query::{Filter, Query, What},
    },
    pipeline::ports::RunRecord,
    store::api::{Lineage, ToScore, WantedBlind},
    widgets::{
        frame,
        frame::{Hold, hints, pane, popup},
    },
};

/// Writes the enum of all overlays and the one match that leads to what each of them is.
macro_rules! overlays {
    ($($name:ident($part:ty) = $doc:literal;)*) => {
        /// One overlay.
        #[derive(Debug, Clone)]
        #[allow(clippy::large_enum_variant, reason = "few are open at a time")]
        pub enum Overlay {
            $(#[doc = $doc] $name($part),)*
        }

        impl Overlay {
            #[must_use]
            pub fn part(&self) -> &dyn OverlayPart {
                match self {
                    $(Self::$name(part) => part,)*
                }
            }

            /// Returns what it is, to be changed.
            pub(crate) fn part_mut(&mut self) -> &mut dyn OverlayPart {
                match self {
                    $(Self::$name(part) => part,)*
                }
            }
        }

        $(
            impl From<$part> for Overlay {
                fn from(part: $part) -> Self {
                    Self::$name(part)
                }
            }

            impl OverlayKind for $part {
                fn of(overlay: &mut Overlay) -> Option<&mut Self> {
                    if let Overlay::$name(part) = overlay { Some(part) } else { None }
                }
            }
        )*
    };
}

overlays! {
    Help(help::Help) = "The keys for what has the focus.";
    Palette(palette::Palette) = "Every action.";
    Models(models::Models) = "The models a lane can have.";
    Params(params::ParamsForm) = "Parameters and fallbacks.";
    LaneParams(lane_params::LaneParamsForm) = "Parameters of a lane's own.";
    Samples(samples::SamplesForm) = "How many samples each lane makes.";
    Limits(batch_limits::LimitsForm) = "What a batch may use.";
    MessageMenu(message_menu::MessageMenu) = "What can be done with a message.";
    BatchEnding(batch_ending::BatchEndingPane) = "How a batch ended, and why.";
    Blind(blind::BlindPane) = "Two answers without the names of who gave them.";
    Inbox(inbox::InboxPane) = "What changed against the baseline of a prompt, to be decided of.";
    Calibration(calibration::CalibrationPane) = "Whether what answers state of themselves holds.";
    Experiment(experiment_form::ExperimentForm) = "What an experiment on a prompt asks, and what it can show.";
    Improvement(improvement::ImprovementPane) = "An improvement of a prompt: its candidates, and what came of them.";
    Ablation(ablation::AblationPane) = "A prompt whose parts are left out one by one.";
    Attachments(attachments::AttachmentList) = "What goes with a message or with the input beside its text.";
    BatchChoices(batch_choices::BatchChoices) = "Data sets, or batches, of which one is chosen for a batch.";
    Prompts(prompts::PromptList) = "The prompts.";
    Sessions(sessions::SessionList) = "The sessions.";
    Rows(rows::RowList) = "The rows of a data set.";
    CompareWith(compare_with::CompareWith) = "What the lanes can be compared with.";
    Versions(versions::Versions) = "The versions of the prompt.";
    Grade(grade::GradeMenu) = "What can be said of an answer.";
    GuessedTemplate(guessed_template::GuessedTemplate) = "The template that a call was guessed to be made from.";
    Checks(checks::ChecksEditor) = "The rules of the prompt.";
    Groups(answer_groups::AnswerGroups) = "A lane's answers in groups.";
    TextPrompt(text_prompt::TextPrompt) = "One text, to be typed: a name, a path, a comment.";
    Tools(tools::ToolsEditor) = "The tools of the prompt.";
    ToolResult(tool_result::ToolResultPane) = "The result of a call, to be typed.";
    Schema(schema::SchemaPane) = "The JSON Schema of the answer, as text.";
    Xray(xray::Xray) = "A run step by step.";
    Copy(copy::CopyMenu) = "In what form to copy.";
    Columns(columns::Columns) = "The columns of the history, and which are shown.";
    Search(search::Search) = "A text to be searched while it is typed; it lies on the status line.";
    Confirm(confirm::Confirm) = "A question.";
}

/// One kind of overlay.
pub(crate) trait OverlayKind: Sized {
    /// Returns an overlay as one of this kind, if it is one.
    fn of(overlay: &mut Overlay) -> Option<&mut Self>;
}

impl Overlay {
    /// Returns the rows between the query and the hint, given the overlay's whole area. Inside its border an overlay
    /// with a list has the query in its first row, a hint in its last, and the list between; the others use all rows
    /// but the last, which is the hint.
    #[must_use]
    pub fn body(&self, area: Rect) -> Rect {
        if self.part().is_screen() {
            return frame::inside(area);
        }
        let inner = area.inner(Margin::new(1, 1));
        let query = u16::from(self.part().query().is_some()).min(inner.height);
        Rect { y: inner.y + query, height: inner.height.saturating_sub(query + 1), ..inner }
    }

    /// Sets its keys into its last row, of a width.
    pub(crate) fn foot_line(&self, scene: Scene<'_>, width: u16) -> Line<'static> {
        let out = hint(scene, Verb::Leave, self.part().way_out());
        hints(&self.part().hints(scene), &[out], usize::from(width), scene.theme)
    }

    /// Draws it in its frame; one without takes the status line.
    pub(crate) fn draw(&self, scene: Scene<'_>, layout: &Layout, buffer: &mut Buffer) {
        let part = self.part();
        if part.size().is_none() {
            part.draw(scene, layout.status, buffer);
            return;
        }
        let area = layout.overlay.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let title = part.heading(scene, area.width);
        if part.is_screen() {
            Clear.render(area, buffer);
            pane(area, Hold::Focused, title, part.beside(scene), scene.theme, buffer);
            part.draw(scene, self.body(area).inner(Margin::new(1, 0)), buffer);
            return;
        }
        let inside = popup(area, title, part.beside(scene), scene.theme, buffer);
        let body = self.body(area).inner(Margin::new(1, 0)).intersection(inside);
        if let Some(query) = part.query() {
            let row = Rect { height: 1, ..inside };
            scene.line(query, "› ", "type to narrow", row, buffer);
        }
        let foot = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
        buffer.set_line(foot.x, foot.y, &self.foot_line(scene, foot.width), foot.width);
        part.draw(scene, body, buffer);
    }
}

/// What lies over the screen, the last on top.
#[derive(Debug, Default)]
pub struct Overlays {
    open: Vec<Overlay>,
    /// Counts the schemas that were tried on stored answers: what comes for an earlier one is dropped.
    schema_round: u64,
}

/// Stored answers that are tried at once.
const PAGE: usize = 100;

impl Deref for Overlays {
    type Target = [Overlay];

    fn deref(&self) -> &[Overlay] {
        &self.open
    }
}

impl Overlays {
    /// Lays one over those that are there.
    pub(crate) fn push(&mut self, overlay: Overlay) {
        self.open.push(overlay);
    }

    /// Closes the topmost.
    pub(crate) fn pop(&mut self) {
        self.open.pop();
    }

    /// Closes all.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    /// Returns the topmost.
    pub(crate) fn top_mut(&mut self) -> Option<&mut Overlay> {
        self.open.last_mut()
    }

    /// Finds one of a kind.
    pub(crate) fn find<K: OverlayKind>(&mut self) -> Option<&mut K> {
        self.open.iter_mut().find_map(K::of)
    }

    /// Closes those of a kind, wherever they lie.
    pub(crate) fn close<K: OverlayKind>(&mut self) {
        self.open.retain_mut(|overlay| K::of(overlay).is_none());
    }

    /// Fills one of a kind with what was read, if it is still open; where it could not be read, closes it.
    fn fill<K: OverlayKind, R>(
        &mut self,
        read: Result<R, StoreError>,
        fill: impl FnOnce(&mut K, R),
        cx: &mut Cx<'_, Self>,
    ) {
        match read {
            Ok(read) => {
                if let Some(part) = self.find::<K>() {
                    fill(part, read);
                }
            }
            Err(error) => {
                self.close::<K>();
                cx.say(Tone::Error, &error.message);
            }
        }
    }

    /// Does what another part of the workbench wants of them.
    pub(crate) fn receive(&mut self, request: OverlayIntent, cx: &mut Cx<'_, Self>) {
        match request {
            OverlayIntent::CloseAll => self.clear(),
            OverlayIntent::CloseVersions => self.close::<versions::Versions>(),
            OverlayIntent::CompareVersions => self.compare_versions(cx),
            OverlayIntent::Parts(of, news) => {
                if let Some(list) = self.find::<attachments::AttachmentList>() {
                    list.take(of, news);
                }
            }
            OverlayIntent::ListPrompts => cx.ask(ask::list_prompts(), (), |overlays, (), entries, cx| {
                overlays.fill(entries, |list: &mut prompts::PromptList, entries| list.fill(&entries), cx);
            }),
            OverlayIntent::ListSessions => cx.ask(ask::list_sessions(), (), |overlays, (), entries, cx| {
                overlays.fill(entries, |list: &mut sessions::SessionList, entries| list.fill(&entries), cx);
            }),
            OverlayIntent::ListModelRuns(prompt) => {
                let filter = |name| Filter { not: false, what: What::Prompt(name) };
                let query = Query { filters: prompt.into_iter().map(filter).collect(), ..Query::default() };
                cx.ask(ask::report(query), (), |overlays, (), report, _| {
                    // Without the record the models are listed all the same.
                    if let (Ok(report), Some(models)) = (report, overlays.find::<models::Models>()) {
                        models.fill_runs(&report);
                    }
                });
            }
            OverlayIntent::ListRuns => {
                cx.ask(
                    ask::history(Query::default(), None, compare_with::RUNS),
                    (),
                    |overlays, (), page, cx| match page {
                        Ok(page) => {
                            if let Some(list) = overlays.find::<compare_with::CompareWith>() {
                                list.fill(&page.runs, cx.shared.now.time);
                            }
                        }
                        // What is on the bench can be compared with all the same.
                        Err(error) => cx.say(Tone::Error, &error.message),
                    },
                );
            }
            OverlayIntent::ListVersions(of) => self.list_versions(of, cx),
            OverlayIntent::TrySchema { prompt, name } => self.try_schema(*prompt, &name, cx),
            OverlayIntent::InferSchema(name) => Self::infer_schema(&name, cx),
            OverlayIntent::SetSchemaText(text) => {
                if let Some(pane) = self.find::<schema::SchemaPane>() {
                    pane.set(&text);
                    if let After::StayAnd(intent) = pane.changed() {
                        cx.send(intent);
                    }
                }
            }
            OverlayIntent::TryChecks => self.try_checks(cx),
            OverlayIntent::TryOn(answers) => {
                if let Some(editor) = self.find::<checks::ChecksEditor>() {
                    editor.trial.set_answers(answers);
                    self.try_checks(cx);
                }
            }
            OverlayIntent::OpenCalibration { query, truths } => {
                let pane = calibration::CalibrationPane::new(*query, truths);
                let asked = pane.asked();
                self.push(pane.into());
                Self::read_stated(asked, cx);
            }
            OverlayIntent::Weigh(asked) => Self::read_stated(asked, cx),
            OverlayIntent::OpenBlind(wanted) => {
                self.push(blind::BlindPane::new().into());
                Self::open_blind(wanted, cx);
            }
            OverlayIntent::Blind(step) => self.step_blind(step, cx),
            OverlayIntent::OpenInbox(opening) => self.open_inbox(*opening, cx),
            OverlayIntent::Inbox(step) => self.step_inbox(step, cx),
            OverlayIntent::ShowXray(record) => {
                if let Some(Overlay::Xray(xray)) = self.open.last_mut() {
                    xray.show_record(&record, cx.shared.now.time);
                }
            }
            OverlayIntent::ShowJudge(run) => {
                cx.ask(ask::open_run(run), run, |overlays, run, record, cx| match record {
                    Ok(record) => {
                        overlays.show_judge(&record);
                        overlays.ask_agreement(cx);
                    }
                    Err(error) => {
                        let says = format!("the judge's run {}: {}", run.short(), error.message);
                        cx.say(Tone::Error, &says);
                    }
                });
            }
        }
    }

    /// Has the record weigh what answers state against what is right of them.
    fn read_stated((query, truth): (Query, Option<String>), cx: &mut Cx<'_, Self>) {
        cx.ask(
            ask::stated_answers(query, calibration::STATED.to_owned(), truth.clone()),
            truth,
            |overlays, truth, found, _| {
                if let Some(pane) = overlays.find::<calibration::CalibrationPane>() {
                    pane.take(truth.as_deref(), found);
                }
            },
        );
    }

    /// Reads a blind comparison from the record, or begins one.
    fn open_blind(wanted: WantedBlind, cx: &mut Cx<'_, Self>) {
        cx.ask(ask::open_blind(wanted), (), |overlays, (), comparison, cx| {
            if let Some(pane) = overlays.find::<blind::BlindPane>() {
                match comparison {
                    Ok(comparison) => pane.fill(comparison),
                    Err(error) => pane.fail(&error.message),
                }
            }
            overlays.read_blind(cx);
        });
    }

    /// Notes what was said in a blind comparison, and reads what is shown next.
    fn step_blind(&mut self, step: BlindStep, cx: &mut Cx<'_, Self>) {
        let at = cx.shared.now.time;
        let Some(pane) = self.find::<blind::BlindPane>() else { return };
        let Some(id) = pane.comparison.as_ref().map(|comparison| comparison.id) else { return };
        match step {
            BlindStep::Vote(vote) => cx.ask(ask::vote_blind(id, vote.clone()), vote, |overlays, vote, noted, _| {
                if let (Err(error), Some(pane)) = (noted, overlays.find::<blind::BlindPane>()) {
                    pane.drop_vote(&vote, &error.message);
                }
            }),
            BlindStep::Undo => cx.ask(ask::undo_blind(id), (), |overlays, (), noted, _| {
                overlays.tell_blind(noted);
            }),
            BlindStep::Reveal => cx.ask(ask::reveal_blind(id, at), at, |overlays, at, noted, _| match noted {
                Ok(_) => {
                    if let Some(pane) = overlays.find::<blind::BlindPane>() {
                        pane.reveal(at);
                    }
                }
                Err(error) => overlays.tell_blind(Err(error)),
            }),
            BlindStep::Anew => {
                if let Some(wanted) = pane.wanted_anew(at) {
                    Self::open_blind(wanted, cx);
                }
            }
        }
        self.read_blind(cx);
    }

    fn tell_blind(&mut self, noted: Result<i64, StoreError>) {
        if let (Err(error), Some(pane)) = (noted, self.find::<blind::BlindPane>()) {
            pane.fail(&error.message);
        }
    }

    /// Reads the texts that a blind comparison shows now or next.
    fn read_blind(&mut self, cx: &mut Cx<'_, Self>) {
        let lacking = self.find::<blind::BlindPane>().map(blind::BlindPane::lacking).unwrap_or_default();
        for run in lacking {
            cx.ask(ask::open_run(run), run, |overlays, run, record, _| {
                if let Some(pane) = overlays.find::<blind::BlindPane>() {
                    pane.take_run(run, record.map_err(|error| error.message));
                }
            });
        }
    }

    /// Has the rules that are edited tried: asks for the next part, and goes on until nothing is left.
    fn try_checks(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(editor) = self.find::<checks::ChecksEditor>() else { return };
        match editor.trial.next(cx.shared.now.time) {
            None => {}
            Some(TrialRequest::Bench(answers, round)) => {
                cx.ask(ask::judge_answers(answers), round, |overlays, round, judged, cx| {
                    overlays.take_trial(Some(round), judged, |trial, judged| trial.take_bench(round, judged), cx);
                });
            }
            Some(TrialRequest::Saved(page)) => {
                cx.ask(ask::score_runs(page), (), |overlays, (), page, cx| {
                    overlays.take_trial(None, page, |trial, page| trial.take_saved(&page), cx);
                });
            }
            Some(TrialRequest::Edited(page, round)) => {
                cx.ask(ask::score_runs(page), round, |overlays, round, page, cx| {
                    overlays.take_trial(Some(round), page, |trial, page| trial.take_edited(round, &page), cx);
                });
            }
        }
    }

    fn take_trial<R>(
        &mut self,
        round: Option<u64>,
        judged: Result<R, StoreError>,
        take: impl FnOnce(&mut Trial, R),
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(editor) = self.find::<checks::ChecksEditor>() else { return };
        match judged {
            Ok(judged) => take(&mut editor.trial, judged),
            Err(error) => editor.trial.fail(round, error.message),
        }
        self.try_checks(cx);
    }

    fn list_versions(&mut self, of: Lineage, cx: &mut Cx<'_, Self>) {
        if self.find::<versions::Versions>().is_some() {
            cx.ask(ask::list_versions(of, versions::VERSIONS), (), |overlays, (), entries, cx| {
                overlays.fill(entries, versions::Versions::fill, cx);
                overlays.compare_versions(cx);
            });
        }
    }

    /// Has the record weigh one version after the other against the one it is compared with, while they are listed.
    fn compare_versions(&mut self, cx: &mut Cx<'_, Self>) {
        let Some((pair, queries)) = self.find::<versions::Versions>().and_then(versions::Versions::next_comparison)
        else {
            return;
        };
        cx.ask(ask::compare_paired(queries), pair, |overlays, pair, comparison, cx| {
            let list = overlays.find::<versions::Versions>();
            if list.is_some_and(|list| list.take_comparison(&pair, comparison)) {
                overlays.compare_versions(cx);
            }
        });
    }

    /// Tries the schema of a prompt on the stored answers of the one with a name, a page at a time.
    fn try_schema(&mut self, prompt: Prompt, name: &str, cx: &mut Cx<'_, Self>) {
        self.schema_round += 1;
        if let Some(pane) = self.find::<schema::SchemaPane>() {
            let reading = schema::StoredAnswers { is_reading: true, ..schema::StoredAnswers::default() };
            pane.stored = Some(reading);
            let query = Query::default().answers_to(name);
            let page = ToScore { prompt, query, after: None, limit: PAGE, write: false, at: cx.shared.now.time };
            Self::try_page(page, self.schema_round, cx);
        }
    }

    /// Offers a schema that the newest answers on record to a prompt are valid against.
    fn infer_schema(name: &str, cx: &mut Cx<'_, Self>) {
        let query = Query::default().answers_to(name);
        cx.ask(ask::infer_schema(query), (), |overlays, (), inferred, cx| match inferred {
            Ok((_, 0)) => cx.say(Tone::Info, "the record has no answer in JSON to this prompt"),
            Ok((inferred, answers)) => {
                if let Some(pane) = overlays.find::<schema::SchemaPane>() {
                    let from = if answers == 1 {
                        "the answer on record".to_owned()
                    } else {
                        format!("{answers} answers on record")
                    };
                    pane.offer(from, *inferred);
                }
            }
            Err(error) => cx.say(Tone::Error, &error.message),
        });
    }

    fn try_page(page: ToScore, round: u64, cx: &mut Cx<'_, Self>) {
        let next = page.clone();
        cx.ask(ask::score_runs(page), (next, round), |overlays, (next, round), scored, cx| {
            let is_current = overlays.schema_round == round;
            let Some(pane) = overlays.find::<schema::SchemaPane>().filter(|_| is_current) else {
                return;
            };
            let (Ok(scored), Some(stored)) = (scored, &mut pane.stored) else {
                // Without the record there is nothing to say of it.
                pane.stored = None;
                return;
            };
            stored.add(&scored);
            if scored.after.is_some() {
                Self::try_page(ToScore { after: scored.after, ..next }, round, cx);
            }
        });
    }

    /// Has the record say how far the judges of the X-ray's prompt and people agree, once.
    fn ask_agreement(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(Overlay::Xray(xray)) = self.open.last_mut() else { return };
        let Some(query) = xray.asks_agreement() else { return };
        cx.ask(ask::report(query), (), |overlays, (), report, _| {
            // Without the record there is nothing to say of it.
            if let (Some(Overlay::Xray(xray)), Ok(report)) = (overlays.open.last_mut(), report) {
                xray.judges.agree(&report);
            }
        });
    }

    /// Shows a judge's run in the X-ray of the run it judged.
    fn show_judge(&mut self, record: &RunRecord) {
        if let Some(Overlay::Xray(xray)) = self.open.last_mut() {
            xray.take_judge(record);
        }
    }
}

impl Intent {
    /// Opens an overlay over what is there.
    pub fn open(overlay: impl Into<Overlay>) -> Self {
        Self::Open(Box::new(overlay.into()))
    }
}

impl<S: 'static> Cx<'_, S> {
    /// Opens an overlay over what is there.
    pub fn open(&mut self, overlay: impl Into<Overlay>) {
        self.send(Intent::open(overlay));
    }

    /// Asks a question; what follows a yes is given with the words for it.
    pub fn confirm(&mut self, text: &str, yes: &'static str, then: Intent) {
        self.open(confirm::Confirm::new(text, yes, then));
    }
}
