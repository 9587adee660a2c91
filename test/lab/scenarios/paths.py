"""What the path does to the daemon's connections: packets that are too large for a link behind the next one, ports where nobody
listens, clients that are gone or that take back what they said (TESTS I09)."""

import contextlib
import random
import socket
import struct
import threading
import time

from harness import raw_tls, topology
from harness.namespaces import Namespace
from harness.origin import Origin
from harness.raw_origin import RawOrigin
from harness.raw_peer import RawPeer
from harness.scenario import Control, scenario

MTU = 1280
FAR, FAR6 = "198.51.100.99", "2001:db8:99::2"
FAR_CLIENT, FAR_CLIENT6 = "10.9.0.2", "fd10:9::2"
THROUGH = "more than a link takes at once gets through"
BODY = 200_000


def _behind(lab, router, name, addresses, gateways):
    """A namespace behind `router` on a link of MTU 1280, which its peers cannot guess: it promises to take full segments."""
    far = Namespace(f"{router.name}-{name}")
    for key in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
        router.run(["sysctl", "-qw", f"{key}=1"])
    router.run(["ip", "link", "add", name, "type", "veth", "peer", "name", "up0", "netns", far.name])
    for namespace, interface in ((router, name), (far, "up0")):
        namespace.run(["ip", "link", "set", interface, "mtu", str(MTU), "up"])
    for address, gateway in zip(addresses, gateways):
        version = f"-{topology.family_of(address)}"
        length = "24" if version == "-4" else "64"
        nodad = [] if version == "-4" else ["nodad"]
        router.run(["ip", version, "addr", "add", f"{gateway}/{length}", "dev", name, *nodad])
        far.run(["ip", version, "addr", "add", f"{address}/{length}", "dev", "up0", *nodad])
        far.run(["ip", version, "route", "add", "default", "via", gateway, "advmss", "1440"])
    return far


def _unheard(lab):
    """In the control the gateway's kernel hears no ICMP from behind the next router."""
    if lab.in_control:
        for program, protocol, kind in (("iptables", "icmp", "fragmentation-needed"), ("ip6tables", "icmpv6", "packet-too-big")):
            lab.gateway_side.run([program, "-t", "raw", "-A", "PREROUTING", "-p", protocol,
                                  "--icmpv6-type" if protocol == "icmpv6" else "--icmp-type", kind, "-j", "DROP"])


@scenario("I09", control=Control(THROUGH))
def narrow_link_before_the_origin(lab):
    """The router's ICMP goes to the client's address, which the daemon's connection has borrowed."""
    far = _behind(lab, lab.origin_side, "far", (FAR, FAR6), ("198.51.100.98", "2001:db8:99::1"))
    lab.gateway_side.run(["ip", "-6", "route", "add", "2001:db8:99::/64", "via", topology.ORIGIN6])
    Origin(far, (FAR, FAR6), lab.good_context)
    _unheard(lab)
    lab.gateway()
    for address in (FAR, FAR6):
        try:
            answer = lab.get("far.test", address=address, method="POST", body=b"x" * BODY,
                             timeout=1.5 if lab.in_control else lab.patience)
            lab.expect(THROUGH, answer.status == 200, answer)
        except OSError as error:
            lab.expect(THROUGH, False, f"{address}: {error!r}")


@scenario("I09", control=Control(THROUGH))
def narrow_link_before_the_client(lab):
    """And that of a router between client and gateway to the origin's address, which the other connection has borrowed."""
    far = _behind(lab, lab.client_side, "far", (FAR_CLIENT, FAR_CLIENT6), ("10.9.0.1", "fd10:9::1"))
    for namespace, via, via6 in ((lab.gateway_side, topology.CLIENT, topology.CLIENT6),
                                 (lab.origin_side, topology.GATEWAY_WAN, topology.GATEWAY_WAN6)):
        namespace.run(["ip", "route", "add", "10.9.0.0/24", "via", via])
        namespace.run(["ip", "-6", "route", "add", "fd10:9::/64", "via", via6])
    lab.origin(behaviours={"/": lambda connection, _: connection.respond(b"x" * BODY)})
    _unheard(lab)
    lab.gateway()
    lab.client_side = far
    for address in (topology.ORIGIN, topology.ORIGIN6):
        try:
            answer = lab.get("near.test", address=address, timeout=1.5 if lab.in_control else lab.patience)
            lab.expect(THROUGH, answer.status == 200 and len(answer.body) == BODY, answer)
        except OSError as error:
            lab.expect(THROUGH, False, f"{address}: {error!r}")


