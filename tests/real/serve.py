#!/usr/bin/env python3
"""Serves one GGUF model over llama.cpp's own HTTP server until it is told to stop (SIGTERM, SIGINT).

The server comes out of the PyPI wheel `xllamacpp`: the routes, headers and bodies are llama-server's.
Its address is printed on the first line of standard output as soon as it listens; it answers 503 until
the model is loaded.

    serve.py MODEL.gguf [--port N] [--alias NAME] [--api-key KEY]... [--ctx N] [--slots N] [--threads N] [--template FILE]
"""

import argparse
import signal
import socket
import threading

import xllamacpp


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--alias", default="smollm2-135m", help="what the model is called on the wire")
    parser.add_argument("--api-key", action="append", default=[])
    parser.add_argument("--ctx", type=int, default=8192, help="shared by the slots")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="more are slower on a busy machine")
    parser.add_argument("--template", help="a file with a chat template in place of the model's own")
    return parser.parse_args()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    given = arguments()
    port = given.port or free_port()
    params = xllamacpp.CommonParams()
    params.model.path = given.model
    params.model_alias = {given.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = given.api_key
    params.n_ctx = given.ctx
    params.n_parallel = given.slots
    params.cpuparams.n_threads = given.threads
    params.cpuparams_batch.n_threads = given.threads
    params.n_gpu_layers = 0
    params.endpoint_slots = True
    params.ui = False
    if given.template:
        with open(given.template, encoding="utf-8") as file:
            params.chat_template = file.read()
    params.offline = True

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    print(f"http://127.0.0.1:{port}", flush=True)
    server = xllamacpp.Server(params)
    stop.wait()
    del server


if __name__ == "__main__":
    main()
