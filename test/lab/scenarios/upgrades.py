"""Protocols that begin inside HTTP (issue's WebSocket; `[http] upgrades`)."""

import base64
import hashlib
import os

from harness.scenario import Control, scenario

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _switch(connection, request):
    """An origin that accepts any upgrade, then sends back whatever comes, in capitals."""
    token = request.get("upgrade")
    if not token:
        connection.respond("no upgrade asked for")
        return "end"
    accept = base64.b64encode(hashlib.sha1(request.get("sec-websocket-key", "").encode() + _GUID).digest()).decode()
    connection.send(f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: {token}\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Accept: {accept}\r\n\r\nhello")
    while piece := connection.tls.recv(65536):
        connection.send(piece.upper())
    connection.shut()
    return "end"


def _upgrade(lab, token, early=b""):
    connection = lab.open("switch.test")
    key = base64.b64encode(os.urandom(16)).decode()
    connection.send(f"GET /socket HTTP/1.1\r\nHost: switch.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: {token}\r\n"
                    f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode() + early)
    return connection, connection.response()


def _read(connection, size):
    data = connection.reader.pending
    while len(data) < size and connection.reader.fill():
        data = connection.reader.pending
    return data


@scenario("A3", control=Control("both directions are relayed after 101", settings={"http.upgrades": ""}))
def websocket(lab):
    lab.origin(behaviours={"/socket": _switch})
    daemon = lab.gateway()
    connection, answer = _upgrade(lab, "websocket")
    lab.require("both directions are relayed after 101", answer.status == 101 and answer.get("sec-websocket-accept")
                and (answer.get("upgrade") or "").lower() == "websocket", answer)
    lab.expect("bytes right behind the 101 arrive", _read(connection, 5) == b"hello", connection.reader.pending)
    payload = os.urandom(200_000).replace(b"a", b"b")
    connection.send(payload)
    lab.expect("the bytes are the client's", _read(connection, 5 + len(payload)) == b"hello" + payload.upper(), "")
    connection.close()
    line = daemon.wait_exchange(host="switch.test")
    lab.expect("it is logged as 101", line["status"] == 101, line)


@scenario("A3 F09", control=Control("other tokens are dropped", settings={"http.upgrades": "websocket, echo"}))
def other_tokens(lab):
    origin = lab.origin(behaviours={"/socket": _switch})
    lab.gateway()
    for token in ("echo",) if lab.in_control else ("echo", "h2c"):
        connection, answer = _upgrade(lab, token)
        lab.expect("other tokens are dropped", answer.status == 200 and origin.requests()[-1].get("upgrade") is None,
                   f"{token}: {answer}")
        connection.close()


@scenario("A3", control=Control("a listed token is relayed", settings={"http.upgrades": "websocket"}))
def listed_tokens(lab):
    lab.origin(behaviours={"/socket": _switch})
    lab.gateway({"http.upgrades": "websocket, echo"})
    connection, answer = _upgrade(lab, "echo")
    lab.expect("a listed token is relayed", answer.status == 101, answer)
    connection.close()
