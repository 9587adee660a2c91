"""Passthrough by a name that the client only claims: the origin has to prove it (I02, C6)."""

import ssl
import subprocess
import threading

from harness import certificates, client, topology
from harness.scenario import Control, scenario

FORGED = "a forged name is not relayed"
_POLICY = "[passthrough]\ndomain = *.bank.test\n"
_WITHOUT_PROOF = _POLICY + "proof = none\n"


def _seen(lab, name, address=topology.ORIGIN, roots=None):
    """The issuer of the leaf that the client sees, and the response's status."""
    context = client.tls_context(roots) if roots else client.tls_context()
    answer = lab.get(name, address=address, context=context)
    return answer.leaf.issuer, answer


@scenario("I02! C6", control=Control(FORGED, policy=_WITHOUT_PROOF))
def forged_name(lab):
    """The attacker's own server behind a name that is passed through: one with a certificate of its own making, one with a
    good one for another name."""
    own = lab.server_context(certificates.issue(certificates.authority("Attacker"), ["www.bank.test"]))
    other = lab.server_context(certificates.issue(lab.root, ["attacker.test"]))
    servers = [lab.origin([address], contexts=lambda *_, context=context: context)
               for address, context in ((topology.SECOND_ORIGIN, own), ("203.0.113.12", other))]
    daemon = lab.gateway(policy=_POLICY)
    for address, why in ((topology.SECOND_ORIGIN, "issuer"), ("203.0.113.12", "host name mismatch")):
        issuer, answer = _seen(lab, "www.bank.test", address)
        lab.expect(FORGED, issuer == lab.authority.certificate.subject and answer.status == 502, f"{issuer} {answer}")
        if not lab.in_control:
            line = lab.logged(daemon, answer)
            lab.expect("the log says why", why in line.get("proof", "") and line.get("verdict") == "ALLOWED-BY-DEFAULT", line)
    lab.expect("no request reached either", lab.in_control or not any(server.requests() for server in servers), servers)


@scenario("I02! C6", control=Control("403 where the default is to block", policy=_WITHOUT_PROOF))
def forged_name_where_the_default_blocks(lab):
    other = lab.server_context(certificates.issue(lab.root, ["attacker.test"]))
    lab.origin([topology.ORIGIN], contexts=lambda *_: other)
    lab.gateway(policy=_POLICY + "[default]\naction = block\n")
    _, answer = _seen(lab, "www.bank.test")
    lab.expect("403 where the default is to block", answer.status == 403, answer)


@scenario("A10 C05", control=Control("a proved name is relayed", policy=""))
def proved_name(lab):
    """One probe serves for later connections, and for those that come together; a reload asks anew."""
    origin = lab.origin()
    lab.name_server()
    daemon = lab.gateway({"gateway.workers": "1"}, _POLICY)
    roots = None if lab.in_control else lab.root.pem()
    together = [threading.Thread(target=_seen, args=(lab, "www.bank.test", topology.ORIGIN, roots)) for _ in range(8)]
    for one in together:
        one.start()
    for one in together:
        one.join()
    issuer, answer = _seen(lab, "www.bank.test", roots=roots)
    lab.expect("a proved name is relayed", issuer == lab.root.certificate.subject and answer.status == 200, issuer)
    if lab.in_control:
        return
    lab.expect("nine connections are one probe", len(origin.connections) == 10, len(origin.connections))
    issuer, _ = _seen(lab, "www.bank.test", topology.ORIGIN6, roots)
    lab.expect("another address is probed too", issuer == lab.root.certificate.subject and len(origin.connections) == 12,
               len(origin.connections))
    with lab.open("by-proxy.bank.test", proxy=(topology.GATEWAY_LAN, 8080), context=client.tls_context(roots)) as connection:
        lab.expect("what DNS gave is proved and relayed to", connection.leaf.issuer == lab.root.certificate.subject,
                   connection.leaf.issuer)
    daemon.wait_line("reloaded|in use", after=daemon.reload())
    before = len(origin.connections)
    _seen(lab, "www.bank.test", roots=roots)
    lab.expect("after a reload it is proved again", len(origin.connections) == before + 2, len(origin.connections) - before)


@scenario("A10 C05")
def proved_by_one_that_wants_a_certificate(lab):
    """The origin's key has signed before it demands a certificate: that is proof, in both versions of TLS."""
    identity = certificates.issue(lab.root, ["a.bank.test", "b.bank.test"])
    customer = lab.identity_file(certificates.issue(lab.root, ["customer"], purposes=[certificates.CLIENT_AUTH]))

    def demanding(maximum):
        context = lab.server_context(identity, maximum=maximum)
        context.load_verify_locations(cadata=lab.root.pem())
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    contexts = {"a.bank.test": demanding(ssl.TLSVersion.TLSv1_2), "b.bank.test": demanding(ssl.TLSVersion.TLSv1_3)}
    origin = lab.origin([topology.ORIGIN], contexts=lambda name, _: contexts[name])
    lab.gateway(policy=_POLICY)
    for name in contexts:
        answer = lab.get(name, context=client.tls_context(lab.root.pem(), identity_file=customer))
        lab.expect("the client's own certificate reaches the origin",
                   answer.status == 200 and any(one.client_certificate for one in origin.connections), f"{name}: {answer}")
        origin.forget()


@scenario("A10 C05")
def proved_in_the_clients_own_protocol(lab):
    """Some servers end the handshake where they are offered nothing that they speak."""
    identity = lab.identity_file(certificates.issue(lab.root, ["mail.bank.test"]))
    server = lab.origin_side.start(["openssl", "s_server", "-quiet", "-rev", "-alpn", "lab-mail", "-accept",
                                    f"{topology.ORIGIN}:443", "-cert", identity, "-key", identity],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    daemon = lab.gateway(policy=_POLICY)
    try:
        lab.until(lambda: _listens(lab))
        trusting = client.tls_context(lab.root.pem(), alpn=("lab-mail",))
        with lab.open("mail.bank.test", context=trusting) as connection:
            connection.send("olleh\n")
            lab.expect("it is relayed", connection.tls.recv(100) == b"hello\n"
                       and connection.leaf.issuer == lab.root.certificate.subject, connection.leaf)
    except OSError as error:
        lab.expect("it is relayed", False, f"{error} {daemon.lines[-2:]}")
    finally:
        server.terminate()
        server.wait(30)


def _listens(lab):
    return f"{topology.ORIGIN}:443" in lab.origin_side.run(["ss", "-Hltn"]).stdout


@scenario("A10")
def an_origin_that_is_not_there(lab):
    """Nobody to prove anything: the client's connection is broken off, as without a gateway."""
    lab.origin([topology.SECOND_ORIGIN])
    daemon = lab.gateway(policy=_POLICY)
    try:
        answer = str(lab.get("www.bank.test", context=client.tls_context()))
    except OSError as error:
        answer = error
    lab.expect("the client's connection is broken off", isinstance(answer, OSError), answer)
    line = daemon.wait_record(host="www.bank.test")
    lab.expect("the log says why", line.get("verdict") == "PASSED-THROUGH" and line.get("error"), line)
