//! What is to be run: the form a batch is set up with, and the request that is read from it.
//!
//! From the form to a batch that runs: prompts read, data looked at, columns mapped, cost estimated.

use std::collections::BTreeMap;

use crate::{
    app::{
        ask,
        batch::{
            Batches, Page, is_waited_for,
            run_state::{BatchState, ShownBatch},
        },
        context::Cx,
        event::{BatchPreviewView, Effect, Ticket},
        intent::{BatchStep, Intent, OnBench},
        notices::Tone,
        overlays::batch_limits,
    },
    model::{
        CacheMode, Prompt,
        batch::{BatchLimits, BatchRequest, BatchSpec, ResumeMode},
        cost::{Cost, PicoDollars},
        dataset::{MissingVariable, RowSource},
        error::StoreError,
    },
    pipeline::batch::budget::BatchBudget,
    widgets::{
        form,
        form::{Form, FormField},
        interactive::Interactive,
        line_input::LineInput,
        motion::Motion,
    },
};

/// Samples of each request, at most.
const MOST_SAMPLES: u32 = 100;

/// Calls under way at once, at most.
pub const MOST_AT_ONCE: usize = 256;

/// The words for [`ResumeMode::ALL`] in the form.
const RESUME: &[&str] = &["kept", "failed again", "anew"];

/// Makes the request of a batch that is asked in a session: all rows of its data set, read as its name says.
#[must_use]
pub fn request(spec: BatchSpec, concurrency: usize, limits: BatchLimits, session: &str) -> BatchRequest {
    BatchRequest {
        rows: RowSource::of(&spec.data),
        spec,
        files: Vec::new(),
        trust: false,
        vars: BTreeMap::new(),
        judge: None,
        cache: CacheMode::On,
        limits,
        allow_unpriced: false,
        concurrency,
        resume: ResumeMode::Resume,
        only: None,
        session: Some(session.to_owned()),
    }
}

/// What a form names, its prompts not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchFormInput {
    /// The prompts' names.
    pub prompts: Vec<String>,
    /// The rest.
    pub request: BatchRequest,
}

const PROMPTS: &str = "prompts";
const DATA: &str = "data set";
const TARGETS: &str = "models";
const SAMPLES: &str = "samples";
const AT_ONCE: &str = "calls at once";
const THERE: &str = "finished cells";
const EXPECTED: &str = "expected";

/// The words for how answers are compared with what their rows expect, as [`Expected::word`] has them.
const WAYS: &[&str] = &["auto", "equals", "json", "fields", "off"];

/// The label of the line that holds the data set's path.
pub const PATH: &str = DATA;

/// Fills the form a batch is set up with.
#[must_use]
pub fn form(prompt: &str, targets: &[String], concurrency: usize) -> Form {
    let [cost, tokens, time] = batch_limits::rows(&BatchLimits::default());
    let mut form = Form::new(vec![
        FormField::new(DATA, "", "a .csv .tsv .jsonl .json .yaml file or a folder; tab completes the path"),
        FormField::new(PROMPTS, prompt, "names, by commas; the one on the bench goes as it is there"),
        FormField::new(TARGETS, &targets.join(", "), "models, by commas"),
        FormField::new(SAMPLES, "", "how often each is asked; empty is once"),
        FormField::new(AT_ONCE, &concurrency.to_string(), "calls under way at once; can be changed while it runs"),
        cost,
        tokens,
        time,
        FormField::of_words(THERE, "kept", RESUME, "what happens to the cells of an earlier run of the same batch"),
        FormField::of_words(
            EXPECTED,
            "auto",
            WAYS,
            "how answers are compared with the column `expected`; auto: JSON by field",
        ),
    ]);
    form.at = 0;
    form
}

