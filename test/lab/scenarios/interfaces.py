"""LAN interfaces of every kind, several at once, and addresses, interfaces and routes that come and go (A15; TESTS I05)."""

import threading

from harness import client, topology
from harness.crowd import Crowd
from harness.origin import Origin
from harness.scenario import Control, scenario

STEERED = "clients behind each LAN interface are intercepted, with their own addresses"
VLAN = "lan0.5"
# Interface, the gateway's and the client's addresses behind it, and the origin that clients reach through it.
_PLAIN = ("lan0", topology.GATEWAY_LAN, topology.CLIENT, topology.ORIGIN, topology.GATEWAY_LAN6, topology.CLIENT6,
          topology.ORIGIN6)
_BRIDGE = ("br0", "10.2.0.1", "10.2.0.2", topology.SECOND_ORIGIN, "fd10:2::1", "fd10:2::2", "2001:db8:113::11")
_VLAN = (VLAN, "10.5.0.1", "10.5.0.2", "203.0.113.12", "fd10:5::1", "fd10:5::2", topology.TARGET6)


def _connect(lab, kind, client_interface):
    """Addresses on both sides, the client's way to the origin through it, and the origin's way back."""
    interface, gateway, ours, origin, gateway6, ours6, origin6 = kind
    for namespace, name, address, address6 in ((lab.gateway_side, interface, gateway, gateway6),
                                               (lab.client_side, client_interface, ours, ours6)):
        namespace.run(["ip", "link", "set", name, "up"])
        namespace.run(["ip", "addr", "add", f"{address}/24", "dev", name])
        namespace.run(["ip", "addr", "add", f"{address6}/64", "dev", name, "nodad"])
    lab.client_side.run(["ip", "route", "add", origin, "via", gateway, "src", ours])
    lab.client_side.run(["ip", "-6", "route", "add", origin6, "via", gateway6, "src", ours6])
    lab.origin_side.run(["ip", "route", "add", f"{ours}/24".replace(".2/", ".0/"), "via", topology.GATEWAY_WAN])
    lab.origin_side.run(["ip", "-6", "route", "add", ours6.replace("::2", "::/64"), "via", topology.GATEWAY_WAN6])


def _add_bridge(lab):
    lab.gateway_side.run(["ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0"])
    # Kernels without the module br_netfilter have no such setting, and no need of it.
    lab.gateway_side.run(["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0"],
                         check=False)
    lab.gateway_side.run(["ip", "link", "add", "port0", "type", "veth", "peer", "name", "bridged", "netns",
                          lab.client_side.name])
    lab.gateway_side.run(["ip", "link", "set", "port0", "master", "br0", "up"])
    _connect(lab, _BRIDGE, "bridged")


def _add_vlan(lab):
    """Interfaces on top of others, as VLANs are; where the kernel has none, by their own link-layer addresses (macvlan)."""
    kind = ["type", "vlan", "id", "5"]
    if lab.gateway_side.run(["ip", "link", "add", "link", "lan0", "name", VLAN, *kind], check=False).returncode != 0:
        kind = ["type", "macvlan", "mode", "bridge"]
        lab.gateway_side.run(["ip", "link", "add", "link", "lan0", "name", VLAN, *kind])
        lab.note("this kernel has no VLANs: macvlan in their place")
    lab.client_side.run(["ip", "link", "add", "link", "lan", "name", "lan.5", *kind])
    _connect(lab, _VLAN, "lan.5")


@scenario("A15 I05", control=Control(STEERED, settings={"gateway.lan_interfaces": "wan9"}))
def plain_bridge_and_vlan(lab):
    """Three LANs at once, of which the third comes while everything runs. In the control none of them is named."""
    origin = lab.origin([kind[3] for kind in (_PLAIN, _BRIDGE, _VLAN)] + [kind[6] for kind in (_PLAIN, _BRIDGE, _VLAN)])
    _add_bridge(lab)
    daemon = lab.gateway({"gateway.lan_interfaces": f"lan0, br0, {VLAN}"})
    for kind in (_PLAIN, _BRIDGE):
        _expect_steered(lab, daemon, origin, kind)
    _add_vlan(lab)
    # The daemon hears of the new address a moment later; until then it takes such clients for strangers.
    lab.until(lambda: _served(lab, _VLAN[3]) and _served(lab, _VLAN[6]))
    _expect_steered(lab, daemon, origin, _VLAN)


def _served(lab, address):
    try:
        return lab.get("warm.test", address=address, context=client.tls_context(None)).status == 200
    except OSError:
        return False


def _expect_steered(lab, daemon, origin, kind):
    for address, ours in ((kind[3], kind[2]), (kind[6], kind[5])):
        origin.forget()
        answer = lab.get(f"lan{topology.family_of(address)}.test", address=address, context=client.tls_context(None))
        seen = [connection.peer[0] for connection in origin.connections]
        lab.expect(STEERED, answer.leaf.issuer == lab.authority.certificate.subject and seen == [ours],
                   f"{kind[0]} {address}: {answer.leaf.issuer} {seen} {daemon.lines[-2:]}")


UNTOUCHED = "no connection is lost that did not use what changed"
CLIENTS = 200


