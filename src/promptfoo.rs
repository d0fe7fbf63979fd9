//! promptfoo's configs, read and written: the subset that can be run here as it is.
//!
//! The form is that of <https://www.promptfoo.dev/docs/configuration/reference/>. What is read either has
//! its effect, or is named in a notice, or is an error with its file and line: nothing is dropped.

pub(crate) mod nunjucks;
pub(crate) mod prompts;
pub(crate) mod providers;
pub(crate) mod row_sheet;
pub mod rows_file;
pub(crate) mod suite;
pub(crate) mod test_cases;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

pub use crate::promptfoo::{
    nunjucks::header,
    providers::SuiteModel,
    suite::{SuiteLane, SuiteRows, line, opened, write},
};
use crate::{
    config::{
        trust,
        trust::{Allowed, Consent, Content, ContentReader, ExternalAccess, Outside},
    },
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode, YamlTree},
    },
    eval::check::promptfoo::rubric_prompt::RubricPrompt,
    model::{Check, CheckProgram, Format, Params, Prompt, Response, TextService, ToolSet, VarValue, error::StoreError},
    template::conversation,
    text::{
        json::ExactJson,
        shell,
        suggest::{quoted, slip},
    },
};

/// A config, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suite {
    pub description: Option<String>,
    /// The prompts by name; each expects a text.
    pub prompts: Vec<(String, Prompt)>,
    /// The models they are run on; none means the prompts' own, or the default model.
    pub targets: Vec<SuiteTarget>,
    /// The models that judge alone, each with settings of its own.
    pub judges: Vec<SuiteTarget>,
    /// What every test has.
    pub default_test: Test,
    /// The tests; none is one test of the default's variables.
    pub tests: Vec<Tests>,
    /// Whether a judge that cannot be reached is left to whoever runs it, who names one.
    pub stand_in: bool,
    /// The variables that whoever runs it gives a value in every row.
    pub given: BTreeSet<String>,
    /// How it is run.
    pub options: SuiteOptions,
    /// What was read and has no effect here, in words, each with its line.
    pub notices: Vec<String>,
    /// The environment variables that headers are filled from when they are sent.
    pub header_variables: BTreeSet<String>,
    /// The file it was read from, for errors.
    pub source: PathBuf,
    /// The files it consists of, and what it asks for.
    pub content: Content,
}

/// A model to run on.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteTarget {
    /// The name it has in reports: its label, or else its id.
    pub name: String,
    /// Its id as promptfoo writes it: `openai:chat:gpt-4o`.
    pub id: String,
    /// The model it means; none for a name of retort's own.
    pub model: Option<SuiteModel>,
    /// Where it is, if not at the vendor's.
    pub base_url: Option<String>,
    /// The environment variable its key is in, if it names one.
    pub key: Option<String>,
    /// Further headers; `{{env.NAME}}` stands for the value of a variable of [`Suite::header_variables`].
    pub headers: BTreeMap<String, String>,
    /// What follows the `?` of its address.
    pub query: BTreeMap<String, String>,
    /// The system message that goes before its prompts.
    pub system: Option<String>,
    /// The parameters sent to it.
    pub params: Params,
    /// The tools it is offered.
    pub tools: ToolSet,
    /// The form of answer asked of it.
    pub response: Response,
    /// Whether its answers are streamed, where that is said.
    pub stream: Option<bool>,
    /// The names of the prompts it is given; all where empty.
    pub prompts: Vec<String>,
}

impl SuiteTarget {
    /// Makes a target of a name of ours, with what a prompt sends to it.
    #[must_use]
    pub fn of(name: &str, prompt: &Prompt) -> Self {
        let (params, response) = (prompt.params.clone(), prompt.response.clone());
        Self { params, tools: prompt.tool_set(), response, ..Self::named(name) }
    }

