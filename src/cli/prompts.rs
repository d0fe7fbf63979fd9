//! `retort prompts`: list, show and edit prompts; their versions, named, compared and restored.

pub(crate) mod dotprompt;
pub(crate) mod exchange;
pub(crate) mod export;
pub(crate) mod handlebars;
pub(crate) mod import;
pub(crate) mod langfuse;
pub(crate) mod promptfoo;
pub(crate) mod sample;
pub(crate) mod tools;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{
    cli::{Exit, Io, Stopped, args::PromptsAction, text_table},
    config::{names, project},
    engine::{Workspace, drift},
    eval::judge_template::{JudgeTemplate, TEMPLATES},
    model::{PartRoot, Prompt, VersionId, attachment::folder_of, prompt_toml, settings::Places},
    store::{
        Store,
        api::{Lineage, Over, PromptEntry, StoreReply, StoreRequest, VersionEntry},
        prompts,
    },
    text::{
        LineChange, clean_line,
        diff::{rows::rows, unified},
        format::{age, duration},
        suggest::slip,
    },
};

/// Lists, shows or finds prompts, or does what is asked with their versions.
pub(crate) async fn prompts(action: Option<PromptsAction>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let action = action.unwrap_or(PromptsAction::List);
    let places = io.places()?;
    match action {
        PromptsAction::Versions { name } => return list(&name, io).await,
        PromptsAction::Diff { name, from, to } => return diff(&name, &from, to.as_deref(), io).await,
        PromptsAction::Restore { name, which } => return restore(&name, &which, io).await,
        PromptsAction::Name { name, which, to } => return name_version(&name, &which, &to, io).await,
        PromptsAction::Tools { name, from, mcp } => {
            return tools::tools(&name, tools::ToolsFrom { file: from.as_deref(), server: &mcp }, io).await;
        }
        PromptsAction::Judge { name, to, .. } => judge(name.as_deref(), to.as_deref(), &places, io)?,
        PromptsAction::Import { file, replace, trust } => import::import(&file, (replace, trust), &places, io)?,
        PromptsAction::Sample { folder } => sample::write(&folder, &places, io)?,
        PromptsAction::Export(args) => export::export(&args, io)?,
        PromptsAction::List => {
            let rows: Vec<Vec<String>> = prompts::list(&places)?.into_iter().map(row).collect();
            text_table::print(io, &["NAME", "FROM", "DESCRIPTION"], &rows)?;
            for file in prompts::hidden(&places)? {
                let file = clean_line(&file.display().to_string());
                let _ = writeln!(io.err, "note: {file} is hidden by the project's prompt of that name");
            }
            for file in prompts::unlisted(&places)? {
                let file = clean_line(&file.display().to_string());
                let rule = "a prompt's name has letters, digits, `.`, `_` and `-`, a letter or digit first";
                let _ = writeln!(io.err, "note: {file} is not listed: {rule}; rename it, or name it by its path");
            }
            // What is wrong with the settings is none of the business of a list.
            if let Ok(setup) = Workspace::read(io.environment.clone(), &io.cwd, Timestamp::now()) {
                for line in drift::sentences(&setup) {
                    let _ = writeln!(io.err, "note: {}", clean_line(&line));
                }
            }
        }
        PromptsAction::Show { name } => {
            let prompt = prompts::read(&places, &name)?;
            let text = prompt_toml::write(&prompt)
                .map_err(|error| Stopped::Other(format!("prompt `{name}` cannot be shown: {error}")))?;
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

/// Lists the built-in judges, or writes the prompt of one beside the other prompts.
fn judge(name: Option<&str>, to: Option<&str>, places: &Places, io: &mut Io<'_>) -> Result<(), Stopped> {
    let Some(name) = name else {
        let about = |template: &JudgeTemplate| {
            vec![template.kind.name().to_owned(), template.version.to_string(), template.about()]
        };
        let rows: Vec<Vec<String>> = TEMPLATES.iter().map(about).collect();
        return Ok(text_table::print(io, &["JUDGE", "VERSION", "WHAT IT DOES"], &rows)?);
    };
    let template = template(name)?;
    let own = to.map_or_else(|| format!("judge-{name}"), str::to_owned);
    names::check("prompt", &own)?;
    let file = prompts::folder(places)?.join(format!("{own}.toml"));
    prompts::write_file(places, &file, template.file, false)?;
    writeln!(io.out, "{}", clean_line(&file.display().to_string()))?;
    Ok(())
}

/// Finds a built-in judge by its name.
pub(crate) fn template(name: &str) -> Result<&'static JudgeTemplate, Stopped> {
    TEMPLATES.iter().find(|template| template.kind.name() == name).ok_or_else(|| {
        let near = slip(name, TEMPLATES.iter().map(|template| template.kind.name()));
        Stopped::Usage(format!("no judge is called `{name}`{near}; `retort prompts judge` lists them"))
    })
}

/// Reads a prompt by its name, or by its path if it is written like one.
pub(crate) fn find(places: &Places, cwd: &Path, name: &str) -> Result<(String, Prompt), Stopped> {
    if !is_path(name) {
        return Ok((name.to_owned(), prompts::read(places, name)?));
    }
    let path = cwd.join(name);
    let Some(prompt) = prompts::open(&path)? else {
        return Err(Stopped::Usage(format!("there is no prompt file {}", path.display())));
    };
    project::check_programs(places, &path, &prompt)?;
    let stem = path.file_stem().map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok((stem, prompt))
}

/// Finds the file of a prompt that is named by its name or its path; none where it is built in.
pub(crate) fn file(places: &Places, cwd: &Path, name: &str) -> Result<Option<PathBuf>, Stopped> {
    Ok(if is_path(name) { Some(cwd.join(name)) } else { prompts::file(places, name)? })
}

/// Returns where the files of a prompt's parts are looked for: those of one that is named by its path lie beside it.
pub(crate) fn part_root(cwd: &Path, name: &str, trust: bool) -> Option<PartRoot> {
    is_path(name).then(|| PartRoot { path: folder_of(&cwd.join(name)), fenced: !trust, ..PartRoot::default() })
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

fn path(entries: &[PromptEntry], places: &Places, name: &str) -> Result<PathBuf, Stopped> {
    let file = format!("{name}.toml");
    match entries.iter().find(|entry| entry.name == name) {
        Some(entry) if entry.built_in => Err(Stopped::Other(format!(
            "`{name}` comes with the program and has no file; `mkdir -p {0} && retort prompts show {name} > {0}/{file}` \
             makes one of your own",
            places.config.join("prompts").display()
        ))),
        Some(entry) => match places.project.prompts() {
            Some(dir) if entry.project => Ok(dir.join(file)),
            _ => Ok(places.config.join("prompts").join(file)),
        },
        None => Err(prompts::unknown(places, name).into()),
    }
}

/// Versions that are looked through, at most.
const MOST: usize = 1000;

/// Lists the versions of a prompt, the newest first.
pub(crate) async fn list(name: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let found = versions(&io.setup()?.store(), name).await?;
    if found.is_empty() {
        writeln!(io.err, "no version of `{name}` is stored yet; each prompt that is run becomes one")?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> =
        found.iter().enumerate().map(|(at, entry)| version_row(found.len() - at, entry)).collect();
    text_table::print(io, &["NR", "VERSION", "AGE", "RUNS", "PASSED", "TIME", "COST", "STARS", "NAME"], &rows)?;
    Ok(Exit::Done)
}

fn version_row(number: usize, entry: &VersionEntry) -> Vec<String> {
    let results = &entry.results;
    let passed = if results.judged == 0 { "-".to_owned() } else { format!("{}/{}", results.passed, results.judged) };
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        number.to_string(),
        entry.id.short(),
        age(entry.made, Timestamp::now()),
        results.runs.to_string(),
        passed,
        or_none(results.latency.map(duration)),
        or_none(results.cost.map(|cost| cost.to_string())),
        or_none(results.stars.map(|stars| format!("{stars:.1}"))),
        entry.name.clone().unwrap_or_default(),
    ]
}

/// Prints what differs between two versions, or between one and the prompt as it is saved: word by
/// word for a person, as a unified diff for a pipe.
pub(crate) async fn diff(name: &str, from: &str, to: Option<&str>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let found = versions(&setup.store(), name).await?;
    let old = VersionEntry::pick(&found, name, from)?;
    let (new, title) = match to {
        Some(to) => {
            let entry = VersionEntry::pick(&found, name, to)?;
            (entry.prompt.clone(), entry.id.short())
        }
        None => (prompts::read(&setup.places, name)?, "saved".to_owned()),
    };
    let titles = (format!("{name}@{}", old.id.short()), format!("{name}@{title}"));
    print_diff((&old.prompt, &new), (&titles.0, &titles.1), &setup, io)?;
    Ok(Exit::Done)
}

/// Prints what differs between two prompts, word by word for a person, as a unified diff for a pipe.
pub(crate) fn print_diff(
    (old, new): (&Prompt, &Prompt),
    titles: (&str, &str),
    setup: &Workspace,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let (old, new) = (text(old)?, text(new)?);
    if !io.out_is_terminal || io.plain {
        write!(io.out, "{}", unified(&old, &new, titles))?;
        return Ok(());
    }
    let hues = io.environment.look(&setup.settings).colour;
    for row in rows(&old, &new, io.columns) {
        let line: String = row.iter().map(|piece| painted(piece.change, &piece.text, hues)).collect();
        writeln!(io.painted, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Adds a hue, where hues are shown: the marks round a word say it already, the hue makes it quick to find.
fn painted(change: LineChange, text: &str, hues: bool) -> String {
    let hue = match change {
        LineChange::Removed if hues => 31,
        LineChange::Added if hues => 32,
        _ => return text.to_owned(),
    };
    format!("\u{1b}[{hue}m{text}\u{1b}[0m")
}

/// Writes a version over the prompt's file; what the file had is kept as a version.
pub(crate) async fn restore(name: &str, version: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let store = setup.store();
    let found = versions(&store, name).await?;
    let entry = VersionEntry::pick(&found, name, version)?;
    let present = prompts::read(&setup.places, name)?;
    let of = Lineage::Prompt(name.to_owned());
    let keep = StoreRequest::KeepVersion { prompt: Box::new(present.clone()), of, parent: None, at: Timestamp::now() };
    store.ask(keep).await?;
    let Prompt { description, targets, fallback, .. } = present.clone();
    let restored = Prompt { description, targets, fallback, ..entry.prompt.clone() };
    let (file, _) = prompts::save(&setup.places, name, &restored, Over::Anything)?;
    writeln!(
        io.err,
        "{} is as version {} was; it was {}",
        file.display(),
        entry.id.short(),
        VersionId::of(&present).short()
    )?;
    Ok(Exit::Done)
}

/// Gives a version a name.
pub(crate) async fn name_version(prompt: &str, version: &str, name: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let store = io.setup()?.store();
    let found = versions(&store, prompt).await?;
    let version = VersionEntry::pick(&found, prompt, version)?.id.clone();
    store.ask(StoreRequest::NameVersion { version, name: name.to_owned(), at: Timestamp::now() }).await?;
    Ok(Exit::Done)
}

async fn versions(store: &Store, name: &str) -> Result<Vec<VersionEntry>, Stopped> {
    match store.ask(StoreRequest::ListVersions { of: Lineage::Prompt(name.to_owned()), limit: MOST }).await? {
        StoreReply::Versions(versions) => Ok(versions),
        _ => Ok(Vec::new()),
    }
}

/// Lists the versions of a prompt from one to a later one, both included, in the order they were made.
pub(crate) async fn between(
    store: &Store,
    name: &str,
    from: &str,
    to: &str,
) -> Result<Vec<(VersionId, Prompt)>, Stopped> {
    let mut found = versions(store, name).await?;
    let (first, last) =
        (VersionEntry::pick(&found, name, from)?.id.clone(), VersionEntry::pick(&found, name, to)?.id.clone());
    found.reverse();
    let place = |id: &VersionId| found.iter().position(|entry| entry.id == *id).unwrap_or_default();
    let (first, last) = (place(&first), place(&last));
    if first >= last {
        return Err(Stopped::Usage(format!(
            "`{from}` is not before `{to}`; `retort prompts versions {name}` lists them"
        )));
    }
    // What an improvement has tried was never in use.
    let tried = |name: &Option<String>| name.as_ref().is_some_and(|name| name.starts_with("improve-"));
    let wanted = found.into_iter().enumerate().skip(first).take(last - first + 1);
    let wanted = wanted.filter(|(at, entry)| [first, last].contains(at) || !tried(&entry.name));
    let wanted = wanted.map(|(_, entry)| entry);
    Ok(wanted.map(|entry| (entry.id, entry.prompt)).collect())
}

fn text(prompt: &Prompt) -> Result<String, Stopped> {
    prompt_toml::write(&prompt.version()).map_err(|error| Stopped::Other(format!("a version cannot be shown: {error}")))
}
