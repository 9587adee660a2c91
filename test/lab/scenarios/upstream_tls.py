"""The gateway as a TLS client: what it offers, what it puts up with, what it remembers (TESTS B)."""

import ssl
import struct

from harness import certificates, client, odd_certificates, raw_tls, topology
from harness.scenario import Control, scenario
from harness.tampering import CERTIFICATE, SERVER_HELLO, SERVER_KEY_EXCHANGE, ServerHello, TamperingOrigin, in_handshake

_WEAK_SUITES = {0x0000, 0x0001, 0x0002, 0x0004, 0x0005, 0x000A, 0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D, 0x0018,
                0x0034, 0x003A, 0xC011, 0xC012, 0xC007, 0xC008}
_FORWARD_SECRET_AEAD = {0x1301, 0x1302, 0x1303, 0x1304, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9}


@scenario("B01!", control=Control("only what is safe is offered", passthrough=True))
def own_client_hello(lab):
    origin = lab.origin()
    lab.gateway()
    old = client.tls_context(None, ciphers="ALL:@SECLEVEL=0") if lab.in_control else None
    lab.get("hello.test", context=old)
    hello = origin.connections[0].hello
    suites = [suite for suite in hello.suites if suite != 0x00FF]
    lab.expect("only what is safe is offered",
               set(hello.versions) == {0x0304, 0x0303} and not set(suites) & _WEAK_SUITES
               and suites[0] in _FORWARD_SECRET_AEAD, f"versions {hello.versions} suites {[hex(one) for one in suites]}")
    lab.expect("AEAD with ECDHE comes before all others", _sorted(suites), [hex(one) for one in suites])
    lab.expect("no suite without forward secrecy", all(suite in _FORWARD_SECRET_AEAD or 0xC000 <= suite <= 0xCCFF
                                                       for suite in suites), [hex(one) for one in suites])
    lab.expect("SNI and ALPN are sent", hello.server_name == "hello.test" and "http/1.1" in hello.alpn, hello)
    lab.expect("no SHA-1 and no DSA signature", not {0x0201, 0x0203, 0x0202, 0x0402, 0x0302} & set(hello.signatures),
               [hex(one) for one in hello.signatures])
    lab.expect("no compression", hello.compression == b"\0", hello.compression)
    lab.expect("no heartbeat", 15 not in hello.extensions, list(hello.extensions))


def _sorted(suites):
    first_other = next((at for at, suite in enumerate(suites) if suite not in _FORWARD_SECRET_AEAD), len(suites))
    return all(suite not in _FORWARD_SECRET_AEAD for suite in suites[first_other:])


OLD_REFUSED = "an origin that only speaks the old is refused"


@scenario("A7 B02!", control=Control(OLD_REFUSED, passthrough=True))
def old_versions_and_suites(lab):
    identity = certificates.issue(lab.root, ["*.old.test"], key=certificates.rsa_key())
    kinds = {
        "tls-1-0": {"maximum": ssl.TLSVersion.TLSv1},
        "tls-1-1": {"maximum": ssl.TLSVersion.TLSv1_1},
        "null": {"maximum": ssl.TLSVersion.TLSv1_2, "ciphers": "eNULL:@SECLEVEL=0"},
        "anonymous": {"maximum": ssl.TLSVersion.TLSv1_2, "ciphers": "ADH:@SECLEVEL=0"},
        "rsa-key-exchange": {"maximum": ssl.TLSVersion.TLSv1_2, "ciphers": "AES256-SHA:@SECLEVEL=0"},
        "dh-512": {"maximum": ssl.TLSVersion.TLSv1_2, "ciphers": "DHE-RSA-AES128-SHA256:@SECLEVEL=0"},
        "dh-1024": {"maximum": ssl.TLSVersion.TLSv1_2, "ciphers": "DHE-RSA-AES128-SHA256:@SECLEVEL=0"},
    }

    def context(server_name, _address):
        kind = server_name.split(".")[0]
        made = lab.server_context(identity, weak=True, **kinds[kind])
        if kind.startswith("dh-"):
            made.load_dh_params(_parameters(lab, int(kind[3:])))
        elif kind == "anonymous":
            made.load_dh_params(_parameters(lab, 1024))
        return made

    origin = lab.origin(contexts=context)
    daemon = lab.gateway()
    everything = client.tls_context(None, ciphers="ALL:eNULL:aNULL:@SECLEVEL=0") if lab.in_control else None
    for kind in kinds:
        answer = lab.get(f"{kind}.old.test", context=everything) if not lab.in_control else _whatever(
            lab, f"{kind}.old.test", everything)
        lab.expect(OLD_REFUSED, answer.status == 502 and not origin.received(), f"{kind}: {answer}")
        if not lab.in_control:
            lab.expect("the page has the reason", lab.logged(daemon, answer).get("error"), f"{kind}: {answer}")


