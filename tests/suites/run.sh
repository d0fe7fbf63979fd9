#!/usr/bin/env bash
# Runs test suites of others on copies of them, and prints for each suite and draft how many of its cases are right,
# wrong and refused. Fails if one is wrong; what is refused is listed by its reason.
#
#   tests/suites/run.sh PATH
#
# PATH holds a folder for each suite:
#
#   json-schema   https://github.com/json-schema-org/JSON-Schema-Test-Suite (its `tests`): drafts 4, 6, 7, 2019-09 and
#                 2020-12, the required cases and those of `optional/format`
#   json          https://github.com/nst/JSONTestSuite (its `test_parsing`)
#   csv-spectrum  https://github.com/max-mapper/csv-spectrum (its `csvs` and `json`)
#   yaml          https://github.com/yaml/yaml-test-suite (its `src`)
#   dotprompt     https://github.com/google/dotprompt (its `spec`): what is rendered of variables alone
#
# A schema stands alone in retort, so that the cases whose schemas lead to others (the suite's `remotes`) are refused.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
suites=$(cd "${1:?usage: tests/suites/run.sh PATH}" && pwd)
RETORT_SUITES=$suites cargo test --quiet --manifest-path "$root/Cargo.toml" --test suite -- \
    --ignored --skip suites::nunjucks --nocapture --test-threads=1 suites::
