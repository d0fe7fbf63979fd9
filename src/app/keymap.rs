//! Which chord calls which action where; read from the built-in table and the user's `[keys]`.

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use crate::{
    app::{
        action::{ACTIONS, Action, ActionInfo, Pane, When},
        screen_id::ScreenId,
    },
    widgets::key::Chord,
};

const DEFAULT_KEYS: &str = include_str!("../../assets/keys.toml");

/// Where a chord is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyContext {
    /// At the bench, in a pane, no field being edited.
    Bench(Pane),
    /// In a field of the bench that is being edited, in a pane.
    Typing(Pane),
    Overlay,
    /// On a screen beside the bench.
    Screen(ScreenId),
}

/// The chords of every action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    chords: BTreeMap<Action, Vec<Chord>>,
}

/// Everything that is wrong with the `[keys]` of a configuration: the name under which it stands
/// there, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BadKeys(pub Vec<(String, String)>);

impl fmt::Display for BadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|(name, wrong)| format!("[keys] {name}: {wrong}")).collect();
        f.write_str(&words.join("\n"))
    }
}

impl Default for Keymap {
    fn default() -> Self {
        // The built-in table is read and checked by a test, so no error can arise here.
        let table: BTreeMap<String, Vec<String>> = toml::from_str(DEFAULT_KEYS).unwrap_or_default();
        let mut map = Self { chords: BTreeMap::new() };
        let _ = map.replace(&table);
        map
    }
}

impl Keymap {
    /// Makes the key map of the built-in keys with the user's in their place: action name to chords.
    /// An empty list unbinds an action.
    pub fn new(user: &BTreeMap<String, Vec<String>>) -> Result<Self, BadKeys> {
        let mut map = Self::default();
        let mut bad = map.replace(user);
        bad.extend(map.conflicts(user));
        if bad.is_empty() { Ok(map) } else { Err(BadKeys(bad)) }
    }

    fn replace(&mut self, table: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
        let mut bad = Vec::new();
        for (name, texts) in table {
            let action = match name.parse::<Action>() {
                Ok(action) => action,
                Err(unknown) => {
                    bad.push((name.clone(), unknown.to_string()));
                    continue;
                }
            };
            let mut chords = Vec::new();
            for text in texts {
                match text.parse::<Chord>() {
                    Ok(chord) => chords.push(chord),
                    Err(why) => bad.push((name.clone(), why.to_string())),
                }
            }
            self.chords.insert(action, chords);
        }
        bad
    }

    /// Lists the chords that mean two actions in one place, under the action the user has named.
    fn conflicts(&self, user: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
        let all: Vec<(Chord, Action)> = ACTIONS
            .iter()
            .flat_map(|entry| self.chords(entry.action).iter().map(|chord| (*chord, entry.action)))
            .collect();
        let mut bad = Vec::new();
        for (at, (chord, first)) in all.iter().enumerate() {
            for (other, second) in all.iter().skip(at + 1) {
                if chord == other && first != second && first.entry().overlaps(second.entry()) {
                    let named = if user.contains_key(first.name()) { first } else { second };
                    let wrong = format!(
                        "`{chord}` calls both `{first}` and `{second}`; give one of them another key, or [] for none"
                    );
                    bad.push((named.name().to_owned(), wrong));
                }
            }
        }
        bad
    }

    /// Returns the keys of an action once a chord takes the place of those of its kind: of the plain ones, or of those
    /// that work while typing. Fails, in words, where the chord calls another action in the same place.
    pub fn rebound(&self, action: Action, chord: Chord) -> Result<Vec<Chord>, String> {
        let own = action.entry();
        if let Some(other) = self.called(chord).find(|entry| entry.action != action && entry.overlaps(own)) {
            return Err(format!("{chord} already calls {} ({}): press another key", other.title, other.group));
        }
        let kept = self.chords(action).iter().filter(|known| known.is_for_fields() != chord.is_for_fields());
        Ok(std::iter::once(chord).chain(kept.copied().filter(|known| *known != chord)).collect())
    }

    /// Gives an action other keys.
    pub fn bind(&mut self, action: Action, chords: Vec<Chord>) {
        self.chords.insert(action, chords);
    }

    /// Returns what a chord means in a place. In a field, a chord that is text or edits means nothing. At the bench an
    /// action of the pane comes before those of others, which only ctrl, alt and function keys call.
    #[must_use]
    pub fn action(&self, chord: Chord, place: KeyContext) -> Option<Action> {
        match place {
            KeyContext::Typing(_) if chord.is_for_fields() => None,
            KeyContext::Typing(pane) => self.in_pane(chord, pane, When::while_typing),
            KeyContext::Bench(pane) => self.in_pane(chord, pane, When::at_bench),
            KeyContext::Overlay => self.called(chord).find(|entry| entry.when.in_overlay()).map(|entry| entry.action),
            KeyContext::Screen(screen) => {
                self.called(chord).find(|entry| entry.works_on(screen)).map(|entry| entry.action)
            }
        }
    }

