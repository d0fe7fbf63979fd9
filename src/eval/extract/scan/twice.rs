//! Keys that a JSON object holds more than once.

use std::{collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// Keys that are reported.
const MOST: usize = 16;

/// Returns JSON pointers to the keys that their object holds more than once, in the order they
/// repeat, the first sixteen; none if the text is no JSON.
pub(in crate::eval::extract) fn duplicates(json: &str) -> Vec<String> {
    let (mut path, mut found) = (String::new(), Vec::new());
    let mut reader = serde_json::Deserializer::from_str(json);
    match (Keys { path: &mut path, found: &mut found }).deserialize(&mut reader) {
        Ok(()) => found,
        Err(_) => Vec::new(),
    }
}

/// Walks one value.
struct Keys<'a> {
    path: &'a mut String,
    found: &'a mut Vec<String>,
}

impl Keys<'_> {
    fn below<'b>(&'b mut self, step: &str) -> Keys<'b> {
        self.path.push('/');
        self.path.push_str(&step.replace('~', "~0").replace('/', "~1"));
        Keys { path: self.path, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let length = self.path.len();
            let below = self.below(&key);
            if seen.contains(&key) && below.found.len() < MOST && !below.found.contains(below.path) {
                below.found.push(below.path.clone());
            }
            map.next_value_seed(below)?;
            self.path.truncate(length);
            seen.insert(key);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let length = self.path.len();
            let more = list.next_element_seed(self.below(&index.to_string()))?;
            self.path.truncate(length);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::duplicates;

    #[test]
    fn repeated_keys_are_named_by_pointer() {
        for (json, want) in [
            (r#"{"a":1,"b":2}"#, &[][..]),
            (r#"{"a":1,"a":2,"a":3}"#, &["/a"]),
            (r#"{"x":[{"a/b":1},{"a/b":1,"a/b":null}],"y":{"c":"","c":true}}"#, &["/x/1/a~1b", "/y/c"]),
            (r#"[{"a":1},{"a":2}]"#, &[]),
            ("1.5", &[]),
            ("not json", &[]),
        ] {
            assert_eq!(duplicates(json), want, "{json}");
        }
        let many = (0..100).map(|n| format!(r#""k{n}":0,"k{n}":1"#)).collect::<Vec<_>>().join(",");
        assert_eq!(duplicates(&format!("{{{many}}}")).len(), 16);
    }
}
