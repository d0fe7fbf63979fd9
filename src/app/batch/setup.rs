//! From the form to a batch that runs: prompts read, data looked at, columns mapped, cost estimated.

use std::collections::BTreeMap;

use super::{
    AskedFor, Page, is_waited_for,
    order::{self, Order, PATH, Wanted},
    shown::{Shown, State},
};
use crate::{
    app::{
        Action, App, Effect, Ticket,
        line::Line,
        notice::Tone,
        overlay::{Form, form::Row},
        stored::Asked,
    },
    model::Prompt,
    pipeline::budget::{Budget, Estimate},
    store::{
        dataset::{Missing, Preview},
        job::Job,
    },
};

/// What is known of a batch before its first call.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The beginning of its data.
    pub preview: Preview,
    /// Variables of its prompts that no column gives.
    pub missing: Vec<Missing>,
    /// Rows of its data; none while that is not known.
    pub rows: Option<u64>,
    /// Cells an earlier run has finished.
    pub kept: u64,
    /// What it will take.
    pub estimate: Estimate,
    /// What a person should know before the first call, if there is anything.
    pub note: Option<String>,
}

/// A batch that is being set up.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The form.
    pub form: Option<Form>,
    /// Which column each variable is, where they differ in name.
    pub map: Option<Form>,
    /// What the form says.
    wanted: Option<Wanted>,
    /// Prompts that were read for it.
    prompts: BTreeMap<String, Prompt>,
    /// What would be started.
    pub order: Option<Order>,
    /// What is known of it.
    pub planned: Option<Planned>,
    /// What is waited for.
    pub ticket: Option<Ticket>,
}

impl Setup {
    /// Gives up what the form named.
    pub(super) fn forget_wanted(&mut self) {
        self.wanted = None;
    }

    /// Tells whether the data is being looked at.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.ticket.is_some()
    }
}

impl App {
    /// Opens the form a batch is set up with: as it was left, else filled from the bench.
    pub(super) fn new_batch(&mut self) {
        if self.batch.busy() {
            self.say(Tone::Warning, "a batch is under way; stop it first");
            return;
        }
        if self.batch.setup.form.is_none() {
            let mut targets: Vec<String> = Vec::new();
            for lane in &self.bench.lanes {
                if !targets.contains(&lane.spec.target) {
                    targets.push(lane.spec.target.clone());
                }
            }
            let prompt = self.bench.prompt_name.clone().unwrap_or_else(|| UNNAMED.to_owned());
            let concurrency = self.settings.batch.concurrency;
            self.batch.setup.form = Some(order::form(&prompt, &targets, concurrency));
        }
        self.batch.page = Page::Form;
    }

    /// Does an action in the form, or in the mapping.
    pub(super) fn in_form(&mut self, action: Action) {
        if action == Action::Accept {
            match self.batch.page {
                Page::Map => self.take_map(),
                _ => self.take_order(),
            }
            return;
        }
        let on_path =
            |form: &Form| form.rows.get(form.at).is_some_and(|row| row.label == PATH && !row.value().is_empty());
        if action == Action::NextPane
            && let Some(form) = self.batch.form().filter(|form| on_path(form))
        {
            self.complete(form.value(PATH));
            return;
        }
        let Some(form) = self.batch.form_mut() else {
            return;
        };
        match action {
            Action::Left | Action::Right => self.turn_column(action == Action::Right),
            Action::Up | Action::PreviousPane => form.step(-1),
            Action::Down | Action::NextPane => form.step(1),
            Action::Top | Action::PageUp => form.go(0),
            Action::Bottom | Action::PageDown => form.go(usize::MAX),
            _ => {}
        }
    }

    /// Has the path in the form completed.
    fn complete(&mut self, path: String) {
        let ticket = self.ticket();
        self.batch.setup.ticket = Some(ticket);
        self.effects.push(Effect::Complete(ticket, path));
    }

    /// Takes a completed path in, with what it could go on with; one that is whole leads to the next line.
    pub(in crate::app) fn completed(&mut self, ticket: Ticket, path: &str, choices: &[String]) {
        let setup = &mut self.batch.setup;
        if !is_waited_for(setup.ticket, ticket) {
            return;
        }
        setup.ticket = None;
        let Some(form) = setup.form.as_mut() else {
            return;
        };
        let whole = form.value(PATH) == path;
        if let Some(row) = form.rows.iter_mut().find(|row| row.label == PATH) {
            row.line = Line::of(path);
            row.fault = None;
        }
        match choices {
            [] if whole => form.step(1),
            [] => {}
            many => self.say(Tone::Info, &many.join("  ")),
        }
    }

    /// Reads the form; prompts that are not on the bench are asked of the store first.
    fn take_order(&mut self) {
        let session = self.bench.session.clone();
        let catalog = &self.catalog;
        let known = |name: &str| catalog.resolve(name).map(drop).map_err(|unknown| unknown.to_string());
        let Some(wanted) = self.batch.setup.form.as_mut().and_then(|form| order::read(form, known, &session)) else {
            return;
        };
        let here = self.bench.prompt_name.clone().unwrap_or_else(|| UNNAMED.to_owned());
        let setup = &mut self.batch.setup;
        setup.prompts.clear();
        setup.ticket = None;
        if wanted.prompts.contains(&here) {
            setup.prompts.insert(here, self.bench.prompt());
        }
        let unread: Vec<String> =
            wanted.prompts.iter().filter(|name| !setup.prompts.contains_key(*name)).cloned().collect();
        setup.wanted = Some(wanted);
        for name in unread {
            self.ask_store(Job::OpenPrompt(name), Asked::Batch(AskedFor::Prompt));
        }
        self.plan_batch();
    }

