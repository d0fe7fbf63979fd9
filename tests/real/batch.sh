#!/usr/bin/env bash
# Runs forty rows of a real data set through a real llama.cpp server, held to a JSON Schema, and writes a report and
# a JUnit file: the example of the README.
#
#   tests/real/batch.sh OUT [OPTION of retort batch]...
#
# It needs what tests/real/setup.sh needs. The server is on loopback and is stopped at the end; the record of runs is
# in OUT.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:?usage: tests/real/batch.sh OUT [OPTION]...}
mkdir -p "$out"
out=$(cd "$out" && pwd)
dir=${RETORT_REAL_DIR:-$root/target/real}
model=$("$root/tests/real/setup.sh" "$dir")

OMP_WAIT_POLICY=passive "$dir/venv/bin/python" "$root/tests/real/serve.py" "$model" --slots 2 >"$out/server" 2>"$out/server.err" &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 300); do
    address=$(head -n 1 "$out/server")
    if [ -n "$address" ] && python3 -c "import urllib.request; urllib.request.urlopen('$address/health', timeout=5)" 2>/dev/null; then
        break
    fi
    sleep 0.2
done

export RETORT_CONFIG_DIR=$out/config RETORT_DATA_DIR=$out/data RETORT_CACHE_DIR=$out/cache RETORT_STATE_DIR=$out/state
mkdir -p "$RETORT_CONFIG_DIR"
cat >"$RETORT_CONFIG_DIR/config.toml" <<TOML
[providers.here]
kind = "openai"
base_url = "$address/v1"
[models.smollm2-135m]
provider = "here"
model = "smollm2-135m"
input_price = 0
output_price = 0
TOML
retort=${RETORT:-cargo run --quiet --manifest-path $root/Cargo.toml --}
$retort batch "$root/tests/fixtures/reviews/reviews.toml" "$root/tests/fixtures/reviews/reviews.csv" --only 1-40 \
    -m smollm2-135m -j 2 --junit "$out/junit.xml" --out "$out/report.html" "${@:2}"
