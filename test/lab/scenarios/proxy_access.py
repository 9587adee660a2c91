"""Who may use the proxy: names and passwords, and clients that a load balancer speaks for (H07)."""

import base64
import socket
import ssl
import struct
import time

from harness import client, http1, nesting, topology
from harness.scenario import Control, scenario

_PROXY = (topology.GATEWAY_LAN, 8080)
SECURE, ONBOARDING = 8444, 8088
NAME = "sallyport.internal"


# --- credentials

WANTED = "without the right password it is 407"


def _line(lab, name, password):
    """As the admin makes it."""
    made = lab.command("credentials", name, check=True, input=password + "\n")
    return made.stdout


def _basic(name, password):
    return f"Proxy-Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}\r\n"


def _with_users(lab, settings=None):
    """Files with a credentials file, which a control may leave out of the settings."""
    files = lab.files(settings)
    files.write("users", _line(lab, "ann", "correct horse") + "# not a user\n" + _line(lab, "b\u00f6rn", "battery"))
    if not lab.in_control:
        files.settings["explicit.credentials_file"] = f"{files.folder}/users"
        lab.settings_used.setdefault("explicit.credentials_file", []).append("users")
        files.write_settings(files.settings)
    return files


def _connect(lab, fields, authority="shop.test:443"):
    """(status, Proxy-Authenticate) of a CONNECT in HTTP/1.1."""
    with client.dial(lab.client_side, *_PROXY) as made:
        try:
            return client.connect_through(made, authority, fields).status, None
        except client.ProxyRefused as refused:
            return refused.response.status, refused.response.get("proxy-authenticate")


def _absolute(lab, fields):
    wire = nesting.Wire(client.dial(lab.client_side, *_PROXY))
    with wire.socket:
        return nesting.ask(wire, "http://shop.test/", "shop.test", fields)


@scenario("H07!", control=Control(WANTED))
def names_and_passwords(lab):
    """In the control there is no credentials file."""
    origin, plain = lab.origin(), lab.plain_origin()
    lab.name_server()
    daemon = lab.gateway(files=_with_users(lab))
    wrong = ["", _basic("ann", "mistaken"), _basic("ann", ""), _basic("nobody", "correct horse"), _basic("ANN", "correct horse"),
             "Proxy-Authorization: Basic !!!\r\n", "Proxy-Authorization: Bearer abc\r\n", "Authorization: Basic YW5uOmNvcnJlY3QgaG9yc2U=\r\n",
             _basic("ann", "correct horse") * 2, "Proxy-Authorization: Basic YW5u\r\n"]
    for fields in wrong:
        status, challenge = _connect(lab, fields)
        lab.expect(WANTED, status == 407 and challenge and challenge.startswith("Basic realm="), f"{fields}: {status} {challenge}")
        answer = _absolute(lab, fields)
        lab.expect(WANTED, answer.status == 407, f"{fields}: {answer}")
        if lab.in_control:
            return
    lab.expect("nobody was dialled", not origin.connections and not plain.connections, origin.connections)
    for name, password in (("ann", "correct horse"), ("b\u00f6rn", "battery")):
        for _ in range(2):  # found out by crypt(3), and remembered
            lab.expect("with it the tunnel opens", _connect(lab, _basic(name, password))[0] == 200, name)
    answer = _absolute(lab, _basic("ann", "correct horse"))
    lab.expect("http:// requests too", answer.status == 200, answer)
    lab.expect("what was for the proxy stays there", b"proxy-authorization" not in plain.received().lower(), plain.received())
    with client.dial(lab.client_side, *_PROXY) as made:
        client.connect_through(made, "shop.test:443", _basic("ann", "correct horse"))
        with client.Connection(made, lab.client_context(), "shop.test") as connection:
            connection.request("/mine", "shop.test")
    line = daemon.wait_exchange(lab.patience, path="/mine")
    lab.expect("the log has the name", line.get("user") == "ann", line)
    lab.expect("no password is logged", not any(word in text for text in daemon.lines for word in ("correct horse", "mistaken", "battery")),
               "")


