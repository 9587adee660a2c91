"""The gateway towards HTTP/2 origins: what it shares, what it repeats and what it never does twice (TESTS G08)."""

import threading

from harness import http2_frames as h2
from harness import topology, versatile
from harness.flow import Broken
from harness.http2_origin import FrameOrigin
from harness.http2_peer import Codes, Setting
from harness.scenario import scenario
from harness.versatile import Client, VersatileOrigin

NAME = "h2.matrix.test"
# Each worker has connections of its own: what counts them wants one.
ONE_WORKER = {"gateway.workers": "1"}


def _named(flow):
    """Answers with the path."""
    flow.body()
    flow.respond(flow.path.encode())


def _answer(flow, timeout=30):
    """Status and body, or how it ended."""
    try:
        return flow.head(timeout).status, flow.body(timeout)
    except Broken as error:
        return error.how, error.partial


def _together(client, requests):
    """Sends (method, path, body) beside each other; gives their flows. Of a body that is not empty no length is said: where its end
    comes, everybody on the way knows it."""
    flows = []
    for method, path, body in requests:
        fields = [("content-length", "0")] if body == b"" else []
        flow = client.request(method, path, fields, end=body is None)
        if body is not None:
            flow.send(body) if body else None
            flow.end()
        flows.append(flow)
    return flows


@scenario("G08")
def requests_share_a_connection(lab):
    """A client's requests go over one; those of another client never join them."""
    lab.gateway(ONE_WORKER)
    for version in versatile.VERSIONS:
        origin = VersatileOrigin(lab, {}, _named, addresses=[_address_for(version)])
        with Client(lab, version, NAME, _address_for(version)) as client:
            client.ask("GET", "/warm").body()
            flows = _together(client, [("GET", f"/{number}", None) for number in range(20)])
            answers = [_answer(flow) for flow in flows]
            lab.expect("each gets its own answer", answers == [(200, b"/%d" % n) for n in range(20)], f"{version}: {answers}")
            lab.expect("over one connection", len(origin.peers) == 1, f"{version}: {len(origin.peers)}")
        with lab.open(NAME, _address_for(version), source=topology.SECOND_CLIENT) as made:
            made.request("/second", NAME)
        lab.expect("and no other client's", len(origin.peers) == 2, f"{version}: {len(origin.peers)}")


@scenario("G08")
def a_first_crowd_dials_once(lab):
    """A hundred at once to an origin that nobody knows yet: it speaks HTTP/2, so one connection will do."""
    origin = VersatileOrigin(lab, {}, _named)
    lab.gateway()
    with Client(lab, "h2", NAME) as client:
        flows = _together(client, [("GET", f"/{number}", None) for number in range(100)])
        answers = [_answer(flow) for flow in flows]
        lab.expect("each gets its own answer", answers == [(200, b"/%d" % n) for n in range(100)], answers[:3])
        lab.expect("few connections were made", len(origin.peers) <= 2, len(origin.peers))


@scenario("G08")
def goaway_repeats_only_the_unprocessed(lab):
    """The origin takes the first of four and is then going away."""
    first, gate = [], threading.Condition()

    def behave(flow):
        if flow.path == "/warm" or flow.peer is not origin.peers[0]:
            _named(flow)
            return
        flow.body()
        with gate:
            first.append(flow)
            gate.notify_all()

    for version in versatile.VERSIONS:
        first.clear()
        origin = VersatileOrigin(lab, {}, behave, addresses=[_address_for(version)])
        if version == versatile.VERSIONS[0]:
            lab.gateway(ONE_WORKER)
        with Client(lab, version, NAME, address=_address_for(version)) as client:
            client.ask("GET", "/warm").body()
            flows = []
            for number, request in enumerate((("POST", "/processed", b"money"), ("GET", "/get", None), ("POST", "/post", b""),
                                              ("POST", "/body", b"more money"))):
                flows += _together(client, [request])
                with gate:
                    gate.wait_for(lambda: len(first) > number, 10)  # pylint: disable=cell-var-from-loop
            lab.require("all four are on the first connection", len(first) == 4, f"{version}: {len(first)}")
            origin.peers[0].goaway(last=first[0].number)
            first[0].respond(b"taken")
            answers = [_answer(flow) for flow in flows]
        lab.expect("what was processed is answered", answers[0] == (200, b"taken"), f"{version}: {answers[0]}")
        lab.expect("and never sent twice", origin.count("/processed") == 1, f"{version}: {origin.count('/processed')}")
        lab.expect("the unprocessed are repeated", answers[1:] == [(200, b"/get"), (200, b"/post"), (200, b"/body")],
                   f"{version}: {answers}")
        counts = {path: origin.count(path) for path in ("/get", "/post", "/body")}
        lab.expect("once", max(counts.values()) <= 2, f"{version}: {counts}")


