"""What the figures of one run say of the project's own aims, line by line: met or not met, with the ratio."""

import dataclasses


@dataclasses.dataclass
class Verdict:
    """One aim. `ratio` has to be at most `limit` (at least, where `least`); None: this run has no figures for it."""

    aim: str
    text: str
    ratio: float | None
    limit: float
    least: bool = False

    @property
    def met(self):
        if self.ratio is None:
            return None
        return self.ratio >= self.limit if self.least else self.ratio <= self.limit

    def line(self):
        if self.ratio is None:
            return f"{self.aim} {self.text}: not measured"
        return (f"{self.aim} {self.text}: {'met' if self.met else 'NOT MET'}, {self.ratio:.3g} "
                f"({'at least' if self.least else 'at most'} {self.limit:g})")


def _over(part, whole):
    return None if part is None or not whole else part / whole


def _minus(one, other):
    return None if one is None or other is None else one - other


def verdicts(table, floor):
    """`table`: {row: {contestant: median}}; `floor`: OpenSSL's two full handshakes in µs."""
    def of(row, contestant="sallyport"):
        return table.get(row, {}).get(contestant)

    def beside(row, peer, own="sallyport"):
        return _over(of(row, own), of(row, peer))

    def beside_best(row):
        peers = [value for name, value in table.get(row, {}).items() if not name.startswith(("sallyport", "direct", "splice"))]
        return _over(of(row), min(peers)) if peers else None

    quiet = "sallyport, no history"
    return [
        Verdict("E1", "new connection ÷ nginx's", beside("new", "nginx"), 0.95),
        Verdict("E1", "new connection ÷ sslsplit's", beside("new", "sslsplit"), 0.25),
        Verdict("E1", "new connection ÷ squid's", beside("new", "squid"), 0.13),
        Verdict("E1", "origin without resumption or keep-alive, no pool ÷ OpenSSL's floor", _over(of("closing"), floor), 1.05),
        Verdict("E2", "names never seen ÷ OpenSSL's floor", _over(of("unseen"), floor), 1.25),
        Verdict("E2", "names never seen ÷ haproxy's", beside("unseen", "haproxy"), 0.75),
        Verdict("E3", "GET on keep-alive without history ÷ haproxy's", beside("h1", "haproxy", quiet), 0.9),
        Verdict("E3", "GET on keep-alive with history ÷ haproxy's", beside("h1", "haproxy"), 1.3),
        Verdict("E3", "GET over HTTP/2 ÷ ours over HTTP/1.1", _over(of("h2"), of("h1")), 1.3),
        Verdict("E4", "1 GiB down ÷ the best peer's", beside_best("down"), 0.9),
        Verdict("E4", "1 GiB up ÷ the best peer's", beside_best("up"), 0.9),
        Verdict("E4", "1 GiB passed through ÷ a bare splice relay's", beside("passthrough", "splice relay"), 1.15),
        Verdict("E5", "KiB of an idle connection, of 1,000", of("idle"), 17),
        Verdict("E5", "KiB of an idle connection, of 10,000", of("idle_many"), 17),
        Verdict("E5", "KiB of an idle connection, each client its own", of("idle_own"), 52),
        Verdict("E6", "latency added to direct ÷ what haproxy adds",
                _over(_minus(of("latency"), of("latency", "direct")), _minus(of("latency", "haproxy"), of("latency", "direct"))), 0.6),
        Verdict("E6", "new connection to an origin 40 ms away ÷ direct", beside("far", "direct"), 1.05),
        Verdict("E7", "two workers ÷ one", of("workers"), 1.8, least=True),
        Verdict("E8", "CPU seconds to load 10⁶ names", of("names"), 1.5),
        Verdict("E8", "MiB that they hold", of("names_memory"), 64),
        Verdict("E8", "ns a judgement", of("names_judged"), 400),
        Verdict("E8", "ms that a reload adds to p99", of("names_reload"), 20),
        Verdict("E9", "p99 of a GET under overload ÷ its quiet value", of("overload"), 5),
        Verdict("E10", "checks passed of the changes in mid-run", of("live"), 6, least=True),
    ]
