"""A TLS and HTTP/1.1 client that shows what happened below: raw bytes, certificates, how the connection ended."""

import contextlib
import socket
import ssl

from cryptography import x509

from . import http1
from .topology import family_of


def tls_context(roots_pem=None, *, alpn=("http/1.1",), minimum=None, maximum=None, ciphers=None, groups=None,
                identity_file=None):
    """A client's context that trusts `roots_pem` alone; without roots it believes any certificate of any quality."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if roots_pem:
        context.load_verify_locations(cadata=roots_pem)
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.options &= ~ssl.OP_NO_TLSv1 & ~ssl.OP_NO_TLSv1_1
    if ciphers:
        context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if minimum:
        context.minimum_version = minimum
    if maximum:
        context.maximum_version = maximum
    if groups:
        context.set_ecdh_curve(groups)
    if identity_file:
        context.load_cert_chain(identity_file)
    return context


def dial(namespace, address, port, source=None, timeout=30, source_port=0):
    """A connected TCP socket of the namespace."""
    family = socket.AF_INET if family_of(address) == 4 else socket.AF_INET6
    made = namespace.socket(family)
    try:
        made.settimeout(timeout)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((source, source_port))
        made.connect((address, port))
    except OSError:
        made.close()
        raise
    return made


class ProxyRefused(Exception):
    """The proxy did not answer CONNECT with 200; `response` is what it said, None when it said nothing."""

    def __init__(self, response):
        super().__init__(f"CONNECT was answered with {response}")
        self.response = response


def connect_through(made, authority, fields=""):
    """Asks the proxy on the connected socket for a tunnel."""
    made.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{fields}\r\n".encode("latin-1"))
    reader = http1.Reader(lambda size: made.recv(1))  # not a byte of what comes behind the head may be taken
    head = reader.head()
    if head is None or head.status != 200:
        if head is not None and head.get("content-length", "").isdigit():
            head.body = reader.exactly(int(head.get("content-length")))
        raise ProxyRefused(head)
    return head


class Connection:
    """A client's TLS connection. `send` and `response` are apart so that tests can pipeline and stall."""

    def __init__(self, made, context, server_name, session=None):
        self.socket = made
        try:
            self.tls = context.wrap_socket(made, server_hostname=server_name, session=session)
        except BaseException:
            made.close()
            raise
        self.reader = http1.Reader(self._receive)
        self.end = None

    def _receive(self, size):
        """What came; b"" at the end, with `end` saying how it ended: closed, cut (no close_notify) or reset."""
        try:
            data = self.tls.recv(size)
            if not data:
                self.end = "closed"
            return data
        except ssl.SSLEOFError:
            self.end = "cut"
        except ConnectionError:
            self.end = "reset"
        return b""

    @property
    def leaf(self):
        """The leaf that the server showed."""
        return x509.load_der_x509_certificate(self.tls.getpeercert(binary_form=True))

    def send(self, data):
        self.tls.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def response(self, method="GET"):
        return self.reader.response(method)

    def request(self, target="/", host="", *, method="GET", fields="", body=b""):
        """Sends one request and reads its response."""
        length = f"Content-Length: {len(body)}\r\n" if body or method in ("POST", "PUT") else ""
        self.send(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}{length}\r\n".encode("latin-1") + body)
        return self.response(method)

    def rest(self):
        """Everything up to the end of the connection."""
        while self.reader.fill():
            pass
        return self.reader.pending

    def close(self):
        with contextlib.suppress(OSError):
            self.tls.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
