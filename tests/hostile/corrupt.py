#!/usr/bin/env python3
"""Runs retort on files that were truncated, swapped and corrupted at random, in its config, data, cache and state
directories and in a project.

    RETORT=target/release/retort tests/hostile/corrupt.py [RUNS [SEED]]

Each run starts from the same good files, spoils one to three of them, and does one command, or opens the workbench,
runs a prompt and quits. It fails on a panic, an exit code that is not one of retort's, a failure without a word on
standard error, a run that does not end, and on a record that is lost: what `retort.db` held is there afterwards,
in its place or set aside. The messages are listed at the end, each once.
"""

import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections import Counter
from pathlib import Path

RETORT = os.path.abspath(os.environ.get("RETORT", "target/debug/retort"))
CODES = {0, 1, 2, 4, 100, 130}
PATIENCE = 30
PROMPT = """description = "Mood"
system = "Answer as JSON."
user = "{{ input }}"
[response]
format = "json"
required = ["mood"]
[[check]]
type = "contains"
value = "good"
"""
CONFIG = """default_model = "echo"
[providers.echo]
kind = "command"
command = ["sh", "-c", "cat > /dev/null; echo '{\\"mood\\":\\"good\\"}'"]
[retry]
attempts = 1
"""
SUITE = """prompts: ["Mood of {{input}}"]
providers: [echo/m]
tests:
  - vars: {input: hello}
    assert: [{type: contains, value: good}]
"""
COMMANDS = [
    ["run", "mood", "-i", "input.txt"],
    ["run", "mood", "-i", "input.txt", "--json", "--fresh"],
    ["batch", "mood", "rows.csv"],
    ["batch", "mood", "rows.csv", "--new", "--out", "report.html", "--junit", "junit.xml"],
    ["batch", "mood", "rows.jsonl", "--json"],
    ["batch", "-c", "suite.yaml"],
    ["history"], ["history", "--json", "--all"], ["history", "good"], ["quality"], ["quality", "--json"],
    ["score", "mood"], ["prompts"], ["prompts", "versions", "mood"], ["prompts", "show", "mood"],
    ["prompts", "export", "mood"], ["prompts", "import", "suite.yaml"], ["models"], ["doctor"], ["paths"], ["keys"],
    ["cache", "stats"], ["cache", "clear"], ["history", "backup", "copy.db"], ["history", "prune", "--older", "1d"],
    ["history", "restore", "good-copy.db"], None, None,
]


def environment(home):
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    env.update({f"RETORT_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")})
    return env


