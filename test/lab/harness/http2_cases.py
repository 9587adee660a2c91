"""The conformance cases of an HTTP/2 server: the list that h2spec asks, case by case, over frames of our own.

A case sends something and says what must come of it, as leniently as h2spec: where an error of the connection is due, its
end counts as well as the GOAWAY; where one of the stream is due, an error of the connection counts too. Every expectation is
an event; there is none that passes because nothing came."""

import dataclasses
from collections.abc import Callable

from . import http2_frames as h2

NAME = "h2.test"
_REQUEST = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", NAME)]
_POST = [(":method", "POST"), *_REQUEST[1:]]


@dataclasses.dataclass(frozen=True)
class Case:
    """`steps` are bytes to send, or functions of the client; `outcome(client)` gives what is wrong, or nothing."""

    name: str
    steps: tuple
    outcome: Callable
    settings: tuple = ()
    bare: bool = False  # not even the preface has been sent

    def run(self, opened):
        """What is wrong, or None. `opened()` gives a FrameClient."""
        try:
            with opened() as client:
                if not self.bare:
                    client.begin(*self.settings)
                for step in self.steps:
                    if callable(step):
                        step(client)
                    else:
                        client.send(step)
                return self.outcome(client)
        except (OSError, TimeoutError) as error:
            return str(error)


# --- outcomes

def _judge(client, codes, kinds):
    """Waits for an error: of these kinds of frames with one of these codes, or the end of the connection."""
    frame = client.wait(lambda one: one.kind in kinds)
    if frame is None or frame.code in codes:
        return None
    return f"{' or '.join(map(h2.code_name, codes))} is due; {client.story()}"


def connection_error(*codes):
    return lambda client: _judge(client, codes, (h2.GOAWAY,))


def stream_error(*codes):
    return lambda client: _judge(client, codes, (h2.GOAWAY, h2.RST_STREAM))


def malformed_or(status):
    """An error, or the answer that RFC 9113 section 8.1.1 allows in its place."""
    def look(client):
        client.rewind()
        frame = client.wait(lambda one: one.kind in (h2.GOAWAY, h2.RST_STREAM) or one.ends_stream)
        if frame is None or (frame.kind in (h2.GOAWAY, h2.RST_STREAM) and frame.code == h2.PROTOCOL_ERROR):
            return None
        return None if client.status(1) == status else f"{status} or PROTOCOL_ERROR is due; {client.story()}"
    return look


def closes(client):
    client.wait_end()


def answered(client):
    """Stream 1 has a whole response; streams and connection bear no error."""
    status, body = client.answer(1)
    return None if status == 200 else f"no answer with 200: {status} {body}; {client.story()}"


def answers_ping(client):
    """The connection lives: a PING sent now is answered."""
    client.send(h2.ping(b"alive?!?"))
    client.rewind()
    frame = client.wait(lambda one: one.is_one(h2.PING) and one.acknowledges)
    return None if frame and frame.payload == b"alive?!?" else f"PING was not answered; {client.story()}"


def answers_ping_or_closes(client):
    wrong = answers_ping(client)
    return None if client.ended else wrong


def priority_fault(client):
    """An error of the stream; a server that announces to ignore priorities (RFC 9218 section 2.1), as RFC 9113 section 5.3.2
    has all do, may not even look at them."""
    settings = next(frame.payload for frame in client.frames if frame.is_one(h2.SETTINGS) and not frame.acknowledges)
    ignores = h2.settings((h2.NO_RFC7540_PRIORITIES, 1))[9:]
    if ignores in (settings[start:start + 6] for start in range(0, len(settings), 6)):
        return answers_ping(client)
    return _MALFORMED(client)


def data_of(size):
    """The next DATA of stream 1 has this many octets."""
    def look(client):
        frame = client.wait(lambda one: one.is_one(h2.DATA, 1))
        return None if frame and len(frame.content) == size else f"{size} octets of DATA are due; {client.story()}"
    return look


