"""The ClientHello: read for what it offers, split over records, grown to a size, or made by hand."""

import dataclasses
import os
import struct

GREASE = {(n << 8 | n) for n in range(0x0A, 0x100, 0x10)}
_SERVER_NAME, _GROUPS, _SIGNATURES, _ALPN, _VERSIONS, _KEY_SHARE = 0, 10, 13, 16, 43, 51


@dataclasses.dataclass
class ClientHello:
    """What a ClientHello offers; numbers as on the wire, GREASE left out."""

    legacy_version: int
    session_id: bytes
    suites: list
    compression: bytes
    extensions: dict
    server_name: str | None = None
    alpn: tuple = ()
    versions: tuple = ()
    groups: tuple = ()
    signatures: tuple = ()


def parse(message):
    """Reads a handshake message (without record headers)."""
    assert message[0] == 1, "not a ClientHello"
    version, at = struct.unpack_from("!H", message, 4)[0], 6 + 32
    session_id, at = _vector(message, at, 1)
    suites, at = _vector(message, at, 2)
    compression, at = _vector(message, at, 1)
    block, _ = _vector(message, at, 2) if at < len(message) else (b"", at)
    hello = ClientHello(version, session_id, _numbers(suites), compression, _extensions(block))
    _read_extensions(hello)
    return hello


def _read_extensions(hello):
    found = hello.extensions
    if _SERVER_NAME in found:
        hello.server_name = found[_SERVER_NAME][5:].decode("latin-1")
    if _ALPN in found:
        names, block = [], found[_ALPN][2:]
        while block:
            names.append(block[1:1 + block[0]].decode("latin-1"))
            block = block[1 + block[0]:]
        hello.alpn = tuple(names)
    hello.versions = tuple(_numbers(found.get(_VERSIONS, b"\0")[1:])) or (hello.legacy_version,)
    hello.groups = tuple(_numbers(found.get(_GROUPS, b"\0\0")[2:]))
    hello.signatures = tuple(_numbers(found.get(_SIGNATURES, b"\0\0")[2:]))


def _vector(data, at, width):
    size = int.from_bytes(data[at:at + width], "big")
    return data[at + width:at + width + size], at + width + size


def _numbers(data):
    values = [value for (value,) in struct.iter_unpack("!H", data[:len(data) & ~1])]
    return [value for value in values if value not in GREASE]


def _extensions(block):
    found = {}
    while block:
        kind, size = struct.unpack_from("!HH", block)
        found[kind] = block[4:4 + size]
        block = block[4 + size:]
    return found


def handshake_message(records):
    """The first handshake message of a run of TLS records, or None while it is not complete."""
    message = b""
    while len(records) >= 5:
        size = int.from_bytes(records[3:5], "big")
        if records[0] != 22:
            return None
        message += records[5:5 + size]
        records = records[5 + size:]
        if len(message) >= 4 and len(message) >= 4 + int.from_bytes(message[1:4], "big"):
            return message[:4 + int.from_bytes(message[1:4], "big")]
    return None


def records(message, sizes, version=0x0301):
    """The message in records of these sizes; the last size repeats."""
    made, sizes, size = bytearray(), list(sizes), None
    while message:
        size = sizes.pop(0) if sizes else size
        made += struct.pack("!BHH", 22, version, len(message[:size])) + message[:size]
        message = message[size:]
    return bytes(made)


def padding_protocols(size):
    """ALPN names that make a hello about `size` bytes longer; http/1.1 comes first."""
    names, left = ["http/1.1"], size
    while left > 2:
        length = min(250, left - 1)
        names.append(f"{len(names):04d}".ljust(length, "x")[:length])
        left -= length + 1
    return names


def handmade(server_name_extension, extra=b"", suites=(0x1301, 0xC02B, 0xC02F), share=None):
    """A hello whose server_name extension has exactly this body (None: no such extension). It offers TLS 1.2 and 1.3;
    `share` is its X25519 public key."""
    def extension(kind, body):
        return struct.pack("!HH", kind, len(body)) + body

    def vector(body, width=2):
        return len(body).to_bytes(width, "big") + body

    share = struct.pack("!HH", 29, 32) + (share or os.urandom(32))
    block = b"" if server_name_extension is None else extension(_SERVER_NAME, server_name_extension)
    block += extension(_GROUPS, vector(struct.pack("!HH", 29, 23)))
    block += extension(_SIGNATURES, vector(struct.pack("!HHHH", 0x0403, 0x0804, 0x0401, 0x0503)))
    block += extension(_VERSIONS, vector(struct.pack("!HH", 0x0304, 0x0303), 1))
    block += extension(_KEY_SHARE, vector(share)) + extra
    body = struct.pack("!H", 0x0303) + os.urandom(32) + vector(os.urandom(32), 1)
    body += vector(b"".join(struct.pack("!H", suite) for suite in suites)) + vector(b"\0", 1) + vector(block)
    return b"\x01" + len(body).to_bytes(3, "big") + body


def server_name(*names):
    """The body of a server_name extension with these host names (bytes)."""
    entries = b"".join(b"\0" + len(name).to_bytes(2, "big") + name for name in names)
    return len(entries).to_bytes(2, "big") + entries
