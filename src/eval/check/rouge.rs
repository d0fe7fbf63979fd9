//! ROUGE-1: how many of the words of a reference the answer has, and how many of its words those are.
//!
//! Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, with counts clipped; the score
//! is the mean of recall and precision (F1) over words in lower case, as promptfoo's `rouge-n` has it.

use std::collections::HashMap;

use super::{Fact, Found, seen::Seen, tokens::tokens, written::Written};
use crate::eval::{
    budget::RULE_STEPS,
    figures::thousands,
    rule::{BadRule, apart},
};

/// The least score where no threshold is set, as promptfoo has it.
pub(in crate::eval) const USUAL: f64 = 0.75;

/// Steps of cutting a byte into words.
const STEPS: u64 = 40;

/// The words of a reference and the least score.
#[derive(Debug)]
pub(super) struct Reference {
    words: HashMap<String, usize>,
    count: usize,
    least: f64,
}

impl Reference {
    pub(super) fn new(written: &Written<'_>) -> Result<Self, BadRule> {
        let least = written.threshold("a score from 0 to 1", 1.0, Some(USUAL))?;
        let text = written.part()?;
        if text.len() as u64 > RULE_STEPS / STEPS {
            let expected = format!("a text of at most {} bytes", thousands(RULE_STEPS / STEPS));
            return Err(written.bad("value", expected, format!("one of {}", thousands(text.len() as u64))));
        }
        let (words, count) = counted(&text);
        if count == 0 {
            return Err(written.bad("value", "a text with a word in it", "blanks alone"));
        }
        Ok(Self { words, count, least })
    }

    pub(super) fn apply(&self, seen: &Seen<'_>) -> Found {
        seen.spend(STEPS, "counting the words of")?;
        let score = self.score(seen.text);
        let holds = score >= self.least;
        let (shown, least) = apart(score, self.least, 2);
        let said = format!("ROUGE-1 {shown} {} threshold {least}", if holds { "≥" } else { "<" });
        Ok(Fact { score: Some(score), credit: Some(score), ..Fact::new(holds, said) })
    }

    fn score(&self, text: &str) -> f64 {
        let (words, count) = counted(text);
        let common: usize =
            words.iter().map(|(word, count)| self.words.get(word).map_or(0, |wanted| *count.min(wanted))).sum();
        if common == 0 {
            return 0.0;
        }
        let (precision, recall) = (common as f64 / count as f64, common as f64 / self.count as f64);
        2.0 * precision * recall / (precision + recall)
    }
}

fn counted(text: &str) -> (HashMap<String, usize>, usize) {
    let words = tokens(&text.to_lowercase());
    let count = words.len();
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    (counts, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is worked out by hand in many places (six words in common; recall 6/6, precision
    /// 6/7), those of the police are Lin's own example (three of four words); the others are those of
    /// promptfoo 0.123.1, counted with js-rouge 3.2.3.
    #[test]
    fn scores_are_those_of_the_reference() {
        for (answer, reference, want) in [
            ("the cat was found under the bed", "the cat was under the bed", 12.0 / 13.0),
            ("police kill the gunman", "police killed the gunman", 0.75),
            ("the gunman kill police", "police killed the gunman", 0.75),
            ("hello world", "hello world", 1.0),
            ("Hello, World!", "hello world", 0.666_666_666_666_666_6),
            ("I don't think it's gonna rain.", "I do not think it is going to rain", 0.526_315_789_473_684_2),
            (
                "Mr. Smith's parcel cost $1,000.50 (incl. VAT).",
                "The parcel of Mr. Smith cost $1,000.50",
                0.600_000_000_000_000_1,
            ),
            ("He said \"no way\" twice...", "He said \"no way\" once", 0.8),
            ("nothing alike", "quite different words", 0.0),
            ("Der Zug fährt um 9:30 Uhr ab.", "Der Zug fährt um 9:30 Uhr", 0.857_142_857_142_857_1),
            ("the the the the", "the cat", 0.333_333_333_333_333_3),
            (
                "You cannot do that; they'll see, we've been there -- 'tis so",
                "you can not do that they will see we have been there it is so",
                0.727_272_727_272_727_3,
            ),
            ("", "a", 0.0),
        ] {
            let (words, count) = counted(reference);
            let score = Reference { words, count, least: 0.75 }.score(answer);
            assert!((score - want).abs() < 1e-12, "{answer:?} {reference:?}: {score} and not {want}");
        }
    }
}
