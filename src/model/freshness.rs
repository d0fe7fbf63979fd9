//! Whether an answer belongs to what is asked now: one comparison of what it was given to with what would be sent.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value};

use crate::model::{
    input::Input,
    prompt::{Format, Params, Prompt, SpokenTurn},
    version::VersionId,
};

/// What an answer is given to: a prompt, an input, a target, and the parameters that shape the answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnswerSource {
    pub prompt: Arc<Prompt>,
    pub input: Arc<Input>,
    /// The name of the target that is asked first.
    pub target: String,
    /// The model's name on the wire; empty where that is not known.
    pub model: String,
    /// Parameters of the lane's own; none are known of a run on record.
    pub own: Params,
    /// All parameters as they are sent to the target.
    pub sent: Params,
}

/// One thing in which an answer's source differs from what is asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The messages, the form of the answer or its schema.
    Prompt,
    /// The input's text or a variable.
    Input,
    /// The target, or the model that its name stands for.
    Model,
    /// The parameters as they are sent.
    Params,
}

/// Whether an answer is what is asked now would be answered with, as far as anybody can know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Freshness {
    /// The same would be sent.
    #[default]
    Current,
    /// Something else would be sent: in what it differs, at least one.
    Stale(Vec<Change>),
}

impl Freshness {
    /// Compares what an answer was given to with what is asked now. What only judges an answer changes nothing, and
    /// neither does what is sent with neither: `asks` lists what the messages of a prompt ask of its input, nothing where
    /// that is not known.
    #[must_use]
    pub fn of(
        answer: &AnswerSource,
        now: &AnswerSource,
        asks: impl FnOnce(&Prompt) -> Option<BTreeSet<String>>,
    ) -> Self {
        let same_prompt = Arc::ptr_eq(&answer.prompt, &now.prompt) || says_the_same(&answer.prompt, &now.prompt);
        let known = |model: &str| !model.is_empty();
        let same_model =
            answer.target == now.target && (answer.model == now.model || !known(&answer.model) || !known(&now.model));
        let parts = [
            (same_prompt, Change::Prompt),
            (gives_the_same(&answer.input, &now.input, || asks(&now.prompt)), Change::Input),
            (same_model, Change::Model),
            // Another model may take other parameters: that is no further difference.
            (!same_model || answer.is_sent_as(now), Change::Params),
        ];
        let changed: Vec<Change> = parts.into_iter().filter(|(same, _)| !same).map(|(_, change)| change).collect();
        if changed.is_empty() { Self::Current } else { Self::Stale(changed) }
    }

    /// Tells whether something else would be sent.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale(_))
    }
}

impl AnswerSource {
    /// Names the version that the prompt is.
    #[must_use]
    pub fn version(&self) -> VersionId {
        VersionId::of(&self.prompt)
    }

    /// Tells whether an answer on record was asked for with the parameters that are sent `now`.
    ///
    /// A parameter that the record lacks was refused by the model if the prompt set it, if it is the default
    /// temperature, or if the lane had set it then, too; else one of the lane's own was not set then.
    #[must_use]
    pub fn is_sent_as(&self, now: &Self) -> bool {
        let (recorded, wanted) = (fields(&self.sent), fields(&now.sent));
        let (own, set) = (fields(&now.own), fields(&self.prompt.params));
        let before = fields(&self.own);
        let was_refused = |name: &str| match own.get(name) {
            Some(value) => before.get(name) == Some(value),
            None => set.contains_key(name) || name == "temperature",
        };
        let as_wanted = wanted.iter().all(|(name, value)| match recorded.get(name) {
            Some(sent) => sent == value,
            None => was_refused(name),
        });
        as_wanted && recorded.keys().all(|name| wanted.contains_key(name))
    }
}

/// Tells whether two inputs fill in the same, of which only the names that are asked for count.
fn gives_the_same(one: &Input, other: &Input, asks: impl FnOnce() -> Option<BTreeSet<String>>) -> bool {
    *one == *other || asks().is_some_and(|names| names.iter().all(|name| one.value(name) == other.value(name)))
}

/// Tells whether two prompts send the same messages and ask for the same form of answer. What the provider is asked to
/// keep of them changes what an answer costs, and not the answer.
fn says_the_same(one: &Prompt, other: &Prompt) -> bool {
    let (form, others) = (one.format().0, other.format().0);
    // A text is asked for without a schema.
    let same_schema = form == Format::Text || one.response.schema == other.response.schema;
    let same_turns = uncached(one).eq(uncached(other));
    form == others && same_schema && same_turns && one.tool_set().uncached() == other.tool_set().uncached()
}

/// Lists the messages that are sent without their marks to be cached.
fn uncached(prompt: &Prompt) -> impl Iterator<Item = SpokenTurn<'_>> {
    prompt.spoken().map(|turn| SpokenTurn { cache: None, ..turn })
}

