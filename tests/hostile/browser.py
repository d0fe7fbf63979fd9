#!/usr/bin/env python3
"""Opens the HTML report of a hostile batch in a headless Chromium: no script of the data may run, and no request
may leave the page. A page that does both comes first, to see that either would be noticed.

    RETORT=target/release/retort tests/hostile/browser.py

Needs python3 and chromium (`CHROMIUM` names another program). Nothing leaves the machine: every host name is
resolved to a server of this script's own. Exits with 1 if anything ran or was asked for.
"""

import csv
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

RETORT = os.path.abspath(os.environ.get("RETORT", "target/debug/retort"))
CHROMIUM = os.environ.get("CHROMIUM", "chromium")
RAN = "data-ran"
RUN = f"document.documentElement.setAttribute('{RAN}', 1)"


class Beacon(http.server.BaseHTTPRequestHandler):
    """Counts every request."""

    seen = []

    def do_GET(self):
        Beacon.seen.append(self.path)
        self.send_response(204)
        self.end_headers()

    do_POST = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *_):
        pass


def hostile(port):
    url = f"http://evil.test:{port}"
    return [
        f"<script>{RUN}</script>",
        f"</script><script>{RUN}</script>",
        f"</style><style>body{{background:url({url}/css)}}</style>",
        f"--></title></textarea></template></noscript><img src='{url}/img' onerror=\"{RUN}\">",
        f"\"><svg onload=\"{RUN}\"><image href='{url}/svg'/></svg>",
        f"'><iframe src='javascript:parent.{RUN}'></iframe><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
        f"<meta http-equiv=refresh content='0;url={url}/refresh'><base href='{url}/'>",
        f"<link rel=stylesheet href='{url}/link'><link rel=prefetch href='{url}/prefetch'><object data='{url}/object'>",
        f"<a href=\"javascript:{RUN}\" id=x autofocus onfocus=\"{RUN}\">x</a><form action='{url}'><input autofocus onfocus=\"{RUN}\">",
        f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;script&#62;{RUN}&#60;/script&#62;",
        f"\u2028\u2029]]><script>{RUN}</script><![CDATA[ ${{alert(1)}} {{{{constructor}}}} \\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
        f"<details open ontoggle=\"{RUN}\"><video src='{url}/video' onerror=\"{RUN}\"><audio src='{url}/audio'>",
        f"\x00<scr\x00ipt>{RUN}</script>\ufeff+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    ]


def page_of(file, port):
    """The page as it is after its scripts have run, and what it asked for."""
    Beacon.seen.clear()
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", f"--user-data-dir={profile}",
             "--host-resolver-rules=MAP evil.test 127.0.0.1,MAP * ~NOTFOUND,EXCLUDE 127.0.0.1",
             "--virtual-time-budget=4000", "--dump-dom", f"file://{file}"],
            capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, list(Beacon.seen)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Beacon)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    texts = hostile(port)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        control = work / "control.html"
        control.write_text("<!doctype html><meta charset=utf-8>" + "".join(texts), encoding="utf-8")
        dom, asked = page_of(control, port)
        if RAN not in dom.split("<head", 1)[0] or not asked:
            sys.exit(f"the control page did nothing, so this proves nothing: {asked} {dom[:300]}")
        print(f"control: a script ran, {len(asked)} requests left")

        env = {"PATH": os.environ["PATH"], "HOME": name}
        env.update({f"RETORT_{kind}_DIR": str(work / kind.lower()) for kind in ("CONFIG", "DATA", "CACHE", "STATE")})
        (work / "config").mkdir()
        answers = work / "answers.json"
        answers.write_text(json.dumps(texts), encoding="utf-8")
        (work / "answer.py").write_text(
            "import json, sys\nasked = json.load(sys.stdin)['messages'][-1]['content']\n"
            f"texts = json.load(open({str(answers)!r}))\n"
            "text = next((t for t in texts if t.replace(chr(0), '') in asked.replace(chr(0), '')), texts[0])\n"
            "if asked.startswith('fail'):\n    sys.exit(text)\nprint(text)\n", encoding="utf-8")
        command = json.dumps([sys.executable, str(work / "answer.py")])
        (work / "config/config.toml").write_text(
            f"default_model = \"evil\"\n[providers.evil]\nkind = \"command\"\ncommand = {command}\n[retry]\nattempts = 1\n"
            f"[models.\"evil\"]\nprovider = \"evil\"\nmodel = {json.dumps(texts[0])}\n", encoding="utf-8")
        # NUL is in the answers alone, and a check's value is a template.
        plain = [text.replace("\x00", "") for text in texts]
        values = [json.dumps(text.replace("{{", "{ {")) for text in plain]
        rules = "".join(f"[[check]]\ntype = \"contains\"\nvalue = {value}\nmetric = {value}\n" for value in values)
        (work / "evil<img src=x>.toml").write_text(
            f"description = {json.dumps(texts[0])}\nuser = \"{{{{ kind }}}} {{{{ input }}}}\"\nresponse.format = \"text\"\n{rules}", encoding="utf-8")
        data = work / "rows.csv"
        with data.open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["kind", "input", texts[3], "__description"])
            for kind in ("say", "fail"):
                rows.writerows([kind, text, text, text] for text in plain)
        report = work / "report.html"
        done = subprocess.run([RETORT, "batch", "./evil<img src=x>.toml", "rows.csv", "--out", "report.html"],
                              cwd=work, env=env, capture_output=True, text=True, timeout=120, check=False)
        if not report.exists():
            sys.exit(f"no report: {done.stdout}{done.stderr}")
        written = report.read_text(encoding="utf-8")
        dom, asked = page_of(report, port)
        ran, held = RAN in dom.split("<head", 1)[0], written.count("setAttribute")
        print(f"report: {len(written)} bytes, holds hostile text {held} times; a script ran: {ran}; requests that left: {asked}")
        if ran or asked or held < 2 * len(texts):
            sys.exit("the report obeys its data, or has none of it")


if __name__ == "__main__":
    main()
