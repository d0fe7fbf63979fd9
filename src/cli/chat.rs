//! `retort chat`: a conversation with one model, turn by turn: each answer becomes a message of the prompt.
//!
//! A conversation is a prompt with more messages, so cache, retries, checks and the record are those of any run. Each line
//! of standard input is a turn; a line that begins with `/` is a command.

use std::{
    collections::BTreeMap,
    io,
    io::{BufRead as _, IsTerminal as _},
    sync::Arc,
    thread,
};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::ChatArgs,
        interrupts::{Interrupts, close, interrupts},
        prompts,
        run::{note_keys, one, set},
        run_output::OutputFormat,
    },
    engine::{Engine, Workspace},
    model::{CacheMode, Check, Commit, Input, Outcome, Params, PartFolders, Prompt, RunEnd, RunRequest, Target},
    store::{Store, api::Over, prompts as files},
    template,
    template::conversation::{continued, with_answer},
    text::clean_line,
};

/// What may be typed in place of a turn.
const COMMANDS: &str = "/model NAME: another model from now on · /undo: takes the last turn back · /save NAME: writes the conversation as a prompt · /quit";

/// A conversation so far.
struct Chat {
    prompt: Prompt,
    input: Input,
    /// The answer to the last turn; none before the first one.
    answer: Option<Outcome>,
    /// What there was before each turn, the last one last.
    before: Vec<(Prompt, Input, Option<Outcome>)>,
    targets: Vec<Target>,
    judges: BTreeMap<String, Target>,
    name: String,
    cache: CacheMode,
    folders: PartFolders,
}

/// What a line asks for.
enum Asked {
    Turn,
    Nothing,
    End,
}

/// Holds a conversation until the input ends.
pub(crate) async fn chat(args: ChatArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let mut setup = io.setup()?;
    if args.trust {
        setup.places.project.trust();
    }
    let (name, mut prompt) = prompts::find(&setup.places, &io.cwd, &args.prompt)?;
    for (param, value) in &args.params {
        set(&mut prompt.params, param, value).map_err(Stopped::Usage)?;
    }
    let vars = args.vars.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let input = Input { vars, ..Input::default() };
    let (asks, mistakes) = template::asks_of(&prompt.turns());
    if let Some((place, mistake)) = mistakes.first() {
        return Err(Stopped::Usage(format!("message {} of {}, {mistake}", place + 1, args.prompt)));
    }
    let missing = asks.missing(|asked| asked == "input" || input.value(asked).is_some());
    if let Some(first) = missing.first() {
        let names = missing.join("`, `");
        return Err(Stopped::Usage(format!("the prompt asks for `{names}`: give it as --var {first}=VALUE")));
    }
    let takes_input = asks.names.iter().any(|asked| asked == "input");
    let model = args.model.clone().or_else(|| prompt.targets.first().cloned());
    let model = model.unwrap_or_else(|| setup.settings.default_model.clone());
    let judges = setup.catalog.judges(prompt.checks.iter().filter_map(Check::judge_name), setup.settings.judge_model());
    let judges = judges.collect::<Result<BTreeMap<_, _>, _>>();
    let judges = judges.map_err(|error| Stopped::Usage(format!("the judge cannot be asked: {error}")))?;
    let mut chat = Chat {
        targets: targets(&setup, &model, &prompt)?,
        prompt,
        input,
        answer: None,
        before: Vec::new(),
        judges,
        name,
        folders: PartFolders { prompt: prompts::part_root(&io.cwd, &args.prompt, args.trust), input: None },
        cache: if args.no_cache { CacheMode::Off } else { CacheMode::On },
    };
    let mut interrupts = interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let engine = Engine::start(&setup, &store);
    let asks_for_lines = io.err_is_terminal && io::stdin().is_terminal();
    if asks_for_lines {
        let _ = writeln!(io.err, "{} on {model}. {COMMANDS}", clean_line(&chat.name));
    }
    let mut lines = lines();
    let mut exit = Exit::Done;
    let mut unasked = !takes_input;
    loop {
        // A prompt without a place for the first turn says something itself.
        if !std::mem::take(&mut unasked) {
            if asks_for_lines {
                let _ = write!(io.err, "\n> ").and_then(|()| io.err.flush());
            }
            let line = tokio::select! {
                line = lines.recv() => line,
                _ = interrupts.recv() => None,
            };
            let Some(line) = line else { break };
            match chat.take(&line, &setup, io) {
                Asked::Turn => {}
                Asked::Nothing => continue,
                Asked::End => break,
            }
        }
        exit = chat.ask((&engine, &store), io, &mut interrupts).await?;
    }
    close(&store, &mut errors, io);
    Ok(exit)
}

