//! Programs of checks that stay: each is started once, reads a case as a line and writes its verdict as a line, one case after
//! the other. One that ends, takes too long or writes what is no answer to its case is started anew for the next.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    sync::Mutex as AsyncMutex,
};

use crate::{
    engine::check_programs::{LONGEST, stopped},
    eval::program_check::ProgramEnd,
    provider::{
        programs::{Process, ProgramOutput},
        wires::CommandEnvironment,
    },
};

/// What tells programs apart: the command line, and the folder it is started in.
type ProgramKey = (Vec<String>, Option<PathBuf>);

/// The programs that are running, each for one case at a time.
#[derive(Debug, Default)]
pub(super) struct LinePrograms(Mutex<BTreeMap<ProgramKey, Arc<AsyncMutex<Option<Running>>>>>);

/// A program that waits for a case. Dropping it ends it with all it has started.
#[derive(Debug)]
struct Running {
    process: Process<BufReader<ProgramOutput>>,
    /// Cases that it has answered.
    answered: u64,
    /// When its files were written last.
    written: Vec<Option<SystemTime>>,
}

/// Why a program gave no answer.
enum Silence {
    /// It has ended.
    Ended(String),
    /// It is of no use any more.
    Useless(String),
}

impl LinePrograms {
    /// Has a program answer a case, which is one JSON object, within a time that begins when it is its turn. `files` are the
    /// words of its command that may name files: where one is another than when it was started, it is started anew.
    pub(super) async fn ask(
        &self,
        argv: &[String],
        (folder, files): (Option<&Path>, &[String]),
        environment: &CommandEnvironment,
        (asked, limit): (&str, Duration),
    ) -> Result<ProgramEnd, String> {
        let key = (argv.to_vec(), folder.map(Path::to_path_buf));
        let place = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(key).or_default())
        };
        let mut place = place.lock().await;
        let shown = argv.first().map_or("", String::as_str);
        let written = written(folder, files);
        // Taken out: whoever is stopped in the middle leaves no program behind that owes an answer.
        let mut running = place.take().filter(|running| running.written == written);
        let asks = async {
            loop {
                let before = running.take();
                let is_old = before.as_ref().is_some_and(|running| running.answered > 0);
                let mut own = match before {
                    Some(running) => running,
                    None => Running::start(argv, folder, environment, written.clone())?,
                };
                match own.answer(asked).await {
                    Ok(line) => return Ok((line, own)),
                    // It had ended while nobody asked it anything.
                    Err(Silence::Ended(_)) if is_old => {}
                    Err(Silence::Ended(why)) => return Err(format!("`{shown}` {why}")),
                    Err(Silence::Useless(why)) => return Err(format!("`{shown}` {why} and was stopped")),
                }
            }
        };
        let (text, own) =
            tokio::time::timeout(limit, asks).await.unwrap_or_else(|_elapsed| Err(stopped(shown, limit)))?;
        *place = Some(own);
        Ok(ProgramEnd { code: 0, text, complaint: String::new() })
    }
}

impl Running {
    fn start(
        argv: &[String],
        folder: Option<&Path>,
        environment: &CommandEnvironment,
        written: Vec<Option<SystemTime>>,
    ) -> Result<Self, String> {
        let Some((program, rest)) = argv.split_first() else { return Err("no program is named".to_owned()) };
        let process = Process::start(program, rest, environment, folder)?.buffered();
        Ok(Self { process, answered: 0, written })
    }

    async fn answer(&mut self, asked: &str) -> Result<String, Silence> {
        let id = self.answered + 1;
        let mut case: Value = serde_json::from_str(asked).unwrap_or_default();
        if let Some(fields) = case.as_object_mut() {
            fields.insert("id".to_owned(), id.into());
        }
        let line = format!("{case}\n");
        let Process { stdin, stdout, .. } = &mut self.process;
        let told = async {
            stdin.write_all(line.as_bytes()).await?;
            stdin.flush().await
        };
        // A program may answer before it has read all of a long case.
        let (told, said) = tokio::join!(told, read_line(stdout));
        let said = match said {
            Ok(Some(said)) => said,
            Ok(None) => return Err(Silence::Ended(self.end().await)),
            Err(why) => return Err(Silence::Useless(why)),
        };
        if told.is_err() {
            return Err(Silence::Ended(self.end().await));
        }
        let own = serde_json::from_str::<Value>(&said).ok().and_then(|said| said.get("id").cloned());
        if let Some(own) = own.filter(|own| *own != id) {
            return Err(Silence::Useless(format!("answered the case {own}, and was asked {id}")));
        }
        self.answered = id;
        Ok(said)
    }

    /// Says how it ended.
    async fn end(&mut self) -> String {
        let code = self.process.group.wait().await.and_then(|end| end.code);
        let complaint = (&mut self.process.stderr).await.unwrap_or_default();
        let code =
            code.map_or_else(|| "was killed by a signal".to_owned(), |code| format!("ended with exit code {code}"));
        if complaint.is_empty() {
            format!("{code} and no answer")
        } else {
            format!("{code} and no answer: {complaint}")
        }
    }
}

