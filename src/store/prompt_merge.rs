//! A prompt written into the file it came from: what changed is changed there, everything else stays as it
//! is, comments and order included.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

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

/// Changes a list of tables. Each keeps its comments wherever it moves; one that is gone takes its own with it.
fn list(target: &mut ArrayOfTables, old: &ArrayOfTables, new: &ArrayOfTables) {
    let from = origins(old.len(), new.len(), |at, to| {
        old.get(at).zip(new.get(to)).is_some_and(|(old, new)| same_table(old, new))
    });
    let mut present: Vec<Option<Table>> = target.iter().cloned().map(Some).collect();
    target.clear();
    for (wanted, from) in new.iter().zip(from) {
        let known = from.and_then(|from| present.get_mut(from)?.take().zip(old.get(from)));
        let mut table = known.map_or_else(
            || wanted.clone(),
            |(mut table, old)| {
                tables(&mut table, old, wanted);
                table
            },
        );
        if from.is_none() {
            unplaced(&mut table);
        }
        target.push(table);
    }
}

fn values(target: &mut Array, old: &Array, new: &Array) {
    let same = |at: usize, to: usize| old.get(at).zip(new.get(to)).is_some_and(|(old, new)| same_value(old, new));
    let from = origins(old.len(), new.len(), same);
    let gone: Vec<usize> = (0..target.len()).filter(|at| !from.contains(&Some(*at))).collect();
    for (to, wanted) in new.iter().enumerate() {
        match from.get(to).copied().flatten() {
            Some(at) if same(at, to) => {}
            Some(at) => {
                if let Some(present) = target.get_mut(at) {
                    value(present, wanted);
                }
            }
            None => {}
        }
    }
    for at in gone.into_iter().rev() {
        target.remove(at);
    }
    for (to, wanted) in new.iter().enumerate().filter(|(to, _)| from.get(*to).copied().flatten().is_none()) {
        if to < target.len() { target.insert(to, wanted.clone()) } else { target.push(wanted.clone()) }
    }
}

/// Entries of two lists that are compared with each other, at most; longer lists are compared place by place.
const COMPARED: usize = 1_000_000;

/// Tells for each entry of a new list which one of the old list it was, in order: the same one, else one that was
/// changed between the same neighbours; none where it is new.
fn origins(old: usize, new: usize, same: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    if old.saturating_mul(new) > COMPARED {
        return (0..new).map(|at| (at < old).then_some(at)).collect();
    }
    // the longest common subsequence, from the ends
    let width = new + 1;
    let mut lengths = vec![0_usize; (old + 1) * width];
    let length = |lengths: &[usize], at: usize, to: usize| lengths.get(at * width + to).copied().unwrap_or(0);
    for at in (0..old).rev() {
        for to in (0..new).rev() {
            let longest = if same(at, to) {
                length(&lengths, at + 1, to + 1) + 1
            } else {
                length(&lengths, at + 1, to).max(length(&lengths, at, to + 1))
            };
            if let Some(cell) = lengths.get_mut(at * width + to) {
                *cell = longest;
            }
        }
    }
    let mut from = vec![None; new];
    let (mut at, mut to) = (0, 0);
    // places since the last entry that is in both, which are paired in order
    let mut changed: (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    let pair = |from: &mut Vec<Option<usize>>, changed: &mut (Vec<usize>, Vec<usize>)| {
        for (at, to) in changed.0.drain(..).zip(changed.1.drain(..)) {
            if let Some(place) = from.get_mut(to) {
                *place = Some(at);
            }
        }
        *changed = (Vec::new(), Vec::new());
    };
    while at < old || to < new {
        if at < old && to < new && same(at, to) {
            pair(&mut from, &mut changed);
            if let Some(place) = from.get_mut(to) {
                *place = Some(at);
            }
            (at, to) = (at + 1, to + 1);
        } else if to >= new || (at < old && length(&lengths, at + 1, to) >= length(&lengths, at, to + 1)) {
            changed.0.push(at);
            at += 1;
        } else {
            changed.1.push(to);
            to += 1;
        }
    }
    pair(&mut from, &mut changed);
    from
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

fn unplaced(table: &mut Table) {
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
    fn an_entry_of_a_list_keeps_its_comment_wherever_it_moves() {
        let check = |name: &str| format!("[[check]]\ntype = \"{name}\"\n");
        let of = |names: &[&str]| names.iter().map(|name| check(name)).collect::<String>();
        let file = "user = 'u' # own\n\n# one\n[[check]] # 1\ntype = 'a'\n\n# two\n[[check]] # 2\ntype = 'b'\n\n# three\n[[check]]\ntype = 'c'\n";
        let merged = |after: &[&str]| merge(file, &of(&["a", "b", "c"]), &of(after)).unwrap();
        assert_eq!(merged(&["b", "c"]), file.replace("\n# one\n[[check]] # 1\ntype = 'a'\n", ""));
        assert_eq!(merged(&["a", "c"]), file.replace("\n# two\n[[check]] # 2\ntype = 'b'\n", ""));
        assert_eq!(merged(&["a", "x", "c"]), file.replace("'b'", "\"x\""), "one that is changed keeps its own");
        let added = merged(&["a", "b", "n", "c"]);
        assert_eq!(added, file.replace("\n# three", "[[check]]\ntype = \"n\"\n\n# three"), "{added}");
        let inline = "targets = [\"a\",\n  \"b\",\n  \"c\"] # all\n";
        let of = |list: &str| format!("targets = [{list}]\n");
        let merged = merge(inline, &of("\"a\", \"b\", \"c\""), &of("\"a\", \"c\"")).unwrap();
        assert_eq!(merged, "targets = [\"a\",\n  \"c\"] # all\n");
    }

    #[test]
    fn line_ends_stay_as_they_were() {
        let merged = merge(&FILE.replace('\n', "\r\n"), BEFORE, &BEFORE.replace("v1", "v2")).unwrap();
        assert_eq!(merged, FILE.replace("\"\"\"v1 {{ input }}\"\"\"", "\"v2 {{ input }}\"").replace('\n', "\r\n"));
        assert_eq!(merge("no toml", BEFORE, BEFORE), None);
    }
}
