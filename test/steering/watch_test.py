"""What others change in the rules afterwards: said by status, mended by mend and by the watch."""

import signal
import subprocess
import threading
import time

from box import without_empty_tables
from harness import check, test_of_both_families
from namespaces import CLIENT, ORIGIN

WATCHING = "watching the kernel's rules"
MENDED = "everything is as it was put up again"


class Watch:
    """`sallyport-steering watch` in the gateway. `lines` is what it has said."""

    def __init__(self, box):
        self.box, self.lines, self.heard = box, [], threading.Condition()
        self.process = subprocess.Popen(["ip", "netns", "exec", box.namespaces.full("gateway"), *box.words("watch")],
                                        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
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
    with Watch(box) as watch:
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
    check("state afterwards", without_empty_tables(box.state()), without_empty_tables(before))


@test_of_both_families
def a_killed_watch_leaves_the_rules(box):
    """It changes nothing about the traffic; the next one goes on where it was."""
    before = without_empty_tables(box.state()), box.settings()
    box.up()
    up = box.state()
    with box.service("origin", 443, "origin"), box.relay():
        with Watch(box) as watch:
            watch.end(signal.SIGKILL)
            check("after kill -9", box.state(), up)
            check("steered", box.ask("client", ORIGIN, 443), f"relayed origin {CLIENT[box.version]} hello")
        box.namespaces.run("gateway", "ip rule del priority 443")
        with Watch(box) as watch:
            watch.wait(MENDED)
        check("ended as told", watch.process.returncode, 0)
    check("as it was put up", box.state(), up)
    box.steer("down")
    check("rules and routes after down", without_empty_tables(box.state()), before[0])
    after = box.settings()
    check("sets after down", after.get("set"), before[1].get("set"))
    # A module that was loaded brings settings of its own; those that were there are as they were.
    check("settings after down", {name: after.get(name) for name in before[1]}, before[1])


@test_of_both_families
def the_watch_speaks_of_interfaces_and_forwarding(box):
    box.steer("--lan", "lan0", "--lan", "lan9", "up")
    with Watch(box) as watch:
        watch.wait("there is no interface lan9")
        box.namespaces.run("gateway", "ip link add lan9 type veth peer name far9")
        watch.wait("interface lan9 has come")
        box.namespaces.run("gateway", "sysctl -qw net.ipv4.ip_forward=0")
        watch.wait("net.ipv4.ip_forward is 0: clients' other traffic (DNS, for one) is not routed")
        box.namespaces.run("gateway", "sysctl -qw net.ipv4.ip_forward=1; ip link del lan9")
        watch.wait("net.ipv4.ip_forward is no longer in the way")
        watch.wait("there is no interface lan9", 2)
