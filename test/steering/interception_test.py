"""Which connections are steered, with what addresses, and which are left alone or refused."""

import re

from box import without_empty_tables
from harness import check, test
from namespaces import BOUNCED, CLIENT, GATEWAY_LAN, GATEWAY_WAN, ORIGIN


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
        assert up.count("range 443-443 timeout 2") == 1, up
        check("nobody answers", box.ask("client", ORIGIN, 443), alone)
        box.namespaces.run("gateway", "ipset add sallyport-awake 443 timeout 60")
        check("nobody owns the queue", box.ask("client", ORIGIN, 443), alone)
        for answer, wanted in (("taken", steered), ("left alone", alone)):
            rule = f"PREROUTING -i lan0 -p tcp --syn -j MARK --set-xmark {answers[answer]}"
            box.tables(f"-t raw -A {rule}")
            check(answer, box.ask("client", ORIGIN, 443), wanted)
            box.tables(f"-t raw -D {rule}")
        box.steer("--lan", "lan0", "--open", "7", "--quic-queue", "8", "up")
        assert box.state().count("range 443-443 timeout 2") == 2, "QUIC has no set of its own"
        box.steer("--lan", "lan0", "--ports", "443,8444", "--open", "7", "up")
        assert "sallyport-awake-quic" not in box.state(), "its set is left where QUIC is not judged"
        assert "range 443-8444 timeout 2" in box.state()
        box.up()
        assert "sallyport-awake" not in box.state(), "its set is left after a change to closed"
        check("closed again", box.ask("client", ORIGIN, 443), steered)
    box.steer("--lan", "lan0", "--open", "7", "--quic-queue", "8", "up")
    box.steer("down")
    check("after down", without_empty_tables(box.state()), without_empty_tables(before))


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
