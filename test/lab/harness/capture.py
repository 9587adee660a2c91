"""Packets on one interface of a namespace, by AF_PACKET. A capture ends behind a fence, a datagram of its own that it
waits for, so that everything sent before has been seen."""

import dataclasses
import os
import select
import socket
import struct
import threading
import time

_EVERYTHING = 3  # ETH_P_ALL


@dataclasses.dataclass
class Packet:
    """One IP packet; `payload` is what follows the TCP or UDP header."""

    source: str
    destination: str
    protocol: int
    source_port: int = 0
    destination_port: int = 0
    sequence: int = 0
    flags: int = 0
    payload: bytes = b""

    def __str__(self):
        return (f"{self.source}:{self.source_port} > {self.destination}:{self.destination_port} "
                f"protocol {self.protocol} flags {self.flags:#x} {len(self.payload)} B")


class Capture:
    """`with Capture(namespace, interface, fence_address) as capture:`; afterwards `packets` is complete, and `frames` where
    they were asked for: everything as it was on the wire."""

    def __init__(self, namespace, interface, fence_address, keep_frames=False):
        self._namespace, self._fence_address = namespace, fence_address
        self._fence = os.urandom(16)
        self._socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
        self._socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self._socket.bind((interface, _EVERYTHING))
        self._seen_fence = threading.Event()
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self.packets = []
        self.frames = [] if keep_frames else None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        deadline = time.monotonic() + 30
        with self._namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            while not self._seen_fence.is_set() and time.monotonic() < deadline:
                sender.sendto(self._fence, (self._fence_address, 9))
                self._seen_fence.wait(0.2)
        os.write(self._stop_write, b"x")
        self._thread.join()
        self._socket.close()
        os.close(self._stop_read)
        os.close(self._stop_write)
        if not self._seen_fence.is_set():
            raise RuntimeError("the capture did not see its own fence")

    def _read(self):
        while True:
            ready, _, _ = select.select([self._socket, self._stop_read], [], [])
            if self._stop_read in ready:
                return
            frame = self._socket.recv(1 << 17)
            if self.frames is not None:
                self.frames.append(frame)
            packet = decode(frame)
            if packet is None:
                continue
            if packet.payload == self._fence:
                self._seen_fence.set()
            elif packet.protocol in (6, 17) and packet.destination_port != 9:  # the rest is the kernels' own talk
                self.packets.append(packet)

    def to_port(self, port, protocol=6):
        return [packet for packet in self.packets if packet.protocol == protocol and packet.destination_port == port]

    def stream(self, source, destination):
        """The TCP payload that went from one (address, port) to another, put together; port None takes any one flow."""
        pieces, start = {}, None
        for packet in self.packets:
            if not (_is(packet.source, packet.source_port, source) and _is(packet.destination, packet.destination_port,
                                                                           destination)):
                continue
            if packet.flags & 2:
                start = packet.sequence + 1
            if packet.payload and len(packet.payload) > len(pieces.get(packet.sequence, b"")):
                pieces[packet.sequence] = packet.payload
        return _joined(pieces, start)


def _is(address, port, wanted):
    return address == wanted[0] and wanted[1] in (None, port)


def _joined(pieces, start):
    if start is None:
        return b""
    data = bytearray()
    for sequence in sorted(pieces, key=lambda number: (number - start) % (1 << 32)):
        offset = (sequence - start) % (1 << 32)
        if offset > len(data):
            raise RuntimeError(f"the capture lost bytes at offset {len(data)}")
        data += pieces[sequence][len(data) - offset:]
    return bytes(data)


def decode(frame):
    """The IP packet in an Ethernet frame, or None."""
    kind = struct.unpack_from("!H", frame, 12)[0]
    if kind == 0x0800:
        header = (frame[14] & 15) * 4
        total = struct.unpack_from("!H", frame, 16)[0] or len(frame) - 14
        packet = Packet(socket.inet_ntop(socket.AF_INET, frame[26:30]), socket.inet_ntop(socket.AF_INET, frame[30:34]),
                        frame[23])
        return _transport(packet, frame[14 + header:14 + total])
    if kind == 0x86DD:
        size = struct.unpack_from("!H", frame, 18)[0] or len(frame) - 54
        packet = Packet(socket.inet_ntop(socket.AF_INET6, frame[22:38]), socket.inet_ntop(socket.AF_INET6, frame[38:54]),
                        frame[20])
        return _transport(packet, frame[54:54 + size])
    return None


def _transport(packet, data):
    if packet.protocol == 6 and len(data) >= 20:
        packet.source_port, packet.destination_port, packet.sequence = struct.unpack_from("!HHI", data)
        packet.flags, packet.payload = data[13], data[(data[12] >> 4) * 4:]
    elif packet.protocol == 17 and len(data) >= 8:
        packet.source_port, packet.destination_port = struct.unpack_from("!HH", data)
        packet.payload = data[8:]
    return packet
