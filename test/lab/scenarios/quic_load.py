"""The QUIC guard under load (J03, F3 of issue 7). With --measuring it takes minutes, and the bounds on times are asserted."""

import os
import time

from harness import flood, quic, topology
from harness.scenario import scenario

_POLICY = "[blacklist]\ndomain = bad.test\n[passthrough]\ndomain = *.bank.test\nproof = none\n"
_RATE = 50_000
_MOST_LINES = 200  # a second
_BETWEEN_CLIENTS = 0.01  # so that what sends the flood has a core to itself


def _initial(name):
    return quic.initial(quic.crypto(0, quic.hello(name)), destination=os.urandom(8))


def _half_garbage():
    """The other half are Initials that can be read; among the garbage are hellos of which the rest never comes."""
    part = quic.initial(quic.pieces(quic.hello("half.test"), 2)[0])
    for number in range(128):
        yield _initial("bad.test" if number % 2 else f"n{number}.test")
        yield part if number % 8 == 0 else os.urandom(1200)


class _Meter:
    """What the guard does from now on."""

    def __init__(self, lab, daemon):
        self._lab, self._daemon = lab, daemon
        self._packets, self._spent, self._began = self._read()

    def _read(self):
        packets = quic.samples(self._lab, self._daemon)["sallyport_quic_packets_total"]
        return packets, self._daemon.thread_seconds("quic"), time.monotonic()

    def read(self):
        """(packets looked at, CPU seconds, seconds)"""
        now = self._read()
        return now[0] - self._packets, now[1] - self._spent, now[2] - self._began


def _clients(lab, going_on):
    """Seconds that each client by TCP took, one after the other, while something goes on."""
    times = []
    while going_on():
        began = time.monotonic()
        answer = lab.get("meanwhile.test")
        times.append(time.monotonic() - began)
        time.sleep(_BETWEEN_CLIENTS)
        lab.require("TCP goes on", answer.status == 200, answer)
    return times


def _clients_beside(lab, datagrams, seconds, port=443):
    made = flood.Flood(lab, datagrams, _RATE, seconds, port=port)
    made.begin()
    times = _clients(lab, lambda: made.running)
    return times, made.end()


def _percentile(times, part):
    return sorted(times)[int(part * (len(times) - 1))]


def _show(times):
    return f"{len(times)} clients, median {_percentile(times, 0.5) * 1000:.1f} ms, p99 {_percentile(times, 0.99) * 1000:.1f} ms"


@scenario("J03", alone=True, timeout=900)
def fifty_thousand_a_second(lab):
    """As many as the machine can send, if that is less. TCP is compared with packets that the guard does not get."""
    lab.origin()
    origin = quic.UdpOrigin(lab.origin_side, [topology.ORIGIN])
    daemon = lab.gateway(policy=_POLICY)
    datagrams, began = list(_half_garbage()), time.monotonic()
    rounds, seconds = (4, 15) if lab.world.at_length else (1, 1.5)
    _clients_beside(lab, datagrams, 0.2)
    resident = daemon.resident_kib()
    daemon.reset_peak()
    quiet, elsewhere, beside = [], [], []
    for _ in range(rounds):
        if lab.world.at_length:
            until = time.monotonic() + seconds / 2
            quiet += _clients(lab, lambda until=until: time.monotonic() < until)
            elsewhere += _clients_beside(lab, datagrams, seconds / 2, port=444)[0]
        meter = _Meter(lab, daemon)
        times, (sent, lasted) = _clients_beside(lab, datagrams, seconds)
        packets, spent, took = meter.read()
        beside += times
        lab.note(f"{sent / lasted:.0f} packets a second for {lasted:.1f} s: {packets:.0f} looked at, {spent / took * 100:.0f} % of a core, "
                 f"{spent / max(packets, 1) * 1e6:.1f} µs each; by TCP {_show(times)}")
        lab.expect("half a core at most", spent / took < 0.6 or not lab.measures, f"{spent:.2f} s of {took:.2f} s")
    grown = daemon.peak_resident_kib() - resident
    lab.note(f"{grown} KiB more at most")
    lab.expect("memory is bounded", grown < 16 * 1024 or not lab.measures, f"{grown} KiB")
    lab.expect("nothing of it leaves", not origin.received, len(origin.received))
    lines = [line for line in daemon.records() if "quic" in line]
    since = time.monotonic() - began
    # Seconds are counted from whenever: of the first and of the last there may be a piece.
    lab.expect("not a line for each", len(lines) <= _MOST_LINES * (since + 2), f"{len(lines)} lines in {since:.1f} s")
    if lab.world.at_length:
        lab.note(f"quiet: {_show(quiet)}; the same packets to another port: {_show(elsewhere)}; to the guard: {_show(beside)}")
        lab.expect("the guard costs TCP less than as much again", _percentile(beside, 0.99) < 2 * _percentile(elsewhere, 0.99))
    judged = lab.until(lambda: quic.ask(lab, quic.flight("www.bank.test"), topology.ORIGIN, patience=1) == "passed", lab.patience)
    lab.expect("verdicts go on", judged)


@scenario("J03", alone=True)
def what_packets_cost(lab):
    """An Initial, all that the kernel does for it included, and the packets of a flow that flies."""
    quic.UdpOrigin(lab.origin_side, [topology.ORIGIN])
    daemon = lab.gateway(policy=_POLICY)
    costs = []
    for _ in range(12 if lab.world.at_length else 3):
        made = flood.Flood(lab, [_initial(f"n{number}.test") for number in range(64)], 10_000, 0.3)
        meter = _Meter(lab, daemon)
        made.begin()
        made.end()
        daemon.until_idle()
        packets, spent, _ = meter.read()
        costs.append(spent / max(packets, 1) * 1e6)
    lab.note(f"an Initial costs {_percentile(costs, 0.5):.1f} µs, {min(costs):.1f} at best")
    lab.expect("an Initial costs 25 µs at most", _percentile(costs, 0.5) <= 25 or not lab.world.at_length, costs)
    with quic.Flow(lab, topology.ORIGIN) as flow:
        flow.send(*quic.flight("www.bank.test"))
        lab.require("a flow flies", flow.outcome() == "passed")
        daemon.until_idle()
        meter = _Meter(lab, daemon)
        for _ in range(1000):
            flow.send(b"\x40later packets of the connection")
            lab.require("all of it", flow.outcome() == "passed")
        packets, spent, _ = meter.read()
    lab.expect("its later packets cost the guard nothing", packets == 0 and spent < 0.001, f"{packets} packets, {spent * 1e6:.0f} µs")