def acknowledged(kind):
    def look(client):
        frame = client.wait(lambda one: one.is_one(kind) and one.acknowledges)
        return None if frame else f"no acknowledgement; {client.story()}"
    return look


def first_is_settings(client):
    client.wait(lambda frame: True)
    return None if client.frames and client.frames[0].is_one(h2.SETTINGS) else client.story()


# --- steps

def until_answered(client):
    client.answer(1)


def until_data(client):
    client.wait(lambda frame: frame.is_one(h2.DATA, 1))


def _server_setting(client, wanted, default):
    return next((value for frame in client.frames if frame.is_one(h2.SETTINGS) and not frame.acknowledges
                 for key, value in frame.settings() if key == wanted), default)


def beyond_concurrency(client):
    """As many requests as the server allows and one more, all kept open by a window of nothing."""
    allowed = _server_setting(client, h2.MAX_CONCURRENT_STREAMS, 100)
    client.send(b"".join(get(1 + 2 * number) for number in range(allowed + 1)))


def beyond_table_size(client):
    allowed = _server_setting(client, h2.HEADER_TABLE_SIZE, 4096)
    client.send(h2.headers(1, h2.integer(allowed + 1, 5, 0x20) + _BLOCK))


def get(stream=1, fields=_REQUEST, extra=(), flags=h2.END_HEADERS | h2.END_STREAM):
    return h2.headers(stream, h2.block([*fields, *extra]), flags)


def post(stream=1, extra=(), body=None, flags=h2.END_HEADERS):
    opened = get(stream, _POST, extra, flags)
    return opened if body is None else opened + h2.data(stream, body, h2.END_STREAM)


def without(name, *instead):
    return get(fields=[field for field in _REQUEST if field[0] != name] + list(instead))


def opened(stream=1):
    """A request of which the body is still to come."""
    return get(stream, _POST, flags=h2.END_HEADERS)


_BLOCK = h2.block(_REQUEST)
_HEADLESS = get(flags=h2.END_STREAM)  # HEADERS without END_HEADERS
_FRAME_SIZE = 16384


def padded(kind, stream, content, padding, flags, said=None):
    said = padding if said is None else said
    return h2.frame(kind, flags | h2.PADDED, stream, bytes([said]) + content + bytes(padding))


def with_priority(depends_on=0, exclusive=False):
    return h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM | h2.WITH_PRIORITY, 1,
                    h2.priority_fields(depends_on, 16, exclusive) + _BLOCK)


def packed(*extra):
    """A request with HPACK octets of the test's own behind its fields."""
    return h2.headers(1, _BLOCK + b"".join(extra))


_DUMMY = h2.text("x-made-up"), h2.text("value")
# Huffman codes of RFC 7541 appendix B: "a" 00011, "x" 1111001, "-" 010110
_HUFFMAN_NAME = b"\x83\xf2\xb0\xff"   # "x-a": 1111001 010110 00011, padded with ones
_HUFFMAN_VALUE = b"\x81\x1f"          # "a": 00011, padded with ones
_USER_AGENT = 58

