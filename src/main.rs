//! Parses the arguments, wires the floors together, and exits.

use std::{
    env,
    io::{
        IsTerminal as _, Write, {self},
    },
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use jiff::Timestamp;
use retort::{
    cli::{
        Exit, Io, Sanitized, Stopped, Worded,
        args::{Cli, Command, LogLevel},
        {self},
    },
    config::paths,
    engine::{Environment, Workspace},
    log,
    model::Settings,
    terminal,
    terminal::terminal_guard,
    text::clean,
};
use tokio::{runtime, runtime::Runtime};
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    let arguments = match Cli::read() {
        Ok(arguments) => arguments,
        // Who has closed the output does not want the help.
        Err(help) if !help.use_stderr() => {
            let _ = help.print();
            return ExitCode::from(Exit::Done.code());
        }
        // It repeats what the command line says, which may be the name of anybody's file.
        Err(mistake) => {
            let _ = write!(io::stderr(), "{}", clean(&mistake.to_string()));
            return ExitCode::from(Exit::Usage.code());
        }
    };
    match start(arguments) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => {
            let _ = writeln!(io::stderr(), "retort: {}", clean(&format!("{error:#}")));
            let usage = matches!(error.downcast_ref::<Stopped>(), Some(Stopped::Usage(_)));
            ExitCode::from(if usage { Exit::Usage.code() } else { Exit::Failed.code() })
        }
    }
}

fn start(arguments: Cli) -> anyhow::Result<Exit> {
    let environment = Environment::read().with_accessible(arguments.plain || arguments.accessible);
    let cwd = env::current_dir().context("the working directory is gone; change into another")?;
    if let Ok(places) = paths::places(&|name| environment.value(name), &cwd) {
        log::start(Workspace::log(&places), level(arguments.log_level, &environment)?);
    }
    let many = |threads: usize| {
        let mut builder = runtime::Builder::new_multi_thread();
        builder.worker_threads(threads);
        builder
    };
    let mut builder = match &arguments.command {
        // Many programs may ask at once.
        Some(Command::Serve(_)) => many(std::thread::available_parallelism().map_or(2, usize::from)),
        // A second thread hears ctrl-c while the first waits for a reader that does not read.
        Some(Command::Blind(_)) | None => many(2),
        // A command waits for what comes over the network anyway: handing each piece of it over costs more than reading it.
        Some(_) => runtime::Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().context("no threads can be started")?;
    let ended = begin(arguments, environment, &cwd, &runtime);
    // Whatever still works or blocks must not keep the program, however it ended.
    runtime.shutdown_background();
    ended
}

/// Runs a command, or the workbench.
fn begin(arguments: Cli, environment: Environment, cwd: &Path, runtime: &Runtime) -> anyhow::Result<Exit> {
    if let Some(Command::Blind(args)) = &arguments.command
        && args.votes()
        && terminal_guard::is_terminal()
    {
        let setup = Arc::new(Workspace::read(environment, cwd, Timestamp::now())?);
        let wanted = runtime.block_on(cli::blind::wanted(args, &setup))?;
        runtime.block_on(terminal::run(setup, arguments.session, Some(wanted)))?;
        return Ok(Exit::Done);
    }
    if let Some(command) = arguments.command {
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let plain = environment.accessible(&Settings::default());
        let err = door(io::stderr(), err_is_terminal);
        let mut err: Box<dyn Write> = if plain { Box::new(Worded(err)) } else { err };
        let io = Io {
            environment,
            cwd: cwd.to_owned(),
            out: &mut *door(io::stdout(), out_is_terminal),
            painted: &mut io::stdout(),
            out_is_terminal,
            columns: terminal_guard::columns(),
            err: &mut *err,
            painted_err: &mut io::stderr(),
            err_is_terminal,
            plain,
        };
        Ok(runtime.block_on(cli::execute(command, io))?)
    } else {
        if !terminal_guard::is_terminal() {
            let words = "the workbench needs a terminal; without one, use `retort run PROMPT -i FILE` \
                         (`retort run --help` shows examples)";
            return Err(Stopped::Usage(words.to_owned()).into());
        }
        let setup = Arc::new(Workspace::read(environment, cwd, Timestamp::now())?);
        runtime.block_on(terminal::run(setup, arguments.session, None))?;
        Ok(Exit::Done)
    }
}

/// Sanitizes what goes to a terminal; a pipe gets every byte.
fn door(stream: impl Write + 'static, is_terminal: bool) -> Box<dyn Write> {
    if is_terminal { Box::new(Sanitized::new(stream)) } else { Box::new(stream) }
}

fn level(argument: Option<LogLevel>, environment: &Environment) -> anyhow::Result<LevelFilter> {
    let level = match (argument, environment.value("RETORT_LOG")) {
        (Some(level), _) => level,
        (None, Some(name)) if !name.is_empty() => clap::ValueEnum::from_str(&name, true).map_err(|_wrong| {
            Stopped::Usage(format!("RETORT_LOG is `{name}`; it is one of off, error, warn, info, debug, trace"))
        })?,
        (None, _) => LogLevel::Warn,
    };
    Ok(match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    })
}
