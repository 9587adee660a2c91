"""What an ordinary client does in a day, through whatever way the caller opens (A3, A4)."""

import hashlib
import os

BULK = 1 << 30
BULK_MEMORY_KIB = 16 * 1024


def ordinary_requests(lab, origin, way, curl_options, name="shop.test"):
    """GET, HEAD, POST, PUT, an upload of unknown length, 100-continue and ranges with curl, in each version of HTTP; `way` is the
    label of the checks."""
    for version, option in (("1.1", "--http1.1"), ("2", "--http2")):
        _ordinary_requests(lab, origin, f"{way}, HTTP/{version}", [option, *curl_options], name, version)


def _ordinary_requests(lab, origin, way, curl_options, name, version):
    url = f"https://{name}"
    body = os.path.join(lab.folder, "body")
    with open(body, "wb") as file:
        file.write(os.urandom(300_000))
    with open(body, "rb") as file:
        content = file.read()

    def curl(*options):
        result = lab.curl(*curl_options, *options, "--write-out", "%{stderr}spoken %{http_version}\n", text=False)
        lab.expect(f"{way}: the version that curl asked for", f"spoken {version}\n".encode() in result.stderr, result)
        return result, origin.requests()[-1] if origin.requests() else None

    got, seen = curl(f"{url}/get?a=b")
    lab.expect(f"{way}: GET", got.returncode == 0 and got.stdout.startswith(b"GET /get?a=b HTTP/1.1"), got)
    got, seen = curl("--head", f"{url}/head")
    lab.expect(f"{way}: HEAD", got.returncode == 0 and seen and seen.method == "HEAD" and b" 200 " in got.stdout, got)
    got, seen = curl("--data-binary", f"@{body}", f"{url}/post")
    lab.expect(f"{way}: POST", got.returncode == 0 and seen and seen.method == "POST" and seen.body == content, got.stderr)
    got, seen = curl("--upload-file", body, f"{url}/put")
    lab.expect(f"{way}: PUT", got.returncode == 0 and seen and seen.method == "PUT" and seen.body == content, got.stderr)
    got, seen = curl("-H", "Transfer-Encoding: chunked", "--upload-file", body, f"{url}/chunked")
    lab.expect(f"{way}: chunked upload", got.returncode == 0 and seen and seen.body == content
               and (seen.chunks > 0 or seen.get("content-length")), got.stderr)
    got, seen = curl("-v", "-H", "Expect: 100-continue", "--data-binary", f"@{body}", f"{url}/continue")
    interim = f"< HTTP/{version} 100".encode()
    lab.expect(f"{way}: 100-continue", got.returncode == 0 and interim in got.stderr and seen.body == content,
               got.stderr)
    got, seen = curl("--range", "100-199", f"{url}/range")
    lab.expect(f"{way}: ranges", got.returncode == 0 and got.stdout == RANGED[100:200] and seen.get("range") == "bytes=100-199",
               got)


RANGED = bytes(range(256)) * 4


def ranged(connection, request):
    """An origin's behaviour: one range of RANGED, or all of it."""
    asked = request.get("range")
    if not asked:
        connection.respond(RANGED, fields="Accept-Ranges: bytes\r\n")
        return
    first, last = map(int, asked.removeprefix("bytes=").split("-"))
    connection.respond(RANGED[first:last + 1], "206 Partial Content",
                       f"Content-Range: bytes {first}-{last}/{len(RANGED)}\r\n")


def numbered(connection, request):
    """An origin's behaviour: the number in the query, as the body."""
    connection.respond(request.target.split("=")[1])


def keep_alive(lab, way, opened, host, count=1000):
    """That many requests on one connection, each with its own answer."""
    with opened() as connection:
        wrong = [number for number in range(count)
                 if connection.request(f"/number?n={number}", host).body != str(number).encode()]
    lab.expect(f"{way}: keep-alive over {count} requests", not wrong, f"wrong answers: {wrong[:5]}")


def pipelined(lab, way, opened, host, count=50):
    """That many requests in one write; the answers come in order."""
    with opened() as connection:
        connection.send("".join(f"GET /number?n={number} HTTP/1.1\r\nHost: {host}\r\n\r\n" for number in range(count)))
        bodies = [connection.response().body for _ in range(count)]
    lab.expect(f"{way}: {count} pipelined requests in order", bodies == [str(n).encode() for n in range(count)], bodies)


def bulk_file(path, size=BULK):
    """A file that compresses badly and repeats nowhere; gives its SHA-256."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        seed = hashlib.shake_256(b"sallyport").digest(1 << 20)
        for number in range(size >> 20):
            block = number.to_bytes(8, "big") + seed[8:]
            digest.update(block)
            file.write(block)
    os.chmod(path, 0o644)
    return digest.hexdigest()


def swallow(connection, request_head):
    """Reads a request body of known length without keeping it; answers with its SHA-256."""
    digest, left = hashlib.sha256(), int(request_head.get("content-length"))
    pending = connection.reader.pending
    digest.update(pending)
    left -= len(pending)
    buffer = bytearray(1 << 18)
    while left:
        size = connection.tls.recv_into(buffer)
        if not size:
            return
        digest.update(memoryview(buffer)[:size])
        left -= size
    connection.respond(digest.hexdigest())
