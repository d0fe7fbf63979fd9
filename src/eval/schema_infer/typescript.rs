//! TypeScript interfaces, type aliases and enums.

use serde_json::{Value, json};

use super::{
    declarations::{Declarations, Fields, any_of, described, list_of, map_of, named, one_of, tuple_of},
    tokens::{Dialect, Token, TokenCursor, lex},
};

const DIALECT: Dialect =
    Dialect { comment: "//", blocks: true, quotes: &['"', '\'', '`'], lines: false, lifetimes: false };

/// Reads the types of a text.
pub(super) fn read(text: &str) -> Declarations {
    let (mut at, whole) = lex(text, DIALECT);
    let mut found = Declarations::default();
    if !whole {
        found.note("the paste is longer than what is read of it");
    }
    let mut words: Vec<String> = Vec::new();
    loop {
        let said = at.comments();
        words.extend(said);
        let Some(token) = at.next() else { return found };
        let Token::Word(word) = token else {
            words.clear();
            continue;
        };
        match word.as_str() {
            "interface" => interface(&mut at, &std::mem::take(&mut words), &mut found),
            "type" if matches!(at.peek(), Some(Token::Word(_))) => {
                alias(&mut at, &std::mem::take(&mut words), &mut found);
            }
            "enum" => enumeration(&mut at, &std::mem::take(&mut words), &mut found),
            "class" => {
                found.note("a class is read as the fields it declares");
                interface(&mut at, &std::mem::take(&mut words), &mut found);
            }
            "function" | "namespace" | "import" => {
                at.skip_to(&['{', ';']);
                words.clear();
            }
            "export" | "declare" | "const" | "default" | "abstract" => {}
            _ => words.clear(),
        }
    }
}

fn skip_parameters(at: &mut TokenCursor) {
    if at.is_mark('<') {
        at.skip_group();
    }
}

fn interface(at: &mut TokenCursor, words: &[String], found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    skip_parameters(at);
    let mut fields = Fields::default();
    let mut bases = Vec::new();
    while !at.is_mark('{') && at.peek().is_some() {
        match at.next() {
            Some(Token::Word(word)) if word != "extends" && word != "implements" => bases.push(word),
            Some(Token::Mark('<')) => at.skip_to(&[]),
            _ => {}
        }
    }
    members(at, found, &mut fields);
    for base in bases {
        match found.find(&base).cloned() {
            Some(base) => fields.inherit(&base),
            None => found.note(format!("`{name}` extends `{base}`, which does not stand before it: left out")),
        }
    }
    found.add(name, described(fields.schema(), words));
}

fn alias(at: &mut TokenCursor, words: &[String], found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    skip_parameters(at);
    if at.takes_mark('=') {
        let schema = kind(at, found);
        at.takes_mark(';');
        found.add(name, described(schema, words));
    }
}

fn enumeration(at: &mut TokenCursor, words: &[String], found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    if !at.takes_mark('{') {
        return;
    }
    let (mut values, mut next) = (Vec::new(), 0_i64);
    while let Some(token) = at.next() {
        match token {
            Token::Mark('}') => break,
            Token::Word(_) | Token::Text(_) => {
                let value = if at.takes_mark('=') { at.next() } else { None };
                values.push(match value {
                    Some(Token::Text(text)) => text.into(),
                    Some(Token::Number(text)) => {
                        next = text.parse::<i64>().unwrap_or(next);
                        next.into()
                    }
                    _ => Value::from(next),
                });
                next = next.saturating_add(1);
                at.skip_to(&[',']);
            }
            _ => {}
        }
    }
    found.add(name, described(one_of(values), words));
}

/// Reads members between braces, which begin here.
fn members(at: &mut TokenCursor, found: &mut Declarations, fields: &mut Fields) {
    at.takes_mark('{');
    loop {
        let mut words = at.comments();
        while at.is_word("readonly") || at.is_word("public") || at.is_word("private") || at.is_word("declare") {
            // A member can have such a name itself.
            if matches!(at.ahead(1), Some(Token::Mark(':' | '?'))) {
                break;
            }
            at.next();
        }
        let name = match at.next() {
            None | Some(Token::Mark('}')) => return,
            Some(Token::Word(name) | Token::Text(name) | Token::Number(name)) => name,
            Some(Token::Mark('[')) => {
                at.skip_to(&[]);
                at.takes_mark(']');
                if at.takes_mark(':') {
                    let others = kind(at, found);
                    fields.allow(others);
                }
                ends(at, &mut words);
                continue;
            }
            Some(_) => continue,
        };
        let optional = at.takes_mark('?');
        at.takes_mark('!');
        if at.is_mark('(') || at.is_mark('<') {
            found.note(format!("`{name}` is a function: left out"));
            at.skip_to(&[';', ',']);
            ends(at, &mut words);
            continue;
        }
        if !at.takes_mark(':') {
            ends(at, &mut words);
            continue;
        }
        let schema = kind(at, found);
        if at.takes_mark('=') {
            at.skip_to(&[';', ',']);
        }
        ends(at, &mut words);
        fields.add(name, described(schema, &words), !optional);
    }
}

/// Takes the end of a member, and a comment beside it.
fn ends(at: &mut TokenCursor, words: &mut Vec<String>) {
    words.extend(at.comment_beside());
    while at.takes_mark(';') || at.takes_mark(',') {}
    words.extend(at.comment_beside());
}

