"""WebSockets from either end over either form of handshake: HTTP/1.1's Upgrade and HTTP/2's extended CONNECT (RFC 8441).
Frames are wsproto's; each end keeps a digest of the very bytes that it sent and got."""

import base64
import contextlib
import hashlib
import threading
import urllib.parse

import h2.settings
import wsproto.connection
import wsproto.events as events
import wsproto.extensions

from . import certificates, http1, topology
from .duplex import Duplex
from .flow import Broken
from .http2_peer import Http2Peer
from .versatile import protocols_of

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
DEFLATE = "permessage-deflate"


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


class DuplexPipe:
    """The bytes behind an HTTP/1.1 handshake."""

    def __init__(self, duplex, ahead):
        self.duplex, self._ahead = duplex, ahead

    def send(self, data):
        self.duplex.send(data)

    def receive(self):
        ahead, self._ahead = self._ahead, b""
        return ahead or self.duplex.receive()

    def end(self):
        self.duplex.shut()

    def abort(self):
        self.duplex.reset()


class FlowPipe:
    """The DATA of a stream."""

    def __init__(self, flow):
        self.flow = flow

    def send(self, data):
        self.flow.send(data)

    def receive(self):
        return self.flow.read()

    def end(self):
        with contextlib.suppress(Broken):
            self.flow.end()

    def abort(self):
        self.flow.reset()


class Gone(Exception):
    """The bytes ended before a Close frame came."""


class Socket:
    """One end of an open WebSocket. One thread may send while another receives."""

    def __init__(self, pipe, is_client, deflate):
        self.pipe = pipe
        extensions = [deflate] if deflate else []
        kind = wsproto.ConnectionType.CLIENT if is_client else wsproto.ConnectionType.SERVER
        self.frames = wsproto.connection.Connection(kind, extensions)
        self._sending = threading.Lock()
        self.sent, self.got = hashlib.sha256(), hashlib.sha256()
        self.sent_bytes = self.got_bytes = 0
        self.close_code, self.pongs = None, []
        self._events = self._gather()

    def send_raw(self, data):
        with self._sending:
            self._put(data)

    def _put(self, data):
        self.sent.update(data)
        self.sent_bytes += len(data)
        self.pipe.send(data)

    def _emit(self, event):
        with self._sending:
            self._put(self.frames.send(event))

    def send(self, message, finished=True):
        """A message, text or bytes; or a fragment of one."""
        kind = events.TextMessage if isinstance(message, str) else events.BytesMessage
        self._emit(kind(data=message, message_finished=finished))

    def ping(self, payload):
        self._emit(events.Ping(payload=payload))

    def close(self, code=1000, reason=""):
        self._emit(events.CloseConnection(code=code, reason=reason or None))

    def _gather(self):
        while True:
            data = self.pipe.receive()
            if not data:
                return
            self.got.update(data)
            self.got_bytes += len(data)
            self.frames.receive_data(data)
            yield from self.frames.events()

    def receive(self):
        """The next whole message; None once the Close frame is here, which is answered. Pings are answered on the way."""
        pieces = []
        for event in self._events:
            if isinstance(event, events.Ping):
                self._emit(event.response())
            elif isinstance(event, events.Pong):
                self.pongs.append(bytes(event.payload))
            elif isinstance(event, events.CloseConnection):
                self.close_code = int(event.code)
                if self.frames.state is wsproto.connection.ConnectionState.REMOTE_CLOSING:
                    self._emit(event.response())
                return None
            elif isinstance(event, events.Message):
                pieces.append(event.data)
                if event.message_finished:
                    return (b"" if isinstance(event, events.BytesMessage) else "").join(
                        bytes(piece) if isinstance(event, events.BytesMessage) else piece for piece in pieces)
        raise Gone(f"{len(pieces)} fragments were there")

    def rest(self):
        """Reads to the end of the bytes, then ends our own."""
        with contextlib.suppress(Gone):
            while self.receive() is not None:
                pass
        for _ in self._events:
            pass
        self.pipe.end()


def echo(socket):
    """Sends back each message as it came, to the Close frame."""
    while (message := socket.receive()) is not None:
        socket.send(message)


