//! From the form to a batch that runs: prompts read, data looked at while the form is filled in, the batch begun.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    app::{
        ask,
        batch::{
            Batches, ListPurpose, Page, is_waited_for,
            run_state::{BatchState, ShownBatch},
            setup::{AGAINST, BatchFormInput, FILE, MODELS, PROMPTS, SetupForm, list},
            update::LISTED,
        },
        context::Cx,
        event::{BatchPreviewView, Effect, Listing, Ticket},
        intent::{BatchChoice, BatchStep, BenchIntent, Intent, ModelFor, OnBench},
        notices::Tone,
        overlays::{batch_choices::BatchChoices, models::Models},
    },
    eval::Gates,
    model::{
        BatchId, Prompt,
        batch::BatchRequest,
        dataset::{DatasetColumn, SAMPLE},
        error::StoreError,
    },
    pipeline::batch::budget::BatchBudget,
    template,
    widgets::{form::FormField, interactive::Interactive, key::Chord, motion::Motion},
};

/// What would be begun: the batch, its gates, and the batch it is compared with, by its name.
type Wanted = (BatchRequest, Gates, Option<(BatchId, String)>);

/// A batch that is being set up.
#[derive(Debug, Clone, Default)]
pub struct BatchSetup {
    pub form: Option<SetupForm>,
    /// As of when the form was opened, or its batch begun.
    bench: OnBench,
    /// The prompts that are read from the store, by their names.
    prompts: BTreeMap<String, Prompt>,
    /// The prompts that are being read.
    reading: BTreeSet<String>,
    /// The prompts whose variables have lines.
    lined: Vec<String>,
    /// The file that was looked at last.
    file: String,
    /// What would be begun.
    wanted: Option<Box<Wanted>>,
    /// What is known of the data, as of the last time it was looked at.
    pub planned: Option<BatchPreviewView>,
    /// What is waited for.
    ticket: Option<Ticket>,
    /// What a path is completed under.
    completing: Option<Ticket>,
    /// Whether the batch begins as soon as its data has been looked at.
    starting: bool,
}

impl BatchSetup {
    /// Tells whether the data is being looked at.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.ticket.is_some()
    }

    /// Returns what would be begun.
    #[must_use]
    pub fn request(&self) -> Option<&BatchRequest> {
        self.wanted.as_deref().map(|(request, _, _)| request)
    }

    /// Lists the columns of the data.
    #[must_use]
    pub fn columns(&self) -> &[DatasetColumn] {
        self.planned.as_ref().map_or(&[], |planned| planned.preview.columns.as_slice())
    }

    /// Names a prompt as it is called by now.
    pub(crate) fn rename_prompt(&mut self, from: &str, to: &str) {
        if let Some(prompt) = self.prompts.remove(from) {
            self.prompts.insert(to.to_owned(), prompt);
        }
        self.lined.iter_mut().filter(|name| name.as_str() == from).for_each(|name| to.clone_into(name));
        if let Some(name) = self.bench.prompt_name.as_mut().filter(|name| name.as_str() == from) {
            to.clone_into(name);
        }
        let now = |name: &str| (name == from).then(|| to.to_owned());
        self.bench.setups.iter_mut().for_each(|setup| setup.rename_prompts(now));
        if let Some(form) = &mut self.form {
            let names: Vec<String> =
                list(&form.form.value(PROMPTS)).into_iter().map(|name| now(&name).unwrap_or(name)).collect();
            form.put(PROMPTS, &names.join(", "));
        }
        if let Some(wanted) = &mut self.wanted {
            wanted.0.spec.rename_prompt(from, to);
        }
    }

    /// Returns the prompt, input and models that the form was filled from.
    #[must_use]
    pub fn bench(&self) -> &OnBench {
        &self.bench
    }
}

/// What the prompt on the bench is called where it has no name.
const UNNAMED: &str = "bench";

/// Lists the variables that a prompt cannot do without.
fn variables(prompt: &Prompt) -> BTreeSet<String> {
    template::asks_of(&prompt.turns()).0.missing(|_| false).into_iter().collect()
}

/// Lists targets, each once.
fn each_once(targets: &[String]) -> Vec<String> {
    list(&targets.join(","))
}

impl Batches {
    /// Opens the form a batch is set up with: as it was left, else filled from the bench and the last batch.
    pub(crate) fn new_batch(&mut self, cx: &mut Cx<'_, Self>) {
        if self.busy() {
            cx.say(Tone::Warning, "A batch is running. Stop it first (ctrl-c)");
            return;
        }
        cx.send(Intent::TellBatch(BatchStep::SetUp));
        self.list_for = ListPurpose::Opening;
        cx.ask(ask::batches(LISTED), (), Self::batches_listed);
    }

