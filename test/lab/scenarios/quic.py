"""QUIC of transparent clients: judged by the name in its first packets, passed or refused (J01 to J05, F1 to F3 of issue 7)."""

import itertools
import os
import socket
import time

from harness import client, http3, quic, topology
from harness import http2_frames as h2
from harness.http2_client import open_frames
from harness.http2_origin import FrameOrigin
from harness.scenario import Control, scenario

_POLICY = """
[rewrite moved.test]
target_ip = 203.0.113.11
[blacklist]
domain = bad.test
[passthrough]
domain = *.bank.test
proof = none
"""
_PROVED = "[passthrough]\ndomain = *.bank.test\n"
_ADDRESSES = (topology.ORIGIN, topology.ORIGIN6)


def _udp_origin(lab, addresses=_ADDRESSES):
    return quic.UdpOrigin(lab.origin_side, addresses)


@scenario("J01! I07", control=Control("no byte of a refused name leaves", settings={"quic.action": "allow"}))
def only_passed_names_fly(lab):
    """Opened, rewritten, blacklisted and unnamed ones are refused, so that clients come by TCP."""
    origin = _udp_origin(lab)
    daemon = lab.gateway(policy=_POLICY)
    with lab.capture_wan() as wire:
        for address, name in itertools.product(_ADDRESSES, ("usual.test", "moved.test", "bad.test", None)):
            outcome = quic.ask(lab, quic.flight(name), address)
            lab.expect("a name that is opened or blocked is refused at once", lab.in_control or outcome == "refused",
                       f"{name} at {address}: {outcome}")
    lab.expect("no byte of a refused name leaves", not wire.to_port(443, 17) and not origin.received, wire.packets)
    for address in _ADDRESSES:
        outcome = quic.ask(lab, quic.flight("www.bank.test"), address)
        lab.expect("a name that is passed through flies", outcome == "passed", f"{address}: {outcome}")
    if lab.in_control:
        return
    for host, verdict, quic_key in (("bad.test", "BLACK-LISTED", "refused"), ("usual.test", "ALLOWED-BY-DEFAULT", "refused"),
                                    ("moved.test", "REWRITTEN", "refused"), ("www.bank.test", "PASSED-THROUGH", "passed"),
                                    (topology.ORIGIN, "ALLOWED-BY-DEFAULT", "refused")):
        line = daemon.wait_record(lab.patience, host=host, quic=quic_key)
        lab.expect("each flow is a line with its verdict", line.get("verdict") == verdict and line.get("client"), (host, line))
    counted = lab.until(lambda: quic.samples(lab, daemon))
    lab.expect("they are counted", counted.get('sallyport_quic_flows_total{result="refused"}') == 8
               and counted.get('sallyport_quic_flows_total{result="passed"}') == 2, counted)
    listed = lab.until(lambda: "bad.test" in lab.command("--config", daemon.files.config, "history").stdout)
    lab.expect("they are in the history", listed)


@scenario("J01! I02", control=Control("a name is not believed before its address has proved it", policy=_PROVED + "proof = none\n"))
def a_name_is_proved_over_tcp_first(lab):
    """Then its flow flies, without another packet of it leaving the kernel, until a policy wants it otherwise."""
    lab.origin()
    _udp_origin(lab)
    daemon = lab.gateway(policy=_PROVED)
    early = quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN)
    lab.expect("a name is not believed before its address has proved it", early == "refused", early)
    if lab.in_control:
        return
    answer = lab.get("www.bank.test", context=client.tls_context(lab.root.pem()))
    lab.require("TCP is passed through", answer.leaf.issuer == lab.root.certificate.subject, answer.leaf.issuer)
    with quic.Flow(lab, topology.ORIGIN) as flow:
        flow.send(*quic.flight("www.bank.test"))
        lab.expect("then it flies", flow.outcome() == "passed")
        before = quic.samples(lab, daemon)["sallyport_quic_packets_total"]
        outcomes = []
        for _ in range(20):
            flow.send(b"\x40later packets of the connection")
            outcomes.append(flow.outcome())
        lab.expect("its later packets fly", outcomes == ["passed"] * 20, outcomes)
        after = quic.samples(lab, daemon)["sallyport_quic_packets_total"]
        lab.expect("and do not leave the kernel", after == before, f"{before} {after}")
        quic.forget_flows(lab.gateway_side)
        flow.send(b"\x40after a long silence")
        lab.expect("a flow that the kernel has forgotten is still known", flow.outcome() == "passed")
        before = after + 1
        after = quic.samples(lab, daemon)["sallyport_quic_packets_total"]
        lab.expect("by asking once", after == before, f"{before} {after}")
        daemon.wait_line("reloaded", after=daemon.reload())
        flow.send(b"\x40more")
        lab.expect("after a reload it is judged anew, and passes", flow.outcome() == "passed")
        lab.expect("by asking", quic.samples(lab, daemon)["sallyport_quic_packets_total"] == after + 1)
        daemon.wait_line("reloaded", after=daemon.reload(policy="[blacklist]\ndomain = *.bank.test\n"))
        flow.send(b"\x40more")
        lab.expect("a policy that blocks it ends it", flow.outcome() == "refused")
    other = quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN6)
    lab.expect("another address has proved nothing", other == "refused", other)


