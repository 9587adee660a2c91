"""Every combination of HTTP versions, client's and origin's: the same messages arrive, byte by byte, and what breaks on one
side is broken on the other (TESTS F13, G08)."""

import hashlib
import os
import threading

from harness import topology, versatile
from harness.flow import Broken
from harness.nginx import Nginx
from harness.scenario import scenario
from harness.versatile import Client, VersatileOrigin
from harness.workload import BULK_MEMORY_KIB

LARGE = "v" * 7000
_HINTS = ("link", "</style.css>; rel=preload; as=style")
_UPLOAD = os.urandom(200_000)


def _get(flow):
    flow.respond(b"hello " + flow.path.encode(), fields=[("content-type", "text/plain"), ("x-one", "1"), ("x-one", "2")])


def _head(flow):
    flow.send_head(200, [("content-length", "12345"), ("etag", '"e"')], end=True)


def _no_content(flow):
    flow.send_head(204, [("x-empty", "yes")], end=True)


def _not_modified(flow):
    flow.send_head(304, [("etag", '"e"')], end=True)


def _echo(flow):
    body = flow.body()
    flow.respond(body, fields=[("x-length", flow.get("content-length", "none"))])


def _trailers(flow):
    body = flow.body()
    flow.send_head(200, [("trailer", "x-checksum, grpc-status")])
    flow.send(body)
    flow.end([("x-checksum", hashlib.sha256(body).hexdigest()), ("grpc-status", "0"), *flow.trailers])


def _early_hints(flow):
    flow.send_interim(103, [_HINTS])
    flow.send_interim(103, [("link", "</b.js>; rel=preload")])
    flow.respond(b"hinted")


def _wide(flow):
    names = [name for name, _ in flow.fields if name.startswith("x-large")]
    flow.respond(str(len(names)).encode(), fields=[(f"x-answer-{n}", LARGE) for n in range(4)])


def _cookies(flow):
    flow.respond("; ".join(flow.all("cookie")).encode(), fields=[("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2")])


def _unbounded(flow):
    """A body of no announced length."""
    flow.send_head(200, [("content-type", "text/plain")])
    for number in range(50):
        flow.send(b"part %d\n" % number)
    flow.end()


def _no_continue(flow):
    flow.send_head(417, [("content-length", "0")], end=True)


def _continue(flow):
    flow.send_interim(100)
    _echo(flow)


_MESSAGES = {"/get": _get, "/head": _head, "/204": _no_content, "/304": _not_modified, "/echo": _echo, "/trailers": _trailers,
             "/103": _early_hints, "/wide": _wide, "/cookies": _cookies, "/unbounded": _unbounded, "/417": _no_continue,
             "/continue": _continue}


@scenario("G08 F13", timeout=120)
def messages(lab):
    origin = VersatileOrigin(lab, _MESSAGES)
    lab.gateway()
    for cell, version, name in versatile.cells():
        with Client(lab, version, name) as client:
            _bodies(lab, cell, client, origin)
            _fields(lab, cell, client, origin)
            _interim(lab, cell, client, origin)
        origin.flows.clear()