    fn in_pane(&self, chord: Chord, pane: Pane, works: fn(When) -> bool) -> Option<Action> {
        let own = self.called(chord).find(|entry| works(entry.when) && entry.works_in(pane));
        let other = || self.called(chord).find(|entry| works(entry.when) && !chord.is_for_fields());
        own.or_else(other).map(|entry| entry.action)
    }

    /// Finds what a chord that means nothing in a pane of the bench calls in another pane.
    #[must_use]
    pub fn elsewhere(&self, chord: Chord) -> Option<&'static ActionInfo> {
        self.called(chord).find(|entry| entry.when.at_bench())
    }

    /// Lists the actions that a chord calls somewhere.
    fn called(&self, chord: Chord) -> impl Iterator<Item = &'static ActionInfo> {
        let calls = move |(_, chords): &(&Action, &Vec<Chord>)| chords.contains(&chord);
        self.chords.iter().filter(calls).map(|(action, _)| action.entry())
    }

    /// Returns the chords of an action, the first the one to show.
    #[must_use]
    pub fn chords(&self, action: impl Into<Action>) -> &[Chord] {
        self.chords.get(&action.into()).map_or(&[], Vec::as_slice)
    }

    /// Returns the key to show for an action where a field is or is not being edited.
    #[must_use]
    pub fn shown(&self, action: impl Into<Action>, typing: bool) -> Option<Chord> {
        let chords = self.chords(action);
        let usable = |chord: &&Chord| !typing || !chord.is_for_fields();
        chords.iter().find(usable).copied()
    }

    /// Writes all actions with their keys as a Markdown table, as docs/keys.md shows it.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = String::from("| action | keys | where | does |\n|---|---|---|---|\n");
        for entry in ACTIONS {
            let keys: Vec<String> = self
                .chords(entry.action)
                .iter()
                .map(|chord| format!("`{}`", chord.to_string().replace('|', "\\|")))
                .collect();
            let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
            let _ = writeln!(table, "| {} | {keys} | {} | {} |", entry.name, place(entry), entry.doc);
        }
        table
    }
}

