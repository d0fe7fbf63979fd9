#!/usr/bin/env bash
# Records what a real model answers to the starter prompts, for the demonstration to play.
#
#   tests/real/record-demo.sh BASE_URL MODEL
#
# BASE_URL is any OpenAI-compatible endpoint, for example http://127.0.0.1:8080/v1 of a llama.cpp server
# (setup.sh and serve.py beside this file give one). Start the server afresh, or the time to the first
# token is that of its prompt cache, and leave the machine alone meanwhile. Writes
# assets/demo/PROMPT.jsonl; note model, licence and date in assets/demo/README.md, and run the tests: they
# want complete answers that pass the prompts' own checks.
set -euo pipefail

url=${1:?usage: tests/real/record-demo.sh BASE_URL MODEL}
model=${2:?usage: tests/real/record-demo.sh BASE_URL MODEL}
cd "$(dirname "$0")/../.."
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export RETORT_CONFIG_DIR=$home/config RETORT_DATA_DIR=$home/data
export RETORT_CACHE_DIR=$home/cache RETORT_STATE_DIR=$home/state
mkdir -p "$RETORT_CONFIG_DIR"
cp -r assets/prompts "$RETORT_CONFIG_DIR/prompts"
cat >"$RETORT_CONFIG_DIR/config.toml" <<TOML
[providers.recorded]
kind = "openai"
base_url = "$url"

[models.recorded]
provider = "recorded"
model = "$model"
TOML

cargo build --locked --quiet
for prompt in assets/prompts/*.toml; do
    name=$(basename "$prompt" .toml)
    cargo run --locked --quiet -- run "$name" -i "assets/inputs/$name.txt" -m recorded --json --live >"$home/$name.jsonl"
    mv "$home/$name.jsonl" "assets/demo/$name.jsonl"
    echo "assets/demo/$name.jsonl"
done
