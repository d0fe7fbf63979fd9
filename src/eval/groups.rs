//! Several answers to one request, put into groups of equal ones, and where they disagree.

use std::{collections::HashMap, fmt};

use serde_json::Value;

use crate::{
    eval::json_diff::canonical,
    model::{Outcome, Rule, RunEnd, Status},
};

/// Bytes of the paths of fields that are listed.
const POINTERS: usize = 1 << 20;

/// One of several answers to the same request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample<'a> {
    /// JSON in the form that was asked for. Equal whatever the order of keys and the spelling of numbers.
    Json(&'a Value),
    /// Text where text was asked for. Equal when trimmed, with each run of white space taken for one
    /// space; letters, their case and their accents' encoding all count.
    Text(&'a str),
    /// A whole answer without the form that was asked for.
    Invalid,
    /// No whole answer.
    Failed,
    /// No answer yet.
    Absent,
}

impl<'a> Sample<'a> {
    /// Reads the end of a run: JSON where JSON was asked for and came.
    #[must_use]
    pub fn of(outcome: &'a Outcome) -> Self {
        if outcome.end != RunEnd::Done {
            return Self::Failed;
        }
        let malformed = |rule: &Rule| matches!(rule, Rule::Format | Rule::Schema);
        let mut verdicts = outcome.quality.iter().flat_map(|quality| &quality.verdicts);
        if verdicts.any(|verdict| verdict.status == Status::Failed && malformed(&verdict.rule)) {
            return Self::Invalid;
        }
        outcome.json.as_deref().map_or(Self::Text(&outcome.text), Self::Json)
    }
}

/// Equal answers, by their places among the samples; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerGroup {
    /// Their places, in order.
    pub members: Vec<usize>,
}

impl AnswerGroup {
    /// Returns the place of the answer that stands for all.
    #[must_use]
    pub fn first(&self) -> usize {
        self.members.first().copied().unwrap_or_default()
    }
}

/// A field of JSON answers that is not the same in all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// Where it is, as a JSON pointer (RFC 6901).
    pub pointer: String,
    /// Its values as JSON, none where it is missing, each with the number of answers that have it,
    /// the most frequent first.
    pub values: Vec<(Option<String>, usize)>,
}

/// What several answers have in common. Written, it is one line: `6× A, 3× B, 1 invalid`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerCounts {
    /// The groups, the largest first; of equally large ones that of the earliest sample.
    pub groups: Vec<AnswerGroup>,
    /// The places of the answers without the form that was asked for.
    pub invalid: Vec<usize>,
    /// The places of the runs without a whole answer.
    pub failed: Vec<usize>,
    /// The fields the JSON answers disagree in, the most split first; of those with long paths the first few.
    pub split: Vec<Split>,
}

impl AnswerCounts {
    /// Puts samples into groups.
    #[must_use]
    pub fn of(samples: &[Sample<'_>]) -> Self {
        let mut found = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut json = Vec::new();
        for (at, sample) in samples.iter().enumerate() {
            let key = match sample {
                Sample::Json(value) => {
                    json.push(*value);
                    canonical(value)
                }
                Sample::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
                Sample::Invalid => {
                    found.invalid.push(at);
                    continue;
                }
                Sample::Failed => {
                    found.failed.push(at);
                    continue;
                }
                Sample::Absent => continue,
            };
            let place = *places.entry(key).or_insert(found.groups.len());
            match found.groups.get_mut(place) {
                Some(group) => group.members.push(at),
                None => found.groups.push(AnswerGroup { members: vec![at] }),
            }
        }
        // Stable, so that groups of one size stay in the order of their first samples.
        found.groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
        if found.groups.len() > 1 {
            found.split = split(&json);
        }
        found
    }

    /// Returns the place of a sample's group among the groups, if it is in one.
    #[must_use]
    pub fn group_of(&self, sample: usize) -> Option<usize> {
        self.groups.iter().position(|group| group.members.contains(&sample))
    }

    /// Tells whether nothing has been put into groups yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.invalid.is_empty() && self.failed.is_empty()
    }

