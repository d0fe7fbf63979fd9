//! The headless commands.

pub mod args;
pub mod history;

pub(crate) mod ablate;
pub(crate) mod batch;
pub(crate) mod bisect;
pub mod blind;
pub(crate) mod cache;
pub(crate) mod calibrate;
pub(crate) mod chat;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod exit;
pub(crate) mod experiment;
pub(crate) mod import;
pub(crate) mod improve;
pub(crate) mod interrupts;
pub(crate) mod judge_test;
pub(crate) mod models;
pub(crate) mod output;
pub(crate) mod plain;
pub(crate) mod prompts;
pub(crate) mod quality;
pub(crate) mod quirks;
pub(crate) mod replay;
pub(crate) mod rescore;
pub(crate) mod review;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod run_output;
pub(crate) mod sanitize;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod text_table;
pub(crate) mod traffic;
pub(crate) mod trust;

use std::{
    io,
    io::Write,
    path::{Path, PathBuf},
};

use clap::CommandFactory as _;
use jiff::{Timestamp, Zoned};

pub use crate::cli::{exit::Exit, plain::Worded, sanitize::Sanitized};
use crate::{
    app::keymap::Keymap,
    cli::args::{Cli, Command, PromptsAction},
    config,
    config::{CONFIG_FILE, atomic_file, paths},
    engine::{Environment, Workspace},
    model::{
        error::{StoreError, StoreErrorKind},
        query::Query,
        settings::{Places, Project},
    },
    text::{
        clean_line,
        suggest::{quoted, slip},
    },
};

/// Why a command did not come to its end, in words with the next step.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
    /// The disk.
    #[error(transparent)]
    Store(StoreError),
    /// Standard output.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<serde_json::Error> for Stopped {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Wrong | StoreErrorKind::Renamed(_) => Self::Usage(error.message),
            StoreErrorKind::Failed | StoreErrorKind::Exists | StoreErrorKind::Changed => Self::Store(error),
        }
    }
}

/// What a command is given: the world it may read, and where it writes.
pub struct Io<'a> {
    pub environment: Environment,
    /// The working directory.
    pub cwd: PathBuf,
    /// Standard output; a terminal obeys nothing of what is written here.
    pub out: &'a mut dyn Write,
    /// The same without that guard: for what is clean already and has colours of our own.
    pub painted: &'a mut dyn Write,
    /// Whether a person reads it.
    pub out_is_terminal: bool,
    /// How many columns that person's terminal has.
    pub columns: usize,
    /// Standard error; a terminal obeys nothing of what is written here, either.
    pub err: &'a mut dyn Write,
    /// The same without that guard: for what is clean already and moves the cursor.
    pub painted_err: &'a mut dyn Write,
    /// Whether a person reads that.
    pub err_is_terminal: bool,
    /// Whether a screen reader reads both: a fact a line, words for marks, nothing that moves.
    pub plain: bool,
}

impl Io<'_> {
    /// Returns the time by the local clock.
    pub(crate) fn local_now(&self) -> Zoned {
        Timestamp::now().to_zoned(self.environment.time_zone())
    }

    /// Reads a query of runs, its days being those of the local clock.
    pub(crate) fn query(&self, line: &str) -> Result<Query, Stopped> {
        Query::parse(line, &self.local_now()).map_err(|bad| Stopped::Usage(bad.to_string()))
    }

    /// Reads environment, places and settings; says where a project is not used.
    fn setup(&mut self) -> Result<Workspace, Stopped> {
        let setup = Workspace::read(self.environment.clone(), &self.cwd, Timestamp::now())?;
        self.plain |= self.environment.accessible(&setup.settings);
        self.err_is_terminal &= !self.plain;
        self.notice(&setup.places.project);
        Ok(setup)
    }

    /// Finds the places alone.
    fn places(&mut self) -> Result<Places, Stopped> {
        let places = paths::places(&|name| self.environment.value(name), &self.cwd)?;
        self.notice(&places.project);
        // What is wrong with the settings is none of the business of who asks for places alone.
        if let Ok(settings) = config::load(&places, &|name| self.environment.value(name)) {
            self.plain |= self.environment.accessible(&settings);
        }
        Ok(places)
    }

    fn notice(&mut self, project: &Project) {
        if let Some(why) = project.notice() {
            let _ = writeln!(self.err, "note: {}", clean_line(why));
        }
    }
}

