"""Both ends of the matrix of HTTP versions: an origin that speaks what its name says, and clients of either version."""

import contextlib
import threading

from . import certificates, topology
from .duplex import Duplex
from .flow import Broken
from .http1_peer import Http1Client, Http1Origin
from .http2_peer import Http2Peer

VERSIONS = ("http/1.1", "h2")
LABELS = {"h1": ("http/1.1",), "h2": ("h2", "http/1.1")}


def protocols_of(name):
    """What an origin of this name speaks: HTTP/1.1 alone by a name that begins with "h1.", HTTP/2 alone by "only-h2.",
    otherwise both, HTTP/2 rather."""
    return {"h1": LABELS["h1"], "only-h2": ("h2",)}.get(name.split(".")[0], LABELS["h2"])


def cells():
    """Each combination: its label, the client's version, the origin's name."""
    for client in VERSIONS:
        for label in LABELS:
            yield f"{'h1' if client == 'http/1.1' else client}->{label}", client, f"{label}.matrix.test"


class VersatileOrigin:
    """Speaks what protocols_of() says of the name that was asked for.

    `behaviours` maps a path (without query) to `behave(flow)`, `default` answers the others; flows are recorded in the order in which they came, and
    `received` holds what HTTP/1.1 connections got, byte by byte; `greeted(peer)` is called for each
    new HTTP/2 connection, of which `peers` are all."""

    def __init__(self, lab, behaviours, default=None, addresses=(topology.ORIGIN,), greeted=None,
                 **options):
        self.lab, self.behaviours, self.default, self.options = lab, behaviours, default, options
        self.flows, self.peers, self.received, self._greeted = [], [], [], greeted
        self.changed = threading.Condition()
        self._contexts = {}
        self.origin = lab.origin(addresses, contexts=self._context, serve=self._serve_connection)

    def _context(self, name, _address):
        name = name or "h2.matrix.test"
        with self.changed:
            if name not in self._contexts:
                identity = certificates.issue(self.lab.root, [name])
                self._contexts[name] = self.lab.server_context(identity, alpn=protocols_of(name))
            return self._contexts[name]

    def _serve_connection(self, connection):
        duplex = Duplex(connection.tls)
        if connection.tls.selected_alpn_protocol() != "h2":
            self.received.append(connection.received)
            Http1Origin(duplex, self._behave, connection.received).run(self._note)
            return
        peer = Http2Peer(duplex, client_side=False, serve=self._serve_stream, announce=self._announce, **self.options)
        if self._greeted:
            self._greeted(peer)
        peer.wait_end(timeout=600)
        duplex.close()

    def _announce(self, peer):
        with self.changed:
            self.peers.append(peer)
            self.changed.notify_all()

    def _serve_stream(self, flow):
        self._note(flow)
        self._behave(flow)

    def _note(self, flow):
        with self.changed:
            self.flows.append(flow)
            self.changed.notify_all()

    def _behave(self, flow):
        self.behaviours.get((flow.path or "").split("?")[0], self.default)(flow)

    def wait_flow(self, found, timeout=30):
        """The first flow for which `found(flow)` is true; None when there is none in time."""
        def find():
            return next((flow for flow in self.flows if found(flow)), None)
        with self.changed:
            self.changed.wait_for(find, timeout)
            return find()

    def flow_of(self, path, timeout=30):
        """The last flow for this very path."""
        self.wait_flow(lambda flow: flow.path == path, timeout)
        return next((flow for flow in reversed(self.flows) if flow.path == path), None)

    def count(self, path):
        return sum(flow.path == path for flow in self.flows)


class Client:
    """A client of one version towards one name: streams of one HTTP/2 connection, or HTTP/1.1 connections, one each."""

    def __init__(self, lab, version, name, address=topology.ORIGIN, **options):
        self.lab, self.version, self.name, self.address, self.options = lab, version, name, address, options
        self._open = []
        self.peer = self._connect() if version == "h2" else None

    def _connect(self):
        context = self.lab.client_context(alpn=(self.version,))
        connection = self.lab.open(self.name, self.address, context=context)
        chosen = connection.tls.selected_alpn_protocol()
        if chosen != self.version:
            raise ConnectionError(f"ALPN gave {chosen} for {self.version}")
        duplex = Duplex(connection.tls)
        made = (Http2Peer(duplex, client_side=True, **self.options) if self.version == "h2" else Http1Client(duplex))
        self._open.append(made)
        return made

    def request(self, method, path, fields=(), *, end=True, authority=None):
        """Sends a request's head; `end`: it has no body."""
        peer = self.peer or self._connect()
        return peer.request(method, path, fields, authority=authority or self.name, end=end)

    def ask(self, method, path, fields=(), body=None):
        """A whole request; gives the flow once the response's head is there."""
        fields = [*fields, ("content-length", str(len(body)))] if body is not None else fields
        flow = self.request(method, path, fields, end=body is None)
        if body is not None:
            with contextlib.suppress(Broken):  # an answer may come before the body is taken
                if body:
                    flow.send(body)
                flow.end()
        return flow.head()

    def close(self):
        for made in self._open:
            made.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