    /// Takes in what is on the bench, and opens the form; what a person has changed in it stays.
    pub(crate) fn set_up(&mut self, bench: OnBench, cx: &mut Cx<'_, Self>) {
        let name = |bench: &OnBench| bench.prompt_name.clone().unwrap_or_else(|| UNNAMED.to_owned());
        let setup = &mut self.setup;
        let before = std::mem::replace(&mut setup.bench, bench);
        let (prompt, targets) = (name(&setup.bench), each_once(&setup.bench.targets));
        let calls = cx.shared.settings.batch.concurrency;
        match &mut setup.form {
            Some(form) => {
                // What was on the bench follows it.
                for (label, was, now) in [
                    (PROMPTS, name(&before), prompt),
                    (MODELS, each_once(&before.targets).join(", "), targets.join(", ")),
                ] {
                    if form.form.value(label) == was {
                        form.put(label, &now);
                    }
                }
            }
            None => setup.form = Some(SetupForm::new(&variables(&setup.bench.prompt), &prompt, &targets, calls)),
        }
        setup.lined.clear();
        self.page = Page::Form;
        self.prefill(cx);
    }

    /// Fills a form that names no data from the last batch on record, else with the sample, and looks at it.
    pub(crate) fn prefill(&mut self, cx: &mut Cx<'_, Self>) {
        let empty = self.setup.form.as_mut().filter(|form| form.form.value(FILE).is_empty());
        match (empty, self.entries.iter().find(|entry| entry.spec.data != "-")) {
            (Some(form), Some(last)) => form.prefill(&last.spec),
            // Nobody has run a batch yet: the built-in sample shows what one is.
            (Some(form), None) if self.listed => form.offer_path(SAMPLE),
            (Some(_) | None, _) => {}
        }
        self.look(cx);
    }

    /// Takes a key into the form. Tells whether it did something.
    pub(crate) fn key_of_form(&mut self, chord: Chord, cx: &mut Cx<'_, Self>) -> bool {
        let setup = &mut self.setup;
        let columns = setup.planned.as_ref().map_or(&[][..], |planned| planned.preview.columns.as_slice());
        let Some(form) = &mut setup.form else {
            return false;
        };
        let handled = form.key(chord, columns, &setup.bench);
        if handled {
            self.look(cx);
        }
        handled
    }

    /// Takes a paste into the form.
    pub(crate) fn paste_into_form(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if let Some(form) = &mut self.setup.form {
            form.paste(text);
            self.look(cx);
        }
    }

    /// Goes to the next line; a path that is typed is completed first.
    pub(crate) fn next_field(&mut self, cx: &mut Cx<'_, Self>) {
        let path = self.setup.form.as_ref().and_then(SetupForm::here).filter(|row| row.label == FILE);
        match path.map(FormField::value).filter(|path| !path.is_empty()) {
            Some(path) => {
                let ticket = cx.out.ticket();
                self.setup.completing = Some(ticket);
                cx.effect(Effect::Complete(ticket, path));
            }
            None => self.step_in_form(1),
        }
    }

    /// Goes down or up some lines.
    pub(crate) fn step_in_form(&mut self, by: isize) {
        if let Some(form) = &mut self.setup.form {
            form.form.step(by);
        }
    }

    /// Moves in the form.
    pub(crate) fn go_in_form(&mut self, motion: Motion) {
        let Some(form) = &mut self.setup.form else {
            return;
        };
        match motion {
            Motion::Up => form.step_row(false),
            Motion::Down => form.step_row(true),
            Motion::Top | Motion::PageUp => form.form.go(0),
            Motion::Bottom | Motion::PageDown => form.form.go(usize::MAX),
            Motion::Left | Motion::Right | Motion::HalfUp | Motion::HalfDown => {}
        }
    }

    /// Opens the list that belongs to the line under the cursor, turns its words, or goes to the next one.
    pub(crate) fn choose_in_form(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(row) = self.setup.form.as_ref().and_then(SetupForm::here) else {
            return;
        };
        match row.label.as_str() {
            FILE => cx.open(BatchChoices::files(&self.entries, cx.shared.now.time)),
            AGAINST => cx.open(BatchChoices::batches(&self.entries, cx.shared.now.time)),
            MODELS => {
                let present = list(&row.value()).pop().unwrap_or_else(|| cx.shared.default_target.clone());
                cx.open(Models::new(ModelFor::Batch, &present, cx.shared));
                cx.effect(Effect::Models(Listing::Old));
                cx.effect(Effect::Keys);
            }
            _ => self.step_in_form(1),
        }
    }

