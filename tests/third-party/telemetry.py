"""Reads what retort tells a collector with the classes of OpenTelemetry itself, and what Phoenix makes of it.

It is a collector: it takes /v1/traces and /v1/metrics, decodes both with `opentelemetry-proto`, and passes traces on to Phoenix where an
address of one is given. It prints what it took once the run is over.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

phoenix = sys.argv[1] if len(sys.argv) > 1 else None
traces, metrics = [], []
failed = False


def check(name, right, more=""):
    global failed
    failed |= not right
    print("ok    " if right else "FAILED", name, more, flush=True)


class Both(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status, answer, kind = 200, b"", "application/x-protobuf"
        if self.path == "/v1/traces":
            traces.append(ExportTraceServiceRequest.FromString(body))
            if phoenix:
                asked = urllib.request.Request(phoenix + "/v1/traces", data=body, headers={"content-type": self.headers["content-type"]})
                with urllib.request.urlopen(asked) as response:
                    check("phoenix takes the traces", response.status == 200)
        elif self.path == "/v1/metrics":
            metrics.append(ExportMetricsServiceRequest.FromString(body))
        else:
            text = {"choices": [{"index": 0, "delta": {"content": "Teal"}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 12, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 8}}}
            answer, kind = f"data: {json.dumps(text)}\n\ndata: [DONE]\n\n".encode(), "text/event-stream"
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


server = ThreadingHTTPServer(("127.0.0.1", 0), Both)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
with tempfile.TemporaryDirectory() as home:
    places = {f"RETORT_{name}_DIR": os.path.join(home, name) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
    os.makedirs(os.path.join(places["RETORT_CONFIG_DIR"], "prompts"))
    with open(os.path.join(places["RETORT_CONFIG_DIR"], "config.toml"), "w") as file:
        file.write(f'[providers.openai]\nkind = "openai"\nbase_url = "{url}/v1"\napi_keys = ["env:KEY"]\n[models.m]\nprovider = "openai"\nmodel = "gpt-4o-mini"\n'
                   f'[telemetry]\nendpoint = "{url}"\ncontent = true\nservice = "retort-test"\n')
    with open(os.path.join(places["RETORT_CONFIG_DIR"], "prompts", "colour.toml"), "w") as file:
        file.write('system = "Answer in a word."\nuser = "{{ input }}"\ntargets = ["m"]\n[response]\nformat = "text"\n[[check]]\ntype = "contains"\nvalue = "Teal"\n')
    environment = {"PATH": os.environ["PATH"], "HOME": home, "KEY": "k", **places}
    ran = subprocess.run([os.environ["RETORT"], "run", "colour", "-i", "-"], input="Name a colour", env=environment, capture_output=True, text=True)
    check("the run is done", ran.returncode == 0, ran.stderr.strip())

spans = [span for request in traces for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
check("one span", len(spans) == 1)
said = {attribute.key: attribute.value for attribute in spans[0].attributes}
check("its name and kind", (spans[0].name, spans[0].kind) == ("chat gpt-4o-mini", 3))
check("its ids", (len(spans[0].trace_id), len(spans[0].span_id)) == (16, 8))
check("its times", spans[0].end_time_unix_nano > spans[0].start_time_unix_nano > 1_600_000_000_000_000_000)
check("its tokens", (said["gen_ai.usage.input_tokens"].int_value, said["gen_ai.usage.cache_read.input_tokens"].int_value) == (12, 8))
check("its finish", [value.string_value for value in said["gen_ai.response.finish_reasons"].array_value.values] == ["stop"])
check("its messages", json.loads(said["gen_ai.input.messages"].string_value)[0]["parts"][0]["content"] == "Name a colour")
check("its verdict", any(event.name == "gen_ai.evaluation.result" for event in spans[0].events))
names = {metric.name: metric for request in metrics for resource in request.resource_metrics for scope in resource.scope_metrics for metric in scope.metrics}
check("two metrics", set(names) == {"gen_ai.client.operation.duration", "gen_ai.client.token.usage"}, str(set(names)))
for metric in names.values():
    for point in metric.histogram.data_points:
        check(f"{metric.name}: its buckets add up", sum(point.bucket_counts) == point.count and len(point.explicit_bounds) + 1 == len(point.bucket_counts))
if phoenix:
    for _ in range(50):
        try:
            with urllib.request.urlopen(phoenix + "/v1/projects/retort-test/spans") as response:
                found = json.load(response)["data"]
        except urllib.error.HTTPError:  # there is no such project before its first span is kept
            found = []
        if found:
            break
        time.sleep(0.2)
    check("phoenix shows the span", bool(found) and found[0]["name"] == "chat gpt-4o-mini")
    shown = found[0]["attributes"]
    check("phoenix knows it for a model's call", found[0]["span_kind"] == "LLM")
    for name, value in (("llm.model_name", "gpt-4o-mini"), ("llm.token_count.prompt", 12), ("input.value", "Name a colour"), ("output.value", "Teal")):
        check(f"phoenix: {name}", shown.get(name) == value, str(shown.get(name)))
sys.exit(failed)