def _readable(name):
    """Every shape in which the name can be read: (what it is, datagrams)."""
    message, large = quic.hello(name), quic.hello(name, padding=1700)
    yield "version 1", [quic.initial(quic.crypto(0, message))]
    yield "version 2", [quic.initial(quic.crypto(0, message), version=quic.VERSION_2)]
    for count in range(2, 6):
        parts = [quic.initial(part, number=at) for at, part in enumerate(quic.pieces(large, count))]
        yield f"{count} datagrams", parts
        yield f"{count} datagrams from the last to the first", parts[::-1]
    yield "a hello sent twice", [quic.initial(quic.pieces(large, 2)[0]), *[quic.initial(part) for part in quic.pieces(large, 2)]]
    frames = quic.pieces(message, 9)
    yield "frames shuffled, with PING and padding between", [quic.initial((quic.PING + quic.PADDING * 3).join(frames[::-1]))]
    yield "frames that overlap", [quic.initial(quic.crypto(30, message[30:]) + quic.crypto(0, message[:60]))]
    parts = quic.pieces(message, 2)
    yield "two packets in a datagram", [quic.initial(parts[0], size=0) + quic.initial(parts[1], number=1, size=0)]
    yield "something unreadable behind it", [quic.initial(quic.crypto(0, message), size=900) + b"\xc0\0\0\0\1" + bytes(200)]
    yield "after a Retry", [quic.initial(quic.crypto(0, message), destination=b"retried", token=b"t" * 60)]
    for length in (0, 1, 7, 20):
        yield f"a connection id of {length}", [quic.initial(quic.crypto(0, message), destination=b"d" * length,
                                                            source=b"s" * (20 - length))]


def _unreadable(name):
    message = quic.hello(name)
    whole = quic.initial(quic.crypto(0, message))
    yield "an unknown version", [quic.initial(quic.crypto(0, message), version=0xFF00001D)]
    yield "a GREASE version", [quic.initial(quic.crypto(0, message), version=0x1A2A3A4A)]
    yield "version negotiation", [b"\xc0" + bytes(4) + b"\x08dddddddd\0" + b"\0\0\0\1"]
    yield "a Retry", [b"\xf0\0\0\0\1\x08dddddddd\4ssss" + os.urandom(40)]
    for length in (21, 255):
        yield f"a connection id of {length}", [quic.initial(quic.crypto(0, message), destination=b"d" * length)]
    other = bytearray(message)
    other[50] ^= 1
    yield "a hello that contradicts itself", [quic.initial(quic.crypto(30, message[30:]) + quic.crypto(0, bytes(other[:60])))]
    yield "a strange frame", [quic.initial(b"\x1e" + quic.crypto(0, message))]
    yield "the wrong keys", [quic.initial(quic.crypto(0, message), keyed_by=b"another")]
    yield "a spoilt byte", [whole[:-1] + bytes([whole[-1] ^ 1])]
    yield "two names", [quic.initial(quic.crypto(0, quic.hello(None, extensions=b"\0\0\0\x12\0\x10\0\0\5a.bnk\0\0\5b.bnk")))]
    yield "no ClientHello", [quic.initial(quic.crypto(0, b"\2\0\0\4abcd"))]
    yield "half a hello", [quic.initial(quic.pieces(message, 2)[0])]
    yield "the middle of a connection", [b"\x40" + os.urandom(60)]
    yield "no QUIC", [b"\x16\xfe\xfd" + os.urandom(100)]
    yield "an empty datagram", [b""]
    for size in (1, 5, 6, 14, 24, 40, 200, 1199):
        yield f"{size} bytes of it", [whole[:size]]


