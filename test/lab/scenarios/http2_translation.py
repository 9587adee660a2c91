"""What no message may carry from one version into another: each forbidden byte in each field, framing that disagrees with
itself, names that belong to one connection (TESTS F13, G07)."""

import contextlib
import itertools

from harness import versatile
from harness.flow import Broken
from harness.scenario import Control, scenario
from harness.versatile import Client, VersatileOrigin

NOTHING = "nothing of it reaches the origin"
EVIL = b"smuggled"
NAMES = {"h1": "h1.matrix.test", "h2": "h2.matrix.test"}
_BREAKS = {"CR": b"\r", "LF": b"\n", "NUL": b"\0", "CRLF and a field": b"\r\nx-evil: " + EVIL,
           "the end of a head and a request": b" HTTP/1.1\r\n\r\nGET /smuggled HTTP/1.1\r\nx: "}


class _Block:
    """The block of fields of a good request, to be spoilt."""

    def __init__(self, path, authority):
        self.pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", authority), (":path", path)]
        self.fields = [("user-agent", "lab")]

    def set(self, name, value):
        self.pseudo = [(key, value if key == name else old) for key, old in self.pseudo]
        return self

    def without(self, name):
        self.pseudo = [(key, value) for key, value in self.pseudo if key != name]
        return self

    def add(self, *fields):
        self.fields += fields
        return self

    def all(self):
        return self.pseudo + self.fields


def _inside(value, octets):
    """`octets` at the beginning, in the middle and at the end."""
    value = value.encode("latin-1")
    middle = len(value) // 2
    return octets + value, value[:middle] + octets + value[middle:], value + octets


def _forbidden_bytes():
    """label -> what is done to a good block: bytes that end a line, a name or a word of HTTP/1.1."""
    cases = {}
    for what, octets in _BREAKS.items():
        for name, value in ((":method", "GET"), (":scheme", "https"), (":path", "/smuggled"), (":authority", "h.matrix.test")):
            for number, spoilt in enumerate(_inside(value, octets)):
                cases[f"{what} in {name}, {number}"] = lambda block, name=name, spoilt=spoilt: block.set(name, spoilt)
        for number, spoilt in enumerate(_inside("x-name", octets)):
            cases[f"{what} in a name, {number}"] = lambda block, spoilt=spoilt: block.add((spoilt, EVIL))
        for number, spoilt in enumerate(_inside("smuggled", octets)):
            cases[f"{what} in a value, {number}"] = lambda block, spoilt=spoilt: block.add(("x-name", spoilt))
            cases[f"{what} in a cookie, {number}"] = lambda block, spoilt=spoilt: block.add(("cookie", spoilt))
    for what, octet in (("SP", b" "), ("TAB", b"\t"), ("DEL", b"\x7f"), ("0x01", b"\x01")):
        for name, value in ((":method", "GET"), (":path", "/smuggled"), (":authority", "h.matrix.test"), (":scheme", "https")):
            spoilt = _inside(value, octet)[1]
            cases[f"{what} in {name}"] = lambda block, name=name, spoilt=spoilt: block.set(name, spoilt)
        cases[f"{what} in a name"] = lambda block, octet=octet: block.add((b"x-na" + octet + b"me", EVIL))
    for octet in b'"(),/:;<=>?@[\\]{}\x80\xff':
        cases[f"{octet:#x} in a name"] = lambda block, octet=octet: block.add((b"x-na" + bytes([octet]) + b"me", EVIL))
    for what, octets in (("SP", b" "), ("TAB", b"\t")):
        cases[f"{what} before a value"] = lambda block, octets=octets: block.add(("x-name", octets + EVIL))
        cases[f"{what} behind a value"] = lambda block, octets=octets: block.add(("x-name", EVIL + octets))
    cases["an upper-case name"] = lambda block: block.add(("X-name", EVIL))
    cases["an upper-case Content-Length"] = lambda block: block.add(("Content-Length", "8"))
    cases["an empty name"] = lambda block: block.add(("", EVIL))
    cases["a colon first"] = lambda block: block.add((":x-name", EVIL))
    cases["a colon last"] = lambda block: block.add(("x-name:", EVIL))
    return cases


