//! The runs of a block as facts, one after the other, in names that all blocks share.

use std::time::Duration;

use super::block::{Block, Flag, Named, Of, status_of};
use crate::model::{
    Class, PicoDollars, Status,
    facts::{Ending, Name, Names, RunFacts},
};

/// A block whose runs are told.
pub(super) struct Told<'a> {
    block: &'a Block<'a>,
    names: Vec<Vec<Name>>,
    ends: Vec<Option<Ending>>,
    /// Whether each class that runs ended with is one of the answer.
    of_the_answer: Vec<bool>,
    rules: Vec<Name>,
    classes: Vec<Name>,
    /// Where the verdicts of the next run begin among those of all.
    verdict: usize,
}

impl<'a> Told<'a> {
    /// Begins with the first run.
    pub(super) fn of(block: &'a Block<'a>, names: &mut Names) -> Self {
        let mut shared = |texts: &[&str]| texts.iter().map(|text| names.of(text)).collect::<Vec<Name>>();
        let classes = block.names.get(Named::Class as usize).map(Vec::as_slice).unwrap_or_default();
        let own = Class::OF_THE_ANSWER.map(|class| class.to_string());
        let ends = block.names.get(Named::End as usize).map(Vec::as_slice).unwrap_or_default();
        Self {
            block,
            names: block.names.iter().map(|texts| shared(texts)).collect(),
            of_the_answer: classes.iter().map(|class| own.iter().any(|own| own == class)).collect(),
            ends: ends.iter().map(|word| Ending::of_word(word)).collect(),
            rules: shared(&block.rules),
            classes: shared(&block.classes),
            verdict: 0,
        }
    }

    /// Passes over a run.
    pub(super) fn skip(&mut self, at: usize) {
        self.verdict += self.marks(at).len();
    }

    fn marks(&self, at: usize) -> &'a [(usize, Status)] {
        list(&self.block.marks, self.block.column(Of::Marks).of(at))
    }

    /// Writes the facts of a run over others; places come one after the other. False if its end means nothing.
    pub(super) fn tell(&mut self, at: usize, facts: &mut RunFacts) -> bool {
        let block = self.block;
        let name = |of: Named| {
            let place = usize::try_from(block.named(of).get(at)?).ok()?;
            self.names.get(of as usize)?.get(place).copied()
        };
        let number = |of: Of| block.column(of).get(at);
        let end = number_of(block.named(Named::End).get(at)).and_then(|place| self.ends.get(place).copied().flatten());
        let Some(end) = end else {
            self.skip(at);
            return false;
        };
        let flags = block.column(Of::Flags).of(at);
        let has = |flag: Flag| flags & flag as i64 != 0;
        let length = |of: Of| number(of).map(|us| Duration::from_micros(us.unsigned_abs()));
        facts.started = block.column(Of::Started).of(at).div_euclid(1_000_000_000);
        facts.session = name(Named::Session);
        facts.prompt = name(Named::Prompt);
        facts.version = name(Named::Version);
        facts.params = name(Named::Params);
        facts.target = name(Named::Target);
        facts.model = name(Named::Model);
        facts.provider = name(Named::Provider);
        facts.end = end;
        facts.class = name(Named::Class);
        facts.status = status_of(flags);
        let class = number_of(block.named(Named::Class).get(at)).and_then(|place| self.of_the_answer.get(place));
        facts.compared = facts.status.compared(class.is_some_and(|own| *own));
        facts.score = block.score(at);
        facts.took = length(Of::Took);
        facts.first_token = length(Of::FirstToken);
        facts.tokens_in = number(Of::TokensIn).map(i64::unsigned_abs);
        facts.tokens_out = number(Of::TokensOut).map(i64::unsigned_abs);
        facts.cost = number(Of::Cost).map(|cost| PicoDollars(cost.unsigned_abs()));
        facts.attempts = u32::try_from(block.column(Of::Attempts).of(at)).unwrap_or(u32::MAX);
        facts.fell_back = has(Flag::FellBack);
        facts.cached = has(Flag::Cached);
        facts.demo = has(Flag::Demo);
        facts.stars = number(Of::Stars).and_then(|stars| u8::try_from(stars).ok());
        facts.right = has(Flag::Weighed).then(|| has(Flag::Right));
        facts.input = number(Of::Input);
        facts.faults.clear();
        let faults = list(&block.faults, block.column(Of::Faults).of(at));
        facts.faults.extend(faults.iter().filter_map(|class| self.classes.get(*class)));
        facts.marks.clear();
        let from = self.verdict;
        self.skip(at);
        for ((rule, mark), verdict) in self.marks(at).iter().zip(from..) {
            if let Some(rule) = self.rules.get(*rule) {
                facts.marks.push((*rule, *mark, block.measured(verdict)));
            }
        }
        true
    }
}

fn number_of(place: Option<i64>) -> Option<usize> {
    usize::try_from(place?).ok()
}

fn list<T>(lists: &[Vec<T>], place: i64) -> &[T] {
    number_of(Some(place)).and_then(|place| lists.get(place)).map(Vec::as_slice).unwrap_or_default()
}
