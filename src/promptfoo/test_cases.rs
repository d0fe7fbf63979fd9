//! The tests of a config: variables, assertions, and the files that hold more of them.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode, YamlTree},
    },
    eval::check::{
        promptfoo,
        promptfoo::rubric_prompt::{RubricPrompt, STEP_KEYS, takes_prompt},
        transform::AnswerPart,
    },
    model::{Check, CheckKind, CheckProgram, MediaType, TextService, Turn, VarValue, error::StoreError},
    promptfoo::{File, Test, Tests, ending, nunjucks, plain, prompts, prompts::PROGRAMS, providers},
    template::conversation::EARLIER,
    text::{json::ExactJson, suggest::quoted},
};

const KEYS: &[&str] = &["description", "vars", "assert", "threshold", "metadata", "options", "assertScoringFunction"];

/// Keys of promptfoo's tests that would change what a test means.
const NOT_HERE: &[&str] = &["provider", "providers", "prompts", "providerOutput"];

const OPTIONS: &[&str] = &[
    "provider",
    "prefix",
    "suffix",
    "runSerially",
    "disableVarExpansion",
    "disableConversationVar",
    "transform",
    "postprocess",
    "rubricPrompt",
];

/// Options that have no effect here.
const OPTIONS_IGNORED: &[&str] = &["runSerially", "factuality", "providers"];

/// Options that would change what a test means.
const OPTIONS_NOT_HERE: &[&str] = &["transformVars", "storeOutputAs", "disableDefaultAsserts"];

pub(crate) fn read(file: &mut File<'_>, node: &YamlNode) -> Result<Vec<Tests>, StoreError> {
    let entries: Vec<&YamlNode> = match &node.tree {
        YamlTree::List(items) => items.iter().collect(),
        YamlTree::One(ExactJson::Null) => Vec::new(),
        _ => vec![node],
    };
    let mut all = Vec::new();
    for entry in entries {
        if let YamlTree::Fields(_) = entry.tree {
            if let Some(path) = entry.get("path") {
                file.fields(entry, "a file of tests", &["path"])?;
                all.extend(files(file, path)?);
            } else {
                let test = test(file, entry, false)?;
                all.push(Tests::Inline(Box::new(test)));
            }
        } else {
            all.extend(files(file, entry)?);
        }
    }
    Ok(all)
}

fn files(file: &File<'_>, node: &YamlNode) -> Result<Vec<Tests>, StoreError> {
    let name = file.text(node, "tests")?.unwrap_or_default();
    let path = name.strip_prefix("file://").unwrap_or(&name);
    if path.contains("://") {
        return Err(file.error_at(
            node.line,
            format!("{}: nothing is fetched; download it first, and write the name of the file", quoted(&name)),
        ));
    }
    let mut found = Vec::new();
    for path in file.files(node.line, path)? {
        let Some(real) = file.rows(node.line, &path) else { continue };
        if !["csv", "tsv", "jsonl", "ndjson", "json", "yaml", "yml"].contains(&ending(&path).as_str()) {
            let what = format!("{}: tests are read from .csv, .tsv, .jsonl, .json and .yaml files", path.display());
            return Err(file.error_at(node.line, what));
        }
        if !real.is_file() {
            return Err(file.error_at(node.line, format!("there is no file {}", path.display())));
        }
        found.push(Tests::File(real));
    }
    Ok(found)
}

/// Reads `defaultTest`, which may be a file.
pub(crate) fn default(file: &mut File<'_>, node: &YamlNode) -> Result<Test, StoreError> {
    if let YamlTree::One(ExactJson::Text(name)) = &node.tree {
        let path = file.beside(name.trim_start_matches("file://"));
        let Some(text) = file.open(node.line, &path)? else { return Ok(Test::default()) };
        let mut other = file.other(&path);
        let tree = document::parse(&text).map_err(|error| other.error_at(error.line, error.what))?;
        let found = test(&mut other, &tree, true)?;
        file.join(other);
        return Ok(found);
    }
    test(file, node, true)
}

/// Tests that scenarios come to, at most.
const MOST_TESTS: usize = 100_000;

/// The key of a test's metadata that names its conversation.
const CONVERSATION: &str = "conversationId";

