//! What logged runs come to: a fold over their facts that can be taken in parts and joined.
//!
//! Errors are runs that failed, broke off or crashed; those a person stopped are none. Times are those of
//! answers that were asked just now: cached ones and demonstrations are left out of times, tokens and cost.

mod markdown;
mod prometheus;
mod report;

use std::{collections::BTreeMap, sync::Arc};

pub use markdown::{cost, markdown, rate, times};
pub use prometheus::prometheus;
pub use report::{By, Change, Line, Rate, Report, Times};

use crate::model::{Mark, PicoDollars, facts::RunFacts};

/// Bins of the histogram of stated confidence.
pub const BINS: usize = 10;

/// Seconds of the finest stretch of a trend.
const HOUR: i64 = 3600;

/// What runs of one kind come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// Runs.
    pub runs: u64,
    /// Those that failed, broke off or crashed.
    pub errors: u64,
    /// Those whose answer was judged.
    pub judged: u64,
    /// Those that passed every check.
    pub passed: u64,
    /// What is known of the cost.
    pub cost: PicoDollars,
    /// When the first one started, in seconds since 1970.
    first: i64,
    /// When the last one did.
    last: i64,
    /// Times in milliseconds.
    times: Vec<u32>,
}

/// How often a rule held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// It held.
    pub pass: u64,
    /// It did not.
    pub fail: u64,
    /// It could not be applied.
    pub skipped: u64,
}

/// What runs come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    all: Group,
    cancelled: u64,
    cached: u64,
    demo: u64,
    retried: u64,
    attempts: u64,
    fell_back: u64,
    tokens: u64,
    unpriced: u64,
    first_tokens: Vec<u32>,
    checks: BTreeMap<Arc<str>, Marks>,
    classes: BTreeMap<Arc<str>, u64>,
    models: BTreeMap<Arc<str>, Group>,
    providers: BTreeMap<Arc<str>, Group>,
    prompts: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Group>>,
    confidence: [u64; BINS],
    completeness: (f64, u64),
    hours: BTreeMap<i64, Group>,
    graded: (u64, u64),
}

impl Group {
    fn take(&mut self, facts: &RunFacts, error: bool, time: Option<u32>) {
        if self.runs == 0 || facts.started < self.first {
            self.first = facts.started;
        }
        self.last = if self.runs == 0 { facts.started } else { self.last.max(facts.started) };
        self.runs += 1;
        self.errors += u64::from(error);
        if let Some(passed) = facts.passed {
            self.judged += 1;
            self.passed += u64::from(passed);
        }
        if !facts.demo && !facts.cached {
            self.cost.0 = self.cost.0.saturating_add(facts.cost.unwrap_or_default().0);
        }
        self.times.extend(time);
    }

    fn join(&mut self, other: Self) {
        if other.runs == 0 {
            return;
        }
        self.first = if self.runs == 0 { other.first } else { self.first.min(other.first) };
        self.last = if self.runs == 0 { other.last } else { self.last.max(other.last) };
        self.runs += other.runs;
        self.errors += other.errors;
        self.judged += other.judged;
        self.passed += other.passed;
        self.cost.0 = self.cost.0.saturating_add(other.cost.0);
        self.times.extend(other.times);
    }
}