/// Reads lines on a thread of its own: a wait for one stops nothing else.
fn lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn targets(setup: &Workspace, model: &str, prompt: &Prompt) -> Result<Vec<Target>, Stopped> {
    let mut targets: Vec<Target> = Vec::new();
    for name in std::iter::once(model).chain(prompt.fallback.iter().map(String::as_str)) {
        let target = setup.catalog.resolve(name).map_err(|error| Stopped::Usage(error.to_string()))?;
        if targets.iter().all(|known| known.name != target.name) {
            targets.push(target);
        }
    }
    Ok(targets)
}

impl Chat {
    /// Takes a line: a turn, or a command.
    fn take(&mut self, line: &str, setup: &Workspace, io: &mut Io<'_>) -> Asked {
        let said = line.trim();
        if said.is_empty() {
            return Asked::Nothing;
        }
        let Some(command) = said.strip_prefix('/') else {
            self.before.push((self.prompt.clone(), self.input.clone(), self.answer.clone()));
            match &self.answer {
                Some(answer) => self.prompt = continued(&self.prompt, answer, line),
                None => line.clone_into(&mut self.input.text),
            }
            return Asked::Turn;
        };
        let (word, rest) = command.split_once(' ').map_or((command, ""), |(word, rest)| (word, rest.trim()));
        let words = match (word, rest) {
            ("quit" | "exit" | "q", _) => return Asked::End,
            ("undo", _) => match self.before.pop() {
                Some((prompt, input, answer)) => {
                    (self.prompt, self.input, self.answer) = (prompt, input, answer);
                    "the last turn is taken back".to_owned()
                }
                None => "there is no turn to take back".to_owned(),
            },
            ("model", name) if !name.is_empty() => match targets(setup, name, &self.prompt) {
                Ok(targets) => {
                    self.targets = targets;
                    format!("{name} answers from now on")
                }
                Err(why) => why.to_string(),
            },
            ("save", name) if !name.is_empty() => {
                let whole = match &self.answer {
                    Some(answer) => with_answer(&self.prompt, answer),
                    None => self.prompt.clone(),
                };
                match files::save(&setup.places, name, &whole, Over::Nothing) {
                    Ok((file, _)) => format!("written: {}", file.display()),
                    Err(error) => error.message,
                }
            }
            _ => COMMANDS.to_owned(),
        };
        let _ = writeln!(io.err, "{}", clean_line(&words));
        Asked::Nothing
    }

    /// Asks for the answer to the last turn. One that comes to nothing takes the turn back, so that it can be said again.
    async fn ask(
        &mut self,
        (engine, store): (&Engine, &Store),
        io: &mut Io<'_>,
        interrupts: &mut Interrupts,
    ) -> Result<Exit, Stopped> {
        let named = engine.read_keys(self.targets.iter().chain(self.judges.values())).await;
        note_keys(&named, io);
        let request = RunRequest {
            prompt_name: Some(self.name.clone()),
            prompt: Arc::new(self.prompt.clone()),
            params: Params::default(),
            input: self.input.clone(),
            targets: self.targets.clone(),
            cache: self.cache,
            commit: Commit::Live,
            sample: 0,
            session: None,
            parent: None,
            checks: Vec::new(),
            min_score: None,
            judges: self.judges.clone(),
            cell: None,
            trace: None,
            folders: self.folders.clone(),
        };
        let form = if io.out_is_terminal { OutputFormat::Terminal } else { OutputFormat::Bytes };
        let (exit, outcome) = one((&engine.pipeline, store), request, (form, false), io, interrupts).await?;
        if form == OutputFormat::Bytes {
            writeln!(io.out)?;
        }
        match outcome.filter(|outcome| outcome.end == RunEnd::Done) {
            Some(outcome) => self.answer = Some(outcome),
            None => {
                if let Some((prompt, input, answer)) = self.before.pop() {
                    (self.prompt, self.input, self.answer) = (prompt, input, answer);
                }
            }
        }
        Ok(exit)
    }
}
