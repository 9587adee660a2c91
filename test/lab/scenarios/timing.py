"""Where the time of an exchange went."""

import threading
import time

from harness import topology
from harness.scenario import scenario

_PROXY = (topology.GATEWAY_LAN, 8080)
_ATTEMPTS = 6
_PHASES = ("gateway", "queue", "dns", "connect", "tls", "send", "wait", "transfer")


def _lose_the_next_packet(lab):
    """Of two such rules the second loses the packet after it, and so on."""
    lab.origin_side.run(["iptables", "-I", "INPUT", "-p", "tcp", "--syn", "-d", topology.ORIGIN, "-m", "statistic",
                         "--mode", "nth", "--every", "1000000", "--packet", "0", "-j", "DROP"], check=True)


@scenario("D8 M10")
def phases_add_up(lab):
    """Slowness of DNS, TCP, TLS, the first byte and the body is each seen in its own phase, and all make up the whole."""
    slow = {}  # phase -> seconds

    def context(server_name, address):
        time.sleep(slow.get("tls", 0))
        return lab.good_context(server_name, address)

    def answer(connection, _request):
        time.sleep(slow.get("wait", 0))
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        time.sleep(slow.get("transfer", 0))
        connection.send("cd")

    names = lab.name_server({"*": [topology.ORIGIN]})
    lab.origin((topology.ORIGIN,), contexts=context, behaviours={"/": answer})
    daemon = lab.gateway({"listen.proxy": f"{topology.GATEWAY_LAN}:8080", "upstream.dns_servers": topology.NAME_SERVER})

    def timed(name):
        lab.expect(f"{name} is answered", lab.get(name, proxy=_PROXY).status == 200)
        record = daemon.wait_exchange(host=name)
        timing = record["timing"]
        total = sum(timing.get(phase, 0) for phase in _PHASES)
        lab.expect(f"{name}: the phases add up", abs(total - record["ms"]) < 1, record)
        lab.expect(f"{name}: the handshake is told", timing["client_tls"] > 0, record)
        return record

    def slowed(phase, attempt, seconds):
        slow.clear()
        slow[phase] = seconds
        speaker = None
        if phase == "dns":
            names.hold()
            speaker = threading.Thread(target=lambda: names.wait_for_question() and (time.sleep(seconds), names.speak()))
            speaker.start()
        elif phase == "connect":
            for _ in range(min(attempt, 3)):
                _lose_the_next_packet(lab)
        record = timed(f"{phase}-{attempt}.test")
        if speaker:
            speaker.join()
        return record

    record = timed("quick.test")
    lab.expect("both paths are known", record["tcp_client"]["rtt"] > 0 and record["tcp_upstream"]["rtt"] > 0, record)
    for phase in ("dns", "connect", "tls", "wait", "transfer"):
        # On a busy machine every phase may be slow: what is meant to be the slowest is made slower each time.
        for attempt in range(1, _ATTEMPTS + 1):
            seconds = 0.4 * attempt
            record = slowed(phase, attempt, seconds)
            timing = record["timing"]
            seen = timing.get(phase, 0) > seconds * 500 and timing[phase] == max(timing.get(one, 0) for one in _PHASES)
            if seen:
                break
        lab.expect(f"the slow phase is {phase}", seen, record)
        if phase == "connect":
            lab.expect("what was lost is counted", record["tcp_upstream"]["retransmitted"] >= 1, record)
