//! A blind comparison as it reads: who is preferred, how sure that is, whether the side counted, and whether judges agree.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    eval::{
        BlindComparison, BlindResult,
        blind::{BlindChoice, BlindContender, JudgePreference},
        evidence::FEWEST,
        stats::{NotConnected, sign_test},
    },
    model::{BatchId, RunId},
    present::{evidence::chance, quality_report::coefficient},
    text::format::{counted, hundredths, whole_percent},
};

/// The heads of the table of contenders.
pub const HEADING: [&str; 6] = ["CONTENDER", "WON", "LOST", "TIED", "STRENGTH", "PREFERRED TO THE NEXT"];

/// A vote as it is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlindRecord {
    /// The row's number in its data set.
    pub row: u64,
    /// Who stood on the left.
    pub left: String,
    /// Who stood on the right.
    pub right: String,
    /// `left`, `right`, `tie`, `bad` (neither will do) or `skip`.
    #[cfg_attr(test, schemars(with = "String"))]
    pub choice: BlindChoice,
    /// Who was preferred; null for a tie or a pair that was skipped.
    pub preferred: Option<String>,
    /// Whether the pair had been shown before, the other way round.
    pub again: bool,
    pub left_run: RunId,
    pub right_run: RunId,
    /// When it was given.
    pub at: String,
}

impl BlindRecord {
    /// The heads of the columns of a sheet.
    pub const HEADS: [&str; 9] =
        ["row", "left", "right", "choice", "preferred", "again", "left_run", "right_run", "at"];

    /// Lists the votes of a comparison on runs that are there still, in the order in which they were given.
    #[must_use]
    pub fn all(comparison: &BlindComparison) -> Vec<Self> {
        let answer = |run| comparison.answers.iter().find(|answer| answer.run == run);
        let mut before: Vec<(RunId, RunId)> = Vec::new();
        let record = |vote: &crate::eval::blind::BlindVote| {
            let (left, right) = (answer(vote.left)?, answer(vote.right)?);
            let again = before.contains(&(vote.right, vote.left));
            before.push((vote.left, vote.right));
            let label = |at: usize| comparison.contenders.get(at).map(|one| one.label.clone()).unwrap_or_default();
            let (left_label, right_label) = (label(left.contender), label(right.contender));
            let preferred = match vote.choice {
                BlindChoice::Left => Some(left_label.clone()),
                BlindChoice::Right => Some(right_label.clone()),
                BlindChoice::Tie | BlindChoice::Bad | BlindChoice::Skip => None,
            };
            Some(Self {
                row: left.row,
                left: left_label,
                right: right_label,
                choice: vote.choice,
                preferred,
                again,
                left_run: vote.left,
                right_run: vote.right,
                at: vote.at.to_string(),
            })
        };
        comparison.votes.iter().filter_map(record).collect()
    }

    /// Returns its cells, one for each head.
    #[must_use]
    pub fn cells(&self) -> [String; 9] {
        [
            self.row.to_string(),
            self.left.clone(),
            self.right.clone(),
            self.choice.name().to_owned(),
            self.preferred.clone().unwrap_or_default(),
            self.again.to_string(),
            self.left_run.to_string(),
            self.right_run.to_string(),
            self.at.clone(),
        ]
    }
}

/// What a blind comparison comes to, as a line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlindSummary {
    pub batches: Vec<BatchId>,
    pub seed: u64,
    /// Pairs that a vote was given on, ties among them.
    pub votes: u64,
    pub ties: u64,
    /// Those of the ties where neither will do.
    pub bad: u64,
    pub skipped: u64,
    /// Pairs of the same answer, which count as ties.
    pub alike: u64,
    /// The strongest first; in the order of the batch where the votes tell no strengths.
    pub contenders: Vec<BlindStanding>,
    /// What the votes say, in sentences.
    pub says: Vec<String>,
}

/// How a contender stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlindStanding {
    pub name: String,
    pub won: u64,
    pub lost: u64,
    pub tied: u64,
    /// Its strength by Bradley and Terry, all of which sum up to 1; null where the votes tell none.
    pub strength: Option<f64>,
    /// The share of decided votes that it is expected to win against the next one, with its 95 % interval; null of the last.
    pub against_next: Option<[f64; 3]>,
}

impl BlindSummary {
    #[must_use]
    pub fn of(comparison: &BlindComparison, result: &BlindResult) -> Self {
        let order = order(result);
        let standing = |(at, contender): (usize, &usize)| {
            let votes = result.contenders.get(*contender).copied().unwrap_or_default();
            let strengths = result.strengths.as_ref().ok();
            let next = order.get(at + 1).and_then(|next| strengths?.advantage(*contender, *next));
            BlindStanding {
                name: label(&comparison.contenders, *contender),
                won: votes.won,
                lost: votes.lost,
                tied: votes.tied,
                strength: strengths.and_then(|found| found.worth.get(*contender).copied()),
                against_next: next.map(|advantage| {
                    let (share, interval) = advantage.share();
                    [share, interval.low, interval.high]
                }),
            }
        };
        Self {
            batches: comparison.batches.clone(),
            seed: comparison.seed,
            votes: result.votes,
            ties: result.ties,
            bad: result.bad,
            skipped: result.skipped,
            alike: result.alike,
            contenders: order.iter().enumerate().map(standing).collect(),
            says: sentences(comparison, result),
        }
    }