    /// Makes a target of a name of ours, to which nothing is sent but the prompt.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id: name.to_owned(),
            model: None,
            base_url: None,
            key: None,
            headers: BTreeMap::new(),
            query: BTreeMap::new(),
            system: None,
            params: Params::default(),
            tools: ToolSet::default(),
            response: Response { format: Format::Text, ..Response::default() },
            stream: None,
            prompts: Vec::new(),
        }
    }
}

/// Tests, here or in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Tests {
    /// One test; lists of values make a row for each combination.
    Inline(Box<Test>),
    /// A data set.
    File(PathBuf),
}

/// One test.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Test {
    /// The line it begins on.
    pub line: u64,
    /// What it is called.
    pub description: Option<String>,
    /// Variables in order, each with its values.
    pub vars: Vec<(String, Vec<VarValue>)>,
    /// What is expected of the answer.
    pub checks: Vec<Check>,
    /// The least score that passes.
    pub min_score: Option<f64>,
    /// Further words on it.
    pub metadata: BTreeMap<String, String>,
    /// The model that judges by rubrics that name none, as promptfoo writes it.
    pub judge: Option<String>,
    /// The models that do something else for checks that name none.
    pub services: BTreeMap<TextService, String>,
    /// What of the answer its checks look at, as promptfoo writes it; the whole answer where unset.
    pub transform: Option<String>,
    /// Why no check of an answer can be applied: the answer would be changed first. It is not written.
    pub unjudged: Option<String>,
    /// The prompt by which its rubrics are judged that bring none of their own.
    pub rubric_prompt: Option<RubricPrompt>,
    /// Why no rubric can be: it would be judged by a prompt that is not read here. It is not written.
    pub unjudged_rubrics: Option<String>,
    /// What is put before each prompt.
    pub prefix: String,
    /// What is put after each prompt.
    pub suffix: String,
}

/// How a suite is run; what is unset is left to whoever runs it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SuiteOptions {
    /// Cells under way at once.
    pub concurrency: Option<usize>,
    /// How often each test is run.
    pub samples: Option<u32>,
    /// Whether answers may come from the cache.
    pub cache: Option<bool>,
    /// The longest time for all of it.
    pub time: Option<Duration>,
}

const KEYS: &[&str] = &[
    "$schema",
    "description",
    "prompts",
    "providers",
    "targets",
    "defaultTest",
    "tests",
    "evaluateOptions",
    "commandLineOptions",
    "outputPath",
    "outputs",
    "sharing",
    "tags",
    "metadata",
    "env",
    "nunjucksFilters",
    "scenarios",
    "extensions",
    "derivedMetrics",
    "tracing",
    "writeLatestResults",
    "redteam",
];

/// What is taken from a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// All of it: its requests are sent.
    Run,
    /// All but its providers, in whose place other models are asked.
    RunElsewhere,
    /// Its prompts and tests: nothing is sent.
    Import,
}

/// Reads a config, YAML or JSON, as far as the user has agreed to what it asks for.
pub fn read(path: &Path, usage: Use, consent: &Consent, allowed: &Allowed) -> Result<Suite, StoreError> {
    trust::checked(consent, allowed, |outside| {
        let suite = unchecked(path, usage, outside)?;
        let mut content = suite.content.clone();
        match usage {
            Use::Run | Use::RunElsewhere => {}
            Use::Import => content.only_files(),
        }
        Ok((suite, content))
    })
}

/// Reads what a config consists of and asks for, of the files outside its folder those that may be read.
pub fn content(path: &Path, outside: &Outside) -> Result<Content, StoreError> {
    unchecked(path, Use::Run, outside).map(|suite| suite.content)
}

/// Reads a config of which nobody has looked yet at what it asks for.
fn unchecked(path: &Path, usage: Use, outside: &Outside) -> Result<Suite, StoreError> {
    let reader = ContentReader::new(path, outside);
    let mut suite = match reader.read("the config", path)? {
        Some(Some(text)) => parsed(&text, path, usage, &reader)?,
        Some(None) => return Err(StoreError::new(format!("there is no config {}", path.display()))),
        None => Suite::default(),
    };
    suite.content = reader.finish();
    Ok(suite)
}