def _forbidden_fields():
    """Fields of the connection's, framing, and pseudo-fields that contradict each other."""
    cases = {}
    for name, value in (("transfer-encoding", "chunked"), ("transfer-encoding", "identity"), ("connection", "close"),
                        ("connection", "x-name"), ("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive"),
                        ("upgrade", "websocket"), ("te", "gzip"), ("te", "trailers, chunked"), ("content-length", "+0"),
                        ("content-length", "-1"), ("content-length", "0x0"), ("content-length", ""), ("content-length", "0, 1"),
                        ("content-length", "18446744073709551616"), ("content-length", "\u00b2")):
        cases[f"{name}: {value}"] = lambda block, pair=(name, value): block.add(pair)
    cases["two lengths"] = lambda block: block.add(("content-length", "0"), ("content-length", "1"))
    for name in (":method", ":scheme", ":path", ":authority"):
        def twice(block, name=name):
            block.pseudo.append((name, dict(block.pseudo)[name]))
            return block
        cases[f"{name} twice"] = twice
        cases[f"a second {name}, behind the fields"] = lambda block, name=name: block.add((name, dict(block.pseudo)[name]))

        def late(block, name=name):
            value = dict(block.pseudo)[name]
            return block.without(name).add((name, value))
        cases[f"{name} behind the fields"] = late
        cases[f"an empty {name}"] = lambda block, name=name: block.set(name, "")
        if name != ":authority":
            cases[f"no {name}"] = lambda block, name=name: block.without(name)
    for name, value in ((":status", "200"), (":version", "HTTP/1.1"), (":protocol", "websocket"), (":evil", "smuggled")):
        cases[f"{name} in a request"] = lambda block, pair=(name, value): block.pseudo.append(pair) or block
    for path in ("smuggled", "https://other.test/smuggled", "*", "//", "?x", "../x"):
        if not path.startswith("//"):
            cases[f":path {path}"] = lambda block, path=path: block.set(":path", path)
    for authority in ("user@h.matrix.test", "user:word@h.matrix.test", "h.matrix.test/x", "h.matrix.test#x", "h.matrix.test:port",
                      "h.matrix.test,other.test", "h.matrix.test:99999", "[::1", "other.test"):
        cases[f":authority {authority}"] = lambda block, authority=authority: block.set(":authority", authority)
    cases["Host that is not :authority"] = lambda block: block.add(("host", "other.test"))
    cases["two Hosts"] = lambda block: block.add(("host", dict(block.pseudo)[":authority"]), ("host", "other.test"))
    cases["Host alone, and foreign"] = lambda block: block.without(":authority").add(("host", "other.test"))
    cases["neither Host nor :authority"] = lambda block: block.without(":authority")
    cases["http:// in TLS"] = lambda block: block.set(":scheme", "http")
    cases["an unknown scheme"] = lambda block: block.set(":scheme", "gopher")
    cases["CONNECT with a path"] = lambda block: block.set(":method", "CONNECT")
    cases["CONNECT"] = lambda block: block.set(":method", "CONNECT").without(":path").without(":scheme")
    return cases


class _Judge:
    """Sends one spoilt request after the other to both origins, and looks at what they got."""

    def __init__(self, lab):
        self.lab = lab
        strict = not lab.in_control
        self.origin = VersatileOrigin(lab, {}, _swallow, strict=strict)
        lab.gateway()

    def try_each(self, cases, send):
        """`send(client, spoil)` makes a request of the case."""
        for label, name in NAMES.items():
            if self.lab.in_control and label == "h1":
                continue
            client, good = None, 0
            for number, (case, spoil) in enumerate(cases.items()):
                client = client if client and not client.peer.end else Client(self.lab, "h2", name)
                before = len(self.origin.flows)
                path = f"/case-{number}"
                answer = self.outcome(send(client, _Block(path, name), spoil))
                if self.lab.in_control:
                    self.origin.wait_flow(lambda _: len(self.origin.flows) > before, 5)
                seen = self.origin.flows[before:]
                self.lab.expect(NOTHING, not seen, f"h2->{label} {case}: {[str(one) for one in seen]}")
                self.lab.expect("it is refused", self.lab.in_control or self.refused(answer), f"h2->{label} {case}: {answer}")
                client = client if not client.peer.end and not client.peer.goaways else Client(self.lab, "h2", name)
            if not self.lab.in_control:
                with Client(self.lab, "h2", name) as last:
                    good = last.ask("GET", "/good").status
                self.lab.expect("the gateway still serves", good == 200, label)
                self.lab.expect("no byte of it is in what HTTP/1.1 carried", EVIL not in b"".join(map(bytes, self.origin.received)),
                                label)

    @staticmethod
    def outcome(flow):
        """The status of the answer, or how the stream ended."""
        try:
            return flow.head(10).status
        except Broken as error:
            return error.how
        except TimeoutError:
            return "no answer"

    @staticmethod
    def refused(answer):
        if isinstance(answer, int):
            return answer in (400, 403, 413, 421, 431, 501) and answer != 421
        return answer.startswith(("reset", "goaway", "closed", "cut"))


