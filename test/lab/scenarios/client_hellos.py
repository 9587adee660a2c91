"""ClientHellos of every size and shape, and what is none (A9; C02, C03)."""

import os
import socket
import time

from harness import client, hello, raw_tls, topology
from harness.scenario import Control, scenario

COMPLETE = "the handshake completes with the right name"
_PADDING = 0x10  # SSL_OP_TLSEXT_PADDING would make every small hello 512 bytes long
_SIZES = {"small": 300, "post-quantum size": 1800, "16 KiB": 16384}


def _shaped(lab, size, name):
    """A handshake whose hello is about `size` bytes long."""
    context = lab.client_context(alpn=("http/1.1",), ciphers="ECDHE+AESGCM", groups="prime256v1")
    context.options &= ~_PADDING
    probe = raw_tls.ShapedHandshake(None, context, name)
    missing = size - len(probe.hello)
    if missing > 8:
        context.set_alpn_protocols(hello.padding_protocols(missing + 9))
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    return raw_tls.ShapedHandshake(made, context, name)


def _shapes(message):
    """How the same hello may arrive: label -> pieces and the pause between them."""
    whole = hello.records(message, [16384])
    half = len(message) // 2
    yield "whole", [whole], 0
    yield "byte by byte", [bytes([one]) for one in whole], 0
    yield "in two segments", [whole[:half], whole[half:]], 0.02
    yield "after the record header", [whole[:5], whole[5:]], 0.02
    yield "in two records", [hello.records(message, [half, 16384])], 0
    yield "record after record", [hello.records(message[:half], [16384]), hello.records(message[half:], [16384])], 0.02
    yield "in many records", [hello.records(message, [100])], 0
    if len(message) < 2000:
        yield "one byte a record", [hello.records(message, [1])], 0
        yield "one byte a record and a segment", [hello.records(message[n:n + 1], [1]) for n in range(len(message))], 0


@scenario("A9 C02!", control=Control(COMPLETE, passthrough=True))
def every_size_in_every_shape(lab):
    lab.origin()
    daemon = lab.gateway()
    for label, size in _SIZES.items():
        message = _shaped(lab, size, "shaped.test").hello
        lab.expect("the hello has its size", abs(len(message) - size) < 120, len(message))
        for shape, _, _ in _shapes(message):
            _complete(lab, daemon, label, size, shape)


