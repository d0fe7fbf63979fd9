//! What is to be run: the form a batch is set up with, and the request that is read from it.

use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::KeyCode;

use crate::{
    app::{intent::OnBench, overlays::batch_limits},
    eval::Gates,
    model::{
        BatchId, CacheMode, Expected,
        batch::PartRoots,
        batch::{BatchLimits, BatchRequest, BatchSpec, ResumeMode},
        cost::{Cost, PicoDollars},
        dataset::{DatasetColumn, DatasetPreview, RowPick, RowRanges, RowSource, RowTest},
        expected::EXPECTED,
        session::KeptSetup,
    },
    widgets::{
        form,
        form::{Form, FormField},
        interactive::Interactive,
        key::Chord,
        line_input::LineInput,
    },
};

/// Samples of each request, at most.
const MOST_SAMPLES: u32 = 100;

/// Calls under way at once, at most.
pub const MOST_AT_ONCE: usize = 256;

/// The words for [`ResumeMode::ALL`] in the form.
const RESUME: &[&str] = &["reuse", "ask failed again", "ask all again"];

/// The words for how answers are compared with what their rows expect, each with what it stands for.
const WAYS: &[&str] = &["exact", "same JSON", "fields they share", "contains", "off"];
const WAY_OF: [Expected; 5] = [Expected::Equals, Expected::Json, Expected::Fields, Expected::Contains, Expected::Off];

/// The words for whether a gate is there.
const WHETHER: &[&str] = &["no", "yes"];

/// Makes the request of a batch that is asked in a session: all rows of its data set, read as its name says.
#[must_use]
pub fn request(spec: BatchSpec, concurrency: usize, limits: BatchLimits, session: &str) -> BatchRequest {
    BatchRequest {
        rows: RowSource::of(&spec.data),
        spec,
        files: Vec::new(),
        trust: false,
        roots: PartRoots::default(),
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

/// What a form asks for, its prompts not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchFormInput {
    /// The prompts' names.
    pub prompts: Vec<String>,
    /// The rest of what is asked.
    pub request: BatchRequest,
    /// What has to be reached.
    pub gates: Gates,
    /// The batch it is compared with, and its name.
    pub against: Option<(BatchId, String)>,
}

/// The labels of the form's lines. Those of variables stand between prompts and models, each `{{ name }}`.
pub const FILE: &str = "File";
pub const ROWS: &str = "Rows";
pub const PROMPTS: &str = "Prompts";
pub const EXPECTED_COLUMN: &str = "Expected";
pub const COMPARE: &str = "compare";
pub const MODELS: &str = "Models";
pub const SAMPLES: &str = "Samples";
pub const AT_ONCE: &str = "calls at once";
pub const REUSE: &str = "Reuse";
pub const PASS_RATE: &str = "pass ≥";
pub const SCORE: &str = "score ≥";
pub const ERRORS: &str = "errors ≤";
pub const NOT_WORSE: &str = "not worse";
pub const AGAINST: &str = "Compare with";

/// The lines that are kept for the next batch of the same prompts and data, each with the name it is kept under.
const KEPT: [(&str, &str); 11] = [
    (ROWS, "rows"),
    (SAMPLES, "samples"),
    (AT_ONCE, "calls"),
    (batch_limits::COST, "cost"),
    (batch_limits::TOKENS, "tokens"),
    (batch_limits::TIME, "time"),
    (REUSE, "reuse"),
    (PASS_RATE, "pass_rate"),
    (SCORE, "score"),
    (ERRORS, "errors"),
    (NOT_WORSE, "not_worse"),
];

/// The name under which the batch is kept that another one is compared with: its id, a blank, and what it is called.
const KEPT_AGAINST: &str = "against";

/// Reads the batch that is kept as the one to compare with.
fn kept_against(kept: &KeptSetup) -> Option<(BatchId, String)> {
    let (id, name) = kept.lines.get(KEPT_AGAINST)?.split_once(' ')?;
    Some((id.parse().ok()?, name.to_owned()))
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// Nothing gives it.
    #[default]
    Open,
    /// A column of the data, which the line names.
    Column,
    /// The text of the line, for every row.
    Constant,
    /// The value it has on the bench, for every row.
    Bench,
}

impl Source {
    /// Names it in the form.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "no value",
            Self::Column => "column",
            Self::Constant => "constant",
            Self::Bench => "from the bench input",
        }
    }
}

