"""Whose address the origin sees (TESTS I05)."""

from harness import client, topology
from harness.scenario import Control, scenario

OWN = "the origin sees the client's own address"


@scenario("I05!", control=Control(OWN, settings={"upstream.source_address": "gateway"}))
def clients_own_address(lab):
    origin = lab.origin()
    daemon = lab.gateway()
    for source, address in ((topology.CLIENT, topology.ORIGIN), (topology.SECOND_CLIENT, topology.ORIGIN),
                            (topology.CLIENT6, topology.ORIGIN6), (topology.SECOND_CLIENT6, topology.ORIGIN6)):
        origin.forget()
        answer = lab.get("source.test", address=address, source=source)
        peers = [connection.peer[0] for connection in origin.connections]
        lab.expect(OWN, answer.status == 200 and peers == [source], f"{source}: {peers} {answer}")
        line = lab.logged(daemon, origin.requests()[0])
        lab.expect("the log has the client", str(line.get("client", "")).strip("[").startswith(source), line)


@scenario("I05!", control=Control(OWN, settings={"upstream.source_address": "gateway"}))
def explicit_clients_own_address(lab):
    """The same for a client behind lan_interfaces that uses CONNECT."""
    origin = lab.origin()
    lab.name_server({"four.test": [topology.ORIGIN], "six.test": [topology.ORIGIN6]})
    lab.gateway()
    answer = lab.get("four.test", proxy=(topology.GATEWAY_LAN, 8080))
    peers = [connection.peer[0] for connection in origin.connections]
    lab.expect(OWN, answer.status == 200 and peers == [topology.CLIENT], f"{peers} {answer}")
    origin.forget()
    answer = lab.get("six.test", proxy=(topology.GATEWAY_LAN, 8080))
    peers = [connection.peer[0] for connection in origin.connections]
    lab.expect("another family takes the gateway's", lab.in_control or (answer.status == 200
                                                                        and peers == [topology.GATEWAY_WAN6]), f"{peers} {answer}")


@scenario("I05", control=Control("source_address = gateway shows the gateway", settings={"upstream.source_address": "client"}))
def gateways_address(lab):
    origin = lab.origin()
    lab.gateway({"upstream.source_address": "gateway"})
    for address, shown in ((topology.ORIGIN, topology.GATEWAY_WAN), (topology.ORIGIN6, topology.GATEWAY_WAN6)):
        origin.forget()
        answer = lab.get("source.test", address=address)
        peers = [connection.peer[0] for connection in origin.connections]
        lab.expect("source_address = gateway shows the gateway", answer.status == 200 and peers == [shown], peers)


@scenario("I05")
def ports_in_use(lab):
    """A client that dials again from the same port, and one whose own connection to the origin holds that port."""
    origin = lab.origin()
    lab.gateway({"upstream.pool_idle_seconds": "0"})
    for number in range(20):
        answer = lab.get("again.test", f"/{number}", source=topology.CLIENT)
        lab.expect("every connection works", answer.status == 200, answer)
    ports = [connection.peer[1] for connection in origin.connections]
    lab.expect("each comes from a port of its own", len(set(ports)) == len(ports) == 20, ports)
    held = [lab.open("held.test", source=topology.CLIENT) for _ in range(100)]
    answers = [one.request("/", "held.test").status for one in held]
    lab.expect("a hundred at a time", answers == [200] * 100, answers)
    for one in held:
        one.close()


@scenario("I05")
def ports_of_both(lab):
    """The gateway has no other ports than those that the client has towards the same origin: to connection tracking the
    connection to the origin is the client's own."""
    origin = lab.origin([topology.ORIGIN, topology.ORIGIN6])
    lab.gateway({"upstream.pool_idle_seconds": "0"})
    ports = range(40000, 40008)
    lab.gateway_side.run(["sysctl", "-qw", f"net.ipv4.ip_local_port_range={ports[0]} {ports[-1]}"])
    for source, address in ((topology.CLIENT, topology.ORIGIN), (topology.CLIENT6, topology.ORIGIN6)):
        origin.forget()
        held = [client.Connection(client.dial(lab.client_side, address, 443, source=source, source_port=port),
                                  lab.client_context(), "both.test") for port in ports]
        answers = [one.request(f"/{number}", "both.test").status for number, one in enumerate(held)]
        lab.expect("every connection works", answers == [200] * len(ports), f"{address}: {answers}")
        peers = [connection.peer[:2] for connection in origin.connections]
        lab.expect("from the client's address, by its ports", set(peers) <= {(source, port) for port in ports}, peers)
        for one in held:
            one.close()
