//! What differs between two texts line by line, in the form that `patch` reads.

/// Writes what differs between two texts with their names and three lines around; empty if nothing does.
#[must_use]
pub fn unified(old: &str, new: &str, names: (&str, &str)) -> String {
    similar::TextDiff::from_lines(old, new).unified_diff().context_radius(3).header(names.0, names.1).to_string()
}
