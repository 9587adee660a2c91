"""Origins whose certificates are wrong get no request, and clients none of their content (A7; TESTS A)."""

import html
import re
import warnings

from harness import certificates, client, topology
from harness.odd_certificates import CASES
from harness.scenario import Control, scenario

REFUSED = "refused before a request byte goes out"
_CONTENT = b"content of the origin"
_PROXY = (topology.GATEWAY_LAN, 8080)


def _content(connection, _request):
    connection.respond(_CONTENT)


def _serving(lab, cases):
    """An origin that shows each name its odd certificate and answers every request."""
    warnings.simplefilter("ignore")
    by_host = {case.host: case for case in cases}

    def context(server_name, _address):
        return lab.server_context(by_host[server_name].make(lab.root), weak=True)

    def answer(connection):
        while connection.reader.request():
            _content(connection, None)

    return lab.origin(contexts=context, serve=answer)


def _try(lab, daemon, origin, case, way, **options):
    """One request for the case's name; judges what came of it."""
    label = f"{case.row} {case.host} {way}"
    before = len(origin.received())
    try:
        answer = lab.get(case.host, **options)
    except (OSError, client.ProxyRefused) as error:
        answer = None
        detail = f"{label}: {error}"
    else:
        detail = f"{label}: {answer}"
    reached = len(origin.received()) > before
    if case.accepted:
        lab.expect("accepted", answer and answer.status == 200 and answer.body == _CONTENT, detail)
        return
    if case.accepted is None:
        return
    refused = answer.status == 502 and _CONTENT not in answer.body and not reached
    if lab.in_control:
        lab.expect(REFUSED, not (answer is not None and _CONTENT in answer.body), detail)
        return
    if not lab.expect(REFUSED, refused, detail):
        return
    reason = lab.logged(daemon, answer).get("error")
    shown = html.unescape(answer.body.decode()).replace("\\\\", "\\")  # a page writes a backslash as two
    lab.expect("the page gives the reason that the log gives", reason and reason in shown,
               f"{label}: log {reason!r}, page {shown}")
    lab.expect("the reason names the fault", re.search(case.reason, shown, re.IGNORECASE), f"{label}: {shown}")


def _table(lab, rows):
    cases = [case for case in CASES if case.row in rows and (case.usable or not lab.in_control)]
    origin = _serving(lab, cases)
    lab.name_server()
    daemon = lab.gateway()
    for case in cases:
        _try(lab, daemon, origin, case, "first")
        if lab.in_control:
            continue
        _try(lab, daemon, origin, case, "second")
        _try(lab, daemon, origin, case, "by CONNECT", proxy=_PROXY)


@scenario("A7 A01! A02! A03!", control=Control(REFUSED, passthrough=True))
def dates_signers_and_names(lab):
    _table(lab, ("A01", "A02", "A03"))


@scenario("A04! A07", control=Control(REFUSED, passthrough=True))
def wildcards_and_name_constraints(lab):
    _table(lab, ("A04", "A07"))


@scenario("A08! A09! A14", control=Control(REFUSED, passthrough=True))
def chains_and_purposes(lab):
    _table(lab, ("A08", "A09", "A14"))


@scenario("A10! A11!", control=Control(REFUSED, passthrough=True))
def weak_and_forged(lab):
    _table(lab, ("A10", "A11"))


def _address_origins():
    """address -> (names in its certificate, whether it proves the address)."""
    yield topology.ORIGIN, [topology.ORIGIN], True
    yield topology.ORIGIN6, [topology.ORIGIN6], True
    yield topology.SECOND_ORIGIN, ["203.0.113.99"], False
    yield "203.0.113.12", [certificates.dns_name("203.0.113.12")], False
    yield "203.0.113.13", [certificates.dns_name("0xcb.0x0.0x71.0xd"), "2001:db8:113::13"], False
    yield "2001:db8:113::11", ["2001:db8:113::10"], False


@scenario("A05", control=Control(REFUSED, passthrough=True))
def addresses_without_a_name(lab):
    """A client that dials an address sends no SNI; only that very iPAddress will do."""
    origins = {address: (names, good) for address, names, good in _address_origins()}

    def context(_name, address):
        return lab.server_context(certificates.issue(lab.root, origins[address][0], common_name="address"))

    origin = lab.origin(list(origins), contexts=context)
    lab.gateway()
    for address, (_, good) in origins.items():
        before = len(origin.received())
        host = f"[{address}]" if ":" in address else address
        trust = lab.client_context() if good else client.tls_context(None)
        try:
            answer = lab.get(address, address=address, host=host, context=trust)
            status = answer.status
        except OSError as error:
            status = str(error)
        reached = len(origin.received()) > before
        if good:
            lab.expect("accepted", status == 200, f"{address}: {status}")
        else:
            lab.expect(REFUSED, not reached and status != 200, f"{address}: {status}")
