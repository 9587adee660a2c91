"""HTTP/2 origins without measure: frames without end of which one alone is harmless, heads of any size (TESTS G03, G05, seen from
the gateway's other side)."""

import itertools
import queue

from harness import http1
from harness import http2_frames as h2
from harness.http2_origin import FrameOrigin
from harness.scenario import scenario
from harness.workload import BULK_MEMORY_KIB

_AT_ONCE, _MOST = 200, 100_000


def _head(wire, stream, end=False):
    return h2.headers(stream, wire.block((":status", "200")), h2.END_HEADERS | (h2.END_STREAM if end else 0))


def _endless(frame, *, begun=False):
    """`frame(stream)` again and again, behind a response's head where `begun`."""
    def frames(wire, stream):
        first = [_head(wire, stream)] if begun else []
        return itertools.chain(first, itertools.repeat(frame(stream) * _AT_ONCE, _MOST // _AT_ONCE))
    return frames


def _endless_block(piece):
    def frames(wire, stream):
        start = h2.headers(stream, wire.block((":status", "200")), 0)
        return itertools.chain([start], itertools.repeat(h2.continuation(stream, piece, 0) * _AT_ONCE, _MOST // _AT_ONCE))
    return frames


def _closed_stream(frame):
    def frames(wire, stream):
        return itertools.chain([_head(wire, stream, end=True)], itertools.repeat(frame(stream) * _AT_ONCE, _MOST // _AT_ONCE))
    return frames


FLOODS = {
    "CONTINUATION": _endless_block(h2.block([("x-filler", "f" * 64)])),
    "empty CONTINUATION": _endless_block(b""),
    "SETTINGS": _endless(lambda stream: h2.settings()),
    "changes of the table's size": _endless(lambda stream: h2.settings((h2.HEADER_TABLE_SIZE, 0)) + h2.settings((h2.HEADER_TABLE_SIZE, 4096))),
    "acknowledgements of SETTINGS": _endless(lambda stream: h2.settings_ack()),
    "PING": _endless(lambda stream: h2.ping()),
    "acknowledgements of PING": _endless(lambda stream: h2.ping(flags=h2.ACK)),
    "PRIORITY": _endless(lambda stream: h2.priority(stream, depends_on=stream + 2)),
    "WINDOW_UPDATE": _endless(lambda stream: h2.window_update(0, 1)),
    "WINDOW_UPDATE of a stream": _endless(lambda stream: h2.window_update(stream, 1)),
    "GOAWAY": _endless(lambda stream: h2.goaway(stream)),
    "unknown frames": _endless(lambda stream: h2.frame(0x42, 0, 0, b"?")),
    "interim responses": lambda wire, stream: itertools.repeat(
        h2.headers(stream, wire.block((":status", "103")), h2.END_HEADERS) * _AT_ONCE, _MOST // _AT_ONCE),
    "pushes": _endless(lambda stream: h2.frame(h2.PUSH_PROMISE, h2.END_HEADERS, stream, b"\0\0\0\2" + h2.block(
        [(":method", "GET"), (":scheme", "https"), (":authority", "x.floods.test"), (":path", "/")]))),
    "empty DATA": _endless(h2.data, begun=True),
    "DATA of nothing but padding": _endless(lambda stream: h2.frame(h2.DATA, h2.PADDED, stream, b"\0"), begun=True),
    "resets of a closed stream": _closed_stream(h2.reset),
}


def _bomb(wire, stream):
    """One entry of the table, told again by one octet each time: 60 MiB in 15 KiB."""
    entry = b"\x40" + h2.text("x-bomb") + h2.text("b" * 4000)
    return [h2.headers(stream, wire.block((":status", "200")) + entry + b"\xbe" * 12_000)]


def _large(fields):
    def frames(wire, stream):
        block = wire.block((":status", "200")) + h2.block(fields)
        pieces = [block[start:start + 16384] for start in range(0, len(block), 16384)]
        return [h2.headers(stream, pieces[0], 0), *(h2.continuation(stream, piece, 0) for piece in pieces[1:]), h2.continuation(stream, b"")]
    return frames


HEADS = {
    "an HPACK bomb": _bomb,
    "a head of 100 KiB": _large([("x-large", "v" * 100_000)]),
    "4,000 fields": _large([("x", "y")] * 4000),
}


def _how_it_ended(wire):
    """"taken" where nothing came of it."""
    try:
        got = wire.wait(lambda one: one.kind == h2.GOAWAY and one.code != h2.NO_ERROR)
    except TimeoutError:
        return "taken"
    return h2.code_name(got.code) if got else wire.end


class _Origin:
    """The origin of each flood is the name with its number."""

    def __init__(self, lab):
        self.kinds = list({**FLOODS, **HEADS}.items())
        self.outcomes = queue.Queue()
        FrameOrigin(lab, ["*.floods.test"], self._script)

    def _script(self, wire, name):
        number = name.split(".")[0].removeprefix("f")
        wire.greet()
        while stream := wire.next_request():
            if not number.isdigit():
                wire.respond(stream)
                continue
            label, frames = self.kinds[int(number)]
            try:
                for piece in frames(wire, stream):
                    wire.tls.sendall(piece)
            except OSError:
                pass  # the other side has had enough
            if label in FLOODS:
                self.outcomes.put(_how_it_ended(wire))


@scenario("G03 G05", timeout=120)
def floods(lab):
    origin = _Origin(lab)
    daemon = lab.gateway()
    lab.expect("good origins are served", lab.get("good.floods.test").status == 200, "")
    idle = daemon.resident_kib()
    for number, (label, _) in enumerate(origin.kinds):
        answer = _ask(lab, f"f{number}.floods.test")
        complete = (200,) if label == "resets of a closed stream" else ()
        lab.expect("the client is answered, or sees the truncation", answer in (502, 504, "cut", *complete), f"{label}: {answer}")
        if label in FLOODS:
            outcome = origin.outcomes.get(timeout=lab.patience)
            lab.expect("a flood ends its connection", outcome != "taken", label)
    lab.expect("good origins are still served", lab.get("good.floods.test").status == 200, "")
    grown = daemon.resident_kib() - idle
    lab.expect("and none is kept", not lab.measures or grown < BULK_MEMORY_KIB, f"{grown} KiB")


def _ask(lab, name):
    try:
        return lab.get(name, timeout=30).status
    except http1.Truncated:
        return "cut"
    except (OSError, http1.Malformed) as error:
        return repr(error)