def _bodies(lab, cell, client, origin):
    got = client.ask("GET", "/get?a=b&c=%20d")
    lab.expect("GET", got.status == 200 and got.body() == b"hello /get?a=b&c=%20d" and got.get("content-length") == "21",
               f"{cell}: {got}")
    lab.expect("fields keep their number and order", got.all("x-one") == ["1", "2"], f"{cell}: {got.fields}")
    got = client.ask("HEAD", "/head")
    lab.expect("HEAD", got.status == 200 and got.get("content-length") == "12345" and got.get("etag") == '"e"'
               and got.body() == b"", f"{cell}: {got}")
    got = client.ask("GET", "/204")
    lab.expect("204", got.status == 204 and got.body() == b"" and got.get("x-empty") == "yes", f"{cell}: {got}")
    lab.expect("204 has no framing field", got.get("content-length") is None and got.get("transfer-encoding") is None, got)
    got = client.ask("GET", "/304", [("if-none-match", '"e"')])
    lab.expect("304", got.status == 304 and got.body() == b"" and got.get("etag") == '"e"', f"{cell}: {got}")
    got = client.ask("POST", "/echo", body=_UPLOAD)
    lab.expect("POST is byte-exact", got.status == 200 and got.body() == _UPLOAD, f"{cell}: {got}")
    lab.expect("its length is kept", got.get("x-length") == str(len(_UPLOAD)), f"{cell}: {got}")
    got = client.ask("POST", "/echo", body=b"")
    lab.expect("an empty POST", got.status == 200 and got.body() == b"", f"{cell}: {got}")
    got = client.ask("GET", "/unbounded")
    lab.expect("a body of unknown length", got.body() == b"".join(b"part %d\n" % n for n in range(50)), f"{cell}: {got}")
    flow = client.request("POST", "/trailers", [("te", "trailers")], end=False)
    flow.send(b"some body")
    flow.end([("x-request-trailer", "yes")])
    got = flow.head()
    body, wanted = got.body(), hashlib.sha256(b"some body").hexdigest()
    lab.expect("trailers of the response", body == b"some body" and ("x-checksum", wanted) in got.trailers
               and ("grpc-status", "0") in got.trailers, f"{cell}: {got} {got.trailers}")
    lab.expect("trailers of the request", ("x-request-trailer", "yes") in got.trailers, f"{cell}: {got.trailers}")


def _fields(lab, cell, client, origin):
    name = client.name
    got = client.ask("GET", "/get?fields", [("user-agent", "lab/1"), ("accept", "*/*"), ("x-empty", ""), ("x-tab", "a\tb"),
                                            ("x-utf8", "gr\xc3\xbc\xc3\x9fe"), ("te", "trailers")])
    seen = origin.flow_of("/get?fields")
    lab.expect("fields arrive as they were", seen and seen.get("user-agent") == "lab/1" and seen.get("x-empty") == ""
               and seen.get("x-tab") == "a\tb" and seen.get("x-utf8") == "gr\xc3\xbc\xc3\x9fe", f"{cell}: {seen}")
    lab.expect("the host is the client's", seen.authority == name and seen.all("host") in ([], [name]), f"{cell}: {seen}")
    lab.expect("the scheme is https", seen.pseudo[":scheme"] == "https", f"{cell}: {seen}")
    lab.expect("the request carries an id", len(seen.all("x-request-id")) == 1, f"{cell}: {seen}")
    got.body()
    got = client.ask("GET", "/wide", [(f"x-large-{n}", LARGE) for n in range(4)])
    lab.expect("large fields", got.body() == b"4" and [got.get(f"x-answer-{n}") for n in range(4)] == [LARGE] * 4,
               f"{cell}: {str(got)[:300]}")
    got = client.ask("GET", "/cookies", [("cookie", "a=1"), ("cookie", "b=2; c=3")] if client.version == "h2"
                     else [("cookie", "a=1; b=2; c=3")])
    seen = origin.flow_of("/cookies")
    lab.expect("cookies stay whole", got.body() == b"a=1; b=2; c=3", f"{cell}: {seen}")
    lab.expect("HTTP/1.1 gets one line of cookies", seen.version == "h2" or len(seen.all("cookie")) == 1, f"{cell}: {seen}")
    lab.expect("Set-Cookie is never joined", got.all("set-cookie") == ["a=1; Path=/", "b=2"], f"{cell}: {got}")


