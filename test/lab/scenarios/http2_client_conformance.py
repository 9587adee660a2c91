"""The gateway as an HTTP/2 client, towards origins that break the protocol in one way each: the 57 cases of h2spec's list for
clients, and more of the same kind (TESTS G01)."""

import dataclasses
import threading

from harness import http1
from harness import http2_frames as h2
from harness.http2_origin import FrameOrigin
from harness.scenario import Control, scenario

OK = (":status", "200")
ANSWERED = "each origin's error is answered as RFC 9113 says"
PING = "PING"


def connection_error(*codes):
    return {f"GOAWAY {h2.code_name(code)}" for code in codes} | {"closed"}


def stream_error(*codes):
    """A connection error is always allowed in its place (RFC 9113 §5.4.2 leaves the choice to the receiver)."""
    return {f"RST_STREAM {h2.code_name(code)}" for code in codes} | connection_error(*codes)


@dataclasses.dataclass(frozen=True)
class Case:
    section: str
    label: str
    send: object  # (wire, stream) -> the frames
    wanted: set


CASES = []


def _case(section, label, wanted, *frames):
    """`frames` are bytes or `f(wire, stream)`; a PING follows where all should be well."""
    def send(wire, stream):
        return [one(wire, stream) if callable(one) else one for one in frames]
    CASES.append(Case(section, label, send, {wanted} if wanted == PING else wanted))


def _head(*fields, end=False, end_headers=True):
    flags = (h2.END_STREAM if end else 0) | (h2.END_HEADERS if end_headers else 0)
    return lambda wire, stream: h2.headers(stream, wire.block(OK, *fields), flags)


def _more(*, at=None, end_headers=True):
    return lambda wire, stream: h2.continuation(stream if at is None else at, wire.block(("x-dummy", "a" * 100)),
                                                h2.END_HEADERS if end_headers else 0)


def _data(payload=b"test", *, end=True):
    return lambda wire, stream: h2.data(stream, payload, h2.END_STREAM if end else 0)


def _on_stream(kind, flags, payload):
    return lambda wire, stream: h2.frame(kind, flags, stream, payload)


def _block_at(at, *, kind=h2.HEADERS, flags=h2.END_STREAM | h2.END_HEADERS):
    return lambda wire, stream: h2.frame(kind, flags, at, wire.block(OK))


_PROTOCOL = connection_error(h2.PROTOCOL_ERROR)
_SIZE = connection_error(h2.FRAME_SIZE_ERROR)
_EMPTY_PING = bytes(8)
# A stream that both sides have ended, or that was reset, is closed: RFC 9113 §5.1 lets its late frames be errors or nothing.
_CLOSED = stream_error(h2.STREAM_CLOSED, h2.PROTOCOL_ERROR) | {PING}

_case("3.4", "a good preface", PING)
_case("3.4", "a first frame other than SETTINGS", _PROTOCOL, "first")
_case("4.1", "an unknown type", PING, h2.frame(0x16, 0, 0, bytes(8)))
_case("4.1", "an undefined flag", PING, h2.frame(h2.PING, 0x16, 0, _EMPTY_PING))
_case("4.1", "the reserved bit", PING, h2.frame(h2.PING, 0x16, 0x80000000, _EMPTY_PING))
_case("4.2", "DATA of 2^14 octets", PING, _head(), _data(bytes(1 << 14)))
_case("4.2", "DATA beyond MAX_FRAME_SIZE", stream_error(h2.FRAME_SIZE_ERROR), _head(),
      lambda wire, stream: h2.data(stream, bytes(wire.setting(h2.MAX_FRAME_SIZE, 1 << 14) + 1), h2.END_STREAM))
_case("4.2", "HEADERS beyond MAX_FRAME_SIZE", _SIZE,
      lambda wire, stream: h2.headers(stream, wire.block(OK, ("x-long", "\0" * wire.setting(h2.MAX_FRAME_SIZE, 1 << 14)))))
_case("4.3", "a block that is cut short", connection_error(h2.COMPRESSION_ERROR), _on_stream(h2.HEADERS, 5, b"\x40"))
_case("4.3", "an index that is not there", connection_error(h2.COMPRESSION_ERROR), _on_stream(h2.HEADERS, 5, b"\xff\xff\x01"))
_case("4.3", "index 0", connection_error(h2.COMPRESSION_ERROR), _on_stream(h2.HEADERS, 5, b"\x80"))
_case("4.3", "Huffman padding that is none", connection_error(h2.COMPRESSION_ERROR),
      _on_stream(h2.HEADERS, 5, b"\x88\x00\x01x\x81\x00"))
