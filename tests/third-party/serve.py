"""Libraries of others through `retort serve`, in front of a server that plays both APIs: OpenAI's and Anthropic's for Python and
Node, LangChain, `llm`, aider, the Vercel AI SDK.

Each check says what a program does, and prints whether it went as with the provider itself.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai

TOKEN = "retort-test-token-0123456789"
seen = []
closed = threading.Event()


def sse(*events):
    return "".join(
        (f"event: {event['type']}\n" if "type" in event else "") + f"data: {json.dumps(event)}\n\n" for event in events
    )


def chunk(delta, finish=None):
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "up",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


CALL = {"index": 0, "id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"q": 1}'}}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        seen.append((self.path, dict(self.headers), body))
        words = json.dumps(body.get("messages", body.get("input")))
        if "refuse" in words:
            return self.whole({"error": {"message": "no such thing", "type": "invalid_request_error", "code": "nope"}}, 400)
        if "busy" in words:
            return self.whole({"error": {"message": "busy", "type": "server_error"}}, 500)
        if self.path.endswith("/embeddings"):
            vector = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
            return self.whole({"object": "list", "data": [vector], "model": "up", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
        if self.path.endswith("/count_tokens"):
            return self.whole({"input_tokens": 7})
        if self.path.endswith("/messages"):
            return self.messages(body)
        if self.path.endswith("/responses"):
            item = {"id": "m", "type": "message", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": "Teal", "annotations": []}]}
            answer = {"id": "r", "object": "response", "created_at": 1, "model": "up", "status": "completed", "output": [item],
                      "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
                      "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}}
            if not body.get("stream"):
                return self.whole(answer)
            delta = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "Teal",
                     "sequence_number": 1, "logprobs": []}
            done = {"type": "response.completed", "sequence_number": 2, "response": answer}
            return self.stream(sse(delta, done))
        if "forever" in words:
            self.begin()
            try:
                while True:
                    self.send(sse(chunk({"content": "and "})))
                    closed.wait(0.01)
            except OSError:
                closed.set()
            return None
        tools = body.get("tools")
        if not body.get("stream"):
            message = {"role": "assistant", "content": None if tools else "Teal"}
            if tools:
                message["tool_calls"] = [{key: value for key, value in CALL.items() if key != "index"}]
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tools else "stop"}
            return self.whole({"id": "c", "object": "chat.completion", "created": 1, "model": "up", "choices": [choice], "usage": USAGE})
        deltas = [chunk({"tool_calls": [CALL]}), chunk({}, "tool_calls")] if tools else [chunk({"content": "Te"}), chunk({"content": "al"}), chunk({}, "stop")]
        counts = {**chunk({}), "choices": [], "usage": USAGE}
        return self.stream(sse(*deltas, counts) + "data: [DONE]\n\n")

    def messages(self, body):
        head = {"id": "m", "type": "message", "role": "assistant", "model": "up", "stop_sequence": None}
        usage = {"input_tokens": 3, "output_tokens": 2}
        if not body.get("stream"):
            return self.whole({**head, "content": [{"type": "text", "text": "Teal"}], "stop_reason": "end_turn", "usage": usage})
        start = {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Teal"}}
        stop = {"type": "content_block_stop", "index": 0}
        end = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}}
        return self.stream(sse(start, block, delta, stop, end, {"type": "message_stop"}))

    def whole(self, answer, status=200):
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def send(self, text):
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def stream(self, text):
        self.begin()
        for frame in text.split("\n\n")[:-1]:
            self.send(frame + "\n\n")
        self.wfile.write(b"0\r\n\r\n")


provider = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=provider.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{provider.server_port}"
home = tempfile.TemporaryDirectory()
places = {f"RETORT_{name}_DIR": os.path.join(home.name, name) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
os.makedirs(places["RETORT_CONFIG_DIR"])
with open(os.path.join(places["RETORT_CONFIG_DIR"], "config.toml"), "w") as file:
    file.write('[retry]\nmin_wait = "10ms"\nmax_wait = "10ms"\n')
    for name, kind, path in (("chat", "openai", "/v1"), ("messages", "anthropic", ""), ("responses", "responses", "/v1")):
        file.write(f'[providers.{name}]\nkind = "{kind}"\nbase_url = "{url}{path}"\n[models.{name}]\nprovider = "{name}"\nmodel = "up"\n')
serve = subprocess.Popen(
    [os.environ["RETORT"], "serve", "--port", "0", "--json", "--no-cache"],
    env={"PATH": os.environ["PATH"], "HOME": home.name, "RETORT_SERVE_TOKEN": TOKEN, **places},
    stdout=subprocess.PIPE, text=True)
base = json.loads(serve.stdout.readline())["url"]
failed = False


def check(name, right):
    global failed
    failed |= not right
    print("ok    " if right else "FAILED", name, flush=True)


openai_client = openai.OpenAI(base_url=base + "/v1", api_key=TOKEN, timeout=20)
anthropic_client = anthropic.Anthropic(base_url=base, api_key=TOKEN, timeout=20)
ask = [{"role": "user", "content": "Name a colour"}]
tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {"q": {"type": "integer"}}}}}]
chat = openai_client.chat.completions

print("openai", openai.__version__, "anthropic", anthropic.__version__)
check("openai: a whole answer", chat.create(model="chat", messages=ask).choices[0].message.content == "Teal")
pieces = list(chat.create(model="chat", messages=ask, stream=True))
check("openai: a stream", "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Teal")
counted = list(chat.create(model="chat", messages=ask, stream=True, stream_options={"include_usage": True}))[-1].usage
check("openai: counts at the end of a stream", counted is not None and counted.total_tokens == 5)
call = chat.create(model="chat", messages=ask, tools=tools).choices[0].message.tool_calls[0]
check("openai: a tool", call.function.name == "look" and json.loads(call.function.arguments) == {"q": 1})
name = [piece.choices[0].delta.tool_calls for piece in chat.create(model="chat", messages=ask, tools=tools, stream=True)][0]
check("openai: a tool in a stream", name[0].function.name == "look")
check("openai: responses", openai_client.responses.create(model="responses", input="Name a colour").output_text == "Teal")
events = [event.type for event in openai_client.responses.create(model="responses", input="Name a colour", stream=True)]
check("openai: responses in a stream", events == ["response.output_text.delta", "response.completed"])
check("openai: embeddings", openai_client.embeddings.create(model="chat", input="x", encoding_format="float").data[0].embedding == [0.5, 0.25])
check("openai: models", "chat" in [model.id for model in openai_client.models.list()])
check("openai: a model of Anthropic's wire", chat.create(model="messages", messages=ask).choices[0].message.content == "Teal")
said = "".join(piece.choices[0].delta.content or "" for piece in chat.create(model="messages", messages=ask, stream=True))
check("openai: the same in a stream", said == "Teal")
try:
    chat.create(model="chat", messages=[{"role": "user", "content": "refuse"}])
    check("openai: a refusal", False)
except openai.BadRequestError as error:
    check("openai: a refusal", error.code == "nope")
before = len(seen)
try:
    chat.create(model="chat", messages=[{"role": "user", "content": "busy"}])
    check("openai: an outage is tried three times in all", False)
except openai.InternalServerError:
    check("openai: an outage is tried three times in all", len(seen) - before == 3)
try:
    openai.OpenAI(base_url=base + "/v1", api_key="wrong").models.list()
    check("openai: a wrong token", False)
except openai.AuthenticationError:
    check("openai: a wrong token", True)
stream = chat.create(model="chat", messages=[{"role": "user", "content": "forever"}], stream=True)
next(iter(stream))
stream.close()
check("openai: closing a stream closes the provider's", closed.wait(10))


async def async_stream():
    client = openai.AsyncOpenAI(base_url=base + "/v1", api_key=TOKEN, timeout=20)
    stream = await client.chat.completions.create(model="chat", messages=ask, stream=True)
    return "".join([piece.choices[0].delta.content or "" async for piece in stream])


check("openai: a stream to the asynchronous client", asyncio.run(async_stream()) == "Teal")
said = anthropic_client.messages.create(model="messages", max_tokens=10, messages=ask)
check("anthropic: a whole answer", said.content[0].text == "Teal" and said.usage.output_tokens == 2)
with anthropic_client.messages.stream(model="messages", max_tokens=10, messages=ask) as stream:
    check("anthropic: a stream", "".join(stream.text_stream) == "Teal")
check("anthropic: counts", anthropic_client.messages.count_tokens(model="messages", messages=ask).input_tokens == 7)
check("anthropic: models", "messages" in [model.id for model in anthropic_client.models.list()])
said = anthropic_client.messages.create(model="chat", max_tokens=10, messages=ask)
check("anthropic: a model of OpenAI's wire", said.content[0].text == "Teal" and said.stop_reason == "end_turn")
with anthropic_client.messages.stream(model="chat", max_tokens=10, messages=ask, tools=[{"name": "look", "input_schema": {"type": "object"}}]) as stream:
    block = stream.get_final_message().content[0]
    check("anthropic: a tool of such a model in a stream", block.type == "tool_use" and block.input == {"q": 1})
try:
    anthropic_client.messages.create(model="nowhere", max_tokens=10, messages=ask)
    check("anthropic: an unknown model", False)
except anthropic.NotFoundError as error:
    check("anthropic: an unknown model", error.body["error"]["type"] == "not_found_error")
from langchain_openai import ChatOpenAI  # noqa: E402, after the server is up

langchain = ChatOpenAI(model="chat", base_url=base + "/v1", api_key=TOKEN, timeout=20)
check("langchain: a whole answer", langchain.invoke("Name a colour").content == "Teal")
check("langchain: a stream", "".join(piece.content for piece in langchain.stream("Name a colour")) == "Teal")
call = langchain.bind_tools(tools).invoke("Name a colour").tool_calls[0]
check("langchain: a tool", call["name"] == "look" and call["args"] == {"q": 1})
check("langchain: a model of Anthropic's wire", langchain.bind(model="messages").invoke("Name a colour").content == "Teal")

with open(os.path.join(home.name, "extra-openai-models.yaml"), "w") as file:
    file.write(f"- model_id: retort\n  model_name: chat\n  api_base: {base}/v1\n  api_key_name: retort\n")
llm = [os.path.join(os.path.dirname(sys.executable), "llm"), "-m", "retort", "--key", TOKEN, "Name a colour"]
own = {"PATH": os.environ["PATH"], "HOME": home.name, "LLM_USER_PATH": home.name}
for name, more in (("a stream", []), ("a whole answer", ["--no-stream"])):
    said = subprocess.run(llm + more, env=own, capture_output=True, text=True, timeout=60)
    check(f"llm: {name}", said.stdout.strip() == "Teal")

aider = os.environ.get("AIDER")
if aider:
    # It has no settings of its own here, and works in an empty folder.
    own = {"PATH": os.environ["PATH"], "HOME": home.name, "OPENAI_API_BASE": base + "/v1", "OPENAI_API_KEY": TOKEN}
    quiet = ["--no-git", "--no-check-update", "--no-analytics", "--no-show-model-warnings", "--yes-always"]
    command = [aider, "--model", "openai/chat", *quiet, "--message", "Name a colour"]
    for name, more in (("a stream", []), ("a whole answer", ["--no-stream"])):
        said = subprocess.run(command + more, env=own, cwd=home.name, capture_output=True, text=True, timeout=180)
        check(f"aider: {name}", "Teal" in said.stdout)

node = os.environ.get("NODE_FOLDER")
if node:
    ran = subprocess.run(["node", os.path.join(node, "serve.mjs"), base, TOKEN], capture_output=True, text=True, timeout=120)
    for line in ran.stdout.splitlines():
        told = json.loads(line)
        check(told["name"], told["right"])
    if ran.returncode:
        check("the libraries for Node ran to their end", False)
        print(ran.stderr[-2000:])
leaked = any(TOKEN in json.dumps([path, headers, body]) for path, headers, body in seen)
check("the token went to nobody", not leaked)
serve.terminate()
check("it ends when it is asked to", serve.wait(20) == 0)
sys.exit(failed)
