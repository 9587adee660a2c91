"""WebSockets through the gateway, by Upgrade and by extended CONNECT on either side (B3): every byte arrives, and what it
amounted to is in the log."""

import hashlib
import os
import random
import threading
import time

from harness import certificates, topology
from harness.flow import Broken
from harness.scenario import Control, scenario
from harness.websocket import Gone, Refused, WebSocketClient, WebSocketOrigin, cells

_OPENS = "the WebSocket opens"
_NONE_RELAYED = {"http.upgrades": ""}


def _opened(lab, cell, client, path="/echo", **options):
    """An open WebSocket, or the end of the scenario."""
    try:
        socket = client.open(path, **options)
    except (Refused, Broken) as error:
        lab.require(_OPENS, False, f"{cell}: {error}")
    lab.expect(_OPENS, True)
    return socket


def _same_bytes(client_end, origin_end):
    """Whether each end got the very bytes that the other sent."""
    return (client_end.sent.digest() == origin_end.got.digest() and client_end.sent_bytes == origin_end.got_bytes
            and origin_end.sent.digest() == client_end.got.digest() and origin_end.sent_bytes == client_end.got_bytes)


def _logged(lab, daemon, path, count=1):
    lines = lab.exchanges(daemon, count, path=path)
    return lines[-1] if len(lines) >= count else {}