/// Reads the form. With an error in it, the line in question says so and nothing is read.
pub fn read(form: &mut Form, known: impl Fn(&str) -> Result<(), String>, session: &str) -> Option<BatchFormInput> {
    form.rows.iter_mut().for_each(|row| row.error = None);
    let needed = |what: &'static str| format!("name {what}");
    let data = form.read(DATA, |text| Ok(text.to_owned()));
    let prompts = form.read(PROMPTS, |text| Ok(list(text))).filter(|names| !names.is_empty());
    let targets = form.read(TARGETS, |text| {
        let names = list(text);
        names.iter().try_for_each(|name| known(name)).map(|()| names)
    });
    let samples = form.read(SAMPLES, |text| form::whole(text, u64::from(MOST_SAMPLES)));
    let concurrency = form.read(AT_ONCE, |text| form::whole(text, MOST_AT_ONCE as u64));
    let limits = batch_limits::read(form);
    let resume = form.value(THERE);
    let resume =
        RESUME.iter().zip(ResumeMode::ALL).find(|(word, _)| **word == resume).map(|(_, mode)| mode).unwrap_or_default();
    let empty = [
        (DATA, data.is_none(), needed("a file or a folder")),
        (PROMPTS, prompts.is_none(), needed("a prompt")),
        (TARGETS, targets.as_ref().is_none_or(Vec::is_empty), needed("a model")),
    ];
    for (label, empty, says) in empty {
        if let Some(row) = form.rows.iter_mut().find(|row| row.label == label && empty && row.error.is_none()) {
            row.error = Some(says);
        }
    }
    if form.show_error() {
        return None;
    }
    let data = data?;
    let spec = BatchSpec {
        name: BatchSpec::name_of(&data),
        data,
        prompts: Vec::new(),
        targets: targets?,
        samples: samples.and_then(|samples| u32::try_from(samples).ok()).unwrap_or(1),
        mapping: BTreeMap::new(),
        behind: BTreeMap::new(),
        expected: form.value(EXPECTED).parse().unwrap_or_default(),
    };
    let concurrency = concurrency.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(1);
    let request = BatchRequest { resume, ..request(spec, concurrency, limits, session) };
    Some(BatchFormInput { prompts: prompts?, request })
}

/// Reads names, by commas; each once.
fn list(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Says what a cap is, where there is one.
#[must_use]
pub fn capped(caps: &BatchLimits) -> Vec<String> {
    let cost = caps.cost.map(|dollars| {
        let pico = PicoDollars((dollars.max(0.0) * 1e12).round() as u64);
        Cost::Known(pico).to_string()
    });
    let tokens = caps.tokens.map(|tokens| format!("{} tokens", crate::text::format::count(tokens)));
    let time = caps.time.map(crate::text::format::duration);
    [cost, tokens, time].into_iter().flatten().collect()
}

/// A batch that is being set up.
#[derive(Debug, Clone, Default)]
pub struct BatchSetup {
    /// The form.
    pub form: Option<Form>,
    /// Which column each variable is, where they differ in name.
    pub map: Option<Form>,
    /// What the form says.
    wanted: Option<BatchFormInput>,
    /// Prompts that were read for it.
    prompts: BTreeMap<String, Prompt>,
    /// What would be started.
    pub request: Option<BatchRequest>,
    /// What is known of it.
    pub planned: Option<BatchPreviewView>,
    /// What is waited for.
    pub ticket: Option<Ticket>,
}

impl BatchSetup {
    /// Tells whether the data is being looked at.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.ticket.is_some()
    }
}

impl Batches {
    /// Opens the form a batch is set up with: as it was left, else filled from the bench.
    pub(crate) fn new_batch(&mut self, cx: &mut Cx<'_, Self>) {
        if self.busy() {
            cx.say(Tone::Warning, "a batch is under way; stop it first");
        } else if self.setup.form.is_none() {
            cx.send(Intent::TellBatch(BatchStep::SetUp));
        } else {
            self.page = Page::Form;
        }
    }

    /// Fills the form from the bench, and opens it.
    pub(crate) fn set_up(&mut self, bench: &OnBench, cx: &Cx<'_, Self>) {
        let mut targets: Vec<String> = Vec::new();
        for target in &bench.targets {
            if !targets.contains(target) {
                targets.push(target.clone());
            }
        }
        let prompt = bench.prompt_name.as_deref().unwrap_or(UNNAMED);
        self.setup.form = Some(form(prompt, &targets, cx.shared.settings.batch.concurrency));
        self.page = Page::Form;
    }

