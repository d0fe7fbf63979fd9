#!/usr/bin/env bash
# Runs libraries of others through `retort serve`, in front of a server on loopback that plays both APIs: OpenAI's and
# Anthropic's, LangChain, `llm` and aider for Python, and where there is a Node, openai-node, Anthropic's and the Vercel AI
# SDK.
#
#   tests/third-party/serve.sh DIR
#
# It needs Python 3 with venv, and the network once: the libraries are installed into DIR from their registries.
# The program is that of RETORT, or target/debug/retort. It prints a line for each check, and fails if one does.
set -euo pipefail

cd "$(dirname "$0")/../.."
dir=${1:?usage: tests/third-party/serve.sh DIR}
mkdir -p "$dir"
if [ ! -x "$dir/venv/bin/python" ] || ! "$dir/venv/bin/python" -c 'import openai, anthropic, langchain_openai, llm' 2>/dev/null; then
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet openai anthropic langchain-openai llm >&2
fi
# It asks for versions of its own.
if [ ! -x "$dir/aider/bin/aider" ]; then
    python3 -m venv "$dir/aider"
    "$dir/aider/bin/pip" install --quiet aider-chat >&2
fi
AIDER=$(realpath "$dir/aider/bin/aider")
export AIDER
if command -v npm >/dev/null; then
    if [ ! -d "$dir/node_modules/ai" ]; then
        (cd "$dir" && npm init -y >/dev/null && npm install --silent --no-fund --no-audit \
            openai @anthropic-ai/sdk ai @ai-sdk/openai-compatible >&2)
    fi
    cp tests/third-party/serve.mjs "$dir/serve.mjs"
    NODE_FOLDER=$(realpath "$dir")
    export NODE_FOLDER
fi
RETORT=${RETORT:-$PWD/target/debug/retort} exec "$dir/venv/bin/python" tests/third-party/serve.py
