"""A client that opens layers inside layers over one socket: TLS over memory BIOs, and CONNECT in either version of HTTP."""

import socket
import ssl
import struct

import h2.config
import h2.connection
import h2.errors
import h2.events

from . import client, http1


class Wire:
    """The socket below all layers. `delivery`: "whole" sends each write as it is; "glued" keeps what is written until an answer
    has to be waited for, so that what belongs to several layers comes at once; "bytes" sends every byte by itself."""

    def __init__(self, made, delivery="whole"):
        self.socket, self.delivery, self._held = made, delivery, bytearray()

    @property
    def eager(self):
        """Whether what follows a CONNECT is sent before its answer has come."""
        return self.delivery == "glued"

    def write(self, data):
        if self.eager:
            self._held += data
        elif self.delivery == "bytes":
            for byte in data:
                self.socket.send(bytes([byte]))
        else:
            self.socket.sendall(data)

    def read(self):
        """What came; b"" at the end."""
        if self._held:
            self.socket.sendall(self._held)
            self._held.clear()
        return self.socket.recv(65536)


class Tls:
    """A TLS session over the layer below. `split`: each byte of it is a write of its own."""

    def __init__(self, below, context, server_name, split=False):
        self.below, self.eager, self._split = below, below.eager, split
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=server_name)
        self._insist(self.tls.do_handshake)

    def _insist(self, call):
        while True:
            try:
                result = call()
                self._send()
                return result
            except ssl.SSLWantReadError:
                self._send()
                came = self.below.read()
                if came:
                    self._in.write(came)
                else:
                    self._in.write_eof()

    def _send(self):
        data = self._out.read()
        for piece in (data[at:at + 1] for at in range(len(data))) if self._split else ([data] if data else []):
            self.below.write(piece)

    def write(self, data):
        self.tls.write(data)
        self._send()

    def read(self):
        try:
            return self._insist(lambda: self.tls.read(65536))
        except ssl.SSLZeroReturnError:
            return b""

    @property
    def alpn(self):
        return self.tls.selected_alpn_protocol()


class Connect1:
    """A tunnel by CONNECT in HTTP/1.1. ProxyRefused where the answer is not 200: at once, or, where the layers below are eager,
    once something is read."""

    def __init__(self, below, authority, fields=""):
        self.below, self.eager, self._pending = below, below.eager, None
        below.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n".encode("latin-1"))
        if not self.eager:
            self._take_answer()

    def _take_answer(self):
        reader = http1.Reader(lambda size: self.below.read())
        head = reader.head()
        if head is None or head.status != 200:
            if head is not None:
                head.body = reader.exactly(int(head.get("content-length", "0")))
            raise client.ProxyRefused(head)
        self.head, self._pending = head, reader.pending

    def write(self, data):
        self.below.write(data)

    def finish(self):
        """Ends our direction: where the layer below is the socket itself."""
        self.below.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        self.below.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.below.socket.close()

    def read(self):
        if self._pending is None:
            self._take_answer()
        if self._pending:
            pending, self._pending = self._pending, b""
            return pending
        return self.below.read()


class Connect2:
    """The same in HTTP/2, over a connection that carries this one tunnel."""

    def __init__(self, below, authority, fields=()):
        self.below, self.eager = below, below.eager
        self._arrived, self._ended, self.status, self.reset_with = bytearray(), False, None, None
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="latin-1", validate_outbound_headers=False, validate_inbound_headers=False))
        self._h2.initiate_connection()
        self._h2.send_headers(1, [(":method", "CONNECT"), (":authority", authority), *fields])
        self._send()
        if not self.eager:
            self._take_answer()

    def _send(self):
        if data := self._h2.data_to_send():
            self.below.write(data)

    def _take_answer(self):
        while self.status is None and not self._ended:
            self._turn()
        if self.status == 200:
            return
        while not self._ended:
            self._turn()
        head = http1.Message(f"HTTP/2 {self.status or 0} ", [], b"", bytes(self._arrived))
        raise client.ProxyRefused(head)

    def _turn(self):
        came = self.below.read()
        self._ended = self._ended or not came
        for event in self._h2.receive_data(came) if came else ():
            if isinstance(event, h2.events.ResponseReceived):
                self.status = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                self._arrived += event.data
                self._h2.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)):
                self._ended = True
                self.reset_with = event.error_code if isinstance(event, h2.events.StreamReset) else self.reset_with
        self._send()

    def write(self, data):
        """As much as tests send is within the first window; more would be an error of python3-h2."""
        for start in range(0, len(data), 16384):
            self._h2.send_data(1, data[start:start + 16384])
        self._send()

    def finish(self):
        """Ends our direction."""
        self._h2.end_stream(1)
        self._send()

    def reset(self):
        self._h2.reset_stream(1, h2.errors.ErrorCodes.CANCEL)
        self._send()

    def read(self):
        if self.status is None:
            self._take_answer()
        while not self._arrived and not self._ended:
            self._turn()
        arrived, self._arrived = bytes(self._arrived), bytearray()
        return arrived


def ask(layer, path, host, fields=""):
    """One request over a layer, and its response."""
    layer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode("latin-1"))
    return http1.Reader(lambda size: layer.read()).response()
