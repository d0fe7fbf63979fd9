//! The body of a request, whose messages may come out empty and are not sent then: what of it is left out or is otherwise
//! is found by writing it for ways in which they can.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::present::program::{MARK, mark};

/// Messages that may come out empty, at most, for which each way in which they can is written.
const MOST_WRITTEN: usize = 6;

/// Those that may, at most, where not each way is.
pub(crate) const MOST_EMPTY: usize = 40;

/// Ways that are tried beside those in which one or two messages are unlike the others.
const TRIED: u64 = 300;

/// A body, and how it changes with the messages that come out empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct BodyVariants {
    /// The body where no message is empty.
    pub body: Map<String, Value>,
    /// The items of a field's list that are there only if a message is not empty, in order.
    pub items: Vec<OptionalItem>,
    /// Fields that are otherwise, or are not there, where just these messages are empty.
    pub fields: Vec<ChangedField>,
    /// The marks of the messages all of which must not be empty at once.
    pub needed: Vec<usize>,
}

/// An item of a list that goes with its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OptionalItem {
    /// The field whose list it is in.
    pub field: String,
    /// Its place in the list.
    pub item: usize,
    /// The mark of its message.
    pub mark: usize,
    /// The marks of other messages: where all of these are empty, it stays though its own is.
    pub kept_alone: Vec<usize>,
}

/// A field of a body that is otherwise where messages are empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangedField {
    /// The marks of the messages that are empty.
    pub empty: Vec<usize>,
    /// The marks of those that are not. Others have nothing to do with it.
    pub filled: Vec<usize>,
    pub name: String,
    /// None where the field is not there.
    pub value: Option<Value>,
}

/// Returns a text of white space alone that stands for an empty message, by its mark.
pub(crate) fn blank_mark(place: usize) -> String {
    format!("\u{2005}{}\u{2005}", "\u{2006}".repeat(place + 1))
}

/// Tells whether a text could be taken for one that stands for an empty message.
pub(crate) fn is_blank_mark(text: &str) -> bool {
    text.contains("\u{2005}\u{2006}")
}

/// A text that speaks of JSON and is taken out of what was written.
pub(crate) fn json_mark() -> String {
    format!("{}json{}", MARK.0, MARK.1)
}

/// Puts the marks of messages in the place of what stood for them.
fn settled(value: &mut Value, marks: &[usize]) {
    match value {
        Value::String(text) => {
            *text = text.replace(&json_mark(), "");
            for place in marks {
                *text = text.replace(&blank_mark(*place), &mark(*place));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| settled(item, marks)),
        Value::Object(fields) => fields.values_mut().for_each(|field| settled(field, marks)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A value of a field for each way in which messages can be empty that was written; where nothing was left to send, none.
type WrittenField<'a> = Vec<(usize, Option<&'a Value>)>;

impl BodyVariants {
    /// Writes a body for ways in which the messages of some marks can be empty. `write` gives the body where those at the
    /// places of a mask are; none where nothing is left to send. There is none where more than a few messages have to do
    /// with each other.
    pub(crate) fn of<E>(
        marks: &[usize],
        mut write: impl FnMut(usize) -> Result<Option<Value>, E>,
    ) -> Result<Option<Self>, E> {
        let mut bodies: BTreeMap<usize, Option<Map<String, Value>>> = BTreeMap::new();
        let mut write = |mask: usize| {
            write(mask).map(|body| {
                body.and_then(|mut body| {
                    settled(&mut body, marks);
                    body.as_object().cloned()
                })
            })
        };
        for mask in ways(marks.len()) {
            bodies.insert(mask, write(mask)?);
        }
        let body = bodies.get(&0).cloned().flatten().unwrap_or_default();
        let mut variants = Self { body, ..Self::default() };
        // Nothing is left to send only where all that can be empty is.
        if !marks.is_empty() && bodies.values().next_back().is_some_and(Option::is_none) {
            variants.needed = marks.to_vec();
        }
        let mut names: Vec<String> = bodies.values().flatten().flat_map(|body| body.keys().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let values = written_field(&name, &bodies);
            let items = optional_items(&name, &values, marks);
            let whole = values.first().and_then(|(_, value)| *value);
            if values.iter().all(|(mask, value)| *value == without(whole, &items, marks, *mask).as_ref()) {
                variants.items.extend(items);
                continue;
            }
            let items: Vec<OptionalItem> =
                items.into_iter().map(|item| OptionalItem { kept_alone: Vec::new(), ..item }).collect();
            let own = depends(&values, marks.len());
            if own.len() > MOST_WRITTEN {
                return Ok(None);
            }
            let own_ways: Vec<usize> = (0..1_usize << own.len()).map(|way| spread(way, &own)).collect();
            for mask in &own_ways {
                if !bodies.contains_key(mask) {
                    bodies.insert(*mask, write(*mask)?);
                }
            }
            let values = written_field(&name, &bodies);
            let changed = changed(&name, &values, marks, &own, &items);
            let whole = values.first().and_then(|(_, value)| *value);
            let is_so = |(mask, value): &(usize, Option<&Value>)| {
                let way = own.iter().fold(0, |way, place| way | (mask & (1 << place)));
                let alike = values.iter().find(|(known, _)| *known == way).map(|(_, value)| *value);
                let left = without(whole, &items, marks, *mask);
                *value == left.as_ref() || alike == Some(*value)
            };
            if !values.iter().all(is_so) {
                return Ok(None);
            }
            variants.fields.extend(changed);
            variants.items.extend(items);
        }
        Ok(Some(variants))
    }
}

/// Lists the ways in which so many messages can be empty that are written: all, or where there are too many those in which
/// one or two are unlike the others, and others by chance, the same each time. The last is that in which all are.
fn ways(count: usize) -> Vec<usize> {
    let all = (1_usize << count) - 1;
    if count <= MOST_WRITTEN {
        return (0..=all).collect();
    }
    let one = |place: usize| 1_usize << place;
    let pairs = (0..count).flat_map(|first| (first..count).map(move |second| one(first) | one(second)));
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let chance = (0..TRIED).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state).unwrap_or(usize::MAX) & all
    });
    let mut found: Vec<usize> = pairs.flat_map(|pair| [pair, all & !pair]).chain([0, all]).chain(chance).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Puts the bits of a way at the places of some messages.
fn spread(way: usize, places: &[usize]) -> usize {
    let bits = places.iter().enumerate().filter(|(at, _)| way & (1 << at) != 0);
    bits.fold(0, |mask, (_, place)| mask | (1 << place))
}

fn written_field<'a>(name: &str, bodies: &'a BTreeMap<usize, Option<Map<String, Value>>>) -> WrittenField<'a> {
    bodies.iter().filter_map(|(mask, body)| body.as_ref().map(|body| (*mask, body.get(name)))).collect()
}

