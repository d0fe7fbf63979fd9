#!/usr/bin/env python3
"""An endpoint that speaks OpenAI's chat completions and answers with the last message it was sent.

`[cut]` in the message makes it stop for want of tokens. It prints its port and serves until it is ended.
"""

import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))))
        text = asked["messages"][-1]["content"]
        finish = "length" if "[cut]" in text else "stop"
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        base = {"id": "x", "created": 0, "model": asked.get("model", "scripted")}
        if asked.get("stream"):
            choices = [
                {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None},
                {"index": 0, "delta": {}, "finish_reason": finish},
            ]
            lines = [{**base, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
            lines.append({**base, "object": "chat.completion.chunk", "choices": [], "usage": usage})
            body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n"
            kind = "text/event-stream"
        else:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            body = json.dumps({**base, "object": "chat.completion", "choices": [choice], "usage": usage})
            kind = "application/json"
        data = body.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
