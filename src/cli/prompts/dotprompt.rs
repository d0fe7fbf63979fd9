//! dotprompt's files: YAML between two lines `---`, then a template. <https://google.github.io/dotprompt/reference/frontmatter/>

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{
    cli::prompts::{
        exchange::{ExportedPrompt, ReadPrompt},
        handlebars,
    },
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode, YamlTree},
        write as yaml,
    },
    model::{Format, Prompt, Response, Role, Tool, Turn},
    template,
};

/// What the API of Google's models is called there.
const GOOGLE: &[&str] = &["googleai", "vertexai"];

/// Writes a prompt's file. Fails with what there is no place for.
pub(crate) fn write(exported: &ExportedPrompt<'_>, lost: &mut Vec<String>) -> Result<String, Vec<String>> {
    let ExportedPrompt { name: _, prompt, target } = exported;
    let mut problems = Vec::new();
    let turns: Vec<Turn> = prompt.turns().into_iter().filter(|turn| !turn.muted).collect();
    let is_alone = turns.len() == 1 && turns.iter().all(|turn| turn.role == Role::User);
    let (mut body, mut defaults) = (String::new(), Map::new());
    for (place, turn) in turns.iter().enumerate() {
        let whose = format!("message {} ({})", place + 1, turn.role.name());
        let role = match turn.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "model",
            Role::Tool => {
                problems.push(format!("{whose}: the result of a tool"));
                continue;
            }
        };
        if !turn.tool_calls.is_empty() {
            problems.push(format!("{whose}: calls of tools"));
        }
        if turn.cache.is_some() {
            lost.push(format!("{whose}: its mark to be cached"));
        }
        if !is_alone {
            let _ = writeln!(body, "{{{{role \"{role}\"}}}}");
        }
        let (values, content) = given(&turn.content);
        for (name, value) in values {
            if defaults.get(&name).is_some_and(|known| *known != value) {
                problems.push(format!("{whose}: `{name}` has another value of its own than in a message before"));
            }
            defaults.insert(name, value);
        }
        match handlebars::write(content) {
            Ok(text) => body.push_str(&text),
            Err(code) => problems.extend(code.into_iter().map(|(line, code)| format!("{whose}, line {line}: {code}"))),
        }
        body.push('\n');
        for part in &turn.parts {
            match (part.variable(), part.own_path()) {
                (Some(variable), _) => {
                    let _ = writeln!(body, "{{{{media url={variable}}}}}");
                }
                (None, None) if !part.source.contains("{{") => {
                    let _ = writeln!(body, "{{{{media url=\"{}\"}}}}", part.source.trim());
                }
                (None, _) => problems.push(format!("{whose}: the {} `{}`", part.kind.name(), part.source)),
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut front = Map::new();
    let vendor = target.options.vendor.as_deref().unwrap_or(&target.provider);
    let vendor = if vendor == "gemini" { "googleai" } else { vendor };
    front.insert("model".to_owned(), format!("{vendor}/{}", target.model).into());
    if !prompt.description.is_empty() {
        front.insert("description".to_owned(), prompt.description.as_str().into());
    }
    front.insert("config".to_owned(), Value::Object(config(exported, lost)));
    let variables = template::asks_of(&turns).0;
    let fields = variables.names.iter().filter(|name| !name.contains('.')).map(|name| {
        let name = if variables.optional.contains(name) { format!("{name}?") } else { name.clone() };
        (name, "any".into())
    });
    let fields: Map<String, Value> = fields.collect();
    if !fields.is_empty() {
        let mut input = Map::new();
        if !defaults.is_empty() {
            input.insert("default".to_owned(), Value::Object(defaults));
        }
        input.insert("schema".to_owned(), Value::Object(fields));
        front.insert("input".to_owned(), Value::Object(input));
    }
    let Response { format, schema, .. } = prompt.expected();
    if format != Format::Text {
        let mut output = Map::new();
        output.insert("format".to_owned(), "json".into());
        output.extend(schema.map(|schema| ("schema".to_owned(), schema)));
        front.insert("output".to_owned(), Value::Object(output));
    }
    if !prompt.tools.is_empty() {
        front.insert("tools".to_owned(), prompt.tools.iter().map(|tool| tool.name.as_str()).collect());
        lost.push(
            "the descriptions and the parameters of tools: a dotprompt names them, and the program has them".to_owned(),
        );
    }
    if prompt.tool_choice.is_some() || prompt.parallel_tool_calls.is_some() || prompt.max_rounds.is_some() {
        lost.push("how tools are chosen".to_owned());
    }
    Ok(format!("---\n{}---\n{body}", yaml::write(&Value::Object(front))))
}

fn config(exported: &ExportedPrompt<'_>, lost: &mut Vec<String>) -> Map<String, Value> {
    let params = exported.params();
    if params.reasoning_effort.is_some() {
        lost.push("reasoning_effort".to_owned());
    }
    let set = [
        ("temperature", params.temperature.map(Value::from)),
        ("topP", params.top_p.map(Value::from)),
        ("maxOutputTokens", params.max_tokens.map(Value::from)),
        ("stopSequences", (!params.stop.is_empty()).then(|| json!(params.stop))),
        ("seed", params.seed.map(Value::from)),
    ];
    let set = set.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    set.chain(params.extra).collect()
}

/// What begins and what ends a line that gives a variable a value of its own.
const SET: &str = "{% set ";
const END: &str = ") %}\n";

/// Reads off the beginning of a message which variables have values of their own there; returns the rest as well.
fn given(mut content: &str) -> (Vec<(String, Value)>, &str) {
    let mut values = Vec::new();
    while let Some(line) = content.strip_prefix(SET)
        && let Some((words, rest)) = line.split_once(END)
        && let Some((name, value)) = words.split_once(" = ")
        && let Some(value) = value.strip_prefix(name).and_then(|value| value.strip_prefix(" | default("))
        && let Ok(value) = serde_json::from_str(value)
    {
        values.push((name.to_owned(), value));
        content = rest;
    }
    (values, content)
}

/// Gives variables values of their own in each message that names them. Fails with those that nothing names, or a source of
/// a picture, where a value has no place.
fn give(values: Map<String, Value>, prompt: &mut Prompt) -> Result<(), Vec<String>> {
    let mut turns = prompt.turns();
    let names_of = |turn: &Turn| template::asks(&turn.content).names;
    let mut bad = Vec::new();
    for (name, value) in values.into_iter().rev() {
        let is_own = |own: &String| *own == name || own.starts_with(&format!("{name}."));
        let mut is_named = false;
        for turn in &mut turns {
            if turn.parts.iter().any(|part| template::asks(&part.source).names.iter().any(is_own)) {
                bad.push(format!("`input.default.{name}`: the address of a picture has no value of its own here"));
            }
            if names_of(turn).iter().any(is_own) {
                is_named = true;
                turn.content = format!("{SET}{name} = {name} | default({value}{END}{}", turn.content);
            }
        }
        if !is_named {
            bad.push(format!("`input.default.{name}`: no message names it"));
        }
    }
    prompt.user = String::new();
    prompt.set_turns(turns);
    if bad.is_empty() { Ok(()) } else { Err(bad) }
}

/// Reads a tool: its name, or what it is. Tells whether it is only named.
fn tool(value: &Value) -> Option<(Tool, bool)> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let named = value.as_str();
    let name = named.or_else(|| text("name"))?.to_owned();
    let parameters = ["inputSchema", "parameters"].iter().find_map(|key| value.get(*key).cloned());
    let description = text("description").unwrap_or_default().to_owned();
    let tool = Tool { name, description, parameters, strict: false, cache: None, result: None };
    tool.validate().is_ok().then_some((tool, named.is_some()))
}

/// Reads a file; partials are found by their names. Fails with what a prompt cannot carry, each with its line.
pub(crate) fn read(text: &str, partials: handlebars::Partials<'_>) -> Result<ReadPrompt, Vec<String>> {
    let text = text.replace("\r\n", "\n");
    let mut read = ReadPrompt::default();
    let (mut problems, mut values) = (Vec::new(), Map::new());
    let (front, body, first) = divided(&text).map_err(|words| vec![words])?;
    if let Some((front, line)) = front {
        let node =
            document::parse(front).map_err(|error| vec![format!("line {}: {}", error.line + line, error.what)])?;
        front_matter(&node, line, &mut read, &mut problems);
        for field in fields(&node).iter().filter(|field| field.key == "input") {
            if let Some(Value::Object(own)) = field.node.value().get_mut("default").map(Value::take) {
                values = own.into_iter().filter(|(_, value)| !value.is_null()).collect();
            }
        }
    }
    match handlebars::read(body, first, partials) {
        Ok(turns) => {
            read.prompt.user = String::new();
            read.prompt.set_turns(turns);
            if let Err(bad) = give(values, &mut read.prompt) {
                problems.extend(bad);
            }
        }
        Err(bad) => problems.extend(bad),
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// What stands between the lines `---` and how many lines are above it; the rest, and the number of its first line.
type Divided<'a> = (Option<(&'a str, usize)>, &'a str, usize);

/// Cuts a file in two.
fn divided(text: &str) -> Result<Divided<'_>, String> {
    let mut above = 0;
    let mut rest = text;
    // A licence may stand above, in lines of comment.
    while rest.starts_with('#') || rest.starts_with('\n') {
        let (_, after) = rest.split_once('\n').unwrap_or_default();
        rest = after;
        above += 1;
    }
    let Some(front) = rest.strip_prefix("---\n") else { return Ok((None, text, 1)) };
    let end = if front.starts_with("---\n") { Some(0) } else { front.find("\n---\n").map(|at| at + 1) };
    let end = end.or_else(|| front.ends_with("\n---").then(|| front.len() - 3));
    let Some(end) = end else { return Err(format!("line {}: `---` is not closed by another", above + 1)) };
    let (front, body) = front.split_at(end);
    let lines = front.matches('\n').count();
    Ok((Some((front, above + 1)), body.get(4..).unwrap_or_default(), above + lines + 3))
}

fn fields(node: &YamlNode) -> &[YamlField] {
    match &node.tree {
        YamlTree::Fields(fields) => fields,
        YamlTree::One(_) | YamlTree::List(_) => &[],
    }
}

fn front_matter(node: &YamlNode, above: usize, read: &mut ReadPrompt, problems: &mut Vec<String>) {
    let at = |field: &YamlField| field.line + above;
    for field in fields(node) {
        let value = field.node.value();
        match (field.key.as_str(), &value) {
            (_, Value::Null) => {}
            ("name", Value::String(name)) => read.name.clone_from(name),
            ("description", Value::String(text)) => read.prompt.description.clone_from(text),
            ("model", Value::String(model)) => {
                let model = match model.split_once('/') {
                    Some((vendor, model)) if GOOGLE.contains(&vendor) => format!("gemini/{model}"),
                    _ => model.clone(),
                };
                read.prompt.targets = vec![model];
            }
            ("config", Value::Object(_)) => {
                for field in fields(&field.node) {
                    if let Err(words) = configure(&field.key, &field.node.value(), &mut read.prompt) {
                        problems.push(format!("line {}: `config.{}` {words}", at(field), field.key));
                    }
                }
            }
            ("input", Value::Object(_)) => {
                for field in fields(&field.node) {
                    match field.key.as_str() {
                        "schema" => read.left_out.push("`input.schema`: values have no types here".to_owned()),
                        "default"
                            if matches!(field.node.value(), Value::Object(values)
                                if values.values().all(|value| value.is_null() || writable(value))) => {}
                        key => problems.push(format!("line {}: `input.{key}` has no place in a prompt", at(field))),
                    }
                }
            }
            ("output", Value::Object(_)) => {
                if let Err(words) = output(&field.node, above, &mut read.prompt) {
                    problems.push(words);
                }
            }
            ("version" | "variant" | "metadata", _) => read.left_out.push(format!("`{}`", field.key)),
            ("tools", Value::Array(tools)) if tools.is_empty() => {}
            ("tools", Value::Array(all)) if all.iter().all(|value| tool(value).is_some()) => {
                let (tools, named): (Vec<Tool>, Vec<bool>) = all.iter().filter_map(tool).unzip();
                let only: Vec<&str> =
                    tools.iter().zip(named).filter(|(_, named)| *named).map(|(tool, _)| tool.name.as_str()).collect();
                if !only.is_empty() {
                    read.left_out.push(format!(
                        "what the tools {} are: a dotprompt names them alone; `retort prompts tools` takes in the rest",
                        only.join(", ")
                    ));
                }
                read.prompt.tools = tools;
            }
            (key, _) => problems.push(format!("line {}: `{key}` has no place in a prompt", at(field))),
        }
    }
}

/// Tells whether a value can be written into a template as it is.
fn writable(value: &Value) -> bool {
    match value {
        // In a template nothing is written so.
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.contains("%}") && !text.contains("{%"),
        Value::Array(items) => items.iter().all(writable),
        Value::Object(fields) => fields.iter().all(|(name, value)| !name.contains(['%', '{']) && writable(value)),
    }
}

fn configure(name: &str, value: &Value, prompt: &mut Prompt) -> Result<(), &'static str> {
    let params = &mut prompt.params;
    match (name, value) {
        (_, Value::Null) => {}
        ("temperature", Value::Number(number)) => params.temperature = number.as_f64(),
        ("topP", Value::Number(number)) => params.top_p = number.as_f64(),
        ("maxOutputTokens", Value::Number(number)) => params.max_tokens = number.as_u64(),
        ("seed", Value::Number(number)) => params.seed = number.as_i64(),
        ("stopSequences", Value::Array(stops)) => {
            params.stop = stops.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        ("temperature" | "topP" | "maxOutputTokens" | "seed" | "stopSequences", _) => return Err("has no such value"),
        ("model" | "messages" | "n" | "stream" | "stream_options" | "prompt" | "input" | "system" | "version", _) => {
            return Err("is set by retort itself");
        }
        (_, value) => drop(params.extra.insert(name.to_owned(), value.clone())),
    }
    Ok(())
}

fn output(node: &YamlNode, above: usize, prompt: &mut Prompt) -> Result<(), String> {
    let mut response = Response::default();
    for field in fields(node) {
        let line = field.line + above;
        match (field.key.as_str(), field.node.value()) {
            ("format", Value::String(format)) => {
                response.format = match format.as_str() {
                    "json" => Format::Json,
                    "text" => Format::Text,
                    other => return Err(format!("line {line}: `output.format` is `{other}`: json and text are known")),
                };
            }
            ("schema", _) => {
                let schema =
                    schema(&field.node, false).map_err(|(own, words)| format!("line {}: {words}", own + above))?;
                response.schema = Some(schema);
            }
            (key, _) => return Err(format!("line {line}: `output.{key}` has no place in a prompt")),
        }
    }
    if response.schema.is_some() {
        response.format = Format::Schema;
    }
    prompt.response = response;
    Ok(())
}

/// Makes a JSON Schema of a Picoschema, or takes one as it is. Fails with a line and words.
///
/// <https://google.github.io/dotprompt/reference/picoschema/>
fn schema(node: &YamlNode, optional: bool) -> Result<Value, (usize, String)> {
    let value = node.value();
    let typed = |kind: &str, words: Option<&str>| {
        let mut own = Map::new();
        match kind {
            "any" => {}
            kind if optional => drop(own.insert("type".to_owned(), json!([kind, "null"]))),
            kind => drop(own.insert("type".to_owned(), kind.into())),
        }
        own.extend(words.map(|words| ("description".to_owned(), words.trim().into())));
        Value::Object(own)
    };
    match &value {
        Value::String(text) => {
            let (kind, words) = text.split_once(',').map_or((text.as_str(), None), |(kind, words)| (kind, Some(words)));
            match kind.trim() {
                known @ ("string" | "boolean" | "null" | "number" | "integer" | "any") => Ok(typed(known, words)),
                other => Err((node.line, format!("`{other}` is no type of a schema"))),
            }
        }
        Value::Object(own) => {
            let is_json = own.get("type").is_some_and(|kind| {
                matches!(kind.as_str(), Some("string" | "boolean" | "null" | "number" | "integer" | "object" | "array"))
            });
            if is_json || own.get("properties").is_some_and(Value::is_object) {
                return Ok(value.clone());
            }
            object(node)
        }
        _ => Err((node.line, "a schema is a type or fields with their types".to_owned())),
    }
}

fn object(node: &YamlNode) -> Result<Value, (usize, String)> {
    let (mut properties, mut required, mut more) = (Map::new(), Vec::new(), Value::Bool(false));
    for field in fields(node) {
        if field.key == "(*)" {
            more = schema(&field.node, false)?;
            continue;
        }
        let (key, about) = match field.key.split_once('(') {
            Some((key, about)) => (key, Some(about.trim_end_matches(')'))),
            None => (field.key.as_str(), None),
        };
        let (name, optional) = key.strip_suffix('?').map_or((key, false), |name| (name, true));
        let (kind, words) = about.map_or((None, None), |about| {
            about
                .split_once(',')
                .map_or((Some(about.trim()), None), |(kind, words)| (Some(kind.trim()), Some(words.trim())))
        });
        let mut own = match kind {
            None => schema(&field.node, optional)?,
            Some("object") => object(&field.node)?,
            Some("array") => json!({ "type": "array", "items": schema(&field.node, false)? }),
            Some("enum") => {
                let mut values = field.node.value();
                if let Some(values) = values.as_array_mut().filter(|_| optional) {
                    values.push(Value::Null);
                }
                json!({ "enum": values })
            }
            Some(other) => return Err((field.line, format!("`({other})` is no kind of a field: array, object, enum"))),
        };
        if let (Some(own), Some(words)) = (own.as_object_mut(), words) {
            own.insert("description".to_owned(), words.into());
        }
        if !optional {
            required.push(Value::from(name));
        }
        properties.insert(name.to_owned(), own);
    }
    Ok(json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": more }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "---\nmodel: googleai/gemini-2.5-flash\nconfig:\n  temperature: 0.5\n  maxOutputTokens: 100\ninput:\n  schema:\n    name: string\n\
        output:\n  format: json\n  schema:\n    mood(enum, how it sounds): [good, bad]\n    why?: string, the reason\n    tags(array): string\n---\n\
        {{role \"system\"}}\nYou label messages for {{name}}. Braces: \\{{x}}\n{{#each examples as |e|}}\n- {{e.text}}{{#if e.label}}: {{e.label}}{{/if}}\n{{/each}}\n\
        {{role \"user\"}}\n{{! no word of it }}{{message}} {{media url=photo}}\n";

    /// No partial is there.
    fn nobody(_name: &str) -> Result<String, String> {
        Err("is not there".to_owned())
    }

    #[test]
    fn a_file_becomes_a_prompt_that_says_the_same() {
        let ReadPrompt { prompt, left_out, .. } = read(FILE, &nobody).unwrap();
        assert_eq!(prompt.targets, ["gemini/gemini-2.5-flash"]);
        assert_eq!((prompt.params.temperature, prompt.params.max_tokens), (Some(0.5), Some(100)));
        assert_eq!(left_out.len(), 1, "{left_out:?}");
        let schema = prompt.response.schema.clone().unwrap();
        assert_eq!(schema["required"], json!(["mood", "tags"]));
        assert_eq!(schema["properties"]["mood"], json!({"enum": ["good", "bad"], "description": "how it sounds"}));
        assert_eq!(schema["properties"]["why"], json!({"type": ["string", "null"], "description": "the reason"}));
        let mut input = crate::model::Input::default();
        input.vars.insert("name".to_owned(), "Parcelo".into());
        let examples = "[{\"text\": \"a\", \"label\": \"x\"}, {\"text\": \"b\"}]".to_owned();
        input.vars.insert("examples".to_owned(), crate::model::VarValue::Json(examples));
        let filled = template::fill(&prompt.system, &input, &mut template::FillBudget::new(0, &input)).unwrap();
        assert_eq!(filled, "You label messages for Parcelo. Braces: {{x}}\n- a: x\n- b\n");
        assert_eq!(prompt.turns()[1].parts[0].source, "{{ photo }}");
    }

    #[test]
    fn what_cannot_be_carried_is_named_by_its_line() {
        let file = "---\nmodel: a/b\ntools: [7]\ninput:\n  default: {a: [null]}\nfoo: 1\n---\n{{>partial}}\n{{history}}\n{{#if a}}{{role \"user\"}}{{/if}}\n";
        let problems = read(file, &nobody).unwrap_err().join("\n");
        for words in [
            "line 3: `tools`",
            "line 5: `input.default`",
            "line 6: `foo`",
            "line 8: `{{>partial}}`",
            "line 9: `{{history}}`",
            "line 10: `{{role \"user\"}}`",
        ] {
            assert!(problems.contains(words), "{words}: {problems}");
        }
    }
}
