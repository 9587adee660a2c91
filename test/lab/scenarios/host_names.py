"""Names that do not fit together: SNI, Host and the address dialled (TESTS I01, I03)."""

from harness import topology
from harness.scenario import Control, scenario

REFUSED = "a Host that is not the connection's name is refused with 403"


@scenario("I03!", control=Control(REFUSED, passthrough=True))
def domain_fronting(lab):
    """On a kept connection, request by request; never a 421."""
    origin = lab.origin()
    daemon = lab.gateway(policy="[blacklist]\ndomain = blocked.test\n")
    with lab.open("front.test") as connection:
        first = connection.request("/good-1", "front.test")
        fronted = connection.request("/fronted", "hidden.test")
    with lab.open("front.test") as connection:
        connection.request("/good-2", "FRONT.test:443")
        blocked = connection.request("/blocked", "blocked.test")
    lab.expect("its own name is served", first.status == 200, first)
    for answer in (fronted, blocked):
        lab.expect(REFUSED, answer.status == 403, answer)
    if lab.in_control:
        return
    lab.expect("nothing of it reaches the origin", [one.target for one in origin.requests()] == ["/good-1", "/good-2"],
               origin.requests())
    for answer in (fronted, blocked):
        line = lab.logged(daemon, answer)
        lab.expect("the log names the host asked for", line.get("host") in ("hidden.test", "blocked.test"), line)
    absolute = _absolute(lab)
    lab.expect("an absolute target decides over Host", absolute.status == 403, absolute)


def _absolute(lab):
    with lab.open("front.test") as connection:
        connection.send("GET https://hidden.test/x HTTP/1.1\r\nHost: front.test\r\n\r\n")
        return connection.response()


@scenario("I01!", control=Control("only the address the client dialled is asked",
                                  policy=f"[rewrite victim.test]\ntarget_ip = {topology.ORIGIN}\n"))
def original_destination_decides(lab):
    """A page may open a connection to the attacker's address and name a victim: the victim must not be asked. In the
    control an admin's rewrite sends the name elsewhere."""
    victim = lab.origin([topology.ORIGIN])
    attacker = lab.origin([topology.SECOND_ORIGIN])
    names = lab.name_server({"*": [topology.ORIGIN]})
    lab.gateway()
    answer = lab.get("victim.test", address=topology.SECOND_ORIGIN)
    lab.expect("only the address the client dialled is asked", not victim.connections and len(attacker.requests()) == 1,
               f"victim {len(victim.connections)}, attacker {len(attacker.requests())}: {answer}")
    lab.expect("no name is looked up for it", not [one for one in names.questions if one[0] == "victim.test"],
               names.questions)
