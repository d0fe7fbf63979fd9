//! The inputs of the session: the one on the bench, and the others that wait beside it.
//!
//! What the actions on inputs do, and where an input that was read goes.

use std::collections::BTreeMap;

use crate::{
    app::{
        action::BenchAction,
        ask::InputRead,
        context::Cx,
        notices::Tone,
        overlays::{
            rows::RowList,
            text_prompt::{TextFor, TextPrompt},
        },
        workbench::{Focus, Workbench},
    },
    model::{Input, NamedInput, Part, VarValue, error::StoreError},
    store::api::RowEntry,
    widgets::text_editor::TextEditor,
};

/// Inputs of one session, at most.
pub const MAX_INPUTS: usize = 500;

/// Returns the variables that stand beside the text of an input; the text itself may be edited.
pub(crate) fn on_bench(input: &Input) -> BTreeMap<String, VarValue> {
    let beside = input.vars.iter().filter(|(name, value)| *name != "input" || value.as_str() != input.text);
    beside.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// An input that is not on the bench.
#[derive(Debug, Clone)]
struct Parked {
    name: String,
    field: TextEditor,
    vars: BTreeMap<String, VarValue>,
    /// The fields of the values, with what can be undone in each.
    fields: Vec<VariableField>,
    parts: Vec<Part>,
}

impl Parked {
    fn of(named: &NamedInput) -> Self {
        let NamedInput { name, input } = named;
        let (vars, parts) = (on_bench(input), input.parts.clone());
        Self { name: name.clone(), field: TextEditor::of(&input.text), vars, fields: Vec::new(), parts }
    }
}

/// A variable as it is edited above the text of the input.
#[derive(Debug, Clone)]
pub(crate) struct VariableField {
    pub(crate) name: String,
    pub(crate) editor: TextEditor,
    /// The revision of the editor whose text is the variable's value.
    read: u64,
    /// Whether the variable had a value before it was edited here.
    given: bool,
    /// Whether the prompt asks for it.
    pub(crate) asked: bool,
}

/// The name and the place of the input on the bench, and the others.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The name of the input on the bench; empty where it has none.
    pub name: String,
    others: Vec<Parked>,
    at: usize,
    /// The input that was removed last, and the count of changes right after.
    removed: Option<(Parked, u64)>,
    touched: u64,
}

impl Inputs {
    /// Lays out the others of a session around the one on the bench.
    #[must_use]
    pub fn of(name: String, others: &[NamedInput], at: usize) -> Self {
        let others: Vec<Parked> = others.iter().take(MAX_INPUTS - 1).map(Parked::of).collect();
        Self { name, at: at.min(others.len()), others, ..Self::default() }
    }

    /// Returns the others as the session holds them.
    #[must_use]
    pub fn others(&self) -> Vec<NamedInput> {
        let named = |parked: &Parked| NamedInput {
            name: parked.name.clone(),
            input: Input { text: parked.field.text(), vars: parked.vars.clone(), parts: parked.parts.clone() },
        };
        self.others.iter().map(named).collect()
    }

    /// Returns the place of the input on the bench among all, counted from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Counts all inputs.
    #[must_use]
    pub fn count(&self) -> usize {
        self.others.len() + 1
    }

    /// Counts every change so far to anything but the input on the bench.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.touched + self.others.iter().map(|parked| parked.field.revision()).sum::<u64>()
    }
}

impl Workbench {
    /// Takes over the values that were typed.
    pub(crate) fn read_fields(&mut self) {
        let mut changed = false;
        for field in self.fields.iter_mut().filter(|field| field.read != field.editor.revision()) {
            field.read = field.editor.revision();
            changed = true;
            if !field.given && !field.editor.is_edited() {
                self.vars.remove(&field.name);
                continue;
            }
            let text = field.editor.text();
            // What was not changed keeps its type.
            if self.vars.get(&field.name).is_none_or(|known| known.as_str() != text) {
                self.vars.insert(field.name.clone(), text.into());
            }
        }
        if changed {
            self.touch();
        }
    }

    /// Has a field for each variable that the prompt asks for, and one for each that has a value all the same.
    pub(crate) fn lay_fields(&mut self) {
        let asked: Vec<String> = self.variables().map(str::to_owned).collect();
        let beside = self.vars.keys().filter(|name| !asked.contains(name)).cloned();
        let names: Vec<(String, bool)> =
            asked.iter().map(|name| (name.clone(), true)).chain(beside.map(|name| (name, false))).collect();
        let focused = match self.focus {
            Focus::Variable(at) => self.fields.get(at).map(|field| field.name.clone()),
            _ => None,
        };
        let mut before = std::mem::take(&mut self.fields);
        for (name, asked) in names {
            let value = self.vars.get(&name).map(VarValue::as_str);
            let same = |field: &VariableField| {
                field.name == name
                    && *field.editor.rope() == value.unwrap_or_default()
                    && (value.is_some() || !field.given)
            };
            let field = if let Some(at) = before.iter().position(same) {
                VariableField { asked, ..before.swap_remove(at) }
            } else {
                let editor = TextEditor::of(value.unwrap_or_default());
                VariableField { read: editor.revision(), given: value.is_some(), name, editor, asked }
            };
            self.fields.push(field);
        }
        if let Some(name) = focused {
            let at = self.fields.iter().position(|field| field.name == name);
            self.focus_on(at.map_or(Focus::Input, Focus::Variable));
        } else if self.input_place_is_gone() {
            self.forget_input_place();
        }
    }

