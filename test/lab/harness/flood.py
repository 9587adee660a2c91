"""UDP packets by the ten thousand a second, each from a port of its own: frames made beforehand, put on the client's link by a
process that does nothing else. It says how many there were."""

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import time

from . import topology

_BATCH = 128
_FIRST_PORT, _PORTS = 2048, 60000
_SOURCE_PORT = 14 + 20  # in a frame


class _Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class _Message(ctypes.Structure):
    """struct mmsghdr."""

    _fields_ = [("name", ctypes.c_void_p), ("name_length", ctypes.c_uint), ("vectors", ctypes.POINTER(_Vector)),
                ("vector_count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("control_length", ctypes.c_size_t),
                ("flags", ctypes.c_int), ("sent", ctypes.c_uint)]


def _checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def frame(payload, macs, source=topology.CLIENT, destination=topology.ORIGIN, port=443):
    """An Ethernet frame with the datagram in it; its source port is set when it is sent. UDP without a checksum (RFC 768)."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0x4000, 64, 17, 0, socket.inet_aton(source),
                         socket.inet_aton(destination))
    header = header[:10] + struct.pack("!H", _checksum(header)) + header[12:]
    return macs + b"\x08\x00" + header + struct.pack("!HHHH", 0, port, 8 + len(payload), 0) + payload


class Flood:
    """Sends the datagrams in turn, `rate` a second, for `seconds`; the process is there, and waits for begin(), after
    construction. Where the machine cannot keep that rate up it sends what it can."""

    def __init__(self, lab, datagrams, rate, seconds, **options):
        macs = b"".join(bytes.fromhex(side.run(["cat", f"/sys/class/net/{name}/address"]).stdout.strip().replace(":", ""))
                        for side, name in ((lab.gateway_side, "lan0"), (lab.client_side, "lan")))
        path = os.path.join(lab.folder, "flood")
        with open(path, "wb") as file:
            for datagram in datagrams:
                made = frame(datagram, macs, **options)
                file.write(struct.pack("!H", len(made)) + made)
        self._process = lab.client_side.start(
            [sys.executable, "-m", "harness.flood", path, str(rate), str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))), env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self._process.stdout.readline()

    def begin(self):
        self._process.stdin.write(b"go\n")
        self._process.stdin.flush()

    @property
    def running(self):
        return self._process.poll() is None

    def end(self):
        """Waits for it; (packets, seconds)."""
        said, _ = self._process.communicate()
        return json.loads(said)


def _read_frames(path):
    with open(path, "rb") as file:
        data, at = file.read(), 0
    while at < len(data):
        size = struct.unpack_from("!H", data, at)[0]
        yield bytearray(data[at + 2:at + 2 + size])
        at += 2 + size


def _messages(frames):
    vectors = (_Vector * len(frames))()
    messages = (_Message * len(frames))()
    for at, one in enumerate(frames):
        vectors[at].base = ctypes.addressof((ctypes.c_char * len(one)).from_buffer(one))
        vectors[at].length = len(one)
        messages[at].vectors = ctypes.pointer(vectors[at])
        messages[at].vector_count = 1
    return vectors, messages


def _main(path, rate, seconds):
    frames = list(_read_frames(path))
    _kept, messages = _messages(frames)
    send = ctypes.CDLL(None, use_errno=True).sendmmsg
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind(("lan", 0))
        print("ready", flush=True)
        sys.stdin.readline()
        began, sent, at = time.monotonic(), 0, 0
        while (now := time.monotonic() - began) < seconds:
            due = min(_BATCH, int(now * rate) - sent, len(frames) - at)
            if due <= 0:
                time.sleep(0.0005)
                continue
            for number in range(due):
                struct.pack_into("!H", frames[at + number], _SOURCE_PORT, _FIRST_PORT + (sent + number) % _PORTS)
            done = send(link.fileno(), ctypes.byref(messages, at * ctypes.sizeof(_Message)), due, 0)
            sent += max(done, 0)
            at = (at + due) % len(frames)
        print(json.dumps([sent, time.monotonic() - began]))


if __name__ == "__main__":
    _main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