    /// Takes what was chosen from a list.
    pub(crate) fn chosen_for_form(&mut self, choice: BatchChoice, cx: &mut Cx<'_, Self>) {
        let Some(form) = &mut self.setup.form else {
            return;
        };
        match choice {
            BatchChoice::File(path) => form.put(FILE, &path),
            BatchChoice::Models(targets) => match targets.as_slice() {
                [one] => form.turn_model(one),
                several => form.put(MODELS, &several.join(", ")),
            },
            BatchChoice::Against(id, name) => form.set_against(Some((id, name))),
        }
        self.look(cx);
    }

    /// Takes a completed path in, with what it could go on with; one that is whole leads to the next line.
    pub(crate) fn completed(&mut self, ticket: Ticket, path: &str, choices: &[String], cx: &mut Cx<'_, Self>) {
        if !is_waited_for(self.setup.completing, ticket) {
            return;
        }
        self.setup.completing = None;
        let Some(form) = self.setup.form.as_mut() else {
            return;
        };
        let whole = form.form.value(FILE) == path;
        match choices {
            [] if whole => form.form.step(1),
            [] => {}
            many => cx.say(Tone::Info, &many.join("  ")),
        }
        if !whole {
            form.put(FILE, path);
            self.look(cx);
        }
    }

    /// Reads the form and has its data looked at, where it can be; prompts that are not on the bench are read first.
    fn look(&mut self, cx: &mut Cx<'_, Self>) {
        let setup = &mut self.setup;
        (setup.starting, setup.ticket) = (false, None);
        let catalog = &cx.shared.catalog;
        let known = |name: &str| catalog.resolve(name).map(drop).map_err(|unknown| unknown.to_string());
        let Some(form) = setup.form.as_mut() else {
            return;
        };
        // A form that names no data yet is not wrong: it is not filled in.
        let file = form.form.value(FILE);
        if file.is_empty() {
            (setup.wanted, setup.planned) = (None, None);
            return self.line_variables(cx);
        }
        form.take_kept(&setup.bench.setups);
        if file != setup.file {
            if setup.planned.take().is_some() {
                form.forget_columns();
            }
            setup.file = file;
        }
        let columns = setup.planned.as_ref().map_or(&[][..], |planned| planned.preview.columns.as_slice());
        match form.read(known, &setup.bench, columns) {
            Some(wanted) => self.look_at(wanted, cx),
            None => setup.wanted = None,
        }
    }

    /// Gives the variables of the prompts in the form a line each, as far as the prompts are known.
    fn line_variables(&mut self, cx: &mut Cx<'_, Self>) {
        let names = self.setup.form.as_ref().map(|form| list(&form.form.value(PROMPTS))).unwrap_or_default();
        let setup = &mut self.setup;
        let own = setup.bench.prompt_name.as_deref().unwrap_or(UNNAMED);
        let unread = names.iter().filter(|name| *name != own && !setup.prompts.contains_key(*name));
        for name in unread.cloned() {
            if setup.reading.insert(name.clone()) {
                cx.ask(ask::open_prompt(name.clone()), name, |batches, name, prompt, cx| {
                    batches.prompt_read(&name, prompt, cx);
                });
            }
        }
        if setup.lined == names || names.iter().any(|name| name != own && !setup.prompts.contains_key(name)) {
            return;
        }
        let prompts = names.iter().filter_map(|name| setup.prompts.get(name).filter(|_| name != own));
        let bench = names.iter().any(|name| name == own).then_some(&setup.bench.prompt);
        let asked: BTreeSet<String> = prompts.chain(bench).flat_map(variables).collect();
        if let Some(form) = &mut setup.form {
            form.set_variables(&asked);
            setup.lined = names;
            if let Some(planned) = &setup.planned {
                form.suit(&planned.preview, planned.suggested, &setup.bench);
            }
        }
    }

    /// Takes a prompt of the batch in.
    fn prompt_read(
        &mut self,
        asked: &str,
        prompt: Result<(String, Box<Prompt>, Option<String>), StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        self.setup.reading.remove(asked);
        match prompt {
            Ok((name, prompt, _)) => {
                self.setup.prompts.insert(name, *prompt);
                self.look(cx);
            }
            Err(error) => {
                if let Some(form) =
                    self.setup.form.as_mut().filter(|form| list(&form.form.value(PROMPTS)).contains(&asked.to_owned()))
                {
                    form.note(PROMPTS, error.message);
                }
            }
        }
    }

