#!/usr/bin/env bash
# Runs one config through promptfoo and through retort, against the same scripted endpoint, and compares
# what passed, test by test. Needs node, python3 and promptfoo:
#
#   npm install --prefix DIR promptfoo@0.121.20
#   PROMPTFOO=DIR/node_modules/.bin/promptfoo RETORT=target/debug/retort tests/promptfoo/compare.sh
#
# With RECORD=FILE what promptfoo says is written there, and retort is not run.
set -euo pipefail
for program in node python3 "${PROMPTFOO:-promptfoo}"; do
    command -v "$program" >/dev/null || { echo "there is no $program" >&2; exit 1; }
done
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
python3 "$here/verdicts.py" "$work/out.json" "$work/promptfooconfig.json" >"$work/verdicts.json"
if [ -n "${RECORD:-}" ]; then
    cp "$work/verdicts.json" "$RECORD"
    exit 0
fi
export RETORT_CONFIG_DIR="$work/config" RETORT_DATA_DIR="$work/data" RETORT_CACHE_DIR="$work/cache" RETORT_STATE_DIR="$work/state"
# contains without a text is an error there and a mistake in the config here: it is left to promptfoo
python3 - "$work/promptfooconfig.json" "$work/verdicts.json" <<'P'
import json, sys
config, theirs = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
refused = {one["description"] for one in theirs if one["pass"] is None}
for test in config["tests"]:
    if test["description"] in refused:
        print(f"promptfoo could not judge {test['description']}")
config["tests"] = [test for test in config["tests"] if test["description"] not in refused]
json.dump(config, open(sys.argv[1], "w"))
P
"${RETORT:-retort}" batch -c "$work/promptfooconfig.json" --trust --no-cache --json >"$work/retort.jsonl" 2>"$work/retort.log" \
    || [ $? -eq 100 ] || { cat "$work/retort.log"; exit 1; }
python3 - "$work/verdicts.json" "$work/retort.jsonl" <<'P'
import json, sys
# on purpose: JSON that is broken is not mended
OTHERWISE = {("contains-json", "{broken"), ("contains-json", "a {b} c")}
theirs = json.load(open(sys.argv[1]))
cells = [json.loads(line) for line in open(sys.argv[2])]
ours = {cell["description"]: cell for cell in cells if cell["event"] == "cell"}
other = known = compared = 0
for their in theirs:
    if their["pass"] is None:
        continue
    compared += 1
    cell = ours.get(their["description"], {"standing": "not run"})
    if cell["standing"] == ("passed" if their["pass"] else "failed"):
        continue
    first = (their["assert"] or [{"type": ""}])[0]["type"].removeprefix("not-")
    if (first, their["vars"]["answer"]) in OTHERWISE:
        known += 1
        continue
    other += 1
    print(f"promptfoo {their['pass']}, retort {cell['standing']} ({cell.get('why')}): {their['description']}")
print(f"{compared} tests compared: {compared - known - other} alike, {known} otherwise on purpose, {other} otherwise")
sys.exit(1 if other or not compared else 0)
P
