"""A server of chat completions on 127.0.0.1 that answers the same every time: `server.py PORT [LATENCY_MS]`.

A request whose text begins with `long` is streamed 50,000 tokens in writes of 16 events; any other one answer of twelve tokens.
"""

import asyncio
import json
import sys

PORT = int(sys.argv[1])
LATENCY = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.0
WORDS = ["one", " two", " three", " four", " five", " six", " seven", " eight", " nine", " ten", " eleven", " twelve"]


def chunk(delta, finish=None, usage=None):
    body = {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "gpt-4o-mini",
        "system_fingerprint": "fp_1", "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    if usage:
        body["choices"], body["usage"] = [], usage
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def stream(tokens):
    events = [chunk({"role": "assistant", "content": ""})]
    events += [chunk({"content": WORDS[at % len(WORDS)]}) for at in range(tokens)]
    events += [chunk({}, "stop"), chunk({}, usage={"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": 9 + tokens})]
    events.append(b"data: [DONE]\n\n")
    return [b"".join(events[at : at + 16]) for at in range(0, len(events), 16)]


SHORT, LONG = stream(12), stream(50_000)
WHOLE = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "".join(WORDS)}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21},
}).encode()


async def serve(reader, writer):
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode("latin-1").split("\r\n")
            length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(length)
            if lines[0].startswith("GET"):
                answer = b'{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"}]}'
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)
                continue
            asked = json.loads(body)
            await asyncio.sleep(LATENCY)
            if not asked.get("stream"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(WHOLE) + WHOLE)
                await writer.drain()
                continue
            content = asked["messages"][-1]["content"]
            text = content if isinstance(content, str) else content[0].get("text", "")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            for piece in LONG if text.startswith("long") else SHORT:
                writer.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", PORT, limit=1 << 24, backlog=1024)
    async with server:
        await server.serve_forever()


asyncio.run(main())
