//! The table of conventions: the marks between which models, or the servers before them, leave
//! reasoning in the text of an answer.

/// A mark in a text. Upper and lower case are alike, but for [`Mark::Glued`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// `<name>`, with attributes or without.
    Open(&'static str),
    /// `</name>`.
    Close(&'static str),
    /// Words and signs, with any white space between one and the next.
    Signs(&'static [&'static str]),
    /// A word that a capital letter follows at once: what is left of a mark whose signs were taken out.
    Glued(&'static str),
}

/// How reasoning is marked.
#[derive(Debug)]
pub(super) struct Convention {
    pub(super) begins: &'static [Mark],
    pub(super) ends: &'static [Mark],
    pub(super) kind: Kind,
}

/// What a convention's marks mean without each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody writes them but around reasoning, wherever they stand. One that ends began with the
    /// text if nothing began it.
    Marks,
    /// Words that may as well be an answer's own: they count at the start of a text alone.
    Words,
}

const fn tag(begins: &'static [Mark], ends: &'static [Mark]) -> Convention {
    Convention { begins, ends, kind: Kind::Marks }
}

/// Every convention.
pub(super) const CONVENTIONS: &[Convention] = &[
    // Most models. Qwen, GLM, Olmo and others begin it in their prompt, so that only the end is seen.
    tag(&[Mark::Open("think")], &[Mark::Close("think")]),
    tag(&[Mark::Open("thinking")], &[Mark::Close("thinking")]),
    tag(&[Mark::Open("thought")], &[Mark::Close("thought")]),
    tag(&[Mark::Open("thoughts")], &[Mark::Close("thoughts")]),
    tag(&[Mark::Open("reasoning")], &[Mark::Close("reasoning")]),
    tag(&[Mark::Open("reflection")], &[Mark::Close("reflection")]),
    tag(&[Mark::Open("scratchpad")], &[Mark::Close("scratchpad")]),
    // Claude's own, when it is asked for reasoning in words.
    tag(&[Mark::Open("antThinking")], &[Mark::Close("antThinking")]),
    // Seed-OSS.
    tag(&[Mark::Open("seed:think")], &[Mark::Close("seed:think")]),
    // LongCat.
    tag(&[Mark::Open("longcat_think")], &[Mark::Close("longcat_think")]),
    // Magistral, Ministral.
    tag(&[Mark::Signs(&["[", "think", "]"])], &[Mark::Signs(&["[", "/", "think", "]"])]),
    // Kimi-VL.
    tag(&[Mark::Signs(&["◁", "think", "▷"])], &[Mark::Signs(&["◁", "/", "think", "▷"])]),
    // Command A, Command R7B.
    tag(&[Mark::Signs(&["<|", "start_thinking", "|>"])], &[Mark::Signs(&["<|", "end_thinking", "|>"])]),
    // Apertus.
    tag(&[Mark::Signs(&["<|", "inner_prefix", "|>"])], &[Mark::Signs(&["<|", "inner_suffix", "|>"])]),
    // Sky-T1, OpenThinker.
    tag(&[Mark::Signs(&["<|", "begin_of_thought", "|>"])], &[Mark::Signs(&["<|", "end_of_thought", "|>"])]),
    // Gemma 4; its channels other than `thought` are no answer either.
    tag(&[Mark::Signs(&["<|", "channel", ">"])], &[Mark::Signs(&["<", "channel", "|>"])]),
    // MedGemma.
    tag(&[Mark::Signs(&["<", "unused94", ">"])], &[Mark::Signs(&["<", "unused95", ">"])]),
    // gpt-oss whose marks were taken out: `analysisThe user …assistantfinal{…}`.
    Convention {
        begins: &[Mark::Glued("analysis"), Mark::Glued("commentary")],
        ends: &[Mark::Signs(&["assistantfinal"])],
        kind: Kind::Words,
    },
    // Granite 3.2.
    Convention {
        begins: &[
            Mark::Signs(&["here", "is", "my", "thought", "process", ":"]),
            Mark::Signs(&["here", "'s", "my", "thought", "process", ":"]),
            Mark::Signs(&["here", "’s", "my", "thought", "process", ":"]),
        ],
        ends: &[
            Mark::Signs(&["here", "is", "my", "response", ":"]),
            Mark::Signs(&["here", "'s", "my", "response", ":"]),
            Mark::Signs(&["here", "’s", "my", "response", ":"]),
        ],
        kind: Kind::Words,
    },
    // The command `ollama run`.
    Convention {
        begins: &[Mark::Signs(&["thinking", "..."])],
        ends: &[Mark::Signs(&["...done", "thinking."])],
        kind: Kind::Words,
    },
];

/// The marks after which the answer comes, whatever stood before them.
pub(super) const ANSWERS: &[Mark] =
    &[Mark::Signs(&["<|", "start_response", "|>"]), Mark::Signs(&["<|", "begin_of_solution", "|>"])];

/// The marks after an answer.
pub(super) const ANSWERED: &[Mark] =
    &[Mark::Signs(&["<|", "end_response", "|>"]), Mark::Signs(&["<|", "end_of_solution", "|>"])];

/// The tags around the whole of an answer after reasoning: Hunyuan's, Granite's.
pub(super) const AROUND: &[&str] = &["answer", "response"];

impl Mark {
    /// Returns the length of the mark where a text begins with it.
    pub(super) fn at(self, text: &str) -> Option<usize> {
        match self {
            Self::Open(name) => {
                let inside = signs(text, &["<", name])?;
                let rest = text.get(inside..)?;
                let (attributes, _) = rest.split_once('>').filter(|(attributes, _)| !attributes.contains('<'))?;
                let are_some = attributes.starts_with(char::is_whitespace) && attributes.contains('=');
                (are_some || attributes.trim().is_empty()).then_some(inside + attributes.len() + 1)
            }
            Self::Close(name) => signs(text, &["<", "/", name, ">"]),
            Self::Signs(parts) => signs(text, parts),
            Self::Glued(word) => {
                let next = text.strip_prefix(word)?.chars().next();
                next.is_some_and(char::is_uppercase).then_some(word.len())
            }
        }
    }

    /// The character that a text with the mark begins with, in lower case.
    pub(super) fn first(self) -> Option<char> {
        match self {
            Self::Open(_) | Self::Close(_) => Some('<'),
            Self::Signs(parts) => parts.first()?.chars().next(),
            Self::Glued(word) => word.chars().next(),
        }
    }
}

/// Returns the length of some signs, in order, with white space between them.
fn signs(text: &str, parts: &[&str]) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        let rest = text.get(at..)?;
        // No white space stands before the first.
        let rest = if at > 0 { rest.trim_start() } else { rest };
        if !rest.get(..part.len())?.eq_ignore_ascii_case(part) {
            return None;
        }
        at = text.len() - rest.len() + part.len();
    }
    Some(at)
}
