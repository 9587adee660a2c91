"""One HTTP exchange as one end sees it, whatever the version: what has arrived, and the calls to send. A client's flow
receives a response, an origin's flow a request. Arrivals come from the connection's reading thread; any thread may wait for
them."""

import collections
import threading
import time

MOST_UNREAD = 1 << 18


class Broken(Exception):
    """The exchange ended short of its end: reset, cut, closed, malformed. `how` says which; `partial` is what had come."""

    def __init__(self, how, partial=b""):
        super().__init__(how)
        self.how, self.partial = how, partial


class Flow:
    """`fields`, `interim` and `trailers` are lists of (name, value), names in lower case as they are in HTTP/2."""

    def __init__(self, version, changed=None):
        self.version = version
        self.changed = changed or threading.Condition()
        self.pseudo, self.fields, self.interim, self.trailers = {}, [], [], []
        self.started, self.ended, self.broken = False, False, None
        self.parts = collections.deque()
        self.unread, self.received = 0, 0

    # --- what the connection's reader tells

    def arrive_interim(self, status, fields):
        with self.changed:
            self.interim.append((status, fields))
            self.changed.notify_all()

    def arrive_head(self, pseudo, fields):
        with self.changed:
            self.pseudo, self.fields, self.started = pseudo, fields, True
            self.changed.notify_all()

    def arrive_part(self, part):
        with self.changed:
            self.parts.append(part)
            self.unread += len(part)
            self.received += len(part)
            self.changed.notify_all()

    def arrive_end(self, trailers=()):
        with self.changed:
            self.trailers, self.ended = list(trailers), True
            self.changed.notify_all()

    def arrive_break(self, how):
        with self.changed:
            self.broken = self.broken or how
            self.changed.notify_all()

    # --- waiting

    def wait(self, found, what, timeout=30):
        """Waits until `found()` is true; TimeoutError tells what did not come."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not found():
                if (left := deadline - time.monotonic()) <= 0:
                    raise TimeoutError(f"{what} did not come within {timeout} s")
                self.changed.wait(left)

    def head(self, timeout=30):
        """Waits for the head; gives the flow itself."""
        self.wait(lambda: self.started or self.broken, "a head", timeout)
        if not self.started:
            raise Broken(self.broken)
        return self

    def wait_interim(self, count=1, timeout=30):
        self.wait(lambda: len(self.interim) >= count or self.started or self.broken, "an interim response", timeout)
        return self.interim

    def wait_broken(self, timeout=30):
        """How the other side gave the exchange up; None when it did not within the time."""
        try:
            self.wait(lambda: self.broken, "an end", timeout)
        except TimeoutError:
            return None
        return self.broken

    def read(self, timeout=30):
        """The next part of the body, b"" at its proper end."""
        self.wait(lambda: self.parts or self.ended or self.broken, "a part of the body", timeout)
        with self.changed:
            if self.parts:
                part = self.parts.popleft()
                self.unread -= len(part)
                self.taken(len(part))
                self.changed.notify_all()
                return part
            if self.ended:
                return b""
            raise Broken(self.broken)

    def taken(self, size):
        """A part was read; called under the lock."""

    def body(self, timeout=30):
        """The whole body; Broken, with what had come, when it was cut short."""
        pieces = []
        try:
            while part := self.read(timeout):
                pieces.append(part)
        except Broken as error:
            raise Broken(error.how, b"".join(pieces)) from error
        return b"".join(pieces)

    # --- looking

    @property
    def status(self):
        return int(self.pseudo.get(":status", 0))

    @property
    def method(self):
        return self.pseudo.get(":method")

    @property
    def path(self):
        return self.pseudo.get(":path")

    @property
    def authority(self):
        return self.pseudo.get(":authority")

    def get(self, name, default=None):
        return next((value for key, value in self.fields if key == name), default)

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def __str__(self):
        return f"{self.version} {self.pseudo} {self.fields} {self.received} bytes, ended {self.ended}, broken {self.broken}"

    # --- sending, by each version in its way

    def send_head(self, status, fields=(), end=False):
        """An origin's final head."""
        raise NotImplementedError

    def send_interim(self, status, fields=()):
        raise NotImplementedError

    def send(self, data):
        """A part of the body; waits while the other side takes no more."""
        raise NotImplementedError

    def end(self, trailers=()):
        raise NotImplementedError

    def reset(self):
        """Gives this exchange up, and the connection only where the version knows no other way."""
        raise NotImplementedError

    def respond(self, body=b"", status=200, fields=(), trailers=()):
        """An origin's whole response; its length is said where there are no trailers."""
        length = () if trailers else (("content-length", str(len(body))),)
        self.send_head(status, [*fields, *length])
        if body:
            self.send(body)
        self.end(trailers)
