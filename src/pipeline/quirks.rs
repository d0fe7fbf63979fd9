//! What models were seen to refuse, and what a refusal teaches: the request is corrected once, and counts for later runs when the
//! request that heeds it is taken.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Mutex as AsyncMutex;

use crate::{
    model::{
        CallError, ErrorKind, Role, Target, Wire,
        model_card::JsonSupport,
        quirk::{KnownQuirks, ModelPlace, ModelQuirk, limit_name},
        target_settings::SystemRole,
    },
    pipeline::{
        ports::{MemoryVersion, QuirkMemory},
        prepare,
        prepare::PreparedRequest,
    },
    provider::{WireFormat, classify::refusals},
};

/// What is known of models, by all runs of the program.
#[derive(Debug, Default)]
pub(crate) struct ModelQuirks {
    read: AsyncMutex<LastRead>,
    known: Mutex<Known>,
}

/// How far what is remembered was read.
#[derive(Debug, Default)]
struct LastRead {
    /// Whether it was read at all.
    done: bool,
    /// The state it had then.
    version: Option<MemoryVersion>,
}

#[derive(Debug, Default)]
struct Known {
    all: KnownQuirks,
    /// Those of this run of the program alone, which are not remembered.
    passing: Vec<(ModelPlace, ModelQuirk)>,
}

impl ModelQuirks {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what other runs of the program have learnt, the first time it is called and whenever that has changed.
    pub(crate) async fn read(&self, memory: &dyn QuirkMemory, now: Timestamp) {
        let mut read = self.read.lock().await;
        let version = memory.version();
        if read.done && read.version == version {
            return;
        }
        let mut all: KnownQuirks = memory.known(now).await.into_iter().collect();
        let mut known = self.known();
        for (place, quirk) in &known.passing {
            all.add(place.clone(), quirk.clone());
        }
        known.all = all;
        *read = LastRead { done: true, version };
    }

    /// Adds a quirk, in the place of one about the same thing; `lasting` where it is remembered as well.
    pub(crate) fn add(&self, place: ModelPlace, quirk: ModelQuirk, lasting: bool) {
        let mut known = self.known();
        if !lasting {
            known.passing.retain(|(own, other)| *own != place || !quirk.is_about_the_same(other));
            known.passing.push((place.clone(), quirk.clone()));
        }
        known.all.add(place, quirk);
    }

    /// Lists what is known of a target's model.
    pub(crate) fn of(&self, target: &Target) -> Vec<ModelQuirk> {
        self.known().all.of(target)
    }

    /// Copies the quirks of every model, for a reader outside the pipeline.
    pub(crate) fn all(&self) -> KnownQuirks {
        self.known().all.clone()
    }
}

/// What a refusal teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewQuirk {
    pub quirk: ModelQuirk,
    /// Whether it will be so in the next run of the program too: a value that was refused may be another one then.
    pub lasting: bool,
    /// The words of the refusal.
    pub message: String,
}

/// Reads what a refusal teaches of a target that was sent `sent`, after what refusals of the same request taught `before`;
/// `None` if it names nothing that can be asked for otherwise, or only what was taught before.
pub(crate) fn quirk_of(
    error: &CallError,
    target: &Target,
    sent: &PreparedRequest,
    before: &[NewQuirk],
) -> Option<NewQuirk> {
    let param = error.param.as_deref()?;
    let quirk = if error.class == ErrorKind::ModelGone && param == refusals::WIRE {
        (target.kind == Wire::OpenAi && target.options.path.is_none()).then_some(ModelQuirk::ResponsesOnly)
    } else if error.class == ErrorKind::ParamRejected {
        of_param(param, error, target, sent, before)
    } else {
        None
    }?;
    if before.iter().any(|new| new.quirk == quirk) {
        return None;
    }
    let lasting = match &quirk {
        ModelQuirk::NoParam(_) | ModelQuirk::Json(JsonSupport::None | JsonSupport::Object | JsonSupport::Schema) => {
            refusals::is_lasting(&error.message)
        }
        ModelQuirk::Json(JsonSupport::SchemaOnly)
        | ModelQuirk::NoStream
        | ModelQuirk::NoStreamOptions
        | ModelQuirk::NoSystemRole
        | ModelQuirk::CompletionTokens(_)
        | ModelQuirk::MaxTokens(_)
        | ModelQuirk::ResponsesOnly => true,
    };
    Some(NewQuirk { quirk, lasting, message: error.message.clone() })
}

