//! A block holds what was put into it, and bytes that are not whole are none.

use proptest::prelude::*;

use super::*;
use crate::{
    model::facts::{Names, RunFacts},
    store::facts::told::Told,
};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-c]{1,2}", "[é日]{60,70}"]
}

fn number() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(prop_oneof![any::<i64>(), 0..300_i64])
}

fn value() -> impl Strategy<Value = Option<f64>> {
    proptest::option::of(prop_oneof![any::<f64>(), Just(-0.0), (0..100_u8).prop_map(|part| f64::from(part) / 100.0)])
}

/// What a target took: its provider, its model, tokens in and out and the cost, flags.
type MadeSpending = (Option<String>, String, [Option<i64>; 3], i64);

/// A run as it is made up.
#[derive(Debug, Clone)]
struct Made {
    names: Vec<Option<String>>,
    faults: Vec<String>,
    marks: Vec<(String, u8, Option<f64>)>,
    numbers: Vec<Option<i64>>,
    spendings: Vec<MadeSpending>,
    score: Option<f64>,
    flags: i64,
}

fn made() -> impl Strategy<Value = Made> {
    let names = proptest::collection::vec(proptest::option::of(text()), NAMES);
    let faults = proptest::collection::vec(text(), 0..3);
    let marks = proptest::collection::vec((text(), 0..3_u8, value()), 0..5);
    let numbers = proptest::collection::vec(number(), 12);
    let spending = (proptest::option::of(text()), text(), [number(), number(), number()], any::<i64>());
    let rest = (value(), 0..512_i64, proptest::collection::vec(spending, 0..3));
    (names, faults, marks, numbers, rest).prop_map(|(names, faults, marks, numbers, (score, flags, spendings))| Made {
        names,
        faults,
        marks,
        numbers,
        spendings,
        score,
        flags,
    })
}

fn fact(made: &Made, seq: i64) -> Fact<'_> {
    let mut names = [None; NAMES];
    for (name, made) in names.iter_mut().zip(&made.names) {
        *name = made.as_deref();
    }
    Fact {
        seq,
        started: made.numbers[0].unwrap_or_default(),
        names,
        faults: made.faults.iter().map(String::as_str).collect(),
        marks: made.marks.iter().map(|(rule, at, score)| (rule.as_str(), mark(*at).unwrap(), *score)).collect(),
        flags: made.flags,
        score: made.score,
        took: made.numbers[1],
        first_token: made.numbers[2],
        tokens_in: made.numbers[3],
        tokens_out: made.numbers[4],
        cost: made.numbers[5],
        attempts: made.numbers[6].unwrap_or_default(),
        stars: made.numbers[7],
        input: made.numbers[8],
        waited: made.numbers[9],
        judging_tokens: made.numbers[10],
        judging_cost: made.numbers[11],
        spendings: made
            .spendings
            .iter()
            .map(|(provider, model, [tokens_in, tokens_out, cost], flags)| Spending {
                provider: provider.as_deref(),
                model,
                tokens_in: *tokens_in,
                tokens_out: *tokens_out,
                cost: *cost,
                flags: *flags,
            })
            .collect(),
    }
}

