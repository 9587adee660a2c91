"""Network namespaces client, gateway, origin and bounce, and sockets inside them, all in one process.

             lan0              wan0
    client ------- gateway ------- origin
                      |
                 lan1 +----------- bounce   (a router on the LAN that sends back what it gets)
"""

import contextlib
import ctypes
import os
import socket
import subprocess
import time

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

CLIENT = {4: "10.1.0.2", 6: "fd00:1::2"}
GATEWAY_LAN = {4: "10.1.0.1", 6: "fd00:1::1"}
GATEWAY_WAN = {4: "198.51.100.1", 6: "2001:db8:2::1"}
ORIGIN = {4: "198.51.100.2", 6: "2001:db8:2::2"}
BOUNCED = {4: "203.0.113.7", 6: "2001:db8:7::7"}
ROUTERS = ("gateway", "bounce")
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}

_LINKS = [
    # one end, its addresses, the other end, its addresses
    ("client", "eth0", ["10.1.0.2/24", "fd00:1::2/64"], "gateway", "lan0", ["10.1.0.1/24", "fd00:1::1/64"]),
    ("origin", "eth0", ["198.51.100.2/24", "2001:db8:2::2/64"], "gateway", "wan0",
     ["198.51.100.1/24", "2001:db8:2::1/64"]),
    ("bounce", "eth0", ["10.3.0.2/24", "fd00:3::2/64"], "gateway", "lan1", ["10.3.0.1/24", "fd00:3::1/64"]),
]


class Namespaces:
    def __init__(self):
        self.prefix = f"sp{os.getpid()}"
        self.names = ["client", "gateway", "origin", "bounce"]

    def __enter__(self):
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", self.full(name)], stderr=subprocess.DEVNULL, check=False)

    def full(self, name):
        return f"{self.prefix}-{name}"

    def run(self, name, command, check=True, environment=None):
        """Runs a shell command inside a namespace; returns the CompletedProcess with its text output."""
        done = subprocess.run(["ip", "netns", "exec", self.full(name), "sh", "-c", command], text=True,
                              capture_output=True, check=False, env={**os.environ, **(environment or {})})
        if check and done.returncode != 0:
            raise RuntimeError(f"{name}: {command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    @contextlib.contextmanager
    def inside(self, name):
        """Sockets made meanwhile belong to that namespace, and stay in it afterwards."""
        with open("/proc/thread-self/ns/net", encoding="ascii") as home:
            with open(f"/var/run/netns/{self.full(name)}", encoding="ascii") as there:
                self._enter(there.fileno())
            try:
                yield
            finally:
                self._enter(home.fileno())

    def _has_link_local(self, name):
        routes = self.run(name, "ip -6 route show table local").stdout
        links = len(_LINKS) if name == "gateway" else 1
        wanted = ["local fe80::", "ff00::/8"] + (["anycast fe80::"] if name in ROUTERS else [])
        return all(routes.count(route) == links for route in wanted)

    def _await_links(self):
        """The kernel adds the last IPv6 routes of a link a moment after it comes up."""
        deadline = time.monotonic() + 10
        while not all(self._has_link_local(name) for name in self.names):
            if time.monotonic() > deadline:
                raise RuntimeError("the links did not come up")
            time.sleep(0.02)

    @staticmethod
    def _enter(descriptor):
        if _libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def _make(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "add", self.full(name)], check=True)
            self.run(name, "ip link set lo up; sysctl -qw net.ipv4.conf.all.rp_filter=0 "
                           "net.ipv4.conf.default.rp_filter=0 net.ipv6.conf.all.accept_dad=0 "
                           "net.ipv6.conf.default.accept_dad=0")
        for one, one_name, one_addresses, other, other_name, other_addresses in _LINKS:
            self.run(one, f"ip link add {one_name} type veth peer name {other_name} netns {self.full(other)}")
            for name, link, addresses in ((one, one_name, one_addresses), (other, other_name, other_addresses)):
                for address in addresses:
                    self.run(name, f"ip addr add {address} dev {link} {'nodad' if ':' in address else ''}")
                self.run(name, f"ip link set {link} up")
        for name in ROUTERS:
            self.run(name, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
                           "net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0 2>/dev/null; true")
        self._await_links()
        self.run("client", "ip route add default via 10.1.0.1; ip -6 route add default via fd00:1::1")
        self.run("origin", "ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:2::1")
        self.run("bounce", "ip route add default via 10.3.0.1; ip -6 route add default via fd00:3::1")
        self.run("gateway", "ip route add 203.0.113.7 via 10.3.0.2; ip -6 route add 2001:db8:7::7 via fd00:3::2")
