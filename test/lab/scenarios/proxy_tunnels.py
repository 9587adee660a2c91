"""What becomes of a tunnel: whose name counts in it (H04), and how it ends (H06)."""

import contextlib
import hashlib
import os
import socket
import struct
import threading
import time

from harness import client, http1, nesting, topology
from harness.scenario import Control, scenario

SECURE = 8444
NAME = "sallyport.internal"
_PROXY = (topology.GATEWAY_LAN, 8080)
_DOOR = {"listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}"}


# --- names

CONTRADICTED = "names that contradict each other are refused"


@scenario("H04", control=Control(CONTRADICTED, passthrough=True))
def names_of_three_layers(lab):
    """CONNECT, SNI and Host: policy looks at each, and two that differ are refused with a page that says so."""
    origin = lab.origin()
    lab.name_server()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    table = {("a.test", "b.test", "b.test"): "the SNI b.test is not the name that CONNECT asked for, a.test",
             ("a.test", "blocked.test", "blocked.test"): "blocked.test", ("blocked.test", "a.test", "a.test"): "blocked.test",
             ("a.test", "a.test", "b.test"): "b.test", ("a.test", "a.test", "blocked.test"): "blocked.test"}
    for (asked, shown, host), why in table.items():
        with client.dial(lab.client_side, *_PROXY) as made:
            client.connect_through(made, f"{asked}:443")
            context = lab.client_context() if not lab.in_control else client.tls_context(None)
            with client.Connection(made, context, shown) as connection:
                answer = connection.request("/", host)
        lab.expect(CONTRADICTED, answer.status == 403, f"{asked} {shown} {host}: {answer}")
        if not lab.in_control:
            lab.expect("the page says why", why.encode() in answer.body, answer)
            line = lab.logged(daemon, answer)
            lab.expect("the log has it", line.get("status") == 403 and line.get("host") in (shown, host), line)
    lab.expect("nothing of it reaches the origin", lab.in_control or not origin.requests(), origin.requests())
    with client.dial(lab.client_side, *_PROXY) as made:
        client.connect_through(made, "A.test.:443")
        with client.Connection(made, client.tls_context(None), "a.TEST") as connection:
            same = connection.request("/", "a.test:443")
    lab.expect("spellings of one name do not contradict", same.status == 200, same)


# --- endings

RELAYED = {"intercept.not_tls": "pass", **_DOOR}


class _Server:
    """A raw server on port 443; `behave(socket)` is its whole life, and `seen` what it read."""

    def __init__(self, lab, behave):
        self.seen, self.ended = bytearray(), threading.Event()
        self._listener = lab.origin_side.socket(socket.AF_INET)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((topology.ORIGIN, 443))
        self._listener.listen(16)
        self.behave = behave
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            made, _ = self._listener.accept()
            with contextlib.suppress(OSError), made:
                self.behave(self, made)
            self.ended.set()

    def read_all(self, made):
        while piece := made.recv(65536):
            self.seen += piece


def _tunnels(lab):
    """(label, tunnel) in either version."""
    for label, port in (("HTTP/1.1", 8080), ("HTTP/2", SECURE)):
        layer = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, port))
        if port == SECURE:
            layer = nesting.Tls(layer, lab.client_context(alpn=("h2",)), NAME)
        try:
            yield label, (nesting.Connect2 if port == SECURE else nesting.Connect1)(layer, f"{topology.ORIGIN}:443")
        except client.ProxyRefused as refused:
            lab.expect("the tunnel opens", False, refused)


def _read_all(tunnel):
    received = bytearray()
    while piece := tunnel.read():
        received += piece
    return bytes(received)


_FIRST = b"\x00\x01not TLS"
DELIVERED = "what was outstanding is delivered"


@scenario("H06", control=Control(DELIVERED, settings={"intercept.not_tls": "refuse"}))
def half_closed_tunnels(lab):
    """Either side ends its direction first; the other goes on until it is done. In the control the tunnel carries nothing."""
    answer = os.urandom(3 << 20)

    def after_the_client(server, made):
        server.read_all(made)
        made.sendall(answer)

    def before_the_client(server, made):
        made.recv(len(_FIRST))
        made.sendall(answer[:50_000])
        made.shutdown(socket.SHUT_WR)
        server.read_all(made)

    server = _Server(lab, after_the_client)
    lab.gateway(RELAYED)
    for label, tunnel in _tunnels(lab):
        server.seen.clear()
        try:
            tunnel.write(_FIRST + b"x" * 40_000)
            tunnel.finish()
            received = _read_all(tunnel)
        except OSError:
            received = b""
        lab.expect(DELIVERED, bytes(server.seen) == _FIRST + b"x" * 40_000
                   and hashlib.sha256(received).digest() == hashlib.sha256(answer).digest(),
                   f"client first, {label}: {len(server.seen)} there, {len(received)} back")
    if lab.in_control:
        return
    server.behave = before_the_client
    for label, tunnel in _tunnels(lab):
        server.seen.clear()
        server.ended.clear()
        tunnel.write(_FIRST)
        received = _read_all(tunnel)
        tunnel.write(b"y" * 20_000)
        tunnel.finish()
        server.ended.wait(lab.patience)
        lab.expect(DELIVERED, received == answer[:50_000] and bytes(server.seen) == b"y" * 20_000,
                   f"origin first, {label}: {len(received)} back, {len(server.seen)} there")