/// Lists the places of the messages that have to do with a field.
fn depends(values: &WrittenField<'_>, count: usize) -> Vec<usize> {
    let find = |mask: usize| values.iter().find(|(known, _)| *known == mask).map(|(_, value)| *value);
    let differs = |place: &usize| {
        values.iter().any(|(mask, value)| find(mask | (1 << place)).is_some_and(|other| other != *value))
    };
    (0..count).filter(differs).collect()
}

/// Lists what a field is where messages are empty, for each way of those that it depends on, if it is not what is left of it
/// without the items that go with them.
fn changed(
    name: &str,
    values: &WrittenField<'_>,
    marks: &[usize],
    all: &[usize],
    items: &[OptionalItem],
) -> Vec<ChangedField> {
    let own = all.iter().fold(0, |own, place| own | (1 << place));
    let whole = values.first().and_then(|(_, value)| *value);
    let these = values
        .iter()
        .filter(|(mask, value)| mask & !own == 0 && *value != without(whole, items, marks, *mask).as_ref());
    let chosen = |mask: usize, empty: bool| {
        let is = |place: &&usize| (mask & (1 << **place) != 0) == empty;
        all.iter().filter(is).filter_map(|place| marks.get(*place).copied()).collect()
    };
    these
        .map(|(mask, value)| ChangedField {
            empty: chosen(*mask, true),
            filled: chosen(*mask, false),
            name: name.to_owned(),
            value: value.cloned(),
        })
        .collect()
}

/// Returns a list without the items that go with the messages that are empty; another value as it is.
fn without(whole: Option<&Value>, items: &[OptionalItem], marks: &[usize], mask: usize) -> Option<Value> {
    let is_empty = |mark: &usize| marks.iter().position(|known| known == mark).is_some_and(|at| mask & (1 << at) != 0);
    let is_out = |item: &&OptionalItem| {
        let alone = !item.kept_alone.is_empty() && item.kept_alone.iter().all(is_empty);
        is_empty(&item.mark) && !alone
    };
    let is_left = |at: usize| !items.iter().filter(|item| item.item == at).any(|item| is_out(&item));
    match whole? {
        Value::Array(all) => {
            Some(all.iter().enumerate().filter(|(at, _)| is_left(*at)).map(|(_, item)| item.clone()).collect())
        }
        other => Some(other.clone()),
    }
}

