//! `retort run`: one prompt on one input, read from a file or standard input, on one model or on several.

use std::{
    collections::BTreeMap,
    fs, io,
    io::{IsTerminal as _, Read as _},
    path::Path,
    sync::Arc,
};

use futures_util::StreamExt as _;
use jiff::Timestamp;

use crate::{
    cli::{
        Exit, Io, Stopped,
        args::RunArgs,
        compare::{CompareOptions, CompareOutput, ModelLane, compare},
        interrupts::{CLOSING, Interrupts, close, interrupts},
        prompts,
        run_output::{Destination, OutputFormat, RunOutput},
    },
    config::CONFIG_FILE,
    engine::{
        Engine, Workspace,
        batch::{bare_note, note_of},
        keys::NamedKeys,
    },
    eval::check,
    model::{
        CacheMode, Check, Commit, ErrorKind, Format, Input, MediaKind, Outcome, Part, PartFolders, Prompt, RunEnd,
        RunRequest, Target,
        catalog::UnknownTarget,
        prompt::{Param, Params, reserved},
        settings::{IntakeLimits, byte_size},
    },
    pipeline::{Pipeline, RunEvent},
    store::Store,
    template,
    template::conversation,
    text::clean_line,
};

/// Runs the prompt.
pub(crate) async fn run(args: RunArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let mut setup = io.setup()?;
    if args.trust {
        setup.places.project.trust();
    }
    let (prompt_name, mut prompt) = prompts::find(&setup.places, &io.cwd, &args.prompt)?;
    for (name, value) in &args.params {
        set(&mut prompt.params, name, value).map_err(Stopped::Usage)?;
    }
    let lanes = lanes(&setup, &args, &prompt)?;
    let judge = args.judge.as_deref().unwrap_or_else(|| setup.settings.judge_model());
    if args.judge.is_some() {
        setup.catalog.resolve(judge).map_err(|error| Stopped::Usage(error.to_string()))?;
    }
    let judges = setup.catalog.judges(prompt.checks.iter().filter_map(Check::judge_name), judge);
    let judges = judges.collect::<Result<BTreeMap<_, _>, _>>();
    let judges = judges.map_err(|error| Stopped::Usage(format!("the judge cannot be asked: {error}")))?;
    let (input, notes) = input(&args, &prompt, &io.cwd, setup.settings.intake.input)?;
    let default = setup.default_note.as_ref().filter(|_| args.model.is_empty() && prompt.targets.is_empty());
    for note in notes.iter().chain(default) {
        let _ = writeln!(io.err, "note: {}", clean_line(note));
    }
    // Heard from here on, also while keys are read.
    let mut interrupts = interrupts()?;
    let store = setup.store();
    let mut errors = store.errors();
    let engine = Engine::start(&setup, &store);
    let named = tokio::select! {
        named = engine.read_keys(lanes.iter().flatten().chain(judges.values())) => named,
        _ = interrupts.recv() => return Ok(Exit::Cancelled),
    };
    // Which keys cannot be had, the run says itself.
    note_keys(&named, io);
    let prompt = Arc::new(prompt);
    let cache = match (args.no_cache, args.fresh) {
        (true, _) => CacheMode::Off,
        (false, true) => CacheMode::Refresh,
        (false, false) => CacheMode::On,
    };
    let request = |targets: &[Target], sample: u32, commit: Commit| RunRequest {
        prompt_name: Some(prompt_name.clone()),
        prompt: Arc::clone(&prompt),
        params: Params::default(),
        input: input.clone(),
        targets: targets.to_vec(),
        cache,
        commit,
        sample,
        session: None,
        parent: None,
        checks: Vec::new(),
        min_score: None,
        judges: judges.clone(),
        folders: PartFolders { prompt: prompts::part_root(&io.cwd, &args.prompt, args.trust), input: None },
        cell: None,
        trace: None,
    };
    let form = match (args.json, io.out_is_terminal) {
        (true, _) => OutputFormat::Json,
        (false, true) => OutputFormat::Terminal,
        (false, false) => OutputFormat::Bytes,
    };
    let ended = match lanes.as_slice() {
        [targets] if args.samples == 1 && !args.md && !args.diff => {
            // A reader of standard output gets one answer: with a form to keep and others to ask, not before it
            // is known to be of use.
            let one_answer = form == OutputFormat::Bytes && targets.len() > 1 && prompt.format().0 != Format::Text;
            let buffered = (form == OutputFormat::Json || one_answer) && !args.live;
            let commit = if buffered { Commit::Buffered } else { Commit::Live };
            one(
                (&engine.pipeline, &store),
                request(targets, 0, commit),
                (form, args.allow_inconclusive),
                io,
                &mut interrupts,
            )
            .await
            .map(|(exit, _)| exit)
        }
        _ => {
            let lanes = lanes.iter().map(|targets| ModelLane {
                name: targets.first().map(ToString::to_string).unwrap_or_default(),
                requests: (0..args.samples).map(|sample| request(targets, sample, Commit::Buffered)).collect(),
            });
            let shape = match form {
                _ if args.md => CompareOutput::Markdown,
                OutputFormat::Bytes if args.diff => CompareOutput::Columns,
                OutputFormat::Terminal => CompareOutput::Columns,
                form => CompareOutput::Each(form),
            };
            let options = CompareOptions {
                shape,
                diff: args.diff,
                allow_inconclusive: args.allow_inconclusive,
                at_once: setup.settings.batch.concurrency,
            };
            compare((&engine.pipeline, &store), lanes.collect(), options, io, &mut interrupts).await
        }
    };
    // Also where the reader is gone: what was asked so far is still recorded.
    close(&store, &mut errors, io);
    ended
}

