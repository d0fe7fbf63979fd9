//! The code of messages in TypeScript, and the functions that it stands on.

use std::fmt::Write as _;

use crate::{
    present::program::{
        CodeNames, Helper,
        code::{CodeLoop, CodeStep, MessageCode, NumberCode, TextCode, TruthCode, ValueCode},
        quoted,
    },
    template::expression::{ValueComparison, ValueTest},
};

/// The functions that the code may need, each after those that it needs itself.
pub(super) const HELPERS: &[Helper] = &[
    Helper {
        name: "trimmed",
        code: "function trimmed(value: string): string {\n  return value.replace(/^[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+/, \"\").replace(/[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+$/, \"\");\n}\n",
    },
    Helper { name: "blank", code: "function blank(value: string): boolean {\n  return trimmed(value) === \"\";\n}\n" },
    Helper {
        name: "read",
        code: "/** Returns what a text is the JSON of, if that is a list or an object. */\nfunction read(value: any): any {\n  \
               if (typeof value === \"string\" && /^[[{]/.test(trimmed(value))) {\n    try {\n      return JSON.parse(value);\n    } catch {\n      \
               return value;\n    }\n  }\n  return value;\n}\n",
    },
    Helper {
        name: "isObject",
        code: "function isObject(value: any): boolean {\n  return typeof value === \"object\" && value !== null && !Array.isArray(value);\n}\n",
    },
    Helper {
        name: "asJson",
        code: "function asJson(value: any): string {\n  if (value === undefined) throw new Error(\"what is read here has no value\");\n  \
               return JSON.stringify(value);\n}\n",
    },
    Helper {
        name: "spelled",
        code: "function spelled(value: any): string {\n  if (value === null) return \"None\";\n  return typeof value === \"string\" ? value : asJson(value);\n}\n",
    },
    Helper {
        name: "textOf",
        code: "/** Returns what stands in a prompt for a value: nothing for null. */\nfunction textOf(value: any): string {\n  \
               return value === null ? \"\" : spelled(value);\n}\n",
    },
    Helper {
        name: "needFields",
        code: "function needFields(value: any, name: string) {\n  if (!/^[[{]/.test(trimmed(spelled(value)))) throw new Error(`no value for ${name}`);\n}\n",
    },
    Helper {
        name: "given",
        code: "function given(value: any): any {\n  if (value === undefined) throw new Error(\"what is compared here has no value\");\n  return value;\n}\n",
    },
    Helper {
        name: "holds",
        code: "function holds(value: any): boolean {\n  if (Array.isArray(value)) return value.length > 0;\n  \
               return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);\n}\n",
    },
    Helper {
        name: "same",
        code: "function same(one: any, other: any): boolean {\n  if (Array.isArray(one) && Array.isArray(other)) {\n    \
               return one.length === other.length && one.every((part: any, at: number) => same(part, other[at]));\n  }\n  \
               if (isObject(one) && isObject(other)) {\n    const names = Object.keys(one);\n    \
               return names.length === Object.keys(other).length && names.every((name: string) => Object.hasOwn(other, name) && same(one[name], other[name]));\n  }\n  \
               const isNumber = (value: any) => typeof value === \"number\" || typeof value === \"boolean\";\n  \
               return isNumber(one) && isNumber(other) ? Number(one) === Number(other) : one === other;\n}\n",
    },
    Helper {
        name: "numberOf",
        code: "/** Returns what a number, or a text that writes one, is worth. */\nfunction numberOf(value: any): any {\n  if (typeof value === \"string\") {\n    \
               const digits = trimmed(value);\n    return /^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(digits) ? Number(digits) : null;\n  }\n  \
               return typeof value === \"number\" || typeof value === \"boolean\" ? Number(value) : null;\n}\n",
    },
    Helper {
        name: "order",
        code: "/** Returns -1, 0 or 1 for a value that is less than a number, the same or more. */\nfunction order(value: any, other: number): number {\n  \
               const own = numberOf(value);\n  if (own !== null) return Number(own > other) - Number(own < other);\n  \
               if (typeof value === \"string\" && !blank(value)) throw new Error(`a text that is no number cannot be compared with one: ${value}`);\n  \
               return typeof value === \"object\" && value !== null ? 1 : -1;\n}\n",
    },
    Helper {
        name: "contains",
        code: "function contains(value: any, other: any): boolean {\n  if (value === undefined || other === undefined) throw new Error(\"what is looked for or looked into has no value\");\n  \
               if (typeof value === \"string\") return value.includes(spelled(other));\n  \
               if (Array.isArray(value)) return value.some((part: any) => typeof part === typeof other && same(part, other));\n  \
               if (isObject(value)) return typeof other === \"string\" && Object.hasOwn(value, other);\n  \
               if (typeof value === \"boolean\") return false;\n  throw new Error(`this holds nothing: ${spelled(value)}`);\n}\n",
    },
    Helper {
        name: "itemOf",
        code: "/** Returns a field or an item of a value. */\nfunction itemOf(value: any, key: any): any {\n  \
               if (value === undefined) throw new Error(`${key} is read of what has no value`);\n  \
               if (isObject(value)) return typeof key === \"string\" && Object.hasOwn(value, key) ? value[key] : undefined;\n  \
               const isList = typeof value === \"string\" || Array.isArray(value);\n  \
               return isList && Number.isInteger(key) ? [...value].at(key) : undefined;\n}\n",
    },
    Helper {
        name: "itemsOf",
        code: "/** Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank. */\nfunction itemsOf(value: any): any[] {\n  \
               if (typeof value === \"string\") return value.replaceAll(\"\\r\\n\", \"\\n\").split(\"\\n\").filter((line: string) => !blank(line));\n  \
               if (value === null) return [];\n  if (Array.isArray(value)) return value;\n  if (isObject(value)) return Object.keys(value);\n  \
               throw new Error(\"a loop runs over what has no items\");\n}\n",
    },
    Helper {
        name: "pairsOf",
        code: "function pairsOf(value: any): any[] {\n  if (isObject(value)) return Object.entries(value);\n  \
               const found = itemsOf(value).map((pair: any) => (isObject(pair) ? Object.keys(pair) : pair));\n  \
               if (found.every((pair: any) => Array.isArray(pair) && pair.length === 2)) return found;\n  \
               throw new Error(\"a loop with two names runs over what is no pairs\");\n}\n",
    },
    Helper {
        name: "partsOf",
        code: "function partsOf(value: any, what: string): any[] {\n  if (typeof value === \"string\" || Array.isArray(value)) return [...value];\n  \
               if (isObject(value)) return Object.keys(value);\n  throw new Error(`this has no ${what}`);\n}\n",
    },
    Helper {
        name: "first",
        code: "function first(value: any): any {\n  return partsOf(value, \"first item\").at(0);\n}\n",
    },
    Helper {
        name: "last",
        code: "function last(value: any): any {\n  return partsOf(value, \"last item\").at(-1);\n}\n",
    },
    Helper {
        name: "lengthOf",
        code: "function lengthOf(value: any): number {\n  return partsOf(value, \"length\").length;\n}\n",
    },
    Helper {
        name: "joined",
        code: "function joined(value: any, between: string): string {\n  return value === null ? \"\" : partsOf(value, \"items\").map(spelled).join(between);\n}\n",
    },
];

