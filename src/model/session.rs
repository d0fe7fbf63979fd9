//! A session: what reappears when the bench is reopened, its lanes with a target, parameters and a version each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    id::RunId,
    input::{Input, NamedInput},
    prompt::{Params, Prompt},
};

/// What a lane runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "AnswerForm")]
pub struct LaneSpec {
    /// The target's name, as the user chose it.
    pub target: String,
    /// Parameters of the lane's own; what they leave open, the prompt decides.
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// The version of the prompt it runs instead of the one on the bench.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Pinned>,
}

/// A version of a prompt that a lane is held to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pinned {
    /// The version's content hash, in hexadecimal digits.
    pub hash: String,
    /// The version's name, if it was given one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The prompt as that version has it.
    pub prompt: Box<Prompt>,
}

/// How a lane is written: in full, or in the first form of the session's file by its target alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnswerForm {
    Target(String),
    Full(Box<Full>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    target: String,
    #[serde(default)]
    params: Params,
    #[serde(default)]
    pinned: Option<Pinned>,
}

impl From<AnswerForm> for LaneSpec {
    fn from(form: AnswerForm) -> Self {
        match form {
            AnswerForm::Target(target) => Self { target, ..Self::default() },
            AnswerForm::Full(full) => {
                let Full { target, params, pinned } = *full;
                Self { target, params, pinned }
            }
        }
    }
}

impl<T: Into<String>> From<T> for LaneSpec {
    fn from(target: T) -> Self {
        Self { target: target.into(), ..Self::default() }
    }
}

/// A run that a lane shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneAnswer {
    /// The lane's place, counted from 0.
    pub lane: u32,
    /// Which of several samples it is, counted from 0.
    pub sample: u32,
    pub run: RunId,
    /// What the lane asked for, where the run itself was asked of a fallback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Box<LaneRequest>>,
}

/// What a lane asked for when a person had a fallback asked instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneRequest {
    /// The name of the lane's target.
    pub target: String,
    /// The parameters that target would have been sent.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
}

/// How wide the detail column of the bench is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetailSize {
    /// A quarter of the screen.
    #[default]
    Usual,
    /// A third of it.
    Wide,
    /// Not shown, however wide the screen is.
    Hidden,
}

impl DetailSize {
    /// Tells whether nobody has changed it: the session's file leaves it out then.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::Usual
    }

    /// Returns the size after it, round the end.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Usual => Self::Wide,
            Self::Wide => Self::Hidden,
            Self::Hidden => Self::Usual,
        }
    }
}

/// Steps by which the panes of the bench are bigger than usual, negative for smaller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaneSizes {
    /// The left column is wider; where prompt and input lie over the lanes they are taller.
    pub left: i16,
    /// The prompt is larger against the input.
    pub prompt: i16,
    /// Whether the metrics show their charts.
    pub charts: bool,
    /// The column at the right of a wide screen.
    #[serde(skip_serializing_if = "DetailSize::is_usual")]
    pub detail: DetailSize,
}

impl PaneSizes {
    /// Tells whether all is as usual.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How a batch of some prompts over a data set was set up the last time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptSetup {
    /// The prompts' names, as the form has them.
    pub prompts: String,
    /// The path of the data set.
    pub data: String,
    /// What was filled in, by the names of the lines; a line that was left as usual is not here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, String>,
}

/// Set-ups that a session keeps, at most.
const SETUPS: usize = 50;

impl KeptSetup {
    /// Gives its prompts other names, those for which there is one.
    pub fn rename_prompts(&mut self, now: impl Fn(&str) -> Option<String>) {
        let names: Vec<&str> = self.prompts.split(',').map(str::trim).collect();
        let renamed: Vec<Option<String>> = names.iter().map(|name| now(name)).collect();
        if renamed.iter().any(Option::is_some) {
            let all = renamed.into_iter().zip(names).map(|(new, old)| new.unwrap_or_else(|| old.to_owned()));
            self.prompts = all.collect::<Vec<_>>().join(", ");
        }
    }

    /// Puts it before others, in the place of the one of the same prompts and data.
    pub fn put_first(self, setups: &mut Vec<Self>) {
        setups.retain(|other| (&other.prompts, &other.data) != (&self.prompts, &self.data));
        setups.insert(0, self);
        setups.truncate(SETUPS);
    }
}

/// The version of the session file's form that this program writes.
pub const SESSION_VERSION: u32 = 2;

/// Actions that a session remembers as used, at most.
pub const USED_ACTIONS: usize = 12;

/// Everything on the bench that a person would miss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The form's version, [`SESSION_VERSION`].
    pub version: u32,
    /// The session's name, also its file's.
    pub name: String,
    /// When it was last saved.
    pub saved: Timestamp,
    /// The name of the prompt it began from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_name: Option<String>,
    /// The digest of the text of that prompt's file, as it was known; another one tells that somebody else has
    /// written the file since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_file: Option<String>,
    /// True when the prompt differs from the file of that name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// What the lanes run; up to form 1 the target's name alone.
    #[serde(default)]
    pub lanes: Vec<LaneSpec>,
    /// The runs that the lanes show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<LaneAnswer>,
    /// How many runs each lane makes of the same request.
    #[serde(default = "one")]
    pub samples: u32,
    /// By how many steps panes are other than usual.
    #[serde(default, skip_serializing_if = "PaneSizes::is_usual")]
    pub sizes: PaneSizes,
    /// How batches were set up, the last one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub setups: Vec<KeptSetup>,
    /// The names of the actions that were chosen from lists, the last one first, [`USED_ACTIONS`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_actions: Vec<String>,
    /// The input on the bench.
    #[serde(default)]
    pub input: Input,
    /// What it is called; empty where it has no name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub input_name: String,
    /// Its place among all inputs, counted from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub input_at: usize,
    /// The other inputs, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_inputs: Vec<NamedInput>,
    /// When the file this one goes on from was saved; none if it goes on from no file. Another time in
    /// the file tells that another copy of the program has written it since.
    #[serde(skip)]
    pub onto: Option<Timestamp>,
    /// The text of the response's schema while it is not valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_draft: Option<String>,
    /// The prompt as it stands on the bench, unsaved edits included.
    pub prompt: Prompt,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_first(at: &usize) -> bool {
    *at == 0
}

fn one() -> u32 {
    1
}
