"""http:// addresses: asked of the proxy, inside a CONNECT to port 80, and steered from port 80 (F06)."""

import os

from harness import client, http1, topology
from harness.raw_origin import RawOrigin
from harness.scenario import Control, scenario

_PROXY = (topology.GATEWAY_LAN, 8080)
_URL = f"http://{topology.GATEWAY_LAN}:8080"
_HTTP_DOOR = {"listen.transparent_http": "0.0.0.0:8480, [::]:8480"}


class Plain:
    """A connection on which requests are written as they are and responses read."""

    def __init__(self, lab, address, port, source=None):
        self.socket = client.dial(lab.client_side, address, port, source=source)
        self.reader = http1.Reader(self.socket.recv)

    def ask(self, data, method="GET"):
        """Status 0: the connection ended without an answer."""
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
        return self.reader.response(method)

    def ended(self):
        """Whether the other side closes, with nothing more said."""
        try:
            return not self.socket.recv(1)
        except ConnectionError:
            return True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def _proxied(lab, data, method="GET"):
    with Plain(lab, *_PROXY) as connection:
        return connection.ask(data, method)


# --- asked of the proxy

INSPECTED = "the verdict applies to http:// requests"


@scenario("A4 F06", control=Control(INSPECTED, policy=""))
def absolute_form_requests(lab):
    origin = lab.plain_origin()
    rewritten = lab.plain_origin([topology.TARGET])
    lab.name_server()
    daemon = lab.gateway(policy=f"[blacklist]\ndomain = blocked.test\n[rewrite moved.test]\ntarget_ip = {topology.TARGET}\n"
                                "header = X-From: gate\n")
    blocked = _proxied(lab, "GET http://blocked.test/ HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    lab.expect(INSPECTED, blocked.status == 403 and b"Policy Blocked" in blocked.body and not origin.connections, blocked)
    if lab.in_control:
        return
    lab.expect("the refusal is logged", lab.logged(daemon, blocked).get("verdict") == "BLACK-LISTED", daemon.lines[-2:])
    with Plain(lab, *_PROXY) as connection:
        for number in range(20):
            answer = connection.ask(f"GET http://shop.test/{number}?q=1 HTTP/1.1\r\nHost: shop.test\r\n\r\n")
            lab.expect("requests follow each other on one connection", answer.status == 200
                       and answer.body.startswith(f"GET /{number}?q=1 HTTP/1.1".encode()), answer)
        other = connection.ask("GET http://other.test HTTP/1.1\r\nHost: shop.test\r\nProxy-Authorization: Basic YTpi\r\n"
                               "Proxy-Connection: keep-alive\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n")
        posted = connection.ask("POST http://shop.test/post HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\nhello", "POST")
        moved = connection.ask("GET http://moved.test/ HTTP/1.1\r\nHost: moved.test\r\n\r\n")
    lab.expect("another host is asked on the same connection", other.status == 200 and other.body.startswith(b"GET / HTTP/1.1"),
               other)
    asked, last = origin.requests()[-2:]
    lab.expect("the target wins, and Host is rewritten", asked.all("host") == ["other.test"], asked.raw_head)
    lab.expect("what was for the proxy stays there", not any(asked.get(name) for name in ("proxy-authorization",
               "proxy-connection", "x-hop")), asked.raw_head)
    lab.expect("bodies are sent on", posted.status == 200 and posted.body.endswith(b"hello"), posted)
    lab.expect("a rewrite sends it elsewhere", moved.status == 200 and len(rewritten.requests()) == 1
               and rewritten.requests()[0].get("x-from") == "gate", moved)
    line = lab.logged(daemon, last)
    lab.expect("the log has it like any other", line.get("host") == "shop.test" and line.get("verdict") == "ALLOWED-BY-DEFAULT"
               and line.get("via") == ["proxy"] and line.get("upstream", "").endswith(":80"), line)


_MALFORMED = {
    "https:// in the clear": "GET https://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "another scheme": "GET ftp://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "user information": "GET http://user@shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "a fragment": "GET http://shop.test/#top HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "no host": "GET http:///path HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "a port that is none": "GET http://shop.test:0/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "a port too large": "GET http://shop.test:65616/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "a blank in the host": "GET http://shop .test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "an address in one number": "GET http://2130706433/ HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "Host missing": "GET http://shop.test/ HTTP/1.1\r\n\r\n",
    "Host twice": "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test\r\nHost: other.test\r\n\r\n",
    "a list in Host": "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test, other.test\r\n\r\n",
    "a path in Host": "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test/x\r\n\r\n",
    "user information in Host": "GET http://shop.test/ HTTP/1.1\r\nHost: user@shop.test\r\n\r\n",
    "a bad port in Host": "GET http://shop.test/ HTTP/1.1\r\nHost: shop.test:99999\r\n\r\n",
    "no address at all": "GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "a relative path": "GET path HTTP/1.1\r\nHost: shop.test\r\n\r\n",
    "the HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
}


@scenario("F06")
def targets_that_are_refused(lab):
    """A 4xx or 5xx, and nobody is dialled: never plaintext to port 443."""
    origins = [lab.plain_origin(), lab.plain_origin(port=443)]
    lab.name_server()
    lab.gateway()
    for label, data in _MALFORMED.items():
        answer = _proxied(lab, data)
        lab.expect("refused", answer.status in (400, 501, 505), f"{label}: {answer}")
    lab.expect("nobody is dialled", not any(origin.connections for origin in origins), [one.connections for one in origins])
    forbidden = _proxied(lab, "GET http://shop.test:8081/ HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    lab.expect("ports that are not allowed are refused", forbidden.status == 403 and b"connect_ports" in forbidden.body, forbidden)
    lab.expect("HTTP/1.0 without Host is served", _proxied(lab, "GET http://shop.test/ HTTP/1.0\r\n\r\n").status == 200, "")
    star = _proxied(lab, "OPTIONS http://shop.test HTTP/1.1\r\nHost: shop.test\r\n\r\n", "OPTIONS")
    lab.expect("OPTIONS of the server is OPTIONS *", star.status == 200 and origins[0].requests()[-1].target == "*", star)


_PYTHON = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1], timeout=60).read().decode())\n"


