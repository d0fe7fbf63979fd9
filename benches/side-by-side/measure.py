"""Runs each program on the same server and writes what it took, as a page in Markdown: `measure.py DIR`."""

import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

TOOLS = pathlib.Path(sys.argv[1]).resolve()
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RETORT = ROOT / "target/release/retort"
QUESTION = "Count to twelve."
WORK = pathlib.Path(tempfile.mkdtemp(prefix="side-by-side-"))

ASK = """
import sys
from openai import OpenAI
stream = OpenAI().chat.completions.create(model="gpt-4o-mini", stream=True, temperature=0.3,
    messages=[{"role": "user", "content": sys.argv[1]}])
for chunk in stream:
    if chunk.choices:
        sys.stdout.write(chunk.choices[0].delta.content or "")
"""
ROWS = """
import asyncio, sys
from openai import AsyncOpenAI
async def main():
    client, gate, rows = AsyncOpenAI(), asyncio.Semaphore(64), open(sys.argv[1]).read().splitlines()
    async def one(row):
        async with gate:
            await client.chat.completions.create(model="gpt-4o-mini", temperature=0.3, messages=[{"role": "user", "content": row}])
    await asyncio.gather(*map(one, rows))
asyncio.run(main())
"""


def environment(port):
    base = f"http://127.0.0.1:{port}/v1"
    own = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": base, "OPENAI_API_BASE": base, "HOME": str(WORK), "PATH": os.environ["PATH"],
           "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_SELF_HOSTED": "1",
           "LLM_USER_PATH": str(WORK / "llm"), "AICHAT_CONFIG_DIR": str(WORK / "aichat"),
           "AICHAT_PLATFORM": "openai"}
    own |= {f"RETORT_{name}_DIR": str(WORK / f"retort-{name.lower()}") for name in ["CONFIG", "DATA", "CACHE", "STATE"]}
    return own


def measured(command, port, turns):
    """Runs a command some times; returns the medians of its wall and processor seconds, and its most memory in MB."""
    times = []
    for _ in range(turns):
        begun = time.perf_counter()
        process = subprocess.Popen(command, env=environment(port), cwd=WORK, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        err = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{command[0]} ended with {status}: {err.decode(errors='replace')[-500:]}")
        times.append((time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
    return [statistics.median(column) for column in zip(*times)]


def start(latency):
    port = 18400 + latency
    server = subprocess.Popen([sys.executable, HERE / "server.py", str(port), str(latency)])
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models").read()
            return server, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def version(command):
    out = subprocess.run(command, env=environment(1), cwd=WORK, capture_output=True, text=True)
    return (re.search(r"\d+\.\d+[.\w]*", out.stdout + out.stderr) or ["?"])[0]


def curl(text, port):
    body = json.dumps({"model": "gpt-4o-mini", "stream": True, "temperature": 0.3, "messages": [{"role": "user", "content": text}]})
    return ["curl", "-sN", f"http://127.0.0.1:{port}/v1/chat/completions", "-H", "content-type: application/json", "-d", body]


def memory(figure, least):
    """Writes megabytes; a program counts what this one held when it started it, so that less than that is not seen."""
    return f"{figure:.0f} MB" if figure > least + 1 else f"under {least + 1:.0f} MB"


def table(title, note, rows, least):
    lines = [f"## {title}", "", note, "", "| program | time | processor time | memory |", "|---|---|---|---|"]
    for name, figures in rows:
        cells = ["not installed", "", ""]
        if figures:
            cells = [f"{figures[0]:.3f} s", f"{figures[1]:.3f} s", memory(figures[2], least)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    python, llm, promptfoo = TOOLS / "venv/bin/python", TOOLS / "venv/bin/llm", TOOLS / "node_modules/.bin/promptfoo"
    aichat = shutil.which("aichat")
    config = WORK / "retort-config"
    (config / "prompts").mkdir(parents=True)
    (config / "prompts/count.toml").write_text('user = "{{ input }}"\n')
    for name, text in [("short", QUESTION), ("long", "long")]:
        (WORK / name).write_text(text)
    (WORK / "rows.csv").write_text("input\n" + "".join(f"message {number}\n" for number in range(1000)))
    (WORK / "rows.txt").write_text("".join(f"message {number}\n" for number in range(1000)))
    (WORK / "promptfoo.json").write_text(json.dumps({
        "prompts": ["{{input}}"], "providers": [{"id": "openai:chat:gpt-4o-mini", "config": {"temperature": 0.3}}],
        "tests": "rows.csv"}))
    versions = {"retort": version([RETORT, "--version"]), "curl": version(["curl", "--version"])}
    installed = {"openai": python, "llm": llm, "promptfoo": promptfoo}
    for name, path in installed.items():
        if path.exists():
            asks = [python, "-c", "import openai; print(openai.__version__)"] if name == "openai" else [path, "--version"]
            versions[name] = version(asks)
    if aichat:
        versions["aichat"] = version([aichat, "--version"])
    only = lambda path, command, port, turns: measured(command, port, turns) if path and pathlib.Path(path).exists() else None

    pages, least = [], measured(["true"], 1, 3)[2]
    server, port = start(0)
    try:
        for title, text, turns in [("One question", QUESTION, 15), ("50,000 streamed tokens", "long", 5)]:
            run = [RETORT, "run", "count", "-m", "gpt-4o-mini", "-i", "short" if text == QUESTION else "long", "--fresh"]
            measured(run, port, 2)
            rows = [("retort run", measured(run, port, turns)), ("curl", measured(curl(text, port), port, turns))]
            rows.append(("openai (Python)", only(python, [python, "-c", ASK, text], port, turns)))
            rows.append(("llm", only(llm, [llm, "-m", "gpt-4o-mini", text], port, min(turns, 5))))
            rows.append(("aichat", only(aichat, [aichat, "-m", "openai:gpt-4o-mini", text], port, turns)))
            note = "With the cache and the record of runs on, the answer asked for anew." if text == QUESTION else \
                "As fast as they can be taken."
            pages.append(table(title, note, rows, least))
        batch = [RETORT, "batch", "count", "rows.csv", "-m", "gpt-4o-mini", "-j", "64"]
        rows = [("retort batch, new answers", measured([*batch, "--fresh"], port, 3)), ("retort batch, from the cache", measured(batch, port, 3))]
        pages.append(table("1,000 rows on a server that answers at once", "64 at a time.", rows, least))
    finally:
        server.kill()
    server, port = start(50)
    try:
        rows = [("retort batch", measured([*batch, "--fresh"], port, 3)),
                ("openai (Python), no checks, no record", only(python, [python, "-c", ROWS, "rows.txt"], port, 3)),
                ("promptfoo eval", only(promptfoo, [promptfoo, "eval", "-c", "promptfoo.json", "-j", "64", "--no-cache", "--no-table"], port, 1))]
        pages.append(table("1,000 rows on a server that takes 50 ms", "64 at a time; 0.78 s at least.", rows, least))
    finally:
        server.kill()
        shutil.rmtree(WORK, ignore_errors=True)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    size = RETORT.stat().st_size
    said = ", ".join(f"{name} {number}" for name, number in versions.items())
    print("# Speed, side by side\n")
    print("Every program asks the same server on the same machine; medians. `benches/side-by-side.sh` makes this page.\n")
    print(f"Machine: {os.cpu_count()} cores of {cpu}, {platform.system()}. Versions: {said}.")
    print(f"The release binary of retort is {size / 2**20:.1f} MiB.\n")
    print("\n".join(pages), end="")


main()
