"""Clients that are pointed at the gateway (A4), and who may be one."""

import os

from harness import client, http1, topology, workload
from harness.scenario import Control, scenario

_PROXY = (topology.GATEWAY_LAN, 8080)
_URL = f"http://{topology.GATEWAY_LAN}:8080"


def _start(lab, settings=None, policy=""):
    origin = lab.origin(behaviours={"/range": workload.ranged, "/number": workload.numbered})
    lab.name_server()
    return origin, lab.gateway(settings, policy)


@scenario("A4", control=Control("every request was decrypted here", passthrough=True))
def ordinary_requests_with_curl(lab):
    origin, daemon = _start(lab)
    if not lab.in_control:
        workload.ordinary_requests(lab, origin, "CONNECT", ["--proxy", _URL])
        workload.ordinary_requests(lab, origin, "CONNECT over IPv6", ["--proxy", f"http://[{topology.GATEWAY_LAN6}]:8080"])

        def opened():
            return lab.open("shop.test", proxy=_PROXY)
        workload.keep_alive(lab, "CONNECT", opened, "shop.test")
        workload.pipelined(lab, "CONNECT", opened, "shop.test")
    lab.get("shop.test", proxy=_PROXY)
    logged, asked = len(lab.exchanges(daemon, len(origin.requests()))), len(origin.requests())
    lab.expect("every request was decrypted here", logged == asked, f"{logged} log lines, {asked} requests at the origin")


_NODE = """
const http = require('http'), https = require('https');
const [host, mode] = process.argv.slice(2);
function done(response) {
  let body = '';
  response.on('data', (piece) => body += piece);
  response.on('end', () => { console.log(response.statusCode, body); process.exit(0); });
}
if (mode === 'direct') {
  https.get({host, path: '/node'}, done).on('error', fail);
} else {
  const proxy = new URL(process.env.https_proxy);
  http.request({host: proxy.hostname, port: proxy.port, method: 'CONNECT', path: host + ':443'})
    .on('connect', (answer, socket) => {
      if (answer.statusCode !== 200) { fail(answer.statusCode); }
      https.get({host, path: '/node', socket, agent: false}, done).on('error', fail);
    }).on('error', fail).end();
}
function fail(error) { console.error(error); process.exit(1); }
"""
_PYTHON = """
import sys, urllib.request
print(urllib.request.urlopen(f"https://{sys.argv[1]}/python", timeout=60).read().decode())
"""


@scenario("A4 A8 D06")
def node_and_python(lab):
    """Real clients with their own certificate checks, by https_proxy and transparently."""
    origin, _ = _start(lab)
    script = os.path.join(lab.folder, "client.js")
    with open(script, "w", encoding="ascii") as file:
        file.write(_NODE)
    trust = lab.trusts_file()
    environment = {"PATH": os.environ["PATH"], "HOME": lab.folder, "NODE_EXTRA_CA_CERTS": trust, "SSL_CERT_FILE": trust}
    by_proxy = environment | {"https_proxy": _URL}
    runs = {
        "node transparently": (["node", script, "node.test", "direct"], environment, "GET /node HTTP/1.1"),
        "node by https_proxy": (["node", script, "node.test", "proxy"], by_proxy, "GET /node HTTP/1.1"),
        "python transparently": (["/usr/bin/python3", "-c", _PYTHON, "python.test"], environment, "GET /python HTTP/1.1"),
        "python by https_proxy": (["/usr/bin/python3", "-c", _PYTHON, "python.test"], by_proxy, "GET /python HTTP/1.1"),
    }
    for label, (command, variables, wanted) in runs.items():
        before = len(origin.requests())
        result = lab.client_side.run(command, check=False, env=variables)
        lab.expect(label, result.returncode == 0 and wanted in result.stdout and len(origin.requests()) == before + 1, result)
    result = lab.client_side.run(["node", script, "node.test", "direct"], check=False,
                                 env={"PATH": os.environ["PATH"], "HOME": lab.folder})
    lab.expect("a client that does not trust us refuses", result.returncode != 0, result)


@scenario("A4", control=Control("the verdict comes inside TLS", policy=""))
def verdict_inside_the_tunnel(lab):
    """A CONNECT for a blocked name is answered 200: a browser shows nothing of another answer."""
    origin, daemon = _start(lab, policy="[blacklist]\ndomain = blocked.test\n")
    answer = lab.get("blocked.test", proxy=_PROXY, fields="Accept: text/html\r\n")
    lab.expect("the verdict comes inside TLS", answer.status == 403 and b"Policy Blocked" in answer.body, answer)
    lab.expect("nobody was dialled", lab.in_control or not origin.connections, origin.connections)
    lab.expect("it is logged", lab.in_control or lab.logged(daemon, answer).get("verdict") == "BLACK-LISTED", daemon.lines[-3:])