    /// Tells whether all samples gave whole answers of the right form, and all the same.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.groups.len() <= 1 && self.invalid.is_empty() && self.failed.is_empty()
    }
}

/// Names a group by its place: `A`, `B`, … `Z`, `AA`, `AB`, ….
#[must_use]
pub fn letter(at: usize) -> String {
    let last = char::from(b'A' + (at % 26) as u8);
    if at < 26 { last.to_string() } else { letter(at / 26 - 1) + &last.to_string() }
}

impl fmt::Display for AnswerCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(
            self.groups.iter().enumerate().map(|(at, group)| format!("{}× {}", group.members.len(), letter(at))),
        );
        let apart = [(self.invalid.len(), "invalid"), (self.failed.len(), "failed")];
        parts.extend(apart.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        f.write_str(&parts.join(", "))
    }
}

/// Where a value lies: the place that it is inside of, and its name there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step<'a> {
    Member(&'a str),
    Element(usize),
}

/// Values, none for a place that is missing, with how many answers have each.
type Counts = Vec<(Option<String>, usize)>;

/// The places of answers by what they are inside of, as a path that were copied to each could be long.
#[derive(Debug, Default)]
struct Paths<'a> {
    numbers: HashMap<(usize, Step<'a>), usize>,
    /// What each place is inside of; the first is the whole answer.
    steps: Vec<Option<(usize, Step<'a>)>>,
    /// The places that hold values with nothing inside, in order, with those values and how many answers have each.
    found: Vec<(usize, Counts)>,
    /// The place of each among them.
    places: HashMap<usize, usize>,
}

impl<'a> Paths<'a> {
    /// Walks through everything in an answer that has nothing inside.
    fn take(&mut self, value: &'a Value, at: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    let inside = self.inside(at, Step::Member(name));
                    self.take(value, inside);
                }
            }
            Value::Array(elements) if !elements.is_empty() => {
                for (place, value) in elements.iter().enumerate() {
                    let inside = self.inside(at, Step::Element(place));
                    self.take(value, inside);
                }
            }
            _ => self.count(at, canonical(value)),
        }
    }

    fn inside(&mut self, at: usize, step: Step<'a>) -> usize {
        let next = self.steps.len();
        let number = *self.numbers.entry((at, step)).or_insert(next);
        if number == next {
            self.steps.push(Some((at, step)));
        }
        number
    }

    fn count(&mut self, at: usize, value: String) {
        let place = *self.places.entry(at).or_insert(self.found.len());
        if place == self.found.len() {
            self.found.push((at, Vec::new()));
        }
        let Some((_, counts)) = self.found.get_mut(place) else { return };
        match counts.iter_mut().find(|(known, _)| known.as_ref() == Some(&value)) {
            Some((_, count)) => *count += 1,
            None => counts.push((Some(value), 1)),
        }
    }

    /// Writes a place as a JSON pointer.
    fn pointer(&self, mut at: usize) -> String {
        let mut steps = Vec::new();
        while let Some(Some((outside, step))) = self.steps.get(at) {
            steps.push(*step);
            at = *outside;
        }
        steps.into_iter().rev().fold(String::new(), |mut pointer, step| {
            pointer.push('/');
            match step {
                Step::Member(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Element(place) => pointer.push_str(&place.to_string()),
            }
            pointer
        })
    }
}

