//! What runs the programs of `exec` checks: once for each answer, or once for all where the check says so, without a shell, in the folder of the prompt or of the data
//! set, within a time and a length.
//!
//! Functions and code of promptfoo's assertions are run by small programs of ours, handed to the interpreter as text.

mod lines;

use std::{path::PathBuf, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    engine::check_programs::lines::LinePrograms,
    eval::program_check::ProgramEnd,
    model::{
        CheckProgram, PartRoot,
        attachment::{PartOrigin, folder_of},
        check_program::{CheckCode, CheckLanguage},
        settings::Places,
    },
    pipeline::ports::{PortFuture, ProgramRun, ProgramRunner},
    provider::{programs::Process, wires::CommandEnvironment},
    store::prompts,
    text::format,
};

/// The longest that a program may write, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Runs programs on this machine.
#[derive(Debug)]
pub struct CheckPrograms {
    places: Places,
    environment: CommandEnvironment,
    /// Those that stay.
    lines: LinePrograms,
}

impl CheckPrograms {
    /// Starts programs with this environment; the folders of prompts are found by their names.
    #[must_use]
    pub fn new(places: &Places, environment: CommandEnvironment) -> Self {
        Self { places: places.clone(), environment, lines: LinePrograms::default() }
    }

    /// Finds the folder a program is started in; none is the working directory.
    fn folder(&self, run: &ProgramRun) -> Option<PathBuf> {
        let root = match run.whose {
            PartOrigin::Prompt => run.folders.prompt.as_ref(),
            PartOrigin::Input => run.folders.input.as_ref(),
        };
        if let Some(PartRoot { path, .. }) = root {
            return Some(path.clone());
        }
        let name = run.prompt_name.as_deref().filter(|_| run.whose == PartOrigin::Prompt)?;
        prompts::file(&self.places, name).ok().flatten().map(|file| folder_of(&file))
    }
}

impl ProgramRunner for CheckPrograms {
    fn run(&self, run: ProgramRun) -> PortFuture<'_, Result<ProgramEnd, String>> {
        Box::pin(async move {
            let limit = run.program.timeout;
            if run.program.stays {
                let (argv, folder) = (argv(&run.program), self.folder(&run));
                let place = (folder.as_deref(), run.program.file_words());
                return self.lines.ask(&argv, place, &self.environment, (&run.asked, limit)).await;
            }
            let ended = tokio::time::timeout(limit, self.to_its_end(&run)).await;
            let shown = run.program.words().into_iter().next().unwrap_or_default();
            ended.unwrap_or_else(|_elapsed| Err(stopped(&shown, limit)))
        })
    }
}

impl CheckPrograms {
    async fn to_its_end(&self, run: &ProgramRun) -> Result<ProgramEnd, String> {
        let argv = argv(&run.program);
        let Some((program, rest)) = argv.split_first() else { return Err("no program is named".to_owned()) };
        let folder = self.folder(run);
        let started = Process::start(program, rest, &self.environment, folder.as_deref())?;
        let Process { group, mut stdin, mut stdout, stderr } = started;
        let asked = run.asked.clone();
        tokio::spawn(async move {
            // A program may well not read its input; that is no error.
            drop(stdin.write_all(asked.as_bytes()).await);
        });
        let mut output = Vec::new();
        while stdout.read_buf(&mut output).await.is_ok_and(|count| count > 0) {
            if output.len() > LONGEST {
                return Err(format!("`{program}` wrote more than {} MiB and was stopped", LONGEST >> 20));
            }
        }
        let Some(end) = group.ended().await else { return Err(format!("`{program}` was stopped")) };
        let code = end.code.ok_or_else(|| format!("`{program}` was killed by a signal"))?;
        let text = String::from_utf8(output).map_err(|_wrong| format!("what `{program}` wrote is not UTF-8"))?;
        Ok(ProgramEnd { code, text, complaint: stderr.await.unwrap_or_default() })
    }
}

/// Says that a program was stopped when its time was over.
fn stopped(program: &str, limit: Duration) -> String {
    format!("`{program}` took longer than {} and was stopped", format::duration(limit))
}

