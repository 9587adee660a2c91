"""Windows over a long path (B5): for a reader that keeps up they grow to what 1 Gbit/s takes over 40 ms, and for no other."""

import queue

from harness import delayed_relay, topology
from harness import http2_frames as h2
from harness.http2_client import open_frames
from harness.http2_windows import FIRST_WINDOW, Sender, WindowOrigin
from harness.scenario import Control, scenario

_ONE_WAY = 0.02
_ENOUGH = 5_000_000  # bytes: 40 ms at 1 Gbit/s
_GROWN = "a sender is allowed 5 MB on a path of 40 ms, once its reader has kept up"
_LARGE = ((h2.INITIAL_WINDOW_SIZE, h2.LARGEST_WINDOW),)
_LARGE_CONNECTION = h2.LARGEST_WINDOW - FIRST_WINDOW


def _enough(lab):
    """Where time is no measure, a window that has grown at all."""
    return _ENOUGH if lab.measures else 4 * FIRST_WINDOW


def _measure(end, stream, lab):
    """Sends on the stream; gives the most that was allowed. In the control the reader has stopped, which a few answers show."""
    settings = [dict(frame.settings()) for frame in end.frames if frame.is_one(h2.SETTINGS) and not frame.acknowledges]
    first = settings[0].get(h2.INITIAL_WINDOW_SIZE, FIRST_WINDOW)
    sender = Sender(end, stream, first, 2 * _ONE_WAY)
    end.rewind()
    return sender.run(_enough(lab), 5 if lab.in_control else 100)


@scenario("B5", control=Control(_GROWN))
def response_windows_grow(lab):
    """The origin is far away and sends a response without end; the client reads it, or in the control stops."""
    measured = queue.SimpleQueue()

    def respond(end):
        stream = end.wait(lambda frame: frame.kind == h2.HEADERS).stream
        end.send(h2.headers(stream, h2.block([(":status", "200")]), h2.END_HEADERS))
        measured.put(_measure(end, stream, lab))
        end.send(h2.data(stream, b"", h2.END_STREAM))
        end.wait_end()
    WindowOrigin(lab, "far.test", topology.ORIGIN, 8443, respond)
    delayed_relay.start(lab.origin_side, (topology.ORIGIN, 443), (topology.ORIGIN, 8443), _ONE_WAY)
    lab.gateway()
    with open_frames(lab, "far.test", patience=60) as frames:
        frames.begin(*(() if lab.in_control else _LARGE), window=0 if lab.in_control else _LARGE_CONNECTION)
        frames.ask(1, "/endless")
        while measured.empty() and not frames.ended:
            frames.arrived()
            frames.pause()
        largest = measured.get(timeout=10)
        lab.note(f"the origin was allowed {largest} bytes")
        lab.expect(_GROWN, largest >= _enough(lab), f"{largest} bytes")


@scenario("B5", control=Control(_GROWN))
def request_windows_grow(lab):
    """The client is far away and sends a request without end; the origin reads it, or in the control stops."""
    def swallow(end):
        end.wait(lambda frame: frame.kind == h2.HEADERS)
        while not end.ended:
            end.arrived()
            end.pause()
    WindowOrigin(lab, "far.test", topology.ORIGIN, 443, swallow, *(((), 0) if lab.in_control else (_LARGE, _LARGE_CONNECTION)))
    delayed_relay.start(lab.client_side, ("127.0.0.1", 443), (topology.ORIGIN, 443), _ONE_WAY)
    lab.gateway()
    with open_frames(lab, "far.test", "127.0.0.1", patience=60) as frames:
        frames.begin()
        frames.send(h2.headers(1, frames.request_block("/endless", method="POST"), h2.END_HEADERS))
        largest = _measure(frames, 1, lab)
        lab.note(f"the client was allowed {largest} bytes")
        lab.expect(_GROWN, largest >= _enough(lab), f"{largest} bytes")
