//! Rust structs and enums as serde reads them.

use serde_json::{Value, json};

use super::{
    declarations::{Declarations, Fields, described, list_of, map_of, named, one_of, tuple_of},
    tokens::{Dialect, Token, TokenCursor, lex},
};
use crate::model::schema_rules::nullable;

const DIALECT: Dialect = Dialect { comment: "//", blocks: true, quotes: &['"', '\''], lines: false, lifetimes: true };

/// What the attributes of an item say.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
struct Attributes {
    rename: Option<String>,
    rename_all: Option<String>,
    rename_all_fields: Option<String>,
    tag: Option<String>,
    content: Option<String>,
    untagged: bool,
    default: bool,
    skip: bool,
    flatten: bool,
    words: Vec<String>,
}

/// Reads the types of a text.
pub(super) fn read(text: &str) -> Declarations {
    let (mut at, whole) = lex(text, DIALECT);
    let mut found = Declarations::default();
    if !whole {
        found.note("the paste is longer than what is read of it");
    }
    let mut attributes = Attributes::default();
    loop {
        attributes.read(&mut at, &mut found);
        let Some(token) = at.next() else { return found };
        match token {
            Token::Word(word) => match word.as_str() {
                "struct" => structure(&mut at, &std::mem::take(&mut attributes), &mut found),
                "enum" => enumeration(&mut at, &std::mem::take(&mut attributes), &mut found),
                "type" => alias(&mut at, &std::mem::take(&mut attributes), &mut found),
                "impl" | "fn" | "trait" | "union" => {
                    at.skip_to(&['{', ';']);
                    if at.is_mark('{') {
                        at.skip_group();
                    }
                    attributes = Attributes::default();
                }
                "pub" => skip_visibility(&mut at),
                _ => attributes = Attributes::default(),
            },
            _ => attributes = Attributes::default(),
        }
    }
}

fn skip_visibility(at: &mut TokenCursor) {
    if at.is_mark('(') {
        at.skip_group();
    }
}

impl Attributes {
    /// Takes the attributes and the comments that stand here.
    fn read(&mut self, at: &mut TokenCursor, found: &mut Declarations) {
        loop {
            self.words.extend(at.comments());
            if !at.is_mark('#') {
                return;
            }
            at.next();
            at.takes_mark('!');
            if at.ahead(1) == Some(&Token::Word("serde".to_owned())) && at.ahead(2) == Some(&Token::Mark('(')) {
                at.skip(3);
                self.serde(at, found);
                at.takes_mark(')');
                at.takes_mark(']');
            } else {
                at.skip_group();
            }
        }
    }

    fn serde(&mut self, at: &mut TokenCursor, found: &mut Declarations) {
        while let Some(name) = at.word() {
            let value = if at.takes_mark('=') { at.next() } else { None };
            let value = match value {
                Some(Token::Text(text)) => Some(text),
                _ => None,
            };
            match name.as_str() {
                // `rename(serialize = "a", deserialize = "b")`: what is read counts.
                "rename" | "rename_all" if at.is_mark('(') => {
                    at.next();
                    let mut inner = None;
                    while let Some(which) = at.word() {
                        at.takes_mark('=');
                        if let Some(Token::Text(text)) = at.next()
                            && (which == "deserialize" || inner.is_none())
                        {
                            inner = Some(text);
                        }
                        at.takes_mark(',');
                    }
                    at.takes_mark(')');
                    if name == "rename" { self.rename = inner } else { self.rename_all = inner }
                }
                "rename" => self.rename = value,
                "rename_all" => self.rename_all = value,
                "rename_all_fields" => self.rename_all_fields = value,
                "tag" => self.tag = value,
                "content" => self.content = value,
                "untagged" => self.untagged = true,
                "default" => self.default = true,
                "skip" | "skip_deserializing" => self.skip = true,
                "flatten" => self.flatten = true,
                "with" | "deserialize_with" | "from" | "try_from" | "remote" => {
                    found.note(format!("serde's `{name}` is left out: the type is taken as it is written"));
                }
                _ => {}
            }
            at.skip_to(&[',']);
            if !at.takes_mark(',') {
                return;
            }
        }
    }