def _whatever(lab, name, context):
    made = client.dial(lab.client_side, topology.ORIGIN, 443)
    with client.Connection(made, context, name) as connection:
        return connection.request("/", name)


def _parameters(lab, bits):
    """Diffie-Hellman parameters of a size no one should use; made once a run."""
    path = f"{lab.folder}/dh{bits}.pem"
    lab.origin_side.run(["sh", "-c", f"test -s {path} || openssl dhparam -out {path} -dsaparam {bits}"])
    return path


ABORTED = "the gateway aborts with an alert"


def _tamper_cases():
    """label -> (the origin's highest version, tamper, change of the client's hello)."""
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    yield "version 0x0306", v12, in_handshake(SERVER_HELLO, ServerHello.version(0x0306)), None
    yield "version SSL 3.0", v12, in_handshake(SERVER_HELLO, ServerHello.version(0x0300)), None
    yield "version TLS 1.1", v12, in_handshake(SERVER_HELLO, ServerHello.version(0x0302)), None
    for label, suite in (("RC4", 0x0005), ("3DES", 0x000A), ("NULL", 0x0001), ("TLS_NULL", 0x0000), ("EXPORT", 0x0003),
                         ("an anonymous suite", 0x0034), ("one that does not exist", 0x5A5B)):
        yield f"suite {label}", v12, in_handshake(SERVER_HELLO, ServerHello.suite(suite)), None
    yield "a 1.3 suite never offered", v13, in_handshake(SERVER_HELLO, ServerHello.suite(0x1305)), None
    yield "a group never offered", v13, in_handshake(SERVER_HELLO, ServerHello.extension(
        51, struct.pack("!HH", 0x0100, 32) + bytes(32))), None
    yield "a protocol never offered", v12, in_handshake(SERVER_HELLO, ServerHello.extension(16, b"\0\4\3foo")), None
    yield "an extension never offered", v12, in_handshake(SERVER_HELLO, ServerHello.extension(0x5A5A, b"")), None
    yield "compression", v12, in_handshake(SERVER_HELLO, ServerHello.compression(1)), None
    yield "an altered nonce", v12, in_handshake(SERVER_HELLO, ServerHello.random_bit()), None
    yield "an altered key exchange signature", v12, in_handshake(SERVER_KEY_EXCHANGE, _flip_last), None
    yield "an altered Finished in 1.3", v13, _flip_last_encrypted(), None
    yield "an altered Finished in 1.2", v12, _flip_encrypted_handshake(), None
    yield "the downgrade sentinel of 1.2", v12, in_handshake(SERVER_HELLO, ServerHello.random_tail(b"DOWNGRD\x01")), None
    yield "the downgrade sentinel of 1.1", v12, in_handshake(SERVER_HELLO, ServerHello.random_tail(b"DOWNGRD\x00")), None


def _flip_last(body):
    body[-1] ^= 1


