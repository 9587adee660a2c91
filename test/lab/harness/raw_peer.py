"""A client's end of a TCP connection made by hand, which acknowledges what no kernel would (IPv4). It may stand in for a socket."""

import random
import socket
import struct
import time

from . import raw_tcp

_MSS = 1448
_MAXIMUM_SIZE, _SACK_PERMITTED, _SACK, _NOTHING = 2, 4, 5, 1
_TURN = 1 << 32


class RawPeer:
    """From `source`, whose kernel is kept from resetting what it knows nothing of, to `destination`; both (address, port)."""

    def __init__(self, namespace, source, destination, patience):
        self._source, self._destination, self._patience = source, destination, patience
        namespace.run(["iptables", "-I", "OUTPUT", "1", "-p", "tcp", "--sport", str(source[1]), "--tcp-flags", "RST", "RST", "-j",
                       "DROP"])
        self._in = namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self._out = namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        self._sent, self._taken, self._ready = random.getrandbits(32), 0, bytearray()
        self._reneges = False
        self._send(raw_tcp.SYN, options=struct.pack("!BBHBBBB", _MAXIMUM_SIZE, 4, _MSS, _SACK_PERMITTED, 2, _NOTHING, _NOTHING))
        flags, sequence, _ = self._receive()
        assert flags & (raw_tcp.SYN | raw_tcp.ACK) == raw_tcp.SYN | raw_tcp.ACK, flags
        self._sent, self._taken = self._after(self._sent, 1), self._after(sequence, 1)
        self._send(raw_tcp.ACK)

    @staticmethod
    def _after(sequence, count):
        return (sequence + count) % _TURN

    def _send(self, flags, payload=b"", options=b""):
        packet = raw_tcp.segment(self._source, self._destination, flags, self._sent, self._taken, payload, options)
        self._out.sendto(packet, (self._destination[0], 0))

    def _receive(self):
        """The next segment of this connection: its flags, sequence number and payload."""
        deadline = time.monotonic() + self._patience
        ports = (self._destination[1], self._source[1])
        while True:
            self._in.settimeout(max(0.01, deadline - time.monotonic()))
            packet = self._in.recv(1 << 17)
            tcp = packet[(packet[0] & 15) * 4:]
            if socket.inet_ntoa(packet[12:16]) == self._destination[0] and struct.unpack_from("!HH", tcp) == ports:
                return tcp[13], struct.unpack_from("!I", tcp, 4)[0], tcp[(tcp[12] >> 4) * 4:]

    def sendall(self, data):
        for at in range(0, len(data), _MSS):
            piece = data[at:at + _MSS]
            self._send(raw_tcp.ACK | raw_tcp.PSH, piece)
            self._sent = self._after(self._sent, len(piece))

    def renege_next(self):
        """Of what comes now, all but the first segment is acknowledged selectively, and then thrown away."""
        self._reneges = True

    def recv(self, most):
        """What comes in order, acknowledged as it comes."""
        while not self._ready:
            flags, sequence, payload = self._receive()
            assert not flags & raw_tcp.RST, "reset"
            skipped = (self._taken - sequence) % _TURN
            if payload and self._reneges and skipped == 0:
                payload = self._renege(payload)
            if payload and skipped < len(payload):
                self._ready += payload[skipped:]
                self._taken = self._after(sequence, len(payload))
            if payload:
                self._send(raw_tcp.ACK)
            elif flags & raw_tcp.FIN and sequence == self._taken:
                return b""
        data, self._ready = bytes(self._ready[:most]), self._ready[most:]
        return data

    def _renege(self, first):
        """Waits until there is something behind the first segment, says that it is there, and forgets it."""
        self._reneges, begin = False, self._taken
        hole = min(len(first), _MSS)
        end = len(first)
        while end < hole + 4 * _MSS:
            _, sequence, payload = self._receive()
            if (sequence - begin) % _TURN == end:
                end += len(payload)
        edges = struct.pack("!II", self._after(begin, hole), self._after(begin, end))
        self._send(raw_tcp.ACK, options=struct.pack("!BBBB", _NOTHING, _NOTHING, _SACK, 2 + len(edges)) + edges)
        return first[:hole]

    def close(self):
        self._send(raw_tcp.FIN | raw_tcp.ACK)
        self._in.close()
        self._out.close()