/// A variable of the prompts, whose line has its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedVariable {
    pub name: String,
    pub source: Source,
    /// Whether a person has chosen that, so that no other data changes it.
    chosen: bool,
}

/// The form of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupForm {
    /// Its lines.
    pub form: Form,
    /// The variables that have a line.
    pub variables: Vec<MappedVariable>,
    /// The batch it is compared with, and its name.
    pub against: Option<(BatchId, String)>,
    /// Whether a person has chosen the column of what is expected.
    expected_chosen: bool,
    /// Whether a person has chosen how that is compared.
    way_chosen: bool,
    /// Whether nobody has typed the path: what is typed first stands in its place.
    path_offered: bool,
    /// What the lines that are kept have in them as long as nobody fills them in.
    usual: BTreeMap<&'static str, String>,
    /// The prompts and the data whose set-up was looked for last.
    kept_of: (String, String),
}

/// Returns the label of a variable's line.
fn label(variable: &str) -> String {
    format!("{{{{ {variable} }}}}")
}

/// Tells whether a column gives a variable without being mapped to it.
fn gives(column: &str, variable: &str, columns: &[DatasetColumn]) -> bool {
    let texts = column == "text" && variable == "input" && columns.iter().all(|column| column.name != "input");
    column == variable || texts
}

/// The lines that stand side by side, by the name of their row on the screen; every other line has its own.
pub(crate) const GROUPS: &[(&str, &[&str])] = &[
    (EXPECTED_COLUMN, &[EXPECTED_COLUMN, COMPARE]),
    (SAMPLES, &[SAMPLES, AT_ONCE]),
    ("Limits", &[batch_limits::COST, batch_limits::TOKENS, batch_limits::TIME]),
    ("Gates", &[PASS_RATE, SCORE, ERRORS, NOT_WORSE]),
];

/// One row of the form on the screen: its name, and the places of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormRow {
    pub(crate) name: String,
    pub(crate) fields: Vec<usize>,
}

impl SetupForm {
    /// Lists the rows of the form on the screen.
    pub(crate) fn rows(&self) -> Vec<FormRow> {
        let mut rows: Vec<FormRow> = Vec::new();
        for (at, field) in self.form.rows.iter().enumerate() {
            let group = GROUPS.iter().find(|(_, labels)| labels.contains(&field.label.as_str()));
            let name = group.map_or(field.label.as_str(), |(name, _)| name);
            match rows.last_mut().filter(|row| row.name == name) {
                Some(row) => row.fields.push(at),
                None => rows.push(FormRow { name: name.to_owned(), fields: vec![at] }),
            }
        }
        rows
    }

    /// Goes a row of the screen down or up.
    pub(crate) fn step_row(&mut self, down: bool) {
        let rows = self.rows();
        let here = rows.iter().position(|row| row.fields.contains(&self.form.at)).unwrap_or(0);
        let to = if down { here + 1 } else { here.saturating_sub(1) };
        if let Some(first) = rows.get(to).and_then(|row| row.fields.first()).filter(|_| to != here) {
            self.form.go(*first);
        }
    }

    /// Fills the form with a prompt, its variables and the targets of the bench.
    #[must_use]
    pub fn new(variables: &BTreeSet<String>, prompt: &str, targets: &[String], concurrency: usize) -> Self {
        let [cost, tokens, time] = batch_limits::rows(&BatchLimits::default());
        let form = Form::new(vec![
            FormField::new(
                FILE,
                "",
                "a .csv .tsv .jsonl .json .yaml file or a folder; tab completes the path, enter lists recent files",
            ),
            FormField::new(ROWS, "all", "all, 1-20,35-, sample 50, or column = value (also != and ~)"),
            FormField::new(PROMPTS, prompt, "names, by commas; the one on the bench goes as it is there"),
            FormField::new(EXPECTED_COLUMN, "", "the column with the right answers: ← → walk through the columns"),
            FormField::of_words(COMPARE, "off", WAYS, "how an answer is compared with what its row expects"),
            FormField::new(MODELS, &targets.join(", "), "names, by commas; enter lists the models"),
            FormField::new(SAMPLES, "1", "samples of each row, prompt and model"),
            FormField::new(AT_ONCE, &concurrency.to_string(), "calls under way at once; can be changed while it runs"),
            cost,
            tokens,
            time,
            FormField::of_words(REUSE, "reuse", RESUME, "answers of an earlier run of the same batch"),
            FormField::new(PASS_RATE, "", "the least share of cells that pass, 0.95 or 95%; empty asks nothing"),
            FormField::new(SCORE, "", "the least mean score, 0.8 or 80%; empty asks nothing"),
            FormField::new(ERRORS, "", "the most cells without an answer; empty asks nothing"),
            FormField::of_words(NOT_WORSE, "no", WHETHER, "than the batch it is compared with"),
            FormField::new(AGAINST, "", "an earlier batch: enter lists them, backspace removes it"),
        ]);
        let mut own = Self {
            form,
            variables: Vec::new(),
            against: None,
            expected_chosen: false,
            way_chosen: false,
            path_offered: false,
            usual: BTreeMap::new(),
            kept_of: Default::default(),
        };
        own.usual = KEPT.iter().map(|(label, name)| (*name, own.form.value(label))).collect();
        own.set_variables(variables);
        own
    }