@scenario("A4")
def http_proxy_in_the_environment(lab):
    """curl, wget and Python by http_proxy, as users set it; and curl's tunnel to port 80."""
    origin = lab.plain_origin()
    lab.name_server()
    lab.gateway()
    environment = {"PATH": os.environ["PATH"], "HOME": lab.folder, "http_proxy": _URL}
    runs = {
        "curl": (["curl", "-sS", "--max-time", "60", "http://curl.test/curl"], "GET /curl HTTP/1.1"),
        "python": (["/usr/bin/python3", "-c", _PYTHON, "http://python.test/python"], "GET /python HTTP/1.1"),
        "curl through a tunnel": (["curl", "-sS", "--max-time", "60", "--proxytunnel", "http://tunnel.test/tunnel"],
                                  "GET /tunnel HTTP/1.1"),
    }
    for label, (command, wanted) in runs.items():
        before = len(origin.requests())
        result = lab.client_side.run(command, check=False, env=environment)
        lab.expect(label, result.returncode == 0 and wanted in result.stdout and len(origin.requests()) == before + 1, result)


# --- inside a CONNECT to port 80

@scenario("A4 F06")
def plain_http_in_a_tunnel(lab):
    """Every request in it goes where CONNECT said; the head may come behind the CONNECT, or byte by byte."""
    origin = lab.plain_origin()
    lab.name_server()
    daemon = lab.gateway(policy=f"[blacklist]\ndomain = blocked.test\n[passthrough]\nclient = {topology.SECOND_CLIENT}\n")
    with Plain(lab, *_PROXY) as connection:
        client.connect_through(connection.socket, "blocked.test:80")
        blocked = connection.ask("GET / HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    lab.expect("it is judged like any other", blocked.status == 403 and not origin.connections, blocked)
    with Plain(lab, *_PROXY) as connection:
        connection.socket.sendall(b"CONNECT shop.test:80 HTTP/1.1\r\nHost: shop.test:80\r\n\r\n"
                                  b"GET /glued HTTP/1.1\r\nHost: shop.test\r\n\r\n")
        opened = connection.reader.head()
        glued = connection.reader.response()
        slow = b"GET /slow HTTP/1.1\r\nHost: shop.test\r\n\r\n"
        for byte in slow[:-1]:
            connection.socket.send(bytes([byte]))
        bytewise = connection.ask(slow[-1:])
        fronted = connection.ask("GET /fronted HTTP/1.1\r\nHost: hidden.test\r\n\r\n")
    lab.expect("what came with the CONNECT is not lost", opened.status == 200 and glued.body.startswith(b"GET /glued"), glued)
    lab.expect("bytes may come one by one", bytewise.body.startswith(b"GET /slow"), bytewise)
    lab.expect("another Host is refused", fronted.status == 403, fronted)
    lab.expect("nothing of it reaches the origin", [one.target for one in origin.requests()] == ["/glued", "/slow"],
               origin.requests())
    line = lab.logged(daemon, origin.requests()[0])
    lab.expect("the log has it", line.get("host") == "shop.test" and line.get("upstream", "").endswith(":80"), line)
    with Plain(lab, *_PROXY, source=topology.SECOND_CLIENT) as connection:
        client.connect_through(connection.socket, "shop.test:80")
        untouched = connection.ask("GET /untouched HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    lab.expect("a client that is left alone is relayed as it is", untouched.status == 200
               and origin.requests()[-1].get("x-request-id") is None, untouched)


@scenario("C07")
def something_else_in_a_tunnel(lab):
    """What is neither TLS nor HTTP is [intercept] not_tls's to decide, on any port that may be asked for."""
    raw = RawOrigin(lab.origin_side, topology.ORIGIN, port=22)
    lab.name_server()
    daemon = lab.gateway({"intercept.not_tls": "pass", "explicit.connect_ports": "443, 80, 22",
                          "intercept.first_bytes_seconds": "2"})
    for pieces in ([b"SSH-2.0-laboratory\r\n"], [b"S", b"SH-2.0-laboratory\r\n"]):
        made = client.dial(lab.client_side, *_PROXY)
        with made:
            client.connect_through(made, f"{topology.ORIGIN}:22")
            for piece in pieces:
                made.sendall(piece)
            answer = made.recv(100)
            while answer and len(answer) < 6 + 20:
                if not (more := made.recv(100)):
                    break
                answer += more
        lab.expect("a tunnel may carry SSH", answer == b"echo: SSH-2.0-laboratory\r\n", f"{pieces}: {answer}")
    speaker = RawOrigin(lab.origin_side, topology.SECOND_ORIGIN, port=22, greeting=b"220 ready\r\n")
    with client.dial(lab.client_side, *_PROXY) as made:
        client.connect_through(made, f"{topology.SECOND_ORIGIN}:22")
        lab.expect("a server may speak first", made.recv(100) == b"220 ready\r\n", speaker.received)
    lab.expect("the log names silence", daemon.wait_record(seen="silence").get("via") == ["proxy"], daemon.lines[-2:])
    line = daemon.wait_record(seen="ssh")
    lab.expect("the log names what was seen", line.get("verdict") == "PASSED-THROUGH" and line.get("via") == ["proxy"], line)
    lab.expect("the origin got what was sent", bytes(raw.received[0]) == b"SSH-2.0-laboratory\r\n", raw.received)


# --- steered from port 80

STEERED = "port 80 is steered, judged and answered"


@scenario("A3 I07", control=Control(STEERED, settings={"listen.transparent_http": ""}))
def steered_plain_http(lab):
    origin = lab.plain_origin()
    lab.name_server()
    daemon = lab.gateway(_HTTP_DOOR, "[blacklist]\ndomain = blocked.test\n")
    for address in (topology.ORIGIN, topology.ORIGIN6):
        with Plain(lab, address, 80) as connection:
            blocked = connection.ask("GET /blocked HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
            lab.expect(STEERED, blocked.status == 403 and b"Policy Blocked" in blocked.body, f"{address}: {blocked}")
            if lab.in_control:
                continue
            answers = [connection.ask(f"GET /{number} HTTP/1.1\r\nHost: Shop.test\r\n\r\n") for number in range(3)]
            lab.expect("requests follow each other", all(answer.status == 200 for answer in answers), answers)
            line = lab.logged(daemon, origin.requests()[-3])
            lab.expect("the log has it like any other", line.get("host") == "shop.test" and "judged_as" not in line
                       and line.get("upstream", "").endswith(":80") and not line.get("via"), line)
    if lab.in_control:
        return
    peers = {connection.peer[0] for connection in origin.connections}
    lab.expect("the origin sees the client's address", peers == {topology.CLIENT, topology.CLIENT6}, peers)
    lab.expect("what was blocked did not come", not [one for one in origin.requests() if one.target == "/blocked"],
               origin.requests())
    for address in (topology.GATEWAY_LAN, topology.GATEWAY_WAN):
        try:
            with Plain(lab, address, 8480) as connection:
                status = connection.ask("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n").status
        except OSError:
            status = 0
        lab.expect("a direct hit on the listener is refused", status == 0, f"{address}: {status}")


FORGED = "a forged Host opens no address"


@scenario("I01!", control=Control(FORGED))
def forged_host(lab):
    """Only listed names may be visited, and the client goes to an address of nobody's with a listed name in Host. In the
    control DNS vouches for it."""
    good, elsewhere = lab.plain_origin([topology.ORIGIN]), lab.plain_origin([topology.SECOND_ORIGIN])
    addresses = [topology.ORIGIN] + ([topology.SECOND_ORIGIN] if lab.in_control else [])
    names = lab.name_server({"good.test": addresses, "moved.test": [topology.ORIGIN]})
    daemon = lab.gateway(_HTTP_DOOR, "[default]\naction = block\n[whitelist]\ndomain = good.test\n"
                                     f"[rewrite moved.test]\ntarget_ip = {topology.ORIGIN}\n")
    with Plain(lab, topology.SECOND_ORIGIN, 80) as connection:
        forged = connection.ask("GET /forged HTTP/1.1\r\nHost: good.test\r\n\r\n")
    lab.expect(FORGED, forged.status == 403 and not elsewhere.connections, forged)
    if lab.in_control:
        return
    line = lab.logged(daemon, forged)
    lab.expect("the log says as what it was judged", line.get("judged_as") == topology.SECOND_ORIGIN
               and line.get("host") == "good.test" and line.get("verdict") == "BLOCKED", line)
    with Plain(lab, topology.ORIGIN, 80) as connection:
        honest = connection.ask("GET /honest HTTP/1.1\r\nHost: good.test\r\n\r\n")
        nobodys = connection.ask("GET /nobodys HTTP/1.1\r\nHost: unknown.test\r\n\r\n")
    lab.expect("the name's own address is served", honest.status == 200 and len(good.requests()) == 1, honest)
    lab.expect("a name that DNS does not know counts for nothing", nobodys.status == 403, nobodys)
    with Plain(lab, topology.SECOND_ORIGIN, 80) as connection:
        moved = connection.ask("GET /moved HTTP/1.1\r\nHost: moved.test\r\n\r\n")
    lab.expect("a rule that sends the name elsewhere needs no DNS", moved.status == 200
               and [one.target for one in good.requests()] == ["/honest", "/moved"], moved)
    lab.expect("nobody was dialled for a forged name", not elsewhere.connections, elsewhere.connections)
    lab.expect("DNS was asked", any(one[0] == "good.test" for one in names.questions), names.questions)


@scenario("C01")
def an_ordinary_host_that_dns_places_elsewhere(lab):
    """Where nothing is blocked, a name that does not live at the address is served from that address all the same."""
    origin = lab.plain_origin([topology.ORIGIN])
    lab.name_server({"shop.test": [topology.TARGET]})
    daemon = lab.gateway(_HTTP_DOOR)
    with Plain(lab, topology.ORIGIN, 80) as connection:
        answer = connection.ask("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    judged = lab.logged(daemon, origin.requests()[-1]).get("judged_as")
    lab.expect("the address it dialled is what is asked", answer.status == 200 and len(origin.requests()) == 1
               and origin.requests()[0].get("host") == "shop.test" and judged == topology.ORIGIN, f"{answer} {judged}")


def _switch(connection, _request):
    """An origin that switches to a WebSocket whose bytes it sends back."""
    connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
    while piece := connection.tls.recv(65536):
        connection.send(piece)
    return "end"


@scenario("A3 A4")
def websockets_without_tls(lab):
    """ws:// by the proxy, inside its tunnel, and steered."""
    lab.plain_origin(behaviours={"/socket": _switch})
    lab.name_server()
    lab.gateway(_HTTP_DOOR)
    fields = "Host: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    for way, target, address in (("absolute-form", "http://shop.test/socket", _PROXY), ("a tunnel", "/socket", _PROXY),
                                 ("steered", "/socket", (topology.ORIGIN, 80))):
        with Plain(lab, *address) as connection:
            if way == "a tunnel":
                client.connect_through(connection.socket, "shop.test:80")
            connection.socket.sendall(f"GET {target} HTTP/1.1\r\n{fields}".encode())
            head = connection.reader.head()
            if lab.expect("a WebSocket without TLS is relayed", head.status == 101, f"{way}: {head}"):
                connection.socket.sendall(b"\x81\x05world")
                received = connection.reader.exactly(12)
                lab.expect("both ways", received == b"hello\x81\x05world", f"{way}: {received}")