def _address_for(version):
    return topology.ORIGIN if version == "h2" else topology.SECOND_ORIGIN


@scenario("G08")
def a_graceful_goaway_disturbs_nobody(lab):
    """Announced first, with everything under way to be finished; and on an idle connection."""
    origin, held, proceed = None, [], threading.Event()

    def behave(flow):
        if flow.path == "/held":
            held.append(flow)
            flow.send_head(200)
            flow.send(b"first ")
            proceed.wait(20)
            flow.send(b"second")
            flow.end()
        else:
            _named(flow)

    origin = VersatileOrigin(lab, {}, behave)
    lab.gateway()
    with Client(lab, "h2", NAME) as client:
        flow = client.ask("GET", "/held")
        flow.read()
        held[0].peer.goaway(last=(1 << 31) - 1)
        held[0].peer.ping()
        fresh = _answer(client.request("GET", "/fresh"))
        lab.expect("a new request is answered", fresh == (200, b"/fresh"), fresh)
        lab.expect("on another connection", origin.flow_of("/fresh").peer is not held[0].peer, "")
        proceed.set()
        lab.expect("what was under way is finished", _answer(flow) == (200, b"second"), flow)
        peer = origin.flow_of("/fresh").peer
        peer.goaway()
        peer.close()
        again = [_answer(client.request(method, f"/{method}")) for method in ("GET", "POST")]
        lab.expect("an idle connection's end is nobody's error", again == [(200, b"/GET"), (200, b"/POST")], again)


@scenario("G08")
def refused_streams_are_repeated(lab):
    """REFUSED_STREAM says that nothing was processed (RFC 9113 section 8.7); other codes do not."""
    seen = {}

    def behave(flow):
        if flow.path == "/warm":
            _named(flow)
            return
        kind, code = flow.path[1:].split("-")[:2]
        with gate:
            seen[flow.path] = seen.get(flow.path, 0) + 1
            again = seen[flow.path] > 1
        if kind == "once" and again:
            _named(flow)
        else:
            if "large" in flow.path:
                flow.wait(lambda: flow.received == 50_000, "what is sent")
            else:
                flow.body()
            flow.reset(int(code)) if flow.version == "h2" else flow.reset()

    gate = threading.Lock()
    VersatileOrigin(lab, {}, behave)
    lab.gateway()
    refused = int(Codes.REFUSED_STREAM)
    for version in versatile.VERSIONS:
        with Client(lab, version, NAME) as client:
            client.ask("GET", "/warm").body()
            for method, body in (("GET", None), ("POST", b""), ("PUT", b"money" * 1000), ("DELETE", None)):
                path = f"/once-{refused}-{method}-{version[-1]}"
                answer = _answer(_together(client, [(method, path, body)])[0])
                lab.expect("a refused stream is repeated", answer == (200, path.encode()) and seen[path] == 2,
                           f"{version} {method}: {answer} {seen}")
            path = f"/once-{refused}-large-{version[-1]}"
            flow = client.request("POST", path, end=False)
            flow.send(b"money" * 10_000)
            answer = _answer(flow)
            told = answer[0] == 502 if version != "h2" else str(answer[0]).endswith("REFUSED_STREAM") or str(answer[0]) == f"reset {refused}"
            lab.expect("of what cannot be repeated the client is told", told and seen[path] == 1, f"{version}: {answer} {seen[path]}")
            path = f"/always-{refused}-{version[-1]}"
            answer = _answer(client.request("GET", path))
            lab.expect("but not for ever", answer[0] in (502, 503) and seen[path] <= 3, f"{version}: {answer} {seen[path]}")
            for code in (Codes.CANCEL, Codes.INTERNAL_ERROR, Codes.ENHANCE_YOUR_CALM, Codes.PROTOCOL_ERROR, Codes.NO_ERROR):
                path = f"/once-{int(code)}-{version[-1]}"
                answer = _answer(_together(client, [("POST", path, b"money")])[0])
                lab.expect("other resets are not repeated", answer[0] == 502 and seen[path] == 1, f"{version} {code}: {answer} {seen}")


