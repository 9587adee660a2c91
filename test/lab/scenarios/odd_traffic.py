"""What does not fit: no name, no TLS, an unknown protocol inside TLS, an encrypted name (C04, C07, C4, C7)."""

import socket
import ssl

from harness import certificates, client, hello, raw_tls, tls13, topology
from harness.http2_origin import FrameOrigin
from harness.raw_origin import RawOrigin
from harness.scenario import Control, scenario

_BLOCKED = f"[blacklist]\ndomain = {topology.SECOND_ORIGIN}\n"
_HTTP = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
_SSH = b"SSH-2.0-laboratory\r\n"
_NOISE = b"\x00\x01laboratory noise"
_GREETING = b"220 mail.test ready\r\n"


def _ending(made, timeout=15):
    """How the other side ended the connection; "open" where it did not."""
    _, ending, _ = raw_tls.read_records(made, timeout)
    made.close()
    return ending


# --- no name

NAMES = "the leaf carries the origin's names"


@scenario("C03 C4", control=Control(NAMES, settings={"intercept.no_sni": "refuse"}))
def names_are_the_origins(lab):
    identity = certificates.issue(lab.root, ["one.test", "two.test", topology.ORIGIN])
    context = lab.server_context(identity)
    lab.origin([topology.ORIGIN], contexts=lambda *_: context)
    daemon = lab.gateway()
    trusting = lab.client_context()
    trusting.check_hostname = False
    for host in ("one.test", "two.test", topology.ORIGIN):
        try:
            answer = lab.get(host, server_name=None, context=trusting)
        except OSError as error:
            lab.expect(NAMES, False, error)
            return
        lab.expect(NAMES, certificates.names_of(answer.leaf) == {"one.test", "two.test", topology.ORIGIN}, answer.leaf)
        lab.expect("each of them may be asked for", answer.status == 200, answer)
    stranger = lab.get("three.test", server_name=None, context=trusting)
    lab.expect("no other name may", stranger.status == 403, stranger)
    line = daemon.wait_record(host="one.test", status=200)
    lab.expect("the log has the request's host", line.get("upstream") == f"{topology.ORIGIN}:443", line)


@scenario("C03 C4")
def nameless_origin_that_cannot_be_believed(lab):
    stranger = certificates.authority("Nobody's root")
    context = lab.server_context(certificates.issue(stranger, ["one.test", topology.ORIGIN]))
    lab.origin([topology.ORIGIN], contexts=lambda *_: context)
    daemon = lab.gateway()
    answer = lab.get(topology.ORIGIN, server_name=None, context=_unchecked(lab))
    lab.expect("502 with the reason", answer.status == 502 and b"issuer" in answer.body, answer)
    lab.expect("under a leaf for the address", certificates.names_of(answer.leaf) == {topology.ORIGIN}, answer.leaf)
    lab.expect("the log has the reason", "issuer" in lab.logged(daemon, answer).get("error", ""), daemon.lines[-2:])
    try:
        answer = lab.get(topology.SECOND_ORIGIN, address=topology.SECOND_ORIGIN, server_name=None, context=_unchecked(lab))
        lab.expect("an origin that is not there is 502 too", answer.status == 502, answer)
    except OSError as error:
        lab.expect("an origin that is not there is 502 too", False, error)


def _unchecked(lab):
    context = lab.client_context()
    context.check_hostname = False
    return context


@scenario("C03 C4")
def nameless_clients_of_an_http2_origin(lab):
    """They share a connection to it, and whoever finds it there gets the same names."""
    origin = FrameOrigin(lab, ["one.test", "two.test", topology.ORIGIN], _answer_all)
    lab.gateway({"gateway.workers": "1"})
    for host in ("one.test", "two.test"):
        answer = lab.get(host, server_name=None, context=_unchecked(lab))
        lab.expect("the leaf carries the origin's names", answer.status == 200 and certificates.names_of(answer.leaf)
                   == {"one.test", "two.test", topology.ORIGIN}, f"{answer} {answer.leaf}")
    lab.expect("one connection served both", len(origin.wires) == 1, origin.wires)


def _answer_all(wire, _name):
    if wire.greet():
        while stream := wire.next_request():
            wire.respond(stream)


