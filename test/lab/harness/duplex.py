"""A TLS connection that one thread reads while another writes. OpenSSL's object takes one call at a time; so each call is made
under a lock and never waits, and the waiting is done outside."""

import contextlib
import os
import select
import socket
import ssl
import struct
import threading


class Duplex:
    """Takes over an ssl.SSLSocket. A wait ends with TimeoutError after `patience` seconds."""

    def __init__(self, tls, patience=30):
        tls.setblocking(False)
        self.tls, self.patience, self.closed = tls, patience, False
        self._calls, self._writes = threading.Lock(), threading.Lock()
        self._ended = os.eventfd(0)

    def _attempt(self, call):
        """What the call gave, or the poll event to wait for."""
        with self._calls:
            if self.closed:
                raise ConnectionAbortedError("closed by ourselves")
            try:
                return call(), 0
            except ssl.SSLWantReadError:
                return None, select.POLLIN
            except ssl.SSLWantWriteError:
                return None, select.POLLOUT

    def _insist(self, call):
        while True:
            result, event = self._attempt(call)
            if not event:
                return result
            poll = select.poll()
            poll.register(self._ended, select.POLLIN)
            poll.register(self.tls.fileno() if not self.closed else self._ended, event)
            if not poll.poll(self.patience * 1000):
                raise TimeoutError("the other side keeps still")

    def receive(self, size=1 << 16):
        """Some bytes; b"" after close_notify. ssl.SSLEOFError or ConnectionError where the connection was cut off."""
        return self._insist(lambda: self.tls.recv(size))

    def send(self, data):
        view = memoryview(data)
        with self._writes:
            while view:
                piece = view[:1 << 16]
                view = view[self._insist(lambda: self.tls.send(piece)):]

    def reset(self):
        """Ends the connection with a RST."""
        with contextlib.suppress(OSError):
            self.tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def shut(self):
        """Ends it as it should be: close_notify, then FIN, then whatever the other side still says is swallowed."""
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            self._attempt(self.tls.unwrap)
            socket.socket.shutdown(self.tls, socket.SHUT_WR)
            while select.select([self.tls], [], [], 2)[0] and socket.socket.recv(self.tls, 1 << 16):
                pass
        self.close()

    def close(self):
        """Ends TCP without TLS's close_notify, and every wait."""
        with self._calls:
            if self.closed:
                return
            self.closed = True
            with contextlib.suppress(OSError):
                self.tls.close()
        os.eventfd_write(self._ended, 1)