_case("4.3", "a table beyond what was allowed", connection_error(h2.COMPRESSION_ERROR),
      _on_stream(h2.HEADERS, 5, b"\x3f\xe1\xff\x03\x88"))
_case("4.3", "a change of table size within a block", connection_error(h2.COMPRESSION_ERROR),
      _on_stream(h2.HEADERS, 5, b"\x88\x20"))
_case("5.1", "idle: DATA", _PROTOCOL, h2.data(2, b"test", h2.END_STREAM))
_case("5.1", "idle: RST_STREAM", _PROTOCOL, h2.reset(2, h2.CANCEL))
_case("5.1", "idle: WINDOW_UPDATE", _PROTOCOL, h2.window_update(2, 100))
_case("5.1", "idle: CONTINUATION", _PROTOCOL, _more(at=2))
_case("5.1", "reset: DATA", _CLOSED, _head(), lambda wire, stream: h2.reset(stream, h2.CANCEL), _data())
_case("5.1", "reset: HEADERS", _CLOSED, _head(), lambda wire, stream: h2.reset(stream, h2.CANCEL), _head(end=True))
_case("5.1", "reset: CONTINUATION", stream_error(h2.STREAM_CLOSED, h2.PROTOCOL_ERROR), _head(),
      lambda wire, stream: h2.reset(stream, h2.CANCEL), _more())
_case("5.1", "closed: DATA", _CLOSED, _head(end=True), _data())
_case("5.1", "closed: HEADERS", _CLOSED, _head(end=True), _head(end=True))
_case("5.1", "closed: CONTINUATION", connection_error(h2.STREAM_CLOSED, h2.PROTOCOL_ERROR), _head(end=True), _more())
_case("5.1.1", "a stream that nobody opened", _PROTOCOL, _block_at(101))
_case("5.1.1", "a stream of the origin's own", _PROTOCOL, _block_at(2))
_case("5.4.1", "the connection is closed behind an error", {"closed after GOAWAY"}, h2.frame(h2.PING, 0, 3, _EMPTY_PING))
_case("5.4.1", "GOAWAY says what the error was", {"GOAWAY PROTOCOL_ERROR"}, h2.frame(h2.PING, 0, 3, _EMPTY_PING))
_case("5.5", "an unknown extension frame", PING, h2.frame(0x16, 0, 0, bytes(8)))
_case("5.5", "an extension frame within a block of fields", _PROTOCOL, _head(end_headers=False), h2.frame(0x16, 0, 0, bytes(8)), _more())
_case("6.1", "DATA on stream 0", _PROTOCOL, h2.data(0, b"test", h2.END_STREAM))
_case("6.1", "DATA behind the end", _CLOSED, _head(end=True), _data())
_case("6.1", "DATA with too much padding", stream_error(h2.PROTOCOL_ERROR), _head(("content-length", "4")),
      _on_stream(h2.DATA, h2.END_STREAM | h2.PADDED, b"\x06Test"))
_case("6.2", "HEADERS, then PRIORITY within the block", _PROTOCOL, _head(end_headers=False),
      _on_stream(h2.PRIORITY, 0, b"\0\0\0\0\xff"), _more())
_case("6.2", "HEADERS, then HEADERS of another stream", _PROTOCOL, _head(end_headers=False), _block_at(3))
_case("6.2", "HEADERS on stream 0", _PROTOCOL, _block_at(0))
_case("6.2", "HEADERS with too much padding", stream_error(h2.PROTOCOL_ERROR),
      lambda wire, stream: h2.frame(h2.HEADERS, h2.END_HEADERS | h2.PADDED, stream, b"\x11" + wire.block(OK)))
_case("6.3", "PRIORITY on stream 0", _PROTOCOL, h2.frame(h2.PRIORITY, 0, 0, b"\0\0\0\0\xff"))
_case("6.3", "PRIORITY of 4 octets", stream_error(h2.FRAME_SIZE_ERROR), _head(end=True),
      _on_stream(h2.PRIORITY, 0, b"\x80\0\0\x01"))
