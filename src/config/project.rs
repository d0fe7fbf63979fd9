//! The project that the working directory lies in: where its prompts are, and which of them may be read.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::{
    config::{
        atomic_file, names, toml_error, trust,
        trust::{
            AgreedFolder, Allowed, Consent, Content, ContentReader, ExternalAccess, Located, Outside, unsafe_because,
        },
    },
    model::{
        CheckProgram, Part, Prompt,
        attachment::folder_of,
        error::StoreError,
        settings::{Places, Project},
    },
    text::shell,
};

/// The file that marks a project's root.
pub const PROJECT_FILE: &str = "retort.toml";

/// The whole of `retort.toml`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectFile {
    /// The directory of the project's prompts, beside the file; `prompts` where unset.
    prompts: Option<String>,
}

/// Finds the project: the nearest `retort.toml` upward. One that others can have written is not used.
pub(crate) fn find(cwd: &Path) -> Project {
    let Some(root) = cwd.ancestors().find(|dir| dir.join(PROJECT_FILE).is_file()) else {
        return Project::Absent;
    };
    let file = root.join(PROJECT_FILE);
    let ignored = |why: &str| Project::Ignored(format!("{} is not used: {why}", file.display()));
    if let Some(why) = unsafe_because(&file) {
        return ignored(&why);
    }
    if let Located::Outside(_) = AgreedFolder::of(root).locate(&file) {
        return ignored("it is a link that leads out of its folder");
    }
    let prompts = match read(root, &file) {
        Ok(prompts) => prompts,
        Err(error) => return Project::Broken(error.message),
    };
    if let Some(why) = prompts.is_dir().then(|| unsafe_because(&prompts)).flatten() {
        return ignored(&why);
    }
    Project::Found { root: root.to_path_buf(), prompts, trusted: false }
}

fn read(root: &Path, file: &Path) -> Result<PathBuf, StoreError> {
    let text = atomic_file::read(file)?.unwrap_or_default();
    let label = file.display().to_string();
    let project: ProjectFile = toml_error::parse(&text, &label)?;
    let name = project.prompts.unwrap_or_else(|| "prompts".to_owned());
    let inside = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !inside {
        return Err(toml_error::at(&text, &label, &["prompts"], "`prompts` must name a directory inside the project"));
    }
    Ok(root.join(name))
}

/// Returns the folder of the project's prompts, if it may be read. Fails on a project whose `retort.toml` is broken.
pub(crate) fn prompts(places: &Places) -> Result<Option<&Path>, StoreError> {
    match &places.project {
        Project::Absent | Project::Ignored(_) => Ok(None),
        Project::Broken(why) => Err(StoreError::new(why.clone())),
        Project::Found { root, prompts, trusted } => {
            if let Located::Outside(_) = AgreedFolder::of(root).locate(prompts) {
                admit(places, root, *trusted, |reader| drop(reader.admit(PROJECT_FILE, prompts)))?;
            }
            Ok(Some(prompts))
        }
    }
}

/// Refuses a file among the project's prompts that is a link out of the project, unless the user has agreed to it.
pub(crate) fn check_file(places: &Places, file: &Path) -> Result<(), StoreError> {
    let Project::Found { root, prompts, trusted } = &places.project else { return Ok(()) };
    match base(root, prompts).locate(file) {
        Located::Inside(_) => Ok(()),
        Located::Outside(_) => admit(places, root, *trusted, |reader| drop(reader.admit(&at(root, file), file))),
    }
}

/// Refuses a prompt whose tools or checks start programs, unless its file is one of the user's own prompts or the user has agreed to
/// them as the file is.
pub(crate) fn check_programs(places: &Places, file: &Path, prompt: &Prompt) -> Result<(), StoreError> {
    let own = AgreedFolder::of(&places.config.join("prompts"));
    if programs(prompt).next().is_none() || matches!(own.locate(file), Located::Inside(_)) {
        return Ok(());
    }
    let trusted = matches!(&places.project, Project::Found { trusted: true, .. });
    trust::checked(&Consent::of(places, trusted), &Allowed::default(), |outside| {
        Ok(((), prompt_content(file, prompt, outside)?))
    })
}

/// Lists the files of the prompts of a folder's project that lie in it.
#[must_use]
pub fn prompt_files(root: &Path) -> Vec<PathBuf> {
    let Project::Found { root, prompts, .. } = find(root) else { return Vec::new() };
    let base = AgreedFolder::of(&root);
    let names = names::list(&prompts).unwrap_or_default();
    let files = names.iter().map(|name| names::file(&prompts, name));
    files.filter(|file| matches!(base.locate(file), Located::Inside(_))).collect()
}

