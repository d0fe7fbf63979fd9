//! `retort prompts import`: prompts from promptfoo's configs, dotprompt's files and Langfuse's prompts. What a prompt cannot
//! carry is refused by name and line, before anything is written.

use std::path::Path;

use crate::{
    cli::{
        Io, Stopped,
        prompts::{dotprompt, langfuse, promptfoo},
    },
    config::{atomic_file, names},
    model::{prompt_toml, settings::Places},
    store::prompts,
    text::clean_line,
};

/// The longest name of a partial, in bytes.
const LONGEST_NAME: usize = 100;

/// Reads a partial, `_NAME.prompt` beside the file that names it. No other file is read.
fn partial(of: &Path, name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_plain) {
        return Err("is no name of a partial: letters, digits, `-` and `_`".to_owned());
    }
    let file = format!("_{name}.prompt");
    match atomic_file::read(&of.with_file_name(&file)) {
        Ok(Some(text)) => Ok(text.replace("\r\n", "\n")),
        Ok(None) => Err(format!("is not there: {file} beside it is looked for")),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// Writes the prompts of a file into the project's directory, or the user's.
pub(crate) fn import(
    file: &Path,
    (replace, trust): (bool, bool),
    places: &Places,
    io: &mut Io<'_>,
) -> Result<(), Stopped> {
    let path = io.cwd.join(file);
    let shown = clean_line(&file.display().to_string()).as_str().to_owned();
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let read = match ending.as_str() {
        "prompt" => {
            let text = atomic_file::read(&path)?.ok_or_else(|| Stopped::Usage(format!("there is no file {shown}")))?;
            let partials = |name: &str| partial(&path, name);
            Some(dotprompt::read(&text, &partials))
        }
        "json" => atomic_file::read(&path).ok().flatten().and_then(|text| langfuse::read(&text)),
        _ => None,
    };
    let Some(read) = read else { return promptfoo::import(file, (replace, trust), places, io) };
    let read = read.map_err(|problems| Stopped::Other(format!("{shown}: {}", problems.join("; "))))?;
    let stem = path.file_stem().map_or_else(|| "prompt".to_owned(), |stem| stem.to_string_lossy().into_owned());
    let name = promptfoo::plain(if read.name.is_empty() { &stem } else { &read.name });
    names::check("prompt", &name)?;
    let folder = prompts::folder(places)?;
    let to = folder.join(format!("{name}.toml"));
    if to.exists() && !replace {
        return Err(Stopped::Other(format!(
            "{} is already there and nothing was written; `--replace` writes over it",
            to.display()
        )));
    }
    let text = prompt_toml::write(&read.prompt).map_err(Stopped::Other)?;
    for words in &read.left_out {
        writeln!(io.err, "left out: {}", clean_line(words))?;
    }
    prompts::write_file(places, &to, &prompts::led(places, &to, text), replace)?;
    writeln!(io.out, "{}", clean_line(&to.display().to_string()))?;
    Ok(())
}
