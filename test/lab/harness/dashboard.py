"""A browser's side of the dashboard: requests as its pages make them, and as others' pages and programs do."""

import contextlib
import json
import re
import ssl

from . import client, http1

ADDRESS, PORT = "127.0.0.1", 8081
CHANGES = "X-Sallyport: 1\r\n"


def token_of(lab, daemon):
    """What `sallyport dashboard` prints."""
    link = lab.command("--config", daemon.files.config, "dashboard", check=True).stdout.strip()
    return re.fullmatch(r"https?://\S+/login#token=([0-9a-f]{64})", link.splitlines()[0]).group(1)


class Browser:
    """Makes each request on a connection of its own. `session` is its cookie."""

    def __init__(self, lab, *, side=None, address=ADDRESS, port=PORT, context=None, source=None):
        self.side, self.address, self.port = side or lab.gateway_side, address, port
        self.context, self.source, self.session = context, source, None
        self.host = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        self.origin = ("https://" if context else "http://") + self.host

    def connect(self):
        made = client.dial(self.side, self.address, self.port, self.source)
        if self.context is None:
            return made
        try:
            return self.context.wrap_socket(made, server_hostname=self.address)
        except (ssl.SSLError, OSError):
            made.close()
            raise

    def head(self, method, target, fields="", host=None):
        own = f"Cookie: sallyport_session={self.session}\r\n" if self.session else ""
        return f"{method} {target} HTTP/1.1\r\nHost: {self.host if host is None else host}\r\n{own}{fields}"

    def ask(self, target, fields="", *, method="GET", body=b"", host=None):
        length = f"Content-Length: {len(body)}\r\n" if body or method != "GET" else ""
        made = self.connect()
        with contextlib.closing(made):
            made.sendall((self.head(method, target, fields, host) + length + "\r\n").encode("latin-1") + body)
            return http1.Reader(made.recv).response(method)

    def told(self, target, fields=""):
        """The JSON of a GET."""
        return json.loads(self.ask(target, fields).body)

    def log_in(self, token, fields=CHANGES, **options):
        """Shows the token; the answer. The cookie that comes with it is kept."""
        answer = self.ask("/api/v1/session", fields + "Content-Type: application/json\r\n", method="POST",
                          body=json.dumps({"token": token}).encode(), **options)
        cookie = re.match(r"sallyport_session=([0-9a-f]{64});", answer.get("set-cookie") or "")
        self.session = cookie.group(1) if cookie else self.session
        return answer
