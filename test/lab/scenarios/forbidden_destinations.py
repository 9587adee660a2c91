"""Where the proxy's clients may not be taken (H01, H02): to the gateway's own services, its loopback, its links, its networks; in
any spelling, by any name, through any door. The judges are listeners there that see nobody."""

import ssl

from harness import client, http1, nesting, topology
from harness.guards import Guards
from harness.scenario import Control, scenario

SECURE = 8444
METADATA, LINK6 = "169.254.169.254", "fe80::a9fe"
_SETTINGS = {"listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}", "explicit.connect_ports": "443, 80, 8443, 8081",
             "upstream.connect_timeout_seconds": "2"}
_OWN = [topology.GATEWAY_LAN, topology.GATEWAY_WAN, f"[{topology.GATEWAY_LAN6}]", f"[{topology.GATEWAY_WAN6}]"]

LITERALS = [
    "127.0.0.1", "127.1.2.3", "127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]", "0.0.0.0", "0.1.2.3", "[::]", "[::ffff:0.0.0.0]", METADATA, f"[::ffff:{METADATA}]", f"[{LINK6}]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", *_OWN,
    *(f"[::ffff:{address}]" for address in (topology.GATEWAY_LAN, topology.GATEWAY_WAN)),
]
SPELLINGS = [
    "2130706433", "0x7f000001", "0X7F000001", "017700000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1",
    "127.0.0.01", "127.0.0.1.", "127.000.000.001", "127.0.0.1%2e", "%31%32%37.0.0.1", "127.0.0.0x1", "2852039166", "0xA9FEA9FE",
    "1.2.3.4.5", "[::1%lo]", "[::1%25lo]", "[127.0.0.1]", "::1", "\u2460\u2461\u2466.0.0.1", "127\u30020\u30020\u30021",
    "user@127.0.0.1", "127.0.0.1#", "localhost\\.a.test",
]
NAMES = {
    "loop4.test": ["127.0.0.1"], "loop6.test": ["::1"], "mapped.test": ["::ffff:127.0.0.1"], "zero.test": ["0.0.0.0"],
    "zero6.test": ["::"], "metadata.test": [METADATA], "link.test": [LINK6], "own.test": [topology.GATEWAY_WAN],
    "own6.test": [topology.GATEWAY_LAN6], "translated.test": ["64:ff9b::7f00:1"], "both.test": ["127.0.0.1", "::1"],
}
NETWORKS = ["10.1.0.2", "10.200.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "[fd10:1::2]",
            "[fc00::1]", "[fec0::1]", "224.0.0.1", "239.1.1.1", "[ff02::1]", "255.255.255.255", "240.0.0.1", "[64:ff9b::10.1.0.2]",
            "[64:ff9b:1::1]", "[2002:a01:2::]"]
REFUSED, UNSEEN = "it is refused", "nobody there sees a connection"


def _start(lab, policy=""):
    lab.gateway_side.run(["ip", "addr", "add", f"{METADATA}/32", "dev", "wan0"])
    lab.gateway_side.run(["ip", "addr", "add", f"{LINK6}/64", "dev", "wan0", "nodad"])
    guards = Guards().post(lab.gateway_side, (443, 80, 8081)).post(lab.client_side, (443, 80))
    lab.name_server({**NAMES, "inside.test": ["10.1.0.2"], "mixed.test": ["127.0.0.1", topology.ORIGIN], "*": [topology.ORIGIN]})
    return guards, lab.gateway(_SETTINGS, policy)


def _plain(lab):
    return nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, 8080, timeout=10))


def _by_connect(lab, host, port):
    wire = _plain(lab)
    return _through(lab, wire, lambda: nesting.Connect1(wire, f"{host}:{port}"), host)


def _by_http2(lab, host, port):
    wire = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE, timeout=10))
    secure = nesting.Tls(wire, lab.client_context(alpn=("h2",)), "sallyport.internal")
    return _through(lab, wire, lambda: nesting.Connect2(secure, f"{host}:{port}"), host)


def _by_client_hello(lab, host, _port):
    """In place of a CONNECT, where the host is a name."""
    wire = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE, timeout=10))
    secure = nesting.Tls(wire, lab.client_context(), "sallyport.internal")
    return _through(lab, wire, lambda: secure, host)


