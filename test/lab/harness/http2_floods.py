"""What hostile HTTP/2 clients send: each flood is an endless or very long sequence of frames, cut into chunks, of which any
one alone is harmless. A server that survives ends the connection early and says why."""

import dataclasses
import itertools
from collections.abc import Callable

from . import http2_frames as h2

_CHUNK = 200
CALM = (h2.ENHANCE_YOUR_CALM,)


@dataclasses.dataclass(frozen=True)
class Flood:
    """`chunks(client)` yields what to send, after `settings`. `codes`: what GOAWAY may say; `says`: what the log must (a
    regular expression; empty where no line is due); `refusal`: an answer with 431, or a reset of the one stream there is, will do as well."""

    name: str
    chunks: Callable
    says: str
    codes: tuple = CALM
    settings: tuple = ()
    refusal: bool = False


@dataclasses.dataclass
class Outcome:
    """How a flood ended: what is wrong with it, or None; the octets that were sent until then."""

    wrong: str | None
    sent: int
    resets: int


def run(flood, client, patience=20.0):
    """Floods until the other side has had enough, or until all was sent and nothing came of it."""
    client.begin(*flood.settings)
    for chunk in flood.chunks(client):
        if not client.send(chunk, timeout=patience):
            break
    try:
        wrong = _judge(flood, client, patience)
    except TimeoutError:
        wrong = f"nothing ended it; {client.story()}"
    return Outcome(wrong, client.sent, sum(frame.kind == h2.RST_STREAM for frame in client.frames))


def _judge(flood, client, patience):
    client.rewind()
    if flood.refusal:
        frame = client.wait(lambda one: one.kind in (h2.GOAWAY, h2.RST_STREAM) or one.ends_stream, patience)
        if frame is not None and frame.kind != h2.GOAWAY:
            refused = frame.kind == h2.RST_STREAM or client.status(frame.stream) == 431
            return None if refused else f"it was served; {client.story()}"
        client.rewind()
    goaway = client.wait(lambda one: one.kind == h2.GOAWAY and one.code != h2.NO_ERROR, patience)
    if goaway is None or goaway.code not in flood.codes:
        return f"{' or '.join(map(h2.code_name, flood.codes))} is due; {client.story()}"
    client.wait_end(patience)
    return None


def _streams(count, make):
    """`make(stream)` for so many new streams."""
    numbers = range(1, 2 * count, 2)
    for start in range(0, count, _CHUNK):
        yield b"".join(make(stream) for stream in numbers[start:start + _CHUNK])


def _repeated(octets, count=100_000):
    for _ in range(0, count, _CHUNK):
        yield octets * _CHUNK


def _behind(first, rest):
    return itertools.chain([first], rest)


def _of_streams(make_of_block, count=20_000, **request):
    """A flood of streams, each made by `make_of_block(stream, block)` from the block of a request."""
    def chunks(client):
        block = client.request_block(**request)
        return _streams(count, lambda stream: make_of_block(stream, block))
    return chunks


def _made_to_reset(make_of_block, **request):
    """Streams, each of which the server resets; never more at a time than it allows, so that nothing else is wrong."""
    def chunks(client):
        block = client.request_block(**request)
        for start in range(1, 20_001, 40):
            yield b"".join(make_of_block(stream, block) for stream in range(start, start + 40, 2))
            client.wait(lambda frame, last=start + 38: frame.kind == h2.RST_STREAM and frame.stream == last)
            if client.ended:
                return
    return chunks


def _in_stream(make, count=100_000, **request):
    """A flood of what `make(stream)` gives, within one stream whose body has not ended."""
    def chunks(client):
        opened = h2.headers(1, client.request_block(method="POST", **request), h2.END_HEADERS)
        return _behind(opened, _repeated(make(1), count))
    return chunks


def _open(stream, block):
    return h2.headers(stream, block, h2.END_HEADERS)


RAPID_RESET = Flood("Rapid Reset", _of_streams(lambda stream, block: h2.headers(stream, block) + h2.reset(stream), 100_000), "reset")

