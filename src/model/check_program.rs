//! A program that judges answers, as the value of an `exec` check names it.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::check::{Check, CheckKind};

/// How long a program may take where its check does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The keys of a value that is a table.
const KEYS: &[&str] = &["command", "python", "javascript", "ruby", "mode", "timeout", "config"];

/// How a file is told from code.
const FILE: &str = "file://";

/// A program that judges answers, and how it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckProgram {
    pub source: CheckCode,
    /// Whether it is started once and reads case after case, each a line.
    pub stays: bool,
    /// How long it may take for one answer.
    pub timeout: Duration,
    /// What it is told beside the answer.
    pub config: Option<Value>,
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckCode {
    /// A program with its arguments, never empty.
    Command(Vec<String>),
    /// A function of a file of one of promptfoo's languages; none is the usual one.
    File {
        language: CheckLanguage,
        /// From the folder of the prompt.
        path: String,
        function: Option<String>,
    },
    /// Code as it stands in promptfoo's assertions.
    Inline {
        language: CheckLanguage,
        /// An expression of one line, or a body that returns.
        text: String,
    },
}

/// A language that promptfoo's assertions are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckLanguage {
    Python,
    JavaScript,
    Ruby,
}

impl CheckLanguage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Python, Self::JavaScript, Self::Ruby];

    /// Returns the name of promptfoo's assertion, which is also the key of a check's value.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::Ruby => "ruby",
        }
    }

    /// Returns the program that runs it.
    #[must_use]
    pub fn interpreter(self) -> &'static str {
        match self {
            Self::Python => "python3",
            Self::JavaScript => "node",
            Self::Ruby => "ruby",
        }
    }

    /// Returns the endings of its files.
    #[must_use]
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["py"],
            Self::JavaScript => &["js", "mjs", "cjs"],
            Self::Ruby => &["rb"],
        }
    }
}

impl CheckProgram {
    /// Reads it from the value of a check. The error says in words what may stand there.
    pub fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::Array(_) => {
                Ok(Self { source: command(value)?, stays: false, timeout: DEFAULT_TIMEOUT, config: None })
            }
            Value::Object(fields) => Self::of_fields(fields),
            _ => Err("it is a list, [\"PROGRAM\", \"ARGUMENT\"], or a table with `command`, `python`, `javascript` or `ruby`"
                .to_owned()),
        }
    }

    fn of_fields(fields: &Map<String, Value>) -> Result<Self, String> {
        if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("it has no key `{key}`; it takes {}", KEYS.join(", ")));
        }
        let sources: Vec<(&str, &Value)> =
            KEYS.iter().take(4).filter_map(|key| Some((*key, fields.get(*key)?))).collect();
        let [(key, value)] = sources[..] else {
            return Err("it names one of `command`, `python`, `javascript` and `ruby`".to_owned());
        };
        let source = match CheckLanguage::ALL.into_iter().find(|language| language.name() == key) {
            None => command(value)?,
            Some(language) => code(language, value)?,
        };
        let stays = match fields.get("mode").map(Value::as_str) {
            None | Some(Some("once")) => false,
            Some(Some("lines")) if key == "command" => true,
            Some(Some("lines")) => return Err(format!("`mode = \"lines\"` is of a `command`, not of `{key}`")),
            Some(_) => return Err("`mode` is \"once\" or \"lines\"".to_owned()),
        };
        let timeout = match fields.get("timeout") {
            None => DEFAULT_TIMEOUT,
            Some(value) => {
                let seconds = value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= 3600.0);
                let seconds = seconds.ok_or("`timeout` is above 0 and at most 3600 seconds")?;
                Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?
            }
        };
        Ok(Self { source, stays, timeout, config: fields.get("config").cloned() })
    }

    /// Reads the program of a check, if it starts one and names it rightly: the one that judges, or that takes out the context.
    #[must_use]
    pub fn of_check(check: &Check) -> Option<Self> {
        let judges = check.value.as_ref().filter(|_| check.kind.kind == CheckKind::Exec);
        Self::of(judges.or(check.context.as_ref())?).ok()
    }

    /// The language of promptfoo's that it is written in; none of a program of another kind.
    #[must_use]
    pub fn language(&self) -> Option<CheckLanguage> {
        match &self.source {
            CheckCode::Command(_) => None,
            CheckCode::File { language, .. } | CheckCode::Inline { language, .. } => Some(*language),
        }
    }

    /// Lists the words of its command as a person is shown them: without what runs a function or code.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match &self.source {
            CheckCode::Command(argv) => argv.clone(),
            CheckCode::File { language, path, function } => {
                let place = function.as_ref().map_or_else(|| path.clone(), |function| format!("{path}:{function}"));
                vec![language.interpreter().to_owned(), place]
            }
            CheckCode::Inline { language, text } => {
                let flag = match language {
                    CheckLanguage::Python => "-c",
                    CheckLanguage::JavaScript | CheckLanguage::Ruby => "-e",
                };
                vec![language.interpreter().to_owned(), flag.to_owned(), text.clone()]
            }
        }
    }

    /// Lists the words that may name files it consists of, from the folder of the prompt.
    #[must_use]
    pub fn file_words(&self) -> &[String] {
        match &self.source {
            CheckCode::Command(argv) => argv,
            CheckCode::File { path, .. } => std::slice::from_ref(path),
            CheckCode::Inline { .. } => &[],
        }
    }
}