/// Reads scenarios, whose tests are each a `conversation` of their own where a prompt goes on with one: each of a scenario's tests once for each entry of its `config`, which a test's own variables and
/// words go over and whose assertions come before the test's. The `options` of an entry have no effect, as with promptfoo.
pub(crate) fn scenarios(file: &mut File<'_>, node: &YamlNode, conversations: bool) -> Result<Vec<Tests>, StoreError> {
    let YamlTree::List(entries) = &node.tree else {
        return if node.is_null() { Ok(Vec::new()) } else { Err(file.wrong(node, "scenarios", "a list of scenarios")) };
    };
    let mut all = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if !matches!(entry.tree, YamlTree::Fields(_)) {
            return Err(file.error_at(entry.line, "scenarios: a file of scenarios is not read; write them here"));
        }
        let (mut data, mut own) = (Vec::new(), vec![Test::default()]);
        for field in file.known(entry, "a scenario", &["description", "config", "tests"])? {
            match (field.key.as_str(), &field.node.tree) {
                ("config", YamlTree::List(items)) => {
                    for item in items {
                        let mut fields = file.mapping(item, "an entry of `config`")?.to_vec();
                        if item.get("options").is_some() {
                            file.notice(item.line, "the `options` of an entry of a scenario's `config` have no effect");
                        }
                        fields.retain(|field| field.key != "options");
                        let item = YamlNode { line: item.line, tree: YamlTree::Fields(fields) };
                        data.push(test(file, &item, false)?);
                    }
                }
                ("config", _) => return Err(file.wrong(&field.node, "config", "a list of `vars`")),
                ("tests", _) if !field.node.is_null() => {
                    let inline = read(file, &field.node)?.into_iter().map(|tests| match tests {
                        Tests::Inline(test) => Some(*test),
                        Tests::File(_) => None,
                    });
                    own = inline.collect::<Option<_>>().ok_or_else(|| {
                        file.error_at(field.line, "a scenario's tests in a file of rows are not read; write them here")
                    })?;
                }
                _ => {}
            }
        }
        if all.len().saturating_add(data.len().saturating_mul(own.len())) > MOST_TESTS {
            return Err(file.error_at(entry.line, format!("scenarios: they come to more than {MOST_TESTS} tests")));
        }
        for data in &data {
            all.extend(own.iter().map(|test| {
                let mut whole = over(data, test, entry.line);
                if conversations {
                    let id = || format!("__scenario_{place}__");
                    whole.metadata.entry(CONVERSATION.to_owned()).or_insert_with(id);
                }
                Tests::Inline(Box::new(whole))
            }));
        }
    }
    Ok(all)
}

/// Lays a test over an entry of a scenario.
fn over(data: &Test, test: &Test, line: usize) -> Test {
    let mut whole = test.clone();
    whole.line = if test.line > 0 { test.line } else { line as u64 };
    whole.description = test.description.clone().or_else(|| data.description.clone());
    whole.vars = data.vars.iter().filter(|(name, _)| test.vars.iter().all(|(own, _)| own != name)).cloned().collect();
    whole.vars.extend(test.vars.iter().cloned());
    whole.checks = data.checks.iter().chain(&test.checks).cloned().collect();
    whole.min_score = test.min_score.or(data.min_score);
    whole.transform = test.transform.clone().or_else(|| data.transform.clone());
    whole.rubric_prompt = test.rubric_prompt.clone().or_else(|| data.rubric_prompt.clone());
    whole.metadata = data.metadata.clone();
    whole.metadata.extend(test.metadata.clone());
    whole
}

