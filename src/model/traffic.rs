//! Calls of programs through the endpoint, as it tells whoever watches: those under way, those that are held, and the newest
//! that are over.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{cost::Cost, id::RunId};

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveState {
    /// It waits until somebody lets it go.
    Held,
    Running,
    Over,
}

impl LiveState {
    /// Returns its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Running => "running",
            Self::Over => "over",
        }
    }
}

/// A call of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveCall {
    /// Its number since the endpoint began.
    pub id: u64,
    pub began: Timestamp,
    /// The path that was asked, such as `/v1/chat/completions`.
    pub path: String,
    /// What the path is, in a word: `chat`, `responses`, `messages`.
    pub route: String,
    /// The model as the program named it, if it came that far.
    #[serde(default)]
    pub model: Option<String>,
    /// The target that answered, or was asked last.
    #[serde(default)]
    pub target: Option<String>,
    pub state: LiveState,
    /// The HTTP status, once it is over.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long it took or has taken, in milliseconds.
    pub took: u64,
    /// The run on record.
    #[serde(default)]
    pub run: Option<RunId>,
    #[serde(default)]
    pub cost: Option<Cost>,
    #[serde(default)]
    pub cached: bool,
    /// Attempts made.
    #[serde(default)]
    pub attempts: u32,
    /// How the run came out, in one word.
    #[serde(default)]
    pub outcome: Option<String>,
    /// The beginning of the last text that the program sent.
    pub says: String,
}

/// All that the endpoint tells of its calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveTraffic {
    /// Grows with every change.
    pub revision: u64,
    /// The text whose calls are held; none where none are.
    #[serde(default)]
    pub hold: Option<String>,
    /// The rule by which calls fail; none where none do.
    #[serde(default)]
    pub fail: Option<FailRule>,
    /// The calls, the oldest first.
    pub calls: Vec<LiveCall>,
}

/// Calls that fail as they come: the program is told a status, and nothing is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailRule {
    /// The status, from 400 to 599.
    pub status: u16,
    /// How many calls are still to fail; none for all that come.
    #[serde(default)]
    pub next: Option<u32>,
    /// What the request has to have, whatever the case of its letters; empty for every request.
    #[serde(default)]
    pub text: String,
}

impl FailRule {
    /// The status where none is said.
    pub const STATUS: u16 = 503;

    /// Tells whether a status is one of a failure.
    #[must_use]
    pub fn is_failure(status: u16) -> bool {
        (400..600).contains(&status)
    }

    /// Reads a rule as it is typed, `[STATUS] [next N] [TEXT]`, of which something has to be there. Fails, in words, where
    /// the status is none of a failure or the number no number.
    pub fn read(line: &str) -> Result<Self, String> {
        let mut rule = Self { status: Self::STATUS, next: None, text: String::new() };
        let mut rest = line.trim();
        if rest.is_empty() {
            return Err("type which calls fail: a status, `next 3`, a text of the request".to_owned());
        }
        let (first, behind) = split(rest);
        if let (3, Ok(status)) = (first.len(), first.parse()) {
            if !Self::is_failure(status) {
                return Err("a call fails with a status from 400 to 599".to_owned());
            }
            (rule.status, rest) = (status, behind);
        }
        if let ("next", behind) = split(rest) {
            let (number, behind) = split(behind);
            let number: u32 = number.parse().map_err(|_bad| "say how many: `next 3`".to_owned())?;
            if number == 0 {
                return Err("say how many: `next 3`".to_owned());
            }
            (rule.next, rest) = (Some(number), behind);
        }
        rest.clone_into(&mut rule.text);
        Ok(rule)
    }
}

/// Splits the first word off.
fn split(text: &str) -> (&str, &str) {
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

impl fmt::Display for FailRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.next {
            Some(1) => f.write_str("the next call")?,
            Some(next) => write!(f, "the next {next} calls")?,
            None => f.write_str("calls")?,
        }
        if !self.text.is_empty() {
            write!(f, " with “{}”", self.text)?;
        }
        write!(f, " by {}", self.status)
    }
}

/// What a call asked and was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTexts {
    /// The body as the program sent it.
    pub request: String,
    /// What was answered so far.
    pub response: String,
    /// Whether the end of one of them is missing, as there is too much of it.
    #[serde(default)]
    pub cut: bool,
}

/// What becomes of a call that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do", deny_unknown_fields)]
pub enum HeldAnswer {
    /// It goes on as it is.
    Go,
    /// It goes on with another body.
    Edited {
        /// The body, which is JSON.
        body: String,
    },
    /// The program is told this status, from 400 to 599, and nothing is asked.
    Fail { status: u16 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_typed() {
        let rule = |line: &str| FailRule::read(line).map(|rule| (rule.status, rule.next, rule.text));
        assert_eq!(rule(" 429 next 2 slow  export "), Ok((429, Some(2), "slow  export".to_owned())));
        assert_eq!(rule("refund"), Ok((503, None, "refund".to_owned())));
        assert_eq!(rule("500"), Ok((500, None, String::new())));
        assert_eq!(rule("next 1"), Ok((503, Some(1), String::new())));
        assert_eq!(rule("nextdoor 429"), Ok((503, None, "nextdoor 429".to_owned())));
        for wrong in ["", "200 x", "next", "next few", "503 next 0"] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
        assert_eq!(FailRule::read("next 2 é").unwrap().to_string(), "the next 2 calls with “é” by 503");
    }
}