    /// Takes a prompt of the batch in.
    pub(in crate::app) fn batch_prompt(&mut self, name: String, prompt: Prompt) {
        self.batch.setup.prompts.insert(name, prompt);
        self.plan_batch();
    }

    /// Has the data looked at and the cost estimated, once every prompt is there.
    fn plan_batch(&mut self) {
        let setup = &mut self.batch.setup;
        let Some(wanted) = &setup.wanted else {
            return;
        };
        let read = |name: &String| Some((name.clone(), setup.prompts.get(name)?.clone()));
        let Some(prompts) = wanted.prompts.iter().map(read).collect::<Option<Vec<_>>>() else {
            return;
        };
        let order = order::with_prompts(wanted.order.clone(), prompts);
        setup.wanted = None;
        self.look_at(order);
    }

    /// Has an order looked at.
    fn look_at(&mut self, order: Order) {
        let ticket = self.ticket();
        self.batch.setup.ticket = Some(ticket);
        self.batch.setup.order = Some(order.clone());
        self.effects.push(Effect::PlanBatch(ticket, Box::new(order)));
    }

    /// Takes in what is known of a batch: shows the mapping where a variable has no column, else the estimate.
    pub(in crate::app) fn planned(&mut self, ticket: Ticket, planned: Result<Planned, String>) {
        let setup = &mut self.batch.setup;
        if !is_waited_for(setup.ticket, ticket) {
            return;
        }
        setup.ticket = None;
        match planned {
            Err(why) => {
                self.batch.page = Page::Form;
                if let Some(form) = setup.form.as_mut() {
                    if let Some(row) = form.rows.iter_mut().find(|row| row.label == PATH) {
                        row.fault = Some(why);
                    }
                    form.show_fault();
                }
            }
            Ok(planned) => {
                let Some(order) = &setup.order else {
                    return;
                };
                let whole = planned.missing.is_empty();
                setup.map = (!whole).then(|| map_form(&planned, &order.spec.mapping));
                setup.planned = Some(planned);
                self.batch.page = if whole { Page::Estimate } else { Page::Map };
            }
        }
    }

    /// Takes the mapping in and has the batch looked at with it.
    fn take_map(&mut self) {
        let setup = &mut self.batch.setup;
        let (Some(form), Some(planned), Some(order)) = (&mut setup.map, &setup.planned, &setup.order) else {
            return;
        };
        let mut mapping = order.spec.mapping.clone();
        for row in &mut form.rows {
            let value = row.value();
            row.fault = match planned.preview.columns.iter().any(|column| column.name == value) {
                true => None,
                false if value.is_empty() => Some("choose a column: left and right walk through them".to_owned()),
                false => Some(format!("the data has no column `{value}`")),
            };
            if row.fault.is_none() {
                mapping.retain(|_, variable| *variable != row.label);
                mapping.insert(value, row.label.clone());
            }
        }
        if form.show_fault() {
            return;
        }
        let mut order = order.clone();
        order.spec.mapping = mapping;
        self.look_at(order);
    }

    /// Walks through the columns a variable can be.
    pub(super) fn turn_column(&mut self, forward: bool) {
        let setup = &mut self.batch.setup;
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
            row.line = Line::of(&column.name);
            row.fault = None;
        }
    }

    /// Starts the batch that was set up.
    pub(super) fn start_batch(&mut self) {
        let Some(order) = self.batch.setup.order.take() else {
            return;
        };
        self.begin_batch(order);
        if let (Some(shown), Some(planned)) = (&mut self.batch.shown, &self.batch.setup.planned) {
            shown.expect(planned.rows);
        }
    }

    /// Starts a batch, over the one that is shown.
    pub(super) fn begin_batch(&mut self, order: Order) {
        let ticket = self.ticket();
        let mut shown = Shown::new(order.clone(), State::Starting);
        shown.ticket = Some(ticket);
        shown.budget = Some(Budget::new(order.caps, None, self.now.at.into()));
        if let Some(before) = self.batch.shown.take().filter(|before| before.order.spec == order.spec) {
            shown.adopt(before);
        }
        self.batch.shown = Some(shown);
        self.batch.page = Page::Table;
        self.effects.push(Effect::StartBatch(ticket, Box::new(order)));
    }
}

/// What the prompt on the bench is called where it has no name.
const UNNAMED: &str = "bench";

/// Makes the form in which each variable is given a column, the likeliest one filled in.
fn map_form(planned: &Planned, mapping: &BTreeMap<String, String>) -> Form {
    let columns = &planned.preview.columns;
    let free = |name: &String| !mapping.contains_key(name);
    let only = match columns.as_slice() {
        [only] => Some(&only.name),
        _ => None,
    };
    let row = |missing: &Missing| {
        let guess = missing.near.as_ref().filter(|near| free(near)).or(only).map_or("", String::as_str);
        let hint = format!("the column that is {{{{ {} }}}}: ← → walk through them", missing.variable);
        Row::new(missing.variable.clone(), guess, hint)
    };
    Form::new(planned.missing.iter().map(row).collect())
}
