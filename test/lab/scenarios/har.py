"""The archive of past exchanges is one that others read: it is held against the schema of HAR by har-validator."""

import json
import os
import subprocess

from harness.scenario import Control, scenario
from harness.websocket import WebSocketOrigin
from harness.websocket_client import WebSocketClient, opened

_TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
_VALIDATE = """
const { har } = require('har-validator');
const text = require('node:fs').readFileSync(0, 'utf8');
har(JSON.parse(text)).then(() => console.log('valid'), (error) => console.log(JSON.stringify(error.errors, null, 1)));
"""


def _verdict(lab, archive):
    """"valid", or what the validator has to say."""
    installed = subprocess.run([os.path.join(_TOP, "scripts/install-npm")], check=False, capture_output=True, text=True)
    lab.require("the packages of npm are there", installed.returncode == 0, installed.stderr)
    done = subprocess.run(["node", "-e", _VALIDATE], input=archive, check=False, capture_output=True, text=True,
                          env={**os.environ, "NODE_PATH": os.path.join(_TOP, "build/npm/node_modules")})
    return done.stdout.strip() or done.stderr


def _spoilt(archive):
    """What the control gives out in its place: an archive whose first entry has no time."""
    told = json.loads(archive)
    del told["log"]["entries"][0]["startedDateTime"]
    return json.dumps(told)


@scenario("D3!", control=Control("a validator takes the archive"))
def valid_for_others(lab):
    """Over HTTP/1.1 and HTTP/2: exchanges with bodies, a WebSocket, a blocked one and one whose origin is gone."""
    daemon = lab.gateway({"history.body_bytes": "100"}, policy="[blacklist]\ndomain = ads.ws.test\n"
                         "[rewrite gone.ws.test]\ntarget_ip = 203.0.113.10:9\n")
    WebSocketOrigin(lab, answers={"/plain": lambda request: (200, [("content-type", "text/plain"), ("location", "/x?y=z")], b"\xfftext")})
    for form in ("h1", "h2"):
        with WebSocketClient(lab, form, f"{form}.ws.test") as client:
            socket = opened(lab, form, client)
            socket.send("hello")
            socket.receive()
            socket.close()
    lab.get("h1.ws.test", "/plain?a=1&b=%20&c", method="POST", body=b"x=1", fields="Content-Type: text/plain\r\nCookie: a=b\r\n")
    lab.get("ads.ws.test", "/<script>")
    lab.get("gone.ws.test", "/")
    archive = ""

    def complete():
        nonlocal archive
        archive = lab.command("--config", daemon.files.config, "har", check=True).stdout
        return len(json.loads(archive)["log"]["entries"]) >= 5

    lab.expect("all exchanges are in it", lab.until(complete), archive)
    statuses = {entry["response"]["status"] for entry in json.loads(archive)["log"]["entries"]}
    lab.expect("of every kind", {101, 403, 502} <= statuses or {200, 403, 502} <= statuses, statuses)
    verdict = _verdict(lab, _spoilt(archive) if lab.in_control else archive)
    lab.expect("a validator takes the archive", verdict == "valid", verdict)