    /// Names a field or a variant.
    fn name(&self, written: &str, rename_all: Option<&str>) -> String {
        self.rename.clone().unwrap_or_else(|| renamed(written, rename_all))
    }
}

/// Writes a name in a case of serde's.
fn renamed(name: &str, case: Option<&str>) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let Some(case) = case else { return name.to_owned() };
    let mut words: Vec<String> = Vec::new();
    for part in name.split('_').filter(|part| !part.is_empty()) {
        let mut lower = false;
        for (place, c) in part.chars().enumerate() {
            if place == 0 || (c.is_uppercase() && lower) {
                words.push(String::new());
            }
            lower = !c.is_uppercase();
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
    }
    let capital = |word: &String| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    match case {
        "lowercase" => name.to_lowercase(),
        "UPPERCASE" => name.to_uppercase(),
        "PascalCase" => words.iter().map(capital).collect(),
        "camelCase" => {
            let pascal: String = words.iter().map(capital).collect();
            let mut chars = pascal.chars();
            chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
        }
        "snake_case" => words.join("_"),
        "SCREAMING_SNAKE_CASE" => words.join("_").to_uppercase(),
        "kebab-case" => words.join("-"),
        "SCREAMING-KEBAB-CASE" => words.join("-").to_uppercase(),
        _ => name.to_owned(),
    }
}

/// Skips the parameters of a type; their names may be anything.
fn skip_parameters(at: &mut TokenCursor) {
    if at.is_mark('<') {
        at.skip_group();
    }
}

fn structure(at: &mut TokenCursor, attributes: &Attributes, found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    skip_parameters(at);
    if at.is_word("where") {
        at.skip_to(&['{', ';']);
    }
    let schema = if at.is_mark('{') {
        fields(at, attributes.rename_all.as_deref(), found, Fields::default()).schema()
    } else if at.is_mark('(') {
        payload(at, found)
    } else {
        json!({ "type": "null" })
    };
    found.add(name, described(schema, &attributes.words));
}

fn alias(at: &mut TokenCursor, attributes: &Attributes, found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    skip_parameters(at);
    if at.takes_mark('=') {
        let schema = kind(at, found);
        found.add(name, described(schema, &attributes.words));
    }
}

/// Reads the fields between braces, which begin here.
fn fields(at: &mut TokenCursor, rename_all: Option<&str>, found: &mut Declarations, mut fields: Fields) -> Fields {
    at.next();
    loop {
        let mut attributes = Attributes::default();
        attributes.read(at, found);
        if at.takes_word("pub") {
            skip_visibility(at);
        }
        let Some(name) = at.word() else {
            if at.takes_mark('}') || at.peek().is_none() {
                return fields;
            }
            at.next();
            continue;
        };
        if !at.takes_mark(':') {
            at.skip_to(&[',']);
            at.takes_mark(',');
            continue;
        }
        let optional = at.is_word("Option");
        let schema = kind(at, found);
        at.skip_to(&[',']);
        at.takes_mark(',');
        attributes.words.extend(at.comment_beside());
        if attributes.skip {
            continue;
        }
        if attributes.flatten {
            flatten(&mut fields, &schema, found, &name);
            continue;
        }
        let required = !optional && !attributes.default;
        fields.add(attributes.name(&name, rename_all), described(schema, &attributes.words), required);
    }
}

/// Puts the fields of a type into the object that it is flattened into.
fn flatten(fields: &mut Fields, schema: &Value, found: &mut Declarations, name: &str) {
    if let Some(others) = schema.get("additionalProperties").filter(|_| schema.get("properties").is_none()) {
        return fields.allow(others.clone());
    }
    let inner = schema.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit('/').next());
    match inner.and_then(|inner| found.find(inner)).cloned() {
        Some(inner) if inner.get("properties").is_some() => fields.inherit(&inner),
        _ => {
            found.note(format!("`{name}` is flattened, and its type does not stand before it: any field may be there"));
            fields.allow(json!({}));
        }
    }
}

