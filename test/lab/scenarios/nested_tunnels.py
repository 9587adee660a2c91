"""Tunnels to the proxy inside tunnels to the proxy (H05): each layer with TLS of its own, in every form and delivery."""

import itertools
import ssl

from harness import client, nesting, topology
from harness.scenario import Control, scenario

PROXY_NAME = "sallyport.internal"
PLAIN, SECURE = 8080, 8444
_DOORS = {"listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}"}
ANSWERED = "the request at the bottom is answered"
REFUSED = "one layer too many is refused"


class _Digger:
    """Opens the layers of one connection. `version` is that of HTTP inside TLS; `hello_from`: from this wish on, a ClientHello
    takes the place of CONNECT."""

    def __init__(self, lab, first, version, delivery="whole", hello_from=99, name=PROXY_NAME):
        self.lab, self.version, self.hello_from, self.wishes, self.name = lab, version, hello_from, 0, name
        self.split = delivery == "split"
        self.socket = client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE if first == "tls" else PLAIN)
        self.layer = nesting.Wire(self.socket, "whole" if self.split else delivery)
        self.protocol = None
        if first == "tls":
            self.secure(name)

    def secure(self, name, split=False):
        to_proxy = name == self.name
        self.protocol = self.version if to_proxy else "http/1.1"
        alpn = ("h2", "http/1.1") if self.protocol == "h2" else ("http/1.1",)
        self.layer = nesting.Tls(self.layer, self.lab.client_context(alpn=alpn), name, split)

    def wish(self, name):
        """Asks for `name` on port 443, unless the ClientHello that follows is to do that."""
        if self.wishes < self.hello_from:
            tunnel = nesting.Connect2 if self.protocol == "h2" else nesting.Connect1
            self.layer = tunnel(self.layer, f"{name}:443")
        self.wishes += 1

    def nest(self, count):
        for _ in range(count):
            self.wish(self.name)
            self.secure(self.name)
        return self

    def reach(self, name, path):
        """To the origin: one more wish, its TLS, a request."""
        self.wish(name)
        self.secure(name, self.split)
        return nesting.ask(self.layer, path, name)


def _forms():
    """(first hop, nestings, from which wish on a ClientHello takes CONNECT's place, version)."""
    for first, nestings, version in itertools.product(("plain", "tls"), (1, 2), ("http/1.1", "h2")):
        least = 0 if first == "tls" else 1  # the plaintext listener takes requests alone
        for hello_from in range(least, nestings + 2):
            yield first, nestings, hello_from, version


@scenario("H05", control=Control(ANSWERED, settings={"listen.max_nesting": "0"}), timeout=300)
def nested_in_every_form(lab):
    """Every form in every delivery; in the control the proxy opens no tunnel to itself."""
    origin = lab.origin()
    lab.name_server()
    daemon = lab.gateway(_DOORS)
    wanted = {}
    for number, (form, delivery) in enumerate(itertools.product(_forms(), ("whole", "glued", "bytes", "split"))):
        first, nestings, hello_from, version = form
        path, label = f"/form/{number}", f"{form} {delivery}"
        try:
            digger = _Digger(lab, first, version, delivery, hello_from)
            with digger.socket:
                answer = digger.nest(nestings).reach("deep.test", path)
            lab.expect(ANSWERED, answer.status == 200 and answer.body.startswith(f"GET {path} ".encode()), f"{label}: {answer}")
        except (OSError, client.ProxyRefused) as error:
            lab.expect(ANSWERED, False, f"{label}: {error!r}")
        wanted[path] = (label, form)
        if lab.in_control and number >= 8:
            return
    lab.expect("each came to the origin once", sorted(one.target for one in origin.requests()) == sorted(wanted),
               len(origin.requests()))
    lines = {line.get("path"): line for line in lab.exchanges(daemon, len(wanted), host="deep.test")}
    for path, (label, (first, nestings, _, version)) in wanted.items():
        line = lines.get(path, {})
        via = line.get("via", [])
        inside = " TLSv1.3" + (" h2" if version == "h2" else "")
        outermost = "proxy" if first == "plain" else "proxy_tls" + inside
        lab.expect("the log lists the layers", via == [outermost] + [f"tunnel {PROXY_NAME}:443{inside}"] * nestings,
                   f"{label}: {line}")
        lab.expect("it is judged and logged like any other", line.get("verdict") == "ALLOWED-BY-DEFAULT" and
                   line.get("status") == 200 and line.get("client", "").startswith(topology.CLIENT + ":"), line)
    lab.note(f"{len(wanted)} forms and deliveries")