fn test(file: &mut File<'_>, node: &YamlNode, default: bool) -> Result<Test, StoreError> {
    let mut test = Test { line: node.line as u64, ..Test::default() };
    let mut scored_elsewhere = false;
    let odd = |field: &&YamlField| NOT_HERE.contains(&field.key.as_str()) && !field.node.is_null();
    if let Some(field) = file.mapping(node, "a test")?.iter().find(odd) {
        let what = format!("`{}` in a test is not supported; write a config of its own for it", field.key);
        return Err(file.error_at(field.line, what));
    }
    let keys: Vec<&str> = KEYS.iter().chain(NOT_HERE).copied().collect();
    let whole = node
        .get("options")
        .and_then(|options| options.get("disableVarExpansion"))
        .map(|node| file.flag(node, "disableVarExpansion"))
        .transpose()?
        .flatten()
        .unwrap_or_default();
    let has_prompt =
        |test: &YamlNode| test.get("options")?.get("rubricPrompt").filter(|prompt| !prompt.is_null()).map(drop);
    let of_all = file.root.and_then(|root| has_prompt(root.get("defaultTest")?));
    let prompted = has_prompt(node).or(of_all).is_some();
    for field in file.known(node, "a test", &keys)? {
        let value = &field.node;
        match field.key.as_str() {
            "description" => test.description = file.text(value, "description")?,
            "vars" => test.vars = vars(file, value, whole)?,
            "assert" => test.checks = checks(file, value, prompted)?,
            "threshold" => test.min_score = file.number(value, "threshold")?,
            "metadata" => {
                let fields = file.mapping(value, "metadata")?;
                test.metadata = fields.iter().map(|field| (field.key.clone(), plain(&field.node.exact()))).collect();
            }
            "options" => options(file, value, &mut test, default)?,
            "assertScoringFunction" if !value.is_null() => {
                let why = "the score is made by a program, which is not run here";
                file.notice(field.line, &format!("`assertScoringFunction`: {why}; no answer passes"));
                scored_elsewhere = true;
            }
            _ => {}
        }
    }
    if scored_elsewhere {
        let why = "the score is made by a program, which is not run here";
        test.checks.push(Check::unusable("assertScoringFunction", why));
    }
    Ok(test)
}

fn options(file: &mut File<'_>, node: &YamlNode, test: &mut Test, default: bool) -> Result<(), StoreError> {
    let keys: Vec<&str> = OPTIONS.iter().chain(OPTIONS_IGNORED).chain(OPTIONS_NOT_HERE).copied().collect();
    for field in file.known(node, "`options`", &keys)? {
        let key = field.key.as_str();
        match key {
            _ if field.node.is_null() => {}
            "provider" => (test.judge, test.services) = providers::asked(file, &field.node)?,
            "transform" | "postprocess"
                if field.node.value().as_str().is_some_and(|text| AnswerPart::of(text).is_ok()) =>
            {
                test.transform = file.text(&field.node, key)?;
            }
            "transform" | "postprocess" => {
                let why =
                    format!("`options.{key}` would change the answer before it is checked, which is not done here");
                file.notice(field.line, &format!("{why}; what is checked of it is inconclusive"));
                test.unjudged = Some(why);
            }
            "rubricPrompt" => match rubric_prompt(file, &field.node)? {
                Ok(prompt) => test.rubric_prompt = Some(prompt),
                Err(why) => {
                    file.notice(field.line, &format!("`options.rubricPrompt`: {why}; rubrics are inconclusive"));
                    test.unjudged_rubrics = Some(format!("`options.rubricPrompt`: {why}"));
                }
            },
            "disableConversationVar" => {
                if file.flag(&field.node, key)? == Some(true) {
                    let none = vec![VarValue::Json("[]".to_owned())];
                    test.vars.push((EARLIER.to_owned(), none));
                }
            }
            // It was read with the variables.
            "disableVarExpansion" => {}
            "prefix" | "suffix" if default => {
                let text = file.text(&field.node, key)?.unwrap_or_default();
                let text = nunjucks::ours(&text).map_err(|odd| file.error_at(field.line + odd.below, odd.what))?;
                if key == "prefix" { test.prefix = text } else { test.suffix = text }
            }
            "prefix" | "suffix" => {
                let what = format!(
                    "`options.{key}` of one test is not supported; put a variable into the prompt, or set it in `defaultTest`"
                );
                return Err(file.error_at(field.line, what));
            }
            key if OPTIONS_IGNORED.contains(&key) => {
                file.notice(field.line, &format!("`options.{key}` has no effect here"));
            }
            _ => return Err(file.error_at(field.line, format!("`options.{key}` is not supported; leave it out"))),
        }
    }
    Ok(())
}