@scenario("H07")
def passwords_in_nested_layers(lab):
    """Whoever opened the tunnel has said who it is; a ClientHello in place of a request says nothing, and is refused; and the
    CA certificate is everybody's."""
    lab.origin()
    lab.name_server()
    daemon = lab.gateway(files=_with_users(lab, {"listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}"}))
    wire = nesting.Wire(client.dial(lab.client_side, *_PROXY))
    tunnel = nesting.Connect1(wire, f"{NAME}:443", _basic("ann", "correct horse"))
    secure = nesting.Tls(tunnel, lab.client_context(), NAME)
    answer = nesting.ask(nesting.Tls(secure, lab.client_context(), "shop.test"), "/nested", "shop.test")
    lab.expect("a nested layer is its opener's", answer.status == 200, answer)
    lab.expect("the log has the name", daemon.wait_exchange(lab.patience, path="/nested").get("user") == "ann", daemon.lines[-2:])
    outer = nesting.Tls(nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE)), lab.client_context(), NAME)
    try:
        nesting.Tls(outer, lab.client_context(), "shop.test")
        failure = "it was served"
    except ssl.SSLError as error:
        failure = str(error)
    lab.expect("a ClientHello without a password is refused", "access denied" in failure.lower(), failure)
    page = nesting.ask(nesting.Wire(client.dial(lab.client_side, *_PROXY)), f"http://{NAME}/", NAME)
    lab.expect("the CA certificate needs no password", page.status == 200, page)


@scenario("H07 L04")
def passwords_are_reloaded(lab):
    """And a file with a mistake changes nothing."""
    lab.name_server()
    files = _with_users(lab)
    daemon = lab.gateway(files=files)
    lab.expect("the old one does", _connect(lab, _basic("ann", "correct horse"))[0] == 200, "")
    new = _line(lab, "ann", "new one")
    files.write("users", "ann:plain text\n")
    daemon.wait_line(r"users:1: ", after=daemon.reload())
    lab.expect("a file with a mistake is not used", _connect(lab, _basic("ann", "correct horse"))[0] == 200, daemon.lines[-3:])
    files.write("users", new)
    daemon.wait_line(r"\breloaded\b", after=daemon.reload())
    lab.expect("a new password counts after a reload", _connect(lab, _basic("ann", "new one"))[0] == 200, daemon.lines[-3:])
    lab.expect("the old one no more", _connect(lab, _basic("ann", "correct horse"))[0] == 407, daemon.lines[-3:])


@scenario("H07")
def guesses_keep_nobody_waiting(lab):
    """crypt(3) takes its time; meanwhile everybody else is served."""
    lab.origin()
    lab.name_server()
    daemon = lab.gateway(files=_with_users(lab, {"gateway.workers": "1"}))
    lab.expect("the right one is known", _connect(lab, _basic("ann", "correct horse"))[0] == 200, "")
    guessing = []
    for number in range(8):
        made = client.dial(lab.client_side, *_PROXY)
        made.sendall(f"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n{_basic('ann', f'guess {number}')}\r\n".encode())
        guessing.append(made)
    lab.expect("who is known is served meanwhile", _connect(lab, _basic("ann", "correct horse"))[0] == 200, "")
    lab.expect("transparent clients too", lab.get("a.test").status == 200, daemon.lines[-2:])
    statuses = []
    for made in guessing:
        with made:
            statuses.append(http1.Reader(made.recv).response("CONNECT").status)
    lab.expect("each guess is answered, or told that too many wait", set(statuses) <= {407, 503} and 407 in statuses, statuses)


# --- allowed clients, by every way in

@scenario("H07!", control=Control("others are refused", settings={"explicit.allowed_clients": "lan"}))
def other_clients_by_every_way(lab):
    """By CONNECT, http://, TLS, HTTP/2, and a ClientHello in place of a request."""
    lab.origin()
    lab.plain_origin()
    lab.name_server()
    daemon = lab.gateway({"explicit.allowed_clients": f"{topology.SECOND_CLIENT}/32",
                          "listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}"})
    allowed = _ways_in(lab, topology.SECOND_CLIENT)
    others = _ways_in(lab, topology.CLIENT)
    for way, status in others.items():
        lab.expect("others are refused", status != 200, f"{way}: {status}")
    if not lab.in_control:
        lab.expect("the listed client is served by every way", set(allowed.values()) == {200}, allowed)
        lab.expect("the log says why", lab.until(lambda: sum("allowed_clients" in one.get("error", "")
                   for one in daemon.records()) >= len(others)), daemon.lines[-5:])


