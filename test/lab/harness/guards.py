"""Listeners where nobody may be connected to: they count who comes."""

import contextlib
import socket
import threading


class Guards:
    """Listens in a namespace on every address, or on those given, at each of `ports`; `came` has the address and port of each
    connection. Whoever comes is let go at once."""

    def __init__(self):
        self.came = []

    def post(self, namespace, ports, addresses=("0.0.0.0", "::")):
        for address in addresses:
            for port in ports:
                made = namespace.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if made.family == socket.AF_INET6:
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                made.bind((address, port))
                made.listen(64)
                threading.Thread(target=self._accept, args=(made,), daemon=True).start()
        return self

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                made, _ = listener.accept()
                self.came.append(made.getsockname()[:2])
                made.close()
