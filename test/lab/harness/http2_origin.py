"""An HTTP/2 origin whose frames are a script of the test's own, and which notes every frame it is sent."""

import ssl
import struct

import hpack

from . import certificates, topology
from . import http2_frames as h2


class Wire:
    """One end of a connection. `frames` are all that came, in order; `end` says how the connection ended: closed, cut, reset."""

    def __init__(self, tls, timeout=10):
        self.tls, self.frames, self.end = tls, [], None
        self._buffer = bytearray()
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.requests = {}
        tls.settimeout(timeout)

    def send(self, *pieces):
        """Sends frames, unless the other side is gone already."""
        try:
            self.tls.sendall(b"".join(pieces))
        except (OSError, ssl.SSLError):
            pass  # what the other side said before is still to be read

    def block(self, *fields):
        """A block of fields, compressed."""
        return self.encoder.encode([(_octets(name), _octets(value)) for name, value in fields])

    def _fill(self):
        try:
            piece = self.tls.recv(1 << 16)
            self.end = None if piece else "closed"
        except (TimeoutError, ssl.SSLWantReadError):
            raise
        except ssl.SSLEOFError:
            piece, self.end = b"", "cut"
        except (OSError, ssl.SSLError):
            piece, self.end = b"", "reset"
        self._buffer += piece
        return bool(piece)

    def exactly(self, size):
        """So many bytes, or None at the end of the connection."""
        while len(self._buffer) < size:
            if self.end or not self._fill():
                return None
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def receive(self):
        """The next frame; None at the end of the connection. SETTINGS are acknowledged, requests decoded."""
        head = self.exactly(9)
        if head is None:
            return None
        kind, flags, stream = struct.unpack("!BBI", head[3:])
        payload = self.exactly(int.from_bytes(head[:3], "big"))
        if payload is None:
            return None
        got = h2.Frame(kind, flags, stream & 0x7fffffff, payload)
        self.frames.append(got)
        if kind == h2.SETTINGS and not flags & h2.ACK:
            self.send(h2.frame(h2.SETTINGS, h2.ACK))
        elif kind == h2.HEADERS and flags & h2.END_HEADERS:
            self.requests[got.stream] = list(self.decoder.decode(got.content))
        return got

    def wait(self, found):
        """The first frame from now on for which `found(frame)` is true; None where the connection ends before it."""
        while (got := self.receive()) is not None:
            if found(got):
                return got
        return None

    def greet(self, *pairs):
        """The origin's part of a connection's beginning; false where the client did not begin well."""
        if self.exactly(len(h2.PREFACE)) != h2.PREFACE:
            return False
        self.send(h2.settings(*pairs))
        return True

    def setting(self, number, default):
        """What the other side has set so far."""
        sets = [dict(one.settings()) for one in self.frames if one.kind == h2.SETTINGS and not one.flags & h2.ACK]
        return next((pairs[number] for pairs in reversed(sets) if number in pairs), default)

    def next_request(self):
        """Waits for a request's head: its stream, or None at the end."""
        got = self.wait(lambda one: one.kind == h2.HEADERS)
        return got.stream if got else None

    def respond(self, stream, status="200", fields=(), body=b"ok"):
        block, more = self.block((":status", status), *fields), 0 if body else h2.END_STREAM
        self.send(h2.headers(stream, block, h2.END_HEADERS | more), h2.data(stream, body, h2.END_STREAM) if body else b"")

    def verdict(self, stream=0):
        """What the other side makes of what it was sent: "GOAWAY code", "RST_STREAM code" of this stream, "PING" (a PING was
        answered, all is well), "closed", or "nothing" when the time is over."""
        try:
            got = self.wait(lambda one: one.kind == h2.GOAWAY and one.code != h2.NO_ERROR
                            or one.kind == h2.RST_STREAM and one.stream == stream or one.kind == h2.PING and one.flags & h2.ACK)
        except (TimeoutError, ssl.SSLWantReadError):
            return "nothing"
        if got is None:
            return "closed"
        return "PING" if got.kind == h2.PING else f"{h2.KINDS[got.kind]} {h2.code_name(got.code)}"


class FrameOrigin:
    """Serves HTTP/2 frame by frame: `script(wire, name)` has a connection for itself; `name` is the SNI."""

    def __init__(self, lab, names, script, addresses=(topology.ORIGIN,), timeout=10):
        context = lab.server_context(certificates.issue(lab.root, names), alpn=("h2",))
        self._script, self._timeout, self.wires = script, timeout, []
        self.origin = lab.origin(addresses, contexts=lambda *_: context, serve=self._serve)

    def _serve(self, connection):
        wire = Wire(connection.tls, self._timeout)
        self.wires.append((connection.server_name, wire))
        self._script(wire, connection.server_name)

    def frames_for(self, name):
        """All frames on connections for this name."""
        return [one for server_name, wire in self.wires if server_name == name for one in wire.frames]


def _octets(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")