/// Does what a command says. A reader that has closed standard output has got what it wanted.
pub async fn execute(command: Command, mut io: Io<'_>) -> Result<Exit, Stopped> {
    io.err_is_terminal &= !io.plain;
    let done = match command {
        Command::Run(args) => Box::pin(run::run(args, &mut io)).await,
        Command::Chat(args) => Box::pin(chat::chat(args, &mut io)).await,
        Command::Serve(args) => Box::pin(serve::serve(args, &mut io)).await,
        Command::Traffic(args) => Box::pin(traffic::traffic(args, &mut io)).await,
        Command::History(args) => Box::pin(history::history(args, &mut io)).await,
        Command::Quality(args) => Box::pin(quality::quality(args, &mut io)).await,
        Command::Calibrate(args) => calibrate::calibrate(args, &mut io).await,
        Command::Score(args) => Box::pin(rescore::score(args, &mut io)).await,
        Command::Review(args) => review::review(args, &mut io).await,
        Command::Blind(args) => blind::blind(args, &mut io).await,
        Command::Replay(args) => Box::pin(replay::replay(args, &mut io)).await,
        Command::Rows { action } => rows::rows(action, &mut io).await,
        Command::Drift(args) => drift::drift(args, &mut io).await,
        Command::Show { run, json } => show::show(&run, json, &mut io).await,
        Command::Batch(args) => Box::pin(batch::batch(*args, &mut io)).await,
        Command::Import(args) => Box::pin(import::import(args, &mut io)).await,
        Command::Ablate(args) => Box::pin(ablate::run(*args, &mut io)).await,
        Command::Bisect(args) => Box::pin(bisect::run(*args, &mut io)).await,
        Command::Improve(args) => Box::pin(improve::run(*args, &mut io)).await,
        Command::Prompts {
            action: Some(PromptsAction::Judge { name: Some(name), test: true, model, max_cost, .. }),
        } => judge_test::test(&name, (model.as_deref(), max_cost), &mut io).await,
        Command::Prompts { action } => prompts::prompts(action, &mut io).await,
        Command::Schema { action } => schema::schema(action, &mut io).await,
        Command::Models(args) => models::models(args, &mut io).await,
        Command::Keys => keys(&mut io),
        Command::Paths => paths(&mut io),
        Command::Doctor => doctor::doctor(&mut io).await,
        Command::Trust(args) => trust::trust(&args, &mut io),
        Command::Cache { action } => cache::cache(action, &mut io).await,
        Command::Completions { shell } => {
            // Written to memory first: it panics where a reader has closed the output.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "retort", &mut script);
            io.out.write_all(&script).map(|()| Exit::Done).map_err(Stopped::from)
        }
        Command::Man { of, dir } => man(&of, dir.as_deref(), &mut io),
    };
    match done {
        Err(Stopped::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        other => other,
    }
}

fn keys(io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let keymap = keymap(&setup)?;
    writeln!(io.out, "{}", keymap.table().trim_end())?;
    Ok(Exit::Done)
}

/// Makes the key map, or says where in the settings it is wrong.
fn keymap(setup: &Workspace) -> Result<Keymap, StoreError> {
    Keymap::new(&setup.settings.keys).map_err(|bad| config::mistaken(&setup.places, "keys", &bad.0))
}

fn paths(io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let places = io.places()?;
    let mut rows = vec![
        ("settings", places.config.join(CONFIG_FILE)),
        ("prompts", places.config.join("prompts")),
        ("sessions", places.config.join("sessions")),
        ("runs", places.data.join("retort.db")),
        ("cache", places.cache.join("cache.db")),
        ("log", Workspace::log(&places)),
        ("crash reports", places.state.clone()),
    ];
    rows.extend(places.project.prompts().map(|dir| ("project", dir.to_path_buf())));
    for (what, path) in rows {
        writeln!(io.out, "{what:<14} {}", path.display())?;
    }
    Ok(Exit::Done)
}

/// Prints the manual page of a command, or writes those of all to a folder.
fn man(of: &[String], dir: Option<&Path>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    // A page is the same wherever the program was built.
    let mut command = Cli::command().disable_help_subcommand(true).long_version(env!("CARGO_PKG_VERSION"));
    command.build();
    if let Some(dir) = dir {
        let dir = io.cwd.join(dir);
        atomic_file::make_dir(&dir)?;
        let pages = man_pages(&command)?;
        for (name, page) in &pages {
            atomic_file::write(&dir.join(name), page, true)?;
        }
        writeln!(io.err, "wrote {} pages to {}", pages.len(), clean_line(&dir.display().to_string()))?;
        return Ok(Exit::Done);
    }
    let mut found = &command;
    for word in of {
        found = found.find_subcommand(word).ok_or_else(|| {
            let known = found.get_subcommands().map(clap::Command::get_name);
            StoreError::wrong(format!("there is no command {}{}", quoted(word), slip(word, known)))
        })?;
    }
    clap_mangen::Man::new(found.clone()).render(&mut io.out)?;
    Ok(Exit::Done)
}

/// Makes the pages of a command and of all below it, each with the name of its file.
fn man_pages(command: &clap::Command) -> io::Result<Vec<(String, String)>> {
    let page = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text)?;
    let mut pages = vec![(page.get_filename(), String::from_utf8_lossy(&text).into_owned())];
    for inner in command.get_subcommands() {
        pages.extend(man_pages(inner)?);
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_end_that_matters_most_counts() {
        assert_eq!(Exit::Done.worse(Exit::CheckFailed), Exit::CheckFailed);
        assert_eq!(Exit::Failed.worse(Exit::CheckFailed), Exit::Failed);
        assert_eq!(Exit::Failed.worse(Exit::Cancelled).code(), 130);
    }
}
