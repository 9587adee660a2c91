"""Requests that could be understood in two ways (TESTS F). The judge is what the origin received, byte by byte."""

from harness import http1
from harness.payloads import HOST, PAYLOADS, SMUGGLED
from harness.scenario import Control, scenario

HOSTILE = "hostile bytes never reach the origin as they were sent"
_REFUSALS = {400, 413, 414, 431, 501, 505}
_SETTINGS = {"limits.header_seconds": "3", "limits.client_idle_seconds": "3"}


def _try(lab, origin, payload):
    label = f"{payload.row} {payload.label}"
    before = len(origin.received())
    connections = len(origin.connections)
    if lab.in_control:
        with lab.open(HOST) as connection:
            connection.send(payload.data[:16000])
            origin.wait_for(lambda one: payload.data[:2000] in one.received())
        lab.expect(HOSTILE, payload.data[:2000] not in origin.received(), label)
        return
    status, closed, rest = _exchange(lab, payload.data)
    received = origin.received()[before:]
    lab.expect(HOSTILE, payload.data[:2000] not in origin.received(), f"{label}: {received[:300]!r}")
    refused = status in _REFUSALS and closed and not received
    forwarded = [request.target for one in origin.connections[connections:] for request in one.requests]
    canonical = status == 200 and received.count(b" HTTP/1.1\r\n") == 1 and b"smuggled HTTP" not in received
    lab.expect("refused, or one canonical request" if not payload.must_refuse else "refused, and the connection closed",
               refused or (canonical and not payload.must_refuse),
               f"{label}: status {status}, closed {closed}, rest {rest[:80]!r}, the origin got {received[:300]!r} {forwarded}")


def _exchange(lab, data):
    """Sends it; gives the first status, whether the connection was closed after the first answer, and what else came."""
    try:
        connection = lab.open(HOST)
    except OSError as error:
        return f"no connection: {error}", False, b""
    with connection:
        try:
            connection.send(data)
        except OSError:
            pass  # refused before it was all sent; the answer may still be there
        try:
            answer = connection.response("GET")
            if answer.status == 200:
                return 200, False, b""
            return answer.status, True, connection.rest()
        except TimeoutError:
            return "no answer", False, b""
        except (OSError, http1.Malformed, http1.Truncated) as error:
            return repr(error), True, b""


def _table(lab, rows):
    origin = lab.origin()
    daemon = lab.gateway(_SETTINGS)
    payloads = [one for one in PAYLOADS if one.row in rows]
    for payload in payloads:
        _try(lab, origin, payload)
    if not lab.in_control:
        broken = [one.error for one in origin.connections if isinstance(one.error, http1.Malformed)]
        lab.expect("the origin never sees a malformed message", not broken, broken[:3])
        lab.expect("no hidden request comes through", b"GET /smuggled" not in b"".join(
            request.raw_head for request in origin.requests()), origin.requests())
        lab.expect("the daemon still serves", lab.get(HOST).status == 200, daemon.lines[-3:])


@scenario("F01! F02! F03!", control=Control(HOSTILE, passthrough=True))
def lengths_and_codings(lab):
    _table(lab, ("F01", "F02", "F03"))


@scenario("F04!", control=Control(HOSTILE, passthrough=True))
def chunks(lab):
    _table(lab, ("F04",))


@scenario("F05! F06 F07", control=Control(HOSTILE, passthrough=True), timeout=300)
def field_and_request_lines(lab):
    _table(lab, ("F05", "F06", "F07"))


@scenario("F01! F03!", control=Control("a body stays a body", passthrough=True))
def a_body_that_looks_like_a_request(lab):
    """CL.0: what a length announces is a body, whatever it looks like; chunks of the client's are not passed on."""
    origin = lab.origin()
    lab.gateway()
    with lab.open(HOST) as connection:
        first = connection.request("/one", HOST, method="POST", body=SMUGGLED)
        connection.send(f"POST /two HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3;secret=extension\r\nabc\r\n00002\r\nde\r\n0\r\nX-Trailer: yes\r\nHost: evil\r\n\r\n")
        second = connection.response()
    requests = origin.requests()
    lab.expect("both are answered", first.status == second.status == 200, f"{first} {second}")
    lab.expect("a body stays a body", [one.target for one in requests] == ["/one", "/two"] and requests[0].body == SMUGGLED
               and requests[1].body == b"abcde" and b"secret" not in origin.received(), origin.received())
    lab.expect("no forbidden trailer goes out", not any(name == "host" for name, _ in requests[-1].trailers),
               requests[-1].trailers)


STRIPPED = "what belongs to one hop is stripped"