    /// Has the data read and the cost estimated of what is wanted, once every prompt is there, unless that is known.
    fn look_at(&mut self, wanted: BatchFormInput, cx: &mut Cx<'_, Self>) {
        self.line_variables(cx);
        let setup = &mut self.setup;
        let own = setup.bench.prompt_name.as_deref().unwrap_or(UNNAMED);
        let read = |name: &String| {
            let prompt = if name == own { Some(&setup.bench.prompt) } else { setup.prompts.get(name) };
            Some((name.clone(), prompt?.clone()))
        };
        let Some(prompts) = wanted.prompts.iter().map(read).collect::<Option<Vec<_>>>() else {
            setup.wanted = None;
            return;
        };
        let BatchFormInput { mut request, gates, against, .. } = wanted;
        request.spec.prompts = prompts;
        let known = setup.planned.is_some()
            && setup.request().is_some_and(|before| before.asks_the_same(&request) && before.resume == request.resume);
        setup.wanted = Some(Box::new((request.clone(), gates, against)));
        if !known {
            let ticket = cx.out.ticket();
            setup.ticket = Some(ticket);
            cx.effect(Effect::PlanBatch(ticket, Box::new(request)));
        }
    }

    /// Takes in what is known of the data, and gives what has no value yet the likeliest one.
    pub(crate) fn planned(
        &mut self,
        ticket: Ticket,
        planned: Result<Box<BatchPreviewView>, String>,
        cx: &mut Cx<'_, Self>,
    ) {
        let setup = &mut self.setup;
        if !is_waited_for(setup.ticket, ticket) {
            return;
        }
        setup.ticket = None;
        let starting = std::mem::take(&mut setup.starting);
        let Some(form) = setup.form.as_mut() else {
            return;
        };
        match planned {
            Err(why) => {
                setup.planned = None;
                form.note(FILE, why);
                if starting {
                    form.form.show_error();
                }
            }
            Ok(planned) => {
                let whole = planned.missing.is_empty();
                form.suit(&planned.preview, planned.suggested, &setup.bench);
                setup.planned = Some(*planned);
                // What was filled in just now may ask for something else.
                self.look(cx);
                match self.setup.wanted.is_some() {
                    _ if !starting => {}
                    true if self.setup.is_busy() => self.setup.starting = true,
                    true if whole => self.begin_wanted(cx),
                    true | false => self.show_mistake(),
                }
            }
        }
    }

    /// Goes to the first line with a mistake.
    fn show_mistake(&mut self) {
        if let Some(form) = &mut self.setup.form {
            form.form.show_error();
        }
    }

    /// Begins the batch that is set up: at once where its data was looked at, else as soon as it is.
    pub(crate) fn start_batch(&mut self, bench: OnBench, cx: &mut Cx<'_, Self>) {
        if bench.prompt != self.setup.bench.prompt || bench.input != self.setup.bench.input {
            self.set_up(bench, cx);
        }
        let setup = &mut self.setup;
        let Some(form) = setup.form.as_mut() else {
            return;
        };
        if form.form.value(FILE).is_empty() {
            form.note(FILE, "name a file or a folder".to_owned());
        }
        if form.form.show_error() {
            return;
        }
        if setup.is_busy() || setup.wanted.is_none() {
            setup.starting = true;
            cx.say(Tone::Info, "Looking at the data …");
        } else {
            self.begin_wanted(cx);
        }
    }

    fn begin_wanted(&mut self, cx: &mut Cx<'_, Self>) {
        let Some((request, gates, against)) = self.setup.wanted.as_deref().cloned() else {
            return;
        };
        if let Some(form) = &self.setup.form {
            cx.send(Intent::Bench(BenchIntent::KeepSetup(Box::new(form.kept()))));
        }
        self.begin_batch(request, cx);
        let Some(shown) = &mut self.shown else {
            return;
        };
        shown.gates = gates;
        if let Some(planned) = &self.setup.planned {
            shown.expect(planned.rows);
        }
        if let Some((id, name)) = against {
            self.join(id, name, false, cx);
        }
    }

    /// Starts a batch, over the one that is shown.
    pub(crate) fn begin_batch(&mut self, request: BatchRequest, cx: &mut Cx<'_, Self>) {
        // What is begun goes on from the batch as it is.
        if let Some(before) = &mut self.shown {
            before.leave_what_if();
        }
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