impl Review {
    /// Takes a run in.
    pub fn take(&mut self, facts: &RunFacts) {
        let error = matches!(&*facts.end, "failed" | "interrupted" | "crashed");
        let live = !facts.cached && !facts.demo;
        let millis = |time: std::time::Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let time = facts.took.filter(|_| live && &*facts.end == "done").map(millis);
        self.all.take(facts, error, time);
        self.cancelled += u64::from(&*facts.end == "cancelled");
        self.cached += u64::from(facts.cached);
        self.demo += u64::from(facts.demo);
        self.retried += u64::from(facts.attempts > 1);
        self.attempts += u64::from(facts.attempts);
        self.fell_back += u64::from(facts.fell_back);
        if live {
            self.tokens = self.tokens.saturating_add(facts.tokens.unwrap_or(0));
            // What never came to an answer and names no price was most likely never billed.
            self.unpriced += u64::from(facts.cost.is_none() && (&*facts.end != "failed" || facts.tokens.is_some()));
        }
        if time.is_some() {
            self.first_tokens.extend(facts.first_token.map(millis));
        }
        if let Some(class) = &facts.class {
            *entry(&mut self.classes, class) += 1;
        }
        for (rule, mark, score) in &facts.marks {
            let marks = entry(&mut self.checks, rule);
            match mark {
                Mark::Pass => marks.pass += 1,
                Mark::Fail => marks.fail += 1,
                Mark::Skipped => marks.skipped += 1,
            }
            match (&**rule, score) {
                ("confidence", Some(score)) => {
                    let bin = ((score * BINS as f64) as usize).min(BINS - 1);
                    if let Some(count) = self.confidence.get_mut(bin) {
                        *count += 1;
                    }
                }
                ("completeness", Some(score)) => {
                    self.completeness.0 += score;
                    self.completeness.1 += 1;
                }
                _ => {}
            }
        }
        entry(&mut self.models, &facts.model).take(facts, error, time);
        entry(&mut self.providers, &facts.provider).take(facts, error, time);
        if let (Some(prompt), Some(version)) = (&facts.prompt, &facts.version) {
            entry(entry(&mut self.prompts, prompt), version).take(facts, error, time);
        }
        // A trend shows no times, so that none are kept for it.
        self.hours.entry(facts.started.div_euclid(HOUR)).or_default().take(facts, error, None);
        if let Some(right) = facts.right {
            self.graded.0 += 1;
            self.graded.1 += u64::from(right);
        }
    }

    /// Takes in what another fold has taken.
    pub fn join(&mut self, other: Self) {
        self.all.join(other.all);
        for (own, its) in [
            (&mut self.cancelled, other.cancelled),
            (&mut self.cached, other.cached),
            (&mut self.demo, other.demo),
            (&mut self.retried, other.retried),
            (&mut self.attempts, other.attempts),
            (&mut self.fell_back, other.fell_back),
            (&mut self.tokens, other.tokens),
            (&mut self.unpriced, other.unpriced),
            (&mut self.completeness.1, other.completeness.1),
            (&mut self.graded.0, other.graded.0),
            (&mut self.graded.1, other.graded.1),
        ] {
            *own = own.saturating_add(its);
        }
        self.completeness.0 += other.completeness.0;
        self.first_tokens.extend(other.first_tokens);
        for (rule, marks) in other.checks {
            let own = self.checks.entry(rule).or_default();
            own.pass += marks.pass;
            own.fail += marks.fail;
            own.skipped += marks.skipped;
        }
        for (class, count) in other.classes {
            *self.classes.entry(class).or_default() += count;
        }
        for (own, its) in [(&mut self.models, other.models), (&mut self.providers, other.providers)] {
            for (name, group) in its {
                own.entry(name).or_default().join(group);
            }
        }
        for (prompt, versions) in other.prompts {
            let own = self.prompts.entry(prompt).or_default();
            for (version, group) in versions {
                own.entry(version).or_default().join(group);
            }
        }
        for (own, its) in self.confidence.iter_mut().zip(other.confidence) {
            *own += its;
        }
        for (hour, group) in other.hours {
            self.hours.entry(hour).or_default().join(group);
        }
    }

    /// Tells whether no run was taken in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.runs == 0
    }
}

/// Finds a name's entry, sharing the name only where it is new.
fn entry<'a, T: Default>(map: &'a mut BTreeMap<Arc<str>, T>, name: &Arc<str>) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(Arc::clone(name), T::default());
    }
    map.entry(Arc::clone(name)).or_default()
}

#[cfg(test)]
mod tests;
