#!/usr/bin/env bash
# retort beside other programs on one server of this machine: `benches/side-by-side.sh [DIR]`.
#
# Writes a page of tables with the machine and every version in it. DIR holds a Python environment `venv` with `openai` and
# `llm`, and `node_modules` with `promptfoo`; `benches/side-by-side.sh --setup DIR` installs them. What is not installed is named
# as such. Nothing leaves the machine while it measures.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --setup ]; then
    dir=${2:?say where to install}
    mkdir -p "$dir"
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet openai llm
    npm install --silent --prefix "$dir" promptfoo
    exit
fi
cargo build --release --locked --quiet
exec python3 benches/side-by-side/measure.py "${1:-target/side-by-side}"
