//! Names in the words of a mistake: as they were written, and the known name that may have been meant.

use crate::model::catalog::nearest;

/// Names something of the user's in a message, control characters made visible, length bounded.
#[must_use]
pub fn quoted(name: &str) -> String {
    let mut shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    if name.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Adds the nearest of the known names to a message, if one is near.
#[must_use]
pub fn slip<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