_IPV6_HOPOPTS, _IPV6_DSTOPTS = 54, 59
_PADDED = b"\0\0\1\4\0\0\0\0"  # an extension header with nothing but padding
_HEADERS = ((topology.ORIGIN, "IP options", socket.IPPROTO_IP, socket.IP_OPTIONS, b"\1\1\1\0"),
            (topology.ORIGIN6, "hop-by-hop options", socket.IPPROTO_IPV6, _IPV6_HOPOPTS, _PADDED),
            (topology.ORIGIN6, "destination options", socket.IPPROTO_IPV6, _IPV6_DSTOPTS, _PADDED))
UNREADABLE = "what cannot be read is refused"


@scenario("J04! J05", control=Control(UNREADABLE, settings={"quic.undetermined": "allow"}))
def initials_of_every_shape(lab):
    """The right verdict, or the key's default; each flow alone, and the guard lives."""
    origin = _udp_origin(lab)
    daemon = lab.gateway({"quic.undetermined": "block"}, _POLICY)
    for what, datagrams in _readable("www.bank.test"):
        outcome = quic.ask(lab, datagrams, topology.ORIGIN)
        lab.expect("a readable name that is passed through flies", outcome == "passed", f"{what}: {outcome}")
    for what, datagrams in _readable("bad.test"):
        outcome = quic.ask(lab, datagrams, topology.ORIGIN)
        lab.expect("a readable name that is blocked is refused", outcome == "refused", f"{what}: {outcome}")
    wanted = {"www.bank.test": "passed", "bad.test": "refused"}
    for address, name in itertools.product(_ADDRESSES, wanted):
        outcome = quic.ask(lab, [quic.initial(quic.crypto(0, quic.hello(name)), size=4000)], address)
        lab.expect("a datagram in fragments is judged whole", outcome == wanted[name], f"{name} at {address}: {outcome}")
    for (address, what, *option), name in itertools.product(_HEADERS, wanted):
        outcome = quic.ask(lab, quic.flight(name), address, options=[option])
        lab.expect("headers in between are passed over", outcome == wanted[name], f"{name} behind {what}: {outcome}")
    before = len(origin.received)
    for what, datagrams in _unreadable("www.bank.test"):
        outcome = quic.ask(lab, datagrams, topology.ORIGIN)
        lab.expect(UNREADABLE, outcome == "refused", f"{what}: {outcome}")
    lab.expect("and does not leave", lab.in_control or len(origin.received) == before, len(origin.received) - before)
    if lab.in_control:
        return
    line = daemon.wait_record(lab.patience, error="unknown QUIC version 0x1a2a3a4a")
    lab.expect("the log says why", line.get("quic") == "refused" and line.get("rule") == "quic undetermined", line)


@scenario("J04", control=Control("what cannot be read may be let pass", settings={"quic.undetermined": "block"}))
def what_cannot_be_read_may_be_let_pass(lab):
    """And with it what stands in a queue that nobody empties; but not a name that was read and is refused."""
    _udp_origin(lab)
    lab.gateway({"quic.undetermined": "allow"}, _POLICY)
    outcome = quic.ask(lab, [b"\x16no QUIC at all"], topology.ORIGIN)
    lab.expect("what cannot be read may be let pass", outcome == "passed", outcome)
    outcome = quic.ask(lab, quic.flight("bad.test"), topology.ORIGIN)
    lab.expect("a name that was read is judged", outcome == "refused", outcome)


FULL = "a full queue does what the key says"


@scenario("J03", control=Control(FULL, settings={"quic.undetermined": "allow"}))
def the_daemon_is_stopped(lab):
    """More than the queue holds, while nobody looks: nothing of it leaves. In the control it is let pass."""
    origin = _udp_origin(lab)
    daemon = lab.gateway(policy=_POLICY)
    with daemon.halted():
        with quic.Flow(lab, topology.ORIGIN) as flow:
            for _ in range(16):
                flow.send(*[b"\x16no QUIC at all"] * 500)
        if lab.in_control:
            lab.until(lambda: origin.received)
        lab.expect(FULL, not origin.received, len(origin.received))
    if lab.in_control:
        return
    # What comes while the queue is still full is dropped, as clients know of UDP: they ask again.
    judged = lab.until(lambda: quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN, patience=1) == "passed", lab.patience)
    lab.expect("afterwards it judges as before", judged, "")


