"""Runs hostile cases one by one and prints what each takes above a plain run: see measure.sh.

The limit is 100 MB above a plain run and one second; the exit code is 1 if a case is over it. Such a case is run three
times, and the least counts, as the machine may have been busy.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).parent
RETORT = os.path.abspath(os.environ.get("RETORT", str(HERE.parent.parent / "target/release/retort")))
MEMORY, SECONDS = 100, 1.0

TEXT = 'user = "{{ input }}"\n[response]\nformat = "text"\n'
JSON = 'user = "{{ input }}"\n[response]\nformat = "json"\n'
RUN = ["run", "prompt.toml", "-i", "input", "-m", "own/m", "--no-cache", "--json"]
TWO = ["run", "prompt.toml", "-i", "input", "-m", "own/m", "-m", "other/m", "--no-cache", "--diff"]


def batch(data):
    return ["batch", "prompt.toml", data, "-m", "own/m", "--no-cache"]


@dataclass
class Case:
    """What is run: `answer` comes from one provider, `other` from a second one."""

    name: str
    prompt: str = TEXT
    answer: str = "hello"
    other: str = "hello"
    input: str = "x"
    command: list = field(default_factory=lambda: RUN)
    files: dict = field(default_factory=dict)
    stdin: str = ""


def nested(depth, open_, inside, close):
    return open_ * depth + inside + close * depth


def expression(depth):
    return nested(depth, '{"kind":"list","child":', "1", "}")


def check(kind, value, more=""):
    return f'{TEXT}[[check]]\ntype = "{kind}"\nvalue = {json.dumps(value)}\n{more}'


def prompt(text):
    return f'user = {json.dumps(text)}\n[response]\nformat = "text"\n'


def schema(text):
    return f"{JSON}schema = {text}\n"


def file(name):
    return (HERE / name).read_text()


def data(name, text, **more):
    return Case(name, command=batch(name), files={name: text}, **more)


MEGA = "lorem ipsum, " * 80_000
TEN = "a " * ((4 << 20) - 50)
EIGHT = (8 << 20) - 100
NUMBERS = "[" + ",".join(map(str, range(90_000))) + "]"
NAME = "n" * 500_000
WORDS = " ".join(f"word{at * 7919 % 100_003}" for at in range(100_000))
OTHERS = " ".join(f"word{at * 104_729 % 100_003}" for at in range(100_000))
ITEMS = json.dumps([{"id": at, "text": f"item {at}"} for at in range(25_000)])
MOVED = json.dumps([{"id": at * 7919 % 25_000, "text": f"thing {at}"} for at in range(25_000)])
LINES = json.dumps([" ".join(f"w{at * n % 9973}" for at in range(2000)) for n in range(1, 61)])
LINES_TOO = json.dumps([" ".join(f"w{at * n % 9967}" for at in range(2000)) for n in range(2, 62)])

# Texts that would fill a memory or a day if nothing counted what they take.
TEMPLATES = {
    "a text times 1e9": "{{ 'x' * 1000000000 }}",
    "loops in a loop": "{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}",
    "loops three deep": "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}"
    "{% endfor %}{% endfor %}",
    "range of 1e9": "{% for i in range(10**9) %}x{% endfor %}",
    "a list times 1e9": "{{ [1] * 1000000000 }}",
    "replace": "{{ ('x' * 9999) | replace('x', 'y' * 9999) | replace('y', 'z' * 9999) }}",
    "join": "{{ range(100000) | join('x' * 100000) }}",
    "indent": "{{ 'a\nb' | indent(1000000000) }}",
    "indent of lines": "{{ ('a\n' * 99999) | indent(9999) }}",
    "format": "{{ '%1000000000s' | format('a') }}",
    "doubling": "{% set a = 'x' * 9999 %}{% set b = a * 9999 %}{% set c = b * 9999 %}{{ c }}",
    "lists of a text": "{{ ('x' * 9999999) | list | join('yyyyyyyyyyyyyyyy') | list | length }}",
    "a power": "{{ 9999999999 ** 9999999999 }}",
}

PATTERNS = {
    "nested repetition": ("(a+)+$", "ab" * ((4 << 20) - 50)),
    "counted repetition": ("(x{1000}){1000}", "x" * (1 << 20)),
    "a repetition of choices": ("(a|a|aa)+$", "a" * (1 << 20) + "b"),
    "states of one text": ("[ab]*b[ab ]{5000}c", "ab" * (1 << 19)),
    "a word at every place": (r"\b\w+@\w+\.com\b", TEN),
    "letters of every script": (r"(\w{50}){50}", "é" * (1 << 20)),
    "everything, then nothing": ("(.*.*)*=", "x" * (1 << 20)),
}

CASES = [
    Case("plain"),
    # Schemas and JSON.
    Case("expression of depth 18", file("expression.toml"), expression(18)),
    Case("expression of depth 60", file("expression.toml"), expression(60)),
    Case("tower of 26 floors", file("tower26.toml"), "{}"),
    Case("lists in lists", schema('{ type = "array" }'), nested(100_000, "[", "", "]")),
    Case("two million values", schema('{ type = "array" }'), "[" + "[]," * (1 << 20) + "1]"),
    Case("90,000 unique items", schema('{ type = "array", uniqueItems = true }'), NUMBERS),
    Case("90,000 errors", schema('{ type = "array", items = { type = "string" } }'), NUMBERS),
    Case("a long name and 90,000 errors", schema('{ additionalProperties = { items = { type = "string" } } }'),
         f'{{"{NAME}":{NUMBERS}}}'),
    Case("a pattern that goes back", schema('{ type = "string", pattern = "^(a|aa)+(?=b)$" }'), json.dumps("a" * 5000)),
    Case("patterns of 12 MB together", schema('{ anyOf = [' + ",".join(
        f'{{ pattern = "^[a-z{at}]{{1,{9000 + at}}}$" }}' for at in range(9)) + "] }"), json.dumps("x" * 100_000)),
    Case("patterns of 4 MB each", schema('{ anyOf = [' + ",".join(
        f'{{ pattern = "^[a-z{at}]{{1,{9000 + at}}}$" }}' for at in range(40)) + "] }"), '"x"'),
    Case("broken JSON", JSON, '{"a":' * 200_000),
    Case("8 MB of [", JSON, "[" * EIGHT),
    Case("8 MB of [ in text", TEXT, "[" * EIGHT),
    Case("8 MB of {\"a\":[", JSON, '{"a":[' * (EIGHT // 6)),
    Case("8 MB of one line", TEXT, "x" * EIGHT),
    Case("8 MB of one JSON text", JSON, json.dumps("x" * (EIGHT - 2))),
    Case("8 MB of fences", JSON, "```json\n" * (EIGHT // 8)),
    Case("a long name over many leaves", JSON, f'{{"{NAME}":{NUMBERS}}}'),
    Case("a long name twice", JSON, "[" + ",".join(f'{{"{NAME}":1,"{NAME}":2}}' for _ in range(7)) + "]"),
    # Checks.
    Case("an answer of 8 MB of words", TEXT, TEN),
    *(Case(f"regex: {name}", check("regex", pattern), text) for name, (pattern, text) in PATTERNS.items()),
    Case("edit distance of 1 MB", check("levenshtein", MEGA, "threshold = 2e6\n"), MEGA[::-1]),
    Case("edit distance of words of 1 MB", check("levenshtein", WORDS, "threshold = 2e6\n"), OTHERS),
    Case("ROUGE of 1 MB", check("rouge-n", MEGA), MEGA),
    Case("ROUGE of 1 MB of words", check("rouge-n", WORDS), OTHERS),
    Case("an expected value of 2 MB", check("json-equals", "[" + "[]," * 600_000 + "1]"), "[]"),
    Case("an expected value by a variable", check("json-equals", "{{ input }}"), "[]", input="[" + "[]," * (1 << 20) + "1]"),
    Case("100 checks of 1 MB", TEXT + f'[[check]]\ntype = "icontains"\nvalue = "{"x" * 10_000}"\n' * 100, MEGA),
    Case("9,999 filled texts", check("contains-any", ["{{ input }}{% for i in range(99) %}{{ i }}{% endfor %}"] * 9999), MEGA),
    # Templates.
    *(Case(f"check: {name}", check("contains", text)) for name, text in TEMPLATES.items()),
    *(Case(f"check, filled: {name}", check("contains", text + "{{ input }}")) for name, text in TEMPLATES.items()),
    *(Case(f"prompt: {name}", prompt(text)) for name, text in TEMPLATES.items()),
    Case("an input 90,000 times", prompt("{{ input }}" * 90_000), input=MEGA),
    Case("a value of 8 million items", prompt("{{ input[0] }}"), input="[" + "1," * (7 << 20) + "1]"),
    Case("a long value in lists", prompt("{{ input[0] }}"), input=nested(120, "[", json.dumps("x" * (4 << 20)), "]")),
    Case("1 MB of open tags", prompt("{% if x %}" * 90_000)),
    Case("1 MB of tags that are none", prompt("{% iffy %}" * 90_000)),
    Case("1 MB of braces", prompt("{{ " * 300_000)),
    Case("90,000 variables", prompt("".join(f"{{{{ v{at} }}}}" for at in range(90_000)))),
    Case("90,000 messages", 'user = "x"\n' + '[[message]]\nrole = "user"\ncontent = "{{ input }}"\n' * 20_000, input="x" * 90_000),
    # Answers side by side.
    Case("JSON diff of 1 MB", JSON, ITEMS, MOVED, command=TWO),
    Case("JSON diff of long texts", JSON, LINES, LINES_TOO, command=TWO),
    Case("JSON diff of numbers", JSON, NUMBERS, NUMBERS[:-1] + ",1]", command=TWO),
    Case("JSON diff in a long name", JSON, f'{{"{NAME}":{NUMBERS}}}', f'{{"{NAME}":[1,{NUMBERS[1:]}}}', command=TWO),
    Case("diff of words of 1 MB", TEXT, WORDS, OTHERS, command=TWO),
    Case("diff of lines of 1 MB", TEXT, WORDS.replace(" ", "\n"), OTHERS.replace(" ", "\n"), command=TWO),
    # What is taken in.
    data("laughs7.yaml", file("laughs7.yaml")),
    data("deep.yaml", "- input: " + "[" * 1_000_000 + "\n"),
    data("wide.csv", ",".join(f"c{at}" for at in range(100_000)) + ",input\n" + "," * 100_000 + "\n"),
    data("long_row.csv", "input\n" + "," * 1_000_000 + "\n"),
    data("open_quote.csv", 'input\n"' + "a\n" * 10_000_000),
    data("deep.jsonl", '{"input":' + "[" * 1_000_000 + "\n"),
    data("many.jsonl", '{"input":[1' + ",1" * 2_000_000 + "]}\n"),
    Case("stdin of 100 MB", command=["run", "prompt.toml", "-i", "-", "-m", "own/m", "--json"], stdin="x" * (100 << 20)),
]


RUNNER = """
import json, resource, subprocess, sys, time
with open("stdin") as stdin, open("out", "w") as out, open("err", "w") as err:
    since = time.monotonic()
    done = subprocess.run(sys.argv[1:], stdin=stdin, stdout=out, stderr=err)
    seconds = time.monotonic() - since
