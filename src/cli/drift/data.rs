//! The rows of a baseline's prompt, as a batch asks them, and why there are none.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    cli::{Io, Stopped, args::DriftArgs},
    eval::baseline::inbox::Inbox,
    model::{
        CacheMode, Expected, Prompt,
        batch::{BatchLimits, BatchRequest, BatchSpec, PartRoots, ResumeMode},
        dataset::RowSource,
    },
};

/// Why a prompt, or its judge, was not tried.
pub(crate) enum Untried {
    /// There are no rows to try it on.
    NoRows(String),
    Stopped(Stopped),
}

impl<E: Into<Stopped>> From<E> for Untried {
    fn from(error: E) -> Self {
        Self::Stopped(error.into())
    }
}

/// Names the data set: the one that a person names, or that of the newest batch.
pub(crate) fn data_of(args: &DriftArgs, found: Option<&Inbox>, io: &Io<'_>) -> Option<PathBuf> {
    let last = found.map(|found| PathBuf::from(&found.spec.data));
    args.data.as_ref().map(|data| io.cwd.join(data)).or(last)
}

/// Makes what a batch asks of a prompt: its rows as those of the newest batch, without what would answer in its place.
pub(crate) fn spec_of(
    (name, prompt, targets): (&str, &Prompt, &[String]),
    found: Option<&Inbox>,
    data: String,
) -> BatchSpec {
    let base = found.map(|found| &found.spec);
    let alone = Prompt { fallback: Vec::new(), targets: Vec::new(), ..prompt.clone() };
    BatchSpec {
        name: format!("{name}, {}", targets.join(" and ")),
        data,
        prompts: vec![(name.to_owned(), alone)],
        targets: targets.to_vec(),
        samples: 1,
        mapping: base.map(|base| base.mapping.clone()).unwrap_or_default(),
        behind: BTreeMap::new(),
        expected: base.map_or(Expected::Auto, |base| base.expected),
        again: None,
        part: None,
    }
}

pub(crate) fn request(spec: BatchSpec, rows: RowSource, cost: Option<f64>, concurrency: usize) -> BatchRequest {
    BatchRequest {
        spec,
        rows,
        files: Vec::new(),
        trust: false,
        roots: PartRoots::default(),
        vars: BTreeMap::new(),
        judge: None,
        // What was answered months ago says nothing of today.
        cache: CacheMode::Off,
        limits: BatchLimits { cost, ..BatchLimits::default() },
        allow_unpriced: false,
        concurrency,
        resume: ResumeMode::Anew,
        only: None,
        session: None,
    }
}
