//! A prompt written into the file it came from: what changed is changed there, everything else stays as it
//! is, comments and order included.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, TableLike, Value};

/// Changes a text that holds one prompt so that it holds another; both are given as TOML of their own, written
/// by the same hand. None where the text is no TOML.
pub(crate) fn merge(text: &str, before: &str, after: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let (before, after): (DocumentMut, DocumentMut) = (before.parse().ok()?, after.parse().ok()?);
    tables(document.as_table_mut(), before.as_table(), after.as_table());
    let written = document.to_string();
    // The line ends of the rest are as they were.
    Some(if text.contains("\r\n") { written.replace("\r\n", "\n").replace('\n', "\r\n") } else { written })
}

fn tables(target: &mut dyn TableLike, before: &dyn TableLike, after: &dyn TableLike) {
    for (key, new) in after.iter() {
        let old = before.get(key);
        if old.is_some_and(|old| same(old, new)) {
            continue;
        }
        match target.get_mut(key) {
            Some(present) => item(present, old, new),
            None => drop(target.insert(key, placed(new))),
        }
    }
    let gone = before.iter().map(|(key, _)| key).filter(|key| after.get(key).is_none());
    for key in gone.map(str::to_owned).collect::<Vec<_>>() {
        target.remove(&key);
    }
}

/// Changes one item from what it was; where nobody knows that, or its form is another one, it is replaced.
fn item(target: &mut Item, old: Option<&Item>, new: &Item) {
    if let (Some(target), Some(old), Some(new)) =
        (target.as_table_like_mut(), old.and_then(Item::as_table_like), new.as_table_like())
    {
        return tables(target, old, new);
    }
    match (&mut *target, old, new) {
        (Item::ArrayOfTables(target), Some(Item::ArrayOfTables(old)), Item::ArrayOfTables(new)) => {
            list(target, old, new);
        }
        (Item::Value(Value::Array(target)), Some(Item::Value(Value::Array(old))), Item::Value(Value::Array(new))) => {
            values(target, old, new);
        }
        (Item::Value(target), _, Item::Value(new)) => value(target, new),
        _ => *target = placed(new),
    }
}

fn list(target: &mut ArrayOfTables, old: &ArrayOfTables, new: &ArrayOfTables) {
    for (at, table) in new.iter().enumerate() {
        if let (Some(target), Some(old)) = (target.get_mut(at), old.get(at)) {
            tables(target, old, table);
        } else {
            let mut table = table.clone();
            unplaced(&mut table);
            target.push(table);
        }
    }
    while target.len() > new.len() {
        target.remove(target.len() - 1);
    }
}

fn values(target: &mut Array, old: &Array, new: &Array) {
    for (at, wanted) in new.iter().enumerate() {
        match target.get_mut(at) {
            Some(_) if old.get(at).is_some_and(|old| same_value(old, wanted)) => {}
            Some(present) => value(present, wanted),
            None => target.push(wanted.clone()),
        }
    }
    while target.len() > new.len() {
        target.remove(target.len() - 1);
    }
}

/// Puts a value in place of another; what stands around it, its comment included, stays.
fn value(target: &mut Value, new: &Value) {
    let decor = target.decor().clone();
    *target = new.clone();
    *target.decor_mut() = decor;
}

/// Makes an item of another document one without a place of its own.
fn placed(item: &Item) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::Table(table) => unplaced(table),
        Item::ArrayOfTables(tables) => tables.iter_mut().for_each(unplaced),
        Item::None | Item::Value(_) => {}
    }
    item
}

fn unplaced(table: &mut toml_edit::Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        *item = placed(item);
    }
}

/// Tells whether two items say the same, however they are spaced.
fn same(one: &Item, other: &Item) -> bool {
    match (one, other) {
        (Item::ArrayOfTables(one), Item::ArrayOfTables(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same_table(one, other))
        }
        (Item::Value(one), Item::Value(other)) => same_value(one, other),
        _ => match (one.as_table_like(), other.as_table_like()) {
            (Some(one), Some(other)) => same_table(one, other),
            _ => false,
        },
    }
}

