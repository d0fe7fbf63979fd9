//! Each model against the first, over all inputs on record that both were run with.

use std::io;

use serde::Serialize;

use crate::{
    app::weighing::{self, Setup, Weighed},
    cli::Io,
    eval::Evidence,
    store::{Store, job::Reply},
    text::clean_line,
};

/// A model against the first one.
pub(super) struct Against {
    a: String,
    b: String,
    weighed: Box<Weighed>,
}

/// The same in JSON.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    a: &'a str,
    b: &'a str,
    inputs: u64,
    sentence: String,
    #[serde(flatten)]
    evidence: &'a Evidence,
}

impl Against {
    /// Asks the record for each model but the first. It knows of the runs that have just ended; what it cannot
    /// tell is left out.
    pub(super) async fn ask(store: &Store, lanes: &[(String, Option<Setup>)]) -> Vec<Self> {
        let mut all = Vec::new();
        let Some(((first, Some(base)), others)) = lanes.split_first() else {
            return all;
        };
        for (name, setup) in others {
            let Some(setup) = setup.as_ref().filter(|setup| *setup != base) else {
                continue;
            };
            if let Ok(Reply::Weighed(weighed)) = store.ask(weighing::job(base, setup)).await {
                all.push(Self { a: first.clone(), b: name.clone(), weighed });
            }
        }
        all
    }

    /// Returns what is to be written as JSON, unless the input of these runs is all there is: one is no evidence.
    pub(super) fn line(&self) -> Option<Line<'_>> {
        let Weighed { inputs, evidence, .. } = &*self.weighed;
        let line = Line { a: &self.a, b: &self.b, inputs: *inputs, sentence: evidence.sentence(), evidence };
        (*inputs > 1).then_some(line)
    }
}

/// Tells a person how each stands; where there is but the one input, what would tell.
pub(super) fn tell(all: &[Against], io: &mut Io<'_>) -> io::Result<()> {
    for Against { a, b, weighed } in all.iter().filter(|against| against.weighed.inputs > 1) {
        let words = (format!("better than {a}"), format!("worse than {a}"));
        let said = weighing::said(weighed, (&words.0, &words.1), usize::MAX);
        writeln!(io.err, "{}", clean_line(&format!("{b}: {said}")))?;
    }
    if !all.is_empty() && all.iter().all(|against| against.weighed.inputs == 1) {
        writeln!(io.err, "one input is no evidence of which is better; `retort batch` asks both on many")?;
    }
    Ok(())
}
