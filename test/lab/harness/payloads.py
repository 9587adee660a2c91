"""Requests that try to be understood in two ways (TESTS F01-F05, F07). Each names its path with its own id; where one hides
a second request, that one asks for /smuggled."""

import dataclasses

HOST = "smuggle.test"
SMUGGLED = f"GET /smuggled HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@dataclasses.dataclass(frozen=True)
class Payload:
    """`must_refuse`: an error and nothing at the origin; else one canonical request there is as good."""

    row: str
    label: str
    data: bytes
    must_refuse: bool = True


PAYLOADS = []


def _add(row, label, fields, body=b"", method="POST", version="HTTP/1.1", must_refuse=True):
    fields = fields if isinstance(fields, bytes) else fields.encode("latin-1")
    path = f"/{row}-{len(PAYLOADS)}"
    head = f"{method} {path} {version}\r\nHost: {HOST}\r\n".encode() + fields + b"\r\n"
    PAYLOADS.append(Payload(row, label, head + body, must_refuse))


def _raw(row, label, data, must_refuse=True):
    """`@@` stands for the path."""
    data = data.encode("latin-1").replace(b"@@", f"/{row}-{len(PAYLOADS)}".encode())
    PAYLOADS.append(Payload(row, label, data, must_refuse))


_CHUNKED = "Transfer-Encoding: chunked\r\n"
_END = b"0\r\n\r\n"

# F01: length and coding at once. A 400 with close is the safest; dropping the length is allowed.
_add("F01", "length then coding", "Content-Length: 6\r\n" + _CHUNKED, _END + SMUGGLED, must_refuse=False)
_add("F01", "coding then length", _CHUNKED + "Content-Length: 6\r\n", _END + SMUGGLED, must_refuse=False)
_add("F01", "coding with the length of a chunk", _CHUNKED + "Content-Length: 4\r\n",
     f"{len(SMUGGLED):x}\r\n".encode() + SMUGGLED + b"\r\n" + _END, must_refuse=False)
_add("F01", "length 0 with coding", "Content-Length: 0\r\n" + _CHUNKED, _END + SMUGGLED, must_refuse=False)
_add("F01", "GET with both", "Content-Length: 5\r\n" + _CHUNKED, _END, method="GET", must_refuse=False)

# F02: transfer codings.
for _value in (",chunked", "chunked,", "chunked, identity", "identity", "identity, chunked", "xchunked", "chunked;q=1", "gzip",
               "gzip, chunked", "chunked, chunked", "\x0bchunked", "\x0cchunked", "chunked\x00", "chunk\x00ed", "\"chunked\"",
               "chunked x", ""):
    _add("F02", f"coding {_value!r}", f"Transfer-Encoding: {_value}\r\n", _END + SMUGGLED)
_add("F02", "coding twice", _CHUNKED + _CHUNKED, _END + SMUGGLED)
_add("F02", "coding twice, identity last", _CHUNKED + "Transfer-Encoding: identity\r\n", _END + SMUGGLED)
_add("F02", "folded coding", "Transfer-Encoding:\r\n chunked\r\n", _END + SMUGGLED)
_add("F02", "coding in HTTP/1.0", _CHUNKED, _END + SMUGGLED, version="HTTP/1.0")
_add("F02", "coding in HTTP/1.0 that keeps alive", _CHUNKED + "Connection: keep-alive\r\n", _END + SMUGGLED, version="HTTP/1.0")

# F03: lengths.
for _value in ("+5", "-1", "0x5", "010", "1_0", "", "5 ,6", "5, 6", "5 5", "9223372036854775808", "18446744073709551621",
               "99999999999999999999999", "5;", "5.0", "\x005", "\u00b2", "five", "5\x0b"):
    _add("F03", f"length {_value!r}", f"Content-Length: {_value}\r\n", b"hello" + SMUGGLED)
_add("F03", "two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", b"hello" + SMUGGLED)
_add("F03", "the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n", b"hello", must_refuse=False)
_add("F03", "the same length in a list", "Content-Length: 5, 5\r\n", b"hello", must_refuse=False)

# F04: chunks.
for _size in ("", "0x5", "+5", "-5", "5_", " 5", "5 x", "5g", "00000000000000005", "10000000000000005", "ffffffffffffffff",
              "fffffffffffffffff", "5\t\x0b", "5;a=\x00", "5;a=\x01", "5;a=b\nc", "5;\nb", "5\r;a"):
    _add("F04", f"chunk size {_size!r}", _CHUNKED, _size.encode() + b"\r\nhello\r\n" + _END + SMUGGLED)
