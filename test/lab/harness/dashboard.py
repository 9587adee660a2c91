"""A browser's side of the dashboard: requests as its pages make them, and as others' pages and programs do."""

import base64
import contextlib
import json
import os
import re
import select
import selectors
import signal
import socket
import ssl

from . import client, http1

ADDRESS, PORT = "127.0.0.1", 8081
CHANGES = "X-Sallyport: 1\r\n"


def token_of(lab, daemon):
    """What `sallyport dashboard` prints."""
    link = lab.command("--config", daemon.files.config, "dashboard", check=True).stdout.strip()
    return re.fullmatch(r"https?://\S+/login#token=([0-9a-f]{64})", link.splitlines()[0]).group(1)


class Browser:
    """Makes each request on a connection of its own. `session` is its cookie."""

    def __init__(self, lab, *, side=None, address=ADDRESS, port=PORT, context=None, source=None):
        self.side, self.address, self.port = side or lab.gateway_side, address, port
        self.context, self.source, self.session = context, source, None
        self.host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        self.origin = ("https://" if context else "http://") + self.host

    def connect(self):
        made = client.dial(self.side, self.address, self.port, self.source)
        if self.context is None:
            return made
        try:
            return self.context.wrap_socket(made, server_hostname=self.address)
        except (ssl.SSLError, OSError):
            made.close()
            raise

    def head(self, method, target, fields="", host=None):
        own = f"Cookie: sallyport_session={self.session}\r\n" if self.session else ""
        return f"{method} {target} HTTP/1.1\r\nHost: {self.host if host is None else host}\r\n{own}{fields}"

    def ask(self, target, fields="", *, method="GET", body=b"", host=None):
        length = f"Content-Length: {len(body)}\r\n" if body or method != "GET" else ""
        made = self.connect()
        with contextlib.closing(made):
            made.sendall((self.head(method, target, fields, host) + length + "\r\n").encode("latin-1") + body)
            return http1.Reader(made.recv).response(method)

    def watch(self, fields=None, receive_buffer=None):
        """An opened feed; Refused where the answer is no WebSocket."""
        made = self.side.socket()
        if receive_buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.settimeout(30)
        made.connect((self.address, self.port))
        fields = f"Origin: {self.origin}\r\nSec-Fetch-Site: same-origin\r\n" if fields is None else fields
        made.sendall((self.head("GET", "/api/v1/live", fields) + "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                      "Sec-WebSocket-Version: 13\r\n"
                      f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n").encode("latin-1"))
        reader = http1.Reader(made.recv)
        answer = reader.head()
        if answer.status != 101:
            made.close()
            raise Refused(answer.status)
        return Feed(made, reader)

    def told(self, target, fields=""):
        """The JSON of a GET."""
        return json.loads(self.ask(target, fields).body)

    def log_in(self, token, fields=CHANGES, **options):
        """Shows the token; the answer. The cookie that comes with it is kept."""
        answer = self.ask("/api/v1/session", fields + "Content-Type: application/json\r\n", method="POST",
                          body=json.dumps({"token": token}).encode(), **options)
        cookie = re.match(r"sallyport_session=([0-9a-f]{64});", answer.get("set-cookie") or "")
        self.session = cookie.group(1) if cookie else self.session
        return answer


class Refused(Exception):
    """The feed was not opened; `status` says how that was answered."""

    def __init__(self, status):
        super().__init__(f"the feed was answered with {status}")
        self.status = status


class Feed:
    """What comes on an open feed. A server's frames are not masked (RFC 6455 §5.2)."""

    def __init__(self, made, reader):
        self.socket, self._reader, self.close_code, self.messages = made, reader, None, []

    def frame(self):
        first, length = self._reader.exactly(2)
        if length >= 126:
            length = int.from_bytes(self._reader.exactly(2 if length == 126 else 8), "big")
        return first & 15, self._reader.exactly(length)

    def message(self):
        """The next message; None after the Close frame."""
        while True:
            kind, payload = self.frame()
            if kind == 8:
                self.close_code = int.from_bytes(payload[:2], "big")
                return None
            if kind == 1:
                self.messages.append(json.loads(payload))
                return self.messages[-1]

    def wait(self, found):
        """The first message of which `found(message)` is true, of those that have come and those to come."""
        for message in self.messages:
            if found(message):
                return message
        while (message := self.message()) is not None:
            if found(message):
                return message
        raise ConnectionError(f"the feed was closed with {self.close_code}")

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Audience:
    """Many feeds, read by a process of their own that keeps nothing: viewers have machines of their own."""

    def __init__(self, browser, count):
        self.feeds = [browser.watch() for _ in range(count)]
        self._told, telling = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.nice(5)
                self._read(telling)
            finally:
                os._exit(1)
        os.close(telling)

    def _read(self, telling):
        with selectors.EpollSelector() as selector:
            for feed in self.feeds:
                feed.socket.setblocking(False)
                selector.register(feed.socket, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    with contextlib.suppress(OSError):
                        if key.fileobj.recv(1 << 18) and telling:
                            os.write(telling, b".")
                            telling = None

    def told(self, timeout):
        """Whether anything has come to anybody."""
        return bool(select.select([self._told], [], [], timeout)[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._told)
        for feed in self.feeds:
            feed.close()
