#!/usr/bin/env bash
# Renders the prompts of nunjucks.json with Nunjucks, as promptfoo does, and with retort, and lists where they differ.
# Fails if a difference has no reason there, or a reason no difference.
#
#   tests/suites/nunjucks.sh FOLDER
#
# FOLDER holds the package: `npm install --prefix FOLDER nunjucks`.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(cd "${1:?usage: tests/suites/nunjucks.sh FOLDER}" && pwd)
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
NODE_PATH=$folder/node_modules node -e '
    const fs = require("fs");
    const environment = new (require("nunjucks").Environment)(null, { autoescape: false });
    const [{ vars }, ...cases] = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
    const render = ({ template, why }) => {
        try {
            return { template, why, text: environment.renderString(template, vars) };
        } catch (error) {
            return { template, why, error: String(error.message).trim().split("\n").pop().trim() };
        }
    };
    fs.writeFileSync(process.argv[2], JSON.stringify({ vars, cases: cases.map(render) }));
' "$root/tests/suites/nunjucks.json" "$rendered"
RETORT_NUNJUCKS=$rendered cargo test --quiet --manifest-path "$root/Cargo.toml" --test suite -- \
    --ignored --nocapture --test-threads=1 suites::nunjucks