# The client makes the server reset: each of these is an error of one stream alone.
MADE_YOU_RESET = tuple(Flood(f"made to reset: {how}", chunks, "reset") for how, chunks in (
    ("a window above 2^31-1", _made_to_reset(lambda stream, block: _open(stream, block) + h2.window_update(stream, h2.LARGEST_WINDOW))),
    ("DATA beyond content-length", _made_to_reset(lambda stream, block: _open(stream, block) + h2.data(stream, b"12"),
                                                  method="POST", fields=[("content-length", "1")])),
    ("an end before content-length", _made_to_reset(lambda stream, block: h2.headers(stream, block), method="POST",
                                                    fields=[("content-length", "1")])),
    ("a malformed field", _made_to_reset(h2.headers, fields=[("X-Upper", "1")])),
    ("a field block of nothing", _made_to_reset(lambda stream, _: h2.headers(stream, b""))),
    ("malformed trailers", _made_to_reset(lambda stream, block: _open(stream, block) + h2.headers(stream, h2.block([(":path", "/")])))),
))

# The same by errors for which the connection may be ended at once.
BEYOND_BOUNDS = (
    Flood("WINDOW_UPDATE of 0 for every stream", _of_streams(lambda stream, block: _open(stream, block) + h2.window_update(stream, 0)),
          "", (*CALM, h2.PROTOCOL_ERROR)),
    Flood("DATA behind the end of every stream", _of_streams(lambda stream, block: h2.headers(stream, block) + h2.data(stream, b"1")),
          "", (*CALM, h2.STREAM_CLOSED)),
    Flood("more streams than allowed", _of_streams(h2.headers), "", (*CALM, h2.PROTOCOL_ERROR),
          settings=((h2.INITIAL_WINDOW_SIZE, 0),)),
)


def _continuations(piece):
    """A field block that never ends."""
    def chunks(client):
        return _behind(h2.headers(1, client.request_block(), h2.END_STREAM), _repeated(h2.continuation(1, piece, 0)))
    return chunks


def _large_block(client):
    """256 KiB of fields, each of its own name."""
    block = client.request_block() + h2.block((f"x-{number:05}", "v" * 245) for number in range(1024))
    pieces = [block[start:start + 16384] for start in range(0, len(block), 16384)]
    yield h2.headers(1, pieces[0], h2.END_STREAM)
    for piece in pieces[1:-1]:
        yield h2.continuation(1, piece, 0)
    yield h2.continuation(1, pieces[-1])


def _bomb(client):
    """An entry of nearly 4 KiB in the dynamic table, then one octet for each further copy of it: 60 MiB in 15 KiB."""
    entry = b"\x40" + h2.text("x-bomb") + h2.text("b" * 4000)
    yield h2.headers(1, client.request_block() + entry + b"\xbe" * 12_000)


def _bombs_by_stream(client):
    """The same in many requests, each below the bound of a frame."""
    block, entry = client.request_block(), b"\x40" + h2.text("x-bomb") + h2.text("b" * 4000)
    yield h2.headers(1, block + entry + b"\xbe" * 8000)
    yield from (h2.headers(stream, block + b"\xbe" * 15_000) for stream in range(3, 8003, 2))


HEADER_FLOODS = (
    Flood("CONTINUATION without end", _continuations(h2.block([("x-filler", "f" * 64)])), "CONTINUATION|header"),
    Flood("empty CONTINUATION without end", _continuations(b""), "CONTINUATION|header"),
    Flood("a field block of 256 KiB", _large_block, "header|CONTINUATION", refusal=True),
    Flood("an HPACK bomb", _bomb, "block", refusal=True),
    Flood("an HPACK bomb in every stream", _bombs_by_stream, "block|reset", (*CALM, h2.COMPRESSION_ERROR, h2.PROTOCOL_ERROR)),
)

_TABLE_SIZES = h2.settings((h2.HEADER_TABLE_SIZE, 0)) + h2.settings((h2.HEADER_TABLE_SIZE, 4096))


