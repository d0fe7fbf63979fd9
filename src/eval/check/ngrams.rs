//! BLEU and GLEU: how many runs of one to four words an answer shares with references.

use std::collections::HashMap;

use crate::{
    eval::{
        check::{
            CheckResult, Finding,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, PassingSide, Unit},
        },
        reason::apart,
    },
    text::{budget::RULE_STEPS, format::thousands},
};

/// The score where no threshold is set, as promptfoo has it.
const USUAL: f64 = 0.5;

/// Words of the longest run.
const LONGEST: usize = 4;

/// Steps of cutting a byte into words and counting the runs it is in.
const STEPS: u64 = 60;

/// What counts in the place of a precision of nothing, so that the others still tell apart.
const NOTHING: f64 = 1e-7;

pub(crate) const BLEU: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Rubric("text", "a reference, or a JSON list; {{ expected }}")),
        CheckField::Threshold,
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, Some(USUAL)),
    compile: |source| References::compile(source, Score::Bleu),
    imported: ImportedValue::TextOrJson,
    export: Export::Same,
};

pub(crate) const GLEU: CheckSpec = CheckSpec { compile: |source| References::compile(source, Score::Gleu), ..BLEU };

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Score {
    Bleu,
    Gleu,
}

/// The words of each reference, and the least score.
#[derive(Debug)]
struct References {
    score: Score,
    texts: Vec<Vec<String>>,
    bytes: u64,
    least: f64,
}

impl References {
    fn compile(source: &CheckSource<'_>, score: Score) -> Compiled {
        let least = source.threshold("a score from 0 to 1", 1.0, Some(USUAL))?;
        let texts = match &source.check.value {
            Some(serde_json::Value::Array(_)) => source.parts()?,
            _ => vec![source.part()?],
        };
        let bytes: u64 = texts.iter().map(|text| text.len() as u64).sum();
        if bytes > RULE_STEPS / STEPS {
            let expected = format!("texts of at most {} bytes", thousands(RULE_STEPS / STEPS));
            return Err(source.bad("value", expected, format!("some of {}", thousands(bytes))));
        }
        let texts: Vec<Vec<String>> = texts.iter().map(|text| score.words(text)).collect();
        if texts.iter().any(Vec::is_empty) {
            return Err(source.bad("value", "a text with a word in it", "blanks alone"));
        }
        Ok(Box::new(Self { score, texts, bytes, least }))
    }
}

impl CheckTest for References {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        seen.spend(STEPS.saturating_mul(1 + self.texts.len() as u64), "counting the words of")?;
        let of_references =
            seen.budget.spend(self.bytes.saturating_mul(STEPS), || "counting the words of the references".to_owned());
        of_references.map_err(|much| much.to_string())?;
        let score = self.score.of(&self.score.words(seen.text), &self.texts);
        let holds = score >= self.least;
        let (shown, least) = apart(score, self.least, 2);
        let words = format!("{} {shown} {} threshold {least}", self.score.name(), if holds { "≥" } else { "<" });
        Ok(Finding { score: Some(score), credit: Some(score), ..Finding::new(holds, words) })
    }
}

impl Score {
    fn name(self) -> &'static str {
        match self {
            Self::Bleu => "BLEU",
            Self::Gleu => "GLEU",
        }
    }

    /// Cuts a text at its white space, as promptfoo does: full stops at the end of a word count for BLEU alone.
    fn words(self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let words = lower.split_whitespace();
        match self {
            Self::Bleu => words.map(str::to_owned).collect(),
            Self::Gleu => words.map(|word| word.trim_end_matches('.').to_owned()).collect(),
        }
    }

    fn of(self, words: &[String], references: &[Vec<String>]) -> f64 {
        match self {
            Self::Bleu => bleu(words, references),
            Self::Gleu => references.iter().map(|reference| gleu(words, reference)).fold(0.0, f64::max),
        }
    }
}

/// Counts the runs of so many words.
fn runs(words: &[String], length: usize) -> HashMap<&[String], usize> {
    let mut counts = HashMap::new();
    for run in words.windows(length) {
        *counts.entry(run).or_insert(0) += 1;
    }
    counts
}