/// Reads a type, with the others that it may be as well.
fn kind(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    let read = found.within(|found| {
        at.takes_mark('|');
        let mut parts = vec![both(at, found)];
        while at.takes_mark('|') {
            parts.push(both(at, found));
        }
        if at.is_word("extends") {
            at.skip_to(&[';', ',']);
            return found.unknown("a type that depends on another one");
        }
        if parts.len() == 1 { parts.swap_remove(0) } else { any_of(parts) }
    });
    read.unwrap_or_else(|| {
        at.skip_to(&[';', ',']);
        json!({})
    })
}

/// Reads a type, and the others that it is at the same time.
fn both(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    at.takes_mark('&');
    let first = listed(at, found);
    if !at.is_mark('&') {
        return first;
    }
    let mut parts = vec![first];
    while at.takes_mark('&') {
        parts.push(listed(at, found));
    }
    let mut fields = Fields::default();
    for part in parts {
        let name = part.get("$ref").and_then(Value::as_str).and_then(|place| place.rsplit('/').next());
        let whole = name.and_then(|name| found.find(name)).cloned().unwrap_or_else(|| part.clone());
        if whole.get("properties").is_some() {
            fields.inherit(&whole);
        } else {
            let name = name.map_or_else(|| "a part of it".to_owned(), |name| format!("`{name}`"));
            found.note(format!("of a type made with `&`, {name} is left out: its fields do not stand before it"));
        }
    }
    fields.schema()
}

/// Reads a type with the brackets that make it a list.
fn listed(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    at.takes_word("readonly");
    let mut schema = plain(at, found);
    while at.is_mark('[') {
        at.next();
        if at.takes_mark(']') {
            schema = list_of(schema);
        } else {
            at.skip_to(&[]);
            at.takes_mark(']');
            schema = found.unknown("a type looked up in another one");
        }
    }
    schema
}

fn plain(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    match at.next() {
        Some(Token::Text(text)) => one_of(vec![text.into()]),
        Some(Token::Number(text)) => {
            let whole = text.parse::<i64>().map(Value::from);
            let value = whole.or_else(|_| text.parse::<f64>().map(Value::from)).unwrap_or_default();
            one_of(vec![value])
        }
        Some(Token::Mark('{')) => {
            let mut fields = Fields::default();
            members(at, found, &mut fields);
            fields.schema()
        }
        Some(Token::Mark('[')) => {
            let mut parts = Vec::new();
            while !at.takes_mark(']') && at.peek().is_some() {
                // A place of a tuple can have a name.
                if matches!(at.peek(), Some(Token::Word(_))) && at.ahead(1) == Some(&Token::Mark(':')) {
                    at.skip(2);
                }
                parts.push(kind(at, found));
                if !at.takes_mark(',') && !at.is_mark(']') {
                    at.next();
                }
            }
            tuple_of(parts)
        }
        Some(Token::Mark('(')) => {
            let inner = kind(at, found);
            at.skip_to(&[]);
            at.takes_mark(')');
            if at.takes_mark('=') {
                at.skip_to(&[';', ',']);
                return found.unknown("a function");
            }
            inner
        }
        Some(Token::Word(word)) => of_word(at, &word, found),
        Some(Token::Mark(mark)) => found.unknown(&format!("`{mark}`")),
        Some(Token::Comment(_) | Token::Indent(_)) | None => found.unknown("what follows the end"),
    }
}

fn of_word(at: &mut TokenCursor, word: &str, found: &mut Declarations) -> Value {
    match word {
        "string" => return json!({ "type": "string" }),
        "number" => return json!({ "type": "number" }),
        "bigint" => return json!({ "type": "integer" }),
        "boolean" => return json!({ "type": "boolean" }),
        "true" => return one_of(vec![true.into()]),
        "false" => return one_of(vec![false.into()]),
        "null" | "undefined" | "void" => return json!({ "type": "null" }),
        "any" | "unknown" => return json!({}),
        "object" => return json!({ "type": "object" }),
        "Date" => return json!({ "type": "string", "format": "date-time" }),
        "keyof" | "typeof" | "infer" | "unique" | "asserts" => {
            at.skip_to(&[';', ',', '|']);
            return found.unknown(&format!("`{word} …`"));
        }
        _ => {}
    }
    let mut name = word.to_owned();
    while at.takes_mark('.') {
        name = at.word().unwrap_or(name);
    }
    let inner = at.generics(|at| kind(at, found));
    match (name.as_str(), inner.as_slice()) {
        ("Array" | "ReadonlyArray" | "Set" | "ReadonlySet", [items]) => list_of(items.clone()),
        ("Record", [keys, values]) => match keys.get("enum").and_then(Value::as_array) {
            Some(names) => {
                let mut fields = Fields::default();
                for name in names.iter().filter_map(Value::as_str) {
                    fields.add(name.to_owned(), values.clone(), true);
                }
                fields.schema()
            }
            None => map_of(values.clone()),
        },
        ("Map" | "ReadonlyMap", [_, values]) => map_of(values.clone()),
        ("Readonly" | "Required" | "NonNullable" | "Promise" | "Awaited", [part]) => part.clone(),
        (_, []) => named(&name),
        (_, _) => found.unknown(&format!("`{name}<…>`")),
    }
}