@scenario("G08")
def concurrency_is_the_origins(lab):
    """MAX_CONCURRENT_STREAMS of 1, of 0 until later, and of 0 for good."""
    one = VersatileOrigin(lab, {}, _named, settings={Setting.MAX_CONCURRENT_STREAMS: 1})
    late = FrameOrigin(lab, ["late.test"], _opens_late, addresses=[topology.SECOND_ORIGIN])
    never = FrameOrigin(lab, ["never.test"], _never_opens, addresses=["203.0.113.12"])
    lab.gateway()
    with Client(lab, "h2", NAME) as client:
        client.ask("GET", "/warm").body()
        answers = [_answer(flow) for flow in _together(client, [("GET", f"/{n}", None) for n in range(10)])]
        lab.expect("one at a time, all are answered", answers == [(200, b"/%d" % n) for n in range(10)], answers)
        lab.expect("no connection has more than it allows", not [peer.end for peer in one.peers if "malformed" in (peer.end or "")],
                   [peer.end for peer in one.peers])
    with Client(lab, "h2", "late.test", topology.SECOND_ORIGIN) as client:
        answer = _answer(client.request("GET", "/late"))
        lab.expect("who was refused asks when it may", answer == (200, b"ok"), f"{answer} {late.wires}")
        asked = [len(wire.requests) for _, wire in late.wires if wire.requests]
        lab.expect("over the same connection", asked == [2], asked)
    with Client(lab, "h2", "never.test", "203.0.113.12") as client:
        answer = _answer(client.request("GET", "/never"))
        asked = sum(len(wire.requests) for _, wire in never.wires)
        lab.expect("but not for ever", answer[0] in (502, 503, 504) and asked <= 3, f"{answer} {asked}")


def _opens_late(wire, _name):
    wire.greet((h2.MAX_CONCURRENT_STREAMS, 0))
    if stream := wire.next_request():
        wire.send(h2.settings((h2.MAX_CONCURRENT_STREAMS, 100)), h2.reset(stream, h2.REFUSED_STREAM))
    while stream := wire.next_request():
        wire.respond(stream)


def _never_opens(wire, _name):
    wire.greet((h2.MAX_CONCURRENT_STREAMS, 0))
    while stream := wire.next_request():
        wire.send(h2.reset(stream, h2.REFUSED_STREAM))


_CHANGES_BODY = bytes(range(256)) * 4096