_case("6.4", "RST_STREAM on stream 0", _PROTOCOL, h2.reset(0, h2.CANCEL))
_case("6.4", "RST_STREAM on an idle stream", _PROTOCOL, h2.reset(2, h2.CANCEL))
_case("6.4", "RST_STREAM of 3 octets", stream_error(h2.FRAME_SIZE_ERROR), _head(end=True), _on_stream(h2.RST_STREAM, 0, bytes(3)))
_case("6.5", "SETTINGS with ACK and a payload", _SIZE, h2.frame(h2.SETTINGS, h2.ACK, 0, b"\0"))
_case("6.5", "SETTINGS on a stream", _PROTOCOL, _on_stream(h2.SETTINGS, 0, b"\0\x03\0\0\0\x64"))
_case("6.5", "SETTINGS of 3 octets", connection_error(h2.PROTOCOL_ERROR, h2.FRAME_SIZE_ERROR), h2.frame(h2.SETTINGS, 0, 0, b"\0\x03\0"))
_case("6.5.2", "INITIAL_WINDOW_SIZE beyond 2^31-1", connection_error(h2.FLOW_CONTROL_ERROR), h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 31)))
_case("6.5.2", "MAX_FRAME_SIZE below 2^14", _PROTOCOL, h2.settings((h2.MAX_FRAME_SIZE, (1 << 14) - 1)))
_case("6.5.2", "MAX_FRAME_SIZE beyond 2^24-1", _PROTOCOL, h2.settings((h2.MAX_FRAME_SIZE, 1 << 24)))
_case("6.5.2", "an unknown setting", PING, h2.settings((0xff, 1)))
_case("6.5.2", "ENABLE_PUSH from a server", _PROTOCOL, h2.settings((h2.ENABLE_PUSH, 1)))
_case("6.5.3", "SETTINGS are acknowledged", {"SETTINGS acknowledged"}, h2.settings((h2.ENABLE_PUSH, 0)))
_case("6.6", "PUSH_PROMISE, which was refused", _PROTOCOL,
      lambda wire, stream: h2.frame(h2.PUSH_PROMISE, h2.END_HEADERS, stream, b"\0\0\0\x02" + wire.block(
          (":method", "GET"), (":scheme", "https"), (":authority", "a.cases.test"), (":path", "/pushed"))))
_case("6.7", "PING is answered with its payload", {"PING payload"}, h2.ping(b"h2 speci"))
_case("6.7", "PING with ACK is not answered", PING, h2.frame(h2.PING, h2.ACK, 0, b"invalid!"))
_case("6.7", "PING on a stream", _PROTOCOL, _on_stream(h2.PING, 0, _EMPTY_PING))
_case("6.7", "PING of 6 octets", _SIZE, h2.frame(h2.PING, 0, 0, bytes(6)))
_case("6.8", "GOAWAY on a stream", _PROTOCOL, h2.frame(h2.GOAWAY, 0, 1, bytes(8)))
_case("6.8", "GOAWAY of 7 octets", _SIZE, h2.frame(h2.GOAWAY, 0, 0, bytes(7)))
_case("6.9", "WINDOW_UPDATE of 0", _PROTOCOL, h2.window_update(0, 0))
_case("6.9", "WINDOW_UPDATE of 0 on a stream", stream_error(h2.PROTOCOL_ERROR), _head(),
      lambda wire, stream: h2.window_update(stream, 0))
_case("6.9", "WINDOW_UPDATE of 3 octets", _SIZE, h2.frame(h2.WINDOW_UPDATE, 0, 0, b"\0\0\x01"))
_case("6.9.1", "a window beyond 2^31-1", connection_error(h2.FLOW_CONTROL_ERROR),
      h2.window_update(0, (1 << 31) - 1), h2.window_update(0, (1 << 31) - 1))
_case("6.9.1", "a stream's window beyond 2^31-1", stream_error(h2.FLOW_CONTROL_ERROR), _head(),
      lambda wire, stream: h2.window_update(stream, (1 << 31) - 1), lambda wire, stream: h2.window_update(stream, (1 << 31) - 1))