    /// Writes the table of contenders.
    #[must_use]
    pub fn rows(&self) -> Vec<Vec<String>> {
        let row = |one: &BlindStanding| {
            let strength = one.strength.map_or_else(|| "–".to_owned(), |worth| format!("{worth:.2}"));
            let next = one.against_next.map_or_else(String::new, |[share, low, high]| {
                format!("{} ({} to {})", whole_percent(share), hundredths(low, 0), hundredths(high, 0))
            });
            let counts = [one.won, one.lost, one.tied].map(|count| count.to_string());
            let [won, lost, tied] = counts;
            vec![one.name.clone(), won, lost, tied, strength, next]
        };
        self.contenders.iter().map(row).collect()
    }
}

fn label(contenders: &[BlindContender], at: usize) -> String {
    contenders.get(at).map(|contender| contender.label.clone()).unwrap_or_default()
}

/// Lists the contenders, the strongest first where the votes tell that.
fn order(result: &BlindResult) -> Vec<usize> {
    match &result.strengths {
        Ok(strengths) => strengths.order(),
        Err(_) => (0..result.contenders.len()).collect(),
    }
}

/// Says what was voted, without a name.
#[must_use]
pub fn counts(result: &BlindResult) -> String {
    let BlindResult { votes, ties, bad, skipped, alike, .. } = result;
    let mut out = counted(*votes, "vote");
    if *ties > 0 {
        let bad = if *bad > 0 { format!(", {bad} of which neither will do") } else { String::new() };
        let _ = write!(out, ", {} among them{bad}", counted(*ties, "tie"));
    }
    if *alike > 0 {
        let (verb, what) = if *alike == 1 { ("is", "counts as a tie") } else { ("are", "count as ties") };
        let pairs = if *alike == 1 { "pair" } else { "pairs" };
        let _ = write!(out, "; {alike} more {pairs} {verb} the same answer and {what}");
    }
    if *skipped > 0 {
        let _ = write!(out, "; {skipped} skipped");
    }
    out
}

/// Says what the votes show: preferences, sides, judges.
#[must_use]
pub fn sentences(comparison: &BlindComparison, result: &BlindResult) -> Vec<String> {
    let mut says = preferences(comparison, result);
    let (left, right) = result.sides;
    if left + right >= FEWEST {
        let p = chance(sign_test(left, right));
        let again = result.orders.consistent + result.orders.first + result.orders.second;
        let twice = if again == 0 {
            String::new()
        } else {
            format!(
                "; of {} shown again the other way round, {} got the same vote",
                counted(again, "pair"),
                result.orders.consistent
            )
        };
        says.push(format!("the side: the left one was taken in {left} of {} ({p}){twice}", left + right));
    }
    says.extend(result.judges.as_ref().and_then(judges));
    says
}

fn preferences(comparison: &BlindComparison, result: &BlindResult) -> Vec<String> {
    let name = |at: usize| label(&comparison.contenders, at);
    let decided = result.votes - result.ties;
    let strengths = match &result.strengths {
        Ok(strengths) => strengths,
        Err(why) => return vec![not_connected(comparison, result, why)],
    };
    let order = strengths.order();
    let pair = |two: &[usize]| {
        let [one, other] = *two else { return None };
        let advantage = strengths.advantage(one, other)?;
        let (share, interval) = advantage.share();
        let range = format!("{} to {}", hundredths(interval.low, 0), hundredths(interval.high, 0));
        if result.is_shown(one, &advantage) {
            return Some(format!(
                "{} is preferred to {}: in {} of decided votes (95 %: {range})",
                name(one),
                name(other),
                whole_percent(share)
            ));
        }
        let needed = match BlindResult::votes_needed(share).filter(|needed| order.len() == 2 && *needed > decided) {
            Some(needed) => {
                format!("; if it stays so, about {} more would show it", counted(needed - decided, "decided vote"))
            }
            None => String::new(),
        };
        Some(format!(
            "no preference shown between {} and {}: {} of decided votes (95 %: {range}){needed}",
            name(one),
            name(other),
            whole_percent(share)
        ))
    };
    order.windows(2).filter_map(pair).collect()
}