    /// Goes to the next line; a path that is typed is completed first.
    pub(crate) fn next_field(&mut self, cx: &mut Cx<'_, Self>) {
        let on_path =
            |form: &&Form| form.rows.get(form.at).is_some_and(|row| row.label == PATH && !row.value().is_empty());
        match self.form().filter(on_path) {
            Some(form) => self.complete(form.value(PATH), cx),
            None => self.step_in_form(1),
        }
    }

    /// Goes down or up some lines.
    pub(crate) fn step_in_form(&mut self, by: isize) {
        if let Some(form) = self.form_mut() {
            form.step(by);
        }
    }

    /// Moves in the form, or in the mapping; sideways through the columns a variable can be.
    pub(crate) fn go_in_form(&mut self, motion: Motion) {
        let Some(form) = self.form_mut() else {
            return;
        };
        match motion {
            Motion::Left => self.turn_column(false),
            Motion::Right => self.turn_column(true),
            Motion::Up => form.step(-1),
            Motion::Down => form.step(1),
            Motion::Top | Motion::PageUp => form.go(0),
            Motion::Bottom | Motion::PageDown => form.go(usize::MAX),
            Motion::HalfUp | Motion::HalfDown => {}
        }
    }

    /// Has the path in the form completed.
    fn complete(&mut self, path: String, cx: &mut Cx<'_, Self>) {
        let ticket = cx.out.ticket();
        self.setup.ticket = Some(ticket);
        cx.effect(Effect::Complete(ticket, path));
    }

    /// Takes a completed path in, with what it could go on with; one that is whole leads to the next line.
    pub(crate) fn completed(&mut self, ticket: Ticket, path: &str, choices: &[String], cx: &mut Cx<'_, Self>) {
        let setup = &mut self.setup;
        if !is_waited_for(setup.ticket, ticket) {
            return;
        }
        setup.ticket = None;
        let Some(form) = setup.form.as_mut() else {
            return;
        };
        let whole = form.value(PATH) == path;
        if let Some(row) = form.rows.iter_mut().find(|row| row.label == PATH) {
            row.line = LineInput::of(path);
            row.error = None;
        }
        match choices {
            [] if whole => form.step(1),
            [] => {}
            many => cx.say(Tone::Info, &many.join("  ")),
        }
    }

    /// Reads the form; prompts that are not on the bench are asked of the store first.
    pub(crate) fn take_form(&mut self, bench: OnBench, cx: &mut Cx<'_, Self>) {
        let catalog = &cx.shared.catalog;
        let known = |name: &str| catalog.resolve(name).map(drop).map_err(|unknown| unknown.to_string());
        let Some(wanted) = self.setup.form.as_mut().and_then(|form| read(form, known, &bench.session)) else {
            return;
        };
        let here = bench.prompt_name.unwrap_or_else(|| UNNAMED.to_owned());
        let setup = &mut self.setup;
        setup.prompts.clear();
        setup.ticket = None;
        if wanted.prompts.contains(&here) {
            setup.prompts.insert(here, bench.prompt);
        }
        let unread: Vec<String> =
            wanted.prompts.iter().filter(|name| !setup.prompts.contains_key(*name)).cloned().collect();
        setup.wanted = Some(wanted);
        for name in unread {
            cx.ask(ask::open_prompt(name), (), Self::prompt_read);
        }
        self.plan_batch(cx);
    }

    /// Takes a prompt of the batch in.
    fn prompt_read(
        &mut self,
        (): (),
        prompt: Result<(String, Box<Prompt>, Option<String>), StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        match prompt {
            Ok((name, prompt, _)) => {
                self.setup.prompts.insert(name, *prompt);
                self.plan_batch(cx);
            }
            Err(error) => {
                self.setup.wanted = None;
                cx.say(Tone::Error, &error.message);
            }
        }
    }