class _Changes:
    """An origin that changes its SETTINGS while it gets an upload, and counts what comes meanwhile."""

    def __init__(self):
        self.seen = {}

    def script(self, wire, name):
        seen = self.seen[name] = {}
        wire.greet()
        stream = wire.next_request()
        wire.send(h2.window_update(0, 1 << 24))
        self._receive(wire, lambda: self._size(wire) == 65535)
        seen["largest frame at first"] = max(len(one.payload) for one in wire.frames if one.kind == h2.DATA)
        # The stream's window is 65,535 below zero by this, and zero again by the update.
        wire.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 0)), h2.window_update(stream, 65535))
        self._settle(wire)
        seen["with a window of 0"] = self._size(wire) - 65535
        wire.send(h2.settings((h2.HEADER_TABLE_SIZE, 0), (h2.MAX_FRAME_SIZE, 1 << 17)), h2.window_update(stream, 1))
        self._receive(wire, lambda: self._size(wire) > 65535)
        self._settle(wire)
        seen["with a window of 1"] = self._size(wire) - 65535
        wire.send(h2.settings((h2.INITIAL_WINDOW_SIZE, 1 << 20)))
        self._receive(wire, lambda: wire.frames[-1].ends_stream)
        seen["body"] = b"".join(one.content for one in wire.frames if one.kind == h2.DATA)
        wire.respond(stream)
        for number in range(6):
            stream = wire.next_request()
            if stream is None:
                return
            seen[f"table {number}"] = wire.decoder.header_table_size
            seen[f"fields {number}"] = dict(wire.requests[stream]).get("x-custom")
            if number == 2:
                wire.send(h2.settings((h2.HEADER_TABLE_SIZE, 4096)))
                self._settle(wire)
            wire.respond(stream)
        while wire.receive():
            pass

    @staticmethod
    def _size(wire):
        return sum(len(one.payload) for one in wire.frames if one.kind == h2.DATA)

    @staticmethod
    def _receive(wire, enough):
        while not enough() and wire.receive():
            pass

    def _settle(self, wire):
        """A round trip: what was sent holds now."""
        wire.send(h2.ping())
        wire.wait(lambda one: one.kind == h2.PING and one.flags & h2.ACK)


@scenario("G08")
def settings_change_midway(lab):
    """The windows close and open again, the table of fields goes and comes back, frames may grow: nothing is lost."""
    changes = _Changes()
    FrameOrigin(lab, ["*.changes.test"], changes.script)
    lab.gateway(ONE_WORKER)
    for version in versatile.VERSIONS:
        name = f"{version[-1]}.changes.test"
        with Client(lab, version, name) as client:
            custom = ("x-custom", "a" * 100)
            flow = client.request("POST", "/upload", [("content-length", str(len(_CHANGES_BODY))), custom], end=False)
            flow.send(_CHANGES_BODY)
            flow.end()
            answer = _answer(flow)
            seen = changes.seen[name]
            shown = {key: value for key, value in seen.items() if key != "body"}
            lab.expect("a window of 0 lets nothing through, one of 1 a byte",
                       (seen.get("with a window of 0"), seen.get("with a window of 1")) == (0, 1), f"{version}: {shown}")
            lab.expect("no frame is larger than allowed", seen.get("largest frame at first", 1 << 20) <= 1 << 14, f"{version}: {shown}")
            lab.expect("the upload is whole", answer == (200, b"ok") and seen.get("body") == _CHANGES_BODY, f"{version}: {answer} {flow}")
            small = [_answer(client.request("GET", "/small", [custom, ("x-number", str(n))])) for n in range(6)]
            lab.expect("later requests are answered", small == [(200, b"ok")] * 6, f"{version}: {small}")
            lab.expect("their fields are understood", all(seen.get(f"fields {n}") == custom[1] for n in range(6)), f"{version}: {shown}")
            lab.expect("the table of fields is as large as allowed", [seen.get(f"table {n}") for n in range(6)] == [0] * 3 + [4096] * 3,
                       f"{version}: {shown}")


