"""An HTTP/2 server that minds nothing: it answers whatever begins a stream and objects to no frame. It is what the gateway's
strictness and limits are told apart from in control runs."""

import socket
import ssl

from . import certificates
from . import http2_frames as h2

_OK = b"\x88"  # :status 200 of HPACK's static table


def careless_context(lab, names):
    return lab.server_context(certificates.issue(lab.root, list(names)), alpn=("h2",))


def serve_carelessly(connection):
    """For Origin(serve=…): reads to the end of the connection and answers the first HEADERS of each stream."""
    buffer, answered = bytearray(), set()
    connection.send(h2.settings())
    while True:
        try:
            came = connection.tls.recv(65536)
        except (OSError, ssl.SSLError, socket.timeout):
            return
        if not came:
            return
        buffer += came
        if not answered and buffer.startswith(h2.PREFACE):
            del buffer[:len(h2.PREFACE)]
        said = b""
        for frame in h2.take_frames(buffer):
            if frame.kind == h2.HEADERS and frame.stream not in answered:
                answered.add(frame.stream)
                said += h2.headers(frame.stream, _OK, h2.END_HEADERS) + h2.data(frame.stream, b"careless", h2.END_STREAM)
            elif frame.kind in (h2.PING, h2.SETTINGS) and not frame.acknowledges:
                said += h2.frame(frame.kind, h2.ACK, 0, frame.payload if frame.kind == h2.PING else b"")
        if said:
            connection.send(said)
