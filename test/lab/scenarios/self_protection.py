"""The gateway does not dial itself, nor serve whoever has no business with it (A15; TESTS I04)."""

import time

from harness import client, topology
from harness.scenario import Control, scenario

FLAT = "descriptors stay flat"
OWN = "a connection to the gateway's own address is refused"
TRIES = 10_000


def _dial(lab, side, address, port):
    """What becomes of a TLS connection to there: "refused", "closed" or "served"."""
    try:
        made = client.dial(side, address, port)
    except OSError:
        return "refused"
    try:
        with client.Connection(made, client.tls_context(None), "self.test") as connection:
            answer = connection.request("/", "self.test")
            return "refused" if answer.status in (0, 403, 502) else "served"
    except OSError:
        return "closed"


@scenario("A15 I04!", control=Control(OWN))
def gateways_own_addresses(lab):
    """The listener's port itself, and port 443 of the gateway's addresses. In the control an origin of the laboratory
    stands in the gateway's place."""
    own = [topology.GATEWAY_LAN, topology.GATEWAY_LAN6, topology.GATEWAY_WAN, topology.GATEWAY_WAN6]
    daemon = lab.gateway()
    if lab.in_control:
        lab.origin()
        own = [topology.ORIGIN, topology.ORIGIN6]
    with lab.capture_wan() as wire:
        for address in own:
            lab.expect(OWN, _dial(lab, lab.client_side, address, 443) != "served", f"{address}:443")
            if not lab.in_control:
                lab.expect(OWN, _dial(lab, lab.client_side, address, 8443) != "served", f"{address}:8443")
    lab.expect("the gateway dials nobody for it", lab.in_control or not wire.to_port(443), wire.packets[:3])
    lab.expect("and not itself", lab.in_control or not any("own" in line and "error" in line.lower() and "200" in line
                                                            for line in daemon.lines), daemon.lines[-3:])


@scenario("A15", control=Control("a client on the WAN side is refused"))
def wan_side_clients(lab):
    """On the transparent port and on the proxy; in the control the client is on the LAN's side."""
    lab.origin()
    lab.name_server()
    lab.gateway({"listen.proxy": "0.0.0.0:8080, [::]:8080"})
    side, gateway = (lab.client_side, topology.GATEWAY_LAN) if lab.in_control else (lab.origin_side, topology.GATEWAY_WAN)
    if not lab.in_control:
        lab.expect("a client on the WAN side is refused", _dial(lab, side, gateway, 8443) != "served", "8443")
    try:
        made = client.dial(side, gateway, 8080)
        client.connect_through(made, "a.test:443")
        status = 200
    except client.ProxyRefused as refused:
        status = refused.response.status if refused.response else 0
    except OSError:
        status = 0
    lab.expect("a client on the WAN side is refused", status in (0, 403), status)
    if lab.in_control:
        return
    lab.expect("the WAN is not steered", _dial(lab, side, topology.CLIENT, 443) != "served", "")


@scenario("A15 I04!", control=Control(FLAT), timeout=300)
def ten_thousand_tries(lab):
    """Direct hits and the gateway's own addresses, over and over. In the control as many connections are left open."""
    _flat(lab, steered=True)


@scenario("A15 I04!", control=Control(FLAT), timeout=300)
def ten_thousand_tries_without_rules(lab):
    """The same where no rule of the kernel keeps them away from the daemon."""
    _flat(lab, steered=False)


def _flat(lab, steered):
    lab.origin()
    daemon = lab.gateway(steered=steered or lab.in_control)
    if steered or lab.in_control:
        lab.get("warm.test")
    before = daemon.descriptors()
    held = []
    began = time.monotonic()
    if lab.in_control:
        for _ in range(100):
            held.append(lab.open("held.test"))
    else:
        _knock(lab, TRIES)
    deadline = time.monotonic() + lab.patience
    while daemon.descriptors() > before + 4 and time.monotonic() < deadline and not lab.in_control:
        time.sleep(0.05)
    after = daemon.descriptors()
    lab.expect(FLAT, after <= before + 4, f"{before} before, {after} after")
    if not lab.in_control:
        lab.note(f"{TRIES} tries in {time.monotonic() - began:.1f} s: descriptors {before} before, {after} after")
        if not steered:
            lab.steer("up")
        lab.expect("clients are served as ever", lab.get("warm.test").status == 200, daemon.lines[-3:])


def _knock(lab, tries):
    for number in range(tries):
        address, port = ((topology.GATEWAY_LAN, 8443), (topology.GATEWAY_LAN, 443), (topology.GATEWAY_WAN, 8443),
                         (topology.GATEWAY_LAN6, 8443))[number % 4]
        try:
            made = client.dial(lab.client_side, address, port)
        except OSError:
            continue
        try:
            made.sendall(b"\x16\x03\x01")
        except OSError:
            pass
        made.close()


@scenario("A15 I04!", control=Control("no private target through CONNECT",
                                      settings={"explicit.allowed_destinations": "0.0.0.0/0, ::/0"}))
def explicit_targets(lab):
    """What an explicit client may not be connected to: own addresses and ports, loopback, link-local, private; in digits or
    by a name. In the control every destination is allowed."""
    lab.origin()
    lab.name_server({"rebound.test": ["127.0.0.1"], "inside.test": ["10.1.0.2"], "own.test": [topology.GATEWAY_WAN]})
    lab.gateway({"explicit.connect_ports": "443, 8080, 8443"})
    targets = ["127.0.0.1:8080", "[::1]:8080", "0.0.0.0:443", "[::ffff:127.0.0.1]:8080", "169.254.169.254:443", "[fe80::1]:443",
               f"{topology.GATEWAY_WAN}:8443", f"[{topology.GATEWAY_WAN6}]:8080",
               "10.1.0.2:443", "rebound.test:443", "inside.test:443", "own.test:443"]
    listening = lab.client_side.socket()
    listening.bind(("10.1.0.2", 443))
    listening.listen(1)
    reached = {}
    for target in targets:
        reached[target] = _through(lab, target)
    if lab.in_control:
        lab.expect("no private target through CONNECT", reached["10.1.0.2:443"] == "refused", reached)
        return
    for target, result in reached.items():
        lab.expect("no private target through CONNECT", result == "refused", f"{target}: {result}")
    listening.close()


def _through(lab, target):
    """A CONNECT for a name may be answered 200, and the refusal given inside TLS."""
    try:
        made = client.dial(lab.client_side, topology.GATEWAY_LAN, 8080)
        client.connect_through(made, target)
    except client.ProxyRefused as refused:
        return "refused" if refused.response is not None and refused.response.status in (400, 403, 502) else "hung up"
    except OSError:
        return "refused"
    made.settimeout(lab.patience)
    name = target.rsplit(":", 1)[0].strip("[]")
    try:
        with client.Connection(made, client.tls_context(None), name if name.endswith(".test") else None) as connection:
            answer = connection.request("/", name)
            return "refused" if answer.status in (0, 403, 502) else f"status {answer.status}"
    except TimeoutError:
        return "silence: it was connected"
    except OSError:
        return "refused"
