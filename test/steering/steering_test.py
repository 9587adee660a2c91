#!/usr/bin/python3
"""Tries the shipped kernel rules in network namespaces, with a small relay in place of the daemon.

Usage (root): steering_test.py SALLYPORT [NAME…]. SALLYPORT is the sallyport command; with names, only the tests
whose name contains one of them. Each test runs with iptables over nf_tables and with iptables-legacy, IPv4 and IPv6.
"""

import difflib
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from namespaces import BOUNCED, CLIENT, GATEWAY_LAN, GATEWAY_WAN, ORIGIN, Namespaces
from peers import Relay, Service, ask

STEERING = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "sallyport-steering"
TESTS = []


def test(function, versions=(4, 6)):
    TESTS.append((function, versions))
    return function


def test_of_both_families(function):
    """One that looks at IPv4 and IPv6 at once."""
    return test(function, (6,))


def check(name, actual, expected):
    if actual != expected:
        raise AssertionError(f"{name}: {_difference(actual, expected)}")


def _difference(actual, expected):
    if isinstance(actual, str) and "\n" in actual:
        return "\n" + "\n".join(difflib.unified_diff(expected.split("\n"), actual.split("\n"), "expected", "actual", n=0,
                                                  lineterm=""))
    return f"{actual!r}, expected {expected!r}"


class Box:
    """The gateway as one test sees it: its namespaces, the iptables variant, and the steering command."""

    def __init__(self, namespaces, variant, version, sallyport):
        self.namespaces, self.variant, self.version, self.sallyport = namespaces, variant, version, sallyport

    def steer(self, *arguments, check_status=True, environment=None):
        words = [str(STEERING), "--iptables", self.variant, "--sallyport", self.sallyport, *arguments]
        return self.namespaces.run("gateway", " ".join(words), check=check_status, environment=environment)

    def up(self):
        return self.steer("--lan", "lan0", "--lan", "lan1", "up")

    def tables(self, arguments):
        command = "iptables" if self.version == 4 else "ip6tables"
        return self.namespaces.run("gateway", f"{command}-{self.variant} {arguments}")

    def state(self):
        """All that steering may change in the kernel, as text, without counters and comments."""
        commands = [f"{command}-{self.variant}-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'"
                    for command in ("iptables", "ip6tables")]
        commands += ["ipset list -t", "ip rule", "ip -6 rule", "ip route show table all", "ip -6 route show table all"]
        return "\n".join(self.namespaces.run("gateway", f"{command} || true").stdout for command in commands)

    def settings(self):
        """Every sysctl of the network, and the sets."""
        lines = self.namespaces.run("gateway", "sysctl -a 2>/dev/null | grep '^net' | grep -v nf_conntrack_count; "
                                               "ipset list -n 2>/dev/null | sed 's/^/set = /'; true").stdout
        return dict(line.partition(" = ")[::2] for line in lines.splitlines())

    def relay(self):
        return Relay(self.namespaces, self.version)

    def service(self, where, port, name):
        return Service(self.namespaces, where, self.version, port, name)

    def ask(self, where, address, port, timeout=5.0):
        return ask(self.namespaces, where, self.version, address[self.version], port, timeout)


@test
def intercepts_with_the_clients_address(box):
    with box.service("origin", 443, "origin"), box.relay() as relay:
        check("unsteered", box.ask("client", ORIGIN, 443), f"origin {CLIENT[box.version]} hello")
        box.up()
        check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {CLIENT[box.version]} hello")
        check("original destination", relay.destinations, [(ORIGIN[box.version], 443)])


@test
def intercepts_behind_masquerade(box):
    box.tables("-t nat -A POSTROUTING -o wan0 -j MASQUERADE")
    with box.service("origin", 443, "origin"), box.relay():
        box.up()
        for _ in range(3):
            check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {GATEWAY_WAN[box.version]} hello")


