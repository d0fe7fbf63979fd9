//! The runs of a block as facts, one after the other, in names that all blocks share.

use std::{collections::HashMap, time::Duration};

use super::{
    block::{Block, Named, Of},
    flags::{CostOf, Flag, cost_of, status_of},
};
use crate::model::{
    Class, Spent, Status, Usage,
    facts::{Ending, Name, Names, RunFacts, TargetSpent},
    outcome::Judging,
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
    /// Providers and models that took something of a run.
    spenders: HashMap<&'a str, Name>,
    /// Where the verdicts of the next run begin among those of all.
    verdict: usize,
}

impl<'a> Told<'a> {
    /// Begins with the first run.
    pub(super) fn of(block: &'a Block<'a>, names: &mut Names) -> Self {
        let all = block.spendings.iter().flatten().flat_map(|own| own.provider.into_iter().chain([own.model]));
        let spenders = all.map(|text| (text, names.of(text))).collect();
        let mut shared = |texts: &[&str]| texts.iter().map(|text| names.of(text)).collect::<Vec<Name>>();
        let classes = block.names.get(Named::Class as usize).map(Vec::as_slice).unwrap_or_default();
        let own = Class::OF_THE_ANSWER.map(|class| class.to_string());
        let ends = block.names.get(Named::End as usize).map(Vec::as_slice).unwrap_or_default();
        Self {
            block,
            names: block.names.iter().map(|texts| shared(texts)).collect(),
            of_the_answer: classes.iter().map(|class| own.iter().any(|own| own == class)).collect(),
            ends: ends.iter().map(|word| Ending::of_word(word)).collect(),
            spenders,
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
        facts.waited = length(Of::Waited).unwrap_or_default();
        facts.cached = has(Flag::Cached);
        facts.spent = if facts.cached {
            Spent::default()
        } else {
            spent(number(Of::TokensIn), number(Of::TokensOut), number(Of::Cost), flags)
        };
        facts.by_target.clear();
        let spendings = number(Of::Spendings).map(|place| list(&block.spendings, place)).unwrap_or_default();
        facts.by_target.extend(spendings.iter().map(|own| TargetSpent {
            provider: own.provider.and_then(|name| self.spenders.get(name).copied()),
            model: self.spenders.get(own.model).copied(),
            spent: spent(own.tokens_in, own.tokens_out, own.cost, own.flags),
        }));
        facts.judging = cost_of(CostOf::Judges, flags, number(Of::JudgingCost)).map(|cost| Judging {
            cost,
            tokens: number(Of::JudgingTokens).unwrap_or_default().unsigned_abs(),
            estimated: has(Flag::JudgingEstimated),
            partial: has(Flag::JudgingPartial),
        });
        facts.judge = has(Flag::Judge);
        facts.attempts = u32::try_from(block.column(Of::Attempts).of(at)).unwrap_or(u32::MAX);
        facts.fell_back = has(Flag::FellBack);
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

/// Puts together what was taken: sums in and out, the cost, how sure they are.
fn spent(input: Option<i64>, output: Option<i64>, cost: Option<i64>, flags: i64) -> Spent {
    let has = |flag: Flag| flags & flag as i64 != 0;
    let [input, output] = [input, output].map(|count| count.map(i64::unsigned_abs));
    let (estimated, partial) = (has(Flag::TokensEstimated), has(Flag::TokensPartial));
    let cost = cost_of(CostOf::Run, flags, cost).unwrap_or_default();
    Spent { usage: Usage { input, output, estimated, partial, ..Usage::default() }, cost }
}

fn number_of(place: Option<i64>) -> Option<usize> {
    usize::try_from(place?).ok()
}

fn list<T>(lists: &[Vec<T>], place: i64) -> &[T] {
    number_of(Some(place)).and_then(|place| lists.get(place)).map(Vec::as_slice).unwrap_or_default()
}
