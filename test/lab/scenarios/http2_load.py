"""HTTP/2 under load: many clients at once (B4), and honest clients beside hostile ones (B5)."""

import os
import re
import select
import signal
import ssl
import time

from harness import client, topology
from harness import http2_floods as floods
from harness.http2_client import open_frames
from harness.nginx import Nginx
from harness.scenario import scenario

_REQUESTS = 20_000
_BOUND = 1.3


def _h2load(lab, name, address, *options):
    """Runs h2load to the end; gives (requests that succeeded, all that it said)."""
    said = lab.client_side.run(["h2load", "-n", str(_REQUESTS), "-c", "50", "-t", "1", f"--connect-to={address}:443", *options,
                                f"https://{name}/small"], check=False, timeout=120)
    found = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", said.stdout)
    return (int(found[1]) if found else 0), said.stdout + said.stderr


@scenario("B4", alone=True, timeout=300)
def cost_of_http2(lab):
    """100 streams on each of 50 connections; then what a request costs the gateway, over HTTP/2 on both sides and over HTTP/1.1 on
    both. Whatever else the machine does can only add to a figure: the least of up to five rounds counts."""
    Nginx(lab, ["h1.test"], [topology.ORIGIN])
    Nginx(lab, ["h2.test"], [topology.SECOND_ORIGIN], http2=True, port=443)
    daemon = lab.gateway()
    ways = {"HTTP/1.1": ("h1.test", topology.ORIGIN, "--h1"), "HTTP/2": ("h2.test", topology.SECOND_ORIGIN, "-m", "100")}
    spent = dict.fromkeys(ways, 1e9)
    for _ in range(5):
        for way, options in ways.items():
            before = daemon.cpu_seconds()
            served, said = _h2load(lab, *options)
            spent[way] = min(spent[way], (daemon.cpu_seconds() - before) / _REQUESTS * 1e6)
            lab.expect("no request fails", served == _REQUESTS, f"{way}: {said[-600:]}")
        if not lab.measures or spent["HTTP/2"] <= _BOUND * spent["HTTP/1.1"]:
            break
    lab.note("CPU µs a request: " + ", ".join(f"{way} {cost:.1f}" for way, cost in spent.items()))
    if lab.measures:
        lab.expect(f"a request over HTTP/2 costs at most {_BOUND} times one over HTTP/1.1",
                   spent["HTTP/2"] <= _BOUND * spent["HTTP/1.1"], spent)


class Attacker:
    """A process that floods without end, on connection after connection, with all of these in turn. It makes way for those whom
    it disturbs: hostile clients have machines of their own."""

    def __init__(self, lab, which):
        self._ends, write_end = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.nice(5)
                while True:
                    for flood in which:
                        _flood_once(lab, flood)
                    os.write(write_end, b".")
            finally:
                os._exit(1)
        os.close(write_end)

    def went_through_all(self):
        """Whether each flood was sent at least once."""
        return bool(select.select([self._ends], [], [], 0)[0])

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._ends)


def _flood_once(lab, flood):
    try:
        with open_frames(lab, "flooded.test") as frames:
            floods.run(flood, frames, patience=10)
    except (OSError, TimeoutError):
        pass


def _p99s(lab, enough):
    """The 99th percentile of an honest client's waiting, in milliseconds, over 400 requests or until there is `enough`; and of
    somebody's who asks the origin itself in turn with it, which tells what the machine adds."""
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    beside = client.dial(lab.origin_side, topology.ORIGIN, 443)
    waited = ([], [])
    with lab.open("honest.test") as through, client.Connection(beside, unchecked, "honest.test") as directly:
        while len(waited[0]) < 401 or not enough():
            for connection, figures in zip((through, directly), waited):
                began = time.monotonic()
                connection.request("/small", "honest.test")
                figures.append(time.monotonic() - began)
    # The first one of each pays for the origin's connection.
    return [sorted(figures[1:])[int(len(figures) * 0.99) - 1] * 1e3 for figures in waited]


_UNNOTICED_MS = 25  # what nobody notices


@scenario("B5", alone=True, timeout=300)
def honest_beside_hostile(lab):
    """Every flood in turn, again and again, while an honest client asks; then nothing is left of it: no memory, no CPU time."""
    Nginx(lab, ["*.test", "flooded.test", "honest.test"], [topology.ORIGIN], http2=True)
    daemon = lab.gateway()
    for flood in floods.EVERY_FLOOD:
        _flood_once(lab, flood)
    daemon.until_idle()  # keys for the few clients that want RSA are made meanwhile
    before = daemon.resident_kib()
    rounds = []
    for _ in range(6):
        (quiet, _), attacker = _p99s(lab, lambda: True), Attacker(lab, floods.EVERY_FLOOD)
        try:
            rounds.append((quiet, *_p99s(lab, attacker.went_through_all)))
        finally:
            attacker.stop()
        if _unharmed(*rounds[-1]):
            break
    lab.note("p99 alone, beside floods, and of the origin itself, ms: " +
             "; ".join(", ".join(f"{figure:.1f}" for figure in figures) for figures in rounds))
    if lab.measures:
        lab.expect("an honest client's p99 stays under twice its baseline", any(_unharmed(*each) for each in rounds), rounds)
    spent = daemon.until_idle()
    lab.expect("the CPU is idle within a second", spent < 1, f"{spent:.2f} s of CPU time after the end")
    grown = daemon.resident_kib() - before
    lab.note(f"resident size grew by {grown} KiB")
    if lab.measures:
        lab.expect("memory returns to its baseline", grown <= 16 * 1024, f"{grown} KiB above {before}")


def _unharmed(quiet, beside, directly):
    return beside <= max(2 * quiet, _UNNOTICED_MS, 2 * directly)
