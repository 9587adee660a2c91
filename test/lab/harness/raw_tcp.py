"""TCP segments made by hand, as no kernel would send them: from any port, at any time, without a connection."""

import itertools
import random
import socket
import struct

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def segment(source, destination, flags, sequence=0, acknowledged=0, payload=b"", options=b""):
    """An IPv4 packet from one (address, port) to another; `options` fill whole words."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    header = struct.pack("!HHIIBBHHH", source[1], destination[1], sequence, acknowledged, 0x50 + (len(options) << 2), flags,
                         64240, 0, 0) + options
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(header) + len(payload))
    checksum = _checksum(pseudo + header + payload)
    body = header[:16] + struct.pack("!H", checksum) + header[18:] + payload
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, socket.IPPROTO_TCP, 0) + addresses + body


def _checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def send(namespace, packets):
    """Sends such packets from the namespace; the kernel fills in the IP header's checksum."""
    with namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        for packet in packets:
            sender.sendto(packet, (socket.inet_ntoa(packet[16:20]), 0))


def syns(source, destination, count, first_port=1024):
    """So many SYNs, each from a port of its own."""
    for port in itertools.islice(itertools.count(first_port), count):
        yield segment((source, port), destination, SYN, sequence=random.getrandbits(32))