/// Runs one request to its end and returns it, which as JSON is told once it is on record. Ctrl-c stops it and keeps what came; a second one does not wait.
pub(crate) async fn one(
    (pipeline, store): (&Pipeline, &Store),
    request: RunRequest,
    (form, allowed): (OutputFormat, bool),
    io: &mut Io<'_>,
    interrupts: &mut Interrupts,
) -> Result<(Exit, Option<Outcome>), Stopped> {
    let mut events = pipeline.run(request);
    let control = events.control();
    let mut stopping = false;
    let mut report = RunOutput::new(form, Destination::default(), io.out, io.err);
    loop {
        tokio::select! {
            words = events.next() => {
                let Some(words) = words else {
                    return Err(Stopped::Other("the run ended without an end; please report this".to_owned()));
                };
                if form == OutputFormat::Json && matches!(words.event, RunEvent::Ended { .. }) {
                    store.recorded(CLOSING).await;
                }
                report.take(&words, Timestamp::now())?;
                if let RunEvent::Ended { outcome } = &words.event {
                    hint(outcome, io);
                    return Ok((Exit::of_run(outcome, allowed), Some((**outcome).clone())));
                }
            }
            _ = interrupts.recv() => {
                if std::mem::replace(&mut stopping, true) {
                    return Ok((Exit::Cancelled, None));
                }
                control.stop();
            }
        }
    }
}

/// Says which of the keys that are named for targets cannot be had and what was left out of others, and stops where
/// none of a target's can be had.
pub(crate) fn check_keys(named: &BTreeMap<String, NamedKeys>, io: &mut Io<'_>) -> Result<(), Stopped> {
    for NamedKeys { errors, refusal, notes: _ } in named.values() {
        if let Some(refusal) = refusal {
            return Err(Stopped::Other(refusal.clone()));
        }
        for why in errors {
            let _ = writeln!(io.err, "note: {}; another one is used", clean_line(why));
        }
    }
    note_keys(named, io);
    Ok(())
}

/// Says what was left out of keys.
pub(crate) fn note_keys(named: &BTreeMap<String, NamedKeys>, io: &mut Io<'_>) {
    for note in named.values().flat_map(|named| &named.notes) {
        let _ = writeln!(io.err, "note: {}", clean_line(note));
    }
}

/// Says what works without a key, where a key was all that was missing.
fn hint(outcome: &Outcome, io: &mut Io<'_>) {
    if let RunEnd::Failed { reasons } = &outcome.end
        && !reasons.is_empty()
        && reasons.iter().all(|reason| reason.error.class == ErrorKind::MissingKey)
    {
        let _ = writeln!(io.err, "`-m demo` answers without a key; `retort doctor` shows which keys are found");
    }
}

