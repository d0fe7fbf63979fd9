//! Python dataclasses, `TypedDict`s, enums and pydantic models.

use serde_json::{Map, Value, json};

use super::{
    declarations::{Declarations, Fields, any_of, described, list_of, map_of, named, one_of, tuple_of},
    tokens::{Dialect, Token, TokenCursor, lex},
};
use crate::model::schema_rules::nullable;

const DIALECT: Dialect = Dialect { comment: "#", blocks: false, quotes: &['"', '\''], lines: true, lifetimes: false };

/// Reads the types of a text.
pub(super) fn read(text: &str) -> Declarations {
    let (mut at, whole) = lex(text, DIALECT);
    let mut found = Declarations::default();
    if !whole {
        found.note("the paste is longer than what is read of it");
    }
    while let Some(token) = at.peek().cloned() {
        match token {
            Token::Indent(indent) => {
                let mut words = at.comments();
                at.next();
                words.extend(at.comments());
                if at.takes_word("class") {
                    class(&mut at, indent, &words, &mut found);
                } else if at.takes_word("def") {
                    skip_block(&mut at, indent);
                } else if matches!(at.peek(), Some(Token::Word(_))) && at.ahead(1) == Some(&Token::Mark('=')) {
                    alias(&mut at, &mut found);
                }
            }
            _ => drop(at.next()),
        }
    }
    found
}

/// Goes to the next line that is no further in.
fn skip_block(at: &mut TokenCursor, indent: usize) {
    while let Some(token) = at.peek() {
        if matches!(token, Token::Indent(here) if *here <= indent) {
            return;
        }
        at.next();
    }
}

fn skip_line(at: &mut TokenCursor) {
    while at.peek().is_some_and(|token| !matches!(token, Token::Indent(_))) {
        at.next();
    }
    at.comment_beside();
}

/// Reads `Name = Literal[…]` and the like.
fn alias(at: &mut TokenCursor, found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    at.next();
    let makes_type = ["Literal", "Union", "Optional", "List", "list", "Dict", "dict", "Annotated"];
    if makes_type.iter().any(|word| at.is_word(word)) {
        let schema = kind(at, found);
        found.add(name, schema);
    } else if at.is_word("TypedDict") && at.ahead(1) == Some(&Token::Mark('(')) {
        found.note(format!("`{name}` is made by a call of `TypedDict`: write it as a class"));
    }
    skip_line(at);
}

fn class(at: &mut TokenCursor, indent: usize, words: &[String], found: &mut Declarations) {
    let Some(name) = at.word() else { return };
    let (mut bases, mut total, mut allows) = (Vec::new(), true, false);
    if at.takes_mark('(') {
        while !at.takes_mark(')') && at.peek().is_some() {
            match at.next() {
                Some(Token::Word(word)) if at.takes_mark('=') => {
                    let off = at.is_word("False");
                    total &= !(word == "total" && off);
                    at.skip_to(&[',']);
                }
                Some(Token::Word(word)) if !at.is_mark('.') => bases.push(word),
                Some(Token::Mark('[')) => at.skip_to(&[]),
                _ => {}
            }
        }
    }
    at.takes_mark(':');
    let is_enum = bases.iter().any(|base| matches!(base.as_str(), "Enum" | "StrEnum" | "IntEnum"));
    let (mut fields, mut values, mut said) = (Fields::default(), Vec::new(), words.to_vec());
    let mut inside = None;
    while let Some(Token::Indent(here)) = at.peek() {
        let here = *here;
        if here <= indent {
            break;
        }
        let mut about = at.comments();
        at.next();
        if here > *inside.get_or_insert(here) {
            skip_line(at);
            continue;
        }
        about.extend(at.comments());
        match at.next() {
            Some(Token::Text(text)) => {
                let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                said.push(line);
            }
            Some(Token::Word(word)) if word == "def" || word == "class" => {
                if word == "class" && !at.is_word("Config") && !at.is_word("Meta") {
                    found.note(format!("a class within `{name}` is left out: write it before"));
                }
                skip_block(at, here);
            }
            Some(Token::Word(field)) if is_enum && at.takes_mark('=') => match at.next() {
                Some(Token::Text(text)) => values.push(text.into()),
                Some(Token::Number(text)) => values.push(number(&text)),
                _ => values.push(Value::from(field.to_lowercase())),
            },
            Some(Token::Word(field)) if at.takes_mark(':') => {
                let read = field_of(at, found, &mut about);
                if let Some((schema, required, alias)) = read {
                    fields.add(alias.unwrap_or(field), described(schema, &about), required.unwrap_or(total));
                }
            }
            Some(Token::Word(word)) if word == "model_config" => {
                let mut rest = Vec::new();
                while let Some(token) = at.peek().filter(|token| !matches!(token, Token::Indent(_))) {
                    rest.push(token.clone());
                    at.next();
                }
                allows |= rest.contains(&Token::Text("allow".to_owned()));
            }
            _ => {}
        }
        skip_line(at);
    }
    if is_enum {
        return found.add(name, described(one_of(values), &said));
    }
    for base in bases {
        let known = found.find(&base).cloned();
        if let Some(base) = known {
            fields.inherit(&base);
        } else if !matches!(base.as_str(), "BaseModel" | "TypedDict" | "object" | "NamedTuple" | "Protocol" | "ABC") {
            found.note(format!("`{name}` extends `{base}`, which does not stand before it: left out"));
        }
    }
    if allows {
        fields.allow(json!({}));
    }
    found.add(name, described(fields.schema(), &said));
}

