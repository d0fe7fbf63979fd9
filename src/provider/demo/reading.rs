//! What can be read out of a text without understanding it: words, sentences, names, numbers, tone.

use std::collections::BTreeMap;

/// A text and its words.
pub(super) struct Reading<'a> {
    text: &'a str,
    words: Vec<String>,
}

/// Words that carry no topic.
const EMPTY: &[&str] = &[
    "about", "after", "again", "also", "and", "any", "are", "because", "been", "before", "but", "can", "could", "did",
    "does", "dont", "for", "from", "had", "has", "have", "hello", "her", "him", "his", "how", "into", "its", "just",
    "last", "like", "more", "most", "much", "not", "now", "our", "out", "over", "please", "she", "should", "some",
    "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "three",
    "times", "too", "two", "until", "very", "want", "was", "were", "what", "when", "where", "which", "while", "who",
    "will", "with", "would", "you", "your",
];

const GLAD: &[&str] = &[
    "amazing",
    "early",
    "enjoy",
    "excellent",
    "fast",
    "friendly",
    "glad",
    "good",
    "great",
    "happy",
    "helpful",
    "kind",
    "love",
    "lovely",
    "nice",
    "perfect",
    "pleased",
    "quick",
    "recommend",
    "super",
    "thank",
    "thanks",
    "well",
    "wonderful",
];

const UNHAPPY: &[&str] = &[
    "angry",
    "annoyed",
    "awful",
    "bad",
    "broken",
    "cancel",
    "complain",
    "crash",
    "crashes",
    "damaged",
    "delay",
    "disappointed",
    "error",
    "fail",
    "failed",
    "hate",
    "late",
    "lost",
    "missing",
    "never",
    "nobody",
    "poor",
    "refund",
    "rude",
    "slow",
    "terrible",
    "unhappy",
    "worst",
    "wrong",
];

impl<'a> Reading<'a> {
    /// Reads a text.
    pub(super) fn of(text: &'a str) -> Self {
        let words = text
            .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
            .filter(|word| !word.is_empty())
            .map(|word| word.replace(['\'', '’'], "").to_lowercase())
            .collect();
        Self { text, words }
    }

    /// The words, in lower case, in order.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// A number that is the same for the same text and purpose (FNV-1a, 64 bits).
    pub(super) fn hash(&self, purpose: &str) -> u64 {
        purpose
            .bytes()
            .chain([0])
            .chain(self.text.bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// Above zero for a glad text, below for an unhappy one.
    pub(super) fn tone(&self) -> i32 {
        let count = |list: &[&str]| self.words.iter().filter(|word| list.contains(&word.as_str())).count();
        i32::try_from(count(GLAD)).unwrap_or(i32::MAX) - i32::try_from(count(UNHAPPY)).unwrap_or(i32::MAX)
    }

    /// Tells whether a question is asked.
    pub(super) fn asks(&self) -> bool {
        self.text.contains('?')
    }

    /// The words that carry the topic, the weightiest first: often used, then long, then early.
    pub(super) fn topics(&self) -> Vec<&str> {
        let mut weights: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (place, word) in self.words.iter().enumerate() {
            let plain = word.chars().all(char::is_alphabetic) && word.chars().count() > 2;
            if plain && !EMPTY.contains(&word.as_str()) {
                weights.entry(word).or_insert((0, place)).0 += 1;
            }
        }
        let mut topics: Vec<(&str, (usize, usize))> = weights.into_iter().collect();
        topics.sort_by_key(|(word, (count, place))| {
            (std::cmp::Reverse(count * 4 + word.chars().count().min(12)), *place)
        });
        topics.into_iter().map(|(word, _)| word).collect()
    }

    /// The sentences, trimmed, without headings that end in a colon.
    pub(super) fn sentences(&self) -> Vec<&'a str> {
        let mut sentences = Vec::new();
        for line in self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.ends_with(':')) {
            let mut rest = line;
            while let Some(end) = sentence_end(rest) {
                let (sentence, after) = rest.split_at(end);
                sentences.push(sentence.trim());
                rest = after.trim_start();
            }
            if !rest.is_empty() {
                sentences.push(rest);
            }
        }
        sentences
    }

