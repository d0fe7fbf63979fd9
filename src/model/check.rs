//! A further rule on an answer, with promptfoo's names and meaning, and some of our own.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{message::Turn, text_service::TextService};

/// One rule on an answer.
///
/// Texts in `value` may hold variables, `{{ expected }}`: each input's own values stand there when it
/// is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is looked at; `not-` before it turns it round.
    #[serde(rename = "type")]
    pub kind: CheckType,
    /// What it is compared with: a text, a list of texts, a JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// `value` as JSON, where it has numbers of more digits than it can keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<String>,
    /// The limit, in the unit of the kind: milliseconds for `latency`, US dollars for `cost`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// How much it counts in the score; 1 where unset, 0 is measured and never fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// The name its score is summed up under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// JSON pointer (RFC 6901) to what is compared, for `json-path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How it is compared, for `json-path`: `==` where unset.
    #[serde(default, rename = "op", skip_serializing_if = "Option::is_none")]
    pub comparison: Option<JsonComparison>,
    /// What of the answer is looked at, in promptfoo's words: `JSON.parse(output).name`, `output[0].function.name`; the whole
    /// answer where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<String>,
    /// The model that judges, where one does; the default model where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<String>,
    /// The messages by which the model is asked that judges, in place of those of the built-in judge; may hold variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judge_prompt: Vec<Turn>,
    /// The messages by which that model is asked first, for what `judge_prompt` names then: the `steps` of `g-eval`, the
    /// `statements` of `faithfulness`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_prompt: Vec<Turn>,
    /// The program that takes the context out of the answer, where a model judges by one: as the value of `exec`; the variable
    /// `context` where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
    /// How often it is asked, where a model judges; once where unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
    /// Whether it is applied; one that is off stays in the file and judges nothing.
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub enabled: bool,
}

fn on() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_on(enabled: &bool) -> bool {
    *enabled
}

impl Check {
    /// Makes a check of a kind with nothing else set.
    #[must_use]
    pub fn of(kind: CheckKind) -> Self {
        Self {
            kind: CheckType { kind, not: false },
            value: None,
            exact: None,
            threshold: None,
            weight: None,
            metric: None,
            path: None,
            comparison: None,
            transform: None,
            judge: None,
            judge_prompt: Vec::new(),
            first_prompt: Vec::new(),
            context: None,
            repeat: None,
            enabled: true,
        }
    }

    /// Makes a check that does not run of one that was written wrong, and says why.
    #[must_use]
    pub fn unusable(written: &str, why: &str) -> Self {
        let entry = serde_json::json!({ "type": written, "mistake": why });
        Self::of(CheckKind::Unsupported).with(entry)
    }

    /// Names the model that it asks, if it asks one: of a check that a model judges by empty where it names none.
    #[must_use]
    pub fn judge_name(&self) -> Option<&str> {
        let kind = self.kind.kind;
        let usual = if kind.is_judged() { Some("") } else { kind.service()?.usual_model() };
        self.judge.as_deref().or(usual).filter(|_| self.enabled)
    }

    /// Returns how many calls of models one answer takes to be judged by it; of one that compares the answers of a row, how
    /// many all of them take. A prompt of its own for `conversation-relevance` is asked once for each turn, here one.
    #[must_use]
    pub fn judgements(&self) -> u32 {
        if self.judge_name().is_none() {
            return 0;
        }
        let kind = self.kind.kind;
        match kind.service() {
            Some(TextService::Embedding) => {
                // The answer, and each text it is compared with.
                let texts = self.value.as_ref().and_then(Value::as_array).map_or(1, Vec::len);
                return u32::try_from(texts).unwrap_or(u32::MAX).saturating_add(1);
            }
            Some(TextService::Moderation | TextService::Classification) => return 1,
            None => {}
        }
        let both_orders = matches!(kind, CheckKind::Pairwise | CheckKind::SelectBest);
        let calls = self.repeat.unwrap_or(1).max(1).saturating_mul(if both_orders { 2 } else { 1 });
        calls.saturating_add(u32::from(!self.first_prompt.is_empty()))
    }