_case("6.10", "two CONTINUATIONs", PING, _head(end=True, end_headers=False), _more(end_headers=False), _more())
_case("6.10", "CONTINUATION, then DATA within the block", _PROTOCOL, _head(end_headers=False), _more(end_headers=False), _data())
_case("6.10", "CONTINUATION on stream 0", _PROTOCOL, _head(end=True, end_headers=False), _more(at=0))
_case("6.10", "CONTINUATION behind a block that is complete", _PROTOCOL, _head(end=True), _more())
_case("6.10", "CONTINUATION behind a CONTINUATION that is the last", _PROTOCOL, _head(end=True, end_headers=False), _more(), _more())
_case("6.10", "CONTINUATION behind DATA", _PROTOCOL, _head(end_headers=False), _data(), _more(end_headers=False), _more(at=0))
_case("8.1", "DATA before HEADERS", stream_error(h2.PROTOCOL_ERROR), _data())
_case("8.1", "a second final head", stream_error(h2.PROTOCOL_ERROR), _head(), _head())


class _Outcomes(dict):
    """What came of each case, told by the origins' threads."""

    def __init__(self):
        super().__init__()
        self.changed = threading.Condition()

    def tell(self, number, outcome):
        with self.changed:
            self[number] = outcome
            self.changed.notify_all()

    def wait(self, number):
        with self.changed:
            self.changed.wait_for(lambda: number in self, 10)
            return self.get(number, "no connection")


def _serve(lab, outcomes):
    def script(wire, name):
        number = name.split(".")[0].removeprefix("c")
        if not number.isdigit():
            wire.greet()
            while stream := wire.next_request():
                wire.respond(stream)
            return
        case = CASES[int(number)]
        if wire.exactly(len(h2.PREFACE)) != h2.PREFACE:
            return
        frames = [] if lab.in_control else case.send(wire, 1)
        if "first" in frames:
            wire.send(h2.ping())
        else:
            wire.send(h2.settings())
            stream = wire.next_request()
            if lab.in_control:
                wire.respond(stream)
            wire.send(*frames)
            if PING in case.wanted or lab.in_control:
                wire.send(h2.ping())
        outcome = _outcome(case, wire)
        if PING in outcome or "acknowledged" in outcome:
            wire.respond(1)
        outcomes.tell(int(number), outcome)
        if outcome != "closed":
            while wire.receive():
                pass
    return script


def _outcome(case, wire):
    """What the gateway made of it, in the words of `wanted`."""
    if "SETTINGS acknowledged" in case.wanted:
        seen = [one for one in wire.frames if one.kind == h2.SETTINGS and one.flags & h2.ACK]
        while len(seen) < 2 and (got := wire.receive()):
            seen += [got] if got.kind == h2.SETTINGS and got.flags & h2.ACK else []
        return "SETTINGS acknowledged" if len(seen) == 2 else "no acknowledgement"
    verdict = wire.verdict(1)
    if "PING payload" in case.wanted and verdict == PING:
        return "PING payload" if wire.frames[-1].payload == b"h2 speci" else f"PING {wire.frames[-1].payload}"
    if verdict == PING and "with ACK" in case.label and wire.frames[-1].payload != b"sallyprt":
        return "an answer to an answer"
    if "closed after GOAWAY" in case.wanted and verdict.startswith("GOAWAY"):
        while wire.receive():
            pass
        return "closed after GOAWAY"
    return verdict


@scenario("G01!", control=Control(ANSWERED), timeout=120)
def every_case(lab):
    """In the control the origins are good ones, and no error may be said of them."""
    outcomes = _Outcomes()
    FrameOrigin(lab, ["*.cases.test"], _serve(lab, outcomes), timeout=5)
    lab.gateway({"upstream.idle_timeout_seconds": "5"})
    for number, case in enumerate(CASES):
        label = f"{case.section} {case.label}"
        if lab.in_control and case.wanted & {PING, "SETTINGS acknowledged", "PING payload"}:
            continue
        name = f"c{number}.cases.test"
        try:
            answer = lab.get(name, timeout=10)
            status = answer.status
        except http1.Truncated:
            status = "a body that is visibly cut"
        except (OSError, http1.Malformed) as error:
            status = f"no answer: {error!r}"
        outcome = outcomes.wait(number)
        lab.expect(ANSWERED, outcome in case.wanted, f"{label}: {outcome}, wanted {case.wanted}")
        lab.expect("the client is answered, or sees the truncation", status in (200, 502, "a body that is visibly cut"),
                   f"{label}: {status}")
    lab.expect("the gateway still serves", lab.get("good.cases.test").status == 200, "")
