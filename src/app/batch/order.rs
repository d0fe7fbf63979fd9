//! What is to be run: the form a batch is set up with, and the order that is read from it.

use std::collections::BTreeMap;

use super::limits;
use crate::{
    app::overlay::{Form, form::Row},
    model::{
        Place, Prompt,
        batch::{BatchSpec, Caps},
        usage::{Cost, PicoDollars},
    },
};

/// Samples of each request, at most.
const MOST_SAMPLES: u32 = 100;

/// Calls under way at once, at most.
pub const MOST_AT_ONCE: usize = 256;

/// What happens to the cells an earlier run of the same batch has finished.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Finished {
    /// They are kept; what is missing is asked.
    #[default]
    Kept,
    /// Those that failed are asked again.
    FailedAgain,
    /// All are asked anew, as a batch of its own.
    Anew,
}

/// The words for it in the form.
const FINISHED: &[&str] = &["kept", "failed again", "anew"];

/// Everything a batch is started with.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Prompts, targets, data, samples and mapping.
    pub spec: BatchSpec,
    /// Calls under way at once.
    pub concurrency: usize,
    /// What it may use.
    pub caps: Caps,
    /// What happens to finished cells.
    pub finished: Finished,
    /// The session it belongs to.
    pub session: String,
    /// The cells that are asked, whatever is known of them; all where there are none.
    pub again: Vec<Place>,
}

impl Order {
    /// Lists the prompts with the targets each is asked of.
    #[must_use]
    pub fn lanes(&self) -> Vec<(&str, Vec<&str>)> {
        let BatchSpec { prompts, targets, .. } = &self.spec;
        let mut lanes = Vec::with_capacity(prompts.len());
        for (name, prompt) in prompts {
            let own = if targets.is_empty() { &prompt.targets } else { targets };
            lanes.push((name.as_str(), own.iter().map(String::as_str).collect()));
        }
        lanes
    }

    /// Counts the cells of so many rows.
    #[must_use]
    pub fn cells(&self, rows: u64) -> u64 {
        let lanes: usize = self.lanes().iter().map(|(_, targets)| targets.len()).sum();
        rows.saturating_mul(lanes as u64).saturating_mul(u64::from(self.spec.samples.max(1)))
    }
}

/// What a form names, its prompts not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The prompts' names.
    pub prompts: Vec<String>,
    /// The rest.
    pub order: Order,
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
    let [cost, tokens, time] = limits::rows(&Caps::default());
    let mut form = Form::new(vec![
        Row::new(DATA, "", "a .csv .tsv .jsonl .json .yaml file or a folder of texts; tab completes the path"),
        Row::new(PROMPTS, prompt, "names, by commas; the one on the bench goes as it is there"),
        Row::new(TARGETS, &targets.join(", "), "models, by commas"),
        Row::new(SAMPLES, "", "how often each is asked; empty is once"),
        Row::new(AT_ONCE, &concurrency.to_string(), "calls under way at once; can be changed while it runs"),
        cost,
        tokens,
        time,
        Row::of_words(THERE, "kept", FINISHED, "what happens to the cells of an earlier run of the same batch"),
        Row::of_words(
            EXPECTED,
            "auto",
            WAYS,
            "how answers are compared with the column `expected`; auto: JSON by field",
        ),
    ]);
    form.at = 0;
    form
}