@scenario("C03 C4", control=Control("the log says why", settings={"intercept.no_sni": "connect"}))
def refused_without_a_name(lab):
    origin = lab.origin()
    daemon = lab.gateway({"intercept.no_sni": "refuse"})
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    made.sendall(hello.records(hello.handmade(None), [16384]))
    made.recv(7)
    made.close()
    line = daemon.wait_record(2 if lab.in_control else 30, error="the client named no host, and no_sni = refuse")
    lab.expect("the log says why", line.get("host") == topology.ORIGIN, daemon.lines[-2:])
    lab.expect("the origin is left alone", lab.in_control or not origin.connections, origin.connections)


# --- not TLS

RELAYED = "it is relayed as it is"


def _exchange(lab, first, address=topology.ORIGIN):
    """Sends the bytes, gives what came back first; b"" at an end."""
    made = client.dial(lab.client_side, address, 443)
    try:
        made.sendall(first)
        return made.recv(4096)
    except OSError:
        return b""
    finally:
        made.close()


@scenario("C07 C4", control=Control(RELAYED, settings={"intercept.not_tls": "refuse"}))
def not_tls_is_passed(lab):
    raw = RawOrigin(lab.origin_side, topology.ORIGIN)
    speaker = RawOrigin(lab.origin_side, "203.0.113.12", greeting=_GREETING)
    blocked = RawOrigin(lab.origin_side, topology.SECOND_ORIGIN)
    daemon = lab.gateway({"intercept.not_tls": "pass", "intercept.first_bytes_seconds": "1"}, _BLOCKED)
    for seen, first in (("http", _HTTP), ("ssh", _SSH), ("unknown", _NOISE)):
        answer = _exchange(lab, first)
        lab.expect(RELAYED, answer == b"echo: " + first, f"{seen}: {answer}")
        if not lab.in_control:
            line = daemon.wait_record(seen=seen)
            lab.expect("the log names what was seen", line.get("verdict") == "PASSED-THROUGH"
                       and line.get("rule") == "intercept not_tls" and line.get("upstream") == f"{topology.ORIGIN}:443", line)
    made = client.dial(lab.client_side, "203.0.113.12", 443)
    greeting = made.recv(100)
    lab.expect(RELAYED, greeting == _GREETING, f"the server speaks first: {greeting}")
    if not lab.in_control:
        made.sendall(b"EHLO client.test\r\n")
        lab.expect("the client is heard then", made.recv(100) == b"echo: EHLO client.test\r\n", "")
        made.close()
        lab.expect("the log names silence", daemon.wait_record(seen="silence"), daemon.lines[-3:])
        lab.expect("an address that is blocked stays blocked", _exchange(lab, _SSH, topology.SECOND_ORIGIN) == b"", "")
        line = daemon.wait_record(host=topology.SECOND_ORIGIN)
        lab.expect("the log says so", line.get("verdict") == "BLACK-LISTED" and line.get("seen") == "ssh", line)
    lab.expect("nobody was dialled for it", not blocked.received, blocked.received)
    lab.expect("the origins got what was sent", lab.in_control or bytes(raw.received[1]) == _SSH, raw.received)
    lab.expect("the greeting came from its server", lab.in_control or len(speaker.received) == 1, speaker.received)


@scenario("C07 C4", control=Control("a ClientHello after the silence does not pass", settings={"intercept.first_bytes_seconds": "30"}))
def late_hello(lab):
    """Silence is relayed for servers that speak first. In the control the client is in time."""
    blocked = lab.origin()
    daemon = lab.gateway({"intercept.not_tls": "pass", "intercept.first_bytes_seconds": "1"})
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    if not lab.in_control:
        blocked.wait_for(lambda origin: origin.connections)  # the silence is being relayed
    made.sendall(hello.records(hello.handmade(hello.server_name(b"hidden.test")), [16384]))
    kinds = [kind for kind, _ in raw_tls.read_records(made, 3 if lab.in_control else 15)[0]]
    lab.expect("a ClientHello after the silence does not pass", not kinds, kinds)
    made.close()
    if not lab.in_control:
        line = daemon.wait_record(seen="silence")
        lab.expect("the log says why", line.get("error") == "a ClientHello came when the time for it was over", line)
        blocked.connections[0].finished.wait(30)
        lab.expect("the origin was sent nothing", not blocked.connections[0].hello_bytes, blocked.connections[0].hello_bytes)


