"""The programs of the steering test: a transparent relay in place of the daemon, and plain services."""

import socket
import threading

from namespaces import FAMILY

IP_TRANSPARENT = 19
IPV6_TRANSPARENT = 75
IP_BIND_ADDRESS_NO_PORT = 24
PATIENCE = 5.0


def make_socket(version):
    made = socket.socket(FAMILY[version], socket.SOCK_STREAM)
    made.settimeout(PATIENCE)
    if version == 6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


def make_transparent(made, version):
    if version == 4:
        made.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)


class Acceptor:
    """Accepts connections in a thread of its own and hands each to serve(); counts them."""

    def __init__(self, listener):
        self.listener = listener
        self.accepted = 0
        listener.listen(64)
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def _loop(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except socket.timeout:
                continue
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve_and_close, args=(connection,), daemon=True).start()

    def _serve_and_close(self, connection):
        connection.settimeout(PATIENCE)
        with connection:
            try:
                self.serve(connection)
            except OSError:
                pass

    def serve(self, connection):
        raise NotImplementedError


class Service(Acceptor):
    """Answers with its name and the address it sees: what arrives here unsteered, or relayed."""

    def __init__(self, namespaces, where, version, port, name):
        self.name = name
        with namespaces.inside(where):
            listener = make_socket(version)
            listener.bind(("::" if version == 6 else "0.0.0.0", port))
        super().__init__(listener)

    def serve(self, connection):
        word = connection.recv(100)
        connection.sendall(f"{self.name} {connection.getpeername()[0]} ".encode() + word)


class Relay(Acceptor):
    """What the daemon does with sockets, no more: accept transparently, dial from the client's address, relay."""

    def __init__(self, namespaces, version, port=8443):
        self.namespaces = namespaces
        self.version = version
        self.destinations = []
        with namespaces.inside("gateway"):
            listener = make_socket(version)
            make_transparent(listener, version)
            listener.bind(("::" if version == 6 else "0.0.0.0", port))
        super().__init__(listener)

    def serve(self, connection):
        destination = connection.getsockname()[:2]
        self.destinations.append(destination)
        if self.accepted > 8:  # a loop is proven by then
            return
        with self.namespaces.inside("gateway"):
            upstream = make_socket(self.version)
        with upstream:
            make_transparent(upstream, self.version)
            upstream.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            upstream.bind((connection.getpeername()[0], 0))
            upstream.connect(destination)
            upstream.sendall(connection.recv(100))
            connection.sendall(b"relayed " + upstream.recv(100))


def ask(namespaces, where, version, address, port, timeout=PATIENCE):
    """Connects and says hello. What was answered, or 'refused', 'silence' or 'closed'."""
    with namespaces.inside(where):
        client = make_socket(version)
    client.settimeout(timeout)
    with client:
        try:
            client.connect((address, port))
            client.sendall(b"hello")
            return client.recv(200).decode() or "closed"
        except ConnectionRefusedError:
            return "refused"
        except ConnectionResetError:
            return "closed"
        except socket.timeout:
            return "silence"