/// Reads a config from a text; files it names are looked for beside `path` and not outside that folder.
pub fn parse(text: &str, path: &Path) -> Result<Suite, StoreError> {
    parsed(text, path, Use::Run, &ContentReader::new(path, &Outside::Nothing))
}

fn parsed(text: &str, path: &Path, usage: Use, reader: &ContentReader<'_>) -> Result<Suite, StoreError> {
    let mut file = File::new(path, reader);
    let root = document::parse(text).map_err(|error| file.error_at(error.line, error.what))?;
    let mut suite = Suite { source: path.to_path_buf(), ..Suite::default() };
    file.root = Some(&root);
    for field in file.known(&root, "a config", KEYS)? {
        let (line, node) = (field.line, &field.node);
        match field.key.as_str() {
            "description" => suite.description = file.text(node, "description")?,
            "prompts" => suite.prompts = prompts::read(&mut file, node)?,
            key @ ("providers" | "targets") => {
                if root.get("providers").is_some() && key == "targets" {
                    return Err(file.error_at(line, "`targets` is another name of `providers`; write one of them"));
                }
                if usage != Use::RunElsewhere {
                    suite.targets = providers::read(&mut file, node)?;
                }
            }
            "defaultTest" => suite.default_test = test_cases::default(&mut file, node)?,
            "tests" => suite.tests = test_cases::read(&mut file, node)?,
            "evaluateOptions" => suite.options = options(&mut file, node)?,
            // Scenarios are read once it is known whether a prompt goes on with a conversation.
            "scenarios" | "$schema" => {}
            "extensions" if !node.is_null() => {
                let what = "`extensions` runs code before and after the tests, which is not supported; leave it out";
                return Err(file.error_at(line, what));
            }
            "redteam" if !node.is_null() => {
                if root.get("tests").is_none_or(YamlNode::is_null) {
                    let what = "`redteam` alone has no tests: promptfoo makes them; run `promptfoo redteam generate` \
                                and give the file it writes to --config";
                    return Err(file.error_at(line, what));
                }
                file.notice(line, "`redteam` has no effect here; the tests in `tests` are run");
            }
            "nunjucksFilters" => file.notice(line, "`nunjucksFilters` has no effect: filters are not supported"),
            "env" => file.notice(line, "`env` is not taken over; set the variables where the program is started"),
            key => file.notice(line, &format!("`{key}` has no effect here")),
        }
    }
    if let Some(node) = root.get("scenarios") {
        let conversations = suite.prompts.iter().any(|(_, prompt)| conversation::goes_on(prompt));
        suite.tests.extend(test_cases::scenarios(&mut file, node, conversations)?);
    }
    suite.header_variables = std::mem::take(&mut file.header_variables);
    suite.judges = std::mem::take(&mut file.judges);
    if reader.withholds() {
        return Ok(suite);
    }
    if suite.prompts.is_empty() {
        return Err(file.error_at(1, "it has no `prompts`; write `prompts: [\"… {{ name }} …\"]`"));
    }
    providers::known_prompts(&file, &suite)?;
    suite.notices = file.notices;
    Ok(suite)
}

