"""Origins that answer wrongly, late, twice or not at all (TESTS F11, L01)."""

import socket
import threading
import time

from harness import http1, topology
from harness.scenario import Control, scenario

HOST = "hostile.test"
AFTERWARDS = "the next answer is the right one"

# label -> (the origin's bytes, method, what the client may get, whether the origin ends the connection behind them).
# What the client may get: "refuse" 502; "cut" 502 or a body that is visibly truncated; a body: exactly that, or 502.
_OK = b"HTTP/1.1 200 OK\r\n"
_SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsmuggled!"
_RESPONSES = {
    "length and coding": (_OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "GET", "refuse", False),
    "two lengths": (_OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "GET", "refuse", False),
    "a length that is none": (_OK + b"Content-Length: +5\r\n\r\nhello", "GET", "refuse", False),
    "a negative length": (_OK + b"Content-Length: -1\r\n\r\n", "GET", "refuse", True),
    "the same length twice": (_OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "GET", b"hello", False),
    "an unknown coding": (_OK + b"Transfer-Encoding: gzip\r\n\r\nhello", "GET", "refuse", True),
    "coding twice": (_OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "GET", "refuse", False),
    "coding in HTTP/1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "GET", "refuse", True),
    "a folded field": (_OK + b"X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", "GET", b"hello", False),
    "a space before the colon": (_OK + b"Content-Length : 5\r\n\r\nhello", "GET", "refuse", True),
    "a NUL in a field": (_OK + b"X: a\0b\r\nContent-Length: 5\r\n\r\nhello", "GET", "refuse", False),
    "a bare CR in a field": (_OK + b"X: a\rSet-Cookie: evil=1\r\nContent-Length: 5\r\n\r\nhello", "GET", "refuse", False),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", "GET", "refuse", True),
    "a status of letters": (b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n", "GET", "refuse", True),
    "no status line": (b"hello\r\n\r\n", "GET", "refuse", True),
    "HTTP/0.9": (b"<html>hello</html>", "GET", "refuse", True),
    "bytes behind the body": (_OK + b"Content-Length: 5\r\n\r\nhello" + _SECOND, "GET", b"hello", False),
    "bytes behind the last chunk": (_OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + _SECOND, "GET", b"hello", False),
    "a body on HEAD": (_OK + b"Content-Length: 9\r\n\r\nsmuggled!" + _SECOND, "HEAD", b"", False),
    "a body on 204": (b"HTTP/1.1 204 No Content\r\n\r\n" + _SECOND, "GET", b"", False),
    "a body on 304": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nsmuggled!" + _SECOND, "GET", b"", False),
    "1,000 interim answers": (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000 + _OK + b"Content-Length: 5\r\n\r\nhello", "GET", b"hello", False),
    "101 that nobody asked for": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: evil\r\nConnection: upgrade\r\n\r\nraw", "GET", "refuse", True),
    "a truncated body": (_OK + b"Content-Length: 500\r\n\r\nhello", "GET", "cut", True),
    "a truncated chunk": (_OK + b"Transfer-Encoding: chunked\r\n\r\n50\r\nhello", "GET", "cut", True),
    "no last chunk": (_OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "GET", "cut", True),
    "a chunk size that is none": (_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", "GET", "cut", True),
    "a chunk size beyond 64 bits": (_OK + b"Transfer-Encoding: chunked\r\n\r\n1" + b"0" * 17 + b"\r\nhello\r\n0\r\n\r\n", "GET", "cut", True),
    "a head of 1 MiB": (_OK + b"X: " + b"a" * (1 << 20) + b"\r\nContent-Length: 5\r\n\r\nhello", "GET", "refuse", True),
    "half a head": (_OK + b"Content-Le", "GET", "refuse", True),
    "nothing": (b"", "GET", "refuse", True),
}


def _hostile(connection):
    """Answers /N with the Nth of the table, anything else with its own path."""
    table = list(_RESPONSES.values())
    while request := connection.reader.request():
        connection.remember(request)
        number = request.target.removeprefix("/hostile-")
        if not number.isdigit():
            connection.respond(request.target)
            continue
        data, _, _, ends = table[int(number)]
        connection.send(data)
        if ends:
            return


@scenario("F11!", control=Control(AFTERWARDS, passthrough=True))
def malformed_responses(lab):
    lab.origin(serve=_hostile)
    daemon = lab.gateway()
    for number, (label, (_, method, wanted, _)) in enumerate(_RESPONSES.items()):
        if lab.in_control and not label.startswith("bytes behind"):
            continue
        with lab.open(HOST) as connection:
            got, cut = _answer(connection, f"/hostile-{number}", method)
            if not lab.in_control:
                _judge(lab, label, wanted, got, cut)
            follower = _following(lab, connection, got, cut)
        lab.expect(AFTERWARDS, follower.status == 200 and follower.body == b"/right", f"{label}: {follower}")
    lab.expect("no answer is mixed up", b"smuggled!" not in b"".join(line.encode() for line in daemon.lines), "")


def _answer(connection, target, method):
    """The response, and whether its body was visibly cut short."""
    try:
        return connection.request(target, HOST, method=method), False
    except http1.Truncated:
        return None, True
    except (OSError, http1.Malformed) as error:
        return error, False


def _judge(lab, label, wanted, got, cut):
    status = getattr(got, "status", None)
    refused = status == 502 and b"smuggled!" not in got.body
    if wanted == "refuse":
        lab.expect("502 for what is malformed", refused, f"{label}: {got}")
    elif wanted == "cut":
        lab.expect("truncation is visible", refused or cut, f"{label}: {got}")
    else:
        clean = status in (200, 204, 304) and got.body == wanted and not got.all("set-cookie")
        lab.expect("made regular, or 502", clean or refused, f"{label}: {got}")


def _following(lab, connection, got, cut):
    """The next request: on the same connection where it is still open, else on another."""
    if not cut and not isinstance(got, Exception):
        try:
            follower = connection.request("/right", HOST)
            if follower.status != 0 or lab.in_control:
                return follower
        except (OSError, http1.Malformed, http1.Truncated):
            if lab.in_control:
                return http1.Message("HTTP/0.0 0 mixed up", [], b"")
    return lab.get(HOST, "/right")


TOLD = "the client is told, or sees the truncation"


def _dying(connection):
    """Ends in the way that the path says."""
    request = connection.reader.request()
    if request is None:
        return
    ways = {"/reset-after-tls": connection.reset, "/close-after-tls": connection.shut, "/cut-after-tls": connection.cut}
    if request.target in ways:
        ways[request.target]()
        return
    if "mid-head" in request.target:
        connection.send("HTTP/1.1 200 OK\r\nContent-")
    else:
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + "x" * 50000)
    {"reset": connection.reset, "close": connection.shut, "cut": connection.cut}[request.target.split("-")[0][1:]]()


@scenario("L01! F11!", control=Control("a body without a known end is not ended cleanly when it was cut"))
def origins_that_die(lab):
    lab.origin(serve=_dying)
    daemon = lab.gateway()
    if not lab.in_control:
        for way in ("reset", "close", "cut"):
            for moment in ("after-tls", "mid-head", "mid-body"):
                with lab.open(HOST) as connection:
                    got, cut = _answer(connection, f"/{way}-{moment}", "GET")
                    lab.expect(TOLD, cut or getattr(got, "status", 0) == 502, f"{way} {moment}: {got}")
        lines = [line for line in lab.exchanges(daemon, 9) if line["error"]]
        lab.expect("each is logged with its reason", len(lines) == 9, f"{len(lines)} of 9: {lines[:2]}")
    _cut_without_length(lab)


def _cut_without_length(lab):
    """HTTP/1.0 style: the body ends with the connection. Cut without close_notify it must not look complete. In the
    control the origin ends it as it should."""
    def serve(connection):
        connection.reader.request()
        connection.send("HTTP/1.1 200 OK\r\n\r\nhalf of it")
        if lab.in_control:
            connection.shut()
        else:
            connection.cut()

    lab.origin([topology.SECOND_ORIGIN], serve=serve)
    with lab.open(HOST, address=topology.SECOND_ORIGIN) as connection:
        got, cut = _answer(connection, "/until-close", "GET")
        clean = not cut and getattr(got, "status", 0) == 200 and connection.end != "cut"
        lab.expect("a body without a known end is not ended cleanly when it was cut", not clean, got)


@scenario("L01!", control=Control("502 or 504 in time"))
def origins_that_are_not_there(lab):
    """In the control there is one that answers."""
    port_closed, dead = topology.SECOND_ORIGIN, topology.BLACK_HOLE
    daemon = lab.gateway({"upstream.connect_timeout_seconds": "2", "limits.handshake_seconds": "3"})
    lab.origin_side.run(["ip", "neigh", "flush", "all"])
    if lab.in_control:
        lab.origin([port_closed])
        answer = lab.get(HOST, address=port_closed)
        lab.expect("502 or 504 in time", answer.status in (502, 504), answer)
        return
    swallowing = lab.origin_side.socket()
    swallowing.bind(("203.0.113.12", 443))
    swallowing.listen(8)
    for label, address in (("refused", port_closed), ("no route behind the router", dead), ("silent in TLS", "203.0.113.12")):
        began = time.monotonic()
        answer = lab.get(HOST, address=address, timeout=60)
        took = time.monotonic() - began
        lab.expect("502 or 504 in time", answer.status in (502, 504) and took < 40, f"{label}: {took:.1f} s {answer}")
        lab.expect("the log has the reason", lab.logged(daemon, answer).get("error"), f"{label}: {answer}")
        lab.note(f"{label}: {answer.status} after {took:.1f} s: {lab.logged(daemon, answer).get('error')}")
    swallowing.close()


@scenario("L01")
def half_close(lab):
    """An origin that half-closes early still receives the rest of an upload; a client that half-closes gets its answer."""
    received = threading.Event()

    def serve(connection):
        request = connection.reader.request_head()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nearly")
        connection.reader.body(request, until_close=False)
        received.set()

    lab.origin(serve=serve)
    lab.gateway()
    answer = lab.get(HOST, "/upload", method="POST", body=b"x" * 400_000)
    lab.expect("the early answer comes through", answer.status == 200 and answer.body == b"early", answer)
    lab.expect("the upload goes on", received.wait(lab.patience), "")
    lab.origin([topology.SECOND_ORIGIN])
    with lab.open(HOST, address=topology.SECOND_ORIGIN) as connection:
        connection.send(f"GET /half HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        socket.socket.shutdown(connection.tls, socket.SHUT_WR)
        answer = connection.response()
    lab.expect("a client that half-closed gets its answer", answer.status == 200, answer)


@scenario("F11!", control=Control("a slow origin's answer streams"))
def answers_stream(lab):
    """The first part arrives while the origin still holds the second back. In the control it holds back both."""
    proceed = threading.Event()

    def serve(connection):
        connection.reader.request()
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if lab.in_control:
            proceed.wait(60)
        connection.send("5\r\nfirst\r\n")
        proceed.wait(60)
        connection.send("6\r\nsecond\r\n0\r\n\r\n")
        connection.shut()

    lab.origin(serve=serve)
    lab.gateway()
    with lab.open(HOST) as connection:
        connection.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        connection.tls.settimeout(lab.patience)
        seen = b""
        try:
            while b"first" not in seen and (piece := connection.tls.recv(65536)):
                seen += piece
        except OSError:
            pass
        lab.expect("a slow origin's answer streams", b"first" in seen, seen)
        proceed.set()
