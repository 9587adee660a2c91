"""The good HTTP/2 peer, client or origin, on python3-h2: strict about what it receives, and free to send what it likes.
Flow control is the reader's: what no test reads, the other side may not send beyond the window."""

import contextlib
import ssl
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from .flow import Broken, Flow

Codes, Setting = h2.errors.ErrorCodes, h2.settings.SettingCodes
_MOST_UNSENT = 1 << 20


class Http2Flow(Flow):
    """One stream."""

    def __init__(self, peer, number):
        super().__init__("h2", peer.changed)
        self.peer, self.number = peer, number

    def taken(self, size):
        self.peer.acknowledge(self.number, size)

    def send_raw(self, fields, end=False):
        """A block of fields as it is, pseudo-fields included."""
        fields = [(_octets(name), _octets(value)) for name, value in fields]
        self.peer.act(lambda h2c: h2c.send_headers(self.number, fields, end_stream=end))

    def send_head(self, status, fields=(), end=False):
        self.send_raw([(":status", str(status)), *fields], end)

    def send_interim(self, status, fields=()):
        self.send_raw([(":status", str(status)), *fields])

    def send(self, data):
        self.peer.send_data(self, data)

    def end(self, trailers=()):
        if trailers:
            self.send_raw(list(trailers), end=True)
        else:
            self.peer.act(lambda h2c: h2c.end_stream(self.number))

    def reset(self, code=Codes.CANCEL):
        self.peer.act(lambda h2c: h2c.reset_stream(self.number, code))