def _read_quietly(tunnel):
    try:
        return _read_all(tunnel)
    except OSError:
        return b""


@scenario("H06 H05")
def reset_tunnels(lab):
    """A RST of the origin's ends the client's connection, or resets the HTTP/2 stream and not the connection; and the other way
    round."""
    def resets(_, made):
        made.recv(len(_FIRST))
        made.sendall(b"about to go")
        made.recv(2)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def waits(server, made):
        made.sendall(b"hello")
        server.read_all(made)

    server = _Server(lab, resets)
    daemon = lab.gateway(RELAYED)
    for label, tunnel in _tunnels(lab):
        try:
            tunnel.write(_FIRST)
            before = tunnel.read()
            tunnel.write(b"go")
            ending = "closed" if not _read_all(tunnel) else "more came"
        except ConnectionResetError:
            ending = "reset"
        ending = "reset" if getattr(tunnel, "reset_with", None) is not None else ending
        lab.expect("the end of one side is the other's", before == b"about to go" and ending == "reset",
                   f"{label}: {before} {ending}")
    server.behave = waits
    for label, tunnel in _tunnels(lab):
        server.ended.clear()
        tunnel.write(_FIRST)
        lab.expect("the tunnel is open", tunnel.read() == b"hello", label)
        tunnel.reset()
        lab.expect("the origin hears of the client's end", server.ended.wait(lab.patience), label)
    descriptors = daemon.descriptors()
    lab.expect("nothing is left open", lab.until(lambda: daemon.descriptors() <= descriptors), daemon.descriptors())


@scenario("H06")
def idle_tunnels(lab):
    """On both sides, once nothing has been said for idle_timeout_seconds."""
    def waits(server, made):
        made.sendall(b"hello")
        server.read_all(made)

    server = _Server(lab, waits)
    daemon = lab.gateway({**RELAYED, "upstream.idle_timeout_seconds": "1"})
    for label, tunnel in _tunnels(lab):
        server.ended.clear()
        tunnel.write(_FIRST)
        tunnel.read()
        began = time.monotonic()
        lab.expect("an idle tunnel ends", server.ended.wait(lab.patience), f"{label}: {time.monotonic() - began:.1f} s")
        lab.expect("for the client too", not _read_quietly(tunnel), label)
    lab.expect("the log has it", lab.until(lambda: sum(one.get("seen") == "unknown" for one in daemon.records()) == 2),
               daemon.lines[-2:])


BODILESS = "a CONNECT with a body is refused, and nothing of it passes"


@scenario("H03!", control=Control(BODILESS))
def bodies_of_connects(lab):
    """Content-Length and Transfer-Encoding in a CONNECT are refused; a 2xx carries neither. In the control the CONNECT has neither,
    so that what follows is the tunnel's."""
    server = _Server(lab, lambda one, made: one.read_all(made))
    daemon = lab.gateway(RELAYED)
    bodies = ["", ""] if lab.in_control else ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n"
                                              "Transfer-Encoding: chunked\r\n"]
    for fields in bodies:
        with client.dial(lab.client_side, *_PROXY) as made:
            made.sendall(f"CONNECT {topology.ORIGIN}:443 HTTP/1.1\r\nHost: {topology.ORIGIN}:443\r\n{fields}\r\n".encode()
                         + b"\x00\x01hello")
            status = http1.Reader(made.recv).head().status
            made.shutdown(socket.SHUT_WR)
            if lab.in_control:
                server.ended.wait(lab.patience)
        lab.expect(BODILESS, status == 400 and not server.seen, f"{fields}: {status} {server.seen}")
    if not lab.in_control:
        with client.dial(lab.client_side, *_PROXY) as made:
            head = client.connect_through(made, f"{topology.ORIGIN}:443")
        lab.expect("a 2xx carries no length", head.get("content-length") is None and head.get("transfer-encoding") is None, head)
        lab.expect("each refusal is logged", lab.until(lambda: sum(
            one.get("status") == 400 and bool(one.get("error")) for one in daemon.records()) == 3), daemon.lines[-3:])
