"""Clients and origins that leave, change their mind or say a thing twice while an exchange is under way (TESTS F, L01)."""

import base64
import os
import socket
import struct
import threading
import time

from harness import topology
from harness.scenario import Control, scenario

HOST = "promise.test"
LEFT = "the origin is let go when the client has broken the connection"


def _break(connection):
    """Ends a client's connection with a RST."""
    connection.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@scenario("L01", control=Control(LEFT))
def client_that_breaks_off(lab):
    """While the origin takes its time nobody reads from the client; still its RST is noticed. In the control it stays."""
    asked, let_go = threading.Event(), threading.Event()

    def slow(connection, _request):
        asked.set()
        if not connection.reader.fill():
            let_go.set()
        return "end"

    lab.origin(behaviours={"/slow": slow})
    daemon = lab.gateway()
    connection = lab.open(HOST)
    connection.send(f"GET /slow HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
    lab.require("the request reached the origin", asked.wait(30), "")
    if not lab.in_control:
        _break(connection)
    lab.expect(LEFT, let_go.wait(lab.patience), "")
    if not lab.in_control:
        line = daemon.wait_exchange(host=HOST)
        lab.expect("the log says who broke it", "client broke the connection" in line["error"], line)
    connection.close()


WITHOUT = "an upgrade is not asked for beside a body"


@scenario("F09 A3", control=Control(WITHOUT))
def upgrade_with_a_body(lab):
    """The body would still be flowing when the protocol changes. In the control there is none."""
    origin = lab.origin()
    lab.gateway()
    key = base64.b64encode(os.urandom(16)).decode()
    fields = (f"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: {key}\r\n"
              "Sec-WebSocket-Version: 13\r\n")
    body = b"" if lab.in_control else b"GET /smuggled HTTP/1.1\r\nHost: promise.test\r\n\r\n"
    answer = lab.get(HOST, "/socket", fields=fields, body=body)
    request = origin.requests()[0]
    lab.expect(WITHOUT, request.get("upgrade") is None, request)
    lab.expect("the request is served without it", answer.status == 200 and request.body == body
               and len(origin.requests()) == 1, answer)


UNFORGED = "no trailer says again what the gateway says"


@scenario("A5 A6 F09", control=Control(UNFORGED, policy=""))
def injected_fields_in_trailers(lab):
    """A rewrite's fields and the request id, sent by the client behind the body."""
    origin = lab.origin()
    lab.gateway(policy=f"[rewrite {HOST}]\ntarget_ip = {topology.ORIGIN}\nheader = X-Proxy-Source: egress-gateway\n")
    with lab.open(HOST) as connection:
        connection.send(f"POST /trailers HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
                        "x-proxy-source: forged\r\nX-Request-ID: forged\r\nX-Sum: 5\r\n\r\n")
        answer = connection.response()
    request = origin.requests()[0]
    trailers = dict(request.trailers)
    lab.expect(UNFORGED, "x-proxy-source" not in trailers and "x-request-id" not in trailers, trailers)
    lab.expect("other trailers pass", answer.status == 200 and trailers.get("x-sum") == "5", request.trailers)


SURVIVES = "a question under way survives a reload"


@scenario("L04 L02", control=Control(SURVIVES))
def reload_while_a_name_is_resolved(lab):
    """A kept connection's next request, for which its name is asked again; the name server answers once the new configuration,
    with a resolver of its own, is in use. In the control it says nothing. A question waits six seconds: on a machine too busy
    for that there is another try."""
    lab.origin()
    names = lab.name_server()
    daemon = lab.gateway({"upstream.dns_servers": topology.NAME_SERVER, "upstream.pool_idle_seconds": "0"})
    answer = None
    for number in range(1 if lab.in_control else 3):
        with lab.open("slow.test", proxy=(topology.GATEWAY_LAN, 8080)) as connection:
            lab.require("it is resolved at first", connection.request("/", "slow.test").status == 200, "")
            names.hold()
            connection.send("GET /again HTTP/1.1\r\nHost: slow.test\r\n\r\n")
            lab.require("the name server is asked again", names.wait_for_question(), names.questions)
            before = daemon.reload(policy=f"[blacklist]\ndomain = other-{number}.test\n")
            daemon.wait_line("reloaded", after=before)
            if not lab.in_control:
                names.speak()
            answer = connection.response()
        if answer.status == 200:
            break
    lab.expect(SURVIVES, answer.status == 200, answer)


AGAIN = "a connection dialled early that has ended meanwhile is replaced"


@scenario("L01", control=Control(AGAIN))
def origin_that_will_not_wait(lab):
    """The origin ends what was dialled beside the client's handshake before the client says anything. Even a POST, which may
    not be sent twice, is served: by a new connection. In the control every connection ends so."""
    served = []

    def serve(connection):
        served.append(connection)
        if len(served) == 1 or lab.in_control:
            connection.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shut()
            return
        while request := connection.reader.request():
            connection.remember(request)
            connection.respond(request.target)

    origin = lab.origin(serve=serve)
    lab.gateway({"gateway.workers": "1"}, policy="[blacklist]\ndomain = blocked.test\n")
    with lab.open(HOST) as connection:
        lab.require("it was dialled early", origin.wait_for(lambda one: one.connections and one.connections[0].finished.is_set()),
                    origin.connections)
        _until_noticed(lab)
        answer = connection.request("/post", HOST, method="POST", body=b"once")
    lab.expect(AGAIN, answer.status == 200 and answer.body == b"/post", answer)
    lab.expect("it is sent once", lab.in_control or [one.target for one in origin.requests()] == ["/post"], origin.requests())


OTHER = "a request that the origin let fall with a waiting connection goes over another"


@scenario("L01", control=Control(OTHER))
def origin_that_leaves_as_the_request_comes(lab):
    """What was dialled early ends just when the request is on its way: as with a kept connection, a request that may be
    repeated is. In the control it is one that may not."""
    served = []

    def serve(connection):
        served.append(connection)
        first = len(served) == 1
        while request := connection.reader.request():
            if first:
                connection.shut()
                return
            connection.respond(request.target)

    origin = lab.origin(serve=serve)
    lab.gateway({"gateway.workers": "1"}, policy="[blacklist]\ndomain = blocked.test\n")
    with lab.open(HOST) as connection:
        lab.require("it was dialled early", origin.wait_for(lambda _: served), origin.connections)
        lab.get("blocked.test")  # behind which the one worker has seen the end of its own handshake
        if lab.in_control:
            answer = connection.request("/again", HOST, method="POST", body=b"once")
        else:
            answer = connection.request("/again", HOST)
    lab.expect(OTHER, answer.status == 200 and answer.body == b"/again", answer)


def _until_noticed(lab):
    """Until the gateway's kernel has the origin's FIN, and its one worker has looked at its sockets since."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        states = lab.gateway_side.run(["ss", "-Htn", "state", "close-wait", f"dst {topology.ORIGIN}"]).stdout
        if topology.ORIGIN in states:
            break
        time.sleep(0.05)
    lab.get("blocked.test")