/// The whole command line of a program.
fn argv(program: &CheckProgram) -> Vec<String> {
    let run = |language: CheckLanguage, words: [&str; 3]| {
        let runner: &[&str] = match language {
            CheckLanguage::Python => &["-c", include_str!("../../assets/promptfoo/assertion.py")],
            CheckLanguage::Ruby => &["-e", include_str!("../../assets/promptfoo/assertion.rb"), "--"],
            // Words that begin with `-` after the text would be node's own.
            CheckLanguage::JavaScript => {
                &["--input-type=module", "-e", include_str!("../../assets/promptfoo/assertion.mjs"), "--"]
            }
        };
        let all = [language.interpreter()].into_iter().chain(runner.iter().copied()).chain(words);
        all.map(str::to_owned).collect()
    };
    match &program.source {
        CheckCode::Command(argv) => argv.clone(),
        CheckCode::File { language, path, function } => {
            run(*language, ["file", path, function.as_deref().unwrap_or_default()])
        }
        CheckCode::Inline { language, text } => run(*language, ["code", text, ""]),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use serde_json::{Value, json};

    use super::*;
    use crate::model::{PartFolders, settings::Project};

    /// Runs the program of a check's value in a folder, with no variable but those that find programs.
    async fn run(folder: &Path, value: Value) -> Result<ProgramEnd, String> {
        let environment: CommandEnvironment =
            std::env::var_os("PATH").map(|path| ("PATH".into(), path)).into_iter().collect();
        let nowhere = PathBuf::new;
        let (config, data, cache, state) = (nowhere(), nowhere(), nowhere(), nowhere());
        let places = Places { config, data, cache, state, project: Project::Absent };
        let programs = CheckPrograms { places, environment, lines: LinePrograms::default() };
        let asked = json!({
            "v": 1, "output": "Hello there", "vars": {"want": "Hello"}, "messages": [{"role": "user", "content": "Hi"}],
            "target": "m", "config": value.get("config"),
        });
        let run = ProgramRun {
            program: CheckProgram::of(&value).unwrap(),
            asked: asked.to_string(),
            whose: PartOrigin::Prompt,
            prompt_name: None,
            folders: PartFolders {
                prompt: Some(PartRoot { path: folder.to_path_buf(), ..PartRoot::default() }),
                input: None,
            },
        };
        ProgramRunner::run(&programs, run).await
    }

    #[allow(clippy::print_stderr, reason = "what is skipped is told by its name")]
    fn is_there(program: &str) -> bool {
        let there = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
        if !there {
            eprintln!("skipped: {program} is not here");
        }
        there
    }

    #[tokio::test]
    async fn a_program_runs_beside_the_prompt_and_sees_no_key() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.sh"), "cat >asked.json; env >env.txt; echo '{\"score\": 0.5}'").unwrap();
        let end = run(folder.path(), json!(["sh", "a.sh"])).await.unwrap();
        assert_eq!((end.code, end.text.trim()), (0, "{\"score\": 0.5}"));
        let asked: Value =
            serde_json::from_str(&fs::read_to_string(folder.path().join("asked.json")).unwrap()).unwrap();
        assert_eq!((&asked["v"], &asked["output"]), (&json!(1), &json!("Hello there")));
        let seen = fs::read_to_string(folder.path().join("env.txt")).unwrap();
        let seen: Vec<&str> = seen.lines().filter_map(|line| line.split('=').next()).collect();
        assert!(seen.iter().all(|name| ["PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(name)), "{seen:?}");
    }

    #[tokio::test]
    async fn what_takes_too_long_or_writes_too_much_is_stopped_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let slow = json!({"command": ["sh", "-c", "sleep 600 & echo $! >child; wait"], "timeout": 0.5});
        let why = run(folder.path(), slow).await.unwrap_err();
        assert_eq!(why, "`sh` took longer than 0.50s and was stopped");
        let child: i32 = fs::read_to_string(folder.path().join("child")).unwrap().trim().parse().unwrap();
        let child = rustix::process::Pid::from_raw(child).unwrap();
        let gone = async {
            while rustix::process::test_kill_process(child).is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("what it started ends as well");
        let why = run(folder.path(), json!(["sh", "-c", "yes"])).await.unwrap_err();
        assert_eq!(why, "`sh` wrote more than 1 MiB and was stopped");
        let why = run(folder.path(), json!(["./nothing"])).await.unwrap_err();
        assert_eq!(why, "`./nothing` could not be started: there is no such program");
        let why = run(folder.path(), json!(["sh", "-c", "kill -9 $$"])).await.unwrap_err();
        assert_eq!(why, "`sh` was killed by a signal");
        let why = run(folder.path(), json!(["sh", "-c", "printf '\\377'"])).await.unwrap_err();
        assert_eq!(why, "what `sh` wrote is not UTF-8");
    }

    /// What an assertion wrote, as JSON; its exit code where it wrote nothing.
    async fn opinion(folder: &Path, value: Value) -> Value {
        let end = run(folder, value).await.unwrap();
        serde_json::from_str(&end.text).unwrap_or_else(|_| json!(end.code))
    }

    #[tokio::test]
    async fn promptfoos_python_assertions_run_as_they_are() {
        if !is_there("python3") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = "import json\nfrom typing import Any, Dict, Union\n\n\
            def get_assert(output: str, context) -> Union[bool, float, Dict[str, Any]]:\n    print('noise')\n    \
            if context['config'].get('raise'):\n        raise ValueError('no')\n    \
            return {'pass': context['vars']['want'] in output, 'score': 0.6, 'reason': context['prompt'], 'namedScores': {'tone': 0.4}}\n\n\
            def tone(output, context):\n    return len(output) / 100\n\n\
            async def later(output, context):\n    return 'True'\n";
        fs::write(folder.path().join("a.py"), file).unwrap();
        fs::write(folder.path().join("broken.py"), "def get_assert(:\n").unwrap();
        for (value, wanted) in [
            (
                json!({"python": "file://a.py"}),
                json!({"pass": true, "score": 0.6, "reason": "Hi", "named": {"tone": 0.4}}),
            ),
            (json!({"python": "file://a.py:tone"}), json!({"score": 0.11})),
            (json!({"python": "file://a.py:later"}), json!({"pass": true})),
            (
                json!({"python": "file://a.py", "config": {"raise": true}}),
                json!({"pass": false, "score": 0, "reason": "ValueError: no"}),
            ),
            (json!({"python": "file://a.py:nobody"}), json!(2)),
            (json!({"python": "file://broken.py"}), json!(2)),
            (json!({"python": "len(output) > 5"}), json!({"pass": true})),
            (json!({"python": "import re\nreturn bool(re.match('J', output))"}), json!({"pass": false})),
            (
                json!({"python": "output.nothing"}),
                json!({"pass": false, "score": 0, "reason": "AttributeError: 'str' object has no attribute 'nothing'"}),
            ),
        ] {
            assert_eq!(opinion(folder.path(), value.clone()).await, wanted, "{value}");
        }
    }

    #[tokio::test]
    async fn promptfoos_javascript_assertions_run_as_they_are() {
        if !is_there("node") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = "module.exports = (output, context) => {\n  console.log('noise');\n  \
            if (context.config.raise) throw new Error('no');\n  \
            return { pass: output.includes(context.vars.want), score: 0.6, reason: context.prompt };\n};\n\
            module.exports.tone = async (output) => output.length / 100;\n";
        fs::write(folder.path().join("a.js"), file).unwrap();
        fs::write(folder.path().join("b.mjs"), "export default (output) => output.length > 5;").unwrap();
        fs::write(folder.path().join("broken.js"), "module.exports = (").unwrap();
        for (value, wanted) in [
            (json!({"javascript": "file://a.js"}), json!({"pass": true, "score": 0.6, "reason": "Hi", "named": {}})),
            (json!({"javascript": "file://a.js:tone"}), json!({"score": 0.11})),
            (json!({"javascript": "file://b.mjs"}), json!({"pass": true})),
            (
                json!({"javascript": "file://a.js", "config": {"raise": true}}),
                json!({"pass": false, "score": 0, "reason": "Error: no"}),
            ),
            (json!({"javascript": "file://a.js:nobody"}), json!(2)),
            (json!({"javascript": "file://broken.js"}), json!(2)),
            (json!({"javascript": "output.length > 5"}), json!({"pass": true})),
            (
                json!({"javascript": "const n = 'a;b'.length; output.length / (n * 100);"}),
                json!({"score": 11.0 / 300.0}),
            ),
            (
                json!({"javascript": "const words = output.split(' ');\nreturn words.length === 3;"}),
                json!({"pass": false}),
            ),
        ] {
            assert_eq!(opinion(folder.path(), value.clone()).await, wanted, "{value}");
        }
    }

    #[tokio::test]
    async fn promptfoos_ruby_assertions_run_as_they_are() {
        if !is_there("ruby") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = "puts 'noise'\ndef get_assert(output, context)\n  raise 'no' if context['config']['raise']\n  \
            { 'pass' => output.include?(context['vars']['want']), 'score' => 0.6, 'reason' => context['prompt'] }\nend\n\n\
            def tone(output, context)\n  output.length / 100.0\nend\n";
        fs::write(folder.path().join("a.rb"), file).unwrap();
        fs::write(folder.path().join("broken.rb"), "def get_assert(").unwrap();
        for (value, wanted) in [
            (json!({"ruby": "file://a.rb"}), json!({"pass": true, "score": 0.6, "reason": "Hi", "named": {}})),
            (json!({"ruby": "file://a.rb:tone"}), json!({"score": 0.11})),
            (
                json!({"ruby": "file://a.rb", "config": {"raise": true}}),
                json!({"pass": false, "score": 0, "reason": "RuntimeError: no"}),
            ),
            (json!({"ruby": "file://a.rb:nobody"}), json!(2)),
            (json!({"ruby": "file://broken.rb"}), json!(2)),
            (json!({"ruby": "output.length > 5"}), json!({"pass": true})),
            (json!({"ruby": "n = output.length\nreturn 0.5 if n > 5\n1"}), json!({"score": 0.5})),
        ] {
            assert_eq!(opinion(folder.path(), value.clone()).await, wanted, "{value}");
        }
    }
}