GENERIC = (
    Case("generic/1 the preface is sent", (h2.PREFACE + h2.settings(),), first_is_settings, bare=True),
    Case("generic/2 PRIORITY on an idle stream", (h2.priority(1), get()), answered),
    Case("generic/2 WINDOW_UPDATE on a half-closed stream", (get() + h2.window_update(1, 1),), answered),
    Case("generic/2 PRIORITY on a half-closed stream", (get() + h2.priority(1),), answered),
    Case("generic/2 RST_STREAM on a half-closed stream", (get() + h2.reset(1),), answers_ping),
    Case("generic/2 PRIORITY on a closed stream", (get(), until_answered, h2.priority(1)), answers_ping),
    Case("generic/3.1 DATA", (post(body=b"test"),), answered),
    Case("generic/3.1 several DATA", (opened() + h2.data(1, b"te") + h2.data(1, b"st", h2.END_STREAM),), answered),
    Case("generic/3.1 padded DATA", (opened() + padded(h2.DATA, 1, b"test", 9, h2.END_STREAM),), answered),
    Case("generic/3.2 HEADERS", (get(),), answered),
    Case("generic/3.2 padded HEADERS", (padded(h2.HEADERS, 1, _BLOCK, 9, h2.END_HEADERS | h2.END_STREAM),), answered),
    Case("generic/3.2 HEADERS with priority", (with_priority(),), answered),
    Case("generic/3.3 PRIORITY of weight 1", (h2.priority(1, weight=1) + get(),), answered),
    Case("generic/3.3 PRIORITY of weight 256", (h2.priority(1, weight=256) + get(),), answered),
    Case("generic/3.3 PRIORITY that depends", (h2.priority(1, depends_on=3) + get(),), answered),
    Case("generic/3.3 exclusive PRIORITY", (h2.priority(1, depends_on=3, exclusive=True) + get(),), answered),
    Case("generic/3.3 PRIORITY of a later stream, then an earlier one", (h2.priority(3) + get(),), answered),
    Case("generic/3.4 RST_STREAM", (opened() + h2.reset(1),), answers_ping),
    Case("generic/3.5 SETTINGS", (h2.settings((h2.HEADER_TABLE_SIZE, 4096)),), acknowledged(h2.SETTINGS)),
    Case("generic/3.7 PING", (h2.ping(),), acknowledged(h2.PING)),
    Case("generic/3.8 GOAWAY", (h2.goaway(words=b"a test"),), answers_ping_or_closes),
    Case("generic/3.9 WINDOW_UPDATE of the connection", (h2.window_update(0, 1) + get(),), answered),
    Case("generic/3.9 WINDOW_UPDATE of a stream", (get() + h2.window_update(1, 1),), answered),
    Case("generic/3.10 CONTINUATION", (_HEADLESS + h2.continuation(1, h2.block([("x-a", "b")])),), answered),
    Case("generic/3.10 several CONTINUATION", (_HEADLESS + h2.continuation(1, h2.block([("x-a", "b")]), 0)
                                               + h2.continuation(1, h2.block([("x-c", "d")])),), answered),
    Case("generic/4 GET", (get(),), answered),
    Case("generic/4 HEAD", (get(fields=[(":method", "HEAD"), *_REQUEST[1:]]),), answered),
    Case("generic/4 POST", (post(extra=[("content-length", "4")], body=b"test"),), answered),
    Case("generic/4 POST with trailers", (opened() + h2.data(1, b"test") + h2.headers(1, h2.block([("x-sum", "1")])),), answered),
    Case("generic/5 indexed field", (packed(h2.integer(16, 7, 0x80)),), answered),
    *(Case(f"generic/5 literal {how}, {what}", (packed(octets),), answered)
      for how, bits, pattern in (("with incremental indexing", 6, 0x40), ("without indexing", 4, 0), ("never indexed", 4, 0x10))
      for what, octets in (
          ("indexed name", h2.integer(_USER_AGENT, bits, pattern) + _DUMMY[1]),
          ("indexed name, Huffman", h2.integer(_USER_AGENT, bits, pattern) + _HUFFMAN_VALUE),
          ("new name", bytes([pattern]) + _DUMMY[0] + _DUMMY[1]),
          ("new name, Huffman", bytes([pattern]) + _HUFFMAN_NAME + _HUFFMAN_VALUE))),
    Case("generic/5 table size update", (h2.headers(1, h2.integer(128, 5, 0x20) + _BLOCK),), answered),
    Case("generic/5 two table size updates", (h2.headers(1, h2.integer(128, 5, 0x20) + h2.integer(4096, 5, 0x20) + _BLOCK),),
         answered),
)

