"""Which listener a port and an address family go to, and what is refused where there is none."""

from box import Configured, without_empty_tables
from harness import check, test
from namespaces import CLIENT, GATEWAY_LAN, ORIGIN
from peers import Relay


@test
def several_ports(box):
    with box.service("origin", 8444, "origin"), box.relay():
        box.steer("--lan", "lan0", "--ports", "443,8444", "up")
        check("steered", box.ask("client", ORIGIN, 8444), f"relayed origin {CLIENT[box.version]} hello")


@test
def plain_http_has_a_listener_of_its_own(box):
    settings = "LAN_INTERFACES=lan0\\nPORTS=443 80\\nTPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=[::]:8443\\n"
    before = box.state()
    with Configured(box, settings + "HTTP_V4=0.0.0.0:8480\\nHTTP_V6=[::]:8480") as (sallyport, environment), \
         box.service("origin", 80, "origin"), box.service("origin", 443, "origin"), box.relay() as tls, \
         Relay(box.namespaces, box.version, 8480) as http:
        box.sallyport = sallyport
        box.steer("up", environment=environment)
        for port, relay in ((443, tls), (80, http)):
            check("steered", box.ask("client", ORIGIN, port), f"relayed origin {CLIENT[box.version]} hello")
            check("original destination", relay.destinations, [(ORIGIN[box.version], port)])
        check("a direct hit", box.ask("client", GATEWAY_LAN, 8480), "refused")
        box.steer("down")
        check("after down", without_empty_tables(box.state()), without_empty_tables(before))


@test
def plain_http_without_a_listener_in_one_family_is_refused(box):
    other = "HTTP_V4=0.0.0.0:8480\\nHTTP_V6=" if box.version == 6 else "HTTP_V4=\\nHTTP_V6=[::]:8480"
    with Configured(box, f"LAN_INTERFACES=lan0\\nPORTS=443\\nTPROXY_V4=\\nTPROXY_V6=\\n{other}") as (sallyport, environment), \
         box.service("origin", 80, "origin") as http, box.service("origin", 443, "origin"):
        box.sallyport = sallyport
        box.steer("up", environment=environment)
        check("answer", box.ask("client", ORIGIN, 80), "refused")
        check("origin", http.accepted, 0)
        check("what is not steered in either family", box.ask("client", ORIGIN, 443), f"origin {CLIENT[box.version]} hello")


@test
def a_family_without_listener_is_refused(box):
    other = "TPROXY_V4=0.0.0.0:8443\\nTPROXY_V6=" if box.version == 6 else "TPROXY_V4=\\nTPROXY_V6=[::]:8443"
    with Configured(box, f"LAN_INTERFACES=lan0\\nPORTS=443\\n{other}") as (sallyport, environment), \
         box.service("origin", 443, "origin") as origin:
        before = box.state()
        box.sallyport = sallyport
        box.steer("up", environment=environment)
        check("answer", box.ask("client", ORIGIN, 443), "refused")
        check("origin", origin.accepted, 0)
        box.up()
        assert "SALLYPORT-FORWARD" not in box.state()
        box.steer("down")
        check("after down", without_empty_tables(box.state()), without_empty_tables(before))