@scenario("G08")
def what_goes_to_an_origin(lab):
    """Frame by frame: no push is wanted, each pseudo-field is there once and first, and a request is what it was."""
    origin = FrameOrigin(lab, ["*.frames.test"], _plain)
    lab.gateway()
    requests = {
        "plain": "GET /a%2Fb?x=1&y=/../ HTTP/1.1\r\nHost: plain.frames.test\r\nAccept: */*\r\n\r\n",
        "whole": "GET https://whole.frames.test/x?y HTTP/1.1\r\nHost: whole.frames.test\r\n\r\n",
        "star": "OPTIONS * HTTP/1.1\r\nHost: star.frames.test\r\n\r\n",
        "other": "PROPFIND /dav HTTP/1.1\r\nHost: other.frames.test:443\r\nDepth: 1\r\n\r\n",
        "body": "PUT /put HTTP/1.1\r\nHost: body.frames.test\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
        "chunked": "PUT /put HTTP/1.1\r\nHost: chunked.frames.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    }
    for label, request in requests.items():
        with lab.open(f"{label}.frames.test") as connection:
            connection.send(request)
            lab.require("it is answered", connection.response(request.split(" ")[0]).status == 200, label)
    seen = {name.split(".")[0]: wire for name, wire in origin.wires}
    heads = {label: wire.requests[1] for label, wire in seen.items()}
    for label, head in heads.items():
        names = [name for name, _ in head]
        lab.expect("four pseudo-fields, first", sorted(names[:4]) == [":authority", ":method", ":path", ":scheme"]
                   and not [name for name in names[4:] if name.startswith(":")], f"{label}: {head}")
        lab.expect("no field of HTTP/1.1's", not {"host", "connection", "transfer-encoding"} & set(names), f"{label}: {head}")
        lab.expect("push is refused in the first SETTINGS", dict(seen[label].frames[0].settings()).get(h2.ENABLE_PUSH) == 0,
                   f"{label}: {seen[label].frames[0].settings()}")
    wanted = {"plain": ("GET", "/a%2Fb?x=1&y=/../"), "whole": ("GET", "/x?y"), "star": ("OPTIONS", "*"), "other": ("PROPFIND", "/dav"),
              "body": ("PUT", "/put"), "chunked": ("PUT", "/put")}
    got = {label: (dict(head)[":method"], dict(head)[":path"]) for label, head in heads.items()}
    lab.expect("method and path are the client's", got == wanted, got)
    lab.expect("a length is kept", dict(heads["body"]).get("content-length") == "5" and "content-length" not in dict(heads["chunked"]),
               heads)
    bodies = {label: b"".join(one.content for one in seen[label].frames if one.kind == h2.DATA) for label in seen}
    lab.expect("and the body", bodies["body"] == bodies["chunked"] == b"hello" and not bodies["plain"], bodies)


def _plain(wire, _name):
    """Waits for each request's end, answers it."""
    wire.greet()
    while (got := wire.wait(lambda one: one.ends_stream)) is not None:
        wire.respond(got.stream)


@scenario("G08")
def connect_is_not_carried_on(lab):
    """A tunnel through an origin's connection: CONNECT is refused, extended CONNECT goes only where it was announced."""
    origin = VersatileOrigin(lab, {}, _named)
    lab.gateway()
    for label in versatile.LABELS:
        name = f"{label}.matrix.test"
        with Client(lab, "h2", name) as client:
            client.ask("GET", "/warm").body()
            plain = _answer(client.peer.request_raw([(":method", "CONNECT"), (":authority", name)], end=False), 15)
            lab.expect("CONNECT is refused", plain[0] == 403 or str(plain[0]).startswith("reset"), f"{label}: {plain}")
            extended = client.peer.request_raw([(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"),
                                                (":authority", name), (":path", "/socket"), ("sec-websocket-version", "13")], end=False)
            try:
                answer = extended.head(15).status
            except Broken as error:
                answer = error.how
            lab.expect("extended CONNECT is answered", answer not in (0, None), f"{label}: {answer}")
            lab.expect("the connection serves on", client.ask("GET", "/again").body() == b"/again", label)
    asked = [flow for flow in origin.flows if flow.method == "CONNECT"]
    lab.expect("no origin sees a CONNECT that it did not invite", not asked, [str(flow) for flow in asked])