def _ways_in(lab, source):
    found = {}
    for way, port in (("CONNECT", 8080), ("http://", 8080), ("TLS", SECURE), ("HTTP/2", SECURE), ("ClientHello", SECURE)):
        wire = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, port, source=source))
        with wire.socket:
            try:
                layer = wire if port == 8080 else nesting.Tls(wire, lab.client_context(alpn=("h2",) if way == "HTTP/2" else ()), NAME)
                if way == "http://":
                    found[way] = nesting.ask(layer, "http://shop.test/", "shop.test").status
                    continue
                if way != "ClientHello":
                    layer = (nesting.Connect2 if way == "HTTP/2" else nesting.Connect1)(layer, "shop.test:443")
                found[way] = nesting.ask(nesting.Tls(layer, lab.client_context(), "shop.test"), "/", "shop.test").status
            except client.ProxyRefused as refused:
                found[way] = refused.response.status
            except (ssl.SSLError, ConnectionError) as error:
                found[way] = str(error)
    return found


@scenario("H05 K01")
def tunnels_of_one_client(lab):
    """Each tunnel on an HTTP/2 connection has a place among the client's connections; another client has its own."""
    lab.origin()
    lab.name_server()
    lab.gateway({"listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}", "limits.connections_per_client": "10"})
    held, statuses = [], []
    for _ in range(10):  # each takes two places: the connection's and the tunnel's
        wire = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE))
        held.append(wire.socket)
        try:
            nesting.Connect2(nesting.Tls(wire, lab.client_context(alpn=("h2",)), NAME), "a.test:443")
            statuses.append(200)
        except client.ProxyRefused as refused:
            statuses.append(refused.response.status)
        except (ssl.SSLError, ConnectionError):
            statuses.append(0)
    lab.expect("tunnels beyond the cap are refused", statuses.count(200) == 5 and set(statuses[5:]) <= {503, 0}, statuses)
    other = lab.get("a.test", proxy=_PROXY, source=topology.SECOND_CLIENT)
    lab.expect("another client is served", other.status == 200, other)
    for made in held:
        made.close()
    lab.expect("what has ended gives its places back", lab.until(lambda: _opens(lab)), "")


def _opens(lab):
    try:
        return lab.get("a.test", proxy=_PROXY).status == 200
    except (OSError, client.ProxyRefused):
        return False


# --- the PROXY protocol

SPOKEN_FOR = "the client is whom the header names"
_BALANCER = topology.SECOND_CLIENT


def _version1(source, destination=topology.GATEWAY_LAN):
    family = "TCP6" if ":" in source else "TCP4"
    return f"PROXY {family} {source} {destination} 40000 8080\r\n".encode()


def _version2(source, destination=topology.GATEWAY_LAN, command=1, extra=b""):
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    addresses = socket.inet_pton(family, source) + socket.inet_pton(family, destination) + struct.pack("!HH", 40000, 8080)
    kind = 0x21 if family == socket.AF_INET6 else 0x11
    return b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack("!BBH", 0x20 | command, kind, len(addresses) + len(extra)) + addresses + extra


def _spoken(lab, header, *, source=_BALANCER, port=8080, pieces=False):
    """The status of a request behind the header; 0 where the connection only ended."""
    data = header + b"GET http://shop.test/ HTTP/1.1\r\nHost: shop.test\r\n\r\n"
    try:
        with client.dial(lab.client_side, topology.GATEWAY_LAN, port, source=source) as made:
            for piece in [data[at:at + 1] for at in range(len(data))] if pieces else [data]:
                made.sendall(piece)
            return http1.Reader(made.recv).response().status
    except (ConnectionError, http1.Truncated):
        return 0


