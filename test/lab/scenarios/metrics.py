"""What Prometheus is told."""

import contextlib
import json
import os
import signal
import ssl
import subprocess

from harness import certificates, client, control, topology
from harness.dashboard import ADDRESS, PORT, token_of
from harness.scenario import scenario
from harness.versatile import Client, VersatileOrigin

_POLICY = """[blacklist]
domain = ads.example.test
[whitelist]
domain = good.example.test
[passthrough]
domain = *.bank.test
proof = none
[rewrite moved.example.test]
target_ip = 10.9.0.9:444
"""
_ANSWER = b"x" * 100


def _stop_noise(counters):
    """Without what time decides, and what no client does."""
    return {name: value for name, value in counters.items()
            if not name.startswith(("process_", "sallyport_history_", "sallyport_buffer_", "sallyport_upstream_pool_"))
            and "_duration_seconds_bucket" not in name and "_duration_seconds_sum" not in name
            and "_phase_duration_seconds_count" not in name}


def _does_not_trust_us(lab):
    with contextlib.suppress(ssl.SSLError), lab.open("www.example.test", context=client.tls_context(lab.root.pem())):
        pass


@scenario("D2 M10")
def counters_equal_what_clients_did(lab):
    """Everything that a client can do here once moves the counters that are meant for it, by as much as happened, and no
    other."""
    expired = lab.server_context(certificates.issue(lab.root, ["expired.example.test"], not_after=certificates.now() - certificates.days(1),
                                                     not_before=certificates.now() - certificates.days(3)))

    def contexts(server_name, address):
        return expired if server_name == "expired.example.test" else lab.good_context(server_name, address)

    def status(text):
        return lambda connection, _: connection.respond(_ANSWER, text)

    lab.origin(contexts=contexts, behaviours={"/": status("200 OK"), "/missing": status("404 Not Found"),
                                              "/broken": status("500 Oops"), "/moved": status("302 Found")})
    lab.name_server()
    daemon = lab.gateway({"gateway.workers": "1", "upstream.dns_servers": topology.NAME_SERVER}, policy=_POLICY)
    before = control.metrics(lab, daemon)
    context = lab.client_context()
    with lab.open("www.example.test", context=context) as connection:
        for path in ("/", "/missing", "/broken", "/moved"):
            connection.request(path, "www.example.test", method="POST", body=b"0123456789")
        session = connection.tls.session
    lab.get("good.example.test")
    with lab.open("www.example.test", context=context, session=session) as again:
        lab.expect("the client resumed", again.tls.session_reused)
        again.request("/", "www.example.test")
    pages = [lab.get("ads.example.test"), lab.get("expired.example.test"), lab.get("moved.example.test")]
    lab.expect("pages", [page.status for page in pages] == [403, 502, 502], [page.status for page in pages])
    lab.get("www.bank.test", context=client.tls_context(lab.root.pem()))
    lab.get("through.example.test", proxy=(topology.GATEWAY_LAN, 8080))
    _does_not_trust_us(lab)
    daemon.wait_record(verdict="PASSED-THROUGH")
    daemon.wait_line("refused our certificate")
    lab.exchanges(daemon, 10)
    daemon.reload(policy="[nonsense]\n")
    daemon.wait_line("keeping the running configuration")
    passed = daemon.wait_record(verdict="PASSED-THROUGH")
    wanted = {
        'sallyport_client_connections_total{door="transparent"}': 8,
        'sallyport_client_connections_total{door="proxy"}': 1,
        'sallyport_client_handshakes_total{result="full"}': 6,
        'sallyport_client_handshakes_total{result="resumed"}': 1,
        'sallyport_client_handshakes_total{result="failed"}': 1,
        'sallyport_client_alerts_total{alert="unknown_ca"}': 1,
        "sallyport_client_handshake_duration_seconds_count": 7,
        'sallyport_leaves_total{source="minted"}': 6,
        'sallyport_leaves_total{source="cache"}': 1,
        "sallyport_leaves_cached": 6,
        "sallyport_leaf_duration_seconds_count": 6,
        'sallyport_verdicts_total{verdict="allowed_by_default"}': 7,
        'sallyport_verdicts_total{verdict="white_listed"}': 1,
        'sallyport_verdicts_total{verdict="black_listed"}': 1,
        'sallyport_verdicts_total{verdict="rewritten"}': 1,
        'sallyport_verdicts_total{verdict="passed_through"}': 1,
        'sallyport_exchanges_total{status="2xx"}': 4,
        'sallyport_exchanges_total{status="3xx"}': 1,
        'sallyport_exchanges_total{status="4xx"}': 2,
        'sallyport_exchanges_total{status="5xx"}': 3,
        "sallyport_exchange_duration_seconds_count": 10,
        "sallyport_received_bytes_total": 40 + passed["bytes_in"],
        "sallyport_sent_bytes_total": 7 * len(_ANSWER) + sum(len(page.body) for page in pages) + passed["bytes_out"],
        "sallyport_upstream_connections_total": 3,
        'sallyport_upstream_handshakes_total{result="full"}': 3,
        'sallyport_upstream_handshakes_total{result="failed"}': 1,
        "sallyport_upstream_reused_total": 4,
        'sallyport_upstream_errors_total{reason="certificate"}': 1,
        'sallyport_upstream_errors_total{reason="unreachable"}': 1,
        'sallyport_reloads_total{result="failed"}': 1,
    }
    counted = _stop_noise(control.moved(before, control.metrics(lab, daemon)))
    wrong = {name: (counted.get(name), wanted.get(name)) for name in counted.keys() | wanted.keys()
             if counted.get(name) != wanted.get(name)}
    lab.expect("each counter is what the clients did", not wrong, f"counted and wanted: {wrong}")


