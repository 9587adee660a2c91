"""Three namespaces in a row: client, gateway, origin. Nothing in them has a route to the outside.

    client lan 10.1.0.2 .3  ---  lan0 10.1.0.1 gateway wan0 203.0.113.1  ---  wan origin 203.0.113.10…, 198.51.100.40…
           fd10:1::2 ::3         fd10:1::1             2001:db8:113::1              2001:db8:113::10…
"""

import ipaddress
import subprocess
import tempfile

from .namespaces import Namespace

CLIENT, SECOND_CLIENT = "10.1.0.2", "10.1.0.3"
CLIENT6, SECOND_CLIENT6 = "fd10:1::2", "fd10:1::3"
GATEWAY_LAN, GATEWAY_LAN6 = "10.1.0.1", "fd10:1::1"
GATEWAY_WAN, GATEWAY_WAN6 = "203.0.113.1", "2001:db8:113::1"
ORIGIN, SECOND_ORIGIN = "203.0.113.10", "203.0.113.11"
ORIGIN6 = "2001:db8:113::10"
TARGET, TARGET6 = "198.51.100.40", "2001:db8:113::40"
NAME_SERVER = "203.0.113.53"
BLACK_HOLE = "203.0.113.99"
LAN, LAN6 = "10.1.0.0/24", "fd10:1::/64"

_ORIGIN_ADDRESSES = [f"203.0.113.{n}/24" for n in (10, 11, 12, 13, 53)] + [f"198.51.100.{n}/32" for n in (40, 41)]
_ORIGIN_ADDRESSES6 = [f"2001:db8:113::{n}/64" for n in (10, 11, 40)]


class Topology:
    """The three namespaces; `masquerade` gives the gateway the NAT rule that most boxes have."""

    def __init__(self, prefix, masquerade=False):
        self.client = Namespace(f"{prefix}-client")
        self.gateway = Namespace(f"{prefix}-gateway")
        self.origin = Namespace(f"{prefix}-origin")
        self._link()
        self._address(self.client, "lan", ["10.1.0.2/24", "10.1.0.3/24"], ["fd10:1::2/64", "fd10:1::3/64"])
        self._address(self.gateway, "lan0", [f"{GATEWAY_LAN}/24"], [f"{GATEWAY_LAN6}/64"])
        self._address(self.gateway, "wan0", [f"{GATEWAY_WAN}/24"], [f"{GATEWAY_WAN6}/64"])
        self._address(self.origin, "wan", _ORIGIN_ADDRESSES, _ORIGIN_ADDRESSES6)
        self._routes(masquerade)
        for namespace in (self.client, self.gateway, self.origin):
            namespace.write_etc("resolv.conf", f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")

    def _link(self):
        names = (self.client.name, self.gateway.name, self.origin.name)
        _batch(names[1], [
            f"link add lan0 type veth peer name lan netns {names[0]}",
            f"link add wan0 type veth peer name wan netns {names[2]}",
        ])

    @staticmethod
    def _address(namespace, interface, addresses, addresses6):
        _batch(namespace.name, [f"link set {interface} up"]
               + [f"addr add {address} dev {interface}" for address in addresses]
               + [f"addr add {address} dev {interface} nodad" for address in addresses6])

    def _routes(self, masquerade):
        _batch(self.client.name, [f"route add default via {GATEWAY_LAN} src {CLIENT}",
                                  f"route add default via {GATEWAY_LAN6} src {CLIENT6}"])
        _batch(self.gateway.name, [f"route add 198.51.100.0/24 via {ORIGIN}"])
        self.gateway.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
        if masquerade:
            for program in ("iptables", "ip6tables"):
                self.gateway.run([program, "-t", "nat", "-A", "POSTROUTING", "-o", "wan0", "-j", "MASQUERADE"])
        else:
            _batch(self.origin.name, [f"route add {LAN} via {GATEWAY_WAN}", f"route add {LAN6} via {GATEWAY_WAN6}"])


def _batch(namespace, lines):
    with tempfile.NamedTemporaryFile("w", prefix="sallyport-lab-") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        subprocess.run(["ip", "-n", namespace, "-batch", file.name], check=True)


def family_of(address):
    return ipaddress.ip_address(address).version
