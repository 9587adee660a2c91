"""Names and clients that are not opened (A10; C05)."""

import contextlib
import fcntl
import os
import select
import socket

from harness import daemon as daemon_module
from harness import client, topology
from harness.nginx import Nginx, sha256_of
from harness.scenario import Control, scenario
from harness.workload import bulk_file

IDENTICAL = "the payload of both legs is byte-identical"
_POLICY = "[passthrough]\ndomain = *.bank.test\nproof = none\n"  # a probe would be on the wire too


def _both_legs(lab, action):
    with lab.capture_lan() as lan, lab.capture_wan() as wan:
        action()
    return lan, wan


@scenario("A10 C05!", control=Control(IDENTICAL, policy=""))
def nothing_is_touched(lab):
    origin = lab.origin(behaviours={"/large": lambda connection, _: connection.respond(os.urandom(300_000))})
    daemon = lab.gateway(policy=_POLICY)
    shown = []
    context = lab.client_context() if lab.in_control else _origin_trusting(lab)

    def visit():
        with lab.open("www.bank.test", context=context) as connection:
            shown.append(connection.leaf)
            connection.request("/large", "www.bank.test")
            connection.request("/post", "www.bank.test", method="POST", body=os.urandom(50_000))
        shown.append(_passed(lab, daemon))

    lan, wan = _both_legs(lab, visit)
    up = lan.stream((topology.CLIENT, None), (topology.ORIGIN, 443)), wan.stream((topology.CLIENT, None), (topology.ORIGIN, 443))
    down = lan.stream((topology.ORIGIN, 443), (topology.CLIENT, None)), wan.stream((topology.ORIGIN, 443), (topology.CLIENT, None))
    lab.expect(IDENTICAL, up[0] == up[1] and down[0] == down[1] and len(down[0]) > 300_000,
               f"up {len(up[0])} and {len(up[1])} bytes, down {len(down[0])} and {len(down[1])}")
    lab.expect("the client saw the origin's own certificate", shown[0].issuer == lab.root.certificate.subject, shown[0].issuer)
    lab.expect("the hello reached the origin as it was sent", origin.connections[0].hello_bytes == up[0][:len(
        origin.connections[0].hello_bytes)], "")
    line = shown[1]
    lab.expect("it is logged, once", len(line) == 1 and "www.bank.test" in line[0], line)
    lab.expect("another name is opened", lab.get("www.other.test").leaf.issuer != lab.root.certificate.subject, "")


def _passed(lab, daemon):
    """The log's lines of connections passed through, written at their end."""
    try:
        return daemon.wait_for(lambda lines: [one for one in lines if "PASSED-THROUGH" in one], "PASSED-THROUGH line",
                               lab.patience)
    except TimeoutError:
        return []


def _origin_trusting(lab):
    return client.tls_context(lab.root.pem())


@scenario("A10", control=Control("nothing of this client is opened", policy=""))
def client_is_passed_through(lab):
    lab.origin()
    lab.gateway(policy=f"[passthrough]\nclient = {topology.CLIENT}\n         {topology.CLIENT6}\n[blacklist]\ndomain = bad.test\n")
    trusting = lab.client_context() if lab.in_control else _origin_trusting(lab)
    for name, address in (("a.test", topology.ORIGIN), ("bad.test", topology.ORIGIN), ("six.test", topology.ORIGIN6)):
        answer = lab.get(name, address=address, context=trusting)
        lab.expect("nothing of this client is opened", answer.status == 200
                   and answer.leaf.issuer == lab.root.certificate.subject, f"{name}: {answer}")
    other = lab.get("a.test", source=topology.SECOND_CLIENT)
    lab.expect("another client is opened", other.leaf.issuer != lab.root.certificate.subject, other.leaf)


class SpliceRelay:
    """The bare minimum: one connection after the other, relayed by splice(2). It is what passthrough is measured against. It
    waits as the gateway does, by one edge-triggered epoll: how a relay waits decides which of the kernel's work for the
    packets is put on its account."""

    def __init__(self, lab, port, target):
        self.pid = os.fork()
        if self.pid == 0:
            with lab.gateway_side.inside():
                _relay_for_ever(port, target)