@scenario("J01", control=Control("all of QUIC is refused", settings={"quic.action": "policy"}))
def all_of_quic_can_be_refused(lab):
    _udp_origin(lab)
    daemon = lab.gateway({"quic.action": "block", "quic.queue": "7"}, _POLICY + "client = 10.1.0.3\n")
    for source in (topology.CLIENT, topology.SECOND_CLIENT):
        outcome = quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN, source=source)
        lab.expect("all of QUIC is refused", outcome == "refused", f"{source}: {outcome}")
    if lab.in_control:
        return
    lab.expect("the log says by what", daemon.wait_record(lab.patience, rule="quic action"))
    daemon.wait_line("reloaded", after=daemon.reload({**daemon.files.settings, "quic.action": "allow"}))
    passes = lab.until(lambda: quic.ask(lab, quic.flight("bad.test"), topology.ORIGIN) == "passed")
    lab.expect("once it may pass it does, though the kernel's rules are still there", passes)


@scenario("J01", control=Control("a client that is left alone is not judged", policy=_POLICY))
def a_client_that_is_left_alone(lab):
    _udp_origin(lab)
    lab.gateway(policy=_POLICY + "client = 10.1.0.3\n")
    outcome = quic.ask(lab, [b"\x16no QUIC at all"], topology.ORIGIN, source=topology.SECOND_CLIENT)
    lab.expect("a client that is left alone is not judged", outcome == "passed", outcome)
    outcome = quic.ask(lab, quic.flight("usual.test"), topology.ORIGIN)
    lab.expect("others are", outcome == "refused", outcome)


@scenario("J02! I08", control=Control("nothing passes while the daemon is away", settings={"quic.action": "allow"}))
def the_daemon_is_killed(lab):
    """The kernel drops what nobody judges, and is told again at once when the daemon is back."""
    origin = _udp_origin(lab)
    daemon = lab.gateway(policy=_POLICY)
    lab.expect("before", quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN) == "passed")
    daemon.kill()
    before = len(origin.received)
    outcome = quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN, patience=1)
    lab.expect("nothing passes while the daemon is away", outcome == "nothing" and len(origin.received) == before, outcome)
    if lab.in_control:
        return
    again = lab.gateway(files=daemon.files)
    lab.expect("it takes the queue at once", any("NFQUEUE" in line for line in again.lines), again.lines)
    outcome = quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN)
    lab.expect("verdicts resume", outcome == "passed", outcome)
    outcome = quic.ask(lab, quic.flight("usual.test"), topology.ORIGIN)
    lab.expect("of both kinds", outcome == "refused", outcome)


@scenario("J03")
def the_kernel_runs_out_of_room(lab):
    """Large packets while nobody looks: the kernel leaves some out and says so (ENOBUFS), which ends nothing."""
    origin = _udp_origin(lab)
    daemon = lab.gateway(policy=_POLICY)
    with daemon.halted(), quic.Flow(lab, topology.ORIGIN) as flow:
        flow.send(*[os.urandom(60000)] * 800)
    overruns = lab.until(lambda: quic.samples(lab, daemon)["sallyport_quic_overruns_total"], lab.patience)
    lab.expect("the kernel had to leave some out", overruns)
    judged = lab.until(lambda: quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN, patience=1) == "passed", lab.patience)
    lab.expect("verdicts go on", judged)
    lab.expect("what was left out went nowhere", max(map(len, origin.received), default=0) < 60000, len(origin.received))


@scenario("J01", alone=True)
def many_flows_at_a_time(lab):
    """Fifty refused flows all hear of it within a second."""
    _udp_origin(lab)
    lab.gateway(policy=_POLICY)
    flows = [(quic.Flow(lab, topology.ORIGIN), quic.flight(f"n{number}.test")) for number in range(50)]
    with lab.capture_wan() as wire:
        began = time.monotonic()
        for flow, datagrams in flows:
            flow.send(*datagrams)
        outcomes = [flow.outcome() for flow, _ in flows]
        took = time.monotonic() - began
    lab.expect("each of fifty flows is refused", outcomes == ["refused"] * 50, outcomes)
    lab.note(f"fifty refused in {took * 1000:.0f} ms")
    lab.expect("within a second", took < 1 or not lab.measures, f"{took:.2f} s")
    lab.expect("and nothing of them leaves", not wire.to_port(443, 17), wire.packets[:3])
    for flow, _ in flows:
        flow.close()