fn command(value: &Value) -> Result<CheckCode, String> {
    let wrong = || "a command is a list of texts, [\"PROGRAM\", \"ARGUMENT\"]".to_owned();
    let words = value.as_array().ok_or_else(wrong)?.iter();
    let argv = words.map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    match argv.first() {
        Some(program) if !program.trim().is_empty() => Ok(CheckCode::Command(argv)),
        Some(_) | None => Err("it names no program; write it as [\"PROGRAM\", \"ARGUMENT\"]".to_owned()),
    }
}

fn code(language: CheckLanguage, value: &Value) -> Result<CheckCode, String> {
    let name = language.name();
    let text = value.as_str().filter(|text| !text.trim().is_empty());
    let text = text.ok_or_else(|| format!("`{name}` is code, or a file as `{FILE}PATH` or `{FILE}PATH:FUNCTION`"))?;
    let Some(place) = text.strip_prefix(FILE) else {
        return Ok(CheckCode::Inline { language, text: text.to_owned() });
    };
    let (path, function) = match place.rsplit_once(':') {
        Some((path, function)) if !function.contains(['/', '\\', '.']) => (path, Some(function.to_owned())),
        Some(_) | None => (place, None),
    };
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    if !language.endings().contains(&ending) {
        return Err(format!("`{name}` runs files that end in .{}", language.endings().join(", .")));
    }
    Ok(CheckCode::File { language, path: path.to_owned(), function })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_program_is_a_list_of_words_or_a_table() {
        let plain = CheckProgram::of(&json!(["python3", "checks/a.py"])).unwrap();
        assert_eq!(
            (plain.words(), plain.timeout),
            (vec!["python3".to_owned(), "checks/a.py".to_owned()], DEFAULT_TIMEOUT)
        );
        let table = json!({"command": ["./a"], "timeout": 0.5, "config": {"least": 3}});
        let table = CheckProgram::of(&table).unwrap();
        assert_eq!((table.timeout, table.config), (Duration::from_millis(500), Some(json!({"least": 3}))));
        let lines = CheckProgram::of(&json!({"command": ["./a"], "mode": "lines"})).unwrap();
        assert!(lines.stays && !plain.stays);
        let file = CheckProgram::of(&json!({"python": "file://checks/a.py:tone"})).unwrap();
        assert_eq!(file.words(), ["python3", "checks/a.py:tone"]);
        assert_eq!(file.file_words(), ["checks/a.py"]);
        let inline = CheckProgram::of(&json!({"javascript": "output.length < 9"})).unwrap();
        assert_eq!(inline.words(), ["node", "-e", "output.length < 9"]);
        assert!(inline.file_words().is_empty());
        let takes = Check { context: Some(json!({"python": "file://a.py"})), ..Check::of(CheckKind::Faithfulness) };
        let taken = CheckProgram::of_check(&takes).unwrap();
        assert_eq!(taken.words(), ["python3", "a.py"], "it is asked about as any other");
    }

    #[test]
    fn a_mistake_says_what_may_stand_there() {
        for (value, part) in [
            (json!("python3 a.py"), "it is a list"),
            (json!([]), "names no program"),
            (json!([" "]), "names no program"),
            (json!(["sh", 3]), "a list of texts"),
            (json!({"command": ["a"], "python": "1"}), "one of `command`"),
            (json!({"timeout": 3}), "one of `command`"),
            (json!({"command": ["a"], "timeout": 0}), "at most 3600 seconds"),
            (json!({"command": ["a"], "shell": true}), "no key `shell`"),
            (json!({"command": ["a"], "mode": "line"}), "`mode` is \"once\" or \"lines\""),
            (json!({"python": "1", "mode": "lines"}), "is of a `command`"),
            (json!({"python": "file://a.rb"}), "files that end in .py"),
            (json!({"ruby": "file://a.py"}), "files that end in .rb"),
            (json!({"javascript": ""}), "is code, or a file"),
        ] {
            let words = CheckProgram::of(&value).unwrap_err();
            assert!(words.contains(part), "{value}: {words}");
        }
    }
}
