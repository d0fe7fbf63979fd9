//! The edit of a prompt's file: the successor in the place of a model that goes, once a person says so.

use std::io::{BufRead as _, IsTerminal as _, stdin};

use crate::{
    cli::{Io, Stopped, args::DriftArgs},
    config::atomic_file,
    engine::Workspace,
    model::{Prompt, id},
    store::{api::Over, prompts},
    text::clean_line,
};

/// Tells whether a prompt is to be edited, which a person says on the command line or at the terminal.
pub(crate) fn accepted(args: &DriftArgs, question: &str, io: &mut Io<'_>) -> Result<bool, Stopped> {
    if args.accept || args.json || !stdin().is_terminal() || !io.out_is_terminal {
        return Ok(args.accept);
    }
    write!(io.out, "{} [y/N] ", clean_line(question))?;
    io.out.flush()?;
    let mut typed = String::new();
    stdin().lock().read_line(&mut typed)?;
    Ok(matches!(typed.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Writes the successor in the place of the model that goes, where `change` puts it; everything else in the file stays.
pub(crate) fn edit(
    name: &str,
    (old, new): (&str, &str),
    setup: &Workspace,
    io: &mut Io<'_>,
    change: impl FnOnce(&mut Prompt),
) -> Result<(), Stopped> {
    let Some(file) = prompts::file(&setup.places, name)? else { return Ok(()) };
    let text = atomic_file::read(&file)?.unwrap_or_default();
    let mut prompt = prompts::parse(&text, &file)?;
    change(&mut prompt);
    let over = Over::Known(id::hex(text.as_bytes()));
    let (file, _) = prompts::save(&setup.places, name, &prompt, over)?;
    let shown = file.display().to_string();
    writeln!(io.err, "{}: {} in the place of {}", clean_line(&shown), clean_line(new), clean_line(old))?;
    Ok(())
}