_PROTOCOL, _SIZE, _FLOW = (connection_error(code) for code in (h2.PROTOCOL_ERROR, h2.FRAME_SIZE_ERROR, h2.FLOW_CONTROL_ERROR))
_COMPRESSION, _MALFORMED = connection_error(h2.COMPRESSION_ERROR), stream_error(h2.PROTOCOL_ERROR)
_CLOSED = stream_error(h2.STREAM_CLOSED)
_STRAY = connection_error(h2.PROTOCOL_ERROR, h2.STREAM_CLOSED)

FRAMES = (
    Case("3.5 the preface", (h2.PREFACE + h2.settings(),), first_is_settings, bare=True),
    Case("3.5 an invalid preface", (b"INVALID CONNECTION PREFACE\r\n\r\n",), _PROTOCOL, bare=True),
    Case("4.1 a frame of unknown type", (h2.frame(0x16, 0, 0, bytes(8)),), answers_ping),
    Case("4.1 an undefined flag", (h2.frame(h2.PING, 0x16, 0, bytes(8)),), acknowledged(h2.PING)),
    Case("4.1 the reserved bit", (h2.frame(h2.PING, 0, 1 << 31, bytes(8)),), acknowledged(h2.PING)),
    Case("4.2 DATA of 2^14 octets", (post(body=bytes(_FRAME_SIZE)),), answered),
    Case("4.2 DATA beyond SETTINGS_MAX_FRAME_SIZE", (post(body=bytes(_FRAME_SIZE + 1)),), stream_error(h2.FRAME_SIZE_ERROR)),
    Case("4.2 HEADERS beyond SETTINGS_MAX_FRAME_SIZE", (get(extra=[("x-large", "a" * _FRAME_SIZE)]),), _SIZE),
    Case("4.3 an invalid field block", (h2.headers(1, b"\x40\xff\xff\xff\xff\xff\xff\xff"),), _COMPRESSION),
    Case("4.3 PRIORITY inside a field block", (_HEADLESS + h2.priority(1) + h2.continuation(1, b""),), _PROTOCOL),
    Case("4.3 HEADERS of another stream inside a field block", (_HEADLESS + get(3),), _PROTOCOL),
    Case("5.1 idle: DATA", (h2.data(1, b"test", h2.END_STREAM),), _PROTOCOL),
    Case("5.1 idle: RST_STREAM", (h2.reset(1),), _PROTOCOL),
    Case("5.1 idle: WINDOW_UPDATE", (h2.window_update(1, 100),), _PROTOCOL),
    Case("5.1 idle: CONTINUATION", (h2.continuation(1, _BLOCK),), _PROTOCOL),
    Case("5.1 half-closed (remote): DATA", (get() + h2.data(1, b"test", h2.END_STREAM),), _CLOSED),
    Case("5.1 half-closed (remote): HEADERS", (get() + get(),), _CLOSED),
    Case("5.1 half-closed (remote): CONTINUATION", (get() + h2.continuation(1, _BLOCK),), _PROTOCOL),
    Case("5.1 closed by RST_STREAM: DATA", (opened() + h2.reset(1) + h2.data(1, b"test", h2.END_STREAM),), _CLOSED),
    Case("5.1 closed by RST_STREAM: HEADERS", (opened() + h2.reset(1) + get(),), _CLOSED),
    Case("5.1 closed by RST_STREAM: CONTINUATION", (opened() + h2.reset(1) + h2.continuation(1, _BLOCK),), _STRAY),
    Case("5.1 closed: DATA", (get(), until_answered, h2.data(1, b"test", h2.END_STREAM)), _CLOSED),
    Case("5.1 closed: HEADERS", (get(), until_answered, get()), connection_error(h2.STREAM_CLOSED)),
    Case("5.1 closed: CONTINUATION", (get(), until_answered, h2.continuation(1, _BLOCK)), _STRAY),
    Case("5.1.1 an even stream", (get(2),), _PROTOCOL),
    Case("5.1.1 a stream below the last one", (get(5) + get(3),), _PROTOCOL),
    Case("5.1.2 more streams than allowed", (beyond_concurrency,), stream_error(h2.PROTOCOL_ERROR, h2.REFUSED_STREAM),
         ((h2.INITIAL_WINDOW_SIZE, 0),)),
    Case("5.3.1 HEADERS that depend on themselves", (with_priority(depends_on=1),), _MALFORMED),
    Case("5.3.1 PRIORITY that depends on itself", (h2.priority(2, depends_on=2),), priority_fault),
    Case("5.4.1 the connection ends after an error", (h2.frame(h2.PING, 0, 3, bytes(8)),), closes),
    Case("5.4.1 GOAWAY says which error", (h2.frame(h2.PING, 0, 3, bytes(8)),), _PROTOCOL),
    Case("5.5 an unknown extension frame", (h2.frame(0xfe, 0, 0, b"unknown"),), answers_ping),
    Case("5.5 an extension frame inside a field block", (_HEADLESS + h2.frame(0xfe, 0, 0, b"") + h2.continuation(1, b""),), _PROTOCOL),
    Case("6.1 DATA of stream 0", (h2.data(0, b"test"),), _PROTOCOL),
    Case("6.1 DATA of a stream that is not open", (get() + h2.data(1, b"test"),), _CLOSED),
    Case("6.1 DATA with too much padding", (opened() + padded(h2.DATA, 1, b"test", 0, h2.END_STREAM, said=6),), _PROTOCOL),
    Case("6.2 PRIORITY behind HEADERS without END_HEADERS", (_HEADLESS + h2.priority(1),), _PROTOCOL),
    Case("6.2 HEADERS behind HEADERS without END_HEADERS", (_HEADLESS + get(3),), _PROTOCOL),
    Case("6.2 HEADERS of stream 0", (get(0),), _PROTOCOL),
    Case("6.2 HEADERS with too much padding",
         (padded(h2.HEADERS, 1, _BLOCK, 0, h2.END_HEADERS | h2.END_STREAM, said=len(_BLOCK) + 1),), _PROTOCOL),
    Case("6.3 PRIORITY of stream 0", (h2.priority(0),), _PROTOCOL),
    Case("6.3 PRIORITY of 4 octets", (h2.frame(h2.PRIORITY, 0, 1, bytes(4)),), stream_error(h2.FRAME_SIZE_ERROR)),
    Case("6.4 RST_STREAM of stream 0", (h2.reset(0),), _PROTOCOL),
    Case("6.4 RST_STREAM of an idle stream", (h2.reset(1),), _PROTOCOL),
    Case("6.4 RST_STREAM of 3 octets", (opened() + h2.frame(h2.RST_STREAM, 0, 1, bytes(3)),), _SIZE),
    Case("6.5 SETTINGS with ACK and a payload", (h2.frame(h2.SETTINGS, h2.ACK, 0, bytes(6)),), _SIZE),
    Case("6.5 SETTINGS of a stream", (h2.frame(h2.SETTINGS, 0, 1, bytes(6)),), _PROTOCOL),
    Case("6.5 SETTINGS of 3 octets", (h2.frame(h2.SETTINGS, 0, 0, bytes(3)),), _SIZE),
    Case("6.5.2 ENABLE_PUSH of 2", (h2.settings((h2.ENABLE_PUSH, 2)),), _PROTOCOL),
    Case("6.5.2 INITIAL_WINDOW_SIZE of 2^31", (h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 31)),), _FLOW),
    Case("6.5.2 MAX_FRAME_SIZE below 2^14", (h2.settings((h2.MAX_FRAME_SIZE, 16383)),), _PROTOCOL),
    Case("6.5.2 MAX_FRAME_SIZE of 2^24", (h2.settings((h2.MAX_FRAME_SIZE, 1 << 24)),), _PROTOCOL),
    Case("6.5.2 an unknown setting", (h2.settings((0xff, 1)),), answers_ping),
    Case("6.5.3 the same setting twice", (h2.settings((h2.INITIAL_WINDOW_SIZE, 100), (h2.INITIAL_WINDOW_SIZE, 1)) + get(),), data_of(1)),
    Case("6.5.3 SETTINGS are acknowledged", (h2.settings(),), acknowledged(h2.SETTINGS)),
    Case("6.7 PING is answered", (h2.ping(b"h2 speaks"[:8]),), acknowledged(h2.PING)),
    Case("6.7 PING with ACK is not answered", (h2.ping(b"invalid!", h2.ACK),), answers_ping),
    Case("6.7 PING of a stream", (h2.frame(h2.PING, 0, 1, bytes(8)),), _PROTOCOL),
    Case("6.7 PING of 6 octets", (h2.frame(h2.PING, 0, 0, bytes(6)),), _SIZE),
    Case("6.8 GOAWAY of a stream", (h2.frame(h2.GOAWAY, 0, 1, bytes(8)),), _PROTOCOL),
    Case("6.9 WINDOW_UPDATE of 0", (h2.window_update(0, 0),), _PROTOCOL),
    Case("6.9 WINDOW_UPDATE of 0 for a stream", (opened() + h2.window_update(1, 0),), _MALFORMED),
    Case("6.9 WINDOW_UPDATE of 3 octets", (h2.frame(h2.WINDOW_UPDATE, 0, 0, bytes(3)),), _SIZE),
    Case("6.9.1 no more than the window", (get(),), data_of(1), ((h2.INITIAL_WINDOW_SIZE, 1),)),
    Case("6.9.1 the connection's window above 2^31-1", (h2.window_update(0, h2.LARGEST_WINDOW) * 2,), _FLOW),
    Case("6.9.1 a stream's window above 2^31-1", (opened() + h2.window_update(1, h2.LARGEST_WINDOW) * 2,),
         stream_error(h2.FLOW_CONTROL_ERROR)),
    Case("6.9.2 the initial window grows behind HEADERS", (get() + h2.settings((h2.INITIAL_WINDOW_SIZE, 1)),), data_of(1),
         ((h2.INITIAL_WINDOW_SIZE, 0),)),
    Case("6.9.2 a negative window", (get(), until_data, h2.settings((h2.INITIAL_WINDOW_SIZE, 2)) + h2.window_update(1, 2)), data_of(1),
         ((h2.INITIAL_WINDOW_SIZE, 3),)),
    Case("6.9.2 an initial window above 2^31-1", (h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 31)),), _FLOW),
    Case("6.10 CONTINUATION upon CONTINUATION", (_HEADLESS + h2.continuation(1, h2.block([("x-a", "b")]), 0)
                                                 + h2.continuation(1, h2.block([("x-c", "d")])),), answered),
    Case("6.10 CONTINUATION, then another frame", (_HEADLESS + h2.continuation(1, h2.block([("x-a", "b")]), 0) + h2.data(1, b"test"),),
         _PROTOCOL),
    Case("6.10 CONTINUATION of stream 0", (_HEADLESS + h2.continuation(0, b""),), _PROTOCOL),
    Case("6.10 CONTINUATION behind END_HEADERS", (opened() + h2.continuation(1, h2.block([("x-a", "b")])),), _PROTOCOL),
    Case("6.10 CONTINUATION behind CONTINUATION with END_HEADERS",
         (get(fields=_POST, flags=0) + h2.continuation(1, b"") + h2.continuation(1, h2.block([("x-a", "b")])),), _PROTOCOL),
    Case("6.10 CONTINUATION behind DATA", (opened() + h2.data(1, b"test") + h2.continuation(1, h2.block([("x-a", "b")])),), _PROTOCOL),
    Case("7 GOAWAY with an unknown code", (h2.goaway(code=0xff),), answers_ping_or_closes),
    Case("7 RST_STREAM with an unknown code", (opened() + h2.reset(1, 0xff),), answers_ping),
)

