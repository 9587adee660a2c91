"""WebSockets through the gateway, by Upgrade and by extended CONNECT on either side (B3): every byte arrives, what it amounted
to is in the log, and peers that fall silent hold nothing for ever."""

import hashlib
import os
import random
import threading
import time

from harness.flow import Broken
from harness.scenario import Control, scenario
from harness.websocket import Gone, WebSocketOrigin
from harness.websocket_client import NONE_RELAYED, OPENS, Refused, WebSocketClient, cells, opened

_HELD_KIB = 16 << 10


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
        socket = opened(lab, cell, client, path, deflate=deflate)
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


@scenario("B3", control=Control(OPENS, settings=NONE_RELAYED), timeout=240)
def messages(lab):
    _echoes(lab, False, 10_000, 16 << 20)


@scenario("B3", control=Control(OPENS, settings=NONE_RELAYED), timeout=240)
def compressed_messages(lab):
    _echoes(lab, True, 2_000, 4 << 20)


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


@scenario("B3", control=Control(OPENS, settings=NONE_RELAYED))
def frames(lab):
    """Fragments, pings between them, and closing by either side pass frame by frame."""
    origin = WebSocketOrigin(lab, {"/pinging": _pinging, "/closing": _closing})
    daemon = lab.gateway()
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            socket = opened(lab, cell, client, f"/echo?{cell}")
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

            socket = opened(lab, cell, client, f"/pinging?{cell}")
            for message in (b"first", b"second"):
                socket.send(message)
                answer = socket.receive()
            lab.expect("the origin's ping is answered by the client", answer == b"are you there?", f"{cell}: {answer}")
            socket.close()
            socket.rest()

            socket = opened(lab, cell, client, f"/closing?{cell}")
            socket.rest()
            lab.expect("the origin's close code arrives", socket.close_code == 4000, f"{cell}: {socket.close_code}")
            flow = _logged(lab, daemon, f"/closing?{cell}").get("websocket", {})
            lab.expect("and is in the log", flow.get("out", {}).get("close") == 4000, f"{cell}: {flow}")


@scenario("B3", control=Control("bytes that are no frames pass", settings=NONE_RELAYED))
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


def _flood(socket):
    while True:
        socket.send(bytes(1 << 16))


@scenario("B3", control=Control("a WebSocket that nobody reads is ended", settings={"upstream.idle_timeout_seconds": 300}),
          timeout=120)
def peers_that_do_not_read(lab):
    """The origin would send for ever; what cannot be handed on is not taken from it."""
    origin = WebSocketOrigin(lab, {"/flood": _flood})
    daemon = lab.gateway({"upstream.idle_timeout_seconds": 3})
    before, stalled, clients = daemon.resident_kib(), [], []
    for cell, form, name in cells():
        # Each to a name of its own: connections to origins are shared, and there is to be one that stalls on each.
        client = WebSocketClient(lab, form, name.replace("ws", f"{form}-side"))
        clients.append(client)
        client.open(f"/flood?{cell}")
        stalled.append((cell, origin.socket_of(f"/flood?{cell}")))
        if form == "h2":
            beside = client.open(f"/echo?{cell}")
            beside.send("and I?")
            lab.expect("others of its connection go on", beside.receive() == "and I?", cell)
    patience = time.monotonic() + lab.patience
    for cell, peer in stalled:
        gone = peer.finished.wait(max(0, patience - time.monotonic()))
        lab.expect("a WebSocket that nobody reads is ended", gone, cell)
        if gone:
            line = _logged(lab, daemon, f"/flood?{cell}")
            lab.expect("the log says why", "in time" in line.get("error", ""), f"{cell}: {line}")
    grown = daemon.resident_kib() - before
    lab.expect("it holds little of what waits", not lab.measures or grown < _HELD_KIB, f"{grown} KiB more")
    for client in clients:
        client.close()


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


@scenario("B3", control=Control(OPENS, settings=NONE_RELAYED))
def vanishing_peers(lab):
    """One end breaks off: the other one learns of it, and WebSockets beside it go on."""
    def vanish(socket):
        socket.receive()
        socket.pipe.abort()
    origin = WebSocketOrigin(lab, {"/vanish": vanish})
    lab.gateway()
    for cell, form, name in cells():
        with WebSocketClient(lab, form, name) as client:
            beside = opened(lab, cell, client, f"/echo?beside-{cell}")
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


_STAYS = "a quiet WebSocket outlives idle connections"


@scenario("B3", control=Control(_STAYS, settings={"upstream.idle_timeout_seconds": 2}))
def quiet_peers(lab):
    """The times that bound a client between its requests, and an upstream connection that nobody uses, are not a WebSocket's."""
    origin = WebSocketOrigin(lab)
    lab.gateway({"limits.client_idle_seconds": 1, "limits.header_seconds": 1, "upstream.pool_idle_seconds": 1})
    clients, sockets = [], []
    for cell, form, name in cells():
        clients.append(WebSocketClient(lab, form, name))
        sockets.append((cell, opened(lab, cell, clients[-1], f"/echo?{cell}"), origin.socket_of(f"/echo?{cell}")))
    time.sleep(3)
    for cell, socket, peer in sockets:
        try:
            socket.send("still here")
            answer = socket.receive()
        except (Gone, Broken, OSError) as error:
            answer = repr(error)
        lab.expect(_STAYS, answer == "still here" and not peer.finished.is_set(), f"{cell}: {answer}")
    for client in clients:
        client.close()
