"""A server that speaks no TLS: it takes bytes, answers each piece, and may speak first."""

import contextlib
import socket
import threading

from .topology import family_of


class RawOrigin:
    """Listens on `address`:`port`. Says `greeting` first where there is one, then echoes. `received` has what each
    connection sent."""

    def __init__(self, namespace, address, *, port=443, greeting=b""):
        self.greeting, self.received = greeting, []
        self._listener = namespace.socket(socket.AF_INET if family_of(address) == 4 else socket.AF_INET6)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                made, _ = self._listener.accept()
            except OSError:
                return
            self.received.append(bytearray())
            threading.Thread(target=self._serve, args=(made, self.received[-1]), daemon=True).start()

    def _serve(self, made, received):
        with contextlib.suppress(OSError), made:
            if self.greeting:
                made.sendall(self.greeting)
            while data := made.recv(65536):
                received += data
                made.sendall(b"echo: " + data)