/// Reads the form. With a fault in it, the line at fault says so and nothing is read.
pub fn read(form: &mut Form, known: impl Fn(&str) -> Result<(), String>, session: &str) -> Option<Wanted> {
    form.rows.iter_mut().for_each(|row| row.fault = None);
    let needed = |what: &'static str| format!("name {what}");
    let data = form.read(DATA, |text| Ok(text.to_owned()));
    let prompts = form.read(PROMPTS, |text| Ok(list(text))).filter(|names| !names.is_empty());
    let targets = form.read(TARGETS, |text| {
        let names = list(text);
        names.iter().try_for_each(|name| known(name)).map(|()| names)
    });
    let samples = form.read(SAMPLES, |text| whole(text, u64::from(MOST_SAMPLES)));
    let concurrency = form.read(AT_ONCE, |text| whole(text, MOST_AT_ONCE as u64));
    let caps = limits::read(form);
    let finished = match form.value(THERE).as_str() {
        "failed again" => Finished::FailedAgain,
        "anew" => Finished::Anew,
        _ => Finished::Kept,
    };
    let empty = [
        (DATA, data.is_none(), needed("a file or a folder")),
        (PROMPTS, prompts.is_none(), needed("a prompt")),
        (TARGETS, targets.as_ref().is_none_or(Vec::is_empty), needed("a model")),
    ];
    for (label, empty, says) in empty {
        if let Some(row) = form.rows.iter_mut().find(|row| row.label == label && empty && row.fault.is_none()) {
            row.fault = Some(says);
        }
    }
    if form.show_fault() {
        return None;
    }
    let data = data?;
    let spec = BatchSpec {
        name: name_of(&data),
        data,
        prompts: Vec::new(),
        targets: targets?,
        samples: samples.and_then(|samples| u32::try_from(samples).ok()).unwrap_or(1),
        mapping: BTreeMap::new(),
        behind: BTreeMap::new(),
        expected: form.value(EXPECTED).parse().unwrap_or_default(),
    };
    let concurrency = concurrency.and_then(|calls| usize::try_from(calls).ok()).unwrap_or(1);
    let order = Order { spec, concurrency, caps, finished, session: session.to_owned(), again: Vec::new() };
    Some(Wanted { prompts: prompts?, order })
}

/// Puts the prompts of an order in, in the order in which they were named.
#[must_use]
pub fn with_prompts(mut order: Order, prompts: Vec<(String, Prompt)>) -> Order {
    order.spec.prompts = prompts;
    order
}

/// The last part of a path.
fn name_of(path: &str) -> String {
    let end = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(path);
    if end.is_empty() { path.to_owned() } else { end.to_owned() }
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

/// Reads a whole number above 0.
pub(super) fn whole(text: &str, most: u64) -> Result<u64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '_' | ' ' | '\'')).collect();
    let number: Option<u64> = digits.parse().ok();
    number.filter(|n| (1..=most).contains(n)).ok_or_else(|| {
        if most == u64::MAX {
            "a whole number above 0 is expected".to_owned()
        } else {
            format!("1 to {most} is expected")
        }
    })
}

/// Says what a cap is, where there is one.
#[must_use]
pub fn capped(caps: &Caps) -> Vec<String> {
    let cost = caps.cost.map(|dollars| {
        let pico = PicoDollars((dollars.max(0.0) * 1e12).round() as u64);
        Cost::Known(pico).to_string()
    });
    let tokens = caps.tokens.map(|tokens| format!("{} tokens", crate::eval::figures::count(tokens)));
    let time = caps.time.map(crate::eval::figures::duration);
    [cost, tokens, time].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        app::batch::limits::{COST, TIME, TOKENS},
        model::Expected,
    };

    fn filled(values: &[(&str, &str)]) -> Form {
        let mut form = form("sentiment", &["demo".to_owned()], 5);
        for (label, value) in values {
            let row = form.rows.iter_mut().find(|row| row.label == *label).unwrap();
            row.line = crate::app::line::Line::of(value);
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
        let Order { spec, caps, finished, concurrency, session, again: _ } = wanted.order;
        assert_eq!(spec.expected, Expected::Fields);
        assert_eq!((spec.name.as_str(), spec.targets.len(), spec.samples), ("rows.csv", 2, 3));
        assert_eq!((caps.cost, caps.tokens, caps.time), (Some(1.5), Some(1_000_000), Some(Duration::from_secs(7200))));
        assert_eq!((finished, concurrency, session.as_str()), (Finished::FailedAgain, 5, "default"));
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
            assert!(row.fault.as_ref().is_some_and(|fault| fault.contains(says)), "{row:?}");
        }
    }

    #[test]
    fn a_batch_is_called_by_the_last_part_of_its_path() {
        for (path, name) in [("a/b.csv", "b.csv"), ("texts/", "texts"), ("/", "/"), ("-", "-")] {
            assert_eq!(name_of(path), name);
        }
    }
}
