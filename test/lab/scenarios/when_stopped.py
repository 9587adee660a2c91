"""What becomes of clients' connections while the daemon is away, halted, hung or overrun: [gateway] when_stopped (I08, J02, L07).

A connection is `taken` where it is shown a leaf of the gateway's authority, and `passed` where it sees the origin's own."""

import contextlib
import itertools
import os
import signal
import socket
import threading
import time

from harness import client, halt, quic, raw_tcp, topology
from harness.scenario import Control, scenario

_OPEN = {"gateway.when_stopped": "open", "gateway.steering_queue": "5"}
_ADDRESSES = (topology.ORIGIN, topology.ORIGIN6)
_HTTPS = (topology.ORIGIN, 443)


def _gateway(lab, settings=None, policy="", **options):
    """A gateway in `open` that the kernel asks; in a control run, whatever that makes of it."""
    daemon = lab.gateway({**_OPEN, **(settings or {})}, policy, **options)
    if daemon.files.settings["gateway.when_stopped"] == "open":
        daemon.wait_line("new connections of LAN clients are asked for")
        daemon.wait_line("QUIC of LAN clients passes unseen whenever it is not judged")
    return daemon


def _outcome(lab, address=topology.ORIGIN, source=None, timeout=30):
    """What became of one connection: taken, passed, or how it failed."""
    try:
        with lab.open("outcome.test", address, source=source, timeout=timeout, context=client.tls_context(None)) as connection:
            connection.request("/", "outcome.test")
            issuer = connection.leaf.issuer
    except OSError as error:
        return repr(error)
    return "taken" if issuer == lab.authority.certificate.subject else "passed"


def _becomes(lab, wanted, address=topology.ORIGIN):
    """Asks again and again, patient for half a second each time, until a connection comes out so; the last outcome."""
    lab.until(lambda: _outcome(lab, address, timeout=0.5) == wanted, lab.patience)
    return _outcome(lab, address)


def _syns(wire):
    return [one for one in wire.to_port(443) if one.flags & (raw_tcp.SYN | raw_tcp.ACK) == raw_tcp.SYN]


PASS = "new connections pass as soon as the daemon is gone"


@scenario("I08! J02!", control=Control(PASS, settings={"gateway.when_stopped": "closed"}))
def open_and_killed(lab):
    """kill -9: each SYN of a client goes out as it comes, and the next daemon takes over with its first."""
    lab.origin()
    daemon = _gateway(lab)
    for address in _ADDRESSES:
        lab.expect("connections are taken", _outcome(lab, address) == "taken", address)
    daemon.kill()
    for address in _ADDRESSES:
        with lab.capture_lan() as near, lab.capture_wan() as far:
            outcome = _outcome(lab, address, timeout=1 if lab.in_control else 30)
        lab.expect(PASS, outcome == "passed", f"{address}: {outcome}")
        lab.expect("with their first SYN", lab.in_control or len(_syns(near)) == len(_syns(far)), (near.packets, far.packets))
    if lab.in_control:
        return
    again = lab.gateway(files=daemon.files)
    for address in _ADDRESSES * 3:
        outcome = _outcome(lab, address)
        lab.expect("they are taken again as soon as it is back", outcome == "taken", f"{address}: {outcome}")
    again.stop()
    outcome = _outcome(lab)
    lab.expect("they pass after it was stopped", outcome == "passed", outcome)