/// Reads a run out of a block as it was put in.
fn read<'a>(block: &Block<'a>, at: usize) -> Fact<'a> {
    let place = |number: i64| usize::try_from(number).unwrap();
    let mut names = [None; NAMES];
    for (of, name) in names.iter_mut().enumerate() {
        *name = block.columns[of].get(at).map(|text| block.names[of][place(text)]);
    }
    let marks = |at| &block.marks[place(block.column(Of::Marks).of(at))];
    let before: usize = (0..at).map(|at| marks(at).len()).sum();
    let number = |of| block.column(of).get(at);
    let verdict = |((rule, mark), at): (&(usize, Status), usize)| (block.rules[*rule], *mark, block.measured(at));
    Fact {
        seq: block.seq(at),
        started: number(Of::Started).unwrap(),
        names,
        faults: block.faults[place(block.column(Of::Faults).of(at))]
            .iter()
            .map(|class| block.classes[*class])
            .collect(),
        marks: marks(at).iter().zip(before..).map(verdict).collect(),
        flags: block.column(Of::Flags).of(at),
        score: block.score(at),
        took: number(Of::Took),
        first_token: number(Of::FirstToken),
        tokens_in: number(Of::TokensIn),
        tokens_out: number(Of::TokensOut),
        cost: number(Of::Cost),
        attempts: number(Of::Attempts).unwrap(),
        stars: number(Of::Stars),
        input: number(Of::Input),
        waited: number(Of::Waited),
        judging_tokens: number(Of::JudgingTokens),
        judging_cost: number(Of::JudgingCost),
        spendings: number(Of::Spendings).map(|list| block.spendings[place(list)].clone()).unwrap_or_default(),
    }
}

fn built(runs: &[Made], gap: i64) -> Vec<u8> {
    let mut builder = Builder::default();
    for (run, seq) in runs.iter().zip(0..) {
        builder.push(&fact(run, 5 + seq * gap));
    }
    builder.bytes()
}

/// Writes facts out, so that a number that is none is itself.
fn shown(fact: &impl std::fmt::Debug) -> String {
    format!("{fact:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn every_run_is_read_as_it_was_put_in(runs in proptest::collection::vec(made(), 0..24), gap in 1..4_i64) {
        let bytes = built(&runs, gap);
        let block = Block::of(&bytes).unwrap();
        prop_assert_eq!(block.len, runs.len());
        for (at, (run, seq)) in runs.iter().zip(0..).enumerate() {
            prop_assert_eq!(shown(&read(&block, at)), shown(&fact(run, 5 + seq * gap)));
        }
    }

    #[test]
    fn runs_that_are_passed_over_change_nothing_about_the_others(
        mut runs in proptest::collection::vec(made(), 1..20),
        skipped in proptest::collection::vec(any::<bool>(), 20),
    ) {
        for run in &mut runs {
            run.names[Named::End as usize] = Some("done".to_owned());
        }
        let bytes = built(&runs, 1);
        let block = Block::of(&bytes).unwrap();
        let (mut names, mut facts) = (Names::default(), RunFacts::default());
        let (mut whole, mut some) = (Told::of(&block, &mut names), Told::of(&block, &mut names));
        for (at, skipped) in skipped.iter().enumerate().take(runs.len()) {
            let mut alone = RunFacts::default();
            prop_assert!(whole.tell(at, &mut alone));
            if *skipped {
                some.skip(at);
            } else {
                prop_assert!(some.tell(at, &mut facts));
                prop_assert_eq!(shown(&facts), shown(&alone));
            }
        }
    }

    #[test]
    fn a_block_with_a_byte_changed_or_missing_is_none(
        runs in proptest::collection::vec(made(), 0..4), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let whole = built(&runs, 1);
        let at = at.index(whole.len());
        let mut changed = whole.clone();
        changed[at] ^= flip;
        prop_assert!(Block::of(&changed).is_none());
        prop_assert!(Block::of(&whole[..at]).is_none());
        prop_assert!(Block::of(&[whole.as_slice(), &[0]].concat()).is_none());
    }

    #[test]
    fn bytes_that_only_look_whole_are_read_without_harm(
        runs in proptest::collection::vec(made(), 0..4),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let whole = built(&runs, 1);
        let mut body = whole[..whole.len() - 8].to_vec();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let bytes = [body.as_slice(), &sum(&body).to_le_bytes()].concat();
        if let Some(block) = Block::of(&bytes) {
            let mut told = Told::of(&block, &mut Names::default());
            let mut facts = RunFacts::default();
            for at in 0..block.len.min(100) {
                told.tell(at, &mut facts);
                block.seq(at);
            }
        }
    }
}