/// What is said of a field: its schema, whether it is required where that is said, and the name it has in JSON.
type FieldSaid = (Value, Option<bool>, Option<String>);

/// Reads the type of a field and its default. None for what is no field.
fn field_of(at: &mut TokenCursor, found: &mut Declarations, about: &mut Vec<String>) -> Option<FieldSaid> {
    if at.is_word("ClassVar") {
        return None;
    }
    let (mut required, mut alias) = (None, None);
    while (at.is_word("Required") || at.is_word("NotRequired") || at.is_word("Final"))
        && at.ahead(1) == Some(&Token::Mark('['))
    {
        required = match at.word().as_deref() {
            Some("Required") => Some(true),
            Some("NotRequired") => Some(false),
            _ => required,
        };
        at.next();
    }
    let mut schema = kind(at, found);
    while at.takes_mark(']') {}
    if at.takes_mark('=') {
        let makes = at.is_word("Field") || at.is_word("field");
        if makes && at.ahead(1) == Some(&Token::Mark('(')) {
            at.next();
            let said = call(at);
            required = said.is_default.then_some(false).or(required);
            alias = said.apply(&mut schema, about);
        } else {
            required = Some(false);
        }
    }
    about.extend(at.comment_beside());
    Some((schema, required, alias))
}

/// What a call of `Field` says.
#[derive(Debug, Default)]
struct FieldCall {
    is_default: bool,
    words: Vec<(String, Value)>,
}

/// Reads the arguments of a call, whose parenthesis begins here.
fn call(at: &mut TokenCursor) -> FieldCall {
    let mut said = FieldCall::default();
    at.takes_mark('(');
    let mut place = 0;
    while !at.takes_mark(')') && at.peek().is_some() {
        let keyed = matches!(at.peek(), Some(Token::Word(_))) && at.ahead(1) == Some(&Token::Mark('='));
        if keyed {
            let name = at.word().unwrap_or_default();
            at.next();
            let mut value = literal(at.peek());
            // Texts that stand side by side are one.
            if let Some(Value::String(text)) = &mut value {
                at.next();
                while let Some(Token::Text(more)) = at.peek() {
                    text.push_str(more);
                    at.next();
                }
            }
            let required = matches!(at.peek(), Some(Token::Mark('.')));
            said.is_default |= matches!(name.as_str(), "default" | "default_factory") && !required;
            said.words.extend(value.map(|value| (name, value)));
        } else if place == 0 {
            // `...` says that it is required.
            said.is_default |= !at.is_mark('.');
        }
        at.skip_to(&[',']);
        if !at.takes_mark(',') && !at.is_mark(')') {
            at.next();
        }
        place += 1;
    }
    said
}

impl FieldCall {
    /// Puts what is said into a schema. Returns the name it gives.
    fn apply(self, schema: &mut Value, about: &mut Vec<String>) -> Option<String> {
        let mut alias = None;
        let mut limits = Map::new();
        for (name, value) in self.words {
            let is_list = schema.get("type").and_then(Value::as_str) == Some("array");
            let keyword = match (name.as_str(), &value) {
                ("description", Value::String(text)) => {
                    about.insert(0, text.clone());
                    continue;
                }
                ("alias" | "validation_alias", Value::String(text)) => {
                    alias = Some(text.clone());
                    continue;
                }
                ("ge", Value::Number(_)) => "minimum",
                ("le", Value::Number(_)) => "maximum",
                ("gt", Value::Number(_)) => "exclusiveMinimum",
                ("lt", Value::Number(_)) => "exclusiveMaximum",
                ("min_length" | "min_items", Value::Number(_)) if is_list => "minItems",
                ("max_length" | "max_items", Value::Number(_)) if is_list => "maxItems",
                ("min_length", Value::Number(_)) => "minLength",
                ("max_length", Value::Number(_)) => "maxLength",
                ("pattern" | "regex", Value::String(_)) => "pattern",
                _ => continue,
            };
            limits.insert(keyword.to_owned(), value);
        }
        if let Value::Object(fields) = schema {
            fields.extend(limits);
        }
        alias
    }
}

fn number(text: &str) -> Value {
    let whole = text.parse::<i64>().map(Value::from);
    whole.or_else(|_| text.parse::<f64>().map(Value::from)).unwrap_or_default()
}

fn literal(token: Option<&Token>) -> Option<Value> {
    match token? {
        Token::Text(text) => Some(text.as_str().into()),
        Token::Number(text) => Some(number(text)),
        Token::Word(word) => match word.as_str() {
            "True" => Some(true.into()),
            "False" => Some(false.into()),
            "None" => Some(Value::Null),
            _ => None,
        },
        Token::Mark(_) | Token::Comment(_) | Token::Indent(_) => None,
    }
}

