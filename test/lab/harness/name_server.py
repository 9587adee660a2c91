"""A name server that answers A and AAAA from a table, or not at all."""

import ipaddress
import socket
import struct
import threading


class NameServer:
    """`names` maps a name, or "*" for every other, to a list of addresses; an empty list is NXDOMAIN. While `silent`,
    questions are counted and left without an answer; those that came since hold() are answered by speak()."""

    def __init__(self, namespace, address, names):
        self.names, self.silent, self.questions = dict(names), False, []
        self._held, self._changed = [], threading.Condition()
        self._socket = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, peer = self._socket.recvfrom(4096)
            name, kind, end = _question(query)
            with self._changed:
                self.questions.append((name, kind))
                self._held.append((self._answer(query, name, kind, end), peer))
                self._changed.notify_all()
            if not self.silent:
                self.speak()

    def hold(self):
        """Is silent from now on."""
        with self._changed:
            self.silent, self._held = True, []

    def speak(self):
        """Answers what it held, and is silent no more."""
        self.silent = False
        with self._changed:
            held, self._held = self._held, []
        for answer, peer in held:
            self._socket.sendto(answer, peer)

    def wait_for_question(self, timeout=30):
        """Waits until a question is held; whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self._held, timeout)

    def _answer(self, query, name, kind, end):
        addresses = [ipaddress.ip_address(one) for one in self.names.get(name.lower(), self.names.get("*", []))]
        wanted = {1: 4, 28: 6}.get(kind)
        found = [address for address in addresses if address.version == wanted]
        flags = 0x8580 if addresses else 0x8583
        answers = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 30, len(one.packed)) + one.packed for one in found)
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + query[12:end] + answers


def _question(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    return ".".join(labels), struct.unpack_from("!H", query, at + 1)[0], at + 5