@scenario("F09!", control=Control(STRIPPED, passthrough=True))
def hop_by_hop_fields(lab):
    origin = lab.origin()
    lab.gateway()
    fields = ("Connection: X-Private, keep-alive, host, cookie, content-length, authorization\r\nX-Private: secret\r\n"
              "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: Basic c2VjcmV0\r\n"
              "TE: gzip\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nCookie: kept=1\r\nAuthorization: Bearer kept\r\n")
    answer = lab.get(HOST, "/hop", fields=fields, method="POST", body=b"hello")
    lab.require("it is forwarded", answer.status == 200 and origin.requests(), answer)
    seen = origin.requests()[0]
    gone = ("x-private", "keep-alive", "proxy-connection", "proxy-authorization", "upgrade", "http2-settings")
    lab.expect(STRIPPED, not [name for name in gone if seen.get(name) is not None]
               and "x-private" not in (seen.get("connection") or "").lower(), seen)
    lab.expect("framing and identity stay", seen.get("cookie") == "kept=1" and seen.get("authorization") == "Bearer kept"
               and seen.get("host") == HOST and seen.body == b"hello", seen)


ORDER = "the answers come in the order of the requests"


@scenario("F12!", control=Control("the blocked one among them is blocked", passthrough=True))
def pipelined_requests_are_judged_one_by_one(lab):
    """A hundred on one connection; one for another name, one for a name that is blocked, one malformed at the end."""
    origin = lab.origin()
    lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    hosts = [HOST] * 100
    hosts[1], hosts[50] = "blocked.test", "other.test"
    with lab.open(HOST) as connection:
        connection.send("".join(f"GET /{number} HTTP/1.1\r\nHost: {host}\r\n\r\n" for number, host in enumerate(hosts)))
        answers = [connection.response() for _ in hosts]
        connection.send(f"GET /last HTTP/1.1\r\nHost: {HOST}\r\n\r\nGET /bad HTTP/1.1\r\nHost : x\r\n\r\n"
                        f"GET /behind HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        last, bad = connection.response(), None
        if not lab.in_control:
            bad = connection.response()
            after = connection.response()
    wrong = [number for number, answer in enumerate(answers)
             if hosts[number] == HOST and not (answer.status == 200 and answer.body.startswith(f"GET /{number} ".encode()))]
    lab.expect(ORDER, not wrong, wrong)
    lab.expect("the blocked one among them is blocked", answers[1].status == 403, answers[1])
    lab.expect("the foreign one among them is refused", lab.in_control or answers[50].status == 403, answers[50])
    if not lab.in_control:
        lab.expect("an error ends the connection in its turn", last.status == 200 and bad.status == 400 and after.status == 0,
                   f"{last} {bad} {after}")
        lab.expect("nothing behind it is forwarded", "/behind" not in [one.target for one in origin.requests()],
                   [one.target for one in origin.requests()][-3:])


@scenario("F12!", control=Control("a POST is sent once"))
def no_retry_of_what_may_not_be_repeated(lab):
    """The origin drops a kept connection on its second request. In the control it is asked twice by the client itself."""
    def first_only(connection):
        connection.respond(b"first") if connection.reader.request() else None
        if request := connection.reader.request():
            connection.remember(request)

    origin = lab.origin(serve=first_only)
    lab.gateway()
    with lab.open(HOST) as connection:
        connection.request("/warm", HOST)
        answer = connection.request("/pay", HOST, method="POST", body=b"money")
    if lab.in_control:
        with lab.open(HOST, context=lab.client_context()) as connection:
            connection.request("/warm", HOST)
            connection.request("/pay", HOST, method="POST", body=b"money")
    asked = [one.target for one in origin.requests()]
    lab.expect("a POST is sent once", asked == ["/pay"], asked)
    lab.expect("the client is told", answer.status == 502, answer)
    with lab.open(HOST) as connection:
        connection.request("/warm", HOST)
        repeated = connection.request("/read", HOST)
    lab.expect("a GET may be repeated", repeated.status in (200, 502), repeated)


@scenario("F07", control=Control("431 beyond header_bytes", settings={"limits.header_bytes": "65536"}))
def header_limit(lab):
    origin = lab.origin()
    lab.gateway({"limits.header_bytes": "4096"})
    fits = lab.get(HOST, fields=f"X: {'a' * 2000}\r\n")
    beyond = lab.get(HOST, fields=f"X: {'a' * 5000}\r\n")
    lab.expect("what fits is forwarded", fits.status == 200, fits)
    lab.expect("431 beyond header_bytes", beyond.status == 431, beyond)
    lab.expect("and not forwarded", lab.in_control or len(origin.requests()) == 1, len(origin.requests()))
