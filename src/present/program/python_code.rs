//! The code of messages in Python, and the functions that it stands on.

use crate::{
    present::program::{
        Helper,
        code_language::{Binding, CodeForm, CodeLanguage, CodeLine, ListItem, LoopHead, Written},
        quoted,
    },
    template::expression::ValueTest,
};

/// The functions that the code may need, each after those that it needs itself.
const HELPERS: &[Helper] = &[
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

/// The language as the code of messages is written in it.
pub(super) struct PythonCode;

impl CodeLanguage for PythonCode {
    fn indent(&self) -> &'static str {
        "    "
    }

    fn helpers(&self) -> &'static [Helper] {
        HELPERS
    }

    fn form(&self, form: &CodeForm) -> Written {
        let choice = |condition: &Written, one: &Written, other: &Written| {
            Written::unit(format!("({} if {} else {})", one.text, condition.text, other.text))
        };
        let either = |one: &Written, word: &str, other: &Written| {
            let (one, other) = (one.at(Binding::Negation), other.at(Binding::Negation));
            Written::new(format!("{one} {word} {other}"), Binding::Either)
        };
        let comparison = |text: String| Written::new(text, Binding::Comparison);
        match form {
            CodeForm::Quoted(text) => Written::unit(quoted(text)),
            CodeForm::ParameterText(name)
            | CodeForm::Parameter(name)
            | CodeForm::Read(name)
            | CodeForm::Local(name)
            | CodeForm::Digits(name) => Written::unit(name),
            CodeForm::TextOf(value) => Written::unit(format!("text({})", value.text)),
            CodeForm::Spelled(value) => Written::unit(format!("spelled({})", value.text)),
            CodeForm::TextOfTruth(truth) => Written::unit(format!("(\"true\" if {} else \"false\")", truth.text)),
            CodeForm::TextOfNumber(number) => Written::unit(format!("str({})", number.text)),
            CodeForm::Upper(text) => Written::unit(format!("{}.upper()", text.owner())),
            CodeForm::Lower(text) => Written::unit(format!("{}.lower()", text.owner())),
            CodeForm::Trim(text) => Written::unit(format!("{}.strip(WHITE)", text.owner())),
            CodeForm::Replace(text, one, other) => {
                Written::unit(format!("{}.replace({}, {})", text.owner(), one.text, other.text))
            }
            CodeForm::Join(value, between) => Written::unit(format!("joined({}, {})", value.text, between.text)),
            CodeForm::Json(value) => Written::unit(format!("as_json({})", value.text)),
            CodeForm::Joined(parts) => {
                let parts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
                Written::new(parts.join(" + "), Binding::Sum)
            }
            CodeForm::ChosenText(condition, one, other) | CodeForm::ChosenValue(condition, one, other) => {
                choice(condition, one, other)
            }
            CodeForm::Constant(true) => Written::unit("True"),
            CodeForm::Constant(false) => Written::unit("False"),
            CodeForm::Not(truth) => Written::new(format!("not {}", truth.at(Binding::Negation)), Binding::Negation),
            CodeForm::And(one, other) => either(one, "and", other),
            CodeForm::Or(one, other) => either(one, "or", other),
            CodeForm::Holds(value) => Written::unit(format!("holds({})", value.text)),
            CodeForm::Filled(text) => comparison(format!("{} != \"\"", text.text)),
            CodeForm::Same(one, other) | CodeForm::SameText(one, other) => {
                comparison(format!("{} == {}", one.text, other.text))
            }
            CodeForm::Worth(value, number) => comparison(format!("number({}) == {}", value.text, number.text)),
            CodeForm::Ordered(value, how, number) => {
                comparison(format!("order({}, {}) {} 0", value.text, number.text, how.sign()))
            }
            CodeForm::Numbers(one, how, other) => comparison(format!("{} {} {}", one.text, how.sign(), other.text)),
            CodeForm::Contains(value, other) => Written::unit(format!("contains({}, {})", value.text, other.text)),
            CodeForm::Is(value, test) => {
                let value = &value.text;
                match test {
                    ValueTest::Defined => comparison(format!("{value} is not MISSING")),
                    ValueTest::Undefined => comparison(format!("{value} is MISSING")),
                    ValueTest::Null => comparison(format!("{value} is None")),
                    ValueTest::Text => Written::unit(format!("isinstance({value}, str)")),
                    ValueTest::Number => Written::unit(format!("isinstance({value}, (int, float))")),
                    ValueTest::List => Written::unit(format!("({value} is MISSING or isinstance({value}, list))")),
                    ValueTest::Object => Written::unit(format!("isinstance({value}, dict)")),
                }
            }
            CodeForm::AtFirst(index) => comparison(format!("{index} == 0")),
            CodeForm::AtLast(index, items) => comparison(format!("{index} == len({items}) - 1")),
            CodeForm::Index(index, 0) => Written::unit(index),
            CodeForm::Index(index, from) => Written::new(format!("{index} + {from}"), Binding::Sum),
            CodeForm::LoopLength(items) => Written::unit(format!("len({items})")),
            CodeForm::Length(value) => Written::unit(format!("length({})", value.text)),
            CodeForm::Null => Written::unit("None"),
            CodeForm::Missing => Written::unit("MISSING"),
            CodeForm::ValueOfText(written) | CodeForm::ValueOfNumber(written) => written.clone(),
            CodeForm::ValueOfTruth(truth) => Written::unit(format!("({})", truth.text)),
            CodeForm::List(items) => {
                Written::unit(format!("[{}]", items.iter().map(ListItem::text).collect::<Vec<_>>().join(", ")))
            }
            CodeForm::ReadLocal(name) => Written::unit(format!("read({name})")),
            CodeForm::Item(value, key) => Written::unit(format!("item({}, {})", value.text, key.text)),
            CodeForm::FirstOf(value) => Written::unit(format!("first({})", value.text)),
            CodeForm::LastOf(value) => Written::unit(format!("last({})", value.text)),
            CodeForm::Given(value) => Written::unit(format!("given({})", value.text)),
        }
    }

    fn negated(&self, form: &CodeForm) -> Option<Written> {
        let unequal = |text: String| Some(Written::new(text, Binding::Comparison));
        if let CodeForm::Same(one, other) = form {
            return unequal(format!("{} != {}", one.text, other.text));
        }
        let CodeForm::Worth(value, number) = form else { return None };
        unequal(format!("number({}) != {}", value.text, number.text))
    }

    fn line(&self, line: &CodeLine<'_>) -> Option<String> {
        Some(match line {
            CodeLine::NeedFields(parameter, field) => format!("need_fields({parameter}, {})", quoted(field)),
            CodeLine::ReadParameter(read, parameter) => format!("{read} = read({parameter})"),
            CodeLine::BeginText(name) => format!("{name} = \"\""),
            CodeLine::Write(name, text) => format!("{name} += {}", text.text),
            CodeLine::Return(name) => format!("return {name}"),
            CodeLine::If(condition) => format!("if {}:", condition.text),
            CodeLine::ElseIf(condition) => format!("elif {}:", condition.text),
            CodeLine::Else => "else:".to_owned(),
            CodeLine::Loop(head) => loop_lines(head),
            CodeLine::IfNone(items) => format!("if not {items}:"),
            CodeLine::End => return None,
            CodeLine::Nothing => "pass".to_owned(),
            CodeLine::Begin(name, value) | CodeLine::Set(name, value) => format!("{name} = {}", value.text),
        })
    }

    fn head(&self, name: &str, parameters: &[&str], about: &str) -> String {
        format!("def {name}({}):\n    \"\"\"Writes {about}.\"\"\"\n", parameters.join(", "))
    }
}

fn loop_lines(head: &LoopHead<'_>) -> String {
    let target = head.names.join(", ");
    let (function, each) =
        if head.names.len() > 1 { ("pairs", format!("({target})")) } else { ("items", target.clone()) };
    let over = format!("{function}({})", head.over.text);
    let mut out = String::new();
    let over = match head.items {
        None => over,
        Some(items) => {
            out = match &head.only {
                Some(only) => format!("{items} = [{each} for {target} in {over} if {}]\n", only.text),
                None => format!("{items} = {over}\n"),
            };
            items.to_owned()
        }
    };
    out + &match head.index {
        Some(index) => format!("for {index}, {each} in enumerate({over}):"),
        None => format!("for {target} in {over}:"),
    }
}
