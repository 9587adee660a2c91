"""Every bound and deadline has its effect where it is set to something else."""

import time

from harness import certificates, client, hello, http1, raw_tls, topology
from harness.scenario import Control, scenario


def _until_closed(made, limit=12):
    """Seconds until the other side ends the connection."""
    _, ending, took = raw_tls.read_records(made, limit)
    return took if ending in ("closed", "reset") else None


def _idle(connection):
    began = time.monotonic()
    connection.tls.settimeout(12)
    try:
        rest = connection.rest()
    except TimeoutError:
        return None, b""
    return time.monotonic() - began, rest


@scenario("B09", control=Control("handshake_seconds ends a slow handshake", settings={"limits.handshake_seconds": "60"}))
def handshake_deadline(lab):
    lab.origin()
    lab.gateway({"limits.handshake_seconds": "2"})
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    made.sendall(hello.records(hello.handmade(hello.server_name(b"slow.test")), [16384]))
    took = _until_closed(made, 6)
    lab.expect("handshake_seconds ends a slow handshake", took is not None and 1 <= took <= 5, took)
    made.close()


@scenario("A9", control=Control("first_bytes_seconds ends a silent connection", settings={"intercept.first_bytes_seconds": "60"}))
def first_bytes_deadline(lab):
    lab.gateway({"intercept.first_bytes_seconds": "1"})
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    took = _until_closed(made, 5)
    lab.expect("first_bytes_seconds ends a silent connection", took is not None and took <= 4, took)
    made.close()


@scenario("K01", control=Control("header_seconds ends a slow head", settings={"limits.header_seconds": "60"}))
def header_deadline(lab):
    lab.origin()
    lab.gateway({"limits.header_seconds": "2"})
    with lab.open("slow.test") as connection:
        connection.send("GET / HTTP/1.1\r\nHost: slow.test\r\nX: ")
        took, rest = _idle(connection)
        lab.expect("header_seconds ends a slow head", took is not None and 1 <= took <= 6, took)
        lab.expect("with 408 or nothing", rest == b"" or rest.startswith(b"HTTP/1.1 408"), rest)


@scenario("K01", control=Control("client_idle_seconds ends an idle connection", settings={"limits.client_idle_seconds": "60"}))
def client_idle_deadline(lab):
    lab.origin()
    lab.gateway({"limits.client_idle_seconds": "2"})
    with lab.open("idle.test") as connection:
        connection.request("/", "idle.test")
        took, _ = _idle(connection)
        lab.expect("client_idle_seconds ends an idle connection", took is not None and 1 <= took <= 6, took)


@scenario("L01", control=Control("idle_timeout_seconds ends the wait for an answer", settings={"upstream.idle_timeout_seconds": "60"}))
def origin_idle_deadline(lab):
    lab.origin(behaviours={"/silent": lambda connection, _: time.sleep(20) or "end"})
    lab.gateway({"upstream.idle_timeout_seconds": "2"})
    began = time.monotonic()
    try:
        status = lab.get("silent.test", "/silent", timeout=8).status
    except OSError as error:
        status = str(error)
    took = time.monotonic() - began
    lab.expect("idle_timeout_seconds ends the wait for an answer", status in (502, 504) and took < 6, f"{status} {took:.1f} s")


@scenario("K04", control=Control("connections_per_client is a bound", settings={"limits.connections_per_client": "4000"}))
def connections_of_one_client(lab):
    lab.origin()
    lab.gateway({"limits.connections_per_client": "5"})
    served = _served(lab, 8, topology.CLIENT)
    other = lab.get("other.test", source=topology.SECOND_CLIENT)
    lab.expect("connections_per_client is a bound", served == 5, served)
    lab.expect("another client is not affected", other.status == 200, other)


@scenario("K04", control=Control("max_connections is a bound", settings={"gateway.max_connections": "50000"}))
def connections_of_all(lab):
    lab.origin()
    lab.gateway({"gateway.max_connections": "6", "gateway.workers": "2"})
    served = _served(lab, 10, topology.CLIENT)
    lab.expect("max_connections is a bound", served == 6, served)
    lab.expect("it serves again afterwards", _eventually_served(lab), "")


