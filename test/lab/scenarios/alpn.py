"""What client and origin agree on by ALPN, each for itself (C08)."""

from harness.duplex import Duplex
from harness.http1_peer import Http1Client
from harness.http2_peer import Http2Peer
from harness.scenario import Control, scenario
from harness.versatile import VersatileOrigin

_TRANSLATED = "sides without a version in common understand each other"
# What a client offers, and what it gets.
_OFFERS = {("h2",): "h2", ("http/1.1",): "http/1.1", ("h2", "http/1.1"): "h2", ("ftp", "http/1.1"): "http/1.1", (): None}
_ORIGINS = {"h1.alpn.test": "http/1.1", "h2.alpn.test": "h2", "only-h2.alpn.test": "h2"}


def _ask(connection, name, path):
    """The body of the answer, in the version agreed on."""
    duplex = Duplex(connection.tls)
    over_http2 = connection.tls.selected_alpn_protocol() == "h2"
    peer = Http2Peer(duplex, client_side=True) if over_http2 else Http1Client(duplex)
    try:
        return peer.request("GET", path, authority=name, end=True).head().body()
    finally:
        peer.close()


@scenario("C08", control=Control(_TRANSLATED, passthrough=True))
def every_offer(lab):
    VersatileOrigin(lab, {}, default=lambda flow: flow.respond(b"over " + flow.version.encode()))
    daemon = lab.gateway()
    for number, (offer, agreed) in enumerate(_OFFERS.items()):
        for name, upstream in _ORIGINS.items():
            foreign = offer == ("h2",) and upstream == "http/1.1" or offer == ("http/1.1",) and name.startswith("only-")
            if lab.in_control and not foreign:
                continue
            connection = lab.open(name, context=lab.client_context(alpn=offer))
            chosen = connection.tls.selected_alpn_protocol()
            if chosen == agreed:
                answer = _ask(connection, name, f"/{number}")
            else:
                connection.close()
                answer = b"on nothing"
            lab.expect(_TRANSLATED if foreign else "the client gets what it offered, HTTP/2 rather",
                       chosen == agreed and answer == f"over {upstream}".encode(),
                       f"{offer} to {name}: {chosen}, {answer}")
            if lab.in_control:
                continue
            lines = lab.exchanges(daemon, 1, host=name, path=f"/{number}")
            lab.expect("the log has both versions", lines and lines[0]["alpn"] == (agreed or "http/1.1")
                       and lines[0]["alpn_upstream"] == upstream, lines)