/// Reads a line without its end; none where there is no further one.
async fn read_line(output: &mut BufReader<ProgramOutput>) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    loop {
        let (used, is_whole) = {
            let Ok(come) = output.fill_buf().await else { return Ok(None) };
            if come.is_empty() {
                return Ok(None);
            }
            let end = come.iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(come.get(..end.unwrap_or(come.len())).unwrap_or_default());
            (end.map_or(come.len(), |end| end + 1), end.is_some())
        };
        output.consume(used);
        if line.len() > LONGEST {
            return Err(format!("wrote a line of more than {} MiB", LONGEST >> 20));
        }
        if is_whole {
            return String::from_utf8(line).map(Some).map_err(|_wrong| "wrote a line that is not UTF-8".to_owned());
        }
    }
}

/// When the files that the words of a command may name were written last.
fn written(folder: Option<&Path>, files: &[String]) -> Vec<Option<SystemTime>> {
    let at = |word: &String| {
        let path = folder.map_or_else(|| PathBuf::from(word), |folder| folder.join(word));
        path.metadata().and_then(|about| about.modified()).ok()
    };
    files.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SHORT: Duration = Duration::from_secs(20);

    struct Shop {
        programs: LinePrograms,
        folder: tempfile::TempDir,
        argv: Vec<String>,
    }

    impl Shop {
        /// A program in the shell: it notes each start, and does this for each line.
        fn of(body: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let script = format!("echo $$ >>starts\nn=0\nwhile read -r line; do n=$((n+1)); {body}; done\n");
            fs::write(folder.path().join("a.sh"), script).unwrap();
            let argv = vec!["sh".to_owned(), "a.sh".to_owned()];
            Self { programs: LinePrograms::default(), folder, argv }
        }

        async fn ask(&self, asked: &str, limit: Duration) -> Result<String, String> {
            let environment: CommandEnvironment =
                std::env::var_os("PATH").map(|path| ("PATH".into(), path)).into_iter().collect();
            let place = (Some(self.folder.path()), self.argv.as_slice());
            self.programs.ask(&self.argv, place, &environment, (asked, limit)).await.map(|end| end.text)
        }

        fn starts(&self) -> usize {
            fs::read_to_string(self.folder.path().join("starts")).unwrap_or_default().lines().count()
        }
    }

    #[tokio::test]
    async fn one_program_answers_case_after_case_in_their_order() {
        let shop = Shop::of(r#"echo "$line" >>asked; echo "{\"id\": $n, \"score\": $n}""#);
        let all = futures_util::future::join_all((1..=5).map(|_| shop.ask("{\"v\": 1}", SHORT))).await;
        let all: Vec<String> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(all[4], "{\"id\": 5, \"score\": 5}");
        assert_eq!(shop.starts(), 1);
        let asked = fs::read_to_string(shop.folder.path().join("asked")).unwrap();
        assert_eq!(asked.lines().collect::<Vec<_>>()[..2], ["{\"v\":1,\"id\":1}", "{\"v\":1,\"id\":2}"]);
    }

    #[tokio::test]
    async fn one_that_crashes_loses_its_case_alone_and_is_started_anew() {
        let shop = Shop::of("case $line in *crash*) echo why >&2; exit 3;; esac; echo true");
        assert_eq!(shop.ask("{\"a\": 1}", SHORT).await, Ok("true".to_owned()));
        // One that has answered before is asked once more, as it may have ended by itself.
        let why = shop.ask("{\"a\": \"crash\"}", SHORT).await.unwrap_err();
        assert_eq!(why, "`sh` ended with exit code 3 and no answer: why");
        assert_eq!(shop.ask("{\"a\": 2}", SHORT).await, Ok("true".to_owned()));
        assert_eq!(shop.starts(), 3);
        let quits = Shop::of("echo true; exit 0");
        for _ in 0..3 {
            assert_eq!(
                quits.ask("{}", SHORT).await,
                Ok("true".to_owned()),
                "one that ends after each answer serves, too"
            );
        }
    }

    #[tokio::test]
    async fn what_takes_too_long_answers_another_case_or_writes_too_much_is_stopped() {
        let slow = Shop::of("case $line in *slow*) sleep 600;; esac; echo true");
        let why = slow.ask("{\"a\": \"slow\"}", Duration::from_millis(300)).await.unwrap_err();
        assert_eq!(why, "`sh` took longer than 0.30s and was stopped");
        assert_eq!((slow.ask("{}", SHORT).await, slow.starts()), (Ok("true".to_owned()), 2));
        let wrong = Shop::of("echo '{\"id\": 9, \"pass\": true}'");
        let why = wrong.ask("{}", SHORT).await.unwrap_err();
        assert_eq!(why, "`sh` answered the case 9, and was asked 1 and was stopped");
        let much = Shop::of("head -c 3000000 /dev/zero | tr '\\0' x; echo");
        let why = much.ask("{}", SHORT).await.unwrap_err();
        assert!(why.contains("a line of more than 1 MiB"), "{why}");
    }

    #[tokio::test]
    async fn one_whose_file_is_written_anew_is_started_anew() {
        let shop = Shop::of("echo true");
        assert_eq!(shop.ask("{}", SHORT).await, Ok("true".to_owned()));
        let file = shop.folder.path().join("a.sh");
        let text = fs::read_to_string(&file).unwrap().replace("echo true", "echo false");
        fs::write(&file, text).unwrap();
        let later = fs::metadata(&file).unwrap().modified().unwrap() + Duration::from_secs(5);
        fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
        assert_eq!(shop.ask("{}", SHORT).await, Ok("false".to_owned()));
    }
}