/// Says where the keys of an action work.
fn place(entry: &ActionInfo) -> String {
    let place = match entry.when {
        When::Always => "everywhere",
        When::Bench => "bench, typing too",
        When::Normal => "bench, not typing",
        When::Focus => "every screen, typing too",
        When::Moving => "every screen, not typing",
        When::Overlay => "overlay",
        When::On(screen) => screen.word(),
    };
    let panes: Vec<&str> = entry.panes.iter().map(|pane| pane.word()).collect();
    let place = if panes.is_empty() { place.to_owned() } else { format!("{place} ({})", panes.join(", ")) };
    entry.also.iter().fold(place, |place, (screen, _)| format!("{place}; {}", screen.word()))
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;

    use super::*;
    use crate::app::action::{BenchAction, OverlayAction, Verb};

    fn user(rows: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        rows.iter().map(|(name, keys)| ((*name).to_owned(), keys.iter().map(|&k| k.to_owned()).collect())).collect()
    }

    #[test]
    fn the_built_in_keys_name_every_action_once_and_nothing_twice() {
        let table: BTreeMap<String, Vec<String>> = toml::from_str(DEFAULT_KEYS).unwrap();
        let map = Keymap::new(&table).unwrap();
        assert_eq!(map.chords.len(), ACTIONS.len());
    }

    #[test]
    fn no_action_depends_on_a_key_that_terminals_cannot_tell_apart() {
        let map = Keymap::default();
        for entry in ACTIONS {
            for lost in ["ctrl-enter", "shift-enter", "ctrl-m", "ctrl-i", "ctrl-h", "ctrl-[", "ctrl-j"] {
                assert!(!map.chords(entry.action).contains(&lost.parse().unwrap()), "{}: {lost}", entry.name);
            }
        }
    }

    #[test]
    fn what_works_while_typing_has_a_key_for_it() {
        let map = Keymap::default();
        for entry in ACTIONS.iter().filter(|entry| entry.when == When::Bench) {
            let chords = map.chords(entry.action);
            assert!(chords.is_empty() || map.shown(entry.action, true).is_some(), "{}: none while typing", entry.name);
        }
    }

    /// The alt keys of the map: none of them opens an escape sequence, and none is the only way.
    const ALT: &[&str] = &[
        "1", "2", "3", "4", "5", "enter", ",", ".", "u", "U", "s", "V", "C", "p", "m", "up", "down", "a", "i", "D",
        "c", "x", "r", "R", "t", "f", "F", "K", "d", "b", "B", "o", "y", "v", "J", "T", "z", "w", "h",
    ];

    #[test]
    fn every_key_can_be_typed_on_any_layout_and_in_any_terminal() {
        let map = Keymap::default();
        for entry in ACTIONS {
            let chords = map.chords(entry.action);
            let needs_alt_gr = |chord: &Chord| {
                matches!(
                    chord.code(),
                    KeyCode::Char('@' | '#' | '[' | ']' | '{' | '}' | '\\' | '|' | '~' | '^' | '`' | '€')
                )
            };
            // The number of samples is among the parameters too.
            let has_form = entry.action == Action::Bench(BenchAction::Samples);
            assert!(!chords.iter().any(needs_alt_gr) || has_form, "{} needs AltGr", entry.name);
            for chord in chords {
                assert!(!(chord.ctrl() && chord.alt()), "{}: {chord} is AltGr on Windows", entry.name);
                assert_ne!(chord.to_string(), "ctrl-b", "{}: tmux takes it", entry.name);
                let name = chord.to_string();
                if let Some(alt) = name.strip_prefix("alt-") {
                    assert!(ALT.contains(&alt), "{}: {name} is not in the map", entry.name);
                }
            }
            let alone = chords.iter().all(|chord| chord.alt());
            // A letter is text in a schema, and cannot undo there.
            let moves = matches!(
                entry.action,
                Action::Bench(BenchAction::MessageUp | BenchAction::MessageDown)
                    | Action::Overlay(
                        OverlayAction::UndoText
                            | OverlayAction::RedoText
                            | OverlayAction::SchemaFromRecord
                            | OverlayAction::MakeStrict
                    )
                    | Action::Verb(Verb::MoreCalls | Verb::FewerCalls)
            );
            assert!(chords.is_empty() || moves || !alone, "{}: alt alone", entry.name);
        }
    }

    #[test]
    fn a_key_means_what_the_pane_with_the_focus_does_with_it() {
        let map = Keymap::default();
        let means = |key: &str, place| map.action(key.parse().unwrap(), place).map(Action::name);
        assert_eq!(means(",", KeyContext::Bench(Pane::Prompt)), Some("older-version"));
        assert_eq!(means(",", KeyContext::Bench(Pane::Input)), Some("previous-input"));
        assert_eq!(means(",", KeyContext::Bench(Pane::Answers)), Some("previous-sample"));
        assert_eq!(means(",", KeyContext::Bench(Pane::Metrics)), None);
        assert_eq!(means("alt-,", KeyContext::Typing(Pane::Input)), Some("previous-input"));
        assert_eq!(means("x", KeyContext::Bench(Pane::Prompt)), None);
        assert_eq!(map.elsewhere("x".parse().unwrap()).map(|entry| entry.name), Some("close-lane"));
        assert_eq!(means("alt-x", KeyContext::Typing(Pane::Prompt)), Some("close-lane"));
    }

    #[test]
    fn a_users_keys_replace_the_built_in_ones() {
        let map = Keymap::new(&user(&[("run", &["ctrl-g"]), ("xray", &[])])).unwrap();
        assert_eq!(
            map.action("ctrl-g".parse().unwrap(), KeyContext::Typing(Pane::Prompt)),
            Some(Action::Verb(Verb::Run))
        );
        assert_eq!(map.action("f5".parse().unwrap(), KeyContext::Bench(Pane::Answers)), None);
        assert_eq!(map.chords(Verb::Xray), []);
    }

    #[test]
    fn mistakes_are_told_all_at_once_with_what_to_do() {
        let bad = Keymap::new(&user(&[("palete", &["f5"]), ("help", &["f99"]), ("zoom", &["ctrl-r"])])).unwrap_err();
        let words = bad.to_string();
        assert!(words.contains("no action is called `palete` (did you mean `palette`?)"), "{words}");
        assert!(words.contains("help: `f99` is no key"), "{words}");
        assert!(words.contains("`ctrl-r` calls both `run` and `zoom`"), "{words}");
    }

    #[test]
    fn a_plain_character_is_text_first_while_typing() {
        let map = Keymap::default();
        for text in ["q", "?", "enter", "up", "1"] {
            assert_eq!(map.action(text.parse().unwrap(), KeyContext::Typing(Pane::Prompt)), None, "{text}");
            assert!(map.action(text.parse().unwrap(), KeyContext::Bench(Pane::Prompt)).is_some(), "{text}");
        }
        assert_eq!(
            map.action("esc".parse().unwrap(), KeyContext::Typing(Pane::Prompt)),
            Some(Action::Verb(Verb::Leave))
        );
        assert_eq!(map.action("ctrl-u".parse().unwrap(), KeyContext::Typing(Pane::Prompt)), None);
    }
}