def _converse(lab, cell, form, name, origin, deflate, count, largest):
    """Messages of many sizes, text and binary, in order; then a large one, of which one half can be compressed."""
    path = f"/echo?{cell}{'+deflate' if deflate else ''}"
    numbers = random.Random(cell)
    small = [str(number) * numbers.choice((1, 3, 30)) for number in range(count // 2)]
    small += [numbers.randbytes(numbers.choice((0, 1, 125, 126, 200))) for _ in range(count - len(small))]
    large = os.urandom(largest // 2) + bytes(largest // 2)
    with WebSocketClient(lab, form, name) as client:
        socket = _opened(lab, cell, client, path, deflate=deflate)
        peer = origin.socket_of(path)

        def send():
            for message in small:
                socket.send(message)
            socket.send(large)
        sending = threading.Thread(target=send, daemon=True)
        sending.start()
        wrong = next((number for number, message in enumerate(small) if socket.receive() != message), None)
        lab.expect("all messages come back in order", wrong is None, f"{cell}: number {wrong} differs")
        back = socket.receive()
        lab.expect("the large one comes back", back == large, f"{cell}: {len(back)} bytes")
        sending.join()
        socket.close(4321, "enough")
        socket.rest()
        peer.finished.wait(30)
        lab.expect("each end gets the very bytes of the other", _same_bytes(socket, peer),
                   f"{cell}: {socket.sent_bytes}/{peer.got_bytes} {peer.sent_bytes}/{socket.got_bytes}")
        lab.expect("both ends saw the close code", (socket.close_code, peer.close_code) == (4321, 4321), cell)
        lab.expect("permessage-deflate is agreed on where it was offered", bool(peer.frames and deflate) ==
                   bool(dict(socket.answer).get("sec-websocket-extensions")), socket.answer)
    return path, socket


def _check_log(lab, cell, line, socket, deflate, count, largest):
    seen = line.get("websocket", {})
    for way, size in (("in", socket.sent_bytes), ("out", socket.got_bytes)):
        flow = seen.get(way, {})
        counted = flow.get("text") == count // 2 and flow.get("binary") == count - count // 2 + 1
        lab.expect("the log counts the messages", counted, f"{cell} {way}: {line}")
        lab.expect("the log has the close code", flow.get("close") == 4321 and "broken" not in flow, f"{cell} {way}: {line}")
        lab.expect("the log knows what was compressed", flow.get("compressed") == (count + 1 if deflate else 0),
                   f"{cell} {way}: {line}")
        lab.expect("the log knows the largest message", flow.get("largest", 0) >= (largest // 2 if deflate else largest),
                   f"{cell} {way}: {line}")
        lab.expect("the log counts the bytes", line.get(f"bytes_{way}") == size, f"{cell} {way}: {line}")
    lab.expect("the log calls it 101", line.get("status") == 101 and not line.get("error"), line)


def _echoes(lab, deflate, count, largest):
    origin = WebSocketOrigin(lab)
    daemon = lab.gateway()
    for cell, form, name in cells():
        path, socket = _converse(lab, cell, form, name, origin, deflate, count, largest)
        _check_log(lab, cell, _logged(lab, daemon, path), socket, deflate, count, largest)


@scenario("B3", control=Control(_OPENS, settings=_NONE_RELAYED), timeout=240)
def messages(lab):
    _echoes(lab, False, 10_000, 16 << 20)


@scenario("B3", control=Control(_OPENS, settings=_NONE_RELAYED), timeout=240)
def compressed_messages(lab):
    _echoes(lab, True, 2_000, 4 << 20)


@scenario("B3", control=Control("the request's fields arrive", settings=_NONE_RELAYED))
def handshake_fields(lab):
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


def _fragments(socket):
    """A message in five pieces with a ping among them; the answer is echoed whole."""
    for number in range(5):
        socket.send(b"piece %d " % number, finished=number == 4)
        if number == 2:
            socket.ping(b"in between")
    return socket.receive()


def _pinging(socket):
    """Says what its ping was answered with."""
    socket.ping(b"are you there?")
    socket.send(socket.receive())
    socket.receive()
    socket.send(b" ".join(socket.pongs))
    socket.receive()


def _closing(socket):
    socket.close(4000, "the origin is tired")
    socket.receive()


@scenario("B3", control=Control(_OPENS, settings=_NONE_RELAYED))
def frames(lab):
    """Fragments, pings between them, and closing by either side pass frame by frame."""
    origin = WebSocketOrigin(lab, {"/pinging": _pinging, "/closing": _closing})
    daemon = lab.gateway()
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            socket = _opened(lab, cell, client, f"/echo?{cell}")
            whole = b"".join(b"piece %d " % number for number in range(5))
            lab.expect("fragments are one message", _fragments(socket) == whole, cell)
            socket.close(1001, "")
            socket.rest()
            lab.expect("the ping between them is answered", socket.pongs == [b"in between"], f"{cell}: {socket.pongs}")
            lab.expect("the bytes are the same", _same_bytes(socket, origin.sockets[-1]), cell)
            flow = _logged(lab, daemon, f"/echo?{cell}").get("websocket", {})
            counts = {key: flow.get("in", {}).get(key) for key in ("frames", "text", "binary", "bytes", "pings", "pongs", "close")}
            lab.expect("the log counts them as one", counts == {"frames": 7, "text": 0, "binary": 1, "bytes": len(whole),
                                                                "pings": 1, "pongs": 0, "close": 1001}, f"{cell}: {flow}")
            lab.expect("and the answers too", flow.get("out", {}).get("pongs") == 1, f"{cell}: {flow}")

            socket = _opened(lab, cell, client, f"/pinging?{cell}")
            for message in (b"first", b"second"):
                socket.send(message)
                answer = socket.receive()
            lab.expect("the origin's ping is answered by the client", answer == b"are you there?", f"{cell}: {answer}")
            socket.close()
            socket.rest()

            socket = _opened(lab, cell, client, f"/closing?{cell}")
            socket.rest()
            lab.expect("the origin's close code arrives", socket.close_code == 4000, f"{cell}: {socket.close_code}")
            flow = _logged(lab, daemon, f"/closing?{cell}").get("websocket", {})
            lab.expect("and is in the log", flow.get("out", {}).get("close") == 4000, f"{cell}: {flow}")


@scenario("B3", control=Control("bytes that are no frames pass", settings=_NONE_RELAYED))
def broken_frames(lab):
    """Only the counting ends: the bytes are the peers' affair."""
    def swallow(socket):
        socket.pipe.send(b"\x83\x05wrong")
        while data := socket.pipe.receive():
            socket.got.update(data)
    origin = WebSocketOrigin(lab, {"/swallow": swallow})
    daemon = lab.gateway()
    junk = b"\x81\x03abc" + os.urandom(300_000)
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            try:
                socket = client.open(f"/swallow?{cell}")
            except Refused as error:
                lab.expect("bytes that are no frames pass", False, f"{cell}: {error}")
                continue
            socket.send_raw(junk)
            answer = b""
            while len(answer) < 7 and (data := socket.pipe.receive()):
                answer += data
            socket.pipe.end()
            peer = origin.sockets[-1]
            peer.finished.wait(30)
            lab.expect("bytes that are no frames pass", answer == b"\x83\x05wrong" and
                       peer.got.digest() == hashlib.sha256(junk).digest(), f"{cell}: {answer}")
            flow = _logged(lab, daemon, f"/swallow?{cell}").get("websocket", {})
            lab.expect("the log says why the counting ended", "unmasked" in flow.get("in", {}).get("broken", "") and
                       "opcode" in flow.get("out", {}).get("broken", ""), f"{cell}: {flow}")


@scenario("B3", control=Control("a blocked WebSocket gets 403", policy=""))
def refused_by_policy(lab):
    origin = WebSocketOrigin(lab)
    lab.gateway(policy="[blacklist]\ndomain = *.ws.test\n")
    for form in ("h1", "h2"):
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


def _refusal(client, path, **options):
    """How the handshake was answered."""
    try:
        client.open(path, **options)
    except Refused as error:
        return error
    except Broken as error:
        return Refused(0, error.how.encode(), [])
    return Refused(101, b"it opened", [])


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
    for form in ("h1", "h2"):
        address = topology.ORIGIN if lab.in_control else topology.ORIGIN6
        with WebSocketClient(lab, form, "h1.unverified.test", address) as client:
            answer = _refusal(client, "/echo")
            lab.expect("an origin that cannot be verified is answered with 502", answer.status == 502, f"{form}: {answer}")
    if lab.in_control:
        return
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            answer = _refusal(client, "/denied")
            lab.expect("the origin's own refusal arrives whole", answer.status == 403 and answer.body == b"go away" and
                       dict(answer.fields).get("x-why") == "not today", f"{cell}: {answer}")
            if cell == "h2->h1":  # where the client would take 200 for consent, and the origin does not mean it
                answer = _refusal(client, "/deaf")
                lab.expect("a page is no WebSocket", answer.status == 502, f"{cell}: {answer}")
    with WebSocketClient(lab, "h2", "h1.ws.test") as client:
        answer = _refusal(client, "/forged?h2")
        lab.expect("consent without the proof is answered with 502", answer.status == 502, answer)
        line = lab.exchanges(daemon, 1, path="/forged?h2")
        lab.expect("the log says so", line and "Sec-WebSocket-Accept" in line[0]["error"], line)
    with WebSocketClient(lab, "h1", "h2.ws.test") as client:
        answer = _refusal(client, "/echo", key="too short")
        lab.expect("a key that cannot be answered is answered with 400", answer.status == 400, answer)


@scenario("B3", control=Control("an extended CONNECT is refused with 501", settings={"http.upgrades": "websocket"}))
def upgrades_setting(lab):
    """`[http] upgrades` without websocket: an Upgrade is ignored, as the origin may; a CONNECT cannot be."""
    origin = WebSocketOrigin(lab)
    lab.gateway({"http.upgrades": "echo"})
    with WebSocketClient(lab, "h2", "h1.ws.test") as client:
        answer = _refusal(client, "/echo")
        lab.expect("an extended CONNECT is refused with 501", answer.status == 501, answer)
    if lab.in_control:
        return
    lab.expect("nothing of it reaches the origin", not origin.requests, origin.requests)
    with WebSocketClient(lab, "h1", "h1.ws.test") as client:
        answer = _refusal(client, "/echo")
        lab.expect("an Upgrade is not passed on", answer.status == 200 and origin.requests[-1].get("upgrade") is None, answer)


def _ended(socket):
    """How the bytes end for a client that only waits: orderly, or cut; None while they do not."""
    try:
        while socket.receive() is not None:
            pass
    except Gone:
        return "orderly"
    except TimeoutError:
        return None
    except (Broken, OSError) as error:
        return f"cut: {error}"
    return "closed"


@scenario("B3", control=Control("an idle WebSocket is ended", settings={"upstream.idle_timeout_seconds": 300}), timeout=120)
def idle_peers(lab):
    """Both peers are there and say nothing more."""
    origin = WebSocketOrigin(lab)
    daemon = lab.gateway({"upstream.idle_timeout_seconds": 2})
    clients, sockets = [], []
    for cell, form, name in cells():
        client = WebSocketClient(lab, form, name)
        clients.append(client)
        socket = client.open(f"/echo?{cell}")
        socket.send("still here")
        lab.require("it echoes", socket.receive() == "still here", cell)
        peer = origin.socket_of(f"/echo?{cell}")
        sockets.append((cell, socket, peer))
    patience = time.monotonic() + lab.patience
    for cell, socket, peer in sockets:
        gone = peer.finished.wait(max(0, patience - time.monotonic()))
        lab.expect("an idle WebSocket is ended", gone, cell)
        if not lab.in_control:
            lab.expect("the client learns of it", _ended(socket), cell)
            line = lab.exchanges(daemon, 1, path=f"/echo?{cell}")
            lab.expect("the log says why", line and "in time" in line[0]["error"] and line[0]["websocket"]["in"]["text"] == 1,
                       f"{cell}: {line}")
    for client in clients:
        client.close()


@scenario("B3", control=Control(_OPENS, settings=_NONE_RELAYED))
def vanishing_peers(lab):
    """One end breaks off: the other one learns of it, and WebSockets beside it go on."""
    def vanish(socket):
        socket.receive()
        socket.pipe.abort()
    origin = WebSocketOrigin(lab, {"/vanish": vanish})
    lab.gateway()
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            beside = _opened(lab, cell, client, f"/echo?beside-{cell}")
            socket = client.open(f"/echo?{cell}")
            peer = origin.socket_of(f"/echo?{cell}")
            socket.pipe.abort()
            lab.expect("the origin learns that the client left", peer.finished.wait(30) and hasattr(peer, "error"), cell)
            socket = client.open(f"/vanish?{cell}")
            socket.send("now")
            how = _ended(socket)
            lab.expect("the client learns that the origin left", how and how != "closed", f"{cell}: {how}")
            beside.send("and I?")
            lab.expect("others go on", beside.receive() == "and I?", cell)
            beside.close()
            beside.rest()
