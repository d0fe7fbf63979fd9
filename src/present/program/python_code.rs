//! The code of messages in Python, and the functions that it stands on.

use std::fmt::Write as _;

use crate::{
    present::program::{
        CodeNames, Helper,
        code::{CodeLoop, CodeStep, MessageCode, NumberCode, TextCode, TruthCode, ValueCode},
        quoted,
    },
    template::expression::ValueTest,
};

/// The functions that the code may need, each after those that it needs itself.
pub(super) const HELPERS: &[Helper] = &[
    Helper { name: "MISSING", code: "# What is not given.\nMISSING = object()\n" },
    Helper {
        name: "WHITE",
        code: "WHITE = \"\\t\\n\\x0b\\x0c\\r \\x85\\xa0\\u1680\\u2000\\u2001\\u2002\\u2003\\u2004\\u2005\\u2006\\u2007\\u2008\\u2009\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\"\n",
    },
    Helper { name: "blank", code: "def blank(value):\n    return not value.strip(WHITE)\n" },
    Helper { name: "no_constant", code: "def no_constant(name):\n    raise ValueError(name + \" is no JSON\")\n" },
    Helper {
        name: "read",
        code: "def read(value):\n    \"\"\"Returns what a text is the JSON of, if that is a list or an object.\"\"\"\n    \
               if isinstance(value, str) and value.lstrip(WHITE).startswith((\"[\", \"{\")):\n        try:\n            \
               return json.loads(value, parse_constant=no_constant)\n        except ValueError:\n            pass\n    return value\n",
    },
    Helper {
        name: "as_json",
        code: "def as_json(value):\n    if value is MISSING:\n        raise ValueError(\"what is read here has no value\")\n    \
               return json.dumps(value, ensure_ascii=False, separators=(\",\", \":\"))\n",
    },
    Helper {
        name: "spelled",
        code: "def spelled(value):\n    if value is None:\n        return \"None\"\n    return value if isinstance(value, str) else as_json(value)\n",
    },
    Helper {
        name: "text",
        code: "def text(value):\n    \"\"\"Returns what stands in a prompt for a value: nothing for None.\"\"\"\n    \
               return \"\" if value is None else spelled(value)\n",
    },
    Helper {
        name: "need_fields",
        code: "def need_fields(value, name):\n    if not spelled(value).lstrip(WHITE).startswith((\"[\", \"{\")):\n        \
               raise ValueError(\"no value for \" + name)\n",
    },
    Helper {
        name: "given",
        code: "def given(value):\n    if value is MISSING:\n        raise ValueError(\"what is compared here has no value\")\n    return value\n",
    },
    Helper { name: "holds", code: "def holds(value):\n    return value is not MISSING and bool(value)\n" },
    Helper {
        name: "number",
        code: "def number(value):\n    \"\"\"Returns what a number, or a text that writes one, is worth.\"\"\"\n    if isinstance(value, str):\n        \
               value = value.strip(WHITE)\n        is_number = re.fullmatch(r\"-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?\", value)\n        \
               return json.loads(value) if is_number else None\n    return value if isinstance(value, (int, float)) else None\n",
    },
    Helper {
        name: "order",
        code: "def order(value, other):\n    \"\"\"Returns -1, 0 or 1 for a value that is less than a number, the same or more.\"\"\"\n    own = number(value)\n    \
               if own is not None:\n        return (own > other) - (own < other)\n    if isinstance(value, str) and value.strip(WHITE):\n        \
               raise ValueError(\"a text that is no number cannot be compared with one: \" + value)\n    \
               return 1 if isinstance(value, (list, dict)) else -1\n",
    },
    Helper {
        name: "contains",
        code: "def contains(value, other):\n    if value is MISSING or other is MISSING:\n        raise ValueError(\"what is looked for or looked into has no value\")\n    \
               if isinstance(value, str):\n        return spelled(other) in value\n    \
               if isinstance(value, list):\n        return any(isinstance(item, bool) == isinstance(other, bool) and item == other for item in value)\n    \
               if isinstance(value, dict):\n        return isinstance(other, str) and other in value\n    if isinstance(value, bool):\n        \
               return False\n    raise ValueError(\"this holds nothing: \" + spelled(value))\n",
    },
    Helper {
        name: "item",
        code: "def item(value, key):\n    \"\"\"Returns a field or an item of a value.\"\"\"\n    if value is MISSING:\n        \
               raise ValueError(f\"{key} is read of what has no value\")\n    if isinstance(value, dict):\n        \
               return value.get(key, MISSING) if isinstance(key, str) else MISSING\n    is_place = isinstance(key, int) and not isinstance(key, bool)\n    \
               if isinstance(value, (list, str)) and is_place and -len(value) <= key < len(value):\n        return value[key]\n    return MISSING\n",
    },
    Helper {
        name: "items",
        code: "def items(value):\n    \"\"\"Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank.\"\"\"\n    \
               if isinstance(value, str):\n        lines = value.replace(\"\\r\\n\", \"\\n\").split(\"\\n\")\n        \
               return [line for line in lines if line.strip(WHITE)]\n    if value is None:\n        return []\n    if isinstance(value, (list, dict)):\n        \
               return list(value)\n    raise ValueError(\"a loop runs over what has no items\")\n",
    },
    Helper {
        name: "pairs",
        code: "def pairs(value):\n    if isinstance(value, dict):\n        return list(value.items())\n    found = items(value)\n    \
               if all(isinstance(pair, (list, dict)) and len(pair) == 2 for pair in found):\n        return [tuple(pair) for pair in found]\n    \
               raise ValueError(\"a loop with two names runs over what is no pairs\")\n",
    },
    Helper {
        name: "first",
        code: "def first(value):\n    if isinstance(value, (str, list, dict)):\n        return next(iter(value), MISSING)\n    \
               raise ValueError(\"this has no first item\")\n",
    },
    Helper {
        name: "last",
        code: "def last(value):\n    if isinstance(value, (str, list, dict)):\n        return next(reversed(list(value)), MISSING)\n    \
               raise ValueError(\"this has no last item\")\n",
    },
    Helper {
        name: "length",
        code: "def length(value):\n    if isinstance(value, (str, list, dict)):\n        return len(value)\n    raise ValueError(\"this has no length\")\n",
    },
    Helper {
        name: "joined",
        code: "def joined(value, between):\n    if value is None:\n        return \"\"\n    if isinstance(value, (str, list, dict)):\n        \
               return between.join(spelled(part) for part in value)\n    raise ValueError(\"what is joined has no items\")\n",
    },
];

