# Runs one of promptfoo's assertions that is written in Python: `file PATH FUNCTION` or `code TEXT`. Reads the answer as
# retort's `exec` checks have it on standard input, and writes {"pass", "score", "reason", "named"}; or, of code that takes a
# context out of the answer, {"context"}. What the code prints itself goes to standard error. What cannot be loaded ends with
# exit code 2, as does what raises an error where a context is asked for; an assertion that raises one fails.
import asyncio, dataclasses, importlib.util, inspect, json, os, sys

out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
case = json.loads(sys.stdin.buffer.read().decode("utf-8"))
takes_context = case.get("asks") == "context"


def says(**opinion):
    print(json.dumps(opinion), file=out, flush=True)
    sys.exit(0)


def loaded():
    if sys.argv[1] == "file":
        path, function = sys.argv[2], sys.argv[3] or ("get_transform" if takes_context else "get_assert")
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return getattr(module, function)
    text = sys.argv[2]
    lines = text.split("\n") if "\n" in text.strip() else ["return " + text.strip()]
    scope = {"json": json}
    exec("def main(output, context):\n" + "\n".join("    " + line for line in lines), scope)
    return scope["main"]


def said_in_messages(messages):
    if len(messages) == 1:
        return messages[0]["content"]
    return json.dumps(messages, ensure_ascii=False)


async def awaited(value):
    return await value


try:
    function = loaded()
except Exception as error:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(2)

variables = dict(case.get("vars") or {})
config = case.get("config") or {}
tokens = case.get("tokens") or {}
# What is known of the answer, in the words of promptfoo's providers.
metadata = {
    "model": case.get("model"),
    "finishReason": case.get("finish"),
    "tokenUsage": {
        "prompt": tokens.get("input"),
        "completion": tokens.get("output"),
        "total": (tokens.get("input") or 0) + (tokens.get("output") or 0),
    },
    "cost": case.get("cost"),
    "latencyMs": case.get("latency_ms"),
    "cached": case.get("cached"),
}
context = {
    "prompt": said_in_messages(case.get("messages") or []),
    "vars": variables,
    "test": {"vars": variables},
    "config": config,
    "logProbs": None,
    "provider": {"id": case.get("target"), "config": {}},
    "providerResponse": {"output": case.get("output"), **metadata, "metadata": metadata},
}
if takes_context:
    context["prompt"] = {"label": context["prompt"], "raw": context["prompt"]}
    context["metadata"] = metadata
try:
    result = function(case["output"], context)
    if inspect.isawaitable(result):
        result = asyncio.run(awaited(result))
    if takes_context:
        says(context=result)
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        result = dataclasses.asdict(result)
    if isinstance(result, str):
        text = result.strip()
        result = {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else json.loads(text)
    if isinstance(result, bool):
        says(**{"pass": result})
    if isinstance(result, (int, float)):
        says(score=float(result))
    if not isinstance(result, dict):
        raise TypeError(f"it returned {type(result).__name__}, not True or False, a number or a dictionary")
    passes = result.get("pass", result.get("pass_"))
    named = result.get("namedScores") or result.get("named_scores") or {}
    opinion = {"pass": passes, "score": result.get("score"), "reason": result.get("reason"), "named": named}
except Exception as error:
    if takes_context:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
    says(**{"pass": False, "score": 0, "reason": f"{type(error).__name__}: {error}"})
says(**{key: value for key, value in opinion.items() if value is not None})