def _relay_for_ever(port, target):
    listener = socket.create_server((topology.GATEWAY_LAN, port))
    while True:
        with listener.accept()[0] as accepted, socket.create_connection(target) as upstream, select.epoll() as events:
            for one in (accepted, upstream):
                one.setblocking(False)
                events.register(one, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
            directions = [_SpliceDirection(accepted, upstream), _SpliceDirection(upstream, accepted)]
            while not all([direction.move() for direction in directions]):
                events.poll()


class _SpliceDirection:
    _PIPE_BYTES = 256 * 1024  # as the gateway's

    def __init__(self, source, sink):
        self.source, self.sink, self.ended, self.held = source, sink, False, 0
        self.pipe = [os.fdopen(end, mode, buffering=0) for end, mode in zip(os.pipe2(os.O_NONBLOCK), ("rb", "wb"))]
        fcntl.fcntl(self.pipe[1], fcntl.F_SETPIPE_SZ, self._PIPE_BYTES)

    def move(self):
        """What can be moved now; true once the source has ended."""
        with contextlib.suppress(BlockingIOError):
            while not self.ended:
                if not self.held:
                    self.held = os.splice(self.source.fileno(), self.pipe[1].fileno(), self._PIPE_BYTES, flags=os.SPLICE_F_NONBLOCK)
                    if not self.held:
                        self.ended = True
                        self.sink.shutdown(socket.SHUT_WR)
                        break
                self.held -= os.splice(self.pipe[0].fileno(), self.sink.fileno(), self.held, flags=os.SPLICE_F_NONBLOCK)
        return self.ended


def _dearer_than_splice(spent):
    return spent["passthrough"] > 1.15 * spent["bare splice"]


def _dear_beside_interception(spent):
    """Where moving the bytes alone, by `splice`, takes more than a third of interception, no relay can be under it: there the
    kernel's own share is the bound."""
    return spent["passthrough"] > max(0.35 * spent["intercepted"], 1.15 * spent["bare splice"])


@scenario("A10", alone=True, timeout=1500)
def cost_of_passthrough(lab):
    """CPU time of the relaying process for the same 1 GiB: bare splice, passthrough, intercepted. Whatever else the machine does
    can only add to a figure, so the least of two to eight rounds counts."""
    nginx = Nginx(lab, ["www.bank.test", "www.other.test"], [topology.ORIGIN])
    digest = bulk_file(f"{nginx.root}/bulk")
    relay = SpliceRelay(lab, 9443, (topology.ORIGIN, 443))
    daemon = lab.gateway(policy=_POLICY)
    ways = {
        "bare splice": (relay.pid, "www.bank.test", ["--connect-to", f"::{topology.GATEWAY_LAN}:9443"]),
        "passthrough": (daemon.pid, "www.bank.test", ["--resolve", f"www.bank.test:443:{topology.ORIGIN}"]),
        "intercepted": (daemon.pid, "www.other.test", ["--resolve", f"www.other.test:443:{topology.ORIGIN}"]),
    }
    spent = {}
    try:
        for round_number in range(8):
            if round_number >= 2 and not _dearer_than_splice(spent) and not _dear_beside_interception(spent):
                break
            for way, (pid, name, options) in ways.items():
                before = daemon_module.cpu_seconds_of(pid)
                lab.curl(*options, "--max-time", "120", "--output", f"{lab.large_folder()}/down", f"https://{name}/bulk", check=True,
                         roots=lab.authority.pem() + lab.root.pem(), timeout=150)
                spent[way] = min(spent.get(way, 1e9), daemon_module.cpu_seconds_of(pid) - before)
    finally:
        os.kill(relay.pid, 9)
        os.waitpid(relay.pid, 0)
    lab.expect("equal hashes", sha256_of(f"{lab.large_folder()}/down") == digest, "")
    lab.note("CPU s for 1 GiB: " + ", ".join(f"{way} {seconds:.3f}" for way, seconds in spent.items()))
    if lab.measures:
        lab.expect("passthrough costs at most 1.15 times a bare splice", not _dearer_than_splice(spent), spent)
        lab.expect("passthrough costs at most 0.35 times interception, or what splice costs", not _dear_beside_interception(spent), spent)
