#!/usr/bin/env bash
# Runs OpenAI's and Anthropic's Python libraries through `retort serve`, in front of a server on loopback that plays both
# APIs.
#
#   tests/third-party/serve.sh DIR
#
# It needs Python 3 with venv, and the network once: the libraries are installed into DIR from the Python package index.
# The program is that of RETORT, or target/debug/retort. It prints a line for each check, and fails if one does.
set -euo pipefail

cd "$(dirname "$0")/../.."
dir=${1:?usage: tests/third-party/serve.sh DIR}
mkdir -p "$dir"
if [ ! -x "$dir/venv/bin/python" ] || ! "$dir/venv/bin/python" -c 'import openai, anthropic' 2>/dev/null; then
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet openai anthropic >&2
fi
RETORT=${RETORT:-$PWD/target/debug/retort} exec "$dir/venv/bin/python" tests/third-party/serve.py
