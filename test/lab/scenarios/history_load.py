"""What the history costs, and what becomes of it under load and on a disk that is full (D4)."""

import os
import re
import signal
import sqlite3
import statistics
import subprocess

from harness import control, topology
from harness.namespaces import own_mounts
from harness.nginx import Nginx
from harness.scenario import scenario

_REQUESTS = 5_000
_CONNECTIONS = 100


def _load(lab, count, *options):
    """`count` exchanges over kept connections, as fast as they go."""
    said = lab.client_side.run(["h2load", "--h1", "-n", str(count), "-c", "50", "-t", "1", *options,
                                f"--connect-to={topology.ORIGIN}:443", "https://h1.test/small"], check=False, timeout=200)
    found = re.search(r"(\d+) succeeded", said.stdout)
    lab.expect("no request fails", found and int(found[1]) == count, said.stdout[-600:])


def _new_connections(lab):
    """An exchange on each of that many connections, one after the other."""
    context = lab.client_context()
    answers = [lab.get("h1.test", "/small", context=context).status for _ in range(_CONNECTIONS)]
    lab.expect("no connection fails", answers == [200] * _CONNECTIONS, answers)


def _counts(lab, daemon):
    """(written, dropped) once nothing is queued any more."""
    def settled():
        told = control.metrics(lab, daemon)
        figures = told["sallyport_history_written_total"], told["sallyport_history_dropped_total"]
        return figures if told["sallyport_history_queued"] == 0 and sum(figures) == sum(
            value for name, value in told.items() if name.startswith("sallyport_exchanges_total")) else None
    return lab.until(settled, lab.patience) or (-1, -1)