/// Reads the types between parentheses, which begin here: one alone is itself.
fn payload(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    at.next();
    let mut parts = Vec::new();
    loop {
        Attributes::default().read(at, found);
        if at.takes_word("pub") {
            skip_visibility(at);
        }
        if at.takes_mark(')') || at.peek().is_none() {
            break;
        }
        parts.push(kind(at, found));
        at.skip_to(&[',']);
        if !at.takes_mark(',') && !at.is_mark(')') {
            at.next();
        }
    }
    if parts.len() == 1 { parts.swap_remove(0) } else { tuple_of(parts) }
}

fn enumeration(at: &mut TokenCursor, attributes: &Attributes, found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    skip_parameters(at);
    at.skip_to(&['{', ';']);
    if !at.takes_mark('{') {
        return;
    }
    let (mut words, mut forms) = (Vec::new(), Vec::new());
    loop {
        let mut own = Attributes::default();
        own.read(at, found);
        let Some(variant) = at.word() else {
            if at.takes_mark('}') || at.peek().is_none() {
                break;
            }
            at.next();
            continue;
        };
        let called = own.name(&variant, attributes.rename_all.as_deref());
        let case = own.rename_all.as_deref().or(attributes.rename_all_fields.as_deref()).map(str::to_owned);
        let inside = if at.is_mark('{') {
            let inner = match (&attributes.tag, &attributes.content) {
                (Some(tag), None) if !attributes.untagged => {
                    let mut inner = Fields::default();
                    inner.add(tag.clone(), one_of(vec![called.as_str().into()]), true);
                    inner
                }
                _ => Fields::default(),
            };
            Some((fields(at, case.as_deref(), found, inner).schema(), true))
        } else if at.is_mark('(') {
            Some((payload(at, found), false))
        } else {
            None
        };
        at.skip_to(&[',']);
        at.takes_mark(',');
        own.words.extend(at.comment_beside());
        if own.skip {
            continue;
        }
        let form = match (inside, attributes.untagged, &attributes.tag, &attributes.content) {
            (None, true, ..) => json!({ "type": "null" }),
            (None, false, None, _) => {
                words.push(Value::from(called));
                continue;
            }
            (Some((inner, _)), true, ..) | (Some((inner, true)), false, Some(_), None) => inner,
            (Some((inner, _)), false, None, _) => object(vec![(called, inner)]),
            (None, false, Some(tag), _) => object(vec![(tag.clone(), one_of(vec![called.into()]))]),
            (Some((inner, _)), false, Some(tag), Some(content)) => {
                object(vec![(tag.clone(), one_of(vec![called.into()])), (content.clone(), inner)])
            }
            (Some((inner, false)), false, Some(tag), None) => {
                let mut tagged = Fields::default();
                tagged.add(tag.clone(), one_of(vec![called.into()]), true);
                flatten(&mut tagged, &inner, found, &variant);
                tagged.schema()
            }
        };
        forms.push(described(form, &own.words));
    }
    if !words.is_empty() {
        forms.insert(0, one_of(words));
    }
    let schema = match forms.len() {
        0 => found.unknown(&format!("`{name}`, which has no variants,")),
        1 => forms.swap_remove(0),
        _ => json!({ "anyOf": forms }),
    };
    found.add(name, described(schema, &attributes.words));
}

fn object(members: Vec<(String, Value)>) -> Value {
    let mut fields = Fields::default();
    for (name, schema) in members {
        fields.add(name, schema, true);
    }
    fields.schema()
}

/// Reads a type.
fn kind(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    found.within(|found| plain_kind(at, found)).unwrap_or_else(|| {
        at.skip_to(&[',', ';']);
        json!({})
    })
}