def command(home, words):
    try:
        done = subprocess.run([RETORT, *words], cwd=home / "project", env=environment(home), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    # The report of `doctor` is what it says.
    said = done.stderr + (done.stdout if words == ["doctor"] else b"")
    return done.returncode, said.decode("utf-8", "replace")


def workbench(home):
    """Opens the workbench, runs the prompt, quits; what it drew is given back as text."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(home / "project")
        os.execve(RETORT, [RETORT], environment(home))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    drawn, started, sent = b"", time.monotonic(), 0
    keys = [(0.3, b"\x1b[15~"), (0.7, b"\x03"), (0.8, b"\x03"), (1.2, b"\x03"), (1.3, b"\x03")]
    while time.monotonic() - started < PATIENCE:
        if sent < len(keys) and time.monotonic() - started > keys[sent][0]:
            try:
                os.write(terminal, keys[sent][1])
            except OSError:
                break
            sent += 1
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                got = os.read(terminal, 65536)
            except OSError:
                break
            if not got:
                break
            drawn += got
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
        return None, ""
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    text = re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[ -~])", " ", drawn.decode("utf-8", "replace"))
    return os.waitstatus_to_exitcode(status), text


def good(home):
    """Fills a home with everything retort keeps, and a project."""
    project = home / "project"
    (project / "prompts").mkdir(parents=True)
    (home / "config/prompts").mkdir(parents=True)
    (home / "config/config.toml").write_text(CONFIG)
    (home / "config/prompts/own.toml").write_text(PROMPT)
    (project / "retort.toml").write_text("")
    (project / "prompts/mood.toml").write_text(PROMPT)
    (project / "input.txt").write_text("hello there\n")
    (project / "rows.csv").write_text("input,expected\nhello,\"{\"\"mood\"\":\"\"good\"\"}\"\n\"a, b\",\n")
    (project / "rows.jsonl").write_text('{"input": "hello"}\n{"input": "there"}\n')
    (project / "suite.yaml").write_text(SUITE)
    for words in (["run", "mood", "-i", "input.txt"], ["batch", "mood", "rows.csv"], ["history", "backup", "good-copy.db"]):
        code, err = command(home, words)
        assert code in (0, 100), (words, code, err)
    code, _ = workbench(home)
    assert code == 0, code


def spoil(random, home):
    """Spoils one to three files, and says which and how."""
    files = sorted(path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    said = []
    for path in random.sample(files, random.choice([1, 1, 2, 3])):
        data = bytearray(path.read_bytes())
        way = random.choice(["truncate", "empty", "flip", "insert", "swap", "random", "remove", "folder", "double", "link", "nul"])
        if way == "truncate":
            data = data[:random.randrange(len(data) + 1)]
        elif way == "empty":
            data = bytearray()
        elif way == "flip":
            for _ in range(random.choice([1, 8, 200])):
                if data:
                    data[random.randrange(len(data))] = random.randrange(256)
        elif way == "insert":
            at = random.randrange(len(data) + 1)
            data[at:at] = random.choice([b"\x00", b"\xff\xfe", b"\n", b"[[", b"\x1b]0;t\x07", b'"', b"{{", os.urandom(64)])
        elif way == "swap":
            other = random.choice(files)
            if other.is_file():
                data, mine = bytearray(other.read_bytes()), data
                other.write_bytes(mine)
        elif way == "random":
            data = bytearray(random.randbytes(random.choice([1, 100, 5000])))
        elif way == "double":
            data = data * 2
        elif way == "nul":
            data = bytearray(len(data))
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        if way in ("remove", "folder", "link"):
            path.unlink()
            if way == "folder":
                path.mkdir()
            elif way == "link":
                path.symlink_to(path.name)
        else:
            path.write_bytes(data)
            path.chmod(mode)
        said.append(f"{way} {path.relative_to(home)}")
    return said


def runs_of(path):
    """The ids of the runs in a record; none where it cannot be read."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return {row[0] for row in db.execute("SELECT id FROM runs")}
    except (sqlite3.Error, UnicodeDecodeError):
        return None


def lost(home, before, runs):
    """Says what of the record is gone, if anything."""
    kept = [path for path in (home / "data").rglob("*") if path.is_file() and ".db" in path.name]
    kept += [path for path in (home / "project").glob("*.db*") if path.is_file()]
    if runs is None:
        # It could not be read before: its bytes are somewhere.
        if before and not any(before[:4096] in path.read_bytes() for path in kept):
            return "the bytes of a broken record are gone"
        return None
    now = set().union(*(runs_of(path) or set() for path in kept))
    return f"{len(runs - now)} runs of the record are gone" if runs - now else None


def shape(text):
    """A message without what differs from run to run."""
    return re.sub(r"\d+", "N", re.sub(r"/\S*?/(config|data|cache|state|project)", r"\1", text)).strip()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    messages, codes, faults = Counter(), Counter(), []
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "good"
        base.mkdir()
        good(base)
        for turn in range(seed, seed + count):
            chance = random.Random(turn)
            home = Path(name) / f"home{turn}"
            shutil.copytree(base, home, symlinks=True)
            said = spoil(chance, home)
            record = home / "data/retort.db"
            before = record.read_bytes() if record.is_file() else b""
            runs = runs_of(record) if record.is_file() else None
            words = chance.choice(COMMANDS)
            code, err = command(home, words) if words else workbench(home)
            codes[code] += 1
            fault = None
            if code is None:
                fault = "it did not end"
            elif "panicked" in err or "a defect in retort" in err or list((home / "state").glob("crash*")):
                fault = f"it panicked: {err[-600:]}"
            elif code not in CODES:
                fault = f"exit {code}: {err[-300:]}"
            elif code in (1, 2) and words and len(err.strip()) < 20:
                fault = f"exit {code} without a word: {err!r}"
            elif words != ["history", "prune", "--older", "1d"]:
                fault = lost(home, before, runs)
            if fault:
                faults.append(f"{turn}: {words or 'the workbench'} after {said}: {fault}")
                print(faults[-1], flush=True)
            if words and code in (1, 2):
                messages[shape(err.splitlines()[0] if err else "")] += 1
            shutil.rmtree(home, ignore_errors=True)
    print(f"{count} runs; exit codes {dict(codes)}; {len(faults)} faults")
    if os.environ.get("MESSAGES"):
        for message, times in messages.most_common():
            print(f"{times:4} {message}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