fn options(file: &mut File<'_>, node: &YamlNode) -> Result<SuiteOptions, StoreError> {
    const KEYS: &[&str] = &[
        "maxConcurrency",
        "repeat",
        "cache",
        "maxEvalTimeMs",
        "delay",
        "showProgressBar",
        "timeoutMs",
        "generateSuggestions",
    ];
    let mut options = SuiteOptions::default();
    for field in file.fields(node, "`evaluateOptions`", KEYS)? {
        let value = &field.node;
        match field.key.as_str() {
            "maxConcurrency" => {
                options.concurrency = file.whole(value, "maxConcurrency")?.map(|count| count.max(1) as usize);
            }
            "repeat" => options.samples = file.whole(value, "repeat")?.map(|count| count.clamp(1, 1_000_000) as u32),
            "cache" => options.cache = file.flag(value, "cache")?,
            "maxEvalTimeMs" => {
                let limit = file.whole(value, "maxEvalTimeMs")?.filter(|limit| *limit > 0);
                options.time = limit.map(Duration::from_millis);
            }
            key => file.notice(field.line, &format!("`evaluateOptions.{key}` has no effect here")),
        }
    }
    Ok(options)
}

/// Shows a value in a mistake.
fn shown(value: &Value) -> String {
    quoted(&value.to_string())
}

/// The file that is read.
pub(crate) struct File<'a> {
    path: &'a Path,
    reader: &'a ContentReader<'a>,
    /// What it holds, once it is read: `$ref` leads into it.
    root: Option<&'a YamlNode>,
    pub(crate) notices: Vec<String>,
    /// The environment variables that headers are filled from.
    pub(crate) header_variables: BTreeSet<String>,
    /// The models that judge, each with settings of its own.
    pub(crate) judges: Vec<SuiteTarget>,
}

impl<'a> File<'a> {
    pub(crate) fn new(path: &'a Path, reader: &'a ContentReader<'a>) -> Self {
        Self { path, reader, root: None, notices: Vec::new(), header_variables: BTreeSet::new(), judges: Vec::new() }
    }