@scenario("J02! I08!", control=Control("QUIC passes as soon as the daemon is gone", settings={"gateway.when_stopped": "closed"}))
def quic_when_open_and_killed(lab):
    origin = quic.UdpOrigin(lab.origin_side, _ADDRESSES)
    daemon = _gateway(lab)
    for address in _ADDRESSES:
        outcome = quic.ask(lab, quic.flight("usual.test"), address)
        lab.expect("a name that is opened is refused", outcome == "refused", f"{address}: {outcome}")
    lab.expect("and does not leave", not origin.received)
    daemon.kill()
    for address in _ADDRESSES:
        outcome = quic.ask(lab, quic.flight("usual.test"), address, **({"patience": 1} if lab.in_control else {}))
        lab.expect("QUIC passes as soon as the daemon is gone", outcome == "passed", f"{address}: {outcome}")
    if lab.in_control:
        return
    again = lab.gateway(files=daemon.files)
    again.wait_line("QUIC of LAN clients passes unseen whenever it is not judged")
    for address in _ADDRESSES:
        outcome = quic.ask(lab, quic.flight("usual.test"), address)
        lab.expect("verdicts resume", outcome == "refused", f"{address}: {outcome}")


HALTED = "new connections pass while the daemon is halted"


@scenario("I08!", control=Control(HALTED, settings={"gateway.when_stopped": "closed"}))
def open_and_halted(lab):
    """SIGSTOP of all of it: its queue has an owner that never answers."""
    lab.origin()
    daemon = _gateway(lab)
    lab.expect("connections are taken", _outcome(lab) == "taken")
    with daemon.halted():
        for address in _ADDRESSES:
            outcome = _outcome(lab, address, timeout=1) if lab.in_control else _becomes(lab, "passed", address)
            lab.expect(HALTED, outcome == "passed", f"{address}: {outcome}")
    if lab.in_control:
        return
    outcome = _becomes(lab, "taken")
    lab.expect("they are taken again when it goes on", outcome == "taken", outcome)


@scenario("I08")
def open_and_hung(lab):
    """One thread alone stands still: the one that is asked, or one of those that would carry the connections, whose loops
    may be busy for three seconds before they count as hung."""
    lab.origin()
    daemon = _gateway(lab, {"gateway.workers": "2"})
    for thread in ("worker-0", "syn-guard") if lab.world.at_length else ("worker-0",):
        with halt.halted(daemon.pid, thread):
            outcome = _becomes(lab, "passed")
            lab.expect("new connections pass while a thread hangs", outcome == "passed", f"{thread}: {outcome}")
        outcome = _becomes(lab, "taken")
        lab.expect("they are taken again when it goes on", outcome == "taken", f"{thread}: {outcome}")
    lab.expect("a silent worker is spoken of", any("a worker does not answer" in line for line in daemon.lines))


class _ServiceManager:
    """Listens in systemd's place to how the daemon is (sd_notify(3)), in a name that is the gateway's namespace's own."""

    def __init__(self, lab):
        self._lab, self._name, self._alive, self._seen = lab, "\0service-manager", 0, threading.Event()
        self.environment = {"NOTIFY_SOCKET": "@service-manager", "WATCHDOG_USEC": "1000000"}
        self._socket = lab.gateway_side.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._name)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while message := self._socket.recv(4096):
            if b"WATCHDOG=1" in message:
                self._alive += 1
            elif message == b"seen?":
                self._seen.set()

    def hears_that_all_is_well(self, patience):
        """Whether it does once more within so many seconds."""
        self._seen.clear()
        with self._lab.gateway_side.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.sendto(b"seen?", self._name)
        self._seen.wait(self._lab.patience)
        before = self._alive
        return bool(self._lab.until(lambda: self._alive > before, patience))


QUIC_HUNG = "QUIC passes while the thread that judges it hangs"


