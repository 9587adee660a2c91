"""Real clients that reach the proxy by TLS: curl, Node by HTTP/2 (A4)."""

import os

from harness import certificates, client, nesting, topology
from harness.scenario import Control, scenario

SECURE = 8444
_DOOR = {"listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}, [{topology.GATEWAY_LAN6}]:{SECURE}"}
NAME = "sallyport.internal"
FETCHED = "the page comes through the proxy"


def _start(lab, settings=None, policy=""):
    origin, plain = lab.origin(), lab.plain_origin()
    lab.name_server({NAME: [topology.GATEWAY_LAN], "*": [topology.ORIGIN, topology.ORIGIN6]})
    return origin, plain, lab.gateway({**_DOOR, **(settings or {})}, policy)


@scenario("A4")
def curl_by_tls(lab):
    """By address and by name; for https:// and http://."""
    origin, plain, daemon = _start(lab)
    trust = lab.trusts_file()
    for number, proxy in enumerate((f"https://{topology.GATEWAY_LAN}:{SECURE}", f"https://{NAME}:{SECURE}")):
        for scheme, asked in (("https", origin), ("http", plain)):
            result = lab.curl("--proxy", proxy, "--proxy-cacert", trust, f"{scheme}://curl.test/{number}")
            lab.expect(FETCHED, result.returncode == 0 and f"GET /{number} HTTP/1.1" in result.stdout
                       and len(asked.requests()) == number + 1, f"{proxy} {scheme}: {result}")
    line = lab.logged(daemon, origin.requests()[0])
    lab.expect("the log says by which door", line.get("via") == ["proxy_tls TLSv1.3"], line)


_NODE = """
const http2 = require('http2'), tls = require('tls'), fs = require('fs');
const [proxy, name, trust] = process.argv.slice(2), ca = fs.readFileSync(trust);
const session = http2.connect(proxy, {ca, servername: name});
let left = 3;
function fail(error) { console.error(error); process.exit(1); }
session.on('error', fail);
for (let number = 0; number < 3; number++) {
  const host = `node${number}.test`;
  const tunnel = session.request({':method': 'CONNECT', ':authority': host + ':443'});
  tunnel.on('error', fail);
  tunnel.on('response', (head) => {
    if (head[':status'] !== 200) fail(head[':status']);
    const secure = tls.connect({socket: tunnel, servername: host, ca, ALPNProtocols: ['http/1.1']}, () =>
      secure.write(`GET /node HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n`));
    let answer = '';
    secure.on('data', (piece) => { answer += piece; });
    secure.on('error', fail);
    secure.on('end', () => { console.log(answer.split('\\r\\n')[0], host); if (--left === 0) process.exit(0); });
  });
}
"""


@scenario("A4 H05")
def node_by_http2(lab):
    """Three tunnels side by side on one HTTP/2 connection."""
    origin, _, daemon = _start(lab)
    script = os.path.join(lab.folder, "client.js")
    with open(script, "w", encoding="ascii") as file:
        file.write(_NODE)
    result = lab.client_side.run(["node", script, f"https://{topology.GATEWAY_LAN}:{SECURE}", NAME, lab.trusts_file()], check=False,
                                 env={"PATH": os.environ["PATH"], "HOME": lab.folder}, timeout=60)
    lab.expect(FETCHED, result.returncode == 0 and result.stdout.count("HTTP/1.1 200 OK") == 3 and len(origin.requests()) == 3,
               result)
    lines = lab.exchanges(daemon, 3, path="/node")
    lab.expect("the log has each tunnel's request", {line["host"] for line in lines} == {f"node{n}.test" for n in range(3)}
               and all(line["via"] == ["proxy_tls TLSv1.3 h2"] for line in lines), lines)


@scenario("A4 D04")
def certificate_of_the_proxy(lab):
    """For its name and the address that was dialled, from our CA, whatever name the client says."""
    _start(lab, {"listen.proxy_name": "gate.test"})
    for address, shown in ((topology.GATEWAY_LAN, "gate.test"), (topology.GATEWAY_LAN6, topology.GATEWAY_LAN6),
                           (topology.GATEWAY_LAN, topology.GATEWAY_LAN), (topology.GATEWAY_LAN, "strange.test")):
        context = lab.client_context()
        context.check_hostname = shown != "strange.test"
        with client.Connection(client.dial(lab.client_side, address, SECURE), context, shown) as made:
            names = certificates.names_of(made.leaf)
            lab.expect("the certificate is for the proxy", names == {"gate.test", address}, f"{address} {shown}: {names}")
            refused = made.request("/", "shop.test")
            lab.expect("a request for nobody's address is refused", refused.status == 400, refused)


@scenario("H03 H05!", control=Control("a CONNECT in HTTP/2 is refused", settings={
    "explicit.connect_ports": "443, 25", "explicit.allowed_destinations": "0.0.0.0/0"}))
def refusals_in_http2(lab):
    """What is refused in HTTP/1.1 is refused in HTTP/2, and the connection goes on."""
    _start(lab)
    for authority in ("a.test:25", "127.0.0.1:443", "10.1.0.2:443"):
        wire = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE))
        secure = nesting.Tls(wire, lab.client_context(alpn=("h2",)), NAME)
        try:
            nesting.Connect2(secure, authority)
            status = 200
        except client.ProxyRefused as refused:
            status = refused.response.status
        lab.expect("a CONNECT in HTTP/2 is refused", status == 403, f"{authority}: {status}")


BULK = 4 << 20


@scenario("H05 K06")
def much_through_nested_layers(lab):
    """A large answer through three TLS sessions, and through three inside HTTP/2 tunnels."""
    body = os.urandom(BULK)
    lab.origin(behaviours={"/large": lambda connection, _: connection.respond(body)})
    lab.name_server()
    lab.gateway(_DOOR)
    for alpn, tunnel in (("http/1.1", nesting.Connect1), ("h2", nesting.Connect2)):
        layer = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, SECURE))
        for name in (NAME, NAME, "large.test"):
            layer = nesting.Tls(layer, lab.client_context(alpn=(alpn,)), NAME)
            layer = tunnel(layer, f"{name}:443")
        layer = nesting.Tls(layer, lab.client_context(), "large.test")
        answer = nesting.ask(layer, "/large", "large.test")
        lab.expect("every byte arrives", answer.body == body, f"{alpn}: {len(answer.body)} bytes")
