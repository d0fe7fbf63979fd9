//! What a provider of a config asks for: the host its requests go to, and the variables that go with them.

use serde_json::Value;

use crate::store::{
    job::StoreFault,
    mistake::quoted,
    promptfoo::{SuiteTarget, fields::File, nunjucks},
    trust::{Access, Host},
};

/// Notes where a target's requests go, and which variables go with them.
pub(super) fn note(
    file: &File<'_>,
    target: &SuiteTarget,
    address: usize,
    sent: Vec<(usize, String)>,
) -> Result<(), StoreFault> {
    let Some(kind) = target.model.as_ref().map(|(kind, _)| *kind) else { return Ok(()) };
    let Some(url) = target.base_url.as_deref().or(kind.default_base_url()) else { return Ok(()) };
    let host = Host::of(url).map_err(|why| file.fault(address, format!("the address {}: {why}", quoted(url))))?;
    file.ask(address, Access::Reach { host: host.origin().to_owned() });
    for (line, variable) in sent {
        file.ask(line, Access::SendVariable { variable, host: host.origin().to_owned() });
    }
    Ok(())
}

/// Tells whether a value has a text in it that promptfoo would fill from the environment.
pub(super) fn templates(value: &Value) -> bool {
    match value {
        Value::String(text) => nunjucks::is_template(text) && text.contains("env"),
        Value::Array(items) => items.iter().any(templates),
        Value::Object(fields) => fields.values().any(templates),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