@scenario("F6", control=Control(UNTOUCHED))
def changes_under_load(lab):
    """Addresses, a VLAN among the LAN interfaces and default routes come and go below 200 clients. In the control a firewall
    resets what the clients say."""
    lab.origin()
    daemon = lab.gateway({"gateway.lan_interfaces": f"lan0, {VLAN}"})
    crowd = Crowd(lab, lab.client_context(), ["crowd.test"], CLIENTS, 1_000_000, pause=0.5).start()
    lab.require("all are connected", lab.until(lambda: crowd.tally.answered >= CLIENTS or crowd.tally.failed), crowd.tally)
    for _ in range(2):
        _add_vlan(lab)
        _change_addresses_and_routes(lab, "add")
        answered = crowd.tally.answered
        lab.until(lambda before=answered: crowd.tally.answered > before + CLIENTS or crowd.tally.failed)
        _change_addresses_and_routes(lab, "del")
        for side, name in ((lab.gateway_side, VLAN), (lab.client_side, "lan.5")):
            side.run(["ip", "link", "del", name])
        for version in ("", "-6 "):
            lab.origin_side.run(f"ip {version}route flush {'10.5.0.0/24' if not version else 'fd10:5::/64'}".split())
    if lab.in_control:
        lab.gateway_side.run(["iptables", "-I", "INPUT", "1", "-p", "tcp", "--dport", "443", "-j", "REJECT", "--reject-with",
                              "tcp-reset"])
    answered = crowd.tally.answered
    lab.until(lambda: crowd.tally.answered > answered + CLIENTS or crowd.tally.failed)
    crowd.stop.set()
    tally = crowd.wait()
    lab.expect(UNTOUCHED, tally.failed == 0 and tally.answered > 3 * CLIENTS, f"{tally} {daemon.lines[-3:]}")


def _change_addresses_and_routes(lab, verb):
    for interface, address in (("lan0", "10.1.7.1/24"), ("wan0", "203.0.113.77/24"), ("lo", "192.0.2.5/32"),
                               ("wan0", "2001:db8:113::77/64"), ("lan0", "fd10:77::1/64")):
        lab.gateway_side.run(["ip", "addr", verb, address, "dev", interface])
    for version, via, metric in (("-4", "203.0.113.254", "50"), ("-6", "2001:db8:113::fe", "50"), ("-4", "203.0.113.253", "60")):
        # Removing an address has taken along the routes that needed it.
        lab.gateway_side.run(["ip", version, "route", verb, "default", "via", via, "dev", "wan0", "metric", metric],
                             check=verb == "add")


OWN = "an address is the gateway's own from when it is added until it is removed"


@scenario("A15 I04!", control=Control(OWN, settings={"explicit.allowed_destinations": "0.0.0.0/0, ::/0"}))
def addresses_that_come_and_go(lab):
    """Asked to connect to an address, the gateway does so as long as it is somebody else's. In the control everything may be
    connected to, own addresses included."""
    moving = ("203.0.113.12", topology.TARGET6)
    Origin(lab.origin_side, moving, lab.good_context)
    lab.gateway()
    here = []
    for address in moving:
        lab.expect("it is the origin's", _status(lab, address) == 200, address)
        version = f"-{topology.family_of(address)}"
        # An address of IPv6 is nobody's yet while the kernel looks for another that has it, which no loopback can have.
        lab.gateway_side.run(["ip", version, "addr", "add", f"{address}/{'32' if version == '-4' else '128'}", "dev", "lo",
                              *(["nodad"] if version == "-6" else [])])
        here.append(_Listener(lab, address))
    for address, listener in zip(moving, here):
        said = lab.until(lambda a=address: _status(lab, a) == 403, 1 if lab.in_control else 20)
        before = listener.accepted
        lab.expect(OWN, said and _status(lab, address) == 403 and listener.accepted == before, address)
    for address, listener in zip(moving, here):
        listener.close()
        version = f"-{topology.family_of(address)}"
        lab.gateway_side.run(["ip", version, "addr", "del", f"{address}/{'32' if version == '-4' else '128'}", "dev", "lo"])
    for address in moving:
        lab.expect("and the origin's again", lab.in_control or lab.until(lambda a=address: _status(lab, a) == 200), address)


class _Listener:
    """A service of the gateway's own on port 443, which counts who comes."""

    def __init__(self, lab, address):
        self.accepted = 0
        self._socket = lab.gateway_side.socket(client.socket.AF_INET6 if ":" in address else client.socket.AF_INET)
        self._socket.bind((address, 443))
        self._socket.listen(16)
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        while True:
            try:
                made, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            made.close()

    def close(self):
        self._socket.shutdown(client.socket.SHUT_RDWR)
        self._socket.close()


def _status(lab, address):
    """What the proxy answers when asked to connect to there; 0 for nothing."""
    host = f"[{address}]" if ":" in address else address
    try:
        with client.dial(lab.client_side, topology.GATEWAY_LAN, 8080, timeout=2 if lab.in_control else 30) as made:
            client.connect_through(made, f"{host}:443")
            with client.Connection(made, client.tls_context(None), None) as connection:
                return connection.request("/", host).status
    except client.ProxyRefused as refused:
        return refused.response.status if refused.response else 0
    except OSError:
        return 0