class WebSocketOrigin:
    """Speaks what protocols_of() says of the name that was asked for; over HTTP/2 it takes extended CONNECT unless
    `connect_protocol` is False. `behaviours` maps a path to `behave(socket)`; `answers` maps one to
    `answer(request)`, which gives status, fields and body in place of a WebSocket, or None. Requests are kept in `requests`."""

    def __init__(self, lab, behaviours=None, answers=None, connect_protocol=True):
        self.lab, self.behaviours, self.answers = lab, {"/echo": echo, **(behaviours or {})}, answers or {}
        self._settings = {h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL: 1} if connect_protocol else {}
        self.requests, self.sockets, self.peers = [], [], []
        self.changed = threading.Condition()
        self._contexts = {}
        self.origin = lab.origin((topology.ORIGIN,), contexts=self._context, serve=self._serve_connection)

    def _context(self, name, _address):
        name = name or "h2.ws.test"
        with self.changed:
            if name not in self._contexts:
                identity = certificates.issue(self.lab.root, [name])
                self._contexts[name] = self.lab.server_context(identity, alpn=protocols_of(name))
            return self._contexts[name]

    def _note(self, request):
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def socket_of(self, target, timeout=30):
        """The WebSocket that was opened for this very target."""
        def find():
            return next((one for one in self.sockets if one.target == target), None)
        with self.changed:
            if not self.changed.wait_for(find, timeout):
                raise TimeoutError(f"no WebSocket for {target} came to the origin")
            return find()

    def _serve_connection(self, connection):
        duplex = Duplex(connection.tls)
        if connection.tls.selected_alpn_protocol() != "h2":
            if "http/1.1" in protocols_of(connection.server_name):
                self._serve_upgrade(duplex)
            duplex.shut()
            return
        peer = Http2Peer(duplex, client_side=False, serve=self._serve_connect, settings=self._settings,
                         announce=self.peers.append)
        peer.wait_end(timeout=600)
        duplex.close()

    def _serve_upgrade(self, duplex):
        reader = http1.Reader(duplex.receive)
        while head := reader.request_head():
            head.form, head.path = "h1", head.target
            self._note(head)
            refusal = self._refusal(head)
            if refusal:
                status, fields, body = refusal
                fields = fields if status == 101 else [*fields, ("Content-Length", len(body))]
                lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
                duplex.send(f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode() + body)
                continue
            deflate, fields = _agree(head.get("sec-websocket-extensions"), head.get("sec-websocket-protocol"))
            accept = accept_of(head.get("sec-websocket-key", ""))
            lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
            duplex.send(f"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                        f"Sec-WebSocket-Accept: {accept}\r\n{lines}\r\n".encode())
            self._run(DuplexPipe(duplex, reader.pending), head.target, deflate)
            return

    def _serve_connect(self, flow):
        flow.form, flow.target = "h2", flow.path
        self._note(flow)
        refusal = self._refusal(flow)
        if refusal:
            status, fields, body = refusal
            flow.respond(body, status=status, fields=fields)
            return
        deflate, fields = _agree(flow.get("sec-websocket-extensions"), flow.get("sec-websocket-protocol"))
        flow.send_head(200, [(name.lower(), value) for name, value in fields])
        self._run(FlowPipe(flow), flow.path, deflate)

    def _refusal(self, request):
        answer = self.answers.get(urllib.parse.urlsplit(request.target).path)
        if answer:
            return answer(request)
        asked = request.get("upgrade") if request.form == "h1" else request.pseudo.get(":protocol")
        return None if asked == "websocket" else (200, [], b"no WebSocket was asked for")

    def _run(self, pipe, target, deflate):
        socket = Socket(pipe, False, deflate)
        socket.target, socket.finished = target, threading.Event()
        with self.changed:
            self.sockets.append(socket)
            self.changed.notify_all()
        try:
            self.behaviours[urllib.parse.urlsplit(target).path](socket)
            socket.pipe.end()
        except (Broken, Gone, OSError, TimeoutError) as error:
            socket.error = error
            with contextlib.suppress(Broken, OSError):
                socket.pipe.end()
        finally:
            socket.finished.set()


def _agree(offer, protocols):
    """The extension agreed on, and the fields of consent."""
    fields = [("Sec-WebSocket-Protocol", protocols.split(",")[0].strip())] if protocols else []
    if not offer or DEFLATE not in offer:
        return None, fields
    deflate = wsproto.extensions.PerMessageDeflate()
    return deflate, [*fields, ("Sec-WebSocket-Extensions", f"{DEFLATE}; {deflate.accept(offer)}")]
