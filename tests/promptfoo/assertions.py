#!/usr/bin/env python3
"""Counts the assertions that each of promptfoo's configs under a folder holds itself: `COUNT<tab>FILE`. Those in other files
(tests in CSV, configs that are included) are not counted. Needs PyYAML.
"""

import os
import re
import sys

import yaml


class Loader(yaml.SafeLoader):
    """Reads tags of any name as nothing."""


Loader.add_multi_constructor("", lambda loader, suffix, node: None)


def count(tree):
    if isinstance(tree, list):
        return sum(map(count, tree))
    if not isinstance(tree, dict):
        return 0
    total = 0
    for key, value in tree.items():
        if key == "assert" and isinstance(value, list):
            inner = [one.get("assert", []) for one in value if isinstance(one, dict) and one.get("type") == "assert-set"]
            total += len(value) + sum(map(len, inner))
        elif key != "redteam":
            total += count(value)
    return total


base = sys.argv[1]
for folder, _, files in sorted(os.walk(base)):
    for name in sorted(files):
        if re.fullmatch(r"promptfooconfig.*\.(ya?ml|json)", name):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as text:
                print(count(yaml.load(text, Loader)), os.path.relpath(path, base), sep="\t")
