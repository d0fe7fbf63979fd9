//! `retort prompts`: which prompts there are, what they hold, where they lie.

mod promptfoo;
mod versions;

use std::path::{Path, PathBuf};

use super::{Exit, Io, Stopped, args::PromptsAction, table};
use crate::{
    model::{Prompt, catalog::nearest, settings::Places},
    store::{job::PromptEntry, prompts},
    text::clean_line,
};

/// Lists, shows or finds prompts, or does what is asked with their versions.
pub(super) async fn prompts(action: Option<PromptsAction>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let action = action.unwrap_or(PromptsAction::List);
    let places = io.places()?;
    match action {
        PromptsAction::Versions { name } => return versions::list(&name, io).await,
        PromptsAction::Diff { name, from, to } => return versions::diff(&name, &from, to.as_deref(), io).await,
        PromptsAction::Restore { name, which } => return versions::restore(&name, &which, io).await,
        PromptsAction::Name { name, which, to } => return versions::name(&name, &which, &to, io).await,
        PromptsAction::Import { file, replace, trust } => promptfoo::import(&file, (replace, trust), &places, io)?,
        PromptsAction::Export { name, data } => promptfoo::export(&name, data.as_deref(), &io.setup()?, io)?,
        PromptsAction::List => {
            let rows: Vec<Vec<String>> = prompts::list(&places)?.into_iter().map(row).collect();
            table::write(io.out, &["NAME", "FROM", "DESCRIPTION"], &rows)?;
            for file in prompts::hidden(&places)? {
                let file = clean_line(&file.display().to_string());
                let _ = writeln!(io.err, "note: {file} is hidden by the project's prompt of that name");
            }
            for file in prompts::unlisted(&places)? {
                let file = clean_line(&file.display().to_string());
                let rule = "a prompt's name has letters, digits, `.`, `_` and `-`, a letter or digit first";
                let _ = writeln!(io.err, "note: {file} is not listed: {rule}; rename it, or name it by its path");
            }
        }
        PromptsAction::Show { name } => {
            let prompt = prompts::read(&places, &name)?;
            let text = prompts::write(&prompt)
                .map_err(|fault| Stopped::Other(format!("prompt `{name}` cannot be shown: {fault}")))?;
            write!(io.out, "{text}")?;
        }
        PromptsAction::Path { name } => {
            let path = path(&prompts::list(&places)?, &places, &name)?;
            if io.out_is_terminal {
                writeln!(io.out, "{}", clean_line(&path.display().to_string()))?;
            } else {
                writeln!(io.out, "{}", path.display())?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Reads a prompt by its name, or by its path if it is written like one.
pub(super) fn find(places: &Places, cwd: &Path, name: &str) -> Result<(String, Prompt), Stopped> {
    if !is_path(name) {
        return Ok((name.to_owned(), prompts::read(places, name)?));
    }
    let path = cwd.join(name);
    let Some(prompt) = prompts::open(&path)? else {
        return Err(Stopped::Usage(format!("there is no prompt file {}", path.display())));
    };
    let stem = path.file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok((stem, prompt))
}

/// Finds the file of a prompt that is named by its name or its path; none where it is built in.
pub(super) fn file(places: &Places, cwd: &Path, name: &str) -> Result<Option<PathBuf>, Stopped> {
    Ok(if is_path(name) { Some(cwd.join(name)) } else { prompts::file(places, name)? })
}

/// Tells whether a prompt is named by its path.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || Path::new(name).extension().is_some_and(|ending| ending == "toml")
}

fn row(entry: PromptEntry) -> Vec<String> {
    let from = match (entry.project, entry.built_in) {
        (true, _) => "project",
        (_, true) => "built-in",
        _ => "yours",
    };
    let words = if entry.valid { entry.description } else { format!("BROKEN: {}", entry.description) };
    vec![entry.name, from.to_owned(), words]
}

fn path(prompts: &[PromptEntry], places: &Places, name: &str) -> Result<PathBuf, Stopped> {
    let file = format!("{name}.toml");
    match prompts.iter().find(|entry| entry.name == name) {
        Some(entry) if entry.built_in => Err(Stopped::Other(format!(
            "`{name}` comes with the program and has no file; `mkdir -p {0} && retort prompts show {name} > {0}/{file}` \
             makes one of your own",
            places.config.join("prompts").display()
        ))),
        Some(entry) => match places.project.prompts() {
            Some(dir) if entry.project => Ok(dir.join(file)),
            _ => Ok(places.config.join("prompts").join(file)),
        },
        None => {
            let near = nearest(name, prompts.iter().map(|entry| entry.name.as_str()));
            let hint = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            Err(Stopped::Usage(format!("no prompt is called `{name}`{hint}; `retort prompts` lists them")))
        }
    }
}
