#!/usr/bin/env bash
# Runs retort against servers of others on loopback: aimock, which plays the APIs of OpenAI, Anthropic, Google and
# Ollama, LiteLLM's proxy in front of it, and the MCP server `@modelcontextprotocol/server-everything` over stdio.
#
#   tests/third-party/run.sh DIR [ARGUMENT of the test binary]...
#
# It needs Python 3 with venv, Node.js with npm, and the network once: the servers are installed into DIR from the
# package indexes and kept there. They are started on free ports and stopped at the end. Where the MCP server cannot be
# had, its check is skipped by name. The tests are those of
# tests/suite/third_party.rs; without this script they are ignored. It prints a line for each check.
set -euo pipefail

cd "$(dirname "$0")/../.."
here=$PWD/tests/third-party
dir=${1:?usage: tests/third-party/run.sh DIR}
shift
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

if [ ! -d "$dir/aimock/node_modules/@copilotkit/aimock" ]; then
    mkdir -p "$dir/aimock"
    npm install --silent --no-audit --no-fund --prefix "$dir/aimock" @copilotkit/aimock >&2
fi
aimock=$dir/aimock/node_modules/.bin/llmock
if [ ! -x "$dir/venv/bin/litellm" ]; then
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet 'litellm[proxy]' >&2
fi

mcp=$dir/mcp/node_modules/@modelcontextprotocol/server-everything
if [ ! -d "$mcp" ]; then
    mkdir -p "$dir/mcp"
    npm install --silent --no-audit --no-fund --prefix "$dir/mcp" @modelcontextprotocol/server-everything >&2 || true
fi
if [ -d "$mcp" ]; then
    RETORT_MCP="$(command -v node) $mcp/$(node -p "Object.values(require('$mcp/package.json').bin)[0]") stdio"
    export RETORT_MCP
    echo "server-everything $(node -p "require('$mcp/package.json').version")"
else
    echo "skipped: @modelcontextprotocol/server-everything is not installed"
fi

logs=$(mktemp -d)
servers=()
stop() {
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    wait
    rm -rf "$logs"
}
trap stop EXIT

# answers URL LOG: waits until something answers there.
answers() {
    for _ in $(seq 600); do
        if python3 - "$1" 2>/dev/null <<'PYTHON'
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5)
PYTHON
        then return; fi
        sleep 0.2
    done
    echo "the server does not start; it said:" >&2
    cat "$2" >&2
    return 1
}

"$aimock" -p 0 -f "$here/answers.json" --strict >"$logs/aimock" 2>&1 &
servers+=($!)
RETORT_AIMOCK=
for _ in $(seq 100); do
    RETORT_AIMOCK=$(grep -o 'http://127[0-9.:]*' "$logs/aimock" | tail -n 1 || true)
    if [ -n "$RETORT_AIMOCK" ]; then break; fi
    sleep 0.2
done
answers "$RETORT_AIMOCK/health" "$logs/aimock"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
RETORT_GATEWAY=http://127.0.0.1:$port
RETORT_GATEWAY_KEY=sk-third-party-$RANDOM$RANDOM
UPSTREAM=$RETORT_AIMOCK UPSTREAM_V1=$RETORT_AIMOCK/v1 UPSTREAM_V1BETA=$RETORT_AIMOCK/v1beta \
    GATEWAY_KEY=$RETORT_GATEWAY_KEY LITELLM_LOCAL_MODEL_COST_MAP=True \
    "$dir/venv/bin/litellm" --config "$here/gateway.yaml" --host 127.0.0.1 --port "$port" >"$logs/litellm" 2>&1 &
servers+=($!)
answers "$RETORT_GATEWAY/health/liveliness" "$logs/litellm"

echo "aimock $(node -p "require('$dir/aimock/node_modules/@copilotkit/aimock/package.json').version")," \
    "litellm $("$dir/venv/bin/pip" show litellm 2>/dev/null | sed -n 's/^Version: //p')"
export RETORT_AIMOCK RETORT_GATEWAY RETORT_GATEWAY_KEY
cargo test --locked --test suite third_party:: -- --ignored --nocapture --test-threads 1 "$@"