    /// Goes to the first variable without a value, to be typed. Tells whether there is one.
    pub(crate) fn go_to_missing(&mut self) -> bool {
        let place = self.fields.iter().position(|field| self.missing().contains(&field.name));
        if let Some(at) = place {
            self.focus_on(Focus::Variable(at));
            self.typing = true;
        }
        place.is_some()
    }

    /// Puts the next or the former input on the bench, round the end. Tells whether there is another.
    pub fn step_input(&mut self, forward: bool) -> bool {
        let count = self.inputs.count();
        self.go_to_input((self.inputs.at + if forward { 1 } else { count - 1 }) % count);
        count > 1
    }

    /// Tells whether the input on the bench says nothing.
    fn input_is_empty(&self) -> bool {
        self.input.is_empty() && self.vars.is_empty() && self.parts.is_empty()
    }

    /// Puts a new input on the bench, after the present one; in its place where that is empty and has
    /// no name. Tells whether there was room.
    pub fn add_input(&mut self, named: &NamedInput) -> bool {
        let blank = self.inputs.name.is_empty() && self.input_is_empty();
        if !blank {
            if self.inputs.count() >= MAX_INPUTS {
                return false;
            }
            let place = self.inputs.at;
            self.inputs.others.insert(place, Parked::of(named));
            self.inputs.touched += 1;
            // The new one waits where the present one goes: they change places.
            self.go_to_input(place + 1);
            return true;
        }
        self.input.set(&named.input.text);
        (self.vars, self.parts) = (on_bench(&named.input), named.input.parts.clone());
        self.inputs.name.clone_from(&named.name);
        self.touch();
        true
    }

    /// Removes the input from the bench; the next one takes its place. Tells whether there was one.
    pub fn remove_input(&mut self) -> bool {
        let at = self.inputs.at;
        if self.inputs.others.is_empty() {
            return false;
        }
        let to = if at < self.inputs.others.len() { at + 1 } else { at - 1 };
        self.go_to_input(to);
        let gone = self.inputs.others.remove(if to > at { at } else { at - 1 });
        self.inputs.at = at.min(self.inputs.others.len());
        self.inputs.touched += gone.field.revision() + 1;
        self.inputs.removed = Some((gone, self.revision()));
        true
    }

    /// Brings back the input that was removed, if that was the last change.
    pub fn unremove_input(&mut self) -> bool {
        let revision = self.revision();
        let Some((parked, _)) = self.inputs.removed.take_if(|(_, then)| *then == revision) else {
            return false;
        };
        let at = self.inputs.at;
        self.inputs.others.insert(at, parked);
        self.inputs.touched += 1;
        self.go_to_input(at + 1);
        true
    }

    /// Changes places with the input that is `to` a place among all, this one left out and put back
    /// where it stood.
    pub(crate) fn go_to_input(&mut self, to: usize) {
        let at = self.inputs.at;
        if to == at || to >= self.inputs.count() {
            return;
        }
        let present = Parked {
            name: std::mem::take(&mut self.inputs.name),
            field: std::mem::take(&mut self.input),
            vars: std::mem::take(&mut self.vars),
            fields: std::mem::take(&mut self.fields),
            parts: std::mem::take(&mut self.parts),
        };
        self.inputs.others.insert(at, present);
        let Parked { name, field, vars, fields, parts } = self.inputs.others.remove(to);
        (self.inputs.name, self.input, self.inputs.at) = (name, field, to);
        (self.vars, self.fields, self.parts) = (vars, fields, parts);
        self.forget_input_place();
        self.touch();
    }
}

impl Workbench {
    /// Puts the next or the former input on the bench.
    pub(crate) fn walk_inputs(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        if self.step_input(forward) {
            self.say_input(cx);
        } else {
            let key = cx.shared.keymap.shown(BenchAction::AddInput, false);
            let hint = key.map_or_else(String::new, |key| format!("; {key} adds one"));
            cx.say(Tone::Info, &format!("there is but this input{hint}"));
        }
        self.focus_on(Focus::Input);
    }

    /// Adds an empty input, to be typed.
    pub(crate) fn add_blank_input(&mut self, cx: &mut Cx<'_, Self>) {
        // One that is empty would take in the new one.
        if self.input_is_empty() {
            cx.say(Tone::Info, "this input is empty still");
        } else {
            self.take_input(&NamedInput::default(), cx);
        }
        self.focus_on(Focus::Input);
        self.typing = true;
    }