fn plain_kind(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    while at.takes_mark('&') || at.takes_word("mut") || at.takes_mark(':') {}
    if at.is_mark('(') {
        at.next();
        let mut parts = Vec::new();
        while !at.takes_mark(')') && at.peek().is_some() {
            parts.push(kind(at, found));
            if !at.takes_mark(',') && !at.is_mark(')') {
                at.next();
            }
        }
        return if parts.is_empty() { json!({ "type": "null" }) } else { tuple_of(parts) };
    }
    if at.takes_mark('[') {
        let items = kind(at, found);
        at.skip_to(&[]);
        at.takes_mark(']');
        return list_of(items);
    }
    let Some(mut name) = at.word() else {
        let what = at.next().map_or_else(|| "what follows".to_owned(), |token| format!("`{}`", shown(&token)));
        return found.unknown(&what);
    };
    if matches!(name.as_str(), "dyn" | "impl" | "fn") {
        at.skip_to(&[',', ';']);
        return found.unknown(&format!("`{name} …`"));
    }
    while at.is_mark(':') && at.ahead(1) == Some(&Token::Mark(':')) {
        at.skip(2);
        name = at.word().unwrap_or(name);
    }
    let inner = at.generics(|at| kind(at, found));
    of_name(&name, inner, found)
}

fn shown(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Text(text) | Token::Number(text) | Token::Comment(text) => text.clone(),
        Token::Mark(mark) => mark.to_string(),
        Token::Indent(_) => "the end of the line".to_owned(),
    }
}

/// Finds the schema of a named type with its parameters.
fn of_name(name: &str, mut inner: Vec<Value>, found: &mut Declarations) -> Value {
    let formatted = |format: &str| json!({ "type": "string", "format": format });
    let last = inner.pop();
    match (name, last) {
        ("String" | "str" | "char" | "PathBuf" | "Path" | "OsString" | "CompactString" | "SmolStr", _) => {
            json!({ "type": "string" })
        }
        ("bool", _) => json!({ "type": "boolean" }),
        ("f32" | "f64" | "Decimal", _) => json!({ "type": "number" }),
        (
            "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize"
            | "NonZeroU32" | "NonZeroU64" | "NonZeroUsize",
            _,
        ) => json!({ "type": "integer" }),
        ("Value", None) => json!({}),
        ("DateTime" | "Timestamp" | "OffsetDateTime" | "Zoned", _) => formatted("date-time"),
        ("NaiveDate" | "Date", _) => formatted("date"),
        ("Uuid", _) => formatted("uuid"),
        ("Url" | "Uri", _) => formatted("uri"),
        ("Ipv4Addr", _) => formatted("ipv4"),
        ("Ipv6Addr", _) => formatted("ipv6"),
        ("Option", Some(part)) => nullable(part),
        ("Vec" | "VecDeque" | "HashSet" | "BTreeSet" | "IndexSet" | "LinkedList" | "SmallVec", Some(part)) => {
            list_of(part)
        }
        ("HashMap" | "BTreeMap" | "IndexMap" | "Map", Some(part)) => map_of(part),
        ("Map", None) => map_of(json!({})),
        ("Box" | "Arc" | "Rc" | "Cow" | "RefCell" | "Cell" | "Mutex" | "RwLock", Some(part)) => part,
        (name, Some(_)) => {
            found.note(format!("the parameters of `{name}` are left out"));
            named(name)
        }
        (name, None) => named(name),
    }
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn names_are_written_in_the_cases_of_serde() {
        for (name, case, is) in [
            ("first_name", "camelCase", "firstName"),
            ("VeryBad", "snake_case", "very_bad"),
            ("VeryBad", "kebab-case", "very-bad"),
            ("VeryBad", "SCREAMING_SNAKE_CASE", "VERY_BAD"),
            ("VeryBad", "lowercase", "verybad"),
            ("first_name", "PascalCase", "FirstName"),
            ("r#type", "snake_case", "type"),
        ] {
            assert_eq!(renamed(name, Some(case)), is);
        }
    }
}