@scenario("H05", control=Control(REFUSED, settings={"listen.max_nesting": "4"}))
def nested_deeper_than_the_bound(lab):
    """Three by default. A CONNECT is answered 508, a ClientHello by an alert."""
    lab.origin()
    lab.name_server()
    daemon = lab.gateway(_DOORS)
    for first, version, glued in itertools.product(("plain", "tls"), ("http/1.1", "h2"), (False, True)):
        label = f"{first} {version} glued={glued}"
        digger = _Digger(lab, first, version, "glued" if glued else "whole")
        with digger.socket:
            if not lab.in_control:
                answer = _Digger(lab, first, version).nest(3).reach("deep.test", "/at-the-bound")
                lab.expect("as many as allowed are served", answer.status == 200, f"{label}: {answer}")
            status, body = _refusal_of(lambda digger=digger: digger.nest(4))
            lab.expect(REFUSED, status == 508 and b"max_nesting" in body, f"{label}: {status} {body}")
    for first in ("plain", "tls"):
        digger = _Digger(lab, first, "http/1.1", "whole", hello_from=3)
        with digger.socket:
            failure = ""
            try:
                digger.nest(4)
            except (ssl.SSLError, OSError) as error:
                failure = str(error)
            lab.expect(REFUSED, "access denied" in failure.lower(), f"{first}, by a ClientHello: {failure}")
    if lab.in_control:
        return
    why = "tunnels to the proxy itself are nested deeper than [listen] max_nesting"
    line = daemon.wait_record(error=why, status=508)
    lab.expect("the log says why", line.get("method") == "CONNECT" and len(line.get("via", [])) == 4, line)
    lab.expect("for a ClientHello too", lab.until(lambda: any(
        one.get("error") == why and not one.get("method") for one in daemon.records())), daemon.lines[-2:])


def _refusal_of(opening):
    try:
        opening()
    except client.ProxyRefused as refused:
        return refused.response.status, refused.response.body
    except OSError as error:
        return 0, str(error).encode()
    return 200, b""


@scenario("H05", control=Control("a wish for a blocked name says so", policy=""))
def policy_inside_nested_layers(lab):
    """Each layer is judged by the same rules: what the innermost asks for, and what may be asked for at all."""
    origin = lab.origin()
    lab.name_server()
    lab.gateway({**_DOORS, "listen.proxy_name": "gate.test", "listen.max_nesting": "2"}, "[blacklist]\ndomain = blocked.test\n")
    for version in ("http/1.1", "h2"):
        digger = _Digger(lab, "tls", version, name="gate.test")
        answer = digger.nest(2).reach("blocked.test", "/")
        lab.expect("a wish for a blocked name says so", answer.status == 403 and b"Policy Blocked" in answer.body, answer)
        if lab.in_control:
            return
        for authority in ("fine.test:25", "127.0.0.1:443", "10.1.0.2:443", f"{topology.GATEWAY_WAN}:443"):
            digger = _Digger(lab, "plain", version, name="gate.test").nest(1)
            tunnel = nesting.Connect2 if version == "h2" else nesting.Connect1
            status, _ = _refusal_of(lambda digger=digger, tunnel=tunnel, authority=authority: tunnel(digger.layer, authority))
            lab.expect("what may not be asked for is refused in every layer", status == 403, f"{version} {authority}: {status}")
        status, body = _refusal_of(lambda version=version: _Digger(lab, "tls", version, name="gate.test").nest(3))
        lab.expect("the bound is the admin's", status == 508, f"{version}: {status} {body}")
    lab.expect("nobody was dialled", not origin.connections, origin.connections)