class Http2Peer:
    """A connection. `serve(flow)` is called in a thread of its own for each stream that the other side opens. `strict`: it judges
    the fields that it receives. `announce(peer)` is called before the first octet is read: nobody has an answer from a peer that
    is not announced yet."""

    def __init__(self, duplex, *, client_side, serve=None, settings=None, window=1 << 20, connection_window=1 << 26,
                 strict=True, announce=None):
        self.duplex, self.serve = duplex, serve
        self.changed = threading.Condition(threading.RLock())
        self.flows, self.events, self.goaways, self.end = {}, [], [], None
        self._out = bytearray()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=client_side, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False, validate_inbound_headers=strict, normalize_inbound_headers=False))
        self.h2.local_settings = h2.settings.Settings(client=client_side, initial_values={
            Setting.INITIAL_WINDOW_SIZE: window, Setting.MAX_CONCURRENT_STREAMS: 1000, Setting.MAX_HEADER_LIST_SIZE: 1 << 20,
            **({Setting.ENABLE_PUSH: 0} if client_side else {}), **(settings or {})})
        # To python3-h2 a connection is over when GOAWAY comes; what was under way goes on (RFC 9113 section 6.8).
        self.h2._frame_dispatch_table[h2.connection.GoAwayFrame] = _going_away  # pylint: disable=protected-access
        if not strict:
            self._believe_lengths()
        with self.changed:
            self.h2.initiate_connection()
            if connection_window > 65535:
                self.h2.increment_flow_control_window(connection_window - 65535)
            self._gather()
        self.threads = [threading.Thread(target=one, daemon=True) for one in (self._read, self._write)]
        if announce:
            announce(self)
        for one in self.threads:
            one.start()

    def _believe_lengths(self):
        """content-length is not compared with what comes; python3-h2 has no option for that."""
        begin = self.h2._begin_new_stream  # pylint: disable=protected-access

        def begin_new_stream(*arguments, **options):
            stream = begin(*arguments, **options)
            stream._initialize_content_length = lambda headers: None  # pylint: disable=protected-access
            return stream
        self.h2._begin_new_stream = begin_new_stream  # pylint: disable=protected-access

    # --- sending

    def _gather(self):
        self._out += self.h2.data_to_send()
        self.changed.notify_all()

    def act(self, action):
        """Something done to the h2 connection; Broken when that is over."""
        with self.changed:
            if self.end:
                raise Broken(self.end)
            try:
                result = action(self.h2)
            except h2.exceptions.ProtocolError as error:
                raise Broken(f"h2 refuses: {error!r}") from error
            finally:
                self._gather()
            return result

    def request(self, method, path, fields=(), *, authority, end=True, scheme="https"):
        """Opens a stream with a request's head."""
        return self.request_raw([(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *fields],
                                end)

    def request_raw(self, fields, end=True):
        """Opens a stream with this block of fields, whatever is in it."""
        with self.changed:
            number = self.h2.get_next_available_stream_id()
            flow = self.flows[number] = Http2Flow(self, number)
            flow.send_raw(fields, end)
            return flow

    def send_data(self, flow, data):
        view = memoryview(data)
        while view:
            with self.changed:
                while not (size := self._room(flow)):
                    if not self.changed.wait(30):
                        raise TimeoutError("the other side takes nothing more")
                try:
                    self.h2.send_data(flow.number, bytes(view[:size]))
                except h2.exceptions.ProtocolError as error:
                    raise Broken(repr(error)) from error
                view = view[size:]
                self._gather()

    def _room(self, flow):
        if flow.broken or self.end:
            raise Broken(flow.broken or self.end)
        try:
            window = self.h2.local_flow_control_window(flow.number)
        except h2.exceptions.ProtocolError as error:
            raise Broken(repr(error)) from error
        return max(0, min(window, self.h2.max_outbound_frame_size, _MOST_UNSENT - len(self._out)))

    def acknowledge(self, number, size):
        with self.changed, contextlib.suppress(h2.exceptions.ProtocolError, KeyError):
            self.h2.acknowledge_received_data(size, number)
            self._gather()

    def ping(self, timeout=30):
        """One round trip: whatever was sent before has been read by the other side."""
        with self.changed:
            count = self._count(h2.events.PingAckReceived)
            self.act(lambda h2c: h2c.ping(b"sallypor"))
            if not self.changed.wait_for(lambda: self.end or self._count(h2.events.PingAckReceived) > count, timeout):
                raise TimeoutError("no answer to PING")

    def _count(self, kind):
        return sum(isinstance(one, kind) for one in self.events)

    def goaway(self, last=None, code=Codes.NO_ERROR):
        """GOAWAY, with the streams up to `last` still to be finished."""
        def send(h2c):
            # python3-h2 would send nothing more after a GOAWAY of its own.
            frame = h2.connection.GoAwayFrame(0)
            frame.last_stream_id = h2c.highest_inbound_stream_id if last is None else last
            frame.error_code = code
            h2c._prepare_for_sending([frame])  # pylint: disable=protected-access
        self.act(send)

    def flush(self, timeout=10):
        """Waits until all that was to be sent is with the kernel."""
        with self.changed:
            self.changed.wait_for(lambda: self.end or not (self._out or self._writing), timeout)

    _writing = False

    def _write(self):
        try:
            while True:
                with self.changed:
                    self._writing = False
                    self.changed.notify_all()
                    self.changed.wait_for(lambda: self._out or self.end)
                    if self.end:
                        return
                    data, self._out, self._writing = bytes(self._out), bytearray(), True
                    self.changed.notify_all()
                self.duplex.send(data)
        except (OSError, ssl.SSLError) as error:
            self._finish(f"cut: {error!r}")

    # --- receiving

    def _read(self):
        how = "closed"
        try:
            while data := self.duplex.receive():
                with self.changed:
                    try:
                        events = self.h2.receive_data(data)
                    finally:
                        self._gather()
                for event in events:
                    self._take(event)
        except h2.exceptions.ProtocolError as error:
            how = f"malformed: {error!r}"
        except (ssl.SSLError, ConnectionError) as error:
            how = f"cut: {error!r}"
        except (OSError, ValueError) as error:
            how = f"ended: {error!r}"
        self.flush(2)
        self._finish(how)

    def _finish(self, how):
        with self.changed:
            if self.goaways:
                how += f" after GOAWAY {self.goaways[-1]}"
            self.end = self.end or how
            for flow in self.flows.values():
                if not flow.ended or self.serve:
                    flow.arrive_break(how)
            self.changed.notify_all()

    def _take(self, event):
        kinds = h2.events
        with self.changed:
            if not isinstance(event, kinds.DataReceived):
                self.events.append(event)
            number = getattr(event, "stream_id", None)
            flow = self.flows.get(number)
            if isinstance(event, kinds.RequestReceived):
                flow = self.flows[number] = Http2Flow(self, number)
                flow.arrive_head(*_split(event.headers))
                threading.Thread(target=self._serve, args=(flow,), daemon=True).start()
            elif isinstance(event, kinds.ConnectionTerminated):
                self.goaways.append((event.last_stream_id, int(event.error_code), event.additional_data))
                for other in self.flows.values():
                    if not self.serve and other.number > (event.last_stream_id or 0):
                        other.arrive_break(f"goaway {event.error_code}")
            elif flow is None:
                pass
            elif isinstance(event, kinds.InformationalResponseReceived):
                pseudo, fields = _split(event.headers)
                flow.arrive_interim(int(pseudo[":status"]), fields)
            elif isinstance(event, kinds.ResponseReceived):
                flow.arrive_head(*_split(event.headers))
            elif isinstance(event, kinds.DataReceived):
                if padding := event.flow_controlled_length - len(event.data):
                    self.acknowledge(number, padding)
                if event.data:
                    flow.arrive_part(event.data)
            elif isinstance(event, kinds.TrailersReceived):
                flow.pending_trailers = event.headers
            elif isinstance(event, kinds.StreamEnded):
                flow.arrive_end(getattr(flow, "pending_trailers", ()))
            elif isinstance(event, kinds.StreamReset):
                flow.arrive_break(f"reset {event.error_code}")
            self.changed.notify_all()

    def _serve(self, flow):
        with contextlib.suppress(Broken, TimeoutError, OSError):
            self.serve(flow)

    def wait_end(self, timeout=30):
        """How the connection ended; None when it did not."""
        with self.changed:
            self.changed.wait_for(lambda: self.end, timeout)
            return self.end

    def close(self):
        self.flush(2)
        self.duplex.shut()
        self._finish("closed by ourselves")


def _going_away(frame):
    event = h2.events.ConnectionTerminated()
    event.last_stream_id, event.error_code, event.additional_data = frame.last_stream_id, frame.error_code, frame.additional_data
    return [], [event]


def _octets(text):
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _split(headers):
    headers = [(name, value) for name, value in headers]
    return ({name: value for name, value in headers if name.startswith(":")},
            [(name, value) for name, value in headers if not name.startswith(":")])
