"""The opening handshakes of WebSockets, translated between Upgrade and extended CONNECT (B3): what passes, what is made or
checked on the way, and what becomes of refusals."""

from harness import certificates, topology
from harness.scenario import Control, scenario
from harness.websocket import WebSocketOrigin
from harness.websocket_client import FORMS, NONE_RELAYED, OPENS, Refused, WebSocketClient, cells, opened, refusal


def _line(lab, daemon, path):
    """What the log says of it."""
    return next(iter(lab.exchanges(daemon, 1, path=path)), {})


@scenario("B3", control=Control("the request's fields arrive", settings=NONE_RELAYED))
def fields(lab):
    """Origin, subprotocol and extensions pass as they are; the key is the business of one hop where the forms differ."""
    origin = WebSocketOrigin(lab)
    daemon = lab.gateway()
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            fields = [("Origin", "https://page.test"), ("Sec-WebSocket-Protocol", "chat, superchat"), ("Cookie", "a=1"),
                      ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits, x-unknown")]
            key = "c2l4dGVlbiBieXRlcyAhIQ=="
            try:
                socket = client.open(f"/echo?{cell}", fields=fields, key=key)
            except Refused as error:
                lab.expect("the request's fields arrive", False, f"{cell}: {error}")
                continue
            request = origin.requests[-1]
            kept = all(request.get(field.lower()) == value for field, value in fields)
            lab.expect("the request's fields arrive", kept and request.get("sec-websocket-version") == "13", f"{cell}: {request}")
            lab.expect("subprotocol and extensions are answered as the origin said",
                       dict(socket.answer).get("sec-websocket-protocol") == "chat" and
                       "permessage-deflate" in dict(socket.answer).get("sec-websocket-extensions", ""), f"{cell}: {socket.answer}")
            arrived = request.get("sec-websocket-key")
            if cell == "h1->h1":
                lab.expect("one form on both sides: the client's own key", arrived == key, arrived)
            elif cell == "h2->h1":
                lab.expect("a key of the gateway's for an origin that needs one", arrived and arrived != key, arrived)
            else:
                lab.expect("no key over HTTP/2", arrived is None, f"{cell}: {arrived}")
            if form == "h2":
                lab.expect("no accept over HTTP/2", "sec-websocket-accept" not in dict(socket.answer), socket.answer)
            lab.expect("the request id is injected", request.get("x-request-id"), request)
            socket.close()
            socket.rest()
            line = lab.exchanges(daemon, 1, path=f"/echo?{cell}")
            lab.expect("the log says by which HTTP the client came", line and line[0]["alpn"] == ("h2" if form == "h2" else "http/1.1"),
                       line)


@scenario("B3", control=Control("a blocked WebSocket gets 403", policy=""))
def refused_by_policy(lab):
    origin = WebSocketOrigin(lab)
    lab.gateway(policy="[blacklist]\ndomain = *.ws.test\n")
    for form in FORMS:
        with WebSocketClient(lab, form, "h1.ws.test") as client:
            try:
                client.open("/echo")
                answer = None
            except Refused as error:
                answer = error
            lab.expect("a blocked WebSocket gets 403", answer and answer.status == 403 and b"Policy Blocked" in answer.body,
                       f"{form}: {answer}")
            if not lab.in_control:
                lab.expect("no request reaches the origin", not origin.requests, origin.requests)


@scenario("B3", control=Control("an origin that cannot be verified is answered with 502"))
def failing_origins(lab):
    """A certificate for another name; a refusal of the origin's own; consent without proof, which the client could not check
    over HTTP/2. In the control the name is verified."""
    def denied(_request):
        return 403, [("content-type", "text/plain"), ("x-why", "not today")], b"go away"

    def forged(request):
        fields = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
        return (101, fields, b"") if request.form == "h1" else None

    def deaf(_request):
        return 200, [("content-type", "text/plain")], b"a page"
    WebSocketOrigin(lab, answers={"/denied": denied, "/forged": forged, "/deaf": deaf})
    wrong = lab.server_context(certificates.issue(lab.root, ["another.test"]))
    lab.origin((topology.ORIGIN6,), contexts=lambda _name, _address: wrong)
    daemon = lab.gateway()
    for form in FORMS:
        address = topology.ORIGIN if lab.in_control else topology.ORIGIN6
        with WebSocketClient(lab, form, "h1.unverified.test", address) as client:
            answer = refusal(client, "/echo")
            lab.expect("an origin that cannot be verified is answered with 502", answer.status == 502, f"{form}: {answer}")
    if lab.in_control:
        return
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            answer = refusal(client, "/denied")
            lab.expect("the origin's own refusal arrives whole", answer.status == 403 and answer.body == b"go away" and
                       dict(answer.fields).get("x-why") == "not today", f"{cell}: {answer}")
            if cell == "h2->h1":  # where the client would take 200 for consent, and the origin does not mean it
                answer = refusal(client, "/deaf")
                lab.expect("a page is no WebSocket", answer.status == 502, f"{cell}: {answer}")
    with WebSocketClient(lab, "h2", "h1.ws.test") as client:
        answer = refusal(client, "/forged?h2")
        lab.expect("consent without the proof is answered with 502", answer.status == 502, answer)
        line = lab.exchanges(daemon, 1, path="/forged?h2")
        lab.expect("the log says so", line and "Sec-WebSocket-Accept" in line[0]["error"], line)
    with WebSocketClient(lab, "h1", "h2.ws.test") as client:
        answer = refusal(client, "/echo", key="too short")
        lab.expect("a key that cannot be answered is answered with 400", answer.status == 400, answer)


@scenario("B3", control=Control("an extended CONNECT is refused with 501", settings={"http.upgrades": "websocket"}))
def upgrades_setting(lab):
    """`[http] upgrades` without websocket: an Upgrade is ignored, as the origin may; a CONNECT cannot be."""
    origin = WebSocketOrigin(lab)
    lab.gateway({"http.upgrades": "echo"})
    with WebSocketClient(lab, "h2", "h1.ws.test") as client:
        answer = refusal(client, "/echo")
        lab.expect("an extended CONNECT is refused with 501", answer.status == 501, answer)
    if lab.in_control:
        return
    lab.expect("nothing of it reaches the origin", not origin.requests, origin.requests)
    with WebSocketClient(lab, "h1", "h1.ws.test") as client:
        answer = refusal(client, "/echo")
        lab.expect("an Upgrade is not passed on", answer.status == 200 and origin.requests[-1].get("upgrade") is None, answer)


@scenario("B3", control=Control(OPENS, settings=NONE_RELAYED))
def origins_without_extended_connect(lab):
    """They are asked by Upgrade, on a connection of HTTP/1.1; other requests go on over HTTP/2. One that speaks nothing else
    has no WebSocket for anybody."""
    origin = WebSocketOrigin(lab, answers={"/page": lambda _request: (200, [], b"a page")}, connect_protocol=False)
    daemon = lab.gateway()

    def browse(client, when):
        page = client.connected().request("GET", "/page", authority=client.name).head()
        lab.expect("other requests go over HTTP/2", page.body() == b"a page" and origin.requests[-1].form == "h2", when)
    for form in FORMS:
        with WebSocketClient(lab, form, "h2.ws.test") as client:
            if form == "h2":
                browse(client, "before")
            socket = opened(lab, form, client, f"/echo?{form}")
            lab.expect("it is opened by Upgrade", origin.requests[-1].form == "h1", origin.requests[-1])
            socket.send("hello")
            lab.expect("it echoes", socket.receive() == "hello", form)
            if form == "h2":
                browse(client, "beside it")
            socket.close()
            socket.rest()
            line = _line(lab, daemon, f"/echo?{form}")
            lab.expect("the log says over what", line.get("alpn_upstream") == "http/1.1" and line.get("status") == 101, line)
        with WebSocketClient(lab, form, "only-h2.ws.test") as client:
            before = len(origin.requests)
            answer = refusal(client, f"/echo?only-{form}")
            lab.expect("an origin without any form is answered for with 502", answer.status == 502 and
                       len(origin.requests) == before, answer)
            line = _line(lab, daemon, f"/echo?only-{form}")
            lab.expect("the log says why", line.get("error"), line)