def _swallow(flow):
    flow.body()
    flow.respond(b"taken")


@scenario("G07!", control=Control(NOTHING, passthrough=True), timeout=120)
def bytes_that_forge_lines(lab):
    _Judge(lab).try_each(_forbidden_bytes(), lambda client, block, spoil: client.peer.request_raw(spoil(block).all()))


@scenario("G07!", control=Control(NOTHING, passthrough=True), timeout=120)
def fields_that_contradict(lab):
    _Judge(lab).try_each(_forbidden_fields(), lambda client, block, spoil: client.peer.request_raw(spoil(block).all()))


MORE = "an origin never takes a body for whole that is not as long as it was said to be"


@scenario("G07!", control=Control(MORE, passthrough=True), timeout=60)
def bodies_of_another_length(lab):
    """content-length and DATA disagree. In the control, where nobody looks, the origin takes what it gets."""
    origin = VersatileOrigin(lab, {}, _swallow, strict=False)
    lab.gateway()
    for (label, name), (announced, sent) in itertools.product(NAMES.items(), ((10, 8), (10, 12), (0, 8), (10, 0), (5, 100_000))):
        case = f"h2->{label} {announced} announced, {sent} sent"
        if lab.in_control and label == "h1":
            continue
        with Client(lab, "h2", name) as client:
            path = f"/length-{announced}-{sent}"
            flow = client.request("POST", path, [("content-length", str(announced))], end=False)
            try:
                if sent:
                    flow.send(b"s" * sent)
                flow.end()
            except Broken:
                pass  # refused while it was being sent
            answer = _Judge.outcome(flow)
            seen = origin.flow_of(path, timeout=5 if lab.in_control else 0.1)
            if seen:
                seen.wait(lambda: seen.ended or seen.broken, "an end")  # pylint: disable=cell-var-from-loop
            lab.expect(MORE, seen is None or not seen.ended or seen.received == announced, f"{case}: {seen}")
            lab.expect("nor is it more than what was said", lab.in_control or seen is None or seen.received <= announced, f"{case}: {seen}")
            lab.expect("the client is told", lab.in_control or _Judge.refused(answer), f"{case}: {answer}")


DROPPED = "forbidden trailers are dropped"
_FORBIDDEN = [("host", "evil.test"), ("authorization", "Basic c211Z2dsZWQ="), ("cookie", "evil=1"),
              ("set-cookie", "evil=1"), ("x-request-id", "forged"), ("content-type", "text/evil"), ("content-encoding", "gzip"),
              ("proxy-authorization", "Basic eA=="), ("expect", "100-continue"), ("cache-control", "public"), ("te", "trailers"),
              ("trailer", "x-good"), ("content-range", "bytes 0-1/2"), ("max-forwards", "3"), ("range", "bytes=0-1")]
_OF_HTTP1 = [("content-length", "5"), ("transfer-encoding", "chunked"), ("connection", "close"), ("keep-alive", "timeout=1"),
             ("upgrade", "h2c")]


@scenario("F13!", control=Control(DROPPED, passthrough=True), timeout=60)
def trailers(lab):
    """What would change framing, routing, identity or the meaning of the head never comes as a trailer; the others do."""
    def reflect(flow):
        body = flow.body()
        flow.send_head(200, [])
        flow.send(body)
        flow.end([*_FORBIDDEN, *(_OF_HTTP1 if flow.version != "h2" else []), ("x-good", "yes")])

    origin = VersatileOrigin(lab, {"/trailers": reflect}, strict=False)
    lab.gateway(policy="[rewrite h2.matrix.test]\ntarget_ip = 203.0.113.10\nheader = X-Injected: ours\n")
    for cell, version, name in versatile.cells():
        if lab.in_control and cell not in ("h1->h1", "h2->h2"):
            continue
        with Client(lab, version, name) as client:
            flow = client.request("POST", "/trailers", end=False)
            flow.send(b"body")
            flow.end([*_FORBIDDEN, *(_OF_HTTP1 if version != "h2" else []), ("x-good", "yes")])
            body = flow.head().body()
            seen = origin.flow_of("/trailers")
            if version == "h2":
                _length_among_trailers(lab, cell, client, origin)
        names = {name for name, _ in [*_FORBIDDEN, *_OF_HTTP1]}
        for side, got in (("request", seen.trailers), ("response", flow.trailers)):
            lab.expect(DROPPED, not [pair for pair in got if pair[0] in names], f"{cell} {side}: {got}")
            lab.expect("the others pass", lab.in_control or ("x-good", "yes") in got, f"{cell} {side}: {got}")
        lab.expect("the body is whole", body == b"body", f"{cell}: {flow}")


