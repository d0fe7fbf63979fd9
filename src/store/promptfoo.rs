//! promptfoo's configs, read and written: the subset that can be run here as it is.
//!
//! The form is that of <https://www.promptfoo.dev/docs/configuration/reference/>. What is read either has
//! its effect, or is told of in a notice, or is a mistake with its line: nothing is dropped.

pub mod assertion;

mod asserted;
mod fields;
mod nunjucks;
mod prompts;
mod rows;
mod targets;
mod tests_of;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use super::{
    job::StoreFault,
    trust::{self, Allowed, Consent, Content, ContentReader, Outside},
    yaml,
};
use crate::model::{Check, Params, Prompt, ProviderKind, Response, VarValue};
use fields::File;

pub use asserted::{Fields, asserted};
pub use nunjucks::header;
pub use rows::{Lane, Rows, line, opened};
pub use write::write;

/// A config, read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Suite {
    /// What it is for.
    pub description: Option<String>,
    /// The prompts by name; each expects a text.
    pub prompts: Vec<(String, Prompt)>,
    /// The models they are run on; none means the prompts' own, or the default model.
    pub targets: Vec<SuiteTarget>,
    /// What every test has.
    pub default_test: Test,
    /// The tests; none is one test of the default's variables.
    pub tests: Vec<Tests>,
    /// How it is run.
    pub options: Options,
    /// What was read and has no effect here, in words, each with its line.
    pub notices: Vec<String>,
    /// The environment variables that headers are filled from when they are sent.
    pub header_variables: BTreeSet<String>,
    /// The file it was read from, for faults.
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
    /// Its wire format and the model's name on the wire; none for a name of retort's own.
    pub model: Option<(ProviderKind, String)>,
    /// Where it is, if not at the vendor's.
    pub base_url: Option<String>,
    /// The environment variable its key is in, if it names one.
    pub key: Option<String>,
    /// Further headers; `{{env.NAME}}` stands for the value of a variable of [`Suite::header_variables`].
    pub headers: BTreeMap<String, String>,
    /// The parameters sent to it.
    pub params: Params,
    /// The form of answer asked of it.
    pub response: Response,
    /// The names of the prompts it is given; all where empty.
    pub prompts: Vec<String>,
}

impl SuiteTarget {
    /// Makes a target of a name of ours, with what a prompt sends to it.
    #[must_use]
    pub fn of(name: &str, prompt: &Prompt) -> Self {
        Self {
            name: name.to_owned(),
            id: name.to_owned(),
            model: None,
            base_url: None,
            key: None,
            headers: BTreeMap::new(),
            params: prompt.params.clone(),
            response: prompt.response.clone(),
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
    /// What is put before each prompt.
    pub prefix: String,
    /// What is put after each prompt.
    pub suffix: String,
}

/// How a suite is run; what is unset is left to whoever runs it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
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
    /// Its prompts and tests: nothing is sent.
    Import,
}

/// Reads a config, YAML or JSON, as far as the user has agreed to what it asks for.
pub fn read(path: &Path, usage: Use, consent: &Consent, allowed: &Allowed) -> Result<Suite, StoreFault> {
    trust::checked(consent, allowed, |outside| {
        let suite = unchecked(path, outside)?;
        let mut content = suite.content.clone();
        match usage {
            Use::Run => {}
            Use::Import => content.only_files(),
        }
        Ok((suite, content))
    })
}

/// Reads what a config consists of and asks for, of the files outside its folder those that may be read.
pub fn content(path: &Path, outside: &Outside) -> Result<Content, StoreFault> {
    unchecked(path, outside).map(|suite| suite.content)
}

/// Reads a config of which nobody has looked yet at what it asks for.
fn unchecked(path: &Path, outside: &Outside) -> Result<Suite, StoreFault> {
    let reader = ContentReader::new(path, outside);
    let mut suite = match reader.read("the config", path)? {
        Some(Some(text)) => parsed(&text, path, &reader)?,
        Some(None) => return Err(StoreFault::new(format!("there is no config {}", path.display()))),
        None => Suite::default(),
    };
    suite.content = reader.finish();
    Ok(suite)
}

/// Reads a config from a text; files it names are looked for beside `path` and not outside that folder.
pub fn parse(text: &str, path: &Path) -> Result<Suite, StoreFault> {
    parsed(text, path, &ContentReader::new(path, &Outside::Nothing))
}

fn parsed(text: &str, path: &Path, reader: &ContentReader<'_>) -> Result<Suite, StoreFault> {
    let mut file = File::new(path, reader);
    let root = yaml::parse(text).map_err(|broken| file.fault(broken.line, broken.what))?;
    let mut suite = Suite { source: path.to_path_buf(), ..Suite::default() };
    for field in file.fields(&root, "a config", KEYS)? {
        let (line, node) = (field.line, &field.node);
        match field.key.as_str() {
            "description" => suite.description = file.text(node, "description")?,
            "prompts" => suite.prompts = prompts::read(&file, node)?,
            key @ ("providers" | "targets") => {
                if root.get("providers").is_some() && key == "targets" {
                    return Err(file.fault(line, "`targets` is another name of `providers`; write one of them"));
                }
                suite.targets = targets::read(&mut file, node)?;
            }
            "defaultTest" => suite.default_test = tests_of::default(&mut file, node)?,
            "tests" => suite.tests = tests_of::read(&mut file, node)?,
            "evaluateOptions" => suite.options = options(&mut file, node)?,
            key @ ("scenarios" | "extensions" | "redteam") if !node.is_null() => {
                let what = format!("`{key}` is not supported; write its tests into `tests`, or leave it out");
                return Err(file.fault(line, what));
            }
            "nunjucksFilters" => file.notice(line, "`nunjucksFilters` has no effect: filters are not supported"),
            "env" => file.notice(line, "`env` is not taken over; set the variables where the program is started"),
            "$schema" => {}
            key => file.notice(line, &format!("`{key}` has no effect here")),
        }
    }
    suite.header_variables = std::mem::take(&mut file.header_variables);
    if reader.withholds() {
        return Ok(suite);
    }
    if suite.prompts.is_empty() {
        return Err(file.fault(1, "it has no `prompts`; write `prompts: [\"… {{ name }} …\"]`"));
    }
    targets::known_prompts(&file, &suite)?;
    suite.notices = file.notices;
    Ok(suite)
}

fn options(file: &mut File<'_>, node: &yaml::Node) -> Result<Options, StoreFault> {
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
    let mut options = Options::default();
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
    super::mistake::quoted(&value.to_string())
}

#[cfg(test)]
mod tests;
