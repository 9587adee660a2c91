"""Works that sallyport alone does, because the question is about its own promises: more workers, long lists, overload, and
changes in mid-run."""

import time

from . import arena as places
from . import machine
from .figures import Figure
from .live_origin import LiveOrigin

_LISTED = 1_000_000
_LISTED_NAMES = "n%d.blocked.test"
_PROBES_AGREE = 1.15


# --- two workers

def two_workers(contestant, scale):
    """How many connections a second of the busiest core carries, with two workers over with one; clients and origins may run
    anywhere in both cases, and do not count. Repeated while the probes say that the cores were not equally fast."""
    contestant.stop()
    for _ in range(3):
        one, two = (_carried(type(contestant), contestant.arena, mode, scale) for mode in ("intercept", "two workers"))
        slow = two["slowness"]
        if max(slow) / min(slow) < _PROBES_AGREE:
            break
    return Figure({"workers": two["carried"] / one["carried"]}, {"one": one, "two": two})


def _carried(kind, arena, mode, scale):
    contestant = kind(arena)
    with arena.spread_load():
        contestant.start(mode)
        try:
            workers = contestant.spread_workers()
            count = max(200, int(3000 * scale))
            contestant.load("connections", "--count", count // 10)
            probes = [arena.probe(core) for core in workers]
            before, all_before = [machine.thread_seconds(tid) for tid in workers.values()], machine.cpu_seconds(contestant.pid)
            accepted = arena.accepted()
            said = contestant.load("connections", "--count", count)
            accepted = arena.accepted() - accepted
            spent = [machine.thread_seconds(tid) - then for tid, then in zip(workers.values(), before)]
            total = machine.cpu_seconds(contestant.pid) - all_before
            slowness = [probe.stop() / machine.Probe.least_us for probe in probes]
        finally:
            contestant.stop()
    if said["failed"]:
        raise RuntimeError(said["first_error"])
    # The busiest worker, or a fair share of all threads where that is more: writers need a core too.
    busiest = max(max(own / slow for own, slow in zip(spent, slowness)), total / len(spent) / (sum(slowness) / len(slowness)))
    return {"carried": count / busiest, "spent": spent, "total": total, "slowness": slowness, "upstream_connections": accepted}


# --- a million names

def million_names(contestant, scale):
    """CPU and memory that the list adds to a start; judgements by a program of their own; and a GET's p99 under load with and
    without reloads."""
    arena, values, details = contestant.arena, {}, {}
    listed = max(10_000, int(_LISTED * min(scale, 1)))
    cpu, resident = contestant.at_start
    contestant.stop()
    policy = arena.blacklist(_LISTED_NAMES, listed)
    loaded = type(contestant)(arena)
    loaded.policy = policy
    loaded.start("intercept")
    try:
        values["names"] = loaded.at_start[0] - cpu
        values["names_memory"] = (loaded.at_start[1] - resident) / 1024
        said = arena.on_the_core("policy", "--policy", loaded.policy_file, "--name", _LISTED_NAMES, "--listed", listed, "--count",
                                 300_000)
        if not 0.45 < said["blocked"] / said["judgements"] < 0.55:
            raise RuntimeError(f"{said['blocked']} of {said['judgements']} names were refused, not every other one")
        values["names_judged"] = said["judge_ns"]
        details["judged"], details["listed"] = said, listed
        quiet, reloading, reloads = _reload_under_load(loaded, 1 + 3 * scale)
        values["names_reload"] = (reloading["request_us"]["p99"] - quiet["request_us"]["p99"]) / 1000
        details |= {"quiet": quiet, "reloading": reloading, "reloads": reloads}
    finally:
        loaded.stop()
    return Figure(values, details)


def _reload_under_load(contestant, seconds):
    """What eight busy connections see for so long, once left alone and once while the policy is read again and again."""
    options = ["--count", 8, "--threads", 8, "--requests", 10**9, "--seconds", seconds]
    quiet = contestant.load("connections", *options)
    load = contestant.begin_load("connections", *options)
    reloads, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        contestant.reload()
        reloads += 1
    return quiet, load.end(), reloads


# --- overload

def overload(contestant, scale):
    """The p99 of clients that ask now and then on keep-alive, while handshakes of others come at twice the rate at which the
    worker can answer them, over its quiet value. Those who are measured and the origin run at a real-time priority, since it is
    not their core that is asked for too much."""
    with contestant.arena.urgent_origin():
        return _overload(contestant, scale)


def _overload(contestant, scale):
    arena = contestant.arena
    crowd = arena.new_crowd(16)
    seconds = 1 + 3 * scale
    calm = ["--count", 4, "--threads", 4, "--requests", 10**9, "--pause", 0.003]
    quiet = contestant.load("connections", *calm, "--seconds", seconds, urgent=True)

    def flood(rate, most_open, duration):
        return contestant.begin_load("flood", "--sources", 16, "--rate", rate, "--most-open", most_open, "--seconds", duration,
                                     client=crowd)

    most = flood(100_000, 64, 1).end()
    possible = most["answered"] / most["seconds"]
    flooding = flood(2 * possible, 8000, seconds + 1.5)
    time.sleep(0.75)
    loaded = contestant.load("connections", *calm, "--seconds", seconds, urgent=True)
    flooded = flooding.end()
    asked = (flooded["begun"] + flooded["put_off"]) / flooded["seconds"]
    if asked < 1.8 * possible:
        raise RuntimeError(f"{asked:.0f} handshakes a second came, of which {possible:.0f} are possible: that is no overload")
    if loaded["failed"]:
        raise RuntimeError(f"{loaded['failed']} keep-alive clients failed: {loaded['first_error']}")
    return Figure({"overload": loaded["request_us"]["p99"] / quiet["request_us"]["p99"],
                   "overload_quiet": quiet["request_us"]["p99"] / 1000},
                  {"quiet": quiet, "loaded": loaded, "possible": most, "flood": flooded})


# --- changes in mid-run

def live_changes(contestant, _scale):
    """In the middle of a measured run a second client comes, the origin's certificate is swapped for an expired one, and the name
    is blacklisted. The figure counts what went as it must, and went the other way just before."""
    arena, passed = contestant.arena, {}
    first, second, third, fourth = contestant.client, *(arena.new_client() for _ in range(3))
    origin = LiveOrigin(arena)
    run = contestant.begin_load("connections", "--count", 4, "--threads", 4, "--requests", 10**9, "--pause", 0.001, "--seconds", 6)
    try:
        kept = origin.connect(contestant, first)
        passed["the first client is served"] = kept.get(first) == 200
        beside = [contestant.begin_load("connections", "--count", 200, "--threads", 4, client=one, address=places.LIVE_ORIGIN,
                                        name=places.LIVE_NAME, path=f"/1k?client={one}") for one in (first, second)]
        passed["a second client is served beside it"] = all(one.end()["failed"] == 0 for one in beside)
        clients = origin.clients_of_connections({first, second})
        passed["no upstream connection served both"] = (
            all(len(seen) == 1 for seen in clients) and set().union(*clients) == {first, second}
            # One client that says it were two is seen to be mixed.
            and kept.get("somebody") == 200 and {first, "somebody"} in origin.clients_of_connections({"somebody"}))
        before = origin.connect(contestant, third).get(third)
        origin.swap(expired=True)
        passed["the next full handshake gets 502"] = (before, origin.connect(contestant, fourth).get(fourth)) == (200, 502)
        origin.swap(expired=False)
        served = origin.connect(contestant, first)
        before = served.get(first)
        contestant.rewrite_policy(f"[blacklist]\ndomain = {places.LIVE_NAME}\n")
        contestant.reload()
        passed["the next request of a blacklisted name gets 403"] = (before, served.get(first)) == (200, 403)
    finally:
        origin.close()
        said = run.end()
    passed["the measured run noticed nothing"] = said["failed"] == 0 and said["request_us"] is not None
    return Figure({"live": sum(passed.values())}, {"passed": passed, "run": said})
