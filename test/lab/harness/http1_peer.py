"""The good HTTP/1.1 peer, client or origin, with the same Flow as http2_peer: one exchange at a time, but both directions of
it at once."""

import contextlib
import ssl
import threading

from . import http1
from .flow import MOST_UNREAD, Broken, Flow

_FRAMING = ("content-length", "transfer-encoding")


class Http1Flow(Flow):
    """One exchange. `finished`: our own message is complete."""

    def __init__(self, peer):
        super().__init__("http/1.1")
        self.peer, self.finished, self._chunked = peer, threading.Event(), False
        self.message = None

    def arrive_part(self, part):
        super().arrive_part(part)
        with self.changed:  # the connection is read no faster than its flow
            self.changed.wait_for(lambda: self.unread < MOST_UNREAD or self.peer.duplex.closed)

    def _write(self, data):
        try:
            self.peer.duplex.send(data if isinstance(data, bytes) else data.encode("latin-1"))
        except (OSError, ssl.SSLError) as error:
            raise Broken(f"cut: {error!r}") from error

    def _write_head(self, start, fields, framed):
        self._chunked = framed and not any(name.lower() in _FRAMING for name, _ in fields)
        lines = [start, *(f"{name}: {value}" for name, value in fields)]
        if self._chunked:
            lines.append("Transfer-Encoding: chunked")
        self._write("\r\n".join(lines) + "\r\n\r\n")

    def send_request(self, method, path, fields, authority, end):
        self._write_head(f"{method} {path} HTTP/1.1", [("Host", authority), *fields], not end)
        if end:
            self.finished.set()

    def send_head(self, status, fields=(), end=False):
        bodiless = self.method == "HEAD" or status in (204, 304)
        fields = list(fields)
        if end and not bodiless and not any(name == "content-length" for name, _ in fields):
            fields.append(("content-length", "0"))
        self._write_head(f"HTTP/1.1 {status} Status", fields, not (end or bodiless))
        if end:
            self.finished.set()

    def send_interim(self, status, fields=()):
        self._write_head(f"HTTP/1.1 {status} Interim", list(fields), False)

    def send(self, data):
        self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def end(self, trailers=()):
        if self._chunked:
            self._write("0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers) + "\r\n")
        self.finished.set()

    def reset(self):
        self.peer.duplex.reset()


class Http1Client:
    """A connection for one exchange."""

    def __init__(self, duplex):
        self.duplex, self.flow, self.end = duplex, Http1Flow(self), None
        self.flows = {1: self.flow}

    def request(self, method, path, fields=(), *, authority, end=True):
        self.flow.method_sent = method
        self.flow.send_request(method, path, fields, authority, end)
        threading.Thread(target=self._read, daemon=True).start()
        return self.flow

    def _read(self):
        reader, flow = http1.Reader(self.duplex.receive), self.flow
        try:
            while True:
                message = reader.head()
                if message is None:
                    raise Broken("closed")
                if message.status >= 200:
                    break
                flow.arrive_interim(message.status, message.fields)
            flow.message = message
            flow.arrive_head({":status": str(message.status)}, message.fields)
            if flow.method_sent != "HEAD" and message.status not in (204, 304):
                for part in reader.parts(message, until_close=True):
                    flow.arrive_part(part)
            flow.arrive_end(message.trailers)
            how = "closed" if not reader.fill() else "bytes behind the end"
        except Broken as error:
            how = error.how
        except http1.Truncated as error:
            how = f"closed: {error}"
        except http1.Malformed as error:
            how = f"malformed: {error}"
        except (OSError, ValueError) as error:
            how = f"cut: {error!r}"
        self.end = how
        flow.arrive_break(how)

    def close(self):
        self.duplex.close()


class Http1Origin:
    """Serves a connection until it ends: `serve(flow)` answers each request, in a thread beside the reading."""

    def __init__(self, duplex, serve, record=None):
        self.duplex, self.serve, self._record = duplex, serve, record

    def run(self, note):
        """Reads requests; `note(flow)` is told of each before it is served."""
        reader, how, flow = http1.Reader(self.duplex.receive, self._record), "closed", None
        try:
            while message := reader.request_head():
                if flow:
                    flow.finished.wait(30)
                flow = Http1Flow(self)
                flow.message = message
                flow.arrive_head({":method": message.method, ":path": message.target, ":authority": message.get("host"),
                                  ":scheme": "https"}, message.fields)
                note(flow)
                threading.Thread(target=self._serve, args=(flow,), daemon=True).start()
                for part in reader.parts(message, until_close=False):
                    flow.arrive_part(part)
                flow.arrive_end(message.trailers)
        except http1.Malformed as error:
            how = f"malformed: {error}"
            raise
        except (OSError, http1.Truncated, ValueError) as error:
            how = f"cut: {error!r}"
        finally:
            if flow and not (flow.ended and flow.finished.is_set()):
                flow.arrive_break(how)
            self.duplex.shut()

    def _serve(self, flow):
        with contextlib.suppress(Broken, TimeoutError):
            self.serve(flow)
