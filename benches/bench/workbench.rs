//! The workbench as it starts without a record, the demonstration its only model.

use retort::{
    app::{Keymap, Start},
    model::{Catalog, Settings, TerminalCaps, Wire, settings::ProviderSettings},
};

/// What it starts with.
pub(crate) fn demo_start() -> Start {
    let mut settings = Settings::default();
    settings.providers.insert("demo".to_owned(), ProviderSettings::of(Wire::Demo));
    Start {
        keymap: Keymap::default(),
        catalog: Catalog::new(Vec::new(), &settings),
        settings,
        starters: Vec::new(),
        session: None,
        found: Vec::new(),
        default_target: "demo".to_owned(),
        look: TerminalCaps::default(),
        notices: Vec::new(),
        zone: jiff::tz::TimeZone::UTC,
    }
}
