"""An HTTP/2 client of frames: it sends what it is told, keeps every frame that comes, and answers none of its own accord
but by `begin`. It never waits for time to pass, only for frames, each wait with a deadline."""

import select
import socket
import ssl
import time

import hpack

from . import client
from . import http2_frames as h2
from . import topology


class FrameClient:
    """A TLS connection whose reading never depends on its writing: what the other side said before it closed is read even
    where our own writing failed. `frames` holds all that came, `heads` the decoded fields of each stream, `ended` how it
    ended: closed, cut or reset."""

    def __init__(self, made, context, server_name, patience=5.0, server_side=False):
        self.socket, self.patience, self.name = made, patience, server_name
        self.frames, self.ended, self.sent, self.heads = [], None, 0, {}
        self._in, self._out, self._buffer, self._looked_at = ssl.MemoryBIO(), ssl.MemoryBIO(), bytearray(), 0
        self._unsent, self._deaf, self._decoder, self._block = bytearray(), False, hpack.Decoder(), b""
        self.tls = context.wrap_bio(self._in, self._out, server_side, server_name)
        self._shake_hands()
        self.protocol = self.tls.selected_alpn_protocol()

    def _shake_hands(self):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.socket.sendall(self._out.read())
                if not (came := self.socket.recv(65536)):
                    raise ConnectionError("the other side closed within the handshake") from None
                self._in.write(came)
        self._unsent += self._out.read()
        self.socket.setblocking(False)

    # --- sending

    def send(self, *pieces, timeout=None):
        """Sends all of it, taking in meanwhile what comes. False: the other side takes no more."""
        for piece in pieces:
            for start in range(0, len(piece), 65536):
                self.tls.write(piece[start:start + 65536])
        self.sent += sum(map(len, pieces))
        deadline = time.monotonic() + (timeout or self.patience)
        self._unsent += self._out.read()
        while self._unsent and not self._deaf:
            self._turn(deadline)
            if time.monotonic() > deadline:
                return False
        return not self._deaf and self.ended is None

    def begin(self, *entries, window=0):
        """The preface with these settings; done once the other side's settings are here and ours are acknowledged."""
        update = h2.window_update(0, window) if window else b""
        self.send(h2.PREFACE, h2.settings(*entries), update)
        self.wait(lambda frame: frame.is_one(h2.SETTINGS) and not frame.acknowledges)
        self.send(h2.settings_ack())
        self.wait(lambda frame: frame.is_one(h2.SETTINGS) and frame.acknowledges)
        self._looked_at = len(self.frames)
        return self

    # --- receiving

    def _turn(self, deadline, reading=True):
        """Waits until the socket can do something, and does it."""
        wants_writing = bool(self._unsent) and not self._deaf
        left = max(0.0, deadline - time.monotonic())
        readable, writable, _ = select.select([self.socket] if reading and self.ended is None else [],
                                              [self.socket] if wants_writing else [], [], left)
        if writable:
            try:
                gone = self.socket.send(memoryview(self._unsent)[:1 << 18])
                del self._unsent[:gone]
            except BlockingIOError:
                pass
            except OSError:
                self._deaf = True
        if readable:
            self._take_in()

    def _take_in(self):
        try:
            came = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        if came:
            self._in.write(came)
        else:
            self._in.write_eof()
        try:
            while piece := self.tls.read(1 << 18):
                self._buffer += piece
            self.ended = "closed"
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = "closed"
        except ssl.SSLError:
            self.ended = "cut"
        for frame in self._take_frames():
            self._note(frame)
        self._unsent += self._out.read()

    def _take_frames(self):
        return h2.take_frames(self._buffer)

    def _note(self, frame):
        """Keeps the frame; field blocks are decoded in the order in which they come, since HPACK has a state."""
        self.frames.append(frame)
        if frame.kind in (h2.HEADERS, h2.CONTINUATION):
            self._block += frame.content
            if frame.flags & h2.END_HEADERS:
                self.heads.setdefault(frame.stream, []).append(self._decoder.decode(self._block))
                self._block = b""

    def wait(self, found, timeout=None):
        """The next frame, behind those already looked at, for which `found` is true; None once the connection has ended
        without it. TimeoutError where neither happens."""
        deadline = time.monotonic() + (timeout or self.patience)
        while True:
            while self._looked_at < len(self.frames):
                self._looked_at += 1
                if found(self.frames[self._looked_at - 1]):
                    return self.frames[self._looked_at - 1]
            if self.ended:
                return None
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing that was waited for came; what came: {self.story()}")
            self._turn(deadline)

    def wait_end(self, timeout=None):
        """Waits for the end of the connection; gives the GOAWAY that announced it, or None."""
        self.wait(lambda frame: False, timeout)
        return next((frame for frame in reversed(self.frames) if frame.is_one(h2.GOAWAY)), None)

    def pause(self, timeout=1.0):
        """Waits for something to come, or to be sent, that long at most."""
        self._turn(time.monotonic() + timeout)

    def arrived(self):
        """What has come and was not looked at, without waiting; it is kept no longer, for connections that carry much."""
        self._turn(time.monotonic())
        new, self.frames, self._looked_at = self.frames[self._looked_at:], [], 0
        return new

    def rewind(self):
        """The next wait looks at every frame again."""
        self._looked_at = 0

    def story(self):
        """What came, in few words."""
        said = [str(frame) for frame in self.frames[-12:]] + ([self.ended] if self.ended else [])
        return "; ".join(said) or "nothing"

    def table_size(self, size):
        """What our HPACK decoder allows the other side; a larger table is an error from now on."""
        self._decoder.max_allowed_table_size = size

    # --- HTTP, as far as tests need it

    def request_block(self, path="/", *, method="GET", authority=None, fields=()):
        return h2.block([(":method", method), (":scheme", "https"), (":path", path), (":authority", authority or self.name),
                         *fields])

    def ask(self, stream, path="/", **options):
        """One request without a body."""
        return self.send(h2.headers(stream, self.request_block(path, **options)))

    def answer(self, stream, timeout=None):
        """(status, body) of this stream's response, from wherever it began; the status is 0 where the stream was reset or the
        connection ended before it was complete."""
        self.rewind()
        self.wait(lambda frame: frame.stream == stream and (frame.ends_stream or frame.kind == h2.RST_STREAM), timeout)
        own = [frame for frame in self.frames if frame.stream == stream]
        if not any(frame.ends_stream for frame in own):
            return 0, b""
        return self.status(stream), b"".join(frame.content for frame in own if frame.kind == h2.DATA)

    def status(self, stream):
        """The final response's status; 0 where no head came."""
        found = [int(value) for fields in self.heads.get(stream, []) for name, value in fields if name == ":status"]
        return next((status for status in found if status >= 200), 0)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def open_frames(lab, name, address=topology.ORIGIN, *, source=None, alpn=("h2",), patience=5.0, receive_buffer=None):
    """A FrameClient from the client's namespace to `name`; nothing of HTTP/2 has been said yet."""
    made = client.dial(lab.client_side, address, 443, source=source)
    if receive_buffer:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        return FrameClient(made, lab.client_context(alpn=alpn), name, patience)
    except BaseException:
        made.close()
        raise
