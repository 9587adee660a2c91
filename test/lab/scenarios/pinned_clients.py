"""Clients that accept their server's own certificate alone: counted, shown, and by a setting left unopened."""

import contextlib
import json
import socket
import ssl
import struct
import time

from harness import certificates, client, topology
from harness.http2_client import open_frames
from harness.scenario import Control, scenario

LEARNT = "a pinned client reaches its server after learning"
_NAMES = ["pinned.test", "never.test", "blocked.test", "other.test"]
_POLICY = "[never-learn]\ndomain = never.test\n[blacklist]\ndomain = blocked.test\n"
_REFUSED = 90  # CURLE_SSL_PINNEDPUBKEYNOTMATCH


class _Pinned:
    """An origin, and a curl on the client's machine that knows the origin's key."""

    def __init__(self, lab):
        self.lab = lab
        identity = certificates.issue(lab.root, _NAMES)
        self.pin = certificates.pin_of(identity)
        context = lab.server_context(identity)
        self.origin = lab.origin([topology.ORIGIN], contexts=lambda *_: context)
        self.roots = lab.authority.pem() + lab.root.pem()

    def curl(self, name, *options):
        """Its exit status: 0 where the origin's own key was seen."""
        return self.lab.curl("--pinnedpubkey", self.pin, "--resolve", f"{name}:443:{topology.ORIGIN}", *options,
                             "--output", "/dev/null", f"https://{name}/", roots=self.roots).returncode


@scenario("C5", control=Control(LEARNT, settings={"pinning.learn_passthrough": "off"}), timeout=120)
def learning(lab):
    pinned = _Pinned(lab)
    daemon = lab.gateway({"pinning.learn_passthrough": "on", "pinning.learn_after": "2", "pinning.learn_seconds": "30"}, _POLICY)
    for number in (1, 2):
        lab.expect("it refuses our certificate", pinned.curl("pinned.test") == _REFUSED, number)
    lab.expect(LEARNT, pinned.curl("pinned.test") == 0, daemon.lines[-3:])
    if lab.in_control:
        return
    line = daemon.wait_record(verdict="PASSED-THROUGH")
    lab.expect("the log says by what", line.get("rule") == "pinning learn_passthrough", line)
    beside = lab.get("pinned.test")
    lab.expect("the program beside it is opened", beside.leaf.issuer == lab.authority.certificate.subject, beside.leaf.issuer)
    lab.expect("its connection to another name is opened", pinned.curl("other.test") == _REFUSED, "")
    elsewhere = pinned.curl("pinned.test", "--interface", topology.SECOND_CLIENT)
    lab.expect("the same program on another machine is opened", elsewhere == _REFUSED, elsewhere)
    for _ in range(4):
        lab.expect("a name on the never-learn list never is learnt", pinned.curl("never.test") == _REFUSED, "")
        lab.expect("nor is a blocked one", pinned.curl("blocked.test") == _REFUSED, "")
    warned = [one for one in daemon.lines if "domain = never.test" in one or "domain = blocked.test" in one]
    lab.expect("neither is proposed", not warned, warned)


@scenario("C5", timeout=120)
def what_was_learnt_expires(lab):
    pinned = _Pinned(lab)
    lab.gateway({"pinning.learn_passthrough": "on", "pinning.learn_after": "1", "pinning.learn_seconds": "3"}, _POLICY)
    pinned.curl("pinned.test")
    lab.expect("it is learnt", pinned.curl("pinned.test") == 0, "")
    deadline = time.monotonic() + 60
    while (status := pinned.curl("pinned.test")) == 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    lab.expect("and forgotten", status == _REFUSED, status)


@scenario("C5", control=Control("one success resets the count", settings={"pinning.learn_after": "2"}))
def one_success_resets(lab):
    """The same program, first with a wrong pin, then without one: only what never takes our certificate is pinned."""
    pinned = _Pinned(lab)
    lab.gateway({"pinning.learn_passthrough": "on", "pinning.learn_after": "3"}, _POLICY)
    pinned.curl("pinned.test")
    pinned.curl("pinned.test")
    lab.curl("--resolve", f"pinned.test:443:{topology.ORIGIN}", "https://pinned.test/", roots=pinned.roots)
    pinned.curl("pinned.test")
    lab.expect("one success resets the count", pinned.curl("pinned.test") == _REFUSED, "")


@scenario("C5", control=Control("the log says what to write", settings={"pinning.learn_after": "100"}))
def only_shown_by_default(lab):
    pinned = _Pinned(lab)
    daemon = lab.gateway(policy=_POLICY)
    for _ in range(5):
        lab.expect("it stays opened", pinned.curl("pinned.test") == _REFUSED, "")
    shown = [one for one in daemon.lines if '"[passthrough]", and in the next line "domain = pinned.test"' in one]
    lab.expect("the log says what to write", len(shown) == 1 and topology.CLIENT in shown[0], shown)
    line = daemon.wait_record(host="pinned.test", refusals="5")
    lab.expect("each refusal has a line", line.get("error") == "the client left when it saw our certificate", line)