_OFFERS = 'Alt-Svc: h3=":443"; ma=86400, h2="other.test:443"\r\nAlt-Svc: h3-29=":443"\r\n'
_SWITCH = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
# The handshake of RFC 6455 section 1.3.
_ASKED, _ANSWERED = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"


@scenario("J01!", control=Control("HTTP/3 is not offered", settings={"quic.action": "allow"}))
def http3_is_not_offered(lab):
    """Alt-Svc of an origin loses what would lead around us, and keeps the rest; that of a response that switches protocols too."""
    lab.origin(behaviours={
        "/": lambda connection, _: connection.respond("hello", fields=_OFFERS),
        "/socket": lambda connection, _: connection.send(f"HTTP/1.1 101 Switching Protocols\r\n{_SWITCH}{_ANSWERED}{_OFFERS}\r\n")})
    lab.gateway()
    for path, fields in (("/", ""), ("/socket", f"{_SWITCH}{_ASKED}Sec-WebSocket-Version: 13\r\n")):
        answer = lab.get("offers.test", path, fields=fields)
        lab.expect("it is answered", answer.status == (101 if fields else 200), answer)
        lab.expect("HTTP/3 is not offered", answer.all("alt-svc") == ['h2="other.test:443"'], answer.all("alt-svc"))


_ALTSVC = 0xA  # RFC 7838 section 4


def _offer_in_frames(wire, _name):
    offer = b'h3=":443"; ma=86400'
    named = b"https://frames.test"
    if not wire.greet():
        return
    wire.send(h2.frame(_ALTSVC, 0, 0, len(named).to_bytes(2, "big") + named + offer))
    while stream := wire.next_request():
        wire.send(h2.frame(_ALTSVC, 0, stream, b"\0\0" + offer),
                  h2.headers(stream, wire.block((":status", "103"), ("alt-svc", 'h3=":443"')), h2.END_HEADERS))
        wire.respond(stream, fields=[("alt-svc", 'h3=":443"')])


@scenario("J01!", control=Control("HTTP/3 is offered by nothing in HTTP/2", passthrough=True))
def http3_is_not_offered_by_frames(lab):
    """ALTSVC frames of either kind, and the fields of interim and final responses."""
    FrameOrigin(lab, ["frames.test"], _offer_in_frames)
    lab.gateway()
    with open_frames(lab, "frames.test", patience=lab.patience) as wire:
        wire.begin()
        wire.ask(1)
        status, _ = wire.answer(1)
        offers = [str(frame) for frame in wire.frames if frame.kind == _ALTSVC]
        offers += [value for fields in wire.heads[1] for name, value in fields if name == "alt-svc"]
        heads = len(wire.heads[1])
    lab.expect("both responses came", status == 200 and heads == 2, f"{status}, {heads} heads")
    lab.expect("HTTP/3 is offered by nothing in HTTP/2", not offers, offers)


@scenario("J01!", control=Control("a name that is opened or blocked is not to be had over HTTP/3", settings={"quic.action": "allow"}))
def http3_end_to_end(lab):
    """Debian's ngtcp2, both ends: what is passed through is fetched over HTTP/3; nothing of what is not leaves."""
    names = ["www.bank.test", "usual.test", "bad.test"]
    lab.client_side.write_etc("hosts", f"{topology.ORIGIN} {' '.join(names)}\n")
    with http3.server(lab, topology.ORIGIN, names):
        lab.gateway(policy=_POLICY)
        # The server may not listen yet.
        first = lab.until(lambda: http3.fetch(lab, "www.bank.test")[0], lab.patience)
        lab.expect("a name that is passed through is fetched over HTTP/3", first)
        negotiated = http3.fetch(lab, "www.bank.test", "--other-versions=v2draft,v1", "--preferred-versions=v2draft,v1")
        lab.expect("a client that would rather have another version begins with one that is read", negotiated[0], negotiated[1][-1500:])
        with lab.capture_wan() as wire:
            for name in names[1:]:
                fetched, said = http3.fetch(lab, name, seconds=8 if lab.in_control else 1)
                lab.expect("a name that is opened or blocked is not to be had over HTTP/3", not fetched, said[-1500:])
        left = [str(packet) for packet in wire.to_port(443, 17)]
        lab.expect("nothing of it leaves", lab.in_control or not left, left[:5])