def _complete(lab, daemon, label, size, shape):
    name = f"{shape.replace(' ', '-')}.{size}.test"
    handshake = _shaped(lab, size, name)
    pieces, pause = next((pieces, pause) for key, pieces, pause in _shapes(handshake.hello) if key == shape)
    try:
        handshake.finish(pieces, pause)
        answer = handshake.request(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        lab.expect(COMPLETE, answer.startswith(b"HTTP/1.1 200") and _intercepted(lab, daemon, name),
                   f"{label} {shape}: {answer[:80]}")
    except OSError as error:
        lab.expect(COMPLETE, False, f"{label} {shape}: {error}")
    finally:
        handshake.socket.close()


def _intercepted(lab, daemon, name):
    try:
        return daemon.wait_exchange(0.1 if lab.in_control else lab.patience, host=name)
    except TimeoutError:
        return None


@scenario("C02!", control=Control(COMPLETE, passthrough=True))
def split_at_every_byte(lab):
    """A hello in two segments, cut at each byte of its record header and names, and at every 16th after."""
    lab.origin()
    daemon = lab.gateway()
    length = len(hello.records(_shaped(lab, 300, "cut.test").hello, [16384]))
    for cut in [*range(1, 140), *range(140, length, 16)]:
        handshake = _shaped(lab, 300, f"cut-{cut}.test")
        whole = hello.records(handshake.hello, [16384])
        try:
            handshake.finish([whole[:cut], whole[cut:]])
            answer = handshake.request(f"GET / HTTP/1.1\r\nHost: cut-{cut}.test\r\n\r\n".encode())
            lab.expect(COMPLETE, answer.startswith(b"HTTP/1.1 200") and _intercepted(lab, daemon, f"cut-{cut}.test"), answer)
        except OSError as error:
            lab.expect(COMPLETE, False, f"cut at {cut}: {error}")
        finally:
            handshake.socket.close()
        if lab.in_control and cut > 8:
            return


@scenario("A9")
def what_is_no_hello(lab):
    lab.origin(serve=lambda connection: connection.reader.fill())
    daemon = lab.gateway({"intercept.first_bytes_seconds": "2", "limits.handshake_seconds": "3"})
    before = daemon.descriptors()
    started = hello.records(hello.handmade(hello.server_name(b"slow.test")), [16384])
    huge = b"\x01" + (70 << 10).to_bytes(3, "big") + b"\x03\x03" + os.urandom(32) + b"\0" * (70 << 10)
    cases = {
        "garbage": [os.urandom(300)],
        "a record of garbage": [b"\x16\x03\x01\x01\x00" + os.urandom(256)],
        "plain HTTP": [b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"],
        "an SSLv2 hello": [b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + os.urandom(37)],
        "silence": [],
        "one byte, then silence": [b"\x16"],
        "half a hello, then silence": [started[:len(started) // 2]],
        "a hello of 70 KiB": [hello.records(huge, [16384])],
        "an empty record, again and again": [b"\x16\x03\x01\x00\x00" * 2000],
        "a length that lies": [b"\x16\x03\x01\x00\x28\x01\x00\x00\x24\x03\x03" + os.urandom(32) + b"\xff\xff"],
    }
    made = {}
    for label, pieces in cases.items():
        made[label] = client.dial(lab.client_side, topology.ORIGIN, 443)
        for piece in pieces:
            _send_all(made[label], piece)
    began = time.monotonic()
    for label, one in made.items():
        records, ending, _ = raw_tls.read_records(one, lab.patience)
        took = time.monotonic() - began
        lab.expect("a clean close by the deadline", ending in ("closed", "reset") and took < 25
                   and all(kind == raw_tls.ALERT for kind, _ in records),
                   f"{label}: {ending} after {took:.1f} s, {records}")
        one.close()
    lab.expect("no descriptor is left", _settles(daemon, before), f"{daemon.descriptors()} now, {before} before")


def _send_all(made, data):
    try:
        made.sendall(data)
    except OSError:
        pass  # it may be refused before all of it is sent


def _settles(daemon, wanted, slack=2, timeout=30):
    deadline = time.monotonic() + timeout
    while daemon.descriptors() > wanted + slack and time.monotonic() < deadline:
        time.sleep(0.05)
    return daemon.descriptors() <= wanted + slack


@scenario("C03!", control=Control("canonical, or refused by an alert", passthrough=True))
def odd_names(lab):
    origin = lab.origin()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    names = {
        "upper case": hello.server_name(b"BLOCKED.TEST"),
        "trailing dot": hello.server_name(b"blocked.test."),
        "NUL": hello.server_name(b"blocked.test\0.good.test"),
        "an address": hello.server_name(b"203.0.113.10"),
        "too long": hello.server_name(b"a" * 63 + b"." + b"b" * 63 + b"." + b"c" * 63 + b"." + b"d" * 63 + b".test"),
        "a label too long": hello.server_name(b"a" * 64 + b".test"),
        "two names": hello.server_name(b"good.test", b"blocked.test"),
        "invalid UTF-8": hello.server_name(b"\xc3\x28.test"),
        "empty": hello.server_name(b""),
        "empty list": b"\0\0",
        "list length that lies": b"\xff\xff\0\0\x01a",
        "line break": hello.server_name(b"a.test\r\nX-Evil: 1"),
    }
    for label, body in names.items():
        made = client.dial(lab.client_side, topology.ORIGIN, 443)
        made.sendall(hello.records(hello.handmade(body), [16384]))
        first = _first_record(made)
        refused = first is None or first[0] == raw_tls.ALERT
        answered = first is not None and first[0] == raw_tls.HANDSHAKE
        asked = [one.server_name for one in origin.connections if one.server_name]
        lab.expect("canonical, or refused by an alert",
                   (refused or answered) and not any(_odd(name) for name in asked), f"{label}: {first} the origin saw {asked}")
        made.close()
        if lab.in_control:
            return
    for spelled in ("BLOCKED.test", "blocked.test."):
        answer = _get_spelled(lab, spelled)
        lab.expect("policy sees the canonical name", answer is None or answer.startswith(b"HTTP/1.1 403"), answer)
    after = lab.get("good.test")
    lab.expect("others are served", after.status == 200, daemon.lines[-3:])


def _odd(name):
    return name != name.lower() or name.endswith(".") or not all(one.isalnum() or one in ".-" for one in name)


def _first_record(made):
    made.settimeout(30)
    try:
        data = made.recv(65536)
    except ConnectionError:
        return None
    except socket.timeout:
        return (0, b"silence")
    records = raw_tls.split_records(data)
    return records[0] if records else None


def _get_spelled(lab, spelled):
    context = lab.client_context()
    context.check_hostname = False
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    try:
        handshake = raw_tls.ShapedHandshake(made, context, spelled)
        handshake.finish([handshake.first_flight])
        return handshake.request(f"GET / HTTP/1.1\r\nHost: {spelled}\r\n\r\n".encode())
    except OSError:
        return None
    finally:
        made.close()


@scenario("C03", control=Control("no_sni = refuse ends it with an alert", settings={"intercept.no_sni": "connect"}))
def no_server_name(lab):
    origin = lab.origin()
    lab.gateway({"intercept.no_sni": "refuse"})
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    made.sendall(hello.records(hello.handmade(None), [16384]))
    first = _first_record(made)
    lab.expect("no_sni = refuse ends it with an alert", first is None or first[0] == raw_tls.ALERT, first)
    lab.expect("the origin is left alone", lab.in_control or not origin.connections, origin.connections)
    made.close()