    /// The sentences that hold the most topics, at most so many, in their own order.
    pub(super) fn gist(&self, count: usize) -> Vec<&'a str> {
        let sentences = self.sentences();
        let topics = self.topics();
        let weight = |sentence: &str| {
            let words = Reading::of(sentence).words;
            topics.iter().take(12).filter(|topic| words.iter().any(|word| word == *topic)).count()
        };
        let mut ranked: Vec<usize> = (0..sentences.len()).collect();
        ranked.sort_by_key(|place| std::cmp::Reverse(sentences.get(*place).map_or(0, |sentence| weight(sentence))));
        ranked.truncate(count);
        ranked.sort_unstable();
        ranked.into_iter().filter_map(|place| sentences.get(place).copied()).collect()
    }

    /// The first piece between blanks that `wanted` takes, without punctuation around it.
    pub(super) fn piece(&self, wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.pieces().find(|piece| wanted(piece))
    }

    /// The first number.
    pub(super) fn number(&self) -> Option<f64> {
        self.pieces()
            .find_map(|piece| piece.trim_start_matches(['$', '€', '£']).parse().ok().filter(|n: &f64| n.is_finite()))
    }

    /// The first run of capitalised words that does not open a sentence alone.
    pub(super) fn name(&self) -> Option<String> {
        self.runs(|piece| {
            piece.chars().next().is_some_and(char::is_uppercase) && piece.chars().all(char::is_alphabetic)
        })
        .into_iter()
        .find(|run| run.len() > 1 && run.iter().all(|word| !is_empty_word(word)))
        .map(|run| run.join(" "))
    }

    /// The last capitalised word or run of words that opens no sentence: a place, more often than not.
    pub(super) fn proper(&self) -> Option<String> {
        let openings: Vec<&str> =
            self.sentences().iter().filter_map(|sentence| sentence.split_whitespace().next()).collect();
        self.runs(|piece| {
            piece.chars().next().is_some_and(char::is_uppercase) && piece.chars().all(char::is_alphabetic)
        })
        .into_iter()
        .rev()
        .find(|run| run.first().is_some_and(|first| !openings.contains(first)))
        .map(|run| run.join(" "))
    }

    /// The first street address: a number with the capitalised words after it, or before it.
    pub(super) fn address(&self) -> Option<String> {
        let is_number = |piece: &str| !piece.is_empty() && piece.chars().all(|c| c.is_ascii_digit());
        let capital = |piece: &str| piece.chars().next().is_some_and(char::is_uppercase);
        self.runs(|piece| is_number(piece) || capital(piece))
            .into_iter()
            .find(|run| {
                run.len() > 1 && run.iter().any(|piece| is_number(piece)) && run.iter().any(|piece| capital(piece))
            })
            .map(|run| run.join(" "))
    }

    fn pieces(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let edge = |c: char| !(c.is_alphanumeric() || matches!(c, '$' | '€' | '£' | '%'));
        self.text.split_whitespace().map(move |piece| piece.trim_matches(edge)).filter(|piece| !piece.is_empty())
    }

    fn runs(&self, belongs: impl Fn(&str) -> bool) -> Vec<Vec<&'a str>> {
        let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
        for written in self.text.split_whitespace() {
            let piece = written.trim_matches(|c: char| !c.is_alphanumeric());
            if belongs(piece)
                && let Some(run) = runs.last_mut()
            {
                run.push(piece);
            }
            if !belongs(piece) || written.ends_with(['.', ',', ';', '!', '?', ':']) {
                runs.push(Vec::new());
            }
        }
        runs
    }
}

fn is_empty_word(word: &str) -> bool {
    EMPTY.contains(&word.to_lowercase().as_str())
}

/// Where the first sentence ends: after a stop that a blank follows.
fn sentence_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let blank_follows = chars.peek().is_some_and(|(_, next)| next.is_whitespace());
        if matches!(c, '.' | '!' | '?') && blank_follows {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Hello, this is Maria Lindqvist. Order A-20417 cost 19.90 euros. Please send it to \
                           14 Harbour Lane, and write to m.l@example.com!";

    #[test]
    fn facts_are_copied_out_of_a_message() {
        let reading = Reading::of(MESSAGE);
        assert_eq!(reading.name().as_deref(), Some("Maria Lindqvist"));
        assert_eq!(reading.address().as_deref(), Some("14 Harbour Lane"));
        assert_eq!(reading.piece(|piece| piece.contains('@')), Some("m.l@example.com"));
        assert_eq!(reading.number(), Some(19.9));
        assert_eq!(Reading::of("Call Jonas Weber back, Berlin").proper().as_deref(), Some("Berlin"));
        assert_eq!(reading.sentences().len(), 3);
    }

    #[test]
    fn tone_follows_the_words() {
        assert!(Reading::of("Thank you, it came early and works well.").tone() > 0);
        assert!(Reading::of("It never came and I'm disappointed.").tone() < 0);
        assert_eq!(Reading::of("Where is the manual?").tone(), 0);
    }

    #[test]
    fn the_gist_keeps_the_order_and_nothing_is_made_up() {
        let gist = Reading::of(MESSAGE).gist(2);
        assert_eq!(gist.len(), 2);
        assert!(gist.iter().all(|sentence| MESSAGE.contains(sentence)));
        assert_eq!(Reading::of("").gist(2), [""; 0]);
    }
}