@scenario("H07!", control=Control(SPOKEN_FOR, settings={"listen.proxy_protocol_from": ""}))
def headers_from_named_senders(lab):
    """Either version, whole and byte by byte; LOCAL and UNKNOWN are the sender's own."""
    origin = lab.plain_origin()
    lab.name_server()
    daemon = lab.gateway({"listen.proxy_protocol_from": f"{_BALANCER}/32", "explicit.allowed_clients": "lan, 198.18.0.0/15",
                          "listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}", "upstream.source_address": "gateway"})
    headers = {"version 1": _version1("198.18.0.7"), "version 2": _version2("198.18.0.7"),
               "version 2 with more in it": _version2("198.18.0.7", extra=b"\x03\x00\x04\x00\x00\x00\x00\x04\x00\x02ab")}
    for label, header in headers.items():
        for pieces in (False, True):
            status = _spoken(lab, header, pieces=pieces)
            line = daemon.wait_record(2 if lab.in_control else lab.patience, client="198.18.0.7:40000", status=200)
            lab.expect(SPOKEN_FOR, status == 200 and line, f"{label}: {status} {daemon.lines[-1]}")
            if lab.in_control:
                return
    served = len(origin.requests())
    for label, header in (("UNKNOWN", b"PROXY UNKNOWN\r\n"), ("LOCAL", _version2("198.18.0.7", command=0))):
        status = _spoken(lab, header)
        lab.expect("what speaks for nobody is the sender's own", status == 200, f"{label}: {status}")
    lab.expect("and logged as such", lab.until(lambda: sum(one.get("client", "").startswith(_BALANCER + ":")
               for one in daemon.exchanges()) == 2), daemon.lines[-2:])
    lab.expect("whom it names is judged", _spoken(lab, _version1("192.0.2.9")) == 403, "not an allowed client")
    made = client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE, source=_BALANCER)
    made.sendall(_version2("198.18.0.9"))
    secure = nesting.Tls(nesting.Wire(made), lab.client_context(), NAME)
    answer = nesting.ask(secure, "http://shop.test/tls", "shop.test")
    lab.expect("before TLS too", answer.status == 200 and daemon.wait_record(client="198.18.0.9:40000", path="/tls"), answer)
    lab.expect("each came to the origin", len(origin.requests()) == served + 3, len(origin.requests()))


@scenario("H07!", control=Control("nobody else's header is believed", settings={"listen.proxy_protocol_from": topology.LAN}))
def headers_from_others(lab):
    """A header from elsewhere is a malformed request; a named sender without one is let go, and its garbage too."""
    lab.plain_origin()
    lab.name_server()
    daemon = lab.gateway({"listen.proxy_protocol_from": f"{_BALANCER}/32", "explicit.allowed_clients": "lan, 198.18.0.0/15",
                          "upstream.source_address": "gateway", "intercept.first_bytes_seconds": "2"})
    for header in (_version1("198.18.0.7"), _version2("198.18.0.7")):
        status = _spoken(lab, header, source=topology.CLIENT)
        lab.expect("nobody else's header is believed", status in (0, 400, 505), status)
    if lab.in_control:
        return
    lab.expect("others need none", _spoken(lab, b"", source=topology.CLIENT) == 200, "")
    for label, header in (("none", b""), ("half of one", b"PROXY TCP4 198.18"), ("another family", b"PROXY TCP4 ::1 ::1 1 2\r\n"),
                          ("too long", b"PROXY TCP4 " + b"1" * 200 + b"\r\n"), ("version 3", b"\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c" + b"\0" * 12)):
        status = _spoken(lab, header)
        lab.expect("a named sender must say for whom", status == 0, f"{label}: {status}")
    began = time.monotonic()
    with client.dial(lab.client_side, *_PROXY, source=_BALANCER) as silent:
        lab.expect("a silent one is let go", _ends(silent), time.monotonic() - began)
    lab.expect("the log says why", lab.until(lambda: sum("refused a connection from " + _BALANCER in line
               for line in daemon.lines) >= 6), daemon.lines[-3:])


def _ends(made):
    try:
        return made.recv(1) == b""
    except ConnectionError:
        return True