    /// Turns it round.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.kind.not = !self.kind.not;
        self
    }

    /// Compares with a text or a list or a schema.
    #[must_use]
    pub fn with(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Sets the limit.
    #[must_use]
    pub fn within(mut self, threshold: f64) -> Self {
        self.threshold = Some(threshold);
        self
    }
}

/// A kind, or the opposite of one: `contains`, `not-contains`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckType {
    pub kind: CheckKind,
    /// Whether it must not hold.
    pub not: bool,
}

#[cfg(test)]
impl schemars::JsonSchema for CheckType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CheckType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let kinds =
            CheckKind::ALL.iter().map(|kind| serde_json::json!({ "const": kind.name(), "description": kind.about() }));
        let opposites = CheckKind::ALL.iter().map(|kind| {
            let name = Self { kind: *kind, not: true }.to_string();
            serde_json::json!({ "const": name, "description": format!("The opposite of `{}`.", kind.name()) })
        });
        schemars::json_schema!({ "type": "string", "oneOf": kinds.chain(opposites).collect::<Vec<_>>() })
    }
}

/// How two JSON values are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum JsonComparison {
    /// Equal, numbers by their value.
    #[default]
    #[serde(rename = "==")]
    Equal,
    /// Not equal.
    #[serde(rename = "!=")]
    Unequal,
    /// Less, between numbers.
    #[serde(rename = "<")]
    Less,
    /// Less or equal, between numbers.
    #[serde(rename = "<=")]
    AtMost,
    /// Greater, between numbers.
    #[serde(rename = ">")]
    Greater,
    /// Greater or equal, between numbers.
    #[serde(rename = ">=")]
    AtLeast,
}

