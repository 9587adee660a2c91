"""The sender's side of HTTP/2 flow control (RFC 9113 section 5.2): sends all that the other side's windows allow, and notes
how much that was."""

import collections
import contextlib
import socket
import struct
import threading
import time

from . import certificates
from . import http2_frames as h2
from .http2_client import FrameClient

FIRST_WINDOW = 65535
_FRAME, _PIECE = 16384, 1 << 18


class FrameServer(FrameClient):
    """The same at an origin's end of a connection."""

    def __init__(self, made, context, patience):
        self._preface = h2.PREFACE
        super().__init__(made, context, None, patience, server_side=True)

    def _take_frames(self):
        if self._preface and len(self._buffer) >= len(self._preface):
            del self._buffer[:len(self._preface)]
            self._preface = b""
        return [] if self._preface else super()._take_frames()


class WindowOrigin:
    """An HTTP/2 origin that leaves each connection to `script(end)`, a FrameServer whose SETTINGS are `entries`."""

    def __init__(self, lab, name, address, port, script, entries=(), window=0):
        self._context = lab.server_context(certificates.issue(lab.root, [name]), alpn=("h2",))
        self._script, self._greeting = script, h2.settings(*entries) + (h2.window_update(0, window) if window else b"")
        self._listener = lab.origin_side.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            made, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(made,), daemon=True).start()

    def _serve(self, made):
        with contextlib.suppress(OSError, TimeoutError), made:
            end = FrameServer(made, self._context, 30)
            end.send(self._greeting)
            end.wait(lambda frame: frame.is_one(h2.SETTINGS) and not frame.acknowledges)
            end.send(h2.settings_ack())
            self._script(end)


class Sender:
    """Sends DATA on one stream of `end`, a FrameClient. `largest` is the most that the other side is known to have let us have on
    our way at a time, over a path of `round_trip` seconds at least."""

    def __init__(self, end, stream, first_window, round_trip):
        self.end, self.stream, self.round_trip = end, stream, round_trip
        self.allowed = {0: FIRST_WINDOW, stream: first_window}
        self.sent, self.largest = 0, 0
        self._gone = collections.deque([(0.0, 0)])  # (when, what had been sent once it was)

    def take(self, frame):
        """Looks at what came; true if it lets us send more."""
        if frame.kind != h2.WINDOW_UPDATE or frame.stream not in self.allowed:
            return False
        self.allowed[frame.stream] += struct.unpack("!I", frame.payload)[0]
        # The other side said so half a round trip ago, and had then not seen what left us since a whole one.
        seen_until = time.monotonic() - self.round_trip
        while len(self._gone) > 1 and self._gone[1][0] <= seen_until:
            self._gone.popleft()
        self.largest = max(self.largest, min(self.allowed.values()) - self._gone[0][1])
        return True

    def run(self, enough, tries, timeout=60):
        """Sends until as much as `enough` was allowed, or nothing more for `tries` round trips, or until it is too late."""
        deadline, tried = time.monotonic() + timeout, 0
        while self.largest < enough and tried < tries and time.monotonic() < deadline and not self.end.ended:
            for frame in self.end.arrived():
                self.take(frame)
            room = min(self.allowed.values()) - self.sent
            if room > 0:
                self._send(min(room, _PIECE))
                continue
            self.end.send(h2.ping())
            told = self.end.wait(lambda frame: self.take(frame) or frame.is_one(h2.PING) and frame.acknowledges)
            tried = tried + 1 if told and told.is_one(h2.PING) else 0
        return self.largest

    def _send(self, size):
        pieces = [h2.data(self.stream, bytes(min(_FRAME, size - at))) for at in range(0, size, _FRAME)]
        self._gone.append((time.monotonic(), self.sent + size))
        self.end.send(b"".join(pieces))
        self.sent += size
