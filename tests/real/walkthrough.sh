#!/usr/bin/env bash
# Walks from a first prompt to one that is shown to be better, on a real llama.cpp server: three versions over sixty
# rows with expected values, ten grades, the review, the what-if, the verdict; then the lab: edits that a model proposes,
# the parts that matter, the confidence that is stated, and a baseline.
#
#   tests/real/walkthrough.sh OUT
#   RETORT_REWRITE=1 tests/real/walkthrough.sh OUT
#
# It needs what tests/real/setup.sh needs, and some ten minutes on two cores. Everything it makes is in OUT: the
# record of runs, and page.md with each command and what it wrote. With RETORT_REWRITE=1 the page and the pictures
# of the screens are kept in assets/walkthrough. The server is on loopback and is stopped at the end.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
out=${1:?usage: tests/real/walkthrough.sh OUT}
mkdir -p "$out"
out=$(cd "$out" && pwd)
[ ! -e "$out/data" ] || { echo "$out has a record of runs already; name another directory" >&2; exit 2; }
cargo build --quiet --locked --manifest-path "$root/Cargo.toml"
PATH=${CARGO_TARGET_DIR:-$root/target}/debug:$PATH
. "$root/tests/real/here.sh"
mkdir -p "$RETORT_CONFIG_DIR/prompts"
cd "$out"
cp "$root/tests/fixtures/reviews/reviews.csv" .
page=$out/page.md
: >"$page"

# say: takes prose from standard input.
say() { cat >>"$page"; echo >>"$page"; }

# run COMMAND...: runs it and shows it on the page with what it wrote. A check that failed is no error.
run() { shown 1000 "$@"; }

# shown LINES COMMAND...: the same, but so many of its last lines alone.
shown() {
    local wrote cut=''
    wrote=$("${@:2}" 2>>"$out/progress" | sed '/^$/d') || [ $? = 100 ]
    wrote=${wrote//$out\//}
    [ "$1" = 1000 ] || cut=" | tail -n $1"
    {
        printf '```console\n$ %s%s\n' "$(quoted "${@:2}")" "$cut"
        [ -z "$wrote" ] || tail -n "$1" <<<"$wrote"
        printf '```\n\n'
    } >>"$page"
}

# quoted WORD...: prints a command as one types it.
quoted() {
    local word line=()
    for word; do
        case $word in *[!A-Za-z0-9_.,:/=@%+-]*) line+=("'$word'") ;; *) line+=("$word") ;; esac
    done
    echo "${line[*]}"
}

# version N LINES: puts a version of the prompt in its file, asks it of all rows, and prints its hash.
version() {
    cp "$root/tests/real/reviews/$1.toml" "$RETORT_CONFIG_DIR/prompts/reviews.toml"
    shown "$2" retort batch reviews reviews.csv -m smollm2-135m -j 2
    retort history prompt:reviews -n 1 --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["version"][:7])'
}

say <<'MD'
# From a first prompt to a better one

