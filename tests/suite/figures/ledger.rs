//! What the providers gave away, and how they played it.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Mutex,
    time::Duration,
};

use retort::{
    eval::stats::SplitMix,
    model::{CallError, ErrorKind, Finish, Price, Timer, Usage},
    provider::{Call, WireEvent},
};

use super::sum::Sum;
use crate::support::script::Step;

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Play {
    /// It is answered, and its tokens are counted.
    Whole,
    /// Likewise, most of the prompt being read from the provider's cache.
    FromCache,
    /// It is answered, and nobody counts.
    Uncounted,
    /// The answer is not what was asked for.
    Wrong,
    /// It ends at the token limit.
    AtLimit,
    /// It ends without a word.
    Empty,
    /// It breaks off.
    Cut,
    /// It breaks off after its tokens were counted.
    CutCounted,
    /// Nothing comes, ever.
    Silent,
    /// Nothing comes, after its first words.
    Stalls,
    /// The server says that it is overloaded.
    Refused,
    /// Nothing listens.
    Down,
    /// The connection is reset once it is sent.
    Lost,
    /// There is no such model, which leads to the fallback at once.
    Never,
}

const PLAYS: [Play; 16] = [
    Play::Whole,
    Play::FromCache,
    Play::Uncounted,
    Play::Wrong,
    Play::AtLimit,
    Play::Empty,
    Play::Cut,
    Play::CutCounted,
    Play::Silent,
    Play::Stalls,
    Play::Refused,
    Play::Down,
    Play::Lost,
    Play::Never,
    Play::Never,
    Play::Never,
];

/// Every call that was made, with what it gave away.
#[derive(Default)]
pub(crate) struct Ledger {
    calls: Mutex<Vec<Entry>>,
}

struct Entry {
    input: String,
    target: String,
    judge: bool,
    gave: Sum,
}

impl Ledger {
    /// Plays the next call, and notes what it gives away.
    pub(crate) fn play(&self, seed: u64, call: &Call) -> Vec<Step> {
        let words = &call.messages.last().unwrap().content;
        let judge = call.target.name == "j";
        let input = if judge {
            // The case stands between two lines with a mark.
            let case = &words[words.find('{').unwrap()..=words.rfind('}').unwrap()];
            serde_json::from_str::<serde_json::Value>(case).unwrap()["input"].to_string()
        } else {
            words.clone()
        };
        let mut calls = self.calls.lock().unwrap();
        let before = calls.iter().filter(|known| known.input == input && known.target == call.target.name).count();
        let mut hash = DefaultHasher::new();
        (seed, words, &call.target.name, before).hash(&mut hash);
        let mut rng = SplitMix::new(hash.finish());
        // Half of all calls go well.
        let play = if rng.below(2) == 0 { Play::Whole } else { PLAYS[rng.below(PLAYS.len())] };
        let text = match (judge, play) {
            (true, Play::Wrong) => "I would say so.",
            (true, _) if rng.below(4) == 0 => r#"{"reason": "Cold.", "pass": false, "score": 0.2}"#,
            (true, _) => r#"{"reason": "Warm.", "pass": true, "score": 0.9}"#,
            (false, Play::Wrong) => "no JSON at all",
            (false, _) => r#"{"mood": "fine"}"#,
        };
        let chars = call.messages.iter().map(|message| message.content.chars().count() as u64).sum();
        let counted = (10 + rng.below(90) as u64, 3 + rng.below(40) as u64);
        let gave = gave(play, chars, text, counted, call.target.card.price.as_ref());
        let steps = steps(play, text, counted, &mut rng);
        calls.push(Entry { input, target: call.target.name.clone(), judge, gave });
        steps
    }

    /// How many calls there were and what they gave away, by their inputs and targets; those of judges left out.
    pub(crate) fn by_input(&self) -> BTreeMap<(String, String), (usize, Sum)> {
        let mut all: BTreeMap<_, (usize, Sum)> = BTreeMap::new();
        for entry in self.calls.lock().unwrap().iter().filter(|entry| !entry.judge) {
            let (calls, sum) = all.entry((entry.input.clone(), entry.target.clone())).or_default();
            *calls += 1;
            *sum = sum.plus(entry.gave);
        }
        all
    }