def _length_among_trailers(lab, cell, client, origin):
    """Over HTTP/2 one that contradicts DATA makes the message malformed: dropped or reset, but never passed on."""
    flow = client.request("POST", "/trailers?length", end=False)
    flow.send(b"body")
    flow.end([("content-length", "5")])
    with contextlib.suppress(Broken):
        flow.head().body()
    seen = origin.flow_of("/trailers?length", 1)
    kept = seen.trailers if seen else []
    lab.expect("nor is a length among them", lab.in_control or "content-length" not in dict(kept), f"{cell}: {seen} {kept}")


UNTOUCHED = "nothing of it reaches the client"


def _bad_responses():
    """label -> the fields of a response's head over HTTP/2, all of them forbidden (RFC 9113 §8.2, §8.3)."""
    good, cases = (":status", "200"), {}
    for what, octets in _BREAKS.items():
        for number, spoilt in enumerate(_inside("x-name", octets)):
            cases[f"{what} in a name, {number}"] = [good, (spoilt, EVIL)]
        for number, spoilt in enumerate(_inside("smuggled", octets)):
            cases[f"{what} in a value, {number}"] = [good, ("x-name", spoilt)]
            cases[f"{what} in Set-Cookie, {number}"] = [good, ("set-cookie", spoilt)]
        cases[f"{what} in :status"] = [(":status", b"200" + octets)]
        cases[f"{what} in content-type"] = [good, ("content-type", b"text/plain" + octets + EVIL)]
    for octet in b' "(),/:;<=>?@[\\]{}\x7f\x80\xff':
        cases[f"{octet:#x} in a name"] = [good, (b"x-na" + bytes([octet]) + b"me", EVIL)]
    for name, value in (("transfer-encoding", "chunked"), ("connection", "close"), ("keep-alive", "timeout=5"),
                        ("proxy-connection", "keep-alive"), ("upgrade", "h2c"), ("content-length", "+5"), ("content-length", "5, 6"),
                        ("content-length", ""), ("X-Name", "smuggled"), ("", "smuggled"), ("x-name", " smuggled"),
                        ("x-name", "smuggled\t"), (":path", "/smuggled"), (":evil", "smuggled"), (":status", "200")):
        cases[f"{name!r}: {value!r}"] = [good, (name, value)]
    cases["two lengths"] = [good, ("content-length", "8"), ("content-length", "9")]
    cases["no :status"] = [("x-name", EVIL)]
    cases[":status behind the fields"] = [("x-name", EVIL), good]
    for status in ("", "20", "2000", "abc", "+200", "099", "200 OK", "101"):
        cases[f":status {status!r}"] = [(":status", status), ("x-name", EVIL)]
    return cases


@scenario("G07!", control=Control(UNTOUCHED), timeout=120)
def responses_that_forge(lab):
    """Each to a client of either version. In the control the word that is looked for stands where it may."""
    cases = list(_bad_responses().items())

    def bad(flow):
        fields = [(":status", "200"), ("x-name", EVIL)] if lab.in_control else cases[int(flow.path.split("-")[1])][1]
        flow.send_raw(fields)
        flow.send(EVIL if lab.in_control else b"a body")
        flow.end()

    VersatileOrigin(lab, {"/good": _swallow}, bad)
    lab.gateway()
    for version in versatile.VERSIONS:
        if lab.in_control and version == "h2":
            continue
        for number, (label, _) in enumerate(cases):
            with Client(lab, version, NAMES["h2"]) as client:
                flow = client.request("GET", f"/bad-{number}")
                try:
                    answer = (flow.head(10).status, flow.body(10))
                except Broken as error:
                    answer = (error.how, error.partial)
                seen = f"{flow.fields} {answer}"
                lab.expect(UNTOUCHED, EVIL.decode() not in seen and b"a body" not in answer[1], f"{label} to {version}: {seen}")
                lab.expect("the client gets a 502", lab.in_control or answer[0] == 502, f"{label} to {version}: {seen}")
        with Client(lab, version, NAMES["h2"]) as client:
            lab.expect("the gateway still serves", client.ask("GET", "/good").status == 200, version)


