#!/usr/bin/env bash
# Runs one config through promptfoo and through retort, against the same scripted endpoint, and compares
# what passed, test by test. Needs node, python3 and promptfoo:
#
#   npm install --prefix DIR promptfoo@0.121.20
#   PROMPTFOO=DIR/node_modules/.bin/promptfoo RETORT=target/debug/retort tests/promptfoo/compare.sh
#
# With RECORD=FILE what promptfoo says is written there, and retort is not run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
python3 "$here/server.py" >"$work/port" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
until [ -s "$work/port" ]; do sleep 0.05; done
python3 "$here/cases.py" "$(cat "$work/port")" >"$work/promptfooconfig.json"
export PROMPTFOO_DISABLE_TELEMETRY=1 PROMPTFOO_DISABLE_UPDATE=1 PROMPTFOO_DISABLE_REMOTE_GENERATION=1
export PROMPTFOO_CONFIG_DIR="$work/promptfoo" OPENAI_API_KEY=none
# promptfoo ends with 100 where a test failed, as many here do
"${PROMPTFOO:-promptfoo}" eval -c "$work/promptfooconfig.json" -o "$work/out.json" --no-cache --no-progress-bar \
    --no-table >"$work/log" 2>&1 || [ $? -eq 100 ] || { cat "$work/log"; exit 1; }
python3 "$here/verdicts.py" "$work/out.json" >"$work/verdicts.json"
if [ -n "${RECORD:-}" ]; then
    cp "$work/verdicts.json" "$RECORD"
    exit 0
fi
export RETORT_CONFIG_DIR="$work/config" RETORT_DATA_DIR="$work/data" RETORT_CACHE_DIR="$work/cache" RETORT_STATE_DIR="$work/state"
"${RETORT:-retort}" batch -c "$work/promptfooconfig.json" --json >"$work/retort.jsonl" || [ $? -eq 100 ]
python3 - "$work/verdicts.json" "$work/retort.jsonl" <<'P'
import json, sys
theirs = json.load(open(sys.argv[1]))
ours = {}
for line in open(sys.argv[2]):
    event = json.loads(line)
    cell = event.get("cell", event)
    if isinstance(cell, dict) and "place" in cell:
        ours[cell["place"]["row"]] = cell.get("passed")
other = 0
for row, their in enumerate(theirs, 1):
    our = ours.get(row, "not run")
    if their["assert"] and their["pass"] is not None and our is not their["pass"]:
        other += 1
        print(f"row {row}: promptfoo {their['pass']}, retort {our}: {their['description']}")
print(f"{len(theirs)} tests, {other} judged otherwise")
sys.exit(1 if other else 0)
P