def _padded_octets(client):
    """DATA of one octet each, with 255 of padding, as fast as the window allows."""
    yield h2.headers(1, client.request_block(method="POST"), h2.END_HEADERS)
    frame, spent, credit = h2.frame(h2.DATA, h2.PADDED, 1, b"\xff" + b"x" + bytes(255)), 0, 65535
    size, looked_at, batch = len(frame) - 9, 0, 100
    for _ in range(0, 60_000, batch):
        while spent + batch * size > credit:
            for came in client.frames[looked_at:]:
                if came.is_one(h2.WINDOW_UPDATE, 0):
                    credit += int.from_bytes(came.payload, "big")
            looked_at = len(client.frames)
            if spent + batch * size > credit:
                client.wait(lambda one: one.kind in (h2.WINDOW_UPDATE, h2.GOAWAY))
                if client.ended or any(one.kind == h2.GOAWAY for one in client.frames[looked_at:]):
                    return
        spent += batch * size
        yield frame * batch


CONTROL_FLOODS = (
    Flood("SETTINGS", lambda _: _repeated(h2.settings()), "SETTINGS"),
    Flood("SETTINGS that change the table's size", lambda _: _repeated(_TABLE_SIZES, 50_000), "SETTINGS"),
    Flood("SETTINGS of 1,000 entries", lambda _: [h2.settings(*[(0xff, 1)] * 1000)], "SETTINGS"),
    Flood("acknowledgements of no SETTINGS", lambda _: _repeated(h2.settings_ack()), "SETTINGS", (*CALM, h2.PROTOCOL_ERROR)),
    Flood("PING", lambda _: _repeated(h2.ping()), "PING"),
    Flood("acknowledgements of no PING", lambda _: _repeated(h2.ping(flags=h2.ACK)), "PING"),
    Flood("empty DATA", _in_stream(h2.data), "empty|DATA"),
    Flood("DATA of nothing but padding", _in_stream(lambda stream: h2.frame(h2.DATA, h2.PADDED, stream, b"\0")), "empty|DATA"),
    Flood("DATA of one octet and 255 of padding", _padded_octets, "overhead|DATA"),
    Flood("PRIORITY", lambda _: _repeated(h2.priority(1, depends_on=3)), "PRIORITY"),
    Flood("PRIORITY of ever new streams", lambda _: _streams(100_000, h2.priority), "PRIORITY"),
    Flood("PRIORITY_UPDATE", lambda _: _repeated(h2.frame(0x10, 0, 0, b"\0\0\0\1u=1")), "unknown|PRIORITY"),
    Flood("WINDOW_UPDATE of 1", lambda _: _repeated(h2.window_update(0, 1)), "WINDOW_UPDATE"),
    Flood("WINDOW_UPDATE of 1 for a stream", _in_stream(lambda stream: h2.window_update(stream, 1)), "WINDOW_UPDATE"),
    Flood("unknown frames", lambda _: _repeated(h2.frame(0x42, 0, 0, b"?")), "unknown"),
    Flood("large unknown frames", lambda _: _repeated(h2.frame(0x42, 0, 0, bytes(16384)), 4000), "unknown|overhead"),
    Flood("GOAWAY", _in_stream(lambda _: h2.goaway()), "GOAWAY"),
    Flood("RST_STREAM of a closed stream", lambda client: _behind(
        _open(1, client.request_block(method="POST")), _repeated(h2.reset(1))), "reset|RST_STREAM", (*CALM, h2.STREAM_CLOSED)),
    Flood("DATA of a closed stream", lambda client: _behind(
        _open(1, client.request_block(method="POST")) + h2.reset(1), _repeated(h2.data(1, b"x"))), "reset", (*CALM, h2.STREAM_CLOSED)),
)

EVERY_FLOOD = (RAPID_RESET, *MADE_YOU_RESET, *BEYOND_BOUNDS, *HEADER_FLOODS, *CONTROL_FLOODS)
