"""NTLM and Negotiate authenticate a connection, not a request: nobody else's request may travel on it (C9)."""

import itertools

from harness import http2_frames as h2
from harness import topology
from harness.http2_client import open_frames
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


@scenario("C9", control=Control("a login over HTTP/2 is sent to HTTP/1.1"))
def login_over_http2(lab):
    """Streams side by side cannot keep the order of a login's steps. In the control it is a scheme that needs none."""
    scheme = "Basic" if lab.in_control else "NTLM"
    origin = lab.origin([topology.ORIGIN], behaviours={"/": _mock(scheme)})
    daemon = lab.gateway({"gateway.workers": "1"})
    with open_frames(lab, "intranet.test", patience=30) as browser:
        browser.begin().ask(1)
        lab.expect("what asks for a login passes", browser.answer(1)[0] == 401, browser.story())
        browser.ask(3, fields=[("authorization", f"{scheme} type1")])
        browser.answer(3)
        reset = next((one for one in browser.frames if one.kind == h2.RST_STREAM and one.stream == 3), None)
        lab.expect("a login over HTTP/2 is sent to HTTP/1.1", reset is not None and h2.code_name(reset.code)
                   == "HTTP_1_1_REQUIRED", browser.story())
        if lab.in_control:
            return
        browser.ask(5)
        lab.expect("the connection goes on", browser.answer(5)[0] == 401, browser.story())
    lab.expect("the origin saw no login", not any(one.get("authorization") for one in origin.requests()), origin.requests())
    line = daemon.wait_record(error="the request authenticates its connection (NTLM, Negotiate), which takes HTTP/1.1")
    lab.expect("the log says why", line.get("host") == "intranet.test" and line.get("alpn") == "h2", line)
    answer = lab.curl("--http2", "--resolve", f"intranet.test:443:{topology.ORIGIN}", "--header", "Authorization: NTLM type1",
                      "https://intranet.test/")
    lab.expect("curl comes again by HTTP/1.1", answer.stdout == "challenge", f"{answer.stdout} {answer.stderr}")


@scenario("C9")
def login_and_reload(lab):
    """What a reload may have changed is not spoken to over a connection from before."""
    origin = lab.origin([topology.ORIGIN], behaviours={"/": _mock("NTLM")})
    daemon = lab.gateway({"gateway.workers": "1"})
    with lab.open("intranet.test") as user:
        lab.expect("the user is logged in", _log_in(user, "NTLM", "alice", "intranet.test").body == b"hello alice", "")
        daemon.wait_line("reloaded|in use", after=daemon.reload())
        before = len(origin.connections)
        answer = user.request("/", "intranet.test")
        lab.expect("a login is asked for anew, over a new connection", answer.status == 401
                   and len(origin.connections) == before + 1, answer)