/// Lists the targets of each run: the model, then the prompt's fallbacks, none twice.
fn lanes(setup: &Workspace, args: &RunArgs, prompt: &Prompt) -> Result<Vec<Vec<Target>>, Stopped> {
    let given = !args.model.is_empty();
    let names = if given {
        args.model.clone()
    } else if prompt.targets.is_empty() {
        vec![setup.settings.default_model.clone()]
    } else {
        prompt.targets.clone()
    };
    let from_settings = !given && prompt.targets.is_empty();
    let unknown = |error: UnknownTarget| {
        let error = error.to_string();
        let file = setup.places.config.join(CONFIG_FILE);
        Stopped::Usage(if from_settings { format!("{}, `default_model`: {error}", file.display()) } else { error })
    };
    names
        .iter()
        .map(|name| {
            let mut targets = vec![setup.catalog.resolve(name).map_err(unknown)?];
            for fallback in &prompt.fallback {
                let target = setup.catalog.resolve(fallback).map_err(unknown)?;
                if targets.iter().all(|known| known.name != target.name) {
                    targets.push(target);
                }
            }
            Ok(targets)
        })
        .collect()
}

/// Gathers the input: a file, standard input, the variables. Standard input is read only where
/// the prompt has a use for it; neither may have more than `most` bytes.
fn input(args: &RunArgs, prompt: &Prompt, cwd: &Path, most: u64) -> Result<(Input, Vec<String>), Stopped> {
    let vars = args.vars.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let mut input = Input { text: String::new(), vars, parts: parts(args, cwd) };
    let turns = prompt.turns();
    let (asks, mistakes) = template::asks_of(&turns);
    if let Some((place, mistake)) = mistakes.first() {
        let role = turns.get(*place).map_or("", |turn| turn.role.name());
        return Err(Stopped::Usage(format!("message {} ({role}) of {}, {mistake}", place + 1, args.prompt)));
    }
    let needs_text = asks.names.iter().any(|name| name == "input") && !input.vars.contains_key("input");
    input.text = match args.input.as_deref() {
        Some(path) if path == Path::new("-") => standard_input(most)?,
        Some(path) => file(&cwd.join(path), most)?,
        None if !needs_text => String::new(),
        // A picture alone is an input.
        None if !input.parts.is_empty() && io::stdin().is_terminal() => String::new(),
        None if io::stdin().is_terminal() => {
            return Err(Stopped::Usage(format!(
                "there is no input: name a file with -i FILE, or pipe it in: `retort run {} < FILE`",
                args.prompt
            )));
        }
        None => standard_input(most)?,
    };
    let missing = asks.missing(|name| input.value(name).is_some());
    if let Some(first) = missing.first() {
        let names = missing.join("`, `");
        return Err(Stopped::Usage(format!("the prompt asks for `{names}`: give it as --var {first}=VALUE")));
    }
    let notes = unused(&asks, &input, args, prompt);
    Ok((input, notes))
}

/// Lists the parts that the command line names, with their paths from the root.
fn parts(args: &RunArgs, cwd: &Path) -> Vec<Part> {
    let of_kind = MediaKind::ALL.into_iter().zip([&args.images, &args.files, &args.audio]);
    let parts = of_kind.flat_map(|(kind, sources)| sources.iter().map(move |source| Part::of(kind, source)));
    let rooted = |part: Part| match part.own_path() {
        Some(path) => Part { source: cwd.join(path).to_string_lossy().into_owned(), ..part },
        None => part,
    };
    parts.map(rooted).collect()
}

/// Says what of the prompt is not read as it may be meant, and what of the input is not sent.
fn unused(asks: &template::TemplateVariables, input: &Input, args: &RunArgs, prompt: &Prompt) -> Vec<String> {
    let turns = prompt.turns();
    let mut notes: Vec<String> = asks.notes.iter().map(|note| note_of(&args.prompt, &turns, note)).collect();
    notes.extend(bare_note(&args.prompt, prompt));
    notes.extend(prompt.format().1.map(|why| format!("{}: [response] names no format, so it is {why}", args.prompt)));
    let uses = |name: &str| {
        asks.names.iter().any(|name_asked| template::is_given(name_asked, |part| part == name))
            || prompt.checks.iter().any(|check| check::uses(check, name))
    };
    if args.input.is_some() && !uses("input") {
        notes.push(format!("{} never uses {{{{ input }}}}, so the input is not sent", args.prompt));
    } else if input.parts.is_empty() && uses("input") && input.value("input").is_none_or(|text| text.trim().is_empty())
    {
        notes.push("the input is empty".to_owned());
    }
    for (name, _) in
        args.vars.iter().filter(|(name, _)| name != "input" && !conversation::is_variable(name) && !uses(name))
    {
        notes.push(format!("{} never uses {{{{ {name} }}}}, so its value is not sent", args.prompt));
    }
    notes
}