/// Reads a `rubricPrompt`: a text or messages, an object of `steps` and `evaluate`, or a list of two texts, of each of which a file
/// may hold the text. The inner error says why it is not used here.
fn rubric_prompt(file: &File<'_>, node: &YamlNode) -> Result<Result<RubricPrompt, String>, StoreError> {
    let texts = |items: &[YamlNode]| items.iter().all(|item| matches!(&item.tree, YamlTree::One(ExactJson::Text(_))));
    Ok(match &node.tree {
        YamlTree::Fields(fields) => {
            if let Some(field) = fields.iter().find(|field| !STEP_KEYS.contains(&field.key.as_str())) {
                return Ok(Err(format!("it has `steps` and `evaluate` alone, found {}", quoted(&field.key))));
            }
            let of = |key: &str| match node.get(key).filter(|prompt| !prompt.is_null()) {
                Some(prompt) => judge_messages(file, prompt),
                None => Ok(Ok(Vec::new())),
            };
            let (steps, evaluate) = (of(STEP_KEYS[0])?, of(STEP_KEYS[1])?);
            steps.and_then(|steps| Ok(RubricPrompt::Steps { steps, evaluate: evaluate? }))
        }
        YamlTree::List(items) if items.len() == 2 && texts(items) => {
            let mut both = items.iter().map(|item| judge_messages(file, item));
            let (first, then) = (both.next().transpose()?, both.next().transpose()?);
            let read = |one: Option<Result<Vec<Turn>, String>>| one.unwrap_or_else(|| Ok(Vec::new()));
            read(first).and_then(|first| Ok(RubricPrompt::Two([first, read(then)?])))
        }
        YamlTree::List(_) | YamlTree::One(_) => judge_messages(file, node)?.map(RubricPrompt::Messages),
    })
}

/// Reads the messages of a judge: a text, messages, or a file of either. The inner error says why they are not used here.
fn judge_messages(file: &File<'_>, node: &YamlNode) -> Result<Result<Vec<Turn>, String>, StoreError> {
    let written = |node: &YamlNode| match node.exact() {
        ExactJson::Text(text) => text,
        other => other.to_string(),
    };
    let mut text = written(node);
    if let Some(name) = text.strip_prefix("file://").map(str::to_owned) {
        let path = file.beside(&name);
        let form = ending(&path);
        if PROGRAMS.contains(&form.split(':').next().unwrap_or_default()) {
            return Ok(Err(format!("{} is a program; write the prompt it makes", quoted(&name))));
        }
        // Who has not agreed to its being read is asked, and nothing is judged until then.
        let Some(read) = file.open(node.line, &path)? else { return Ok(Ok(Vec::new())) };
        text = if matches!(form.as_str(), "yaml" | "yml") {
            let tree = document::parse(&read)
                .map_err(|error| file.error_at(node.line, format!("{}: {}", path.display(), error.what)))?;
            written(&tree)
        } else {
            read.trim().to_owned()
        };
    }
    if serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object()) {
        return Ok(Err("an object is taken where it is written into the config alone".to_owned()));
    }
    Ok(prompts::prompt(&text).map(|prompt| prompt.turns()).map_err(|(_, what)| what))
}

/// Reads variables; a list of texts is several values of one, except where each is a `whole`.
fn vars(file: &File<'_>, node: &YamlNode, whole: bool) -> Result<Vec<(String, Vec<VarValue>)>, StoreError> {
    let mut all = Vec::new();
    for field in file.mapping(node, "vars")? {
        let values = match &field.node.tree {
            // promptfoo takes a list for several values if its first is a text.
            YamlTree::List(items)
                if !whole
                    && matches!(items.first().map(|item| &item.tree), Some(YamlTree::One(ExactJson::Text(_)))) =>
            {
                let mut values = Vec::new();
                for item in items {
                    values.extend(value(file, &field.key, item)?);
                }
                values
            }
            _ => value(file, &field.key, &field.node)?,
        };
        all.push((field.key.clone(), values));
    }
    Ok(all)
}

fn value(file: &File<'_>, name: &str, node: &YamlNode) -> Result<Vec<VarValue>, StoreError> {
    let exact = node.exact();
    let ExactJson::Text(text) = &exact else {
        templateless(file, name, node, &exact.to_string())?;
        return Ok(vec![VarValue::Json(exact.to_string())]);
    };
    let values = match text.strip_prefix("file://") {
        Some(path) => {
            let read = |path: &PathBuf| of_file(file, node.line, path).transpose();
            file.files(node.line, path)?.iter().filter_map(read).collect::<Result<Vec<_>, _>>()?
        }
        None => vec![text.clone()],
    };
    // One that is a template is filled from the other variables, row by row.
    for value in values.iter().filter(|value| nunjucks::is_template(value)) {
        nunjucks::ours(value)
            .map_err(|odd| file.error_at(node.line, format!("vars.{}: {}", quoted(name), odd.what)))?;
    }
    // promptfoo takes one line end off a value.
    Ok(values.into_iter().map(|value| value.strip_suffix('\n').map_or(value.clone(), str::to_owned).into()).collect())
}

