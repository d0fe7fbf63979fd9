//! The code of messages in Python, and the functions that it stands on.

use crate::{
    present::program::{
        Helper,
        code::{CodeFunction, NumberKind},
        code_language::{Binding, CodeLanguage, CodeLine, CodeSigns, CountedPart, LoopHead, Written},
        quoted,
    },
    template::expression::{SumSign, ValueTest},
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
        name: "as_number",
        code: "def as_number(value):\n    \"\"\"Returns what a number, or a text that writes one, is worth.\"\"\"\n    if isinstance(value, str):\n        \
               value = value.strip(WHITE)\n        is_number = re.fullmatch(r\"-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?\", value)\n        \
               return json.loads(value) if is_number else None\n    return value if isinstance(value, (int, float)) else None\n",
    },
    Helper {
        name: "order_of",
        code: "def order_of(value, other):\n    \"\"\"Returns -1, 0 or 1 for a value that is less than a number, the same or more.\"\"\"\n    own = as_number(value)\n    \
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
        name: "item_of",
        code: "def item_of(value, key):\n    \"\"\"Returns a field or an item of a value.\"\"\"\n    if value is MISSING:\n        \
               raise ValueError(f\"{key} is read of what has no value\")\n    if isinstance(value, dict):\n        \
               return value.get(key, MISSING) if isinstance(key, str) else MISSING\n    is_place = isinstance(key, int) and not isinstance(key, bool)\n    \
               if isinstance(value, (list, str)) and is_place and -len(value) <= key < len(value):\n        return value[key]\n    return MISSING\n",
    },
    Helper {
        name: "loop_items",
        code: "def loop_items(value):\n    \"\"\"Returns what a loop runs over: items, names of fields, or the lines of a text that are not blank.\"\"\"\n    \
               if isinstance(value, str):\n        lines = value.replace(\"\\r\\n\", \"\\n\").split(\"\\n\")\n        \
               return [line for line in lines if line.strip(WHITE)]\n    if value is None:\n        return []\n    if isinstance(value, (list, dict)):\n        \
               return list(value)\n    raise ValueError(\"a loop runs over what has no items\")\n",
    },
    Helper {
        name: "loop_pairs",
        code: "def loop_pairs(value):\n    if isinstance(value, dict):\n        return list(value.items())\n    found = loop_items(value)\n    \
               if all(isinstance(pair, (list, dict)) and len(pair) == 2 for pair in found):\n        return [tuple(pair) for pair in found]\n    \
               raise ValueError(\"a loop with two names runs over what is no pairs\")\n",
    },
    Helper {
        name: "first_of",
        code: "def first_of(value):\n    if isinstance(value, (str, list, dict)):\n        return next(iter(value), MISSING)\n    \
               raise ValueError(\"this has no first item\")\n",
    },
    Helper {
        name: "last_of",
        code: "def last_of(value):\n    if isinstance(value, (str, list, dict)):\n        return next(reversed(list(value)), MISSING)\n    \
               raise ValueError(\"this has no last item\")\n",
    },
    Helper {
        name: "length_of",
        code: "def length_of(value):\n    if isinstance(value, (str, list, dict)):\n        return len(value)\n    raise ValueError(\"this has no length\")\n",
    },
    Helper {
        name: "joined",
        code: "def joined(value, between):\n    if value is None:\n        return \"\"\n    if isinstance(value, (str, list, dict)):\n        \
               return between.join(spelled(part) for part in value)\n    raise ValueError(\"what is joined has no items\")\n",
    },
    Helper {
        name: "counted",
        code: r#"def counted(value):
    """Makes sure that there is a number to count with."""
    if isinstance(value, (int, float)):
        return value
    raise ValueError("a program does not count with what is no number")
"#,
    },
    Helper {
        name: "numeral",
        code: r#"def numeral(value):
    """Writes a number that was counted."""
    written = str(value)
    if "e" in written or "n" in written:
        raise ValueError("a program does not write the number " + written)
    return written
"#,
    },
    Helper {
        name: "added",
        code: r#"def added(one, other):
    """Adds two numbers, or puts a text behind another."""
    if isinstance(one, str) and isinstance(other, str):
        return one + other
    return counted(one) + counted(other)
"#,
    },
    Helper {
        name: "absolute",
        code: r#"def absolute(value):
    if isinstance(value, bool):
        raise ValueError("a program does not count with what is no number")
    return abs(counted(value))
"#,
    },
    Helper {
        name: "rounded",
        code: r#"def rounded(value, digits):
    """Rounds a number; what lies in the middle becomes even."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("what is rounded is no number")
    return value if isinstance(value, int) else round(value, digits)
"#,
    },
    Helper {
        name: "worth_of",
        code: r#"def worth_of(value):
    """Returns a number, or the one that a text writes; None where there is none."""
    if isinstance(value, str):
        if re.fullmatch(r"[+-]?[0-9]+", value):
            return int(value)
        is_number = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", value)
        return float(value) if is_number else None
    return value if isinstance(value, (int, float)) else None
"#,
    },
    Helper {
        name: "made_number",
        code: r#"def made_number(kind, value, otherwise):
    if value is MISSING:
        raise ValueError("what is read here has no value")
    worth = 0 if value is None and otherwise is MISSING else worth_of(value)
    if worth is not None:
        return kind(worth)
    if otherwise is MISSING:
        raise ValueError("this is no number: " + spelled(value))
    return otherwise
"#,
    },
    Helper {
        name: "whole_of",
        code: r#"def whole_of(value, otherwise):
    """Returns a number without its fraction, or what stands there where there is none."""
    return made_number(int, value, otherwise)
"#,
    },
    Helper {
        name: "fraction_of",
        code: r#"def fraction_of(value, otherwise):
    """Returns a number with a fraction, or what stands there where there is none."""
    return made_number(float, value, otherwise)
"#,
    },
    Helper {
        name: "title_case",
        code: r#"def title_case(value):
    def word(found):
        text = found.group()
        return text[0].upper() + text.lower()[len(text[0].lower()):]
    return re.sub("[^-({\\[<" + WHITE + "]+", word, value)
"#,
    },
    Helper {
        name: "capitalized",
        code: r"def capitalized(value):
    return value[:1].title() + value.lower()[len(value[:1].lower()):]
",
    },
    Helper {
        name: "indented",
        code: r#"def indented(value, width, first, blank):
    """Puts white space before the lines of a text, before the first and before blank ones if that is asked for."""
    lines = value.removesuffix("\n").removesuffix("\r").split("\n")
    for at, line in enumerate(lines):
        if (first or at > 0) and (blank or line not in ("", "\r")):
            lines[at] = " " * width + line
    return "\n".join(lines).removesuffix("\r")
"#,
    },
    Helper {
        name: "pretty_json",
        code: r#"def pretty_json(value, width):
    if value is MISSING:
        raise ValueError("what is read here has no value")
    return json.dumps(value, ensure_ascii=False, indent=width)
"#,
    },
    Helper {
        name: "list_of",
        code: r#"def list_of(value):
    """Returns the items of a list, the names of an object's fields, or the characters of a text."""
    if value is None:
        return []
    if isinstance(value, (str, list, dict)):
        return list(value)
    raise ValueError("this has no items")
"#,
    },
    Helper {
        name: "total_of",
        code: r"def total_of(value):
    return sum(counted(part) for part in list_of(value))
",
    },
    Helper {
        name: "order_key",
        code: r#"def order_key(value):
    """Returns what texts and numbers are sorted by: the case of A to Z does not count."""
    if isinstance(value, str):
        return (str, "".join(c.lower() if c.isascii() else c for c in value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (float, value)
    raise ValueError("a program does not sort what is neither a text nor a number")
"#,
    },
    Helper {
        name: "sorted_by",
        code: r#"def sorted_by(value, field, backwards):
    """Sorts items, by a field if it has a name."""
    found = list_of(value)
    keys = [order_key(item_of(part, field) if field else part) for part in found]
    if len({kind for kind, _ in keys}) > 1:
        raise ValueError("a program does not sort texts and numbers together")
    order = sorted(range(len(found)), key=lambda at: keys[at][1], reverse=backwards)
    return [found[at] for at in order]
"#,
    },
    Helper {
        name: "smallest_of",
        code: r#"def smallest_of(value):
    return next(iter(sorted_by(value, "", False)), MISSING)
"#,
    },
    Helper {
        name: "largest_of",
        code: r#"def largest_of(value):
    return next(iter(sorted_by(value, "", True)), MISSING)
"#,
    },
    Helper {
        name: "unique_of",
        code: r#"def unique_of(value):
    """Returns each item once; the case of texts does not count."""
    found = {}
    for part in list_of(value):
        kind, key = order_key(part)
        found.setdefault((kind, part.lower() if kind is str else key), part)
    return list(found.values())
"#,
    },
    Helper {
        name: "reversed_of",
        code: r#"def reversed_of(value):
    if isinstance(value, str):
        return value[::-1]
    if isinstance(value, (list, dict)):
        return list(value)[::-1]
    raise ValueError("this has no items to reverse")
"#,
    },
    Helper {
        name: "pairs_of",
        code: r#"def pairs_of(value):
    if isinstance(value, dict):
        return [list(pair) for pair in value.items()]
    raise ValueError("this has no fields")
"#,
    },
    Helper {
        name: "field_of_each",
        code: r#"def field_of_each(value, field):
    found = list_of(value)
    if all(isinstance(part, dict) and field in part for part in found):
        return [part[field] for part in found]
    raise ValueError("a program does not read what an item has not: " + field)
"#,
    },
    Helper {
        name: "batches_of",
        code: r"def batches_of(value, count):
    found = list_of(value)
    return [found[at:at + count] for at in range(0, len(found), count)]
",
    },
    Helper {
        name: "is_odd",
        code: r"def is_odd(value):
    return isinstance(value, (int, float)) and value % 2 == 1
",
    },
    Helper {
        name: "is_even",
        code: r"def is_even(value):
    return isinstance(value, (int, float)) and value % 2 == 0
",
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

    fn signs(&self) -> &'static CodeSigns {
        &CodeSigns { and: "and", or: "or", truths: ["False", "True"], null: "None", missing: "MISSING" }
    }

    fn name(&self, function: CodeFunction) -> &'static str {
        let [python, _, _] = function.names();
        python
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
            CodeLine::Begin(name, value, _) | CodeLine::Set(name, value) => format!("{name} = {}", value.text),
        })
    }

    fn head(&self, name: &str, parameters: &[&str], about: &str) -> String {
        format!("def {name}({}):\n    \"\"\"Writes {about}.\"\"\"\n", parameters.join(", "))
    }

    fn text_of_truth(&self, truth: &Written) -> Written {
        self.choice(truth, &self.quoted("true"), &self.quoted("false"))
    }

    fn text_of_number(&self, number: &Written) -> Written {
        Written::unit(format!("str({})", number.text))
    }

    fn text_of_counted(&self, number: &Written, kind: NumberKind, _: &[CountedPart]) -> Written {
        match kind {
            NumberKind::Whole => self.text_of_number(number),
            NumberKind::Fraction | NumberKind::Rounded | NumberKind::Either => {
                Written::unit(format!("numeral({})", number.text))
            }
        }
    }

    fn upper(&self, text: &Written) -> Written {
        Written::unit(format!("{}.upper()", text.owner()))
    }

    fn lower(&self, text: &Written) -> Written {
        Written::unit(format!("{}.lower()", text.owner()))
    }

    fn trim(&self, text: &Written) -> Written {
        Written::unit(format!("{}.strip(WHITE)", text.owner()))
    }

    fn replace(&self, text: &Written, one: &Written, other: &Written) -> Written {
        Written::unit(format!("{}.replace({}, {})", text.owner(), one.text, other.text))
    }

    fn choice(&self, condition: &Written, one: &Written, other: &Written) -> Written {
        let (one, condition) = (one.at(Binding::Either), condition.at(Binding::Either));
        Written::new(format!("{one} if {condition} else {}", other.text), Binding::Choice)
    }

    fn not(&self, truth: &Written) -> Written {
        Written::new(format!("not {}", truth.at(Binding::Negation)), Binding::Negation)
    }

    fn same(&self, one: &Written, other: &Written, is_same: bool) -> Written {
        self.same_text(one, other, is_same)
    }

    fn tested(&self, value: &Written, test: ValueTest) -> Written {
        let (value, side) = (&value.text, value.at(Binding::Sum));
        let comparison = |text: String| Written::new(text, Binding::Comparison);
        match test {
            ValueTest::Defined => comparison(format!("{side} is not MISSING")),
            ValueTest::Undefined => comparison(format!("{side} is MISSING")),
            ValueTest::Null => comparison(format!("{side} is None")),
            ValueTest::Text => Written::unit(format!("isinstance({value}, str)")),
            ValueTest::Number => Written::unit(format!("isinstance({value}, (int, float))")),
            ValueTest::List => Written::new(format!("{side} is MISSING or isinstance({value}, list)"), Binding::Either),
            ValueTest::Object => Written::unit(format!("isinstance({value}, dict)")),
            ValueTest::Truth => Written::unit(format!("isinstance({value}, bool)")),
            ValueTest::Odd => Written::unit(format!("is_odd({value})")),
            ValueTest::Even => Written::unit(format!("is_even({value})")),
        }
    }

    fn loop_length(&self, items: &str) -> Written {
        Written::unit(format!("len({items})"))
    }

    fn sum(&self, one: &Written, sign: SumSign, other: &Written) -> Written {
        one.infix(sign, other)
    }
}

fn loop_lines(head: &LoopHead<'_>) -> String {
    let target = head.names.join(", ");
    let (function, each) =
        if head.names.len() > 1 { ("loop_pairs", format!("({target})")) } else { ("loop_items", target.clone()) };
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
