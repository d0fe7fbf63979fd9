//! A paired comparison in words: what was compared with what, and one sentence, or as much of it as there is room for.

use std::borrow::Cow;

use crate::{
    eval::evidence::{Basis, Conclusion, Difference, Evidence, LEVEL},
    model::{
        Prompt, VersionId,
        query::{Filter, Query, What},
    },
    pipeline::{TimedEvent, event::RunEvent},
    store::api::PairedComparison,
    text::width,
};

/// What runs have to share to be samples of the same: the prompt version, the target that was asked, and the
/// parameters as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunConfig {
    version: VersionId,
    target: String,
    params: String,
}

impl RunConfig {
    /// Names what a run was made with; none where it did not come so far that its parameters are known.
    #[must_use]
    pub fn of(prompt: &Prompt, target: &str, timeline: &[TimedEvent]) -> Option<Self> {
        let params = timeline.iter().find_map(|timed| match &timed.event {
            RunEvent::Prepared { params, .. } => serde_json::to_string(params).ok(),
            _ => None,
        })?;
        Some(Self { version: VersionId::of(prompt), target: target.to_owned(), params })
    }

    /// Asks for all runs that were made with it, and were answered by the target that was asked.
    #[must_use]
    pub fn query(&self) -> Query {
        let filter = |what| Filter { not: false, what };
        let filters = [
            What::Version(self.version.0.clone()),
            What::Target(self.target.clone()),
            What::Params(self.params.clone()),
            What::FellBack(false),
        ];
        Query { filters: filters.map(filter).into(), ..Query::default() }
    }

    /// Says in what it differs from another; nothing where both are the same.
    #[must_use]
    pub fn apart(&self, other: &Self) -> Vec<&'static str> {
        let Self { version, target, params } = self;
        let parts = [
            (version == &other.version, "another version"),
            (target == &other.target, "another model"),
            (params == &other.params, "other parameters"),
        ];
        parts.into_iter().filter(|(same, _)| !same).map(|(_, name)| name).collect()
    }
}

/// Returns the queries that find the runs of A and those of B.
#[must_use]
pub fn queries(a: &RunConfig, b: &RunConfig) -> [Box<Query>; 2] {
    [a, b].map(|config| Box::new(config.query()))
}

/// Says what runs say of each other, in so many columns, with words for a B that is better and one that is worse.
#[must_use]
pub fn comparison_sentence(comparison: &PairedComparison, words: (&str, &str), room: usize) -> Cow<'static, str> {
    match comparison.inputs {
        0 => "no input was judged with both".into(),
        // One input is no evidence, whichever way it goes.
        1 => "one input with both: no evidence".into(),
        inputs => {
            let over = format!(", {inputs} inputs");
            let whole = comparison.evidence.sentence_within(words, room.saturating_sub(over.len()));
            let fits = width(&whole) + over.len() <= room;
            if fits { format!("{whole}{over}").into() } else { whole.into() }
        }
    }
}

/// Up to here a p is usually taken for a difference, and a sentence says that it is not.
const USUAL: f64 = 0.05;

impl Evidence {
    /// Returns the verdict in one sentence, as every screen and report says it.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.sentence_within(("B better", "B worse"), usize::MAX)
    }

    /// Returns the sentence with other words for a B that is better and for one that is worse, as much of it as
    /// fits so many columns; the verdict alone where not even that does.
    #[must_use]
    pub fn sentence_within(&self, words: (&str, &str), room: usize) -> String {
        let mut forms = self.forms(words);
        let shortest = forms.pop().unwrap_or_default();
        forms.into_iter().find(|form| width(form) <= room).unwrap_or(shortest)
    }

    /// Lists ways to say it, the longest first; the last one is the verdict alone.
    fn forms(&self, (better, worse): (&str, &str)) -> Vec<String> {
        let head = match self.shown {
            Conclusion::Better => better,
            Conclusion::Worse => worse,
            Conclusion::NoDifference => "no difference shown",
        };
        let rows = |count: u64| if count == 1 { "row" } else { "rows" };
        let changed = format!("{} fixed, {} broken", self.fixed, self.broken);
        let (first, all) = match (self.basis, self.passed, self.score.zip(self.score_p)) {
            (Basis::Scores, passed, Some((Difference { by, interval }, p))) => {
                let changed = passed.map_or_else(String::new, |_| format!("{changed}; "));
                let (by, low, high) = (hundredths(by), hundredths(interval.low), hundredths(interval.high));
                let sign = if by > 0.0 { "+" } else { "" };
                let first = format!("mean score {sign}{by:.2}");
                let all = format!(
                    "{changed}{first} ({low:.2} to {high:.2}) over {} {}, {}",
                    self.scored,
                    rows(self.scored),
                    chance(p)
                );
                (first, all)
            }
            (_, Some(Difference { by, interval }), _) => {
                let (by, low, high) = (points(by), points(interval.low), points(interval.high));
                let sign = if by > 0 { "+" } else { "" };
                let noun = if by.abs() == 1 { "point" } else { "points" };
                let all = format!("{changed}, {}, {sign}{by} {noun} ({low} to {high})", chance(self.p));
                (changed, all)
            }
            (_, None, _) => {
                let nothing = "not comparable";
                let why = match (self.not_comparable, self.scored) {
                    (0, 0) => "no common inputs",
                    (_, 1) => "only one input was scored with both",
                    _ => "no input was checked with both",
                };
                return vec![format!("{nothing}: {why}"), nothing.to_owned()];
            }
        };
        let mut forms = Vec::new();
        if self.shown == Conclusion::NoDifference
            && let Some(more) = self.more_rows.filter(|more| *more > 0)
        {
            let more = format!("about {more} more {} needed", rows(more));
            forms.push(format!("{head}: {all}; {more} to see 5 points"));
            forms.push(format!("{head}: {first}; {more} to see 5 points"));
            forms.push(format!("{head}: {first}; {more}"));
        }
        forms.extend([format!("{head}: {all}"), format!("{head}: {first}"), head.to_owned()]);
        forms
    }
}

/// Writes a p value so that it is never rounded onto the level it is below, and says so where it is one that
/// is usually taken for a difference and is none here.
pub(crate) fn chance(p: f64) -> String {
    if p < 0.001 {
        "p<0.001".to_owned()
    } else if (LEVEL - 0.0005..LEVEL).contains(&p) {
        format!("p<{LEVEL}")
    } else if (LEVEL..USUAL).contains(&p) {
        format!("p={p:.3}, not below {LEVEL}")
    } else {
        format!("p={p:.3}")
    }
}

/// Two decimals, rounded, and minus zero as zero.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0 + 0.0
}

/// Hundredths, rounded.
fn points(share: f64) -> i64 {
    (share * 100.0).round() as i64
}