/// Finds what nobody can judge by: an assertion of a kind that promptfoo has not either.
fn unjudgeable(file: &mut File<'_>, item: &YamlNode) -> Result<Option<Check>, StoreError> {
    let Some(kind) = item.get("type") else { return Ok(None) };
    let name = file.text(kind, "type")?.unwrap_or_default();
    if !promptfoo::is_unheard_of(&name) {
        return Ok(None);
    }
    let why = "there is no such assertion, here or in promptfoo";
    file.notice(kind.line, &format!("assert: {}: {why}; it is inconclusive", quoted(&name)));
    Ok(Some(Check::unusable(&name, why)))
}

/// Sees that a list or an object holds no template, which promptfoo would fill.
fn templateless(file: &File<'_>, name: &str, node: &YamlNode, value: &str) -> Result<(), StoreError> {
    if !nunjucks::is_template(value) {
        return Ok(());
    }
    let what = format!(
        "vars.{}: a template in a list or an object is not filled here; write the text it comes to",
        quoted(name)
    );
    Err(file.error_at(node.line, what))
}

/// Reads the value that a file holds; none where the user has not agreed to that.
fn of_file(file: &File<'_>, line: usize, path: &Path) -> Result<Option<String>, StoreError> {
    let form = ending(path);
    if MediaType::of_ending(&format!(".{form}")).is_some() {
        return named(file, line, path);
    }
    let refused = if PROGRAMS.contains(&form.as_str()) {
        Some("a program, which is not run; write the value it makes into a file of text")
    } else if NO_TEXTS.contains(&form.as_str()) {
        Some("no text, and only texts are sent")
    } else {
        None
    };
    if let Some(refused) = refused {
        return Err(file.error_at(line, format!("{} is {refused}", path.display())));
    }
    let Some(text) = file.open(line, path)? else { return Ok(None) };
    if !matches!(form.as_str(), "yaml" | "yml") {
        return Ok(Some(text.trim().to_owned()));
    }
    let tree =
        document::parse(&text).map_err(|error| file.error_at(line, format!("{}: {}", path.display(), error.what)))?;
    Ok(Some(tree.value().to_string()))
}

/// Names a picture, a PDF or a recording: it is read when a part of a message has it.
fn named(file: &File<'_>, line: usize, path: &Path) -> Result<Option<String>, StoreError> {
    let Some(real) = file.admit(line, path) else { return Ok(None) };
    if !real.is_file() {
        return Err(file.error_at(line, format!("there is no file {}", path.display())));
    }
    Ok(Some(format!("file://{}", real.display())))
}

/// Endings of files that promptfoo reads a value from and that hold no text.
const NO_TEXTS: &[&str] = &[
    "bmp", "svg", "ico", "tif", "tiff", "ogg", "m4a", "flac", "mp4", "mov", "webm", "mkv", "avi", "docx", "xlsx",
    "xls", "pptx", "zip", "gz",
];