@scenario("M10")
def origins_connections_are_counted(lab):
    """Three requests of one client go over one connection to its origin, whichever versions both sides speak."""
    daemon = lab.gateway()
    VersatileOrigin(lab, {}, lambda flow: flow.respond(b"here"))
    for version, name in (("http/1.1", "h1.a.test"), ("h2", "h1.b.test"), ("http/1.1", "h2.a.test"), ("h2", "h2.b.test")):
        before = control.metrics(lab, daemon)
        with (lab.open(name) if version == "http/1.1" else Client(lab, version, name)) as made:
            for path in "/a", "/b", "/c":
                got = made.request(path, name).body if version == "http/1.1" else made.ask("GET", path).body()
                lab.expect("an answer", got == b"here", f"{version} {name}: {got}")
            after = control.metrics(lab, daemon)
        names = ("sallyport_upstream_connections_total", "sallyport_upstream_reused_total")
        moved = [after[one] - before[one] for one in names]
        lab.expect("one was opened, and used again twice", moved == [1, 2], f"{version} {name}: {moved}")


@scenario("D2 M10")
def text_that_prometheus_likes(lab):
    """promtool finds nothing to better; what is told of the moment is what there is."""
    daemon = lab.gateway({"gateway.workers": "2", "history.database": ""})
    lab.origin()
    with lab.open("one.example.test") as first, lab.open("two.example.test"):
        first.request("/", "one.example.test")
        _, text = control.ask(lab, daemon, "/metrics")
        checked = lab.gateway_side.run(["promtool", "check", "metrics"], check=False, input=text)
        lab.expect("promtool is content", checked.returncode == 0 and not checked.stdout + checked.stderr,
                   checked.stdout + checked.stderr)
        told = control.samples(text)
        open_now = [told[f'sallyport_client_connections{{worker="{worker}"}}'] for worker in (0, 1)]
        lab.expect("connections of each worker", sum(open_now) == 2, open_now)
        lab.expect("the origin's connection waits", told['sallyport_upstream_pool_connections{kind="idle"}'] == 1, told)
        lab.expect("descriptors", abs(told["process_open_fds"] - daemon.descriptors()) < 10,
                   f"{told['process_open_fds']} {daemon.descriptors()}")
        memory = told["process_resident_memory_bytes"] / 1024
        lab.expect("memory", 0.5 < memory / daemon.resident_kib() < 2, f"{memory} {daemon.resident_kib()}")
        expiry = told['sallyport_certificate_expiry_timestamp_seconds{certificate="ca"}']
        lab.expect("the CA's end", expiry == lab.authority.certificate.not_valid_after.timestamp(), expiry)
        lab.expect("no history, and none told of", not any(name.startswith("sallyport_history") for name in told), told)


class Prometheus:
    """Debian's server, which scrapes the dashboard's port with the token."""

    _LISTEN = "127.0.0.1:9090"

    def __init__(self, lab, token):
        self._lab = lab
        folder = os.path.join(lab.folder, "prometheus")
        os.makedirs(folder)
        for name, text in (("token", token), ("prometheus.yml", f"""
global: {{scrape_interval: 500ms}}
scrape_configs:
  - job_name: sallyport
    authorization: {{credentials_file: {folder}/token}}
    static_configs: [{{targets: ["{ADDRESS}:{PORT}"]}}]
""")):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(text)
        self._process = lab.gateway_side.start(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={self._LISTEN}", "--log.level=warn"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, query):
        """{labels: value} of what it answers now; nothing before it has begun."""
        done = self._lab.gateway_side.run(["curl", "--silent", "--get", "--data-urlencode", f"query={query}",
                                           f"http://{self._LISTEN}/api/v1/query"], check=False)
        try:
            found = json.loads(done.stdout)["data"]["result"]
        except (ValueError, KeyError):
            return {}
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found}

    def sum(self, query):
        return sum(self.ask(f"sum({query})").values())

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


@scenario("D2 M10")
def prometheus_scrapes(lab):
    """A real Prometheus reads the dashboard's port with the token, and its counters are what the clients did."""
    daemon = lab.gateway(policy="[blacklist]\ndomain = ads.example.test\n")
    lab.origin()
    server = Prometheus(lab, token_of(lab, daemon))
    try:
        for _ in range(3):
            lab.get("www.example.test")
        lab.get("ads.example.test")
        lab.exchanges(daemon, 4)
        seen = lab.until(lambda: server.sum("sallyport_exchanges_total") == 4, lab.patience)
        lab.expect("all that clients did", seen, server.ask("sallyport_exchanges_total"))
        wanted = {'sallyport_exchanges_total{status="2xx"}': 3, 'sallyport_exchanges_total{status="4xx"}': 1,
                  'sallyport_verdicts_total{verdict="black_listed"}': 1, "sallyport_client_connections_total": 4,
                  "sallyport_exchange_duration_seconds_count": 4, 'sallyport_exchange_duration_seconds_bucket{le="+Inf"}': 4,
                  'up{job="sallyport"}': 1, "sallyport_build_info": 1}
        told = {query: server.sum(query) for query in wanted}
        lab.expect("each counter is what the clients did", told == wanted, told)
        median = server.sum("histogram_quantile(0.5, sallyport_exchange_duration_seconds_bucket)")
        lab.expect("its histograms can be reckoned with", 0 < median < 60, median)
    finally:
        server.stop()