@test
def connection_marks_alone_bring_replies_home(box):
    """Kernels differ in whether -m socket sees through IPv6 address translation; the mark does on all of them."""
    box.tables("-t nat -A POSTROUTING -o wan0 -j MASQUERADE")
    with box.service("origin", 443, "origin"), box.relay():
        box.up()
        box.tables("-t mangle -D SALLYPORT -p tcp ! --syn -m conntrack --ctstate NEW,INVALID,UNTRACKED "
                   "-m socket --transparent -j SALLYPORT-OURS")
        check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {GATEWAY_WAN[box.version]} hello")
        box.tables("-t mangle -F SALLYPORT-OUT")
        assert not box.ask("client", ORIGIN, 443, timeout=1.5).startswith("relayed"), "the control passed"


@test
def asks_before_it_takes_a_connection(box):
    """With --open, in place of the daemon's answers: nobody who answers, or a mark that a rule before ours sets."""
    before = box.state()
    answers = {"taken": "0x8000000/0x8000000", "left alone": "0x10000000/0x10000000"}
    steered, alone = f"relayed origin {CLIENT[box.version]} hello", f"origin {CLIENT[box.version]} hello"
    with box.service("origin", 443, "origin"), box.relay():
        for _ in range(2):
            box.steer("--lan", "lan0", "--open", "7", "up")
        up = box.state()
        assert "range 443-443 timeout 2" in up, up
        check("nobody answers", box.ask("client", ORIGIN, 443), alone)
        box.namespaces.run("gateway", "ipset add sallyport-awake 443 timeout 60")
        check("nobody owns the queue", box.ask("client", ORIGIN, 443), alone)
        for answer, wanted in (("taken", steered), ("left alone", alone)):
            rule = f"PREROUTING -i lan0 -p tcp --syn -j MARK --set-xmark {answers[answer]}"
            box.tables(f"-t raw -A {rule}")
            check(answer, box.ask("client", ORIGIN, 443), wanted)
            box.tables(f"-t raw -D {rule}")
        box.steer("--lan", "lan0", "--ports", "443,8444", "--open", "7", "up")
        assert "range 443-8444 timeout 2" in box.state()
        box.up()
        assert "sallyport-awake" not in box.state(), "its set is left after a change to closed"
        check("closed again", box.ask("client", ORIGIN, 443), steered)
    box.steer("--lan", "lan0", "--open", "7", "up")
    box.steer("down")
    check("after down", _without_empty_tables(box.state()), _without_empty_tables(before))


@test
def leaves_other_traffic_alone(box):
    with box.service("origin", 22, "origin"), box.service("gateway", 443, "gateway"), \
         box.service("client", 443, "client"), box.relay() as relay:
        box.up()
        check("another port", box.ask("client", ORIGIN, 22), f"origin {CLIENT[box.version]} hello")
        for name, address in (("LAN", GATEWAY_LAN), ("WAN", GATEWAY_WAN)):
            check(f"the gateway's own {name} address", box.ask("client", address, 443),
                  f"gateway {CLIENT[box.version]} hello")
        check("from the WAN side", box.ask("origin", CLIENT, 443), f"client {ORIGIN[box.version]} hello")
        check("the gateway's own connections", box.ask("gateway", ORIGIN, 22), f"origin {GATEWAY_WAN[box.version]} hello")
        check("relay", relay.accepted, 0)


@test
def refuses_direct_hits(box):
    with box.relay() as relay:
        check("before", box.ask("client", GATEWAY_LAN, 8443, timeout=1) in ("silence", "closed"), True)
        before = relay.accepted
        box.up()
        for where, address in (("client", GATEWAY_LAN), ("client", GATEWAY_WAN), ("origin", GATEWAY_WAN)):
            check(f"from {where}", box.ask(where, address, 8443), "refused")
        check("relay", relay.accepted, before)


@test
def nothing_passes_while_nobody_listens(box):
    with box.service("origin", 443, "origin") as origin:
        box.up()
        check("steered", box.ask("client", ORIGIN, 443, timeout=1.5), "silence")
        check("origin", origin.accepted, 0)
        box.steer("down")
        check("control", box.ask("client", ORIGIN, 443), f"origin {CLIENT[box.version]} hello")


