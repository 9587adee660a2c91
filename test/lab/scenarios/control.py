"""What the running daemon says of itself, on its control socket."""

import contextlib
import json
import re
import socket
import time

from harness import client, control, topology
from harness.scenario import scenario

_POLICY = "[blacklist]\ndomain = ads.example.test\n[passthrough]\ndomain = *.bank.test\n"


@scenario("M10")
def status(lab):
    """`sallyport status` for people and for machines; a socket of the daemon's own user; a sentence when nobody answers."""
    daemon = lab.gateway()
    shown = lab.command("--config", daemon.files.config, "status")
    lab.expect("it tells", shown.returncode == 0 and "sallyportd" in shown.stdout and "0 of at most 50000" in shown.stdout,
               shown.stdout + shown.stderr)
    told = json.loads(lab.command("--config", daemon.files.config, "status", "--json", check=True).stdout)
    lab.expect("machines are told the same", told["workers"] >= 1 and told["listen"]["proxy"], told)
    code, body = control.ask(lab, daemon, "/nowhere")
    lab.expect("an unknown path names the known ones", code == 404 and "/api/v1/status" in json.loads(body)["error"], body)
    code, _ = control.ask(lab, daemon, "/api/v1/status?x=%00")
    lab.expect("a query is no part of the path", code == 200, code)
    stranger = lab.gateway_side.run(["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "curl", "--silent",
                                     "--unix-socket", daemon.files.settings["control.socket"], "http://x/metrics"], check=False)
    lab.expect("a stranger may not ask", stranger.returncode != 0 and not stranger.stdout, stranger)
    daemon.stop()
    silent = lab.command("--config", daemon.files.config, "status")
    lab.expect("nobody answers, and it says what to look at", silent.returncode == 1 and "systemctl status" in silent.stderr,
               silent.stderr)
    lab.expect("a new daemon takes the place of a dead one's socket", lab.gateway(files=daemon.files).running)
    lab.expect("and answers", lab.command("--config", daemon.files.config, "status").returncode == 0)


@scenario("M10")
def connections_are_seen(lab):
    """What is open is listed with what is known of it, its bytes move, and it is gone once it is closed."""
    daemon = lab.gateway(policy=_POLICY + "proof = none\n")
    lab.origin()

    def seen(*options):
        done = lab.command("--config", daemon.files.config, "connections", "--json", *options, check=True)
        return json.loads(done.stdout)["connections"]

    with lab.open("www.example.test") as opened:
        opened.request("/", "www.example.test")
        one = seen()[0]
        layer = one["layers"][0]
        lab.expect("the client and where it was going", one["client"].startswith(topology.CLIENT + ":")
                   and one["local"] == topology.ORIGIN + ":443" and one["door"] == "transparent", one)
        lab.expect("its name, verdict and TLS", layer["name"] == "www.example.test" and layer["tls"].startswith("TLSv1.3")
                   and layer["verdict"] == "ALLOWED-BY-DEFAULT" and layer["ja4"].startswith("t13"), one)
        lab.expect("its origin and exchanges", one["upstream"] == topology.ORIGIN + ":443" and one["exchanges"] == 1
                   and one["tls_upstream"].startswith("TLSv1") and one["state"] == "open", one)
        lab.expect("its link-layer address", re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", one.get("mac", "")), one)
        opened.request("/", "www.example.test")
        again = seen()[0]
        lab.expect("it is the same, and has moved", again["id"] == one["id"] and again["exchanges"] == 2
                   and again["received"] > one["received"] and again["sent"] > one["sent"], again)
        with lab.open("www.bank.test", context=client.tls_context(lab.root.pem())) as passed:
            passed.request("/", "www.bank.test")
            newest = seen("--name", "bank")
            lab.expect("a client that is passed through", len(newest) == 1 and newest[0]["state"] == "passed through"
                       and newest[0]["received"] > 0 and newest[0]["sent"] > 0, newest)
        shown = lab.command("--config", daemon.files.config, "top", "--count", "1").stdout
        lab.expect("a table for eyes", "www.example.test" in shown and "BYTES/S" in shown, shown)
    lab.expect("what is closed is gone", lab.until(lambda: not seen()), seen())


def _p99_ms(connection, count=300):
    waited = []
    for _ in range(count):
        began = time.monotonic()
        connection.request("/", "www.example.test")
        waited.append(time.monotonic() - began)
    return sorted(waited)[int(count * 0.99) - 1] * 1e3


_UNNOTICED_MS = 25  # what nobody notices


@scenario("D9 N06", alone=True)
def flooded_socket(lab):
    """A thousand programs on the control socket, each of which asks for much and reads nothing: clients' p99 stays, and whoever
    comes after them is answered."""
    daemon = lab.gateway()
    lab.origin()
    path = daemon.files.settings["control.socket"]
    question = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 40
    rounds = []
    with lab.open("www.example.test") as connection:
        _p99_ms(connection)
        for _ in range(6):
            quiet = _p99_ms(connection)
            with contextlib.ExitStack() as flood:
                asking = 0
                for _ in range(1000):
                    made = flood.enter_context(socket.socket(socket.AF_UNIX))
                    made.settimeout(5)
                    with contextlib.suppress(OSError):
                        made.connect(path)
                        made.sendall(question)
                        asking += 1
                lab.expect("many ask", asking >= 200, asking)
                rounds.append((quiet, _p99_ms(connection)))
            if rounds[-1][1] <= max(1.1 * quiet, _UNNOTICED_MS):
                break
        lab.note("p99 alone and beside them, ms: " + "; ".join(f"{quiet:.1f}, {beside:.1f}" for quiet, beside in rounds))
        if lab.measures:
            lab.expect("a client's p99 stays", any(beside <= max(1.1 * quiet, _UNNOTICED_MS) for quiet, beside in rounds), rounds)
        answered = lab.until(lambda: lab.command("--config", daemon.files.config, "status").returncode == 0)
        lab.expect("who comes after them is answered", answered)
        lab.expect("and the client is served", connection.request("/", "www.example.test").status == 200)