/// Says why there are no strengths. Of two contenders the votes may show a preference all the same.
fn not_connected(comparison: &BlindComparison, result: &BlindResult, why: &NotConnected) -> String {
    if let ([one, other], [first, second]) = (result.contenders.as_slice(), comparison.contenders.as_slice()) {
        let (one, other, first, second) =
            if one.won >= other.won { (one, other, first, second) } else { (other, one, second, first) };
        let p = sign_test(one.won, other.won);
        if one.won + other.won >= FEWEST && p < crate::eval::evidence::LEVEL {
            return format!(
                "{} is preferred to {}: in all {} decided votes ({})",
                first.label,
                second.label,
                one.won,
                chance(p)
            );
        }
        return format!(
            "no preference shown: {} decided votes; {FEWEST} are the fewest that can show one",
            one.won + other.won
        );
    }
    let groups: Vec<String> = why
        .groups
        .iter()
        .map(|group| group.iter().map(|at| label(&comparison.contenders, *at)).collect::<Vec<_>>().join(", "))
        .collect();
    format!("no strengths: the votes do not connect all contenders ({}); vote on", groups.join(" | "))
}

/// Says how far judges prefer the same answers; none where they decided about no pair.
fn judges(of: &JudgePreference) -> Option<String> {
    let table = &of.confusion;
    let agreed = table.agreed()?;
    let alpha = of.alpha().map_or_else(String::new, |alpha| format!(", alpha with ties {alpha:.2}"));
    let coefficients = format!("{}, {}", coefficient("kappa", table.kappa()), coefficient("AC1", table.ac1()));
    let length = match (of.length.longer_share(), of.length.person_share()) {
        (Some((judge, _)), Some((person, _))) => format!(
            "; the longer answer: judges took it in {} of {}, you in {} ({})",
            whole_percent(judge),
            counted(of.length.all(), "pair"),
            whole_percent(person),
            chance(of.length.chance())
        ),
        _ => String::new(),
    };
    Some(format!(
        "judges prefer the same in {} of {} that both decide about, {coefficients}{alpha}{length}",
        whole_percent(agreed),
        counted(table.all(), "pair")
    ))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::eval::{
        BlindPlan,
        blind::{BlindAnswer, BlindVote},
    };

    /// Two contenders over so many rows, the first of which wins so many votes.
    fn comparison(rows: u64, first: u64) -> BlindComparison {
        let run = |row: u64, at: u64| RunId(Uuid::from_u64_pair(row, at));
        let answer = move |row: u64, at: usize| BlindAnswer {
            run: run(row, at as u64),
            row,
            input: (row.cast_signed(), 0),
            contender: at,
            digest: row * 2 + at as u64,
            length: 4,
            judged: Some(at as f64),
        };
        let one = |at: usize, label: &str| BlindContender {
            batch: BatchId(Uuid::nil()),
            prompt: 0,
            target: at as u32,
            label: label.to_owned(),
            names: Vec::new(),
        };
        let vote = move |row: u64| BlindVote {
            left: run(row, 0),
            right: run(row, 1),
            choice: if row <= first { BlindChoice::Left } else { BlindChoice::Right },
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        BlindComparison {
            id: 1,
            seed: 1,
            name: "bugs.csv".to_owned(),
            batches: vec![BatchId(Uuid::nil())],
            contenders: vec![one(0, "haiku"), one(1, "mini")],
            answers: (1..=rows).flat_map(|row| [answer(row, 0), answer(row, 1)]).collect(),
            votes: (1..=rows).map(vote).collect(),
            revealed: None,
        }
    }

    fn says(rows: u64, first: u64) -> Vec<String> {
        let comparison = comparison(rows, first);
        let result = BlindResult::of(&comparison, &BlindPlan::of(&comparison));
        sentences(&comparison, &result)
    }

    #[test]
    fn what_the_votes_show_is_said_and_what_they_do_not() {
        assert_eq!(says(40, 30)[0], "haiku is preferred to mini: in 75% of decided votes (95 %: 59 to 86)");
        assert_eq!(
            says(10, 7)[0],
            "no preference shown between haiku and mini: 70% of decided votes (95 %: 38 to 90); if it stays so, about 45 \
             decided votes more would show it"
        );
        assert_eq!(says(9, 9)[0], "haiku is preferred to mini: in all 9 decided votes (p=0.004)");
        assert_eq!(
            says(4, 4),
            [
                "no preference shown: 4 decided votes; 7 are the fewest that can show one".to_owned(),
                says(4, 4)[1].clone()
            ]
        );
        assert_eq!(
            says(40, 30)[2],
            "judges prefer the same in 25% of 40 pairs that both decide about, kappa 0.00 (0.00 to 0.00), AC1 -0.41 \
             (-0.76 to -0.06), alpha with ties -0.58"
        );
    }

    #[test]
    fn a_vote_is_exported_with_the_names_it_was_given_without() {
        let comparison = comparison(2, 1);
        let records = BlindRecord::all(&comparison);
        assert_eq!(records[1].preferred.as_deref(), Some("mini"));
        assert_eq!(records[0].cells()[..6], ["1", "haiku", "mini", "left", "haiku", "false"]);
    }
}