/// Reads the assertions of a test, of whose options it is known whether they have a `prompted` judge.
fn checks(file: &mut File<'_>, node: &YamlNode, prompted: bool) -> Result<Vec<Check>, StoreError> {
    let items: &[YamlNode] = match &node.tree {
        YamlTree::List(items) => items,
        YamlTree::One(ExactJson::Null) => &[],
        _ => return Err(file.wrong(node, "assert", "a list of assertions")),
    };
    let mut one = |item: &YamlNode| {
        let item = file.referred(item)?;
        if let Some(check) = unjudgeable(file, item)? {
            return Ok(Some(check));
        }
        let mut value = item.exact();
        if let Some(kind) = item.get("type").and_then(|name| promptfoo::kind_of(name.value().as_str()?))
            && kind.kind.is_judged()
            // One that was found not to run stays as it was written.
            && item.get("mistake").is_none()
            && let ExactJson::Fields(fields) = &mut value
        {
            let takes = takes_prompt(kind.kind);
            if let Some(config) = item.get("config").filter(|config| !config.is_null()) {
                file.notice(config.line, "assert: the `config` of an assertion that a model judges has no effect here");
            }
            let own = item.get("rubricPrompt").filter(|prompt| !prompt.is_null());
            let mut judged = Check { kind, ..Check::of(kind.kind) };
            let read = own.map(|prompt| rubric_prompt(file, prompt)).transpose()?;
            let read = read.map(|prompt| prompt.and_then(|prompt| prompt.put(&mut judged)));
            if let (Some(Err(why)), Some(prompt)) = (&read, own) {
                let name = item.get("type").map(|node| plain(&node.exact())).unwrap_or_default();
                file.notice(prompt.line, &format!("assert: `rubricPrompt`: {why}; {} is inconclusive", quoted(&name)));
                return Ok(Some(Check::unusable(&name, &format!("`rubricPrompt`: {why}"))));
            }
            if let Some(prompt) = own.filter(|_| judged.judge_prompt.is_empty() && kind.kind == CheckKind::GEval) {
                let why = "`g-eval` takes an object of `steps` and `evaluate`; this has no effect, as in promptfoo";
                file.notice(prompt.line, &format!("assert: `rubricPrompt`: {why}"));
            }
            fields.retain(|(key, _)| !matches!(key.as_str(), "config" | "rubricPrompt"));
            for (key, turns) in [("judge_prompt", &judged.judge_prompt), ("first_prompt", &judged.first_prompt)] {
                // What is judged may stand in the prompt, and its value be left out.
                let may_stand = takes && key == "judge_prompt" && (prompted || own.is_some());
                let stands = !turns.is_empty() || may_stand;
                if let Some(turns) = stands.then(|| serde_json::to_value(turns).ok()).flatten() {
                    fields.push((key.to_owned(), turns.into()));
                }
            }
        }
        if let Some(provider) = item.get("provider").filter(|provider| !provider.is_null())
            && let Some(kind) = item.get("type").and_then(|name| promptfoo::kind_of(name.value().as_str()?))
            && (kind.kind.is_judged() || kind.kind.service().is_some())
            && let ExactJson::Fields(fields) = &mut value
        {
            // The model for what it asks, where several are named.
            let service = kind.kind.service();
            let named = provider.get(service.map_or("text", TextService::name)).unwrap_or(provider);
            let judge = providers::judge(file, named, service)?;
            fields.retain(|(key, _)| key != "provider");
            fields.extend(judge.map(|judge| ("provider".to_owned(), ExactJson::Text(judge))));
        }
        if let ExactJson::Fields(fields) = &mut value
            && let Some((_, inner)) = fields.iter_mut().find(|(key, _)| key == "value")
            && let ExactJson::Text(text) = inner
            && let Some(path) = text.strip_prefix("file://").map(|name| file.beside(name))
            && ["txt", "md", "json", "yaml", "yml"].contains(&ending(&path).as_str())
        {
            let line = item.get("value").map_or(item.line, |node| node.line);
            let Some(text) = file.open(line, &path)? else { return Ok(None) };
            *inner = match ending(&path).as_str() {
                "txt" | "md" => ExactJson::Text(text.trim().to_owned()),
                _ => document::parse(&text)
                    .map_err(|error| file.error_at(line, format!("{}: {}", path.display(), error.what)))?
                    .exact(),
            };
        }
        let name = item.get("type").map(|node| plain(&node.exact())).unwrap_or_default();
        if let ExactJson::Fields(fields) = &mut value {
            for (key, _) in fields.extract_if(.., |(key, _)| promptfoo::is_idle_key(&name, key)) {
                let line = item.get(&key).map_or(item.line, |node| node.line);
                file.notice(line, &format!("assert: an assertion has no key {}; it has no effect", quoted(&key)));
            }
        }
        let read = promptfoo::of_exact(&value);
        if let Some(program) = read.as_ref().ok().and_then(CheckProgram::of_check) {
            file.starts(item.get("value").map_or(item.line, |node| node.line), &program);
        }
        read.map(Some).map_err(|what| {
            let key = what.split([':', ' ']).next().unwrap_or_default().trim_matches('`');
            let line = match &item.tree {
                YamlTree::Fields(fields) => fields.iter().find(|field| field.key == key).map(|field| field.line),
                _ => None,
            };
            file.error_at(line.unwrap_or(item.line), format!("assert: {what}"))
        })
    };
    items.iter().filter_map(|item| one(item).transpose()).collect()
}