/// Lists what a prompt asks for: the programs of its tools and of its checks. The files that these are named by are a part of
/// what is agreed to.
pub fn prompt_content(file: &Path, prompt: &Prompt, outside: &Outside) -> Result<Content, StoreError> {
    let reader = ContentReader::new(file, outside);
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    reader.read(&name, file)?;
    for Started { by, command, words } in programs(prompt) {
        reader.ask(&format!("{name}, {by}"), ExternalAccess::Start { command });
        for word in words {
            reader.note_program(&folder_of(file).join(word));
        }
    }
    Ok(reader.finish())
}

/// A program that a prompt starts.
struct Started {
    /// What starts it.
    by: String,
    /// The program and its arguments, as a shell would take them.
    command: String,
    /// The words of it that may name files, from the folder of the prompt.
    words: Vec<String>,
}

/// Lists the programs that a prompt starts: those of checks that are off as well, since they may be turned on.
fn programs(prompt: &Prompt) -> impl Iterator<Item = Started> {
    let line = |argv: &[String]| argv.iter().map(|word| shell::word(word)).collect::<Vec<_>>().join(" ");
    let tools = prompt.tools.iter().filter_map(move |tool| {
        let argv = tool.source()?.program()?.to_vec();
        Some(Started { by: format!("tool {}", tool.name), command: line(&argv), words: argv })
    });
    let checks = prompt.checks.iter().enumerate().filter_map(move |(place, check)| {
        let program = CheckProgram::of_check(check)?;
        let (command, words) = (line(&program.words()), program.file_words().to_vec());
        Some(Started { by: format!("check {}", place + 1), command, words })
    });
    tools.chain(checks)
}

/// The folder that prompts may lie in: the project, or where the folder of its prompts leads.
fn base(root: &Path, prompts: &Path) -> AgreedFolder {
    let folder = AgreedFolder::of(root);
    match folder.locate(prompts) {
        Located::Inside(_) => folder,
        Located::Outside(real) => AgreedFolder::of(&real),
    }
}

fn at(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

fn admit(places: &Places, root: &Path, trusted: bool, ask: impl Fn(&ContentReader<'_>)) -> Result<(), StoreError> {
    trust::checked(&Consent::of(places, trusted), &Allowed::default(), |outside| {
        let reader = reader(root, outside)?;
        ask(&reader);
        Ok(((), reader.finish()))
    })
}

fn reader<'o>(root: &Path, outside: &'o Outside) -> Result<ContentReader<'o>, StoreError> {
    let file = root.join(PROJECT_FILE);
    let reader = ContentReader::new(&file, outside);
    reader.read(PROJECT_FILE, &file)?;
    Ok(reader)
}

/// Lists what the project of a folder asks for: the prompts that lead out of it. None where there is no project there.
pub fn content(root: &Path, outside: &Outside) -> Result<Option<Content>, StoreError> {
    let (root, prompts) = match find(root) {
        Project::Found { root, prompts, trusted: _ } => (root, prompts),
        Project::Absent => return Ok(None),
        Project::Ignored(why) | Project::Broken(why) => return Err(StoreError::new(why)),
    };
    let reader = reader(&root, outside)?;
    if reader.admit(PROJECT_FILE, &prompts).is_some() {
        let base = base(&root, &prompts);
        for file in names::list(&prompts)?.iter().map(|name| names::file(&prompts, name)) {
            if let Located::Outside(_) = base.locate(&file) {
                reader.admit(&at(&root, &file), &file);
            }
        }
    }
    let base = base(&root, &prompts);
    for file in names::list(&prompts)?.iter().map(|name| names::file(&prompts, name)) {
        let readable = matches!(base.locate(&file), Located::Inside(_));
        let Some(text) = readable.then(|| atomic_file::read(&file)).transpose()?.flatten() else { continue };
        let prompt: Prompt = toml::from_str(&text).unwrap_or_default();
        let parts = prompt.messages.iter().flat_map(|turn| &turn.parts);
        for path in parts.filter_map(Part::own_path).map(|path| folder_of(&file).join(path)) {
            if let Located::Outside(_) = base.locate(&path) {
                reader.admit(&at(&root, &file), &path);
            }
        }
    }
    Ok(Some(reader.finish()))
}