def _connect(lab, authority, fields="", source=None, raw=None):
    """The status of the proxy's answer to a CONNECT; 0: it hung up."""
    try:
        made = client.dial(lab.client_side, *_PROXY, source=source)
    except OSError:
        return 0
    with made:
        try:
            if raw is not None:
                made.sendall(raw)
                return http1.Reader(made.recv).response().status
            client.connect_through(made, authority, fields)
            return 200
        except client.ProxyRefused as refused:
            return refused.response.status if refused.response else 0
        except OSError:
            return 0


@scenario("A4 H03", control=Control("other ports are refused", settings={"explicit.connect_ports": "443, 8443, 25, 80, 22"}))
def malformed_and_forbidden_connects(lab):
    _start(lab, {"explicit.connect_ports": "443, 8443"})
    lab.expect("allowed ports are connected", _connect(lab, "a.test:443") == 200, "")
    for authority in ("a.test:25", "a.test:80", "a.test:22"):
        lab.expect("other ports are refused", _connect(lab, authority) == 403, authority)
    for authority in ("a.test", "a.test:0", "a.test:65536", "a.test:", ":443", "[::1:443", "a.test:443x", "user@a.test:443", "a..test:443"):
        status = _connect(lab, authority)
        lab.expect("malformed targets are refused", status in (400, 403), f"{authority}: {status}")
    for label, fields in (("a body", "Content-Length: 5\r\n"), ("a coding", "Transfer-Encoding: chunked\r\n")):
        status = _connect(lab, "a.test:443", fields)
        lab.expect("CONNECT has no body", status in (0, 200, 400), f"{label}: {status}")
    status = _connect(lab, "", raw=b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    lab.expect("what is no CONNECT gets an error", 400 <= status < 600, status)
    lab.expect("a TLS hello on the plain port gets no service", _connect(lab, "", raw=b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00") in
               (0, 400), "")


@scenario("A4 H07", control=Control("other clients are refused", settings={"explicit.allowed_clients": "lan"}))
def allowed_clients(lab):
    _start(lab, {"explicit.allowed_clients": f"{topology.SECOND_CLIENT}/32"})
    lab.expect("the listed client is served", _connect(lab, "a.test:443", source=topology.SECOND_CLIENT) == 200, "")
    status = _connect(lab, "a.test:443", source=topology.CLIENT)
    lab.expect("other clients are refused", status in (0, 403), status)


@scenario("H01", control=Control("a listed destination is dialled", settings={"explicit.allowed_destinations": ""}))
def allowed_destinations(lab):
    """A private address that the admin listed."""
    _start(lab, {"explicit.allowed_destinations": "10.9.0.0/16"})
    for namespace, commands in ((lab.origin_side, ["ip addr add 10.9.0.5/32 dev wan"]),
                                (lab.gateway_side, [f"ip route add 10.9.0.0/16 via {topology.ORIGIN}"])):
        for command in commands:
            namespace.run(command.split())
    private = lab.origin(["10.9.0.5"])
    try:
        answer = lab.get("10.9.0.5", proxy=_PROXY, server_name=None, context=client.tls_context(None))
        status = answer.status
    except (client.ProxyRefused, OSError) as refused:
        status = str(refused)
    lab.expect("a listed destination is dialled", status == 200 and len(private.requests()) == 1, status)


@scenario("L02", control=Control("502 or 504 for a name that cannot be resolved"))
def names_without_an_answer(lab):
    """A name server that says no, and one that says nothing; transparent clients do not need it. In the control it
    answers."""
    origin = lab.origin()
    names = lab.name_server({"*": [topology.ORIGIN]} if lab.in_control else {"known.test": [topology.ORIGIN]})
    lab.gateway({"upstream.dns_servers": topology.NAME_SERVER, "upstream.connect_timeout_seconds": "4"})
    lab.gateway_side.write_etc("resolv.conf", "nameserver 192.0.2.1\n")
    lab.expect("502 or 504 for a name that cannot be resolved", _status(lab, "unknown.test") in (502, 504), "no such name")
    names.silent = not lab.in_control
    lab.expect("502 or 504 for a name that cannot be resolved", _status(lab, "slow.test") in (502, 504), "silence")
    lab.expect("the configured server is asked", any(one[0] == "unknown.test" for one in names.questions), names.questions)
    lab.expect("transparent clients are not affected", lab.get("direct.test").status == 200 and origin.requests(), "")


def _status(lab, name):
    try:
        return lab.get(name, proxy=_PROXY).status
    except client.ProxyRefused as refused:
        return refused.response.status if refused.response else 0
    except OSError as error:
        return str(error)
