//! The form of an experiment on a prompt: whom it asks and what it may use, and below, before anything is asked, what its rows
//! can show and what it will take.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        event::{ExperimentKind, ExperimentPlan, ExperimentReach, ExperimentRequest},
        intent::{Intent, LabIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, hint},
        overlays::batch_limits,
        totals::costs,
    },
    eval::experiment::ExperimentLimits,
    model::{Catalog, batch::BatchLimits},
    present::improve::split,
    text::{
        format::{count, counted, thousands},
        wrapped_lines,
    },
    widgets::{
        form,
        form::{Form, FormField},
        frame::{Hold, pane},
        interactive::Interactive,
        key::Chord,
        theme::Role,
    },
};

const MODEL: &str = "Model";
const PROPOSER: &str = "Proposer";
const CANDIDATES: &str = "Candidates";
const CALLS: &str = "calls";
const RECORD: &str = "Record";

/// What becomes of an experiment of the same that is on record.
const RECORDED: &[&str] = &["go on", "begin anew"];

/// Edits that can be wanted, at most.
const MOST: u64 = 24;

/// Whom an experiment asks, and what it may use, as it is filled in.
#[derive(Debug, Clone)]
pub struct ExperimentForm {
    /// What it was opened with; what is filled in stands over it.
    request: ExperimentRequest,
    /// What was looked at last.
    looked: ExperimentRequest,
    pub form: Form,
}

impl ExperimentForm {
    /// Fills it with an experiment.
    #[must_use]
    pub fn new(request: &ExperimentRequest) -> Self {
        let ExperimentLimits { cost, tokens, calls, time } = request.limits;
        let [mut cost, tokens, time] = batch_limits::rows(&BatchLimits { cost, tokens, time });
        "US dollars; no call is made that may go beyond it; empty is no limit".clone_into(&mut cost.hint);
        let calls = FormField::new(
            CALLS,
            &calls.map(|calls| calls.to_string()).unwrap_or_default(),
            "calls of models, those that judge or propose included; empty is no limit",
        );
        let mut rows = vec![FormField::new(MODEL, &request.model, "the model whose answers count")];
        if let ExperimentKind::Improve { by, candidates } = &request.kind {
            rows.push(FormField::new(PROPOSER, by, "the model that is shown what failed and proposes edits"));
            rows.push(FormField::new(CANDIDATES, &candidates.to_string(), "edits that are tried, 1 to 24"));
        }
        rows.extend([cost, calls, tokens, time]);
        let recorded = if request.anew { "begin anew" } else { "go on" };
        let hint = "go on: what the same has asked is not asked again; begin anew: it all is";
        rows.push(FormField::of_words(RECORD, recorded, RECORDED, hint));
        Self { request: request.clone(), looked: request.clone(), form: Form::new(rows) }
    }

    /// Says on a line what is wrong with it, and goes there.
    pub fn note(&mut self, label: &str, error: String) {
        if let Some(row) = self.form.rows.iter_mut().find(|row| row.label == label) {
            row.error = Some(error);
        }
        self.form.show_error();
    }

    /// Reads the form; what is wrong with a line is noted on it.
    fn read(&mut self, catalog: &Catalog) -> Option<ExperimentRequest> {
        let known = |name: &str| match catalog.resolve(name) {
            Ok(_) => Ok(name.to_owned()),
            Err(unknown) => Err(unknown.to_string()),
        };
        let named = |form: &mut Form, label: &str| {
            if form.value(label).is_empty() {
                let row = form.rows.iter_mut().find(|row| row.label == label);
                row?.error = Some("name a model".to_owned());
            }
            form.read(label, known)
        };
        let model = named(&mut self.form, MODEL);
        let kind = match self.request.kind {
            ExperimentKind::Improve { candidates, .. } => {
                let by = named(&mut self.form, PROPOSER);
                let wanted = self.form.read(CANDIDATES, |text| form::whole(text, MOST));
                let candidates = wanted.and_then(|wanted| usize::try_from(wanted).ok()).unwrap_or(candidates);
                by.map(|by| ExperimentKind::Improve { by, candidates })
            }
            ExperimentKind::Ablate => Some(ExperimentKind::Ablate),
        };
        let BatchLimits { cost, tokens, time } = batch_limits::read(&mut self.form);
        let calls = self.form.read(CALLS, |text| form::whole(text, u64::MAX));
        let limits = ExperimentLimits { cost, tokens, calls, time };
        let anew = self.form.value(RECORD) == "begin anew";
        if self.form.rows.iter().any(|row| row.error.is_some()) {
            return None;
        }
        Some(ExperimentRequest { kind: kind?, batch: self.request.batch.clone(), model: model?, limits, anew })
    }

    /// Has what is filled in looked at, where it asks something else than before.
    fn changed(&mut self, catalog: &Catalog) -> After {
        // What is wrong is said once it is to begin: a name is wrong while it is typed.
        let mut typed = self.clone();
        match typed.read(catalog).filter(|request| !request.asks_the_same(&self.looked)) {
            Some(request) => {
                self.looked = request.clone();
                After::StayAnd(Intent::Lab(LabIntent::Plan(Box::new(request))))
            }
            None => After::Stay,
        }
    }

