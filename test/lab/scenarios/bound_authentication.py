"""NTLM and Negotiate authenticate a connection, not a request: nobody else's request may travel on it (C9)."""

import itertools

from harness import topology
from harness.scenario import Control, scenario

ALONE = "nobody is taken for somebody else"


def _mock(scheme):
    """The three steps: type 1, a challenge, type 3; from then on every request of the connection is the user's."""
    def behaviour(connection, request):
        words = request.get("authorization", "").split(" ")
        if words[0] == scheme and words[1].startswith("type1"):
            connection.respond("challenge", "401 Unauthorized", f"WWW-Authenticate: {scheme} type2\r\n")
            return
        if words[0] == scheme and words[1].startswith("type3"):
            connection.user = words[1].split("-")[1]
        user = getattr(connection, "user", None)
        if user is None:
            connection.respond("who?", "401 Unauthorized", f"WWW-Authenticate: {scheme}\r\n")
        else:
            connection.respond(f"hello {user}")
    return behaviour


def _log_in(connection, scheme, user, name):
    for step in ("type1", f"type3-{user}"):
        answer = connection.request("/", name, fields=f"Authorization: {scheme} {step}\r\n")
    return answer


@scenario("C9", control=Control(ALONE))
def two_users_behind_one_address(lab):
    """In the control the scheme is one that authenticates requests as far as the gateway knows, and its connections are
    pooled."""
    schemes = ("Basic",) if lab.in_control else ("NTLM", "Negotiate", "ntlm")
    for scheme, announced in itertools.product(schemes, (True, False)):
        _two_users(lab, scheme, announced)
        if lab.in_control:
            return


def _two_users(lab, scheme, announced):
    origin = lab.origin([topology.ORIGIN], behaviours={"/": _mock(scheme)})
    daemon = lab.gateway({"gateway.workers": "1"})  # one pool
    with lab.open("intranet.test") as first:
        if announced:
            first.request("/", "intranet.test")
        answer = _log_in(first, scheme, "alice", "intranet.test")
        lab.expect("the first user is logged in", answer.body == b"hello alice", answer)
        second = lab.open("intranet.test")
        answer = second.request("/", "intranet.test")
        lab.expect(ALONE, answer.status == 401, f"{scheme}: a second connection: {answer}")
        if not lab.in_control:
            answer = _log_in(second, scheme, "bob", "intranet.test")
            lab.expect("the second user is logged in", answer.body == b"hello bob", answer)
            for connection, user in ((first, "alice"), (second, "bob"), (first, "alice")):
                answer = connection.request("/", "intranet.test")
                lab.expect("each stays who they are", answer.body == b"hello " + user.encode(), answer)
        second.close()
    with lab.open("intranet.test") as third:
        answer = third.request("/", "intranet.test")
        lab.expect(ALONE, answer.status == 401, f"{scheme}: after they have left: {answer}")
    daemon.stop()
    origin.close()
