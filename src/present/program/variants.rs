//! The body of a request, whose messages may come out empty and are not sent then: what of it is left out or is otherwise
//! is found by writing it for each way in which they can.

use serde_json::{Map, Value};

use crate::present::program::{MARK, mark};

/// Messages that may come out empty, at most: each doubles what is to be written.
pub(crate) const MOST_EMPTY: usize = 6;

/// A body, and how it changes with the messages that come out empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct BodyVariants {
    /// The body where no message is empty.
    pub body: Map<String, Value>,
    /// The items of a field's list that are there only if a message is not empty: the field, the item's place and the
    /// mark of the message, in order.
    pub items: Vec<(String, usize, usize)>,
    /// Fields that are otherwise, or are not there, where just these messages are empty.
    pub fields: Vec<ChangedField>,
    /// The marks of the messages all of which must not be empty at once.
    pub needed: Vec<usize>,
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

impl BodyVariants {
    /// Writes a body for each way in which the messages of some marks can be empty. `write` gives the body where those at
    /// the places of a mask are; none where nothing is left to send.
    pub(crate) fn of<E>(marks: &[usize], mut write: impl FnMut(usize) -> Result<Option<Value>, E>) -> Result<Self, E> {
        let mut bodies: Vec<Option<Map<String, Value>>> = Vec::new();
        for mask in 0..1_usize << marks.len() {
            bodies.push(write(mask)?.and_then(|mut body| {
                settled(&mut body, marks);
                body.as_object().cloned()
            }));
        }
        let body = bodies.first().cloned().flatten().unwrap_or_default();
        let mut variants = Self { body, ..Self::default() };
        let mut names: Vec<&String> = bodies.iter().flatten().flat_map(Map::keys).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let values: Vec<(usize, Option<&Value>)> = bodies
                .iter()
                .enumerate()
                .filter_map(|(mask, body)| body.as_ref().map(|body| (mask, body.get(name))))
                .collect();
            let items = left_out(&values, marks);
            variants.fields.extend(changed(name, &values, marks, &items));
            variants.items.extend(items.into_iter().map(|(item, mark)| (name.clone(), item, mark)));
        }
        // Nothing is left to send only where all that can be empty is.
        if !marks.is_empty() && bodies.last().is_some_and(Option::is_none) {
            variants.needed = marks.to_vec();
        }
        Ok(variants)
    }
}

/// Lists what a field is where messages are empty, for each way of those that it depends on, if it is not what is left of it
/// without the items that go with them.
fn changed(
    name: &str,
    values: &[(usize, Option<&Value>)],
    marks: &[usize],
    items: &[(usize, usize)],
) -> Vec<ChangedField> {
    let find = |mask: usize| values.iter().find(|(known, _)| *known == mask).map(|(_, value)| *value);
    let depends = |place: &usize| {
        values.iter().any(|(mask, value)| find(mask | (1 << place)).is_some_and(|other| other != *value))
    };
    let all: Vec<usize> = (0..marks.len()).filter(depends).collect();
    let own = all.iter().fold(0, |own, place| own | (1 << place));
    let whole = find(0).flatten();
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
fn without(whole: Option<&Value>, items: &[(usize, usize)], marks: &[usize], mask: usize) -> Option<Value> {
    let is_empty = |mark: &usize| marks.iter().position(|known| known == mark).is_some_and(|at| mask & (1 << at) != 0);
    let is_left = |at: usize| !items.iter().any(|(item, mark)| *item == at && is_empty(mark));
    match whole? {
        Value::Array(all) => {
            Some(all.iter().enumerate().filter(|(at, _)| is_left(*at)).map(|(_, item)| item.clone()).collect())
        }
        other => Some(other.clone()),
    }
}

/// Lists the items of a list that go with a message, each with the mark of its message.
fn left_out(values: &[(usize, Option<&Value>)], marks: &[usize]) -> Vec<(usize, usize)> {
    let whole = values.first().and_then(|(_, value)| *value);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (place, own) in marks.iter().enumerate() {
        let (Some(Value::Array(all)), Some((mask, alone))) =
            (whole, values.iter().find(|(mask, _)| *mask == 1 << place))
        else {
            continue;
        };
        let text = mark(*own);
        let items = all.iter().enumerate().filter(|(_, item)| item.to_string().contains(&text));
        let items: Vec<(usize, usize)> = items.map(|(item, _)| (item, *own)).collect();
        if *alone != whole && without(whole, &items, marks, *mask).as_ref() == *alone {
            found.extend(items);
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_go_with_their_messages_and_other_fields_are_written_for_each_way() {
        let marks = [3, 4];
        let write = |mask: usize| -> Result<Option<Value>, ()> {
            let text =
                |place: usize| if mask & (1 << place) == 0 { mark(marks[place]) } else { blank_mark(marks[place]) };
            let mut list = vec![json!({ "content": "always" })];
            list.extend((mask & 1 == 0).then(|| json!({ "content": text(0) })));
            let system = if mask & 2 == 0 { format!("a\n\n{}", text(1)) } else { "a".to_owned() };
            Ok((mask != 3).then(|| json!({ "messages": list, "system": system, "n": 1 })))
        };
        let variants = BodyVariants::of(&marks, write).unwrap();
        assert_eq!(variants.items, [("messages".to_owned(), 1, 3)]);
        let changed =
            ChangedField { empty: vec![4], filled: Vec::new(), name: "system".to_owned(), value: Some(json!("a")) };
        assert_eq!((variants.fields, variants.needed), (vec![changed], vec![3, 4]));
        assert_eq!(variants.body.len(), 3);
    }
}