_add("F04", "bare LF after the size", _CHUNKED, b"5\nhello\r\n" + _END + SMUGGLED)
_add("F04", "bare CR after the size", _CHUNKED, b"5\rhello\r\n" + _END + SMUGGLED)
_add("F04", "CR CR semicolon", _CHUNKED, b"5\r\r;a\r\nhello\r\n" + _END + SMUGGLED)
_add("F04", "data longer than the size", _CHUNKED, b"5\r\nhelloworld\r\n" + _END + SMUGGLED)
_add("F04", "no CRLF after the data", _CHUNKED, b"5\r\nhello0\r\n\r\n" + SMUGGLED)
_add("F04", "LF alone after the data", _CHUNKED, b"5\r\nhello\n" + _END + SMUGGLED)
_add("F04", "an extension of 64 KiB", _CHUNKED, b"5;" + b"a" * 65536 + b"\r\nhello\r\n" + _END)
_add("F04", "an extension", _CHUNKED, b"5;name=value\r\nhello\r\n" + _END, must_refuse=False)
_add("F04", "LF ends the last chunk", _CHUNKED, b"5\r\nhello\r\n0\n\n" + SMUGGLED)

# F05: field lines.
for _line in ("Name : value", "Name\t: value", ": value", "No-colon", "Na\x00me: value", "Na\x01me: value", "N\xe4me: value",
              "Na(me: value", "Na me: value", "X: a\x00b", "X: a\rb", "X: a\nb", "X: a\x7fb", "X: a\r\n folded", "X: a\r\n\tfolded"):
    _add("F05", f"field line {_line!r}", _line + "\r\n", method="GET")
_add("F05", "space before the colon of the length", "Content-Length : 5\r\n", b"hello" + SMUGGLED)
_add("F05", "space before the colon of the coding", "Transfer-Encoding : chunked\r\n", _END + SMUGGLED)
_raw("F05", "the first field line starts with a space", f"GET @@ HTTP/1.1\r\n Host: {HOST}\r\n\r\n")
_raw("F05", "LF ends the lines", f"GET @@ HTTP/1.1\nHost: {HOST}\n\n")
_raw("F05", "LF ends one field line", f"GET @@ HTTP/1.1\r\nHost: {HOST}\nX: y\r\n\r\n")

# F07: request lines.
_raw("F07", "HTTP/0.9", "GET @@\r\n")
for _version in ("HTTP/1.2", "HTTP/2.0", "HTTP/3", "HTTP/1", "http/1.1", "HTTP/1.1x", "HTTP/01.1", "HTTP/1.10", "HTP/1.1", "HTTP/ 1.1"):
    _raw("F07", f"version {_version}", f"GET @@ {_version}\r\nHost: {HOST}\r\n\r\n", must_refuse=_version != "HTTP/1.2")
_raw("F07", "tabs", f"GET\t@@\tHTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "two spaces", f"GET  @@ HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "two spaces before the version", f"GET @@  HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "a space in the target", f"GET @@ b HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "a space after the version", f"GET @@ HTTP/1.1 \r\nHost: {HOST}\r\n\r\n")
_raw("F07", "NUL in the target", f"GET @@\0b HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "no leading slash", f"GET path@@ HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n@@")
_raw("F07", "a target of 64 KiB", f"GET @@{'a' * 66000} HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "a method of 64 KiB", f"{'A' * 66000} @@ HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
_raw("F07", "a field of 64 KiB", f"GET @@ HTTP/1.1\r\nHost: {HOST}\r\nX: {'a' * 66000}\r\n\r\n")
_raw("F07", "10,000 fields", f"GET @@ HTTP/1.1\r\nHost: {HOST}\r\n{'a:b' + chr(13) + chr(10)}" + "a:b\r\n" * 10000 + "\r\n")
_raw("F07", "a request line that never ends", "GET @@" + "a" * 200000)

# F06: Host.
_raw("F06", "no Host", "GET @@ HTTP/1.1\r\n\r\n")
_add("F06", "two Hosts", f"Host: {HOST}\r\n", method="GET")
for _value in (f"{HOST},other.test", f"user@{HOST}", f"{HOST}/path", f"{HOST}:port", f"{HOST}:99999", f"{HOST}#x", f"{HOST} x", ""):
    _raw("F06", f"Host {_value!r}", f"GET @@ HTTP/1.1\r\nHost: {_value}\r\n\r\n")