/// Reads a type, with the others that it may be as well.
fn kind(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    let read = found.within(|found| {
        let mut parts = vec![plain(at, found)];
        while at.takes_mark('|') {
            parts.push(plain(at, found));
        }
        if parts.len() == 1 { parts.swap_remove(0) } else { any_of(parts) }
    });
    read.unwrap_or_else(|| {
        at.skip_to(&[',', '=']);
        json!({})
    })
}

/// Reads the types between brackets, which begin here.
fn parameters(at: &mut TokenCursor, found: &mut Declarations) -> Vec<Value> {
    let mut parts = Vec::new();
    if at.takes_mark('[') {
        while !at.takes_mark(']') && at.peek().is_some() {
            parts.push(kind(at, found));
            if !at.takes_mark(',') && !at.is_mark(']') {
                at.next();
            }
        }
    }
    parts
}

fn plain(at: &mut TokenCursor, found: &mut Declarations) -> Value {
    let mut name = match at.peek().cloned() {
        Some(Token::Word(name)) => name,
        // The name of a type that is defined later.
        Some(Token::Text(text)) => {
            at.next();
            let (mut inner, _) = lex(text.trim(), Dialect { lines: false, ..DIALECT });
            return kind(&mut inner, found);
        }
        Some(Token::Mark('.')) => {
            while at.takes_mark('.') {}
            return json!({});
        }
        Some(Token::Mark('[')) => {
            at.skip_group();
            return found.unknown("`[…]`");
        }
        Some(Token::Mark(mark)) => {
            if !matches!(mark, ')' | ']' | '}' | ',' | '=') {
                at.next();
            }
            return found.unknown(&format!("`{mark}`"));
        }
        Some(Token::Number(_) | Token::Comment(_) | Token::Indent(_)) | None => {
            return found.unknown("what follows the end");
        }
    };
    at.next();
    while at.takes_mark('.') {
        name = at.word().unwrap_or(name);
    }
    if name == "Literal" && at.takes_mark('[') {
        let mut values = Vec::new();
        while !at.takes_mark(']') && at.peek().is_some() {
            values.extend(literal(at.peek()));
            at.next();
        }
        let none = values.iter().position(Value::is_null);
        none.map(|place| values.remove(place));
        return if none.is_some() { nullable(one_of(values)) } else { one_of(values) };
    }
    if name == "Annotated" && at.takes_mark('[') {
        let mut schema = kind(at, found);
        while !at.takes_mark(']') && at.peek().is_some() {
            if at.takes_word("Field") && at.is_mark('(') {
                let mut about = Vec::new();
                call(at).apply(&mut schema, &mut about);
                schema = described(schema, &about);
            } else if let Some(Token::Text(text)) = at.peek().cloned() {
                schema = described(schema, &[text]);
                at.next();
            } else {
                at.next();
            }
        }
        return schema;
    }
    let mut schema = of_name(&name, parameters(at, found), found);
    if at.is_mark('(') {
        let said = call(at);
        said.apply(&mut schema, &mut Vec::new());
    }
    schema
}

fn of_name(name: &str, inner: Vec<Value>, found: &mut Declarations) -> Value {
    let formatted = |format: &str| json!({ "type": "string", "format": format });
    match (name, inner.as_slice()) {
        ("str" | "constr" | "StrictStr" | "SecretStr" | "Path", _) => json!({ "type": "string" }),
        ("int" | "conint" | "StrictInt" | "PositiveInt" | "NonNegativeInt", _) => json!({ "type": "integer" }),
        ("float" | "confloat" | "Decimal" | "StrictFloat" | "PositiveFloat", _) => json!({ "type": "number" }),
        ("bool" | "StrictBool", _) => json!({ "type": "boolean" }),
        ("None" | "NoneType", _) => json!({ "type": "null" }),
        ("Any" | "object", _) => json!({}),
        ("datetime", _) => formatted("date-time"),
        ("date", _) => formatted("date"),
        ("UUID" | "UUID4", _) => formatted("uuid"),
        ("HttpUrl" | "AnyUrl" | "AnyHttpUrl", _) => formatted("uri"),
        ("EmailStr", _) => formatted("email"),
        ("Optional", [part]) => nullable(part.clone()),
        ("Union", _) => any_of(inner),
        ("list" | "List" | "Sequence" | "Iterable" | "set" | "Set" | "frozenset" | "FrozenSet", [items]) => {
            list_of(items.clone())
        }
        ("list" | "List", []) => json!({ "type": "array" }),
        ("tuple" | "Tuple", [items, more]) if *more == json!({}) => list_of(items.clone()),
        ("tuple" | "Tuple", [_, ..]) => tuple_of(inner),
        ("dict" | "Dict" | "Mapping" | "DefaultDict" | "OrderedDict", [_, values]) => map_of(values.clone()),
        ("dict" | "Dict", []) => map_of(json!({})),
        ("Final" | "Required" | "NotRequired" | "ReadOnly", [part]) => part.clone(),
        (name, []) => named(name),
        (name, _) => found.unknown(&format!("`{name}[…]`")),
    }
}
