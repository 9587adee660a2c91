"""An origin of our own: a TLS server that records the very bytes it receives and does what the test tells it, well or
badly. It chooses certificate and behaviour by name, so that one origin can be a hundred."""

import contextlib
import itertools
import socket
import ssl
import struct
import threading
import time

from . import hello, http1
from .topology import family_of


class OriginConnection:
    """One accepted connection, and all that is known of it. Handlers use `reader`, `send` and the endings."""

    def __init__(self, origin, made, peer):
        self.origin, self.socket, self.peer = origin, made, peer
        self.local = made.getsockname()
        self.hello_bytes, self.hello, self.server_name = b"", None, None
        self.received, self.tls, self.error = bytearray(), None, None
        self.requests = []
        self.resumed, self.client_certificate = False, None
        self.reader = http1.Reader(self._receive, self.received)
        self.finished = threading.Event()

    def _receive(self, size):
        try:
            return self.tls.recv(size)
        except (ssl.SSLError, OSError) as error:
            self.error = error
            return b""

    def remember(self, request):
        """Notes a request, in the order of all the origin's connections."""
        with self.origin.changed:
            request.number = next(self.origin.numbers)
            self.requests.append(request)
            self.origin.changed.notify_all()

    def send(self, data):
        self.tls.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def respond(self, body=b"", status="200 OK", fields=""):
        body = body if isinstance(body, bytes) else body.encode("latin-1")
        self.send(f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body)

    def reset(self):
        """Ends the connection with a RST."""
        (self.tls or self.socket).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def cut(self):
        """Ends TCP without TLS's close_notify."""
        self.close()

    def shut(self):
        """Ends it as it should be: close_notify, then FIN."""
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            if self.tls is not self.socket:
                self.tls.settimeout(2)
                self.socket = self.tls.unwrap()
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            (self.tls or self.socket).close()


def echo(connection, request):
    """The default behaviour: the body says which request came, in the words it came in."""
    connection.respond(request.raw_head + request.body, fields="Content-Type: text/plain\r\n")


class Origin:
    """Listens on `addresses`:`port` of the namespace.

    `contexts(server_name, address)` gives the ssl.SSLContext, None where no TLS is spoken; `behaviours` maps a path (without query) to
    `handler(connection, request)`, which may end the connection; `serve(connection)` replaces the whole HTTP part."""

    def __init__(self, namespace, addresses, contexts, *, port=443, behaviours=None, serve=None):
        self.contexts, self.behaviours = contexts, dict(behaviours or {})
        self.serve = serve or self._serve_http
        self.connections, self._lock = [], threading.Lock()
        self.changed = threading.Condition(self._lock)
        self._listeners, self.numbers = [], itertools.count()
        for address in addresses:
            family = socket.AF_INET if family_of(address) == 4 else socket.AF_INET6
            listener = namespace.socket(family)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(1024)
            self._listeners.append(listener)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                made, peer = listener.accept()
            except OSError:
                return
            connection = OriginConnection(self, made, peer)
            with self.changed:
                self.connections.append(connection)
                self.changed.notify_all()
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        try:
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.hello_bytes = _peek_hello(connection.socket)
            message = hello.handshake_message(connection.hello_bytes)
            if message:
                connection.hello = hello.parse(message)
                connection.server_name = connection.hello.server_name
            context = self.contexts(connection.server_name, connection.local[0])
            if context:
                connection.tls = context.wrap_socket(connection.socket, server_side=True)
                connection.resumed = connection.tls.session_reused
                connection.client_certificate = connection.tls.getpeercert(binary_form=True)
            else:
                connection.tls = connection.socket
            self.serve(connection)
        except (ssl.SSLError, OSError, http1.Malformed, http1.Truncated, ValueError) as error:
            connection.error = error
        finally:
            connection.close()
            connection.finished.set()
            with self.changed:
                self.changed.notify_all()

    def _serve_http(self, connection):
        while request := connection.reader.request_head():
            behaviour = self.behaviours.get(request.target.split("?")[0], echo)
            if request.get("expect", "").lower() == "100-continue":
                connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            connection.reader.body(request, until_close=False)
            connection.remember(request)
            if behaviour(connection, request) == "end":
                return
        connection.shut()

    def wait_for(self, found, timeout=30):
        """Waits until `found(self)` is true; gives what it gave at the end, true or not."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not (result := found(self)) and time.monotonic() < deadline:
                self.changed.wait(0.02)  # bytes arrive without notice
            return result

    def received(self):
        """All decrypted bytes, whatever the connection."""
        return b"".join(bytes(connection.received) for connection in list(self.connections))

    def requests(self):
        """All requests in the order of their arrival."""
        return sorted((request for connection in list(self.connections) for request in connection.requests),
                      key=lambda request: request.number)

    def forget(self):
        with self._lock:
            self.connections.clear()

    def close(self):
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def _peek_hello(made):
    """The bytes of the ClientHello, left in the socket. What is no TLS handshake gives what there is."""
    made.settimeout(60)
    seen = made.recv(65536, socket.MSG_PEEK)
    while seen and seen[0] == 22 and hello.handshake_message(seen) is None:
        wanted = len(seen) + 1
        more = made.recv(65536, socket.MSG_PEEK)
        if len(more) < wanted:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)
            more = made.recv(65536, socket.MSG_PEEK)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        if len(more) < wanted:
            return more
        seen = more
    return seen