/// Lists the items of a list that go with a message.
fn optional_items(name: &str, values: &WrittenField<'_>, marks: &[usize]) -> Vec<OptionalItem> {
    let find = |mask: usize| values.iter().find(|(known, _)| *known == mask).and_then(|(_, value)| *value);
    let all = (1_usize << marks.len()) - 1;
    let Some(Value::Array(list)) = find(0) else { return Vec::new() };
    let mut found: Vec<OptionalItem> = Vec::new();
    for (place, own) in marks.iter().enumerate() {
        let Some(alone) = find(1 << place) else { continue };
        let text = mark(*own);
        let has = |value: &Value| value.to_string().contains(&text);
        let item = |at: usize| OptionalItem { field: name.to_owned(), item: at, mark: *own, kept_alone: Vec::new() };
        let mut items: Vec<OptionalItem> =
            list.iter().enumerate().filter(|(_, value)| has(value)).map(|(at, _)| item(at)).collect();
        // Beside some messages it stays where they alone are not empty.
        let stays = |other: usize| find(all & !(1 << other)).is_some_and(has);
        let others: Vec<usize> = (0..marks.len()).filter(|other| *other != place).collect();
        if others.iter().any(|other| stays(*other)) {
            let not = others.iter().filter(|other| !stays(**other)).filter_map(|other| marks.get(*other).copied());
            let not: Vec<usize> = not.collect();
            for item in &mut items {
                item.kept_alone.clone_from(&not);
            }
        }
        if alone.as_array() != Some(list) && without(find(0), &items, marks, 1 << place).as_ref() == Some(alone) {
            found.extend(items);
        }
    }
    found.sort_unstable_by_key(|item| (item.item, item.mark));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The text of the message at a place, where those of a mask are empty.
    fn text(marks: &[usize], place: usize, mask: usize) -> String {
        if mask & (1 << place) == 0 { mark(marks[place]) } else { blank_mark(marks[place]) }
    }

    fn item(item: usize, mark: usize, kept_alone: &[usize]) -> OptionalItem {
        OptionalItem { field: "messages".to_owned(), item, mark, kept_alone: kept_alone.to_vec() }
    }

    #[test]
    fn items_go_with_their_messages_and_other_fields_are_written_for_each_way() {
        let marks = [3, 4];
        let write = |mask: usize| -> Result<Option<Value>, ()> {
            let mut list = vec![json!({ "content": "always" })];
            list.extend((mask & 1 == 0).then(|| json!({ "content": text(&marks, 0, mask) })));
            let system = if mask & 2 == 0 { format!("a\n\n{}", text(&marks, 1, mask)) } else { "a".to_owned() };
            Ok((mask != 3).then(|| json!({ "messages": list, "system": system, "n": 1 })))
        };
        let variants = BodyVariants::of(&marks, write).unwrap().unwrap();
        assert_eq!(variants.items, [item(1, 3, &[])]);
        let changed =
            ChangedField { empty: vec![4], filled: Vec::new(), name: "system".to_owned(), value: Some(json!("a")) };
        assert_eq!((variants.fields, variants.needed), (vec![changed], vec![3, 4]));
        assert_eq!(variants.body.len(), 3);
    }

    #[test]
    fn many_messages_are_left_out_one_by_one_without_writing_each_way() {
        let marks: Vec<usize> = (10..32).collect();
        let mut written = 0_usize;
        // The first is of the system; the last stays where nothing but the system says anything.
        let write = |mask: usize| -> Result<Option<Value>, ()> {
            written += 1;
            let all = (1_usize << marks.len()) - 1;
            let alone = mask | 1 == all;
            let is_sent = |place: &usize| mask & (1 << place) == 0 || (alone && *place == marks.len() - 1);
            let list: Vec<Value> =
                (0..marks.len()).filter(is_sent).map(|place| json!(text(&marks, place, mask))).collect();
            Ok((mask != all).then(|| json!({ "messages": list })))
        };
        let variants = BodyVariants::of(&marks, write).unwrap().unwrap();
        assert!(written < 2000, "{written}");
        assert!(variants.fields.is_empty());
        let last = marks.len() - 1;
        assert_eq!(variants.items[0], item(0, 10, &[]));
        assert_eq!(variants.items[last], item(last, 31, &marks[1..last]));
    }

    #[test]
    fn many_messages_that_have_to_do_with_each_other_are_none_of_a_program() {
        let marks: Vec<usize> = (0..9).collect();
        let write = |mask: usize| -> Result<Option<Value>, ()> {
            let sent = (0..marks.len()).filter(|place| mask & (1 << place) == 0).count();
            Ok((sent > 0).then(|| json!({ "count": sent })))
        };
        assert_eq!(BodyVariants::of(&marks, write).unwrap(), None);
    }
}