/// Sets one parameter from the command line. A name that is none of ours goes to the provider as
/// it is, read as JSON where it is JSON.
pub(crate) fn set(params: &mut Params, name: &str, value: &str) -> Result<(), String> {
    fn number<T: std::str::FromStr>(name: &str, value: &str, what: &str) -> Result<Option<T>, String> {
        value.trim().parse().map(Some).map_err(|_wrong| format!("--param {name}={value}: `{name}` is {what}"))
    }
    match Param::named(name) {
        Some(Param::Temperature) => params.temperature = number(name, value, "a number, such as 0.3")?,
        Some(Param::TopP) => params.top_p = number(name, value, "a number from 0 to 1")?,
        Some(Param::MaxTokens) => params.max_tokens = number(name, value, "a whole number of tokens")?,
        Some(Param::Seed) => params.seed = number(name, value, "a whole number")?,
        Some(Param::ReasoningEffort) => params.reasoning_effort = Some(value.to_owned()),
        Some(Param::Stop) => params.stop.push(value.to_owned()),
        None => {
            if let Some(field) = reserved(name) {
                return Err(format!("--param {name}: {}", field.refusal()));
            }
            let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::String(value.to_owned()));
            params.extra.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// Reads a file, of so many bytes at most.
pub(crate) fn file(path: &Path, most: u64) -> Result<String, Stopped> {
    let shown = path.display();
    let bytes = fs::File::open(path).and_then(|file| within(file, most)).map_err(|error| {
        Stopped::Usage(match error.kind() {
            io::ErrorKind::NotFound => {
                format!("there is no file {shown}: --input takes the path of a file, or `-` for standard input")
            }
            io::ErrorKind::IsADirectory => {
                format!("{shown} is a folder: --input takes a file; `retort batch PROMPT {shown}` runs over its texts")
            }
            io::ErrorKind::FileTooLarge => too_large(&format!("the input {shown}"), most),
            _ => format!("cannot read the input {shown}: {error}"),
        })
    })?;
    text(bytes, &shown.to_string())
}

/// Reads standard input, of so many bytes at most.
pub(crate) fn standard_input(most: u64) -> Result<String, Stopped> {
    let bytes = within(io::stdin().lock(), most).map_err(|error| {
        Stopped::Usage(match error.kind() {
            io::ErrorKind::FileTooLarge => too_large("the input on standard input", most),
            _ => format!("cannot read standard input: {error}"),
        })
    })?;
    text(bytes, "standard input")
}

/// Reads all there is, so many bytes at most.
fn within(from: impl io::Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

fn too_large(what: &str, most: u64) -> String {
    let (most, key) = (byte_size(most), IntakeLimits::INPUT);
    format!(
        "{what} is larger than {most}, as much as is taken; make it smaller, or raise {key} in [limits] of the settings"
    )
}

fn text(bytes: Vec<u8>, whose: &str) -> Result<String, Stopped> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        Stopped::Usage(format!(
            "{whose} is no text in UTF-8, from byte {at} on; `iconv -f latin1 -t utf-8` writes a text in Latin-1 anew"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_by_their_kind() {
        let mut params = Params::default();
        for (name, value) in [("temperature", "0.7"), ("stop", "END"), ("top_k", "40"), ("user", "me")] {
            set(&mut params, name, value).unwrap();
        }
        assert_eq!((params.temperature, params.stop.as_slice()), (Some(0.7), ["END".to_owned()].as_slice()));
        assert_eq!(params.extra.get("top_k"), Some(&serde_json::json!(40)));
        assert_eq!(params.extra.get("user"), Some(&serde_json::json!("me")));
        let refusal = set(&mut params, "max_tokens", "many").unwrap_err();
        assert!(refusal.contains("max_tokens=many") && refusal.contains("whole number"), "{refusal}");
    }
}