/// Writes a function that writes a message.
pub(super) fn function(code: &MessageCode, names: &CodeNames, name: &str, about: &str) -> String {
    let printer = Printer { names };
    let parameters: Vec<&str> = code.takes.iter().map(|place| names.parameter(*place)).collect();
    let mut out = format!("def {name}({}):\n    \"\"\"Writes {about}.\"\"\"\n", parameters.join(", "));
    for (place, field) in &code.fields {
        let _ = writeln!(out, "    need_fields({}, {})", names.parameter(*place), quoted(field));
    }
    for place in &code.reads {
        let _ = writeln!(out, "    {} = read({})", names.read(*place), names.parameter(*place));
    }
    out.push_str("    out = \"\"\n");
    printer.steps(&code.steps, 1, &mut out);
    out.push_str("    return out\n");
    out
}

struct Printer<'a> {
    names: &'a CodeNames,
}

impl Printer<'_> {
    fn steps(&self, steps: &[CodeStep], depth: usize, out: &mut String) {
        let indent = "    ".repeat(depth);
        if steps.is_empty() {
            let _ = writeln!(out, "{indent}pass");
        }
        for step in steps {
            match step {
                CodeStep::Write(TextCode::Quoted(text)) => {
                    for line in text.split_inclusive('\n') {
                        let _ = writeln!(out, "{indent}out += {}", quoted(line));
                    }
                }
                CodeStep::Write(text) => {
                    let _ = writeln!(out, "{indent}out += {}", self.text(text));
                }
                CodeStep::If { branches, otherwise } => {
                    for (place, (condition, body)) in branches.iter().enumerate() {
                        let word = if place == 0 { "if" } else { "elif" };
                        let _ = writeln!(out, "{indent}{word} {}:", self.truth(condition));
                        self.steps(body, depth + 1, out);
                    }
                    if !otherwise.is_empty() {
                        let _ = writeln!(out, "{indent}else:");
                        self.steps(otherwise, depth + 1, out);
                    }
                }
                CodeStep::Loop(whole) => self.whole_loop(whole, depth, out),
                CodeStep::Begin(place, value) | CodeStep::Set(place, value) => {
                    let _ = writeln!(out, "{indent}{} = {}", self.names.local(*place), self.value(value));
                }
            }
        }
    }

    fn whole_loop(&self, whole: &CodeLoop, depth: usize, out: &mut String) {
        let indent = "    ".repeat(depth);
        let names: Vec<&str> = whole.names.iter().map(|place| self.names.local(*place)).collect();
        let function = if names.len() > 1 { "pairs" } else { "items" };
        let mut over = format!("{function}({})", self.value(&whole.over));
        let (items, index) = (self.names.items(whole.number), self.names.index(whole.number));
        let target = names.join(", ");
        if whole.is_kept {
            let listed = match &whole.only {
                Some(only) => {
                    let each = if names.len() > 1 { format!("({target})") } else { target.clone() };
                    format!("[{each} for {target} in {over} if {}]", self.truth(only))
                }
                None => std::mem::take(&mut over),
            };
            let _ = writeln!(out, "{indent}{items} = {listed}");
            over.clone_from(&items);
        }
        let _ = if whole.is_counted {
            let each = if names.len() > 1 { format!("({target})") } else { target };
            writeln!(out, "{indent}for {index}, {each} in enumerate({over}):")
        } else {
            writeln!(out, "{indent}for {target} in {over}:")
        };
        self.steps(&whole.body, depth + 1, out);
        if !whole.otherwise.is_empty() {
            let _ = writeln!(out, "{indent}if not {items}:");
            self.steps(&whole.otherwise, depth + 1, out);
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
            TextCode::Of(value) => format!("text({})", self.value(value)),
            TextCode::Spelled(value) => format!("spelled({})", self.value(value)),
            TextCode::OfTruth(truth) => format!("(\"true\" if {} else \"false\")", self.truth(truth)),
            TextCode::OfNumber(number) => format!("str({})", self.number(number)),
            TextCode::Upper(text) => format!("{}.upper()", self.owner(text)),
            TextCode::Lower(text) => format!("{}.lower()", self.owner(text)),
            TextCode::Trim(text) => format!("{}.strip(WHITE)", self.owner(text)),
            TextCode::Replace(text, one, other) => {
                format!("{}.replace({}, {})", self.owner(text), self.text(one), self.text(other))
            }
            TextCode::Join(value, between) => format!("joined({}, {})", self.value(value), self.text(between)),
            TextCode::Json(value) => format!("as_json({})", self.value(value)),
            TextCode::Joined(parts) => parts.iter().map(|part| self.text(part)).collect::<Vec<_>>().join(" + "),
            TextCode::Choice(condition, one, other) => {
                format!("({} if {} else {})", self.text(one), self.truth(condition), self.text(other))
            }
        }
    }

    /// Writes a truth that stands beside `and`, `or` or `not`.
    fn part(&self, truth: &TruthCode) -> String {
        match truth {
            TruthCode::And(..) | TruthCode::Or(..) => format!("({})", self.truth(truth)),
            _ => self.truth(truth),
        }
    }

    fn truth(&self, truth: &TruthCode) -> String {
        match truth {
            TruthCode::Constant(true) => "True".to_owned(),
            TruthCode::Constant(false) => "False".to_owned(),
            TruthCode::Not(of) => match &**of {
                TruthCode::Same(one, other) => format!("{} != {}", self.value(one), self.value(other)),
                TruthCode::Worth(value, number) => format!("number({}) != {}", self.value(value), self.number(number)),
                of => format!("not {}", self.part(of)),
            },
            TruthCode::And(one, other) => format!("{} and {}", self.part(one), self.part(other)),
            TruthCode::Or(one, other) => format!("{} or {}", self.part(one), self.part(other)),
            TruthCode::Holds(value) => format!("holds({})", self.value(value)),
            TruthCode::Filled(text) => format!("{} != \"\"", self.text(text)),
            TruthCode::Same(one, other) => format!("{} == {}", self.value(one), self.value(other)),
            TruthCode::SameText(one, other) => format!("{} == {}", self.text(one), self.text(other)),
            TruthCode::Worth(value, number) => format!("number({}) == {}", self.value(value), self.number(number)),
            TruthCode::Ordered(value, how, number) => {
                format!("order({}, {}) {} 0", self.value(value), self.number(number), how.sign())
            }
            TruthCode::Numbers(one, how, other) => {
                format!("{} {} {}", self.number(one), how.sign(), self.number(other))
            }
            TruthCode::Contains(value, other) => format!("contains({}, {})", self.value(value), self.value(other)),
            TruthCode::Is(value, test) => {
                let value = self.value(value);
                match test {
                    ValueTest::Defined => format!("{value} is not MISSING"),
                    ValueTest::Undefined => format!("{value} is MISSING"),
                    ValueTest::Null => format!("{value} is None"),
                    ValueTest::Text => format!("isinstance({value}, str)"),
                    ValueTest::Number => format!("isinstance({value}, (int, float))"),
                    ValueTest::List => format!("({value} is MISSING or isinstance({value}, list))"),
                    ValueTest::Object => format!("isinstance({value}, dict)"),
                }
            }
            TruthCode::First(number) => format!("{} == 0", self.names.index(*number)),
            TruthCode::Last(number) => {
                format!("{} == len({}) - 1", self.names.index(*number), self.names.items(*number))
            }
        }
    }

    fn number(&self, number: &NumberCode) -> String {
        match number {
            NumberCode::Literal(digits) => digits.clone(),
            NumberCode::Index(number, 0) => self.names.index(*number),
            NumberCode::Index(number, from) => format!("{} + {from}", self.names.index(*number)),
            NumberCode::LoopLength(number) => format!("len({})", self.names.items(*number)),
            NumberCode::Length(value) => format!("length({})", self.value(value)),
        }
    }

    fn value(&self, value: &ValueCode) -> String {
        match value {
            ValueCode::Null => "None".to_owned(),
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
            ValueCode::Item(value, key) => format!("item({}, {})", self.value(value), self.value(key)),
            ValueCode::First(value) => format!("first({})", self.value(value)),
            ValueCode::Last(value) => format!("last({})", self.value(value)),
            ValueCode::Choice(condition, one, other) => {
                format!("({} if {} else {})", self.value(one), self.truth(condition), self.value(other))
            }
            ValueCode::Missing => "MISSING".to_owned(),
            ValueCode::Given(value) => format!("given({})", self.value(value)),
        }
    }
}