def _flip_last_encrypted():
    """TLS 1.3's server flight ends with the Finished."""
    def tamper(kind, record):
        return record[:-1] + bytes([record[-1] ^ 1]) if kind == raw_tls.APPLICATION else None
    return tamper


def _flip_encrypted_handshake():
    seen = []

    def tamper(kind, record):
        if kind == 20:
            seen.append(1)
        if kind == raw_tls.HANDSHAKE and seen:
            return record[:-1] + bytes([record[-1] ^ 1])
        return None
    return tamper


@scenario("B02! B03!", control=Control(ABORTED), timeout=300)
def altered_handshakes(lab):
    """In the control the same origins leave their bytes alone."""
    daemon = lab.gateway()
    identity = certificates.issue(lab.root, ["tampered.test"])
    for label, highest, tamper, change_hello in _tamper_cases():
        context = lab.server_context(identity, maximum=highest)
        origin = TamperingOrigin(lab.origin_side, topology.ORIGIN, context, (lambda *_: None) if lab.in_control else tamper,
                                 change_hello)
        answer = lab.get("tampered.test", context=lab.client_context() if not lab.in_control else None)
        origin.ended.wait(30)
        in_clear_or_sealed = origin.alerts or not origin.completed or not origin.requests
        lab.expect(ABORTED, answer.status == 502 and in_clear_or_sealed and not origin.requests,
                   f"{label}: alerts {origin.alerts}, {answer}")
        if not lab.in_control:
            # Behind an encrypted handshake message the alert is encrypted too.
            if "Finished" not in label and label != "an extension never offered":
                lab.expect("the alert is fatal and in the clear", origin.alerts and origin.alerts[0][0] == 2,
                           f"{label}: {origin.alerts}")
            lab.expect("the log has the reason", lab.logged(daemon, answer).get("error"), f"{label}: {answer}")
        origin.close()


@scenario("A10! A11!", control=Control("certificates no library would serve are refused"))
def unservable_certificates(lab):
    """In the control the origin's own certificate stays in place."""
    daemon = lab.gateway()
    for make in (odd_certificates.exponent_1, odd_certificates.duplicate_extension):
        encoded = make(lab.root, "tampered.test").encoded
        entry = len(encoded).to_bytes(3, "big") + encoded
        replaced = in_handshake(CERTIFICATE, lambda _, entry=entry: bytearray(len(entry).to_bytes(3, "big") + entry))
        context = lab.server_context(certificates.issue(lab.root, ["tampered.test"]), maximum=ssl.TLSVersion.TLSv1_2)
        origin = TamperingOrigin(lab.origin_side, topology.ORIGIN, context, (lambda *_: None) if lab.in_control else replaced)
        answer = lab.get("tampered.test")
        lab.expect("certificates no library would serve are refused", answer.status == 502 and not origin.requests,
                   f"{make.__name__}: {answer}")
        if not lab.in_control:
            lab.expect("the log has the reason", lab.logged(daemon, answer).get("error"), answer)
        origin.close()


@scenario("B05!", control=Control("the origin gets no identity", passthrough=True))
def client_certificate_requested(lab):
    """An origin that would like a certificate gets an empty list, one that must have it a 502 for the client."""
    identity = certificates.issue(lab.root, ["wish.test", "must.test"])
    customer = lab.identity_file(certificates.issue(lab.root, ["customer"], purposes=[certificates.CLIENT_AUTH]))

    def context(server_name, _address):
        made = lab.server_context(identity)
        made.load_verify_locations(cadata=lab.root.pem())
        made.verify_mode = ssl.CERT_OPTIONAL if server_name == "wish.test" else ssl.CERT_REQUIRED
        return made

    origin = lab.origin(contexts=context)
    daemon = lab.gateway()
    wish = lab.get("wish.test", context=client.tls_context(None, identity_file=customer) if lab.in_control else None)
    lab.expect("the origin gets no identity", wish.status == 200 and origin.connections[0].client_certificate is None, wish)
    if lab.in_control:
        return
    must = lab.get("must.test")
    lab.expect("502 with the reason where one is required", must.status == 502 and lab.logged(daemon, must).get("error"), must)