@scenario("I09")
def nobody_listens(lab):
    """The origin resets the connection: the client reads why, inside TLS, and others are served."""
    lab.origin(addresses=(topology.SECOND_ORIGIN,))
    lab.gateway()
    for address in (topology.ORIGIN, topology.ORIGIN6):
        answer = lab.get("closed.test", address=address)
        lab.expect("a closed port is a page that says so", answer.status == 502 and b"refused" in answer.body.lower(),
                   f"{address}: {answer} {answer.body[:300]}")
    lab.expect("others are served", lab.get("open.test", address=topology.SECOND_ORIGIN).status == 200, "")


CLOSED = "the origin's connection ends soon after its client has vanished"


def _endless(connection, _):
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        time.sleep(0.01)  # faster than it takes to fill what lies between, and no burden for who runs beside


@scenario("I09", control=Control(CLOSED))
def client_that_vanishes(lab):
    """In the midst of a response: with a reset, and without a word. In the control it stays and reads."""
    origin = lab.origin(behaviours={"/endless": _endless})
    lab.gateway({"upstream.idle_timeout_seconds": "2"})
    for way in ("reset", "silence"):
        origin.forget()
        connection = lab.open("endless.test")
        connection.send("GET /endless HTTP/1.1\r\nHost: endless.test\r\n\r\n")
        connection.tls.recv(65536)
        reader = threading.Thread(target=_read_on, args=(connection,), daemon=True)
        if lab.in_control:
            reader.start()
        elif way == "reset":
            connection.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            lab.client_side.run(["iptables", "-I", "INPUT", "1", "-p", "tcp", "-j", "DROP"])
            lab.client_side.run(["iptables", "-I", "OUTPUT", "1", "-p", "tcp", "-j", "DROP"])
        serving = [one for one in list(origin.connections) if one.requests]
        ended = serving[0].finished.wait(2 if lab.in_control else lab.patience)
        lab.expect(CLOSED, ended, f"{way}: {len(origin.connections)} connections, {serving[0].error!r}")
        if lab.in_control:
            socket.socket.shutdown(connection.tls, socket.SHUT_RDWR)
            reader.join()
        connection.close()


def _read_on(connection):
    with contextlib.suppress(OSError, ValueError):
        while connection.tls.recv(65536):
            pass


SENT_AGAIN = "what was acknowledged and then thrown away is sent again, as it was"


def _reneged_on(lab):
    """How often the gateway's kernel has found that a peer had done so."""
    names, values = [line.split() for line in lab.gateway_side.run(["cat", "/proc/net/netstat"]).stdout.splitlines()[:2]]
    return int(values[names.index("TCPSACKReneging")])


@scenario("I09")
def client_that_reneges(lab):
    """A selective acknowledgement is no promise (RFC 2018, section 8): the bytes have to be there still, and the same, also where they
    went from one socket to another without a copy."""
    body = random.randbytes(40_000)
    lab.origin(behaviours={"/": lambda connection, _: connection.respond(body)})
    RawOrigin(lab.origin_side, topology.SECOND_ORIGIN, greeting=body)
    daemon = lab.gateway(policy="[passthrough]\ndomain = passed.test\nproof = none\n")
    passed = RawPeer(lab.client_side, (topology.CLIENT, 41_000), (topology.SECOND_ORIGIN, 443), lab.patience)
    passed.renege_next()
    passed.sendall(raw_tls.ShapedHandshake(None, lab.client_context(), "passed.test").first_flight)
    got = b""
    while len(got) < len(body):
        got += passed.recv(65536)
    lab.expect(SENT_AGAIN, got.startswith(body), "passed through")
    once = _reneged_on(lab)
    lab.expect("its kernel was led to believe it", once > 0, once)
    passed.close()

    opened = RawPeer(lab.client_side, (topology.CLIENT, 41_001), (topology.ORIGIN, 443), lab.patience)
    session = raw_tls.ShapedHandshake(opened, lab.client_context(), "opened.test")
    session.finish([session.first_flight])
    opened.renege_next()
    got = session.request(b"GET / HTTP/1.1\r\nHost: opened.test\r\nConnection: close\r\n\r\n")
    while not got.endswith(body[-100:]):
        got += session.read()
    lab.expect(SENT_AGAIN, got.endswith(b"\r\n\r\n" + body), "opened")
    lab.expect("its kernel was led to believe it", _reneged_on(lab) > once, _reneged_on(lab))
    opened.close()
    logged = daemon.wait_record(lab.patience, host="opened.test")
    lab.expect("nobody else noticed", logged.get("status") == 200 and not logged.get("error"), logged)