MESSAGES = (
    Case("8.1 a second HEADERS without END_STREAM", (opened() + get(extra=[("x-a", "b")], fields=[], flags=h2.END_HEADERS),), _MALFORMED),
    Case("8.1.2 a name in upper case", (get(extra=[("X-TEST", "ok")]),), _MALFORMED),
    Case("8.1.2.1 an unknown pseudo-header", (get(fields=[*_REQUEST, (":test", "ok")]),), _MALFORMED),
    Case("8.1.2.1 a response's pseudo-header", (get(fields=[*_REQUEST, (":status", "200")]),), _MALFORMED),
    Case("8.1.2.1 a pseudo-header among trailers", (opened() + h2.data(1, b"test") + h2.headers(1, h2.block([(":method", "GET")])),),
         _MALFORMED),
    Case("8.1.2.1 a pseudo-header behind a field", (get(fields=[*_REQUEST[:-1], ("x-test", "ok"), _REQUEST[-1]]),), _MALFORMED),
    Case("8.1.2.2 Connection", (get(extra=[("connection", "keep-alive")]),), _MALFORMED),
    Case("8.1.2.2 TE other than trailers", (get(extra=[("te", "trailers, deflate")]),), _MALFORMED),
    Case("8.1.2.3 an empty :path", (get(fields=[(":method", "GET"), (":scheme", "https"), (":path", ""), (":authority", NAME)]),), _MALFORMED),
    Case("8.1.2.3 no :method", (without(":method"),), _MALFORMED),
    Case("8.1.2.3 no :scheme", (without(":scheme"),), _MALFORMED),
    Case("8.1.2.3 no :path", (without(":path"),), _MALFORMED),
    Case("8.1.2.3 :method twice", (get(fields=[*_REQUEST, (":method", "GET")]),), _MALFORMED),
    Case("8.1.2.3 :scheme twice", (get(fields=[*_REQUEST, (":scheme", "https")]),), _MALFORMED),
    Case("8.1.2.3 :path twice", (get(fields=[*_REQUEST, (":path", "/")]),), _MALFORMED),
    Case("8.1.2.6 content-length is not the DATA's", (post(extra=[("content-length", "1")], body=b"test"),), _MALFORMED),
    Case("8.1.2.6 content-length is not that of several DATA",
         (post(extra=[("content-length", "1")]) + h2.data(1, b"te") + h2.data(1, b"st", h2.END_STREAM),), _MALFORMED),
    Case("8.2 PUSH_PROMISE", (h2.frame(h2.PUSH_PROMISE, h2.END_HEADERS, 1, b"\0\0\0\3" + _BLOCK),), _PROTOCOL),
)