@scenario("I08!", control=Control(QUIC_HUNG, settings={"gateway.when_stopped": "closed"}))
def quic_when_open_and_hung(lab):
    """That thread alone stands still: TCP is taken as ever, and systemd hears nothing more. In `closed` nothing of QUIC gets out
    meanwhile."""
    manager = _ServiceManager(lab)
    origin = quic.UdpOrigin(lab.origin_side, _ADDRESSES)
    lab.origin()
    daemon = _gateway(lab, environment=manager.environment)

    def outcome(address, patience=0.5):
        return quic.ask(lab, quic.flight("usual.test"), address, patience=patience)

    for address in _ADDRESSES:
        lab.expect("a name that is opened is refused", outcome(address, lab.patience) == "refused", address)
    with halt.halted(daemon.pid, "quic"):
        for address in _ADDRESSES:
            if not lab.in_control:
                lab.until(lambda: outcome(address) == "passed", lab.patience)
            last = outcome(address, 1 if lab.in_control else lab.patience)
            lab.expect(QUIC_HUNG, last == "passed", f"{address}: {last}")
        lab.expect("nothing is seen by nobody in closed", not lab.in_control or not origin.received, origin.received)
        lab.expect("connections are taken meanwhile", _outcome(lab) == "taken")
        if not lab.in_control:
            lab.expect("the service manager hears that all is well", manager.hears_that_all_is_well(lab.patience))
            daemon.wait_line("the thread that judges QUIC does not answer")
            lab.expect("until it is not", not manager.hears_that_all_is_well(1.5))
    if not lab.in_control:
        daemon.wait_line("the thread that judges QUIC answers again")
        lab.expect("and again when it goes on", manager.hears_that_all_is_well(lab.patience))
    for address in _ADDRESSES:
        lab.until(lambda: outcome(address) == "refused", lab.patience)
        last = outcome(address, lab.patience)
        lab.expect("it is judged again when it goes on", last == "refused", f"{address}: {last}")
    if lab.in_control:
        return
    with halt.halted(daemon.pid, "quic") as thread:
        daemon.signal(signal.SIGTERM)
        lab.expect("nobody who wants to stop it waits for that thread", lab.until(lambda: halt.has_ended(thread), lab.patience))
    lab.expect("it says why", daemon.wait_exit() == 1 and any("exiting without it" in line for line in daemon.lines))


FULL = "what a full queue has no room for passes"


@scenario("I08!", control=Control(FULL, settings={"gateway.when_stopped": "closed"}))
def open_and_full(lab):
    """More SYNs than the queue holds, while nobody looks and the kernel believes that somebody does."""
    daemon = _gateway(lab)
    with daemon.halted():
        if not lab.in_control:
            lab.gateway_side.run(["ipset", "-exist", "add", "sallyport-awake", "443", "timeout", "600"])
        with lab.capture_wan() as wire:
            raw_tcp.send(lab.client_side, raw_tcp.syns(topology.CLIENT, _HTTPS, 4000))
        lab.expect("what it has room for waits", not wire.to_port(443), len(wire.packets))
        with lab.capture_wan() as wire:
            raw_tcp.send(lab.client_side, raw_tcp.syns(topology.CLIENT, _HTTPS, 2000, first_port=6000))
        lab.expect(FULL, len(wire.to_port(443)) > 1000, len(wire.packets))


def _steering_samples(lab, daemon):
    page = lab.gateway_side.run(["curl", "-sS", "--max-time", "20", "--unix-socket", daemon.files.settings["control.socket"],
                                 "http://x/metrics"]).stdout
    return {line.split(" ")[0]: float(line.split(" ")[1]) for line in page.splitlines() if line.startswith("sallyport_ste")}


ALONE = "an excluded client's connection does not come to the daemon"


@scenario("I08", control=Control(ALONE, settings={"gateway.when_stopped": "closed"}))
def excluded_clients_are_left_alone(lab):
    """Their packets stay in the kernel; so it is with the next policy."""
    lab.origin()
    exclusion = f"[passthrough]\nclient = {topology.SECOND_CLIENT}\n         {topology.SECOND_CLIENT6}\n"
    daemon = _gateway(lab, policy=exclusion)
    for address, source in zip(_ADDRESSES, (topology.SECOND_CLIENT, topology.SECOND_CLIENT6)):
        outcome = _outcome(lab, address, source)
        lab.expect("an excluded client is not intercepted", outcome == "passed", outcome)
        found = daemon.wait_record(lab.patience, steering="left alone", host=address)
        lab.expect(ALONE, found.get("verdict") == "PASSED-THROUGH" and found.get("client", "").startswith(("10.1.0.3:", "[fd10:1::3]:")),
                   found)
    if lab.in_control:
        return
    lab.expect("others are", _outcome(lab) == "taken")
    samples = _steering_samples(lab, daemon)
    lab.expect("each is counted once", (samples['sallyport_steered_syns_total{result="left_alone"}'],
                                        samples['sallyport_steered_syns_total{result="taken"}']) == (2, 1), samples)
    daemon.wait_line("reloaded", after=daemon.reload(policy=""))
    outcome = _outcome(lab, source=topology.SECOND_CLIENT)
    lab.expect("a policy without them takes them", outcome == "taken", outcome)


