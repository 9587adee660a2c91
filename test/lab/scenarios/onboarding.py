"""The page where clients fetch the CA certificate (E04, N05): through the proxy and on an address of its own."""

import plistlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from harness import certificates, client, http1, nesting, topology
from harness.scenario import Control, scenario

PORT, SECURE = 8088, 8444
NAME = "sallyport.internal"
FETCHED = "the CA certificate is there"
_DOORS = {"listen.onboarding": f"{topology.GATEWAY_LAN}:{PORT}, [{topology.GATEWAY_LAN6}]:{PORT}"}
_FILES = ("/sallyport-ca.pem", "/sallyport-ca.crt", "/sallyport-ca.mobileconfig")


def _by_address(lab, path, *, address=topology.GATEWAY_LAN, fields="", method="GET"):
    with client.dial(lab.client_side, address, PORT) as made:
        host = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
        made.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode())
        return http1.Reader(made.recv).response(method)


def _by_proxy(lab, path, fields=""):
    wire = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, 8080))
    with wire.socket:
        return nesting.ask(wire, f"http://{NAME}{path}", NAME, fields)


def _certificates(lab, fetch):
    """What the three files hold, by their formats' own readers."""
    pem, der, profile = (fetch(path) for path in _FILES)
    loaded = plistlib.loads(profile.body)
    payload = loaded["PayloadContent"][0]
    lab.expect("the profile installs a root", loaded["PayloadType"] == "Configuration"
               and payload["PayloadType"] == "com.apple.security.root", loaded)
    types = [answer.get("content-type") for answer in (pem, der, profile)]
    lab.expect("each has its type", types == ["application/x-pem-file", "application/x-x509-ca-cert",
                                              "application/x-apple-aspen-config"], types)
    return [x509.load_pem_x509_certificate(pem.body), x509.load_der_x509_certificate(der.body),
            x509.load_der_x509_certificate(payload["PayloadContent"])]


@scenario("E04 N05")
def ca_certificate_for_download(lab):
    """PEM, DER and a profile, each the CA's certificate and nothing of its key."""
    daemon = lab.gateway(_DOORS)
    for label, fetch in (("on its own address", lambda path: _by_address(lab, path)),
                         ("over IPv6", lambda path: _by_address(lab, path, address=topology.GATEWAY_LAN6)),
                         ("through the proxy", lambda path: _by_proxy(lab, path))):
        for found in _certificates(lab, fetch):
            lab.expect(FETCHED, found == lab.authority.certificate, f"{label}: {found}")
        text = fetch("/").body.decode()
        page = _by_address(lab, "/", fields="Accept: text/html\r\n") if label == "on its own address" else None
        digits = lab.authority.certificate.fingerprint(hashes.SHA256()).hex(":").upper()
        lab.expect("the fingerprint is shown", digits in text and (page is None or digits in page.body.decode()), text)
        lab.expect("the text says where the files are", all(path in text for path in _FILES), text)
    key = lab.authority.key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption())
    everything = b"".join(_by_address(lab, path).body for path in ("/", *_FILES))
    lab.expect("no key is there", b"PRIVATE" not in everything and key not in everything, "")
    head = _by_address(lab, _FILES[1], method="HEAD")
    lab.expect("HEAD has a length and no body", head.status == 200 and int(head.get("content-length")) > 100, head)
    lab.expect("nothing is written there", _by_address(lab, "/", method="DELETE").status == 405, "")
    lab.expect("nothing else is there", _by_address(lab, "/etc/passwd").status == 404, "")
    line = daemon.wait_record(path="/etc/passwd")
    lab.expect("it is logged", line.get("status") == 404 and line.get("client", "").startswith(topology.CLIENT), line)


@scenario("N03 E04")
def hostile_words_on_the_page(lab):
    """In the CA's own subject and in what is asked for."""
    authority = certificates.authority('<script>alert("1")</script> & Co')
    lab.gateway(_DOORS, authority=authority)
    for page in (_by_address(lab, "/", fields="Accept: text/html\r\n"), _by_proxy(lab, "/", "Accept: text/html\r\n")):
        shown = page.body.decode()
        lab.expect("markup is escaped", "&lt;script" in shown and "<script>alert" not in shown, shown[-900:])
        policy = page.get("content-security-policy", "")
        lab.expect("no script but the page's own file", "default-src 'none'" in policy and "script-src 'self'" in policy
                   and "'unsafe-eval'" not in policy and "frame-ancestors 'none'" in policy, policy)
        lab.expect("no type is guessed", page.get("x-content-type-options") == "nosniff", page.fields)
    missing = _by_address(lab, "/<script>alert(1)</script>", fields="Accept: text/html\r\n")
    lab.expect("errors are escaped too", b"<script>alert" not in missing.body, missing)
    host = nesting.Wire(client.dial(lab.client_side, topology.GATEWAY_LAN, PORT))
    odd = nesting.ask(host, "/", '"><script>alert(1)</script>')
    lab.expect("a hostile Host is refused", odd.status == 400 and b"<script>" not in odd.body, odd)


TRUSTED = "a device that trusts the CA gets the picture"


@scenario("E04", control=Control(TRUSTED))
def trust_is_found_out(lab):
    """The page's picture comes by TLS, from the listener itself and through the proxy: it loads where the CA is trusted, and
    nowhere else. In the control the client trusts another authority."""
    lab.name_server()
    lab.gateway({**_DOORS, "listen.proxy_tls": f"{topology.GATEWAY_LAN}:{SECURE}"})
    roots = certificates.authority("Another").pem() if lab.in_control else lab.authority.pem()
    page = _by_address(lab, "/", fields="Accept: text/html\r\n").body.decode()
    lab.expect("the page asks this listener by TLS", f'data-probe="https://{topology.GATEWAY_LAN}:{PORT}/trusted.svg"' in page, page)
    script = _by_address(lab, "/trust.js")
    lab.expect("by a script of its own", script.get("content-type", "").startswith("text/javascript")
               and b"dataset.probe" in script.body, script)
    by_proxy = _by_proxy(lab, "/", "Accept: text/html\r\n").body.decode()
    lab.expect("through the proxy it asks the proxy's name", f'data-probe="https://{NAME}/trusted.svg"' in by_proxy, by_proxy)
    for label, name, opening in (
            ("the listener", topology.GATEWAY_LAN, lambda: client.dial(lab.client_side, topology.GATEWAY_LAN, PORT)),
            ("the proxy", NAME, lambda: _tunnel(lab))):
        try:
            layer = nesting.Tls(nesting.Wire(opening()), client.tls_context(roots), name)
            answer = nesting.ask(layer, "/trusted.svg", name)
            lab.expect(TRUSTED, answer.status == 200 and answer.get("content-type") == "image/svg+xml", f"{label}: {answer}")
        except ssl.SSLError as error:
            lab.expect(TRUSTED, False, f"{label}: {error}")


def _tunnel(lab):
    made = client.dial(lab.client_side, topology.GATEWAY_LAN, 8080)
    client.connect_through(made, f"{NAME}:443")
    return made
