"""QUIC as far as its first packets go: hellos sealed into Initials by hand (RFC 9001, RFC 9369), sent from sockets of the
client's namespace, and an origin that answers whatever datagram reaches it."""

import contextlib
import itertools
import os
import re
import select
import socket
import struct
import threading

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .topology import family_of

VERSION_1, VERSION_2 = 0x00000001, 0x6B3343CF
_SALTS = {VERSION_1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
          VERSION_2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")}
PADDING, PING = b"\0", b"\1"


# --- packets


def _extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def hello(name, padding=0, extensions=b""):
    """A ClientHello for HTTP/3; `name` None sends no SNI."""
    host = name.encode() if name else b""
    block = _extension(0, struct.pack("!HBH", len(host) + 3, 0, len(host)) + host) if name else b""
    block += _extension(16, b"\0\3\2h3") + _extension(43, b"\2\3\4") + _extension(10, b"\0\2\0\x1d")
    block += _extension(13, b"\0\2\4\3") + extensions + _extension(57, b"")
    block += _extension(21, bytes(padding))
    body = b"\3\3" + os.urandom(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + struct.pack("!H", len(block)) + block
    return b"\1" + len(body).to_bytes(3, "big") + body


def crypto(offset, data):
    """A CRYPTO frame."""
    return b"\6" + struct.pack("!IH", 0x80000000 | offset, 0x4000 | len(data)) + data


def pieces(message, count):
    """CRYPTO frames of the message in `count` parts."""
    size = -(-len(message) // count)
    return [crypto(at, message[at:at + size]) for at in range(0, len(message), size)]


def _hmac(key, data):
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


def _expand(secret, label, size):
    label = b"tls13 " + label
    return _hmac(secret, struct.pack("!HB", size, len(label)) + label + b"\0\1")[:size]


def initial(frames, *, version=VERSION_1, destination=b"\x83\x94\xc8\xf0\x3e\x51\x57\x08", source=b"\1\2\3\4", token=b"",
            number=0, size=1200, keyed_by=None):
    """A client's Initial packet; padded to `size` bytes in all, so that it may be a datagram of its own."""
    known = version if version in _SALTS else VERSION_1
    kind = 0xD0 if known == VERSION_2 else 0xC0
    head = struct.pack("!BI", kind | 3, version) + bytes([len(destination)]) + destination + bytes([len(source)]) + source
    head += struct.pack("!H", 0x4000 | len(token)) + token
    frames += bytes(max(0, size - len(head) - 2 - 4 - len(frames) - 16, 4 - len(frames)))
    head += struct.pack("!HI", 0x4000 | 4 + len(frames) + 16, number)

    prefix = b"quicv2 " if known == VERSION_2 else b"quic "
    client = _expand(_hmac(_SALTS[known], destination if keyed_by is None else keyed_by), b"client in", 32)
    nonce = bytes(a ^ b for a, b in zip(_expand(client, prefix + b"iv", 12), number.to_bytes(12, "big")))
    sealed = AESGCM(_expand(client, prefix + b"key", 16)).encrypt(nonce, frames, head)
    encryptor = Cipher(algorithms.AES(_expand(client, prefix + b"hp", 16)), modes.ECB()).encryptor()
    mask = encryptor.update(sealed[:16])
    protected = bytearray(head)
    protected[0] ^= mask[0] & 15
    for at in range(4):
        protected[len(head) - 4 + at] ^= mask[1 + at]
    return bytes(protected) + sealed


def flight(name):
    """The datagrams of a usual client: one Initial with the whole hello."""
    return [initial(crypto(0, hello(name)), destination=os.urandom(8))]


# --- ends


# Each flow has a port of its own: what the guard remembers of another one is no verdict on it. Below those that the kernel
# gives out.
_PORTS = itertools.cycle(range(12_000, 32_000))


class Flow:
    """A connected UDP socket of the client's: what it is told of its datagrams."""

    def __init__(self, lab, address, port=443, source=None, options=()):
        family = socket.AF_INET if family_of(address) == 4 else socket.AF_INET6
        self._socket = lab.client_side.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((source or "", next(_PORTS)))
        for option in options:  # of setsockopt(2), for headers that others do not have
            self._socket.setsockopt(*option)
        self._socket.connect((address, port))
        self.patience = lab.patience

    def send(self, *datagrams):
        for datagram in datagrams:
            with contextlib.suppress(ConnectionRefusedError):  # the answer to an earlier one, which outcome() hears of again
                self._socket.send(datagram)

    def outcome(self, patience=None):
        """"refused" (port unreachable came), "passed" (the origin has answered) or "nothing", after `patience` seconds."""
        self._socket.settimeout(self.patience if patience is None else patience)
        try:
            return "passed" if self._socket.recv(65536) else "empty"
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "nothing"

    def close(self):
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(lab, datagrams, address, patience=None, **options):
    """What becomes of one flow with these datagrams."""
    with Flow(lab, address, **options) as flow:
        # One more than an ICMP error is needed to hear of it where an error comes between two datagrams.
        for datagram in datagrams[:-1]:
            flow.send(datagram)
        flow.send(datagrams[-1])
        return flow.outcome(patience)


def samples(lab, daemon):
    """What the daemon's metrics say of QUIC."""
    page = lab.gateway_side.run(["curl", "-sS", "--max-time", "20", "--unix-socket", daemon.files.settings["control.socket"],
                                 "http://x/metrics"]).stdout
    return {name: float(value) for name, value in re.findall(r"^(sallyport_quic\S*) (\S+)$", page, re.M)}


def forget_flows(namespace):
    """Empties the namespace's connection tracking, as idle flows do when their time is over."""
    delete = 1 << 8 | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE
    with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as asking:  # NETLINK_NETFILTER
        asking.send(struct.pack("=IHHIIBBH", 20, delete, 5, 1, 0, socket.AF_UNSPEC, 0, 0))  # NLM_F_REQUEST | NLM_F_ACK
        error = struct.unpack_from("=i", asking.recv(4096), 16)[0]
    if error:
        raise OSError(-error, "emptying connection tracking")


class UdpOrigin:
    """Answers each datagram with its first byte; `received` is what came."""

    def __init__(self, namespace, addresses, port=443):
        self.received = []
        self._sockets = []
        for address in addresses:
            made = namespace.socket(socket.AF_INET if family_of(address) == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
            self._sockets.append(made)
        self._stop, self._stopped = os.pipe()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            ready, _, _ = select.select([self._stop, *self._sockets], [], [])
            if self._stop in ready:
                return
            for one in ready:
                with contextlib.suppress(OSError):
                    data, sender = one.recvfrom(65536)
                    self.received.append(data)
                    one.sendto(data[:1], sender)

    def close(self):
        os.write(self._stopped, b"x")