Sixty sentences of product reviews, each with what people took it for; a model of 135 million parameters on this
machine (SmolLM2, llama.cpp's server); and the question whether it tells praise from complaint. `tests/real/walkthrough.sh OUT`
runs all of this and writes this page: every figure on it is what that run measured.

## Three versions

The first version only asks for JSON, in words:
MD
first=$(version 1 3)
say <<'MD'
Some answers never became whole, and others are wrong. The second version states the JSON Schema, to which the server
holds the model:
MD
second=$(version 2 2)
say <<'MD'
The form is right now, the content is as it was. The third shows two examples before the question:
MD
third=$(version 3 2)

say <<'MD'
## Grades

Ten answers of the last version get a grade. Here the script gives it, from what the data set says people thought; at
the bench or in the history it is `v` and a key.
MD
retort history prompt:reviews "version:$third" -n 10 --json >"$out/graded"
graded=0
while read -r id thumb; do
    if [ $graded = 0 ]; then run retort history grade "$id" "--$thumb"; else retort history grade "$id" "--$thumb"; fi
    graded=$((graded + 1))
done < <(python3 - "$out/graded" reviews.csv <<'PY'
import csv, json, sys
expected = {row["input"].strip(): row["expected"] for row in csv.DictReader(open(sys.argv[2]))}
for line in open(sys.argv[1]):
    run = json.loads(line)
    text, answer = run["input"], json.loads(run["answer"])
    text = text["text"] if isinstance(text, dict) else text
    print(run["run"], "up" if answer["sentiment"] == expected[text.strip()] else "down")
PY
)
[ "$graded" = 10 ]

say <<'MD'
## The review

What changed since the last version comes first:
MD
run retort quality prompt:reviews --by version
say <<'MD'
The same on the screen (`4`), where a line opens the runs behind it:

![The quality screen](quality.svg)

## What if the minimum confidence were another?

The prompt asks for a confidence of 0.5 at least. Other thresholds, from the answers that are there, without a call:
MD
run retort quality prompt:reviews "version:$third" --what-if confidence --at 0.5 --at 0.86 --at 0.91 --at 0.93
say <<'MD'
The examples taught the model which numbers to say: a stricter minimum would cost right answers and catch no wrong one,
so it stays where it is. On the screen (`w`) the arrow keys move the threshold, and the rows that flip come first:

![The what-if](what-if.svg)

## The verdict

Did the examples help, or was it luck? The same rows with either version:
MD
run retort quality prompt:reviews "version:$third" --against "prompt:reviews version:$second"
say <<'MD'
And did the schema? It makes the form sure. By the rows that turned that is no proof of more, and the mean score says `better`
by a hundredth because the schema is one check more, which nearly every answer passes; `retort score` would judge both versions
by the same checks first:
MD
run retort quality prompt:reviews "version:$second" --against "prompt:reviews version:$first"
say <<'MD'
On the screen `b` makes a line the baseline, and the line under the cursor is weighed against it:

![The verdict in the quality screen](verdict.svg)
MD

# The screens so far, before more runs come in.
printf '%s\n' "$first" "$second" "$third" >"$out/versions"
(cd "$root" && mkdir -p assets/walkthrough && RETORT_WALK=$out cargo test --quiet --locked --test suite real::walk -- --ignored --nocapture)

say <<'MD'
## Would a model have found it?

`retort improve` has a model propose edits and tests the best one on rows held out. Here the small model is to better the second
version, its own prompt:
MD
run retort prompts restore reviews "$second"
run retort improve reviews reviews.csv --by smollm2-135m --candidates 3
say <<'MD'
The verdict is what so small a model and so few rows allow. Nothing was written: the file is the second version still.

## Which part matters?

Each part of the third version is left out in turn:
MD
run retort prompts restore reviews "$third"
run retort ablate reviews reviews.csv

say <<'MD'
## Is the stated confidence to be trusted?

The answers of the third version, those of the whole prompt in the ablation among them, say how often the model is right where it
claims 0.9:
MD
run retort calibrate prompt:reviews "version:$third" --by json-path

say <<'MD'
## A baseline

The answers of the third version become the baseline, a file beside the prompt that is kept in the repository. Then somebody takes the
examples out again:
MD
shown 2 retort batch reviews reviews.csv -m smollm2-135m -j 2
run retort review reviews --all
run retort prompts restore reviews "$second"
shown 12 retort batch reviews reviews.csv -m smollm2-135m -j 2 --against-baseline
say <<'MD'
In CI that fails, with the rows in the annotations and the summary. A person goes through them:
MD
shown 2 retort review reviews
row=$(retort review reviews --json | python3 -c '
import json, sys
print(next(line["id"] for line in map(json.loads, sys.stdin) if line.get("change") == "worse"))')
run retort review reviews --reject "$row" --why 'the examples had it right'
run retort prompts restore reviews "$third"
shown 2 retort batch reviews reviews.csv -m smollm2-135m -j 2 --against-baseline

cd "$root"
if [ -n "${RETORT_REWRITE:-}" ]; then
    cp "$page" assets/walkthrough/README.md
fi
echo "the page is $page"