macro_rules! kinds {
    ($($(#[doc = $about:literal])+ $kind:ident = $name:literal,)*) => {
        /// The rules a check can apply. What stands above each is its line in `docs/checks.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CheckKind {
            $($(#[doc = $about])+ $kind,)*
        }

        impl CheckKind {
            /// Every kind, in the order in which they are listed.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Returns its name in files, on screens and in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// Returns what has to be so for an answer to pass, in sentences in Markdown.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!($($about),+).trim_ascii(),)*
                }
            }
        }
    };
}

kinds! {
    /// The answer is `value`, white space and all. A table or a list is compared as JSON.
    Equals = "equals",
    /// The answer contains the text `value`.
    Contains = "contains",
    /// As `contains`, upper and lower case alike.
    Icontains = "icontains",
    /// The answer contains one of the texts in `value`: a list, or one text with commas.
    ContainsAny = "contains-any",
    /// The answer contains all of the texts in `value`: a list, or one text with commas.
    ContainsAll = "contains-all",
    /// As `contains-any`, upper and lower case alike.
    IcontainsAny = "icontains-any",
    /// As `contains-all`, upper and lower case alike.
    IcontainsAll = "icontains-all",
    /// The answer begins with `value`.
    StartsWith = "starts-with",
    /// The regular expression `value` matches somewhere in the answer. It takes linear time, so there is no look-around
    /// and no backreference.
    Regex = "regex",
    /// The answer is JSON and nothing else. If `value` is a JSON Schema, it satisfies the [schema](#schemas).
    IsJson = "is-json",
    /// The answer contains a JSON object that is no part of anything else. If `value` is a JSON Schema, the object
    /// satisfies the [schema](#schemas).
    ContainsJson = "contains-json",
    /// At most `threshold` characters have to be changed to turn the answer into `value` (the *edit distance*).
    Levenshtein = "levenshtein",
    /// The answer shares enough words with `value`: its ROUGE-1 score (F1, upper and lower case alike) is at least
    /// `threshold`. The score is the check's credit.
    RougeN = "rouge-n",
    /// The answer shares enough runs of one to four words with `value`, or with the texts of a list: its BLEU score is at least
    /// `threshold`. The score is the check's credit.
    Bleu = "bleu",
    /// As `bleu`, by the GLEU score: the smaller share of these runs, of the answer's and of the reference's.
    Gleu = "gleu",
    /// The answer is well-formed XML and nothing else. If `value` names elements (`root.child`), a list or one text with commas,
    /// they are there.
    IsXml = "is-xml",
    /// The answer contains an XML element that is closed, with the elements in `value` if there is one.
    ContainsXml = "contains-xml",
    /// The answer is HTML and nothing else: its tags are HTML's, and those that need it are closed.
    IsHtml = "is-html",
    /// The answer contains an element of HTML.
    ContainsHtml = "contains-html",
    /// The run took at most `threshold` milliseconds.
    Latency = "latency",
    /// The run cost at most `threshold` US dollars.
    Cost = "cost",
    /// The model declined: it says so, the answer is empty, or its words are those of a refusal.
    IsRefusal = "is-refusal",
    /// The number of words is `value`: `50`, `"20-100"` or `{ min = 20, max = 100 }`.
    WordCount = "word-count",
    /// The model stopped for the reason `value`: `stop`, `length`, `content_filter` or `tool_calls`.
    FinishReason = "finish-reason",
    /// A [judge](#judges) model says yes to the rubric in `value`, with a score of at least `threshold`. Of several
    /// judgements (`repeat`) the majority and the mean count.
    LlmRubric = "llm-rubric",
    /// A [judge](judges.md) finds that the answer says nothing that conflicts with the reference in `value`. Less, more or
    /// other words do not fail it; its score says how near it is.
    Factuality = "factuality",
    /// A [judge](judges.md) finds that the answer satisfies the criterion in `value`.
    ModelGradedClosedqa = "model-graded-closedqa",
    /// A [judge](judges.md) scores the answer by the criterion in `value`, or by each of a list: the mean is at least
    /// `threshold`.
    GEval = "g-eval",
    /// A [judge](judges.md) finds that the answer is about what was asked: `value`, or the input where it is unset.
    Relevance = "relevance",
    /// A [judge](judges.md) goes through what the answer claims: at least the share `threshold` of it is supported by the
    /// context in `value`, or in the variable `context`. Without a claim it is inconclusive.
    Faithfulness = "faithfulness",
    /// A [judge](judges.md) goes through what the expected answer in `value` says: at least the share `threshold` of it is
    /// supported by the variable `context`.
    ContextRecall = "context-recall",
    /// A [judge](judges.md) goes through the context in `value`, or in the variable `context`: at least the share
    /// `threshold` of it is needed for the input.
    ContextRelevance = "context-relevance",
    /// A [judge](judges.md) goes through the instructions in `value`, or in the prompt: the answer follows at least the
    /// share `threshold` of them.
    InstructionFollowing = "instruction-following",
    /// A [judge](judges.md) rates by the style guide in `value` how the answer is written, from 1 to 5; the score is 0 to 1.
    Style = "style",
    /// A [judge](judges.md) compares the answer with the one in `value`, in both orders: it is better or as good. Where the
    /// order decides, it is a tie.
    Pairwise = "pairwise",
    /// A [judge](judges.md#the-best-of-a-row) picks it, by the criterion in `value`, among the answers that its row got from
    /// all prompts and models of a batch, or that lanes and models got which are asked together. It is asked in two orders; where they decide, all are inconclusive.
    SelectBest = "select-best",
    /// It has the highest score of the answers that are compared as for `select-best`, and one of at least
    /// `threshold`: the mean of what its other checks and the rules under `[response]` give, each by its weight; a rule that
    /// cannot be applied to it gives nothing. `value.weights` has weights by the type of a
    /// check, and `value.method = "sum"` adds up. Of several that are level the first passes.
    MaxScore = "max-score",
    /// A [judge](judges.md) goes through what the assistant said in a conversation: at least the share `threshold` of it belongs
    /// to what was said before. The conversation is the variable `_conversation` or the messages of the prompt, and the answer.
    ConversationRelevance = "conversation-relevance",
    /// The answer means the like of `value`, or of one of a list: the cosine of their [embeddings](#embeddings) is at least
    /// `threshold`. The cosine is the check's credit.
    Similar = "similar",
    /// A [moderation service](#moderation) finds nothing harmful in the answer; of the categories in `value`, a list, if there
    /// is one.
    Moderation = "moderation",
    /// A [classifier](#classifiers) gives the answer the label `value` with a score of at least `threshold`; without a `value`
    /// the label with the highest score counts. The score is the check's credit.
    Classifier = "classifier",
    /// The [program](#programs) in `value` passes it, with a score of at least `threshold` if there is one. It reads the
    /// answer as JSON and writes its verdict.
    Exec = "exec",
    /// The answer has the form that `[response]` asks for.
    Format = "format",
    /// The fields named in `value` (names or JSON pointers) are there and filled.
    Required = "required",
    /// The confidence that the answer states at `path` is at least `threshold`.
    Confidence = "confidence",
    /// At least the share `threshold` of the fields named in `value` is filled. The share is the check's credit.
    Completeness = "completeness",
    /// The answer is the JSON in `value` (JSON or its text): numbers by their value, keys in any order.
    JsonEquals = "json-equals",
    /// The fields of the JSON object in `value` (or its text) are in the answer with the same values. The share that are
    /// is the check's credit.
    JsonFields = "json-fields",
    /// The JSON at `path` compares with `value` as `op` says.
    JsonPath = "json-path",
    /// Every tool named in `value` was called: a name, a list, or one text with commas. `not-` asks that none was.
    ToolCalled = "tool-called",
    /// The tools in `value` were called one after the other. Others may have been called between them.
    ToolOrder = "tool-order",
    /// A call of `value.tool` has the arguments that `value` asks for: those in `args` have these values, `only` are all
    /// there are, they satisfy the JSON Schema in `schema`, or the one at `path` compares with `value` as `op` says. It is
    /// also one that the tool takes.
    ToolArgs = "tool-args",
    /// The tools that were called are those named in `value`: the F1 of the two sets of names is at least `threshold`, 1
    /// where unset. The score is the check's credit.
    ToolCallF1 = "tool-call-f1",
    /// A tool was called, and every call is one that its tool takes: the tool is there, and the arguments satisfy its schema.
    IsValidOpenaiToolsCall = "is-valid-openai-tools-call",
    /// As `is-valid-openai-tools-call`; one call is enough for both.
    IsValidFunctionCall = "is-valid-function-call",
    /// An assertion of another program's that cannot run here; `value` holds it as it was written. Always inconclusive.
    Unsupported = "unsupported",
}

impl CheckKind {
    /// Tells whether it compares the answers of a row with each other.
    #[must_use]
    pub fn compares_row(self) -> bool {
        matches!(self, Self::SelectBest | Self::MaxScore)
    }

    /// Tells whether it looks at what the answer says, of which `transform` may name a part.
    #[must_use]
    pub fn looks_at_answer(self) -> bool {
        match self {
            Self::Equals
            | Self::Contains
            | Self::Icontains
            | Self::ContainsAny
            | Self::ContainsAll
            | Self::IcontainsAny
            | Self::IcontainsAll
            | Self::StartsWith
            | Self::Regex
            | Self::IsJson
            | Self::ContainsJson
            | Self::Levenshtein
            | Self::RougeN
            | Self::Bleu
            | Self::Gleu
            | Self::IsXml
            | Self::ContainsXml
            | Self::IsHtml
            | Self::ContainsHtml
            | Self::IsRefusal
            | Self::WordCount
            | Self::LlmRubric
            | Self::Factuality
            | Self::ModelGradedClosedqa
            | Self::GEval
            | Self::Relevance
            | Self::Faithfulness
            | Self::InstructionFollowing
            | Self::Style
            | Self::Pairwise
            | Self::Similar
            | Self::Moderation
            | Self::Classifier
            | Self::Exec
            | Self::JsonEquals
            | Self::JsonFields
            | Self::JsonPath => true,
            Self::Latency
            | Self::Cost
            | Self::FinishReason
            | Self::ContextRecall
            | Self::ContextRelevance
            | Self::ConversationRelevance
            | Self::SelectBest
            | Self::MaxScore
            | Self::Format
            | Self::Required
            | Self::Confidence
            | Self::Completeness
            | Self::ToolCalled
            | Self::ToolOrder
            | Self::ToolArgs
            | Self::ToolCallF1
            | Self::IsValidOpenaiToolsCall
            | Self::IsValidFunctionCall
            | Self::Unsupported => false,
        }
    }

    /// Names what is asked for it of a model that makes no answers, if anything is.
    #[must_use]
    pub fn service(self) -> Option<TextService> {
        TextService::ALL.into_iter().find(|service| match service {
            TextService::Embedding => self == Self::Similar,
            TextService::Moderation => self == Self::Moderation,
            TextService::Classification => self == Self::Classifier,
        })
    }

    /// Tells whether a model judges by it, with a prompt of its own.
    #[must_use]
    pub fn is_judged(self) -> bool {
        match self {
            Self::LlmRubric
            | Self::Factuality
            | Self::ModelGradedClosedqa
            | Self::GEval
            | Self::Relevance
            | Self::Faithfulness
            | Self::ContextRecall
            | Self::ContextRelevance
            | Self::InstructionFollowing
            | Self::Style
            | Self::ConversationRelevance
            | Self::Pairwise
            | Self::SelectBest => true,
            Self::Equals
            | Self::Contains
            | Self::Icontains
            | Self::ContainsAny
            | Self::ContainsAll
            | Self::IcontainsAny
            | Self::IcontainsAll
            | Self::StartsWith
            | Self::Regex
            | Self::IsJson
            | Self::ContainsJson
            | Self::Levenshtein
            | Self::RougeN
            | Self::Bleu
            | Self::Gleu
            | Self::IsXml
            | Self::ContainsXml
            | Self::IsHtml
            | Self::ContainsHtml
            | Self::Latency
            | Self::Cost
            | Self::IsRefusal
            | Self::WordCount
            | Self::FinishReason
            | Self::MaxScore
            | Self::Similar
            | Self::Moderation
            | Self::Classifier
            | Self::Exec
            | Self::Format
            | Self::Required
            | Self::Confidence
            | Self::Completeness
            | Self::JsonEquals
            | Self::JsonFields
            | Self::JsonPath
            | Self::ToolCalled
            | Self::ToolOrder
            | Self::ToolArgs
            | Self::ToolCallF1
            | Self::IsValidOpenaiToolsCall
            | Self::IsValidFunctionCall
            | Self::Unsupported => false,
        }
    }
}

impl From<CheckKind> for CheckType {
    fn from(kind: CheckKind) -> Self {
        Self { kind, not: false }
    }
}

impl fmt::Display for CheckType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.not { "not-" } else { "" })?;
        f.write_str(self.kind.name())
    }
}

impl From<CheckType> for String {
    fn from(kind: CheckType) -> Self {
        kind.to_string()
    }
}

/// No check has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no check `{0}`; the checks are {list}", list = CheckKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownCheck(pub String);

impl FromStr for CheckType {
    type Err = UnknownCheck;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, not) = text.strip_prefix("not-").map_or((text, false), |name| (name, true));
        let kind = CheckKind::ALL.iter().find(|kind| kind.name() == name);
        kind.map(|kind| Self { kind: *kind, not }).ok_or_else(|| UnknownCheck(text.to_owned()))
    }
}

impl TryFrom<String> for CheckType {
    type Error = UnknownCheck;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
