#!/usr/bin/env bash
# The way of a prompt from a program and back, as docs/round-trip.md tells it: a program's traffic through `retort serve` → rows →
# a batch → its verdict → the prompt, exported as a program. Everything runs on this machine with the demonstration's model.
#
#   tests/third-party/round-trip.sh DIR     # DIR is made and written into; RETORT names the program
set -euo pipefail
dir=${1:?a folder to work in}
retort=$(command -v "${RETORT:-target/debug/retort}")
retort=$(realpath "$retort")
mkdir -p "$dir"/{config/prompts,data,cache,state,work}
dir=$(realpath "$dir")
export RETORT_CONFIG_DIR=$dir/config RETORT_DATA_DIR=$dir/data RETORT_CACHE_DIR=$dir/cache RETORT_STATE_DIR=$dir/state
export RETORT_SERVE_TOKEN=round-trip-token-0123456789
cd "$dir/work"
fail() { echo "FAIL: $*" >&2; exit 1; }

{ echo 'targets = ["demo"]'; "$retort" prompts show sentiment | grep -v "^targets"; } > "$dir/config/prompts/mood.toml"
"$retort" serve --port 0 --json > serve.out 2> serve.err &
serve=$!
trap 'kill "$serve" 2> /dev/null || true' EXIT
for _ in $(seq 100); do [ -s serve.out ] && break; sleep 0.1; done
url=$(python3 -c 'import json; print(json.loads(open("serve.out").readline())["url"])')

echo "1. A program asks for the prompt by its name."
python3 - "$url" <<'PY'
import json, os, sys, urllib.request
for text in ["The parcel never came.", "What a lovely shop!", "It arrived on Tuesday.", "Two of the three cups were broken."]:
    body = {"model": "prompt:mood", "messages": [{"role": "user", "content": text}]}
    asked = urllib.request.Request(sys.argv[1] + "/v1/chat/completions", data=json.dumps(body).encode(),
        headers={"authorization": "Bearer " + os.environ["RETORT_SERVE_TOKEN"], "content-type": "application/json"})
    with urllib.request.urlopen(asked) as response:
        print("  ", json.load(response)["choices"][0]["message"]["content"].replace("\n", " ")[:70])
PY
kill "$serve"; wait "$serve" || true; trap - EXIT

echo "2. What it asked becomes rows."
"$retort" rows from-history session:serve --out calls.jsonl > /dev/null
rows=$(wc -l < calls.jsonl)
[ "$rows" -eq 4 ] || fail "there are $rows rows: $(cat calls.jsonl)"
head -1 calls.jsonl

echo "3. The rows are asked of two models, and the verdict says which is better."
code=0
"$retort" batch mood calls.jsonl -m demo -m demo:weak --out results.jsonl 2> batch.err > batch.out || code=$?
[ "$code" -eq 0 ] || [ "$code" -eq 100 ] || fail "the batch ended with $code: $(cat batch.err)"
grep -h "^A mood on demo, B mood on demo:weak:" batch.out batch.err || fail "no verdict: $(cat batch.out batch.err)"

echo "4. The prompt is named, and exported as the program's own."
"$retort" prompts name mood 1 production
"$retort" prompts export mood --as json > mood.json
python3 -c 'import json; p = json.load(open("mood.json")); print("  ", p["name"], p["version"][:7], p["variables"])'
OPENAI_API_KEY=none "$retort" prompts export mood --as python -m gpt-4o-mini > mood.py
python3 -c 'import mood; body = mood.request("The parcel never came."); print("  ", body["model"], body["messages"][-1])'
echo "done"
