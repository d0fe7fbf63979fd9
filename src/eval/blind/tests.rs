//! What is shown is balanced, stays as it was, and gives a planted order back.

use uuid::Uuid;

use super::*;

/// A comparison of so many contenders over so many rows; the answers of each row are all different.
fn comparison(contenders: usize, rows: u64) -> BlindComparison {
    let answers = (0..rows).flat_map(|row| {
        (0..contenders).map(move |contender| BlindAnswer {
            run: RunId(Uuid::from_u64_pair(row + 1, contender as u64 + 1)),
            row: row + 1,
            input: (i64::try_from(row).unwrap(), 0),
            contender,
            digest: row * 100 + contender as u64,
            length: 10 + contender as u64,
            judged: None,
        })
    });
    let contender = |at: usize| BlindContender {
        batch: BatchId(Uuid::nil()),
        prompt: 0,
        target: u32::try_from(at).unwrap(),
        label: format!("model-{at}"),
        names: vec![format!("model-{at}")],
    };
    BlindComparison {
        id: 1,
        seed: 7,
        name: "rows.csv".to_owned(),
        batches: vec![BatchId(Uuid::nil())],
        contenders: (0..contenders).map(contender).collect(),
        answers: answers.collect(),
        votes: Vec::new(),
        revealed: None,
    }
}

/// Votes on every pair that is left, as `choose` says of the contenders on the left and on the right.
fn vote(comparison: &mut BlindComparison, mut choose: impl FnMut(&BlindAnswer, &BlindAnswer) -> BlindChoice) {
    let plan = BlindPlan::of(comparison);
    while let Some(at) = plan.next(comparison) {
        let pair = plan.pairs[at];
        let (left, right) = (&comparison.answers[pair.left], &comparison.answers[pair.right]);
        let vote =
            BlindVote { left: left.run, right: right.run, choice: choose(left, right), at: Timestamp::UNIX_EPOCH };
        comparison.votes.push(vote);
    }
}

fn result(comparison: &BlindComparison) -> BlindResult {
    BlindResult::of(comparison, &BlindPlan::of(comparison))
}

#[test]
fn sides_are_balanced_and_a_tenth_comes_again_the_other_way_round() {
    let comparison = comparison(2, 101);
    let plan = BlindPlan::of(&comparison);
    let first: Vec<&BlindPair> = plan.pairs.iter().filter(|pair| !pair.again).collect();
    let turned = first.iter().filter(|pair| comparison.answers[pair.left].contender == 1).count();
    assert_eq!(first.len(), 101);
    assert!((50..=51).contains(&turned), "{turned}");
    let again: Vec<&BlindPair> = plan.pairs.iter().filter(|pair| pair.again).collect();
    assert_eq!(again.len(), 10);
    for pair in again {
        let at = |left, right| plan.pairs.iter().position(|own| own.left == left && own.right == right).unwrap();
        let (first, second) = (at(pair.right, pair.left), at(pair.left, pair.right));
        assert!(second - first > 5, "not right after the first time");
    }
    let rows: Vec<u64> = first.iter().map(|pair| comparison.answers[pair.left].row).collect();
    assert!(rows.windows(2).any(|two| two[0] > two[1]), "the order of rows is shuffled");
    let other = BlindPlan::of(&BlindComparison { seed: 8, ..comparison.clone() });
    assert_ne!(plan, other, "another seed shows them in another order");
    assert_eq!(plan, BlindPlan::of(&comparison), "the same seed in the same");
}

#[test]
fn what_was_voted_on_stays_as_it_stood_when_rows_are_added() {
    let mut small = comparison(3, 9);
    vote(&mut small, |_, _| BlindChoice::Left);
    let large = BlindComparison { votes: small.votes.clone(), ..comparison(3, 40) };
    let plan = BlindPlan::of(&large);
    let shown: BTreeSet<(RunId, RunId)> = plan.pairs.iter().filter_map(|pair| large.runs(*pair)).collect();
    assert!(first_votes(&large).all(|vote| shown.contains(&(vote.left, vote.right))), "a pair was turned");
    let (before, after) = (result(&small), result(&large));
    assert_eq!((before.votes, before.contenders), (after.votes, after.contenders));
}

#[test]
fn the_same_answer_twice_is_a_tie_that_nobody_is_asked_about() {
    let mut comparison = comparison(2, 4);
    for answer in &mut comparison.answers {
        if answer.row < 3 {
            answer.digest = answer.row;
        }
    }
    vote(&mut comparison, |_, _| BlindChoice::Bad);
    let result = result(&comparison);
    assert_eq!((result.votes, result.ties, result.bad, result.alike), (2, 2, 2, 2));
    assert_eq!(result.contenders[0], ContenderVotes { won: 0, lost: 0, tied: 4 });
    assert!(result.strengths.is_err(), "ties alone say nothing of who is better");
}

#[test]
fn skipped_pairs_and_those_of_replaced_runs_are_not_counted() {
    let mut comparison = comparison(2, 6);
    vote(&mut comparison, |left, _| if left.row == 1 { BlindChoice::Skip } else { BlindChoice::Right });
    comparison.answers.retain(|answer| answer.row != 2);
    let found = result(&comparison);
    assert_eq!((found.votes, found.skipped, found.sides), (4, 1, (0, 4)));
}

