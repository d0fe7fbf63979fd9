//! Whether the columns of a data set give the variables that prompts ask for.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::special;
use crate::model::catalog::nearest;

/// How columns and variables go together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fit {
    /// Column to variable, where they differ from what happens by itself: what was given, and `text`
    /// where a prompt asks for a variable of that name.
    pub mapping: BTreeMap<String, String>,
    /// Variables that no column gives, in the order of their names.
    pub missing: Vec<Missing>,
    /// Columns whose variable no prompt asks for, in the order of the file.
    pub unused: Vec<String>,
}

/// A variable that no column gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub variable: String,
    /// A column with nearly its name, which gives no other variable that is asked for.
    pub near: Option<String>,
}

/// Compares the columns of a data set with the variables that prompts ask for; `given` is the mapping a
/// person wrote.
#[must_use]
pub fn fit(columns: &[String], asks: &BTreeSet<String>, given: &BTreeMap<String, String>) -> Fit {
    let mut mapping = given.clone();
    let has = |name: &str| columns.iter().any(|column| column == name);
    if asks.contains("text") && !asks.contains("input") && has("text") && !given.contains_key("text") {
        mapping.insert("text".to_owned(), "text".to_owned());
    }
    let named = |column: &String| mapping.get(column).unwrap_or(column).clone();
    let mut variables: Vec<String> = columns.iter().map(named).collect();
    let input = variables.iter().any(|variable| variable == "input");
    if !input && !mapping.values().any(|variable| variable == "text") {
        for variable in variables.iter_mut().filter(|variable| *variable == "text") {
            "input".clone_into(variable);
        }
    }
    // `a.b` may be a column, or a field of the column `a`.
    let is_given = |ask: &str| variables.iter().any(|name| within(ask, name));
    let asked = |variable: &str| asks.iter().any(|ask| within(ask, variable));
    let unused = columns.iter().zip(&variables).filter(|(column, variable)| {
        !variable.is_empty() && !special(variable) && !column.is_empty() && !asked(variable)
    });
    let unused: Vec<String> = unused.map(|(column, _)| column.clone()).collect();
    let missing = asks.iter().filter(|ask| !is_given(ask)).map(|ask| {
        let lower = ask.to_lowercase();
        let same = unused.iter().find(|column| column.to_lowercase() == lower).cloned();
        Missing { variable: ask.clone(), near: same.or_else(|| nearest(ask, unused.iter().map(String::as_str))) }
    });
    Fit { missing: missing.collect(), mapping, unused }
}

/// Tells whether a name is that of a variable, or of something within it.
fn within(name: &str, variable: &str) -> bool {
    name.strip_prefix(variable).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<T: FromIterator<String>>(names: &[&str]) -> T {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_variable_without_a_column_is_missing_and_its_likely_column_is_named() {
        let given = [("mail".to_owned(), "body".to_owned())].into();
        let found = fit(
            &set::<Vec<_>>(&["mail", "Lang", "subjct", "__expected", "id"]),
            &set(&["body", "lang", "subject", "tone"]),
            &given,
        );
        let near: Vec<_> = found.missing.iter().map(|one| (one.variable.as_str(), one.near.as_deref())).collect();
        assert_eq!(near, [("lang", Some("Lang")), ("subject", Some("subjct")), ("tone", None)]);
        assert_eq!(found.unused, ["Lang", "subjct", "id"]);
        assert_eq!(found.mapping, given);
    }

    #[test]
    fn text_is_the_input_unless_it_is_asked_for_by_its_name() {
        let columns = set::<Vec<_>>(&["text", "label"]);
        let none = BTreeMap::new();
        assert_eq!(fit(&columns, &set(&["input"]), &none).missing, []);
        let asked = fit(&columns, &set(&["text"]), &none);
        assert_eq!((asked.missing.len(), asked.mapping.get("text").map(String::as_str)), (0, Some("text")));
        let both = fit(&columns, &set(&["input", "text"]), &none);
        assert_eq!(both.missing.iter().map(|one| one.variable.as_str()).collect::<Vec<_>>(), ["text"]);
    }
}