@test
def never_meets_its_own_connections(box):
    """A route sends what the daemon dials back to a LAN interface."""
    with box.relay() as relay:
        box.up()
        answer = box.ask("client", BOUNCED, 443, timeout=2)
        assert answer in ("silence", "closed"), answer
        check("passes", relay.accepted, 1)
        came_back = box.tables("-t mangle -vnL SALLYPORT").stdout
        assert re.search(r"^ +[1-9]\d* .*SALLYPORT-LAN .* lan1 ", came_back, re.MULTILINE), came_back


@test
def works_behind_a_closed_firewall(box):
    box.tables("-P INPUT DROP")
    box.tables("-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT")
    if box.version == 6:
        box.tables("-A INPUT -p ipv6-icmp -j ACCEPT")
    with box.service("origin", 443, "origin"), box.relay():
        box.up()
        check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {CLIENT[box.version]} hello")


@test
def bears_strict_reverse_paths_that_look_at_marks(box):
    """As wg-quick sets them. In the control the rules that keep such questions off our table are gone."""
    box.namespaces.run("gateway", "sysctl -qw net.ipv4.conf.all.src_valid_mark=1 net.ipv4.conf.all.rp_filter=1")
    with box.service("origin", 443, "origin"), box.relay():
        box.up()
        check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {CLIENT[box.version]} hello")
        if box.version == 4:
            box.namespaces.run("gateway", "ip rule del priority 442")
            check("control", box.ask("client", ORIGIN, 443, timeout=1.5), "silence")


@test
def several_ports(box):
    with box.service("origin", 8444, "origin"), box.relay():
        box.steer("--lan", "lan0", "--ports", "443,8444", "up")
        check("steered", box.ask("client", ORIGIN, 8444), f"relayed origin {CLIENT[box.version]} hello")


@test
def plain_http_has_a_listener_of_its_own(box):
    settings = "LAN_INTERFACES=lan0\\nPORTS=443 80\\nTPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=[::]:8443\\n"
    before = box.state()
    with _configured(box, settings + "HTTP_V4=0.0.0.0:8480\\nHTTP_V6=[::]:8480") as (sallyport, environment), \
         box.service("origin", 80, "origin"), box.service("origin", 443, "origin"), box.relay() as tls, \
         Relay(box.namespaces, box.version, 8480) as http:
        box.sallyport = sallyport
        box.steer("up", environment=environment)
        for port, relay in ((443, tls), (80, http)):
            check("steered", box.ask("client", ORIGIN, port), f"relayed origin {CLIENT[box.version]} hello")
            check("original destination", relay.destinations, [(ORIGIN[box.version], port)])
        check("a direct hit", box.ask("client", GATEWAY_LAN, 8480), "refused")
        box.steer("down")
        check("after down", _without_empty_tables(box.state()), _without_empty_tables(before))


@test
def plain_http_without_a_listener_in_one_family_is_refused(box):
    other = "HTTP_V4=0.0.0.0:8480\\nHTTP_V6=" if box.version == 6 else "HTTP_V4=\\nHTTP_V6=[::]:8480"
    with _configured(box, f"LAN_INTERFACES=lan0\\nPORTS=443\\nTPROXY_V4=\\nTPROXY_V6=\\n{other}") as (sallyport, environment), \
         box.service("origin", 80, "origin") as http, box.service("origin", 443, "origin"):
        box.sallyport = sallyport
        box.steer("up", environment=environment)
        check("answer", box.ask("client", ORIGIN, 80), "refused")
        check("origin", http.accepted, 0)
        check("what is not steered in either family", box.ask("client", ORIGIN, 443), f"origin {CLIENT[box.version]} hello")