    fn start(&mut self, cx: OverlayCx<'_>) -> After {
        let request = self.read(&cx.shared.catalog);
        match request.filter(|_| !self.form.show_error()) {
            Some(request) => After::StayAnd(Intent::Lab(LabIntent::Start(Box::new(request)))),
            None => After::Stay,
        }
    }

    /// Writes what is known before the first call: what the rows can show, and what it will take.
    fn known(&self, scene: Scene<'_>, wide: u16) -> [Vec<(String, Role)>; 2] {
        let lines = |text: &str, role: Role| -> Vec<(String, Role)> {
            wrapped_lines(text, wide).into_iter().map(|row| (row, role)).collect()
        };
        let plan = match &scene.shared.lab.planned {
            None => return [lines("Looking at the data …", Role::Quiet), Vec::new()],
            Some(Err(why)) => return [lines(&format!("✗ {why}"), Role::Fail), Vec::new()],
            Some(Ok(plan)) => plan,
        };
        let shows = match &plan.reach {
            ExperimentReach::Improve(forecast) => split(forecast),
            ExperimentReach::Ablate { units, fewest } => format!(
                "{}: a part is shown to matter where at least {fewest} of the {} rows change one way",
                counted(*units as u64, "part"),
                thousands(plan.rows)
            ),
        };
        let shows = lines(&shows, Role::Text);
        let mut takes = lines(&self.calls(plan), Role::Text);
        takes.extend(lines(&tokens(plan), Role::Number));
        if let Some(why) = &plan.refused {
            takes.extend(lines(&format!("✗ {why}"), Role::Fail));
        }
        if let Some(name) = &plan.on_record {
            let words = if self.form.value(RECORD) == "begin anew" {
                format!("{name} is on record and left aside: all is asked again")
            } else {
                format!("goes on with {name}: what it has asked is not asked again")
            };
            takes.extend(lines(&words, Role::Origin));
        }
        for note in &plan.notes {
            takes.extend(lines(note, Role::Wait));
        }
        [shows, takes]
    }

    fn calls(&self, plan: &ExperimentPlan) -> String {
        let (usual, most) = plan.cells;
        let most = if most > usual { format!(", at most {}", thousands(most)) } else { String::new() };
        let proposer = match &self.request.kind {
            ExperimentKind::Improve { .. } => {
                let (by, candidates) = (self.form.value(PROPOSER), self.form.value(CANDIDATES));
                format!(", and 1 or 2 calls of {by} for {candidates} edits")
            }
            ExperimentKind::Ablate => String::new(),
        };
        format!("about {}{most}{proposer}", counted(usual, "answer"))
    }
}

fn tokens(plan: &ExperimentPlan) -> String {
    let estimate = &plan.estimate;
    let all = count(estimate.input.saturating_add(estimate.output.expected));
    let [_, cost, _] = costs(estimate);
    let source = match estimate.from {
        0 => "guessed: no past answers".to_owned(),
        from => format!("from {}", counted(from, "past answer")),
    };
    let cost = if plan.unpriced.is_empty() { cost } else { format!("price unknown for {}", plan.unpriced.join(", ")) };
    format!("≈ {all} tokens, {cost} ({source})")
}

impl OverlayPart for ExperimentForm {
    fn title(&self) -> &'static str {
        match self.request.kind {
            ExperimentKind::Improve { .. } => "Improve the prompt",
            ExperimentKind::Ablate => "Leave out parts of the prompt",
        }
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        let rows = match &scene.shared.lab.planned {
            Some(Ok(plan)) => format!(", {}", counted(plan.rows, "row")),
            _ => String::new(),
        };
        let name = self.request.batch.spec.name.clone();
        Line::from(scene.foreign(&format!("{} × {name}{rows}", self.request.prompt_name()), Role::Quiet))
    }

    fn is_screen(&self) -> bool {
        true
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::MAX, u16::MAX))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Run, "Start"), hint(scene, Verb::NextPane, "next line")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.form)
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        if cx.shared.keymap.chords(Verb::Run).contains(&chord) {
            return Some(self.start(cx));
        }
        self.form.key(chord).then(|| self.changed(&cx.shared.catalog))
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        self.start(cx)
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let height = u16::try_from(self.form.rows.len() + 2).unwrap_or(u16::MAX).min(body.height);
        let area = Rect { height, ..body };
        form::draw(&self.form, scene.theme, area, scene.caret, buffer);
        let [shows, takes] = self.known(scene, body.width);
        let mut at = area.bottom();
        for (title, lines) in [("What these rows can show", shows), ("What it will take", takes)] {
            if lines.is_empty() {
                continue;
            }
            let rule = Rect { x: body.x.saturating_sub(1), y: at, width: body.width.saturating_add(2), height: 1 };
            if at < body.bottom() {
                let title = Line::from(scene.span(title, Role::Title));
                pane(rule, Hold::Away, title, Line::default(), scene.theme, buffer);
            }
            at = at.saturating_add(1);
            for (text, role) in lines {
                if at < body.bottom() {
                    buffer.set_line(body.x, at, &Line::from(scene.foreign(&text, role)), body.width);
                }
                at = at.saturating_add(1);
            }
        }
    }
}
