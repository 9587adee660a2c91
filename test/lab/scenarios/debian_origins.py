"""Debian's web servers as origins: what hostile requests make of them is what the gateway's log says, no more (TESTS F13)."""

import collections
import threading
import time

from harness import debian_origins, http1
from harness.payloads import PAYLOADS
from harness.scenario import Control, scenario
from harness.versatile import Client

_ADDRESSES = ("203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.53", "198.51.100.40", "198.51.100.41",
              "2001:db8:113::10")
SAME = "every origin serves the requests that the gateway's log has"
_SETTINGS = {"limits.header_seconds": "1", "limits.client_idle_seconds": "1", "upstream.idle_timeout_seconds": "1"}


def _servers(lab, count=8, **options):
    """The first of them, started side by side."""
    named = list(zip(debian_origins.NAMES, _ADDRESSES))[:count]
    origins = [debian_origins.DebianOrigin(lab, server, address, **options) for server, address in named]
    for origin in origins:
        origin.wait_open()
    return origins


def _share(lab, number):
    """What the server of this number gets: all that may come as far as an origin, and its part of what is refused by its head."""
    passing = [one for one in PAYLOADS if one.row == "F04" or not one.must_refuse]
    refused = [one for one in PAYLOADS if one.row != "F04" and one.must_refuse]
    return passing[:3] if lab.in_control else passing + refused[number::len(_ADDRESSES)]


def _send(lab, origin, data):
    """Sends it and waits for what comes of it: an answer, whose status it gives, or the end."""
    try:
        with lab.open(origin.name, origin.address, timeout=8) as connection:
            try:
                connection.send(data)
            except OSError:
                pass  # refused before it was all sent
            return connection.response().status
    except (OSError, http1.Malformed, http1.Truncated):
        return None


def _path(line):
    words = line.split(" ")
    target = words[1] if len(words) > 1 else line
    return "/" + target.split("/", 3)[-1] if target.startswith("https://") else target


@scenario("F13! F01! F04!", control=Control(SAME), timeout=120)
def payloads_are_counted_alike(lab):
    """Origins that speak HTTP/1.1, as far as they may be told to: in it a request can hide. In the control a request goes to each
    origin that the gateway does not see."""
    origins = _servers(lab, 2 if lab.in_control else 8, http2=False)
    daemon = lab.gateway(_SETTINGS)

    def work(number, origin):
        for payload in _share(lab, number):
            host = payload.data.replace(b"smuggle.test", origin.name.encode())
            _send(lab, origin, host)
        last = f"GET /last HTTP/1.1\r\nHost: {origin.name}\r\nConnection: close\r\n\r\n".encode()
        for _ in range(10):  # on a busy machine an origin may be later than a second
            status = _send(lab, origin, last)
            if status is not None and status < 500:
                break

    working = [threading.Thread(target=work, args=pair) for pair in enumerate(origins)]
    for one in working:
        one.start()
    for one in working:
        one.join()
    if lab.in_control:
        for origin in origins:
            _unseen(lab, origin)
    for origin in origins:
        daemon.wait_exchange(host=origin.name, path="/last")
        origin.wait_line("/last ")
        for _ in range(1 if lab.in_control else 50):  # of what has just ended, the gateway's line may be still to come
            wrong = _differences(daemon, origin)
            if not wrong:
                break
            time.sleep(0.1)
        lab.expect(SAME, not wrong, f"{origin.server}: path -> (served, logged, logged as broken) {wrong}")
        lab.expect("no hidden request is served", "/smuggled" not in map(_path, origin.lines()), f"{origin.server}: {origin.lines()}")


def _differences(daemon, origin):
    """What the origin has served otherwise than the gateway's log has it. Whether a broken one was served, nobody knows."""
    logged = [one for one in daemon.exchanges() if origin.name in one["host"]]
    whole = collections.Counter(one["path"] for one in logged if one.get("upstream") and not one.get("error"))
    broken = collections.Counter(one["path"] for one in logged if one.get("upstream") and one.get("error"))
    served = collections.Counter(map(_path, origin.lines()))
    return {path: (served[path], whole[path], broken[path]) for path in {*served, *whole}
            if not whole[path] <= served[path] <= whole[path] + broken[path]}


def _unseen(lab, origin):
    """A request from beside the gateway."""
    lab.gateway_side.run(["curl", "-sk", "-o", "/dev/null", "--resolve", f"{origin.name}:443:{origin.address}",
                          f"https://{origin.name}/unseen"], check=False)


@scenario("G08", timeout=60)
def both_versions_with_real_servers(lab):
    """Each of them, by HTTP/1.1 and by HTTP/2 clients, of ours and of others'."""
    origins = _servers(lab)
    lab.gateway()
    for origin in origins:
        for version in ("http/1.1", "h2"):
            with Client(lab, version, origin.name, origin.address) as client:
                got = client.ask("GET", f"/get-{version[-1]}")
                body = got.body()
                posted = client.ask("POST", f"/post-{version[-1]}", body=b"x" * 100_000)
                posted.body()
                lab.expect("GET and POST are answered by the origin", got.status < 500 and body and posted.status < 500,
                           f"{origin.server} {version}: {got} {posted}")
        resolve = ("--resolve", f"{origin.name}:443:{f'[{origin.address}]' if ':' in origin.address else origin.address}")
        curl = lab.curl("--http2", *resolve, "-o", "/dev/null", "-w", "%{http_version} %{http_code}", f"https://{origin.name}/curl")
        lab.expect("curl speaks HTTP/2 to the gateway", curl.stdout.startswith("2 ") and int(curl.stdout[2:]) < 500,
                   f"{origin.server}: {curl}")
        origin.wait_line("/curl")
        lines = origin.lines()
        asked = {_path(line) for line in lines}
        lab.expect("the origin has all five", {"/get-1", "/post-1", "/get-2", "/post-2", "/curl"} <= asked,
                   f"{origin.server}: {lines}")
    lab.client_side.write_etc("hosts", "".join(f"{origin.address} {origin.name}\n" for origin in origins))
    nghttp = lab.client_side.run(["nghttp", "-nv", *(f"https://{origins[0].name}/nghttp-{n}" for n in range(10))], check=False)
    lab.expect("nghttp gets its ten answers", nghttp.stdout.count(":status: 200") == 10, nghttp.stdout[-1500:] + nghttp.stderr)
