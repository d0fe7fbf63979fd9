//! What was learnt of models from their refusals: listed in words, and forgotten.

use jiff::Timestamp;

use crate::{
    cli::{Exit, Io, Stopped},
    engine::Workspace,
    model::quirk::{LearntQuirk, ModelPlace},
    store::quirk_memory::QuirkFile,
};

/// Lists what was learnt and still counts, one thing a line: of which model, what, when, and from which words.
pub(crate) fn lines(setup: &Workspace, now: Timestamp) -> Vec<String> {
    let learnt = QuirkFile::of(&setup.places).list(now);
    let line = |LearntQuirk { place, quirk, learnt, message }: &LearntQuirk| {
        let address = place.base_url.as_ref().map_or_else(String::new, |url| format!(" at {url}"));
        let (name, words, day) = (place.name(), quirk.description(), learnt.strftime("%Y-%m-%d"));
        format!("{name}{address} {words} ({day}: {message}); `retort models --forget {name}` forgets it")
    };
    learnt.iter().map(line).collect()
}

/// Forgets what was learnt of a model, by its name in the settings or as `provider/model`; of all where none is named.
pub(crate) fn forget(setup: &Workspace, model: Option<&str>, io: &mut Io<'_>) -> Result<Exit, Stopped> {
    let file = QuirkFile::of(&setup.places);
    let known = file.list(setup.started);
    let resolved = model.and_then(|name| setup.catalog.resolve(name).ok()).map(|target| ModelPlace::of(&target));
    let meant = |place: &ModelPlace| match (model, &resolved) {
        (None, _) => true,
        (Some(name), resolved) => resolved.as_ref() == Some(place) || place.name() == name,
    };
    let count = known.iter().filter(|learnt| meant(&learnt.place)).count();
    if let Some(name) = model.filter(|_| count == 0) {
        let mut names: Vec<String> = known.iter().map(|learnt| learnt.place.name()).collect();
        names.dedup();
        let others =
            if names.is_empty() { String::new() } else { format!("; of these something is: {}", names.join(", ")) };
        return Err(Stopped::Usage(format!("nothing is learnt of {name}{others}")));
    }
    if count > 0 {
        file.forget(meant)?;
    }
    let things = if count == 1 { "1 thing was".to_owned() } else { format!("{count} things were") };
    writeln!(io.out, "{things} forgotten")?;
    Ok(Exit::Done)
}
