//! `retort prompts versions`, `diff`, `restore` and `name`: every prompt that was run, and back to it.

use jiff::Timestamp;

use crate::{
    cli::{Exit, Io, Stopped, table},
    eval::figures::{age, duration},
    model::{Prompt, VersionId},
    store::{
        Store,
        job::{Job, Lineage, Over, Reply, VersionEntry},
        prompts,
    },
    text::{
        Change,
        diff::{rows::rows, unified::unified},
    },
};

/// Versions that are looked through, at most.
const MOST: usize = 1000;

/// Lists the versions of a prompt, the newest first.
pub(in crate::cli) async fn list(name: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let found = versions(&io.setup()?.store(), name).await?;
    if found.is_empty() {
        writeln!(io.err, "no version of `{name}` is on record; each prompt that is run becomes one")?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = found.iter().enumerate().map(|(at, entry)| row(found.len() - at, entry)).collect();
    table::write(io.out, &["NR", "VERSION", "AGE", "RUNS", "PASSED", "TIME", "COST", "STARS", "NAME"], &rows)?;
    Ok(Exit::Done)
}

fn row(number: usize, entry: &VersionEntry) -> Vec<String> {
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
pub(in crate::cli) async fn diff(name: &str, from: &str, to: Option<&str>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let found = versions(&setup.store(), name).await?;
    let old = pick(&found, name, from)?;
    let (new, title) = match to {
        Some(to) => {
            let entry = pick(&found, name, to)?;
            (entry.prompt.clone(), entry.id.short())
        }
        None => (prompts::read(&setup.places, name)?, "saved".to_owned()),
    };
    let (old, from) = (text(&old.prompt)?, old.id.short());
    let new = text(&new)?;
    if !io.out_is_terminal {
        write!(io.out, "{}", unified(&old, &new, (&format!("{name}@{from}"), &format!("{name}@{title}"))))?;
        return Ok(Exit::Done);
    }
    let hues = io.environment.look(&setup.settings.theme).colour;
    for row in rows(&old, &new, io.columns) {
        let line: String = row.iter().map(|piece| painted(piece.change, &piece.text, hues)).collect();
        writeln!(io.painted, "{}", line.trim_end())?;
    }
    Ok(Exit::Done)
}

/// Adds a hue, where hues are shown: the marks round a word say it already, the hue makes it quick to find.
fn painted(change: Change, text: &str, hues: bool) -> String {
    let hue = match change {
        Change::Removed if hues => 31,
        Change::Added if hues => 32,
        _ => return text.to_owned(),
    };
    format!("\u{1b}[{hue}m{text}\u{1b}[0m")
}

/// Writes a version over the prompt's file; what the file had is kept as a version.
pub(in crate::cli) async fn restore(name: &str, version: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let store = setup.store();
    let found = versions(&store, name).await?;
    let entry = pick(&found, name, version)?;
    let present = prompts::read(&setup.places, name)?;
    let of = Lineage::Prompt(name.to_owned());
    let keep = Job::KeepVersion { prompt: Box::new(present.clone()), of, parent: None, at: Timestamp::now() };
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
pub(in crate::cli) async fn name(prompt: &str, version: &str, name: &str, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let store = io.setup()?.store();
    let found = versions(&store, prompt).await?;
    let version = pick(&found, prompt, version)?.id.clone();
    store.ask(Job::NameVersion { version, name: name.to_owned(), at: Timestamp::now() }).await?;
    Ok(Exit::Done)
}

async fn versions(store: &Store, name: &str) -> Result<Vec<VersionEntry>, Stopped> {
    match store.ask(Job::ListVersions { of: Lineage::Prompt(name.to_owned()), limit: MOST }).await? {
        Reply::Versions(versions) => Ok(versions),
        _ => Ok(Vec::new()),
    }
}

/// Finds a version by its name, its number, or the beginning of its hash.
fn pick<'a>(found: &'a [VersionEntry], prompt: &str, wanted: &str) -> Result<&'a VersionEntry, Stopped> {
    let by_name = found.iter().find(|entry| entry.name.as_deref() == Some(wanted));
    let number: Option<usize> = wanted.parse().ok().filter(|_| wanted.len() < 4);
    let by_number = || found.len().checked_sub(number?).and_then(|at| found.get(at));
    if let Some(entry) = by_name.or_else(by_number) {
        return Ok(entry);
    }
    let mut begins = found.iter().filter(|entry| !wanted.is_empty() && entry.id.0.starts_with(wanted));
    match (begins.next(), begins.next()) {
        (Some(entry), None) => Ok(entry),
        (Some(_), Some(_)) => Err(Stopped::Usage(format!("`{wanted}` begins more than one version of `{prompt}`"))),
        _ => Err(Stopped::Usage(format!(
            "`{prompt}` has no version `{wanted}`; `retort prompts versions {prompt}` lists them"
        ))),
    }
}

fn text(prompt: &Prompt) -> Result<String, Stopped> {
    prompts::write(&prompt.version()).map_err(|fault| Stopped::Other(format!("a version cannot be shown: {fault}")))
}
