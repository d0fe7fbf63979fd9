//! A stored prompt, asked by its name: `prompt:NAME`, or `prompt:NAME@VERSION` for one of its versions.
//!
//! The program gives the input, as its one message, and the variables; all else is the prompt's.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    model::{
        Input, Params, Part, PartFolders, PartRoot, Prompt, Role, RunRequest, ToolSet, VarValue, Wire,
        error::{StoreError, StoreErrorKind},
    },
    serve::{
        SESSION, ServeState,
        asking::{judges, with_fallback},
        question::ProgramQuestion,
        refusal::ServeRefusal,
    },
    store::{
        api::{Lineage, StoreReply, StoreRequest, VersionEntry},
        prompts,
    },
};

/// Versions of a prompt that are looked through, at most.
const MOST: usize = 10_000;

/// The longest name that is looked for, in bytes.
const LONGEST: usize = 200;

/// Makes the request of a stored prompt.
pub(crate) async fn request(
    state: &ServeState,
    named: &str,
    question: &ProgramQuestion,
    fields: &Map<String, Value>,
) -> Result<RunRequest, ServeRefusal> {
    let (name, version) = named.split_once('@').map_or((named, None), |(name, version)| (name, Some(version)));
    let prompt = find(state, name, version).await?;
    let (input, params) = given(question, fields, &prompt)?;
    let workspace = &state.workspace;
    let model = prompt.targets.first().unwrap_or(&workspace.settings.default_model);
    let first = workspace.catalog.resolve(model);
    let first = first.map_err(|error| ServeRefusal::new(500, format!("the prompt `{name}`: {error}")))?;
    // It is written in whatever wire each of its targets speaks.
    let targets = with_fallback(state, Wire::Demo, first, &prompt.fallback)?;
    let judges = judges(state, &prompt.checks)?;
    Ok(RunRequest {
        prompt_name: Some(name.to_owned()),
        prompt: Arc::new(prompt),
        params,
        input,
        targets,
        cache: state.cache,
        commit: crate::model::Commit::Buffered,
        sample: 0,
        session: Some(SESSION.to_owned()),
        parent: None,
        checks: Vec::new(),
        min_score: None,
        judges,
        folders: PartFolders { prompt: None, input: Some(nowhere(state)) },
        cell: None,
        trace: None,
    })
}

/// The folder in which files are looked for that a program names by a variable: there is none, and no other is read.
fn nowhere(state: &ServeState) -> PartRoot {
    PartRoot { path: state.workspace.places.state.join("no-files"), fenced: true, ..PartRoot::default() }
}

async fn find(state: &ServeState, name: &str, version: Option<&str>) -> Result<Prompt, ServeRefusal> {
    let told = |error: StoreError| {
        let known = matches!(error.kind, StoreErrorKind::Wrong | StoreErrorKind::Renamed(_));
        ServeRefusal {
            code: known.then_some("model_not_found"),
            ..ServeRefusal::new(if known { 404 } else { 500 }, error.message)
        }
    };
    let size = name.len() + version.map_or(0, str::len);
    if size > LONGEST || name.chars().chain(version.unwrap_or_default().chars()).any(char::is_control) {
        return Err(ServeRefusal::new(404, "there is no prompt of that name"));
    }
    let present = prompts::read(&state.workspace.places, name).map_err(told)?;
    let Some(version) = version else { return Ok(present) };
    let of = Lineage::Prompt(name.to_owned());
    let found = match state.store.ask(StoreRequest::ListVersions { of, limit: MOST }).await.map_err(told)? {
        StoreReply::Versions(found) => found,
        _ => Vec::new(),
    };
    let entry = VersionEntry::pick(&found, name, version).map_err(told)?;
    let Prompt { description, targets, fallback, .. } = present;
    Ok(Prompt { description, targets, fallback, ..entry.prompt.clone() })
}

/// Reads what a program gives to a prompt. What would have no effect, as the prompt decides it, is refused.
fn given(
    question: &ProgramQuestion,
    fields: &Map<String, Value>,
    prompt: &Prompt,
) -> Result<(Input, Params), ServeRefusal> {
    let refused = |field: &str, why: &str| {
        Err(ServeRefusal { param: Some(field.to_owned()), ..ServeRefusal::new(400, format!("`{field}`: {why}")) })
    };
    let own = "the stored prompt decides that";
    if let Some(field) = question.left.iter().find(|field| *field != "variables") {
        return refused(field, own);
    }
    let Params { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra: _ } = &question.params;
    let set = [
        ("temperature", temperature.is_some()),
        ("top_p", top_p.is_some()),
        ("stop", !stop.is_empty()),
        ("seed", seed.is_some()),
        ("reasoning_effort", reasoning_effort.is_some()),
        ("tools", question.tools != ToolSet::default()),
        ("response_format", question.response.schema.is_some()),
    ];
    if let Some((field, _)) = set.into_iter().find(|(_, set)| *set) {
        return refused(field, own);
    }
    let [message] = question.messages.as_slice() else {
        return refused("messages", "a stored prompt is given one message of the user, which is its input");
    };
    if message.role != Role::User {
        return refused("messages", "a stored prompt is given one message of the user, which is its input");
    }
    let parts = message
        .attachments
        .iter()
        .map(|attachment| Part { source: attachment.uri().into_owned(), ..attachment.part() });
    let vars = match fields.get("variables") {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(Value::Object(values)) => values
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::String(text) => VarValue::Text(text.clone()),
                    other => VarValue::Json(other.to_string()),
                };
                (name.clone(), value)
            })
            .collect(),
        Some(_) => return refused("variables", "they are an object: a value for each name"),
    };
    let input = Input { text: message.content.clone(), vars, parts: parts.collect() };
    // Anthropic's API has every request limited; the prompt's own limit is the one that was tried.
    let limit = max_tokens.filter(|_| prompt.params.max_tokens.is_none());
    Ok((input, Params { max_tokens: limit, ..Params::default() }))
}