RESET = "what belongs to an intercepted connection never goes out"


@scenario("I08!", control=Control(RESET))
def intercepted_connections_are_reset(lab):
    """A client that has not heard of the end goes on sending. In the control the rules that know its connection are gone."""
    lab.origin()
    daemon = _gateway(lab)
    near = (topology.CLIENT, 40_000)
    silence = ["iptables", "-t", "raw", "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "RST", "RST", "-j", "DROP"]
    made = client.dial(lab.client_side, *_HTTPS, source=near[0], source_port=near[1])
    with client.Connection(made, lab.client_context(), "reset.test") as connection:
        lab.expect("it is intercepted", connection.request("/", "reset.test").status == 200)
        with daemon.halted():
            connection.tls.sendall(b"nobody reads this, so that its socket ends by a reset")
            lab.until(lambda: int((lab.gateway_side.run(["ss", "-Htn", f"dport = :{near[1]}"]).stdout.split() + [0, 0])[1]))
            lab.gateway_side.run(silence)
            daemon.kill()
        if lab.in_control:
            lab.gateway_side.run(["iptables", "-t", "mangle", "-F", "SALLYPORT"])
        with lab.capture_wan() as far, lab.capture_lan() as back:
            lab.gateway_side.run([*silence[:3], "-D", *silence[4:]])
            with contextlib.suppress(OSError):  # reset, perhaps by what it has sent again already
                connection.tls.sendall(b"sealed for the gateway")
                connection.tls.settimeout(2 if lab.in_control else lab.patience)
                connection.tls.recv(100)
    out = [one for one in far.to_port(443) if one.source_port == near[1] and one.payload]
    lab.expect(RESET, not out, out)
    resets = [one for one in back.packets if one.destination_port == near[1] and one.flags & raw_tcp.RST]
    lab.expect("it is answered by a reset", lab.in_control or resets, back.packets)
    if lab.in_control:
        return
    made = client.dial(lab.client_side, *_HTTPS, source=near[0], source_port=near[1])
    with client.Connection(made, client.tls_context(None), "reset.test") as connection:
        lab.expect("a new connection from the same port passes", connection.leaf.issuer == lab.root.certificate.subject)
    with lab.capture_wan() as far:
        raw_tcp.send(lab.client_side, [raw_tcp.segment((near[0], 40_001), _HTTPS, raw_tcp.ACK | raw_tcp.PSH, 1, 1, b"who knows")])
    lab.expect("nor does what was never seen to begin", not [one for one in far.packets if one.payload], far.packets)


class _Load:
    """Clients that connect again and again, whatever comes of it, from the first client's address; `with` one around what
    happens meanwhile. Afterwards `outcomes` counts."""

    def __init__(self, lab, clients=4):
        self._lab, self._stop, self.outcomes = lab, threading.Event(), {}
        self._threads = [threading.Thread(target=self._live, args=(address,), daemon=True)
                         for address in itertools.islice(itertools.cycle(_ADDRESSES), clients)]
        self._lock = threading.Lock()

    def _live(self, address):
        while not self._stop.is_set():
            outcome = _outcome(self._lab, address, timeout=1)
            with self._lock:
                kind = outcome if outcome in ("taken", "passed") else "failed"
                self.outcomes[kind] = self.outcomes.get(kind, 0) + 1

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


UNSEEN = "nothing of a client goes out unseen"


@scenario("I08!", control=Control(UNSEEN, settings={"gateway.when_stopped": "open"}))
def closed_whatever_happens(lab):
    """Under load: started, reloaded, its rules too, restarted, killed and started again. The origin sees the gateway's address
    where the daemon speaks: a client's own is what came past it."""
    lab.origin()
    settings = {"gateway.when_stopped": "closed", "upstream.source_address": "gateway", "gateway.drain_seconds": "0"}
    files = lab.files(settings)
    lab.steer("up")
    with lab.capture_wan() as wire, _Load(lab) as load:
        daemon = lab.gateway(files=files, steered=False)
        lab.until(lambda: load.outcomes.get("taken"), lab.patience)
        daemon.wait_line("reloaded", after=daemon.reload())
        lab.steer("up")
        daemon.stop()
        daemon = lab.gateway(files=files, steered=False)
        daemon.kill()
        time.sleep(0.3)
        daemon = lab.gateway(files=files, steered=False)
        taken = load.outcomes.get("taken", 0)
        lab.until(lambda: load.outcomes.get("taken", 0) > taken, lab.patience)
    own = (topology.CLIENT, topology.CLIENT6)
    lab.expect(UNSEEN, not load.outcomes.get("passed") and not [one for one in wire.to_port(443) if one.source in own],
               (load.outcomes, [str(one) for one in wire.to_port(443) if one.source in own][:3]))
    lab.expect("there was something to see", load.outcomes.get("taken", 0) >= 2, load.outcomes)


def _kernel_rules(lab):
    """The rules as they stand, without counters."""
    lines = [line for command in ("iptables-save", "ip6tables-save") for line in lab.gateway_side.run([command]).stdout.splitlines()]
    lines += lab.gateway_side.run(["ip", "rule"]).stdout.splitlines()
    return [line.split("[")[0] for line in lines if not line.startswith("#")]


AGAIN = "connections are taken from the moment the daemon is back"


@scenario("L07!", control=Control(AGAIN, passthrough=True), alone=True, timeout=900)
def killed_again_and_again(lab):
    """Under load, in either way: the rules stand, the files are whole, the CA is the same, and who connects is taken."""
    rounds = 100 if lab.world.at_length else 5
    lab.origin()
    daemon = _gateway(lab, {"gateway.drain_seconds": "0"})
    kept = {name: _content(daemon, name) for name in ("ca.crt", "ca.key", "dashboard.token")}
    rules, slowest = _kernel_rules(lab), 0.0
    with _Load(lab, clients=2) as load:
        for number in range(rounds):
            daemon.kill()
            if not lab.in_control and number % 5 == 0:
                outcome = _outcome(lab)
                lab.expect("connections pass while it is away", outcome == "passed", outcome)
            began = time.monotonic()
            daemon = lab.gateway(files=daemon.files)
            slowest = max(slowest, time.monotonic() - began)
            outcome = _outcome(lab)
            lab.expect(AGAIN, outcome == "taken", f"round {number}: {outcome}")
    lab.note(f"ready again within {slowest * 1000:.0f} ms, {rounds} times; {load.outcomes}")
    lab.expect("within a second", slowest < 1 or not (lab.measures and lab.world.at_length), slowest)
    lab.expect("the rules are as they were", _kernel_rules(lab) == rules)
    lab.expect("so are the files", kept == {name: _content(daemon, name) for name in kept})
    listed = lab.command("--config", daemon.files.config, "history")
    lab.expect("the history can be read", listed.returncode == 0, listed.stderr)
    left = [name for name in os.listdir(daemon.files.folder) if name.endswith((".new", ".tmp"))]
    lab.expect("nothing half-written is left", not left, left)


def _content(daemon, name):
    with open(os.path.join(daemon.files.folder, name), "rb") as file:
        return file.read()
