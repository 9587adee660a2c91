"""The dashboard's pages in Chromium: what somebody does with them, and how they look."""

import contextlib
import itertools
import os
import random
import threading

from harness import browser_script, quic, topology
from harness.scenario import scenario

_POLICY = """[rewrite api.corp.test]
target_ip = %s
header = X-Through: gateway
[blacklist]
domain = *.ads.test
[whitelist]
domain = *.example.test
[passthrough]
domain = *.bank.test
proof = none
""" % topology.ORIGIN
_RECORDING = {"history.body_bytes": "65536"}
_SECRET = "X-Asked: yes\r\nCookie: id=secret-of-the-client\r\n"


def _json(connection, _request):
    connection.respond('{"told":"in JSON","list":[1,2,3]}', fields="Content-Type: application/json\r\nX-Answered: yes\r\n"
                       "Set-Cookie: id=secret-of-the-origin\r\n")


@scenario("D1 M10", timeout=480)
def walk(lab):
    """Log in, see a connection appear, read it, filter the history, open a waterfall, replay, explain a block, log out."""
    lab.origin(behaviours={"/": _json, "/first": _json})
    lab.name_server()
    daemon = lab.gateway({**_RECORDING, "upstream.dns_servers": topology.NAME_SERVER}, _POLICY)
    with contextlib.ExitStack() as stack:
        def ask(name, path):
            return lab.get(name, path, fields=_SECRET).status

        def open_connection(name):
            opened = stack.enter_context(lab.open(name))
            return opened.request("/", name).status

        def compare(text):
            return text == lab.authority.pem()

        def ask_by_quic(name):
            return quic.ask(lab, quic.flight(name), topology.ORIGIN)

        browser_script.run(lab, "walk", daemon, {
            "get": ask, "quic": ask_by_quic, "open": open_connection, "close": lambda: bool(stack.close() or True), "compare": compare})


_PATHS = ("/", "/first", "/v1/items", "/assets/app.3f9c2.js", "/search", "/graphql")


@contextlib.contextmanager
def _clients(lab):
    """Somebody is always asking for something meanwhile."""
    over = threading.Event()

    def ask():
        for path in itertools.cycle(_PATHS):
            if over.wait(random.uniform(0.02, 0.2)):
                return
            with contextlib.suppress(OSError):
                lab.get(random.choice(("www.example.test", "api.corp.test", "cdn.shop.test", "tracker.ads.test")), path)
    asking = [threading.Thread(target=ask) for _ in range(3)]
    for one in asking:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in asking:
            one.join()


@scenario("D1 M10", timeout=480)
def looks(lab):
    """Each page, light, dark and narrow: contrast, labels, focus, nothing cut off. SCREENSHOTS=folder keeps pictures."""
    lab.origin(behaviours={path: _json for path in _PATHS})
    daemon = lab.gateway(_RECORDING, _POLICY)
    pictures = os.environ.get("SCREENSHOTS")
    with contextlib.ExitStack() as stack:
        def traffic():
            for path in _PATHS:
                for name in ("www.example.test", "api.corp.test", "cdn.shop.test"):
                    lab.get(name, path)
            lab.get("tracker.ads.test", "/pixel.gif")
            lab.get("www.shop.test", "/first", fields=_SECRET)
            stack.enter_context(lab.open("mail.example.test")).request("/", "mail.example.test")
            stack.enter_context(lab.open("chat.shop.test")).request("/", "chat.shop.test")
            if pictures:
                stack.enter_context(_clients(lab))
            recorded = daemon.wait_exchange(host="www.shop.test")
            return {"open": "mail.example.test", "blocked": "tracker.ads.test", "id": recorded["request_id"]}
        browser_script.run(lab, "looks", daemon, {"traffic": traffic}, *([pictures] if pictures else []))
