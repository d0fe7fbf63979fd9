//! `retort trust`: what content of others asks for, and what of it was agreed to.

use std::{
    io,
    io::{BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
};

use crate::{
    cli::{Exit, Io, Stopped, args::TrustArgs},
    config::{
        project,
        project::PROJECT_FILE,
        trust,
        trust::{AccessRequest, AgreedFolder, Agreements, Allowed, Content, Outside},
    },
    dataset,
    model::error::StoreError,
    promptfoo,
    store::prompts,
    text::clean_line,
};

/// The names under which promptfoo looks for a config.
const CONFIGS: &[&str] = &["promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json"];

/// Content that can ask for something.
enum Kind {
    /// A promptfoo config.
    Config(PathBuf),
    /// The project of a folder.
    Project(PathBuf),
    /// A prompt, which may have tools that start programs.
    Prompt(PathBuf),
    /// A folder of texts, read as a data set.
    Texts(PathBuf),
}

/// Shows what a file or folder asks for and notes that the user agrees, lists what was agreed to, or forgets it.
pub(crate) fn trust(args: &TrustArgs, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let setup = io.setup()?;
    let agreements = Agreements::of(&setup.places);
    if args.list {
        return list(&agreements, io);
    }
    if let Some(path) = &args.forget {
        return forget(&agreements, &io.cwd.join(path), io);
    }
    let Some(path) = args.path.as_ref().map(|path| io.cwd.join(path)) else {
        return Err(Stopped::Usage("name a file or a folder: `retort trust promptfooconfig.yaml`".to_owned()));
    };
    let allowed = Allowed::of(&setup.settings);
    let (mut agreed, mut asked) = (true, false);
    for kind in kinds(&path)? {
        let show = |content: &Content, open: &[&AccessRequest]| {
            asked = true;
            agree(content, open, args.yes, io)
        };
        agreed &= trust::reviewed(&agreements, &allowed, |outside| content(&kind, outside), show)?;
    }
    if !asked {
        let shown = path.display().to_string();
        writeln!(io.out, "{} asks for nothing that is not agreed to already", clean_line(&shown))?;
    }
    Ok(if agreed { Exit::Done } else { Exit::Failed })
}

fn kinds(path: &Path) -> Result<Vec<Kind>, Stopped> {
    if path.is_dir() {
        let project = path.join(PROJECT_FILE).is_file().then(|| Kind::Project(path.to_path_buf()));
        let prompts = project.iter().flat_map(|_| project::prompt_files(path)).map(Kind::Prompt);
        let configs = CONFIGS.iter().map(|name| path.join(name)).filter(|file| file.is_file()).map(Kind::Config);
        let found: Vec<Kind> = prompts.chain(configs).collect();
        let found: Vec<Kind> = project.into_iter().chain(found).collect();
        return Ok(if found.is_empty() { vec![Kind::Texts(path.to_path_buf())] } else { found });
    }
    if !path.is_file() {
        return Err(Stopped::Usage(format!("there is no file or folder {}", path.display())));
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    Ok(match ending.as_str() {
        "yaml" | "yml" | "json" => vec![Kind::Config(path.to_path_buf())],
        "toml" => {
            let root = path.ancestors().skip(1).find(|folder| folder.join(PROJECT_FILE).is_file());
            let prompt = (path.file_name() != Some(PROJECT_FILE.as_ref())).then(|| Kind::Prompt(path.to_path_buf()));
            root.map(|root| Kind::Project(root.to_path_buf())).into_iter().chain(prompt).collect()
        }
        // A table of rows names no file, no variable and no host.
        _ => Vec::new(),
    })
}

fn content(kind: &Kind, outside: &Outside) -> Result<Content, StoreError> {
    match kind {
        Kind::Config(path) => promptfoo::content(path, outside),
        Kind::Project(root) => Ok(project::content(root, outside)?.unwrap_or_default()),
        Kind::Prompt(path) => {
            let prompt = prompts::open(path)?.unwrap_or_default();
            project::prompt_content(path, &prompt, outside)
        }
        Kind::Texts(path) => dataset::folder_content(path, outside),
    }
}

/// Shows what is asked for, and asks for a yes.
fn agree(content: &Content, open: &[&AccessRequest], yes: bool, io: &mut Io<'_>) -> Result<bool, StoreError> {
    let failed = |error: io::Error| StoreError::new(format!("the list cannot be shown: {error}"));
    writeln!(io.out, "{} asks for:", clean_line(&content.path.display().to_string())).map_err(failed)?;
    for request in open {
        writeln!(io.out, "  {request}").map_err(failed)?;
    }
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() || !io.err_is_terminal {
        return Err(StoreError::new("nothing was agreed to: without a terminal to ask at, --yes agrees"));
    }
    let mut answer = String::new();
    let request = write!(io.err, "agree to all of it, for this content? [y/N] ").and_then(|()| io.err.flush());
    request.and_then(|()| io::stdin().lock().read_line(&mut answer)).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn list(agreements: &Agreements, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    for known in agreements.list()? {
        let (day, sum) = (known.at.strftime("%Y-%m-%d"), known.sha256.get(..12).unwrap_or_default());
        let shown = known.path.display().to_string();
        writeln!(io.out, "{}  {day}  sha256 {}", clean_line(&shown), clean_line(sum))?;
        for access in &known.access {
            writeln!(io.out, "  {access}")?;
        }
    }
    Ok(Exit::Done)
}

/// Forgets what was agreed to for a path, and for the configs and the project in it where it is a folder.
fn forget(agreements: &Agreements, path: &Path, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let folder = AgreedFolder::of(path);
    let beside = AgreedFolder::of(path.parent().unwrap_or(Path::new("")));
    let named = path.file_name().map(|name| beside.path().join(name));
    let inside = CONFIGS.iter().chain([&PROJECT_FILE]).map(|name| folder.path().join(name));
    let mut gone = 0;
    for path in named.into_iter().chain([folder.path().to_path_buf()]).chain(inside) {
        gone += agreements.forget(&path)?;
    }
    if gone == 0 {
        let words = format!("nothing was agreed to for {}; `retort trust --list` shows what was", path.display());
        return Err(Stopped::Usage(words));
    }
    writeln!(io.out, "forgotten: {}", clean_line(&path.display().to_string()))?;
    Ok(Exit::Done)
}