def _eventually_served(lab):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if lab.get("after.test").status == 200:
                return True
        except OSError:
            time.sleep(0.05)
    return False


def _served(lab, tries, source):
    """How many of so many held connections are served."""
    held, served = [], 0
    for _ in range(tries):
        try:
            connection = lab.open("many.test", source=source, timeout=5)
            held.append(connection)
            served += connection.request("/", "many.test").status == 200
        except (OSError, http1.Truncated):
            pass
    for connection in held:
        connection.close()
    return served


@scenario("A7", control=Control("invalid_origin = alert gives no page", settings={"upstream.invalid_origin": "page"}))
def invalid_origin_alert(lab):
    bad = lab.server_context(certificates.issue(None, ["bad.test"]))
    origin = lab.origin(contexts=lambda name, address: bad if name == "bad.test" else lab.good_context(name, address))
    lab.gateway({"upstream.invalid_origin": "alert"})
    try:
        outcome = lab.get("bad.test").status
    except OSError as error:
        outcome = str(error)
    lab.expect("invalid_origin = alert gives no page", outcome == 0 or "alert" in str(outcome).lower(), outcome)
    lab.expect("no request byte goes out", not origin.received(), "")
    lab.expect("good origins are served", lab.get("good.test").status == 200, "")


@scenario("L01", control=Control("pool_idle_seconds = 0 keeps no connection", settings={"upstream.pool_idle_seconds": "30"}))
def no_pooling(lab):
    origin = lab.origin()
    lab.gateway({"upstream.pool_idle_seconds": "0", "gateway.workers": "1"})
    for _ in range(3):
        lab.get("pool.test")
    lab.expect("pool_idle_seconds = 0 keeps no connection", len(origin.connections) == 3, len(origin.connections))


SHARED = "clients never share an upstream connection"


@scenario("B07!", control=Control(SHARED))
def pooled_connections_belong_to_one_client(lab):
    """In the control it is the same client both times."""
    origin = lab.origin()
    lab.gateway({"gateway.workers": "1"})  # each worker has a pool of its own
    lab.get("pool.test")
    lab.get("pool.test", source=topology.CLIENT if lab.in_control else topology.SECOND_CLIENT)
    lab.expect(SHARED, len(origin.connections) == 2, len(origin.connections))


@scenario("L01", control=Control("connect_timeout_seconds bounds the dial", settings={"upstream.connect_timeout_seconds": "60"}))
def connect_deadline(lab):
    """An address whose packets vanish on the way."""
    lab.origin_side.run(["iptables", "-A", "INPUT", "-p", "tcp", "-d", topology.SECOND_ORIGIN, "-j", "DROP"])
    lab.gateway({"upstream.connect_timeout_seconds": "2"})
    began = time.monotonic()
    try:
        status = lab.get("gone.test", address=topology.SECOND_ORIGIN, timeout=7).status
    except OSError as error:
        status = str(error)
    took = time.monotonic() - began
    lab.expect("connect_timeout_seconds bounds the dial", status in (502, 504) and took < 6, f"{status} after {took:.1f} s")


@scenario("A3", control=Control("via = yes adds Via", settings={"http.via": "no"}))
def via(lab):
    origin = lab.origin()
    lab.gateway({"http.via": "yes"})
    answer = lab.get("via.test")
    lab.expect("via = yes adds Via", origin.requests()[0].get("via") and answer.get("via"), f"{origin.requests()[0]} {answer}")


@scenario("A3", control=Control("without Via the request is as it was", settings={"http.via": "yes"}))
def no_via(lab):
    origin = lab.origin()
    lab.gateway()
    answer = lab.get("via.test")
    lab.expect("without Via the request is as it was", origin.requests()[0].get("via") is None and answer.get("via") is None,
               answer)