    /// Has the data looked at and the cost estimated, once every prompt is there.
    fn plan_batch(&mut self, cx: &mut Cx<'_, Self>) {
        let setup = &mut self.setup;
        let Some(wanted) = &setup.wanted else {
            return;
        };
        let read = |name: &String| Some((name.clone(), setup.prompts.get(name)?.clone()));
        let Some(prompts) = wanted.prompts.iter().map(read).collect::<Option<Vec<_>>>() else {
            return;
        };
        let mut request = wanted.request.clone();
        request.spec.prompts = prompts;
        setup.wanted = None;
        self.ask_preview(request, cx);
    }

    /// Has the data read and the cost estimated of what is wanted.
    fn ask_preview(&mut self, request: BatchRequest, cx: &mut Cx<'_, Self>) {
        let ticket = cx.out.ticket();
        self.setup.ticket = Some(ticket);
        self.setup.request = Some(request.clone());
        cx.effect(Effect::PlanBatch(ticket, Box::new(request)));
    }

    /// Takes in what is known of a batch: shows the mapping where a variable has no column, else the estimate.
    pub(crate) fn planned(&mut self, ticket: Ticket, planned: Result<Box<BatchPreviewView>, String>) {
        let setup = &mut self.setup;
        if !is_waited_for(setup.ticket, ticket) {
            return;
        }
        setup.ticket = None;
        match planned {
            Err(why) => {
                self.page = Page::Form;
                if let Some(form) = setup.form.as_mut() {
                    if let Some(row) = form.rows.iter_mut().find(|row| row.label == PATH) {
                        row.error = Some(why);
                    }
                    form.show_error();
                }
            }
            Ok(planned) => {
                let Some(request) = &setup.request else {
                    return;
                };
                let whole = planned.missing.is_empty();
                setup.map = (!whole).then(|| map_form(&planned, &request.spec.mapping));
                setup.planned = Some(*planned);
                self.page = if whole { Page::Estimate } else { Page::Map };
            }
        }
    }

    /// Takes the mapping in and has the batch looked at with it.
    pub(crate) fn take_map(&mut self, cx: &mut Cx<'_, Self>) {
        let setup = &mut self.setup;
        let (Some(form), Some(planned), Some(request)) = (&mut setup.map, &setup.planned, &setup.request) else {
            return;
        };
        let mut mapping = request.spec.mapping.clone();
        for row in &mut form.rows {
            let value = row.value();
            row.error = match planned.preview.columns.iter().any(|column| column.name == value) {
                true => None,
                false if value.is_empty() => Some("choose a column: left and right walk through them".to_owned()),
                false => Some(format!("the data has no column `{value}`")),
            };
            if row.error.is_none() {
                mapping.retain(|_, variable| *variable != row.label);
                mapping.insert(value, row.label.clone());
            }
        }
        if form.show_error() {
            return;
        }
        let mut request = request.clone();
        request.spec.mapping = mapping;
        self.ask_preview(request, cx);
    }

    /// Walks through the columns a variable can be.
    pub(crate) fn turn_column(&mut self, forward: bool) {
        let setup = &mut self.setup;
        let (Some(form), Some(planned)) = (&mut setup.map, &setup.planned) else {
            return;
        };
        let Some(row) = form.rows.get_mut(form.at) else {
            return;
        };
        let count = planned.preview.columns.len().max(1);
        let at = planned.preview.columns.iter().position(|column| column.name == row.value());
        let to = match (at, forward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, true) => 0,
            (None, false) => count - 1,
        };
        if let Some(column) = planned.preview.columns.get(to) {
            row.line = LineInput::of(&column.name);
            row.error = None;
        }
    }

    /// Starts the batch that was set up.
    pub(crate) fn start_batch(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(request) = self.setup.request.take() else {
            return;
        };
        self.begin_batch(request, cx);
        if let (Some(shown), Some(planned)) = (&mut self.shown, &self.setup.planned) {
            shown.expect(planned.rows);
        }
    }

    /// Starts a batch, over the one that is shown.
    pub(crate) fn begin_batch(&mut self, request: BatchRequest, cx: &mut Cx<'_, Self>) {
        let ticket = cx.out.ticket();
        let mut shown = ShownBatch::new(request.clone(), BatchState::Starting);
        shown.ticket = Some(ticket);
        shown.budget = Some(BatchBudget::new(request.limits, None, cx.shared.now.at.into()));
        if let Some(before) = self.shown.take().filter(|before| before.request.spec == request.spec) {
            shown.adopt(before);
        }
        self.shown = Some(shown);
        self.page = Page::Table;
        cx.effect(Effect::StartBatch(ticket, Box::new(request)));
    }
}

