//! What the actions on inputs do, and where an input that was read goes.

use super::{
    Action, App,
    choice::Item,
    line::Line,
    notice::Tone,
    overlay::{List, Name, NameFor, Overlay},
    stored::Asked,
    workbench::Focus,
};
use crate::{
    model::NamedInput,
    store::job::{Job, RowEntry},
};

impl App {
    /// Does an action on the inputs of the session.
    pub(super) fn on_input(&mut self, action: Action) {
        match action {
            Action::NextInput | Action::PreviousInput => {
                if self.bench.step_input(action == Action::NextInput) {
                    self.say_input();
                } else {
                    let key = self.keymap.shown(Action::AddInput, false);
                    let hint = key.map_or_else(String::new, |key| format!("; {key} adds one"));
                    self.say(Tone::Info, &format!("there is but this input{hint}"));
                }
            }
            Action::AddInput => {
                // One that is empty would take in the new one.
                if self.bench.input.is_empty() && self.bench.vars.is_empty() {
                    self.say(Tone::Info, "this input is empty still");
                } else {
                    self.take_input(&NamedInput::default());
                }
                self.bench.focus_on(Focus::Input);
                self.bench.typing = true;
                return;
            }
            Action::RemoveInput if self.bench.remove_input() => {
                let undo = self.keymap.shown(Action::Undo, false);
                let undo = undo.map_or_else(String::new, |key| format!("; {key} brings it back"));
                self.say(Tone::Info, &format!("removed the input{undo}"));
            }
            Action::RemoveInput => self.say(Tone::Info, "a session keeps one input"),
            Action::RenameInput => self.ask_for(NameFor::Input, &self.bench.inputs.name.clone()),
            _ => self.ask_for(NameFor::InputFile, ""),
        }
        self.bench.focus_on(Focus::Input);
    }

    fn ask_for(&mut self, what: NameFor, present: &str) {
        self.overlays.push(Overlay::Name(Name { what, line: Line::of(present), fault: None }));
    }

    /// Says which input is on the bench.
    fn say_input(&mut self) {
        let inputs = &self.bench.inputs;
        let name = if inputs.name.is_empty() { String::new() } else { format!(": {}", inputs.name) };
        self.say(Tone::Info, &format!("input {}/{}{name}", inputs.at() + 1, inputs.count()));
    }

    /// Gives the input on the bench a name.
    pub(super) fn name_input(&mut self, name: String) {
        self.bench.inputs.name = name;
        self.bench.touch();
    }

    /// Asks for an input from a file, `FILE`, or from a row of a data set, `FILE:ROW`.
    pub(super) fn load_input(&mut self, from: String) {
        self.ask_store(Job::ReadInput(from), Asked::Input);
    }

    /// Puts an input that was read on the bench, beside the others.
    pub(super) fn take_input(&mut self, named: &NamedInput) {
        if self.bench.add_input(named) {
            self.say_input();
        } else {
            self.say(Tone::Warning, "there are too many inputs; remove some first");
        }
    }

    /// Offers the rows of a data set.
    pub(super) fn list_rows(&mut self, file: &str, rows: &[RowEntry], more: bool) {
        let item =
            |row: &RowEntry| Item::new(format!("{file}:{}", row.number), row.number.to_string(), row.summary.clone());
        let mut list = List { loading: false, ..List::default() };
        list.choice.refill(rows.iter().map(item).collect());
        self.overlays.push(Overlay::Rows(list));
        if more {
            self.say(Tone::Info, &format!("these are the first {} rows; FILE:ROW loads a later one", rows.len()));
        }
    }
}