@scenario("C5", control=Control("the alert is counted", passthrough=True))
def refusing_by_an_alert(lab):
    """A client that does not trust our authority says so by unknown_ca, in TLS 1.2 and 1.3."""
    lab.origin()
    daemon = lab.gateway()
    for version, name in ((ssl.TLSVersion.TLSv1_2, "old.test"), (ssl.TLSVersion.TLSv1_3, "new.test")):
        try:
            lab.get(name, context=client.tls_context(certificates.authority("Another root").pem(), minimum=version,
                                                     maximum=version))
            outcome = "it went well"
        except ssl.SSLCertVerificationError as error:
            outcome = error
        line = daemon.wait_record(1 if lab.in_control else 30, host=name, refusals="1")
        lab.expect("the alert is counted", "the client refused our certificate" in line.get("error", ""), f"{outcome} {line}")


BESIDE = "unused connections beside a used one are no refusals"


@scenario("C5", control=Control(BESIDE))
def connections_to_spare(lab):
    """Browsers open more connections than they use. In the control the client uses none of them."""
    lab.origin()
    daemon = lab.gateway({"pinning.learn_passthrough": "on", "pinning.learn_after": "2"})
    for alpn in ("http/1.1", "h2"):
        name = f"spare-{alpn[-1]}.test"
        spare = [_completed(lab, name, alpn) for _ in range(3)]
        if not lab.in_control:
            lab.expect("one of them is used", _ask(lab, name, alpn) == 200, name)
        for one in spare:
            one.close()
        for one in spare if lab.in_control else ():
            daemon.wait_record(host=name, refusals=str(spare.index(one) + 1))
        if not lab.in_control:
            lab.expect("those that were given up have ended", lab.until(lambda: _none_open(lab, daemon), 30), "")
            lines = [one for one in daemon.records() if one.get("host") == name and "refusals" in one]
            lab.expect("and nobody is told that they refused something", not lines, lines)
        with open_frames(lab, name, alpn=(alpn,)) as again:
            issuer = certificates.x509.load_der_x509_certificate(again.tls.getpeercert(binary_form=True)).issuer
        lab.expect(BESIDE, issuer == lab.authority.certificate.subject, f"{alpn}: {issuer}")
        if lab.in_control:
            return


def _completed(lab, name, alpn):
    """A connection whose handshake is over, and no more."""
    made = open_frames(lab, name, alpn=(alpn,), patience=30)
    made.send()
    return made


def _ask(lab, name, alpn):
    if alpn == "http/1.1":
        return lab.get(name).status
    with open_frames(lab, name, patience=30) as used:
        used.begin().ask(1)
        return used.answer(1)[0]


def _none_open(lab, daemon):
    return json.loads(lab.command("--config", daemon.files.config, "connections", "--json", check=True).stdout)["connections"] == []


def _at_once(one):
    one.send()
    one.close()


def _orderly(one):
    with contextlib.suppress(ssl.SSLError):
        one.tls.unwrap()
    one.send()
    one.close()


def _broken(one):
    one.send()
    one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()


@scenario("C5", control=Control("leaving without a request is a refusal", passthrough=True))
def ways_of_leaving(lab):
    """Within the handshake and behind it, by close_notify, an end, a reset; over HTTP/2 also behind the preface, which asks for nothing."""
    lab.origin()
    daemon = lab.gateway()
    ways = {"handshake": lambda one: one.close(), "notify": _orderly, "end": _at_once, "reset": _broken}
    for alpn in ("http/1.1", "h2"):
        for how, leave in ways.items():
            for greets in (False, True) if alpn == "h2" else (False,):
                name = f"{how}-{alpn[-1]}{'-preface' if greets else ''}.test"
                one = open_frames(lab, name, alpn=(alpn,), patience=30)
                if greets and not lab.in_control:
                    one.begin()
                leave(one)
                line = daemon.wait_record(1 if lab.in_control else 30, host=name)
                lab.expect("leaving without a request is a refusal", line.get("refusals") == "1", f"{name}: {line}")
                if lab.in_control:
                    return
    with open_frames(lab, "asked.test", patience=30) as one:
        one.begin().ask(1)
        lab.expect("a request is answered", one.answer(1)[0] == 200, one.story())
    line = daemon.wait_record(host="asked.test")
    lab.expect("and nobody refused anything", not any(one.get("refusals") for one in daemon.records()
                                                      if one.get("host") == "asked.test"), line)


@scenario("C5", control=Control("a resumed session counts as well", passthrough=True))
def refusing_a_resumed_session(lab):
    """Libraries keep sessions whose certificate the program above them did not like."""
    lab.origin()
    daemon = lab.gateway()
    context = lab.client_context(maximum=ssl.TLSVersion.TLSv1_2)
    session = None
    for count in ("1", "2"):
        one = lab.open("kept.test", context=context, session=session)
        lab.expect("the second one resumes", one.tls.session_reused == (count == "2") or lab.in_control, count)
        session = one.tls.session
        one.close()
        line = daemon.wait_record(1 if lab.in_control else 30, host="kept.test", refusals=count)
        lab.expect("a resumed session counts as well", line.get("error") == "the client left when it saw our certificate", line)
