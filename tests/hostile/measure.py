"""Runs hostile cases one by one and prints what each takes above a plain run: see measure.sh.

The limit is 100 MB above a plain run and one second; the exit code is 1 if a case is over it.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
RETORT = os.environ.get("RETORT", str(HERE.parent.parent / "target/release/retort"))
MEMORY, SECONDS = 100, 1.0

TEXT = 'user = "{{ input }}"\n[response]\nformat = "text"\n'
JSON = 'user = "{{ input }}"\n[response]\nformat = "json"\n'


def nested(depth, open_, inside, close):
    return open_ * depth + inside + close * depth


def expression(depth):
    return nested(depth, '{"kind":"list","child":', "1", "}")


def check(kind, value, more=""):
    return f'{TEXT}[[check]]\ntype = "{kind}"\nvalue = {json.dumps(value)}\n{more}'


def schema(text):
    return f"{JSON}schema = {text}\n"


def file(name):
    return (HERE / name).read_text()


MEGA = "lorem ipsum, " * 80_000
TEN = "a " * (5 << 20)
NUMBERS = "[" + ",".join(map(str, range(90_000))) + "]"

# A case is its name, its prompt, and the answer of the model.
CASES = [
    ("plain", TEXT, "hello"),
    ("expression of depth 18", file("expression.toml"), expression(18)),
    ("expression of depth 60", file("expression.toml"), expression(60)),
    ("tower of 26 floors", file("tower26.toml"), "{}"),
    ("lists in lists", schema('{ type = "array" }'), nested(100_000, "[", "", "]")),
    ("two million values", schema('{ type = "array" }'), "[" + "[]," * (1 << 20) + "1]"),
    ("90,000 unique items", schema('{ type = "array", uniqueItems = true }'), NUMBERS),
    ("90,000 errors", schema('{ type = "array", items = { type = "string" } }'), NUMBERS),
    ("a pattern that goes back", schema('{ type = "string", pattern = "^(a|aa)+(?=b)$" }'), json.dumps("a" * 5000)),
    ("an answer of 10 MB", TEXT, TEN),
    ("nested repetition", check("regex", "(a+)+$"), "ab" * (5 << 20)),
    ("words in 10 MB", check("regex", r"\b\w+@\w+\.com\b"), TEN),
    ("edit distance of 1 MB", check("levenshtein", MEGA, "threshold = 2e6\n"), MEGA[::-1]),
    ("ROUGE of 1 MB", check("rouge-n", MEGA), MEGA),
    ("a template bomb", check("contains", "{% for i in range(99999) %}{{ 'x' * 99999 }}{% endfor %}"), "x"),
    ("broken JSON", JSON, '{"a":' * 200_000),
]


def run(home, prompt, answer):
    """Returns the peak memory in MB, the seconds, the exit code and the verdict of one run."""
    (home / "answer").write_text(answer)
    (home / "prompt.toml").write_text(prompt)
    (home / "input").write_text("x")
    (home / "config.toml").write_text(
        'default_model = "own/m"\n[providers.own]\nkind = "command"\n'
        f'command = ["sh", "-c", "cat > /dev/null; cat {home}/answer"]\n'
    )
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        environment[f"XDG_{kind}_HOME"] = str(home / kind.lower())
    config = home / "config" / "retort"
    config.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").replace(config / "config.toml")
    command = [RETORT, "run", "prompt.toml", "-i", "input", "-m", "own/m", "--no-cache", "--json"]
    since = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        done = subprocess.run(command, cwd=home, env=environment, capture_output=True, check=False)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        report = [peak, time.monotonic() - since, done.returncode, verdict(done)]
        os.write(writing, json.dumps(report).encode()[:60_000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as report:
        text = report.read()
    os.waitpid(child, 0)
    return json.loads(text)


def verdict(done):
    """Returns the first verdict that did not pass, or how the run ended."""
    lines = done.stdout.decode(errors="replace").splitlines()
    try:
        outcome = json.loads(lines[-1])
    except (IndexError, ValueError):
        return (done.stderr.decode(errors="replace").strip().splitlines() or ["no output"])[-1][:160]
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
    if not bad:
        return "passed"
    return f'{bad[-1]["status"]}: {bad[-1]["rule"]}: {bad[-1]["reason"]}'[:160]


def main():
    wanted = sys.argv[1:]
    over = False
    plain = None
    print(f'{"case":28} {"MB":>6} {"s":>6} {"exit":>4}  verdict')
    for name, prompt, answer in CASES:
        if wanted and name != "plain" and name not in wanted:
            continue
        with tempfile.TemporaryDirectory() as home:
            peak, seconds, code, words = run(pathlib.Path(home), prompt, answer)
        plain = plain or (peak, seconds)
        more, longer = peak - plain[0], seconds - plain[1]
        over |= more > MEMORY or longer > SECONDS
        print(f"{name:28} {more:6} {longer:6.2f} {code:4}  {words}", flush=True)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
