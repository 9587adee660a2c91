"""A small HTTP/1.1 reader for both ends of the laboratory. It is strict about framing, since it is the judge of what the
gateway sends: an ambiguous message is a `Malformed`, an input that ends inside a message a `Truncated`."""

import dataclasses


class Malformed(Exception):
    """The bytes are not one clear HTTP/1.1 message."""


class Truncated(Exception):
    """The connection ended inside a message; `partial` is what came of its body."""

    def __init__(self, what, partial=b""):
        super().__init__(f"the connection ended inside {what}")
        self.partial = partial


@dataclasses.dataclass
class Message:
    """A request or a response. `start` is its first line, `fields` name-value pairs in order, names in lower case."""

    start: str
    fields: list
    raw_head: bytes
    body: bytes = b""
    trailers: list = dataclasses.field(default_factory=list)
    chunks: int = 0
    interim: list = dataclasses.field(default_factory=list)

    def get(self, name, default=None):
        return next((value for key, value in self.fields if key == name.lower()), default)

    def all(self, name):
        return [value for key, value in self.fields if key == name.lower()]

    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    def __str__(self):
        shown = self.body if len(self.body) < 400 else self.body[:400] + b"..."
        return f"{self.raw_head.decode('latin-1')}{shown!r}"


class Reader:
    """Reads messages from `receive(size)`, which gives b"" at the end. All bytes read are appended to `record`."""

    def __init__(self, receive, record=None):
        self._receive, self._buffer, self.record = receive, bytearray(), record

    @property
    def pending(self):
        return bytes(self._buffer)

    def fill(self):
        piece = self._receive(65536)
        if self.record is not None:
            self.record += piece
        self._buffer += piece
        return bool(piece)

    def _take(self, size):
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def line(self, what):
        while (end := self._buffer.find(b"\r\n")) < 0:
            if not self.fill():
                raise Truncated(what, bytes(self._buffer))
        return self._take(end + 2)[:-2]

    def exactly(self, size, what="a body"):
        while len(self._buffer) < size:
            if not self.fill():
                raise Truncated(what, bytes(self._buffer))
        return self._take(size)

    def head(self):
        """The next head, or None when the connection ended before it."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if not self.fill():
                if self._buffer:
                    raise Truncated("a head", bytes(self._buffer))
                return None
        raw = self._take(end + 4)
        lines = raw[:-4].split(b"\r\n")
        return Message(lines[0].decode("latin-1"), _fields(lines[1:]), raw)

    def request(self):
        """The next request with its body, or None when the connection ended before it."""
        message = self.request_head()
        if message:
            self.body(message, until_close=False)
        return message

    def request_head(self):
        message = self.head()
        if message and len(message.start.split(" ")) != 3:
            raise Malformed(f"request line {message.start!r}")
        return message

    def response(self, method="GET"):
        """The final response; the interim ones before it are in its `interim`. Status 0: there was none."""
        interim = []
        while True:
            message = self.head() or Message("HTTP/0.0 0 the connection ended", [], b"")
            if message.status >= 200 or message.status in (0, 101):
                break
            interim.append(message)
        message.interim = interim
        if method != "HEAD" and message.status not in (0, 101, 204, 304):
            self.body(message, until_close=True)
        return message

    def body(self, message, until_close):
        """Reads the body that the head announces into the message."""
        body = bytearray()
        try:
            for part in self.parts(message, until_close):
                body += part
        except Truncated as error:
            raise Truncated("a body", bytes(body)) from error
        message.body = bytes(body)

    def parts(self, message, until_close):
        """The body that the head announces, as it comes; the message's trailers and count of chunks are filled in."""
        coding, lengths = message.all("transfer-encoding"), message.all("content-length")
        if coding and lengths or len(coding) > 1 or len(lengths) > 1:
            raise Malformed(f"ambiguous framing: {coding} {lengths}")
        if coding:
            if coding[0].lower() != "chunked":
                raise Malformed(f"transfer coding {coding[0]!r}")
            yield from self._chunked(message)
        elif lengths:
            if not lengths[0].isascii() or not lengths[0].isdigit():
                raise Malformed(f"content length {lengths[0]!r}")
            yield from self._sized(int(lengths[0]), "a body")
        elif until_close:
            while self._buffer or self.fill():
                yield self._take(len(self._buffer))

    def _sized(self, size, what):
        while size:
            if not self._buffer and not self.fill():
                raise Truncated(what)
            part = self._take(min(size, len(self._buffer)))
            size -= len(part)
            yield part

    def _chunked(self, message):
        while size := self._chunk_size():
            yield from self._sized(size, "a chunk")
            message.chunks += 1
            if self.line("a chunk") != b"":
                raise Malformed("no CRLF after a chunk")
        trailer = []
        while line := self.line("the trailer"):
            trailer.append(line)
        message.trailers = _fields(trailer)

    def _chunk_size(self):
        text = self.line("a chunk size")
        if not text or len(text) > 8 or any(byte not in b"0123456789abcdefABCDEF" for byte in text):
            raise Malformed(f"chunk size {text!r}")
        return int(text, 16)


def _fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise Malformed(f"field line {line!r}")
        fields.append((name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")))
    return fields