    /// Begins with a file that this one names.
    pub(crate) fn other<'o>(&self, path: &'o Path) -> File<'o>
    where
        'a: 'o,
    {
        File::new(path, self.reader)
    }

    pub(crate) fn error_at(&self, line: usize, what: impl AsRef<str>) -> StoreError {
        StoreError::new(format!("{}:{line}: {}", self.path.display(), what.as_ref()))
    }

    /// Takes over what a file that this one names was found to have.
    pub(crate) fn join(&mut self, other: File<'_>) {
        let File { path: _, reader: _, root: _, notices, header_variables, judges } = other;
        self.notices.extend(notices);
        self.header_variables.extend(header_variables);
        self.judges.extend(judges);
    }

    /// Follows `$ref: "#/…"` to a place of the same file.
    pub(crate) fn referred<'n>(&self, node: &'n YamlNode) -> Result<&'n YamlNode, StoreError>
    where
        'a: 'n,
    {
        let YamlTree::Fields(fields) = &node.tree else { return Ok(node) };
        let Some(reference) = fields.iter().find(|field| field.key == "$ref") else { return Ok(node) };
        let name = self.text(&reference.node, "$ref")?.unwrap_or_default();
        let place = name.strip_prefix("#/").filter(|_| fields.len() == 1).zip(self.root);
        let found = place.and_then(|(place, root)| place.split('/').try_fold(root, |node, key| node.get(key)));
        found.ok_or_else(|| {
            let what = format!("$ref: {} leads to no place of this file; write what is there", quoted(&name));
            self.error_at(reference.line, what)
        })
    }

    /// Tells of what has no effect.
    pub(crate) fn notice(&mut self, line: usize, what: &str) {
        self.notices.push(format!("{}:{line}: {what}", self.path.display()));
    }

    /// Tells of a model that judges, or is asked for something else, and cannot be reached.
    pub(crate) fn unreachable(&mut self, error: &StoreError) {
        self.notices.push(format!(
            "{}; what it is asked for is inconclusive, unless --judge names another one to judge it",
            error.message
        ));
    }

    /// Lists the fields of a mapping that may have these keys; nothing is a mapping without any.
    pub(crate) fn fields<'n>(
        &self,
        node: &'n YamlNode,
        whose: &str,
        keys: &[&str],
    ) -> Result<&'n [YamlField], StoreError> {
        let fields = self.mapping(node, whose)?;
        match fields.iter().find(|field| !keys.contains(&field.key.as_str())) {
            None => Ok(fields),
            Some(field) => {
                let near = slip(&field.key, keys.iter().copied());
                let what =
                    format!("unknown key {} in {whose}{near}\n  it takes {}", quoted(&field.key), keys.join(", "));
                Err(self.error_at(field.line, what))
            }
        }
    }

    /// Lists the fields of a mapping that may have these keys. A further one is a mistake where it is nearly one of
    /// them; else it has no effect, as with promptfoo, and is noted.
    pub(crate) fn known<'n>(
        &mut self,
        node: &'n YamlNode,
        whose: &str,
        keys: &[&str],
    ) -> Result<Vec<&'n YamlField>, StoreError> {
        let (known, others): (Vec<_>, Vec<_>) =
            self.mapping(node, whose)?.iter().partition(|field| keys.contains(&field.key.as_str()));
        for field in others {
            let near = slip(&field.key, keys.iter().copied());
            let what = format!("unknown key {} in {whose}{near}", quoted(&field.key));
            if !near.is_empty() {
                return Err(self.error_at(field.line, what));
            }
            self.notice(field.line, &format!("{what}; it has no effect"));
        }
        Ok(known)
    }

    pub(crate) fn mapping<'n>(&self, node: &'n YamlNode, whose: &str) -> Result<&'n [YamlField], StoreError> {
        match &node.tree {
            YamlTree::Fields(fields) => Ok(fields),
            YamlTree::One(ExactJson::Null) => Ok(&[]),
            _ => {
                Err(self
                    .error_at(node.line, format!("{whose}: expected keys and values, found {}", shown(&node.value()))))
            }
        }
    }

    /// Reads a text; a number or a truth value is one as well.
    pub(crate) fn text(&self, node: &YamlNode, key: &str) -> Result<Option<String>, StoreError> {
        match &node.tree {
            YamlTree::One(ExactJson::Null) => Ok(None),
            YamlTree::One(value) => Ok(Some(plain(value))),
            _ => Err(self.wrong(node, key, "a text")),
        }
    }

    pub(crate) fn flag(&self, node: &YamlNode, key: &str) -> Result<Option<bool>, StoreError> {
        match &node.tree {
            YamlTree::One(ExactJson::Null) => Ok(None),
            YamlTree::One(ExactJson::Bool(flag)) => Ok(Some(*flag)),
            _ => Err(self.wrong(node, key, "true or false")),
        }
    }

    pub(crate) fn whole(&self, node: &YamlNode, key: &str) -> Result<Option<u64>, StoreError> {
        match &node.tree {
            YamlTree::One(ExactJson::Null) => Ok(None),
            YamlTree::One(ExactJson::Number(digits)) if digits.parse::<u64>().is_ok() => Ok(digits.parse().ok()),
            _ => Err(self.wrong(node, key, "a whole number of 0 or more")),
        }
    }

    pub(crate) fn number(&self, node: &YamlNode, key: &str) -> Result<Option<f64>, StoreError> {
        match &node.tree {
            YamlTree::One(ExactJson::Null) => Ok(None),
            YamlTree::One(ExactJson::Number(digits)) => Ok(digits.parse().ok()),
            _ => Err(self.wrong(node, key, "a number")),
        }
    }

    pub(crate) fn texts(&self, node: &YamlNode, key: &str) -> Result<Vec<String>, StoreError> {
        match &node.tree {
            YamlTree::List(items) => {
                let texts = items.iter().map(|item| Ok(self.text(item, key)?.unwrap_or_default()));
                texts.collect()
            }
            _ => Ok(self.text(node, key)?.into_iter().collect()),
        }
    }

    pub(crate) fn wrong(&self, node: &YamlNode, key: &str, wanted: &str) -> StoreError {
        self.error_at(node.line, format!("{key}: expected {wanted}, found {}", shown(&node.value())))
    }

    /// The path of a file that the config names, from where the config is.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }

    /// Where something is asked for.
    fn at(&self, line: usize) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        format!("{name}:{line}")
    }

    /// Notes what a line asks for that the user has to agree to.
    pub(crate) fn ask(&self, line: usize, access: ExternalAccess) {
        self.reader.ask(&self.at(line), access);
    }

    /// Reads a file that the config names on a line; none where the user has not agreed to that.
    pub(crate) fn open(&self, line: usize, path: &Path) -> Result<Option<String>, StoreError> {
        match self.reader.read(&self.at(line), path) {
            Ok(Some(Some(text))) => Ok(Some(text)),
            Ok(Some(None)) => Err(self.error_at(line, format!("there is no file {}", path.display()))),
            Ok(None) => Ok(None),
            Err(error) => Err(self.error_at(line, error.message)),
        }
    }

    /// Notes the program that an assertion starts, which the user has to agree to as it is.
    pub(crate) fn starts(&self, line: usize, program: &CheckProgram) {
        let command: Vec<String> = program.words().iter().map(|word| shell::word(word)).collect();
        self.ask(line, ExternalAccess::Start { command: command.join(" ") });
        for word in program.file_words() {
            self.reader.note_program(&self.beside(word));
        }
    }

    /// Resolves a file that is read later; none where the user has not agreed to that.
    pub(crate) fn admit(&self, line: usize, path: &Path) -> Option<PathBuf> {
        self.reader.admit(&self.at(line), path)
    }

    /// Names a data set by where it lies; none where the user has not agreed to its being read.
    pub(crate) fn rows(&self, line: usize, path: &Path) -> Option<PathBuf> {
        self.reader.rows(&self.at(line), path)
    }

    /// Lists the files that a name stands for: itself, or in the order of their names those that fit a `*`
    /// in its last part; none of a folder that the user has not agreed to.
    pub(crate) fn files(&self, line: usize, name: &str) -> Result<Vec<PathBuf>, StoreError> {
        if !name.contains(['*', '?', '[', '{']) {
            return Ok(vec![self.beside(name)]);
        }
        let (dir, last) = name.rsplit_once('/').unwrap_or(("", name));
        let parts: Vec<&str> = last.split('*').collect();
        if dir.contains(['*', '?', '[', '{']) || last.contains(['?', '[', '{', ']', '}']) || last.contains("**") {
            let what = format!("{}: only `*` in the file's own name is understood; list the files", quoted(name));
            return Err(self.error_at(line, what));
        }
        let dir = if dir.is_empty() { self.beside("").join(".") } else { self.beside(dir) };
        if self.reader.admit(&self.at(line), &dir).is_none() {
            return Ok(Vec::new());
        }
        let entries = std::fs::read_dir(&dir)
            .map_err(|error| self.error_at(line, format!("cannot list {}: {error}", dir.display())))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                path.is_file() && path.file_name().and_then(|name| name.to_str()).is_some_and(|name| fits(name, &parts))
            })
            .collect();
        found.sort();
        if found.is_empty() {
            return Err(self.error_at(line, format!("no file fits {}", quoted(name))));
        }
        Ok(found)
    }
}

/// Tells whether a name has these parts in this order, the first at its start and the last at its end.
fn fits(name: &str, parts: &[&str]) -> bool {
    let [first, between @ .., last] = parts else { return false };
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    !(first.is_empty() && name.starts_with('.'))
        && between.iter().all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
}

/// A value as a template shows it.
pub(crate) fn plain(value: &ExactJson) -> String {
    match value {
        ExactJson::Text(text) => text.clone(),
        ExactJson::Null => String::new(),
        other => other.to_string(),
    }
}

/// The ending of a file's name, in small letters.
pub(crate) fn ending(path: &Path) -> String {
    path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase())
}

#[cfg(test)]
mod tests;
