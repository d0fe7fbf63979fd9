#!/usr/bin/env bash
# Says how many of promptfoo's configs under a folder can run here: as they are, and with their providers, and the judges
# that are not reached, replaced by the demo's. Nothing is sent: each is read, settled and counted by a dry run, with a key in the environment for every
# vendor. What was refused follows, by how many configs it stopped. Where Python has PyYAML it says as well how many of
# the assertions of all configs can be judged, and what keeps the others from it.
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
: >"$work/notes"

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
    sed -n "s|^note: .*: \([0-9]* of [0-9]* assertions cannot be judged here\), .*: \(.*\)\$|$name\t${config#"$dir"/}\t\1\t\2|p" \
        "$work/err" >>"$work/notes"
    printf '%s\t%s\t%s\t%s\n' "$name" "$code" "${config#"$dir"/}" \
        "$([ "$code" -eq 0 ] || grep -m 1 '^retort: ' "$work/err" || head -n 1 "$work/err")" >>"$report"
}

dir=$(realpath "$1")
while IFS= read -r config; do
    one 'as it is' "$config"
    one 'swapped' "$config" -m demo --judge demo
done < <(find "$dir" -regextype posix-extended -regex '.*/promptfooconfig[^/]*\.(ya?ml|json)' | sort)

for name in 'as it is' 'swapped'; do
    awk -F '\t' -v name="$name" '$1 == name { all++; if ($2 == 0) ran++ }
        END { printf "%s: %d of %d run (%.0f %%)\n", name, ran, all, all ? 100 * ran / all : 0 }' "$report"
done
if "$here/tests/promptfoo/assertions.py" "$dir" >"$work/assertions" 2>/dev/null; then
    for name in 'as it is' 'swapped'; do
        awk -F '\t' -v name="$name" '
            FILENAME ~ /assertions$/ { of[$2] = $1; all += $1; next }
            $1 != name { next }
            FILENAME ~ /notes$/ { split($3, words, " "); open[$2] = words[1]; next }
            $2 == 0 { read += of[$3]; judged += of[$3] - (open[$3] < of[$3] ? open[$3] : of[$3]) }
            END {
                printf "%s: %d assertions can be judged: %.0f %% of the %d in the configs that run, ", name, judged,
                    read ? 100 * judged / read : 0, read
                printf "%.0f %% of all %d\n", all ? 100 * judged / all : 0, all
            }' "$work/assertions" "$work/notes" "$report"
    done
    echo
    echo "not judged, of the configs that run with -m demo --judge demo:"
    awk -F '\t' '$1 != "swapped" { next } FILENAME ~ /notes$/ { open[$2] = $4; next } $2 == 0 && open[$3] { print open[$3] }' \
        "$work/notes" "$report" | sed 's/, /\n/g' | sed 's/ × /\t/' |
        awk -F '\t' '{ count[$2] += $1 } END { for (name in count) printf "%7d %s\n", count[name], name }' | sort -rn
fi
for name in 'as it is' 'swapped'; do
    echo
    echo "refused, $name:"
    awk -F '\t' -v name="$name" '$1 == name && $2 != 0 { print $4 }' "$report" |
        sed -E 's/^retort: [^ ]+:[0-9]+: //; s/[^ "]*\/[^ ,;":]*/PATH/g; s/"[^"]*"/"…"/g' | sort | uniq -c | sort -rn | head -n 40
done
