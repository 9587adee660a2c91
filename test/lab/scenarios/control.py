"""What the running daemon says of itself, on its control socket."""

import json
import re

from harness import client, topology
from harness.scenario import scenario
from harness.versatile import Client, VersatileOrigin

_POLICY = "[blacklist]\ndomain = ads.example.test\n[passthrough]\ndomain = *.bank.test\n"


def _ask(lab, daemon, target):
    """The body of the daemon's answer, and its status."""
    done = lab.gateway_side.run(["curl", "--silent", "--max-time", "10", "--write-out", "\n%{http_code}", "--unix-socket",
                                 daemon.files.settings["control.socket"], f"http://sallyport{target}"], check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def _samples(text):
    """{"name{labels}": value} of Prometheus's text format."""
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)}


@scenario("M10")
def status(lab):
    """`sallyport status` for people and for machines; a socket of the daemon's own user; a sentence when nobody answers."""
    daemon = lab.gateway()
    shown = lab.command("--config", daemon.files.config, "status")
    lab.expect("it tells", shown.returncode == 0 and "sallyportd" in shown.stdout and "0 of at most 50000" in shown.stdout,
               shown.stdout + shown.stderr)
    told = json.loads(lab.command("--config", daemon.files.config, "status", "--json", check=True).stdout)
    lab.expect("machines are told the same", told["workers"] >= 1 and told["listen"]["proxy"], told)
    code, body = _ask(lab, daemon, "/nowhere")
    lab.expect("an unknown path names the known ones", code == 404 and "/api/v1/status" in json.loads(body)["error"], body)
    code, _ = _ask(lab, daemon, "/api/v1/status?x=%00")
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
def metrics_count_what_clients_did(lab):
    """Each kind of exchange moves the counters that are meant for it, by as much as happened."""
    daemon = lab.gateway(policy=_POLICY)
    lab.origin()
    before = _samples(_ask(lab, daemon, "/metrics")[1])
    for _ in range(3):
        lab.expect("an allowed exchange", lab.get("www.example.test").status == 200)
    lab.expect("a blocked one", lab.get("ads.example.test").status == 403)
    lab.get("www.bank.test", context=client.tls_context(lab.root.pem()))
    lab.exchanges(daemon, 4)
    daemon.wait_line("PASSED-THROUGH")
    after = _samples(_ask(lab, daemon, "/metrics")[1])
    moved = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    wanted = {
        "sallyport_client_connections_total": 5,
        'sallyport_verdicts_total{verdict="allowed_by_default"}': 3,
        'sallyport_verdicts_total{verdict="black_listed"}': 1,
        'sallyport_verdicts_total{verdict="passed_through"}': 1,
        'sallyport_exchanges_total{status="2xx"}': 3,
        'sallyport_exchanges_total{status="4xx"}': 1,
        "sallyport_exchange_duration_seconds_count": 4,
    }
    lab.expect("counters equal what the clients did", all(moved.get(name) == value for name, value in wanted.items()), moved)
    handshakes = sum(value for name, value in moved.items() if name.startswith("sallyport_client_handshakes_total"))
    lab.expect("each intercepted connection shook hands", handshakes == 4, moved)


@scenario("M10")
def origins_connections_are_counted(lab):
    """Three requests of one client go over one connection to its origin, whichever versions both sides speak."""
    daemon = lab.gateway()
    VersatileOrigin(lab, {}, lambda flow: flow.respond(b"here"))
    for version, name in (("http/1.1", "h1.a.test"), ("h2", "h1.b.test"), ("http/1.1", "h2.a.test"), ("h2", "h2.b.test")):
        before = _samples(_ask(lab, daemon, "/metrics")[1])
        with (lab.open(name) if version == "http/1.1" else Client(lab, version, name)) as made:
            for path in "/a", "/b", "/c":
                got = made.request(path, name).body if version == "http/1.1" else made.ask("GET", path).body()
                lab.expect("an answer", got == b"here", f"{version} {name}: {got}")
            after = _samples(_ask(lab, daemon, "/metrics")[1])
        names = ("sallyport_upstream_connections_total", "sallyport_upstream_reused_total")
        moved = [after[one] - before[one] for one in names]
        lab.expect("one was opened, and used again twice", moved == [1, 2], f"{version} {name}: {moved}")


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