HPACK = (
    Case("hpack/2.3.3 an index beyond the tables", (packed(h2.integer(70, 7, 0x80)),), _COMPRESSION),
    Case("hpack/2.3.3 a name's index beyond the tables", (packed(h2.integer(70, 6, 0x40) + h2.text("value")),), _COMPRESSION),
    Case("hpack/4.2 a table size update at the end", (packed(h2.integer(1, 5, 0x20)),), _COMPRESSION),
    Case("hpack/5.2 Huffman padding of more than 7 bits", (packed(b"\0" + _DUMMY[0] + b"\x82\x1f\xff"),), _COMPRESSION),
    Case("hpack/5.2 Huffman padding of zeros", (packed(b"\0" + _DUMMY[0] + b"\x81\x18"),), _COMPRESSION),
    Case("hpack/5.2 Huffman EOS", (packed(b"\0" + _DUMMY[0] + b"\x84\xff\xff\xff\xff"),), _COMPRESSION),
    Case("hpack/6.1 index 0", (packed(b"\x80"),), _COMPRESSION),
    Case("hpack/6.3 a table above SETTINGS_HEADER_TABLE_SIZE", (beyond_table_size,), _COMPRESSION),
)

# Beyond the list of h2spec: what RFC 9113 asks of servers besides.