def _rows(database):
    """How many are in the database, and what SQLite says of its state."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
        return (opened.execute("SELECT count(*) FROM exchange").fetchone()[0],
                opened.execute("PRAGMA integrity_check").fetchone()[0])


@scenario("D4", alone=True, timeout=300)
def complete_or_counted(lab):
    """At full load each exchange is in the history, or counted as dropped: while the database takes them, while somebody else
    holds it, and after it is free again. Memory stays bounded. After kill -9 all that was counted as written is there."""
    count = 100_000 if lab.world.at_length else 8_000
    Nginx(lab, ["h1.test"], [topology.ORIGIN])
    daemon = lab.gateway()
    database = daemon.files.settings["history.database"]
    _load(lab, 500)
    lab.expect("the first are written", _counts(lab, daemon) == (500, 0), _counts(lab, daemon))
    before = daemon.resident_kib()
    daemon.reset_peak()
    _load(lab, count)
    written, dropped = _counts(lab, daemon)
    lab.expect("each exchange is written or counted", written + dropped == 500 + count and written > 0, (written, dropped))
    lab.expect("as many rows as are counted", _rows(database) == (written, "ok"), (_rows(database), written))
    grown = daemon.peak_resident_kib() - before
    lab.note(f"{count} exchanges: {dropped:.0f} dropped, {grown} KiB more memory at the peak")
    if lab.measures:
        lab.expect("memory is bounded", grown < 128 * 1024, f"{grown} KiB")
    with sqlite3.connect(database) as holder:
        holder.execute("BEGIN IMMEDIATE")
        _load(lab, 2000)
        daemon.wait_line("the history cannot be written")
        holder.rollback()
    held_back = _counts(lab, daemon)
    lab.expect("what could not be written is counted", sum(held_back) == 2500 + count and held_back[1] > dropped, held_back)
    lab.expect("the database goes on once it is free", lab.until(lambda: _goes_on(lab, daemon, held_back), 30), held_back)
    written = _counts(lab, daemon)[0]
    daemon.signal(signal.SIGKILL)
    daemon.wait_exit()
    lab.expect("kill -9 loses nothing that was written", _rows(database) == (written, "ok"), (_rows(database), written))
    again = lab.gateway(files=daemon.files)
    lab.get("h1.test", "/small")
    lab.expect("and the history goes on", lab.until(lambda: _rows(database)[0] == written + 1), _rows(database))
    again.stop()


def _goes_on(lab, daemon, before):
    _load(lab, 50)
    return _counts(lab, daemon)[0] > before[0]


@scenario("D4", timeout=120)
def full_disk(lab):
    """A disk of 5 MB fills: clients do not notice, what is lost is counted, and it goes on once there is room."""
    Nginx(lab, ["h1.test"], [topology.ORIGIN])
    disk = os.path.join(lab.folder, "disk")
    os.makedirs(disk)
    own_mounts()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m,mode=0777", "tmpfs", disk], check=True)
    with open(os.path.join(disk, "ballast"), "wb") as file:
        file.write(bytes(3 << 20))
    daemon = lab.gateway({"history.database": f"{disk}/history.db"})
    _load(lab, 4000)
    daemon.wait_line("the history cannot be written")
    _load(lab, 1000)
    full = _counts(lab, daemon)
    lab.expect("what is lost is counted", sum(full) == 5000 and full[1] > 0, full)
    os.remove(os.path.join(disk, "ballast"))
    lab.expect("it goes on once there is room", lab.until(lambda: _goes_on(lab, daemon, full), 30), full)
    daemon.wait_line("the history is written again")
    written, dropped = _counts(lab, daemon)
    lab.expect("as many rows as are counted", _rows(f"{disk}/history.db") == (written, "ok"),
               (_rows(f"{disk}/history.db"), written, dropped))
    lab.expect("the daemon ends with 0 after SIGTERM", daemon.stop() == 0)


@scenario("D4", alone=True, timeout=300)
def cost_of_history(lab):
    """CPU time of an exchange with the history on and off, by turns. A machine's mood lasts longer than a turn, so turns are
    compared with their neighbours, up to eight times until a pair shows the bounds. What the writer's own thread takes is
    hardly disturbed by others, and the least of it counts. The bounds that hold on a quiet machine are asserted where one is
    to be had (`make bench`); beside other tests, twice as much."""
    Nginx(lab, ["h1.test"], [topology.ORIGIN])
    ways = {"off": lab.files({"history.database": ""}), "on": lab.files()}
    loads = {"keep-alive": (lambda: _load(lab, _REQUESTS), _REQUESTS), "new": (lambda: _new_connections(lab), _CONNECTIONS)}
    spent = {what: {way: [] for way in ways} for what in loads}
    writer = []
    slack, most_times = (5, 1.15) if lab.world.at_length else (10, 1.3)

    def pairs(what):
        return zip(spent[what]["off"], spent[what]["on"])

    def within():
        return {"keep-alive": any(on <= off + slack for off, on in pairs("keep-alive")),
                "new": any(on <= most_times * off for off, on in pairs("new")), "writer": bool(writer) and min(writer) <= slack}

    for round_number in range(8 if lab.measures else 1):
        if round_number >= (4 if lab.world.at_length else 1) and all(within().values()):
            break
        for way, files in ways.items():
            daemon = lab.gateway(files=files)
            _load(lab, 200)
            for what, (load, count) in loads.items():
                before, before_writer = daemon.cpu_seconds(), daemon.thread_seconds("history")
                load()
                daemon.until_idle()
                spent[what][way].append((daemon.cpu_seconds() - before) / count * 1e6)
                if (what, way) == ("keep-alive", "on"):
                    writer.append((daemon.thread_seconds("history") - before_writer) / count * 1e6)
            lab.expect("the daemon ends with 0 after SIGTERM", daemon.stop() == 0, way)
    for what, by_way in spent.items():
        lab.note(f"CPU µs, {what}, least and median: " + ", ".join(
            f"history {way} {min(some):.1f} {statistics.median(some):.1f}" for way, some in by_way.items()))
    lab.note(f"CPU µs of the writer's thread, least and median: {min(writer):.1f} {statistics.median(writer):.1f}")
    if lab.measures:
        lab.expect(f"an exchange costs at most {slack} µs more", within()["keep-alive"], spent)
        lab.expect(f"a new connection costs at most {most_times} times as much", within()["new"], spent)
        lab.expect(f"the writer takes at most {slack} µs an exchange", within()["writer"], writer)
