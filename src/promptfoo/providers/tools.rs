//! The tools of a provider's `config`: definitions, in it or in files, and how the model chooses.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode, YamlTree},
    },
    model::{
        Tool, ToolChoice, ToolSet,
        error::StoreError,
        tool::{as_listed, read_list},
    },
    promptfoo::{File, nunjucks},
    text::suggest::quoted,
};

/// The types of tools that are the client's to run; any other is the vendor's own, and goes to it as it is.
const OWN: &[&str] = &["function", "custom"];

/// The definitions of a `config`.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    pub(crate) tools: Vec<Tool>,
    /// What the vendor runs itself, as it is written.
    pub(crate) foreign: Vec<Value>,
}

/// Reads the tools of a `config`, in it or in files; those that the vendor runs itself are kept apart.
pub(crate) fn read(file: &mut File<'_>, field: &YamlField) -> Result<Definitions, StoreError> {
    let mut found = Definitions::default();
    let mut rows = Vec::new();
    entries(file, &field.node, &mut rows)?;
    for (line, row) in rows {
        if nunjucks::is_template(&row.to_string()) {
            let what = format!("config.{}: a template is not filled in a tool; write what it comes to", field.key);
            return Err(file.error_at(line, what));
        }
        let foreign = row.get("type").and_then(Value::as_str).is_some_and(|kind| !OWN.contains(&kind));
        let read = if foreign { Vec::new() } else { read_list(&row) };
        if read.is_empty() {
            found.foreign.push(row);
            continue;
        }
        for tool in read {
            tool.validate().map_err(|(_, why)| file.error_at(line, format!("config.{}: {why}", field.key)))?;
            found.tools.push(tool);
        }
    }
    Ok(found)
}

fn entries(file: &mut File<'_>, node: &YamlNode, rows: &mut Vec<(usize, Value)>) -> Result<(), StoreError> {
    match &node.tree {
        YamlTree::List(items) => items.iter().try_for_each(|item| entries(file, item, rows)),
        YamlTree::Fields(_) => {
            rows.push((node.line, node.value()));
            Ok(())
        }
        YamlTree::One(_) => {
            let text = file.text(node, "tools")?.unwrap_or_default();
            let Some(name) = text.strip_prefix("file://") else {
                let what = format!("config.tools: expected a tool, or `file://` and a path, found {}", quoted(&text));
                return Err(file.error_at(node.line, what));
            };
            for path in file.files(node.line, name)? {
                if !is_data(&path) {
                    let what = format!(
                        "{}: tools made by a program are not supported; write them as JSON or YAML",
                        path.display()
                    );
                    return Err(file.error_at(node.line, what));
                }
                let Some(text) = file.open(node.line, &path)? else { continue };
                let other = file.other(&path);
                let tree = document::parse(&text).map_err(|error| other.error_at(error.line, error.what))?;
                match tree.value() {
                    Value::Array(all) => rows.extend(all.into_iter().map(|row| (node.line, row))),
                    one => rows.push((node.line, one)),
                }
                file.join(other);
            }
            Ok(())
        }
    }
}

fn is_data(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    ["json", "yaml", "yml"].contains(&ending.as_str())
}

/// Reads how the model chooses, in any vendor's way.
pub(crate) fn choice(file: &File<'_>, field: &YamlField) -> Result<ToolChoice, StoreError> {
    let value = field.node.value();
    let name = ["/function/name", "/name", "/functionCallingConfig/allowedFunctionNames/0"];
    let word = |value: &Value| value.as_str().map(str::to_lowercase);
    let kind = ["/type", "/mode", "/functionCallingConfig/mode"].iter().find_map(|at| word(value.pointer(at)?));
    let read = match (word(&value), name.iter().find_map(|at| value.pointer(at)?.as_str()), kind.as_deref()) {
        (Some(_), ..) => value.as_str().map(|text| ToolChoice::from(text.to_owned())),
        (None, Some(name), _) => Some(ToolChoice::Named(name.to_owned())),
        (None, None, Some("any" | "required")) => Some(ToolChoice::Required),
        (None, None, Some("auto" | "validated")) => Some(ToolChoice::Auto),
        (None, None, Some("none")) => Some(ToolChoice::None),
        (None, None, _) => None,
    };
    read.ok_or_else(|| {
        let what = format!("config.{}: expected auto, none, required, or the name of a tool", field.key);
        file.error_at(field.line, what)
    })
}

/// Writes tools into a `config`.
pub(crate) fn write(set: &ToolSet) -> Vec<(String, Value)> {
    let choice = |choice: &ToolChoice| match choice {
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => Value::from(choice.word()),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    };
    let tools = (!set.is_empty()).then(|| ("tools", set.tools.iter().map(as_listed).collect::<Value>()));
    let choice = set.choice.as_ref().map(|own| ("tool_choice", choice(own)));
    let parallel = set.parallel.map(|parallel| ("parallel_tool_calls", Value::from(parallel)));
    let all = tools.into_iter().chain(choice).chain(parallel);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}