/// Papineni and others, "BLEU: a method for automatic evaluation of machine translation" (ACL 2002): the geometric mean of
/// the modified precisions, with the brevity penalty `exp(1 - r/c)`. A precision of nothing is [`NOTHING`].
fn bleu(words: &[String], references: &[Vec<String>]) -> f64 {
    if words.is_empty() {
        return 0.0;
    }
    let precision = |length: usize| {
        let mut most: HashMap<&[String], usize> = HashMap::new();
        for reference in references {
            for (run, count) in runs(reference, length) {
                let known = most.entry(run).or_insert(0);
                *known = count.max(*known);
            }
        }
        let clipped: usize =
            runs(words, length).iter().map(|(run, count)| most.get(run).map_or(0, |most| *count.min(most))).sum();
        let all = words.len().saturating_sub(length - 1);
        if clipped == 0 { NOTHING } else { clipped as f64 / all as f64 }
    };
    let mean = (1..=LONGEST).map(|length| precision(length).ln()).sum::<f64>() / LONGEST as f64;
    let candidate = words.len();
    let nearest =
        references.iter().map(Vec::len).min_by_key(|length| (length.abs_diff(candidate), *length)).unwrap_or(0);
    let brevity = if candidate > nearest { 0.0 } else { 1.0 - nearest as f64 / candidate as f64 };
    (mean + brevity).exp()
}

/// Wu and others, "Google's neural machine translation system" (2016): the smaller of precision and recall over all runs.
fn gleu(words: &[String], reference: &[String]) -> f64 {
    let (mut common, mut of_answer, mut of_reference) = (0_usize, 0_usize, 0_usize);
    for length in 1..=LONGEST {
        let wanted = runs(reference, length);
        common += runs(words, length)
            .iter()
            .map(|(run, count)| wanted.get(run).map_or(0, |most| *count.min(most)))
            .sum::<usize>();
        of_answer += words.len().saturating_sub(length - 1);
        of_reference += reference.len().saturating_sub(length - 1);
    }
    common as f64 / of_answer.max(of_reference).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCES: [&str; 3] = [
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the command of the Party",
        "It is the practical guide for the army always to heed the directions of the party",
    ];
    const FIRST: &str =
        "It is a guide to action which ensures that the military always obeys the commands of the party";
    const SECOND: &str = "It is to insure the troops forever hearing the activity guidebook that party direct";

    /// The texts are those of the papers; the figures are those of NLTK 3.9 (`sentence_bleu`, `sentence_gleu`) on the words in
    /// lower case.
    #[test]
    fn scores_are_those_of_the_references() {
        let cat = "the cat is on the mat";
        for (score, answer, references, want) in [
            (Score::Bleu, FIRST, &REFERENCES[..], 0.504_566_684_005_848_5),
            (Score::Bleu, FIRST, &REFERENCES[..1], 0.420_859_806_952_409_1),
            (Score::Bleu, "it is a guide to action which ensures", &REFERENCES[..], 0.268_960_502_202_040_15),
            (Score::Bleu, "the cat is on the", &[cat], 0.818_730_753_077_981_9),
            (Score::Bleu, cat, &[cat], 1.0),
            (Score::Bleu, "", &[cat], 0.0),
            (Score::Gleu, FIRST, &REFERENCES[..1], 0.454_545_454_545_454_53),
            (Score::Gleu, FIRST, &REFERENCES[1..2], 0.227_272_727_272_727_27),
            (Score::Gleu, SECOND, &REFERENCES[..], 0.137_931_034_482_758_62),
            (Score::Gleu, "the the the the the the the", &[cat], 0.090_909_090_909_090_91),
            (Score::Gleu, "The cat is on the mat.", &[cat], 1.0),
            (Score::Gleu, " ", &[cat], 0.0),
        ] {
            let references: Vec<Vec<String>> = references.iter().map(|text| score.words(text)).collect();
            let found = score.of(&score.words(answer), &references);
            assert!((found - want).abs() < 1e-12, "{} of {answer:?}: {found} and not {want}", score.name());
        }
        // Nothing in common is next to nothing, and no error.
        let nothing = Score::Bleu.of(&Score::Bleu.words("a b"), &[Score::Bleu.words("c d e")]);
        assert!(nothing > 0.0 && nothing < 1e-6, "{nothing}");
    }
}