@scenario("C07 C4", control=Control("it is refused", settings={"intercept.not_tls": "pass"}))
def not_tls_is_refused(lab):
    raw = RawOrigin(lab.origin_side, topology.ORIGIN, greeting=_GREETING)
    daemon = lab.gateway({"intercept.not_tls": "refuse", "intercept.first_bytes_seconds": "2"})
    made = {"http": _HTTP, "ssh": _SSH, "unknown": _NOISE, "silence": b""}
    for seen, first in made.items():
        one = client.dial(lab.client_side, topology.ORIGIN, 443)
        one.sendall(first)
        lab.expect("it is refused", _ending(one, 5) in ("closed", "reset") and not raw.received, f"{seen}: {raw.received}")
        if lab.in_control:
            return
        line = daemon.wait_record(seen=seen)
        error = "no ClientHello came in time" if seen == "silence" else f"not TLS: {seen}"
        lab.expect("the log names what was seen", line.get("error") == error, line)


# --- an unknown protocol inside TLS

CARRIED = "an unknown protocol is carried between two TLS sessions"


def _say_hello(connection):
    """A protocol of the laboratory's own: a line is answered with the line."""
    while line := connection.tls.recv(4096):
        connection.requests.append(line)
        connection.send(b"you said " + line)


def _protocol_context(lab, names, issuer=None):
    context = lab.server_context(certificates.issue(issuer or lab.root, ["strange.test", "blocked.test", topology.ORIGIN]), alpn=())
    if names:
        context.set_alpn_protocols(names)
    return context


def _protocols(lab, *names):
    return lab.client_context(alpn=names)


@scenario("C07 C4", control=Control(CARRIED, settings={"intercept.unknown_alpn": "refuse"}))
def unknown_protocol_is_passed(lab):
    good = _protocol_context(lab, ["lab-two"])
    unwilling = _protocol_context(lab, [])
    stranger = _protocol_context(lab, ["lab-two"], certificates.authority("Nobody's root"))
    origin = lab.origin([topology.ORIGIN], contexts=lambda *_: good, serve=_say_hello)
    others = [lab.origin([address], contexts=lambda *_, context=context: context, serve=_say_hello)
              for address, context in ((topology.SECOND_ORIGIN, unwilling), ("203.0.113.12", stranger))]
    daemon = lab.gateway({"intercept.unknown_alpn": "pass"}, "[blacklist]\ndomain = blocked.test\n")
    try:
        with lab.open("strange.test", context=_protocols(lab, "lab-one", "lab-two")) as connection:
            connection.send(b"good morning\n")
            answer = connection.tls.recv(100)
            lab.expect(CARRIED, answer == b"you said good morning\n" and connection.leaf.issuer
                       == lab.authority.certificate.subject, f"{answer} {connection.leaf.issuer}")
            lab.expect("the origin's choice of protocol is the client's", connection.tls.selected_alpn_protocol() == "lab-two",
                       connection.tls.selected_alpn_protocol())
    except OSError as error:
        lab.expect(CARRIED, False, error)
    if lab.in_control:
        return
    lab.expect("the client's whole offer reached the origin", origin.connections[0].hello.alpn == ("lab-one", "lab-two"),
               origin.connections[0].hello.alpn)
    line = daemon.wait_record(alpn="lab-two")
    lab.expect("the log has the protocol", line.get("host") == "strange.test" and line.get("verdict") == "ALLOWED-BY-DEFAULT"
               and line.get("tls_upstream") and line.get("bytes_in") == 13, line)
    for address, why in ((topology.SECOND_ORIGIN, "the origin speaks no protocol of the client's"), ("203.0.113.12", "issuer")):
        lab.expect("an origin that does not fit is an alert",
                   "alert" in _failure(lab, "strange.test", address, "lab-two").lower(), why)
        told = lab.until(lambda why=why: any(why in one.get("error", "") for one in daemon.records()))
        lab.expect("the log says why", told, daemon.lines[-2:])
    lab.expect("nothing was said to it", not any(one.requests for other in others for one in other.connections), others)
    before = len(origin.connections)
    lab.expect("a blocked name is an alert", "alert" in _failure(lab, "blocked.test", topology.ORIGIN, "lab-two").lower(), "")
    line = daemon.wait_record(host="blocked.test")
    lab.expect("the log has the verdict", line.get("verdict") == "BLACK-LISTED", line)
    lab.expect("nobody was dialled for it", len(origin.connections) == before, origin.connections)


