"""TLS by hand: the client's bytes are shaped on their way out, records are looked at on their way in."""

import socket
import ssl
import struct
import time

from . import hello

ALERT, HANDSHAKE, APPLICATION = 21, 22, 23


class ShapedHandshake:
    """A real TLS client whose first flight leaves in whatever shape the test gives it."""

    def __init__(self, made, context, server_name):
        self.socket = made
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.first_flight = self._out.read()
        self.hello = hello.handshake_message(self.first_flight)

    def finish(self, pieces, pause=0.0):
        """Sends the pieces, completes the handshake."""
        for piece in pieces:
            self.socket.sendall(piece)
            if pause:
                time.sleep(pause)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._exchange()
        self._flush()

    def _flush(self):
        if data := self._out.read():
            self.socket.sendall(data)

    def _exchange(self):
        self._flush()
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the other side closed within the handshake")
        self._in.write(data)

    def request(self, head):
        """Sends a request, reads what comes first of the answer."""
        self.tls.write(head)
        return self.read()

    def read(self):
        """What comes next."""
        while True:
            self._flush()
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._exchange()


def read_records(made, timeout=15):
    """All TLS records up to the end of the connection: [(type, body)], how it ended, and the seconds it took."""
    data, began = bytearray(), time.monotonic()
    made.settimeout(timeout)
    ending = "closed"
    try:
        while piece := made.recv(65536):
            data += piece
    except ConnectionError:
        ending = "reset"
    except (socket.timeout, TimeoutError):
        ending = "open"
    return split_records(bytes(data)), ending, time.monotonic() - began


def split_records(data):
    found = []
    while len(data) >= 5:
        kind, _, size = struct.unpack_from("!BHH", data)
        found.append((kind, data[5:5 + size]))
        data = data[5 + size:]
    return found
