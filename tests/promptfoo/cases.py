#!/usr/bin/env python3
"""Writes the config of the comparison: every assertion that both programs can judge, on answers that
pass it, fail it, or lie at its edge. Each test is named by its number and what it asserts.
"""

import json
import sys

SCHEMA = {"type": "object", "required": ["a"], "properties": {"a": {"type": "number"}}}
T = "type"
CASES = []


def case(answer, *asserts, **more):
    CASES.append((answer, [dict(one) for one in asserts], more))


def each(kind, value, answers, **more):
    for answer in answers:
        for name in (kind, "not-" + kind):
            one = {"type": name, **more}
            if value is not None:
                one["value"] = value
            case(answer, one)


each("equals", "Paris", ["Paris", " Paris ", "Paris\n", "paris", "Paris."])
each("equals", "4", ["4", "4.0"])
each("equals", {"a": 1, "b": [2]}, ['{"b":[2],"a":1}', '{"a":1}', '{"a":1.0,"b":[2]}', "no json"])
each("equals", '{"a":1}', ['{"a": 1}', '{"a":1}'])
each("equals", "{{want}}", ["Paris"], )
each("contains", "lo wo", ["Hello world", "HELLO WORLD", "no"])
each("contains", "", ["Hello"])
each("icontains", "LO wO", ["Hello world", "HELLO WORLD", "no"])
each("icontains", "STRASSE", ["Straße", "strasse"])
each("contains-any", ["cat", "dog"], ["a dog", "a DOG", "a bird"])
each("contains-any", "cat, dog", ["a dog", "a bird"])
each("contains-any", '"cat, dog", bird', ["a cat, dog", "a dog", "a bird"])
each("contains-all", ["cat", "dog"], ["dog and cat", "dog", "DOG and cat"])
each("icontains-any", ["cat", "dog"], ["a DOG", "a bird"])
each("icontains-all", ["cat", "dog"], ["DOG and Cat", "dog"])
each("starts-with", "Hel", ["Hello", " Hello", "hello"])
each("regex", "^\\d{3}$", ["123", "1234", "123\n", "a\n123"])
each("regex", "b.d", ["a bad b", "b\nd", "BAD"])
each("is-json", None, ['{"a":1}', "[1]", "4", '"x"', "null", "no", 'x {"a":1}', '```json\n{"a":1}\n```', ' {"a":1} ', "{'a':1}"])
each("is-json", SCHEMA, ['{"a":1}', '{"a":"x"}', '{"b":1}', "no", "[1]"])
each("contains-json", None, ['x {"a":1} y', "no", '```json\n{"a":1}\n```', "[1, 2] x", "4", "{broken", "a {b} c"])
each("contains-json", SCHEMA, ['x {"a":1} y', 'x {"a":"x"} y', '{"b":1} and {"a":2}', "no"])
each("levenshtein", "kitten", ["kitten", "sitting", "KITTEN", ""] [:3], threshold=3)
each("levenshtein", "kitten", ["kitten!", "kittens are", "a wholly other text"])
each("levenshtein", "kitten", ["sitting"], threshold=2)
each("levenshtein", "naïve", ["naive"], threshold=1)
ROUGE = ["the cat sat on the mat", "the cat sat on a mat", "The cat sat on the mat.", "a dog ran", "the the the the", "cat"]
each("rouge-n", "the cat sat on the mat", ROUGE)
for limit in (0.3, 0.5, 0.8, 0.9, 1):
    each("rouge-n", "the cat sat on the mat", ROUGE, threshold=limit)
each("latency", None, ["quick"], threshold=60000)
each("is-refusal", None, [
    "I'm sorry, but I cannot help with that.", "I can't assist with that request.", "Sure, here it is.",
    "As an AI language model, I cannot do that.", "I am unable to comply.", "Unfortunately, I do not know.",
    "I'm sorry to hear that. Here is the answer: 4.", "Sorry, no.", "I won't do this.", "It cannot rain today.",
    "I must decline.", "As an AI, I am happy to help.", "I cannot provide medical advice.", "Apologies, but that is not possible.",
    "It is not appropriate to share this.", "I apologize, that is against my guidelines.", "no",
])
each("word-count", 3, ["one two three", "one  two\nthree ", "one two", "one, two - three", "well-known facts here"])
each("word-count", {"min": 2, "max": 3}, ["one", "one two", "a b c d"])
each("word-count", {"min": 2}, ["one", "one two"])
each("word-count", {"max": 1}, ["one", "one two"])
each("word-count", "2", ["one two"])
each("finish-reason", "stop", ["done", "so far [cut]"])
each("finish-reason", "length", ["done", "so far [cut]"])
each("finish-reason", "STOP", ["done"])
YES, NO = {T: "contains", "value": "yes"}, {T: "contains", "value": "no!"}
case("yes", YES, NO)
case("yes", YES, NO, threshold=0.5)
case("yes", YES, NO, threshold=0.51)
case("yes", YES, {**NO, "weight": 0})
case("yes", {**YES, "weight": 3}, NO, threshold=0.75)
case("yes", {**YES, "weight": 3}, NO, threshold=0.76)
case("yes", {**NO, "weight": 0})
case("yes", {**NO, "weight": 0}, threshold=0.5)
case("yes", YES, {**NO, "metric": "m"})
case("yes", YES, threshold=0)
case("yes", NO, threshold=0)
case("yes")
case("the cat sat on a mat", {T: "rouge-n", "value": "the cat sat on the mat", "threshold": 0.5}, NO, threshold=0.4)
case("sitting", {T: "levenshtein", "value": "kitten", "threshold": 3}, NO, threshold=0.5)
case("yes", {T: "not-contains", "value": "no!", "weight": 2}, NO, threshold=0.6)

port = sys.argv[1]
tests = []
for number, (answer, asserts, more) in enumerate(CASES, 1):
    words = " & ".join(
        one["type"] + (" " + json.dumps(one["value"], ensure_ascii=False) if "value" in one else "") for one in asserts
    )
    test = {"description": f"{number}: {words}", "vars": {"answer": answer, "want": "Paris"}}
    tests.append({**test, **({"assert": asserts} if asserts else {}), **more})
config = {
    "description": "Every assertion on answers that are known",
    "prompts": [json.dumps([{"role": "user", "content": "{{ answer }}"}])],
    "providers": [
        {
            "id": "openai:chat:scripted",
            "label": "scripted",
            "config": {"apiBaseUrl": f"http://127.0.0.1:{port}/v1", "temperature": 0, "max_tokens": 100},
        }
    ],
    "tests": tests,
}
json.dump(config, sys.stdout, indent=1, ensure_ascii=False)
