"""A TLS 1.3 client by hand, for hellos that no library sends: TLS_AES_128_GCM_SHA256 over X25519 (RFC 8446). It believes
every certificate."""

import hashlib
import hmac
import struct

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from . import hello

_SERVER_HELLO, _CERTIFICATE, _FINISHED = 2, 11, 20
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION = 20, 21, 22, 23
ECH_REQUIRED = 121
_HASH_SIZE = 32


def ech_extension():
    """An encrypted_client_hello extension as an outer hello carries it (RFC 9849 §5); what it hides is noise."""
    body = b"\x00" + struct.pack("!HHB", 1, 1, 7) + b"\x00\x20" + bytes(range(32)) + b"\x00\x90" + bytes(144)
    return struct.pack("!HH", 0xFE0D, len(body)) + body


def _expand_label(secret, label, context, size):
    info = struct.pack("!HB", size, len(label) + 6) + b"tls13 " + label + bytes([len(context)]) + context
    block, out, count = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(secret, block + info + bytes([count]), "sha256")
        out, count = out + block, count + 1
    return out[:size]


class _Direction:
    """One direction's keys and record counter."""

    def __init__(self, secret):
        self.secret, self.count = secret, 0
        self._key = AESGCM(_expand_label(secret, b"key", b"", 16))
        self._iv = int.from_bytes(_expand_label(secret, b"iv", b"", 12), "big")

    def _nonce(self):
        nonce = (self._iv ^ self.count).to_bytes(12, "big")
        self.count += 1
        return nonce

    def seal(self, kind, data):
        size = len(data) + 17
        head = struct.pack("!BHH", _APPLICATION, 0x0303, size)
        return head + self._key.encrypt(self._nonce(), data + bytes([kind]), head)

    def open(self, head, body):
        plain = self._key.decrypt(self._nonce(), body, head).rstrip(b"\0")
        return plain[-1], plain[:-1]


class Tls13Client:
    """The handshake is done when it is made; then `send`, `receive` and `alert`."""

    def __init__(self, made, server_name, extra=b""):
        self.socket, self.leaf = made, None
        self._pending = b""
        private = X25519PrivateKey.generate()
        share = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        message = hello.handmade(hello.server_name(server_name.encode()), extra, suites=(0x1301,), share=share)
        self._transcript = hashlib.sha256(message)
        made.sendall(hello.records(message, [16384]))
        server_hello = self._plain_handshake()
        self._transcript.update(server_hello)
        shared = private.exchange(X25519PublicKey.from_public_bytes(_key_share(server_hello)))
        early = hmac.digest(bytes(_HASH_SIZE), bytes(_HASH_SIZE), "sha256")
        handshake = hmac.digest(self._derived(early), shared, "sha256")
        self._reading = self._direction(handshake, b"s hs traffic")
        self._writing = self._direction(handshake, b"c hs traffic")
        self._read_server_flight()
        master = hmac.digest(self._derived(handshake), bytes(_HASH_SIZE), "sha256")
        reading, writing = self._direction(master, b"s ap traffic"), self._direction(master, b"c ap traffic")
        made.sendall(self._writing.seal(_HANDSHAKE, self._finished(self._writing)))
        self._reading, self._writing = reading, writing

    def send(self, data):
        self.socket.sendall(self._writing.seal(_APPLICATION, data))

    def receive(self):
        """The next plaintext; b"" at the end or an alert."""
        while True:
            kind, data = self._record()
            if kind == _APPLICATION:
                return data
            if kind != _HANDSHAKE:  # a session ticket is let pass
                return b""

    def alert(self, description):
        self.socket.sendall(self._writing.seal(_ALERT, bytes([2, description])))

    @staticmethod
    def _derived(secret):
        return _expand_label(secret, b"derived", hashlib.sha256().digest(), _HASH_SIZE)

    def _direction(self, secret, label):
        return _Direction(_expand_label(secret, label, self._transcript.digest(), _HASH_SIZE))

    def _finished(self, direction):
        key = _expand_label(direction.secret, b"finished", b"", _HASH_SIZE)
        body = hmac.digest(key, self._transcript.digest(), "sha256")
        return bytes([_FINISHED]) + len(body).to_bytes(3, "big") + body

    def _exactly(self, size):
        while len(self._pending) < size:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("the other side closed")
            self._pending += piece
        taken, self._pending = self._pending[:size], self._pending[size:]
        return taken

    def _raw_record(self):
        head = self._exactly(5)
        return head, self._exactly(int.from_bytes(head[3:], "big"))

    def _plain_handshake(self):
        head, body = self._raw_record()
        if head[0] != _HANDSHAKE or body[0] != _SERVER_HELLO:
            raise ConnectionError(f"no ServerHello: record {head[0]}, {body[:2].hex()}")
        return body

    def _record(self):
        head, body = self._raw_record()
        while head[0] == _CHANGE_CIPHER_SPEC:
            head, body = self._raw_record()
        return self._reading.open(head, body)

    def _read_server_flight(self):
        messages = b""
        while True:
            while len(messages) >= 4 and len(messages) >= (size := 4 + int.from_bytes(messages[1:4], "big")):
                message, messages = messages[:size], messages[size:]
                if message[0] == _FINISHED and message != self._finished(self._reading):
                    raise ConnectionError("the server's Finished is wrong")
                if message[0] == _CERTIFICATE:
                    self.leaf = x509.load_der_x509_certificate(message[11:11 + int.from_bytes(message[8:11], "big")])
                self._transcript.update(message)
                if message[0] == _FINISHED:
                    return
            kind, data = self._record()
            if kind != _HANDSHAKE:
                raise ConnectionError(f"record {kind} within the handshake: {data.hex()}")
            messages += data


def _key_share(server_hello):
    at = 4 + 2 + 32
    at += 1 + server_hello[at] + 2 + 1
    block = server_hello[at + 2:]
    while block:
        kind, size = struct.unpack_from("!HH", block)
        if kind == 51:
            return block[8:4 + size]
        block = block[4 + size:]
    raise ConnectionError("no key share in the ServerHello")
