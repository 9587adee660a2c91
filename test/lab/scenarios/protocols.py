"""Protocols come in by one door: one that the gateway does not ship, linked in from test/protocol/."""

import ssl

from harness import certificates, client
from harness.scenario import Control, scenario

_NAME = "lines.example.test"
_NUMBERED = "the origin gets each line with its number"


def _say_back(connection):
    """Greets by the ALPN it was offered, then says back what it hears."""
    connection.tls.sendall(f"{connection.tls.selected_alpn_protocol()}\n".encode())
    while piece := connection.tls.recv(4096):
        connection.tls.sendall(piece)
    connection.shut()


def _converse(lab, pieces):
    made = client.dial(lab.client_side, "203.0.113.10", 443)
    with lab.client_context(alpn=("lines/1",)).wrap_socket(made, server_hostname=_NAME) as tls:
        for piece in pieces:
            tls.sendall(piece)
        heard = b""
        wanted = b"".join(pieces).count(b"\n") + 1
        while heard.count(b"\n") < wanted and (piece := tls.recv(4096)):
            heard += piece
        return tls.selected_alpn_protocol(), heard


@scenario("M11", control=Control(_NUMBERED))
def line_protocol(lab):
    """A line protocol with an ALPN of its own, in one file and registered by one line, is intercepted, verified and logged."""
    daemon = lab.gateway(program=None if lab.in_control else lab.world.protocol_daemon)
    context = lab.server_context(certificates.issue(lab.root, [_NAME]), alpn=("lines/1",))
    lab.origin(contexts=lambda *_: context, serve=_say_back)
    try:
        agreed, heard = _converse(lab, [b"one\ntw", b"o\nthree\n"])
    except (ssl.SSLError, ConnectionError):
        agreed, heard = None, b""
    lab.require(_NUMBERED, heard == b"lines/1\n1 one\n2 two\n3 three\n", heard)
    lab.expect("both sides agreed on it", agreed == "lines/1", agreed)
    line = daemon.wait_line('"alpn":"lines/1"')
    lab.expect("the log has its line", all(part in line for part in ('"lines":"3"', '"verdict":"ALLOWED-BY-DEFAULT"',
                                                                      '"upstream":"203.0.113.10:443"')), line)


@scenario("M11")
def line_protocol_blocked(lab):
    """A protocol without pages: a blocked name ends the conversation before the origin is dialled, and the log says why."""
    daemon = lab.gateway(program=lab.world.protocol_daemon, policy=f"[blacklist]\ndomain = {_NAME}\n")
    origin = lab.origin()
    try:
        _, heard = _converse(lab, [b"one\n"])
    except (ssl.SSLError, ConnectionError):
        heard = b""
    line = daemon.wait_line('"verdict":"BLACK-LISTED"')
    lab.expect("nothing came back", heard == b"", heard)
    lab.expect("the log says why", "Policy Blocked" in line, line)
    lab.expect("nobody was dialled", not origin.connections, origin.connections)