fn split(answers: &[&Value]) -> Vec<Split> {
    let mut paths = Paths { steps: vec![None], ..Paths::default() };
    for answer in answers {
        paths.take(answer, 0);
    }
    let mut split: Vec<(usize, Counts)> = Vec::new();
    for (at, mut values) in std::mem::take(&mut paths.found) {
        let there: usize = values.iter().map(|(_, count)| count).sum();
        if there < answers.len() {
            values.push((None, answers.len() - there));
        }
        if values.len() > 1 {
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            split.push((at, values));
        }
    }
    // The fewer agree on the most frequent value, the more a field is split.
    split.sort_by_key(|(_, values)| values.first().map(|(_, count)| *count));
    let mut bytes = 0;
    let fields = split.into_iter().map(|(at, values)| Split { pointer: paths.pointer(at), values });
    let listed = fields.take_while(|field| {
        let fits = bytes < POINTERS;
        bytes += field.pointer.len();
        fits
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_equal_whatever_the_order_of_its_keys_and_the_spelling_of_its_numbers() {
        let answers: Vec<Value> = [
            r#"{"label": "late", "score": 1}"#,
            r#"{"score": 1.0, "label": "late"}"#,
            r#"{"label": "lost", "score": 0.5}"#,
            r#"{"label": "late", "score": 1e0}"#,
            r#"{"label": "late", "score": [1, 2]}"#,
            r#"{"label": "late", "score": [2, 1]}"#,
        ]
        .map(|text| serde_json::from_str(text).unwrap())
        .into();
        let mut samples: Vec<Sample<'_>> = answers.iter().map(Sample::Json).collect();
        samples.insert(1, Sample::Invalid);
        samples.extend([Sample::Failed, Sample::Absent]);
        let groups = AnswerCounts::of(&samples);
        assert_eq!(groups.to_string(), "3× A, 1× B, 1× C, 1× D, 1 invalid, 1 failed");
        assert_eq!(groups.groups[0].members, [0, 2, 4]);
        assert_eq!((groups.group_of(4), groups.group_of(3), groups.group_of(1)), (Some(0), Some(1), None));
        assert!(!groups.agree());
    }

    #[test]
    fn text_is_equal_whatever_its_white_space() {
        let samples = ["Late again.", " Late\n\nagain.\n", "late again.", "Late again."].map(Sample::Text);
        assert_eq!(AnswerCounts::of(&samples).to_string(), "3× A, 1× B");
        let same = AnswerCounts::of(&["yes", "yes"].map(Sample::Text));
        assert_eq!((same.to_string().as_str(), same.agree()), ("2× A", true));
        assert_eq!(AnswerCounts::of(&[]).to_string(), "");
    }

    #[test]
    fn fields_that_differ_are_listed_with_their_values_the_most_split_first() {
        let answers = [
            json!({"label": "late", "who": {"name": "Ada"}, "score": 0.9, "tags": ["a"]}),
            json!({"label": "late", "who": {"name": "Ada"}, "score": 0.8, "tags": ["a", "b"]}),
            json!({"label": "lost", "who": {"name": "Ada"}, "score": 0.7, "tags": ["a"]}),
            json!({"label": "late", "who": {"name": "Ada"}, "score": 0.90}),
        ];
        let samples: Vec<Sample<'_>> = answers.iter().map(Sample::Json).collect();
        let shown: Vec<String> = AnswerCounts::of(&samples)
            .split
            .iter()
            .map(|field| {
                let values =
                    field.values.iter().map(|(value, count)| format!("{count}× {}", value.as_deref().unwrap_or("–")));
                format!("{} {}", field.pointer, values.collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "/score 2× 0.9 1× 0.8 1× 0.7",
                "/label 3× \"late\" 1× \"lost\"",
                "/tags/0 3× \"a\" 1× –",
                "/tags/1 3× – 1× \"b\"",
            ]
        );
        assert!(AnswerCounts::of(&samples[..1]).split.is_empty());
    }

    #[test]
    fn a_long_name_is_not_copied_to_every_field_inside_it() {
        let answer = |from: u32| json!({"n".repeat(300_000): (from..from + 5000).collect::<Vec<_>>()});
        let (one, other) = (answer(0), answer(1));
        let groups = AnswerCounts::of(&[Sample::Json(&one), Sample::Json(&other)]);
        assert_eq!(groups.groups.len(), 2);
        let lengths: Vec<usize> = groups.split.iter().map(|field| field.pointer.len()).collect();
        assert_eq!(lengths, [300_003; 4], "the first few");
    }

    #[test]
    fn groups_beyond_the_alphabet_have_names_too() {
        assert_eq!([0, 25, 26, 27, 51, 52].map(letter), ["A", "Z", "AA", "AB", "AZ", "BA"]);
    }
}