    /// Returns the line under the cursor.
    #[must_use]
    pub fn here(&self) -> Option<&FormField> {
        self.form.rows.get(self.form.at)
    }

    /// Returns the variable of a line.
    #[must_use]
    pub fn variable(&self, label_of: &str) -> Option<&MappedVariable> {
        self.variables.iter().find(|variable| label(&variable.name) == label_of)
    }

    fn row_mut(&mut self, label: &str) -> Option<&mut FormField> {
        self.form.rows.iter_mut().find(|row| row.label == label)
    }

    /// Puts a value into a line.
    pub fn put(&mut self, label: &str, value: &str) {
        if let Some(row) = self.row_mut(label) {
            row.line = LineInput::of(value);
            row.error = None;
        }
    }

    /// Says on a line what is wrong with it.
    pub fn note(&mut self, label: &str, error: String) {
        if let Some(row) = self.row_mut(label) {
            row.error = Some(error);
        }
    }

    /// Gives each variable a line, in the order of their names; those that stay keep theirs.
    pub fn set_variables(&mut self, names: &BTreeSet<String>) {
        let names = names.iter().filter(|name| *name != EXPECTED);
        let here = self.here().map(|row| row.label.clone());
        let rows = std::mem::take(&mut self.form.rows);
        let (own, rest): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| self.variable(&row.label).is_some());
        let known = std::mem::take(&mut self.variables);
        for name in names.clone() {
            let field = known.iter().find(|variable| variable.name == *name).cloned();
            self.variables.push(field.unwrap_or_else(|| MappedVariable {
                name: name.clone(),
                source: Source::Open,
                chosen: false,
            }));
        }
        let line = |name: &String| {
            let label = label(name);
            let hint = "← → walk through the columns and the bench's value; type a constant";
            own.iter().find(|row| row.label == label).cloned().unwrap_or_else(|| FormField::new(label, "", hint))
        };
        let mut lines: Vec<FormField> = names.map(line).collect();
        for row in rest {
            let after = row.label == PROMPTS;
            self.form.rows.push(row);
            if after {
                self.form.rows.append(&mut lines);
            }
        }
        let at = here.and_then(|label| self.form.rows.iter().position(|row| row.label == label));
        self.form.go(at.unwrap_or(0));
    }

    /// Takes over how an earlier batch was set up, but for its prompts and models, which are those on the bench.
    pub fn prefill(&mut self, spec: &BatchSpec) {
        self.offer_path(&spec.data);
        self.put(SAMPLES, &spec.samples.to_string());
        for (column, variable) in &spec.mapping {
            if variable == EXPECTED {
                self.put(EXPECTED_COLUMN, column);
            } else if let Some(field) = self.variables.iter_mut().find(|field| field.name == *variable) {
                field.source = Source::Column;
                self.put(&label(variable), column);
            }
        }
        if let Some(word) = WAY_OF.iter().zip(WAYS).find(|(way, _)| **way == spec.expected).map(|(_, word)| *word) {
            self.put(COMPARE, word);
            self.way_chosen = true;
        }
    }

    /// Returns how it is filled in, as it is kept for the next batch of its prompts and data.
    #[must_use]
    pub fn kept(&self) -> KeptSetup {
        let filled = KEPT.iter().map(|(label, name)| (*name, self.form.value(label)));
        let own = filled.filter(|(name, value)| self.usual.get(name) != Some(value));
        let against = self.against.iter().map(|(id, name)| (KEPT_AGAINST, format!("{id} {name}")));
        KeptSetup {
            prompts: self.form.value(PROMPTS),
            data: self.form.value(FILE),
            lines: own.chain(against).map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    /// Returns the gates that were kept of a batch's prompts and data, and the batch that it is compared with.
    #[must_use]
    pub fn kept_gates(spec: &BatchSpec, setups: &[KeptSetup]) -> (Gates, Option<(BatchId, String)>) {
        let prompts: Vec<&str> = spec.prompts.iter().map(|(name, _)| name.as_str()).collect();
        let Some(kept) = setups.iter().find(|kept| list(&kept.prompts) == prompts && kept.data == spec.data) else {
            return (Gates::default(), None);
        };
        let line = |label: &str| {
            let name = KEPT.iter().find(|(known, _)| *known == label).map(|(_, name)| *name)?;
            kept.lines.get(name)
        };
        let gates = Gates {
            pass_rate: line(PASS_RATE).and_then(|text| share(text).ok()),
            score: line(SCORE).and_then(|text| share(text).ok()),
            errors: line(ERRORS).and_then(|text| text.parse().ok()),
            not_worse: line(NOT_WORSE).is_some_and(|word| word == "yes"),
            allow_inconclusive: false,
        };
        (gates, kept_against(kept))
    }

    /// Fills in what was kept of its prompts and data, once for each of those; what a person has filled in stays.
    pub fn take_kept(&mut self, setups: &[KeptSetup]) {
        let of = (self.form.value(PROMPTS), self.form.value(FILE));
        if self.kept_of == of {
            return;
        }
        let kept = setups.iter().find(|kept| kept.prompts == of.0 && kept.data == of.1);
        for (label, name) in KEPT {
            let usual = self.usual.get(name).is_none_or(|usual| *usual == self.form.value(label));
            if let Some(value) = kept.and_then(|kept| kept.lines.get(name)).filter(|_| usual) {
                self.put(label, value);
            }
        }
        if let Some(against) = kept.and_then(kept_against).filter(|_| self.against.is_none()) {
            self.set_against(Some(against));
        }
        self.kept_of = of;
    }

    /// Fills in a path that nobody has typed.
    pub fn offer_path(&mut self, path: &str) {
        self.put(FILE, path);
        self.path_offered = true;
    }

    /// Clears a path that nobody has typed, as one is typed now.
    fn own_path(&mut self, label: &str, typed: bool) {
        if label == FILE && std::mem::take(&mut self.path_offered) && typed {
            self.put(FILE, "");
        }
    }

    /// Adds a model, or takes it out where it is there.
    pub fn turn_model(&mut self, target: &str) {
        let mut names = list(&self.form.value(MODELS));
        match names.iter().position(|name| name == target) {
            Some(at) => drop(names.remove(at)),
            None => names.push(target.to_owned()),
        }
        self.put(MODELS, &names.join(", "));
    }

    /// Takes a key of the line under the cursor, with the columns of the data and what is on the bench. Tells whether
    /// it did something.
    pub fn key(&mut self, chord: Chord, columns: &[DatasetColumn], bench: &OnBench) -> bool {
        let Some(label) = self.here().map(|row| row.label.clone()) else {
            return false;
        };
        let sideways = match chord.code() {
            KeyCode::Left => Some(false),
            KeyCode::Right => Some(true),
            _ => None,
        };
        if let Some(at) = self.variables.iter().position(|variable| label == self::label(&variable.name)) {
            return self.key_of_variable(at, &label, (chord, sideways), columns, bench);
        }
        match label.as_str() {
            EXPECTED_COLUMN => {
                let names = columns.iter().map(|column| column.name.as_str());
                let ring: Vec<&str> = std::iter::once("").chain(names).collect();
                let at = ring.iter().position(|name| *name == self.form.value(EXPECTED_COLUMN)).unwrap_or(0);
                let to = match (sideways, chord.text()) {
                    (Some(forward), _) => stepped(at, ring.len(), forward),
                    (None, Some(letter)) => ring.iter().position(|name| name.starts_with(letter)).unwrap_or(at),
                    (None, None) if chord.code() == KeyCode::Backspace => 0,
                    (None, None) => return false,
                };
                let name = ring.get(to).copied().unwrap_or_default().to_owned();
                self.expected_chosen = true;
                self.put(EXPECTED_COLUMN, &name);
                true
            }
            AGAINST => {
                let clears = matches!(chord.code(), KeyCode::Backspace | KeyCode::Delete);
                if clears {
                    self.set_against(None);
                }
                clears
            }
            label => {
                self.own_path(label, chord.text().is_some());
                self.way_chosen |= label == COMPARE;
                self.form.key(chord)
            }
        }
    }

    fn key_of_variable(
        &mut self,
        at: usize,
        label: &str,
        (chord, sideways): (Chord, Option<bool>),
        columns: &[DatasetColumn],
        bench: &OnBench,
    ) -> bool {
        let Some(variable) = self.variables.get_mut(at) else {
            return false;
        };
        let typed = variable.source == Source::Constant;
        match sideways {
            Some(forward) => {
                // The columns, then the value on the bench where there is one.
                let has = bench.input.value(&variable.name).is_some_and(|value| !value.is_empty());
                let count = columns.len() + usize::from(has);
                if count == 0 {
                    return true;
                }
                let value = self.form.value(label);
                let from = match variable.source {
                    Source::Column => columns.iter().position(|column| column.name == value),
                    Source::Bench => Some(columns.len()),
                    Source::Open | Source::Constant => None,
                };
                let to = match from {
                    Some(from) => stepped(from, count, forward),
                    None if forward => 0,
                    None => count - 1,
                };
                let column = columns.get(to).map(|column| column.name.clone());
                variable.source = if column.is_some() { Source::Column } else { Source::Bench };
                variable.chosen = true;
                self.put(label, &column.unwrap_or_default());
                true
            }
            None if chord.edits_line() => {
                variable.chosen = true;
                variable.source = Source::Constant;
                if !typed {
                    self.put(label, "");
                }
                let handled = self.form.key(chord);
                let empty = self.form.value(label).is_empty();
                if let Some(variable) = self.variables.get_mut(at).filter(|_| empty) {
                    variable.source = Source::Open;
                }
                handled
            }
            None => false,
        }
    }

    /// Takes a paste into the line under the cursor; a variable's becomes a constant.
    pub fn paste(&mut self, text: &str) {
        let Some(label) = self.here().map(|row| row.label.clone()) else {
            return;
        };
        if label == EXPECTED_COLUMN || label == AGAINST {
            return;
        }
        let of = |variable: &&mut MappedVariable| self::label(&variable.name) == label;
        let constant = self.variables.iter_mut().find(of).map(|variable| {
            variable.chosen = true;
            std::mem::replace(&mut variable.source, Source::Constant) == Source::Constant
        });
        if constant == Some(false) {
            self.put(&label, "");
        }
        self.own_path(&label, true);
        self.form.paste(text);
        if let Some(row) = self.row_mut(&label) {
            row.error = None;
        }
    }

    /// Forgets which columns were chosen, as the data is another.
    pub fn forget_columns(&mut self) {
        for at in 0..self.variables.len() {
            if let Some(variable) = self.variables.get_mut(at).filter(|variable| variable.source == Source::Column) {
                (variable.source, variable.chosen) = (Source::Open, false);
                let label = label(&variable.name);
                self.put(&label, "");
            }
        }
        self.expected_chosen = false;
        self.put(EXPECTED_COLUMN, "");
    }

    /// Chooses the batch it is compared with, or none.
    pub fn set_against(&mut self, against: Option<(BatchId, String)>) {
        self.put(AGAINST, against.as_ref().map_or("", |(_, name)| name.as_str()));
        self.against = against;
    }

    /// Gives what nobody has chosen the likeliest value that data with these columns has, and says on its line what has
    /// none. `suggested` is how its answers are best compared.
    pub fn suit(&mut self, preview: &DatasetPreview, suggested: Option<Expected>, bench: &OnBench) {
        let columns = &preview.columns;
        let there = |name: &str| columns.iter().any(|column| column.name == name);
        let alone =
            if self.variables.len() == 1 { columns.iter().find(|column| !is_expected(&column.name)) } else { None };
        let alone = alone.filter(|_| columns.iter().filter(|column| !is_expected(&column.name)).count() == 1);
        for at in 0..self.variables.len() {
            let Some(variable) = self.variables.get(at).cloned() else { continue };
            let label = label(&variable.name);
            let value = self.form.value(&label);
            let lost = variable.source == Source::Column && !there(&value);
            let (mut source, mut line) = (variable.source, value.clone());
            if source == Source::Open || (lost && !variable.chosen) {
                let named = |column: &&DatasetColumn| gives(&column.name, &variable.name, columns);
                let near = |column: &&DatasetColumn| column.name.to_lowercase() == variable.name.to_lowercase();
                let column = columns.iter().find(named).or_else(|| columns.iter().find(near)).or(alone);
                let on_bench = bench.input.value(&variable.name).is_some_and(|value| !value.is_empty());
                (source, line) = match column {
                    Some(column) => (Source::Column, column.name.clone()),
                    // The text of the bench is one input, and seldom that of every row.
                    None if on_bench && variable.name != "input" => (Source::Bench, String::new()),
                    None => (Source::Open, String::new()),
                };
                self.put(&label, &line);
            }
            if let Some(variable) = self.variables.get_mut(at) {
                variable.source = source;
            }
            if let Some(row) = self.row_mut(&label) {
                row.error = None;
            }
            if source == Source::Column && !there(&line) {
                self.note(&label, format!("the data has no column `{line}`"));
            } else if source == Source::Open {
                self.note(&label, "no value: ← → choose a column, or type a constant".to_owned());
            }
        }
        let expected = self.form.value(EXPECTED_COLUMN);
        if let Some(row) = self.row_mut(EXPECTED_COLUMN) {
            row.error = None;
        }
        if !self.expected_chosen && (expected.is_empty() || !there(&expected)) {
            let column = columns.iter().find(|column| is_expected(&column.name));
            self.put(EXPECTED_COLUMN, column.map_or("", |column| column.name.as_str()));
        } else if !expected.is_empty() && !there(&expected) {
            self.note(EXPECTED_COLUMN, format!("the data has no column `{expected}`"));
        }
        if !self.way_chosen {
            let word = WAY_OF.iter().zip(WAYS).find(|(way, _)| Some(**way) == suggested).map(|(_, word)| *word);
            self.put(COMPARE, word.unwrap_or("off"));
        }
    }

    /// Says which columns are which variables, where they differ in name, and which variables are the same in every
    /// row.
    fn mapped(
        &self,
        bench: &OnBench,
        columns: &[DatasetColumn],
    ) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let (mut mapping, mut vars) = (BTreeMap::new(), BTreeMap::new());
        for variable in &self.variables {
            let value = self.form.value(&label(&variable.name));
            match variable.source {
                Source::Column if gives(&value, &variable.name, columns) => {}
                Source::Column => drop(mapping.insert(value, variable.name.clone())),
                Source::Constant => drop(vars.insert(variable.name.clone(), value)),
                Source::Bench => {
                    let value = bench.input.value(&variable.name).unwrap_or_default();
                    vars.insert(variable.name.clone(), value.to_owned());
                }
                Source::Open => {}
            }
        }
        let expected = self.form.value(EXPECTED_COLUMN);
        if !expected.is_empty() && expected != EXPECTED {
            mapping.insert(expected, EXPECTED.to_owned());
        }
        (mapping, vars)
    }

    /// Reads the form. What is wrong with a line is noted on it, and nothing is read then.
    pub fn read(
        &mut self,
        known: impl Fn(&str) -> Result<(), String>,
        bench: &OnBench,
        columns: &[DatasetColumn],
    ) -> Option<BatchFormInput> {
        // What is wrong with these, only the data says.
        let of_data: BTreeSet<String> = self.variables.iter().map(|variable| label(&variable.name)).collect();
        let own = |row: &FormField| row.label != EXPECTED_COLUMN && !of_data.contains(&row.label);
        self.form.rows.iter_mut().filter(|row| own(row)).for_each(|row| row.error = None);
        let form = &mut self.form;
        let needed = |what: &'static str| format!("name {what}");
        let data = form.read(FILE, |text| Ok(text.to_owned()));
        let rows = form.read(ROWS, rows).unwrap_or_default();
        let prompts = form.read(PROMPTS, |text| Ok(list(text))).filter(|names| !names.is_empty());
        let targets = form.read(MODELS, |text| {
            let names = list(text);
            names.iter().try_for_each(|name| known(name)).map(|()| names)
        });
        let samples = form.read(SAMPLES, |text| form::whole(text, u64::from(MOST_SAMPLES)));
        let concurrency = form.read(AT_ONCE, |text| form::whole(text, MOST_AT_ONCE as u64));
        let limits = batch_limits::read(form);
        let gates = Gates {
            pass_rate: form.read(PASS_RATE, share),
            score: form.read(SCORE, share),
            errors: form
                .read(ERRORS, |text| text.parse().map_err(|_no_number| "a whole number is expected".to_owned())),
            not_worse: form.value(NOT_WORSE) == "yes",
            allow_inconclusive: false,
        };
        let word = |label: &str, words: &[&str]| words.iter().position(|word| *word == form.value(label));
        let resume = word(REUSE, RESUME).and_then(|at| ResumeMode::ALL.get(at).copied()).unwrap_or_default();
        let expected = word(COMPARE, WAYS).and_then(|at| WAY_OF.get(at).copied()).unwrap_or(Expected::Off);
        let empty = [
            (FILE, data.is_none(), needed("a file or a folder")),
            (PROMPTS, prompts.is_none(), needed("a prompt")),
            (MODELS, targets.as_ref().is_none_or(Vec::is_empty), needed("a model")),
        ];
        for (label, empty, says) in empty {
            if let Some(row) = form.rows.iter_mut().find(|row| row.label == label && empty && row.error.is_none()) {
                row.error = Some(says);
            }
        }
        if gates.not_worse && self.against.is_none() {
            self.note(AGAINST, "choose the batch that this one may not be worse than".to_owned());
        }
        if self.form.rows.iter().any(|row| row.error.is_some() && own(row)) {
            return None;
        }
        let data = data?;
        let (mapping, vars) = self.mapped(bench, columns);
        let no_column = self.form.value(EXPECTED_COLUMN).is_empty();
        let spec = BatchSpec {
            name: BatchSpec::name_of(&data),
            data,
            prompts: Vec::new(),
            targets: targets?,
            samples: samples.and_then(|samples| u32::try_from(samples).ok()).unwrap_or(1),
            mapping,
            behind: BTreeMap::new(),
            expected: if no_column { Expected::Off } else { expected },
            again: None,
            part: None,
        };
        let concurrency = concurrency.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(1);
        let whole = request(spec, concurrency, limits, &bench.session);
        let (only, pick) = rows;
        let source = RowSource { only, pick, ..whole.rows };
        let request = BatchRequest { resume, vars, rows: source, ..whole };
        Some(BatchFormInput { prompts: prompts?, request, gates, against: self.against.clone() })
    }
}