    /// How many calls were judges', and what they gave away.
    pub(crate) fn judges(&self) -> (usize, Sum) {
        let calls = self.calls.lock().unwrap();
        let own = || calls.iter().filter(|entry| entry.judge);
        (own().count(), Sum::all(own().map(|entry| entry.gave)))
    }
}

/// The half of a text that comes before a call breaks off.
fn half(text: &str) -> &str {
    &text[..text.len() / 2]
}

fn steps(play: Play, text: &str, (input, output): (u64, u64), rng: &mut SplitMix) -> Vec<Step> {
    let words = |text: &str| Step::Say(WireEvent::Text(text.to_owned()));
    let usage = |usage: Usage| Step::Say(WireEvent::Usage(usage));
    let counts = || usage(Usage { input: Some(input), output: Some(output), ..Usage::default() });
    let cached =
        || usage(Usage { input: Some(input), cache_read: Some(1000), output: Some(output), ..Usage::default() });
    let end = |finish: Finish| [Step::Say(WireEvent::Finish(finish)), Step::Say(WireEvent::End)];
    let fails = |class: ErrorKind| Step::Fail(CallError::new(class, "scripted"));
    let headers = |status: u16| Step::Say(WireEvent::Headers { status, request_id: None });
    let mut after = |most: usize| Step::After(Duration::from_micros(rng.below(most * 1000) as u64));
    let mut steps = vec![after(300), headers(200), after(700)];
    match play {
        Play::Whole | Play::Wrong => {
            steps.extend([words(text), after(2000), counts()]);
            steps.extend(end(Finish::Stop));
        }
        Play::FromCache => {
            steps.extend([words(text), cached()]);
            steps.extend(end(Finish::Stop));
        }
        Play::Uncounted => {
            steps.extend([words(half(text)), after(900), words(&text[text.len() / 2..])]);
            steps.extend(end(Finish::Stop));
        }
        Play::AtLimit => {
            steps.extend([words(half(text)), counts()]);
            steps.extend(end(Finish::Length));
        }
        Play::Empty => {
            steps.push(counts());
            steps.extend(end(Finish::Stop));
        }
        Play::Cut => steps.push(words(half(text))),
        Play::CutCounted => steps.extend([counts(), words(half(text))]),
        Play::Silent => steps.push(Step::Hang),
        Play::Stalls => steps.extend([words(half(text)), Step::Hang]),
        Play::Refused => steps = vec![after(300), headers(503), fails(ErrorKind::Overloaded)],
        Play::Down => steps = vec![fails(ErrorKind::Timeout(Timer::Connect))],
        Play::Lost => {
            let error = CallError { unanswered: true, ..CallError::new(ErrorKind::Transient, "reset") };
            steps = vec![after(300), Step::Fail(error)];
        }
        Play::Never => steps = vec![after(300), headers(404), fails(ErrorKind::ModelGone)],
    }
    steps
}

/// What a call gives away. Tokens nobody counts are a quarter of the characters; what is cut off is no less than that.
fn gave(play: Play, prompt_chars: u64, text: &str, counted: (u64, u64), price: Option<&Price>) -> Sum {
    let guess = |text: &str| (prompt_chars.div_ceil(4), 0, (text.chars().count() as u64).div_ceil(4));
    let (input, output) = counted;
    let (counts, guessed, more) = match play {
        Play::Whole | Play::Wrong | Play::AtLimit | Play::Empty => ((input, 0, output), false, false),
        Play::FromCache => ((input, 1000, output), false, false),
        Play::Uncounted => (guess(text), true, false),
        Play::Cut | Play::Stalls => (guess(half(text)), true, true),
        Play::CutCounted => ((input, 0, output), false, true),
        Play::Silent | Play::Lost => ((0, 0, 0), false, true),
        Play::Refused | Play::Down | Play::Never => return Sum::default(),
    };
    let (input, read, output) = counts;
    let tokens = Sum { tokens: input + read + output, tokens_guessed: guessed, tokens_more: more, ..Sum::default() };
    match price {
        None => Sum { pico_more: true, ..tokens },
        Some(price) if price.input.0 == 0 && price.output.0 == 0 => tokens,
        Some(price) => Sum {
            pico: input * price.input.0 + read * price.cache_read.unwrap_or(price.input).0 + output * price.output.0,
            pico_guessed: (guessed && !more) || (read > 0 && price.cache_read.is_none()),
            pico_more: more,
            ..tokens
        },
    }
}
