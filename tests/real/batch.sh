#!/usr/bin/env bash
# Runs forty rows of a real data set through a real llama.cpp server, held to a JSON Schema, and writes a report and
# a JUnit file: the example of docs/batch.md.
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
. "$root/tests/real/here.sh"
retort=${RETORT:-cargo run --quiet --manifest-path $root/Cargo.toml --}
$retort batch "$root/tests/fixtures/reviews/reviews.toml" "$root/tests/fixtures/reviews/reviews.csv" --only 1-40 \
    -m smollm2-135m -j 2 --junit "$out/junit.xml" --out "$out/report.html" "${@:2}"