def preface_by_octets(client):
    for octet in h2.PREFACE + h2.settings():
        client.send(bytes([octet]))


def no_table(client):
    """An HPACK table of nothing is respected from the acknowledgement on (RFC 7541 section 4.2)."""
    client.table_size(0)
    client.send(h2.settings((h2.HEADER_TABLE_SIZE, 0)))
    client.wait(lambda frame: frame.is_one(h2.SETTINGS) and frame.acknowledges)


def large_answer(client):
    """Stream 1 has an answer of which no frame is larger than what we take, by default."""
    wrong = answered(client)
    largest = max((len(frame.payload) for frame in client.frames), default=0)
    return wrong or (f"a frame of {largest} octets" if largest > _FRAME_SIZE else None)


FURTHER = (
    Case("3.4 the preface octet by octet", (preface_by_octets, get()), answered, bare=True),
    Case("3.4 another frame than SETTINGS behind the preface", (h2.PREFACE + get(),), _PROTOCOL, bare=True),
    Case("3.4 HTTP/1.1 where HTTP/2 was chosen", (b"GET / HTTP/1.1\r\nHost: h2.test\r\n\r\n" + bytes(64),), _PROTOCOL, bare=True),
    Case("4.2 no frame above the client's SETTINGS_MAX_FRAME_SIZE", (get(fields=[*_REQUEST[:2], (":path", "/large"), _REQUEST[3]]),),
         large_answer),
    Case("4.3.1 a client without an HPACK table", (no_table, get()), answered),
    Case("5.1 WINDOW_UPDATE and RST_STREAM of a closed stream", (get(), until_answered, h2.window_update(1, 1) + h2.reset(1)),
         answers_ping),
    Case("5.1.1 DATA of an even stream", (h2.data(2, b"test"),), _PROTOCOL),
    Case("6.2 padding of nothing but padding", (opened() + padded(h2.DATA, 1, b"", 200, h2.END_STREAM),), answered),
    Case("6.10 END_STREAM on CONTINUATION means nothing",
         (get(fields=_POST, flags=0) + h2.continuation(1, b"", h2.END_HEADERS | h2.END_STREAM) + h2.data(1, b"test", h2.END_STREAM),),
         answered),
    Case("8.1 trailers without END_STREAM", (opened() + h2.data(1, b"t") + h2.headers(1, h2.block([("x-sum", "1")]), h2.END_HEADERS),),
         _MALFORMED),
    Case("8.2.1 NUL in a value", (get(extra=[("x-nul", "a\0b")]),), malformed_or(400)),
    Case("8.2.1 a line feed in a value", (get(extra=[("x-line", "a\nb: c")]),), malformed_or(400)),
    Case("8.2.1 a colon in a name", (get(extra=[("x:y", "1")]),), malformed_or(400)),
    Case("8.2.1 a blank in front of a value", (get(extra=[("x-blank", " 1")]),), malformed_or(400)),
    Case("8.2.2 Transfer-Encoding", (get(extra=[("transfer-encoding", "chunked")]),), malformed_or(400)),
    Case("8.3.1 Host that is not :authority", (get(extra=[("host", "other.test")]),), malformed_or(400)),
    Case("8.3.1 :authority twice", (get(fields=[*_REQUEST, _REQUEST[3]]),), malformed_or(400)),
    Case("8.3.1 userinfo in :authority", (without(":authority", (":authority", f"user@{NAME}")),), malformed_or(400)),
    Case("8.3.1 a :path that begins with no slash", (without(":path", (":path", "index")),), malformed_or(400)),
    Case("8.3.1 Host in place of :authority", (without(":authority", ("host", NAME)),), answered),
    Case("8.5 CONNECT with :path", (get(fields=[(":method", "CONNECT"), *_REQUEST[1:]]),), malformed_or(400)),
)

CASES = GENERIC + FRAMES + MESSAGES + HPACK
