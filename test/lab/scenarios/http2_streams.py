"""Streams of one HTTP/2 connection: each is judged by itself (G09), and a client that does not read holds
next to nothing of ours (G06)."""

import contextlib
import os
import time

from cryptography import x509

from harness import http2_careless, topology
from harness import http2_frames as h2
from harness.http2_client import open_frames
from harness.nginx import Nginx
from harness.scenario import Control, scenario

REFUSED = "another name on the same connection is refused with 403"


@scenario("G09", control=Control(REFUSED, passthrough=True))
def each_stream_is_judged(lab):
    """What browsers do with certificates of many names (RFC 9113 section 9.1.1) is nothing that ours offer; a client that does it
    all the same is judged request by request."""
    names = ["shop.test", "other.test", "blocked.test"]
    if lab.in_control:
        context = http2_careless.careless_context(lab, names)
        origin = lab.origin(contexts=lambda *_: context, serve=http2_careless.serve_carelessly)
    else:
        origin = lab.origin()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    with open_frames(lab, "shop.test") as frames:
        frames.begin()
        asked = [(1, "shop.test"), (3, "other.test"), (5, "blocked.test"), (7, "shop.test"), (9, "shop.test.other.test")]
        for stream, name in asked:
            frames.ask(stream, f"/{stream}", authority=name)
        answers = {stream: frames.answer(stream) for stream, _ in asked}
        for stream in (3, 5, 9):
            lab.expect(REFUSED, answers[stream][0] == 403, f"stream {stream}: {answers[stream]}")
        if lab.in_control:
            return
        leaf = x509.load_der_x509_certificate(frames.tls.getpeercert(binary_form=True))
    lab.expect("the connection's own name is served, before and behind", answers[1][0] == answers[7][0] == 200, answers)
    lab.expect("nothing of the refused reaches an origin", {one.target for one in origin.requests()} == {"/1", "/7"},
               [one.start for one in origin.requests()])
    shown = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    lab.expect("the leaf names one name alone", shown == ["shop.test"], shown)
    logged = {one["path"]: one["status"] for one in lab.exchanges(daemon, 5)}
    lab.expect("each is logged by itself", logged == {f"/{stream}": 200 if stream in (1, 7) else 403 for stream, _ in asked}, logged)


STALLED, _FILE = 100, 4 << 20
_MOST_KIB = 1024


def _stall(lab, how):
    """A connection with a hundred large responses under way, of which nothing more is taken."""
    window = {"no window": 0, "a small window": 4096, "no reading": h2.LARGEST_WINDOW}[how]
    frames = open_frames(lab, "bulk.test", receive_buffer=4096 if how == "no reading" else None, patience=30)
    frames.begin((h2.INITIAL_WINDOW_SIZE, window), window=h2.LARGEST_WINDOW - 65535)
    frames.send(b"".join(h2.headers(stream, frames.request_block("/bulk")) for stream in range(1, 2 * STALLED, 2)))
    if how != "no reading":
        # Ten bodies fill the window of an origin's connection; behind them nginx may keep the other heads to itself.
        answered = set()

        def answers_enough(frame):
            answered.update({frame.stream} if frame.kind == h2.HEADERS else ())
            return len(answered) == 10
        frames.wait(answers_enough)
    return frames


@scenario("G06", alone=True, timeout=150)
def stalled_streams(lab):
    """A hundred streams of large responses that nobody reads, many times: by windows that are closed, nearly closed, or by a
    socket that is not read."""
    nginx = Nginx(lab, ["bulk.test"], [topology.ORIGIN], http2=True)
    with open(f"{nginx.root}/bulk", "wb") as file:
        file.write(os.urandom(_FILE))
    count, daemon = 8, None
    for how in ("no window", "a small window", "no reading"):
        if daemon:
            daemon.stop()
        # What one way has left behind would make the next look smaller.
        daemon = lab.gateway()
        daemon.until_idle()
        _stall(lab, how).close()
        daemon.until_idle()
        before = daemon.resident_kib()
        with contextlib.ExitStack() as held:
            for _ in range(count):
                held.enter_context(_stall(lab, how))
            daemon.until_idle()
            each = (daemon.resident_kib() - before) / count
            lab.note(f"{how}: {each:.0f} KiB for each connection with {STALLED} stalled streams")
            if lab.measures:
                lab.expect(f"a hundred stalled streams hold at most {_MOST_KIB} KiB", each <= _MOST_KIB, f"{how}: {each:.0f} KiB")
            served = lab.get("bulk.test", "/small", source=topology.SECOND_CLIENT).status == 200
            lab.expect("others are served meanwhile", served, how)
        spent = daemon.until_idle()
        lab.expect("the CPU is idle once they are gone", spent < 1, f"{how}: {spent:.2f} s")


_READ = 4 * _FILE


@scenario("G06", timeout=60)
def streams_that_stall_leave_others_room(lab):
    """Three streams of one connection are read side by side until their windows have grown, and then no further: a fourth, which
    shares the origin's connection with them, comes to its end all the same."""
    nginx = Nginx(lab, ["bulk.test"], [topology.ORIGIN], http2=True)
    with open(f"{nginx.root}/bulk", "wb") as file:
        file.truncate(2 * _READ)
    lab.gateway({"upstream.idle_timeout_seconds": "60"})
    with open_frames(lab, "bulk.test", patience=30) as frames:
        frames.begin((h2.INITIAL_WINDOW_SIZE, 4096), window=h2.LARGEST_WINDOW - 65535)
        # All at once, so that they are of one connection to the origin.
        frames.send(*(h2.headers(stream, frames.request_block("/bulk")) for stream in (1, 3, 5, 7)))
        frames.send(*(h2.window_update(stream, _READ - 4096) for stream in (1, 3, 5)))
        left = dict.fromkeys((1, 3, 5), _READ)

        def all_stalled(frame):
            if frame.kind == h2.DATA and frame.stream in left:
                left[frame.stream] -= len(frame.payload)
            return not any(left.values())
        frames.wait(all_stalled)
        frames.send(h2.window_update(7, 2 * _READ))
        try:
            status, body = frames.answer(7)
        except TimeoutError:
            status, body = 0, b""
        lab.expect("a stream beside stalled ones comes to its end", (status, len(body)) == (200, 2 * _READ),
                   f"{status}, {len(body)} bytes: {frames.story()[-300:]}")


ENDED = "a stalled stream is ended by its deadline"


@scenario("G06", control=Control(ENDED, settings={"upstream.idle_timeout_seconds": "60"}))
def stalled_stream_deadline(lab):
    """A window that never opens, while the client answers and keeps the connection busy otherwise."""
    lab.origin(behaviours={"/bulk": lambda connection, _: connection.respond(bytes(_FILE))})
    lab.gateway({"upstream.idle_timeout_seconds": "2"})
    with open_frames(lab, "bulk.test", patience=5) as frames:
        frames.begin((h2.INITIAL_WINDOW_SIZE, 1000))
        frames.ask(1, "/bulk")
        frames.wait(lambda frame: frame.is_one(h2.DATA, 1))
        patience, ended = time.monotonic() + (4 if lab.in_control else 30), None
        while time.monotonic() < patience and not ended and not frames.ended:
            frames.send(h2.ping())
            frames.wait(lambda frame: frame.is_one(h2.PING))
            ended = next((frame for frame in frames.frames if frame.kind in (h2.RST_STREAM, h2.GOAWAY)), None)
            time.sleep(0.05)
        lab.expect(ENDED, ended or frames.ended, frames.story())
