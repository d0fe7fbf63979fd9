#!/usr/bin/env bash
# Reads what retort tells a collector with OpenTelemetry's own classes, and shows it to Phoenix.
#
#   tests/third-party/telemetry.sh DIR
#
# It needs Python 3 with venv, and the network once: opentelemetry-proto and Phoenix are installed into DIR from the Python package
# index. WITHOUT_PHOENIX=1 does without the second, which is large. The program is that of RETORT, or target/debug/retort.
set -euo pipefail

cd "$(dirname "$0")/../.."
dir=${1:?usage: tests/third-party/telemetry.sh DIR}
mkdir -p "$dir"
packages=(opentelemetry-proto)
[ -n "${WITHOUT_PHOENIX:-}" ] || packages+=(arize-phoenix)
if [ ! -x "$dir/venv/bin/python" ]; then
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet "${packages[@]}" >&2
fi
export RETORT=${RETORT:-$PWD/target/debug/retort}
phoenix=()
if [ -z "${WITHOUT_PHOENIX:-}" ]; then
    port=$("$dir/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    grpc=$("$dir/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    PHOENIX_WORKING_DIR=$(mktemp -d "$dir/phoenix.XXXX") PHOENIX_HOST=127.0.0.1 PHOENIX_PORT=$port PHOENIX_GRPC_PORT=$grpc \
        PHOENIX_TELEMETRY_ENABLED=false "$dir/venv/bin/phoenix" serve > "$dir/phoenix.log" 2>&1 &
    trap 'kill $!' EXIT
    for _ in $(seq 240); do curl -sf "http://127.0.0.1:$port/healthz" > /dev/null && break; sleep 0.5; done
    phoenix=("http://127.0.0.1:$port")
fi
"$dir/venv/bin/python" tests/third-party/telemetry.py "${phoenix[@]}"