/// What the prompt on the bench is called where it has no name.
const UNNAMED: &str = "bench";

/// Makes the form in which each variable is given a column, the likeliest one filled in.
fn map_form(planned: &BatchPreviewView, mapping: &BTreeMap<String, String>) -> Form {
    let columns = &planned.preview.columns;
    let free = |name: &String| !mapping.contains_key(name);
    let only = match columns.as_slice() {
        [only] => Some(&only.name),
        _ => None,
    };
    let row = |missing: &MissingVariable| {
        let guess = missing.near.as_ref().filter(|near| free(near)).or(only).map_or("", String::as_str);
        let hint = format!("the column that is {{{{ {} }}}}: ← → walk through them", missing.variable);
        FormField::new(missing.variable.clone(), guess, hint)
    };
    Form::new(planned.missing.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        app::overlays::batch_limits::{COST, TIME, TOKENS},
        model::Expected,
    };

    fn filled(values: &[(&str, &str)]) -> Form {
        let mut form = form("sentiment", &["demo".to_owned()], 5);
        for (label, value) in values {
            let row = form.rows.iter_mut().find(|row| row.label == *label).unwrap();
            row.line = LineInput::of(value);
        }
        form
    }

    fn knows(name: &str) -> Result<(), String> {
        if name.starts_with("no") { Err(format!("no model is called `{name}`")) } else { Ok(()) }
    }

    #[test]
    fn a_form_is_read_as_it_is_filled_in() {
        let mut form = filled(&[
            (DATA, "data/rows.csv"),
            (PROMPTS, "sentiment, triage,sentiment"),
            (TARGETS, "demo, gpt-4"),
            (SAMPLES, "3"),
            (COST, "$1.50"),
            (TOKENS, "1_000_000"),
            (TIME, "2 h"),
            (THERE, "failed again"),
            (EXPECTED, "fields"),
        ]);
        let wanted = read(&mut form, knows, "default").unwrap();
        assert_eq!(wanted.prompts, ["sentiment", "triage"]);
        let BatchRequest { spec, rows, limits, resume, concurrency, session, only, .. } = wanted.request;
        assert_eq!(spec.expected, Expected::Fields);
        assert_eq!((spec.name.as_str(), spec.targets.len(), spec.samples), ("rows.csv", 2, 3));
        assert_eq!(
            (limits.cost, limits.tokens, limits.time),
            (Some(1.5), Some(1_000_000), Some(Duration::from_secs(7200)))
        );
        assert_eq!((resume, concurrency, session.as_deref()), (ResumeMode::RetryFailed, 5, Some("default")));
        assert_eq!((rows, only), (RowSource::of("data/rows.csv"), None));
    }

    #[test]
    fn every_way_of_comparing_is_offered() {
        assert_eq!(WAYS, Expected::ALL.map(Expected::word));
    }

    #[test]
    fn each_mistake_is_told_on_its_line() {
        for (label, value, says) in [
            (DATA, "", "name a file"),
            (PROMPTS, " , ", "name a prompt"),
            (TARGETS, "", "name a model"),
            (TARGETS, "demo, nope", "no model is called `nope`"),
            (SAMPLES, "0", "1 to 100"),
            (AT_ONCE, "9999", "1 to 256"),
            (COST, "-1", "above 0"),
            (COST, "inf", "above 0"),
            (TOKENS, "many", "whole number"),
            (TIME, "soon", "90s"),
            (TIME, "1e300h", "90s"),
        ] {
            let mut form = filled(&[(DATA, "x.csv"), (label, value)]);
            assert!(read(&mut form, knows, "s").is_none(), "{label} {value}");
            let row = form.rows.get(form.at).unwrap();
            assert_eq!(row.label, label);
            assert!(row.error.as_ref().is_some_and(|error| error.contains(says)), "{row:?}");
        }
    }
}