AFRESH = "a full handshake where nothing may be shared"


def _resumption(lab, tls_version):
    """Pairs of requests; what differs between the two must keep the second from resuming. In the control nothing
    differs."""
    origin = lab.origin([topology.ORIGIN, topology.SECOND_ORIGIN], contexts=_sharing_context(lab, tls_version))
    daemon = lab.gateway({"upstream.pool_idle_seconds": "0"})

    def resumed(name, **options):
        before = len(origin.connections)
        answer = lab.get(name, **options)
        if answer.status != 200:
            raise RuntimeError(answer)
        return origin.connections[before].resumed

    resumed("a.share.test")
    lab.expect("the same client resumes", resumed("a.share.test"), tls_version)
    if lab.in_control:
        lab.expect(AFRESH, not resumed("a.share.test"), "nothing differs")
        return
    lab.expect(AFRESH, not resumed("a.share.test", source=topology.SECOND_CLIENT), "another client")
    lab.expect(AFRESH, not resumed("b.share.test"), "another name")
    lab.expect(AFRESH, not resumed("a.share.test", address=topology.SECOND_ORIGIN), "another address")
    resumed("a.share.test")
    lab.expect("it resumes again", resumed("a.share.test"), tls_version)
    with open(daemon.files.roots, "a", encoding="ascii") as file:
        file.write(certificates.authority("One more root").pem())
    before = daemon.reload()
    daemon.wait_line("reload", after=before)
    lab.expect(AFRESH, not resumed("a.share.test"), "after a reload of the trusted roots")


def _sharing_context(lab, tls_version):
    """One context and one ticket key for every name and address."""
    made = lab.server_context(certificates.issue(lab.root, ["*.share.test"]), maximum=tls_version)
    return lambda *_: made


@scenario("B07!", control=Control(AFRESH))
def upstream_sessions_are_not_shared(lab):
    _resumption(lab, ssl.TLSVersion.TLSv1_3)


@scenario("B07!", control=Control(AFRESH))
def upstream_sessions_of_1_2_are_not_shared(lab):
    _resumption(lab, ssl.TLSVersion.TLSv1_2)


@scenario("B07! C08", control=Control("a ticket works for its own name alone"))
def client_tickets_belong_to_a_name(lab):
    """In the control the ticket is shown to the name it was given for."""
    lab.origin()
    lab.gateway()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = client.tls_context(lab.authority.pem(), maximum=version)
        with lab.open("one.test", context=context) as first:
            first.request("/", "one.test")
            session = first.tls.session
        with lab.open("one.test", context=context, session=session) as again:
            lab.expect("the same name resumes", again.tls.session_reused, version)
            again.request("/", "one.test")
            session = again.tls.session
        name = "one.test" if lab.in_control else "two.test"
        with lab.open(name, context=context, session=session) as other:
            lab.expect("a ticket works for its own name alone", not other.tls.session_reused, version)
            if not lab.in_control:
                lab.expect("the other name gets its own certificate", "two.test" in str(other.tls.getpeercert()),
                           other.tls.getpeercert())


@scenario("B01", control=Control("min_tls = 1.3 refuses an origin of 1.2", settings={"upstream.min_tls": "1.2"}))
def minimum_of_1_3(lab):
    identity = certificates.issue(lab.root, ["old.test"])
    context = lab.server_context(identity, maximum=ssl.TLSVersion.TLSv1_2)
    origin = lab.origin(contexts=lambda *_: context)
    lab.gateway({"upstream.min_tls": "1.3"})
    answer = lab.get("old.test")
    lab.expect("min_tls = 1.3 refuses an origin of 1.2", answer.status == 502 and not origin.received(), answer)
