#!/bin/sh
# Writes inputs that would take much if nothing bounded what is read, into a directory: intake.sh DIR
set -eu
dir=${1:?a directory}
mkdir -p "$dir"
cp "$(dirname "$0")/laughs7.yaml" "$dir/laughs7.yaml"
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "c%d,", i; print "z"; for (i = 0; i < 100000; i++) printf ","; print "" }' > "$dir/wide.csv"
awk 'BEGIN { print "input"; for (i = 0; i < 1000000; i++) printf ","; print "" }' > "$dir/long_row.csv"
{ printf 'input\n"'; yes a | head -c 20000000; } > "$dir/open_quote.csv"
{ printf '{"input":'; yes '[' | tr -d '\n' | head -c 1000000; echo; } > "$dir/deep.jsonl"
{ printf '{"input":[1'; yes ',1' | tr -d '\n' | head -c 4000000; echo ']}'; } > "$dir/many.jsonl"
{ printf -- '- input: '; yes '[' | tr -d '\n' | head -c 1000000; echo; } > "$dir/deep.yaml"