#[test]
fn who_takes_what_stands_left_is_found_out() {
    let mut swayed = comparison(2, 60);
    vote(&mut swayed, |_, _| BlindChoice::Left);
    let found = result(&swayed);
    assert_eq!((found.orders.consistent, found.orders.first, found.orders.second), (0, 6, 0));
    assert_eq!((found.votes, found.sides), (60, (60, 0)));
    let mut steady = comparison(2, 60);
    vote(&mut steady, |left, _| if left.contender == 0 { BlindChoice::Left } else { BlindChoice::Right });
    let found = result(&steady);
    assert_eq!((found.orders.consistent, found.orders.first, found.orders.second), (6, 0, 0));
    assert_eq!((found.contenders[0].won, found.sides), (60, (30, 30)));
}

#[test]
fn a_judge_that_says_the_same_agrees_whatever_the_side() {
    let mut comparison = comparison(2, 40);
    for answer in &mut comparison.answers {
        // The longer one, which is the second contender's, is always the better one to the judge.
        answer.judged = Some(answer.contender as f64);
    }
    // The person takes it in three of four rows, and says of every tenth that they are as good.
    vote(&mut comparison, |left, _| match (left.row % 10 == 0, left.row % 4 == 0, left.contender) {
        (true, ..) => BlindChoice::Tie,
        (_, false, 1) | (_, true, 0) => BlindChoice::Left,
        _ => BlindChoice::Right,
    });
    let judges = result(&comparison).judges.unwrap();
    assert_eq!((judges.confusion.neither, judges.confusion.person_alone), (28, 8));
    assert_eq!((judges.rated.len(), judges.length.all()), (40, 36));
    assert!((judges.length.longer_share().unwrap().0 - 1.0).abs() < 1e-9);
    assert!((judges.length.person_share().unwrap().0 - 28.0 / 36.0).abs() < 1e-12);
    assert!(judges.alpha().is_some());
}

/// Four contenders whose strengths are known, 30 rows, with ties: of 100 people, the interval of each difference holds the
/// true one in about 95 %, and the order comes back.
#[test]
fn votes_of_a_planted_order_give_it_back_within_its_intervals() {
    let (worth, tie) = ([8.0_f64, 4.0, 2.0, 1.0], 0.5);
    let mut rng = SplitMix::new(20);
    let (mut held, mut asked, mut ordered) = (0_u32, 0_u32, 0_u32);
    for person in 0..100 {
        let mut comparison = BlindComparison { seed: person, ..comparison(4, 30) };
        vote(&mut comparison, |left, right| {
            let (left, right) = (worth[left.contender], worth[right.contender]);
            let drawn = tie * (left * right).sqrt();
            let at = (rng.draw() >> 11) as f64 / (1_u64 << 53) as f64 * (left + right + drawn);
            match at {
                at if at < left => BlindChoice::Left,
                at if at < left + right => BlindChoice::Right,
                _ => BlindChoice::Tie,
            }
        });
        let found = result(&comparison).strengths.unwrap();
        ordered += u32::from(found.order() == [0, 1, 2, 3]);
        for one in 0..4 {
            for other in one + 1..4 {
                let interval = found.advantage(one, other).unwrap().interval;
                let truth = (worth[one] / worth[other]).ln();
                asked += 1;
                held += u32::from(interval.low <= truth && truth <= interval.high);
            }
        }
    }
    let share = f64::from(held) / f64::from(asked);
    assert!((0.92..0.98).contains(&share), "{share}");
    assert!(ordered >= 90, "{ordered}");
}

#[test]
fn names_are_hidden_where_they_stand_as_words() {
    let mut contenders = comparison(2, 1).contenders;
    contenders[0].names = vec!["gpt-4o-mini".to_owned(), "GPT".to_owned()];
    contenders[1].names = vec!["claude".to_owned()];
    let (text, found) = hide_names("I am Claude, not gpt-4o-mini. GPT? Claudette and egpt stay.", &contenders);
    assert_eq!(text, "I am [hidden], not [hidden]. [hidden]? Claudette and egpt stay.");
    assert!(found);
    assert_eq!(hide_names("a plain answer", &contenders), ("a plain answer".to_owned(), false));
}

#[test]
fn two_contenders_are_told_apart_by_the_sign_test() {
    let with = |first: u64| {
        let mut comparison = comparison(2, 10);
        vote(&mut comparison, |left, _| {
            if (left.contender == 0) == (left.row <= first) { BlindChoice::Left } else { BlindChoice::Right }
        });
        let found = result(&comparison);
        let advantage = found.strengths.as_ref().unwrap().advantage(0, 1).unwrap();
        (found.contenders[0].won, found.is_shown(0, &advantage))
    };
    assert_eq!([with(9), with(8)], [(9, true), (8, false)], "9 to 1 has p 0.021, 8 to 2 0.109");
    // Exact binomial power: 58 at 70 to 30, 36 at 75 to 25.
    assert_eq!([0.7, 0.25].map(BlindResult::votes_needed), [Some(55), Some(34)]);
    assert_eq!(BlindResult::votes_needed(0.5), None);
}
