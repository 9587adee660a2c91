"""HTTP/2 frames by hand, for both ends of the laboratory: packed exactly as asked, however wrong that is, and taken apart
without judging. Field blocks are literals without indexing unless a test packs them itself, so that they depend on nothing
that was sent before."""

import dataclasses
import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
KINDS = ("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE",
         "CONTINUATION")

END_STREAM = ACK = 0x1
END_HEADERS, PADDED, WITH_PRIORITY = 0x4, 0x8, 0x20

(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY,
 HTTP_1_1_REQUIRED) = range(14)
CODES = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
         "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
         "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED")

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)
NO_RFC7540_PRIORITIES = 9
ENABLE_CONNECT_PROTOCOL = 8

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
LARGEST_WINDOW = 2**31 - 1


@dataclasses.dataclass
class Frame:
    """One frame as it came."""

    kind: int
    flags: int
    stream: int
    payload: bytes

    def is_one(self, kind, stream=None):
        return self.kind == kind and stream in (None, self.stream)

    @property
    def ends_stream(self):
        return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)

    @property
    def acknowledges(self):
        return self.kind in (SETTINGS, PING) and bool(self.flags & ACK)

    @property
    def code(self):
        """The error code of RST_STREAM and GOAWAY."""
        return struct.unpack_from("!I", self.payload, 4 if self.kind == GOAWAY else 0)[0]

    @property
    def content(self):
        """The payload without padding and priority fields."""
        start, end = 0, len(self.payload)
        if self.kind in (DATA, HEADERS, PUSH_PROMISE) and self.flags & PADDED:
            start, end = 1, end - self.payload[0]
        if self.kind == HEADERS and self.flags & WITH_PRIORITY:
            start += 5
        return self.payload[start:end]

    def settings(self):
        """The entries of a SETTINGS frame, in order."""
        return [struct.unpack_from("!HI", self.payload, at) for at in range(0, len(self.payload) - 5, 6)]

    def __str__(self):
        kind = KINDS[self.kind] if self.kind < len(KINDS) else f"type {self.kind}"
        shown = f"{kind} stream {self.stream} flags {self.flags:#x} length {len(self.payload)}"
        if self.kind in (RST_STREAM, GOAWAY):
            shown += f" {code_name(self.code)}"
        if self.kind == GOAWAY and self.payload[8:]:
            shown += f" {self.payload[8:60]!r}"
        return shown


def code_name(code):
    return CODES[code] if code < len(CODES) else f"code {code:#x}"


def take_frames(buffer):
    """The whole frames at the beginning of a bytearray, which loses them."""
    found, at = [], 0
    while len(buffer) - at >= 9:
        size = int.from_bytes(buffer[at:at + 3], "big")
        if len(buffer) - at < 9 + size:
            break
        kind, flags, stream = struct.unpack_from("!BBI", buffer, at + 3)
        found.append(Frame(kind, flags, stream & LARGEST_WINDOW, bytes(buffer[at + 9:at + 9 + size])))
        at += 9 + size
    del buffer[:at]
    return found


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def data(stream, content=b"", flags=0):
    return frame(DATA, flags, stream, content)


def headers(stream, block, flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, block)


def continuation(stream, block, flags=END_HEADERS):
    return frame(CONTINUATION, flags, stream, block)


def priority(stream, depends_on=0, weight=16, exclusive=False):
    return frame(PRIORITY, 0, stream, priority_fields(depends_on, weight, exclusive))


def priority_fields(depends_on=0, weight=16, exclusive=False):
    return struct.pack("!IB", depends_on | (exclusive << 31), weight - 1)


def reset(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack("!I", code))


def settings(*entries):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack("!HI", *entry) for entry in entries))


def settings_ack():
    return frame(SETTINGS, ACK)


def ping(content=b"sallyprt", flags=0):
    return frame(PING, flags, 0, content)


def goaway(last=0, code=NO_ERROR, words=b""):
    return frame(GOAWAY, 0, 0, struct.pack("!II", last, code) + words)


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack("!I", increment))


def integer(value, bits, pattern=0):
    """An HPACK integer behind a prefix of `bits` bits (RFC 7541 section 5.1), the pattern in the bits before it."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes([pattern | value])
    said, value = bytearray([pattern | limit]), value - limit
    while value >= 128:
        said.append(value & 127 | 128)
        value >>= 7
    said.append(value)
    return bytes(said)


def text(value):
    """An HPACK string without Huffman coding."""
    value = value if isinstance(value, bytes) else value.encode("latin-1")
    return integer(len(value), 7) + value


def block(fields):
    """A field block of literals without indexing, in which anything may stand."""
    return b"".join(b"\0" + text(name) + text(value) for name, value in fields)