_CUT = "what is cut or too long is never a clean answer"


@scenario("G07!", control=Control(_CUT), timeout=60)
def responses_of_another_length(lab):
    """In the control the origin says the length that it sends."""
    def serve(flow):
        announced, sent = (int(part) for part in flow.path.split("?")[1].split("-"))
        flow.send_head(200, [("content-length", str(sent if lab.in_control else announced))])
        if sent:
            flow.send(b"s" * sent)
        flow.end()

    VersatileOrigin(lab, {"/length": serve})
    lab.gateway()
    for version, (announced, sent) in itertools.product(versatile.VERSIONS, ((10, 8), (10, 12), (0, 8), (10, 0), (9, 100_000))):
        case = f"h2->{version} {announced} announced, {sent} sent"
        with Client(lab, version, NAMES["h2"]) as client:
            flow = client.request("GET", f"/length?{announced}-{sent}")
            try:
                status, body = flow.head(10).status, flow.body(10)
            except Broken as error:
                status, body = 0, error.partial
            # Of a body of no length HTTP/1.1 is told all by the head.
            complete = announced == 0 and version != "h2" and not lab.in_control
            lab.expect(_CUT, status in (0, 502) or complete and status == 200, f"{case}: {flow} {body[:100]}")
            lab.expect("never more than what was said", lab.in_control or status == 502 or len(body) <= announced, f"{case}: {flow}")


@scenario("G07!", control=Control("what belongs to one connection stays there", passthrough=True), timeout=60)
def fields_of_the_connection(lab):
    """HTTP/1.1 on one side, HTTP/2 on the other: neither sees the other's framing."""
    def serve(flow):
        flow.send_head(200, [("Connection", "close, X-Hop"), ("X-Hop", "hop"), ("Keep-Alive", "timeout=5"),
                             ("Transfer-Encoding", "chunked"), ("X-UPPER", "kept")] if flow.version != "h2" else [("x-upper", "kept")])
        if flow.version == "h2":
            flow.send(b"hello")
        else:
            flow.peer.duplex.send(b"5\r\nhello\r\n0\r\n\r\n")
        if flow.version == "h2":
            flow.end()
        flow.finished.set() if flow.version != "h2" else None

    hop = ("connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "x-hop", "http2-settings", "te")
    origin = VersatileOrigin(lab, {"/hop": serve}, strict=not lab.in_control)
    lab.gateway()
    for cell, version, name in versatile.cells():
        if lab.in_control and cell != "h1->h1":
            continue
        fields = [("X-Mixed-Case", "kept")]
        if version != "h2":
            fields += [("Connection", "X-Hop, keep-alive, Upgrade, HTTP2-Settings"), ("X-Hop", "hop"), ("Keep-Alive", "timeout=5"),
                       ("Proxy-Connection", "keep-alive"), ("TE", "gzip, trailers"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")]
        else:
            fields = [("x-mixed-case", "kept"), ("te", "trailers")]
        with Client(lab, version, name) as client:
            got = client.ask("GET", "/hop", fields)
            body, seen = got.body(), origin.flow_of("/hop")
            kept = [pair for pair in seen.fields if pair[0] in hop and pair != ("te", "trailers")]
            if seen.version != "h2":
                kept = [pair for pair in kept if pair[0] not in ("connection", "te")
                        or any(word in pair[1].lower() for word in ("x-hop", "upgrade", "gzip"))]
            back = [pair for pair in got.fields if pair[0] in hop[:1] + hop[1:2] + ("x-hop",)
                    and (version == "h2" or "hop" in pair[1] or pair[0] == "x-hop")]
            lab.expect("what belongs to one connection stays there", not kept, f"{cell}: {kept}")
            lab.expect("nor does the answer bring it", lab.in_control or not back, f"{cell}: {got.fields}")
            lab.expect("the rest arrives", body == b"hello" and got.get("x-upper") == "kept" and seen.get("x-mixed-case") == "kept",
                       f"{cell}: {seen} {got}")
            lab.expect("names over HTTP/2 are in lower case", seen.version != "h2" or all(key == key.lower() for key, _ in seen.fields),
                       f"{cell}: {seen}")