def _failure(lab, name, address, *protocols):
    """What the client's TLS library says; "" where all went well."""
    try:
        lab.open(name, address, context=_protocols(lab, *protocols)).close()
    except (ssl.SSLError, OSError) as error:
        return str(error)
    return ""


@scenario("C07 C4", control=Control("no_application_protocol", settings={"intercept.unknown_alpn": "pass"}))
def unknown_protocol_is_refused(lab):
    context = _protocol_context(lab, ["lab-two"])
    origin = lab.origin([topology.ORIGIN], contexts=lambda *_: context, serve=_say_hello)
    daemon = lab.gateway({"intercept.unknown_alpn": "refuse"})
    failure = _failure(lab, "strange.test", topology.ORIGIN, "lab-two")
    lab.expect("no_application_protocol", "no application protocol" in failure.lower() and not origin.connections, failure)
    if not lab.in_control:
        line = daemon.wait_record(host="strange.test")
        lab.expect("the log says why", line.get("error") == "the client speaks no protocol of ours", line)


# --- an encrypted name

COMPLETE = "the handshake completes as the outer name"


@scenario("C04 C4 C7", control=Control(COMPLETE, passthrough=True))
def encrypted_name(lab):
    """A hello with ECH, GREASE or not: nobody can tell. Where it was meant, the client comes back in clear."""
    lab.origin()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    made = tls13.Tls13Client(client.dial(lab.client_side, topology.ORIGIN, 443), "outer.test", tls13.ech_extension())
    lab.expect(COMPLETE, made.leaf.issuer == lab.authority.certificate.subject
               and certificates.names_of(made.leaf) == {"outer.test"}, made.leaf)
    if lab.in_control:
        return
    made.send(b"GET / HTTP/1.1\r\nHost: outer.test\r\n\r\n")
    lab.expect("a client that only greased gets its page", made.receive().startswith(b"HTTP/1.1 200"), "")
    made.socket.close()
    line = daemon.wait_record(host="outer.test", status=200)
    lab.expect("the log says ech", line.get("ech") == "offered" and "ech_attempt" not in line, line)
    blocked = tls13.Tls13Client(client.dial(lab.client_side, topology.ORIGIN, 443), "blocked.test", tls13.ech_extension())
    blocked.send(b"GET / HTTP/1.1\r\nHost: blocked.test\r\n\r\n")
    lab.expect("policy applies to the outer name", blocked.receive().startswith(b"HTTP/1.1 403"), "")
    blocked.socket.close()

    meant = tls13.Tls13Client(client.dial(lab.client_side, topology.ORIGIN, 443), "outer.test", tls13.ech_extension())
    meant.alert(tls13.ECH_REQUIRED)
    meant.socket.close()
    attempt = daemon.wait_record(error="the client gave up its encrypted name")
    lab.expect("the attempt is logged", attempt.get("host") == "outer.test" and attempt.get("ech_attempt"), daemon.lines[-2:])
    again = tls13.Tls13Client(client.dial(lab.client_side, topology.ORIGIN, 443), "inner.test")
    again.send(b"GET / HTTP/1.1\r\nHost: inner.test\r\n\r\n")
    lab.expect("in clear it gets its page", again.receive().startswith(b"HTTP/1.1 200"), "")
    again.socket.close()
    line = daemon.wait_record(host="inner.test")
    lab.expect("both attempts are joined in the log", line.get("ech_attempt") == attempt.get("ech_attempt")
               and "ech" not in line, line)


@scenario("C04")
def unknown_extensions_and_suites(lab):
    """Values that nobody has defined are ignored."""
    lab.origin()
    lab.gateway()
    strange = b"".join(kind.to_bytes(2, "big") + b"\x00\x03abc" for kind in (0x1234, 0xFEFE, 0x0A0A, 0x7A7A))
    made = tls13.Tls13Client(client.dial(lab.client_side, topology.ORIGIN, 443), "strange.test", strange)
    made.send(b"GET / HTTP/1.1\r\nHost: strange.test\r\n\r\n")
    lab.expect("its page comes", made.receive().startswith(b"HTTP/1.1 200"), "")
    made.socket.shutdown(socket.SHUT_RDWR)
