"""Chromium: an unconfigured one, and one with a proxy setting; it trusts the CA through its own certificate store (A4, A8)."""

import contextlib
import json
import os
import subprocess
import urllib.parse

from harness import topology
from harness.scenario import Control, scenario
from harness.websocket import WebSocketOrigin

_SHOWN = "the page is shown"


def _profile(lab, trusted=True, roots=None):
    """A home folder whose NSS store trusts the gateway's authority, or that in the file given."""
    home = os.path.join(lab.folder, f"home-{'trusting' if trusted else 'plain'}")
    store = f"sql:{home}/.pki/nssdb"
    os.makedirs(f"{home}/.pki/nssdb")
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True, capture_output=True)
    if trusted:
        subprocess.run(["certutil", "-A", "-d", store, "-n", "laboratory", "-t", "C,,", "-i", roots or lab.trusts_file()],
                       check=True, capture_output=True)
    subprocess.run(["chown", "-R", "nobody:nogroup", home], check=True)
    return home


def _command(home, *options):
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "chromium", "--headless=new", "--no-sandbox",
            "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-quic", f"--user-data-dir={home}/profile", *options]


def _environment(home):
    return {"HOME": home, "PATH": os.environ["PATH"]}


def _visit(lab, url, home, *options):
    """The page's DOM as Chromium has it after the visit."""
    command = _command(home, "--virtual-time-budget=5000", *options, "--dump-dom", url)
    result = lab.client_side.run(command, check=False, timeout=150, env=_environment(home))
    return result.stdout or "\n".join(line for line in result.stderr.splitlines() if "dbus" not in line)


