#!/usr/bin/env bash
# Says how many of promptfoo's configs under a folder can run here: as they are, and with their providers replaced by
# the demo's. Nothing is sent: each is read, settled and counted by a dry run, with a key in the environment for every
# vendor. What was refused follows, by how many configs it stopped.
#
#   git clone --depth 1 https://github.com/promptfoo/promptfoo DIR
#   RETORT=target/debug/retort tests/promptfoo/share.sh DIR/examples [REPORT]
#
# REPORT receives a line for each config and way: `as it is`, the exit status, the file, and what was refused.
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: $0 DIR [REPORT]" >&2; exit 2; }
here=$(cd "$(dirname "$0")/../.." && pwd)
retort=$(realpath "${RETORT:-$here/target/debug/retort}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report=${2:-$work/report}
: >"$report"

# every variable of the vendor table, none of them a key
keys=$(grep -h '^key_env' "$here/assets/vendors.toml" | grep -o '"[A-Z0-9_]*"' | tr -d '"' | sort -u)
environment=(PATH="$PATH" HOME="$work" RETORT_CONFIG_DIR="$work/config" RETORT_DATA_DIR="$work/data"
    RETORT_CACHE_DIR="$work/cache" RETORT_STATE_DIR="$work/state"
    AZURE_OPENAI_ENDPOINT=https://example.openai.azure.com)
for key in $keys; do environment+=("$key=no-key"); done

one() {
    local name=$1 config=$2 code=0
    shift 2
    (cd "$(dirname "$config")" && env -i "${environment[@]}" timeout 60 "$retort" batch -c "$(basename "$config")" \
        --dry-run --trust "$@") >"$work/out" 2>"$work/err" </dev/null || code=$?
    printf '%s\t%s\t%s\t%s\n' "$name" "$code" "${config#"$dir"/}" \
        "$([ "$code" -eq 0 ] || grep -m 1 '^retort: ' "$work/err" || head -n 1 "$work/err")" >>"$report"
}

dir=$(realpath "$1")
while IFS= read -r config; do
    one 'as it is' "$config"
    one 'swapped' "$config" -m demo
done < <(find "$dir" -regextype posix-extended -regex '.*/promptfooconfig[^/]*\.(ya?ml|json)' | sort)

for name in 'as it is' 'swapped'; do
    awk -F '\t' -v name="$name" '$1 == name { all++; if ($2 == 0) ran++ }
        END { printf "%s: %d of %d run (%.0f %%)\n", name, ran, all, all ? 100 * ran / all : 0 }' "$report"
done
for name in 'as it is' 'swapped'; do
    echo
    echo "refused, $name:"
    awk -F '\t' -v name="$name" '$1 == name && $2 != 0 { print $4 }' "$report" |
        sed -E 's/^retort: [^ ]+:[0-9]+: //; s/[^ "]*\/[^ ,;":]*/PATH/g; s/"[^"]*"/"…"/g' | sort | uniq -c | sort -rn | head -n 40
done
