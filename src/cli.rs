//! The headless commands.

pub mod args;
mod batch;
mod cache;
mod compare;
mod doctor;
mod exit;
pub mod history;
mod models;
mod prompts;
mod quality;
mod report;
mod run;
mod sanitize;
mod score;
mod sheet;
mod show;
mod status_line;
mod table;
mod trust;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::CommandFactory as _;

use crate::{
    app::keymap::Keymap,
    model::settings::{Places, Project},
    setup::{Environment, Setup},
    store::{
        job::{FaultKind, StoreFault},
        places,
        settings::{self, CONFIG_FILE},
    },
    text::clean_line,
};
use args::{Cli, Command};
pub use exit::Exit;
pub use sanitize::Sanitized;

/// Why a command did not come to its end, in words with the next step.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
    /// The disk.
    #[error(transparent)]
    Store(StoreFault),
    /// Standard output.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<serde_json::Error> for Stopped {
    fn from(fault: serde_json::Error) -> Self {
        Self::Output(fault.into())
    }
}

impl From<StoreFault> for Stopped {
    fn from(fault: StoreFault) -> Self {
        match fault.kind {
            FaultKind::Wrong => Self::Usage(fault.message),
            FaultKind::Failed | FaultKind::Exists | FaultKind::Changed => Self::Store(fault),
        }
    }
}

/// What a command is given: the world it may read, and where it writes.
pub struct Io<'a> {
    /// The environment.
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
}

impl Io<'_> {
    /// Reads environment, places and settings; says where a project is not used.
    fn setup(&mut self) -> Result<Setup, Stopped> {
        let setup = Setup::read(self.environment.clone(), &self.cwd)?;
        self.notice(&setup.places.project);
        Ok(setup)
    }

    /// Finds the places alone.
    fn places(&mut self) -> Result<Places, Stopped> {
        let places = places::places(&|name| self.environment.value(name), &self.cwd)?;
        self.notice(&places.project);
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
    let done = match command {
        Command::Run(args) => Box::pin(run::run(args, &mut io)).await,
        Command::History(args) => Box::pin(history::history(args, &mut io)).await,
        Command::Quality(args) => Box::pin(quality::quality(args, &mut io)).await,
        Command::Score(args) => Box::pin(score::score(args, &mut io)).await,
        Command::Show { run, json } => show::show(&run, json, &mut io).await,
        Command::Batch(args) => Box::pin(batch::batch(*args, &mut io)).await,
        Command::Prompts { action } => prompts::prompts(action, &mut io).await,
        Command::Models { check } => models::models(check, &mut io).await,
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
        Command::Man => man(&mut io),
    };
    match done {
        Err(Stopped::Output(fault)) if fault.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
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
fn keymap(setup: &Setup) -> Result<Keymap, StoreFault> {
    Keymap::new(&setup.settings.keys).map_err(|bad| settings::mistaken(&setup.places, "keys", &bad.0))
}

fn paths(io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let places = io.places()?;
    let mut rows = vec![
        ("settings", places.config.join(CONFIG_FILE)),
        ("prompts", places.config.join("prompts")),
        ("sessions", places.config.join("sessions")),
        ("runs", places.data.join("retort.db")),
        ("cache", places.cache.join("cache.db")),
        ("log", Setup::log(&places)),
        ("crash reports", places.state.clone()),
    ];
    rows.extend(places.project.prompts().map(|dir| ("project", dir.to_path_buf())));
    for (what, path) in rows {
        writeln!(io.out, "{what:<14} {}", path.display())?;
    }
    Ok(Exit::Done)
}

fn man(io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let page = clap_mangen::Man::new(Cli::command());
    page.render(&mut io.out)?;
    for command in Cli::command().get_subcommands() {
        let name = format!("retort {}", command.get_name());
        let page = clap_mangen::Man::new(command.clone().bin_name(name));
        page.render_synopsis_section(&mut io.out)?;
        page.render_description_section(&mut io.out)?;
        page.render_options_section(&mut io.out)?;
    }
    Ok(Exit::Done)
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
