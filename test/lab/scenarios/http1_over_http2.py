"""What HTTP/1.1 says, told on over HTTP/2: requests to an origin, responses to a client. Nothing that is forbidden in one of the
two passes from the one into the other (TESTS G07, G08)."""

from harness import http1, versatile
from harness.flow import Broken
from harness.payloads import HOST, PAYLOADS
from harness.scenario import Control, scenario
from harness.versatile import Client, VersatileOrigin

NAME = "h2.matrix.test"
EVIL = b"evil"
NOTHING = "nothing of it reaches the origin"
_SETTINGS = {"limits.header_seconds": "2", "limits.client_idle_seconds": "2"}
_CONTROLS = [byte for byte in (*range(0x20), 0x7f) if byte != 9]


def _requests():
    """label -> a request to be refused."""
    def request(line=b"GET /evil HTTP/1.1", fields=b"X-Name: evil\r\n", host=NAME.encode()):
        return line + b"\r\nHost: " + host + b"\r\n" + fields + b"\r\n"

    cases = {}
    for byte in _CONTROLS:
        octet = bytes([byte])
        cases[f"{byte:#x} in the method"] = request(b"GE" + octet + b"T /evil HTTP/1.1")
        cases[f"{byte:#x} in the target"] = request(b"GET /ev" + octet + b"il HTTP/1.1")
        cases[f"{byte:#x} in the host"] = request(host=b"h2.ma" + octet + b"trix.test")
        cases[f"{byte:#x} in a name"] = request(fields=b"X-Na" + octet + b"me: evil\r\n")
        cases[f"{byte:#x} in a value"] = request(fields=b"X-Name: ev" + octet + b"il\r\n")
        cases[f"{byte:#x} in a cookie"] = request(fields=b"Cookie: a=1; b=ev" + octet + b"il\r\n")
    for byte in b' "(),/;<=>?@[\\]{}\x80\xff':
        cases[f"{byte:#x} in a name"] = request(fields=b"X-Na" + bytes([byte]) + b"me: evil\r\n")
    for name in (b":path", b":authority", b":method", b":scheme", b":status", b":protocol", b":"):
        cases[f"a field {name!r}"] = request(fields=name + b": /evil\r\n")
    cases["the pseudo-fields in a chunked body's trailers"] = (
        b"POST /begun HTTP/1.1\r\nHost: " + NAME.encode() + b"\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n:path: /evil\r\n\r\n")
    return cases


def _outcome(connection):
    """The first answer's status, or why there is none."""
    try:
        return connection.response().status
    except (OSError, http1.Malformed, http1.Truncated) as error:
        return repr(error)


@scenario("G07! F01! F05!", control=Control(NOTHING, passthrough=True), timeout=120)
def requests(lab):
    """Every forbidden byte, and the payloads that hide a second request. In the control the origin speaks HTTP/1.1 with the client
    itself."""
    cases = {**_requests(), **{f"{one.row} {one.label}": one.data.replace(HOST.encode(), NAME.encode())
                               for one in PAYLOADS if one.must_refuse and one.row != "F04"}}
    origin = VersatileOrigin(lab, {}, _swallow, strict=False)
    lab.gateway(_SETTINGS)
    for number, (label, data) in enumerate(cases.items()):
        if lab.in_control and number % 20:
            continue
        with lab.open(NAME) as connection:
            try:
                connection.send(data)
            except OSError:
                pass  # refused before it was all sent
            if lab.in_control:
                origin.origin.wait_for(lambda one, data=data: data[:100] in one.received())
                lab.expect(NOTHING, data[:100] not in origin.origin.received(), label)
                continue
            status = _outcome(connection)
        # The head of a message whose body breaks may have gone on, but not the whole of it.
        reached = [str(flow) for flow in list(origin.flows) if flow.path != "/begun" or flow.ended]
        lab.expect(NOTHING, not reached, f"{label}: {reached}")
        lab.expect("it is refused", status in (400, 413, 414, 431, 501, 505), f"{label}: {status}")
    if not lab.in_control:
        lab.expect("the gateway still serves", lab.get(NAME).status == 200, "")


