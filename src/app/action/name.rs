//! Actions by their names, as `[keys]` and the palette have them.

use std::{fmt, str::FromStr};

use super::{ACTIONS, Action};
use crate::model::catalog::nearest;

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name no action has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no action is called `{name}`{}; `retort keys` lists them", .nearest.as_ref().map_or_else(String::new, |near| format!(" (did you mean `{near}`?)")))]
pub struct UnknownAction {
    /// The name.
    pub name: String,
    /// The nearest name, if one is near.
    pub nearest: Option<String>,
}

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        ACTIONS.iter().find(|entry| entry.name == name).map(|entry| entry.action).ok_or_else(|| UnknownAction {
            name: name.to_owned(),
            nearest: nearest(name, ACTIONS.iter().map(|entry| entry.name)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case_and_stand_for_one_action_each() {
        for entry in ACTIONS {
            assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            assert_eq!(entry.name.parse(), Ok(entry.action));
            assert_eq!(entry.action.entry(), entry);
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_name() {
        let slip = "palete".parse::<Action>().unwrap_err().to_string();
        assert!(slip.contains("did you mean `palette`?"), "{slip}");
    }
}
