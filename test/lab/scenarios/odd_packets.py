"""First packets in unusual clothes: no way around the rules through fragments, extension headers, tunnels or other ports
(TESTS I07)."""

import itertools
import os
import socket
import struct
import time

from harness import client, topology
from harness.capture import Capture
from harness.scenario import Control, scenario

UNSEEN = "no first packet gets out past the gateway"
_TCP, _FRAGMENT, _DESTINATION_OPTIONS, _HOP_BY_HOP, _IPV6_IN_IPV4 = 6, 44, 60, 0, 41
_IPV6_HDRINCL = 36
_PORTS = itertools.count(20000)


def _checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def _syn(source, destination, port=443):
    """A SYN as TCP sends it. Its first eight bytes are like no other's."""
    head = struct.pack("!HH4sIBBHHHBBH", next(_PORTS), port, os.urandom(4), 0, 6 << 4, 2, 64240, 0, 0, 2, 4, 1460)
    pseudo = _packed(source) + _packed(destination)
    pseudo += struct.pack("!BBH", 0, _TCP, len(head)) if ":" not in source else struct.pack("!II", len(head), _TCP)
    return head[:16] + struct.pack("!H", _checksum(pseudo + head)) + head[18:]


def _ipv4(source, destination, payload, protocol=_TCP, fragment=0, number=0):
    """`fragment`: offset in units of eight bytes, with 0x2000 where more follow."""
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), number, fragment, 64, protocol, 0)
    head += _packed(source) + _packed(destination)
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


def _ipv6(source, destination, payload, following=_TCP):
    return struct.pack("!IHBB", 6 << 28, len(payload), following, 64) + _packed(source) + _packed(destination) + payload


def _send(lab, packets, destination):
    v6 = packets[0][0] >> 4 == 6
    with lab.client_side.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        if v6:
            raw.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
        for packet in packets:
            raw.sendto(packet, (destination, 0))


def _variants():
    """Name, the packets, where they are sent, and the eight bytes that must not come out; whether the gateway answers."""
    four, six = (topology.CLIENT, topology.ORIGIN), (topology.CLIENT6, topology.ORIGIN6)
    for name in ("plain", "fragments", "fragments, the last one first"):
        syn = _syn(*four)
        packets = [_ipv4(*four, syn)]
        if name != "plain":
            packets = [_ipv4(*four, syn[:8], fragment=0x2000, number=len(name)),
                       _ipv4(*four, syn[8:], fragment=1, number=len(name))]
        yield name, packets[::-1] if "last" in name else packets, four[1], syn[:8], True
    for name, header in (("destination options", _DESTINATION_OPTIONS), ("hop-by-hop options", _HOP_BY_HOP)):
        syn = _syn(*six)
        padding = bytes([_TCP, 0, 1, 4, 0, 0, 0, 0])  # next header, length, PadN of six bytes
        yield name, [_ipv6(*six, padding + syn, header)], six[1], syn[:8], True
    syn = _syn(*six)
    parts = [struct.pack("!BBHI", _TCP, 0, 1, 9) + syn[:8], struct.pack("!BBHI", _TCP, 0, 8, 9) + syn[8:]]
    # A first fragment without the whole TCP header is dropped where packets are put together (RFC 7112).
    yield "IPv6 fragments", [_ipv6(*six, part, _FRAGMENT) for part in parts], six[1], syn[:8], False
    syn = _syn(*six)
    atomic = struct.pack("!BBHI", _TCP, 0, 0, 10) + syn
    yield "an IPv6 packet that is its only fragment", [_ipv6(*six, atomic, _FRAGMENT)], six[1], syn[:8], True
    syn = _syn("2002:a01:2::2", six[1])
    yield "6to4", [_ipv4(*four, _ipv6("2002:a01:2::2", six[1], syn), _IPV6_IN_IPV4)], four[1], syn[:8], False


def _is_answer(frame, syn_start):
    """A SYN and ACK of exactly that connection."""
    source, destination, sequence = struct.unpack("!HHI", syn_start)
    return struct.pack("!HH", destination, source) in frame and struct.pack("!I", (sequence + 1) & 0xFFFFFFFF) in frame


@scenario("I07!", control=Control(UNSEEN))
def no_way_around(lab):
    """In the control the rules are down: each of the packets would get to the origin."""
    lab.origin()
    lab.gateway()
    if lab.in_control:
        lab.steer("down")
    with Capture(lab.gateway_side, "wan0", topology.ORIGIN, keep_frames=True) as wan, \
         Capture(lab.gateway_side, "lan0", topology.CLIENT, keep_frames=True) as lan:
        variants = list(_variants())
        for _, packets, destination, _, _ in variants:
            _send(lab, packets, destination)
            time.sleep(0.01)  # reassembly of one is not to meet the next
        for name, _, _, start, answered in variants:
            if answered and not lab.in_control:
                seen = lab.until(lambda start=start: any(_is_answer(frame, start) for frame in list(lan.frames)))
                lab.expect("the gateway takes the connection", seen, name)
        if lab.in_control:
            lab.until(lambda: all(any(start in frame for frame in list(wan.frames)) for _, _, _, start, _ in variants))
    for name, _, _, start, _ in variants:
        lab.expect(UNSEEN, not any(start in frame for frame in wan.frames), name)


@scenario("I07!", control=Control("the same policy on every port", settings={"gateway.ports": "443"}))
def dns_over_tls_and_other_ports(lab):
    for port in (853, 8443):
        lab.origin(port=port)
    lab.gateway({"gateway.ports": "443, 853, 8443"}, policy="[blacklist]\ndomain = blocked.test\n")
    for address in (topology.ORIGIN, topology.ORIGIN6):
        for port in (853, 8443):
            answer = lab.get("blocked.test", address=address, port=port, host=f"blocked.test:{port}",
                             context=client.tls_context(None))
            lab.expect("the same policy on every port", answer.status == 403, f"{port}: {answer}")