print(json.dumps([resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, seconds, done.returncode]))
"""


def run(home, case):
    """Returns the peak memory in MB, the seconds, the exit code and the verdict of one run."""
    for name, text in {"answer": case.answer, "other": case.other, "prompt.toml": case.prompt, "input": case.input,
                       "stdin": case.stdin, **case.files}.items():
        (home / name).write_text(text)
    config = home / "config" / "retort"
    config.mkdir(parents=True)
    says = lambda name, answer: (
        f'[providers.{name}]\nkind = "command"\ncommand = ["sh", "-c", "cat > /dev/null; cat {home}/{answer}"]\n'
    )
    (config / "config.toml").write_text('default_model = "own/m"\n' + says("own", "answer") + says("other", "other"))
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        environment[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    # A small process between, as the peak of one that a large process starts is the large one's.
    done = subprocess.run([sys.executable, "-c", RUNNER, RETORT, *case.command], cwd=home, env=environment, check=True,
                          capture_output=True)
    peak, seconds, code = json.loads(done.stdout)
    return peak, seconds, code, verdict((home / "out").read_bytes(), (home / "err").read_bytes())


def verdict(out, err):
    """Returns the first verdict that did not pass, else the first line of an error or a refusal."""
    said = [line for line in err.decode(errors="replace").splitlines() if line.strip()]
    lines = out.decode(errors="replace").splitlines()
    try:
        outcome = json.loads(lines[-1])
    except (IndexError, ValueError):
        errors = [line for line in said if not line.startswith(("note: ", "all models failed"))]
        return (errors or said or lines or ["no output"])[0].strip()[:160]
    found = []

    def walk(value):
        if isinstance(value, dict):
            if "rule" in value and "status" in value and "reason" in value:
                found.append(value)
            for inside in value.values():
                walk(inside)
        elif isinstance(value, list):
            for inside in value:
                walk(inside)

    walk(outcome)
    bad = [one for one in found if one["status"] != "passed"]
    if bad:
        rule = bad[-1]["rule"]
        rule = rule["check"] if isinstance(rule, dict) else rule
        return f'{bad[-1]["status"]}: {rule}: {bad[-1]["reason"]}'[:160]
    reasons = (outcome.get("outcome") or {}).get("reasons") or [] if isinstance(outcome, dict) else []
    if reasons:
        return reasons[0]["fault"]["message"][:160]
    return "passed" if found else (said or ["no verdict"])[0].strip()[:160]


def main():
    wanted = sys.argv[1:]
    over = []
    plain = None
    print(f'{"case":34} {"MB":>6} {"s":>6} {"exit":>4}  verdict')
    for case in CASES:
        if wanted and case.name != "plain" and not any(word in case.name for word in wanted):
            continue
        tries = 3
        more = longer = float("inf")
        while tries and (more > MEMORY or longer > SECONDS):
            with tempfile.TemporaryDirectory() as home:
                peak, seconds, code, words = run(pathlib.Path(home), case)
            plain = plain or (peak, seconds)
            more, longer = min(more, peak - plain[0]), min(longer, seconds - plain[1])
            tries -= 1
        if more > MEMORY or longer > SECONDS:
            over.append(case.name)
        mark = "!" if case.name in over else " "
        print(f"{case.name:34}{mark}{more:6} {longer:6.2f} {code:4}  {words}", flush=True)
    if over:
        print(f'over {MEMORY} MB or {SECONDS:g} s: {", ".join(over)}')
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