/// Writes a function that writes a message.
pub(super) fn function(code: &MessageCode, names: &CodeNames, name: &str, about: &str) -> String {
    let printer = Printer { names };
    let parameters: Vec<String> = code.takes.iter().map(|place| format!("{}: any", names.parameter(*place))).collect();
    let mut out = format!("/** Writes {about}. */\nfunction {name}({}): string {{\n", parameters.join(", "));
    for (place, field) in &code.fields {
        let _ = writeln!(out, "  needFields({}, {});", names.parameter(*place), quoted(field));
    }
    for place in &code.reads {
        let _ = writeln!(out, "  const {} = read({});", names.read(*place), names.parameter(*place));
    }
    out.push_str("  let out = \"\";\n");
    printer.steps(&code.steps, 1, &mut out);
    out.push_str("  return out;\n}\n");
    out
}

struct Printer<'a> {
    names: &'a CodeNames,
}

impl Printer<'_> {
    fn steps(&self, steps: &[CodeStep], depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for step in steps {
            match step {
                CodeStep::Write(TextCode::Quoted(text)) => {
                    for line in text.split_inclusive('\n') {
                        let _ = writeln!(out, "{indent}out += {};", quoted(line));
                    }
                }
                CodeStep::Write(text) => {
                    let _ = writeln!(out, "{indent}out += {};", self.text(text));
                }
                CodeStep::If { branches, otherwise } => {
                    for (place, (condition, body)) in branches.iter().enumerate() {
                        let begin = if place == 0 { indent.clone() } else { format!("{indent}}} else ") };
                        let _ = writeln!(out, "{begin}if ({}) {{", self.truth(condition));
                        self.steps(body, depth + 1, out);
                    }
                    if !otherwise.is_empty() {
                        let _ = writeln!(out, "{indent}}} else {{");
                        self.steps(otherwise, depth + 1, out);
                    }
                    let _ = writeln!(out, "{indent}}}");
                }
                CodeStep::Loop(whole) => self.whole_loop(whole, depth, out),
                CodeStep::Begin(place, value) => {
                    let _ = writeln!(out, "{indent}let {}: any = {};", self.names.local(*place), self.value(value));
                }
                CodeStep::Set(place, value) => {
                    let _ = writeln!(out, "{indent}{} = {};", self.names.local(*place), self.value(value));
                }
            }
        }
    }

    fn whole_loop(&self, whole: &CodeLoop, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let names: Vec<&str> = whole.names.iter().map(|place| self.names.local(*place)).collect();
        let function = if names.len() > 1 { "pairsOf" } else { "itemsOf" };
        let mut over = format!("{function}({})", self.value(&whole.over));
        let (items, index) = (self.names.items(whole.number), self.names.index(whole.number));
        let target = if names.len() > 1 { format!("[{}]", names.join(", ")) } else { names.concat() };
        if whole.is_kept {
            if let Some(only) = &whole.only {
                let _ = write!(over, ".filter(({target}: any) => {})", self.truth(only));
            }
            let _ = writeln!(out, "{indent}const {items} = {over};");
            over.clone_from(&items);
        }
        let _ = if whole.is_counted {
            writeln!(out, "{indent}for (const [{index}, {target}] of {over}.entries()) {{")
        } else {
            writeln!(out, "{indent}for (const {target} of {over}) {{")
        };
        self.steps(&whole.body, depth + 1, out);
        let _ = writeln!(out, "{indent}}}");
        if !whole.otherwise.is_empty() {
            let _ = writeln!(out, "{indent}if ({items}.length === 0) {{");
            self.steps(&whole.otherwise, depth + 1, out);
            let _ = writeln!(out, "{indent}}}");
        }
    }

    /// Writes a text that something is read of.
    fn owner(&self, text: &TextCode) -> String {
        match text {
            TextCode::Joined(_) => format!("({})", self.text(text)),
            _ => self.text(text),
        }
    }

    fn text(&self, text: &TextCode) -> String {
        match text {
            TextCode::Quoted(text) => quoted(text),
            TextCode::Parameter(place) => self.names.parameter(*place).to_owned(),
            TextCode::Of(value) => format!("textOf({})", self.value(value)),
            TextCode::Spelled(value) => format!("spelled({})", self.value(value)),
            TextCode::OfTruth(truth) => format!("String({})", self.truth(truth)),
            TextCode::OfNumber(number) => format!("String({})", self.number(number)),
            TextCode::Upper(text) => format!("{}.toUpperCase()", self.owner(text)),
            TextCode::Lower(text) => format!("{}.toLowerCase()", self.owner(text)),
            TextCode::Trim(text) => format!("trimmed({})", self.text(text)),
            TextCode::Replace(text, one, other) => {
                format!("{}.replaceAll({}, () => {})", self.owner(text), self.text(one), self.text(other))
            }
            TextCode::Join(value, between) => format!("joined({}, {})", self.value(value), self.text(between)),
            TextCode::Json(value) => format!("asJson({})", self.value(value)),
            TextCode::Joined(parts) => parts.iter().map(|part| self.text(part)).collect::<Vec<_>>().join(" + "),
            TextCode::Choice(condition, one, other) => {
                format!("({} ? {} : {})", self.truth(condition), self.text(one), self.text(other))
            }
        }
    }

    /// Writes a truth that stands beside `&&`, `||` or `!`.
    fn part(&self, truth: &TruthCode, negated: bool) -> String {
        match truth {
            TruthCode::Constant(_) | TruthCode::Holds(_) | TruthCode::Contains(..) | TruthCode::Same(..) => {
                self.truth(truth)
            }
            TruthCode::And(..) | TruthCode::Or(..) => format!("({})", self.truth(truth)),
            TruthCode::Not(_)
            | TruthCode::Filled(_)
            | TruthCode::SameText(..)
            | TruthCode::Worth(..)
            | TruthCode::Ordered(..)
            | TruthCode::Numbers(..)
            | TruthCode::Is(..)
            | TruthCode::First(_)
            | TruthCode::Last(_) => {
                if negated {
                    format!("({})", self.truth(truth))
                } else {
                    self.truth(truth)
                }
            }
        }
    }

    fn truth(&self, truth: &TruthCode) -> String {
        match truth {
            TruthCode::Constant(truth) => truth.to_string(),
            TruthCode::Not(of) => match &**of {
                TruthCode::Worth(value, number) => {
                    format!("numberOf({}) !== {}", self.value(value), self.number(number))
                }
                of => format!("!{}", self.part(of, true)),
            },
            TruthCode::And(one, other) => format!("{} && {}", self.part(one, false), self.part(other, false)),
            TruthCode::Or(one, other) => format!("{} || {}", self.part(one, false), self.part(other, false)),
            TruthCode::Holds(value) => format!("holds({})", self.value(value)),
            TruthCode::Filled(text) => format!("{} !== \"\"", self.text(text)),
            TruthCode::Same(one, other) => format!("same({}, {})", self.value(one), self.value(other)),
            TruthCode::SameText(one, other) => format!("{} === {}", self.text(one), self.text(other)),
            TruthCode::Worth(value, number) => format!("numberOf({}) === {}", self.value(value), self.number(number)),
            TruthCode::Ordered(value, how, number) => {
                format!("order({}, {}) {} 0", self.value(value), self.number(number), sign(*how))
            }
            TruthCode::Numbers(one, how, other) => {
                format!("{} {} {}", self.number(one), sign(*how), self.number(other))
            }
            TruthCode::Contains(value, other) => format!("contains({}, {})", self.value(value), self.value(other)),
            TruthCode::Is(value, test) => {
                let value = self.value(value);
                let value = if value.contains(' ') { format!("({value})") } else { value };
                match test {
                    ValueTest::Defined => format!("{value} !== undefined"),
                    ValueTest::Undefined => format!("{value} === undefined"),
                    ValueTest::Null => format!("{value} === null"),
                    ValueTest::Text => format!("typeof {value} === \"string\""),
                    ValueTest::Number => format!("[\"number\", \"boolean\"].includes(typeof {value})"),
                    ValueTest::List => format!("({value} === undefined || Array.isArray({value}))"),
                    ValueTest::Object => format!("isObject({value})"),
                }
            }
            TruthCode::First(number) => format!("{} === 0", self.names.index(*number)),
            TruthCode::Last(number) => {
                format!("{} === {}.length - 1", self.names.index(*number), self.names.items(*number))
            }
        }
    }

    fn number(&self, number: &NumberCode) -> String {
        match number {
            NumberCode::Literal(digits) => digits.clone(),
            NumberCode::Index(number, 0) => self.names.index(*number),
            NumberCode::Index(number, from) => format!("{} + {from}", self.names.index(*number)),
            NumberCode::LoopLength(number) => format!("{}.length", self.names.items(*number)),
            NumberCode::Length(value) => format!("lengthOf({})", self.value(value)),
        }
    }

    fn value(&self, value: &ValueCode) -> String {
        match value {
            ValueCode::Null => "null".to_owned(),
            ValueCode::OfText(text) => self.text(text),
            ValueCode::OfTruth(truth) => format!("({})", self.truth(truth)),
            ValueCode::OfNumber(number) => self.number(number),
            ValueCode::List(items) => {
                format!("[{}]", items.iter().map(|item| self.value(item)).collect::<Vec<_>>().join(", "))
            }
            ValueCode::Parameter(place) => self.names.parameter(*place).to_owned(),
            ValueCode::Read(place) => self.names.read(*place).to_owned(),
            ValueCode::Local(place) => self.names.local(*place).to_owned(),
            ValueCode::ReadLocal(place) => format!("read({})", self.names.local(*place)),
            ValueCode::Item(value, key) => format!("itemOf({}, {})", self.value(value), self.value(key)),
            ValueCode::First(value) => format!("first({})", self.value(value)),
            ValueCode::Last(value) => format!("last({})", self.value(value)),
            ValueCode::Choice(condition, one, other) => {
                format!("({} ? {} : {})", self.truth(condition), self.value(one), self.value(other))
            }
            ValueCode::Missing => "undefined".to_owned(),
            ValueCode::Given(value) => format!("given({})", self.value(value)),
        }
    }
}

fn sign(how: ValueComparison) -> &'static str {
    match how {
        ValueComparison::Equal => "===",
        ValueComparison::Unequal => "!==",
        ValueComparison::Less | ValueComparison::AtMost | ValueComparison::Greater | ValueComparison::AtLeast => {
            how.sign()
        }
    }
}