def _interim(lab, cell, client, origin):
    got = client.ask("GET", "/103")
    body = got.body()
    hints = [(status, [pair for pair in fields if pair[0] == "link"]) for status, fields in got.interim]
    lab.expect("103 before the answer", body == b"hinted" and hints == [(103, [_HINTS]),
                                                                        (103, [("link", "</b.js>; rel=preload")])],
               f"{cell}: {got.interim}")
    length = ("content-length", str(len(_UPLOAD)))
    flow = client.request("POST", "/continue", [("expect", "100-continue"), length], end=False)
    interim = flow.wait_interim()
    lab.expect("100 before the body", [status for status, _ in interim] == [100], f"{cell}: {flow}")
    flow.send(_UPLOAD)
    flow.end()
    lab.expect("and the body after it", flow.head().status == 200 and flow.body() == _UPLOAD, f"{cell}: {flow}")
    flow = client.request("POST", "/417", [("expect", "100-continue"), length], end=False)
    got = flow.head()
    seen = origin.flow_of("/417")
    lab.expect("a refused expectation", got.status == 417 and not got.interim, f"{cell}: {got}")
    lab.expect("and no body for it", seen.received == 0, f"{cell}: {seen}")


BULK = 100 << 20


@scenario("G08 F13", timeout=180)
def a_hundred_mebibytes_both_ways_at_once(lab):
    """The origin sends back what it is still receiving; neither side can hold the whole of it."""
    def echo(flow):
        flow.send_head(200, [("content-length", str(BULK))])
        while part := flow.read():
            flow.send(part)
        flow.end()

    VersatileOrigin(lab, {"/echo": echo})
    lab.gateway()
    seed = os.urandom(1 << 17)
    for cell, version, name in versatile.cells():
        with Client(lab, version, name) as client:
            flow = client.request("POST", "/echo", [("content-length", str(BULK))], end=False)
            sent, problem = hashlib.sha256(), []

            def upload(flow=flow, sent=sent, problem=problem):
                try:
                    for number in range(BULK // len(seed)):
                        block = number.to_bytes(8, "big") + seed[8:]
                        sent.update(block)
                        flow.send(block)
                    flow.end()
                except (Broken, TimeoutError) as error:
                    problem.append(error)

            sending = threading.Thread(target=upload, daemon=True)
            sending.start()
            came, size, beside = hashlib.sha256(), 0, False
            try:
                while part := flow.read():
                    beside = beside or sending.is_alive()
                    came.update(part)
                    size += len(part)
            except (Broken, TimeoutError) as error:
                problem.append(error)
            sending.join(30)
            lab.expect("100 MiB come back byte by byte", not problem and size == BULK and came.digest() == sent.digest(),
                       f"{cell}: {size} {problem}")
            lab.expect("while they are still being sent", beside, cell)


CANCELLED = "what the client cancels is cancelled at the origin"
VISIBLE = "a truncated body is never a clean end"
_DYING = {"reset": lambda flow: flow.reset(), "cut": lambda flow: flow.peer.duplex.close(),
          "shut": lambda flow: flow.peer.duplex.shut(), "RST": lambda flow: flow.peer.duplex.reset()}


class _Breaking:
    """An origin's behaviours that wait for the test before they go on."""

    def __init__(self):
        self.proceed = threading.Event()

    def endless(self, flow):
        flow.send_head(200, [("content-type", "text/plain")])
        while not flow.broken:
            flow.send(b"x" * 10_000)

    def swallow(self, flow):
        flow.body()
        flow.respond(b"swallowed")

    def silent(self, flow):
        flow.wait_broken(60)

    def dying_in_the_body(self, flow):
        way, length = flow.path.split("?")[1].split("-")
        flow.send_head(200, [("content-length", "100000")] if length == "sized" else [])
        flow.send(b"x" * 5000)
        self.proceed.wait(30)
        _DYING[way](flow)

    def dying_before_the_head(self, flow):
        _DYING[flow.path.split("?")[1]](flow)


@scenario("G08 L01", timeout=120)
def cancellations_and_deaths(lab):
    breaking = _Breaking()
    origin = VersatileOrigin(lab, {"/endless": breaking.endless, "/swallow": breaking.swallow, "/silent": breaking.silent,
                                   "/body": breaking.dying_in_the_body, "/head": breaking.dying_before_the_head, "/get": _get})
    lab.gateway()
    for cell, version, name in versatile.cells():
        with Client(lab, version, name) as client:
            _cancelled_by_the_client(lab, cell, client, origin)
        for way in _DYING:
            if cell.endswith("h1") and way == "reset":
                continue  # the same as RST there
            for length in ("sized", "open"):
                with Client(lab, version, name) as client:
                    _dying_in_the_body(lab, f"{cell} {way} {length}", client, breaking, f"/body?{way}-{length}")
            with Client(lab, version, name) as client:
                got = client.ask("POST", f"/head?{way}", body=b"once")
                lab.expect("502 for an origin that dies before its answer", got.status == 502 and got.body(), f"{cell} {way}: {got}")
                lab.expect("a POST is sent once", origin.count(f"/head?{way}") == 1, f"{cell} {way}")
                lab.expect("and the connection serves on", client.ask("GET", "/get").body() == b"hello /get", f"{cell} {way}")
        origin.flows.clear()


def _cancelled_by_the_client(lab, cell, client, origin):
    flow = client.ask("GET", "/endless")
    flow.read()
    flow.reset()
    seen = origin.flow_of("/endless")
    lab.expect(CANCELLED, seen.wait_broken(10), f"{cell} in the response: {seen}")
    flow = client.request("POST", "/swallow", end=False)
    flow.send(b"x" * 50_000)
    seen = origin.flow_of("/swallow")
    seen.wait(lambda: seen.received >= 50_000 or seen.broken, "the upload's beginning")
    flow.reset()
    lab.expect(CANCELLED, seen.wait_broken(10) and not seen.ended, f"{cell} in the request: {seen}")
    flow = client.request("GET", "/silent")
    seen = origin.flow_of("/silent")
    flow.reset()
    lab.expect(CANCELLED, seen.wait_broken(10), f"{cell} before the response: {seen}")
    lab.expect("others are not", client.ask("GET", "/get").body() == b"hello /get", cell)


def _dying_in_the_body(lab, label, client, breaking, path):
    breaking.proceed.clear()
    got = client.ask("GET", path)
    first = got.read()
    breaking.proceed.set()
    try:
        rest = got.body(timeout=10)
        lab.expect(VISIBLE, False, f"{label}: it ended cleanly after {len(first) + len(rest)} bytes")
    except Broken as error:
        lab.expect(VISIBLE, got.status == 200 and len(first + error.partial) == 5000, f"{label}: {error.how} {got}")
    if client.version == "h2":
        lab.expect("only its stream ends", client.ask("GET", "/get").body() == b"hello /get", label)


@scenario("G08 G06", timeout=120)
def a_stalled_stream_among_a_hundred(lab):
    """Nobody reads the first one's 32 MiB; the others finish meanwhile, and then it does too."""
    large = 32 << 20

    def numbered(flow):
        number = flow.path.split("=")[1]
        block = number.encode().rjust(8, b".") * 8192
        flow.send_head(200)
        for _ in range(large // len(block) if number == "0" else 5):
            flow.send(block)
        flow.end()

    VersatileOrigin(lab, {"/numbered": numbered})
    lab.gateway()
    for cell, version, name in versatile.cells():
        with Client(lab, version, name) as client:
            stalled = client.ask("GET", "/numbered?n=0")
            others = [client.request("GET", f"/numbered?n={number}") for number in range(1, 100)]
            wrong = []
            for number, flow in enumerate(others, 1):
                try:
                    if flow.head().body() != str(number).encode().rjust(8, b".") * 8192 * 5:
                        wrong.append(f"{number}: {flow}")
                except (Broken, TimeoutError) as error:
                    wrong.append(f"{number}: {error}")
            lab.expect("99 finish beside one that stalls", not wrong, f"{cell}: {len(wrong)} {wrong[:3]}")
            lab.expect("which is still held back", not stalled.ended and stalled.received < large, f"{cell}: {stalled}")
            size = 0
            while part := stalled.read():
                size += len(part)
            lab.expect("and finishes when it is read", size == large, f"{cell}: {size}")


@scenario("G08", timeout=60)
def events_arrive_one_by_one(lab):
    """Each event is sent when the client has the one before it: what is held back anywhere is never asked for."""
    count, seen = 100, threading.Semaphore(0)

    def events(flow):
        flow.send_head(200, [("content-type", "text/event-stream")])
        for number in range(count):
            flow.send(b"data: %d\n\n" % number)
            if not seen.acquire(timeout=10):
                return
        flow.end()

    def conversation(flow):
        """The same in both directions: each answer follows its question."""
        flow.send_head(200)
        while part := flow.read():
            flow.send(b"answer to " + part)
        flow.end()

    VersatileOrigin(lab, {"/events": events, "/conversation": conversation})
    lab.gateway()
    for cell, version, name in versatile.cells():
        with Client(lab, version, name) as client:
            flow, wrong = client.ask("GET", "/events"), []
            for number in range(count):
                text = b"data: %d\n\n" % number
                got = b""
                while len(got) < len(text):
                    got += flow.read(10)
                wrong += [got] if got != text else []
                seen.release()
            lab.expect("events arrive one by one", not wrong and flow.read() == b"", f"{cell}: {wrong[:3]}")
            flow = client.request("POST", "/conversation", end=False)
            wrong = []
            for number in range(count):
                flow.send(b"question %d" % number)
                text, got = b"answer to question %d" % number, b""
                while len(got) < len(text):
                    got += flow.read(10)
                wrong += [got] if got != text else []
            flow.end()
            lab.expect("questions and answers alternate", not wrong and flow.read() == b"", f"{cell}: {wrong[:3]}")


DOWN, UP = 512 << 20, 256 << 20


@scenario("F13", timeout=300)
def bulk_in_constant_memory(lab):
    """What streams through is held nowhere; both sides HTTP/1.1 is measured with the other bulk (A3)."""
    servers = {"h1": Nginx(lab, ["h1.bulk.test"], [topology.ORIGIN]),
               "h2": Nginx(lab, ["h2.bulk.test"], [topology.SECOND_ORIGIN], http2=True)}
    files = {}
    for name, size in (("down", DOWN), ("up", UP)):
        files[name] = os.path.join(lab.large_folder(), name)
        with open(files[name], "wb") as file:
            file.truncate(size)
    daemon = lab.gateway()
    for option, label, address in (("--http2", "h1", topology.ORIGIN), ("--http1.1", "h2", topology.SECOND_ORIGIN),
                                   ("--http2", "h2", topology.SECOND_ORIGIN)):
        cell, name = f"curl {option} -> {label}", f"{label}.bulk.test"
        os.link(files["down"], os.path.join(servers[label].root, f"down{option}"))
        curl = ["--max-time", "100", option, "--resolve", f"{name}:443:{address}", "-o", "/dev/null"]
        lab.curl(*curl, f"https://{name}/small")
        idle = daemon.resident_kib()
        for direction, size, arguments in (
                ("down", DOWN, [f"https://{name}/down{option}", "-w", "%{http_version} %{http_code} %{size_download}"]),
                ("up", UP, ["-T", files["up"], f"https://{name}/upload/up{option}", "-w", "%{http_version} %{http_code} %{size_upload}"])):
            daemon.reset_peak()
            got = lab.curl(*curl, *arguments)
            grown = daemon.peak_resident_kib() - idle
            wanted = f"{option[6:]} {200 if direction == 'down' else 201} {size}"
            lab.expect("all of it passes", got.stdout == wanted, f"{cell} {direction}: {got.stdout}, wanted {wanted}: {got.stderr}")
            lab.expect("within 16 MiB of idle", not lab.measures or grown <= BULK_MEMORY_KIB, f"{cell} {direction}: {grown} KiB")
        uploaded = os.path.join(servers[label].root, "upload", f"up{option}")
        lab.expect("the upload arrives whole", os.path.exists(uploaded) and os.path.getsize(uploaded) == UP, cell)
