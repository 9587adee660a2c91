"""The dashboard's pages in Chromium: what somebody does with them, what an attacker's text does to them, how they look."""

import contextlib
import json
import os
import shutil

from harness import browser_script, certificates, topology
from harness.scenario import Control, scenario

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


def _link(lab, daemon):
    return lab.command("--config", daemon.files.config, "dashboard", check=True).stdout.split()[0]


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
            answer = lab.get(name, path, fields=_SECRET)
            return {"status": answer.status, "id": answer.get("x-request-id")}

        def open_connection(name):
            opened = stack.enter_context(lab.open(name))
            return opened.request("/", name).status

        def compare(text):
            return text == lab.authority.pem()

        browser_script.run(lab, "walk", _link(lab, daemon), {
            "get": ask, "open": open_connection, "close": lambda: bool(stack.close() or True), "compare": compare})


_IMAGE = "<img/src=x/onerror=alert(1)>"
_SCRIPT = "<script>alert(1)</script>"
_HIDING = "\u202egnp.exe\u200b\u2066"
_AS_TEXT = "hostile text is shown as text"


def _unsafe_pages(lab):
    """The pages with the one place undone that makes text of whatever comes."""
    folder = os.path.join(lab.folder, "unsafe-pages")
    shutil.copytree(os.path.join(browser_script.TOP, "dashboard"), folder)
    path = os.path.join(folder, "core/dom.js")
    with open(path, encoding="utf-8") as file:
        code = file.read()
    safe = "document.createTextNode(visible(child))"
    lab.require("there is one such place", code.count(safe) == 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(code.replace(safe, "document.createRange().createContextualFragment(child)"))
    return folder


@scenario("N03! D6", control=Control(_AS_TEXT), timeout=480)
def hostile_text(lab):
    """Markup and characters that reorder, in names, URL, fields, body and certificates: on every page, they are text. In the
    control the pages take text for markup."""
    path = f"/{_IMAGE}?q={_SCRIPT}"

    def answer(connection, _request):
        connection.respond(json.dumps({"said": _SCRIPT, "hidden": _HIDING}, ensure_ascii=False).encode(),
                           fields=f"Content-Type: application/json\r\nX-Answer: {_SCRIPT}{_IMAGE}\r\n")

    def context(name, address):
        if name != "bad.test":
            return lab.good_context(name, address)
        return lab.server_context(certificates.issue(None, [f"{_IMAGE}.test"], common_name=_SCRIPT))
    lab.origin(contexts=context, behaviours={f"/{_IMAGE}": answer})
    settings = dict(_RECORDING)
    if lab.in_control:
        settings["control.dashboard_files"] = _unsafe_pages(lab)
    daemon = lab.gateway(settings)
    with contextlib.ExitStack() as stack:
        def attack():
            fields = f"User-Agent: {_SCRIPT}\r\nX-Odd: {_HIDING}{_IMAGE}\r\n".encode().decode("latin-1")
            opened = stack.enter_context(lab.open("evil.test"))
            lab.expect("it is answered", opened.request(path, "evil.test", fields=fields).status == 200)
            lab.expect("an origin whose certificate lies is not", lab.get("bad.test", path).status == 502)
            shown = [path, _SCRIPT, f"X-Answer\t{_SCRIPT}{_IMAGE}", f"\u27e8U+202E\u27e9gnp.exe\u27e8U+200B\u27e9\u27e8U+2066\u27e9{_IMAGE}"]
            return {"name": "evil.test", "control": lab.in_control, "exchanges": [
                {"listed": "evil.test", "search": "evil.test", "shown": shown},
                {"listed": "bad.test", "search": "bad.test", "shown": [path]}]}
        browser_script.run(lab, "hostile", _link(lab, daemon), {"attack": attack})


_PATHS = ("/", "/first", "/v1/items", "/assets/app.3f9c2.js", "/search", "/graphql")


@scenario("D1 M10", timeout=480)
def looks(lab):
    """Each page, light, dark and narrow: contrast, labels, focus, nothing cut off. SCREENSHOTS=folder keeps pictures."""
    lab.origin(behaviours={path: _json for path in _PATHS})
    daemon = lab.gateway(_RECORDING, _POLICY)
    with contextlib.ExitStack() as stack:
        def traffic():
            for path in _PATHS:
                for name in ("www.example.test", "api.corp.test", "cdn.shop.test"):
                    lab.get(name, path)
            lab.get("tracker.ads.test", "/pixel.gif")
            shown = lab.get("www.shop.test", "/first", fields=_SECRET)
            stack.enter_context(lab.open("mail.example.test")).request("/", "mail.example.test")
            stack.enter_context(lab.open("chat.shop.test")).request("/", "chat.shop.test")
            daemon.wait_exchange(host="www.shop.test")
            return {"open": "mail.example.test", "blocked": "tracker.ads.test", "id": shown.get("x-request-id")}
        pictures = os.environ.get("SCREENSHOTS")
        browser_script.run(lab, "looks", _link(lab, daemon), {"traffic": traffic}, *([pictures] if pictures else []))
