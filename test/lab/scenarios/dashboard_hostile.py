"""What an attacker's text does to the dashboard's pages: nothing. In Chromium."""

import contextlib
import json
import os
import shutil

from harness import browser_script, certificates, client, hello, topology
from harness.scenario import Control, scenario

_IMAGE = "<img/src=x/onerror=alert(1)>"
_SCRIPT = "<script>alert(1)</script>"
_HIDING = "\u202egnp.exe\u200b\u2066"
_SPELLED = "\u27e8U+202E\u27e9gnp.exe\u27e8U+200B\u27e9\u27e8U+2066\u27e9"
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
    settings = {"history.body_bytes": "65536"}
    if lab.in_control:
        settings["control.dashboard_files"] = _unsafe_pages(lab)
    daemon = lab.gateway(settings)
    with contextlib.ExitStack() as stack:
        def attack():
            fields = f"User-Agent: {_SCRIPT}\r\nX-Odd: {_HIDING}{_IMAGE}\r\n".encode().decode("latin-1")
            with client.dial(lab.client_side, topology.ORIGIN, 443) as made:
                made.sendall(hello.records(hello.handmade(hello.server_name(f"{_SCRIPT}{_HIDING}.test".encode())), [16384]))
                lab.expect("a name that is none is refused", made.recv(7)[:1] in (b"\x15", b""))
            opened = stack.enter_context(lab.open("evil.test"))
            lab.expect("it is answered", opened.request(path, "evil.test", fields=fields).status == 200)
            lab.expect("an origin whose certificate lies is not", lab.get("bad.test", path).status == 502)
            shown = [path, _SCRIPT, f"X-Answer\t{_SCRIPT}{_IMAGE}", f"{_SPELLED}{_IMAGE}"]
            return {"name": "evil.test", "control": lab.in_control, "exchanges": [
                {"listed": "evil.test", "search": "evil.test", "shown": shown},
                {"listed": "bad.test", "search": "bad.test", "shown": [path]},
                {"listed": "not a domain name", "search": "not a domain name", "shown": [f"{_SCRIPT}{_SPELLED}"]}]}
        browser_script.run(lab, "hostile", daemon, {"attack": attack})