@test
def is_idempotent_and_leaves_nothing(box):
    before = box.state()
    check("status before", box.steer("status", check_status=False).returncode, 3)
    box.up()
    up = box.state()
    check("status up", box.steer("status").returncode, 0)
    box.up()
    check("a second up", box.state(), up)
    box.steer("--lan", "lan0", "--ports", "8444", "up")
    assert "--dport 443" not in box.state()
    box.steer("down")
    box.steer("down")
    # The legacy variant shows a table from the moment it was first looked at; nf_tables shows what is in use.
    check("after down", _without_empty_tables(box.state()), _without_empty_tables(before))
    if box.variant == "nft":
        check("after down, exactly", box.state(), before)
    state_folder = box.namespaces.run("gateway", "echo /run/sallyport-steering/$(readlink /proc/self/ns/net | tr -dc 0-9)")
    check("state files", os.path.exists(state_folder.stdout.strip()), False)


WATCHING = "watching the kernel's rules"


class _Watch:
    """`sallyport-steering watch` in the gateway. `lines` is what it has said."""

    def __init__(self, box):
        self.box, self.lines, self.heard = box, [], threading.Condition()
        words = [str(STEERING), "--iptables", box.variant, "--sallyport", box.sallyport, "watch"]
        self.process = subprocess.Popen(["ip", "netns", "exec", box.namespaces.full("gateway"), *words], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        self.wait(WATCHING)
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(30)
        self.reader.join(30)
        return self.process.returncode

    def _read(self):
        for line in self.process.stdout:
            with self.heard:
                self.lines.append(line)
                self.heard.notify_all()

    def count(self, words):
        with self.heard:
            return sum(words in line for line in self.lines)

    def wait(self, words, times=1):
        with self.heard:
            if not self.heard.wait_for(lambda: sum(words in line for line in self.lines) >= times, 40):
                raise AssertionError(f"no {words!r} in {self.lines}")


MENDED = "everything is as it was put up again"


def _await_state(box, name, expected):
    deadline = time.monotonic() + 40
    while (state := box.state()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    check(name, state, expected)


@test_of_both_families
def status_says_what_others_changed(box):
    """And mending puts it right; what others add behind ours is no change of ours."""
    check("nothing is wanted, nothing is mended", box.steer("mend").returncode, 0)
    box.up()
    up = box.state()
    box.tables("-t mangle -A PREROUTING -p tcp --dport 443 -j ACCEPT")
    check("a rule behind ours", box.steer("status").returncode, 0)
    box.tables("-t mangle -D PREROUTING -p tcp --dport 443 -j ACCEPT")
    for change, said in (("-t mangle -I PREROUTING -s 2001:db8::/32 -j ACCEPT", "in the way: *mangle -A PREROUTING -s 2001:db8::/32"),
                         ("-D INPUT -j SALLYPORT", "missing: *filter -A INPUT -j SALLYPORT")):
        box.tables(change)
        status = box.steer("status", check_status=False)
        check(f"status after {change}", (status.returncode, said in status.stdout), (4, True))
        check("mended", box.steer("mend", check_status=False).returncode, 4)
        check("and up", box.steer("status").returncode, 0)
        check("nothing more to mend", box.steer("mend").returncode, 0)
    box.tables("-t mangle -D PREROUTING -s 2001:db8::/32 -j ACCEPT")
    check("as it was put up", box.state(), up)


@test_of_both_families
def the_watch_mends_what_others_break(box):
    """Rules, routes and the rules' place; and nothing that is none of its business."""
    before = box.state()
    box.up()
    up = box.state()
    breakages = ["ip rule del priority 443; ip -6 rule del priority 443",
                 "ip route flush table 443; ip -6 route flush table 443; ip rule del priority 444"]
    if box.variant == "nft":
        breakages += ["iptables-nft -t mangle -F; ip6tables-nft -t mangle -F SALLYPORT-OUT"]
    else:  # of which the kernel does not tell: it is found with the first of the others
        breakages[0] += "; iptables-legacy -t mangle -F; ip6tables-legacy -D INPUT -j SALLYPORT"
    with _Watch(box) as watch:
        for breakage in breakages:
            box.namespaces.run("gateway", breakage)
            _await_state(box, f"after {breakage}", up)
        if box.variant == "legacy":
            box.namespaces.run("gateway", "ip6tables-legacy -t mangle -X SALLYPORT-LAN; ip6tables-legacy -t mangle -F")
            watch.process.send_signal(signal.SIGHUP)
            _await_state(box, "after it was told to look", up)
        assert watch.count(MENDED) >= len(breakages), watch.lines
        if box.variant == "nft":
            mended = watch.count(MENDED)
            box.tables("-t mangle -I PREROUTING -p tcp --dport 443 -j ACCEPT")
            watch.wait(MENDED, mended + 1)
            first = box.tables("-t mangle -S PREROUTING").stdout.splitlines()[1]
            check("ours is first again", first, "-A PREROUTING -j SALLYPORT")
        box.steer("down")
        mended = watch.count(MENDED)
        watch.process.send_signal(signal.SIGHUP)
    check("down is nothing to be mended", watch.count(MENDED), mended)
    if box.variant == "nft":
        box.tables("-t mangle -D PREROUTING -p tcp --dport 443 -j ACCEPT")
    check("state afterwards", _without_empty_tables(box.state()), _without_empty_tables(before))


@test_of_both_families
def a_killed_watch_leaves_the_rules(box):
    """It changes nothing about the traffic; the next one goes on where it was."""
    before = _without_empty_tables(box.state()), box.settings()
    box.up()
    up = box.state()
    with box.service("origin", 443, "origin"), box.relay():
        with _Watch(box) as watch:
            watch.end(signal.SIGKILL)
            check("after kill -9", box.state(), up)
            check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {CLIENT[box.version]} hello")
        box.namespaces.run("gateway", "ip rule del priority 443")
        with _Watch(box) as watch:
            watch.wait(MENDED)
        check("ended as told", watch.process.returncode, 0)
    check("as it was put up", box.state(), up)
    box.steer("down")
    check("rules and routes after down", _without_empty_tables(box.state()), before[0])
    after = box.settings()
    check("sets after down", after.get("set"), before[1].get("set"))
    # A module that was loaded brings settings of its own; those that were there are as they were.
    check("settings after down", {name: after.get(name) for name in before[1]}, before[1])


@test_of_both_families
def the_watch_speaks_of_interfaces_and_forwarding(box):
    box.steer("--lan", "lan0", "--lan", "lan9", "up")
    with _Watch(box) as watch:
        watch.wait("there is no interface lan9")
        box.namespaces.run("gateway", "ip link add lan9 type veth peer name far9")
        watch.wait("interface lan9 has come")
        box.namespaces.run("gateway", "sysctl -qw net.ipv4.ip_forward=0")
        watch.wait("net.ipv4.ip_forward is 0: clients' other traffic (DNS, for one) is not routed")
        box.namespaces.run("gateway", "sysctl -qw net.ipv4.ip_forward=1; ip link del lan9")
        watch.wait("net.ipv4.ip_forward is no longer in the way")
        watch.wait("there is no interface lan9", 2)


@test
def leaves_rules_of_others(box):
    box.tables("-t mangle -A PREROUTING -p udp -j MARK --set-mark 7")
    box.tables("-t mangle -N SALLY")
    box.tables("-t nat -A POSTROUTING -o wan0 -j MASQUERADE")
    box.tables("-A INPUT -p tcp --dport 22 -j ACCEPT")
    box.tables("-P FORWARD DROP")
    before = box.state()
    box.up()
    box.steer("down")
    check("after down", _without_empty_tables(box.state()), _without_empty_tables(before))


@test
def a_family_without_listener_is_refused(box):
    other = "TPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=" if box.version == 6 else "TPROXY_V4=\\nTPROXY_V6=[::]:8443"
    with _configured(box, f"LAN_INTERFACES=lan0\\nPORTS=443\\n{other}") as (sallyport, environment), \
         box.service("origin", 443, "origin") as origin:
        before = box.state()
        box.sallyport = sallyport
        box.steer("up", environment=environment)
        check("answer", box.ask("client", ORIGIN, 443), "refused")
        check("origin", origin.accepted, 0)
        box.up()
        assert "SALLYPORT-FORWARD" not in box.state()
        box.steer("down")
        check("after down", _without_empty_tables(box.state()), _without_empty_tables(before))


@test
def follows_the_configuration(box):
    before = box.state()
    with _configured(box, "LAN_INTERFACES=\\nPORTS=443\\nTPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=[::]:8443") as \
            (empty, environment):
        box.sallyport = empty
        assert "nothing is intercepted" in box.steer("up", environment=environment).stdout
        check("nothing installed", box.state(), before)
    with _configured(box, "LAN_INTERFACES=lan0 lan1\\nPORTS=443\\nTPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=[::]:8443") as \
            (good, environment):
        box.sallyport = good
        box.steer("up", environment=environment)
        up = box.state()
        box.steer("down")
        # The file breaks; what last worked goes on.
        _write_command(good, _real_command, "exit 78")
        assert "last worked" in box.steer("up", environment=environment).stderr
        check("as before", box.state(), up)
        # The admin empties lan_interfaces: up takes down.
        _write_command(good, _real_command, "printf 'LAN_INTERFACES=\\nPORTS=443\\n'")
        box.steer("up", environment=environment)
        check("taken down", _without_empty_tables(box.state()), _without_empty_tables(before))
    with _configured(box, "") as (broken, environment):
        _write_command(broken, _real_command, "exit 78")
        box.sallyport = broken
        check("no earlier settings", box.steer("up", environment=environment, check_status=False).returncode, 78)
        _write_command(broken, _real_command, "printf 'LAN_INTERFACES=lan0;reboot\\nPORTS=443\\nTPROXY_V4=0.0.0.0:1\\n'")
        check("not an interface", box.steer("up", environment=environment, check_status=False).returncode, 78)


_real_command = ""


def _write_command(path, real, settings_action):
    pathlib.Path(path).write_text(f"""#!/bin/sh
case "$*" in *steering-settings) {settings_action} ;; *) exec {real} "$@" ;; esac
""", encoding="ascii")
    os.chmod(path, stat.S_IRWXU)


class _configured:
    """A sallyport command that reports the given settings, and a state folder of its own."""

    def __init__(self, box, settings):
        self.real, self.settings, self.folder = _real_command, settings, tempfile.TemporaryDirectory()

    def __enter__(self):
        path = self.folder.name + "/sallyport"
        _write_command(path, self.real, f"printf '{self.settings}\\n'")
        return path, {"STATE_DIRECTORY": self.folder.name}

    def __exit__(self, *_):
        self.folder.cleanup()


def _without_empty_tables(state):
    """Drops tables in which nothing but built-in chains with policy ACCEPT are left."""
    lines, table = [], []
    for line in state.splitlines():
        if line.startswith("*"):
            table = [line]
        elif table:
            table.append(line)
            if line == "COMMIT":
                if any(row.startswith("-A") or (row.startswith(":") and row.split()[1] != "ACCEPT") for row in table):
                    lines += table
                table = []
        else:
            lines.append(line)
    return "\n".join(lines)


def run_one(function, variant, version, sallyport):
    with Namespaces() as namespaces:
        box = Box(namespaces, variant, version, sallyport)
        try:
            function(box)
        finally:
            box.sallyport = sallyport
            box.steer("down", check_status=False)


def main():
    global _real_command
    if os.geteuid() != 0 or len(sys.argv) < 2:
        sys.exit("usage, as root: steering_test.py SALLYPORT [NAME…]")
    _real_command = os.path.abspath(sys.argv[1])
    chosen = [(function, versions) for function, versions in TESTS
              if not sys.argv[2:] or any(name in function.__name__ for name in sys.argv[2:])]
    passed, failed = 0, 0
    for function, versions in chosen:
        for variant in ("nft", "legacy"):
            for version in versions:
                name = f"{function.__name__} IPv{version} {variant}"
                started = time.monotonic()
                try:
                    run_one(function, variant, version, _real_command)
                    passed += 1
                    print(f"ok      {name} ({time.monotonic() - started:.1f} s)", flush=True)
                except (AssertionError, OSError, RuntimeError, subprocess.SubprocessError):
                    failed += 1
                    print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