/// Lists parameters by name, the further fields of the body beside the others.
fn fields(params: &Params) -> Map<String, Value> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(params) else {
        return Map::new();
    };
    if let Some(Value::Object(extra)) = all.remove("extra") {
        all.extend(extra);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        check::{Check, CheckKind},
        message::{Role, Turn},
        prompt_caching::PromptCaching,
    };

    fn source() -> AnswerSource {
        AnswerSource {
            prompt: Arc::new(Prompt {
                system: "Label it.".to_owned(),
                user: "{{ input }}".to_owned(),
                ..Prompt::default()
            }),
            input: Arc::new(Input::of("late again")),
            target: "demo".to_owned(),
            model: "demo-1".to_owned(),
            own: Params::default(),
            sent: Params { temperature: Some(0.3), ..Params::default() },
        }
    }

    /// What the prompt of [`source`] asks for, and a variable of its own.
    #[expect(clippy::unnecessary_wraps, reason = "a prompt whose templates make no sense has none")]
    fn asks(_: &Prompt) -> Option<BTreeSet<String>> {
        Some(["input", "a"].map(str::to_owned).into())
    }

    fn after(change: impl FnOnce(&mut AnswerSource)) -> Freshness {
        let mut now = source();
        change(&mut now);
        Freshness::of(&source(), &now, asks)
    }

    fn prompt(change: impl FnOnce(&mut Prompt)) -> Freshness {
        after(|now| change(Arc::make_mut(&mut now.prompt)))
    }

    #[test]
    fn whatever_changes_the_request_makes_an_answer_stale_and_is_named() {
        let stale = |change| Freshness::Stale(vec![change]);
        assert_eq!(after(|_| {}), Freshness::Current);
        assert_eq!(prompt(|prompt| prompt.system.push('!')), stale(Change::Prompt));
        assert_eq!(prompt(|prompt| prompt.messages.push(Turn::of(Role::Assistant, "a"))), stale(Change::Prompt));
        assert_eq!(prompt(|prompt| prompt.response.format = Format::Json), stale(Change::Prompt));
        assert_eq!(after(|now| Arc::make_mut(&mut now.input).text.push('!')), stale(Change::Input));
        let variable = |now: &mut AnswerSource| {
            Arc::make_mut(&mut now.input).vars.insert("a".to_owned(), "b".into());
        };
        assert_eq!(after(variable), stale(Change::Input));
        assert_eq!(after(|now| now.target = "other".to_owned()), stale(Change::Model));
        assert_eq!(after(|now| now.model = "demo-2".to_owned()), stale(Change::Model));
        assert_eq!(after(|now| now.sent.temperature = Some(0.9)), stale(Change::Params));
        let both = |now: &mut AnswerSource| {
            now.target = "other".to_owned();
            Arc::make_mut(&mut now.prompt).user.push('!');
        };
        assert_eq!(after(both), Freshness::Stale(vec![Change::Prompt, Change::Model]));
    }

    #[test]
    fn what_is_not_sent_and_what_only_judges_leaves_an_answer_current() {
        let muted = Turn { muted: true, ..Turn::of(Role::Assistant, "a") };
        assert_eq!(prompt(|prompt| prompt.messages.push(muted)), Freshness::Current);
        let marked = |prompt: &mut Prompt| {
            let mut turns = prompt.turns();
            turns[0].cache = Some(PromptCaching::OneHour);
            prompt.set_turns(turns);
        };
        assert_eq!(prompt(marked), Freshness::Current, "it costs less, and is answered as before");
        assert_eq!(prompt(|prompt| prompt.description.push('!')), Freshness::Current);
        assert_eq!(prompt(|prompt| prompt.fallback.push("other".to_owned())), Freshness::Current);
        let check = Check::of(CheckKind::Latency).within(1.0);
        assert_eq!(prompt(|prompt| prompt.checks.push(check)), Freshness::Current);
        assert_eq!(prompt(|prompt| prompt.response.min_score = Some(0.5)), Freshness::Current);
        let unused = |now: &mut AnswerSource| {
            Arc::make_mut(&mut now.input).vars.insert("unused".to_owned(), "b".into());
        };
        assert_eq!(after(unused), Freshness::Current, "a variable that the prompt does not ask for");
        let mut now = source();
        unused(&mut now);
        let unknown = Freshness::of(&source(), &now, |_| None);
        assert_eq!(unknown, Freshness::Stale(vec![Change::Input]), "of a prompt that makes no sense all counts");
        assert_eq!(after(|now| now.model.clear()), Freshness::Current, "a model nobody knows is no other");
    }

    #[test]
    fn a_parameter_that_was_refused_is_no_difference_and_one_that_was_not_set_is() {
        let top_p = |own: Option<f64>, set: Option<f64>| {
            let params = |top_p| Params { top_p, ..Params::default() };
            let prompt = Arc::new(Prompt { params: params(set), ..(*source().prompt).clone() });
            let recorded = AnswerSource { prompt: Arc::clone(&prompt), ..source() };
            let sent = Params { top_p: own.or(set), ..source().sent };
            Freshness::of(&recorded, &AnswerSource { prompt, own: params(own), sent, ..source() }, asks)
        };
        assert_eq!(top_p(None, Some(0.5)), Freshness::Current, "the prompt set it, and the model refused it");
        assert_eq!(top_p(Some(0.5), None), Freshness::Stale(vec![Change::Params]), "the lane sets it now");
        let own = Params { top_p: Some(0.5), ..Params::default() };
        let lacks = AnswerSource { own: own.clone(), ..source() };
        let wants = AnswerSource { own, sent: Params { top_p: Some(0.5), ..source().sent }, ..source() };
        assert_eq!(Freshness::of(&lacks, &wants, asks), Freshness::Current, "the lane had set it, and it was refused");
        let refused = AnswerSource { sent: Params::default(), ..source() };
        assert_eq!(Freshness::of(&refused, &source(), asks), Freshness::Current, "the default temperature was refused");
        let more = AnswerSource { sent: Params { seed: Some(1), ..source().sent }, ..source() };
        assert_eq!(Freshness::of(&more, &source(), asks), Freshness::Stale(vec![Change::Params]), "a lane's own then");
    }
}
