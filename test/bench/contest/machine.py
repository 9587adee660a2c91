"""Cores, and what they spend: CPU time of a process with its children, and a probe that tells how fast a core is just now."""

import json
import os
import subprocess
import time


def cores():
    """(the contestants' core, everybody else's cores): the first one, and the rest."""
    available = sorted(os.sched_getaffinity(0))
    return available[0], available[1:] or available


def pinned(command, where):
    """The command on these cores alone."""
    listed = ",".join(map(str, where if isinstance(where, list) else [where]))
    return ["taskset", "-c", listed, *map(str, command)]


def pin(pid, where):
    """Puts a running process with all its threads on these cores."""
    for task in os.listdir(f"/proc/{pid}/task"):
        pin_thread(int(task), where)


def pin_thread(tid, where):
    os.sched_setaffinity(tid, where if isinstance(where, list) else [where])


def threads_named(pid, beginning):
    """The threads of the process whose names begin so, in the names' order."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm", encoding="utf-8") as file:
            found.append((file.read().strip(), int(task)))
    return [task for name, task in sorted(found) if name.startswith(beginning)]


def thread_seconds(tid):
    """CPU time of one thread so far."""
    with open(f"/proc/{tid}/task/{tid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


def family(pid):
    """The process and all that descend from it and live."""
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children", encoding="ascii") as file:
                    left += map(int, file.read().split())
        except OSError:
            continue
    return found


def cpu_seconds(pid):
    """CPU time of the process and of its living descendants so far, all threads, to the nanosecond (clock_getcpuclockid(3))."""
    total = 0.0
    for one in family(pid):
        try:
            total += time.clock_gettime((~one << 3) | 2)
        except OSError:
            continue
    return total


def until_idle(pid, patience=90):
    """Waits until the processes do nothing any more: what is made ready at a start is no part of the work."""
    deadline, before, quiet = time.monotonic() + patience, cpu_seconds(pid), 0
    while quiet < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
        now = cpu_seconds(pid)
        quiet = quiet + 1 if now - before < 0.002 else 0
        before = now


def resident_kib(pid):
    """Resident size of the process and of its living descendants; what they share is counted once for each."""
    total = 0
    for one in family(pid):
        try:
            with open(f"/proc/{one}/status", encoding="ascii") as file:
                total += next((int(line.split()[1]) for line in file if line.startswith("VmRSS:")), 0)
        except OSError:
            continue
    return total


class Probe:
    """One handshake in memory every 30 ms on the contestants' core: the same work costs up to 1.8 times as much while the other
    hyperthread is busy, and nothing else tells. `least_us` is the best that was seen in this run."""

    least_us = None

    def __init__(self, load_program, identity, roots, name, core):
        command = [load_program, "probe", "--identity", identity, "--roots", roots, "--name", name]
        self._process = subprocess.Popen(pinned(command, core), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def stop(self):
        """Ends it; gives the mean cost of its handshakes in µs."""
        said, _ = self._process.communicate()
        figures = json.loads(said)
        if Probe.least_us is None or figures["least_us"] < Probe.least_us:
            Probe.least_us = figures["least_us"]
        return figures["mean_us"]