fn same_table(one: &dyn TableLike, other: &dyn TableLike) -> bool {
    one.len() == other.len() && one.iter().all(|(key, item)| other.get(key).is_some_and(|other| same(item, other)))
}

fn same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same_value(one, other))
        }
        (Value::InlineTable(one), Value::InlineTable(other)) => same_table(one, other),
        _ => one.to_string().trim() == other.to_string().trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
# why this prompt exists
user = \"\"\"v1 {{ input }}\"\"\"  # do not touch
description = 'short' # ours

targets = [\"a\", # the cheap one
  \"b\"]

# how
[response]
format = \"text\" # plain

[[check]] # one
type = \"contains\"
value = \"x\"

# two
[[check]]
type = \"latency\"
threshold = 2_000 # ms
";

    const BEFORE: &str = "\
description = \"short\"
user = \"v1 {{ input }}\"
targets = [\"a\", \"b\"]
[params]
[response]
format = \"text\"
[[check]]
type = \"contains\"
value = \"x\"
[[check]]
type = \"latency\"
threshold = 2000.0
";

    #[test]
    fn what_did_not_change_is_left_byte_for_byte() {
        assert_eq!(merge(FILE, BEFORE, BEFORE).unwrap(), FILE);
    }

    #[test]
    fn what_changed_is_changed_in_its_place() {
        let changes: &[(&str, &str, &str, &str)] = &[
            ("\"v1 {{ input }}\"", "\"v2 {{ input }}\"", "\"\"\"v1 {{ input }}\"\"\"  #", "\"v2 {{ input }}\"  #"),
            ("\"short\"", "\"long\"", "'short' # ours", "\"long\" # ours"),
            ("\"b\"]", "\"c\"]", "\n  \"b\"]", "\n  \"c\"]"),
            ("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]", "\"b\"]", "\"b\", \"c\"]"),
            ("format = \"text\"", "format = \"json\"", "\"text\" # plain", "\"json\" # plain"),
            ("2000.0", "1500.0", "2_000 # ms", "1500.0 # ms"),
            (
                "format = \"text\"",
                "format = \"text\"\nconfidence = \"/c\"",
                "# plain\n",
                "# plain\nconfidence = \"/c\"\n",
            ),
            ("[params]\n", "[params]\nseed = 1\n", "2_000 # ms\n", "2_000 # ms\n[params]\nseed = 1\n"),
        ];
        for (from, to, old, new) in changes {
            let after = BEFORE.replace(from, to);
            assert_ne!(after, BEFORE, "{from}");
            let merged = merge(FILE, BEFORE, &after).unwrap();
            assert_eq!(merged.replace("\n\n[params]", "\n[params]"), FILE.replace(old, new), "{to}");
        }
    }

    #[test]
    fn what_is_gone_goes_and_the_rest_stays() {
        let after = BEFORE.replace("description = \"short\"\n", "");
        assert_eq!(merge(FILE, BEFORE, &after).unwrap(), FILE.replace("description = 'short' # ours\n", ""));
        let (after, _) = BEFORE.rsplit_once("[[check]]").unwrap();
        assert_eq!(merge(FILE, BEFORE, after).unwrap(), FILE.rsplit_once("\n# two").unwrap().0);
    }

    #[test]
    fn line_ends_stay_as_they_were() {
        let merged = merge(&FILE.replace('\n', "\r\n"), BEFORE, &BEFORE.replace("v1", "v2")).unwrap();
        assert_eq!(merged, FILE.replace("\"\"\"v1 {{ input }}\"\"\"", "\"v2 {{ input }}\"").replace('\n', "\r\n"));
        assert_eq!(merge("no toml", BEFORE, BEFORE), None);
    }
}
