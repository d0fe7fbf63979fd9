//! What runs were made with, and what the record says of one such setup against another.

pub(super) mod lanes;

use std::borrow::Cow;

pub use crate::store::job::Weighed;
use crate::{
    model::{
        Prompt, VersionId,
        query::{Filter, Query, What},
    },
    pipeline::{Told, event::RunEvent},
    store::job::Job,
};

/// What runs have to share to be samples of the same: the prompt version, the target that was asked, and the
/// parameters as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    version: VersionId,
    target: String,
    params: String,
}

impl Setup {
    /// Names what a run was made with; none where it did not come so far that its parameters are known.
    #[must_use]
    pub fn of(prompt: &Prompt, target: &str, timeline: &[Told]) -> Option<Self> {
        let params = timeline.iter().find_map(|told| match &told.event {
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

/// Asks what the runs of B say against those of A.
#[must_use]
pub fn job(a: &Setup, b: &Setup) -> Job {
    Job::Weigh { a: Box::new(a.query()), b: Box::new(b.query()) }
}

/// Says what runs say of each other, in so many columns, with words for a B that is better and one that is worse.
#[must_use]
pub fn said(weighed: &Weighed, words: (&str, &str), room: usize) -> Cow<'static, str> {
    match weighed.inputs {
        0 => "no input was judged with both".into(),
        // One input is no evidence, whichever way it goes.
        1 => "one input with both: no evidence".into(),
        inputs => {
            let over = format!(", {inputs} inputs");
            let whole = weighed.evidence.said(words, room.saturating_sub(over.len()));
            let fits = crate::text::width(&whole) + over.len() <= room;
            if fits { format!("{whole}{over}").into() } else { whole.into() }
        }
    }
}
