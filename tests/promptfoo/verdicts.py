#!/usr/bin/env python3
"""Sums up what `promptfoo eval -o out.json` found, one line a test: its answer, its assertions, whether
it passed, its score, and whether each assertion passed. An error is neither: its `pass` is null.
"""

import json
import sys

out = json.load(open(sys.argv[1]))
# promptfoo writes variables that are JSON anew, in its own record too; the config has them as they are sent
sent = {test["description"]: test["vars"] for test in json.load(open(sys.argv[2]))["tests"]}
lines = []
for result in out["results"]["results"]:
    test = result["testCase"]
    grading = result.get("gradingResult") or {}
    parts = grading.get("componentResults") or []
    failed = bool(result.get("error")) and not parts and test.get("assert")
    line = {
        "description": test.get("description", ""),
        "vars": sent.get(test.get("description"), result.get("vars")),
        "assert": test.get("assert", []),
        **({"threshold": test["threshold"]} if test.get("threshold") is not None else {}),
        "pass": None if failed else result["success"],
        "score": result.get("score"),
        "each": [part["pass"] for part in parts],
        **({"error": str(result["error"]).split("\n")[0]} if failed else {}),
    }
    lines.append((result.get("testIdx", 0), json.dumps(line, ensure_ascii=False)))
lines.sort(key=lambda pair: pair[0])
print("[\n" + ",\n".join(line for _, line in lines) + "\n]")
