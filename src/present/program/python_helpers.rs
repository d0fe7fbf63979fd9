//! The functions that the code of messages stands on in Python.

use crate::present::program::Helper;

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
        name: "in_order",
        code: r#"def in_order(found, keys, backwards):
    """Sorts items by the keys of each."""
    keys = [[order_key(key) for key in own] for own in keys]
    if len({tuple(kind for kind, _ in own) for own in keys}) > 1:
        raise ValueError("a program does not sort texts and numbers together")
    order = sorted(range(len(found)), key=lambda at: [key for _, key in keys[at]], reverse=backwards)
    return [found[at] for at in order]
"#,
    },
    Helper {
        name: "sorted_by",
        code: r#"def sorted_by(value, fields, backwards):
    """Sorts items, by fields if they have names."""
    found = list_of(value)
    keys = [[item_of(part, field) for field in fields.split(",")] if fields else [part] for part in found]
    return in_order(found, keys, backwards)
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
        name: "sorted_pairs",
        code: r"def sorted_pairs(value, by_value, backwards):
    found = pairs_of(value)
    return in_order(found, [[pair[1 if by_value else 0]] for pair in found], backwards)
",
    },
    Helper {
        name: "grouped_by",
        code: r#"def grouped_by(value, field):
    """Returns each value of a field, with the items that have it."""
    groups = []
    for part in sorted_by(value, field, False):
        name = item_of(part, field)
        if groups and order_key(groups[-1][0]) == order_key(name):
            groups[-1][1].append(part)
        else:
            groups.append([name, [part]])
    return groups
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
        name: "slices_of",
        code: r#"def slices_of(value, count):
    """Cuts a list into so many, the first of which have one item more if that does not come out even."""
    found = list_of(value)
    size, more = divmod(len(found), count)
    starts = [at * size + min(at, more) for at in range(count + 1)]
    return [found[start:end] for start, end in zip(starts, starts[1:])]
"#,
    },
    Helper {
        name: "split_at",
        code: r#"def split_at(value, between):
    if isinstance(value, str):
        return value.split(between)
    raise ValueError("what is split is no text")
"#,
    },
    Helper {
        name: "words_of",
        code: r#"def words_of(value):
    if isinstance(value, str):
        return [word for word in re.split("[" + WHITE + "]+", value) if word]
    raise ValueError("what is split is no text")
"#,
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
