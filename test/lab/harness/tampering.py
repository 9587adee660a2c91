"""An origin that speaks TLS well and then has its own bytes changed on their way out, record by record: what a hostile or
broken TLS stack sends (TESTS B02, B03)."""

import socket
import ssl
import struct
import threading

from . import raw_tls

SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE = 2, 11, 12


class TamperingOrigin:
    """`tamper(origin, kind, body)` gives the record to be sent instead, or None for no change; kind as in raw_tls.

    `alerts` collects the (level, description) of alerts that came back in the clear, `answered` counts the connections whose
    handshake completed, `requests` their first bytes."""

    def __init__(self, namespace, address, context, tamper, change_hello=None):
        self._context, self._tamper, self._change_hello = context, tamper, change_hello
        self.alerts, self.completed, self.requests, self.ended = [], 0, [], threading.Event()
        self._listener = namespace.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, 443))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                made, _ = self._listener.accept()
            except OSError:
                return
            made.settimeout(60)
            try:
                self._serve(made)
            except (OSError, ssl.SSLError):
                pass
            finally:
                made.close()
                self.ended.set()

    def _serve(self, made):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(incoming, outgoing, server_side=True)
        first = True
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._send(made, outgoing)
                data = self._receive(made)
                incoming.write(self._change_hello(data) if first and self._change_hello else data)
                first = False
        self._send(made, outgoing)
        self.completed += 1
        while True:
            try:
                self.requests.append(tls.read(65536))
                tls.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
                self._send(made, outgoing)
                return
            except ssl.SSLWantReadError:
                incoming.write(self._receive(made))

    def _send(self, made, outgoing):
        for kind, body in raw_tls.split_records(outgoing.read()):
            body = body if (changed := self._tamper(kind, body)) is None else changed
            made.sendall(struct.pack("!BHH", kind, 0x0303, len(body)) + body)

    def _receive(self, made):
        data = made.recv(65536)
        for kind, body in raw_tls.split_records(data):
            if kind == raw_tls.ALERT and len(body) == 2:
                self.alerts.append(tuple(body))
        if not data:
            raise ConnectionError("closed")
        return data


def in_handshake(message_type, change):
    """A tamper that hands the body of each such handshake message in the clear to `change(bytearray)`; what that returns,
    if anything, replaces the body."""
    def tamper(kind, record):
        if kind != raw_tls.HANDSHAKE:
            return None
        made, rest = b"", record
        while len(rest) >= 4:
            size = int.from_bytes(rest[1:4], "big")
            if size > len(rest) - 4:
                return None  # an encrypted record
            body = bytearray(rest[4:4 + size])
            if rest[0] == message_type:
                body = change(body) or body
            made += rest[:1] + len(body).to_bytes(3, "big") + bytes(body)
            rest = rest[4 + size:]
        return made
    return tamper


class ServerHello:
    """Changes to a ServerHello: each gives a function for in_handshake."""

    @staticmethod
    def _suite_at(body):
        return 35 + body[34]

    @classmethod
    def version(cls, number):
        def change(body):
            body[0:2] = number.to_bytes(2, "big")
        return change

    @classmethod
    def suite(cls, number):
        def change(body):
            at = cls._suite_at(body)
            body[at:at + 2] = number.to_bytes(2, "big")
        return change

    @classmethod
    def compression(cls, number):
        def change(body):
            body[cls._suite_at(body) + 2] = number
        return change

    @classmethod
    def random_bit(cls):
        def change(body):
            body[5] ^= 1
        return change

    @classmethod
    def random_tail(cls, tail):
        def change(body):
            body[34 - len(tail):34] = tail
        return change

    @classmethod
    def extension(cls, wanted, value):
        """Gives the extension this body, adding it where it is missing."""
        def change(body):
            start = cls._suite_at(body) + 3
            block, made, found = bytes(body[start + 2:]), b"", False
            while block:
                kind, size = struct.unpack_from("!HH", block)
                old = block[4:4 + size]
                found = found or kind == wanted
                new = value if kind == wanted else old
                made += struct.pack("!HH", kind, len(new)) + new
                block = block[4 + size:]
            if not found:
                made += struct.pack("!HH", wanted, len(value)) + value
            return body[:start] + len(made).to_bytes(2, "big") + made
        return change
