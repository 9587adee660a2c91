"""The kinds of work. Each does it once through a contestant that runs, and gives what it cost."""

import dataclasses
import re
import time

from . import arena as places
from . import machine


@dataclasses.dataclass(frozen=True)
class Work:
    """`unit` is what a figure counts; `mode` is what the contestant has to be started in; `measure` does it."""

    key: str
    title: str
    unit: str
    mode: str
    measure: object
    scaled: bool = True  # by the probe: CPU times are, sizes and waiting are not


@dataclasses.dataclass
class Figure:
    """One measurement: `value` in the work's unit, and what else it showed."""

    value: float
    details: dict


def _spent(contestant, operations, run):
    """CPU seconds of the contestant for `run`, over the number of operations that it gives back, in µs."""
    began = machine.cpu_seconds(contestant.pid) if contestant.pid else 0.0
    said = run()
    spent = (machine.cpu_seconds(contestant.pid) if contestant.pid else 0.0) - began
    if said.get("failed"):
        raise RuntimeError(f"{said['failed']} of {operations} failed: {said['first_error']}")
    return Figure(spent / operations * 1e6, said)


def _connections(contestant, count, *options, mode="intercept", **how):
    contestant.load("connections", "--count", max(8, count // 10), *options, mode=mode, **how)
    return _spent(contestant, count, lambda: contestant.load("connections", "--count", count, *options, mode=mode, **how))


def new_connection(contestant, scale):
    return _connections(contestant, int(2000 * scale))


def resumed_connection(contestant, scale):
    figure = _connections(contestant, int(2000 * scale), "--resume", mode="resumed")
    if figure.details["resumed"] < figure.details["completed"] * 0.9:
        raise RuntimeError(f"{figure.details['resumed']} of {figure.details['completed']} were resumed")
    return figure


def closing_origin(contestant, scale):
    return _connections(contestant, int(1500 * scale), address=places.CLOSING_ORIGIN)


def unseen_name(contestant, scale):
    count = int(1000 * scale)
    contestant.load("connections", "--count", 20, "--first-name", contestant.arena.new_names(), name=places.MANY_NAMES)
    return _spent(contestant, count, lambda: contestant.load(
        "connections", "--count", count, "--first-name", contestant.arena.new_names(), name=places.MANY_NAMES))


def keep_alive(contestant, scale):
    connections, each = 8, max(10, int(2500 * scale))
    options = ["--count", connections, "--threads", connections, "--requests", each]
    contestant.load("connections", "--count", connections, "--threads", connections, "--requests", max(10, each // 10))
    return _spent(contestant, connections * each, lambda: contestant.load("connections", *options))


def keep_alive_http2(contestant, scale):
    """h2load is the client, 10 streams on each of 8 connections."""
    count = int(30_000 * scale)
    arena = contestant.arena
    command = machine.pinned(["h2load", "-n", count, "-c", "8", "-m", "10", "-t", "1",
                              f"--connect-to={places.ORIGIN}:443", f"https://{places.ONE_NAME}/1k"], arena.other_cores)

    def run():
        said = arena.client_side.run(command, check=False, timeout=300)
        found = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", said.stdout)
        succeeded = int(found[1]) if found else 0
        if "h2" not in said.stdout.split("Application protocol:")[-1][:12]:
            raise RuntimeError("not HTTP/2: " + said.stdout[-500:])
        return {"completed": succeeded, "failed": count - succeeded, "first_error": said.stdout[-500:]}

    run()
    return _spent(contestant, count, run)


def bulk(way):
    def measure(contestant, _scale):
        mode = "passthrough" if way == "passthrough" else "intercept"
        options = ["--bytes", places.BULK_BYTES] + (["--up"] if way == "up" else [])
        path = "/sink" if way == "up" else "/bulk"
        figure = _spent(contestant, 1, lambda: contestant.load("bulk", *options, mode=mode, path=path))
        figure.value *= 1e-6  # CPU seconds a GiB, which is what is moved
        return figure
    return measure


def idle_memory(contestant, scale):
    count = int(1000 * scale)
    if not contestant.pid:
        return Figure(0, {})
    contestant.load("connections", "--count", 16)
    before = machine.resident_kib(contestant.pid)
    holder = contestant.arena.hold(contestant.client, count)
    try:
        return Figure((machine.resident_kib(contestant.pid) - before) / count, {"connections": count})
    finally:
        holder.communicate()


def latency(contestant, scale):
    """New connections one at a time, with pauses: what a person waits for, handshake and first answer, in ms."""
    options = ["--threads", 1, "--interval", 0.03]
    contestant.load("connections", "--count", 20, *options)
    said = contestant.load("connections", "--count", max(40, int(200 * scale)), *options)
    if said["failed"]:
        raise RuntimeError(said["first_error"])
    return Figure(said["connection_us"]["p50"] / 1000, said)


WORKS = (
    Work("new", "new connection, one name, one GET", "µs CPU", "intercept", new_connection),
    Work("resumed", "the same, the client resumes its session", "µs CPU", "resumed", resumed_connection),
    Work("closing", "new connection, origin without resumption or keep-alive", "µs CPU", "no pool", closing_origin),
    Work("unseen", "new connection, a name never seen", "µs CPU", "intercept", unseen_name),
    Work("h1", "1 KiB GET on keep-alive, HTTP/1.1", "µs CPU", "intercept", keep_alive),
    Work("h2", "1 KiB GET on keep-alive, HTTP/2", "µs CPU", "http2", keep_alive_http2),
    Work("down", "1 GiB down", "s CPU", "intercept", bulk("down")),
    Work("up", "1 GiB up", "s CPU", "intercept", bulk("up")),
    Work("passthrough", "1 GiB passed through", "s CPU", "passthrough", bulk("passthrough")),
    Work("idle", "memory of an idle connection", "KiB", "intercept", idle_memory, scaled=False),
    Work("latency", "new connection without load, p50", "ms", "intercept", latency, scaled=False),
)


def can(contestant, work):
    """Whether the contestant does this kind of work at all."""
    if work.mode == "no pool":  # what others do when the origin closes, they do by themselves
        return True
    return work.mode in contestant.modes


def settle():
    """Lets the sockets of the contestant before come to their end."""
    time.sleep(0.2)
