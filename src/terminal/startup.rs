//! What the workbench starts with: the last session, or a bench that works without a key.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    app::{Keymap, Start},
    config,
    config::{builtin, names},
    engine::{
        Workspace,
        drift::{Leaving, SOON},
    },
    model::{
        Session,
        session::{PaneSizes, SESSION_VERSION},
    },
    store::sessions,
    terminal::TerminalError,
};

/// Gathers it. A session that cannot be read is named and left as it is.
pub(crate) fn start(setup: &Workspace, session: Option<String>) -> Result<Start, TerminalError> {
    let keymap = Keymap::new(&setup.settings.keys).map_err(|bad| config::mistaken(&setup.places, "keys", &bad.0))?;
    let mut notices: Vec<String> = setup.places.project.notice().map(str::to_owned).into_iter().collect();
    let starters: Vec<_> = builtin::starters()
        .into_iter()
        .map(|(name, prompt, input)| (name.to_owned(), prompt, input.to_owned()))
        .collect();
    let default_target = setup.first_target().to_owned();
    if default_target == setup.settings.default_model {
        notices.extend(setup.default_note.clone());
    }
    let session = match session {
        Some(name) => {
            names::check("session", &name)?;
            Some(named(setup, name, &default_target)?)
        }
        None => last(setup, &mut notices),
    };
    if let Some(session) = &session {
        let today = setup.started.to_zoned(TimeZone::UTC).date();
        let leaving = Leaving::new(setup, today, SOON).of_session(session);
        notices.extend(leaving.first().map(|leaving| format!("{leaving}: `retort drift`")));
    }
    Ok(Start {
        settings: setup.settings.clone(),
        keymap,
        catalog: setup.catalog.clone(),
        starters,
        session,
        found: setup.found_keys(),
        default_target,
        look: setup.environment.look(&setup.settings),
        notices,
        zone: setup.environment.time_zone(),
    })
}

/// Opens the session of a name, or begins it.
fn named(setup: &Workspace, name: String, target: &str) -> Result<Session, TerminalError> {
    if let Some(session) = sessions::find(&setup.places, &name)? {
        return Ok(session);
    }
    let (prompt_name, prompt, _) = builtin::starters().into_iter().next().unwrap_or_default();
    Ok(Session {
        version: SESSION_VERSION,
        name,
        saved: Timestamp::now(),
        prompt_name: Some(prompt_name.to_owned()).filter(|name| !name.is_empty()),
        prompt_file: None,
        edited: false,
        onto: None,
        lanes: vec![target.into()],
        answers: Vec::new(),
        samples: 1,
        sizes: PaneSizes::default(),
        used_actions: Vec::new(),
        input: crate::model::Input::default(),
        input_name: String::new(),
        input_at: 0,
        other_inputs: Vec::new(),
        schema_draft: None,
        setups: Vec::new(),
        prompt,
    })
}

/// Opens the session that was saved last.
fn last(setup: &Workspace, notices: &mut Vec<String>) -> Option<Session> {
    match sessions::last(&setup.places) {
        Ok(session) => session,
        Err(error) => {
            notices.push(error.to_string());
            None
        }
    }
}