@contextlib.contextmanager
def _browsing(lab, url, home):
    """Chromium shows the page meanwhile."""
    browser = lab.client_side.start(_command(home, url), env=_environment(home), stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        browser.terminate()
        browser.wait(60)


def _report(lab, origin, page):
    """What a page says of itself by asking for /done?{JSON}; {} when it does not."""
    def find():
        for request in origin.requests:
            if request.target.startswith("/done?"):
                report = json.loads(urllib.parse.unquote(request.target.split("?", 1)[1]))
                if report["page"] == page:
                    return report
        return None
    with origin.changed:
        origin.changed.wait_for(find, 5 * lab.patience)
        return find() or {}


def _done(_request):
    return 204, [], b""


def _page(connection, request):
    connection.respond(f"<!doctype html><title>lab</title><p>{request.get('user-agent')} asked for {request.target}</p>"
                       "<p>MARK-OF-THE-ORIGIN</p>", fields="Content-Type: text/html\r\n")


@scenario("A4 A8 C7 D06!", control=Control(_SHOWN), timeout=480)
def chromium(lab):
    """It offers ECH to everybody, which is GREASE (RFC 9849 §6.2). In the control its store lacks the authority."""
    lab.origin(behaviours={"/page": _page})
    lab.name_server()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    home = _profile(lab, trusted=not lab.in_control)
    seen = _visit(lab, "https://browser.test/page", home)
    lab.expect(_SHOWN, "MARK-OF-THE-ORIGIN" in seen, seen[:600])
    if lab.in_control:
        return
    lines = lab.exchanges(daemon, 1, host="browser.test")
    lab.expect("it was decrypted on the way", lines, daemon.lines[-3:])
    lab.expect("the log says ech", lines and lines[0].get("ech") == "offered", lines)
    proxy = f"--proxy-server=http://{topology.GATEWAY_LAN}:8080"
    seen = _visit(lab, "https://proxied.test/page", home, proxy)
    lab.expect("the page is shown through the proxy", "MARK-OF-THE-ORIGIN" in seen, seen[:600])
    blocked = _visit(lab, "https://blocked.test/", home)
    lab.expect("the block page is shown", "Policy Blocked" in blocked and "blocked.test" in blocked, blocked[:600])


_ORIGIN_NAMES = {name: [topology.ORIGIN] for name in ("h1.ws.test", "h2.ws.test")}  # and nobody else of whom Chromium asks
_HTML = [("content-type", "text/html; charset=utf-8")]
_SCRIPTS = 200
_MANY = """<!doctype html><title>many</title><link rel=icon href=data:,><script>let ran = 0;
performance.setResourceTimingBufferSize(1000);
addEventListener("load", () => {
  const seen = performance.getEntriesByType("resource").map(one => one.nextHopProtocol);
  const own = performance.getEntriesByType("navigation")[0].nextHopProtocol;
  const protocols = Array.from(new Set([own, ...seen])).join(" ");
  fetch("/done?" + encodeURIComponent(JSON.stringify({page: "many", ran, resources: seen.length, protocols})));
});</script>""" + "".join(f"<script src=/script/{number}.js></script>" for number in range(_SCRIPTS))
_OVER_HTTP2 = "page and subresources came over HTTP/2"


@scenario("B3", control=Control(_OVER_HTTP2, policy="[passthrough]\ndomain = *.ws.test\n"), timeout=480)
def many_subresources(lab):
    """Two origins: one that speaks HTTP/2, and one that does not, which in the control is what Chromium sees."""
    script = b"ran++; //" + b"x" * 2000
    answers = {"/done": _done, "/many": lambda _request: (200, _HTML, _MANY.encode())}
    for number in range(_SCRIPTS):
        answers[f"/script/{number}.js"] = lambda _request: (200, [("content-type", "text/javascript")], script)
    origin = WebSocketOrigin(lab, answers=answers)
    lab.name_server(_ORIGIN_NAMES)
    daemon = lab.gateway()
    home = _profile(lab, roots=lab.origin_roots_file() if lab.in_control else None)
    for name in ("h1.ws.test",) if lab.in_control else ("h2.ws.test", "h1.ws.test"):
        origin.requests.clear()
        with _browsing(lab, f"https://{name}/many", home):
            report = _report(lab, origin, "many")
        lab.expect(_OVER_HTTP2, report.get("protocols") == "h2", f"{name}: {report}")
        lab.expect("all of them", report.get("ran") == _SCRIPTS and report.get("resources") == _SCRIPTS, f"{name}: {report}")
        if not lab.in_control:
            lines = lab.exchanges(daemon, _SCRIPTS + 1, host=name, status=200)
            lab.expect("one connection carried them", len({line["client"] for line in lines}) == 1 and
                       all(line["alpn"] == "h2" for line in lines), f"{name}: {len(lines)} lines, {lines[:1]}")


# Each WebSocket sends its messages while it receives, then a large one.
_SOCKETS = """<!doctype html><title>sockets</title><link rel=icon href=data:,><script>
const MESSAGES = COUNT, LARGE = SIZE;
function converse(host) {
  return new Promise(done => {
    const socket = new WebSocket("wss://" + host + "/echo?PAGE"), large = new Uint8Array(LARGE);
    for (let at = 0; at < LARGE; at += 65536) crypto.getRandomValues(large.subarray(at, at + 65536));
    let right = 0, whole = false;
    socket.binaryType = "arraybuffer";
    const message = number => "message " + number + " " + "x".repeat(number % 300);
    socket.onopen = () => { for (let number = 0; number < MESSAGES; number++) socket.send(message(number)); };
    socket.onmessage = event => {
      if (typeof event.data == "string") {
        if (event.data == message(right)) right++;
        if (right == MESSAGES) socket.send(large);
      } else {
        const back = new Uint8Array(event.data);
        whole = back.length == LARGE && back.every((byte, at) => byte == large[at]);
        socket.close(3333, "done");
      }
    };
    socket.onclose = event => done({right, whole, code: event.code, clean: event.wasClean, extensions: socket.extensions});
  });
}
(async () => {
  const sockets = {};
  for (const host of ["h1.ws.test", "h2.ws.test"]) sockets[host] = await converse(host);
  fetch("/done?" + encodeURIComponent(JSON.stringify({page: location.host, sockets})));
})();</script>"""
_COME_BACK = "messages and a large one come back"


@scenario("B3", control=Control(_COME_BACK, settings={"http.upgrades": ""}), timeout=480)
def websockets(lab):
    """Chromium asks by CONNECT on the page's own HTTP/2 connection, and by Upgrade where it has none to that host; so one page
    makes both forms, and a second one, which says less, the other two combinations of sides."""
    amounts = {"h2.ws.test": (10_000, 16 << 20), "h1.ws.test": (1000, 1 << 20)}

    def page(request):
        host = request.get("host") or request.pseudo[":authority"]
        count, size = amounts[host]
        return 200, _HTML, _SOCKETS.replace("PAGE", host).replace("COUNT", str(count)).replace("SIZE", str(size)).encode()
    origin = WebSocketOrigin(lab, answers={"/done": _done, "/sockets": page})
    lab.name_server(_ORIGIN_NAMES)
    daemon = lab.gateway()
    home = _profile(lab)
    for host, (count, _) in amounts.items():
        with _browsing(lab, f"https://{host}/sockets", home):
            report = _report(lab, origin, host)
        sockets = report.get("sockets", {})
        for name in ("h1.ws.test", "h2.ws.test"):
            seen = sockets.get(name, {})
            lab.expect(_COME_BACK, seen.get("right") == count and seen.get("whole"),
                       f"{host}, {name}: {report}")
            if lab.in_control:
                continue
            lab.expect("closed in the orderly way", seen.get("clean") and seen.get("code") == 3333, f"{host}, {name}: {report}")
            lines = lab.exchanges(daemon, 1, host=name, path=f"/echo?{host}")
            form = "h2" if name == host else "http/1.1"
            lab.expect("by CONNECT where a connection was there, by Upgrade elsewhere", lines and lines[0]["alpn"] == form, lines)
            flow = lines[0].get("websocket", {}).get("in", {}) if lines else {}
            lab.expect("the log counts its messages", flow.get("text") == count and flow.get("binary") == 1 and
                       flow.get("close") == 3333, lines)


@scenario("A4 E04 H05", timeout=480)
def chromium_by_tls(lab):
    """Chromium with an https:// proxy, which it speaks HTTP/2 with; the onboarding page tells it whether it trusts the CA."""
    lab.origin(behaviours={"/page": _page})
    lab.name_server()
    daemon = lab.gateway({"listen.proxy_tls": f"{topology.GATEWAY_LAN}:8444"})
    home = _profile(lab)
    seen = _visit(lab, "https://browser.test/page", home, f"--proxy-server=https://{topology.GATEWAY_LAN}:8444")
    lab.expect("the page is shown through a proxy inside TLS", "MARK-OF-THE-ORIGIN" in seen, seen[:600])
    line = next(iter(lab.exchanges(daemon, 1, host="browser.test")), {})
    lab.expect("by HTTP/2", line.get("via") == ["proxy_tls TLSv1.3 h2"], line)
    for state, visitor in (("trusted", home), ("untrusted", _profile(lab, trusted=False))):
        seen = _visit(lab, "http://sallyport.internal/", visitor, f"--proxy-server=http://{topology.GATEWAY_LAN}:8080")
        lab.expect("the onboarding page says whether it trusts the CA", f'data-state="{state}"' in seen, seen[-1500:])
