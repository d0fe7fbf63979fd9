# Asks one of promptfoo's providers that is written in Python: FILE FUNCTION ID CONFIG ASKED PROMPT, the config as JSON;
# ASKED is `answer`, `embedding`, `classification` or `moderation`.
# Prints retort's events, one a line. What the provider prints itself goes to standard error.
import asyncio, importlib.util, inspect, json, os, sys

path, function, name, config, asked, prompt = sys.argv[1:7]
out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def say(**event):
    print(json.dumps(event), file=out, flush=True)


async def awaited(value):
    return await value


sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
options = {"id": name, "config": json.loads(config)}
context = {"vars": {}, "prompt": {"raw": prompt, "label": prompt}}
function = function or {"answer": "call_api"}.get(asked, f"call_{asked}_api")
field = {"answer": "output", "moderation": "flags"}.get(asked, asked)
# Of what a moderator is told, what was asked and what was answered, it is told the answer alone.
told = {"answer": (prompt, options, context), "moderation": ("", prompt, options)}.get(asked, (prompt, options))
answer = getattr(module, function)(*told)
if inspect.isawaitable(answer):
    answer = asyncio.run(awaited(answer))
if not isinstance(answer, dict) or not (field in answer or answer.get("error")):
    say(error=f"{function} returned neither `{field}` nor `error`")
elif answer.get("error"):
    say(error=str(answer["error"]))
else:
    output = {field: answer[field]} if asked in ("classification", "moderation") else answer[field]
    say(text=output if isinstance(output, str) else json.dumps(output, ensure_ascii=False))
    tokens = answer.get("tokenUsage") or {}
    usage = {ours: tokens[theirs] for ours, theirs in (("input", "prompt"), ("output", "completion")) if tokens.get(theirs)}
    if usage:
        say(usage=usage)