    /// Removes the input from the bench.
    pub(crate) fn drop_input(&mut self, cx: &mut Cx<'_, Self>) {
        if self.remove_input() {
            let undo = cx.shared.keymap.shown(BenchAction::Undo, false);
            let undo = undo.map_or_else(String::new, |key| format!("; {key} brings it back"));
            cx.say(Tone::Info, &format!("removed the input{undo}"));
        } else {
            cx.say(Tone::Info, "a session keeps one input");
        }
        self.focus_on(Focus::Input);
    }

    /// Asks for the input's name, or for the file it is in.
    pub(crate) fn ask_for(&mut self, what: TextFor, present: &str, cx: &mut Cx<'_, Self>) {
        cx.open(TextPrompt::new(what, present));
        self.focus_on(Focus::Input);
    }

    /// Says which input is on the bench.
    fn say_input(&self, cx: &mut Cx<'_, Self>) {
        let inputs = &self.inputs;
        let name = if inputs.name.is_empty() { String::new() } else { format!(": {}", inputs.name) };
        cx.say(Tone::Info, &format!("input {}/{}{name}", inputs.at() + 1, inputs.count()));
    }

    /// Puts an input that was read on the bench, or offers the rows it can be chosen from.
    pub(crate) fn input_read(&mut self, (): (), read: Result<InputRead, StoreError>, cx: &mut Cx<'_, Self>) {
        match read {
            Ok(InputRead::One(named)) => self.take_input(&named, cx),
            Ok(InputRead::Rows { file, rows, more }) => list_rows(&file, &rows, more, cx),
            Err(error) => cx.say(Tone::Error, &error.message),
        }
    }

    /// Puts an input on the bench, beside the others.
    fn take_input(&mut self, named: &NamedInput, cx: &mut Cx<'_, Self>) {
        if self.add_input(named) {
            self.say_input(cx);
        } else {
            cx.say(Tone::Warning, "there are too many inputs; remove some first");
        }
    }
}

/// Offers the rows of a data set.
fn list_rows(file: &str, rows: &[RowEntry], more: bool, cx: &mut Cx<'_, Workbench>) {
    cx.open(RowList::new(file, rows));
    if more {
        cx.say(Tone::Info, &format!("these are the first {} rows; FILE:ROW loads a later one", rows.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Prompt;

    fn named(name: &str) -> NamedInput {
        NamedInput { name: name.to_owned(), input: Input::of(format!("text of {name}")) }
    }

    fn bench() -> Workbench {
        let mut bench =
            Workbench::new(None, &Prompt::default(), &Input::default(), &["demo".to_owned()], "s".to_owned());
        for name in ["a", "b", "c"] {
            assert!(bench.add_input(&named(name)));
        }
        bench
    }

    fn place(bench: &Workbench) -> (usize, usize, String, String) {
        (bench.inputs.at(), bench.inputs.count(), bench.inputs.name.clone(), bench.input.text())
    }

    fn names(bench: &Workbench) -> Vec<String> {
        let mut names: Vec<String> = bench.inputs.others().into_iter().map(|other| other.name).collect();
        names.insert(bench.inputs.at(), bench.inputs.name.clone());
        names
    }

    #[test]
    fn inputs_follow_one_another_and_are_walked_round_the_end() {
        let mut bench = bench();
        assert_eq!(names(&bench), ["a", "b", "c"]);
        assert_eq!(place(&bench), (2, 3, "c".to_owned(), "text of c".to_owned()));
        assert!(bench.step_input(true));
        assert_eq!(place(&bench), (0, 3, "a".to_owned(), "text of a".to_owned()));
        bench.vars.insert("v".to_owned(), "1".into());
        bench.step_input(false);
        assert!(bench.vars.is_empty());
        bench.step_input(true);
        assert_eq!(bench.vars.len(), 1);
        assert!(bench.add_input(&named("d")));
        assert_eq!(names(&bench), ["a", "d", "b", "c"]);
        assert_eq!(bench.inputs.at(), 1);
    }

    #[test]
    fn a_removed_input_comes_back() {
        let mut bench = bench();
        for at in [2, 0, 1] {
            while bench.inputs.at() != at {
                bench.step_input(true);
            }
            let (before, revision) = (place(&bench), bench.revision());
            assert!(bench.remove_input() && bench.revision() > revision);
            assert_eq!(bench.inputs.count(), 2);
            assert!(bench.unremove_input());
            assert_eq!((place(&bench).2, names(&bench).len()), (before.2, 3));
        }
        bench.remove_input();
        bench.input.set("edited");
        assert!(!bench.unremove_input());
        bench.remove_input();
        assert!(!bench.remove_input());
    }
}
