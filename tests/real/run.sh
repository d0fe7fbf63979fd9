#!/usr/bin/env bash
# Runs the end-to-end tests against a real llama.cpp server with a real model, on loopback.
#
#   tests/real/run.sh [ARGUMENT of the test binary]...
#
# It needs Python 3 with venv, and the network once, for the server and the model (about 250 MB, see
# setup.sh). They are kept in target/real, or in the directory that RETORT_REAL_DIR names. Three servers
# are started on free ports: one without and one with an API key, and one whose chat template knows tools;
# a test starts a fourth to meet it while it loads its model. All are stopped at the end. The tests are those
# of tests/suite/real.rs; without this script they are ignored.
set -euo pipefail

cd "$(dirname "$0")/../.."
dir=${RETORT_REAL_DIR:-target/real}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
model=$(tests/real/setup.sh "$dir")
key=sk-real-test-$RANDOM$RANDOM
logs=$(mktemp -d)
servers=()

stop() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    wait
    rm -rf "$logs"
}
trap stop EXIT

# Active spinning makes a model ten times slower on a busy machine.
export OMP_WAIT_POLICY=passive
serve=("$dir/venv/bin/python" "$PWD/tests/real/serve.py" "$model")

# start NAME [OPTION]...: starts a server and prints nothing; its address is the first line of $logs/NAME.
start() {
    "${serve[@]}" "${@:2}" >"$logs/$1" 2>"$logs/$1.err" &
    servers+=($!)
}

# ready NAME: waits for a server's model, and prints the server's address.
ready() {
    local address
    for _ in $(seq 300); do
        address=$(head -n 1 "$logs/$1")
        if [ -n "$address" ] && python3 - "$address/health" 2>/dev/null <<'PYTHON'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5)
PYTHON
        then
            echo "$address"
            return
        fi
        sleep 0.2
    done
    echo "the server does not start; it said:" >&2
    cat "$logs/$1.err" >&2
    return 1
}

start open
start locked --api-key "$key"
start tools --template "$PWD/tests/real/tools.jinja"
RETORT_REAL_SERVER=$(ready open)
RETORT_REAL_LOCKED=$(ready locked)
RETORT_REAL_TOOLS=$(ready tools)
RETORT_REAL_KEY=$key
RETORT_REAL_START=$(printf '%s\n' "${serve[@]}")
# Two names of one server, unless the caller has two models to compare.
RETORT_REAL_PAIR=${RETORT_REAL_PAIR:-"smollm2-135m=$RETORT_REAL_SERVER smollm2-again=$RETORT_REAL_SERVER"}
export RETORT_REAL_PAIR RETORT_REAL_SERVER RETORT_REAL_TOOLS RETORT_REAL_LOCKED RETORT_REAL_KEY RETORT_REAL_START

# One at a time: a test that looks whether the server is idle must be its only guest.
cargo test --locked --test suite real:: -- --ignored --skip real::walk --nocapture --test-threads 1 "$@"