/// Tells whether a column is called like what is expected.
fn is_expected(column: &str) -> bool {
    column.eq_ignore_ascii_case(EXPECTED)
}

/// Goes to the next of so many places, or to the one before, round the end.
fn stepped(at: usize, count: usize, forward: bool) -> usize {
    let count = count.max(1);
    if forward { (at + 1) % count } else { (at + count - 1) % count }
}

/// Reads which rows are wanted.
fn rows(text: &str) -> Result<(Option<RowRanges>, Option<RowPick>), String> {
    if text.eq_ignore_ascii_case("all") {
        return Ok((None, None));
    }
    if let Some(ranges) = RowRanges::parse(text) {
        return Ok((Some(ranges), None));
    }
    let sample = text.strip_prefix("sample").map(str::trim).and_then(|number| number.parse().ok());
    if let Some(rows) = sample.filter(|rows| *rows > 0) {
        return Ok((None, Some(RowPick::Sample(rows))));
    }
    let found = RowTest::ALL.into_iter().find_map(|test| Some((test, text.split_once(test.sign())?)));
    match found.map(|(test, (column, value))| (test, column.trim(), value.trim())) {
        Some((test, column, value)) if !column.is_empty() => {
            Ok((None, Some(RowPick::Where { column: column.to_owned(), test, value: value.to_owned() })))
        }
        Some(_) | None => Err("write all, 1-20,35-, sample 50, or column = value (also != and ~)".to_owned()),
    }
}

/// Reads a share: `0.95` or `95%`.
fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = text.strip_suffix('%').map_or((text, 1.0), |number| (number.trim_end(), 100.0));
    let share = number.parse::<f64>().map(|number| number / whole).ok();
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "write a share such as 0.95 or 95%".to_owned())
}

/// Reads names, by commas; each once.
pub(crate) fn list(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Says what a limit is, where there is one.
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

#[cfg(test)]
mod tests;
