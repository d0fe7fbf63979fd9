//! What the record says of a version against the one it was edited from: over the inputs that both were run with, as every
//! paired comparison is.

use crate::{
    eval::evidence::Conclusion,
    model::{
        VersionId,
        query::{Filter, Query, What},
    },
    present::evidence::comparison_sentence,
    store::api::{PairedComparison, VersionEntry},
    widgets::theme::Role,
};

/// Two versions: the one that is compared with, and the one that is compared.
pub type VersionPair = [VersionId; 2];

/// How a version does against the one it is compared with.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum VersionStanding {
    /// The record was not heard of yet.
    #[default]
    Open,
    /// There is none that it was edited from.
    First,
    /// It is what the others are compared with.
    Baseline,
    /// What the runs of both say.
    Told(Box<PairedComparison>),
    /// Why nothing can be said.
    NotComparable(String),
}

/// The query that finds the runs of a version that its own model answered.
fn runs_of(version: &VersionId) -> Query {
    let filter = |what| Filter { not: false, what };
    let filters = [What::Version(version.0.clone()), What::FellBack(false)];
    Query { filters: filters.map(filter).into(), ..Query::default() }
}

/// Returns the queries that find the runs of both, the baseline first.
pub(crate) fn queries([base, own]: &VersionPair) -> [Box<Query>; 2] {
    [base, own].map(|version| Box::new(runs_of(version)))
}

impl VersionStanding {
    /// Says what is known before the record is asked: nothing can be said of versions without judged answers.
    #[must_use]
    pub fn before((own, name): (&VersionEntry, &str), base: Option<(&VersionEntry, &str)>) -> Self {
        let Some((base, base_name)) = base else { return Self::First };
        let lacks = |entry: &VersionEntry, name: &str| match entry.results {
            ref results if results.runs == 0 => Some(format!("{name} was not run")),
            ref results if results.judged == 0 => Some(format!("no answer to {name} was judged")),
            _ => None,
        };
        lacks(own, name).or_else(|| lacks(base, base_name)).map_or(Self::Open, Self::NotComparable)
    }

    /// Says it in a few words, with how they are written.
    #[must_use]
    pub fn short(&self) -> (String, Role) {
        match self {
            Self::Open => ("…".to_owned(), Role::Quiet),
            Self::First => ("–".to_owned(), Role::Quiet),
            Self::Baseline => ("baseline".to_owned(), Role::Quiet),
            Self::NotComparable(_) => ("not comparable".to_owned(), Role::Quiet),
            Self::Told(comparison) => {
                let evidence = &comparison.evidence;
                match evidence.shown {
                    Conclusion::Better => ("better".to_owned(), Role::Pass),
                    Conclusion::Worse => ("worse".to_owned(), Role::Fail),
                    Conclusion::NoDifference if evidence.rows() == 0 => ("not comparable".to_owned(), Role::Quiet),
                    Conclusion::NoDifference => {
                        let more = evidence.more_rows.filter(|more| *more > 0);
                        let more = more.map(|more| format!(", ≈{more} more")).unwrap_or_default();
                        (format!("no difference shown{more}"), Role::Text)
                    }
                }
            }
        }
    }

    /// Says it in a sentence, given what the version is called and the one that it is compared with.
    #[must_use]
    pub fn sentence(&self, own: &str, base: Option<&str>) -> String {
        let base = base.unwrap_or("none");
        match self {
            Self::Open => format!("Comparing {own} with {base} …"),
            Self::First => format!("{own} is the first version: there is none to compare it with."),
            Self::Baseline => format!("{own} is the baseline: the others are compared with it."),
            Self::NotComparable(why) => format!("{own} against {base}: not comparable: {why}."),
            Self::Told(comparison) if comparison.inputs == 0 => {
                let (a, b) = (comparison.a.runs, comparison.b.runs);
                format!(
                    "{own} against {base}: not comparable: no input was judged with both ({own}: {b} judged, {base}: {a} \
                     judged)."
                )
            }
            Self::Told(comparison) => {
                let words = comparison_sentence(comparison, ("better", "worse"), usize::MAX);
                format!("{own} against {base}: {words}.")
            }
        }
    }
}