def _through(_lab, wire, opening, host):
    """The status of what the proxy says, in the tunnel or in place of one; 0 where it only ended."""
    with wire.socket:
        try:
            tunnel = opening()
            secure = nesting.Tls(tunnel, client.tls_context(None), host if host.endswith(".test") else None)
            return nesting.ask(secure, "/", host).status
        except client.ProxyRefused as refused:
            return refused.response.status if refused.response else 0
        except (ssl.SSLError, ConnectionError, http1.Truncated):
            return 0


def _by_absolute_form(lab, host, port):
    wire = _plain(lab)
    with wire.socket:
        wire.write(f"GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        try:
            return http1.Reader(lambda size: wire.read()).response().status
        except (ConnectionError, http1.Truncated):
            return 0


def _by_plain_tunnel(lab, host, port):
    wire = _plain(lab)
    with wire.socket:
        try:
            return nesting.ask(nesting.Connect1(wire, f"{host}:{port}"), "/", host).status
        except client.ProxyRefused as refused:
            return refused.response.status if refused.response else 0
        except (ConnectionError, http1.Truncated):
            return 0


WAYS = {"CONNECT": (_by_connect, 443), "CONNECT in HTTP/2": (_by_http2, 443), "absolute-form": (_by_absolute_form, 80),
        "CONNECT to port 80": (_by_plain_tunnel, 80)}


@scenario("H01!", control=Control(UNSEEN, settings={"explicit.allowed_destinations": "0.0.0.0/0, ::/0"}), timeout=300)
def own_loopback_and_link_addresses(lab):
    """Every literal, spelling and name through every way. In the control every destination is allowed."""
    guards, daemon = _start(lab)
    for way, (ask, port) in WAYS.items():
        for host in LITERALS[:1] if lab.in_control else LITERALS:
            status = ask(lab, host, port)
            lab.expect(REFUSED, lab.in_control or status == 403, f"{way} {host}: {status}")
        for host in () if lab.in_control else SPELLINGS:
            try:
                status = ask(lab, host.encode().decode("latin-1"), port)
            except UnicodeError:
                continue
            # What cannot stand in HTTP/2's fields resets the stream.
            lab.expect("no spelling is taken for an address", status in (400, 403, 0 if way.endswith("2") else 400),
                       f"{way} {host}: {status}")
        for host in () if lab.in_control else [*NAMES, "localhost", "LOCALHOST", "localhost."]:
            status = ask(lab, host, port)
            lab.expect("a name is judged by the address it has", status == 403, f"{way} {host}: {status}")
    if not lab.in_control:
        for host in NAMES:
            status = _by_client_hello(lab, host, 443)
            lab.expect("a name is judged by the address it has", status == 403, f"ClientHello {host}: {status}")
        for host in _OWN:
            for port in (8443, 8081):
                lab.expect("other services of the gateway are refused", _by_connect(lab, host, port) == 403, f"{host}:{port}")
        line = daemon.wait_record(host="loop4.test")
        lab.expect("the log says why", "127.0.0.1:443 is an address of this gateway" in line.get("error", ""), line)
        lab.expect("each refusal is logged", lab.until(lambda: any(
            one.get("host") == "127.0.0.1:443" and one.get("status") == 403 for one in daemon.records())), daemon.lines[-3:])
    lab.expect(UNSEEN, not guards.came, guards.came[:5])


@scenario("H02", control=Control(REFUSED, settings={"explicit.allowed_destinations": "10.0.0.0/8"}))
def networks_that_are_nobodys_business(lab):
    """Private, shared, multicast and reserved addresses, for clients of the proxy."""
    guards, _ = _start(lab)
    for way, (ask, port) in WAYS.items():
        for host in NETWORKS[:1] if lab.in_control else [*NETWORKS, "inside.test"]:
            status = ask(lab, host, port)
            lab.expect(REFUSED, status == 403, f"{way} {host}: {status}")
    lab.expect(UNSEEN, not guards.came, guards.came[:5])


@scenario("H02")
def what_a_rule_names(lab):
    """A rewrite's target_ip counts as named, though it is private; a name with one address that may not be dialled has none."""
    guards, _ = _start(lab, "[rewrite inside.test]\ntarget_ip = 10.1.0.2\n")
    origin = lab.origin()
    _by_connect(lab, "inside.test", 443)
    lab.expect("what a rule names is dialled", ("10.1.0.2", 443) in guards.came, guards.came)
    guards.came.clear()
    status = _by_connect(lab, "mixed.test", 443)
    lab.expect("a name with one forbidden address is a trap", status == 403 and not origin.connections, status)
    lab.expect(UNSEEN, not guards.came, guards.came)
