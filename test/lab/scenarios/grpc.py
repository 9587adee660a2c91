"""gRPC, a real client and a real server, through transparent interception (B2): every kind of call, deadlines, statuses in
trailers, cancellation."""

import json
import os
import select
import subprocess

from harness import certificates, topology
from harness.scenario import Control, scenario

_PEER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "harness", "grpc_peer.py")
_NAME = "grpc.test"
_LOOKED_AT = "every call is an exchange in the log"

# What must come of each case, beside its last column: how many calls it makes.
_EXPECTED = {
    "unary": {"answer": "hello", "code": "OK", "initial": True, "trailing": True},
    "large": {"same": True},
    "gather": {"same": True},
    "scatter": {"in order": True},
    "converse": {"begun": "yes", "good": 200, "rest": 0, "code": "OK"},
    "converse_large": {"same": True},
    "refused": {"code": "INVALID_ARGUMENT", "details": "ünïcode, 100 %\nand a second line: x", "reason": "tired", "binary": True},
    "broken_off": {"got": ["part 0", "part 1", "part 2"], "code": "DATA_LOSS", "details": "the rest is lost"},
    "unknown_method": {"code": "UNIMPLEMENTED"},
    "deadline_told": None,
    "deadline_passed": None,
    "cancelled": {"first": "begun", "code": "CANCELLED", "noticed": True},
    "many": {"good": 300},
}
_CALLS = {"Unary": 303, "Gather": 1, "Scatter": 1, "Converse": 2, "Refuse": 1, "BreakOff": 1, "Nothing": 1, "Linger": 2,
          "Report": 3}


def _start_server(lab):
    """The server in the origin's namespace, once it listens; it ends with the namespace."""
    identity = lab.identity_file(certificates.issue(lab.root, [_NAME]))
    server = lab.origin_side.start(["/usr/bin/python3", _PEER, "serve", f"{topology.ORIGIN}:443", identity],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    ready = select.select([server.stdout], [], [], 30)[0] and server.stdout.readline().strip()
    lab.require("the server listens", ready == "listening", ready)
    return server


def _call(lab, roots, *cases):
    result = lab.client_side.run(["/usr/bin/python3", _PEER, "call", f"{topology.ORIGIN}:443", _NAME, roots, *cases], check=False,
                                 timeout=150)
    lab.require("the client ran", result.returncode == 0, result.stderr[-1500:])
    return json.loads(result.stdout)


@scenario("B2", control=Control(_LOOKED_AT, passthrough=True), timeout=200)
def calls(lab):
    """In the control the client trusts the origin's root, and the same calls succeed unseen."""
    server = _start_server(lab)
    daemon = lab.gateway()
    roots = lab.origin_roots_file() if lab.in_control else lab.trusts_file()
    came = _call(lab, roots)
    for case, expected in _EXPECTED.items():
        result = came.get(case, {})
        if expected is not None:
            lab.expect(f"{case} is as without the gateway", result == expected, result)
    told = came.get("deadline_told", {}).get("deadline")
    lab.expect("the server is told the deadline", told is not None and 0 < told <= 25.1, came.get("deadline_told"))
    passed = came.get("deadline_passed", {})
    lab.expect("a deadline passes on both sides", passed.get("code") == "DEADLINE_EXCEEDED" and passed.get("noticed"), passed)
    for method, count in _CALLS.items():
        lines = lab.exchanges(daemon, count, path=f"/lab.Test/{method}", host=_NAME)
        lab.expect(_LOOKED_AT, len(lines) == count, f"{method}: {len(lines)} of {count}")
        if lab.in_control:
            break
        lab.expect("over HTTP/2", all(line["alpn"] == "h2" for line in lines), lines[:1])
    server.kill()
    server.wait()
