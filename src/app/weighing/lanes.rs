//! Each lane against the baseline, over all inputs that the record has of both.

use super::{Setup, Weighed, job};
use crate::{
    app::{App, compare::Against, lane::Lane, stored::Asked, workbench::Workbench},
    model::RunId,
};

/// Answers that are remembered, at most.
const REMEMBERED: usize = 16;

/// Which setups were to be weighed, and what the record was to know by then.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Question {
    a: Setup,
    b: Setup,
    /// The runs of both lanes that have ended.
    runs: Vec<RunId>,
}

impl Question {
    fn is_of(&self, other: &Self) -> bool {
        self.a == other.a && self.b == other.b
    }
}

/// What the record said of the lanes' setups against each other.
#[derive(Debug, Clone, Default)]
pub struct Weighings(Vec<(Question, Option<Box<Weighed>>)>);

impl Weighings {
    /// Notes that a question is asked. What was said of the same setups before stays until it is answered.
    fn ask(&mut self, question: Question) {
        let said = self.0.iter().position(|(known, _)| known.is_of(&question)).and_then(|at| self.0.remove(at).1);
        self.0.push((question, said));
        let over = self.0.len().saturating_sub(REMEMBERED);
        self.0.drain(..over);
    }

    fn is_asked(&self, question: &Question) -> bool {
        self.0.iter().any(|(known, _)| known == question)
    }

    /// Takes an answer in; one to a question that was asked anew since is late.
    pub(in crate::app) fn take(&mut self, question: &Question, weighed: Box<Weighed>) {
        if let Some((_, said)) = self.0.iter_mut().find(|(known, _)| known == question) {
            *said = Some(weighed);
        }
    }
}

impl Workbench {
    /// Makes the question of a lane against the baseline, if both have run something and the one is no further
    /// sample of the other.
    fn question(&self, lane: &Lane) -> Option<Question> {
        let base = self.baseline().and_then(|at| self.lanes.get(at))?;
        let (a, b) = (base.shown().setup()?, lane.shown().setup()?);
        if !matches!(self.compare.against, Against::Lane) || a == b {
            return None;
        }
        let ended = [base, lane].into_iter().flat_map(Lane::takes).filter_map(|take| take.outcome.as_ref());
        Some(Question { a: a.clone(), b: b.clone(), runs: ended.map(|outcome| outcome.run).collect() })
    }

    /// Returns what the record says of a lane against the baseline, once it has.
    #[must_use]
    pub fn weighed(&self, lane: &Lane) -> Option<&Weighed> {
        let question = self.question(lane)?;
        let known = self.weighings.0.iter().find(|(known, _)| known.is_of(&question));
        known.and_then(|(_, said)| said.as_deref())
    }
}

impl App {
    /// Asks the record for each lane against the baseline, once after each run of either has ended.
    pub(in crate::app) fn settle_weighings(&mut self) {
        let bench = &self.bench;
        let Some(base) = bench.baseline().and_then(|at| bench.lanes.get(at)).filter(|base| !base.busy()) else {
            return;
        };
        let others = bench.lanes.iter().filter(|lane| !std::ptr::eq(*lane, base) && !lane.busy());
        let open: Vec<Question> = others
            .filter_map(|lane| bench.question(lane))
            .filter(|question| !bench.weighings.is_asked(question))
            .collect();
        for question in open {
            self.ask_store(job(&question.a, &question.b), Asked::Weighed(Box::new(question.clone())));
            self.bench.weighings.ask(question);
        }
    }
}
