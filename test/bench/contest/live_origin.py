"""An origin whose certificate can be swapped, and that says which client each of its connections belonged to."""

import datetime
import os
import signal
import socket
import ssl
import time

from harness import certificates

from . import arena as places
from .nginx_origin import NginxOrigin


class LiveOrigin:
    """An nginx of its own at LIVE_ORIGIN. `close` ends it."""

    def __init__(self, arena):
        self._arena = arena
        self._log = os.path.join(arena.folder, "live-connections.log")
        names = [places.LIVE_NAME]
        past = certificates.now() - datetime.timedelta(days=1)
        self._good = certificates.issue(arena.root, names)
        self._expired = certificates.issue(arena.root, names, not_before=past - datetime.timedelta(days=30), not_after=past)
        self._identity = os.path.join(arena.folder, "live-identity.pem")
        self._show(self._good)
        self._nginx = NginxOrigin(arena, arena.origin_side, "live-origin", _SERVER.format(
            identity=self._identity, address=places.LIVE_ORIGIN, log=self._log))

    def _show(self, identity):
        with open(self._identity, "w", encoding="ascii") as file:
            file.write(identity.pem() + certificates.key_pem(identity.key))

    def swap(self, expired):
        """From its return on every handshake is shown the other certificate, and no connection from before is left."""
        self._show(self._expired if expired else self._good)
        master, *before = self._nginx.processes()
        os.kill(master, signal.SIGHUP)
        deadline = time.monotonic() + 20
        while any(os.path.exists(f"/proc/{pid}") for pid in before):
            if time.monotonic() > deadline:
                raise TimeoutError("the origin does not let go of its certificate")
            time.sleep(0.02)

    def clients_of_connections(self, awaited):
        """For each connection of the origin the set of clients whose requests came by it, once it has told of all `awaited`: it
        writes its log after it has answered."""
        deadline = time.monotonic() + 5
        while True:
            clients = {}
            with open(self._log, encoding="ascii") as file:
                for line in file.read().rpartition("\n")[0].splitlines():
                    connection, client = line.split()
                    clients.setdefault(connection, set()).add(client)
            if awaited <= set().union(*clients.values()) or time.monotonic() > deadline:
                return list(clients.values())
            time.sleep(0.02)

    def connect(self, contestant, client):
        return LiveClient(self._arena, contestant, client)

    def close(self):
        os.kill(self._nginx.master(), signal.SIGTERM)


class LiveClient:
    """One kept connection of a client to the origin, through the contestant."""

    def __init__(self, arena, contestant, client):
        context = ssl.create_default_context(cafile=contestant.roots("intercept"))
        plain = arena.client_side.socket()
        plain.settimeout(20)
        plain.bind((client, 0))
        plain.connect((places.LIVE_ORIGIN, 443))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = context.wrap_socket(plain, server_hostname=places.LIVE_NAME)
        self._file = self._stream.makefile("rb")

    def get(self, client):
        """Asks once; gives the status."""
        self._stream.sendall(f"GET /1k?client={client} HTTP/1.1\r\nHost: {places.LIVE_NAME}\r\n\r\n".encode())
        status, length = int(self._file.readline().split()[1]), 0
        while (line := self._file.readline().strip()):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        self._file.read(length)
        return status


_SERVER = """
  log_format clients '$connection $arg_client';
  server {{
    listen {address}:443 ssl backlog=4096; ssl_certificate {identity}; ssl_certificate_key {identity};
    access_log {log} clients;
  }}
"""