/// Reads what the refusal of a parameter teaches.
fn of_param(
    param: &str,
    error: &CallError,
    target: &Target,
    sent: &PreparedRequest,
    before: &[NewQuirk],
) -> Option<ModelQuirk> {
    let options = &target.options;
    let streams = target.kind.is_http() && !options.whole;
    let unsent = |name: &str| options.drop.iter().any(|dropped| dropped == name);
    match param {
        "stream" => streams.then_some(ModelQuirk::NoStream),
        "stream_options" if streams && target.kind == Wire::OpenAi && !unsent("stream_options") => {
            Some(ModelQuirk::NoStreamOptions)
        }
        "system" => {
            let spoken = sent.messages.iter().any(|message| message.role == Role::System);
            (spoken && options.system == SystemRole::Keep).then_some(ModelQuirk::NoSystemRole)
        }
        "response_format" => less_json(&sent.format, error).map(ModelQuirk::Json),
        "max_tokens" | "max_completion_tokens" => token_limit(param, error, target, sent, before),
        other => prepare::droppable(sent, other).then(|| ModelQuirk::NoParam(other.to_owned())),
    }
}

/// The next way down to ask for JSON: by a schema, as an object, in words.
fn less_json(format: &WireFormat, error: &CallError) -> Option<JsonSupport> {
    match format {
        WireFormat::JsonSchema(_) => Some(JsonSupport::Object),
        WireFormat::JsonObject if error.message.contains("json_schema") => Some(JsonSupport::SchemaOnly),
        WireFormat::JsonObject => Some(JsonSupport::None),
        WireFormat::Text => None,
    }
}

/// What the refusal of a token limit teaches: a lower one is taken, or it goes by its other name. It is lowered once and
/// renamed once; refused again, it is left out.
fn token_limit(
    param: &str,
    error: &CallError,
    target: &Target,
    sent: &PreparedRequest,
    before: &[NewQuirk],
) -> Option<ModelQuirk> {
    let corrected = |about: &ModelQuirk| before.iter().any(|new| new.quirk.is_about_the_same(about));
    // Without a limit of the user's a wire may send one of its own.
    let wanted = sent.params.max_tokens.unwrap_or(u64::MAX);
    let lower = refusals::most_tokens(&error.message).filter(|most| *most < wanted).map(ModelQuirk::MaxTokens);
    if let Some(lower) = lower.filter(|lower| !corrected(lower)) {
        return Some(lower);
    }
    sent.params.max_tokens?;
    let leave_out = || Some(ModelQuirk::NoParam("max_tokens".to_owned()));
    // A limit that the settings or the vendor's row rename has the name it is to have.
    let named = ["max_tokens", "max_completion_tokens"].iter().any(|name| target.options.rename.contains_key(*name));
    if !target.kind.info().two_token_limits || named {
        return leave_out();
    }
    let completion = target.card.completion_tokens;
    let (name, other) = (limit_name(completion), limit_name(!completion));
    // A server that knows the new name says so; one that does not know it was made before it.
    let known = error.message.contains(other) || (completion && param == name);
    let renamed = ModelQuirk::CompletionTokens(!completion);
    if known && !corrected(&renamed) { Some(renamed) } else { leave_out() }
}

/// Returns a target as it is to be asked by what is known of it.
pub(crate) fn corrected(mut target: Target, quirks: &[ModelQuirk]) -> Target {
    for quirk in quirks {
        quirk.apply(&mut target);
    }
    target
}

/// Says what of a request is sent otherwise than it was asked for, where fitting it did not say it.
pub(crate) fn notices<'a>(
    quirks: &'a [ModelQuirk],
    target: &'a Target,
    prepared: &'a PreparedRequest,
) -> impl Iterator<Item = String> + 'a {
    let spoken = prepared.messages.iter().any(|message| message.role == Role::System);
    let worded = quirks.iter().filter(move |quirk| spoken || **quirk != ModelQuirk::NoSystemRole);
    worded.filter_map(|quirk| quirk.known_notice(&target.model))
}
