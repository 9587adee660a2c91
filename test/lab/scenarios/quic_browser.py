"""Chromium and QUIC: a browser that learnt of HTTP/3 before its connections were intercepted (F1 of issue 7, J01)."""

import contextlib
import os
import subprocess

from harness import browser_script, client, http3, topology
from harness.scenario import Control, scenario

_PASSED, _BLOCKED = "www.bank.test", "bad.test"
_OPENED = [f"usual{number}.test" for number in range(1, 4)]
_POLICY = f"[blacklist]\ndomain = {_BLOCKED}\n[passthrough]\ndomain = *.bank.test\n"
_NOTHING_LEAVES = "no byte of QUIC of a refused name leaves"


def _trust(lab):
    """Chromium's own store trusts the gateway's authority and the origins'."""
    store = os.path.join(browser_script.home_of(lab), ".pki/nssdb")
    os.makedirs(store)
    subprocess.run(["certutil", "-N", "-d", f"sql:{store}", "--empty-password"], check=True, capture_output=True)
    for name, file in (("gateway", lab.trusts_file()), ("origins", lab.origin_roots_file())):
        subprocess.run(["certutil", "-A", "-d", f"sql:{store}", "-n", name, "-t", "C,,", "-i", file], check=True,
                       capture_output=True)


def _page(connection, _request):
    connection.respond("<!doctype html><title>lab</title><link rel=icon href=data:,><p>over TCP</p>",
                       fields='Content-Type: text/html\r\nAlt-Svc: h3=":443"; ma=86400\r\n')


@scenario("J01!", control=Control(_NOTHING_LEAVES, settings={"quic.action": "allow"}), timeout=480)
def chromium_that_knows_http3(lab):
    """The passed-through name flies, once it has been proved over TCP; the others come by TCP, where they are opened or get the
    page that says no."""
    lab.origin([topology.ORIGIN, topology.SECOND_ORIGIN], behaviours={"/": _page})
    lab.name_server({_PASSED: [topology.ORIGIN], **{name: [topology.SECOND_ORIGIN] for name in (*_OPENED, _BLOCKED)}})
    _trust(lab)
    with (http3.server(lab, topology.ORIGIN, [_PASSED]), http3.server(lab, topology.SECOND_ORIGIN, [*_OPENED, _BLOCKED]),
          contextlib.ExitStack() as later):
        started = []

        def intercept():
            daemon = lab.gateway(policy=_POLICY)
            started.extend([daemon, later.enter_context(lab.capture_wan())])
            lab.get(_PASSED, context=client.tls_context(lab.root.pem()))
        browser_script.run_at(lab, lab.client_side, "http3", f"https://{_PASSED}", {"intercept": intercept},
                              os.path.join(lab.folder, "profile"), _PASSED, ",".join(_OPENED[:1] if lab.in_control else _OPENED), _BLOCKED)
    daemon, wire = started
    quic = wire.to_port(443, 17)
    lab.expect("QUIC of the passed-through name leaves", any(packet.destination == topology.ORIGIN for packet in quic))
    escaped = [str(packet) for packet in quic if packet.destination == topology.SECOND_ORIGIN]
    lab.expect(_NOTHING_LEAVES, not escaped, escaped[:5])
    if lab.in_control:
        return
    for name in (_OPENED[0], _BLOCKED):
        lab.expect("Chromium had asked by QUIC", daemon.wait_record(lab.patience, host=name, quic="refused"), daemon.lines[-10:])
    line = daemon.wait_record(lab.patience, host=_PASSED, quic="passed")
    lab.expect("the passed flow is a line", line.get("verdict") == "PASSED-THROUGH", line)