@scenario("G07 F01 F03 F04", timeout=60)
def what_may_be_read_in_one_way(lab):
    """Payloads that may be made regular: what comes of one is one request, complete, or none."""
    origin, paths = VersatileOrigin(lab, {}, _swallow), []
    lab.gateway(_SETTINGS)
    for one in PAYLOADS:
        if one.must_refuse and one.row != "F04":
            continue
        paths.append(one.data.split(b" ")[1].decode())
        with lab.open(NAME) as connection:
            try:
                connection.send(one.data.replace(HOST.encode(), NAME.encode()))
            except OSError:
                pass
            status = _outcome(connection)
        flows, label = [flow for flow in list(origin.flows) if flow.path == paths[-1]], f"{one.row} {one.label}"
        lab.expect("it is one request at most", len(flows) <= 1, f"{label}: {[str(flow) for flow in flows]}")
        for flow in flows:
            flow.wait(lambda flow=flow: flow.ended or flow.broken, "an end")
        whole = [flow for flow in flows if flow.ended]
        lab.expect("a chunk that is none ends no request", not (whole and one.must_refuse), f"{label}: {status} {list(map(str, whole))}")
        lab.expect("no coding goes on", not [flow for flow in flows if flow.get("transfer-encoding")], f"{label}: {list(map(str, flows))}")
    hidden = [str(flow) for flow in origin.flows if flow.path not in paths]
    lab.expect("no second request", not hidden, hidden)
    lab.expect("no connection of an origin's broke", not [peer.end for peer in origin.peers if "malformed" in (peer.end or "")],
               [peer.end for peer in origin.peers])


def _swallow(flow):
    flow.body()
    flow.respond(b"taken")


UNTOUCHED = "nothing of it reaches the client"


def _responses():
    """label -> the bytes of a response over HTTP/1.1, all of them to be refused."""
    def response(line=b"HTTP/1.1 200 OK", fields=b"X-Name: evil\r\n", body=b"evil"):
        return line + b"\r\n" + fields + b"Content-Length: 4\r\n\r\n" + body

    cases = {}
    for byte in _CONTROLS:
        octet = bytes([byte])
        cases[f"{byte:#x} in the status"] = response(b"HTTP/1.1 2" + octet + b"00 OK")
        cases[f"{byte:#x} in a name"] = response(fields=b"X-Na" + octet + b"me: evil\r\n")
        cases[f"{byte:#x} in a value"] = response(fields=b"X-Name: ev" + octet + b"il\r\nX-Second: evil\r\n")
        cases[f"{byte:#x} in Set-Cookie"] = response(fields=b"Set-Cookie: evil=1" + octet + b"; Path=/\r\n")
    for byte in b' "(),/;<=>?@[\\]{}\x80\xff':
        cases[f"{byte:#x} in a name"] = response(fields=b"X-Na" + bytes([byte]) + b"me: evil\r\n")
    for name in (b":path", b":status", b":authority", b":"):
        cases[f"a field {name!r}"] = response(fields=name + b": evil\r\nX-Name: evil\r\n")
    for field in (b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Transfer-Encoding: evil"):
        cases[f"a length and {field!r}"] = response(fields=field + b"\r\nX-Name: evil\r\n")
    cases["101"] = b"HTTP/1.1 101 Switching\r\nUpgrade: evil\r\nConnection: upgrade\r\n\r\nevil"
    cases["HTTP/2"] = response(b"HTTP/2 200 OK")
    cases["a status below 100"] = response(b"HTTP/1.1 099 OK")
    cases["frames"] = b"\0\0\0\4\0\0\0\0\0evil"
    return cases


@scenario("G07! F11!", control=Control(UNTOUCHED), timeout=120)
def responses(lab):
    """To clients of either version. In the control the word that is looked for stands where it may."""
    cases = list(_responses().items())

    def answer(connection):
        while request := connection.reader.request():
            connection.remember(request)
            number = request.target.removeprefix("/bad-")
            if not number.isdigit():
                connection.respond("good")
                continue
            connection.send(b"HTTP/1.1 200 OK\r\nX-Name: evil\r\nContent-Length: 4\r\n\r\nevil" if lab.in_control
                            else cases[int(number)][1])
            return

    lab.origin(serve=answer)
    lab.gateway()
    for version in versatile.VERSIONS:
        with Client(lab, version, "h1.matrix.test") as client:
            for number, (label, _) in enumerate(cases):
                if lab.in_control and number % 20:
                    continue
                flow = client.request("GET", f"/bad-{number}")
                try:
                    status, body = flow.head(10).status, flow.body(10)
                except Broken as error:
                    status, body = error.how, error.partial
                fields = [pair for pair in flow.fields if pair[0] not in ("x-request-id", "date")]
                lab.expect(UNTOUCHED, "evil" not in str(fields) and EVIL not in body, f"{label} to {version}: {status} {fields} {body}")
                lab.expect("the client gets a 502", lab.in_control or status == 502, f"{label} to {version}: {status}")
            good = client.ask("GET", "/good")
            lab.expect("the gateway still serves", good.status == 200 and good.body() == b"good", f"{version}: {good}")
