"""A client of WebSockets over either form of handshake, and what comes of asking."""

import base64
import os

import h2.settings
import wsproto.extensions

from . import http1, topology
from .duplex import Duplex
from .flow import Broken
from .http2_peer import Http2Peer
from .websocket import DEFLATE, DuplexPipe, FlowPipe, Socket, accept_of

FORMS = ("h1", "h2")
OPENS = "the WebSocket opens"
NONE_RELAYED = {"http.upgrades": ""}


class Refused(Exception):
    """The handshake did not end in a WebSocket; `status`, `body` and `fields` are the answer's."""

    def __init__(self, status, body, fields):
        super().__init__(f"the handshake was answered with {status} {body[:300]!r}")
        self.status, self.body, self.fields = status, body, fields


class WebSocketClient:
    """A client that opens WebSockets in one form; over HTTP/2 they share a connection."""

    def __init__(self, lab, form, name, address=topology.ORIGIN):
        self.lab, self.form, self.name = lab, form, name
        self.address, self.peer, self._open = address, None, []

    def _duplex(self):
        alpn = "h2" if self.form == "h2" else "http/1.1"
        connection = self.lab.open(self.name, self.address, context=self.lab.client_context(alpn=(alpn,)))
        chosen = connection.tls.selected_alpn_protocol()
        if chosen != alpn:
            raise ConnectionError(f"ALPN gave {chosen} for {alpn}")
        duplex = Duplex(connection.tls)
        self._open.append(duplex)
        return duplex

    def open(self, path="/echo", *, deflate=False, fields=(), key=None):
        """An open WebSocket; Refused where the answer is another."""
        extension = wsproto.extensions.PerMessageDeflate() if deflate else None
        fields = list(fields)
        if extension:
            fields.append(("Sec-WebSocket-Extensions", f"{DEFLATE}; {extension.offer()}"))
        pipe, answer = (self._connect if self.form == "h2" else self._upgrade)(path, fields, key)
        agreed = dict((name.lower(), value) for name, value in answer).get("sec-websocket-extensions")
        if extension and agreed:
            extension.finalize(agreed)
        socket = Socket(pipe, True, extension if agreed else None)
        socket.answer = [(name.lower(), value) for name, value in answer]
        return socket

    def _upgrade(self, path, fields, key):
        duplex = self._duplex()
        key = key if key is not None else base64.b64encode(os.urandom(16)).decode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        duplex.send(f"GET {path} HTTP/1.1\r\nHost: {self.name}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                    f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{lines}\r\n".encode())
        reader = http1.Reader(duplex.receive)
        answer = reader.response()
        if answer.status != 101:
            raise Refused(answer.status, answer.body, answer.fields)
        if answer.get("sec-websocket-accept") != accept_of(key) or (answer.get("upgrade") or "").lower() != "websocket":
            raise Refused(101, b"without the proof", answer.fields)
        return DuplexPipe(duplex, reader.pending), answer.fields

    def connected(self):
        """The HTTP/2 connection."""
        if not self.peer:
            self.peer = Http2Peer(self._duplex(), client_side=True)
        return self.peer

    def _connect(self, path, fields, key):
        self.connected()
        settings = h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL
        with self.peer.changed:
            self.peer.changed.wait_for(lambda: self.peer.end or self.peer.events, 30)
        if not self.peer.h2.remote_settings.get(settings, 0):
            raise Refused(0, b"extended CONNECT is not offered", [])
        keys = [("sec-websocket-key", key)] if key else []
        flow = self.peer.request_raw(
            [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", path),
             (":authority", self.name), ("sec-websocket-version", "13"), *keys,
             *((name.lower(), value) for name, value in fields)], end=False)
        flow.head()
        if not 200 <= flow.status <= 299:
            raise Refused(flow.status, flow.body(), flow.fields)
        return FlowPipe(flow), flow.fields

    def close(self):
        if self.peer:
            self.peer.close()
        for duplex in self._open:
            duplex.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def opened(lab, cell, client, path="/echo", **options):
    """An open WebSocket, or the end of the scenario."""
    try:
        socket = client.open(path, **options)
    except (Refused, Broken) as error:
        lab.require(OPENS, False, f"{cell}: {error}")
    lab.expect(OPENS, True)
    return socket


def refusal(client, path, **options):
    """How the handshake was answered."""
    try:
        client.open(path, **options)
    except Refused as error:
        return error
    except Broken as error:
        return Refused(0, error.how.encode(), [])
    return Refused(101, b"it opened", [])


def cells():
    """Each combination of forms: its label, the client's form, the origin's name."""
    for client in FORMS:
        for origin in FORMS:
            yield f"{client}->{origin}", client, f"{origin}.ws.test"
