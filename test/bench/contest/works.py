"""The kinds of work. Each does it once through a contestant that runs, and gives what it cost."""

import dataclasses
import re
import time

from . import arena as places
from . import machine, trials
from .figures import Figure, spent


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: `unit` is what its figure counts. `scaled`: a CPU time, to be divided by the probe's slowness;
    sizes, ratios and waiting are not."""

    key: str
    title: str
    unit: str
    scaled: bool = True


@dataclasses.dataclass(frozen=True)
class Work:
    """`mode` is what the contestant has to be started in; `measure(contestant, scale)` gives a Figure with a value for each
    row. `among`: who does it, everybody that knows the mode where it is empty. `rounds`: in how many of the first ones.
    `probed`: the probe runs beside it, which what waits for single answers would feel. `seconds`: about how long it takes."""

    rows: tuple
    mode: str
    measure: object
    among: frozenset = frozenset()
    rounds: int = 99
    probed: bool = True
    seconds: float = 4

    @property
    def key(self):
        return self.rows[0].key

    @property
    def title(self):
        return self.rows[0].title


def _connections(key, contestant, count, *options, mode="intercept", **how):
    contestant.load("connections", "--count", max(8, count // 10), *options, mode=mode, **how)
    return spent(key, contestant, count, lambda: contestant.load("connections", "--count", count, *options, mode=mode, **how))


def _count(contestant, number, scale):
    return max(20, int(number * scale * contestant.pace))


def new_connection(contestant, scale, key="new"):
    return _connections(key, contestant, _count(contestant, 2000, scale))


def without_quic(contestant, scale):
    return new_connection(contestant, scale, "noquic")


def resumed_connection(contestant, scale):
    figure = _connections("resumed", contestant, _count(contestant, 2000, scale), "--resume", mode="resumed")
    if figure.details["resumed"] < figure.details["completed"] * 0.9:
        raise RuntimeError(f"{figure.details['resumed']} of {figure.details['completed']} were resumed")
    return figure


def closing_origin(contestant, scale):
    return _connections("closing", contestant, _count(contestant, 1500, scale), address=places.CLOSING_ORIGIN)


def unseen_name(contestant, scale):
    count = _count(contestant, 1000, scale)
    contestant.load("connections", "--count", 20, "--first-name", contestant.arena.new_names(), name=places.MANY_NAMES)
    return spent("unseen", contestant, count, lambda: contestant.load(
        "connections", "--count", count, "--first-name", contestant.arena.new_names(), name=places.MANY_NAMES))


def keep_alive(contestant, scale):
    connections, each = 8, _count(contestant, 3000, scale)
    options = ["--count", connections, "--threads", connections, "--requests", each]
    contestant.load("connections", "--count", connections, "--threads", connections, "--requests", max(10, each // 10))
    return spent("h1", contestant, connections * each, lambda: contestant.load("connections", *options))


def keep_alive_http2(contestant, scale):
    """h2load is the client, 10 streams on each of 8 connections."""
    count = _count(contestant, 30_000, scale)
    arena = contestant.arena

    def ask(number):
        command = machine.pinned(["h2load", "-n", number, "-c", "8", "-m", "10", "-t", "1",
                                  f"--connect-to={places.ORIGIN}:443", f"https://{places.ONE_NAME}/1k"], arena.load_cores)
        said = arena.client_side.run(command, check=False, timeout=300)
        found = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", said.stdout)
        succeeded = int(found[1]) if found else 0
        if "h2" not in said.stdout.split("Application protocol:")[-1][:12]:
            raise RuntimeError("not HTTP/2: " + said.stdout[-500:])
        return {"completed": succeeded, "failed": number - succeeded, "first_error": said.stdout[-500:]}

    ask(max(80, count // 10))
    return spent("h2", contestant, count, lambda: ask(count))


def bulk(way):
    """1 GiB on one connection; of what goes up the origin has to have all."""
    def measure(contestant, _scale):
        arena, options = contestant.arena, ["--bytes", places.BULK_BYTES]
        if way == "up":
            with arena.uploaded() as size:
                figure = spent(way, contestant, 1, lambda: contestant.load("bulk", *options, "--up", path="/upload"))
                if size() != places.BULK_BYTES:
                    raise RuntimeError(f"the origin has {size()} bytes of 1 GiB")
        else:
            mode = "passthrough" if way == "passthrough" else "intercept"
            figure = spent(way, contestant, 1, lambda: contestant.load("bulk", *options, mode=mode, path="/bulk"))
        figure.values[way] *= 1e-6  # CPU seconds a GiB, which is what is moved
        return figure
    return measure


def idle_memory(key, number, sources=1):
    """What the resident size grows by for each connection that has had one answer. With many sources each connection comes from
    an address of its own."""
    def measure(contestant, scale):
        count = max(20, int(number * scale))
        arena = contestant.arena
        if not contestant.pid:
            return Figure({}, {})
        contestant.load("connections", "--count", 16)
        before = machine.resident_kib(contestant.pid)
        client = contestant.client if sources == 1 else arena.new_crowd(sources)
        with arena.holding(contestant, client, count, sources):
            return Figure({key: (machine.resident_kib(contestant.pid) - before) / count}, {"connections": count})
    return measure


def latency(contestant, scale):
    """New connections one at a time, with pauses: what a person waits for, handshake and first answer, in ms."""
    options = ["--threads", 1, "--interval", 0.02]
    contestant.load("connections", "--count", 20, *options)
    said = contestant.load("connections", "--count", max(40, int(120 * scale)), *options)
    return _waited("latency", said)


def far_origin(contestant, scale):
    """The same with an origin 40 ms away. Each connection asks for a name of its own, so that no contestant has an upstream
    connection at hand."""
    said = contestant.load("connections", "--threads", 1, "--count", max(10, int(20 * scale)), "--first-name",
                           contestant.arena.new_names(), name=places.MANY_NAMES, address=places.FAR_ORIGIN)
    return _waited("far", said)


def _waited(key, said):
    if said["failed"]:
        raise RuntimeError(said["first_error"])
    return Figure({key: said["connection_us"]["p50"] / 1000}, said)


def _row(key, title, unit, scaled=True):
    return (Row(key, title, unit, scaled),)


_OURS = frozenset({"sallyport"})

WORKS = (
    Work(_row("new", "new connection, one name, one GET", "µs CPU"), "intercept", new_connection, seconds=3.5),
    Work(_row("resumed", "the same, the client resumes its session", "µs CPU"), "resumed", resumed_connection, seconds=3.5),
    Work(_row("closing", "new connection, origin without resumption or keep-alive", "µs CPU"), "no pool", closing_origin, seconds=3.5),
    # nginx would send them all over the upstream connections of the first name.
    Work(_row("unseen", "new connection, a name never seen", "µs CPU"), "intercept", unseen_name,
         frozenset({"sallyport", "haproxy", "sslsplit", "squid", "mitmproxy"}), seconds=2.5),
    Work(_row("noquic", "new connection, QUIC guard off", "µs CPU"), "no quic", without_quic, _OURS, rounds=2, seconds=3.5),
    Work(_row("h1", "1 KiB GET on keep-alive, HTTP/1.1", "µs CPU"), "intercept", keep_alive, seconds=2.5),
    Work(_row("h2", "1 KiB GET on keep-alive, HTTP/2", "µs CPU"), "http2", keep_alive_http2, seconds=2.5),
    Work(_row("down", "1 GiB down", "s CPU"), "intercept", bulk("down"), seconds=3.5),
    # squid 5 ends uploads of several hundred MiB somewhere in between.
    Work(_row("up", "1 GiB up", "s CPU"), "intercept", bulk("up"), frozenset({"sallyport", "haproxy", "nginx", "sslsplit", "mitmproxy"}),
         seconds=3.5),
    Work(_row("passthrough", "1 GiB passed through", "s CPU"), "passthrough", bulk("passthrough"), seconds=2),
    Work(_row("idle", "memory of an idle connection, of 1,000", "KiB", False), "intercept", idle_memory("idle", 1000), rounds=2,
         probed=False, seconds=4),
    Work(_row("idle_many", "memory of an idle connection, of 10,000", "KiB", False), "many", idle_memory("idle_many", 10_000),
         frozenset({"sallyport", "nginx"}), rounds=1, probed=False, seconds=14),
    Work(_row("idle_own", "memory of an idle connection, each client its own", "KiB", False), "intercept",
         idle_memory("idle_own", 1000, sources=1000), frozenset({"sallyport", "haproxy", "nginx"}), rounds=2, probed=False, seconds=4),
    Work(_row("latency", "new connection without load, p50", "ms", False), "intercept", latency, probed=False, seconds=4),
    Work(_row("far", "new connection, a name never seen, origin 40 ms away, p50", "ms", False), "intercept", far_origin,
         frozenset({"direct", "sallyport", "haproxy"}), probed=False, seconds=4),
    Work(_row("workers", "two workers on two cores carry, times one worker's new connections", "×", False), "two workers",
         trials.two_workers, _OURS, probed=False, seconds=13),
    Work((Row("names", "loading 10⁶ blacklisted names", "s CPU"),
          Row("names_memory", "their memory", "MiB", False),
          Row("names_judged", "one judgement by them", "ns CPU"),
          Row("names_reload", "reloading them under load adds to the p99 of a GET", "ms", False)),
         "intercept", trials.million_names, _OURS, rounds=2, seconds=15),
    Work((Row("overload", "p99 of a GET while twice the possible handshakes come, times its quiet value", "×", False),
          Row("overload_quiet", "its quiet value", "ms", False)),
         "intercept", trials.overload, _OURS, probed=False, seconds=13),
    Work(_row("live", "origin swapped, name blacklisted, client added in a measured run: passed", "of 6", False), "intercept",
         trials.live_changes, _OURS, rounds=1, probed=False, seconds=9),
)


def can(contestant, work, number):
    """Whether the contestant does this kind of work in round `number`."""
    if number > work.rounds or work.among and contestant.name not in work.among or contestant.only and work.key not in contestant.only:
        return False
    # What others do when the origin closes, they do by themselves.
    return work.mode in contestant.modes or work.mode == "no pool"


def settle():
    """Lets the sockets of the contestant before come to their end."""
    time.sleep(0.2)
