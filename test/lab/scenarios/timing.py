"""Where the time of an exchange went."""

import threading
import time

from harness import topology
from harness.scenario import scenario

_PROXY = (topology.GATEWAY_LAN, 8080)
_SLOW = 0.4
_PHASES = ("gateway", "queue", "dns", "connect", "tls", "send", "wait", "transfer")


def _lose_the_first_packet(lab):
    lab.origin_side.run(["iptables", "-I", "INPUT", "-p", "tcp", "--syn", "-d", topology.ORIGIN, "-m", "statistic",
                         "--mode", "nth", "--every", "1000000", "--packet", "0", "-j", "DROP"], check=True)


@scenario("D8 M10")
def phases_add_up(lab):
    """Slowness of DNS, TCP, TLS, the first byte and the body is each seen in its own phase, and all make up the whole."""
    slow = set()

    def context(server_name, address):
        if "tls" in slow:
            time.sleep(_SLOW)
        return lab.good_context(server_name, address)

    def answer(connection, _request):
        if "wait" in slow:
            time.sleep(_SLOW)
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        if "transfer" in slow:
            time.sleep(_SLOW)
        connection.send("cd")

    names = lab.name_server({"*": [topology.ORIGIN]})
    lab.origin((topology.ORIGIN,), contexts=context, behaviours={"/": answer})
    daemon = lab.gateway({"listen.proxy": f"{topology.GATEWAY_LAN}:8080", "upstream.dns_servers": topology.NAME_SERVER})

    def timed(name, expected):
        lab.expect(f"{name} is answered", lab.get(name, proxy=_PROXY).status == 200)
        record = daemon.wait_exchange(host=name)
        timing = record["timing"]
        total = sum(timing.get(phase, 0) for phase in _PHASES)
        lab.expect(f"{name}: the phases add up", abs(total - record["ms"]) < 1, record)
        largest = max(_PHASES, key=lambda phase: timing.get(phase, 0))
        if expected:
            lab.expect(f"{name}: the slow phase is {expected}",
                       largest == expected and timing[expected] > _SLOW * 500, record)
        lab.expect(f"{name}: the handshake is told", timing["client_tls"] > 0, record)
        return record

    record = timed("quick.test", None)
    lab.expect("both paths are known", record["tcp_client"]["rtt"] > 0 and record["tcp_upstream"]["rtt"] > 0, record)
    names.hold()
    speaker = threading.Thread(target=lambda: names.wait_for_question() and (time.sleep(_SLOW), names.speak()))
    speaker.start()
    timed("dns.test", "dns")
    speaker.join()
    _lose_the_first_packet(lab)
    record = timed("connect.test", "connect")
    lab.expect("what was lost is counted", record["tcp_upstream"]["retransmitted"] >= 1, record)
    for phase in ("tls", "wait", "transfer"):
        slow = {phase}
        timed(f"{phase}.test", phase)
